/* SPDX-License-Identifier: Apache-2.0
 *
 * sign_in_names.h - what must hold of User.sign_in_names before it is written.
 */
#pragma once

#include "kam/v1/user.pb-c.h"
#include "server/resource/call.h"

/* Whether the caller may give the user these names instead of the old ones (`old` NULL: of a new user), and nobody else has them. */
bool sign_in_names_check(struct call *call, const Kam__V1__User *old, const Kam__V1__User *user);
