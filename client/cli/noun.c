/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands on resources, made when they are called for. A resource added to the contract has its commands, flags and help without a line here.
 */
#include "client/cli/noun.h"

#include "client/cli/report.h"

#include <ctype.h>
#include <stdlib.h>

enum { OPTIONS_MAX = 64, VERBS_MAX = 64 };

struct verb {
	const char *word;
	enum schema_verb verb; /* VERB_CUSTOM: watch, which is a method of no resource */
	const char *summary;   /* followed by the resource's plural or singular */
	bool plural;
	const char *usage;
	bool (*run)(struct cli *cli, struct status *st);
};

static const struct verb verbs[] = {
	{"list", VERB_LIST, "list", true, "", list_run},
	{"get", VERB_GET, "show one", false, "NAME", get_run},
	{"create", VERB_CREATE, "create", false, "[ID] --set FIELD=VALUE ...", create_run},
	{"update", VERB_UPDATE, "change fields of", false, "NAME --set FIELD=VALUE ...", update_run},
	{"delete", VERB_DELETE, "delete softly", false, "NAME", delete_run},
	{"undelete", VERB_UNDELETE, "bring back a deleted", false, "NAME", undelete_run},
	{"history", VERB_LIST_VERSIONS, "the states that it had, newest first:", false, "NAME", history_run},
	{"watch", VERB_CUSTOM, "follow changes of", true, "[NAME]", watch_run},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

/* ---- words ----------------------------------------------------------------------------------------------------------------------------------- */

const char *noun_word(const struct schema_resource *resource, struct arena *arena)
{
	return text_kebab(resource->plural, arena);
}

/* AgreeScorecard of scorecards: agree. GetScorecardReport: get-report. */
const char *noun_verb_word(const struct schema_resource *resource, const struct schema_method *method, struct arena *arena)
{
	char *name = arena_strdup(arena, method->name);
	char *singular = arena_strdup(arena, resource->singular);
	if (!name || !singular) {
		return "";
	}
	singular[0] = (char)toupper((unsigned char)singular[0]);
	char *part = strstr(name, singular);
	size_t size = strlen(singular);
	if (part && strlen(name) > size) {
		memmove(part, part + size, strlen(part + size) + 1);
	}
	return text_kebab(name, arena);
}

const struct schema_resource *noun_find(struct cli *cli, const char *word)
{
	if (strcmp(word, "audit") == 0) { /* what everybody calls it */
		word = "auditEntries";
	}
	for (size_t i = 0; i < schema_resources_count(cli->schema); i++) {
		const struct schema_resource *resource = schema_resource_at(cli->schema, i);
		if (strcmp(noun_word(resource, &cli->arena), word) == 0 || strcmp(text_kebab(resource->singular, &cli->arena), word) == 0) {
			return resource;
		}
	}
	return schema_resource_find(cli->schema, word);
}

static int compare_nouns(const void *one, const void *other)
{
	const struct schema_resource *const *a = one, *const *b = other;
	return strcmp((*a)->plural, (*b)->plural);
}

const struct schema_resource *const *noun_all(struct cli *cli)
{
	static const struct schema_resource *const none[] = {NULL};
	size_t count = schema_resources_count(cli->schema);
	const struct schema_resource **all = arena_calloc(&cli->arena, count + 1, sizeof *all);
	for (size_t i = 0; i < count && all; i++) {
		all[i] = schema_resource_at(cli->schema, i);
	}
	if (all) {
		qsort(all, count, sizeof *all, compare_nouns);
	}
	return all ? all : none;
}

const char *noun_suggestion(struct cli *cli, const char *word)
{
	const struct schema_resource *const *all = noun_all(cli);
	size_t count = schema_resources_count(cli->schema);
	const char **words = arena_calloc(&cli->arena, count + 1, sizeof *words);
	for (size_t i = 0; words && all[i]; i++) {
		words[i] = noun_word(all[i], &cli->arena);
	}
	return words && all[0] ? suggestion(word, words, count, &cli->arena) : "";
}

static bool is_custom(const struct schema_method *method, const struct schema_resource *resource)
{
	return method->resource == resource && method->verb == VERB_CUSTOM && !method->client_streaming && !method->server_streaming;
}

static bool has_verb(const struct schema_resource *resource, const struct verb *verb)
{
	return verb->verb == VERB_CUSTOM ? !resource->system && resource->methods[VERB_LIST] : resource->methods[verb->verb] != NULL;
}

/* The row of "rounds vote" in the table: commands on resources that are not made from the contract. NULL: none. */
static const struct command *row_of_noun(const char *noun, const char *verb)
{
	size_t size = strlen(noun);
	for (size_t i = 0; i < commands_count; i++) {
		const char *words = commands[i].words;
		if (strncmp(words, noun, size) == 0 && words[size] == ' ' && strcmp(words + size + 1, verb) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

size_t noun_verbs(struct cli *cli, const struct schema_resource *resource, const char **ret_words, size_t size)
{
	const char *noun = noun_word(resource, &cli->arena);
	size_t count = 0;
	for (size_t i = 0; i < VERBS && count < size; i++) {
		if (has_verb(resource, &verbs[i])) {
			ret_words[count++] = verbs[i].word;
		}
	}
	for (size_t i = 0; i < schema_methods_count(cli->schema) && count < size; i++) {
		const struct schema_method *method = schema_method_at(cli->schema, i);
		const char *word = is_custom(method, resource) ? noun_verb_word(resource, method, &cli->arena) : NULL;
		if (word && !row_of_noun(noun, word)) {
			ret_words[count++] = word;
		}
	}
	for (size_t i = 0; i < commands_count && count < size; i++) {
		const char *space = strchr(commands[i].words, ' ');
		if (space && row_of_noun(noun, space + 1) == &commands[i]) {
			ret_words[count++] = space + 1;
		}
	}
	return count;
}

const char *noun_example_name(const struct schema_resource *resource, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	bool inside = false;
	for (const char *at = resource->pattern; *at; at++) {
		if (*at == '{' || *at == '}') {
			inside = *at == '{';
			if (inside && strncmp(at, "{account}", 9) == 0) {
				buf_add_text(&out, "acme");
				at += 8;
				inside = false;
			}
		} else {
			buf_add_byte(&out, inside ? (uint8_t)toupper((unsigned char)*at) : (uint8_t)*at);
		}
	}
	return buf_text(&out);
}

/* ---- options ----------------------------------------------------------------------------------------------------------------------------------- */

static bool has_option(const struct option *options, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(options[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static size_t add_option(struct option *options, size_t count, struct option option)
{
	if (count < OPTIONS_MAX && !has_option(options, count, option.name)) {
		options[count++] = option;
	}
	return count;
}

static size_t body_options(struct option *options, size_t count, bool changes)
{
	count = add_option(options, count,
	                   (struct option){"set", 0, OPTION_LIST, "FIELD=VALUE",
	                                   "a field, by its path (opt_in.signed_on, or criteria.ID.weight of a list); again for more; empty clears it", NULL});
	count = add_option(options, count, (struct option){"file", 0, OPTION_VALUE, "FILE", "the fields as JSON, - for stdin; --set goes over it", NULL});
	if (changes) {
		count = add_option(options, count,
		                   (struct option){"etag", 0, OPTION_VALUE, "ETAG", "refuse if it has changed since: the etag that get showed", NULL});
	}
	return count;
}

/* One of several: "permission" of the field permissions. */
static const char *one_of(const struct schema_field *field, struct arena *arena)
{
	size_t size = strlen(field->name);
	return field->repeated && size > 1 && field->name[size - 1] == 's' ? arena_strndup(arena, field->name, size - 1) : field->name;
}

/* What a table shows of a resource can be given by a flag of its own; "--account acme" for each of several accounts. */
static size_t column_options(struct cli *cli, const struct schema_resource *resource, struct option *options, size_t count)
{
	for (size_t i = 0; i < resource->columns_count; i++) {
		const struct schema_field *field = schema_field_find(resource->type, resource->columns[i]);
		if (!field || field == resource->name || field->rules.output_only || field->message || field->pb->type == PROTOBUF_C_TYPE_BOOL) {
			continue;
		}
		const struct schema_resource *target = field->repeated && field->rules.reference ? schema_resource_find(cli->schema, field->rules.reference) : NULL;
		const char *name = text_kebab(target ? target->singular : one_of(field, &cli->arena), &cli->arena);
		if (!args_option(global_options, global_options_count, arena_printf(&cli->arena, "--%s", name))) {
			count = add_option(options, count,
			                   (struct option){name, 0, field->repeated ? OPTION_LIST : OPTION_VALUE, request_value_word(field), field->comment, field});
		}
	}
	return count;
}

static size_t verb_options(struct cli *cli, const struct schema_resource *resource, const struct schema_method *method, const char *word,
                           struct option *options)
{
	size_t count = 0;
	bool watch = strcmp(word, "watch") == 0;
	if (method && (method->verb == VERB_CREATE || method->verb == VERB_UPDATE || (method->verb == VERB_CUSTOM && !watch))) {
		count = body_options(options, count, method->verb == VERB_UPDATE);
	}
	if (method && method->verb == VERB_LIST) {
		count = add_option(options, count, (struct option){"all", 0, OPTION_FLAG, NULL, "every page", NULL});
	}
	if (method && method->verb == VERB_LIST_VERSIONS) {
		count = add_option(options, count, (struct option){"all", 0, OPTION_FLAG, NULL, "every page", NULL});
	}
	if (resource->parent) {
		const char *help = arena_printf(&cli->arena, "what it lies below: %s", noun_example_name(resource->parent, &cli->arena));
		count = add_option(options, count, (struct option){"parent", 0, OPTION_VALUE, "NAME", help, NULL});
		if (strncmp(resource->pattern, "accounts/", 9) == 0) {
			count = add_option(options, count, (struct option){"account", 0, OPTION_VALUE, "ID", "short for --parent accounts/ID", NULL});
		}
	}
	if (watch) {
		count = add_option(options, count,
		                   (struct option){"from-revision", 0, OPTION_VALUE, "REV", "changes after this revision; from now on without it", NULL});
	}
	count = method && !watch ? request_options(method, &cli->arena, options, count, OPTIONS_MAX) : count;
	return method && (method->verb == VERB_CREATE || method->verb == VERB_UPDATE) ? column_options(cli, resource, options, count) : count;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------------ */

static const struct verb *verb_find(const char *word)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].word, word) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

static const struct schema_method *custom_find(struct cli *cli, const struct schema_resource *resource, const char *word)
{
	for (size_t i = 0; i < schema_methods_count(cli->schema); i++) {
		const struct schema_method *method = schema_method_at(cli->schema, i);
		if (is_custom(method, resource) && strcmp(noun_verb_word(resource, method, &cli->arena), word) == 0) {
			return method;
		}
	}
	return NULL;
}

static const char *verb_examples(struct cli *cli, const struct schema_resource *resource, const struct verb *verb, const char *words)
{
	struct buf out;
	buf_init(&out, &cli->arena);
	const char *name = resource->singleton ? "" : noun_example_name(resource, &cli->arena);
	const char *below = strncmp(resource->pattern, "accounts/", 9) == 0 ? " --account acme" : "";
	switch (verb->verb) {
	case VERB_LIST:
		buf_printf(&out, "kam %s%s\nkam %s --all -o csv\n", words, below, words);
		if (resource->update_time) {
			buf_printf(&out, "kam %s --filter 'update_time > \"2026-01-01T00:00:00Z\"' --order-by \"update_time desc\"", words);
		} else {
			buf_printf(&out, "kam %s --filter 'time >= \"2026-01-01\" AND time < \"2026-02-01\"'", words);
		}
		break;
	case VERB_CREATE:
		buf_printf(&out, "kam %s ID%s --set FIELD=VALUE\nkam %s%s --file new.json --dry-run", words, below, words, below);
		break;
	case VERB_UPDATE:
		buf_printf(&out, "kam %s %s --set FIELD=VALUE\nkam %s %s --set FIELD= --etag ETAG", words, name, words, name);
		break;
	case VERB_DELETE:
		buf_printf(&out, "kam %s %s\nkam %s %s --yes", words, name, words, name);
		break;
	case VERB_CUSTOM:
		buf_printf(&out, "kam %s\nkam %s %s -o jsonl", words, words, name);
		break;
	default:
		buf_printf(&out, "kam %s %s\nkam %s %s -o json", words, name, words, name);
		break;
	}
	return buf_text(&out);
}

static void describe_verb(struct cli *cli, struct command *command, const struct verb *verb)
{
	const struct schema_resource *resource = command->resource;
	bool singleton = resource->singleton;
	const char *noun = text_words(text_snake(text_kebab(verb->plural ? resource->plural : resource->singular, &cli->arena), &cli->arena), &cli->arena);
	bool for_good = verb->verb == VERB_DELETE && !resource->methods[VERB_UNDELETE];
	command->summary = arena_printf(&cli->arena, "%s %s", for_good ? "end, for good, a" : verb->summary, noun);
	command->usage = singleton && strncmp(verb->usage, "NAME", 4) == 0 ? verb->usage + 4 + (verb->usage[4] == ' ') : verb->usage;
	command->run = verb->run;
	command->arguments_min = !singleton && strncmp(verb->usage, "NAME", 4) == 0 ? 1 : 0;
	command->arguments_max = verb->usage[0] == '\0' ? 0 : 1;
	command->text = command->method ? command->method->comment : NULL;
	command->examples = verb_examples(cli, resource, verb, command->words);
}

static void describe_custom(struct cli *cli, struct command *command)
{
	const struct schema_method *method = command->method;
	const struct schema_field *name = schema_field_find(method->input, "name");
	const struct schema_field *parent = schema_field_find(method->input, "parent");
	command->summary = text_first_line(method->comment, &cli->arena);
	command->text = method->comment;
	bool makes = request_id_field(method, &cli->arena) != NULL;
	command->usage = name ? (makes ? "NAME NEW" : "NAME") : parent ? "PARENT" : makes ? "[NEW]" : "";
	command->arguments_min = name ? (makes ? 2 : 1) : 0;
	command->arguments_max = (name || parent ? 1u : 0u) + (makes ? 1u : 0u);
	command->run = custom_run;
}

const struct command *noun_command(struct cli *cli, const struct schema_resource *resource, const char *word)
{
	struct command *command = arena_calloc(&cli->arena, 1, sizeof *command);
	const char *noun = noun_word(resource, &cli->arena);
	if (!command) {
		return NULL;
	}
	command->resource = resource;
	if (!word) {
		*command = (struct command){.words = noun, .usage = "VERB", .resource = resource};
		return command;
	}
	const struct command *row = row_of_noun(noun, word);
	if (row) {
		return report_command(cli, row);
	}
	const struct verb *verb = verb_find(word);
	verb = verb && has_verb(resource, verb) ? verb : NULL;
	command->method = verb ? resource->methods[verb->verb] : custom_find(cli, resource, word);
	command->words = arena_printf(&cli->arena, "%s %s", noun, word);
	if (!verb && !command->method) {
		return NULL;
	}
	if (verb && verb->verb == VERB_CUSTOM) {
		command->method = cli_own_method(cli, "/kam.v1.WatchService/Watch");
	}
	struct option *options = arena_calloc(&cli->arena, OPTIONS_MAX, sizeof *options);
	if (options) {
		command->options = options;
		command->options_count = verb_options(cli, resource, command->method, word, options);
	}
	if (verb) {
		describe_verb(cli, command, verb);
	} else {
		describe_custom(cli, command);
	}
	return command;
}
