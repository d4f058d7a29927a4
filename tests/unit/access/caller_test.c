/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls: users with their grants as they stand, sessions with all the ways in which they do not hold, and the cache.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "server/access/token.h"
#include "tests/unit/access/world.h"

#include <sodium.h>
#include <stdio.h>

#define SECOND 1000000ll

/* ---- grants ---- */

static void test_grants(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/r", "TEAM", "accounts.read,ties.*", "PUBLIC,STRATEGY");
	world_put(world, "accounts/acme", "{\"displayName\":\"Acme\"}");
	world_bind(world, "users/jane", "roles/r", "\"region\":\"EMEA\",\"accounts\":[\"accounts/acme\"],\"until\":\"2026-12-31\"");
	world_bind(world, "users/jan", "roles/admin", "");
	const struct caller *caller = world_caller(world, "users/jane");
	assert_string_equal(caller->user, "users/jane");
	assert_string_equal(caller->session, "");
	assert_int_equal(caller->grants_count, 1);
	const struct grant *grant = &caller->grants[0];
	assert_string_equal(grant->role, "roles/r");
	assert_string_equal(grant->region, "EMEA");
	assert_string_equal(grant->accounts[0], "accounts/acme");
	assert_int_equal(grant->scope, SCOPE_TEAM);
	assert_int_equal(grant->groups, 1u << GROUP_PUBLIC | 1u << GROUP_STRATEGY);
	assert_int_equal(grant->permissions_count, 2);
	assert_int_equal(grant->end_us, clock_days_of(2027, 1, 1) * 86400 * SECOND);
	assert_int_equal(world_caller(world, "users/jan")->grants[0].end_us, INT64_MAX);
}

static void test_binding_without_role_grants_nothing(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/r", "ALL", "*", "PUBLIC");
	world_bind(world, "users/jane", "roles/r", "");
	world_bind(world, "users/jane", "roles/never", "");
	world_put(world, "bindings/mine", "{\"user\":\"users/jane\",\"role\":\"roles/admin\"}");
	assert_int_equal(world_caller(world, "users/jane")->grants_count, 2);
	world_delete(world, "roles/r");
	assert_int_equal(world_caller(world, "users/jane")->grants_count, 1);
	world_delete(world, "bindings/mine");
	assert_int_equal(world_caller(world, "users/jane")->grants_count, 0);
	world_put(world, "bindings/mine", "{\"user\":\"users/other\",\"role\":\"roles/admin\"}");
	assert_int_equal(world_caller(world, "users/jane")->grants_count, 0);
}

/* What a role or binding does not say in a way we know, it does not allow. */
static void test_what_is_not_understood_grants_nothing(void **state)
{
	struct world *world = *state;
	world_put(world, "roles/unscoped", "{\"permissions\":[\"*\"],\"fieldGroups\":[\"FIELD_GROUP_PUBLIC\"]}");
	world_put(world, "roles/newer", "{\"permissions\":[\"*\"],\"scope\":9,\"fieldGroups\":[\"FIELD_GROUP_PUBLIC\"]}");
	world_put(world, "accounts/acme", "{\"displayName\":\"Acme\"}");
	world_bind(world, "users/jane", "roles/unscoped", "");
	world_bind(world, "users/jane", "roles/newer", "");
	assert_false(world_decide(world, "users/jane", "accounts.read", "accounts/acme").allowed);
	assert_false(world_decide(world, "users/jane", "products.read", "products/p").allowed);
	assert_false(decide_any(world_caller(world, "users/jane"), "accounts.read", world->now_us));
	world_bind(world, "users/joe", "roles/admin", "\"until\":\"soon\"");
	assert_false(world_decide(world, "users/joe", "accounts.read", "accounts/acme").allowed);
	world_put(world, "roles/odd", "{\"permissions\":[\"*\"],\"scope\":\"SCOPE_ALL\",\"fieldGroups\":[0, 6, 7, 40, -1, 2]}");
	world_bind(world, "users/odd", "roles/odd", "");
	assert_int_equal(world_caller(world, "users/odd")->grants[0].groups & ~(1u << GROUP_INHERIT), 1u << GROUP_COMMERCIAL);
}

static void test_who_is_no_caller(void **state)
{
	struct world *world = *state;
	struct caller caller;
	world_put(world, "users/off", "{\"displayName\":\"Off\",\"disabled\":true}");
	world_put(world, "users/gone", "{\"displayName\":\"Gone\"}");
	world_delete(world, "users/gone");
	static const struct {
		const char *user;
		enum status_code code;
	} rows[] = {{"users/off", STATUS_UNAUTHENTICATED}, {"users/gone", STATUS_UNAUTHENTICATED}, {"users/never", STATUS_NOT_FOUND}, {"", STATUS_NOT_FOUND}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct status st;
		status_init(&st);
		assert_false(caller_load(&world->engine.access, world_view(world), rows[i].user, &world->arena, &caller, &st));
		assert_int_equal(st.code, rows[i].code);
	}
}

/* ---- teams ---- */

static const char *team_of(struct world *world, const char *user)
{
	const struct caller *caller = world_caller(world, user);
	struct buf text;
	buf_init(&text, &world->arena);
	for (size_t i = 0; i < caller->team_count; i++) {
		buf_printf(&text, "%s%s", i ? " " : "", caller->team[i] + strlen("users/"));
	}
	return buf_text(&text);
}

static void test_team_is_everybody_below(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/lead", "TEAM", "accounts.read", "PUBLIC");
	world_role(world, "roles/self", "ASSIGNED", "accounts.read", "PUBLIC");
	world_bind(world, "users/boss", "roles/lead", "");
	world_put(world, "users/zoe", "{\"manager\":\"users/boss\"}");
	world_put(world, "users/amy", "{\"manager\":\"users/zoe\"}");
	world_put(world, "users/ben", "{\"manager\":\"users/amy\"}");
	world_put(world, "users/bos", "{\"manager\":\"users/bossy\"}");
	world_put(world, "users/other", "{\"manager\":\"users/admin\"}");
	assert_string_equal(team_of(world, "users/boss"), "amy ben zoe");
	world_delete(world, "users/amy");
	assert_string_equal(team_of(world, "users/boss"), "amy ben zoe");
	world_put(world, "users/zoe", "{\"manager\":\"users/admin\"}");
	assert_string_equal(team_of(world, "users/boss"), "");
	world_bind(world, "users/plain", "roles/self", "");
	world_put(world, "users/amy", "{\"manager\":\"users/plain\"}");
	assert_string_equal(team_of(world, "users/plain"), "");
}

static void test_team_of_a_circle_ends(void **state)
{
	struct world *world = *state;
	world_role(world, "roles/lead", "TEAM", "accounts.read", "PUBLIC");
	world_bind(world, "users/a", "roles/lead", "");
	world_put(world, "users/a", "{\"manager\":\"users/c\"}");
	world_put(world, "users/b", "{\"manager\":\"users/a\"}");
	world_put(world, "users/c", "{\"manager\":\"users/b\"}");
	assert_string_equal(team_of(world, "users/a"), "b c");
	world_put(world, "users/a", "{\"manager\":\"users/a\"}");
	assert_string_equal(team_of(world, "users/a"), "b c");
}

/* ---- sessions ---- */

struct session {
	char token[TOKEN_TEXT_BYTES], name[LIMIT_NAME_BYTES + 1];
	int64_t used_us, end_us;
};

static void put_session(struct world *world, struct session *session, const char *user, int64_t used_us, int64_t end_us, const char *more)
{
	char id[TOKEN_SESSION_ID_BYTES], text[64], used[CLOCK_TEXT_BYTES], end[CLOCK_TEXT_BYTES];
	uint8_t hash[TOKEN_HASH_BYTES];
	token_make(user, id, session->token, hash);
	snprintf(session->name, sizeof session->name, "users/%s/sessions/%s", user, id);
	session->used_us = used_us;
	session->end_us = end_us;
	sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
	clock_format(used_us / SECOND, 0, used);
	clock_format(end_us / SECOND, 0, end);
	world_putf(world, session->name, "{\"tokenHash\":\"%s\",\"lastUsedTime\":\"%s\",\"expireTime\":\"%s\"%s}", text, used, end, more);
}

/* The reason why a token does not hold at a time; "" where it does. */
static const char *why_not(struct world *world, const char *token, int64_t now_us)
{
	static struct status st;
	struct caller caller;
	status_init(&st);
	if (caller_of_token(&world->engine.access, world_view(world), token, now_us, &world->arena, &caller, &st)) {
		assert_true(status_ok(&st));
		assert_string_equal(caller.user, "users/jane");
		return "";
	}
	assert_int_equal(st.code, STATUS_UNAUTHENTICATED);
	return st.reason;
}

static void test_session(void **state)
{
	struct world *world = *state;
	struct session session;
	struct caller caller;
	int64_t now = world->now_us, idle = LIMIT_SESSION_IDLE_SECONDS * SECOND;
	world_bind(world, "users/jane", "roles/admin", "");
	put_session(world, &session, "jane", now, now + 100000 * SECOND, "");
	assert_true(caller_of_token(&world->engine.access, world_view(world), session.token, now, &world->arena, &caller, &world->st));
	assert_string_equal(caller.session, session.name);
	assert_int_equal(caller.end_us, session.end_us);
	assert_int_equal(caller.last_used_us, session.used_us);
	assert_int_equal(caller.grants_count, 1);
	assert_string_equal(why_not(world, session.token, now + idle - 1), "");
	assert_string_equal(why_not(world, session.token, now + idle), "SESSION_EXPIRED");
	put_session(world, &session, "jane", now, now + 100 * SECOND, "");
	assert_string_equal(why_not(world, session.token, now + 100 * SECOND - 1), "");
	assert_string_equal(why_not(world, session.token, now + 100 * SECOND), "SESSION_EXPIRED");
}

static void test_session_that_does_not_hold(void **state)
{
	struct world *world = *state;
	struct session session, other, lost;
	int64_t now = world->now_us, end = now + 100000 * SECOND;
	char token[TOKEN_TEXT_BYTES];
	world_bind(world, "users/jane", "roles/admin", "");
	put_session(world, &session, "jane", now, end, "");
	put_session(world, &other, "jane", now, end, "");
	put_session(world, &lost, "nobody", now, end, "");

	snprintf(token, sizeof token, "%.*s%s", (int)(strlen(session.token) - 43), session.token, other.token + strlen(other.token) - 43);
	assert_string_equal(why_not(world, token, now), "SESSION_INVALID");
	assert_string_equal(why_not(world, "", now), "SESSION_INVALID");
	assert_string_equal(why_not(world, "kam~jane~none~1234567890123456789012345678901234567890123", now), "SESSION_INVALID");
	assert_string_equal(why_not(world, lost.token, now), "SESSION_INVALID");

	/* The name of a session whose hash is missing is no way in. */
	world_putf(world, other.name, "{\"lastUsedTime\":\"2026-09-21T00:00:00Z\",\"expireTime\":\"2030-01-01T00:00:00Z\"}");
	assert_string_equal(why_not(world, other.token, now), "SESSION_INVALID");

	world_put(world, "users/jane", "{\"displayName\":\"Jane\",\"disabled\":true}");
	assert_string_equal(why_not(world, session.token, now), "SESSION_INVALID");
	world_put(world, "users/jane", "{\"displayName\":\"Jane\"}");
	assert_string_equal(why_not(world, session.token, now), "");
	world_delete(world, "users/jane");
	assert_string_equal(why_not(world, session.token, now), "SESSION_INVALID");
	world_put(world, "users/jane", "{\"displayName\":\"Jane\"}");
	assert_string_equal(why_not(world, session.token, now), "");
	world_delete(world, session.name);
	assert_string_not_equal(why_not(world, session.token, now), "");
	world_put_bytes(world, session.name, STORE_PURGE, (struct bytes){0});
	assert_string_equal(why_not(world, session.token, now), "SESSION_INVALID");
	put_session(world, &session, "jane", now, end, ",\"deleteTime\":\"2026-09-21T00:00:00Z\"");
	assert_string_not_equal(why_not(world, session.token, now), "");
}

/* ---- API tokens ---- */

static void put_token(struct world *world, struct session *token, const char *user, const char *id, const char *permissions, const char *more)
{
	char text[64];
	uint8_t hash[TOKEN_HASH_BYTES];
	token_make_api(user, id, token->token, hash);
	snprintf(token->name, sizeof token->name, "users/%s/tokens/%s", user, id);
	sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
	world_putf(world, token->name, "{\"tokenHash\":\"%s\",\"permissions\":[%s]%s%s}", text, permissions, *more ? "," : "", more);
}

static const struct caller *by_token(struct world *world, const struct session *token)
{
	struct caller *caller = arena_alloc(&world->arena, sizeof *caller);
	assert_true(caller_of_token(&world->engine.access, world_view(world), token->token, world->now_us, &world->arena, caller, &world->st));
	return caller;
}

static bool may(struct world *world, const struct caller *caller, const char *permission, const char *name)
{
	return decide(&world->engine.access, world_view(world), caller, permission, name, (struct bytes){0}, world->now_us, NULL).allowed;
}

/* At each call what is both the token's and its owner's. */
static void test_token_is_a_part_of_its_owner(void **state)
{
	struct world *world = *state;
	struct session token;
	world_role(world, "roles/r", "ASSIGNED", "accounts.*,ties.read,*.create", "PUBLIC");
	world_bind(world, "users/jane", "roles/r", "");
	world_put(world, "accounts/mine", "{\"displayName\":\"Mine\",\"owner\":\"users/jane\"}");
	world_put(world, "accounts/other", "{\"displayName\":\"Other\"}");
	put_token(world, &token, "jane", "ci", "\"accounts.read\",\"ties.*\",\"products.create\",\"users.delete\"", "\"expire\":\"2030-01-01\"");
	const struct caller *caller = by_token(world, &token);
	assert_string_equal(caller->user, "users/jane");
	assert_string_equal(caller->session, "");
	assert_string_equal(caller->token, "users/jane/tokens/ci");
	assert_true(may(world, caller, "accounts.read", "accounts/mine"));
	assert_false(may(world, caller, "accounts.read", "accounts/other"));
	assert_false(may(world, caller, "accounts.update", "accounts/mine"));
	assert_true(may(world, caller, "ties.read", "accounts/mine/ties/x"));
	assert_true(may(world, caller, "ties.create", "accounts/mine/ties/x"));
	assert_false(may(world, caller, "ties.delete", "accounts/mine/ties/x"));
	assert_true(decide_any(caller, "products.create", world->now_us));
	assert_false(decide_any(caller, "products.read", world->now_us) || decide_any(caller, "users.delete", world->now_us));
	/* What the owner loses, the token loses. */
	world_role(world, "roles/r", "ASSIGNED", "accounts.update", "PUBLIC");
	caller = by_token(world, &token);
	assert_false(may(world, caller, "accounts.read", "accounts/mine") || may(world, caller, "accounts.update", "accounts/mine") ||
	             may(world, caller, "ties.read", "accounts/mine/ties/x"));
	world_role(world, "roles/r", "ASSIGNED", "*", "PUBLIC");
	put_token(world, &token, "jane", "ci", "\"*.read\"", "\"expire\":\"2030-01-01\"");
	caller = by_token(world, &token);
	assert_true(may(world, caller, "accounts.read", "accounts/mine"));
	assert_false(may(world, caller, "accounts.update", "accounts/mine"));
}

/* Also about themselves, where everybody may otherwise. */
static void test_token_and_its_own_user(void **state)
{
	struct world *world = *state;
	struct session token;
	world_bind(world, "users/jane", "roles/none", "");
	put_token(world, &token, "jane", "ci", "\"sessions.read\",\"tokens.*\"", "\"expire\":\"2030-01-01\"");
	const struct caller *caller = by_token(world, &token);
	assert_true(may(world, caller, "sessions.read", "users/jane/sessions/x") && decide_token(caller, "sessions.read"));
	assert_false(may(world, caller, "sessions.delete", "users/jane/sessions/x") || decide_token(caller, "sessions.delete"));
	assert_true(may(world, caller, "tokens.delete", "users/jane/tokens/x"));
	assert_false(may(world, caller, "tokens.delete", "users/jan/tokens/x") || may(world, caller, "tokens.delete", "users/jane2/tokens/x"));
	assert_false(may(world, caller, "users.read", "users/jane"));
	assert_false(may(world, caller, "tokens.read", "users/jane/sessions/x") || may(world, caller, "sessions.read", "users/jane/tokens/x"));
	/* Signed in, all of it, and no more. */
	caller = world_caller(world, "users/jane");
	assert_true(may(world, caller, "sessions.delete", "users/jane/sessions/x") && may(world, caller, "tokens.create", "users/jane/tokens/x") &&
	            may(world, caller, "users.read", "users/jane") && decide_token(caller, "anything.else"));
	assert_false(may(world, caller, "tokens.read", "users/joe/tokens/x") || may(world, caller, "users.update", "users/jane"));
}

static void test_token_that_does_not_hold(void **state)
{
	struct world *world = *state;
	struct session token, session;
	char text[TOKEN_TEXT_BYTES];
	const int64_t end = clock_days_of(2026, 10, 1) * 86400 * SECOND;
	world_bind(world, "users/jane", "roles/admin", "");
	put_token(world, &token, "jane", "ci", "\"*\"", "\"expire\":\"2026-09-30\"");
	assert_string_equal(why_not(world, token.token, end - 1), "");
	assert_string_equal(why_not(world, token.token, end), "SESSION_EXPIRED");
	/* Not used for a month, it holds all the same. */
	put_token(world, &token, "jane", "ci", "\"*\"", "\"expire\":\"2026-09-30\",\"lastUsedTime\":\"2026-01-01T00:00:00Z\"");
	assert_string_equal(why_not(world, token.token, end - 1), "");
	/* Its secret is no session's, nor the other way round. */
	put_session(world, &session, "jane", world->now_us, end, "");
	snprintf(text, sizeof text, "kam~jane~ci~%.43s", token.token + strlen(token.token) - 43);
	assert_string_equal(why_not(world, text, end - 1), "SESSION_INVALID");
	snprintf(text, sizeof text, "kamapi~%.200s", session.token + strlen("kam~"));
	assert_string_equal(why_not(world, text, end - 1), "SESSION_INVALID");
	snprintf(text, sizeof text, "kamapi~jane~ci~%.43s", session.token + strlen(session.token) - 43);
	assert_string_equal(why_not(world, text, end - 1), "SESSION_INVALID");
	world_put(world, "users/jane", "{\"displayName\":\"Jane\",\"disabled\":true}");
	assert_string_equal(why_not(world, token.token, end - 1), "SESSION_INVALID");
	world_put(world, "users/jane", "{\"displayName\":\"Jane\"}");
	assert_string_equal(why_not(world, token.token, end - 1), "");
	world_put_bytes(world, token.name, STORE_PURGE, (struct bytes){0});
	assert_string_equal(why_not(world, token.token, end - 1), "SESSION_INVALID");
	/* Without a last day, as none is stored, it would hold for ever. */
	put_token(world, &token, "jane", "ci", "\"*\"", "");
	assert_string_equal(why_not(world, token.token, end - 1), "SESSION_EXPIRED");
}

static void test_session_that_may_idle_for_less(void **state)
{
	struct world *world = *state;
	struct session session;
	const int64_t now = world->now_us;
	world_bind(world, "users/jane", "roles/admin", "");
	put_session(world, &session, "jane", now, now + 100000 * SECOND, "");
	world->engine.access.settings.session_idle_s = 60;
	assert_string_equal(why_not(world, session.token, now + 60 * SECOND - 1), "");
	assert_string_equal(why_not(world, session.token, now + 60 * SECOND), "SESSION_EXPIRED");
	assert_int_equal(access_touch_us(&world->engine.access), 16 * SECOND);
}

/* ---- cache ---- */

static const struct caller *cached(struct world *world, struct caller_cache *cache, const char *token, int64_t now_us, uint64_t epoch)
{
	struct status st;
	status_init(&st);
	const struct caller *caller = caller_cache_get(cache, &world->engine.access, world_view(world), token, now_us, epoch, &st);
	assert_int_equal(caller != NULL, status_ok(&st));
	assert_true(caller || st.code == STATUS_UNAUTHENTICATED);
	return caller;
}

static void test_cache(void **state)
{
	struct world *world = *state;
	struct caller_cache *cache = caller_cache_new();
	struct session session;
	char token[TOKEN_TEXT_BYTES + 8], longest[600];
	int64_t now = world->now_us, idle = LIMIT_SESSION_IDLE_SECONDS * SECOND;
	world_bind(world, "users/jane", "roles/admin", "");
	put_session(world, &session, "jane", now, now + 2 * idle, "");
	const struct caller *first = cached(world, cache, session.token, now, 0);
	assert_non_null(first);
	assert_int_equal(first->grants_count, 1);

	/* What changes is seen with the next epoch, and no sooner. */
	world_bind(world, "users/jane", "roles/admin", "");
	assert_int_equal(cached(world, cache, session.token, now, 0)->grants_count, 1);
	assert_int_equal(cached(world, cache, session.token, now, 1)->grants_count, 2);
	assert_null(cached(world, cache, session.token, now + idle, 1));
	assert_non_null(cached(world, cache, session.token, now, 1));
	/* Noted as in use, it holds longer here, though nobody told the store yet; told anew it is as stored. */
	caller_cache_touch(cache, cached(world, cache, session.token, now, 1), now + idle / 2);
	assert_int_equal(cached(world, cache, session.token, now, 1)->last_used_us, now + idle / 2);
	assert_non_null(cached(world, cache, session.token, now + idle, 1));
	assert_null(cached(world, cache, session.token, now + idle, 2));

	/* Tokens that begin alike are not the same. */
	snprintf(token, sizeof token, "%sA", session.token);
	assert_null(cached(world, cache, token, now, 1));
	snprintf(token, sizeof token, "%.*s", (int)strlen(session.token) - 1, session.token);
	assert_null(cached(world, cache, token, now, 1));
	assert_null(cached(world, cache, "", now, 1));
	memset(longest, 'k', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (size_t size = 250; size < 260; size++) {
		assert_null(cached(world, cache, longest + sizeof longest - 1 - size, now, 1));
	}

	world_delete(world, session.name);
	assert_non_null(cached(world, cache, session.token, now, 1));
	assert_null(cached(world, cache, session.token, now, 2));
	caller_cache_free(cache);
	caller_cache_free(NULL);
}

/* More callers than the cache has places: each is still who they are. */
static void test_cache_overflows(void **state)
{
	enum { SESSIONS = 600 };
	struct world *world = *state;
	struct caller_cache *cache = caller_cache_new();
	static struct session sessions[SESSIONS];
	world_bind(world, "users/jane", "roles/admin", "");
	world_bind(world, "users/joe", "roles/admin", "");
	for (int i = 0; i < SESSIONS; i++) {
		put_session(world, &sessions[i], i % 2 ? "jane" : "joe", world->now_us, world->now_us + 5000 * SECOND, "");
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < SESSIONS; i++) {
			const struct caller *caller = cached(world, cache, sessions[i].token, world->now_us - 1000 * SECOND, 5);
			assert_non_null(caller);
			assert_string_equal(caller->session, sessions[i].name);
			assert_string_equal(caller->user, i % 2 ? "users/jane" : "users/joe");
		}
	}
	caller_cache_free(cache);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_grants),
		TEST(test_binding_without_role_grants_nothing),
		TEST(test_what_is_not_understood_grants_nothing),
		TEST(test_who_is_no_caller),
		TEST(test_team_is_everybody_below),
		TEST(test_team_of_a_circle_ends),
		TEST(test_session),
		TEST(test_session_that_does_not_hold),
		TEST(test_token_is_a_part_of_its_owner),
		TEST(test_token_and_its_own_user),
		TEST(test_token_that_does_not_hold),
		TEST(test_session_that_may_idle_for_less),
		TEST(test_cache),
		TEST(test_cache_overflows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
