/* SPDX-License-Identifier: Apache-2.0
 *
 * expired.h - which sessions and API tokens are over, so that they can be removed. Until then they are refused all the same (caller.c).
 */
#pragma once

#include "server/access/caller.h"

/* The changes that remove them, at most `most`, in `arena`; NULL with the status failed. A session goes when it has ended or idled too long, an API token
 * LIMIT_TOKEN_KEPT_SECONDS after its last day. */
struct store_change *expired_find(const struct access *access, const struct store_view *view, int64_t now_us, size_t most, struct arena *arena,
                                  size_t *ret_count, struct status *st);
