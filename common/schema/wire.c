/* SPDX-License-Identifier: Apache-2.0
 *
 * The check before protobuf-c. One walk over the bytes, by the type, without allocation: it is on the path of every request. It must be at
 * least as strict as protobuf-c's own scanner, so that what passes here unpacks, and stricter where protobuf-c loses or lets in what it should not.
 */
#include "common/schema/wire.h"

#include "common/base/limits.h"
#include "common/schema/build.h"
#include "common/schema/path.h"
#include "common/schema/wire_walk.h"

#include <stdio.h>
#include <utf8proc.h>

/* Over the whole message, whatever its depth. */
struct check {
	size_t elements, elements_max;
	bool unknown_ok;
	struct status *st;
};

size_t wire_varint(struct bytes bytes, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (size_t i = 0; i < bytes.size && i < WIRE_VARINT_BYTES; i++) {
		value |= (uint64_t)(bytes.data[i] & 0x7f) << (7 * i);
		if (bytes.data[i] < 0x80) {
			/* The tenth byte holds one bit; protobuf drops what is above it. */
			*ret_value = value;
			return i + 1;
		}
	}
	return 0;
}

/* Most tags and lengths are one byte. */
static inline size_t short_varint(struct bytes bytes, uint64_t *ret_value)
{
	if (bytes.size > 0 && bytes.data[0] < 0x80) {
		*ret_value = bytes.data[0];
		return 1;
	}
	return wire_varint(bytes, ret_value);
}

bool wire_next(struct bytes *rest, struct wire_field *ret_field)
{
	uint64_t tag, size;
	size_t tag_size = short_varint(*rest, &tag);
	if (tag_size == 0 || tag_size > WIRE_TAG_BYTES || tag > UINT32_MAX || tag >> 3 == 0) {
		return false;
	}
	struct wire_field field = {.number = (uint32_t)(tag >> 3), .type = (enum wire_type)(tag & 7), .start = rest->data};
	struct bytes after = {rest->data + tag_size, rest->size - tag_size};
	field.value = after;
	switch (field.type) {
	case WIRE_VARINT:
		field.value.size = short_varint(after, &size);
		if (field.value.size == 0) {
			return false;
		}
		break;
	case WIRE_64BIT:
	case WIRE_32BIT:
		field.value.size = field.type == WIRE_64BIT ? 8 : 4;
		break;
	case WIRE_LENGTH: {
		size_t size_size = short_varint(after, &size);
		if (size_size == 0 || size_size > WIRE_TAG_BYTES || size > after.size - size_size) {
			return false;
		}
		field.value = (struct bytes){after.data + size_size, (size_t)size};
		break;
	}
	default:
		return false;
	}
	size_t used = (size_t)(field.value.data - rest->data);
	if (field.value.size > rest->size - used) {
		return false;
	}
	used += field.value.size;
	field.size = used;
	*ret_field = field;
	*rest = (struct bytes){rest->data + used, rest->size - used};
	return true;
}

static enum wire_type declared_wire_type(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LENGTH;
	default:
		return WIRE_VARINT;
	}
}

/* Eight bytes of ASCII without NUL: none has its high bit set, nor gets it by borrowing when one is taken from each. */
static bool is_plain_word(const uint8_t *data)
{
	uint64_t word;
	memcpy(&word, data, sizeof word);
	return ((word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

bool wire_text_valid(struct bytes bytes)
{
	for (size_t at = 0; at < bytes.size;) {
		if (bytes.size - at >= sizeof(uint64_t) && is_plain_word(bytes.data + at)) {
			at += sizeof(uint64_t);
			continue;
		}
		if (bytes.data[at] > 0 && bytes.data[at] < 0x80) {
			at++;
			continue;
		}
		utf8proc_int32_t code;
		utf8proc_ssize_t step = utf8proc_iterate(bytes.data + at, (utf8proc_ssize_t)(bytes.size - at), &code);
		if (step <= 0 || code == 0) {
			return false;
		}
		at += (size_t)step;
	}
	return true;
}

/* Messages name the field by its path; the root itself has no name. */
static bool fail(const struct check *check, const struct trail *up, const struct schema_field *field, const char *text)
{
	struct trail trail = {.up = up && up->name ? up : NULL, .name = field ? field->name : NULL};
	if (field) {
		return trail_fail(&trail, check->st, "%s", text);
	}
	if (up && up->name) {
		return trail_fail(up, check->st, "%s", text);
	}
	return status_fail(check->st, STATUS_INVALID_ARGUMENT, "MESSAGE_MALFORMED", "the message %s", text);
}

static bool count_elements(struct check *check, size_t count, const struct trail *up, const struct schema_field *field)
{
	/* `elements` never passes the limit, so the difference is no less than 0. */
	if (count > check->elements_max - check->elements) {
		return fail(check, up, field, "goes past the number of values that one message may hold: send less in it");
	}
	check->elements += count;
	return true;
}

static bool check_packed(struct check *check, const struct trail *up, const struct schema_field *field, struct bytes bytes)
{
	enum wire_type type = declared_wire_type(field->pb->type);
	size_t count = 0;
	if (type == WIRE_VARINT) {
		uint64_t value;
		while (bytes.size > 0) {
			size_t size = short_varint(bytes, &value);
			if (size == 0) {
				return fail(check, up, field, "ends in the middle of a packed number");
			}
			bytes = (struct bytes){bytes.data + size, bytes.size - size};
			count++;
		}
	} else {
		size_t size = type == WIRE_64BIT ? 8 : 4;
		if (bytes.size % size != 0) {
			return fail(check, up, field, "ends in the middle of a packed number");
		}
		count = bytes.size / size;
	}
	return count_elements(check, count, up, field);
}

static bool check_message(struct check *check, const struct schema_type *type, struct bytes bytes, const struct trail *up, unsigned depth);

/* `seen` has a bit for each field of the type whose message came before. */
static bool check_field(struct check *check, const struct schema_field *field, const struct wire_field *wire, const struct trail *up, unsigned depth,
                        uint64_t *seen)
{
	enum wire_type declared = declared_wire_type(field->pb->type);
	if (wire->type != declared) {
		if (field->repeated && wire->type == WIRE_LENGTH) {
			return check_packed(check, up, field, wire->value);
		}
		return fail(check, up, field, "has another type on the wire than the contract says: use the same version of the contract");
	}
	if (field->pb->type == PROTOBUF_C_TYPE_STRING && !wire_text_valid(wire->value)) {
		return fail(check, up, field, "is no UTF-8 text, or holds a NUL");
	}
	if (!field->message) {
		return true;
	}
	size_t index = (size_t)(field - field->owner->fields);
	if (!field->repeated) {
		if (seen[index / 64] >> (index % 64) & 1) {
			return fail(check, up, field, "comes twice");
		}
		seen[index / 64] |= UINT64_C(1) << (index % 64);
	}
	struct trail trail = {.up = up->name ? up : NULL, .name = field->name};
	return check_message(check, field->message, wire->value, &trail, depth + 1);
}

static bool check_message(struct check *check, const struct schema_type *type, struct bytes bytes, const struct trail *up, unsigned depth)
{
	uint64_t seen[SCHEMA_FIELDS_MAX / 64] = {0};
	if (depth > LIMIT_MESSAGE_DEPTH) {
		return fail(check, up, NULL, "is nested too deep");
	}
	while (bytes.size > 0) {
		struct wire_field wire;
		if (!wire_next(&bytes, &wire)) {
			return fail(check, up, NULL, "holds bytes that are no protobuf, or is cut short");
		}
		const struct schema_field *field = schema_field_by_number(type, wire.number);
		if (!count_elements(check, 1, up, field)) {
			return false;
		}
		if (!field) {
			if (check->unknown_ok) {
				continue;
			}
			char text[STATUS_DESCRIPTION_BYTES];
			snprintf(text, sizeof text, "has a field number %u that is unknown here: use the server's version of the contract", wire.number);
			return fail(check, up, NULL, text);
		}
		if (!check_field(check, field, &wire, up, depth, seen)) {
			return false;
		}
	}
	return true;
}

bool wire_check_within(const struct schema_type *type, struct bytes bytes, bool unknown_ok, size_t elements_max, struct status *st)
{
	struct check check = {.unknown_ok = unknown_ok, .elements_max = elements_max, .st = st};
	const struct trail root = {0};
	return check_message(&check, type, bytes, &root, 1);
}

bool wire_check(const struct schema_type *type, struct bytes bytes, bool unknown_ok, struct status *st)
{
	return wire_check_within(type, bytes, unknown_ok, LIMIT_MESSAGE_ELEMENTS, st);
}

/* ---- single fields --------------------------------------------------------------------------------------------------------- */

struct bytes wire_find(struct bytes bytes, uint32_t field_number)
{
	struct bytes found = {NULL, 0};
	struct wire_field field;
	while (bytes.size > 0 && wire_next(&bytes, &field)) {
		if (field.number == field_number && field.type == WIRE_LENGTH) {
			found = field.value;
		}
	}
	return found;
}

void wire_split(struct bytes bytes, uint32_t field_number, struct bytes *ret_before, struct bytes *ret_field, struct bytes *ret_behind)
{
	struct bytes rest = bytes;
	struct wire_field field;
	*ret_before = bytes;
	*ret_field = *ret_behind = (struct bytes){bytes.data + bytes.size, 0};
	while (rest.size > 0 && wire_next(&rest, &field)) {
		if (field.number == field_number) {
			*ret_before = (struct bytes){bytes.data, (size_t)(field.start - bytes.data)};
			*ret_field = (struct bytes){field.start, field.size};
			*ret_behind = rest;
		}
	}
}

void wire_add_raw_varint(struct buf *buf, uint64_t value)
{
	uint8_t text[WIRE_VARINT_BYTES];
	size_t size = 0;
	for (; value >= 0x80; value >>= 7) {
		text[size++] = (uint8_t)(value | 0x80);
	}
	text[size++] = (uint8_t)value;
	buf_add(buf, text, size);
}

void wire_add_bytes(struct buf *buf, uint32_t field_number, struct bytes value)
{
	wire_add_raw_varint(buf, (uint64_t)field_number << 3 | WIRE_LENGTH);
	wire_add_raw_varint(buf, value.size);
	buf_add(buf, value.data, value.size);
}

void wire_add_varint(struct buf *buf, uint32_t field_number, uint64_t value)
{
	wire_add_raw_varint(buf, (uint64_t)field_number << 3 | WIRE_VARINT);
	wire_add_raw_varint(buf, value);
}
