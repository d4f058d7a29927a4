/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting what a reader may not see. Stored bytes are walked once; nothing is copied until the first field has to go, and then everything before it
 * is copied as one piece. A reader with every group gets the bytes themselves, after one comparison.
 *
 * A field that this program does not know (the store was written by a newer one) belongs to no group, so only readers of every group get it.
 */
#include "common/schema/build.h"
#include "common/schema/path.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"
#include "common/schema/wire_walk.h"

/* Every group that a field can be hidden by. */
static const schema_groups value_groups =
	1u << GROUP_PUBLIC | 1u << GROUP_COMMERCIAL | 1u << GROUP_FINANCIAL | 1u << GROUP_PERSONAL | 1u << GROUP_STRATEGY;

static bool sees_all(schema_groups groups)
{
	return (groups & value_groups) == value_groups;
}

/* Whether a walk could find something to cut. */
static bool may_cut(const struct schema_type *type, schema_groups groups)
{
	return !sees_all(groups) || type_entry_of(type)->has_secrets;
}

bool wire_may_hide(const struct schema_type *type, schema_groups groups)
{
	const struct type_entry *entry = type_entry_of(type);
	return (entry->groups & value_groups & ~groups) != 0 || entry->has_secrets;
}

/* Empty bytes that are not NULL. */
static const uint8_t nothing[1];

/* One message being cut: `kept` up to `from` is in `out`, once there is an `out`. */
struct cut {
	struct buf out;
	bool changed;
	const uint8_t *from; /* first byte that is not yet decided to be copied */
};

static void flush(struct cut *cut, const uint8_t *until)
{
	cut->changed = true;
	buf_add(&cut->out, cut->from, (size_t)(until - cut->from));
}

/* data NULL: the arena is full, or the bytes are damaged. */
static struct bytes cut_message(const struct schema_type *type, struct bytes bytes, schema_groups groups, struct arena *arena)
{
	struct cut cut = {.from = bytes.data};
	buf_init(&cut.out, arena);
	struct bytes rest = bytes;
	while (rest.size > 0) {
		struct wire_field wire;
		if (!wire_next(&rest, &wire)) {
			return (struct bytes){NULL, 0};
		}
		const struct schema_field *field = schema_field_by_number(type, wire.number);
		bool visible = field ? field_visible(field, groups) : sees_all(groups);
		bool descend = field && field->message && wire.type == WIRE_LENGTH && wire.value.size > 0 && may_cut(field->message, groups);
		if (visible && !descend) {
			continue;
		}
		struct bytes below = {NULL, 0};
		if (visible) {
			below = cut_message(field->message, wire.value, groups, arena);
			if (!below.data) {
				return below;
			}
			if (below.data == wire.value.data) {
				continue;
			}
		}
		flush(&cut, wire.start);
		if (visible) {
			wire_add_bytes(&cut.out, wire.number, below);
		}
		cut.from = wire.start + wire.size;
	}
	if (!cut.changed) {
		return bytes;
	}
	flush(&cut, bytes.data + bytes.size);
	if (cut.out.failed) {
		return (struct bytes){NULL, 0};
	}
	return (struct bytes){cut.out.data ? cut.out.data : nothing, cut.out.size};
}

struct bytes wire_cut(const struct schema_type *type, struct bytes bytes, schema_groups groups, struct arena *arena)
{
	if (bytes.size == 0) {
		return (struct bytes){nothing, 0};
	}
	return may_cut(type, groups) ? cut_message(type, bytes, groups, arena) : bytes;
}

void message_cut(const struct schema_type *type, ProtobufCMessage *message, schema_groups groups)
{
	if (!may_cut(type, groups)) {
		return;
	}
	if (!sees_all(groups)) {
		message->n_unknown_fields = 0;
		message->unknown_fields = NULL;
	}
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (!field_visible(field, groups)) {
			value_clear(message, field);
			continue;
		}
		for (size_t j = 0, count = field->message ? value_count(message, field) : 0; j < count; j++) {
			message_cut(field->message, (ProtobufCMessage *)(uintptr_t)value_get(message, field, j).message, groups);
		}
	}
}
