/* SPDX-License-Identifier: Apache-2.0
 *
 * json_known.c - well-known types that JSON writes in a form of their own.
 */
#include "common/schema/json_read.h"

#include "common/base/clock.h"
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

static ProtobufCMessage *read_timestamp(const struct json_reader *r, const struct schema_type *type, const json_t *json,
                                        const struct trail *trail)
{
	const char *text = json_text(json);
	struct amount amount;
	if (!text || !clock_parse(text, &amount.whole, &amount.nanos)) {
		json_fail_type(r, trail, "a time such as 2026-09-30T12:00:00Z", json);
		return NULL;
	}
	return amount_message(r, type, amount);
}

static ProtobufCMessage *read_duration(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail)
{
	const char *text = json_text(json);
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

static ProtobufCMessage *read_mask(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail)
{
	const char *text = json_text(json);
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!text) {
		json_fail_type(r, trail, "field names joined by commas", json);
		return NULL;
	}
	size_t count = *text != '\0';
	for (const char *p = text; *p; p++) {
		count += *p == ',';
	}
	struct value *paths = arena_calloc(r->arena, count, sizeof *paths);
	bool good = message && paths;
	for (size_t i = 0; good && i < count; i++) {
		size_t size = strcspn(text, ",");
		if (size == 0) {
			json_fail_type(r, trail, "a field name on either side of each comma", json);
			return NULL;
		}
		paths[i] = (struct value){.kind = VALUE_STRING, .string = snake_path(text, size, r->arena)};
		good = paths[i].string != NULL;
		text += size + 1;
	}
	if (!good || (count > 0 && !value_append(message, field_at(type, 1), paths, count, r->arena))) {
		json_fail_memory(r);
		return NULL;
	}
	return message;
}

static ProtobufCMessage *read_wrapper(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail)
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

/* The bytes of an Any whose type is known: packed from its fields, or from "value" where the type has a form of its own. */
static bool read_any_known(const struct json_reader *r, const struct schema_type *inner, const json_t *json, const struct trail *trail,
                           struct bytes *ret_bytes)
{
	enum known known = known_kind(inner);
	const json_t *value = json_object_get(json, "value");
	ProtobufCMessage *message;
	if (known == KNOWN_NONE || known == KNOWN_MONEY || (known == KNOWN_EMPTY && !value)) {
		message = json_read_object(r, inner, json, "@type", trail);
	} else if (!value || json_object_size(json) != 2) {
		return trail_fail(trail, r->st, "expected \"@type\" and \"value\" for a %s", inner->name);
	} else {
		message = json_read_message(r, inner, value, trail);
	}
	if (!message) {
		return false;
	}
	*ret_bytes = schema_pack(message, r->arena);
	return ret_bytes->data || json_fail_memory(r);
}

static bool read_any_bytes(const struct json_reader *r, const char *url, const json_t *json, const struct trail *trail, struct bytes *ret_bytes)
{
	const char *slash = strrchr(url, '/');
	const struct schema_type *inner = slash ? schema_type_find(r->schema, slash + 1) : NULL;
	const json_t *value = json_object_get(json, "value");
	char excerpt[64];
	if (inner) {
		return read_any_known(r, inner, json, trail, ret_bytes);
	}
	/* As json_write writes what it does not know. */
	if (slash && value && json_object_size(json) == 2) {
		struct trail below = {trail, "value", 0};
		return json_read_bytes(r, value, &below, ret_bytes);
	}
	text_excerpt(url, strlen(url), excerpt, sizeof excerpt);
	return trail_fail(trail, r->st, "no such type: \"%s\"", excerpt);
}

static ProtobufCMessage *read_any(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail)
{
	struct bytes bytes;
	ProtobufCMessage *message = schema_message_new(type, r->arena);
	if (!message) {
		json_fail_memory(r);
		return NULL;
	}
	if (!json_is_object(json)) {
		json_fail_type(r, trail, "an object with \"@type\"", json);
		return NULL;
	}
	if (json_object_size(json) == 0) {
		return message;
	}
	const char *url = json_text(json_object_get(json, "@type"));
	if (!url) {
		trail_fail(trail, r->st, "\"@type\" is missing, such as type.googleapis.com/kam.v1.Account");
		return NULL;
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

ProtobufCMessage *json_read_known(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail)
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
