/* SPDX-License-Identifier: Apache-2.0
 *
 * rules_text.c - how strings are written: formats, periods, and which known word a wrong one was meant to be.
 */
#include "common/schema/rules.h"

#include "common/base/clock.h"
#include "common/base/name.h"

#include <ctype.h>
#include <strings.h>

/* Days around 1970 are few enough that int64_t cannot overflow: years have four digits. */
bool rules_period(const char *text, int64_t *ret_first_day, int64_t *ret_end_day)
{
	size_t size = strlen(text);
	int year = 0, first = 1, months = 12;
	if (size != 4 && size != 7) {
		return false;
	}
	for (size_t i = 0; i < 4; i++) {
		if (!isdigit((unsigned char)text[i])) {
			return false;
		}
		year = year * 10 + (text[i] - '0');
	}
	if (size == 7 && text[5] == 'Q') {
		first = (text[6] - '1') * 3 + 1;
		months = 3;
	} else if (size == 7) {
		if (!isdigit((unsigned char)text[5]) || !isdigit((unsigned char)text[6])) {
			return false;
		}
		first = (text[5] - '0') * 10 + (text[6] - '0');
		months = 1;
	}
	if ((size == 7 && text[4] != '-') || year < 1 || first < 1 || first > 12) {
		return false;
	}
	int end = first + months;
	*ret_first_day = clock_days_of(year, first, 1);
	*ret_end_day = end > 12 ? clock_days_of(year + 1, 1, 1) : clock_days_of(year, end, 1);
	return true;
}

static bool is_capitals(const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text[i] < 'A' || text[i] > 'Z') {
			return false;
		}
	}
	return text[count] == '\0';
}

static bool has_blank(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= ' ' || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');
	return at && at != text && at[1] != '\0' && !strchr(at + 1, '@') && !has_blank(text);
}

static bool is_uri(const char *text)
{
	size_t scheme = strncasecmp(text, "http://", 7) == 0 ? 7 : strncasecmp(text, "https://", 8) == 0 ? 8 : 0;
	return scheme > 0 && strcspn(text + scheme, "/?#") > 0 && text[scheme] != ':' && !has_blank(text);
}

/* Words in lowerCamelCase joined by dots; the first, the last, or both may be '*'. */
static bool is_permission(const char *text)
{
	for (bool first = true;; first = false) {
		size_t size = strcspn(text, ".");
		bool last = text[size] == '\0', any = size == 1 && *text == '*' && (first || last);
		if (!any && (!islower((unsigned char)*text) || strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != size)) {
			return false;
		}
		if (last) {
			return true;
		}
		text += size + 1;
	}
}

bool rules_format(enum schema_format format, const char *text, const char **ret_why)
{
	int64_t first, end;
	switch (format) {
	case FORMAT_DATE:
		*ret_why = "a day such as 2026-09-30";
		return clock_parse_date(text, &first);
	case FORMAT_PERIOD:
		*ret_why = "a year, quarter or month such as 2026, 2026-Q3 or 2026-07";
		return rules_period(text, &first, &end);
	case FORMAT_COUNTRY:
		*ret_why = "a country of two capital letters such as DE";
		return is_capitals(text, 2);
	case FORMAT_CURRENCY:
		*ret_why = "a currency of three capital letters such as EUR";
		return is_capitals(text, 3);
	case FORMAT_EMAIL:
		*ret_why = "an e-mail address such as jane@example.com";
		return is_email(text);
	case FORMAT_URI:
		*ret_why = "an address such as https://example.com";
		return is_uri(text);
	case FORMAT_ID:
		*ret_why = "an id of letters, digits, '-', '_' or '.' that starts with a letter or digit and has at most 63";
		return name_id_valid(text, strlen(text));
	case FORMAT_PERMISSION:
		*ret_why = "a permission such as accounts.read, accounts.* or *";
		return is_permission(text);
	case FORMAT_NONE:
		break;
	}
	*ret_why = "";
	return true;
}

/* ---- did you mean ---------------------------------------------------------------------------------------------------------- */

enum { WORD_BYTES_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment), without regard to case. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t rows[3][WORD_BYTES_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b_size; j++) {
		above[j] = j;
	}
	for (size_t i = 1; i <= a_size; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t replaced = above[j - 1] + !same(a[i - 1], b[j - 1]);
			row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
				row[j] = least(row[j], before[j - 2] + 1);
			}
		}
		size_t *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b_size];
}

const char *rules_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t size = strlen(word);
	if (size == 0 || size > WORD_BYTES_MAX) {
		return NULL;
	}
	/* Two edits make any two short words alike. */
	size_t limit = size <= 3 ? 1 : size < 9 ? 2 : size / 3;
	const char *nearest = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t candidate_size = strlen(candidates[i]);
		size_t difference = candidate_size > size ? candidate_size - size : size - candidate_size;
		if (candidate_size > WORD_BYTES_MAX || difference > limit) { /* each edit mends one byte of it at most */
			continue;
		}
		size_t edits = distance(word, size, candidates[i], candidate_size);
		if (edits <= limit && (edits < limit || !nearest)) {
			nearest = candidates[i];
			limit = edits;
		}
	}
	return nearest;
}
