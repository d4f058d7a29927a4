/* SPDX-License-Identifier: Apache-2.0
 *
 * json_write.c - messages as JSON, streamed into a buffer from the schema's tables.
 *
 * No tree is built. What is secret is passed over whoever asks. Depth is that of the message, which was bounded when it was read.
 */
#include "common/base/base64.h"
#include "common/schema/json_text.h"
#include "common/schema/json_write.h"

#include "common/schema/enums.h"
#include "common/schema/number.h"
#include "common/schema/path.h"

#include <inttypes.h>
#include <math.h>
#include <utf8proc.h>

/* ---- punctuation ----------------------------------------------------------------------------------------------------------- */

static void new_line(struct json_writer *w)
{
	buf_add_byte(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++) {
		buf_add(w->out, "  ", 2);
	}
}

void json_open(struct json_writer *w, char bracket)
{
	buf_add_byte(w->out, (uint8_t)bracket);
	w->depth++;
}

void json_close(struct json_writer *w, char bracket, size_t count)
{
	w->depth--;
	if (count > 0 && (w->options & JSON_PRETTY)) {
		new_line(w);
	}
	buf_add_byte(w->out, (uint8_t)bracket);
}

void json_element(struct json_writer *w, size_t count)
{
	if (count > 0) {
		buf_add_byte(w->out, ',');
	}
	if (w->options & JSON_PRETTY) {
		new_line(w);
	}
}

void json_member(struct json_writer *w, size_t count, const char *name)
{
	json_element(w, count);
	json_write_string(w->out, name);
	buf_add_text(w->out, w->options & JSON_PRETTY ? ": " : ":");
}

/* ---- scalars --------------------------------------------------------------------------------------------------------------- */

static void write_control(struct buf *out, uint8_t c)
{
	static const char letters[] = "btn\0fr"; /* U+0008 to U+000D */
	if (c >= 8 && c <= 13 && c != 11) {
		buf_add_byte(out, '\\');
		buf_add_byte(out, (uint8_t)letters[c - 8]);
	} else {
		buf_printf(out, "\\u%04x", c);
	}
}

/* DEL, C1 controls, and what turns the direction of the text around it: JSON lets them stand, but on a terminal they act. */
static bool acts_on_terminals(utf8proc_int32_t code)
{
	return (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb);
}

/* The character at `text`, which is not plain; returns its size. */
static size_t write_character(struct buf *out, const char *text, size_t size)
{
	uint8_t c = (uint8_t)*text;
	utf8proc_int32_t code;
	utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &code);
	if (step <= 0) {
		buf_add(out, "\xEF\xBF\xBD", 3);
		return 1;
	}
	if (acts_on_terminals(code)) {
		buf_printf(out, "\\u%04x", (unsigned)code);
	} else if (c < 0x20) {
		write_control(out, c);
	} else {
		if (c < 0x80) {
			buf_add_byte(out, '\\');
		}
		buf_add(out, text, (size_t)step);
	}
	return (size_t)step;
}

void json_write_string(struct buf *out, const char *text)
{
	size_t size = strlen(text), at = json_plain_size(text, size);
	/* Most strings are plain: in one piece. */
	uint8_t *room = buf_extend(out, at + (at == size ? 2 : 1));
	if (!room) {
		return;
	}
	room[0] = '"';
	memcpy(room + 1, text, at);
	if (at == size) {
		room[size + 1] = '"';
		return;
	}
	while (at < size) {
		at += write_character(out, text + at, size - at);
		size_t plain = json_plain_size(text + at, size - at);
		buf_add(out, text + at, plain);
		at += plain;
	}
	buf_add_byte(out, '"');
}

void json_write_bytes(struct json_writer *w, struct bytes bytes)
{
	uint8_t *room = buf_extend(w->out, (bytes.size + 2) / 3 * 4 + 2);
	if (room) {
		size_t used = base64_write(bytes, true, (char *)room + 1);
		room[0] = room[used + 1] = '"';
	}
}

static bool is_wide(const struct schema_field *field)
{
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return true;
	default:
		return false;
	}
}

/* Quoted where JSON's own readers would lose digits. */
static void write_whole(struct json_writer *w, const struct schema_field *field, bool negative, uint64_t size)
{
	char text[NUMBER_TEXT_BYTES + 3], *end = text;
	bool wide = is_wide(field);
	if (wide) {
		*end++ = '"';
	}
	if (negative) {
		*end++ = '-';
	}
	end += number_print(size, end);
	if (wide) {
		*end++ = '"';
	}
	buf_add(w->out, text, (size_t)(end - text));
}

static void write_double(struct json_writer *w, double number, bool single)
{
	char text[NUMBER_TEXT_BYTES];
	const char *quote = isfinite(number) ? "" : "\"";
	number_format(number, single, text);
	buf_add_text(w->out, quote);
	buf_add_text(w->out, text);
	buf_add_text(w->out, quote);
}

static void write_enum(struct json_writer *w, const struct schema_field *field, int64_t number)
{
	const struct schema_enum_value *value = enum_by_number(field->enumeration, number);
	if (enum_is_null(field->enumeration)) {
		buf_add_text(w->out, "null");
	} else if (value) {
		json_write_string(w->out, value->name);
	} else {
		write_whole(w, field, number < 0, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
	}
}

void json_write_value(struct json_writer *w, const struct schema_field *field, struct value value)
{
	switch (value.kind) {
	case VALUE_UNSET:
		buf_add_text(w->out, "null");
		break;
	case VALUE_BOOL:
		buf_add_text(w->out, value.boolean ? "true" : "false");
		break;
	case VALUE_INT:
		write_whole(w, field, value.integer < 0, value.integer < 0 ? 0 - (uint64_t)value.integer : (uint64_t)value.integer);
		break;
	case VALUE_UINT:
		write_whole(w, field, false, value.unsigned_integer);
		break;
	case VALUE_DOUBLE:
		write_double(w, value.number, field->pb->type == PROTOBUF_C_TYPE_FLOAT);
		break;
	case VALUE_ENUM:
		write_enum(w, field, value.integer);
		break;
	case VALUE_STRING:
		json_write_string(w->out, value.string);
		break;
	case VALUE_BYTES:
		json_write_bytes(w, value.bytes);
		break;
	case VALUE_MESSAGE:
		json_write_message(w, field->message, value.message);
		break;
	}
}

/* ---- messages -------------------------------------------------------------------------------------------------------------- */

static void write_map(struct json_writer *w, const struct schema_field *map, const ProtobufCMessage *message, size_t count)
{
	const struct schema_field *value_field = entry_value_field(map);
	char text[32];
	json_open(w, '{');
	for (size_t i = 0; i < count; i++) {
		const ProtobufCMessage *entry = value_get(message, map, i).message;
		json_member(w, i, entry_key(map, entry, text));
		json_write_value(w, value_field, value_get(entry, value_field, 0));
	}
	json_close(w, '}', count);
}

static void write_list(struct json_writer *w, const struct schema_field *field, const ProtobufCMessage *message, size_t count)
{
	json_open(w, '[');
	for (size_t i = 0; i < count; i++) {
		json_element(w, i);
		json_write_value(w, field, value_get(message, field, i));
	}
	json_close(w, ']', count);
}

size_t json_write_members(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message, size_t count)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		size_t elements = value_count(message, field);
		if (field->rules.secret || (elements == 0 && !(w->options & JSON_DEFAULTS))) {
			continue;
		}
		json_member(w, count++, w->options & JSON_PROTO_NAMES ? field->name : field->json_name);
		if (field->map) {
			write_map(w, field, message, elements);
		} else if (field->repeated) {
			write_list(w, field, message, elements);
		} else {
			json_write_value(w, field, value_get(message, field, 0));
		}
	}
	return count;
}

void json_write_message(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message)
{
	enum known known = known_kind(type);
	if (known != KNOWN_NONE && known != KNOWN_MONEY && known != KNOWN_EMPTY) {
		json_write_known(w, type, message);
		return;
	}
	json_open(w, '{');
	json_close(w, '}', json_write_members(w, type, message, 0));
}

void json_write(const struct schema *schema, const struct schema_type *type, const ProtobufCMessage *message, unsigned options, struct buf *out)
{
	struct json_writer writer = {schema, options, out, 0};
	json_write_message(&writer, type, message);
}
