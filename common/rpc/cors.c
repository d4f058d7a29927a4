/* SPDX-License-Identifier: Apache-2.0
 *
 * cors.c - which other sites' pages may call: what a browser is told before it sends a request, and with the answer.
 *
 * An origin is allowed or not; there is no "*", and no cookies are ever involved, for callers show their token themselves. A page may send any header and read any header, since
 * metadata is the caller's own. Pages of the server's own site need none of this.
 * Source: Fetch standard (CORS protocol); connectrpc.com/docs/cors.
 */
#include "common/rpc/internal.h"

#define MAX_AGE_SECONDS "7200" /* no browser keeps an answer longer */

static void add(struct rpc_call *call, const char *name, const char *value)
{
	headers_add(&call->added, &call->arena, bytes_of(name), bytes_of(value));
}

/* Whether a page of the request's origin may read the answer. */
static bool admit(struct rpc_call *call)
{
	const char *const *allowed = call->session->origins;
	const char *origin = rpc_call_metadata(call, "origin");
	while (*allowed != NULL && (origin == NULL || strcmp(*allowed, origin) != 0)) {
		allowed++;
	}
	if (*allowed == NULL) {
		return false;
	}
	add(call, "access-control-allow-origin", *allowed);
	return true;
}

bool cors_preflight(struct rpc_call *call)
{
	if (call->session->origins == NULL) {
		return false;
	}
	bool admitted = admit(call);
	if (strcmp(rpc_call_metadata(call, ":method"), "OPTIONS") != 0 || rpc_call_metadata(call, "access-control-request-method") == NULL) {
		call->cross_origin = admitted;
		add(call, "vary", "origin");
		return false;
	}
	const char *headers = rpc_call_metadata(call, "access-control-request-headers");
	if (admitted) {
		add(call, "access-control-allow-methods", "GET, POST");
		add(call, "access-control-max-age", MAX_AGE_SECONDS);
	}
	if (admitted && headers != NULL) {
		add(call, "access-control-allow-headers", headers);
	}
	reply_http(call, 204, "vary", "origin, access-control-request-method, access-control-request-headers");
	return true;
}

struct header cors_expose(struct rpc_call *call)
{
	struct buf names;
	buf_init(&names, &call->arena);
	buf_add_text(&names, "grpc-status, grpc-message, grpc-status-details-bin");
	for (size_t i = 0; i < call->added.count; i++) {
		buf_printf(&names, ", %s", call->added.list[i].name);
	}
	for (size_t i = 0; i < call->added_last.count; i++) {
		buf_printf(&names, ", trailer-%s", call->added_last.list[i].name);
	}
	return header_of("access-control-expose-headers", names.failed ? "" : buf_text(&names));
}
