/* SPDX-License-Identifier: Apache-2.0
 *
 * A name given to a user lets whoever has it be that user. So it takes the same permission as a new password does, and no name stands for two.
 */
#include "server/domain/sign_in_names.h"

#include "common/schema/filter.h"
#include "server/access/sign_in_name.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <stdio.h>

static const char *const kinds[] = {SIGN_IN_NAME_OIDC, SIGN_IN_NAME_CERTIFICATE};

/* "oidc:" and something behind it, in letters that can be seen. */
static bool well_formed(const char *name)
{
	bool known = false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t size = strlen(kinds[i]);
		known |= strncmp(name, kinds[i], size) == 0 && name[size] != '\0';
	}
	for (; known && *name; name++) {
		known = (unsigned char)*name > ' ' && *name != 0x7F;
	}
	return known;
}

static bool has(const Kam__V1__User *user, const char *name)
{
	for (size_t i = 0; user && i < user->n_sign_in_names; i++) {
		if (strcmp(user->sign_in_names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_all(const Kam__V1__User *user, const Kam__V1__User *of)
{
	for (size_t i = 0; of && i < of->n_sign_in_names; i++) {
		if (!has(user, of->sign_in_names[i])) {
			return false;
		}
	}
	return true;
}

/* Nobody else who lives has the name. */
static bool check_free(struct call *call, const char *name, const char *own, size_t index)
{
	const struct schema_field *field = schema_field_find(call->engine->access.user, "sign_in_names");
	const char **names = changes_find(call->changes, call->view, field->rules.index_id, bytes_of(name), 16, call->arena, call->status);
	for (; names && *names; names++) {
		struct store_record record;
		bool lives = changes_get(call->changes, call->view, *names, &record, call->status) && record.operation != STORE_DELETE;
		if (lives && strcmp(*names, own) != 0) {
			char path[64];
			snprintf(path, sizeof path, "user.sign_in_names[%zu]", index);
			return status_field(call->status, path, "is a sign-in name of %s already", *names);
		}
	}
	return names != NULL;
}

bool sign_in_names_check(struct call *call, const Kam__V1__User *old, const Kam__V1__User *user)
{
	if (has_all(old, user) && has_all(user, old)) {
		return true;
	}
	if (!call_decide(call, "users.resetPassword", user->name, (struct bytes){0}).allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED",
		                   "user.sign_in_names: they decide who can sign in as this user; to change them takes the permission users.resetPassword");
	}
	for (size_t i = 0; i < user->n_sign_in_names; i++) {
		const char *name = user->sign_in_names[i];
		if (!well_formed(name)) {
			char path[64];
			snprintf(path, sizeof path, "user.sign_in_names[%zu]", i);
			return status_field(call->status, path, "is not oidc: or certificate: with a name behind it, without blanks, such as oidc:jane@example.com");
		}
		if (!has(old, name) && !check_free(call, name, user->name, i)) {
			return false;
		}
	}
	return true;
}
