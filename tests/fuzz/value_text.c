/* SPDX-License-Identifier: Apache-2.0
 *
 * Values as they are typed on a command line: what a field's text reads as prints as a text that reads as the same. The first two bytes pick the field.
 */
#include "tests/fuzz/things.h"

#include "common/schema/mask.h"
#include "common/schema/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct things *things = fuzz_things();
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct status st;
	status_init(&st);
	const struct schema_field *field = &things->type->fields[fuzz_byte(&rest) % things->type->fields_count];
	ProtobufCMessage *message = schema_message_new(things->type, arena), *again = schema_message_new(things->type, arena);
	const char *text = fuzz_text(rest, arena);
	if (!value_set_text(message, field, text, arena, &st)) {
		assert(st.code == STATUS_INVALID_ARGUMENT && st.violations_count > 0);
		return 0;
	}
	assert(value_text(message, field, true, ", ", arena) != NULL);
	const char *printed = value_text(message, field, false, ", ", arena);
	if (value_count(message, field) == 0) {
		assert(field->repeated || printed[0] == '\0' || value_get(message, field, 0).kind != VALUE_UNSET);
		return 0;
	}
	if (printed[0] != '\0' && !(field->message != NULL && !field->map && printed[0] == '{')) {
		assert(value_set_text(again, field, printed, arena, &st));
		assert(mask_field_equal(field, message, again));
	}
	return 0;
}
