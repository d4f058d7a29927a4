/* SPDX-License-Identifier: Apache-2.0
 *
 * A cell is the time at which its allowance is full again: one number says how much is left of it now (the generic cell rate algorithm, ITU-T I.371). A
 * charge moves it on by what one failure costs, giving back moves it back.
 */
#include "server/access/throttle.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 2, KNOWN_WAYS = 8, USER_BYTES = 128 };

/* What a failure is counted for. */
enum count { FROM_THERE, OF_USER, OF_ADDRESS, WHERE_KNOWN, OF_CHANGES, COUNTS };

struct counter {
	int64_t cost_us;   /* of one failure */
	int64_t window_us; /* all of the allowance */
	int64_t *cells;    /* ROWS times LIMIT_SIGN_IN_CELLS */
};

/* Hashes that were noted, in sets: in each the newest first, and the oldest makes room. 0: none. */
struct noted {
	uint64_t hashes[LIMIT_SIGN_IN_KNOWN];
};

struct throttle {
	pthread_mutex_t lock;
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct counter counters[COUNTS];
	struct noted pairs, addresses; /* of right sign-ins alone, so that strangers cannot drive anybody out */
};

static_assert(LIMIT_SIGN_IN_KNOWN % KNOWN_WAYS == 0, "whole sets");

struct throttle *throttle_new(const struct throttle_limits *limits)
{
	const unsigned most[COUNTS] = {[FROM_THERE] = limits->failures, [OF_USER] = limits->failures_per_user, [OF_ADDRESS] = limits->failures_per_address,
	                               [WHERE_KNOWN] = limits->failures_per_user, [OF_CHANGES] = limits->failures};
	struct throttle *throttle = calloc(1, sizeof *throttle);
	if (!throttle) {
		return NULL;
	}
	pthread_mutex_init(&throttle->lock, NULL);
	randombytes_buf(throttle->key, sizeof throttle->key);
	for (size_t i = 0; i < COUNTS; i++) {
		struct counter *counter = &throttle->counters[i];
		counter->cost_us = (int64_t)limits->failures_s * 1000000 / most[i];
		counter->window_us = counter->cost_us * most[i];
		counter->cells = calloc(ROWS * LIMIT_SIGN_IN_CELLS, sizeof *counter->cells);
		if (!counter->cells) {
			throttle_free(throttle);
			return NULL;
		}
	}
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	if (!throttle) {
		return;
	}
	for (size_t i = 0; i < COUNTS; i++) {
		free(throttle->counters[i].cells);
	}
	pthread_mutex_destroy(&throttle->lock);
	free(throttle);
}

/* Of a user (may be NULL) and an address (may be NULL). A name is no longer than a request lets it be; of a longer one the beginning counts. */
static uint64_t hash_of(const struct throttle *throttle, const char *user, const struct network *network)
{
	uint8_t text[sizeof network->bytes + USER_BYTES] = {0}, hash[crypto_shorthash_BYTES];
	uint64_t number;
	if (network) {
		memcpy(text, network->bytes, sizeof network->bytes);
	}
	if (user) {
		memcpy(text + sizeof network->bytes, user, strnlen(user, USER_BYTES));
	}
	crypto_shorthash(hash, text, sizeof text, throttle->key); /* always so many bytes: names of any length take as long */
	memcpy(&number, hash, sizeof number);
	return number;
}

static int64_t *cell_of(const struct counter *counter, uint64_t hash, unsigned row)
{
	return &counter->cells[row * LIMIT_SIGN_IN_CELLS + (hash >> (32 * row)) % LIMIT_SIGN_IN_CELLS];
}

/* Some row has room for one failure more: both are full only where the name itself was charged, or by a rare chance. */
static bool has_room(const struct counter *counter, uint64_t hash, int64_t now_us)
{
	bool room = false;
	for (unsigned row = 0; row < ROWS; row++) {
		int64_t full_us = *cell_of(counter, hash, row);
		room = room || full_us <= now_us + counter->window_us - counter->cost_us;
	}
	return room;
}

static void charge(const struct counter *counter, uint64_t hash, int64_t now_us)
{
	for (unsigned row = 0; row < ROWS; row++) {
		int64_t *cell = cell_of(counter, hash, row);
		*cell = (*cell > now_us ? *cell : now_us) + counter->cost_us;
		*cell = *cell < now_us + counter->window_us ? *cell : now_us + counter->window_us;
	}
}

static void give_back(const struct counter *counter, uint64_t hash)
{
	for (unsigned row = 0; row < ROWS; row++) {
		*cell_of(counter, hash, row) -= counter->cost_us;
	}
}

/* ---- who is known where ------------------------------------------------------------------------------------------------------------- */

static uint64_t *set_of(struct noted *noted, uint64_t hash)
{
	return &noted->hashes[hash % (LIMIT_SIGN_IN_KNOWN / KNOWN_WAYS) * KNOWN_WAYS];
}

static bool is_noted(struct noted *noted, uint64_t hash)
{
	const uint64_t *set = set_of(noted, hash);
	bool found = false;
	for (size_t i = 0; i < KNOWN_WAYS; i++) {
		found = found || set[i] == hash;
	}
	return found;
}

static void note(struct noted *noted, uint64_t hash)
{
	uint64_t *set = set_of(noted, hash);
	size_t place = 0;
	while (place < KNOWN_WAYS - 1 && set[place] != hash) {
		place++;
	}
	memmove(set + 1, set, place * sizeof *set);
	set[0] = hash;
}

bool throttle_knows(struct throttle *throttle, const char *user, const char *address)
{
	struct network network = network_of(address);
	uint64_t pair = hash_of(throttle, user, &network);
	pthread_mutex_lock(&throttle->lock);
	bool known = is_noted(&throttle->pairs, pair);
	pthread_mutex_unlock(&throttle->lock);
	return known;
}

bool throttle_knows_address(struct throttle *throttle, const char *address)
{
	struct network network = network_of(address);
	uint64_t where = hash_of(throttle, NULL, &network);
	pthread_mutex_lock(&throttle->lock);
	bool known = is_noted(&throttle->addresses, where);
	pthread_mutex_unlock(&throttle->lock);
	return known;
}

void throttle_know(struct throttle *throttle, const char *user, const char *address)
{
	struct network network = network_of(address);
	uint64_t pair = hash_of(throttle, user, &network), where = hash_of(throttle, NULL, &network);
	pthread_mutex_lock(&throttle->lock);
	note(&throttle->pairs, pair);
	note(&throttle->addresses, where);
	pthread_mutex_unlock(&throttle->lock);
}

/* ---- signing in -------------------------------------------------------------------------------------------------------------------- */

void throttle_begin(struct throttle *throttle, const char *user, const char *address, int64_t now_us, struct throttle_try *ret_try)
{
	const struct counter *counters = throttle->counters;
	*ret_try = (struct throttle_try){.user = user, .network = network_of(address)};
	uint64_t pair = hash_of(throttle, user, &ret_try->network), whom = hash_of(throttle, user, NULL), where = hash_of(throttle, NULL, &ret_try->network);
	pthread_mutex_lock(&throttle->lock);
	bool there = has_room(&counters[FROM_THERE], pair, now_us), all = has_room(&counters[OF_USER], whom, now_us);
	bool address_room = has_room(&counters[OF_ADDRESS], where, now_us), known = has_room(&counters[WHERE_KNOWN], pair, now_us);
	ret_try->over = !there || !all || !address_room;
	ret_try->known_over = !known;
	ret_try->charged = !ret_try->over;
	ret_try->known_charged = known;
	if (ret_try->charged) {
		charge(&counters[FROM_THERE], pair, now_us);
		charge(&counters[OF_USER], whom, now_us);
		charge(&counters[OF_ADDRESS], where, now_us);
	}
	if (known) {
		charge(&counters[WHERE_KNOWN], pair, now_us);
	}
	pthread_mutex_unlock(&throttle->lock);
}

void throttle_right(struct throttle *throttle, const struct throttle_try *attempt)
{
	const struct counter *counters = throttle->counters;
	uint64_t pair = hash_of(throttle, attempt->user, &attempt->network), whom = hash_of(throttle, attempt->user, NULL);
	uint64_t where = hash_of(throttle, NULL, &attempt->network);
	pthread_mutex_lock(&throttle->lock);
	if (attempt->charged) {
		give_back(&counters[FROM_THERE], pair);
		give_back(&counters[OF_USER], whom);
		give_back(&counters[OF_ADDRESS], where);
	}
	if (attempt->known_charged) {
		give_back(&counters[WHERE_KNOWN], pair);
	}
	note(&throttle->pairs, pair);
	note(&throttle->addresses, where);
	pthread_mutex_unlock(&throttle->lock);
}

/* ---- changing a password ------------------------------------------------------------------------------------------------------------ */

bool throttle_change_begin(struct throttle *throttle, const char *user, int64_t now_us)
{
	const struct counter *counter = &throttle->counters[OF_CHANGES];
	uint64_t whom = hash_of(throttle, user, NULL);
	pthread_mutex_lock(&throttle->lock);
	bool room = has_room(counter, whom, now_us);
	if (room) {
		charge(counter, whom, now_us);
	}
	pthread_mutex_unlock(&throttle->lock);
	return room;
}

void throttle_change_right(struct throttle *throttle, const char *user)
{
	uint64_t whom = hash_of(throttle, user, NULL);
	pthread_mutex_lock(&throttle->lock);
	give_back(&throttle->counters[OF_CHANGES], whom);
	pthread_mutex_unlock(&throttle->lock);
}
