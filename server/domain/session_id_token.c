/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing in with an ID token. It is verified on a hasher thread, so that bad ones cost the writer nothing; the writer then looks up whose it is, that it was
 * not used before, and opens the session. Whatever fails, the answer is the same; the reason goes on record.
 */
#include "kam/v1/session.pb-c.h"
#include "kam/v1/user.pb-c.h"

#include "server/access/sign_in_name.h"
#include "server/domain/domain.h"
#include "server/domain/session.h"
#include "server/oidc/oidc.h"

#include <stdlib.h>

static bool refuse(struct call *call, const char *why)
{
	call->note = arena_printf(call->arena, "ID token: %s", why);
	return status_fail(call->status, STATUS_UNAUTHENTICATED, "SIGN_IN_FAILED",
		"the ID token is not accepted; get a new one and try again, or ask an administrator");
}

static bool prepare(struct call *call)
{
	const Kam__V1__SignInWithIdTokenRequest *request = (const void *)call->request;
	struct oidc *oidc = call->engine->oidc;
	struct oidc_identity identity;
	if (!oidc) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "OIDC_OFF", "this server knows no issuer of ID tokens: sign in with a password");
	}
	STATUS_SCRATCH(refusal);
	if (!oidc_verify(oidc, request->id_token, call->now_us / 1000000, call->arena, &identity, &refusal)) {
		return refuse(call, refusal.message);
	}
	call->prepared = arena_strdup(call->arena, identity.name);
	call->witness = arena_printf(call->arena, "%s %lld", identity.once, (long long)identity.until_s);
	return (call->prepared && call->witness) || call_no_memory(call);
}

/* Who has the name, and may sign in. */
static const char *find_user(struct call *call, const char *sign_in_name)
{
	const struct access *access = &call->engine->access;
	char *name = arena_alloc(call->arena, LIMIT_NAME_BYTES + 1);
	struct store_record record;
	if (!name || !sign_in_name_find(access, call->view, sign_in_name, name, call->status) || !store_get(call->view, name, &record, call->status)) {
		return NULL;
	}
	const Kam__V1__User *user = (const void *)schema_unpack(access->user, record.value, call->arena, call->status);
	return user && !user->disabled ? name : NULL;
}

static bool sign_in(struct call *call)
{
	call->once = arena_strndup(call->arena, call->witness, OIDC_ONCE_BYTES - 1);
	call->once_until_s = strtoll(call->witness + OIDC_ONCE_BYTES, NULL, 10);
	const char *user = find_user(call, call->prepared);
	if (!call->once) {
		return call_no_memory(call);
	}
	if (!user) {
		return status_ok(call->status) && refuse(call, arena_printf(call->arena, "nobody who may sign in has the name %.150s", call->prepared));
	}
	if (call_used(call, call->once)) {
		return refuse(call, arena_printf(call->arena, "that of %.100s was used before", user));
	}
	call->note = arena_printf(call->arena, "sign-in by ID token as %.200s", call->prepared);
	return status_ok(call->status) && session_open(call, user);
}

static const struct method_row methods[] = {{"/kam.v1.SessionService/SignInWithIdToken", sign_in, prepare}};

const struct domain domain_session_id_token = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
