/* SPDX-License-Identifier: Apache-2.0
 *
 * base64: there and back at every length, both alphabets, and what is none.
 */
#include "common/base/base64.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static struct arena arena;

static void base64_round_trips(void **state)
{
	uint8_t data[300];
	(void)state;
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)(i * 73 + 11);
	}
	for (size_t size = 0; size < sizeof data; size++) {
		const char *text = base64_encode((struct bytes){data, size}, false, &arena);
		struct bytes back;
		assert_null(strchr(text, '='));
		assert_true(base64_decode(text, strlen(text), &arena, &back));
		assert_true(bytes_equal(back, (struct bytes){data, size}));
	}
	assert_string_equal(base64_encode(bytes_of("\xab\xab\xab"), false, &arena), "q6ur"); /* what grpcio sends for it */
}

static void base64_takes_both_alphabets_and_refuses_others(void **state)
{
	static const char *const good[] = {"-_8", "+/8", "+/8=", "-_8="};
	static const char *const bad[] = {"A", "AB!D", "AAAAA", "A=AA", "A A="};
	struct bytes bytes;
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(base64_decode(good[i], strlen(good[i]), &arena, &bytes));
		assert_true(bytes_equal(bytes, (struct bytes){(const uint8_t *)"\xfb\xff", 2}));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(base64_decode(bad[i], strlen(bad[i]), &arena, &bytes));
	}
}

static void pads_where_asked(void **state)
{
	static const char *const padded[] = {"", "YQ==", "YWI=", "YWJj"};
	(void)state;
	for (size_t size = 0; size < 4; size++) {
		assert_string_equal(base64_encode((struct bytes){(const uint8_t *)"abc", size}, true, &arena), padded[size]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_round_trips),
		cmocka_unit_test(base64_takes_both_alphabets_and_refuses_others),
		cmocka_unit_test(pads_where_asked),
	};
	arena_init(&arena, 1 << 20);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&arena);
	return failed;
}
