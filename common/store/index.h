/* SPDX-License-Identifier: Apache-2.0
 *
 * index.h - keeps the index entries of a resource in step with its bytes. Private to the store.
 *
 * The indexer tells the entries of the old bytes and of the new; only what differs is written.
 */
#pragma once

#include "common/store/scratch.h"
#include "common/store/store.h"

/* The index keys of one resource state, sorted, each once. A zeroed struct is an empty set. */
struct index_set {
	const char *name;     /* while collecting */
	struct scratch keys;  /* each two bytes of size, host order, and the key */
	struct scratch items; /* struct bytes into keys */
	size_t count;
};

void index_set_done(struct index_set *set);
/* Asks the store's indexer; NULL, where the resource does not exist, has no entries. False without memory. */
bool index_collect(const struct store *store, const char *name, const struct bytes *value, struct index_set *set);
struct bytes index_set_at(const struct index_set *set, size_t i);
/* Makes the old set the new one in the database. */
bool index_replace(struct store_txn *txn, const struct index_set *old_set, const struct index_set *new_set);
/* At open: rebuilds the index if it is another indexer's or half built. */
bool index_prepare(struct store *store, struct status *st);
