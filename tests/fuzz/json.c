/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON in: what is accepted prints and reads back as the same message, in every way of printing. The first byte picks the type and the way.
 */
#include "tests/fuzz/fuzz.h"

#include "common/schema/json.h"
#include "common/schema/wire.h"

const struct schema_source *schema_source_sample(void);

static void check_printed(const struct schema *schema, const struct schema_type *type, const ProtobufCMessage *message, unsigned options, struct arena *arena)
{
	struct status st;
	struct buf text;
	struct bytes packed = schema_pack(message, arena);
	status_init(&st);
	assert(arena->overflowed || wire_check(type, packed, false, &st));
	buf_init(&text, arena);
	json_write(schema, type, message, options, &text);
	ProtobufCMessage *back = text.failed ? NULL : json_read(schema, type, buf_bytes(&text), arena, &st);
	assert(back != NULL || arena->overflowed);
	if (back != NULL) {
		struct bytes again = schema_pack(back, arena);
		assert(arena->overflowed || bytes_equal(again, packed));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"kam.test.v1.Thing", "google.protobuf.FieldMask", "kam.v1.ListRequest", "google.protobuf.Any",
	                                    "google.protobuf.Timestamp", "kam.test.v1.Node", "kam.test.v1.Page", "google.protobuf.Duration"};
	static const struct schema *schema;
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct status st;
	schema = schema != NULL ? schema : fuzz_schema(schema_source_sample());
	status_init(&st);
	uint8_t pick = fuzz_byte(&rest);
	const struct schema_type *type = schema_type_find(schema, types[pick & 7]);
	assert(type != NULL);
	struct bytes text = fuzz_take(&rest, rest.size, arena);
	ProtobufCMessage *message = json_read(schema, type, text, arena, &st);
	assert((message != NULL) == status_ok(&st));
	if (message == NULL) {
		assert(st.code == STATUS_INVALID_ARGUMENT || (st.code == STATUS_RESOURCE_EXHAUSTED && arena->overflowed));
	} else {
		check_printed(schema, type, message, pick >> 3 & 7, arena);
	}
	return 0;
}
