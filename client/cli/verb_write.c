/* SPDX-License-Identifier: Apache-2.0
 *
 * kam RESOURCE create, update, delete, undelete, and custom methods: changing. Without -o a change is told in one line, with what undoes it.
 */
#include "client/cli/noun.h"

#include "common/schema/value.h"

#include <stdio.h>

/* The field of a request that holds the resource. */
static const struct schema_field *body_field(const struct schema_method *method)
{
	for (size_t i = 0; i < method->input->fields_count; i++) {
		const struct schema_field *field = &method->input->fields[i];
		if (field->message && field->message->resource && field->message->resource == method->resource) {
			return field;
		}
	}
	return NULL;
}

static const char *name_of(const ProtobufCMessage *message, const struct schema_resource *resource)
{
	return resource->name ? value_get(message, resource->name, 0).string : "";
}

/* "kam: " is for stderr; what a change did goes to stdout, as its result. */
static bool tell(struct cli *cli, const char *done, const char *name, const char *more, uint64_t revision, struct status *st)
{
	bool dry = args_given(&cli->args, "dry-run");
	printf("%s%s %s%s", dry ? "Would have " : "", done, text_clean(name, &cli->arena), more);
	if (!dry && revision > 0) {
		printf(" (revision %llu)", (unsigned long long)revision);
	}
	printf(".\n");
	return output_check(st);
}

static const char *done_word(struct cli *cli, const char *capital, const char *small)
{
	return args_given(&cli->args, "dry-run") ? small : capital;
}

/* ---- create, update ------------------------------------------------------------------------------------------------------------------------------ */

/* "accounts/acme" is taken for "acme" with its parent. */
static const char *split_id(struct cli *cli, const char *text, const char **ret_parent, struct status *st)
{
	const struct schema_resource *resource = cli->command->resource;
	if (!strchr(text, '/')) {
		return text;
	}
	const char *name = name_resolve(cli, resource, text, st);
	const char *slash = name ? strrchr(name, '/') : NULL;
	if (!slash) {
		return NULL;
	}
	if (resource->parent) {
		char *parent = arena_strndup(&cli->arena, name, (size_t)(slash - name));
		char *word = parent ? strrchr(parent, '/') : NULL;
		if (word) {
			*word = '\0';
			*ret_parent = parent;
		}
	}
	return slash + 1;
}

/* What the answer shows this once, a line of its own. */
static void tell_once(struct cli *cli, const struct schema_type *type, const ProtobufCMessage *reply)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (field->rules.shown_once && value_count(reply, field) > 0) {
			printf("Its %s, shown only now: %s\n", text_words(field->name, &cli->arena), text_clean(value_get(reply, field, 0).string, &cli->arena));
		}
	}
}

bool create_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_resource *resource = cli->command->resource;
	const struct schema_field *body = body_field(method);
	const char *id = args_place(&cli->args, 0);
	const char *parent = parent_resolve(cli, resource, false, st);
	ProtobufCMessage *request = parent ? request_new(cli, method, st) : NULL, *reply;
	struct set_result set;
	uint64_t revision = 0;
	if (!request || (id && !(id = split_id(cli, id, &parent, st)))) {
		return false;
	}
	if (resource->parent && parent[0] == '\0') {
		return usage_fail(st, "below what? Give --parent %s", noun_example_name(resource->parent, &cli->arena));
	}
	if (!set_from_options(cli, body->message, parent, NULL, &set, st)) {
		return false;
	}
	if (id) {
		request_set_text(cli, request, request_id_field(method, &cli->arena)->name, id);
	}
	if (resource->parent) {
		request_set_text(cli, request, "parent", parent);
	}
	request_set_message(cli, request, body->name, set.message);
	if (!cli_call(cli, method, request, &cli->arena, &reply, &revision, st)) {
		return false;
	}
	if (cli->output_asked) {
		return output_message(cli, method->output, reply, st);
	}
	tell_once(cli, method->output, reply);
	return tell(cli, done_word(cli, "Created", "created"), name_of(reply, resource), "", revision, st);
}

static ProtobufCMessage *mask_message(struct cli *cli, const struct schema_field *mask, const struct set_result *set)
{
	ProtobufCMessage *message = schema_message_new(mask->message, &cli->arena);
	const struct schema_field *paths = schema_field_find(mask->message, "paths");
	for (size_t i = 0; message && paths && i < set->paths_count; i++) {
		value_set(message, paths, (struct value){.kind = VALUE_STRING, .string = set->paths[i]}, &cli->arena);
	}
	return message;
}

static const char *joined_paths(struct cli *cli, const struct set_result *set)
{
	struct buf out;
	buf_init(&out, &cli->arena);
	for (size_t i = 0; i < set->paths_count; i++) {
		buf_printf(&out, "%s%s", i == 0 ? ": " : ", ", set->paths[i]);
	}
	return buf_text(&out);
}

/* The resource as it is, where a --set changes one of a list and the rest of it must stay. False where it cannot be read. */
static bool read_base(struct cli *cli, const char *name, const ProtobufCMessage **ret_base, struct status *st)
{
	const struct schema_resource *resource = cli->command->resource;
	const struct schema_method *get = resource->methods[VERB_GET];
	*ret_base = NULL;
	if (!get || args_given(&cli->args, "file") || !set_reads_list(cli, resource->type)) {
		return true;
	}
	ProtobufCMessage *request = schema_message_new(get->input, &cli->arena), *reply;
	if (!request) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	request_set_text(cli, request, "name", name);
	if (!cli_call(cli, get, request, &cli->arena, &reply, NULL, st)) {
		return false;
	}
	*ret_base = reply;
	return true;
}

bool update_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_resource *resource = cli->command->resource;
	const struct schema_field *body = body_field(method), *mask = schema_field_find(method->input, "update_mask");
	const char *name = name_resolve(cli, resource, args_place(&cli->args, 0), st), *etag = args_text(&cli->args, "etag");
	ProtobufCMessage *request = name ? request_new(cli, method, st) : NULL, *reply;
	const ProtobufCMessage *base = NULL;
	struct set_result set;
	uint64_t revision = 0;
	const char *parent = name && resource->parent ? arena_strdup(&cli->arena, name) : "";
	for (int cut = 0; cut < 2 && parent && parent[0] != '\0'; cut++) {
		*strrchr(parent, '/') = '\0';
	}
	if (!request || !parent || !read_base(cli, name, &base, st) || !set_from_options(cli, body->message, parent, base, &set, st)) {
		return false;
	}
	if (!etag && base && resource->etag) {
		etag = value_get(base, resource->etag, 0).string; /* the rest of the list is sent as it was read */
	}
	if (set.paths_count == 0 && !set.file) {
		return usage_fail(st, "nothing to change: give --set FIELD=VALUE or --file FILE");
	}
	value_set(set.message, resource->name, (struct value){.kind = VALUE_STRING, .string = name}, &cli->arena);
	if (etag && resource->etag) {
		value_set(set.message, resource->etag, (struct value){.kind = VALUE_STRING, .string = etag}, &cli->arena);
	}
	request_set_message(cli, request, body->name, set.message);
	if (!set.file && mask) {
		request_set_message(cli, request, "update_mask", mask_message(cli, mask, &set));
	}
	if (!cli_call(cli, method, request, &cli->arena, &reply, &revision, st)) {
		return false;
	}
	if (cli->output_asked) {
		return output_message(cli, method->output, reply, st);
	}
	return tell(cli, done_word(cli, "Updated", "updated"), name, joined_paths(cli, &set), revision, st);
}

/* ---- delete, undelete ------------------------------------------------------------------------------------------------------------------------------ */

static bool run_on_name(struct cli *cli, const char **ret_name, ProtobufCMessage **ret_request, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	*ret_name = name_resolve(cli, cli->command->resource, args_place(&cli->args, 0), st);
	*ret_request = *ret_name ? request_new(cli, method, st) : NULL;
	if (!*ret_request) {
		return false;
	}
	request_set_text(cli, *ret_request, "name", *ret_name);
	return true;
}

bool delete_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_resource *resource = cli->command->resource;
	ProtobufCMessage *request, *reply;
	const char *name;
	uint64_t revision = 0;
	if (!run_on_name(cli, &name, &request, st)) {
		return false;
	}
	bool asks = !args_given(&cli->args, "yes") && !args_given(&cli->args, "dry-run");
	const char *below = args_given(&cli->args, "force") ? " and everything below it" : "";
	if (asks && !cli_confirm(cli, "yes", st, "Delete %s%s on %s?", name, below, cli->context.server ? cli->context.server : "the server")) {
		return false;
	}
	if (!cli_call(cli, method, request, &cli->arena, &reply, &revision, st)) {
		return false;
	}
	if (cli->output_asked) {
		return output_message(cli, method->output, reply, st);
	}
	if (!tell(cli, done_word(cli, "Deleted", "deleted"), name, "", revision, st)) {
		return false;
	}
	if (resource->methods[VERB_UNDELETE] && !args_given(&cli->args, "dry-run")) {
		printf("Undo: kam %s undelete %s\n", noun_word(resource, &cli->arena), name);
	}
	return output_check(st);
}

bool undelete_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	ProtobufCMessage *request, *reply;
	const char *name;
	uint64_t revision = 0;
	if (!run_on_name(cli, &name, &request, st) || !cli_call(cli, method, request, &cli->arena, &reply, &revision, st)) {
		return false;
	}
	return cli->output_asked ? output_message(cli, method->output, reply, st)
	                         : tell(cli, done_word(cli, "Brought back", "brought back"), name, "", revision, st);
}

/* ---- custom ---------------------------------------------------------------------------------------------------------------------------------------------- */

/* The request with what was given by flags, --set and --file. Where it holds a resource (of a copy: what differs), --set and --file speak of that, otherwise of
 * those fields of the request that are no flags. */
static ProtobufCMessage *custom_request(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_field *body = body_field(method), *mask = schema_field_find(method->input, "update_mask");
	ProtobufCMessage *flags = request_new(cli, method, st);
	struct set_result set;
	if (!flags || !set_from_options(cli, body ? body->message : method->input, "", NULL, &set, st)) {
		return NULL;
	}
	if (body) {
		request_set_message(cli, flags, body->name, set.message);
		if (!set.file && mask) {
			request_set_message(cli, flags, mask->name, mask_message(cli, mask, &set));
		}
		return flags;
	}
	for (size_t i = 0; i < method->input->fields_count; i++) {
		const struct schema_field *field = &method->input->fields[i];
		for (size_t j = 0; j < value_count(flags, field); j++) {
			value_set(set.message, field, value_get(flags, field, j), &cli->arena);
		}
	}
	return set.message;
}

/* What stands behind the words of the command: the name or a parent, where it has one; then the id of what is made. */
static bool set_places(struct cli *cli, ProtobufCMessage *request, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_resource *resource = cli->command->resource;
	const struct schema_field *id_field = request_id_field(method, &cli->arena);
	bool has_name = schema_field_find(method->input, "name") != NULL, has_target = has_name || schema_field_find(method->input, "parent");
	const char *text = has_target ? args_place(&cli->args, 0) : NULL, *id = args_place(&cli->args, has_target ? 1 : 0), *none = "";
	const char *target = !has_target                ? ""
	                     : has_name                 ? name_resolve(cli, resource, text, st)
	                     : text && resource->parent ? name_resolve(cli, resource->parent, text, st)
	                                                : parent_resolve(cli, resource, false, st);
	if (!target || (id && !(id = split_id(cli, id, &none, st)))) {
		return false;
	}
	if (has_target) {
		request_set_text(cli, request, has_name ? "name" : "parent", target);
	}
	if (id && id_field) {
		request_set_text(cli, request, id_field->name, id);
	}
	return true;
}

/* An answer that is nothing but a list of what was changed: the field with the list. NULL for any other. */
static const struct schema_field *rows_field(const struct schema_type *type)
{
	return type->fields_count == 1 && type->fields[0].repeated && type->fields[0].message ? &type->fields[0] : NULL;
}

static bool print_rows(struct cli *cli, const struct schema_field *field, const ProtobufCMessage *reply, struct status *st)
{
	size_t count = value_count(reply, field);
	ProtobufCMessage **rows = arena_calloc(&cli->arena, count + 1, sizeof *rows);
	for (size_t i = 0; rows && i < count; i++) {
		rows[i] = (ProtobufCMessage *)(uintptr_t)value_get(reply, field, i).message;
	}
	return rows ? listing_of(cli, field->message->pb, field->name, rows, count, "", st) : status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

/* What cannot be undone is asked about first. */
static bool agreed(struct cli *cli, const ProtobufCMessage *request, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_field *name = schema_field_find(method->input, "name");
	if (!method->irreversible || args_given(&cli->args, "yes") || args_given(&cli->args, "dry-run")) {
		return true;
	}
	return cli_confirm(cli, "yes", st, "This cannot be undone: %s %s on %s?", noun_verb_word(cli->command->resource, method, &cli->arena),
	                   name ? value_get(request, name, 0).string : "", cli->context.server ? cli->context.server : "the server");
}

bool custom_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_resource *resource = cli->command->resource;
	ProtobufCMessage *request = custom_request(cli, st), *reply;
	uint64_t revision = 0;
	if (!request || !set_places(cli, request, st) || !agreed(cli, request, st) || !cli_call(cli, method, request, &cli->arena, &reply, &revision, st)) {
		return false;
	}
	const char *verb = noun_verb_word(resource, method, &cli->arena);
	const char *done = arena_printf(&cli->arena, "%s: %s", done_word(cli, "Done", "done"), verb);
	const struct schema_field *rows = method->writes ? rows_field(method->output) : NULL;
	enum output_format format = cli->output.format;
	if (rows && format != OUTPUT_JSON && format != OUTPUT_JSONL && format != OUTPUT_YAML) {
		const char *count = arena_printf(&cli->arena, "%zu %s", value_count(reply, rows), rows->name);
		return print_rows(cli, rows, reply, st) && (cli->output_asked || tell(cli, done ? done : verb, count ? count : "", "", revision, st));
	}
	if (!method->writes || method->output != resource->type || cli->output_asked) {
		return output_message(cli, method->output, reply, st);
	}
	return tell(cli, done ? done : verb, name_of(reply, resource), "", revision, st);
}
