/* SPDX-License-Identifier: Apache-2.0
 *
 * An event base that lives as long as one answer; HTTP/1.1 by http_parser.
 */
#include "common/net/https.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/net/io.h"
#include "common/net/url.h"

#include <event2/event.h>
#include <http_parser.h>
#include <stdio.h>

enum { TICK_MS = 50, HEAD_BYTES_MAX = 16384 };

struct fetch {
	struct event_base *base;
	struct io *io;
	const struct https_request *request;
	const struct url *url;
	int64_t until_us; /* monotonic */
	http_parser parser;
	struct buf body;
	size_t received;
	bool done;
	struct status *st;
};

static void end(struct fetch *fetch, const char *why)
{
	if (why && !fetch->done) {
		status_fail(fetch->st, STATUS_UNAVAILABLE, "ISSUER", "%s", why);
	}
	fetch->done = true;
	event_base_loopbreak(fetch->base);
}

/* ---- HTTP ------------------------------------------------------------------------------------------------------------------------ */

static int on_body(http_parser *parser, const char *at, size_t size)
{
	struct fetch *fetch = parser->data;
	if (fetch->body.size + size > LIMIT_ISSUER_BYTES) {
		end(fetch, "its answer is too large");
		return -1;
	}
	buf_add(&fetch->body, at, size);
	return 0;
}

static int on_complete(http_parser *parser)
{
	struct fetch *fetch = parser->data;
	end(fetch, fetch->body.failed ? "out of memory" : NULL);
	return 0;
}

static const http_parser_settings http_settings = {.on_body = on_body, .on_message_complete = on_complete};

/* ---- bytes ----------------------------------------------------------------------------------------------------------------------- */

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct fetch *fetch = context;
	char head[URL_BYTES + 1024], content[96] = "";
	const char *form = fetch->request->form;
	(void)alpn;
	if (form) {
		snprintf(content, sizeof content, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n", strlen(form));
	}
	int size = snprintf(head, sizeof head,
		"%s %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nUser-Agent: kam/" KAM_VERSION "\r\n%sConnection: close\r\n\r\n",
	                    form ? "POST" : "GET", fetch->url->path, fetch->url->host, content);
	if (!io_write(io, (struct bytes){(const uint8_t *)head, (size_t)size}) || (form && !io_write(io, bytes_of(form)))) {
		end(fetch, "out of memory");
	}
}

static size_t on_data(void *context, struct io *io, struct bytes bytes)
{
	struct fetch *fetch = context;
	(void)io;
	fetch->received += bytes.size;
	if (fetch->done) {
		return bytes.size;
	}
	if (fetch->received > LIMIT_ISSUER_BYTES * 2 + HEAD_BYTES_MAX) {
		end(fetch, "its answer is too large");
	} else if (http_parser_execute(&fetch->parser, &http_settings, (const char *)bytes.data, bytes.size) != bytes.size && !fetch->done) {
		end(fetch, "it does not answer in HTTP");
	}
	return bytes.size;
}

static void on_drained(void *context, struct io *io)
{
	(void)context, (void)io;
}

/* The end of an answer that does not say how long it is. */
static void on_closed(void *context, struct io *io, const char *reason)
{
	struct fetch *fetch = context;
	(void)io;
	if (!fetch->done && fetch->received > 0) {
		http_parser_execute(&fetch->parser, &http_settings, NULL, 0);
	}
	end(fetch, reason);
}

static const struct io_events events = {on_open, on_data, on_drained, on_closed};

static void on_tick(evutil_socket_t unused, short what, void *context)
{
	struct fetch *fetch = context;
	(void)unused, (void)what;
	if (fetch->request->stop && atomic_load(fetch->request->stop)) {
		end(fetch, "the server is stopping");
	} else if (clock_monotonic_us() > fetch->until_us) {
		end(fetch, "it takes too long to answer");
	}
}

bool https_exchange(const struct https_request *request, struct arena *arena, struct https_reply *ret_reply, struct status *st)
{
	struct url url;
	if (!url_read(request->url, &url, st)) {
		return false;
	}
	struct fetch fetch = {.base = event_base_new(), .request = request, .url = &url, .st = st};
	struct event *tick = fetch.base ? event_new(fetch.base, -1, EV_PERSIST, on_tick, &fetch) : NULL;
	buf_init(&fetch.body, arena);
	http_parser_init(&fetch.parser, HTTP_RESPONSE);
	fetch.parser.data = &fetch;
	if (!tick || event_add(tick, &(struct timeval){0, TICK_MS * 1000}) != 0) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	} else if ((fetch.io = io_connect(fetch.base, url.address, request->tls, &events, &fetch, st)) != NULL) {
		fetch.until_us = clock_monotonic_us() + (int64_t)LIMIT_ISSUER_MS * 1000;
		while (!fetch.done && event_base_loop(fetch.base, EVLOOP_ONCE) == 0) {
		}
		io_free(fetch.io);
	}
	if (tick) {
		event_free(tick);
	}
	if (fetch.base) {
		event_base_loop(fetch.base, EVLOOP_NONBLOCK); /* what io_free has put off */
		event_base_free(fetch.base);
	}
	*ret_reply = (struct https_reply){fetch.parser.status_code, buf_bytes(&fetch.body)};
	return status_ok(st);
}

bool https_get(const char *url, struct tls *tls, const atomic_bool *stop, struct arena *arena, struct bytes *ret_body, struct status *st)
{
	const struct https_request request = {.url = url, .tls = tls, .stop = stop};
	struct https_reply reply;
	if (!https_exchange(&request, arena, &reply, st)) {
		return false;
	}
	*ret_body = reply.body;
	return reply.status == 200 || status_fail(st, STATUS_UNAVAILABLE, "ISSUER", "it answers with status %u", reply.status);
}
