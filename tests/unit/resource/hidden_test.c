/* SPDX-License-Identifier: Apache-2.0
 *
 * What a caller may not see has no part in what they get: fields in get, list, filter, order, etag and refusals; resources everywhere, in the same words
 * as missing ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/access/world.h"

#include <stdio.h>

#define GET "AccountService/GetAccount"
#define LIST "AccountService/ListAccounts"
#define UPDATE "AccountService/UpdateAccount"

/* kim: all accounts in public, her own with figures and strategy too. */
static void put_all(struct world *world)
{
	world_role(world, "roles/wide", "ALL", "accounts.*,ties.*,opportunities.read,stakeholders.read,users.read", "PUBLIC");
	world_role(world, "roles/deep", "ASSIGNED", "accounts.*,ties.*,opportunities.read", "FINANCIAL,STRATEGY,PERSONAL,COMMERCIAL");
	world_bind(world, "users/pat", "roles/wide", "");
	world_bind(world, "users/kim", "roles/wide", "");
	world_bind(world, "users/kim", "roles/deep", "");
	world_put(world, "accounts/open", "{\"displayName\":\"O\",\"owner\":\"users/kim\",\"strategy\":{\"text\":\"grow\"},\"annualRevenue\":{\"currencyCode\":\"EUR\",\"units\":\"5\"}}");
	world_put(world, "accounts/shut", "{\"displayName\":\"S\",\"strategy\":{\"text\":\"grow\"},\"annualRevenue\":{\"currencyCode\":\"EUR\",\"units\":\"7\"}}");
}

static void test_fields_in_get_and_list(void **state)
{
	struct world *world = *state;
	put_all(world);
	assert_null(strstr(world_ok(world, "users/pat", GET, "{\"name\":\"accounts/open\"}"), "strategy"));
	assert_non_null(strstr(world_ok(world, "users/kim", GET, "{\"name\":\"accounts/open\"}"), "\"strategy\""));
	assert_null(strstr(world_ok(world, "users/kim", GET, "{\"name\":\"accounts/shut\"}"), "strategy"));
	const char *list = world_ok(world, "users/kim", LIST, "{}");
	const char *strategy = strstr(list, "\"strategy\"");
	assert_non_null(strategy);
	assert_null(strstr(strategy + 1, "\"strategy\""));
	assert_null(strstr(world_ok(world, "users/pat", LIST, "{}"), "annualRevenue"));
}

static void test_secrets_are_seen_by_nobody(void **state)
{
	struct world *world = *state;
	world_put(world, "users/sam", "{\"displayName\":\"Sam\",\"passwordHash\":\"$argon2id$x\"}");
	assert_null(strstr(world_ok(world, NULL, "UserService/GetUser", "{\"name\":\"users/sam\"}"), "argon2id"));
	assert_null(strstr(world_ok(world, NULL, "UserService/ListUsers", "{}"), "argon2id"));
	assert_null(strstr(world_ok(world, NULL, "UserService/ListUserVersions", "{\"name\":\"users/sam\"}"), "argon2id"));
	assert_non_null(strstr(world_refusal(world, NULL, "UserService/ListUsers", "{\"filter\":\"password_hash = x\"}"), "INVALID_ARGUMENT"));
	const char *updated = world_ok(world, NULL, "UserService/UpdateUser", "{\"user\":{\"name\":\"users/sam\",\"displayName\":\"Sammy\",\"passwordHash\":\"y\"}}");
	assert_null(strstr(updated, "argon2id"));
	assert_null(strstr(updated, "assword"));
	struct store_record record;
	assert_true(store_get(world_view(world), "users/sam", &record, &world->st));
	assert_non_null(memmem(record.value.data, record.value.size, "$argon2id$x", 11));
}

static void test_fields_in_filter_and_order(void **state)
{
	struct world *world = *state;
	put_all(world);
	/* A field that pat never sees is as unknown as one that is none. */
	assert_non_null(strstr(world_refusal(world, "users/pat", LIST, "{\"filter\":\"strategy.text = grow\"}"), "INVALID_ARGUMENT FIELD_INVALID: filter"));
	assert_non_null(strstr(world_refusal(world, "users/pat", LIST, "{\"orderBy\":\"annual_revenue\"}"), "INVALID_ARGUMENT FIELD_INVALID: order_by"));
	struct answer bare = world_call(world, "users/pat", LIST, "{\"filter\":\"grow\"}");
	assert_string_equal(world_names(world, &bare, LIST), "");
	/* kim sees it of one account: the other reads as if it were not set. */
	struct answer answer = world_call(world, "users/kim", LIST, "{\"filter\":\"strategy.text = grow\"}");
	assert_string_equal(world_names(world, &answer, LIST), "open");
	answer = world_call(world, "users/kim", LIST, "{\"filter\":\"annual_revenue > 6\"}");
	assert_string_equal(world_names(world, &answer, LIST), "");
	answer = world_call(world, "users/kim", LIST, "{\"filter\":\"grow\",\"count\":true}");
	assert_string_equal(world_names(world, &answer, LIST), "open");
	assert_non_null(strstr(answer.json, "\"totalSize\":\"1\""));
	answer = world_call(world, "users/kim", LIST, "{\"orderBy\":\"annual_revenue\"}");
	assert_string_equal(world_names(world, &answer, LIST), "shut open");
}

/* An index knows the hidden values: what is read by it must not follow them. */
static void test_hidden_fields_in_index_order(void **state)
{
	static const char *const orders[] = {"kind", "kind desc"};
	struct world *world = *state;
	put_all(world);
	for (int i = 0; i < 6; i++) {
		world_putf(world, arena_printf(&world->arena, "accounts/shut/ties/t%d", i), "{\"kind\":%d}", 1 + (i * 5 + 3) % 6);
		world_putf(world, arena_printf(&world->arena, "accounts/open/ties/t%d", i), "{\"kind\":%d}", 1 + (i * 5 + 2) % 6);
	}
	for (int i = 0; i < 2; i++) {
		const char *request = arena_printf(&world->arena, "{\"parent\":\"accounts/-\",\"orderBy\":\"%s\"}", orders[i]);
		struct answer now = world_call(world, "users/kim", "TieService/ListTies", request);
		world->as_of = world_revision(world);
		struct answer sorted = world_call(world, "users/kim", "TieService/ListTies", request);
		world->as_of = 0;
		assert_string_equal(world_names(world, &now, "TieService/ListTies"), world_names(world, &sorted, "TieService/ListTies"));
	}
	struct answer answer = world_call(world, "users/kim", "TieService/ListTies", "{\"parent\":\"accounts/shut\",\"orderBy\":\"kind\"}");
	assert_string_equal(world_names(world, &answer, "TieService/ListTies"),
	                    "shut/ties/t0 shut/ties/t1 shut/ties/t2 shut/ties/t3 shut/ties/t4 shut/ties/t5");
	answer = world_call(world, "users/kim", "TieService/ListTies", "{\"parent\":\"accounts/-\",\"filter\":\"kind = 3\"}");
	assert_null(strstr(world_names(world, &answer, "TieService/ListTies"), "shut"));
}

static const char *etag_of(struct world *world, const char *user, const char *name)
{
	struct answer answer = world_callf(world, user, GET, "{\"name\":\"%s\"}", name);
	return world_text(world, &answer, GET, "etag");
}

/* An etag changes with what is seen, and only with that. */
static void test_fields_in_etag(void **state)
{
	struct world *world = *state;
	put_all(world);
	const char *before = etag_of(world, "users/pat", "accounts/open"), *deep = etag_of(world, "users/kim", "accounts/open");
	assert_string_not_equal(before, deep);
	assert_string_equal(etag_of(world, "users/pat", "accounts/open"), before);
	world_put(world, "accounts/open", "{\"displayName\":\"O\",\"owner\":\"users/kim\",\"strategy\":{\"text\":\"other\"}}");
	assert_string_equal(etag_of(world, "users/pat", "accounts/open"), before);
	assert_string_not_equal(etag_of(world, "users/kim", "accounts/open"), deep);
	world_ok(world, "users/pat", UPDATE, arena_printf(&world->arena, "{\"account\":{\"name\":\"accounts/open\",\"region\":\"R\",\"etag\":\"%s\"}}", before));
	assert_non_null(strstr(world_state(world, "accounts/open"), "other"));
}

/* ---- writing ---- */

static void test_fields_that_may_not_be_set(void **state)
{
	struct world *world = *state;
	put_all(world);
	assert_non_null(strstr(world_refusal(world, "users/pat", UPDATE, "{\"account\":{\"name\":\"accounts/open\",\"strategy\":{\"text\":\"x\"}}}"),
	                       "PERMISSION_DENIED FIELD_DENIED: strategy"));
	assert_non_null(strstr(world_refusal(world, "users/pat", "AccountService/CreateAccount", "{\"account\":{\"displayName\":\"N\",\"strategy\":{\"text\":\"x\"}}}"),
	                       "PERMISSION_DENIED FIELD_DENIED: strategy"));
	world_ok(world, "users/kim", UPDATE, "{\"account\":{\"name\":\"accounts/open\",\"strategy\":{\"text\":\"x\"}}}");
	assert_non_null(strstr(world_refusal(world, "users/kim", UPDATE, "{\"account\":{\"name\":\"accounts/shut\",\"strategy\":{\"text\":\"x\"}}}"),
	                       "PERMISSION_DENIED FIELD_DENIED: strategy"));
}

/* A write must not be a way to ask what a hidden field holds: right and wrong guesses, set and unset, answer alike. */
static void test_guesses_answer_alike(void **state)
{
	struct world *world = *state;
	static const char *const guesses[] = {
		"{\"account\":{\"name\":\"accounts/%s\",\"strategy\":{\"text\":\"grow\"}}}",
		"{\"account\":{\"name\":\"accounts/%s\",\"strategy\":{\"text\":\"shrink\"}}}",
		"{\"account\":{\"name\":\"accounts/%s\"},\"updateMask\":\"strategy\"}",
		"{\"account\":{\"name\":\"accounts/%s\"},\"updateMask\":\"strategy.text\"}",
		"{\"account\":{\"name\":\"accounts/%s\",\"annualRevenue\":{\"currencyCode\":\"EUR\",\"units\":\"7\"}},\"updateMask\":\"annualRevenue.units\"}",
		"{\"account\":{\"name\":\"accounts/%s\",\"displayName\":\"S\"},\"updateMask\":\"*\",\"validateOnly\":true}",
	};
	put_all(world);
	world_put(world, "accounts/bare", "{\"displayName\":\"S\"}");
	for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		struct answer set = world_callf(world, "users/pat", UPDATE, guesses[i], "shut"), unset = world_callf(world, "users/pat", UPDATE, guesses[i], "bare");
#pragma GCC diagnostic pop
		if (set.status.code != unset.status.code || strcmp(set.status.message, unset.status.message) != 0) {
			fail_msg("%s: %s | %s", guesses[i], world_status(world, &set.status), world_status(world, &unset.status));
		}
	}
	/* Everything that pat may set is replaced; what is hidden stays. */
	world_ok(world, "users/pat", UPDATE, "{\"account\":{\"name\":\"accounts/shut\",\"displayName\":\"T\"},\"updateMask\":\"*\"}");
	assert_non_null(strstr(world_state(world, "accounts/shut"), "\"grow\""));
	assert_non_null(strstr(world_state(world, "accounts/shut"), "\"T\""));
}

/* ---- hidden resources ---- */

/* Every method says of a hidden resource what it says of a missing one. */
static void test_hidden_is_missing(void **state)
{
	static const struct {
		const char *method, *request;
	} rows[] = {
		{GET, "{\"name\":\"accounts/%s\"}"},
		{"AccountService/ListAccountVersions", "{\"name\":\"accounts/%s\"}"},
		{UPDATE, "{\"account\":{\"name\":\"accounts/%s\",\"region\":\"R\"}}"},
		{UPDATE, "{\"account\":{\"name\":\"accounts/%s\",\"etag\":\"x\",\"region\":\"R\"}}"},
		{UPDATE, "{\"account\":{\"name\":\"accounts/%s\"},\"updateMask\":\"dragon\"}"},
		{"AccountService/DeleteAccount", "{\"name\":\"accounts/%s\"}"},
		{"AccountService/DeleteAccount", "{\"name\":\"accounts/%s\",\"force\":true,\"etag\":\"x\"}"},
		{"AccountService/UndeleteAccount", "{\"name\":\"accounts/%s\"}"},
		{"TieService/GetTie", "{\"name\":\"accounts/%s/ties/t\"}"},
		{"TieService/ListTies", "{\"parent\":\"accounts/%s\"}"},
		{"TieService/ListTies", "{\"parent\":\"accounts/%s\",\"orderBy\":\"kind\",\"count\":true}"},
		{"TieService/CreateTie", "{\"parent\":\"accounts/%s\",\"tie\":{}}"},
		{"TieService/UpdateTie", "{\"tie\":{\"name\":\"accounts/%s/ties/t\",\"strength\":2},\"allowMissing\":false}"},
		{"TieService/ListTieVersions", "{\"name\":\"accounts/%s/ties/t\"}"},
		{"AccountService/CreateAccount", "{\"accountId\":\"new\",\"account\":{\"displayName\":\"N\",\"owner\":\"users/kim\",\"parentAccount\":\"accounts/%s\"}}"},
		{UPDATE, "{\"account\":{\"name\":\"accounts/mine\",\"parentAccount\":\"accounts/%s\"}}"},
	};
	struct world *world = *state;
	world_role(world, "roles/own", "ASSIGNED", "accounts.*,ties.*,users.read", "PUBLIC,PERSONAL");
	world_bind(world, "users/kim", "roles/own", "");
	world_put(world, "accounts/mine", "{\"displayName\":\"M\",\"owner\":\"users/kim\"}");
	world_put(world, "accounts/there", "{\"displayName\":\"T\"}");
	world_put(world, "accounts/there/ties/t", "{\"strength\":1}");
	world_put(world, "accounts/gone1", "{\"displayName\":\"T\"}");
	world_delete(world, "accounts/gone1");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		struct answer there = world_callf(world, "users/kim", rows[i].method, rows[i].request, "there");
		struct answer gone = world_callf(world, "users/kim", rows[i].method, rows[i].request, "gone1");
		struct answer missing = world_callf(world, "users/kim", rows[i].method, rows[i].request, "nixon");
#pragma GCC diagnostic pop
		const char *answers[] = {there.ok ? there.json : world_status(world, &there.status), gone.ok ? gone.json : world_status(world, &gone.status),
		                         missing.ok ? missing.json : world_status(world, &missing.status)};
		assert_false(missing.ok);
		for (int k = 0; k < 2; k++) { /* names of equal length, put back to compare the rest byte by byte */
			char *text = arena_strdup(&world->arena, answers[k]);
			for (char *c; (c = strstr(text, k ? "gone1" : "there")) != NULL;) {
				memcpy(c, "nixon", 5);
			}
			assert_string_equal(text, answers[2]);
		}
	}
}

static void test_read_but_not_write(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/read", "ALL", "accounts.read,ties.read,ties.create,ties.update", "PUBLIC");
	world_role(world, "roles/own", "ASSIGNED", "accounts.update,accounts.create,accounts.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/read", "");
	world_bind(world, "users/kim", "roles/own", "");
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	assert_non_null(strstr(world_refusal(world, "users/kim", UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"R\"}}"),
	                       "PERMISSION_DENIED PERMISSION_DENIED: you may see accounts/a but not change it"));
	assert_non_null(strstr(world_refusal(world, "users/kim", UPDATE, "{\"account\":{\"name\":\"accounts/b\",\"region\":\"R\"}}"), "NOT_FOUND"));
	assert_non_null(strstr(world_refusal(world, "users/kim", "AccountService/CreateAccount", "{\"accountId\":\"b\",\"account\":{\"displayName\":\"B\"}}"),
	                       "PERMISSION_DENIED PERMISSION_DENIED: you may not create accounts here"));
	assert_string_equal(world_state(world, "accounts/b"), "-");
	world_put(world, "users/kim", "{\"displayName\":\"Kim\"}");
	world_role(world, "roles/users", "ALL", "users.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/users", "");
	assert_non_null(strstr(world_ok(world, "users/kim", "AccountService/CreateAccount",
	                                "{\"accountId\":\"b\",\"account\":{\"displayName\":\"B\",\"owner\":\"users/kim\"}}"), "\"displayName\":\"B\""));
}

/* ---- what a creator gets back ---- */

static void test_answer_of_a_create(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/own", "ASSIGNED", "accounts.create,accounts.read,contacts.create,contacts.read", "PUBLIC,PERSONAL");
	world_role(world, "roles/writer", "ALL", "accounts.read,products.create", "PUBLIC,COMMERCIAL");
	world_bind(world, "users/kim", "roles/own", "");
	world_bind(world, "users/pat", "roles/writer", "");
	world_role(world, "roles/users", "ALL", "users.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/users", "");
	/* Theirs by what it says of itself. */
	const char *json = world_ok(world, "users/kim", "AccountService/CreateAccount", "{\"account\":{\"displayName\":\"B\",\"owner\":\"users/kim\"}}");
	assert_non_null(strstr(json, "\"displayName\":\"B\""));
	/* Theirs because they made it. */
	json = world_ok(world, "users/kim", "ContactService/CreateContact", "{\"contact\":{\"displayName\":\"C\",\"emails\":[\"c@example.com\"]}}");
	assert_non_null(strstr(json, "c@example.com"));
	const char *name = strstr(json, "contacts/");
	assert_string_equal(json, world_ok(world, "users/kim", "ContactService/GetContact",
	                                   arena_printf(&world->arena, "{\"name\":\"%.*s\"}", (int)strcspn(name, "\""), name)));
	/* May create, may not read: the name alone, whatever else they may read. */
	json = world_ok(world, "users/pat", "ProductService/CreateProduct", "{\"product\":{\"displayName\":\"P\"}}");
	assert_memory_equal(json, "{\"name\":\"products/", 18);
	assert_null(strstr(json, "displayName"));
}

/* Who may not see everything that might have a name may not choose one: neither a taken nor a free one is refused otherwise. */
static void test_names_that_are_taken(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/own", "ASSIGNED", "accounts.*,contacts.*,ties.create,ties.update,stakeholders.*", "PUBLIC");
	world_bind(world, "users/kim", "roles/own", "");
	world_put(world, "accounts/hidden", "{\"displayName\":\"H\"}");
	world_put(world, "accounts/mine", "{\"displayName\":\"M\",\"owner\":\"users/kim\"}");
	world_put(world, "contacts/hidden", "{\"displayName\":\"H\"}");
	world_put(world, "contacts/mine", "{\"displayName\":\"M\",\"creator\":\"users/kim\"}");
	world_put(world, "accounts/mine/stakeholders/s", "{}");
	world_put(world, "accounts/mine/ties/hidden", "{}");
	static const char *const requests[][2] = {
		{"AccountService/CreateAccount", "{\"accountId\":\"%s\",\"account\":{\"displayName\":\"A\"}}"},
		{"AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/%s\",\"displayName\":\"A\"},\"allowMissing\":true}"},
		{"ContactService/CreateContact", "{\"contactId\":\"%s\",\"contact\":{\"displayName\":\"C\"}}"},
		{"ContactService/UpdateContact", "{\"contact\":{\"name\":\"contacts/%s\",\"displayName\":\"C\"},\"allowMissing\":true}"},
		{"TieService/CreateTie", "{\"parent\":\"accounts/mine\",\"tieId\":\"%s\",\"tie\":{\"fromStakeholder\":\"accounts/mine/stakeholders/s\"}}"},
	};
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		const char *answers[2], *ids[2] = {"hidden", "nobody"};
		for (size_t k = 0; k < 2; k++) {
			struct buf request;
			buf_init(&request, &world->arena);
			const char *hole = strstr(requests[i][1], "%s");
			buf_printf(&request, "%.*s%s%s", (int)(hole - requests[i][1]), requests[i][1], ids[k], hole + 2);
			answers[k] = world_refusal(world, "users/kim", requests[i][0], buf_text(&request));
		}
		assert_string_equal(answers[0], answers[1]);
	}
	/* What they see keeps its name, and what is below an account that they see is told of. */
	world_ok(world, "users/kim", "ContactService/UpdateContact", "{\"contact\":{\"name\":\"contacts/mine\",\"displayName\":\"C\"},\"allowMissing\":true}");
	assert_non_null(strstr(world_refusal(world, "users/kim", "StakeholderService/CreateStakeholder",
	                                     "{\"parent\":\"accounts/mine\",\"stakeholderId\":\"s\",\"stakeholder\":{}}"), "ALREADY_EXISTS"));
	world_ok(world, "users/kim", "ContactService/CreateContact", "{\"contact\":{\"displayName\":\"C\"}}");
}

/* ---- what changes where they do not look ---- */

static const char *all_told(struct world *world, const char *user, const char *name)
{
	const char *request = arena_printf(&world->arena, "{\"name\":\"%s\"}", name);
	const char *get = world_ok(world, user, GET, request), *versions = world_ok(world, user, "AccountService/ListAccountVersions", request);
	const char *time = strstr(get, "\"updateTime\":\"") + strlen("\"updateTime\":\"");
	const char *until = arena_printf(&world->arena, "{\"filter\":\"display_name = zzz OR updateTime <= %.*s\"}", (int)strcspn(time, "\""), time);
	return arena_printf(&world->arena, "%s\n%s\n%s\n%s\n%s", get, versions, world_ok(world, user, LIST, "{}"), world_ok(world, user, LIST, until),
	                    world_ok(world, user, LIST, "{\"orderBy\":\"update_time desc\",\"filter\":\"display_name != zzz\"}"));
}

static void test_hidden_changes_leave_no_trace(void **state)
{
	struct world *world = *state;
	put_all(world);
	world_ok(world, NULL, "AccountService/CreateAccount", "{\"accountId\":\"a\",\"account\":{\"displayName\":\"A\",\"region\":\"R\"}}");
	world_ok(world, NULL, "AccountService/CreateAccount", "{\"accountId\":\"b\",\"account\":{\"displayName\":\"B\"}}");
	const char *before = all_told(world, "users/pat", "accounts/a"), *admins = all_told(world, NULL, "accounts/a");
	for (int i = 0; i < 3; i++) {
		world_ok(world, NULL, UPDATE, arena_printf(&world->arena, "{\"account\":{\"name\":\"accounts/a\",\"strategy\":{\"text\":\"%d\"}}}", i));
	}
	assert_string_equal(all_told(world, "users/pat", "accounts/a"), before);
	assert_string_not_equal(all_told(world, NULL, "accounts/a"), admins);
	/* What shows is told, with its own time; and the hidden change before it is no version of its own. */
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"S\"}}");
	const char *after = all_told(world, "users/pat", "accounts/a");
	assert_string_not_equal(after, before);
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"strategy\":{\"text\":\"x\"}}}");
	assert_string_equal(all_told(world, "users/pat", "accounts/a"), after);
	const char *versions = world_ok(world, "users/pat", "AccountService/ListAccountVersions", "{\"name\":\"accounts/a\"}");
	const char *changed = strstr(versions, "\"changedFields\":[\"region\"]");
	assert_non_null(changed);
	assert_null(strstr(changed + 1, "\"changedFields\""));
	assert_non_null(strstr(world_ok(world, "users/pat", "AccountService/ListAccountVersions", "{\"name\":\"accounts/a\",\"pageSize\":1}"), "nextPageToken"));
	assert_null(strstr(world_ok(world, "users/pat", "AccountService/ListAccountVersions", "{\"name\":\"accounts/a\",\"pageSize\":2}"), "nextPageToken"));
}

/* Secrets are hidden from everybody: a new password is no version of the user. */
static void test_secrets_make_no_versions(void **state)
{
	struct world *world = *state;
	world_put(world, "users/sam", "{\"displayName\":\"Sam\",\"passwordHash\":\"x\"}");
	world_put(world, "users/sam", "{\"displayName\":\"Sam\",\"passwordHash\":\"y\"}");
	const char *versions = world_ok(world, NULL, "UserService/ListUserVersions", "{\"name\":\"users/sam\"}");
	const char *first = strstr(versions, "\"revision\"");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\"revision\""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_fields_in_get_and_list),
		TEST(test_secrets_are_seen_by_nobody),
		TEST(test_fields_in_filter_and_order),
		TEST(test_hidden_fields_in_index_order),
		TEST(test_fields_in_etag),
		TEST(test_fields_that_may_not_be_set),
		TEST(test_guesses_answer_alike),
		TEST(test_hidden_is_missing),
		TEST(test_read_but_not_write),
		TEST(test_answer_of_a_create),
		TEST(test_names_that_are_taken),
		TEST(test_hidden_changes_leave_no_trace),
		TEST(test_secrets_make_no_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
