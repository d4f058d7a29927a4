/* SPDX-License-Identifier: Apache-2.0
 *
 * raw.h - a bare HTTP/2 client over nghttp2, in memory: sends any headers and body to the echo server and keeps all that comes back.
 */
#pragma once

#include "tests/unit/rpc/echo.h"

#include <nghttp2/nghttp2.h>

struct raw_reply {
	char headers[16384]; /* "name: value\n", those of the first block */
	char trailers[16384];
	uint8_t body[65536];
	size_t body_size, body_bytes; /* kept; and all that came */
	bool headers_done, ended, closed;
	uint32_t error;
};

struct raw {
	struct echo *echo;
	nghttp2_session *h2;
	struct raw_reply reply;   /* of the last request */
	int32_t stream_id;
	struct bytes body;        /* left to send */
	const char *trailers[4];  /* behind the body: name, value pairs ended by NULL */
	bool keep_open;           /* no END_STREAM after the body */
	bool goaway;
	uint32_t goaway_error;
	char goaway_text[64];
};

static inline int raw_on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_size, const uint8_t *value,
                                size_t value_size, uint8_t flags, void *context)
{
	struct raw *raw = context;
	(void)h2;
	(void)flags;
	if (frame->hd.stream_id == raw->stream_id) {
		char *to = raw->reply.headers_done ? raw->reply.trailers : raw->reply.headers;
		size_t used = strlen(to);
		snprintf(to + used, sizeof raw->reply.headers - used, "%.*s: %.*s\n", (int)name_size, name, (int)value_size, value);
	}
	return 0;
}

static inline int raw_on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *context)
{
	struct raw *raw = context;
	(void)h2;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		raw->goaway = true;
		raw->goaway_error = frame->goaway.error_code;
		snprintf(raw->goaway_text, sizeof raw->goaway_text, "%.*s", (int)frame->goaway.opaque_data_len, frame->goaway.opaque_data);
	}
	if (frame->hd.stream_id == raw->stream_id) {
		raw->reply.headers_done |= frame->hd.type == NGHTTP2_HEADERS;
		raw->reply.ended |= (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	}
	return 0;
}

static inline int raw_on_data(nghttp2_session *h2, uint8_t flags, int32_t stream_id, const uint8_t *data, size_t size, void *context)
{
	struct raw *raw = context;
	(void)h2;
	(void)flags;
	raw->reply.body_bytes += stream_id == raw->stream_id ? size : 0;
	if (stream_id == raw->stream_id && raw->reply.body_size + size < sizeof raw->reply.body) {
		memcpy(raw->reply.body + raw->reply.body_size, data, size);
		raw->reply.body_size += size;
		raw->reply.body[raw->reply.body_size] = 0;
	}
	return 0;
}

static inline int raw_on_close(nghttp2_session *h2, int32_t stream_id, uint32_t error, void *context)
{
	struct raw *raw = context;
	(void)h2;
	if (stream_id == raw->stream_id) {
		raw->reply.closed = true;
		raw->reply.error = error;
	}
	return 0;
}

static inline size_t raw_list(const char *const *headers, nghttp2_nv *list)
{
	size_t count = 0;
	for (; headers[2 * count] != NULL; count++) {
		const char *name = headers[2 * count], *value = headers[2 * count + 1];
		list[count] = (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), 0};
	}
	return count;
}

static inline ssize_t raw_read(nghttp2_session *h2, int32_t stream_id, uint8_t *buffer, size_t length, uint32_t *flags, nghttp2_data_source *source,
                               void *context)
{
	struct raw *raw = context;
	(void)source;
	size_t size = raw->body.size < length ? raw->body.size : length;
	if (size == 0 && raw->keep_open) {
		return NGHTTP2_ERR_DEFERRED;
	}
	if (size > 0) {
		memcpy(buffer, raw->body.data, size);
	}
	raw->body = (struct bytes){raw->body.data + size, raw->body.size - size};
	if (raw->body.size == 0 && !raw->keep_open) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (raw->trailers[0] != NULL) {
			nghttp2_nv list[2];
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			nghttp2_submit_trailer(h2, stream_id, list, raw_list(raw->trailers, list));
		}
	}
	return (ssize_t)size;
}

static inline struct raw *raw_open(struct rpc_server_options options)
{
	struct raw *raw = calloc(1, sizeof *raw);
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	raw->echo = echo_open(options);
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, raw_on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, raw_on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, raw_on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, raw_on_close);
	nghttp2_option_new(&option);
	nghttp2_option_set_max_outbound_ack(option, 1000000);
	nghttp2_option_set_max_send_header_block_length(option, 16 << 20);
	nghttp2_session_client_new2(&raw->h2, callbacks, raw, option);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(raw->h2, NGHTTP2_FLAG_NONE, NULL, 0);
	return raw;
}

static inline struct raw *raw_new(const struct rpc_limits *limits)
{
	return raw_open((struct rpc_server_options){.limits = limits});
}

static inline void raw_free(struct raw *raw)
{
	nghttp2_session_del(raw->h2);
	echo_free(raw->echo);
	free(raw);
}

/* Both ways until nobody has anything to say. False once the server has given up. */
static inline bool raw_settle(struct raw *raw)
{
	bool ok = true, any = true;
	while (any) {
		const uint8_t *data;
		ssize_t size;
		struct bytes bytes;
		any = false;
		while ((size = nghttp2_session_mem_send(raw->h2, &data)) > 0) {
			ok = rpc_session_receive(raw->echo->session, (struct bytes){data, (size_t)size}) && ok;
			any = true;
		}
		while ((bytes = rpc_session_send(raw->echo->session)).size > 0) {
			nghttp2_session_mem_recv(raw->h2, bytes.data, bytes.size);
			any = true;
		}
	}
	return ok;
}

/* Starts a request; `headers` are name, value pairs ended by NULL, pseudo headers first. Without body the headers end it. */
static inline void raw_start(struct raw *raw, const char *const *headers, struct bytes body, bool has_body)
{
	nghttp2_nv list[40];
	size_t count = raw_list(headers, list);
	nghttp2_data_provider provider = {.read_callback = raw_read};
	raw->reply = (struct raw_reply){.ended = false};
	raw->body = body;
	raw->stream_id = nghttp2_submit_request(raw->h2, NULL, list, count, has_body ? &provider : NULL, NULL);
}

/* POSTs to a method of Echo (or to a path that starts with '/') with up to three further headers. */
static inline struct raw_reply *raw_post(struct raw *raw, const char *method, const char *content_type, struct bytes body, const char *const *more)
{
	char path[4096];
	const char *headers[40] = {":method", "POST", ":scheme", "https", ":path", path, ":authority", "test", "content-type", content_type};
	size_t used = 10;
	snprintf(path, sizeof path, "%s%s", method[0] == '/' ? "" : "/test.rpc.v1.Echo/", method);
	while (more != NULL && *more != NULL && used < 38) {
		headers[used++] = *more++;
	}
	raw_start(raw, headers, body, true);
	raw_settle(raw);
	return &raw->reply;
}

static inline struct raw_reply *raw_get(struct raw *raw, const char *verb, const char *path)
{
	const char *headers[] = {":method", verb, ":scheme", "https", ":path", path, ":authority", "test", NULL};
	raw_start(raw, headers, (struct bytes){NULL, 0}, false);
	raw_settle(raw);
	return &raw->reply;
}

static inline bool raw_has(const char *headers, const char *line)
{
	const char *at = strstr(headers, line);
	return at != NULL && (at == headers || at[-1] == '\n') && at[strlen(line)] == '\n';
}
