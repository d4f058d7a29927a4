/* SPDX-License-Identifier: Apache-2.0
 *
 * Users: the password given on create is hashed before the writer sees the call; afterwards only ChangePassword alters it.
 */
#include "kam/v1/user.pb-c.h"

#include "server/access/password.h"
#include "server/domain/domain.h"
#include "server/resource/changes.h"

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

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__User *user = (void *)new;
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

static const struct noun nouns[] = {{.collection = "users", .check = check, .check_delete = check_delete}};
static const struct method_row methods[] = {{"/kam.v1.UserService/CreateUser", engine_create, prepare_create}};

const struct domain domain_user = {nouns, 1, methods, 1};
