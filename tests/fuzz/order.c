/* SPDX-License-Identifier: Apache-2.0
 *
 * order_by: what is parsed gives every message a key, and the opposite order gives the opposite of it. The first byte says which groups the caller may see.
 */
#include "tests/fuzz/things.h"

#include "common/schema/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct things *things = fuzz_things();
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size}, keys[3];
	struct status st;
	const struct order *order;
	bool descending;
	status_init(&st);
	uint8_t pick = fuzz_byte(&rest);
	schema_groups groups = pick >= 0x80 ? GROUPS_ALL : (schema_groups)pick << 1;
	const char *text = fuzz_text(rest, arena);
	if (!order_parse(things->type, text, groups, arena, &order, &st)) {
		assert(st.code == STATUS_INVALID_ARGUMENT && strcmp(st.violations[0].field, "order_by") == 0);
		return 0;
	}
	const struct schema_field *index = order_index(order, &descending);
	assert(index == NULL || (index->rules.required && index->rules.index != INDEX_NONE));
	for (size_t i = 0; i < 3; i++) {
		keys[i] = order_key(order, things->all[i], arena);
		assert(order_is_empty(order) ? keys[i].size == 0 : keys[i].data != NULL && keys[i].size > 0);
	}
	/* No key is the beginning of another, or the next field's bytes would count for this one. */
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			bool begins = keys[i].size < keys[j].size && memcmp(keys[i].data, keys[j].data, keys[i].size) == 0;
			assert(!begins || order_is_empty(order));
		}
	}
	return 0;
}
