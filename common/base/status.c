/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts are cut at a UTF-8 boundary and end in an ellipsis where they were too long. They quote what clients sent, often the first so many bytes of it, so each
 * byte that is no UTF-8 becomes a '?': a protobuf string that is none is refused by its readers, status and all.
 */
#include "common/base/status.h"

#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const code_names[] = {
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
};

enum { CODES = sizeof code_names / sizeof code_names[0] };

void status_init(struct status *st)
{
	st->code = STATUS_OK;
	st->reason[0] = '\0';
	st->message[0] = '\0';
	st->violations_count = 0;
}

static void set_text(char *text, size_t size, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

static void set_text(char *text, size_t size, const char *format, va_list arguments)
{
	int needed = vsnprintf(text, size, format, arguments);
	if (needed < 0) {
		text[0] = '\0';
	} else if ((size_t)needed >= size) {
		size_t end = size - 4;
		while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) {
			end--;
		}
		memcpy(text + end, "\xE2\x80\xA6", 4);
	}
	utf8_repair(text);
}

static void print_text(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void print_text(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	set_text(text, size, format, arguments);
	va_end(arguments);
}

bool status_fail(struct status *st, enum status_code code, const char *reason, const char *format, ...)
{
	if (st->code == STATUS_OK) {
		st->code = code;
		snprintf(st->reason, sizeof st->reason, "%s", reason ? reason : "");
		va_list arguments;
		va_start(arguments, format);
		set_text(st->message, sizeof st->message, format, arguments);
		va_end(arguments);
	}
	return false;
}

bool status_field(struct status *st, const char *field, const char *format, ...)
{
	if (st->violations_count >= STATUS_VIOLATIONS || (st->code != STATUS_OK && st->violations_count == 0)) {
		return false;
	}
	struct status_violation *violation = &st->violations[st->violations_count++];
	print_text(violation->field, sizeof violation->field, "%s", field);
	va_list arguments;
	va_start(arguments, format);
	set_text(violation->description, sizeof violation->description, format, arguments);
	va_end(arguments);
	return status_fail(st, STATUS_INVALID_ARGUMENT, "FIELD_INVALID", "%s%s%s", violation->field, violation->field[0] ? ": " : "",
	                   violation->description);
}

const char *status_code_name(enum status_code code)
{
	return (unsigned)code < CODES ? code_names[code] : "UNKNOWN";
}

enum status_code status_code_of_name(const char *name)
{
	for (unsigned i = 0; i < CODES; i++) {
		if (strcasecmp(name, code_names[i]) == 0) {
			return (enum status_code)i;
		}
	}
	return strcasecmp(name, "canceled") == 0 ? STATUS_CANCELLED : STATUS_UNKNOWN;
}
