/* SPDX-License-Identifier: Apache-2.0
 *
 * store.h - names, bytes, revisions: snapshots out, commit records in. The only folder that includes lmdb.h.
 *
 * The store knows no resource type. It keeps, for every resource name, its bytes, every earlier state, index entries, and a log of
 * commit records chained by hash (design.md section 5). A commit record is the only way to change anything.
 *
 * Keys:    a name's key is its collection words, then its ids: "accounts/opportunities\0acme\0o1", so that every collection is one run
 *          of keys: the opportunities of acme are the prefix "accounts/opportunities\0acme\0", all of them "accounts/opportunities\0".
 *          Lists therefore come ordered by the ids along the name.
 * Errors:  a transaction's first failure sticks: later calls do nothing, the commit reports it. Every record carries a CRC-32C that is checked
 *          when it is read: DATA_LOSS (reason RECORD_DAMAGED) names the record. A failed sync is final: store_commit returns false with
 *          INTERNAL (reason SYNC_FAILED) and the caller must end the process.
 * Threads: struct store is shared; a snapshot or transaction belongs to one thread; one transaction at a time.
 * Source:  LMDB 0.9.24 lmdb.h; etcd's revisions for the model.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

struct store;
struct store_snapshot;
struct store_txn;
struct store_view;

enum store_operation { STORE_CREATE = 1, STORE_UPDATE = 2, STORE_DELETE = 3, STORE_UNDELETE = 4, STORE_PURGE = 5 };

/* What an indexer calls for each entry of a resource: `index` names the index (first two levels: collection and field path), `value` is the
 * encoded value in sort order; the store cuts it at LIMIT_INDEX_VALUE_BYTES. The same entry twice counts once. */
typedef void store_index_emit(void *emit_context, uint32_t index, struct bytes value);
/* Tells the index entries of a resource's bytes. Must be a pure function of its arguments; the same on every node. */
typedef void store_indexer(void *context, const char *name, struct bytes value, store_index_emit *emit, void *emit_context);

struct store_options {
	const char *directory;        /* must exist */
	bool create;                  /* refuse a directory that already has a store, make one otherwise */
	bool read_only;
	uint64_t map_bytes;           /* 0: LIMIT_STORE_BYTES. A smaller one is a quota. */
	store_indexer *indexer;       /* NULL: no index; what is there is dropped, unless read_only */
	void *indexer_context;
	uint64_t indexer_fingerprint; /* of what the indexer emits; where it differs from the store's, the index is rebuilt on open */
};

/* Opens or makes a store. A read-only one takes no lock and may be opened beside a kamd, but never twice in one process. Fails with FAILED_PRECONDITION where
 * another process holds it (reason STORE_IN_USE), where the format version is not ours (STORE_FORMAT; the sentence says what to do), or `create` meets a
 * store (STORE_EXISTS); NOT_FOUND where there is none. */
bool store_open(const struct store_options *options, struct store **ret_store, struct status *st);
/* No snapshot or transaction may be left. NULL is fine. */
void store_close(struct store *store);

/* Last committed revision; 0 in an empty store. Any thread, no snapshot needed. */
uint64_t store_revision(const struct store *store);
/* Revision of the newest erasure since the store was opened; 0 where there was none. Whoever keeps what an earlier view showed of the past must read it
 * again. Any thread. */
uint64_t store_amended(const struct store *store);
/* 16 random bytes chosen when the store was made. */
const uint8_t *store_cluster_id(const struct store *store);

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

struct store_record {
	uint64_t revision;    /* at which this state came to be */
	enum store_operation operation;
	struct bytes value;   /* empty after PURGE; lives as long as the snapshot, or until the transaction's next write */
	uint64_t amended;     /* revision of the erasure that put these bytes in place of the first; 0: they are as they were written */
};

/* A snapshot is taken per thread and renewed per call: cheap (0.1 us), never to be held while waiting for a client. */
bool store_snapshot_new(struct store *store, struct store_snapshot **ret_snapshot, struct status *st);
/* Brings it to the last commit. */
bool store_snapshot_renew(struct store_snapshot *snapshot, struct status *st);
/* Lets the pages go until the next renew. */
void store_snapshot_release(struct store_snapshot *snapshot);
void store_snapshot_free(struct store_snapshot *snapshot);

/* A view is what reads go through: a snapshot, or the state inside a transaction. Borrowed; by value of its owner. */
const struct store_view *store_snapshot_view(const struct store_snapshot *snapshot);
const struct store_view *store_txn_view(const struct store_txn *txn);
/* The revision of the newest commit that the view sees. */
uint64_t store_view_revision(const struct store_view *view);

/* Current state of a name. False with `st` OK where there is none; false with `st` failed on damage. */
bool store_get(const struct store_view *view, const char *name, struct store_record *ret_record, struct status *st);
/* State as of a revision: the newest at or before it. `revision` 0 means now. */
bool store_get_at(const struct store_view *view, const char *name, uint64_t revision, struct store_record *ret_record, struct status *st);

/* Called for each hit, name first (lives until it returns). Return false to stop. */
typedef bool store_visit(void *context, const char *name, const struct store_record *record);

/* All names of one collection in key order. `pattern` is a parent with the collection: "accounts/acme/opportunities", or
 * "accounts/-/opportunities" ('-' for any id; from the first '-' on all ids are open). Starts behind the name `after` if not NULL.
 * `revision` 0: now; otherwise each name's state as of it (names born later are passed over). Resources whose last operation is PURGE are passed
 * over. True when it ran to the end or was stopped by `visit`; false with `st` failed on damage. */
bool store_scan(const struct store_view *view, const char *pattern, const char *after, uint64_t revision,
                store_visit *visit, void *context, struct status *st);

/* One page of an index range: names whose entry in `index` has value >= low and (if high.data) < high, ordered by value then name; `descending`
 * walks from the end. Starts behind the position (`after_value`, `after_name`) if after_name is not NULL. The visitor gets no record (value empty,
 * revision 0) but the entry's value in `record->value`. All of one value: high = low and a zero byte. Bounds longer than LIMIT_INDEX_VALUE_BYTES
 * are cut as values are, then the range holds all that may lie in it. */
bool store_index_scan(const struct store_view *view, uint32_t index, struct bytes low, struct bytes high, bool descending,
                      struct bytes after_value, const char *after_name, store_visit *visit, void *context, struct status *st);

/* The names whose entry in `index` is exactly `value` (cut at LIMIT_INDEX_VALUE_BYTES, as entries are), in name order. */
bool store_index_equal(const struct store_view *view, uint32_t index, struct bytes value, store_visit *visit, void *context, struct status *st);

/* The states of a name, newest first, from `before_revision` (exclusive; 0 = from the newest). Of a purged name only the PURGE is left. */
bool store_history(const struct store_view *view, const char *name, uint64_t before_revision, store_visit *visit, void *context, struct status *st);

/* ---- the log ------------------------------------------------------------------------------------------------------------ */

enum { STORE_HASH_BYTES = 32 };

struct store_change {
	const char *name;
	enum store_operation operation;
	uint64_t previous_revision; /* of the current state; 0 where there is none. Anything else fails the transaction */
	struct bytes value;         /* new bytes; empty for PURGE, and when read, of names purged since */
};

/* One commit, as written and as read. In a record without changes the rest still tells of an event (a refusal, a failed sign-in). */
struct store_entry {
	uint64_t revision;       /* set by the store */
	int64_t time_us;         /* wall clock, made to grow by the store */
	const char *actor;       /* "users/jane", or "" */
	const char *request_id;  /* or "" */
	const char *method;      /* "kam.v1.AccountService/UpdateAccount" */
	const char *peer;        /* "10.1.2.3", or "" */
	const char *client;      /* what it said it is: "kam/1.0", or "" */
	uint32_t code;           /* status code of what is recorded */
	uint64_t events;         /* how many it stands for, where it sums up; 0 is written as 1 */
	const char *note;        /* one line for the audit: changed fields, a reason; or "" */
	const struct store_change *changes;
	size_t changes_count;
	/* An erasure: records that read so from now on (below). Not read back. */
	const struct store_entry *amendments;
	size_t amendments_count;
	uint64_t amended;        /* when read: revision of the erasure that last altered the texts or a change's bytes; 0: none */
	uint8_t previous_hash[STORE_HASH_BYTES]; /* set by the store: of the record before; zero at first */
	uint8_t hash[STORE_HASH_BYTES];          /* set by the store: of this record */
};

/* An amendment takes texts and bytes out of the past, and the chain still verifies: actor, request id, peer, client and note of the record with its
 * `revision` become those given, and so do names and bytes of its changes, all of which must be given in their order (value.data NULL keeps the bytes);
 * whatever else it says stays as it was. A name that is altered must be altered in every record that has it. The replies remembered for amended records are
 * forgotten. Only records before this one, in growing order of revision; amendments happen before the record's own changes, whose names and previous
 * revisions are those after them. What was there is gone from all that can be read; its bytes may lie in free pages of the file until store_compact. */

/* Reads the record of a revision into `arena`. False with `st` OK where there is none. */
bool store_log_get(const struct store_view *view, uint64_t revision, struct arena *arena, struct store_entry *ret_entry, struct status *st);
/* Last revision at or before a wall time; 0 where there is none. */
uint64_t store_revision_at(const struct store_view *view, int64_t time_us, struct status *st);
/* Walks the log from its first record: every hash and link, and that every change's bytes hash to what the record says, or the record of the erasure that
 * altered them; bytes may lack only where a later PURGE took them. DATA_LOSS (reason LOG_BROKEN) with the first bad revision. */
bool store_log_verify(const struct store_view *view, uint64_t *ret_records, struct status *st);

/* Every text of the log and every state in history, one after another: all that a search of the past must look at. Return false to stop. */
typedef bool store_search_visit(void *context, uint64_t revision, struct bytes text);
bool store_search(const struct store_view *view, store_search_visit *visit, void *context, struct status *st);
/* The same of the states of all names, newest first name by name: store_history of everything. */
bool store_history_all(const struct store_view *view, store_visit *visit, void *context, struct status *st);

/* The end of the log, signed: whoever keeps one elsewhere can tell whether the log up to it is still the same. The signature is Ed25519 (RFC 8032) over the
 * lines "kam audit head 1", store and hash in hexadecimal, revision and time as decimal numbers, in the order of the struct, each ended by a line feed. */
enum { STORE_ID_BYTES = 16, STORE_KEY_BYTES = 32, STORE_SECRET_KEY_BYTES = 64, STORE_SIGNATURE_BYTES = 64 };
struct store_head {
	uint8_t store[STORE_ID_BYTES]; /* the cluster id */
	uint64_t revision;
	int64_t time_us;
	uint8_t hash[STORE_HASH_BYTES];
	uint8_t public_key[STORE_KEY_BYTES];
	uint8_t signature[STORE_SIGNATURE_BYTES];
};
/* Signs the newest record that the view sees. */
bool store_head_sign(const struct store_view *view, const uint8_t *secret_key, struct store_head *ret_head, struct status *st);
/* The log still has what was signed: the record of that revision, with that hash. With store_log_verify this covers all before it. DATA_LOSS says what is
 * wrong: HEAD_FORGED (the signature, or a key other than `public_key`, which may be NULL), HEAD_OF_ANOTHER, LOG_CUT, LOG_REPLACED. */
bool store_head_check(const struct store_view *view, const struct store_head *head, const uint8_t *public_key, struct status *st);
/* The head that was signed last is kept in the store as well. */
void store_head_put(struct store_txn *txn, const struct store_head *head);
/* False with `st` OK where there is none yet. */
bool store_head_last(const struct store_view *view, struct store_head *ret_head, struct status *st);

/* Reads every record of every database and checks it against its checksum, current against history, and the index against the indexer. */
bool store_check(const struct store_view *view, struct status *st);

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

bool store_txn_begin(struct store *store, struct store_txn **ret_txn, struct status *st);
/* Appends one commit record: assigns revision, time and hash, and applies the changes to current, history, index and log. Each name at most once per
 * record. Copies what it keeps; values may lie in this transaction's own view. Returns the revision; 0 when the transaction has failed (see
 * store_txn_status). A full map or disk is RESOURCE_EXHAUSTED (reason STORE_FULL): abort, the store stays usable. A name that is not at
 * previous_revision is ABORTED (REVISION_MISMATCH), a bad name or a value above LIMIT_RESOURCE_BYTES is INVALID_ARGUMENT. */
uint64_t store_append(struct store_txn *txn, const struct store_entry *entry);
/* Remembers a reply for (caller, request id) until `expires_s` (wall clock seconds). */
void store_request_put(struct store_txn *txn, const char *caller, const char *request_id, struct bytes reply, int64_t expires_s);
/* The remembered reply, if not expired at `now_s`. */
bool store_request_get(const struct store_view *view, const char *caller, const char *request_id, int64_t now_s, struct bytes *ret_reply, struct status *st);
/* Forgets up to `most` expired replies. Returns how many. */
size_t store_request_sweep(struct store_txn *txn, int64_t now_s, size_t most);
const struct status *store_txn_status(const struct store_txn *txn);
/* Makes it durable; consumes the transaction either way. */
bool store_commit(struct store_txn *txn, struct status *st);
void store_abort(struct store_txn *txn);

/* Writes a new file with what is in the store and nothing else, and puts it in the place of the old one: bytes that were deleted, replaced or erased are gone
 * from it. The store must not be open. A crash leaves the old file. `ret_before` and `ret_after` are the sizes of the files. */
bool store_compact(const char *directory, uint64_t *ret_before, uint64_t *ret_after, struct status *st);

/* Settings beside the resources (server secrets, format of others' making). */
void store_meta_put(struct store_txn *txn, const char *key, struct bytes value);
bool store_meta_get(const struct store_view *view, const char *key, struct bytes *ret_value, struct status *st);
