/* SPDX-License-Identifier: Apache-2.0
 *
 * API tokens: made by their owner alone, for what the owner may do, until a day. What they may at a call is decided in server/access (caller.c).
 */
#include "kam/v1/token.pb-c.h"

#include "common/base/clock.h"
#include "common/schema/wire.h"
#include "server/access/token.h"
#include "server/domain/credentials.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

#include <sodium.h>
#include <stdio.h>

/* The pattern stands for something that the caller may do, be it only about themselves. */
static bool owner_has(struct call *call, const char *pattern)
{
	const struct schema *schema = call->engine->schema;
	for (size_t i = 0; i < schema_methods_count(schema); i++) {
		const struct schema_method *method = schema_method_at(schema, i);
		bool for_all = method->audience == AUDIENCE_SIGNED_IN && !method->no_token;
		if (method->permission && permission_matches(pattern, method->permission) && (for_all || decide_any(call->caller, method->permission, call->now_us))) {
			return true;
		}
	}
	return false;
}

static bool check_permissions(struct call *call, const Kam__V1__Token *token)
{
	char field[STATUS_FIELD_BYTES];
	for (size_t i = 0; i < token->n_permissions; i++) {
		if (!owner_has(call, token->permissions[i])) {
			snprintf(field, sizeof field, "token.permissions[%zu]", i);
			status_field(call->status, field, "\"%.80s\" is nothing that you may do yourself: kam whoami shows your roles, kam roles get their permissions",
			             token->permissions[i]);
		}
	}
	return status_ok(call->status);
}

static bool check_expire(struct call *call, const Kam__V1__Token *token)
{
	int64_t days;
	return (clock_parse_date(token->expire, &days) && days >= call->now_us / 1000000 / 86400) ||
	       status_field(call->status, "token.expire", "%s is past; give today or a later day", token->expire);
}

static bool count_one(void *context, const char *name, const struct store_record *record)
{
	(void)name, (void)record;
	return ++*(unsigned *)context <= LIMIT_TOKENS_PER_USER;
}

static bool check_count(struct call *call, const char *user)
{
	unsigned count = 0;
	char *pattern = arena_printf(call->arena, "%s/tokens", user);
	if (!pattern || !store_scan(call->view, pattern, NULL, 0, count_one, &count, call->status)) {
		return status_ok(call->status) && call_no_memory(call);
	}
	return count < LIMIT_TOKENS_PER_USER ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "TOO_MANY_TOKENS",
	                   "you have %u API tokens already: revoke one that you need no more (kam tokens list, kam tokens delete)", LIMIT_TOKENS_PER_USER);
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Token *token = (void *)new;
	(void)old; /* there is no method that changes one */
	if (!check_permissions(call, token) || !check_expire(call, token) || !check_count(call, call->caller->user)) {
		return false;
	}
	char *secret = arena_alloc(call->arena, TOKEN_TEXT_BYTES);
	uint8_t *hash = arena_alloc(call->arena, TOKEN_HASH_BYTES);
	if (!secret || !hash) {
		return call_no_memory(call);
	}
	token_make_api(name_last(call->caller->user), name_last(token->name), secret, hash);
	token->token_hash = (ProtobufCBinaryData){TOKEN_HASH_BYTES, hash};
	call->prepared = secret;
	return true;
}

/* The stored token, and behind it the secret, which is kept nowhere. */
static bool create_token(struct call *call)
{
	const Kam__V1__CreateTokenRequest *request = (const void *)call->request;
	const struct schema_field *secret = schema_field_find(call->method->resource->type, "secret");
	if (strcmp(request->parent, call->caller->user) != 0) {
		return status_field(call->status, "parent", "is not you: an API token speaks for whoever makes it, so write %s", call->caller->user);
	}
	if (!engine_create(call)) {
		return false;
	}
	if (!request->validate_only) {
		wire_add_bytes(&call->reply, secret->pb->id, bytes_of(call->prepared));
	}
	sodium_memzero((char *)(uintptr_t)call->prepared, strlen(call->prepared));
	call->prepared = NULL;
	return call_whole(call, !call->reply.failed);
}

static const struct noun nouns[] = {{.collection = "users/tokens", .check = check}};
static const struct method_row methods[] = {{"/kam.v1.TokenService/CreateToken", create_token, NULL},
                                            {"/kam.v1.TokenService/DeleteToken", credentials_delete, NULL}};

const struct domain domain_token = {nouns, 1, methods, sizeof methods / sizeof methods[0]};
