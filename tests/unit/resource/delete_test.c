/* SPDX-License-Identifier: Apache-2.0
 *
 * Delete and Undelete: refused by who refers and by what lies below, forced, and back with all that went along and nothing else.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/access/world.h"

#define DELETE "AccountService/DeleteAccount"
#define UNDELETE "AccountService/UndeleteAccount"

static bool is_deleted(struct world *world, const char *name)
{
	const char *text = world_state(world, name);
	assert_string_not_equal(text, "-");
	bool deleted = strstr(text, "(DELETED)") != NULL;
	assert_int_equal(deleted, strstr(text, "deleteTime") != NULL);
	return deleted;
}

static void assert_refused(struct world *world, const char *user, const char *method, const char *request, const char *wanted)
{
	uint64_t before = world_revision(world);
	const char *refusal = world_refusal(world, user, method, request);
	if (strncmp(refusal, wanted, strlen(wanted)) != 0) {
		fail_msg("%s\n  gives  %s\n  not    %s", request, refusal, wanted);
	}
	assert_int_equal(world_revision(world), before);
}

static void test_delete_and_back(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"region\":\"R\"}");
	assert_refused(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}", "FAILED_PRECONDITION RESOURCE_NOT_DELETED");
	assert_non_null(strstr(world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\"}"), "deleteTime"));
	assert_true(is_deleted(world, "accounts/a"));
	assert_refused(world, NULL, DELETE, "{\"name\":\"accounts/a\"}", "FAILED_PRECONDITION RESOURCE_DELETED");
	assert_non_null(strstr(world_ok(world, NULL, "AccountService/GetAccount", "{\"name\":\"accounts/a\"}"), "deleteTime"));
	assert_null(strstr(world_ok(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}"), "deleteTime"));
	assert_false(is_deleted(world, "accounts/a"));
	assert_non_null(strstr(world_state(world, "accounts/a"), "\"region\":\"R\""));
	assert_refused(world, NULL, DELETE, "{\"name\":\"accounts/never\"}", "NOT_FOUND");
	assert_refused(world, NULL, DELETE, "{\"name\":\"users/admin\"}", "INVALID_ARGUMENT");
	assert_refused(world, NULL, UNDELETE, "{\"name\":\"accounts/never\"}", "NOT_FOUND");
	assert_refused(world, NULL, UNDELETE, "{\"name\":\"accounts/-\"}", "INVALID_ARGUMENT");
}

static void test_children_refuse(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/ab", "{\"displayName\":\"AB\"}");
	world_put(world, "accounts/ab/stakeholders/s", "{\"title\":\"T\"}");
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\"}");
	assert_refused(world, NULL, DELETE, "{\"name\":\"accounts/ab\"}",
	               "FAILED_PRECONDITION HAS_CHILDREN: accounts/ab has 1 resource below it, among them accounts/ab/stakeholders/s;");
	world_delete(world, "accounts/ab/stakeholders/s");
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/ab\"}");
}

/* Force takes all levels below; undelete brings back what went then, and not what had gone before. */
static void test_force_and_undelete(void **state)
{
	struct world *world = *state;
	static const char *const names[] = {"accounts/a/stakeholders/s", "accounts/a/stakeholders/t", "accounts/a/ties/x", "accounts/a/scorecards/c",
	                                    "accounts/a/scorecards/c/entries/e"};
	enum { NAMES = sizeof names / sizeof names[0] };
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/b", "{\"displayName\":\"B\"}");
	world_put(world, "accounts/b/stakeholders/s", "{\"title\":\"T\"}");
	world_put(world, names[0], "{\"title\":\"T\"}");
	world_put(world, names[1], "{\"title\":\"T\",\"reportsTo\":\"accounts/a/stakeholders/s\"}");
	world_put(world, names[2], "{\"fromStakeholder\":\"accounts/a/stakeholders/s\",\"toStakeholder\":\"accounts/a/stakeholders/t\"}");
	world_put(world, names[3], "{\"title\":\"T\"}");
	world_put(world, names[4], "{\"metric\":\"m\"}");
	world_put(world, "accounts/a/stakeholders/before", "{\"title\":\"T\"}");
	world_ok(world, NULL, "StakeholderService/DeleteStakeholder", "{\"name\":\"accounts/a/stakeholders/before\"}");
	uint64_t revision = world_revision(world);
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\",\"force\":true}");
	assert_int_equal(world_revision(world), revision + 1);
	for (size_t i = 0; i < NAMES; i++) {
		assert_true(is_deleted(world, names[i]));
	}
	assert_false(is_deleted(world, "accounts/b/stakeholders/s"));
	assert_refused(world, NULL, "StakeholderService/UndeleteStakeholder", "{\"name\":\"accounts/a/stakeholders/s\"}", "FAILED_PRECONDITION PARENT_DELETED");
	world_ok(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}");
	assert_int_equal(world_revision(world), revision + 2);
	for (size_t i = 0; i < NAMES; i++) {
		assert_false(is_deleted(world, names[i]));
	}
	assert_true(is_deleted(world, "accounts/a/stakeholders/before"));
}

static void test_forced_but_only_checked(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/a/stakeholders/s", "{\"title\":\"T\"}");
	uint64_t revision = world_revision(world);
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\",\"force\":true,\"validateOnly\":true}");
	assert_int_equal(world_revision(world), revision);
	assert_false(strstr(world_state(world, "accounts/a/stakeholders/s"), "DELETED"));
}

/* ---- references ---- */

static void test_referrers_refuse(void **state)
{
	struct world *world = *state;
	world_put(world, "users/kim", "{\"displayName\":\"Kim\"}");
	world_put(world, "users/kimono", "{\"displayName\":\"Kimono\"}");
	world_put(world, "accounts/b", "{\"displayName\":\"B\",\"owner\":\"users/kimono\"}");
	world_ok(world, NULL, "UserService/DeleteUser", "{\"name\":\"users/kim\"}");
	world_ok(world, NULL, "UserService/UndeleteUser", "{\"name\":\"users/kim\"}");
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"owner\":\"users/kim\",\"executiveSponsor\":\"users/kim\"}");
	assert_refused(world, NULL, "UserService/DeleteUser", "{\"name\":\"users/kim\"}",
	               "FAILED_PRECONDITION REFERRED_TO: users/kim is referred to by accounts/a; change or delete it first");
	assert_refused(world, NULL, "UserService/DeleteUser", "{\"name\":\"users/kim\",\"force\":true}", "FAILED_PRECONDITION REFERRED_TO");
	for (int i = 0; i < 7; i++) {
		world_put(world, arena_printf(&world->arena, "accounts/m%d", i), "{\"displayName\":\"M\",\"owner\":\"users/kim\"}");
	}
	const char *refusal = world_refusal(world, NULL, "UserService/DeleteUser", "{\"name\":\"users/kim\"}");
	assert_non_null(strstr(refusal, "accounts/a, accounts/m0, accounts/m1, accounts/m2, accounts/m3 and others; change or delete these first"));
	for (int i = 0; i < 7; i++) {
		world_delete(world, arena_printf(&world->arena, "accounts/m%d", i));
	}
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_ok(world, NULL, "UserService/DeleteUser", "{\"name\":\"users/kim\"}");
}

/* A reference from outside to something below refuses too; those among what goes along do not. */
static void test_referrers_to_what_lies_below(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/a/stakeholders/s", "{\"title\":\"T\"}");
	world_put(world, "accounts/a/stakeholders/t", "{\"title\":\"T\",\"reportsTo\":\"accounts/a/stakeholders/s\"}");
	world_put(world, "accounts/b", "{\"displayName\":\"B\"}");
	world_put(world, "accounts/b/interactions/i", "{\"subject\":\"S\",\"stakeholders\":[\"accounts/a/stakeholders/s\"]}");
	assert_refused(world, NULL, DELETE, "{\"name\":\"accounts/a\",\"force\":true}",
	               "FAILED_PRECONDITION REFERRED_TO: accounts/a is referred to by accounts/b/interactions/i; change or delete it first");
	assert_refused(world, NULL, "StakeholderService/DeleteStakeholder", "{\"name\":\"accounts/a/stakeholders/s\"}", "FAILED_PRECONDITION REFERRED_TO");
	world_delete(world, "accounts/b/interactions/i");
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\",\"force\":true}");
}

static void test_undelete_needs_its_references(void **state)
{
	struct world *world = *state;
	world_put(world, "users/kim", "{\"displayName\":\"Kim\"}");
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"owner\":\"users/kim\"}");
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\"}");
	world_ok(world, NULL, "UserService/DeleteUser", "{\"name\":\"users/kim\"}");
	assert_refused(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}",
	               "FAILED_PRECONDITION REFERENCE_DELETED: accounts/a refers to users/kim, which is deleted: undelete that first");
	world_ok(world, NULL, "UserService/UndeleteUser", "{\"name\":\"users/kim\"}");
	world_ok(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}");
}

/* What comes back along with it must not dangle either. */
static void test_undelete_needs_the_references_of_what_lies_below(void **state)
{
	struct world *world = *state;
	world_put(world, "contacts/ann", "{\"displayName\":\"Ann\"}");
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/a/stakeholders/s", "{\"contact\":\"contacts/ann\"}");
	world_put(world, "accounts/a/stakeholders/t", "{\"title\":\"T\",\"reportsTo\":\"accounts/a/stakeholders/s\"}");
	world_ok(world, NULL, DELETE, "{\"name\":\"accounts/a\",\"force\":true}");
	world_ok(world, NULL, "ContactService/DeleteContact", "{\"name\":\"contacts/ann\"}");
	assert_refused(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}",
	               "FAILED_PRECONDITION REFERENCE_DELETED: accounts/a/stakeholders/s refers to contacts/ann, which is deleted: undelete that first");
	world_ok(world, NULL, "ContactService/UndeleteContact", "{\"name\":\"contacts/ann\"}");
	world_ok(world, NULL, UNDELETE, "{\"name\":\"accounts/a\"}");
	assert_false(is_deleted(world, "accounts/a/stakeholders/t"));
}

/* ---- who may know of what is in the way ---- */

static void test_hidden_names_are_not_told(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/own", "ASSIGNED", "contacts.*,accounts.read,accounts.delete,stakeholders.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/own", "");
	world_put(world, "contacts/ann", "{\"displayName\":\"Ann\"}");
	world_put(world, "accounts/mine", "{\"displayName\":\"M\",\"owner\":\"users/kim\"}");
	world_put(world, "accounts/secret", "{\"displayName\":\"S\"}");
	world_put(world, "accounts/mine/stakeholders/s", "{\"contact\":\"contacts/ann\"}");
	world_put(world, "accounts/secret/stakeholders/s", "{\"contact\":\"contacts/ann\"}");
	const char *refusal = world_refusal(world, "users/kim", "ContactService/DeleteContact", "{\"name\":\"contacts/ann\"}");
	assert_non_null(strstr(refusal, "PERMISSION_DENIED DELETE_DENIED"));
	assert_null(strstr(refusal, "secret"));
	world_delete(world, "accounts/secret/stakeholders/s");
	assert_string_equal(world_refusal(world, "users/kim", "ContactService/DeleteContact", "{\"name\":\"contacts/ann\"}"), refusal);

	world_put(world, "accounts/other", "{\"displayName\":\"O\",\"owner\":\"users/kim\"}");
	world_put(world, "accounts/other/opportunities/takeover", "{\"title\":\"T\"}");
	refusal = world_refusal(world, "users/kim", DELETE, "{\"name\":\"accounts/other\"}");
	assert_non_null(strstr(refusal, "FAILED_PRECONDITION HAS_CHILDREN"));
	assert_null(strstr(refusal, "takeover"));
	world_delete(world, "accounts/other/opportunities/takeover");
	assert_string_equal(world_refusal(world, "users/kim", DELETE, "{\"name\":\"accounts/other\"}"), refusal);
}

static void test_seen_but_not_deletable(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/read", "ALL", "accounts.read", "PUBLIC");
	world_role(world, "roles/own", "ASSIGNED", "accounts.delete", "PUBLIC");
	world_bind(world, "users/kim", "roles/read", "");
	world_bind(world, "users/kim", "roles/own", "");
	world_bind(world, "users/lee", "roles/own", "");
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	assert_refused(world, "users/kim", DELETE, "{\"name\":\"accounts/a\"}", "PERMISSION_DENIED PERMISSION_DENIED: you may see accounts/a but not change it");
	assert_refused(world, "users/lee", DELETE, "{\"name\":\"accounts/a\"}", "NOT_FOUND RESOURCE_NOT_FOUND: accounts/a not found");
	assert_refused(world, "users/lee", DELETE, "{\"name\":\"accounts/b\"}", "NOT_FOUND RESOURCE_NOT_FOUND: accounts/b not found");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_delete_and_back),
		TEST(test_children_refuse),
		TEST(test_force_and_undelete),
		TEST(test_forced_but_only_checked),
		TEST(test_referrers_refuse),
		TEST(test_referrers_to_what_lies_below),
		TEST(test_undelete_needs_its_references),
		TEST(test_undelete_needs_the_references_of_what_lies_below),
		TEST(test_hidden_names_are_not_told),
		TEST(test_seen_but_not_deletable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
