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
