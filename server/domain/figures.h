/* SPDX-License-Identifier: Apache-2.0
 *
 * figures.h - the formulas that several reports share, as pure functions: numbers in, a number or the reason why there is none out.
 *
 * A figure that cannot be computed is undefined and says why; it is never 0 for want of data. Nothing is rounded here.
 *
 * Owns:    nothing; reasons are static, or live as long as the inputs they came from.
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct figure {
	double value;
	const char *reason; /* why it is undefined; NULL where it is defined */
};

static inline struct figure figure_of(double value)
{
	return (struct figure){value, NULL};
}

static inline struct figure figure_none(const char *reason)
{
	return (struct figure){0, reason};
}

static inline bool figure_defined(struct figure figure)
{
	return !figure.reason;
}

/* part / whole; undefined with `reason` where whole is not above 0. */
struct figure figures_ratio(struct figure part, struct figure whole, const char *reason);
/* won / (won + lost), by count or by value. */
struct figure figures_win_rate(struct figure won, struct figure lost, const char *reason);

struct weighted {
	struct figure value;
	double weight; /* 0 or more */
};
/* sum(weight * value) / sum(weight) over the defined values: one that is undefined leaves both sums. Undefined with `reason` where none is defined. */
struct figure figures_weighted_mean(const struct weighted *items, size_t count, const char *reason);
/* sum(weight of defined values) / sum(weight). */
struct figure figures_coverage(const struct weighted *items, size_t count);

enum figures_direction { FIGURES_UP = 1, FIGURES_DOWN = 2 };
/* How far a value has come from the floor to the target, 0 to 1: clamp((value - floor) / (target - floor)), and for DOWN, where the target lies below
 * the floor, its mirror clamp((floor - value) / (floor - target)). */
struct figure figures_attainment(enum figures_direction better, struct figure value, struct figure floor, struct figure target);

/* ours - theirs; undefined where one of them is. */
struct figure figures_gap(struct figure ours, struct figure theirs);

enum figures_quadrant { QUADRANT_NONE, QUADRANT_MANAGE_CLOSELY, QUADRANT_KEEP_SATISFIED, QUADRANT_KEEP_INFORMED, QUADRANT_MONITOR };
/* Power and interest, 1 to 5, each much from `cut` on; NONE where one is 0: not judged. */
enum figures_quadrant figures_power_interest(int power, int interest, int cut);
