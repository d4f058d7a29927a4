/* SPDX-License-Identifier: Apache-2.0
 *
 * https.h - one GET over HTTPS, blocking, bounded in size and time. For a thread that has nothing else to do.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

#include <stdatomic.h>

struct tls;

/* The body of a 200; redirects are not followed. UNAVAILABLE says why there is none: it took longer than LIMIT_ISSUER_MS, is more than LIMIT_ISSUER_BYTES, TLS or HTTP
 * failed, or `stop` became true. Looking up the name is bounded by the system's resolver alone. */
bool https_get(const char *url, struct tls *tls, const atomic_bool *stop, struct arena *arena, struct bytes *ret_body, struct status *st);
