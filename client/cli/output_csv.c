/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 4180: comma, CRLF, quotes doubled. A number may begin with a sign; any other text that begins like a formula is guarded.
 */
#include "client/cli/output.h"

#include "client/cli/text.h"

#include <unistd.h>

static bool is_number(const char *text)
{
	text += *text == '-' || *text == '+';
	size_t digits = strspn(text, "0123456789");
	text += digits;
	if (*text == '.') {
		size_t fraction = strspn(text + 1, "0123456789");
		digits += fraction;
		text += 1 + fraction;
	}
	return digits > 0 && *text == '\0';
}

/* A file gets what the data is, a terminal what cannot act on it. */
static const char *shown(const char *text, struct arena *arena)
{
	static int terminal = -1;
	if (terminal < 0) {
		terminal = isatty(STDOUT_FILENO);
	}
	return terminal ? text_clean(text, arena) : text;
}

void csv_write_cell(struct buf *out, const char *text, bool first)
{
	text = shown(text, out->arena);
	if (!first) {
		buf_add_byte(out, ',');
	}
	bool guard = text[0] != '\0' && strchr("=+-@\t\r", text[0]) && !is_number(text);
	size_t size = strlen(text);
	if (!guard && strcspn(text, ",\"\r\n") == size && (size == 0 || (text[0] != ' ' && text[size - 1] != ' '))) {
		buf_add(out, text, size);
		return;
	}
	buf_add_byte(out, '"');
	if (guard) {
		buf_add_byte(out, '\'');
	}
	for (const char *at = text; *at;) {
		size_t plain = strcspn(at, "\"");
		buf_add(out, at, plain);
		at += plain;
		if (*at == '"') {
			buf_add_text(out, "\"\"");
			at++;
		}
	}
	buf_add_byte(out, '"');
}

void csv_write_end(struct buf *out)
{
	buf_add_text(out, "\r\n");
}
