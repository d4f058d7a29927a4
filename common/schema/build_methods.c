/* SPDX-License-Identifier: Apache-2.0
 *
 * Services and methods. The engine carries out standard methods from their verb alone, so what a verb takes for granted of its request and
 * answer is checked here, once.
 */
#include "common/schema/build.h"

/* Services that carry no option of ours. Health answers whoever asks, as load balancers do; reflection shows the contract to those who are signed
 * in. Any other foreign service comes from a test server, which has no users. */
static enum schema_audience audience_of_foreign(const char *service)
{
	return strncmp(service, "grpc.reflection.", strlen("grpc.reflection.")) == 0 ? AUDIENCE_SIGNED_IN : AUDIENCE_ANONYMOUS;
}

static bool add_method(struct build *build, const Google__Protobuf__FileDescriptorProto *file, const struct schema_service *service,
                       const Google__Protobuf__MethodDescriptorProto *proto, const char *comment)
{
	struct schema *schema = build->schema;
	struct schema_method *method = &schema->methods[schema->methods_count];
	method->index = schema->methods_count++;
	method->path = arena_printf(&schema->arena, "/%s/%s", service->name, proto->name);
	method->name = arena_strdup(&schema->arena, proto->name);
	method->service = service->name;
	method->comment = comment;
	method->input = table_get(&schema->types, proto->input_type[0] == '.' ? proto->input_type + 1 : "");
	method->output = table_get(&schema->types, proto->output_type[0] == '.' ? proto->output_type + 1 : "");
	method->client_streaming = proto->client_streaming;
	method->server_streaming = proto->server_streaming;
	method->no_side_effects = proto->options && proto->options->idempotency_level ==
	                                                GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS;
	if (!method->path || !method->name) {
		return false;
	}
	if (!method->input || !method->output) {
		return build_fail(build, "the request or answer of %s is not in the descriptor set", method->path);
	}
	if (!options_method(build, proto, method)) {
		return build_fail(build, "the options of %s are damaged, or newer than this program", method->path);
	}
	if (!build_is_kam(file->package ? file->package : "")) {
		method->audience = audience_of_foreign(service->name);
	}
	if (!table_put(&schema->method_paths, method->path, method) && !schema->arena.overflowed) {
		return build_fail(build, "method %s is declared twice", method->path);
	}
	build_symbol(build, build_join(build, service->name, proto->name), file);
	return true;
}

static bool add_services(struct build *build, const Google__Protobuf__FileDescriptorProto *file)
{
	struct schema *schema = build->schema;
	const struct table *comments = file->n_service ? comments_of(build, file) : NULL;
	for (size_t i = 0; i < file->n_service; i++) {
		struct schema_service *service = &schema->services[schema->services_count++];
		service->name = build_join(build, file->package ? file->package : "", file->service[i]->name);
		service->comment = comment_at(build, comments, arena_printf(build->scratch, "6.%zu", i));
		if (!service->name) {
			return false;
		}
		table_put(&schema->service_names, service->name, service);
		build_symbol(build, service->name, file);
		for (size_t j = 0; j < file->service[i]->n_method; j++) {
			const char *comment = comment_at(build, comments, arena_printf(build->scratch, "6.%zu.2.%zu", i, j));
			if (!add_method(build, file, service, file->service[i]->method[j], comment)) {
				return false;
			}
		}
	}
	return true;
}

static bool has_string(const struct schema_type *type, const char *name)
{
	const struct schema_field *field = schema_field_find(type, name);
	return field && field->pb->type == PROTOBUF_C_TYPE_STRING && !field->repeated;
}

/* The resource of the only field that holds one (repeated or not, as asked); NULL where there is none, or several. */
static const struct schema_resource *only_resource_in(const struct schema_type *type, bool repeated)
{
	const struct schema_resource *found = NULL;
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (field->message && field->message->resource && field->repeated == repeated) {
			if (found) {
				return NULL;
			}
			found = field->message->resource;
		}
	}
	return found;
}

static const struct schema_method *get_method_of(const struct schema *schema, const char *service)
{
	for (size_t i = 0; i < schema->methods_count; i++) {
		const struct schema_method *method = &schema->methods[i];
		/* Services' names are one string each. */
		if (method->verb == VERB_GET && method->service == service) {
			return method;
		}
	}
	return NULL;
}

/* Sets method->resource; says in `ret_why` what the verb misses. */
static bool resolve_resource(const struct schema *schema, struct schema_method *method, const char **ret_why)
{
	const struct schema_method *get = get_method_of(schema, method->service);
	switch (method->verb) {
	case VERB_GET:
	case VERB_DELETE:
	case VERB_UNDELETE:
		method->resource = method->output->resource;
		*ret_why = "must take a string field \"name\" and answer with a resource";
		return method->resource && has_string(method->input, "name");
	case VERB_CREATE:
	case VERB_UPDATE:
		method->resource = method->output->resource;
		*ret_why = "must answer with a resource and take exactly one field of its type";
		return method->resource && only_resource_in(method->input, false) == method->resource;
	case VERB_LIST:
		method->resource = only_resource_in(method->output, true);
		*ret_why = "must take a string field \"page_token\" and answer with exactly one repeated resource field and \"next_page_token\"";
		return method->resource && has_string(method->input, "page_token") && has_string(method->output, "next_page_token");
	case VERB_LIST_VERSIONS:
		method->resource = get ? get->output->resource : NULL;
		*ret_why = "must take a string field \"name\" and belong to a service with a VERB_GET";
		return method->resource && has_string(method->input, "name");
	default:
		method->resource = get ? get->output->resource : NULL;
		return true;
	}
}

static bool resolve_method(struct build *build, struct schema_method *method)
{
	const char *why = "";
	if (!resolve_resource(build->schema, method, &why)) {
		return build_fail(build, "%s %s", method->path, why);
	}
	if (method->writes && method->no_side_effects) {
		return build_fail(build, "%s is declared both as writing and as free of side effects", method->path);
	}
	if (method->verb == VERB_CUSTOM) {
		return true;
	}
	bool writes = method->verb == VERB_CREATE || method->verb == VERB_UPDATE || method->verb == VERB_DELETE || method->verb == VERB_UNDELETE;
	if (method->writes != writes) {
		return build_fail(build, "%s must %s \"writes\", as its verb says", method->path, writes ? "declare" : "not declare");
	}
	if (method->client_streaming || method->server_streaming) {
		return build_fail(build, "%s has a standard verb and must not stream", method->path);
	}
	struct schema_resource *resource = &build->schema->resources[method->resource - build->schema->resources];
	const struct schema_method **slot = &resource->methods[method->verb];
	if (*slot) {
		return build_fail(build, "%s and %s have the same verb for %s", (*slot)->path, method->path, resource->type->name);
	}
	*slot = method;
	return true;
}

bool build_methods(struct build *build)
{
	struct schema *schema = build->schema;
	size_t services = 0, methods = 0;
	for (size_t i = 0; i < build->set->n_file; i++) {
		services += build->set->file[i]->n_service;
		for (size_t j = 0; j < build->set->file[i]->n_service; j++) {
			methods += build->set->file[i]->service[j]->n_method;
		}
	}
	schema->services = arena_calloc(&schema->arena, services, sizeof *schema->services);
	schema->methods = arena_calloc(&schema->arena, methods, sizeof *schema->methods);
	bool ok = schema->services && schema->methods;
	for (size_t i = 0; ok && i < build->set->n_file; i++) {
		ok = add_services(build, build->set->file[i]);
	}
	for (size_t i = 0; ok && i < schema->methods_count; i++) {
		ok = resolve_method(build, &schema->methods[i]);
	}
	return ok;
}
