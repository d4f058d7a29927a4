/* SPDX-License-Identifier: Apache-2.0
 *
 * A report from its row: flags, the call over all its pages, every format. What it looks like is in the files of the reports.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "client/cli/noun.h"
#include "common/base/limits.h"
#include "common/schema/value.h"
#include "kam/v1/explanation.pb-c.h"

#include <math.h>
#include <stdio.h>

enum { OPTIONS_MAX = 32 };

/* ---- the command ------------------------------------------------------------------------------------------------------------------------------- */

const struct command *report_command(struct cli *cli, const struct command *row)
{
	const struct report *report = row->report;
	if (!report) {
		return row;
	}
	const struct schema_method *method = cli_own_method(cli, report->method);
	struct command *command = arena_memdup(&cli->arena, row, sizeof *row);
	struct option *options = arena_calloc(&cli->arena, OPTIONS_MAX, sizeof *options);
	if (!command || !options) {
		return row;
	}
	size_t count = 0, kept = 0;
	for (; count < report->options_count; count++) {
		options[count] = report->options[count];
	}
	if (schema_field_find(method->input, "page_token")) {
		options[count++] = (struct option){"all", 0, OPTION_FLAG, NULL, "every page", NULL};
	}
	if (!schema_field_find(method->input, "explain") && schema_field_find(method->output, "explanation")) {
		options[count++] = (struct option){"explain", 0, OPTION_FLAG, NULL, "also say how each figure came about", NULL};
	}
	count = request_options(method, &cli->arena, options, count, OPTIONS_MAX);
	for (size_t i = 0; i < count; i++) {
		bool place = options[i].field && report->places && strcmp(options[i].field->name, report->places) == 0;
		if (!place) {
			options[kept++] = options[i];
		}
	}
	command->method = method;
	command->text = row->text ? row->text : method->comment;
	command->options = options;
	command->options_count = kept;
	return command;
}

bool report_draws(const struct command *command)
{
	return command->report && command->report->draw;
}

/* ---- the call ---------------------------------------------------------------------------------------------------------------------------------- */

/* What must be given, said by its flag instead of by the name of a field. */
static bool check_required(struct cli *cli, struct status *st)
{
	const struct command *command = cli->command;
	for (size_t i = 0; i < command->options_count; i++) {
		const struct option *option = &command->options[i];
		if (option->field && option->field->rules.required && !args_given(&cli->args, option->name)) {
			return usage_fail(st, "--%s is needed: kam %s %s", option->name, command->words, command->usage);
		}
	}
	return true;
}

static bool fill_places(struct cli *cli, ProtobufCMessage *request, struct status *st)
{
	const struct report *report = cli->command->report;
	const struct schema_field *field = report->places ? schema_field_find(cli->command->method->input, report->places) : NULL;
	const struct schema_resource *resource = field ? schema_resource_find(cli->schema, field->rules.reference) : NULL;
	for (size_t i = 0; resource && i < args_places(&cli->args); i++) {
		const char *name = name_resolve(cli, resource, args_place(&cli->args, i), st);
		if (!name) {
			return false;
		}
		value_set(request, field, (struct value){.kind = VALUE_STRING, .string = name}, &cli->arena);
	}
	return true;
}

static void append_rows(ProtobufCMessage *whole, const ProtobufCMessage *page, const struct schema_field *rows, struct arena *arena)
{
	size_t count = value_count(page, rows);
	struct value *values = arena_calloc(arena, count + 1, sizeof *values);
	for (size_t i = 0; values && i < count; i++) {
		values[i] = value_get(page, rows, i);
	}
	if (values) {
		value_append(whole, rows, values, count, arena);
	}
}

/* One page, or with --all every one, the rows of all of them in the first. */
static ProtobufCMessage *read_report(struct cli *cli, ProtobufCMessage *request, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_field *rows = schema_field_find(method->output, cli->command->report->rows), *size = schema_field_find(method->input, "page_size");
	const struct schema_field *token = schema_field_find(method->input, "page_token"), *next = schema_field_find(method->output, "next_page_token");
	bool all = args_given(&cli->args, "all");
	ProtobufCMessage *whole = NULL, *page;
	if (all && value_count(request, size) == 0) {
		value_set(request, size, (struct value){.kind = VALUE_INT, .integer = LIMIT_PAGE_SIZE_MAX}, &cli->arena);
	}
	for (;;) {
		if (!cli_call(cli, method, request, &cli->arena, &page, NULL, st)) {
			return NULL;
		}
		if (whole) {
			append_rows(whole, page, rows, &cli->arena);
		} else {
			whole = page;
		}
		const char *more = next ? value_get(page, next, 0).string : "";
		if (next && whole != page) {
			value_set(whole, next, (struct value){.kind = VALUE_STRING, .string = more}, &cli->arena);
		}
		if (!all || !next || more[0] == '\0') {
			return whole;
		}
		value_set(request, token, (struct value){.kind = VALUE_STRING, .string = more}, &cli->arena);
	}
}

/* ---- the answer -------------------------------------------------------------------------------------------------------------------------------- */

static const char *next_token(struct cli *cli, const ProtobufCMessage *reply)
{
	const struct schema_field *next = schema_field_find(cli->command->method->output, "next_page_token");
	return next ? value_get(reply, next, 0).string : "";
}

static bool list_rows(struct cli *cli, const ProtobufCMessage *reply, struct status *st)
{
	const struct schema_field *rows = schema_field_find(cli->command->method->output, cli->command->report->rows);
	size_t count = value_count(reply, rows);
	ProtobufCMessage **messages = arena_calloc(&cli->arena, count + 1, sizeof *messages);
	for (size_t i = 0; messages && i < count; i++) {
		messages[i] = (ProtobufCMessage *)(uintptr_t)value_get(reply, rows, i).message;
	}
	return messages ? listing_of(cli, rows->message->pb, rows->name, messages, count, next_token(cli, reply), st)
	                : status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

static bool print_names(struct cli *cli, const ProtobufCMessage *reply, struct status *st)
{
	const struct schema_type *output = cli->command->method->output;
	const struct report *report = cli->command->report;
	const struct schema_field *rows = schema_field_find(output, report->rows), *name = schema_field_find(rows->message, report->name);
	if (!name) {
		printf("%s\n", text_clean(value_get(reply, schema_field_find(output, report->name), 0).string, &cli->arena));
	}
	for (size_t i = 0; name && i < value_count(reply, rows); i++) {
		printf("%s\n", text_clean(value_get(value_get(reply, rows, i).message, name, 0).string, &cli->arena));
	}
	return output_check(st);
}

/* How a figure came about: its formula, then what went in. */
static void print_explanation(struct cli *cli, const Kam__V1__Explanation *explanation)
{
	const char *of = explanation->resource[0] ? report_text(cli, " of %s", explanation->resource) : "";
	printf("\n%s%s = %s\n", text_clean(explanation->figure, &cli->arena), text_clean(of, &cli->arena),
	       text_clean(report_number(cli, explanation->result, 6), &cli->arena));
	printf("  %s (version %d)\n", text_clean(explanation->formula, &cli->arena), explanation->formula_version);
	for (size_t i = 0; i < explanation->n_inputs; i++) {
		const Kam__V1__ExplanationInput *input = explanation->inputs[i];
		const char *weight = figure_defined(input->weight) ? report_text(cli, ", weight %s", draw_number(input->weight, 6, &cli->arena)) : "";
		const char *from = input->resource[0] ? report_text(cli, "  (%s, revision %llu)", input->resource, (unsigned long long)input->revision) : "";
		const char *line = report_text(cli, "  - %s: %s%s%s", input->label, report_number(cli, input->value, 6), weight, from);
		printf("%s\n", text_clean(line, &cli->arena));
	}
}

static void print_explanations(struct cli *cli, const ProtobufCMessage *message)
{
	const struct schema_type *type = schema_type_of(cli->schema, message->descriptor);
	for (size_t k = 0; k < type->fields_count; k++) {
		const struct schema_field *field = &type->fields[k];
		for (size_t i = 0; field->message && field->message->pb == &kam__v1__explanation__descriptor && i < value_count(message, field); i++) {
			print_explanation(cli, (const Kam__V1__Explanation *)value_get(message, field, i).message);
		}
	}
}

static void draw_report(struct cli *cli, const ProtobufCMessage *reply)
{
	struct picture picture;
	struct buf out;
	buf_init(&out, &cli->arena);
	picture_init(&picture, &cli->arena, "");
	cli->command->report->draw(cli, reply, &picture);
	if (cli->output.format == OUTPUT_SVG) {
		picture_print_svg(&picture, &out);
	} else {
		picture_print_text(&picture, &cli->terminal, &out);
	}
	output_flush(&out);
}

/* What people read: the table or the drawing, then how its figures came about, and that there is more. */
static bool print_report(struct cli *cli, const ProtobufCMessage *reply, struct status *st)
{
	const struct report *report = cli->command->report;
	if (!report->print) {
		draw_report(cli, reply);
	} else if (!report->print(cli, reply, st)) {
		return false;
	}
	const struct schema_field *rows = schema_field_find(cli->command->method->output, report->rows);
	bool explain = args_given(&cli->args, "explain");
	if (explain) {
		print_explanations(cli, reply);
	}
	for (size_t i = 0; explain && i < value_count(reply, rows); i++) {
		print_explanations(cli, value_get(reply, rows, i).message);
	}
	if (next_token(cli, reply)[0]) {
		notice("more: --all for everything, or --page-token %s", next_token(cli, reply));
	}
	return output_check(st);
}

bool report_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct report *report = cli->command->report;
	ProtobufCMessage *request = check_required(cli, st) ? request_new(cli, method, st) : NULL, *reply;
	if (!request || !fill_places(cli, request, st) || (report->fill && !report->fill(cli, request, st)) || !(reply = read_report(cli, request, st))) {
		return false;
	}
	switch (cli->output.format) {
	case OUTPUT_JSON:
	case OUTPUT_YAML:
		return output_message(cli, method->output, reply, st);
	case OUTPUT_NAME:
		return print_names(cli, reply, st);
	case OUTPUT_JSONL:
		return list_rows(cli, reply, st);
	case OUTPUT_CSV:
		return report->prints_csv && !cli->output.columns ? print_report(cli, reply, st) : list_rows(cli, reply, st);
	case OUTPUT_WIDE:
		return report->print && !cli->output.columns ? print_report(cli, reply, st) : list_rows(cli, reply, st);
	case OUTPUT_TABLE:
		return cli->output.columns ? list_rows(cli, reply, st) : print_report(cli, reply, st);
	case OUTPUT_SVG:
		break;
	}
	draw_report(cli, reply);
	return output_check(st);
}

/* ---- words and numbers ------------------------------------------------------------------------------------------------------------------------- */

const char *report_text(struct cli *cli, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	const char *copy = arena_strdup(&cli->arena, text);
	return copy ? copy : "";
}

const char *report_label(const char *display_name, const char *name)
{
	return display_name[0] ? display_name : output_last_segment(name);
}

const char *report_undefined(struct cli *cli, const Kam__V1__Figure *figure)
{
	return figure && figure->undefined_reason[0] ? report_text(cli, "undefined: %s", figure->undefined_reason) : "undefined";
}

const char *report_percent(struct cli *cli, const Kam__V1__Figure *figure)
{
	return figure_defined(figure) ? draw_percent(figure, &cli->arena) : report_undefined(cli, figure);
}

const char *report_signed_percent(struct cli *cli, const Kam__V1__Figure *figure)
{
	return figure_defined(figure) ? report_text(cli, "%+.2f %%", figure->value * 100) : report_undefined(cli, figure);
}

const char *report_number(struct cli *cli, const Kam__V1__Figure *figure, int decimals)
{
	return figure_defined(figure) ? draw_number(figure, decimals, &cli->arena) : report_undefined(cli, figure);
}

double report_amount(const Kam__V1__Money *money)
{
	return money ? (double)money->units + (double)money->nanos / 1e9 : 0;
}

struct picture_row report_row(const char *label, const Kam__V1__Figure *figure, const char *text, enum picture_tone tone)
{
	bool defined = figure_defined(figure);
	return (struct picture_row){.label = label, .text = text, .defined = defined, .to = defined ? figure->value : 0, .tone = tone};
}

void report_scale(const struct picture_row *rows, size_t count, double *low, double *high)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].defined) {
			*low = fmin(*low, fmin(rows[i].from, rows[i].to));
			*high = fmax(*high, fmax(rows[i].from, rows[i].to));
		}
	}
}
