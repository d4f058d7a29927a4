/* SPDX-License-Identifier: Apache-2.0
 *
 * A watch is a position in the log. After every commit, and whenever its stream has room again, it reads on from there and sends what the caller may see, so a slow
 * reader costs nothing but its position and never has a gap.
 */
#include "kam/v1/watch.pb-c.h"

#include "common/base/name.h"
#include "common/schema/wire.h"
#include "server/domain/domain.h"

enum { REVISIONS_PER_TURN = 256 }; /* then other connections have theirs */

/* Set beside the groups of a change that is shown: a role may see that a resource changed and no group of it. */
#define CHANGE_SHOWN (1u << 31)
static_assert((int)GROUP_COUNT < 31, "the groups leave room for it");

struct watch {
	uint64_t position; /* last revision sent or passed over */
	char **names;
	size_t names_count;
	const struct schema_resource **resources;
	size_t resources_count;
};

static bool is_wanted(const struct watch *watch, const struct schema_resource *resource, const char *name)
{
	bool name_fits = watch->names_count == 0, resource_fits = watch->resources_count == 0;
	for (size_t i = 0; i < watch->names_count && !name_fits; i++) {
		name_fits = name_lies_below(name, watch->names[i]);
	}
	for (size_t i = 0; i < watch->resources_count && !resource_fits; i++) {
		resource_fits = watch->resources[i] == resource;
	}
	return name_fits && resource_fits;
}

/* ---- one revision ------------------------------------------------------------------------------------------------------------- */

enum { VARIANTS_MAX = 8 };

/* What was found of a change for readers of some groups. */
struct known_change {
	schema_groups groups; /* with CHANGE_SHOWN; 0: not yet asked */
	bool shows;
};

/* The revision that the streams of this thread are at: read once, and packed once for all that see the same of it. */
struct revision {
	uint64_t number;
	uint64_t read_at; /* revision of the view that it was read in: an erasure may have altered it since */
	bool known; /* the log has it */
	struct store_entry entry;
	const struct schema_resource **resources; /* of each change; NULL where it is of none */
	const char **permissions;                 /* to read each */
	struct known_change *known_changes;       /* whether each shows, to whom that was asked for last */
	struct variant {
		const schema_groups *groups; /* of each change; 0: it is not in it */
		struct bytes packed;
	} variants[VARIANTS_MAX];
	size_t variants_count;
};

static struct revision *read_revision(struct call *call, uint64_t number)
{
	struct shared *shared = call->shared;
	struct revision *revision = shared->state;
	if (shared->owner == &domain_watch && revision->number == number && revision->read_at >= store_amended(call->engine->store)) {
		return revision;
	}
	shared->owner = NULL; /* until it is whole */
	arena_reset(&shared->arena);
	revision = arena_calloc(&shared->arena, 1, sizeof *revision);
	if (!revision) {
		call_no_memory(call);
		return NULL;
	}
	revision->number = number;
	revision->read_at = store_view_revision(call->view);
	revision->known = store_log_get(call->view, number, &shared->arena, &revision->entry, call->status);
	size_t count = revision->known ? revision->entry.changes_count : 0;
	revision->resources = arena_calloc(&shared->arena, count + 1, sizeof *revision->resources);
	revision->permissions = arena_calloc(&shared->arena, count + 1, sizeof *revision->permissions);
	revision->known_changes = arena_calloc(&shared->arena, count + 1, sizeof *revision->known_changes);
	for (size_t i = 0; i < count && revision->resources && revision->permissions; i++) {
		revision->resources[i] = schema_resource_of_name(call->engine->schema, revision->entry.changes[i].name);
		revision->permissions[i] = revision->resources[i] ? arena_printf(&shared->arena, "%s.read", revision->resources[i]->plural) : "";
	}
	if (!status_ok(call->status) || (shared->arena.overflowed && !call_no_memory(call))) {
		return NULL;
	}
	shared->owner = &domain_watch;
	shared->state = revision;
	return revision;
}

/* Something of the change is seen by readers of `groups`: not where only hidden fields differ. */
static bool shows(struct call *call, struct revision *revision, size_t at, schema_groups groups)
{
	const struct store_change *change = &revision->entry.changes[at];
	const struct schema_type *type = revision->resources[at]->type;
	struct known_change *known = &revision->known_changes[at];
	struct store_record before;
	if (change->operation != STORE_UPDATE || change->previous_revision == 0 || !wire_may_hide(type, groups)) {
		return true;
	}
	if (known->groups != (groups | CHANGE_SHOWN)) {
		known->groups = groups | CHANGE_SHOWN;
		known->shows = !store_get_at(call->view, change->name, change->previous_revision, &before, call->status) ||
		               call_differs(type, before.value, change->value, groups, call->arena);
	}
	return known->shows;
}

/* Which groups the caller sees of each change; NULL where it is nothing at all, or without memory. */
static const schema_groups *seen_groups(struct call *call, const struct watch *watch, struct revision *revision)
{
	size_t count = revision->entry.changes_count;
	schema_groups *groups = arena_calloc(call->arena, count + 1, sizeof *groups);
	bool any = false;
	for (size_t i = 0; groups && i < count; i++) {
		const char *name = revision->entry.changes[i].name;
		if (revision->resources[i] && is_wanted(watch, revision->resources[i], name)) {
			/* Without the call's memo, which knows permissions by their address: these are gone with the next revision. */
			struct decision decision = decide(&call->engine->access, call->view, call->caller, revision->permissions[i], name, (struct bytes){0}, call->now_us, NULL);
			groups[i] = decision.allowed && shows(call, revision, i, decision.groups) ? decision.groups | CHANGE_SHOWN : 0;
			any = any || groups[i] != 0;
		}
	}
	if (!groups) {
		call_no_memory(call);
	}
	return any ? groups : NULL;
}

/* A change as the groups show it; NULL without memory. */
static Kam__V1__Change *make_change(struct call *call, const struct schema_resource *resource, const struct store_change *from, uint64_t revision, schema_groups groups)
{
	struct store_record record = {.revision = revision, .operation = from->operation, .value = from->value};
	Kam__V1__Change *change = arena_alloc(call->arena, sizeof *change);
	Google__Protobuf__Any *any = arena_alloc(call->arena, sizeof *any);
	struct buf bytes;
	buf_init(&bytes, call->arena);
	if (from->operation != STORE_PURGE) {
		call_put_resource(call, &bytes, resource->type, from->name, &record, groups);
	}
	if (!change || !any || bytes.failed) {
		call_no_memory(call);
		return NULL;
	}
	kam__v1__change__init(change);
	google__protobuf__any__init(any);
	change->name = (char *)(uintptr_t)from->name;
	change->operation = (Kam__V1__Operation)from->operation;
	any->type_url = arena_printf(call->arena, "type.googleapis.com/%s", resource->type->name);
	any->value = (ProtobufCBinaryData){bytes.size, bytes.data};
	change->resource = from->operation == STORE_PURGE ? NULL : any;
	return change;
}

/* The answer into call->reply. */
static bool pack_revision(struct call *call, const struct revision *revision, const schema_groups *groups)
{
	const struct store_entry *entry = &revision->entry;
	Kam__V1__WatchResponse response = KAM__V1__WATCH_RESPONSE__INIT;
	response.changes = arena_calloc(call->arena, entry->changes_count + 1, sizeof *response.changes);
	for (size_t i = 0; response.changes && i < entry->changes_count; i++) {
		if (groups[i] != 0) {
			Kam__V1__Change *change = make_change(call, revision->resources[i], &entry->changes[i], revision->number, groups[i] & ~CHANGE_SHOWN);
			if (!change) {
				return false;
			}
			response.changes[response.n_changes++] = change;
		}
	}
	response.revision = revision->number;
	response.time = call_time(entry->time_us, call->arena);
	response.actor = (char *)(uintptr_t)entry->actor;
	return call_reply(call, &response.base);
}

/* Keeps the answer for the other streams, where there is room. */
static void keep_variant(struct call *call, struct revision *revision, const schema_groups *groups)
{
	if (revision->variants_count == VARIANTS_MAX) {
		return;
	}
	struct arena *arena = &call->shared->arena;
	struct bytes packed = arena_bytes(arena, buf_bytes(&call->reply));
	const schema_groups *copy = arena_memdup(arena, groups, revision->entry.changes_count * sizeof *groups);
	if (packed.data && copy) {
		revision->variants[revision->variants_count++] = (struct variant){copy, packed};
	}
}

/* Sends one revision, unless nothing of it is the caller's to see. False: the stream is full, or the call has failed. */
static bool send_revision(struct call *call, const struct watch *watch, uint64_t number)
{
	struct revision *revision = read_revision(call, number);
	const schema_groups *groups = revision && revision->known ? seen_groups(call, watch, revision) : NULL;
	if (!groups) {
		return status_ok(call->status);
	}
	size_t size = revision->entry.changes_count * sizeof *groups;
	for (size_t i = 0; i < revision->variants_count; i++) {
		if (memcmp(revision->variants[i].groups, groups, size) == 0) {
			buf_add(&call->reply, revision->variants[i].packed.data, revision->variants[i].packed.size);
			call->replied = true;
			return call->reply.failed ? call_no_memory(call) : call->send(call);
		}
	}
	if (!pack_revision(call, revision, groups)) {
		return false;
	}
	keep_variant(call, revision, groups);
	return call->send(call);
}

/* ---- the stream ---------------------------------------------------------------------------------------------------------------- */

static bool pump(struct call *call)
{
	struct watch *watch = call->stream->state;
	uint64_t newest = store_view_revision(call->view);
	bool room = true;
	if (call->caller->grants_count == 0) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "you have no role any more, so there is nothing left to watch");
	}
	for (int i = 0; i < REVISIONS_PER_TURN && room && watch->position < newest; i++) {
		room = send_revision(call, watch, ++watch->position);
		arena_reset(call->arena);
		buf_init(&call->reply, call->arena);
	}
	call->more = room && watch->position < newest;
	return status_ok(call->status);
}

static bool start(struct call *call)
{
	const Kam__V1__WatchRequest *request = (const void *)call->request;
	struct arena *arena = &call->stream->arena;
	struct watch *watch = arena_calloc(arena, 1, sizeof *watch);
	uint64_t newest = store_view_revision(call->view);
	if (call->stream->ended) {
		return true; /* the client has nothing more to ask; the watch goes on */
	}
	if (request->from_revision > newest) {
		return status_fail(call->status, STATUS_OUT_OF_RANGE, "REVISION_AHEAD", "from_revision: %llu is ahead of the store, which is at %llu",
		                   (unsigned long long)request->from_revision, (unsigned long long)newest);
	}
	char **names = arena_calloc(arena, request->n_names + 1, sizeof *names);
	const struct schema_resource **resources = arena_calloc(arena, request->n_collections + 1, sizeof *resources);
	if (!watch || !names || !resources) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the watch needs more memory than a call may use");
	}
	watch->names = names;
	watch->resources = resources;
	for (size_t i = 0; i < request->n_names; i++) {
		watch->names[watch->names_count++] = arena_strdup(arena, request->names[i]);
	}
	for (size_t i = 0; i < request->n_collections; i++) {
		const struct schema_resource *resource = schema_resource_find(call->engine->schema, request->collections[i]);
		if (!resource) {
			return status_field(call->status, "collections", "\"%.80s\" is no collection; \"accounts\" and \"accounts/stakeholders\" are", request->collections[i]);
		}
		watch->resources[watch->resources_count++] = resource;
	}
	watch->position = request->from_revision ? request->from_revision : newest;
	call->note = arena_printf(call->arena, "watch of %zu names and %zu collections%s from revision %llu", watch->names_count, watch->resources_count,
	                          watch->names_count + watch->resources_count == 0 ? ", that is everything," : "", (unsigned long long)watch->position);
	call->stream->state = watch;
	call->stream->pump = pump;
	Kam__V1__WatchResponse hello = KAM__V1__WATCH_RESPONSE__INIT;
	hello.revision = watch->position;
	call->more = watch->position < newest; /* what came before now follows at once */
	return call_reply(call, &hello.base) && (call->send(call), true);
}

static const struct method_row methods[] = {{"/kam.v1.WatchService/Watch", start, NULL}};

const struct domain domain_watch = {.methods = methods, .methods_count = 1};
