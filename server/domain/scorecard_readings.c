/* SPDX-License-Identifier: Apache-2.0
 *
 * First everything is collected as it comes, then the periods that occur are sorted, and each piece goes to its place. Periods of several lengths may
 * stand side by side; they are ordered by their last day, the shorter one first.
 */
#include "server/domain/scorecard_readings.h"

#include "common/schema/rules.h"
#include "kam/v1/entry.pb-c.h"
#include "kam/v1/rating.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/grow.h"

#include <stdlib.h>

struct piece {
	struct readings_period period;
	bool is_entry;
	size_t metric;
	struct cell cell;
	Kam__V1__Side side;
	struct rated rated;
};

struct collecting {
	const Kam__V1__Scorecard *scorecard;
	bool limited;
	int64_t limit; /* the day after the last period asked for */
	struct piece *pieces;
	size_t count;
};

/* A piece of a period that is asked for; NULL with the status OK where it is not. */
static struct piece *add_piece(struct collecting *collecting, struct call *call, const char *period)
{
	struct readings_period read = {0};
	if (!rules_period(period, &read.first_day, &read.end_day) || (collecting->limited && read.end_day > collecting->limit)) {
		return NULL;
	}
	read.text = arena_strdup(call->arena, period);
	struct piece *pieces = grow_array(call->arena, collecting->pieces, collecting->count, sizeof *pieces);
	if (!pieces || !read.text) {
		basis_no_memory(call);
		return NULL;
	}
	collecting->pieces = pieces;
	pieces[collecting->count] = (struct piece){.period = read};
	return &pieces[collecting->count++];
}

static struct figure number(bool is_set, double value, const char *reason)
{
	return is_set ? figure_of(value) : figure_none(reason);
}

static bool visit_entry(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct collecting *collecting = context;
	const Kam__V1__Entry *entry = (const void *)message;
	size_t metric = 0;
	(void)groups, (void)scratch;
	while (metric < collecting->scorecard->n_metrics && strcmp(collecting->scorecard->metrics[metric]->id, entry->metric) != 0) {
		metric++;
	}
	struct piece *piece = metric < collecting->scorecard->n_metrics ? add_piece(collecting, call, entry->period) : NULL;
	if (!piece) {
		return status_ok(call->status); /* of a metric that an earlier version had, or a period not asked for */
	}
	piece->is_entry = true;
	piece->metric = metric;
	piece->cell.entry = arena_strdup(call->arena, name);
	piece->cell.reason = arena_strdup(call->arena, entry->dispute_reason);
	piece->cell.reported = number(entry->_value_case, entry->value, "not measured");
	piece->cell.value = entry->_settled_value_case ? figure_of(entry->settled_value) : piece->cell.reported;
	piece->cell.disputed = entry->disputed && !entry->_settled_value_case;
	piece->cell.reported_by = entry->reported_by;
	piece->cell.disputed_by = entry->disputed_by;
	return piece->cell.entry && piece->cell.reason ? true : basis_no_memory(call);
}

static bool visit_rating(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct collecting *collecting = context;
	const Kam__V1__Rating *rating = (const void *)message;
	(void)groups, (void)scratch;
	struct piece *piece = add_piece(collecting, call, rating->period);
	if (!piece) {
		return status_ok(call->status);
	}
	piece->side = rating->side;
	piece->rated = (struct rated){arena_strdup(call->arena, name), number(rating->rating > 0, rating->rating, HIDDEN_REASON)};
	return piece->rated.name ? true : basis_no_memory(call);
}

/* ---- the table ---------------------------------------------------------------------------------------------------------------- */

static int compare_periods(const struct readings_period *left, const struct readings_period *right)
{
	if (left->end_day != right->end_day) {
		return left->end_day < right->end_day ? -1 : 1;
	}
	return (left->first_day < right->first_day) - (left->first_day > right->first_day);
}

static int compare_pieces(const void *a, const void *b)
{
	return compare_periods(&((const struct piece *)a)->period, &((const struct piece *)b)->period);
}

/* An empty row of the table. */
static bool add_period(struct readings *readings, struct call *call, const struct readings_period *period, size_t metrics)
{
	struct readings_period *row = &readings->periods[readings->periods_count];
	struct cell *cells = arena_calloc(call->arena, metrics + 1, sizeof *cells);
	if (!cells) {
		return basis_no_memory(call);
	}
	for (size_t i = 0; i < metrics; i++) {
		cells[i].value = cells[i].reported = figure_none(readings->entries_hidden ? readings->entries_hidden : "not measured in this period");
	}
	*row = *period;
	row->cells = cells;
	row->ours.rating = row->theirs.rating = figure_none(readings->ratings_hidden ? readings->ratings_hidden : "not rated in this period");
	readings->periods_count++;
	return true;
}

static bool place(struct readings *readings, struct call *call, struct collecting *collecting)
{
	readings->periods = arena_calloc(call->arena, collecting->count + 1, sizeof *readings->periods);
	if (!readings->periods) {
		return basis_no_memory(call);
	}
	if (collecting->count > 0) {
		qsort(collecting->pieces, collecting->count, sizeof *collecting->pieces, compare_pieces);
	}
	for (size_t i = 0; i < collecting->count; i++) {
		const struct piece *piece = &collecting->pieces[i];
		bool is_new = i == 0 || compare_periods(&collecting->pieces[i - 1].period, &piece->period) != 0;
		if (is_new && !add_period(readings, call, &piece->period, collecting->scorecard->n_metrics)) {
			return false;
		}
		struct readings_period *row = &readings->periods[readings->periods_count - 1];
		if (piece->is_entry) {
			row->cells[piece->metric] = piece->cell;
			row->measured = true;
		} else if (piece->side == KAM__V1__SIDE__SIDE_US) {
			row->ours = piece->rated;
		} else {
			row->theirs = piece->rated;
		}
	}
	return true;
}

/* NULL where the caller sees the values of a collection below the scorecard. */
static const char *why_hidden(struct call *call, const char *permission, const char *name)
{
	struct decision decision = call_decide(call, permission, name, (struct bytes){0});
	return decision.allowed && decision.groups & 1u << GROUP_STRATEGY ? NULL : HIDDEN_REASON;
}

bool readings_read(struct call *call, const char *name, const Kam__V1__Scorecard *scorecard, const char *last, struct readings *ret_readings)
{
	struct collecting collecting = {.scorecard = scorecard};
	int64_t first;
	*ret_readings = (struct readings){.entries_hidden = why_hidden(call, "entries.read", name), .ratings_hidden = why_hidden(call, "ratings.read", name)};
	collecting.limited = *last != '\0';
	if (collecting.limited && !rules_period(last, &first, &collecting.limit)) {
		return status_field(call->status, "period", "\"%.20s\" is not a year, quarter or month: 2026, 2026-Q3, 2026-07", last);
	}
	const char *entries = arena_printf(call->arena, "%s/entries", name), *ratings = arena_printf(call->arena, "%s/ratings", name);
	if (!entries || !ratings) {
		return basis_no_memory(call);
	}
	if ((!ret_readings->entries_hidden && !call_each(call, entries, visit_entry, &collecting)) ||
	    (!ret_readings->ratings_hidden && !call_each(call, ratings, visit_rating, &collecting))) {
		return false;
	}
	return place(ret_readings, call, &collecting);
}
