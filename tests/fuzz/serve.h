/* SPDX-License-Identifier: Apache-2.0
 *
 * serve.h - the server that the fuzz targets of common/rpc talk to. It asserts what a session promises its owner: the order of callbacks, one message
 * for a unary method, no message past the limit, every call ended once. What it answers depends on the size of the message, so that any input meets all of it.
 */
#pragma once

#include "tests/fuzz/fuzz.h"

#include "common/rpc/rpc.h"

const struct schema_source *schema_source_echo(void);

enum { SERVE_MESSAGE_BYTES = 300, SERVE_WAITING = 16, SERVE_REPLY_BYTES = 3000, SERVE_KEPT_BYTES = 16 << 10 };

struct serve {
	struct rpc_session *session;
	size_t allowed_bytes;
	unsigned begun, ended;
	bool pause;                       /* stop reading after each message, until serve_go_on */
	uint32_t paused;                  /* the call that was stopped last; 0: none */
	uint32_t waiting[SERVE_WAITING];  /* calls that nobody has answered */
	size_t waiting_count;
	struct buf heard;                 /* size and bytes of each message, if it has an arena */
	unsigned half_closed;
};

/* A call as the server saw it. */
struct served {
	unsigned messages, replies_left;
	bool half_closed, http, finished;
};

static inline void serve_finish(struct rpc_call *call, enum status_code code)
{
	struct served *served = rpc_call_user(call);
	struct status st;
	status_init(&st);
	if (code != STATUS_OK) {
		status_field(&st, "text", "is not what was %s", "asked");
		st.code = code;
	}
	served->finished = true;
	rpc_call_finish(call, &st);
}

static inline void serve_wait(struct serve *serve, struct rpc_call *call)
{
	if (serve->waiting_count == SERVE_WAITING) {
		serve_finish(call, STATUS_UNAVAILABLE);
		return;
	}
	assert(rpc_session_call(serve->session, rpc_call_id(call)) == call);
	serve->waiting[serve->waiting_count++] = rpc_call_id(call);
}

static inline void serve_stream(struct rpc_call *call)
{
	static const uint8_t reply[SERVE_REPLY_BYTES];
	struct served *served = rpc_call_user(call);
	while (served->replies_left > 0) {
		served->replies_left--;
		/* Field 2, whose length is two bytes long: a message of kind Text. */
		const uint8_t head[] = {0x12, 0xb8, 0x17};
		const struct bytes pieces[] = {{head, sizeof head}, {reply, sizeof reply}};
		if (!rpc_call_send_pieces(call, pieces, 2)) {
			return;
		}
	}
	serve_finish(call, STATUS_OK);
}

static inline void serve_begin(void *context, struct rpc_call *call)
{
	struct serve *serve = context;
	serve->begun++;
	assert(rpc_call_method(call) != NULL && rpc_call_deadline_us(call) >= 0);
	rpc_call_set_user(call, calloc(1, sizeof(struct served)));
	const char *refuse = rpc_call_metadata(call, "refuse");
	if (refuse != NULL) {
		serve_finish(call, STATUS_UNAUTHENTICATED);
	}
	rpc_call_add_metadata(call, "kam-revision", "42");
	rpc_call_add_trailer(call, "kam-last", "1");
}

/* The call that was stopped goes on with what is held. False where there is none. */
static inline bool serve_read_on(struct serve *serve)
{
	struct rpc_call *call = serve->paused != 0 ? rpc_session_call(serve->session, serve->paused) : NULL;
	assert((call != NULL) == (serve->paused != 0));
	serve->paused = 0;
	if (call != NULL) {
		rpc_call_set_reading(call, true);
	}
	return call != NULL;
}

static inline void serve_message(void *context, struct rpc_call *call, struct bytes message)
{
	struct serve *serve = context;
	struct served *served = rpc_call_user(call);
	const struct schema_method *method = rpc_call_method(call);
	assert(!served->finished && !served->half_closed && !served->http);
	served->messages++;
	rpc_call_set_compression(call, message.size % 32 == 2);
	assert(served->messages == 1 || method->client_streaming);
	/* A number in JSON may be shorter than on the wire: at most two characters there for eleven bytes here. */
	assert(message.size <= 6 * SERVE_MESSAGE_BYTES);
	if (serve->heard.arena != NULL) {
		uint32_t size = (uint32_t)message.size;
		buf_add(&serve->heard, &size, sizeof size);
		buf_add(&serve->heard, message.data, message.size);
	}
	if (serve->pause) {
		serve_read_on(serve);
		rpc_call_set_reading(call, false);
		serve->paused = rpc_call_id(call);
	}
	if (method->client_streaming && method->server_streaming) {
		rpc_call_send(call, message);
	} else if (method->client_streaming && message.size == 13) {
		rpc_call_send(call, message);
		serve_finish(call, STATUS_OK); /* before the client has said all */
	} else if (method->server_streaming) {
		served->replies_left = message.size % 8;
	} else if (!method->client_streaming && message.size % 8 == 1) {
		serve_finish(call, STATUS_NOT_FOUND);
	} else if (!method->client_streaming && message.size % 8 == 3) {
		serve_finish(call, STATUS_OK); /* forgets to reply */
	} else if (!method->client_streaming && message.size % 8 == 5) {
		serve_wait(serve, call);
	} else if (!method->client_streaming) {
		rpc_call_send(call, message);
		serve_finish(call, STATUS_OK);
	}
}

static inline void serve_half_close(void *context, struct rpc_call *call)
{
	struct serve *serve = context;
	struct served *served = rpc_call_user(call);
	const struct schema_method *method = rpc_call_method(call);
	assert(!served->half_closed && !served->finished && !served->http);
	assert(method->client_streaming || served->messages == 1);
	served->half_closed = true;
	serve->half_closed++;
	if (method->client_streaming && !method->server_streaming) {
		rpc_call_send(call, (struct bytes){NULL, 0});
	}
	if (method->server_streaming) {
		serve_stream(call);
	} else if (method->client_streaming) {
		serve_finish(call, STATUS_OK);
	}
}

static inline void serve_writable(void *context, struct rpc_call *call)
{
	struct served *served = rpc_call_user(call);
	(void)context;
	assert(!served->finished);
	if (served->half_closed) {
		serve_stream(call);
	}
}

static inline void serve_ended(void *context, struct rpc_call *call, bool cancelled)
{
	struct serve *serve = context;
	struct served *served = rpc_call_user(call);
	serve->ended++;
	assert(cancelled || served->finished);
	serve->paused = serve->paused == rpc_call_id(call) ? 0 : serve->paused;
	for (size_t i = 0; i < serve->waiting_count; i++) {
		if (serve->waiting[i] == rpc_call_id(call)) {
			serve->waiting[i--] = serve->waiting[--serve->waiting_count];
		}
	}
	free(served);
}

static inline void serve_http(void *context, struct rpc_call *call, const char *method, const char *path)
{
	static const char *const headers[] = {"content-type", "text/plain", NULL};
	struct serve *serve = context;
	serve->begun++;
	assert(method[0] != '\0' && path != NULL);
	struct served *served = calloc(1, sizeof *served);
	served->http = served->finished = true;
	rpc_call_set_user(call, served);
	rpc_call_respond(call, strcmp(path, "/") == 0 ? 200 : 404, headers, bytes_of(path));
}

static inline bool serve_memory(void *context, size_t more)
{
	struct serve *serve = context;
	if (serve->allowed_bytes + more > SERVE_KEPT_BYTES) {
		return false;
	}
	rpc_session_allow(serve->session, serve->allowed_bytes += more);
	return true;
}

static inline void serve_new(struct serve *serve, bool http1)
{
	static const struct rpc_server_events events = {serve_begin, serve_message, serve_half_close, serve_writable, serve_ended, serve_http, serve_memory};
	static const struct rpc_limits limits = {.message_bytes = SERVE_MESSAGE_BYTES, .streams = 20, .header_bytes = 2000};
	static const char *const origins[] = {"https://kam.example", NULL};
	static const struct schema *schema;
	schema = schema != NULL ? schema : fuzz_schema(schema_source_echo());
	*serve = (struct serve){0};
	serve->session = rpc_server_new(&(struct rpc_server_options){schema, &limits, origins, http1}, &events, serve);
	assert(serve->session != NULL);
	rpc_session_allow(serve->session, 0);
}

/* Every call has ended, once, when the session is gone; and nothing is kept (the session sees to that itself). */
static inline void serve_done(struct serve *serve)
{
	rpc_session_free(serve->session);
	assert(serve->begun == serve->ended);
}

/* Takes what is to be sent; keeps it in `out` where that is not NULL. */
static inline void serve_drain(struct rpc_session *session, struct buf *out)
{
	struct bytes bytes;
	while ((bytes = rpc_session_send(session)).size > 0) {
		if (out != NULL) {
			buf_add(out, bytes.data, bytes.size);
		}
	}
}

/* Feeds bytes in memory of their own, `step` at a time (0: all at once), and takes what is sent in between. */
static inline bool serve_feed(struct rpc_session *session, struct bytes bytes, size_t step, struct buf *out)
{
	bool ok = true;
	step = step == 0 ? bytes.size : step;
	for (size_t at = 0; at < bytes.size && ok; at += step) {
		size_t size = bytes.size - at < step ? bytes.size - at : step;
		uint8_t *copy = malloc(size);
		memcpy(copy, bytes.data + at, size);
		ok = rpc_session_receive(session, (struct bytes){copy, size});
		free(copy);
		serve_drain(session, out);
	}
	return ok;
}

/* Reads on wherever it paused, and answers the calls that wait, and those that begin then. */
static inline void serve_go_on(struct serve *serve, struct buf *out)
{
	while (serve_read_on(serve)) {
		serve_drain(serve->session, out);
	}
	while (serve->waiting_count > 0) {
		struct rpc_call *call = rpc_session_call(serve->session, serve->waiting[--serve->waiting_count]);
		assert(call != NULL);
		serve_finish(call, STATUS_UNAVAILABLE);
		serve_drain(serve->session, out);
	}
}
