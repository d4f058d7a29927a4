/* SPDX-License-Identifier: Apache-2.0
 *
 * Failures of signing in: what is allowed, whom it is charged to, that it fills again, and that nobody can be kept out by others.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/access/throttle.h"

#include <sodium.h>
#include <stdio.h>

#define SECOND 1000000ll

static const struct throttle_limits limits = {.failures = 4, .failures_per_user = 10, .failures_per_address = 20, .failures_s = 100};
static struct throttle *throttle;
static int64_t now_us;

static int setup(void **state)
{
	(void)state;
	throttle = throttle_new(&limits);
	now_us = 5000 * SECOND;
	return !throttle;
}

static int teardown(void **state)
{
	(void)state;
	throttle_free(throttle);
	return 0;
}

/* A try with a wrong password. True where the right one would have been believed. */
static bool fails(const char *user, const char *address)
{
	struct throttle_try attempt;
	throttle_begin(throttle, user, address, now_us, &attempt);
	return !attempt.over || (!attempt.known_over && throttle_knows(throttle, user, address));
}

static bool succeeds(const char *user, const char *address)
{
	struct throttle_try attempt;
	throttle_begin(throttle, user, address, now_us, &attempt);
	bool believed = !attempt.over || (!attempt.known_over && throttle_knows(throttle, user, address));
	if (believed) {
		throttle_right(throttle, &attempt);
	}
	return believed;
}

static unsigned failures(const char *user, const char *address, unsigned tries)
{
	unsigned believed = 0;
	for (unsigned i = 0; i < tries; i++) {
		believed += fails(user, address);
	}
	return believed;
}

static void test_one_user_from_one_address(void **state)
{
	(void)state;
	assert_int_equal(failures("users/jane", "192.0.2.1", 50), 4);
	assert_false(succeeds("users/jane", "192.0.2.1"));
	assert_true(succeeds("users/joe", "192.0.2.1"));
	assert_true(succeeds("users/jane", "192.0.2.2"));
	/* A quarter of the time gives back one of four; what was over has cost nothing. */
	now_us += 25 * SECOND;
	assert_int_equal(failures("users/ann", "192.0.2.1", 50), 4);
	assert_int_equal(failures("users/joe", "192.0.2.1", 1), 1);
	now_us += 1000 * SECOND;
	assert_int_equal(failures("users/ann", "192.0.2.1", 50), 4);
	now_us += 25 * SECOND;
	assert_int_equal(failures("users/ann", "192.0.2.1", 50), 1);
	now_us += 25 * SECOND;
	assert_true(succeeds("users/ann", "192.0.2.1"));
}

static void test_right_ones_cost_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(succeeds("users/jane", "192.0.2.1"));
	}
	assert_true(fails("users/jane", "192.0.2.1"));
}

/* All addresses together, for somebody who is known nowhere: names that are nobody's are treated alike. */
static void test_one_user_from_many_addresses(void **state)
{
	static const char *const users[] = {"users/jane", "users/nobody", ""};
	char address[32];
	(void)state;
	for (size_t user = 0; user < 3; user++) {
		unsigned believed = 0;
		for (int i = 0; i < 50; i++) {
			snprintf(address, sizeof address, "198.51.%zu.%d", user, i);
			believed += fails(users[user], address);
		}
		assert_int_equal(believed, 10);
		assert_false(succeeds(users[user], "203.0.113.9"));
	}
	now_us += 10 * SECOND;
	assert_true(succeeds("users/jane", "203.0.113.9"));
}

/* One address cannot use up a user's allowance alone, nor charge users when its own is used up. */
static void test_one_address_keeps_nobody_out(void **state)
{
	char user[32];
	(void)state;
	failures("users/jane", "192.0.2.1", 1000);
	assert_true(succeeds("users/jane", "192.0.2.2"));
	unsigned believed = 0;
	for (int i = 0; i < 200; i++) {
		snprintf(user, sizeof user, "users/u%d", i);
		believed += fails(user, "192.0.2.3");
	}
	assert_int_equal(believed, 20);
	for (int i = 0; i < 30; i++) {
		fails("users/joe", "192.0.2.3");
	}
	assert_int_equal(failures("users/joe", "192.0.2.4", 50), 4);
	assert_true(succeeds("users/joe", "192.0.2.5"));
	assert_true(succeeds("users/u150", "192.0.2.4"));
}

/* Where a user has signed in they get in whatever others do, but guessing there is bounded too. */
static void test_known_addresses(void **state)
{
	char address[32];
	(void)state;
	assert_false(throttle_knows(throttle, "users/jane", "192.0.2.1"));
	assert_true(succeeds("users/jane", "192.0.2.1"));
	assert_true(throttle_knows(throttle, "users/jane", "192.0.2.1") && throttle_knows_address(throttle, "192.0.2.1"));
	assert_false(throttle_knows(throttle, "users/joe", "192.0.2.1") || throttle_knows(throttle, "users/jane", "192.0.2.2") ||
	             throttle_knows_address(throttle, "192.0.2.2"));
	for (int i = 0; i < 1000; i++) {
		snprintf(address, sizeof address, "198.51.100.%d", i % 200);
		fails("users/jane", address);
		snprintf(address, sizeof address, "users/x%d", i);
		fails(address, "192.0.2.1");
	}
	assert_false(succeeds("users/jane", "192.0.2.77"));
	assert_true(succeeds("users/jane", "192.0.2.1"));
	assert_int_equal(failures("users/jane", "192.0.2.1", 100), 10);
	assert_false(succeeds("users/jane", "192.0.2.1"));
	/* An administrator's one-time token makes another address known. */
	throttle_know(throttle, "users/jane", "192.0.2.77");
	assert_true(succeeds("users/jane", "192.0.2.77"));
}

/* However many names and addresses fail: nobody else is affected, and who has used up their allowance does not get it back by that. */
static void test_floods_clear_nothing(void **state)
{
	char user[32], address[48];
	(void)state;
	failures("users/jane", "2001:db8::1", 10);
	assert_true(succeeds("users/known", "192.0.2.200"));
	for (int i = 0; i < 20000; i++) {
		snprintf(user, sizeof user, "users/flood%d", i);
		snprintf(address, sizeof address, "2001:db8:%x:%x::1", i >> 8, i & 0xff);
		fails(user, address);
	}
	assert_false(succeeds("users/jane", "2001:db8::2")); /* the same /64 */
	assert_true(throttle_knows(throttle, "users/known", "192.0.2.200"));
	unsigned in = 0;
	for (int i = 0; i < 200; i++) {
		snprintf(user, sizeof user, "users/honest%d", i);
		snprintf(address, sizeof address, "203.0.113.%d", i);
		in += succeeds(user, address);
	}
	assert_true(in >= 199); /* cells are shared by chance: two rows of two counts would have to be full at once */
}

static void test_changes_of_a_password(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_true(throttle_change_begin(throttle, "users/jane", now_us));
	}
	assert_false(throttle_change_begin(throttle, "users/jane", now_us));
	assert_true(throttle_change_begin(throttle, "users/joe", now_us));
	assert_true(succeeds("users/jane", "192.0.2.1"));
	now_us += 25 * SECOND;
	for (int i = 0; i < 100; i++) {
		assert_true(throttle_change_begin(throttle, "users/jane", now_us));
		throttle_change_right(throttle, "users/jane");
	}
	/* Nor does failing to sign in keep anybody from changing their password. */
	failures("users/ann", "192.0.2.1", 100);
	assert_true(throttle_change_begin(throttle, "users/ann", now_us));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_one_user_from_one_address), TEST(test_right_ones_cost_nothing), TEST(test_one_user_from_many_addresses), TEST(test_one_address_keeps_nobody_out),
		TEST(test_known_addresses),           TEST(test_floods_clear_nothing),    TEST(test_changes_of_a_password),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
