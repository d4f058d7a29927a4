/* SPDX-License-Identifier: Apache-2.0
 *
 * kam completion bash: a script that knows every word and flag, made from the same tables as help. It asks a server only for names, and only for a second.
 */
#include "client/cli/noun.h"
#include "client/cli/report.h"

#include <stdio.h>

enum { VERBS_MAX = 64 };

static const char head[] =
	"# Completion of kam for bash: source <(kam completion bash)\n"
	"_kam_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$cur\")); }\n"
	"_kam_names() { _kam_words \"$(kam \"$1\" list -o name --page-size 200 --timeout 1 --no-input 2>/dev/null)\"; }\n"
	"_kam() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal noun=${COMP_WORDS[1]} verb=${COMP_WORDS[2]}\n"
	"\tcase $prev in\n"
	"\t-o|--output) _kam_words \"table wide json jsonl csv yaml name svg\"; return ;;\n"
	"\t--ca|--file|--token-file|--password-file) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n";

static const char tail[] =
	"\tesac\n"
	"}\n"
	"complete -F _kam kam\n";

static void print_flags(const struct command *command)
{
	for (size_t i = 0; i < command->options_count; i++) {
		printf(" --%s", command->options[i].name);
	}
	for (size_t i = 0; i < global_options_count; i++) {
		printf(" --%s", global_options[i].name);
	}
}

static void print_noun(struct cli *cli, const struct schema_resource *resource)
{
	const char *words[VERBS_MAX], *noun = noun_word(resource, &cli->arena);
	size_t count = noun_verbs(cli, resource, words, VERBS_MAX);
	printf("\t%s)\n\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then _kam_words \"", noun);
	for (size_t i = 0; i < count; i++) {
		printf("%s%s", i == 0 ? "" : " ", words[i]);
	}
	printf("\"; return; fi\n\t\tcase $verb in\n");
	for (size_t i = 0; i < count; i++) {
		const struct command *command = noun_command(cli, resource, words[i]);
		printf("\t\t%s) if [[ $cur == -* ]]; then _kam_words \"", words[i]);
		print_flags(command);
		printf("\"; ");
		if (command->arguments_min > 0) {
			printf("else _kam_names %s; ", noun);
		}
		printf("fi ;;\n");
	}
	printf("\t\tesac ;;\n");
}

/* Stands among the verbs of its noun already. */
static bool is_of_noun(struct cli *cli, const struct command *command)
{
	size_t size = strcspn(command->words, " ");
	const char *word = arena_strndup(&cli->arena, command->words, size);
	const struct schema_resource *resource = word ? noun_find(cli, word) : NULL;
	return resource && strcmp(noun_word(resource, &cli->arena), word) == 0;
}

static void print_command(const struct command *command)
{
	size_t size = strcspn(command->words, " ");
	if (command->words[size] != '\0') {
		printf("\t%.*s) if [ \"$COMP_CWORD\" -eq 2 ]; then _kam_words \"%s\"; else _kam_words \"", (int)size, command->words, command->words + size + 1);
	} else {
		printf("\t%s) if [[ $cur != -* ]]; then COMPREPLY=($(compgen -f -- \"$cur\")); else _kam_words \"", command->words);
	}
	print_flags(command);
	printf("\"; fi ;;\n");
}

bool completion_run(struct cli *cli, struct status *st)
{
	fputs(head, stdout);
	printf("\t--set) [[ $noun ]] && _kam_words \"$(kam explain \"$noun\" -o name 2>/dev/null | sed 's/$/=/')\"; compopt -o nospace; return ;;\n\tesac\n");
	printf("\tif [ \"$COMP_CWORD\" -eq 1 ]; then _kam_words \"");
	for (size_t i = 0; i < commands_count; i++) {
		printf("%.*s ", (int)strcspn(commands[i].words, " "), commands[i].words);
	}
	for (const struct schema_resource *const *at = noun_all(cli); *at; at++) {
		printf("%s ", noun_word(*at, &cli->arena));
	}
	printf("\"; return; fi\n\tcase $noun in\n");
	for (const struct schema_resource *const *at = noun_all(cli); *at; at++) {
		print_noun(cli, *at);
	}
	for (size_t i = 0; i < commands_count; i++) {
		if (is_of_noun(cli, &commands[i])) {
			continue;
		}
		print_command(report_command(cli, &commands[i]));
	}
	fputs(tail, stdout);
	return output_check(st);
}
