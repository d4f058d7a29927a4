/* SPDX-License-Identifier: Apache-2.0
 *
 * Clocks and calendar: days there and back over 10,000 years against a second way of counting, RFC 3339 both ways, and what is none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/clock.h"

#include <stdio.h>
#include <string.h>

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Every day from 0001-01-01 to 9999-12-31, counted one by one. */
static void test_every_day(void **state)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days = -719162;
	(void)state;
	for (int year = 1; year < 10000; year++) {
		for (int month = 1; month <= 12; month++) {
			int length = lengths[month - 1] + (month == 2 && is_leap(year));
			for (int day = 1; day <= length; day++, days++) {
				int y, m, d;
				clock_day_of(days, &y, &m, &d);
				if (clock_days_of(year, month, day) != days || y != year || m != month || d != day) {
					fail_msg("%04d-%02d-%02d is %lld, and that is %04d-%02d-%02d", year, month, day, (long long)days, y, m, d);
				}
			}
		}
	}
	assert_int_equal(clock_days_of(1970, 1, 1), 0);
	assert_int_equal(clock_days_of(2000, 3, 1), 11017);
}

static void assert_date(const char *text, bool wanted)
{
	int64_t days = 4711;
	if (clock_parse_date(text, &days) != wanted) {
		fail_msg("%s", text);
	}
	assert_true(wanted || days == 4711);
}

static void test_dates(void **state)
{
	static const char *const bad[] = {
		"", "2026", "2026-9-30", "2026-09-31", "2026-02-29", "1900-02-29", "2100-02-29", "0000-01-01", "2026-00-01", "2026-13-01", "2026-01-00",
		"2026-09-30 ", " 2026-09-30", "2026-09-30T", "2026/09/30", "20260930", "-026-09-30", "2026-09-3", "12026-09-30", "2026-+9-30",
	};
	(void)state;
	assert_date("2026-09-30", true);
	assert_date("2024-02-29", true);
	assert_date("2000-02-29", true);
	assert_date("0001-01-01", true);
	assert_date("9999-12-31", true);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_date(bad[i], false);
	}
}

static void assert_time(const char *text, int64_t seconds, int32_t nanos)
{
	int64_t got_seconds = -1;
	int32_t got_nanos = -1;
	if (!clock_parse(text, &got_seconds, &got_nanos) || got_seconds != seconds || got_nanos != nanos) {
		fail_msg("%s: %lld %d", text, (long long)got_seconds, got_nanos);
	}
}

static void test_times(void **state)
{
	static const char *const bad[] = {
		"", "2026-11-21", "2026-11-21T20:16:17", "2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z", "2026-11-21T23:59:61Z", "2026-11-21T20:16Z",
		"2026-11-21T20:16:17.Z", "2026-11-21T20:16:17.1234567890Z", "2026-11-21 20:16:17Z", "2026-11-21T20:16:17+2:00", "2026-11-21T20:16:17+24:00",
		"2026-11-21T20:16:17+02:60", "2026-11-21T20:16:17+0200", "2026-11-21T20:16:17ZZ", "2026-11-21T20:16:17Z ", "0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "2026-02-29T00:00:00Z", "T00:00:00Z",
	};
	(void)state;
	assert_time("1970-01-01T00:00:00Z", 0, 0);
	assert_time("1970-01-01t00:00:00z", 0, 0);
	assert_time("1969-12-31T23:59:59.5Z", -1, 500000000);
	assert_time("2000-01-01T02:00:00+02:00", 946684800, 0);
	assert_time("1999-12-31T18:30:00-05:30", 946684800, 0);
	assert_time("2026-11-21T20:16:17.000000001Z", 1795292177, 1);
	assert_time("0001-01-01T00:00:00Z", -62135596800, 0);
	assert_time("9999-12-31T23:59:59.999999999Z", 253402300799, 999999999);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t seconds = 4711;
		int32_t nanos = 4711;
		if (clock_parse(bad[i], &seconds, &nanos)) {
			fail_msg("%s is a time", bad[i]);
		}
		assert_int_equal(seconds, 4711);
		assert_int_equal(nanos, 4711);
	}
}

/* A time cut short anywhere is none, and is not read past its end. */
static void test_times_cut_short(void **state)
{
	static const char whole[] = "2026-11-21T20:16:17.123456789+02:00";
	(void)state;
	for (size_t size = 0; size < strlen(whole); size++) {
		char text[sizeof whole];
		int64_t seconds;
		int32_t nanos;
		snprintf(text, sizeof text, "%.*s", (int)size, whole);
		assert_false(clock_parse(text, &seconds, &nanos));
	}
}

static void test_format_and_back(void **state)
{
	static const struct {
		int64_t seconds;
		int32_t nanos;
		const char *text;
	} rows[] = {
		{0, 0, "1970-01-01T00:00:00Z"},
		{-1, 0, "1969-12-31T23:59:59Z"},
		{1795292177, 123000000, "2026-11-21T20:16:17.123Z"},
		{1795292177, 123456000, "2026-11-21T20:16:17.123456Z"},
		{1795292177, 1, "2026-11-21T20:16:17.000000001Z"},
		{-62135596800, 0, "0001-01-01T00:00:00Z"},
		{253402300799, 999999999, "9999-12-31T23:59:59.999999999Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[CLOCK_TEXT_BYTES];
		clock_format(rows[i].seconds, rows[i].nanos, text);
		assert_string_equal(text, rows[i].text);
		assert_time(text, rows[i].seconds, rows[i].nanos);
	}
}

static void test_clocks_run(void **state)
{
	(void)state;
	assert_true(clock_wall_us() > 1600000000ll * 1000000);
	int64_t before = clock_monotonic_us();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_monotonic_us();
		assert_true(now >= before);
		before = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),       cmocka_unit_test(test_dates),           cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_cut_short), cmocka_unit_test(test_format_and_back), cmocka_unit_test(test_clocks_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
