/* SPDX-License-Identifier: Apache-2.0
 *
 * Field masks: one path a line, carried from one message to another. The first byte picks the messages.
 */
#include "tests/fuzz/things.h"

#include "common/schema/mask.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"

enum { PATHS = 4 };

static ProtobufCMessage *copy_of(const struct things *things, const ProtobufCMessage *message, struct arena *arena)
{
	struct status st;
	status_init(&st);
	ProtobufCMessage *copy = schema_unpack(things->type, schema_pack(message, arena), arena, &st);
	assert(copy != NULL);
	return copy;
}

static void check_paths(const struct things *things, char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t bad = SIZE_MAX;
		const ProtobufCMessage *holder;
		const struct schema_field *field = value_path(things->type, things->all[0], paths[i], &holder, &bad);
		assert(field != NULL || bad <= strlen(paths[i]));
		if (field != NULL && holder != NULL) {
			assert(field->owner->pb == holder->descriptor);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct things *things = fuzz_things();
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct status st;
	char *paths[PATHS];
	size_t count = 0;
	status_init(&st);
	uint8_t pick = fuzz_byte(&rest);
	while (rest.size > 0 && count < PATHS) {
		paths[count++] = fuzz_line(&rest, arena);
	}
	check_paths(things, paths, count);
	const ProtobufCMessage *before = things->all[pick % 3], *source = copy_of(things, things->all[pick / 3 % 3], arena);
	ProtobufCMessage *target = copy_of(things, before, arena);
	if (!mask_apply(things->type, target, source, paths, count, arena, &st)) {
		assert(st.code == STATUS_INVALID_ARGUMENT && st.violations_count > 0);
		return 0;
	}
	/* Sound, and complete: done twice it is the same. */
	struct bytes once = schema_pack(target, arena);
	assert(wire_check(things->type, once, false, &st));
	assert(mask_apply(things->type, target, source, paths, count, arena, &st));
	assert(bytes_equal(schema_pack(target, arena), once));
	const char *differences = mask_differences(things->type, before, target, GROUPS_ALL, arena);
	assert(pick % 3 != pick / 3 % 3 || differences[0] == '\0');
	return 0;
}
