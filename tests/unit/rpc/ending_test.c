/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways a call can end, or be held back, between a client session and a server session; and the end of the connection below them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/rpc/pair.h"

/* ---- ends ------------------------------------------------------------------------------------------------------------------------------- */

static void cancel_reaches_the_server(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Say", &outcome);
	say(pair, call, "wait", 0, true);
	settle(pair);
	assert_non_null(pair->echo->waiting);
	uint32_t id = rpc_call_id(call), server_id = rpc_call_id(pair->echo->waiting);
	assert_ptr_equal(rpc_session_call(pair->client, id), call);
	assert_ptr_equal(rpc_session_call(pair->echo->session, server_id), pair->echo->waiting);
	rpc_client_cancel(call, STATUS_DEADLINE_EXCEEDED);
	assert_int_equal(outcome.finished, 0);
	settle(pair);
	assert_int_equal(outcome.finished, 1);
	assert_int_equal(outcome.status.code, STATUS_DEADLINE_EXCEEDED);
	assert_int_equal(pair->echo->cancelled, 1);
	assert_null(rpc_session_call(pair->client, id));
	assert_null(rpc_session_call(pair->echo->session, server_id));
	assert_null(rpc_session_call(pair->echo->session, 0x80000001u));
	nothing_left(pair);
}

static void cancel_before_anything_was_sent(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Say", &outcome);
	rpc_client_cancel(call, STATUS_CANCELLED);
	settle(pair);
	assert_int_equal(outcome.finished, 1);
	assert_int_equal(outcome.status.code, STATUS_CANCELLED);
	nothing_left(pair);
}

static void answers_late(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct status st;
	status_init(&st);
	say(pair, start(pair, "Say", &outcome), "wait", 0, true);
	settle(pair);
	rpc_call_send(pair->echo->waiting, (struct bytes){NULL, 0});
	to_client(pair);
	assert_int_equal(outcome.messages, 1);
	assert_int_equal(outcome.finished, 0);
	rpc_call_finish(pair->echo->waiting, &st);
	rpc_call_finish(pair->echo->waiting, &st); /* only the first counts */
	settle(pair);
	assert_int_equal(outcome.finished, 1);
	assert_true(status_ok(&outcome.status));
	nothing_left(pair);
}

static void a_unary_method_without_reply_is_an_error(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct status st;
	status_init(&st);
	say(pair, start(pair, "Say", &outcome), "wait", 0, true);
	settle(pair);
	rpc_call_finish(pair->echo->waiting, &st);
	settle(pair);
	assert_int_equal(outcome.status.code, STATUS_INTERNAL);
}

/* Without RST_STREAM(NO_ERROR) after the early answer, every such call would hold a stream for ever. */
static void early_answers_leak_no_streams(void **state)
{
	const struct rpc_limits few = {.streams = 10};
	struct pair *pair = pair_new(&few, NULL);
	struct outcome outcome;
	(void)state;
	for (int i = 0; i < 150; i++) {
		struct rpc_call *call = start(pair, "Gather", &outcome);
		say(pair, call, "stop", 0, false);
		settle(pair);
		assert_int_equal(outcome.finished, 1);
		assert_true(status_ok(&outcome.status));
		assert_string_equal(outcome.last_text, "stopped");
		nothing_left(pair);
	}
	pair_free(pair);
}

static void refused_at_begin(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	pair->echo->refuse_code = STATUS_UNAUTHENTICATED;
	struct rpc_call *call = start(pair, "Gather", &outcome);
	/* The body that nobody wants must not cost the connection its window. */
	for (int i = 0; i < 40; i++) {
		say(pair, call, "much", 300000, false);
		if (i == 20) {
			settle(pair);
			break;
		}
	}
	assert_int_equal(outcome.status.code, STATUS_UNAUTHENTICATED);
	assert_string_equal(pair->echo->log, "begin Gather;ended;");
	pair->echo->refuse_code = 0;
	for (int i = 0; i < 30; i++) {
		say(pair, start(pair, "Say", &outcome), "fine", 1000000, true);
		settle(pair);
		assert_int_equal(outcome.messages, 1);
	}
	nothing_left(pair);
}

static void an_unknown_method_is_unimplemented(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	say(pair, start(pair, "Nothing", &outcome), "x", 0, true);
	settle(pair);
	assert_int_equal(outcome.status.code, STATUS_UNIMPLEMENTED);
	assert_int_equal(pair->echo->begun, 0);
	nothing_left(pair);
}

static void too_large_is_told_before_it_is_here(void **state)
{
	const struct rpc_limits small = {.message_bytes = 1000};
	struct pair *pair = pair_new(&small, NULL);
	struct outcome outcome;
	(void)state;
	struct rpc_call *call = start(pair, "Gather", &outcome);
	say(pair, call, "large", 500000, false);
	struct bytes first = rpc_session_send(pair->client);
	rpc_session_receive(pair->echo->session, first);
	rpc_session_receive(pair->echo->session, rpc_session_send(pair->client));
	to_client(pair);
	settle(pair);
	assert_int_equal(outcome.status.code, STATUS_RESOURCE_EXHAUSTED);
	assert_string_equal(outcome.status.message, "A message of 500011 bytes is larger than the limit of 1000 bytes.");
	assert_int_equal(pair->echo->cancelled, 1);
	nothing_left(pair);
	pair_free(pair);
}

static void a_client_bounds_replies(void **state)
{
	const struct rpc_limits small = {.message_bytes = 1000};
	struct pair *pair = pair_new(NULL, &small);
	struct outcome outcome;
	(void)state;
	say(pair, start(pair, "Say", &outcome), "large", 2000, true);
	settle(pair);
	assert_int_equal(outcome.finished, 1);
	assert_int_equal(outcome.status.code, STATUS_RESOURCE_EXHAUSTED);
	assert_int_equal(outcome.messages, 0);
	nothing_left(pair);
	pair_free(pair);
}

static void metadata_and_deadline_arrive(void **state)
{
	static const char *const metadata[] = {"authorization", "Bearer x", "kam-as-of", "17", "list", "a", "list", "b", NULL};
	struct pair *pair = *state;
	static struct outcome outcome;
	int64_t now = clock_monotonic_us();
	struct rpc_call *call = rpc_client_start(pair->client, "/test.rpc.v1.Echo/Say", metadata, 1500000, &outcome);
	say(pair, call, "wait", 0, true);
	settle(pair);
	struct rpc_call *server = pair->echo->waiting;
	assert_string_equal(rpc_call_metadata(server, "authorization"), "Bearer x");
	assert_string_equal(rpc_call_metadata(server, "kam-as-of"), "17");
	assert_string_equal(rpc_call_metadata(server, "list"), "a,b");
	assert_string_equal(rpc_call_metadata(server, "list"), "a,b");
	assert_string_equal(rpc_call_metadata(server, "user-agent"), "kam-c/" KAM_VERSION);
	assert_string_equal(rpc_call_metadata(server, "te"), "trailers");
	assert_null(rpc_call_metadata(server, "absent"));
	assert_in_range(rpc_call_deadline_us(server), now + 1500000, clock_monotonic_us() + 1500000);
	assert_int_equal(rpc_call_protocol(server), RPC_GRPC);
}

static void deadlines_of_unary_calls_are_clamped(void **state)
{
	struct pair *pair = *state;
	static struct outcome outcome;
	int64_t far = (int64_t)LIMIT_DEADLINE_MS * 1000;
	struct rpc_call *call = rpc_client_start(pair->client, "/test.rpc.v1.Echo/Say", NULL, 100 * far, &outcome);
	say(pair, call, "wait", 0, true);
	settle(pair);
	assert_true(rpc_call_deadline_us(pair->echo->waiting) <= clock_monotonic_us() + far);
}

static void large_headers_are_refused(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome = {0};
	char *value = malloc(20001);
	memset(value, 'v', 20000);
	value[20000] = '\0';
	const char *metadata[] = {"x-large", value, NULL};
	struct rpc_call *call = rpc_client_start(pair->client, "/test.rpc.v1.Echo/Say", metadata, 0, &outcome);
	say(pair, call, "hello", 0, true);
	settle(pair);
	assert_int_equal(outcome.status.code, STATUS_RESOURCE_EXHAUSTED);
	assert_int_equal(pair->echo->begun, 0);
	call_unary(pair, "hello", &outcome); /* the connection lives */
	assert_true(status_ok(&outcome.status));
	free(value);
	nothing_left(pair);
}

/* ---- backpressure -------------------------------------------------------------------------------------------------------------------- */

static void a_slow_reader_holds_its_client_back(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome, other;
	struct rpc_call *call = start(pair, "Gather", &outcome);
	pair->echo->pause_after_each = true;
	for (int i = 0; i < 40; i++) {
		say(pair, call, "piece", 100000, i == 39);
	}
	settle(pair);
	assert_int_equal(pair->echo->gathered, 1);
	/* One stream's window is in flight, no more; others go on. */
	call_unary(pair, "hello", &other);
	assert_true(status_ok(&other.status));
	assert_int_equal(outcome.finished, 0);
	unsigned before;
	pair->echo->waiting = rpc_session_call(pair->echo->session, 1);
	do {
		before = pair->echo->gathered;
		rpc_call_set_reading(pair->echo->waiting, true);
		settle(pair);
	} while (pair->echo->gathered > before && pair->echo->waiting != NULL);
	assert_int_equal(pair->echo->gathered, 40);
	assert_int_equal(outcome.finished, 1);
	assert_true(outcome.writable >= 1);
	nothing_left(pair);
}

static void small_messages_wait_too(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Gather", &outcome);
	pair->echo->pause_after_each = true;
	for (int i = 0; i < 10; i++) {
		say(pair, call, "small", 1, i == 9); /* all in one frame */
	}
	for (unsigned i = 1; i <= 10; i++) {
		settle(pair);
		assert_int_equal(pair->echo->gathered, i);
		assert_int_equal(outcome.finished, 0);
		rpc_call_set_reading(pair->echo->waiting, true);
	}
	settle(pair);
	assert_true(status_ok(&outcome.status));
	nothing_left(pair);
}

static void held_bytes_do_not_cost_the_connection(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	for (int i = 0; i < 20; i++) {
		pair->echo->pause_after_each = true;
		struct rpc_call *call = start(pair, "Gather", &outcome);
		say(pair, call, "piece", 10, false);
		say(pair, call, "held", 900000, false);
		settle(pair);
		rpc_client_cancel(call, STATUS_CANCELLED);
		settle(pair);
		nothing_left(pair);
	}
	pair->echo->pause_after_each = false;
	say(pair, start(pair, "Say", &outcome), "large", 3000000, true);
	settle(pair);
	assert_int_equal(outcome.messages, 1);
}

/* A whole answer of 20 messages of which its owner takes none yet. */
static struct rpc_call *hold_twenty(struct pair *pair, struct outcome *outcome)
{
	struct rpc_call *call = start(pair, "Count", outcome);
	rpc_call_set_reading(call, false);
	rpc_client_send(call, echo_pack("", (struct bytes){NULL, 0}, 20, &pair->arena), true);
	settle(pair);
	return call;
}

static void a_client_may_stop_reading_too(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = hold_twenty(pair, &outcome);
	/* The server is done and gone, but the outcome comes after what came before it. */
	assert_int_equal(rpc_session_calls(pair->echo->session), 0);
	assert_int_equal(outcome.messages, 0);
	assert_int_equal(outcome.finished, 0);
	rpc_call_set_reading(call, true);
	settle(pair);
	assert_int_equal(outcome.messages, 20);
	assert_int_equal(outcome.finished, 1);
	assert_true(status_ok(&outcome.status));
	nothing_left(pair);
}

/* ---- the connection -------------------------------------------------------------------------------------------------------------------- */

static void shutdown_lets_open_calls_end(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome, late;
	struct status st;
	status_init(&st);
	say(pair, start(pair, "Say", &outcome), "wait", 0, true);
	settle(pair);
	rpc_session_shutdown(pair->echo->session, false);
	settle(pair);
	assert_null(rpc_client_start(pair->client, "/test.rpc.v1.Echo/Say", NULL, 0, &late));
	rpc_session_shutdown(pair->echo->session, true);
	settle(pair);
	assert_false(rpc_session_done(pair->echo->session));
	rpc_call_send(pair->echo->waiting, (struct bytes){NULL, 0});
	rpc_call_finish(pair->echo->waiting, &st);
	settle(pair);
	assert_true(status_ok(&outcome.status));
	assert_true(rpc_session_done(pair->echo->session));
	nothing_left(pair);
}

static void calls_that_the_server_never_saw_are_retryable(void **state)
{
	struct pair *pair = *state;
	static struct outcome seen, unseen;
	say(pair, start(pair, "Say", &seen), "wait", 0, true);
	settle(pair);
	rpc_session_shutdown(pair->echo->session, true);
	/* Sent before the GOAWAY came. */
	say(pair, start(pair, "Say", &unseen), "hello", 0, true);
	to_server(pair);
	settle(pair);
	assert_int_equal(unseen.finished, 1);
	assert_int_equal(unseen.status.code, STATUS_UNAVAILABLE);
	assert_true(unseen.retryable);
	assert_int_equal(seen.finished, 0);
}

static void a_lost_connection_ends_every_call(void **state)
{
	struct pair *pair = *state;
	struct outcome sent, unsent;
	say(pair, start(pair, "Say", &sent), "wait", 0, true);
	settle(pair);
	say(pair, start(pair, "Say", &unsent), "wait", 0, true);
	rpc_session_free(pair->client);
	pair->client = NULL;
	assert_int_equal(sent.status.code, STATUS_UNAVAILABLE);
	assert_false(sent.retryable);
	assert_int_equal(unsent.status.code, STATUS_UNAVAILABLE);
	assert_true(unsent.retryable);
}

/* OK would say that there were no more messages. */
static void messages_lost_with_the_session_are_told(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	hold_twenty(pair, &outcome);
	rpc_session_free(pair->client);
	pair->client = NULL;
	assert_int_equal(outcome.messages, 0);
	assert_int_equal(outcome.finished, 1);
	assert_int_equal(outcome.status.code, STATUS_UNAVAILABLE);
	assert_false(outcome.retryable);
}

/* What had come whole is handed over to who reads on; of the rest nothing is. */
static void a_whole_answer_outlives_the_connection(void **state)
{
	struct pair *pair = *state;
	struct outcome whole, left, part, open;
	struct rpc_call *call = start(pair, "Count", &whole), *leaver = start(pair, "Count", &left), *parted = start(pair, "Count", &part);
	rpc_call_set_reading(call, false);
	rpc_call_set_reading(leaver, false);
	rpc_call_set_reading(parted, false);
	rpc_client_send(call, echo_pack("", (struct bytes){NULL, 0}, 20, &pair->arena), true);
	rpc_client_send(leaver, echo_pack("", (struct bytes){NULL, 0}, 20, &pair->arena), true);
	rpc_client_send(parted, echo_pack("", (struct bytes){NULL, 0}, 300, &pair->arena), true); /* more than a window */
	say(pair, start(pair, "Say", &open), "wait", 0, true);
	settle(pair);
	rpc_client_lost(pair->client);
	assert_int_equal(rpc_session_calls(pair->client), 2);
	assert_int_equal(part.status.code, STATUS_UNAVAILABLE);
	assert_int_equal(part.messages, 0);
	assert_int_equal(open.status.code, STATUS_UNAVAILABLE);
	assert_int_equal(whole.finished + left.finished, 0);
	assert_ptr_equal(rpc_session_call(pair->client, rpc_call_id(call)), call);
	assert_null(rpc_client_start(pair->client, "/test.rpc.v1.Echo/Say", NULL, 0, &open));
	assert_true(rpc_session_done(pair->client));
	rpc_client_cancel(leaver, STATUS_CANCELLED);
	rpc_call_set_reading(call, true);
	assert_int_equal(rpc_session_send(pair->client).size, 0);
	assert_int_equal(left.messages, 0);
	assert_int_equal(left.status.code, STATUS_CANCELLED);
	assert_int_equal(whole.messages, 20);
	assert_int_equal(whole.finished, 1);
	assert_true(status_ok(&whole.status));
	assert_int_equal(rpc_session_calls(pair->client), 0);
}

static void more_calls_than_streams_wait_for_their_turn(void **state)
{
	const struct rpc_limits few = {.streams = 2};
	struct pair *pair = pair_new(&few, NULL);
	static struct outcome outcomes[20];
	struct rpc_call *calls[20];
	(void)state;
	settle(pair);
	for (size_t i = 0; i < 20; i++) {
		calls[i] = start(pair, "Say", &outcomes[i]);
		say(pair, calls[i], i < 2 ? "wait" : "hello", 0, true);
	}
	settle(pair);
	assert_int_equal(pair->echo->begun, 2);
	/* One that waits for its turn can be cancelled, and is told at once. */
	rpc_client_cancel(calls[19], STATUS_CANCELLED);
	assert_ptr_equal(rpc_session_call(pair->client, rpc_call_id(calls[18])), calls[18]);
	settle(pair);
	assert_int_equal(outcomes[19].finished, 1);
	rpc_client_cancel(calls[0], STATUS_CANCELLED);
	rpc_client_cancel(calls[1], STATUS_CANCELLED);
	settle(pair);
	for (size_t i = 2; i < 19; i++) {
		assert_int_equal(outcomes[i].finished, 1);
		assert_true(status_ok(&outcomes[i].status));
	}
	nothing_left(pair);
	pair_free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cancel_reaches_the_server),
		TEST(cancel_before_anything_was_sent),
		TEST(answers_late),
		TEST(a_unary_method_without_reply_is_an_error),
		TEST(early_answers_leak_no_streams),
		TEST(refused_at_begin),
		TEST(an_unknown_method_is_unimplemented),
		TEST(too_large_is_told_before_it_is_here),
		TEST(a_client_bounds_replies),
		TEST(metadata_and_deadline_arrive),
		TEST(deadlines_of_unary_calls_are_clamped),
		TEST(large_headers_are_refused),
		TEST(a_slow_reader_holds_its_client_back),
		TEST(small_messages_wait_too),
		TEST(held_bytes_do_not_cost_the_connection),
		TEST(a_client_may_stop_reading_too),
		TEST(shutdown_lets_open_calls_end),
		TEST(calls_that_the_server_never_saw_are_retryable),
		TEST(a_lost_connection_ends_every_call),
		TEST(messages_lost_with_the_session_are_told),
		TEST(a_whole_answer_outlives_the_connection),
		TEST(more_calls_than_streams_wait_for_their_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
