/* SPDX-License-Identifier: Apache-2.0
 *
 * import_number.h - numbers and amounts as people and other systems write them.
 */
#pragma once

#include "common/base/arena.h"

/* Reads "1,234.50", "$ 99", "-5", "(12)"; with a decimal comma "1.234,50". Separators of thousands stand in groups of three before the decimals, or the text is no number: half of them would
 * be wrong by a factor of a thousand. `text` has no blanks around it. */
bool import_number_read(const char *text, bool decimal_comma, struct arena *arena, double *ret_number);
