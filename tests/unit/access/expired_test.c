/* SPDX-License-Identifier: Apache-2.0
 *
 * Which sessions and API tokens are removed, and that not all at once are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "server/access/expired.h"
#include "tests/unit/access/world.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000000ll

static void put_session(struct world *world, const char *name, int64_t used_us, int64_t end_us)
{
	char used[CLOCK_TEXT_BYTES], end[CLOCK_TEXT_BYTES];
	clock_format(used_us / SECOND, 0, used);
	clock_format(end_us / SECOND, 0, end);
	world_putf(world, name, "{\"lastUsedTime\":\"%s\",\"expireTime\":\"%s\"}", used, end);
}

/* What would be removed, joined by blanks. */
static const char *found(struct world *world, int64_t now_us, size_t most)
{
	size_t count;
	struct buf text;
	const struct store_change *changes = expired_find(&world->engine.access, world_view(world), now_us, most, &world->arena, &count, &world->st);
	assert_non_null(changes);
	buf_init(&text, &world->arena);
	for (size_t i = 0; i < count; i++) {
		struct store_record record;
		assert_int_equal(changes[i].operation, STORE_PURGE);
		assert_true(store_get(world_view(world), changes[i].name, &record, &world->st));
		assert_int_equal(changes[i].previous_revision, record.revision);
		buf_printf(&text, "%s%s", i ? " " : "", changes[i].name + strlen("users/"));
	}
	return buf_text(&text);
}

static void test_sessions(void **state)
{
	struct world *world = *state;
	const int64_t now = world->now_us, hour = 3600 * SECOND;
	assert_string_equal(found(world, now, 100), "");
	put_session(world, "users/admin/sessions/lives", now, now + 100 * hour);
	put_session(world, "users/admin/sessions/idle", now - 12 * hour - SECOND, now + 100 * hour);
	put_session(world, "users/admin/sessions/nearly", now - 12 * hour, now + 100 * hour);
	put_session(world, "users/jane/sessions/over", now, now);
	put_session(world, "users/jane/sessions/soon", now, now + SECOND);
	world_put(world, "users/joe/sessions/odd", "{}");
	assert_string_equal(found(world, now, 100), "admin/sessions/idle jane/sessions/over joe/sessions/odd");
	assert_string_equal(found(world, now, 2), "admin/sessions/idle jane/sessions/over");
	world->engine.access.settings.session_idle_s = 7200;
	assert_string_equal(found(world, now, 100), "admin/sessions/idle admin/sessions/nearly jane/sessions/over joe/sessions/odd");
}

static void test_tokens_stay_for_a_while(void **state)
{
	struct world *world = *state;
	world_put(world, "users/admin/tokens/a", "{\"expire\":\"2026-03-31\"}");
	world_put(world, "users/admin/tokens/b", "{\"expire\":\"2026-04-01\"}");
	const int64_t end = clock_days_of(2026, 4, 1) * 86400 * SECOND, kept = LIMIT_TOKEN_KEPT_SECONDS * SECOND;
	assert_string_equal(found(world, end + kept - SECOND, 100), "");
	assert_string_equal(found(world, end + kept, 100), "admin/tokens/a");
	assert_string_equal(found(world, end + kept + 86400 * SECOND, 100), "admin/tokens/a admin/tokens/b");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {TEST(test_sessions), TEST(test_tokens_stay_for_a_while)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
