/* SPDX-License-Identifier: Apache-2.0
 *
 * What an import tells: a bar while it runs (on a terminal only), a row for each bad line (for every line in a dry run), the sums at the end. JSON and YAML
 * have the shape of ImportResponse with all results in it.
 */
#include "client/cli/import.h"

#include "client/cli/draw.h"
#include "common/base/clock.h"
#include "common/schema/value.h"

#include <stdio.h>

enum { PROGRESS_US = 100000 };

struct import_report {
	struct cli *cli;
	bool dry_run, draws, drawn;
	int64_t bad_rows;
	int64_t drawn_us;
	struct listing *listing; /* NULL where all results are kept for one document */
	ProtobufCMessage *sums;  /* a kam.v1.ImportResponse */
};

static Kam__V1__ImportResponse *sums_of(const struct import_report *report)
{
	return (Kam__V1__ImportResponse *)report->sums;
}

struct import_report *import_report_new(struct cli *cli, bool dry_run, struct status *st)
{
	static const char *const columns[] = {"line", "outcome", "name", "column", "value", "reason"};
	enum output_format format = cli->output.format;
	struct import_report *report = arena_calloc(&cli->arena, 1, sizeof *report);
	if (!report) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	report->cli = cli;
	report->dry_run = dry_run;
	bool holds_stdout = format == OUTPUT_TABLE || format == OUTPUT_WIDE || format == OUTPUT_JSON || format == OUTPUT_YAML;
	report->draws = cli->terminal.error && (!cli->terminal.out || holds_stdout);
	report->sums = schema_message_new(schema_type_of(cli->schema, &kam__v1__import_response__descriptor), &cli->arena);
	if (format != OUTPUT_JSON && format != OUTPUT_YAML) {
		const struct schema_type *type = schema_type_of(cli->schema, &kam__v1__import_row_result__descriptor);
		const struct listing_options options = {.type = type, .key = "results", .columns = columns, .columns_count = sizeof columns / sizeof columns[0]};
		report->listing = listing_new(cli, &options, st);
		if (!report->listing) {
			return NULL;
		}
	}
	return report->sums ? report : NULL;
}

/* A result lives in its message's arena; what is kept for one document is copied. */
static void add_result(struct import_report *report, const Kam__V1__ImportRowResult *result)
{
	if (report->listing) {
		listing_add(report->listing, &result->base);
		return;
	}
	const struct schema_type *type = schema_type_of(report->cli->schema, result->base.descriptor);
	struct bytes bytes = schema_pack(&result->base, &report->cli->arena);
	struct status ignored;
	status_init(&ignored);
	ProtobufCMessage *copy = schema_unpack(type, bytes, &report->cli->arena, &ignored);
	const struct schema_field *results = schema_field_find(schema_type_of(report->cli->schema, report->sums->descriptor), "results");
	if (copy) {
		value_set(report->sums, results, (struct value){.kind = VALUE_MESSAGE, .message = copy}, &report->cli->arena);
	}
}

void import_report_add(struct import_report *report, const Kam__V1__ImportResponse *response)
{
	Kam__V1__ImportResponse *sums = sums_of(report);
	for (size_t i = 0; i < response->n_results; i++) {
		add_result(report, response->results[i]);
	}
	sums->rows = response->rows + report->bad_rows;
	sums->created = response->created;
	sums->updated = response->updated;
	sums->unchanged = response->unchanged;
	sums->failed = response->failed + report->bad_rows;
	sums->waiting = response->waiting;
	sums->done = response->done;
	if (response->import[0]) {
		char *copy = arena_strdup(&report->cli->arena, response->import);
		sums->import = copy ? copy : sums->import;
	}
	cli_on_interrupt("kam: interrupted after %lld rows; import the file again, rows that are in already stay as they are\n", (long long)sums->rows);
}

void import_report_bad_row(struct import_report *report, int64_t line, const char *column, const char *reason)
{
	Kam__V1__ImportRowResult result = KAM__V1__IMPORT_ROW_RESULT__INIT;
	result.line = line;
	result.outcome = KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_FAILED;
	result.column = (char *)(uintptr_t)column;
	result.reason = (char *)(uintptr_t)reason;
	add_result(report, &result);
	report->bad_rows++;
	sums_of(report)->rows++;
	sums_of(report)->failed++;
}

void import_report_progress(struct import_report *report, double share, int64_t rows_read)
{
	int64_t now_us = clock_monotonic_us();
	if (!report->draws || now_us - report->drawn_us < PROGRESS_US) {
		return;
	}
	report->drawn_us = now_us;
	report->drawn = true;
	const Kam__V1__ImportResponse *sums = sums_of(report);
	if (share >= 0 && rows_read > 0) {
		share *= (double)(sums->rows < rows_read ? sums->rows : rows_read) / (double)rows_read;
	}
	struct arena arena;
	arena_init(&arena, 1u << 16);
	Kam__V1__Figure figure = KAM__V1__FIGURE__INIT;
	figure._value_case = KAM__V1__FIGURE___VALUE_VALUE;
	figure.value = share;
	fprintf(stderr, "\r\033[K");
	if (share >= 0) {
		fprintf(stderr, "%s %3.0f %%  ", draw_bar(&figure, 20, &arena), share * 100);
	}
	fprintf(stderr, "%s rows", text_grouped(sums->rows, &arena));
	if (sums->failed > 0) {
		fprintf(stderr, ", %s failed", text_grouped(sums->failed, &arena));
	}
	if (sums->waiting > 0) {
		fprintf(stderr, ", %s waiting for others", text_grouped(sums->waiting, &arena));
	}
	fflush(stderr);
	arena_done(&arena);
}

static void print_sums(struct import_report *report, FILE *file)
{
	const Kam__V1__ImportResponse *sums = sums_of(report);
	struct arena *arena = &report->cli->arena;
	const char *would = report->dry_run ? "would be " : "";
	fprintf(file, "%s rows: %s %screated, %s %supdated, %s unchanged, %s failed", text_grouped(sums->rows, arena), text_grouped(sums->created, arena), would,
	        text_grouped(sums->updated, arena), would, text_grouped(sums->unchanged, arena), text_grouped(sums->failed, arena));
	fprintf(file, "%s%s%s\n", sums->import[0] ? " (" : "", sums->import, sums->import[0] ? ")" : "");
}

bool import_report_end(struct import_report *report, struct status *st)
{
	struct cli *cli = report->cli;
	cli_on_interrupt("%s", "");
	if (report->drawn) {
		fprintf(stderr, "\r\033[K");
	}
	struct status unused;
	status_init(&unused);
	struct status *out = status_ok(st) ? st : &unused;
	if (!report->listing) {
		output_message(cli, schema_type_of(cli->schema, report->sums->descriptor), report->sums, out);
	} else if (listing_end(report->listing, "", -1, out)) {
		bool table = cli->output.format == OUTPUT_TABLE || cli->output.format == OUTPUT_WIDE;
		print_sums(report, table ? stdout : stderr);
	}
	if (sums_of(report)->failed > 0) {
		cli->exit_code = EXIT_PARTLY;
	}
	return status_ok(st);
}
