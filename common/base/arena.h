/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.h - memory that lives exactly as long as one call.
 *
 * Owns:    all bytes handed out; callers never free.        Lifetime: arena_init … arena_done (or arena_reset).
 * Errors:  NULL past the limit or without memory, and `overflowed` stays set: test it once, at the end of the work.
 * Threads: one arena, one thread at a time; no locks.       Units:    bytes.
 * Source:  Varnish cache_ws.c (the sticky overflow). With -DARENA_DEBUG each piece is its own malloc, for sanitizers.
 */
#pragma once

#include "common/base/bytes.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	uint8_t *next, *end;        /* free part of the newest block */
	size_t used_bytes;          /* handed out since the last reset, with padding */
	size_t limit_bytes;
	bool overflowed;
};

void arena_init(struct arena *arena, size_t limit_bytes);
/* Frees everything. The arena may be used again after arena_init only. */
void arena_done(struct arena *arena);
/* Frees all but the first block and clears `overflowed`: ready for the next call. */
void arena_reset(struct arena *arena);

/* Makes the first block just this large, for an arena that has none yet: what arena_reset keeps. Without memory nothing happens. */
void arena_reserve(struct arena *arena, size_t bytes);

/* Overwrites everything handed out since the last reset with zeros: before a reset, where it held a secret. */
void arena_wipe(struct arena *arena);

/* `size` bytes aligned for any type, not cleared; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, cleared, for an array. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
void *arena_memdup(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t size);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct bytes arena_bytes(struct arena *arena, struct bytes bytes);
