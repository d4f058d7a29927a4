/* SPDX-License-Identifier: Apache-2.0
 *
 * json_read.c - JSON objects into messages, by the schema. Stops at the first fault.
 *
 * Recursion is bounded by the nesting that json_scan allows.
 */
#include "common/schema/json.h"

#include "common/base/limits.h"
#include "common/schema/json_read.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- fields ---------------------------------------------------------------------------------------------------------------- */

static bool read_list(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                      ProtobufCMessage *message)
{
	if (!json_is_array(json)) {
		return json_fail_type(r, trail, "a list", json);
	}
	size_t count = json_array_size(json);
	struct value *values = arena_calloc(r->arena, count, sizeof *values);
	if (!values) {
		return json_fail_memory(r);
	}
	for (size_t i = 0; i < count; i++) {
		struct trail item = {trail, NULL, i};
		if (!json_read_value(r, field, json_array_get(json, i), &item, &values[i])) {
			return false;
		}
	}
	return count == 0 || value_append(message, field, values, count, r->arena) || json_fail_memory(r);
}

static bool read_entry(const struct json_reader *r, const struct schema_field *map, const char *key, const json_t *json,
                       const struct trail *trail, struct value *ret_entry)
{
	const struct schema_field *key_field = schema_field_by_number(map->message, 1), *value_field = entry_value_field(map);
	struct trail below = {trail, key, 0};
	struct value key_value, value;
	ProtobufCMessage *entry = schema_message_new(map->message, r->arena);
	if (!entry) {
		return json_fail_memory(r);
	}
	if (!json_read_key(r, key_field, key, &below, &key_value) || !json_read_value(r, value_field, json, &below, &value)) {
		return false;
	}
	*ret_entry = (struct value){.kind = VALUE_MESSAGE, .message = entry};
	return (value_set(entry, key_field, key_value, r->arena) && value_set(entry, value_field, value, r->arena)) || json_fail_memory(r);
}

static int compare_entries(const void *a, const void *b, void *key)
{
	const struct value *left = a, *right = b;
	return value_compare(value_get(left->message, key, 0), value_get(right->message, key, 0));
}

/* Entries are kept sorted by key, as unpacking leaves them: equal maps are equal bytes. */
static bool read_map(const struct json_reader *r, const struct schema_field *map, json_t *json, const struct trail *trail,
                     ProtobufCMessage *message)
{
	if (!json_is_object(json)) {
		return json_fail_type(r, trail, "an object", json);
	}
	size_t count = json_object_size(json), i = 0;
	struct value *entries = arena_calloc(r->arena, count, sizeof *entries);
	if (!entries) {
		return json_fail_memory(r);
	}
	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		if (!read_entry(r, map, json_object_iter_key(at), json_object_iter_value(at), trail, &entries[i++])) {
			return false;
		}
	}
	qsort_r(entries, count, sizeof *entries, compare_entries, (void *)(uintptr_t)schema_field_by_number(map->message, 1));
	return count == 0 || value_append(message, map, entries, count, r->arena) || json_fail_memory(r);
}

static bool read_field(const struct json_reader *r, const struct schema_field *field, json_t *json, const struct trail *trail,
                       ProtobufCMessage *message)
{
	struct value value;
	if (json_is_null(json)) {
		return true;
	}
	if (field->map) {
		return read_map(r, field, json, trail, message);
	}
	if (field->repeated) {
		return read_list(r, field, json, trail, message);
	}
	return json_read_value(r, field, json, trail, &value) && (value_set(message, field, value, r->arena) || json_fail_memory(r));
}

/* ---- messages -------------------------------------------------------------------------------------------------------------- */

/* The fields of a type that an object gave so far, by their place in it. */
struct given {
	const struct schema_type *type;
	bool *fields;
};

static bool in_one_oneof(const struct schema_field *a, const struct schema_field *b)
{
	return (a->pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && (b->pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
	       a->pb->quantifier_offset == b->pb->quantifier_offset;
}

/* Marks a field as given. Refuses it a second time (as JSON name and as proto name), or beside another of its oneof. */
static bool give(const struct json_reader *r, struct given *given, const struct schema_field *field, bool null, const struct trail *trail)
{
	size_t place = (size_t)(field - given->type->fields);
	if (given->fields[place]) {
		return trail_fail(trail, r->st, "is given twice");
	}
	for (size_t i = 0; !null && i < given->type->fields_count; i++) {
		if (given->fields[i] && in_one_oneof(field, &given->type->fields[i])) {
			return trail_fail(trail, r->st, "cannot be given together with %s", given->type->fields[i].name);
		}
	}
	given->fields[place] = !null || !(field->pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
	return true;
}

static bool fail_unknown(const struct json_reader *r, const struct schema_type *type, const char *key, const struct trail *trail)
{
	const char *nearest = field_nearest(type, key, GROUPS_ALL, r->arena);
	if (nearest) {
		return trail_fail(trail, r->st, "no such field; did you mean %s?", nearest);
	}
	return trail_fail(trail, r->st, "no such field");
}

static bool read_members(const struct json_reader *r, const struct schema_type *type, json_t *json, const char *skip, const struct trail *up,
                         ProtobufCMessage *message)
{
	struct given given = {type, arena_calloc(r->arena, type->fields_count, sizeof *given.fields)};
	if (!given.fields) {
		return json_fail_memory(r);
	}
	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		const char *key = json_object_iter_key(at);
		json_t *value = json_object_iter_value(at);
		if (skip && strcmp(key, skip) == 0) {
			continue;
		}
		const struct schema_field *field = schema_field_find(type, key);
		struct trail trail = {up, field ? field->name : key, 0};
		if (!field) {
			return fail_unknown(r, type, key, &trail);
		}
		if (!give(r, &given, field, json_is_null(value), &trail) || !read_field(r, field, value, &trail, message)) {
			return false;
		}
	}
	return true;
}

ProtobufCMessage *json_read_object(const struct json_reader *r, const struct schema_type *type, const json_t *json, const char *skip,
                                   const struct trail *trail)
{
	if (!json_is_object(json)) {
		json_fail_type(r, trail, "an object", json);
		return NULL;
	}
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!message) {
		json_fail_memory(r);
		return NULL;
	}
	/* jansson's iterators take no const object, but change nothing. */
	return read_members(r, type, (json_t *)(uintptr_t)json, skip, trail, message) ? message : NULL;
}

ProtobufCMessage *json_read_message(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail)
{
	enum known known = known_kind(type);
	if (known == KNOWN_NONE || known == KNOWN_MONEY) {
		return json_read_object(r, type, json, NULL, trail);
	}
	return json_read_known(r, type, json, trail);
}

/* ---- text ------------------------------------------------------------------------------------------------------------------ */

static const char *syntax_fault(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		return "the text ends too early";
	case json_error_end_of_input_expected:
		return "something follows the end of the value";
	case json_error_invalid_utf8:
		return "this is not UTF-8";
	case json_error_duplicate_key:
		return "a name is given twice in one object";
	default:
		break;
	}
	if (strstr(error->text, "Unicode") != NULL || strstr(error->text, "escape") != NULL) {
		return "an escape in a text names no character";
	}
	return "this is not JSON";
}

/* jansson's position is behind the token that it stumbled over, but before a byte that is not UTF-8. */
static size_t fault_offset(struct bytes text, const json_error_t *error)
{
	size_t position = error->position > 0 ? (size_t)error->position : 0;
	size_t offset = json_offset(text, position > 0 ? position - 1 : 0);
	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		return text.size;
	case json_error_invalid_utf8:
		return json_offset(text, position);
	default:
		/* To the beginning of a word such as NaN. */
		while (offset > 0 && offset <= text.size && isalnum(text.data[offset - 1])) {
			offset--;
		}
		return offset;
	}
}

static json_t *parse(struct bytes text, struct arena *arena, struct status *st)
{
	struct buf scanned;
	json_error_t error;
	buf_init(&scanned, arena);
	if (!json_scan(text, &scanned, st)) {
		return NULL;
	}
	json_t *json = scanned.failed ? NULL
	                              : json_loadb(scanned.data ? (const char *)scanned.data : "", scanned.size,
	                                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (json) {
		return json;
	}
	if (scanned.failed || json_error_code(&error) == json_error_out_of_memory) {
		json_fail_memory(&(struct json_reader){.st = st});
	} else {
		json_fail_at(text, fault_offset(text, &error), st, syntax_fault(&error));
	}
	return NULL;
}

ProtobufCMessage *json_read(const struct schema *schema, const struct schema_type *type, struct bytes text, struct arena *arena, struct status *st)
{
	struct json_reader reader = {schema, arena, st};
	json_t *json = parse(text, arena, st);
	if (!json) {
		return NULL;
	}
	ProtobufCMessage *message = json_read_message(&reader, type, json, NULL);
	json_decref(json);
	return message;
}
