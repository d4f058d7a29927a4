/* SPDX-License-Identifier: Apache-2.0
 *
 * relationship_strength.h - how strong the relationship with one person is, 0 to 100, by measured activity alone. What we think of them (support) is not in it.
 *
 * No standard exists; these are kam's definitions, each part 0 to 1:
 *
 *   recency    0.5 ^ (days since the last contact / 30): today 1, a month ago 0.5, a quarter ago 0.125.
 *   frequency  contacts in the last 90 days / 6, at most 1: one a fortnight counts in full.
 *   two-way    2 * min(ours, theirs) / (ours + theirs) over the contacts of the last 365 days, by the side that started them: 1 where both start as
 *              often, 0 where only one does. Undefined where none of them says who started it.
 *   depth      how many of us are in contact with the person / 3, at most 1: with three the relationship survives a leaver.
 *   seniority  operational 0.25, middle 0.5, senior 0.75, board 1. Undefined where the level is not said.
 *
 * score = 100 * sum(weight * part) / sum(weight); an undefined part leaves both sums. Where no contact was ever recorded the score is undefined.
 *
 * Threads: any; pure functions.
 */
#pragma once

#include "server/domain/figures.h"

enum strength_part { STRENGTH_RECENCY, STRENGTH_FREQUENCY, STRENGTH_TWO_WAY, STRENGTH_DEPTH, STRENGTH_SENIORITY, STRENGTH_PARTS };
enum { STRENGTH_FREQUENCY_DAYS = 90, STRENGTH_TWO_WAY_DAYS = 365, STRENGTH_FORMULA_VERSION = 1 };

/* What is known of the contacts with one person. */
struct activity {
	const char *hidden;     /* why nothing is known: "hidden from your roles"; NULL where it is known */
	int contacts;           /* ever, up to now */
	double days_since_last; /* where contacts > 0 */
	int recent_contacts;    /* in the last STRENGTH_FREQUENCY_DAYS */
	int started_by_us, started_by_them; /* in the last STRENGTH_TWO_WAY_DAYS */
	int users;              /* of ours in contact with them */
	int level;              /* kam.v1.StakeholderLevel */
};

struct strength {
	struct figure score;
	struct figure parts[STRENGTH_PARTS];
};

struct strength relationship_strength(const struct activity *activity, const double weights[STRENGTH_PARTS]);
/* "recency": as in the contract. */
const char *strength_part_name(enum strength_part part);
const char *strength_formula(void);
