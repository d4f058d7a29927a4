/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's tables: a gap between contract and code is found at the start. And what every handler shares: reads through the decision point.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/schema/value.h"
#include "tests/unit/access/world.h"

static bool refuse(struct call *call)
{
	return call_not_found(call, "x");
}

static void init_fails(struct world *world, const struct domain *domain, const char *part)
{
	struct engine engine;
	struct status st;
	status_init(&st);
	assert_false(engine_init(&engine, world->schema, world->store, &domain, 1, &st));
	assert_int_equal(st.code, STATUS_INTERNAL);
	assert_non_null(strstr(st.message, part));
	engine_done(&engine);
}

static void test_gaps_are_found(void **state)
{
	struct world *world = *state;
	static const struct noun lost[] = {{.collection = "dragons"}};
	static const struct method_row unknown[] = {{"/kam.v1.AccountService/Ride", refuse, NULL}};
	init_fails(world, &(struct domain){lost, 1, NULL, 0}, "dragons");
	init_fails(world, &(struct domain){NULL, 0, unknown, 1}, "Ride");
	init_fails(world, &(struct domain){NULL, 0, NULL, 0}, "no handler");
	assert_null(engine_noun(&world->engine, schema_resource_find(world->schema, "accounts")));
}

static void test_access_needs_the_secret(void **state)
{
	struct world *world = *state;
	struct access access;
	struct store_txn *txn;
	struct status st;
	status_init(&st);
	assert_true(store_txn_begin(world->store, &txn, &st));
	store_meta_put(txn, "secret", bytes_of("short"));
	assert_false(access_open(&access, world->schema, store_txn_view(txn), &st));
	assert_string_equal(st.reason, "STORE_INCOMPLETE");
	store_abort(txn);
}

/* ---- call_each, call_read ---- */

struct visits {
	struct world *world;
	struct buf text;
	size_t left;
};

static bool visit(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct visits *visits = context;
	const struct schema_type *type = schema_type_of(visits->world->schema, message->descriptor);
	const struct schema_field *strategy = schema_field_find(type, "strategy");
	(void)call, (void)groups;
	assert_non_null(arena_alloc(scratch, 100));
	buf_printf(&visits->text, "%s%s%s", visits->text.size ? " " : "", name, strategy && value_count(message, strategy) ? "+" : "");
	return --visits->left > 0;
}

static const char *each(struct world *world, const char *user, const char *pattern, uint64_t as_of, size_t most)
{
	struct visits visits = {.world = world, .left = most};
	struct status st;
	status_init(&st);
	buf_init(&visits.text, &world->arena);
	struct call call = {.engine = &world->engine, .method = schema_method_find(world->schema, "/kam.v1.AccountService/ListAccounts"),
	                    .caller = world_caller(world, user), .arena = &world->arena, .status = &st, .now_us = world->now_us,
	                    .view = world_view(world), .as_of = as_of};
	assert_true(call_each(&call, pattern, visit, &visits));
	return buf_text(&visits.text);
}

static void test_each(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/wide", "ALL", "accounts.read", "PUBLIC");
	world_role(world, "roles/own", "ASSIGNED", "accounts.read,ties.read", "PUBLIC,STRATEGY");
	world_bind(world, "users/kim", "roles/own", "");
	world_bind(world, "users/any", "roles/wide", "");
	world_put(world, "accounts/a", "{\"owner\":\"users/kim\",\"strategy\":{\"text\":\"s\"}}");
	world_put(world, "accounts/b", "{\"strategy\":{\"text\":\"s\"}}");
	world_put(world, "accounts/c", "{\"owner\":\"users/kim\"}");
	world_put(world, "accounts/a/ties/t", "{}");
	world_put(world, "accounts/b/ties/t", "{}");
	uint64_t before = world_revision(world);
	world_delete(world, "accounts/c");
	assert_string_equal(each(world, "users/admin", "accounts", 0, 99), "accounts/a+ accounts/b+");
	assert_string_equal(each(world, "users/any", "accounts", 0, 99), "accounts/a accounts/b");
	assert_string_equal(each(world, "users/kim", "accounts", 0, 99), "accounts/a+");
	assert_string_equal(each(world, "users/kim", "accounts", before, 99), "accounts/a+ accounts/c");
	assert_string_equal(each(world, "users/kim", "accounts/-/ties", 0, 99), "accounts/a/ties/t");
	assert_string_equal(each(world, "users/admin", "accounts/-/ties", 0, 99), "accounts/a/ties/t accounts/b/ties/t");
	assert_string_equal(each(world, "users/admin", "accounts", 0, 1), "accounts/a+");
	assert_string_equal(each(world, "users/any", "accounts/-/ties", 0, 99), "");
}

static void test_get_checks_the_name(void **state)
{
	static const char *const bad[] = {"", "accounts", "accounts/", "accounts/-", "accounts/a/ties/t", "users/admin", "accounts/a b", "programme", "accounts/a/"};
	struct world *world = *state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct answer answer = world_callf(world, NULL, "AccountService/GetAccount", "{\"name\":\"%s\"}", bad[i]);
		assert_int_equal(answer.status.code, STATUS_INVALID_ARGUMENT);
		assert_string_equal(answer.status.violations[0].field, "name");
	}
	assert_string_equal(world_refusal(world, NULL, "AccountService/GetAccount", "{\"name\":\"accounts/never\"}"),
	                    "NOT_FOUND RESOURCE_NOT_FOUND: accounts/never not found");
}

static void test_get_as_of(void **state)
{
	struct world *world = *state;
	uint64_t before = world_revision(world);
	uint64_t first = world_put(world, "accounts/a", "{\"displayName\":\"1\"}");
	uint64_t second = world_put(world, "accounts/a", "{\"displayName\":\"2\"}");
	world_delete(world, "accounts/a");
	world->as_of = before;
	assert_non_null(strstr(world_refusal(world, NULL, "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "NOT_FOUND"));
	world->as_of = first;
	assert_non_null(strstr(world_ok(world, NULL, "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "\"displayName\":\"1\""));
	world->as_of = second;
	assert_non_null(strstr(world_ok(world, NULL, "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "\"displayName\":\"2\""));
	world->as_of = 0;
	assert_non_null(strstr(world_ok(world, NULL, "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "\"displayName\":\"2\""));
}

/* Who may see the past is decided by the present. */
static void test_as_of_with_todays_permissions(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/own", "ASSIGNED", "accounts.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/own", "");
	world_bind(world, "users/lee", "roles/own", "");
	uint64_t then = world_put(world, "accounts/a", "{\"displayName\":\"1\",\"owner\":\"users/kim\"}");
	world_put(world, "accounts/a", "{\"displayName\":\"2\",\"owner\":\"users/lee\"}");
	world->as_of = then;
	assert_non_null(strstr(world_refusal(world, "users/kim", "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "NOT_FOUND"));
	assert_non_null(strstr(world_ok(world, "users/lee", "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "\"displayName\":\"1\""));
	struct answer list = world_call(world, "users/kim", "AccountService/ListAccounts", "{}");
	assert_string_equal(world_names(world, &list, "AccountService/ListAccounts"), "");
	list = world_call(world, "users/lee", "AccountService/ListAccounts", "{\"filter\":\"owner = \\\"users/kim\\\"\"}");
	assert_string_equal(world_names(world, &list, "AccountService/ListAccounts"), "a");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_gaps_are_found),      TEST(test_access_needs_the_secret), TEST(test_each), TEST(test_get_checks_the_name), TEST(test_get_as_of),
		TEST(test_as_of_with_todays_permissions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
