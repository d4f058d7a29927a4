/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/agreement.h"

#include <math.h>

double *agreement_overlaps(const struct agreement_ballot *ballots, size_t count, size_t items_count, struct arena *arena)
{
	double *overlaps = arena_calloc(arena, count * count + 1, sizeof *overlaps);
	uint32_t *marked_by = arena_calloc(arena, items_count + 1, sizeof *marked_by); /* ballot + 1 that named the item last */
	if (!overlaps || !marked_by) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		overlaps[i * count + i] = 1;
		for (size_t k = 0; k < ballots[i].count; k++) {
			marked_by[ballots[i].items[k]] = (uint32_t)i + 1;
		}
		for (size_t j = i + 1; j < count; j++) {
			size_t both = 0;
			for (size_t k = 0; k < ballots[j].count; k++) {
				both += marked_by[ballots[j].items[k]] == i + 1;
			}
			size_t either = ballots[i].count + ballots[j].count - both;
			overlaps[i * count + j] = overlaps[j * count + i] = either > 0 ? (double)both / (double)either : 1;
		}
	}
	return overlaps;
}

struct figure agreement_mean(const double *overlaps, size_t count)
{
	double sum = 0;
	if (count < 2) {
		return figure_none(count == 0 ? "no ballot was cast" : "only one ballot was cast");
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			sum += overlaps[i * count + j];
		}
	}
	return figure_of(sum / ((double)count * (double)(count - 1) / 2));
}

struct figure agreement_levels(const double *overlaps, const struct agreement_ballot *ballots, size_t count, int level, int other_level, int *ret_pairs)
{
	double sum = 0;
	*ret_pairs = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			bool as_named = ballots[i].level == level && ballots[j].level == other_level;
			if (as_named || (ballots[j].level == level && ballots[i].level == other_level)) {
				sum += overlaps[i * count + j];
				++*ret_pairs;
			}
		}
	}
	if (*ret_pairs > 0) {
		return figure_of(sum / *ret_pairs);
	}
	return figure_none(level == other_level ? "fewer than two ballots were cast at this level" : "one of the two levels cast no ballot");
}

struct figure agreement_of_one(const double *overlaps, size_t count, size_t index)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += i == index ? 0 : overlaps[index * count + i];
	}
	return count > 1 ? figure_of(sum / (double)(count - 1)) : figure_none("there is no other ballot");
}

size_t agreement_furthest(const double *overlaps, size_t count)
{
	const double same = 1e-12; /* sums of the same overlaps in another order */
	size_t furthest = count;
	double least = INFINITY;
	for (size_t i = 0; count > 2 && i < count; i++) {
		double mean = agreement_of_one(overlaps, count, i).value;
		if (mean < least - same) {
			least = mean;
			furthest = i;
		} else if (mean < least + same) {
			furthest = count;
		}
	}
	return furthest;
}

struct figure agreement_concordance(const struct agreement_ballot *ballots, size_t count, size_t items_count, struct arena *arena)
{
	double *sums = arena_calloc(arena, items_count + 1, sizeof *sums);
	bool *named = arena_calloc(arena, items_count + 1, sizeof *named);
	double n = 0, m = (double)count, ties = 0, squares = 0;
	if (!sums || !named) {
		return figure_none("out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		if (ballots[i].count != ballots[0].count) {
			return figure_none("the ballots do not rank equally many accounts");
		}
		for (size_t k = 0; k < ballots[i].count; k++) {
			n += !named[ballots[i].items[k]];
			named[ballots[i].items[k]] = true;
		}
	}
	if (count < 2 || n < 2) {
		return figure_none(count == 0 ? "no ballot was cast" : count == 1 ? "only one ballot was cast" : "only one account is ranked");
	}
	for (size_t i = 0; i < count; i++) {
		double listed = (double)ballots[i].count, behind = n - listed, shared = listed + (behind + 1) / 2;
		for (size_t k = 0; k < ballots[i].count; k++) {
			sums[ballots[i].items[k]] += (double)(k + 1) - shared; /* the shared rank is added to all below */
		}
		for (size_t item = 0; item < items_count; item++) {
			sums[item] += named[item] ? shared : 0;
		}
		ties += behind * behind * behind - behind;
	}
	for (size_t item = 0; item < items_count; item++) {
		double off = sums[item] - m * (n + 1) / 2;
		squares += named[item] ? off * off : 0;
	}
	double whole = m * m * (n * n * n - n) - m * ties;
	return whole > 0 ? figure_of(12 * squares / whole) : figure_none("all accounts tie");
}

bool agreement_splits(size_t named, size_t ballots)
{
	return ballots > 1 && 3 * named >= ballots && 3 * named <= 2 * ballots;
}
