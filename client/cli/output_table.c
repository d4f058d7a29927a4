/* SPDX-License-Identifier: Apache-2.0
 *
 * On a terminal, columns of free text are cut (or, where they ask for it, wrapped) to its width; never the first one, which is what people copy, and never
 * a number.
 * Elsewhere nothing is ever cut.
 */
#include "client/cli/output_table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>

struct table {
	struct libscols_table *table;
	size_t columns_count;
	size_t wrap_column; /* columns_count: none */
	size_t width;       /* of the terminal; 0: no limit */
};

enum { WRAP_WIDTH_MIN = 20 };

struct table *table_new(const struct terminal *terminal, const struct record_column *columns, size_t count, bool headers, bool tree)
{
	struct table *table = calloc(1, sizeof *table);
	if (!table || !(table->table = scols_new_table())) {
		free(table);
		return NULL;
	}
	struct libscols_table *scols = table->table;
	table->columns_count = count;
	table->wrap_column = count;
	table->width = (size_t)terminal->width;
	scols_table_set_stream(scols, stdout);
	scols_table_set_column_separator(scols, "  ");
	scols_table_enable_minout(scols, 1);
	scols_table_enable_noheadings(scols, !headers);
	scols_table_enable_colors(scols, terminal->colour);
	scols_table_set_termforce(scols, terminal->out ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (terminal->out) {
		scols_table_set_termwidth(scols, (size_t)terminal->width);
	}
	struct arena arena;
	arena_init(&arena, 1u << 20);
	for (size_t i = 0; i < count; i++) {
		bool whole = i == 0 || columns[i].right || columns[i].whole;
		int flags = columns[i].wrap ? SCOLS_FL_WRAP : whole ? 0 : SCOLS_FL_TRUNC;
		flags |= columns[i].right ? SCOLS_FL_RIGHT : 0;
		flags |= tree && i == 0 ? SCOLS_FL_TREE : 0;
		struct libscols_column *column = scols_table_new_column(scols, text_heading(columns[i].name, &arena), 0, flags);
		if (!column) {
			break;
		}
		if (columns[i].wrap) {
			table->wrap_column = i;
			scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
			scols_column_set_safechars(column, "\n");
		}
		if (terminal->colour) {
			scols_cell_set_color(scols_column_get_header(column), "bold");
		}
	}
	arena_done(&arena);
	return table;
}

void *table_row(struct table *table, void *parent, const char *const *cells, const char *colour, struct arena *scratch)
{
	struct libscols_line *line = scols_table_new_line(table->table, parent);
	if (!line) {
		return NULL;
	}
	for (size_t i = 0; i < table->columns_count; i++) {
		scols_line_set_data(line, i, text_clean(cells[i] ? cells[i] : "", scratch));
	}
	if (colour) {
		scols_line_set_color(line, colour);
	}
	return line;
}

static const char *cell_text(struct table *table, size_t row, size_t column)
{
	const char *text = scols_cell_get_data(scols_line_get_cell(scols_table_get_line(table->table, row), column));
	return text ? text : "";
}

/* Columns left for the text that wraps, when the others have what they need. */
static size_t width_left(struct table *table)
{
	size_t rows = scols_table_get_nlines(table->table), taken = 0;
	for (size_t i = 0; i < table->columns_count; i++) {
		const char *heading = scols_cell_get_data(scols_column_get_header(scols_table_get_column(table->table, i)));
		size_t widest = heading ? text_width(heading) : 0;
		for (size_t row = 0; row < rows && i != table->wrap_column; row++) {
			size_t width = text_width(cell_text(table, row, i));
			widest = width > widest ? width : widest;
		}
		taken += i == table->wrap_column ? 0 : widest + 2;
	}
	return table->width > taken + WRAP_WIDTH_MIN ? table->width - taken - 1 : WRAP_WIDTH_MIN;
}

/* libsmartcols breaks where the column ends, words or not: line breaks of our own come before that. */
static void wrap_words(struct table *table)
{
	size_t rows = scols_table_get_nlines(table->table), width = width_left(table);
	struct arena arena;
	arena_init(&arena, 16u << 20);
	for (size_t row = 0; row < rows; row++) {
		struct buf text;
		buf_init(&text, &arena);
		text_wrap(&text, cell_text(table, row, table->wrap_column), 0, 0, width);
		scols_line_set_data(scols_table_get_line(table->table, row), table->wrap_column, buf_text(&text));
		arena_reset(&arena);
	}
	arena_done(&arena);
}

void table_end(struct table *table)
{
	if (table->width > 0 && table->wrap_column < table->columns_count) {
		wrap_words(table);
	}
	scols_print_table(table->table);
	scols_unref_table(table->table);
	free(table);
}
