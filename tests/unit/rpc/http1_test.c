/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.1: the bytes of requests and of their answers, one connection at a time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/rpc/echo.h"

static char answer[1 << 20];
static size_t answer_size;

static int set_up(void **state)
{
	*state = echo_open((struct rpc_server_options){.http1 = true});
	answer_size = 0;
	answer[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	echo_free(*state);
	return 0;
}

static void collect(struct echo *echo)
{
	struct bytes bytes;
	while ((bytes = rpc_session_send(echo->session)).size > 0) {
		assert_true(answer_size + bytes.size < sizeof answer);
		memcpy(answer + answer_size, bytes.data, bytes.size);
		answer_size += bytes.size;
		answer[answer_size] = '\0';
	}
}

/* False once the session takes nothing more. */
static bool send_bytes(struct echo *echo, const char *bytes, size_t size)
{
	uint8_t *copy = malloc(size);
	memcpy(copy, bytes, size);
	bool ok = rpc_session_receive(echo->session, (struct bytes){copy, size});
	free(copy);
	collect(echo);
	return ok;
}

static bool send_text(struct echo *echo, const char *text)
{
	return send_bytes(echo, text, strlen(text));
}

/* The answer without its date, which is checked to be there. */
static const char *undated(void)
{
	static char text[sizeof answer];
	char *to = text;
	for (const char *line = answer; *line != '\0';) {
		size_t size = strcspn(line, "\n") + 1;
		if (strncmp(line, "date: ", 6) != 0) {
			memcpy(to, line, size);
			to += size;
		} else {
			assert_int_equal(size, 6 + 29 + 2);
		}
		line += line[size - 1] == '\0' ? size - 1 : size;
	}
	*to = '\0';
	return text;
}

#define SAY "POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: kam\r\nContent-Type: application/json\r\n"

static void connect_json_is_answered_and_the_connection_kept(void **state)
{
	struct echo *echo = *state;
	assert_true(send_text(echo, SAY "Content-Length: 13\r\n\r\n{\"text\":\"hi\"}"));
	assert_string_equal(undated(), "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nkam-revision: 42\r\ncontent-length: 13\r\n\r\n{\"text\":\"hi\"}");
	assert_false(rpc_session_done(echo->session));
	answer_size = 0;
	assert_true(send_text(echo, SAY "content-length: 14\r\n\r\n{\"text\":\"hi2\"}"));
	assert_non_null(strstr(answer, "{\"text\":\"hi2\"}"));
	assert_int_equal(rpc_session_calls(echo->session), 0);
}

static void a_chunked_request_is_put_together(void **state)
{
	assert_true(send_text(*state, SAY "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"tex\r\n8\r\nt\":\"hi\"}\r\n0\r\nTrailer: ignored\r\n\r\n"));
	assert_non_null(strstr(answer, "{\"text\":\"hi\"}"));
}

static void trailers_of_requests_are_ignored(void **state)
{
	assert_true(send_text(*state, SAY "Transfer-Encoding: chunked\r\n\r\n13\r\n{\"text\":\"metadata\"}\r\n0\r\nEcho-Metadata: trailers\r\n\r\n"));
	assert_non_null(strstr(answer, "{\"text\":\"none\"}"));
	assert_true(send_text(*state, SAY "Echo-Metadata: headers\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n{\"text\":\"metadata\"}\r\n"
	                      "0\r\nEcho-Metadata: trailers\r\n\r\n"));
	assert_non_null(strstr(answer, "{\"text\":\"headers\"}"));
}

/* Every byte alone gives the same. */
static void bytes_may_come_one_by_one(void **state)
{
	static const char request[] = SAY "Content-Length: 13\r\n\r\n{\"text\":\"hi\"}" SAY "Transfer-Encoding: chunked\r\n\r\nd\r\n{\"text\":\"yo\"}\r\n0\r\n\r\n";
	for (size_t i = 0; i < sizeof request - 1; i++) {
		assert_true(send_bytes(*state, request + i, 1));
	}
	assert_non_null(strstr(answer, "{\"text\":\"hi\"}HTTP/1.1 200 OK"));
	assert_non_null(strstr(answer, "{\"text\":\"yo\"}"));
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct echo *echo = *state;
	assert_true(send_text(echo, SAY "Content-Length: 15\r\n\r\n{\"text\":\"wait\"}" SAY "Content-Length: 14\r\n\r\n{\"text\":\"two\"}" SAY "Content-Length: 16\r\n\r\n{\"text\":\"three\"}"));
	assert_int_equal(answer_size, 0);
	assert_int_equal(echo->begun, 1);
	struct status st;
	status_init(&st);
	rpc_call_send(echo->waiting, (struct bytes){NULL, 0});
	rpc_call_finish(echo->waiting, &st);
	collect(echo);
	const char *two = strstr(answer, "{\"text\":\"two\"}"), *three = strstr(answer, "{\"text\":\"three\"}");
	assert_non_null(two);
	assert_true(three > two);
	assert_int_equal(echo->ended, 3);
}

static void pipelining_is_bounded(void **state)
{
	struct echo *echo = *state;
	char more[8192];
	memset(more, 'x', sizeof more);
	assert_true(send_text(echo, SAY "Content-Length: 15\r\n\r\n{\"text\":\"wait\"}"));
	unsigned count = 0;
	while (count < 1000 && send_bytes(echo, more, sizeof more)) {
		count++;
	}
	assert_int_equal(count, LIMIT_PIPELINED_BYTES / sizeof more);
	assert_string_equal(rpc_session_offence(echo->session), "too_much_pipelined");
}

static void errors_have_connects_shape(void **state)
{
	assert_true(send_text(*state, SAY "Content-Length: 15\r\n\r\n{\"text\":\"fail\"}"));
	assert_non_null(strstr(answer, "HTTP/1.1 404 Not Found\r\n"));
	assert_non_null(strstr(answer, "{\"code\":\"not_found\""));
	answer_size = 0;
	assert_true(send_text(*state, SAY "Content-Length: 13\r\n\r\n{\"text\":\"ok\"}"));
	assert_non_null(strstr(answer, "{\"text\":\"ok\"}"));
}

/* Refused by its headers: nothing tells where the next request would begin. */
static void an_early_answer_ends_the_connection(void **state)
{
	struct echo *echo = *state;
	echo->refuse_code = STATUS_UNAUTHENTICATED;
	send_text(echo, SAY "Content-Length: 1000000\r\n\r\n{\"text\":");
	assert_non_null(strstr(answer, "HTTP/1.1 401 Unauthorized\r\n"));
	assert_non_null(strstr(answer, "connection: close\r\n"));
	assert_true(rpc_session_done(echo->session));
}

static void clients_may_ask_to_close(void **state)
{
	struct echo *echo = *state;
	send_text(echo, SAY "Connection: close\r\nContent-Length: 13\r\n\r\n{\"text\":\"hi\"}");
	assert_non_null(strstr(answer, "connection: close\r\n\r\n{\"text\":\"hi\"}"));
	assert_true(rpc_session_done(echo->session));
}

/* Nobody is told to go on with what is too large. */
static void a_request_that_says_it_is_too_large_is_refused_at_once(void **state)
{
	struct echo *echo = *state;
	send_text(echo, SAY "Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n");
	assert_int_equal(strncmp(answer, "HTTP/1.1 429 ", 13), 0);
	assert_int_equal(echo->begun, 1);
	assert_int_equal(echo->ended, 1);
	assert_null(strstr(echo->log, "message"));
	assert_true(rpc_session_done(echo->session));
}

static void old_clients_get_a_body_until_the_end(void **state)
{
	struct echo *echo = *state;
	send_text(echo, "POST /test.rpc.v1.Echo/Say HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"text\":\"hi\"}");
	assert_non_null(strstr(answer, "content-length: 13\r\nconnection: close\r\n\r\n{\"text\":\"hi\"}"));
	assert_true(rpc_session_done(echo->session));
}

static void continue_is_said_where_it_is_awaited(void **state)
{
	assert_true(send_text(*state, SAY "Expect: 100-continue\r\nContent-Length: 13\r\n\r\n"));
	assert_string_equal(answer, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_true(send_text(*state, "{\"text\":\"hi\"}"));
	assert_non_null(strstr(answer, "{\"text\":\"hi\"}"));
}

static void get_carries_its_message(void **state)
{
	assert_true(send_text(*state, "GET /test.rpc.v1.Echo/Peek?connect=v1&encoding=json&message=%7B%22text%22%3A%22hi%22%7D HTTP/1.1\r\nHost: kam\r\n\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\n{\"text\":\"hi\"}"));
	answer_size = 0;
	assert_true(send_text(*state, "GET http://kam/page?q HTTP/1.1\r\nHost: kam\r\n\r\n"));
	assert_non_null(strstr(((struct echo *)*state)->log, "http GET /page?q;"));
	answer_size = 0;
	assert_true(send_text(*state, "HEAD / HTTP/1.1\r\nHost: kam\r\n\r\n"));
	assert_non_null(strstr(undated(), "content-type: text/plain\r\ncontent-length: 6\r\n\r\n"));
	assert_null(strstr(answer, "a page"));
}

/* A web client's stream comes in chunks. */
static void web_streams_are_chunked(void **state)
{
	static const char request[] = "POST /test.rpc.v1.Echo/Count HTTP/1.1\r\nHost: kam\r\nContent-Type: application/grpc-web\r\nContent-Length: 7\r\n\r\n\0\0\0\0\x02\x18\x03";
	struct echo *echo = *state;
	assert_true(send_bytes(echo, request, sizeof request - 1));
	assert_non_null(strstr(answer, "transfer-encoding: chunked\r\n"));
	assert_int_equal(answer_size > 30000, true);
	assert_memory_equal(answer + answer_size - 7, "\r\n0\r\n\r\n", 7);
	assert_int_equal(rpc_session_calls(echo->session), 0);
	assert_int_equal(echo->cancelled, 0);
}

static void what_needs_http2_says_so(void **state)
{
	assert_true(send_text(*state, "POST /test.rpc.v1.Echo/Say HTTP/1.1\r\nHost: kam\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n") || true);
	assert_non_null(strstr(answer, "HTTP/1.1 505 HTTP Version Not Supported\r\n"));
}

static void nobody_is_connected_through(void **state)
{
	struct echo *echo = *state;
	send_text(echo, "CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 405 Method Not Allowed\r\n"));
	assert_non_null(strstr(answer, "\r\nallow: GET, HEAD, POST\r\n"));
	assert_int_equal(echo->http, 0);
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{"nonsense\r\n\r\n", "400 "},
		{"GET / HTTP/1.1\r\n\r\n", "400 "},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 "},
		{SAY "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400 "},
		{SAY "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "400 "},
		{SAY "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "400 "},
		{SAY "Content-Length: -5\r\n\r\n", "400 "},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 "},
		{"GET / HTTP/1.1\r\nHost: kam\r\nBad Header: x\r\n\r\n", "400 "},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tear_down(state);
		set_up(state);
		bool ok = send_text(*state, cases[i].request);
		if (ok || strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, cases[i].status, 4) != 0) {
			fail_msg("%s was answered with %s", cases[i].request, answer);
		}
		assert_true(rpc_session_done(((struct echo *)*state)->session));
	}
}

static void headers_are_counted(void **state)
{
	struct echo *echo = *state;
	char header[2048];
	snprintf(header, sizeof header, "x: %.*s\r\n", 1900, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	send_text(echo, SAY);
	for (int i = 0; i < 200; i++) {
		send_text(echo, header);
	}
	send_text(echo, "Content-Length: 0\r\n\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 431 "));
	assert_non_null(strstr(answer, "connection: close\r\n"));
	assert_true(rpc_session_done(echo->session));
}

static void slow_headers_end_it(void **state)
{
	struct echo *echo = *state;
	send_text(echo, "POST /test.rpc.v1.Echo/Say HT");
	int64_t now = clock_monotonic_us();
	assert_true(rpc_session_tick(echo->session, now + LIMIT_HEADERS_MS * 900LL));
	assert_false(rpc_session_tick(echo->session, now + LIMIT_HEADERS_MS * 1100LL));
	collect(echo);
	assert_non_null(strstr(answer, "HTTP/1.1 408 "));
	assert_true(rpc_session_done(echo->session));
}

/* They are counted from their own beginning: the body before them may have taken longer. */
static void the_deadline_is_kept_while_the_request_comes_in(void **state)
{
	struct echo *echo = *state;
	send_text(echo, SAY "Connect-Timeout-Ms: 50000\r\nContent-Length: 13\r\n\r\n{\"text\"");
	int64_t now = clock_monotonic_us();
	assert_true(rpc_session_tick(echo->session, now + 40000000));
	collect(echo);
	assert_int_equal(answer_size, 0);
	assert_true(rpc_session_tick(echo->session, now + 60000000));
	collect(echo);
	assert_non_null(strstr(answer, "HTTP/1.1 504 "));
	assert_non_null(strstr(answer, "\"code\":\"deadline_exceeded\""));
	assert_true(rpc_session_done(echo->session));
}

static void slow_trailers_end_it(void **state)
{
	struct echo *echo = *state;
	send_text(echo, SAY "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
	assert_true(rpc_session_tick(echo->session, clock_monotonic_us() + LIMIT_HEADERS_MS * 1100LL));
	assert_true(rpc_session_tick(echo->session, clock_monotonic_us() - LIMIT_HEADERS_MS * 10000LL));
	send_text(echo, "0\r\nTrailer: ");
	int64_t now = clock_monotonic_us();
	assert_true(rpc_session_tick(echo->session, now + LIMIT_HEADERS_MS * 900LL));
	assert_int_equal(answer_size, 0);
	assert_false(rpc_session_tick(echo->session, now + LIMIT_HEADERS_MS * 1100LL));
	assert_string_equal(rpc_session_offence(echo->session), "slow_headers");
	collect(echo);
	assert_non_null(strstr(answer, "HTTP/1.1 408 "));
	assert_true(rpc_session_done(echo->session));
}

static void trailers_in_time_are_no_offence(void **state)
{
	struct echo *echo = *state;
	send_text(echo, SAY "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nTrailer: ");
	send_text(echo, "ignored\r\n\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 200 "));
	assert_true(rpc_session_tick(echo->session, clock_monotonic_us() + LIMIT_HEADERS_MS * 1100LL));
	assert_null(rpc_session_offence(echo->session));
}

static void leaving_is_told_with_the_next_answer(void **state)
{
	struct echo *echo = *state;
	send_text(echo, SAY "Content-Length: 15\r\n\r\n{\"text\":\"wait\"}");
	rpc_session_shutdown(echo->session, false);
	rpc_session_shutdown(echo->session, true);
	assert_false(rpc_session_done(echo->session));
	struct status st;
	status_init(&st);
	rpc_call_send(echo->waiting, (struct bytes){NULL, 0});
	rpc_call_finish(echo->waiting, &st);
	collect(echo);
	assert_non_null(strstr(answer, "connection: close\r\n"));
	assert_true(rpc_session_done(echo->session));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(connect_json_is_answered_and_the_connection_kept),
		TEST(a_chunked_request_is_put_together),
		TEST(trailers_of_requests_are_ignored),
		TEST(bytes_may_come_one_by_one),
		TEST(pipelined_requests_are_answered_in_order),
		TEST(pipelining_is_bounded),
		TEST(errors_have_connects_shape),
		TEST(an_early_answer_ends_the_connection),
		TEST(clients_may_ask_to_close),
		TEST(a_request_that_says_it_is_too_large_is_refused_at_once),
		TEST(old_clients_get_a_body_until_the_end),
		TEST(continue_is_said_where_it_is_awaited),
		TEST(get_carries_its_message),
		TEST(web_streams_are_chunked),
		TEST(what_needs_http2_says_so),
		TEST(nobody_is_connected_through),
		TEST(nonsense_is_refused),
		TEST(headers_are_counted),
		TEST(slow_headers_end_it),
		TEST(the_deadline_is_kept_while_the_request_comes_in),
		TEST(slow_trailers_end_it),
		TEST(trailers_in_time_are_no_offence),
		TEST(leaving_is_told_with_the_next_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
