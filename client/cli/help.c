/* SPDX-License-Identifier: Apache-2.0
 *
 * Help, all of it from the tables: examples first, then what there is, then the flags.
 */
#include "client/cli/noun.h"

#include "client/cli/import.h"
#include "common/schema/json.h"

#include <stdio.h>

enum { VERBS_MAX = 64, WIDTH = 100, OPTION_COLUMN = 26 };

static size_t page_width(const struct cli *cli)
{
	return cli->terminal.width >= 60 && cli->terminal.width < WIDTH ? (size_t)cli->terminal.width : WIDTH;
}

static void print_wrapped(struct cli *cli, const char *text, size_t column, size_t indent)
{
	struct buf out;
	buf_init(&out, &cli->arena);
	text_wrap(&out, text, column, indent, page_width(cli));
	printf("%s\n", buf_text(&out));
}

/* "  word    what it is". */
static void print_entry(struct cli *cli, const char *word, const char *text, size_t column)
{
	size_t width = text_width(word) + 2;
	printf("  %s", word);
	if (width + 2 > column) {
		printf("\n%*s", (int)column, "");
	} else {
		printf("%*s", (int)(column - width), "");
	}
	print_wrapped(cli, text, column, column);
}

static void print_examples(const char *examples)
{
	if (!examples) {
		return;
	}
	printf("\nExamples\n");
	while (*examples) {
		size_t size = strcspn(examples, "\n");
		printf("  %.*s\n", (int)size, examples);
		examples += size;
		examples += *examples == '\n';
	}
}

static void print_option(struct cli *cli, const struct option *option)
{
	const char *letter = option->letter ? arena_printf(&cli->arena, "-%c, ", option->letter) : "";
	const char *word = arena_printf(&cli->arena, "%s--%s%s%s", letter, option->name, option->value ? " " : "", option->value ? option->value : "");
	print_entry(cli, word ? word : "", option->help, OPTION_COLUMN);
}

/* ---- kam ------------------------------------------------------------------------------------------------------------------------------------------ */

static void print_overview(struct cli *cli)
{
	printf("kam: key account management at the command line\n");
	print_examples("kam login --server kam.example.com:8443 --ca ca.pem jane\n"
	               "kam portfolio --order-by \"won_value desc\"\n"
	               "kam accounts list --filter 'phase = KEY' --columns name,owner,tier\n"
	               "kam accounts update acme --set phase=KEY --set owner=jane\n"
	               "kam map acme\n"
	               "kam criteria-sets list-proposals\n"
	               "kam matrix -o svg > matrix.svg\n");
	printf("\nCommands\n");
	for (size_t i = 0; i < commands_count; i++) {
		print_entry(cli, commands[i].words, commands[i].summary, OPTION_COLUMN);
	}
	printf("\nResources (kam RESOURCE list, get, create, update, delete, undelete, history, watch)\n");
	for (const struct schema_resource *const *at = noun_all(cli); *at; at++) {
		const struct schema_resource *resource = *at;
		print_entry(cli, noun_word(resource, &cli->arena), text_first_line(resource->type->comment, &cli->arena), OPTION_COLUMN);
	}
	printf("\nOptions of every command\n");
	for (size_t i = 0; i < global_options_count; i++) {
		print_option(cli, &global_options[i]);
	}
	printf("\nExit codes\n"
	       "  0 done   1 other error   2 wrong usage   3 not found   4 not signed in   5 denied   6 conflict\n"
	       "  7 unavailable or timed out   8 partly done   9 declined at a question   130 interrupted\n"
	       "\nkam COMMAND --help says more of each; kam explain says what resources and fields are.\n");
}

/* ---- a resource, a command -------------------------------------------------------------------------------------------------------------------------- */

static void print_noun(struct cli *cli, const struct command *command)
{
	const struct schema_resource *resource = command->resource;
	const char *words[VERBS_MAX];
	size_t count = noun_verbs(cli, resource, words, VERBS_MAX);
	printf("kam %s VERB\n\n", command->words);
	print_wrapped(cli, resource->type->comment, 0, 0);
	printf("Names: %s\n", resource->pattern);
	print_examples(noun_command(cli, resource, words[0])->examples);
	printf("\nVerbs\n");
	for (size_t i = 0; i < count; i++) {
		print_entry(cli, words[i], noun_command(cli, resource, words[i])->summary, OPTION_COLUMN);
	}
	for (size_t i = 0; i < commands_count; i++) { /* kam audit verify */
		const char *rest = strchr(commands[i].words, ' ');
		const char *word = rest ? arena_strndup(&cli->arena, commands[i].words, (size_t)(rest - commands[i].words)) : NULL;
		if (word && noun_find(cli, word) == resource) {
			print_entry(cli, rest + 1, commands[i].summary, OPTION_COLUMN);
		}
	}
	printf("\nkam %s VERB --help says more; kam explain %s lists the fields.\n", command->words, command->words);
}

/* The maps that come with kam, in the words of their own description. */
static void print_maps(struct cli *cli)
{
	const struct schema_type *type = schema_type_of(cli->schema, &kam__v1__import_map__descriptor);
	printf("\nMaps that come with kam\n");
	for (size_t i = 0; i < embedded_maps_count; i++) {
		struct status ignored;
		status_init(&ignored);
		const Kam__V1__ImportMap *map = (const Kam__V1__ImportMap *)json_read(cli->schema, type, embedded_maps[i].text, &cli->arena, &ignored);
		print_entry(cli, embedded_maps[i].name, map ? map->description : "", OPTION_COLUMN);
	}
	printf("\nA map of your own is a JSON file of the same shape; exit code 8 says that some rows failed.\n");
}

static void print_command(struct cli *cli, const struct command *command)
{
	printf("kam %s %s\n\n", command->words, command->usage);
	print_wrapped(cli, command->summary, 0, 0);
	if (command->text && strcmp(command->text, command->summary) != 0) {
		print_wrapped(cli, command->text, 0, 0);
	}
	print_examples(command->examples);
	if (command->options_count > 0) {
		printf("\nOptions\n");
	}
	for (size_t i = 0; i < command->options_count; i++) {
		print_option(cli, &command->options[i]);
	}
	printf("\nOptions of every command\n");
	for (size_t i = 0; i < global_options_count; i++) {
		if (strcmp(global_options[i].name, "version") != 0) {
			print_option(cli, &global_options[i]);
		}
	}
	if (command->run == import_run) {
		print_maps(cli);
	}
}

void help_print(struct cli *cli, const struct command *command)
{
	if (!command) {
		print_overview(cli);
	} else if (!command->run) {
		print_noun(cli, command);
	} else {
		print_command(cli, command);
	}
}

bool help_run(struct cli *cli, struct status *st)
{
	const char *words[4];
	size_t count = 0, taken;
	while (count < 3 && args_place(&cli->args, count)) {
		words[count] = args_place(&cli->args, count);
		count++;
	}
	const struct command *command = count > 0 ? command_find(cli, words, count, &taken, st) : NULL;
	if (!command && !status_ok(st)) {
		return false;
	}
	help_print(cli, command);
	return output_check(st);
}
