/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody who can write the store's file, and knows its format, alters the record at random: bytes, whole entries, their order, the end, the file itself; roughly, or with every
 * seal, hash and link after it made right again. A signed head that was kept elsewhere finds each. KAM_TAMPERS in the environment says how many; 300 without it.
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

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECORDS = 150, OLD_RECORDS = 90, ERASURE = 120, OFFSET_HASH = 4, OFFSET_PREVIOUS = 36, OFFSET_TIME = 100 };

static uint64_t random_state = 20261122;

static unsigned pick(unsigned below)
{
	random_state += 0x9E3779B97F4A7C15u;
	uint64_t z = (random_state ^ random_state >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (unsigned)((z ^ z >> 31) % below);
}

struct world {
	struct fixture *f;
	struct bytes whole, old; /* the file with all records, and with the first of them */
	struct store_head head;
	uint8_t public_key[STORE_KEY_BYTES];
};

/* ---- files ---- */

static void write_whole_file(const struct fixture *f, struct bytes bytes)
{
	char path[FIXTURE_PATH_BYTES];
	fixture_path(f, path);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	fclose(file);
}

/* ---- the log, taken out and put back ---- */

struct line {
	uint8_t *data;
	size_t size;
};

static size_t take_log(struct fixture *f, struct line lines[RECORDS])
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	size_t count = 0;
	MDB_txn *txn = fixture_raw_begin(f, "log", &dbi);
	assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		lines[count].data = malloc(value.mv_size);
		assert_non_null(lines[count].data);
		memcpy(lines[count].data, value.mv_data, value.mv_size);
		lines[count++].size = value.mv_size;
	}
	mdb_cursor_close(cursor);
	fixture_raw_commit(txn);
	return count;
}

/* With `right`, every seal, hash and link is made to fit. */
static void put_log(struct fixture *f, struct line *lines, size_t count, bool right)
{
	MDB_dbi dbi;
	uint8_t hash[STORE_HASH_BYTES] = {0};
	MDB_txn *txn = fixture_raw_begin(f, "log", &dbi);
	assert_int_equal(mdb_drop(txn, dbi, 0), 0);
	for (size_t i = 0; i < count; i++) {
		struct key key;
		key_of_revision(i + 1, &key);
		if (right) {
			memcpy(lines[i].data + OFFSET_PREVIOUS, hash, sizeof hash);
			fixture_make_right(lines[i].data, lines[i].size, key_bytes(&key));
			memcpy(hash, lines[i].data + OFFSET_HASH, sizeof hash);
		}
		MDB_val raw_key = {key.size, key.data}, value = {lines[i].size, lines[i].data};
		assert_int_equal(mdb_put(txn, dbi, &raw_key, &value, 0), 0);
		free(lines[i].data);
	}
	fixture_raw_commit(txn);
}

/* ---- tampering ---- */

enum kind { EDIT, REMOVE, SWAP, CUT, OLD_FILE, OLD_FILE_CONTINUED, HISTORY, KINDS };
static const char *const kind_names[KINDS] = {"bytes edited", "entry removed", "entries swapped", "end cut off", "older file put back", "older file put back and used on",
                                              "history edited"};

static void edit(struct line *line, bool right)
{
	size_t from = right ? OFFSET_TIME : 0; /* what is made right again is no edit */
	size_t at = from + pick((unsigned)(line->size - from));
	line->data[at] ^= (uint8_t)(1u + pick(255));
}

static void tamper_log(struct fixture *f, enum kind kind, bool right)
{
	struct line lines[RECORDS];
	size_t count = take_log(f, lines), one = pick((unsigned)count), other = (one + 1 + pick((unsigned)count - 1)) % count;
	assert_int_equal(count, RECORDS);
	if (kind == EDIT) {
		edit(&lines[one], right);
	} else if (kind == SWAP) {
		struct line kept = lines[one];
		lines[one] = lines[other];
		lines[other] = kept;
	} else {
		size_t end = kind == CUT ? count : one + 1;
		for (size_t i = one; i < end; i++) {
			free(lines[i].data);
		}
		memmove(&lines[one], &lines[end], (count - end) * sizeof *lines);
		count -= end - one;
	}
	put_log(f, lines, count, right);
}

static void tamper_history(struct fixture *f)
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	uint8_t bytes[600];
	MDB_txn *txn = fixture_raw_begin(f, "history", &dbi);
	assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
	for (unsigned left = 1 + pick(RECORDS / 2); left > 0; left--) {
		assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
	}
	struct line line = {bytes, value.mv_size};
	assert_true(value.mv_size <= sizeof bytes);
	memcpy(bytes, value.mv_data, value.mv_size);
	bytes[SEAL_BYTES + pick((unsigned)(line.size - SEAL_BYTES))] ^= (uint8_t)(1u + pick(255));
	record_seal(bytes, line.size, (struct bytes){key.mv_data, key.mv_size});
	MDB_val changed = {line.size, bytes};
	assert_int_equal(mdb_cursor_put(cursor, &key, &changed, MDB_CURRENT), 0);
	mdb_cursor_close(cursor);
	fixture_raw_commit(txn);
}

static void write_records(struct fixture *f, size_t from, size_t to)
{
	char name[64], value[64];
	for (size_t i = from; i < to; i++) {
		snprintf(name, sizeof name, "accounts/a%zu", i % 2 == 0 ? i : i - 1);
		snprintf(value, sizeof value, "1=value of %u", pick(1000000));
		if (i % 10 == 9) { /* a refusal: no change */
			struct store_txn *txn;
			struct store_entry entry = {.actor = "users/jane", .method = "kam.v1.AccountService/GetAccount", .code = 7, .note = value};
			assert_true(store_txn_begin(f->store, &txn, &f->st));
			store_append(txn, &entry);
			assert_true(store_commit(txn, &f->st));
		} else {
			fixture_put(f, i % 2 == 0 ? STORE_CREATE : STORE_UPDATE, name, value);
		}
	}
}

static void tamper(struct world *world, enum kind kind, bool right)
{
	struct fixture *f = world->f;
	if (kind == OLD_FILE || kind == OLD_FILE_CONTINUED) {
		write_whole_file(f, world->old);
	}
	if (kind == OLD_FILE_CONTINUED) {
		fixture_open(f);
		write_records(f, OLD_RECORDS, RECORDS + pick(3));
		fixture_close(f);
	} else if (kind == HISTORY) {
		tamper_history(f);
	} else if (kind != OLD_FILE) {
		tamper_log(f, kind, right);
	}
}

/* Everything that `kamd check` does, with or without the head. */
static bool is_found(struct world *world, bool with_head)
{
	struct fixture *f = world->f;
	struct store_options options = fixture_options(f);
	options.read_only = true;
	bool sound = store_open(&options, &f->store, &f->st) && fixture_sound(f) &&
	             (!with_head || store_head_check(fixture_view(f), &world->head, world->public_key, &f->st));
	assert_true(sound || f->st.code == STATUS_DATA_LOSS);
	fixture_close(f);
	status_init(&f->st);
	return !sound;
}

static void make_world(struct world *world, struct fixture *f)
{
	uint8_t secret_key[STORE_SECRET_KEY_BYTES];
	world->f = f;
	crypto_sign_keypair(world->public_key, secret_key);
	write_records(f, 0, OLD_RECORDS);
	fixture_close(f);
	world->old = fixture_read_file(f);
	fixture_open(f);
	write_records(f, OLD_RECORDS, ERASURE);
	assert_int_equal(fixture_erase(f, "accounts/a40", "accounts/erased-1", "accounts/a60", "1=erased"), ERASURE + 1);
	write_records(f, ERASURE + 1, RECORDS);
	assert_true(store_head_sign(fixture_view(f), secret_key, &world->head, &f->st));
	assert_int_equal(world->head.revision, RECORDS);
	fixture_close(f);
	world->whole = fixture_read_file(f);
}

static void test_every_tamper_is_found(void **state)
{
	struct world world;
	const char *wanted = getenv("KAM_TAMPERS");
	unsigned count = wanted ? (unsigned)strtoul(wanted, NULL, 10) : 300, found = 0, by_head_alone = 0, each[KINDS] = {0};
	make_world(&world, *state);
	assert_false(is_found(&world, true));
	for (unsigned i = 0; i < count; i++) {
		enum kind kind = (enum kind)pick(KINDS);
		bool right = pick(2);
		uint64_t before = random_state;
		write_whole_file(world.f, world.whole);
		tamper(&world, kind, right);
		each[kind]++;
		if (is_found(&world, true)) {
			found++;
			by_head_alone += is_found(&world, false) ? 0 : 1;
		} else {
			print_message("not found: %s%s, state %llu\n", kind_names[kind], right ? ", made right again" : "", (unsigned long long)before);
		}
	}
	for (unsigned kind = 0; kind < KINDS; kind++) {
		print_message("%-32s %u\n", kind_names[kind], each[kind]);
	}
	print_message("%u of %u found, %u of them by the head alone\n", found, count, by_head_alone);
	assert_int_equal(found, count);
	write_whole_file(world.f, world.whole);
	assert_false(is_found(&world, true));
	fixture_open(world.f);
	free((void *)world.whole.data);
	free((void *)world.old.data);
}

/* A head of another store, one with another signature, one signed with another key. */
static void test_forged_heads(void **state)
{
	struct fixture *f = *state;
	uint8_t secret_key[STORE_SECRET_KEY_BYTES], public_key[STORE_KEY_BYTES], thief_secret[STORE_SECRET_KEY_BYTES], thief_key[STORE_KEY_BYTES];
	struct store_head head, forged;
	crypto_sign_keypair(public_key, secret_key);
	crypto_sign_keypair(thief_key, thief_secret);
	write_records(f, 0, 10);
	assert_true(store_head_sign(fixture_view(f), secret_key, &head, &f->st));
	assert_true(store_head_check(fixture_view(f), &head, public_key, &f->st));
	for (size_t at = 0; at < sizeof head.hash; at++) {
		forged = head;
		forged.hash[at] ^= 1;
		assert_false(store_head_check(fixture_view(f), &forged, public_key, &f->st));
		assert_string_equal(f->st.reason, "HEAD_FORGED");
		status_init(&f->st);
	}
	assert_true(store_head_sign(fixture_view(f), thief_secret, &forged, &f->st));
	assert_false(store_head_check(fixture_view(f), &forged, public_key, &f->st));
	assert_string_equal(f->st.reason, "HEAD_FORGED");
	status_init(&f->st);
	assert_true(store_head_check(fixture_view(f), &forged, NULL, &f->st));
}

static void test_the_last_head_is_kept(void **state)
{
	struct fixture *f = *state;
	uint8_t secret_key[STORE_SECRET_KEY_BYTES], public_key[STORE_KEY_BYTES];
	struct store_head head, kept;
	struct store_txn *txn;
	crypto_sign_keypair(public_key, secret_key);
	assert_false(store_head_last(fixture_view(f), &kept, &f->st));
	assert_true(status_ok(&f->st));
	write_records(f, 0, 10);
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_true(store_head_sign(store_txn_view(txn), secret_key, &head, &f->st));
	store_head_put(txn, &head);
	assert_true(store_commit(txn, &f->st));
	assert_true(store_head_last(fixture_view(f), &kept, &f->st));
	assert_memory_equal(&kept, &head, sizeof head);
	assert_true(store_head_check(fixture_view(f), &kept, public_key, &f->st));
	assert_true(fixture_sound(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_tamper_is_found, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_forged_heads, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_the_last_head_is_kept, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
