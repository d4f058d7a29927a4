/* SPDX-License-Identifier: Apache-2.0
 *
 * Loaded before liblmdb (LD_PRELOAD), writes down every put and delete of a program: the floor of the writes is LMDB doing the very same.
 *
 * Threads: LMDB has one writing transaction at a time, so nothing is locked here.
 */
#include "tools/bench.d/trace.h"

#include <dlfcn.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *trace;

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found) {
		abort();
	}
	return found;
}

static void record(enum trace_kind kind, MDB_dbi db, unsigned flags, const MDB_val *key, const MDB_val *data)
{
	const char *file = getenv(TRACE_FILE);
	if (!trace && (!file || !(trace = fopen(file, "wb")))) {
		abort();
	}
	struct trace_entry entry = {kind, db, flags, (uint32_t)key->mv_size, data ? (uint32_t)data->mv_size : 0};
	fwrite(&entry, sizeof entry, 1, trace);
	fwrite(key->mv_data, key->mv_size, 1, trace);
	if (data) {
		fwrite(data->mv_data, data->mv_size, 1, trace);
	}
}

int mdb_dbi_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi)
{
	int (*open_db)(MDB_txn *, const char *, unsigned, MDB_dbi *) = (int (*)(MDB_txn *, const char *, unsigned, MDB_dbi *))real("mdb_dbi_open");
	int rc = open_db(txn, name, flags, dbi);
	if (rc == MDB_SUCCESS && name) {
		MDB_val key = {strlen(name), (void *)(uintptr_t)name};
		record(TRACE_OPEN, *dbi, 0, &key, NULL);
	}
	return rc;
}

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
	static int (*put)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *, unsigned);
	if (!put) {
		put = (int (*)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *, unsigned))real("mdb_put");
	}
	record(TRACE_PUT, dbi, flags, key, data);
	return put(txn, dbi, key, data, flags);
}

int mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	static int (*del)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *);
	if (!del) {
		del = (int (*)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *))real("mdb_del");
	}
	record(TRACE_DELETE, dbi, 0, key, NULL);
	return del(txn, dbi, key, data);
}
