/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/tally.h"

#include "common/base/utf8.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* The last places of each half are for what finds no place: one for each outcome. */
enum { PLACES = 256, HALF = PLACES / 2, OVERFLOWS = 4, MINUTE_US = 60 * 1000000 };

struct place {
	struct tally_row row;
	bool used;
};

struct tally {
	pthread_mutex_t lock;
	struct place places[PLACES];
};

struct tally *tally_new(void)
{
	struct tally *tally = calloc(1, sizeof *tally);
	if (tally) {
		pthread_mutex_init(&tally->lock, NULL);
	}
	return tally;
}

void tally_free(struct tally *tally)
{
	if (tally) {
		pthread_mutex_destroy(&tally->lock);
		free(tally);
	}
}

static bool is_kind(const struct tally_row *row, const struct schema_method *method, const struct operation *op)
{
	return row->method == method && row->code == op->status.code &&
	       (!method || (strncmp(row->peer, op->peer, sizeof row->peer - 1) == 0 && strcmp(row->actor, op->user) == 0 &&
	                    strcmp(row->api_token, op->api_token) == 0));
}

/* The place of a kind, or a free one, in part of the places; NULL where all are taken. */
static struct place *find(struct tally *tally, size_t from, size_t to, const struct schema_method *method, const struct operation *op)
{
	struct place *unused = NULL;
	for (size_t i = from; i < to; i++) {
		struct place *place = &tally->places[i];
		if (place->used && is_kind(&place->row, method, op)) {
			return place;
		}
		unused = place->used || unused ? unused : place;
	}
	return unused;
}

static void begin(struct place *place, const struct schema_method *method, const struct operation *op, int64_t now_us)
{
	*place = (struct place){.used = true, .row = {.method = method, .code = op->status.code, .since_us = now_us}};
	if (method) {
		snprintf(place->row.actor, sizeof place->row.actor, "%s", op->user);
		snprintf(place->row.api_token, sizeof place->row.api_token, "%s", op->api_token);
		snprintf(place->row.peer, sizeof place->row.peer, "%s", op->peer);
	}
}

bool tally_add(struct tally *tally, const struct operation *op, int64_t now_us)
{
	size_t from = *op->user ? HALF : 0, to = from + HALF;
	const char *note = op->note ? op->note : "", *message = op->status.message;
	pthread_mutex_lock(&tally->lock);
	const struct schema_method *method = op->method;
	struct place *place = find(tally, from, to - OVERFLOWS, method, op);
	if (!place) {
		method = NULL;
		place = find(tally, to - OVERFLOWS, to, method, op);
		place = place ? place : &tally->places[to - 1]; /* an outcome too many: it counts with another */
	}
	if (!place->used) {
		begin(place, method, op, now_us);
	}
	struct tally_row *row = &place->row;
	row->events++;
	row->resources += op->exported;
	snprintf(row->client, sizeof row->client, "%.100s", op->client);
	const char *serial = op->certificate ? op->certificate->serial : "";
	snprintf(row->note, sizeof row->note, "%.120s%s%.260s%s%s", note, *note && *message ? ": " : "", message, *serial ? "; by certificate " : "", serial);
	utf8_repair(row->client); /* both are of the client's making, and perhaps cut */
	utf8_repair(row->note);
	bool due = !row->continued;
	pthread_mutex_unlock(&tally->lock);
	return due;
}

static bool is_due(const struct place *place, int64_t now_us, bool all)
{
	const struct tally_row *row = &place->row;
	return place->used && row->events > 0 && (all || !row->continued || now_us - row->since_us >= MINUTE_US || now_us < row->since_us);
}

bool tally_is_due(struct tally *tally, int64_t now_us)
{
	bool due = false;
	pthread_mutex_lock(&tally->lock);
	for (size_t i = 0; i < PLACES && !due; i++) {
		struct place *place = &tally->places[i];
		due = is_due(place, now_us, false);
		if (place->used && place->row.events == 0 && now_us - place->row.since_us >= MINUTE_US) {
			place->used = false; /* its minute is over, and nothing more has come */
		}
	}
	pthread_mutex_unlock(&tally->lock);
	return due;
}

bool tally_next(struct tally *tally, size_t *at, int64_t now_us, bool all, struct tally_row *ret_row)
{
	pthread_mutex_lock(&tally->lock);
	while (*at < PLACES && !is_due(&tally->places[*at], now_us, all)) {
		(*at)++;
	}
	bool found = *at < PLACES;
	if (found) {
		*ret_row = tally->places[*at].row;
	}
	pthread_mutex_unlock(&tally->lock);
	return found;
}

void tally_recorded(struct tally *tally, size_t at, const struct tally_row *recorded, int64_t now_us)
{
	pthread_mutex_lock(&tally->lock);
	struct tally_row *row = &tally->places[at].row;
	row->events -= recorded->events;
	row->resources -= recorded->resources;
	if (recorded->continued) { /* that was its minute; the next one is a first one again */
		row->continued = false;
		row->since_us = now_us;
		tally->places[at].used = row->events > 0;
	} else {
		row->continued = true;
	}
	pthread_mutex_unlock(&tally->lock);
}
