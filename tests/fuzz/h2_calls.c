/* SPDX-License-Identifier: Apache-2.0
 *
 * A sound HTTP/2 client (nghttp2) that an input steers: any headers and bodies in any order, resets, small windows, pings. What the server sends must be
 * sound HTTP/2, and every request that is sent whole and not reset gets a whole answer.
 */
#include "tests/fuzz/serve.h"

#include <nghttp2/nghttp2.h>

enum { REQUESTS = 6, HEADERS_MAX = 12, ACTIONS = 40 };

struct request {
	int32_t stream_id;
	struct bytes body; /* left to send */
	bool last;         /* END_STREAM follows the body */
	bool deferred, whole, reset, answered, closed;
};

struct client {
	nghttp2_session *h2;
	struct serve *serve;
	struct request requests[REQUESTS];
	size_t count;
	bool goaway;
};

static struct request *find(struct client *client, int32_t stream_id)
{
	for (size_t i = 0; i < client->count; i++) {
		if (client->requests[i].stream_id == stream_id) {
			return &client->requests[i];
		}
	}
	return NULL;
}

static ssize_t on_read(nghttp2_session *h2, int32_t stream_id, uint8_t *buffer, size_t length, uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct request *request = find(context, stream_id);
	size_t size = request->body.size < length ? request->body.size : length;
	(void)h2;
	(void)source;
	if (size == 0 && !request->last) {
		request->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (size > 0) {
		memcpy(buffer, request->body.data, size);
		request->body = (struct bytes){request->body.data + size, request->body.size - size};
	}
	if (request->body.size == 0 && request->last) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		request->whole = true;
	}
	return (ssize_t)size;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *context)
{
	struct client *client = context;
	struct request *request = find(client, frame->hd.stream_id);
	(void)h2;
	client->goaway |= frame->hd.type == NGHTTP2_GOAWAY;
	if (request != NULL && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		assert(!request->answered);
		request->answered = true;
	}
	return 0;
}

static int on_close(nghttp2_session *h2, int32_t stream_id, uint32_t error, void *context)
{
	struct request *request = find(context, stream_id);
	(void)h2;
	if (request != NULL) {
		request->closed = true;
		/* The server resets only what it answered before the request was whole. */
		assert(request->reset || request->answered || error != NGHTTP2_NO_ERROR);
	}
	return 0;
}

/* A frame of the server's that HTTP/2 does not allow. */
static int on_bad_frame(nghttp2_session *h2, const nghttp2_frame *frame, int error, void *context)
{
	(void)h2;
	(void)context;
	fprintf(stderr, "frame of type %u: %s\n", frame->hd.type, nghttp2_strerror(error));
	abort();
}

static void settle(struct client *client)
{
	bool any = true;
	while (any) {
		const uint8_t *data;
		ssize_t size;
		struct bytes bytes;
		any = false;
		while ((size = nghttp2_session_mem_send(client->h2, &data)) > 0) {
			rpc_session_receive(client->serve->session, (struct bytes){data, (size_t)size});
			any = true;
		}
		while ((bytes = rpc_session_send(client->serve->session)).size > 0) {
			assert(nghttp2_session_mem_recv(client->h2, bytes.data, bytes.size) == (ssize_t)bytes.size);
			any = true;
		}
	}
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* Three bytes pick verb, path, content type and what further headers; a line each may follow for a query and a value. */
static void start(struct client *client, struct bytes *rest, struct arena *arena)
{
	static const char *const paths[] = {"/test.rpc.v1.Echo/Say", "/test.rpc.v1.Echo/Peek", "/test.rpc.v1.Echo/Count", "/test.rpc.v1.Echo/Gather",
	                                    "/test.rpc.v1.Echo/Chat", "/test.rpc.v1.Echo/None", "/", "*"};
	static const char *const types[] = {"application/grpc", "application/grpc+proto", "application/grpc-web", "application/json",
	                                    "application/proto", "application/connect+json", "application/connect+proto", "text/html"};
	static const char *const verbs[] = {"POST", "GET", "POST", "HEAD", "POST", "OPTIONS", "POST", "POST"};
	static const char *const names[] = {"grpc-timeout", "connect-timeout-ms", "grpc-encoding", "content-encoding", "connect-content-encoding",
	                                    "refuse", "connect-protocol-version", "content-length"};
	nghttp2_nv list[HEADERS_MAX];
	size_t count = 0;
	uint8_t pick = fuzz_byte(rest), more = fuzz_byte(rest), size = fuzz_byte(rest);
	const char *path = paths[pick >> 3 & 7];
	if (pick & 64) {
		path = arena_printf(arena, "%s?%s", path, fuzz_line(rest, arena));
	}
	list[count++] = header(":method", verbs[pick & 7]);
	list[count++] = header(":scheme", "https");
	list[count++] = header(":path", path);
	list[count++] = header(":authority", "test");
	list[count++] = header("content-type", types[more & 7]);
	for (unsigned i = 0; more & 8 && i < 3; i++) {
		list[count++] = header(names[((more >> 4) + i) & 7], fuzz_line(rest, arena));
	}
	struct request *request = &client->requests[client->count];
	nghttp2_data_provider provider = {.read_callback = on_read};
	*request = (struct request){.body = fuzz_take(rest, size, arena), .last = !(pick & 128), .whole = false};
	bool body = size > 0 || !request->last;
	request->whole = !body;
	request->stream_id = nghttp2_submit_request(client->h2, NULL, list, count, body ? &provider : NULL, NULL);
	client->count += request->stream_id > 0;
}

/* One thing that a client does. */
static void act(struct client *client, struct bytes *rest, struct arena *arena)
{
	uint8_t action = fuzz_byte(rest);
	struct request *request = client->count > 0 ? &client->requests[(action >> 4) % client->count] : NULL;
	nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000u * (action >> 4) + 1};
	switch (action & 7) {
	case 0:
	case 1:
		if (client->count < REQUESTS) {
			start(client, rest, arena);
		}
		break;
	case 2: /* more of a body */
		if (request != NULL && !request->last) {
			request->last = action & 8;
			if (request->body.size == 0) {
				request->body = fuzz_take(rest, fuzz_byte(rest), arena);
			}
			if (request->deferred) {
				request->deferred = false;
				nghttp2_session_resume_data(client->h2, request->stream_id);
			}
		}
		break;
	case 3:
		if (request != NULL && !request->closed) {
			request->reset = true;
			nghttp2_submit_rst_stream(client->h2, NGHTTP2_FLAG_NONE, request->stream_id, NGHTTP2_CANCEL);
		}
		break;
	case 4:
		nghttp2_submit_ping(client->h2, NGHTTP2_FLAG_NONE, NULL);
		break;
	case 5:
		nghttp2_submit_settings(client->h2, NGHTTP2_FLAG_NONE, &window, 1);
		break;
	case 6:
		serve_read_on(client->serve);
		client->serve->pause = action & 8;
		break;
	default:
		settle(client);
	}
}

static void check_answers(struct client *client)
{
	nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20};
	nghttp2_submit_settings(client->h2, NGHTTP2_FLAG_NONE, &window, 1);
	client->serve->pause = false;
	settle(client);
	while (client->serve->paused != 0 || client->serve->waiting_count > 0) {
		if (!serve_read_on(client->serve)) {
			serve_finish(rpc_session_call(client->serve->session, client->serve->waiting[--client->serve->waiting_count]), STATUS_UNAVAILABLE);
		}
		settle(client);
	}
	for (size_t i = 0; i < client->count && !client->goaway; i++) {
		const struct request *request = &client->requests[i];
		assert(request->answered || request->reset || !request->whole || request->closed);
		assert(!(request->whole || request->reset) || request->closed);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static nghttp2_session_callbacks *callbacks;
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct serve serve;
	struct client client = {.serve = &serve};
	if (callbacks == NULL) {
		nghttp2_session_callbacks_new(&callbacks);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
		nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_bad_frame);
	}
	serve_new(&serve, false);
	nghttp2_session_client_new(&client.h2, callbacks, &client);
	nghttp2_submit_settings(client.h2, NGHTTP2_FLAG_NONE, NULL, 0);
	nghttp2_session_set_local_window_size(client.h2, NGHTTP2_FLAG_NONE, 0, 8 << 20);
	for (unsigned i = 0; i < ACTIONS && rest.size > 0; i++) {
		act(&client, &rest, arena);
	}
	check_answers(&client);
	nghttp2_session_del(client.h2);
	serve_done(&serve);
	return 0;
}
