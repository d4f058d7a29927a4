/* SPDX-License-Identifier: Apache-2.0
 *
 * The defaults are those that programme.proto promises for 0.
 */
#include "server/domain/basis.h"

#include "common/schema/rules.h"
#include "server/resource/changes.h"

#define DAY_US INT64_C(86400000000)

static const double default_weights[STRENGTH_PARTS] = {30, 25, 15, 15, 15};

bool basis_no_memory(struct call *call)
{
	return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call needs more memory than a call may use: ask for less at a time");
}

ProtobufCMessage *basis_stored(struct call *call, const char *name)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	struct store_record record;
	bool found = resource && (call->changes ? changes_get(call->changes, call->view, name, &record, call->status)
	                                        : store_get_at(call->view, name, call->as_of, &record, call->status));
	if (!found || record.operation == STORE_DELETE || record.operation == STORE_PURGE) {
		return NULL;
	}
	return schema_unpack(resource->type, record.value, call->arena, call->status);
}

int64_t basis_time_us(const Google__Protobuf__Timestamp *time)
{
	return time ? time->seconds * 1000000 + time->nanos / 1000 : 0;
}

/* The wall time of the revision asked about. Its record may be large (an import), so it does not stay in the call's arena. */
static bool read_moment(struct call *call, int64_t *ret_us)
{
	struct arena arena;
	struct store_entry entry;
	*ret_us = call->now_us;
	if (call->as_of == 0) {
		return true;
	}
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	if (store_log_get(call->view, call->as_of, &arena, &entry, call->status)) {
		*ret_us = entry.time_us;
	}
	arena_done(&arena);
	return status_ok(call->status);
}

void basis_fill(struct basis *basis, const Kam__V1__Programme *programme)
{
	const Kam__V1__Thresholds *thresholds = programme->thresholds;
	const Kam__V1__StrengthWeights *weights = programme->strength_weights;
	basis->programme = programme;
	basis->complacency_gap = thresholds && thresholds->complacency_gap > 0 ? thresholds->complacency_gap : 2;
	basis->silence_days = thresholds && thresholds->silence_days > 0 ? thresholds->silence_days : 30;
	basis->stakeholder_cut = thresholds && thresholds->stakeholder_cut > 0 ? thresholds->stakeholder_cut : 3;
	double own[STRENGTH_PARTS] = {0}, sum = 0;
	if (weights) {
		own[STRENGTH_RECENCY] = weights->recency;
		own[STRENGTH_FREQUENCY] = weights->frequency;
		own[STRENGTH_TWO_WAY] = weights->two_way;
		own[STRENGTH_DEPTH] = weights->depth;
		own[STRENGTH_SENIORITY] = weights->seniority;
	}
	for (int i = 0; i < STRENGTH_PARTS; i++) {
		sum += own[i];
	}
	memcpy(basis->strength_weights, sum > 0 ? own : default_weights, sizeof own);
}

void basis_set_moment(struct basis *basis, int64_t now_us)
{
	basis->now_us = now_us;
	basis->today = now_us / DAY_US - (now_us % DAY_US < 0);
}

bool basis_read(struct call *call, struct basis *ret_basis)
{
	const Kam__V1__Programme *programme = (const void *)basis_stored(call, "programme");
	if (!programme && status_ok(call->status)) {
		Kam__V1__Programme *empty = arena_alloc(call->arena, sizeof *empty);
		if (empty) {
			kam__v1__programme__init(empty);
		}
		programme = empty;
	}
	int64_t now_us;
	if (!programme || !read_moment(call, &now_us)) {
		return status_ok(call->status) ? basis_no_memory(call) : false;
	}
	basis_set_moment(ret_basis, now_us);
	basis_fill(ret_basis, programme);
	return true;
}

const Kam__V1__Tier *basis_tier(const struct basis *basis, const char *id)
{
	for (size_t i = 0; *id && i < basis->programme->n_tiers; i++) {
		if (strcmp(basis->programme->tiers[i]->id, id) == 0) {
			return basis->programme->tiers[i];
		}
	}
	return NULL;
}
