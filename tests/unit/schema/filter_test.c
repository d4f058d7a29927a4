/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters: what they match, and how they are refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/schema/fixture.h"

#include <stdlib.h>

static const char things_json[] =
	"{'name':'things/a','uid':'cafe','displayName':'Acme Größe','i32':-3,'s64':'-5','u32':7,'f64':'18446744073709551615','ratio':0.1,"
	"'score':2.5,'flag':true,'warmth':'WARMTH_HOT','createTime':'2026-09-30T12:00:00.5Z','length':'90s',"
	"'worth':{'currencyCode':'EUR','units':'12','nanos':500000000},'part':{'label':'wheel','cost':'4'},"
	"'parts':[{'label':'one','cost':'1'},{'label':'Two','price':{'units':'9','currencyCode':'USD'}}],'numbers':[3,5],'tags':['Gold','a*b'],"
	"'labels':{'size':'XL','cost center':'7','dotted.key':'d'},'slots':{'-5':{'label':'slot'}},'switches':{'true':'8'},'maybe':0,"
	"'rate':{'value':0.25},'note':'it is \\\"so\\\"'}";

static void check(const char *text, bool expected)
{
	if (filter_matches(filter_of(text, GROUPS_ALL), thing(things_json)) != expected) {
		fail_msg("%s should%s match", text, expected ? "" : " not");
	}
}

static void yes(const char *text)
{
	check(text, true);
}

static void no(const char *text)
{
	check(text, false);
}

static void refused_for(const char *text, schema_groups groups, const char *message)
{
	const struct filter *filter = NULL;
	status_init(&st);
	if (filter_parse(thing_type(), text, groups, &arena, &filter, &st)) {
		fail_msg("not refused: %s", text);
	}
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	assert_int_equal(st.violations_count, 1);
	assert_string_equal(st.violations[0].field, "filter");
	assert_string_equal(st.violations[0].description, message);
}

static void refused(const char *text, const char *message)
{
	refused_for(text, GROUPS_ALL, message);
}

/* ---- matches --------------------------------------------------------------------------------------------------------------- */

static void empty(void **state)
{
	(void)state;
	assert_true(filter_is_empty(filter_of("", GROUPS_ALL)));
	assert_true(filter_is_empty(filter_of(" \t\n", GROUPS_ALL)));
	assert_false(filter_is_empty(filter_of("a", GROUPS_ALL)));
	yes("");
}

static void numbers(void **state)
{
	(void)state;
	yes("i32 = -3");
	yes("i32=-3");
	yes("i32 < 0 AND i32 >= -3 AND i32 <= -3 AND i32 > -4");
	no("i32 < -3");
	yes("i32 != 3");
	no("i32 != -3");
	yes("s64 = -5");
	yes("f64 = 18446744073709551615");
	no("f64 < 18446744073709551615");
	yes("f64 > 9223372036854775807");
	yes("u32 = 7.0");
	yes("ratio = 0.1");
	yes("score = 2.5");
	yes("score > 2.4999");
	yes("flag = true");
	yes("flag = TRUE");
	no("flag != true");
	yes("far = 0");
	no("far:*");
	yes("i32:-3");
}

static void enums(void **state)
{
	(void)state;
	yes("warmth = HOT");
	yes("warmth = hot");
	yes("warmth = WARMTH_HOT");
	yes("warmth = \"warmth_hot\"");
	yes("warmth:HOT");
	yes("warmth = 2");
	yes("warmth > COLD");
	no("warmth = COLD");
	yes("warmth != UNSPECIFIED");
}

static void texts(void **state)
{
	(void)state;
	yes("displayName = \"Acme Größe\"");
	yes("display_name = 'Acme Größe'");
	no("display_name = \"acme größe\"");
	yes("display_name:acme");
	yes("display_name:GRÖSSE");
	yes("display_name:\"e g\"");
	no("display_name:\"e  g\"");
	yes("display_name:ac*gr");
	no("display_name:gr*ac");
	yes("display_name = Ac*");
	yes("display_name = *Größe");
	yes("display_name = \"A*m*G*e\"");
	no("display_name = Acme");
	no("display_name = *cm");
	yes("name > \"things/Z\"");
	no("name > things/a");
	yes("name <= things/a");
	yes("note = \"it is \\\"so\\\"\"");
	yes("note:'\"so\"'");
	yes("tags:Gold");
	no("tags:gol");
	yes("tags:gol* OR tags:Go*");
	yes("tags = Gold");
	no("tags != Gold");
	yes("tags != Silver");
	yes("tags:*");
	no("blob:*");
}

static void times(void **state)
{
	(void)state;
	yes("create_time = 2026-09-30T12:00:00.5Z");
	yes("create_time = \"2026-09-30T14:00:00.5+02:00\"");
	no("create_time = 2026-09-30T12:00:00Z");
	yes("create_time > 2026-09-30T12:00:00Z");
	yes("create_time = 2026-09-30");
	yes("create_time:2026-09-30");
	no("create_time != 2026-09-30");
	yes("create_time <= 2026-09-30");
	yes("create_time >= 2026-09-30");
	no("create_time > 2026-09-30");
	no("create_time < 2026-09-30");
	yes("create_time > 2026-09-29 AND create_time < 2026-10-01");
	yes("length = 90s");
	yes("length = 1.5m");
	yes("length < 1h");
	yes("length > -1d");
}

static void money(void **state)
{
	(void)state;
	yes("worth = 12.5");
	yes("worth = \"12.50 EUR\"");
	yes("worth = 12.5eur");
	no("worth = \"12.50 USD\"");
	yes("worth != \"12.50 USD\"");
	no("worth > \"1 USD\"");
	yes("worth > 12.499999999");
	yes("worth < 13");
	yes("worth > -13.5");
	yes("worth.currency_code = EUR");
	yes("worth.units = 12");
}

static void absent(void **state)
{
	(void)state;
	ProtobufCMessage *bare = thing("{'part':{}}");
	static const struct {
		const char *text;
		bool expected;
	} rows[] = {
		{"i32 = 0", true}, {"i32 < 1", true}, {"display_name = \"\"", true}, {"flag = false", true}, {"warmth = UNSPECIFIED", true},
		{"create_time < 2026-01-01", false}, {"create_time > 2026-01-01", false}, {"create_time != 2026-01-01", true}, {"worth = 0", false},
		{"maybe = 0", false}, {"maybe != 0", true}, {"maybe < 1", false}, {"note = \"\"", false}, {"part.cost = 0", true},
		{"part.label = \"\"", true}, {"part:*", true}, {"piece:*", false}, {"piece.cost = 0", false}, {"piece.cost != 0", true},
		{"rate.value = 0", false}, {"rate.value < 1", false}, {"labels.size = \"\"", false}, {"labels:size", false}, {"tags = \"\"", false},
		{"numbers < 1", false}, {"display_name:*", false}, {"create_time:*", false}, {"NOT create_time:*", true}, {"-maybe:*", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (filter_matches(filter_of(rows[i].text, GROUPS_ALL), bare) != rows[i].expected) {
			fail_msg("%s", rows[i].text);
		}
	}
	yes("maybe = 0");
	yes("maybe:*");
}

static void paths(void **state)
{
	(void)state;
	yes("part.label = wheel");
	yes("parts.label = one AND parts.label = Two");
	no("parts.label = one AND parts.cost > 1");
	yes("parts.price > 8");
	yes("parts.price.currencyCode = USD");
	yes("parts:*");
	yes("numbers = 5");
	yes("numbers > 4");
	no("numbers > 5");
	yes("labels.size = XL");
	yes("labels.size:x");
	yes("labels.size:*");
	no("labels.other:*");
	yes("labels:size");
	no("labels:siz");
	yes("labels:*");
	yes("labels.\"cost center\" = 7");
	yes("labels.dotted.key = d");
	yes("labels:\"cost center\"");
	yes("slots.-5.label = slot");
	yes("slots:-5");
	yes("switches.true = 8");
	no("switches.false = 8");
}

static void logic(void **state)
{
	(void)state;
	yes("u32 = 7 AND flag = true");
	no("u32 = 7 AND flag = false");
	yes("u32 = 7 flag = true");
	yes("u32 = 1 OR u32 = 7");
	/* OR binds tighter than AND. */
	no("u32 = 7 OR u32 = 7 AND u32 = 1");
	no("u32 = 1 AND u32 = 7 OR u32 = 7");
	yes("(u32 = 1 AND u32 = 7) OR u32 = 7");
	yes("NOT u32 = 1");
	yes("NOT (u32 = 1 OR u32 = 2)");
	no("-u32 = 7");
	yes("-(u32 = 1)");
	yes("NOT NOT u32 = 7");
	yes("NOT -u32 = 7");
	yes("((((u32 = 7))))");
}

static void search(void **state)
{
	(void)state;
	yes("acme");
	yes("ACME größe");
	no("acme nothing");
	yes("acme OR nothing");
	yes("\"e grö\"");
	yes("wheel");
	yes("two");
	yes("xl");
	yes("slot");
	yes("usd");
	no("cafe");
	yes("NOT nothing");
	yes("gol*d");
	const struct filter *filter = filter_of("wheel", 1u << GROUP_PUBLIC);
	assert_false(filter_matches(filter, thing(things_json)));
	filter = filter_of("wheel", 1u << GROUP_COMMERCIAL);
	assert_true(filter_matches(filter, thing(things_json)));
}

/* ---- refused --------------------------------------------------------------------------------------------------------------- */

static void unknown_names(void **state)
{
	(void)state;
	refused("displayNam = a", "column 1: no such field: displayNam; did you mean displayName?");
	refused("name = a AND part.lable = b", "column 19: no such field of part: lable; did you mean label?");
	refused("zzzzz = a", "column 1: no such field: zzzzz");
	refused("name.x = a", "column 6: name has no fields below it");
	refused("part. = a", "column 5: a field name is missing behind the dot");
	refused(". = a", "column 1: a field name is missing behind the dot");
	refused(".name = a", "column 1: no such field: ");
	refused("warmth = HTO", "column 10: warmth has no value HTO; did you mean HOT?");
	refused("warmth = lukewarm", "column 10: warmth has no value lukewarm; use one of COLD, HOT");
	/* Secrets and other people's groups are as unknown as nothing. */
	refused("part.key:*", "column 6: no such field of part: key");
	refused_for("part.cost = 1", 1u << GROUP_COMMERCIAL, "column 6: no such field of part: cost");
	refused_for("worth.units = 1", 1u << GROUP_PUBLIC, "column 1: no such field: worth; did you mean warmth?");
	refused_for("scor = 1", 1u << GROUP_PUBLIC, "column 1: no such field: scor");
	filter_of("worth.units = 1", 1u << GROUP_FINANCIAL);
}

static void wrong_values(void **state)
{
	(void)state;
	refused("i32 = many", "column 7: i32 expects a whole number, not \"many\"");
	refused("i32 = 1.5", "column 7: i32 expects a whole number, not \"1.5\"");
	refused("u32 = -1", "column 7: u32 expects a whole number from 0, not \"-1\"");
	refused("score = x", "column 9: score expects a number, not \"x\"");
	refused("flag = 1", "column 8: flag expects true or false, not \"1\"");
	refused("flag > true", "column 8: flag is true or false; compare it with = or !=");
	refused("blob = AA", "column 8: blob holds bytes, which cannot be compared; ask whether it is set with blob:*");
	refused("part = x", "column 8: part holds fields of its own; name one of them, as in part.label, or ask whether it is set with part:*");
	refused("labels = x", "column 10: labels is a map; compare one of its values, as in labels.key = value, or ask for a key with labels:key");
	refused("create_time > yesterday",
	        "column 15: create_time expects a time such as 2026-09-30T12:00:00Z or a day such as 2026-09-30, not \"yesterday\"");
	refused("worth = \"5 EURO\"", "column 9: worth expects an amount such as 1250.50 or \"1250.50 EUR\", not \"5 EURO\"");
	refused("length = 5", "column 10: length expects a duration such as 90s, 15m, 12h or 7d, not \"5\"");
	refused("switches.true = x", "column 17: switches expects a whole number, not \"x\"");
}

static void grammar(void **state)
{
	(void)state;
	refused("i32 =", "column 6: expected a value, but the filter ends here");
	refused("i32 = )", "column 7: expected a value, not )");
	refused("i32 = = 3", "column 7: expected a value, not =");
	refused("= 3", "column 1: expected a condition, not =");
	refused("AND", "column 1: expected a condition, not AND");
	refused("a AND", "column 6: expected a condition, but the filter ends here");
	refused("a OR OR b", "column 6: expected a condition, not OR");
	refused("(a", "column 3: expected AND, OR or ')', but the filter ends here");
	refused("()", "column 2: expected a condition, not )");
	refused("a)", "column 2: there is no open parenthesis for this one");
	refused("name = \"a", "column 8: the quote that opens here is never closed");
	refused("name = \"a\\", "column 8: the quote that opens here is never closed");
	refused("ö \"a", "column 3: the quote that opens here is never closed");
	refused("\"name\" = a", "column 1: expected a field name before the operator; a field name is not quoted");
	refused("a and b", "column 3: write AND, or \"and\" in quotes to search for the word");
	refused("a || b", "column 3: write OR, or \"||\" in quotes to search for the word");
	refused("!a", "column 1: write NOT or - to negate a condition, != to compare");
	refused("size(a)", "column 1: functions are not known here; put a blank before the parenthesis if it groups conditions");
	refused("a, b", "column 2: expected a condition, not ','");
	refused("a \xff", "column 3: this is not UTF-8");
	refused("i32 == 3", "column 6: expected a value, not =");
	filter_of("name = \"and\" AND \"and\"", GROUPS_ALL);
}

static void limits(void **state)
{
	(void)state;
	struct buf text;
	buf_init(&text, &arena);
	for (unsigned i = 0; i < LIMIT_FILTER_TERMS; i++) {
		buf_add_text(&text, "a ");
	}
	filter_of(buf_text(&text), GROUPS_ALL);
	buf_add_text(&text, "a");
	refused(buf_text(&text), "column 257: the filter has more than 128 conditions");
	buf_init(&text, &arena);
	for (unsigned i = 0; i < LIMIT_FILTER_DEPTH; i++) {
		buf_add_text(&text, "(");
	}
	refused(arena_printf(&arena, "%s(a", buf_text(&text)), "column 17: parentheses are nested more than 16 deep");
	buf_add_text(&text, "a");
	for (unsigned i = 0; i < LIMIT_FILTER_DEPTH; i++) {
		buf_add_text(&text, ")");
	}
	filter_of(buf_text(&text), GROUPS_ALL);
	char *long_text = arena_alloc(&arena, LIMIT_FILTER_BYTES + 2);
	memset(long_text, 'a', LIMIT_FILTER_BYTES + 1);
	long_text[LIMIT_FILTER_BYTES + 1] = '\0';
	refused(long_text, "is 4097 bytes long; at most 4096 are allowed");
	long_text[LIMIT_FILTER_BYTES] = '\0';
	filter_of(long_text, GROUPS_ALL);
	/* Negations pile up without recursion. */
	memset(long_text, '-', LIMIT_FILTER_BYTES - 1);
	filter_of(long_text, GROUPS_ALL);
	struct arena small;
	const struct filter *filter;
	arena_init(&small, 700);
	status_init(&st);
	assert_false(filter_parse(thing_type(), "a b c d e f", GROUPS_ALL, &small, &filter, &st));
	assert_int_equal(st.code, STATUS_RESOURCE_EXHAUSTED);
	arena_done(&small);
}

/* A field is named by a path in either form, never by a value, a key or a word that is searched for. */
static void names(void **state)
{
	(void)state;
	const struct schema_field *field = schema_field_find(thing_type(), "create_time");
	static const char *const with[] = {"create_time > 2026-01-01", "createTime:*", "NOT createTime < 2026-01-01", "create_time != 2026-09-30",
	                                   "a AND (name = b OR -(note:c AND (d OR createTime > 2026-01-01)))"};
	static const char *const without[] = {"", "create_time", "name = create_time OR NOT note:\"create_time\"", "labels.create_time = x AND labels:createTime",
	                                      "(\"create_time > 2026-01-01\" OR uid = 'createTime')"};
	for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
		assert_true(filter_names(filter_of(with[i], GROUPS_ALL), field));
		assert_false(filter_names(filter_of(with[i], GROUPS_ALL), NULL));
	}
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
		assert_false(filter_names(filter_of(without[i], GROUPS_ALL), field));
	}
	assert_true(filter_names(filter_of("parts.label:x", GROUPS_ALL), schema_field_find(thing_type(), "parts")));
}

/* Parses whatever it is given; a refusal must point into the text. */
static void check_any_text(const char *text)
{
	const struct filter *filter;
	unsigned column = 0;
	status_init(&st);
	if (filter_parse(thing_type(), text, GROUPS_ALL, &arena, &filter, &st)) {
		filter_matches(filter, thing(things_json));
		return;
	}
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	if (sscanf(st.violations[0].description, "column %u", &column) != 1 || column < 1 || column > strlen(text) + 1) {
		fail_msg("%s: %s", text, st.message);
	}
}

static void any_text(void **state)
{
	(void)state;
	static const char valid[] = "NOT (display_name:\"a\\\"c*\" OR labels.\"cost center\" != 'x') AND create_time >= 2026-09-30T00:00:00Z -parts.price > "
	                            "\"5 EUR\" warmth=HOT gröss* i32 < -3";
	static const char *const parts[] = {"(", ")", "\"", "'", " ", "AND", "OR", "NOT", "-", "=", "!=", "<=", ":", "*", "name", "parts.price",
	                                    "labels.", "i32", "warmth", "HOT", "5", "\\", ".", ",", "create_time", "2026-09-30", "\xc3", "ö", "\x01"};
	filter_of(valid, GROUPS_ALL);
	for (size_t i = 0; i < sizeof valid; i++) {
		check_any_text(arena_strndup(&arena, valid, i));
	}
	for (int i = 0; i < 20000; i++) {
		char text[128] = "";
		if (i % 64 == 0) {
			arena_reset(&arena);
		}
		for (size_t j = chance_below(10); j > 0; j--) {
			strcat(text, parts[chance_below(sizeof parts / sizeof parts[0])]);
			strcat(text, chance_below(2) ? " " : "");
		}
		for (size_t j = chance_below(3); j > 0 && i % 2; j--) {
			text[chance_below(strlen(text) + 1)] = (char)(1 + chance_below(255));
		}
		check_any_text(text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {
		TEST(empty), TEST(numbers), TEST(enums), TEST(texts), TEST(times), TEST(money), TEST(absent), TEST(paths), TEST(logic), TEST(search),
		TEST(unknown_names), TEST(wrong_values), TEST(grammar), TEST(limits), TEST(names), TEST(any_text),
	};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
