/* SPDX-License-Identifier: Apache-2.0
 *
 * login, logout, whoami, context: who one is, and where.
 */
#include "client/cli/cli.h"
#include "client/cli/login_oidc.h"

#include "common/schema/value.h"
#include "kam/v1/session.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- login --------------------------------------------------------------------------------------------------------------------------------- */

/* A file that is kept in the context is found from everywhere. */
static bool full_path(struct cli *cli, const char *option, const char **file, struct status *st)
{
	if (!*file) {
		return true;
	}
	char *full = realpath(*file, NULL);
	if (!full) {
		return usage_fail(st, "--%s: there is no file %s", option, *file);
	}
	*file = arena_strdup(&cli->arena, full);
	free(full);
	return *file || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

/* A sign-in at another server than the current context's makes a context of its own, named after the server, unless --context says otherwise. */
static bool choose_context(struct cli *cli, struct contexts *contexts, struct status *st)
{
	struct context *context = &cli->context;
	if (!context->server) {
		return usage_fail(st, "which server? Give --server HOST:PORT");
	}
	const struct context *stored = contexts_find(contexts, context->name);
	const char *asked = getenv("KAM_CONTEXT");
	bool chosen = args_given(&cli->args, "context") || (asked && asked[0] != '\0');
	if (!chosen && stored && stored->server && strcmp(stored->server, context->server) != 0) {
		context->name = context->server;
		if (!context_name_valid(context->name)) {
			return usage_fail(st, "the context %s is of another server: give this one a name with --context", stored->name);
		}
	}
	return full_path(cli, "ca", &context->ca_file, st) && full_path(cli, "cert", &context->cert_file, st) && full_path(cli, "key", &context->key_file, st);
}

static bool keep_token(struct cli *cli, const char *token, struct status *st)
{
	if (cli->context.token_given) {
		return true;
	}
	return context_token_write(&cli->context, token, &cli->arena, st);
}

static bool by_password(struct cli *cli, const char *user, const char **ret_user, const char **ret_token, struct status *st)
{
	const char *question = arena_printf(&cli->arena, "Password of %s at %s:", user, cli->context.server);
	const char *password = cli_password(cli, "password-file", question ? question : "Password:", st);
	Kam__V1__SignInRequest request = KAM__V1__SIGN_IN_REQUEST__INIT;
	ProtobufCMessage *message;
	request.user = (char *)(uintptr_t)user;
	request.password = (char *)(uintptr_t)password;
	if (!password || !cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/SignIn"), &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	*ret_user = strncmp(user, "users/", 6) == 0 ? user + 6 : user;
	*ret_token = ((const Kam__V1__SignInResponse *)message)->token;
	return true;
}

static bool by_id_token(struct cli *cli, const char **ret_user, const char **ret_token, struct status *st)
{
	Kam__V1__SignInWithIdTokenRequest request = KAM__V1__SIGN_IN_WITH_ID_TOKEN_REQUEST__INIT;
	ProtobufCMessage *message;
	bool browser = args_given(&cli->args, "oidc");
	request.id_token = (char *)(uintptr_t)(browser ? login_oidc_token(cli, st) : cli_password(cli, "id-token-file", "", st));
	if (!request.id_token || !cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/SignInWithIdToken"), &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const Kam__V1__SignInResponse *reply = (const Kam__V1__SignInResponse *)message;
	const char *name = reply->session ? reply->session->name : "", *id = strncmp(name, "users/", 6) == 0 ? name + 6 : "";
	*ret_user = arena_strndup(&cli->arena, id, strcspn(id, "/"));
	*ret_token = reply->token;
	return *ret_user || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

/* There is no session: the certificate is shown at each connection. Who that makes us says the server. */
static bool by_certificate(struct cli *cli, const char **ret_user, struct status *st)
{
	Kam__V1__WhoAmIRequest request = KAM__V1__WHO_AM_IREQUEST__INIT;
	ProtobufCMessage *message;
	if (!cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/WhoAmI"), &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const Kam__V1__WhoAmIResponse *reply = (const Kam__V1__WhoAmIResponse *)message;
	*ret_user = reply->user ? output_last_segment(reply->user->name) : "";
	return true;
}

/* By which of the three, as the command line says it. */
static bool sign_in(struct cli *cli, const char **ret_user, const char **ret_token, struct status *st)
{
	const char *user = args_place(&cli->args, 0);
	bool id_token = args_given(&cli->args, "id-token-file") || args_given(&cli->args, "oidc");
	if (user && id_token) {
		return usage_fail(st, "--oidc, --id-token-file and USER: the token says who you are, leave USER out");
	}
	if (!user && !id_token && !cli->context.cert_file) {
		return usage_fail(st, "who? Give USER, --oidc, --id-token-file FILE or --cert FILE");
	}
	if (!cli_connect(cli, false, st)) {
		return false;
	}
	return user ? by_password(cli, user, ret_user, ret_token, st) : id_token ? by_id_token(cli, ret_user, ret_token, st) : by_certificate(cli, ret_user, st);
}

bool login_run(struct cli *cli, struct status *st)
{
	struct contexts contexts;
	const char *token = NULL;
	if (!contexts_read(&cli->arena, &contexts, st) || !choose_context(cli, &contexts, st)) {
		return false;
	}
	/* A token file that does not exist yet is no fault here, and an old token must not be sent. */
	struct context here = cli->context;
	cli->context.token = cli->context.token_file = NULL;
	if (!sign_in(cli, &here.user, &token, st)) {
		return false;
	}
	cli->context = here;
	if (!contexts_put(&contexts, &here, &cli->arena)) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "there are too many contexts: remove some from the configuration file");
	}
	/* A token of before would count, and not the certificate. */
	if (!(token ? keep_token(cli, token, st) : context_token_remove(&here, &cli->arena, st)) || !contexts_write(&contexts, &cli->arena, st)) {
		return false;
	}
	printf("Signed in to %s as %s%s (context %s, from now on the usual one).\n", here.server, here.user, token ? "" : " by certificate", here.name);
	return true;
}

/* ---- logout ----------------------------------------------------------------------------------------------------------------------------------- */

/* Where the server has forgotten us already, the token is all the same worth nothing. */
bool logout_run(struct cli *cli, struct status *st)
{
	Kam__V1__SignOutRequest request = KAM__V1__SIGN_OUT_REQUEST__INIT;
	ProtobufCMessage *reply;
	bool done = cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/SignOut"), &request.base, &cli->arena, &reply, NULL, st);
	if (!done && (st->code != STATUS_UNAUTHENTICATED || strcmp(st->reason, "NOT_SIGNED_IN") == 0)) {
		return false;
	}
	status_init(st);
	if (!context_token_remove(&cli->context, &cli->arena, st)) {
		return false;
	}
	printf("Signed out of %s (context %s).\n", cli->context.server, cli->context.name);
	return true;
}

/* ---- passwd ------------------------------------------------------------------------------------------------------------------------------------- */

/* With the one-time token of an administrator, by somebody who cannot sign in. */
static bool set_password(struct cli *cli, struct status *st)
{
	Kam__V1__SetPasswordRequest request = KAM__V1__SET_PASSWORD_REQUEST__INIT;
	ProtobufCMessage *message;
	cli->context.token = cli->context.token_file = NULL;
	const char *token = cli_password(cli, "reset-file", "", st), *new = token ? cli_password(cli, "password-file", "New password:", st) : NULL;
	if (!new || !cli_connect(cli, false, st)) {
		return false;
	}
	request.token = (char *)(uintptr_t)token;
	request.new_password = (char *)(uintptr_t)new;
	if (!cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/SetPassword"), &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const char *user = output_last_segment(((const Kam__V1__SetPasswordResponse *)message)->user);
	printf("The password of %s is set; sign in with kam login %s.\n", user, user);
	return true;
}

bool passwd_run(struct cli *cli, struct status *st)
{
	Kam__V1__ChangePasswordRequest request = KAM__V1__CHANGE_PASSWORD_REQUEST__INIT;
	if (args_given(&cli->args, "reset-file")) {
		return set_password(cli, st);
	}
	if (!cli_connect(cli, true, st)) {
		return false;
	}
	const char *old = cli_password(cli, "old-password-file", "Your password until now:", st);
	const char *new = old ? cli_password(cli, "password-file", "New password:", st) : NULL;
	if (!new) {
		return false;
	}
	request.old_password = (char *)(uintptr_t)old;
	request.new_password = (char *)(uintptr_t)new;
	ProtobufCMessage *reply;
	if (!cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/ChangePassword"), &request.base, &cli->arena, &reply, NULL, st)) {
		return false;
	}
	printf("Your password is changed; your other sessions have ended.\n");
	return true;
}

/* ---- whoami ------------------------------------------------------------------------------------------------------------------------------------- */

bool whoami_run(struct cli *cli, struct status *st)
{
	Kam__V1__WhoAmIRequest request = KAM__V1__WHO_AM_IREQUEST__INIT;
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.SessionService/WhoAmI");
	ProtobufCMessage *message;
	if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	if (cli->output.format != OUTPUT_TABLE && cli->output.format != OUTPUT_WIDE) {
		return output_message(cli, method->output, message, st);
	}
	const Kam__V1__WhoAmIResponse *reply = (const Kam__V1__WhoAmIResponse *)message;
	if (reply->user) {
		printf("%s (%s) at %s, context %s\n", text_clean(reply->user->display_name, &cli->arena), text_clean(reply->user->name, &cli->arena),
		       cli->context.server, cli->context.name);
	}
	if (reply->token) {
		printf("By the API token %s, until %s, only for", text_clean(output_last_segment(reply->token->name), &cli->arena),
		       text_clean(reply->token->expire, &cli->arena));
		for (size_t i = 0; i < reply->token->n_permissions; i++) {
			printf("%s %s", i == 0 ? "" : ",", text_clean(reply->token->permissions[i], &cli->arena));
		}
		printf("\n");
	}
	for (size_t i = 0; i < reply->n_grants; i++) {
		const Kam__V1__Grant *grant = reply->grants[i];
		printf("  %s, scope %s", text_clean(grant->role, &cli->arena), output_words(cli, &grant->base, "scope", &cli->arena));
		for (size_t k = 0; k < grant->n_accounts; k++) {
			printf("%s%s", k == 0 ? ", below " : " or ", text_clean(grant->accounts[k], &cli->arena));
		}
		printf("%s%s", grant->region[0] ? ", region " : "", text_clean(grant->region, &cli->arena));
		printf("%s%s\n", grant->until[0] ? ", until " : "", text_clean(grant->until, &cli->arena));
	}
	if (reply->n_grants == 0) {
		printf("  no role\n");
	}
	return output_check(st);
}

/* ---- contexts ------------------------------------------------------------------------------------------------------------------------------------ */

bool context_list_run(struct cli *cli, struct status *st)
{
	static const struct record_column columns[] = {{.name = "name"}, {.name = "current"}, {.name = "server"},
	                                               {.name = "user"}, {.name = "ca"}};
	struct contexts contexts;
	if (!contexts_read(&cli->arena, &contexts, st)) {
		return false;
	}
	struct records *records = records_new(cli, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < contexts.count && records; i++) {
		const struct context *context = &contexts.items[i];
		bool current = contexts.current && strcmp(contexts.current, context->name) == 0;
		records_row(records, (const char *const[]){context->name, current ? "yes" : "", context->server, context->user, context->ca_file}, NULL);
	}
	return records && records_end(records, st);
}

bool context_use_run(struct cli *cli, struct status *st)
{
	struct contexts contexts;
	const char *name = args_place(&cli->args, 0);
	if (!contexts_read(&cli->arena, &contexts, st)) {
		return false;
	}
	const struct context *context = contexts_find(&contexts, name);
	if (!context) {
		return usage_fail(st, "there is no context %s; kam context list shows them", name);
	}
	contexts.current = context->name;
	if (!contexts_write(&contexts, &cli->arena, st)) {
		return false;
	}
	printf("Using context %s (%s).\n", context->name, context->server ? context->server : "no server");
	return true;
}
