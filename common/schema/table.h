/* SPDX-License-Identifier: Apache-2.0
 *
 * table.h - a hash table from text to pointers, filled once while a schema is built and only read afterwards.
 *
 * Owns:    nothing: keys and values are borrowed and must live as long as the table; slots lie in the arena.
 * Errors:  when the arena is full the put is dropped; the arena's sticky flag tells.
 * Private to common/schema.
 */
#pragma once

#include "common/base/arena.h"

struct table_slot {
	const char *key; /* NULL: free */
	const void *value;
	uint32_t hash;
};

struct table {
	struct arena *arena;
	struct table_slot *slots;
	size_t capacity; /* 0 or a power of two, at least twice the count */
	size_t count;
};

void table_init(struct table *table, struct arena *arena);
/* Keeps what is there when the key is already known; false then. */
bool table_put(struct table *table, const char *key, const void *value);
/* NULL where the key is unknown. */
const void *table_get(const struct table *table, const char *key);
