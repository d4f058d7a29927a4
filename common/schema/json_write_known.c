/* SPDX-License-Identifier: Apache-2.0
 *
 * json_write_known.c - well-known types in the forms that JSON has for them.
 */
#include "common/schema/json_write.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/schema/number.h"

#include <ctype.h>
#include <stdlib.h>

/* A time past the year 9999 has no text: readers would refuse the whole reply for it. */
static void write_timestamp(struct json_writer *w, struct amount amount)
{
	char text[CLOCK_TEXT_BYTES + 2] = "\"";
	if (!known_timestamp_valid(amount)) {
		buf_add_text(w->out, "null");
		return;
	}
	clock_format(amount.whole, amount.nanos, text + 1);
	strcat(text, "\"");
	buf_add_text(w->out, text);
}

static void write_duration(struct json_writer *w, struct amount amount)
{
	char seconds[NUMBER_TEXT_BYTES], fraction[CLOCK_FRACTION_BYTES];
	if (!known_duration_valid(amount)) {
		buf_add_text(w->out, "null");
		return;
	}
	number_print((uint64_t)llabs(amount.whole), seconds);
	clock_format_fraction(abs(amount.nanos), fraction);
	buf_add_text(w->out, amount.whole < 0 || amount.nanos < 0 ? "\"-" : "\"");
	buf_add_text(w->out, seconds);
	buf_add_text(w->out, fraction);
	buf_add_text(w->out, "s\"");
}

/* Whether a path of a mask survives the way to camel case and back. */
static bool has_camel_form(const char *path)
{
	for (const char *p = path; *p; p++) {
		if (isupper((unsigned char)*p) || (*p == '_' && !islower((unsigned char)p[1]))) {
			return false;
		}
	}
	return true;
}

/* Paths of few shapes pass through; a map key with capitals stays as it is. */
static void write_mask(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message)
{
	const struct schema_field *paths = schema_field_by_number(type, 1);
	struct buf text;
	buf_init(&text, w->out->arena);
	for (size_t i = 0, count = value_count(message, paths); i < count; i++) {
		const char *path = value_get(message, paths, i).string;
		bool camel = has_camel_form(path);
		buf_add_text(&text, i > 0 ? "," : "");
		for (const char *p = path; *p; p++) {
			bool joint = camel && *p == '_';
			p += joint;
			buf_add_byte(&text, (uint8_t)(joint ? toupper((unsigned char)*p) : *p));
		}
	}
	json_write_string(w->out, buf_text(&text));
	w->out->failed = w->out->failed || text.failed;
}

/* ---- Any ------------------------------------------------------------------------------------------------------------------- */

/* The message inside, where its type is known and its bytes are good. Messages in messages in Any are bounded here, for each was read by itself. */
static const ProtobufCMessage *unpack_any(struct json_writer *w, const struct schema_type *inner, struct bytes bytes)
{
	struct status ignored;
	status_init(&ignored);
	return inner && w->depth < LIMIT_MESSAGE_DEPTH ? schema_unpack(inner, bytes, w->out->arena, &ignored) : NULL;
}

static void write_any(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message)
{
	const char *url = known_string(type, message, 1);
	struct bytes bytes = value_get(message, schema_field_by_number(type, 2), 0).bytes;
	const char *slash = strrchr(url, '/');
	const struct schema_type *inner = slash ? schema_type_find(w->schema, slash + 1) : NULL;
	const ProtobufCMessage *value = unpack_any(w, inner, bytes);
	enum known known = inner ? known_kind(inner) : KNOWN_NONE;
	size_t count = 0;
	json_open(w, '{');
	if (*url != '\0' || bytes.size > 0) {
		json_member(w, count++, "@type");
		json_write_string(w->out, url);
		if (value && (known == KNOWN_NONE || known == KNOWN_MONEY || known == KNOWN_EMPTY)) {
			count = json_write_members(w, inner, value, count);
		} else {
			json_member(w, count++, "value");
			if (value) {
				json_write_message(w, inner, value);
			} else {
				json_write_bytes(w, bytes);
			}
		}
	}
	json_close(w, '}', count);
}

void json_write_known(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message)
{
	const struct schema_field *first = schema_field_by_number(type, 1);
	switch (known_kind(type)) {
	case KNOWN_TIMESTAMP:
		write_timestamp(w, known_amount(type, message));
		break;
	case KNOWN_DURATION:
		write_duration(w, known_amount(type, message));
		break;
	case KNOWN_FIELD_MASK:
		write_mask(w, type, message);
		break;
	case KNOWN_ANY:
		write_any(w, type, message);
		break;
	default:
		json_write_value(w, first, value_get(message, first, 0));
		break;
	}
}
