/* SPDX-License-Identifier: Apache-2.0
 *
 * The key codec: examples as written in keys.h, order, and keys that a damaged page might hold.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/store/keys.h"

#include <stdio.h>
#include <stdlib.h>

static void assert_key(const struct key *key, const char *expected, size_t size)
{
	assert_int_equal(key->size, size);
	assert_memory_equal(key->data, expected, size);
}
#define ASSERT_KEY(key, literal) assert_key((key), (literal), sizeof(literal) - 1)

static void test_examples(void **state)
{
	struct key key;
	(void)state;
	assert_true(key_of_name("accounts/acme/opportunities/o1", &key));
	ASSERT_KEY(&key, "accounts/opportunities\0acme\0o1");
	assert_true(key_of_name("accounts/a", &key));
	key_add_revision(&key, 7);
	ASSERT_KEY(&key, "accounts\0a\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF8");
	key_of_index(258, bytes_of("EUR"), &key);
	assert_true(key_add_index_name(&key, "accounts/a"));
	ASSERT_KEY(&key, "\0\0\1\2" "EUR\0\0\0\0\0\3" "accounts/a");
	assert_true(key_of_request("users/jane", "id", &key));
	ASSERT_KEY(&key, "rusers/jane\0id");
	struct key expiry;
	key_of_expiry(&key, 0x102, &expiry);
	ASSERT_KEY(&expiry, "e\0\0\0\0\0\0\1\2users/jane\0id");
}

static void test_names_round_trip(void **state)
{
	static const char *const names[] = {"settings", "accounts/a", "accounts/a/programme", "accounts/a/opportunities/o.1",
	                                    "a/1/b/2/c/3/d/4", "accounts/a-b/x/a_b"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct key key;
		char name[KEY_NAME_BYTES];
		assert_true(key_of_name(names[i], &key));
		assert_int_equal(key.size, strlen(names[i]));
		assert_true(key_to_name(key_bytes(&key), name));
		assert_string_equal(name, names[i]);
	}
}

static void test_no_names(void **state)
{
	static const char *const bad[] = {"", "/", "accounts/", "accounts/-", "accounts//x", "accounts/a/", "a/1/b/2/c/3/d/4/e", "accounts/a b"};
	struct key key;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(key_of_name(bad[i], &key));
	}
	assert_false(key_of_pattern("accounts/a", &key));
	assert_false(key_of_pattern("-", &key));
	assert_true(key_of_pattern("accounts/-/opportunities/x/lines", &key));
	ASSERT_KEY(&key, "accounts/opportunities/lines");
}

/* Whatever bytes are there, no byte is written past the buffer and names that are accepted are as long as their keys. */
static void test_damaged_name_keys(void **state)
{
	static const uint8_t alphabet[] = {'a', 'b', '/', 0};
	(void)state;
	for (unsigned i = 0; i < 4u * 4u * 4u * 4u * 4u * 4u; i++) {
		uint8_t data[6];
		unsigned rest = i;
		for (size_t j = 0; j < sizeof data; j++, rest /= 4) {
			data[j] = alphabet[rest % 4];
		}
		for (size_t size = 0; size <= sizeof data; size++) {
			char name[KEY_NAME_BYTES];
			if (key_to_name((struct bytes){data, size}, name)) {
				assert_int_equal(strlen(name), size);
			}
		}
	}
	uint8_t longest[LIMIT_NAME_BYTES + 1];
	char name[KEY_NAME_BYTES];
	memset(longest, 'a', sizeof longest);
	assert_true(key_to_name((struct bytes){longest, LIMIT_NAME_BYTES}, name));
	assert_false(key_to_name((struct bytes){longest, LIMIT_NAME_BYTES + 1}, name));
}

static void test_history_keys(void **state)
{
	struct key older, newer, other;
	struct bytes name;
	uint64_t revision;
	(void)state;
	key_of_name("accounts/a", &older);
	newer = other = older;
	key_add_revision(&older, 1);
	key_add_revision(&newer, 256);
	assert_true(bytes_compare(key_bytes(&newer), key_bytes(&older)) < 0);
	assert_true(key_split_revision(key_bytes(&newer), &name, &revision));
	assert_true(bytes_equal(name, key_bytes(&other)));
	assert_int_equal(revision, 256);
	for (size_t size = 0; size < newer.size; size++) {
		bool split = key_split_revision((struct bytes){newer.data, size}, &name, &revision);
		assert_false(split && bytes_equal(name, key_bytes(&other)));
	}
}

/* Values of every length around the group borders, from an alphabet that provokes padding mistakes. */
static size_t make_value(uint8_t *value, unsigned seed)
{
	static const uint8_t alphabet[] = {0, 1, 8, 0xFE, 0xFF};
	size_t size = seed % 5 < 4 ? seed % 42 : LIMIT_INDEX_VALUE_BYTES - seed % 3;
	for (size_t i = 0; i < size; i++) {
		value[i] = i + 2 < size ? 0 : alphabet[(seed >> (i % 5)) % 5];
	}
	return size;
}

static void test_index_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		for (unsigned j = 0; j < 400; j++) {
			uint8_t a[LIMIT_INDEX_VALUE_BYTES], b[LIMIT_INDEX_VALUE_BYTES];
			struct bytes left = {a, make_value(a, i * 7)}, right = {b, make_value(b, j * 7)};
			struct key left_key, right_key;
			key_of_index(1, left, &left_key);
			key_of_index(1, right, &right_key);
			/* names the other way round: the value must decide first */
			key_add_index_name(&left_key, bytes_compare(left, right) < 0 ? "z" : "A");
			key_add_index_name(&right_key, bytes_compare(left, right) < 0 ? "A" : "z");
			int expected = bytes_compare(left, right), found = bytes_compare(key_bytes(&left_key), key_bytes(&right_key));
			if (expected != 0) {
				assert_true((expected < 0) == (found < 0));
			} else {
				assert_true(found < 0);
			}
		}
	}
}

static void test_index_round_trip(void **state)
{
	char longest[LIMIT_NAME_BYTES + 2];
	struct key key;
	(void)state;
	memset(longest, 'n', sizeof longest);
	longest[LIMIT_NAME_BYTES + 1] = '\0';
	key_of_index(1, (struct bytes){NULL, 0}, &key);
	assert_false(key_add_index_name(&key, longest));
	longest[LIMIT_NAME_BYTES] = '\0';
	for (size_t size = 0; size <= LIMIT_INDEX_VALUE_BYTES + 1; size++) {
		uint8_t value[LIMIT_INDEX_VALUE_BYTES + 1] = {0}, found[LIMIT_INDEX_VALUE_BYTES];
		char name[KEY_NAME_BYTES];
		size_t found_size;
		uint32_t index;
		key_of_index(0xFFFFFFFF, (struct bytes){value, size}, &key);
		assert_true(key_add_index_name(&key, longest));
		assert_true(key.size <= LIMIT_KEY_BYTES);
		assert_true(key_split_index(key_bytes(&key), &index, found, &found_size, name));
		assert_int_equal(index, 0xFFFFFFFF);
		assert_int_equal(found_size, size <= LIMIT_INDEX_VALUE_BYTES ? size : LIMIT_INDEX_VALUE_BYTES);
		assert_string_equal(name, longest);
	}
}

static void test_index_truncated(void **state)
{
	struct key key;
	uint8_t found[LIMIT_INDEX_VALUE_BYTES];
	char name[KEY_NAME_BYTES];
	size_t found_size;
	uint32_t index;
	(void)state;
	key_of_index(1, bytes_of("a value of more than one group"), &key);
	size_t value_end = key.size;
	key_add_index_name(&key, "accounts/a");
	for (size_t size = 0; size < key.size; size++) {
		assert_int_equal(key_split_index((struct bytes){key.data, size}, &index, found, &found_size, name), size > value_end);
	}
	key.data[4 + 8] = 9; /* more bytes than a first group has */
	assert_false(key_split_index(key_bytes(&key), &index, found, &found_size, name));
}

static void test_request_keys(void **state)
{
	char id[LIMIT_KEY_BYTES + 1];
	struct key key, expiry, back;
	int64_t expires_s;
	(void)state;
	memset(id, 'x', sizeof id);
	id[LIMIT_KEY_BYTES] = '\0';
	assert_false(key_of_request("c", id, &key));
	id[LIMIT_KEY_BYTES - 9 - 2] = '\0';
	assert_true(key_of_request("c", id, &key));
	key_of_expiry(&key, 77, &expiry);
	assert_int_equal(expiry.size, LIMIT_KEY_BYTES);
	assert_true(key_split_expiry(key_bytes(&expiry), &expires_s, &back));
	assert_int_equal(expires_s, 77);
	assert_true(bytes_equal(key_bytes(&back), key_bytes(&key)));
	assert_false(key_split_expiry(key_bytes(&key), &expires_s, &back));
	assert_false(key_split_expiry((struct bytes){expiry.data, 9}, &expires_s, &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_names_round_trip),
		cmocka_unit_test(test_no_names),
		cmocka_unit_test(test_damaged_name_keys),
		cmocka_unit_test(test_history_keys),
		cmocka_unit_test(test_index_order),
		cmocka_unit_test(test_index_round_trip),
		cmocka_unit_test(test_index_truncated),
		cmocka_unit_test(test_request_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
