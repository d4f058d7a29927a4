/* SPDX-License-Identifier: Apache-2.0
 *
 * json_object.h - JSON that no message of the contract describes, such as others' tokens and keys: one object or list at a time, checked to its last brace.
 *
 * Owns:    all that is handed out is in the arena, but for `raw`, which is a part of the text.
 * Errors:  INVALID_ARGUMENT with line and column for what is no JSON, has a name twice in one object at any depth, more than JSON_MEMBERS_MAX members in one,
 *          or is nested deeper than LIMIT_JSON_DEPTH; RESOURCE_EXHAUSTED when the arena is full.
 * Source:  RFC 8259; RFC 7515 section 4 and RFC 7519 section 4, which forbid a name twice.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT };

enum { JSON_MEMBERS_MAX = 256 };

struct json_member {
	const char *name; /* NULL in a list */
	enum json_kind kind;
	const char *text; /* of a number: its digits; of a string: what it says, without NUL; NULL of all others */
	struct bytes raw; /* of an object or list: its text, which can be read again */
};

struct json_members {
	struct json_member *items;
	size_t count;
};

/* Reads a text that is one object, or one list. */
bool json_read_members(struct bytes text, struct arena *arena, struct json_members *ret_members, struct status *st);
bool json_read_elements(struct bytes text, struct arena *arena, struct json_members *ret_elements, struct status *st);
/* The member of that name; NULL where there is none. */
const struct json_member *json_member_find(const struct json_members *members, const char *name);
/* The text of a member that is a string; NULL where it is none, or is not there. */
const char *json_member_text(const struct json_members *members, const char *name);
