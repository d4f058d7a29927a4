/* SPDX-License-Identifier: Apache-2.0
 *
 * kam access: may this user do that, who may, which role may what, and how two roles differ.
 */
#include "client/cli/noun.h"

#include "kam/v1/access.pb-c.h"

#include <stdio.h>

/* What check and who are asked about. */
static bool read_question(struct cli *cli, const char **ret_permission, const char **ret_resource, struct status *st)
{
	const char *resource = args_place(&cli->args, 0);
	*ret_permission = args_text(&cli->args, "permission");
	*ret_resource = resource ? resource : "";
	if (!*ret_permission) {
		return usage_fail(st, "--permission is needed: kam %s --permission accounts.update accounts/acme", cli->command->words);
	}
	return !resource || schema_resource_of_name(cli->schema, resource) ||
	       usage_fail(st, "\"%s\" is not the name of a resource: write it whole, such as accounts/acme", resource);
}

/* "personal, strategy" of the groups that stay hidden, or "nothing". */
static const char *hidden_words(struct cli *cli, const ProtobufCMessage *message)
{
	const char *words = output_words(cli, message, "hidden_groups", &cli->arena);
	return words[0] ? words : "nothing";
}

/* ---- check --------------------------------------------------------------------------------------------------------------------- */

static void print_check(struct cli *cli, const Kam__V1__CheckAccessResponse *reply)
{
	printf("%s: %s\n", reply->allowed ? "Yes" : "No", text_clean(reply->reason, &cli->arena));
	for (size_t i = 0; i < reply->n_steps; i++) {
		const Kam__V1__AccessStep *step = reply->steps[i];
		printf("  %s %s -> %s -> scope %s -> hides %s\n", step->allowed ? "+" : "-", text_clean(step->binding, &cli->arena),
		       text_clean(step->role, &cli->arena), output_words(cli, &step->base, "scope", &cli->arena), hidden_words(cli, &step->base));
		printf("      %s\n", text_clean(step->reason, &cli->arena));
	}
	if (reply->n_visible_groups > 0) {
		printf("Sees: %s\n", output_words(cli, &reply->base, "visible_groups", &cli->arena));
	}
	if (reply->allowed) {
		printf("Hidden: %s\n", hidden_words(cli, &reply->base));
	}
}

bool access_check_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AccessService/CheckAccess");
	const char *user = args_text(&cli->args, "user"), *permission, *resource;
	Kam__V1__CheckAccessRequest request = KAM__V1__CHECK_ACCESS_REQUEST__INIT;
	ProtobufCMessage *message;
	if (!read_question(cli, &permission, &resource, st)) {
		return false;
	}
	if (user && !(user = name_resolve(cli, schema_resource_find(cli->schema, "users"), user, st))) {
		return false;
	}
	request.user = (char *)(uintptr_t)(user ? user : "");
	request.permission = (char *)(uintptr_t)permission;
	request.resource = (char *)(uintptr_t)resource;
	if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const Kam__V1__CheckAccessResponse *reply = (const Kam__V1__CheckAccessResponse *)message;
	cli->exit_code = reply->allowed ? EXIT_OK : EXIT_DENIED;
	if (cli->output.format != OUTPUT_TABLE && cli->output.format != OUTPUT_WIDE) {
		return output_message(cli, method->output, message, st);
	}
	print_check(cli, reply);
	return output_check(st);
}

/* ---- who ------------------------------------------------------------------------------------------------------------------------- */

/* A row for each binding through which somebody may. */
static void add_permitted(struct cli *cli, struct records *records, const Kam__V1__PermittedUser *user)
{
	for (size_t i = 0; i < user->n_steps; i++) {
		const Kam__V1__AccessStep *step = user->steps[i];
		records_row(records, (const char *const[]){user->user, step->binding, step->role, output_words(cli, &step->base, "scope", &cli->arena),
		                                           output_words(cli, &step->base, "hidden_groups", &cli->arena), step->reason}, NULL);
	}
	if (user->n_steps == 0) {
		records_row(records, (const char *const[]){user->user, "", "", "", "", "it is about themselves"}, NULL);
	}
}

bool access_who_run(struct cli *cli, struct status *st)
{
	static const struct record_column columns[] = {{.name = "user"},  {.name = "binding"}, {.name = "role"},
	                                               {.name = "scope"}, {.name = "hidden"},  {.name = "reason", .wrap = true}};
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AccessService/ListPermittedUsers");
	const char *permission, *resource;
	Kam__V1__ListPermittedUsersRequest request = KAM__V1__LIST_PERMITTED_USERS_REQUEST__INIT;
	if (!read_question(cli, &permission, &resource, st)) {
		return false;
	}
	request.permission = (char *)(uintptr_t)permission;
	request.resource = (char *)(uintptr_t)resource;
	request.page_size = 1000;
	struct records *records = NULL;
	do {
		ProtobufCMessage *message;
		if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
			return false;
		}
		const Kam__V1__ListPermittedUsersResponse *reply = (const Kam__V1__ListPermittedUsersResponse *)message;
		records = records ? records : records_new(cli, columns, sizeof columns / sizeof columns[0]);
		for (size_t i = 0; records && i < reply->n_users; i++) {
			add_permitted(cli, records, reply->users[i]);
		}
		request.page_token = reply->next_page_token;
	} while (request.page_token[0] && records);
	return records ? records_end(records, st) : status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

/* ---- matrix ----------------------------------------------------------------------------------------------------------------------- */

static bool has_role(const Kam__V1__AccessMatrixRow *row, const char *role)
{
	for (size_t i = 0; i < row->n_roles; i++) {
		if (strcmp(row->roles[i], role) == 0) {
			return true;
		}
	}
	return false;
}

/* What a role may do with a method: "yes", "own" where everybody signed in has it about themselves, or nothing. */
static const char *cell(const Kam__V1__AccessMatrixRow *row, const char *role)
{
	bool granted = row->permission[0] && has_role(row, role);
	switch (row->audience) {
	case KAM__V1__AUDIENCE__AUDIENCE_ANONYMOUS:
		return "yes";
	case KAM__V1__AUDIENCE__AUDIENCE_SIGNED_IN:
		return granted ? "yes" : "own";
	default:
		return granted ? "yes" : "";
	}
}

bool access_matrix_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AccessService/GetAccessMatrix");
	Kam__V1__GetAccessMatrixRequest request = KAM__V1__GET_ACCESS_MATRIX_REQUEST__INIT;
	ProtobufCMessage *message;
	if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const Kam__V1__GetAccessMatrixResponse *reply = (const Kam__V1__GetAccessMatrixResponse *)message;
	enum { FIXED = 3 };
	size_t count = FIXED + reply->n_roles;
	struct record_column *columns = arena_calloc(&cli->arena, count, sizeof *columns);
	const char **cells = arena_calloc(&cli->arena, count, sizeof *cells);
	if (!columns || !cells) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	columns[0].name = "method";
	columns[1].name = "permission";
	columns[2].name = "anonymous";
	for (size_t i = 0; i < reply->n_roles; i++) {
		columns[FIXED + i].name = output_last_segment(reply->roles[i]);
	}
	struct records *records = records_new(cli, columns, count);
	for (size_t i = 0; records && i < reply->n_rows; i++) {
		const Kam__V1__AccessMatrixRow *row = reply->rows[i];
		cells[0] = strncmp(row->method, "kam.v1.", 7) == 0 ? row->method + 7 : row->method;
		cells[1] = row->permission;
		cells[2] = row->audience == KAM__V1__AUDIENCE__AUDIENCE_ANONYMOUS ? "yes" : "";
		for (size_t k = 0; k < reply->n_roles; k++) {
			cells[FIXED + k] = cell(row, reply->roles[k]);
		}
		records_row(records, cells, NULL);
	}
	return records ? records_end(records, st) : status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

/* ---- diff --------------------------------------------------------------------------------------------------------------------------- */

static void add_groups(struct records *records, const Kam__V1__FieldGroup *groups, size_t count, bool first)
{
	for (size_t i = 0; i < count; i++) {
		const char *group = schema_group_name((enum schema_group)groups[i]);
		records_row(records, (const char *const[]){"field group", group, first ? "yes" : "", first ? "" : "yes"}, NULL);
	}
}

static void add_permissions(struct records *records, char **permissions, size_t count, bool first)
{
	for (size_t i = 0; i < count; i++) {
		records_row(records, (const char *const[]){"permission", permissions[i], first ? "yes" : "", first ? "" : "yes"}, NULL);
	}
}

bool access_diff_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AccessService/CompareRoles");
	const struct schema_resource *roles = schema_resource_find(cli->schema, "roles");
	const char *a = name_resolve(cli, roles, args_place(&cli->args, 0), st), *b = a ? name_resolve(cli, roles, args_place(&cli->args, 1), st) : NULL;
	Kam__V1__CompareRolesRequest request = KAM__V1__COMPARE_ROLES_REQUEST__INIT;
	ProtobufCMessage *message;
	if (!b) {
		return false;
	}
	request.role_a = (char *)(uintptr_t)a;
	request.role_b = (char *)(uintptr_t)b;
	if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const Kam__V1__CompareRolesResponse *reply = (const Kam__V1__CompareRolesResponse *)message;
	const struct record_column columns[] = {{.name = "what"}, {.name = "which"}, {.name = output_last_segment(a)}, {.name = output_last_segment(b)}};
	struct records *records = records_new(cli, columns, sizeof columns / sizeof columns[0]);
	if (!records) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	if (reply->scope_a != reply->scope_b) {
		records_row(records, (const char *const[]){"scope", "", output_words(cli, message, "scope_a", &cli->arena), output_words(cli, message, "scope_b", &cli->arena)},
		            NULL);
	}
	add_groups(records, reply->field_groups_a, reply->n_field_groups_a, true);
	add_groups(records, reply->field_groups_b, reply->n_field_groups_b, false);
	add_permissions(records, reply->permissions_a, reply->n_permissions_a, true);
	add_permissions(records, reply->permissions_b, reply->n_permissions_b, false);
	return records_end(records, st);
}
