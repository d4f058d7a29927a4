/* SPDX-License-Identifier: Apache-2.0
 *
 * Resource names: what is one and what is not, byte by byte, and their parts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/name.h"

#include <string.h>

static void test_ids(void **state)
{
	char text[LIMIT_ID_BYTES + 2];
	(void)state;
	for (int c = 0; c < 256; c++) {
		text[0] = (char)c;
		text[1] = 'a';
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		assert_int_equal(name_id_valid(text, 2), plain);
		text[0] = 'a';
		text[1] = (char)c;
		assert_int_equal(name_id_valid(text, 2), plain || (c != 0 && strchr("-_.", c)));
	}
	memset(text, 'a', sizeof text);
	assert_false(name_id_valid(text, 0));
	assert_true(name_id_valid(text, 1));
	assert_true(name_id_valid(text, LIMIT_ID_BYTES));
	assert_false(name_id_valid(text, LIMIT_ID_BYTES + 1));
}

static void test_names(void **state)
{
	static const char *const good[] = {"programme", "accounts/acme", "accounts/a.b-c_d/stakeholders/7", "accounts/acme/stakeholders"};
	static const char *const bad[] = {"", "/", "accounts/", "/accounts", "accounts//x", "accounts/acme/", "acc0unts/x", "accounts/-", "accounts/-x",
	                                  "accounts/a b", "accounts/\xC3\xA9", "-/acme", "accounts/acme/-/x", "accounts/..", "accounts/a/b/c/d/e/f/g/i"};
	struct name name;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(name_parse(good[i], false, &name));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		name.count = 99;
		assert_false(name_parse(bad[i], false, &name));
		assert_int_equal(name.count, 99);
	}
	assert_true(name_parse("accounts/-", true, &name));
	assert_true(name_parse("accounts/-/ties/-", true, &name));
	assert_false(name_parse("accounts/--", true, &name));
	assert_false(name_parse("-/acme", true, &name));
	assert_true(name_parse("a/b/c/d/e/f/g/h", false, &name));
	assert_int_equal(name.count, LIMIT_NAME_SEGMENTS);
}

static void test_longest_name(void **state)
{
	char text[LIMIT_NAME_BYTES + 2] = "";
	struct name name;
	(void)state;
	for (int i = 0; i < 3; i++) {
		strcat(text, i ? "/words/" : "words/");
		memset(text + strlen(text), 'x', LIMIT_ID_BYTES);
	}
	strcat(text, "/");
	memset(text + strlen(text), 'w', LIMIT_NAME_BYTES - strlen(text));
	assert_int_equal(strlen(text), LIMIT_NAME_BYTES);
	assert_true(name_parse(text, false, &name));
	text[LIMIT_NAME_BYTES] = 'w';
	assert_false(name_parse(text, false, &name));
}

static void test_parts(void **state)
{
	static const char text[] = "accounts/acme/stakeholders/jane";
	char words[64];
	struct name name;
	(void)state;
	assert_true(name_parse(text, false, &name));
	assert_int_equal(name.count, 4);
	assert_int_equal(name.segments[3].size, 4);
	assert_ptr_equal(name.segments[3].text, text + 27);
	assert_true(name_collection(&name, words, sizeof words));
	assert_string_equal(words, "accounts/stakeholders");
	assert_int_equal(name_parent_size(&name), strlen("accounts/acme"));
	for (size_t size = 1; size < sizeof words; size++) {
		memset(words, '!', sizeof words);
		bool fits = name_collection(&name, words, size);
		assert_int_equal(fits, size > strlen("accounts/stakeholders"));
		assert_int_equal(words[size], '!');
	}
	assert_true(name_parse("accounts/acme", false, &name));
	assert_int_equal(name_parent_size(&name), 0);
	assert_true(name_parse("programme", false, &name));
	assert_int_equal(name_parent_size(&name), 0);
	assert_true(name_parse("accounts/acme/stakeholders", false, &name));
	assert_int_equal(name_parent_size(&name), strlen("accounts/acme"));
	assert_true(name_parse("accounts/a/scorecards/s/entries/e", false, &name));
	assert_int_equal(name_parent_size(&name), strlen("accounts/a/scorecards/s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
