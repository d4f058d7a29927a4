/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots beside a writer in the same process, readers beside a writer in another, and how fast it all is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include "common/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- snapshots ---- */

static void test_snapshot_stands_still(void **state)
{
	struct fixture *f = *state;
	struct store_snapshot *snapshot;
	struct store_record record;
	fixture_put(f, STORE_CREATE, "accounts/a", "one");
	assert_true(store_snapshot_new(f->store, &snapshot, &f->st));
	const struct store_view *view = store_snapshot_view(snapshot);
	fixture_put(f, STORE_UPDATE, "accounts/a", "two");
	assert_int_equal(store_view_revision(view), 1);
	assert_true(store_get(view, "accounts/a", &record, &f->st));
	assert_true(bytes_equal(record.value, bytes_of("one")));
	/* as of a revision that this snapshot does not see: its newest */
	assert_true(store_get_at(view, "accounts/a", 2, &record, &f->st));
	assert_int_equal(record.revision, 1);
	store_snapshot_release(snapshot);
	store_snapshot_release(snapshot);
	assert_true(store_snapshot_renew(snapshot, &f->st));
	assert_int_equal(store_view_revision(view), 2);
	assert_true(store_get(view, "accounts/a", &record, &f->st));
	assert_true(bytes_equal(record.value, bytes_of("two")));
	store_snapshot_free(snapshot);
	store_snapshot_free(NULL);
}

enum { PARTS = 20, COMMITS = 150 };

struct beside {
	struct store *store;
	_Atomic bool stop;
	unsigned rounds;
	bool bad;
};

struct same {
	struct bytes value;
	unsigned count;
	bool differ;
};

static bool visit_same(void *context, const char *name, const struct store_record *record)
{
	struct same *same = context;
	(void)name;
	if (same->count++ == 0) {
		same->value = record->value;
	}
	same->differ = same->differ || !bytes_equal(same->value, record->value);
	return true;
}

/* Every commit changes all parts alike, so whatever a snapshot sees must be alike, twice. */
static void *read_beside(void *context)
{
	struct beside *beside = context;
	struct store_snapshot *snapshot;
	struct status st;
	status_init(&st);
	beside->bad = !store_snapshot_new(beside->store, &snapshot, &st);
	while (!beside->bad && !atomic_load(&beside->stop)) {
		struct same now = {0}, again = {0}, index = {0}, past = {0};
		beside->bad = !store_snapshot_renew(snapshot, &st);
		const struct store_view *view = store_snapshot_view(snapshot);
		uint64_t revision = store_view_revision(view);
		store_scan(view, "accounts", NULL, 0, visit_same, &now, &st);
		store_index_scan(view, 1, bytes_of(""), (struct bytes){NULL, 0}, false, (struct bytes){NULL, 0}, NULL, visit_same, &index, &st);
		store_scan(view, "accounts", NULL, revision > 1 ? revision - 1 : 1, visit_same, &past, &st);
		store_scan(view, "accounts", NULL, 0, visit_same, &again, &st);
		beside->bad = beside->bad || !status_ok(&st) || now.count != PARTS || again.count != PARTS || past.count != PARTS ||
		              index.count != PARTS || now.differ || again.differ || past.differ || !bytes_equal(now.value, again.value);
		beside->rounds++;
	}
	store_snapshot_free(snapshot);
	return NULL;
}

static void commit_parts(struct fixture *f, int round)
{
	struct store_change changes[PARTS];
	char names[PARTS][32], value[32];
	struct store_txn *txn;
	snprintf(value, sizeof value, "1=%d", round);
	for (int i = 0; i < PARTS; i++) {
		snprintf(names[i], sizeof names[i], "accounts/p%d", i);
		changes[i] = (struct store_change){names[i], round == 0 ? STORE_CREATE : STORE_UPDATE, (uint64_t)round, bytes_of(value)};
	}
	struct store_entry entry = {.changes = changes, .changes_count = PARTS};
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_append(txn, &entry), round + 1);
	assert_true(store_commit(txn, &f->st));
}

static void test_readers_beside_the_writer(void **state)
{
	struct fixture *f = *state;
	struct beside beside[2] = {{.store = f->store}, {.store = f->store}};
	pthread_t threads[2];
	commit_parts(f, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, read_beside, &beside[i]), 0);
	}
	for (int round = 1; round < COMMITS; round++) {
		commit_parts(f, round);
		assert_int_equal(store_revision(f->store), round + 1);
	}
	for (int i = 0; i < 2; i++) {
		atomic_store(&beside[i].stop, true);
		pthread_join(threads[i], NULL);
		assert_false(beside[i].bad);
	}
	print_message("rounds beside the writer: %u and %u\n", beside[0].rounds, beside[1].rounds);
	assert_true(fixture_sound(f));
}

/* ---- two processes ---- */

static void wait_for(int fd)
{
	char byte;
	while (read(fd, &byte, 1) < 0) {
	}
}

static void tell(int fd)
{
	while (write(fd, "", 1) < 0) {
	}
}

/* Beside a writer: refused for writing, welcome for reading, and sees what is committed later. 0 if all is well. */
static int other_process(const struct fixture *f, int from_writer, int to_writer)
{
	struct store_options options = fixture_options(f);
	struct store *store = NULL;
	struct store_snapshot *snapshot;
	struct status st;
	char pid[32];
	status_init(&st);
	wait_for(from_writer);
	snprintf(pid, sizeof pid, "(pid %ld)", (long)getppid());
	if (store_open(&options, &store, &st) || strcmp(st.reason, "STORE_IN_USE") != 0 || !strstr(st.message, pid)) {
		return 1;
	}
	status_init(&st);
	options.read_only = true;
	if (!store_open(&options, &store, &st) || !store_snapshot_new(store, &snapshot, &st) || store_revision(store) != 1) {
		return 2;
	}
	tell(to_writer);
	wait_for(from_writer);
	if (store_view_revision(store_snapshot_view(snapshot)) != 1 || !store_snapshot_renew(snapshot, &st) || store_revision(store) != 2) {
		return 3;
	}
	store_snapshot_free(snapshot);
	store_close(store);
	return 0;
}

static void test_two_processes(void **state)
{
	struct fixture *f = *state;
	int to_reader[2], to_writer[2], status;
	fixture_close(f); /* an open store must not be carried over a fork */
	assert_int_equal(pipe(to_reader) | pipe(to_writer), 0);
	pid_t reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		_exit(other_process(f, to_reader[0], to_writer[1]));
	}
	fixture_open(f);
	fixture_put(f, STORE_CREATE, "accounts/a", "1=x");
	tell(to_reader[1]);
	close(to_writer[1]);
	wait_for(to_writer[0]);
	fixture_put(f, STORE_UPDATE, "accounts/a", "1=y");
	tell(to_reader[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(to_reader[i]);
	}
	close(to_writer[0]);
}

/* ---- speed, told but not judged ---- */

static bool visit_count(void *context, const char *name, const struct store_record *record)
{
	(void)name;
	*(size_t *)context += record->value.size;
	return true;
}

static void test_speed(void **state)
{
	enum { ROWS = 20000, BATCH = 1000, VALUE_BYTES = 300, RENEWALS = 20000 };
	struct fixture *f = *state;
	static uint8_t value[VALUE_BYTES] = "1=";
	memset(value + 2, 'v', 20);
	int64_t start = clock_monotonic_us();
	for (int i = 0; i < ROWS; i += BATCH) {
		struct store_txn *txn;
		assert_true(store_txn_begin(f->store, &txn, &f->st));
		for (int j = i; j < i + BATCH; j++) {
			char name[32];
			snprintf(name, sizeof name, "accounts/account-%d", j);
			assert_int_not_equal(fixture_append(txn, STORE_CREATE, name, (struct bytes){value, sizeof value}), 0);
		}
		assert_true(store_commit(txn, &f->st));
	}
	print_message("append: %.2f us a record\n", (double)(clock_monotonic_us() - start) / ROWS);
	const struct store_view *view = fixture_view(f);
	static const uint64_t revisions[] = {0, ROWS / 2};
	for (int i = 0; i < 2; i++) {
		size_t bytes = 0;
		start = clock_monotonic_us();
		assert_true(store_scan(view, "accounts", NULL, revisions[i], visit_count, &bytes, &f->st));
		print_message("scan as of %llu: %.1f ms for %zu rows\n", (unsigned long long)revisions[i],
		              (double)(clock_monotonic_us() - start) / 1e3, bytes / VALUE_BYTES);
	}
	start = clock_monotonic_us();
	for (int i = 0; i < RENEWALS; i++) {
		assert_true(store_snapshot_renew(f->snapshot, &f->st));
	}
	print_message("renew: %.3f us\n", (double)(clock_monotonic_us() - start) / RENEWALS);
	start = clock_monotonic_us();
	assert_true(fixture_sound(f));
	print_message("check and verify: %.0f ms\n", (double)(clock_monotonic_us() - start) / 1e3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_snapshot_stands_still),
		TEST(test_readers_beside_the_writer),
		TEST(test_two_processes),
		TEST(test_speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
