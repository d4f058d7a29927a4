/* SPDX-License-Identifier: Apache-2.0
 *
 * https.h - one request over HTTPS, blocking, bounded in size and time. For a thread that has nothing else to do.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

#include <stdatomic.h>

struct tls;

struct https_request {
	const char *url;
	struct tls *tls;         /* of tls_https_new */
	const char *form;        /* sent by POST as application/x-www-form-urlencoded; NULL: a GET */
	const atomic_bool *stop; /* gives up once it is true; NULL: does not */
};

struct https_reply {
	unsigned status; /* 200 and so on; redirects are not followed */
	struct bytes body;
};

/* UNAVAILABLE says why there is no answer: it took longer than LIMIT_ISSUER_MS, is more than LIMIT_ISSUER_BYTES, TLS or HTTP failed, or `stop`.
 * INVALID_ARGUMENT where the address is none. Looking up the name is bounded by the system's resolver alone. */
bool https_exchange(const struct https_request *request, struct arena *arena, struct https_reply *ret_reply, struct status *st);
/* The body of a GET that was answered with 200. */
bool https_get(const char *url, struct tls *tls, const atomic_bool *stop, struct arena *arena, struct bytes *ret_body, struct status *st);
