/* SPDX-License-Identifier: Apache-2.0
 *
 * decide.h - the one decision point: may this caller do this to that, and which field groups do they see of it.
 *
 * Nothing else in kamd says yes. Get, List, filter, sort, count, history, watch, report and import all come here, for every resource and,
 * through the groups, for every field. Decisions are made on the present state of accounts and bindings, whatever revision is being read.
 */
#pragma once

#include "server/access/caller.h"

struct decision {
	bool allowed;
	schema_groups groups; /* what may be seen (or, for a permission that writes, set); 0 when not allowed */
};

/* Remembers the last account of one call, so that its children are decided once. */
struct decide_memo {
	char account[LIMIT_NAME_BYTES + 1];
	size_t account_size;
	const char *permission;
	struct decision decision;
};

/* Some grant has the permission, on something. What a method asks before it looks at any resource. */
bool decide_any(const struct caller *caller, const char *permission, int64_t now_us);
/* An API token that the caller came by, if any, stands for the permission: what a method asks that everybody may call about themselves. Grants are cut to it
 * already. */
bool decide_token(const struct caller *caller, const char *permission);
/* Union of groups over the grants that have the permission: what the caller may ever see. */
schema_groups decide_groups(const struct caller *caller, const char *permission, int64_t now_us);

/* The decision on one resource. `view` is the present state. `account` are the present bytes of the account, or the contact, itself where the caller has them at hand (data
 * NULL: they are read). `memo` may be NULL. A damaged account is a denial. */
struct decision decide(const struct access *access, const struct store_view *view, const struct caller *caller, const char *permission, const char *name,
                       struct bytes account, int64_t now_us, struct decide_memo *memo);

/* The permission reaches whatever might stand under this name, be it there or not: nothing in its collection, or in its account, is hidden. Where this does not hold, an answer
 * that depends on whether the name is taken would tell what is hidden. */
bool decide_whatever(const struct access *access, const struct store_view *view, const struct caller *caller, const char *permission, const char *name, int64_t now_us);

/* One grant's part of a decision, with the reason in words. */
struct decide_step {
	bool allowed;
	char reason[2 * LIMIT_NAME_BYTES];
};
void decide_explain(const struct access *access, const struct store_view *view, const struct caller *caller, const struct grant *grant,
                    const char *permission, const char *name, int64_t now_us, struct decide_step *ret_step);

/* "accounts.read" against "accounts.read", "accounts.*", "*.read" or "*". */
bool permission_matches(const char *pattern, const char *permission);
