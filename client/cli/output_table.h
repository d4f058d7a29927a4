/* SPDX-License-Identifier: Apache-2.0
 *
 * output_table.h - tables and trees in the terminal; the only file beside it that includes libsmartcols.
 *
 * Cells are cleaned (text_clean) here, so that no caller can forget it.
 */
#pragma once

#include "client/cli/output.h"
#include "client/cli/text.h"

struct table;

struct table *table_new(const struct terminal *terminal, const struct record_column *columns, size_t count, bool headers, bool tree);
/* Returns the row, for rows below it. */
void *table_row(struct table *table, void *parent, const char *const *cells, const char *colour, struct arena *scratch);
/* Prints and frees. */
void table_end(struct table *table);
