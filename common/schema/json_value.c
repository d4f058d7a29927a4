/* SPDX-License-Identifier: Apache-2.0
 *
 * json_value.c - scalars of JSON, as the proto3 mapping writes and accepts them.
 */
#include "common/base/base64.h"
#include "common/schema/json_read.h"

#include "common/schema/enums.h"
#include "common/schema/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { EXCERPT_BYTES = 48 };

const char *json_number(const json_t *json)
{
	return json_is_string(json) && json_string_length(json) > 0 && json_string_value(json)[0] == '\0' ? json_string_value(json) + 1 : NULL;
}

const char *json_text(const json_t *json)
{
	return json_is_string(json) && !json_number(json) ? json_string_value(json) : NULL;
}

static void describe(const json_t *json, char *text, size_t size)
{
	char excerpt[EXCERPT_BYTES];
	const char *what = "null";
	if (json_is_string(json)) {
		const char *number = json_number(json), *string = number ? number : json_string_value(json);
		text_excerpt(string, strlen(string), excerpt, sizeof excerpt);
		snprintf(text, size, number ? "%s" : "\"%s\"", excerpt);
		return;
	}
	if (json_is_boolean(json)) {
		what = json_is_true(json) ? "true" : "false";
	} else if (json_is_object(json)) {
		what = "an object";
	} else if (json_is_array(json)) {
		what = "a list";
	}
	snprintf(text, size, "%s", what);
}

bool json_fail_type(const struct json_reader *r, const struct trail *trail, const char *expected, const json_t *json)
{
	char got[EXCERPT_BYTES + 8];
	describe(json, got, sizeof got);
	return trail_fail(trail, r->st, "expected %s, got %s", expected, got);
}

bool json_fail_memory(const struct json_reader *r)
{
	return status_fail(r->st, STATUS_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
	                   "the message needs more memory than one call may use: send less in it");
}

/* ---- numbers --------------------------------------------------------------------------------------------------------------- */

/* Bare or quoted, as the mapping allows for every kind of number. */
static const char *number_or_text(const json_t *json)
{
	const char *number = json_number(json);
	return number ? number : json_text(json);
}

static bool read_int(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                     struct value *ret)
{
	bool wide = field->pb->type == PROTOBUF_C_TYPE_INT64 || field->pb->type == PROTOBUF_C_TYPE_SINT64 || field->pb->type == PROTOBUF_C_TYPE_SFIXED64;
	int64_t minimum = wide ? INT64_MIN : INT32_MIN, maximum = wide ? INT64_MAX : INT32_MAX;
	const char *text = number_or_text(json);
	char expected[80];
	*ret = (struct value){.kind = VALUE_INT};
	enum number_fit fit = text ? number_int(text, minimum, maximum, &ret->integer) : NUMBER_BAD;
	if (fit == NUMBER_FITS) {
		return true;
	}
	snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, minimum, maximum);
	return json_fail_type(r, trail, fit == NUMBER_RANGE ? expected : "a whole number", json);
}

static bool read_uint(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                      struct value *ret)
{
	bool wide = field->pb->type == PROTOBUF_C_TYPE_UINT64 || field->pb->type == PROTOBUF_C_TYPE_FIXED64;
	uint64_t maximum = wide ? UINT64_MAX : UINT32_MAX;
	const char *text = number_or_text(json);
	char expected[80];
	*ret = (struct value){.kind = VALUE_UINT};
	enum number_fit fit = text ? number_uint(text, maximum, &ret->unsigned_integer) : NUMBER_BAD;
	if (fit == NUMBER_FITS) {
		return true;
	}
	snprintf(expected, sizeof expected, "a whole number from 0 to %" PRIu64, maximum);
	return json_fail_type(r, trail, fit == NUMBER_RANGE ? expected : "a whole number", json);
}

static bool read_double(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                        struct value *ret)
{
	static const struct {
		const char *name;
		double value;
	} names[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
	const char *text = number_or_text(json);
	*ret = (struct value){.kind = VALUE_DOUBLE};
	for (size_t i = 0; json_text(json) && i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(text, names[i].name) == 0) {
			ret->number = names[i].value;
			return true;
		}
	}
	enum number_fit fit = text ? number_double(text, &ret->number) : NUMBER_BAD;
	/* Half a step past FLT_MAX a float rounds to infinity. FLT_MAX itself is printed a little too large: 3.4028235e38. */
	if (fit == NUMBER_FITS && field->pb->type == PROTOBUF_C_TYPE_FLOAT && fabs(ret->number) >= 0x1.ffffffp127) {
		fit = NUMBER_RANGE;
	}
	return fit == NUMBER_FITS || json_fail_type(r, trail, fit == NUMBER_RANGE ? "a number that fits the field" : "a number", json);
}

static bool read_enum(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                      struct value *ret)
{
	const struct schema_enum *enumeration = field->enumeration;
	const char *name = json_text(json), *number = json_number(json);
	*ret = (struct value){.kind = VALUE_ENUM};
	if (number && number_int(number, INT32_MIN, INT32_MAX, &ret->integer) == NUMBER_FITS) {
		return true;
	}
	if (!name) {
		return json_fail_type(r, trail, "the name of a value", json);
	}
	const struct schema_enum_value *value = enum_by_name(enumeration, name);
	if (value) {
		ret->integer = value->number;
		return true;
	}
	char excerpt[EXCERPT_BYTES];
	text_excerpt(name, strlen(name), excerpt, sizeof excerpt);
	/* People write KEY for PHASE_KEY. */
	value = enum_by_word(enumeration, name);
	const char *nearest = value ? value->name : enum_nearest(enumeration, name, true, r->arena);
	if (nearest) {
		return trail_fail(trail, r->st, "no such value: \"%s\"; did you mean %s?", excerpt, nearest);
	}
	return trail_fail(trail, r->st, "no such value: \"%s\"", excerpt);
}

/* ---- bytes ----------------------------------------------------------------------------------------------------------------- */

bool json_read_bytes(const struct json_reader *r, const json_t *json, const struct trail *trail, struct bytes *ret_bytes)
{
	const char *text = json_text(json);
	if (text && base64_decode(text, strlen(text), r->arena, ret_bytes)) {
		return true;
	}
	return r->arena->overflowed ? json_fail_memory(r) : json_fail_type(r, trail, "base64 text", json);
}

/* ---- by type --------------------------------------------------------------------------------------------------------------- */

static bool read_string(const struct json_reader *r, const json_t *json, const struct trail *trail, struct value *ret)
{
	*ret = (struct value){.kind = VALUE_STRING, .string = json_text(json)};
	return ret->string || json_fail_type(r, trail, "text", json);
}

bool json_read_value(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                     struct value *ret_value)
{
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_BOOL:
		*ret_value = (struct value){.kind = VALUE_BOOL, .boolean = json_is_true(json)};
		return json_is_boolean(json) || json_fail_type(r, trail, "true or false", json);
	case PROTOBUF_C_TYPE_STRING:
		return read_string(r, json, trail, ret_value);
	case PROTOBUF_C_TYPE_BYTES:
		*ret_value = (struct value){.kind = VALUE_BYTES};
		return json_read_bytes(r, json, trail, &ret_value->bytes);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(r, field, json, trail, ret_value);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return read_double(r, field, json, trail, ret_value);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return read_uint(r, field, json, trail, ret_value);
	case PROTOBUF_C_TYPE_MESSAGE:
		*ret_value = (struct value){.kind = VALUE_MESSAGE};
		ret_value->message = json_read_message(r, field->message, json, trail);
		return ret_value->message != NULL;
	default:
		return read_int(r, field, json, trail, ret_value);
	}
}

/* Plain digits only: then two keys that are equal are equal as text, which jansson refuses. */
static bool is_plain_number(const char *text)
{
	return number_valid(text, strlen(text)) && strpbrk(text, ".eE") == NULL && strcmp(text, "-0") != 0;
}

bool json_read_key(const struct json_reader *r, const struct schema_field *key_field, const char *key, const struct trail *trail,
                   struct value *ret_value)
{
	if (key_field->pb->type == PROTOBUF_C_TYPE_STRING) {
		*ret_value = (struct value){.kind = VALUE_STRING, .string = key};
		return true;
	}
	if (key_field->pb->type == PROTOBUF_C_TYPE_BOOL) {
		*ret_value = (struct value){.kind = VALUE_BOOL, .boolean = strcmp(key, "true") == 0};
		return ret_value->boolean || strcmp(key, "false") == 0 || trail_fail(trail, r->st, "expected true or false as the key");
	}
	if (!is_plain_number(key)) {
		return trail_fail(trail, r->st, "expected a whole number as the key");
	}
	json_t *quoted = json_string(key);
	bool good = quoted ? json_read_value(r, key_field, quoted, trail, ret_value) : json_fail_memory(r);
	json_decref(quoted);
	return good;
}
