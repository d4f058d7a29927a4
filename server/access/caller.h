/* SPDX-License-Identifier: Apache-2.0
 *
 * caller.h - who is calling: a user through a session or an API token, with every grant that applies now.
 *
 * Owns:    a caller lives in the arena it was loaded into and is not changed afterwards.
 * Threads: any, as its arena.
 */
#pragma once

#include "common/base/limits.h"
#include "common/schema/schema.h"
#include "common/store/store.h"
#include "server/access/settings.h"

struct throttle;

/* The numbers of kam.v1.Scope. */
enum scope { SCOPE_ALL = 1, SCOPE_TEAM = 2, SCOPE_ASSIGNED = 3 };

/* One binding with its role, as both stand. */
struct grant {
	const char *binding, *role;
	char *const *permissions;
	size_t permissions_count;
	enum scope scope;
	schema_groups groups;
	char *const *accounts; /* these and those below them; none for all */
	size_t accounts_count;
	const char *region;  /* "" for all */
	int64_t end_us;      /* wall clock; INT64_MAX: for good */
};

struct caller {
	const char *user;     /* "users/jane"; "" when nobody is signed in */
	const char *session;  /* "users/jane/sessions/…"; "" where nobody is signed in, or by an API token */
	const char *token;    /* "users/jane/tokens/…": the API token that speaks for the user; "" otherwise */
	char *const *token_permissions; /* what it may at most: the grants are cut to it already */
	size_t token_permissions_count;
	int64_t end_us;       /* wall clock at which the session or token ends */
	int64_t last_used_us; /* a few minutes old at most */
	int64_t idle_us;      /* it ends so long after its last use */
	int64_t touch_us;     /* its use is noted so often */
	const struct grant *grants;
	size_t grants_count;
	const char **team; /* users whom this user manages, sorted by strcmp; without the user */
	size_t team_count;
};

/* Nobody. */
extern const struct caller caller_anonymous;

/* What the folder's functions need to know of the contract, found once, and what signing in goes by. */
struct access {
	const struct schema *schema;
	const struct schema_type *user, *session, *token, *role, *binding, *account, *stakeholder, *contact;
	uint32_t index_user_manager, index_user_sign_in_name, index_binding_user, index_references;
	uint8_t etag_key[16], token_key[32]; /* from the store; see access_open */
	struct access_settings settings; /* the usual ones until main.c has read the configuration */
	struct throttle *throttle;       /* main.c's; NULL where nobody signs in */
};

/* The index under which every reference of every resource is found: value = the name referred to. */
#define ACCESS_REFERENCES_INDEX "references"

/* How often it is noted that a session is in use: some times within the time in which it may idle. */
static inline int64_t access_touch_us(const struct access *access)
{
	unsigned quarter = access->settings.session_idle_s / 4 + 1;
	return (int64_t)(quarter < LIMIT_TOUCH_SECONDS ? quarter : LIMIT_TOUCH_SECONDS) * 1000000;
}

/* Looks the types up and reads the store's secrets (made by server/init.c). */
bool access_open(struct access *access, const struct schema *schema, const struct store_view *view, struct status *st);

/* Loads a user by name, with grants. NOT_FOUND where there is none; UNAUTHENTICATED where the user is disabled or deleted. */
bool caller_load(const struct access *access, const struct store_view *view, const char *user, struct arena *arena, struct caller *ret_caller,
                 struct status *st);

/* Loads the caller behind the token of a session or an API token. UNAUTHENTICATED (reason SESSION_INVALID or SESSION_EXPIRED) for every way in which it does
 * not hold. */
bool caller_of_token(const struct access *access, const struct store_view *view, const char *token, int64_t now_us, struct arena *arena,
                     struct caller *ret_caller, struct status *st);

/* A small cache of callers by token, for one thread. `epoch` is any number that grows whenever users, roles, bindings or sessions change. */
struct caller_cache;
struct caller_cache *caller_cache_new(void);
void caller_cache_free(struct caller_cache *cache);
/* The caller, from the cache or loaded; lives until the next call on the cache. */
const struct caller *caller_cache_get(struct caller_cache *cache, const struct access *access, const struct store_view *view, const char *token,
                                      int64_t now_us, uint64_t epoch, struct status *st);
/* The caller's session or token is in use now, as far as this thread is concerned: what the store says of it is learnt only when the caller is loaded again. */
void caller_cache_touch(struct caller_cache *cache, const struct caller *caller, int64_t now_us);
