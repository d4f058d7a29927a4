/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/round_ballots.h"

#include "kam/v1/ballot.pb-c.h"
#include "server/domain/grow.h"

#include <stdlib.h>

struct collecting {
	struct call *call;
	const Kam__V1__Round *round;
	struct round_ballots *ballots;
	Kam__V1__Ballot **messages;
};

static int level_of(const Kam__V1__Round *round, const char *user)
{
	for (size_t i = 0; i < round->n_participants; i++) {
		if (strcmp(round->participants[i]->user, user) == 0) {
			int level = (int)round->participants[i]->level;
			return level ? level : (int)KAM__V1__PARTICIPANT_LEVEL__PARTICIPANT_LEVEL_OTHER;
		}
	}
	return (int)KAM__V1__PARTICIPANT_LEVEL__PARTICIPANT_LEVEL_OTHER;
}

static bool visit(void *context, const char *name, const struct store_record *record)
{
	struct collecting *collecting = context;
	struct call *call = collecting->call;
	struct round_ballots *ballots = collecting->ballots;
	const struct schema_type *type = schema_type_of(call->engine->schema, &kam__v1__ballot__descriptor);
	if (record->operation == STORE_DELETE) {
		return true;
	}
	Kam__V1__Ballot *message = (void *)schema_unpack_stored(type, record->value, call->arena, call->status);
	Kam__V1__Ballot **messages = grow_array(call->arena, collecting->messages, ballots->count, sizeof(void *));
	const char **users = grow_array(call->arena, ballots->users, ballots->count, sizeof(char *));
	const char **names = grow_array(call->arena, ballots->names, ballots->count, sizeof(char *));
	char *copy = arena_strdup(call->arena, name);
	if (!message || !messages || !users || !names || !copy) {
		return status_ok(call->status) && call_no_memory(call);
	}
	collecting->messages = messages;
	ballots->users = users;
	ballots->names = names;
	messages[ballots->count] = message;
	names[ballots->count] = copy;
	users[ballots->count++] = message->user;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t find_account(const struct round_ballots *ballots, const char *account)
{
	const char **found = ballots->accounts_count == 0 ? NULL : bsearch(&account, ballots->accounts, ballots->accounts_count, sizeof account, compare_names);
	return found ? (size_t)(found - ballots->accounts) : ballots->accounts_count;
}

/* Each account that is named anywhere, once. */
static bool list_accounts(struct collecting *collecting)
{
	struct round_ballots *ballots = collecting->ballots;
	size_t all = 0, kept = 0;
	for (size_t i = 0; i < ballots->count; i++) {
		all += collecting->messages[i]->n_accounts;
	}
	const char **accounts = arena_calloc(collecting->call->arena, all + 1, sizeof *accounts);
	if (!accounts) {
		return call_no_memory(collecting->call);
	}
	for (size_t i = 0, n = 0; i < ballots->count; i++) {
		for (size_t k = 0; k < collecting->messages[i]->n_accounts; k++) {
			accounts[n++] = collecting->messages[i]->accounts[k];
		}
	}
	qsort(accounts, all, sizeof *accounts, compare_names);
	for (size_t i = 0; i < all; i++) {
		if (kept == 0 || strcmp(accounts[kept - 1], accounts[i]) != 0) {
			accounts[kept++] = accounts[i];
		}
	}
	ballots->accounts = accounts;
	ballots->accounts_count = kept;
	return true;
}

bool round_ballots_read(struct call *call, const Kam__V1__Round *round, struct round_ballots *ret_ballots)
{
	struct collecting collecting = {call, round, ret_ballots, NULL};
	const char *pattern = arena_printf(call->arena, "%s/ballots", round->name);
	*ret_ballots = (struct round_ballots){.count = 0};
	if (!pattern) {
		return call_no_memory(call);
	}
	if (!store_scan(call->view, pattern, NULL, call->as_of, visit, &collecting, call->status) || !status_ok(call->status) || !list_accounts(&collecting)) {
		return false;
	}
	ret_ballots->ballots = arena_calloc(call->arena, ret_ballots->count + 1, sizeof *ret_ballots->ballots);
	for (size_t i = 0; ret_ballots->ballots && i < ret_ballots->count; i++) {
		const Kam__V1__Ballot *message = collecting.messages[i];
		uint32_t *items = arena_calloc(call->arena, message->n_accounts + 1, sizeof *items);
		if (!items) {
			return call_no_memory(call);
		}
		for (size_t k = 0; k < message->n_accounts; k++) {
			items[k] = (uint32_t)find_account(ret_ballots, message->accounts[k]);
		}
		ret_ballots->ballots[i] = (struct agreement_ballot){items, message->n_accounts, level_of(round, message->user)};
	}
	return ret_ballots->ballots || call_no_memory(call);
}

size_t round_ballots_naming(const struct round_ballots *ballots, const char *account)
{
	size_t index = find_account(ballots, account), named = 0;
	for (size_t i = 0; i < ballots->count && index < ballots->accounts_count; i++) {
		for (size_t k = 0; k < ballots->ballots[i].count; k++) {
			named += ballots->ballots[i].items[k] == index;
		}
	}
	return named;
}

bool round_ballots_open_to_all(struct call *call, const char *round)
{
	const struct schema_type *type = schema_type_of(call->engine->schema, &kam__v1__round__descriptor);
	struct store_record record;
	if (!store_get(call->view, round, &record, call->status)) {
		return status_ok(call->status) && call_not_found(call, round);
	}
	const Kam__V1__Round *now = (const void *)schema_unpack_stored(type, record.value, call->arena, call->status);
	return now && (now->state >= KAM__V1__ROUND_STATE__ROUND_STATE_CLOSED ||
	               status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_NOT_CLOSED", "%s is %s: its ballots are blind until it is closed", round,
	                           now->state == KAM__V1__ROUND_STATE__ROUND_STATE_OPEN ? "open" : "not open yet"));
}
