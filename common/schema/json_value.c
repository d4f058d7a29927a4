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

static void describe(const struct json_value *json, char *text, size_t size)
{
	static const char *const whats[] = {
		[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true", [JSON_LIST] = "a list", [JSON_OBJECT] = "an object",
	};
	char excerpt[EXCERPT_BYTES];
	if (json->text) {
		text_excerpt(json->text, strlen(json->text), excerpt, sizeof excerpt);
		snprintf(text, size, json->kind == JSON_NUMBER ? "%s" : "\"%s\"", excerpt);
	} else {
		snprintf(text, size, "%s", whats[json->kind]);
	}
}

bool json_fail_type(const struct json_reader *r, const struct trail *trail, const char *expected, const struct json_value *json)
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

static bool read_int(const struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                     struct value *ret)
{
	bool wide = field->pb->type == PROTOBUF_C_TYPE_INT64 || field->pb->type == PROTOBUF_C_TYPE_SINT64 || field->pb->type == PROTOBUF_C_TYPE_SFIXED64;
	int64_t minimum = wide ? INT64_MIN : INT32_MIN, maximum = wide ? INT64_MAX : INT32_MAX;
	const char *text = json->text; /* bare or quoted, as the mapping allows for every kind of number */
	char expected[80];
	*ret = (struct value){.kind = VALUE_INT};
	enum number_fit fit = text ? number_int(text, minimum, maximum, &ret->integer) : NUMBER_BAD;
	if (fit == NUMBER_FITS) {
		return true;
	}
	snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, minimum, maximum);
	return json_fail_type(r, trail, fit == NUMBER_RANGE ? expected : "a whole number", json);
}

static bool read_uint(const struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                      struct value *ret)
{
	bool wide = field->pb->type == PROTOBUF_C_TYPE_UINT64 || field->pb->type == PROTOBUF_C_TYPE_FIXED64;
	uint64_t maximum = wide ? UINT64_MAX : UINT32_MAX;
	const char *text = json->text;
	char expected[80];
	*ret = (struct value){.kind = VALUE_UINT};
	enum number_fit fit = text ? number_uint(text, maximum, &ret->unsigned_integer) : NUMBER_BAD;
	if (fit == NUMBER_FITS) {
		return true;
	}
	snprintf(expected, sizeof expected, "a whole number from 0 to %" PRIu64, maximum);
	return json_fail_type(r, trail, fit == NUMBER_RANGE ? expected : "a whole number", json);
}

static bool read_double(const struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                        struct value *ret)
{
	static const struct {
		const char *name;
		double value;
	} names[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
	const char *text = json->text;
	*ret = (struct value){.kind = VALUE_DOUBLE};
	for (size_t i = 0; json->kind == JSON_STRING && i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(text, names[i].name) == 0) {
			ret->number = names[i].value;
			return true;
		}
	}
	enum number_fit fit = text ? number_double(text, field->pb->type == PROTOBUF_C_TYPE_FLOAT, &ret->number) : NUMBER_BAD;
	return fit == NUMBER_FITS || json_fail_type(r, trail, fit == NUMBER_RANGE ? "a number that fits the field" : "a number", json);
}

static bool read_enum(const struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                      struct value *ret)
{
	const struct schema_enum *enumeration = field->enumeration;
	const char *name = json->text;
	*ret = (struct value){.kind = VALUE_ENUM};
	if (json->kind == JSON_NULL && enum_is_null(enumeration)) {
		return true;
	}
	if (json->kind == JSON_NUMBER && number_int(json->text, INT32_MIN, INT32_MAX, &ret->integer) == NUMBER_FITS) {
		return true;
	}
	if (json->kind != JSON_STRING) {
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

bool json_read_bytes(struct json_reader *r, const struct json_value *json, const struct trail *trail, struct bytes *ret_bytes)
{
	if (json->kind == JSON_STRING && base64_decode(json->text, strlen(json->text), r->arena, ret_bytes)) {
		return true;
	}
	return r->arena->overflowed ? json_fail_memory(r) : json_fail_type(r, trail, "base64 text", json);
}

/* ---- by type --------------------------------------------------------------------------------------------------------------- */

static bool read_string(const struct json_reader *r, const struct json_value *json, const struct trail *trail, struct value *ret)
{
	*ret = (struct value){.kind = VALUE_STRING, .string = json->text};
	return json->kind == JSON_STRING || json_fail_type(r, trail, "text", json);
}

bool json_read_value(struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                     struct value *ret_value)
{
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_BOOL:
		*ret_value = (struct value){.kind = VALUE_BOOL, .boolean = json->kind == JSON_TRUE};
		return json->kind == JSON_TRUE || json->kind == JSON_FALSE || json_fail_type(r, trail, "true or false", json);
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

/* Plain digits only, as a key is written. */
static bool is_plain_number(const char *text)
{
	return number_valid(text, strlen(text)) && strpbrk(text, ".eE") == NULL && strcmp(text, "-0") != 0;
}

bool json_read_key(struct json_reader *r, const struct schema_field *key_field, const char *key, const struct trail *trail,
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
	return json_read_value(r, key_field, &(struct json_value){JSON_STRING, key}, trail, ret_value);
}
