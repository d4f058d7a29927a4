/* SPDX-License-Identifier: Apache-2.0
 *
 * On a terminal, columns are cut (or, where they ask for it, wrapped) to its width, the first one last of all: it is what people copy.
 * Elsewhere nothing is ever cut.
 */
#include "client/cli/output_table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>

struct table {
	struct libscols_table *table;
	size_t columns_count;
	bool failed;
};

struct table *table_new(const struct terminal *terminal, const struct record_column *columns, size_t count, bool headers, bool tree)
{
	struct table *table = calloc(1, sizeof *table);
	if (!table || !(table->table = scols_new_table())) {
		free(table);
		return NULL;
	}
	struct libscols_table *scols = table->table;
	table->columns_count = count;
	scols_table_set_stream(scols, stdout);
	scols_table_set_column_separator(scols, "  ");
	scols_table_enable_noheadings(scols, !headers);
	scols_table_enable_colors(scols, terminal->colour);
	scols_table_set_termforce(scols, terminal->out ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (terminal->out) {
		scols_table_set_termwidth(scols, (size_t)terminal->width);
	}
	struct arena arena;
	arena_init(&arena, 1u << 20);
	for (size_t i = 0; i < count; i++) {
		int flags = columns[i].wrap ? SCOLS_FL_WRAP : i > 0 ? SCOLS_FL_TRUNC : 0;
		flags |= columns[i].right ? SCOLS_FL_RIGHT : 0;
		flags |= tree && i == 0 ? SCOLS_FL_TREE : 0;
		struct libscols_column *column = scols_table_new_column(scols, text_heading(columns[i].name, &arena), 0, flags);
		if (!column) {
			table->failed = true;
			break;
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
		table->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < table->columns_count; i++) {
		if (scols_line_set_data(line, i, text_clean(cells[i] ? cells[i] : "", scratch)) != 0) {
			table->failed = true;
		}
	}
	if (colour) {
		scols_line_set_color(line, colour);
	}
	return line;
}

void table_end(struct table *table)
{
	scols_print_table(table->table);
	scols_unref_table(table->table);
	free(table);
}
