/* SPDX-License-Identifier: Apache-2.0
 *
 * number.c - reads decimals digit by digit (never through a double where the answer is whole), prints doubles in the C locale.
 */
#include "common/schema/number.h"

#include <assert.h>
#include <float.h>
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

enum number_fit number_double(const char *text, bool single, double *ret_value)
{
	if (!number_valid(text, strlen(text))) {
		return NUMBER_BAD;
	}
	/* By way of a double, a float would be rounded twice. */
	double value = single ? (double)strtof_l(text, NULL, locale_c()) : strtod_l(text, NULL, locale_c());
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

/* ---- printing -------------------------------------------------------------------------------------------------------------- */

enum { DIGITS_MAX = 17, WHOLE_DIGITS_MAX = 21, ZEROS_MAX = 6 };

/* A number above zero: digits[0].digits[1]… times 10^exponent. */
struct decimal {
	char digits[DIGITS_MAX + 1];
	size_t count;
	int exponent;
};

/* Whole numbers and those of few decimals, which is most of what people write: quick, for the division rounds just as reading does. */
static bool print_short(double value, bool single, char *text)
{
	static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
	/* So many digits any number of that many digits survives, so that the fewest decimals are the shortest text. */
	double limit = single ? 1e6 : 1e15;
	for (size_t decimals = 0; decimals < sizeof powers / sizeof powers[0] && value * powers[decimals] < limit; decimals++) {
		uint64_t whole = (uint64_t)(value * powers[decimals] + 0.5), unit = (uint64_t)powers[decimals];
		double back = single ? (double)((float)whole / (float)unit) : (double)whole / (double)unit;
		if (back < value || back > value) {
			continue;
		}
		size_t size = number_print(whole / unit, text);
		if (decimals > 0) {
			text[size] = '.';
			/* One digit more in front keeps the zeros behind the point. */
			char fraction[NUMBER_TEXT_BYTES];
			number_print(unit + whole % unit, fraction);
			memcpy(text + size + 1, fraction + 1, decimals + 1);
		}
		return true;
	}
	return false;
}

static bool reads_back(const struct decimal *decimal, double value, bool single)
{
	char text[NUMBER_TEXT_BYTES];
	snprintf(text, sizeof text, "%.1s.%se%d", decimal->digits, decimal->digits + 1, decimal->exponent);
	double back = single ? (double)strtof_l(text, NULL, c_locale) : strtod_l(text, NULL, c_locale);
	return !(back < value || back > value);
}

/* The nearest decimal of so many digits. */
static void round_to(double value, size_t count, struct decimal *ret_decimal)
{
	char text[NUMBER_TEXT_BYTES];
	snprintf(text, sizeof text, "%.*e", (int)count - 1, value);
	const char *exponent = strchr(text, 'e');
	ret_decimal->digits[0] = text[0];
	memcpy(ret_decimal->digits + 1, text + 2, count - 1);
	ret_decimal->digits[count] = '\0';
	ret_decimal->count = count;
	ret_decimal->exponent = (int)strtol(exponent + 1, NULL, 10);
}

/* The next larger decimal of as many digits. */
static void step_up(struct decimal *decimal)
{
	size_t at = decimal->count;
	while (at > 0 && decimal->digits[at - 1] == '9') {
		decimal->digits[--at] = '0';
	}
	if (at > 0) {
		decimal->digits[at - 1]++;
	} else {
		decimal->digits[0] = '1';
		decimal->exponent++;
	}
}

/* Tries more and more digits. Numbers with less than full precision can do with fewer than others. Above a power of two the numbers lie twice as wide
 * as below it: there a decimal may read back that is not the nearest. */
static void shorten(double value, bool single, struct decimal *ret_decimal)
{
	int power;
	bool is_power = frexp(value, &power) <= 0.5;
	size_t count = value < (single ? (double)FLT_MIN : DBL_MIN) ? 1 : single ? FLT_DIG : DBL_DIG;
	for (;; count++) {
		round_to(value, count, ret_decimal);
		if (reads_back(ret_decimal, value, single)) {
			break;
		}
		step_up(ret_decimal);
		if (is_power && reads_back(ret_decimal, value, single)) {
			break;
		}
	}
	while (ret_decimal->count > 1 && ret_decimal->digits[ret_decimal->count - 1] == '0') {
		ret_decimal->count--;
	}
	ret_decimal->digits[ret_decimal->count] = '\0';
}

/* As ECMA-262 lays out numbers: 1e-7, 0.000001, 123456789012345680000, 1e+21. */
static void print_decimal(const struct decimal *decimal, char *text)
{
	static const char zeros[WHOLE_DIGITS_MAX] = "00000000000000000000";
	int exponent = decimal->exponent, count = (int)decimal->count;
	if (exponent < -ZEROS_MAX || exponent >= WHOLE_DIGITS_MAX) {
		snprintf(text, NUMBER_TEXT_BYTES, "%.1s%s%se%+d", decimal->digits, count > 1 ? "." : "", decimal->digits + 1, exponent);
	} else if (exponent < 0) {
		snprintf(text, NUMBER_TEXT_BYTES, "0.%.*s%s", -exponent - 1, zeros, decimal->digits);
	} else if (count > exponent + 1) {
		snprintf(text, NUMBER_TEXT_BYTES, "%.*s.%s", exponent + 1, decimal->digits, decimal->digits + exponent + 1);
	} else {
		snprintf(text, NUMBER_TEXT_BYTES, "%s%.*s", decimal->digits, exponent + 1 - count, zeros);
	}
}

void number_format(double value, bool single, char *text)
{
	if (isnan(value) || isinf(value)) {
		strcpy(text, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
		return;
	}
	if (signbit(value)) {
		*text++ = '-';
		value = -value;
	}
	struct decimal decimal;
	if (print_short(value, single, text)) {
		return;
	}
	locale_t before = uselocale(locale_c());
	shorten(value, single, &decimal);
	print_decimal(&decimal, text);
	uselocale(before);
}

size_t number_print(uint64_t value, char *text)
{
	size_t size = 1;
	for (uint64_t rest = value; rest >= 10; rest /= 10) {
		size++;
	}
	text[size] = '\0';
	for (size_t at = size; at > 0; value /= 10) {
		text[--at] = (char)('0' + value % 10);
	}
	return size;
}
