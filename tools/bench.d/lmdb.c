/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-lmdb STORE TRACE SKIP BATCH SECONDS: the floor of the writes. Does to a copy of the store what kamd did to the store (record.c), with LMDB alone and as durable, BATCH
 * updates to a commit, from update SKIP on. Prints {"requests":…,"seconds":…,"p50":…,"p99":…,"max":…,"cpu":…,"left":…}: updates, microseconds per commit,
 * CPU microseconds per update, and what part of the trace is left.
 *
 * An update ends where its reply was remembered: with the last put to the database `requests` in a row.
 */
#include "common/base/clock.h"
#include "tools/bench.d/trace.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { DBS_MAX = 32 };

struct replay {
	MDB_env *env;
	const uint8_t *next, *end; /* of the trace */
	MDB_dbi dbs[DBS_MAX];      /* ours, by the number that kamd had */
	bool known[DBS_MAX];
	unsigned requests;         /* kamd's number of the database requests */
};

static void check(int rc, const char *what)
{
	if (rc != MDB_SUCCESS) {
		fprintf(stderr, "bench-lmdb: %s: %s\n", what, mdb_strerror(rc));
		exit(1);
	}
}

static void map_trace(struct replay *replay, const char *file)
{
	struct stat status;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	void *bytes = fd >= 0 && fstat(fd, &status) == 0 ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : MAP_FAILED;
	if (bytes == MAP_FAILED) {
		perror(file);
		exit(1);
	}
	replay->next = bytes;
	replay->end = replay->next + status.st_size;
}

static bool take(struct replay *replay, struct trace_entry *ret_entry, MDB_val *ret_key, MDB_val *ret_data)
{
	size_t left = (size_t)(replay->end - replay->next);
	if (left < sizeof *ret_entry) {
		return false;
	}
	memcpy(ret_entry, replay->next, sizeof *ret_entry);
	size_t size = sizeof *ret_entry + ret_entry->key_size + ret_entry->data_size;
	if (left < size || ret_entry->db >= DBS_MAX) { /* the recorder was cut off in the middle of it */
		return false;
	}
	*ret_key = (MDB_val){ret_entry->key_size, (void *)(replay->next + sizeof *ret_entry)};
	*ret_data = (MDB_val){ret_entry->data_size, (void *)(replay->next + sizeof *ret_entry + ret_entry->key_size)};
	replay->next += size;
	return true;
}

static void open_db(struct replay *replay, MDB_txn *txn, const struct trace_entry *entry, const MDB_val *key)
{
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)key->mv_size, (const char *)key->mv_data);
	check(mdb_dbi_open(txn, name, 0, &replay->dbs[entry->db]), name);
	replay->known[entry->db] = true;
	if (strcmp(name, "requests") == 0) {
		replay->requests = entry->db;
	}
}

/* Does one update; without a transaction passes over it. False at the end of the trace. */
static bool update(struct replay *replay, MDB_txn *txn)
{
	struct trace_entry entry;
	MDB_val key, data;
	bool remembered = false;
	for (;;) {
		const uint8_t *before = replay->next;
		if (!take(replay, &entry, &key, &data)) {
			return false;
		}
		if (remembered && entry.db != replay->requests) {
			replay->next = before;
			return true;
		}
		remembered = entry.db == replay->requests;
		if (!txn) {
			continue;
		}
		int rc = entry.kind == TRACE_PUT ? mdb_put(txn, replay->dbs[entry.db], &key, &data, entry.flags) : mdb_del(txn, replay->dbs[entry.db], &key, NULL);
		if (rc != MDB_NOTFOUND) {
			check(rc, "write");
		}
	}
}

static void open_all(struct replay *replay, const char *directory)
{
	struct trace_entry entry;
	MDB_val key, data;
	MDB_txn *txn;
	check(mdb_env_create(&replay->env), "create");
	check(mdb_env_set_mapsize(replay->env, (size_t)64 << 30), "map size");
	check(mdb_env_set_maxdbs(replay->env, DBS_MAX), "databases");
	check(mdb_env_open(replay->env, directory, MDB_NOTLS, 0600), directory);
	check(mdb_txn_begin(replay->env, NULL, 0, &txn), "begin");
	for (const uint8_t *before = replay->next; take(replay, &entry, &key, &data); before = replay->next) {
		if (entry.kind != TRACE_OPEN) {
			replay->next = before;
			break;
		}
		open_db(replay, txn, &entry, &key);
	}
	check(mdb_txn_commit(txn), "commit");
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double cpu_us(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
	enum { COMMITS_MAX = 1 << 20 };
	struct replay replay = {.requests = DBS_MAX};
	if (argc != 6) {
		fprintf(stderr, "usage: bench-lmdb STORE TRACE SKIP BATCH SECONDS\n");
		return 2;
	}
	long skip = atol(argv[3]), batch = atol(argv[4]), done = 0;
	int64_t *commits_us = calloc(COMMITS_MAX, sizeof *commits_us);
	size_t commits = 0;
	map_trace(&replay, argv[2]);
	const uint8_t *first = replay.next;
	open_all(&replay, argv[1]);
	while (skip-- > 0 && update(&replay, NULL)) {
	}
	double cpu = cpu_us();
	int64_t start = clock_monotonic_us(), end = start + (int64_t)(atof(argv[5]) * 1e6), now = start;
	for (bool more = true; more && now < end && commits_us && commits < COMMITS_MAX;) {
		MDB_txn *txn;
		int64_t began = now;
		check(mdb_txn_begin(replay.env, NULL, 0, &txn), "begin");
		for (long i = 0; i < batch && (more = update(&replay, txn)); i++) {
			done++;
		}
		check(mdb_txn_commit(txn), "commit");
		now = clock_monotonic_us();
		commits_us[commits++] = now - began;
	}
	if (done == 0) {
		fprintf(stderr, "bench-lmdb: there is no update left in %s\n", argv[2]);
		return 1;
	}
	cpu = cpu_us() - cpu;
	qsort(commits_us, commits, sizeof *commits_us, compare);
	printf("{\"requests\":%ld,\"seconds\":%.6f,\"p50\":%lld,\"p99\":%lld,\"max\":%lld,\"cpu\":%.3f,\"left\":%.3f}\n", done, (double)(now - start) / 1e6,
	       (long long)commits_us[commits / 2], (long long)commits_us[commits * 99 / 100], (long long)commits_us[commits - 1], cpu / (double)done,
	       (double)(replay.end - replay.next) / (double)(replay.end - first));
	free(commits_us);
	mdb_env_close(replay.env);
	return 0;
}
