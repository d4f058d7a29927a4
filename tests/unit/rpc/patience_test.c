/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a server waits for a peer over HTTP/2, how much it keeps for it, and what it says when it goes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/rpc/raw.h"

static const char *const say_headers[] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test",
                                          "content-type", "application/grpc", NULL};

static int set_up(void **state)
{
	/* Far longer than any machine needs from a call to the look at the clock behind it. */
	*state = raw_new(&(struct rpc_limits){.settings_ms = 100000, .headers_ms = 200000, .body_ms = 300000});
	return 0;
}

static int tear_down(void **state)
{
	raw_free(*state);
	return 0;
}

static bool tick(struct raw *raw, int64_t after_ms)
{
	return rpc_session_tick(raw->echo->session, clock_monotonic_us() + after_ms * 1000);
}

static void silent_peers_are_cut(void **state)
{
	struct raw *raw = *state;
	assert_true(tick(raw, 90000));
	assert_false(tick(raw, 110000));
	assert_string_equal(rpc_session_offence(raw->echo->session), "no_settings");
}

static void idle_peers_that_have_spoken_are_not(void **state)
{
	struct raw *raw = *state;
	raw_settle(raw);
	assert_true(tick(raw, 1000000));
	assert_null(rpc_session_offence(raw->echo->session));
}

static void unfinished_headers_are_cut(void **state)
{
	static const uint8_t half[] = {0, 0, 3, NGHTTP2_HEADERS, 0, 0, 0, 0, 1, 0x83, 0x87, 0x84}; /* no END_HEADERS */
	struct raw *raw = *state;
	raw_settle(raw);
	assert_true(rpc_session_receive(raw->echo->session, (struct bytes){half, sizeof half}));
	assert_true(tick(raw, 190000));
	assert_false(tick(raw, 210000));
	assert_string_equal(rpc_session_offence(raw->echo->session), "slow_headers");
}

/* The process may have slept since the last tick. */
static void patience_begins_when_bytes_come(void **state)
{
	static const uint8_t half[] = {0, 0, 3, NGHTTP2_HEADERS, 0, 0, 0, 0, 1, 0x83, 0x87, 0x84}; /* no END_HEADERS */
	struct raw *raw = *state;
	raw_settle(raw);
	assert_true(tick(raw, -100000000));
	assert_true(rpc_session_receive(raw->echo->session, (struct bytes){half, sizeof half}));
	assert_true(tick(raw, 0));
}

/* Any block of headers, and it counts from its own first byte: trailers, and those of a stream that is over already. */
static void unfinished_trailers_are_cut(void **state)
{
	static const uint8_t half[] = {0, 0, 3, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 0, 0, 0, 1, 0, 1, 'a'}; /* no END_HEADERS */
	for (int over = 0; over < 2; over++) {
		struct raw *raw = raw_new(&(struct rpc_limits){.headers_ms = 200000, .body_ms = 300000});
		raw->keep_open = !over;
		raw_start(raw, say_headers, (struct bytes){(const uint8_t *)"\0\0\0\0\0", 5}, true);
		raw_settle(raw);
		assert_int_equal(raw->reply.closed, over);
		assert_true(tick(raw, -100000000));
		assert_true(rpc_session_receive(raw->echo->session, (struct bytes){half, sizeof half}));
		assert_true(tick(raw, 0));
		assert_true(tick(raw, 190000));
		assert_false(tick(raw, 210000));
		assert_string_equal(rpc_session_offence(raw->echo->session), "slow_headers");
		raw_free(raw);
	}
	(void)state;
}

/* Headers that came whole are not waited for any more, though they were refused. */
static void refused_headers_are_not_unfinished(void **state)
{
	static const char *const refused[] = {":method", "POST", ":path", "/test.rpc.v1.Echo/Say", NULL}; /* no :scheme */
	struct raw *raw = *state;
	raw_start(raw, refused, (struct bytes){NULL, 0}, false);
	raw_settle(raw);
	assert_true(raw->reply.closed && raw->reply.error == NGHTTP2_PROTOCOL_ERROR);
	assert_true(tick(raw, 1000000));
	assert_null(rpc_session_offence(raw->echo->session));
}

/* A call whose message does not come whole fails; its connection stays. */
static void unfinished_messages_fail(void **state)
{
	struct raw *raw = *state;
	raw->keep_open = true;
	raw_start(raw, say_headers, (struct bytes){(const uint8_t *)"\0\0\0\0\x09x", 6}, true);
	raw_settle(raw);
	assert_true(tick(raw, 290000));
	raw_settle(raw);
	assert_false(raw->reply.headers_done);
	assert_in_range(rpc_session_kept_bytes(raw->echo->session), 3072 + 6, 4096);
	size_t kept = rpc_session_kept_bytes(raw->echo->session);
	assert_true(tick(raw, 310000));
	raw_settle(raw);
	assert_true(raw_has(raw->reply.headers, "grpc-status: 4"));
	assert_int_equal(rpc_session_kept_bytes(raw->echo->session), kept - 6); /* the rest of it is waited for */

	/* Its rest is not waited for without end either. */
	assert_int_equal(rpc_session_calls(raw->echo->session), 1);
	assert_true(tick(raw, 320000 + LIMIT_LINGERING_MS));
	raw_settle(raw);
	assert_int_equal(rpc_session_calls(raw->echo->session), 0);
}

/* The client's own patience, which ends before ours: whether the call takes one message or many, and one of them is unfinished or the next awaited. */
static void the_deadline_is_kept_while_the_request_comes_in(void **state)
{
	static const struct {
		const char *path, *part;
		size_t size;
	} requests[] = {
		{"/test.rpc.v1.Echo/Say", "\0\0\0\0\x09x", 6},
		{"/test.rpc.v1.Echo/Gather", "\0\0\0\0\x09x", 6},
		{"/test.rpc.v1.Echo/Gather", "\0\0\0\0\0", 5},
	};
	struct raw *raw = *state;
	raw->keep_open = true;
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		const char *const headers[] = {":method", "POST", ":scheme", "https", ":path", requests[i].path, ":authority", "test",
		                               "content-type", "application/grpc", "grpc-timeout", "100S", NULL};
		raw_start(raw, headers, (struct bytes){(const uint8_t *)requests[i].part, requests[i].size}, true);
		raw_settle(raw);
		assert_true(tick(raw, 90000));
		raw_settle(raw);
		assert_false(raw->reply.headers_done);
		size_t kept = rpc_session_kept_bytes(raw->echo->session);
		assert_true(tick(raw, 110000));
		raw_settle(raw);
		assert_true(raw_has(raw->reply.headers, "grpc-status: 4"));
		assert_true(raw->reply.ended);
		assert_true(rpc_session_kept_bytes(raw->echo->session) < kept);
	}
}

/* Once it has come whole, the deadline is the owner's to keep. */
static void the_deadline_of_a_whole_request_is_the_owners(void **state)
{
	static const char *const headers[] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test",
	                                      "content-type", "application/json", "connect-timeout-ms", "100000", NULL};
	struct raw *raw = *state;
	raw_start(raw, headers, bytes_of("{\"text\":\"wait\"}"), true);
	raw_settle(raw);
	assert_non_null(raw->echo->waiting);
	assert_true(tick(raw, 110000));
	raw_settle(raw);
	assert_false(raw->reply.headers_done);
}

static void streams_may_pause_between_messages_but_not_within_one(void **state)
{
	static const char *const gather[] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Gather", ":authority", "test",
	                                     "content-type", "application/grpc", NULL};
	struct raw *raw = *state;
	raw->keep_open = true;
	raw_start(raw, gather, (struct bytes){(const uint8_t *)"\0\0\0\0\0", 5}, true);
	raw_settle(raw);
	for (int minute = 1; minute < 10; minute++) {
		assert_true(tick(raw, minute * 60000));
	}
	raw_settle(raw);
	assert_false(raw->reply.headers_done);
	raw->body = (struct bytes){(const uint8_t *)"\0\0", 2};
	nghttp2_session_resume_data(raw->h2, raw->stream_id);
	raw_settle(raw);
	assert_true(tick(raw, 600000));
	assert_true(tick(raw, 890000));
	raw_settle(raw);
	assert_false(raw->reply.headers_done);
	assert_true(tick(raw, 910000));
	raw_settle(raw);
	assert_true(raw_has(raw->reply.headers, "grpc-status: 4"));
}

/* Two sessions share what they may keep. Small calls are many bytes: their headers and what an open call costs. */
static void memory_is_asked_for(void **state)
{
	struct raw *one = *state, *two = raw_new(NULL);
	size_t memory = 16000;
	static uint8_t part[8000] = {0, 0, 0, 0x40, 0};
	one->echo->memory = two->echo->memory = &memory;
	rpc_session_allow(one->echo->session, 0);
	rpc_session_allow(two->echo->session, 0);
	one->keep_open = two->keep_open = true;
	raw_start(one, say_headers, (struct bytes){part, sizeof part}, true);
	raw_settle(one);
	size_t kept = rpc_session_kept_bytes(one->echo->session);
	assert_int_equal(memory, 16000 - kept);
	assert_in_range(kept, sizeof part + 3072, sizeof part + 4096);
	raw_start(two, say_headers, (struct bytes){part, sizeof part}, true);
	raw_settle(two);
	assert_true(raw_has(two->reply.headers, "grpc-status: 8"));
	raw_free(two);
}

/* Where not even an open call may be kept, it is refused before its method is looked at, and its headers are dropped. */
static void crowds_are_refused(void **state)
{
	struct raw *raw = *state;
	rpc_session_allow(raw->echo->session, 1000);
	raw_start(raw, say_headers, (struct bytes){(const uint8_t *)"\0\0\0\0\0", 5}, true);
	raw_settle(raw);
	assert_true(raw_has(raw->reply.headers, "grpc-status: 8"));
	assert_int_equal(raw->echo->begun, 0);
	assert_int_equal(rpc_session_kept_bytes(raw->echo->session), 0);
}

/* GOAWAY twice: a warning with a PING behind it, and the last word when the PING came back. */
static void shutdown_takes_a_round_trip(void **state)
{
	struct raw *raw = *state;
	raw->keep_open = true;
	raw_start(raw, say_headers, (struct bytes){NULL, 0}, true);
	raw_settle(raw);
	rpc_session_shutdown(raw->echo->session, false);
	raw_settle(raw);
	assert_true(raw->goaway);
	assert_int_equal(nghttp2_session_get_remote_settings(raw->h2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), LIMIT_STREAMS);
	assert_false(nghttp2_session_check_request_allowed(raw->h2));
	assert_false(rpc_session_done(raw->echo->session));
	raw->keep_open = false;
	nghttp2_submit_rst_stream(raw->h2, 0, raw->stream_id, NGHTTP2_CANCEL);
	raw_settle(raw);
	assert_true(rpc_session_done(raw->echo->session));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(silent_peers_are_cut),
		TEST(idle_peers_that_have_spoken_are_not),
		TEST(unfinished_headers_are_cut),
		TEST(unfinished_trailers_are_cut),
		TEST(patience_begins_when_bytes_come),
		TEST(refused_headers_are_not_unfinished),
		TEST(unfinished_messages_fail),
		TEST(the_deadline_is_kept_while_the_request_comes_in),
		TEST(the_deadline_of_a_whole_request_is_the_owners),
		TEST(streams_may_pause_between_messages_but_not_within_one),
		TEST(memory_is_asked_for),
		TEST(crowds_are_refused),
		TEST(shutdown_takes_a_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
