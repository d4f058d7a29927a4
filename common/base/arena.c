/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks grow from 4 KiB by doubling to 1 MiB; a piece larger than that has a block of its own. The first block survives a reset, so a worker's
 * calls stop allocating once they are warm. With ARENA_DEBUG every piece is one block, so that sanitizers see its bounds.
 */
#include "common/base/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, BLOCK_BYTES_FIRST = 4096, BLOCK_BYTES_MAX = 1 << 20 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of bytes[] */
	_Alignas(ALIGNMENT) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
	*arena = (struct arena){.limit_bytes = limit_bytes};
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_done(struct arena *arena)
{
	free_blocks(arena->blocks);
	*arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
	struct arena_block *keep = arena->blocks;
#ifdef ARENA_DEBUG
	free_blocks(keep);
	keep = NULL;
#endif
	while (keep && keep->next) {
		struct arena_block *next = keep->next;
		free(keep);
		keep = next;
	}
	arena->blocks = keep;
	arena->next = keep ? keep->bytes : NULL;
	arena->end = keep ? keep->bytes + keep->size : NULL;
	arena->used_bytes = 0;
	arena->overflowed = false;
}

void arena_wipe(struct arena *arena)
{
	for (struct arena_block *block = arena->blocks; block; block = block->next) {
		explicit_bzero(block->bytes, block->size);
	}
}

static bool add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = malloc(sizeof *block + size);
	if (!block) {
		return false;
	}
	block->next = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->next = block->bytes;
	arena->end = block->bytes + size;
	return true;
}

static bool add_room(struct arena *arena, size_t least)
{
#ifdef ARENA_DEBUG
	return add_block(arena, least);
#else
	size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_BYTES_FIRST - sizeof(struct arena_block);
	size = size > BLOCK_BYTES_MAX ? BLOCK_BYTES_MAX : size;
	return add_block(arena, size < least ? least : size);
#endif
}

void arena_reserve(struct arena *arena, size_t bytes)
{
	if (!arena->blocks) {
		add_block(arena, bytes);
	}
}

void *arena_alloc(struct arena *arena, size_t size)
{
#ifdef ARENA_DEBUG
	size_t padded = size ? size : 1;
	bool fits = false;
#else
	size_t padded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	padded = padded ? padded : ALIGNMENT;
	bool fits = padded <= (size_t)(arena->end - arena->next);
#endif
	if (arena->overflowed || padded < size || padded > arena->limit_bytes - arena->used_bytes ||
	    (!fits && !add_room(arena, padded))) {
		arena->overflowed = true;
		return NULL;
	}
	void *piece = arena->next;
	arena->next += padded;
	arena->used_bytes += padded;
	return piece;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total)) {
		arena->overflowed = true;
		return NULL;
	}
	void *piece = arena_alloc(arena, total);
	return piece ? memset(piece, 0, total) : NULL;
}

void *arena_memdup(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_alloc(arena, size);
	if (copy && size) {
		memcpy(copy, data, size);
	}
	return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);
	if (copy) {
		memcpy(copy, text, size);
		copy[size] = '\0';
	}
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
	if (text) {
		va_start(arguments, format);
		vsnprintf(text, (size_t)size + 1, format, arguments);
		va_end(arguments);
	}
	return text;
}

struct bytes arena_bytes(struct arena *arena, struct bytes bytes)
{
	struct bytes copy = {arena_memdup(arena, bytes.data, bytes.size), bytes.size};
	if (!copy.data) {
		copy.size = 0;
	}
	return copy;
}
