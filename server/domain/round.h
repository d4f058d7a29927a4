/* SPDX-License-Identifier: Apache-2.0
 *
 * round.h - shared by the files of this noun alone.
 */
#pragma once

#include "kam/v1/round.pb-c.h"
#include "server/resource/engine.h"

#define ROUND_STATE(name) KAM__V1__ROUND_STATE__ROUND_STATE_##name

/* RoundService.DecideRound, in round_decide.c. */
call_handler round_decide;

/* A copy that may be altered; NULL with the status failed. */
Kam__V1__Round *round_open_for_change(struct call *call, const char *name, const char *etag, struct store_record *ret_record);
/* Writes it as an update does, and answers with it. */
bool round_save(struct call *call, const struct store_record *record, Kam__V1__Round *round, bool validate_only);
