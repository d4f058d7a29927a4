/* SPDX-License-Identifier: Apache-2.0
 *
 * h2.c - HTTP/2 by nghttp2, both roles, and the defences that count what a peer makes us do.
 *
 * Flow control is by hand: a byte is given back when it has been taken, so an owner that stops reading a call holds its peer back. Frames are gathered
 * into one run of bytes per rpc_session_send, so a small reply (HEADERS, DATA, trailers) and its neighbours share one TLS record.
 *
 * nghttp2 bounds CONTINUATION frames and unsent acknowledgements. Counted here: frames that cost us more than the peer, and RST_STREAM frames, those that
 * the peer sends and those that it provokes (CVE-2025-8671). A bucket that runs dry ends the connection; frames that carry replies refill the first. PINGs of a peer
 * that is sent nothing must keep gRPC's distance (grpc/proposal A8); what we send resets that, for honest peers probe the bandwidth while data flows.
 */
#include "common/rpc/internal.h"

#include "common/base/clock.h"

#include <assert.h>

enum {
	SEND_ALONE_BYTES = 4096,   /* a frame this large goes out where it lies */
	FRAME_BYTES = 16384,       /* of DATA, RFC 9113 §6.5.2: what peers take unless they say otherwise */
	SETTINGS_NO_RFC7540_PRIORITIES_ID = 9,
	REFUND_FRAMES = 10,
	DEFLATE_TABLE_BYTES = 1024, /* for what we send: replies have few headers, and nghttp2 sets the room aside in each session */
	HEADER_BOMB = 16,          /* times the bound on headers: more than nghttp2 lets a peer send, so they can only be references to few; unfolding all would take 70 ms a frame */
};

static struct rpc_call *call_of(struct rpc_session *session, int32_t stream_id)
{
	return nghttp2_session_get_stream_user_data(session->h2, stream_id);
}

static void h2_reset(struct rpc_call *call, uint32_t error_code)
{
	nghttp2_submit_rst_stream(call->session->h2, NGHTTP2_FLAG_NONE, call->stream_id, error_code);
}

/* ---- defences --------------------------------------------------------------------------------------------------------------- */

/* GOAWAY; gRPC clients know the text "too_many_pings" and then ping less (A8). */
static void enhance_your_calm(struct rpc_session *session, const char *offence)
{
	if (!session->failed) {
		session->failed = true;
		session->offence = offence;
		nghttp2_submit_goaway(session->h2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->h2),
		                      NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)offence, strlen(offence));
	}
}

static void count_ping(struct rpc_session *session)
{
	int64_t now = clock_monotonic_us();
	const int64_t interval_us = (int64_t)LIMIT_PING_INTERVAL_MS * 1000;
	/* Several PINGs may be on their way because of what was sent a while ago: a busy client probes once for each piece that it takes in. */
	bool lately = session->replied_us != 0 && now - session->replied_us < interval_us;
	bool close = session->ping_us != 0 && now - session->ping_us < interval_us && !lately;
	session->ping_us = now;
	if (session->server && close && ++session->ping_strikes > LIMIT_PING_STRIKES) {
		enhance_your_calm(session, "too_many_pings");
	}
}

/* What a frame that arrived costs beside its bytes, in tokens. */
static double nuisance_of(const nghttp2_frame *frame)
{
	switch (frame->hd.type) {
	case NGHTTP2_SETTINGS:
		return frame->hd.flags & NGHTTP2_FLAG_ACK ? 0 : 1;
	case NGHTTP2_DATA:
		return !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && frame->hd.length <= frame->data.padlen ? 1 : 0;
	case NGHTTP2_PING:
	case NGHTTP2_GOAWAY:
		return 1;
	case NGHTTP2_WINDOW_UPDATE:
		return 0.1;
	default:
		return 0;
	}
}

static void count_nuisance(struct rpc_session *session, double tokens)
{
	if (tokens > 0 && !bucket_take(&session->nuisance, LIMIT_NUISANCE_BURST, LIMIT_NUISANCE_PER_SECOND, tokens)) {
		enhance_your_calm(session, "too_many_frames");
	}
}

static void count_cancels(struct rpc_session *session, unsigned count)
{
	if (!bucket_take(&session->cancels, LIMIT_RESET_BURST, LIMIT_RESET_PER_SECOND, count)) {
		enhance_your_calm(session, "too_many_cancels");
	}
}

static void h2_shutdown(struct rpc_session *session, bool final);

/* ---- nghttp2 calls back: receiving ---------------------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
	struct rpc_session *session = user_data;
	session->arriving = session->server ? NULL : call_of(session, frame->hd.stream_id);
	session->unwanted_bytes = 0;
	if (!session->server || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		return 0;
	}
	struct rpc_call *call = call_new(session, frame->hd.stream_id);
	if (call == NULL) {
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	if (++session->calls_total == LIMIT_CONNECTION_CALLS) {
		h2_shutdown(session, false);
	}
	nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, call);
	session->arriving = call;
	return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
	struct rpc_session *session = user_data;
	struct rpc_call *call = session->arriving;
	(void)h2;
	(void)frame;
	(void)flags;
	/* RFC 9113 §6.5.2: SETTINGS_MAX_HEADER_LIST_SIZE is counted like this; nghttp2 only advertises it. */
	if (call != NULL) {
		headers_hold(&call->received, &call->arena, name, value, session->limits.header_bytes);
	} else {
		session->unwanted_bytes += nghttp2_rcbuf_get_buf(name).len + nghttp2_rcbuf_get_buf(value).len + 32;
	}
	if (session->server && (call != NULL ? call->received.bytes : session->unwanted_bytes) > HEADER_BOMB * (size_t)session->limits.header_bytes) {
		enhance_your_calm(session, "header_bomb");
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the rest is not unfolded */
	}
	return 0;
}

static int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *user_data)
{
	struct rpc_session *session = user_data;
	(void)h2;
	if (hd->type == NGHTTP2_HEADERS && session->server) {
		session->headers_us = session->now_us; /* of any block, whatever becomes of it; feed_skimmed sees its end */
	} else if (hd->type == NGHTTP2_DATA) {
		session->frame_bytes = hd->flags & NGHTTP2_FLAG_PADDED ? SIZE_MAX : hd->length;
	} else if (hd->type == NGHTTP2_PRIORITY || hd->type > NGHTTP2_CONTINUATION) {
		count_nuisance(session, 1); /* both are ignored (RFC 9113 §5.3.2, §5.5), but not free */
	}
	return 0;
}

/* Frames of unknown types: nghttp2 tells of them only who says that it takes them. */
static int on_extension_chunk(nghttp2_session *h2, const nghttp2_frame_hd *hd, const uint8_t *data, size_t size, void *user_data)
{
	(void)h2, (void)hd, (void)data, (void)size, (void)user_data;
	return NGHTTP2_ERR_CANCEL; /* ignores the rest of the frame */
}

static int on_extension(nghttp2_session *h2, void **payload, const nghttp2_frame_hd *hd, void *user_data)
{
	(void)h2, (void)payload, (void)hd, (void)user_data;
	return NGHTTP2_ERR_CANCEL;
}

static void drop_rest(struct rpc_call *call, size_t size);

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream_id, const uint8_t *data, size_t size, void *user_data)
{
	struct rpc_session *session = user_data;
	struct rpc_call *call = call_of(session, stream_id);
	if (call == NULL || session->failed) { /* of a call that began after the failure not even the headers were read */
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

/* The answer to our own PING ends the warning that rpc_session_shutdown gave. */
static void on_ping(struct rpc_session *session, bool answer)
{
	if (!answer) {
		count_ping(session);
	} else if (session->warned) {
		h2_shutdown(session, true);
	}
}

static int on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
	struct rpc_session *session = user_data;
	(void)h2;
	count_nuisance(session, nuisance_of(frame));
	if (frame->hd.type == NGHTTP2_SETTINGS) {
		session->settled = true;
	} else if (frame->hd.type == NGHTTP2_PING) {
		on_ping(session, frame->hd.flags & NGHTTP2_FLAG_ACK);
	} else if (frame->hd.type == NGHTTP2_RST_STREAM && session->server) {
		count_cancels(session, 1);
	}
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
			h2_reset(call, NGHTTP2_NO_ERROR);
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
	session->arriving = session->arriving == call ? NULL : session->arriving;
	session->lingering -= call->lingering;
	if (!session->server) {
		client_closed(call, error_code);
		return 0;
	}
	session_call_ended(call);
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
		call->waiting_us = session->now_us;
		inbound_drop(call);
		session->lingering++;
		return;
	}
	h2_reset(call, NGHTTP2_NO_ERROR);
}

/* Drops what comes after the answer; past the size of a message the peer is told to stop after all. */
static void drop_rest(struct rpc_call *call, size_t size)
{
	nghttp2_session_consume(call->session->h2, call->stream_id, size);
	size_t before = call->lingered_bytes;
	call->lingered_bytes += size;
	if (before <= LINGERED_BYTES && call->lingered_bytes > LINGERED_BYTES) { /* once */
		h2_reset(call, NGHTTP2_NO_ERROR);
	}
}

static int on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
	struct rpc_session *session = user_data;
	(void)h2;
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && session->offence == NULL) {
		session->offence = "protocol_error"; /* nghttp2's own: its text says which */
	}
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR && session->server &&
		    !bucket_take(&session->resets, LIMIT_PROVOKED_RESET_BURST, LIMIT_PROVOKED_RESET_PER_SECOND, 1)) {
			enhance_your_calm(session, "too_many_resets");
		}
		return 0;
	}
	if (frame->hd.type != NGHTTP2_PING && frame->hd.type != NGHTTP2_SETTINGS) {
		session->ping_us = 0;
		session->ping_strikes = 0;
	}
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
		return 0;
	}
	session->nuisance.tokens += REFUND_FRAMES;
	session->replied_us = session->now_us;
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
	(void)h2;
	(void)error;
	if (call != NULL && session->server) {
		/* Headers that nghttp2 will not send, as larger than it allows: the peer must not wait for them. */
		h2_reset(call, NGHTTP2_INTERNAL_ERROR);
	}
	return 0;
}

/* ---- the wire's functions ------------------------------------------------------------------------------------------------------------- */

static bool make_h2(struct rpc_session *session)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int result = nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0 ? NGHTTP2_ERR_NOMEM : 0;
	if (result == 0) {
		nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
		nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
		nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
		nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
		nghttp2_option_set_no_auto_window_update(option, 1);
		nghttp2_option_set_max_deflate_dynamic_table_size(option, DEFLATE_TABLE_BYTES);
		nghttp2_option_set_stream_reset_rate_limit(option, 2 * LIMIT_RESET_BURST, 2 * LIMIT_RESET_PER_SECOND); /* ours comes first, and says why */
		nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, on_extension_chunk);
		nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, on_extension);
		for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; type++) {
			nghttp2_option_set_user_recv_extension_type(option, (uint8_t)type);
		}
		nghttp2_mem memory = memory_functions(&session->memory);
		result = (session->server ? nghttp2_session_server_new3 : nghttp2_session_client_new3)(&session->h2, callbacks, session, option, &memory);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return result == 0;
}

static bool submit_settings(struct rpc_session *session)
{
	nghttp2_settings_entry common[] = {
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, session->server ? LIMIT_STREAM_WINDOW_BYTES : LIMIT_REPLY_WINDOW_BYTES},
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

/* The texts are not copied: they live as long as the call. */
static void make_list(const struct header *headers, size_t count, nghttp2_nv *list)
{
	assert(count <= HEADERS_MAX);
	for (size_t i = 0; i < count; i++) {
		list[i] = (nghttp2_nv){(uint8_t *)headers[i].name, (uint8_t *)headers[i].value, headers[i].name_size, headers[i].value_size,
		                       NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
	}
}

/* nghttp2 may send up to `length` bytes of this call. Trailers are submitted here, with the last byte gone, and nowhere earlier: nghttp2 would put
 * them before what is still queued. */
static ssize_t read_call(nghttp2_session *h2, int32_t stream_id, uint8_t *buffer, size_t length, uint32_t *flags, nghttp2_data_source *source,
                         void *user_data)
{
	struct rpc_call *call = source->ptr;
	(void)user_data;
	size_t size = queue_size(&call->out) < length ? queue_size(&call->out) : length;
	if (size > 0) {
		memcpy(buffer, call->out.data + call->out.head, size);
	}
	call_sent(call, size);
	if (queue_size(&call->out) == 0 && call->closing) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (call->trailers_count > 0) {
			nghttp2_nv list[HEADERS_MAX] __attribute__((uninitialized));
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			make_list(call->trailers, call->trailers_count, list);
			if (nghttp2_submit_trailer(h2, stream_id, list, call->trailers_count) != 0) {
				return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
			}
		}
	} else if (size == 0) {
		call->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return (ssize_t)size;
}

nghttp2_data_provider h2_provider(struct rpc_call *call)
{
	return (nghttp2_data_provider){.source = {.ptr = call}, .read_callback = read_call};
}

static void h2_free(struct rpc_session *session)
{
	nghttp2_session_del(session->h2);
}

static ssize_t feed_skimmed(struct rpc_session *session, struct bytes bytes)
{
	struct bytes piece;
	ssize_t taken = 0;
	while (taken >= 0 && (piece = skim_next(&session->skim, &bytes)).size > 0) {
		taken = nghttp2_session_mem_recv(session->h2, piece.data, piece.size);
	}
	if (session->skim.dropped > 0) {
		count_cancels(session, session->skim.dropped);
		session->skim.dropped = 0;
	}
	if (!skim_in_headers(&session->skim)) {
		session->headers_us = 0;
	}
	return taken;
}

static bool h2_receive(struct rpc_session *session, struct bytes bytes)
{
	if ((session->server ? feed_skimmed(session, bytes) : nghttp2_session_mem_recv(session->h2, bytes.data, bytes.size)) < 0) {
		session->failed = true;
		nghttp2_session_terminate_session(session->h2, NGHTTP2_PROTOCOL_ERROR);
	}
	return !session->failed && nghttp2_session_want_read(session->h2);
}

static struct bytes h2_send(struct rpc_session *session)
{
	queue_clear(&session->out);
	session_notices(session);
	while (queue_size(&session->out) < GATHER_BYTES) {
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
	return queue_bytes(&session->out);
}

static bool h2_done(const struct rpc_session *session)
{
	return (session->failed || !nghttp2_session_want_read(session->h2)) && !nghttp2_session_want_write(session->h2);
}

static void h2_shutdown(struct rpc_session *session, bool final)
{
	if (session->leaving) {
		return;
	}
	if (session->server && !final) {
		session->warned = true;
		nghttp2_submit_shutdown_notice(session->h2);
		nghttp2_submit_ping(session->h2, NGHTTP2_FLAG_NONE, NULL);
		return;
	}
	nghttp2_submit_goaway(session->h2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->h2), NGHTTP2_NO_ERROR, NULL, 0);
	struct rpc_call *call;
	session->leaving = true;
	TAILQ_FOREACH(call, &session->calls, link) {
		if (call->lingering) { /* nobody waits for the rest any more */
			h2_reset(call, NGHTTP2_NO_ERROR);
		}
	}
}

static void h2_tick(struct rpc_session *session)
{
	if (!session->settled && session->now_us - session->opened_us > (int64_t)session->limits.settings_ms * 1000) {
		session->offence = "no_settings";
		session->failed = true;
	}
}

/* nghttp2 sends one stream to its end before the next, which is the best order for small replies. Large ones take turns (RFC 9218 §4.2, incremental), frame by
 * frame, and let small ones in between. Only they are told apart, since each turn costs. */
static void take_turns(struct rpc_call *call)
{
	bool many = call->method != NULL && call->method->server_streaming;
	if (many || queue_size(&call->out) > FRAME_BYTES) {
		nghttp2_session_change_extpri_stream_priority(call->session->h2, call->stream_id, &(nghttp2_extpri){NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1}, 1);
	}
}

static bool h2_respond(struct rpc_call *call, const struct header *headers, size_t count, bool body)
{
	nghttp2_nv list[HEADERS_MAX] __attribute__((uninitialized)); /* make_list sets what is used of its 2 KiB */
	nghttp2_data_provider provider = h2_provider(call);
	make_list(headers, count, list);
	if (body) {
		take_turns(call);
	}
	return nghttp2_submit_response(call->session->h2, call->stream_id, list, count, body ? &provider : NULL) == 0;
}

static void h2_resume(struct rpc_call *call)
{
	nghttp2_session_resume_data(call->session->h2, call->stream_id);
}

static void h2_consume(struct rpc_call *call, size_t size, bool gone)
{
	if (gone) {
		/* Not given back by nghttp2 when the stream closes; the connection's window would shrink for good. */
		nghttp2_session_consume_connection(call->session->h2, size);
	} else {
		nghttp2_session_consume(call->session->h2, call->stream_id, size);
	}
}

static const struct wire h2_wire = {h2_free, h2_receive, h2_send, h2_done, h2_shutdown, h2_tick, h2_respond, h2_resume, h2_consume, h2_reset};

bool h2_open(struct rpc_session *session)
{
	session->wire = &h2_wire;
	skim_init(&session->skim);
	return make_h2(session) && submit_settings(session);
}
