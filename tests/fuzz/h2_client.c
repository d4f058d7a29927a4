/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a server's answer to a client with three calls. First byte: how many the session is fed at a time; second: what the client does meanwhile,
 * and whether the connection is lost then.
 */
#include "tests/fuzz/frames.h"
#include "tests/fuzz/fuzz.h"

#include "common/rpc/rpc.h"

enum { CALLS = 3, REPLY_BYTES = 300 };

/* What became of a call. */
struct outcome {
	unsigned headers, messages;
	bool finished, pause;
};

static void on_headers(void *context, struct rpc_call *call)
{
	struct outcome *outcome = rpc_call_user(call);
	(void)context;
	assert(!outcome->finished && outcome->headers == 0 && outcome->messages == 0);
	outcome->headers++;
}

static void on_message(void *context, struct rpc_call *call, struct bytes message)
{
	struct outcome *outcome = rpc_call_user(call);
	(void)context;
	assert(!outcome->finished && outcome->headers == 1 && message.size <= REPLY_BYTES);
	outcome->messages++;
	if (outcome->pause) {
		rpc_call_set_reading(call, false);
	}
}

static void on_writable(void *context, struct rpc_call *call)
{
	struct outcome *outcome = rpc_call_user(call);
	(void)context;
	assert(!outcome->finished);
}

static void on_finished(void *context, struct rpc_call *call, const struct status *status, bool retryable)
{
	struct outcome *outcome = rpc_call_user(call);
	(void)context;
	assert(!outcome->finished && !(retryable && (status_ok(status) || outcome->messages > 0)));
	assert(memchr(status->message, '\0', sizeof status->message) != NULL);
	rpc_call_metadata(call, "grpc-status");
	outcome->finished = true;
}

static void drain(struct rpc_session *session)
{
	while (rpc_session_send(session).size > 0) {
	}
}

static void feed(struct rpc_session *session, struct bytes bytes, size_t step)
{
	step = step == 0 ? bytes.size : step;
	for (size_t at = 0; at < bytes.size; at += step) {
		size_t size = bytes.size - at < step ? bytes.size - at : step;
		uint8_t *copy = malloc(size);
		memcpy(copy, bytes.data + at, size);
		bool ok = rpc_session_receive(session, (struct bytes){copy, size});
		free(copy);
		drain(session);
		if (!ok) {
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rpc_client_events events = {on_headers, on_message, on_writable, on_finished};
	static const struct rpc_limits limits = {.message_bytes = REPLY_BYTES, .header_bytes = 2000};
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct outcome outcomes[CALLS] = {0};
	struct rpc_call *calls[CALLS];
	struct buf preface;
	size_t step = fuzz_byte(&rest);
	uint8_t pick = fuzz_byte(&rest);
	struct rpc_session *session = rpc_client_new("localhost:1", &limits, &events, NULL);
	for (size_t i = 0; i < CALLS; i++) {
		outcomes[i].pause = pick >> i & 1;
		calls[i] = rpc_client_start(session, "/test.rpc.v1.Echo/Chat", NULL, (int64_t)i * 1000, &outcomes[i]);
		assert(calls[i] != NULL);
		rpc_client_send(calls[i], bytes_of("\n\5hello"), i != 1);
	}
	drain(session);
	buf_init(&preface, arena);
	frame_add(&preface, FRAME_SETTINGS, 0, 0, (struct bytes){NULL, 0});
	feed(session, buf_bytes(&preface), 0);
	feed(session, rest, step);
	for (size_t i = 0; i < CALLS; i++) {
		struct rpc_call *call = rpc_session_call(session, 2 * (uint32_t)i + 1);
		assert(call == (outcomes[i].finished ? NULL : calls[i]));
		if (call != NULL && pick >> (3 + i) & 1) {
			rpc_client_cancel(call, STATUS_CANCELLED);
			drain(session);
			assert(outcomes[i].finished);
		}
	}
	if (pick >> 6 & 1) {
		rpc_client_lost(session);
		for (size_t i = 0; i < CALLS; i++) {
			assert(outcomes[i].finished || outcomes[i].pause);
			if (!outcomes[i].finished) {
				rpc_call_set_reading(calls[i], true);
			}
		}
		drain(session);
	}
	rpc_session_free(session);
	for (size_t i = 0; i < CALLS; i++) {
		assert(outcomes[i].finished);
	}
	return 0;
}
