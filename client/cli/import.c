/* SPDX-License-Identifier: Apache-2.0
 *
 * kam import: rows go out in batches while results come in; neither side waits for the other but for room. The server does the rest.
 */
#include "client/cli/import.h"

#include "client/cli/noun.h"
#include "common/base/limits.h"

#include <stdio.h>

struct importing {
	struct cli *cli;
	const struct schema_method *method;
	struct csv *csv;
	struct kam_stream *stream;
	struct import_report *report;
	size_t columns_count;
	int64_t rows_read;
	Kam__V1__ImportStart start;
	Kam__V1__ImportRequest request;
	Kam__V1__ImportRow rows[LIMIT_IMPORT_BATCH_ROWS];
	Kam__V1__ImportRow *row_pointers[LIMIT_IMPORT_BATCH_ROWS];
	struct arena batch, incoming;
};

/* ---- the wire --------------------------------------------------------------------------------------------------------------------------------- */

/* How far the file is through the server: the share that is read, less what is still on its way. */
static void show_progress(struct importing *importing)
{
	import_report_progress(importing->report, csv_progress(importing->csv), importing->rows_read);
}

static bool take_response(struct importing *importing, struct status *st)
{
	struct bytes bytes;
	if (!cli_stream_receive(importing->stream, &bytes, st)) {
		return false;
	}
	arena_reset(&importing->incoming);
	ProtobufCMessage *message = schema_unpack(importing->method->output, bytes, &importing->incoming, st);
	if (!message) {
		return false;
	}
	import_report_add(importing->report, (const Kam__V1__ImportResponse *)message);
	show_progress(importing);
	return true;
}

/* Sends what has gathered. False where the call is over: receive says why. */
static bool send_batch(struct importing *importing, bool last)
{
	struct bytes bytes = schema_pack(&importing->request.base, &importing->batch);
	bool open = bytes.data && cli_stream_send(importing->stream, bytes, last);
	importing->request.start = NULL;
	importing->request.n_rows = 0;
	arena_reset(&importing->batch);
	return open;
}

static bool take_what_is_there(struct importing *importing, struct status *st)
{
	while (kam_stream_ready(importing->stream)) {
		if (!take_response(importing, st)) {
			return false;
		}
	}
	return true;
}

/* ---- the rows ---------------------------------------------------------------------------------------------------------------------------------- */

static bool row_is_good(struct importing *importing, const struct csv_row *row)
{
	if (row->fault) {
		size_t column = row->fault_column - 1;
		import_report_bad_row(importing->report, row->line, column < importing->columns_count ? importing->start.columns[column] : "", row->fault);
		return false;
	}
	if (row->count != importing->columns_count) {
		char reason[160];
		snprintf(reason, sizeof reason, "has %zu cells where the header has %zu: is a comma or a quote missing?", row->count, importing->columns_count);
		import_report_bad_row(importing->report, row->line, "", reason);
		return false;
	}
	return true;
}

static void add_row(struct importing *importing, const struct csv_row *row)
{
	Kam__V1__ImportRow *out = &importing->rows[importing->request.n_rows];
	*out = (Kam__V1__ImportRow)KAM__V1__IMPORT_ROW__INIT;
	out->line = row->line;
	out->n_cells = row->count;
	out->cells = (char **)(uintptr_t)row->cells;
	importing->row_pointers[importing->request.n_rows++] = out;
}

/* A batch is sent when it is full, or when its text fills a quarter of a message. */
static bool batch_is_full(const struct importing *importing)
{
	return importing->request.n_rows == LIMIT_IMPORT_BATCH_ROWS || importing->batch.used_bytes > LIMIT_MESSAGE_BYTES / 4;
}

static bool send_rows(struct importing *importing, struct status *st)
{
	struct csv_row row;
	for (;;) {
		if (batch_is_full(importing) && (!send_batch(importing, false) || !take_what_is_there(importing, st))) {
			break;
		}
		if (!csv_read(importing->csv, &importing->batch, &row, st)) {
			if (status_ok(st)) {
				send_batch(importing, true);
			}
			break;
		}
		importing->rows_read++;
		if (row_is_good(importing, &row)) {
			add_row(importing, &row);
		}
		show_progress(importing);
	}
	while (status_ok(st) && take_response(importing, st)) {
	}
	return status_ok(st);
}

/* ---- the start --------------------------------------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strcmp(path, "-") == 0 ? "stdin" : slash ? slash + 1 : path;
}

static bool separator_of(struct cli *cli, char *ret_separator, struct status *st)
{
	const char *text = args_text(&cli->args, "separator");
	if (text && strcmp(text, "\\t") == 0) {
		text = "\t";
	}
	if (text && (strlen(text) != 1 || text[0] == '"' || text[0] == '\n' || text[0] == '\r')) {
		return usage_fail(st, "--separator takes one character, such as ; or \\t");
	}
	*ret_separator = text ? text[0] : '\0';
	return true;
}

static bool make_start(struct importing *importing, const struct schema_resource *resource, const Kam__V1__ImportMap *map, struct status *st)
{
	struct cli *cli = importing->cli;
	const char *file = args_place(&cli->args, 1);
	struct csv_row header;
	if (!csv_read(importing->csv, &cli->arena, &header, st)) {
		return usage_fail(st, "%s is empty: its first line must have the names of the columns", file);
	}
	map = map ? map : import_map_of_header(cli, resource, &header, base_name(file), st);
	if (!map || !import_map_check(cli, map, &header, base_name(file), st)) {
		return false;
	}
	const char *parent = parent_resolve(cli, resource, false, st);
	if (!parent) {
		return false;
	}
	importing->columns_count = header.count;
	importing->start = (Kam__V1__ImportStart)KAM__V1__IMPORT_START__INIT;
	importing->start.map = (Kam__V1__ImportMap *)(uintptr_t)map;
	importing->start.n_columns = header.count;
	importing->start.columns = (char **)(uintptr_t)header.cells;
	importing->start.resource = (char *)(uintptr_t)resource->plural;
	importing->start.file_name = (char *)(uintptr_t)base_name(file);
	importing->start.validate_only = args_given(&cli->args, "dry-run");
	importing->start.parent = (char *)(uintptr_t)parent;
	importing->request = (Kam__V1__ImportRequest)KAM__V1__IMPORT_REQUEST__INIT;
	importing->request.start = &importing->start;
	importing->request.rows = importing->row_pointers;
	return true;
}

static const struct schema_resource *find_resource(struct cli *cli, const Kam__V1__ImportMap *map, struct status *st)
{
	const char *word = args_place(&cli->args, 0);
	const struct schema_resource *resource = noun_find(cli, word);
	if (!resource || resource->system || resource->singleton) {
		usage_fail(st, "\"%s\" is not a resource that can be imported%s; kam explain lists the resources", word, resource ? "" : noun_suggestion(cli, word));
		return NULL;
	}
	if (map && map->resource[0] && schema_resource_find(cli->schema, map->resource) != resource) {
		usage_fail(st, "the map is for %s, not for %s", map->resource, resource->plural);
		return NULL;
	}
	return resource;
}

bool import_run(struct cli *cli, struct status *st)
{
	const char *map_name = args_text(&cli->args, "map");
	struct csv_options options = {.encoding = args_text(&cli->args, "encoding")};
	if (map_name && args_given(&cli->args, "key")) {
		return usage_fail(st, "--key: the map says which columns tell rows apart; leave out one of the two");
	}
	Kam__V1__ImportMap *map = map_name ? import_map_load(cli, map_name, st) : NULL;
	const struct schema_resource *resource = status_ok(st) ? find_resource(cli, map, st) : NULL;
	struct importing *importing = arena_calloc(&cli->arena, 1, sizeof *importing);
	if (!resource || !importing || !separator_of(cli, &options.separator, st)) {
		return false;
	}
	importing->cli = cli;
	importing->method = cli_own_method(cli, "/kam.v1.ImportService/Import");
	importing->csv = csv_open(args_place(&cli->args, 1), &options, st);
	arena_init(&importing->batch, LIMIT_CLIENT_ARENA_BYTES);
	arena_init(&importing->incoming, LIMIT_CLIENT_ARENA_BYTES);
	if (importing->csv && make_start(importing, resource, map, st) && cli_connect(cli, true, st)) {
		const struct kam_call_options call_options = cli_call_options(cli, importing->method);
		importing->report = import_report_new(cli, importing->start.validate_only, st);
		importing->stream = importing->report ? cli_stream_open(cli, importing->method, &call_options, st) : NULL;
		if (importing->stream) {
			send_rows(importing, st);
			import_report_end(importing->report, st);
		}
	}
	kam_stream_close(importing->stream);
	csv_close(importing->csv);
	arena_done(&importing->batch);
	arena_done(&importing->incoming);
	return status_ok(st);
}
