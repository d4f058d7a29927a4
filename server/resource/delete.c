/* SPDX-License-Identifier: Apache-2.0
 *
 * Delete and Undelete, once for every resource type: softly, with what lies below, and refused while others refer to it. What went in one delete comes back together.
 */
#include "common/base/name.h"
#include "common/schema/value.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/standard.pb-c.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <stdio.h>

enum { LISTED_MAX = 5 };

/* Live, or deleted in one revision, resources below a name. */
struct below {
	struct call *call;
	const struct schema_resource *resource;
	uint64_t deleted_at; /* 0: the live ones */
	struct store_change *found; /* name, value */
	size_t count, capacity;
};

static bool visit_below(void *context, const char *name, const struct store_record *record)
{
	struct below *below = context;
	bool wanted = below->deleted_at ? record->operation == STORE_DELETE && record->revision == below->deleted_at : record->operation != STORE_DELETE;
	if (!wanted) {
		return true;
	}
	if (below->count == below->capacity) {
		size_t capacity = below->capacity ? below->capacity * 2 : 16;
		struct store_change *grown = arena_alloc(below->call->arena, capacity * sizeof *grown);
		if (!grown || capacity > LIMIT_CHANGES) {
			return status_fail(below->call->status, STATUS_RESOURCE_EXHAUSTED, "TOO_MANY_BELOW", "more than %u resources lie below; delete them in parts first",
			                   LIMIT_CHANGES / 2);
		}
		if (below->count) {
			memcpy(grown, below->found, below->count * sizeof *grown);
		}
		below->found = grown;
		below->capacity = capacity;
	}
	below->found[below->count++] =
		(struct store_change){.name = arena_strdup(below->call->arena, name), .value = arena_bytes(below->call->arena, record->value)};
	return true;
}

/* The types whose resources can lie below a name, but for those that their noun keeps (the sessions of a user). */
static bool lies_below(const struct schema_resource *top, const struct schema_resource *resource)
{
	size_t size = strlen(top->collection);
	return strncmp(resource->collection, top->collection, size) == 0 && resource->collection[size] == '/' && !resource->system;
}

/* accounts/acme/scorecards/-/entries: all of a type that lies below a name, with `id` for every id between. */
static void pattern_below(const struct schema_resource *top, const struct schema_resource *resource, const char *name, const char *id,
                          char ret_pattern[2 * LIMIT_NAME_BYTES])
{
	size_t used = (size_t)snprintf(ret_pattern, 2 * LIMIT_NAME_BYTES, "%s", name);
	for (const char *word = resource->collection + strlen(top->collection) + 1; word; word = strchr(word, '/') ? strchr(word, '/') + 1 : NULL) {
		bool last = !strchr(word, '/');
		used += (size_t)snprintf(ret_pattern + used, 2 * LIMIT_NAME_BYTES - used, "/%.*s%s%s", (int)strcspn(word, "/"), word, last ? "" : "/", last ? "" : id);
	}
}

static bool find_below(struct call *call, const char *name, uint64_t deleted_at, struct below *ret_below)
{
	const struct schema_resource *top = call->method->resource;
	*ret_below = (struct below){.call = call, .deleted_at = deleted_at};
	for (size_t i = 0; i < schema_resources_count(call->engine->schema); i++) {
		const struct schema_resource *resource = schema_resource_at(call->engine->schema, i);
		char pattern[2 * LIMIT_NAME_BYTES];
		if (!lies_below(top, resource)) {
			continue;
		}
		pattern_below(top, resource, name, "-", pattern);
		ret_below->resource = resource;
		if (!store_scan(call->view, pattern, NULL, 0, visit_below, ret_below, call->status) || !status_ok(call->status)) {
			return false;
		}
	}
	return call_whole(call, true); /* names and values are all there */
}

bool engine_mark(struct call *call, const char *name, struct bytes value, bool deleted)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	ProtobufCMessage *message = schema_unpack(resource->type, value, call->arena, call->status);
	Google__Protobuf__Timestamp *time = call_time(call->now_us, call->arena);
	if (!message || !time) {
		return call_no_memory(call);
	}
	struct value stamp = {.kind = VALUE_MESSAGE, .message = &time->base};
	bool ok = value_set(message, resource->update_time, stamp, call->arena);
	if (deleted) {
		ok = ok && value_set(message, resource->delete_time, stamp, call->arena);
	} else {
		value_clear(message, resource->delete_time);
	}
	struct bytes packed = schema_pack(message, call->arena);
	return ok && changes_put(call->changes, call->view, name, deleted ? STORE_DELETE : STORE_UNDELETE, packed, call->status);
}

/* A name for a refusal: only of what the caller may read, or the refusal would tell that it is there. */
static const char *told(struct call *call, const char *name, const char *otherwise)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	return resource && call_decide_verb(call, resource, "read", name).allowed ? name : otherwise;
}

/* Nothing that might lie below is hidden from the caller. */
static bool sees_below(struct call *call, const char *name)
{
	const struct schema_resource *top = call->method->resource;
	bool sees = true;
	for (size_t i = 0; i < schema_resources_count(call->engine->schema) && sees; i++) {
		const struct schema_resource *resource = schema_resource_at(call->engine->schema, i);
		char child[2 * LIMIT_NAME_BYTES + 2];
		if (lies_below(top, resource)) {
			pattern_below(top, resource, name, "x", child);
			strcat(child, "/x");
			sees = call_sees_whatever(call, resource, child);
		}
	}
	return sees;
}

/* Without force, what is seen below is in the way; and so is what may be there unseen, whether it is or not. */
static bool check_no_children(struct call *call, const char *name, const struct below *below)
{
	const char *child = NULL;
	size_t seen = 0;
	for (size_t i = 0; i < below->count; i++) {
		const char *one = told(call, below->found[i].name, NULL);
		child = child ? child : one;
		seen += one != NULL;
	}
	if (seen > 0) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "HAS_CHILDREN", "%s has %zu resource%s below it, among them %s; delete them first, or all with force",
		                   name, seen, seen == 1 ? "" : "s", child);
	}
	return sees_below(call, name) || status_fail(call->status, STATUS_FAILED_PRECONDITION, "HAS_CHILDREN",
	                                             "%s may have resources below it that you may not see; delete it with force, which takes along whatever there is", name);
}

static bool check_unreferred(struct call *call, const char *name)
{
	const char **referrers = write_referrers(call, name, LISTED_MAX + 1);
	char list[LISTED_MAX * 72] = "";
	int count = 0, seen = 0;
	for (; referrers && referrers[count]; count++) {
		if (told(call, referrers[count], NULL) && seen++ < LISTED_MAX) {
			size_t used = strlen(list);
			snprintf(list + used, sizeof list - used, "%s%.68s", seen > 1 ? ", " : "", referrers[count]);
		}
	}
	if (!referrers || count == 0) {
		return referrers != NULL;
	}
	if (seen == 0) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "REFERRED_TO",
		                   "%s is referred to by resources that you may not see; ask somebody who may to change them first", name);
	}
	return status_fail(call->status, STATUS_FAILED_PRECONDITION, "REFERRED_TO", "%s is referred to by %s%s; change or delete %s first", name, list,
	                   seen > LISTED_MAX ? " and others" : "", seen > 1 ? "these" : "it");
}

/* Who sees a contact because it stands on the map of an account of theirs does not see on which others it stands. A refusal there and none elsewhere would tell. */
static bool check_sees_referrers(struct call *call, const char *name)
{
	const struct schema_resource *resource = call->method->resource;
	return resource->scoping != SCOPING_BY_STAKEHOLDER || call_sees_whatever(call, resource, name) ||
	       status_fail(call->status, STATUS_PERMISSION_DENIED, "DELETE_DENIED",
	                   "you may not delete %s, because you do not see all accounts that might need it: ask somebody who sees all %s", name, resource->plural);
}

static bool delete_resource(struct call *call)
{
	const Kam__V1__DeleteRequest *request = (const void *)call->request;
	const struct noun *noun = engine_noun(call->engine, call->method->resource);
	struct store_record record;
	struct below below;
	if (!engine_open_for_change(call, request->name, request->etag, &record)) {
		return false;
	}
	if (record.operation == STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "RESOURCE_DELETED", "%s is deleted already", request->name);
	}
	const ProtobufCMessage *old = schema_unpack(call->method->resource->type, record.value, call->arena, call->status);
	if (!old || !find_below(call, request->name, 0, &below) || (!request->force && !check_no_children(call, request->name, &below)) ||
	    !check_sees_referrers(call, request->name) || !check_unreferred(call, request->name) ||
	    (noun && noun->check_delete && !noun->check_delete(call, request->name, old)) || !engine_mark(call, request->name, record.value, true)) {
		return false;
	}
	for (size_t i = 0; i < below.count; i++) {
		if (!engine_mark(call, below.found[i].name, below.found[i].value, true)) {
			return false;
		}
	}
	return engine_reply_written(call, request->name, request->validate_only);
}

bool engine_delete(struct call *call)
{
	return call_whole(call, delete_resource(call));
}

struct undelete_check {
	struct call *call;
	const char *missing;
};

static bool visit_target(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct undelete_check *check = context;
	struct store_record record;
	(void)path, (void)field;
	if (!changes_get(check->call->changes, check->call->view, target, &record, check->call->status) || record.operation == STORE_DELETE) {
		check->missing = target;
	}
	return !check->missing;
}

/* What came back refers to nothing that is deleted. Asked when all is marked, because it may refer to what came back with it. */
static bool check_targets(struct call *call, const char *name, struct bytes value)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	const ProtobufCMessage *message = schema_unpack(resource->type, value, call->arena, call->status);
	struct undelete_check check = {call, NULL};
	bool walked = message && references_each(resource->type, message, call->arena, visit_target, &check);
	if (check.missing) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "REFERENCE_DELETED", "%s refers to %s, which is deleted: undelete that first",
		                   told(call, name, "a resource below it"), told(call, check.missing, "a resource that you may not see"));
	}
	return walked || call_no_memory(call);
}

static bool undelete_resource(struct call *call)
{
	const Kam__V1__UndeleteRequest *request = (const void *)call->request;
	struct store_record record;
	struct below below;
	if (!engine_open_for_change(call, request->name, request->etag, &record)) {
		return false;
	}
	if (record.operation != STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "RESOURCE_NOT_DELETED", "%s is not deleted", request->name);
	}
	struct name parts;
	if (!name_parse(request->name, false, &parts) || !write_check_parent(call, call->method->resource, arena_strndup(call->arena, request->name, name_parent_size(&parts)))) {
		return false;
	}
	/* What went with it comes back with it. */
	if (!find_below(call, request->name, record.revision, &below) || !engine_mark(call, request->name, record.value, false)) {
		return false;
	}
	for (size_t i = 0; i < below.count; i++) {
		if (!engine_mark(call, below.found[i].name, below.found[i].value, false)) {
			return false;
		}
	}
	if (!check_targets(call, request->name, record.value)) {
		return false;
	}
	for (size_t i = 0; i < below.count; i++) {
		if (!check_targets(call, below.found[i].name, below.found[i].value)) {
			return false;
		}
	}
	return engine_reply_written(call, request->name, request->validate_only);
}

bool engine_undelete(struct call *call)
{
	return call_whole(call, undelete_resource(call));
}
