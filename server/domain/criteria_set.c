/* SPDX-License-Identifier: Apache-2.0
 *
 * Criteria sets: a set that is in use can rank accounts, and one that is retired stays as it is. Proposals are adopted as drafts.
 */
#include "kam/v1/criteria_set.pb-c.h"

#include "common/schema/mask.h"
#include "server/domain/basis.h"
#include "server/domain/criteria_proposals.h"
#include "server/domain/domain.h"

#include <stdio.h>

#define STATE(name) KAM__V1__CRITERIA_SET_STATE__CRITERIA_SET_STATE_##name

static void fail_criterion(struct call *call, size_t index, const char *field, const char *what)
{
	char path[STATUS_FIELD_BYTES];
	snprintf(path, sizeof path, "criteria_set.criteria[%zu].%s", index, field);
	status_field(call->status, path, "%s", what);
}

static void check_criterion(struct call *call, const Kam__V1__CriteriaSet *set, size_t index)
{
	const Kam__V1__Criterion *criterion = set->criteria[index];
	for (size_t i = 0; i < index; i++) {
		if (strcmp(set->criteria[i]->id, criterion->id) == 0) {
			fail_criterion(call, index, "id", "is the id of another criterion of this set");
		}
	}
	if (criterion->source != 0 && criterion->n_bands == 0) {
		fail_criterion(call, index, "bands", "are missing: they say which value of the figure has which score");
	}
	if (criterion->source == 0 && criterion->n_bands > 0) {
		fail_criterion(call, index, "source", "is missing: bands score a figure, so say which one, or leave them out");
	}
	for (size_t i = 1; i < criterion->n_bands; i++) {
		if (criterion->bands[i]->at_least <= criterion->bands[i - 1]->at_least) {
			fail_criterion(call, index, "bands", "must rise: each at_least is more than the one before");
		}
	}
}

/* A set ranks accounts once each axis has a weight; an axis that has criteria without one is a mistake in a draft too. */
static void check_weights(struct call *call, const Kam__V1__CriteriaSet *set)
{
	static const char *const axes[] = {"", "attractiveness", "strength"};
	double weights[3] = {0};
	size_t counts[3] = {0};
	for (size_t i = 0; i < set->n_criteria; i++) {
		unsigned axis = (unsigned)set->criteria[i]->axis < 3 ? (unsigned)set->criteria[i]->axis : 0;
		weights[axis] += set->criteria[i]->weight;
		counts[axis]++;
	}
	for (int axis = 1; axis < 3; axis++) {
		if (counts[axis] > 0 && !(weights[axis] > 0)) {
			status_field(call->status, "criteria_set.criteria", "all weights of %s are 0; give one to those that count", axes[axis]);
		} else if (counts[axis] == 0 && set->state == STATE(ACTIVE)) {
			status_field(call->status, "criteria_set.criteria", "none is about %s; a set in use needs criteria for attractiveness and for strength",
			             axes[axis]);
		}
	}
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__CriteriaSet *before = (const void *)old;
	Kam__V1__CriteriaSet *set = (void *)new;
	if (set->state == STATE(UNSPECIFIED)) {
		set->state = STATE(DRAFT);
	}
	if (!old && call->request && call->request->descriptor == &kam__v1__adopt_criteria_set_request__descriptor) {
		set->proposal = ((const Kam__V1__AdoptCriteriaSetRequest *)(const void *)call->request)->proposal;
	}
	for (size_t i = 0; i < set->n_criteria; i++) {
		check_criterion(call, set, i);
	}
	check_weights(call, set);
	if (!status_ok(call->status) || !before || before->state != STATE(RETIRED) || set->state == STATE(ACTIVE)) {
		return status_ok(call->status);
	}
	const char *changed = mask_differences(schema_type_of(call->engine->schema, new->descriptor), old, new, GROUPS_ALL, call->arena);
	return (changed && !*changed) || status_fail(call->status, STATUS_FAILED_PRECONDITION, "CRITERIA_SET_RETIRED",
	                                             "%s is retired and stays as it is; set its state to ACTIVE to use it again, or create another one",
		before->name);
}

/* ---- proposals ------------------------------------------------------------------------------------------------------------------------ */

static bool list_proposals(struct call *call)
{
	Kam__V1__ListCriteriaSetProposalsResponse response = KAM__V1__LIST_CRITERIA_SET_PROPOSALS_RESPONSE__INIT;
	Kam__V1__CriteriaSet *set;
	const char *id;
	size_t count = 0;
	while (criteria_proposal(count, call->arena, &id)) {
		count++;
	}
	response.proposals = arena_calloc(call->arena, count + 1, sizeof *response.proposals);
	while (response.proposals && (set = criteria_proposal(response.n_proposals, call->arena, &id)) != NULL) {
		Kam__V1__CriteriaSetProposal *proposal = arena_alloc(call->arena, sizeof *proposal);
		if (!proposal) {
			break;
		}
		kam__v1__criteria_set_proposal__init(proposal);
		proposal->id = (char *)(uintptr_t)id;
		proposal->criteria_set = set;
		response.proposals[response.n_proposals++] = proposal;
	}
	return call_reply(call, &response.base); /* they are kam's own and hide nothing */
}

static bool adopt(struct call *call)
{
	const Kam__V1__AdoptCriteriaSetRequest *request = (const void *)call->request;
	Kam__V1__CriteriaSet *set;
	const char *id;
	struct buf known;
	buf_init(&known, call->arena);
	for (size_t i = 0; (set = criteria_proposal(i, call->arena, &id)) != NULL && strcmp(id, request->proposal) != 0; i++) {
		buf_printf(&known, "%s%s", i ? ", " : "", id);
	}
	if (!set) {
		return call->arena->overflowed ? call_no_memory(call)
		                               : status_field(call->status, "proposal", "\"%.40s\" is no proposal; there are %.100s", request->proposal,
		                                              buf_text(&known));
	}
	return engine_create_different(call, &set->base, GROUPS_ALL);
}

static const struct noun nouns[] = {{.collection = "criteriaSets", .check = check}};

static const struct method_row methods[] = {
	{"/kam.v1.CriteriaSetService/ListCriteriaSetProposals", list_proposals, NULL},
	{"/kam.v1.CriteriaSetService/AdoptCriteriaSet", adopt, NULL},
};

const struct domain domain_criteria_set = {nouns, 1, methods, 2};
