/* SPDX-License-Identifier: Apache-2.0
 *
 * Block elements U+2581 to U+258F: eight heights, eight widths.
 */
#include "client/cli/draw.h"

#include "client/cli/text.h"
#include "common/base/clock.h"

#include <math.h>
#include <stdio.h>

static const char undefined_mark[] = "\xE2\x80\x93";

bool figure_defined(const Kam__V1__Figure *figure)
{
	return figure && figure->_value_case == KAM__V1__FIGURE___VALUE_VALUE && isfinite(figure->value);
}

const char *draw_percent(const Kam__V1__Figure *figure, struct arena *arena)
{
	const char *text = figure_defined(figure) ? arena_printf(arena, "%.2f %%", figure->value * 100) : undefined_mark;
	return text ? text : "";
}

const char *draw_number(const Kam__V1__Figure *figure, int decimals, struct arena *arena)
{
	if (!figure_defined(figure)) {
		return undefined_mark;
	}
	char *text = arena_printf(arena, "%.*f", decimals, figure->value);
	if (text && strchr(text, '.')) {
		size_t size = strlen(text);
		while (text[size - 1] == '0') {
			text[--size] = '\0';
		}
		if (text[size - 1] == '.') {
			text[size - 1] = '\0';
		}
	}
	return text ? text : "";
}

const char *draw_money(const Kam__V1__Money *money, bool currency, struct arena *arena)
{
	if (!money) {
		return undefined_mark;
	}
	int64_t units = money->units;
	if (money->nanos >= 500000000 && units < INT64_MAX) {
		units++;
	} else if (money->nanos <= -500000000 && units > INT64_MIN) {
		units--;
	}
	const char *text = text_grouped(units, arena);
	const char *whole = currency && money->currency_code[0] ? arena_printf(arena, "%s %s", text, money->currency_code) : text;
	return whole ? whole : "";
}

const char *draw_day(const Google__Protobuf__Timestamp *time, struct arena *arena)
{
	char text[CLOCK_TEXT_BYTES];
	if (!time) {
		return undefined_mark;
	}
	clock_format(time->seconds, 0, text);
	const char *day = arena_strndup(arena, text, 10);
	return day ? day : "";
}

/* One cell, filled from `from` to `to`, both 0 to 1. U+2588 is the full cell, U+258F its left eighth, U+2590 its right half. */
static void draw_cell(struct buf *out, double from, double to, const char *empty)
{
	if (from <= 0) {
		unsigned eighths = (unsigned)llround(to * 8);
		if (eighths > 0) {
			buf_add_text(out, "\xE2\x96");
			buf_add_byte(out, (uint8_t)(0x90 - eighths));
			return;
		}
	} else if (to >= 1 && from < 0.75) {
		buf_add_text(out, from < 0.25 ? "\xE2\x96\x88" : "\xE2\x96\x90");
		return;
	}
	buf_add_text(out, empty);
}

void draw_span(struct buf *out, double from, double to, size_t width, const char *empty)
{
	double cells = (double)width;
	from = fmin(fmax(from, 0), cells);
	to = fmin(fmax(to, from), cells);
	if (to > from && to - from < 0.125) {
		/* What ends at the right end shows there, anything else at the left of its cell. */
		from = to >= cells ? cells - 0.5 : floor(from);
		to = to >= cells ? cells : from + 0.125;
	}
	for (size_t i = 0; i < width; i++) {
		double start = fmax(from - (double)i, 0), end = fmin(to - (double)i, 1);
		if (end <= start) {
			buf_add_text(out, empty);
		} else {
			draw_cell(out, start, end, empty);
		}
	}
}

const char *draw_bar(const Kam__V1__Figure *figure, size_t width, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	bool defined = figure_defined(figure);
	draw_span(&out, 0, defined ? figure->value * (double)width : 0, width, defined ? "\xE2\x96\x91" : "\xC2\xB7");
	return buf_text(&out);
}

void draw_spark(struct buf *out, const Kam__V1__Figure *figure)
{
	if (!figure_defined(figure)) {
		buf_add_text(out, "\xC2\xB7");
		return;
	}
	double value = fmin(fmax(figure->value, 0), 1);
	buf_add_text(out, "\xE2\x96");
	buf_add_byte(out, (uint8_t)(0x81 + (unsigned)llround(value * 7)));
}
