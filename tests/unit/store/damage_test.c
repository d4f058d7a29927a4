/* SPDX-License-Identifier: Apache-2.0
 *
 * What somebody or something did to the file behind the store's back: every byte flipped, rows taken, forged, exchanged. A flip is found by the
 * seals; a forgery with right seals by the chain.
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

static void fill(struct fixture *f)
{
	struct store_txn *txn;
	fixture_put(f, STORE_CREATE, "accounts/a", "1=one");
	fixture_put(f, STORE_CREATE, "accounts/b", "1=b|2=c");
	fixture_put(f, STORE_UPDATE, "accounts/a", "1=two");
	fixture_put(f, STORE_CREATE, "accounts/p", "1=secret");
	fixture_put(f, STORE_PURGE, "accounts/p", "");
	fixture_put(f, STORE_CREATE, "accounts/unindexed", "plain");
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	store_request_put(txn, "users/a", "1", bytes_of("reply"), 100);
	store_meta_put(txn, "key", bytes_of("value"));
	assert_true(store_commit(txn, &f->st));
	assert_true(fixture_sound(f));
}

/* Opens what may not open at all; true if any of the three finds a fault, which must be one of data. */
static bool found_out(struct fixture *f)
{
	struct store_options options = fixture_options(f);
	options.read_only = true;
	bool sound = store_open(&options, &f->store, &f->st) && fixture_sound(f);
	if (!sound) {
		assert_true(f->st.code == STATUS_DATA_LOSS || strcmp(f->st.reason, "STORE_FORMAT") == 0);
		assert_true(f->st.message[0] != '\0');
	}
	fixture_close(f);
	status_init(&f->st);
	return !sound;
}

struct item {
	uint8_t key[600], value[600];
	size_t key_size, value_size;
};

/* The i-th item of a database of the closed store. */
static bool raw_get(struct fixture *f, const char *db, unsigned i, struct item *ret_item)
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_txn *txn = fixture_raw_begin(f, db, &dbi);
	assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (rc == 0 && i-- > 0) {
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	if (rc == 0) {
		assert_true(key.mv_size <= sizeof ret_item->key && value.mv_size <= sizeof ret_item->value);
		memcpy(ret_item->key, key.mv_data, key.mv_size);
		memcpy(ret_item->value, value.mv_data, value.mv_size);
		ret_item->key_size = key.mv_size;
		ret_item->value_size = value.mv_size;
	}
	mdb_cursor_close(cursor);
	fixture_raw_commit(txn);
	return rc == 0;
}

static void raw_put(struct fixture *f, const char *db, const struct item *item)
{
	MDB_dbi dbi;
	MDB_txn *txn = fixture_raw_begin(f, db, &dbi);
	MDB_val key = {item->key_size, (void *)item->key}, value = {item->value_size, (void *)item->value};
	assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
	fixture_raw_commit(txn);
}

static void raw_delete(struct fixture *f, const char *db, const struct item *item)
{
	MDB_dbi dbi;
	MDB_txn *txn = fixture_raw_begin(f, db, &dbi);
	MDB_val key = {item->key_size, (void *)item->key};
	assert_int_equal(mdb_del(txn, dbi, &key, NULL), 0);
	fixture_raw_commit(txn);
}

static struct bytes item_key(const struct item *item)
{
	return (struct bytes){item->key, item->key_size};
}

static bool raw_exists(struct fixture *f, const char *db, const struct item *item)
{
	MDB_dbi dbi;
	MDB_txn *txn = fixture_raw_begin(f, db, &dbi);
	MDB_val key = {item->key_size, (void *)item->key}, value;
	int rc = mdb_get(txn, dbi, &key, &value);
	fixture_raw_commit(txn);
	return rc == 0;
}

static const char *const databases[] = {"current", "history", "log", "index", "requests", "meta"};
enum { DATABASES = sizeof databases / sizeof databases[0] };

/* One bit of one byte at a time, of every value, then of every key. */
static void test_every_flip_is_found(void **state)
{
	struct fixture *f = *state;
	struct item item;
	unsigned flips = 0;
	fill(f);
	fixture_close(f);
	for (unsigned db = 0; db < DATABASES; db++) {
		for (unsigned i = 0; raw_get(f, databases[db], i, &item); i++) {
			for (size_t at = 0; at < item.value_size + item.key_size; at++) {
				struct item flipped = item;
				uint8_t *byte = at < item.value_size ? &flipped.value[at] : &flipped.key[at - item.value_size];
				*byte ^= (uint8_t)(1u << at % 8);
				if (at >= item.value_size && raw_exists(f, databases[db], &flipped)) {
					continue; /* another item's key: that would be two faults */
				}
				raw_delete(f, databases[db], &item);
				raw_put(f, databases[db], &flipped);
				flips++;
				if (!found_out(f)) {
					print_message("%s, item %u, byte %zu\n", databases[db], i, at);
					fail();
				}
				raw_delete(f, databases[db], &flipped);
				raw_put(f, databases[db], &item);
			}
		}
	}
	assert_false(found_out(f));
	print_message("flips: %u\n", flips);
}

static void test_every_loss_is_found(void **state)
{
	struct fixture *f = *state;
	struct item item;
	fill(f);
	fixture_close(f);
	for (unsigned db = 0; db < DATABASES; db++) {
		for (unsigned i = 0; raw_get(f, databases[db], i, &item); i++) {
			if (strcmp(databases[db], "meta") == 0 && (strstr((const char *)item.key, "store/") || strstr((const char *)item.key, "app/"))) {
				continue; /* without format there is no store; what a setting means is its owner's business */
			}
			raw_delete(f, databases[db], &item);
			assert_true(found_out(f));
			raw_put(f, databases[db], &item);
		}
	}
	assert_false(found_out(f));
}

/* Reading a damaged record names it. */
static void test_damage_is_named(void **state)
{
	struct fixture *f = *state;
	struct store_record record;
	struct item item;
	struct store_entry entry;
	fill(f);
	fixture_close(f);
	assert_true(raw_get(f, "current", 0, &item));
	item.value[item.value_size - 1] ^= 1;
	raw_put(f, "current", &item);
	assert_true(raw_get(f, "log", 1, &item));
	item.value[item.value_size - 1] ^= 1;
	raw_put(f, "log", &item);
	fixture_open(f);

	assert_false(store_get(fixture_view(f), "accounts/a", &record, &f->st));
	assert_int_equal(f->st.code, STATUS_DATA_LOSS);
	assert_string_equal(f->st.reason, "RECORD_DAMAGED");
	assert_non_null(strstr(f->st.message, "accounts/a "));
	status_init(&f->st);
	assert_true(store_get(fixture_view(f), "accounts/b", &record, &f->st));

	assert_false(store_log_get(fixture_view(f), 2, &f->arena, &entry, &f->st));
	assert_string_equal(f->st.reason, "RECORD_DAMAGED");
	assert_non_null(strstr(f->st.message, "revision 2 "));
	status_init(&f->st);

	struct store_change change = {"accounts/a", STORE_UPDATE, 3, bytes_of("x")};
	struct store_entry write = {.changes = &change, .changes_count = 1};
	struct store_txn *txn;
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_append(txn, &write), 0);
	assert_false(store_commit(txn, &f->st));
	assert_string_equal(f->st.reason, "RECORD_DAMAGED");
	status_init(&f->st);
	/* the rest is still served */
	assert_int_equal(fixture_put(f, STORE_UPDATE, "accounts/b", "1=z"), 7);
}

/* ---- forgeries: every seal is right ---- */

static void reseal(struct item *item)
{
	record_seal(item->value, item->value_size, item_key(item));
}

static void rehash(struct item *item)
{
	fixture_make_right(item->value, item->value_size, item_key(item));
}

static void assert_log_broken(struct fixture *f, const char *revision)
{
	uint64_t records;
	fixture_open(f);
	assert_false(store_log_verify(fixture_view(f), &records, &f->st));
	assert_string_equal(f->st.reason, "LOG_BROKEN");
	assert_non_null(strstr(f->st.message, revision));
	status_init(&f->st);
	fixture_close(f);
}

static void test_forged_record(void **state)
{
	struct fixture *f = *state;
	struct item item, forged, second;
	fill(f);
	fixture_close(f);
	assert_true(raw_get(f, "log", 1, &item));
	for (size_t at = 36; at < item.value_size; at++) {
		forged = item;
		forged.value[at] ^= 0x10;
		reseal(&forged);
		raw_put(f, "log", &forged);
		assert_log_broken(f, "revision 2:");
	}
	/* with its own hash right, the next record does not follow it */
	forged = item;
	forged.value[108 + 3] ^= 1;
	rehash(&forged);
	raw_put(f, "log", &forged);
	assert_log_broken(f, "revision 3:");
	raw_put(f, "log", &item);

	/* records exchanged */
	assert_true(raw_get(f, "log", 2, &second));
	forged = second;
	memcpy(forged.key, item.key, item.key_size);
	reseal(&forged);
	raw_put(f, "log", &forged);
	assert_log_broken(f, "revision 2:");
	raw_put(f, "log", &item);
	assert_false(found_out(f));
}

static unsigned find_history(struct fixture *f, const char *name, uint64_t revision, struct item *ret_item)
{
	for (unsigned i = 0; raw_get(f, "history", i, ret_item); i++) {
		struct key key;
		key_of_name(name, &key);
		key_add_revision(&key, revision);
		if (bytes_equal(key_bytes(&key), item_key(ret_item))) {
			return i;
		}
	}
	fail();
	return 0;
}

static void test_forged_history(void **state)
{
	struct fixture *f = *state;
	struct item old, purge, forged;
	fill(f);
	fixture_close(f);
	find_history(f, "accounts/a", 1, &old);
	find_history(f, "accounts/p", 5, &purge);

	forged = old;
	forged.value[forged.value_size - 1] ^= 1; /* other bytes */
	reseal(&forged);
	raw_put(f, "history", &forged);
	assert_log_broken(f, "revision 1:");

	forged = old;
	forged.value[14] ^= 1; /* other nonce */
	reseal(&forged);
	raw_put(f, "history", &forged);
	assert_log_broken(f, "revision 1:");

	forged = old;
	forged.value[12] = STORE_UNDELETE; /* other operation */
	reseal(&forged);
	raw_put(f, "history", &forged);
	assert_log_broken(f, "revision 1:");

	raw_delete(f, "history", &old); /* taken away, and nobody purged it */
	assert_log_broken(f, "revision 1:");

	/* covered up by a PURGE that the log does not know: the number of rows gives it away */
	struct key key;
	key_of_name("accounts/a", &key);
	key_add_revision(&key, 2);
	forged = purge;
	memcpy(forged.key, key.data, key.size);
	forged.key_size = key.size;
	forged.value[4 + 7] = 2;
	reseal(&forged);
	raw_put(f, "history", &forged);
	assert_log_broken(f, "History holds 5 rows, the log tells of 4");
	raw_delete(f, "history", &forged);
	raw_put(f, "history", &old);

	/* a row that never was */
	key_of_name("accounts/z", &key);
	key_add_revision(&key, 2);
	forged = old;
	memcpy(forged.key, key.data, key.size);
	forged.key_size = key.size;
	reseal(&forged);
	raw_put(f, "history", &forged);
	assert_log_broken(f, "History holds 6 rows, the log tells of 5");
	raw_delete(f, "history", &forged);
	assert_false(found_out(f));
}

/* A current state that history does not know, with a right seal: found by the check. */
static void test_forged_current(void **state)
{
	struct fixture *f = *state;
	struct item item;
	fill(f);
	fixture_close(f);
	assert_true(raw_get(f, "current", 0, &item));
	item.value[item.value_size - 1] ^= 1;
	reseal(&item);
	raw_put(f, "current", &item);
	fixture_open(f);
	assert_false(store_check(fixture_view(f), &f->st));
	assert_string_equal(f->st.reason, "STORE_INCONSISTENT");
	assert_non_null(strstr(f->st.message, "accounts/a:"));
	status_init(&f->st);
}

static void test_stray_index_entry(void **state)
{
	struct fixture *f = *state;
	struct item item;
	fill(f);
	fixture_close(f);
	assert_true(raw_get(f, "index", 0, &item));
	item.key[4] ^= 1;
	raw_put(f, "index", &item);
	assert_true(found_out(f));
}

/* The clock was ahead and is set right: time in the log still grows. */
static void test_clock_set_back(void **state)
{
	struct fixture *f = *state;
	struct item item;
	struct store_entry before, after;
	fill(f);
	fixture_close(f);
	assert_true(raw_get(f, "log", 5, &item));
	item.value[100 + 1] = 0x10; /* some 36,000 years */
	rehash(&item);
	raw_put(f, "log", &item);
	fixture_open(f);
	fixture_put(f, STORE_UPDATE, "accounts/a", "1=x");
	assert_true(store_log_get(fixture_view(f), 6, &f->arena, &before, &f->st));
	assert_true(store_log_get(fixture_view(f), 7, &f->arena, &after, &f->st));
	assert_true(after.time_us == before.time_us + 1);
	assert_true(fixture_sound(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_flip_is_found),
		TEST(test_every_loss_is_found),
		TEST(test_damage_is_named),
		TEST(test_forged_record),
		TEST(test_forged_history),
		TEST(test_forged_current),
		TEST(test_stray_index_entry),
		TEST(test_clock_set_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
