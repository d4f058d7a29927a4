/* SPDX-License-Identifier: Apache-2.0
 *
 * frames.h - HTTP/2 frames written by hand, so that an input decides what is in them. Headers are literals without index or Huffman code (RFC 7541 §6.2.2).
 */
#pragma once

#include "common/base/arena.h"

#include <assert.h>

enum { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_SETTINGS = 4 };
enum { FRAME_END_STREAM = 1, FRAME_END_HEADERS = 4 };

static inline void frame_add(struct buf *out, uint8_t type, uint8_t flags, uint32_t stream_id, struct bytes payload)
{
	const uint8_t head[] = {(uint8_t)(payload.size >> 16), (uint8_t)(payload.size >> 8), (uint8_t)payload.size, type, flags,
	                        (uint8_t)(stream_id >> 24), (uint8_t)(stream_id >> 16), (uint8_t)(stream_id >> 8), (uint8_t)stream_id};
	buf_add(out, head, sizeof head);
	buf_add(out, payload.data, payload.size);
}

static inline void frame_add_header(struct buf *block, const char *name, const char *value)
{
	assert(strlen(name) < 127 && strlen(value) < 127);
	buf_add_byte(block, 0);
	buf_add_byte(block, (uint8_t)strlen(name));
	buf_add_text(block, name);
	buf_add_byte(block, (uint8_t)strlen(value));
	buf_add_text(block, value);
}

/* Name, value pairs ended by NULL. */
static inline void frame_add_headers(struct buf *out, const char *const *headers, uint8_t flags, uint32_t stream_id)
{
	struct buf block;
	buf_init(&block, out->arena);
	for (; headers[0] != NULL; headers += 2) {
		frame_add_header(&block, headers[0], headers[1]);
	}
	frame_add(out, FRAME_HEADERS, flags | FRAME_END_HEADERS, stream_id, buf_bytes(&block));
}

/* What a client says first. */
static inline void frame_add_preface(struct buf *out)
{
	buf_add_text(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	frame_add(out, FRAME_SETTINGS, 0, 0, (struct bytes){NULL, 0});
}
