/* SPDX-License-Identifier: Apache-2.0
 *
 * number.h - numbers as text, exactly and the same in every locale.
 *
 * Text is a number of RFC 8259 section 6: no leading '+' or zeros, no blanks. Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number_fit {
	NUMBER_FITS,
	NUMBER_BAD,      /* not a number */
	NUMBER_FRACTION, /* not a whole number */
	NUMBER_RANGE,    /* too small or too large */
};

bool number_valid(const char *text, size_t size);
/* Whole numbers; 1e3 and 1.0 are whole, 1.5 is not. */
enum number_fit number_int(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_value);
enum number_fit number_uint(const char *text, uint64_t maximum, uint64_t *ret_value);
/* The nearest double, or float if `single`. NUMBER_RANGE where that would be infinite. */
enum number_fit number_double(const char *text, bool single, double *ret_value);
/* A decimal as units and billionths of the same sign: "-12.5" is -12 and -500000000. No exponent; digits past the ninth decimal are
 * NUMBER_FRACTION unless they are zeros. */
enum number_fit number_decimal(const char *text, int64_t *ret_units, int32_t *ret_nanos);

enum { NUMBER_TEXT_BYTES = 40 };
/* The shortest decimal that reads back as the same double (or, if `single`, float), laid out as ECMA-262 does: 100000, 1e+21, 0.000001, 1e-7. NaN,
 * Infinity and -Infinity by these names. `text` holds NUMBER_TEXT_BYTES. */
void number_format(double value, bool single, char *text);
/* The digits of a whole number, ended by NUL; returns how many. `text` holds NUMBER_TEXT_BYTES. */
size_t number_print(uint64_t value, char *text);
