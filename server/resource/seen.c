/* SPDX-License-Identifier: Apache-2.0
 *
 * A resource as somebody sees it who does not see all of it: not only without the hidden fields, but as if these had never changed. What its update time, its etag, its
 * history and a watch tell of is the newest change that shows. Whoever sees every field pays nothing for this; for others the history is walked back to that change.
 */
#include "server/resource/call.h"

#include "common/schema/wire.h"

enum { TIME_FIELD_BYTES = 32 }; /* tag, length, seconds and nanos: 19 at most */

/* What a reader of some groups gets of a message, in three pieces: the update time, and what stands around it. */
struct sight {
	struct bytes before, time, behind;
};

static bool look(const struct schema_type *type, struct bytes stored, schema_groups groups, struct arena *arena, struct sight *ret_sight)
{
	struct bytes visible = wire_cut(type, stored, groups, arena);
	if (!visible.data && stored.size > 0) {
		return false;
	}
	wire_split(visible, type->resource->update_time ? type->resource->update_time->pb->id : 0, &ret_sight->before, &ret_sight->time, &ret_sight->behind);
	return true;
}

static bool look_alike(const struct sight *one, const struct sight *other)
{
	return bytes_equal(one->before, other->before) && bytes_equal(one->behind, other->behind);
}

struct search {
	struct call *call;
	const struct schema_type *type;
	schema_groups groups;
	struct sight now;
	uint8_t time[TIME_FIELD_BYTES];
	size_t time_size;
	uint64_t revision;
	struct arena scratch; /* emptied after each state */
};

/* A state before: does it look the same? */
static bool visit_state(void *context, const char *name, const struct store_record *record)
{
	struct search *search = context;
	struct sight then;
	(void)name;
	arena_reset(&search->scratch);
	if (record->operation == STORE_PURGE) {
		return false;
	}
	if (!look(search->type, record->value, search->groups, &search->scratch, &then)) {
		return call_no_memory(search->call);
	}
	if (!look_alike(&search->now, &then) || then.time.size > sizeof search->time) {
		return false;
	}
	if (then.time.size > 0) {
		memcpy(search->time, then.time.data, then.time.size);
	}
	search->time_size = then.time.size;
	search->revision = record->revision;
	return call_spend(search->call);
}

/* Walks back to the newest change that shows. `search->now` is in `arena`. */
static bool find_change(struct search *search, const char *name, const struct store_record *record, struct arena *arena)
{
	search->revision = record->revision;
	if (!look(search->type, record->value, search->groups, arena, &search->now)) {
		return false;
	}
	arena_init(&search->scratch, LIMIT_CALL_ARENA_BYTES);
	bool ok = store_history(search->call->view, name, record->revision, visit_state, search, search->call->status);
	arena_done(&search->scratch);
	return ok;
}

struct bytes call_visible(struct call *call, const struct schema_type *type, const char *name, const struct store_record *record, schema_groups groups,
                          struct arena *arena)
{
	if (!type->resource || !wire_may_hide(type, groups)) {
		return wire_cut(type, record->value, groups, arena);
	}
	struct search search = {.call = call, .type = type, .groups = groups};
	struct buf out;
	if (!find_change(&search, name, record, arena)) {
		return (struct bytes){NULL, 0};
	}
	if (search.revision == record->revision) {
		return wire_cut(type, record->value, groups, arena);
	}
	buf_init(&out, arena);
	buf_add(&out, search.now.before.data, search.now.before.size);
	buf_add(&out, search.time, search.time_size);
	buf_add(&out, search.now.behind.data, search.now.behind.size);
	return out.failed || out.size > 0 ? buf_bytes(&out) : wire_cut(type, record->value, groups, arena);
}

ProtobufCMessage *call_seen(struct call *call, const struct schema_type *type, const char *name, const struct store_record *record, schema_groups groups, bool timed,
                            struct arena *arena)
{
	struct bytes visible = timed ? call_visible(call, type, name, record, groups, arena) : wire_cut(type, record->value, groups, arena);
	if (!visible.data && record->value.size > 0) {
		call_no_memory(call);
		return NULL;
	}
	return schema_unpack_stored(type, visible, arena, call->status);
}

uint64_t call_seen_revision(struct call *call, const struct schema_type *type, const char *name, const struct store_record *record,
                            schema_groups groups)
{
	struct search search = {.call = call, .type = type, .groups = groups};
	if (!type->resource || !wire_may_hide(type, groups)) {
		return record->revision;
	}
	return find_change(&search, name, record, call->arena) ? search.revision : 0;
}

bool call_differs(const struct schema_type *type, struct bytes one, struct bytes other, schema_groups groups, struct arena *scratch)
{
	struct sight now, then;
	return !type->resource || !look(type, one, groups, scratch, &now) || !look(type, other, groups, scratch, &then) || !look_alike(&now, &then);
}
