/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture as SVG 1.1. Colours stand in one style sheet inside it, with others for readers who ask for dark. Lengths are in user units; numbers have
 * one decimal, so that the same picture is the same bytes.
 */
#include "client/cli/picture.h"

#include <math.h>

enum {
	WIDTH = 760,
	MARGIN = 24,
	LINE = 20,
	TEXT_CELL = 8,
	LABEL_CELLS = 30,
	NOTE_CELLS = 96,
	TITLE_CELLS = 72,
	ROW = 24,
	PLOT = 440,
	LIST_LINE = 18,
	GRID_ROW = 26
};

struct drawing {
	struct buf *out;
	struct arena *arena;
	double y; /* where the next part begins */
};

static const char *const tone_classes[] = {"plain", "ours", "theirs", "good", "bad", "faint"};

/* Colours that people who see colours differently can tell apart, 3:1 against the paper at least. */
static const char style[] =
	"text{font:13px system-ui,sans-serif;fill:#1b1f24}.paper{fill:#fff}.title{font-size:17px;font-weight:600}.heading{font-weight:600}.small{font-size:11px}"
	".line{stroke:#8b949e;fill:none}.plain{fill:#57606a;stroke:#57606a}.ours{fill:#0072b2;stroke:#0072b2}.theirs{fill:#b35900;stroke:#b35900}"
	".good{fill:#007a55;stroke:#007a55}.bad{fill:#c5221f;stroke:#c5221f}.faint{fill:#8b949e;stroke:#8b949e}text.bad,text.faint{stroke:none}"
	"text.faint{fill:#57606a}.open{fill:none;stroke-width:2}"
	"@media(prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.line{stroke:#6e7681}.plain{fill:#9198a1;stroke:#9198a1}"
	".ours{fill:#56b4e9;stroke:#56b4e9}.theirs{fill:#e69f00;stroke:#e69f00}.good{fill:#2fbf8f;stroke:#2fbf8f}.bad{fill:#ff7b72;stroke:#ff7b72}"
	".faint{fill:#6e7681;stroke:#6e7681}text.faint{fill:#9198a1}.open{fill:none}}";

/* ---- writing ---------------------------------------------------------------------------------------------------------------------------------- */

/* Text as XML 1.0 allows it: control characters are shown as their codes, the two that are no characters replaced. */
static void add_text(struct drawing *drawing, const char *text)
{
	const char *clean = text_clean(text ? text : "", drawing->arena);
	for (const char *at = clean; *at; at++) {
		switch (*at) {
		case '&':
			buf_add_text(drawing->out, "&amp;");
			break;
		case '<':
			buf_add_text(drawing->out, "&lt;");
			break;
		case '>':
			buf_add_text(drawing->out, "&gt;");
			break;
		case '"':
			buf_add_text(drawing->out, "&quot;");
			break;
		default:
			if (strncmp(at, "\xEF\xBF\xBE", 3) == 0 || strncmp(at, "\xEF\xBF\xBF", 3) == 0) {
				buf_add_text(drawing->out, "\xEF\xBF\xBD");
				at += 2;
			} else {
				buf_add_byte(drawing->out, (uint8_t)*at);
			}
		}
	}
}

/* "start", "middle" or "end" of the text stands at x. */
static void text_at(struct drawing *drawing, double x, double y, const char *anchor, const char *class, const char *text)
{
	buf_printf(drawing->out, "<text x=\"%.1f\" y=\"%.1f\"", x, y);
	if (strcmp(anchor, "start") != 0) {
		buf_printf(drawing->out, " text-anchor=\"%s\"", anchor);
	}
	if (class[0]) {
		buf_printf(drawing->out, " class=\"%s\"", class);
	}
	buf_add_byte(drawing->out, '>');
	add_text(drawing, text);
	buf_add_text(drawing->out, "</text>\n");
}

static void line_at(struct drawing *drawing, double x1, double y1, double x2, double y2, const char *class)
{
	buf_printf(drawing->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class);
}

static const char *cut(struct drawing *drawing, const char *text, size_t cells)
{
	return text_cut(text_clean(text ? text : "", drawing->arena), cells, drawing->arena);
}

static double width_of(struct drawing *drawing, const char *text)
{
	return (double)(text_width(text_clean(text, drawing->arena)) * TEXT_CELL);
}

static void heading(struct drawing *drawing, const char *text)
{
	if (text && text[0]) {
		drawing->y += LINE;
		text_at(drawing, MARGIN, drawing->y - 6, "start", "heading", text);
	}
}

static const char *number(struct drawing *drawing, double value)
{
	const char *text = arena_printf(drawing->arena, "%g", value);
	return text ? text : "";
}

/* Lines of text, broken where a page would break them. */
static void paragraph(struct drawing *drawing, double x, const char *class, const char *text, size_t cells)
{
	struct buf lines;
	buf_init(&lines, drawing->arena);
	text_wrap(&lines, text_clean(text ? text : "", drawing->arena), 0, 0, cells);
	for (const char *at = buf_text(&lines); *at;) {
		size_t size = strcspn(at, "\n");
		const char *line = arena_strndup(drawing->arena, at, size);
		drawing->y += LINE;
		text_at(drawing, x, drawing->y - 6, "start", class, line ? line : "");
		at += size;
		at += *at == '\n';
	}
}

/* ---- bars ------------------------------------------------------------------------------------------------------------------------------------- */

static void draw_row(struct drawing *drawing, const struct picture_bars *bars, const struct picture_row *row, double left, double width)
{
	double middle = drawing->y + ROW / 2.0;
	const char *class = tone_classes[row->tone];
	text_at(drawing, left - 10, middle + 4, "end", "", cut(drawing, row->label, LABEL_CELLS));
	if (!row->defined) {
		drawing->y += 2;
		paragraph(drawing, left, "faint", row->text, (size_t)((WIDTH - MARGIN - left) / TEXT_CELL));
		drawing->y += 2;
		return;
	}
	double from = left + picture_share(row->from, bars->low, bars->high) * width, to = left + picture_share(row->to, bars->low, bars->high) * width;
	if (bars->from_name) {
		line_at(drawing, left, middle, left + width, middle, "line");
		buf_printf(drawing->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\" stroke-width=\"3\"/>\n", from, middle, to, middle, class);
		buf_printf(drawing->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"7\" class=\"%s open\"/>\n", from, middle, class);
		buf_printf(drawing->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" class=\"%s\"/>\n", to, middle, class);
	} else {
		double low = fmin(from, to);
		buf_printf(drawing->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"%s\"/>\n", low, drawing->y + 4, fabs(to - from), ROW - 8,
		           class);
	}
	text_at(drawing, left + width + 10, middle + 4, "start", "", row->text);
	drawing->y += ROW;
}

static void draw_bars(struct drawing *drawing, const struct picture_bars *bars)
{
	double label = 0, text = 0;
	heading(drawing, bars->heading);
	for (size_t i = 0; i < bars->count; i++) {
		label = fmax(label, width_of(drawing, cut(drawing, bars->rows[i].label, LABEL_CELLS)));
		text = bars->rows[i].defined ? fmax(text, width_of(drawing, bars->rows[i].text)) : text;
	}
	double left = MARGIN + label + 12, width = fmax(WIDTH - MARGIN - text - 12 - left, 120), top = drawing->y;
	for (size_t i = 0; i < bars->count; i++) {
		draw_row(drawing, bars, &bars->rows[i], left, width);
	}
	if (bars->from_name) {
		text_at(drawing, left, drawing->y + 10, "middle", "small", number(drawing, bars->low));
		text_at(drawing, left + width, drawing->y + 10, "middle", "small", number(drawing, bars->high));
		buf_printf(drawing->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" class=\"plain open\"/>\n", left + 30, drawing->y + 26);
		text_at(drawing, left + 42, drawing->y + 30, "start", "", bars->from_name);
		double second = left + 66 + width_of(drawing, bars->from_name);
		buf_printf(drawing->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" class=\"plain\"/>\n", second, drawing->y + 26);
		text_at(drawing, second + 12, drawing->y + 30, "start", "", bars->to_name);
		drawing->y += 40;
	} else if (bars->low <= 0 && bars->high >= 0) {
		double zero = left + picture_share(0, bars->low, bars->high) * width;
		line_at(drawing, zero, top, zero, drawing->y, "line");
	}
}

/* ---- scatter ---------------------------------------------------------------------------------------------------------------------------------- */

struct scatter {
	struct drawing *drawing;
	const struct picture_scatter *scatter;
	const struct picture_point *points; /* sorted */
	size_t labelled;
	struct picture_spot *spots; /* within the frame */
	double left, top, width;
	bool numbers;
};

static const char *label_of(const struct scatter *plot, size_t i)
{
	struct arena *arena = plot->drawing->arena;
	const char *text = plot->numbers ? arena_printf(arena, "%zu", i + 1) : cut(plot->drawing, plot->points[i].label, LABEL_CELLS);
	return text ? text : "";
}

static double across(const struct scatter *plot, double x)
{
	return picture_share(x, plot->scatter->low, plot->scatter->high) * plot->width;
}

static double down(const struct scatter *plot, double y)
{
	return (1 - picture_share(y, plot->scatter->low, plot->scatter->high)) * PLOT;
}

static double radius(const struct picture_point *point)
{
	return 4 + 18 * sqrt(fmin(fmax(point->size, 0), 1));
}

static size_t place_labels(struct scatter *plot)
{
	for (size_t i = 0; i < plot->labelled; i++) {
		const struct picture_point *point = &plot->points[i];
		double reach = radius(point) * 0.8;
		plot->spots[i] = (struct picture_spot){.x = across(plot, point->x),
		                                       .y = down(plot, point->y),
		                                       .half_width = reach,
		                                       .half_height = reach,
		                                       .width = (double)(text_width(label_of(plot, i)) * TEXT_CELL) + 4,
		                                       .height = 14};
	}
	return picture_place(plot->spots, plot->labelled, plot->width, PLOT, 0, true);
}

static void draw_frame(struct scatter *plot)
{
	struct drawing *drawing = plot->drawing;
	const struct picture_scatter *scatter = plot->scatter;
	double x = plot->left + across(plot, scatter->x_cut), y = plot->top + down(plot, scatter->y_cut), right = plot->left + plot->width,
		   bottom = plot->top + PLOT;
	buf_printf(drawing->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"line\"/>\n", plot->left, plot->top, plot->width, PLOT);
	line_at(drawing, x, plot->top, x, bottom, "line");
	line_at(drawing, plot->left, y, right, y, "line");
	text_at(drawing, plot->left, plot->top - 8, "start", "faint", scatter->quadrants[0]);
	text_at(drawing, right, plot->top - 8, "end", "faint", scatter->quadrants[1]);
	text_at(drawing, plot->left, bottom + 34, "start", "faint", scatter->quadrants[2]);
	text_at(drawing, right, bottom + 34, "end", "faint", scatter->quadrants[3]);
	text_at(drawing, plot->left, bottom + 16, "middle", "small", number(drawing, scatter->low));
	text_at(drawing, x, bottom + 16, "middle", "small", number(drawing, scatter->x_cut));
	text_at(drawing, right, bottom + 16, "middle", "small", number(drawing, scatter->high));
	text_at(drawing, plot->left - 8, bottom, "end", "small", number(drawing, scatter->low));
	text_at(drawing, plot->left - 8, y + 4, "end", "small", number(drawing, scatter->y_cut));
	text_at(drawing, plot->left - 8, plot->top + 8, "end", "small", number(drawing, scatter->high));
	text_at(drawing, plot->left + plot->width / 2, bottom + 34, "middle", "", scatter->x_title);
	buf_printf(drawing->out, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\">", plot->left - 36, plot->top + PLOT / 2.0);
	add_text(drawing, scatter->y_title);
	buf_add_text(drawing->out, "</text>\n");
}

static void draw_point(struct scatter *plot, const struct picture_point *point, bool labelled)
{
	struct drawing *drawing = plot->drawing;
	double x = plot->left + across(plot, point->x), y = plot->top + down(plot, point->y);
	if (point->moved && labelled) {
		double from_x = plot->left + across(plot, point->from_x), from_y = plot->top + down(plot, point->from_y);
		line_at(drawing, from_x, from_y, x, y, "line");
		buf_printf(drawing->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"faint open\"/>\n", from_x, from_y);
	}
	buf_printf(drawing->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" class=\"%s\" fill-opacity=\"0.55\"/>\n", x, y, labelled ? radius(point) : 2,
	           tone_classes[point->tone]);
}

static void draw_list(struct scatter *plot)
{
	struct drawing *drawing = plot->drawing;
	double y = plot->top + PLOT + 60;
	bool homeless = false;
	for (size_t i = 0; i < plot->labelled; i++, y += LIST_LINE) {
		const struct picture_point *point = &plot->points[i];
		homeless = homeless || !plot->spots[i].placed;
		if (plot->numbers) {
			text_at(drawing, MARGIN + 20, y, "end", "", plot->spots[i].placed ? label_of(plot, i) : "\xE2\x80\x93");
		}
		buf_printf(drawing->out, "<circle cx=\"%d\" cy=\"%.1f\" r=\"5\" class=\"%s\"/>\n", MARGIN + 32, y - 4, tone_classes[point->tone]);
		text_at(drawing, MARGIN + 44, y, "start", "", cut(drawing, point->label, LABEL_CELLS));
		text_at(drawing, MARGIN + 60 + LABEL_CELLS * TEXT_CELL, y, "start", "", point->text);
	}
	if (homeless) {
		text_at(drawing, MARGIN + 44, y, "start", "faint", "\xE2\x80\x93 no room for its number: other bubbles lie there");
		y += LIST_LINE;
	}
	if (plot->labelled < plot->scatter->count) {
		const char *more = arena_printf(drawing->arena, "%zu more are dots without a number", plot->scatter->count - plot->labelled);
		text_at(drawing, MARGIN + 44, y, "start", "faint", more ? more : "");
		y += LIST_LINE;
	}
	const char *size = arena_printf(drawing->arena, "Area of a bubble: %s", plot->scatter->size_title);
	text_at(drawing, MARGIN + 44, y, "start", "faint", size ? size : "");
	drawing->y = y + LIST_LINE;
}

static void draw_scatter(struct drawing *drawing, const struct picture_scatter *scatter)
{
	struct scatter plot = {.drawing = drawing, .scatter = scatter, .points = picture_sorted(scatter, drawing->arena), .left = MARGIN + 48};
	plot.labelled = scatter->count > PICTURE_LABELS_MAX ? PICTURE_LABELS_MAX : scatter->count;
	plot.spots = arena_calloc(drawing->arena, plot.labelled, sizeof *plot.spots);
	if (!plot.points || !plot.spots) {
		return;
	}
	heading(drawing, scatter->heading);
	plot.top = drawing->y + 24;
	plot.width = WIDTH - MARGIN - plot.left;
	if (place_labels(&plot) > 0 || plot.labelled < scatter->count) {
		plot.numbers = true;
		place_labels(&plot);
	}
	draw_frame(&plot);
	for (size_t i = 0; i < scatter->count; i++) {
		draw_point(&plot, &plot.points[i], i < plot.labelled);
	}
	for (size_t i = 0; i < plot.labelled; i++) {
		if (plot.spots[i].placed) {
			text_at(drawing, plot.left + plot.spots[i].left + 2, plot.top + plot.spots[i].top + 11, "start", "", label_of(&plot, i));
		}
	}
	draw_list(&plot);
}

/* ---- grid ------------------------------------------------------------------------------------------------------------------------------------- */

static void draw_cell(struct drawing *drawing, const struct picture_cell *cell, double x, double width)
{
	if (cell->share >= 0) {
		buf_printf(drawing->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"%s\" fill-opacity=\"%.2f\" stroke-opacity=\"0.3\"/>\n",
		           x + 1, drawing->y + 1, width - 2, GRID_ROW - 2, tone_classes[cell->tone], 0.08 + 0.5 * fmin(cell->share, 1));
	}
	text_at(drawing, x + width / 2, drawing->y + 17, "middle", width < 40 ? "small" : "",
	        cell->text && cell->text[0] ? cell->text
	        : cell->share < 0           ? "\xC2\xB7"
	                                    : "");
}

static void draw_grid(struct drawing *drawing, const struct picture_grid *grid)
{
	bool square = picture_grid_is_square(grid);
	double label = 0, head = 0;
	heading(drawing, grid->heading);
	for (size_t i = 0; i < grid->rows_count; i++) {
		label = fmax(label, width_of(drawing, cut(drawing, grid->rows[i], LABEL_CELLS)) + (square ? 24 : 0));
	}
	for (size_t i = 0; i < grid->columns_count; i++) {
		head = fmax(head, width_of(drawing, grid->columns[i]) + 8);
	}
	double left = MARGIN + label + 12, width = fmin((WIDTH - MARGIN - left) / (double)grid->columns_count, square ? 48 : 130);
	bool numbered = square || head > width;
	for (size_t i = 0; i < grid->columns_count; i++) {
		text_at(drawing, left + ((double)i + 0.5) * width, drawing->y + 14, "middle", "small", numbered ? number(drawing, (double)(i + 1)) : grid->columns[i]);
	}
	drawing->y += LINE;
	for (size_t row = 0; row < grid->rows_count; row++, drawing->y += GRID_ROW) {
		const char *name = cut(drawing, grid->rows[row], LABEL_CELLS);
		const char *text = square ? arena_printf(drawing->arena, "%zu %s", row + 1, name) : name;
		text_at(drawing, left - 10, drawing->y + 17, "end", "", text ? text : name);
		for (size_t i = 0; i < grid->columns_count; i++) {
			draw_cell(drawing, &grid->cells[row * grid->columns_count + i], left + (double)i * width, width);
		}
	}
	for (size_t i = 0; i < grid->columns_count && numbered && !square; i++) {
		const char *text = arena_printf(drawing->arena, "%zu %s", i + 1, grid->columns[i]);
		paragraph(drawing, MARGIN, "", text ? text : "", NOTE_CELLS);
	}
}

/* ---- the document ----------------------------------------------------------------------------------------------------------------------------- */

/* The figures in words, for whoever hears the picture. */
static void describe(struct drawing *drawing, const struct picture *picture)
{
	for (const struct picture_part *part = picture->first; part; part = part->next) {
		if (part->kind == PICTURE_NOTE) {
			add_text(drawing, part->note);
			buf_add_text(drawing->out, " ");
		}
		const char *title = part->bars ? part->bars->heading : part->scatter ? part->scatter->heading : part->grid ? part->grid->heading : NULL;
		if (title && title[0]) {
			add_text(drawing, title);
			buf_add_text(drawing->out, ": ");
		}
		for (size_t i = 0; part->bars && i < part->bars->count; i++) {
			add_text(drawing, part->bars->rows[i].label);
			buf_add_text(drawing->out, ", ");
			add_text(drawing, part->bars->rows[i].text);
			buf_add_text(drawing->out, "; ");
		}
		for (size_t i = 0; part->scatter && i < part->scatter->count && i < PICTURE_LABELS_MAX; i++) {
			add_text(drawing, part->scatter->points[i].label);
			buf_add_text(drawing->out, ", ");
			add_text(drawing, part->scatter->points[i].text);
			buf_add_text(drawing->out, "; ");
		}
	}
}

static void draw_parts(struct drawing *drawing, const struct picture *picture)
{
	paragraph(drawing, MARGIN, "title", picture->title, TITLE_CELLS);
	drawing->y += 8;
	for (const struct picture_part *part = picture->first; part; part = part->next) {
		switch (part->kind) {
		case PICTURE_NOTE:
			paragraph(drawing, MARGIN, part->alarm ? "bad" : "", part->note, NOTE_CELLS);
			break;
		case PICTURE_BARS:
			draw_bars(drawing, part->bars);
			break;
		case PICTURE_SCATTER:
			draw_scatter(drawing, part->scatter);
			break;
		case PICTURE_GRID:
			draw_grid(drawing, part->grid);
			break;
		}
		drawing->y += part->kind == PICTURE_NOTE ? 2 : 14;
	}
}

void picture_print_svg(const struct picture *picture, struct buf *out)
{
	struct buf body;
	buf_init(&body, picture->arena);
	struct drawing drawing = {.out = &body, .arena = picture->arena, .y = MARGIN};
	draw_parts(&drawing, picture);
	double height = ceil(drawing.y + MARGIN);
	buf_printf(out,
	           "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" xml:space=\"preserve\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\">\n<title>",
	           WIDTH, height, WIDTH, height);
	drawing.out = out;
	add_text(&drawing, picture->title);
	buf_add_text(out, "</title>\n<desc>");
	describe(&drawing, picture);
	buf_printf(out, "</desc>\n<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" class=\"paper\"/>\n", style);
	buf_add(out, body.data, body.size);
	buf_add_text(out, "</svg>\n");
}
