/* SPDX-License-Identifier: Apache-2.0
 *
 * Propose, agree, supersede: each reads the scorecard for a change, takes one step of its state, and writes it as an update does.
 */
#include "server/domain/scorecard.h"

#include "common/base/clock.h"
#include "server/domain/basis.h"
#include "server/domain/names.h"
#include "server/resource/changes.h"

#include <stdio.h>

#define STATE(name) KAM__V1__SCORECARD_STATE__SCORECARD_STATE_##name
#define SIDE(name) KAM__V1__SIDE__SIDE_##name

enum { AGREEMENTS_MAX = 256 }; /* Scorecard.agreements.max_items */

static const char *state_name(Kam__V1__ScorecardState state)
{
	static const char *const names[] = {"in no state", "a draft", "proposed", "agreed", "superseded"};
	return state >= 0 && state < (int)(sizeof names / sizeof names[0]) ? names[state] : names[0];
}

static bool fail_state(struct call *call, const Kam__V1__Scorecard *scorecard, const char *what)
{
	return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_STATE", "%s is %s; %s", scorecard->name, state_name(scorecard->state), what);
}

/* ---- propose ---------------------------------------------------------------------------------------------------------------- */

/* Whoever signs must be able to say when each metric is attained. */
static bool check_complete(struct call *call, const Kam__V1__Scorecard *scorecard)
{
	double weight = 0, floor;
	for (size_t i = 0; i < scorecard->n_metrics; i++) {
		const Kam__V1__ScorecardMetric *metric = scorecard->metrics[i];
		weight += metric->weight;
		if (!metric->_target_case || !scorecard_floor(metric, &floor)) {
			return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_INCOMPLETE",
			                   "metrics[%zu].%s: the metric %s needs a target, and a floor or baseline, before both sides can sign it", i,
			                   metric->_target_case ? "floor" : "target", metric->id);
		}
	}
	return weight > 0 || status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_INCOMPLETE", "metrics: %s",
	                                 scorecard->n_metrics ? "no metric has a weight; give one to those that count" : "there are none to be signed; add some");
}

bool scorecard_propose(struct call *call)
{
	const Kam__V1__ProposeScorecardRequest *request = (const void *)call->request;
	struct store_record record;
	Kam__V1__Scorecard *scorecard = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!scorecard) {
		return false;
	}
	if (scorecard->state != STATE(DRAFT)) {
		return fail_state(call, scorecard, "only a draft can be proposed");
	}
	if (!check_complete(call, scorecard)) {
		return false;
	}
	scorecard->state = STATE(PROPOSED);
	return engine_save(call, scorecard->name, &record, &scorecard->base);
}

/* ---- agree -------------------------------------------------------------------------------------------------------------------- */

static bool signed_current(const Kam__V1__Scorecard *scorecard, Kam__V1__Side side)
{
	const Kam__V1__ScorecardAgreement *last = scorecard_last_agreement(scorecard, side);
	return last && last->version == scorecard->version;
}

/* The day it was signed: as given, or today. NULL with the status failed. */
static char *signing_day(struct call *call, const char *given)
{
	const int64_t day_us = INT64_C(86400000000);
	int64_t today = call->now_us / day_us, day;
	int year, month, date;
	if (!*given) {
		clock_day_of(today, &year, &month, &date);
		char *text = arena_printf(call->arena, "%04d-%02d-%02d", year, month, date);
		return text ? text : (basis_no_memory(call), NULL);
	}
	if (!clock_parse_date(given, &day) || day > today + 1) { /* it may be tomorrow already where it was signed */
		status_field(call->status, "signed_on", "\"%.20s\" is not a day up to today", given);
		return NULL;
	}
	return (char *)(uintptr_t)given;
}

/* Appends the agreement; where the list is full, in place of the oldest. */
static bool add_agreement(struct call *call, Kam__V1__Scorecard *scorecard, const Kam__V1__AgreeScorecardRequest *request)
{
	size_t kept = scorecard->n_agreements < AGREEMENTS_MAX ? scorecard->n_agreements : AGREEMENTS_MAX - 1, dropped = scorecard->n_agreements - kept;
	Kam__V1__ScorecardAgreement **list = arena_calloc(call->arena, kept + 1, sizeof *list);
	Kam__V1__ScorecardAgreement *agreement = arena_alloc(call->arena, sizeof *agreement);
	char *signed_on = signing_day(call, request->signed_on);
	if (!list || !agreement || !signed_on) {
		return status_ok(call->status) ? basis_no_memory(call) : false;
	}
	kam__v1__scorecard_agreement__init(agreement);
	agreement->side = request->side;
	agreement->signatory = request->signatory;
	agreement->signed_on = signed_on;
	agreement->version = scorecard->version;
	if (kept > 0) {
		memcpy(list, scorecard->agreements + dropped, kept * sizeof *list);
	}
	list[kept] = agreement;
	scorecard->agreements = list;
	scorecard->n_agreements = kept + 1;
	return true;
}

bool scorecard_agree(struct call *call)
{
	const Kam__V1__AgreeScorecardRequest *request = (const void *)call->request;
	struct store_record record;
	Kam__V1__Scorecard *scorecard = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!scorecard) {
		return false;
	}
	if (scorecard->state != STATE(PROPOSED)) {
		return fail_state(call, scorecard, "a side can sign what is proposed");
	}
	if (request->version != 0 && request->version != scorecard->version) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_VERSION", "version: %s is at version %d, not %d; read it again before it is signed",
		                   scorecard->name, scorecard->version, request->version);
	}
	if (signed_current(scorecard, request->side)) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_SIGNED", "side: %s signed version %d of %s already",
		                   request->side == SIDE(US) ? "our side" : "the client", scorecard->version, scorecard->name);
	}
	if (!add_agreement(call, scorecard, request)) {
		return false;
	}
	if (signed_current(scorecard, SIDE(US)) && signed_current(scorecard, SIDE(CLIENT))) {
		scorecard->state = STATE(AGREED);
	}
	return engine_save(call, scorecard->name, &record, &scorecard->base);
}

/* ---- supersede ------------------------------------------------------------------------------------------------------------------ */

static bool check_successor(struct call *call, const Kam__V1__Scorecard *scorecard, const char *successor)
{
	if (!*successor) {
		return true;
	}
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, successor);
	if (!resource || strcmp(resource->collection, "accounts/scorecards") != 0) {
		return status_field(call->status, "successor", "\"%.100s\" is not the name of a scorecard; write it as accounts/{account}/scorecards/{scorecard}", successor);
	}
	if (!names_same_account(scorecard->name, successor)) {
		return status_field(call->status, "successor", "%.100s belongs to another account; choose a scorecard of this account", successor);
	}
	if (strcmp(scorecard->name, successor) == 0) {
		return status_field(call->status, "successor", "is the scorecard itself; choose another one, or none");
	}
	const Kam__V1__Scorecard *next = (const void *)basis_stored(call, successor);
	if (!next) {
		return status_ok(call->status) && status_field(call->status, "successor", "%.120s not found; create it first", successor);
	}
	return next->state != STATE(SUPERSEDED) || status_field(call->status, "successor", "%.120s is superseded itself", successor);
}

bool scorecard_supersede(struct call *call)
{
	const Kam__V1__SupersedeScorecardRequest *request = (const void *)call->request;
	struct store_record record;
	Kam__V1__Scorecard *scorecard = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!scorecard) {
		return false;
	}
	if (scorecard->state == STATE(SUPERSEDED)) {
		return fail_state(call, scorecard, "there is nothing left to end");
	}
	if (!check_successor(call, scorecard, request->successor)) {
		return false;
	}
	scorecard->state = STATE(SUPERSEDED);
	scorecard->successor = request->successor;
	return engine_save(call, scorecard->name, &record, &scorecard->base);
}
