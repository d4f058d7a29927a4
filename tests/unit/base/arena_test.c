/* SPDX-License-Identifier: Apache-2.0
 *
 * The arena: alignment, the limit to the byte, the sticky overflow, and what a reset keeps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/arena.h"

static void test_pieces_are_aligned_and_apart(void **state)
{
	struct arena arena;
	uint8_t *pieces[200];
	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < 200; i++) {
		pieces[i] = arena_alloc(&arena, i);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		memset(pieces[i], (int)i, i);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i; k++) {
			assert_int_equal(pieces[i][k], i);
		}
	}
	assert_ptr_not_equal(pieces[0], pieces[1]);
	assert_false(arena.overflowed);
	arena_done(&arena);
}

static void test_limit_is_exact(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 1024);
	for (int i = 0; i < 64; i++) {
		assert_non_null(arena_alloc(&arena, 16));
	}
	assert_int_equal(arena.used_bytes, 1024);
	assert_false(arena.overflowed);
	assert_null(arena_alloc(&arena, 1));
	assert_true(arena.overflowed);
	arena_done(&arena);

	arena_init(&arena, 1024);
	assert_non_null(arena_alloc(&arena, 1024));
	assert_null(arena_alloc(&arena, 0));
	arena_done(&arena);

	arena_init(&arena, 1024);
	assert_null(arena_alloc(&arena, 1025));
	arena_done(&arena);
}

static void test_overflow_sticks(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 4096);
	assert_null(arena_alloc(&arena, 5000));
	assert_null(arena_alloc(&arena, 16));
	assert_null(arena_strdup(&arena, "x"));
	assert_null(arena_printf(&arena, "%d", 1));
	assert_int_equal(arena_bytes(&arena, bytes_of("x")).size, 0);
	arena_reset(&arena);
	assert_false(arena.overflowed);
	assert_string_equal(arena_strdup(&arena, "x"), "x");
	arena_done(&arena);
}

static void test_sizes_that_wrap(void **state)
{
	struct arena arena;
	(void)state;
	for (size_t short_of = 0; short_of < 40; short_of++) {
		arena_init(&arena, 1 << 20);
		assert_non_null(arena_alloc(&arena, 16));
		assert_null(arena_alloc(&arena, SIZE_MAX - short_of));
		assert_true(arena.overflowed);
		arena_done(&arena);
	}
	arena_init(&arena, 1 << 20);
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 4));
	assert_true(arena.overflowed);
	arena_done(&arena);
}

static void test_calloc_clears_what_was_used(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 1 << 20);
	memset(arena_alloc(&arena, 3000), 0xAA, 3000);
	arena_reset(&arena);
	const uint8_t *cleared = arena_calloc(&arena, 300, 10);
	for (size_t i = 0; i < 3000; i++) {
		assert_int_equal(cleared[i], 0);
	}
	assert_non_null(arena_calloc(&arena, 0, 8));
	arena_done(&arena);
}

static void test_reset_forgets_all_blocks_but_counts_anew(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 8u << 20);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 40; i++) {
			uint8_t *piece = arena_alloc(&arena, 100000);
			assert_non_null(piece);
			memset(piece, round, 100000);
		}
		uint8_t *large = arena_alloc(&arena, 3u << 20);
		assert_non_null(large);
		memset(large, 1, 3u << 20);
		arena_reset(&arena);
		assert_int_equal(arena.used_bytes, 0);
	}
	arena_reset(&arena);
	arena_done(&arena);
	assert_null(arena_alloc(&arena, 1));
	arena_done(&arena);
}

static void test_copies(void **state)
{
	struct arena arena;
	char text[] = "abcdef";
	(void)state;
	arena_init(&arena, 1 << 20);
	char *copy = arena_strndup(&arena, text, 3);
	const char *whole = arena_strdup(&arena, text);
	const uint8_t *bytes = arena_memdup(&arena, "a\0b", 3);
	text[0] = '!';
	assert_string_equal(copy, "abc");
	assert_string_equal(whole, "abcdef");
	assert_memory_equal(bytes, "a\0b", 3);
	assert_non_null(arena_memdup(&arena, NULL, 0));
	assert_string_equal(arena_printf(&arena, "%s-%d", copy, 7), "abc-7");
	assert_string_equal(arena_printf(&arena, "%s", ""), "");
	struct bytes none = arena_bytes(&arena, (struct bytes){NULL, 0});
	assert_int_equal(none.size, 0);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_are_aligned_and_apart), cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_overflow_sticks),              cmocka_unit_test(test_sizes_that_wrap),
		cmocka_unit_test(test_calloc_clears_what_was_used),  cmocka_unit_test(test_reset_forgets_all_blocks_but_counts_anew),
		cmocka_unit_test(test_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
