/* SPDX-License-Identifier: Apache-2.0
 *
 * Resource names, and the other small texts of common/base: times, days, UTF-8.
 */
#include "tests/fuzz/fuzz.h"

#include "common/base/clock.h"
#include "common/base/name.h"
#include "common/base/utf8.h"
#include "common/schema/wire.h"

static void check_parts(const char *text, const struct name *name, struct arena *arena)
{
	char collection[LIMIT_NAME_BYTES + 1];
	const char *end = text;
	assert(name->count >= 1 && name->count <= LIMIT_NAME_SEGMENTS);
	for (size_t i = 0; i < name->count; i++) {
		assert(name->segments[i].text == end && name->segments[i].size > 0 && name->segments[i].size <= LIMIT_ID_BYTES);
		end += name->segments[i].size;
		assert(*end == (i + 1 < name->count ? '/' : '\0'));
		end++;
	}
	assert(name_collection(name, collection, sizeof collection) && strlen(collection) <= strlen(text));
	assert(!name_collection(name, collection, strlen(collection)));
	assert(name_lies_below(text, text));
	size_t parent_size = name_parent_size(name);
	if (parent_size > 0) {
		const char *parent = arena_strndup(arena, text, parent_size);
		struct name above;
		assert(name_parse(parent, true, &above) && above.count == ((name->count - 1) & ~(size_t)1));
		assert(name_lies_below(text, parent) && !name_lies_below(parent, text));
	}
}

static void check_name(const struct schema *schema, const char *text, struct arena *arena)
{
	struct name name, open;
	bool closed_ok = name_parse(text, false, &name), open_ok = name_parse(text, true, &open);
	const struct schema_resource *resource = schema_resource_of_name(schema, text);
	assert(open_ok || (!closed_ok && resource == NULL));
	if (open_ok) {
		check_parts(text, &open, arena);
	}
	if (resource != NULL) {
		char collection[LIMIT_NAME_BYTES + 1];
		assert(name_collection(&open, collection, sizeof collection) && strcmp(collection, resource->collection) == 0);
		assert(schema_resource_find(schema, collection) == resource);
	}
}

static void check_time(const char *text)
{
	char again[CLOCK_TEXT_BYTES];
	int64_t seconds, seconds_again, days;
	int32_t nanos, nanos_again;
	if (clock_parse(text, &seconds, &nanos)) {
		assert(nanos >= 0 && nanos < 1000000000);
		clock_format(seconds, nanos, again);
		assert(clock_parse(again, &seconds_again, &nanos_again) && seconds_again == seconds && nanos_again == nanos);
	}
	if (clock_parse_date(text, &days)) {
		int year, month, day;
		clock_day_of(days, &year, &month, &day);
		assert(clock_days_of(year, month, day) == days);
		snprintf(again, sizeof again, "%04d-%02d-%02d", year, month, day);
		assert(strcmp(again, text) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct schema *schema;
	struct arena *arena = fuzz_arena();
	schema = schema != NULL ? schema : fuzz_schema(schema_source_kam());
	char *text = fuzz_text((struct bytes){data, size}, arena);
	check_name(schema, text, arena);
	check_time(text);
	bool was_valid = wire_text_valid(bytes_of(text));
	char *repaired = arena_strdup(arena, text);
	utf8_repair(repaired);
	assert(strlen(repaired) == strlen(text) && wire_text_valid(bytes_of(repaired)));
	assert(was_valid == (strcmp(repaired, text) == 0));
	return 0;
}
