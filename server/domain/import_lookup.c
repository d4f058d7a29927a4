/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever may read little may have thousands of hidden namesakes before them, and to decide on each takes longer than all else that a row asks for. So each text
 * is looked for in the store once in a message, among a bounded number, and what is found is kept; what rows of the message write meanwhile is found by the
 * changes that they made. What is hidden when a message begins stays so for its lookups, even if a row of it alters who may see it.
 */
#include "server/domain/import_lookup.h"

#include "common/base/crc32c.h"
#include "common/schema/filter.h"
#include "common/schema/rules.h"
#include "server/domain/import_map.h"
#include "server/resource/engine.h"

#include <string.h>

enum { SAME_MOST = 64 /* of one title that are counted */, SLOTS = 1024 };

/* What the store had of one text, when it was first looked for. */
struct lookup {
	struct lookup *next; /* in the slot */
	uint32_t index;
	struct bytes value;
	const char *parent;
	const char **names; /* NULL-terminated, those that the caller may read */
};

struct import_lookups {
	struct arena *arena;
	struct changes *written;
	struct lookup *slots[SLOTS];
};

struct search {
	struct import_lookups *lookups;
	struct call *call;
	const struct schema_resource *resource;
	const char *parent; /* what it lies below; "" for anything */
	const char *names[SAME_MOST + 1];
	size_t count;
	size_t left; /* that may still be looked at */
};

struct import_lookups *import_lookups_new(struct arena *arena, const struct schema *schema, struct changes *changes)
{
	struct import_lookups *lookups = arena_calloc(arena, 1, sizeof *lookups);
	if (lookups) {
		lookups->arena = arena;
		lookups->written = changes ? changes : changes_new(arena, schema);
	}
	return lookups && lookups->written ? lookups : NULL;
}

bool import_lookups_note(struct import_lookups *lookups, const struct changes *row)
{
	struct status st;
	size_t count;
	const struct store_change *list = changes_list(row, &count);
	bool ok = true;
	status_init(&st);
	for (size_t i = 0; i < count && ok; i++) {
		ok = changes_put_after(lookups->written, list[i].name, list[i].previous_revision, list[i].operation, list[i].value, &st);
	}
	changes_clear(lookups->written);
	return ok;
}

bool import_knows(struct call *call, const struct schema_resource *resource, const char *name)
{
	struct store_record record;
	return call_decide_verb(call, resource, "read", name).allowed || (!store_get(call->view, name, &record, call->status) && status_ok(call->status));
}

static bool lies_within(const struct search *search, const char *name)
{
	size_t size = strlen(search->parent);
	return size == 0 || (strncmp(name, search->parent, size) == 0 && name[size] == '/');
}

/* Adds a name that the caller may read. False where the search has come to its end. */
static bool look_at(struct search *search, const char *name)
{
	for (size_t i = 0; i < search->count; i++) {
		if (strcmp(search->names[i], name) == 0) {
			return true;
		}
	}
	if (search->left == 0) {
		return false;
	}
	search->left--;
	if (import_knows(search->call, search->resource, name)) {
		const char *copy = arena_strdup(search->call->arena, name);
		search->names[search->count] = copy;
		search->count += copy != NULL;
	}
	return search->count < SAME_MOST;
}

static bool visit_stored(void *context, const char *name, const struct store_record *record)
{
	struct search *search = context;
	(void)record;
	if (!lies_within(search, name)) {
		return false; /* behind the last: the scan starts with the first */
	}
	return changes_touch(search->lookups->written, name) || look_at(search, name);
}

static bool visit_written(void *context, const char *name)
{
	struct search *search = context;
	return !lies_within(search, name) || look_at(search, name);
}

static void search_store(struct search *search, uint32_t index, struct bytes value)
{
	struct call *call = search->call;
	struct buf high;
	const char *before = *search->parent ? arena_printf(call->arena, "%s/", search->parent) : NULL;
	if (*search->parent && (!before || strlen(before) > LIMIT_NAME_BYTES)) {
		return; /* no name is so long */
	}
	value.size = value.size > LIMIT_INDEX_VALUE_BYTES ? LIMIT_INDEX_VALUE_BYTES : value.size;
	buf_init(&high, call->arena);
	buf_add(&high, value.data, value.size);
	buf_add(&high, "", 1);
	search->left = LIMIT_IMPORT_NAMESAKES;
	store_index_scan(call->view, index, value, buf_bytes(&high), false, value, before, visit_stored, search, call->status);
}

static struct lookup **slot_of(struct import_lookups *lookups, uint32_t index, struct bytes value, const char *parent)
{
	uint32_t hash = crc32c(crc32c(index, value.data, value.size), parent, strlen(parent));
	struct lookup **slot = &lookups->slots[hash % SLOTS];
	while (*slot && ((*slot)->index != index || !bytes_equal((*slot)->value, value) || strcmp((*slot)->parent, parent) != 0)) {
		slot = &(*slot)->next;
	}
	return slot;
}

/* Keeps what a search has found. Where there is no room, the next one searches again. */
static void keep(const struct search *search, struct lookup **slot, uint32_t index, struct bytes value)
{
	struct arena *arena = search->lookups->arena;
	struct lookup *lookup = arena_calloc(arena, 1, sizeof *lookup);
	const char **names = arena_calloc(arena, search->count + 1, sizeof *names);
	for (size_t i = 0; i < search->count && names; i++) {
		names[i] = arena_strdup(arena, search->names[i]);
	}
	struct bytes copy = arena_bytes(arena, value);
	const char *parent = arena_strdup(arena, search->parent);
	if (lookup && !arena->overflowed) {
		*lookup = (struct lookup){.index = index, .value = copy, .parent = parent, .names = names};
		*slot = lookup;
	}
}

/* Those of an index's value, into search->names: of what rows of this message wrote, what they wrote counts and not what the store said before. */
static void find(struct search *search, uint32_t index, struct bytes value)
{
	struct import_lookups *lookups = search->lookups;
	struct call *call = search->call;
	struct lookup **slot = slot_of(lookups, index, value, search->parent);
	if (!*slot) {
		search_store(search, index, value);
		if (status_ok(call->status)) {
			keep(search, slot, index, value);
		}
	} else {
		for (const char **name = (*slot)->names; *name; name++) {
			if (!changes_touch(lookups->written, *name)) {
				search->names[search->count++] = *name;
			}
		}
	}
	search->left = SAME_MOST;
	if (search->count < SAME_MOST && status_ok(call->status)) {
		changes_each_equal(lookups->written, index, value, visit_written, search, call->status);
	}
}

const char *import_find_id(struct import_lookups *lookups, struct call *call, const struct schema_resource *resource, const char *system, const char *key)
{
	struct search search = {.lookups = lookups, .call = call, .resource = resource, .parent = ""};
	struct buf text;
	buf_init(&text, call->arena);
	buf_add(&text, system, strlen(system) + 1);
	buf_add_text(&text, key);
	struct bytes value = buf_bytes(&text);
	value.size = value.size > LIMIT_INDEX_VALUE_BYTES ? LIMIT_INDEX_VALUE_BYTES : value.size; /* as entries of a map are */
	find(&search, resource->external_ids->rules.index_id, value);
	const char *first = search.names[0];
	for (size_t i = 1; i < search.count; i++) {
		first = strcmp(search.names[i], first) < 0 ? search.names[i] : first;
	}
	return first;
}

const char *import_find_title(struct import_lookups *lookups, struct call *call, const struct schema_resource *resource, const char *text, const char *parent,
                              size_t *ret_count)
{
	struct search search = {.lookups = lookups, .call = call, .resource = resource, .parent = parent};
	const struct schema_field *field = import_title_field(resource);
	if (field && field->rules.index_id != 0) {
		find(&search, field->rules.index_id, index_encode(field, (struct value){.kind = VALUE_STRING, .string = text}, call->arena));
	}
	*ret_count = search.count;
	return search.count == 1 ? search.names[0] : NULL;
}
