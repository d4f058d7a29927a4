/* SPDX-License-Identifier: Apache-2.0
 *
 * h1.c - HTTP/1.1 by http_parser, a server's side alone: one request after the other, each a call like any other.
 *
 * The parser is paused at the end of a request until its answer has gone out; what the peer sends meanwhile (pipelining) is kept, within a bound. An answer whose length is known when its
 * head goes out has a content-length, any other is chunked. One that goes out before its request is whole closes the connection, as the rest of the request could not be told from
 * the next one otherwise. Requests are HTTP/1.1 or 1.0; the latter's connections are closed after one answer.
 * Source: RFC 9112, RFC 9110.
 */
#include "common/rpc/internal.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum { CHUNK_HEAD_BYTES = 16, FIRST_ID = 1 };

struct h1 {
	http_parser parser;
	struct rpc_call *call;    /* the request at hand; NULL between two */
	struct queue waiting;     /* bytes behind it */
	struct buf name, value;   /* the header at hand, in the call's arena */
	struct buf target;
	bool value_begun, malformed;
	bool keep_alive;          /* the connection outlives the answer at hand */
	bool chunked;             /* so is that answer */
	bool body;                /* it has one */
	bool leaving;             /* no request after this one */
	bool closed;              /* the last answer went out */
	size_t returned;          /* bytes of the output that the last h1_send handed out */
};

/* ---- the request ----------------------------------------------------------------------------------------------------------------- */

static struct rpc_session *session_of(const http_parser *parser)
{
	return parser->data;
}

static int on_begin(http_parser *parser)
{
	struct rpc_session *session = session_of(parser);
	struct h1 *h1 = session->h1;
	int32_t id = (int32_t)(session->calls_total++ & INT32_MAX) + FIRST_ID;
	h1->call = call_new(session, id);
	if (h1->call == NULL) {
		return -1;
	}
	session->headers_us = session->now_us;
	h1->leaving |= session->calls_total >= LIMIT_CONNECTION_CALLS;
	h1->value_begun = h1->malformed = false;
	buf_init(&h1->name, &h1->call->arena);
	buf_init(&h1->value, &h1->call->arena);
	buf_init(&h1->target, &h1->call->arena);
	return 0;
}

/* Adds to one of the texts; they count as HTTP/2's headers do. */
static int gather(http_parser *parser, struct buf *text, const char *at, size_t size)
{
	struct rpc_session *session = session_of(parser);
	struct headers *received = &session->h1->call->received;
	received->bytes += size;
	received->too_large |= received->bytes > session->limits.header_bytes;
	if (!received->too_large) {
		buf_add(text, at, size);
	}
	return 0;
}

static int on_url(http_parser *parser, const char *at, size_t size)
{
	return gather(parser, &session_of(parser)->h1->target, at, size);
}

static void add_header(struct rpc_call *call, struct bytes name, struct bytes value)
{
	call->received.bytes += 32;
	if (call->received.too_large || !headers_add(&call->received, &call->arena, name, value)) {
		call->received.too_large = true;
	}
}

/* The header that was gathered is whole. Names are in lower case as HTTP/2 has them; those that concern this connection alone are not the call's. */
static void finish_header(struct h1 *h1)
{
	static const char *const hop[] = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "proxy-connection"};
	struct bytes name = buf_bytes(&h1->name), value = buf_bytes(&h1->value);
	h1->value_begun = false;
	for (size_t i = 0; i < name.size; i++) {
		uint8_t *letter = (uint8_t *)name.data + i;
		*letter = *letter >= 'A' && *letter <= 'Z' ? (uint8_t)(*letter | 0x20) : *letter;
	}
	while (value.size > 0 && (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
		value.size--;
	}
	/* http_parser forgives blanks in names, on which others may disagree with us (RFC 9112 §5.1). */
	h1->malformed |= name.size > 0 && (!nghttp2_check_header_name(name.data, name.size) || !nghttp2_check_header_value(value.data, value.size));
	bool ours = name.size == 0;
	for (size_t i = 0; i < sizeof hop / sizeof hop[0]; i++) {
		ours |= bytes_equal(name, bytes_of(hop[i]));
	}
	if (!ours) {
		add_header(h1->call, bytes_equal(name, bytes_of("host")) ? bytes_of(":authority") : name, value);
	}
	h1->name.size = h1->value.size = 0;
}

/* The last chunk is empty, and trailers may follow: a block of headers like the first as to how long it may take. */
static int on_chunk_header(http_parser *parser)
{
	struct rpc_session *session = session_of(parser);
	session->headers_us = parser->content_length == 0 ? session->now_us : 0;
	return 0;
}

/* Trailers of a chunked body say nothing that a call knows. */
static int on_header_field(http_parser *parser, const char *at, size_t size)
{
	struct h1 *h1 = session_of(parser)->h1;
	if (parser->flags & F_TRAILING) {
		return 0;
	}
	if (h1->value_begun) {
		finish_header(h1);
	}
	return gather(parser, &h1->name, at, size);
}

static int on_header_value(http_parser *parser, const char *at, size_t size)
{
	struct h1 *h1 = session_of(parser)->h1;
	if (parser->flags & F_TRAILING) {
		return 0;
	}
	h1->value_begun = true;
	return gather(parser, &h1->value, at, size);
}

/* "http://host/path" is "/path", RFC 9112 §3.2.2. */
static struct bytes path_of(struct bytes target)
{
	struct http_parser_url url;
	http_parser_url_init(&url);
	if (target.size == 0 || target.data[0] == '/' || http_parser_parse_url((const char *)target.data, target.size, 0, &url) != 0 ||
	    !(url.field_set & 1 << UF_PATH)) {
		return target;
	}
	size_t offset = url.field_data[UF_PATH].off;
	return (struct bytes){target.data + offset, target.size - offset};
}

static void answer_bare(struct rpc_session *session, const char *status)
{
	char text[128];
	int size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", status);
	queue_add(&session->out, text, (size_t)size);
	session->failed = true;
}

static int on_headers_complete(http_parser *parser)
{
	struct rpc_session *session = session_of(parser);
	struct h1 *h1 = session->h1;
	struct rpc_call *call = h1->call;
	finish_header(h1);
	session->headers_us = 0;
	parser->upgrade = 0; /* whatever it would change to, this stays HTTP/1.1 */
	h1->keep_alive = http_should_keep_alive(parser) && parser->http_minor > 0 && parser->http_major == 1 && !h1->leaving;
	add_header(call, bytes_of(":method"), bytes_of(http_method_str((enum http_method)parser->method)));
	add_header(call, bytes_of(":path"), path_of(buf_bytes(&h1->target)));
	const char *host = rpc_call_metadata(call, ":authority");
	if (call->received.too_large) {
		h1->keep_alive = false; /* what was dropped may have said where the next request begins */
	} else if (h1->malformed || (host == NULL ? parser->http_minor > 0 : strchr(host, ',') != NULL)) { /* RFC 9112 §3.2 */
		answer_bare(session, "400 Bad Request");
		return 0;
	}
	server_headers(call, !(parser->flags & F_CHUNKED) && (parser->content_length == 0 || parser->content_length == UINT64_MAX));
	const char *expect = rpc_call_metadata(call, "expect");
	if (expect != NULL && strcasecmp(expect, "100-continue") == 0 && !call->closing) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
		queue_add(&session->out, go_on, sizeof go_on - 1);
	}
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t size)
{
	struct rpc_session *session = session_of(parser);
	if (!session->failed) {
		inbound_data(session->h1->call, (struct bytes){(const uint8_t *)at, size}, false);
	}
	return 0;
}

static int on_complete(http_parser *parser)
{
	struct rpc_session *session = session_of(parser);
	session->headers_us = 0;
	http_parser_pause(parser, 1);
	if (!session->failed) {
		inbound_end(session->h1->call);
	}
	return 0;
}

static const http_parser_settings settings = {
	.on_message_begin = on_begin,
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_chunk_header = on_chunk_header,
	.on_message_complete = on_complete,
};

/* ---- the answer ------------------------------------------------------------------------------------------------------------------- */

/* The head of an answer, in the way of RFC 9112 §4. */
static void write_head(struct rpc_call *call, const struct header *headers, size_t count, struct buf *text)
{
	struct h1 *h1 = call->session->h1;
	const char *phrase = "";
	time_t now = time(NULL);
	struct tm tm;
	char date[64];
	int status = atoi(headers[0].value);
	bool bodiless = status == 204 || status == 304, has_length = false;
#define PHRASE(number, name, words) phrase = status == number ? #words : phrase;
	HTTP_STATUS_MAP(PHRASE)
#undef PHRASE
	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(text, "HTTP/1.1 %d %s\r\ndate: %s\r\n", status, phrase, date);
	for (size_t i = 1; i < count; i++) {
		buf_printf(text, "%s: %s\r\n", headers[i].name, headers[i].value);
		has_length |= strcmp(headers[i].name, "content-length") == 0;
	}
	h1->chunked = h1->body && !call->closing && h1->parser.http_minor > 0; /* HTTP/1.0: the end of the connection is the body's */
	if (!has_length && !bodiless && (!h1->body || call->closing)) {
		buf_printf(text, "content-length: %zu\r\n", h1->body ? queue_size(&call->out) : 0);
	}
	buf_add_text(text, h1->chunked ? "transfer-encoding: chunked\r\n" : "");
	buf_add_text(text, h1->keep_alive ? "\r\n" : "connection: close\r\n\r\n");
}

static bool h1_respond(struct rpc_call *call, const struct header *headers, size_t count, bool body)
{
	struct h1 *h1 = call->session->h1;
	struct buf text;
	h1->body = body;
	h1->keep_alive &= call->remote_closed && !h1->leaving;
	buf_init(&text, &call->arena);
	write_head(call, headers, count, &text);
	return !text.failed && queue_add(&call->session->out, text.data, text.size);
}

static void h1_reset(struct rpc_call *call, uint32_t error_code)
{
	(void)error_code;
	call->session->failed = call->session->broken = true;
}

/* Moves a piece of what the call has queued to the output. */
static bool write_body(struct h1 *h1, struct rpc_call *call, struct queue *out)
{
	struct bytes bytes = queue_bytes(&call->out);
	char head[CHUNK_HEAD_BYTES];
	if (bytes.size == 0 || !h1->body) {
		call_unqueue(call);
		return true;
	}
	bytes.size = bytes.size < GATHER_BYTES ? bytes.size : GATHER_BYTES;
	bool ok = !h1->chunked || queue_add(out, head, (size_t)snprintf(head, sizeof head, "%zx\r\n", bytes.size));
	ok = ok && queue_add(out, bytes.data, bytes.size) && (!h1->chunked || queue_add(out, "\r\n", 2));
	call_sent(call, bytes.size);
	return ok;
}

/* The answer is out: on to the next request, or to the end. */
static void finish_call(struct rpc_session *session)
{
	struct h1 *h1 = session->h1;
	struct rpc_call *call = h1->call;
	h1->closed |= !h1->keep_alive || session->failed;
	call->end_sent = true;
	h1->call = NULL;
	session_call_ended(call);
	if (HTTP_PARSER_ERRNO(&h1->parser) == HPE_PAUSED) {
		http_parser_pause(&h1->parser, 0);
	}
}

/* ---- the wire's functions -------------------------------------------------------------------------------------------------------------- */

static void h1_free(struct rpc_session *session)
{
	if (session->h1 != NULL) {
		session_let_go(session, queue_size(&session->h1->waiting));
		queue_free(&session->h1->waiting);
		free(session->h1);
	}
}

/* Hands bytes to the parser, up to the end of a request. Returns how many it took. */
static size_t parse(struct rpc_session *session, struct bytes bytes)
{
	struct h1 *h1 = session->h1;
	if (h1->call != NULL && h1->call->remote_closed) {
		return 0;
	}
	size_t taken = http_parser_execute(&h1->parser, &settings, (const char *)bytes.data, bytes.size);
	enum http_errno error = HTTP_PARSER_ERRNO(&h1->parser);
	if (error != HPE_OK && error != HPE_PAUSED && !session->failed) {
		bool began = h1->call != NULL && h1->call->submitted;
		session->failed = true;
		if (!began) {
			answer_bare(session, error == HPE_HEADER_OVERFLOW ? "431 Request Header Fields Too Large" : "400 Bad Request");
		}
	}
	return session->failed ? bytes.size : taken;
}

static bool h1_receive(struct rpc_session *session, struct bytes bytes)
{
	struct h1 *h1 = session->h1;
	if (h1->closed) {
		return false;
	}
	size_t taken = queue_size(&h1->waiting) == 0 ? parse(session, bytes) : 0;
	struct bytes rest = {bytes.data + taken, bytes.size - taken};
	bool kept = rest.size > 0 && queue_size(&h1->waiting) + rest.size <= LIMIT_PIPELINED_BYTES && queue_add(&h1->waiting, rest.data, rest.size);
	if (kept) {
		session_kept(session, rest.size);
	} else if (rest.size > 0) {
		session->offence = "too_much_pipelined";
		session->failed = true;
	}
	return !session->failed;
}

static struct bytes h1_send(struct rpc_session *session)
{
	struct h1 *h1 = session->h1;
	struct queue *out = &session->out;
	queue_drop(out, h1->returned);
	h1->returned = 0;
	session_notices(session);
	while (!session->broken && queue_size(out) < GATHER_BYTES) {
		struct rpc_call *call = h1->call;
		if (call == NULL && queue_size(&h1->waiting) > 0 && !h1->closed && !session->failed) {
			size_t taken = parse(session, queue_bytes(&h1->waiting));
			queue_drop(&h1->waiting, taken);
			session_let_go(session, taken);
			session_notices(session);
			if (h1->call == NULL) {
				break;
			}
			continue;
		}
		if (call == NULL || !call->submitted) {
			break;
		}
		session->broken = !write_body(h1, call, out);
		if (queue_size(&call->out) > 0) {
			continue;
		}
		if (!call->closing) {
			call->deferred = true;
			break;
		}
		session->broken |= h1->chunked && !queue_add(out, "0\r\n\r\n", 5);
		finish_call(session);
	}
	h1->returned = queue_size(out);
	return queue_bytes(out);
}

static bool h1_done(const struct rpc_session *session)
{
	const struct h1 *h1 = session->h1;
	return (session->failed || h1->closed || (h1->leaving && h1->call == NULL)) && queue_size(&session->out) == h1->returned;
}

static void h1_shutdown(struct rpc_session *session, bool final)
{
	session->h1->leaving |= final;
}

static void h1_tick(struct rpc_session *session)
{
	if (session->failed && session->headers_us != 0) {
		session->headers_us = 0;
		if (session->h1->call != NULL && session->h1->call->submitted) { /* slow trailers behind a request that is being answered already */
			return;
		}
		answer_bare(session, "408 Request Timeout");
	}
}

static void h1_resume(struct rpc_call *call)
{
	(void)call; /* the next h1_send sees what is queued */
}

static void h1_consume(struct rpc_call *call, size_t size, bool gone)
{
	(void)call, (void)size, (void)gone; /* TCP's window is all there is */
}

static const struct wire h1_wire = {h1_free, h1_receive, h1_send, h1_done, h1_shutdown, h1_tick, h1_respond, h1_resume, h1_consume, h1_reset};

bool h1_open(struct rpc_session *session)
{
	session->wire = &h1_wire;
	session->h1 = calloc(1, sizeof *session->h1);
	if (session->h1 == NULL) {
		return false;
	}
	http_parser_init(&session->h1->parser, HTTP_REQUEST);
	session->h1->parser.data = session;
	return true;
}
