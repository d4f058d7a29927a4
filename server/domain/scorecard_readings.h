/* SPDX-License-Identifier: Apache-2.0
 *
 * scorecard_readings.h - what was measured and rated in a scorecard, as a table: a row for each period, a column for each metric. Of this noun's files alone.
 *
 * Owns:    lives in the call's arena.
 */
#pragma once

#include "kam/v1/scorecard.pb-c.h"
#include "server/domain/figures.h"
#include "server/resource/engine.h"

/* The entry of one metric in one period. */
struct cell {
	const char *entry;       /* its name; NULL where there is none */
	struct figure value;     /* that counts: the settled one, otherwise the reported one */
	struct figure reported;
	bool disputed;           /* and not settled */
	Kam__V1__Side reported_by, disputed_by;
	const char *reason;
};

/* How one side rated in one period. */
struct rated {
	const char *name; /* of the rating; NULL where there is none */
	struct figure rating;
};

struct readings_period {
	const char *text;
	int64_t first_day, end_day;
	bool measured;          /* some metric has an entry in it */
	struct rated ours, theirs;
	struct cell *cells;     /* one for each metric, in the scorecard's order */
};

struct readings {
	struct readings_period *periods; /* oldest first */
	size_t periods_count;
	const char *entries_hidden, *ratings_hidden; /* why nothing is known of them; NULL where it is */
};

/* Reads the entries and ratings that the caller may see, of periods that end by `last` (empty: all). */
bool readings_read(struct call *call, const char *name, const Kam__V1__Scorecard *scorecard, const char *last, struct readings *ret_readings);
