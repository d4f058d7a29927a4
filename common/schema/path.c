/* SPDX-License-Identifier: Apache-2.0
 *
 * path.c - trails and routes. A route is found once, when a filter, an order or a mask is read; following it costs no comparison of names.
 */
#include "common/schema/path.h"

#include "common/schema/rules.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <utf8proc.h>

/* Written from the end, so that a path too long loses its beginning. */
void trail_text(const struct trail *trail, char *text)
{
	char part[TRAIL_TEXT_BYTES], name[TRAIL_TEXT_BYTES / 2];
	size_t at = TRAIL_TEXT_BYTES - 1;
	text[at] = '\0';
	for (; trail; trail = trail->up) {
		int size = snprintf(part, sizeof part, "[%zu]", trail->index);
		if (trail->name) {
			text_excerpt(trail->name, strlen(trail->name), name, sizeof name);
			size = snprintf(part, sizeof part, "%s%s", trail->up ? "." : "", name);
		}
		if ((size_t)size > at) {
			break;
		}
		at -= (size_t)size;
		memcpy(text + at, part, (size_t)size);
	}
	memmove(text, text + at, TRAIL_TEXT_BYTES - at);
}

bool trail_fail(const struct trail *trail, struct status *st, const char *format, ...)
{
	char path[TRAIL_TEXT_BYTES], text[STATUS_DESCRIPTION_BYTES];
	trail_text(trail, path);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return status_field(st, path, "%s", text);
}

bool field_visible(const struct schema_field *field, schema_groups groups)
{
	if (field->rules.secret) {
		return false;
	}
	return field->rules.group == GROUP_INHERIT || (groups >> field->rules.group & 1) != 0;
}

const char *field_nearest(const struct schema_type *type, const char *word, schema_groups groups, struct arena *arena)
{
	const char **names = arena_calloc(arena, type->fields_count, sizeof *names);
	if (!names) {
		return NULL;
	}
	bool capitals = false;
	for (const char *p = word; *p; p++) {
		capitals = capitals || isupper((unsigned char)*p);
	}
	size_t count = 0;
	for (size_t i = 0; i < type->fields_count; i++) {
		if (field_visible(&type->fields[i], groups)) {
			names[count++] = capitals ? type->fields[i].json_name : type->fields[i].name;
		}
	}
	return rules_nearest(word, names, count);
}

const struct schema_field *entry_value_field(const struct schema_field *map)
{
	return schema_field_by_number(map->message, 2);
}

const char *entry_key(const struct schema_field *map, const ProtobufCMessage *entry, char *text)
{
	struct value key = value_get(entry, schema_field_by_number(map->message, 1), 0);
	switch (key.kind) {
	case VALUE_STRING:
		return key.string;
	case VALUE_BOOL:
		return key.boolean ? "true" : "false";
	case VALUE_UINT:
		snprintf(text, 32, "%" PRIu64, key.unsigned_integer);
		return text;
	default:
		snprintf(text, 32, "%" PRId64, key.integer);
		return text;
	}
}

const char *text_excerpt(const char *text, size_t text_size, char *ret_text, size_t size)
{
	static const char ellipsis[] = "\xE2\x80\xA6";
	size_t at = 0, used = 0;
	while (at < text_size) {
		utf8proc_int32_t code;
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(text_size - at), &code);
		size_t length = step > 0 ? (size_t)step : 1;
		bool printable = step > 0 && code >= 0x20 && code != 0x7f;
		if (used + length + sizeof ellipsis > size) {
			memcpy(ret_text + used, ellipsis, sizeof ellipsis);
			return ret_text;
		}
		memcpy(ret_text + used, printable ? text + at : "?", printable ? length : 1);
		used += printable ? length : 1;
		at += length;
	}
	ret_text[used] = '\0';
	return ret_text;
}

/* ---- routes ---------------------------------------------------------------------------------------------------------------- */

struct finder {
	const char *path;
	size_t size, at;
	schema_groups groups;
	struct arena *arena;
	struct route_fault *fault;
};

static bool fail(struct finder *f, size_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(struct finder *f, size_t offset, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(f->fault->text, sizeof f->fault->text, format, arguments);
	va_end(arguments);
	f->fault->offset = offset;
	return false;
}

static bool fail_memory(struct finder *f)
{
	return fail(f, 0, "there is no memory left to read it");
}

/* The part up to the next dot; moves behind it. */
static char *next_part(struct finder *f)
{
	size_t start = f->at;
	const char *dot = memchr(f->path + start, '.', f->size - start);
	size_t end = dot ? (size_t)(dot - f->path) : f->size;
	f->at = dot ? end + 1 : f->size;
	return arena_strndup(f->arena, f->path + start, end - start);
}

/* A key in quotes ends at the closing one, which must be the last byte or stand before a dot. */
static char *next_key(struct finder *f, bool whole_rest)
{
	size_t start = f->at;
	if (f->path[start] == '"') {
		const char *quote = memchr(f->path + start + 1, '"', f->size - start - 1);
		size_t end = quote ? (size_t)(quote - f->path) : f->size;
		if (end + 1 == f->size || (end + 1 < f->size && f->path[end + 1] == '.')) {
			f->at = end + 2 < f->size ? end + 2 : f->size;
			return arena_strndup(f->arena, f->path + start + 1, end - start - 1);
		}
	}
	if (whole_rest) {
		f->at = f->size;
		return arena_strndup(f->arena, f->path + start, f->size - start);
	}
	return next_part(f);
}

static bool unknown_field(struct finder *f, const struct schema_type *type, const char *part, size_t offset)
{
	char word[64], holder[64];
	text_excerpt(part, strlen(part), word, sizeof word);
	text_excerpt(f->path, offset > 0 ? offset - 1 : 0, holder, sizeof holder);
	const char *nearest = field_nearest(type, part, f->groups, f->arena);
	const char *of = offset > 0 ? " of " : "";
	if (nearest) {
		return fail(f, offset, "no such field%s%s: %s; did you mean %s?", of, holder, word, nearest);
	}
	return fail(f, offset, "no such field%s%s: %s", of, holder, word);
}

/* Reads one field, and the key behind a map. `*ret_type` becomes the type below it, NULL where there is none. */
static bool find_step(struct finder *f, const struct schema_type **type, struct route *route)
{
	size_t start = f->at;
	char *part = next_part(f);
	if (!part) {
		return fail_memory(f);
	}
	const struct schema_field *field = schema_field_find(*type, part);
	if (!field || !field_visible(field, f->groups)) {
		return unknown_field(f, *type, part, start);
	}
	if (route->count == ROUTE_STEPS) {
		return fail(f, start, "the path has more than %d parts", ROUTE_STEPS);
	}
	size_t step = route->count++;
	route->fields[step] = field;
	route->keys[step] = NULL;
	*type = field->message;
	if (field->map) {
		*type = entry_value_field(field)->message;
		if (f->at < f->size) {
			route->keys[step] = next_key(f, *type == NULL);
			if (!route->keys[step]) {
				return fail_memory(f);
			}
		}
	}
	return true;
}

bool route_find(const struct schema_type *type, const char *path, size_t size, schema_groups groups, struct arena *arena, struct route *ret_route,
                struct route_fault *ret_fault)
{
	struct finder f = {.path = path, .size = size, .groups = groups, .arena = arena, .fault = ret_fault};
	struct route route = {.count = 0};
	if (size == 0) {
		return fail(&f, 0, "a field name is missing");
	}
	if (path[size - 1] == '.') {
		return fail(&f, size - 1, "a field name is missing behind the dot");
	}
	do {
		if (!type) {
			return fail(&f, f.at, "%s has no fields below it", route_last(&route)->name);
		}
		if (!find_step(&f, &type, &route)) {
			return false;
		}
	} while (f.at < f.size);
	*ret_route = route;
	return true;
}
