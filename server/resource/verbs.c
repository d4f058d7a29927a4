/* SPDX-License-Identifier: Apache-2.0
 *
 * Get, Create, Update, Delete, Undelete and ListVersions, once for every resource type. Requests that differ by type are read by field name; the shared ones
 * (standard.proto) by their structs.
 */
#include "common/base/name.h"
#include "common/base/clock.h"
#include "common/schema/mask.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/standard.pb-c.h"
#include "server/access/token.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <assert.h>
#include <stdio.h>

enum { LISTED_MAX = 5 };

/* ---- requests ---------------------------------------------------------------------------------------------------------------- */

static const char *request_text(const struct call *call, const char *field)
{
	const struct schema_field *found = schema_field_find(call->method->input, field);
	return found ? value_get(call->request, found, 0).string : "";
}

static bool request_flag(const struct call *call, const char *field)
{
	const struct schema_field *found = schema_field_find(call->method->input, field);
	return found && value_get(call->request, found, 0).boolean;
}

/* The field of the request that holds the resource. */
static const struct schema_field *resource_field(const struct call *call)
{
	for (size_t i = 0; i < call->method->input->fields_count; i++) {
		if (call->method->input->fields[i].message == call->method->resource->type) {
			return &call->method->input->fields[i];
		}
	}
	assert(!"a Create or Update without its resource");
	return NULL;
}

/* A copy of the request's resource that may be altered; a missing one is empty. */
static ProtobufCMessage *request_resource(struct call *call, const struct schema_field *field)
{
	struct value value = value_get(call->request, field, 0);
	if (value.kind != VALUE_MESSAGE || !value.message) {
		status_field(call->status, field->name, "is missing: send the %s", call->method->resource->singular);
		return NULL;
	}
	return (ProtobufCMessage *)(uintptr_t)value.message; /* the request is the call's own */
}

bool engine_check_name(struct call *call, const char *name, const char *field)
{
	const struct schema_resource *wanted = call->method->resource;
	if (strstr(name, "/-") || schema_resource_of_name(call->engine->schema, name) != wanted) {
		return status_field(call->status, field, "\"%.100s\" is not the name of one %s; write it as %s", name, wanted->singular, wanted->pattern);
	}
	return true;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------ */

static bool reply_stored(struct call *call, const char *name, struct bytes stored, schema_groups groups)
{
	if (groups == 0) { /* may change it but not read it: the name alone */
		wire_add_bytes(&call->reply, call->method->resource->name->pb->id, bytes_of(name));
	} else {
		call_put_resource(call, &call->reply, call->method->resource->type, stored, groups);
	}
	call->replied = true;
	return !call->reply.failed ||
	       status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "REPLY_TOO_LARGE", "the answer needs more memory than a call may use");
}

bool engine_reply_written(struct call *call, const char *name, bool validate_only)
{
	const struct access *access = &call->engine->access;
	struct store_record record;
	struct decision read = call_decide_verb(call, call->method->resource, "read", name);
	if (!changes_get(call->changes, call->view, name, &record, call->status)) {
		return status_fail(call->status, STATUS_INTERNAL, "WRITE_LOST", "%s vanished while it was written", name);
	}
	if (!read.allowed && (call->method->resource->type == access->account || call->method->resource->type == access->contact)) {
		/* Made just now, it is not in the view: what it says of itself decides. */
		const char *permission = call->method->resource->type == access->account ? "accounts.read" : "contacts.read";
		read = decide(access, call->view, call->caller, permission, name, record.value, call->now_us, NULL);
	}
	if (validate_only) {
		changes_drop(call->changes);
	}
	return reply_stored(call, name, record.value, read.allowed ? read.groups : 0);
}

/* ---- Get ------------------------------------------------------------------------------------------------------------------------ */

bool engine_get(struct call *call)
{
	const char *name = ((const Kam__V1__GetRequest *)call->request)->name;
	struct store_record record;
	if (!engine_check_name(call, name, "name")) {
		return false;
	}
	bool found = store_get_at(call->view, name, call->as_of, &record, call->status);
	struct bytes account = found && call->as_of == 0 && call->method->resource->type == call->engine->access.account ? record.value : (struct bytes){0};
	struct decision decision = call_decide(call, call->method->permission, name, account);
	if (!found || !decision.allowed) {
		return status_ok(call->status) && call_not_found(call, name);
	}
	return reply_stored(call, name, record.value, decision.groups);
}

/* ---- Create ---------------------------------------------------------------------------------------------------------------------- */

/* The new resource's name: its parent, its collection, its id. */
static const char *new_name(struct call *call, const char *parent, const char *id)
{
	const char *words = strrchr(call->method->resource->collection, '/');
	const char *word = words ? words + 1 : call->method->resource->collection;
	const char *name = *parent ? arena_printf(call->arena, "%s/%s/%s", parent, word, id) : arena_printf(call->arena, "%s/%s", word, id);
	if (name && strlen(name) > LIMIT_NAME_BYTES) {
		status_fail(call->status, STATUS_INVALID_ARGUMENT, "NAME_TOO_LONG", "the name %.60s… would be longer than %u bytes; use a shorter id", name,
		            LIMIT_NAME_BYTES);
		return NULL;
	}
	return name;
}

/* The parent exists and the caller may create below it. */
static bool check_parent(struct call *call, const char *parent)
{
	const struct schema_resource *resource = call->method->resource;
	struct store_record record;
	if (!resource->parent) {
		return true;
	}
	if (strstr(parent, "/-") || schema_resource_of_name(call->engine->schema, parent) != resource->parent) {
		return status_field(call->status, "parent", "\"%.100s\" is not the name of one %s; write it as %s", parent, resource->parent->singular,
		                    resource->parent->pattern);
	}
	bool seen = call_decide_verb(call, resource->parent, "read", parent).allowed;
	if (!seen || !changes_get(call->changes, call->view, parent, &record, call->status)) {
		return call_not_found(call, parent);
	}
	if (record.operation == STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "PARENT_DELETED", "%s is deleted: undelete it first", parent);
	}
	return true;
}

static const char *choose_id(struct call *call, const ProtobufCMessage *new, const char *given)
{
	const struct schema_resource *resource = call->method->resource;
	const struct noun *noun = engine_noun(call->engine, resource);
	const char *made = noun && noun->make_id ? noun->make_id(call, new) : NULL;
	if (made && *given && strcmp(made, given) != 0) {
		status_fail(call->status, STATUS_INVALID_ARGUMENT, "ID_MISMATCH", "the id of this %s must be %s, as its fields say; leave the id out", resource->singular,
		            made);
		return NULL;
	}
	if (made || *given) {
		return made ? made : given;
	}
	char random[TOKEN_SESSION_ID_BYTES];
	token_random_id(random);
	return status_ok(call->status) ? arena_strdup(call->arena, random) : NULL;
}

/* The caller may write this resource as it is to be. An account is judged by its own new content, for it has no other yet. */
static struct decision decide_create(struct call *call, const char *name, const ProtobufCMessage *new)
{
	struct bytes account = {0};
	if (call->method->resource->type == call->engine->access.account) {
		account = schema_pack(new, call->arena);
	}
	char permission[2 * LIMIT_ID_BYTES];
	snprintf(permission, sizeof permission, "%s.create", call->method->resource->plural);
	return decide(&call->engine->access, call->view, call->caller, permission, name, account, call->now_us, NULL);
}

static bool create(struct call *call, const char *name, ProtobufCMessage *new, const char *prefix)
{
	const struct schema_resource *resource = call->method->resource;
	struct store_record record;
	struct decision decision = decide_create(call, name, new);
	if (!decision.allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "you may not create %s here: your roles with %s.create do not reach it",
		                   resource->plural, resource->plural);
	}
	if (changes_get(call->changes, call->view, name, &record, call->status)) {
		return status_fail(call->status, STATUS_ALREADY_EXISTS, "RESOURCE_EXISTS", "%s exists already%s", name,
		                   record.operation == STORE_DELETE ? ", deleted: undelete it or choose another id" : "; choose another id or update it");
	}
	return write_permitted(call, resource, NULL, new, decision.groups) && write_resource(call, resource, name, NULL, new, prefix, NULL);
}

bool engine_create(struct call *call)
{
	const struct schema_field *field = resource_field(call);
	ProtobufCMessage *new = request_resource(call, field);
	const char *parent = request_text(call, "parent");
	if (!new || !check_parent(call, parent)) {
		return false;
	}
	char id_field[LIMIT_ID_BYTES + 8];
	snprintf(id_field, sizeof id_field, "%s_id", field->name);
	const char *given = request_text(call, id_field);
	if (*given && !name_id_valid(given, strlen(given))) {
		return status_field(call->status, id_field, "\"%.80s\" is no id: it starts with a letter or digit, then letters, digits, '-', '_' or '.', %u at most", given,
		                    LIMIT_ID_BYTES);
	}
	/* What identifies it is ours to say; a name that the client sent along must agree. */
	const char *id = choose_id(call, new, given);
	const char *name = id ? new_name(call, parent, id) : NULL;
	if (!name) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call needs more memory than a call may use");
	}
	mask_clear_output_only(call->method->resource->type, new);
	return create(call, name, new, field->name) && engine_reply_written(call, name, request_flag(call, "validate_only"));
}

/* ---- Update ----------------------------------------------------------------------------------------------------------------------- */

/* The etag that the client holds is still the one it would get now. */
static bool check_etag(struct call *call, const char *name, struct bytes stored, const char *etag, schema_groups groups)
{
	char now[ETAG_BYTES];
	if (!*etag) {
		return true;
	}
	struct bytes visible = wire_cut(call->method->resource->type, stored, groups, call->arena);
	engine_etag(call->engine, visible, now);
	return strcmp(etag, now) == 0 || status_fail(call->status, STATUS_ABORTED, "ETAG_STALE",
	                                             "etag: %s was changed by somebody else since you read it; read it again and repeat your change", name);
}

bool engine_open_for_change(struct call *call, const char *name, struct store_record *ret_record, struct decision *ret_change, const char *etag)
{
	struct decision read = call_decide_verb(call, call->method->resource, "read", name);
	struct decision change = call_decide(call, call->method->permission, name, (struct bytes){0});
	if (!(read.allowed || change.allowed) || !changes_get(call->changes, call->view, name, ret_record, call->status)) {
		return status_ok(call->status) && call_not_found(call, name);
	}
	if (!change.allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "you may see %s but not change it: your roles with %s do not reach it", name,
		                   call->method->permission);
	}
	*ret_change = change;
	return check_etag(call, name, ret_record->value, etag, read.groups);
}

/* The paths that an update is about, spelled out: those of the mask, or every set field, or for "*" every field that the caller may set. A field of a group that
 * the caller does not have is refused before anything is compared, so that a guess at its value tells nothing. */
static char **update_paths(struct call *call, const ProtobufCMessage *source, schema_groups groups, size_t *ret_count)
{
	const struct schema_type *type = call->method->resource->type;
	const struct schema_field *mask_field = schema_field_find(call->method->input, "update_mask");
	const Google__Protobuf__FieldMask *mask = (const void *)value_get(call->request, mask_field, 0).message;
	bool named = mask && mask->n_paths > 0, every = named && mask->n_paths == 1 && strcmp(mask->paths[0], "*") == 0;
	char **paths = arena_calloc(call->arena, type->fields_count + 1, sizeof *paths);
	*ret_count = 0;
	if (named && !every) {
		for (size_t i = 0; i < mask->n_paths; i++) {
			const char *top = arena_strndup(call->arena, mask->paths[i], strcspn(mask->paths[i], "."));
			const struct schema_field *field = top ? schema_field_find(type, top) : NULL;
			if (field && !write_field_permitted(call, field, groups)) {
				return NULL;
			}
		}
		*ret_count = mask->n_paths;
		return mask->paths;
	}
	for (size_t i = 0; paths && i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool ours = field->rules.output_only || field == call->method->resource->name || field == call->method->resource->etag;
		bool set = value_count(source, field) > 0;
		if (ours || (!every && !set)) {
			continue;
		}
		if ((!every || set) && !write_field_permitted(call, field, groups)) {
			return NULL;
		}
		if (groups & (1u << field->rules.group)) {
			paths[(*ret_count)++] = (char *)(uintptr_t)field->name;
		}
	}
	return paths;
}

static bool update_existing(struct call *call, const char *name, const struct schema_field *field, const ProtobufCMessage *source)
{
	const struct schema_resource *resource = call->method->resource;
	struct store_record record;
	struct decision change;
	size_t count;
	const char *etag = resource->etag ? value_get(source, resource->etag, 0).string : "";
	if (!engine_open_for_change(call, name, &record, &change, etag)) {
		return false;
	}
	if (record.operation == STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "RESOURCE_DELETED", "%s is deleted: undelete it first", name);
	}
	struct decision read = call_decide_verb(call, resource, "read", name);
	char **paths = update_paths(call, source, change.groups & (read.allowed ? read.groups : GROUPS_ALL), &count);
	ProtobufCMessage *new = paths ? schema_unpack(resource->type, record.value, call->arena, call->status) : NULL;
	if (!new || count == 0) { /* nothing named and nothing set: as it is */
		return new != NULL;
	}
	return mask_apply(resource->type, new, source, paths, count, call->arena, call->status) &&
	       write_resource(call, resource, name, &record, new, field->name, NULL);
}

bool engine_update(struct call *call)
{
	const struct schema_field *field = resource_field(call);
	ProtobufCMessage *source = request_resource(call, field);
	struct store_record record;
	if (!source) {
		return false;
	}
	const char *name = value_get(source, call->method->resource->name, 0).string;
	char path[LIMIT_ID_BYTES + 8];
	snprintf(path, sizeof path, "%s.name", field->name);
	if (!*name && call->method->resource->singleton) {
		name = call->method->resource->pattern;
	}
	if (!engine_check_name(call, name, path)) {
		return false;
	}
	bool missing = !changes_get(call->changes, call->view, name, &record, call->status);
	if (missing && status_ok(call->status) && request_flag(call, "allow_missing")) {
		struct name parts;
		if (!name_parse(name, false, &parts)) {
			return call_not_found(call, name);
		}
		const char *parent = arena_strndup(call->arena, name, name_parent_size(&parts));
		mask_clear_output_only(call->method->resource->type, source);
		return parent && check_parent(call, parent) && create(call, name, source, field->name) &&
		       engine_reply_written(call, name, request_flag(call, "validate_only"));
	}
	return update_existing(call, name, field, source) && engine_reply_written(call, name, request_flag(call, "validate_only"));
}

/* ---- Delete, Undelete ---------------------------------------------------------------------------------------------------------------- */

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

static bool find_below(struct call *call, const char *name, uint64_t deleted_at, struct below *ret_below)
{
	const struct schema_resource *top = call->method->resource;
	*ret_below = (struct below){.call = call, .deleted_at = deleted_at};
	for (size_t i = 0; i < schema_resources_count(call->engine->schema); i++) {
		const struct schema_resource *resource = schema_resource_at(call->engine->schema, i);
		size_t size = strlen(top->collection);
		if (strncmp(resource->collection, top->collection, size) != 0 || resource->collection[size] != '/' || resource->system) {
			continue; /* not below, or kept by its noun (the sessions of a user) */
		}
		/* accounts/acme/scorecards/-/entries: '-' for every id between. */
		char pattern[2 * LIMIT_NAME_BYTES];
		size_t used = (size_t)snprintf(pattern, sizeof pattern, "%s", name);
		for (const char *word = resource->collection + size + 1; word; word = strchr(word, '/') ? strchr(word, '/') + 1 : NULL) {
			bool last = !strchr(word, '/');
			used += (size_t)snprintf(pattern + used, sizeof pattern - used, "/%.*s%s", (int)strcspn(word, "/"), word, last ? "" : "/-");
		}
		ret_below->resource = resource;
		if (!store_scan(call->view, pattern, NULL, 0, visit_below, ret_below, call->status) || !status_ok(call->status)) {
			return false;
		}
	}
	return true;
}

/* The same bytes with the delete time set or cleared. */
static bool mark(struct call *call, const char *name, struct bytes value, bool deleted)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	ProtobufCMessage *message = schema_unpack(resource->type, value, call->arena, call->status);
	Google__Protobuf__Timestamp *time = arena_alloc(call->arena, sizeof *time);
	if (!message || !time) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call needs more memory than a call may use");
	}
	google__protobuf__timestamp__init(time);
	time->seconds = call->now_us / 1000000;
	time->nanos = (int32_t)(call->now_us % 1000000 * 1000);
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

static bool refuse_children(struct call *call, const char *name, const struct below *below)
{
	const char *child = NULL;
	for (size_t i = 0; i < below->count && !child; i++) {
		child = told(call, below->found[i].name, NULL);
	}
	return status_fail(call->status, STATUS_FAILED_PRECONDITION, "HAS_CHILDREN", "%s has %zu resource%s below it%s%s; delete them first, or all with force", name,
	                   below->count, below->count == 1 ? "" : "s", child ? ", among them " : "", child ? child : "");
}

static bool check_unreferred(struct call *call, const char *name)
{
	const char **referrers = write_referrers(call, name, LISTED_MAX + 1);
	char list[LISTED_MAX * 72] = "";
	int count = 0, listed = 0;
	for (; referrers && referrers[count]; count++) {
		if (listed < LISTED_MAX && told(call, referrers[count], NULL)) {
			size_t used = strlen(list);
			snprintf(list + used, sizeof list - used, "%s%.68s", listed++ ? ", " : "", referrers[count]);
		}
	}
	if (!referrers || count == 0) {
		return referrers != NULL;
	}
	if (listed == 0) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "REFERRED_TO",
		                   "%s is referred to by resources that you may not see; ask somebody who may to change them first", name);
	}
	return status_fail(call->status, STATUS_FAILED_PRECONDITION, "REFERRED_TO", "%s is referred to by %s%s; change or delete %s first", name, list,
	                   count > listed ? " and others" : "", count > 1 ? "these" : "it");
}

bool engine_delete(struct call *call)
{
	const Kam__V1__DeleteRequest *request = (const void *)call->request;
	const struct noun *noun = engine_noun(call->engine, call->method->resource);
	struct store_record record;
	struct decision change;
	struct below below;
	if (!engine_check_name(call, request->name, "name") || !engine_open_for_change(call, request->name, &record, &change, request->etag)) {
		return false;
	}
	if (record.operation == STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "RESOURCE_DELETED", "%s is deleted already", request->name);
	}
	const ProtobufCMessage *old = schema_unpack(call->method->resource->type, record.value, call->arena, call->status);
	if (!old || !find_below(call, request->name, 0, &below) || (below.count > 0 && !request->force && !refuse_children(call, request->name, &below)) ||
	    !check_unreferred(call, request->name) || (noun && noun->check_delete && !noun->check_delete(call, request->name, old)) ||
	    !mark(call, request->name, record.value, true)) {
		return false;
	}
	for (size_t i = 0; i < below.count; i++) {
		if (!mark(call, below.found[i].name, below.found[i].value, true)) {
			return false;
		}
	}
	return engine_reply_written(call, request->name, request->validate_only);
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
	return walked || status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call needs more memory than a call may use");
}

bool engine_undelete(struct call *call)
{
	const Kam__V1__UndeleteRequest *request = (const void *)call->request;
	struct store_record record;
	struct decision change;
	struct below below;
	if (!engine_check_name(call, request->name, "name") || !engine_open_for_change(call, request->name, &record, &change, request->etag)) {
		return false;
	}
	if (record.operation != STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "RESOURCE_NOT_DELETED", "%s is not deleted", request->name);
	}
	struct name parts;
	if (!name_parse(request->name, false, &parts) || !check_parent(call, arena_strndup(call->arena, request->name, name_parent_size(&parts)))) {
		return false;
	}
	/* What went with it comes back with it. */
	if (!find_below(call, request->name, record.revision, &below) || !mark(call, request->name, record.value, false)) {
		return false;
	}
	for (size_t i = 0; i < below.count; i++) {
		if (!mark(call, below.found[i].name, below.found[i].value, false)) {
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

/* ---- ListVersions ---------------------------------------------------------------------------------------------------------------------- */

struct versions {
	struct call *call;
	schema_groups groups;
	size_t wanted;
	Kam__V1__Version **list; /* newest first */
	ProtobufCMessage **messages;
	size_t count;
};

static bool visit_version(void *context, const char *name, const struct store_record *record)
{
	struct versions *versions = context;
	struct call *call = versions->call;
	const struct schema_type *type = call->method->resource->type;
	Kam__V1__Version *version = arena_alloc(call->arena, sizeof *version);
	Google__Protobuf__Any *any = arena_alloc(call->arena, sizeof *any);
	Google__Protobuf__Timestamp *time = arena_alloc(call->arena, sizeof *time);
	struct buf bytes;
	struct store_entry entry;
	(void)name;
	buf_init(&bytes, call->arena);
	call_put_resource(call, &bytes, type, record->value, versions->groups);
	if (!version || !any || !time || bytes.failed) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
	}
	kam__v1__version__init(version);
	google__protobuf__any__init(any);
	google__protobuf__timestamp__init(time);
	any->type_url = arena_printf(call->arena, "type.googleapis.com/%s", type->name);
	any->value = (ProtobufCBinaryData){bytes.size, bytes.data};
	version->revision = record->revision;
	version->operation = (Kam__V1__Operation)record->operation;
	version->resource = any;
	if (store_log_get(call->view, record->revision, call->arena, &entry, call->status)) {
		time->seconds = entry.time_us / 1000000;
		time->nanos = (int32_t)(entry.time_us % 1000000 * 1000);
		version->time = time;
		version->actor = arena_strdup(call->arena, entry.actor);
	}
	versions->messages[versions->count] = schema_unpack(type, bytes.size ? buf_bytes(&bytes) : (struct bytes){0}, call->arena, call->status);
	versions->list[versions->count++] = version;
	return status_ok(call->status) && versions->count <= versions->wanted;
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

bool engine_list_versions(struct call *call)
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
	struct versions versions = {.call = call, .groups = decision.groups, .wanted = size};
	versions.list = arena_calloc(call->arena, size + 1, sizeof *versions.list);
	versions.messages = arena_calloc(call->arena, size + 1, sizeof *versions.messages);
	if (!versions.list || !versions.messages) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
	}
	if (!store_history(call->view, name, before, visit_version, &versions, call->status) || !status_ok(call->status)) {
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
