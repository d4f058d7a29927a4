/* SPDX-License-Identifier: Apache-2.0
 *
 * A store without room, and a disk that fails. The system calls that LMDB writes with are this file's own: the program's symbols come before
 * the C library's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- a disk that fails ---- */

enum fault { FAULT_NONE, FAULT_SYNC, FAULT_DIRECTORY, FAULT_SPACE, FAULT_SHORT };

static struct {
	enum fault fault;
	int after; /* calls that still go well */
	int hits;
} disk;

static bool disk_fails(void)
{
	if (disk.fault == FAULT_NONE || disk.after-- > 0) {
		return false;
	}
	disk.hits++;
	return true;
}

int fdatasync(int fd)
{
	if (disk.fault == FAULT_SYNC && disk_fails()) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	if (disk.fault == FAULT_DIRECTORY && disk_fails()) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static bool writes_fail(void)
{
	return (disk.fault == FAULT_SPACE || disk.fault == FAULT_SHORT) && disk_fails();
}

static ssize_t fail_write(int fd, const void *data, size_t size, off_t offset)
{
	if (disk.fault == FAULT_SPACE) {
		errno = ENOSPC;
		return -1;
	}
	return (ssize_t)syscall(SYS_pwrite64, fd, data, size / 2, offset);
}

/* LMDB writes single pages with pwrite, runs with writev; its meta page (some 100 bytes) is there already and never lacks room. */
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (size >= 512 && writes_fail()) {
		return fail_write(fd, data, size, offset);
	}
	return (ssize_t)syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (fd > 2 && writes_fail()) {
		if (disk.fault == FAULT_SPACE) {
			errno = ENOSPC;
			return -1;
		}
		return (ssize_t)syscall(SYS_writev, fd, parts, 1);
	}
	return (ssize_t)syscall(SYS_writev, fd, parts, count);
}

/* One commit of several names, some new and some old; the status tells how it went. */
static bool try_commit(struct fixture *f, unsigned round)
{
	struct store_txn *txn;
	char name[40];
	uint64_t before = store_revision(f->store);
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	static uint8_t value[5000] = "1=";
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "accounts/n%u-%u", round * 7 % 40, i);
		fixture_append(txn, STORE_UPDATE, name, (struct bytes){value, i * 1200 + 2});
	}
	bool ok = store_commit(txn, &f->st);
	assert_int_equal(store_revision(f->store), ok ? before + 5 : before);
	return ok;
}

static void assert_full_but_sound(struct fixture *f)
{
	assert_int_equal(f->st.code, STATUS_RESOURCE_EXHAUSTED);
	assert_string_equal(f->st.reason, "STORE_FULL");
	status_init(&f->st);
	assert_true(fixture_sound(f));
}

static void test_no_space(void **state)
{
	static const enum fault faults[] = {FAULT_SPACE, FAULT_SHORT};
	struct fixture *f = *state;
	unsigned round = 0, failures = 0;
	while (round < 30) { /* scatters the free pages, so that a commit is many writes */
		assert_true(try_commit(f, round++));
	}
	for (unsigned i = 0; i < 2; i++) {
		for (int after = 0;; after++) {
			disk.fault = faults[i];
			disk.after = after;
			disk.hits = 0;
			bool ok = try_commit(f, round++);
			disk.fault = FAULT_NONE;
			assert_int_equal(ok, disk.hits == 0);
			if (ok) {
				assert_true(after > 0);
				break;
			}
			failures++;
			assert_full_but_sound(f);
			assert_true(try_commit(f, round++));
		}
	}
	print_message("commits without space: %u\n", failures);
	fixture_close(f);
	fixture_open(f);
	assert_true(fixture_sound(f));
}

/* LMDB itself would go on after a failed sync (reliability: a second sync may "succeed" without the data). */
static void test_sync_failure_is_final(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	assert_true(try_commit(f, 0));
	disk.fault = FAULT_SYNC;
	disk.after = 0;
	assert_false(try_commit(f, 1));
	disk.fault = FAULT_NONE;
	assert_int_equal(f->st.code, STATUS_INTERNAL);
	assert_string_equal(f->st.reason, "SYNC_FAILED");
	status_init(&f->st);
	assert_false(store_txn_begin(f->store, &txn, &f->st));
	assert_string_equal(f->st.reason, "SYNC_FAILED");
	status_init(&f->st);
	assert_true(fixture_sound(f));
	fixture_close(f);
	fixture_open(f);
	assert_true(fixture_sound(f));
	assert_true(try_commit(f, 2));
}

/* A new file is only there for sure when its directory is synced. */
static void test_create_syncs_the_directory(void **state)
{
	struct fixture *f = *state;
	struct store_options options = fixture_options(f);
	char path[FIXTURE_PATH_BYTES];
	fixture_close(f);
	fixture_path(f, path);
	assert_int_equal(unlink(path), 0);
	options.create = true;
	disk.fault = FAULT_DIRECTORY;
	disk.after = 0;
	assert_false(store_open(&options, &f->store, &f->st));
	disk.fault = FAULT_NONE;
	assert_string_equal(f->st.reason, "SYNC_FAILED");
	status_init(&f->st);
}

/* A rebuild that fails anywhere is never mistaken for a whole index, not even by the indexer that was there before. */
static void test_rebuild_without_space(void **state)
{
	struct fixture *f = *state;
	struct store_options options = fixture_options(f);
	for (unsigned round = 0; round < 30; round++) {
		assert_true(try_commit(f, round));
	}
	options.indexer_fingerprint = 2;
	for (int after = 0;; after++) {
		fixture_close(f);
		disk.fault = FAULT_SPACE;
		disk.after = after;
		disk.hits = 0;
		bool ok = store_open(&options, &f->store, &f->st);
		disk.fault = FAULT_NONE;
		assert_int_equal(ok, disk.hits == 0);
		if (ok) {
			assert_true(after > 1);
			break;
		}
		assert_string_equal(f->st.reason, "STORE_FULL");
		status_init(&f->st);
		fixture_open(f);
		assert_true(fixture_sound(f));
	}
	assert_true(fixture_sound(f));
}

/* ---- a quota ---- */

/* Values of this size until the map is full, at whatever put that happens; then the store still reads, frees and, with a larger map, goes on. */
static void fill_map(struct fixture *f, size_t value_size)
{
	struct store_options options = fixture_options(f);
	fixture_close(f);
	options.map_bytes = 400u << 10;
	assert_true(store_open(&options, &f->store, &f->st));
	static uint8_t value[100000];
	bool full = false;
	for (unsigned i = 0; i < 20000 && !full; i++) {
		struct store_txn *txn;
		struct store_record record;
		char name[60];
		uint64_t before = store_revision(f->store);
		snprintf(name, sizeof name, "accounts/n%zu-%u", value_size, i);
		assert_true(store_txn_begin(f->store, &txn, &f->st));
		fixture_append(txn, STORE_CREATE, name, (struct bytes){value, value_size});
		full = !status_ok(store_txn_status(txn));
		if (full) {
			assert_false(store_get(store_txn_view(txn), "accounts/a", &record, &f->st));
			status_init(&f->st);
		}
		full = !store_commit(txn, &f->st);
		assert_int_equal(store_revision(f->store), full ? before : before + 1);
		if (full) {
			assert_full_but_sound(f);
		}
		assert_int_equal(store_get(fixture_view(f), name, &record, &f->st), !full);
	}
	assert_true(full);
	assert_string_equal(fixture_get_at(f, "accounts/a", 0), "1=kept@1");
	fixture_close(f);
	fixture_open(f);
	assert_int_not_equal(fixture_put(f, STORE_CREATE, "accounts/next", "1=x"), 0);
	assert_true(fixture_sound(f));
}

static void test_map_full(void **state)
{
	static const size_t sizes[] = {3, 500, 1500, 3000, 5000, 20000, 90000};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct fixture *f = *state;
		fixture_put(f, STORE_CREATE, "accounts/a", "1=kept");
		fill_map(f, sizes[i]);
		fixture_teardown(state);
		fixture_setup(state);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_space),
		TEST(test_sync_failure_is_final),
		TEST(test_create_syncs_the_directory),
		TEST(test_rebuild_without_space),
		TEST(test_map_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
