/* SPDX-License-Identifier: Apache-2.0
 *
 * One picture, two prints: small ones whole, large ones by what must hold of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/picture.h"

#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

static int set_up(void **state)
{
	struct terminal terminal;
	(void)state;
	terminal_look(&terminal); /* the locale, by which the width of characters goes */
	arena_init(&arena, 64u << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static const char *as_text(const struct picture *picture, int width, bool colour)
{
	struct buf out;
	buf_init(&out, &arena);
	picture_print_text(picture, &(struct terminal){.width = width, .colour = colour}, &out);
	if (getenv("KAM_TEST_SHOW")) {
		printf("%s", buf_text(&out));
	}
	return buf_text(&out);
}

static const char *as_svg(const struct picture *picture)
{
	struct buf out;
	buf_init(&out, &arena);
	picture_print_svg(picture, &out);
	return buf_text(&out);
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;
	while (*text) {
		size_t size = strcspn(text, "\n");
		size_t width = text_width(arena_strndup(&arena, text, size));
		widest = width > widest ? width : widest;
		text += size;
		text += *text == '\n';
	}
	return widest;
}

static const struct picture_row shares[] = {
	{.label = "Acme", .text = "100 %", .defined = true, .to = 1},
	{.label = "Bolt", .text = "50 %", .defined = true, .to = 0.5},
	{.label = "Crane", .text = "not known: nobody cast a ballot"},
	{.label = "Dust", .text = "0 %", .defined = true},
};

static void bars_are_in_eighths(void **state)
{
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Support");
	picture_bars(&picture, &(struct picture_bars){.heading = "", .low = 0, .high = 1, .rows = shares, .count = 4});
	assert_string_equal(as_text(&picture, 40, false),
	                    "Support\n\n"
	                    "Acme   ██████████████████████████  100 %\n"
	                    "Bolt   █████████████░░░░░░░░░░░░░  50 %\n"
	                    "Crane  not known: nobody cast a ballot\n"
	                    "Dust   ░░░░░░░░░░░░░░░░░░░░░░░░░░  0 %\n");
}

static void bars_go_both_ways_from_zero(void **state)
{
	static const struct picture_row rows[] = {
		{.label = "up", .text = "+0.50", .defined = true, .to = 0.5},
		{.label = "down", .text = "-1.00", .defined = true, .to = -1, .tone = PICTURE_BAD},
		{.label = "little", .text = "+0.01", .defined = true, .to = 0.01},
		{.label = "none", .text = "0.00", .defined = true},
	};
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Growth");
	picture_bars(&picture, &(struct picture_bars){.heading = "", .low = -1, .high = 1, .rows = rows, .count = 4});
	assert_string_equal(as_text(&picture, 40, false),
	                    "Growth\n\n"
	                    "up                  │██████        +0.50\n"
	                    "down    ████████████│              -1.00\n"
	                    "little              │▏             +0.01\n"
	                    "none                │              0.00\n");
	const char *coloured = as_text(&picture, 40, true);
	assert_non_null(strstr(coloured, "\033[31m████████████│"));
}

static void marks_show_two_views(void **state)
{
	static const struct picture_row rows[] = {
		{.label = "fit", .text = "+3", .defined = true, .from = 5, .to = 8},
		{.label = "trust", .text = "0", .defined = true, .from = 10, .to = 10},
	};
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Gap");
	picture_bars(&picture, &(struct picture_bars){.heading = "", .low = 1, .high = 10, .from_name = "the client", .to_name = "we", .rows = rows, .count = 2});
	assert_string_equal(as_text(&picture, 40, false),
	                    "Gap\n\n"
	                    "fit    ············○─────────●······  +3\n"
	                    "trust  ····························◉  0\n"
	                    "       1                          10\n"
	                    "○ the client  ● we  ◉ both\n");
}

static const struct picture_point points[] = {
	{.label = "Acme", .text = "8 / 9", .x = 9, .y = 8, .size = 1, .moved = true, .from_x = 6, .from_y = 8},
	{.label = "Bolt", .text = "3 / 2", .x = 2, .y = 3, .size = 0.2},
	{.label = "Crane", .text = "9 / 3", .x = 3, .y = 9, .size = 0.01},
};

static const struct picture_scatter matrix = {
	.heading = "", .x_title = "strength", .y_title = "attractiveness", .size_title = "revenue", .low = 1, .high = 10, .x_cut = 5.5, .y_cut = 5.5,
	.quadrants = {"develop", "invest", "keep lean", "maintain"}, .points = points, .count = 3,
};

static void a_scatter_has_names_where_there_is_room(void **state)
{
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Matrix");
	picture_scatter(&picture, &matrix);
	assert_string_equal(as_text(&picture, 40, false),
	                    "Matrix\n\n"
	                    "     ↑ attractiveness\n"
	                    "  10 ┌─ develop ──────┬─ invest ───────┐\n"
	                    "     │                │                │\n"
	                    "     │       •Crane   │                │\n"
	                    "     │                │ ○·········◉Acme│\n"
	                    "     │                │                │\n"
	                    "     │                │                │\n"
	                    "     │                │                │\n"
	                    " 5.5 │────────────────┼────────────────│\n"
	                    "     │                │                │\n"
	                    "     │                │                │\n"
	                    "     │    ●Bolt       │                │\n"
	                    "     │                │                │\n"
	                    "     │                │                │\n"
	                    "   1 └─ keep lean ────┴─ maintain ─────┘\n"
	                    "      1              5.5             10\n"
	                    "      strength →\n"
	                    "◉ Acme   8 / 9\n"
	                    "● Bolt   3 / 2\n"
	                    "• Crane  9 / 3\n"
	                    "    • ● ◉ revenue: below a tenth, below\n"
	                    "    half, from half of the largest up\n");
}

static struct picture_point *crowd(size_t count, bool together)
{
	struct picture_point *crowded = arena_calloc(&arena, count, sizeof *crowded);
	for (size_t i = 0; i < count; i++) {
		crowded[i] = (struct picture_point){.label = arena_printf(&arena, "Account number %zu", i), .text = "figures", .size = 1 / (double)(i + 1)};
		crowded[i].x = together ? 5 : 1 + (double)((i * 37) % 90) / 10;
		crowded[i].y = together ? 5 : 1 + (double)((i * 53) % 90) / 10;
	}
	return crowded;
}

static void crowded_points_have_numbers_and_a_list(void **state)
{
	struct picture picture;
	(void)state;
	struct picture_scatter scatter = matrix;
	scatter.points = crowd(25, false);
	scatter.count = 25;
	picture_init(&picture, &arena, "Matrix");
	picture_scatter(&picture, &scatter);
	const char *text = as_text(&picture, 60, false);
	assert_non_null(strstr(text, "  1 ◉ Account number 0 "));
	assert_non_null(strstr(text, " 23 • Account number 22 "));
	assert_true(widest_line(text) <= 60);

	scatter.points = crowd(3, true);
	scatter.count = 3;
	picture_init(&picture, &arena, "Matrix");
	picture_scatter(&picture, &scatter);
	text = as_text(&picture, 60, false);
	assert_non_null(strstr(text, "  1 ◉ Account number 0"));
	assert_non_null(strstr(text, "  – ● Account number 2"));
	assert_non_null(strstr(text, "no room for its number"));

	scatter.points = crowd(500, false);
	scatter.count = 500;
	picture_init(&picture, &arena, "Matrix");
	picture_scatter(&picture, &scatter);
	assert_non_null(strstr(as_text(&picture, 60, false), "460 more"));
	assert_non_null(strstr(as_svg(&picture), "460 more"));
}

static const char *const people[] = {"anna", "bert", "carla"};
static const struct picture_cell overlaps[] = {
	{.text = "100", .share = 1},  {.text = "50", .share = 0.5}, {.text = "0", .share = 0},
	{.text = "50", .share = 0.5}, {.text = "100", .share = 1},  {.text = "", .share = -1},
	{.text = "0", .share = 0},    {.text = "", .share = -1},    {.text = "100", .share = 1},
};

static void a_square_grid_is_numbered(void **state)
{
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Overlap");
	picture_grid(&picture, &(struct picture_grid){.heading = "", .rows = people, .rows_count = 3, .columns = people, .columns_count = 3, .cells = overlaps});
	assert_string_equal(as_text(&picture, 80, false),
	                    "Overlap\n\n"
	                    "             1     2     3\n"
	                    " 1 anna  █ 100  ▅ 50   ▁ 0\n"
	                    " 2 bert   ▅ 50 █ 100     ·\n"
	                    " 3 carla   ▁ 0     · █ 100\n");
}

static void a_wide_grid_goes_on_below(void **state)
{
	enum { SIDE = 60 };
	const char **names = arena_calloc(&arena, SIDE, sizeof *names);
	struct picture_cell *cells = arena_calloc(&arena, SIDE * SIDE, sizeof *cells);
	struct picture picture;
	(void)state;
	for (size_t i = 0; i < SIDE; i++) {
		names[i] = arena_printf(&arena, "A participant with a long name %zu", i);
	}
	picture_init(&picture, &arena, "Overlap");
	picture_grid(&picture, &(struct picture_grid){.heading = "", .rows = names, .rows_count = SIDE, .columns = names, .columns_count = SIDE, .cells = cells});
	const char *text = as_text(&picture, 60, false);
	assert_true(widest_line(text) <= 60);
	assert_non_null(strstr(text, " 60\n"));
}

static void svg_is_one_document(void **state)
{
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Matrix of <b>\"Smith & Sons\"</b>\033[31m\x01\xff\xef\xbf\xbf");
	picture_alarm(&picture, "a < b && c > d");
	picture_scatter(&picture, &matrix);
	picture_bars(&picture, &(struct picture_bars){.heading = "Support", .low = 0, .high = 1, .rows = shares, .count = 4});
	picture_grid(&picture, &(struct picture_grid){.heading = "", .rows = people, .rows_count = 3, .columns = people, .columns_count = 3, .cells = overlaps});
	const char *svg = as_svg(&picture);
	assert_string_equal(svg, as_svg(&picture));
	assert_ptr_equal(strstr(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\""), svg);
	assert_non_null(strstr(svg, "<title>Matrix of &lt;b&gt;&quot;Smith &amp; Sons&quot;&lt;/b&gt;\\u001b[31m\\u0001\xEF\xBF\xBD\xEF\xBF\xBD</title>"));
	assert_non_null(strstr(svg, "<desc>a &lt; b &amp;&amp; c &gt; d Acme, 8 / 9; "));
	assert_non_null(strstr(svg, "prefers-color-scheme:dark"));
	assert_null(strstr(svg, "<script"));
	assert_null(strstr(svg, "nan"));
	for (const char *at = svg; *at; at++) {
		assert_true((uint8_t)*at >= 0x20 || *at == '\n');
	}
	assert_string_equal(strstr(svg, "</svg>"), "</svg>\n");
}

static void names_cannot_command_the_terminal(void **state)
{
	static const struct picture_row rows[] = {{.label = "evil\033]0;x\007\r", .text = "\033[2J", .defined = true, .to = 1}};
	static const char *const names[] = {"\033[1m", "\xE2\x80\xAEtxt"};
	static const struct picture_cell cells[] = {{"\033", 1, PICTURE_PLAIN}, {"\n", 1, PICTURE_PLAIN}, {"", 0, PICTURE_PLAIN}, {"", 0, PICTURE_PLAIN}};
	static const struct picture_point evil = {.label = "\033[31m", .text = "\x07", .x = 5, .y = 5, .size = 1};
	struct picture picture;
	(void)state;
	struct picture_scatter scatter = matrix;
	scatter.points = &evil;
	scatter.count = 1;
	picture_init(&picture, &arena, "x\033[2J");
	picture_note(&picture, "\033c");
	picture_bars(&picture, &(struct picture_bars){.heading = "\033", .low = 0, .high = 1, .rows = rows, .count = 1});
	picture_grid(&picture, &(struct picture_grid){.heading = "", .rows = names, .rows_count = 2, .columns = names, .columns_count = 2, .cells = cells});
	picture_scatter(&picture, &scatter);
	const char *text = as_text(&picture, 80, false);
	for (const char *at = text; *at; at++) {
		assert_true(((uint8_t)*at >= 0x20 && *at != 0x7F) || *at == '\n');
	}
	assert_null(strstr(text, "\xE2\x80\xAE"));
}

static void nothing_is_drawn_of_nothing(void **state)
{
	struct picture picture;
	(void)state;
	picture_init(&picture, &arena, "Empty");
	picture_note(&picture, "");
	picture_bars(&picture, &(struct picture_bars){.heading = "none", .high = 1});
	picture_grid(&picture, &(struct picture_grid){.heading = "none"});
	picture_scatter(&picture, &(struct picture_scatter){.heading = "none"});
	assert_string_equal(as_text(&picture, 0, false), "Empty\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_are_in_eighths),
		cmocka_unit_test(bars_go_both_ways_from_zero),
		cmocka_unit_test(marks_show_two_views),
		cmocka_unit_test(a_scatter_has_names_where_there_is_room),
		cmocka_unit_test(crowded_points_have_numbers_and_a_list),
		cmocka_unit_test(a_square_grid_is_numbered),
		cmocka_unit_test(a_wide_grid_goes_on_below),
		cmocka_unit_test(svg_is_one_document),
		cmocka_unit_test(names_cannot_command_the_terminal),
		cmocka_unit_test(nothing_is_drawn_of_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
