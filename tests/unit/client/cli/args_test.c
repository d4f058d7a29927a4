/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line's parser.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/args.h"

#include <string.h>

static const struct option options[] = {
	{"output", 'o', OPTION_VALUE, "FORMAT", "", NULL},
	{"set", 0, OPTION_LIST, "FIELD=VALUE", "", NULL},
	{"all", 'a', OPTION_FLAG, NULL, "", NULL},
	{"page-size", 0, OPTION_VALUE, "N", "", NULL},
};

struct fixture {
	struct arena arena;
	struct args args;
	struct status st;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	arena_init(&fixture.arena, 1u << 20);
	status_init(&fixture.st);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	arena_done(&fixture->arena);
	return 0;
}

static bool parse(struct fixture *fixture, const char *const *argv)
{
	size_t argc = 0;
	while (argv[argc]) {
		argc++;
	}
	status_init(&fixture->st);
	return args_parse(options, sizeof options / sizeof options[0], argv, argc, &fixture->arena, &fixture->args, &fixture->st);
}

static void every_way_to_give_a_value(void **state)
{
	struct fixture *fixture = *state;
	static const char *const ways[][3] = {{"--output", "json", NULL}, {"--output=json", NULL}, {"-o", "json", NULL}, {"-ojson", NULL}};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		assert_true(parse(fixture, ways[i]));
		assert_string_equal(args_text(&fixture->args, "output"), "json");
	}
}

static void places_and_options_mix(void **state)
{
	struct fixture *fixture = *state;
	assert_true(parse(fixture, (const char *const[]){"acme", "-a", "--set", "a=1", "-", "--set=b=2", "--", "--all", NULL}));
	assert_int_equal(args_places(&fixture->args), 3);
	assert_string_equal(args_place(&fixture->args, 0), "acme");
	assert_string_equal(args_place(&fixture->args, 1), "-");
	assert_string_equal(args_place(&fixture->args, 2), "--all");
	assert_null(args_place(&fixture->args, 3));
	assert_true(args_given(&fixture->args, "all"));
	size_t index = 0;
	assert_string_equal(args_next(&fixture->args, "set", &index), "a=1");
	assert_string_equal(args_next(&fixture->args, "set", &index), "b=2");
	assert_null(args_next(&fixture->args, "set", &index));
}

static void last_value_counts(void **state)
{
	struct fixture *fixture = *state;
	assert_true(parse(fixture, (const char *const[]){"-o", "json", "-o", "csv", NULL}));
	assert_string_equal(args_text(&fixture->args, "output"), "csv");
	assert_null(args_text(&fixture->args, "page-size"));
}

static void refuses(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *const argv[3];
		const char *says;
	} cases[] = {
		{{"--outptu", "x", NULL}, "did you mean --output?"},
		{{"--out", "json", NULL}, "unknown option --out"}, /* no beginnings of names */
		{{"-x", NULL}, "unknown option -x"},
		{{"--all=yes", NULL}, "takes no value"},
		{{"-ax", NULL}, "takes no value"},
		{{"--output", NULL}, "needs a value"},
		{{"-o", NULL}, "needs a value"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_false(parse(fixture, cases[i].argv));
		assert_string_equal(fixture->st.reason, "USAGE");
		if (!strstr(fixture->st.message, cases[i].says)) {
			fail_msg("\"%s\" does not say \"%s\"", fixture->st.message, cases[i].says);
		}
	}
}

static void numbers(void **state)
{
	struct fixture *fixture = *state;
	static const char *const bad[] = {"", "x", "1x", "0", "11", "1.5", "99999999999999999999"};
	int64_t number = 7;
	assert_true(parse(fixture, (const char *const[]){"--page-size", "10", NULL}));
	assert_true(args_number(&fixture->args, "page-size", 1, 10, &number, &fixture->st));
	assert_int_equal(number, 10);
	assert_true(parse(fixture, (const char *const[]){NULL}));
	assert_true(args_number(&fixture->args, "page-size", 1, 10, &number, &fixture->st));
	assert_int_equal(number, 10);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_true(parse(fixture, (const char *const[]){"--page-size", bad[i], NULL}));
		assert_false(args_number(&fixture->args, "page-size", 1, 10, &number, &fixture->st));
	}
	assert_int_equal(number, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_way_to_give_a_value, set_up, tear_down),
		cmocka_unit_test_setup_teardown(places_and_options_mix, set_up, tear_down),
		cmocka_unit_test_setup_teardown(last_value_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
