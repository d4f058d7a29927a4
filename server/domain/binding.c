/* SPDX-License-Identifier: Apache-2.0
 *
 * Bindings: whatever is changed, somebody can still administer afterwards.
 */
#include "kam/v1/binding.pb-c.h"

#include "server/domain/admins.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

/* The whole of roles/admin, for good. */
static bool administers(const Kam__V1__Binding *binding)
{
	return strcmp(binding->role, "roles/admin") == 0 && binding->n_accounts == 0 && !*binding->region && !*binding->until;
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Binding *before = (const void *)old, *after = (const void *)new;
	bool kept = before && administers(after) && strcmp(before->user, after->user) == 0;
	return !before || !administers(before) || kept || admins_remain(call, before->name, NULL);
}

static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	return !administers((const void *)old) || admins_remain(call, name, NULL);
}

/* "jane-sponsor": who reads a list of bindings knows what each is. */
static const char *suggest_id(struct call *call, const ProtobufCMessage *new)
{
	const Kam__V1__Binding *binding = (const void *)new;
	const char *id = arena_printf(call->arena, "%s-%s", name_last(binding->user), name_last(binding->role));
	return id && name_id_valid(id, strlen(id)) ? id : NULL;
}

static const struct noun nouns[] = {{.collection = "bindings", .check = check, .suggest_id = suggest_id, .check_delete = check_delete}};

const struct domain domain_binding = {nouns, 1, NULL, 0};
