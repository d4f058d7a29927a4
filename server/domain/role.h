/* SPDX-License-Identifier: Apache-2.0
 *
 * role.h - the roles that come with kam.
 */
#pragma once

#include "kam/v1/role.pb-c.h"

/* Built-in role `index`, or NULL past the last. Static; its name, display name, description, permissions, scope and groups are set. */
const Kam__V1__Role *role_built_in(size_t index);
