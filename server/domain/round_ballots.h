/* SPDX-License-Identifier: Apache-2.0
 *
 * round_ballots.h - the ballots of a round, as agreement.h computes with them. Whoever reads them has seen to it that the round is closed now, or puts
 * nothing of them into an answer.
 *
 * Owns:    lives in the call's arena.
 * Threads: the call's.
 */
#pragma once

#include "kam/v1/round.pb-c.h"
#include "server/domain/agreement.h"
#include "server/resource/engine.h"

struct round_ballots {
	const char **users;               /* whose */
	const char **names;               /* of the ballots */
	struct agreement_ballot *ballots; /* their items are the places of accounts below */
	size_t count;
	const char **accounts;            /* that any ballot names, by name */
	size_t accounts_count;
};

/* As of the call's revision; `round` says at which level each participant stands. */
bool round_ballots_read(struct call *call, const Kam__V1__Round *round, struct round_ballots *ret_ballots);
/* How many ballots name an account, by its name. */
size_t round_ballots_naming(const struct round_ballots *ballots, const char *account);
/* Closed, as the round stands now. FAILED_PRECONDITION otherwise: until then nobody may be told anything of its ballots. */
bool round_ballots_open_to_all(struct call *call, const char *round);
