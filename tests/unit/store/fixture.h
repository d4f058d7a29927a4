/* SPDX-License-Identifier: Apache-2.0
 *
 * fixture.h - a store in a directory of its own, with the shortest words for writing and reading it.
 *
 * Values are text. The fixture's indexer reads "1=abc|2=de": each part that starts with a digit and '=' is an entry of the index of that number.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/store/store.h"

#include <lmdb.h>

struct fixture {
	char directory[256];
	struct store *store;
	struct status st;
	struct arena arena;
	struct store_snapshot *snapshot;
};

/* cmocka setup and teardown: makes a directory with an open store, and removes it. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

store_indexer fixture_indexer;
/* The fixture's options: its directory and indexer (fingerprint 1). */
struct store_options fixture_options(const struct fixture *fixture);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* A snapshot of now; released by the next call and by fixture_close. */
const struct store_view *fixture_view(struct fixture *fixture);

/* Appends one change to the transaction, after the revision that the name is at. */
uint64_t fixture_append(struct store_txn *txn, enum store_operation operation, const char *name, struct bytes value);
/* The same in a transaction of its own; returns the revision. */
uint64_t fixture_put(struct fixture *fixture, enum store_operation operation, const char *name, const char *value);
/* "value@revision", or "-" where there is none; lives in the arena. */
const char *fixture_get_at(struct fixture *fixture, const char *name, uint64_t revision);
/* Names (with =value if `values`) of a scan joined by blanks, at most `most`. */
const char *fixture_scan(struct fixture *fixture, const char *pattern, const char *after, uint64_t revision, size_t most, bool values);

/* Path of the store's file, and all of its bytes, to be freed by the caller; the store is closed. */
enum { FIXTURE_PATH_BYTES = 300 };
void fixture_path(const struct fixture *fixture, char ret_path[FIXTURE_PATH_BYTES]);
struct bytes fixture_read_file(const struct fixture *fixture);

/* Both full checks; the status tells. */
bool fixture_sound(struct fixture *fixture);

/* An erasure, in a transaction of its own: in every record that has the name `from` or a state of it, the name becomes `to`, the state `value` and the note
 * "erased"; of the name `other` (may be NULL) only the states become `value`. Returns its revision. */
uint64_t fixture_erase(struct fixture *fixture, const char *from, const char *to, const char *other, const char *value);

/* A thief's work: makes digest, hash and seal of a log record right, as far as it can still be taken apart. */
void fixture_make_right(uint8_t *record, size_t size, struct bytes key);

/* Opens the closed store's file with LMDB alone and begins a transaction. */
MDB_txn *fixture_raw_begin(struct fixture *fixture, const char *db, MDB_dbi *ret_dbi);
void fixture_raw_commit(MDB_txn *txn);
