/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text: the shortest that reads back, laid out as ECMA-262 does, and rounded once when read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(double value, bool single, const char *expected)
{
	char text[NUMBER_TEXT_BYTES];
	number_format(value, single, text);
	assert_string_equal(text, expected);
}

static void layout(void **state)
{
	(void)state;
	check(0, false, "0");
	check(-0.0, false, "-0");
	check(1, false, "1");
	check(-1.5, false, "-1.5");
	check(100.05, false, "100.05");
	check(0.000001, false, "0.000001");
	check(0.00000123, false, "0.00000123");
	check(1e-7, false, "1e-7");
	check(-1.25e-9, false, "-1.25e-9");
	check(1e15, false, "1000000000000000");
	check(123456789012345680000.0, false, "123456789012345680000");
	check(1e21, false, "1e+21");
	check(1.5e300, false, "1.5e+300");
	check(123456.125, false, "123456.125");
	check(999999.9999999999, false, "999999.9999999999");
	check(NAN, false, "NaN");
	check(-INFINITY, false, "-Infinity");
}

static void shortest(void **state)
{
	(void)state;
	check(0.1, false, "0.1");
	check((double)0.1f, true, "0.1");
	check((double)0.1f, false, "0.10000000149011612");
	check(2.0 / 3, false, "0.6666666666666666");
	check(5e-324, false, "5e-324");
	check(DBL_MIN, false, "2.2250738585072014e-308");
	check(DBL_MAX, false, "1.7976931348623157e+308");
	check((double)1e-45f, true, "1e-45");
	check((double)FLT_MIN, true, "1.1754944e-38");
	check((double)FLT_MAX, true, "3.4028235e+38");
	/* Powers of two: the nearest decimal of 16 digits does not read back, the one above it does. */
	check(0x1p-44, false, "5.684341886080802e-14");
	check(9007199254740993.0, false, "9007199254740992");
	check(0x1p-24, true, "5.9604645e-8");
}

static void read_back(void **state)
{
	(void)state;
	uint64_t bits = 88172645463325252u;
	for (int i = 0; i < 20000; i++) {
		char text[NUMBER_TEXT_BYTES];
		double value, again;
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof value);
		bool single = i % 2 == 0 && fabs(value) < (double)FLT_MAX;
		value = single ? (double)(float)value : value;
		if (!isfinite(value)) {
			continue;
		}
		number_format(value, single, text);
		assert_int_equal(number_double(text, single, &again), NUMBER_FITS);
		assert_memory_equal(&again, &value, sizeof value);
	}
}

/* By way of a double, each of these would become the float beside it. */
static void floats_are_rounded_once(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		float expected;
	} rows[] = {
		{"1.00000017881393432617187499", 0x1.000002p0f},
		{"1.000000059604644775390625000000000000000001", 0x1.000002p0f},
		{"7.006492321624086e-46", 0x1p-149f},
		{"7.006492321624085e-46", 0},
		{"3.4028235677973367e38", -1},
		{"3.4028235677973366e38", FLT_MAX},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double value = -1;
		enum number_fit fit = number_double(rows[i].text, true, &value);
		assert_int_equal(fit, rows[i].expected < 0 ? NUMBER_RANGE : NUMBER_FITS);
		assert_true(value >= (double)rows[i].expected && value <= (double)rows[i].expected);
	}
}

static void digits(void **state)
{
	(void)state;
	char text[NUMBER_TEXT_BYTES];
	assert_int_equal(number_print(0, text), 1);
	assert_string_equal(text, "0");
	assert_int_equal(number_print(10, text), 2);
	assert_string_equal(text, "10");
	assert_int_equal(number_print(UINT64_MAX, text), 20);
	assert_string_equal(text, "18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout), cmocka_unit_test(shortest), cmocka_unit_test(read_back), cmocka_unit_test(floats_are_rounded_once), cmocka_unit_test(digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
