/* SPDX-License-Identifier: Apache-2.0
 *
 * Get, Create and Update, once for every resource type, and the steps of them that methods of nouns take. Requests that differ by type are read by field name;
 * the shared ones (standard.proto) by their structs.
 */
#include "common/base/name.h"
#include "common/schema/mask.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "kam/v1/standard.pb-c.h"
#include "server/access/token.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <assert.h>
#include <stdio.h>

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
	const struct schema_type *input = call->method->input;
	size_t i = 0;
	while (i < input->fields_count && input->fields[i].message != call->method->resource->type) {
		i++;
	}
	assert(i < input->fields_count); /* schema_new refuses a Create or Update without its resource */
	return &input->fields[i];
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

static bool reply_stored(struct call *call, const char *name, const struct store_record *record, schema_groups groups)
{
	if (groups == 0) { /* may change it but not read it: the name alone */
		wire_add_bytes(&call->reply, call->method->resource->name->pb->id, bytes_of(name));
	} else {
		call_put_resource(call, &call->reply, call->method->resource->type, name, record, groups);
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
	return reply_stored(call, name, &record, read.allowed ? read.groups : 0);
}

bool engine_reply_again(struct call *call, struct bytes reply)
{
	const struct schema_resource *resource = call->method->output->resource;
	struct bytes name_bytes = resource ? wire_find(reply, resource->name->pb->id) : (struct bytes){0}, before, etag, behind;
	char now[ETAG_BYTES];
	call->replied = true;
	if (name_bytes.size == 0) {
		buf_add(&call->reply, reply.data, reply.size);
		return !call->reply.failed || call_no_memory(call);
	}
	const char *name = arena_strndup(call->arena, (const char *)name_bytes.data, name_bytes.size);
	struct decision read = name ? call_decide_verb(call, resource, "read", name) : (struct decision){0};
	if (!name || !(read.allowed || call_decide(call, call->method->permission, name, (struct bytes){0}).allowed)) {
		return name ? call_not_found(call, name) : call_no_memory(call);
	}
	if (!read.allowed) {
		wire_add_bytes(&call->reply, resource->name->pb->id, name_bytes);
		return !call->reply.failed || call_no_memory(call);
	}
	struct bytes visible = wire_cut(resource->type, reply, read.groups, call->arena);
	if (visible.data == reply.data || !resource->etag) {
		buf_add(&call->reply, visible.data, visible.size);
		return (visible.data && !call->reply.failed) || call_no_memory(call);
	}
	wire_split(visible, resource->etag->pb->id, &before, &etag, &behind); /* it is of all that was seen then */
	buf_add(&call->reply, before.data, before.size);
	buf_add(&call->reply, behind.data, behind.size);
	engine_etag(call->engine, buf_bytes(&call->reply), now);
	wire_add_bytes(&call->reply, resource->etag->pb->id, bytes_of(now));
	return (visible.data && !call->reply.failed) || call_no_memory(call);
}

/* ---- Get ------------------------------------------------------------------------------------------------------------------------ */

static bool get_resource(struct call *call)
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
	return reply_stored(call, name, &record, decision.groups);
}

bool engine_get(struct call *call)
{
	return call_whole(call, get_resource(call));
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

/* A name that the caller chose, or that its fields say, may be taken by what they may not see. Whether it is must not be told, so who may not see everything that might have it
 * has no choice, taken or not. */
static bool refuse_name(struct call *call)
{
	const struct schema_resource *resource = call->method->resource;
	return status_fail(call->status, STATUS_PERMISSION_DENIED, "NAME_DENIED",
	                   "you may not choose the id, because you do not see all %s that might have it: leave it out, and kam makes one", resource->plural);
}

/* A new id where nobody gave one: what the noun suggests, with random letters behind it where that is taken, or these alone. */
static const char *make_free_id(struct call *call, const char *parent, const ProtobufCMessage *new)
{
	const struct noun *noun = engine_noun(call->engine, call->method->resource);
	const char *suggested = noun && noun->suggest_id ? noun->suggest_id(call, new) : NULL;
	char random[TOKEN_SESSION_ID_BYTES];
	struct store_record record;
	token_random_id(random);
	const char *name = suggested ? new_name(call, parent, suggested) : NULL;
	if (!name || strlen(suggested) > LIMIT_ID_BYTES - 5 || !call_sees_whatever(call, call->method->resource, name)) {
		return arena_strdup(call->arena, random);
	}
	bool taken = changes_get(call->changes, call->view, name, &record, call->status);
	return taken ? arena_printf(call->arena, "%s-%.4s", suggested, random) : suggested;
}

static const char *choose_id(struct call *call, const char *parent, const ProtobufCMessage *new, const char *given, bool *ret_chosen)
{
	const struct schema_resource *resource = call->method->resource;
	const struct noun *noun = engine_noun(call->engine, resource);
	const char *made = noun && noun->make_id ? noun->make_id(call, new) : NULL;
	if (made && *given && strcmp(made, given) != 0) {
		status_fail(call->status, STATUS_INVALID_ARGUMENT, "ID_MISMATCH", "the id of this %s must be %s, as its fields say; leave the id out", resource->singular,
		            made);
		return NULL;
	}
	*ret_chosen = made || *given;
	if (*ret_chosen) {
		return made ? made : given;
	}
	const char *free_id = make_free_id(call, parent, new);
	return status_ok(call->status) ? free_id : NULL;
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

/* `chosen`: the name is not random. */
static bool create(struct call *call, const char *name, bool chosen, ProtobufCMessage *new, const char *prefix)
{
	const struct schema_resource *resource = call->method->resource;
	struct store_record record;
	struct decision decision = decide_create(call, name, new);
	if (!decision.allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "you may not create %s here: your roles with %s.create do not reach it",
		                   resource->plural, resource->plural);
	}
	if (chosen && !call_sees_whatever(call, resource, name)) {
		return refuse_name(call);
	}
	if (changes_get(call->changes, call->view, name, &record, call->status)) {
		return status_fail(call->status, STATUS_ALREADY_EXISTS, "RESOURCE_EXISTS", "%s exists already%s", name,
		                   record.operation == STORE_DELETE ? ", deleted: undelete it or choose another id" : "; choose another id or update it");
	}
	return write_permitted(call, resource, NULL, new, decision.groups) && write_resource(call, resource, name, NULL, new, prefix, NULL);
}

/* Creates the method's resource below `parent` ("" at the top), with the id that the request's `<prefix>_id` gives, and answers with it. `new` is altered. */
static bool create_new(struct call *call, const char *parent, ProtobufCMessage *new, const char *prefix)
{
	char id_field[LIMIT_ID_BYTES + 8];
	snprintf(id_field, sizeof id_field, "%s_id", prefix);
	const char *given = request_text(call, id_field);
	if (*given && !name_id_valid(given, strlen(given))) {
		return status_field(call->status, id_field, "\"%.80s\" is no id: it starts with a letter or digit, then letters, digits, '-', '_' or '.', %u at most", given,
		                    LIMIT_ID_BYTES);
	}
	bool chosen = false;
	const char *id = choose_id(call, parent, new, given, &chosen);
	const char *name = id ? new_name(call, parent, id) : NULL;
	if (!name) {
		return call_no_memory(call);
	}
	mask_clear_output_only(call->method->resource->type, new);
	return create(call, name, chosen, new, prefix) && engine_reply_written(call, name, request_flag(call, "validate_only"));
}

static bool create_resource(struct call *call)
{
	const struct schema_field *field = resource_field(call);
	ProtobufCMessage *new = request_resource(call, field);
	const char *parent = request_text(call, "parent");
	return new && write_check_parent(call, call->method->resource, parent) && create_new(call, parent, new, field->name);
}

bool engine_create(struct call *call)
{
	return call_whole(call, create_resource(call));
}

/* ---- Update ----------------------------------------------------------------------------------------------------------------------- */

/* The etag that the client holds is still the one it would get now. */
static bool check_etag(struct call *call, const char *name, const struct store_record *record, const char *etag, schema_groups groups)
{
	char now[ETAG_BYTES];
	if (!*etag) {
		return true;
	}
	struct bytes visible = call_visible(call, call->method->resource->type, name, record, groups, call->arena);
	engine_etag(call->engine, visible, now);
	return strcmp(etag, now) == 0 || status_fail(call->status, STATUS_ABORTED, "ETAG_STALE",
	                                             "etag: %s was changed by somebody else since you read it; read it again and repeat your change", name);
}

static bool open_for_change(struct call *call, const char *name, const char *etag, struct store_record *ret_record, struct decision *ret_change)
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
	return check_etag(call, name, ret_record, etag, read.groups);
}

bool engine_open_for_change(struct call *call, const char *name, const char *etag, struct store_record *ret_record)
{
	struct decision change;
	return engine_check_name(call, name, "name") && open_for_change(call, name, etag, ret_record, &change);
}

static bool check_lives(struct call *call, const char *name, const struct store_record *record)
{
	return record->operation != STORE_DELETE ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "RESOURCE_DELETED", "%s is deleted: undelete it first", name);
}

ProtobufCMessage *engine_open_living(struct call *call, const char *name, const char *etag, struct store_record *ret_record)
{
	return engine_open_for_change(call, name, etag, ret_record) && check_lives(call, name, ret_record)
	               ? schema_unpack_stored(call->method->resource->type, ret_record->value, call->arena, call->status)
	               : NULL;
}

bool engine_save(struct call *call, const char *name, const struct store_record *record, ProtobufCMessage *new)
{
	const struct schema_resource *resource = call->method->resource;
	return write_resource(call, resource, name, record, new, resource->singular, NULL) && engine_reply_written(call, name, request_flag(call, "validate_only"));
}

/* The paths that a request with an update_mask is about, spelled out: those of the mask, or every field set in `source`, or for "*" every field that the
 * caller may set. A field of a group outside `groups` is refused before anything is compared, so that a guess at its value tells nothing. NULL with the status
 * failed. */
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
	if (!open_for_change(call, name, etag, &record, &change) || !check_lives(call, name, &record)) {
		return false;
	}
	struct decision read = call_decide_verb(call, resource, "read", name);
	char **paths = update_paths(call, source, change.groups & (read.allowed ? read.groups : GROUPS_ALL), &count);
	ProtobufCMessage *new = paths ? schema_unpack_stored(resource->type, record.value, call->arena, call->status) : NULL;
	if (!new || count == 0) { /* nothing named and nothing set: as it is */
		return new != NULL;
	}
	return mask_apply(resource->type, new, source, paths, count, call->arena, call->status) &&
	       write_resource(call, resource, name, &record, new, field->name, NULL);
}

/* What there is under the name is theirs to read or to change. */
static bool may_open(struct call *call, const char *name)
{
	return call_decide_verb(call, call->method->resource, "read", name).allowed || call_decide(call, call->method->permission, name, (struct bytes){0}).allowed;
}

static bool update_resource(struct call *call)
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
	if (request_flag(call, "allow_missing") && !call_sees_whatever(call, call->method->resource, name) && (missing || !may_open(call, name))) {
		return refuse_name(call);
	}
	if (missing && status_ok(call->status) && request_flag(call, "allow_missing")) {
		struct name parts;
		if (!name_parse(name, false, &parts)) {
			return call_not_found(call, name);
		}
		const char *parent = arena_strndup(call->arena, name, name_parent_size(&parts));
		mask_clear_output_only(call->method->resource->type, source);
		return parent && write_check_parent(call, call->method->resource, parent) && create(call, name, true, source, field->name) &&
		       engine_reply_written(call, name, request_flag(call, "validate_only"));
	}
	return update_existing(call, name, field, source) && engine_reply_written(call, name, request_flag(call, "validate_only"));
}

bool engine_update(struct call *call)
{
	return call_whole(call, update_resource(call));
}

/* ---- copies -------------------------------------------------------------------------------------------------------------------------- */

ProtobufCMessage *engine_open_copy(struct call *call, const char *name, schema_groups *ret_groups)
{
	const struct schema_resource *resource = call->method->resource;
	struct store_record record;
	struct decision read;
	if (!engine_check_name(call, name, "name")) {
		return NULL;
	}
	if (!call_read(call, name, &record, &read)) {
		if (status_ok(call->status)) {
			call_not_found(call, name);
		}
		return NULL;
	}
	ProtobufCMessage *copy = check_lives(call, name, &record) ? schema_unpack_stored(resource->type, record.value, call->arena, call->status) : NULL;
	if (copy) {
		message_cut(resource->type, copy, read.groups);
		value_clear(copy, resource->external_ids); /* they are the source's */
	}
	*ret_groups = read.groups;
	return copy;
}

bool engine_create_different(struct call *call, ProtobufCMessage *new, schema_groups groups)
{
	const struct schema_type *type = call->method->resource->type;
	const struct schema_field *field = resource_field(call);
	const ProtobufCMessage *given = value_get(call->request, field, 0).message, *differences = given ? given : schema_message_new(type, call->arena);
	size_t count;
	if (!differences) {
		return call_no_memory(call);
	}
	char **paths = update_paths(call, differences, groups, &count);
	return paths && (count == 0 || mask_apply(type, new, differences, paths, count, call->arena, call->status)) &&
	       create_new(call, "", new, field->name);
}
