/* SPDX-License-Identifier: Apache-2.0
 *
 * Every division here asks first whether it may be made.
 */
#include "server/domain/figures.h"

#include <math.h>

struct figure figures_ratio(struct figure part, struct figure whole, const char *reason)
{
	if (!figure_defined(part) || !figure_defined(whole)) {
		return figure_defined(part) ? whole : part;
	}
	return whole.value > 0 ? figure_of(part.value / whole.value) : figure_none(reason);
}

struct figure figures_win_rate(struct figure won, struct figure lost, const char *reason)
{
	struct figure decided = figure_defined(lost) ? figure_of(won.value + lost.value) : lost;
	return figures_ratio(won, decided, reason);
}

struct figure figures_weighted_mean(const struct weighted *items, size_t count, const char *reason)
{
	double sum = 0, weights = 0;
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (figure_defined(items[i].value)) {
			sum += items[i].weight * items[i].value.value;
			weights += items[i].weight;
			any = true;
		}
	}
	if (!any) {
		return figure_none(reason);
	}
	return weights > 0 ? figure_of(sum / weights) : figure_none("what has a value has no weight");
}

struct figure figures_coverage(const struct weighted *items, size_t count)
{
	double defined = 0, all = 0;
	for (size_t i = 0; i < count; i++) {
		all += items[i].weight;
		defined += figure_defined(items[i].value) ? items[i].weight : 0;
	}
	return all > 0 ? figure_of(defined / all) : figure_none("nothing has a weight");
}

struct figure figures_attainment(enum figures_direction better, struct figure value, struct figure floor, struct figure target)
{
	if (!figure_defined(value)) {
		return value;
	}
	if (!figure_defined(target) || !figure_defined(floor)) {
		return figure_defined(target) ? floor : target;
	}
	double way = better == FIGURES_DOWN ? floor.value - target.value : target.value - floor.value;
	double gone = better == FIGURES_DOWN ? floor.value - value.value : value.value - floor.value;
	if (!(way > 0)) {
		return figure_none(better == FIGURES_DOWN ? "the target is not below the floor" : "the target is not above the floor");
	}
	return figure_of(fmin(fmax(gone / way, 0), 1));
}

struct figure figures_gap(struct figure ours, struct figure theirs)
{
	if (!figure_defined(ours)) {
		return ours;
	}
	return figure_defined(theirs) ? figure_of(ours.value - theirs.value) : theirs;
}

enum figures_quadrant figures_power_interest(int power, int interest, int cut)
{
	if (power <= 0 || interest <= 0) {
		return QUADRANT_NONE;
	}
	if (power >= cut) {
		return interest >= cut ? QUADRANT_MANAGE_CLOSELY : QUADRANT_KEEP_SATISFIED;
	}
	return interest >= cut ? QUADRANT_KEEP_INFORMED : QUADRANT_MONITOR;
}
