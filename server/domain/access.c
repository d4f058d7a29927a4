/* SPDX-License-Identifier: Apache-2.0
 *
 * "May user U do P on R, and why": the same decision as everywhere, told binding by binding.
 */
#include "kam/v1/access.pb-c.h"

#include "server/domain/domain.h"

static bool set_groups(struct call *call, Kam__V1__CheckAccessResponse *response, schema_groups groups)
{
	response->visible_groups = arena_calloc(call->arena, GROUP_COUNT, sizeof *response->visible_groups);
	response->hidden_groups = arena_calloc(call->arena, GROUP_COUNT, sizeof *response->hidden_groups);
	if (!response->visible_groups || !response->hidden_groups) {
		return call_no_memory(call);
	}
	for (int group = GROUP_PUBLIC; group <= GROUP_STRATEGY; group++) {
		if (groups & (1u << group)) {
			response->visible_groups[response->n_visible_groups++] = (Kam__V1__FieldGroup)group;
		} else {
			response->hidden_groups[response->n_hidden_groups++] = (Kam__V1__FieldGroup)group;
		}
	}
	return true;
}

/* `hidden`: the asker may not read the resource, so the reasons do not tell why it is out of reach, or whether it is there. */
static bool add_steps(struct call *call, const struct caller *user, const char *permission, const char *name, bool hidden, Kam__V1__CheckAccessResponse *response)
{
	response->steps = arena_calloc(call->arena, user->grants_count + 1, sizeof *response->steps);
	for (size_t i = 0; response->steps && i < user->grants_count; i++) {
		struct decide_step step;
		Kam__V1__AccessStep *row = arena_alloc(call->arena, sizeof *row);
		if (!row) {
			break;
		}
		decide_explain(&call->engine->access, call->view, user, &user->grants[i], permission, name, call->now_us, &step);
		kam__v1__access_step__init(row);
		row->binding = (char *)(uintptr_t)user->grants[i].binding;
		row->role = (char *)(uintptr_t)user->grants[i].role;
		row->scope = (Kam__V1__Scope)user->grants[i].scope;
		row->allowed = step.allowed;
		bool lacks = hidden && decide_any(&(struct caller){.grants = &user->grants[i], .grants_count = 1}, permission, call->now_us);
		row->reason = lacks ? arena_printf(call->arena, "%s has %s but does not reach this resource, or there is none", user->grants[i].role, permission)
		                    : arena_strdup(call->arena, step.reason);
		response->steps[response->n_steps++] = row;
	}
	return response->steps || call_no_memory(call);
}

static bool check_access(struct call *call)
{
	const Kam__V1__CheckAccessRequest *request = (const void *)call->request;
	const char *name = *request->resource ? request->resource : NULL;
	const char *who = *request->user ? request->user : call->caller->user;
	struct caller user = *call->caller;
	if (strcmp(who, call->caller->user) != 0) {
		/* Other people's bindings: only for those who may read bindings of everybody. */
		if (!call_decide(call, "access.check", "bindings/any", (struct bytes){0}).allowed) {
			return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED",
			                   "you may ask about yourself only: no role of yours has access.check on everything");
		}
		if (!caller_load(&call->engine->access, call->view, who, call->arena, &user, call->status)) {
			if (call->status->code == STATUS_UNAUTHENTICATED) {
				status_init(call->status);
				return status_fail(call->status, STATUS_FAILED_PRECONDITION, "USER_DISABLED", "%s is disabled or deleted and may do nothing", who);
			}
			return false;
		}
	}
	if (name && !schema_resource_of_name(call->engine->schema, name)) {
		return status_field(call->status, "resource", "\"%.100s\" is not the name of a resource", name);
	}
	Kam__V1__CheckAccessResponse response = KAM__V1__CHECK_ACCESS_RESPONSE__INIT;
	struct decision decision = {0};
	if (name) {
		decision = decide(&call->engine->access, call->view, &user, request->permission, name, (struct bytes){0}, call->now_us, NULL);
	} else {
		decision.allowed = decide_any(&user, request->permission, call->now_us);
		decision.groups = decide_groups(&user, request->permission, call->now_us);
	}
	response.allowed = decision.allowed;
	bool hidden = name && !decision.allowed && !call_decide_verb(call, schema_resource_of_name(call->engine->schema, name), "read", name).allowed;
	if (!set_groups(call, &response, decision.groups) || !add_steps(call, &user, request->permission, name, hidden, &response)) {
		return false;
	}
	const char *through = NULL;
	for (size_t i = 0; i < response.n_steps && !through; i++) {
		through = response.steps[i]->allowed ? response.steps[i]->binding : NULL;
	}
	response.reason = arena_printf(call->arena, "%s %s %s%s%s: %s%s", who, decision.allowed ? "may" : "may not", request->permission, name ? " on " : "",
	                               name ? name : "", decision.allowed ? "through " : "", decision.allowed ? (through ? through : "being the user it is about")
	                                                                                                      : "no binding allows it");
	return call_reply(call, &response.base);
}

static const struct method_row methods[] = {{"/kam.v1.AccessService/CheckAccess", check_access, NULL}};

const struct domain domain_access = {.methods = methods, .methods_count = 1};
