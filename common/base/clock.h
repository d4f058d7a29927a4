/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.h - the two clocks.
 *
 * Units:   microseconds. Wall time counts from 1970 UTC and may jump; monotonic time only grows.   Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_us(void);
int64_t clock_monotonic_us(void);

enum { CLOCK_TEXT_BYTES = 40 };
/* RFC 3339 in UTC with as many fraction digits as needed (0, 3, 6 or 9): 2026-11-21T20:16:17.123Z. `text` holds CLOCK_TEXT_BYTES. */
void clock_format(int64_t seconds, int32_t nanos, char *text);
/* The fraction of a second, where there is one, with its point: "", ".123", ".000001", ".000000001". `text` holds CLOCK_FRACTION_BYTES. Returns its length. */
enum { CLOCK_FRACTION_BYTES = 11 };
size_t clock_format_fraction(int32_t nanos, char *text);
/* Reads RFC 3339 with any offset. False if it is not one, or outside 0001-01-01 … 9999-12-31. */
bool clock_parse(const char *text, int64_t *ret_seconds, int32_t *ret_nanos);

/* Days from 1970-01-01 to a day of the Gregorian calendar, and back. */
int64_t clock_days_of(int year, int month, int day);
void clock_day_of(int64_t days, int *ret_year, int *ret_month, int *ret_day);
/* Reads 2026-09-30. False where there is no such day. */
bool clock_parse_date(const char *text, int64_t *ret_days);
