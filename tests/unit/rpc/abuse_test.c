/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers that misbehave: floods, bombs, resets, garbage. The connection may end; memory, other calls and the process may not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/rpc/raw.h"

#include <malloc.h>

static const char *const say_headers[] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test",
                                          "content-type", "application/grpc", "te", "trailers", NULL};

static int set_up(void **state)
{
	struct raw *raw = raw_new(NULL);
	*state = raw;
	return raw_settle(raw) ? 0 : -1;
}

static int tear_down(void **state)
{
	raw_free(*state);
	return 0;
}

/* Bytes of a frame straight to the server. */
static bool send_frame(struct raw *raw, uint8_t type, uint8_t flags, uint32_t stream_id, struct bytes payload)
{
	uint8_t frame[9 + 16384] = {(uint8_t)(payload.size >> 16), (uint8_t)(payload.size >> 8), (uint8_t)payload.size, type, flags,
	                            (uint8_t)(stream_id >> 24), (uint8_t)(stream_id >> 16), (uint8_t)(stream_id >> 8), (uint8_t)stream_id};
	memcpy(frame + 9, payload.data, payload.size);
	return rpc_session_receive(raw->echo->session, (struct bytes){frame, 9 + payload.size});
}

static void receive_all(struct raw *raw)
{
	struct bytes bytes;
	while ((bytes = rpc_session_send(raw->echo->session)).size > 0) {
		nghttp2_session_mem_recv(raw->h2, bytes.data, bytes.size);
	}
}

/* Sends the frame until the server has had enough; returns how often. */
static unsigned flood(struct raw *raw, uint8_t type, struct bytes payload, unsigned most)
{
	for (unsigned i = 0; i < most; i++) {
		if (!send_frame(raw, type, 0, 0, payload)) {
			receive_all(raw);
			return i;
		}
		receive_all(raw);
	}
	return most;
}

static void pings_are_bounded(void **state)
{
	struct raw *raw = *state;
	unsigned sent = flood(raw, NGHTTP2_PING, bytes_of("12345678"), 50000);
	assert_in_range(sent, LIMIT_PING_STRIKES + 1, LIMIT_PING_STRIKES + 2);
	assert_true(raw->goaway);
	assert_int_equal(raw->goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_string_equal(raw->goaway_text, "too_many_pings");
}

/* A busy client's probes may come one behind the other, long after what they answer was sent. */
static void pings_that_follow_a_reply_are_fine(void **state)
{
	struct raw *raw = *state;
	raw_post(raw, "Say", "application/grpc", (struct bytes){(const uint8_t *)"\0\0\0\0\0", 5}, NULL);
	assert_true(raw_has(raw->reply.trailers, "grpc-status: 0"));
	for (int i = 0; i < 20; i++) {
		nghttp2_submit_ping(raw->h2, 0, NULL);
		assert_true(raw_settle(raw));
	}
	assert_false(raw->goaway);
}

static void settings_are_bounded(void **state)
{
	struct raw *raw = *state;
	assert_in_range(flood(raw, NGHTTP2_SETTINGS, bytes_of(""), 50000), 500, 5000);
	assert_true(rpc_session_done(raw->echo->session));
}

/* Ignored but counted. */
static void unknown_frames_are_bounded(void **state)
{
	struct raw *raw = *state;
	assert_in_range(flood(raw, 0xbe, bytes_of("?"), 50000), LIMIT_NUISANCE_BURST - 10, 5000);
	assert_string_equal(raw->goaway_text, "too_many_frames");
}

static void empty_unknown_frames_are_bounded(void **state)
{
	struct raw *raw = *state;
	assert_in_range(flood(raw, 0x0a, bytes_of(""), 50000), LIMIT_NUISANCE_BURST - 10, 5000);
	assert_string_equal(raw->goaway_text, "too_many_frames");
}

/* An honest peer's PINGs while replies flow are forgiven. */
static void pings_between_calls_are_fine(void **state)
{
	struct raw *raw = *state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct bytes message = echo_pack("hi", (struct bytes){NULL, 0}, 0, &arena);
	uint8_t framed[64] = {0, 0, 0, 0, (uint8_t)message.size};
	memcpy(framed + 5, message.data, message.size);
	for (int i = 0; i < 3000; i++) {
		nghttp2_submit_ping(raw->h2, 0, NULL);
		raw_post(raw, "Say", "application/grpc", (struct bytes){framed, 5 + message.size}, NULL);
		assert_true(raw_has(raw->reply.trailers, "grpc-status: 0"));
	}
	assert_false(raw->goaway);
	arena_done(&arena);
}

static void empty_frames_are_bounded(void **state)
{
	struct raw *raw = *state;
	raw->keep_open = true;
	raw_start(raw, say_headers, (struct bytes){NULL, 0}, true);
	raw_settle(raw);
	unsigned sent = 0;
	while (sent < 50000 && send_frame(raw, NGHTTP2_DATA, 0, (uint32_t)raw->stream_id, bytes_of(""))) {
		sent++;
	}
	assert_in_range(sent, 500, 5000);
}

static bool reset_unopened(struct raw *raw, uint32_t stream_id)
{
	return send_frame(raw, NGHTTP2_RST_STREAM, 0, stream_id, (struct bytes){(const uint8_t *)"\0\0\0\x08", 4});
}

/* gRPC's C library resets streams that it never opened. */
static void cancels_of_unopened_streams_are_fine(void **state)
{
	struct raw *raw = *state;
	for (uint32_t stream_id = 1; stream_id < 3000; stream_id += 2) {
		assert_true(reset_unopened(raw, stream_id));
	}
	nghttp2_session_set_next_stream_id(raw->h2, 3001);
	raw_post(raw, "Say", "application/grpc", (struct bytes){(const uint8_t *)"\0\0\0\0\0", 5}, NULL);
	assert_true(raw_has(raw->reply.trailers, "grpc-status: 0"));
	assert_false(raw->goaway);
}

static void cancels_of_unopened_streams_are_bounded(void **state)
{
	struct raw *raw = *state;
	unsigned sent = 0;
	while (sent < 50000 && reset_unopened(raw, 99)) {
		sent++;
	}
	receive_all(raw);
	assert_in_range(sent, LIMIT_RESET_BURST - 10, 20000);
	assert_string_equal(raw->goaway_text, "too_many_cancels");
}

/* No other frame may name such a stream, nor this one a stream of ours. */
static void resets_that_cancel_nothing_end_the_connection(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t stream_id;
		size_t size;
	} rows[] = {{NGHTTP2_RST_STREAM, 0, 4}, {NGHTTP2_RST_STREAM, 2, 4}, {NGHTTP2_RST_STREAM, 99, 5}, {NGHTTP2_WINDOW_UPDATE, 99, 4}, {NGHTTP2_DATA, 99, 4}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct raw *raw = raw_new(NULL);
		assert_true(raw_settle(raw));
		send_frame(raw, rows[i].type, 0, rows[i].stream_id, (struct bytes){(const uint8_t *)"\0\0\0\x08\0", rows[i].size});
		receive_all(raw);
		assert_true(raw->goaway);
		assert_string_equal(rpc_session_offence(raw->echo->session), "protocol_error");
		raw_free(raw);
	}
}

/* Far more than 1500 cancelled calls are honest; a flood ends in GOAWAY. */
static void rapid_reset_is_bounded_but_cancels_are_not(void **state)
{
	struct raw *raw = *state;
	unsigned count = 0;
	for (bool ok = true; count < 100000 && ok; count++) {
		raw->keep_open = true;
		raw_start(raw, say_headers, (struct bytes){NULL, 0}, true);
		raw_settle(raw);
		nghttp2_submit_rst_stream(raw->h2, 0, raw->stream_id, NGHTTP2_CANCEL);
		ok = raw_settle(raw) && !raw->goaway;
	}
	assert_in_range(count, 5000, 99999);
	assert_string_equal(raw->goaway_text, "too_many_cancels");
	assert_int_equal(rpc_session_calls(raw->echo->session), 0);
}

/* CVE-2025-8671: the peer makes us send the resets. */
static void provoked_resets_are_bounded(void **state)
{
	struct raw *raw = *state;
	uint32_t count = 0;
	static const uint8_t overflow[] = {0x7f, 0xff, 0xff, 0xff};
	raw->keep_open = true;
	raw_start(raw, say_headers, (struct bytes){NULL, 0}, true);
	raw_settle(raw);
	for (bool ok = true; ok && count < 100000; count++) {
		raw_start(raw, say_headers, (struct bytes){NULL, 0}, true);
		const uint8_t *data;
		ssize_t size;
		while ((size = nghttp2_session_mem_send(raw->h2, &data)) > 0) {
			ok = rpc_session_receive(raw->echo->session, (struct bytes){data, (size_t)size}) && ok;
		}
		ok = ok && send_frame(raw, NGHTTP2_WINDOW_UPDATE, 0, (uint32_t)raw->stream_id, (struct bytes){overflow, 4});
		receive_all(raw);
	}
	assert_int_equal(raw->goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_string_equal(raw->goaway_text, "too_many_resets");
	assert_in_range(count, LIMIT_PROVOKED_RESET_BURST, 99999);
}

/* References to one large field: counted as they unfold, never stored; where there are so many that unfolding costs, the peer is cut off. */
static void header_bomb_is_refused(void **state)
{
	struct raw *raw = *state;
	static char value[2900]; /* what an encoder still puts into its table of 4096 */
	const char *headers[200] = {":method", "POST", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test", "content-type", "application/grpc"};
	memset(value, 'b', sizeof value - 1);
	nghttp2_nv list[1000];
	size_t count = 0;
	for (; headers[2 * count] != NULL; count++) {
		list[count] = (nghttp2_nv){(uint8_t *)headers[2 * count], (uint8_t *)headers[2 * count + 1], strlen(headers[2 * count]), strlen(headers[2 * count + 1]), 0};
	}
	while (count < 1000) {
		list[count++] = (nghttp2_nv){(uint8_t *)"x-bomb", (uint8_t *)value, 6, sizeof value - 1, 0};
	}
	for (int i = 0; i < 20; i++) {
		raw->reply = (struct raw_reply){.ended = false};
		raw->stream_id = nghttp2_submit_request(raw->h2, NULL, list, 60, NULL, NULL);
		size_t before = mallinfo2().uordblks;
		raw_settle(raw);
		assert_true(raw_has(raw->reply.headers, "grpc-status: 8"));
		assert_true(mallinfo2().uordblks < before + (1 << 20));
	}
	assert_int_equal(raw->echo->begun, 0);
	assert_int_equal(rpc_session_calls(raw->echo->session), 0);
	assert_false(raw->goaway);
	nghttp2_submit_request(raw->h2, NULL, list, count, NULL, NULL);
	raw_settle(raw);
	assert_string_equal(raw->goaway_text, "header_bomb");
}

/* Trailers are not kept, but unfolding them costs the same. */
static void a_header_bomb_in_trailers_is_cut_off(void **state)
{
	struct raw *raw = *state;
	static char value[2900];
	nghttp2_nv list[1000];
	memset(value, 'b', sizeof value - 1);
	for (size_t i = 0; i < 1000; i++) {
		list[i] = (nghttp2_nv){(uint8_t *)"x-bomb", (uint8_t *)value, 6, sizeof value - 1, 0};
	}
	for (int i = 0; i < 2; i++) {
		raw->keep_open = true;
		raw_start(raw, say_headers, (struct bytes){NULL, 0}, true);
		raw_settle(raw);
		nghttp2_submit_trailer(raw->h2, raw->stream_id, list, i == 0 ? 60 : 1000);
		raw->keep_open = false;
		raw_settle(raw);
		assert_int_equal(raw->goaway, i);
	}
	assert_string_equal(raw->goaway_text, "header_bomb");
}

/* A prefix may claim what it likes: memory follows the bytes. */
static void claims_allocate_nothing(void **state)
{
	struct raw *raw = *state;
	static const uint8_t claim[] = {0, 0, 0x3f, 0xff, 0xff, 'x'};
	size_t before = mallinfo2().uordblks;
	for (int i = 0; i < 90; i++) {
		raw->keep_open = true;
		raw_start(raw, say_headers, (struct bytes){claim, sizeof claim}, true);
		raw_settle(raw);
	}
	assert_int_equal(rpc_session_calls(raw->echo->session), 90);
	assert_true(mallinfo2().uordblks < before + (4 << 20));
}

static void unfinished_messages_are_bounded_together(void **state)
{
	struct raw *raw = *state;
	static uint8_t almost[4 << 20] = {0, 0, 0x3f, 0xff, 0xff};
	unsigned refused = 0;
	for (int i = 0; i < 30; i++) {
		raw->keep_open = true;
		raw_start(raw, say_headers, (struct bytes){almost, sizeof almost - 100}, true);
		raw_settle(raw);
		refused += raw_has(raw->reply.headers, "grpc-status: 8");
	}
	assert_int_equal(refused, 15); /* 15 times 4 MiB, and what the calls cost: one more is past 64 MiB */
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Any byte of an honest conversation may be wrong. */
static void garbage_ends_no_process(void **state)
{
	static uint8_t recorded[8192], copy[8192];
	struct raw *raw = *state;
	size_t size = 0;
	uint32_t seed = 2463534242u;
	struct raw *fresh = raw_new(NULL);
	static const uint8_t body[] = {0, 0, 0, 0, 4, 10, 2, 'h', 'i'};
	for (int i = 0; i < 5; i++) {
		raw_start(fresh, say_headers, (struct bytes){body, sizeof body}, true);
		const uint8_t *data;
		ssize_t part;
		while ((part = nghttp2_session_mem_send(fresh->h2, &data)) > 0 && size + (size_t)part < sizeof recorded) {
			memcpy(recorded + size, data, (size_t)part);
			size += (size_t)part;
		}
	}
	raw_free(fresh);
	(void)raw;
	for (int round = 0; round < 3000; round++) {
		struct echo *echo = echo_new(NULL);
		memcpy(copy, recorded, size);
		for (unsigned i = 0; i <= next_random(&seed) % 4; i++) {
			copy[24 + next_random(&seed) % (size - 24)] = (uint8_t)next_random(&seed);
		}
		rpc_session_receive(echo->session, (struct bytes){copy, size});
		while (rpc_session_send(echo->session).size > 0) {
		}
		rpc_session_free(echo->session);
		echo->session = NULL;
		assert_int_equal(echo->begun + echo->http, echo->ended);
		echo_free(echo);
	}
}

static void no_preface_is_no_connection(void **state)
{
	(void)state;
	struct echo *echo = echo_new(NULL);
	assert_false(rpc_session_receive(echo->session, bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
	while (rpc_session_send(echo->session).size > 0) {
	}
	assert_true(rpc_session_done(echo->session));
	echo_free(echo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pings_are_bounded),
		TEST(settings_are_bounded),
		TEST(pings_that_follow_a_reply_are_fine),
		TEST(pings_between_calls_are_fine),
		TEST(empty_frames_are_bounded),
		TEST(unknown_frames_are_bounded),
		TEST(empty_unknown_frames_are_bounded),
		TEST(cancels_of_unopened_streams_are_fine),
		TEST(cancels_of_unopened_streams_are_bounded),
		cmocka_unit_test(resets_that_cancel_nothing_end_the_connection),
		TEST(rapid_reset_is_bounded_but_cancels_are_not),
		TEST(provoked_resets_are_bounded),
		TEST(header_bomb_is_refused),
		TEST(a_header_bomb_in_trailers_is_cut_off),
		TEST(claims_allocate_nothing),
		TEST(unfinished_messages_are_bounded_together),
		TEST(garbage_ends_no_process),
		TEST(no_preface_is_no_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
