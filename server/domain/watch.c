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

/* The change as the caller may see it, or NULL. */
static Kam__V1__Change *make_change(struct call *call, const struct watch *watch, const struct store_change *from)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, from->name);
	if (!resource || !is_wanted(watch, resource, from->name)) {
		return NULL;
	}
	struct decision decision = call_decide_verb(call, resource, "read", from->name);
	if (!decision.allowed) {
		return NULL;
	}
	Kam__V1__Change *change = arena_alloc(call->arena, sizeof *change);
	Google__Protobuf__Any *any = arena_alloc(call->arena, sizeof *any);
	struct buf bytes;
	buf_init(&bytes, call->arena);
	if (from->operation != STORE_PURGE) {
		call_put_resource(call, &bytes, resource->type, from->value, decision.groups);
	}
	if (!change || !any || bytes.failed) {
		status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the change needs more memory than a call may use");
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

/* Sends one revision, unless nothing of it is the caller's to see. False: the stream is full, or the call has failed. */
static bool send_revision(struct call *call, const struct watch *watch, uint64_t revision)
{
	struct store_entry entry;
	Kam__V1__WatchResponse response = KAM__V1__WATCH_RESPONSE__INIT;
	Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	if (!store_log_get(call->view, revision, call->arena, &entry, call->status)) {
		return status_ok(call->status);
	}
	response.changes = arena_calloc(call->arena, entry.changes_count + 1, sizeof *response.changes);
	for (size_t i = 0; response.changes && i < entry.changes_count; i++) {
		Kam__V1__Change *change = make_change(call, watch, &entry.changes[i]);
		if (change) {
			response.changes[response.n_changes++] = change;
		}
	}
	if (response.n_changes == 0 || !status_ok(call->status)) {
		return status_ok(call->status);
	}
	time.seconds = entry.time_us / 1000000;
	time.nanos = (int32_t)(entry.time_us % 1000000 * 1000);
	response.revision = revision;
	response.time = &time;
	response.actor = (char *)(uintptr_t)entry.actor;
	return call_reply(call, &response.base) && call->send(call);
}

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
	call->stream->state = watch;
	call->stream->pump = pump;
	Kam__V1__WatchResponse hello = KAM__V1__WATCH_RESPONSE__INIT;
	hello.revision = watch->position;
	call->more = watch->position < newest; /* what came before now follows at once */
	return call_reply(call, &hello.base) && (call->send(call), true);
}

static const struct method_row methods[] = {{"/kam.v1.WatchService/Watch", start, NULL}};

const struct domain domain_watch = {.methods = methods, .methods_count = 1};
