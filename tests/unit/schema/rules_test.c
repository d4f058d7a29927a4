/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules: each one broken and kept, where the fault is said to be, formats, periods, and the nearest word.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/rules.h"
#include "tests/unit/schema/fixture.h"

static bool check(const char *json, bool required)
{
	status_init(&st);
	bool good = rules_check(book_type(), message_of(book_type(), json), "book", required, &st);
	assert_int_equal(good, status_ok(&st));
	return good;
}

static void accepted(const char *json)
{
	if (!check(json, false)) {
		fail_msg("%s: %s", json, st.message);
	}
}

static void refused(const char *json, const char *message)
{
	if (check(json, false)) {
		fail_msg("not refused: %s", json);
	}
	assert_int_equal(st.violations_count, 1);
	assert_string_equal(st.message, message);
}

static void required(void **state)
{
	(void)state;
	static const char *const fields[] = {"book.display_name", "book.binding", "book.price", "book.preface", "book.authors"};
	accepted("{}");
	assert_false(check("{}", true));
	assert_int_equal(st.violations_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(st.violations[i].field, fields[i]);
		assert_string_equal(st.violations[i].description, "is required");
	}
	assert_true(check("{'displayName':'x','binding':1,'price':0,'preface':{'title':'x'},'authors':['']}", true));
	/* Inside of messages too. */
	assert_false(check("{'displayName':'x','binding':1,'price':0,'preface':{},'authors':['a'],'chapters':[{'title':'x'},{}],'extras':{'k':{}}}", true));
	assert_int_equal(st.violations_count, 3);
	assert_string_equal(st.violations[0].field, "book.preface.title");
	assert_string_equal(st.violations[1].field, "book.chapters[1].title");
	assert_string_equal(st.violations[2].field, "book.extras.k.title");
}

static void numbers(void **state)
{
	(void)state;
	accepted("{'year':1450,'copies':10,'price':-1e300}");
	accepted("{'year':9999,'copies':'18446744073709551615','price':100}");
	refused("{'year':1449}", "book.year: must be from 1450 to 9999");
	refused("{'year':10000}", "book.year: must be from 1450 to 9999");
	refused("{'copies':9}", "book.copies: must be at least 10");
	refused("{'price':100.01}", "book.price: must be at most 100");
	refused("{'price':'NaN'}", "book.price: must be a finite number");
	refused("{'price':'-Infinity'}", "book.price: must be a finite number");
	refused("{'preface':{'weight':0.25}}", "book.preface.weight: must be from 0.5 to 2");
	/* Computed by the server, whatever a client says. */
	accepted("{'preface':{'pages':11},'createTime':'2020-01-01T00:00:00Z'}");
}

static void sizes(void **state)
{
	(void)state;
	accepted("{'preface':{'title':'12345678'},'cover':'AAAAAA==','labels':{'a':'12345'}}");
	refused("{'preface':{'title':'123456789'}}", "book.preface.title: is 9 bytes long; at most 8 are allowed");
	refused("{'preface':{'title':'ääääx'}}", "book.preface.title: is 9 bytes long; at most 8 are allowed");
	refused("{'cover':'AAAAAAA='}", "book.cover: is 5 bytes long; at most 4 are allowed");
	refused("{'authors':['a','12345678901']}", "book.authors[1]: is 11 bytes long; at most 10 are allowed");
	refused("{'labels':{'a':'123456'}}", "book.labels.a: is 6 bytes long; at most 5 are allowed");
	refused("{'chapters':[{},{},{},{}]}", "book.chapters: has 4 items; at most 3 are allowed");
	refused("{'labels':{'a':'','b':'','c':'','d':'','e':''}}", "book.labels: has 5 items; at most 4 are allowed");
	/* The house default. */
	char *text = arena_alloc(&arena, LIMIT_STRING_BYTES + 2);
	memset(text, 'x', LIMIT_STRING_BYTES + 1);
	text[LIMIT_STRING_BYTES + 1] = '\0';
	refused(arena_printf(&arena, "{'shelf':'%s'}", text), "book.shelf: is 1025 bytes long; at most 1024 are allowed");
	accepted(arena_printf(&arena, "{'shelf':'%s'}", text + 1));
}

static void maps(void **state)
{
	(void)state;
	refused("{'labels':{'':'x'}}", "book.labels: has an empty key");
	char key[65] = "";
	memset(key, 'k', 64);
	refused(arena_printf(&arena, "{'labels':{'%s':'x'}}", key),
	        "book.labels: the key \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\xE2\x80\xA6\" is 64 bytes long; at most 63 are allowed");
	accepted(arena_printf(&arena, "{'labels':{'%s':'x'}}", key + 1));
	refused("{'extras':{'k':{'weight':9}}}", "book.extras.k.weight: must be from 0.5 to 2");
}

static void enums(void **state)
{
	(void)state;
	accepted("{'binding':2}");
	refused("{'binding':3}", "book.binding: has no value 3; use one of SOFT, HARD");
}

static void amounts(void **state)
{
	(void)state;
	accepted("{'worth':{'currencyCode':'EUR','units':-5,'nanos':-999999999},'length':'-5.5s'}");
	refused("{'worth':{'currencyCode':'EUR','units':-5,'nanos':1}}", "book.worth: units and nanos must have the same sign, and nanos be less than a unit");
	refused("{'worth':{'currencyCode':'eur','units':5}}", "book.worth.currency_code: must be a currency of three capital letters such as EUR, not \"eur\"");
	assert_false(check("{'worth':{'units':5}}", true));
	assert_string_equal(st.violations[st.violations_count - 1].field, "book.worth.currency_code");
	ProtobufCMessage *message = message_of(book_type(), "{'printed':'2020-01-01T00:00:00Z','length':'1s'}");
	ProtobufCMessage *printed = (ProtobufCMessage *)(uintptr_t)value_get(message, schema_field_find(book_type(), "printed"), 0).message;
	ProtobufCMessage *length = (ProtobufCMessage *)(uintptr_t)value_get(message, schema_field_find(book_type(), "length"), 0).message;
	known_set_amount(type_of("google.protobuf.Timestamp"), printed, (struct amount){KNOWN_TIMESTAMP_SECONDS_MAX + 1, 0}, &arena);
	known_set_amount(type_of("google.protobuf.Duration"), length, (struct amount){1, -1}, &arena);
	status_init(&st);
	assert_false(rules_check(book_type(), message, "", false, &st));
	assert_int_equal(st.violations_count, 2);
	assert_string_equal(st.violations[0].field, "length");
	assert_string_equal(st.violations[1].field, "printed");
}

static void prefixes(void **state)
{
	(void)state;
	const ProtobufCMessage *message = message_of(book_type(), "{'year':1}");
	assert_false(rules_check(book_type(), message, "", false, &st));
	assert_string_equal(st.violations[0].field, "year");
	status_init(&st);
	assert_false(rules_check(book_type(), message, NULL, false, &st));
	assert_string_equal(st.violations[0].field, "year");
	status_init(&st);
	assert_false(rules_check(book_type(), message, "rows[3].book", false, &st));
	assert_string_equal(st.violations[0].field, "rows[3].book.year");
}

static void many_faults(void **state)
{
	(void)state;
	struct buf json;
	buf_init(&json, &arena);
	buf_add_text(&json, "{'countries':['x'");
	for (int i = 0; i < 40; i++) {
		buf_add_text(&json, ",'xx'");
	}
	buf_add_text(&json, "]}");
	assert_false(check(buf_text(&json), false));
	assert_int_equal(st.violations_count, STATUS_VIOLATIONS);
	assert_string_equal(st.violations[15].field, "book.countries[15]");
}

/* ---- formats --------------------------------------------------------------------------------------------------------------- */

static void formats(void **state)
{
	(void)state;
	static const struct {
		enum schema_format format;
		const char *good, *bad; /* joined by blanks; '_' stands for one */
	} rows[] = {
		{FORMAT_DATE, "2026-09-30 2024-02-29 0001-01-01", "2026-02-29 2026-9-30 2026-09-31 2026-00-01 20260930 2026-09-30T 0000-01-01"},
		{FORMAT_PERIOD, "2026 2026-Q1 2026-Q4 2026-01 2026-12", "2026-Q0 2026-Q5 2026-13 2026-00 2026Q1 2026-q1 202 20266 2026-1 2026/01 0000 abcd"},
		{FORMAT_COUNTRY, "DE", "de D DEU D1"},
		{FORMAT_CURRENCY, "EUR", "eur EU EURO"},
		{FORMAT_EMAIL, "a@b jane.doe@example.com", "a @b a@ a@b@c a_b@c"},
		{FORMAT_URI, "http://x https://example.com/a?b#c HTTPS://x:80", "example.com ftp://x http:// https:///x http://? http://a_b http://:80"},
		{FORMAT_ID, "a 0 a-b_c.D", "-a .a a/b ä"},
		{FORMAT_PERMISSION, "* accounts.read accounts.* *.read *.* a.b.c a1 users.resetPassword auditEntries.read", "Accounts.read accounts. .read a..b accounts.*.x ** *x 1a *."},
	};
	const char *why = NULL;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (int good = 0; good < 2; good++) {
			char *copy = arena_strdup(&arena, good ? rows[i].good : rows[i].bad), *save = NULL;
			for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
				for (char *p = word; rows[i].format != FORMAT_ID && rows[i].format != FORMAT_PERMISSION && *p; p++) {
					*p = *p == '_' ? ' ' : *p;
				}
				if (rules_format(rows[i].format, word, &why) != (good != 0)) {
					fail_msg("%s: %s", word, why);
				}
			}
		}
	}
	refused("{'day':'2026-02-30'}", "book.day: must be a day such as 2026-09-30, not \"2026-02-30\"");
	refused("{'countries':['DE','Peru']}", "book.countries[1]: must be a country of two capital letters such as DE, not \"Peru\"");
}

static void periods(void **state)
{
	(void)state;
	static const struct {
		const char *text, *first, *end;
	} rows[] = {
		{"2026", "2026-01-01", "2027-01-01"},    {"2026-Q1", "2026-01-01", "2026-04-01"}, {"2026-Q4", "2026-10-01", "2027-01-01"},
		{"2024-02", "2024-02-01", "2024-03-01"}, {"2026-12", "2026-12-01", "2027-01-01"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t first, end;
		struct value day = {.kind = VALUE_INT};
		char text[40];
		assert_true(rules_period(rows[i].text, &first, &end));
		struct {
			int64_t days;
			const char *expected;
		} sides[] = {{first, rows[i].first}, {end, rows[i].end}};
		for (size_t j = 0; j < 2; j++) {
			day.integer = sides[j].days;
			const ProtobufCMessage *time = schema_message_new(type_of("google.protobuf.Timestamp"), &arena);
			known_set_amount(type_of("google.protobuf.Timestamp"), (ProtobufCMessage *)(uintptr_t)time, (struct amount){day.integer * 86400, 0}, &arena);
			snprintf(text, sizeof text, "\"%sT00:00:00Z\"", sides[j].expected);
			assert_string_equal(json_of(type_of("google.protobuf.Timestamp"), time, 0), text);
		}
	}
}

static void nearest(void **state)
{
	(void)state;
	static const char *const words[] = {"display_name", "name", "region", "owner", "website", "tier", "id"};
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{"websit", "website"}, {"webiste", "website"}, {"WEBSITE", "website"}, {"displayname", "display_name"}, {"dislpay_nmae", "display_name"},
		{"nme", "name"},       {"reigon", "region"},   {"teir", "tier"},       {"ownr", "owner"},               {"ix", "id"},
		{"xy", NULL},          {"completely", NULL},   {"", NULL},             {"ow", NULL},                    {"disp_nm", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *found = rules_nearest(rows[i].word, words, sizeof words / sizeof words[0]);
		if ((found == NULL) != (rows[i].nearest == NULL) || (found && strcmp(found, rows[i].nearest) != 0)) {
			fail_msg("%s: %s", rows[i].word, found ? found : "nothing");
		}
	}
	char *text = arena_alloc(&arena, 10001);
	memset(text, 'x', 10000);
	text[10000] = '\0';
	assert_null(rules_nearest(text, words, 7));
	const char *const long_words[] = {text};
	assert_null(rules_nearest("x", long_words, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {
		TEST(required), TEST(numbers), TEST(sizes), TEST(maps), TEST(enums), TEST(amounts), TEST(prefixes), TEST(many_faults), TEST(formats),
		TEST(periods), TEST(nearest),
	};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
