/* SPDX-License-Identifier: Apache-2.0
 *
 * On x86-64 with SSE 4.2 the crc32 instruction does 8 bytes at a time; elsewhere a table of 256 does one.
 */
#include "common/base/crc32c.h"

#include <stdbool.h>
#include <string.h>

static uint32_t table[256];

__attribute__((constructor)) static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;
		for (int bit = 0; bit < 8; bit++) {
			value = value & 1 ? (value >> 1) ^ 0x82F63B78u : value >> 1;
		}
		table[i] = value;
	}
}

static uint32_t by_table(uint32_t crc, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
	}
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *data, size_t size)
{
	uint64_t wide = crc;
	for (; size >= 8; data += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, data, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; size > 0; data++, size--) {
		crc = __builtin_ia32_crc32qi(crc, *data);
	}
	return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2")) {
		return ~by_instruction(~crc, data, size);
	}
#endif
	return ~by_table(~crc, data, size);
}
