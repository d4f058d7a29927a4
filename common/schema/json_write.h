/* SPDX-License-Identifier: Apache-2.0
 *
 * json_write.h - what the two files that write JSON share. Private to common/schema.
 */
#pragma once

#include "common/schema/json.h"
#include "common/schema/known.h"

struct json_writer {
	const struct schema *schema;
	unsigned options;
	struct buf *out;
	unsigned depth; /* of objects and lists that are open */
};

/* '{' or '[' and its end; `count` elements were written between them. */
void json_open(struct json_writer *w, char bracket);
void json_close(struct json_writer *w, char bracket, size_t count);
/* The comma, line and indent before the element that follows `count` others. */
void json_element(struct json_writer *w, size_t count);
/* The same, and the name. */
void json_member(struct json_writer *w, size_t count, const char *name);
void json_write_message(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message);
/* The members of a message behind `count` others; returns how many there are then. */
size_t json_write_members(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message, size_t count);
void json_write_value(struct json_writer *w, const struct schema_field *field, struct value value);
void json_write_bytes(struct json_writer *w, struct bytes bytes);
/* Of a known type other than KNOWN_NONE, KNOWN_MONEY and KNOWN_EMPTY. */
void json_write_known(struct json_writer *w, const struct schema_type *type, const ProtobufCMessage *message);
