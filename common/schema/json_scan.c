/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan.c - JSON text as tokens. Source: RFC 8259, and RFC 8785 section 3.2.2.2 for what may stand in a string: Unicode, so no lone surrogate.
 *
 * Numbers stay text, for the field that takes one knows how wide it is. U+0000 is refused: strings of messages end with it.
 */
#include "common/schema/json_read.h"
#include "common/schema/json_text.h"

#include "common/base/limits.h"
#include "common/schema/number.h"

#include <utf8proc.h>

bool json_fail_at(const struct json_reader *r, size_t offset, const char *what)
{
	size_t line = 1, column = 1;
	for (size_t i = 0; i < offset && i < r->text.size; i++) {
		column += (r->text.data[i] & 0xC0) != 0x80;
		if (r->text.data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return status_fail(r->st, STATUS_INVALID_ARGUMENT, "JSON_INVALID", "JSON, line %zu, column %zu: %s", line, column, what);
}

static bool fail_here(const struct json_reader *r)
{
	return json_fail_at(r, r->at, r->at < r->text.size ? "this is not JSON" : "the text ends too early");
}

/* The byte that the reader stands on; 0, which no token begins with, at the end. */
static uint8_t here(const struct json_reader *r)
{
	return r->at < r->text.size ? r->text.data[r->at] : 0;
}

static uint8_t skip_blanks(struct json_reader *r)
{
	uint8_t c = here(r);
	while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
		r->at++;
		c = here(r);
	}
	return c;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u"; -1 where they are not. */
static int32_t code_unit(const struct json_reader *r, size_t at, size_t end)
{
	int32_t unit = 0;
	if (end - at < 6 || r->text.data[at] != '\\' || r->text.data[at + 1] != 'u') {
		return -1;
	}
	for (size_t i = at + 2; i < at + 6; i++) {
		int digit = hex_value(r->text.data[i]);
		if (digit < 0) {
			return -1;
		}
		unit = unit << 4 | digit;
	}
	return unit;
}

/* The character of the escape at `at`, and how long the escape is; -1 where it is none. */
static int32_t escape(const struct json_reader *r, size_t at, size_t end, size_t *ret_size)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	/* A string does not end behind a backslash, so there is a letter. */
	const char *letter = memchr(letters, r->text.data[at + 1], sizeof letters - 1);
	*ret_size = 2;
	if (letter) {
		return meanings[letter - letters];
	}
	*ret_size = 6;
	int32_t unit = code_unit(r, at, end);
	if (unit < 0xD800 || unit > 0xDFFF) {
		return unit;
	}
	int32_t low = code_unit(r, at + 6 < end ? at + 6 : end, end);
	*ret_size = 12;
	return unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : -1;
}

/* Copies what stands between the quotes. The text of an escape is longer than its character. */
static bool unescape(const struct json_reader *r, size_t start, size_t end, const char **ret_text)
{
	uint8_t *copy = arena_alloc(r->arena, end - start + 1), *out = copy;
	if (!copy) {
		return json_fail_memory(r);
	}
	for (size_t at = start; at < end;) {
		const uint8_t *from = r->text.data + at, *backslash = memchr(from, '\\', end - at);
		size_t plain = backslash ? (size_t)(backslash - from) : end - at, size;
		memcpy(out, from, plain);
		out += plain;
		at += plain;
		if (at == end) {
			break;
		}
		int32_t code = escape(r, at, end, &size);
		if (code <= 0) {
			return json_fail_at(r, at, code == 0 ? "text may not hold the character U+0000" : "an escape in a text names no character");
		}
		out += utf8proc_encode_char(code, out);
		at += size;
	}
	*out = '\0';
	*ret_text = (const char *)copy;
	return true;
}

/* From the opening quote to behind the closing one. */
static bool read_string(struct json_reader *r, const char **ret_text)
{
	const uint8_t *data = r->text.data;
	size_t start = r->at + 1, size = r->text.size, at = start + json_plain_size(data + start, size - start);
	bool escaped = false;
	while (at < size && data[at] != '"') {
		utf8proc_int32_t code;
		utf8proc_ssize_t step = utf8proc_iterate(data + at, (utf8proc_ssize_t)(size - at), &code);
		if (step <= 0) {
			return json_fail_at(r, at, "this is not UTF-8");
		}
		if (code < 0x20) {
			return json_fail_at(r, at, "a control character in a text must be escaped");
		}
		at += (size_t)step;
		if (code == '\\') {
			escaped = true;
			/* What it escapes is looked at later; here, only that it does not end the string. */
			at += at < size && (data[at] == '"' || data[at] == '\\');
		}
		at += json_plain_size(data + at, size - at);
	}
	if (at >= size) {
		return json_fail_at(r, size, "the text ends too early");
	}
	r->at = at + 1;
	if (escaped) {
		return unescape(r, start, at, ret_text);
	}
	*ret_text = arena_strndup(r->arena, (const char *)data + start, at - start);
	return *ret_text || json_fail_memory(r);
}

/* ---- other tokens ----------------------------------------------------------------------------------------------------------- */

static bool in_number(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool read_number(struct json_reader *r, const char **ret_text)
{
	const char *start = (const char *)r->text.data + r->at;
	size_t size = 0;
	while (r->at + size < r->text.size && in_number(r->text.data[r->at + size])) {
		size++;
	}
	if (!number_valid(start, size)) {
		return json_fail_at(r, r->at, "this is not a number as JSON writes them");
	}
	r->at += size;
	*ret_text = arena_strndup(r->arena, start, size);
	return *ret_text || json_fail_memory(r);
}

static bool read_word(struct json_reader *r, const char *word)
{
	size_t size = strlen(word), left = r->text.size - r->at;
	if (memcmp(r->text.data + r->at, word, left < size ? left : size) != 0) {
		return fail_here(r);
	}
	r->at += left < size ? left : size;
	return left >= size || fail_here(r);
}

bool json_next(struct json_reader *r, struct json_value *ret_value)
{
	*ret_value = (struct json_value){.kind = JSON_NULL};
	uint8_t c = skip_blanks(r);
	if (++r->elements > LIMIT_MESSAGE_ELEMENTS) {
		return json_fail_at(r, r->at, "there are too many elements");
	}
	switch (c) {
	case '{':
		ret_value->kind = JSON_OBJECT;
		return true;
	case '[':
		ret_value->kind = JSON_LIST;
		return true;
	case '"':
		ret_value->kind = JSON_STRING;
		return read_string(r, &ret_value->text);
	case 't':
		ret_value->kind = JSON_TRUE;
		return read_word(r, "true");
	case 'f':
		ret_value->kind = JSON_FALSE;
		return read_word(r, "false");
	case 'n':
		return read_word(r, "null");
	default:
		break;
	}
	if (c != '-' && (c < '0' || c > '9')) {
		return fail_here(r);
	}
	ret_value->kind = JSON_NUMBER;
	return read_number(r, &ret_value->text);
}

bool json_enter(struct json_reader *r)
{
	if (r->depth == LIMIT_JSON_DEPTH) {
		return json_fail_at(r, r->at, "objects and lists are nested too deep");
	}
	r->depth++;
	r->at++;
	return true;
}

bool json_more(struct json_reader *r, char close, size_t count, bool *ret_more)
{
	uint8_t c = skip_blanks(r);
	*ret_more = c != (uint8_t)close;
	if (!*ret_more) {
		r->depth--;
		r->at++;
		return true;
	}
	if (count > 0 && c != ',') {
		return fail_here(r);
	}
	r->at += count > 0;
	return true;
}

bool json_name(struct json_reader *r, const char **ret_name)
{
	if (skip_blanks(r) != '"') {
		return fail_here(r);
	}
	if (!read_string(r, ret_name)) {
		return false;
	}
	if (skip_blanks(r) != ':') {
		return fail_here(r);
	}
	r->at++;
	return true;
}

/* Behind the closing quote, or at the end of the text. */
static size_t pass_over_string(struct bytes text, size_t at)
{
	for (at++; at < text.size && text.data[at] != '"'; at++) {
		at += text.data[at] == '\\';
	}
	return at < text.size ? at + 1 : text.size;
}

bool json_pass_over(struct json_reader *r)
{
	size_t start = r->at, depth = 0;
	for (uint8_t c = here(r); r->at < r->text.size; c = here(r)) {
		if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
			break;
		}
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		r->at = c == '"' ? pass_over_string(r->text, r->at) : r->at + 1;
	}
	r->passed_over_bytes += r->at - start;
	return r->passed_over_bytes <= LIMIT_JSON_PASSED_OVER_BYTES || json_fail_at(r, start, "this stands in front of too many \"@type\"s: put them first");
}

bool json_end(struct json_reader *r)
{
	skip_blanks(r);
	return r->at == r->text.size || json_fail_at(r, r->at, "something follows the end of the value");
}
