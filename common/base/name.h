/* SPDX-License-Identifier: Apache-2.0
 *
 * name.h - resource names as text (AIP-122): "accounts/acme/stakeholders/jane".
 *
 * Segments alternate between collection words and ids; a singleton ends in a word ("programme"). Knows no resource type.
 */
#pragma once

#include "common/base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct name_segment {
	const char *text; /* inside the name, not terminated */
	size_t size;
};

struct name {
	struct name_segment segments[LIMIT_NAME_SEGMENTS];
	size_t count;
};

/* An id: a letter or digit, then letters, digits, '-', '_', '.'; 1 to LIMIT_ID_BYTES bytes. */
bool name_id_valid(const char *text, size_t size);
/* Cuts a name at its slashes. False, and ret_name then says nothing, unless it is a well formed name (words a-z A-Z, ids as above); '-' as an id is accepted only if `wildcard`. */
bool name_parse(const char *text, bool wildcard, struct name *ret_name);
/* "accounts/stakeholders": the words alone. False if it does not fit. */
bool name_collection(const struct name *name, char *ret_text, size_t size);
/* A name is `top`, or lies somewhere below it. */
bool name_lies_below(const char *name, const char *top);
/* Bytes of the part above the last collection: 13 for "accounts/acme/stakeholders/jane" ("accounts/acme"), 0 at the top. */
size_t name_parent_size(const struct name *name);
