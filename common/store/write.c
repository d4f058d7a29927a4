/* SPDX-License-Identifier: Apache-2.0
 *
 * The only writer: a commit record goes in, and current, history, index and log follow from it.
 *
 * An append first builds everything in scratch memory, the rows and the log entry with its hash, and only then writes: the caller's bytes may
 * lie in a page of this very transaction (a value just read), which the first write may move. The scratch memory is kept, as is the
 * struct itself, so a steady stream of commits allocates nothing of its own.
 *
 * A change tells the revision that it follows; where that is not the current one the transaction fails, for somebody decided on a state that
 * is gone.
 */
#include "common/store/store_private.h"

#include "common/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

/* ---- transactions ---- */

bool store_txn_begin(struct store *store, struct store_txn **ret_txn, struct status *st)
{
	MDB_txn *mdb_txn;
	if (store->read_only) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_READ_ONLY", "The store was opened for reading only.");
	}
	int locked = pthread_mutex_lock(&store->writing);
	assert(locked == 0); /* else this thread has a transaction already */
	int rc = store->sync_failed ? MDB_PANIC : mdb_txn_begin(store->env, NULL, 0, &mdb_txn);
	if (rc != MDB_SUCCESS) {
		pthread_mutex_unlock(&store->writing);
		return store_lmdb_fail(st, rc, "begin a transaction");
	}
	struct store_txn *txn = &store->txn;
	status_init(&txn->status);
	txn->head = store->head;
	txn->amended = 0;
	txn->view = (struct store_view){.store = store, .txn = mdb_txn, .revision = store->head.revision, .failure = &txn->status};
	*ret_txn = txn;
	return true;
}

const struct store_view *store_txn_view(const struct store_txn *txn)
{
	return &txn->view;
}

const struct status *store_txn_status(const struct store_txn *txn)
{
	return &txn->status;
}

void store_abort(struct store_txn *txn)
{
	assert(txn->view.txn);
	mdb_txn_abort(txn->view.txn);
	txn->view.txn = NULL;
	pthread_mutex_unlock(&txn->view.store->writing);
}

/* LMDB answers EIO for a short write too, which is how a disk fills up: no system call failed then, so errno stayed as it was. A
 * real EIO sets it. Were the meta page cut short, LMDB itself would refuse the next transaction with MDB_PANIC. */
static int txn_commit(MDB_txn *txn)
{
	errno = 0;
	int rc = mdb_txn_commit(txn);
	return rc == EIO && errno != EIO ? ENOSPC : rc;
}

static bool out_of_space(int rc)
{
	return rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

bool store_commit(struct store_txn *txn, struct status *st)
{
	struct store *store = txn->view.store;
	assert(txn->view.txn);
	if (!status_ok(&txn->status)) {
		store_abort(txn);
		return status_fail(st, txn->status.code, txn->status.reason, "%s", txn->status.message);
	}
	int rc = txn_commit(txn->view.txn);
	txn->view.txn = NULL;
	if (rc == MDB_SUCCESS) {
		store->head = txn->head;
		if (txn->amended) {
			atomic_store(&store->amended, txn->amended);
		}
		atomic_store(&store->revision, txn->head.revision);
	} else if (out_of_space(rc)) {
		store_lmdb_fail(st, rc, "commit");
	} else {
		store->sync_failed = true;
		status_fail(st, STATUS_INTERNAL, "SYNC_FAILED", "The store could not make a commit durable (%s): the process must end.",
		            mdb_strerror(rc));
	}
	pthread_mutex_unlock(&store->writing);
	return rc == MDB_SUCCESS;
}

/* ---- puts ---- */

bool txn_fail(struct store_txn *txn, int rc, const char *doing)
{
	return store_lmdb_fail(&txn->status, rc, doing);
}

bool txn_put(struct store_txn *txn, enum store_db db, struct bytes key, struct bytes value, unsigned flags)
{
	if (!status_ok(&txn->status)) {
		return false;
	}
	MDB_val key_val = val_of_bytes(key), data = val_of_bytes(value);
	int rc = mdb_put(txn->view.txn, txn->view.store->dbs[db], &key_val, &data, flags);
	return rc == MDB_SUCCESS || txn_fail(txn, rc, "write a record");
}

bool txn_delete(struct store_txn *txn, enum store_db db, struct bytes key)
{
	if (!status_ok(&txn->status)) {
		return false;
	}
	MDB_val key_val = val_of_bytes(key);
	int rc = mdb_del(txn->view.txn, txn->view.store->dbs[db], &key_val, NULL);
	return rc == MDB_SUCCESS || rc == MDB_NOTFOUND || txn_fail(txn, rc, "delete a record");
}

/* ---- append ---- */

static bool change_valid(const struct store_change *change, struct status *st)
{
	struct key key;
	assert(change->operation >= STORE_CREATE && change->operation <= STORE_PURGE);
	assert(change->operation != STORE_PURGE || change->value.size == 0);
	if (!key_of_name(change->name, &key)) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "NAME_INVALID", "\"%.*s\" is not a resource name.", (int)LIMIT_NAME_BYTES, change->name);
	}
	if (change->value.size > LIMIT_RESOURCE_BYTES) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "RESOURCE_TOO_LARGE", "%s has %zu bytes; a resource may have %u.", change->name,
		                   change->value.size, LIMIT_RESOURCE_BYTES);
	}
	return true;
}

/* Builds rows and log entry in scratch memory. */
static bool append_build(struct store_txn *txn, const struct store_entry *entry, struct log_head *head)
{
	if (entry->changes_count > LIMIT_CHANGES) {
		return status_fail(&txn->status, STATUS_INVALID_ARGUMENT, "TOO_MANY_CHANGES", "One commit holds at most %u changes, not %zu: split it.",
		                   LIMIT_CHANGES, entry->changes_count);
	}
	if (txn->amendments.size / ENTRY_AMENDMENT_BYTES > LIMIT_AMENDMENTS) {
		return status_fail(&txn->status, STATUS_INVALID_ARGUMENT, "TOO_MANY_AMENDMENTS", "One commit amends at most %u texts and states of the past.",
		                   LIMIT_AMENDMENTS);
	}
	scratch_clear(&txn->rows);
	entry_begin(&txn->entry, entry, head->time_us, txn->head.hash, (struct bytes){txn->amendments.data, txn->amendments.size});
	for (size_t i = 0; i < entry->changes_count; i++) {
		const struct store_change *change = &entry->changes[i];
		uint8_t nonce[ROW_NONCE_BYTES] = {0}, digest[ROW_DIGEST_BYTES];
		if (!change_valid(change, &txn->status)) {
			return false;
		}
		if (change->operation != STORE_PURGE) {
			randombytes_buf(nonce, sizeof nonce);
		}
		struct row row = {head->revision, change->operation, nonce, change->value, 0};
		row_digest(&row, digest);
		entry_add(&txn->entry, change, digest);
		uint8_t *record = scratch_extend(&txn->rows, ROW_HEADER_BYTES + change->value.size);
		if (record) {
			row_write(&row, record);
		}
	}
	struct key key;
	uint8_t nonce[ROW_NONCE_BYTES];
	randombytes_buf(nonce, sizeof nonce);
	key_of_revision(head->revision, &key);
	entry_end(&txn->entry, nonce, key_bytes(&key), head->hash);
	return (!txn->entry.record.failed && !txn->rows.failed) || txn_fail(txn, ENOMEM, "build a commit record");
}

/* Deletes every row of a name's history. Each is sought anew: simpler to trust than a cursor that deletes under itself. */
static bool purge_history(struct store_txn *txn, struct bytes name_key)
{
	MDB_cursor *cursor;
	if (!view_take(&txn->view, DB_HISTORY, &cursor, &txn->status)) {
		return false;
	}
	struct row row;
	while (status_ok(&txn->status) && history_floor(cursor, name_key, UINT64_MAX, &row, &txn->status)) {
		int rc = mdb_cursor_del(cursor, 0);
		if (rc != MDB_SUCCESS) {
			txn_fail(txn, rc, "delete a record");
		}
	}
	view_give(&txn->view, DB_HISTORY, cursor);
	return status_ok(&txn->status);
}

/* Puts a row that lies in scratch memory under a key. */
static bool put_row(struct store_txn *txn, enum store_db db, const struct key *key, uint8_t *record, size_t size)
{
	record_seal(record, size, key_bytes(key));
	return txn_put(txn, db, key_bytes(key), (struct bytes){record, size}, 0);
}

bool txn_put_row(struct store_txn *txn, enum store_db db, const struct key *key, const struct row *row)
{
	scratch_clear(&txn->rows);
	uint8_t *record = scratch_extend(&txn->rows, row_size(row));
	if (!record) {
		return txn_fail(txn, ENOMEM, "write a row");
	}
	row_write(row, record);
	return put_row(txn, db, key, record, row_size(row));
}

static bool append_change(struct store_txn *txn, const struct store_change *change, uint64_t revision, uint8_t *record)
{
	struct status *st = &txn->status;
	struct key name_key, history_key;
	struct bytes old_record;
	struct row old_row = {0};
	bool is_purge = change->operation == STORE_PURGE;
	size_t size = ROW_HEADER_BYTES + change->value.size;
	struct bytes new_value = {record + ROW_HEADER_BYTES, change->value.size};

	key_of_name(change->name, &name_key);
	bool existed = view_find(&txn->view, DB_CURRENT, key_bytes(&name_key), &old_record, st);
	if (!status_ok(st)) {
		return false;
	}
	if (existed && !row_read(old_record, key_bytes(&name_key), &old_row)) {
		return view_damaged(st, "current", key_bytes(&name_key));
	}
	if (old_row.revision != change->previous_revision) {
		return status_fail(st, STATUS_ABORTED, "REVISION_MISMATCH", "%s is at revision %llu, not %llu as the change says.", change->name,
		                   (unsigned long long)old_row.revision, (unsigned long long)change->previous_revision);
	}
	if (!index_collect(txn->view.store, change->name, existed ? &old_row.value : NULL, &txn->old_index) ||
	    !index_collect(txn->view.store, change->name, is_purge ? NULL : &new_value, &txn->new_index)) {
		return txn_fail(txn, ENOMEM, "index a change");
	}
	if (!index_replace(txn, &txn->old_index, &txn->new_index) || (is_purge && !purge_history(txn, key_bytes(&name_key)))) {
		return false;
	}
	history_key = name_key;
	key_add_revision(&history_key, revision);
	if (!put_row(txn, DB_HISTORY, &history_key, record, size)) {
		return false;
	}
	return is_purge ? txn_delete(txn, DB_CURRENT, key_bytes(&name_key)) : put_row(txn, DB_CURRENT, &name_key, record, size);
}

uint64_t store_append(struct store_txn *txn, const struct store_entry *entry)
{
	if (!status_ok(&txn->status)) {
		return 0;
	}
	int64_t now_us = clock_wall_us();
	struct log_head head = {.revision = txn->head.revision + 1, .time_us = now_us > txn->head.time_us ? now_us : txn->head.time_us + 1};
	if (!txn_amend(txn, entry, head.revision) || !append_build(txn, entry, &head)) {
		return 0;
	}
	size_t at = 0;
	for (size_t i = 0; i < entry->changes_count; i++) {
		if (!append_change(txn, &entry->changes[i], head.revision, txn->rows.data + at)) {
			return 0;
		}
		at += ROW_HEADER_BYTES + entry->changes[i].value.size;
	}
	struct key key;
	key_of_revision(head.revision, &key);
	if (!txn_put(txn, DB_LOG, key_bytes(&key), (struct bytes){txn->entry.record.data, txn->entry.record.size}, MDB_APPEND)) {
		return 0;
	}
	txn->head = head;
	txn->amended = entry->amendments_count > 0 ? head.revision : txn->amended;
	txn->view.revision = head.revision;
	return head.revision;
}
