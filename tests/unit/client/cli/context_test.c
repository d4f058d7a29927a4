/* SPDX-License-Identifier: Apache-2.0
 *
 * Contexts and tokens: where they lie, who may read them, what goes before what.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/args.h"
#include "client/cli/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct arena arena;
	struct status st;
	char directory[256];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	static const char *const variables[] = {"KAM_SERVER", "KAM_CA", "KAM_TOKEN_FILE", "KAM_CONTEXT", "KAM_CERT", "KAM_KEY"};
	char here[128];
	arena_init(&fixture.arena, 64u << 20);
	status_init(&fixture.st);
	assert_non_null(getcwd(here, sizeof here));
	snprintf(fixture.directory, sizeof fixture.directory, "%s/context_test.%ld", here, (long)getpid());
	assert_int_equal(mkdir(fixture.directory, 0700), 0);
	setenv("XDG_CONFIG_HOME", fixture.directory, 1);
	setenv("XDG_STATE_HOME", fixture.directory, 1);
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
		unsetenv(variables[i]);
	}
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char path[512];
	static const char *const parts[] = {"kam/tokens/work", "kam/tokens", "kam/config", "kam", ""};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", fixture->directory, parts[i]);
		remove(path);
	}
	arena_done(&fixture->arena);
	return 0;
}

static void put_work(struct fixture *fixture)
{
	struct contexts contexts;
	status_init(&fixture->st);
	assert_true(contexts_read(&fixture->arena, &contexts, &fixture->st));
	assert_true(contexts_put(&contexts, &(struct context){.name = "work", .server = "a:1", .ca_file = "/ca with blanks.pem", .user = "jane",
		.cert_file = "/jane.pem", .key_file = "/jane.key"},
	                         &fixture->arena));
	assert_true(contexts_write(&contexts, &fixture->arena, &fixture->st));
}

static bool resolve(struct fixture *fixture, const char *name, const char *value, struct context *ret_context)
{
	static struct option option;
	static struct arg arg;
	option = (struct option){.name = name};
	arg = (struct arg){&option, value};
	struct args args = {&arg, name ? 1 : 0};
	status_init(&fixture->st);
	return context_resolve(&args, &fixture->arena, ret_context, &fixture->st);
}

static void nothing_there(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	const char *token = "x";
	assert_true(resolve(fixture, NULL, NULL, &context));
	assert_string_equal(context.name, "default");
	assert_null(context.server);
	assert_true(context_token(&context, &fixture->arena, &token, &fixture->st));
	assert_null(token);
}

static void kept_and_found_again(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	struct stat info;
	char path[512];
	const char *token;
	put_work(fixture);
	assert_true(resolve(fixture, NULL, NULL, &context));
	assert_string_equal(context.name, "work");
	assert_string_equal(context.server, "a:1");
	assert_string_equal(context.ca_file, "/ca with blanks.pem");
	assert_string_equal(context.user, "jane");
	assert_string_equal(context.cert_file, "/jane.pem");
	assert_string_equal(context.key_file, "/jane.key");
	snprintf(path, sizeof path, "%s/kam/config", fixture->directory);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_true(context_token_write(&context, "secret", &fixture->arena, &fixture->st));
	assert_int_equal(stat(context.token_file, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_true(context_token(&context, &fixture->arena, &token, &fixture->st));
	assert_string_equal(token, "secret");
	assert_true(context_token_remove(&context, &fixture->arena, &fixture->st));
	assert_true(context_token(&context, &fixture->arena, &token, &fixture->st));
	assert_null(token);
}

static void token_for_others_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	const char *token;
	put_work(fixture);
	assert_true(resolve(fixture, NULL, NULL, &context));
	assert_true(context_token_write(&context, "secret", &fixture->arena, &fixture->st));
	assert_int_equal(chmod(context.token_file, 0644), 0);
	assert_false(context_token(&context, &fixture->arena, &token, &fixture->st));
	assert_non_null(strstr(fixture->st.message, "chmod 600"));
}

/* The token of one server never goes to another. */
static void other_server_gets_no_token(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	put_work(fixture);
	assert_true(resolve(fixture, "server", "b:2", &context));
	assert_string_equal(context.server, "b:2");
	assert_null(context.token_file);
	assert_null(context.ca_file);
	assert_null(context.cert_file);
	assert_null(context.key_file);
	assert_true(resolve(fixture, "server", "a:1", &context));
	assert_non_null(context.token_file);
	assert_string_equal(context.ca_file, "/ca with blanks.pem");
}

/* A certificate that is named counts, and comes with its own key. */
static void certificate_instead_of_token(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	put_work(fixture);
	assert_true(resolve(fixture, "cert", "other.pem", &context));
	assert_string_equal(context.server, "a:1");
	assert_string_equal(context.cert_file, "other.pem");
	assert_null(context.key_file);
	assert_null(context.token_file);
	assert_true(resolve(fixture, "key", "other.key", &context));
	assert_string_equal(context.cert_file, "/jane.pem");
	assert_string_equal(context.key_file, "other.key");
	assert_non_null(context.token_file);
}

static void flag_before_environment_before_file(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	put_work(fixture);
	setenv("KAM_SERVER", "c:3", 1);
	assert_true(resolve(fixture, NULL, NULL, &context));
	assert_string_equal(context.server, "c:3");
	assert_true(resolve(fixture, "server", "b:2", &context));
	assert_string_equal(context.server, "b:2");
	unsetenv("KAM_SERVER");
	setenv("KAM_CONTEXT", "other", 1);
	assert_true(resolve(fixture, NULL, NULL, &context));
	assert_string_equal(context.name, "other");
	assert_null(context.server);
	assert_true(resolve(fixture, "context", "work", &context));
	assert_string_equal(context.server, "a:1");
}

static void bad_names_and_files(void **state)
{
	struct fixture *fixture = *state;
	struct context context;
	char path[512];
	assert_false(resolve(fixture, "context", "../x", &context));
	assert_false(resolve(fixture, "context", "", &context));
	put_work(fixture);
	snprintf(path, sizeof path, "%s/kam/config", fixture->directory);
	FILE *file = fopen(path, "w");
	fputs("current = work\n[context work]\nservr = a:1\n", file);
	fclose(file);
	assert_false(resolve(fixture, NULL, NULL, &context));
	assert_non_null(strstr(fixture->st.message, "line 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kept_and_found_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(token_for_others_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_server_gets_no_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(certificate_instead_of_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(flag_before_environment_before_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_names_and_files, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
