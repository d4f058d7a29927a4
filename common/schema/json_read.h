/* SPDX-License-Identifier: Apache-2.0
 *
 * json_read.h - what the files that read JSON share.
 *
 * json_scan.c turns text into tokens, json_read.c walks objects by the schema, json_value.c reads scalars, json_known.c the well-known types. No tree
 * is built: each value goes from the text into its message, and all memory is the arena's. Private to common/schema.
 */
#pragma once

#include "common/schema/json_object.h"
#include "common/schema/known.h"
#include "common/schema/path.h"

struct json_reader {
	const struct schema *schema;
	struct arena *arena;
	struct status *st;
	struct bytes text;
	size_t at;                /* offset of what is read next */
	size_t passed_over_bytes; /* by json_pass_over, in all */
	unsigned depth, elements; /* lists and objects that are open; values so far */
	struct buf stack;         /* elements of the lists and maps that are open, as struct value */
};

/* A value: a scalar that was read, or a list or object that begins where the reader stands. */
struct json_value {
	enum json_kind kind;
	const char *text; /* of a number: its digits; of a string: what it says, without NUL. In the arena. NULL for all others */
};

/* ---- json_scan.c: all fail with line and column, both from 1 ---------------------------------------------------------------- */

bool json_fail_at(const struct json_reader *r, size_t offset, const char *what);
bool json_next(struct json_reader *r, struct json_value *ret_value);
/* Passes the bracket that a list or object begins with. Call json_more before each element, of which there were `count`. */
bool json_enter(struct json_reader *r);
/* Whether another element follows, up to `close`, which is passed. */
bool json_more(struct json_reader *r, char close, size_t count, bool *ret_more);
/* The name of a member, and its colon. */
bool json_name(struct json_reader *r, const char **ret_name);
/* Passes a value without a look at it: whoever does that comes back to read it. */
bool json_pass_over(struct json_reader *r);
/* Nothing but blanks is left. */
bool json_end(struct json_reader *r);

/* ---- the others: all fail in r->st ------------------------------------------------------------------------------------------ */

/* Fails naming what was expected and what is there. Always false. */
bool json_fail_type(const struct json_reader *r, const struct trail *trail, const char *expected, const struct json_value *json);
bool json_fail_memory(const struct json_reader *r);

bool json_read_value(struct json_reader *r, const struct schema_field *field, const struct json_value *json, const struct trail *trail,
                     struct value *ret_value);
bool json_read_bytes(struct json_reader *r, const struct json_value *json, const struct trail *trail, struct bytes *ret_bytes);
bool json_read_key(struct json_reader *r, const struct schema_field *key_field, const char *key, const struct trail *trail, struct value *ret_value);
ProtobufCMessage *json_read_message(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail);
/* An object with the type's fields, even where the type has a form of its own. `skip`: a member to pass over ("@type"), or NULL. */
ProtobufCMessage *json_read_object(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const char *skip,
                                   const struct trail *trail);
/* Of a known type other than KNOWN_NONE and KNOWN_MONEY. */
ProtobufCMessage *json_read_known(struct json_reader *r, const struct schema_type *type, const struct json_value *json, const struct trail *trail);
