/* SPDX-License-Identifier: Apache-2.0
 *
 * json.h - the proto3 JSON mapping, driven by the schema. Source: protobuf.dev/programming-guides/json; RFC 8259.
 */
#pragma once

#include "common/schema/schema.h"

enum json_options {
	JSON_PRETTY = 1,        /* two-space indent, one field a line */
	JSON_PROTO_NAMES = 2,   /* display_name instead of displayName */
	JSON_DEFAULTS = 4,      /* also fields that are unset */
};

/* Appends the message, its fields in the order of the .proto. Any is expanded by `schema` where the type is known (else {"@type":…, "value": base64}).
 * 64-bit integers as strings, enums by name, Timestamp, Duration, FieldMask and wrappers in their own forms. */
void json_write(const struct schema *schema, const struct schema_type *type, const ProtobufCMessage *message, unsigned options, struct buf *out);
/* A JSON string literal, with quotes; invalid UTF-8 becomes U+FFFD. */
void json_write_string(struct buf *out, const char *text);

/* Reads one JSON value into a new message; all memory is the arena's. Maps come out sorted by key, as unpacked ones. Both name forms, 64-bit as string
 * or number, base64 of both alphabets, enum names and numbers, null as unset. Refused with INVALID_ARGUMENT naming the field or the line and column:
 * unknown fields and values (with the nearest known name), names given twice, two of a oneof, wrong types, what is no JSON, U+0000, depth over
 * LIMIT_JSON_DEPTH, more than LIMIT_MESSAGE_ELEMENTS values. RESOURCE_EXHAUSTED when the arena is full. */
ProtobufCMessage *json_read(const struct schema *schema, const struct schema_type *type, struct bytes text, struct arena *arena, struct status *st);
