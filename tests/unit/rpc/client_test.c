/* SPDX-License-Identifier: Apache-2.0
 *
 * The client session against answers that our own server never gives: proxies, web servers, broken gRPC, other ways to reset.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/limits.h"
#include "common/rpc/rpc.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
	struct rpc_session *client;
	struct rpc_call *call;
	nghttp2_session *h2; /* the server's side, bare */
	unsigned headers, messages, finished;
	struct status status;
	bool retryable;
	bool reset;          /* the client sent RST_STREAM */
	uint32_t reset_error;
	char request[4096];
	struct bytes body;
	const char *const *trailers;
};

static void on_headers(void *context, struct rpc_call *call)
{
	struct peer *peer = context;
	(void)call;
	peer->headers++;
}

static void on_message(void *context, struct rpc_call *call, struct bytes bytes)
{
	struct peer *peer = context;
	(void)call;
	(void)bytes;
	peer->messages++;
}

static void on_writable(void *context, struct rpc_call *call)
{
	(void)context;
	(void)call;
}

static void on_finished(void *context, struct rpc_call *call, const struct status *status, bool retryable)
{
	struct peer *peer = context;
	(void)call;
	peer->finished++;
	peer->status = *status;
	peer->retryable = retryable;
}

static const struct rpc_client_events events = {on_headers, on_message, on_writable, on_finished};

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *context)
{
	struct peer *peer = context;
	(void)h2;
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		peer->reset = true;
		peer->reset_error = frame->rst_stream.error_code;
	}
	return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_size, const uint8_t *value, size_t value_size,
                     uint8_t flags, void *context)
{
	struct peer *peer = context;
	size_t used = strlen(peer->request);
	(void)h2;
	(void)frame;
	(void)flags;
	snprintf(peer->request + used, sizeof peer->request - used, "%.*s: %.*s\n", (int)name_size, name, (int)value_size, value);
	return 0;
}

static void settle(struct peer *peer)
{
	bool any = true;
	while (any) {
		struct bytes bytes;
		const uint8_t *data;
		ssize_t size;
		any = false;
		while ((bytes = rpc_session_send(peer->client)).size > 0) {
			assert_int_equal(nghttp2_session_mem_recv(peer->h2, bytes.data, bytes.size), bytes.size);
			any = true;
		}
		while ((size = nghttp2_session_mem_send(peer->h2, &data)) > 0) {
			rpc_session_receive(peer->client, (struct bytes){data, (size_t)size});
			any = true;
		}
	}
}

/* A call whose request is complete only if `last`. */
static struct peer *peer_new(bool last)
{
	struct peer *peer = calloc(1, sizeof *peer);
	nghttp2_session_callbacks *callbacks;
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_server_new(&peer->h2, callbacks, peer);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(peer->h2, NGHTTP2_FLAG_NONE, NULL, 0);
	peer->client = rpc_client_new("kam.example:8443", NULL, &events, peer);
	peer->call = rpc_client_start(peer->client, "/a.B/C", NULL, 2500000, NULL);
	rpc_client_send(peer->call, bytes_of("x"), last);
	settle(peer);
	return peer;
}

static void peer_free(struct peer *peer)
{
	rpc_session_free(peer->client);
	nghttp2_session_del(peer->h2);
	free(peer);
}

static size_t make_list(const char *const *pairs, nghttp2_nv list[20])
{
	size_t count = 0;
	for (; pairs[2 * count] != NULL; count++) {
		const char *name = pairs[2 * count], *value = pairs[2 * count + 1];
		list[count] = (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), 0};
	}
	return count;
}

static ssize_t read_body(nghttp2_session *h2, int32_t stream_id, uint8_t *buffer, size_t length, uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct peer *peer = context;
	nghttp2_nv list[20];
	(void)source;
	assert_true(peer->body.size <= length);
	memcpy(buffer, peer->body.data, peer->body.size);
	*flags = NGHTTP2_DATA_FLAG_EOF;
	if (peer->trailers != NULL) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(h2, stream_id, list, make_list(peer->trailers, list));
	}
	return (ssize_t)peer->body.size;
}

/* One call, answered with these headers, this body (NULL: none) and these trailers (NULL: none). */
static struct peer *answered(bool last, const char *const *headers, const char *body, size_t body_size, const char *const *trailers)
{
	struct peer *peer = peer_new(last);
	nghttp2_nv list[20];
	nghttp2_data_provider provider = {.read_callback = read_body};
	peer->body = (struct bytes){(const uint8_t *)body, body_size};
	peer->trailers = trailers;
	nghttp2_submit_response(peer->h2, 1, list, make_list(headers, list), body != NULL ? &provider : NULL);
	settle(peer);
	return peer;
}

static const char *const grpc[] = {":status", "200", "content-type", "application/grpc", NULL};

static void the_request_says_what_grpc_wants(void **state)
{
	struct peer *peer = peer_new(true);
	(void)state;
	assert_string_equal(peer->request, ":method: POST\n:scheme: https\n:path: /a.B/C\n:authority: kam.example:8443\nte: trailers\n"
	                                   "content-type: application/grpc\nuser-agent: kam-c/" KAM_VERSION "\ngrpc-accept-encoding: identity,gzip\n"
	                                   "grpc-timeout: 2500000u\n");
	peer_free(peer);
}

static void other_answers_have_their_code(void **state)
{
	static const struct {
		const char *status, *type;
		enum status_code code;
	} rows[] = {{"400", "text/html", STATUS_INTERNAL}, {"401", "text/html", STATUS_UNAUTHENTICATED}, {"403", "text/html", STATUS_PERMISSION_DENIED},
	            {"404", "text/html", STATUS_UNIMPLEMENTED}, {"429", "text/html", STATUS_UNAVAILABLE}, {"502", "text/html", STATUS_UNAVAILABLE},
	            {"503", "text/html", STATUS_UNAVAILABLE}, {"504", "text/html", STATUS_UNAVAILABLE}, {"418", "text/html", STATUS_UNKNOWN},
	            {"200", "text/html", STATUS_UNKNOWN}, {"200", "application/grpc", STATUS_UNKNOWN}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *headers[] = {":status", rows[i].status, "content-type", rows[i].type, NULL};
		bool html = strcmp(rows[i].type, "text/html") == 0;
		struct peer *peer = answered(true, headers, html ? "<html>not for you</html>" : "", html ? 24 : 0, NULL);
		assert_int_equal(peer->finished, 1);
		assert_int_equal(peer->status.code, rows[i].code);
		assert_int_equal(peer->messages, 0);
		assert_true(peer->status.message[0] != '\0');
		assert_false(peer->retryable);
		assert_int_equal(rpc_session_calls(peer->client), 0);
		peer_free(peer);
	}
}

static void grpc_status_wins_over_everything(void **state)
{
	static const char *const trailers[] = {"grpc-status", "9", "grpc-message", "not %E2%82%AC%25 now", NULL};
	static const char *const web[] = {":status", "503", "content-type", "text/html", "grpc-status", "8", NULL};
	(void)state;
	struct peer *peer = answered(true, grpc, "\0\0\0\0\1x", 6, trailers);
	assert_int_equal(peer->messages, 1);
	assert_int_equal(peer->status.code, STATUS_FAILED_PRECONDITION);
	assert_string_equal(peer->status.message, "not €% now");
	peer_free(peer);
	peer = answered(true, web, NULL, 0, NULL);
	assert_int_equal(peer->status.code, STATUS_RESOURCE_EXHAUSTED);
	peer_free(peer);
}

static void strange_statuses_are_unknown(void **state)
{
	static const char *const strange[] = {"17", "-1", "x", "", "99999999999999999999", "0x"};
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		const char *trailers[] = {"grpc-status", strange[i], "grpc-status-details-bin", "!!!", NULL};
		struct peer *peer = answered(true, grpc, "", 0, trailers);
		assert_int_equal(peer->finished, 1);
		assert_int_equal(peer->status.code, STATUS_UNKNOWN);
		peer_free(peer);
	}
}

static void broken_messages_fail_the_call(void **state)
{
	static const char *const ok[] = {"grpc-status", "0", NULL}, *const failed[] = {"grpc-status", "5", NULL};
	(void)state;
	struct peer *peer = answered(true, grpc, "\0\0\0\0\2x", 6, ok);
	assert_int_equal(peer->status.code, STATUS_INTERNAL);
	peer_free(peer);
	peer = answered(true, grpc, "\0\0\0\0\2x", 6, failed);
	assert_int_equal(peer->status.code, STATUS_NOT_FOUND);
	peer_free(peer);
	peer = answered(true, grpc, "\1\0\0\0\1x", 6, ok); /* compressed without an encoding */
	assert_int_equal(peer->status.code, STATUS_INTERNAL);
	assert_true(peer->finished == 1 && peer->messages == 0);
	peer_free(peer);
	peer = answered(true, grpc, "\0\0\0\0\0\0\0\0\0\1y", 11, ok);
	assert_true(status_ok(&peer->status));
	assert_int_equal(peer->messages, 2);
	peer_free(peer);
}

/* A server that answers early and leaves the stream open: the client closes it. */
static void an_early_answer_ends_the_request(void **state)
{
	static const char *const only[] = {":status", "200", "content-type", "application/grpc", "grpc-status", "0", NULL};
	(void)state;
	struct peer *peer = answered(false, only, NULL, 0, NULL);
	assert_int_equal(peer->finished, 1);
	assert_true(status_ok(&peer->status));
	assert_true(peer->reset);
	assert_int_equal(peer->reset_error, NGHTTP2_NO_ERROR);
	assert_int_equal(rpc_session_calls(peer->client), 0);
	peer_free(peer);
}

static void informational_answers_are_skipped(void **state)
{
	static const char *const early[] = {":status", "103", "link", "x", NULL},
	                         *const only[] = {":status", "200", "content-type", "application/grpc+proto", "grpc-status", "3", NULL};
	struct peer *peer = peer_new(true);
	nghttp2_nv list[20];
	(void)state;
	nghttp2_submit_headers(peer->h2, NGHTTP2_FLAG_NONE, 1, NULL, list, make_list(early, list), NULL);
	settle(peer);
	assert_int_equal(peer->finished + peer->headers, 0);
	nghttp2_submit_response(peer->h2, 1, list, make_list(only, list), NULL);
	settle(peer);
	assert_int_equal(peer->headers, 1);
	assert_int_equal(peer->status.code, STATUS_INVALID_ARGUMENT);
	peer_free(peer);
}

static void resets_have_their_code(void **state)
{
	static const struct {
		uint32_t error;
		enum status_code code;
		bool retryable;
	} rows[] = {{NGHTTP2_REFUSED_STREAM, STATUS_UNAVAILABLE, true}, {NGHTTP2_CANCEL, STATUS_CANCELLED, false},
	            {NGHTTP2_ENHANCE_YOUR_CALM, STATUS_RESOURCE_EXHAUSTED, false}, {NGHTTP2_INADEQUATE_SECURITY, STATUS_PERMISSION_DENIED, false},
	            {NGHTTP2_INTERNAL_ERROR, STATUS_INTERNAL, false}, {NGHTTP2_FLOW_CONTROL_ERROR, STATUS_INTERNAL, false}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct peer *peer = peer_new(true);
		nghttp2_submit_rst_stream(peer->h2, NGHTTP2_FLAG_NONE, 1, rows[i].error);
		settle(peer);
		assert_int_equal(peer->finished, 1);
		assert_int_equal(peer->status.code, rows[i].code);
		assert_int_equal(peer->retryable, rows[i].retryable);
		peer_free(peer);
	}
}

static void large_answers_in_headers_are_refused(void **state)
{
	static char value[20000];
	const char *const headers[] = {":status", "200", "content-type", "application/grpc", "x-large", value, "grpc-status", "0", NULL};
	(void)state;
	memset(value, 'x', sizeof value - 1);
	struct peer *peer = answered(true, headers, NULL, 0, NULL);
	assert_int_equal(peer->finished, 1);
	assert_int_equal(peer->status.code, STATUS_RESOURCE_EXHAUSTED);
	peer_free(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_says_what_grpc_wants),
		cmocka_unit_test(other_answers_have_their_code),
		cmocka_unit_test(grpc_status_wins_over_everything),
		cmocka_unit_test(strange_statuses_are_unknown),
		cmocka_unit_test(broken_messages_fail_the_call),
		cmocka_unit_test(an_early_answer_ends_the_request),
		cmocka_unit_test(informational_answers_are_skipped),
		cmocka_unit_test(resets_have_their_code),
		cmocka_unit_test(large_answers_in_headers_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
