/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/score.h"

#include <math.h>

void score_add(struct score_sum *sum, double score)
{
	sum->sum += score;
	sum->squares += score * score;
	sum->count++;
}

struct figure score_mean(struct score_sum sum)
{
	return sum.count > 0 ? figure_of(sum.sum / sum.count) : figure_none("nobody scored it");
}

struct figure score_spread(struct score_sum sum)
{
	if (sum.count < 2) {
		return figure_none(sum.count == 0 ? "nobody scored it" : "only one person scored it");
	}
	double variance = (sum.squares - sum.sum * sum.sum / sum.count) / (sum.count - 1);
	return figure_of(sqrt(fmax(variance, 0)));
}

struct figure score_of_bands(const struct score_band *bands, size_t count, struct figure value)
{
	struct figure score = figure_none(count > 0 ? "the figure lies below every band" : "the criterion has no bands");
	if (!figure_defined(value)) {
		return value;
	}
	for (size_t i = 0; i < count && bands[i].from <= value.value; i++) {
		score = figure_of(bands[i].score);
	}
	return score;
}

struct axis_score score_axis(const struct weighted *items, size_t count)
{
	return (struct axis_score){figures_weighted_mean(items, count, "no criterion of this axis is scored"), figures_coverage(items, count)};
}

/* What rounding takes from a sum of weights must not keep an account from being ranked. */
static bool reaches(double value, double least)
{
	return value >= least - 1e-9;
}

const char *score_unranked(struct axis_score attractiveness, struct axis_score strength, double minimum_coverage)
{
	if (!figure_defined(attractiveness.score)) {
		return "attractiveness is not scored";
	}
	if (!figure_defined(strength.score)) {
		return "strength is not scored";
	}
	if (!reaches(attractiveness.coverage.value, minimum_coverage)) {
		return "too little of attractiveness is scored";
	}
	return reaches(strength.coverage.value, minimum_coverage) ? NULL : "too little of strength is scored";
}

enum matrix_quadrant score_quadrant(struct axis_score attractiveness, struct axis_score strength, struct cuts cuts)
{
	if (score_unranked(attractiveness, strength, cuts.coverage)) {
		return QUADRANT_UNRANKED;
	}
	bool strong = reaches(strength.score.value, cuts.strength);
	if (reaches(attractiveness.score.value, cuts.attractiveness)) {
		return strong ? QUADRANT_INVEST : QUADRANT_DEVELOP;
	}
	return strong ? QUADRANT_MAINTAIN : QUADRANT_KEEP_LEAN;
}

/* sum(w) over what is scored, and the mean; false where there is none. */
static bool sum_axis(const struct weighted *items, size_t count, double *ret_weights, double *ret_mean)
{
	struct figure mean = figures_weighted_mean(items, count, "");
	*ret_weights = 0;
	for (size_t i = 0; i < count; i++) {
		*ret_weights += figure_defined(items[i].value) ? items[i].weight : 0;
	}
	*ret_mean = mean.value;
	return figure_defined(mean);
}

bool score_attribute(const struct weighted *then, const struct weighted *now, size_t count, struct score_change *ret_changes)
{
	double weights_then, weights_now, mean_then, mean_now;
	if (!sum_axis(then, count, &weights_then, &mean_then) || !sum_axis(now, count, &weights_now, &mean_now)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		bool was = figure_defined(then[i].value), is = figure_defined(now[i].value);
		double share_then = was ? then[i].weight / weights_then : 0, share_now = is ? now[i].weight / weights_now : 0;
		double score_now = is ? now[i].value.value : was ? then[i].value.value : 0, score_then = was ? then[i].value.value : score_now;
		ret_changes[i].by_score = (share_then + share_now) / 2 * (score_now - score_then);
		ret_changes[i].by_weight = (share_now - share_then) * ((score_then + score_now) / 2 - (mean_then + mean_now) / 2);
	}
	return true;
}
