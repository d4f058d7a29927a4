/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over the text; segments point into it.
 */
#include "common/base/name.h"

#include <ctype.h>
#include <string.h>

static bool word_valid(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!isalpha((unsigned char)text[i])) {
			return false;
		}
	}
	return size > 0 && size <= LIMIT_ID_BYTES;
}

bool name_id_valid(const char *text, size_t size)
{
	if (size == 0 || size > LIMIT_ID_BYTES || !isalnum((unsigned char)text[0])) {
		return false;
	}
	for (size_t i = 1; i < size; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_' && text[i] != '.') {
			return false;
		}
	}
	return true;
}

bool name_parse(const char *text, bool wildcard, struct name *ret_name)
{
	struct name name = {.count = 0};
	if (strlen(text) > LIMIT_NAME_BYTES) {
		return false;
	}
	for (const char *next = text;;) {
		size_t size = strcspn(next, "/");
		bool is_id = name.count % 2 == 1;
		bool open = wildcard && is_id && size == 1 && *next == '-';
		if (name.count == LIMIT_NAME_SEGMENTS || !(open || (is_id ? name_id_valid(next, size) : word_valid(next, size)))) {
			return false;
		}
		name.segments[name.count++] = (struct name_segment){next, size};
		if (next[size] == '\0') {
			break;
		}
		next += size + 1;
	}
	*ret_name = name;
	return true;
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
