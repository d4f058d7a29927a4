/* SPDX-License-Identifier: Apache-2.0
 *
 * What is blind and for how long, and who its author is; and that no role, not even an administrator's, sees past it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/access/blind.h"
#include "tests/unit/access/world.h"

#include <string.h>

#define BALLOT "rounds/r/ballots/ed"

static bool blind(struct world *world, const char *plural, const char *name)
{
	return blind_now(world_view(world), schema_resource_find(world->schema, plural), name);
}

static void put_round(struct world *world, const char *state)
{
	world_putf(world, "rounds/r", "{\"title\":\"R\",\"state\":\"ROUND_STATE_%s\"}", state);
}

static void test_blind_until_the_round_closes(void **state)
{
	struct world *world = *state;
	assert_true(blind(world, "ballots", BALLOT)); /* there is no round */
	world_put(world, "rounds/r", "{\"title\":\"no state\"}");
	assert_true(blind(world, "ballots", BALLOT));
	put_round(world, "DRAFT");
	assert_true(blind(world, "ballots", BALLOT));
	put_round(world, "OPEN");
	assert_true(blind(world, "ballots", BALLOT));
	put_round(world, "CLOSED");
	assert_false(blind(world, "ballots", BALLOT));
	assert_true(blind(world, "ballots", "rounds/other/ballots/ed"));
	put_round(world, "DECIDED");
	assert_false(blind(world, "ballots", BALLOT));
}

static void test_what_is_not_blind_and_what_cannot_be_told(void **state)
{
	struct world *world = *state;
	char name[2 * LIMIT_NAME_BYTES];
	assert_false(blind(world, "accounts", "accounts/a"));
	assert_false(blind(world, "decisions", "rounds/r/decisions/a"));
	put_round(world, "CLOSED");
	assert_true(blind(world, "ballots", ""));
	assert_true(blind(world, "ballots", "ballots/ed"));
	memset(name, 'r', sizeof name);
	memcpy(name + sizeof name - sizeof "/ballots/ed", "/ballots/ed", sizeof "/ballots/ed");
	assert_true(blind(world, "ballots", name));
}

/* The state is read straight from the bytes, and must be what a reader of messages finds: the last one, and none in what breaks off. */
static void test_bytes_that_say_it_twice_or_break_off(void **state)
{
	struct world *world = *state;
	struct bytes open = world_pack(world, "kam.v1.Round", "{\"state\":\"ROUND_STATE_OPEN\"}");
	struct bytes closed = world_pack(world, "kam.v1.Round", "{\"state\":\"ROUND_STATE_CLOSED\"}");
	unsigned char both[64];
	assert_true(open.size + closed.size <= sizeof both);
	memcpy(both, closed.data, closed.size);
	memcpy(both + closed.size, open.data, open.size);
	world_put_bytes(world, "rounds/r", STORE_UPDATE, (struct bytes){both, closed.size + open.size});
	assert_true(blind(world, "ballots", BALLOT));
	memcpy(both, open.data, open.size);
	memcpy(both + open.size, closed.data, closed.size);
	world_put_bytes(world, "rounds/r", STORE_UPDATE, (struct bytes){both, closed.size + open.size});
	assert_false(blind(world, "ballots", BALLOT));
	world_put_bytes(world, "rounds/r", STORE_UPDATE, (struct bytes){closed.data, closed.size - 1});
	assert_true(blind(world, "ballots", BALLOT));
}

static void test_the_author_is_who_the_name_says(void **state)
{
	struct world *world = *state;
	const struct schema_resource *ballots = schema_resource_find(world->schema, "ballots");
	assert_true(blind_author(ballots, BALLOT, "users/ed"));
	assert_false(blind_author(ballots, BALLOT, "users/e"));
	assert_false(blind_author(ballots, BALLOT, "users/eddy"));
	assert_false(blind_author(ballots, BALLOT, "users/d"));
	assert_false(blind_author(ballots, BALLOT, "ed"));
	assert_false(blind_author(ballots, "rounds/ed/ballots/eve", "users/ed"));
	assert_false(blind_author(schema_resource_find(world->schema, "accounts"), "accounts/ed", "users/ed"));
}

static void test_no_role_sees_past_it(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/all", "ALL", "ballots.read,rounds.read", "PUBLIC,STRATEGY,PERSONAL");
	world_bind(world, "users/ed", "roles/all", "");
	world_bind(world, "users/eve", "roles/all", "");
	world_put(world, "users/nobody", "{\"displayName\":\"No role\"}");
	put_round(world, "OPEN");
	assert_true(world_decide(world, "users/ed", "ballots.read", BALLOT).allowed);
	assert_false(world_decide(world, "users/eve", "ballots.read", BALLOT).allowed);
	assert_false(world_decide(world, "users/admin", "ballots.read", BALLOT).allowed);
	assert_true(world_decide(world, "users/eve", "rounds.read", "rounds/r").allowed);
	put_round(world, "CLOSED");
	assert_true(world_decide(world, "users/eve", "ballots.read", BALLOT).allowed);
	assert_true(world_decide(world, "users/admin", "ballots.read", BALLOT).allowed);
	assert_false(world_decide(world, "users/nobody", "ballots.read", BALLOT).allowed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_blind_until_the_round_closes, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_blind_and_what_cannot_be_told, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_bytes_that_say_it_twice_or_break_off, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_the_author_is_who_the_name_says, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_no_role_sees_past_it, world_setup, world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
