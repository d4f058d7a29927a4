/* SPDX-License-Identifier: Apache-2.0
 *
 * bytes.h - a borrowed run of bytes, and a growing buffer in an arena.
 *
 * Owns:    struct bytes owns nothing: whoever hands one out says how long it lives. struct buf's memory is its arena's.
 * Errors:  a buf whose arena is full drops further input and sets `failed`; test it once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;

struct bytes {
	const uint8_t *data; /* may be NULL when size is 0 */
	size_t size;
};

/* The bytes of a C string, without its NUL. */
static inline struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Order as LMDB orders keys: memcmp, then the shorter first. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
	size_t shorter = a.size < b.size ? a.size : b.size;
	int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

struct buf {
	struct arena *arena;
	uint8_t *data;
	size_t size, capacity;
	bool failed;
};

/* An empty buffer; allocates on first use. */
void buf_init(struct buf *buf, struct arena *arena);

/* Room for `size` more bytes at the end, counted as used; NULL when the arena is full. */
uint8_t *buf_extend(struct buf *buf, size_t size);
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, uint8_t byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The content as a C string (a NUL is added behind it, not counted); "" when it failed. */
const char *buf_text(struct buf *buf);

static inline struct bytes buf_bytes(const struct buf *buf)
{
	return (struct bytes){buf->data, buf->size};
}
