/* SPDX-License-Identifier: Apache-2.0
 *
 * A line is built on the stack and written once, so lines of different threads never mix. One that does not fit is cut, never lost.
 */
#include "common/base/log.h"

#include "common/base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 2048 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static atomic_int lowest = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&lowest, (int)level);
}

bool log_level_of_name(const char *name, enum log_level *ret_level)
{
	for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

struct line {
	char text[LINE_BYTES];
	size_t size;
};

static void put(struct line *line, char c)
{
	if (line->size < LINE_BYTES - 1) {
		line->text[line->size++] = c;
	}
}

static void put_text(struct line *line, const char *text)
{
	for (; *text; text++) {
		put(line, *text);
	}
}

/* logfmt: quoted where a reader could mistake it, with the escapes of JSON. */
static void put_value(struct line *line, const char *text)
{
	bool plain = *text != '\0';
	for (const char *c = text; *c; c++) {
		plain = plain && (unsigned char)*c > ' ' && *c != '"' && *c != '=' && *c != '\\' && *c != 0x7F;
	}
	if (plain) {
		put_text(line, text);
		return;
	}
	put(line, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char escape[8];
		if (c == '"' || c == '\\') {
			put(line, '\\');
			put(line, (char)c);
		} else if (c < ' ' || c == 0x7F) {
			snprintf(escape, sizeof escape, "\\u%04x", c);
			put_text(line, escape);
		} else {
			put(line, (char)c);
		}
	}
	put(line, '"');
}

static void put_argument(struct line *line, const char *format, va_list *arguments)
{
	char text[64];
	if (strcmp(format, "%s") == 0) {
		const char *value = va_arg(*arguments, const char *);
		put_value(line, value ? value : "");
		return;
	}
	if (strcmp(format, "%d") == 0) {
		snprintf(text, sizeof text, "%d", va_arg(*arguments, int));
	} else if (strcmp(format, "%u") == 0) {
		snprintf(text, sizeof text, "%u", va_arg(*arguments, unsigned));
	} else if (strcmp(format, "%lld") == 0) {
		snprintf(text, sizeof text, "%lld", va_arg(*arguments, long long));
	} else if (strcmp(format, "%llu") == 0) {
		snprintf(text, sizeof text, "%llu", va_arg(*arguments, unsigned long long));
	} else if (strcmp(format, "%zu") == 0) {
		snprintf(text, sizeof text, "%zu", va_arg(*arguments, size_t));
	} else {
		snprintf(text, sizeof text, "%.3f", va_arg(*arguments, double));
	}
	put_text(line, text);
}

void log_event(enum log_level level, const char *event, ...)
{
	if ((int)level < atomic_load_explicit(&lowest, memory_order_relaxed)) {
		return;
	}
	struct line line;
	char time[CLOCK_TEXT_BYTES];
	int64_t now = clock_wall_us();
	clock_format(now / 1000000, (int32_t)(now % 1000000 / 1000 * 1000000), time);
	line.size = (size_t)snprintf(line.text, sizeof line.text, "time=%s level=%s event=%s", time, level_names[level], event);
	va_list arguments;
	va_start(arguments, event);
	for (const char *key; (key = va_arg(arguments, const char *)) != NULL;) {
		const char *format = va_arg(arguments, const char *);
		put(&line, ' ');
		put_text(&line, key);
		put(&line, '=');
		put_argument(&line, format, &arguments);
	}
	va_end(arguments);
	line.text[line.size++] = '\n';
	ssize_t written = write(STDERR_FILENO, line.text, line.size);
	(void)written; /* nowhere left to say that logging failed */
}
