/* SPDX-License-Identifier: Apache-2.0
 *
 * A scatter as text: a frame with the quadrants, marks of three sizes, names beside them or, where these would meet, numbers; below, the list of what is what.
 */
#include "client/cli/picture_text.h"

#include "common/base/limits.h"

#include <math.h>

enum { AXIS_WIDTH = 4, LABEL_MAX = 32, ROWS_MIN = 12, ROWS_MAX = 20 };

struct cell {
	const char *text; /* NULL: blank */
	uint8_t size;     /* bytes of the text */
	uint8_t tone;
	bool covered; /* by the wide character before it */
};

/* The inside of the frame. */
struct canvas {
	struct cell *cells;
	size_t width, height;
};

static struct cell *cell_at(struct canvas *canvas, size_t column, size_t row)
{
	return column < canvas->width && row < canvas->height ? &canvas->cells[row * canvas->width + column] : NULL;
}

static void put(struct canvas *canvas, size_t column, size_t row, const char *text, enum picture_tone tone)
{
	size_t width, size;
	for (; (size = text_character(text, &width)) > 0; text += size, column += width) {
		struct cell *cell = cell_at(canvas, column, row);
		if (!cell || size > UINT8_MAX || column + width > canvas->width) {
			return;
		}
		*cell = (struct cell){.text = text, .size = (uint8_t)size, .tone = (uint8_t)tone};
		for (size_t i = 1; i < width; i++) {
			cell_at(canvas, column + i, row)->covered = true;
		}
	}
}

static const char *mark(double size)
{
	return size >= 0.5 ? "\xE2\x97\x89" : size >= 0.1 ? "\xE2\x97\x8F" : "\xE2\x80\xA2";
}

/* ---- placing ---------------------------------------------------------------------------------------------------------------------------------- */

struct drawing {
	struct paper *paper;
	const struct picture_scatter *scatter;
	const struct picture_point *points; /* sorted */
	size_t labelled;                    /* the first of them that want a label */
	struct picture_spot *spots;
	struct canvas canvas;
	size_t cut_column, cut_row;
	bool numbers; /* instead of names */
};

static size_t column_of(const struct drawing *drawing, double x)
{
	const struct picture_scatter *scatter = drawing->scatter;
	return (size_t)lround(picture_share(x, scatter->low, scatter->high) * (double)(drawing->canvas.width - 1));
}

static size_t row_of(const struct drawing *drawing, double y)
{
	const struct picture_scatter *scatter = drawing->scatter;
	return (size_t)lround((1 - picture_share(y, scatter->low, scatter->high)) * (double)(drawing->canvas.height - 1));
}

static const char *label_of(const struct drawing *drawing, size_t i)
{
	struct arena *arena = drawing->paper->arena;
	const char *text = drawing->numbers ? arena_printf(arena, "%zu", i + 1) : text_cut(paper_clean(drawing->paper, drawing->points[i].label), LABEL_MAX, arena);
	return text ? text : "";
}

/* A mark beneath a larger one is not there to be met, and has no label. */
static bool is_hidden(const struct drawing *drawing, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (drawing->spots[j].x == drawing->spots[i].x && drawing->spots[j].y == drawing->spots[i].y) {
			return true;
		}
	}
	return false;
}

static size_t place_labels(struct drawing *drawing)
{
	size_t hidden = 0, shown = 0;
	for (size_t i = 0; i < drawing->scatter->count; i++) {
		const struct picture_point *point = &drawing->points[i];
		struct picture_spot *spot = &drawing->spots[i];
		*spot = (struct picture_spot){
			.x = (double)column_of(drawing, point->x) + 0.5, .y = (double)row_of(drawing, point->y) + 0.5, .half_width = 0.5, .half_height = 0.5};
		if (i < drawing->labelled) {
			bool beneath = is_hidden(drawing, i);
			hidden += beneath;
			spot->width = beneath ? 0 : (double)text_width(label_of(drawing, i));
			spot->height = 1;
			spot->half_width = beneath ? 0 : spot->half_width;
			shown = i + 1;
		}
	}
	/* Marks without a label may be covered by one: they are many, and each says little. */
	return hidden + picture_place(drawing->spots, shown, (double)drawing->canvas.width, (double)drawing->canvas.height, 1, false);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------------------------------- */

static void draw_cuts(struct drawing *drawing)
{
	struct canvas *canvas = &drawing->canvas;
	for (size_t row = 0; row < canvas->height; row++) {
		put(canvas, drawing->cut_column, row, "\xE2\x94\x82", PICTURE_FAINT);
	}
	for (size_t column = 0; column < canvas->width; column++) {
		put(canvas, column, drawing->cut_row, column == drawing->cut_column ? "\xE2\x94\xBC" : "\xE2\x94\x80", PICTURE_FAINT);
	}
}

/* From where it stood to where it stands. */
static void draw_trail(struct drawing *drawing, const struct picture_point *point)
{
	double column = (double)column_of(drawing, point->from_x), row = (double)row_of(drawing, point->from_y);
	double across = (double)column_of(drawing, point->x) - column, down = (double)row_of(drawing, point->y) - row;
	double steps = fmax(fabs(across), fabs(down));
	for (double i = 0; i < steps; i++) {
		const char *dot = i == 0 ? "\xE2\x97\x8B" : "\xC2\xB7";
		put(&drawing->canvas, (size_t)lround(column + across * i / steps), (size_t)lround(row + down * i / steps), dot, PICTURE_FAINT);
	}
}

static void draw_points(struct drawing *drawing)
{
	size_t count = drawing->scatter->count;
	for (size_t i = 0; i < drawing->labelled; i++) {
		if (drawing->points[i].moved) {
			draw_trail(drawing, &drawing->points[i]);
		}
	}
	for (size_t i = count; i-- > 0;) {
		const struct picture_spot *spot = &drawing->spots[i];
		const char *text = i < drawing->labelled ? mark(drawing->points[i].size) : "\xC2\xB7";
		put(&drawing->canvas, (size_t)spot->x, (size_t)spot->y, text, drawing->points[i].tone);
	}
	for (size_t i = 0; i < drawing->labelled; i++) {
		const struct picture_spot *spot = &drawing->spots[i];
		if (spot->placed) {
			put(&drawing->canvas, (size_t)lround(spot->left), (size_t)lround(spot->top), label_of(drawing, i), drawing->points[i].tone);
		}
	}
}

/* ---- printing --------------------------------------------------------------------------------------------------------------------------------- */

static void print_rule(struct drawing *drawing, double value, const char *left, const char *right, const char *cross, const char *const *names)
{
	struct paper *paper = drawing->paper;
	struct canvas line = {.width = drawing->canvas.width, .height = 1};
	line.cells = arena_calloc(paper->arena, line.width, sizeof *line.cells);
	if (!line.cells) {
		return;
	}
	for (size_t i = 0; i < line.width; i++) {
		put(&line, i, 0, i == drawing->cut_column ? cross : "\xE2\x94\x80", PICTURE_PLAIN);
	}
	for (int side = 0; side < 2; side++) {
		size_t start = side == 0 ? 0 : drawing->cut_column + 1, end = side == 0 ? drawing->cut_column : line.width;
		const char *name = paper_clean(paper, names[side]);
		if (end > start + 6 && name[0]) {
			const char *text = arena_printf(paper->arena, " %s ", text_cut(name, end - start - 4, paper->arena));
			put(&line, start + 1, 0, text ? text : "", PICTURE_PLAIN);
		}
	}
	const char *number = arena_printf(paper->arena, "%g", value);
	paper_pad(paper, number ? number : "", AXIS_WIDTH, true);
	buf_printf(paper->out, " %s", left);
	for (size_t i = 0; i < line.width; i++) {
		buf_add(paper->out, line.cells[i].covered ? "" : line.cells[i].text, line.cells[i].covered ? 0 : line.cells[i].size);
	}
	buf_printf(paper->out, "%s\n", right);
}

static void print_line(struct drawing *drawing, size_t row)
{
	struct paper *paper = drawing->paper;
	const char *number = row == drawing->cut_row ? arena_printf(paper->arena, "%g", drawing->scatter->y_cut) : "";
	paper_pad(paper, number ? number : "", AXIS_WIDTH, true);
	buf_add_text(paper->out, " \xE2\x94\x82");
	for (size_t i = 0; i < drawing->canvas.width; i++) {
		const struct cell *cell = cell_at(&drawing->canvas, i, row);
		const char *text = cell->text ? arena_strndup(paper->arena, cell->text, cell->size) : " ";
		if (!cell->covered) {
			paper_tone(paper, (enum picture_tone)cell->tone, text ? text : " ");
		}
	}
	buf_add_text(paper->out, "\xE2\x94\x82\n");
}

/* The numbers below the frame: both ends and the cut. */
static void print_ticks(struct drawing *drawing)
{
	struct paper *paper = drawing->paper;
	const struct picture_scatter *scatter = drawing->scatter;
	const char *low = arena_printf(paper->arena, "%g", scatter->low), *cut = arena_printf(paper->arena, "%g", scatter->x_cut);
	const char *high = arena_printf(paper->arena, "%g", scatter->high);
	if (!low || !cut || !high) {
		return;
	}
	size_t width = drawing->canvas.width, at = drawing->cut_column + 1;
	paper_pad(paper, "", AXIS_WIDTH + 2, false);
	paper_pad(paper, low, at > 2 ? at - 2 : 0, false);
	size_t room = width - (at > 2 ? at - 2 : 0);
	paper_pad(paper, cut, room > text_width(high) ? room - text_width(high) : 0, false);
	buf_printf(paper->out, "%s\n", high);
	paper_pad(paper, "", AXIS_WIDTH + 2, false);
	buf_printf(paper->out, "%s \xE2\x86\x92\n", paper_clean(paper, scatter->x_title));
}

static void print_frame(struct drawing *drawing)
{
	const struct picture_scatter *scatter = drawing->scatter;
	struct paper *paper = drawing->paper;
	paper_pad(paper, "", AXIS_WIDTH + 1, false);
	buf_printf(paper->out, "\xE2\x86\x91 %s\n", paper_clean(paper, scatter->y_title));
	print_rule(drawing, scatter->high, "\xE2\x94\x8C", "\xE2\x94\x90", "\xE2\x94\xAC", scatter->quadrants);
	for (size_t row = 0; row < drawing->canvas.height; row++) {
		print_line(drawing, row);
	}
	print_rule(drawing, scatter->low, "\xE2\x94\x94", "\xE2\x94\x98", "\xE2\x94\xB4", scatter->quadrants + 2);
	print_ticks(drawing);
}

/* What is what: "12 ● Acme  7.2 / 5.1"; a dash where a number found no place. */
static void print_list(struct drawing *drawing)
{
	struct paper *paper = drawing->paper;
	size_t widest = 0, count = drawing->labelled;
	bool homeless = false;
	for (size_t i = 0; i < count; i++) {
		widest = paper_widest(paper, widest, drawing->points[i].label);
	}
	widest = widest > LABEL_MAX ? LABEL_MAX : widest;
	for (size_t i = 0; i < count; i++) {
		const struct picture_point *point = &drawing->points[i];
		const char *number = drawing->spots[i].placed ? label_of(drawing, i) : "\xE2\x80\x93";
		homeless = homeless || !drawing->spots[i].placed;
		if (drawing->numbers) {
			paper_pad(paper, number, 3, true);
			buf_add_byte(paper->out, ' ');
		}
		paper_tone(paper, point->tone, mark(point->size));
		buf_add_byte(paper->out, ' ');
		paper_pad(paper, text_cut(paper_clean(paper, point->label), widest, paper->arena), widest, false);
		buf_printf(paper->out, "  %s", paper_clean(paper, point->text));
		paper_end_line(paper);
	}
	if (homeless) {
		buf_add_text(paper->out, "  \xE2\x80\x93 no room for its number: other marks lie there\n");
	}
	if (count < drawing->scatter->count) {
		buf_printf(paper->out, "    \xC2\xB7 %zu more, without a number\n", drawing->scatter->count - count);
	}
	const char *sizes = arena_printf(paper->arena, "\xE2\x80\xA2 \xE2\x97\x8F \xE2\x97\x89 %s: below a tenth, below half, from half of the largest up",
	                                 paper_clean(paper, drawing->scatter->size_title));
	paper_pad(paper, "", 4, false);
	text_wrap(paper->out, sizes ? sizes : "", 4, 4, paper->width);
	paper_end_line(paper);
}

void paper_scatter(struct paper *paper, const struct picture_scatter *scatter)
{
	struct drawing drawing = {.paper = paper, .scatter = scatter, .points = picture_sorted(scatter, paper->arena)};
	struct canvas *canvas = &drawing.canvas;
	canvas->width = paper->width - AXIS_WIDTH - 3;
	canvas->height = canvas->width / 3 < ROWS_MIN ? ROWS_MIN : canvas->width / 3 > ROWS_MAX ? ROWS_MAX : canvas->width / 3;
	canvas->cells = arena_calloc(paper->arena, canvas->width * canvas->height, sizeof *canvas->cells);
	drawing.spots = arena_calloc(paper->arena, scatter->count, sizeof *drawing.spots);
	if (!canvas->cells || !drawing.spots || !drawing.points) {
		return;
	}
	drawing.labelled = scatter->count > PICTURE_LABELS_MAX ? PICTURE_LABELS_MAX : scatter->count;
	drawing.cut_column = column_of(&drawing, scatter->x_cut);
	drawing.cut_row = row_of(&drawing, scatter->y_cut);
	if (place_labels(&drawing) > 0 || drawing.labelled < scatter->count) {
		drawing.numbers = true;
		place_labels(&drawing);
	}
	paper_heading(paper, scatter->heading);
	draw_cuts(&drawing);
	draw_points(&drawing);
	print_frame(&drawing);
	print_list(&drawing);
}
