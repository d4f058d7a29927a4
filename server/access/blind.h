/* SPDX-License-Identifier: Apache-2.0
 *
 * blind.h - resources that only their author may learn of until a certain time: the ballots of a round until it is closed. Of this folder and of the
 * engine's search for who refers to what.
 *
 * The contract says which (ResourceRules.blind_until). The author is the user whose id is the resource's own last id. As all decisions, this one is made
 * on the present state: what was blind in the past can be read as of the past once the time has come, and not before.
 */
#pragma once

#include "server/access/caller.h"

/* The resource is blind now. One whose parent cannot be read is. */
bool blind_now(const struct store_view *view, const struct schema_resource *resource, const char *name);
/* The user is its author. */
bool blind_author(const struct schema_resource *resource, const char *name, const char *user);
