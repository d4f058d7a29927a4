/* SPDX-License-Identifier: Apache-2.0
 *
 * References wherever they stand in a message: one walk serves the check on write, the index by which referrers are found, and imports.
 */
#include "common/schema/filter.h"
#include "common/schema/value.h"
#include "common/base/crc32c.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <stdio.h>

static const char *path_of(const char *prefix, const struct schema_field *field, size_t index, struct arena *arena)
{
	return field->repeated ? arena_printf(arena, "%s%s%s[%zu]", prefix, *prefix ? "." : "", field->name, index)
	                       : arena_printf(arena, "%s%s%s", prefix, *prefix ? "." : "", field->name);
}

static bool walk(const struct schema_type *type, const ProtobufCMessage *message, const char *prefix, struct arena *arena, reference_visit *visit,
                 void *context)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool nested = field->message && !field->map && strncmp(field->message->name, "kam.v1.", 7) == 0;
		size_t count = nested || field->rules.reference ? value_count(message, field) : 0;
		for (size_t k = 0; k < count; k++) {
			const char *path = path_of(prefix, field, k, arena);
			struct value value = value_get(message, field, k);
			if (!path || (nested && !walk(field->message, value.message, path, arena, visit, context)) ||
			    (!nested && value.kind == VALUE_STRING && *value.string && !visit(context, path, field, value.string))) {
				return false;
			}
		}
	}
	return true;
}

bool references_each(const struct schema_type *type, const ProtobufCMessage *message, struct arena *arena, reference_visit *visit, void *context)
{
	return walk(type, message, "", arena, visit, context);
}

struct emission {
	store_index_emit *emit;
	void *context;
	uint32_t index;
};

static bool emit_reference(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct emission *emission = context;
	(void)path, (void)field;
	emission->emit(emission->context, emission->index, bytes_of(target));
	return true;
}

void engine_indexer(void *schema, const char *name, struct bytes value, store_index_emit *emit, void *emit_context)
{
	const struct schema_resource *resource = schema_resource_of_name(schema, name);
	struct emission emission = {emit, emit_context, crc32c(0, ACCESS_REFERENCES_INDEX, strlen(ACCESS_REFERENCES_INDEX))};
	struct arena arena;
	if (!resource) {
		return; /* of a newer contract: nothing to find it by */
	}
	STATUS_SCRATCH(st);
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	const ProtobufCMessage *message = schema_unpack_stored(resource->type, value, &arena, &st);
	if (message) {
		index_entries(resource->type, message, &arena, emit, emit_context);
		references_each(resource->type, message, &arena, emit_reference, &emission);
	}
	arena_done(&arena);
}
