/* SPDX-License-Identifier: Apache-2.0
 *
 * Deciding: verdicts become decisions with the figures of the moment, and the accounts' phases, all in one commit. Deciding again replaces a decision;
 * nothing else does.
 */
#include "server/domain/round.h"

#include "kam/v1/account.pb-c.h"
#include "kam/v1/decision.pb-c.h"
#include "server/domain/explanation.h"
#include "server/domain/judging.h"
#include "server/domain/names.h"
#include "server/domain/round_ballots.h"
#include "server/resource/changes.h"

#include <stdio.h>
#include <stdlib.h>

#define VERDICT(name) KAM__V1__DECISION_VERDICT__DECISION_VERDICT_##name
#define PHASE(name) KAM__V1__PHASE__PHASE_##name

struct deciding {
	struct call *call;
	const Kam__V1__DecideRoundRequest *request;
	const Kam__V1__Round *round;
	struct basis basis;
	struct round_ballots ballots;
	struct judging judging;
	struct account_table table; /* the accounts, by name */
	struct store_record *records; /* of the accounts, as the request names them */
	Kam__V1__Account **accounts;
};

static bool fail_verdict(struct call *call, size_t index, const char *field, const char *what)
{
	char path[STATUS_FIELD_BYTES];
	snprintf(path, sizeof path, "verdicts[%zu].%s", index, field);
	return status_field(call->status, path, "%s", what);
}

/* ---- phases -------------------------------------------------------------------------------------------------------------------------- */

static bool is_key(Kam__V1__Phase phase)
{
	return phase == PHASE(DEVELOPMENT) || phase == PHASE(KEY) || phase == PHASE(MAINTENANCE);
}

/* The phase that a verdict sets; false with the field failed where verdict, phase and account do not fit together. */
static bool choose_phase(struct call *call, const Kam__V1__RoundVerdict *verdict, Kam__V1__Phase now, size_t index, Kam__V1__Phase *ret_phase)
{
	bool given = verdict->phase != PHASE(UNSPECIFIED), fits = true;
	switch (verdict->verdict) {
	case VERDICT(SELECT):
		*ret_phase = given ? verdict->phase : PHASE(KEY);
		fits = *ret_phase == PHASE(KEY) || *ret_phase == PHASE(DEVELOPMENT);
		break;
	case VERDICT(KEEP):
		if (!is_key(now)) {
			return fail_verdict(call, index, "verdict", "is KEEP, but the account is no key account: SELECT it");
		}
		*ret_phase = given ? verdict->phase : now;
		fits = is_key(*ret_phase);
		break;
	case VERDICT(WATCH):
		*ret_phase = PHASE(CANDIDATE);
		fits = !given || verdict->phase == PHASE(CANDIDATE);
		break;
	default:
		*ret_phase = PHASE(DESELECTED);
		fits = !given || verdict->phase == PHASE(DESELECTED);
	}
	return fits || fail_verdict(call, index, "phase",
	                            "does not go with the verdict: SELECT has KEY or DEVELOPMENT, KEEP also MAINTENANCE, WATCH CANDIDATE, DESELECT DESELECTED");
}

/* ---- what it is decided about ----------------------------------------------------------------------------------------------------------- */

/* The account, if the caller may read it and decide about it. What they may not see is not there. */
static bool read_account(struct deciding *deciding, size_t index)
{
	struct call *call = deciding->call;
	const char *name = deciding->request->verdicts[index]->account;
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	struct store_record *record = &deciding->records[index];
	struct decision decision;
	for (size_t i = 0; i < index; i++) {
		if (strcmp(deciding->request->verdicts[i]->account, name) == 0) {
			return fail_verdict(call, index, "account", "is named twice; say one thing of it");
		}
	}
	if (!resource || resource->type != call->engine->access.account || strstr(name, "/-")) {
		return fail_verdict(call, index, "account", "is not the name of an account; write it as accounts/{account}");
	}
	STATUS_SCRATCH(st);
	bool seen = call_decide_verb(call, resource, "read", name).allowed && changes_get(call->changes, call->view, name, record, &st) &&
		record->operation != STORE_DELETE;
	if (!seen) {
		char text[LIMIT_NAME_BYTES + 16];
		snprintf(text, sizeof text, "%.200s not found", name);
		return fail_verdict(call, index, "account", text);
	}
	decision = call_decide(call, call->method->permission, name, (struct bytes){0});
	if (!decision.allowed) {
		return fail_verdict(call, index, "account", "is one that your roles do not let you decide about");
	}
	deciding->accounts[index] = (void *)schema_unpack_stored(resource->type, record->value, call->arena, call->status);
	return deciding->accounts[index] != NULL;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct account_row *)a)->name, ((const struct account_row *)b)->name);
}

/* The figures of the moment: as everybody's, not as the caller sees them, for they go on record. */
static bool read_figures(struct deciding *deciding)
{
	struct call *call = deciding->call;
	size_t count = deciding->request->n_verdicts;
	deciding->table.rows = arena_calloc(call->arena, count + 1, sizeof *deciding->table.rows);
	if (!deciding->table.rows) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < count; i++) {
		const Kam__V1__Account *account = deciding->accounts[i];
		deciding->table.rows[i] = (struct account_row){.name = account->name, .customer_since = bytes_of(account->customer_since),
		                                               .employees = account->employees, .groups = GROUPS_ALL};
	}
	deciding->table.count = count;
	qsort(deciding->table.rows, count, sizeof *deciding->table.rows, compare_rows);
	if (!basis_read(call, &deciding->basis) || !round_ballots_read(call, deciding->round, &deciding->ballots) ||
	    !judging_set_version(call, &deciding->basis, deciding->round->criteria_set, deciding->round->criteria_set_revision, &deciding->judging)) {
		return false;
	}
	deciding->judging.for_rules = true;
	return judging_read(&deciding->judging, &deciding->table, PERSPECTIVE(SELF));
}

/* ---- putting it on record ------------------------------------------------------------------------------------------------------------------ */

static void fill_figures(struct deciding *deciding, Kam__V1__Decision *to, const char *account)
{
	struct arena *arena = deciding->call->arena;
	struct judged judged = judging_of(&deciding->judging, account_table_find(&deciding->table, account));
	size_t named = round_ballots_naming(&deciding->ballots, account), ballots = deciding->ballots.count;
	to->attractiveness = figure_message(judged.attractiveness.score, arena);
	to->strength = figure_message(judged.strength.score, arena);
	to->attractiveness_coverage = figure_message(judged.attractiveness.coverage, arena);
	to->strength_coverage = figure_message(judged.strength.coverage, arena);
	to->support = figure_message(figures_ratio(figure_of((double)named), figure_of((double)ballots), "no ballot was cast"), arena);
	to->named_count = (int32_t)named;
	to->ballot_count = (int32_t)ballots;
	to->criteria_set = deciding->round->criteria_set;
	to->criteria_set_revision = deciding->judging.set_revision;
	to->revision = store_view_revision(deciding->call->view);
}

static bool record_decision(struct deciding *deciding, size_t index, Kam__V1__Phase phase, const char *name)
{
	struct call *call = deciding->call;
	const struct schema_resource *decisions = schema_resource_find(call->engine->schema, "rounds/decisions");
	const Kam__V1__RoundVerdict *verdict = deciding->request->verdicts[index];
	struct store_record record;
	bool again = changes_get(call->changes, call->view, name, &record, call->status);
	Kam__V1__Decision *decision = again ? (void *)schema_unpack(decisions->type, record.value, call->arena, call->status)
		: (void *)schema_message_new(decisions->type, call->arena);
	if (!decision) {
		return status_ok(call->status) ? call_no_memory(call) : false;
	}
	decision->account = verdict->account;
	decision->verdict = verdict->verdict;
	decision->reason = verdict->reason;
	decision->decided_by = (char *)(uintptr_t)call->caller->user;
	decision->decide_time = call_time(call->now_us, call->arena);
	decision->previous_phase = deciding->accounts[index]->phase;
	decision->phase = phase;
	fill_figures(deciding, decision, verdict->account);
	return status_ok(call->status) && write_resource(call, decisions, name, again ? &record : NULL, &decision->base, "decision", NULL);
}

static bool decide_one(struct deciding *deciding, size_t index)
{
	struct call *call = deciding->call;
	Kam__V1__Account *account = deciding->accounts[index];
	Kam__V1__Phase phase = KAM__V1__PHASE__PHASE_UNSPECIFIED;
	char *name = arena_printf(call->arena, "%s/decisions/%s", deciding->round->name, name_last(account->name));
	if (!name) {
		return call_no_memory(call);
	}
	if (!choose_phase(call, deciding->request->verdicts[index], account->phase, index, &phase) || !record_decision(deciding, index, phase, name)) {
		return false;
	}
	account->phase = phase;
	account->decision = name;
	return write_resource(call, schema_resource_find(call->engine->schema, "accounts"), account->name, &deciding->records[index], &account->base, "account",
	                      NULL);
}

bool round_decide(struct call *call)
{
	const Kam__V1__DecideRoundRequest *request = (const void *)call->request;
	struct deciding deciding = {.call = call, .request = request};
	struct store_record record;
	Kam__V1__Round *round = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!round) {
		return false;
	}
	if (round->state != ROUND_STATE(CLOSED) && round->state != ROUND_STATE(DECIDED)) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_STATE", "%s %s; it is decided once it is closed", round->name,
		                   round->state == ROUND_STATE(OPEN) ? "is still open" : "was not opened yet");
	}
	deciding.round = round;
	deciding.records = arena_calloc(call->arena, request->n_verdicts + 1, sizeof *deciding.records);
	deciding.accounts = arena_calloc(call->arena, request->n_verdicts + 1, sizeof(void *));
	if (!deciding.records || !deciding.accounts) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < request->n_verdicts; i++) {
		if (!read_account(&deciding, i) && call->status->violations_count == 0) {
			return false;
		}
	}
	if (!status_ok(call->status) || !read_figures(&deciding)) {
		return false;
	}
	for (size_t i = 0; i < request->n_verdicts; i++) {
		if (!decide_one(&deciding, i)) {
			return false;
		}
	}
	round->state = ROUND_STATE(DECIDED);
	round->decide_time = call_time(call->now_us, call->arena);
	return engine_save(call, round->name, &record, &round->base);
}
