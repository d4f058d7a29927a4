/* SPDX-License-Identifier: Apache-2.0
 *
 * The growing buffer doubles inside its arena; what it leaves behind goes with the arena.
 */
#include "common/base/arena.h"

#include <stdio.h>

enum { BUF_BYTES_FIRST = 256 };

void buf_init(struct buf *buf, struct arena *arena)
{
	*buf = (struct buf){.arena = arena};
}

uint8_t *buf_extend(struct buf *buf, size_t size)
{
	if (buf->failed) {
		return NULL;
	}
	if (size > buf->capacity - buf->size) {
		size_t wanted = buf->capacity ? buf->capacity * 2 : BUF_BYTES_FIRST;
		if (wanted < buf->size + size) {
			wanted = buf->size + size;
		}
		uint8_t *data = arena_alloc(buf->arena, wanted);
		if (!data) {
			buf->failed = true;
			return NULL;
		}
		if (buf->size) {
			memcpy(data, buf->data, buf->size);
		}
		buf->data = data;
		buf->capacity = wanted;
	}
	uint8_t *room = buf->data + buf->size;
	buf->size += size;
	return room;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	uint8_t *room = size ? buf_extend(buf, size) : NULL;
	if (room) {
		memcpy(room, data, size);
	}
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_byte(struct buf *buf, uint8_t byte)
{
	buf_add(buf, &byte, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	uint8_t *room = size < 0 ? NULL : buf_extend(buf, (size_t)size + 1);
	if (room) {
		va_start(arguments, format);
		vsnprintf((char *)room, (size_t)size + 1, format, arguments);
		va_end(arguments);
		buf->size--;
	}
}

const char *buf_text(struct buf *buf)
{
	if (!buf_extend(buf, 1)) {
		return "";
	}
	buf->size--;
	buf->data[buf->size] = '\0';
	return (const char *)buf->data;
}
