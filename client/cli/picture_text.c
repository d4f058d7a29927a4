/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture as lines of text: block elements, box drawing, colours where the terminal has them. What a colour says, a character says too.
 */
#include "client/cli/picture_text.h"

#include "client/cli/draw.h"

#include <math.h>

enum { WIDTH_USUAL = 80, WIDTH_MIN = 40, WIDTH_MAX = 120, LABEL_MIN = 10, BAR_MIN = 8, BAR_MAX = 40 };

static const char *const tone_codes[] = {"", "36", "33", "32", "31", "90"};

void paper_tone(struct paper *paper, enum picture_tone tone, const char *text)
{
	bool colour = paper->colour && tone != PICTURE_PLAIN && text[0];
	if (colour) {
		buf_printf(paper->out, "\033[%sm", tone_codes[tone]);
	}
	buf_add_text(paper->out, text);
	buf_add_text(paper->out, colour ? "\033[0m" : "");
}

void paper_pad(struct paper *paper, const char *text, size_t width, bool right)
{
	size_t taken = text_width(text);
	for (size_t i = taken; i < width && right; i++) {
		buf_add_byte(paper->out, ' ');
	}
	buf_add_text(paper->out, text);
	for (size_t i = taken; i < width && !right; i++) {
		buf_add_byte(paper->out, ' ');
	}
}

void paper_end_line(struct paper *paper)
{
	struct buf *out = paper->out;
	while (out->size > 0 && out->data[out->size - 1] == ' ') {
		out->size--;
	}
	buf_add_byte(out, '\n');
}

const char *paper_clean(const struct paper *paper, const char *text)
{
	return text_clean(text ? text : "", paper->arena);
}

void paper_heading(struct paper *paper, const char *text)
{
	struct buf lines;
	if (text && text[0]) {
		buf_init(&lines, paper->arena);
		text_wrap(&lines, paper_clean(paper, text), 0, 0, paper->width);
		buf_printf(paper->out, "%s%s%s\n", paper->colour ? "\033[1m" : "", buf_text(&lines), paper->colour ? "\033[0m" : "");
	}
}

size_t paper_widest(const struct paper *paper, size_t widest, const char *text)
{
	size_t width = text_width(paper_clean(paper, text));
	return width > widest ? width : widest;
}

/* ---- bars ------------------------------------------------------------------------------------------------------------------------------------- */

/* Where the columns of the bars are. */
struct bar_layout {
	size_t label, bar, zero; /* columns; zero: those left of the line at 0 */
	bool has_zero;
};

static struct bar_layout layout_bars(const struct paper *paper, const struct picture_bars *bars)
{
	struct bar_layout layout = {.has_zero = !bars->from_name && bars->low < 0 && bars->high > 0};
	size_t text = 0;
	for (size_t i = 0; i < bars->count; i++) {
		layout.label = paper_widest(paper, layout.label, bars->rows[i].label);
		text = bars->rows[i].defined ? paper_widest(paper, text, bars->rows[i].text) : text;
	}
	size_t label_max = paper->width / 2 - 4;
	size_t beside = paper->width > text + BAR_MIN + 5 ? paper->width - text - BAR_MIN - 5 : 0;
	label_max = beside < label_max ? (beside < LABEL_MIN ? LABEL_MIN : beside) : label_max;
	layout.label = layout.label > label_max ? label_max : layout.label;
	size_t taken = layout.label + text + 4 + layout.has_zero;
	layout.bar = paper->width > taken + BAR_MIN ? paper->width - taken : BAR_MIN;
	layout.bar = layout.bar > BAR_MAX ? BAR_MAX : layout.bar;
	if (layout.has_zero) {
		layout.zero = (size_t)lround(picture_share(0, bars->low, bars->high) * (double)layout.bar);
		layout.zero = layout.zero == 0 ? 1 : layout.zero >= layout.bar ? layout.bar - 1 : layout.zero;
	}
	return layout;
}

static void print_span(struct paper *paper, const struct picture_bars *bars, const struct picture_row *row, const struct bar_layout *layout)
{
	struct buf span;
	buf_init(&span, paper->arena);
	double low = fmin(row->from, row->to), high = fmax(row->from, row->to);
	if (!layout->has_zero) {
		double cells = (double)layout->bar;
		draw_span(&span, picture_share(low, bars->low, bars->high) * cells, picture_share(high, bars->low, bars->high) * cells, layout->bar, "\xE2\x96\x91");
	} else {
		double left = (double)layout->zero, right = (double)(layout->bar - layout->zero);
		draw_span(&span, picture_share(fmin(low, 0), bars->low, 0) * left, picture_share(fmin(high, 0), bars->low, 0) * left, layout->zero, " ");
		buf_add_text(&span, "\xE2\x94\x82");
		draw_span(&span, picture_share(fmax(low, 0), 0, bars->high) * right, picture_share(fmax(high, 0), 0, bars->high) * right, layout->bar - layout->zero,
		          " ");
	}
	paper_tone(paper, row->tone, buf_text(&span));
}

/* ○────● between two marks, ◉ where they meet. */
static void print_marks(struct paper *paper, const struct picture_bars *bars, const struct picture_row *row, const struct bar_layout *layout)
{
	double last = (double)(layout->bar - 1);
	size_t from = (size_t)lround(picture_share(row->from, bars->low, bars->high) * last);
	size_t to = (size_t)lround(picture_share(row->to, bars->low, bars->high) * last);
	struct buf line;
	buf_init(&line, paper->arena);
	for (size_t i = 0; i < layout->bar; i++) {
		bool between = (i > from && i < to) || (i > to && i < from);
		const char *mark = i == from && i == to ? "\xE2\x97\x89"
		                   : i == from          ? "\xE2\x97\x8B"
		                   : i == to            ? "\xE2\x97\x8F"
		                   : between            ? "\xE2\x94\x80"
		                                        : "\xC2\xB7";
		buf_add_text(&line, mark);
	}
	paper_tone(paper, row->tone, buf_text(&line));
}

static void print_row(struct paper *paper, const struct picture_bars *bars, const struct picture_row *row, const struct bar_layout *layout)
{
	paper_pad(paper, text_cut(paper_clean(paper, row->label), layout->label, paper->arena), layout->label, false);
	buf_add_text(paper->out, "  ");
	const char *text = paper_clean(paper, row->text);
	if (!row->defined) {
		text_wrap(paper->out, text, layout->label + 2, layout->label + 2, paper->width);
		paper_end_line(paper);
		return;
	}
	if (bars->from_name) {
		print_marks(paper, bars, row, layout);
	} else {
		print_span(paper, bars, row, layout);
	}
	buf_add_text(paper->out, "  ");
	buf_add_text(paper->out, text);
	paper_end_line(paper);
}

static void print_bars(struct paper *paper, const struct picture_bars *bars)
{
	const struct bar_layout layout = layout_bars(paper, bars);
	paper_heading(paper, bars->heading);
	for (size_t i = 0; i < bars->count; i++) {
		print_row(paper, bars, &bars->rows[i], &layout);
	}
	if (bars->from_name) {
		const char *high = arena_printf(paper->arena, "%g", bars->high), *low = arena_printf(paper->arena, "%g", bars->low);
		paper_pad(paper, "", layout.label + 2, false);
		paper_pad(paper, low ? low : "", layout.bar - text_width(high ? high : ""), false);
		buf_printf(paper->out, "%s\n", high ? high : "");
		buf_printf(paper->out, "\xE2\x97\x8B %s  \xE2\x97\x8F %s  \xE2\x97\x89 both\n", paper_clean(paper, bars->from_name), paper_clean(paper, bars->to_name));
	}
}

/* ---- notes ------------------------------------------------------------------------------------------------------------------------------------ */

static void print_note(struct paper *paper, const struct picture_part *part)
{
	struct buf text;
	buf_init(&text, paper->arena);
	text_wrap(&text, paper_clean(paper, part->note), part->alarm ? 2 : 0, part->alarm ? 2 : 0, paper->width);
	paper_tone(paper, part->alarm ? PICTURE_BAD : PICTURE_PLAIN, part->alarm ? "! " : "");
	paper_tone(paper, part->alarm ? PICTURE_BAD : PICTURE_PLAIN, buf_text(&text));
	buf_add_byte(paper->out, '\n');
}

void picture_print_text(const struct picture *picture, const struct terminal *terminal, struct buf *out)
{
	size_t width = terminal->width > 0 ? (size_t)terminal->width : WIDTH_USUAL;
	struct paper paper = {
		.arena = picture->arena,
		.out = out,
		.width = width < WIDTH_MIN   ? WIDTH_MIN
	             : width > WIDTH_MAX ? WIDTH_MAX
	                                 : width,
		.colour = terminal->colour,
	};
	paper_heading(&paper, picture->title);
	enum picture_kind before = PICTURE_GRID;
	for (const struct picture_part *part = picture->first; part; part = part->next) {
		if (part->kind != PICTURE_NOTE || before != PICTURE_NOTE) {
			buf_add_byte(out, '\n');
		}
		before = part->kind;
		switch (part->kind) {
		case PICTURE_NOTE:
			print_note(&paper, part);
			break;
		case PICTURE_BARS:
			print_bars(&paper, part->bars);
			break;
		case PICTURE_SCATTER:
			paper_scatter(&paper, part->scatter);
			break;
		case PICTURE_GRID:
			paper_grid(&paper, part->grid);
			break;
		}
	}
}
