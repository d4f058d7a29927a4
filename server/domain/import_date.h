/* SPDX-License-Identifier: Apache-2.0
 *
 * import_date.h - dates as other systems write them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Reads `text` by a pattern of YYYY YY MM DD hh mm ss AM and any other characters as they are: "MM/DD/YY hh:mm AM". Numbers may lack leading zeros; YY 70 to 99 is 19xx. An empty pattern reads
 * ISO 8601 (a day, or RFC 3339). A pattern with more than a date also reads a text that ends after the date. Gives seconds since 1970 UTC. */
bool import_date_read(const char *pattern, const char *text, int64_t *ret_seconds);
