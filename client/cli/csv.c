/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes come from the file through iconv where they are not UTF-8; a byte that iconv refuses becomes 0xFF, which no UTF-8 text has, so that its row is told
 * as bad and the others are read. The cells of a row are gathered in one buffer of the reader's and copied out when the row ends.
 */
#include "client/cli/csv.h"

#include "client/cli/text.h"
#include "common/base/limits.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CHUNK_BYTES = 1 << 16, ROW_BYTES = 8 << 20 };

struct csv {
	FILE *file;
	bool own_file;
	iconv_t iconv; /* (iconv_t)-1: none needed */
	char raw[CHUNK_BYTES];
	size_t raw_size;
	char text[CHUNK_BYTES * 4];
	size_t at, size;
	bool ended;
	int64_t read_bytes, file_bytes; /* file_bytes 0: not known */
	char separator;
	int64_t line;
	/* The row being read: cells one behind the other, each with a NUL. */
	char *row;
	size_t row_size;
	size_t starts[LIMIT_CSV_COLUMNS + 1];
	size_t count;
	const char *fault;
	size_t fault_column;
};

/* ---- bytes ------------------------------------------------------------------------------------------------------------------------------------- */

static void convert(struct csv *csv)
{
	char *in = csv->raw, *out = csv->text;
	size_t in_size = csv->raw_size, out_size = sizeof csv->text - 1;
	while (in_size > 0 && iconv(csv->iconv, &in, &in_size, &out, &out_size) == (size_t)-1) {
		if (errno == E2BIG || (errno == EINVAL && !csv->ended)) {
			break;
		}
		*out++ = (char)0xFF;
		out_size--;
		in++;
		in_size--;
	}
	memmove(csv->raw, in, in_size);
	csv->raw_size = in_size;
	csv->size = (size_t)(out - csv->text);
}

/* Makes more text; false at the end of the file. */
static bool fill(struct csv *csv)
{
	csv->at = 0;
	csv->size = 0;
	while (csv->size == 0 && (!csv->ended || csv->raw_size > 0)) {
		size_t got = csv->ended ? 0 : fread(csv->raw + csv->raw_size, 1, sizeof csv->raw - csv->raw_size, csv->file);
		csv->read_bytes += (int64_t)got;
		csv->raw_size += got;
		csv->ended = csv->ended || got == 0;
		if (csv->iconv == (iconv_t)-1) {
			memcpy(csv->text, csv->raw, csv->raw_size);
			csv->size = csv->raw_size;
			csv->raw_size = 0;
		} else {
			convert(csv);
		}
	}
	return csv->size > 0;
}

static int peek(struct csv *csv)
{
	return csv->at < csv->size || fill(csv) ? (unsigned char)csv->text[csv->at] : EOF;
}

/* The next byte, line breaks of any kind as '\n' if `fold`. */
static int next(struct csv *csv, bool fold)
{
	int byte = peek(csv);
	if (byte == EOF) {
		return EOF;
	}
	csv->at++;
	if (byte == '\r' && fold) {
		if (peek(csv) == '\n') {
			csv->at++;
		}
		byte = '\n';
	}
	/* Within quotes a CRLF is kept as it is and still is one line. */
	if (byte == '\n' || (byte == '\r' && peek(csv) != '\n')) {
		csv->line++;
	}
	return byte;
}

/* ---- opening --------------------------------------------------------------------------------------------------------------------------------- */

/* A mark says UTF-8 (and is dropped) or UTF-16. */
static const char *look_at_mark(struct csv *csv)
{
	csv->raw_size = fread(csv->raw, 1, 4096, csv->file);
	csv->read_bytes = (int64_t)csv->raw_size;
	const uint8_t *raw = (const uint8_t *)csv->raw;
	if (csv->raw_size >= 3 && memcmp(raw, "\xEF\xBB\xBF", 3) == 0) {
		csv->raw_size -= 3;
		memmove(csv->raw, csv->raw + 3, csv->raw_size);
	} else if (csv->raw_size >= 2 && ((raw[0] == 0xFF && raw[1] == 0xFE) || (raw[0] == 0xFE && raw[1] == 0xFF))) {
		return "UTF-16";
	}
	return NULL;
}

/* The first line decides: a file whose headers have no comma is not separated by commas. */
static char find_separator(struct csv *csv)
{
	size_t counts[3] = {0};
	static const char separators[3] = {',', ';', '\t'};
	bool quoted = false;
	if (peek(csv) == EOF) {
		return ',';
	}
	for (size_t i = csv->at; i < csv->size; i++) {
		char byte = csv->text[i];
		quoted = quoted != (byte == '"');
		if (!quoted && (byte == '\n' || byte == '\r')) {
			break;
		}
		for (size_t j = 0; j < 3 && !quoted; j++) {
			counts[j] += byte == separators[j];
		}
	}
	return counts[0] > 0 ? ',' : counts[1] > 0 ? ';' : counts[2] > 0 ? '\t' : ',';
}

struct csv *csv_open(const char *path, const struct csv_options *options, struct status *st)
{
	struct csv *csv = calloc(1, sizeof *csv);
	struct stat info;
	if (!csv || !(csv->row = malloc(ROW_BYTES))) {
		free(csv);
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	csv->iconv = (iconv_t)-1;
	csv->line = 1;
	csv->own_file = strcmp(path, "-") != 0;
	csv->file = csv->own_file ? fopen(path, "re") : stdin;
	if (!csv->file || (fstat(fileno(csv->file), &info) == 0 && S_ISDIR(info.st_mode))) {
		status_fail(st, STATUS_UNKNOWN, "", "cannot read %s: %s", path, csv->file ? "it is a folder" : strerror(errno));
		csv_close(csv);
		return NULL;
	}
	csv->file_bytes = S_ISREG(info.st_mode) ? (int64_t)info.st_size : 0;
	const char *marked = look_at_mark(csv);
	const char *encoding = options->encoding ? options->encoding : marked;
	if (encoding && (csv->iconv = iconv_open("UTF-8", encoding)) == (iconv_t)-1) {
		status_fail(st, STATUS_INVALID_ARGUMENT, "USAGE", "--encoding: \"%s\" is not known; iconv -l lists those that are", encoding);
		csv_close(csv);
		return NULL;
	}
	csv->separator = options->separator ? options->separator : find_separator(csv);
	return csv;
}

void csv_close(struct csv *csv)
{
	if (!csv) {
		return;
	}
	if (csv->file && csv->own_file) {
		fclose(csv->file);
	}
	if (csv->iconv != (iconv_t)-1) {
		iconv_close(csv->iconv);
	}
	free(csv->row);
	free(csv);
}

double csv_progress(const struct csv *csv)
{
	return csv->file_bytes > 0 ? (double)(csv->read_bytes - (int64_t)(csv->size - csv->at)) / (double)csv->file_bytes : -1;
}

/* ---- rows -------------------------------------------------------------------------------------------------------------------------------------- */

static void fault(struct csv *csv, const char *what)
{
	if (!csv->fault) {
		csv->fault = what;
		csv->fault_column = csv->count + 1;
	}
}

static void add_byte(struct csv *csv, int byte)
{
	size_t start = csv->count < LIMIT_CSV_COLUMNS ? csv->starts[csv->count] : csv->row_size;
	if (byte == '\0') {
		fault(csv, "holds a NUL byte");
	} else if (csv->row_size - start >= LIMIT_CSV_CELL_BYTES) {
		fault(csv, "is longer than 65536 bytes");
	} else if (csv->row_size + 2 >= ROW_BYTES) {
		fault(csv, "makes the row longer than 8 MiB");
	} else {
		csv->row[csv->row_size++] = (char)byte;
	}
}

static void end_cell(struct csv *csv)
{
	if (csv->count == LIMIT_CSV_COLUMNS) {
		fault(csv, "is one of more than 1024");
		return;
	}
	size_t start = csv->starts[csv->count];
	if (!text_is_utf8(csv->row + start, csv->row_size - start)) {
		fault(csv, "is not UTF-8; give the file's --encoding, such as CP1252");
	}
	csv->row[csv->row_size++] = '\0';
	csv->count++;
	csv->starts[csv->count] = csv->row_size;
}

/* A cell in quotes, the first of which is taken; gives what stands behind the last. */
static int read_quoted(struct csv *csv, int64_t line)
{
	for (;;) {
		int byte = next(csv, false);
		if (byte == EOF) {
			fault(csv, csv->line > line ? "begins with a quote that is never closed; every line below is in it" : "begins with a quote that is never closed");
			return EOF;
		}
		if (byte == '"' && peek(csv) != '"') {
			return next(csv, true);
		}
		if (byte == '"') {
			csv->at++;
		}
		add_byte(csv, byte);
	}
}

/* Reads up to the end of a row; false where the file ended before it. */
static bool read_cells(struct csv *csv)
{
	int byte = next(csv, true);
	if (byte == EOF) {
		return false;
	}
	for (;; byte = next(csv, true)) {
		int64_t line = csv->line;
		if (byte == '"') {
			byte = read_quoted(csv, line);
			if (byte != EOF && byte != '\n' && byte != csv->separator) {
				fault(csv, "has text behind its closing quote");
			}
		}
		while (byte != EOF && byte != '\n' && byte != csv->separator) {
			add_byte(csv, byte);
			byte = next(csv, true);
		}
		end_cell(csv);
		if (byte != csv->separator) {
			return true;
		}
	}
}

bool csv_read(struct csv *csv, struct arena *arena, struct csv_row *ret_row, struct status *st)
{
	int64_t line;
	do {
		line = csv->line;
		csv->row_size = 0;
		csv->count = 0;
		csv->starts[0] = 0;
		csv->fault = NULL;
		if (!read_cells(csv)) {
			return !ferror(csv->file) ? false : status_fail(st, STATUS_UNKNOWN, "", "cannot read the file: %s", strerror(errno));
		}
	} while (csv->count == 1 && csv->row[0] == '\0' && !csv->fault);
	*ret_row = (struct csv_row){.line = line, .cells = arena_calloc(arena, csv->count + 1, sizeof(char *)), .count = csv->count};
	char *copy = arena_memdup(arena, csv->row, csv->row_size);
	if (!ret_row->cells || !copy) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	for (size_t i = 0; i < csv->count; i++) {
		ret_row->cells[i] = copy + csv->starts[i];
	}
	ret_row->fault = csv->fault;
	ret_row->fault_column = csv->fault_column;
	return true;
}
