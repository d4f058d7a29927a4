/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening and making a store, and every reason not to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include "common/store/encode.h"
#include "common/store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void assert_status(struct status *st, enum status_code code, const char *reason)
{
	assert_int_equal(st->code, code);
	assert_string_equal(st->reason, reason);
	status_init(st);
}

static void test_open_refuses(void **state)
{
	struct fixture *f = *state;
	struct store_options options = fixture_options(f);
	struct store *second = NULL;
	char pid[32];
	assert_false(store_open(&options, &second, &f->st));
	snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
	assert_non_null(strstr(f->st.message, pid));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_IN_USE");
	options.create = true;
	assert_false(store_open(&options, &second, &f->st));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_IN_USE");
	fixture_close(f);
	assert_false(store_open(&options, &second, &f->st));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_EXISTS");
	fixture_open(f);
}

static void test_open_missing(void **state)
{
	struct fixture *f = *state;
	struct store_options options = fixture_options(f);
	struct store *second = NULL;
	char missing[300];
	snprintf(missing, sizeof missing, "%s/none", f->directory);
	options.directory = missing;
	assert_false(store_open(&options, &second, &f->st));
	assert_status(&f->st, STATUS_NOT_FOUND, "STORE_MISSING");
	options.create = true;
	assert_false(store_open(&options, &second, &f->st));
	assert_status(&f->st, STATUS_NOT_FOUND, "STORE_UNREACHABLE");
	assert_null(second);
}

static void put_format(struct fixture *f, uint32_t format)
{
	MDB_dbi dbi;
	struct bytes key = bytes_of("store/format");
	uint8_t record[8];
	MDB_txn *txn = fixture_raw_begin(f, "meta", &dbi);
	MDB_val key_val = {key.size, (void *)key.data}, data = {sizeof record, record};
	encode_u32(record + 4, format);
	record_seal(record, sizeof record, key);
	assert_int_equal(mdb_put(txn, dbi, &key_val, &data, 0), 0);
	fixture_raw_commit(txn);
}

static void test_open_format(void **state)
{
	struct fixture *f = *state;
	struct store_options options = fixture_options(f);
	struct store *store = NULL;
	fixture_close(f);
	put_format(f, 2);
	assert_false(store_open(&options, &store, &f->st));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_FORMAT");
	options.read_only = true;
	assert_false(store_open(&options, &store, &f->st));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_FORMAT");
	put_format(f, 3);
	fixture_open(f);
}

static void test_open_not_a_store(void **state)
{
	struct fixture *f = *state;
	struct store_options options = fixture_options(f);
	struct store *store = NULL;
	char path[FIXTURE_PATH_BYTES];
	fixture_close(f);
	fixture_path(f, path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 4096; i++) {
		fputs("junk", file);
	}
	fclose(file);
	assert_false(store_open(&options, &store, &f->st));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_FORMAT");
	/* what a crash right after creating the file leaves: create goes on, open says there is none */
	assert_int_equal(truncate(path, 0), 0);
	assert_false(store_open(&options, &store, &f->st));
	assert_status(&f->st, STATUS_NOT_FOUND, "STORE_MISSING");
	options.create = true;
	assert_true(store_open(&options, &f->store, &f->st));
	assert_int_equal(store_revision(f->store), 0);
}

static void test_reopen_and_read_only(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	uint8_t id[16];
	memcpy(id, store_cluster_id(f->store), sizeof id);
	fixture_put(f, STORE_CREATE, "accounts/a", "1=x");
	fixture_close(f);
	struct store_options options = fixture_options(f);
	options.read_only = true;
	assert_true(store_open(&options, &f->store, &f->st));
	assert_memory_equal(store_cluster_id(f->store), id, sizeof id);
	assert_int_equal(store_revision(f->store), 1);
	assert_string_equal(fixture_get_at(f, "accounts/a", 0), "1=x@1");
	assert_true(fixture_sound(f));
	assert_false(store_txn_begin(f->store, &txn, &f->st));
	assert_status(&f->st, STATUS_FAILED_PRECONDITION, "STORE_READ_ONLY");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_refuses),
		TEST(test_open_missing),
		TEST(test_open_format),
		TEST(test_open_not_a_store),
		TEST(test_reopen_and_read_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
