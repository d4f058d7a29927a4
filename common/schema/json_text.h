/* SPDX-License-Identifier: Apache-2.0
 *
 * json_text.h - what reading and writing know of strings. Private to common/schema.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How many bytes at the beginning are characters by themselves and stand in a string as they are: ASCII but for controls, '"' and '\\'. Eight at once:
 * a byte that is another one sets its highest bit in one of the terms. */
static inline size_t json_plain_size(const void *data, size_t size)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
	const uint8_t *text = data;
	size_t at = 0;
	for (uint64_t word; at + sizeof word <= size; at += sizeof word) {
		memcpy(&word, text + at, sizeof word);
		if (((word | (word - ' ' * ones) | (word + ones) | ((word ^ ('"' * ones)) - ones) | ((word ^ ('\\' * ones)) - ones)) & high) != 0) {
			break;
		}
	}
	while (at < size && text[at] >= ' ' && text[at] < 0x7f && text[at] != '"' && text[at] != '\\') {
		at++;
	}
	return at;
}
