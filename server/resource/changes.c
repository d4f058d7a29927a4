/* SPDX-License-Identifier: Apache-2.0
 *
 * Two hash tables in the call's arena: name -> newest change, and (index, value) -> names. Entries of a put that was replaced or dropped stay in the second
 * table and are passed over, because they carry the number of the put that made them. The second is made when it is first asked, for most calls never do.
 */
#include "server/resource/changes.h"

#include "server/resource/engine.h"

#include <string.h>

struct entry {
	uint64_t hash;
	uint32_t index;
	struct bytes value;
	const char *name;
	size_t put; /* that made it */
};

/* What is kept beside each change. */
struct origin {
	size_t before; /* the name's change in an earlier record + 1; 0: none */
	size_t put;    /* number of the put that it is of */
};

struct changes {
	struct arena *arena;
	const struct schema *schema;
	struct store_change *list; /* newest of each name, in order of first put; from `appended` on not yet appended */
	struct origin *origins; /* beside list */
	size_t count, capacity, appended, puts;
	size_t *by_name; /* slot -> change + 1 */
	size_t by_name_size;
	struct entry *entries;
	size_t entries_count, entries_size;
	bool indexing; /* the second table is in use */
	bool failed;
};

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data; /* FNV-1a: in memory for one call, of names the caller may choose; collisions cost that caller only */
	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ bytes[i]) * 1099511628211u;
	}
	return hash;
}

static uint64_t hash_name(const char *name)
{
	return hash_bytes(14695981039346656037u, name, strlen(name));
}

struct changes *changes_new(struct arena *arena, const struct schema *schema)
{
	struct changes *changes = arena_calloc(arena, 1, sizeof *changes);
	if (changes) {
		changes->arena = arena;
		changes->schema = schema;
	}
	return changes;
}

static size_t *name_slot(const struct changes *changes, const char *name)
{
	for (size_t i = hash_name(name);; i++) {
		size_t *slot = &changes->by_name[i & (changes->by_name_size - 1)];
		if (*slot == 0 || strcmp(changes->list[*slot - 1].name, name) == 0) {
			return slot;
		}
	}
}

static const struct store_change *find(const struct changes *changes, const char *name)
{
	size_t slot = changes->by_name_size ? *name_slot(changes, name) : 0;
	return slot && changes->list[slot - 1].operation != 0 ? &changes->list[slot - 1] : NULL;
}

bool changes_get(const struct changes *changes, const struct store_view *view, const char *name, struct store_record *ret_record, struct status *st)
{
	const struct store_change *change = find(changes, name);
	if (!change) {
		return store_get(view, name, ret_record, st);
	}
	if (change->operation == STORE_PURGE) {
		return false;
	}
	*ret_record = (struct store_record){store_view_revision(view) + 1, change->operation, change->value, 0};
	return true;
}

static bool grow_list(struct changes *changes)
{
	size_t capacity = changes->capacity ? changes->capacity * 2 : 8;
	struct store_change *list = arena_calloc(changes->arena, capacity, sizeof *list);
	struct origin *origins = arena_calloc(changes->arena, capacity, sizeof *origins);
	if (!list || !origins) {
		return false;
	}
	if (changes->count) {
		memcpy(list, changes->list, changes->count * sizeof *list);
		memcpy(origins, changes->origins, changes->count * sizeof *origins);
	}
	changes->list = list;
	changes->origins = origins;
	changes->capacity = capacity;
	return true;
}

/* Makes room for one more name: the list when it is full, the table when it is half full. False when the arena is full. */
static bool grow_names(struct changes *changes)
{
	if (changes->count == changes->capacity && !grow_list(changes)) {
		return false;
	}
	if (changes->by_name_size >= 2 * (changes->count + 1)) {
		return true;
	}
	size_t size = changes->by_name_size ? changes->by_name_size * 4 : 32;
	size_t *by_name = arena_calloc(changes->arena, size, sizeof *by_name);
	if (!by_name) {
		return false;
	}
	changes->by_name = by_name;
	changes->by_name_size = size;
	for (size_t i = 0; i < changes->count; i++) {
		if (changes->list[i].operation != 0 || changes->origins[i].before == 0) {
			*name_slot(changes, changes->list[i].name) = i + 1;
		}
	}
	return true;
}

static struct entry *entry_slot(const struct changes *changes, uint64_t hash)
{
	for (size_t i = hash;; i++) {
		struct entry *slot = &changes->entries[i & (changes->entries_size - 1)];
		if (!slot->name) {
			return slot;
		}
	}
}

struct collect {
	struct changes *changes;
	const char *name;
	size_t put;
};

static bool grow_entries(struct changes *changes)
{
	size_t size = changes->entries_size ? changes->entries_size * 4 : 64, old_size = changes->entries_size;
	struct entry *old = changes->entries, *entries = arena_calloc(changes->arena, size, sizeof *entries);
	if (!entries) {
		return false;
	}
	changes->entries = entries;
	changes->entries_size = size;
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].name) {
			*entry_slot(changes, old[i].hash) = old[i];
		}
	}
	return true;
}

static void add_entry(void *context, uint32_t index, struct bytes value)
{
	struct collect *collect = context;
	struct changes *changes = collect->changes;
	struct entry entry = {hash_bytes(index, value.data, value.size), index, arena_bytes(changes->arena, value), collect->name, collect->put};
	if (entry.value.size != value.size || (changes->entries_size < 2 * (changes->entries_count + 1) && !grow_entries(changes))) {
		changes->failed = true;
		return;
	}
	*entry_slot(changes, entry.hash) = entry;
	changes->entries_count++;
}

static void index_change(struct changes *changes, const struct store_change *change)
{
	struct collect collect = {changes, change->name, changes->origins[change - changes->list].put};
	engine_indexer((void *)(uintptr_t)changes->schema, change->name, change->value, add_entry, &collect);
}

static bool not_too_many(const struct changes *changes, struct status *st)
{
	return !changes->failed || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call changes more than one call may change: split it");
}

static bool put(struct changes *changes, struct store_change change, struct status *st)
{
	const struct store_change *known = find(changes, change.name);
	bool pending = known && (size_t)(known - changes->list) >= changes->appended;
	if (changes->count >= LIMIT_CHANGES * 4) {
		changes->failed = true;
	} else if (pending) {
		/* One change per name and record: the newest state under the first operation. */
		size_t i = (size_t)(known - changes->list);
		bool still_new = known->operation == STORE_CREATE && change.operation == STORE_UPDATE;
		change.operation = still_new ? STORE_CREATE : change.operation;
		change.previous_revision = known->previous_revision;
		changes->list[i] = change;
		changes->origins[i].put = ++changes->puts;
	} else {
		size_t before = known ? (size_t)(known - changes->list) + 1 : 0;
		changes->failed = changes->failed || !grow_names(changes);
		if (!changes->failed) {
			changes->origins[changes->count] = (struct origin){before, ++changes->puts};
			changes->list[changes->count++] = change;
			*name_slot(changes, change.name) = changes->count;
		}
	}
	if (!changes->failed && changes->indexing) {
		index_change(changes, find(changes, change.name));
	}
	return not_too_many(changes, st);
}

bool changes_put_after(struct changes *changes, const char *name, uint64_t previous_revision, enum store_operation operation, struct bytes value,
                       struct status *st)
{
	struct store_change change = {arena_strdup(changes->arena, name), operation, previous_revision, arena_bytes(changes->arena, value)};
	changes->failed = changes->failed || !change.name || (!change.value.data && value.size);
	return not_too_many(changes, st) && put(changes, change, st);
}

bool changes_put(struct changes *changes, const struct store_view *view, const char *name, enum store_operation operation, struct bytes value,
                 struct status *st)
{
	struct store_record old;
	const struct store_change *known = find(changes, name);
	bool pending = known && (size_t)(known - changes->list) >= changes->appended;
	bool in_store = !pending && store_get(view, name, &old, st); /* what was appended is in the view */
	return status_ok(st) && changes_put_after(changes, name, in_store ? old.revision : 0, operation, value, st);
}

static void start_indexing(struct changes *changes)
{
	changes->indexing = true;
	for (size_t i = 0; i < changes->count; i++) {
		if (changes->list[i].operation != 0) {
			index_change(changes, &changes->list[i]);
		}
	}
}

bool changes_touch(const struct changes *changes, const char *name)
{
	return find(changes, name) != NULL;
}

bool changes_each_equal(struct changes *changes, uint32_t index, struct bytes value, changes_visit *visit, void *context, struct status *st)
{
	if (!changes->indexing) {
		start_indexing(changes);
	}
	if (!not_too_many(changes, st)) {
		return false;
	}
	for (size_t i = hash_bytes(index, value.data, value.size); changes->entries_size; i++) {
		const struct entry *entry = &changes->entries[i & (changes->entries_size - 1)];
		if (!entry->name) {
			break;
		}
		const struct store_change *newest = find(changes, entry->name);
		if (entry->index == index && bytes_equal(entry->value, value) && newest && changes->origins[newest - changes->list].put == entry->put &&
		    !visit(context, entry->name)) {
			break;
		}
	}
	return true;
}

struct finding {
	const struct changes *changes;
	const char **names;
	size_t count, most;
	struct arena *arena;
};

static bool add_found(void *context, const char *name)
{
	struct finding *finding = context;
	for (size_t i = 0; i < finding->count; i++) {
		if (strcmp(finding->names[i], name) == 0) {
			return true;
		}
	}
	char *copy = finding->count < finding->most ? arena_strdup(finding->arena, name) : NULL;
	if (copy) {
		finding->names[finding->count++] = copy;
	}
	return finding->count < finding->most;
}

static bool visit_found(void *context, const char *name, const struct store_record *record)
{
	struct finding *finding = context;
	(void)record;
	return find(finding->changes, name) || add_found(finding, name);
}

const char **changes_find(struct changes *changes, const struct store_view *view, uint32_t index, struct bytes value, size_t most,
                          struct arena *arena, struct status *st)
{
	struct finding finding = {changes, arena_calloc(arena, most + 1, sizeof(char *)), 0, most, arena};
	if (!finding.names) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call needs more memory than a call may use");
		return NULL;
	}
	if (!store_index_equal(view, index, value, visit_found, &finding, st) || !changes_each_equal(changes, index, value, add_found, &finding, st)) {
		return NULL;
	}
	return finding.names;
}

const struct store_change *changes_list(const struct changes *changes, size_t *ret_count)
{
	*ret_count = changes->count - changes->appended;
	return changes->list + changes->appended;
}

void changes_clear(struct changes *changes)
{
	changes->appended = changes->count;
}

void changes_drop(struct changes *changes)
{
	for (size_t i = changes->appended; i < changes->count; i++) {
		changes->list[i].operation = 0; /* find() sees the store again, or what an earlier record said */
		if (changes->origins[i].before) {
			*name_slot(changes, changes->list[i].name) = changes->origins[i].before;
		}
	}
	changes->appended = changes->count;
}
