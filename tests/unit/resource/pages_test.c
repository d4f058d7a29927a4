/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages of one list while others write: all of one revision, each resource once, whatever the plan of the first page was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/access/world.h"

#include <stdio.h>

#define LIST "AccountService/ListAccounts"

enum { ACCOUNTS = 24 };

static void put_all(struct world *world)
{
	world_role(world, "roles/own", "ASSIGNED", "accounts.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/own", "");
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		world_putf(world, arena_printf(&world->arena, "accounts/a%02u", i),
		           "{\"displayName\":\"N%u\",\"region\":\"R%u\",\"employees\":\"%u\",\"owner\":\"users/kim\"}", i * 7 % 5, i % 2, i * 5 % 6);
	}
}

/* Everything that could disturb a list: what is behind, ahead and elsewhere changes, goes, comes and moves. */
static void disturb(struct world *world, int round)
{
	unsigned first = (unsigned)round, last = ACCOUNTS - 1 - (unsigned)round;
	world_putf(world, arena_printf(&world->arena, "accounts/a%02u", first), "{\"displayName\":\"Z\",\"region\":\"R9\",\"owner\":\"users/kim\"}");
	world_putf(world, arena_printf(&world->arena, "accounts/a%02u", last), "{\"displayName\":\"A\",\"region\":\"R0\",\"owner\":\"users/kim\",\"employees\":\"9\"}");
	world_delete(world, arena_printf(&world->arena, "accounts/a%02u", ACCOUNTS / 2 + (unsigned)round));
	world_putf(world, arena_printf(&world->arena, "accounts/a%02u-new", first), "{\"displayName\":\"N2\",\"region\":\"R1\",\"owner\":\"users/kim\"}");
	world_put(world, "products/p", "{\"displayName\":\"P\"}");
}

static const char *pages(struct world *world, const char *user, const char *request, int page_size, bool disturbed)
{
	struct buf text;
	const char *token = "";
	uint64_t revision = world_revision(world);
	buf_init(&text, &world->arena);
	for (int page = 0;; page++) {
		struct answer answer = world_callf(world, user, LIST, "{\"pageSize\":%d,\"count\":true,\"pageToken\":\"%s\"%s}", page_size, token, request);
		const char *names = world_names(world, &answer, LIST);
		buf_printf(&text, "%s%s", text.size && *names ? " " : "", names);
		assert_int_equal(answer.revision, revision);
		const char *total = strstr(answer.json, "\"totalSize\":");
		if (page == 0 || *names) {
			assert_non_null(total);
		}
		token = world_text(world, &answer, LIST, "next_page_token");
		if (!*token) {
			return buf_text(&text);
		}
		if (disturbed && page < 4) {
			disturb(world, page);
		}
	}
}

static const char *const requests[] = {
	"", ",\"filter\":\"region = R1\"", ",\"orderBy\":\"display_name\"", ",\"orderBy\":\"display_name desc\"", ",\"orderBy\":\"employees\"",
	",\"orderBy\":\"employees desc, region\"", ",\"filter\":\"region = R0\",\"orderBy\":\"display_name desc\"", ",\"showDeleted\":true",
};

static void run(struct world *world, const char *user, const char *request)
{
	const char *wanted = pages(world, user, request, 1000, false);
	const char *got = pages(world, user, request, 3, true);
	if (strcmp(wanted, got) != 0) {
		fail_msg("%s\n  wanted %s\n  got    %s", request, wanted, got);
	}
}

#define PAGES_TEST(n)                                                                                                                     \
	static void test_pages_##n(void **state)                                                                                              \
	{                                                                                                                                     \
		struct world *world = *state;                                                                                                     \
		put_all(world);                                                                                                                   \
		run(world, n % 2 ? "users/kim" : NULL, requests[n]);                                                                              \
		run(world, NULL, requests[n]);                                                                                                    \
	}
PAGES_TEST(0)
PAGES_TEST(1)
PAGES_TEST(2)
PAGES_TEST(3)
PAGES_TEST(4)
PAGES_TEST(5)
PAGES_TEST(6)
PAGES_TEST(7)

/* Pages of the past stay there. */
static void test_pages_as_of(void **state)
{
	struct world *world = *state;
	put_all(world);
	uint64_t then = world_revision(world);
	const char *wanted = pages(world, NULL, requests[3], 1000, false);
	disturb(world, 0);
	world->as_of = then;
	struct answer answer = world_callf(world, NULL, LIST, "{\"pageSize\":1000%s}", requests[3]);
	assert_string_equal(world_names(world, &answer, LIST), wanted);
	struct buf text;
	const char *token = "";
	buf_init(&text, &world->arena);
	do {
		answer = world_callf(world, NULL, LIST, "{\"pageSize\":5,\"pageToken\":\"%s\"%s}", token, requests[3]);
		assert_int_equal(answer.revision, then);
		buf_printf(&text, "%s%s", text.size ? " " : "", world_names(world, &answer, LIST));
		token = world_text(world, &answer, LIST, "next_page_token");
		disturb(world, 1);
	} while (*token);
	assert_string_equal(buf_text(&text), wanted);
}

/* Who lost an account between two pages does not get it on the second. */
static void test_permission_lost_between_pages(void **state)
{
	struct world *world = *state;
	put_all(world);
	struct answer first = world_call(world, "users/kim", LIST, "{\"pageSize\":3}");
	assert_string_equal(world_names(world, &first, LIST), "a00 a01 a02");
	world_put(world, "accounts/a03", "{\"displayName\":\"N\",\"owner\":\"users/lee\"}");
	struct answer second = world_callf(world, "users/kim", LIST, "{\"pageSize\":2,\"pageToken\":\"%s\"}", world_text(world, &first, LIST, "next_page_token"));
	assert_string_equal(world_names(world, &second, LIST), "a04 a05");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pages_0), TEST(test_pages_1), TEST(test_pages_2),     TEST(test_pages_3),
		TEST(test_pages_4), TEST(test_pages_5), TEST(test_pages_6),     TEST(test_pages_7),
		TEST(test_pages_as_of), TEST(test_permission_lost_between_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
