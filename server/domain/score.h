/* SPDX-License-Identifier: Apache-2.0
 *
 * score.h - how scores of criteria make the score of an account, as pure functions.
 *
 * Threads: any.
 */
#pragma once

#include "server/domain/figures.h"

/* Scores that several people gave: sums, so that one pass over them is enough. */
struct score_sum {
	double sum, squares;
	int count;
};
void score_add(struct score_sum *sum, double score);
/* Undefined where nobody scored. */
struct figure score_mean(struct score_sum sum);
/* Standard deviation of the sample: sqrt(sum((x - mean)^2) / (n - 1)); undefined below two scores. */
struct figure score_spread(struct score_sum sum);

struct score_band {
	double from, score;
};
/* The score of the last band that begins at or below the value; bands rise. Undefined where the value lies below all, or is undefined. */
struct figure score_of_bands(const struct score_band *bands, size_t count, struct figure value);

/* One axis: sum(w * s) / sum(w) over what is scored, and the share of the weight that is. */
struct axis_score {
	struct figure score, coverage;
};
struct axis_score score_axis(const struct weighted *items, size_t count);

enum matrix_quadrant { QUADRANT_UNRANKED, QUADRANT_INVEST, QUADRANT_DEVELOP, QUADRANT_MAINTAIN, QUADRANT_KEEP_LEAN };
struct cuts {
	double attractiveness, strength, coverage;
};
/* NULL where the account is ranked: both axes have a score and reach the least coverage. Otherwise what lacks: which axis, and of what. */
const char *score_unranked(struct axis_score attractiveness, struct axis_score strength, double minimum_coverage);
/* Where it lies: high from the cut on. UNRANKED where it is not ranked. */
enum matrix_quadrant score_quadrant(struct axis_score attractiveness, struct axis_score strength, struct cuts cuts);

/* What one criterion did to the change of an axis' score. The parts of all criteria add up to the change, whatever their order:
 *   by score   mean of both shares * (score now - score then)
 *   by weight  (share now - share then) * (mean of both scores - mean of both axis scores)
 * where a share is w / sum(w) over what is scored. A criterion scored only then, or only now, has its one score in both places. */
struct score_change {
	double by_score, by_weight;
};
/* False where one of the axis scores is undefined: there is no change to attribute. */
bool score_attribute(const struct weighted *then, const struct weighted *now, size_t count, struct score_change *ret_changes);
