/* SPDX-License-Identifier: Apache-2.0
 *
 * grow.h - an array in an arena that doubles whenever it is full, and needs no capacity beside its count: it is full at 0, 4, 8, 16…
 */
#pragma once

#include "common/base/arena.h"

enum { GROW_FIRST = 4 };

/* Room for one more item behind `count`: the array itself, or a grown copy; NULL when the arena is full. */
static inline void *grow_array(struct arena *arena, void *items, size_t count, size_t item_size)
{
	bool full = count == 0 || (count >= GROW_FIRST && (count & (count - 1)) == 0);
	if (!full) {
		return items;
	}
	size_t capacity = count < GROW_FIRST ? GROW_FIRST : count * 2;
	void *grown = arena_calloc(arena, capacity, item_size);
	if (grown && count > 0) {
		memcpy(grown, items, count * item_size);
	}
	return grown;
}
