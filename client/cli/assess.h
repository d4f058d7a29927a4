/* SPDX-License-Identifier: Apache-2.0
 *
 * assess.h - what the parts of kam assess share: what is known before, and what is answered.
 */
#pragma once

#include "client/cli/cli.h"
#include "kam/v1/assessment.pb-c.h"
#include "kam/v1/criteria_set.pb-c.h"
#include "kam/v1/gap.pb-c.h"

struct answer {
	const Kam__V1__Criterion *criterion;
	const Kam__V1__GapCriterion *means; /* what everybody scored; NULL: not known */
	bool was_scored, scored;
	double was, score;
	const char *note; /* NULL: as it is */
};

struct assessing {
	struct cli *cli;
	const char *account, *assessor;
	Kam__V1__Perspective perspective;
	const Kam__V1__CriteriaSet *set;
	const Kam__V1__Assessment *own;  /* NULL: the first of this person */
	const Kam__V1__Assessment *file; /* of --file; NULL: none */
	const Kam__V1__Gap *means;       /* NULL: not known */
	struct answer *answers;          /* as many as the set has criteria */
};

/* Asks for every score, shows what would be written, and asks whether to. False, with `st` failed, where not. */
bool assess_ask(struct assessing *assessing, struct status *st);
/* A number from 1 to 10. */
bool assess_read_score(const char *text, double *ret_score);
/* How many answers differ from what is there. */
size_t assess_changes(const struct assessing *assessing);
