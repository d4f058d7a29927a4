/* SPDX-License-Identifier: Apache-2.0
 *
 * Building a schema: unpack the descriptor set with descriptor.proto's own generated code (protobuf-c's descriptors know no options, no JSON
 * names, no comments), pair every message with its generated descriptor by full name, and check the contract. Whatever is wrong with the contract is
 * found here, before a program does anything else.
 */
#include "common/base/limits.h"
#include "common/schema/build.h"

#include <stdio.h>
#include <stdlib.h>

bool build_is_kam(const char *package)
{
	return strncmp(package, "kam.", 4) == 0;
}

bool build_fail(struct build *build, const char *format, ...)
{
	char text[STATUS_MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return status_fail(build->st, STATUS_INTERNAL, "SCHEMA_INVALID", "the contract is not sound: %s", text);
}

const char *build_join(struct build *build, const char *prefix, const char *name)
{
	return prefix[0] ? arena_printf(&build->schema->arena, "%s.%s", prefix, name) : arena_strdup(&build->schema->arena, name);
}

/* Also messages that are declared inside others, however deep: their descriptors hang on the fields that use them. */
static void collect_generated(struct table *generated, const ProtobufCMessageDescriptor *pb)
{
	if (!table_put(generated, pb->name, pb)) {
		return;
	}
	for (unsigned i = 0; i < pb->n_fields; i++) {
		if (pb->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
			collect_generated(generated, pb->fields[i].descriptor);
		}
	}
}

static bool build_all(struct build *build)
{
	const struct bytes bytes = build->source->descriptor_set;
	build->set = google__protobuf__file_descriptor_set__unpack(schema_allocator(build->scratch), bytes.size, bytes.data);
	if (!build->set) {
		return build_fail(build, "the descriptor set is damaged");
	}
	table_init(&build->generated, build->scratch);
	for (size_t i = 0; i < build->source->messages_count; i++) {
		collect_generated(&build->generated, build->source->messages[i]);
	}
	return build_files(build) && build_types(build) && build_resources(build) && build_methods(build) && build_derive(build) &&
	       build_check(build);
}

struct schema *schema_new(const struct schema_source *source, struct status *st)
{
	struct schema *schema = calloc(1, sizeof *schema);
	if (!schema) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "there is no memory for the contract's tables");
		return NULL;
	}
	arena_init(&schema->arena, LIMIT_SCHEMA_BYTES);
	struct arena scratch;
	arena_init(&scratch, LIMIT_SCHEMA_BYTES);
	struct table *const tables[] = {&schema->types,         &schema->enum_names, &schema->method_paths, &schema->words, &schema->collections,
	                                &schema->service_names, &schema->file_names, &schema->symbols};
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		table_init(tables[i], &schema->arena);
	}
	struct build build = {.schema = schema, .source = source, .scratch = &scratch, .st = st};
	bool built = build_all(&build);
	if (schema->arena.overflowed || scratch.overflowed) {
		status_init(st);
		built = status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "the contract's tables need more than %u bytes", LIMIT_SCHEMA_BYTES);
	}
	arena_done(&scratch);
	if (!built) {
		schema_free(schema);
		return NULL;
	}
	return schema;
}

void schema_free(struct schema *schema)
{
	if (schema) {
		arena_done(&schema->arena);
		free(schema);
	}
}
