/* SPDX-License-Identifier: Apache-2.0
 *
 * agreement.h - how far ballots agree, as pure functions. A ballot is a list of different items, most important first; an item is a number below `items_count`.
 *
 * Threads: any.
 */
#pragma once

#include "common/base/arena.h"
#include "server/domain/figures.h"

#include <stdint.h>

struct agreement_ballot {
	const uint32_t *items; /* in rank order, each once */
	size_t count;
	int level;             /* any number: what within and across go by */
};

/* All pairs: overlap (Jaccard) of ballot i with j at [i * count + j], 1 on the diagonal. Two empty ballots overlap fully. NULL when the arena is full. */
double *agreement_overlaps(const struct agreement_ballot *ballots, size_t count, size_t items_count, struct arena *arena);
/* Mean of the overlaps of all pairs; undefined below two ballots. */
struct figure agreement_mean(const double *overlaps, size_t count);
/* The same over pairs with one ballot at `level` and the other at `other_level`, or both at it where they are equal. */
struct figure agreement_levels(const double *overlaps, const struct agreement_ballot *ballots, size_t count, int level, int other_level, int *ret_pairs);
/* Mean overlap of one ballot with the others; undefined where there are none. */
struct figure agreement_of_one(const double *overlaps, size_t count, size_t index);
/* The ballot that overlaps least with the others; `count` where it is not one alone, or there are fewer than three: of two both are equally far. */
size_t agreement_furthest(const double *overlaps, size_t count);

/* Kendall's W = 12 S / (m^2 (n^3 - n) - m sum(t^3 - t)) over the items that any ballot names; those that a ballot does not name tie behind those it does.
 * Undefined below two ballots or two items, where the ballots are not equally long, and where all is tied. */
struct figure agreement_concordance(const struct agreement_ballot *ballots, size_t count, size_t items_count, struct arena *arena);

/* Between a third and two thirds of the ballots name it. */
bool agreement_splits(size_t named, size_t ballots);
