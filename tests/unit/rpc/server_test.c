/* SPDX-License-Identifier: Apache-2.0
 *
 * The server session against raw HTTP/2: what each protocol sends and gets, header by header and byte by byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/rpc/raw.h"

#include <zlib.h>

static struct arena arena;

static int set_up(void **state)
{
	arena_init(&arena, 64 << 20);
	*state = raw_new(NULL);
	return 0;
}

/* Whatever a test did, nothing may be left open. */
static int tear_down(void **state)
{
	struct raw *raw = *state;
	size_t open = rpc_session_calls(raw->echo->session);
	raw_free(raw);
	arena_done(&arena);
	return open == 0 ? 0 : -1;
}

#define assert_has(headers, line)                                                  \
	do {                                                                           \
		if (!raw_has(headers, line)) {                                             \
			fail_msg("\"%s\" is not in\n%s", line, headers);                       \
		}                                                                          \
	} while (0)

static struct bytes text_message(const char *text)
{
	return echo_pack(text, (struct bytes){NULL, 0}, 0, &arena);
}

/* A message behind its five bytes. */
static struct bytes framed(uint8_t flags, struct bytes message)
{
	struct buf buf;
	const uint8_t prefix[] = {flags, (uint8_t)(message.size >> 24), (uint8_t)(message.size >> 16), (uint8_t)(message.size >> 8), (uint8_t)message.size};
	buf_init(&buf, &arena);
	buf_add(&buf, prefix, sizeof prefix);
	buf_add(&buf, message.data, message.size);
	return buf_bytes(&buf);
}

static struct bytes joined(struct bytes a, struct bytes b)
{
	struct buf buf;
	buf_init(&buf, &arena);
	buf_add(&buf, a.data, a.size);
	buf_add(&buf, b.data, b.size);
	return buf_bytes(&buf);
}

static struct bytes gzip(struct bytes in)
{
	z_stream stream = {0};
	uint8_t *out = arena_alloc(&arena, in.size + 1000);
	deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	stream.next_in = (Bytef *)in.data;
	stream.avail_in = (uInt)in.size;
	stream.next_out = out;
	stream.avail_out = (uInt)(in.size + 1000);
	deflate(&stream, Z_FINISH);
	struct bytes result = {out, stream.total_out};
	deflateEnd(&stream);
	return result;
}

static void assert_body(const struct raw_reply *reply, struct bytes wanted)
{
	assert_int_equal(reply->body_size, wanted.size);
	assert_memory_equal(reply->body, wanted.data, wanted.size);
}

/* What came behind the body is no header (RFC 9110 §6.5.1): it neither gives metadata nor spoils what the headers gave. */
static void trailers_of_requests_are_ignored(void **state)
{
	static const char *const types[] = {"application/grpc", "application/json"};
	static const char *const more[] = {"echo-metadata", "headers", NULL};
	struct raw *raw = *state;
	raw->trailers[0] = "echo-metadata";
	raw->trailers[1] = "trailers";
	for (size_t i = 0; i < 2; i++) {
		for (int with = 0; with < 2; with++) {
			const char *text = with ? "headers" : "none";
			struct bytes body = i == 0 ? framed(0, text_message("metadata")) : bytes_of("{\"text\":\"metadata\"}");
			struct raw_reply *reply = raw_post(raw, "Say", types[i], body, with ? more : NULL);
			assert_has(reply->headers, ":status: 200");
			assert_body(reply, i == 0 ? framed(0, text_message(text)) : bytes_of(with ? "{\"text\":\"headers\"}" : "{\"text\":\"none\"}"));
			assert_true(reply->ended && reply->closed);
		}
	}
}

/* ---- gRPC ------------------------------------------------------------------------------------------------------------------------- */

static void grpc_answers_with_trailers(void **state)
{
	struct raw_reply *reply = raw_post(*state, "Say", "application/grpc", framed(0, text_message("hi")), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "content-type: application/grpc");
	assert_has(reply->headers, "kam-revision: 42");
	assert_body(reply, framed(0, text_message("hi")));
	assert_string_equal(reply->trailers, "grpc-status: 0\n");
	assert_true(reply->ended && reply->closed);
	assert_int_equal(reply->error, 0);
}

static void grpc_content_types(void **state)
{
	static const char *const good[] = {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "Application/GRPC"};
	static const char *const bad[] = {"application/grpc+json", "application/grpcx", "application/grpc-web-text", "application/connect+cbor", "text/plain",
	                                  "application/x-www-form-urlencoded", "application/grp"};
	struct bytes body = framed(0, text_message("hi"));
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_has(raw_post(*state, "Say", good[i], body, NULL)->trailers, "grpc-status: 0");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct raw_reply *reply = raw_post(*state, "Say", bad[i], body, NULL);
		assert_has(reply->headers, ":status: 415");
		assert_non_null(strstr(reply->headers, "accept-post: application/grpc"));
		assert_null(strstr(reply->headers, "grpc-status"));
		assert_int_equal(reply->body_size, 0);
	}
}

static void grpc_errors_at_once_are_trailers_only(void **state)
{
	struct raw_reply *reply = raw_post(*state, "Say", "application/grpc", framed(0, text_message("fail")), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "grpc-status: 5");
	assert_has(reply->headers, "grpc-message: text: is 100%25 \"wrong\" %E2%80%93 na%C3%AFve");
	assert_non_null(strstr(reply->headers, "grpc-status-details-bin: "));
	assert_null(strchr(strstr(reply->headers, "grpc-status-details-bin: "), '='));
	assert_string_equal(reply->trailers, "");
	assert_int_equal(reply->body_size, 0);
	reply = raw_post(*state, "Nothing", "application/grpc", framed(0, text_message("x")), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "grpc-status: 12");
}

static void only_post_calls(void **state)
{
	static const char *const verbs[] = {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"};
	for (size_t i = 0; i < 5; i++) {
		struct raw_reply *reply = raw_get(*state, verbs[i], "/test.rpc.v1.Echo/Say");
		assert_has(reply->headers, ":status: 405");
		assert_has(reply->headers, "allow: POST");
	}
	assert_has(raw_get(*state, "PUT", "/test.rpc.v1.Echo/Peek")->headers, "allow: GET, POST");
}

/* It names no path, which is not the same as one that was too long. */
static void nobody_is_connected_through(void **state)
{
	static const char *const headers[] = {":method", "CONNECT", ":authority", "elsewhere:443", NULL};
	struct raw *raw = *state;
	raw_start(raw, headers, (struct bytes){NULL, 0}, false);
	raw_settle(raw);
	assert_has(raw->reply.headers, ":status: 405");
	assert_has(raw->reply.headers, "allow: GET, HEAD, POST");
	assert_int_equal(raw->echo->http, 0);
}

static void grpc_wants_exactly_one_message(void **state)
{
	struct bytes one = framed(0, text_message("hi"));
	struct raw *raw = *state;
	assert_has(raw_post(raw, "Say", "application/grpc", (struct bytes){NULL, 0}, NULL)->headers, "grpc-status: 12");
	assert_has(raw_post(raw, "Say", "application/grpc", joined(one, one), NULL)->headers, "grpc-status: 12");
	assert_has(raw_post(raw, "Count", "application/grpc", joined(one, one), NULL)->headers, "grpc-status: 12");
	assert_has(raw_post(raw, "Say", "application/grpc", (struct bytes){one.data, one.size - 1}, NULL)->headers, "grpc-status: 13");
	assert_has(raw_post(raw, "Say", "application/grpc", (struct bytes){one.data, 3}, NULL)->headers, "grpc-status: 13");
	assert_null(strstr(raw->echo->log, "Say hi"));
	/* A stream that breaks off after whole messages. */
	struct raw_reply *reply = raw_post(raw, "Chat", "application/grpc", joined(one, (struct bytes){one.data, 4}), NULL);
	assert_body(reply, one);
	assert_has(reply->trailers, "grpc-status: 13");
	assert_has(raw_post(raw, "Say", "application/grpc", framed(2, text_message("x")), NULL)->headers, "grpc-status: 13");
}

static void grpc_compression(void **state)
{
	static const char *const with_gzip[] = {"grpc-encoding", "gzip", NULL}, *const with_identity[] = {"grpc-encoding", "identity", NULL},
	                         *const with_snappy[] = {"grpc-encoding", "snappy", NULL};
	struct raw *raw = *state;
	struct bytes message = text_message("squeezed"), packed = framed(1, gzip(message));
	assert_body(raw_post(raw, "Say", "application/grpc", packed, with_gzip), framed(0, message));
	assert_body(raw_post(raw, "Say", "application/grpc", framed(0, message), with_gzip), framed(0, message));
	assert_has(raw_post(raw, "Say", "application/grpc", packed, NULL)->headers, "grpc-status: 13");
	assert_has(raw_post(raw, "Say", "application/grpc", packed, with_identity)->headers, "grpc-status: 13");
	assert_has(raw_post(raw, "Say", "application/grpc", framed(1, bytes_of("no gzip")), with_gzip)->headers, "grpc-status: 13");
	struct raw_reply *reply = raw_post(raw, "Say", "application/grpc", framed(0, message), with_snappy);
	assert_has(reply->headers, "grpc-status: 12");
	assert_has(reply->headers, "grpc-accept-encoding: identity,gzip");
	size_t large = LIMIT_MESSAGE_BYTES + 1;
	struct bytes bomb = gzip((struct bytes){arena_calloc(&arena, 1, large), large});
	assert_has(raw_post(raw, "Say", "application/grpc", framed(1, bomb), with_gzip)->headers, "grpc-status: 8");
}

static void grpc_timeouts(void **state)
{
	static const char *const soon[] = {"grpc-timeout", "100m", NULL}, *const bad[] = {"grpc-timeout", "123456789S", NULL},
	                         *const worse[] = {"grpc-timeout", "1", NULL}, *const none[] = {"grpc-timeout", "0S", NULL};
	struct raw *raw = *state;
	struct bytes wait = framed(0, text_message("wait"));
	struct status st;
	int64_t now = clock_monotonic_us();
	status_init(&st);
	status_fail(&st, STATUS_DEADLINE_EXCEEDED, "", "too late");
	raw_post(raw, "Say", "application/grpc", wait, soon);
	assert_in_range(rpc_call_deadline_us(raw->echo->waiting), now + 100000, clock_monotonic_us() + 100000);
	rpc_call_finish(raw->echo->waiting, &st);
	raw_settle(raw);
	assert_has(raw->reply.headers, "grpc-status: 4");
	raw_post(raw, "Say", "application/grpc", wait, none);
	assert_in_range(rpc_call_deadline_us(raw->echo->waiting), now, clock_monotonic_us());
	rpc_call_finish(raw->echo->waiting, &st);
	assert_has(raw_post(raw, "Say", "application/grpc", wait, bad)->headers, "grpc-status: 3");
	assert_has(raw_post(raw, "Say", "application/grpc", wait, worse)->headers, "grpc-status: 3");
	raw_post(raw, "Say", "application/grpc", wait, NULL);
	assert_int_equal(rpc_call_deadline_us(raw->echo->waiting), 0);
	rpc_call_finish(raw->echo->waiting, &st);
	raw_settle(raw);
}

/* RFC 9113 §8.1: answered before the request was whole, the stream is closed by RST_STREAM(NO_ERROR). */
static void early_answers_close_the_stream(void **state)
{
	struct raw *raw = *state;
	raw->keep_open = true;
	raw_post(raw, "Gather", "application/grpc", framed(0, text_message("stop")), NULL);
	assert_has(raw->reply.trailers, "grpc-status: 0");
	assert_true(raw->reply.ended && raw->reply.closed);
	assert_int_equal(raw->reply.error, NGHTTP2_NO_ERROR);
}

/* A short request that is answered before it is whole may end by itself, for curl drops the answer on a reset; but only so many at a time. */
static void early_answers_wait_for_a_few_short_requests(void **state)
{
	struct raw *raw = *state;
	raw->keep_open = true;
	for (int i = 0; i < 20; i++) {
		raw_post(raw, "Say", "text/plain", bytes_of("x"), NULL);
		assert_has(raw->reply.headers, ":status: 415");
		assert_true(raw->reply.ended);
		assert_int_equal(raw->reply.closed, i >= 16);
	}
	rpc_session_shutdown(raw->echo->session, true); /* then for none */
	raw_settle(raw);
	assert_int_equal(rpc_session_calls(raw->echo->session), 0);
}

static void strange_metadata_kills_no_call(void **state)
{
	static const char *const more[] = {"x-latin", "caf\xe9", "x-empty", "", "x-bin", "q6ur, AP8", NULL};
	assert_has(raw_post(*state, "Say", "application/grpc", framed(0, text_message("hi")), more)->trailers, "grpc-status: 0");
}

/* ---- gRPC-Web ------------------------------------------------------------------------------------------------------------------------ */

static void web_ends_with_a_trailer_frame(void **state)
{
	static const char *const types[] = {"application/grpc-web", "application/grpc-web+proto"};
	for (size_t i = 0; i < 2; i++) {
		struct raw_reply *reply = raw_post(*state, "Say", types[i], framed(0, text_message("hi")), NULL);
		assert_has(reply->headers, ":status: 200");
		assert_has(reply->headers, "content-type: application/grpc-web+proto");
		assert_body(reply, joined(framed(0, text_message("hi")), framed(0x80, bytes_of("grpc-status: 0\r\n"))));
		assert_string_equal(reply->trailers, "");
		assert_true(reply->ended);
	}
}

static void web_errors(void **state)
{
	struct raw *raw = *state;
	struct raw_reply *reply = raw_post(raw, "Say", "application/grpc-web+proto", framed(0, text_message("fail")), NULL);
	assert_has(reply->headers, "content-type: application/grpc-web+proto");
	assert_has(reply->headers, "grpc-status: 5");
	assert_int_equal(reply->body_size, 0);
	struct bytes one = framed(0, text_message("a"));
	reply = raw_post(raw, "Chat", "application/grpc-web+proto", joined(one, (struct bytes){one.data, 2}), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_int_equal(reply->body[one.size], 0x80);
	assert_non_null(strstr((char *)reply->body + one.size + 5, "grpc-status: 13\r\ngrpc-message: "));
	assert_has(raw_post(raw, "Nothing", "application/grpc-web+proto", one, NULL)->headers, "grpc-status: 12");
}

static void web_streams(void **state)
{
	struct bytes request = framed(0, echo_pack("", (struct bytes){NULL, 0}, 2, &arena));
	struct raw_reply *reply = raw_post(*state, "Count", "application/grpc-web+proto", request, NULL);
	assert_true(reply->body_size > 20000);
	assert_memory_equal(reply->body + reply->body_size - 16, "grpc-status: 0\r\n", 16);
}

/* ---- Connect, unary ---------------------------------------------------------------------------------------------------------------------- */

static void connect_speaks_json(void **state)
{
	struct raw_reply *reply = raw_post(*state, "Say", "application/json", bytes_of("{\"text\": \"hi\", \"count\": 7}"), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "content-type: application/json");
	assert_has(reply->headers, "kam-revision: 42");
	assert_body(reply, bytes_of("{\"text\":\"hi\",\"count\":7}"));
	assert_string_equal(reply->trailers, "");
	assert_has(raw_post(*state, "Say", "application/json; charset=utf-8", bytes_of("{}"), NULL)->headers, ":status: 200");
	assert_string_equal(((struct raw *)*state)->reply.body, "{}");
}

/* As large as one may be in protobuf. What would take too much memory as JSON is refused, with a way out. */
static void connect_json_replies_may_be_large(void **state)
{
	static const size_t sizes[] = {12 << 20, LIMIT_REPLY_BYTES - 5};
	char request[64];
	struct raw_reply *reply;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		snprintf(request, sizeof request, "{\"text\":\"give bytes\",\"count\":%zu}", sizes[i]);
		reply = raw_post(*state, "Say", "application/json", bytes_of(request), NULL);
		assert_has(reply->headers, ":status: 200");
		assert_int_equal(reply->body_bytes, strlen("{\"blob\":\"\"}") + (sizes[i] + 2) / 3 * 4);
	}
	static const char *const refused[] = {"{\"text\":\"give bytes\",\"count\":70000000}", "{\"text\":\"give many\",\"count\":5000000}"};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		reply = raw_post(*state, "Say", "application/json", bytes_of(refused[i]), NULL);
		assert_has(reply->headers, ":status: 429");
		assert_non_null(strstr((const char *)reply->body, "\"code\":\"resource_exhausted\""));
		assert_non_null(strstr((const char *)reply->body, "The reply is too large to be written as JSON: ask for a smaller page, or for application/proto."));
	}
}

static void connect_speaks_proto(void **state)
{
	static const char *const version[] = {"connect-protocol-version", "1", NULL}, *const other[] = {"connect-protocol-version", "2", NULL};
	struct raw_reply *reply = raw_post(*state, "Say", "application/proto", text_message("hi"), version);
	assert_has(reply->headers, "content-type: application/proto");
	assert_body(reply, text_message("hi"));
	reply = raw_post(*state, "Say", "application/proto", (struct bytes){NULL, 0}, NULL);
	assert_has(reply->headers, ":status: 200");
	assert_int_equal(reply->body_size, 0);
	assert_true(reply->ended);
	assert_has(raw_post(*state, "Say", "application/proto", text_message("hi"), other)->headers, ":status: 400");
}

static void connect_errors_are_json(void **state)
{
	static const char *const types[] = {"application/json", "application/proto"};
	struct bytes bodies[] = {bytes_of("{\"text\":\"fail\"}"), text_message("fail")};
	for (size_t i = 0; i < 2; i++) {
		struct raw_reply *reply = raw_post(*state, "Say", types[i], bodies[i], NULL);
		assert_has(reply->headers, ":status: 404");
		assert_has(reply->headers, "content-type: application/json");
		assert_memory_equal(reply->body, "{\"code\":\"not_found\",\"message\":\"text: is 100% \\\"wrong\\\" – naïve\",\"details\":[{\"type\":"
		                    "\"google.rpc.ErrorInfo\",\"value\":\"Cg1GSUVMRF9JTlZBTElEEgNrYW0\"},{\"type\":\"google.rpc.BadRequest\",\"value\":\"", 180);
		assert_memory_equal(reply->body + reply->body_size - 3, "}]}", 3);
	}
}

static void connect_codes_have_their_http_status(void **state)
{
	static const struct {
		enum status_code code;
		const char *status, *name;
	} rows[] = {{STATUS_CANCELLED, "499", "canceled"}, {STATUS_UNKNOWN, "500", "unknown"}, {STATUS_INVALID_ARGUMENT, "400", "invalid_argument"},
	            {STATUS_DEADLINE_EXCEEDED, "504", "deadline_exceeded"}, {STATUS_ALREADY_EXISTS, "409", "already_exists"},
	            {STATUS_PERMISSION_DENIED, "403", "permission_denied"}, {STATUS_RESOURCE_EXHAUSTED, "429", "resource_exhausted"},
	            {STATUS_FAILED_PRECONDITION, "400", "failed_precondition"}, {STATUS_ABORTED, "409", "aborted"},
	            {STATUS_UNIMPLEMENTED, "501", "unimplemented"}, {STATUS_UNAVAILABLE, "503", "unavailable"},
	            {STATUS_UNAUTHENTICATED, "401", "unauthenticated"}};
	struct raw *raw = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char line[32], start[64];
		raw->echo->refuse_code = rows[i].code;
		struct raw_reply *reply = raw_post(raw, "Say", "application/json", bytes_of("{}"), NULL);
		snprintf(line, sizeof line, ":status: %s", rows[i].status);
		snprintf(start, sizeof start, "{\"code\":\"%s\",\"message\":\"refused\"}", rows[i].name);
		assert_has(reply->headers, line);
		assert_string_equal(reply->body, start);
	}
}

static void connect_refuses_bad_requests(void **state)
{
	struct raw *raw = *state;
	struct raw_reply *reply = raw_post(raw, "Say", "application/json", bytes_of("{\"tex\": 1}"), NULL);
	assert_has(reply->headers, ":status: 400");
	assert_non_null(strstr((char *)reply->body, "{\"code\":\"invalid_argument\""));
	assert_has(raw_post(raw, "Say", "application/json", (struct bytes){NULL, 0}, NULL)->headers, ":status: 400");
	reply = raw_post(raw, "Nothing", "application/json", bytes_of("{}"), NULL);
	assert_has(reply->headers, ":status: 404");
	assert_has(reply->headers, "content-type: application/json");
	assert_non_null(strstr((char *)reply->body, "\"code\":\"unimplemented\""));
	assert_has(raw_post(raw, "Count", "application/json", bytes_of("{}"), NULL)->headers, ":status: 415");
	assert_has(raw_post(raw, "Say", "application/connect+json", bytes_of("{}"), NULL)->headers, ":status: 415");
	size_t large = LIMIT_MESSAGE_BYTES + 1;
	reply = raw_post(raw, "Say", "application/proto", (struct bytes){arena_calloc(&arena, 1, large), large}, NULL);
	assert_has(reply->headers, ":status: 429");
	assert_non_null(strstr((char *)reply->body, "resource_exhausted"));
}

static void connect_compression_and_timeouts(void **state)
{
	static const char *const with_gzip[] = {"content-encoding", "gzip", NULL}, *const with_br[] = {"content-encoding", "br", NULL},
	                         *const timeout[] = {"connect-timeout-ms", "5000", NULL}, *const bad[] = {"connect-timeout-ms", "12345678901", NULL};
	struct raw *raw = *state;
	int64_t now = clock_monotonic_us();
	assert_body(raw_post(raw, "Say", "application/json", gzip(bytes_of("{\"text\":\"z\"}")), with_gzip), bytes_of("{\"text\":\"z\"}"));
	assert_has(raw_post(raw, "Say", "application/proto", (struct bytes){NULL, 0}, with_gzip)->headers, ":status: 200");
	struct raw_reply *reply = raw_post(raw, "Say", "application/json", bytes_of("{}"), with_br);
	assert_has(reply->headers, ":status: 501");
	assert_has(reply->headers, "accept-encoding: gzip");
	assert_has(raw_post(raw, "Say", "application/json", bytes_of("{}"), bad)->headers, ":status: 400");
	raw_post(raw, "Say", "application/json", bytes_of("{\"text\":\"wait\"}"), timeout);
	assert_in_range(rpc_call_deadline_us(raw->echo->waiting), now + 5000000, clock_monotonic_us() + 5000000);
	rpc_call_send(raw->echo->waiting, text_message("late"));
	raw_settle(raw);
	assert_string_equal(raw->reply.headers, ""); /* nothing goes out before the outcome */
	struct status st;
	status_init(&st);
	rpc_call_finish(raw->echo->waiting, &st);
	raw_settle(raw);
	assert_body(&raw->reply, bytes_of("{\"text\":\"late\"}"));
}

/* A body that comes in any two pieces is one message, and is whole before it is handed over. */
static void connect_bodies_may_be_cut(void **state)
{
	static const char *const headers[] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test",
	                                      "content-type", "application/json", NULL};
	struct raw *sender = raw_new(NULL);
	uint8_t all[1000];
	const uint8_t *data;
	ssize_t size;
	size_t used = 0;
	(void)state;
	raw_start(sender, headers, bytes_of("{\"text\":\"cut\"} "), true);
	while ((size = nghttp2_session_mem_send(sender->h2, &data)) > 0) {
		memcpy(all + used, data, (size_t)size);
		used += (size_t)size;
	}
	for (size_t cut = 0; cut <= used; cut++) {
		struct echo *echo = echo_new(NULL);
		rpc_session_receive(echo->session, (struct bytes){all, cut});
		rpc_session_receive(echo->session, (struct bytes){all + cut, used - cut});
		while (rpc_session_send(echo->session).size > 0) {
		}
		assert_string_equal(echo->log, "begin Say;Say cut 0;ended;");
		echo_free(echo);
	}
	raw_free(sender);
}

static void connect_get(void **state)
{
	struct raw *raw = *state;
	struct raw_reply *reply = raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?connect=v1&encoding=json&message=%7B%22text%22%3A%22hi%22%7D");
	assert_has(reply->headers, ":status: 200");
	assert_body(reply, bytes_of("{\"text\":\"hi\"}"));
	reply = raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?message=CgJoaQ&base64=1&encoding=proto&connect=v1");
	assert_has(reply->headers, "content-type: application/proto");
	assert_body(reply, text_message("hi"));
	assert_has(raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?encoding=json&message=!&base64=1")->headers, ":status: 400");
	assert_has(raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?encoding=json")->headers, ":status: 400");
	assert_has(raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?encoding=xml&message=x")->headers, ":status: 415");
	reply = raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?connect=v2&encoding=json&message=%7B%22text%22%3A%22hi%22%7D");
	assert_has(reply->headers, ":status: 400");
	assert_body(reply, bytes_of("{\"code\":\"invalid_argument\",\"message\":\"The query's connect must be v1.\"}"));
	assert_has(raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?connect=&encoding=json&message=%7B%7D")->headers, ":status: 400");
	assert_has(raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?encoding=json&message=%7B%7D")->headers, ":status: 200");
	assert_has(raw_get(raw, "GET", "/test.rpc.v1.Echo/Say?connect=v1&encoding=json&message=%7B%7D")->headers, ":status: 405");
	reply = raw_get(raw, "GET", "/test.rpc.v1.Echo/None?connect=v1&encoding=json&message=%7B%7D");
	assert_has(reply->headers, ":status: 404");
	assert_non_null(strstr((char *)reply->body, "unimplemented"));
	reply = raw_get(raw, "GET", "/test.rpc.v1.Echo/Peek?encoding=json&message=%7B%22text%22%3A%22fail%22%7D");
	assert_has(reply->headers, ":status: 404");
	assert_non_null(strstr((char *)reply->body, "not_found"));
}

/* ---- Connect, streaming --------------------------------------------------------------------------------------------------------------- */

static void connect_streams(void **state)
{
	struct bytes ask = joined(framed(0, bytes_of("{\"text\":\"a\"}")), framed(0, bytes_of("{\"text\":\"b\"}")));
	struct raw_reply *reply = raw_post(*state, "Chat", "application/connect+json", ask, NULL);
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "content-type: application/connect+json");
	assert_body(reply, joined(ask, framed(2, bytes_of("{}"))));
	assert_string_equal(reply->trailers, "");
	ask = joined(framed(0, text_message("a")), framed(0, text_message("b")));
	reply = raw_post(*state, "Chat", "application/connect+proto", ask, NULL);
	assert_body(reply, joined(ask, framed(2, bytes_of("{}"))));
}

static void connect_stream_errors(void **state)
{
	static const char *const with_gzip[] = {"connect-content-encoding", "gzip", NULL};
	struct raw *raw = *state;
	struct raw_reply *reply = raw_post(raw, "Chat", "application/connect+json", framed(0, bytes_of("nonsense")), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_int_equal(reply->body[0], 2);
	assert_memory_equal(reply->body + 5, "{\"error\":{\"code\":\"invalid_argument\",\"message\":", 46);
	raw->echo->refuse_code = STATUS_UNAUTHENTICATED;
	reply = raw_post(raw, "Chat", "application/connect+proto", framed(0, text_message("a")), NULL);
	assert_has(reply->headers, ":status: 200");
	assert_body(reply, framed(2, bytes_of("{\"error\":{\"code\":\"unauthenticated\",\"message\":\"refused\"}}")));
	raw->echo->refuse_code = 0;
	reply = raw_post(raw, "Chat", "application/connect+proto", framed(1, gzip(text_message("a"))), with_gzip);
	assert_body(reply, joined(framed(0, text_message("a")), framed(2, bytes_of("{}"))));
	assert_has(raw_post(raw, "Nothing", "application/connect+proto", framed(0, text_message("a")), NULL)->headers, ":status: 404");
}

/* ---- plain HTTP --------------------------------------------------------------------------------------------------------------------------- */

static void other_requests_are_the_owners(void **state)
{
	struct raw *raw = *state;
	struct raw_reply *reply = raw_get(raw, "GET", "/");
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "content-type: text/plain");
	assert_has(reply->headers, "content-length: 6");
	assert_body(reply, bytes_of("a page"));
	reply = raw_get(raw, "HEAD", "/");
	assert_has(reply->headers, ":status: 200");
	assert_has(reply->headers, "content-length: 6");
	assert_int_equal(reply->body_size, 0);
	assert_has(raw_get(raw, "GET", "/x?y=1")->headers, ":status: 404");
	assert_has(raw_post(raw, "/upload", "text/csv", bytes_of("a,b\n1,2\n"), NULL)->headers, ":status: 404");
	assert_string_equal(raw->echo->log, "http GET /;ended;http HEAD /;ended;http GET /x?y=1;ended;http POST /upload;ended;");
	/* A name of RPC is none of the owner's business. */
	assert_has(raw_post(raw, "/upload", "application/grpc", framed(0, text_message("a")), NULL)->headers, "grpc-status: 12");
	assert_has(raw_post(raw, "/upload", "application/grpc+thrift", framed(0, text_message("a")), NULL)->headers, ":status: 415");
	assert_int_equal(raw->echo->http, 4);
}

static void large_headers_have_the_shape_of_their_protocol(void **state)
{
	static const char *const types[] = {"application/json", "application/grpc", "text/plain"};
	static const char *const lines[] = {":status: 431", "grpc-status: 8", ":status: 431"};
	static char value[17000];
	const char *more[] = {"x-large", value, NULL};
	memset(value, 'x', sizeof value - 1);
	for (size_t i = 0; i < 3; i++) {
		assert_has(raw_post(*state, "Say", types[i], bytes_of("{}"), more)->headers, lines[i]);
	}
	assert_has(raw_post(*state, "Say", "application/json", bytes_of("{}"), NULL)->headers, ":status: 200");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trailers_of_requests_are_ignored),
		TEST(grpc_answers_with_trailers),
		TEST(grpc_content_types),
		TEST(grpc_errors_at_once_are_trailers_only),
		TEST(only_post_calls),
		TEST(nobody_is_connected_through),
		TEST(grpc_wants_exactly_one_message),
		TEST(grpc_compression),
		TEST(grpc_timeouts),
		TEST(early_answers_close_the_stream),
		TEST(early_answers_wait_for_a_few_short_requests),
		TEST(strange_metadata_kills_no_call),
		TEST(web_ends_with_a_trailer_frame),
		TEST(web_errors),
		TEST(web_streams),
		TEST(connect_speaks_json),
		TEST(connect_json_replies_may_be_large),
		TEST(connect_speaks_proto),
		TEST(connect_errors_are_json),
		TEST(connect_codes_have_their_http_status),
		TEST(connect_refuses_bad_requests),
		TEST(connect_compression_and_timeouts),
		TEST(connect_bodies_may_be_cut),
		TEST(connect_get),
		TEST(connect_streams),
		TEST(connect_stream_errors),
		TEST(other_requests_are_the_owners),
		TEST(large_headers_have_the_shape_of_their_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
