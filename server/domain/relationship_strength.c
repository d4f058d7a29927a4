/* SPDX-License-Identifier: Apache-2.0
 *
 * The definitions are in the header; changing one raises STRENGTH_FORMULA_VERSION.
 */
#include "server/domain/relationship_strength.h"

#include <math.h>

enum { RECENCY_HALF_DAYS = 30, FREQUENCY_FULL = 6, DEPTH_FULL = 3, LEVELS = 4 };

static struct figure two_way(const struct activity *activity)
{
	int ours = activity->started_by_us, theirs = activity->started_by_them;
	if (ours + theirs == 0) {
		return figure_none("no contact of the last 365 days says which side started it");
	}
	return figure_of(2.0 * (ours < theirs ? ours : theirs) / (ours + theirs));
}

static struct figure seniority(const struct activity *activity)
{
	bool known = activity->level >= 1 && activity->level <= LEVELS;
	return known ? figure_of((double)activity->level / LEVELS) : figure_none("their level is not said");
}

struct strength relationship_strength(const struct activity *activity, const double weights[STRENGTH_PARTS])
{
	const char *why_not = activity->hidden ? activity->hidden : (activity->contacts == 0 ? "no contact with them is recorded" : NULL);
	struct strength strength = {.parts[STRENGTH_SENIORITY] = seniority(activity)};
	if (why_not) {
		strength.score = figure_none(why_not);
		for (int i = STRENGTH_RECENCY; i < STRENGTH_SENIORITY; i++) {
			strength.parts[i] = figure_none(why_not);
		}
		return strength;
	}
	strength.parts[STRENGTH_RECENCY] = figure_of(exp2(-fmax(activity->days_since_last, 0) / RECENCY_HALF_DAYS));
	strength.parts[STRENGTH_FREQUENCY] = figure_of(fmin((double)activity->recent_contacts / FREQUENCY_FULL, 1));
	strength.parts[STRENGTH_TWO_WAY] = two_way(activity);
	strength.parts[STRENGTH_DEPTH] = figure_of(fmin((double)activity->users / DEPTH_FULL, 1));
	struct weighted items[STRENGTH_PARTS];
	for (int i = 0; i < STRENGTH_PARTS; i++) {
		items[i] = (struct weighted){strength.parts[i], weights[i]};
	}
	strength.score = figures_weighted_mean(items, STRENGTH_PARTS, "no part of it is known");
	strength.score.value *= 100;
	return strength;
}

const char *strength_part_name(enum strength_part part)
{
	static const char *const names[STRENGTH_PARTS] = {"recency", "frequency", "two_way", "depth", "seniority"};
	return names[part];
}

const char *strength_formula(void)
{
	return "100 * sum(weight * part) / sum(weight) over the parts that have a value; recency = 0.5 ^ (days since the last contact / 30); "
	       "frequency = contacts in 90 days / 6, at most 1; two_way = 2 * min(started by us, by them) / (started by either) in 365 days; "
	       "depth = our people in contact / 3, at most 1; seniority = operational 0.25, middle 0.5, senior 0.75, board 1";
}
