/* SPDX-License-Identifier: Apache-2.0
 *
 * kam: finds the command that the first words name, reads its options, runs it, and turns what became of it into an exit code.
 */
#include "client/cli/report.h"

#include "common/base/limits.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static char output_buffer[1 << 18];

/* argv cut into the words of the command and everything else; the words may stand between options that every command has. */
struct line {
	const char **words;
	size_t words_count;
	const char **rest;
	size_t rest_count;
	bool help, version;
};

static bool cut_line(struct cli *cli, int argc, char **argv, struct line *ret_line, struct status *st)
{
	size_t count = (size_t)argc;
	*ret_line = (struct line){
		.words = arena_calloc(&cli->arena, count + 1, sizeof(char *)),
		.rest = arena_calloc(&cli->arena, count + 1, sizeof(char *)),
	};
	if (!ret_line->words || !ret_line->rest) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "too many arguments");
	}
	bool leading = true;
	for (size_t i = 1; i < count; i++) {
		const char *text = argv[i];
		if (strcmp(text, "--") == 0) {
			while (i < count) {
				ret_line->rest[ret_line->rest_count++] = argv[i++];
			}
			break;
		}
		ret_line->help = ret_line->help || strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
		ret_line->version = ret_line->version || (strcmp(text, "--version") == 0 && ret_line->words_count == 0);
		bool option = text[0] == '-' && text[1] != '\0';
		if (leading && !option) {
			ret_line->words[ret_line->words_count++] = text;
			continue;
		}
		ret_line->rest[ret_line->rest_count++] = text;
		const struct option *global = option ? args_option(global_options, global_options_count, text) : NULL;
		if (global && args_takes_next(global, text) && i + 1 < count) {
			ret_line->rest[ret_line->rest_count++] = argv[++i];
		} else if (option && !global && ret_line->words_count > 0) {
			leading = false;
		}
	}
	return true;
}

/* The command's options go before those that every command has, where both have a name. */
static bool parse_options(struct cli *cli, const struct line *line, size_t taken, struct status *st)
{
	const struct command *command = cli->command;
	size_t count = command->options_count + global_options_count, argc = 0;
	struct option *options = arena_calloc(&cli->arena, count + 1, sizeof *options);
	const char **argv = arena_calloc(&cli->arena, line->words_count + line->rest_count + 1, sizeof *argv);
	if (!options || !argv) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "too many arguments");
	}
	if (command->options_count > 0) {
		memcpy(options, command->options, command->options_count * sizeof *options);
	}
	memcpy(options + command->options_count, global_options, global_options_count * sizeof *options);
	for (size_t i = taken; i < line->words_count; i++) {
		argv[argc++] = line->words[i];
	}
	for (size_t i = 0; i < line->rest_count; i++) {
		argv[argc++] = line->rest[i];
	}
	return args_parse(options, count, argv, argc, &cli->arena, &cli->args, st);
}

static bool read_global(struct cli *cli, struct status *st)
{
	const char *format = args_text(&cli->args, "output");
	cli->output_asked = format != NULL;
	if (format && !output_format_of_name(format, &cli->output.format)) {
		return usage_fail(st, "--output: \"%s\" is no format; use table, wide, json, jsonl, csv, yaml or name", format);
	}
	if (cli->output.format == OUTPUT_SVG && !report_draws(cli->command)) {
		return usage_fail(st, "--output: kam %s has no drawing; use table, wide, json, jsonl, csv, yaml or name", cli->command->words);
	}
	cli->output.columns = args_text(&cli->args, "columns");
	cli->output.headers = !args_given(&cli->args, "no-headers");
	if (args_given(&cli->args, "no-color")) {
		cli->terminal.colour = false;
		cli->terminal.error_colour = false;
	}
	return true;
}

static bool check_places(const struct cli *cli, struct status *st)
{
	const struct command *command = cli->command;
	size_t places = args_places(&cli->args);
	if (places < command->arguments_min) {
		return usage_fail(st, "kam %s needs %s: kam %s %s", command->words, places + 1 < command->arguments_min ? "more arguments" : "another argument",
		                  command->words, command->usage);
	}
	if (places > command->arguments_max) {
		return usage_fail(st, "kam %s does not take \"%s\": kam %s %s", command->words, args_place(&cli->args, command->arguments_max), command->words,
		                  command->usage);
	}
	return true;
}

/* Errors that come before the options are read obey -o json too. */
static void guess_format(struct cli *cli, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *text = argv[i];
		const char *value = strcmp(text, "-o") == 0 || strcmp(text, "--output") == 0 ? argv[i + 1]
		                    : strncmp(text, "--output=", 9) == 0                    ? text + 9
		                    : strncmp(text, "-o", 2) == 0                           ? text + 2
		                                                                            : NULL;
		if (value) {
			output_format_of_name(value, &cli->output.format);
		}
	}
}

static bool run(struct cli *cli, int argc, char **argv, struct status *st)
{
	struct line line;
	size_t taken = 0;
	if (!cut_line(cli, argc, argv, &line, st)) {
		return false;
	}
	if (line.version) {
		printf("kam %s\n", KAM_VERSION);
		return output_check(st);
	}
	if (line.words_count == 0) {
		for (size_t i = 0; i < line.rest_count && !line.help; i++) {
			if (line.rest[i][0] == '-' && !args_option(global_options, global_options_count, line.rest[i])) {
				return usage_fail(st, "unknown option %s; options of a command stand behind it: kam COMMAND %s", line.rest[i], line.rest[i]);
			}
		}
		help_print(cli, NULL);
		return output_check(st);
	}
	cli->command = command_find(cli, line.words, line.words_count, &taken, st);
	if (!cli->command) {
		return false;
	}
	if (line.help || !cli->command->run) {
		help_print(cli, cli->command);
		return output_check(st);
	}
	return parse_options(cli, &line, taken, st) && read_global(cli, st) && check_places(cli, st) &&
	       context_resolve(&cli->args, &cli->arena, &cli->context, st) && cli->command->run(cli, st) && output_check(st);
}

/* A closed stdin, stdout or stderr would be the number of the next socket: what is printed would go to the server. */
static void keep_standard_files(void)
{
	for (int file = 0; file <= 2; file++) {
		if (fcntl(file, F_GETFD) < 0) {
			open("/dev/null", O_RDONLY);
		}
	}
}

int main(int argc, char **argv)
{
	static struct cli cli = {.output = {.headers = true}};
	static struct status st;
	status_init(&st);
	keep_standard_files();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, cli_interrupted);
	setvbuf(stdout, output_buffer, _IOFBF, sizeof output_buffer);
	arena_init(&cli.arena, LIMIT_CLIENT_ARENA_BYTES);
	terminal_look(&cli.terminal);
	guess_format(&cli, argc, argv);
	struct schema *schema = schema_new(schema_source_kam(), &st);
	cli.schema = schema;
	bool done = schema && run(&cli, argc, argv, &st);
	enum exit_code code = cli.exit_code;
	if (!done) {
		fflush(stdout);
		fail_print(&cli, &st);
		code = fail_exit_code(&st);
	}
	kam_close(cli.kam);
	schema_free(schema);
	arena_wipe(&cli.arena); /* passwords and the token were in it */
	arena_done(&cli.arena);
	return (int)code;
}
