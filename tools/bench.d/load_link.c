/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection: nghttp2 over common/net.
 */
#include "tools/bench.d/load.h"

#include "common/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct link {
	struct load *load;
	struct io *io;
	nghttp2_session *h2;
};

void die(const char *format, ...)
{
	va_list arguments;
	fputs("bench-load: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

/* ---- nghttp2 calls back --------------------------------------------------------------------------------------------------------- */

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *context)
{
	struct call *call = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
	(void)flags, (void)context;
	bool http = name_size == 7 && memcmp(name, ":status", 7) == 0, grpc = name_size == 11 && memcmp(name, "grpc-status", 11) == 0;
	if (call && ((http && (value_size != 3 || memcmp(value, "200", 3) != 0)) || (grpc && (value_size != 1 || *value != '0')))) {
		fprintf(stderr, "bench-load: %s answered %.*s: %.*s\n", call->path, (int)name_size, (const char *)name, (int)value_size, (const char *)value);
		call->failed = true;
	}
	return 0;
}

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream_id, const uint8_t *data, size_t size, void *context)
{
	struct call *call = nghttp2_session_get_stream_user_data(h2, stream_id);
	(void)flags, (void)context;
	if (call && call->data) {
		call->data(call, (struct bytes){data, size});
	}
	return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t stream_id, uint32_t error, void *context)
{
	struct call *call = nghttp2_session_get_stream_user_data(h2, stream_id);
	(void)context;
	if (error != NGHTTP2_NO_ERROR || !call || call->failed) {
		die("%s failed (HTTP/2 error %u)", call ? call->path : "a stream", error);
	}
	call->done(call);
	return 0;
}

static ssize_t read_body(nghttp2_session *h2, int32_t stream_id, uint8_t *out, size_t size, uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct call *call = source->ptr;
	size_t left = call->body_size - call->sent, now = left < size ? left : size;
	(void)h2, (void)stream_id, (void)context;
	memcpy(out, call->body + call->sent, now);
	call->sent += now;
	*flags |= now == left ? NGHTTP2_DATA_FLAG_EOF : 0;
	return (ssize_t)now;
}

static nghttp2_session *session_new(struct link *link)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *h2;
	nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
	if (nghttp2_session_callbacks_new(&callbacks) != 0) {
		die("out of memory");
	}
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	if (nghttp2_session_client_new(&h2, callbacks, link) != 0 || nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
	    nghttp2_session_set_local_window_size(h2, NGHTTP2_FLAG_NONE, 0, 1 << 24) != 0) {
		die("out of memory");
	}
	nghttp2_session_callbacks_del(callbacks);
	return h2;
}

/* ---- the connection calls back ---------------------------------------------------------------------------------------------------- */

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct link *link = context;
	(void)io;
	if (strcmp(alpn, "h2") != 0) {
		die("the server does not speak HTTP/2");
	}
	link->h2 = session_new(link);
	link->load->links_open++;
	link->load->opened(link->load, link);
	link_pump(link);
}

static size_t on_data(void *context, struct io *io, struct bytes bytes)
{
	struct link *link = context;
	(void)io;
	if (nghttp2_session_mem_recv(link->h2, bytes.data, bytes.size) < 0) {
		die("the server does not keep to HTTP/2");
	}
	link_pump(link);
	return bytes.size;
}

static void on_drained(void *context, struct io *io)
{
	struct link *link = context;
	(void)io;
	if (link->h2) {
		link_pump(link);
	}
}

static void on_closed(void *context, struct io *io, const char *reason)
{
	(void)context, (void)io;
	die("the connection was lost: %s", reason);
}

static const struct io_events events = {on_open, on_data, on_drained, on_closed};

struct link *link_new(struct load *load)
{
	struct link *link = calloc(1, sizeof *link);
	struct status st;
	status_init(&st);
	if (!link) {
		die("out of memory");
	}
	link->load = load;
	link->io = io_connect(load->base, load->address, load->tls, &events, link, &st);
	if (!link->io) {
		die("%s", st.message);
	}
	return link;
}

void link_pump(struct link *link)
{
	const uint8_t *data;
	ssize_t size;
	uint8_t gathered[16384];
	size_t used = 0;
	while ((size = nghttp2_session_mem_send(link->h2, &data)) > 0) {
		if (used + (size_t)size > sizeof gathered) {
			io_write(link->io, (struct bytes){gathered, used});
			used = 0;
		}
		if ((size_t)size > sizeof gathered) {
			io_write(link->io, (struct bytes){data, (size_t)size});
			continue;
		}
		memcpy(gathered + used, data, (size_t)size);
		used += (size_t)size;
	}
	if (used > 0) {
		io_write(link->io, (struct bytes){gathered, used});
	}
}

static nghttp2_nv nv(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

void link_call(struct link *link, struct call *call)
{
	const struct load *load = link->load;
	nghttp2_nv headers[] = {
		nv(":method", "POST"),
		nv(":scheme", "https"),
		nv(":authority", load->address),
		nv(":path", call->path),
		nv("content-type", load->json ? "application/json" : "application/grpc"),
		nv("user-agent", "bench-load"),
		nv("authorization", load->authorization),
		nv("te", "trailers"),
	};
	nghttp2_data_provider body = {{.ptr = call}, read_body};
	call->link = link;
	call->sent = 0;
	call->failed = false;
	call->started_us = clock_monotonic_us();
	call->stream_id = nghttp2_submit_request(link->h2, NULL, headers, sizeof headers / sizeof headers[0], &body, call);
	if (call->stream_id < 0) {
		die("%s cannot be sent", call->path);
	}
}
