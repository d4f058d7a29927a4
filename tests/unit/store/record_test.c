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
	struct row row = {7, STORE_CREATE, nonce, bytes_of("hi")}, found;
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
	record[13] = 1; /* a flag that format 1 does not know */
	record_seal(record, sizeof record, key_bytes(&key));
	assert_false(row_read((struct bytes){record, sizeof record}, key_bytes(&key), &row));
}

static const char example_entry[] = "\0\0\0\0\0\0\0\1\0\0\0\0" "\x0A" "users/jane" "\0" "\x01" "M" "\0\0\0" "\1" "\1" "\x0A" "accounts/a" "\2\3";

static void write_example(struct scratch *record, struct key *key)
{
	uint8_t previous_hash[STORE_HASH_BYTES] = {1}, digest[ROW_DIGEST_BYTES] = {2}, hash[STORE_HASH_BYTES];
	struct store_change change = {"accounts/a", STORE_UPDATE, 3, {NULL, 0}};
	struct store_entry entry = {.actor = "users/jane", .request_id = NULL, .method = "M", .peer = "", .note = "", .changes_count = 1};
	key_of_revision(7, key);
	entry_begin(record, &entry, 1, previous_hash);
	entry_add(record, &change, digest);
	entry_end(record, key_bytes(key), hash);
	assert_false(record->failed);
}

static void test_entry_example(void **state)
{
	struct scratch record = {0};
	struct key key;
	struct entry entry;
	struct entry_change change;
	(void)state;
	write_example(&record, &key);
	assert_int_equal(record.size, 68 + sizeof example_entry - 1 + ROW_DIGEST_BYTES);
	assert_memory_equal(record.data + 68, example_entry, sizeof example_entry - 1);
	assert_true(entry_read((struct bytes){record.data, record.size}, key_bytes(&key), &entry));
	assert_int_equal(entry.revision, 7);
	assert_int_equal(entry.time_us, 1);
	assert_true(bytes_equal(entry.actor, bytes_of("users/jane")));
	assert_true(bytes_equal(entry.method, bytes_of("M")));
	assert_false(entry_complete(&entry));
	assert_true(entry_next(&entry, &change));
	assert_true(bytes_equal(change.name, bytes_of("accounts/a")));
	assert_int_equal(change.operation, STORE_UPDATE);
	assert_int_equal(change.previous_revision, 3);
	assert_int_equal(change.digest[0], 2);
	assert_true(entry_complete(&entry));
	assert_false(entry_next(&entry, &change));
	scratch_done(&record);
}

/* Cut at every length and sealed again: never read past the end, never taken for whole. */
static void test_entry_truncated(void **state)
{
	struct scratch record = {0};
	struct key key;
	(void)state;
	write_example(&record, &key);
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
	scratch_done(&record);
}

static void test_entry_hash_covers_all(void **state)
{
	struct scratch record = {0};
	struct key key, other;
	uint8_t hash[STORE_HASH_BYTES];
	(void)state;
	write_example(&record, &key);
	struct bytes bytes = {record.data, record.size};
	entry_hash(bytes, key_bytes(&key), hash);
	assert_memory_equal(hash, record.data + 4, sizeof hash);
	for (size_t i = 36; i < record.size; i++) {
		record.data[i] ^= 1;
		entry_hash(bytes, key_bytes(&key), hash);
		assert_memory_not_equal(hash, record.data + 4, sizeof hash);
		record.data[i] ^= 1;
	}
	key_of_revision(8, &other);
	entry_hash(bytes, key_bytes(&other), hash);
	assert_memory_not_equal(hash, record.data + 4, sizeof hash);
	scratch_done(&record);
}

static void test_digest_needs_the_nonce(void **state)
{
	uint8_t other_nonce[ROW_NONCE_BYTES] = {9}, a[ROW_DIGEST_BYTES], b[ROW_DIGEST_BYTES], zeros[ROW_DIGEST_BYTES] = {0};
	struct row row = {1, STORE_UPDATE, nonce, bytes_of("secret")};
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
		struct scratch record = {0};
		uint8_t zeros[STORE_HASH_BYTES] = {0}, hash[STORE_HASH_BYTES];
		struct store_entry written = {.changes_count = 1};
		struct store_change change = {"a/b", STORE_DELETE, numbers[i], {NULL, 0}};
		struct entry entry;
		struct entry_change found;
		struct key key;
		key_of_revision(1, &key);
		entry_begin(&record, &written, -1, zeros);
		entry_add(&record, &change, zeros);
		entry_end(&record, key_bytes(&key), hash);
		assert_true(entry_read((struct bytes){record.data, record.size}, key_bytes(&key), &entry));
		assert_int_equal(entry.time_us, -1);
		assert_true(entry_next(&entry, &found));
		assert_true(found.previous_revision == numbers[i]);
		scratch_done(&record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_example),
		cmocka_unit_test(test_row_damage),
		cmocka_unit_test(test_entry_example),
		cmocka_unit_test(test_entry_truncated),
		cmocka_unit_test(test_entry_hash_covers_all),
		cmocka_unit_test(test_digest_needs_the_nonce),
		cmocka_unit_test(test_varints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
