/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes before they are messages: what is refused, that whatever passes unpacks, and that cutting bytes and cutting messages are one thing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/limits.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"

#include <sample.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

const struct schema_source *schema_source_sample(void);

static struct schema *schema;
static const struct schema_type *thing_type, *node_type;
static struct arena arena;

static int set_up(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	schema = schema_new(schema_source_sample(), &st);
	if (!schema) {
		return -1;
	}
	thing_type = schema_type_find(schema, "kam.test.v1.Thing");
	node_type = schema_type_find(schema, "kam.test.v1.Node");
	return thing_type && node_type ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	schema_free(schema);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

/* ---- random messages ------------------------------------------------------------------------------------------------------- */

static uint64_t random_state;

/* xorshift64: the same messages on every run. */
static uint32_t random_below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % bound;
}

static ProtobufCMessage *random_message(const struct schema_type *type, unsigned depth);

static struct value random_value(const struct schema_field *field, unsigned depth)
{
	static const char *const texts[] = {"", "a", "Zoë", "a longer text with more than a few bytes in it"};
	static const uint64_t numbers[] = {0, 1, 127, 128, 300, INT32_MAX};
	uint64_t number = numbers[random_below(6)];
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_STRING:
		return (struct value){.kind = VALUE_STRING, .string = texts[random_below(4)]};
	case PROTOBUF_C_TYPE_BYTES:
		return (struct value){.kind = VALUE_BYTES, .bytes = bytes_of(texts[random_below(4)])};
	case PROTOBUF_C_TYPE_MESSAGE:
		return (struct value){.kind = VALUE_MESSAGE, .message = random_message(field->message, depth - 1)};
	case PROTOBUF_C_TYPE_BOOL:
		return (struct value){.kind = VALUE_BOOL, .boolean = random_below(2)};
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return (struct value){.kind = VALUE_DOUBLE, .number = (double)number / 4};
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return (struct value){.kind = VALUE_UINT, .unsigned_integer = number};
	default:
		return (struct value){.kind = VALUE_INT, .integer = random_below(2) ? (int64_t)number : -(int64_t)number};
	}
}

static ProtobufCMessage *random_message(const struct schema_type *type, unsigned depth)
{
	ProtobufCMessage *message = schema_message_new(type, &arena);
	assert_non_null(message);
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		uint32_t count = field->repeated ? random_below(4) : random_below(2);
		/* A map's entry without its value is not what anybody packs. */
		count = type->map_entry ? 1 : depth == 0 && field->message ? 0 : count;
		for (uint32_t j = 0; j < count; j++) {
			assert_true(value_set(message, field, random_value(field, depth), &arena));
		}
	}
	return message;
}

/* Packed, unpacked and packed again, so that maps are in order. */
static struct bytes random_bytes(const struct schema_type *type)
{
	struct status st;
	status_init(&st);
	ProtobufCMessage *message = schema_unpack(type, schema_pack(random_message(type, 3), &arena), &arena, &st);
	assert_non_null(message);
	return schema_pack(message, &arena);
}

/* ---- checking -------------------------------------------------------------------------------------------------------------- */

static bool check(const struct schema_type *type, const void *data, size_t size, struct status *st)
{
	/* A copy of exactly this size, so that sanitizers see a read past the end. */
	uint8_t *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, data, size);
	status_init(st);
	bool good = wire_check(type, (struct bytes){copy, size}, true, st);
	free(copy);
	return good;
}

/* A message cut anywhere is refused, or is a shorter message that unpacks. */
static void truncated(void **state)
{
	(void)state;
	struct status st;
	random_state = 1;
	for (int round = 0; round < 20; round++) {
		struct bytes bytes = random_bytes(thing_type);
		assert_true(check(thing_type, bytes.data, bytes.size, &st));
		for (size_t size = 0; size < bytes.size; size++) {
			bool good = check(thing_type, bytes.data, size, &st);
			assert_int_equal(st.code, good ? STATUS_OK : STATUS_INVALID_ARGUMENT);
			if (good) {
				assert_non_null(schema_unpack(thing_type, (struct bytes){bytes.data, size}, &arena, &st));
			}
		}
		arena_reset(&arena);
	}
}

/* Whatever passes the check, protobuf-c unpacks, and what it packs passes again. */
static void damaged(void **state)
{
	(void)state;
	struct status st;
	size_t passed = 0, refused = 0;
	random_state = 2;
	for (int round = 0; round < 3000; round++) {
		struct bytes bytes = random_bytes(thing_type);
		uint8_t *copy = arena_memdup(&arena, bytes.data, bytes.size);
		for (uint32_t i = random_below(4); bytes.size > 0 && i < 4; i++) {
			copy[random_below((uint32_t)bytes.size)] = (uint8_t)random_below(256);
		}
		if (!check(thing_type, copy, bytes.size, &st)) {
			assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
			refused++;
			continue;
		}
		passed++;
		ProtobufCMessage *message = schema_unpack(thing_type, (struct bytes){copy, bytes.size}, &arena, &st);
		assert_non_null(message);
		struct bytes packed = schema_pack(message, &arena);
		assert_true(check(thing_type, packed.data, packed.size, &st));
		arena_reset(&arena);
	}
	assert_true(passed > 100 && refused > 100);
}

struct row {
	const char *bytes;
	size_t size;
	bool good;
	const char *phrase; /* of the message, where it is refused */
};

#define GOOD(text) {text, sizeof text - 1, true, NULL}
#define BAD(text, phrase) {text, sizeof text - 1, false, phrase}

static void by_hand(void **state)
{
	(void)state;
	static const struct row rows[] = {
		GOOD(""),
		GOOD("\x2a\x02" "ab"),
		BAD("\x2a\x02" "a\0", "display_name is no UTF-8"),
		BAD("\x2a\x02" "a\xff", "display_name is no UTF-8"),
		BAD("\x2a\x03\xed\xa0\x80", "display_name"),         /* a surrogate */
		BAD("\x2a\x02\xc0\x80", "display_name"),             /* NUL, over-long */
		GOOD("\x2a\x09" "12345678\x01"),
		BAD("\x2a\x09" "12345678\x00", "display_name"),
		BAD("\x2a\x09" "1234567\x00" "9", "display_name"),
		GOOD("\x7a\x02\x00\xff"),                            /* bytes may hold anything */
		BAD("\x2a\x03" "ab", "cut short"),
		BAD("\x2a", "cut short"),
		BAD("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "cut short"),
		BAD("\x2a\x80\x80\x80\x80\x80\x00", "cut short"),    /* a length of six bytes */
		BAD("\x00\x01", "no protobuf"),                      /* field 0 */
		BAD("\x03", "no protobuf"),                          /* groups */
		BAD("\x2c", "no protobuf"),
		BAD("\x2f", "no protobuf"),                          /* wire type 7 */
		BAD("\x30", "cut short"),
		BAD("\x30\x80", "cut short"),
		GOOD("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		BAD("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "cut short"),
		BAD("\x35\x01\x00\x00\x00", "i32 has another type"), /* int32 as fixed32 */
		BAD("\x28\x01", "display_name has another type"),
		BAD("\x32\x01\x05", "i32 has another type"),         /* a singular number is never packed */
		GOOD("\x92\x01\x03\x01\x80\x01"),                    /* numbers, packed */
		GOOD("\x90\x01\x05\x90\x01\x06"),                    /* the same, not packed */
		BAD("\x92\x01\x02\x01\x80", "numbers ends in the middle"),
		GOOD("\x9a\x01\x00"),
		BAD("\x9a\x01\x07\x01\x02\x03\x04\x05\x06\x07", "weights ends in the middle"),
		GOOD("\xa2\x01\x01\x02"),                            /* packed where the contract says otherwise */
		BAD("\x82\x01\x00\x82\x01\x00", "part comes twice"),
		GOOD("\x8a\x01\x00\x8a\x01\x00"),                    /* parts may */
		BAD("\xda\x01\x00\xda\x01\x00", "piece comes twice"),
		GOOD("\xda\x01\x00\xe0\x01\x05"),                    /* another member of the oneof: the last counts */
		GOOD("\xc0\x01\x01\xc0\x01\x02"),                    /* optional int32 twice */
		BAD("\x82\x01\x04\x0a\x02\xc3\x28", "part.label is no UTF-8"),
		BAD("\x82\x01\x06\x2a\x04\x0a\x02\xc3\x28", "part.price.currency_code is no UTF-8"),
		BAD("\x82\x01\x01\x0a", "part holds bytes that are no protobuf"),
		BAD("\xb2\x01\x03\x0a\x01\xff", "labels.key is no UTF-8"),
		GOOD("\xb2\x01\x00"),
		BAD("\xba\x01\x04\x12\x00\x12\x00", "slots.value comes twice"),
		GOOD("\xa0\x06\x07"),                                /* field 100 */
		GOOD("\xa2\x06\x02\xff\x00"),
		BAD("\xa3\x06\xa4\x06", "no protobuf"),              /* an unknown group */
		BAD("\x80\x80\x80\x80\x80\x01\x00", "no protobuf"),  /* a tag of six bytes */
		BAD("\xf8\xff\xff\xff\x1f\x00", "no protobuf"),      /* a tag past 32 bits */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct status st;
		bool good = check(thing_type, rows[i].bytes, rows[i].size, &st);
		bool told = good || (strstr(st.message, rows[i].phrase) || (st.violations_count && strstr(st.violations[0].field, rows[i].phrase)));
		char whole[STATUS_FIELD_BYTES + STATUS_DESCRIPTION_BYTES + 2] = "";
		if (!good && st.violations_count > 0) {
			snprintf(whole, sizeof whole, "%s %s", st.violations[0].field, st.violations[0].description);
			told = told || strstr(whole, rows[i].phrase);
		}
		if (good != rows[i].good || !told) {
			print_error("row %zu: %s; %s\n", i, st.message, whole);
		}
		assert_int_equal(good, rows[i].good);
		assert_true(told);
		if (good) {
			assert_non_null(schema_unpack(thing_type, (struct bytes){(const uint8_t *)rows[i].bytes, rows[i].size}, &arena, &st));
		}
	}
}

static void unknown_fields(void **state)
{
	(void)state;
	struct status st;
	static const uint8_t top[] = {0xa0, 0x06, 7}, below[] = {0x82, 1, 3, 0xa0, 0x06, 7};
	status_init(&st);
	assert_false(wire_check(thing_type, (struct bytes){top, sizeof top}, false, &st));
	assert_non_null(strstr(st.message, "100"));
	status_init(&st);
	assert_false(wire_check(thing_type, (struct bytes){below, sizeof below}, false, &st));
	assert_string_equal(st.violations[0].field, "part");
	status_init(&st);
	assert_true(wire_check(thing_type, (struct bytes){below, sizeof below}, true, &st));
}

/* Node.next inside Node.next, `depth` messages in all. */
static struct bytes nested(unsigned depth)
{
	struct bytes inner = {(const uint8_t *)"", 0};
	for (unsigned i = 1; i < depth; i++) {
		struct buf buf;
		buf_init(&buf, &arena);
		wire_add_bytes(&buf, 3, inner);
		inner = buf_bytes(&buf);
	}
	return inner;
}

static void nesting(void **state)
{
	(void)state;
	struct status st;
	struct bytes deepest = nested(LIMIT_MESSAGE_DEPTH), deeper = nested(LIMIT_MESSAGE_DEPTH + 1), abyss = nested(3000);
	assert_true(check(node_type, deepest.data, deepest.size, &st));
	assert_non_null(schema_unpack(node_type, deepest, &arena, &st));
	assert_false(check(node_type, deeper.data, deeper.size, &st));
	assert_non_null(strstr(st.message, "too deep"));
	assert_false(check(node_type, abyss.data, abyss.size, &st));
}

/* Two bytes on the wire are 60 in memory: the budget keeps what a message of 4 MiB may cost below the arena's limit. */
static void amplification(void **state)
{
	(void)state;
	struct status st;
	size_t size = 2 * (LIMIT_MESSAGE_ELEMENTS + 1);
	uint8_t *bytes = calloc(1, size);
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i += 2) {
		bytes[i] = 0x0a;
	}
	assert_true(check(node_type, bytes, size - 2, &st));
	assert_non_null(schema_unpack(node_type, (struct bytes){bytes, size - 2}, &arena, &st));
	assert_false(check(node_type, bytes, size, &st));
	assert_non_null(strstr(st.message, "number of values"));

	/* Packed numbers count too, below as well as at the top. */
	struct buf packed;
	buf_init(&packed, &arena);
	memset(bytes, 1, size);
	wire_add_bytes(&packed, 18, (struct bytes){bytes, LIMIT_MESSAGE_ELEMENTS - 1});
	assert_true(check(thing_type, packed.data, packed.size, &st));
	struct bytes fitting = buf_bytes(&packed);
	struct buf page;
	buf_init(&page, &arena);
	wire_add_bytes(&page, 1, fitting);
	assert_false(check(schema_type_find(schema, "kam.test.v1.Page"), page.data, page.size, &st));
	wire_add_varint(&packed, 18, 1);
	assert_false(check(thing_type, packed.data, packed.size, &st));
	free(bytes);
}

/* ---- cutting --------------------------------------------------------------------------------------------------------------- */

static void same_cut(const struct schema_type *type, struct bytes bytes, schema_groups groups)
{
	struct status st;
	status_init(&st);
	struct bytes cut = wire_cut(type, bytes, groups, &arena);
	assert_non_null(cut.data);
	assert_true(wire_check(type, cut, true, &st));
	ProtobufCMessage *from_cut = schema_unpack(type, cut, &arena, &st), *whole = schema_unpack(type, bytes, &arena, &st);
	assert_non_null(from_cut);
	assert_non_null(whole);
	message_cut(type, whole, groups);
	struct bytes expected = schema_pack(whole, &arena);
	assert_true(bytes_equal(expected, schema_pack(from_cut, &arena)));
	/* Cut twice is cut once. */
	struct bytes again = wire_cut(type, cut, groups, &arena);
	assert_true(bytes_equal(again, cut));
}

static void cutting_is_one_thing(void **state)
{
	(void)state;
	static const char *const types[] = {"kam.test.v1.Thing", "kam.test.v1.Page", "kam.test.v1.Part", "kam.test.v1.Leaf"};
	random_state = 3;
	for (int round = 0; round < 60; round++) {
		for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
			const struct schema_type *type = schema_type_find(schema, types[i]);
			struct bytes bytes = random_bytes(type);
			for (schema_groups groups = 0; groups < 64; groups += 2) {
				same_cut(type, bytes, groups);
			}
			same_cut(type, bytes, GROUPS_ALL);
		}
		arena_reset(&arena);
	}
	/* The sample's set holds the real contract as well. */
	for (size_t i = 0; i < schema_resources_count(schema); i++) {
		const struct schema_type *type = schema_resource_at(schema, i)->type;
		struct bytes bytes = random_bytes(type);
		for (schema_groups groups = 0; groups < 64; groups += 2) {
			same_cut(type, bytes, groups);
		}
		arena_reset(&arena);
	}
}

static bool holds(struct bytes bytes, const char *text)
{
	return bytes.size > 0 && memmem(bytes.data, bytes.size, text, strlen(text));
}

static void hidden_is_gone(void **state)
{
	(void)state;
	struct status st;
	status_init(&st);
	Kam__Test__V1__Thing thing = KAM__TEST__V1__THING__INIT;
	Kam__Test__V1__Part part = KAM__TEST__V1__PART__INIT, inner = KAM__TEST__V1__PART__INIT;
	Kam__Test__V1__Part *parts[] = {&part, &inner};
	char *people[] = {(char *)(uintptr_t) "PERSON"};
	thing.name = (char *)(uintptr_t) "things/a";
	thing.note = (char *)(uintptr_t) "NOTE";
	thing._note_case = KAM__TEST__V1__THING___NOTE_NOTE;
	part.label = (char *)(uintptr_t) "LABEL";
	part.key = (ProtobufCBinaryData){6, (uint8_t *)(uintptr_t) "SECRET"};
	inner.n_people = 1;
	inner.people = people;
	thing.n_parts = 2;
	thing.parts = parts;
	thing.part = &part;
	struct bytes bytes = schema_pack(&thing.base, &arena);

	struct bytes cut = wire_cut(thing_type, bytes, 1u << GROUP_PUBLIC, &arena);
	assert_true(holds(cut, "things/a") && holds(cut, "LABEL"));
	assert_false(holds(cut, "NOTE") || holds(cut, "SECRET") || holds(cut, "PERSON"));
	Kam__Test__V1__Thing *seen = (Kam__Test__V1__Thing *)schema_unpack(thing_type, cut, &arena, &st);
	assert_null(seen->part);
	assert_int_equal(seen->n_parts, 2);
	/* Secrets leave with nobody. */
	cut = wire_cut(thing_type, bytes, GROUPS_ALL, &arena);
	assert_true(holds(cut, "NOTE") && holds(cut, "PERSON"));
	assert_false(holds(cut, "SECRET"));
}

static void uncut_is_uncopied(void **state)
{
	(void)state;
	const struct schema_type *leaf = schema_type_find(schema, "kam.test.v1.Leaf");
	static const uint8_t known[] = {0x0a, 1, 'a'}, unknown[] = {0x0a, 1, 'a', 0xa0, 0x06, 7};
	struct bytes bytes = {known, sizeof known};
	size_t before = arena.used_bytes;
	assert_ptr_equal(wire_cut(leaf, bytes, GROUPS_ALL, &arena).data, known);
	assert_ptr_equal(wire_cut(leaf, bytes, 1u << GROUP_PUBLIC, &arena).data, known);
	/* A field that only a newer program knows has no group: readers of everything alone get it. */
	struct bytes newer = {unknown, sizeof unknown};
	assert_ptr_equal(wire_cut(leaf, newer, GROUPS_ALL, &arena).data, unknown);
	assert_int_equal(arena.used_bytes, before);
	assert_true(bytes_equal(wire_cut(leaf, newer, 1u << GROUP_PUBLIC, &arena), bytes));
	assert_int_equal(wire_cut(leaf, bytes, 0, &arena).size, 0);
	assert_non_null(wire_cut(leaf, bytes, 0, &arena).data);
	assert_non_null(wire_cut(leaf, (struct bytes){NULL, 0}, 0, &arena).data);
	/* Damaged, or no memory: nothing comes back. */
	assert_null(wire_cut(leaf, (struct bytes){known, 2}, 1u << GROUP_PUBLIC, &arena).data);
	struct arena small;
	arena_init(&small, 0);
	assert_null(wire_cut(leaf, newer, 1u << GROUP_PUBLIC, &small).data);
	arena_done(&small);
}

/* ---- single fields --------------------------------------------------------------------------------------------------------- */

static void single_fields(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		struct buf buf;
		uint64_t value = 1;
		buf_init(&buf, &arena);
		wire_add_varint(&buf, 1, numbers[i]);
		struct bytes bytes = {buf.data + 1, buf.size - 1};
		assert_int_equal(wire_varint(bytes, &value), bytes.size);
		assert_true(value == numbers[i]);
		for (size_t size = 0; size < bytes.size; size++) {
			assert_int_equal(wire_varint((struct bytes){bytes.data, size}, &value), 0);
		}
	}
	static const uint8_t over_long[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
	uint64_t value;
	assert_int_equal(wire_varint((struct bytes){over_long, sizeof over_long}, &value), 0);

	struct buf buf;
	buf_init(&buf, &arena);
	wire_add_bytes(&buf, 1, bytes_of("first"));
	wire_add_varint(&buf, 2, 300);
	wire_add_bytes(&buf, 16, bytes_of("other"));
	wire_add_bytes(&buf, 1, bytes_of("last"));
	assert_true(bytes_equal(wire_find(buf_bytes(&buf), 1), bytes_of("last")));
	assert_true(bytes_equal(wire_find(buf_bytes(&buf), 16), bytes_of("other")));
	assert_int_equal(wire_find(buf_bytes(&buf), 2).size, 0);
	assert_int_equal(wire_find(buf_bytes(&buf), 3).size, 0);
	assert_int_equal(wire_find((struct bytes){NULL, 0}, 3).size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(truncated),     TEST(damaged),       TEST(by_hand),              TEST(unknown_fields), TEST(nesting),
		TEST(amplification), TEST(single_fields), TEST(cutting_is_one_thing), TEST(hidden_is_gone), TEST(uncut_is_uncopied),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
