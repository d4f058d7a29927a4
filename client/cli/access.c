/* SPDX-License-Identifier: Apache-2.0
 *
 * kam access check: may this user do that, and why.
 */
#include "client/cli/cli.h"

#include "common/schema/value.h"
#include "kam/v1/access.pb-c.h"

#include <stdio.h>

bool access_check_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AccessService/CheckAccess");
	const char *user = args_text(&cli->args, "user"), *permission = args_text(&cli->args, "permission"), *resource = args_place(&cli->args, 0);
	Kam__V1__CheckAccessRequest request = KAM__V1__CHECK_ACCESS_REQUEST__INIT;
	ProtobufCMessage *message;
	if (!permission) {
		return usage_fail(st, "--permission is needed: kam access check --permission accounts.update accounts/acme");
	}
	if (resource && !schema_resource_of_name(cli->schema, resource)) {
		return usage_fail(st, "\"%s\" is not the name of a resource: write it whole, such as accounts/acme", resource);
	}
	if (user) {
		request.user = strchr(user, '/') ? arena_strdup(&cli->arena, user) : arena_printf(&cli->arena, "users/%s", user);
	}
	request.permission = (char *)(uintptr_t)permission;
	if (resource) {
		request.resource = (char *)(uintptr_t)resource;
	}
	if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	if (cli->output.format != OUTPUT_TABLE && cli->output.format != OUTPUT_WIDE) {
		return output_message(cli, method->output, message, st);
	}
	const Kam__V1__CheckAccessResponse *reply = (const Kam__V1__CheckAccessResponse *)message;
	printf("%s: %s\n", reply->allowed ? "Yes" : "No", text_clean(reply->reason, &cli->arena));
	for (size_t i = 0; i < reply->n_steps; i++) {
		const Kam__V1__AccessStep *step = reply->steps[i];
		printf("  %s %s (%s): %s\n", step->allowed ? "+" : "-", text_clean(step->role, &cli->arena), text_clean(step->binding, &cli->arena),
		       text_clean(step->reason, &cli->arena));
	}
	if (reply->n_visible_groups > 0) {
		printf("Sees: %s\n", output_words(cli, message, "visible_groups", &cli->arena));
	}
	if (reply->n_hidden_groups > 0) {
		printf("Hidden: %s\n", output_words(cli, message, "hidden_groups", &cli->arena));
	}
	return output_check(st);
}
