/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision point: every scope, narrowed bindings and their end, what belongs to no account, contacts, and everybody's own sessions. Each decision
 * is asked of decide and of decide_explain, which must agree.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/access/world.h"

#include <stdio.h>

/* May they? With decide_explain over all grants giving the same. */
static bool may(struct world *world, const char *user, const char *permission, const char *name)
{
	const struct caller *caller = world_caller(world, user);
	struct decision decision = world_decide(world, user, permission, name);
	bool explained = false;
	for (size_t i = 0; i < caller->grants_count; i++) {
		struct decide_step step;
		decide_explain(&world->engine.access, world_view(world), caller, &caller->grants[i], permission, name, world->now_us, &step);
		assert_non_null(strstr(step.reason, step.allowed ? " allows " : " does not allow "));
		explained = explained || step.allowed;
	}
	bool own = strncmp(name, user, strlen(user)) == 0;
	assert_true(own || explained == decision.allowed);
	assert_true(decision.allowed || decision.groups == 0);
	return decision.allowed;
}

static void put_accounts(struct world *world)
{
	world_put(world, "users/kim", "{\"displayName\":\"Kim\",\"manager\":\"users/lee\"}");
	world_put(world, "users/lee", "{\"displayName\":\"Lee\",\"manager\":\"users/boss\"}");
	world_put(world, "users/boss", "{\"displayName\":\"Boss\"}");
	world_put(world, "accounts/owned", "{\"displayName\":\"O\",\"owner\":\"users/kim\",\"region\":\"EMEA\"}");
	world_put(world, "accounts/sponsored", "{\"displayName\":\"S\",\"executiveSponsor\":\"users/kim\",\"region\":\"APAC\"}");
	world_put(world, "accounts/member", "{\"displayName\":\"M\",\"owner\":\"users/other\"}");
	world_put(world, "accounts/member/members/kim", "{\"user\":\"users/kim\"}");
	world_put(world, "accounts/left", "{\"displayName\":\"L\",\"owner\":\"users/other\"}");
	world_put(world, "accounts/left/members/kim", "{\"user\":\"users/kim\"}");
	world_delete(world, "accounts/left/members/kim");
	world_put(world, "accounts/foreign", "{\"displayName\":\"F\",\"owner\":\"users/kimono\",\"executiveSponsor\":\"users/ki\"}");
}

static void assert_reach(struct world *world, const char *user, const char *reached)
{
	static const char *const accounts[] = {"owned", "sponsored", "member", "left", "foreign"};
	for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++) {
		char name[64], child[96];
		snprintf(name, sizeof name, "accounts/%s", accounts[i]);
		snprintf(child, sizeof child, "%s/ties/t", name);
		bool wanted = strstr(reached, accounts[i]) != NULL;
		if (may(world, user, "accounts.read", name) != wanted || may(world, user, "ties.read", child) != wanted) {
			fail_msg("%s on %s: should be %d", user, name, wanted);
		}
	}
}

static void test_scopes(void **state)
{
	struct world *world = *state;
	put_accounts(world);
	world_role(world, "roles/all", "ALL", "accounts.read,ties.read", "PUBLIC");
	world_role(world, "roles/team", "TEAM", "accounts.read,ties.read", "PUBLIC");
	world_role(world, "roles/assigned", "ASSIGNED", "accounts.read,ties.read", "PUBLIC");
	world_bind(world, "users/any", "roles/all", "");
	assert_reach(world, "users/any", "owned sponsored member left foreign");
	world_bind(world, "users/kim", "roles/assigned", "");
	assert_reach(world, "users/kim", "owned sponsored member");
	world_bind(world, "users/boss", "roles/team", "");
	assert_reach(world, "users/boss", "owned sponsored member");
	world_bind(world, "users/lee", "roles/assigned", "");
	assert_reach(world, "users/lee", "");
	world_bind(world, "users/alone", "roles/team", "");
	assert_reach(world, "users/alone", "");
	world_put(world, "accounts/foreign", "{\"displayName\":\"F\",\"owner\":\"users/boss\"}");
	assert_reach(world, "users/boss", "owned sponsored member foreign");
	assert_false(may(world, "users/kim", "accounts.update", "accounts/owned"));
	assert_false(may(world, "users/kim", "accounts.read", "accounts/none"));
	assert_true(may(world, "users/any", "accounts.read", "accounts/none"));
}

static void test_narrowed_to_a_region(void **state)
{
	struct world *world = *state;
	put_accounts(world);
	world_role(world, "roles/all", "ALL", "accounts.read,ties.read,products.read,bindings.read", "PUBLIC");
	world_role(world, "roles/assigned", "ASSIGNED", "accounts.read,ties.read", "PUBLIC");
	world_bind(world, "users/emea", "roles/all", "\"region\":\"EMEA\"");
	assert_reach(world, "users/emea", "owned");
	world_bind(world, "users/kim", "roles/assigned", "\"region\":\"APAC\"");
	assert_reach(world, "users/kim", "sponsored");
	world_bind(world, "users/prefix", "roles/all", "\"region\":\"EME\"");
	assert_reach(world, "users/prefix", "");
	assert_true(may(world, "users/emea", "products.read", "products/p"));
	assert_false(may(world, "users/emea", "bindings.read", "bindings/b"));
}

static void test_narrowed_to_a_subtree(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/all", "ALL", "accounts.read,ties.read", "PUBLIC");
	world_put(world, "accounts/top", "{\"displayName\":\"T\"}");
	world_put(world, "accounts/middle", "{\"displayName\":\"M\",\"parentAccount\":\"accounts/top\"}");
	world_put(world, "accounts/leaf", "{\"displayName\":\"L\",\"parentAccount\":\"accounts/middle\",\"region\":\"EMEA\"}");
	world_put(world, "accounts/beside", "{\"displayName\":\"B\",\"parentAccount\":\"accounts/topmost\"}");
	world_put(world, "accounts/topmost", "{\"displayName\":\"TM\"}");
	world_bind(world, "users/sub", "roles/all", "\"accounts\":[\"accounts/middle\"]");
	assert_true(may(world, "users/sub", "accounts.read", "accounts/middle"));
	assert_true(may(world, "users/sub", "accounts.read", "accounts/leaf"));
	assert_true(may(world, "users/sub", "ties.read", "accounts/leaf/ties/t"));
	assert_false(may(world, "users/sub", "accounts.read", "accounts/top"));
	assert_false(may(world, "users/sub", "accounts.read", "accounts/beside"));
	world_bind(world, "users/both", "roles/all", "\"accounts\":[\"accounts/top\"],\"region\":\"EMEA\"");
	assert_true(may(world, "users/both", "accounts.read", "accounts/leaf"));
	assert_false(may(world, "users/both", "accounts.read", "accounts/middle"));

	world_bind(world, "users/list", "roles/all", "\"accounts\":[\"accounts/beside\",\"accounts/leaf\"]");
	assert_true(may(world, "users/list", "accounts.read", "accounts/beside"));
	assert_true(may(world, "users/list", "accounts.read", "accounts/leaf"));
	assert_false(may(world, "users/list", "accounts.read", "accounts/middle"));
	assert_false(may(world, "users/list", "accounts.read", "accounts/topmost"));

	/* A deleted account between does not cut the tree; a circle in old data ends. */
	world_delete(world, "accounts/middle");
	world_bind(world, "users/top", "roles/all", "\"accounts\":[\"accounts/top\"]");
	assert_true(may(world, "users/top", "accounts.read", "accounts/leaf"));
	world_put(world, "accounts/x", "{\"displayName\":\"X\",\"parentAccount\":\"accounts/y\"}");
	world_put(world, "accounts/y", "{\"displayName\":\"Y\",\"parentAccount\":\"accounts/x\"}");
	assert_false(may(world, "users/top", "accounts.read", "accounts/x"));
	world_put(world, "accounts/dangling", "{\"displayName\":\"D\",\"parentAccount\":\"accounts/never\"}");
	assert_false(may(world, "users/top", "accounts.read", "accounts/dangling"));
}

static void test_until_the_end_of_the_day(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/acme", "{\"displayName\":\"A\"}");
	world_bind(world, "users/temp", "roles/admin", "\"until\":\"2026-12-31\"");
	world->now_us = clock_days_of(2027, 1, 1) * 86400 * 1000000 - 1;
	assert_true(may(world, "users/temp", "accounts.read", "accounts/acme"));
	assert_true(decide_any(world_caller(world, "users/temp"), "accounts.read", world->now_us));
	assert_int_not_equal(decide_groups(world_caller(world, "users/temp"), "accounts.read", world->now_us), 0);
	world->now_us++;
	assert_false(may(world, "users/temp", "accounts.read", "accounts/acme"));
	assert_false(decide_any(world_caller(world, "users/temp"), "accounts.read", world->now_us));
	assert_int_equal(decide_groups(world_caller(world, "users/temp"), "accounts.read", world->now_us), 0);
}

static void test_groups_are_of_the_grants_that_reach(void **state)
{
	struct world *world = *state;
	put_accounts(world);
	world_role(world, "roles/wide", "ALL", "accounts.read", "PUBLIC");
	world_role(world, "roles/deep", "ASSIGNED", "accounts.read", "FINANCIAL");
	world_role(world, "roles/update", "ALL", "accounts.update", "STRATEGY");
	world_bind(world, "users/kim", "roles/wide", "");
	world_bind(world, "users/kim", "roles/deep", "");
	world_bind(world, "users/kim", "roles/update", "");
	assert_int_equal(world_decide(world, "users/kim", "accounts.read", "accounts/owned").groups, 1u << GROUP_PUBLIC | 1u << GROUP_FINANCIAL);
	assert_int_equal(world_decide(world, "users/kim", "accounts.read", "accounts/foreign").groups, 1u << GROUP_PUBLIC);
	assert_int_equal(world_decide(world, "users/kim", "accounts.update", "accounts/owned").groups, 1u << GROUP_STRATEGY);
	assert_int_equal(decide_groups(world_caller(world, "users/kim"), "accounts.read", world->now_us), 1u << GROUP_PUBLIC | 1u << GROUP_FINANCIAL);
}

static void test_permission_patterns(void **state)
{
	static const struct {
		const char *pattern, *permission;
		bool matches;
	} rows[] = {
		{"*", "accounts.read", true},           {"accounts.read", "accounts.read", true}, {"accounts.*", "accounts.read", true},
		{"*.read", "accounts.read", true},      {"*.read", "accounts.update", false},     {"accounts.*", "accountsx.read", false},
		{"account.*", "accounts.read", false},  {"accounts.rea", "accounts.read", false}, {"accounts.read", "accounts.reads", false},
		{"accounts", "accounts.read", false},   {"", "accounts.read", false},             {"*.", "accounts.read", false},
		{".*", "accounts.read", false},         {"**", "accounts.read", false},           {"a*.read", "accounts.read", false},
		{"accounts.r*", "accounts.read", false}, {"*.*", "accounts.read", true},          {"access.check", "access.check", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (permission_matches(rows[i].pattern, rows[i].permission) != rows[i].matches) {
			fail_msg("%s on %s", rows[i].pattern, rows[i].permission);
		}
	}
}

/* ---- what belongs to no account ---- */

static void test_contacts(void **state)
{
	struct world *world = *state;
	put_accounts(world);
	world_role(world, "roles/assigned", "ASSIGNED", "contacts.read", "PUBLIC,PERSONAL");
	world_role(world, "roles/all", "ALL", "contacts.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/assigned", "");
	world_bind(world, "users/any", "roles/all", "");
	world_put(world, "contacts/ann", "{\"displayName\":\"Ann\",\"creator\":\"users/admin\"}");
	world_put(world, "contacts/anna", "{\"displayName\":\"Anna\",\"creator\":\"users/admin\"}");
	world_put(world, "contacts/mine", "{\"displayName\":\"Mine\",\"creator\":\"users/kim\"}");
	assert_false(may(world, "users/kim", "contacts.read", "contacts/ann"));
	assert_true(may(world, "users/any", "contacts.read", "contacts/ann"));
	assert_true(may(world, "users/kim", "contacts.read", "contacts/mine"));
	assert_false(may(world, "users/kim", "contacts.read", "contacts/never"));
	world_put(world, "accounts/foreign/stakeholders/s", "{\"contact\":\"contacts/ann\"}");
	world_put(world, "accounts/owned/stakeholders/s", "{\"contact\":\"contacts/anna\"}");
	assert_false(may(world, "users/kim", "contacts.read", "contacts/ann"));
	assert_true(may(world, "users/kim", "contacts.read", "contacts/anna"));
	world_put(world, "accounts/owned/stakeholders/t", "{\"contact\":\"contacts/ann\"}");
	assert_true(may(world, "users/kim", "contacts.read", "contacts/ann"));
	world_put(world, "accounts/owned/stakeholders/t", "{\"contact\":\"contacts/anna\"}");
	assert_false(may(world, "users/kim", "contacts.read", "contacts/ann"));
}

/* Who may create contacts at all may create any: on no map yet, it is theirs. */
static void test_new_contacts(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/assigned", "ASSIGNED", "contacts.create,contacts.update", "PUBLIC,PERSONAL");
	world_role(world, "roles/anything", "TEAM", "*", "PUBLIC");
	world_bind(world, "users/kim", "roles/assigned", "\"region\":\"EMEA\"");
	world_bind(world, "users/any", "roles/anything", "");
	assert_true(may(world, "users/kim", "contacts.create", "contacts/new"));
	assert_false(may(world, "users/kim", "contacts.update", "contacts/new"));
	assert_false(may(world, "users/any", "dragon", "contacts/new"));
	assert_false(may(world, "users/any", "bindings.create", "bindings/new"));
}

/* Who was taken off the map is no way to a contact. */
static void test_deleted_stakeholder_shows_no_contact(void **state)
{
	struct world *world = *state;
	put_accounts(world);
	world_role(world, "roles/assigned", "ASSIGNED", "contacts.read", "PUBLIC");
	world_bind(world, "users/kim", "roles/assigned", "");
	world_put(world, "contacts/ann", "{\"displayName\":\"Ann\"}");
	world_put(world, "accounts/owned/stakeholders/s", "{\"contact\":\"contacts/ann\"}");
	assert_true(may(world, "users/kim", "contacts.read", "contacts/ann"));
	world_delete(world, "accounts/owned/stakeholders/s");
	assert_false(may(world, "users/kim", "contacts.read", "contacts/ann"));
}

static void test_all_only(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/all", "ALL", "*", "PUBLIC");
	world_role(world, "roles/team", "TEAM", "*", "PUBLIC");
	world_bind(world, "users/any", "roles/all", "");
	world_bind(world, "users/team", "roles/team", "");
	world_bind(world, "users/region", "roles/all", "\"region\":\"EMEA\"");
	static const char *const names[] = {"bindings/b", "users/other/sessions/s"};
	static const char *const permissions[] = {"bindings.update", "sessions.read"};
	for (size_t i = 0; i < 2; i++) {
		assert_true(may(world, "users/any", permissions[i], names[i]));
		assert_false(may(world, "users/team", permissions[i], names[i]));
		assert_false(may(world, "users/region", permissions[i], names[i]));
	}
	assert_true(may(world, "users/team", "products.read", "products/p"));
	assert_true(may(world, "users/team", "users.read", "users/any"));
}

static void test_everybody_has_their_own_sessions(void **state)
{
	struct world *world = *state;
	world_put(world, "users/joe", "{\"displayName\":\"Joe\"}");
	world_put(world, "users/joey", "{\"displayName\":\"Joey\"}");
	assert_true(may(world, "users/joe", "users.read", "users/joe"));
	assert_true(may(world, "users/joe", "sessions.read", "users/joe/sessions/s"));
	assert_true(may(world, "users/joe", "sessions.delete", "users/joe/sessions/s"));
	assert_int_equal(world_decide(world, "users/joe", "sessions.read", "users/joe/sessions/s").groups, GROUPS_ALL);
	assert_false(may(world, "users/joe", "users.update", "users/joe"));
	assert_false(may(world, "users/joe", "users.resetPassword", "users/joe"));
	assert_false(world_decide(world, "users/joe", "users.read", "users/joey").allowed);
	assert_false(world_decide(world, "users/joe", "sessions.read", "users/joey/sessions/s").allowed);
	struct decision nobody = decide(&world->engine.access, world_view(world), &caller_anonymous, "users.read", "users/joe", (struct bytes){0},
	                                world->now_us, NULL);
	assert_false(nobody.allowed);
	nobody = decide(&world->engine.access, world_view(world), &caller_anonymous, "sessions.read", "/sessions/x", (struct bytes){0}, world->now_us, NULL);
	assert_false(nobody.allowed);
}

/* ---- memo and bytes at hand ---- */

static void test_memo_gives_the_same(void **state)
{
	static const char *const names[] = {"accounts/owned", "accounts/owned/ties/a", "accounts/foreign/ties/b", "accounts/owned/ties/b", "accounts/foreign",
	                                    "products/p", "accounts/foreign/ties/c"};
	static const char *const permissions[] = {"accounts.read", "ties.read"};
	struct world *world = *state;
	struct decide_memo memo = {.permission = NULL};
	put_accounts(world);
	world_role(world, "roles/assigned", "ASSIGNED", "accounts.read", "PUBLIC");
	world_role(world, "roles/ties", "ASSIGNED", "ties.read", "STRATEGY");
	world_bind(world, "users/kim", "roles/assigned", "");
	world_bind(world, "users/kim", "roles/ties", "");
	const struct caller *caller = world_caller(world, "users/kim");
	const struct store_view *view = world_view(world);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct decision with = decide(&world->engine.access, view, caller, permissions[k], names[i], (struct bytes){0}, world->now_us, &memo);
			struct decision without = decide(&world->engine.access, view, caller, permissions[k], names[i], (struct bytes){0}, world->now_us, NULL);
			assert_int_equal(with.allowed, without.allowed);
			assert_int_equal(with.groups, without.groups);
		}
	}
}

static void test_account_bytes_at_hand(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/assigned", "ASSIGNED", "accounts.create", "PUBLIC");
	world_bind(world, "users/kim", "roles/assigned", "");
	struct bytes own = world_pack(world, "kam.v1.Account", "{\"owner\":\"users/kim\"}"), other = world_pack(world, "kam.v1.Account", "{\"owner\":\"users/x\"}");
	const struct caller *caller = world_caller(world, "users/kim");
	const struct store_view *view = world_view(world);
	assert_true(decide(&world->engine.access, view, caller, "accounts.create", "accounts/new", own, world->now_us, NULL).allowed);
	assert_false(decide(&world->engine.access, view, caller, "accounts.create", "accounts/new", other, world->now_us, NULL).allowed);
	/* Bytes that are damaged are a denial, whatever they end in. */
	for (size_t size = 0; size < own.size; size++) {
		assert_false(decide(&world->engine.access, view, caller, "accounts.create", "accounts/new", (struct bytes){own.data, size}, world->now_us, NULL).allowed);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_scopes),
		TEST(test_narrowed_to_a_region),
		TEST(test_narrowed_to_a_subtree),
		TEST(test_until_the_end_of_the_day),
		TEST(test_groups_are_of_the_grants_that_reach),
		TEST(test_permission_patterns),
		TEST(test_contacts),
		TEST(test_new_contacts),
		TEST(test_deleted_stakeholder_shows_no_contact),
		TEST(test_all_only),
		TEST(test_everybody_has_their_own_sessions),
		TEST(test_memo_gives_the_same),
		TEST(test_account_bytes_at_hand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
