/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading resources: one name, one collection, one name's past.
 *
 * As of a revision, the current row answers if it is old enough; only names changed since cost a seek in history. A scan is one cursor; per
 * row it checks the seal, writes the name into a buffer on the stack, and calls the visitor: no allocation.
 */
#include "common/store/store_private.h"

static void record_of_row(const struct row *row, struct store_record *ret_record)
{
	*ret_record = (struct store_record){row->revision, row->operation, row->value, row->amended};
}

static bool read_current(const struct store_view *view, struct bytes name_key, struct row *ret_row, struct status *st)
{
	struct bytes record;
	if (!view_find(view, DB_CURRENT, name_key, &record, st)) {
		return false;
	}
	return row_read(record, name_key, ret_row) || view_damaged(st, "current", name_key);
}

bool store_get(const struct store_view *view, const char *name, struct store_record *ret_record, struct status *st)
{
	return store_get_at(view, name, 0, ret_record, st);
}

bool store_get_at(const struct store_view *view, const char *name, uint64_t revision, struct store_record *ret_record, struct status *st)
{
	struct key key;
	struct row row;
	if (!key_of_name(name, &key)) {
		return false;
	}
	bool found = read_current(view, key_bytes(&key), &row, st);
	if (!status_ok(st)) {
		return false;
	}
	if (revision != 0 && revision < view->revision && !(found && row.revision <= revision)) {
		MDB_cursor *cursor;
		if (!view_take(view, DB_HISTORY, &cursor, st)) {
			return false;
		}
		found = history_floor(cursor, key_bytes(&key), revision, &row, st) && row.operation != STORE_PURGE;
		view_give(view, DB_HISTORY, cursor);
	}
	if (found) {
		record_of_row(&row, ret_record);
	}
	return found;
}

/* Reads the row under a history cursor if it is of this name. */
static bool history_row(int rc, MDB_val key, MDB_val data, struct bytes name_key, struct row *ret_row, struct status *st)
{
	struct bytes found_name;
	uint64_t revision;
	if (rc == MDB_NOTFOUND) {
		return false;
	}
	if (rc != MDB_SUCCESS) {
		return store_lmdb_fail(st, rc, "read history");
	}
	if (!key_split_revision(bytes_of_val(key), &found_name, &revision)) {
		return view_damaged(st, "history", bytes_of_val(key));
	}
	if (!bytes_equal(found_name, name_key)) {
		return false;
	}
	return (row_read(bytes_of_val(data), bytes_of_val(key), ret_row) && ret_row->revision == revision) || view_damaged(st, "history", name_key);
}

bool history_floor(MDB_cursor *cursor, struct bytes name_key, uint64_t revision, struct row *ret_row, struct status *st)
{
	struct key seek;
	seek.size = name_key.size;
	memcpy(seek.data, name_key.data, name_key.size);
	key_add_revision(&seek, revision);
	MDB_val key = val_of_key(&seek), data;
	int rc = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
	return history_row(rc, key, data, name_key, ret_row, st);
}

bool store_history(const struct store_view *view, const char *name, uint64_t before_revision, store_visit *visit, void *context, struct status *st)
{
	struct key name_key;
	MDB_cursor *cursor;
	struct row row;
	if (!key_of_name(name, &name_key)) {
		return true;
	}
	uint64_t newest = before_revision == 0 ? UINT64_MAX : before_revision - 1;
	if (!view_take(view, DB_HISTORY, &cursor, st)) {
		return false;
	}
	bool more = history_floor(cursor, key_bytes(&name_key), newest, &row, st);
	while (more) {
		struct store_record record;
		MDB_val key, data;
		record_of_row(&row, &record);
		if (!visit(context, name, &record)) {
			break;
		}
		int rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
		more = history_row(rc, key, data, key_bytes(&name_key), &row, st);
	}
	view_give(view, DB_HISTORY, cursor);
	return status_ok(st);
}

bool store_history_all(const struct store_view *view, store_visit *visit, void *context, struct status *st)
{
	char name[KEY_NAME_BYTES];
	MDB_cursor *cursor;
	MDB_val key, data;
	bool more = true;
	if (!view_take(view, DB_HISTORY, &cursor, st)) {
		return false;
	}
	int rc = mdb_cursor_get(cursor, &key, &data, MDB_FIRST);
	while (rc == MDB_SUCCESS && more) {
		struct bytes name_key;
		struct row row;
		struct store_record record;
		uint64_t revision;
		if (!key_split_revision(bytes_of_val(key), &name_key, &revision) || !key_to_name(name_key, name) ||
		    !row_read(bytes_of_val(data), bytes_of_val(key), &row)) {
			view_damaged(st, "history", bytes_of_val(key));
			break;
		}
		record_of_row(&row, &record);
		more = visit(context, name, &record);
		rc = more ? mdb_cursor_get(cursor, &key, &data, MDB_NEXT) : rc;
	}
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		view_fail(view, st, rc, "read history");
	}
	view_give(view, DB_HISTORY, cursor);
	return status_ok(st);
}

struct scan {
	const struct store_view *view;
	uint64_t revision;   /* 0: now */
	MDB_cursor *history; /* only where revision is not 0 */
	store_visit *visit;
	void *context;
	struct status *st;
};

/* One row of current. False to end the scan. */
static bool scan_row(struct scan *scan, struct bytes name_key, struct bytes record_bytes)
{
	char name[KEY_NAME_BYTES];
	struct row row;
	struct store_record record;
	if (!row_read(record_bytes, name_key, &row) || !key_to_name(name_key, name)) {
		return view_damaged(scan->st, "current", name_key);
	}
	if (scan->history && row.revision > scan->revision) {
		if (!history_floor(scan->history, name_key, scan->revision, &row, scan->st) || row.operation == STORE_PURGE) {
			return status_ok(scan->st);
		}
	}
	record_of_row(&row, &record);
	return scan->visit(scan->context, name, &record);
}

static void scan_run(struct scan *scan, MDB_cursor *cursor, const struct key *prefix, const struct key *after)
{
	bool resume = after && bytes_compare(key_bytes(after), key_bytes(prefix)) >= 0;
	MDB_val key = val_of_key(resume ? after : prefix), data;
	int rc = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
	if (rc == MDB_SUCCESS && resume && bytes_equal(bytes_of_val(key), key_bytes(after))) {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	while (rc == MDB_SUCCESS && key_in_collection(bytes_of_val(key), prefix) &&
	       scan_row(scan, bytes_of_val(key), bytes_of_val(data))) {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		view_fail(scan->view, scan->st, rc, "read a collection");
	}
}

bool store_scan(const struct store_view *view, const char *pattern, const char *after, uint64_t revision, store_visit *visit, void *context,
                struct status *st)
{
	struct key prefix, after_key;
	struct scan scan = {view, revision, NULL, visit, context, st};
	MDB_cursor *cursor;
	if (!key_of_pattern(pattern, &prefix)) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "NAME_INVALID", "\"%.*s\" is no collection, such as accounts/acme/opportunities.",
		                   (int)LIMIT_NAME_BYTES, pattern);
	}
	if (after && !key_of_name(after, &after_key)) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "NAME_INVALID", "\"%.*s\" is no resource name to go on from.", (int)LIMIT_NAME_BYTES,
		                   after);
	}
	bool past = revision != 0 && revision < view->revision;
	if (past && !view_take(view, DB_HISTORY, &scan.history, st)) {
		return false;
	}
	if (view_take(view, DB_CURRENT, &cursor, st)) {
		scan_run(&scan, cursor, &prefix, after ? &after_key : NULL);
		view_give(view, DB_CURRENT, cursor);
	}
	if (past) {
		view_give(view, DB_HISTORY, scan.history);
	}
	return status_ok(st);
}
