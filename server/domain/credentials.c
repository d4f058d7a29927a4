/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/credentials.h"

#include "kam/v1/standard.pb-c.h"

#include <string.h>

bool credentials_delete(struct call *call)
{
	const Kam__V1__DeleteRequest *request = (const void *)call->request;
	struct store_record record;
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, request->name);
	if (resource != call->method->resource || !call_decide(call, call->method->permission, request->name, (struct bytes){0}).allowed ||
	    !changes_get(call->changes, call->view, request->name, &record, call->status)) {
		return status_ok(call->status) && call_not_found(call, request->name);
	}
	call_put_resource(call, &call->reply, resource->type, request->name, &record, GROUPS_ALL);
	call->replied = true;
	return request->validate_only || changes_put(call->changes, call->view, request->name, STORE_PURGE, (struct bytes){0}, call->status);
}

struct ending {
	struct call *call;
	const char *keep;
};

static bool visit(void *context, const char *name, const struct store_record *record)
{
	struct ending *ending = context;
	(void)record;
	return strcmp(name, ending->keep) == 0 ||
	       changes_put(ending->call->changes, ending->call->view, name, STORE_PURGE, (struct bytes){0}, ending->call->status);
}

static bool end_all(struct call *call, const char *user, const char *collection, const char *keep)
{
	struct ending ending = {call, keep};
	char *pattern = arena_printf(call->arena, "%s/%s", user, collection);
	return pattern && store_scan(call->view, pattern, NULL, 0, visit, &ending, call->status) && status_ok(call->status);
}

bool credentials_end_sessions(struct call *call, const char *user, const char *keep)
{
	return end_all(call, user, "sessions", keep);
}

bool credentials_end_tokens(struct call *call, const char *user)
{
	return end_all(call, user, "tokens", "");
}
