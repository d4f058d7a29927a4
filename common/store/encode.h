/* SPDX-License-Identifier: Apache-2.0
 *
 * encode.h - numbers as bytes, big-endian, so that LMDB's memcmp orders them.
 */
#pragma once

#include <stdint.h>

static inline void encode_u32(uint8_t *out, uint32_t number)
{
	for (int i = 3; i >= 0; i--, number >>= 8) {
		out[i] = (uint8_t)number;
	}
}

static inline void encode_u64(uint8_t *out, uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8) {
		out[i] = (uint8_t)number;
	}
}

static inline uint32_t decode_u32(const uint8_t *in)
{
	uint32_t number = 0;
	for (int i = 0; i < 4; i++) {
		number = number << 8 | in[i];
	}
	return number;
}

static inline uint64_t decode_u64(const uint8_t *in)
{
	return (uint64_t)decode_u32(in) << 32 | decode_u32(in + 4);
}
