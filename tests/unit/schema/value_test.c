/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields by their descriptors: presence of each kind, setting and clearing against what protobuf-c itself packs, text both ways.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/value.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <kam/v1/standard.pb-c.h>
#include <math.h>
#include <sample.pb-c.h>

const struct schema_source *schema_source_sample(void);

static struct schema *schema;
static const struct schema_type *thing_type;
static struct arena arena;

static int set_up(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	schema = schema_new(schema_source_sample(), &st);
	thing_type = schema ? schema_type_find(schema, "kam.test.v1.Thing") : NULL;
	return thing_type ? 0 : -1;
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
	arena_init(&arena, 1 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static const struct schema_field *field(const char *name)
{
	const struct schema_field *found = schema_field_find(thing_type, name);
	assert_non_null(found);
	return found;
}

static Kam__Test__V1__Thing *new_thing(void)
{
	Kam__Test__V1__Thing *thing = (Kam__Test__V1__Thing *)schema_message_new(thing_type, &arena);
	assert_non_null(thing);
	return thing;
}

static void set(Kam__Test__V1__Thing *thing, const char *name, const char *text)
{
	struct status st;
	status_init(&st);
	if (!value_set_text(&thing->base, field(name), text, &arena, &st)) {
		print_error("%s: %s\n", name, st.message);
		fail();
	}
}

/* A text that each field can hold, other than its default. */
static const struct {
	const char *name, *text, *pretty;
} samples[] = {
	{"name", "things/a", NULL},
	{"create_time", "2026-11-21T20:16:17.123Z", NULL},
	{"display_name", "Zoë & Söhne", NULL},
	{"i32", "-2147483648", NULL},
	{"s64", "-9223372036854775808", NULL},
	{"sf32", "2147483647", NULL},
	{"u32", "4294967295", NULL},
	{"f64", "18446744073709551615", NULL},
	{"ratio", "0.1", NULL},
	{"score", "0.30000000000000004", "0.3"},
	{"flag", "true", NULL},
	{"warmth", "HOT", NULL},
	{"blob", "00ff7f", NULL},
	{"numbers", "-1", NULL},
	{"weights", "1e+300", NULL},
	{"unpacked", "7", NULL},
	{"tags", "a tag", NULL},
	{"labels", "size=big=huge", NULL},
	{"maybe", "0", NULL},
	{"note", "", NULL},
	{"text", "", NULL},
	{"amount", "5", NULL},
	{"length", "5400.5s", NULL},
	{"worth", "-1234567.5 EUR", "-1,234,567.50 EUR"},
	{"mask", "name,display_name", NULL},
	{"wrapped", "x", NULL},
	{"switches", "true=-3", NULL},
	{"far", "12", NULL},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void text_reads_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		Kam__Test__V1__Thing *thing = new_thing(), *again = new_thing();
		const struct schema_field *each = field(samples[i].name);
		set(thing, samples[i].name, samples[i].text);
		assert_int_equal(value_count(&thing->base, each), 1);
		const char *text = value_text(&thing->base, each, false, ",", &arena);
		if (strcmp(samples[i].name, "worth") != 0) {
			assert_string_equal(text, samples[i].text);
		}
		if (samples[i].pretty) {
			assert_string_equal(value_text(&thing->base, each, true, ",", &arena), samples[i].pretty);
		}
		set(again, samples[i].name, text);
		assert_true(bytes_equal(schema_pack(&thing->base, &arena), schema_pack(&again->base, &arena)));
		assert_int_equal(value_compare(value_get(&thing->base, each, 0), value_get(&again->base, each, 0)), 0);
	}
}

/* What value.c says is set is what protobuf-c writes, and what it clears is gone. */
static void presence_agrees_with_packing(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct status st;
		status_init(&st);
		Kam__Test__V1__Thing *thing = new_thing();
		const struct schema_field *each = field(samples[i].name);
		assert_int_equal(value_count(&thing->base, each), 0);
		set(thing, samples[i].name, samples[i].text);
		struct bytes packed = schema_pack(&thing->base, &arena);
		assert_true(packed.size > 0);
		ProtobufCMessage *unpacked = schema_unpack(thing_type, packed, &arena, &st);
		assert_non_null(unpacked);
		for (size_t j = 0; j < thing_type->fields_count; j++) {
			const struct schema_field *other = &thing_type->fields[j];
			assert_int_equal(value_count(unpacked, other), other == each);
		}
		value_clear(unpacked, each);
		assert_int_equal(value_count(unpacked, each), 0);
		assert_int_equal(schema_pack(unpacked, &arena).size, 0);
		assert_string_equal(value_text(unpacked, field("tags"), false, ",", &arena), "");
	}
}

static void unset_reads_as_default(void **state)
{
	(void)state;
	Kam__Test__V1__Thing *thing = new_thing();
	assert_int_equal(value_get(&thing->base, field("u32"), 0).kind, VALUE_UINT);
	assert_int_equal(value_get(&thing->base, field("u32"), 1).kind, VALUE_UNSET);
	assert_string_equal(value_get(&thing->base, field("name"), 0).string, "");
	assert_int_equal(value_get(&thing->base, field("maybe"), 0).kind, VALUE_UNSET);
	assert_int_equal(value_get(&thing->base, field("part"), 0).kind, VALUE_UNSET);
	assert_int_equal(value_get(&thing->base, field("amount"), 0).kind, VALUE_UNSET);
	assert_int_equal(value_get(&thing->base, field("tags"), 0).kind, VALUE_UNSET);
	assert_string_equal(value_text(&thing->base, field("warmth"), false, ",", &arena), "");
	assert_string_equal(value_text(&thing->base, field("u32"), false, ",", &arena), "0");
	/* A case number with the shared default string behind it packs to nothing, so it counts as nothing. */
	thing->_note_case = KAM__TEST__V1__THING___NOTE_NOTE;
	thing->note = (char *)(uintptr_t)protobuf_c_empty_string;
	assert_int_equal(value_count(&thing->base, field("note")), 0);
	assert_int_equal(schema_pack(&thing->base, &arena).size, 0);
	thing->score = -0.0;
	assert_int_equal(value_count(&thing->base, field("score")), 0);
	thing->score = NAN;
	assert_int_equal(value_count(&thing->base, field("score")), 1);
}

static void oneofs(void **state)
{
	(void)state;
	Kam__Test__V1__Thing *thing = new_thing();
	const ProtobufCMessage *part = schema_message_new(field("piece")->message, &arena);
	set(thing, "amount", "77");
	assert_true(value_set(&thing->base, field("piece"), (struct value){.kind = VALUE_MESSAGE, .message = part}, &arena));
	assert_int_equal(thing->choice_case, KAM__TEST__V1__THING__CHOICE_PIECE);
	assert_ptr_equal(thing->piece, part);
	assert_int_equal(value_count(&thing->base, field("amount")), 0);
	assert_int_equal(value_get(&thing->base, field("amount"), 0).kind, VALUE_UNSET);
	/* Clearing a member that is not the one set leaves the other alone. */
	value_clear(&thing->base, field("amount"));
	assert_int_equal(value_count(&thing->base, field("piece")), 1);
	set(thing, "text", "t");
	assert_string_equal(value_get(&thing->base, field("text"), 0).string, "t");
	value_clear(&thing->base, field("text"));
	assert_int_equal(thing->choice_case, 0);
}

static void repeated_fields(void **state)
{
	(void)state;
	Kam__Test__V1__Thing *thing = new_thing();
	struct value values[3] = {{.kind = VALUE_INT, .integer = 1}, {.kind = VALUE_INT, .integer = 2}, {.kind = VALUE_INT, .integer = 3}};
	assert_true(value_append(&thing->base, field("numbers"), values, 3, &arena));
	assert_true(value_set(&thing->base, field("numbers"), values[0], &arena));
	assert_string_equal(value_text(&thing->base, field("numbers"), false, " | ", &arena), "1 | 2 | 3 | 1");
	assert_int_equal(value_get(&thing->base, field("numbers"), 4).kind, VALUE_UNSET);
	set(thing, "labels", "b=1");
	set(thing, "labels", "a=2");
	set(thing, "labels", "b=3");
	assert_string_equal(value_text(&thing->base, field("labels"), false, ",", &arena), "b=3,a=2");

	struct arena small;
	arena_init(&small, 64);
	Kam__Test__V1__Thing empty = KAM__TEST__V1__THING__INIT;
	struct value text = {.kind = VALUE_STRING, .string = "a text that is longer than the arena has room for, in any case"};
	assert_false(value_set(&empty.base, field("tags"), text, &small));
	assert_int_equal(empty.n_tags, 0);
	assert_false(value_set(&empty.base, field("name"), text, &small));
	assert_string_equal(empty.name, "");
	arena_done(&small);
}

static void proto2_fields(void **state)
{
	(void)state;
	struct status st;
	status_init(&st);
	const struct schema_type *type = schema_type_find(schema, "google.protobuf.FieldOptions");
	ProtobufCMessage *options = schema_message_new(type, &arena);
	const struct schema_field *packed = schema_field_find(type, "packed");
	assert_int_equal(value_count(options, packed), 0);
	assert_true(value_set_text(options, packed, "false", &arena, &st));
	assert_int_equal(value_count(options, packed), 1);
	assert_int_equal(schema_pack(options, &arena).size, 2);
	value_clear(options, packed);
	assert_int_equal(schema_pack(options, &arena).size, 0);
}

static void texts_read(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *back;
	} rows[] = {
		{"warmth", "warmth_hot", "HOT"},
		{"warmth", "cold", "COLD"},
		{"warmth", "unspecified", ""},
		{"flag", "TRUE", "true"},
		{"create_time", "2026-09-30", "2026-09-30T00:00:00Z"},
		{"create_time", "2026-09-30T02:00:00+02:00", "2026-09-30T00:00:00Z"},
		{"length", "1h30m", "5400s"},
		{"length", "2d", "172800s"},
		{"length", "-1.5s", "-1.5s"},
		{"length", "0.5m0.5s", "30.5s"},
		{"worth", "12.5 EUR", "12.50 EUR"},
		{"worth", "eur 1,234.5", "1234.50 EUR"},
		{"worth", "-0.01 USD", "-0.01 USD"},
		{"worth", "1,234,567 JPY", "1234567 JPY"},
		{"worth", "0.123456789 EUR", "0.123456789 EUR"},
		{"worth", "-9223372036854775807 EUR", "-9223372036854775807.00 EUR"},
		{"blob", "", ""},
		{"blob", "DEADbeef", "deadbeef"},
		{"numbers", "1e3", "1000"},
		{"mask", "", ""},
		{"labels", "=", "="},
		{"labels", "a=", "a="},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		Kam__Test__V1__Thing *thing = new_thing();
		set(thing, rows[i].name, rows[i].text);
		assert_string_equal(value_text(&thing->base, field(rows[i].name), false, ",", &arena), rows[i].back);
	}
}

static void texts_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
	} rows[] = {
		{"i32", ""},          {"i32", "12x"},         {"i32", "2147483648"},  {"i32", "-2147483649"},     {"i32", "1.5"},        {"i32", " 1"},
		{"u32", "-1"},        {"u32", "4294967296"},  {"s64", "9223372036854775808"}, {"f64", "18446744073709551616"}, {"ratio", "x"},
		{"ratio", "1e55"},    {"ratio", "-3.4028236e38"},
		{"score", "1e999"},   {"score", ""},          {"score", "0x10"},      {"flag", "yes"},            {"warmth", "WARM"},    {"warmth", ""},
		{"blob", "abc"},      {"blob", "zz"},         {"name", "\xff"},       {"name", "a\xc3"},          {"part", "x"},         {"parts", ""},
		{"labels", "x"},      {"switches", "maybe=1"}, {"switches", "true=x"}, {"create_time", "yesterday"}, {"create_time", "2026-02-30"},
		{"length", "90"},     {"length", "s"},        {"length", "1x"},       {"length", "-"},            {"length", "1.2.3s"},  {"length", "999999999999d"},
		{"worth", "12.50"},   {"worth", "EUR"},       {"worth", "12.50 EURO"}, {"worth", "1,23 EUR"},     {"worth", "1,2345 EUR"}, {"worth", ",123 EUR"},
		{"worth", "1.5,000 EUR"}, {"worth", "9223372036854775808 EUR"}, {"worth", "0.1234567891 EUR"}, {"worth", "1e3 EUR"}, {"worth", ""},
		{"worth", "1234,567 EUR"}, {"worth", "1,234. EUR"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		Kam__Test__V1__Thing *thing = new_thing();
		struct status st;
		status_init(&st);
		bool read = value_set_text(&thing->base, field(rows[i].name), rows[i].text, &arena, &st);
		if (read) {
			print_error("%s = '%s' was read\n", rows[i].name, rows[i].text);
		}
		assert_false(read);
		assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
		assert_string_equal(st.violations[0].field, rows[i].name);
		assert_int_equal(value_count(&thing->base, field(rows[i].name)), 0);
	}
	struct status st;
	status_init(&st);
	assert_false(value_set_text(&new_thing()->base, field("warmth"), "lukewarm", &arena, &st));
	assert_non_null(strstr(st.message, "COLD, HOT"));
}

static void messages_as_text(void **state)
{
	(void)state;
	struct status st;
	status_init(&st);
	Kam__Test__V1__Thing *thing = new_thing();
	Kam__Test__V1__Part *part = (Kam__Test__V1__Part *)schema_message_new(field("part")->message, &arena);
	thing->part = part;
	assert_string_equal(value_text(&thing->base, field("part"), false, ",", &arena), "{}");
	part->label = (char *)(uintptr_t) "two\nlines";
	part->cost = 5;
	assert_string_equal(value_text(&thing->base, field("part"), true, ",", &arena), "{label: two lines, cost: 5}");
	Kam__V1__Figure figure = KAM__V1__FIGURE__INIT;
	thing->rate = &figure;
	figure.undefined_reason = (char *)(uintptr_t) "nothing was won or lost";
	assert_string_equal(value_text(&thing->base, field("rate"), false, ",", &arena), "");
	assert_string_equal(value_text(&thing->base, field("rate"), true, ",", &arena), "undefined (nothing was won or lost)");
	figure._value_case = KAM__V1__FIGURE___VALUE_VALUE;
	figure.value = 2.0 / 3;
	assert_string_equal(value_text(&thing->base, field("rate"), true, ",", &arena), "0.6667");
	thing->warmth = (Kam__Test__V1__Warmth)9;
	assert_string_equal(value_text(&thing->base, field("warmth"), true, ",", &arena), "9");
	thing->score = 1e-9;
	assert_string_equal(value_text(&thing->base, field("score"), true, ",", &arena), "1e-9");
	thing->score = INFINITY;
	assert_string_equal(value_text(&thing->base, field("score"), true, ",", &arena), "Infinity");
}

static void order_of_values(void **state)
{
	(void)state;
	/* Each row is below the next. */
	static const struct {
		const char *name, *texts[5];
	} rows[] = {
		{"s64", {"-9223372036854775808", "-1", "0", "9223372036854775807"}},
		{"f64", {"0", "1", "9223372036854775808", "18446744073709551615"}},
		{"score", {"-1e300", "-1", "0", "1e-300", "2"}},
		{"name", {"", "A", "a", "ab", "b"}},
		{"blob", {"", "00", "0001", "01", "ff"}},
		{"create_time", {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000001Z"}},
		{"length", {"-2s", "-1.5s", "-1s", "0s", "0.1s"}},
		{"worth", {"-1.5 EUR", "-1 EUR", "0 EUR", "0.5 EUR", "0.5 USD"}},
		{"wrapped", {"a", "b"}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct schema_field *each = field(rows[i].name);
		Kam__Test__V1__Thing *before = NULL;
		for (size_t j = 0; j < 5 && rows[i].texts[j]; j++) {
			Kam__Test__V1__Thing *thing = new_thing();
			set(thing, rows[i].name, rows[i].texts[j]);
			struct value value = value_get(&thing->base, each, 0);
			assert_int_equal(value_compare(value, value), 0);
			if (before) {
				assert_int_equal(value_compare(value_get(&before->base, each, 0), value), -1);
				assert_int_equal(value_compare(value, value_get(&before->base, each, 0)), 1);
			}
			before = thing;
		}
	}
	struct value nan = {.kind = VALUE_DOUBLE, .number = NAN}, low = {.kind = VALUE_DOUBLE, .number = -INFINITY};
	assert_int_equal(value_compare(nan, low), -1);
	assert_int_equal(value_compare(low, nan), 1);
	assert_int_equal(value_compare(nan, nan), 0);
	assert_int_equal(value_compare((struct value){.kind = VALUE_UNSET}, low), -1);
}

static void paths(void **state)
{
	(void)state;
	Kam__Test__V1__Thing *thing = new_thing();
	const ProtobufCMessage *holder;
	size_t bad;
	const struct schema_field *found = value_path(thing_type, &thing->base, "part.price.currencyCode", &holder, &bad);
	assert_string_equal(found->name, "currency_code");
	assert_null(holder);
	set(thing, "labels", "size.of.it=big");
	found = value_path(thing_type, &thing->base, "labels.size.of.it", &holder, &bad);
	assert_string_equal(value_get(holder, found, 0).string, "big");
	assert_non_null(value_path(thing_type, &thing->base, "labels.size", &holder, &bad));
	assert_null(holder);
	found = value_path(thing_type, &thing->base, "labels", &holder, &bad);
	assert_true(found == field("labels") && holder == &thing->base);
	found = value_path(thing_type, &thing->base, "displayName", &holder, &bad);
	assert_true(found == field("display_name") && holder == &thing->base);
	found = value_path(thing_type, &thing->base, "parts.cost", &holder, &bad);
	assert_string_equal(found->name, "cost");
	assert_null(holder);
	found = value_path(thing_type, NULL, "slots.-1.label", NULL, &bad);
	assert_string_equal(found->name, "label");

	static const struct {
		const char *path;
		size_t bad;
	} rows[] = {{"", 0}, {"nothing", 0}, {"part.nothing", 5}, {"part.", 5}, {".part", 0}, {"name.x", 5}, {"part..label", 5}, {"slots.1.nothing", 8}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_null(value_path(thing_type, &thing->base, rows[i].path, &holder, &bad));
		assert_int_equal(bad, rows[i].bad);
	}
}

static void folding(void **state)
{
	(void)state;
	assert_string_equal(value_fold("ACME Inc.", &arena), "acme inc.");
	assert_string_equal(value_fold("", &arena), "");
	assert_string_equal(value_fold("STRASSE", &arena), value_fold("Straße", &arena));
	/* é as one code point and as two; a ligature; a full-width letter. */
	assert_string_equal(value_fold("CAF\xC3\x89", &arena), value_fold("cafe\xCC\x81", &arena));
	assert_string_equal(value_fold("\xEF\xAC\x81n", &arena), "fin");
	assert_string_equal(value_fold("\xEF\xBC\xA1", &arena), "a");
	/* What is no UTF-8 keeps its bytes. */
	assert_string_equal(value_fold("A\xFF", &arena), "a\xFF");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_reads_back), TEST(presence_agrees_with_packing), TEST(unset_reads_as_default), TEST(oneofs), TEST(repeated_fields),
		TEST(proto2_fields),   TEST(texts_read),                   TEST(texts_refused),          TEST(messages_as_text),
		TEST(order_of_values), TEST(paths),                        TEST(folding),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
