/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords: length counted in characters, the commonest refused, and a hash that fits only its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/limits.h"
#include "server/access/password.h"

#include <string.h>

static const char *const own[] = {"jane", "Jane van Doe-Miller", "j.doe@example.com", NULL};
static const struct password_cost cheap = {7, 5}, dear = {16, 5}, usual = {LIMIT_PASSWORD_MEMORY_MIB, LIMIT_PASSWORD_PASSES};

static bool accepted(const char *password)
{
	struct status st;
	status_init(&st);
	bool ok = password_check(password, own, "field", &st);
	assert_int_equal(ok, status_ok(&st));
	if (!ok) {
		assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
		assert_string_equal(st.violations[0].field, "field");
	}
	return ok;
}

static void test_length_in_characters(void **state)
{
	char text[4 * LIMIT_PASSWORD_CHARACTERS_MAX + 8] = "";
	(void)state;
	assert_false(accepted(""));
	assert_false(accepted("1234xyz"));
	assert_true(accepted("1234xyzw"));
	assert_false(accepted("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"));
	assert_true(accepted("\xC3\xA9\xC3\xA0\xC3\xA8\xC3\xAA\xC3\xAB\xC3\xAC\xC3\xAD\xC3\xAE"));
	for (unsigned i = 0; i < LIMIT_PASSWORD_CHARACTERS_MAX; i++) {
		char face[] = "\xF0\x9F\x98\x80";
		face[3] = (char)(0x80 + i * i % 61);
		strcat(text, face);
	}
	assert_true(accepted(text));
	strcat(text, "a");
	assert_false(accepted(text));
}

static void test_commonest(void **state)
{
	static const char *const refused[] = {
		"password", "PassWord", "password1", "Password123!", "p@ssw0rd", "P@$$w0rd", "1password", "passwort", "12345678", "123456789", "1234567890",
		"0123456789", "87654321", "0987654321", "11111111", "aaaaaaaaaaaa", "12341234", "abcabcabc", "abcd1234", "abcdefgh", "qwertyui", "QWERTY123",
		"qwertzuiop", "qwerty12345", "poiuytrewq", "asdfghjkl", "1qaz2wsx", "1q2w3e4r", "zaq12wsx", "!@#$%^&*", "dragon123", "letmein1", "welcome2026",
		"iloveyou", "sunshine", "football1", "admin123", "changeme!", "summer2026", "winter24!", "Adm1n1234", "trustno1", "test1234", "hello123",
		"asdfasdf", "kamkamkam", "kam-2026", "Kam12345",
	};
	static const char *const taken[] = {
		"password-of-mine", "quiet harbour lantern", "kamikaze pilot", "correct horse", "mX7-pq2r-91za", "sunshine over lakes", "1234 candles",
		"test of courage", "admiral nelson", "qwertyuiop-lantern", "abcd-harbour", "passwordless", "\xC3\xA9t\xC3\xA9 \xC3\xA0 Paris", "9f8a7c6b5d",
	};
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		if (accepted(refused[i])) {
			fail_msg("%s was taken", refused[i]);
		}
	}
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		if (!accepted(taken[i])) {
			fail_msg("%s was refused", taken[i]);
		}
	}
}

/* What anybody can read about a user is not a secret of theirs. */
static void test_own_words(void **state)
{
	static const char *const refused[] = {"jane2026", "JaneDoe1", "doe.jane!", "van doe 1", "miller77", "Jane-Miller", "janekam1", "jane.password"};
	static const char *const taken[] = {"jane and the lantern", "doe19283746", "harbour2026"};
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		if (accepted(refused[i])) {
			fail_msg("%s was taken", refused[i]);
		}
		if (i < 6) {
			assert_false(password_common(refused[i], NULL)); /* it is only theirs */
		}
	}
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		if (!accepted(taken[i])) {
			fail_msg("%s was refused", taken[i]);
		}
	}
}

static void test_hash_fits_only_its_own(void **state)
{
	char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
	struct status st;
	(void)state;
	status_init(&st);
	assert_true(password_hash(&usual, "correct horse", hash, &st));
	assert_true(password_hash(&usual, "correct horse", again, &st));
	assert_string_not_equal(hash, again);
	assert_memory_equal(hash, "$argon2id$v=19$m=65536,t=3,", 27);
	assert_true(password_verify(&usual, hash, "correct horse"));
	assert_false(password_verify(&usual, hash, "correct horsf"));
	assert_false(password_verify(&usual, hash, ""));
	assert_false(password_verify(&usual, NULL, "correct horse"));
	assert_false(password_verify(&usual, "", ""));
	assert_false(password_verify(&usual, "not a hash", "correct horse"));
	hash[strlen(hash) - 1] ^= 1;
	assert_false(password_verify(&usual, hash, "correct horse"));
}

/* A hash says at what cost it was made: it is verified at that, and is outdated where another is configured. */
static void test_cost_that_has_changed(void **state)
{
	char hash[PASSWORD_HASH_BYTES];
	struct status st;
	(void)state;
	status_init(&st);
	assert_true(password_hash(&cheap, "correct horse", hash, &st));
	assert_memory_equal(hash, "$argon2id$v=19$m=7168,t=5,", 26);
	assert_false(password_outdated(&cheap, hash));
	assert_true(password_outdated(&dear, hash));
	assert_true(password_verify(&dear, hash, "correct horse"));
	assert_false(password_verify(&dear, hash, "correct horsf"));
	assert_true(password_hash(&dear, "correct horse", hash, &st));
	assert_true(password_outdated(&cheap, hash));
	assert_true(password_verify(&cheap, hash, "correct horse"));
}

static void test_cost_that_is_too_little(void **state)
{
	static const struct password_cost good[] = {{7, 5}, {35, 1}, {64, 3}, {1, 35}}, bad[] = {{7, 4}, {34, 1}, {1, 34}};
	struct status st;
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		status_init(&st);
		assert_true(password_cost_check(&good[i], &st));
	}
	for (size_t i = 0; i < 3; i++) {
		status_init(&st);
		assert_false(password_cost_check(&bad[i], &st));
		assert_non_null(strstr(st.message, "password.memory_mib"));
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
		cmocka_unit_test(test_length_in_characters),
		cmocka_unit_test(test_commonest),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_hash_fits_only_its_own),
		cmocka_unit_test(test_cost_that_has_changed),
		cmocka_unit_test(test_cost_that_is_too_little),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
