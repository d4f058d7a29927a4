/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON to YAML, token by token. YAML 1.2 reads JSON strings as double-quoted scalars, so a text is left unquoted only where nothing could mistake it.
 */
#include "client/cli/output.h"

#include <ctype.h>
#include <strings.h>

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \n\r\t");
}

static size_t string_size(const char *at)
{
	size_t size = 1;
	while (at[size] && at[size] != '"') {
		size += at[size] == '\\' && at[size + 1] ? 2 : 1;
	}
	return size + (at[size] == '"');
}

/* Words that YAML 1.1 or 1.2 would read as something else. */
static bool is_word_of_yaml(const char *text, size_t size)
{
	static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == size && strncasecmp(words[i], text, size) == 0) {
			return true;
		}
	}
	return false;
}

static void write_string(struct buf *out, const char *quoted, size_t size)
{
	const char *text = quoted + 1;
	size_t length = size - 2;
	bool plain = length > 0 && isalpha((unsigned char)text[0]) && text[length - 1] != ' ' && !is_word_of_yaml(text, length);
	for (size_t i = 0; plain && i < length; i++) {
		plain = isalnum((unsigned char)text[i]) || strchr(" _/.-@()", text[i]) || (unsigned char)text[i] >= 0x80;
	}
	if (plain) {
		buf_add(out, text, length);
	} else {
		buf_add(out, quoted, size);
	}
}

static void write_value(struct buf *out, const char **at, size_t indent, bool after_key);

static void new_line(struct buf *out, size_t indent)
{
	buf_printf(out, "\n%*s", (int)indent, "");
}

static void write_object(struct buf *out, const char **at, size_t indent, bool after_key)
{
	++*at;
	skip_blanks(at);
	if (**at == '}') {
		++*at;
		buf_add_text(out, after_key ? " {}" : "{}");
		return;
	}
	for (bool first = true; **at && **at != '}'; first = false) {
		if (!first || after_key) {
			new_line(out, indent);
		}
		size_t size = string_size(*at);
		write_string(out, *at, size);
		*at += size;
		skip_blanks(at);
		*at += **at == ':';
		skip_blanks(at);
		buf_add_byte(out, ':');
		write_value(out, at, indent + 2, true);
		skip_blanks(at);
		*at += **at == ',';
		skip_blanks(at);
	}
	*at += **at == '}';
}

static void write_array(struct buf *out, const char **at, size_t indent, bool after_key)
{
	++*at;
	skip_blanks(at);
	if (**at == ']') {
		++*at;
		buf_add_text(out, after_key ? " []" : "[]");
		return;
	}
	/* Items of a list stand under its key, as most YAML does it. */
	size_t items = after_key && indent >= 2 ? indent - 2 : indent;
	for (bool first = true; **at && **at != ']'; first = false) {
		if (!first || after_key) {
			new_line(out, items);
		}
		buf_add_text(out, "- ");
		write_value(out, at, items + 2, false);
		skip_blanks(at);
		*at += **at == ',';
		skip_blanks(at);
	}
	*at += **at == ']';
}

static void write_value(struct buf *out, const char **at, size_t indent, bool after_key)
{
	if (**at == '{') {
		write_object(out, at, indent, after_key);
	} else if (**at == '[') {
		write_array(out, at, indent, after_key);
	} else {
		size_t size = **at == '"' ? string_size(*at) : strcspn(*at, ",]} \n\r\t");
		buf_add_text(out, after_key ? " " : "");
		if (**at == '"') {
			write_string(out, *at, size);
		} else {
			buf_add(out, *at, size);
		}
		*at += size > 0 ? size : (**at != '\0');
	}
}

void yaml_write(struct buf *out, const char *json)
{
	skip_blanks(&json);
	write_value(out, &json, 0, false);
	buf_add_byte(out, '\n');
}
