/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan.c - one pass over JSON text before jansson sees it.
 *
 * jansson allocates outside of the arena, up to a hundred bytes for each element, and recurses: so both are counted first. It also says
 * nothing about where a number did not fit, so numbers are checked here and handed through as text. Everything else about syntax is jansson's.
 */
#include "common/schema/json_read.h"

#include "common/base/limits.h"
#include "common/schema/number.h"

#include <stdio.h>

/* What a number gains: "\u0000" and two quotes. */
enum { NUMBER_GAIN = 8 };

struct scan {
	struct bytes text;
	size_t at;
	struct buf *out;
	struct status *st;
	unsigned depth, elements;
};

bool json_fail_at(struct bytes text, size_t offset, struct status *st, const char *what)
{
	size_t line = 1, column = 1;
	for (size_t i = 0; i < offset && i < text.size; i++) {
		column += (text.data[i] & 0xC0) != 0x80;
		if (text.data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return status_fail(st, STATUS_INVALID_ARGUMENT, "JSON_INVALID", "JSON, line %zu, column %zu: %s", line, column, what);
}

static bool in_number(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static size_t number_size(struct bytes text, size_t at)
{
	size_t size = 0;
	while (at + size < text.size && in_number(text.data[at + size])) {
		size++;
	}
	return size;
}

static bool starts_number(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

/* Size of a string with its quotes; to the end of the text where it is not closed. */
static size_t string_size(struct bytes text, size_t at)
{
	size_t size = 1;
	while (at + size < text.size && text.data[at + size] != '"') {
		size += text.data[at + size] == '\\' && at + size + 1 < text.size ? 2 : 1;
	}
	return at + size < text.size ? size + 1 : text.size - at;
}

size_t json_offset(struct bytes text, size_t scanned_offset)
{
	size_t at = 0, scanned = 0;
	while (at < text.size && scanned < scanned_offset) {
		bool number = starts_number(text.data[at]);
		size_t size = text.data[at] == '"' ? string_size(text, at) : number ? number_size(text, at) : 1;
		size_t scanned_size = size + (number ? NUMBER_GAIN : 0);
		if (scanned + scanned_size > scanned_offset) {
			return number ? at : at + (scanned_offset - scanned);
		}
		at += size;
		scanned += scanned_size;
	}
	return at;
}

static bool scan_number(struct scan *s)
{
	size_t size = number_size(s->text, s->at);
	const char *number = (const char *)s->text.data + s->at;
	if (!number_valid(number, size)) {
		return json_fail_at(s->text, s->at, s->st, "this is not a number as JSON writes them");
	}
	buf_add_text(s->out, "\"\\u0000");
	buf_add(s->out, number, size);
	buf_add_byte(s->out, '"');
	s->at += size;
	return true;
}

static bool scan_string(struct scan *s)
{
	size_t size = string_size(s->text, s->at);
	for (size_t i = s->at; i + 6 <= s->at + size; i++) {
		if (s->text.data[i] != '\\') {
			continue;
		}
		if (memcmp(s->text.data + i, "\\u0000", 6) == 0) {
			return json_fail_at(s->text, i, s->st, "text may not hold the character U+0000");
		}
		i++;
	}
	buf_add(s->out, s->text.data + s->at, size);
	s->at += size;
	return true;
}

static bool scan_other(struct scan *s)
{
	uint8_t c = s->text.data[s->at];
	if (c == '{' || c == '[') {
		s->depth++;
	} else if ((c == '}' || c == ']') && s->depth > 0) {
		s->depth--;
	}
	s->elements += c == '{' || c == '[' || c == ',';
	if (s->depth > LIMIT_JSON_DEPTH) {
		return json_fail_at(s->text, s->at, s->st, "objects and lists are nested too deep");
	}
	if (s->elements > LIMIT_MESSAGE_ELEMENTS) {
		return json_fail_at(s->text, s->at, s->st, "there are too many elements");
	}
	buf_add_byte(s->out, c);
	s->at++;
	return true;
}

bool json_scan(struct bytes text, struct buf *out, struct status *st)
{
	struct scan s = {.text = text, .out = out, .st = st};
	while (s.at < text.size) {
		uint8_t c = text.data[s.at];
		if (!(c == '"' ? scan_string(&s) : starts_number(c) ? scan_number(&s) : scan_other(&s))) {
			return false;
		}
	}
	return true;
}
