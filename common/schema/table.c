/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing with linear probing, at most half full. The hash is FNV-1a: keys come from the contract, so nobody outside can choose
 * colliding ones, and a foreign text that is looked up meets at most the longest run that the contract itself makes.
 */
#include "common/schema/table.h"

static uint32_t hash_text(const char *text)
{
	uint32_t hash = 2166136261u;
	for (; *text; text++) {
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	}
	return hash;
}

void table_init(struct table *table, struct arena *arena)
{
	*table = (struct table){.arena = arena};
}

/* The slot that holds the key, or the free one where it would go. */
static struct table_slot *find_slot(const struct table *table, const char *key, uint32_t hash)
{
	size_t mask = table->capacity - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct table_slot *slot = &table->slots[i];
		if (!slot->key || (slot->hash == hash && strcmp(slot->key, key) == 0)) {
			return slot;
		}
	}
}

static bool grow(struct table *table)
{
	struct table bigger = *table;
	bigger.capacity = table->capacity ? table->capacity * 2 : 64;
	bigger.slots = arena_calloc(table->arena, bigger.capacity, sizeof *bigger.slots);
	if (!bigger.slots) {
		return false;
	}
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->slots[i].key) {
			*find_slot(&bigger, table->slots[i].key, table->slots[i].hash) = table->slots[i];
		}
	}
	*table = bigger;
	return true;
}

bool table_put(struct table *table, const char *key, const void *value)
{
	if (2 * table->count >= table->capacity && !grow(table)) {
		return false;
	}
	uint32_t hash = hash_text(key);
	struct table_slot *slot = find_slot(table, key, hash);
	if (slot->key) {
		return false;
	}
	*slot = (struct table_slot){key, value, hash};
	table->count++;
	return true;
}

const void *table_get(const struct table *table, const char *key)
{
	return table->capacity ? find_slot(table, key, hash_text(key))->value : NULL;
}
