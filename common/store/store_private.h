/* SPDX-License-Identifier: Apache-2.0
 *
 * store_private.h - what the store's own files share: the structs, the databases, cursors, and how LMDB's errors become a status.
 *
 * keys.h and record.h say what lies in the databases. LMDB is opened with MDB_NOTLS (a snapshot is no thread's), without DUPSORT, WRITEMAP or
 * NOSYNC: of 0.9.24 these hold the known faults, and what loses commits on power failure. One process writes: it holds the lock on the file
 * `lock` in the directory, so the head of the log is kept in memory.
 */
#pragma once

#include "common/store/entry.h"
#include "common/store/index.h"
#include "common/store/keys.h"
#include "common/store/record.h"
#include "common/store/scratch.h"
#include "common/store/store.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

enum { STORE_FORMAT = 3, STORE_CLUSTER_ID_BYTES = 16 };
enum store_db { DB_CURRENT, DB_HISTORY, DB_LOG, DB_INDEX, DB_REQUESTS, DB_META, DB_COUNT };

/* Keys in meta. */
#define META_FORMAT "store/format"
#define META_CLUSTER_ID "store/cluster_id"
#define META_INDEX "store/index"
#define META_HEAD "store/head"
#define META_APPLICATION "app/"

struct store_view {
	struct store *store;
	MDB_txn *txn;
	uint64_t revision;
	MDB_cursor **idle_cursors;    /* DB_COUNT cursors of a snapshot, ready for use or NULL; itself NULL in a transaction */
	const struct status *failure; /* a transaction's status; NULL in a snapshot */
};

struct store_snapshot {
	struct store_view view;
	MDB_cursor *cursors[DB_COUNT];
	bool live; /* holds pages */
};

/* The newest record of the log. */
struct log_head {
	uint64_t revision;
	int64_t time_us;
	uint8_t hash[STORE_HASH_BYTES];
};

struct store_txn {
	struct store_view view;
	struct status status;
	struct log_head head;
	struct entry_writer entry;        /* of the append at work */
	struct scratch rows, amendments;  /* … */
	struct scratch old_bytes, old_names;
	uint64_t amended; /* by the record of that revision; 0: by none of this transaction */
	struct index_set old_index, new_index;
};

struct store {
	MDB_env *env;
	MDB_dbi dbs[DB_COUNT];
	int lock_fd;      /* -1 when read only */
	bool read_only;
	bool index_stale; /* read only, and the index is not of this indexer */
	store_indexer *indexer;
	void *indexer_context;
	uint64_t indexer_fingerprint;
	uint8_t cluster_id[STORE_CLUSTER_ID_BYTES];
	_Atomic uint64_t revision; /* committed */
	_Atomic uint64_t amended;  /* by the record of that revision */
	pthread_mutex_t writing;   /* held from begin to commit or abort; guards what follows */
	bool sync_failed;          /* a commit may be half on disk: no other may follow */
	struct log_head head;      /* committed */
	struct store_txn txn;      /* there is one at a time */
};

/* ---- LMDB ---- */

static inline struct bytes bytes_of_val(MDB_val val)
{
	return (struct bytes){val.mv_data, val.mv_size};
}

static inline MDB_val val_of_bytes(struct bytes bytes)
{
	return (MDB_val){bytes.size, (void *)bytes.data};
}

static inline MDB_val val_of_key(const struct key *key)
{
	return (MDB_val){key->size, (void *)key->data};
}

/* Always false. `doing` completes "The store could not …". */
bool store_lmdb_fail(struct status *st, int rc, const char *doing);
/* For reads: a failed transaction answers with its own first failure. */
bool view_fail(const struct store_view *view, struct status *st, int rc, const char *doing);
/* The record of a name does not match its seal. `name_key` may be damaged itself. */
bool view_damaged(struct status *st, const char *database, struct bytes name_key);
bool view_damaged_revision(struct status *st, uint64_t revision);

/* Value of a key. False with `st` OK where there is none. */
bool view_find(const struct store_view *view, enum store_db db, struct bytes key, struct bytes *ret_value, struct status *st);
/* A cursor until view_give; a snapshot keeps it for the next. */
bool view_take(const struct store_view *view, enum store_db db, MDB_cursor **ret_cursor, struct status *st);
void view_give(const struct store_view *view, enum store_db db, MDB_cursor *cursor);
/* Reads the end of the log. Zeros when empty. */
bool view_log_head(const struct store_view *view, struct log_head *ret_head, struct status *st);

/* ---- between the files ---- */

const char *store_db_name(enum store_db db);
/* As store_open for writing, with whatever index there is. */
bool store_open_as_is(const char *directory, struct store **ret_store, struct status *st);
/* What was made or renamed in it outlives a power failure. */
bool store_sync_directory(const char *directory, struct status *st);

/* Newest row of a name at or before a revision. False with `st` OK where there is none. */
bool history_floor(MDB_cursor *cursor, struct bytes name_key, uint64_t revision, struct row *ret_row, struct status *st);

/* Makes the amendments of a record of that revision; what it has to list is in txn->amendments. */
bool txn_amend(struct store_txn *txn, const struct store_entry *entry, uint64_t revision);
/* Writes, seals and puts a row. */
bool txn_put_row(struct store_txn *txn, enum store_db db, const struct key *key, const struct row *row);
/* Always false. */
bool txn_fail(struct store_txn *txn, int rc, const char *doing);

/* Forgets the reply remembered for a request, if there is one. */
bool txn_forget(struct store_txn *txn, const char *caller, const char *request_id);
/* Puts a value, sticky in txn->status. */
bool txn_put(struct store_txn *txn, enum store_db db, struct bytes key, struct bytes value, unsigned flags);
/* Deletes a key; no fault if there is none. */
bool txn_delete(struct store_txn *txn, enum store_db db, struct bytes key);
/* A meta value under its whole key, with seal. */
bool meta_put(struct store_txn *txn, const char *key, struct bytes value);
bool meta_get(const struct store_view *view, const char *key, struct bytes *ret_value, struct status *st);
