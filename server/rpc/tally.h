/* SPDX-License-Identifier: Apache-2.0
 *
 * tally.h - what goes on record without a change of its own: refusals, and reads that take much away (exports).
 *
 * A flood of them must not fill the disk, and none may be lost from the count. So the first of its kind (who, from where, by which method, how it ended) goes on
 * record in full at once, the rest of its minute as one record with their number. Whoever is not signed in has places of their own, so that strangers cannot crowd
 * out what users did; past the places, one row for each outcome counts the rest. What is here and not yet on record is at most a minute's, and goes on record when
 * the server stops; a kill loses it.
 *
 * Threads: any.
 */
#pragma once

#include "server/rpc/operation.h"

struct tally;

enum { TALLY_PEER_BYTES = 64, TALLY_CLIENT_BYTES = 104, TALLY_NOTE_BYTES = 400 };

/* One kind, and what of it is not on record yet. */
struct tally_row {
	const struct schema_method *method; /* NULL: various; so are actor and peer then */
	enum status_code code;
	char actor[LIMIT_NAME_BYTES + 1], api_token[LIMIT_ID_BYTES + 1]; /* the token's id, where one spoke for them */
	char peer[TALLY_PEER_BYTES], client[TALLY_CLIENT_BYTES], note[TALLY_NOTE_BYTES]; /* client and note: of the newest */
	int64_t since_us;   /* wall clock, of the first */
	uint64_t events;    /* not on record */
	uint64_t resources; /* that they gave out, where they are exports */
	bool continued;     /* the first is on record already */
};

struct tally *tally_new(void);
void tally_free(struct tally *tally);
/* Counts an operation that was refused, or has exported. True where something should go on record now. */
bool tally_add(struct tally *tally, const struct operation *op, int64_t now_us);
/* Something is due: a first one, or the rest of a minute that is over. */
bool tally_is_due(struct tally *tally, int64_t now_us);
/* The next row that is due (with `all`: that has anything) at or after place `*at`, which goes on to it. False at the end. */
bool tally_next(struct tally *tally, size_t *at, int64_t now_us, bool all, struct tally_row *ret_row);
/* What tally_next gave for place `at` is on record, durably. */
void tally_recorded(struct tally *tally, size_t at, const struct tally_row *row, int64_t now_us);
