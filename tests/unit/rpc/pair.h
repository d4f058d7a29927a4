/* SPDX-License-Identifier: Apache-2.0
 *
 * pair.h - a client session of rpc back to back with the echo server, in memory.
 */
#pragma once

#include "tests/unit/rpc/echo.h"

/* What one call of the client came to. */
struct outcome {
	unsigned headers, messages, writable, finished;
	size_t bytes;
	char last_text[64], revision[16];
	struct status status;
	bool retryable;
};

struct pair {
	struct echo *echo;
	struct rpc_session *client;
	struct arena arena;
	size_t step;              /* bytes fed at a time; 0: all */
	bool record;
	uint8_t *sent;            /* what the client sent, if `record` */
	size_t sent_size;
};

static inline void on_headers(void *context, struct rpc_call *call)
{
	struct outcome *outcome = rpc_call_user(call);
	const char *revision = rpc_call_metadata(call, "kam-revision");
	(void)context;
	outcome->headers++;
	snprintf(outcome->revision, sizeof outcome->revision, "%s", revision != NULL ? revision : "");
}

static inline void on_message(void *context, struct rpc_call *call, struct bytes bytes)
{
	struct pair *pair = context;
	struct outcome *outcome = rpc_call_user(call);
	Test__Rpc__V1__Text *message = test__rpc__v1__text__unpack(schema_allocator(&pair->arena), bytes.size, bytes.data);
	assert_non_null(message);
	outcome->messages++;
	outcome->bytes += message->blob.len;
	snprintf(outcome->last_text, sizeof outcome->last_text, "%s", message->text);
	arena_reset(&pair->arena);
}

static inline void on_writable(void *context, struct rpc_call *call)
{
	struct outcome *outcome = rpc_call_user(call);
	(void)context;
	outcome->writable++;
}

static inline void on_finished(void *context, struct rpc_call *call, const struct status *status, bool retryable)
{
	struct outcome *outcome = rpc_call_user(call);
	(void)context;
	outcome->finished++;
	outcome->status = *status;
	outcome->retryable = retryable;
}

static const struct rpc_client_events events = {on_headers, on_message, on_writable, on_finished};

static inline bool feed(struct pair *pair, struct rpc_session *to, struct bytes bytes)
{
	bool ok = true;
	size_t step = pair->step == 0 ? bytes.size : pair->step;
	for (size_t i = 0; i < bytes.size; i += step) {
		size_t size = bytes.size - i < step ? bytes.size - i : step;
		/* A copy of its own, so that sanitizers see who keeps it. */
		uint8_t *copy = malloc(size);
		memcpy(copy, bytes.data + i, size);
		ok = rpc_session_receive(to, (struct bytes){copy, size});
		free(copy);
	}
	return ok;
}

static inline void to_server(struct pair *pair)
{
	struct bytes bytes;
	while ((bytes = rpc_session_send(pair->client)).size > 0) {
		if (pair->record) {
			pair->sent = realloc(pair->sent, pair->sent_size + bytes.size);
			memcpy(pair->sent + pair->sent_size, bytes.data, bytes.size);
			pair->sent_size += bytes.size;
		}
		feed(pair, pair->echo->session, bytes);
	}
}

static inline size_t to_client(struct pair *pair)
{
	struct bytes bytes;
	size_t total = 0;
	while ((bytes = rpc_session_send(pair->echo->session)).size > 0) {
		total += bytes.size;
		feed(pair, pair->client, bytes);
	}
	return total;
}

static inline void settle(struct pair *pair)
{
	do {
		to_server(pair);
	} while (to_client(pair) > 0);
}

static inline struct pair *pair_new(const struct rpc_limits *server_limits, const struct rpc_limits *client_limits)
{
	struct pair *pair = calloc(1, sizeof *pair);
	arena_init(&pair->arena, LIMIT_CALL_ARENA_BYTES);
	pair->echo = echo_new(server_limits);
	pair->client = rpc_client_new("localhost:1", client_limits, &events, pair);
	assert_non_null(pair->client);
	return pair;
}

static inline void pair_free(struct pair *pair)
{
	rpc_session_free(pair->client);
	echo_free(pair->echo);
	arena_done(&pair->arena);
	free(pair->sent);
	free(pair);
}

static inline int set_up(void **state)
{
	*state = pair_new(NULL, NULL);
	return 0;
}

static inline int tear_down(void **state)
{
	pair_free(*state);
	return 0;
}

static inline struct rpc_call *start(struct pair *pair, const char *method, struct outcome *outcome)
{
	char path[64];
	snprintf(path, sizeof path, "/test.rpc.v1.Echo/%s", method);
	*outcome = (struct outcome){0};
	struct rpc_call *call = rpc_client_start(pair->client, path, NULL, 0, outcome);
	assert_non_null(call);
	return call;
}

static inline bool say(struct pair *pair, struct rpc_call *call, const char *text, size_t blob_size, bool last)
{
	uint8_t *blob = calloc(1, blob_size + 1);
	bool room = rpc_client_send(call, echo_pack(text, (struct bytes){blob, blob_size}, 0, &pair->arena), last);
	arena_reset(&pair->arena);
	free(blob);
	return room;
}

static inline void call_unary(struct pair *pair, const char *text, struct outcome *outcome)
{
	say(pair, start(pair, "Say", outcome), text, 0, true);
	settle(pair);
	assert_int_equal(outcome->finished, 1);
}

static inline void nothing_left(struct pair *pair)
{
	assert_int_equal(rpc_session_calls(pair->client), 0);
	assert_int_equal(rpc_session_calls(pair->echo->session), 0);
	assert_int_equal(pair->echo->begun, pair->echo->ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
