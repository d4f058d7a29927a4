/* SPDX-License-Identifier: Apache-2.0
 *
 * Each gap: there where it should be, and not where it should not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/domain/stakeholder_gaps.h"

#define ROLE(number) (1u << (number))

static const unsigned vital = ROLE(ROLE_ECONOMIC_BUYER) | ROLE(ROLE_CHAMPION);

static struct gap_person person(unsigned roles)
{
	return (struct gap_person){.roles = roles, .has_counterpart = true, .in_contact = true, .contact_known = true, .contacted = true, .days_silent = 1};
}

static size_t find(const struct gap_person *people, size_t count, unsigned required, struct gap *ret_gaps)
{
	return gaps_find(people, count, required, 30, ret_gaps, 32);
}

/* How many gaps of a kind there are, and on whom the last one is. */
static size_t count_of(const struct gap_person *people, size_t count, unsigned required, enum gap_kind kind, size_t *ret_person)
{
	struct gap gaps[32];
	size_t found = find(people, count, required, gaps), matching = 0;
	for (size_t i = 0; i < found; i++) {
		if (gaps[i].kind == kind) {
			matching++;
			*ret_person = gaps[i].person;
		}
	}
	return matching;
}

static void test_a_whole_map_has_no_gap(void **state)
{
	(void)state;
	struct gap gaps[32];
	const struct gap_person people[] = {person(ROLE(ROLE_ECONOMIC_BUYER)), person(ROLE(ROLE_CHAMPION))};
	assert_int_equal(find(people, 2, 0, gaps), 0);
}

static void test_an_empty_map(void **state)
{
	(void)state;
	struct gap gaps[32];
	assert_int_equal(find(NULL, 0, 0, gaps), 2);
	assert_int_equal(gaps[0].kind, GAP_NO_ECONOMIC_BUYER);
	assert_int_equal(gaps[1].kind, GAP_NO_CHAMPION);
}

static void test_leavers_and_placeholders_fill_no_role(void **state)
{
	(void)state;
	size_t on;
	struct gap_person people[] = {person(ROLE(ROLE_ECONOMIC_BUYER)), person(ROLE(ROLE_CHAMPION))};
	people[0].placeholder = true;
	people[1].left = true;
	assert_int_equal(count_of(people, 2, 0, GAP_NO_ECONOMIC_BUYER, &on), 1);
	assert_int_equal(on, GAP_ACCOUNT);
	assert_int_equal(count_of(people, 2, 0, GAP_NO_CHAMPION, &on), 1);
	assert_int_equal(count_of(people, 2, 0, GAP_PLACEHOLDER, &on), 1);
	assert_int_equal(on, 0);
	assert_int_equal(count_of(people, 2, 0, GAP_LEAVER, &on), 1);
	assert_int_equal(on, 1);
	assert_int_equal(count_of(people, 2, 0, GAP_SILENT_CHAMPION, &on), 0);
	assert_false(gaps_role_filled(people, 2, ROLE_CHAMPION));
}

static void test_a_leaver_counted_on_by_nobody_is_no_gap(void **state)
{
	(void)state;
	size_t on;
	struct gap_person gone = {.left = true, .contact_known = true};
	assert_int_equal(count_of(&gone, 1, 0, GAP_LEAVER, &on), 0);
	gone.has_reports = true;
	assert_int_equal(count_of(&gone, 1, 0, GAP_LEAVER, &on), 1);
	gone.has_reports = false;
	gone.has_counterpart = true;
	assert_int_equal(count_of(&gone, 1, 0, GAP_LEAVER, &on), 1);
}

static void test_blocker_without_owner(void **state)
{
	(void)state;
	size_t on;
	struct gap_person people[] = {person(vital), person(ROLE(ROLE_BLOCKER))};
	assert_int_equal(count_of(people, 2, 0, GAP_BLOCKER_WITHOUT_OWNER, &on), 0);
	people[1].has_counterpart = false;
	assert_int_equal(count_of(people, 2, 0, GAP_BLOCKER_WITHOUT_OWNER, &on), 1);
	assert_int_equal(on, 1);
	people[1].left = true;
	assert_int_equal(count_of(people, 2, 0, GAP_BLOCKER_WITHOUT_OWNER, &on), 0);
}

static void test_single_thread(void **state)
{
	(void)state;
	size_t on;
	struct gap_person people[] = {person(vital), person(0), person(0)};
	people[0].in_contact = people[2].in_contact = false;
	assert_int_equal(count_of(people, 3, 0, GAP_SINGLE_THREAD, &on), 1);
	assert_int_equal(on, 1);
	people[1].in_contact = false;
	assert_int_equal(count_of(people, 3, 0, GAP_SINGLE_THREAD, &on), 0);
	people[0].in_contact = people[1].in_contact = true;
	assert_int_equal(count_of(people, 3, 0, GAP_SINGLE_THREAD, &on), 0);
	people[1].left = true;
	assert_int_equal(count_of(people, 3, 0, GAP_SINGLE_THREAD, &on), 1);
	assert_int_equal(on, 0);
}

static void test_silent_champion(void **state)
{
	(void)state;
	size_t on;
	struct gap_person champion = person(vital);
	champion.days_silent = 30;
	assert_int_equal(count_of(&champion, 1, 0, GAP_SILENT_CHAMPION, &on), 0);
	champion.days_silent = 30.1;
	assert_int_equal(count_of(&champion, 1, 0, GAP_SILENT_CHAMPION, &on), 1);
	champion.contacted = false;
	assert_int_equal(count_of(&champion, 1, 0, GAP_SILENT_CHAMPION, &on), 1);
	champion.contact_known = false;
	assert_int_equal(count_of(&champion, 1, 0, GAP_SILENT_CHAMPION, &on), 0);
}

static void test_roles_of_the_tier(void **state)
{
	(void)state;
	struct gap gaps[32];
	const struct gap_person people[] = {person(vital)};
	/* Decision maker (2) is asked for and missing; the champion is always. */
	assert_int_equal(find(people, 1, ROLE(2), gaps), 2);
	assert_int_equal(gaps[0].kind, GAP_REQUIRED_ROLE);
	assert_int_equal(gaps[0].role, 2);
	assert_int_equal(gaps[1].kind, GAP_SINGLE_THREAD);
	assert_int_equal(gaps_required(0), vital);
	assert_int_equal(gaps_required(ROLE(2)), ROLE(2));
}

static void test_circle_and_bounds(void **state)
{
	(void)state;
	size_t on;
	struct gap_person one = person(vital);
	struct gap gap;
	one.cycle_cut = true;
	assert_int_equal(count_of(&one, 1, 0, GAP_REPORTING_CYCLE, &on), 1);
	assert_int_equal(gaps_find(NULL, 0, 0, 30, &gap, 1), 1);
	assert_int_equal(gaps_find(NULL, 0, 0, 30, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_map_has_no_gap),
		cmocka_unit_test(test_an_empty_map),
		cmocka_unit_test(test_leavers_and_placeholders_fill_no_role),
		cmocka_unit_test(test_a_leaver_counted_on_by_nobody_is_no_gap),
		cmocka_unit_test(test_blocker_without_owner),
		cmocka_unit_test(test_single_thread),
		cmocka_unit_test(test_silent_champion),
		cmocka_unit_test(test_roles_of_the_tier),
		cmocka_unit_test(test_circle_and_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
