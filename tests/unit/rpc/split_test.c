/* SPDX-License-Identifier: Apache-2.0
 *
 * However a connection's bytes are cut, they mean the same: whole conversations are recorded, then fed whole, cut in two at every position, and one byte at a
 * time. What the owner is told and what is sent must be the same. HTTP/2 frames are compared by what they carry, for replies may share DATA frames in one way and not in
 * another, and window updates come when there is something to update.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/rpc/pair.h"
#include "tests/unit/rpc/raw.h"

#include <zlib.h>

enum { STREAMS = 5, PREFACE_BYTES = 24 };

/* What one side of a connection sent, by stream; 0 is the connection itself. */
struct sent {
	struct {
		char frames[2048];
		uint8_t data[32000];
		size_t data_size;
	} streams[STREAMS];
};

struct recording {
	uint8_t bytes[65536];
	size_t size;
};

static void record(struct recording *recording, struct bytes bytes)
{
	assert_true(recording->size + bytes.size <= sizeof recording->bytes);
	memcpy(recording->bytes + recording->size, bytes.data, bytes.size);
	recording->size += bytes.size;
}

static struct bytes recorded(const struct recording *recording)
{
	return (struct bytes){recording->bytes, recording->size};
}

/* ---- frames, read ------------------------------------------------------------------------------------------------------------- */

static void note(struct sent *sent, uint32_t stream_id, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void note(struct sent *sent, uint32_t stream_id, const char *format, ...)
{
	assert_true(stream_id < 2 * STREAMS);
	char *text = sent->streams[(stream_id + 1) / 2].frames;
	size_t used = strlen(text), room = sizeof sent->streams[0].frames - used;
	va_list arguments;
	va_start(arguments, format);
	assert_true((size_t)vsnprintf(text + used, room, format, arguments) < room);
	va_end(arguments);
}

static void read_headers(struct sent *sent, uint32_t stream_id, nghttp2_hd_inflater *inflater, struct bytes block)
{
	int flags = 0;
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv header;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &header, &flags, block.data, block.size, 1);
		assert_true(used >= 0);
		block = (struct bytes){block.data + used, block.size - (size_t)used};
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			note(sent, stream_id, "%.*s=%.*s;", (int)header.namelen, header.name, (int)header.valuelen, header.value);
		}
	}
	nghttp2_hd_inflate_end_headers(inflater);
}

static void read_frame(struct sent *sent, nghttp2_hd_inflater *inflater, uint8_t type, uint8_t flags, uint32_t stream_id, struct bytes payload)
{
	size_t *size = &sent->streams[(stream_id + 1) / 2].data_size;
	switch (type) {
	case NGHTTP2_DATA:
		assert_true(*size + payload.size <= sizeof sent->streams[0].data);
		memcpy(sent->streams[(stream_id + 1) / 2].data + *size, payload.data, payload.size);
		*size += payload.size;
		break;
	case NGHTTP2_HEADERS:
		assert_true(flags & NGHTTP2_FLAG_END_HEADERS);
		note(sent, stream_id, "headers after %zu: ", *size);
		read_headers(sent, stream_id, inflater, payload);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		break;
	default:
		note(sent, stream_id, "frame %u flags %u bytes %zu;", type, flags, payload.size);
	}
	if ((type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) && flags & NGHTTP2_FLAG_END_STREAM) {
		note(sent, stream_id, "end;");
	}
}

static struct sent *read_sent(struct bytes bytes)
{
	struct sent *sent = calloc(1, sizeof *sent);
	nghttp2_hd_inflater *inflater;
	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	if (bytes.size > PREFACE_BYTES && memcmp(bytes.data, "PRI ", 4) == 0) {
		bytes = (struct bytes){bytes.data + PREFACE_BYTES, bytes.size - PREFACE_BYTES};
	}
	while (bytes.size > 0) {
		assert_true(bytes.size >= 9);
		size_t size = (size_t)bytes.data[0] << 16 | (size_t)bytes.data[1] << 8 | bytes.data[2];
		assert_true(bytes.size - 9 >= size);
		uint32_t stream_id = (uint32_t)bytes.data[7] << 8 | bytes.data[8];
		read_frame(sent, inflater, bytes.data[3], bytes.data[4], stream_id, (struct bytes){bytes.data + 9, size});
		bytes = (struct bytes){bytes.data + 9 + size, bytes.size - 9 - size};
	}
	nghttp2_hd_inflate_del(inflater);
	return sent;
}

/* ---- feeding ------------------------------------------------------------------------------------------------------------------- */

static void take_sent(struct rpc_session *session, struct recording *out)
{
	struct bytes bytes;
	while ((bytes = rpc_session_send(session)).size > 0) {
		record(out, bytes);
	}
}

/* In memory of its own, so that sanitizers see who keeps it. */
static void feed_piece(struct rpc_session *session, struct bytes piece, struct recording *out)
{
	uint8_t *copy = malloc(piece.size);
	memcpy(copy, piece.data, piece.size);
	rpc_session_receive(session, (struct bytes){copy, piece.size});
	free(copy);
	take_sent(session, out);
}

/* cut 0: whole; cut = size: a byte at a time; else in two pieces. */
static void feed_cut(struct rpc_session *session, struct bytes bytes, size_t cut, struct recording *out)
{
	if (cut == bytes.size) {
		for (size_t i = 0; i < bytes.size; i++) {
			feed_piece(session, (struct bytes){bytes.data + i, 1}, out);
		}
		return;
	}
	if (cut > 0) {
		feed_piece(session, (struct bytes){bytes.data, cut}, out);
	}
	feed_piece(session, (struct bytes){bytes.data + cut, bytes.size - cut}, out);
}

/* ---- the server's role --------------------------------------------------------------------------------------------------------------- */

struct answer {
	char log[4096];
	struct recording out;
};

static void answer_to(struct bytes bytes, size_t cut, bool http1, struct answer *answer)
{
	struct echo *echo = echo_open((struct rpc_server_options){.http1 = http1});
	answer->out.size = 0;
	feed_cut(echo->session, bytes, cut, &answer->out);
	assert_true(answer->out.size > 0);
	assert_int_equal(rpc_session_calls(echo->session), 0);
	assert_true(echo->log_size < sizeof answer->log);
	memcpy(answer->log, echo->log, echo->log_size + 1);
	echo_free(echo);
}

/* The clock may go on between two runs. */
static void blank_dates(struct recording *recording)
{
	recording->bytes[recording->size] = '\0';
	char *at = (char *)recording->bytes;
	while ((at = strstr(at, "\r\ndate: ")) != NULL) {
		for (at += 8; *at != '\r'; at++) {
			*at = '-';
		}
	}
}

static void check_answers_http2(const struct recording *recording)
{
	static struct answer whole, other;
	answer_to(recorded(recording), 0, false, &whole);
	struct sent *expected = read_sent(recorded(&whole.out));
	for (size_t cut = 1; cut <= recording->size; cut++) {
		answer_to(recorded(recording), cut, false, &other);
		assert_string_equal(other.log, whole.log);
		struct sent *sent = read_sent(recorded(&other.out));
		for (size_t i = 0; i < STREAMS; i++) {
			assert_string_equal(sent->streams[i].frames, expected->streams[i].frames);
		}
		assert_memory_equal(sent, expected, sizeof *sent);
		free(sent);
	}
	free(expected);
}

static void check_answers_http1(const char *text)
{
	static struct answer whole, other;
	answer_to(bytes_of(text), 0, true, &whole);
	blank_dates(&whole.out);
	assert_memory_equal(whole.out.bytes, "HTTP/1.1 ", 9);
	for (size_t cut = 1; cut <= strlen(text); cut++) {
		answer_to(bytes_of(text), cut, true, &other);
		blank_dates(&other.out);
		assert_string_equal(other.log, whole.log);
		assert_int_equal(other.out.size, whole.out.size);
		assert_memory_equal(other.out.bytes, whole.out.bytes, whole.out.size);
	}
}

/* What nghttp2's client sends for one request, up to its end. */
static void record_request(const char *const *headers, struct bytes body, bool has_body, struct recording *recording)
{
	struct raw *raw = raw_new(NULL);
	bool any = true;
	recording->size = 0;
	raw_start(raw, headers, body, has_body);
	while (any) {
		const uint8_t *data;
		ssize_t size;
		struct bytes bytes;
		any = false;
		while ((size = nghttp2_session_mem_send(raw->h2, &data)) > 0) {
			record(recording, (struct bytes){data, (size_t)size});
			rpc_session_receive(raw->echo->session, (struct bytes){data, (size_t)size});
			any = true;
		}
		while ((bytes = rpc_session_send(raw->echo->session)).size > 0) {
			nghttp2_session_mem_recv(raw->h2, bytes.data, bytes.size);
			any = true;
		}
	}
	assert_true(raw->reply.ended && raw->reply.closed);
	raw_free(raw);
}

static void check_request(const char *method, const char *type, struct bytes body, const char *name, const char *value)
{
	static struct recording recording;
	char path[64];
	snprintf(path, sizeof path, "/test.rpc.v1.Echo/%s", method);
	const char *headers[] = {":method", "POST", ":scheme", "https", ":path", path, ":authority", "test", "content-type", type, name, value, NULL};
	record_request(headers, body, true, &recording);
	check_answers_http2(&recording);
}

static struct bytes prefixed(struct bytes message, uint8_t flags, struct arena *arena)
{
	struct buf buf;
	const uint8_t head[] = {flags, 0, 0, (uint8_t)(message.size >> 8), (uint8_t)message.size};
	buf_init(&buf, arena);
	buf_add(&buf, head, sizeof head);
	buf_add(&buf, message.data, message.size);
	return buf_bytes(&buf);
}

static struct bytes twice(struct bytes bytes, struct arena *arena)
{
	struct buf buf;
	buf_init(&buf, arena);
	buf_add(&buf, bytes.data, bytes.size);
	buf_add(&buf, bytes.data, bytes.size);
	return buf_bytes(&buf);
}

static struct bytes zipped(struct bytes bytes, struct arena *arena)
{
	z_stream stream = {0};
	uint8_t *out = arena_alloc(arena, bytes.size + 100);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)bytes.data;
	stream.avail_in = (uInt)bytes.size;
	stream.next_out = out;
	stream.avail_out = (uInt)bytes.size + 100;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return (struct bytes){out, stream.total_out};
}

static void requests_over_http2(void **state)
{
	struct pair *pair = *state;
	struct arena *arena = &pair->arena;
	struct bytes hello = echo_pack("hello", bytes_of("0123456789"), 0, arena), zip = echo_pack("zip", bytes_of("aaaaaaaaaaaaaaaaaaaa"), 0, arena);
	struct bytes count = echo_pack("", (struct bytes){NULL, 0}, 3, arena), fail = echo_pack("fail", (struct bytes){NULL, 0}, 0, arena);
	struct bytes one = prefixed(hello, 0, arena), many = twice(one, arena), packed = prefixed(zipped(zip, arena), 1, arena);
	const struct {
		const char *method, *type;
		struct bytes body;
		const char *name, *value;
	} rows[] = {
		{"Say", "application/grpc", one, "grpc-timeout", "5S"},
		{"Say", "application/grpc", prefixed(fail, 0, arena), "te", "trailers"},
		{"Say", "application/grpc", packed, "grpc-encoding", "gzip"},
		{"Say", "application/grpc", prefixed(zip, 0, arena), "grpc-accept-encoding", "gzip"},
		{"Say", "application/grpc", many, "te", "trailers"},
		{"Say", "application/grpc", (struct bytes){one.data, one.size - 1}, "te", "trailers"},
		{"Gather", "application/grpc", twice(many, arena), "te", "trailers"},
		{"Chat", "application/grpc", twice(packed, arena), "grpc-encoding", "gzip"},
		{"Count", "application/grpc", prefixed(count, 0, arena), "te", "trailers"},
		{"Say", "application/grpc-web+proto", one, "x-grpc-web", "1"},
		{"Count", "application/grpc-web+proto", prefixed(count, 0, arena), "x-grpc-web", "1"},
		{"Say", "application/proto", hello, "connect-protocol-version", "1"},
		{"Say", "application/proto", zipped(hello, arena), "content-encoding", "gzip"},
		{"Say", "application/json", bytes_of("{\"text\":\"hello\",\"blob\":\"AAAA\"}"), "connect-timeout-ms", "5000"},
		{"Say", "application/json", bytes_of("{\"text\":\"fail\"}"), "connect-timeout-ms", "5000"},
		{"Chat", "application/connect+json", twice(prefixed(bytes_of("{\"text\":\"hello\"}"), 0, arena), arena), "connect-protocol-version", "1"},
		{"Count", "application/connect+proto", prefixed(count, 0, arena), "connect-protocol-version", "1"},
		{"None", "application/grpc", one, "te", "trailers"},
		{"Say", "text/plain", one, "te", "trailers"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		check_request(rows[i].method, rows[i].type, rows[i].body, rows[i].name, rows[i].value);
	}
}

/* What skim.c takes out, before every frame of a request. */
static void resets_of_unopened_streams(void **state)
{
	static const uint8_t reset[] = {0, 0, 4, NGHTTP2_RST_STREAM, 0, 0, 0, 0, 99, 0, 0, 0, NGHTTP2_CANCEL};
	static const char *const headers[] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test", "content-type", "application/grpc", NULL};
	static struct recording plain, mixed;
	struct pair *pair = *state;
	record_request(headers, prefixed(echo_pack("hello", bytes_of("0123456789"), 0, &pair->arena), 0, &pair->arena), true, &plain);
	record(&mixed, (struct bytes){plain.bytes, PREFACE_BYTES});
	for (size_t at = PREFACE_BYTES, size; at < plain.size; at += size) {
		size = 9 + ((size_t)plain.bytes[at] << 16 | (size_t)plain.bytes[at + 1] << 8 | plain.bytes[at + 2]);
		if (at > PREFACE_BYTES) { /* SETTINGS come first */
			record(&mixed, (struct bytes){reset, sizeof reset});
		}
		record(&mixed, (struct bytes){plain.bytes + at, size});
	}
	static struct answer expected, other;
	answer_to(recorded(&plain), 0, false, &expected);
	answer_to(recorded(&mixed), 0, false, &other);
	assert_string_equal(other.log, expected.log);
	check_answers_http2(&mixed);
}

static void gets_over_http2(void **state)
{
	static const char *const paths[] = {"/test.rpc.v1.Echo/Peek?connect=v1&encoding=json&message=%7B%22text%22%3A%22hello%22%7D",
	                                    "/test.rpc.v1.Echo/Peek?connect=v1&encoding=proto&base64=1&message=CgVoZWxsbw", "/", "/none"};
	static struct recording recording;
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const char *headers[] = {":method", "GET", ":scheme", "https", ":path", paths[i], ":authority", "test", NULL};
		record_request(headers, (struct bytes){NULL, 0}, false, &recording);
		check_answers_http2(&recording);
	}
}

static void requests_over_http1(void **state)
{
	static const char *const texts[] = {
		"POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"text\":\"hello\"}",
		"POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		"9;a=b\r\n{\"text\":\"\r\n7\r\nhello\"}\r\n0\r\nLast: 1\r\n\r\n",
		"POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"text\":\"fail\"}",
		"POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n{\"\"",
		"GET /test.rpc.v1.Echo/Peek?connect=v1&encoding=json&message=%7B%7D HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\n\r\nHEAD /x HTTP/1.1\r\nHost: test\r\n\r\n"
		"POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/proto\r\nContent-Length: 4\r\n\r\n\n\2hi"
		"GET /y HTTP/1.0\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		check_answers_http1(texts[i]);
	}
}

/* ---- the client's role ----------------------------------------------------------------------------------------------------------------- */

enum { CALLS = 4 };

static void start_calls(struct pair *pair, struct outcome outcomes[CALLS])
{
	say(pair, start(pair, "Say", &outcomes[0]), "zip", 200, true);
	say(pair, start(pair, "Say", &outcomes[1]), "fail", 0, true);
	struct rpc_call *chat = start(pair, "Chat", &outcomes[2]);
	say(pair, chat, "one", 10, false);
	say(pair, chat, "two", 20, true);
	say(pair, start(pair, "None", &outcomes[3]), "", 0, true);
}

/* What the server sends to the calls above. */
static void record_replies(struct recording *recording)
{
	static struct outcome outcomes[CALLS];
	struct pair *pair = pair_new(NULL, NULL);
	recording->size = 0;
	start_calls(pair, outcomes);
	do {
		to_server(pair);
		size_t before = recording->size;
		take_sent(pair->echo->session, recording);
		if (recording->size > before) {
			rpc_session_receive(pair->client, (struct bytes){recording->bytes + before, recording->size - before});
		}
	} while (rpc_session_calls(pair->client) > 0);
	pair_free(pair);
}

static void hear_replies(struct bytes bytes, size_t cut, struct outcome outcomes[CALLS], struct recording *out)
{
	struct pair *pair = pair_new(NULL, NULL);
	out->size = 0;
	start_calls(pair, outcomes);
	take_sent(pair->client, out);
	feed_cut(pair->client, bytes, cut, out);
	assert_int_equal(rpc_session_calls(pair->client), 0);
	pair_free(pair);
}

static void check_same_outcome(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->headers, b->headers);
	assert_int_equal(a->messages, b->messages);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->finished, 1);
	assert_int_equal(a->retryable, b->retryable);
	assert_string_equal(a->last_text, b->last_text);
	assert_string_equal(a->revision, b->revision);
	assert_int_equal(a->status.code, b->status.code);
	assert_string_equal(a->status.message, b->status.message);
	assert_int_equal(a->status.violations_count, b->status.violations_count);
}

static void replies_to_a_client(void **state)
{
	static struct recording recording, whole_out, out;
	static struct outcome whole[CALLS], outcomes[CALLS];
	(void)state;
	record_replies(&recording);
	hear_replies(recorded(&recording), 0, whole, &whole_out);
	assert_int_equal(whole[1].status.code, STATUS_NOT_FOUND);
	assert_int_equal(whole[2].messages, 2);
	struct sent *expected = read_sent(recorded(&whole_out));
	for (size_t cut = 1; cut <= recording.size; cut++) {
		hear_replies(recorded(&recording), cut, outcomes, &out);
		for (size_t i = 0; i < CALLS; i++) {
			check_same_outcome(&outcomes[i], &whole[i]);
		}
		struct sent *sent = read_sent(recorded(&out));
		assert_memory_equal(sent, expected, sizeof *sent);
		free(sent);
	}
	free(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_over_http2),
		TEST(resets_of_unopened_streams),
		cmocka_unit_test(gets_over_http2),
		cmocka_unit_test(requests_over_http1),
		cmocka_unit_test(replies_to_a_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
