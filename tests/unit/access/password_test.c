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

static bool accepted(const char *password)
{
	struct status st;
	status_init(&st);
	bool ok = password_check(password, "field", &st);
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
	assert_true(accepted("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"));
	for (unsigned i = 0; i < LIMIT_PASSWORD_CHARACTERS_MAX; i++) {
		strcat(text, "\xF0\x9F\x98\x80");
	}
	assert_true(accepted(text));
	strcat(text, "a");
	assert_false(accepted(text));
}

static void test_commonest(void **state)
{
	(void)state;
	assert_false(accepted("password"));
	assert_false(accepted("PassWord"));
	assert_false(accepted("12345678"));
	assert_false(accepted("dragon123"));
	assert_true(accepted("password-of-mine"));
}

static void test_hash_fits_only_its_own(void **state)
{
	char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
	struct status st;
	(void)state;
	status_init(&st);
	assert_true(password_hash("correct horse", hash, &st));
	assert_true(password_hash("correct horse", again, &st));
	assert_string_not_equal(hash, again);
	assert_memory_equal(hash, "$argon2id$", 10);
	assert_true(password_verify(hash, "correct horse"));
	assert_false(password_verify(hash, "correct horsf"));
	assert_false(password_verify(hash, ""));
	assert_false(password_verify(NULL, "correct horse"));
	assert_false(password_verify("", ""));
	assert_false(password_verify("not a hash", "correct horse"));
	hash[strlen(hash) - 1] ^= 1;
	assert_false(password_verify(hash, "correct horse"));
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
		cmocka_unit_test(test_hash_fits_only_its_own),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
