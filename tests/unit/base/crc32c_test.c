/* SPDX-License-Identifier: Apache-2.0
 *
 * The checksum against RFC 3720 appendix B.4, and against the definition bit by bit at every size and alignment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/crc32c.h"

#include <string.h>

static uint32_t by_bits(const uint8_t *data, size_t size)
{
	uint32_t crc = 0xFFFFFFFFu;
	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc & 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
		}
	}
	return ~crc;
}

static void test_known_values(void **state)
{
	uint8_t data[32];
	(void)state;
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0, NULL, 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283u);
	memset(data, 0, sizeof data);
	assert_int_equal(crc32c(0, data, sizeof data), 0x8A9136AAu);
	memset(data, 0xFF, sizeof data);
	assert_int_equal(crc32c(0, data, sizeof data), 0x62A8AB43u);
	for (uint8_t i = 0; i < 32; i++) {
		data[i] = i;
	}
	assert_int_equal(crc32c(0, data, sizeof data), 0x46DD794Eu);
	for (uint8_t i = 0; i < 32; i++) {
		data[i] = (uint8_t)(31 - i);
	}
	assert_int_equal(crc32c(0, data, sizeof data), 0x113FDB5Cu);
}

static void test_every_size_alignment_and_cut(void **state)
{
	uint8_t data[96];
	(void)state;
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)(i * 37 + 11);
	}
	for (size_t start = 0; start < 8; start++) {
		for (size_t size = 0; size <= 80; size++) {
			uint32_t wanted = by_bits(data + start, size);
			assert_int_equal(crc32c(0, data + start, size), wanted);
			for (size_t cut = 0; cut <= size; cut += 5) {
				assert_int_equal(crc32c(crc32c(0, data + start, cut), data + start + cut, size - cut), wanted);
			}
		}
	}
}

static void test_every_bit_counts(void **state)
{
	uint8_t data[33] = {1, 2, 3};
	(void)state;
	uint32_t whole = crc32c(0, data, sizeof data);
	for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(crc32c(0, data, sizeof data), whole);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_values),
		cmocka_unit_test(test_every_size_alignment_and_cut),
		cmocka_unit_test(test_every_bit_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
