/* SPDX-License-Identifier: Apache-2.0
 */
#include "common/base/utf8.h"

size_t utf8_size(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t size = c[0] < 0x80 ? 1 : c[0] < 0xC2 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : c[0] < 0xF5 ? 4 : 0;
	unsigned lowest = c[0] == 0xE0 ? 0xA0 : c[0] == 0xF0 ? 0x90 : 0x80;
	unsigned highest = c[0] == 0xED ? 0x9F : c[0] == 0xF4 ? 0x8F : 0xBF;
	if (size > 1 && (c[1] < lowest || c[1] > highest)) {
		return 0;
	}
	for (size_t i = 2; i < size; i++) {
		if ((c[i] & 0xC0) != 0x80) {
			return 0;
		}
	}
	return size;
}

void utf8_repair(char *text)
{
	while (*text) {
		size_t size = utf8_size(text);
		if (size == 0) {
			*text = '?';
			size = 1;
		}
		text += size;
	}
}
