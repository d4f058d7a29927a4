/* SPDX-License-Identifier: Apache-2.0
 *
 * How kam fails: one place that prints, one table of exit codes. The reasons USAGE and DECLINED mark what only the client knows.
 */
#include "client/cli/cli.h"

#include "common/schema/json.h"
#include "common/schema/rules.h"

#include <stdio.h>

bool usage_fail(struct status *st, const char *format, ...)
{
	char message[STATUS_MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	return status_fail(st, STATUS_INVALID_ARGUMENT, "USAGE", "%s", message);
}

bool declined_fail(struct status *st, const char *format, ...)
{
	char message[STATUS_MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	return status_fail(st, STATUS_CANCELLED, "DECLINED", "%s", message);
}

const char *suggestion(const char *word, const char *const *names, size_t count, struct arena *arena)
{
	const char *nearest = rules_nearest(word, names, count);
	const char *text = nearest ? arena_printf(arena, "; did you mean %s?", nearest) : "";
	return text ? text : "";
}

const char *suggestion_of_field(const struct schema_type *type, const char *word, struct arena *arena)
{
	const char **names = arena_calloc(arena, type->fields_count + 1, sizeof *names);
	for (size_t i = 0; names && i < type->fields_count; i++) {
		names[i] = type->fields[i].name;
	}
	return names ? suggestion(word, names, type->fields_count, arena) : "";
}

const char *fault_words(const struct status *st)
{
	return st->violations_count == 1 ? st->violations[0].description : st->message;
}

void notice(const char *format, ...)
{
	char text[4096];
	struct arena arena;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	arena_init(&arena, 1u << 16);
	fprintf(stderr, "kam: %s\n", text_clean(text, &arena));
	arena_done(&arena);
}

enum exit_code fail_exit_code(const struct status *st)
{
	if (strcmp(st->reason, "USAGE") == 0) {
		return EXIT_USAGE;
	}
	if (strcmp(st->reason, "DECLINED") == 0) {
		return EXIT_DECLINED;
	}
	switch (st->code) {
	case STATUS_OK:
		return EXIT_OK;
	case STATUS_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case STATUS_UNAUTHENTICATED:
		return EXIT_SIGNED_OUT;
	case STATUS_PERMISSION_DENIED:
		return EXIT_DENIED;
	case STATUS_ABORTED:
	case STATUS_ALREADY_EXISTS:
	case STATUS_FAILED_PRECONDITION:
		return st->reason[0] == '\0' && st->code == STATUS_FAILED_PRECONDITION ? EXIT_OTHER : EXIT_CONFLICT;
	case STATUS_UNAVAILABLE:
	case STATUS_DEADLINE_EXCEEDED:
		return EXIT_UNAVAILABLE;
	default:
		return EXIT_OTHER;
	}
}

/* What the user can do where the server's sentence cannot know it. */
static const char *next_step(const struct cli *cli, const struct status *st, struct arena *arena)
{
	const struct command *command = cli->command;
	if (command && command->run == login_run && st->code == STATUS_UNAUTHENTICATED) {
		return NULL;
	}
	if (command && (command->run == create_run || command->run == update_run) && st->violations_count > 0) {
		return arena_printf(arena, "fields are given with --set FIELD=VALUE; kam explain %s says what each takes", command->resource->plural);
	}
	switch (st->code) {
	case STATUS_UNAUTHENTICATED:
		return "sign in: kam login --server HOST:PORT --ca FILE USER";
	case STATUS_ABORTED:
		return "read it again, then repeat the change on what is there now";
	case STATUS_UNAVAILABLE:
		return "is the server running there, and is --ca its authority? See: kam context list";
	default:
		return NULL;
	}
}

/* The first violation is the message already. */
static void print_text(const struct cli *cli, const struct status *st, struct arena *arena)
{
	bool colour = cli->terminal.error_colour;
	fprintf(stderr, "%skam:%s %s\n", colour ? "\033[31m" : "", colour ? "\033[0m" : "", text_clean(st->message, arena));
	for (uint16_t i = 0; i < st->violations_count; i++) {
		char line[STATUS_FIELD_BYTES + STATUS_DESCRIPTION_BYTES + 4];
		const struct status_violation *violation = &st->violations[i];
		snprintf(line, sizeof line, "%s%s%s", violation->field, violation->field[0] ? ": " : "", violation->description);
		if (strcmp(line, st->message) != 0) {
			fprintf(stderr, "  %s\n", text_clean(line, arena));
		}
	}
	const char *step = next_step(cli, st, arena);
	if (step) {
		fprintf(stderr, "  %s\n", step);
	}
}

/* The JSON form of google.rpc.Status with ErrorInfo and BadRequest (AIP-193). */
static void print_json(const struct status *st, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	buf_printf(&out, "{\n  \"code\": %d,\n  \"message\": ", (int)st->code);
	json_write_string(&out, st->message);
	buf_add_text(&out, ",\n  \"details\": [");
	if (st->reason[0] != '\0') {
		buf_add_text(&out, "\n    {\"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\", \"reason\": ");
		json_write_string(&out, st->reason);
		buf_add_text(&out, ", \"domain\": \"kam\"}");
	}
	if (st->violations_count > 0) {
		buf_printf(&out, "%s\n    {\"@type\": \"type.googleapis.com/google.rpc.BadRequest\", \"fieldViolations\": [", st->reason[0] ? "," : "");
		for (uint16_t i = 0; i < st->violations_count; i++) {
			buf_add_text(&out, i == 0 ? "\n      {\"field\": " : ",\n      {\"field\": ");
			json_write_string(&out, st->violations[i].field);
			buf_add_text(&out, ", \"description\": ");
			json_write_string(&out, st->violations[i].description);
			buf_add_byte(&out, '}');
		}
		buf_add_text(&out, "\n    ]}");
	}
	buf_add_text(&out, st->reason[0] || st->violations_count > 0 ? "\n  ]\n}\n" : "]\n}\n");
	fputs(text_clean_json(buf_text(&out), arena), stderr);
}

void fail_print(struct cli *cli, const struct status *st)
{
	struct arena arena;
	arena_init(&arena, 1u << 20);
	if (cli->output.format == OUTPUT_JSON || cli->output.format == OUTPUT_JSONL) {
		print_json(st, &arena);
	} else {
		print_text(cli, st, &arena);
	}
	arena_done(&arena);
}
