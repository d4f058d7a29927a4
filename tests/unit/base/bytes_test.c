/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of bytes and the growing buffer: order as the store keeps keys, growth, and input dropped once the arena is full.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/arena.h"

static void test_order(void **state)
{
	static const struct bytes sorted[] = {
		{NULL, 0}, {(const uint8_t *)"\0", 1}, {(const uint8_t *)"\0\0", 2}, {(const uint8_t *)"a", 1},
		{(const uint8_t *)"a\0", 2}, {(const uint8_t *)"ab", 2}, {(const uint8_t *)"b", 1}, {(const uint8_t *)"\xff", 1},
	};
	enum { COUNT = sizeof sorted / sizeof sorted[0] };
	(void)state;
	for (int i = 0; i < COUNT; i++) {
		for (int k = 0; k < COUNT; k++) {
			int order = bytes_compare(sorted[i], sorted[k]);
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
			assert_int_equal(bytes_equal(sorted[i], sorted[k]), i == k);
		}
	}
	assert_true(bytes_equal((struct bytes){NULL, 0}, bytes_of("")));
}

static void test_buf_grows(void **state)
{
	struct arena arena;
	struct buf buf;
	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&buf, &arena);
	assert_int_equal(buf_bytes(&buf).size, 0);
	for (unsigned i = 0; i < 5000; i++) {
		buf_add_byte(&buf, (uint8_t)i);
	}
	assert_int_equal(buf.size, 5000);
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(buf.data[i], (uint8_t)i);
	}
	buf_add(&buf, NULL, 0);
	buf_add_text(&buf, "");
	assert_int_equal(buf.size, 5000);
	assert_false(buf.failed);
	arena_done(&arena);
}

static void test_buf_text_is_terminated_at_every_size(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 8u << 20);
	for (size_t size = 0; size < 600; size++) {
		struct buf buf;
		buf_init(&buf, &arena);
		for (size_t i = 0; i < size; i++) {
			buf_add_byte(&buf, 'x');
		}
		assert_int_equal(strlen(buf_text(&buf)), size);
		assert_int_equal(buf.size, size);
		buf_printf(&buf, "%s%d", "-", 12);
		assert_int_equal(buf.size, size + 3);
		assert_string_equal(buf_text(&buf) + size, "-12");
	}
	arena_done(&arena);
}

static void test_full_arena_drops_further_input(void **state)
{
	struct arena arena;
	struct buf buf;
	(void)state;
	arena_init(&arena, 600);
	buf_init(&buf, &arena);
	for (int i = 0; i < 256; i++) {
		buf_add_byte(&buf, 'a');
	}
	assert_false(buf.failed);
	buf_add_text(&buf, "one more");
	assert_true(buf.failed);
	assert_int_equal(buf.size, 256);
	buf_add_byte(&buf, 'b');
	buf_printf(&buf, "%d", 3);
	assert_null(buf_extend(&buf, 0));
	assert_int_equal(buf.size, 256);
	assert_string_equal(buf_text(&buf), "");
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_text_is_terminated_at_every_size),
		cmocka_unit_test(test_full_arena_drops_further_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
