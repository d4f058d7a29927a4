/* SPDX-License-Identifier: Apache-2.0
 *
 * Erasures: what was said of somebody is gone from every reading and, after a compaction, from the file; the log still verifies, and what was altered without
 * an erasure on record is found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include "common/store/entry.h"
#include "common/store/keys.h"
#include "common/store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define JANE "people/jane"
#define GONE "people/erased-1"

enum { ERASURE = 8 };

/* Jane is created and changed; somebody refers to her, in one record with her and in one without; she is deleted and comes back. */
static void fill(struct fixture *f)
{
	struct store_txn *txn;
	fixture_put(f, STORE_CREATE, "people/bob", "1=bob");
	fixture_put(f, STORE_CREATE, JANE, "1=Jane Secret|2=red");
	fixture_put(f, STORE_UPDATE, JANE, "1=Jane Secret|2=blue");
	fixture_put(f, STORE_CREATE, "notes/n", "3=met Jane Secret");
	struct store_change changes[] = {{"people/bob", STORE_UPDATE, 1, bytes_of("1=bobby")}, {JANE, STORE_UPDATE, 3, bytes_of("1=Jane Secret|2=green")}};
	struct store_entry entry = {.actor = "users/jane", .request_id = "r2", .method = "Test/Put", .note = "of people/jane", .changes = changes, .changes_count = 2};
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_append(txn, &entry), 5);
	store_request_put(txn, "users/jane", "r2", bytes_of("reply with Jane Secret"), INT64_MAX);
	store_request_put(txn, "users/jane", "r3", bytes_of("another"), INT64_MAX);
	assert_true(store_commit(txn, &f->st));
	fixture_put(f, STORE_DELETE, JANE, "1=Jane Secret|2=gone");
	fixture_put(f, STORE_UNDELETE, JANE, "1=Jane Secret|2=back");
}

static void erase(struct fixture *f)
{
	assert_int_equal(fixture_erase(f, JANE, GONE, "notes/n", "1=erased"), ERASURE);
}

struct history {
	char text[400];
};

static bool add_version(void *context, const char *name, const struct store_record *record)
{
	struct history *history = context;
	size_t used = strlen(history->text);
	(void)name;
	snprintf(history->text + used, sizeof history->text - used, "%llu:%d:%llu:%.*s ", (unsigned long long)record->revision, (int)record->operation,
	         (unsigned long long)record->amended, (int)record->value.size, (const char *)record->value.data);
	return true;
}

static const char *history_of(struct fixture *f, const char *name, struct history *history)
{
	*history = (struct history){""};
	assert_true(store_history(fixture_view(f), name, 0, add_version, history, &f->st));
	return history->text;
}

static bool visit_name(void *context, const char *name, const struct store_record *record)
{
	(void)record;
	strcat(context, name);
	return true;
}

static const char *indexed(struct fixture *f, uint32_t index, const char *value, char found[200])
{
	*found = '\0';
	assert_true(store_index_equal(fixture_view(f), index, bytes_of(value), visit_name, found, &f->st));
	return found;
}

static void test_every_reading(void **state)
{
	struct fixture *f = *state;
	struct history history;
	struct store_entry entry;
	struct bytes reply;
	char found[200];
	fill(f);
	erase(f);
	assert_true(fixture_sound(f));
	assert_string_equal(fixture_get_at(f, JANE, 0), "-");
	assert_string_equal(fixture_get_at(f, JANE, 3), "-");
	assert_string_equal(fixture_get_at(f, GONE, 0), "1=erased@7");
	assert_string_equal(fixture_get_at(f, GONE, 3), "1=erased@3");
	assert_string_equal(fixture_get_at(f, GONE, 1), "-");
	assert_string_equal(fixture_get_at(f, "notes/n", 4), "1=erased@4");
	assert_string_equal(fixture_get_at(f, "people/bob", 0), "1=bobby@5");
	assert_string_equal(fixture_scan(f, "people", NULL, 0, 9, true), "people/bob=1=bobby people/erased-1=1=erased");
	assert_string_equal(fixture_scan(f, "people", NULL, 3, 9, true), "people/bob=1=bob people/erased-1=1=erased");
	assert_string_equal(history_of(f, JANE, &history), "");
	assert_string_equal(history_of(f, GONE, &history), "7:4:8:1=erased 6:3:8:1=erased 5:2:8:1=erased 3:2:8:1=erased 2:1:8:1=erased ");
	assert_string_equal(history_of(f, "people/bob", &history), "5:2:0:1=bobby 1:1:0:1=bob ");
	assert_string_equal(indexed(f, 2, "back", found), "");
	assert_string_equal(indexed(f, 1, "erased", found), "notes/npeople/erased-1");
	assert_true(store_log_get(fixture_view(f), 5, &f->arena, &entry, &f->st));
	assert_string_equal(entry.changes[1].name, GONE);
	assert_string_equal(entry.note, "erased");
	assert_string_equal(entry.method, "Test/Put");
	assert_int_equal(entry.amended, ERASURE);
	assert_int_equal(entry.changes[1].previous_revision, 3);
	assert_true(store_log_get(fixture_view(f), 1, &f->arena, &entry, &f->st));
	assert_int_equal(entry.amended, 0);
	assert_false(store_request_get(fixture_view(f), "users/jane", "r2", 1, &reply, &f->st));
	assert_true(store_request_get(fixture_view(f), "users/jane", "r3", 1, &reply, &f->st));
}

/* Life goes on, and a second erasure may alter what the first has altered. */
static void test_again(void **state)
{
	struct fixture *f = *state;
	fill(f);
	erase(f);
	fixture_put(f, STORE_UPDATE, GONE, "1=x");
	fixture_put(f, STORE_UPDATE, "people/bob", "1=bobbie");
	assert_int_equal(fixture_erase(f, "people/bob", "people/erased-2", GONE, "1=none"), 11);
	assert_true(fixture_sound(f));
	assert_string_equal(fixture_get_at(f, GONE, 3), "1=none@3");
	assert_string_equal(fixture_get_at(f, "people/erased-2", 5), "1=none@5");
	fixture_put(f, STORE_PURGE, GONE, "");
	assert_int_equal(fixture_erase(f, GONE, "people/erased-3", NULL, "1=none"), 13); /* rows that are not there any more */
	assert_true(fixture_sound(f));
	fixture_close(f);
	fixture_open(f);
	assert_true(fixture_sound(f));
}

static bool file_has_bytes(struct fixture *f, struct bytes text)
{
	struct bytes file = fixture_read_file(f);
	bool has = memmem(file.data, file.size, text.data, text.size) != NULL;
	free((void *)(uintptr_t)file.data);
	return has;
}

static bool file_has(struct fixture *f, const char *text)
{
	return file_has_bytes(f, bytes_of(text));
}

static bool visit_text(void *context, uint64_t revision, struct bytes text)
{
	(void)revision;
	bool *found = context;
	*found = *found || memmem(text.data, text.size, "Jane", 4) || memmem(text.data, text.size, "people/jane", 11);
	return true;
}

static void test_nothing_is_left_in_the_file(void **state)
{
	struct fixture *f = *state;
	uint64_t before, after;
	bool found = false;
	char long_value[6000];
	fill(f);
	memset(long_value, 'x', sizeof long_value - 1); /* in pages of its own */
	memcpy(long_value, "3=Jane Secret", 13);
	long_value[sizeof long_value - 1] = '\0';
	fixture_put(f, STORE_UPDATE, JANE, long_value);
	assert_true(store_search(fixture_view(f), visit_text, &found, &f->st));
	assert_true(found);
	fixture_erase(f, JANE, GONE, "notes/n", "1=erased");
	found = false;
	assert_true(store_search(fixture_view(f), visit_text, &found, &f->st));
	assert_false(found);
	fixture_close(f);
	assert_true(file_has(f, "Jane Secret")); /* in free pages */
	assert_true(store_compact(f->directory, &before, &after, &f->st));
	assert_true(after < before);
	assert_false(file_has(f, "Jane Secret"));
	assert_false(file_has(f, "Secret"));
	assert_false(file_has_bytes(f, (struct bytes){(const uint8_t *)"people\0jane", 11})); /* as a key */
	assert_false(file_has(f, JANE));
	fixture_open(f);
	assert_true(fixture_sound(f));
	assert_string_equal(fixture_get_at(f, GONE, 3), "1=erased@3");
	assert_int_equal(fixture_put(f, STORE_UPDATE, "people/bob", "1=b"), 10);
	assert_true(fixture_sound(f));
}

/* A compaction that was cut short leaves the old file in use. */
static void test_compacting_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t before, after;
	char path[300];
	fill(f);
	assert_false(store_compact(f->directory, &before, &after, &f->st)); /* it is open */
	assert_string_equal(f->st.reason, "STORE_IN_USE");
	status_init(&f->st);
	fixture_close(f);
	snprintf(path, sizeof path, "%s/data.mdb.new", f->directory);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	fputs("half a page", file);
	fclose(file);
	fixture_open(f);
	assert_true(fixture_sound(f));
	fixture_close(f);
	assert_true(store_compact(f->directory, &before, &after, &f->st));
	assert_int_not_equal(access(path, F_OK), 0);
	fixture_open(f);
	assert_true(fixture_sound(f));
	assert_string_equal(fixture_get_at(f, JANE, 0), "1=Jane Secret|2=back@7");
}

/* An erasure that is not committed, as after a crash, has not happened. */
static void test_aborted(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	struct store_entry to;
	fill(f);
	assert_true(store_log_get(fixture_view(f), 2, &f->arena, &to, &f->st));
	struct store_change change = {GONE, STORE_CREATE, 0, bytes_of("1=erased")};
	to.changes = &change;
	struct store_entry entry = {.method = "Test/Erase", .amendments = &to, .amendments_count = 1};
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_append(txn, &entry), ERASURE);
	store_abort(txn);
	assert_true(fixture_sound(f));
	assert_string_equal(fixture_get_at(f, JANE, 2), "1=Jane Secret|2=red@2");
}

/* ---- without an erasure on record ---- */

static void assert_broken(struct fixture *f, const char *what)
{
	uint64_t records;
	fixture_open(f);
	assert_false(store_log_verify(fixture_view(f), &records, &f->st));
	assert_string_equal(f->st.reason, "LOG_BROKEN");
	assert_non_null(strstr(f->st.message, what));
	status_init(&f->st);
	fixture_close(f);
}

static void raw_alter(struct fixture *f, const char *db, const struct key *key, uint8_t *record, size_t size)
{
	MDB_dbi dbi;
	MDB_txn *txn = fixture_raw_begin(f, db, &dbi);
	MDB_val raw_key = {key->size, (void *)(uintptr_t)key->data}, value = {size, record};
	record_seal(record, size, key_bytes(key));
	assert_int_equal(mdb_put(txn, dbi, &raw_key, &value, 0), 0);
	fixture_raw_commit(txn);
}

static size_t raw_read(struct fixture *f, const char *db, const struct key *key, uint8_t record[1000])
{
	MDB_dbi dbi;
	MDB_txn *txn = fixture_raw_begin(f, db, &dbi);
	MDB_val raw_key = {key->size, (void *)(uintptr_t)key->data}, value;
	assert_int_equal(mdb_get(txn, dbi, &raw_key, &value), 0);
	assert_true(value.mv_size < 1000);
	size_t size = value.mv_size;
	memcpy(record, value.mv_data, size);
	fixture_raw_commit(txn);
	return size;
}

static void test_forged_erasure_of_texts(void **state)
{
	struct fixture *f = *state;
	struct key key;
	uint8_t record[1000];
	struct entry old;
	struct entry_writer writer = {0};
	uint8_t nonce[ROW_NONCE_BYTES] = {1}, digest[STORE_HASH_BYTES];
	fill(f);
	erase(f);
	fixture_close(f);
	for (uint64_t revision = 1; revision <= 2; revision++) { /* one that no erasure has altered, and one that it has */
		key_of_revision(revision, &key);
		size_t size = raw_read(f, "log", &key, record);
		assert_true(entry_read((struct bytes){record, size}, key_bytes(&key), &old));
		struct store_change change = {revision == 1 ? "people/bob" : GONE, STORE_CREATE, 0, {NULL, 0}};
		struct store_entry to = {.actor = "users/somebody-else", .changes = &change, .changes_count = 1};
		entry_amend(&writer, &old, &to, ERASURE, nonce, key_bytes(&key), digest);
		raw_alter(f, "log", &key, writer.record.data, writer.record.size);
		assert_broken(f, revision == 1 ? "revision 1: it was altered, and no erasure is on record" : "revision 2: its texts are not those");
		raw_alter(f, "log", &key, record, size);
	}
	fixture_open(f);
	assert_true(fixture_sound(f));
	entry_writer_done(&writer);
}

static void test_forged_erasure_of_bytes(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"people/bob", GONE};
	uint8_t nonce[ROW_NONCE_BYTES] = {1};
	fill(f);
	erase(f);
	fixture_close(f);
	for (uint64_t revision = 1; revision <= 2; revision++) {
		struct key key;
		uint8_t record[1000], forged[1000];
		struct row row = {revision, STORE_CREATE, nonce, bytes_of("1=forged"), ERASURE};
		key_of_name(names[revision - 1], &key);
		key_add_revision(&key, revision);
		size_t size = raw_read(f, "history", &key, record);
		row_write(&row, forged);
		raw_alter(f, "history", &key, forged, row_size(&row));
		assert_broken(f, revision == 1 ? "revision 1: it was altered, and no erasure is on record" : "revision 2: the bytes are not those");
		raw_alter(f, "history", &key, record, size);
	}
	fixture_open(f);
	assert_true(fixture_sound(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_reading),
		TEST(test_again),
		TEST(test_nothing_is_left_in_the_file),
		TEST(test_compacting_is_all_or_nothing),
		TEST(test_aborted),
		TEST(test_forged_erasure_of_texts),
		TEST(test_forged_erasure_of_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
