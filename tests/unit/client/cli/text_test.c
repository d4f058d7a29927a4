/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for terminals.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/draw.h"
#include "client/cli/text.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena;

static int set_up(void **state)
{
	struct terminal terminal;
	(void)state;
	setenv("LC_ALL", "C", 1);
	terminal_look(&terminal);
	arena_init(&arena, 1u << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static void clean(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
		{"plain", "plain"},
		{"Zoë 株式会社 🙂 ‍", "Zoë 株式会社 🙂 ‍"},
		{"\033[31mred", "\\u001b[31mred"},
		{"a\nb\tc\rd", "a\\nb\\tc\\rd"},
		{"\x7F", "\\u007f"},
		{"\xC2\x9B" "31m", "\\u009b31m"},
		{"abc\xE2\x80\xAE" "fdp.exe", "abc\\u202efdp.exe"},
		{"\xE2\x81\xA6x\xE2\x81\xA9", "\\u2066x\\u2069"},
		{"\xE2\x80\xA8", "\\u2028"},
		{"\xF3\xA0\x81\x81", "\\ue0041"},
		{"\xFF\xFE", "\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"ab\xE2\x82", "ab\xEF\xBF\xBD\xEF\xBF\xBD"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(text_clean(cases[i].text, &arena), cases[i].clean);
	}
	const char *plain = "unchanged";
	assert_ptr_equal(text_clean(plain, &arena), plain);
}

static void clean_json(void **state)
{
	(void)state;
	assert_string_equal(text_clean_json("{\"a\": \"é\\n\"}", &arena), "{\"a\": \"é\\n\"}");
	assert_string_equal(text_clean_json("\"x\xC2\x9By\x7F\xE2\x80\xAE\"", &arena), "\"x\\u009by\\u007f\\u202e\"");
	assert_string_equal(text_clean_json("\"\xF3\xA0\x81\x81\"", &arena), "\"\\udb40\\udc41\"");
}

/* Widths count in any environment, for terminal_look chose a UTF-8 locale though LC_ALL says C. */
static void width(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("Zoë"), 3);
	assert_int_equal(text_width("e\xCC\x81"), 1);
	assert_int_equal(text_width("株式会社"), 8);
	assert_int_equal(text_width(""), 0);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(text_kebab("display_name", &arena), "display-name");
	assert_string_equal(text_kebab("auditEntries", &arena), "audit-entries");
	assert_string_equal(text_kebab("GetReport", &arena), "get-report");
	assert_string_equal(text_snake("display-name", &arena), "display_name");
	assert_string_equal(text_heading("display_name", &arena), "DISPLAY NAME");
	assert_string_equal(text_words("ECONOMIC_BUYER", &arena), "economic buyer");
	assert_string_equal(text_first_line("One thing. Another.", &arena), "One thing.");
	assert_string_equal(text_first_line("Such as e.g. this\nmore", &arena), "Such as e.g. this");
	assert_string_equal(text_first_line(NULL, &arena), "");
}

static void numbers(void **state)
{
	(void)state;
	assert_string_equal(text_grouped(0, &arena), "0");
	assert_string_equal(text_grouped(999, &arena), "999");
	assert_string_equal(text_grouped(1000, &arena), "1,000");
	assert_string_equal(text_grouped(10005534, &arena), "10,005,534");
	assert_string_equal(text_grouped(-1234, &arena), "-1,234");
	assert_string_equal(text_grouped(INT64_MIN, &arena), "-9,223,372,036,854,775,808");
}

static void wrap(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, &arena);
	text_wrap(&out, "one two three four", 4, 4, 12);
	assert_string_equal(buf_text(&out), "one two\n    three\n    four");
	buf_init(&out, &arena);
	text_wrap(&out, "averyverylongword x", 0, 2, 8);
	assert_string_equal(buf_text(&out), "averyverylongword\n  x");
}

static Kam__V1__Figure figure(double value)
{
	Kam__V1__Figure made = KAM__V1__FIGURE__INIT;
	made._value_case = KAM__V1__FIGURE___VALUE_VALUE;
	made.value = value;
	return made;
}

static void figures(void **state)
{
	Kam__V1__Figure none = KAM__V1__FIGURE__INIT, some = figure(0.63153), half = figure(0.5), full = figure(1), past = figure(7), bad = figure(NAN);
	struct buf out;
	(void)state;
	assert_false(figure_defined(NULL));
	assert_false(figure_defined(&none));
	assert_false(figure_defined(&bad));
	assert_string_equal(draw_percent(&some, &arena), "63.15 %");
	assert_string_equal(draw_percent(&none, &arena), "–");
	assert_string_equal(draw_number(&half, 2, &arena), "0.5");
	assert_string_equal(draw_number(&past, 0, &arena), "7");
	assert_string_equal(draw_bar(&half, 4, &arena), "██░░");
	assert_string_equal(draw_bar(&full, 2, &arena), "██");
	assert_string_equal(draw_bar(&past, 2, &arena), "██");
	assert_string_equal(draw_bar(&none, 2, &arena), "··");
	buf_init(&out, &arena);
	draw_spark(&out, &none);
	draw_spark(&out, &half);
	draw_spark(&out, &full);
	assert_string_equal(buf_text(&out), "·▅█");
}

static void money(void **state)
{
	Kam__V1__Money amount = KAM__V1__MONEY__INIT;
	(void)state;
	amount.currency_code = (char *)"USD";
	amount.units = 341455;
	assert_string_equal(draw_money(&amount, false, &arena), "341,455");
	amount.nanos = 500000000;
	assert_string_equal(draw_money(&amount, true, &arena), "341,456 USD");
	assert_string_equal(draw_money(NULL, true, &arena), "–");
}

static void characters_are_whole(void **state)
{
	(void)state;
	size_t width;
	assert_int_equal(text_character("", &width), 0);
	assert_int_equal(text_character("ab", &width), 1);
	assert_int_equal(width, 1);
	assert_int_equal(text_character("e\xCC\x81x", &width), 3); /* an accent of its own */
	assert_int_equal(width, 1);
	assert_int_equal(text_character("\xE6\xBC\xA2x", &width), 3);
	assert_int_equal(width, 2);
}

static void cutting_keeps_within_the_width(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t width;
		const char *cut;
	} cases[] = {
		{"Acme", 4, "Acme"}, {"Acme", 3, "Ac\xE2\x80\xA6"}, {"Acme", 1, "\xE2\x80\xA6"}, {"Acme", 0, ""}, {"", 0, ""},
		{"\xE6\xBC\xA2\xE5\xAD\x97", 4, "\xE6\xBC\xA2\xE5\xAD\x97"}, {"\xE6\xBC\xA2\xE5\xAD\x97", 3, "\xE6\xBC\xA2\xE2\x80\xA6"},
		{"\xE6\xBC\xA2\xE5\xAD\x97", 2, "\xE2\x80\xA6"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(text_cut(cases[i].text, cases[i].width, &arena), cases[i].cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean), cmocka_unit_test(clean_json), cmocka_unit_test(width), cmocka_unit_test(names), cmocka_unit_test(numbers),
		cmocka_unit_test(wrap),  cmocka_unit_test(figures), cmocka_unit_test(money),
		cmocka_unit_test(characters_are_whole), cmocka_unit_test(cutting_keeps_within_the_width),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
