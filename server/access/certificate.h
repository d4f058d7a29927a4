/* SPDX-License-Identifier: Apache-2.0
 *
 * certificate.h - callers by client certificate: a connection whose certificate was verified, and calls without a token. There is no session: what holds is
 * looked at with each call.
 */
#pragma once

#include "server/access/caller.h"

/* Callers by certificate, for one thread; made when the first of them comes. */
struct certificate_cache;
void certificate_cache_free(struct certificate_cache *cache);

/* The caller who has "certificate:NAME" among their sign-in names, from the cache or loaded; lives until the next call on the cache. UNAUTHENTICATED in the
 * same words where nobody has it, or they may not sign in. `name` is what the certificate says; `epoch` as in caller_cache_get. */
const struct caller *certificate_cache_get(struct certificate_cache **cache, const struct access *access, const struct store_view *view, const char *name,
                                           uint64_t epoch, struct status *st);
