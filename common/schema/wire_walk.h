/* SPDX-License-Identifier: Apache-2.0
 *
 * wire_walk.h - the fields of a message's bytes, one after the other.
 *
 * Source: protobuf.dev/programming-guides/encoding. Private to common/schema.
 */
#pragma once

#include "common/base/bytes.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_LENGTH = 2, WIRE_32BIT = 5 };

enum {
	WIRE_VARINT_BYTES = 10, /* 64 bits, seven a byte */
	WIRE_TAG_BYTES = 5,     /* of tags and lengths, which protobuf-c reads as 32 bits */
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	const uint8_t *start; /* of the tag */
	size_t size;          /* of tag, length and value */
	struct bytes value;   /* without the length before it */
};

/* Cuts the first field off `rest`. False where the bytes end early, or are no field of these four types. */
bool wire_next(struct bytes *rest, struct wire_field *ret_field);
