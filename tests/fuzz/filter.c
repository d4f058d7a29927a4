/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters: parsed, matched, negated, and the range of an index that they give. The first byte says which groups the caller may see.
 */
#include "tests/fuzz/things.h"

#include "common/schema/filter.h"

struct search {
	const struct filter_range *range;
	bool found;
};

static void on_entry(void *context, uint32_t index_id, struct bytes value)
{
	struct search *search = context;
	const struct filter_range *range = search->range;
	if (index_id == range->field->rules.index_id && bytes_compare(value, range->low) >= 0 &&
	    (range->high.data == NULL || bytes_compare(value, range->high) < 0)) {
		search->found = true;
	}
}

/* Whatever a filter matches, the range of its index holds. */
static void check_range(const struct things *things, const struct filter *filter, struct arena *arena)
{
	struct filter_range range;
	if (!filter_range(filter, arena, &range)) {
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		struct search search = {&range, false};
		if (filter_matches(filter, things->all[i])) {
			index_entries(things->type, things->all[i], arena, on_entry, &search);
			assert(search.found);
		}
	}
}

/* NOT (…) is the opposite, unless it is one parenthesis or four bytes too many. */
static void check_negated(const struct things *things, const struct filter *filter, const char *text, schema_groups groups, struct arena *arena)
{
	const struct filter *negated;
	struct status st;
	status_init(&st);
	if (filter_is_empty(filter)) {
		assert(filter_matches(filter, things->all[2]));
	} else if (filter_parse(things->type, arena_printf(arena, "NOT (%s)", text), groups, arena, &negated, &st)) {
		for (size_t i = 0; i < 3; i++) {
			assert(filter_matches(filter, things->all[i]) != filter_matches(negated, things->all[i]));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct things *things = fuzz_things();
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct status st;
	const struct filter *filter;
	status_init(&st);
	uint8_t pick = fuzz_byte(&rest);
	schema_groups groups = pick >= 0x80 ? GROUPS_ALL : (schema_groups)pick << 1;
	const char *text = fuzz_text(rest, arena);
	if (!filter_parse(things->type, text, groups, arena, &filter, &st)) {
		assert(st.code == STATUS_INVALID_ARGUMENT && strcmp(st.violations[0].field, "filter") == 0);
		return 0;
	}
	assert(status_ok(&st) && strlen(text) <= LIMIT_FILTER_BYTES);
	check_negated(things, filter, text, groups, arena);
	check_range(things, filter, arena);
	return 0;
}
