/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: whatever the plan, the same set in the same order. The present is read by index where there is one; the same question as of the newest revision
 * has to be answered by SCAN or SORT, so each question is asked both ways.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "kam/v1/account.pb-c.h"
#include "tests/unit/access/world.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST "AccountService/ListAccounts"
#define OPPORTUNITIES "OpportunityService/ListOpportunities"

static const char *const regions[] = {"EMEA", "APAC", "emea", ""};
/* With '.' and '-', which are smaller than '/': names as text do not order as names by their ids. */
static const char *const ids[] = {"a", "a-b", "a.b", "ab", "b", "b-", "b1", "c", "c.", "c2", "d", "dd", "e", "ee", "f", "z"};
enum { IDS = sizeof ids / sizeof ids[0] };

static void put_all(struct world *world)
{
	world_role(world, "roles/own", "ASSIGNED", "accounts.read,opportunities.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/own", "");
	for (unsigned i = 0; i < IDS; i++) {
		const char *name = arena_printf(&world->arena, "accounts/%s", ids[i]);
		world_putf(world, name, "{\"displayName\":\"%s%u\",\"region\":\"%s\",\"owner\":\"users/%s\",\"employees\":\"%u\",\"externalIds\":{\"crm\":\"%u\"}}",
		           i % 3 == 0 ? "n" : "N", i % 5, regions[i % 4], i % 2 ? "kim" : "lee", i % 3, i % 4);
		const char *opportunity = arena_printf(&world->arena, "%s/opportunities/o%u", name, i % 2);
		world_putf(world, opportunity, "{\"title\":\"T%u\",\"stage\":\"OPPORTUNITY_STAGE_%s\",\"products\":[\"products/p%u\",\"products/q\"]}", i % 4,
		           i % 2 ? "WON" : "LOST", i % 3);
	}
	world_delete(world, "accounts/c");
	world_delete(world, "accounts/dd/opportunities/o1");
}

/* All pages of a list joined by blanks. */
static const char *all(struct world *world, const char *user, const char *method, const char *request, int page_size)
{
	struct buf text;
	const char *token = "";
	buf_init(&text, &world->arena);
	for (int pages = 0;; pages++) {
		assert_true(pages < 100);
		struct answer answer = world_callf(world, user, method, "{\"pageSize\":%d,\"pageToken\":\"%s\"%s%s}", page_size, token, *request ? "," : "", request);
		const char *names = world_names(world, &answer, method);
		assert_true(pages == 0 || *names); /* no empty page but the first */
		buf_printf(&text, "%s%s", text.size && *names ? " " : "", names);
		token = world_text(world, &answer, method, "next_page_token");
		if (!*token) {
			return buf_text(&text);
		}
		size_t count = 1;
		for (const char *c = names; *c; c++) {
			count += *c == ' ';
		}
		assert_int_equal(count, page_size); /* full pages but the last */
	}
}

static const char *all_as_of(struct world *world, const char *user, const char *method, const char *request, int page_size)
{
	world->as_of = world_revision(world);
	const char *names = all(world, user, method, request, page_size);
	world->as_of = 0;
	return names;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *sorted(struct world *world, const char *words)
{
	char *list[200], *copy = arena_strdup(&world->arena, words), *rest = NULL;
	size_t count = 0;
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		list[count++] = word;
	}
	qsort(list, count, sizeof *list, compare_words);
	struct buf text;
	buf_init(&text, &world->arena);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "%s%s", i ? " " : "", list[i]);
	}
	return buf_text(&text);
}

static void test_plans_agree(void **state)
{
	static const char *const requests[] = {
		"", "\"filter\":\"region = EMEA\"", "\"filter\":\"region = none\"", "\"filter\":\"region = \\\"\\\"\"", "\"filter\":\"display_name = N1\"",
		"\"filter\":\"owner = \\\"users/kim\\\"\"", "\"filter\":\"region = EMEA AND owner = \\\"users/kim\\\"\"", "\"filter\":\"employees = 0\"",
		"\"filter\":\"NOT region = EMEA\"", "\"filter\":\"region = EMEA OR region = APAC\"", "\"filter\":\"region > B\"", "\"filter\":\"external_ids.crm = 2\"",
		"\"filter\":\"external_ids:crm\"", "\"filter\":\"phase = UNSPECIFIED\"", "\"orderBy\":\"display_name\"", "\"orderBy\":\"display_name desc\"",
		"\"orderBy\":\"display_name desc\",\"filter\":\"region = EMEA\"", "\"orderBy\":\"region\"", "\"orderBy\":\"region desc, employees\"",
		"\"orderBy\":\"employees desc\"", "\"orderBy\":\"name desc\"", "\"orderBy\":\"display_name\",\"showDeleted\":true", "\"showDeleted\":true",
	};
	static const char *const users[] = {"users/admin", "users/kim"};
	static const int sizes[] = {1, 3, 1000};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		for (size_t u = 0; u < 2; u++) {
			const char *wanted = all_as_of(world, users[u], LIST, requests[i], 1000);
			for (size_t s = 0; s < 3; s++) {
				const char *now = all(world, users[u], LIST, requests[i], sizes[s]), *then = all_as_of(world, users[u], LIST, requests[i], sizes[s]);
				if (strcmp(then, wanted) != 0 || strcmp(now, wanted) != 0) {
					fail_msg("%s, %s, pages of %d\n  now    %s\n  as of  %s\n  wanted %s", requests[i], users[u], sizes[s], now, then, wanted);
				}
			}
		}
	}
}

static void test_what_is_found(void **state)
{
	struct world *world = *state;
	put_all(world);
	assert_string_equal(all(world, NULL, LIST, "", 100), "a a-b a.b ab b b- b1 c. c2 d dd e ee f z");
	assert_string_equal(all(world, "users/kim", LIST, "", 100), "a-b ab b- c2 dd ee z");
	assert_string_equal(all(world, NULL, LIST, "\"filter\":\"region = EMEA\"", 2), "a b c. e");
	assert_string_equal(all(world, NULL, LIST, "\"filter\":\"external_ids.crm = 2\"", 2), "a.b b1 d f");
	assert_string_equal(all(world, NULL, LIST, "\"showDeleted\":true,\"filter\":\"name = \\\"accounts/c\\\"\"", 2), "c");
	assert_string_equal(all(world, NULL, LIST, "\"orderBy\":\"display_name\",\"filter\":\"employees = 1\"", 2), "d a-b ee b");
	assert_string_equal(all(world, NULL, LIST, "\"orderBy\":\"employees desc\",\"filter\":\"owner = \\\"users/kim\\\"\"", 3), "b- dd a-b ee ab c2 z");
}

/* The same set below accounts, for every form of parent. */
static void test_parents(void **state)
{
	static const char *const requests[] = {"", "\"filter\":\"stage = WON\"", "\"filter\":\"products:\\\"products/p1\\\"\"", "\"orderBy\":\"title\"", "\"orderBy\":\"title desc\"",
	                                       "\"orderBy\":\"stage\""};
	static const char *const parents[] = {"", "accounts/-", "accounts/a", "accounts/a-b", "accounts/b-"};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		for (size_t p = 0; p < sizeof parents / sizeof parents[0]; p++) {
			const char *request = arena_printf(&world->arena, "\"parent\":\"%s\"%s%s", parents[p], *requests[i] ? "," : "", requests[i]);
			const char *now = all(world, NULL, OPPORTUNITIES, request, 2), *then = all_as_of(world, NULL, OPPORTUNITIES, request, 1000);
			bool ordered = strstr(requests[i], "orderBy") != NULL;
			assert_string_equal(ordered ? now : sorted(world, now), ordered ? then : sorted(world, then));
		}
	}
	assert_string_equal(all(world, NULL, OPPORTUNITIES, "\"parent\":\"accounts/a\"", 2), "a/opportunities/o0");
	assert_string_equal(all(world, NULL, OPPORTUNITIES, "\"parent\":\"accounts/a\",\"filter\":\"stage = WON\"", 2), "");
	assert_string_equal(all(world, NULL, OPPORTUNITIES, "\"parent\":\"accounts/-\",\"filter\":\"stage = LOST AND products:\\\"products/p0\\\"\"", 2),
	                    "a/opportunities/o0 b1/opportunities/o0 e/opportunities/o0");
	assert_string_equal(all(world, "users/kim", OPPORTUNITIES, "\"parent\":\"accounts/-\"", 3),
	                    "a-b/opportunities/o1 ab/opportunities/o1 b-/opportunities/o1 c/opportunities/o1 c2/opportunities/o1 ee/opportunities/o1 z/opportunities/o1");
}

/* '-' above an id that is given: only that id's. */
static void test_dash_above_an_id(void **state)
{
	static const char *const requests[] = {"", ",\"filter\":\"metric = m\"", ",\"orderBy\":\"metric\"", ",\"orderBy\":\"comment\""};
	struct world *world = *state;
	for (int i = 0; i < 2; i++) {
		const char *account = arena_printf(&world->arena, "accounts/a%d", i);
		world_put(world, account, "{\"displayName\":\"A\"}");
		for (int k = 0; k < 2; k++) {
			const char *scorecard = arena_printf(&world->arena, "%s/scorecards/s%d", account, k);
			world_put(world, scorecard, "{\"title\":\"T\"}");
			world_put(world, arena_printf(&world->arena, "%s/entries/e", scorecard), "{\"metric\":\"m\",\"period\":\"2026\"}");
		}
	}
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		const char *request = arena_printf(&world->arena, "\"parent\":\"accounts/-/scorecards/s1\"%s", requests[i]);
		assert_string_equal(all(world, NULL, "EntryService/ListEntries", request, 9), "a0/scorecards/s1/entries/e a1/scorecards/s1/entries/e");
		assert_string_equal(all_as_of(world, NULL, "EntryService/ListEntries", request, 1), "a0/scorecards/s1/entries/e a1/scorecards/s1/entries/e");
	}
	assert_string_equal(all(world, NULL, "EntryService/ListEntries", "\"parent\":\"accounts/a1/scorecards/-\"", 9),
	                    "a1/scorecards/s0/entries/e a1/scorecards/s1/entries/e");
	assert_string_equal(all(world, NULL, "EntryService/ListEntries", "\"parent\":\"accounts/-/scorecards/-\"", 1), all(world, NULL, "EntryService/ListEntries", "", 9));
}

static void test_bad_requests(void **state)
{
	static const struct {
		const char *method, *request, *field;
	} rows[] = {
		{LIST, "{\"pageSize\":-1}", "page_size"},
		{LIST, "{\"parent\":\"accounts/a\"}", "parent"},
		{LIST, "{\"filter\":\"dragon = 1\"}", "filter"},
		{LIST, "{\"filter\":\"region =\"}", "filter"},
		{LIST, "{\"filter\":\"((((((((((((((((((((region = x))))))))))))))))))))\"}", "filter"},
		{LIST, "{\"orderBy\":\"dragon\"}", "order_by"},
		{LIST, "{\"orderBy\":\"region upwards\"}", "order_by"},
		{LIST, "{\"pageToken\":\"dragon\"}", "page_token"},
		{OPPORTUNITIES, "{\"parent\":\"accounts\"}", "parent"},
		{OPPORTUNITIES, "{\"parent\":\"users/admin\"}", "parent"},
		{OPPORTUNITIES, "{\"parent\":\"accounts/a b\"}", "parent"},
		{OPPORTUNITIES, "{\"parent\":\"accounts/a/opportunities/o0\"}", "parent"},
	};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct answer answer = world_call(world, NULL, rows[i].method, rows[i].request);
		assert_int_equal(answer.status.code, STATUS_INVALID_ARGUMENT);
		assert_string_equal(answer.status.violations[0].field, rows[i].field);
	}
	assert_string_equal(world_refusal(world, NULL, OPPORTUNITIES, "{\"parent\":\"accounts/never\"}"),
	                    "NOT_FOUND RESOURCE_NOT_FOUND: accounts/never not found");
}

static void test_count(void **state)
{
	static const char *const requests[] = {"", ",\"filter\":\"region = EMEA\"", ",\"orderBy\":\"display_name desc\"", ",\"orderBy\":\"region\"", ",\"showDeleted\":true",
	                                       ",\"filter\":\"region = none\""};
	static const int wanted[] = {15, 4, 15, 15, 16, 0};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		const char *token = "";
		do {
			struct answer answer = world_callf(world, NULL, LIST, "{\"count\":true,\"pageSize\":4,\"pageToken\":\"%s\"%s}", token, requests[i]);
			token = world_text(world, &answer, LIST, "next_page_token");
			assert_int_equal(((const Kam__V1__ListAccountsResponse *)(const void *)answer.message)->total_size, wanted[i]);
		} while (*token);
	}
}

/* A list that examines more than its budget is put off, and says nothing before. */
static void test_budget(void **state)
{
	static const char *const requests[] = {"{}", "{\"filter\":\"region = EMEA\"}", "{\"orderBy\":\"display_name\"}", "{\"orderBy\":\"region\"}", "{\"filter\":\"region = none OR region = no\"}"};
	struct world *world = *state;
	put_all(world);
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		world->budget = 0;
		const char *wanted = world_ok(world, NULL, LIST, requests[i]);
		bool deferred = true;
		for (uint32_t budget = 1; budget < 60; budget++) {
			world->budget = budget;
			struct answer answer = world_call(world, NULL, LIST, requests[i]);
			assert_true(status_ok(&answer.status));
			assert_true(deferred || !answer.deferred); /* more budget is never less */
			deferred = answer.deferred;
			if (!deferred) {
				assert_string_equal(answer.json, wanted);
			}
		}
		assert_false(deferred);
	}
}

/* Far more candidates than a page: the sort keeps the first ones only. */
static void test_sort_of_many(void **state)
{
	enum { MANY = 2500 };
	struct world *world = *state;
	struct store_txn *txn;
	static struct store_change changes[MANY];
	assert_true(store_txn_begin(world->store, &txn, &world->st));
	for (unsigned i = 0; i < MANY; i++) {
		const char *name = arena_printf(&world->arena, "products/p%04u", i);
		changes[i] = (struct store_change){name, STORE_CREATE, 0,
		                                   world_pack(world, "kam.v1.Product", arena_printf(&world->arena, "{\"name\":\"%s\",\"displayName\":\"P\",\"unit\":\"u%04u\"}", name, i * 7919 % MANY))};
	}
	struct store_entry entry = {.time_us = 1, .actor = "", .request_id = "", .method = "Test/Put", .peer = "", .note = "", .changes = changes, .changes_count = MANY};
	store_append(txn, &entry);
	assert_true(store_commit(txn, &world->st));
	char expected[64];
	const char *token = "";
	unsigned seen = 0;
	do {
		struct answer answer = world_callf(world, NULL, "ProductService/ListProducts", "{\"pageSize\":400,\"orderBy\":\"unit desc\",\"pageToken\":\"%s\"}", token);
		for (const char *c = answer.json; (c = strstr(c, "\"unit\":")); c++) {
			snprintf(expected, sizeof expected, "\"unit\":\"u%04u\"", MANY - 1 - seen++);
			assert_memory_equal(c, expected, strlen(expected));
		}
		token = world_text(world, &answer, "ProductService/ListProducts", "next_page_token");
	} while (*token);
	assert_int_equal(seen, MANY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_plans_agree), TEST(test_what_is_found), TEST(test_parents), TEST(test_dash_above_an_id),
		TEST(test_bad_requests), TEST(test_count),        TEST(test_budget),  TEST(test_sort_of_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
