/* SPDX-License-Identifier: Apache-2.0
 *
 * The store written anew. LMDB never overwrites a page that a reader may still see, so what is deleted or replaced stays in free pages until they are used
 * again; nor does its own compaction leave the rests of pages behind. Here every record that there is goes into a new file, in a memory that has held nothing
 * else.
 */
#include "common/store/store_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH_BYTES = 16 << 20 }; /* of one transaction: its pages stay in memory */

struct copy {
	const struct store_view *view;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	size_t batch_bytes;
	struct status *st;
};

static bool copy_fail(struct copy *copy, int rc)
{
	return store_lmdb_fail(copy->st, rc, "write a new file");
}

static bool begin(struct copy *copy)
{
	copy->batch_bytes = 0;
	int rc = mdb_txn_begin(copy->env, NULL, 0, &copy->txn);
	return rc == MDB_SUCCESS || copy_fail(copy, rc);
}

static bool commit(struct copy *copy)
{
	int rc = mdb_txn_commit(copy->txn);
	copy->txn = NULL;
	return rc == MDB_SUCCESS || copy_fail(copy, rc);
}

static bool copy_record(struct copy *copy, MDB_val key, MDB_val data)
{
	copy->batch_bytes += key.mv_size + data.mv_size;
	if (copy->batch_bytes > BATCH_BYTES && (!commit(copy) || !begin(copy))) {
		return false;
	}
	int rc = mdb_put(copy->txn, copy->dbi, &key, &data, MDB_APPEND);
	return rc == MDB_SUCCESS || copy_fail(copy, rc);
}

static bool copy_db(struct copy *copy, enum store_db db)
{
	MDB_cursor *cursor;
	MDB_val key, data;
	if (!begin(copy)) {
		return false;
	}
	int rc = mdb_dbi_open(copy->txn, store_db_name(db), MDB_CREATE, &copy->dbi);
	if (rc != MDB_SUCCESS) {
		return copy_fail(copy, rc);
	}
	if (!view_take(copy->view, db, &cursor, copy->st)) {
		return false;
	}
	rc = mdb_cursor_get(cursor, &key, &data, MDB_FIRST);
	while (rc == MDB_SUCCESS && copy_record(copy, key, data)) {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		view_fail(copy->view, copy->st, rc, "read the store");
	}
	view_give(copy->view, db, cursor);
	return status_ok(copy->st) && commit(copy);
}

/* The settings come last: what a crash leaves is no store (open.c). */
static bool copy_all(struct copy *copy, const char *path)
{
	int rc = mdb_env_create(&copy->env);
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_set_mapsize(copy->env, (size_t)LIMIT_STORE_BYTES);
	}
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_set_maxdbs(copy->env, DB_COUNT);
	}
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_open(copy->env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
	}
	bool ok = rc == MDB_SUCCESS || copy_fail(copy, rc);
	static_assert(DB_META == DB_COUNT - 1, "copied last");
	for (int db = 0; ok && db < DB_COUNT; db++) {
		ok = copy_db(copy, (enum store_db)db);
	}
	if (copy->txn) {
		mdb_txn_abort(copy->txn);
	}
	mdb_env_close(copy->env);
	return ok;
}

static uint64_t size_of(const char *path)
{
	struct stat file;
	return stat(path, &file) == 0 ? (uint64_t)file.st_size : 0;
}

/* LMDB's file of readers goes too: it counts the old file's transactions, and whoever has that open keeps both. */
static bool put_in_place(const char *directory, const char *old_path, const char *new_path, struct status *st)
{
	char readers[PATH_MAX];
	snprintf(readers, sizeof readers, "%s/lock.mdb", directory);
	if (rename(new_path, old_path) != 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_UNREACHABLE", "Cannot put %s in its place: %s.", new_path, strerror(errno));
	}
	unlink(readers);
	return store_sync_directory(directory, st);
}

bool store_compact(const char *directory, uint64_t *ret_before, uint64_t *ret_after, struct status *st)
{
	char old_path[PATH_MAX], new_path[PATH_MAX];
	struct store_snapshot *snapshot = NULL;
	struct store *store;
	if (snprintf(old_path, sizeof old_path, "%s/data.mdb", directory) >= (int)sizeof old_path ||
	    snprintf(new_path, sizeof new_path, "%s/data.mdb.new", directory) >= (int)sizeof new_path) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "STORE_UNREACHABLE", "The name of the directory is too long.");
	}
	if (!store_open_as_is(directory, &store, st)) {
		return false;
	}
	unlink(new_path); /* of a run that was cut short */
	*ret_before = size_of(old_path);
	bool ok = store_snapshot_new(store, &snapshot, st);
	if (ok) {
		struct copy copy = {.view = store_snapshot_view(snapshot), .st = st};
		ok = copy_all(&copy, new_path);
	}
	*ret_after = size_of(new_path);
	store_snapshot_free(snapshot);
	ok = ok && put_in_place(directory, old_path, new_path, st); /* still under the lock: nobody opens the old one meanwhile */
	if (!ok) {
		unlink(new_path);
	}
	store_close(store);
	return ok;
}
