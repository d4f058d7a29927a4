/* SPDX-License-Identifier: Apache-2.0
 *
 * args.h - the command line as a table says it: --name VALUE, --name=VALUE, -x VALUE, -xVALUE, flags, "--" and the rest.
 *
 * Own and not getopt_long, because that takes any unambiguous beginning of a name for the name: a script then breaks with the next option added.
 * Owns:    nothing; texts are argv's.     Errors: usage errors that name the option, with the nearest known one.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

struct schema_field;

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_LIST };

struct option {
	const char *name; /* without dashes */
	char letter;      /* 0: none */
	enum option_kind kind;
	const char *value; /* what help calls its value: FILE */
	const char *help;
	const struct schema_field *field; /* the field of the request that it sets; NULL: none */
};

struct arg {
	const struct option *option; /* NULL: an argument by its place */
	const char *value;           /* NULL for flags */
};

struct args {
	struct arg *items; /* in the order given */
	size_t items_count;
};

/* `options` is one table; the first row of a name counts. */
bool args_parse(const struct option *options, size_t options_count, const char *const *argv, size_t argc, struct arena *arena,
                struct args *ret_args, struct status *st);
/* The row of what argv item `text` begins with ("--name", "--name=x", "-x", "-xyz"); NULL: none. */
const struct option *args_option(const struct option *options, size_t count, const char *text);
/* Whether that item needs the next one as its value. */
bool args_takes_next(const struct option *option, const char *text);

bool args_given(const struct args *args, const char *name);
/* The last value given, NULL if none. */
const char *args_text(const struct args *args, const char *name);
/* The value of an option of kind LIST, from `*index` on, which moves behind it; NULL at the end. */
const char *args_next(const struct args *args, const char *name, size_t *index);
/* The argument at a place, from 0; NULL past the last. */
const char *args_place(const struct args *args, size_t place);
size_t args_places(const struct args *args);
/* A whole number; false and a usage error where the option was given and is none. Untouched where it was not given. */
bool args_number(const struct args *args, const char *name, int64_t minimum, int64_t maximum, int64_t *ret_number, struct status *st);
