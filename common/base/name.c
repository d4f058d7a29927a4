/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over the text; segments point into it.
 */
#include "common/base/name.h"

#include <stdint.h>
#include <string.h>

/* What a character may be part of. */
enum { WORD = 1, ID = 2, ID_FIRST = 4 };
static const uint8_t parts_of[UINT8_MAX + 1] = {
	['A' ... 'Z'] = WORD | ID | ID_FIRST, ['a' ... 'z'] = WORD | ID | ID_FIRST, ['0' ... '9'] = ID | ID_FIRST, ['-'] = ID, ['_'] = ID, ['.'] = ID,
};

static bool starts_id(char c)
{
	return parts_of[(uint8_t)c] & ID_FIRST;
}

/* Bytes at the beginning of a text that may be part of this. */
static size_t span(const char *text, uint8_t part)
{
	size_t size = 0;
	while (parts_of[(uint8_t)text[size]] & part) {
		size++;
	}
	return size;
}

bool name_id_valid(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!(parts_of[(uint8_t)text[i]] & ID)) {
			return false;
		}
	}
	return size > 0 && size <= LIMIT_ID_BYTES && starts_id(text[0]);
}

bool name_parse(const char *text, bool wildcard, struct name *ret_name)
{
	const char *next = text;
	for (size_t count = 0; count < LIMIT_NAME_SEGMENTS; count++) {
		bool is_id = count % 2 == 1;
		size_t size = span(next, is_id ? ID : WORD);
		bool open = wildcard && is_id && size == 1 && *next == '-';
		if (size == 0 || size > LIMIT_ID_BYTES || (is_id && !open && !starts_id(*next))) {
			return false;
		}
		ret_name->segments[count] = (struct name_segment){next, size};
		next += size;
		if (*next == '\0' && next - text <= LIMIT_NAME_BYTES) {
			ret_name->count = count + 1;
			return true;
		}
		if (*next++ != '/') {
			return false;
		}
	}
	return false;
}

bool name_collection(const struct name *name, char *ret_text, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < name->count; i += 2) {
		const struct name_segment *word = &name->segments[i];
		if (used + (i > 0) + word->size + 1 > size) {
			return false;
		}
		if (i > 0) {
			ret_text[used++] = '/';
		}
		memcpy(ret_text + used, word->text, word->size);
		used += word->size;
	}
	ret_text[used] = '\0';
	return true;
}

size_t name_parent_size(const struct name *name)
{
	size_t last_word = (name->count - 1) & ~(size_t)1;
	return last_word == 0 ? 0 : (size_t)(name->segments[last_word].text - name->segments[0].text) - 1;
}

bool name_lies_below(const char *name, const char *top)
{
	size_t size = strlen(top);
	return strncmp(name, top, size) == 0 && (name[size] == '\0' || name[size] == '/');
}
