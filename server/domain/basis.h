/* SPDX-License-Identifier: Apache-2.0
 *
 * basis.h - what every report starts from: the programme as it stood, its thresholds with their defaults filled in, and the moment that the report tells of.
 *
 * A report that is asked as of an old revision counts days up to the time of that revision, with the rules of then.
 *
 * Owns:    lives in the call's arena.
 * Threads: the call's.
 */
#pragma once

#include "kam/v1/programme.pb-c.h"
#include "server/domain/figures.h"
#include "server/domain/relationship_strength.h"
#include "server/resource/engine.h"

/* The reason given wherever a role hides what a figure needs. */
#define HIDDEN_REASON "hidden from your roles"

struct basis {
	const Kam__V1__Programme *programme; /* never NULL; empty where there is none yet */
	int64_t now_us;                      /* the moment: now, or the time of the revision asked about */
	int64_t today;                       /* its day in UTC, since 1970 */
	double complacency_gap;
	int silence_days, stakeholder_cut;
	double strength_weights[STRENGTH_PARTS];
};

/* Reads it as of the call's revision. The programme is not cut: what of it reports compute with is public. */
bool basis_read(struct call *call, struct basis *ret_basis);
/* Makes it tell of another moment. */
void basis_set_moment(struct basis *basis, int64_t now_us);
/* Thresholds and weights of a programme, where 0 stands for the default. */
void basis_fill(struct basis *basis, const Kam__V1__Programme *programme);
/* The tier of an id, or NULL. */
const Kam__V1__Tier *basis_tier(const struct basis *basis, const char *id);

/* A resource as stored, present with pending changes in calls that write, otherwise as of the call's revision; not asking who may see it: for rules, never for
 * answers. NULL where there is none that lives (`status` OK) or it is damaged. */
ProtobufCMessage *basis_stored(struct call *call, const char *name);
/* Microseconds of a timestamp; 0 where it is NULL. */
int64_t basis_time_us(const Google__Protobuf__Timestamp *time);
/* RESOURCE_EXHAUSTED, in the usual words. Always false. */
bool basis_no_memory(struct call *call);
