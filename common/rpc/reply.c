/* SPDX-License-Identifier: Apache-2.0
 *
 * reply.c - how each protocol says what the server answers: one row per protocol, one function per way to end.
 *
 *   gRPC            HEADERS 200, prefixed messages, trailers with grpc-status; an immediate error is one HEADERS (Trailers-Only)
 *   gRPC-Web        the same, but the trailers are a last frame flagged 0x80 in the body
 *   Connect unary   the bare message with 200, or error JSON with the HTTP status of its code; nothing goes out before the outcome is known
 *   Connect stream  200, prefixed messages, and a last one flagged 0x02 with {} or {"error":…}
 *
 * Headers are handed to the wire without copying: their text is static or in the call's arena, which lives until the stream is closed.
 */
#include "common/rpc/internal.h"

#include "common/schema/json.h"

#include <assert.h>
#include <stdio.h>

enum { GRPC_STATUS_HEADERS = 3, OPEN_HEADERS = 3 };

typedef void finish_function(struct rpc_call *call, const struct status *st);
static finish_function finish_grpc, finish_web, finish_connect_unary, finish_connect_stream;

#define HEADER(name, value) {name, value, sizeof name - 1, sizeof value - 1}

static const struct {
	struct header content_types[2]; /* by codec */
	struct header accept;           /* encodings that requests may have */
	struct header encoding;         /* of what is sent, where it is compressed */
	finish_function *finish;
} protocols[] = {
	[RPC_GRPC] = {{HEADER("content-type", "application/grpc"), HEADER("content-type", "application/grpc")}, HEADER("grpc-accept-encoding", "identity,gzip"),
	              HEADER("grpc-encoding", "gzip"), finish_grpc},
	[RPC_GRPC_WEB] = {{HEADER("content-type", "application/grpc-web+proto"), HEADER("content-type", "application/grpc-web+proto")},
	                  HEADER("grpc-accept-encoding", "identity,gzip"), HEADER("grpc-encoding", "gzip"), finish_web},
	[RPC_CONNECT_UNARY] = {{HEADER("content-type", "application/proto"), HEADER("content-type", "application/json")}, HEADER("accept-encoding", "gzip"),
	                       HEADER("content-encoding", "gzip"), finish_connect_unary},
	[RPC_CONNECT_STREAM] = {{HEADER("content-type", "application/connect+proto"), HEADER("content-type", "application/connect+json")},
	                        HEADER("connect-accept-encoding", "gzip"), HEADER("connect-content-encoding", "gzip"), finish_connect_stream},
};

/* ---- headers out ------------------------------------------------------------------------------------------------------------------ */

void reply_submit(struct rpc_call *call, int http_status, const struct header *headers, size_t count, bool body)
{
	struct header list[HEADERS_MAX] __attribute__((uninitialized));
	size_t used = 0;
	const char *text = http_status == 200 ? "200" : arena_printf(&call->arena, "%d", http_status);
	assert(!call->submitted && 2 + count + call->added.count <= HEADERS_MAX);
	call->submitted = true;
	list[used++] = (struct header){":status", text != NULL ? text : "500", 7, 3};
	memcpy(list + used, headers, count * sizeof *headers);
	used += count;
	if (call->added.count > 0) {
		memcpy(list + used, call->added.list, call->added.count * sizeof *list);
		used += call->added.count;
	}
	if (call->cross_origin) {
		list[used++] = cors_expose(call);
	}
	if (!call->session->wire->respond(call, list, used, body && !call->head)) {
		call->session->wire->reset(call, NGHTTP2_INTERNAL_ERROR);
	}
}

void reply_http(struct rpc_call *call, int http_status, const char *name, const char *value)
{
	struct header header = {"", "", 0, 0};
	if (name != NULL) {
		header = header_of(name, value);
	}
	call->closing = true;
	reply_submit(call, http_status, &header, name != NULL, false);
}

/* The headers that every answer of a protocol begins with. Which encodings are taken is told to those who speak of encodings themselves, and where a call is refused. */
static size_t make_open(const struct rpc_call *call, bool refused, bool compressed, struct header headers[OPEN_HEADERS])
{
	size_t count = 0;
	headers[count++] = protocols[call->protocol].content_types[call->codec];
	if (refused || call->gzip_taken || call->encoding != ENCODING_IDENTITY) {
		headers[count++] = protocols[call->protocol].accept;
	}
	if (compressed) {
		headers[count++] = protocols[call->protocol].encoding;
	}
	return count;
}

/* Those of a stream of messages. */
static void submit_open(struct rpc_call *call)
{
	struct header headers[OPEN_HEADERS];
	reply_submit(call, 200, headers, make_open(call, false, call->announce_compression, headers), true);
}

/* ---- messages out ------------------------------------------------------------------------------------------------------------------ */

/* Behind its prefix, where the protocol has one, and compressed where that was asked. */
static bool queue_message(struct rpc_call *call, const struct bytes *pieces, size_t count)
{
	bool prefix = call->protocol != RPC_CONNECT_UNARY;
	struct queue *deflated = &call->session->deflated;
	if (!call->compress) {
		return call_queue(call, prefix, 0, pieces, count);
	}
	if (!gzip_deflate(pieces, count, deflated)) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "Out of memory; try again.");
		return false;
	}
	struct bytes bytes = queue_bytes(deflated);
	bool ok = call_queue(call, prefix, FLAG_COMPRESSED, &bytes, 1);
	call->body_compressed = !prefix;
	queue_clear(deflated);
	return ok;
}

static struct bytes join(const struct bytes *pieces, size_t count, struct arena *arena)
{
	struct buf whole;
	buf_init(&whole, arena);
	for (size_t i = 0; i < count; i++) {
		buf_add(&whole, pieces[i].data, pieces[i].size);
	}
	return buf_bytes(&whole);
}

/* Most texts are at most twice as long as the message. What grows beyond its room leaves that behind in the arena, so there is room from the beginning; where
 * the arena has not so much left, half of that, for types in an Any are unpacked on the way. */
static void make_room(struct buf *text, size_t message_size)
{
	size_t left = text->arena->limit_bytes - text->arena->used_bytes;
	buf_extend(text, 2 * message_size < left / 2 ? 2 * message_size : left / 2);
	text->size = 0;
}

/* The pieces as the client reads them; false once the call has failed. */
static bool queue_json(struct rpc_call *call, const struct bytes *pieces, size_t count)
{
	struct arena scratch;
	struct buf text;
	struct status st;
	status_init(&st);
	arena_init(&scratch, LIMIT_REPLY_JSON_BYTES);
	buf_init(&text, &scratch);
	struct bytes whole = count == 1 ? pieces[0] : join(pieces, count, &scratch);
	bool fits = whole.size <= LIMIT_REPLY_BYTES, ok = false;
	ProtobufCMessage *message = fits ? schema_unpack_reply(call->method->output, whole, &scratch, &st) : NULL;
	if (message != NULL) {
		make_room(&text, whole.size);
		json_write(call->session->schema, call->method->output, message, 0, &text);
	}
	if (!fits || scratch.overflowed || text.failed) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "The reply is too large to be written as JSON: ask for a smaller page, or for application/proto.");
	} else if (message == NULL) {
		call_fail(call, STATUS_INTERNAL, "The reply could not be written as JSON; ask for application/proto.");
	} else {
		struct bytes bytes = buf_bytes(&text);
		ok = queue_message(call, &bytes, 1);
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
	if (!(call->codec == CODEC_JSON ? queue_json : queue_message)(call, pieces, count)) {
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

/* The status and what the owner added, as headers in the call's arena. */
static size_t make_trailers(struct rpc_call *call, const struct status *st, struct header **ret_headers)
{
	struct header *headers = arena_alloc(&call->arena, (GRPC_STATUS_HEADERS + call->added_last.count) * sizeof *headers);
	if (headers == NULL) {
		call->session->wire->reset(call, NGHTTP2_INTERNAL_ERROR);
		return 0;
	}
	size_t count = make_grpc_status(call, st, headers);
	if (call->added_last.count > 0) {
		memcpy(headers + count, call->added_last.list, call->added_last.count * sizeof *headers);
	}
	*ret_headers = headers;
	return count + call->added_last.count;
}

/* gRPC: everything in one block of headers. */
static void finish_trailers_only(struct rpc_call *call, const struct header *trailers, size_t count)
{
	struct header headers[HEADERS_MAX];
	size_t used = make_open(call, true, false, headers);
	memcpy(headers + used, trailers, count * sizeof *trailers);
	reply_submit(call, 200, headers, used + count, false);
}

static void finish_grpc(struct rpc_call *call, const struct status *st)
{
	struct header *trailers;
	size_t count = make_trailers(call, st, &trailers);
	if (count == 0) {
		return;
	}
	if (!call->submitted) {
		finish_trailers_only(call, trailers, count);
	} else {
		call->trailers = trailers;
		call->trailers_count = count;
	}
}

static void finish_web(struct rpc_call *call, const struct status *st)
{
	struct header *trailers;
	struct buf text;
	size_t count = make_trailers(call, st, &trailers);
	if (count == 0) {
		return;
	}
	if (!call->submitted) {
		finish_trailers_only(call, trailers, count);
		return;
	}
	buf_init(&text, &call->arena);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "%s: %s\r\n", trailers[i].name, trailers[i].value);
	}
	struct bytes bytes = buf_bytes(&text);
	call_queue(call, true, FLAG_WEB_TRAILER, &bytes, 1);
}

/* Trailing metadata goes into the headers, "trailer-" before its name. */
static size_t make_connect_trailers(struct rpc_call *call, struct header *headers)
{
	size_t count = 0;
	for (size_t i = 0; i < call->added_last.count; i++) {
		const char *name = arena_printf(&call->arena, "trailer-%s", call->added_last.list[i].name);
		if (name != NULL) {
			headers[count++] = header_of(name, call->added_last.list[i].value);
		}
	}
	return count;
}

static void finish_connect_unary(struct rpc_call *call, const struct status *st)
{
	struct header headers[OPEN_HEADERS + LIMIT_REPLY_METADATA];
	size_t count = make_open(call, !status_ok(st), status_ok(st) && call->body_compressed, headers);
	if (!status_ok(st)) {
		struct buf text;
		buf_init(&text, &call->arena);
		connect_error(st, &text);
		struct bytes bytes = buf_bytes(&text);
		call_unqueue(call);
		call_queue(call, false, 0, &bytes, 1);
		headers[0] = header_of("content-type", "application/json");
	}
	count += make_connect_trailers(call, headers + count);
	reply_submit(call, connect_http_status(st->code), headers, count, true);
}

static void finish_connect_stream(struct rpc_call *call, const struct status *st)
{
	struct buf text;
	buf_init(&text, &call->arena);
	connect_end(st, call->added_last.list, call->added_last.count, &text);
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
	call->outcome = st->code;
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
