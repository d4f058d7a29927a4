/* SPDX-License-Identifier: Apache-2.0
 *
 * Unicode here is code points: decoded by hand, because mbrtowc stops at the first fault where we must go on.
 */
#include "client/cli/text.h"

#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static bool colour_wanted(bool terminal)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
	return terminal && !(none && none[0] != '\0') && term && strcmp(term, "dumb") != 0;
}

void terminal_look(struct terminal *terminal)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
		setlocale(LC_CTYPE, "C.UTF-8");
	}
	struct winsize size = {0};
	*terminal = (struct terminal){.in = isatty(0) == 1, .out = isatty(1) == 1, .error = isatty(2) == 1};
	terminal->colour = colour_wanted(terminal->out);
	terminal->error_colour = colour_wanted(terminal->error);
	if (terminal->out) {
		terminal->width = ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
	}
}

/* Decodes one code point (RFC 3629); returns its bytes, 0 where they are not UTF-8. */
static size_t decode(const uint8_t *text, size_t size, uint32_t *ret_point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xC2 && text[0] < 0xE0 ? 2 : (text[0] & 0xF0) == 0xE0 ? 3 : (text[0] & 0xF8) == 0xF0 ? 4 : 0;
	if (length == 0 || length > size) {
		return 0;
	}
	uint32_t point = length == 1 ? text[0] : text[0] & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xC0) != 0x80) {
			return 0;
		}
		point = point << 6 | (text[i] & 0x3F);
	}
	if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000) || (length > 1 && point < smallest[length])) {
		return 0;
	}
	*ret_point = point;
	return length;
}

bool text_is_utf8(const char *text, size_t size)
{
	const uint8_t *at = (const uint8_t *)text;
	for (size_t i = 0; i < size;) {
		uint32_t point;
		size_t length = decode(at + i, size - i, &point);
		if (length == 0) {
			return false;
		}
		i += length;
	}
	return true;
}

/* Characters that move the cursor, hide or reorder what follows: C0, DEL, C1, marks and overrides of direction, line and paragraph separators, BOM. */
static bool dangerous(uint32_t point)
{
	return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C || point == 0x200E || point == 0x200F ||
	       (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) ||
	       (point >= 0xE0000 && point <= 0xE007F);
}

const char *text_clean(const char *text, struct arena *arena)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t size = strlen(text), clean = 0;
	uint32_t point = 0;
	while (clean < size) {
		size_t length = decode(at + clean, size - clean, &point);
		if (length == 0 || dangerous(point)) {
			break;
		}
		clean += length;
	}
	if (clean == size) {
		return text;
	}
	struct buf out;
	buf_init(&out, arena);
	buf_add(&out, text, clean);
	for (size_t i = clean; i < size;) {
		size_t length = decode(at + i, size - i, &point);
		if (length == 0) {
			buf_add_text(&out, "\xEF\xBF\xBD");
			length = 1;
		} else if (!dangerous(point)) {
			buf_add(&out, at + i, length);
		} else if (point == '\n' || point == '\t' || point == '\r') {
			buf_printf(&out, "\\%c", point == '\n' ? 'n' : point == '\t' ? 't' : 'r');
		} else {
			buf_printf(&out, "\\u%04x", (unsigned)point);
		}
		i += length;
	}
	return buf_text(&out);
}

static void add_json_escape(struct buf *out, uint32_t point)
{
	if (point >= 0x10000) {
		point -= 0x10000;
		buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + (point >> 10)), (unsigned)(0xDC00 + (point & 0x3FF)));
	} else {
		buf_printf(out, "\\u%04x", (unsigned)point);
	}
}

const char *text_clean_json(const char *json, struct arena *arena)
{
	const uint8_t *at = (const uint8_t *)json;
	size_t size = strlen(json), kept = 0;
	struct buf out;
	buf_init(&out, arena);
	/* C0 is escaped in JSON anyway, but for the line breaks between its parts. */
	for (size_t i = 0; i < size;) {
		uint32_t point = 0;
		size_t length = at[i] < 0x7F ? 1 : decode(at + i, size - i, &point);
		if (at[i] >= 0x7F && length > 0 && dangerous(point)) {
			buf_add(&out, at + kept, i - kept);
			add_json_escape(&out, point);
			kept = i + length;
		}
		i += length > 0 ? length : 1;
	}
	if (kept == 0) {
		return json;
	}
	buf_add(&out, at + kept, size - kept);
	return buf_text(&out);
}

size_t text_width(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t size = strlen(text), width = 0;
	for (size_t i = 0; i < size;) {
		uint32_t point = '?';
		size_t length = decode(at + i, size - i, &point);
		int cells = wcwidth((wchar_t)point);
		width += cells > 0 ? (size_t)cells : 0;
		i += length > 0 ? length : 1;
	}
	return width;
}

size_t text_character(const char *text, size_t *ret_width)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t size = strlen(text), taken = 0;
	*ret_width = 0;
	while (taken < size) {
		uint32_t point = '?';
		size_t length = decode(at + taken, size - taken, &point);
		int cells = wcwidth((wchar_t)point);
		if (cells > 0 && *ret_width > 0) {
			break;
		}
		*ret_width += cells > 0 ? (size_t)cells : 0;
		taken += length > 0 ? length : 1;
	}
	return taken;
}

const char *text_cut(const char *text, size_t width, struct arena *arena)
{
	size_t taken = 0, cells = 0, character;
	if (text_width(text) <= width) {
		return text;
	}
	for (size_t size; (size = text_character(text + taken, &character)) > 0 && cells + character + 1 <= width; taken += size) {
		cells += character;
	}
	const char *cut = width > 0 ? arena_printf(arena, "%.*s\xE2\x80\xA6", (int)taken, text) : "";
	return cut ? cut : "";
}

/* ---- names -------------------------------------------------------------------------------------------------------------------------- */

const char *text_kebab(const char *name, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	for (const char *at = name; *at; at++) {
		if (isupper((unsigned char)*at) && at != name) {
			buf_add_byte(&out, '-');
		}
		buf_add_byte(&out, *at == '_' ? '-' : (uint8_t)tolower((unsigned char)*at));
	}
	return buf_text(&out);
}

static const char *mapped(const char *name, char from, char to, int (*change)(int), struct arena *arena)
{
	char *text = arena_strdup(arena, name);
	for (char *at = text; at && *at; at++) {
		*at = *at == from ? to : (char)change((unsigned char)*at);
	}
	return text ? text : "";
}

const char *text_snake(const char *name, struct arena *arena)
{
	return mapped(name, '-', '_', tolower, arena);
}

const char *text_heading(const char *name, struct arena *arena)
{
	return mapped(name, '_', ' ', toupper, arena);
}

const char *text_words(const char *name, struct arena *arena)
{
	return mapped(name, '_', ' ', tolower, arena);
}

const char *text_grouped(int64_t number, struct arena *arena)
{
	char digits[32];
	uint64_t size = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
	int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)size);
	struct buf out;
	buf_init(&out, arena);
	if (number < 0) {
		buf_add_byte(&out, '-');
	}
	for (int i = 0; i < count; i++) {
		buf_add_byte(&out, (uint8_t)digits[i]);
		if (i + 1 < count && (count - i - 1) % 3 == 0) {
			buf_add_byte(&out, ',');
		}
	}
	return buf_text(&out);
}

const char *text_first_line(const char *comment, struct arena *arena)
{
	if (!comment) {
		return "";
	}
	size_t size = strcspn(comment, "\n");
	const char *stop = comment;
	while ((stop = strstr(stop, ". ")) != NULL && stop < comment + size) {
		if (isupper((unsigned char)stop[2])) {
			size = (size_t)(stop - comment) + 1;
			break;
		}
		stop++;
	}
	const char *line = arena_strndup(arena, comment, size);
	return line ? line : "";
}

void text_wrap(struct buf *out, const char *text, size_t column, size_t indent, size_t width)
{
	bool begun = false;
	while (*text) {
		size_t size = strcspn(text, " \n");
		char *word = arena_strndup(out->arena, text, size);
		size_t cells = word ? text_width(word) : 0;
		if (begun && column + 1 + cells > width) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (begun && size > 0) {
			buf_add_byte(out, ' ');
			column++;
		}
		buf_add(out, text, size);
		column += cells;
		begun = begun || size > 0;
		text += size;
		text += *text ? 1 : 0;
	}
}
