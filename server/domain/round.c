/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounds: prepared, opened, closed, decided, in this order and never back.
 *
 *   DRAFT    all may change.
 *   OPEN     participants may be added: whoever was asked stays asked.
 *   CLOSED   who was asked, for which year and by which criteria is on record.
 *   DECIDED  as CLOSED; further decisions may be added.
 */
#include "server/domain/round.h"

#include "kam/v1/criteria_set.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/domain.h"
#include "server/resource/changes.h"

#include <stdio.h>

/* ---- the noun ---------------------------------------------------------------------------------------------------------------------- */

static const Kam__V1__RoundParticipant *find_participant(const Kam__V1__Round *round, const char *user)
{
	for (size_t i = 0; i < round->n_participants; i++) {
		if (strcmp(round->participants[i]->user, user) == 0) {
			return round->participants[i];
		}
	}
	return NULL;
}

static void check_participants(struct call *call, const Kam__V1__Round *round)
{
	for (size_t i = 0; i < round->n_participants; i++) {
		if (find_participant(round, round->participants[i]->user) != round->participants[i]) {
			char path[STATUS_FIELD_BYTES];
			snprintf(path, sizeof path, "round.participants[%zu].user", i);
			status_field(call->status, path, "%.100s is there twice; everybody has one ballot", round->participants[i]->user);
		}
	}
}

static bool same_participants(const Kam__V1__Round *old, const Kam__V1__Round *new)
{
	bool same = old->n_participants == new->n_participants;
	for (size_t i = 0; same && i < old->n_participants; i++) {
		same = strcmp(old->participants[i]->user, new->participants[i]->user) == 0 && old->participants[i]->level == new->participants[i]->level;
	}
	return same;
}

static void check_change(struct call *call, const Kam__V1__Round *old, const Kam__V1__Round *new)
{
	if (old->state == ROUND_STATE(OPEN)) {
		for (size_t i = 0; i < old->n_participants; i++) {
			if (!find_participant(new, old->participants[i]->user)) {
				status_field(call->status, "round.participants", "%.100s was asked already and cannot be taken away; whoever casts no ballot is shown as such",
				             old->participants[i]->user);
			}
		}
	}
	if (old->state != ROUND_STATE(CLOSED) && old->state != ROUND_STATE(DECIDED)) {
		return;
	}
	const char *changed = !same_participants(old, new)                        ? "participants"
	                      : strcmp(old->criteria_set, new->criteria_set) != 0 ? "criteria_set"
	                      : old->year != new->year                            ? "year"
	                                                                          : NULL;
	if (changed) {
		status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_CLOSED",
		            "round.%s: %s is closed, and what it was about stays on record; copy it for the next one", changed,
		            old->name);
	}
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Round *round = (void *)new;
	if (!old) {
		round->state = ROUND_STATE(DRAFT);
		if (call->request && call->request->descriptor == &kam__v1__copy_round_request__descriptor) {
			round->copied_from = ((const Kam__V1__CopyRoundRequest *)(const void *)call->request)->name;
		}
	}
	check_participants(call, round);
	if (old && status_ok(call->status)) {
		check_change(call, (const void *)old, round);
	}
	return status_ok(call->status);
}

static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	const Kam__V1__Round *round = (const void *)old;
	return round->state == ROUND_STATE(DRAFT) ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_OPENED",
	                   "%s was opened, so it stays on record with its ballots; close it if it was a mistake", name);
}

/* ---- its steps ------------------------------------------------------------------------------------------------------------------------ */

static bool fail_state(struct call *call, const Kam__V1__Round *round, const char *what)
{
	return status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_STATE", "%s %s", round->name, what);
}

static bool open_round(struct call *call)
{
	const Kam__V1__OpenRoundRequest *request = (const void *)call->request;
	struct store_record record;
	Kam__V1__Round *round = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!round) {
		return false;
	}
	if (round->state != ROUND_STATE(DRAFT)) {
		return fail_state(call, round, round->state == ROUND_STATE(OPEN) ? "is open already"
		                  : "is closed, and a round is opened once; copy it for the next one");
	}
	if (round->n_participants == 0) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_EMPTY", "%s asks nobody yet; name its participants first", round->name);
	}
	const Kam__V1__CriteriaSet *set = (const void *)basis_stored(call, round->criteria_set);
	if (!set || set->state != KAM__V1__CRITERIA_SET_STATE__CRITERIA_SET_STATE_ACTIVE) {
		return status_ok(call->status) && status_fail(call->status, STATUS_FAILED_PRECONDITION, "CRITERIA_SET_NOT_ACTIVE",
		                                              "%s is not in use; set its state to ACTIVE before the round is opened", round->criteria_set);
	}
	round->state = ROUND_STATE(OPEN);
	round->open_time = call_time(call->now_us, call->arena);
	return engine_save(call, round->name, &record, &round->base);
}

static bool close_round(struct call *call)
{
	const Kam__V1__CloseRoundRequest *request = (const void *)call->request;
	struct store_record record, set;
	Kam__V1__Round *round = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!round) {
		return false;
	}
	if (round->state != ROUND_STATE(OPEN)) {
		return fail_state(call, round, round->state == ROUND_STATE(DRAFT) ? "was not opened yet" : "is closed already");
	}
	if (!changes_get(call->changes, call->view, round->criteria_set, &set, call->status)) {
		return status_ok(call->status) && call_not_found(call, round->criteria_set);
	}
	round->state = ROUND_STATE(CLOSED);
	round->criteria_set_revision = set.revision;
	round->close_time = call_time(call->now_us, call->arena);
	return engine_save(call, round->name, &record, &round->base);
}

/* ---- next year's ------------------------------------------------------------------------------------------------------------------------ */

static bool copy_round(struct call *call)
{
	schema_groups groups;
	Kam__V1__Round *round = (void *)engine_open_copy(call, ((const Kam__V1__CopyRoundRequest *)(const void *)call->request)->name, &groups);
	if (!round) {
		return false;
	}
	round->year += round->year > 0;
	round->due_on = (char *)(uintptr_t)"";
	return engine_create_different(call, &round->base, groups);
}

static const struct noun nouns[] = {{.collection = "rounds", .check = check, .check_delete = check_delete}};

static const struct method_row methods[] = {
	{"/kam.v1.RoundService/OpenRound", open_round, NULL},
	{"/kam.v1.RoundService/CloseRound", close_round, NULL},
	{"/kam.v1.RoundService/DecideRound", round_decide, NULL},
	{"/kam.v1.RoundService/CopyRound", copy_round, NULL},
};

const struct domain domain_round = {nouns, 1, methods, 4};
