/* SPDX-License-Identifier: Apache-2.0
 *
 * "May user U do P on R, and why", "who may", "which role may what": the same decision as everywhere, told binding by binding. All of it is about the present.
 */
#include "kam/v1/access.pb-c.h"

#include "server/domain/domain.h"
#include "server/domain/permissions.h"

#include <stdlib.h>

enum { CALLER_BYTES = 1 << 20 };

/* ---- what all questions share ------------------------------------------------------------------------------------------------ */

struct question {
	const char *permission;
	const char *name; /* NULL: on anything */
};

/* Hidden is missing, for admins too: what is not there for the asker cannot be asked about. */
static bool read_question(struct call *call, const char *permission, const char *resource, struct question *ret_question)
{
	struct store_record record;
	struct decision read;
	call->as_of = 0;
	*ret_question = (struct question){permission, *resource ? resource : NULL};
	if (!permission_check(call, permission, "permission")) {
		return false;
	}
	if (*resource && (strstr(resource, "/-") || !schema_resource_of_name(call->engine->schema, resource))) {
		return status_field(call->status, "resource", "\"%.100s\" is not the name of a resource", resource);
	}
	return !*resource || call_read(call, resource, &record, &read) || (status_ok(call->status) && call_not_found(call, resource));
}

/* Other people's bindings: only for those who may read bindings of everybody. */
static bool check_asker(struct call *call)
{
	return call_decide(call, "access.check", "bindings/any", (struct bytes){0}).allowed ||
	       status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED",
	                   "you may ask about yourself only: no role of yours has access.check on everything");
}

static struct decision answer(struct call *call, const struct caller *user, const struct question *question)
{
	if (question->name) {
		return decide(&call->engine->access, call->view, user, question->permission, question->name, (struct bytes){0}, call->now_us, NULL);
	}
	return (struct decision){decide_any(user, question->permission, call->now_us), decide_groups(user, question->permission, call->now_us)};
}

/* The groups of a set. */
static Kam__V1__FieldGroup *list_groups(struct call *call, schema_groups groups, size_t *ret_count)
{
	Kam__V1__FieldGroup *list = arena_calloc(call->arena, GROUP_COUNT, sizeof *list);
	*ret_count = 0;
	for (int group = GROUP_PUBLIC; list && group <= GROUP_STRATEGY; group++) {
		if (groups & (1u << group)) {
			list[(*ret_count)++] = (Kam__V1__FieldGroup)group;
		}
	}
	return list;
}

/* What each grant decides. `allowing`: only those that allow. */
static Kam__V1__AccessStep **make_steps(struct call *call, const struct caller *user, const struct question *question, bool allowing, size_t *ret_count)
{
	Kam__V1__AccessStep **steps = arena_calloc(call->arena, user->grants_count + 1, sizeof *steps);
	*ret_count = 0;
	for (size_t i = 0; steps && i < user->grants_count; i++) {
		const struct grant *grant = &user->grants[i];
		struct decide_step step;
		decide_explain(&call->engine->access, call->view, user, grant, question->permission, question->name, call->now_us, &step);
		Kam__V1__AccessStep *row = allowing && !step.allowed ? NULL : arena_alloc(call->arena, sizeof *row);
		if (!row) {
			continue;
		}
		kam__v1__access_step__init(row);
		row->binding = arena_strdup(call->arena, grant->binding);
		row->role = arena_strdup(call->arena, grant->role);
		row->scope = (Kam__V1__Scope)grant->scope;
		row->allowed = step.allowed;
		row->reason = arena_strdup(call->arena, step.reason);
		row->hidden_groups = list_groups(call, ~grant->groups, &row->n_hidden_groups);
		steps[(*ret_count)++] = row;
	}
	return steps;
}

/* ---- CheckAccess ------------------------------------------------------------------------------------------------------------- */

/* The user asked about, as they are now. Status failed where the asker may not ask, or cannot be told. */
static bool load_user(struct call *call, const char *who, struct caller *ret_user)
{
	struct store_record record;
	struct decision read;
	if (!check_asker(call)) {
		return false;
	}
	if (!call_read(call, who, &record, &read)) {
		return status_ok(call->status) && call_not_found(call, who);
	}
	if (!caller_load(&call->engine->access, call->view, who, call->arena, ret_user, call->status)) {
		if (call->status->code == STATUS_UNAUTHENTICATED) {
			status_init(call->status);
			return status_fail(call->status, STATUS_FAILED_PRECONDITION, "USER_DISABLED", "%s is disabled or deleted and may do nothing", who);
		}
		return false;
	}
	return true;
}

static bool check_access(struct call *call)
{
	const Kam__V1__CheckAccessRequest *request = (const void *)call->request;
	const char *who = *request->user ? request->user : call->caller->user;
	struct caller user = *call->caller;
	struct question question;
	if (!read_question(call, request->permission, request->resource, &question) ||
	    (strcmp(who, call->caller->user) != 0 && !load_user(call, who, &user))) {
		return false;
	}
	struct decision decision = answer(call, &user, &question);
	Kam__V1__CheckAccessResponse response = KAM__V1__CHECK_ACCESS_RESPONSE__INIT;
	response.allowed = decision.allowed;
	response.visible_groups = list_groups(call, decision.groups, &response.n_visible_groups);
	response.hidden_groups = list_groups(call, ~decision.groups, &response.n_hidden_groups);
	response.steps = make_steps(call, &user, &question, false, &response.n_steps);
	const char *through = "being the user it is about";
	for (size_t i = response.n_steps; i > 0; i--) {
		through = response.steps[i - 1]->allowed ? response.steps[i - 1]->binding : through;
	}
	response.reason = arena_printf(call->arena, "%s %s %s%s%s%s%s", who, decision.allowed ? "may" : "may not", question.permission, question.name ? " on " : "",
	                               question.name ? question.name : "", decision.allowed ? " through " : ": no binding allows it", decision.allowed ? through : "");
	return call_reply(call, &response.base);
}

/* ---- ListPermittedUsers --------------------------------------------------------------------------------------------------------- */

struct permitted {
	struct call *call;
	struct question question;
	struct arena scratch; /* of one user */
	Kam__V1__PermittedUser **users;
	size_t count, most;
};

static bool visit_user(void *context, const char *name, const struct store_record *record)
{
	struct permitted *permitted = context;
	struct call *call = permitted->call;
	struct caller user;
	STATUS_SCRATCH(st);
	arena_reset(&permitted->scratch);
	if (record->operation == STORE_DELETE || !caller_load(&call->engine->access, call->view, name, &permitted->scratch, &user, &st)) {
		/* Who is disabled may do nothing; anything else must not pass for "may not". */
		return status_ok(&st) || st.code == STATUS_UNAUTHENTICATED || status_fail(call->status, st.code, st.reason, "%s", st.message);
	}
	struct decision decision = answer(call, &user, &permitted->question);
	if (!decision.allowed) {
		return true;
	}
	Kam__V1__PermittedUser *row = arena_alloc(call->arena, sizeof *row);
	if (!row) {
		return call_no_memory(call);
	}
	kam__v1__permitted_user__init(row);
	row->user = arena_strdup(call->arena, name);
	row->steps = make_steps(call, &user, &permitted->question, true, &row->n_steps);
	row->visible_groups = list_groups(call, decision.groups, &row->n_visible_groups);
	row->hidden_groups = list_groups(call, ~decision.groups, &row->n_hidden_groups);
	permitted->users[permitted->count++] = row;
	return permitted->count <= permitted->most; /* one more says that there is a next page */
}

static bool list_permitted_users(struct call *call)
{
	const Kam__V1__ListPermittedUsersRequest *request = (const void *)call->request;
	Kam__V1__ListPermittedUsersResponse response = KAM__V1__LIST_PERMITTED_USERS_RESPONSE__INIT;
	struct permitted permitted = {.call = call, .most = LIMIT_PAGE_SIZE_DEFAULT};
	const char *query = arena_printf(call->arena, "%s %s", request->permission, request->resource), *after = NULL;
	struct bytes position;
	if (!query || !check_asker(call) || !read_question(call, request->permission, request->resource, &permitted.question)) {
		return false;
	}
	if (*request->page_token) {
		if (!page_token_read(call, bytes_of(query), request->page_token, &position)) {
			return false;
		}
		after = arena_strndup(call->arena, (const char *)position.data, position.size);
	}
	if (request->page_size > 0) {
		permitted.most = request->page_size < (int32_t)LIMIT_PAGE_SIZE_MAX ? (size_t)request->page_size : LIMIT_PAGE_SIZE_MAX;
	}
	permitted.users = arena_calloc(call->arena, permitted.most + 1, sizeof *permitted.users);
	if (!permitted.users) {
		return call_no_memory(call);
	}
	arena_init(&permitted.scratch, CALLER_BYTES);
	bool scanned = store_scan(call->view, "users", after, 0, visit_user, &permitted, call->status);
	arena_done(&permitted.scratch);
	if (!scanned || !status_ok(call->status)) {
		return false;
	}
	if (permitted.count > permitted.most) {
		permitted.count = permitted.most;
		response.next_page_token = (char *)(uintptr_t)page_token_make(call, bytes_of(query), bytes_of(permitted.users[permitted.count - 1]->user));
	}
	response.users = permitted.users;
	response.n_users = permitted.count;
	return call_reply(call, &response.base);
}

/* ---- GetAccessMatrix --------------------------------------------------------------------------------------------------------------- */

static bool role_has(const Kam__V1__Role *role, const char *permission)
{
	for (size_t i = 0; i < role->n_permissions; i++) {
		if (permission_matches(role->permissions[i], permission)) {
			return true;
		}
	}
	return false;
}

/* Appends to a list that doubles when its length is a power of two. */
static bool push(struct call *call, char ***list, size_t *count, char *text)
{
	if ((*count & (*count - 1)) == 0) {
		char **grown = arena_alloc(call->arena, (*count ? 2 * *count : 1) * sizeof *grown);
		if (!grown) {
			return call_no_memory(call);
		}
		if (*count) {
			memcpy(grown, *list, *count * sizeof *grown);
		}
		*list = grown;
	}
	(*list)[(*count)++] = text;
	return true;
}

static bool visit_role(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	Kam__V1__GetAccessMatrixResponse *response = context;
	const Kam__V1__Role *role = (const void *)message;
	char *copy = arena_strdup(call->arena, name);
	(void)groups, (void)scratch;
	if (!copy || !push(call, &response->roles, &response->n_roles, copy)) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < response->n_rows; i++) {
		Kam__V1__AccessMatrixRow *row = response->rows[i];
		if (*row->permission && role_has(role, row->permission) && !push(call, &row->roles, &row->n_roles, copy)) {
			return false;
		}
	}
	return true;
}

static int compare_rows(const void *one, const void *other)
{
	const Kam__V1__AccessMatrixRow *const *a = one, *const *b = other;
	return strcmp((*a)->method, (*b)->method);
}

static bool get_access_matrix(struct call *call)
{
	Kam__V1__GetAccessMatrixResponse response = KAM__V1__GET_ACCESS_MATRIX_RESPONSE__INIT;
	const struct schema *schema = call->engine->schema;
	size_t count = schema_methods_count(schema);
	Kam__V1__AccessMatrixRow *rows = arena_alloc(call->arena, count * sizeof *rows);
	call->as_of = 0;
	response.rows = arena_calloc(call->arena, count, sizeof *response.rows);
	if (!rows || !response.rows) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < count; i++) {
		const struct schema_method *method = schema_method_at(schema, i);
		kam__v1__access_matrix_row__init(&rows[i]);
		rows[i].method = (char *)(uintptr_t)(method->path + 1);
		rows[i].permission = (char *)(uintptr_t)(method->permission ? method->permission : "");
		rows[i].audience = (Kam__V1__Audience)method->audience;
		rows[i].writes = method->writes;
		response.rows[response.n_rows++] = &rows[i];
	}
	qsort(response.rows, count, sizeof *response.rows, compare_rows);
	return call_each(call, "roles", visit_role, &response) && call_reply(call, &response.base);
}

/* ---- CompareRoles ------------------------------------------------------------------------------------------------------------------ */

static const Kam__V1__Role *read_role(struct call *call, const char *name, const char *field)
{
	if (schema_resource_of_name(call->engine->schema, name) != schema_resource_find(call->engine->schema, "roles") || strstr(name, "/-")) {
		status_field(call->status, field, "\"%.100s\" is not the name of one role; write it as roles/{role}", name);
		return NULL;
	}
	const Kam__V1__Role *role = (const void *)call_read_message(call, name);
	if (status_ok(call->status) && (!role || role->delete_time)) {
		call_not_found(call, name);
		return NULL;
	}
	return role;
}

static schema_groups groups_of(const Kam__V1__Role *role)
{
	schema_groups groups = 0;
	for (size_t i = 0; i < role->n_field_groups; i++) {
		groups |= (int)role->field_groups[i] > 0 && (int)role->field_groups[i] < GROUP_COUNT ? 1u << role->field_groups[i] : 0;
	}
	return groups;
}

static bool compare_roles(struct call *call)
{
	const Kam__V1__CompareRolesRequest *request = (const void *)call->request;
	const Kam__V1__Role *a = read_role(call, request->role_a, "role_a"), *b = a ? read_role(call, request->role_b, "role_b") : NULL;
	const char **all = b ? permissions_all(call->engine->schema, call->arena) : NULL;
	Kam__V1__CompareRolesResponse response = KAM__V1__COMPARE_ROLES_RESPONSE__INIT;
	if (!all) {
		return status_ok(call->status) && call_no_memory(call);
	}
	response.scope_a = a->scope;
	response.scope_b = b->scope;
	response.field_groups_a = list_groups(call, groups_of(a) & ~groups_of(b), &response.n_field_groups_a);
	response.field_groups_b = list_groups(call, groups_of(b) & ~groups_of(a), &response.n_field_groups_b);
	for (; *all; all++) {
		bool has_a = role_has(a, *all), has_b = role_has(b, *all);
		char *permission = (char *)(uintptr_t)*all;
		if ((has_a && !has_b && !push(call, &response.permissions_a, &response.n_permissions_a, permission)) ||
		    (has_b && !has_a && !push(call, &response.permissions_b, &response.n_permissions_b, permission))) {
			return false;
		}
	}
	return call_reply(call, &response.base);
}

static const struct method_row methods[] = {
	{"/kam.v1.AccessService/CheckAccess", check_access, NULL},
	{"/kam.v1.AccessService/ListPermittedUsers", list_permitted_users, NULL},
	{"/kam.v1.AccessService/GetAccessMatrix", get_access_matrix, NULL},
	{"/kam.v1.AccessService/CompareRoles", compare_roles, NULL},
};

const struct domain domain_access = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
