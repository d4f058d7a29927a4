/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders: how they are read, and keys that sort as the fields do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/filter.h"
#include "tests/unit/schema/fixture.h"

static const struct order *parse(const struct schema_type *type, const char *text)
{
	const struct order *order = NULL;
	status_init(&st);
	if (!order_parse(type, text, GROUPS_ALL, &arena, &order, &st)) {
		fail_msg("%s: %s", text, st.message);
	}
	return order;
}

static void refused_for(const char *text, schema_groups groups, const char *message)
{
	const struct order *order = NULL;
	status_init(&st);
	if (order_parse(thing_type(), text, groups, &arena, &order, &st)) {
		fail_msg("not refused: %s", text);
	}
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(st.violations[0].field, "order_by");
	assert_string_equal(st.violations[0].description, message);
}

static void refused(const char *text, const char *message)
{
	refused_for(text, GROUPS_ALL, message);
}

static int order_of(struct bytes a, struct bytes b)
{
	int order = bytes_compare(a, b);
	return (order > 0) - (order < 0);
}

/* Each thing, as JSON, comes before the next one. */
static void check_sorted(const char *text, const char *const *things, size_t count)
{
	const struct order *order = parse(thing_type(), text);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			struct bytes a = order_key(order, thing(things[i]), &arena), b = order_key(order, thing(things[j]), &arena);
			if (order_of(a, b) != (i > j) - (i < j)) {
				fail_msg("%s: %s against %s", text, things[i], things[j]);
			}
		}
	}
}

#define SORTED(text, ...)                                                                                                                            \
	do {                                                                                                                                         \
		static const char *const things[] = {__VA_ARGS__};                                                                                   \
		check_sorted(text, things, sizeof things / sizeof things[0]);                                                                        \
	} while (0)

static void reading(void **state)
{
	(void)state;
	assert_true(order_is_empty(parse(thing_type(), "")));
	assert_true(order_is_empty(parse(thing_type(), "  ")));
	assert_false(order_is_empty(parse(thing_type(), "name")));
	parse(thing_type(), " name  desc ,\tdisplayName asc,part.label DESC, labels.size, create_time, worth,rate.value");
	parse(thing_type(), "name,name,name,name,name,name,name,name");
	refused("name,name,name,name,name,name,name,name,name", "column 41: at most 8 fields can be sorted by");
	refused("nam", "column 1: no such field: nam; did you mean name?");
	refused("name, part.labl", "column 12: no such field of part: labl; did you mean label?");
	refused("ö, name", "column 1: no such field: ö");
	refused("name,", "column 6: expected a field name");
	refused(",name", "column 1: expected a field name");
	refused("name,,uid", "column 6: expected a field name");
	refused("name down", "column 6: expected asc, desc or a comma, not down");
	refused("name asc desc", "column 10: expected asc, desc or a comma, not desc");
	refused("tags", "column 1: tags cannot be sorted by; use a field with one value");
	refused("name, parts.label", "column 7: parts.label cannot be sorted by; use a field with one value");
	refused("labels", "column 1: labels cannot be sorted by; use a field with one value");
	refused("part", "column 1: part cannot be sorted by; use a field with one value");
	refused("part.key", "column 6: no such field of part: key");
	refused_for("ratio", 1u << GROUP_PUBLIC, "column 1: no such field: ratio");
	refused_for("part.cost", 1u << GROUP_COMMERCIAL, "column 6: no such field of part: cost");
}

static void one_field(void **state)
{
	(void)state;
	SORTED("i32", "{'i32':-2147483648}", "{'i32':-1}", "{}", "{'i32':1}", "{'i32':2147483647}");
	SORTED("i32 desc", "{'i32':2147483647}", "{'i32':1}", "{}", "{'i32':-1}", "{'i32':-2147483648}");
	SORTED("f64", "{}", "{'f64':1}", "{'f64':9223372036854775808}", "{'f64':18446744073709551615}");
	SORTED("score", "{'score':'NaN'}", "{'score':'-Infinity'}", "{'score':-2}", "{'score':-1e-300}", "{}", "{'score':1e-300}", "{'score':2}",
	       "{'score':'Infinity'}");
	SORTED("name", "{}", "{'name':'B'}", "{'name':'a'}", "{'name':'a\\u0001'}", "{'name':'aa'}", "{'name':'ä'}");
	SORTED("name desc", "{'name':'ä'}", "{'name':'aa'}", "{'name':'a\\u0001'}", "{'name':'a'}", "{'name':'B'}", "{}");
	SORTED("display_name", "{'displayName':'a'}", "{'displayName':'B'}", "{'displayName':'c'}", "{'displayName':'É'}");
	SORTED("blob", "{}", "{'blob':'AA=='}", "{'blob':'AAA='}", "{'blob':'AAD/'}", "{'blob':'AAE='}", "{'blob':'AQ=='}");
	SORTED("blob desc", "{'blob':'AQ=='}", "{'blob':'AAE='}", "{'blob':'AAD/'}", "{'blob':'AAA='}", "{'blob':'AA=='}", "{}");
	SORTED("create_time", "{}", "{'createTime':'1969-12-31T23:59:59.5Z'}", "{'createTime':'1970-01-01T00:00:00Z'}",
	       "{'createTime':'1970-01-01T00:00:00.000000001Z'}");
	SORTED("create_time desc", "{'createTime':'1970-01-01T00:00:00Z'}", "{'createTime':'1969-12-31T23:59:59.5Z'}", "{}");
	SORTED("worth", "{}", "{'worth':{'units':-1,'nanos':-500000000}}", "{'worth':{'units':-1}}", "{'worth':{'nanos':-5}}", "{'worth':{}}",
	       "{'worth':{'nanos':5}}", "{'worth':{'units':7,'currencyCode':'CHF'}}", "{'worth':{'units':7,'currencyCode':'EUR'}}");
	SORTED("maybe", "{'note':'x'}", "{'maybe':-1}", "{'maybe':0}", "{'maybe':1}");
	SORTED("rate.value", "{'rate':{'undefinedReason':'none'}}", "{'rate':{'value':-1}}", "{'rate':{'value':0}}");
	SORTED("part.cost", "{}", "{'part':{'cost':-1}}", "{'part':{}}", "{'part':{'cost':1}}");
	SORTED("labels.size", "{'labels':{'other':'z'}}", "{'labels':{'size':''}}", "{'labels':{'size':'a','other':'b'}}", "{'labels':{'size':'b'}}");
}

static void several_fields(void **state)
{
	(void)state;
	SORTED("name, i32 desc", "{'i32':5}", "{'i32':-5}", "{'name':'a','i32':1}", "{'name':'a'}", "{'name':'ab','i32':9}");
	SORTED("name desc, i32", "{'name':'ab','i32':9}", "{'name':'a'}", "{'name':'a','i32':1}", "{'i32':-5}", "{'i32':5}");
	SORTED("flag desc, warmth, name", "{'flag':true}", "{'flag':true,'warmth':2}", "{'name':'a'}", "{'name':'b'}", "{'warmth':1}");
}

/* Random things under random orders: keys as field by field. */
static void keys_agree_with_values(void **state)
{
	(void)state;
	static const char *const names[] = {"i32", "s64", "sf32", "u32", "f64", "ratio", "score", "flag", "warmth", "name", "blob", "create_time",
	                                    "length", "worth", "maybe", "note", "far"};
	for (int i = 0; i < 4000; i++) {
		const struct schema_field *fields[3];
		bool descending[3];
		struct buf text;
		arena_reset(&arena);
		buf_init(&text, &arena);
		ProtobufCMessage *a = schema_message_new(thing_type(), &arena), *b = schema_message_new(thing_type(), &arena);
		for (size_t j = 0; j < 3; j++) {
			fields[j] = schema_field_find(thing_type(), names[chance_below(sizeof names / sizeof names[0])]);
			descending[j] = chance_below(2) != 0;
			buf_printf(&text, "%s%s%s", j > 0 ? "," : "", fields[j]->name, descending[j] ? " desc" : "");
			if (chance_below(3) > 0) {
				value_set(a, fields[j], chance_value(fields[j], 0), &arena);
			}
			if (chance_below(2) > 0) {
				value_set(b, fields[j], chance_value(fields[j], 0), &arena);
			} else if (value_count(a, fields[j]) > 0) {
				value_set(b, fields[j], value_get(a, fields[j], 0), &arena);
			}
		}
		int expected = 0;
		for (size_t j = 0; j < 3 && expected == 0; j++) {
			expected = value_compare(value_get(a, fields[j], 0), value_get(b, fields[j], 0));
			expected = descending[j] ? -expected : expected;
		}
		const struct order *order = parse(thing_type(), buf_text(&text));
		if (order_of(order_key(order, a, &arena), order_key(order, b, &arena)) != expected) {
			fail_msg("%s: %s against %s, expected %d", buf_text(&text), json_of(thing_type(), a, 0), json_of(thing_type(), b, 0), expected);
		}
	}
}

static void indexes(void **state)
{
	(void)state;
	bool descending = false;
	assert_string_equal(order_index(parse(book_type(), "display_name"), &descending)->name, "display_name");
	assert_false(descending);
	assert_string_equal(order_index(parse(book_type(), "binding desc"), &descending)->name, "binding");
	assert_true(descending);
	/* Not alone, not indexed, or not in every resource. */
	assert_null(order_index(parse(book_type(), ""), &descending));
	assert_null(order_index(parse(book_type(), "display_name, year"), &descending));
	assert_null(order_index(parse(book_type(), "price"), &descending));
	assert_null(order_index(parse(thing_type(), "warmth"), &descending));
	/* A key and an index entry sort alike, so they may be mixed. */
	const struct schema_field *field = schema_field_find(book_type(), "display_name");
	const struct order *order = parse(book_type(), "display_name");
	for (int i = 0; i < 500; i++) {
		arena_reset(&arena);
		order = parse(book_type(), "display_name");
		ProtobufCMessage *a = schema_message_new(book_type(), &arena), *b = schema_message_new(book_type(), &arena);
		value_set(a, field, chance_value(field, 0), &arena);
		value_set(b, field, chance_value(field, 0), &arena);
		assert_int_equal(order_of(order_key(order, a, &arena), order_key(order, b, &arena)),
		                 order_of(index_encode(field, value_get(a, field, 0), &arena), index_encode(field, value_get(b, field, 0), &arena)));
	}
}

static void names(void **state)
{
	(void)state;
	const struct schema_field *field = schema_field_find(thing_type(), "create_time");
	static const char *const with[] = {"create_time", "createTime desc", "name, uid desc, createTime"};
	static const char *const without[] = {"", "name", "labels.create_time desc, note"};
	for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
		assert_true(order_names(parse(thing_type(), with[i]), field));
		assert_false(order_names(parse(thing_type(), with[i]), NULL));
	}
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
		assert_false(order_names(parse(thing_type(), without[i]), field));
	}
	assert_true(order_names(parse(thing_type(), "part.label"), schema_field_find(thing_type(), "part")));
}

static void keys_are_bounded(void **state)
{
	(void)state;
	char *text = arena_alloc(&arena, 4001);
	memset(text, 'x', 4000);
	text[4000] = '\0';
	ProtobufCMessage *message = thing("{}");
	value_set(message, schema_field_find(thing_type(), "name"), (struct value){.kind = VALUE_STRING, .string = text}, &arena);
	assert_int_equal(order_key(parse(thing_type(), "name"), message, &arena).size, 1 + LIMIT_INDEX_VALUE_BYTES + 2);
	struct arena small;
	arena_init(&small, 100);
	assert_null(order_key(parse(thing_type(), "name"), message, &small).data);
	arena_done(&small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {
		TEST(reading), TEST(one_field), TEST(several_fields), TEST(keys_agree_with_values), TEST(indexes), TEST(names), TEST(keys_are_bounded),
	};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
