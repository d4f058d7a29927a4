/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything here asserts: a fixture that fails is a failed test.
 */
#include "tests/unit/store/fixture.h"

#include "common/store/entry.h"
#include "common/store/record.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void die_on(const struct status *st)
{
	if (!status_ok(st)) {
		fprintf(stderr, "%s %s: %s\n", status_code_name(st->code), st->reason, st->message);
		abort();
	}
}

void fixture_indexer(void *context, const char *name, struct bytes value, store_index_emit *emit, void *emit_context)
{
	(void)context;
	(void)name;
	for (size_t at = 0; at < value.size;) {
		const uint8_t *part = value.data + at;
		const uint8_t *end = memchr(part, '|', value.size - at);
		size_t size = end ? (size_t)(end - part) : value.size - at;
		if (size >= 2 && isdigit(part[0]) && part[1] == '=') {
			emit(emit_context, (uint32_t)(part[0] - '0'), (struct bytes){part + 2, size - 2});
		}
		at += size + 1;
	}
}

struct store_options fixture_options(const struct fixture *fixture)
{
	return (struct store_options){.directory = fixture->directory, .indexer = fixture_indexer, .indexer_fingerprint = 1};
}

void fixture_open(struct fixture *fixture)
{
	struct store_options options = fixture_options(fixture);
	store_open(&options, &fixture->store, &fixture->st);
	die_on(&fixture->st);
}

void fixture_close(struct fixture *fixture)
{
	store_snapshot_free(fixture->snapshot);
	fixture->snapshot = NULL;
	store_close(fixture->store);
	fixture->store = NULL;
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *base = getenv("TMPDIR");
	assert(fixture);
	snprintf(fixture->directory, sizeof fixture->directory, "%s/kam_store_test.XXXXXX", base ? base : "/tmp");
	const char *made = mkdtemp(fixture->directory);
	assert(made);
	status_init(&fixture->st);
	arena_init(&fixture->arena, 64u << 20);
	struct store_options options = fixture_options(fixture);
	options.create = true;
	store_open(&options, &fixture->store, &fixture->st);
	die_on(&fixture->st);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	fixture_close(fixture);
	DIR *directory = opendir(fixture->directory);
	assert(directory);
	for (struct dirent *file; (file = readdir(directory));) {
		unlinkat(dirfd(directory), file->d_name, 0);
	}
	closedir(directory);
	rmdir(fixture->directory);
	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

const struct store_view *fixture_view(struct fixture *fixture)
{
	if (fixture->snapshot) {
		store_snapshot_renew(fixture->snapshot, &fixture->st);
	} else {
		store_snapshot_new(fixture->store, &fixture->snapshot, &fixture->st);
	}
	die_on(&fixture->st);
	return store_snapshot_view(fixture->snapshot);
}

uint64_t fixture_append(struct store_txn *txn, enum store_operation operation, const char *name, struct bytes value)
{
	struct store_record old = {0};
	struct status st;
	status_init(&st);
	store_get(store_txn_view(txn), name, &old, &st);
	struct store_change change = {name, operation, old.revision, value};
	struct store_entry entry = {
		.actor = "users/jane", .request_id = "r1", .method = "Test/Put", .peer = "::1", .note = "", .changes = &change, .changes_count = 1};
	return store_append(txn, &entry);
}

uint64_t fixture_put(struct fixture *fixture, enum store_operation operation, const char *name, const char *value)
{
	struct store_txn *txn;
	store_txn_begin(fixture->store, &txn, &fixture->st);
	die_on(&fixture->st);
	uint64_t revision = fixture_append(txn, operation, name, bytes_of(value));
	store_commit(txn, &fixture->st);
	die_on(&fixture->st);
	return revision;
}

const char *fixture_get_at(struct fixture *fixture, const char *name, uint64_t revision)
{
	struct store_record record;
	if (!store_get_at(fixture_view(fixture), name, revision, &record, &fixture->st)) {
		die_on(&fixture->st);
		return "-";
	}
	return arena_printf(&fixture->arena, "%.*s@%llu", (int)record.value.size, (const char *)record.value.data,
	                    (unsigned long long)record.revision);
}

struct listing {
	struct buf text;
	size_t left;
	bool values;
};

static bool list_one(void *context, const char *name, const struct store_record *record)
{
	struct listing *listing = context;
	if (listing->left-- == 0) {
		return false;
	}
	if (listing->text.size > 0) {
		buf_add_byte(&listing->text, ' ');
	}
	buf_add_text(&listing->text, name);
	if (listing->values) {
		buf_add_byte(&listing->text, '=');
		buf_add(&listing->text, record->value.data, record->value.size);
	}
	return true;
}

const char *fixture_scan(struct fixture *fixture, const char *pattern, const char *after, uint64_t revision, size_t most, bool values)
{
	struct listing listing = {.left = most, .values = values};
	buf_init(&listing.text, &fixture->arena);
	store_scan(fixture_view(fixture), pattern, after, revision, list_one, &listing, &fixture->st);
	die_on(&fixture->st);
	return buf_text(&listing.text);
}

void fixture_path(const struct fixture *fixture, char ret_path[FIXTURE_PATH_BYTES])
{
	snprintf(ret_path, FIXTURE_PATH_BYTES, "%s/data.mdb", fixture->directory);
}

struct bytes fixture_read_file(const struct fixture *fixture)
{
	char path[FIXTURE_PATH_BYTES];
	fixture_path(fixture, path);
	FILE *file = fopen(path, "rb");
	assert(file && fseek(file, 0, SEEK_END) == 0);
	size_t size = (size_t)ftell(file);
	uint8_t *bytes = malloc(size);
	rewind(file);
	assert(bytes && fread(bytes, 1, size, file) == size);
	fclose(file);
	return (struct bytes){bytes, size};
}

bool fixture_sound(struct fixture *fixture)
{
	uint64_t records = 0;
	const struct store_view *view = fixture_view(fixture);
	return store_check(view, &fixture->st) && store_log_verify(view, &records, &fixture->st) && records == store_view_revision(view);
}

uint64_t fixture_erase(struct fixture *fixture, const char *from, const char *to, const char *other, const char *value)
{
	struct arena *arena = &fixture->arena;
	const struct store_view *view = fixture_view(fixture);
	struct store_entry *amendments = arena_calloc(arena, store_view_revision(view), sizeof *amendments);
	struct store_entry entry = {.actor = "users/admin", .method = "Test/Erase", .amendments = amendments};
	struct store_txn *txn;
	for (uint64_t revision = 1; revision <= store_view_revision(view); revision++) {
		struct store_entry *to_be = &amendments[entry.amendments_count];
		bool hit = false;
		bool found = store_log_get(view, revision, arena, to_be, &fixture->st);
		assert(found);
		struct store_change *changes = arena_memdup(arena, to_be->changes, to_be->changes_count * sizeof *changes);
		for (size_t i = 0; i < to_be->changes_count; i++) {
			bool is_from = strcmp(changes[i].name, from) == 0, is_other = other && strcmp(changes[i].name, other) == 0;
			hit = hit || is_from || is_other;
			changes[i].name = is_from ? to : changes[i].name;
			changes[i].value = is_from || is_other ? bytes_of(value) : (struct bytes){NULL, 0};
		}
		to_be->changes = changes;
		to_be->note = "erased";
		entry.amendments_count += hit;
	}
	store_txn_begin(fixture->store, &txn, &fixture->st);
	die_on(&fixture->st);
	uint64_t at = store_append(txn, &entry);
	store_commit(txn, &fixture->st);
	die_on(&fixture->st);
	return at;
}

void fixture_make_right(uint8_t *record, size_t size, struct bytes key)
{
	struct entry entry;
	uint8_t digest[STORE_HASH_BYTES], hash[STORE_HASH_BYTES];
	record_seal(record, size, key);
	if (!entry_read((struct bytes){record, size}, key, &entry)) {
		return;
	}
	if (entry.amended == 0) {
		entry_digest(&entry, digest);
		memcpy(record + (entry.digest - record), digest, sizeof digest);
	}
	entry_hash(&entry, key, hash);
	memcpy(record + (entry.hash - record), hash, sizeof hash);
	record_seal(record, size, key);
}

MDB_txn *fixture_raw_begin(struct fixture *fixture, const char *db, MDB_dbi *ret_dbi)
{
	MDB_env *env;
	MDB_txn *txn;
	int rc = mdb_env_create(&env);
	rc |= mdb_env_set_maxdbs(env, 8);
	rc |= mdb_env_set_mapsize(env, 64u << 20);
	rc |= mdb_env_open(env, fixture->directory, MDB_NOSYNC, 0600);
	rc |= mdb_txn_begin(env, NULL, 0, &txn);
	rc |= mdb_dbi_open(txn, db, 0, ret_dbi);
	assert(rc == 0);
	return txn;
}

void fixture_raw_commit(MDB_txn *txn)
{
	MDB_env *env = mdb_txn_env(txn);
	int rc = mdb_txn_commit(txn);
	assert(rc == 0);
	mdb_env_close(env);
}
