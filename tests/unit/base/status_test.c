/* SPDX-License-Identifier: Apache-2.0
 *
 * Statuses: the first failure wins, faults of fields add up to a bound, and every text stays valid UTF-8 wherever it is cut.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/status.h"

#include <stdio.h>
#include <string.h>

/* RFC 3629, by the table of its section 4. */
static bool is_utf8(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	while (*c) {
		int more = *c < 0x80 ? 0 : *c >= 0xC2 && *c <= 0xDF ? 1 : *c >= 0xE0 && *c <= 0xEF ? 2 : *c >= 0xF0 && *c <= 0xF4 ? 3 : -1;
		if (more < 0 || (*c == 0xE0 && c[1] < 0xA0) || (*c == 0xED && c[1] > 0x9F) || (*c == 0xF0 && c[1] < 0x90) || (*c == 0xF4 && c[1] > 0x8F)) {
			return false;
		}
		for (c++; more > 0; more--, c++) {
			if ((*c & 0xC0) != 0x80) {
				return false;
			}
		}
	}
	return true;
}

static void test_first_failure_wins(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	assert_true(status_ok(&st));
	assert_false(status_fail(&st, STATUS_NOT_FOUND, "A", "first %d", 1));
	assert_false(status_fail(&st, STATUS_INTERNAL, "B", "second"));
	assert_int_equal(st.code, STATUS_NOT_FOUND);
	assert_string_equal(st.reason, "A");
	assert_string_equal(st.message, "first 1");
	assert_false(status_field(&st, "x", "not listed under another failure"));
	assert_int_equal(st.violations_count, 0);
	status_init(&st);
	assert_false(status_fail(&st, STATUS_INTERNAL, NULL, "no reason"));
	assert_string_equal(st.reason, "");
}

static void test_fields_add_up(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	for (int i = 0; i < STATUS_VIOLATIONS + 5; i++) {
		char field[16];
		snprintf(field, sizeof field, "f%d", i);
		assert_false(status_field(&st, field, "is %d", i));
	}
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(st.reason, "FIELD_INVALID");
	assert_string_equal(st.message, "f0: is 0");
	assert_int_equal(st.violations_count, STATUS_VIOLATIONS);
	assert_string_equal(st.violations[STATUS_VIOLATIONS - 1].field, "f15");
	assert_string_equal(st.violations[STATUS_VIOLATIONS - 1].description, "is 15");
	status_init(&st);
	status_field(&st, "", "about the whole");
	assert_string_equal(st.message, "about the whole");
}

static void test_long_texts_are_cut_between_characters(void **state)
{
	static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
	(void)state;
	for (size_t kind = 0; kind < 4; kind++) {
		for (size_t lead = 0; lead < 8; lead++) {
			char text[2400] = "";
			struct status st;
			memset(text, 'x', lead);
			for (size_t used = lead; used < 1200; used += strlen(characters[kind])) {
				strcat(text, characters[kind]);
			}
			status_init(&st);
			status_fail(&st, STATUS_INTERNAL, "R", "%s", text);
			assert_true(is_utf8(st.message));
			assert_true(strlen(st.message) > STATUS_MESSAGE_BYTES - 10);
			assert_non_null(strstr(st.message, "\xE2\x80\xA6"));
			status_init(&st);
			status_field(&st, text, "%s", text);
			assert_true(is_utf8(st.violations[0].description));
			assert_true(is_utf8(st.violations[0].field));
			assert_non_null(strstr(st.violations[0].description, "\xE2\x80\xA6"));
			assert_non_null(strstr(st.violations[0].field, "\xE2\x80\xA6"));
			assert_true(is_utf8(st.message));
		}
	}
}

/* Callers quote the beginning of what a client sent with "%.80s", which counts bytes. */
static void test_text_cut_by_a_precision_stays_valid(void **state)
{
	(void)state;
	for (int bytes = 1; bytes < 12; bytes++) {
		struct status st;
		status_init(&st);
		status_fail(&st, STATUS_INVALID_ARGUMENT, "R", "\"%.*s\" is no name", bytes, "\xF0\x9F\x98\x80\xE2\x82\xAC\xC3\xA9z");
		assert_true(is_utf8(st.message));
		assert_non_null(strstr(st.message, "\" is no name"));
		status_init(&st);
		status_field(&st, "field", "%.*s is bad", bytes, "\xF0\x9F\x98\x80\xE2\x82\xAC\xC3\xA9z");
		assert_true(is_utf8(st.violations[0].description));
		assert_true(is_utf8(st.message));
	}
	struct status st;
	status_init(&st);
	status_fail(&st, STATUS_INTERNAL, "R", "%s", "a\xFF\xC0\x80\xED\xA0\x80 b");
	assert_true(is_utf8(st.message));
	assert_non_null(strstr(st.message, " b"));
	status_init(&st);
	status_fail(&st, STATUS_INTERNAL, "R", "%s", "\xE2\x82\xAC and \xF0\x9F\x98\x80");
	assert_string_equal(st.message, "\xE2\x82\xAC and \xF0\x9F\x98\x80");
}

static void test_code_names(void **state)
{
	(void)state;
	for (int code = STATUS_OK; code <= STATUS_UNAUTHENTICATED; code++) {
		char lower[32];
		const char *name = status_code_name((enum status_code)code);
		size_t i = 0;
		for (; name[i]; i++) {
			lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
		}
		lower[i] = '\0';
		assert_int_equal(status_code_of_name(name), code);
		assert_int_equal(status_code_of_name(lower), code);
	}
	assert_string_equal(status_code_name((enum status_code)17), "UNKNOWN");
	assert_string_equal(status_code_name((enum status_code)-1), "UNKNOWN");
	assert_int_equal(status_code_of_name("canceled"), STATUS_CANCELLED);
	assert_int_equal(status_code_of_name("NOT_FOUN"), STATUS_UNKNOWN);
	assert_int_equal(status_code_of_name(""), STATUS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_failure_wins),
		cmocka_unit_test(test_fields_add_up),
		cmocka_unit_test(test_long_texts_are_cut_between_characters),
		cmocka_unit_test(test_text_cut_by_a_precision_stays_valid),
		cmocka_unit_test(test_code_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
