/* SPDX-License-Identifier: Apache-2.0
 *
 * What every write goes through, in this order: may the caller set these fields, do the values fit the contract, does what they refer to exist, is there a
 * cycle, does the noun agree. Only then is anything put.
 */
#include "common/base/name.h"
#include "common/schema/mask.h"
#include "common/schema/rules.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "server/access/blind.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>

/* ---- identity -------------------------------------------------------------------------------------------------------------- */

static struct value text_value(const char *text)
{
	return (struct value){.kind = VALUE_STRING, .string = text};
}

static struct value time_value(struct call *call, int64_t us)
{
	Google__Protobuf__Timestamp *time = call_time(us, call->arena);
	return time ? (struct value){.kind = VALUE_MESSAGE, .message = &time->base} : (struct value){.kind = VALUE_UNSET};
}

static bool set(struct call *call, ProtobufCMessage *message, const struct schema_field *field, struct value value)
{
	return !field || (value.kind != VALUE_UNSET && value_set(message, field, value, call->arena)) || call_no_memory(call);
}

static bool keep(struct call *call, ProtobufCMessage *message, const ProtobufCMessage *old, const struct schema_field *field)
{
	return !field || value_count(old, field) == 0 || set(call, message, field, value_get(old, field, 0));
}

/* What the server alone says of a resource: taken from before, or made new. */
static bool set_identity(struct call *call, const struct schema_resource *resource, const char *name, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const struct schema_field *kept[] = {resource->uid, resource->create_time, resource->creator};
	if (resource->etag) {
		value_clear(new, resource->etag); /* made on the way out, never stored */
	}
	if (!set(call, new, resource->name, text_value(name)) || !set(call, new, resource->update_time, time_value(call, call->now_us))) {
		return false;
	}
	if (old) {
		return keep(call, new, old, kept[0]) && keep(call, new, old, kept[1]) && keep(call, new, old, kept[2]);
	}
	uint8_t random[16];
	char uid[2 * sizeof random + 1];
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(uid, sizeof uid, random, sizeof random);
	const char *copy = arena_strdup(call->arena, uid);
	return set(call, new, resource->uid, copy ? text_value(copy) : (struct value){.kind = VALUE_UNSET}) &&
	       set(call, new, resource->create_time, time_value(call, call->now_us)) &&
	       set(call, new, resource->creator, text_value(call->caller->user));
}

/* ---- references -------------------------------------------------------------------------------------------------------------- */

struct reference_check {
	struct call *call;
	const struct schema_resource *resource;
	const char *name, *prefix;
	const ProtobufCMessage *old;
	const char *wanted; /* has_reference: the target looked for */
	bool found;
};

static bool visit_same(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct reference_check *check = context;
	(void)path, (void)field;
	check->found = strcmp(target, check->wanted) == 0;
	return !check->found;
}

/* The resource referred to it already: what was fine then is not asked again, even if the caller could not see it. */
static bool referred_before(struct reference_check *check, const char *target)
{
	check->wanted = target;
	check->found = false;
	if (check->old) {
		references_each(check->resource->type, check->old, check->call->arena, visit_same, check);
	}
	return check->found;
}

/* Asked with a status of its own: call->status may hold an earlier violation, and further ones are to be found beside it. */
static bool find(struct call *call, const char *name, struct store_record *ret_record)
{
	STATUS_SCRATCH(st);
	bool found = changes_get(call->changes, call->view, name, ret_record, &st);
	return found || (!status_ok(&st) && status_fail(call->status, st.code, st.reason, "%s", st.message));
}

static bool is_live(struct call *call, const char *name)
{
	struct store_record record;
	return find(call, name, &record) && record.operation != STORE_DELETE;
}

/* May be referred to: there, and the caller may read it or has made it in this very call, whose changes no decision sees yet. */
static bool may_refer(struct call *call, const struct schema_resource *resource, const char *target)
{
	struct store_record record;
	STATUS_SCRATCH(st);
	return is_live(call, target) &&
	       (!call->caller->user[0] || call_decide_verb(call, resource, "read", target).allowed || !store_get(call->view, target, &record, &st));
}

static bool check_reference(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct reference_check *check = context;
	struct call *call = check->call;
	char full[STATUS_FIELD_BYTES];
	snprintf(full, sizeof full, "%s.%s", check->prefix, path);
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, target);
	const char *wanted = field->rules.reference;
	bool fits = resource && !strstr(target, "/-") && (strcmp(wanted, "*") == 0 || strcmp(wanted, resource->collection) == 0);
	if (!fits) {
		const struct schema_resource *other = schema_resource_find(call->engine->schema, wanted);
		status_field(call->status, full, "\"%.80s\" is not the name of %s; write it as %s", target, other ? other->singular : "a resource",
		             other ? other->pattern : "collection/id");
	} else if (strcmp(target, check->name) == 0 && field->rules.acyclic) {
		status_field(call->status, full, "refers to the resource itself");
	} else if (!referred_before(check, target) && !may_refer(call, resource, target)) {
		status_field(call->status, full, "%.120s not found; it must exist before it is referred to", target);
	}
	return call->status->code == STATUS_OK || call->status->violations_count > 0;
}

enum chain write_follow_chain(struct call *call, const struct schema_field *field, const char *name, const char *start)
{
	char next[LIMIT_NAME_BYTES + 1];
	snprintf(next, sizeof next, "%s", start);
	for (unsigned i = 0; i < LIMIT_CHAIN && *next; i++) {
		struct store_record record;
		if (strcmp(next, name) == 0) {
			return CHAIN_COMES_BACK;
		}
		if (!find(call, next, &record)) {
			return CHAIN_ENDS;
		}
		struct bytes target = wire_find(record.value, field->pb->id);
		snprintf(next, sizeof next, "%.*s", (int)target.size, target.size ? (const char *)target.data : "");
	}
	return *next ? CHAIN_TOO_LONG : CHAIN_ENDS;
}

static void check_cycles(struct call *call, const struct schema_resource *resource, const char *name, const ProtobufCMessage *new, const char *prefix)
{
	for (size_t i = 0; i < resource->type->fields_count; i++) {
		const struct schema_field *field = &resource->type->fields[i];
		if (!field->rules.acyclic || value_count(new, field) == 0) {
			continue;
		}
		const char *target = value_get(new, field, 0).string;
		enum chain chain = strcmp(target, name) == 0 ? CHAIN_ENDS : write_follow_chain(call, field, name, target);
		if (chain != CHAIN_ENDS) {
			char path[STATUS_FIELD_BYTES];
			snprintf(path, sizeof path, "%s.%s", prefix, field->name);
			if (chain == CHAIN_COMES_BACK) {
				status_field(call->status, path, "%.80s is itself below %.80s: that would be a circle", target, name);
			} else {
				status_field(call->status, path, "%.80s lies below %u others already: one more is too many", target, LIMIT_CHAIN);
			}
		}
	}
}

/* ---- the check ---------------------------------------------------------------------------------------------------------------- */

bool write_check(struct call *call, const struct schema_resource *resource, const char *name, const ProtobufCMessage *old, ProtobufCMessage *new,
                 const char *prefix)
{
	const struct noun *noun = engine_noun(call->engine, resource);
	struct reference_check check = {.call = call, .resource = resource, .name = name, .prefix = prefix, .old = old};
	if (!set_identity(call, resource, name, old, new)) {
		return false;
	}
	bool fits = rules_check(resource->type, new, prefix, true, call->status);
	references_each(resource->type, new, call->arena, check_reference, &check);
	check_cycles(call, resource, name, new, prefix);
	return fits && status_ok(call->status) && (!noun || !noun->check || noun->check(call, old, new)) && status_ok(call->status);
}

bool write_check_parent(struct call *call, const struct schema_resource *resource, const char *parent)
{
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

bool write_field_permitted(struct call *call, const struct schema_field *field, schema_groups groups)
{
	return (groups & (1u << field->rules.group)) ||
	       status_fail(call->status, STATUS_PERMISSION_DENIED, "FIELD_DENIED", "%s: your roles do not let you set fields of the group %s on this resource",
	                   field->name, schema_group_name(field->rules.group));
}

bool write_permitted(struct call *call, const struct schema_resource *resource, const ProtobufCMessage *old, const ProtobufCMessage *new,
                     schema_groups groups)
{
	const char *paths = mask_differences(resource->type, old, new, GROUPS_ALL, call->arena);
	while (paths && *paths) {
		char name[LIMIT_ID_BYTES + 1];
		size_t size = strcspn(paths, ",");
		snprintf(name, sizeof name, "%.*s", (int)size, paths);
		const struct schema_field *field = schema_field_find(resource->type, name);
		if (field && !field->rules.output_only && !write_field_permitted(call, field, groups)) {
			return false;
		}
		paths += size + (paths[size] == ',');
	}
	return true;
}

bool write_resource(struct call *call, const struct schema_resource *resource, const char *name, const struct store_record *old_record,
                    ProtobufCMessage *new, const char *prefix, bool *ret_changed)
{
	const ProtobufCMessage *old = NULL;
	if (old_record && !(old = schema_unpack_stored(resource->type, old_record->value, call->arena, call->status))) {
		return false;
	}
	if (!write_check(call, resource, name, old, new, prefix)) {
		return false;
	}
	const char *changed = old ? mask_differences(resource->type, old, new, GROUPS_ALL, call->arena) : "";
	if (ret_changed) {
		*ret_changed = !old || !changed || *changed;
	}
	if (old && changed && !*changed) {
		return true;
	}
	struct bytes packed = schema_pack(new, call->arena);
	if (!packed.data && protobuf_c_message_get_packed_size(new) > 0) {
		return call_no_memory(call);
	}
	if (packed.size > LIMIT_RESOURCE_BYTES) {
		return status_field(call->status, prefix, "is %zu bytes long; at most %u are allowed", packed.size, LIMIT_RESOURCE_BYTES);
	}
	call->note = old ? changed : NULL;
	const struct noun *noun = engine_noun(call->engine, resource);
	return changes_put(call->changes, call->view, name, old ? STORE_UPDATE : STORE_CREATE, packed, call->status) &&
	       (!noun || !noun->follow || noun->follow(call, old, new));
}

/* ---- who refers ------------------------------------------------------------------------------------------------------------------ */

struct referrers {
	struct call *call;
	const char *name;
	const char **names;
	size_t count, most;
};

static bool visit_referrer(void *context, const char *referrer, const struct store_record *record)
{
	struct referrers *referrers = context;
	struct store_record current;
	(void)record;
	bool live = changes_get(referrers->call->changes, referrers->call->view, referrer, &current, referrers->call->status) &&
	            current.operation != STORE_DELETE;
	/* A refusal would tell that it is there, and whom it names. */
	const struct schema_resource *resource = live ? schema_resource_of_name(referrers->call->engine->schema, referrer) : NULL;
	live = live && !(resource && blind_now(referrers->call->view, resource, referrer));
	for (size_t i = 0; live && i < referrers->count; i++) {
		live = strcmp(referrers->names[i], referrer) != 0;
	}
	if (live && !name_lies_below(referrer, referrers->name)) {
		char *copy = arena_strdup(referrers->call->arena, referrer);
		if (copy) {
			referrers->names[referrers->count++] = copy;
		}
	}
	return referrers->count < referrers->most;
}

const char **write_referrers(struct call *call, const char *name, size_t most)
{
	struct referrers referrers = {call, name, arena_calloc(call->arena, most + 1, sizeof(char *)), 0, most};
	uint32_t index = call->engine->access.index_references;
	const char *below = arena_printf(call->arena, "%s/", name), *below_end = arena_printf(call->arena, "%s0", name); /* '0' follows '/' */
	if (!referrers.names || !below || !below_end) {
		call_no_memory(call);
		return NULL;
	}
	bool ok = store_index_equal(call->view, index, bytes_of(name), visit_referrer, &referrers, call->status);
	ok = ok && (referrers.count == most || store_index_scan(call->view, index, bytes_of(below), bytes_of(below_end), false, (struct bytes){0}, NULL,
	                                                        visit_referrer, &referrers, call->status));
	return ok ? referrers.names : NULL;
}

/* ---- ids ---------------------------------------------------------------------------------------------------------------------------- */

const char *id_of_text(const char *text, struct arena *arena)
{
	const char *folded = value_fold(text, arena);
	char *id = arena_alloc(arena, LIMIT_ID_BYTES + 1);
	size_t size = 0;
	for (; folded && id && *folded && size < LIMIT_ID_BYTES; folded++) {
		if (isalnum((unsigned char)*folded) && (unsigned char)*folded < 0x80) {
			id[size++] = *folded;
		} else if (size > 0 && id[size - 1] != '-') {
			id[size++] = '-';
		}
	}
	while (size > 0 && id[size - 1] == '-') {
		size--;
	}
	if (!id || size == 0) {
		return "x";
	}
	id[size] = '\0';
	return id;
}
