/* SPDX-License-Identifier: Apache-2.0
 *
 * The formulas against worked examples, and where they have no answer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/domain/figures.h"

#include <math.h>
#include <string.h>

#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

static void assert_figure(struct figure figure, double wanted)
{
	assert_null(figure.reason);
	assert_near(figure.value, wanted, 1e-9);
}

static void assert_undefined(struct figure figure, const char *reason)
{
	assert_false(figure_defined(figure));
	assert_string_equal(figure.reason, reason);
}

static void test_weighted_mean(void **state)
{
	(void)state;
	/* 20 * .47 + 15 * .59 + 22 * .21 = 22.87 over 57 */
	const struct weighted items[] = {{figure_of(.47), 20}, {figure_of(.59), 15}, {figure_of(.21), 22}};
	struct figure mean = figures_weighted_mean(items, 3, "none");
	assert_figure(mean, 22.87 / 57);
	assert_near(mean.value, 0.4012, 0.00005);
	assert_figure(figures_coverage(items, 3), 1);
}

static void test_weighted_mean_leaves_out_what_has_no_value(void **state)
{
	(void)state;
	/* Weights 15, 35, 20, 30; scores 8, 6, 7, none: (120 + 210 + 140) / 70. */
	const struct weighted items[] = {{figure_of(8), 15}, {figure_of(6), 35}, {figure_of(7), 20}, {figure_none("unscored"), 30}};
	assert_figure(figures_weighted_mean(items, 4, "none"), 470.0 / 70);
	assert_figure(figures_coverage(items, 4), 0.7);
}

static void test_weighted_mean_of_nothing(void **state)
{
	(void)state;
	const struct weighted unscored[] = {{figure_none("unscored"), 30}}, weightless[] = {{figure_of(1), 0}};
	assert_undefined(figures_weighted_mean(NULL, 0, "none"), "none");
	assert_undefined(figures_weighted_mean(unscored, 1, "none"), "none");
	assert_false(figure_defined(figures_weighted_mean(weightless, 1, "none")));
	assert_false(figure_defined(figures_coverage(NULL, 0)));
	assert_figure(figures_coverage(unscored, 1), 0);
}

static void test_win_rate(void **state)
{
	(void)state;
	assert_figure(figures_win_rate(figure_of(4238), figure_of(2473), "none"), 4238.0 / 6711);
	assert_near(figures_win_rate(figure_of(4238), figure_of(2473), "none").value, 0.6315, 0.00005);
	assert_figure(figures_win_rate(figure_of(3), figure_of(0), "none"), 1);
	assert_figure(figures_win_rate(figure_of(0), figure_of(3), "none"), 0);
	assert_undefined(figures_win_rate(figure_of(0), figure_of(0), "none"), "none");
	assert_undefined(figures_win_rate(figure_none("hidden"), figure_of(3), "none"), "hidden");
	assert_undefined(figures_win_rate(figure_of(3), figure_none("hidden"), "none"), "hidden");
}

static void test_attainment_up(void **state)
{
	(void)state;
	assert_figure(figures_attainment(FIGURES_UP, figure_of(95), figure_of(90), figure_of(100)), 0.5);
	assert_figure(figures_attainment(FIGURES_UP, figure_of(80), figure_of(90), figure_of(100)), 0);
	assert_figure(figures_attainment(FIGURES_UP, figure_of(120), figure_of(90), figure_of(100)), 1);
	assert_figure(figures_attainment(FIGURES_UP, figure_of(100), figure_of(90), figure_of(100)), 1);
	assert_figure(figures_attainment(FIGURES_UP, figure_of(-5), figure_of(-10), figure_of(0)), 0.5);
}

static void test_attainment_down(void **state)
{
	(void)state;
	/* Complaints: floor 20, target 4. */
	assert_figure(figures_attainment(FIGURES_DOWN, figure_of(8), figure_of(20), figure_of(4)), 0.75);
	assert_figure(figures_attainment(FIGURES_DOWN, figure_of(30), figure_of(20), figure_of(4)), 0);
	assert_figure(figures_attainment(FIGURES_DOWN, figure_of(0), figure_of(20), figure_of(4)), 1);
}

static void test_attainment_undefined(void **state)
{
	(void)state;
	assert_undefined(figures_attainment(FIGURES_UP, figure_none("no value"), figure_of(1), figure_of(2)), "no value");
	assert_undefined(figures_attainment(FIGURES_UP, figure_of(1), figure_none("no floor"), figure_of(2)), "no floor");
	assert_undefined(figures_attainment(FIGURES_UP, figure_of(1), figure_of(2), figure_none("no target")), "no target");
	assert_false(figure_defined(figures_attainment(FIGURES_UP, figure_of(1), figure_of(2), figure_of(2))));
	assert_false(figure_defined(figures_attainment(FIGURES_UP, figure_of(1), figure_of(2), figure_of(1))));
	assert_false(figure_defined(figures_attainment(FIGURES_DOWN, figure_of(1), figure_of(1), figure_of(2))));
}

static void test_gap(void **state)
{
	(void)state;
	assert_figure(figures_gap(figure_of(9), figure_of(6)), 3);
	assert_figure(figures_gap(figure_of(6), figure_of(9)), -3);
	assert_undefined(figures_gap(figure_of(9), figure_none("not rated")), "not rated");
	assert_undefined(figures_gap(figure_none("hidden"), figure_of(1)), "hidden");
}

static void test_power_interest(void **state)
{
	(void)state;
	assert_int_equal(figures_power_interest(3, 3, 3), QUADRANT_MANAGE_CLOSELY);
	assert_int_equal(figures_power_interest(5, 2, 3), QUADRANT_KEEP_SATISFIED);
	assert_int_equal(figures_power_interest(2, 5, 3), QUADRANT_KEEP_INFORMED);
	assert_int_equal(figures_power_interest(2, 2, 3), QUADRANT_MONITOR);
	assert_int_equal(figures_power_interest(0, 5, 3), QUADRANT_NONE);
	assert_int_equal(figures_power_interest(5, 0, 3), QUADRANT_NONE);
	assert_int_equal(figures_power_interest(4, 4, 5), QUADRANT_MONITOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weighted_mean),
		cmocka_unit_test(test_weighted_mean_leaves_out_what_has_no_value),
		cmocka_unit_test(test_weighted_mean_of_nothing),
		cmocka_unit_test(test_win_rate),
		cmocka_unit_test(test_attainment_up),
		cmocka_unit_test(test_attainment_down),
		cmocka_unit_test(test_attainment_undefined),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_power_interest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
