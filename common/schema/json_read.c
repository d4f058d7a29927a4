/* SPDX-License-Identifier: Apache-2.0
 *
 * json_read.c - JSON objects into messages, by the schema. Stops at the first fault.
 *
 * Recursion is bounded by the nesting that json_enter allows. Elements of lists and maps wait on one stack until their number is known.
 */
#include "common/schema/json.h"

#include "common/base/limits.h"
#include "common/schema/build.h"
#include "common/schema/enums.h"
#include "common/schema/json_read.h"

#include <stdlib.h>

/* ---- lists and maps --------------------------------------------------------------------------------------------------------- */

static bool push(struct json_reader *r, struct value value)
{
	buf_add(&r->stack, &value, sizeof value);
	return !r->stack.failed || json_fail_memory(r);
}

/* Takes what was pushed since the stack was `before` bytes high, and appends it. */
static bool pop(struct json_reader *r, const struct schema_field *field, size_t before, size_t count, ProtobufCMessage *message)
{
	const struct value *values = (const void *)(r->stack.data + before);
	r->stack.size = before;
	return count == 0 || value_append(message, field, values, count, r->arena) || json_fail_memory(r);
}

static bool read_list(struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                      ProtobufCMessage *message)
{
	if (json->kind != JSON_LIST) {
		return json_fail_type(r, trail, "a list", json);
	}
	size_t before = r->stack.size, count = 0;
	bool more;
	if (!json_enter(r)) {
		return false;
	}
	for (; json_more(r, ']', count, &more); count++) {
		struct json_value element;
		struct trail item = {trail, NULL, count};
		struct value value;
		if (!more) {
			return pop(r, field, before, count, message);
		}
		if (!json_next(r, &element) || !json_read_value(r, field, &element, &item, &value) || !push(r, value)) {
			return false;
		}
	}
	return false;
}

static bool read_entry(struct json_reader *r, const struct schema_field *map, const char *key, const struct trail *trail, struct value *ret_entry)
{
	const struct schema_field *key_field = schema_field_by_number(map->message, 1), *value_field = entry_value_field(map);
	struct trail below = {trail, key, 0};
	struct json_value json;
	struct value key_value, value;
	ProtobufCMessage *entry = schema_message_new(map->message, r->arena);
	if (!entry) {
		return json_fail_memory(r);
	}
	if (!json_read_key(r, key_field, key, &below, &key_value) || !json_next(r, &json) || !json_read_value(r, value_field, &json, &below, &value)) {
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

/* Entries are kept sorted by key, as unpacking leaves them: equal maps are equal bytes, and equal keys stand side by side. */
static bool settle_entries(const struct json_reader *r, const struct schema_field *map, struct value *entries, size_t count, const struct trail *trail)
{
	void *key = (void *)(uintptr_t)schema_field_by_number(map->message, 1);
	char digits[32];
	if (count > 1) {
		qsort_r(entries, count, sizeof *entries, compare_entries, key);
	}
	for (size_t i = 1; i < count; i++) {
		if (compare_entries(&entries[i - 1], &entries[i], key) == 0) {
			struct trail below = {trail, entry_key(map, entries[i].message, digits), 0};
			return trail_fail(&below, r->st, "is given twice");
		}
	}
	return true;
}

static bool read_map(struct json_reader *r, const struct schema_field *map, const struct json_value *json, const struct trail *trail,
                     ProtobufCMessage *message)
{
	if (json->kind != JSON_OBJECT) {
		return json_fail_type(r, trail, "an object", json);
	}
	size_t before = r->stack.size, count = 0;
	bool more;
	if (!json_enter(r)) {
		return false;
	}
	for (; json_more(r, '}', count, &more); count++) {
		const char *key;
		struct value entry;
		if (!more) {
			struct value *entries = (void *)(r->stack.data + before);
			return settle_entries(r, map, entries, count, trail) && pop(r, map, before, count, message);
		}
		if (!json_name(r, &key) || !read_entry(r, map, key, trail, &entry) || !push(r, entry)) {
			return false;
		}
	}
	return false;
}

/* ---- fields ----------------------------------------------------------------------------------------------------------------- */

enum given { GIVEN_NOT, GIVEN_NULL, GIVEN_VALUE };

/* The members of an object so far. */
struct members {
	const struct schema_type *type;
	size_t next;                      /* the field behind the last one: writers mostly keep the order of the contract */
	bool skipped;                     /* `skip` of json_read_object was there */
	uint8_t given[SCHEMA_FIELDS_MAX]; /* enum given, by place in the type */
};

static const struct schema_field *find_field(const struct members *members, const char *name)
{
	const struct schema_type *type = members->type;
	const struct schema_field *likely = members->next < type->fields_count ? &type->fields[members->next] : NULL;
	return likely && strcmp(likely->json_name, name) == 0 ? likely : schema_field_find(type, name);
}

static bool in_one_oneof(const struct schema_field *a, const struct schema_field *b)
{
	return (b->pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && a->pb->quantifier_offset == b->pb->quantifier_offset;
}

/* Marks a field as given. Refuses it a second time (as JSON name and as proto name), or beside another of its oneof. */
static bool give(const struct json_reader *r, struct members *members, const struct schema_field *field, enum given given, const struct trail *trail)
{
	const struct schema_type *type = members->type;
	size_t place = (size_t)(field - type->fields);
	if (members->given[place] != GIVEN_NOT) {
		return trail_fail(trail, r->st, "is given twice");
	}
	bool of_oneof = given == GIVEN_VALUE && (field->pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
	for (size_t i = 0; of_oneof && i < type->fields_count; i++) {
		if (members->given[i] == GIVEN_VALUE && in_one_oneof(field, &type->fields[i])) {
			return trail_fail(trail, r->st, "cannot be given together with %s", type->fields[i].name);
		}
	}
	members->given[place] = (uint8_t)given;
	members->next = place + 1;
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

/* null leaves a field unset, unless it is the very value that a singular field holds. */
static bool is_unset(const struct schema_field *field, const struct json_value *json)
{
	return json->kind == JSON_NULL && (field->repeated || !field->enumeration || !enum_is_null(field->enumeration));
}

static bool read_field(struct json_reader *r, struct members *members, const char *name, const struct trail *up, ProtobufCMessage *message)
{
	const struct schema_field *field = find_field(members, name);
	struct trail trail = {up, field ? field->name : name, 0};
	struct json_value json;
	struct value value;
	if (!field) {
		return fail_unknown(r, members->type, name, &trail);
	}
	if (!json_next(r, &json)) {
		return false;
	}
	bool unset = is_unset(field, &json);
	if (!give(r, members, field, unset ? GIVEN_NULL : GIVEN_VALUE, &trail) || unset) {
		return unset && status_ok(r->st);
	}
	if (field->map) {
		return read_map(r, field, &json, &trail, message);
	}
	if (field->repeated) {
		return read_list(r, field, &json, &trail, message);
	}
	return json_read_value(r, field, &json, &trail, &value) && (value_set(message, field, value, r->arena) || json_fail_memory(r));
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static bool read_members(struct json_reader *r, struct members *members, const char *skip, const struct trail *trail, ProtobufCMessage *message)
{
	bool more;
	for (size_t count = 0; json_more(r, '}', count, &more); count++) {
		const char *name;
		struct json_value json;
		if (!more) {
			return true;
		}
		if (!json_name(r, &name)) {
			return false;
		}
		if (!skip || strcmp(name, skip) != 0) {
			if (!read_field(r, members, name, trail, message)) {
				return false;
			}
			continue;
		}
		if (members->skipped) {
			return trail_fail(trail, r->st, "\"%s\" is given twice", skip);
		}
		members->skipped = true;
		if (!json_next(r, &json)) {
			return false;
		}
	}
	return false;
}

ProtobufCMessage *json_read_object(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const char *skip,
                                   const struct trail *trail)
{
	if (json->kind != JSON_OBJECT) {
		json_fail_type(r, trail, "an object", json);
		return NULL;
	}
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!message) {
		json_fail_memory(r);
		return NULL;
	}
	struct members members;
	members.type = type;
	members.next = 0;
	members.skipped = false;
	memset(members.given, GIVEN_NOT, type->fields_count);
	return json_enter(r) && read_members(r, &members, skip, trail, message) ? message : NULL;
}

ProtobufCMessage *json_read_message(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail)
{
	enum known known = known_kind(type);
	if (known == KNOWN_NONE || known == KNOWN_MONEY) {
		return json_read_object(r, type, json, NULL, trail);
	}
	return json_read_known(r, type, json, trail);
}

ProtobufCMessage *json_read(const struct schema *schema, const struct schema_type *type, struct bytes text, struct arena *arena, struct status *st)
{
	struct json_reader reader = {.schema = schema, .arena = arena, .st = st, .text = text};
	struct json_value json;
	buf_init(&reader.stack, arena);
	ProtobufCMessage *message = json_next(&reader, &json) ? json_read_message(&reader, type, &json, NULL) : NULL;
	return message && json_end(&reader) ? message : NULL;
}
