/* SPDX-License-Identifier: Apache-2.0
 *
 * admins.h - somebody can always administer: the last one cannot be unbound, narrowed, run out or be disabled.
 */
#pragma once

#include "server/resource/changes.h"

/* True if, beside a binding or a user that are about to go (either may be NULL), somebody enabled who can sign in keeps the whole of roles/admin for good. FAILED_PRECONDITION otherwise. */
bool admins_remain(struct call *call, const char *without_binding, const char *without_user);
