/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/access/certificate.h"

#include "common/base/crc32c.h"
#include "server/access/sign_in_name.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 64, CALLER_BYTES_MAX = 1 << 20 };

struct slot {
	char name[LIMIT_NAME_BYTES + 1]; /* "": the slot is free */
	uint64_t epoch;
	struct arena arena;
	struct caller caller;
};

struct certificate_cache {
	struct slot slots[SLOTS];
};

void certificate_cache_free(struct certificate_cache *cache)
{
	for (size_t i = 0; cache && i < SLOTS; i++) {
		arena_done(&cache->slots[i].arena);
	}
	free(cache);
}

static bool load(const struct access *access, const struct store_view *view, const char *name, struct arena *arena, struct caller *ret_caller,
                 struct status *st)
{
	char sign_in_name[LIMIT_NAME_BYTES + 1], user[LIMIT_NAME_BYTES + 1];
	bool whole = *name && snprintf(sign_in_name, sizeof sign_in_name, SIGN_IN_NAME_CERTIFICATE "%s", name) < (int)sizeof sign_in_name;
	bool found = whole && sign_in_name_find(access, view, sign_in_name, user, st) && caller_load(access, view, user, arena, ret_caller, st);
	if (found) {
		ret_caller->last_used_us = INT64_MAX / 2; /* it does not idle */
		return true;
	}
	if (status_ok(st) || st->code == STATUS_UNAUTHENTICATED || st->code == STATUS_NOT_FOUND) {
		status_init(st);
		status_fail(st, STATUS_UNAUTHENTICATED, "CERTIFICATE_UNKNOWN",
			"not signed in: nobody who may sign in has the name in your client certificate among their sign-in names");
	}
	return false;
}

const struct caller *certificate_cache_get(struct certificate_cache **cache, const struct access *access, const struct store_view *view, const char *name,
                                           uint64_t epoch, struct status *st)
{
	*cache = *cache ? *cache : calloc(1, sizeof **cache);
	if (!*cache) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	struct slot *slot = &(*cache)->slots[crc32c(0, name, strlen(name)) % SLOTS];
	if (*name && slot->epoch == epoch && strcmp(slot->name, name) == 0) {
		return &slot->caller;
	}
	struct arena arena;
	struct caller caller;
	arena_init(&arena, CALLER_BYTES_MAX);
	if (!load(access, view, name, &arena, &caller, st)) {
		arena_done(&arena);
		return NULL;
	}
	arena_done(&slot->arena);
	slot->arena = arena;
	slot->caller = caller;
	slot->epoch = epoch;
	snprintf(slot->name, sizeof slot->name, "%s", name);
	return &slot->caller;
}
