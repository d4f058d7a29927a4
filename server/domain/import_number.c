/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/import_number.h"

#include <math.h>
#include <stdlib.h>

/* Drops what surrounds a number: blanks, signs of currency, brackets or a sign that make it negative. */
static const char *strip(const char *text, struct arena *arena, bool *ret_negative)
{
	bool bracketed = *text == '(' && text[strlen(text) - 1] == ')';
	char *plain = arena_strdup(arena, bracketed ? text + 1 : text), *end;
	*ret_negative = bracketed;
	if (!plain) {
		return "";
	}
	end = plain + strlen(plain) - bracketed;
	while (end > plain && (end[-1] == ' ' || end[-1] == '$' || (unsigned char)end[-1] >= 0x80)) {
		end--;
	}
	*end = '\0';
	while (*plain == ' ' || *plain == '$' || *plain == '-' || *plain == '+' || (unsigned char)*plain >= 0x80) {
		*ret_negative = *ret_negative || *plain == '-';
		plain++;
	}
	return plain;
}

bool import_number_read(const char *text, bool decimal_comma, struct arena *arena, double *ret_number)
{
	const char separator = decimal_comma ? '.' : ',', point = decimal_comma ? ',' : '.';
	char plain[64], *end;
	size_t size = 0, run = 0; /* digits since the last separator */
	bool grouped = false, negative;
	const char *c = strip(text, arena, &negative);
	for (; (*c == separator || (*c >= '0' && *c <= '9')) && size + 1 < sizeof plain; c++) {
		if (*c != separator) {
			plain[size++] = *c;
			run++;
		} else if (run == 0 || run > 3 || (grouped && run != 3)) {
			return false;
		} else {
			grouped = true;
			run = 0;
		}
	}
	if (size == 0 || (grouped && run != 3)) {
		return false;
	}
	for (; *c && *c != separator && size + 1 < sizeof plain; c++) {
		plain[size++] = *c == point ? '.' : *c;
	}
	plain[size] = '\0';
	double number = strtod(plain, &end);
	*ret_number = negative ? -number : number;
	return *c == '\0' && *end == '\0' && strspn(plain, "0123456789.eE+-") == size && isfinite(number);
}
