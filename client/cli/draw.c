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

const char *draw_bar(const Kam__V1__Figure *figure, size_t width, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	if (!figure_defined(figure)) {
		for (size_t i = 0; i < width; i++) {
			buf_add_text(&out, "\xC2\xB7");
		}
		return buf_text(&out);
	}
	double value = fmin(fmax(figure->value, 0), 1);
	size_t eighths = (size_t)llround(value * (double)width * 8);
	for (size_t i = 0; i < width; i++) {
		size_t part = eighths > i * 8 ? eighths - i * 8 : 0;
		part = part > 8 ? 8 : part;
		if (part == 0) {
			buf_add_text(&out, "\xE2\x96\x91");
		} else {
			/* U+2588 is the full cell, U+258F one eighth of it. */
			buf_add_text(&out, "\xE2\x96");
			buf_add_byte(&out, (uint8_t)(0x90 - part));
		}
	}
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
