/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages in arenas. protobuf-c's decoder is kept honest from two sides: the bytes are checked before it sees them (wire.h), and what it may
 * allocate is bounded by the arena. What is left to do after it are maps, which it keeps as lists of entries: sorted by key here, with one
 * entry a key, the last one on the wire, so that equal maps are equal bytes.
 */
#include "common/base/limits.h"
#include "common/schema/build.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"

#include <stdlib.h>

static void *allocate(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void release(void *arena, void *piece)
{
	(void)arena;
	(void)piece;
}

static void *allocate_nothing(void *data, size_t size)
{
	(void)data;
	(void)size;
	return NULL;
}

ProtobufCAllocator *schema_allocator(struct arena *arena)
{
	/* protobuf-c calls malloc where it gets no allocator, so a full arena must still give one. */
	static ProtobufCAllocator exhausted = {allocate_nothing, release, NULL};
	ProtobufCAllocator *allocator = arena_alloc(arena, sizeof *allocator);
	if (!allocator) {
		return &exhausted;
	}
	*allocator = (ProtobufCAllocator){allocate, release, arena};
	return allocator;
}

ProtobufCMessage *schema_message_new(const struct schema_type *type, struct arena *arena)
{
	ProtobufCMessage *message = arena_alloc(arena, type->pb->sizeof_message);
	if (message) {
		protobuf_c_message_init(type->pb, message);
	}
	return message;
}

struct bytes schema_pack(const ProtobufCMessage *message, struct arena *arena)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *data = arena_alloc(arena, size);
	if (!data) {
		return (struct bytes){NULL, 0};
	}
	protobuf_c_message_pack(message, data);
	return (struct bytes){data, size};
}

/* ---- maps ------------------------------------------------------------------------------------------------------------------ */

struct map_row {
	ProtobufCMessage *entry;
	size_t position;
};

static int compare_keys(const struct schema_field *key, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	return value_compare(value_get(a, key, 0), value_get(b, key, 0));
}

static int compare_rows(const void *a, const void *b, void *key)
{
	const struct map_row *left = a, *right = b;
	int order = compare_keys(key, left->entry, right->entry);
	return order ? order : (left->position > right->position) - (left->position < right->position);
}

/* An entry whose value did not come over the wire has a message value that is NULL; the default is an empty one. */
static bool fill_value(const struct schema_field *value, ProtobufCMessage *entry, struct arena *arena)
{
	if (!value->message || value_count(entry, value) > 0) {
		return true;
	}
	const ProtobufCMessage *empty = schema_message_new(value->message, arena);
	return empty && value_set(entry, value, (struct value){.kind = VALUE_MESSAGE, .message = empty}, arena);
}

static bool settle_map(ProtobufCMessage *message, const struct schema_field *field, struct arena *arena)
{
	const struct schema_field *key = schema_field_by_number(field->message, 1), *value = schema_field_by_number(field->message, 2);
	size_t *count = (size_t *)(void *)((uint8_t *)message + field->pb->quantifier_offset);
	ProtobufCMessage **entries = *(ProtobufCMessage ***)(void *)((uint8_t *)message + field->pb->offset);
	bool ascending = true;
	for (size_t i = 0; i < *count; i++) {
		ascending = ascending && (i == 0 || compare_keys(key, entries[i - 1], entries[i]) < 0);
		if (!fill_value(value, entries[i], arena)) {
			return false;
		}
	}
	if (ascending) {
		return true;
	}
	struct map_row *rows = arena_calloc(arena, *count, sizeof *rows);
	if (!rows) {
		return false;
	}
	for (size_t i = 0; i < *count; i++) {
		rows[i] = (struct map_row){entries[i], i};
	}
	qsort_r(rows, *count, sizeof *rows, compare_rows, (void *)(uintptr_t)key);
	size_t kept = 0;
	for (size_t i = 0; i < *count; i++) {
		bool last_of_key = i + 1 == *count || compare_keys(key, rows[i].entry, rows[i + 1].entry) != 0;
		if (last_of_key) {
			entries[kept++] = rows[i].entry;
		}
	}
	*count = kept;
	return true;
}

/* wire_check bounded the depth. */
static bool settle_maps(const struct schema_type *type, ProtobufCMessage *message, struct arena *arena)
{
	if (!type_entry_of(type)->has_maps) {
		return true;
	}
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (field->map && !settle_map(message, field, arena)) {
			return false;
		}
		for (size_t j = 0, count = field->message ? value_count(message, field) : 0; j < count; j++) {
			ProtobufCMessage *below = (ProtobufCMessage *)(uintptr_t)value_get(message, field, j).message;
			if (!settle_maps(field->message, below, arena)) {
				return false;
			}
		}
	}
	return true;
}

/* Of bytes that were checked, now or before they were stored. */
static ProtobufCMessage *unpack(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st)
{
	ProtobufCMessage *message = protobuf_c_message_unpack(type->pb, schema_allocator(arena), bytes.size, bytes.data);
	if (message && settle_maps(type, message, arena)) {
		return message;
	}
	if (arena->overflowed) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", "the message needs more memory than one call may use: send less in it");
	} else {
		/* A required field of a proto2 message is missing; everything else wire_check has said. */
		status_fail(st, STATUS_INVALID_ARGUMENT, "MESSAGE_MALFORMED", "the bytes are no complete %s", type->name);
	}
	return NULL;
}

ProtobufCMessage *schema_unpack(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st)
{
	return wire_check_within(type, bytes, true, LIMIT_MESSAGE_ELEMENTS, st) ? unpack(type, bytes, arena, st) : NULL;
}

ProtobufCMessage *schema_unpack_reply(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st)
{
	return wire_check_within(type, bytes, true, LIMIT_REPLY_ELEMENTS, st) ? unpack(type, bytes, arena, st) : NULL;
}

ProtobufCMessage *schema_unpack_stored(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st)
{
	return unpack(type, bytes, arena, st);
}
