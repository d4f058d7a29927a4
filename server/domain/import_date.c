/* SPDX-License-Identifier: Apache-2.0
 *
 * The pattern is walked beside the text; the day is checked by the calendar at the end.
 */
#include "server/domain/import_date.h"

#include "common/base/clock.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool read_number(const char **text, int digits_max, int *ret_number)
{
	int digits = 0;
	*ret_number = 0;
	for (; digits < digits_max && isdigit((unsigned char)**text); digits++, (*text)++) {
		*ret_number = *ret_number * 10 + (**text - '0');
	}
	return digits > 0;
}

static bool read_iso(const char *text, int64_t *ret_seconds)
{
	int64_t days;
	int32_t nanos;
	if (clock_parse_date(text, &days)) {
		*ret_seconds = days * 86400;
		return true;
	}
	return clock_parse(text, ret_seconds, &nanos);
}

struct parts {
	int year, month, day, hour, minute, second;
	bool afternoon, twelve;
};

/* One element of the pattern. Returns how long it is in the pattern; 0 where the text does not fit. */
static size_t read_part(const char *pattern, const char **text, struct parts *parts)
{
	static const struct {
		const char *word;
		int digits;
		size_t offset;
	} words[] = {
		{"YYYY", 4, offsetof(struct parts, year)}, {"YY", 2, offsetof(struct parts, year)},     {"MM", 2, offsetof(struct parts, month)},
		{"DD", 2, offsetof(struct parts, day)},    {"hh", 2, offsetof(struct parts, hour)},     {"mm", 2, offsetof(struct parts, minute)},
		{"ss", 2, offsetof(struct parts, second)},
	};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t size = strlen(words[i].word);
		if (strncmp(pattern, words[i].word, size) == 0) {
			int number;
			if (!read_number(text, words[i].digits, &number)) {
				return 0;
			}
			if (i == 1) {
				number += number < 70 ? 2000 : 1900;
			}
			memcpy((char *)parts + words[i].offset, &number, sizeof number);
			return size;
		}
	}
	if (strncmp(pattern, "AM", 2) == 0) {
		parts->twelve = true;
		parts->afternoon = strncasecmp(*text, "PM", 2) == 0;
		bool fits = parts->afternoon || strncasecmp(*text, "AM", 2) == 0;
		*text += fits ? 2 : 0;
		return fits ? 2 : 0;
	}
	bool fits = **text == *pattern;
	*text += fits;
	return fits;
}

bool import_date_read(const char *pattern, const char *text, int64_t *ret_seconds)
{
	struct parts parts = {.month = 1, .day = 1};
	char iso[48];
	int64_t days;
	if (!*pattern) {
		return read_iso(text, ret_seconds);
	}
	while (*pattern && !(*text == '\0' && (*pattern == ' ' || *pattern == 'T'))) {
		size_t size = read_part(pattern, &text, &parts);
		if (size == 0) {
			return false;
		}
		pattern += size;
	}
	if (parts.twelve) {
		if (parts.hour < 1 || parts.hour > 12) {
			return false;
		}
		parts.hour = parts.hour % 12 + (parts.afternoon ? 12 : 0);
	}
	snprintf(iso, sizeof iso, "%04d-%02d-%02d", parts.year, parts.month, parts.day);
	if (*text || parts.hour > 23 || parts.minute > 59 || parts.second > 59 || !clock_parse_date(iso, &days)) {
		return false;
	}
	*ret_seconds = days * 86400 + parts.hour * 3600 + parts.minute * 60 + parts.second;
	return true;
}
