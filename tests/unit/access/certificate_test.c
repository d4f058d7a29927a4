/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom a name given by others stands for, and who calls by certificate.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/access/certificate.h"
#include "server/access/sign_in_name.h"
#include "tests/unit/access/world.h"

#include <stdio.h>

/* The user who has a sign-in name, "-" where nobody has. */
static const char *owner(struct world *world, const char *name)
{
	char user[LIMIT_NAME_BYTES + 1];
	struct status st;
	status_init(&st);
	bool found = sign_in_name_find(&world->engine.access, world_view(world), name, user, &st);
	assert_true(status_ok(&st));
	return found ? arena_strdup(&world->arena, user) : "-";
}

static void stands_for_the_one_who_lives(void **state)
{
	struct world *world = *state;
	world_put(world, "users/jane", "{\"displayName\":\"J\",\"signInNames\":[\"oidc:jane\",\"certificate:jane\"]}");
	world_put(world, "users/tom", "{\"displayName\":\"T\",\"signInNames\":[\"oidc:janet\"],\"disabled\":true}");
	assert_string_equal(owner(world, "oidc:jane"), "users/jane");
	assert_string_equal(owner(world, "certificate:jane"), "users/jane");
	assert_string_equal(owner(world, "oidc:janet"), "users/tom");
	static const char *const nobodys[] = {"", "oidc:", "oidc:jan", "oidc:Jane", "oidc:jane ", "jane", "certificate:janet"};
	for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++) {
		assert_string_equal(owner(world, nobodys[i]), "-");
	}
	world_delete(world, "users/jane");
	assert_string_equal(owner(world, "oidc:jane"), "-");
	world_put(world, "users/new", "{\"displayName\":\"N\",\"signInNames\":[\"oidc:jane\"]}");
	assert_string_equal(owner(world, "oidc:jane"), "users/new");
	world_put(world, "users/jane", "{\"displayName\":\"J\",\"signInNames\":[\"oidc:jane\"]}");
	assert_string_equal(owner(world, "oidc:jane"), "-"); /* two: whoever it is, it may be the wrong one */
}

/* An index holds the beginning of a longer name. */
static void stands_for_its_whole_length(void **state)
{
	struct world *world = *state;
	char name[LIMIT_INDEX_VALUE_BYTES + 2];
	memset(name, 'a', sizeof name);
	memcpy(name, "oidc:", 5);
	name[LIMIT_INDEX_VALUE_BYTES] = '\0';
	world_putf(world, "users/jane", "{\"displayName\":\"J\",\"signInNames\":[\"%s\"]}", name);
	assert_string_equal(owner(world, name), "users/jane");
	name[LIMIT_INDEX_VALUE_BYTES] = 'a';
	name[LIMIT_INDEX_VALUE_BYTES + 1] = '\0';
	assert_string_equal(owner(world, name), "-");
}

struct caching {
	struct world *world;
	struct certificate_cache *cache;
	struct status st;
};

static const struct caller *get(struct caching *caching, const char *name, uint64_t epoch)
{
	status_init(&caching->st);
	return certificate_cache_get(&caching->cache, &caching->world->engine.access, world_view(caching->world), name, epoch, &caching->st);
}

static void is_looked_up_again_when_anything_changed(void **state)
{
	struct caching caching = {.world = *state};
	world_bind(caching.world, "users/jane", "roles/admin", "");
	world_put(caching.world, "users/jane", "{\"displayName\":\"J\",\"signInNames\":[\"certificate:jane@example.com\"]}");
	const struct caller *caller = get(&caching, "jane@example.com", 1);
	assert_non_null(caller);
	assert_string_equal(caller->user, "users/jane");
	assert_string_equal(caller->session, "");
	assert_int_equal(caller->grants_count, 1);
	assert_ptr_equal(get(&caching, "jane@example.com", 1), caller);
	world_put(caching.world, "users/jane", "{\"displayName\":\"J\",\"signInNames\":[\"certificate:jane@example.com\"],\"disabled\":true}");
	assert_non_null(get(&caching, "jane@example.com", 1)); /* nobody has said so yet */
	assert_null(get(&caching, "jane@example.com", 2));
	char message[STATUS_MESSAGE_BYTES];
	memcpy(message, caching.st.message, sizeof message);
	assert_int_equal(caching.st.code, STATUS_UNAUTHENTICATED);
	static const char *const nobodys[] = {"", "tom@example.com", "certificate:jane@example.com"};
	for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++) {
		assert_null(get(&caching, nobodys[i], 2));
		assert_int_equal(caching.st.code, STATUS_UNAUTHENTICATED);
		assert_string_equal(caching.st.message, message);
	}
	certificate_cache_free(caching.cache);
}

static void keeps_many_apart(void **state)
{
	struct caching caching = {.world = *state};
	char name[32], user[32];
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 150; i++) {
			snprintf(name, sizeof name, "m%d@example.com", i);
			snprintf(user, sizeof user, "users/m%d", i);
			if (round == 0) {
				world_putf(caching.world, user, "{\"displayName\":\"M\",\"signInNames\":[\"certificate:%s\"]}", name);
			}
			const struct caller *caller = get(&caching, name, 1);
			assert_non_null(caller);
			assert_string_equal(caller->user, user);
		}
	}
	certificate_cache_free(caching.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stands_for_the_one_who_lives, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(stands_for_its_whole_length, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(is_looked_up_again_when_anything_changed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(keeps_many_apart, world_setup, world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
