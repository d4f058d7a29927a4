/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing in and out. A password is hashed on a hasher thread before the writer sees the call, so neither a connection nor a commit waits for it. Whoever may
 * not sign in (unknown, wrong password, disabled, too many failures) gets the same answer after the same work, from the same thread.
 *
 * A try that is over what the throttle allows is hashed all the same: an answer without that would have to be delayed by just as long, and who could tell the
 * two apart would know when guessing pays again. The hashers are kept free for others by how many tries one address may have there (server/rpc/dispatch.c),
 * whatever these are worth.
 */
#include "kam/v1/session.pb-c.h"

#include "common/base/clock.h"
#include "common/base/name.h"
#include "common/base/utf8.h"
#include "server/access/password.h"
#include "server/access/throttle.h"
#include "server/access/token.h"
#include "server/domain/credentials.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"
#include "server/domain/session.h"

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

struct address_search {
	struct call *call;
	struct network network;
	bool found;
};

static bool visit_address(void *context, const char *name, const struct store_record *record)
{
	struct address_search *search = context;
	struct call *call = search->call;
	const Kam__V1__Session *session = (const void *)schema_unpack_stored(call->engine->access.session, record->value, call->arena, call->status);
	(void)name;
	if (session) {
		struct network network = network_of(session->peer);
		search->found = memcmp(&network, &search->network, sizeof network) == 0;
	}
	return session && !search->found;
}

/* The user has signed in from this address lately: the throttle remembers it, or a session that has not ended says so, from before the process began. Asked
 * only where the password is right, so that the time it takes tells nobody else. */
static bool is_known_here(struct call *call, const char *user)
{
	struct address_search search = {call, network_of(call->peer), false};
	char *pattern = arena_printf(call->arena, "%s/sessions", user);
	return throttle_knows(call->engine->access.throttle, user, call->peer) ||
	       (pattern && store_scan(call->view, pattern, NULL, 0, visit_address, &search, call->status) && search.found);
}

/* A hash made at another cost than the configured one is made anew while the password is at hand. */
static bool hash_anew(struct call *call, const char *hash, const char *password)
{
	const struct password_cost *cost = &call->engine->access.settings.password;
	if (!password_outdated(cost, hash)) {
		return true;
	}
	char *anew = arena_alloc(call->arena, PASSWORD_HASH_BYTES);
	call->prepared = anew;
	return anew ? password_hash(cost, password, anew, call->status) : call_no_memory(call);
}

static bool prepare_sign_in(struct call *call)
{
	const Kam__V1__SignInRequest *request = (const void *)call->request;
	struct throttle *throttle = call->engine->access.throttle;
	char name[LIMIT_NAME_BYTES + 1] = "";
	struct throttle_try attempt;
	const Kam__V1__User *user = user_name(request->user, name) ? read_user(call, name) : NULL;
	throttle_begin(throttle, name, call->peer, clock_monotonic_us(), &attempt);
	bool right = password_verify(&call->engine->access.settings.password, user ? user->password_hash : NULL, request->password);
	call->note = arena_printf(call->arena, "sign-in as %.100s%s", request->user, attempt.over ? ", after too many failures" : "");
	right = right && user && !user->disabled;
	if (!right || (attempt.over && (attempt.known_over || !is_known_here(call, name)))) {
		return wrong(call);
	}
	throttle_right(throttle, &attempt);
	call->verified = true;
	call->witness = user->password_hash;
	return hash_anew(call, user->password_hash, request->password);
}

static bool put_user(struct call *call, const Kam__V1__User *user)
{
	struct bytes packed = schema_pack(&user->base, call->arena);
	return (packed.data && changes_put(call->changes, call->view, user->name, STORE_UPDATE, packed, call->status)) || call_no_memory(call);
}

static bool sign_in(struct call *call)
{
	const Kam__V1__SignInRequest *request = (const void *)call->request;
	char name[LIMIT_NAME_BYTES + 1];
	Kam__V1__User *user = user_name(request->user, name) ? (void *)(uintptr_t)read_user(call, name) : NULL;
	call->note = arena_printf(call->arena, "sign-in as %.100s%s", request->user, call->prepared ? ", password hashed anew" : "");
	if (!call->verified || !user || user->disabled || strcmp(call->witness, user->password_hash) != 0) {
		return wrong(call); /* since it was verified, something has changed */
	}
	if (call->prepared) {
		user->password_hash = (char *)(uintptr_t)call->prepared;
		if (!put_user(call, user)) {
			return false;
		}
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
	session.expire_time = call_time(call->now_us + (int64_t)call->engine->access.settings.session_s * 1000000, call->arena);
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
			"there is no session to end: what signs you in is sent with each call");
	}
	return changes_put(call->changes, call->view, call->caller->session, STORE_PURGE, (struct bytes){0}, call->status) &&
	       call_reply(call, &response.base);
}

static bool who_am_i(struct call *call)
{
	Kam__V1__WhoAmIResponse response = KAM__V1__WHO_AM_IRESPONSE__INIT;
	const struct caller *caller = call->caller;
	struct caller whole = *caller; /* a token knows whose it is, and itself, whatever it may read */
	whole.token = "";
	whole.token_permissions_count = 0;
	call->caller = &whole;
	call->as_of = 0; /* the present caller, whatever is being looked at */
	response.user = (void *)call_read_message(call, caller->user);
	response.session = *caller->session ? (void *)call_read_message(call, caller->session) : NULL;
	response.token = *caller->token ? (void *)call_read_message(call, caller->token) : NULL;
	call->caller = caller;
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

static bool prepare_password(struct call *call, const Kam__V1__User *user, const char *new_password)
{
	char *hash = arena_alloc(call->arena, PASSWORD_HASH_BYTES);
	const char *own[] = {user ? name_last(user->name) : "", user ? user->display_name : "", user ? user->email : "", NULL};
	bool ok = password_check(new_password, own, "new_password", call->status) && hash &&
	          password_hash(&call->engine->access.settings.password, new_password, hash, call->status);
	call->prepared = ok ? hash : NULL;
	return ok || (status_ok(call->status) && call_no_memory(call));
}

static bool wrong_old(struct call *call)
{
	return status_fail(call->status, STATUS_PERMISSION_DENIED, "PASSWORD_WRONG", "old_password: is not your password");
}

/* Whoever has taken over a session must not guess the password by it. */
static bool prepare_change_password(struct call *call)
{
	const Kam__V1__ChangePasswordRequest *request = (const void *)call->request;
	struct throttle *throttle = call->engine->access.throttle;
	const Kam__V1__User *user = read_user(call, call->caller->user);
	bool allowed = throttle_change_begin(throttle, call->caller->user, clock_monotonic_us());
	bool right = password_verify(&call->engine->access.settings.password, user ? user->password_hash : NULL, request->old_password);
	call->note = allowed ? "password" : "password, after too many failures";
	if (!right || !allowed) {
		return wrong_old(call);
	}
	throttle_change_right(throttle, call->caller->user);
	call->verified = true;
	call->witness = user->password_hash;
	return prepare_password(call, user, request->new_password);
}

/* Stores the prepared password and ends the user's sessions, but for `keep`. A token for another password is void with it. */
static bool put_password(struct call *call, Kam__V1__User *user, const char *keep)
{
	user->password_hash = (char *)(uintptr_t)call->prepared;
	user->reset_hash = (ProtobufCBinaryData){0};
	user->reset_expire_time = NULL;
	call->note = "password";
	return put_user(call, user) && credentials_end_sessions(call, user->name, keep);
}

static bool change_password(struct call *call)
{
	Kam__V1__ChangePasswordResponse response = KAM__V1__CHANGE_PASSWORD_RESPONSE__INIT;
	Kam__V1__User *user = (void *)(uintptr_t)read_user(call, call->caller->user);
	if (!user) {
		return status_ok(call->status) && call_not_found(call, call->caller->user);
	}
	if (!call->verified || strcmp(call->witness, user->password_hash) != 0) {
		return wrong_old(call);
	}
	return put_password(call, user, call->caller->session) && call_reply(call, &response.base);
}

/* Whose token it is; NULL where it is nobody's, used up or past its time. */
static Kam__V1__User *user_of_reset(struct call *call, const char *token)
{
	char name[LIMIT_NAME_BYTES + 1];
	uint8_t hash[TOKEN_HASH_BYTES];
	char *end = token_parse(token, name, hash) ? strchr(name + strlen("users/"), '/') : NULL;
	if (!end || strncmp(end, "/sessions/", strlen("/sessions/")) != 0) {
		return NULL;
	}
	*end = '\0';
	Kam__V1__User *user = (void *)(uintptr_t)read_user(call, name);
	bool holds = user && !user->disabled && user->reset_hash.len == TOKEN_HASH_BYTES && sodium_memcmp(user->reset_hash.data, hash, TOKEN_HASH_BYTES) == 0 &&
	             user->reset_expire_time && call->now_us / 1000000 < user->reset_expire_time->seconds;
	return holds ? user : NULL;
}

/* The new password is hashed whatever the token is worth, so that time does not tell. */
static bool prepare_set_password(struct call *call)
{
	const Kam__V1__SetPasswordRequest *request = (const void *)call->request;
	return prepare_password(call, user_of_reset(call, request->token), request->new_password);
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
	throttle_know(call->engine->access.throttle, user->name, call->peer); /* whoever was kept out by others' failures signs in with it */
	return call->actor && put_password(call, user, "") && call_reply(call, &response.base);
}

static const struct method_row methods[] = {
	{"/kam.v1.SessionService/SignIn", sign_in, prepare_sign_in},
	{"/kam.v1.SessionService/SignOut", sign_out, NULL},
	{"/kam.v1.SessionService/WhoAmI", who_am_i, NULL},
	{"/kam.v1.SessionService/ChangePassword", change_password, prepare_change_password},
	{"/kam.v1.SessionService/SetPassword", set_password, prepare_set_password},
	{"/kam.v1.SessionService/DeleteSession", credentials_delete, NULL},
};

const struct domain domain_session = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
