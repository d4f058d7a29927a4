/* SPDX-License-Identifier: Apache-2.0
 *
 * The formulas of choosing key accounts: the vectors they were specified by, and what must hold whatever the numbers are (bounds, symmetry, order, scale).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/arena.h"
#include "server/domain/agreement.h"
#include "server/domain/market.h"
#include "server/domain/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEAR 1e-9
#define ROUNDS 400

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

/* A sequence of its own, so that a failure can be had again. */
static uint64_t seed = 20260701;
static size_t chance(size_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(seed >> 33) % below;
}

static void assert_near(double value, double wanted)
{
	if (!(fabs(value - wanted) < NEAR)) {
		fail_msg("%.12g instead of %.12g", value, wanted);
	}
}

static void assert_figure(struct figure figure, double wanted)
{
	if (!figure_defined(figure)) {
		fail_msg("undefined: %s", figure.reason);
	}
	assert_near(figure.value, wanted);
}

static void assert_none(struct figure figure)
{
	assert_false(figure_defined(figure));
	assert_true(strlen(figure.reason) > 0);
}

/* ---- scores ------------------------------------------------------------------------------------------------------------------ */

static void a_score_leaves_out_what_is_unscored_and_says_how_much_that_is(void **state)
{
	(void)state;
	struct weighted items[] = {{figure_of(8), 15}, {figure_of(6), 35}, {figure_of(7), 20}, {figure_none("unscored"), 30}};
	struct axis_score axis = score_axis(items, 4);
	assert_figure(axis.score, 470.0 / 70);
	assert_figure(axis.coverage, 0.70);
	struct axis_score full = {figure_of(9), figure_of(1)};
	assert_null(score_unranked(axis, full, 0.70)); /* just reached */
	assert_non_null(score_unranked(axis, full, 0.71));
	assert_non_null(score_unranked(score_axis(items + 3, 1), full, 0));
	assert_none(score_axis(items, 0).score);
}

static void quadrants_begin_at_their_cuts(void **state)
{
	(void)state;
	struct cuts cuts = {5.5, 6, 0.7};
	struct axis_score high = {figure_of(5.5), figure_of(1)}, low = {figure_of(5.4), figure_of(1)}, strong = {figure_of(6), figure_of(1)}, weak =
		{figure_of(5.9), figure_of(1)};
	assert_int_equal(score_quadrant(high, strong, cuts), QUADRANT_INVEST);
	assert_int_equal(score_quadrant(high, weak, cuts), QUADRANT_DEVELOP);
	assert_int_equal(score_quadrant(low, strong, cuts), QUADRANT_MAINTAIN);
	assert_int_equal(score_quadrant(low, weak, cuts), QUADRANT_KEEP_LEAN);
	high.coverage = figure_of(0.69);
	assert_int_equal(score_quadrant(high, strong, cuts), QUADRANT_UNRANKED);
}

static void several_assessors_give_a_mean_and_a_spread(void **state)
{
	(void)state;
	struct score_sum sum = {0};
	assert_none(score_mean(sum));
	score_add(&sum, 4);
	assert_figure(score_mean(sum), 4);
	assert_none(score_spread(sum));
	score_add(&sum, 8);
	assert_figure(score_mean(sum), 6);
	assert_figure(score_spread(sum), sqrt(8));
}

static void bands_give_the_score_of_a_figure(void **state)
{
	(void)state;
	struct score_band bands[] = {{0, 1}, {2, 5}, {10, 10}};
	assert_figure(score_of_bands(bands, 3, figure_of(1.9)), 1);
	assert_figure(score_of_bands(bands, 3, figure_of(2)), 5);
	assert_figure(score_of_bands(bands, 3, figure_of(1000)), 10);
	assert_none(score_of_bands(bands, 3, figure_of(-1)));
	assert_none(score_of_bands(bands, 3, figure_none("not known")));
	assert_none(score_of_bands(bands, 0, figure_of(1)));
}

static void fill_items(struct weighted *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct weighted){chance(4) ? figure_of(1 + (double)chance(10)) : figure_none("unscored"), (double)chance(50)};
	}
	items[0] = (struct weighted){figure_of(5), 1};
}

static void scores_stay_in_bounds_and_do_not_depend_on_order_or_scale_of_weights(void **state)
{
	struct weighted items[12], other[12];
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 1 + chance(12);
		fill_items(items, count);
		struct axis_score axis = score_axis(items, count);
		assert_true(axis.score.value >= 1 && axis.score.value <= 10 && axis.coverage.value > 0 && axis.coverage.value <= 1 + NEAR);
		for (size_t i = 0; i < count; i++) {
			other[i] = items[count - 1 - i];
			other[i].weight *= 7.5;
		}
		struct axis_score turned = score_axis(other, count);
		assert_near(turned.score.value, axis.score.value);
		assert_near(turned.coverage.value, axis.coverage.value);
	}
}

static void the_parts_of_a_change_add_up_to_it(void **state)
{
	struct weighted then[12], now[12];
	struct score_change changes[12], back[12];
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 1 + chance(12);
		fill_items(then, count);
		fill_items(now, count);
		assert_true(score_attribute(then, now, count, changes) && score_attribute(now, then, count, back));
		double sum = 0;
		for (size_t i = 0; i < count; i++) {
			sum += changes[i].by_score + changes[i].by_weight;
			assert_near(changes[i].by_score, -back[i].by_score);
			assert_near(changes[i].by_weight, -back[i].by_weight);
		}
		assert_near(sum, score_axis(now, count).score.value - score_axis(then, count).score.value);
	}
	struct weighted nothing = {figure_none("unscored"), 1};
	assert_false(score_attribute(&nothing, now, 1, changes));
}

static void a_change_is_put_down_to_the_score_that_moved(void **state)
{
	(void)state;
	struct weighted then[] = {{figure_of(4), 1}, {figure_of(6), 3}}, now[] = {{figure_of(8), 1}, {figure_of(6), 3}};
	struct score_change changes[2];
	assert_true(score_attribute(then, now, 2, changes));
	assert_near(changes[0].by_score, 1);
	assert_near(changes[0].by_weight, 0);
	assert_near(changes[1].by_score, 0);
}

/* ---- agreement ------------------------------------------------------------------------------------------------------------------ */

static const uint32_t abc[] = {0, 1, 2}, abd[] = {0, 1, 3}, ace[] = {0, 2, 4};

static void three_ballots_overlap_by_two_fifths(void **state)
{
	(void)state;
	struct agreement_ballot ballots[] = {{abc, 3, 1}, {abd, 3, 1}, {ace, 3, 2}};
	double *overlaps = agreement_overlaps(ballots, 3, 5, &arena);
	int pairs;
	assert_figure(agreement_mean(overlaps, 3), 0.40);
	assert_figure(agreement_levels(overlaps, ballots, 3, 1, 1, &pairs), 0.5);
	assert_int_equal(pairs, 1);
	assert_figure(agreement_levels(overlaps, ballots, 3, 2, 1, &pairs), (0.5 + 0.2) / 2);
	assert_int_equal(pairs, 2);
	assert_none(agreement_levels(overlaps, ballots, 3, 2, 2, &pairs));
	assert_none(agreement_levels(overlaps, ballots, 3, 3, 1, &pairs));
	assert_figure(agreement_of_one(overlaps, 3, 0), 0.5);
	assert_figure(agreement_of_one(overlaps, 3, 1), 0.35);
	assert_int_equal(agreement_furthest(overlaps, 3), 3); /* abd and ace are equally far */
	/* However many accounts nobody named, it is the same. */
	assert_figure(agreement_mean(agreement_overlaps(ballots, 3, 500, &arena), 3), 0.40);
}

static void no_ballot_one_ballot_and_one_account_are_answered(void **state)
{
	(void)state;
	struct agreement_ballot one = {abc, 3, 1}, single[] = {{abc, 1, 1}, {abc, 1, 2}};
	assert_none(agreement_mean(agreement_overlaps(NULL, 0, 0, &arena), 0));
	assert_none(agreement_mean(agreement_overlaps(&one, 1, 5, &arena), 1));
	assert_none(agreement_of_one(agreement_overlaps(&one, 1, 5, &arena), 1, 0));
	assert_none(agreement_concordance(NULL, 0, 0, &arena));
	assert_none(agreement_concordance(&one, 1, 5, &arena));
	assert_figure(agreement_mean(agreement_overlaps(single, 2, 1, &arena), 2), 1);
	assert_none(agreement_concordance(single, 2, 1, &arena));
	assert_int_equal(agreement_furthest(agreement_overlaps(single, 2, 1, &arena), 2), 2);
}

static void rankings_of_four_agree_by_seven_ninths(void **state)
{
	(void)state;
	const uint32_t first[] = {0, 1, 2, 3}, second[] = {0, 2, 1, 3}, third[] = {1, 0, 2, 3};
	struct agreement_ballot ballots[] = {{first, 4, 0}, {second, 4, 0}, {third, 4, 0}};
	assert_figure(agreement_concordance(ballots, 3, 4, &arena), 7.0 / 9);
	ballots[2] = ballots[1] = ballots[0];
	assert_figure(agreement_concordance(ballots, 3, 4, &arena), 1);
	ballots[2].count = 3;
	assert_none(agreement_concordance(ballots, 3, 4, &arena));
}

/* Each W by hand: an account that a ballot does not name ties behind those it does. */
static void ties_are_corrected_for(void **state)
{
	(void)state;
	const uint32_t a[] = {0}, b[] = {1};
	/* Ranks (1, 2) and (2, 1): as far apart as can be. */
	struct agreement_ballot apart[] = {{a, 1, 0}, {b, 1, 0}};
	assert_figure(agreement_concordance(apart, 2, 2, &arena), 0);
	/* Three ballots A, A, B over n = 2: rank sums 4 and 5, S = 0.5; W = 12 * 0.5 / (9 * 6) = 1/9. */
	struct agreement_ballot two_one[] = {{a, 1, 0}, {a, 1, 0}, {b, 1, 0}};
	assert_figure(agreement_concordance(two_one, 3, 2, &arena), 1.0 / 9);
	/* Ballots AB and AC over n = 3: no ties; ranks 1 2 3 and 1 3 2, sums 2 5 5, S = 6; W = 72 / (4 * 24) = 0.75. */
	const uint32_t ab[] = {0, 1}, ac[] = {0, 2};
	struct agreement_ballot pair[] = {{ab, 2, 0}, {ac, 2, 0}};
	assert_figure(agreement_concordance(pair, 2, 3, &arena), 0.75);
	/* Ballots A, B, C over n = 3: on each the other two tie; sums 1 + 2.5 + 2.5 = 6 each, S = 0. */
	const uint32_t c[] = {2};
	struct agreement_ballot thirds[] = {{a, 1, 0}, {b, 1, 0}, {c, 1, 0}};
	assert_figure(agreement_concordance(thirds, 3, 3, &arena), 0);
	/* A, A, B, C over n = 3, m = 4: sums 1+1+2.5+2.5 = 7, 2.5*3+1 = 8.5, 8.5; S = 1.5; ties 6 each: W = 18 / (16*24 - 4*24) = 0.0625. */
	struct agreement_ballot four[] = {{a, 1, 0}, {a, 1, 0}, {b, 1, 0}, {c, 1, 0}};
	assert_figure(agreement_concordance(four, 4, 3, &arena), 0.0625);
}

static void the_one_who_is_furthest_is_found(void **state)
{
	(void)state;
	const uint32_t lone[] = {4, 3, 5};
	struct agreement_ballot ballots[] = {{abc, 3, 1}, {lone, 3, 1}, {abd, 3, 1}, {abc, 3, 2}};
	assert_int_equal(agreement_furthest(agreement_overlaps(ballots, 4, 6, &arena), 4), 1);
	assert_true(agreement_splits(1, 3) && agreement_splits(2, 3) && agreement_splits(1, 2));
	assert_false(agreement_splits(0, 3) || agreement_splits(3, 3) || agreement_splits(1, 4) || agreement_splits(1, 1));
}

static void agreement_is_symmetric_bounded_and_blind_to_names_and_order(void **state)
{
	enum { BALLOTS = 9, ITEMS = 20 };
	uint32_t lists[BALLOTS][ITEMS], renamed[BALLOTS][ITEMS];
	struct agreement_ballot ballots[BALLOTS], turned[BALLOTS];
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 2 + chance(BALLOTS - 2), length = 1 + chance(ITEMS), shift = chance(ITEMS);
		for (size_t i = 0; i < count; i++) {
			for (uint32_t k = 0; k < ITEMS; k++) {
				size_t at = chance(k + 1);
				lists[i][k] = lists[i][at];
				lists[i][at] = k;
			}
			for (size_t k = 0; k < ITEMS; k++) {
				renamed[i][k] = (uint32_t)((lists[i][k] + shift) % ITEMS);
			}
			ballots[i] = (struct agreement_ballot){lists[i], length, (int)chance(3)};
			turned[count - 1 - i] = (struct agreement_ballot){renamed[i], length, ballots[i].level};
		}
		double *overlaps = agreement_overlaps(ballots, count, ITEMS, &arena), *others = agreement_overlaps(turned, count, ITEMS, &arena);
		double mean = agreement_mean(overlaps, count).value;
		assert_true(mean >= 0 && mean <= 1);
		assert_near(agreement_mean(others, count).value, mean);
		for (size_t i = 0; i < count * count; i++) {
			assert_near(overlaps[i], overlaps[i % count * count + i / count]);
		}
		struct figure w = agreement_concordance(ballots, count, ITEMS, &arena), v = agreement_concordance(turned, count, ITEMS, &arena);
		assert_int_equal(figure_defined(w), figure_defined(v));
		assert_near(w.value, v.value);
		assert_true(w.value > -NEAR && w.value < 1 + NEAR);
		arena_reset(&arena);
	}
}

/* ---- the market ---------------------------------------------------------------------------------------------------------------- */

static void growth_is_undefined_from_nothing(void **state)
{
	(void)state;
	assert_figure(market_growth(figure_of(200), figure_of(250)), 0.25);
	assert_figure(market_growth(figure_of(200), figure_of(0)), -1);
	assert_none(market_growth(figure_of(0), figure_of(10)));
	assert_none(market_growth(figure_of(-5), figure_of(10)));
	assert_none(market_growth(figure_none("not known"), figure_of(10)));
}

static void flags_are_up_down_or_unknown(void **state)
{
	(void)state;
	struct figure none = figure_none("not known");
	assert_int_equal(market_client_shrinks(figure_of(0), figure_of(0.1)), FLAG_UP);
	assert_int_equal(market_client_shrinks(figure_of(0.01), figure_of(0.1)), FLAG_DOWN);
	assert_int_equal(market_client_shrinks(figure_of(-0.2), figure_of(0)), FLAG_DOWN);
	assert_int_equal(market_client_shrinks(none, figure_of(0.1)), FLAG_UNKNOWN);
	assert_int_equal(market_client_shrinks(none, figure_of(-0.1)), FLAG_DOWN);
	assert_int_equal(market_grows_faster(figure_of(0.2), figure_of(0.1)), FLAG_UP);
	assert_int_equal(market_grows_faster(figure_of(0.1), figure_of(0.1)), FLAG_DOWN);
	assert_int_equal(market_has_more(figure_of(0.5), none), FLAG_UNKNOWN);
	assert_int_equal(market_misaligned(figure_of(0.49), 0.5), FLAG_UP);
	assert_int_equal(market_misaligned(figure_of(0.5), 0.5), FLAG_DOWN);
	assert_int_equal(market_any(FLAG_UNKNOWN, FLAG_UP), FLAG_UP);
	assert_int_equal(market_any(FLAG_DOWN, FLAG_UNKNOWN), FLAG_UNKNOWN);
	assert_int_equal(market_gate(figure_of(0.1), true, 0.1), GATE_PASSED);
	assert_int_equal(market_gate(figure_of(0.09), true, 0.1), GATE_FAILED);
	assert_int_equal(market_gate(none, true, 0.1), GATE_UNKNOWN);
	assert_int_equal(market_gate(none, false, 0), GATE_NONE);
}

static void shares_of_wallet_are_measured_or_estimated_by_rank(void **state)
{
	(void)state;
	assert_figure(market_share_of_wallet(figure_of(25), figure_of(100)), 0.25);
	assert_none(market_share_of_wallet(figure_of(25), figure_of(0)));
	assert_none(market_share_of_wallet(figure_of(125), figure_of(100)));
	assert_figure(market_share_of_rank(1, 1), 1);
	assert_figure(market_share_of_rank(1, 2), 2.0 / 3);
	assert_figure(market_share_of_rank(2, 2), 1.0 / 3);
	assert_none(market_share_of_rank(0, 3));
	assert_none(market_share_of_rank(4, 3));
	for (int suppliers = 1; suppliers < 40; suppliers++) { /* they share one wallet */
		double sum = 0;
		for (int rank = 1; rank <= suppliers; rank++) {
			sum += market_share_of_rank(rank, suppliers).value;
		}
		assert_near(sum, 1);
	}
	assert_figure(market_whitespace(figure_of(100), figure_of(30)), 70);
	assert_figure(market_whitespace(figure_of(100), figure_of(130)), 0);
	assert_none(market_whitespace(figure_none("not known"), figure_of(30)));
}

static void concentration_of_50_30_20_is_3800(void **state)
{
	(void)state;
	double values[] = {20, 50, 30}, after[] = {20, 0, 30}, nothing[] = {0, -3};
	assert_figure(market_concentration(values, 3), 3800);
	assert_figure(market_concentration(after, 3), 5200);
	assert_none(market_concentration(nothing, 2));
	assert_none(market_concentration(NULL, 0));
	assert_figure(market_top_share(values, 3, 2), 0.8);
	assert_figure(market_top_share(values, 3, 9), 1);
	for (int round = 0; round < ROUNDS; round++) {
		double some[30], scaled[30];
		size_t count = 1 + chance(30);
		for (size_t i = 0; i < count; i++) {
			some[i] = 1 + (double)chance(1000);
			scaled[count - 1 - i] = some[i] * 3.25;
		}
		double index = market_concentration(some, count).value;
		assert_true(index >= 10000.0 / (double)count - 1e-6 && index <= 10000 + 1e-6);
		assert_true(fabs(market_concentration(scaled, count).value - index) < 1e-6);
	}
}

static void lifetime_value_takes_fractions(void **state)
{
	(void)state;
	struct figure value = market_lifetime_value(figure_of(8), figure_of(0.0425), figure_of(0.12));
	assert_true(fabs(value.value - 0.31555) < 1e-5);
	assert_none(market_lifetime_value(figure_of(8), figure_of(1.2), figure_of(0.12)));
	assert_none(market_lifetime_value(figure_of(8), figure_of(-0.1), figure_of(0.12)));
	assert_none(market_lifetime_value(figure_none("no margin"), figure_of(0.5), figure_of(0.12)));
}

static void ranks_correlate_with_ties(void **state)
{
	const double x[] = {1, 2, 3, 4, 5}, falling[] = {9, 7, 5, 3, 1}, tied[] = {1, 2, 2, 4, 5}, same[] = {3, 3, 3, 3, 3};
	(void)state;
	assert_figure(market_rank_correlation(x, x, 5, &arena), 1);
	assert_figure(market_rank_correlation(x, falling, 5, &arena), -1);
	/* Ranks 1 2.5 2.5 4 5 against 1 to 5: covariance 9.5, variances 10 and 9.5. */
	assert_figure(market_rank_correlation(x, tied, 5, &arena), 9.5 / sqrt(10 * 9.5));
	assert_none(market_rank_correlation(x, same, 5, &arena));
	assert_none(market_rank_correlation(x, falling, 2, &arena));
	for (int round = 0; round < ROUNDS; round++) {
		double left[20], right[20], grown[20];
		size_t count = 3 + chance(17);
		for (size_t i = 0; i < count; i++) {
			left[i] = (double)chance(8);
			right[i] = (double)chance(8);
			grown[i] = exp(left[i]); /* the same order */
		}
		struct figure one = market_rank_correlation(left, right, count, &arena), other = market_rank_correlation(right, left, count, &arena);
		assert_int_equal(figure_defined(one), figure_defined(other));
		assert_near(one.value, other.value);
		assert_true(one.value >= -1 && one.value <= 1);
		assert_near(market_rank_correlation(grown, right, count, &arena).value, one.value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_score_leaves_out_what_is_unscored_and_says_how_much_that_is),
		cmocka_unit_test(quadrants_begin_at_their_cuts),
		cmocka_unit_test(several_assessors_give_a_mean_and_a_spread),
		cmocka_unit_test(bands_give_the_score_of_a_figure),
		cmocka_unit_test(scores_stay_in_bounds_and_do_not_depend_on_order_or_scale_of_weights),
		cmocka_unit_test(the_parts_of_a_change_add_up_to_it),
		cmocka_unit_test(a_change_is_put_down_to_the_score_that_moved),
		cmocka_unit_test(three_ballots_overlap_by_two_fifths),
		cmocka_unit_test(no_ballot_one_ballot_and_one_account_are_answered),
		cmocka_unit_test(rankings_of_four_agree_by_seven_ninths),
		cmocka_unit_test(ties_are_corrected_for),
		cmocka_unit_test(the_one_who_is_furthest_is_found),
		cmocka_unit_test(agreement_is_symmetric_bounded_and_blind_to_names_and_order),
		cmocka_unit_test(growth_is_undefined_from_nothing),
		cmocka_unit_test(flags_are_up_down_or_unknown),
		cmocka_unit_test(shares_of_wallet_are_measured_or_estimated_by_rank),
		cmocka_unit_test(concentration_of_50_30_20_is_3800),
		cmocka_unit_test(lifetime_value_takes_fractions),
		cmocka_unit_test(ranks_correlate_with_ties),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
