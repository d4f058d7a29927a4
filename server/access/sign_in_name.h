/* SPDX-License-Identifier: Apache-2.0
 *
 * sign_in_name.h - whom others vouch for: User.sign_in_names, as "oidc:jane@example.com" or "certificate:jane@example.com".
 */
#pragma once

#include "server/access/caller.h"

#define SIGN_IN_NAME_OIDC "oidc:"
#define SIGN_IN_NAME_CERTIFICATE "certificate:"

/* The resource name of the one user who has the sign-in name, disabled or not; false where nobody who lives has it, or several do. */
bool sign_in_name_find(const struct access *access, const struct store_view *view, const char *sign_in_name, char ret_user[LIMIT_NAME_BYTES + 1],
                       struct status *st);
