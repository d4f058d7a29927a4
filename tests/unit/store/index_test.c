/* SPDX-License-Identifier: Apache-2.0
 *
 * Index ranges both ways and page by page, values with zero bytes, upkeep by every operation, and rebuilding.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include "common/base/limits.h"

#include <stdio.h>
#include <stdlib.h>

struct page {
	char text[2000];
	size_t left;
	uint8_t value[LIMIT_INDEX_VALUE_BYTES];
	size_t value_size;
	char name[LIMIT_NAME_BYTES + 1];
};

/* Values are shown with '0' for a zero byte. */
static bool add_to_page(void *context, const char *name, const struct store_record *record)
{
	struct page *page = context;
	assert_int_equal(record->revision, 0);
	if (page->left-- == 0) {
		return false;
	}
	size_t used = strlen(page->text);
	for (size_t i = 0; i < record->value.size; i++) {
		page->text[used++] = record->value.data[i] ? (char)record->value.data[i] : '0';
	}
	snprintf(page->text + used, sizeof page->text - used, ":%s ", name);
	memcpy(page->value, record->value.data, record->value.size);
	page->value_size = record->value.size;
	snprintf(page->name, sizeof page->name, "%s", name);
	return true;
}

static const struct bytes nothing = {NULL, 0};

/* The whole range in pages of `size`; the last page's end is found by an empty page. */
static const char *range(struct fixture *f, uint32_t index, struct bytes low, struct bytes high, bool descending, size_t size)
{
	struct page page = {.left = size};
	const struct store_view *view = fixture_view(f);
	size_t before;
	assert_true(store_index_scan(view, index, low, high, descending, nothing, NULL, add_to_page, &page, &f->st));
	do {
		struct bytes value = {page.value, page.value_size};
		uint8_t copy[LIMIT_INDEX_VALUE_BYTES];
		before = strlen(page.text);
		if (before == 0) {
			break;
		}
		memcpy(copy, value.data, value.size);
		value.data = copy;
		char name[sizeof page.name];
		strcpy(name, page.name);
		page.left = size;
		assert_true(store_index_scan(view, index, low, high, descending, value, name, add_to_page, &page, &f->st));
	} while (strlen(page.text) > before);
	return arena_strdup(&f->arena, page.text);
}

static void put(struct fixture *f, const char *name, const char *value, size_t size)
{
	struct store_txn *txn;
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_not_equal(fixture_append(txn, STORE_CREATE, name, (struct bytes){(const uint8_t *)value, size}), 0);
	assert_true(store_commit(txn, &f->st));
}
#define PUT(f, name, literal) put((f), (name), (literal), sizeof(literal) - 1)
#define BYTES(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static void put_all(struct fixture *f)
{
	PUT(f, "a/1", "1=m");
	PUT(f, "a/2", "1=b");
	PUT(f, "a/3", "1=b\0");
	PUT(f, "a/4", "1=b\0\0");
	PUT(f, "a/5", "1=b");
	PUT(f, "a/6", "1=");
	PUT(f, "a/7", "1=b\1|2=b");
	PUT(f, "a/8", "0=b|2=a");
	PUT(f, "a/9", "1=longer than a group of bytes");
}

static void test_ranges(void **state)
{
	struct fixture *f = *state;
	put_all(f);
	static const char ascending[] = ":a/6 b:a/2 b:a/5 b0:a/3 b00:a/4 b\1:a/7 longer than a group of bytes:a/9 m:a/1 ";
	static const char descending[] = "m:a/1 longer than a group of bytes:a/9 b\1:a/7 b00:a/4 b0:a/3 b:a/5 b:a/2 :a/6 ";
	for (size_t size = 1; size < 10; size++) {
		assert_string_equal(range(f, 1, BYTES(""), nothing, false, size), ascending);
		assert_string_equal(range(f, 1, BYTES(""), nothing, true, size), descending);
		assert_string_equal(range(f, 1, BYTES("b"), BYTES("b\0"), false, size), "b:a/2 b:a/5 ");
		assert_string_equal(range(f, 1, BYTES("b"), BYTES("b\0"), true, size), "b:a/5 b:a/2 ");
		assert_string_equal(range(f, 1, BYTES("b\0"), BYTES("b\1"), false, size), "b0:a/3 b00:a/4 ");
		assert_string_equal(range(f, 1, BYTES("b\0"), BYTES("b\1"), true, size), "b00:a/4 b0:a/3 ");
		assert_string_equal(range(f, 1, BYTES("c"), nothing, true, size), "m:a/1 longer than a group of bytes:a/9 ");
		assert_string_equal(range(f, 2, BYTES(""), nothing, true, size), "b:a/7 a:a/8 ");
		assert_string_equal(range(f, 0, BYTES(""), nothing, false, size), "b:a/8 ");
		assert_string_equal(range(f, 0, BYTES(""), nothing, true, size), "b:a/8 ");
	}
	assert_string_equal(range(f, 1, BYTES("b"), BYTES("b"), false, 9), "");
	assert_string_equal(range(f, 1, BYTES("c"), BYTES("b"), true, 9), "");
	assert_string_equal(range(f, 1, BYTES(""), BYTES(""), true, 9), "");
	assert_string_equal(range(f, 3, BYTES(""), nothing, true, 9), "");
	assert_string_equal(range(f, UINT32_MAX, BYTES(""), nothing, true, 9), "");
	assert_true(fixture_sound(f));
}

/* A position outside the range does not widen it. */
static void test_position_outside(void **state)
{
	struct fixture *f = *state;
	put_all(f);
	struct page page = {.left = 9};
	const struct store_view *view = fixture_view(f);
	assert_true(store_index_scan(view, 1, BYTES("b"), BYTES("b\0"), false, BYTES(""), "a/1", add_to_page, &page, &f->st));
	assert_string_equal(page.text, "b:a/2 b:a/5 ");
	page = (struct page){.left = 9};
	assert_true(store_index_scan(view, 1, BYTES("b"), BYTES("b\0"), true, BYTES("z"), "a/1", add_to_page, &page, &f->st));
	assert_string_equal(page.text, "b:a/5 b:a/2 ");
	page = (struct page){.left = 9};
	assert_true(store_index_scan(view, 1, BYTES("b"), BYTES("b\0"), false, BYTES("b"), "a/3", add_to_page, &page, &f->st));
	assert_string_equal(page.text, "b:a/5 ");
	page = (struct page){.left = 9};
	assert_true(store_index_scan(view, 1, BYTES("b"), nothing, false, BYTES("z"), "a/3", add_to_page, &page, &f->st));
	assert_string_equal(page.text, "");
}

static void test_long_values_are_cut(void **state)
{
	struct fixture *f = *state;
	char value[LIMIT_INDEX_VALUE_BYTES + 20] = "1=";
	memset(value + 2, 'v', sizeof value - 2);
	put(f, "a/1", value, sizeof value);
	put(f, "a/2", value, sizeof value - 1);
	struct bytes whole = {(const uint8_t *)value + 2, sizeof value - 2};
	struct page page = {.left = 9};
	/* both may be what is asked for: all stay in */
	assert_true(store_index_scan(fixture_view(f), 1, whole, whole, false, nothing, NULL, add_to_page, &page, &f->st));
	assert_int_equal(page.value_size, LIMIT_INDEX_VALUE_BYTES);
	assert_string_equal(page.name, "a/2");
	assert_int_equal(page.left, 7);
	assert_true(fixture_sound(f));
}

static void test_upkeep(void **state)
{
	struct fixture *f = *state;
	fixture_put(f, STORE_CREATE, "a/1", "1=x|1=y|1=x|2=z");
	fixture_put(f, STORE_CREATE, "a/2", "1=y");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "x:a/1 y:a/1 y:a/2 ");
	assert_true(fixture_sound(f));
	fixture_put(f, STORE_UPDATE, "a/1", "1=x|1=y");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "x:a/1 y:a/1 y:a/2 ");
	fixture_put(f, STORE_UPDATE, "a/1", "1=y|1=w");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "w:a/1 y:a/1 y:a/2 ");
	assert_string_equal(range(f, 2, BYTES(""), nothing, false, 9), "");
	fixture_put(f, STORE_DELETE, "a/1", "1=d");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "d:a/1 y:a/2 ");
	fixture_put(f, STORE_PURGE, "a/1", "");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "y:a/2 ");
	fixture_put(f, STORE_UPDATE, "a/2", "");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "");
	assert_true(fixture_sound(f));
}

/* Another indexer: one entry for every name, even of no bytes. */
static void index_by_name(void *context, const char *name, struct bytes value, store_index_emit *emit, void *emit_context)
{
	(void)value;
	++*(unsigned *)context;
	emit(emit_context, 7, bytes_of(name));
}

static void test_rebuild(void **state)
{
	enum { NAMES = 2500 }; /* several batches */
	struct fixture *f = *state;
	struct store_txn *txn;
	unsigned calls = 0;
	char name[32];
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "a/%d", i);
		assert_int_not_equal(fixture_append(txn, STORE_CREATE, name, bytes_of(i % 2 ? "1=odd" : "")), 0);
	}
	assert_true(store_commit(txn, &f->st));
	struct page page = {.left = 1};
	assert_true(store_index_scan(fixture_view(f), 1, BYTES(""), nothing, true, nothing, NULL, add_to_page, &page, &f->st));
	assert_string_equal(page.text, "odd:a/999 ");
	fixture_close(f);

	struct store_options options = fixture_options(f);
	options.indexer = index_by_name;
	options.indexer_context = &calls;
	options.indexer_fingerprint = 2;
	options.read_only = true; /* cannot rebuild: says so instead of answering wrongly */
	assert_true(store_open(&options, &f->store, &f->st));
	assert_false(store_index_scan(fixture_view(f), 7, BYTES(""), nothing, true, nothing, NULL, add_to_page, &page, &f->st));
	assert_string_equal(f->st.reason, "INDEX_STALE");
	status_init(&f->st);
	assert_true(fixture_sound(f));
	fixture_close(f);

	options.read_only = false;
	assert_true(store_open(&options, &f->store, &f->st));
	assert_int_equal(calls, NAMES);
	page = (struct page){.left = 1};
	assert_true(store_index_scan(fixture_view(f), 7, BYTES(""), nothing, true, nothing, NULL, add_to_page, &page, &f->st));
	assert_string_equal(page.text, "a/999:a/999 ");
	assert_string_equal(range(f, 1, BYTES(""), nothing, false, 9), "");
	assert_true(fixture_sound(f));
	fixture_close(f);
	calls = 0;
	assert_true(store_open(&options, &f->store, &f->st));
	assert_int_equal(calls, 0);
	fixture_close(f);

	options.indexer = NULL;
	assert_true(store_open(&options, &f->store, &f->st));
	assert_string_equal(range(f, 7, BYTES(""), nothing, false, 9), "");
	fixture_put(f, STORE_UPDATE, "a/0", "1=even");
	fixture_close(f);
	fixture_open(f);
	assert_true(fixture_sound(f));
	page = (struct page){.left = 1};
	assert_true(store_index_scan(fixture_view(f), 1, BYTES(""), nothing, false, nothing, NULL, add_to_page, &page, &f->st));
	assert_string_equal(page.text, "even:a/0 ");
}

/* A rebuild that was cut short: the fingerprint is gone, some entries are there. */
static void test_rebuild_starts_over(void **state)
{
	struct fixture *f = *state;
	MDB_dbi dbi;
	char fingerprint[] = "store/index", stray[] = "\0\0\0\1" "stray\0\0\0\5" "a/9";
	put_all(f);
	fixture_close(f);
	MDB_txn *txn = fixture_raw_begin(f, "meta", &dbi);
	MDB_val key = {sizeof fingerprint - 1, fingerprint}, data = {0, NULL};
	assert_int_equal(mdb_del(txn, dbi, &key, NULL), 0);
	assert_int_equal(mdb_dbi_open(txn, "index", 0, &dbi), 0);
	key = (MDB_val){sizeof stray - 1, stray};
	assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
	fixture_raw_commit(txn);
	fixture_open(f);
	assert_string_equal(range(f, 1, BYTES("s"), nothing, false, 9), "");
	assert_true(fixture_sound(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ranges),
		TEST(test_position_outside),
		TEST(test_long_values_are_cut),
		TEST(test_upkeep),
		TEST(test_rebuild),
		TEST(test_rebuild_starts_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
