/* SPDX-License-Identifier: Apache-2.0
 *
 * wire.h - protobuf bytes as bytes: checked before protobuf-c sees them, cut for a reader without unpacking.
 *
 * Why: protobuf-c has no depth limit, accepts bad UTF-8, cuts strings at NUL and loses data on a repeated singular submessage.
 * Source: protobuf.dev/programming-guides/encoding.
 */
#pragma once

#include "common/schema/schema.h"

/* Walks the bytes by the type: well-formed, depth (LIMIT_MESSAGE_DEPTH), elements (LIMIT_MESSAGE_ELEMENTS), UTF-8 without NUL in strings, no group, no wire type other than
 * declared, no singular submessage twice. INVALID_ARGUMENT names the field. Unknown fields pass if `unknown_ok`, else are refused by number. */
bool wire_check(const struct schema_type *type, struct bytes bytes, bool unknown_ok, struct status *st);
/* The same with another bound on elements. */
bool wire_check_within(const struct schema_type *type, struct bytes bytes, bool unknown_ok, size_t elements_max, struct status *st);

/* Copies a message without the fields whose group is not in `groups`, nor any `secret` field, at every depth (INHERIT follows its holder). Where nothing is cut the input itself comes
 * back, uncopied. Fields unknown to the contract have no group: only a reader of every group gets them. data NULL when the arena is full or the bytes are damaged. */
struct bytes wire_cut(const struct schema_type *type, struct bytes bytes, schema_groups groups, struct arena *arena);
/* The same on an unpacked message: hidden fields are cleared in place. */
void message_cut(const struct schema_type *type, ProtobufCMessage *message, schema_groups groups);
/* Whether a message of the type can hold anything that a reader of `groups` does not get: a field of another group, or a secret. */
bool wire_may_hide(const struct schema_type *type, schema_groups groups);

/* Last occurrence of a string or bytes (or submessage) field at the top level; size 0 where absent. Borrowed. No check: stored bytes only. */
struct bytes wire_find(struct bytes bytes, uint32_t field_number);
/* The same field with its tag, and what stands before and behind it; `ret_field` is empty, and all of it before, where it is absent or the bytes are damaged. Borrowed. */
void wire_split(struct bytes bytes, uint32_t field_number, struct bytes *ret_before, struct bytes *ret_field, struct bytes *ret_behind);
/* Appends `key, length, value`. */
void wire_add_bytes(struct buf *buf, uint32_t field_number, struct bytes value);
/* A varint alone, such as a length. */
void wire_add_raw_varint(struct buf *buf, uint64_t value);
void wire_add_varint(struct buf *buf, uint32_t field_number, uint64_t value);
/* Reads a varint; 0 where the bytes end early or it is over-long. Returns how many bytes it took. */
size_t wire_varint(struct bytes bytes, uint64_t *ret_value);
/* UTF-8 without NUL, as a string of the contract must be. */
bool wire_text_valid(struct bytes bytes);
