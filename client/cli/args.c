/* SPDX-License-Identifier: Apache-2.0
 *
 * One walk over argv. An item is an option until "--"; a lone "-" is an argument (stdin).
 */
#include "client/cli/cli.h"

#include <stdlib.h>

static bool is_long(const char *text)
{
	return text[0] == '-' && text[1] == '-' && text[2] != '\0';
}

const struct option *args_option(const struct option *options, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (is_long(text)) {
			size_t size = strcspn(text + 2, "=");
			if (strlen(options[i].name) == size && memcmp(options[i].name, text + 2, size) == 0) {
				return &options[i];
			}
		} else if (text[0] == '-' && text[1] != '\0' && options[i].letter == text[1]) {
			return &options[i];
		}
	}
	return NULL;
}

bool args_takes_next(const struct option *option, const char *text)
{
	return option->kind != OPTION_FLAG && (is_long(text) ? !strchr(text, '=') : text[2] == '\0');
}

static bool unknown(const struct option *options, size_t count, const char *text, struct arena *arena, struct status *st)
{
	size_t size = is_long(text) ? strcspn(text, "=") : 2;
	const char **names = arena_calloc(arena, count + 1, sizeof *names);
	const char *word = arena_strndup(arena, text, size);
	for (size_t i = 0; i < count && names; i++) {
		names[i] = arena_printf(arena, "--%s", options[i].name);
	}
	const char *near = word && names && is_long(text) ? suggestion(word, names, count, arena) : "";
	return usage_fail(st, "unknown option %.*s%s; kam COMMAND --help lists the options", (int)size, text, near);
}

/* Takes the option at argv[*at] with its value; *at moves to the last item taken. */
static bool take_option(const struct option *option, const char *const *argv, size_t argc, size_t *at, struct arg *ret_arg, struct status *st)
{
	const char *text = argv[*at];
	const char *equals = is_long(text) ? strchr(text, '=') : NULL;
	*ret_arg = (struct arg){.option = option};
	if (option->kind == OPTION_FLAG) {
		if (equals || (!is_long(text) && text[2] != '\0')) {
			return usage_fail(st, "--%s takes no value", option->name);
		}
		return true;
	}
	if (!args_takes_next(option, text)) {
		ret_arg->value = equals ? equals + 1 : text + 2;
		return true;
	}
	if (*at + 1 >= argc) {
		return usage_fail(st, "--%s needs a value: --%s %s", option->name, option->name, option->value);
	}
	ret_arg->value = argv[++*at];
	return true;
}

bool args_parse(const struct option *options, size_t options_count, const char *const *argv, size_t argc, struct arena *arena,
                struct args *ret_args, struct status *st)
{
	struct arg *items = arena_calloc(arena, argc + 1, sizeof *items);
	size_t count = 0;
	bool rest = false;
	if (!items) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "too many arguments");
	}
	for (size_t i = 0; i < argc; i++) {
		if (!rest && strcmp(argv[i], "--") == 0) {
			rest = true;
		} else if (rest || argv[i][0] != '-' || argv[i][1] == '\0') {
			items[count++] = (struct arg){.value = argv[i]};
		} else {
			const struct option *option = args_option(options, options_count, argv[i]);
			if (!option) {
				return unknown(options, options_count, argv[i], arena, st);
			}
			if (!take_option(option, argv, argc, &i, &items[count++], st)) {
				return false;
			}
		}
	}
	*ret_args = (struct args){items, count};
	return true;
}

bool args_given(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->items_count; i++) {
		if (args->items[i].option && strcmp(args->items[i].option->name, name) == 0) {
			return true;
		}
	}
	return false;
}

const char *args_text(const struct args *args, const char *name)
{
	const char *value = NULL, *next;
	for (size_t i = 0; (next = args_next(args, name, &i)) != NULL;) {
		value = next;
	}
	return value;
}

const char *args_next(const struct args *args, const char *name, size_t *index)
{
	while (*index < args->items_count) {
		const struct arg *arg = &args->items[(*index)++];
		if (arg->option && strcmp(arg->option->name, name) == 0) {
			return arg->value;
		}
	}
	return NULL;
}

const char *args_place(const struct args *args, size_t place)
{
	for (size_t i = 0; i < args->items_count; i++) {
		if (!args->items[i].option && place-- == 0) {
			return args->items[i].value;
		}
	}
	return NULL;
}

size_t args_places(const struct args *args)
{
	size_t count = 0;
	while (args_place(args, count)) {
		count++;
	}
	return count;
}

bool args_number(const struct args *args, const char *name, int64_t minimum, int64_t maximum, int64_t *ret_number, struct status *st)
{
	const char *text = args_text(args, name);
	if (!text) {
		return true;
	}
	char *end;
	long long number = strtoll(text, &end, 10);
	if (text[0] == '\0' || *end != '\0' || number < minimum || number > maximum) {
		return usage_fail(st, "--%s: \"%s\" is not a whole number from %lld to %lld", name, text, (long long)minimum, (long long)maximum);
	}
	*ret_number = number;
	return true;
}
