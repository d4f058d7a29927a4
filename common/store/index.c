/* SPDX-License-Identifier: Apache-2.0
 *
 * Index entries: collected from the indexer, compared as sorted sets, written where they differ; built anew when the indexer changed.
 *
 * The fingerprint of the indexer is written after the last batch of a rebuild and deleted before the first, so a rebuild that was cut short
 * starts over. Batches are small, because 0.9.24 is at its best with transactions that never spill pages.
 */
#include "common/store/store_private.h"

#include "common/store/encode.h"

#include <errno.h>
#include <stdlib.h>

enum { REBUILD_BATCH_ROWS = 1000, FINGERPRINT_BYTES = 1 + 8 };

void index_set_done(struct index_set *set)
{
	scratch_done(&set->keys);
	scratch_done(&set->items);
}

/* The items' offsets become pointers only when all keys are there: the buffer moves as it grows. */
static void index_emit(void *context, uint32_t index, struct bytes value)
{
	struct index_set *set = context;
	struct key key;
	key_of_index(index, value, &key);
	if (!key_add_index_name(&key, set->name)) {
		return;
	}
	uint16_t size = (uint16_t)key.size;
	scratch_add(&set->keys, &size, sizeof size);
	scratch_add(&set->keys, key.data, key.size);
}

static int compare_items(const void *a, const void *b)
{
	return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

struct bytes index_set_at(const struct index_set *set, size_t i)
{
	struct bytes item;
	memcpy(&item, set->items.data + i * sizeof item, sizeof item);
	return item;
}

static void index_set_sort(struct index_set *set)
{
	for (size_t at = 0; at < set->keys.size;) {
		uint16_t size;
		memcpy(&size, set->keys.data + at, sizeof size);
		struct bytes item = {set->keys.data + at + sizeof size, size};
		scratch_add(&set->items, &item, sizeof item);
		at += sizeof size + size;
	}
	if (set->items.failed || set->items.size == 0) {
		return;
	}
	struct bytes *items = (struct bytes *)(void *)set->items.data;
	size_t all = set->items.size / sizeof *items;
	qsort(items, all, sizeof *items, compare_items);
	for (size_t i = 0; i < all; i++) {
		if (set->count == 0 || !bytes_equal(items[i], items[set->count - 1])) {
			items[set->count++] = items[i];
		}
	}
}

bool index_collect(const struct store *store, const char *name, const struct bytes *value, struct index_set *set)
{
	set->name = name;
	set->count = 0;
	scratch_clear(&set->keys);
	scratch_clear(&set->items);
	if (store->indexer && value) {
		store->indexer(store->indexer_context, name, *value, index_emit, set);
		index_set_sort(set);
	}
	return !set->keys.failed && !set->items.failed;
}

bool index_replace(struct store_txn *txn, const struct index_set *old_set, const struct index_set *new_set)
{
	bool ok = true;
	for (size_t i = 0, j = 0; ok && (i < old_set->count || j < new_set->count);) {
		int order;
		if (i == old_set->count) {
			order = 1;
		} else if (j == new_set->count) {
			order = -1;
		} else {
			order = bytes_compare(index_set_at(old_set, i), index_set_at(new_set, j));
		}
		if (order < 0) {
			ok = txn_delete(txn, DB_INDEX, index_set_at(old_set, i));
		} else if (order > 0) {
			ok = txn_put(txn, DB_INDEX, index_set_at(new_set, j), (struct bytes){(const uint8_t *)"", 0}, 0);
		}
		i += order <= 0;
		j += order >= 0;
	}
	return ok;
}

/* ---- rebuilding ---- */

static bool index_clear(struct store *store, struct status *st)
{
	struct store_txn *txn;
	if (!store_txn_begin(store, &txn, st)) {
		return false;
	}
	int rc = mdb_drop(txn->view.txn, store->dbs[DB_INDEX], 0);
	if (rc != MDB_SUCCESS) {
		store_lmdb_fail(&txn->status, rc, "empty the index");
	}
	txn_delete(txn, DB_META, bytes_of(META_INDEX));
	return store_commit(txn, st);
}

/* Indexes up to REBUILD_BATCH_ROWS names behind `after`, which moves to the last one. False with the status failed, or at the end. */
static bool index_rows(struct store_txn *txn, struct key *after)
{
	struct status *st = &txn->status;
	MDB_cursor *cursor;
	if (!view_take(&txn->view, DB_CURRENT, &cursor, st)) {
		return false;
	}
	char name[KEY_NAME_BYTES];
	MDB_val key = val_of_key(after), data;
	int rc = mdb_cursor_get(cursor, &key, &data, after->size == 0 ? MDB_FIRST : MDB_SET_RANGE);
	if (rc == MDB_SUCCESS && bytes_equal(bytes_of_val(key), key_bytes(after))) {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	for (int i = 0; i < REBUILD_BATCH_ROWS && rc == MDB_SUCCESS && status_ok(st); i++) {
		struct bytes name_key = bytes_of_val(key);
		struct row row;
		if (!row_read(bytes_of_val(data), name_key, &row) || !key_to_name(name_key, name)) {
			view_damaged(st, "current", name_key);
			break;
		}
		after->size = name_key.size;
		memcpy(after->data, name_key.data, name_key.size);
		if (!index_collect(txn->view.store, name, &row.value, &txn->new_index)) {
			store_lmdb_fail(st, ENOMEM, "rebuild the index");
			break;
		}
		txn->old_index.count = 0;
		index_replace(txn, &txn->old_index, &txn->new_index);
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	view_give(&txn->view, DB_CURRENT, cursor);
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		store_lmdb_fail(st, rc, "rebuild the index");
	}
	return rc == MDB_SUCCESS && status_ok(st);
}

static bool index_rebuild(struct store *store, struct bytes fingerprint, struct status *st)
{
	struct key after = {.size = 0};
	bool more = true;
	if (!index_clear(store, st)) {
		return false;
	}
	while (more) {
		struct store_txn *txn;
		if (!store_txn_begin(store, &txn, st)) {
			return false;
		}
		more = store->indexer && index_rows(txn, &after);
		if (!more) {
			meta_put(txn, META_INDEX, fingerprint);
		}
		if (!store_commit(txn, st)) {
			return false;
		}
	}
	return true;
}

bool index_prepare(struct store *store, struct status *st)
{
	uint8_t ours[FINGERPRINT_BYTES] = {store->indexer != NULL};
	encode_u64(ours + 1, store->indexer ? store->indexer_fingerprint : 0);
	struct bytes fingerprint = {ours, sizeof ours}, found = {NULL, 0};
	struct store_snapshot *snapshot;
	if (!store_snapshot_new(store, &snapshot, st)) {
		return false;
	}
	bool known = meta_get(&snapshot->view, META_INDEX, &found, st);
	bool same = known && bytes_equal(found, fingerprint);
	store_snapshot_free(snapshot);
	if (!status_ok(st)) {
		return false;
	}
	if (store->read_only) {
		store->index_stale = store->indexer ? !same : !known;
		return true;
	}
	return same || index_rebuild(store, fingerprint, st);
}
