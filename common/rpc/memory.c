/* SPDX-License-Identifier: Apache-2.0
 *
 * memory.c - nghttp2's small pieces of memory, kept by their size from one stream to the next.
 *
 * A stream costs nghttp2 a dozen of them, and with some hundred streams open they come and go in an order that malloc is slow at. In front of each
 * piece stands which list it goes back to. The one large piece, for frames that are being sent, is mapped: malloc would give it pages that a handshake has
 * touched already, and most of them are never touched again, which idle connections pay for. With ARENA_DEBUG nothing is kept, so that sanitizers see every use after free.
 */
#include "common/rpc/internal.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	STEP_BYTES = 64,
	HEAD_BYTES = 16, /* malloc's own alignment */
	MAPPED_BYTES = 16 << 10,
	NOT_KEPT = MEMORY_LISTS,
	MAPPED,
};

struct piece {
	size_t list;
	union {
		struct piece *next; /* while it is kept */
		size_t bytes;       /* of the whole piece, where no list knows */
	};
};
static_assert(sizeof(struct piece) <= HEAD_BYTES && STEP_BYTES % HEAD_BYTES == 0, "the head keeps the alignment");

static void *map_piece(size_t size)
{
	struct piece *piece = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (piece == MAP_FAILED) {
		return NULL;
	}
	piece->list = MAPPED;
	piece->bytes = size;
	return (uint8_t *)piece + HEAD_BYTES;
}

static void *memory_alloc(size_t size, void *context)
{
	struct memory *memory = context;
	size_t list = size == 0 ? 0 : (size - 1) / STEP_BYTES;
	struct piece *piece = list < MEMORY_LISTS ? memory->lists[list] : NULL;
	if (piece != NULL) {
		memory->lists[list] = piece->next;
		memory->kept[list]--;
		return (uint8_t *)piece + HEAD_BYTES;
	}
	if (size > SIZE_MAX - HEAD_BYTES) {
		return NULL;
	}
	if (size >= MAPPED_BYTES) {
		return map_piece(HEAD_BYTES + size);
	}
	piece = malloc(HEAD_BYTES + (list < MEMORY_LISTS ? (list + 1) * STEP_BYTES : size));
	if (piece == NULL) {
		return NULL;
	}
	piece->list = list < MEMORY_LISTS ? list : NOT_KEPT;
	if (piece->list == NOT_KEPT) {
		piece->bytes = HEAD_BYTES + size;
	}
	return (uint8_t *)piece + HEAD_BYTES;
}

static void memory_release(void *data, void *context)
{
	struct memory *memory = context;
	if (data == NULL) {
		return;
	}
	struct piece *piece = (struct piece *)(void *)((uint8_t *)data - HEAD_BYTES);
	size_t list = piece->list;
	if (list == MAPPED) {
		munmap(piece, piece->bytes);
		return;
	}
#ifndef ARENA_DEBUG
	if (list != NOT_KEPT && memory->kept[list] < MEMORY_KEPT) {
		piece->next = memory->lists[list];
		memory->lists[list] = piece;
		memory->kept[list]++;
		return;
	}
#endif
	(void)memory, (void)list;
	free(piece);
}

static void *memory_calloc(size_t count, size_t size, void *context)
{
	size_t total;
	void *data = __builtin_mul_overflow(count, size, &total) ? NULL : memory_alloc(total, context);
	return data != NULL ? memset(data, 0, total) : NULL;
}

static size_t piece_room(const struct piece *piece)
{
	return piece->list < MEMORY_LISTS ? (piece->list + 1) * STEP_BYTES : piece->bytes - HEAD_BYTES;
}

static void *memory_realloc(void *data, size_t size, void *context)
{
	if (data == NULL) {
		return memory_alloc(size, context);
	}
	struct piece *piece = (struct piece *)(void *)((uint8_t *)data - HEAD_BYTES);
	if (piece->list == NOT_KEPT && size < MAPPED_BYTES) {
		piece = realloc(piece, HEAD_BYTES + size);
		if (piece == NULL) {
			return NULL;
		}
		piece->bytes = HEAD_BYTES + size;
		return (uint8_t *)piece + HEAD_BYTES;
	}
	size_t room = piece_room(piece);
	void *moved = size <= room ? data : memory_alloc(size, context);
	if (moved != NULL && moved != data) {
		memcpy(moved, data, room);
		memory_release(data, context);
	}
	return moved;
}

nghttp2_mem memory_functions(struct memory *memory)
{
	return (nghttp2_mem){memory, memory_alloc, memory_release, memory_calloc, memory_realloc};
}

void memory_drop(struct memory *memory)
{
	for (size_t i = 0; i < MEMORY_LISTS; i++) {
		while (memory->lists[i] != NULL) {
			struct piece *piece = memory->lists[i];
			memory->lists[i] = piece->next;
			free(piece);
		}
		memory->kept[i] = 0;
	}
}
