/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles: what their permissions may name, and the built-in ones, which are stored like any other at kamd init and then never change.
 */
#include "server/domain/role.h"

#include "server/domain/domain.h"
#include "server/domain/permissions.h"

#include <stdio.h>

/* ---- built in ------------------------------------------------------------------------------------------------------------------- */

#define WORDS(...) (char *[]){__VA_ARGS__}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)
#define GROUPS(...) (Kam__V1__FieldGroup[]){__VA_ARGS__}, sizeof((Kam__V1__FieldGroup[]){__VA_ARGS__}) / sizeof(Kam__V1__FieldGroup)
#define PUBLIC KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC
#define COMMERCIAL KAM__V1__FIELD_GROUP__FIELD_GROUP_COMMERCIAL
#define FINANCIAL KAM__V1__FIELD_GROUP__FIELD_GROUP_FINANCIAL
#define PERSONAL KAM__V1__FIELD_GROUP__FIELD_GROUP_PERSONAL
#define STRATEGY KAM__V1__FIELD_GROUP__FIELD_GROUP_STRATEGY

struct built_in {
	const char *name, *display_name, *description;
	char **permissions;
	size_t permissions_count;
	Kam__V1__Scope scope;
	Kam__V1__FieldGroup *groups;
	size_t groups_count;
};

/* What everybody who works with accounts reads beside them. */
#define COMMON_READS "users.read", "roles.read", "products.read", "competitors.read", "programme.read", "portfolio.read", "criteriaSets.read", "rounds.read", \
	"ballots.read", "ballots.cast", "decisions.read"
#define ACCOUNT_READS                                                                                                                     \
	"accounts.read", "members.read", "financials.read", "contacts.read", "stakeholders.read", "ties.read", "opportunities.read",      \
		"interactions.read", "scorecards.read", "entries.read", "ratings.read", "assessments.read", "whitespace.read"

static const struct built_in built_ins[] = {
	{"roles/admin", "Administrator", "Runs kam: people, roles, imports, everything.", WORDS("*"), KAM__V1__SCOPE__SCOPE_ALL,
	 GROUPS(PUBLIC, COMMERCIAL, FINANCIAL, PERSONAL, STRATEGY)},
	{"roles/executive", "Executive", "Sees the whole portfolio; runs the rounds that choose key accounts, and judges accounts for them.",
	 WORDS(COMMON_READS, ACCOUNT_READS, "assessments.create", "assessments.update", "rounds.*"), KAM__V1__SCOPE__SCOPE_ALL,
	 GROUPS(PUBLIC, COMMERCIAL, FINANCIAL, PERSONAL, STRATEGY)},
	{"roles/sponsor", "Executive sponsor", "Sees the accounts they stand behind, notes their own meetings, agrees scorecards.",
	 WORDS(COMMON_READS, ACCOUNT_READS, "interactions.create", "interactions.update", "scorecards.agree", "ratings.create", "ratings.update",
	       "assessments.create",
	       "assessments.update"),
	 KAM__V1__SCOPE__SCOPE_ASSIGNED, GROUPS(PUBLIC, COMMERCIAL, FINANCIAL, PERSONAL, STRATEGY)},
	{"roles/kam", "Key account manager", "Works the accounts that are theirs: all of it.",
	 WORDS(COMMON_READS, ACCOUNT_READS, "accounts.update", "members.*", "financials.*", "contacts.create", "contacts.update", "contacts.delete",
	       "stakeholders.*", "ties.*", "opportunities.*", "interactions.*", "scorecards.*", "entries.*", "ratings.*",
	       "assessments.*", "whitespace.*"),
	 KAM__V1__SCOPE__SCOPE_ASSIGNED, GROUPS(PUBLIC, COMMERCIAL, FINANCIAL, PERSONAL, STRATEGY)},
	{"roles/sales", "Sales", "Sells in the accounts of their team.",
	 WORDS(COMMON_READS, ACCOUNT_READS, "contacts.create", "contacts.update", "stakeholders.create", "stakeholders.update", "opportunities.create",
	       "opportunities.update", "interactions.create", "interactions.update", "whitespace.create", "whitespace.update"),
	 KAM__V1__SCOPE__SCOPE_TEAM, GROUPS(PUBLIC, COMMERCIAL, PERSONAL)},
	{"roles/marketing", "Marketing", "Sees every account and its plan, but no deals, figures or judgements about people.",
	 WORDS(COMMON_READS, "accounts.read", "members.read", "stakeholders.read", "contacts.read", "interactions.read", "interactions.create",
	       "competitors.create", "competitors.update"),
	 KAM__V1__SCOPE__SCOPE_ALL, GROUPS(PUBLIC, STRATEGY)},
	{"roles/auditor", "Auditor", "Reads everything, the record of who did what included; changes nothing.", WORDS("*.read", "access.check"),
	 KAM__V1__SCOPE__SCOPE_ALL, GROUPS(PUBLIC, COMMERCIAL, FINANCIAL, STRATEGY)},
};

enum { BUILT_INS = sizeof built_ins / sizeof built_ins[0] };

const Kam__V1__Role *role_built_in(size_t index)
{
	static Kam__V1__Role roles[BUILT_INS];
	if (index >= BUILT_INS) {
		return NULL;
	}
	const struct built_in *from = &built_ins[index];
	Kam__V1__Role *role = &roles[index];
	kam__v1__role__init(role);
	role->name = (char *)(uintptr_t)from->name;
	role->display_name = (char *)(uintptr_t)from->display_name;
	role->description = (char *)(uintptr_t)from->description;
	role->permissions = from->permissions;
	role->n_permissions = from->permissions_count;
	role->scope = from->scope;
	role->field_groups = from->groups;
	role->n_field_groups = from->groups_count;
	role->built_in = true;
	return role;
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------------ */

static bool refuse_built_in(struct call *call, const ProtobufCMessage *old)
{
	const Kam__V1__Role *role = (const void *)old;
	return !role || !role->built_in ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROLE_BUILT_IN", "%s comes with kam and cannot be changed or deleted, only copied",
	                   role->name);
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Role *role = (const void *)new;
	for (size_t i = 0; i < role->n_permissions; i++) {
		if (!permission_known(call->engine->schema, role->permissions[i])) {
			char field[STATUS_FIELD_BYTES];
			snprintf(field, sizeof field, "role.permissions[%zu]", i);
			status_field(call->status, field, "\"%.80s\" is no permission: no method asks for it", role->permissions[i]);
		}
	}
	return status_ok(call->status) && refuse_built_in(call, old);
}

static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	(void)name;
	return refuse_built_in(call, old);
}

/* ---- copying ---------------------------------------------------------------------------------------------------------------------- */

static bool copy_role(struct call *call)
{
	schema_groups groups;
	ProtobufCMessage *role = engine_open_copy(call, ((const Kam__V1__CopyRoleRequest *)(const void *)call->request)->name, &groups);
	return role && engine_create_different(call, role, groups);
}

static const struct noun nouns[] = {{.collection = "roles", .check = check, .check_delete = check_delete}};
static const struct method_row methods[] = {{"/kam.v1.RoleService/CopyRole", copy_role, NULL}};

const struct domain domain_role = {nouns, 1, methods, 1};
