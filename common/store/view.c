/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots, cursors and errors: everything that reads goes through a struct store_view.
 *
 * A snapshot is an LMDB read transaction that is reset and renewed, never freed between calls, with one idle cursor per database: a call then
 * allocates nothing. A second cursor of the same database (a scan inside a scan) is opened and closed. Cursors of a write transaction are
 * not kept: LMDB fixes them up on every write.
 */
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

bool store_lmdb_fail(struct status *st, int rc, const char *doing)
{
	switch (rc) {
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "STORE_FULL", "The store is full (%s): free disk space or raise its quota.",
		                   mdb_strerror(rc));
	case MDB_TXN_FULL:
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "TRANSACTION_TOO_LARGE",
		                   "The change is too large for one commit: split it.");
	case MDB_READERS_FULL:
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "READERS_FULL", "The store has too many readers at once (limit %u).",
		                   LIMIT_READERS);
	case ENOMEM:
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "The store could not %s for want of memory.", doing);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return status_fail(st, STATUS_DATA_LOSS, "STORE_DAMAGED", "The store could not %s, its file is damaged: restore a backup.", doing);
	case MDB_PANIC:
	case EIO:
		return status_fail(st, STATUS_INTERNAL, "SYNC_FAILED", "The store could not %s, its disk failed (%s).", doing, mdb_strerror(rc));
	default:
		return status_fail(st, STATUS_INTERNAL, "STORE_FAILED", "The store could not %s (%s).", doing, mdb_strerror(rc));
	}
}

bool view_fail(const struct store_view *view, struct status *st, int rc, const char *doing)
{
	if (view->failure && !status_ok(view->failure)) {
		return status_fail(st, view->failure->code, view->failure->reason, "%s", view->failure->message);
	}
	return store_lmdb_fail(st, rc, doing);
}

bool view_damaged(struct status *st, const char *database, struct bytes name_key)
{
	char name[KEY_NAME_BYTES];
	if (!key_to_name(name_key, name)) {
		return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "A record of the database %s is damaged: restore a backup.", database);
	}
	return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "The record of %s in the database %s is damaged: restore a backup.", name,
	                   database);
}

bool view_damaged_revision(struct status *st, uint64_t revision)
{
	return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "The commit record of revision %llu is damaged: restore a backup.",
	                   (unsigned long long)revision);
}

bool view_find(const struct store_view *view, enum store_db db, struct bytes key, struct bytes *ret_value, struct status *st)
{
	MDB_val key_val = val_of_bytes(key), data;
	int rc = mdb_get(view->txn, view->store->dbs[db], &key_val, &data);
	if (rc == MDB_SUCCESS) {
		*ret_value = bytes_of_val(data);
		return true;
	}
	return rc == MDB_NOTFOUND ? false : view_fail(view, st, rc, "read a record");
}

bool view_take(const struct store_view *view, enum store_db db, MDB_cursor **ret_cursor, struct status *st)
{
	MDB_cursor *idle = view->idle_cursors ? view->idle_cursors[db] : NULL;
	int rc;
	if (idle) {
		view->idle_cursors[db] = NULL;
		*ret_cursor = idle;
		rc = mdb_cursor_renew(view->txn, idle);
		if (rc != MDB_SUCCESS) {
			mdb_cursor_close(idle);
		}
	} else {
		rc = mdb_cursor_open(view->txn, view->store->dbs[db], ret_cursor);
	}
	return rc == MDB_SUCCESS || view_fail(view, st, rc, "open a cursor");
}

void view_give(const struct store_view *view, enum store_db db, MDB_cursor *cursor)
{
	if (view->idle_cursors && !view->idle_cursors[db]) {
		view->idle_cursors[db] = cursor;
	} else {
		mdb_cursor_close(cursor);
	}
}

bool view_log_head(const struct store_view *view, struct log_head *ret_head, struct status *st)
{
	MDB_cursor *cursor;
	if (!view_take(view, DB_LOG, &cursor, st)) {
		return false;
	}
	MDB_val key, data;
	struct entry entry;
	int rc = mdb_cursor_get(cursor, &key, &data, MDB_LAST);
	if (rc == MDB_NOTFOUND) {
		*ret_head = (struct log_head){0};
	} else if (rc != MDB_SUCCESS) {
		view_fail(view, st, rc, "read the log");
	} else if (!entry_read(bytes_of_val(data), bytes_of_val(key), &entry)) {
		view_damaged_revision(st, key_to_revision(bytes_of_val(key)));
	} else {
		ret_head->revision = entry.revision;
		ret_head->time_us = entry.time_us;
		memcpy(ret_head->hash, entry.hash, STORE_HASH_BYTES);
	}
	view_give(view, DB_LOG, cursor);
	return status_ok(st);
}

/* The newest revision, from the key alone: this is in the way of every call. */
static bool view_load_revision(struct store_view *view, struct status *st)
{
	MDB_cursor *cursor;
	if (!view_take(view, DB_LOG, &cursor, st)) {
		return false;
	}
	MDB_val key;
	int rc = mdb_cursor_get(cursor, &key, NULL, MDB_LAST);
	view->revision = rc == MDB_SUCCESS ? key_to_revision(bytes_of_val(key)) : 0;
	if (rc != MDB_NOTFOUND && view->revision == 0) {
		view_fail(view, st, rc == MDB_SUCCESS ? MDB_CORRUPTED : rc, "read the log");
	}
	view_give(view, DB_LOG, cursor);
	return status_ok(st);
}

/* A read-only store learns of the writer's commits, in another process, by its own snapshots. */
static void publish_revision(struct store_view *view)
{
	uint64_t known = atomic_load(&view->store->revision);
	while (view->revision > known && !atomic_compare_exchange_weak(&view->store->revision, &known, view->revision)) {
	}
}

static bool snapshot_loaded(struct store_snapshot *snapshot, struct status *st)
{
	snapshot->live = true;
	if (!view_load_revision(&snapshot->view, st)) {
		store_snapshot_release(snapshot);
		return false;
	}
	if (snapshot->view.store->read_only) {
		publish_revision(&snapshot->view);
	}
	return true;
}

bool store_snapshot_new(struct store *store, struct store_snapshot **ret_snapshot, struct status *st)
{
	struct store_snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (!snapshot) {
		return store_lmdb_fail(st, ENOMEM, "take a snapshot");
	}
	snapshot->view.store = store;
	snapshot->view.idle_cursors = snapshot->cursors;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &snapshot->view.txn);
	if (rc != MDB_SUCCESS) {
		free(snapshot);
		return store_lmdb_fail(st, rc, "take a snapshot");
	}
	if (!snapshot_loaded(snapshot, st)) {
		store_snapshot_free(snapshot);
		return false;
	}
	*ret_snapshot = snapshot;
	return true;
}

bool store_snapshot_renew(struct store_snapshot *snapshot, struct status *st)
{
	store_snapshot_release(snapshot);
	int rc = mdb_txn_renew(snapshot->view.txn);
	return rc == MDB_SUCCESS ? snapshot_loaded(snapshot, st) : store_lmdb_fail(st, rc, "take a snapshot");
}

void store_snapshot_release(struct store_snapshot *snapshot)
{
	if (snapshot->live) {
		mdb_txn_reset(snapshot->view.txn);
		snapshot->live = false;
		snapshot->view.revision = 0;
	}
}

void store_snapshot_free(struct store_snapshot *snapshot)
{
	if (!snapshot) {
		return;
	}
	for (int i = 0; i < DB_COUNT; i++) {
		if (snapshot->cursors[i]) {
			mdb_cursor_close(snapshot->cursors[i]);
		}
	}
	mdb_txn_abort(snapshot->view.txn);
	free(snapshot);
}

const struct store_view *store_snapshot_view(const struct store_snapshot *snapshot)
{
	return &snapshot->view;
}

uint64_t store_view_revision(const struct store_view *view)
{
	return view->revision;
}
