/* SPDX-License-Identifier: Apache-2.0
 *
 * names.h - what rules ask of resource names.
 */
#pragma once

#include "common/base/name.h"

#include <string.h>

/* "accounts/acme" of a name below an account: its bytes at the beginning of the name; 0 where it lies below none. */
static inline size_t name_account_size(const char *name)
{
	return strncmp(name, "accounts/", 9) == 0 ? 9 + strcspn(name + 9, "/") : 0;
}

static inline bool names_same_account(const char *a, const char *b)
{
	size_t size = name_account_size(a);
	return size > 0 && size == name_account_size(b) && memcmp(a, b, size) == 0;
}

/* The last id: "jane" of "accounts/acme/stakeholders/jane". */
static inline const char *name_last(const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? slash + 1 : name;
}
