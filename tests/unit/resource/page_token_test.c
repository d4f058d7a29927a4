/* SPDX-License-Identifier: Apache-2.0
 *
 * Page tokens: of one method, caller and query, and with not a bit to be changed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/access/world.h"

static struct call call_of(struct world *world, const char *method, const char *user, struct status *st)
{
	status_init(st);
	return (struct call){.engine = &world->engine, .method = schema_method_find(world->schema, method), .caller = world_caller(world, user),
	                     .arena = &world->arena, .status = st};
}

static bool reads(struct call *call, const char *query, const char *token, const char *wanted)
{
	struct bytes position = {0};
	status_init(call->status);
	bool ok = page_token_read(call, bytes_of(query), token, &position);
	assert_int_equal(ok, status_ok(call->status));
	if (!ok) {
		assert_int_equal(call->status->code, STATUS_INVALID_ARGUMENT);
		assert_string_equal(call->status->violations[0].field, "page_token");
	} else {
		assert_true(bytes_equal(position, bytes_of(wanted)));
	}
	return ok;
}

static void test_tokens(void **state)
{
	struct world *world = *state;
	struct status st;
	world_bind(world, "users/jane", "roles/admin", "");
	struct call call = call_of(world, "/kam.v1.AccountService/ListAccounts", "users/admin", &st);
	struct call method = call_of(world, "/kam.v1.ProductService/ListProducts", "users/admin", &st);
	struct call caller = call_of(world, "/kam.v1.AccountService/ListAccounts", "users/jane", &st);
	const char *token = page_token_make(&call, bytes_of("query"), bytes_of("position"));
	assert_true(reads(&call, "query", token, "position"));
	assert_false(reads(&call, "other", token, ""));
	assert_false(reads(&call, "", token, ""));
	assert_false(reads(&call, "querypo", token, ""));
	assert_false(reads(&method, "query", token, ""));
	assert_false(reads(&caller, "query", token, ""));
	assert_true(reads(&call, "query", page_token_make(&call, bytes_of("query"), (struct bytes){0}), ""));
	assert_true(reads(&call, "", page_token_make(&call, (struct bytes){0}, bytes_of("p")), "p"));
	world->engine.access.token_key[3] ^= 1;
	assert_false(reads(&call, "query", token, ""));
	world->engine.access.token_key[3] ^= 1;
	assert_true(reads(&call, "query", token, "position"));
}

static void test_changed_tokens(void **state)
{
	struct world *world = *state;
	struct status st;
	struct call call = call_of(world, "/kam.v1.AccountService/ListAccounts", "users/admin", &st);
	static const char position[] = "position\xff\xff\xff\xff"; /* has every kind of digit: it ends in ____ */
	char *token = arena_strdup(&world->arena, page_token_make(&call, bytes_of("query"), bytes_of(position)));
	size_t size = strlen(token);
	for (size_t i = 0; i < size; i++) {
		char kept = token[i];
		for (unsigned byte = 1; byte < 256; byte++) {
			token[i] = (char)byte;
			assert_int_equal(reads(&call, "query", token, position), (char)byte == kept);
		}
		token[i] = kept;
	}
	assert_false(reads(&call, "query", arena_printf(&world->arena, "%sA", token), ""));
	assert_false(reads(&call, "query", arena_printf(&world->arena, "%s=", token), ""));
	assert_false(reads(&call, "query", arena_printf(&world->arena, "%s\n", token), ""));
	assert_false(reads(&call, "query", arena_printf(&world->arena, " %s", token), ""));
	while (size-- > 0) {
		token[size] = '\0';
		assert_false(reads(&call, "query", token, ""));
	}
}

/* A token of one list given to another by a client. */
static void test_foreign_tokens_in_lists(void **state)
{
	struct world *world = *state;
	world_bind(world, "users/jane", "roles/admin", "");
	for (int i = 0; i < 3; i++) {
		world_putf(world, arena_printf(&world->arena, "accounts/a%d", i), "{\"displayName\":\"A\"}");
	}
	struct answer first = world_call(world, NULL, "AccountService/ListAccounts", "{\"pageSize\":1}");
	const char *token = world_text(world, &first, "AccountService/ListAccounts", "next_page_token");
	assert_string_not_equal(token, "");
	static const char *const requests[] = {
		"{\"pageToken\":\"%s\",\"filter\":\"region = \\\"X\\\"\"}", "{\"pageToken\":\"%s\",\"orderBy\":\"display_name\"}",
		"{\"pageToken\":\"%s\",\"showDeleted\":true}", "{\"pageToken\":\"%.9s\"}", "{\"pageToken\":\"x%s\"}",
	};
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		struct answer answer = world_callf(world, NULL, "AccountService/ListAccounts", requests[i], token);
#pragma GCC diagnostic pop
		assert_int_equal(answer.status.code, STATUS_INVALID_ARGUMENT);
		assert_string_equal(answer.status.violations[0].field, "page_token");
	}
	struct answer answer = world_callf(world, "users/jane", "AccountService/ListAccounts", "{\"pageToken\":\"%s\"}", token);
	assert_int_equal(answer.status.code, STATUS_INVALID_ARGUMENT);
	answer = world_callf(world, NULL, "AccountService/ListAccounts", "{\"pageToken\":\"%s\",\"pageSize\":7}", token);
	assert_string_equal(world_names(world, &answer, "AccountService/ListAccounts"), "a1 a2");
	world->as_of = world_revision(world) - 1;
	answer = world_callf(world, NULL, "AccountService/ListAccounts", "{\"pageToken\":\"%s\"}", token);
	assert_int_equal(answer.status.code, STATUS_INVALID_ARGUMENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_tokens),
		TEST(test_changed_tokens),
		TEST(test_foreign_tokens_in_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
