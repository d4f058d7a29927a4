/* SPDX-License-Identifier: Apache-2.0
 *
 * A decision is the union over the caller's grants: a grant takes part if it has the permission, has not run out, and reaches the resource. Which accounts a
 * grant reaches is read from the account itself (owner, sponsor, region, parent) and its members, as they are now.
 */
#include "server/access/decide.h"

#include "common/schema/wire.h"
#include "kam/v1/account.pb-c.h"
#include "server/access/blind.h"

#include <stdio.h>
#include <stdlib.h>

bool permission_matches(const char *pattern, const char *permission)
{
	if (strcmp(pattern, "*") == 0 || strcmp(pattern, permission) == 0) {
		return true;
	}
	const char *dot = strchr(permission, '.'), *pattern_dot = strchr(pattern, '.');
	if (!dot || !pattern_dot) {
		return false;
	}
	size_t noun = (size_t)(dot - permission);
	bool noun_fits = strncmp(pattern, "*.", 2) == 0 || ((size_t)(pattern_dot - pattern) == noun && memcmp(pattern, permission, noun) == 0);
	return noun_fits && (strcmp(pattern_dot, ".*") == 0 || strcmp(pattern_dot, dot) == 0);
}

static bool grant_has(const struct grant *grant, const char *permission, int64_t now_us)
{
	if (now_us >= grant->end_us) {
		return false;
	}
	for (size_t i = 0; i < grant->permissions_count; i++) {
		if (permission_matches(grant->permissions[i], permission)) {
			return true;
		}
	}
	return false;
}

bool decide_token(const struct caller *caller, const char *permission)
{
	for (size_t i = 0; i < caller->token_permissions_count; i++) {
		if (permission_matches(caller->token_permissions[i], permission)) {
			return true;
		}
	}
	return !*caller->token;
}

bool decide_any(const struct caller *caller, const char *permission, int64_t now_us)
{
	for (size_t i = 0; i < caller->grants_count; i++) {
		if (grant_has(&caller->grants[i], permission, now_us)) {
			return true;
		}
	}
	return false;
}

schema_groups decide_groups(const struct caller *caller, const char *permission, int64_t now_us)
{
	schema_groups groups = 0;
	for (size_t i = 0; i < caller->grants_count; i++) {
		if (grant_has(&caller->grants[i], permission, now_us)) {
			groups |= caller->grants[i].groups;
		}
	}
	return groups;
}

/* ---- accounts ------------------------------------------------------------------------------------------------------------ */

/* What decisions read of an account, straight from its bytes. */
struct subject {
	const struct access *access;
	const struct store_view *view;
	const char *account; /* name */
	struct bytes bytes;  /* data NULL: not there */
};

static struct bytes account_field(const struct subject *subject, const char *field)
{
	return wire_find(subject->bytes, schema_field_find(subject->access->account, field)->pb->id);
}

static bool is_user(struct bytes value, const char *user)
{
	return bytes_equal(value, bytes_of(user));
}

static bool in_team(const struct caller *caller, struct bytes user)
{
	size_t low = 0, high = caller->team_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = bytes_compare(bytes_of(caller->team[middle]), user);
		if (order == 0) {
			return true;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return false;
}

static bool is_member(const struct subject *subject, const char *user)
{
	char name[2 * LIMIT_NAME_BYTES];
	struct store_record record;
	STATUS_SCRATCH(st);
	int size = snprintf(name, sizeof name, "%s/members/%s", subject->account, user + strlen("users/"));
	return size <= (int)LIMIT_NAME_BYTES && store_get(subject->view, name, &record, &st) && record.operation != STORE_DELETE;
}

static bool is_assigned(const struct subject *subject, const char *user)
{
	return is_user(account_field(subject, "owner"), user) || is_user(account_field(subject, "executive_sponsor"), user) || is_member(subject, user);
}

struct team_search {
	const struct caller *caller;
	bool found;
};

static bool visit_member(void *context, const char *name, const struct store_record *record)
{
	struct team_search *search = context;
	char user[LIMIT_NAME_BYTES + 1];
	snprintf(user, sizeof user, "users/%s", strrchr(name, '/') + 1);
	search->found = record->operation != STORE_DELETE && in_team(search->caller, bytes_of(user));
	return !search->found;
}

static bool is_of_team(const struct subject *subject, const struct caller *caller)
{
	if (is_assigned(subject, caller->user) || in_team(caller, account_field(subject, "owner")) ||
	    in_team(caller, account_field(subject, "executive_sponsor"))) {
		return true;
	}
	char pattern[2 * LIMIT_NAME_BYTES];
	struct team_search search = {caller, false};
	STATUS_SCRATCH(st);
	snprintf(pattern, sizeof pattern, "%s/members", subject->account);
	return caller->team_count > 0 && store_scan(subject->view, pattern, NULL, 0, visit_member, &search, &st) && search.found;
}

static bool names(const struct grant *grant, const char *account)
{
	for (size_t i = 0; i < grant->accounts_count; i++) {
		if (strcmp(grant->accounts[i], account) == 0) {
			return true;
		}
	}
	return false;
}

/* The account is one of those that the grant is narrowed to, or lies below one. */
static bool is_below(const struct subject *subject, const struct grant *grant)
{
	char name[LIMIT_NAME_BYTES + 1];
	struct bytes parent = account_field(subject, "parent_account");
	STATUS_SCRATCH(st);
	if (names(grant, subject->account)) {
		return true;
	}
	for (int i = 0; i < (int)LIMIT_CHAIN && parent.size > 0 && parent.size <= LIMIT_NAME_BYTES; i++) {
		memcpy(name, parent.data, parent.size);
		name[parent.size] = '\0';
		struct store_record record;
		if (names(grant, name)) {
			return true;
		}
		if (!store_get(subject->view, name, &record, &st)) {
			return false;
		}
		parent = wire_find(record.value, schema_field_find(subject->access->account, "parent_account")->pb->id);
	}
	return false;
}

/* NULL where the grant reaches the account, else why not. */
static const char *why_not_account(const struct subject *subject, const struct caller *caller, const struct grant *grant)
{
	if (!subject->bytes.data) {
		return "there is no such account";
	}
	if (grant->region[0] && !is_user(account_field(subject, "region"), grant->region)) {
		return "the binding is narrowed to another region";
	}
	if (grant->accounts_count > 0 && !is_below(subject, grant)) {
		return "the binding is narrowed to other accounts";
	}
	if (grant->scope == SCOPE_ASSIGNED && !is_assigned(subject, caller->user)) {
		return "the user is not owner, executive sponsor or member of the account";
	}
	if (grant->scope == SCOPE_TEAM && !is_of_team(subject, caller)) {
		return "nobody of the user's team is owner, executive sponsor or member of the account";
	}
	return NULL;
}

/* Why a grant reaches the account that it reaches. */
static const char *why_account(const struct subject *subject, const struct caller *caller, const struct grant *grant)
{
	if (grant->scope == SCOPE_ALL) {
		return grant->accounts_count > 0 || grant->region[0] ? "the account is one that the binding is narrowed to" : "the role reaches every account";
	}
	if (is_user(account_field(subject, "owner"), caller->user)) {
		return "the user is owner of the account";
	}
	if (is_user(account_field(subject, "executive_sponsor"), caller->user)) {
		return "the user is executive sponsor of the account";
	}
	return is_member(subject, caller->user) ? "the user is member of the account" : "somebody of the user's team is owner, executive sponsor or member of the account";
}

/* ---- what belongs to no account --------------------------------------------------------------------------------------------- */

/* A grant that reaches everything there is. */
static bool is_unlimited(const struct grant *grant)
{
	return grant->scope == SCOPE_ALL && grant->accounts_count == 0 && !grant->region[0];
}

/* How long the account's name is at the beginning of a name; 0 where the name belongs to no account. */
static size_t account_size(const char *name)
{
	if (strncmp(name, "accounts/", 9) != 0) {
		return 0;
	}
	size_t size = (size_t)(strchrnul(name + 9, '/') - name);
	return size < LIMIT_NAME_BYTES ? size : LIMIT_NAME_BYTES;
}

static bool account_of(const char *name, char *ret_account)
{
	size_t size = account_size(name);
	memcpy(ret_account, name, size);
	ret_account[size] = '\0';
	return size > 0;
}

struct contact_search {
	const struct access *access;
	const struct store_view *view;
	const struct caller *caller;
	const struct grant *grant;
	bool found;
};

static struct subject subject_of(const struct access *access, const struct store_view *view, const char *account, struct bytes bytes)
{
	struct subject subject = {access, view, account, bytes};
	struct store_record record;
	STATUS_SCRATCH(st);
	if (!bytes.data && store_get(view, account, &record, &st)) {
		subject.bytes = record.value;
	}
	return subject;
}

static bool visit_referrer(void *context, const char *name, const struct store_record *record)
{
	struct contact_search *search = context;
	char account[LIMIT_NAME_BYTES + 1];
	struct store_record stakeholder;
	STATUS_SCRATCH(st);
	(void)record; /* an index holds deleted resources too */
	if (strstr(name, "/stakeholders/") && account_of(name, account) && store_get(search->view, name, &stakeholder, &st) &&
	    stakeholder.operation != STORE_DELETE) {
		struct subject subject = subject_of(search->access, search->view, account, (struct bytes){0});
		search->found = !why_not_account(&subject, search->caller, search->grant);
	}
	return !search->found;
}

/* A contact is seen by those who may see an account on whose map it stands, and by whoever made it. `bytes` as in decide. */
static bool reaches_contact(const struct access *access, const struct store_view *view, const struct caller *caller, const struct grant *grant,
                            const char *name, struct bytes bytes)
{
	struct contact_search search = {access, view, caller, grant, false};
	struct store_record record;
	STATUS_SCRATCH(st);
	if (!bytes.data && store_get(view, name, &record, &st)) {
		bytes = record.value;
	}
	if (is_user(wire_find(bytes, schema_field_find(access->contact, "creator")->pb->id), caller->user)) {
		return true;
	}
	return store_index_equal(view, access->index_references, bytes_of(name), visit_referrer, &search, &st) &&
	       search.found;
}

static const char *why_not_other(const struct access *access, const struct store_view *view, const struct caller *caller, const struct grant *grant,
                                 const struct schema_resource *resource, const char *permission, const char *name, struct bytes bytes)
{
	if (!resource) {
		return "it is the name of nothing";
	}
	if (is_unlimited(grant)) {
		return NULL;
	}
	if (resource->scoping == SCOPING_ALL_ONLY) {
		return "it belongs to no account, and the role does not reach everything";
	}
	if (resource->scoping == SCOPING_BY_ACCOUNT_ID) {
		char account[LIMIT_NAME_BYTES + 16];
		snprintf(account, sizeof account, "accounts%s", strrchr(name, '/'));
		struct subject subject = subject_of(access, view, account, (struct bytes){0});
		return why_not_account(&subject, caller, grant);
	}
	/* On no map yet, one that is being created is its creator's. */
	const char *verb = strchr(permission, '.');
	bool creates = verb && strcmp(verb, ".create") == 0;
	if (resource->scoping == SCOPING_BY_STAKEHOLDER && !creates && !reaches_contact(access, view, caller, grant, name, bytes)) {
		return "no account that the role reaches has this contact on its map";
	}
	return NULL;
}

/* ---- deciding --------------------------------------------------------------------------------------------------------------- */

/* "users.read" of themselves, and what is their own below: sessions and API tokens. */
static bool is_own(const char *below, const char *permission)
{
	size_t noun = strcspn(below, "/");
	return strncmp(permission, below, noun) == 0 && permission[noun] == '.' &&
	       ((noun == strlen("sessions") && strncmp(below, "sessions", noun) == 0) || (noun == strlen("tokens") && strncmp(below, "tokens", noun) == 0));
}

/* Everybody may see themselves, their sessions and their API tokens, end both, and make tokens. */
static bool is_self(const struct caller *caller, const char *permission, const char *name)
{
	size_t size = strlen(caller->user);
	if (size == 0 || strncmp(name, caller->user, size) != 0) {
		return false;
	}
	bool own = name[size] == '\0' ? strcmp(permission, "users.read") == 0 : name[size] == '/' && is_own(name + size + 1, permission);
	return own && decide_token(caller, permission);
}

static bool reads(const char *permission)
{
	const char *verb = strchr(permission, '.');
	return verb && strcmp(verb, ".read") == 0;
}

struct decision decide(const struct access *access, const struct store_view *view, const struct caller *caller, const char *permission, const char *name,
                       struct bytes account_bytes, int64_t now_us, struct decide_memo *memo)
{
	char account[LIMIT_NAME_BYTES + 1] __attribute__((uninitialized));
	struct decision decision = {0};
	if (is_self(caller, permission, name)) {
		return (struct decision){true, GROUPS_ALL};
	}
	size_t size = account_size(name);
	bool in_account = size > 0;
	const struct schema_resource *resource = in_account ? NULL : schema_resource_of_name(access->schema, name);
	if (resource && resource->blind_field) {
		bool own = blind_author(resource, name, caller->user);
		if (own) {
			return reads(permission) || decide_any(caller, permission, now_us) ? (struct decision){true, GROUPS_ALL} : decision;
		}
		if (blind_now(view, resource, name)) {
			return decision;
		}
	}
	if (in_account && memo && memo->permission == permission && memo->account_size == size && memcmp(memo->account, name, size) == 0) {
		return memo->decision;
	}
	struct subject subject = {0};
	for (size_t i = 0; i < caller->grants_count; i++) {
		const struct grant *grant = &caller->grants[i];
		if (!grant_has(grant, permission, now_us)) {
			continue;
		}
		const char *why_not = NULL;
		if (in_account && !is_unlimited(grant)) {
			if (!subject.account) {
				account_of(name, account);
				subject = subject_of(access, view, account, account_bytes);
			}
			why_not = why_not_account(&subject, caller, grant);
		} else if (!in_account) {
			why_not = why_not_other(access, view, caller, grant, resource, permission, name, account_bytes);
		}
		if (!why_not) {
			decision.allowed = true;
			decision.groups |= grant->groups;
		}
	}
	if (in_account && memo) {
		memcpy(memo->account, name, size);
		memo->account_size = size;
		memo->permission = permission;
		memo->decision = decision;
	}
	return decision;
}

bool decide_whatever(const struct access *access, const struct store_view *view, const struct caller *caller, const char *permission, const char *name, int64_t now_us)
{
	const struct schema_resource *resource = schema_resource_of_name(access->schema, name);
	bool by_itself = resource && (resource->type == access->account || resource->scoping == SCOPING_BY_STAKEHOLDER);
	for (size_t i = 0; by_itself && i < caller->grants_count; i++) {
		if (grant_has(&caller->grants[i], permission, now_us) && is_unlimited(&caller->grants[i])) {
			return true;
		}
	}
	/* Anything else is decided by its account, or by its type alone. */
	return !by_itself && decide(access, view, caller, permission, name, (struct bytes){0}, now_us, NULL).allowed;
}

void decide_explain(const struct access *access, const struct store_view *view, const struct caller *caller, const struct grant *grant,
                    const char *permission, const char *name, int64_t now_us, struct decide_step *ret_step)
{
	char account[LIMIT_NAME_BYTES + 1];
	const char *why_not = NULL, *why = name ? "it belongs to no account, and the role reaches it" : "on what the role reaches";
	const struct schema_resource *resource = name ? schema_resource_of_name(access->schema, name) : NULL;
	if (now_us >= grant->end_us) {
		why_not = "the binding has run out";
	} else if (!grant_has(grant, permission, now_us)) {
		why_not = "the role does not have this permission";
	} else if (resource && resource->blind_field && !blind_author(resource, name, caller->user) && blind_now(view, resource, name)) {
		why_not = "it is blind: until its time has come only its author may learn of it";
	} else if (name && account_of(name, account)) {
		struct subject subject = subject_of(access, view, account, (struct bytes){0});
		why_not = is_unlimited(grant) ? NULL : why_not_account(&subject, caller, grant);
		why = why_not ? why_not : why_account(&subject, caller, grant);
	} else if (name) {
		why_not = why_not_other(access, view, caller, grant, resource, permission, name, (struct bytes){0});
	}
	ret_step->allowed = !why_not;
	snprintf(ret_step->reason, sizeof ret_step->reason, "%s %s %s: %s", grant->role, why_not ? "does not allow" : "allows", permission,
	         why_not ? why_not : why);
}
