/* SPDX-License-Identifier: Apache-2.0
 *
 * import_lookup.h - which resource a row means by an external id or a title, of those that the caller may read.
 *
 * Owns:    lookups live in the arena that they were made in.     Lifetime: of one message, for nobody else writes during it.
 * Threads: the call's.
 */
#pragma once

#include "server/resource/changes.h"

struct import_lookups;

/* `changes`: what a dry run has changed so far, and goes on to change; NULL where rows are appended and noted instead. NULL without memory. */
struct import_lookups *import_lookups_new(struct arena *arena, const struct schema *schema, struct changes *changes);
/* What a row is about to append, so that later rows find it. False where there is no room: new lookups must then be made, after which the store tells all. */
bool import_lookups_note(struct import_lookups *lookups, const struct changes *row);

/* What the caller may not read is not found by them: neither a name nor a count may tell that it is there. What this import made itself they know of. */
bool import_knows(struct call *call, const struct schema_resource *resource, const char *name);
/* The resource of a type with this external id, the first by name if there are several: its name, or NULL. */
const char *import_find_id(struct import_lookups *lookups, struct call *call, const struct schema_resource *resource, const char *system, const char *key);
/* The only one of a title, of those that lie below `parent` ("" for any), or NULL and how many there are. */
const char *import_find_title(struct import_lookups *lookups, struct call *call, const struct schema_resource *resource, const char *text, const char *parent,
                              size_t *ret_count);
