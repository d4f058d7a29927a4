/* SPDX-License-Identifier: Apache-2.0
 *
 * A caller is a handful of reads: session, user, the user's bindings by index, their roles. They are kept per thread until users, roles, bindings or
 * sessions change anywhere, which is rare beside calls.
 */
#include "server/access/caller.h"

#include "common/base/clock.h"
#include "common/base/crc32c.h"
#include "kam/v1/binding.pb-c.h"
#include "kam/v1/role.pb-c.h"
#include "kam/v1/session.pb-c.h"
#include "kam/v1/token.pb-c.h"
#include "kam/v1/user.pb-c.h"
#include "server/access/token.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { GRANTS_MAX = 256, TEAM_MAX = 4096, CACHE_SLOTS = 256, CACHE_TOKEN_BYTES = 256, CALLER_BYTES_MAX = 1 << 20, SLOT_KEY_BYTES = 8 };

#define NEVER_US (INT64_MAX / 2) /* later than any time, and added to one it does not overflow */

const struct caller caller_anonymous = {.user = "", .session = "", .token = "", .end_us = INT64_MAX};

static uint32_t index_of(const struct schema_type *type, const char *field)
{
	const struct schema_field *found = schema_field_find(type, field);
	assert(found && found->rules.index_id != 0);
	return found->rules.index_id;
}

bool access_open(struct access *access, const struct schema *schema, const struct store_view *view, struct status *st)
{
	*access = (struct access){
		.schema = schema,
		.user = schema_type_find(schema, "kam.v1.User"),
		.session = schema_type_find(schema, "kam.v1.Session"),
		.token = schema_type_find(schema, "kam.v1.Token"),
		.role = schema_type_find(schema, "kam.v1.Role"),
		.binding = schema_type_find(schema, "kam.v1.Binding"),
		.account = schema_type_find(schema, "kam.v1.Account"),
		.stakeholder = schema_type_find(schema, "kam.v1.Stakeholder"),
		.contact = schema_type_find(schema, "kam.v1.Contact"),
		.index_references = crc32c(0, ACCESS_REFERENCES_INDEX, strlen(ACCESS_REFERENCES_INDEX)),
		.settings = ACCESS_SETTINGS_STANDARD,
	};
	assert(access->user && access->session && access->token && access->role && access->binding && access->account && access->stakeholder && access->contact);
	access->index_user_manager = index_of(access->user, "manager");
	access->index_user_sign_in_name = index_of(access->user, "sign_in_names");
	access->index_binding_user = index_of(access->binding, "user");
	struct bytes key;
	if (!store_meta_get(view, "secret", &key, st) || key.size != sizeof access->etag_key + sizeof access->token_key) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "STORE_INCOMPLETE", "the store has no secret: it was not made by kamd init");
	}
	memcpy(access->etag_key, key.data, sizeof access->etag_key);
	memcpy(access->token_key, key.data + sizeof access->etag_key, sizeof access->token_key);
	return true;
}

/* ---- grants ------------------------------------------------------------------------------------------------------------- */

struct grant_list {
	const struct access *access;
	const struct store_view *view;
	struct arena *arena;
	struct grant *grants;
	size_t count;
	struct status *st;
};

/* A day that cannot be read has been: it must not become for ever. */
static int64_t end_of_day_us(const char *until)
{
	int64_t days;
	if (!*until) {
		return INT64_MAX;
	}
	return clock_parse_date(until, &days) ? (days + 1) * 86400 * 1000000 : INT64_MIN;
}

static bool scope_known(Kam__V1__Scope scope)
{
	return (int)scope == SCOPE_ALL || (int)scope == SCOPE_TEAM || (int)scope == SCOPE_ASSIGNED;
}

/* Adds the grant of one binding. A binding whose role is gone, or has a scope that we do not know, grants nothing. */
static bool add_grant(struct grant_list *list, const char *name)
{
	struct store_record record;
	if (!store_get(list->view, name, &record, list->st) || record.operation == STORE_DELETE) {
		return status_ok(list->st);
	}
	const Kam__V1__Binding *binding = (const void *)schema_unpack_stored(list->access->binding, record.value, list->arena, list->st);
	if (!binding || !store_get(list->view, binding->role, &record, list->st) || record.operation == STORE_DELETE) {
		return status_ok(list->st);
	}
	const Kam__V1__Role *role = (const void *)schema_unpack_stored(list->access->role, record.value, list->arena, list->st);
	if (!role || !scope_known(role->scope) || list->count == GRANTS_MAX) {
		return status_ok(list->st);
	}
	struct grant *grant = &list->grants[list->count++];
	*grant = (struct grant){
		.binding = binding->name,
		.role = role->name,
		.permissions = role->permissions,
		.permissions_count = role->n_permissions,
		.scope = (enum scope)role->scope,
		.accounts = binding->accounts,
		.accounts_count = binding->n_accounts,
		.region = binding->region,
		.end_us = end_of_day_us(binding->until),
	};
	for (size_t i = 0; i < role->n_field_groups; i++) {
		if ((int)role->field_groups[i] > 0 && (int)role->field_groups[i] < GROUP_COUNT) {
			grant->groups |= 1u << role->field_groups[i];
		}
	}
	return true;
}

static bool visit_binding(void *context, const char *name, const struct store_record *record)
{
	(void)record;
	return add_grant(context, name);
}

/* ---- team --------------------------------------------------------------------------------------------------------------- */

struct team {
	struct arena *arena;
	const char *user; /* whose team it is: not a member, even in a cycle */
	const char **members;
	size_t count;
};

static bool visit_managed(void *context, const char *name, const struct store_record *record)
{
	struct team *team = context;
	(void)record;
	if (strcmp(name, team->user) == 0) {
		return true;
	}
	for (size_t i = 0; i < team->count; i++) {
		if (strcmp(team->members[i], name) == 0) {
			return true;
		}
	}
	char *copy = team->count < TEAM_MAX ? arena_strdup(team->arena, name) : NULL;
	if (copy) {
		team->members[team->count++] = copy;
	}
	return copy != NULL;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Everybody below the user: breadth first, each once, so that a cycle in old data ends. */
static bool load_team(const struct access *access, const struct store_view *view, struct arena *arena, struct caller *caller, struct status *st)
{
	struct team team = {arena, caller->user, arena_calloc(arena, TEAM_MAX, sizeof(char *)), 0};
	if (!team.members || !store_index_equal(view, access->index_user_manager, bytes_of(caller->user), visit_managed, &team, st)) {
		return false;
	}
	for (size_t next = 0; next < team.count; next++) {
		if (!store_index_equal(view, access->index_user_manager, bytes_of(team.members[next]), visit_managed, &team, st)) {
			return false;
		}
	}
	qsort(team.members, team.count, sizeof *team.members, compare_text);
	caller->team = team.members;
	caller->team_count = team.count;
	return true;
}

/* ---- loading ------------------------------------------------------------------------------------------------------------ */

bool caller_load(const struct access *access, const struct store_view *view, const char *name, struct arena *arena, struct caller *ret_caller,
                 struct status *st)
{
	struct store_record record;
	if (!store_get(view, name, &record, st)) {
		return status_fail(st, STATUS_NOT_FOUND, "RESOURCE_NOT_FOUND", "%s not found", name);
	}
	const Kam__V1__User *user = (const void *)schema_unpack_stored(access->user, record.value, arena, st);
	if (!user) {
		return false;
	}
	if (user->disabled || record.operation == STORE_DELETE) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "SESSION_INVALID", "not signed in: sign in again");
	}
	struct caller caller = {.user = user->name, .session = "", .token = "", .end_us = INT64_MAX, .idle_us = NEVER_US, .touch_us = NEVER_US};
	struct grant_list list = {access, view, arena, arena_calloc(arena, GRANTS_MAX, sizeof(struct grant)), 0, st};
	if (!list.grants || !store_index_equal(view, access->index_binding_user, bytes_of(caller.user), visit_binding, &list, st) || !status_ok(st)) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "CALLER_TOO_LARGE", "the user's bindings do not fit in memory");
	}
	caller.grants = list.grants;
	caller.grants_count = list.count;
	for (size_t i = 0; i < list.count; i++) {
		if (list.grants[i].scope == SCOPE_TEAM && !caller.team) {
			if (!load_team(access, view, arena, &caller, st)) {
				return false;
			}
		}
	}
	*ret_caller = caller;
	return true;
}

static int64_t timestamp_us(const Google__Protobuf__Timestamp *time)
{
	return time ? time->seconds * 1000000 + time->nanos / 1000 : 0;
}

/* A session or an API token as the store has it. */
struct credential {
	const char *name, *token_name;
	ProtobufCBinaryData hash;
	int64_t end_us, last_used_us, idle_us;
	char **permissions; /* of an API token */
	size_t permissions_count;
	bool deleted;
};

static bool read_session(const struct access *access, struct bytes value, struct arena *arena, struct credential *ret_credential, struct status *st)
{
	const Kam__V1__Session *session = (const void *)schema_unpack_stored(access->session, value, arena, st);
	if (session) {
		*ret_credential = (struct credential){
			.name = session->name,
			.token_name = "",
			.hash = session->token_hash,
			.end_us = timestamp_us(session->expire_time),
			.last_used_us = timestamp_us(session->last_used_time),
			.idle_us = (int64_t)access->settings.session_idle_s * 1000000,
			.deleted = session->delete_time != NULL,
		};
	}
	return session != NULL;
}

/* It need not be used now and then. */
static bool read_token(const struct access *access, struct bytes value, struct arena *arena, struct credential *ret_credential, struct status *st)
{
	const Kam__V1__Token *token = (const void *)schema_unpack_stored(access->token, value, arena, st);
	if (token) {
		*ret_credential = (struct credential){
			.name = "",
			.token_name = token->name,
			.hash = token->token_hash,
			.end_us = end_of_day_us(token->expire),
			.last_used_us = timestamp_us(token->last_used_time),
			.idle_us = NEVER_US,
			.permissions = token->permissions,
			.permissions_count = token->n_permissions,
			.deleted = token->delete_time || !*token->expire,
		};
	}
	return token != NULL;
}

/* What both patterns stand for: "accounts.*" and "*.read" are "accounts.read". NULL where that is nothing. */
static char *common_pattern(const char *a, const char *b, struct arena *arena)
{
	const char *parts[2][2] = {{a, strchr(a, '.')}, {b, strchr(b, '.')}};
	const char *both[2];
	int sizes[2];
	if (strcmp(a, "*") == 0 || strcmp(b, "*") == 0) {
		return arena_strdup(arena, strcmp(a, "*") == 0 ? b : a);
	}
	if (!parts[0][1] || !parts[1][1]) {
		return NULL;
	}
	for (int part = 0; part < 2; part++) {
		const char *texts[2];
		int lengths[2];
		for (int i = 0; i < 2; i++) {
			texts[i] = part == 0 ? parts[i][0] : parts[i][1] + 1;
			lengths[i] = part == 0 ? (int)(parts[i][1] - parts[i][0]) : (int)strlen(texts[i]);
		}
		bool any = lengths[0] == 1 && texts[0][0] == '*', other_any = lengths[1] == 1 && texts[1][0] == '*';
		if (!any && !other_any && (lengths[0] != lengths[1] || memcmp(texts[0], texts[1], (size_t)lengths[0]) != 0)) {
			return NULL;
		}
		both[part] = texts[any];
		sizes[part] = lengths[any];
	}
	return arena_printf(arena, "%.*s.%.*s", sizes[0], both[0], sizes[1], both[1]);
}

/* Leaves each grant what the token may of it, so that no decision has to know of tokens. */
static bool cut_grants(struct caller *caller, struct arena *arena, struct status *st)
{
	struct grant *grants = arena_memdup(arena, caller->grants, (caller->grants_count + 1) * sizeof *grants);
	for (size_t i = 0; grants && i < caller->grants_count; i++) {
		struct grant *grant = &grants[i];
		char **cut = arena_calloc(arena, grant->permissions_count * caller->token_permissions_count + 1, sizeof *cut);
		size_t count = 0;
		for (size_t k = 0; cut && k < grant->permissions_count * caller->token_permissions_count; k++) {
			const char *own = grant->permissions[k / caller->token_permissions_count], *of_token = caller->token_permissions[k % caller->token_permissions_count];
			cut[count] = common_pattern(own, of_token, arena);
			count += cut[count] != NULL;
		}
		grant->permissions = cut;
		grant->permissions_count = count;
	}
	caller->grants = grants;
	return !arena->overflowed || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "CALLER_TOO_LARGE",
	                                             "the token's permissions and the user's bindings do not fit in memory");
}

bool caller_of_token(const struct access *access, const struct store_view *view, const char *token, int64_t now_us, struct arena *arena,
                     struct caller *ret_caller, struct status *st)
{
	char name[LIMIT_NAME_BYTES + 1];
	uint8_t hash[TOKEN_HASH_BYTES];
	struct store_record record;
	struct credential credential;
	bool parsed = token_parse(token, name, hash);
	size_t user_size = parsed ? strlen("users/") + strcspn(name + strlen("users/"), "/") : 0;
	bool is_token = parsed && strncmp(name + user_size, "/tokens/", strlen("/tokens/")) == 0;
	const char *invalid = is_token ? "not signed in: the API token is unknown or was revoked" : "not signed in: the session is unknown or has ended, sign in again";
	if (!parsed || !store_get(view, name, &record, st)) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "SESSION_INVALID", "%s", invalid);
	}
	if (!(is_token ? read_token : read_session)(access, record.value, arena, &credential, st) || credential.hash.len != TOKEN_HASH_BYTES ||
	    sodium_memcmp(credential.hash.data, hash, TOKEN_HASH_BYTES) != 0) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "SESSION_INVALID", "%s", invalid);
	}
	if (credential.deleted || record.operation == STORE_DELETE || now_us >= credential.end_us || now_us >= credential.last_used_us + credential.idle_us) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "SESSION_EXPIRED", "the %s has expired: %s", is_token ? "API token" : "session",
		                   is_token ? "its owner makes another with kam tokens create" : "sign in again");
	}
	name[user_size] = '\0';
	struct caller caller;
	if (!caller_load(access, view, name, arena, &caller, st)) {
		if (st->code == STATUS_NOT_FOUND) {
			status_init(st);
			status_fail(st, STATUS_UNAUTHENTICATED, "SESSION_INVALID", "%s", invalid);
		}
		return false;
	}
	caller.session = credential.name;
	caller.token = credential.token_name;
	caller.token_permissions = credential.permissions;
	caller.token_permissions_count = credential.permissions_count;
	caller.end_us = credential.end_us;
	caller.last_used_us = credential.last_used_us;
	caller.idle_us = credential.idle_us;
	caller.touch_us = access_touch_us(access);
	*ret_caller = caller;
	return !is_token || cut_grants(ret_caller, arena, st);
}

/* ---- cache -------------------------------------------------------------------------------------------------------------- */

struct cache_slot {
	char token[CACHE_TOKEN_BYTES];
	size_t size; /* of the token; 0: the slot is free */
	uint64_t epoch;
	struct arena arena;
	struct caller caller;
};

struct caller_cache {
	struct cache_slot slots[CACHE_SLOTS];
};

struct caller_cache *caller_cache_new(void)
{
	return calloc(1, sizeof(struct caller_cache));
}

static void clear_slot(struct cache_slot *slot)
{
	arena_done(&slot->arena);
	sodium_memzero(slot, sizeof *slot);
}

void caller_cache_free(struct caller_cache *cache)
{
	if (!cache) {
		return;
	}
	for (size_t i = 0; i < CACHE_SLOTS; i++) {
		clear_slot(&cache->slots[i]);
	}
	free(cache);
}

/* The last letters of the session's id, which stand before the secret: random ones that we chose ourselves, so nobody can crowd a slot. The id of an API
 * token is its owner's choice, so that some of the secret joins it; 8 of its 256 bits would show in the time of other calls, if anything did. */
static size_t slot_of(const char *token, size_t size)
{
	uint64_t number = 0, secret;
	if (size >= TOKEN_SECRET_TEXT + 1 + SLOT_KEY_BYTES) {
		memcpy(&number, token + size - TOKEN_SECRET_TEXT - 1 - SLOT_KEY_BYTES, SLOT_KEY_BYTES);
		memcpy(&secret, token + size - TOKEN_SECRET_TEXT, SLOT_KEY_BYTES);
		number ^= secret;
	}
	return (size_t)(number * 0x9E3779B97F4A7C15u >> 32) % CACHE_SLOTS;
}

/* In the same time wherever the secrets differ: two steps of fixed size, which overlap. What stands before the secret is none. */
static bool same_token(const char *left, const char *right, size_t size)
{
	if (size < TOKEN_SECRET_TEXT || memcmp(left, right, size - TOKEN_SECRET_TEXT) != 0) {
		return false;
	}
	const uint8_t *a = (const uint8_t *)left + size - TOKEN_SECRET_TEXT, *b = (const uint8_t *)right + size - TOKEN_SECRET_TEXT;
	const size_t second = TOKEN_SECRET_TEXT - crypto_verify_16_BYTES;
	return (crypto_verify_32(a, b) | crypto_verify_16(a + second, b + second)) == 0;
}

const struct caller *caller_cache_get(struct caller_cache *cache, const struct access *access, const struct store_view *view, const char *token,
                                      int64_t now_us, uint64_t epoch, struct status *st)
{
	size_t size = strlen(token);
	if (size >= CACHE_TOKEN_BYTES) {
		status_fail(st, STATUS_UNAUTHENTICATED, "SESSION_INVALID", "not signed in: the token is too long to be one of kam's");
		return NULL;
	}
	struct cache_slot *slot = &cache->slots[slot_of(token, size)];
	if (slot->epoch == epoch && slot->size == size && same_token(slot->token, token, size) &&
	    now_us < slot->caller.end_us && now_us < slot->caller.last_used_us + slot->caller.idle_us) {
		return &slot->caller;
	}
	/* Only who is signed in takes a place, so that made-up tokens drive nobody out. */
	struct arena arena;
	struct caller caller;
	arena_init(&arena, CALLER_BYTES_MAX);
	if (!caller_of_token(access, view, token, now_us, &arena, &caller, st)) {
		arena_done(&arena);
		return NULL;
	}
	clear_slot(slot);
	slot->arena = arena;
	slot->caller = caller;
	memcpy(slot->token, token, size + 1);
	slot->size = size;
	slot->epoch = epoch;
	return &slot->caller;
}

void caller_cache_touch(struct caller_cache *cache, const struct caller *caller, int64_t now_us)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++) {
		if (&cache->slots[i].caller == caller) {
			cache->slots[i].caller.last_used_us = now_us;
		}
	}
}
