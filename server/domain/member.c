/* SPDX-License-Identifier: Apache-2.0
 *
 * Members: the id is the user's, so nobody is in a team twice, and the user is taken from it.
 */
#include "kam/v1/member.pb-c.h"

#include "server/domain/domain.h"
#include "server/domain/names.h"
#include "server/resource/changes.h"

static bool user_is_there(struct call *call, const char *user)
{
	const struct schema_resource *users = schema_resource_find(call->engine->schema, "users");
	struct store_record record;
	return changes_get(call->changes, call->view, user, &record, call->status) && record.operation != STORE_DELETE &&
	       (!call->caller->user[0] || call_decide_verb(call, users, "read", user).allowed);
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Member *member = (void *)new;
	char *user = arena_printf(call->arena, "users/%s", name_last(member->name));
	if (!user) {
		return call_no_memory(call);
	}
	if (!old && !user_is_there(call, user)) {
		return status_ok(call->status) ? status_field(call->status, "member.name", "%.120s not found: the id of a member is the id of a user", user) : false;
	}
	member->user = user;
	if (*member->starts_on && *member->ends_on && strcmp(member->ends_on, member->starts_on) < 0) {
		return status_field(call->status, "member.ends_on", "lies before starts_on, %s", member->starts_on);
	}
	return true;
}

static const struct noun nouns[] = {{.collection = "accounts/members", .check = check}};

const struct domain domain_member = {nouns, 1, NULL, 0};
