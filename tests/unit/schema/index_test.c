/* SPDX-License-Identifier: Apache-2.0
 *
 * Indexes: how values are encoded, what a message has in them, and which range of one answers a filter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/schema/fixture.h"

static int order_of(struct bytes a, struct bytes b)
{
	int order = bytes_compare(a, b);
	return (order > 0) - (order < 0);
}

static void check_encoding(const struct schema_field *field, struct value a, struct value b)
{
	struct bytes x = index_encode(field, a, &arena), y = index_encode(field, b, &arena);
	assert_non_null(x.data);
	assert_true(x.size <= LIMIT_INDEX_VALUE_BYTES);
	assert_int_equal(order_of(x, y), value_compare(a, b));
}

static void encodings_sort_as_values(void **state)
{
	(void)state;
	static const char *const names[] = {"i32", "s64", "sf32", "u32", "f64", "ratio", "score", "flag", "warmth", "name", "blob", "create_time",
	                                    "length", "worth"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct schema_field *field = schema_field_find(thing_type(), names[i]);
		for (int j = 0; j < 500; j++) {
			check_encoding(field, chance_value(field, 0), chance_value(field, 0));
		}
		arena_reset(&arena);
	}
	const struct schema_field *score = schema_field_find(thing_type(), "score");
	struct value nan = {.kind = VALUE_DOUBLE, .number = NAN}, low = {.kind = VALUE_DOUBLE, .number = -INFINITY};
	check_encoding(score, nan, low);
	check_encoding(score, nan, nan);
}

static void encoding_folds_and_cuts(void **state)
{
	(void)state;
	char text[2 * LIMIT_INDEX_VALUE_BYTES + 1];
	memset(text, 'A', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	const struct schema_field *folded = schema_field_find(thing_type(), "display_name");
	struct bytes bytes = index_encode(folded, (struct value){.kind = VALUE_STRING, .string = text}, &arena);
	assert_int_equal(bytes.size, LIMIT_INDEX_VALUE_BYTES);
	assert_int_equal(bytes.data[0], 'a');
	const struct schema_field *time = schema_field_find(thing_type(), "create_time");
	bytes = index_encode(time, value_get(thing("{'createTime':'2026-09-30T12:00:00.5Z'}"), time, 0), &arena);
	assert_int_equal(bytes.size, 12);
}

struct emitted {
	size_t count;
	struct {
		uint32_t id;
		struct bytes value;
	} rows[32];
};

static void emit(void *context, uint32_t index_id, struct bytes value)
{
	struct emitted *emitted = context;
	emitted->rows[emitted->count].id = index_id;
	emitted->rows[emitted->count++].value = value;
}

static void entries(void **state)
{
	(void)state;
	struct emitted emitted = {.count = 0};
	index_entries(thing_type(), thing("{}"), &arena, emit, &emitted);
	assert_int_equal(emitted.count, 0);
	index_entries(thing_type(), thing("{'displayName':'ÄB','labels':{'a':'1','b':'2'},'warmth':'WARMTH_HOT','name':'x'}"), &arena, emit, &emitted);
	assert_int_equal(emitted.count, 4);
	assert_true(bytes_equal(emitted.rows[0].value, bytes_of("äb")));
	assert_int_equal(emitted.rows[0].id, schema_field_find(thing_type(), "display_name")->rules.index_id);
	assert_true(bytes_equal(emitted.rows[2].value, (struct bytes){(const uint8_t *)"a\0001", 3}));
	assert_true(bytes_equal(emitted.rows[3].value, (struct bytes){(const uint8_t *)"b\0002", 3}));
}

static bool range_holds(const struct filter_range *range, const ProtobufCMessage *message)
{
	struct emitted emitted = {.count = 0};
	index_entries(thing_type(), message, &arena, emit, &emitted);
	for (size_t i = 0; i < emitted.count; i++) {
		if (emitted.rows[i].id == range->field->rules.index_id && bytes_compare(emitted.rows[i].value, range->low) >= 0 &&
		    (!range->high.data || bytes_compare(emitted.rows[i].value, range->high) < 0)) {
			return true;
		}
	}
	return false;
}

/* `name` NULL: no range. */
static void check_range(const char *text, const char *name, bool equality)
{
	struct filter_range range;
	bool found = filter_range(filter_of(text, GROUPS_ALL), &arena, &range);
	if (found != (name != NULL)) {
		fail_msg("%s: %s", text, found ? range.field->name : "no range");
	}
	if (found) {
		assert_string_equal(range.field->name, name);
		assert_int_equal(range.equality, equality);
	}
}

static void ranges(void **state)
{
	(void)state;
	check_range("", NULL, false);
	check_range("name = x", NULL, false);
	check_range("warmth = HOT", "warmth", true);
	check_range("warmth > COLD AND display_name = x", "display_name", true);
	check_range("warmth = HOT AND display_name = x", "display_name", true);
	check_range("warmth = HOT AND create_time > 2026-01-01", "warmth", true);
	check_range("create_time > 2026-01-01", "create_time", false);
	check_range("create_time = 2026-01-01", "create_time", false);
	check_range("create_time = 2026-01-01T00:00:00Z", "create_time", true);
	check_range("labels.a = x", "labels", true);
	check_range("labels.a > x", "labels", false);
	check_range("labels.a:x", "labels", false);
	check_range("labels.a:*", "labels", false);
	check_range("labels:a", "labels", false);
	check_range("labels:*", NULL, false);
	/* What an unset field fits has no entry. */
	check_range("warmth = UNSPECIFIED", NULL, false);
	check_range("warmth < HOT", NULL, false);
	check_range("display_name = \"\"", NULL, false);
	check_range("warmth != HOT", NULL, false);
	check_range("NOT warmth = HOT", NULL, false);
	check_range("warmth = HOT OR warmth = COLD", NULL, false);
	check_range("display_name > x", NULL, false);
	check_range("display_name:x", NULL, false);
	check_range("display_name = x*", NULL, false);
	check_range("name = x (warmth = HOT)", "warmth", true);
}

/* Whatever a filter accepts lies in the range that it gives. */
static void ranges_hold_all_matches(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"warmth = HOT", "warmth > COLD", "warmth >= COLD", "warmth > COLD warmth < 5", "display_name = aB", "display_name = \"B\"", "labels.a = x",
		"labels.a >= x", "labels.a > x", "labels.a < x", "labels.a <= x", "labels:a", "labels.b:x", "create_time > 2000-01-01",
		"create_time = 2000-01-01", "create_time <= 2000-01-01", "create_time < 2000-01-01", "create_time >= 2000-01-01 create_time < 2001-01-01",
	};
	static const char *const values[] = {"a", "aB", "B", "x", "xa", "X", "w", ""};
	static const char *const moments[] = {"1999-12-31T23:59:59.999999999Z", "2000-01-01T00:00:00Z", "2000-01-01T23:59:59.9Z", "2000-01-02T00:00:00Z",
	                                      "2000-12-31T00:00:00Z", "2001-01-01T00:00:00Z"};
	size_t matches = 0;
	for (int i = 0; i < 3000; i++) {
		arena_reset(&arena);
		const char *json = arena_printf(&arena, "{'displayName':'%s','warmth':%u,'createTime':'%s','labels':{'%s':'%s','b':'%s'}}", values[chance_below(8)],
		                                (unsigned)chance_below(8), moments[chance_below(6)], chance_below(2) ? "a" : "c", values[chance_below(8)],
		                                values[chance_below(8)]);
		const ProtobufCMessage *message = thing(json);
		const char *text = texts[chance_below(sizeof texts / sizeof texts[0])];
		struct filter_range range;
		const struct filter *filter = filter_of(text, GROUPS_ALL);
		if (!filter_matches(filter, message)) {
			continue;
		}
		matches++;
		assert_true(filter_range(filter, &arena, &range));
		if (!range_holds(&range, message)) {
			fail_msg("%s does not hold %s", text, json);
		}
	}
	assert_true(matches > 500);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {
		TEST(encodings_sort_as_values), TEST(encoding_folds_and_cuts), TEST(entries), TEST(ranges), TEST(ranges_hold_all_matches),
	};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
