/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/market.h"

#include <math.h>
#include <stdlib.h>

struct figure market_growth(struct figure then, struct figure now)
{
	if (!figure_defined(then) || !figure_defined(now)) {
		return figure_defined(then) ? now : then;
	}
	return then.value > 0 ? figure_of((now.value - then.value) / then.value) : figure_none("there was nothing to grow from");
}

/* ---- flags and gates ------------------------------------------------------------------------------------------------------------ */

static enum flag flag_of(bool known, bool up)
{
	return !known ? FLAG_UNKNOWN : up ? FLAG_UP : FLAG_DOWN;
}

enum flag market_client_shrinks(struct figure client_growth, struct figure planned_growth)
{
	bool no_plan = figure_defined(planned_growth) && planned_growth.value <= 0, grows = figure_defined(client_growth) && client_growth.value > 0;
	if (no_plan || grows) {
		return FLAG_DOWN; /* whatever the other is */
	}
	return flag_of(figure_defined(client_growth) && figure_defined(planned_growth), true);
}

enum flag market_grows_faster(struct figure competitor_growth, struct figure our_growth)
{
	return flag_of(figure_defined(competitor_growth) && figure_defined(our_growth), competitor_growth.value > our_growth.value);
}

enum flag market_has_more(struct figure competitor_share, struct figure our_share)
{
	return flag_of(figure_defined(competitor_share) && figure_defined(our_share), competitor_share.value > our_share.value);
}

enum flag market_misaligned(struct figure cross_overlap, double threshold)
{
	return flag_of(figure_defined(cross_overlap), cross_overlap.value < threshold);
}

enum flag market_any(enum flag a, enum flag b)
{
	if (a == FLAG_UP || b == FLAG_UP) {
		return FLAG_UP;
	}
	return a == FLAG_UNKNOWN || b == FLAG_UNKNOWN ? FLAG_UNKNOWN : FLAG_DOWN;
}

enum gate market_gate(struct figure value, bool has_minimum, double minimum)
{
	if (!has_minimum) {
		return GATE_NONE;
	}
	return !figure_defined(value) ? GATE_UNKNOWN : value.value >= minimum ? GATE_PASSED : GATE_FAILED;
}

/* ---- shares ----------------------------------------------------------------------------------------------------------------------- */

struct figure market_share_of_wallet(struct figure ours, struct figure all)
{
	struct figure share = figures_ratio(ours, all, "the client spends nothing in the category");
	return figure_defined(share) && share.value > 1 ? figure_none("we sell more than the client is said to spend in all") : share;
}

struct figure market_share_of_rank(int rank, int suppliers)
{
	if (rank <= 0 || suppliers <= 0) {
		return figure_none("neither what the client spends in the category nor our rank among its suppliers is known");
	}
	if (rank > suppliers) {
		return figure_none("our rank is beyond the number of suppliers");
	}
	return figure_of((1 - (double)rank / (suppliers + 1)) * 2 / suppliers);
}

struct figure market_whitespace(struct figure potential, struct figure spend)
{
	if (!figure_defined(potential) || !figure_defined(spend)) {
		return figure_defined(potential) ? spend : potential;
	}
	return figure_of(fmax(0, potential.value - spend.value));
}

static double positive_sum(const double *values, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += fmax(values[i], 0);
	}
	return sum;
}

struct figure market_concentration(const double *values, size_t count)
{
	double sum = positive_sum(values, count), index = 0;
	for (size_t i = 0; i < count && sum > 0; i++) {
		double share = 100 * fmax(values[i], 0) / sum;
		index += share * share;
	}
	return sum > 0 ? figure_of(index) : figure_none("no account has revenue");
}

static int compare_down(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left < right) - (left > right);
}

struct figure market_top_share(double *values, size_t count, size_t top)
{
	double sum = positive_sum(values, count);
	if (!(sum > 0)) {
		return figure_none("no account has revenue");
	}
	qsort(values, count, sizeof *values, compare_down);
	return figure_of(positive_sum(values, top < count ? top : count) / sum);
}

struct figure market_lifetime_value(struct figure margin, struct figure retention, struct figure discount)
{
	if (!figure_defined(margin)) {
		return margin;
	}
	if (!figure_defined(retention) || !figure_defined(discount)) {
		return figure_defined(retention) ? discount : retention;
	}
	if (retention.value < 0 || retention.value >= 1 + discount.value) {
		return figure_none("the retention rate is not from 0 up to 1 + the discount rate");
	}
	return figure_of(margin.value * retention.value / (1 + discount.value - retention.value));
}

/* ---- ranks ------------------------------------------------------------------------------------------------------------------------ */

struct ranked {
	double value;
	size_t index;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;
	return (left->value > right->value) - (left->value < right->value);
}

/* Ranks from 1; equal values share the mean of theirs. */
static double *ranks_of(const double *values, size_t count, struct arena *arena)
{
	struct ranked *sorted = arena_calloc(arena, count + 1, sizeof *sorted);
	double *ranks = arena_calloc(arena, count + 1, sizeof *ranks);
	if (!sorted || !ranks) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i] = (struct ranked){values[i], i};
	}
	qsort(sorted, count, sizeof *sorted, compare_ranked);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && sorted[end].value == sorted[i].value; end++) {
		}
		for (size_t k = i; k < end; k++) {
			ranks[sorted[k].index] = (double)(i + 1 + end) / 2;
		}
	}
	return ranks;
}

struct figure market_rank_correlation(const double *x, const double *y, size_t count, struct arena *arena)
{
	if (count < 3) {
		return figure_none("fewer than three accounts have both");
	}
	const double *left = ranks_of(x, count, arena), *right = ranks_of(y, count, arena);
	double mean = (double)(count + 1) / 2, both = 0, of_left = 0, of_right = 0;
	if (!left || !right) {
		return figure_none("out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		both += (left[i] - mean) * (right[i] - mean);
		of_left += (left[i] - mean) * (left[i] - mean);
		of_right += (right[i] - mean) * (right[i] - mean);
	}
	if (of_left <= 0 || of_right <= 0) {
		return figure_none(of_left <= 0 ? "all accounts have the same score" : "all accounts grew alike");
	}
	return figure_of(fmax(-1, fmin(1, both / sqrt(of_left * of_right))));
}
