/* SPDX-License-Identifier: Apache-2.0
 *
 * Cells of an import: numbers and dates as other systems write them. The first line is the pattern of a date, the second the cell.
 */
#include "tests/fuzz/fuzz.h"

#include "common/base/clock.h"
#include "common/schema/rules.h"
#include "server/domain/import_date.h"
#include "server/domain/import_number.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	const char *pattern = fuzz_line(&rest, arena), *text = fuzz_line(&rest, arena), *why;
	int64_t seconds, first, end;
	double number, again;
	for (int comma = 0; comma < 2; comma++) {
		if (import_number_read(text, comma, arena, &number)) {
			assert(isfinite(number));
			const char *plain = arena_printf(arena, "%.17g", number);
			assert(import_number_read(plain, false, arena, &again) && again == number);
		}
	}
	if (import_date_read(pattern, text, &seconds)) {
		char day[CLOCK_TEXT_BYTES];
		clock_format(seconds, 0, day);
		int64_t seconds_again;
		assert(import_date_read("", day, &seconds_again) && seconds_again == seconds);
	}
	if (rules_period(text, &first, &end)) {
		assert(first < end && end - first <= 366);
	}
	for (int format = FORMAT_NONE; format <= FORMAT_PERMISSION; format++) {
		assert(rules_format((enum schema_format)format, text, &why) || why[0] != '\0');
	}
	return 0;
}
