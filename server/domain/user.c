/* SPDX-License-Identifier: Apache-2.0
 *
 * Users: the password given on create is hashed before the writer sees the call; afterwards only ChangePassword alters it.
 */
#include "kam/v1/user.pb-c.h"

#include "common/schema/filter.h"
#include "server/access/password.h"
#include "server/domain/admins.h"
#include "server/domain/domain.h"
#include "server/resource/changes.h"

#include <strings.h>

static bool prepare_create(struct call *call)
{
	const Kam__V1__CreateUserRequest *request = (const void *)call->request;
	if (!*request->password) {
		return true; /* somebody who cannot sign in yet */
	}
	char *hash = arena_alloc(call->arena, PASSWORD_HASH_BYTES);
	if (!password_check(request->password, "password", call->status) || !hash || !password_hash(request->password, hash, call->status)) {
		return false;
	}
	call->prepared = hash;
	return true;
}

/* Nobody else who lives has the address, in whatever case. */
static bool check_email(struct call *call, const Kam__V1__User *old, const Kam__V1__User *user)
{
	const struct schema_field *email = schema_field_find(call->engine->access.user, "email");
	if (!*user->email || (old && strcasecmp(old->email, user->email) == 0)) {
		return true;
	}
	struct bytes value = index_encode(email, (struct value){.kind = VALUE_STRING, .string = user->email}, call->arena);
	const char **names = changes_find(call->changes, call->view, email->rules.index_id, value, 16, call->arena, call->status);
	for (; names && *names; names++) {
		struct store_record record;
		bool lives = changes_get(call->changes, call->view, *names, &record, call->status) && record.operation != STORE_DELETE;
		if (lives && strcmp(*names, user->name) != 0) {
			return status_field(call->status, "user.email", "is the address of %s already", *names);
		}
	}
	return names != NULL;
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__User *user = (void *)new;
	if (!check_email(call, (const void *)old, user) || (user->disabled && !admins_remain(call, NULL, user->name))) {
		return false;
	}
	if (old) {
		user->password_hash = ((const Kam__V1__User *)(const void *)old)->password_hash;
	} else if (call->prepared) {
		user->password_hash = (char *)(uintptr_t)call->prepared;
	}
	return true;
}

static bool end_session(void *context, const char *name, const struct store_record *record)
{
	struct call *call = context;
	(void)record;
	return changes_put(call->changes, call->view, name, STORE_PURGE, (struct bytes){0}, call->status);
}

/* With a user go their sessions, for good: an undeleted user signs in anew. */
static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	char *pattern = arena_printf(call->arena, "%s/sessions", name);
	(void)old;
	return pattern && store_scan(call->view, pattern, NULL, 0, end_session, call, call->status) && status_ok(call->status);
}

/* Whoever is disabled is signed out; enabled again, they sign in anew. */
static bool follow(struct call *call, const ProtobufCMessage *old, const ProtobufCMessage *new)
{
	const Kam__V1__User *before = (const void *)old, *user = (const void *)new;
	return !before || before->disabled || !user->disabled || check_delete(call, user->name, old);
}

static const struct noun nouns[] = {{.collection = "users", .check = check, .check_delete = check_delete, .follow = follow}};
static const struct method_row methods[] = {{"/kam.v1.UserService/CreateUser", engine_create, prepare_create}};

const struct domain domain_user = {nouns, 1, methods, 1};
