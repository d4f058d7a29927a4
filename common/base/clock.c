/* SPDX-License-Identifier: Apache-2.0
 *
 * Calendar arithmetic by days from the civil calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"): no time zone, no locale,
 * no libc tables, so any thread may ask.
 */
#include "common/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
	return now_us(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t clock_days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

void clock_day_of(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * day_of_year + 2) / 153;
	*ret_day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
	*ret_month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
	*ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static char *print_digits(char *text, int value, int digits)
{
	for (int i = digits; i > 0; i--, value /= 10) {
		text[i - 1] = (char)('0' + value % 10);
	}
	return text + digits;
}

size_t clock_format_fraction(int32_t nanos, char *text)
{
	char *end = text;
	if (nanos != 0) {
		*end++ = '.';
		end = nanos % 1000000 == 0 ? print_digits(end, nanos / 1000000, 3)
		      : nanos % 1000 == 0  ? print_digits(end, nanos / 1000, 6)
		                           : print_digits(end, nanos, 9);
	}
	*end = '\0';
	return (size_t)(end - text);
}

/* Digit by digit: replies hold many times. */
void clock_format(int64_t seconds, int32_t nanos, char *text)
{
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	int rest = (int)(seconds - days * 86400);
	int year, month, day;
	clock_day_of(days, &year, &month, &day);
	const int parts[] = {month, day, rest / 3600, rest / 60 % 60, rest % 60};
	static const char separators[] = "--T::";
	text = year >= 0 && year <= 9999 ? print_digits(text, year, 4) : text + snprintf(text, CLOCK_TEXT_BYTES / 2, "%d", year);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		*text++ = separators[i];
		text = print_digits(text, parts[i], 2);
	}
	text += clock_format_fraction(nanos, text);
	strcpy(text, "Z");
}

/* Reads exactly `digits` digits and moves on; -1 where there are fewer. */
static int read_digits(const char **text, int digits)
{
	int value = 0;
	for (int i = 0; i < digits; i++, (*text)++) {
		if (**text < '0' || **text > '9') {
			return -1;
		}
		value = value * 10 + (**text - '0');
	}
	return value;
}

static bool read_char(const char **text, char wanted)
{
	if (**text != wanted) {
		return false;
	}
	(*text)++;
	return true;
}

static bool read_date(const char **text, int64_t *ret_days)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = read_digits(text, 4);
	if (year < 1 || !read_char(text, '-')) {
		return false;
	}
	int month = read_digits(text, 2);
	if (month < 1 || month > 12 || !read_char(text, '-')) {
		return false;
	}
	int day = read_digits(text, 2);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day < 1 || day > lengths[month - 1] + (month == 2 && leap)) {
		return false;
	}
	*ret_days = clock_days_of(year, month, day);
	return true;
}

bool clock_parse_date(const char *text, int64_t *ret_days)
{
	int64_t days;
	if (!read_date(&text, &days) || *text != '\0') {
		return false;
	}
	*ret_days = days;
	return true;
}

/* "Z", "+02:00": seconds to subtract. */
static bool read_offset(const char **text, int64_t *ret_seconds)
{
	if (read_char(text, 'Z') || read_char(text, 'z')) {
		*ret_seconds = 0;
		return true;
	}
	int sign = **text == '-' ? -1 : 1;
	if (!read_char(text, '+') && !read_char(text, '-')) {
		return false;
	}
	int hours = read_digits(text, 2);
	if (hours < 0 || hours > 23 || !read_char(text, ':')) {
		return false;
	}
	int minutes = read_digits(text, 2);
	if (minutes < 0 || minutes > 59) {
		return false;
	}
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool clock_parse(const char *text, int64_t *ret_seconds, int32_t *ret_nanos)
{
	int64_t days, offset;
	int32_t nanos = 0;
	if (!read_date(&text, &days) || (!read_char(&text, 'T') && !read_char(&text, 't'))) {
		return false;
	}
	int hour = read_digits(&text, 2);
	if (hour < 0 || hour > 23 || !read_char(&text, ':')) {
		return false;
	}
	int minute = read_digits(&text, 2);
	if (minute < 0 || minute > 59 || !read_char(&text, ':')) {
		return false;
	}
	int second = read_digits(&text, 2);
	if (second < 0 || second > 59) {
		return false;
	}
	if (read_char(&text, '.')) {
		int32_t unit = 100000000;
		const char *first = text;
		for (; *text >= '0' && *text <= '9' && unit > 0; text++, unit /= 10) {
			nanos += (*text - '0') * unit;
		}
		if (text == first) {
			return false;
		}
	}
	if (!read_offset(&text, &offset) || *text != '\0') {
		return false;
	}
	int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
	if (seconds < clock_days_of(1, 1, 1) * 86400 || seconds >= clock_days_of(10000, 1, 1) * 86400) {
		return false;
	}
	*ret_seconds = seconds;
	*ret_nanos = nanos;
	return true;
}
