/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats by name, stdout and its failures, one message, records.
 */
#include "client/cli/output.h"

#include "client/cli/noun.h"
#include "client/cli/output_table.h"
#include "common/base/limits.h"
#include "common/schema/json.h"
#include "common/schema/value.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

bool output_format_of_name(const char *name, enum output_format *ret_format)
{
	static const char *const names[] = {"table", "wide", "json", "jsonl", "csv", "yaml", "name", "svg"};
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_format = (enum output_format)i;
			return true;
		}
	}
	return false;
}

/* ---- stdout ----------------------------------------------------------------------------------------------------------------------------- */

bool output_flush(struct buf *out)
{
	if (out->size > 0) {
		fwrite(out->data, 1, out->size, stdout);
	}
	out->size = 0;
	return !ferror(stdout);
}

bool output_check(struct status *st)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout)) {
		return true;
	}
	if (errno == EPIPE) {
		/* Whoever read us has seen enough: end as a program does that was never told of pipes. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return status_fail(st, STATUS_UNKNOWN, "", "cannot write the output: %s", errno ? strerror(errno) : "an earlier write failed");
}

const char *output_words(struct cli *cli, const ProtobufCMessage *message, const char *field, struct arena *arena)
{
	const struct schema_type *type = schema_type_of(cli->schema, message->descriptor);
	const struct schema_field *row = schema_field_find(type, field);
	return value_count(message, row) == 0 ? "" : text_words(value_text(message, row, true, ", ", arena), arena);
}

const char *output_last_segment(const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? slash + 1 : name;
}

/* ---- records ------------------------------------------------------------------------------------------------------------------------------ */

struct records {
	struct cli *cli;
	const struct record_column *columns;
	size_t count, rows;
	struct table *table; /* of table and wide */
	struct arena scratch;
};

struct records *records_new(struct cli *cli, const struct record_column *columns, size_t count)
{
	struct records *records = arena_calloc(&cli->arena, 1, sizeof *records);
	if (!records) {
		return NULL;
	}
	records->cli = cli;
	records->columns = columns;
	records->count = count;
	arena_init(&records->scratch, LIMIT_CLIENT_ARENA_BYTES);
	enum output_format format = cli->output.format;
	if (format == OUTPUT_TABLE || format == OUTPUT_WIDE) {
		records->table = table_new(&cli->terminal, columns, count, cli->output.headers, false);
	} else if (format == OUTPUT_CSV && cli->output.headers) {
		struct buf out;
		buf_init(&out, &records->scratch);
		for (size_t i = 0; i < count; i++) {
			csv_write_cell(&out, columns[i].name, i == 0);
		}
		csv_write_end(&out);
		output_flush(&out);
	}
	return records;
}

static void record_json(struct records *records, const char *const *cells, bool pretty, struct buf *out)
{
	const char *separator = "";
	buf_add_byte(out, '{');
	for (size_t i = 0; i < records->count; i++) {
		if (cells[i] && cells[i][0] != '\0') {
			buf_add_text(out, separator);
			buf_add_text(out, pretty ? "\n    " : "");
			json_write_string(out, records->columns[i].name);
			buf_add_text(out, pretty ? ": " : ":");
			json_write_string(out, cells[i]);
			separator = ",";
		}
	}
	buf_add_text(out, pretty ? "\n  }" : "}");
}

void records_row(struct records *records, const char *const *cells, const char *colour)
{
	struct buf out;
	const char **copy = arena_calloc(&records->scratch, records->count, sizeof *copy);
	buf_init(&out, &records->scratch);
	for (size_t i = 0; i < records->count && copy; i++) {
		copy[i] = cells[i] ? cells[i] : "";
	}
	cells = copy ? copy : cells;
	switch (records->cli->output.format) {
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
		if (records->table) {
			table_row(records->table, NULL, cells, colour, &records->scratch);
		}
		break;
	case OUTPUT_CSV:
		for (size_t i = 0; i < records->count; i++) {
			csv_write_cell(&out, records->cli->terminal.out ? text_clean(cells[i], &records->scratch) : cells[i], i == 0);
		}
		csv_write_end(&out);
		break;
	case OUTPUT_JSON:
		buf_add_text(&out, records->rows == 0 ? "[\n  " : ",\n  ");
		record_json(records, cells, true, &out);
		break;
	case OUTPUT_JSONL:
		record_json(records, cells, false, &out);
		buf_add_byte(&out, '\n');
		break;
	case OUTPUT_YAML: {
		struct buf json;
		buf_init(&json, &records->scratch);
		buf_add_byte(&json, '[');
		record_json(records, cells, false, &json);
		buf_add_byte(&json, ']');
		yaml_write(&out, buf_text(&json));
		break;
	}
	case OUTPUT_NAME:
		buf_printf(&out, "%s\n", text_clean(cells[0], &records->scratch));
		break;
	case OUTPUT_SVG: /* only commands that draw get here with it (main.c) */
		break;
	}
	records->rows++;
	output_flush(&out);
	arena_reset(&records->scratch);
}

bool records_end(struct records *records, struct status *st)
{
	if (records->table) {
		table_end(records->table);
	}
	if (records->cli->output.format == OUTPUT_JSON) {
		fputs(records->rows == 0 ? "[]\n" : "\n]\n", stdout);
	} else if (records->cli->output.format == OUTPUT_YAML && records->rows == 0) {
		fputs("[]\n", stdout);
	}
	arena_done(&records->scratch);
	return output_check(st);
}

/* ---- one message -------------------------------------------------------------------------------------------------------------------------------- */

static void message_rows(struct records *records, const struct schema_type *type, const ProtobufCMessage *message, const char *prefix,
                         const struct schema_field *named_by, const struct schema *schema, struct arena *arena, unsigned depth);

bool output_is_text(const struct schema_field *field)
{
	return !field->message || field->map || strncmp(field->message->name, "google.protobuf.", 16) == 0 ||
	       strcmp(field->message->name, "kam.v1.Money") == 0 || strcmp(field->message->name, "kam.v1.Figure") == 0;
}

static void field_rows(struct records *records, const struct schema_field *field, const ProtobufCMessage *message, const char *prefix,
                       const struct schema *schema, struct arena *arena, unsigned depth)
{
	size_t count = value_count(message, field);
	const char *path = arena_printf(arena, "%s%s%s", prefix, prefix[0] ? "." : "", field->name);
	if (count == 0 || !path) {
		return;
	}
	if (output_is_text(field)) {
		records_row(records, (const char *const[]){path, value_text(message, field, true, ", ", arena)}, NULL);
		return;
	}
	for (size_t i = 0; i < count && depth > 0; i++) {
		const struct schema_field *key = set_list_key(field);
		const char *id = key ? output_last_segment(value_get(value_get(message, field, i).message, key, 0).string) : "";
		const char *item = id[0] ? arena_printf(arena, "%s.%s", path, id) : field->repeated ? arena_printf(arena, "%s[%zu]", path, i) : path;
		message_rows(records, field->message, value_get(message, field, i).message, item ? item : path, id[0] ? key : NULL, schema, arena, depth - 1);
	}
}

static bool is_bookkeeping(const struct schema_field *field)
{
	return field->owner->resource && field->pb->id >= 2 && field->pb->id <= 9;
}

/* What a resource says first, its bookkeeping (uid, etag, times …) last. */
static void message_rows(struct records *records, const struct schema_type *type, const ProtobufCMessage *message, const char *prefix,
                         const struct schema_field *named_by, const struct schema *schema, struct arena *arena, unsigned depth)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < type->fields_count; i++) {
			if (&type->fields[i] != named_by && is_bookkeeping(&type->fields[i]) == (pass == 1)) {
				field_rows(records, &type->fields[i], message, prefix, schema, arena, depth);
			}
		}
	}
}

const char *output_json(const struct schema *schema, const struct schema_type *type, const ProtobufCMessage *message, unsigned options,
                        struct arena *arena)
{
	struct buf json;
	buf_init(&json, arena);
	json_write(schema, type, message, options, &json);
	return text_clean_json(buf_text(&json), arena);
}

static bool message_as_json(struct cli *cli, const struct schema_type *type, const ProtobufCMessage *message, struct status *st)
{
	struct buf out;
	buf_init(&out, &cli->arena);
	const char *json = output_json(cli->schema, type, message, cli->output.format == OUTPUT_JSONL ? 0 : JSON_PRETTY, &cli->arena);
	if (cli->output.format == OUTPUT_YAML) {
		yaml_write(&out, json);
		output_flush(&out);
	} else {
		printf("%s\n", json);
	}
	return output_check(st);
}

bool output_message(struct cli *cli, const struct schema_type *type, const ProtobufCMessage *message, struct status *st)
{
	static const struct record_column columns[] = {{.name = "field"}, {.name = "value", .wrap = true}};
	switch (cli->output.format) {
	case OUTPUT_JSON:
	case OUTPUT_JSONL:
	case OUTPUT_YAML:
		return message_as_json(cli, type, message, st);
	case OUTPUT_NAME: {
		const struct schema_field *name = schema_field_find(type, "name");
		if (!name) {
			return usage_fail(st, "-o name: a %s has no name; use -o json", type->name);
		}
		printf("%s\n", text_clean(value_get(message, name, 0).string, &cli->arena));
		return output_check(st);
	}
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
	case OUTPUT_CSV:
	case OUTPUT_SVG:
		break;
	}
	if (cli->output.columns || cli->output.format == OUTPUT_CSV) {
		struct listing *listing = listing_new(cli, &(struct listing_options){.type = type, .key = "items"}, st);
		if (!listing) {
			return false;
		}
		listing_add(listing, message);
		return listing_end(listing, "", -1, st);
	}
	struct records *records = records_new(cli, columns, 2);
	if (records) {
		message_rows(records, type, message, "", NULL, cli->schema, &cli->arena, 4);
	}
	return records && records_end(records, st);
}
