/* SPDX-License-Identifier: Apache-2.0
 *
 * json_known.c - well-known types that JSON writes in a form of their own.
 */
#include "common/schema/json_read.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/schema/number.h"

#include <ctype.h>
#include <stdio.h>

static const struct schema_field *field_at(const struct schema_type *type, uint32_t number)
{
	return schema_field_by_number(type, number);
}

static ProtobufCMessage *amount_message(const struct json_reader *r, const struct schema_type *type, struct amount amount)
{
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!message || !known_set_amount(type, message, amount, r->arena)) {
		json_fail_memory(r);
		return NULL;
	}
	return message;
}

static ProtobufCMessage *read_timestamp(struct json_reader *r, const struct schema_type *type, const struct json_value *json,
                                        const struct trail *trail)
{
	const char *text = json->kind == JSON_STRING ? json->text : NULL;
	struct amount amount;
	if (!text || !clock_parse(text, &amount.whole, &amount.nanos)) {
		json_fail_type(r, trail, "a time such as 2026-09-30T12:00:00Z", json);
		return NULL;
	}
	return amount_message(r, type, amount);
}

static ProtobufCMessage *read_duration(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail)
{
	const char *text = json->kind == JSON_STRING ? json->text : NULL;
	char number[64];
	struct amount amount;
	size_t size = text ? strlen(text) : 0;
	bool good = size > 1 && size <= sizeof number && text[size - 1] == 's';
	if (good) {
		memcpy(number, text, size - 1);
		number[size - 1] = '\0';
		good = number_decimal(number, &amount.whole, &amount.nanos) == NUMBER_FITS && known_duration_valid(amount);
	}
	if (!good) {
		json_fail_type(r, trail, "a duration in seconds such as 90s or 1.5s", json);
		return NULL;
	}
	return amount_message(r, type, amount);
}

/* displayName becomes display_name; what has an underscore, as people write it, stays. NULL when the arena is full. */
static char *snake_path(const char *text, size_t size, struct arena *arena)
{
	if (memchr(text, '_', size)) {
		return arena_strndup(arena, text, size);
	}
	char *path = arena_alloc(arena, 2 * size + 1);
	size_t at = 0;
	for (size_t i = 0; path && i < size; i++) {
		if (isupper((unsigned char)text[i])) {
			path[at++] = '_';
		}
		path[at++] = (char)tolower((unsigned char)text[i]);
	}
	if (path) {
		path[at] = '\0';
	}
	return path;
}

/* Cuts a mask at its commas; each path is an element of a list. */
static bool split_mask(struct json_reader *r, const char *text, struct value *paths, const struct json_value *json, const struct trail *trail)
{
	const char *end = text + strlen(text);
	for (struct value *path = paths; text <= end; path++) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t size = (size_t)((comma ? comma : end) - text);
		if (size == 0) {
			return json_fail_type(r, trail, "a field name on either side of each comma", json);
		}
		*path = (struct value){.kind = VALUE_STRING, .string = snake_path(text, size, r->arena)};
		if (!path->string) {
			return json_fail_memory(r);
		}
		text += size + 1;
	}
	return true;
}

static ProtobufCMessage *read_mask(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail)
{
	if (json->kind != JSON_STRING) {
		json_fail_type(r, trail, "field names joined by commas", json);
		return NULL;
	}
	size_t count = *json->text != '\0';
	for (const char *p = json->text; *p; p++) {
		count += *p == ',';
	}
	if (count > LIMIT_MESSAGE_ELEMENTS) {
		json_fail_type(r, trail, "fewer field names", json);
		return NULL;
	}
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	struct value *paths = arena_calloc(r->arena, count, sizeof *paths);
	if (!message || !paths) {
		json_fail_memory(r);
		return NULL;
	}
	if (count == 0) {
		return message;
	}
	if (!split_mask(r, json->text, paths, json, trail)) {
		return NULL;
	}
	if (!value_append(message, field_at(type, 1), paths, count, r->arena)) {
		json_fail_memory(r);
		return NULL;
	}
	return message;
}

static ProtobufCMessage *read_wrapper(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail)
{
	struct value value;
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!message) {
		json_fail_memory(r);
		return NULL;
	}
	if (!json_read_value(r, field_at(type, 1), json, trail, &value)) {
		return NULL;
	}
	if (!value_set(message, field_at(type, 1), value, r->arena)) {
		json_fail_memory(r);
		return NULL;
	}
	return message;
}

/* ---- Any ------------------------------------------------------------------------------------------------------------------- */

static const char type_name[] = "@type";

/* Looks for "@type", which may stand behind the members whose types it tells, and goes back. NULL in `ret_url` where the object is empty. */
static bool find_url(struct json_reader *r, const struct trail *trail, const char **ret_url)
{
	const size_t start = r->at;
	const unsigned depth = r->depth;
	bool more;
	*ret_url = NULL;
	if (!json_enter(r)) {
		return false;
	}
	for (size_t count = 0; json_more(r, '}', count, &more); count++) {
		const char *name;
		struct json_value json;
		if (!more && count > 0) {
			return trail_fail(trail, r->st, "\"@type\" is missing, such as type.googleapis.com/kam.v1.Account");
		}
		if (more && !json_name(r, &name)) {
			return false;
		}
		if (more && strcmp(name, type_name) != 0) {
			if (!json_pass_over(r)) {
				return false;
			}
			continue;
		}
		if (more && !json_next(r, &json)) {
			return false;
		}
		if (more && json.kind != JSON_STRING) {
			return json_fail_type(r, &(struct trail){trail, type_name, 0}, "the URL of a type", &json);
		}
		*ret_url = more ? json.text : NULL;
		r->at = start;
		r->depth = depth;
		return true;
	}
	return false;
}

/* "value": of a type with a form of its own, or, as json_write writes what it does not know, as bytes. */
static bool read_any_value(struct json_reader *r, const struct schema_type *inner, const struct trail *up, struct bytes *ret_bytes)
{
	struct json_value json;
	struct trail trail = {up, "value", 0};
	if (!json_next(r, &json)) {
		return false;
	}
	if (!inner) {
		return json_read_bytes(r, &json, &trail, ret_bytes);
	}
	const ProtobufCMessage *message = json_read_message(r, inner, &json, &trail);
	if (!message) {
		return false;
	}
	*ret_bytes = schema_pack(message, r->arena);
	return ret_bytes->data || json_fail_memory(r);
}

static bool fail_unknown_type(const struct json_reader *r, const char *url, const struct trail *trail)
{
	char excerpt[64];
	text_excerpt(url, strlen(url), excerpt, sizeof excerpt);
	return trail_fail(trail, r->st, "no such type: \"%s\"", excerpt);
}

/* An object of "@type" and "value", in either order. An Empty needs no value. */
static bool read_any_pair(struct json_reader *r, const struct schema_type *inner, const char *url, const struct trail *trail, struct bytes *ret_bytes)
{
	bool typed = false, valued = false, more;
	*ret_bytes = (struct bytes){NULL, 0};
	if (!json_enter(r)) {
		return false;
	}
	for (size_t count = 0; json_more(r, '}', count, &more); count++) {
		const char *name;
		struct json_value ignored;
		if (!more) {
			return valued || (inner && known_kind(inner) == KNOWN_EMPTY) || trail_fail(trail, r->st, "\"value\" is missing beside \"@type\"");
		}
		if (!json_name(r, &name)) {
			return false;
		}
		bool is_type = strcmp(name, type_name) == 0;
		if (is_type ? typed : valued) {
			return trail_fail(&(struct trail){trail, name, 0}, r->st, "is given twice");
		}
		if (!is_type && strcmp(name, "value") != 0) {
			return inner ? trail_fail(&(struct trail){trail, name, 0}, r->st, "no such field; \"value\" holds a %s", inner->name)
			             : fail_unknown_type(r, url, trail);
		}
		if (!(is_type ? json_next(r, &ignored) : read_any_value(r, inner, trail, ret_bytes))) {
			return false;
		}
		typed = typed || is_type;
		valued = valued || !is_type;
	}
	return false;
}

static bool read_any_bytes(struct json_reader *r, const char *url, const struct json_value *json, const struct trail *trail, struct bytes *ret_bytes)
{
	const char *slash = strrchr(url, '/');
	const struct schema_type *inner = slash ? schema_type_find(r->schema, slash + 1) : NULL;
	enum known known = inner ? known_kind(inner) : KNOWN_NONE;
	if (!slash || slash[1] == '\0') {
		return fail_unknown_type(r, url, trail);
	}
	if (!inner || (known != KNOWN_NONE && known != KNOWN_MONEY)) {
		return read_any_pair(r, inner, url, trail, ret_bytes);
	}
	const ProtobufCMessage *message = json_read_object(r, inner, json, type_name, trail);
	if (!message) {
		return false;
	}
	*ret_bytes = schema_pack(message, r->arena);
	return ret_bytes->data || json_fail_memory(r);
}

static ProtobufCMessage *read_any(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail)
{
	const char *url;
	struct bytes bytes;
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!message) {
		json_fail_memory(r);
		return NULL;
	}
	if (json->kind != JSON_OBJECT) {
		json_fail_type(r, trail, "an object with \"@type\"", json);
		return NULL;
	}
	if (!find_url(r, trail, &url)) {
		return NULL;
	}
	if (!url) {
		return json_read_object(r, type, json, NULL, trail);
	}
	if (!read_any_bytes(r, url, json, trail, &bytes)) {
		return NULL;
	}
	struct value url_value = {.kind = VALUE_STRING, .string = url};
	struct value bytes_value = {.kind = VALUE_BYTES, .bytes = bytes};
	if (!value_set(message, field_at(type, 1), url_value, r->arena) || !value_set(message, field_at(type, 2), bytes_value, r->arena)) {
		json_fail_memory(r);
		return NULL;
	}
	return message;
}

ProtobufCMessage *json_read_known(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail)
{
	switch (known_kind(type)) {
	case KNOWN_TIMESTAMP:
		return read_timestamp(r, type, json, trail);
	case KNOWN_DURATION:
		return read_duration(r, type, json, trail);
	case KNOWN_FIELD_MASK:
		return read_mask(r, type, json, trail);
	case KNOWN_ANY:
		return read_any(r, type, json, trail);
	case KNOWN_WRAPPER:
		return read_wrapper(r, type, json, trail);
	default:
		return json_read_object(r, type, json, NULL, trail);
	}
}
