/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that go well between a client session and a server session: every kind of streaming, and bytes that arrive cut in any way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/rpc/pair.h"

/* ---- calls that go well ------------------------------------------------------------------------------------------------------- */

static void unary_answers(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	call_unary(pair, "hello", &outcome);
	assert_true(status_ok(&outcome.status));
	assert_int_equal(outcome.messages, 1);
	assert_int_equal(outcome.headers, 1);
	assert_string_equal(outcome.last_text, "hello");
	assert_string_equal(outcome.revision, "42");
	assert_string_equal(pair->echo->log, "begin Say;Say hello 0;ended;");
	nothing_left(pair);
}

static void a_unary_reply_is_one_run_of_bytes(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	settle(pair);
	say(pair, start(pair, "Say", &outcome), "hello", 0, true);
	assert_int_equal(rpc_session_calls(pair->client), 1);
	struct bytes request = rpc_session_send(pair->client);
	assert_true(rpc_session_receive(pair->echo->session, request));
	assert_int_equal(rpc_session_send(pair->client).size, 0);
	struct bytes reply = rpc_session_send(pair->echo->session);
	rpc_session_receive(pair->client, reply);
	assert_int_equal(outcome.finished, 1);
	assert_int_equal(rpc_session_send(pair->echo->session).size, 0);
}

static void errors_carry_their_details(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	call_unary(pair, "fail", &outcome);
	assert_int_equal(outcome.status.code, STATUS_NOT_FOUND);
	assert_string_equal(outcome.status.message, "text: is 100% \"wrong\" – naïve");
	assert_string_equal(outcome.status.reason, "FIELD_INVALID");
	assert_int_equal(outcome.status.violations_count, 2);
	assert_string_equal(outcome.status.violations[0].field, "text");
	assert_string_equal(outcome.status.violations[0].description, "is 100% \"wrong\" – naïve");
	assert_string_equal(outcome.status.violations[1].description, "is too short");
	assert_false(outcome.retryable);
	assert_int_equal(outcome.messages, 0);
	nothing_left(pair);
}

static void server_streams(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Count", &outcome);
	rpc_client_send(call, echo_pack("", (struct bytes){NULL, 0}, 1000, &pair->arena), true);
	settle(pair);
	assert_int_equal(outcome.finished, 1);
	assert_true(status_ok(&outcome.status));
	assert_int_equal(outcome.messages, 1000);
	assert_int_equal(outcome.bytes, 10000000);
	assert_string_equal(outcome.last_text, "n1");
	nothing_left(pair);
}

static void client_streams(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Gather", &outcome);
	for (int i = 0; i < 99; i++) {
		say(pair, call, "piece", 1000, false);
		settle(pair);
	}
	assert_int_equal(outcome.finished, 0);
	rpc_client_half_close(call);
	settle(pair);
	assert_true(status_ok(&outcome.status));
	assert_int_equal(pair->echo->gathered, 99);
	assert_string_equal(outcome.last_text, "gathered");
	nothing_left(pair);
}

static void an_empty_client_stream_is_fine(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	rpc_client_half_close(start(pair, "Gather", &outcome));
	settle(pair);
	assert_true(status_ok(&outcome.status));
	assert_int_equal(outcome.messages, 1);
}

static void both_stream(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Chat", &outcome);
	for (unsigned i = 1; i <= 50; i++) {
		say(pair, call, "ping", i * 10, i == 50);
		settle(pair);
		assert_int_equal(outcome.messages, i);
	}
	assert_int_equal(outcome.finished, 1);
	assert_true(status_ok(&outcome.status));
	nothing_left(pair);
}

static void messages_larger_than_every_window_pass(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	struct rpc_call *call = start(pair, "Say", &outcome);
	assert_false(say(pair, call, "large", LIMIT_MESSAGE_BYTES - 100, true));
	settle(pair);
	assert_true(status_ok(&outcome.status));
	assert_int_equal(outcome.bytes, LIMIT_MESSAGE_BYTES - 100);
	nothing_left(pair);
}

static void many_calls_at_once(void **state)
{
	struct pair *pair = *state;
	static struct outcome outcomes[500];
	for (size_t i = 0; i < 500; i++) {
		say(pair, start(pair, "Say", &outcomes[i]), i % 3 == 0 ? "fail" : "ok", i * 20, true);
	}
	settle(pair);
	for (size_t i = 0; i < 500; i++) {
		assert_int_equal(outcomes[i].finished, 1);
		assert_int_equal(outcomes[i].status.code, i % 3 == 0 ? STATUS_NOT_FOUND : STATUS_OK);
	}
	nothing_left(pair);
}

/* A small call beside a large reply, of one message or of many, is answered while that is still being sent: they take turns. */
static void large_replies_hold_no_other_call_up(void **state)
{
	struct pair *pair = *state;
	settle(pair);
	for (int streaming = 0; streaming < 2; streaming++) {
		struct outcome large, small;
		struct rpc_call *call = start(pair, streaming ? "Count" : "Say", &large);
		if (streaming) {
			rpc_client_send(call, echo_pack("", (struct bytes){NULL, 0}, 200, &pair->arena), true);
		} else {
			say(pair, call, "large", 200000, true);
		}
		to_server(pair);
		assert_true(rpc_session_queued_bytes(pair->echo->session) > 190000);
		say(pair, start(pair, "Say", &small), "small", 0, true);
		to_server(pair);
		size_t sent = 0;
		struct bytes bytes;
		while (small.finished == 0 && (bytes = rpc_session_send(pair->echo->session)).size > 0) {
			sent += bytes.size;
			feed(pair, pair->client, bytes);
		}
		assert_true(status_ok(&small.status));
		assert_true(sent < 100000);
		settle(pair);
		assert_int_equal(large.finished, 1);
	}
	nothing_left(pair);
}

static void a_thousand_calls_leave_nothing(void **state)
{
	struct pair *pair = *state;
	struct outcome outcome;
	for (int i = 0; i < 1000; i++) {
		call_unary(pair, i % 2 == 0 ? "hello" : "fail", &outcome);
		nothing_left(pair);
	}
	assert_int_equal(pair->echo->ended, 1000);
	assert_int_equal(pair->echo->cancelled, 0);
}

/* ---- splitting ----------------------------------------------------------------------------------------------------------------------- */

static void conversation(struct pair *pair, struct outcome outcomes[4])
{
	say(pair, start(pair, "Say", &outcomes[0]), "hello", 300, true);
	say(pair, start(pair, "Say", &outcomes[1]), "fail", 0, true);
	struct rpc_call *gather = start(pair, "Gather", &outcomes[2]), *chat = start(pair, "Chat", &outcomes[3]);
	for (int i = 0; i < 3; i++) {
		say(pair, gather, "one", 7, false);
		say(pair, chat, "two", 0, false);
	}
	rpc_client_half_close(gather);
	rpc_client_half_close(chat);
}

static void any_step_gives_the_same(void **state)
{
	static struct outcome outcomes[4];
	(void)state;
	for (size_t step = 1; step < 40; step++) {
		struct pair *pair = pair_new(NULL, NULL);
		pair->step = step;
		conversation(pair, outcomes);
		settle(pair);
		assert_int_equal(outcomes[0].messages, 1);
		assert_int_equal(outcomes[1].status.violations_count, 2);
		assert_int_equal(pair->echo->gathered, 3);
		assert_int_equal(outcomes[3].messages, 3);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(outcomes[i].finished, 1);
		}
		nothing_left(pair);
		pair_free(pair);
	}
}

/* All that a server has to say now, as one block. */
static uint8_t *drain(struct rpc_session *session, size_t *ret_size)
{
	uint8_t *all = NULL;
	struct bytes bytes;
	*ret_size = 0;
	while ((bytes = rpc_session_send(session)).size > 0) {
		all = realloc(all, *ret_size + bytes.size);
		memcpy(all + *ret_size, bytes.data, bytes.size);
		*ret_size += bytes.size;
	}
	return all;
}

static void a_cut_anywhere_gives_the_same(void **state)
{
	struct pair *pair = *state;
	static struct outcome outcomes[4];
	pair->record = true;
	conversation(pair, outcomes);
	to_server(pair);
	size_t wanted_size;
	uint8_t *wanted = drain(pair->echo->session, &wanted_size);
	for (size_t cut = 0; cut <= pair->sent_size; cut++) {
		struct echo *echo = echo_new(NULL);
		size_t size;
		rpc_session_receive(echo->session, (struct bytes){pair->sent, cut});
		rpc_session_receive(echo->session, (struct bytes){pair->sent + cut, pair->sent_size - cut});
		uint8_t *out = drain(echo->session, &size);
		assert_int_equal(size, wanted_size);
		assert_memory_equal(out, wanted, size);
		assert_string_equal(echo->log, pair->echo->log);
		free(out);
		echo_free(echo);
	}
	free(wanted);
}

static void a_connection_lost_anywhere_ends_its_calls(void **state)
{
	struct pair *pair = *state;
	static struct outcome outcomes[4];
	pair->record = true;
	conversation(pair, outcomes);
	to_server(pair);
	for (size_t cut = 0; cut < pair->sent_size; cut++) {
		struct echo *echo = echo_new(NULL);
		rpc_session_receive(echo->session, (struct bytes){pair->sent, cut});
		rpc_session_free(echo->session);
		echo->session = NULL;
		assert_int_equal(echo->begun, echo->ended);
		echo_free(echo);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unary_answers),
		TEST(a_unary_reply_is_one_run_of_bytes),
		TEST(errors_carry_their_details),
		TEST(server_streams),
		TEST(client_streams),
		TEST(an_empty_client_stream_is_fine),
		TEST(both_stream),
		TEST(messages_larger_than_every_window_pass),
		TEST(many_calls_at_once),
		TEST(large_replies_hold_no_other_call_up),
		TEST(a_thousand_calls_leave_nothing),
		TEST(any_step_gives_the_same),
		TEST(a_cut_anywhere_gives_the_same),
		TEST(a_connection_lost_anywhere_ends_its_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
