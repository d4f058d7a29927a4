/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens: there and back, every one of their own, and nothing else read as one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/name.h"
#include "server/access/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void test_there_and_back(void **state)
{
	char id[TOKEN_SESSION_ID_BYTES], token[TOKEN_TEXT_BYTES], name[LIMIT_NAME_BYTES + 1], wanted[LIMIT_NAME_BYTES + 1], user[LIMIT_ID_BYTES + 1];
	uint8_t made[TOKEN_HASH_BYTES], read[TOKEN_HASH_BYTES];
	(void)state;
	memset(user, 'u', LIMIT_ID_BYTES);
	user[LIMIT_ID_BYTES] = '\0';
	for (size_t size = 1; size <= LIMIT_ID_BYTES; size++) {
		token_make(user + LIMIT_ID_BYTES - size, id, token, made);
		assert_true(token_parse(token, name, read));
		snprintf(wanted, sizeof wanted, "users/%s/sessions/%s", user + LIMIT_ID_BYTES - size, id);
		assert_string_equal(name, wanted);
		assert_memory_equal(made, read, sizeof made);
		assert_true(strlen(token) < TOKEN_TEXT_BYTES);
	}
}

/* API tokens have a beginning of their own, and so cannot be taken for sessions. */
static void test_api_tokens(void **state)
{
	char token[TOKEN_TEXT_BYTES], name[LIMIT_NAME_BYTES + 1], id[LIMIT_ID_BYTES + 1];
	uint8_t made[TOKEN_HASH_BYTES], read[TOKEN_HASH_BYTES];
	(void)state;
	token_make_api("jane", "ci", token, made);
	assert_memory_equal(token, "kamapi~jane~ci~", 15);
	assert_true(token_parse(token, name, read));
	assert_string_equal(name, "users/jane/tokens/ci");
	assert_memory_equal(made, read, sizeof made);
	memmove(token + 3, token + 6, strlen(token + 6) + 1); /* kam~jane~ci~… */
	assert_true(token_parse(token, name, read));
	assert_string_equal(name, "users/jane/sessions/ci");
	memset(id, 'i', LIMIT_ID_BYTES);
	id[LIMIT_ID_BYTES] = '\0';
	token_make_api(id, id, token, made);
	assert_true(token_parse(token, name, read));
	assert_int_equal(strlen(name), strlen("users/") + strlen("/tokens/") + 2 * LIMIT_ID_BYTES);
}

static void test_no_two_are_alike(void **state)
{
	char ids[64][TOKEN_SESSION_ID_BYTES], token[TOKEN_TEXT_BYTES];
	uint8_t hashes[64][TOKEN_HASH_BYTES];
	(void)state;
	for (int i = 0; i < 64; i++) {
		token_make("jane", ids[i], token, hashes[i]);
		assert_true(name_id_valid(ids[i], strlen(ids[i])));
		assert_int_equal(strlen(ids[i]), TOKEN_SESSION_ID_BYTES - 1);
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(ids[i], ids[k]);
			assert_memory_not_equal(hashes[i], hashes[k], TOKEN_HASH_BYTES);
		}
	}
}

static void test_every_character_of_the_secret_counts(void **state)
{
	char id[TOKEN_SESSION_ID_BYTES], token[TOKEN_TEXT_BYTES], name[LIMIT_NAME_BYTES + 1];
	uint8_t made[TOKEN_HASH_BYTES], read[TOKEN_HASH_BYTES];
	(void)state;
	token_make("jane", id, token, made);
	for (size_t i = strlen(token) - 43; token[i]; i++) {
		char kept = token[i];
		token[i] = kept == 'A' ? 'B' : 'A';
		assert_true(token_parse(token, name, read));
		assert_memory_not_equal(made, read, sizeof made);
		token[i] = kept;
	}
}

static void test_bad_tokens(void **state)
{
	static const char *const bad[] = {
		"", "~", "~~~", "kamapi~jane~s~", "kamap~jane~s~1234567890123456789012345678901234567890123",
		"kamapi~jane~~1234567890123456789012345678901234567890123", "kam", "kam~", "kam~jane~s~", "kam~jane~s",
		"kan~jane~s~1234567890123456789012345678901234567890123",
		"kamm~jane~s~1234567890123456789012345678901234567890123", "kam~~s~1234567890123456789012345678901234567890123",
		"kam~jane~~1234567890123456789012345678901234567890123", "kam~-jane~s~1234567890123456789012345678901234567890123",
		"kam~ja/ne~s~1234567890123456789012345678901234567890123", "kam~jane~s/x~1234567890123456789012345678901234567890123",
		"kam~jane~s~123456789012345678901234567890123456789012", "kam~jane~s~12345678901234567890123456789012345678901234",
		"kam~jane~s~1234567890123456789012345678901234567890123~", "kam~jane~s~t~1234567890123456789012345678901234567890123",
	};
	char name[LIMIT_NAME_BYTES + 1], long_token[1024];
	uint8_t hash[TOKEN_HASH_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(token_parse(bad[i], name, hash));
	}
	snprintf(long_token, sizeof long_token, "kam~%064d~s~1234567890123456789012345678901234567890123", 7);
	assert_false(token_parse(long_token, name, hash));
	assert_true(token_parse("kam~jane~s~1234567890123456789012345678901234567890123", name, hash));
	assert_string_equal(name, "users/jane/sessions/s");
}

/* A token cut short anywhere is none, and is not read past its end. */
static void test_cut_short(void **state)
{
	char id[TOKEN_SESSION_ID_BYTES], token[TOKEN_TEXT_BYTES], name[LIMIT_NAME_BYTES + 1];
	uint8_t hash[TOKEN_HASH_BYTES];
	(void)state;
	token_make("jane", id, token, hash);
	for (size_t size = strlen(token); size-- > 0;) {
		token[size] = '\0';
		assert_false(token_parse(token, name, hash));
	}
}

static int init(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_api_tokens), cmocka_unit_test(test_no_two_are_alike),
		cmocka_unit_test(test_every_character_of_the_secret_counts),
		cmocka_unit_test(test_bad_tokens),     cmocka_unit_test(test_cut_short),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
