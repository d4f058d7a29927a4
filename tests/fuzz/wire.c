/* SPDX-License-Identifier: Apache-2.0
 *
 * Protobuf bytes: check, unpack, pack again, cut for a reader, write as JSON. The first byte picks the type, the second the groups of the reader.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_text.h"

#include "common/schema/json.h"
#include "common/schema/wire.h"

const struct schema_source *schema_source_sample(void);

static const struct schema_type *pick_type(const struct schema *schema, uint8_t pick)
{
	static const char *const own[] = {"kam.test.v1.Thing", "kam.test.v1.Node", "kam.test.v1.Page", "kam.test.v1.WriteRequest"};
	size_t methods = schema_methods_count(schema);
	if (pick < sizeof own / sizeof own[0]) {
		return schema_type_find(schema, own[pick]);
	}
	const struct schema_method *method = schema_method_at(schema, pick / 2 % methods);
	return pick % 2 == 0 ? method->input : method->output;
}

static struct bytes repack(const struct schema_type *type, struct bytes bytes, struct arena *arena)
{
	struct status st;
	status_init(&st);
	ProtobufCMessage *message = schema_unpack(type, bytes, arena, &st);
	struct bytes packed = {NULL, 0};
	if (message != NULL) {
		packed = schema_pack(message, arena);
	}
	assert(message != NULL || arena->overflowed);
	return packed;
}

/* Cut as bytes and cut as a message is the same. */
static void check_cut(const struct schema_type *type, struct bytes bytes, schema_groups groups, struct arena *arena)
{
	struct status st;
	status_init(&st);
	struct bytes cut = wire_cut(type, bytes, groups, arena);
	ProtobufCMessage *message = schema_unpack(type, bytes, arena, &st);
	if (arena->overflowed) {
		return;
	}
	assert(cut.data != NULL && cut.size <= bytes.size);
	assert(wire_check(type, cut, true, &st));
	message_cut(type, message, groups);
	struct bytes a = repack(type, schema_pack(message, arena), arena), b = repack(type, cut, arena);
	assert(bytes_equal(a, b) || arena->overflowed);
	struct bytes twice = wire_cut(type, cut, groups, arena);
	assert(bytes_equal(twice, cut) || arena->overflowed);
}

static void check_json(const struct schema *schema, const struct schema_type *type, const ProtobufCMessage *message, struct arena *arena)
{
	struct buf text;
	buf_init(&text, arena);
	json_write(schema, type, message, 0, &text);
	const char *written = buf_text(&text);
	assert(text.failed || json_text_sound(written));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct schema *schema;
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct status st;
	schema = schema != NULL ? schema : fuzz_schema(schema_source_sample());
	status_init(&st);
	const struct schema_type *type = pick_type(schema, fuzz_byte(&rest));
	schema_groups groups = (schema_groups)fuzz_byte(&rest) << 1;
	struct bytes bytes = fuzz_take(&rest, rest.size, arena);
	bool strict = wire_check(type, bytes, false, &st);
	status_init(&st);
	if (!wire_check(type, bytes, true, &st)) {
		assert(!strict && st.code == STATUS_INVALID_ARGUMENT && st.message[0] != '\0');
		return 0;
	}
	struct bytes once = repack(type, bytes, arena), twice = repack(type, once, arena);
	if (!arena->overflowed) {
		assert(bytes_equal(once, twice) && wire_check(type, once, !strict, &st));
		check_cut(type, bytes, groups, arena);
		ProtobufCMessage *message = schema_unpack(type, bytes, arena, &st);
		if (message != NULL) {
			check_json(schema, type, message, arena);
		}
	}
	assert(arena->used_bytes <= arena->limit_bytes);
	return 0;
}
