/* SPDX-License-Identifier: Apache-2.0
 *
 * session.c - one HTTP/2 connection: nghttp2's callbacks, both roles, and the defences that count what a peer makes us do.
 *
 * Flow control is by hand: a byte is given back when it has been taken, so an owner that stops reading a call holds its peer back. Frames are gathered
 * into one run of bytes per rpc_session_send, so a small reply (HEADERS, DATA, trailers) and its neighbours share one TLS record.
 *
 * nghttp2 bounds resets received, CONTINUATION frames and unsent acknowledgements. Counted here: PING, SETTINGS and empty frames, which cost us more
 * than the peer, and RST_STREAM frames that the peer provokes (CVE-2025-8671). A bucket that runs dry ends the connection; frames that carry replies
 * refill the first, for honest gRPC peers probe the bandwidth with PINGs while data flows.
 */
#include "common/rpc/internal.h"

#include "common/base/clock.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SEND_GATHER_BYTES = 16384, /* one TLS record */
	SEND_ALONE_BYTES = 4096,   /* a frame this large goes out where it lies */
	SETTINGS_NO_RFC7540_PRIORITIES_ID = 9,
	REFUND_FRAMES = 10,
};

static struct rpc_call *call_of(struct rpc_session *session, int32_t stream_id)
{
	return nghttp2_session_get_stream_user_data(session->h2, stream_id);
}

/* ---- defences --------------------------------------------------------------------------------------------------------------- */

static bool bucket_take(struct bucket *bucket, double burst, double per_second)
{
	int64_t now = clock_monotonic_us();
	bucket->tokens += (double)(now - bucket->filled_us) * per_second / 1e6;
	bucket->filled_us = now;
	if (bucket->tokens > burst) {
		bucket->tokens = burst;
	}
	bucket->tokens -= 1;
	return bucket->tokens >= 0;
}

/* GOAWAY; gRPC clients know the text "too_many_pings" and then ping less (grpc/proposal A8). */
static void enhance_your_calm(struct rpc_session *session, const char *text)
{
	if (!session->failed) {
		session->failed = true;
		nghttp2_submit_goaway(session->h2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->h2),
		                      NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)text, strlen(text));
	}
}

static void count_nuisance(struct rpc_session *session, const nghttp2_frame *frame)
{
	uint8_t flags = frame->hd.flags;
	bool nuisance = false;
	switch (frame->hd.type) {
	case NGHTTP2_PING:
	case NGHTTP2_SETTINGS:
		nuisance = !(flags & NGHTTP2_FLAG_ACK);
		break;
	case NGHTTP2_DATA:
		nuisance = !(flags & NGHTTP2_FLAG_END_STREAM) && frame->hd.length <= frame->data.padlen;
		break;
	case NGHTTP2_PRIORITY:
		nuisance = true;
		break;
	default:
		break;
	}
	if (nuisance && !bucket_take(&session->nuisance, LIMIT_NUISANCE_BURST, LIMIT_NUISANCE_PER_SECOND)) {
		enhance_your_calm(session, "too_many_pings");
	}
}

/* ---- nghttp2 calls back: receiving ---------------------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
	struct rpc_session *session = user_data;
	if (!session->server || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		return 0;
	}
	struct rpc_call *call = call_new(session, frame->hd.stream_id);
	if (call == NULL) {
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, call);
	return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_size, const uint8_t *value, size_t value_size,
                     uint8_t flags, void *user_data)
{
	struct rpc_session *session = user_data;
	struct rpc_call *call = call_of(session, frame->hd.stream_id);
	(void)h2;
	(void)flags;
	if (call == NULL || call->received.too_large) {
		return 0;
	}
	/* RFC 9113 §6.5.2: SETTINGS_MAX_HEADER_LIST_SIZE is counted like this; nghttp2 only advertises it. */
	call->received.bytes += name_size + value_size + 32;
	if (call->received.bytes > session->limits.header_bytes ||
	    !headers_add(&call->received, &call->arena, (struct bytes){name, name_size}, (struct bytes){value, value_size})) {
		call->received.too_large = true;
	}
	return 0;
}

static int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *user_data)
{
	struct rpc_session *session = user_data;
	(void)h2;
	if (hd->type == NGHTTP2_DATA) {
		session->frame_bytes = hd->flags & NGHTTP2_FLAG_PADDED ? SIZE_MAX : hd->length;
	}
	return 0;
}

static void drop_rest(struct rpc_call *call, size_t size);

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream_id, const uint8_t *data, size_t size, void *user_data)
{
	struct rpc_session *session = user_data;
	struct rpc_call *call = call_of(session, stream_id);
	if (call == NULL) {
		nghttp2_session_consume(h2, stream_id, size);
		return 0;
	}
	if (call->lingering) {
		drop_rest(call, size);
		return 0;
	}
	bool last = flags & NGHTTP2_FLAG_END_STREAM && size == session->frame_bytes;
	inbound_data(call, (struct bytes){data, size}, last);
	return 0;
}

static int on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
	struct rpc_session *session = user_data;
	count_nuisance(session, frame);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
		return 0;
	}
	struct rpc_call *call = call_of(session, frame->hd.stream_id);
	if (call == NULL || session->failed) {
		return 0;
	}
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (frame->hd.type == NGHTTP2_HEADERS) {
		if (!session->server) {
			client_response(call);
		} else if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
			server_headers(call, end);
		}
	}
	if (end) {
		inbound_end(call);
		if (!session->server && !call->end_sent) {
			/* The answer is complete before the request is: nobody reads the rest. */
			nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
		}
	}
	return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t stream_id, uint32_t error_code, void *user_data)
{
	struct rpc_session *session = user_data;
	struct rpc_call *call = call_of(session, stream_id);
	if (call == NULL) {
		return 0;
	}
	nghttp2_session_set_stream_user_data(h2, stream_id, NULL);
	session->lingering -= call->lingering;
	if (!session->server) {
		client_closed(call, error_code);
		return 0;
	}
	if (call->announced) {
		session->server_events->ended(session->context, call, !(call->owner_finished && call->end_sent));
	}
	call_free(call);
	return 0;
}

/* ---- nghttp2 calls back: sending --------------------------------------------------------------------------------------------------- */

/* RFC 9113 §8.1: answered before the request was whole. A reset tells the peer to stop, and without one the stream could stay open for ever; but curl throws the answer away on a
 * reset, so the rest of a few short requests is waited for and dropped. */
static void answered_early(struct rpc_call *call)
{
	struct rpc_session *session = call->session;
	bool short_request = !(call->method != NULL && call->method->client_streaming);
	if (short_request && session->lingering < LINGERING_CALLS && !session->leaving) {
		call->lingering = true;
		inbound_drop(call);
		session->lingering++;
		return;
	}
	nghttp2_submit_rst_stream(session->h2, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_NO_ERROR);
}

/* Drops what comes after the answer; past the size of a message the peer is told to stop after all. */
static void drop_rest(struct rpc_call *call, size_t size)
{
	nghttp2_session_consume(call->session->h2, call->stream_id, size);
	size_t before = call->lingered_bytes;
	call->lingered_bytes += size;
	if (before <= LINGERED_BYTES && call->lingered_bytes > LINGERED_BYTES) { /* once */
		nghttp2_submit_rst_stream(call->session->h2, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_NO_ERROR);
	}
}

static int on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
	struct rpc_session *session = user_data;
	(void)h2;
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR && session->server &&
		    !bucket_take(&session->resets, LIMIT_RESET_BURST, LIMIT_RESET_PER_SECOND)) {
			enhance_your_calm(session, "too_many_resets");
		}
		return 0;
	}
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
		return 0;
	}
	session->nuisance.tokens += REFUND_FRAMES;
	struct rpc_call *call = call_of(session, frame->hd.stream_id);
	if (call == NULL) {
		return 0;
	}
	call->sent = true;
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		call->end_sent = true;
		if (session->server && !call->remote_closed) {
			answered_early(call);
		}
	}
	return 0;
}

static int on_frame_not_send(nghttp2_session *h2, const nghttp2_frame *frame, int error, void *user_data)
{
	struct rpc_session *session = user_data;
	struct rpc_call *call = frame->hd.type == NGHTTP2_HEADERS ? call_of(session, frame->hd.stream_id) : NULL;
	(void)error;
	if (call != NULL && session->server) {
		/* Headers that nghttp2 will not send, as larger than it allows: the peer must not wait for them. */
		nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
	}
	return 0;
}

/* ---- new and free -------------------------------------------------------------------------------------------------------------- */

static bool make_h2(struct rpc_session *session)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int result = nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0 ? NGHTTP2_ERR_NOMEM : 0;
	if (result == 0) {
		nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
		nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
		nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
		nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
		nghttp2_option_set_no_auto_window_update(option, 1);
		nghttp2_option_set_stream_reset_rate_limit(option, LIMIT_RESET_BURST, LIMIT_RESET_PER_SECOND);
		result = session->server ? nghttp2_session_server_new2(&session->h2, callbacks, session, option)
		                         : nghttp2_session_client_new2(&session->h2, callbacks, session, option);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return result == 0;
}

static bool submit_settings(struct rpc_session *session)
{
	nghttp2_settings_entry common[] = {
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, LIMIT_STREAM_WINDOW_BYTES},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, session->limits.header_bytes},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, session->limits.streams},
		{SETTINGS_NO_RFC7540_PRIORITIES_ID, 1},
	};
	if (!session->server) {
		common[2] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
	}
	return nghttp2_submit_settings(session->h2, NGHTTP2_FLAG_NONE, common, sizeof common / sizeof common[0]) == 0 &&
	       nghttp2_session_set_local_window_size(session->h2, NGHTTP2_FLAG_NONE, 0, LIMIT_CONNECTION_WINDOW_BYTES) == 0;
}

static struct rpc_session *session_new(bool server, const struct rpc_limits *limits, void *context)
{
	struct rpc_session *session = calloc(1, sizeof *session);
	if (session == NULL) {
		return NULL;
	}
	session->server = server;
	session->context = context;
	if (limits != NULL) {
		session->limits = *limits;
	}
	if (session->limits.message_bytes == 0) {
		session->limits.message_bytes = server ? LIMIT_MESSAGE_BYTES : LIMIT_REPLY_BYTES;
	}
	if (session->limits.streams == 0) {
		session->limits.streams = LIMIT_STREAMS;
	}
	if (session->limits.header_bytes == 0) {
		session->limits.header_bytes = LIMIT_HEADER_BYTES;
	}
	session->nuisance = (struct bucket){LIMIT_NUISANCE_BURST, clock_monotonic_us()};
	session->resets = (struct bucket){LIMIT_RESET_BURST, session->nuisance.filled_us};
	TAILQ_INIT(&session->calls);
	TAILQ_INIT(&session->ready);
	TAILQ_INIT(&session->kept);
	if (!make_h2(session) || !submit_settings(session)) {
		rpc_session_free(session);
		return NULL;
	}
	return session;
}

struct rpc_session *rpc_server_new(const struct schema *schema, const struct rpc_limits *limits, const struct rpc_server_events *events, void *context)
{
	struct rpc_session *session = session_new(true, limits, context);
	if (session != NULL) {
		session->schema = schema;
		session->server_events = events;
	}
	return session;
}

struct rpc_session *rpc_client_new(const char *authority, const struct rpc_limits *limits, const struct rpc_client_events *events, void *context)
{
	struct rpc_session *session = session_new(false, limits, context);
	if (session != NULL) {
		session->client_events = events;
		session->authority = strdup(authority);
		if (session->authority == NULL) {
			rpc_session_free(session);
			return NULL;
		}
	}
	return session;
}

static void end_all(struct rpc_session *session)
{
	struct rpc_call *call;
	session->failed = true;
	while ((call = TAILQ_FIRST(&session->calls)) != NULL) {
		if (!session->server) {
			client_closed(call, NGHTTP2_CANCEL);
			continue;
		}
		if (call->announced) {
			session->server_events->ended(session->context, call, !(call->owner_finished && call->end_sent));
		}
		call_free(call);
	}
}

void rpc_session_free(struct rpc_session *session)
{
	if (session == NULL) {
		return;
	}
	end_all(session);
	nghttp2_session_del(session->h2);
	struct rpc_call *call;
	while ((call = TAILQ_FIRST(&session->kept)) != NULL) {
		TAILQ_REMOVE(&session->kept, call, link);
		arena_done(&call->arena);
		queue_free(&call->in);
		queue_free(&call->out);
		free(call);
	}
	queue_free(&session->out);
	queue_free(&session->inflated);
	free(session->authority);
	free(session);
}

/* ---- bytes in, bytes out ------------------------------------------------------------------------------------------------------ */

/* Tells owners what callbacks of nghttp2 found out. True if there was anything. */
static bool session_notices(struct rpc_session *session)
{
	bool any = false;
	struct rpc_call *call;
	while ((call = TAILQ_FIRST(&session->ready)) != NULL) {
		any = true;
		TAILQ_REMOVE(&session->ready, call, ready);
		call->noticed = false;
		if (call->notice_reading) {
			call->notice_reading = false;
			inbound_pump(call);
		}
		if (call->notice_writable) {
			call->notice_writable = false;
			if (session->server ? !call->closing : !call->aborted && !call->reported) {
				(session->server ? session->server_events->writable : session->client_events->writable)(session->context, call);
			}
		}
		if (!session->server && (call->closed || call->aborted)) {
			client_report(call);
		}
	}
	return any;
}

bool rpc_session_receive(struct rpc_session *session, struct bytes bytes)
{
	if (session->failed) {
		return false;
	}
	ssize_t taken = nghttp2_session_mem_recv(session->h2, bytes.data, bytes.size);
	if (taken < 0) {
		session->failed = true;
		nghttp2_session_terminate_session(session->h2, NGHTTP2_PROTOCOL_ERROR);
	}
	session_notices(session);
	return !session->failed && nghttp2_session_want_read(session->h2);
}

struct bytes rpc_session_send(struct rpc_session *session)
{
	queue_clear(&session->out);
	session_notices(session);
	while (queue_size(&session->out) < SEND_GATHER_BYTES) {
		const uint8_t *data;
		ssize_t size = nghttp2_session_mem_send(session->h2, &data);
		if (size > SEND_ALONE_BYTES && queue_size(&session->out) == 0) {
			return (struct bytes){data, (size_t)size};
		}
		if (size < 0 || (size > 0 && !queue_add(&session->out, data, (size_t)size))) {
			session->failed = session->broken = true;
			break;
		}
		if (size == 0 && !session_notices(session)) {
			break;
		}
	}
	if (queue_size(&session->out) == 0 && session->calls_count == 0) {
		queue_free(&session->out);
	}
	return queue_bytes(&session->out);
}

bool rpc_session_done(const struct rpc_session *session)
{
	return session->broken || ((session->failed || !nghttp2_session_want_read(session->h2)) && !nghttp2_session_want_write(session->h2));
}

size_t rpc_session_calls(const struct rpc_session *session)
{
	return session->calls_count;
}

void rpc_session_shutdown(struct rpc_session *session, bool final)
{
	if (session->server && !final) {
		nghttp2_submit_shutdown_notice(session->h2);
	} else {
		nghttp2_submit_goaway(session->h2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->h2), NGHTTP2_NO_ERROR, NULL, 0);
		struct rpc_call *call;
		session->leaving = true;
		TAILQ_FOREACH(call, &session->calls, link) {
			if (call->lingering) { /* nobody waits for the rest any more */
				nghttp2_submit_rst_stream(session->h2, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_NO_ERROR);
			}
		}
	}
}

struct rpc_call *rpc_session_call(struct rpc_session *session, uint32_t id)
{
	struct rpc_call *call = id <= INT32_MAX ? call_of(session, (int32_t)id) : NULL;
	if (call == NULL && !session->server) {
		/* A request that waits for its turn has no stream yet. */
		TAILQ_FOREACH(call, &session->calls, link) {
			if (rpc_call_id(call) == id) {
				break;
			}
		}
	}
	return call != NULL && !call->reported ? call : NULL;
}
