/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening, making and closing a store.
 *
 * The lock file comes first: flock(2) ends with the process, however that ends, so there is no stale lock; the pid in it is for the sentence only.
 * A store is one whose first transaction (databases, format, cluster id) has committed: what a crash during creation leaves is still
 * no store, and creating again goes on from there. LMDB syncs its file but not the directory that names it, so that is done here.
 */
#include "common/store/store_private.h"

#include "common/store/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const db_names[DB_COUNT] = {
	[DB_CURRENT] = "current", [DB_HISTORY] = "history", [DB_LOG] = "log", [DB_INDEX] = "index", [DB_REQUESTS] = "requests", [DB_META] = "meta",
};

const char *store_db_name(enum store_db db)
{
	return db_names[db];
}

static bool open_fail(struct status *st, const char *directory, const char *what, int error)
{
	return status_fail(st, error == ENOENT ? STATUS_NOT_FOUND : STATUS_FAILED_PRECONDITION, "STORE_UNREACHABLE", "Cannot open %s in %s: %s.",
	                   what, directory, strerror(error));
}

static bool path_of(const char *directory, const char *file, char *ret_path, struct status *st)
{
	int size = snprintf(ret_path, PATH_MAX, "%s/%s", directory, file);
	return (size > 0 && size < PATH_MAX) || open_fail(st, directory, file, ENAMETOOLONG);
}

static bool no_store(struct status *st, const char *directory)
{
	return status_fail(st, STATUS_NOT_FOUND, "STORE_MISSING", "There is no store in %s: make one with kamd init.", directory);
}

/* ---- the lock ---- */

static bool lock_taken(struct status *st, const char *directory, int fd)
{
	char text[24];
	ssize_t size = pread(fd, text, sizeof text - 1, 0);
	text[size > 0 ? size : 0] = '\0';
	return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_IN_USE", "kamd is already running on %s (pid %ld).", directory,
	                   strtol(text, NULL, 10));
}

static bool lock_directory(struct store *store, const char *directory, struct status *st)
{
	char path[PATH_MAX];
	if (!path_of(directory, "lock", path, st)) {
		return false;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return open_fail(st, directory, "the lock", errno);
	}
	store->lock_fd = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK ? lock_taken(st, directory, fd) : open_fail(st, directory, "the lock", errno);
	}
	char text[24];
	int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size) {
		return open_fail(st, directory, "the lock", errno);
	}
	return true;
}

/* ---- the environment ---- */

static bool cut_short(struct status *st, const char *directory)
{
	return status_fail(st, STATUS_DATA_LOSS, "STORE_DAMAGED", "%s/data.mdb is cut short: restore a backup.", directory);
}

/* LMDB reads its file as memory: a page past the end is SIGBUS. Both of its meta pages must be there (an empty file becomes a store). */
static bool check_length(const char *directory, struct status *st)
{
	char path[PATH_MAX];
	struct stat file;
	if (!path_of(directory, "data.mdb", path, st) || stat(path, &file) != 0) {
		return status_ok(st);
	}
	return file.st_size == 0 || file.st_size >= 2 * sysconf(_SC_PAGESIZE) || cut_short(st, directory);
}

/* Pages that the file should have and has not are made, empty: reading one is then MDB_CORRUPTED. Pages freed as soon as they were made are never
 * written, so a file may be sound and yet shorter than LMDB counts. */
static bool make_length(struct store *store, const char *directory, struct status *st)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat file;
	int fd;
	if (mdb_env_info(store->env, &info) != MDB_SUCCESS || mdb_env_stat(store->env, &stat) != MDB_SUCCESS ||
	    mdb_env_get_fd(store->env, &fd) != MDB_SUCCESS || fstat(fd, &file) != 0) {
		return open_fail(st, directory, "data.mdb", EIO);
	}
	off_t wanted = (off_t)(info.me_last_pgno + 1) * (off_t)stat.ms_psize;
	return file.st_size >= wanted || ftruncate(fd, wanted) == 0 || open_fail(st, directory, "data.mdb", errno);
}

static bool open_env(struct store *store, const struct store_options *options, struct status *st)
{
	uint64_t map_bytes = options->map_bytes ? options->map_bytes : LIMIT_STORE_BYTES;
	int dead;
	if (!check_length(options->directory, st)) {
		return false;
	}
	int rc = mdb_env_create(&store->env);
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_set_mapsize(store->env, (size_t)map_bytes);
	}
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_set_maxdbs(store->env, DB_COUNT);
	}
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_set_maxreaders(store->env, LIMIT_READERS);
	}
	if (rc == MDB_SUCCESS) {
		rc = mdb_env_open(store->env, options->directory, MDB_NOTLS | (options->read_only ? MDB_RDONLY : 0u), 0600);
	}
	if (rc == MDB_SUCCESS) {
		rc = mdb_reader_check(store->env, &dead);
	}
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_FORMAT", "%s/data.mdb is not a kam store: name another directory.",
		                   options->directory);
	}
	if (rc != MDB_SUCCESS) {
		return open_fail(st, options->directory, "data.mdb", rc > 0 ? rc : EINVAL);
	}
	return options->read_only || make_length(store, options->directory, st);
}

static bool open_dbs(struct store *store, MDB_txn *txn, unsigned flags, struct status *st)
{
	for (int i = 0; i < DB_COUNT; i++) {
		int rc = mdb_dbi_open(txn, db_names[i], flags, &store->dbs[i]);
		if (rc != MDB_SUCCESS) {
			return store_lmdb_fail(st, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, "open a database");
		}
	}
	return true;
}

/* Opens meta and judges the format, before anything that another format might lack. */
static bool check_format(struct store *store, MDB_txn *txn, const char *directory, struct status *st)
{
	struct store_view view = {.store = store, .txn = txn};
	struct bytes format;
	int rc = mdb_dbi_open(txn, db_names[DB_META], 0, &store->dbs[DB_META]);
	if (rc == MDB_NOTFOUND) {
		return no_store(st, directory);
	}
	if (rc != MDB_SUCCESS) {
		return store_lmdb_fail(st, rc, "open its settings");
	}
	if (!meta_get(&view, META_FORMAT, &format, st)) {
		return store_lmdb_fail(st, MDB_CORRUPTED, "read its format"); /* it came with the database, in one commit */
	}
	uint32_t number = format.size == 4 ? decode_u32(format.data) : 0;
	if (number != STORE_FORMAT) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_FORMAT",
		                   "The store in %s has format %u, this program works with format %d: use the kamd that wrote it.", directory, number,
		                   STORE_FORMAT);
	}
	return true;
}

static bool open_existing(struct store *store, const char *directory, struct status *st)
{
	MDB_txn *txn;
	struct bytes id;
	int rc = mdb_txn_begin(store->env, NULL, store->read_only ? MDB_RDONLY : 0, &txn);
	if (rc != MDB_SUCCESS) {
		return store_lmdb_fail(st, rc, "begin a transaction");
	}
	struct store_view view = {.store = store, .txn = txn};
	if (!check_format(store, txn, directory, st) || !open_dbs(store, txn, 0, st)) {
		mdb_txn_abort(txn);
		return false;
	}
	if (!meta_get(&view, META_CLUSTER_ID, &id, st) || id.size != STORE_CLUSTER_ID_BYTES) {
		mdb_txn_abort(txn);
		return store_lmdb_fail(st, MDB_CORRUPTED, "read its cluster id");
	}
	memcpy(store->cluster_id, id.data, STORE_CLUSTER_ID_BYTES);
	if (view_log_head(&view, &store->head, st)) {
		atomic_store(&store->revision, store->head.revision);
	}
	rc = mdb_txn_commit(txn); /* an abort would close the databases again */
	return status_ok(st) && (rc == MDB_SUCCESS || store_lmdb_fail(st, rc, "open its databases"));
}

/* ---- making one ---- */

bool store_sync_directory(const char *directory, struct status *st)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int error = errno;
	if (fd >= 0) {
		close(fd);
	}
	return ok || status_fail(st, STATUS_INTERNAL, "SYNC_FAILED", "Cannot make %s durable: %s.", directory, strerror(error));
}

/* False where the environment holds anything: a store, or somebody else's databases. */
static bool env_is_empty(MDB_txn *txn)
{
	MDB_dbi main_dbi;
	MDB_stat stat;
	return mdb_dbi_open(txn, NULL, 0, &main_dbi) == MDB_SUCCESS && mdb_stat(txn, main_dbi, &stat) == MDB_SUCCESS && stat.ms_entries == 0;
}

static bool create_store(struct store *store, const char *directory, struct status *st)
{
	struct store_txn *txn;
	uint8_t format[4];
	if (!store_txn_begin(store, &txn, st)) {
		return false;
	}
	if (!env_is_empty(txn->view.txn)) {
		store_abort(txn);
		return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_EXISTS", "There is a store in %s already: name another directory.",
		                   directory);
	}
	if (!open_dbs(store, txn->view.txn, MDB_CREATE, st)) {
		store_abort(txn);
		return false;
	}
	randombytes_buf(store->cluster_id, sizeof store->cluster_id);
	encode_u32(format, STORE_FORMAT);
	meta_put(txn, META_FORMAT, (struct bytes){format, sizeof format});
	meta_put(txn, META_CLUSTER_ID, (struct bytes){store->cluster_id, sizeof store->cluster_id});
	return store_commit(txn, st) && store_sync_directory(directory, st);
}

/* ---- */

static bool open_steps(struct store *store, const struct store_options *options, struct status *st)
{
	char path[PATH_MAX];
	if (!path_of(options->directory, "data.mdb", path, st)) {
		return false;
	}
	if (!options->create && access(path, F_OK) != 0) {
		return errno == ENOENT ? no_store(st, options->directory) : open_fail(st, options->directory, "data.mdb", errno);
	}
	if (!options->read_only && !lock_directory(store, options->directory, st)) {
		return false;
	}
	return open_env(store, options, st) && (options->create ? create_store(store, options->directory, st) : open_existing(store, options->directory, st));
}

/* Error checking: a second transaction in one thread is our own fault, found at once instead of hanging. */
static void mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static bool open_store(const struct store_options *options, bool prepares_index, struct store **ret_store, struct status *st)
{
	if (sodium_init() < 0) {
		return status_fail(st, STATUS_INTERNAL, "NO_RANDOMNESS", "The system gives no random numbers.");
	}
	struct store *store = calloc(1, sizeof *store);
	if (!store) {
		return store_lmdb_fail(st, ENOMEM, "open");
	}
	store->lock_fd = -1;
	store->read_only = options->read_only;
	store->indexer = options->indexer;
	store->indexer_context = options->indexer_context;
	store->indexer_fingerprint = options->indexer_fingerprint;
	mutex_init(&store->writing);
	if (!open_steps(store, options, st) || (prepares_index && !index_prepare(store, st))) {
		store_close(store);
		return false;
	}
	*ret_store = store;
	return true;
}

bool store_open(const struct store_options *options, struct store **ret_store, struct status *st)
{
	return open_store(options, true, ret_store, st);
}

bool store_open_as_is(const char *directory, struct store **ret_store, struct status *st)
{
	struct store_options options = {.directory = directory};
	return open_store(&options, false, ret_store, st);
}

void store_close(struct store *store)
{
	if (!store) {
		return;
	}
	if (store->env) {
		mdb_env_close(store->env);
	}
	if (store->lock_fd >= 0) {
		close(store->lock_fd);
	}
	entry_writer_done(&store->txn.entry);
	scratch_done(&store->txn.rows);
	scratch_done(&store->txn.amendments);
	scratch_done(&store->txn.old_bytes);
	scratch_done(&store->txn.old_names);
	index_set_done(&store->txn.old_index);
	index_set_done(&store->txn.new_index);
	pthread_mutex_destroy(&store->writing);
	free(store);
}

uint64_t store_revision(const struct store *store)
{
	return atomic_load(&store->revision);
}

uint64_t store_amended(const struct store *store)
{
	return atomic_load(&store->amended);
}

const uint8_t *store_cluster_id(const struct store *store)
{
	return store->cluster_id;
}
