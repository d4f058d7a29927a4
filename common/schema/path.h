/* SPDX-License-Identifier: Apache-2.0
 *
 * path.h - paths of fields: where a walk stands (for messages), and which field a text like "opt_in.signed_on" names.
 *
 * Owns:    a trail lies on the stack of the walk; a route borrows from the schema and has its map keys in the caller's arena.
 * Private to common/schema.
 */
#pragma once

#include "common/schema/value.h"

/* One step of a walk: a field, an element of a list, or a key of a map. */
struct trail {
	const struct trail *up; /* NULL at the root */
	const char *name;       /* NULL for an element of a list, which has `index` */
	size_t index;
};

enum { TRAIL_TEXT_BYTES = STATUS_FIELD_BYTES };
/* "account.metrics[2].weight"; what does not fit is left out in front, long map keys are cut. `text` holds TRAIL_TEXT_BYTES. */
void trail_text(const struct trail *trail, char *text);
/* status_field at a trail. Always false. */
bool trail_fail(const struct trail *trail, struct status *st, const char *format, ...) __attribute__((format(printf, 3, 4)));

enum { ROUTE_STEPS = 8 };

/* The fields that a path leads through, from the outermost. */
struct route {
	size_t count;
	const struct schema_field *fields[ROUTE_STEPS];
	const char *keys[ROUTE_STEPS]; /* of a map: the key that the path names; NULL where it names the map itself */
};

struct route_fault {
	size_t offset; /* of the wrong part, in the path */
	char text[STATUS_DESCRIPTION_BYTES];
};

/* Finds the fields of a path in either name form. Fields outside `groups` and secret ones are as unknown as those that do not exist. A key is the
 * rest of the path where the map holds scalars, else the next part; it may stand in double quotes. */
bool route_find(const struct schema_type *type, const char *path, size_t size, schema_groups groups, struct arena *arena, struct route *ret_route,
                struct route_fault *ret_fault);
static inline const struct schema_field *route_last(const struct route *route)
{
	return route->fields[route->count - 1];
}
static inline bool route_names(const struct route *route, const struct schema_field *field)
{
	for (size_t i = 0; i < route->count; i++) {
		if (route->fields[i] == field) {
			return true;
		}
	}
	return false;
}

/* Whether a reader of these groups may know of the field. INHERIT is as visible as what holds it. */
bool field_visible(const struct schema_field *field, schema_groups groups);
/* The visible field whose name is nearest in spelling, as `name` or (if the word has capitals) as JSON name; NULL where none is near. */
const char *field_nearest(const struct schema_type *type, const char *word, schema_groups groups, struct arena *arena);
/* The key of a map entry as text: "true", "-5", or the string itself. `text` holds the digits (32 bytes). */
const char *entry_key(const struct schema_field *map, const ProtobufCMessage *entry, char *text);
const struct schema_field *entry_value_field(const struct schema_field *map);
/* Copies at most `size` - 1 bytes of a text for a message, cut at a UTF-8 boundary with an ellipsis; what is not UTF-8 or is a control
 * character becomes '?'. Returns `ret_text`. */
const char *text_excerpt(const char *text, size_t text_size, char *ret_text, size_t size);
