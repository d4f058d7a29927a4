/* SPDX-License-Identifier: Apache-2.0
 *
 * fixture.h - what the tests of common/schema share: the contracts, an arena for each test, messages from JSON and from chance.
 *
 * Include it after cmocka.h. A test program has one set of these.
 */
#pragma once

#include "common/base/limits.h"
#include "common/schema/filter.h"
#include "common/schema/json.h"
#include "common/schema/known.h"
#include "common/schema/value.h"

#include <math.h>
#include <stdio.h>

const struct schema_source *schema_source_sample(void);
const struct schema_source *schema_source_rules(void);

static struct schema *sample, *books, *kam;
static struct arena arena;
static struct status st;

static inline int fixture_open(void **state)
{
	(void)state;
	status_init(&st);
	sample = schema_new(schema_source_sample(), &st);
	books = schema_new(schema_source_rules(), &st);
	kam = schema_new(schema_source_kam(), &st);
	if (!status_ok(&st)) {
		print_error("%s\n", st.message);
	}
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	return sample && books && kam ? 0 : -1;
}

static inline int fixture_close(void **state)
{
	(void)state;
	arena_done(&arena);
	schema_free(sample);
	schema_free(books);
	schema_free(kam);
	return 0;
}

/* Before each test. */
static inline int fixture_reset(void **state)
{
	(void)state;
	arena_reset(&arena);
	status_init(&st);
	return 0;
}

static inline const struct schema_type *type_of(const char *name)
{
	const struct schema_type *type = schema_type_find(sample, name);
	assert_non_null(type);
	return type;
}

static inline const struct schema_type *thing_type(void)
{
	return type_of("kam.test.v1.Thing");
}

static inline const struct schema_type *book_type(void)
{
	const struct schema_type *type = schema_type_find(books, "kam.rules.v1.Book");
	assert_non_null(type);
	return type;
}

/* A message from JSON; single quotes stand for double ones. */
static inline ProtobufCMessage *message_of(const struct schema_type *type, const char *json)
{
	char *text = arena_strdup(&arena, json);
	for (char *p = text; *p; p++) {
		*p = *p == '\'' ? '"' : *p;
	}
	ProtobufCMessage *message = json_read(sample, type, bytes_of(text), &arena, &st);
	if (!message) {
		fail_msg("%s: %s", text, st.message);
	}
	return message;
}

static inline ProtobufCMessage *thing(const char *json)
{
	return message_of(thing_type(), json);
}

/* A filter of things that must be accepted. */
static inline const struct filter *filter_of(const char *text, schema_groups groups)
{
	const struct filter *filter = NULL;
	status_init(&st);
	if (!filter_parse(thing_type(), text, groups, &arena, &filter, &st)) {
		fail_msg("%s: %s", text, st.message);
	}
	return filter;
}

static inline const char *json_of(const struct schema_type *type, const ProtobufCMessage *message, unsigned options)
{
	struct buf out;
	buf_init(&out, &arena);
	json_write(sample, type, message, options, &out);
	assert_false(out.failed);
	return buf_text(&out);
}

/* ---- chance ---------------------------------------------------------------------------------------------------------------- */

static uint64_t chance_state = 0x9E3779B97F4A7C15u;

/* xorshift64*: the same numbers on every run. */
static inline uint64_t chance(void)
{
	chance_state ^= chance_state >> 12;
	chance_state ^= chance_state << 25;
	chance_state ^= chance_state >> 27;
	return chance_state * 0x2545F4914F6CDD1Du;
}

static inline size_t chance_below(size_t limit)
{
	return (size_t)(chance() % limit);
}

static inline int64_t chance_int(void)
{
	static const int64_t edges[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1000, -1000};
	size_t pick = chance_below(20);
	return pick < sizeof edges / sizeof edges[0] ? edges[pick] : (int64_t)(chance() >> chance_below(64));
}

static inline double chance_double(void)
{
	static const double edges[] = {0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 5e-324, 123456789.123456789, INFINITY, -INFINITY, 1e15, 1e21, 0.1f};
	size_t pick = chance_below(20);
	return pick < sizeof edges / sizeof edges[0] ? edges[pick] : (double)chance_int() / 1000.0;
}

static inline const char *chance_text(void)
{
	static const char *const parts[] = {"a", "B", "z", " ", "\"", "\\", "\n", "\x01", "\x7f", "ß", "É", "日本", "😀", "*", "'", ".", "0"};
	char text[64] = "";
	for (size_t i = chance_below(8); i > 0; i--) {
		strcat(text, parts[chance_below(sizeof parts / sizeof parts[0])]);
	}
	return arena_strdup(&arena, text);
}

static inline ProtobufCMessage *chance_message(const struct schema_type *type, unsigned depth);

static inline struct value chance_message_value(const struct schema_type *type, unsigned depth)
{
	ProtobufCMessage *message = schema_message_new(type, &arena);
	int64_t seconds = (int64_t)(chance() % 250000000000u), sign = chance_below(2) ? 1 : -1;
	static const int32_t nanos[] = {0, 120000000, 120450000, 999999999, 1};
	struct amount amount = {seconds, nanos[chance_below(5)]};
	struct value path = {.kind = VALUE_STRING, .string = "opt_in.signed_on"};
	struct value url = {.kind = VALUE_STRING, .string = "type.googleapis.com/kam.v1.Account"};
	switch (known_kind(type)) {
	case KNOWN_TIMESTAMP:
		known_set_amount(type, message, amount, &arena);
		break;
	case KNOWN_DURATION:
	case KNOWN_MONEY:
		known_set_amount(type, message, (struct amount){sign * amount.whole, (int32_t)sign * amount.nanos}, &arena);
		break;
	case KNOWN_FIELD_MASK:
		value_set(message, schema_field_by_number(type, 1), path, &arena);
		value_set(message, schema_field_by_number(type, 1), (struct value){.kind = VALUE_STRING, .string = "name"}, &arena);
		break;
	case KNOWN_ANY: {
		const ProtobufCMessage *inner = chance_message(schema_type_find(sample, "kam.v1.Money"), depth + 1);
		struct value bytes = {.kind = VALUE_BYTES, .bytes = schema_pack(inner, &arena)};
		url.string = "type.googleapis.com/kam.v1.Money";
		value_set(message, schema_field_by_number(type, 1), url, &arena);
		value_set(message, schema_field_by_number(type, 2), bytes, &arena);
		break;
	}
	default:
		message = chance_message(type, depth + 1);
		break;
	}
	return (struct value){.kind = VALUE_MESSAGE, .message = message};
}

/* An element of a field, as value_set takes it. */
static inline struct value chance_value(const struct schema_field *field, unsigned depth)
{
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return (struct value){.kind = VALUE_BOOL, .boolean = chance_below(2) != 0};
	case PROTOBUF_C_TYPE_ENUM:
		return (struct value){.kind = VALUE_ENUM, .integer = (int64_t)chance_below(8)};
	case PROTOBUF_C_TYPE_STRING:
		return (struct value){.kind = VALUE_STRING, .string = chance_text()};
	case PROTOBUF_C_TYPE_BYTES:
		return (struct value){.kind = VALUE_BYTES, .bytes = bytes_of(chance_text())};
	case PROTOBUF_C_TYPE_MESSAGE:
		return chance_message_value(field->message, depth);
	case PROTOBUF_C_TYPE_FLOAT:
		return (struct value){.kind = VALUE_DOUBLE, .number = (double)(float)((double)(int32_t)chance() / 3)};
	case PROTOBUF_C_TYPE_DOUBLE:
		return (struct value){.kind = VALUE_DOUBLE, .number = chance_double()};
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return (struct value){.kind = VALUE_UINT, .unsigned_integer = (uint32_t)chance_int()};
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return (struct value){.kind = VALUE_UINT, .unsigned_integer = (uint64_t)chance_int()};
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return (struct value){.kind = VALUE_INT, .integer = (int32_t)chance_int()};
	default:
		return (struct value){.kind = VALUE_INT, .integer = chance_int()};
	}
}

/* A message with about half of its fields set, to a few levels; no secrets. Maps are made canonical by packing and unpacking it. */
static inline ProtobufCMessage *chance_message(const struct schema_type *type, unsigned depth)
{
	ProtobufCMessage *message = schema_message_new(type, &arena);
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (field->rules.secret || (field->message && depth > 3) || chance_below(2)) {
			continue;
		}
		for (size_t j = field->repeated ? chance_below(4) : 1; j > 0; j--) {
			assert_true(value_set(message, field, chance_value(field, depth), &arena));
		}
	}
	return message;
}
