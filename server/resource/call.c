/* SPDX-License-Identifier: Apache-2.0
 *
 * What every handler shares: reading through the decision point, and answering. A resource leaves the server by one function, call_put_resource, so the
 * cut and the etag are made in one place.
 */
#include "common/base/name.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include "common/schema/filter.h"
#include "common/schema/rules.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

struct decision call_decide(struct call *call, const char *permission, const char *name, struct bytes account)
{
	return decide(&call->engine->access, call->view, call->caller, permission, name, account, call->now_us, call->changes ? NULL : &call->memo);
}

struct decision call_decide_verb(struct call *call, const struct schema_resource *resource, const char *verb, const char *name)
{
	char permission[2 * LIMIT_ID_BYTES];
	snprintf(permission, sizeof permission, "%s.%s", resource->plural, verb);
	return decide(&call->engine->access, call->view, call->caller, permission, name, (struct bytes){0}, call->now_us, NULL);
}

bool call_sees_whatever(struct call *call, const struct schema_resource *resource, const char *name)
{
	char permission[2 * LIMIT_ID_BYTES];
	snprintf(permission, sizeof permission, "%s.read", resource->plural);
	return decide_whatever(&call->engine->access, call->view, call->caller, permission, name, call->now_us);
}

bool call_not_found(struct call *call, const char *name)
{
	return status_fail(call->status, STATUS_NOT_FOUND, "RESOURCE_NOT_FOUND", "%s not found", name);
}

bool call_read(struct call *call, const char *name, struct store_record *ret_record, struct decision *ret_decision)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	if (!resource) {
		return false;
	}
	struct decision decision = call_decide_verb(call, resource, "read", name);
	bool found = call->changes && call->as_of == 0 ? changes_get(call->changes, call->view, name, ret_record, call->status)
	                                              : store_get_at(call->view, name, call->as_of, ret_record, call->status);
	if (!decision.allowed || !found) {
		return false;
	}
	*ret_decision = decision;
	return true;
}

ProtobufCMessage *call_read_message(struct call *call, const char *name)
{
	struct store_record record;
	struct decision decision;
	if (!call_read(call, name, &record, &decision)) {
		return NULL;
	}
	const struct schema_type *type = schema_resource_of_name(call->engine->schema, name)->type;
	ProtobufCMessage *message = schema_unpack_stored(type, record.value, call->arena, call->status);
	if (message) {
		message_cut(type, message, decision.groups);
	}
	return message;
}

/* ---- visiting ------------------------------------------------------------------------------------------------------------ */

struct each {
	struct call *call;
	const struct schema_resource *resource;
	const char *permission;
	const struct filter *filter; /* NULL: all */
	bool timed;
	call_visit *visit;
	void *context;
	struct arena scratch;
};

static bool visit_each(void *context, const char *name, const struct store_record *record)
{
	struct each *each = context;
	struct call *call = each->call;
	if (record->operation == STORE_DELETE) {
		return true;
	}
	bool is_account = call->as_of == 0 && each->resource->type == call->engine->access.account;
	struct decision decision = call_decide(call, each->permission, name, is_account ? record->value : (struct bytes){0});
	if (!decision.allowed) {
		return true;
	}
	const ProtobufCMessage *message = call_seen(call, each->resource->type, name, record, decision.groups, each->timed, &each->scratch);
	bool visited = message && (!each->filter || filter_matches(each->filter, message));
	bool more = message && (!visited || each->visit(each->context, call, name, message, decision.groups, &each->scratch));
	arena_reset(&each->scratch);
	return more && status_ok(call->status);
}

bool call_each_of(struct call *call, const char *pattern, const struct filter *filter, call_visit *visit, void *context)
{
	struct name name;
	char collection[LIMIT_NAME_BYTES + 1];
	bool well_formed = name_parse(pattern, true, &name) && name_collection(&name, collection, sizeof collection);
	assert(well_formed);
	const struct schema_resource *resource = schema_resource_find(call->engine->schema, collection);
	assert(resource);
	bool timed = filter && filter_names(filter, resource->update_time);
	struct each each = {.call = call, .resource = resource, .filter = filter, .timed = timed, .visit = visit, .context = context};
	each.permission = arena_printf(call->arena, "%s.read", resource->plural);
	if (!each.permission) {
		return call_no_memory(call);
	}
	arena_init(&each.scratch, LIMIT_CALL_ARENA_BYTES);
	bool ok = store_scan(call->view, pattern, NULL, call->as_of, visit_each, &each, call->status);
	arena_done(&each.scratch);
	return ok && status_ok(call->status);
}

bool call_each(struct call *call, const char *pattern, call_visit *visit, void *context)
{
	return call_each_of(call, pattern, NULL, visit, context);
}

bool call_spend(struct call *call)
{
	if (call->budget == 0) {
		return true;
	}
	call->deferred = --call->budget == 0;
	return !call->deferred;
}

/* The field of the request that holds the method's resource; NULL where there is none. */
static const struct schema_field *held_resource(const struct schema_method *method)
{
	for (size_t i = 0; i < method->input->fields_count; i++) {
		if (method->resource && method->input->fields[i].message == method->resource->type) {
			return &method->input->fields[i];
		}
	}
	return NULL;
}

bool call_check_request(struct call *call)
{
	const struct schema_type *type = call->method->input;
	const struct schema_field *held = held_resource(call->method);
	if (!held) {
		return rules_check(type, call->request, "", true, call->status);
	}
	ProtobufCMessage *rest = arena_memdup(call->arena, call->request, type->pb->sizeof_message);
	if (rest) {
		value_clear(rest, held);
	}
	return call_whole(call, rest && rules_check(type, rest, "", false, call->status));
}

/* ---- answering ------------------------------------------------------------------------------------------------------------ */

void engine_etag(const struct engine *engine, struct bytes visible, char ret_etag[ETAG_BYTES])
{
	uint8_t hash[crypto_shorthash_BYTES];
	static_assert(sizeof engine->access.etag_key == crypto_shorthash_KEYBYTES, "etag key");
	crypto_shorthash(hash, visible.data, visible.size, engine->access.etag_key);
	sodium_bin2hex(ret_etag, ETAG_BYTES, hash, sizeof hash);
}

void call_put_resource(struct call *call, struct buf *out, const struct schema_type *type, const char *name, const struct store_record *record,
                       schema_groups groups)
{
	struct bytes visible = call_visible(call, type, name, record, groups, call->arena);
	char etag[ETAG_BYTES];
	if (!visible.data && record->value.size > 0) {
		out->failed = true;
		return;
	}
	engine_etag(call->engine, visible, etag);
	buf_add(out, visible.data, visible.size);
	if (type->resource && type->resource->etag) {
		wire_add_bytes(out, type->resource->etag->pb->id, bytes_of(etag));
	}
}

Google__Protobuf__Timestamp *call_time(int64_t us, struct arena *arena)
{
	Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof *time);
	if (time) {
		google__protobuf__timestamp__init(time);
		time->seconds = us / 1000000;
		time->nanos = (int32_t)(us % 1000000 * 1000);
	}
	return time;
}

bool call_no_memory(struct call *call)
{
	return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the call needs more memory than a call may use");
}

bool call_whole(struct call *call, bool ok)
{
	if (!call->arena->overflowed || call->status->code == STATUS_RESOURCE_EXHAUSTED) {
		return ok;
	}
	status_init(call->status);
	return call_no_memory(call);
}

bool call_reply(struct call *call, const ProtobufCMessage *message)
{
	assert(message->descriptor == call->method->output->pb);
	if (call->arena->overflowed) { /* it may hold a NULL, which protobuf-c does not look for */
		return call_whole(call, false);
	}
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *room = size <= LIMIT_REPLY_BYTES ? buf_extend(&call->reply, size) : NULL;
	if (size > 0 && !room) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "REPLY_TOO_LARGE", "the answer is too large: ask for less at a time");
	}
	if (size > 0) {
		protobuf_c_message_pack(message, room);
	}
	call->replied = true;
	return true;
}

bool call_used(struct call *call, const char *once)
{
	struct bytes unused;
	return store_request_get(call->view, CALL_ONCE, once, call->now_us / 1000000, &unused, call->status);
}
