/* SPDX-License-Identifier: Apache-2.0
 */
#include "common/base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_write(struct bytes bytes, bool padded, char *to)
{
	size_t used = 0;
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i < 3 ? bytes.size - i : 3;
		uint32_t group = 0;
		for (size_t k = 0; k < 3; k++) {
			group = group << 8 | (k < left ? bytes.data[i + k] : 0u);
		}
		for (size_t k = 0; k < left + 1; k++) {
			to[used++] = digits[group >> (18 - 6 * k) & 63];
		}
		for (size_t k = left; padded && k < 3; k++) {
			to[used++] = '=';
		}
	}
	return used;
}

const char *base64_encode(struct bytes bytes, bool padded, struct arena *arena)
{
	char *text = arena_alloc(arena, (bytes.size + 2) / 3 * 4 + 1);
	if (text) {
		text[base64_write(bytes, padded, text)] = '\0';
	}
	return text;
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(const char *text, size_t size, struct arena *arena, struct bytes *ret_bytes)
{
	size_t count = size;
	while (count > 0 && size - count < 2 && text[count - 1] == '=') {
		count--;
	}
	uint8_t *data = arena_alloc(arena, count / 4 * 3 + 3);
	if (!data || count % 4 == 1 || (count < size && size % 4 != 0)) {
		return false;
	}
	uint32_t bits = 0;
	unsigned held = 0;
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		int value = digit_value(text[i]);
		if (value < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			data[used++] = (uint8_t)(bits >> held);
		}
	}
	*ret_bytes = (struct bytes){data, used};
	return true;
}
