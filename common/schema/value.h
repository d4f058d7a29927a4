/* SPDX-License-Identifier: Apache-2.0
 *
 * value.h - reading and setting fields of protobuf-c messages by their descriptors.
 *
 * Every generic part (JSON, masks, filters, rules, tables of the CLI) goes through here; nobody else computes offsets.
 * Owns:    values borrow from the message; setters allocate in the arena they are given.
 */
#pragma once

#include "common/schema/schema.h"

struct value {
	enum { VALUE_UNSET, VALUE_BOOL, VALUE_INT, VALUE_UINT, VALUE_DOUBLE, VALUE_ENUM, VALUE_STRING, VALUE_BYTES, VALUE_MESSAGE } kind;
	union {
		bool boolean;
		int64_t integer;      /* VALUE_INT, VALUE_ENUM */
		uint64_t unsigned_integer;
		double number;
		const char *string;   /* never NULL */
		struct bytes bytes;
		const ProtobufCMessage *message;
	};
};

/* Number of elements: repeated fields; otherwise 1 where the field is set (proto3: differs from the default, or present), 0 where not. */
size_t value_count(const ProtobufCMessage *message, const struct schema_field *field);
/* The `index`th element; VALUE_UNSET where there is none. An unset scalar without presence reads as its default when `index` is 0 (kind as declared),
 * so test value_count to tell them apart. */
struct value value_get(const ProtobufCMessage *message, const struct schema_field *field, size_t index);
/* Sets a singular field, or appends to a repeated one (copied into the arena; messages are not copied but linked). False when the arena is full. The
 * kind must fit the field. */
bool value_set(ProtobufCMessage *message, const struct schema_field *field, struct value value, struct arena *arena);
/* Appends many elements to a repeated field at once; value_set copies the list for each. Nothing is appended when the arena is full. */
bool value_append(ProtobufCMessage *message, const struct schema_field *field, const struct value *values, size_t count, struct arena *arena);
void value_clear(ProtobufCMessage *message, const struct schema_field *field);
/* Reads text as the field's type would be typed on a command line: numbers, true/false, enum names with or without prefix in any case (KEY, phase_key), Timestamp RFC 3339
 * (or a day, its first moment in UTC), "12.50 EUR" for Money, "90s", "1h30m" or "2d" for Duration, "name,owner" for FieldMask, hexadecimal digits for bytes. Appends where
 * repeated. A map entry is "key=value", and replaces one of that key. `st` names the field. */
bool value_set_text(ProtobufCMessage *message, const struct schema_field *field, const char *text, struct arena *arena, struct status *st);
/* As one line of text for people and CSV: enum names without their prefix ("" for the unspecified one), Money "1,234.50 EUR" only if `pretty` (else "1234.50 EUR"), times RFC 3339,
 * repeated joined by `separator`, a Figure as its number ("" where undefined; the reason only if `pretty`), other messages as {kind: KEY, text: ...}. `pretty` also rounds doubles to
 * four decimals and puts blanks for line breaks. "" where nothing is set, or the arena is full. What value_set_text reads of a field's text that is not pretty is the field again. */
const char *value_text(const ProtobufCMessage *message, const struct schema_field *field, bool pretty, const char *separator, struct arena *arena);
/* Order of two values of one kind: numbers by size (NaN first), strings by bytes, Timestamp/Duration/Money messages by amount, other messages field by
 * field; unset first. */
int value_compare(struct value a, struct value b);
/* Walks "opt_in.signed_on" (either name form): the last field, and in `ret_message` the message that holds it (NULL where a parent is unset). Map keys as "labels.size":
 * the field is then the entry's `value`, and the message the entry (NULL where the map lacks the key). Below a repeated message the path goes on by type
 * and `ret_message` is NULL. `message` and `ret_message` may be NULL. NULL where the path names no field; `ret_bad` then is the offset of the part that is wrong. */
const struct schema_field *value_path(const struct schema_type *type, const ProtobufCMessage *message, const char *path, const ProtobufCMessage **ret_message, size_t *ret_bad);
/* Case-folded NFKC text, for INDEX_FOLDED and lookups by name. */
const char *value_fold(const char *text, struct arena *arena);
