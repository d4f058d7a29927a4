/* SPDX-License-Identifier: Apache-2.0
 *
 * round_alignment.h - the overlaps of one round's ballots, for whoever reports on them, and who may be told.
 */
#pragma once

#include "server/domain/basis.h"
#include "server/domain/round_ballots.h"

struct round_alignment {
	struct round_ballots ballots;
	double *overlaps;             /* of all pairs, as agreement_overlaps gives them */
	struct figure overlap, cross; /* over all pairs, and between executives and middle management */
};

/* The round is closed now, and the caller may read all of its ballots: the decision is in `ret_decision`. Hidden rounds are NOT_FOUND. */
bool round_alignment_allowed(struct call *call, const char *round, struct decision *ret_decision);
/* As of the call's revision. The caller was found to be allowed. */
bool round_alignment_read(struct call *call, const Kam__V1__Round *round, struct round_alignment *ret_alignment);
/* Below this overlap executives and middle management are misaligned. */
double round_alignment_threshold(const struct basis *basis);
