/* SPDX-License-Identifier: Apache-2.0
 *
 * json_read.h - what the files that read JSON share.
 *
 * json_scan.c makes the text safe for jansson, json_read.c walks objects by the schema, json_value.c reads scalars, json_known.c the well-known types.
 * Private to common/schema.
 */
#pragma once

#include "common/schema/known.h"
#include "common/schema/path.h"

#include <jansson.h>

struct json_reader {
	const struct schema *schema;
	struct arena *arena;
	struct status *st;
};

/* Checks nesting, element count, numbers and NULs, and copies the text with each number made a string that begins with NUL: jansson would read it
 * into a long long or double, which loses "-0", 2^63 and more digits than a double has. No string of the input can begin so. */
bool json_scan(struct bytes text, struct buf *out, struct status *st);
/* Fails with line and column (both from 1) of an offset in the text. Always false. */
bool json_fail_at(struct bytes text, size_t offset, struct status *st, const char *what);
/* The offset in the text of an offset in what json_scan made of it. */
size_t json_offset(struct bytes text, size_t scanned_offset);

/* The digits of a JSON number, NULL where the value is none. */
const char *json_number(const json_t *json);
/* NULL where it is no string. */
const char *json_text(const json_t *json);

/* Fails naming what was expected and what is there. Always false. */
bool json_fail_type(const struct json_reader *r, const struct trail *trail, const char *expected, const json_t *json);
bool json_fail_memory(const struct json_reader *r);

/* All of these fail in r->st. */
bool json_read_value(const struct json_reader *r, const struct schema_field *field, const json_t *json, const struct trail *trail,
                     struct value *ret_value);
bool json_read_bytes(const struct json_reader *r, const json_t *json, const struct trail *trail, struct bytes *ret_bytes);
bool json_read_key(const struct json_reader *r, const struct schema_field *key_field, const char *key, const struct trail *trail,
                   struct value *ret_value);
ProtobufCMessage *json_read_message(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail);
/* An object with the type's fields, even where the type has a form of its own. `skip`: a member to pass over ("@type"), or NULL. */
ProtobufCMessage *json_read_object(const struct json_reader *r, const struct schema_type *type, const json_t *json, const char *skip,
                                   const struct trail *trail);
/* Of a known type other than KNOWN_NONE and KNOWN_MONEY. */
ProtobufCMessage *json_read_known(const struct json_reader *r, const struct schema_type *type, const json_t *json, const struct trail *trail);
