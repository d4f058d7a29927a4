/* SPDX-License-Identifier: Apache-2.0
 *
 * judging.h - what the assessments say of the accounts of a table, by one criteria set: the base of the matrix, the gap, decisions, candidates, the
 * back-test and explained scores.
 *
 * A score is the mean over the people who gave one; of several assessments of one person the one that was assessed last counts. A criterion that a figure
 * answers has its score from the figure where nobody gave one.
 *
 * Owns:    lives in the call's arena, and borrows from its snapshot.
 * Threads: the call's.
 */
#pragma once

#include "kam/v1/assessment.pb-c.h"
#include "kam/v1/criteria_set.pb-c.h"
#include "server/domain/account_table.h"
#include "server/domain/basis.h"
#include "server/domain/score.h"

#define PERSPECTIVE(name) KAM__V1__PERSPECTIVE__PERSPECTIVE_##name
#define AXIS(name) KAM__V1__CRITERION_AXIS__CRITERION_AXIS_##name

struct judging {
	struct call *call;
	const struct basis *basis;
	const Kam__V1__CriteriaSet *set; /* cut to what the caller sees */
	uint64_t set_revision;
	struct cuts cuts;
	Kam__V1__Perspective perspective;
	struct account_table *table;
	size_t count;                    /* criteria */
	struct score_sum *sums;          /* [row * count + criterion] */
	int *assessors;                  /* of each row */
	bool for_rules;                  /* set before reading: whatever the caller sees, for what is put on record */
	bool *hidden;                    /* the caller sees no scores of the row */
	struct figure *sources;          /* [row * count + criterion]: the figures that answer criteria; NULL where none does */
	size_t *by_id;                   /* criteria in the order of their ids */
};

/* The set that a request names, or the active one of the latest year; `round`, if not empty, names it instead, in the version that it kept. Sets call,
 * basis, set, set_revision, cuts. */
bool judging_find_set(struct call *call, const struct basis *basis, const char *name, const char *round, struct judging *ret_judging);
/* A version of a set: as of a revision. Not asking who may see it. */
bool judging_set_version(struct call *call, const struct basis *basis, const char *name, uint64_t revision, struct judging *ret_judging);
/* Reads the assessments in the eyes of `perspective` as of the call's revision. `table` is set. */
bool judging_read(struct judging *judging, struct account_table *table, Kam__V1__Perspective perspective);

struct judged {
	struct axis_score attractiveness, strength;
	const char *unranked; /* NULL where it is ranked */
	enum matrix_quadrant quadrant;
};
struct judged judging_of(const struct judging *judging, size_t row);
/* The score of one criterion: of assessments, or of its figure. */
struct figure judging_score(const struct judging *judging, size_t row, size_t criterion);
/* The criteria of an axis with their scores, for score_axis; returns how many. `items` holds `count`. */
size_t judging_axis(const struct judging *judging, size_t row, Kam__V1__CriterionAxis axis, struct weighted *items);
/* One of the rows' assessments. */
typedef bool judging_visit(void *context, const char *assessment, uint64_t revision);
/* Those of one account that count, of the set and perspective, as of the call's revision. */
bool judging_each(struct judging *judging, size_t row, judging_visit *visit, void *context);
