/* SPDX-License-Identifier: Apache-2.0
 *
 * server.c - what a request is: which protocol, which method, how long it may take; refused here where it is none.
 *
 * Source: gRPC PROTOCOL-HTTP2.md, PROTOCOL-WEB.md; connectrpc.com/docs/protocol. A missing `te: trailers` is forgiven.
 */
#include "common/rpc/internal.h"

#include "common/base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

/* Content types that are calls. A family name that leads to none of these rows (application/grpc+json) is refused with 415. */
static const struct content_type {
	const char *text;
	enum rpc_protocol protocol;
	enum codec codec;
} content_types[] = {
	{"application/grpc", RPC_GRPC, CODEC_PROTO},
	{"application/grpc+proto", RPC_GRPC, CODEC_PROTO},
	{"application/grpc-web+proto", RPC_GRPC_WEB, CODEC_PROTO},
	{"application/grpc-web", RPC_GRPC_WEB, CODEC_PROTO},
	{"application/json", RPC_CONNECT_UNARY, CODEC_JSON},
	{"application/proto", RPC_CONNECT_UNARY, CODEC_PROTO},
	{"application/connect+json", RPC_CONNECT_STREAM, CODEC_JSON},
	{"application/connect+proto", RPC_CONNECT_STREAM, CODEC_PROTO},
};
static const char accept_post[] = "application/grpc, application/grpc+proto, application/grpc-web, application/grpc-web+proto, "
                                  "application/json, application/proto, application/connect+json, application/connect+proto";

/* Per protocol: the headers that name the encoding of what the client sends and the ones it can read, and the one that limits its patience. */
static const struct {
	const char *encoding, *accept_encoding, *timeout;
	bool (*read_timeout)(const char *text, int64_t *ret_us);
} request_headers[] = {
	[RPC_GRPC] = {"grpc-encoding", "grpc-accept-encoding", "grpc-timeout", text_grpc_timeout},
	[RPC_GRPC_WEB] = {"grpc-encoding", "grpc-accept-encoding", "grpc-timeout", text_grpc_timeout},
	[RPC_CONNECT_UNARY] = {"content-encoding", "accept-encoding", "connect-timeout-ms", text_connect_timeout},
	[RPC_CONNECT_STREAM] = {"connect-content-encoding", "connect-accept-encoding", "connect-timeout-ms", text_connect_timeout},
};

static const struct content_type *find_content_type(const char *text)
{
	size_t size = strcspn(text, "; \t");
	for (size_t i = 0; i < sizeof content_types / sizeof content_types[0]; i++) {
		if (strncasecmp(content_types[i].text, text, size) == 0 && content_types[i].text[size] == '\0') {
			return &content_types[i];
		}
	}
	return NULL;
}

static bool rpc_family(const char *text)
{
	return strncasecmp(text, "application/grpc", 16) == 0 || strncasecmp(text, "application/connect+", 20) == 0;
}

/* ---- settings that the headers carry --------------------------------------------------------------------------------------------- */

static void set_deadline(struct rpc_call *call, int64_t timeout_us)
{
	const int64_t unary_us = (int64_t)LIMIT_DEADLINE_MS * 1000;
	bool unary = !call->method->client_streaming && !call->method->server_streaming;
	call->deadline_us = clock_monotonic_us() + (unary && timeout_us > unary_us ? unary_us : timeout_us);
}

static bool read_timeout(struct rpc_call *call)
{
	const char *name = request_headers[call->protocol].timeout;
	const char *text = rpc_call_metadata(call, name);
	int64_t timeout_us;
	if (text == NULL) {
		return true;
	}
	if (!request_headers[call->protocol].read_timeout(text, &timeout_us)) {
		call_fail(call, STATUS_INVALID_ARGUMENT, "%s is not a time-out; send at most %s.", name,
		          call->protocol == RPC_GRPC || call->protocol == RPC_GRPC_WEB ? "8 digits and one of H M S m u n" : "10 digits, in milliseconds");
		return false;
	}
	set_deadline(call, timeout_us);
	return true;
}

/* Whether a list such as "identity, gzip;q=1.0" names gzip. A weight of zero refuses it (RFC 9110 §12.5.3). */
static bool takes_gzip(const char *list)
{
	while (list != NULL && *list != '\0') {
		list += strspn(list, ", \t");
		size_t size = strcspn(list, ","), name = strcspn(list, ",; \t");
		if (name == 4 && strncasecmp(list, "gzip", 4) == 0) {
			const char *weight = memmem(list, size, "q=", 2);
			return weight == NULL || strtod(weight + 2, NULL) > 0;
		}
		list += size;
	}
	return false;
}

static bool read_encoding(struct rpc_call *call, const char *text)
{
	call->gzip_taken = takes_gzip(rpc_call_metadata(call, request_headers[call->protocol].accept_encoding));
	if (text == NULL || strcmp(text, "identity") == 0) {
		return true;
	}
	if (strcmp(text, "gzip") != 0) {
		call_fail(call, STATUS_UNIMPLEMENTED, "Messages cannot be compressed like this; use gzip or identity.");
		return false;
	}
	call->encoding = ENCODING_GZIP;
	return true;
}

static bool read_version(struct rpc_call *call)
{
	const char *version = rpc_call_metadata(call, "connect-protocol-version");
	bool connect = call->protocol == RPC_CONNECT_UNARY || call->protocol == RPC_CONNECT_STREAM;
	if (connect && version != NULL && strcmp(version, "1") != 0) {
		call_fail(call, STATUS_INVALID_ARGUMENT, "connect-protocol-version must be 1.");
		return false;
	}
	return true;
}

static void announce(struct rpc_call *call)
{
	call->announced = true;
	call->session->server_events->begin(call->session->context, call);
}

/* ---- kinds of request -------------------------------------------------------------------------------------------------------------- */

static void plain_http(struct rpc_call *call, const char *verb, const char *path)
{
	call->plain = true;
	call->head = strcmp(verb, "HEAD") == 0;
	call->protocol = RPC_CONNECT_UNARY;
	call->gzip_taken = takes_gzip(rpc_call_metadata(call, "accept-encoding"));
	if (call->session->server_events->http == NULL) {
		reply_http(call, 404, NULL, NULL);
		return;
	}
	call->announced = true;
	call->session->server_events->http(call->session->context, call, verb, path);
}

static void unknown_method(struct rpc_call *call, const char *path)
{
	if (call->protocol == RPC_CONNECT_UNARY || call->protocol == RPC_CONNECT_STREAM) {
		static const struct header json = {"content-type", "application/json", 12, 16};
		struct bytes body = bytes_of("{\"code\":\"unimplemented\",\"message\":\"There is no such method.\"}");
		call_queue(call, false, 0, &body, 1);
		call->closing = true;
		reply_submit(call, 404, &json, 1, true);
		return;
	}
	call_fail(call, STATUS_UNIMPLEMENTED, "There is no method %.200s.", path);
}

/* Connect's GET for methods without side effects: the message is in the query. */
static void get_request(struct rpc_call *call, const char *query)
{
	struct connect_query q;
	call->protocol = RPC_CONNECT_UNARY;
	call->codec = CODEC_JSON;
	bool ok = connect_query_parse(query, &call->arena, &q);
	if (q.encoding == NULL || (strcmp(q.encoding, "json") != 0 && strcmp(q.encoding, "proto") != 0)) {
		reply_http(call, 415, NULL, NULL);
		return;
	}
	call->codec = strcmp(q.encoding, "json") == 0 ? CODEC_JSON : CODEC_PROTO;
	if (!ok || !q.has_message) {
		call_fail(call, STATUS_INVALID_ARGUMENT, ok ? "The query has no message; add message=, and base64=1 if it is base64."
		                                            : "The query's message is not valid base64.");
		return;
	}
	if (q.version != NULL && strcmp(q.version, "v1") != 0) {
		call_fail(call, STATUS_INVALID_ARGUMENT, "The query's connect must be v1.");
		return;
	}
	if (!read_timeout(call) || !read_encoding(call, q.compression)) {
		return;
	}
	announce(call);
	if (!call_over(call)) {
		inbound_deliver(call, call->encoding == ENCODING_GZIP && q.message.size > 0, q.message);
	}
}

/* A request that says beforehand that it is too large is not waited for. Judged once the owner knows the call, who may let it be larger. */
static void check_length(struct rpc_call *call)
{
	const char *text = rpc_call_metadata(call, "content-length");
	uint32_t most = call->session->limits.message_bytes;
	if (!call->closing && text != NULL && !call->method->client_streaming && strtoull(text, NULL, 10) > (uint64_t)most + PREFIX_BYTES) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "The message is larger than the limit of %u bytes.", most);
	}
}

static void post_request(struct rpc_call *call, const struct content_type *type, const char *path)
{
	call->protocol = type->protocol;
	call->codec = type->codec;
	if (call->method == NULL) {
		unknown_method(call, path);
		return;
	}
	if (call->session->h1 != NULL && call->method->client_streaming) {
		reply_http(call, 505, NULL, NULL);
		return;
	}
	bool streaming = call->method->client_streaming || call->method->server_streaming;
	if ((type->protocol == RPC_CONNECT_UNARY && streaming) || (type->protocol == RPC_CONNECT_STREAM && !streaming)) {
		reply_http(call, 415, "accept-post", accept_post);
		return;
	}
	if (read_version(call) && read_timeout(call) && read_encoding(call, rpc_call_metadata(call, request_headers[type->protocol].encoding))) {
		announce(call);
		check_length(call);
	}
}

/* Headers past their bound were dropped, so only what came before can be judged. */
static void refuse_large(struct rpc_call *call, const struct content_type *type)
{
	if (type == NULL || type->protocol == RPC_CONNECT_UNARY || type->protocol == RPC_CONNECT_STREAM) {
		reply_http(call, 431, NULL, NULL);
		return;
	}
	call->protocol = type->protocol;
	call_fail(call, STATUS_RESOURCE_EXHAUSTED, "The request's headers are larger than %u bytes.", call->session->limits.header_bytes);
}

/* Counts what the call costs and its headers. Where that may not be kept the call is to be refused, and its headers dropped; the little that is left is counted all the same. */
static bool keep(struct rpc_call *call)
{
	struct rpc_session *session = call->session;
	size_t headers = call->received.bytes < session->limits.header_bytes ? call->received.bytes : session->limits.header_bytes;
	bool kept = session_keep(session, CALL_BYTES + headers);
	if (!kept) {
		session_kept(session, CALL_BYTES);
	}
	call->kept_bytes = CALL_BYTES + (kept ? headers : 0);
	return kept;
}

static void refuse_crowd(struct rpc_call *call, const struct content_type *type)
{
	if (type == NULL) {
		reply_http(call, 503, "retry-after", "1");
	} else {
		call->protocol = type->protocol;
		call->codec = type->codec;
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "Too many calls at once; wait for some to end, or try again.");
	}
	headers_drop(&call->received);
}

/* A connection often calls the same one again. */
static const struct schema_method *find_method(struct rpc_session *session, const char *path)
{
	if (session->method == NULL || strcmp(session->method->path, path) != 0) {
		session->method = schema_method_find(session->schema, path);
	}
	return session->method;
}

void server_headers(struct rpc_call *call, bool end)
{
	const char *verb = rpc_call_metadata(call, ":method");
	const char *path = rpc_call_metadata(call, ":path");
	const char *content = rpc_call_metadata(call, "content-type");
	const struct content_type *type = content != NULL ? find_content_type(content) : NULL;
	call->remote_closed = end;
	call->head = verb != NULL && strcmp(verb, "HEAD") == 0;
	bool kept = keep(call);
	if (call->received.too_large || verb == NULL) {
		refuse_large(call, type);
		return;
	}
	if (path == NULL || strcmp(verb, "CONNECT") == 0) { /* over HTTP/2 it alone has no path; over HTTP/1.1 its path is a host */
		reply_http(call, 405, "allow", "GET, HEAD, POST");
		return;
	}
	if (cors_preflight(call)) {
		return;
	}
	if (!kept) {
		refuse_crowd(call, type);
		return;
	}
	const char *query = strchr(path, '?');
	const char *bare = query == NULL ? path : arena_strndup(&call->arena, path, (size_t)(query - path));
	call->method = bare != NULL ? find_method(call->session, bare) : NULL;
	bool post = strcmp(verb, "POST") == 0, get = strcmp(verb, "GET") == 0;
	bool gettable = call->method != NULL && call->method->no_side_effects && !call->method->client_streaming && !call->method->server_streaming;
	if (call->session->h1 != NULL && type != NULL && type->protocol == RPC_GRPC) {
		reply_http(call, 505, NULL, NULL);
	} else if (post && type != NULL) {
		post_request(call, type, path);
	} else if (get && gettable) {
		get_request(call, query != NULL ? query + 1 : "");
	} else if (call->method != NULL && !post) {
		reply_http(call, 405, "allow", gettable ? "GET, POST" : "POST");
	} else if (call->method != NULL || (post && content != NULL && rpc_family(content))) {
		reply_http(call, 415, "accept-post", accept_post);
	} else if (get && query != NULL && strstr(query, "connect=v1") != NULL) {
		call->protocol = RPC_CONNECT_UNARY;
		unknown_method(call, path);
	} else {
		plain_http(call, verb, path);
	}
}
