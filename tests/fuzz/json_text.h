/* SPDX-License-Identifier: Apache-2.0
 *
 * json_text.h - whether a text that was written is JSON, by the grammar of RFC 8259 and nothing of common/schema. Without blanks: kam writes none here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool json_text_literal(const char **text, const char *word)
{
	bool fits = strncmp(*text, word, strlen(word)) == 0;
	*text += fits ? strlen(word) : 0;
	return fits;
}

static inline bool json_text_string(const char **text)
{
	if (!json_text_literal(text, "\"")) {
		return false;
	}
	for (; **text != '"'; (*text)++) {
		if ((unsigned char)**text < 0x20) {
			return false;
		}
		if (**text == '\\') {
			(*text)++;
			if (**text == 'u' ? strspn(*text + 1, "0123456789abcdefABCDEF") < 4 : **text == '\0' || strchr("\"\\/bfnrt", **text) == NULL) {
				return false;
			}
		}
	}
	(*text)++;
	return true;
}

static inline bool json_text_digits(const char **text)
{
	size_t size = strspn(*text, "0123456789");
	*text += size;
	return size > 0;
}

static inline bool json_text_number(const char **text)
{
	json_text_literal(text, "-");
	if (!json_text_literal(text, "0") && !json_text_digits(text)) {
		return false;
	}
	if (json_text_literal(text, ".") && !json_text_digits(text)) {
		return false;
	}
	if (json_text_literal(text, "e") || json_text_literal(text, "E")) {
		*text += **text == '+' || **text == '-';
		return json_text_digits(text);
	}
	return true;
}

static inline bool json_text_value(const char **text)
{
	bool object = **text == '{';
	if (!object && **text != '[') {
		return **text == '"' ? json_text_string(text)
		                     : json_text_literal(text, "true") || json_text_literal(text, "false") || json_text_literal(text, "null") || json_text_number(text);
	}
	const char *close = object ? "}" : "]";
	(*text)++;
	if (json_text_literal(text, close)) {
		return true;
	}
	do {
		if ((object && !(json_text_string(text) && json_text_literal(text, ":"))) || !json_text_value(text)) {
			return false;
		}
	} while (json_text_literal(text, ","));
	return json_text_literal(text, close);
}

static inline bool json_text_sound(const char *text)
{
	return json_text_value(&text) && *text == '\0';
}
