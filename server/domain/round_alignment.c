/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/round_alignment.h"

#define LEVEL(name) ((int)KAM__V1__PARTICIPANT_LEVEL__PARTICIPANT_LEVEL_##name)

bool round_alignment_allowed(struct call *call, const char *round, struct decision *ret_decision)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, round);
	struct store_record record;
	struct decision read;
	if (!resource || strcmp(resource->collection, "rounds") != 0 || strstr(round, "/-")) {
		return status_field(call->status, "name", "\"%.80s\" is not the name of a round; write it as rounds/{round}", round);
	}
	if (!call_read(call, round, &record, &read)) {
		return status_ok(call->status) && call_not_found(call, round);
	}
	if (!round_ballots_open_to_all(call, round)) {
		return false;
	}
	/* Any ballot but the caller's own, which everybody may read. */
	const char *ballots = arena_printf(call->arena, "%s/ballots/%s", round, strcmp(call->caller->user, "users/a") == 0 ? "b" : "a");
	if (!ballots) {
		return call_no_memory(call);
	}
	*ret_decision = call_decide(call, "ballots.read", ballots, (struct bytes){0});
	return ret_decision->allowed || status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED",
	                                            "this needs a role that reaches all ballots of %s", round);
}

bool round_alignment_read(struct call *call, const Kam__V1__Round *round, struct round_alignment *ret_alignment)
{
	int pairs;
	if (!round_ballots_read(call, round, &ret_alignment->ballots)) {
		return false;
	}
	const struct round_ballots *ballots = &ret_alignment->ballots;
	ret_alignment->overlaps = agreement_overlaps(ballots->ballots, ballots->count, ballots->accounts_count, call->arena);
	if (!ret_alignment->overlaps) {
		return call_no_memory(call);
	}
	ret_alignment->overlap = agreement_mean(ret_alignment->overlaps, ballots->count);
	ret_alignment->cross = agreement_levels(ret_alignment->overlaps, ballots->ballots, ballots->count, LEVEL(EXECUTIVE), LEVEL(MIDDLE_MANAGEMENT), &pairs);
	return true;
}

double round_alignment_threshold(const struct basis *basis)
{
	const Kam__V1__Thresholds *thresholds = basis->programme->thresholds;
	return thresholds && thresholds->minimum_alignment > 0 ? thresholds->minimum_alignment : 0.5;
}
