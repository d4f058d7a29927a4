/* SPDX-License-Identifier: Apache-2.0
 *
 * inbound.c - what arrives on a stream, cut into messages.
 *
 * A message that lies whole in one DATA frame is handed over where it lies; anything else is gathered in the call's `in` queue, which grows with the
 * bytes that came, never with the length that a prefix claims. A request that must be one message is handed over only once the stream has ended,
 * for only then it is known to be one. While the owner does not read, bytes are held and flow control is not told of them.
 */
#include "common/rpc/internal.h"

#include "common/schema/json.h"

static void consume(struct rpc_call *call, size_t size)
{
	if (size > 0) {
		call->session->wire->consume(call, size, false);
	}
}

void inbound_drop(struct rpc_call *call)
{
	session_let_go(call->session, queue_size(&call->in));
	queue_clear(&call->in);
	if (call->unconsumed_bytes > 0) {
		call->session->wire->consume(call, call->unconsumed_bytes, true);
		call->unconsumed_bytes = 0;
	}
}

/* A Connect unary body is the message, without a prefix that says its size. */
static bool bare(const struct rpc_call *call)
{
	return call->session->server && !call->method->client_streaming && call->protocol == RPC_CONNECT_UNARY;
}

/* So many bytes of a bare message may come. */
static bool bare_fits(struct rpc_call *call, size_t size)
{
	if (size > call->session->limits.message_bytes) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "The message is larger than the limit of %u bytes.", call->session->limits.message_bytes);
		return false;
	}
	return true;
}

static bool hold(struct rpc_call *call, struct bytes bytes)
{
	if (bare(call) && !bare_fits(call, queue_size(&call->in) + bytes.size)) { /* first, so that the answer is the same however the bytes come */
		return false;
	}
	if (!session_keep(call->session, bytes.size)) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "Too many unfinished requests; send fewer large ones at once, or try again.");
		return false;
	}
	if (!queue_add(&call->in, bytes.data, bytes.size)) {
		session_let_go(call->session, bytes.size);
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "Out of memory; try again.");
		return false;
	}
	return true;
}

/* ---- one message --------------------------------------------------------------------------------------------------------------- */

static bool decompress(struct rpc_call *call, struct bytes *payload)
{
	if (call->encoding != ENCODING_GZIP) {
		call_fail(call, STATUS_INTERNAL, "A message is flagged as compressed but no encoding was declared; set grpc-encoding: gzip.");
		return false;
	}
	switch (gzip_inflate(*payload, call->session->limits.message_bytes, &call->session->inflated)) {
	case GZIP_OK:
		*payload = queue_bytes(&call->session->inflated);
		return true;
	case GZIP_TOO_LARGE:
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "A message is larger than the limit of %u bytes.", call->session->limits.message_bytes);
		return false;
	case GZIP_NO_MEMORY:
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "Out of memory; try again.");
		return false;
	case GZIP_BAD:
		break;
	}
	call_fail(call, STATUS_INTERNAL, "A message is not valid gzip data.");
	return false;
}

static void deliver_json(struct rpc_call *call, struct bytes text)
{
	struct rpc_session *session = call->session;
	struct arena scratch;
	struct status st;
	status_init(&st);
	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	ProtobufCMessage *message = json_read(session->schema, call->method->input, text, &scratch, &st);
	struct bytes bytes = {NULL, 0};
	if (message != NULL) {
		bytes = schema_pack(message, &scratch);
	}
	if (message == NULL || scratch.overflowed) {
		status_fail(&st, STATUS_RESOURCE_EXHAUSTED, "", "The request needs more memory than one call may use; send less at once.");
		reply_finish(call, &st);
	} else {
		session->server_events->message(session->context, call, bytes);
	}
	arena_done(&scratch);
}

void inbound_deliver(struct rpc_call *call, bool compressed, struct bytes payload)
{
	struct rpc_session *session = call->session;
	call->messages_in++;
	call->waiting_us = 0;
	call->compressed = compressed;
	if (compressed && !decompress(call, &payload)) {
		return;
	}
	if (!session->server) {
		session->client_events->message(session->context, call, payload);
	} else if (call->codec == CODEC_JSON) {
		deliver_json(call, payload);
	} else {
		session->server_events->message(session->context, call, payload);
	}
	if (compressed) {
		queue_clear(&session->inflated);
	}
}

/* ---- cutting --------------------------------------------------------------------------------------------------------------- */

enum frame { FRAME_PART, FRAME_WHOLE, FRAME_BAD };

/* Looks at the message at the head of `bytes`; its length is judged as soon as its prefix is here. */
static enum frame next_frame(struct rpc_call *call, struct bytes bytes, struct bytes *ret_payload)
{
	if (bytes.size < PREFIX_BYTES) {
		return FRAME_PART;
	}
	uint32_t size = (uint32_t)bytes.data[1] << 24 | (uint32_t)bytes.data[2] << 16 | (uint32_t)bytes.data[3] << 8 | bytes.data[4];
	if ((bytes.data[0] & ~FLAG_COMPRESSED) != 0) {
		call_fail(call, STATUS_INTERNAL, "A message has unknown flags 0x%02x in its prefix.", bytes.data[0]);
		return FRAME_BAD;
	}
	if (size > call->session->limits.message_bytes) {
		call_fail(call, STATUS_RESOURCE_EXHAUSTED, "A message of %u bytes is larger than the limit of %u bytes.", size,
		          call->session->limits.message_bytes);
		return FRAME_BAD;
	}
	if (bytes.size - PREFIX_BYTES < size) {
		return FRAME_PART;
	}
	*ret_payload = (struct bytes){bytes.data + PREFIX_BYTES, size};
	return FRAME_WHOLE;
}

/* The takers of single messages return the bytes used up. */
static size_t take_bare(struct rpc_call *call, struct bytes bytes, bool last)
{
	if (!bare_fits(call, bytes.size)) {
		return bytes.size;
	}
	if (!last) {
		return 0;
	}
	if (call->messages_in == 0) {
		inbound_deliver(call, call->encoding == ENCODING_GZIP && bytes.size > 0, bytes);
	}
	return bytes.size;
}

static size_t take_single(struct rpc_call *call, struct bytes bytes, bool last)
{
	struct bytes payload;
	enum frame frame = next_frame(call, bytes, &payload);
	if (frame == FRAME_WHOLE && bytes.size > PREFIX_BYTES + payload.size) {
		call_fail(call, STATUS_UNIMPLEMENTED, "The method takes one request message, but more were sent.");
		return bytes.size;
	}
	if (frame != FRAME_WHOLE || !last) {
		return frame == FRAME_BAD ? bytes.size : 0;
	}
	inbound_deliver(call, bytes.data[0] & FLAG_COMPRESSED, payload);
	return bytes.size;
}

static size_t take(struct rpc_call *call, struct bytes bytes, bool last)
{
	if (call->session->server && !call->method->client_streaming) {
		return (bare(call) ? take_bare : take_single)(call, bytes, last);
	}
	size_t used = 0;
	while (used < bytes.size && call->reading && !call_over(call)) { /* there may be none, at NULL */
		struct bytes rest = {bytes.data + used, bytes.size - used}, payload;
		if (next_frame(call, rest, &payload) != FRAME_WHOLE) {
			break;
		}
		inbound_deliver(call, rest.data[0] & FLAG_COMPRESSED, payload);
		used += PREFIX_BYTES + payload.size;
	}
	return call_over(call) ? bytes.size : used;
}

/* ---- the stream ------------------------------------------------------------------------------------------------------------- */

void inbound_data(struct rpc_call *call, struct bytes chunk, bool last)
{
	if (call_over(call)) {
		consume(call, chunk.size);
		return;
	}
	if (!call->reading) {
		if (hold(call, chunk)) {
			call->unconsumed_bytes += chunk.size;
		} else {
			consume(call, chunk.size);
		}
		return;
	}
	consume(call, chunk.size);
	if (queue_size(&call->in) == 0) {
		size_t used = take(call, chunk, last);
		if (used < chunk.size) {
			hold(call, (struct bytes){chunk.data + used, chunk.size - used});
		}
	} else if (hold(call, chunk)) {
		inbound_pump(call);
	}
}

static void half_close(struct rpc_call *call)
{
	struct rpc_session *session = call->session;
	const char *outcome = session->server ? NULL : rpc_call_metadata(call, "grpc-status");
	call->half_close_told = true;
	if (queue_size(&call->in) > 0 && (outcome == NULL || strcmp(outcome, "0") == 0)) {
		call_fail(call, STATUS_INTERNAL, "The stream ended within a message.");
	} else if (session->server && !call->method->client_streaming && call->messages_in == 0) {
		call_fail(call, STATUS_UNIMPLEMENTED, "The method takes one request message, but none was sent.");
	} else if (session->server) {
		session->server_events->half_close(session->context, call);
	}
}

void inbound_pump(struct rpc_call *call)
{
	if (call_over(call)) {
		inbound_drop(call);
		return;
	}
	if (!call->reading) {
		return;
	}
	size_t before = queue_size(&call->in);
	bool empty = bare(call) && call->remote_closed && call->messages_in == 0; /* no byte is a message too */
	if (before > 0 || empty) {
		size_t used = take(call, queue_bytes(&call->in), call->remote_closed);
		queue_drop(&call->in, used);
		session_let_go(call->session, used);
	}
	if (call->reading && call->unconsumed_bytes > 0) {
		consume(call, call->unconsumed_bytes);
		call->unconsumed_bytes = 0;
	}
	if (call_over(call)) {
		inbound_drop(call);
	} else if (call->reading && call->remote_closed && !call->half_close_told) {
		half_close(call);
	}
}

void inbound_end(struct rpc_call *call)
{
	call->remote_closed = true;
	inbound_pump(call);
}
