/* SPDX-License-Identifier: Apache-2.0
 *
 * csv.h - reads comma-separated files as other programs write them.
 *
 * RFC 4180: quoted cells with commas, quotes and line breaks; CRLF, LF or CR ends a row; a byte order mark is passed over; empty lines are no rows.
 * A bad row is given out with its fault, and reading goes on behind it.
 * Owns:    the reader owns its file. Cells are copied into the arena of the read.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

struct csv;

struct csv_row {
	int64_t line;       /* on which it begins, from 1 */
	const char **cells;
	size_t count;
	const char *fault;   /* what is wrong with it; NULL: nothing */
	size_t fault_column; /* in which column, from 1 */
};

struct csv_options {
	char separator;       /* 0: found out from the first line: comma, else semicolon, else tab */
	const char *encoding; /* as iconv names it; NULL: UTF-8, or UTF-16 where its mark says so */
};

/* "-" is stdin. */
struct csv *csv_open(const char *path, const struct csv_options *options, struct status *st);
void csv_close(struct csv *csv);
/* False at the end, or with `st` failed where the file cannot be read. */
bool csv_read(struct csv *csv, struct arena *arena, struct csv_row *ret_row, struct status *st);
/* How much of the file is read, 0 to 1; below 0 where its size is not known. */
double csv_progress(const struct csv *csv);
