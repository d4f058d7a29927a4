/* SPDX-License-Identifier: Apache-2.0
 *
 * The first resources are written as every later one is, by one commit record; only that here nobody is signed in yet.
 */
#include "server/init.h"

#include "common/base/clock.h"
#include "common/net/tls.h"
#include "common/store/store.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/binding.pb-c.h"
#include "kam/v1/programme.pb-c.h"
#include "kam/v1/user.pb-c.h"
#include "server/access/audit_key.h"
#include "server/access/password.h"
#include "server/access/token.h"
#include "server/domain/programme.h"
#include "server/domain/role.h"
#include "server/resource/engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHANGES_MAX = 32, SERVER_DAYS = 825, PASSWORD_LINE_BYTES = 1100 };

struct first {
	struct arena arena;
	struct store_change changes[CHANGES_MAX];
	size_t count;
	Google__Protobuf__Timestamp now;
};

static char *make_uid(struct first *first)
{
	uint8_t random[16];
	char *uid = arena_alloc(&first->arena, 2 * sizeof random + 1);
	randombytes_buf(random, sizeof random);
	return uid ? sodium_bin2hex(uid, 2 * sizeof random + 1, random, sizeof random) : NULL;
}

static void add(struct first *first, const char *name, const ProtobufCMessage *message)
{
	first->changes[first->count++] = (struct store_change){name, STORE_CREATE, 0, schema_pack(message, &first->arena)};
}

static bool add_resources(struct first *first, const char *password_hash)
{
	Kam__V1__User user = KAM__V1__USER__INIT;
	Kam__V1__Binding binding = KAM__V1__BINDING__INIT;
	Kam__V1__Programme *programme = programme_default(&first->arena);
	for (size_t i = 0; role_built_in(i); i++) {
		Kam__V1__Role role = *role_built_in(i);
		role.uid = make_uid(first);
		role.create_time = role.update_time = &first->now;
		add(first, role.name, &role.base);
	}
	user.name = "users/admin";
	user.display_name = "Administrator";
	user.uid = make_uid(first);
	user.password_hash = (char *)(uintptr_t)password_hash;
	user.create_time = user.update_time = &first->now;
	add(first, user.name, &user.base);
	binding.name = "bindings/admin";
	binding.user = user.name;
	binding.role = "roles/admin";
	binding.uid = make_uid(first);
	binding.create_time = binding.update_time = &first->now;
	add(first, binding.name, &binding.base);
	if (programme) {
		programme->uid = make_uid(first);
		programme->create_time = programme->update_time = &first->now;
		add(first, programme->name, &programme->base);
	}
	return !first->arena.overflowed;
}

static bool fill_store(struct store *store, const char *password_hash, struct status *st)
{
	static struct first first;
	uint8_t secret[48];
	struct store_txn *txn;
	int64_t now = clock_wall_us();
	first = (struct first){0};
	arena_init(&first.arena, 1 << 20);
	google__protobuf__timestamp__init(&first.now);
	first.now.seconds = now / 1000000;
	first.now.nanos = (int32_t)(now % 1000000 * 1000);
	randombytes_buf(secret, sizeof secret);
	bool ok = add_resources(&first, password_hash) && store_txn_begin(store, &txn, st);
	if (ok) {
		struct store_entry entry = {
			.time_us = now, .actor = "", .request_id = "", .method = "kamd/init", .peer = "", .note = "", .changes = first.changes, .changes_count = first.count};
		store_meta_put(txn, "secret", (struct bytes){secret, sizeof secret});
		store_append(txn, &entry);
		ok = store_commit(txn, st);
	}
	sodium_memzero(secret, sizeof secret);
	arena_done(&first.arena);
	return ok;
}

/* ---- the password ----------------------------------------------------------------------------------------------------------------------- */

static bool read_password(const char *file, char *ret_password, struct status *st)
{
	FILE *stream = fopen(file, "re");
	if (!stream) {
		return status_fail(st, STATUS_NOT_FOUND, "PASSWORD_FILE", "--admin-password-file %s: %s", file, strerror(errno));
	}
	setvbuf(stream, NULL, _IONBF, 0); /* no copy in the C library's buffer */
	bool got = fgets(ret_password, PASSWORD_LINE_BYTES, stream) != NULL;
	fclose(stream);
	if (!got) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "PASSWORD_FILE", "--admin-password-file %s is empty", file);
	}
	ret_password[strcspn(ret_password, "\r\n")] = '\0';
	static const char *const own[] = {"admin", "Administrator", NULL};
	return password_check(ret_password, own, "admin password", st);
}

static void make_password(char *ret_password)
{
	char first[TOKEN_SESSION_ID_BYTES];
	token_random_id(first);
	snprintf(ret_password, PASSWORD_LINE_BYTES, "%.4s-%.4s-%.4s-%.4s", first, first + 4, first + 8, first + 12);
	sodium_memzero(first, sizeof first);
}

/* ---- the directory ------------------------------------------------------------------------------------------------------------------------- */

static bool check_empty(const char *directory, bool *ret_made, struct status *st)
{
	*ret_made = mkdir(directory, 0700) == 0;
	if (*ret_made) {
		return true;
	}
	DIR *open_directory = errno == EEXIST ? opendir(directory) : NULL;
	if (!open_directory) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "DATA_DIRECTORY", "--data %s: %s", directory, strerror(errno));
	}
	bool empty = true;
	for (struct dirent *entry; (entry = readdir(open_directory)) != NULL;) {
		empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
	}
	closedir(open_directory);
	return empty || status_fail(st, STATUS_FAILED_PRECONDITION, "DATA_DIRECTORY", "--data %s is not empty: give a new directory, or serve this one with kamd serve",
	                            directory);
}

static void remove_below(const char *directory)
{
	DIR *open_directory = opendir(directory);
	if (!open_directory) {
		return;
	}
	for (struct dirent *entry; (entry = readdir(open_directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			unlinkat(dirfd(open_directory), entry->d_name, 0);
		}
	}
	closedir(open_directory);
}

static bool make_certificates(const struct init_options *options, const char *directory, struct status *st)
{
	const char *names[2 + 16] = {"localhost", "127.0.0.1"};
	size_t count = 2;
	char host[256];
	for (size_t i = 0; i < options->names_count && count < 17; i++) {
		names[count++] = options->names[i];
	}
	if (gethostname(host, sizeof host) == 0 && count < 18) {
		host[sizeof host - 1] = '\0';
		names[count++] = host;
	}
	if (mkdir(directory, 0700) != 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "DATA_DIRECTORY", "%s: %s", directory, strerror(errno));
	}
	return tls_make_ca(directory, "kam local CA", st) && tls_make_server(directory, names, count, SERVER_DAYS, st);
}

static bool make_store(const char *directory, const struct schema *schema, const char *password_hash, struct status *st)
{
	struct store *store;
	struct store_options options = {
		.directory = directory,
		.create = true,
		.indexer = engine_indexer,
		.indexer_context = (void *)(uintptr_t)schema,
		.indexer_fingerprint = schema_index_fingerprint(schema),
	};
	if (mkdir(directory, 0700) != 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "DATA_DIRECTORY", "%s: %s", directory, strerror(errno));
	}
	if (!store_open(&options, &store, st)) {
		return false;
	}
	bool ok = fill_store(store, password_hash, st);
	store_close(store);
	return ok;
}

bool init_directory(const struct init_options *options, const struct schema *schema, char *ret_password, struct status *st)
{
	char password[PASSWORD_LINE_BYTES], hash[PASSWORD_HASH_BYTES], store[PATH_MAX], tls[PATH_MAX], key[PATH_MAX];
	bool made = false;
	if (options->admin_password_file) {
		if (!read_password(options->admin_password_file, password, st)) {
			sodium_memzero(password, sizeof password);
			return false;
		}
		ret_password[0] = '\0';
	} else {
		make_password(password);
		snprintf(ret_password, 64, "%.63s", password);
	}
	snprintf(store, sizeof store, "%s/store", options->directory);
	snprintf(tls, sizeof tls, "%s/tls", options->directory);
	snprintf(key, sizeof key, "%s/audit.key", options->directory);
	static const struct password_cost cost = {LIMIT_PASSWORD_MEMORY_MIB, LIMIT_PASSWORD_PASSES}; /* at another cost it is made anew at the first sign-in */
	bool ok = password_hash(&cost, password, hash, st) && check_empty(options->directory, &made, st);
	if (ok && !(make_store(store, schema, hash, st) && audit_key_make(options->directory, st) && make_certificates(options, tls, st))) {
		unlink(key);
		remove_below(store);
		remove_below(tls);
		rmdir(store);
		rmdir(tls);
		if (made) {
			rmdir(options->directory);
		}
		ok = false;
	}
	sodium_memzero(password, sizeof password);
	return ok;
}
