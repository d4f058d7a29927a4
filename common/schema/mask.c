/* SPDX-License-Identifier: Apache-2.0
 *
 * mask.c - carries fields of an update over into a resource, and tells what differs between two states.
 *
 * A field that is carried over is replaced whole; but inside of messages, too, what the server keeps stays as it was and what is immutable is
 * refused where it would change, so such messages are merged field by field. Elements of lists cannot be told apart: theirs are dropped.
 * Path by path goes on after a fault, so that as many are told as a status holds; the target is then worthless.
 */
#include "common/schema/mask.h"

#include "common/base/limits.h"
#include "common/schema/known.h"
#include "common/schema/path.h"

#include <ctype.h>
#include <stdlib.h>

struct update {
	struct arena *arena;
	struct status *st;
	bool failed;
};

static bool fail_memory(struct update *u)
{
	u->failed = true;
	return status_fail(u->st, STATUS_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", "there is no memory left to carry out the update");
}

#define FAULT(u, field, ...) ((void)status_field((u)->st, field, __VA_ARGS__), (u)->failed = true)

static ProtobufCMessage *writable(struct value value)
{
	return (ProtobufCMessage *)(uintptr_t)value.message;
}

/* Whether a message of this type holds, at any depth, fields that a client cannot simply replace. */
static bool has_kept_fields(const struct schema_type *type, unsigned depth)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (field->rules.output_only || field->rules.immutable) {
			return true;
		}
		if (field->message && depth < LIMIT_MESSAGE_DEPTH && has_kept_fields(field->message, depth + 1)) {
			return true;
		}
	}
	return false;
}

bool mask_field_equal(const struct schema_field *field, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	size_t count = value_count(a, field);
	if (count != value_count(b, field)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (value_compare(value_get(a, field, i), value_get(b, field, i)) != 0) {
			return false;
		}
	}
	return true;
}

/* ---- one field ------------------------------------------------------------------------------------------------------------- */

/* `created`: the target is new, so nothing in it is immutable yet. */
static void carry_field(struct update *u, const struct schema_field *field, ProtobufCMessage *target, const ProtobufCMessage *source,
                        bool created, const struct trail *up);

static void carry_all(struct update *u, const struct schema_type *type, ProtobufCMessage *target, const ProtobufCMessage *source, bool created,
                      const struct trail *trail)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		carry_field(u, &type->fields[i], target, source, created, trail);
	}
}

/* A copy of a message without what the server keeps. */
static struct value cleaned(struct update *u, const struct schema_type *type, const ProtobufCMessage *source, const struct trail *trail)
{
	ProtobufCMessage *copy = schema_message_new(type, u->arena);
	if (!copy) {
		fail_memory(u);
		return (struct value){.kind = VALUE_MESSAGE, .message = source};
	}
	carry_all(u, type, copy, source, true, trail);
	return (struct value){.kind = VALUE_MESSAGE, .message = copy};
}

static void replace_field(struct update *u, const struct schema_field *field, ProtobufCMessage *target, const ProtobufCMessage *source,
                          const struct trail *trail)
{
	size_t count = value_count(source, field);
	bool clean = field->message && known_of_field(field) == KNOWN_NONE && has_kept_fields(field->message, 0);
	struct value *values = arena_calloc(u->arena, count, sizeof *values);
	if (!values) {
		fail_memory(u);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		values[i] = value_get(source, field, i);
		if (clean) {
			values[i] = cleaned(u, field->message, values[i].message, trail);
		}
	}
	value_clear(target, field);
	if (count > 0 && !(field->repeated ? value_append(target, field, values, count, u->arena) : value_set(target, field, values[0], u->arena))) {
		fail_memory(u);
	}
}

static void carry_field(struct update *u, const struct schema_field *field, ProtobufCMessage *target, const ProtobufCMessage *source,
                        bool created, const struct trail *up)
{
	struct trail trail = {up, field->name, 0};
	if (field->rules.output_only) {
		return;
	}
	if (field->rules.immutable && !created) {
		if (!mask_field_equal(field, target, source)) {
			u->failed = true;
			trail_fail(&trail, u->st, "is immutable: it can be given on create only");
		}
		return;
	}
	bool merges = field->message && !field->repeated && known_of_field(field) == KNOWN_NONE && value_count(target, field) > 0 &&
	              value_count(source, field) > 0 && has_kept_fields(field->message, 0);
	if (merges) {
		carry_all(u, field->message, writable(value_get(target, field, 0)), value_get(source, field, 0).message, created, &trail);
		return;
	}
	replace_field(u, field, target, source, &trail);
}

/* ---- one path -------------------------------------------------------------------------------------------------------------- */

static bool is_identity(const struct schema_type *type, const struct schema_field *field)
{
	const struct schema_resource *r = type->resource;
	return r && (field == r->name || field == r->uid || field == r->etag || field == r->create_time || field == r->update_time ||
	             field == r->delete_time);
}

static int compare_entries(const void *a, const void *b, void *key)
{
	const struct value *left = a, *right = b;
	return value_compare(value_get(left->message, key, 0), value_get(right->message, key, 0));
}

/* costCenter and cost_center: what the JSON form of a mask makes of a key. */
static bool becomes(const char *key, const char *snake)
{
	for (; *key; key++, snake++) {
		if (isupper((unsigned char)*key) && *snake++ != '_') {
			return false;
		}
		if (tolower((unsigned char)*key) != *snake) {
			return false;
		}
	}
	return *snake == '\0';
}

static const char *find_key(const struct schema_field *map, const char *key, const ProtobufCMessage *message, bool converted, char text[32])
{
	for (size_t i = 0, count = value_count(message, map); i < count; i++) {
		const char *found = entry_key(map, value_get(message, map, i).message, text);
		if (converted ? becomes(found, key) : strcmp(found, key) == 0) {
			return found;
		}
	}
	return NULL;
}

/* The key that is meant: masks in JSON lose the capitals of keys, so where nothing has the key as it stands, one that becomes it is taken; the request's before the resource's. */
static const char *meant_key(const struct schema_field *map, const char *key, const ProtobufCMessage *target, const ProtobufCMessage *source, char text[32])
{
	const ProtobufCMessage *in[] = {source, target};
	for (size_t i = 0; i < 2; i++) {
		const char *found = find_key(map, key, in[i], false, text);
		if (found || (found = find_key(map, key, in[i], true, text))) {
			return found;
		}
	}
	return key;
}

/* Makes the target's entry of a key what the source's is: there with its value, or gone. Entries stay sorted by key, as unpacking leaves them. */
static void carry_entry(struct update *u, const struct schema_field *map, const char *key, ProtobufCMessage *target, const ProtobufCMessage *source)
{
	char text[32], meant[32];
	key = meant_key(map, key, target, source, meant);
	size_t before = value_count(target, map), given = value_count(source, map), count = 0;
	struct value *entries = arena_calloc(u->arena, before + 1, sizeof *entries);
	if (!entries) {
		fail_memory(u);
		return;
	}
	for (size_t i = 0; i < before; i++) {
		struct value entry = value_get(target, map, i);
		if (strcmp(entry_key(map, entry.message, text), key) != 0) {
			entries[count++] = entry;
		}
	}
	for (size_t i = 0; i < given; i++) {
		struct value entry = value_get(source, map, i);
		if (strcmp(entry_key(map, entry.message, text), key) == 0) {
			entries[count++] = entry;
			break;
		}
	}
	qsort_r(entries, count, sizeof *entries, compare_entries, (void *)(uintptr_t)schema_field_by_number(map->message, 1));
	value_clear(target, map);
	if (count > 0 && !value_append(target, map, entries, count, u->arena)) {
		fail_memory(u);
	}
}

/* False where the path leads to what cannot be named, having said so. */
static bool check_route(struct update *u, const struct schema_type *type, const struct route *route, const char *path)
{
	char excerpt[64];
	text_excerpt(path, strlen(path), excerpt, sizeof excerpt);
	if (is_identity(type, route->fields[0])) {
		FAULT(u, "update_mask", "%s cannot be changed; leave it out of the mask", excerpt);
		return false;
	}
	for (size_t i = 0; i < route->count; i++) {
		const struct schema_field *field = route->fields[i];
		if (field->rules.output_only) {
			FAULT(u, "update_mask", "%s is set by the server; leave it out of the mask", excerpt);
			return false;
		}
		if (i + 1 < route->count && field->repeated) {
			FAULT(u, "update_mask", "%s lies inside of %s, which can only be changed whole", excerpt, field->name);
			return false;
		}
	}
	return true;
}

/* The target's message in a field, made where there is none; NULL when the arena is full. */
static ProtobufCMessage *enter(struct update *u, const struct schema_field *field, ProtobufCMessage *target)
{
	if (value_count(target, field) > 0) {
		return writable(value_get(target, field, 0));
	}
	ProtobufCMessage *made = schema_message_new(field->message, u->arena);
	if (!made || !value_set(target, field, (struct value){.kind = VALUE_MESSAGE, .message = made}, u->arena)) {
		fail_memory(u);
		return NULL;
	}
	return made;
}

/* `immutable`: something above the last field is, and was there before. */
static void carry_last(struct update *u, const struct route *route, ProtobufCMessage *target, const ProtobufCMessage *source, bool immutable,
                       bool created, const struct trail *up)
{
	const struct schema_field *field = route_last(route);
	const char *key = route->keys[route->count - 1];
	struct trail trail = {up, field->name, 0};
	if ((immutable || (key && field->rules.immutable && !created)) && !mask_field_equal(field, target, source)) {
		u->failed = true;
		trail_fail(&trail, u->st, "is immutable: it can be given on create only");
	} else if (key) {
		carry_entry(u, field, key, target, source);
	} else {
		carry_field(u, field, target, source, created, up);
	}
}

static void carry_path(struct update *u, const struct route *route, ProtobufCMessage *target, const ProtobufCMessage *source)
{
	struct trail trails[ROUTE_STEPS];
	bool immutable = false, created = false;
	for (size_t i = 0; i + 1 < route->count; i++) {
		const struct schema_field *field = route->fields[i];
		bool given = value_count(source, field) > 0;
		created = created || (value_count(target, field) == 0 && !field->rules.immutable);
		if (!given && value_count(target, field) == 0) {
			return;
		}
		trails[i] = (struct trail){i > 0 ? &trails[i - 1] : NULL, field->name, 0};
		immutable = immutable || field->rules.immutable;
		source = given ? value_get(source, field, 0).message : schema_message_new(field->message, u->arena);
		target = enter(u, field, target);
		if (!source || !target) {
			fail_memory(u);
			return;
		}
	}
	carry_last(u, route, target, source, immutable, created, route->count > 1 ? &trails[route->count - 2] : NULL);
}

static void apply_path(struct update *u, const struct schema_type *type, const char *path, ProtobufCMessage *target, const ProtobufCMessage *source)
{
	struct route route;
	struct route_fault fault;
	if (strcmp(path, "*") == 0) {
		FAULT(u, "update_mask", "* stands for every field and must be the only path");
	} else if (!route_find(type, path, strlen(path), GROUPS_ALL, u->arena, &route, &fault)) {
		FAULT(u, "update_mask", "%s", fault.text);
	} else if (check_route(u, type, &route, path)) {
		carry_path(u, &route, target, source);
	}
}

bool mask_apply(const struct schema_type *type, ProtobufCMessage *target, const ProtobufCMessage *source, char *const *paths, size_t paths_count,
                struct arena *arena, struct status *st)
{
	struct update u = {.arena = arena, .st = st};
	bool every = paths_count == 1 && strcmp(paths[0], "*") == 0;
	if (paths_count > 0 && !every) {
		for (size_t i = 0; i < paths_count && !(u.failed && (st->violations_count == STATUS_VIOLATIONS || arena->overflowed)); i++) {
			apply_path(&u, type, paths[i], target, source);
		}
		return !u.failed;
	}
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (!is_identity(type, field) && (every || value_count(source, field) > 0)) {
			carry_field(&u, field, target, source, false, NULL);
		}
	}
	return !u.failed;
}

/* ---- differences ----------------------------------------------------------------------------------------------------------- */

const char *mask_differences(const struct schema_type *type, const ProtobufCMessage *before, const ProtobufCMessage *after, schema_groups groups,
                             struct arena *arena)
{
	struct buf text;
	const ProtobufCMessage *empty = schema_message_new(type, arena);
	const struct schema_resource *resource = type->resource;
	buf_init(&text, arena);
	before = before ? before : empty;
	after = after ? after : empty;
	for (size_t i = 0; empty && i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool of_itself = resource && (field == resource->etag || field == resource->update_time);
		if (!of_itself && field_visible(field, groups) && !mask_field_equal(field, before, after)) {
			buf_printf(&text, "%s%s", text.size > 0 ? "," : "", field->name);
		}
	}
	return buf_text(&text);
}

void mask_clear_output_only(const struct schema_type *type, ProtobufCMessage *message)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		if (type->fields[i].rules.output_only) {
			value_clear(message, &type->fields[i]);
		}
	}
}
