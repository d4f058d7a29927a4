/* SPDX-License-Identifier: Apache-2.0
 *
 * client.c - gRPC calls from the client's side: what a request says, and how the outcome is judged.
 *
 * The outcome is known when the stream is closed: what we did (cancel), else grpc-status, else what the HTTP status or the reset says. It is told from
 * the next rpc_session_send or rpc_session_receive, after every message that came before it. An answer that was whole when the connection ended stays so
 * while its owner does not read; any other is cut off, and what is held of it is dropped: a status that the server gave would say that nothing is missing.
 * Source: gRPC PROTOCOL-HTTP2.md (Errors), http-grpc-status-mapping.md.
 */
#include "common/rpc/internal.h"

#include <assert.h>
#include <stdlib.h>

enum { REQUEST_HEADERS = 9 };

/* ---- starting and sending ----------------------------------------------------------------------------------------------------------- */

static nghttp2_nv nv(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static size_t count_pairs(const char *const *metadata)
{
	size_t count = 0;
	while (metadata != NULL && metadata[2 * count] != NULL) {
		count++;
	}
	return count;
}

static bool names_user_agent(const char *const *metadata)
{
	for (; metadata != NULL && metadata[0] != NULL; metadata += 2) {
		if (strcmp(metadata[0], "user-agent") == 0) {
			return true;
		}
	}
	return false;
}

struct rpc_call *rpc_client_start(struct rpc_session *session, const char *path, const char *const *metadata, int64_t timeout_us, void *user)
{
	size_t pairs = count_pairs(metadata), used = 0;
	char timeout[TEXT_TIMEOUT_BYTES];
	if (session->failed || !nghttp2_session_check_request_allowed(session->h2)) {
		return NULL;
	}
	struct rpc_call *call = call_new(session, -1);
	nghttp2_nv *list = call != NULL ? arena_alloc(&call->arena, (REQUEST_HEADERS + pairs) * sizeof *list) : NULL;
	if (list == NULL) {
		goto fail;
	}
	list[used++] = nv(":method", "POST");
	list[used++] = nv(":scheme", "https");
	list[used++] = nv(":path", path);
	list[used++] = nv(":authority", session->authority);
	list[used++] = nv("te", "trailers");
	list[used++] = nv("content-type", "application/grpc");
	if (!names_user_agent(metadata)) {
		list[used++] = nv("user-agent", "kam-c/" KAM_VERSION);
	}
	list[used++] = nv("grpc-accept-encoding", "identity,gzip");
	if (timeout_us > 0) {
		text_make_grpc_timeout(timeout_us, timeout);
		list[used++] = nv("grpc-timeout", timeout);
	}
	for (size_t i = 0; i < pairs; i++) {
		list[used++] = nv(metadata[2 * i], metadata[2 * i + 1]);
	}
	nghttp2_data_provider provider = h2_provider(call);
	call->stream_id = nghttp2_submit_request(session->h2, NULL, list, used, &provider, call);
	if (call->stream_id < 0) {
		goto fail;
	}
	call->user = user;
	call->announced = true;
	call->submitted = true;
	return call;
fail:
	if (call != NULL) {
		call_free(call);
	}
	return NULL;
}

bool rpc_client_send(struct rpc_call *call, struct bytes message, bool last)
{
	if (call->closing || call->aborted || !call_queue(call, true, 0, &message, 1)) {
		return true;
	}
	call->closing = last;
	call_resume(call);
	call->full = queue_size(&call->out) > LIMIT_STREAM_QUEUE_BYTES;
	return !call->full;
}

void rpc_client_half_close(struct rpc_call *call)
{
	call->closing = true;
	call_resume(call);
}

void client_abort(struct rpc_call *call, enum status_code code, const char *message)
{
	if (call->aborted || call->reported) {
		return;
	}
	call->aborted = true;
	call->abort_code = code;
	call->abort_message = message;
	if (!call->closed) {
		call->session->wire->reset(call, NGHTTP2_CANCEL);
	}
	call_notice(call);
}

void rpc_client_cancel(struct rpc_call *call, enum status_code code)
{
	client_abort(call, code, code == STATUS_DEADLINE_EXCEEDED ? "The server did not answer in time." : "The call was cancelled.");
}

/* ---- what came back -------------------------------------------------------------------------------------------------------------------- */

static bool grpc_content(const char *type)
{
	return type != NULL && strncmp(type, "application/grpc", 16) == 0 && (type[16] == '\0' || type[16] == '+' || type[16] == ';');
}

void client_response(struct rpc_call *call)
{
	const char *http_status = rpc_call_metadata(call, ":status");
	if (call->received.too_large) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "The server's headers are larger than %u bytes.", call->session->limits.header_bytes);
		return;
	}
	if (call->response_seen || call->aborted || http_status == NULL) {
		return;
	}
	if (http_status[0] == '1') {
		headers_drop(&call->received); /* informational: the answer is yet to come */
		return;
	}
	call->response_seen = true;
	const char *encoding = rpc_call_metadata(call, "grpc-encoding");
	if (encoding != NULL && strcmp(encoding, "gzip") == 0) {
		call->encoding = ENCODING_GZIP;
	}
	if (strcmp(http_status, "200") != 0 || !grpc_content(rpc_call_metadata(call, "content-type"))) {
		call->plain = true; /* a proxy or a web server: its body is no message */
	}
	const struct rpc_client_events *events = call->session->client_events;
	if (!call->plain && events->headers != NULL) {
		events->headers(call->session->context, call);
	}
}

static const struct row {
	int from;
	enum status_code code;
	const char *message;
} http_rows[] = {
	{400, STATUS_INTERNAL, "The server refused the request as malformed (HTTP 400)."},
	{401, STATUS_UNAUTHENTICATED, "The server asks for a sign-in (HTTP 401)."},
	{403, STATUS_PERMISSION_DENIED, "The server denied the request (HTTP 403)."},
	{404, STATUS_UNIMPLEMENTED, "There is no gRPC server at this address (HTTP 404)."},
	{429, STATUS_UNAVAILABLE, "The server is busy (HTTP 429)."},
	{502, STATUS_UNAVAILABLE, "A gateway could not reach the server (HTTP 502)."},
	{503, STATUS_UNAVAILABLE, "The server is not available (HTTP 503)."},
	{504, STATUS_UNAVAILABLE, "A gateway got no answer from the server (HTTP 504)."},
}, reset_rows[] = {
	{NGHTTP2_REFUSED_STREAM, STATUS_UNAVAILABLE, "The server takes no more calls on this connection."},
	{NGHTTP2_CANCEL, STATUS_CANCELLED, "The server cancelled the call."},
	{NGHTTP2_ENHANCE_YOUR_CALM, STATUS_RESOURCE_EXHAUSTED, "The server says that this client asks too much."},
	{NGHTTP2_INADEQUATE_SECURITY, STATUS_PERMISSION_DENIED, "The server demands a more secure connection."},
};

static const struct row *find_row(const struct row *rows, size_t count, int from)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].from == from) {
			return &rows[i];
		}
	}
	return NULL;
}

static void judge_grpc(struct rpc_call *call, const char *number, struct status *st)
{
	char *end;
	long code = strtol(number, &end, 10);
	if (end == number || *end != '\0' || code < 0 || code > STATUS_UNAUTHENTICATED) {
		code = STATUS_UNKNOWN;
	}
	if (code == STATUS_OK) {
		return;
	}
	const char *text = rpc_call_metadata(call, "grpc-message");
	const char *details = rpc_call_metadata(call, "grpc-status-details-bin");
	struct bytes message = {NULL, 0}, bytes;
	if (text != NULL) {
		message = text_unpercent(text, strlen(text), false, &call->arena);
	}
	status_fail(st, (enum status_code)code, "", "%.*s", (int)message.size, message.data != NULL ? (const char *)message.data : "");
	if (details != NULL && base64_decode(details, strlen(details), &call->arena, &bytes)) {
		status_decode(bytes, st);
	}
}

static void judge_transport(struct rpc_call *call, struct status *st)
{
	const char *http_status = rpc_call_metadata(call, ":status");
	int http_code = http_status != NULL ? atoi(http_status) : 0;
	const struct row *row = NULL;
	if (call->cut) {
		status_fail(st, STATUS_UNAVAILABLE, "", "The connection was lost.");
	} else if (call->close_error != NGHTTP2_NO_ERROR) {
		row = find_row(reset_rows, sizeof reset_rows / sizeof reset_rows[0], (int)call->close_error);
		status_fail(st, row != NULL ? row->code : STATUS_INTERNAL, "", "%s", row != NULL ? row->message : "The server broke the call off.");
	} else if (http_code != 0 && http_code != 200) {
		row = find_row(http_rows, sizeof http_rows / sizeof http_rows[0], http_code);
		status_fail(st, row != NULL ? row->code : STATUS_UNKNOWN, "", "%s", row != NULL ? row->message : "The server's answer is not gRPC.");
	} else {
		status_fail(st, STATUS_UNKNOWN, "", "The server's answer has no grpc-status.");
	}
}

void client_report(struct rpc_call *call)
{
	const char *number = rpc_call_metadata(call, "grpc-status");
	struct status st;
	bool retryable = false;
	if (!call->reported) {
		if (call->closed && !call->aborted && !call->reading && queue_size(&call->in) > 0) {
			return; /* messages are held: their outcome comes after them */
		}
		status_init(&st);
		if (call->aborted) {
			status_fail(&st, call->abort_code, "", "%s", call->abort_message != NULL ? call->abort_message : "");
		} else if (number != NULL && !call->cut) {
			judge_grpc(call, number, &st);
		} else {
			judge_transport(call, &st);
			retryable = call->close_error == NGHTTP2_REFUSED_STREAM || !call->sent;
		}
		call->reported = true;
		call->session->client_events->finished(call->session->context, call, &st, retryable);
	}
	if (call->closed) {
		call_free(call);
	}
}

static void cut_off(struct rpc_call *call)
{
	call->cut = true;
	inbound_drop(call);
}

void client_closed(struct rpc_call *call, uint32_t error_code)
{
	call->closed = true;
	call->close_error = error_code;
	if (call->session->failed && !call->remote_closed) { /* what came since was not read */
		cut_off(call);
	}
	call_notice(call);
}

void rpc_client_lost(struct rpc_session *session)
{
	struct rpc_call *call;
	session->failed = session->broken = session->lost = true;
	TAILQ_FOREACH(call, &session->calls, link) {
		call->notice_writable = false;
		if (!call->closed) {
			nghttp2_session_set_stream_user_data(session->h2, call->stream_id, NULL); /* nghttp2 would not tell that it is gone */
			client_closed(call, NGHTTP2_NO_ERROR);
		}
	}
	session_notices(session);
}

void client_end_all(struct rpc_session *session)
{
	struct rpc_call *call;
	rpc_client_lost(session);
	TAILQ_FOREACH(call, &session->calls, link) {
		cut_off(call);
		call_notice(call);
	}
	session_notices(session);
}
