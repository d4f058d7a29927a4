/* SPDX-License-Identifier: Apache-2.0
 *
 * permissions.h - every permission there is: those that the contract's methods ask for.
 */
#pragma once

#include "server/resource/engine.h"

/* In strcmp's order, each once, NULL-terminated, in `arena`; NULL where that is full. */
const char **permissions_all(const struct schema *schema, struct arena *arena);
/* Some method asks for one that the pattern ("accounts.*") stands for. */
bool permission_known(const struct schema *schema, const char *pattern);
/* The text is one permission that some method asks for, no pattern; INVALID_ARGUMENT on `field` with the nearest otherwise. */
bool permission_check(struct call *call, const char *permission, const char *field);
