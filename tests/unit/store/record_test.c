/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows and log entries as bytes: the examples of record.h and entry.h, every truncation, every flipped byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/store/entry.h"
#include "common/store/keys.h"
#include "common/store/record.h"

#include <stdlib.h>

static const uint8_t nonce[ROW_NONCE_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static const uint8_t example_row[] = {
	0xD5, 0x4D, 0x23, 0xCA, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'h', 'i',
};

static void test_row_example(void **state)
{
	struct key key;
	uint8_t record[sizeof example_row];
	struct row row = {7, STORE_CREATE, nonce, bytes_of("hi"), 0}, found;
	(void)state;
	key_of_name("accounts/a", &key);
	row_write(&row, record);
	record_seal(record, sizeof record, key_bytes(&key));
	assert_memory_equal(record, example_row, sizeof record);
	assert_true(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &found));
	assert_int_equal(found.revision, 7);
	assert_int_equal(found.operation, STORE_CREATE);
	assert_memory_equal(found.nonce, nonce, sizeof nonce);
	assert_true(bytes_equal(found.value, bytes_of("hi")));
}

static void test_row_damage(void **state)
{
	struct key key, other;
	uint8_t record[sizeof example_row];
	struct row row;
	(void)state;
	key_of_name("accounts/a", &key);
	key_of_name("accounts/b", &other);
	memcpy(record, example_row, sizeof record);
	assert_true(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &row));
	assert_false(row_read((struct bytes){record, sizeof record}, key_bytes(&other), &row));
	for (size_t size = 0; size < sizeof record; size++) {
		assert_false(row_read((struct bytes){record, size}, key_bytes(&key), &row));
	}
	for (size_t bit = 0; bit < 8 * sizeof record; bit++) {
		record[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &row));
		record[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (unsigned operation = 0; operation < 256; operation++) {
		record[12] = (uint8_t)operation;
		record_seal(record, sizeof record, key_bytes(&key));
		assert_int_equal(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &row), operation >= 1 && operation <= 5);
	}
	record[12] = STORE_CREATE;
	for (unsigned flags = 1; flags < 256; flags++) { /* 1: amended, but too short for it; others mean nothing */
		record[13] = (uint8_t)flags;
		record_seal(record, sizeof record, key_bytes(&key));
		assert_false(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &row));
	}
}

static void test_amended_row(void **state)
{
	struct key key;
	uint8_t record[ROW_HEADER_BYTES + ROW_AMENDED_BYTES + 2];
	struct row row = {7, STORE_UPDATE, nonce, bytes_of("hi"), 9}, found;
	(void)state;
	key_of_name("accounts/a", &key);
	assert_int_equal(row_size(&row), sizeof record);
	row_write(&row, record);
	record_seal(record, sizeof record, key_bytes(&key));
	assert_true(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &found));
	assert_int_equal(found.amended, 9);
	assert_true(bytes_equal(found.value, bytes_of("hi")));
	record[ROW_HEADER_BYTES + ROW_AMENDED_BYTES - 1] = 0; /* by no record */
	record_seal(record, sizeof record, key_bytes(&key));
	assert_false(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &found));
}

static const char example_fixed[] = "\0\0\0\0\0\0\0\1\0\0\0\0" "\0\0\0\x27" "\x01" "M" "\1" "\0" "\1" "\2\3";
static const char example_texts[] = "\x0A" "users/jane" "\0\0\0\0" "\x0A" "accounts/a";
enum { OFFSET_HASH = 4, OFFSET_PREVIOUS = 36, OFFSET_DIGEST = 68, OFFSET_TIME = 100, FIXED = sizeof example_fixed - 1, OFFSET_AMENDED = OFFSET_TIME + FIXED + ROW_DIGEST_BYTES,
       OFFSET_NONCE = OFFSET_AMENDED + 8, OFFSET_TEXTS = OFFSET_NONCE + ROW_NONCE_BYTES };

static struct bytes write_example(struct entry_writer *writer, struct key *key, struct bytes amendments)
{
	uint8_t previous_hash[STORE_HASH_BYTES] = {1}, digest[ROW_DIGEST_BYTES] = {2}, hash[STORE_HASH_BYTES];
	struct store_change change = {"accounts/a", STORE_UPDATE, 3, {NULL, 0}};
	struct store_entry entry = {.actor = "users/jane", .request_id = NULL, .method = "M", .peer = "", .note = "", .changes_count = 1};
	key_of_revision(7, key);
	entry_begin(writer, &entry, 1, previous_hash, amendments);
	entry_add(writer, &change, digest);
	entry_end(writer, nonce, key_bytes(key), hash);
	assert_false(writer->record.failed);
	return (struct bytes){writer->record.data, writer->record.size};
}

static void test_entry_example(void **state)
{
	struct entry_writer writer = {0};
	struct key key;
	struct entry entry;
	struct entry_change change;
	uint8_t digest[STORE_HASH_BYTES];
	(void)state;
	struct bytes record = write_example(&writer, &key, (struct bytes){NULL, 0});
	assert_int_equal(record.size, OFFSET_TEXTS + sizeof example_texts - 1);
	assert_memory_equal(record.data + OFFSET_TIME, example_fixed, FIXED);
	assert_memory_equal(record.data + OFFSET_NONCE, nonce, sizeof nonce);
	assert_memory_equal(record.data + OFFSET_TEXTS, example_texts, sizeof example_texts - 1);
	assert_true(entry_read(record, key_bytes(&key), &entry));
	assert_int_equal(entry.revision, 7);
	assert_int_equal(entry.time_us, 1);
	assert_int_equal(entry.amended, 0);
	assert_true(bytes_equal(entry.actor, bytes_of("users/jane")));
	assert_true(bytes_equal(entry.method, bytes_of("M")));
	entry_digest(&entry, digest);
	assert_memory_equal(digest, entry.digest, sizeof digest);
	assert_false(entry_complete(&entry));
	assert_true(entry_next(&entry, &change));
	assert_true(bytes_equal(change.name, bytes_of("accounts/a")));
	assert_int_equal(change.operation, STORE_UPDATE);
	assert_int_equal(change.previous_revision, 3);
	assert_int_equal(change.digest[0], 2);
	assert_true(entry_complete(&entry));
	assert_false(entry_next(&entry, &change));
	entry_writer_done(&writer);
}

/* Cut at every length and sealed again: never read past the end, never taken for whole. */
static void test_entry_truncated(void **state)
{
	struct entry_writer writer = {0};
	struct key key;
	(void)state;
	struct bytes record = write_example(&writer, &key, (struct bytes){NULL, 0});
	for (size_t size = 0; size < record.size; size++) {
		uint8_t *cut = malloc(size + 1);
		struct entry entry;
		struct entry_change change;
		assert_non_null(cut);
		memcpy(cut, record.data, size);
		if (size >= SEAL_BYTES) {
			record_seal(cut, size, key_bytes(&key));
		}
		if (entry_read((struct bytes){cut, size}, key_bytes(&key), &entry)) {
			while (entry_next(&entry, &change)) {
			}
			assert_false(entry_complete(&entry));
		}
		free(cut);
	}
	entry_writer_done(&writer);
}

/* Each byte is in the hash, or in the digest of the texts, which is in the hash; but for the revision of an amendment, which names the record that vouches. */
static void test_hash_and_digest_cover_all(void **state)
{
	struct entry_writer writer = {0};
	struct key key, other;
	struct entry entry;
	uint8_t hash[STORE_HASH_BYTES], digest[STORE_HASH_BYTES];
	(void)state;
	struct bytes record = write_example(&writer, &key, (struct bytes){NULL, 0});
	assert_true(entry_read(record, key_bytes(&key), &entry));
	for (size_t i = OFFSET_PREVIOUS; i < record.size; i++) {
		writer.record.data[i] ^= 1;
		entry_hash(&entry, key_bytes(&key), hash);
		entry_digest(&entry, digest);
		bool covered = (memcmp(hash, entry.hash, sizeof hash) != 0) != (memcmp(digest, entry.digest, sizeof digest) != 0);
		writer.record.data[i] ^= 1;
		bool in_digest = i >= OFFSET_DIGEST && i < OFFSET_TIME;
		assert_int_equal(covered, (i < OFFSET_AMENDED || i >= OFFSET_NONCE) && !in_digest); /* the digest itself: both find it */
	}
	key_of_revision(8, &other);
	entry_hash(&entry, key_bytes(&other), hash);
	assert_memory_not_equal(hash, entry.hash, sizeof hash);
	entry_writer_done(&writer);
}

static void test_amended_entry(void **state)
{
	struct entry_writer writer = {0}, other = {0};
	struct key key;
	struct entry entry, amended;
	struct entry_change change;
	uint8_t new_nonce[ROW_NONCE_BYTES] = {7}, new_digest[STORE_HASH_BYTES], digest[STORE_HASH_BYTES], hash[STORE_HASH_BYTES];
	struct store_change to = {"accounts/erased-1", STORE_UPDATE, 3, {NULL, 0}};
	struct store_entry texts = {.actor = "users/x", .note = "erased", .changes = &to, .changes_count = 1};
	(void)state;
	struct bytes record = write_example(&writer, &key, (struct bytes){NULL, 0});
	assert_true(entry_read(record, key_bytes(&key), &entry));
	entry_amend(&other, &entry, &texts, 9, new_nonce, key_bytes(&key), new_digest);
	assert_true(entry_read((struct bytes){other.record.data, other.record.size}, key_bytes(&key), &amended));
	assert_int_equal(amended.amended, 9);
	assert_int_equal(amended.time_us, entry.time_us);
	assert_true(bytes_equal(amended.method, bytes_of("M")));
	assert_true(bytes_equal(amended.actor, bytes_of("users/x")));
	assert_true(bytes_equal(amended.note, bytes_of("erased")));
	assert_memory_equal(amended.digest, entry.digest, STORE_HASH_BYTES);
	entry_hash(&amended, key_bytes(&key), hash);
	assert_memory_equal(hash, entry.hash, sizeof hash);
	entry_digest(&amended, digest);
	assert_memory_equal(digest, new_digest, sizeof digest);
	assert_memory_not_equal(digest, entry.digest, sizeof digest);
	assert_true(entry_next(&amended, &change));
	assert_true(bytes_equal(change.name, bytes_of("accounts/erased-1")));
	assert_true(entry_complete(&amended));
	entry_writer_done(&writer);
	entry_writer_done(&other);
}

static void test_amendments_are_found(void **state)
{
	enum { COUNT = 50 };
	uint8_t list[COUNT][ENTRY_AMENDMENT_BYTES];
	struct entry_writer writer = {0};
	struct key key;
	struct entry entry;
	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		uint8_t digest[STORE_HASH_BYTES] = {(uint8_t)i};
		entry_amendment_write(10 + i / 2 * 3, i % 2, digest, list[i]);
	}
	struct bytes record = write_example(&writer, &key, (struct bytes){list[0], sizeof list});
	assert_true(entry_read(record, key_bytes(&key), &entry));
	for (uint32_t i = 0; i < COUNT; i++) {
		const uint8_t *digest = entry_amendment_find(&entry, 10 + i / 2 * 3, i % 2);
		assert_non_null(digest);
		assert_int_equal(*digest, i);
		assert_null(entry_amendment_find(&entry, 11 + i / 2 * 3, i % 2));
		assert_null(entry_amendment_find(&entry, 10 + i / 2 * 3, 2 + i % 2));
	}
	entry_writer_done(&writer);
}

static void test_digest_needs_the_nonce(void **state)
{
	uint8_t other_nonce[ROW_NONCE_BYTES] = {9}, a[ROW_DIGEST_BYTES], b[ROW_DIGEST_BYTES], zeros[ROW_DIGEST_BYTES] = {0};
	struct row row = {1, STORE_UPDATE, nonce, bytes_of("secret"), 0};
	(void)state;
	row_digest(&row, a);
	row.nonce = other_nonce;
	row_digest(&row, b);
	assert_memory_not_equal(a, b, sizeof a);
	row.operation = STORE_PURGE;
	row_digest(&row, b);
	assert_memory_equal(b, zeros, sizeof b);
}

static void test_varints(void **state)
{
	static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		struct entry_writer writer = {0};
		uint8_t zeros[STORE_HASH_BYTES] = {0}, hash[STORE_HASH_BYTES];
		struct store_entry written = {.changes_count = 1};
		struct store_change change = {"a/b", STORE_DELETE, numbers[i], {NULL, 0}};
		struct entry entry;
		struct entry_change found;
		struct key key;
		key_of_revision(1, &key);
		entry_begin(&writer, &written, -1, zeros, (struct bytes){NULL, 0});
		entry_add(&writer, &change, zeros);
		entry_end(&writer, nonce, key_bytes(&key), hash);
		assert_true(entry_read((struct bytes){writer.record.data, writer.record.size}, key_bytes(&key), &entry));
		assert_int_equal(entry.time_us, -1);
		assert_true(entry_next(&entry, &found));
		assert_true(found.previous_revision == numbers[i]);
		entry_writer_done(&writer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_example),
		cmocka_unit_test(test_row_damage),
		cmocka_unit_test(test_amended_row),
		cmocka_unit_test(test_entry_example),
		cmocka_unit_test(test_entry_truncated),
		cmocka_unit_test(test_hash_and_digest_cover_all),
		cmocka_unit_test(test_amended_entry),
		cmocka_unit_test(test_amendments_are_found),
		cmocka_unit_test(test_digest_needs_the_nonce),
		cmocka_unit_test(test_varints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
