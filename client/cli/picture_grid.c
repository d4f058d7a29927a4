/* SPDX-License-Identifier: Apache-2.0
 *
 * A grid as text: each cell is a block as high as its share and, where there is room, its figure. What is too wide goes on below.
 */
#include "client/cli/picture_text.h"

#include <math.h>

enum { LABEL_MAX = 28, COLUMN_MAX = 16 };

struct sheet {
	struct paper *paper;
	const struct picture_grid *grid;
	const char **rows, **columns; /* as printed */
	size_t label, column;         /* columns on the terminal of the row's label, and of a cell with the blank before it */
	bool square, numbered, texts;
};

/* ▁ to █, a dot for none. */
static const char *shade(double share)
{
	static const char *const blocks[] = {"\xE2\x96\x81", "\xE2\x96\x82", "\xE2\x96\x83", "\xE2\x96\x84",
	                                     "\xE2\x96\x85", "\xE2\x96\x86", "\xE2\x96\x87", "\xE2\x96\x88"};
	return share < 0 ? "\xC2\xB7" : blocks[lround(fmin(share, 1) * 7)];
}

static size_t widest_cell(const struct sheet *sheet)
{
	size_t widest = 0;
	for (size_t i = 0; i < sheet->grid->rows_count * sheet->grid->columns_count; i++) {
		widest = paper_widest(sheet->paper, widest, sheet->grid->cells[i].text);
	}
	return widest;
}

static const char *numbered_label(const struct sheet *sheet, size_t i, const char *label)
{
	const char *text = arena_printf(sheet->paper->arena, "%2zu %s", i + 1, label);
	return text ? text : label;
}

/* How wide cells are: with names and figures, with numbers and figures, or with numbers alone. */
static void lay_out(struct sheet *sheet)
{
	const struct picture_grid *grid = sheet->grid;
	struct paper *paper = sheet->paper;
	size_t cell = widest_cell(sheet), head = 0;
	for (size_t i = 0; i < grid->rows_count; i++) {
		const char *label = paper_clean(paper, grid->rows[i]);
		label = sheet->square ? numbered_label(sheet, i, label) : label;
		sheet->rows[i] = text_cut(label, LABEL_MAX < paper->width / 3 ? LABEL_MAX : paper->width / 3, paper->arena);
		sheet->label = paper_widest(paper, sheet->label, sheet->rows[i]);
	}
	for (size_t i = 0; i < grid->columns_count; i++) {
		head = paper_widest(paper, head, grid->columns[i]);
	}
	size_t room = paper->width - sheet->label, full = (cell > 0 ? cell + 2 : 1) + 1;
	size_t named = (head + 1 > full ? head + 1 : full);
	sheet->numbered = sheet->square || head > COLUMN_MAX || named * grid->columns_count > room;
	sheet->texts = cell > 0 && (full * grid->columns_count <= room || !sheet->square);
	sheet->column = !sheet->numbered ? named : sheet->texts ? full : 3;
	sheet->column = sheet->column < 3 ? 3 : sheet->column;
	for (size_t i = 0; i < grid->columns_count; i++) {
		const char *number = arena_printf(paper->arena, "%zu", i + 1);
		sheet->columns[i] = sheet->numbered ? (number ? number : "") : paper_clean(paper, grid->columns[i]);
	}
}

static void print_cell(struct sheet *sheet, const struct picture_cell *cell)
{
	struct paper *paper = sheet->paper;
	const char *text = sheet->texts ? paper_clean(paper, cell->text) : "";
	const char *joined = text[0] && cell->share >= 0 ? arena_printf(paper->arena, "%s %s", shade(cell->share), text) : text[0] ? text : shade(cell->share);
	paper_pad(paper, "", sheet->column - text_width(joined ? joined : ""), false);
	paper_tone(paper, cell->tone, joined ? joined : "");
}

static void print_block(struct sheet *sheet, size_t first, size_t end)
{
	const struct picture_grid *grid = sheet->grid;
	struct paper *paper = sheet->paper;
	paper_pad(paper, "", sheet->label, false);
	for (size_t i = first; i < end; i++) {
		paper_pad(paper, sheet->columns[i], sheet->column, true);
	}
	paper_end_line(paper);
	for (size_t row = 0; row < grid->rows_count; row++) {
		paper_pad(paper, sheet->rows[row], sheet->label, false);
		for (size_t i = first; i < end; i++) {
			print_cell(sheet, &grid->cells[row * grid->columns_count + i]);
		}
		paper_end_line(paper);
	}
}

void paper_grid(struct paper *paper, const struct picture_grid *grid)
{
	struct sheet sheet = {.paper = paper, .grid = grid, .square = picture_grid_is_square(grid)};
	sheet.rows = arena_calloc(paper->arena, grid->rows_count, sizeof *sheet.rows);
	sheet.columns = arena_calloc(paper->arena, grid->columns_count, sizeof *sheet.columns);
	if (!sheet.rows || !sheet.columns) {
		return;
	}
	lay_out(&sheet);
	paper_heading(paper, grid->heading);
	size_t fit = (paper->width - sheet.label) / sheet.column;
	fit = fit == 0 ? 1 : fit;
	for (size_t first = 0; first < grid->columns_count; first += fit) {
		buf_add_text(paper->out, first > 0 ? "\n" : "");
		print_block(&sheet, first, first + fit < grid->columns_count ? first + fit : grid->columns_count);
	}
	for (size_t i = 0; i < grid->columns_count && sheet.numbered && !sheet.square; i++) {
		buf_printf(paper->out, "%3zu %s\n", i + 1, paper_clean(paper, grid->columns[i]));
	}
}
