/* SPDX-License-Identifier: Apache-2.0
 *
 * Every verb with every size of call memory, from nothing to enough: it fails with a reason, changes nothing, and never answers with a part. With enough,
 * it answers as with plenty.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/access/world.h"

enum { STEPS_MAX = 400 };

static void put_all(struct world *world)
{
	world_put(world, "users/kim", "{\"displayName\":\"Kim\"}");
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"owner\":\"users/kim\",\"region\":\"EMEA\",\"strategy\":{\"text\":\"grow\"}}");
	world_put(world, "accounts/b", "{\"displayName\":\"B\",\"parentAccount\":\"accounts/a\",\"region\":\"EMEA\"}");
	world_put(world, "accounts/c", "{\"displayName\":\"C\",\"region\":\"EMEA\"}");
	world_put(world, "accounts/c", "{\"displayName\":\"C2\",\"region\":\"EMEA\"}");
	for (int i = 0; i < 5; i++) {
		world_putf(world, arena_printf(&world->arena, "accounts/c/stakeholders/s%d", i), "{\"title\":\"T\",\"reportsTo\":\"accounts/c/stakeholders/s0\"}");
	}
	world_put(world, "accounts/gone", "{\"displayName\":\"G\"}");
	world_put(world, "accounts/gone/stakeholders/s", "{\"title\":\"T\"}");
	world_ok(world, NULL, "AccountService/DeleteAccount", "{\"name\":\"accounts/gone\",\"force\":true}");
}

/* The memory of the call is tried in steps that get coarser; what it says with plenty is wanted in the end. */
static void sweep(struct world *world, const char *user, const char *method, const char *request)
{
	world->call_bytes = 64u << 20;
	uint64_t revision = world_revision(world);
	struct answer plenty = world_call(world, user, method, request);
	const char *wanted = plenty.ok ? plenty.json : world_status(world, &plenty.status);
	assert_int_equal(world_revision(world), revision);
	bool enough = false;
	size_t bytes = 0;
	for (int step = 0; step < STEPS_MAX && !enough; step++) {
		world->call_bytes = bytes;
		struct answer answer = world_call(world, user, method, request);
		const char *got = answer.ok ? answer.json : world_status(world, &answer.status);
		enough = strcmp(got, wanted) == 0;
		if (!enough && (answer.ok || answer.status.code != STATUS_RESOURCE_EXHAUSTED)) {
			fail_msg("%s %s with %zu bytes\n  gives  %s\n  wanted %s", method, request, bytes, got, wanted);
		}
		assert_int_equal(world_revision(world), revision);
		bytes += 48 + bytes / 24;
	}
	world->call_bytes = 64u << 20;
	if (!enough) {
		fail_msg("%s %s never had enough", method, request);
	}
}

static void test_reads(void **state)
{
	static const struct {
		const char *method, *request;
	} rows[] = {
		{"AccountService/GetAccount", "{\"name\":\"accounts/a\"}"},
		{"AccountService/ListAccounts", "{}"},
		{"AccountService/ListAccounts", "{\"pageSize\":2,\"count\":true}"},
		{"AccountService/ListAccounts", "{\"pageSize\":2,\"filter\":\"region = EMEA AND display_name > A\"}"},
		{"AccountService/ListAccounts", "{\"pageSize\":2,\"orderBy\":\"display_name desc\"}"},
		{"AccountService/ListAccounts", "{\"pageSize\":2,\"orderBy\":\"region, display_name\",\"count\":true}"},
		{"StakeholderService/ListStakeholders", "{\"parent\":\"accounts/c\",\"pageSize\":3,\"filter\":\"title = T\"}"},
		{"AccountService/ListAccountVersions", "{\"name\":\"accounts/c\",\"pageSize\":1}"},
		{"AccountService/ListAccountVersions", "{\"name\":\"accounts/c\"}"},
	};
	struct world *world = *state;
	put_all(world);
	world_role(world, "roles/wide", "ALL", "*.read", "PUBLIC");
	world_bind(world, "users/pat", "roles/wide", "");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sweep(world, NULL, rows[i].method, rows[i].request);
		sweep(world, "users/pat", rows[i].method, rows[i].request);
	}
}

static void test_second_pages(void **state)
{
	static const char *const requests[] = {"", ",\"filter\":\"region = EMEA\"", ",\"orderBy\":\"display_name desc\"", ",\"orderBy\":\"region\""};
	struct world *world = *state;
	put_all(world);
	for (int moved = 0; moved < 2; moved++) {
		for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
			struct answer first = world_callf(world, NULL, "AccountService/ListAccounts", "{\"pageSize\":1%s}", requests[i]);
			const char *token = world_text(world, &first, "AccountService/ListAccounts", "next_page_token");
			if (moved) {
				world_put(world, "products/p", "{\"displayName\":\"P\"}");
			}
			sweep(world, NULL, "AccountService/ListAccounts", arena_printf(&world->arena, "{\"pageSize\":1,\"pageToken\":\"%s\"%s}", token, requests[i]));
		}
	}
}

/* Writes are only checked, so that each step starts from the same state; times and uids of a create differ, so it is refused at the end or by name. */
static void test_writes(void **state)
{
	static const struct {
		const char *method, *request;
	} rows[] = {
		{"AccountService/CreateAccount", "{\"accountId\":\"a\",\"account\":{\"displayName\":\"N\"},\"validateOnly\":true}"},
		{"AccountService/CreateAccount", "{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"owner\":\"users/never\",\"parentAccount\":\"accounts/b\"},\"validateOnly\":true}"},
		{"AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/a\",\"parentAccount\":\"accounts/b\"},\"validateOnly\":true}"},
		{"AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/a\",\"displayName\":\"A\",\"region\":\"EMEA\"},\"updateMask\":\"displayName,region\"}"},
		{"AccountService/DeleteAccount", "{\"name\":\"accounts/c\"}"},
		{"AccountService/DeleteAccount", "{\"name\":\"accounts/a\",\"force\":true}"},
		{"UserService/DeleteUser", "{\"name\":\"users/kim\"}"},
	};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sweep(world, NULL, rows[i].method, rows[i].request);
	}
}

/* What succeeds: with less it fails and leaves all as it was, until it succeeds whole. */
static void test_writes_that_succeed(void **state)
{
	static const struct {
		const char *method, *request, *state;
	} rows[] = {
		{"AccountService/CreateAccount", "{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"owner\":\"users/kim\"}}", "accounts/n"},
		{"AccountService/CreateAccount", "{\"account\":{\"displayName\":\"N\"},\"validateOnly\":true}", "accounts/x"},
		{"AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/n\",\"region\":\"R\",\"labels\":{\"a\":\"b\"}}}", "accounts/n"},
		{"AccountService/DeleteAccount", "{\"name\":\"accounts/c\",\"force\":true}", "accounts/c/stakeholders/s4"},
		{"AccountService/UndeleteAccount", "{\"name\":\"accounts/gone\"}", "accounts/gone/stakeholders/s"},
	};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *before = world_state(world, rows[i].state);
		struct answer answer = {.ok = false};
		size_t bytes = 0;
		for (int step = 0; step < STEPS_MAX && !answer.ok; step++, bytes += 48 + bytes / 24) {
			uint64_t revision = world_revision(world);
			world->call_bytes = bytes;
			answer = world_call(world, NULL, rows[i].method, rows[i].request);
			if (!answer.ok) {
				assert_int_equal(answer.status.code, STATUS_RESOURCE_EXHAUSTED);
				assert_int_equal(world_revision(world), revision);
				assert_string_equal(world_state(world, rows[i].state), before);
			}
		}
		assert_true(answer.ok);
		assert_non_null(strstr(answer.json, "\"etag\""));
		assert_non_null(strstr(answer.json, "\"displayName\""));
	}
	assert_non_null(strstr(world_state(world, "accounts/n"), "\"labels\""));
	assert_non_null(strstr(world_state(world, "accounts/c/stakeholders/s4"), "DELETED"));
	assert_null(strstr(world_state(world, "accounts/gone/stakeholders/s"), "DELETED"));
	assert_true(store_check(world_view(world), &world->st));
	uint64_t records;
	assert_true(store_log_verify(world_view(world), &records, &world->st));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {TEST(test_reads), TEST(test_second_pages), TEST(test_writes), TEST(test_writes_that_succeed)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
