/* SPDX-License-Identifier: Apache-2.0
 *
 * Users: the password given on create is hashed before the writer sees the call; afterwards only its user alters it (session.c).
 */
#include "kam/v1/user.pb-c.h"

#include "common/schema/filter.h"
#include "server/access/password.h"
#include "server/access/token.h"
#include "server/domain/admins.h"
#include "server/domain/credentials.h"
#include "server/domain/domain.h"
#include "server/domain/hand_over.h"
#include "server/domain/names.h"
#include "server/domain/sign_in_names.h"
#include "server/resource/changes.h"

#include <strings.h>

static bool prepare_create(struct call *call)
{
	const Kam__V1__CreateUserRequest *request = (const void *)call->request;
	if (!*request->password) {
		return true; /* somebody who cannot sign in yet */
	}
	char *hash = arena_alloc(call->arena, PASSWORD_HASH_BYTES);
	const char *own[] = {request->user_id, request->user ? request->user->display_name : "", request->user ? request->user->email : "", NULL};
	if (!hash) {
		return call_no_memory(call);
	}
	if (!password_check(request->password, own, "password", call->status) ||
	    !password_hash(&call->engine->access.settings.password, request->password, hash, call->status)) {
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
	if (!check_email(call, (const void *)old, user) || !sign_in_names_check(call, (const void *)old, user) ||
	    (user->disabled && !admins_remain(call, NULL, user->name))) {
		return false;
	}
	if (old) {
		const Kam__V1__User *before = (const void *)old;
		user->password_hash = before->password_hash;
		user->reset_hash = before->reset_hash;
		user->reset_expire_time = before->reset_expire_time;
	} else if (call->prepared) {
		user->password_hash = (char *)(uintptr_t)call->prepared;
	}
	return true;
}

/* With a user go their sessions and API tokens, for good: an undeleted user signs in anew. */
static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	(void)old;
	return credentials_end_sessions(call, name, "") && credentials_end_tokens(call, name);
}

/* Whoever is disabled is signed out; enabled again, they sign in anew. */
static bool follow(struct call *call, const ProtobufCMessage *old, const ProtobufCMessage *new)
{
	const Kam__V1__User *before = (const void *)old, *user = (const void *)new;
	return !before || before->disabled || !user->disabled || check_delete(call, user->name, old);
}

/* ---- DisableUser, EnableUser --------------------------------------------------------------------------------------------------- */

static bool switch_user(struct call *call, bool disabled)
{
	const Kam__V1__SwitchUserRequest *request = (const void *)call->request;
	struct store_record record;
	Kam__V1__User *user = (void *)engine_open_living(call, request->name, request->etag, &record);
	if (!user) {
		return false;
	}
	user->disabled = disabled;
	return engine_save(call, user->name, &record, &user->base);
}

static bool disable_user(struct call *call)
{
	return switch_user(call, true);
}

static bool enable_user(struct call *call)
{
	return switch_user(call, false);
}

/* ---- EraseUser ---------------------------------------------------------------------------------------------------------------------- */

static bool erase_user(struct call *call)
{
	const Kam__V1__EraseRequest *request = (const void *)call->request;
	struct store_record record;
	if (!engine_open_for_change(call, request->name, request->etag, &record)) {
		return false;
	}
	const Kam__V1__User *user = (const void *)schema_unpack_stored(call->method->resource->type, record.value, call->arena, call->status);
	if (!user) {
		return false;
	}
	if (!user->disabled && record.operation != STORE_DELETE) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "USER_ENABLED",
		                   "%s may still sign in: hand over what they answer for, and disable them first", request->name);
	}
	return engine_erase(call);
}

/* ---- ResetUserPassword ------------------------------------------------------------------------------------------------------------ */

static bool reset_password(struct call *call)
{
	const Kam__V1__ResetUserPasswordRequest *request = (const void *)call->request;
	Kam__V1__ResetUserPasswordResponse response = KAM__V1__RESET_USER_PASSWORD_RESPONSE__INIT;
	char id[TOKEN_SESSION_ID_BYTES], token[TOKEN_TEXT_BYTES];
	uint8_t hash[TOKEN_HASH_BYTES];
	struct store_record record;
	Kam__V1__User *user = (void *)engine_open_living(call, request->name, "", &record);
	if (!user) {
		return false;
	}
	token_make(name_last(user->name), id, token, hash);
	user->reset_hash = (ProtobufCBinaryData){sizeof hash, hash};
	user->reset_expire_time = call_time(call->now_us + (int64_t)LIMIT_RESET_SECONDS * 1000000, call->arena);
	struct bytes packed = schema_pack(&user->base, call->arena);
	response.token = token;
	response.expire_time = user->reset_expire_time;
	call->note = "a one-time token for a new password";
	return packed.data && changes_put(call->changes, call->view, user->name, STORE_UPDATE, packed, call->status) && call_reply(call, &response.base);
}

static const struct noun nouns[] = {{.collection = "users", .check = check, .check_delete = check_delete, .follow = follow}};
static const struct method_row methods[] = {{"/kam.v1.UserService/CreateUser", engine_create, prepare_create},
                                            {"/kam.v1.UserService/DisableUser", disable_user, NULL},
                                            {"/kam.v1.UserService/EnableUser", enable_user, NULL},
                                            {"/kam.v1.UserService/ResetUserPassword", reset_password, NULL},
                                            {"/kam.v1.UserService/EraseUser", erase_user, NULL},
                                            {"/kam.v1.UserService/HandOverUser", user_hand_over, NULL}};

const struct domain domain_user = {nouns, 1, methods, sizeof methods / sizeof methods[0]};
