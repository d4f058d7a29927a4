/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing in and out. A password is hashed on a hasher thread before the writer sees the call, so neither a connection nor a commit waits for it. Whoever may
 * not sign in (unknown, wrong password, disabled) gets the same answer after the same work.
 */
#include "kam/v1/session.pb-c.h"

#include "common/base/clock.h"
#include "common/base/name.h"
#include "common/base/utf8.h"
#include "server/access/password.h"
#include "server/access/token.h"
#include "server/domain/domain.h"
#include "server/domain/session.h"
#include "server/resource/changes.h"

#include <sodium.h>
#include <stdio.h>

/* "jane" or "users/jane" as a resource name; false where it is neither. */
static bool user_name(const char *text, char ret_name[LIMIT_NAME_BYTES + 1])
{
	const char *id = strncmp(text, "users/", 6) == 0 ? text + 6 : text;
	if (!name_id_valid(id, strlen(id))) {
		return false;
	}
	snprintf(ret_name, LIMIT_NAME_BYTES + 1, "users/%s", id);
	return true;
}

static const Kam__V1__User *read_user(struct call *call, const char *name)
{
	struct store_record record;
	if (!store_get(call->view, name, &record, call->status) || record.operation == STORE_DELETE) {
		return NULL;
	}
	return (const void *)schema_unpack(call->engine->access.user, record.value, call->arena, call->status);
}

static bool wrong(struct call *call)
{
	return status_fail(call->status, STATUS_UNAUTHENTICATED, "SIGN_IN_FAILED", "user or password is wrong");
}

static bool put_session(struct call *call, const Kam__V1__Session *session, enum store_operation operation)
{
	struct bytes packed = schema_pack(&session->base, call->arena);
	return (packed.data && changes_put(call->changes, call->view, session->name, operation, packed, call->status)) ||
	       call_no_memory(call);
}

/* ---- SignIn ------------------------------------------------------------------------------------------------------------------ */

static bool prepare_sign_in(struct call *call)
{
	const Kam__V1__SignInRequest *request = (const void *)call->request;
	char name[LIMIT_NAME_BYTES + 1];
	const Kam__V1__User *user = user_name(request->user, name) ? read_user(call, name) : NULL;
	bool right = password_verify(user ? user->password_hash : NULL, request->password);
	call->verified = right && user && !user->disabled;
	call->witness = user ? user->password_hash : NULL;
	return true;
}

static bool sign_in(struct call *call)
{
	const Kam__V1__SignInRequest *request = (const void *)call->request;
	char name[LIMIT_NAME_BYTES + 1];
	const Kam__V1__User *user = user_name(request->user, name) ? read_user(call, name) : NULL;
	call->note = arena_printf(call->arena, "sign-in as %.100s", request->user);
	if (!call->verified || !user || user->disabled || strcmp(call->witness, user->password_hash) != 0) {
		return wrong(call);
	}
	return session_open(call, name);
}

bool session_open(struct call *call, const char *user)
{
	char id[TOKEN_SESSION_ID_BYTES], token[TOKEN_TEXT_BYTES];
	uint8_t hash[TOKEN_HASH_BYTES];
	call->actor = arena_strdup(call->arena, user);
	token_make(user + strlen("users/"), id, token, hash);
	Kam__V1__Session session = KAM__V1__SESSION__INIT;
	session.name = arena_printf(call->arena, "%s/sessions/%s", user, id);
	session.uid = arena_strdup(call->arena, id);
	session.creator = arena_strdup(call->arena, user);
	session.peer = (char *)(uintptr_t)call->peer;
	session.client = arena_printf(call->arena, "%.200s", call->client);
	if (session.client) {
		utf8_repair(session.client);
	}
	session.create_time = session.update_time = session.last_used_time = call_time(call->now_us, call->arena);
	session.expire_time = call_time(call->now_us + (int64_t)LIMIT_SESSION_SECONDS * 1000000, call->arena);
	session.token_hash = (ProtobufCBinaryData){sizeof hash, hash};
	if (!session.name || !session.uid || !session.creator || !session.client || !session.create_time || !session.expire_time ||
	    !put_session(call, &session, STORE_CREATE)) {
		return call_no_memory(call);
	}
	Kam__V1__SignInResponse response = KAM__V1__SIGN_IN_RESPONSE__INIT;
	session.token_hash = (ProtobufCBinaryData){0};
	response.token = token;
	response.session = &session;
	bool ok = call_reply(call, &response.base);
	explicit_bzero(token, sizeof token);
	return ok;
}

/* ---- SignOut, WhoAmI ------------------------------------------------------------------------------------------------------------ */

static bool sign_out(struct call *call)
{
	Kam__V1__SignOutResponse response = KAM__V1__SIGN_OUT_RESPONSE__INIT;
	if (!*call->caller->session) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "NO_SESSION",
			"there is no session to end: your client certificate signs you in, at each call");
	}
	return changes_put(call->changes, call->view, call->caller->session, STORE_PURGE, (struct bytes){0}, call->status) &&
	       call_reply(call, &response.base);
}

static bool who_am_i(struct call *call)
{
	Kam__V1__WhoAmIResponse response = KAM__V1__WHO_AM_IRESPONSE__INIT;
	const struct caller *caller = call->caller;
	call->as_of = 0; /* the present caller, whatever is being looked at */
	response.user = (void *)call_read_message(call, caller->user);
	response.session = (void *)call_read_message(call, caller->session);
	response.grants = arena_calloc(call->arena, caller->grants_count + 1, sizeof *response.grants);
	for (size_t i = 0; response.grants && i < caller->grants_count; i++) {
		const struct grant *grant = &caller->grants[i];
		Kam__V1__Grant *row = arena_alloc(call->arena, sizeof *row);
		if (!row || grant->end_us <= call->now_us) {
			continue;
		}
		kam__v1__grant__init(row);
		row->role = (char *)(uintptr_t)grant->role;
		row->scope = (Kam__V1__Scope)grant->scope;
		row->accounts = (char **)(uintptr_t)grant->accounts;
		row->n_accounts = grant->accounts_count;
		row->region = (char *)(uintptr_t)grant->region;
		if (grant->end_us != INT64_MAX) {
			int year, month, day;
			clock_day_of(grant->end_us / 1000000 / 86400 - 1, &year, &month, &day);
			row->until = arena_printf(call->arena, "%04d-%02d-%02d", year, month, day);
		}
		response.grants[response.n_grants++] = row;
	}
	return status_ok(call->status) && call_reply(call, &response.base);
}

/* ---- ChangePassword, SetPassword ---------------------------------------------------------------------------------------------------- */

static bool prepare_password(struct call *call, const char *new_password)
{
	char *hash = arena_alloc(call->arena, PASSWORD_HASH_BYTES);
	bool ok = password_check(new_password, "new_password", call->status) && hash && password_hash(new_password, hash, call->status);
	call->prepared = ok ? hash : NULL;
	return ok || (status_ok(call->status) && call_no_memory(call));
}

static bool prepare_change_password(struct call *call)
{
	const Kam__V1__ChangePasswordRequest *request = (const void *)call->request;
	const Kam__V1__User *user = read_user(call, call->caller->user);
	call->verified = *request->old_password && password_verify(user ? user->password_hash : NULL, request->old_password);
	call->witness = user ? user->password_hash : NULL;
	return prepare_password(call, request->new_password);
}

struct ending {
	struct call *call;
	const char *keep;
};

static bool visit_session(void *context, const char *name, const struct store_record *record)
{
	struct ending *ending = context;
	(void)record;
	return strcmp(name, ending->keep) == 0 ||
	       changes_put(ending->call->changes, ending->call->view, name, STORE_PURGE, (struct bytes){0}, ending->call->status);
}

/* Stores the prepared password and ends the user's sessions, but for `keep`. A token for another password is void with it. */
static bool put_password(struct call *call, Kam__V1__User *user, const char *keep)
{
	user->password_hash = (char *)(uintptr_t)call->prepared;
	user->reset_hash = (ProtobufCBinaryData){0};
	user->reset_expire_time = NULL;
	struct bytes packed = schema_pack(&user->base, call->arena);
	struct ending ending = {call, keep};
	char *pattern = arena_printf(call->arena, "%s/sessions", user->name);
	call->note = "password";
	return pattern && packed.data && changes_put(call->changes, call->view, user->name, STORE_UPDATE, packed, call->status) &&
	       store_scan(call->view, pattern, NULL, 0, visit_session, &ending, call->status) && status_ok(call->status);
}

static bool change_password(struct call *call)
{
	Kam__V1__ChangePasswordResponse response = KAM__V1__CHANGE_PASSWORD_RESPONSE__INIT;
	Kam__V1__User *user = (void *)(uintptr_t)read_user(call, call->caller->user);
	if (!user) {
		return status_ok(call->status) && call_not_found(call, call->caller->user);
	}
	if (!call->verified || strcmp(call->witness, user->password_hash) != 0) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PASSWORD_WRONG", "old_password: is not your password");
	}
	return put_password(call, user, call->caller->session) && call_reply(call, &response.base);
}

/* The new password is hashed whatever the token is worth, so that time does not tell. */
static bool prepare_set_password(struct call *call)
{
	return prepare_password(call, ((const Kam__V1__SetPasswordRequest *)call->request)->new_password);
}

/* Whose token it is; NULL where it is nobody's, used up or past its time. */
static Kam__V1__User *user_of_reset(struct call *call, const char *token)
{
	char name[LIMIT_NAME_BYTES + 1];
	uint8_t hash[TOKEN_HASH_BYTES];
	char *end = token_parse(token, name, hash) ? strstr(name, "/sessions/") : NULL;
	if (!end) {
		return NULL;
	}
	*end = '\0';
	Kam__V1__User *user = (void *)(uintptr_t)read_user(call, name);
	bool holds = user && !user->disabled && user->reset_hash.len == TOKEN_HASH_BYTES && sodium_memcmp(user->reset_hash.data, hash, TOKEN_HASH_BYTES) == 0 &&
	             user->reset_expire_time && call->now_us / 1000000 < user->reset_expire_time->seconds;
	return holds ? user : NULL;
}

static bool set_password(struct call *call)
{
	Kam__V1__SetPasswordResponse response = KAM__V1__SET_PASSWORD_RESPONSE__INIT;
	Kam__V1__User *user = user_of_reset(call, ((const Kam__V1__SetPasswordRequest *)call->request)->token);
	if (!user) {
		return status_fail(call->status, STATUS_UNAUTHENTICATED, "RESET_TOKEN_INVALID", "the token is unknown, used or past its day: ask an administrator for another");
	}
	call->actor = arena_strdup(call->arena, user->name);
	response.user = user->name;
	return call->actor && put_password(call, user, "") && call_reply(call, &response.base);
}

/* ---- Delete: a session is ended for good, not softly --------------------------------------------------------------------------------- */

static bool delete_session(struct call *call)
{
	const Kam__V1__DeleteRequest *request = (const void *)call->request;
	struct store_record record;
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, request->name);
	if (resource != call->method->resource || !call_decide(call, call->method->permission, request->name, (struct bytes){0}).allowed ||
	    !changes_get(call->changes, call->view, request->name, &record, call->status)) {
		return status_ok(call->status) && call_not_found(call, request->name);
	}
	call_put_resource(call, &call->reply, resource->type, record.value, GROUPS_ALL);
	call->replied = true;
	return request->validate_only || changes_put(call->changes, call->view, request->name, STORE_PURGE, (struct bytes){0}, call->status);
}

static const struct method_row methods[] = {
	{"/kam.v1.SessionService/SignIn", sign_in, prepare_sign_in},
	{"/kam.v1.SessionService/SignOut", sign_out, NULL},
	{"/kam.v1.SessionService/WhoAmI", who_am_i, NULL},
	{"/kam.v1.SessionService/ChangePassword", change_password, prepare_change_password},
	{"/kam.v1.SessionService/SetPassword", set_password, prepare_set_password},
	{"/kam.v1.SessionService/DeleteSession", delete_session, NULL},
};

const struct domain domain_session = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
