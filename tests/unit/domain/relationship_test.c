/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape and the strength of relationships.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/domain/relationship_model.h"
#include "server/domain/relationship_strength.h"

#include <math.h>
#include <string.h>

#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

static const double weights[STRENGTH_PARTS] = {30, 25, 15, 15, 15};

static void test_no_contact_has_no_model(void **state)
{
	(void)state;
	struct contact_shape shape = relationship_shape(NULL, 0);
	assert_int_equal(shape.model, MODEL_NONE);
	assert_int_equal(shape.people + shape.users + shape.levels, 0);
}

static void test_bow_tie(void **state)
{
	(void)state;
	const struct contact_edge one[] = {{7, 3, 2}};
	const struct contact_edge several_of_us[] = {{7, 3, 2}, {8, 3, 2}, {7, 3, 2}};
	assert_int_equal(relationship_shape(one, 1).model, MODEL_BOW_TIE);
	struct contact_shape shape = relationship_shape(several_of_us, 3);
	assert_int_equal(shape.model, MODEL_BOW_TIE);
	assert_int_equal(shape.users, 2);
	assert_int_equal(shape.people, 1);
}

static void test_one_to_many(void **state)
{
	(void)state;
	const struct contact_edge one_of_us[] = {{1, 1, 1}, {1, 2, 4}, {1, 3, 2}};
	const struct contact_edge one_level[] = {{1, 1, 2}, {2, 2, 2}};
	const struct contact_edge levels_unknown[] = {{1, 1, 0}, {2, 2, 0}};
	struct contact_shape shape = relationship_shape(one_of_us, 3);
	assert_int_equal(shape.model, MODEL_ONE_TO_MANY);
	assert_int_equal(shape.levels, 3);
	assert_int_equal(relationship_shape(one_level, 2).model, MODEL_ONE_TO_MANY);
	assert_int_equal(relationship_shape(levels_unknown, 2).model, MODEL_ONE_TO_MANY);
	assert_int_equal(relationship_shape(levels_unknown, 2).levels, 0);
}

static void test_diamond(void **state)
{
	(void)state;
	const struct contact_edge edges[] = {{1, 1, 2}, {2, 2, 3}};
	struct contact_shape shape = relationship_shape(edges, 2);
	assert_int_equal(shape.model, MODEL_DIAMOND);
	assert_int_equal(shape.levels, 2);
	assert_string_equal(relationship_model_name(shape.model), "diamond");
}

static void test_strength_of_the_best(void **state)
{
	(void)state;
	const struct activity best = {.contacts = 9, .recent_contacts = 6, .started_by_us = 4, .started_by_them = 4, .users = 3, .level = 4};
	struct strength strength = relationship_strength(&best, weights);
	assert_true(figure_defined(strength.score));
	assert_near(strength.score.value, 100, 1e-9);
}

static void test_strength_by_hand(void **state)
{
	(void)state;
	/* 30 days: 0.5; 3 of 6: 0.5; 1 and 3: 0.5; 1 of 3; senior: 0.75. 15 + 12.5 + 7.5 + 5 + 11.25 = 51.25 */
	const struct activity some = {
		.contacts = 4, .days_since_last = 30, .recent_contacts = 3, .started_by_us = 3, .started_by_them = 1, .users = 1, .level = 3};
	struct strength strength = relationship_strength(&some, weights);
	assert_near(strength.parts[STRENGTH_RECENCY].value, 0.5, 1e-9);
	assert_near(strength.parts[STRENGTH_FREQUENCY].value, 0.5, 1e-9);
	assert_near(strength.parts[STRENGTH_TWO_WAY].value, 0.5, 1e-9);
	assert_near(strength.parts[STRENGTH_DEPTH].value, 1.0 / 3, 1e-9);
	assert_near(strength.parts[STRENGTH_SENIORITY].value, 0.75, 1e-9);
	assert_near(strength.score.value, 51.25, 1e-9);
}

static void test_an_unknown_part_leaves_both_sums(void **state)
{
	(void)state;
	/* Neither who started nor the level is known: (30 * 1 + 25 * 1 + 15 * 1) / 70. */
	const struct activity some = {.contacts = 6, .recent_contacts = 6, .users = 5};
	struct strength strength = relationship_strength(&some, weights);
	assert_false(figure_defined(strength.parts[STRENGTH_TWO_WAY]));
	assert_false(figure_defined(strength.parts[STRENGTH_SENIORITY]));
	assert_near(strength.score.value, 100, 1e-9);
}

static void test_strength_without_contact_is_undefined_not_zero(void **state)
{
	(void)state;
	const struct activity none = {.level = 4}, hidden = {.hidden = "hidden from your roles", .contacts = 5, .level = 2};
	struct strength strength = relationship_strength(&none, weights);
	assert_false(figure_defined(strength.score));
	assert_true(figure_defined(strength.parts[STRENGTH_SENIORITY]));
	strength = relationship_strength(&hidden, weights);
	assert_string_equal(strength.score.reason, "hidden from your roles");
	assert_string_equal(strength.parts[STRENGTH_RECENCY].reason, "hidden from your roles");
}

static void test_one_sided_and_long_ago(void **state)
{
	(void)state;
	const struct activity some = {.contacts = 1, .days_since_last = 3650, .started_by_us = 5, .level = 1};
	struct strength strength = relationship_strength(&some, weights);
	assert_near(strength.parts[STRENGTH_TWO_WAY].value, 0, 1e-9);
	assert_true(strength.parts[STRENGTH_RECENCY].value < 1e-9);
	assert_near(strength.parts[STRENGTH_FREQUENCY].value, 0, 1e-9);
}

static void test_own_weights(void **state)
{
	(void)state;
	const double only_seniority[STRENGTH_PARTS] = {[STRENGTH_SENIORITY] = 2};
	const struct activity some = {.contacts = 1, .level = 2};
	assert_near(relationship_strength(&some, only_seniority).score.value, 50, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_contact_has_no_model),
		cmocka_unit_test(test_bow_tie),
		cmocka_unit_test(test_one_to_many),
		cmocka_unit_test(test_diamond),
		cmocka_unit_test(test_strength_of_the_best),
		cmocka_unit_test(test_strength_by_hand),
		cmocka_unit_test(test_an_unknown_part_leaves_both_sums),
		cmocka_unit_test(test_strength_without_contact_is_undefined_not_zero),
		cmocka_unit_test(test_one_sided_and_long_ago),
		cmocka_unit_test(test_own_weights),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
