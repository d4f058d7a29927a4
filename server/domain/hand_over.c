/* SPDX-License-Identifier: Apache-2.0
 *
 * Which references mean that somebody answers for something, the contract says (FieldRules.responsibility); what of it is past and stays with its user, is said here.
 */
#include "server/domain/hand_over.h"

#include "common/base/clock.h"
#include "common/schema/value.h"
#include "kam/v1/interaction.pb-c.h"
#include "kam/v1/member.pb-c.h"
#include "kam/v1/opportunity.pb-c.h"
#include "kam/v1/scorecard.pb-c.h"
#include "kam/v1/user.pb-c.h"
#include "server/domain/names.h"
#include "server/resource/changes.h"

#include <stdlib.h>

struct hand_over {
	struct call *call;
	const char *from, *to;
	const char *today; /* 2026-09-30 */
	Kam__V1__HandedOver **moves;
	size_t count, most;
};

static bool add_move(struct hand_over *over, const char *resource, const char *what)
{
	Kam__V1__HandedOver *move = arena_alloc(over->call->arena, sizeof *move);
	if (over->count == over->most) {
		return status_fail(over->call->status, STATUS_RESOURCE_EXHAUSTED, "TOO_MANY_CHANGES", "%s answers for more than %zu things; hand some over by hand first",
		                   over->from, over->most);
	}
	if (!move) {
		return call_no_memory(over->call);
	}
	kam__v1__handed_over__init(move);
	move->resource = arena_strdup(over->call->arena, resource);
	move->what = arena_strdup(over->call->arena, what);
	over->moves[over->count++] = move;
	return true;
}

/* Something is still owed or answered for in it. */
static bool is_open(const struct hand_over *over, const ProtobufCMessage *message)
{
	const void *resource = message;
	if (message->descriptor == &kam__v1__opportunity__descriptor) {
		Kam__V1__OpportunityStage stage = ((const Kam__V1__Opportunity *)resource)->stage;
		return stage != KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_WON && stage != KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_LOST;
	}
	if (message->descriptor == &kam__v1__scorecard__descriptor) {
		return ((const Kam__V1__Scorecard *)resource)->state != KAM__V1__SCORECARD_STATE__SCORECARD_STATE_SUPERSEDED;
	}
	const char *day = message->descriptor == &kam__v1__interaction__descriptor ? ((const Kam__V1__Interaction *)resource)->next_step_due_on
	                  : message->descriptor == &kam__v1__member__descriptor   ? ((const Kam__V1__Member *)resource)->ends_on
	                                                                          : "";
	return !*day || strcmp(day, over->today) >= 0;
}

/* Puts the new name wherever the old one answers for something; counts how often into `moved`. */
static bool replace(struct hand_over *over, const char *name, const char *prefix, const struct schema_type *type, ProtobufCMessage *message, size_t *moved)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool nested = field->message && !field->map && strncmp(field->message->name, "kam.v1.", 7) == 0;
		size_t count = nested || field->rules.responsibility ? value_count(message, field) : 0;
		for (size_t k = 0; k < count; k++) {
			struct value value = value_get(message, field, k);
			const char *path = field->repeated ? arena_printf(over->call->arena, "%s%s[%zu]", prefix, field->name, k)
			                                   : arena_printf(over->call->arena, "%s%s", prefix, field->name);
			if (nested) {
				const char *below = path ? arena_printf(over->call->arena, "%s.", path) : NULL;
				if (!below || !replace(over, name, below, field->message, (ProtobufCMessage *)(uintptr_t)value.message, moved)) {
					return false;
				}
			} else if (strcmp(value.string, over->from) == 0) {
				++*moved;
				if (!path || !value_set(message, field, (struct value){.kind = VALUE_STRING, .string = over->to}, over->call->arena) ||
				    !add_move(over, name, path)) {
					return call_no_memory(over->call);
				}
			}
		}
	}
	return true;
}

/* A member's id is the user's: the membership ends, and one of the other user begins where there is none. */
static bool move_member(struct hand_over *over, const struct schema_resource *resource, const char *name, struct bytes value, ProtobufCMessage *member)
{
	struct call *call = over->call;
	struct store_record record;
	const char *other = arena_printf(call->arena, "%.*s%s", (int)(name_last(name) - name), name, name_last(over->to));
	if (!other || strlen(other) > LIMIT_NAME_BYTES) {
		return call_no_memory(call);
	}
	bool there = changes_get(call->changes, call->view, other, &record, call->status);
	if (!there || record.operation == STORE_DELETE) {
		if (!status_ok(call->status) || !write_resource(call, resource, other, there ? &record : NULL, member, resource->singular, NULL)) {
			return false;
		}
		if (there && (!changes_get(call->changes, call->view, other, &record, call->status) || !engine_mark(call, other, record.value, false))) {
			return false;
		}
	}
	return engine_mark(call, name, value, true) && add_move(over, other, "member");
}

static bool move(struct hand_over *over, const char *name)
{
	struct call *call = over->call;
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	struct store_record record;
	if (!resource || !changes_get(call->changes, call->view, name, &record, call->status)) {
		return status_ok(call->status);
	}
	size_t moved = 0;
	struct bytes value = arena_bytes(call->arena, record.value);
	ProtobufCMessage *message = schema_unpack_stored(resource->type, value, call->arena, call->status);
	if (!message) {
		return false;
	}
	bool member = resource->type->pb == &kam__v1__member__descriptor, open = is_open(over, message);
	if (!open || (!member && !replace(over, name, "", resource->type, message, &moved)) || (!member && moved == 0)) {
		return status_ok(call->status);
	}
	if (!call_decide_verb(call, resource, "update", name).allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "%s answers for something that you may not change", over->from);
	}
	record.value = value;
	return member ? move_member(over, resource, name, value, message)
	              : write_resource(call, resource, name, &record, message, resource->singular, NULL);
}

/* Both are there for the caller, and the second can take over. */
static bool check_users(struct hand_over *over)
{
	struct call *call = over->call;
	struct store_record record;
	if (!engine_check_name(call, over->from, "name") || !engine_check_name(call, over->to, "to") ||
	    !engine_open_for_change(call, over->from, "", &record)) {
		return false;
	}
	const Kam__V1__User *to = (const void *)call_read_message(call, over->to);
	if (!to) {
		return status_ok(call->status) && call_not_found(call, over->to);
	}
	if (strcmp(over->from, over->to) == 0) {
		return status_field(call->status, "to", "is the user who leaves: name another");
	}
	return (!to->disabled && !to->delete_time) ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "USER_DISABLED", "%s is disabled or deleted and cannot take over", over->to);
}

static int compare(const void *one, const void *other)
{
	const Kam__V1__HandedOver *const *a = one, *const *b = other;
	int order = strcmp((*a)->resource, (*b)->resource);
	return order ? order : strcmp((*a)->what, (*b)->what);
}

bool user_hand_over(struct call *call)
{
	const Kam__V1__HandOverUserRequest *request = (const void *)call->request;
	Kam__V1__HandOverUserResponse response = KAM__V1__HAND_OVER_USER_RESPONSE__INIT;
	struct hand_over over = {.call = call, .from = request->name, .to = request->to, .most = LIMIT_CHANGES / 2};
	int year, month, day;
	clock_day_of(call->now_us / 1000000 / 86400, &year, &month, &day);
	over.today = arena_printf(call->arena, "%04d-%02d-%02d", year, month, day);
	if (!over.today || !check_users(&over)) {
		return false;
	}
	over.moves = arena_calloc(call->arena, over.most, sizeof *over.moves);
	const char **names = over.moves ? write_referrers(call, request->name, over.most) : NULL;
	if (!names) {
		return status_ok(call->status) && call_no_memory(call);
	}
	for (; *names; names++) {
		if (!move(&over, *names)) {
			return false;
		}
	}
	if (request->validate_only) {
		changes_drop(call->changes);
	}
	qsort(over.moves, over.count, sizeof *over.moves, compare);
	call->note = arena_printf(call->arena, "handed over from %s to %s", over.from, over.to);
	response.moves = over.moves;
	response.n_moves = over.count;
	return call_reply(call, &response.base);
}
