/* SPDX-License-Identifier: Apache-2.0
 *
 * output.h - what kam prints on stdout, in every format.
 *
 * Three things can be printed: a listing (resources of one type, one after the other, never all held but for a table), one message, and records (texts under
 * headings that no message has). The format is what -o says and never depends on the terminal; colour and cutting to the terminal's width do.
 */
#pragma once

#include "common/schema/schema.h"

#include <stdio.h>

struct cli;

enum output_format { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_JSONL, OUTPUT_CSV, OUTPUT_YAML, OUTPUT_NAME, OUTPUT_SVG };

struct output_options {
	enum output_format format;
	const char *columns; /* as given: "a,b" or "+c"; NULL: the defaults */
	bool headers;
};

bool output_format_of_name(const char *name, enum output_format *ret_format);

/* ---- listings ---------------------------------------------------------------------------------------------------------------------------- */

struct listing;

struct listing_options {
	const struct schema_type *type;
	const char *key;              /* of the list in JSON: "accounts" */
	const char *const *columns;   /* paths for tables; NULL: the resource's */
	size_t columns_count;
};

/* NULL and a usage error where --columns names no field. */
struct listing *listing_new(struct cli *cli, const struct listing_options *options, struct status *st);
void listing_add(struct listing *listing, const ProtobufCMessage *message);
/* `token`: of the next page, "" on the last; `total` below 0: not counted. */
bool listing_end(struct listing *listing, const char *token, int64_t total, struct status *st);
/* A whole listing of rows that are there already. */
bool listing_of(struct cli *cli, const ProtobufCMessageDescriptor *type, const char *key, ProtobufCMessage *const *rows, size_t count, const char *token,
                struct status *st);

/* A field that one line of text can show: scalars, amounts, figures, times; not messages with parts of their own. */
bool output_is_text(const struct schema_field *field);

/* The value of a field in words for people ("economic buyer, champion"), "" where it is not set. */
const char *output_words(struct cli *cli, const ProtobufCMessage *message, const char *field, struct arena *arena);
/* "jane" of "users/jane". */
const char *output_last_segment(const char *name);

/* ---- one message --------------------------------------------------------------------------------------------------------------------------- */

/* As a table: FIELD and VALUE of what is set. */
bool output_message(struct cli *cli, const struct schema_type *type, const ProtobufCMessage *message, struct status *st);

/* ---- records --------------------------------------------------------------------------------------------------------------------------------- */

struct records;

struct record_column {
	const char *name; /* snake_case: the heading in tables, the key in JSON */
	bool right;       /* numbers; never cut, for a cut number is another number */
	bool wrap;        /* long text: broken, not cut */
	bool whole;       /* not cut either: days, words of an enum */
};

/* `columns` must live as long as the records. */
struct records *records_new(struct cli *cli, const struct record_column *columns, size_t count);
/* Cells are copied. `colour` is a name of terminal-colors.d(5) or NULL. */
void records_row(struct records *records, const char *const *cells, const char *colour);
bool records_end(struct records *records, struct status *st);

/* ---- writers (output_*.c) -------------------------------------------------------------------------------------------------------------------- */

/* A message as JSON that no terminal takes for commands; `options` are those of json_write. */
const char *output_json(const struct schema *schema, const struct schema_type *type, const ProtobufCMessage *message, unsigned options,
                        struct arena *arena);
/* RFC 4180 with formula guard: a text that a spreadsheet would run is put behind an apostrophe (OWASP CSV injection). */
void csv_write_cell(struct buf *out, const char *text, bool first);
void csv_write_end(struct buf *out);
/* YAML 1.2 of JSON text that we wrote ourselves. */
void yaml_write(struct buf *out, const char *json);
/* Writes and empties `out`; false once stdout has failed. */
bool output_flush(struct buf *out);
/* What stdout could not take, as a failure. A closed pipe ends the program quietly. */
bool output_check(struct status *st);
