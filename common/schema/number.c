/* SPDX-License-Identifier: Apache-2.0
 *
 * number.c - reads decimals digit by digit (never through a double where the answer is whole), prints doubles in the C locale.
 */
#include "common/schema/number.h"

#include <assert.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A program that calls setlocale() would otherwise read and print "1,5". */
static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	assert(c_locale != (locale_t)0);
}

static locale_t locale_c(void)
{
	pthread_once(&c_locale_once, make_c_locale);
	return c_locale;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Skips digits; false where there is none. */
static bool skip_digits(const char *text, size_t size, size_t *at)
{
	size_t start = *at;
	while (*at < size && is_digit(text[*at])) {
		(*at)++;
	}
	return *at > start;
}

bool number_valid(const char *text, size_t size)
{
	size_t at = size > 0 && text[0] == '-' ? 1 : 0;
	size_t start = at;
	if (!skip_digits(text, size, &at) || (text[start] == '0' && at - start > 1)) {
		return false;
	}
	if (at < size && text[at] == '.') {
		at++;
		if (!skip_digits(text, size, &at)) {
			return false;
		}
	}
	if (at < size && (text[at] == 'e' || text[at] == 'E')) {
		at++;
		if (at < size && (text[at] == '+' || text[at] == '-')) {
			at++;
		}
		if (!skip_digits(text, size, &at)) {
			return false;
		}
	}
	return at == size;
}

/* value = value * 10^zeros + digit; false where it no longer fits. */
static bool shift_in(uint64_t *value, size_t zeros, unsigned digit)
{
	if (*value == 0) {
		*value = digit;
		return true;
	}
	for (size_t i = 0; i < zeros; i++) {
		if (__builtin_mul_overflow(*value, 10u, value)) {
			return false;
		}
	}
	return !__builtin_add_overflow(*value, digit, value);
}

/* The exponent behind the mantissa, held within a range that no sensible number leaves. */
static int64_t exponent_of(const char *text)
{
	if (*text != 'e' && *text != 'E') {
		return 0;
	}
	long exponent = strtol(text + 1, NULL, 10);
	if (exponent > INT32_MAX) {
		return INT32_MAX;
	}
	return exponent < INT32_MIN ? INT32_MIN : exponent;
}

/* Size of a whole number without its sign. Zeros are held back until a digit follows, so that 1000e-3 is 1. */
static enum number_fit magnitude(const char *text, uint64_t *ret_value)
{
	if (!number_valid(text, strlen(text))) {
		return NUMBER_BAD;
	}
	uint64_t value = 0;
	size_t zeros = 0;
	int64_t decimals = 0;
	bool fits = true, point = false;
	const char *p = *text == '-' ? text + 1 : text;
	for (; is_digit(*p) || *p == '.'; p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		decimals += point;
		zeros++;
		if (*p != '0') {
			fits = fits && shift_in(&value, zeros, (unsigned)(*p - '0'));
			zeros = 0;
		}
	}
	if (fits && value == 0) {
		*ret_value = 0;
		return NUMBER_FITS;
	}
	int64_t scale = exponent_of(p) - decimals + (int64_t)zeros;
	if (scale < 0) {
		return NUMBER_FRACTION;
	}
	/* 10^20 is past 64 bits: longer loops cannot end well. */
	if (!fits || scale > 20 || !shift_in(&value, (size_t)scale, 0)) {
		return NUMBER_RANGE;
	}
	*ret_value = value;
	return NUMBER_FITS;
}

enum number_fit number_int(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_value)
{
	uint64_t size;
	enum number_fit fit = magnitude(text, &size);
	if (fit != NUMBER_FITS) {
		return fit;
	}
	bool negative = *text == '-';
	if (size > (uint64_t)INT64_MAX + negative) {
		return NUMBER_RANGE;
	}
	int64_t value = negative ? (int64_t)(0 - size) : (int64_t)size;
	if (value < minimum || value > maximum) {
		return NUMBER_RANGE;
	}
	*ret_value = value;
	return NUMBER_FITS;
}

enum number_fit number_uint(const char *text, uint64_t maximum, uint64_t *ret_value)
{
	uint64_t size;
	enum number_fit fit = magnitude(text, &size);
	if (fit != NUMBER_FITS) {
		return fit;
	}
	if ((*text == '-' && size > 0) || size > maximum) {
		return NUMBER_RANGE;
	}
	*ret_value = size;
	return NUMBER_FITS;
}

enum number_fit number_double(const char *text, double *ret_value)
{
	if (!number_valid(text, strlen(text))) {
		return NUMBER_BAD;
	}
	double value = strtod_l(text, NULL, locale_c());
	if (isinf(value)) {
		return NUMBER_RANGE;
	}
	*ret_value = value;
	return NUMBER_FITS;
}

enum number_fit number_decimal(const char *text, int64_t *ret_units, int32_t *ret_nanos)
{
	if (!number_valid(text, strlen(text)) || strpbrk(text, "eE") != NULL) {
		return NUMBER_BAD;
	}
	bool negative = *text == '-';
	uint64_t units = 0;
	int32_t nanos = 0;
	const char *p = negative ? text + 1 : text;
	for (; is_digit(*p); p++) {
		if (!shift_in(&units, 1, (unsigned)(*p - '0')) || units > INT64_MAX) {
			return NUMBER_RANGE;
		}
	}
	if (*p == '.') {
		p++;
	}
	for (int32_t place = 100000000; is_digit(*p); p++, place /= 10) {
		if (place == 0 && *p != '0') {
			return NUMBER_FRACTION;
		}
		nanos += (*p - '0') * place;
	}
	*ret_units = negative ? -(int64_t)units : (int64_t)units;
	*ret_nanos = negative ? -nanos : nanos;
	return NUMBER_FITS;
}

static bool reads_back(const char *text, double value, bool single)
{
	if (single) {
		return strtof_l(text, NULL, c_locale) == (float)value;
	}
	return strtod_l(text, NULL, c_locale) == value;
}

void number_format(double value, bool single, char *text)
{
	if (isnan(value) || isinf(value)) {
		strcpy(text, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
		return;
	}
	locale_t before = uselocale(locale_c());
	int digits = single ? 6 : 15;
	int most = single ? 9 : 17;
	do {
		snprintf(text, NUMBER_TEXT_BYTES, "%.*g", digits, value);
	} while (!reads_back(text, value, single) && digits++ < most);
	uselocale(before);
}
