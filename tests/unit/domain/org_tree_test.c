/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees, and what is no tree.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/domain/org_tree.h"

#include <stdlib.h>

#define NONE ORG_NOBODY

static void check(const size_t *bosses, size_t count, const size_t *wanted_order, const int *wanted_depths)
{
	struct org_person people[16] = {0};
	size_t order[16];
	assert_true(count <= 16);
	for (size_t i = 0; i < count; i++) {
		people[i].boss = bosses[i];
	}
	org_tree(people, count, order);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(order[i], wanted_order[i]);
		assert_int_equal(people[order[i]].depth, wanted_depths[i]);
	}
}

static void test_empty(void **state)
{
	(void)state;
	org_tree(NULL, 0, NULL);
}

static void test_each_after_their_boss(void **state)
{
	(void)state;
	/* 4 leads 1 and 3; 1 leads 0; 2 stands alone. */
	const size_t bosses[] = {1, 4, NONE, 4, NONE};
	const size_t order[] = {2, 4, 1, 0, 3};
	const int depths[] = {0, 0, 1, 2, 1};
	check(bosses, 5, order, depths);
}

static void test_chain_then_sibling_above(void **state)
{
	(void)state;
	/* 0 > 1 > 2 > 3, and 4 below 0 again. */
	const size_t bosses[] = {NONE, 0, 1, 2, 0};
	const size_t order[] = {0, 1, 2, 3, 4};
	const int depths[] = {0, 1, 2, 3, 1};
	check(bosses, 5, order, depths);
}

static void test_circle_is_cut_at_the_first(void **state)
{
	(void)state;
	/* 3 > 1 > 2 > 3 is a circle; 0 hangs on it and is no part of it; 4 reports to itself. */
	struct org_person people[] = {{.boss = 2}, {.boss = 3}, {.boss = 1}, {.boss = 2}, {.boss = 4}};
	size_t order[5];
	const size_t wanted[] = {1, 2, 0, 3, 4};
	org_tree(people, 5, order);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(people[i].cut, i == 1 || i == 4);
		assert_int_equal(order[i], wanted[i]);
	}
	assert_int_equal(people[1].boss, NONE);
	assert_int_equal(people[0].depth, 2);
	assert_int_equal(people[3].depth, 2);
}

static void test_two_circles(void **state)
{
	(void)state;
	struct org_person people[] = {{.boss = 1}, {.boss = 0}, {.boss = 3}, {.boss = 2}};
	size_t order[4];
	org_tree(people, 4, order);
	assert_true(people[0].cut && people[2].cut);
	assert_false(people[1].cut || people[3].cut);
}

static void test_long_chain(void **state)
{
	enum { LONG = 100000 };
	struct org_person *people = calloc(LONG, sizeof *people);
	size_t *order = calloc(LONG, sizeof *order);
	(void)state;
	assert_true(people && order);
	for (size_t i = 0; i < LONG; i++) {
		people[i].boss = i + 1 < LONG ? i + 1 : NONE;
	}
	org_tree(people, LONG, order);
	assert_int_equal(order[0], LONG - 1);
	assert_int_equal(order[LONG - 1], 0);
	assert_int_equal(people[0].depth, LONG - 1);
	free(people);
	free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_each_after_their_boss),
		cmocka_unit_test(test_chain_then_sibling_above),
		cmocka_unit_test(test_circle_is_cut_at_the_first),
		cmocka_unit_test(test_two_circles),
		cmocka_unit_test(test_long_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
