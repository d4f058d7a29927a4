/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the log: one record, the record of a moment, and the whole chain.
 *
 * Revisions run from 1 without gaps, so a moment is found by bisecting them. The verifier needs no memory: walking forwards it checks each hash
 * and link, and each change against its row in history. Rows may lack only where a later PURGE took them, whose own row is then the
 * next newer one of that name; and in the end history holds as many rows as the walk has met, so none was slipped in.
 */
#include "common/store/store_private.h"

#include <sodium.h>

/* ---- one record ---- */

static bool read_entry(const struct store_view *view, uint64_t revision, struct entry *ret_entry, struct status *st)
{
	struct key key;
	struct bytes record;
	key_of_revision(revision, &key);
	if (!view_find(view, DB_LOG, key_bytes(&key), &record, st)) {
		return false;
	}
	return entry_read(record, key_bytes(&key), ret_entry) || view_damaged_revision(st, revision);
}

static char *text_of(struct arena *arena, struct bytes text)
{
	return arena_strndup(arena, (const char *)text.data, text.size);
}

/* Bytes of a change, from history; none where they were purged since. */
static bool load_value(const struct store_view *view, uint64_t revision, struct arena *arena, struct store_change *change, uint64_t *amended, struct status *st)
{
	struct key key;
	struct bytes record;
	struct row row;
	if (!key_of_name(change->name, &key)) {
		return view_damaged_revision(st, revision);
	}
	struct bytes name_key = key_bytes(&key);
	key_add_revision(&key, revision);
	if (!view_find(view, DB_HISTORY, key_bytes(&key), &record, st)) {
		return status_ok(st);
	}
	if (!row_read(record, key_bytes(&key), &row)) {
		return view_damaged(st, "history", name_key);
	}
	change->value = arena_bytes(arena, row.value);
	*amended = row.amended > *amended ? row.amended : *amended;
	return true;
}

static bool load_changes(const struct store_view *view, struct entry *entry, struct arena *arena, struct store_change *changes, size_t count,
                         uint64_t *amended, struct status *st)
{
	for (size_t i = 0; i < count; i++) {
		struct entry_change change;
		if (!entry_next(entry, &change)) {
			return view_damaged_revision(st, entry->revision);
		}
		changes[i] = (struct store_change){
			.name = text_of(arena, change.name),
			.operation = change.operation,
			.previous_revision = change.previous_revision,
		};
		if (changes[i].name && !load_value(view, entry->revision, arena, &changes[i], amended, st)) {
			return false;
		}
	}
	return true;
}

bool store_log_get(const struct store_view *view, uint64_t revision, struct arena *arena, struct store_entry *ret_entry, struct status *st)
{
	struct entry entry;
	if (!read_entry(view, revision, &entry, st)) {
		return false;
	}
	size_t count = (size_t)entry.changes_left;
	struct store_change *changes = arena_calloc(arena, count, sizeof *changes);
	struct store_entry found = {
		.revision = entry.revision,
		.time_us = entry.time_us,
		.actor = text_of(arena, entry.actor),
		.request_id = text_of(arena, entry.request_id),
		.method = text_of(arena, entry.method),
		.peer = text_of(arena, entry.peer),
		.client = text_of(arena, entry.client),
		.code = entry.code,
		.events = entry.events,
		.note = text_of(arena, entry.note),
		.changes = changes,
		.changes_count = count,
		.amended = entry.amended,
	};
	memcpy(found.hash, entry.hash, STORE_HASH_BYTES);
	memcpy(found.previous_hash, entry.previous_hash, STORE_HASH_BYTES);
	if (changes && !load_changes(view, &entry, arena, changes, count, &found.amended, st)) {
		return false;
	}
	if (arena->overflowed) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "REPLY_TOO_LARGE", "The commit record of revision %llu is too large to read whole.",
		                   (unsigned long long)revision);
	}
	*ret_entry = found;
	return true;
}

/* ---- a moment ---- */

uint64_t store_revision_at(const struct store_view *view, int64_t time_us, struct status *st)
{
	uint64_t low = 0, high = view->revision; /* the answer is low … high; 0 stands for before the first */
	while (low < high) {
		uint64_t middle = high - (high - low) / 2;
		struct entry entry;
		if (!read_entry(view, middle, &entry, st)) {
			if (status_ok(st)) {
				view_damaged_revision(st, middle);
			}
			return 0;
		}
		if (entry.time_us <= time_us) {
			low = middle;
		} else {
			high = middle - 1;
		}
	}
	return low;
}

/* ---- the whole chain ---- */

struct verifier {
	const struct store_view *view;
	MDB_cursor *history;
	uint64_t records;
	uint64_t rows; /* met in history */
	uint8_t hash[STORE_HASH_BYTES];
	struct status *st;
};

static bool broken(struct status *st, uint64_t revision, const char *what)
{
	return status_fail(st, STATUS_DATA_LOSS, "LOG_BROKEN", "The log does not hold together at revision %llu: %s.", (unsigned long long)revision,
	                   what);
}

/* The row next newer than where `key` would be is of the same name and a PURGE. */
static bool was_purged(struct verifier *verifier, const struct key *sought, struct bytes name_key)
{
	MDB_val key = val_of_key(sought), data;
	struct bytes found_name;
	struct row row;
	uint64_t revision;
	int rc = mdb_cursor_get(verifier->history, &key, &data, MDB_SET_RANGE);
	if (rc == MDB_SUCCESS || rc == MDB_NOTFOUND) {
		rc = mdb_cursor_get(verifier->history, &key, &data, rc == MDB_SUCCESS ? MDB_PREV : MDB_LAST);
	}
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		return view_fail(verifier->view, verifier->st, rc, "read history");
	}
	return rc == MDB_SUCCESS && key_split_revision(bytes_of_val(key), &found_name, &revision) && bytes_equal(found_name, name_key) &&
	       row_read(bytes_of_val(data), bytes_of_val(key), &row) && row.operation == STORE_PURGE;
}

/* The digest that the record of an erasure gives for an item that it altered. What the record itself is worth is known when the walk is there. */
static const uint8_t *amended_digest(struct verifier *verifier, uint64_t by, uint64_t revision, uint32_t item)
{
	struct entry entry;
	bool found = by > revision && read_entry(verifier->view, by, &entry, verifier->st);
	const uint8_t *digest = found ? entry_amendment_find(&entry, revision, item) : NULL;
	if (!digest && status_ok(verifier->st)) {
		broken(verifier->st, revision, "it was altered, and no erasure is on record for it");
	}
	return digest;
}

static bool verify_change(struct verifier *verifier, uint64_t revision, uint32_t item, const struct entry_change *change)
{
	char name[KEY_NAME_BYTES];
	struct key key;
	struct bytes record;
	struct row row;
	uint8_t digest[ROW_DIGEST_BYTES];
	if (change->name.size > LIMIT_NAME_BYTES) {
		return broken(verifier->st, revision, "a name is malformed");
	}
	memcpy(name, change->name.data, change->name.size);
	name[change->name.size] = '\0';
	if (!key_of_name(name, &key)) {
		return broken(verifier->st, revision, "a name is malformed");
	}
	struct bytes name_key = key_bytes(&key);
	key_add_revision(&key, revision);
	if (!view_find(verifier->view, DB_HISTORY, key_bytes(&key), &record, verifier->st)) {
		return status_ok(verifier->st) && (was_purged(verifier, &key, name_key) || broken(verifier->st, revision, "bytes are missing"));
	}
	if (!row_read(record, key_bytes(&key), &row)) {
		return broken(verifier->st, revision, "a row of history is damaged");
	}
	const uint8_t *expected = row.amended ? amended_digest(verifier, row.amended, revision, item) : change->digest;
	if (!expected) {
		return false;
	}
	row_digest(&row, digest);
	if (row.operation != change->operation || row.revision != revision || memcmp(digest, expected, sizeof digest) != 0) {
		return broken(verifier->st, revision, "the bytes are not those that were recorded");
	}
	verifier->rows++;
	return true;
}

static bool verify_texts(struct verifier *verifier, const struct entry *entry)
{
	uint8_t digest[STORE_HASH_BYTES];
	const uint8_t *expected = entry->amended ? amended_digest(verifier, entry->amended, entry->revision, 0) : entry->digest;
	if (!expected) {
		return false;
	}
	entry_digest(entry, digest);
	return memcmp(digest, expected, sizeof digest) == 0 || broken(verifier->st, entry->revision, "its texts are not those that were recorded");
}

static bool verify_record(struct verifier *verifier, struct bytes key, struct bytes record)
{
	struct entry entry;
	struct entry_change change;
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t expected = verifier->records + 1;
	if (key_to_revision(key) != expected) {
		return broken(verifier->st, expected, "its record is missing");
	}
	if (!entry_read(record, key, &entry)) {
		return broken(verifier->st, expected, "its record is damaged");
	}
	if (memcmp(entry.previous_hash, verifier->hash, sizeof verifier->hash) != 0) {
		return broken(verifier->st, expected, "it does not follow the record before it");
	}
	entry_hash(&entry, key, hash);
	if (memcmp(entry.hash, hash, sizeof hash) != 0) {
		return broken(verifier->st, expected, "its hash is wrong");
	}
	if (!verify_texts(verifier, &entry)) {
		return false;
	}
	for (uint32_t item = 1; entry_next(&entry, &change); item++) {
		if (!verify_change(verifier, expected, item, &change)) {
			return false;
		}
	}
	if (!entry_complete(&entry)) {
		return broken(verifier->st, expected, "its changes are malformed");
	}
	memcpy(verifier->hash, hash, sizeof hash);
	verifier->records = expected;
	return true;
}

static bool verify_all(struct verifier *verifier, MDB_cursor *log)
{
	const struct store_view *view = verifier->view;
	MDB_val key, data;
	MDB_stat stat;
	int rc = mdb_cursor_get(log, &key, &data, MDB_FIRST);
	while (rc == MDB_SUCCESS) {
		if (!verify_record(verifier, bytes_of_val(key), bytes_of_val(data))) {
			return false;
		}
		rc = mdb_cursor_get(log, &key, &data, MDB_NEXT);
	}
	if (rc == MDB_NOTFOUND) {
		rc = mdb_stat(view->txn, view->store->dbs[DB_HISTORY], &stat);
	}
	if (rc != MDB_SUCCESS) {
		return view_fail(view, verifier->st, rc, "read the log");
	}
	if (stat.ms_entries != verifier->rows) {
		return status_fail(verifier->st, STATUS_DATA_LOSS, "LOG_BROKEN", "History holds %zu rows, the log tells of %llu.", stat.ms_entries,
		                   (unsigned long long)verifier->rows);
	}
	return true;
}

/* ---- searching ---- */

bool store_search(const struct store_view *view, store_search_visit *visit, void *context, struct status *st)
{
	MDB_cursor *cursor;
	MDB_val key, data;
	bool more = true;
	for (enum store_db db = DB_HISTORY; db <= DB_LOG && more && status_ok(st); db++) {
		if (!view_take(view, db, &cursor, st)) {
			return false;
		}
		int rc = mdb_cursor_get(cursor, &key, &data, MDB_FIRST);
		while (rc == MDB_SUCCESS && more && status_ok(st)) {
			struct entry entry;
			struct row row;
			bool sound = db == DB_LOG ? entry_read(bytes_of_val(data), bytes_of_val(key), &entry) : row_read(bytes_of_val(data), bytes_of_val(key), &row);
			more = sound ? visit(context, db == DB_LOG ? entry.revision : row.revision, db == DB_LOG ? entry.texts : row.value)
			             : status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "A record is damaged: run kamd check, and restore a backup.");
			rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
		}
		if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
			view_fail(view, st, rc, "search the past");
		}
		view_give(view, db, cursor);
	}
	return status_ok(st);
}

bool store_log_verify(const struct store_view *view, uint64_t *ret_records, struct status *st)
{
	struct verifier verifier = {.view = view, .st = st};
	MDB_cursor *log;
	if (!view_take(view, DB_LOG, &log, st)) {
		return false;
	}
	if (view_take(view, DB_HISTORY, &verifier.history, st)) {
		if (verify_all(&verifier, log)) {
			*ret_records = verifier.records;
		}
		view_give(view, DB_HISTORY, verifier.history);
	}
	view_give(view, DB_LOG, log);
	return status_ok(st);
}
