/* SPDX-License-Identifier: Apache-2.0
 *
 * reply.c - how each protocol says what the server answers: one row per protocol, one function per way to end.
 *
 *   gRPC            HEADERS 200, prefixed messages, trailers with grpc-status; an immediate error is one HEADERS (Trailers-Only)
 *   gRPC-Web        the same, but the trailers are a last frame flagged 0x80 in the body
 *   Connect unary   the bare message with 200, or error JSON with the HTTP status of its code; nothing goes out before the outcome is known
 *   Connect stream  200, prefixed messages, and a last one flagged 0x02 with {} or {"error":…}
 *
 * Headers are handed to nghttp2 without copying: their text is static or in the call's arena, which lives until the stream is closed.
 */
#include "common/rpc/internal.h"

#include "common/schema/json.h"

#include <assert.h>
#include <stdio.h>

enum { HEADERS_MAX = 32, GRPC_STATUS_HEADERS = 3 };

typedef void finish_function(struct rpc_call *call, const struct status *st);
static finish_function finish_grpc, finish_web, finish_connect_unary, finish_connect_stream;

static const struct {
	const char *content_types[2]; /* by codec */
	struct header accept;         /* encodings that requests may have */
	finish_function *finish;
} protocols[] = {
	[RPC_GRPC] = {{"application/grpc", "application/grpc"}, {"grpc-accept-encoding", "identity,gzip", 20, 13}, finish_grpc},
	[RPC_GRPC_WEB] = {{"application/grpc-web+proto", "application/grpc-web+proto"}, {"grpc-accept-encoding", "identity,gzip", 20, 13}, finish_web},
	[RPC_CONNECT_UNARY] = {{"application/proto", "application/json"}, {"accept-encoding", "gzip", 15, 4}, finish_connect_unary},
	[RPC_CONNECT_STREAM] = {{"application/connect+proto", "application/connect+json"}, {"connect-accept-encoding", "gzip", 23, 4},
	                        finish_connect_stream},
};

static struct header header_of(const char *name, const char *value)
{
	return (struct header){name, value, (uint32_t)strlen(name), (uint32_t)strlen(value)};
}

static nghttp2_nv nv_of(const struct header *header)
{
	return (nghttp2_nv){(uint8_t *)header->name, (uint8_t *)header->value, header->name_size, header->value_size,
	                    NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

/* ---- headers out ------------------------------------------------------------------------------------------------------------------ */

void reply_submit(struct rpc_call *call, int http_status, const struct header *headers, size_t count, bool body)
{
	nghttp2_nv list[HEADERS_MAX];
	size_t used = 0;
	const char *text = http_status == 200 ? "200" : arena_printf(&call->arena, "%d", http_status);
	assert(!call->submitted && 1 + count + call->added.count <= HEADERS_MAX);
	call->submitted = true;
	list[used++] = nv_of(&(struct header){":status", text != NULL ? text : "500", 7, 3});
	for (size_t i = 0; i < count; i++) {
		list[used++] = nv_of(&headers[i]);
	}
	for (size_t i = 0; i < call->added.count; i++) {
		list[used++] = nv_of(&call->added.list[i]);
	}
	nghttp2_data_provider provider = call_provider(call);
	if (nghttp2_submit_response(call->session->h2, call->stream_id, list, used, body && !call->head ? &provider : NULL) != 0) {
		nghttp2_submit_rst_stream(call->session->h2, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_INTERNAL_ERROR);
	}
}

void reply_http(struct rpc_call *call, int http_status, const char *name, const char *value)
{
	struct header header = {NULL, NULL, 0, 0};
	if (name != NULL) {
		header = header_of(name, value);
	}
	call->closing = true;
	reply_submit(call, http_status, &header, name != NULL, false);
}

/* The headers that open a stream of messages. */
static void submit_open(struct rpc_call *call)
{
	struct header headers[] = {header_of("content-type", protocols[call->protocol].content_types[call->codec]), protocols[call->protocol].accept};
	reply_submit(call, 200, headers, 2, true);
}

/* ---- messages out ------------------------------------------------------------------------------------------------------------------ */

/* The pieces as the client reads them; false once the call has failed. */
static bool queue_json(struct rpc_call *call, bool prefix, const struct bytes *pieces, size_t count)
{
	struct arena scratch;
	struct buf whole, text;
	struct status st;
	status_init(&st);
	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	buf_init(&whole, &scratch);
	for (size_t i = 0; i < count; i++) {
		buf_add(&whole, pieces[i].data, pieces[i].size);
	}
	buf_init(&text, &scratch);
	ProtobufCMessage *message = schema_unpack_reply(call->method->output, buf_bytes(&whole), &scratch, &st);
	if (message != NULL) {
		json_write(call->session->schema, call->method->output, message, 0, &text);
	}
	bool ok = message != NULL && !text.failed && !scratch.overflowed;
	struct bytes bytes = buf_bytes(&text);
	if (!ok) {
		call_fail(call, STATUS_INTERNAL, "The reply could not be written as JSON; ask for application/proto.");
	} else {
		ok = call_queue(call, prefix, 0, &bytes, 1);
	}
	arena_done(&scratch);
	return ok;
}

bool rpc_call_send_pieces(struct rpc_call *call, const struct bytes *pieces, size_t count)
{
	if (call->closing) {
		return true;
	}
	assert(call->session->server && !call->plain && (call->method->server_streaming || call->messages_out == 0));
	bool prefix = call->protocol != RPC_CONNECT_UNARY;
	bool queued = call->codec == CODEC_JSON ? queue_json(call, prefix, pieces, count) : call_queue(call, prefix, 0, pieces, count);
	if (!queued) {
		return true;
	}
	call->messages_out++;
	if (call->protocol == RPC_CONNECT_UNARY) {
		return true;
	}
	if (!call->submitted) {
		submit_open(call);
	} else {
		call_resume(call);
	}
	call->full = queue_size(&call->out) > LIMIT_STREAM_QUEUE_BYTES;
	return !call->full;
}

bool rpc_call_send(struct rpc_call *call, struct bytes message)
{
	return rpc_call_send_pieces(call, &message, 1);
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------------- */

/* grpc-status, grpc-message, grpc-status-details-bin. Where the arena is full the code alone remains. */
static size_t make_grpc_status(struct rpc_call *call, const struct status *st, struct header headers[GRPC_STATUS_HEADERS])
{
	static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};
	size_t count = 0;
	size_t code = (size_t)st->code < sizeof numbers / sizeof numbers[0] ? (size_t)st->code : STATUS_UNKNOWN;
	headers[count++] = header_of("grpc-status", numbers[code]);
	if (code == STATUS_OK) {
		return count;
	}
	const char *message = text_percent(st->message, &call->arena);
	if (message != NULL && message[0] != '\0') {
		headers[count++] = header_of("grpc-message", message);
	}
	struct bytes details = status_encode(st, &call->arena);
	const char *text = details.size > 0 ? base64_encode(details, false, &call->arena) : NULL;
	if (text != NULL) {
		headers[count++] = header_of("grpc-status-details-bin", text);
	}
	return count;
}

static void finish_trailers_only(struct rpc_call *call, const struct status *st)
{
	struct header headers[2 + GRPC_STATUS_HEADERS];
	headers[0] = header_of("content-type", protocols[call->protocol].content_types[call->codec]);
	headers[1] = protocols[call->protocol].accept;
	reply_submit(call, 200, headers, 2 + make_grpc_status(call, st, headers + 2), false);
}

static void finish_grpc(struct rpc_call *call, const struct status *st)
{
	if (!call->submitted) {
		finish_trailers_only(call, st);
		return;
	}
	struct header headers[GRPC_STATUS_HEADERS];
	call->trailers_count = make_grpc_status(call, st, headers);
	for (size_t i = 0; i < call->trailers_count; i++) {
		call->trailers[i] = nv_of(&headers[i]);
	}
}

static void finish_web(struct rpc_call *call, const struct status *st)
{
	if (!call->submitted) {
		finish_trailers_only(call, st);
		return;
	}
	struct header headers[GRPC_STATUS_HEADERS];
	struct buf text;
	size_t count = make_grpc_status(call, st, headers);
	buf_init(&text, &call->arena);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "%s: %s\r\n", headers[i].name, headers[i].value);
	}
	struct bytes bytes = buf_bytes(&text);
	call_queue(call, true, FLAG_WEB_TRAILER, &bytes, 1);
}

static void finish_connect_unary(struct rpc_call *call, const struct status *st)
{
	struct header headers[] = {header_of("content-type", protocols[call->protocol].content_types[call->codec]), protocols[call->protocol].accept};
	if (!status_ok(st)) {
		struct buf text;
		buf_init(&text, &call->arena);
		connect_error(st, &text);
		struct bytes bytes = buf_bytes(&text);
		queue_clear(&call->out);
		call_queue(call, false, 0, &bytes, 1);
		headers[0] = header_of("content-type", "application/json");
	}
	reply_submit(call, connect_http_status(st->code), headers, 2, true);
}

static void finish_connect_stream(struct rpc_call *call, const struct status *st)
{
	struct buf text;
	buf_init(&text, &call->arena);
	buf_add_text(&text, status_ok(st) ? "{}" : "{\"error\":");
	if (!status_ok(st)) {
		connect_error(st, &text);
		buf_add_text(&text, "}");
	}
	struct bytes bytes = buf_bytes(&text);
	if (call_queue(call, true, FLAG_CONNECT_END, &bytes, 1) && !call->submitted) {
		submit_open(call);
	}
}

void reply_finish(struct rpc_call *call, const struct status *st)
{
	if (call->closing) {
		return;
	}
	if (status_ok(st) && call->method != NULL && !call->method->server_streaming && call->messages_out == 0) {
		call_fail(call, STATUS_INTERNAL, "The method gave no reply.");
		return;
	}
	call->closing = true;
	protocols[call->protocol].finish(call, st);
	call_resume(call);
}

void rpc_call_finish(struct rpc_call *call, const struct status *st)
{
	if (!call->closing) {
		call->owner_finished = true;
		reply_finish(call, st);
	}
}

void rpc_call_respond(struct rpc_call *call, int http_status, const char *const *headers, struct bytes body)
{
	struct header list[HEADERS_MAX];
	size_t count = 0;
	assert(call->plain && !call->closing && http_status >= 200 && http_status <= 599);
	for (; headers != NULL && headers[0] != NULL; headers += 2) {
		struct headers copy = {.count = 0};
		assert(count < HEADERS_MAX - 2);
		if (headers_add(&copy, &call->arena, bytes_of(headers[0]), bytes_of(headers[1]))) {
			list[count++] = copy.list[0];
		}
	}
	const char *length = arena_printf(&call->arena, "%zu", body.size);
	if (length != NULL && http_status != 204 && http_status != 304) {
		list[count++] = header_of("content-length", length);
	}
	call->owner_finished = true;
	call->closing = true;
	if (call->head || call_queue(call, false, 0, &body, 1)) {
		reply_submit(call, http_status, list, count, body.size > 0);
	}
}
