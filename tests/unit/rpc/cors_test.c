/* SPDX-License-Identifier: Apache-2.0
 *
 * What pages of other sites are told, and what replies look like compressed and with trailing metadata.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/rpc/raw.h"

static const char *const origins[] = {"https://kam.example", "https://pages.example", NULL};
static struct arena arena;

static int set_up(void **state)
{
	arena_init(&arena, 1 << 20);
	*state = raw_open((struct rpc_server_options){.origins = origins});
	return 0;
}

static int tear_down(void **state)
{
	raw_free(*state);
	arena_done(&arena);
	return 0;
}

static const char *preflight(struct raw *raw, const char *origin)
{
	const char *headers[] = {":method", "OPTIONS", ":scheme", "https", ":path", "/test.rpc.v1.Echo/Say", ":authority", "test", "origin", origin,
	                         "access-control-request-method", "POST", "access-control-request-headers", "authorization,kam-as-of,content-type", NULL};
	raw_start(raw, headers, (struct bytes){NULL, 0}, false);
	raw_settle(raw);
	return raw->reply.headers;
}

static void allowed_pages_may_ask_and_read(void **state)
{
	struct raw *raw = *state;
	const char *headers = preflight(raw, "https://pages.example");
	assert_true(raw_has(headers, ":status: 204"));
	assert_true(raw_has(headers, "access-control-allow-origin: https://pages.example"));
	assert_true(raw_has(headers, "access-control-allow-methods: GET, POST"));
	assert_true(raw_has(headers, "access-control-allow-headers: authorization,kam-as-of,content-type"));
	assert_true(raw_has(headers, "access-control-max-age: 7200"));
	assert_true(raw_has(headers, "vary: origin, access-control-request-method, access-control-request-headers"));
	assert_int_equal(raw->echo->begun, 0);

	const char *more[] = {"origin", "https://kam.example", NULL};
	headers = raw_post(raw, "Say", "application/json", bytes_of("{\"text\":\"zip\"}"), more)->headers;
	assert_true(raw_has(headers, "access-control-allow-origin: https://kam.example"));
	assert_true(raw_has(headers, "vary: origin"));
	const char *exposed = strstr(headers, "access-control-expose-headers: grpc-status, grpc-message, grpc-status-details-bin");
	assert_non_null(exposed);
	assert_non_null(strstr(exposed, ", kam-revision"));
	assert_non_null(strstr(exposed, ", trailer-echo-last"));
	headers = raw_post(raw, "Nowhere", "application/grpc-web", bytes_of(""), more)->headers;
	assert_true(raw_has(headers, "access-control-allow-origin: https://kam.example"));
}

static void other_pages_are_told_nothing(void **state)
{
	static const char *const others[] = {"https://evil.example", "null", "http://kam.example", "https://kam.example.evil", "https://kam.exampl", ""};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		const char *headers = preflight(*state, others[i]);
		assert_null(strstr(headers, "access-control-allow"));
		assert_non_null(strstr(headers, "vary: origin"));
		const char *more[] = {"origin", others[i], NULL};
		headers = raw_post(*state, "Say", "application/json", bytes_of("{\"text\":\"hi\"}"), more)->headers;
		assert_null(strstr(headers, "access-control-allow"));
	}
	assert_null(strstr(raw_post(*state, "Say", "application/json", bytes_of("{}"), NULL)->headers, "access-control"));
}

static const char *say_zip(struct raw *raw, const char *type, const char *accept)
{
	struct bytes message = echo_pack("zip", (struct bytes){NULL, 0}, 0, &arena);
	bool prefixed = strstr(type, "grpc") != NULL;
	uint8_t framed[64] = {0, 0, 0, 0, (uint8_t)message.size};
	memcpy(framed + 5, message.data, message.size);
	const char *more[] = {accept, "identity;q=0.5, gzip", NULL};
	struct bytes body = prefixed ? (struct bytes){framed, message.size + 5} : message;
	return raw_post(raw, "Say", type, body, more)->headers;
}

static void replies_are_compressed_where_that_is_read(void **state)
{
	struct raw *raw = *state;
	assert_true(raw_has(say_zip(raw, "application/grpc", "grpc-accept-encoding"), "grpc-encoding: gzip"));
	assert_int_equal(raw->reply.body[0], 1);
	assert_memory_equal(raw->reply.body + 5, "\x1f\x8b", 2);
	assert_true(raw_has(raw->reply.trailers, "echo-last: came plain"));
	assert_true(raw_has(say_zip(raw, "application/grpc-web", "grpc-accept-encoding"), "grpc-encoding: gzip"));
	assert_int_equal(raw->reply.body[0], 1);
	assert_true(raw_has(say_zip(raw, "application/proto", "accept-encoding"), "content-encoding: gzip"));
	assert_memory_equal(raw->reply.body, "\x1f\x8b", 2);
	assert_true(raw_has(raw->reply.headers, "trailer-echo-last: came plain"));

	assert_null(strstr(say_zip(raw, "application/grpc", "x-other"), "grpc-encoding"));
	assert_int_equal(raw->reply.body[0], 0);
	const char *never[] = {"accept-encoding", "br, gzip;q=0", NULL};
	assert_null(strstr(raw_post(raw, "Say", "application/json", bytes_of("{\"text\":\"zip\"}"), never)->headers, "content-encoding"));
	assert_string_equal((char *)raw->reply.body, "{\"text\":\"zip\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(allowed_pages_may_ask_and_read),
		TEST(other_pages_are_told_nothing),
		TEST(replies_are_compressed_where_that_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
