/* SPDX-License-Identifier: Apache-2.0
 *
 * libkam, streams and the face underneath.
 */
#include "tests/unit/client/lib/scripted_server.h"

static void stream_of_many_messages(void **state)
{
	struct fixture *fixture = *state;
	struct kam_bytes message;
	unsigned count = 0;
	open_kam(fixture);
	fixture->server.stream_count = 5000;
	struct kam_stream *stream = kam_stream_open(fixture->kam, watch, NULL, &fixture->st);
	assert_non_null(stream);
	assert_true(kam_stream_send(stream, (struct kam_bytes){0}, true));
	while (kam_stream_receive(stream, &message, &fixture->st)) {
		assert_int_equal(message.size, 1000);
		assert_int_equal(message.data[999], 'a' + count % 26);
		count++;
	}
	assert_int_equal(fixture->st.code, KAM_OK);
	assert_int_equal(count, 5000);
	kam_stream_close(stream);
}

/* More than windows and queues hold goes both ways. */
static void both_ways_at_once(void **state)
{
	struct fixture *fixture = *state;
	enum { COUNT = 400, SIZE = 20000 };
	static uint8_t data[SIZE];
	struct kam_bytes message;
	unsigned received = 0;
	open_kam(fixture);
	struct kam_stream *stream = kam_stream_open(fixture->kam, import, NULL, &fixture->st);
	for (unsigned i = 0; i < COUNT; i++) {
		memset(data, (int)(i % 251), SIZE);
		assert_true(kam_stream_send(stream, (struct kam_bytes){data, SIZE}, i + 1 == COUNT));
		while (kam_stream_ready(stream) && kam_stream_receive(stream, &message, &fixture->st)) {
			assert_int_equal(message.data[SIZE - 1], received % 251);
			received++;
		}
	}
	while (kam_stream_receive(stream, &message, &fixture->st)) {
		assert_int_equal(message.size, SIZE);
		assert_int_equal(message.data[0], received % 251);
		received++;
	}
	assert_int_equal(fixture->st.code, KAM_OK);
	assert_int_equal(received, COUNT);
	kam_stream_close(stream);
}

static void stream_can_be_left(void **state)
{
	struct fixture *fixture = *state;
	struct kam_bytes message;
	open_kam(fixture);
	fixture->server.stream_count = 1000;
	struct kam_stream *stream = kam_stream_open(fixture->kam, watch, NULL, &fixture->st);
	kam_stream_send(stream, (struct kam_bytes){0}, true);
	assert_true(kam_stream_receive(stream, &message, &fixture->st));
	kam_stream_close(stream);
	assert_true(call(fixture, NULL));
	assert_int_equal(fixture->server.accepted, 1);
}

/* ---- the face underneath -------------------------------------------------------------------------------------------------------- */

struct outcome {
	unsigned messages, finished;
	enum kam_code code;
	char message[KAM_MESSAGE_BYTES];
};

static void outcome_message(void *context, struct kam_bytes message)
{
	struct outcome *outcome = context;
	(void)message;
	outcome->messages++;
}

static void outcome_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	struct outcome *outcome = context;
	(void)revision;
	outcome->finished++;
	outcome->code = status->code;
	snprintf(outcome->message, sizeof outcome->message, "%s", status->message);
}

static const struct kam_exchange_events outcome_events = {.message = outcome_message, .finished = outcome_finished};

static void until_finished(struct fixture *fixture, const struct outcome *outcome)
{
	while (!outcome->finished) {
		event_base_loop(fixture->server.base, EVLOOP_ONCE);
	}
}

static void many_exchanges_at_once(void **state)
{
	struct fixture *fixture = *state;
	enum { COUNT = 50 };
	struct outcome outcomes[COUNT] = {0};
	unsigned finished = 0;
	open_kam(fixture);
	for (size_t i = 0; i < COUNT; i++) {
		struct kam_exchange *exchange = kam_exchange_start(fixture->kam, get, NULL, &outcome_events, &outcomes[i], &fixture->st);
		kam_exchange_send(exchange, request, true);
		if (i % 10 == 9) {
			kam_exchange_cancel(exchange);
		}
	}
	while (finished < COUNT - COUNT / 10) {
		event_base_loop(fixture->server.base, EVLOOP_ONCE);
		finished = 0;
		for (size_t i = 0; i < COUNT; i++) {
			finished += outcomes[i].finished;
		}
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(outcomes[i].finished, i % 10 == 9 ? 0 : 1);
		assert_int_equal(outcomes[i].messages, i % 10 == 9 ? 0 : 1);
	}
	assert_int_equal(fixture->server.accepted, 1);
}

struct leaver {
	struct kam_exchange *exchange;
	unsigned messages, finished;
};

static void leaver_message(void *context, struct kam_bytes message)
{
	struct leaver *leaver = context;
	(void)message;
	if (++leaver->messages == 3) {
		kam_exchange_cancel(leaver->exchange);
	}
}

static void leaver_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	struct leaver *leaver = context;
	(void)status;
	(void)revision;
	leaver->finished++;
}

static void a_message_may_end_its_exchange(void **state)
{
	struct fixture *fixture = *state;
	static const struct kam_exchange_events events = {.message = leaver_message, .finished = leaver_finished};
	struct leaver leaver = {0};
	open_kam(fixture);
	fixture->server.stream_count = 1000;
	leaver.exchange = kam_exchange_start(fixture->kam, watch, NULL, &events, &leaver, &fixture->st);
	kam_exchange_send(leaver.exchange, (struct kam_bytes){0}, true);
	while (leaver.messages < 3) {
		event_base_loop(fixture->server.base, EVLOOP_ONCE);
	}
	assert_true(call(fixture, NULL));
	assert_int_equal(leaver.messages, 3);
	assert_int_equal(leaver.finished, 0);
	assert_int_equal(fixture->server.accepted, 1);
}

static void on_leave(evutil_socket_t unused, short what, void *context)
{
	(void)unused;
	(void)what;
	kam_exchange_cancel(context);
}

/* Its deadline passes in the same turn of the loop as it is left. */
static void nothing_follows_a_cancel(void **state)
{
	struct fixture *fixture = *state;
	const struct kam_call_options options = {.timeout_ms = 250};
	const struct timeval soon = {0, 1000};
	struct outcome outcome = {0};
	open_kam(fixture);
	struct kam_exchange *exchange = kam_exchange_start(fixture->kam, watch, &options, &outcome_events, &outcome, &fixture->st);
	struct event *timer = evtimer_new(fixture->server.base, on_leave, exchange);
	event_add(timer, &soon);
	usleep(300000);
	assert_true(call(fixture, NULL));
	assert_int_equal(outcome.finished, 0);
	event_free(timer);
}

static void an_exchange_may_stop_reading(void **state)
{
	struct fixture *fixture = *state;
	struct outcome outcome = {0};
	open_kam(fixture);
	fixture->server.stream_count = 3000;
	struct kam_exchange *exchange = kam_exchange_start(fixture->kam, watch, NULL, &outcome_events, &outcome, &fixture->st);
	kam_exchange_set_reading(exchange, false);
	kam_exchange_send(exchange, (struct kam_bytes){0}, true);
	for (int i = 0; i < 5; i++) {
		assert_true(call(fixture, NULL)); /* the connection goes on */
	}
	assert_int_equal(outcome.messages, 0);
	kam_exchange_set_reading(exchange, true);
	until_finished(fixture, &outcome);
	assert_int_equal(outcome.messages, 3000);
	assert_int_equal(outcome.code, KAM_OK);
}

/* What nobody asks for stays with the server. */
static void an_unread_stream_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct kam_bytes message;
	unsigned count = 0;
	open_kam(fixture);
	fixture->server.stream_count = 8000;
	struct kam_stream *stream = kam_stream_open(fixture->kam, watch, NULL, &fixture->st);
	assert_true(kam_stream_send(stream, (struct kam_bytes){0}, true));
	for (int i = 0; i < 200; i++) {
		assert_true(call(fixture, NULL));
	}
	assert_false(rpc_session_calls(fixture->server.connections[0].session) == 0); /* it still has some to send */
	while (kam_stream_receive(stream, &message, &fixture->st)) {
		count++;
	}
	assert_int_equal(fixture->st.code, KAM_OK);
	assert_int_equal(count, 8000);
	kam_stream_close(stream);
}

/* A message takes memory though it be empty. */
static void empty_messages_wait_too(void **state)
{
	struct fixture *fixture = *state;
	struct outcome outcome = {0};
	unsigned sent = 1, most = LIMIT_OUTPUT_BYTES / sizeof(void *);
	open_kam(fixture);
	struct kam_exchange *exchange = kam_exchange_start(fixture->kam, import, NULL, &outcome_events, &outcome, &fixture->st);
	while (sent < most && kam_exchange_send(exchange, (struct kam_bytes){0}, false)) { /* there is no connection yet */
		sent++;
	}
	assert_in_range(sent, 100, most - 1);
	kam_exchange_half_close(exchange);
	until_finished(fixture, &outcome);
	assert_int_equal(outcome.code, KAM_OK);
	assert_int_equal(outcome.messages, sent);
	assert_int_equal(fixture->server.received_messages, sent);
}

/* What is kept to be sent again is bounded by the memory that it takes: past that the call is not tried again. */
static void empty_messages_are_not_kept_for_ever(void **state)
{
	struct fixture *fixture = *state;
	const unsigned count = LIMIT_OUTPUT_BYTES / sizeof(void *);
	struct kam_bytes message;
	open_kam(fixture);
	fixture->server.silent = true;
	fixture->server.drop_calls = LIMIT_CLIENT_ATTEMPTS;
	struct kam_stream *stream = kam_stream_open(fixture->kam, import, &(struct kam_call_options){.idempotent = true}, &fixture->st);
	for (unsigned i = 0; i < count; i++) {
		assert_true(kam_stream_send(stream, (struct kam_bytes){0}, i + 1 == count));
	}
	assert_false(kam_stream_receive(stream, &message, &fixture->st));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_int_equal(fixture->server.calls, 1);
	kam_stream_close(stream);
}

/* ---- the connection ends while messages are held ----------------------------------------------------------------------------------- */

/* Ends the first connection once the client has the whole answer of the stream on it, and waits until it has noticed. */
static void end_the_first_connection(struct fixture *fixture)
{
	struct connection *first = &fixture->server.connections[0];
	while (fixture->server.calls == 0 || rpc_session_calls(first->session) > 0) {
		event_base_loop(fixture->server.base, EVLOOP_ONCE);
	}
	assert_true(call(fixture, NULL)); /* its reply lies behind the stream's */
	first->closed = true;
	event_active(fixture->server.pump, EV_TIMEOUT, 0);
	while (fixture->server.accepted == 1) {
		assert_true(call(fixture, &(struct kam_call_options){.idempotent = true}));
	}
}

static struct kam_exchange *hold_a_stream(struct fixture *fixture, struct outcome *outcome)
{
	open_kam(fixture);
	fixture->server.stream_count = 20;
	struct kam_exchange *exchange =
		kam_exchange_start(fixture->kam, watch, &(struct kam_call_options){.idempotent = true}, &outcome_events, outcome, &fixture->st);
	kam_exchange_set_reading(exchange, false);
	kam_exchange_send(exchange, (struct kam_bytes){0}, true);
	end_the_first_connection(fixture);
	assert_int_equal(outcome->messages, 0);
	assert_int_equal(outcome->finished, 0);
	return exchange;
}

static void held_messages_outlive_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct outcome outcome = {0};
	struct kam_exchange *exchange = hold_a_stream(fixture, &outcome);
	kam_exchange_set_reading(exchange, true);
	until_finished(fixture, &outcome);
	assert_int_equal(outcome.messages, 20);
	assert_int_equal(outcome.code, KAM_OK);
}

/* It is the server's word, not the connection's; and what was handed over is not asked for again. */
static void held_messages_keep_their_failure(void **state)
{
	struct fixture *fixture = *state;
	struct outcome outcome = {0};
	fixture->server.fail_calls = 1;
	struct kam_exchange *exchange = hold_a_stream(fixture, &outcome);
	size_t calls = fixture->server.calls;
	kam_exchange_set_reading(exchange, true);
	until_finished(fixture, &outcome);
	assert_int_equal(outcome.messages, 20);
	assert_int_equal(outcome.code, KAM_UNAVAILABLE);
	assert_string_equal(outcome.message, "busy");
	assert_int_equal(fixture->server.calls, calls);
}

static void held_messages_can_be_left(void **state)
{
	struct fixture *fixture = *state;
	struct outcome outcome = {0};
	kam_exchange_cancel(hold_a_stream(fixture, &outcome));
	assert_true(call(fixture, NULL));
	assert_int_equal(outcome.messages + outcome.finished, 0);
}

/* More than the blocking face takes in beforehand, so that some are held. */
static void an_unread_stream_outlives_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct kam_bytes message;
	unsigned count = 0;
	open_kam(fixture);
	fixture->server.stream_count = 1500;
	struct kam_stream *stream = kam_stream_open(fixture->kam, watch, NULL, &fixture->st);
	assert_true(kam_stream_send(stream, (struct kam_bytes){0}, true));
	end_the_first_connection(fixture);
	while (kam_stream_receive(stream, &message, &fixture->st)) {
		count++;
	}
	assert_int_equal(fixture->st.code, KAM_OK);
	assert_int_equal(count, 1500);
	kam_stream_close(stream);
}

static void closing_ends_what_is_open(void **state)
{
	struct fixture *fixture = *state;
	struct outcome outcome = {0};
	open_kam(fixture);
	fixture->server.silent = true;
	struct kam_exchange *exchange = kam_exchange_start(fixture->kam, get, NULL, &outcome_events, &outcome, &fixture->st);
	kam_exchange_send(exchange, (struct kam_bytes){0}, true);
	while (fixture->server.calls == 0) {
		event_base_loop(fixture->server.base, EVLOOP_ONCE);
	}
	kam_close(fixture->kam);
	fixture->kam = NULL;
	assert_int_equal(outcome.finished, 1);
	assert_int_equal(outcome.code, KAM_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stream_of_many_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_ways_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stream_can_be_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_exchanges_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_message_may_end_its_exchange, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_follows_a_cancel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_exchange_may_stop_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unread_stream_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empty_messages_wait_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empty_messages_are_not_kept_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(held_messages_outlive_the_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(held_messages_keep_their_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(held_messages_can_be_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unread_stream_outlives_the_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(closing_ends_what_is_open, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
