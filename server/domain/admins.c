/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/admins.h"

#include "kam/v1/binding.pb-c.h"
#include "kam/v1/user.pb-c.h"
#include "server/domain/basis.h"

struct search {
	struct call *call;
	const char *without_binding, *without_user;
	bool found;
};

static bool visit(void *context, const char *name, const struct store_record *record)
{
	struct search *search = context;
	struct call *call = search->call;
	if (record->operation == STORE_DELETE || (search->without_binding && strcmp(name, search->without_binding) == 0)) {
		return true;
	}
	const Kam__V1__Binding *binding = (const void *)schema_unpack(call->engine->access.binding, record->value, call->arena, call->status);
	if (!binding || strcmp(binding->role, "roles/admin") != 0 || binding->n_accounts > 0 || *binding->region || *binding->until ||
	    (search->without_user && strcmp(binding->user, search->without_user) == 0)) {
		return binding != NULL;
	}
	const Kam__V1__User *user = (const void *)basis_stored(call, binding->user);
	search->found = user && !user->delete_time && !user->disabled && *user->password_hash;
	return !search->found;
}

bool admins_remain(struct call *call, const char *without_binding, const char *without_user)
{
	struct search search = {call, without_binding, without_user, false};
	bool scanned = store_scan(call->view, "bindings", NULL, 0, visit, &search, call->status);
	return (scanned && search.found) ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "LAST_ADMIN",
	                   "nobody would be left who can administer kam: first give somebody else who can sign in roles/admin, without accounts, region or until");
}
