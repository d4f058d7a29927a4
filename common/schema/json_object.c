/* SPDX-License-Identifier: Apache-2.0
 */
#include "common/schema/json_read.h"

#include "common/base/limits.h"

static bool pass(struct json_reader *r, struct json_member *ret_member);

/* Room for one more: few objects have many members. */
static bool add(struct json_reader *r, struct json_members *members, struct json_member member)
{
	const size_t first = 8;
	bool full = members->count == 0 || (members->count >= first && (members->count & (members->count - 1)) == 0);
	if (full) {
		struct json_member *items = arena_alloc(r->arena, (members->count ? 2 * members->count : first) * sizeof *items);
		if (!items) {
			return json_fail_memory(r);
		}
		if (members->count) {
			memcpy(items, members->items, members->count * sizeof *items);
		}
		members->items = items;
	}
	members->items[members->count++] = member;
	return true;
}

static bool read_name(struct json_reader *r, const struct json_members *before, const char **ret_name)
{
	size_t at = r->at;
	if (!json_name(r, ret_name)) {
		return false;
	}
	return !json_member_find(before, *ret_name) || json_fail_at(r, at, "this name is given twice");
}

/* Reads an object or a list, on whose bracket the reader stands. */
static bool read_all(struct json_reader *r, bool object, struct json_members *members)
{
	bool more;
	if (!json_enter(r)) {
		return false;
	}
	while (json_more(r, object ? '}' : ']', members->count, &more) && more) {
		struct json_member member = {0};
		if (members->count == JSON_MEMBERS_MAX) {
			return json_fail_at(r, r->at, "there are too many members");
		}
		if ((object && !read_name(r, members, &member.name)) || !pass(r, &member) || !add(r, members, member)) {
			return false;
		}
	}
	return status_ok(r->st);
}

/* Reads a value to its end; what an object or list holds is looked at, and only its text is kept. */
static bool pass(struct json_reader *r, struct json_member *ret_member)
{
	struct json_value value;
	if (!json_next(r, &value)) {
		return false;
	}
	ret_member->kind = value.kind;
	ret_member->text = value.text;
	if (value.kind != JSON_OBJECT && value.kind != JSON_LIST) {
		return true;
	}
	size_t start = r->at;
	struct json_members inside = {0};
	bool ok = read_all(r, value.kind == JSON_OBJECT, &inside);
	ret_member->raw = (struct bytes){r->text.data + start, r->at - start};
	return ok;
}

static bool read_one(struct bytes text, enum json_kind kind, struct arena *arena, struct json_members *ret_members, struct status *st)
{
	struct json_reader r = {.arena = arena, .st = st, .text = text};
	struct json_value value;
	*ret_members = (struct json_members){0};
	if (!json_next(&r, &value)) {
		return false;
	}
	if (value.kind != kind) {
		return json_fail_at(&r, 0, kind == JSON_OBJECT ? "this is not an object" : "this is not a list");
	}
	return read_all(&r, kind == JSON_OBJECT, ret_members) && json_end(&r);
}

bool json_read_members(struct bytes text, struct arena *arena, struct json_members *ret_members, struct status *st)
{
	return read_one(text, JSON_OBJECT, arena, ret_members, st);
}

bool json_read_elements(struct bytes text, struct arena *arena, struct json_members *ret_elements, struct status *st)
{
	return read_one(text, JSON_LIST, arena, ret_elements, st);
}

const struct json_member *json_member_find(const struct json_members *members, const char *name)
{
	for (size_t i = 0; i < members->count; i++) {
		if (strcmp(members->items[i].name, name) == 0) {
			return &members->items[i];
		}
	}
	return NULL;
}

const char *json_member_text(const struct json_members *members, const char *name)
{
	const struct json_member *member = json_member_find(members, name);
	return member && member->kind == JSON_STRING ? member->text : NULL;
}
