/* SPDX-License-Identifier: Apache-2.0
 *
 * store_check: every record of every database against its seal, and the databases against each other.
 *
 * Each database is walked once, and what must be elsewhere is looked up. Where only presence can be looked up (index entries, expiries), the
 * numbers of entries must agree as well, so that there is nothing more and nothing less.
 */
#include "common/store/store_private.h"

struct check {
	const struct store_view *view;
	struct status *st;
	MDB_cursor *history;
	struct index_set entries;   /* of the row at work */
	uint64_t index_entries;
	uint64_t expected_revision; /* of the log, walking */
	struct key newest_name;     /* last name met in history */
	uint64_t replies, expiries;
};

/* One record. False to end, with the status failed. */
typedef bool check_record(struct check *check, struct bytes key, struct bytes record);

static bool check_db(struct check *check, enum store_db db, check_record *each)
{
	MDB_cursor *cursor;
	MDB_val key, data;
	if (!view_take(check->view, db, &cursor, check->st)) {
		return false;
	}
	int rc = mdb_cursor_get(cursor, &key, &data, MDB_FIRST);
	while (rc == MDB_SUCCESS && each(check, bytes_of_val(key), bytes_of_val(data))) {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		view_fail(check->view, check->st, rc, "walk a database");
	}
	view_give(check->view, db, cursor);
	return status_ok(check->st);
}

static bool check_fail(struct check *check, const char *what, const char *name)
{
	return status_fail(check->st, STATUS_DATA_LOSS, "STORE_INCONSISTENT", "%s of %s: restore a backup.", what, name);
}

static bool check_index_of(struct check *check, const char *name, struct bytes value)
{
	if (check->view->store->index_stale) {
		return true;
	}
	if (!index_collect(check->view->store, name, &value, &check->entries)) {
		return status_fail(check->st, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "The check ran out of memory.");
	}
	for (size_t i = 0; i < check->entries.count; i++) {
		struct bytes nothing;
		if (!view_find(check->view, DB_INDEX, index_set_at(&check->entries, i), &nothing, check->st)) {
			return check_fail(check, "The index lacks an entry", name);
		}
	}
	check->index_entries += check->entries.count;
	return true;
}

/* A current row is the newest of its history, byte for byte. */
static bool check_current(struct check *check, struct bytes key, struct bytes record)
{
	char name[KEY_NAME_BYTES];
	struct row row, newest;
	if (!row_read(record, key, &row) || row.operation == STORE_PURGE || !key_to_name(key, name)) {
		return view_damaged(check->st, "current", key);
	}
	if (row.revision > check->view->revision) {
		return check_fail(check, "The revision is newer than the log", name);
	}
	bool found = history_floor(check->history, key, UINT64_MAX, &newest, check->st);
	if (!status_ok(check->st)) {
		return false;
	}
	if (!found || newest.revision != row.revision || newest.operation != row.operation || !bytes_equal(newest.value, row.value) ||
	    memcmp(newest.nonce, row.nonce, ROW_NONCE_BYTES) != 0) {
		return check_fail(check, "The current state is not the newest state in the history", name);
	}
	return check_index_of(check, name, row.value);
}

/* The first row of each name is its newest: unless it is a PURGE, the name is current. */
static bool check_history(struct check *check, struct bytes key, struct bytes record)
{
	char name[KEY_NAME_BYTES];
	struct bytes name_key, current;
	struct row row;
	uint64_t revision;
	if (!key_split_revision(key, &name_key, &revision) || !key_to_name(name_key, name)) {
		return view_damaged(check->st, "history", key);
	}
	if (!row_read(record, key, &row) || row.revision != revision || revision > check->view->revision) {
		return view_damaged(check->st, "history", name_key);
	}
	if (bytes_equal(name_key, key_bytes(&check->newest_name))) {
		return true;
	}
	check->newest_name.size = name_key.size;
	memcpy(check->newest_name.data, name_key.data, name_key.size);
	bool is_current = view_find(check->view, DB_CURRENT, name_key, &current, check->st);
	if (!status_ok(check->st)) {
		return false;
	}
	return is_current == (row.operation != STORE_PURGE) || check_fail(check, "The history does not fit the current state", name);
}

static bool check_log(struct check *check, struct bytes key, struct bytes record)
{
	struct entry entry;
	struct entry_change change;
	check->expected_revision++;
	if (key_to_revision(key) != check->expected_revision || !entry_read(record, key, &entry)) {
		return view_damaged_revision(check->st, check->expected_revision);
	}
	while (entry_next(&entry, &change)) {
	}
	return entry_complete(&entry) || view_damaged_revision(check->st, check->expected_revision);
}

static bool check_index(struct check *check, struct bytes key, struct bytes record)
{
	char name[KEY_NAME_BYTES];
	uint8_t value[LIMIT_INDEX_VALUE_BYTES];
	size_t value_size;
	uint32_t index;
	return (key_split_index(key, &index, value, &value_size, name) && record.size == 0) ||
	       status_fail(check->st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "An entry of the index is damaged: restore a backup.");
}

static bool check_request(struct check *check, struct bytes key, struct bytes record)
{
	struct key request;
	struct bytes reply;
	int64_t expires_s;
	bool ok;
	if (key.size > 0 && key.data[0] == 'e') {
		check->expiries++;
		ok = key_split_expiry(key, &expires_s, &request) && record.size == 0 &&
		     view_find(check->view, DB_REQUESTS, key_bytes(&request), &reply, check->st) && reply.size >= SEAL_BYTES + 8 &&
		     memcmp(reply.data + SEAL_BYTES, key.data + 1, 8) == 0;
	} else {
		check->replies++;
		ok = record_sealed(record, key);
	}
	return ok || status_fail(check->st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "A remembered reply is damaged: restore a backup.");
}

static bool check_meta(struct check *check, struct bytes key, struct bytes record)
{
	return record_sealed(record, key) ||
	       status_fail(check->st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "The setting %.*s of the store is damaged: restore a backup.",
	                   (int)key.size, (const char *)key.data);
}

static bool check_counts(struct check *check)
{
	const struct store *store = check->view->store;
	MDB_stat stat;
	if (check->expected_revision != check->view->revision) {
		return view_damaged_revision(check->st, check->expected_revision + 1);
	}
	if (check->replies != check->expiries) {
		return status_fail(check->st, STATUS_DATA_LOSS, "STORE_INCONSISTENT", "%llu replies are remembered, but %llu expiries.",
		                   (unsigned long long)check->replies, (unsigned long long)check->expiries);
	}
	if (!store->indexer || store->index_stale) {
		return true;
	}
	int rc = mdb_stat(check->view->txn, store->dbs[DB_INDEX], &stat);
	if (rc != MDB_SUCCESS) {
		return view_fail(check->view, check->st, rc, "count the index");
	}
	return stat.ms_entries == check->index_entries ||
	       status_fail(check->st, STATUS_DATA_LOSS, "STORE_INCONSISTENT", "The index holds %zu entries, the resources have %llu.",
	                   stat.ms_entries, (unsigned long long)check->index_entries);
}

bool store_check(const struct store_view *view, struct status *st)
{
	struct check check = {.view = view, .st = st};
	if (!view_take(view, DB_HISTORY, &check.history, st)) {
		return false;
	}
	bool ok = check_db(&check, DB_META, check_meta) && check_db(&check, DB_LOG, check_log) && check_db(&check, DB_CURRENT, check_current) &&
	          check_db(&check, DB_HISTORY, check_history) && check_db(&check, DB_INDEX, check_index) &&
	          check_db(&check, DB_REQUESTS, check_request) && check_counts(&check);
	view_give(view, DB_HISTORY, check.history);
	index_set_done(&check.entries);
	return ok;
}
