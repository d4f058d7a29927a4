/* SPDX-License-Identifier: Apache-2.0
 *
 * ListVersions, once for every resource type: the states that a resource had, each cut to what the caller may see now. A change of which
 * they see nothing is not in it.
 */
#include "common/schema/mask.h"
#include "common/schema/wire.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/standard.pb-c.h"
#include "server/resource/engine.h"

#define EVERY_GROUP ((1u << GROUP_PUBLIC) | (1u << GROUP_COMMERCIAL) | (1u << GROUP_FINANCIAL) | (1u << GROUP_PERSONAL) | (1u << GROUP_STRATEGY))

struct versions {
	struct call *call;
	schema_groups groups;
	size_t wanted;
	bool hiding; /* some changes may not show */
	struct store_record *states; /* those that show, newest first; of equal ones the first, for that is when it came to be so */
	size_t count;
	struct arena scratch;
	Kam__V1__Version **list;
	ProtobufCMessage **messages;
};

static bool visit_version(void *context, const char *name, const struct store_record *record)
{
	struct versions *versions = context;
	struct store_record *last = versions->count > 0 ? &versions->states[versions->count - 1] : NULL;
	(void)name;
	arena_reset(&versions->scratch);
	if (last && versions->hiding &&
	    !call_differs(versions->call->method->resource->type, last->value, record->value, versions->groups, &versions->scratch)) {
		*last = *record;
		return true;
	}
	versions->states[versions->count++] = *record;
	return versions->count <= versions->wanted;
}

static bool make_version(struct versions *versions, const char *name, size_t at)
{
	struct call *call = versions->call;
	const struct store_record *record = &versions->states[at];
	const struct schema_type *type = call->method->resource->type;
	Kam__V1__Version *version = arena_alloc(call->arena, sizeof *version);
	Google__Protobuf__Any *any = arena_alloc(call->arena, sizeof *any);
	struct buf bytes;
	struct store_entry entry;
	buf_init(&bytes, call->arena);
	call_put_resource(call, &bytes, type, name, record, versions->groups);
	if (!version || !any || bytes.failed) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
	}
	kam__v1__version__init(version);
	google__protobuf__any__init(any);
	any->type_url = arena_printf(call->arena, "type.googleapis.com/%s", type->name);
	any->value = (ProtobufCBinaryData){bytes.size, bytes.data};
	version->revision = record->revision;
	version->operation = (Kam__V1__Operation)record->operation;
	version->resource = any;
	version->erased_revision = (versions->groups & EVERY_GROUP) == EVERY_GROUP ? record->amended : 0; /* what they do not see may be what was erased */
	if (at < versions->wanted && store_log_get(call->view, record->revision, call->arena, &entry, call->status)) {
		version->time = call_time(entry.time_us, call->arena);
		version->actor = arena_strdup(call->arena, entry.actor);
	}
	versions->messages[at] = schema_unpack(type, bytes.size ? buf_bytes(&bytes) : (struct bytes){0}, call->arena, call->status);
	versions->list[at] = version;
	return status_ok(call->status);
}

/* Reads the states that show, one more than the page has, and makes versions of them. */
static bool read_versions(struct versions *versions, const char *name, uint64_t before)
{
	struct call *call = versions->call;
	size_t room = versions->wanted + 1;
	versions->states = arena_calloc(call->arena, room, sizeof *versions->states);
	versions->list = arena_calloc(call->arena, room, sizeof *versions->list);
	versions->messages = arena_calloc(call->arena, room, sizeof *versions->messages);
	if (!versions->states || !versions->list || !versions->messages) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
	}
	arena_init(&versions->scratch, LIMIT_CALL_ARENA_BYTES);
	bool ok = store_history(call->view, name, before, visit_version, versions, call->status);
	arena_done(&versions->scratch);
	for (size_t i = 0; ok && i < versions->count; i++) {
		ok = make_version(versions, name, i);
	}
	return ok;
}

/* Each version against the one before it, which is the next in the list. */
static bool set_changed_fields(struct versions *versions, size_t shown)
{
	struct call *call = versions->call;
	for (size_t i = 0; i < shown && i + 1 < versions->count; i++) {
		const char *paths = mask_differences(call->method->resource->type, versions->messages[i + 1], versions->messages[i], GROUPS_ALL, call->arena);
		size_t count = paths && *paths ? 1 : 0;
		for (const char *c = paths; c && *c; c++) {
			count += *c == ',';
		}
		char **fields = arena_calloc(call->arena, count + 1, sizeof *fields);
		for (size_t k = 0; fields && k < count; k++) {
			fields[k] = arena_strndup(call->arena, paths, strcspn(paths, ","));
			paths += strcspn(paths, ",") + (k + 1 < count);
		}
		if (!fields) {
			return false;
		}
		versions->list[i]->changed_fields = fields;
		versions->list[i]->n_changed_fields = count;
	}
	return true;
}

static bool list_versions(struct call *call)
{
	const Kam__V1__ListVersionsRequest *request = (const void *)call->request;
	struct store_record record;
	uint64_t before = call->as_of ? call->as_of + 1 : 0;
	const char *name = request->name;
	if (!engine_check_name(call, name, "name")) {
		return false;
	}
	struct decision decision = call_decide(call, call->method->permission, name, (struct bytes){0});
	if (!decision.allowed || !store_get(call->view, name, &record, call->status)) {
		return status_ok(call->status) && call_not_found(call, name);
	}
	if (*request->page_token) {
		struct bytes position;
		if (!page_token_read(call, bytes_of(name), request->page_token, &position) || position.size != sizeof before) {
			return status_field(call->status, "page_token", "is not one that this list gave; start again without it");
		}
		memcpy(&before, position.data, sizeof before);
	}
	size_t size = request->page_size == 0 ? LIMIT_PAGE_SIZE_DEFAULT : (size_t)request->page_size;
	size = size > LIMIT_PAGE_SIZE_MAX ? LIMIT_PAGE_SIZE_MAX : size;
	struct versions versions = {.call = call, .groups = decision.groups, .wanted = size, .hiding = wire_may_hide(call->method->resource->type, decision.groups)};
	if (!read_versions(&versions, name, before)) {
		return false;
	}
	size_t shown = versions.count > size ? size : versions.count;
	Kam__V1__ListVersionsResponse response = KAM__V1__LIST_VERSIONS_RESPONSE__INIT;
	if (!set_changed_fields(&versions, shown)) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
	}
	response.versions = versions.list;
	response.n_versions = shown;
	if (versions.count > size) {
		uint64_t next = versions.list[size - 1]->revision;
		response.next_page_token = (char *)(uintptr_t)page_token_make(call, bytes_of(name), (struct bytes){(const uint8_t *)&next, sizeof next});
	}
	return call_reply(call, &response.base);
}

bool engine_list_versions(struct call *call)
{
	return call_whole(call, list_versions(call));
}
