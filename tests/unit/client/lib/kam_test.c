/* SPDX-License-Identifier: Apache-2.0
 *
 * libkam, blocking calls: connections, retries, deadlines, failures.
 */
#include "tests/unit/client/lib/scripted_server.h"

#include "common/base/clock.h"

static void unary_reuses_connection(void **state)
{
	struct fixture *fixture = *state;
	static const char *const metadata[] = {"kam-as-of", "7", NULL};
	const struct kam_call_options options = {.metadata = metadata, .timeout_ms = 5000};
	open_kam(fixture);
	for (int i = 0; i < 5; i++) {
		struct kam_reply reply = {0};
		assert_true(kam_call(fixture->kam, get, request, &options, &reply, &fixture->st));
		assert_int_equal(fixture->st.code, KAM_OK);
		assert_int_equal(reply.message.size, 5);
		assert_memory_equal(reply.message.data, "\x0a\x03one", 5);
		assert_int_equal(reply.revision, 42);
		kam_reply_free(&reply);
	}
	assert_int_equal(fixture->server.accepted, 1);
	assert_int_equal(fixture->server.calls, 5);
	assert_string_equal(fixture->server.authorization, "Bearer secret");
	assert_string_equal(fixture->server.header, "7");
	assert_string_equal(fixture->server.user_agent, "test/1 kam-c/" KAM_VERSION);
	assert_string_equal(fixture->server.previous_attempts, "");
}

static void failure_keeps_its_details(void **state)
{
	struct fixture *fixture = *state;
	open_kam(fixture);
	fixture->server.plain_failure = true;
	assert_false(call(fixture, NULL));
	assert_int_equal(fixture->st.code, KAM_INVALID_ARGUMENT);
	assert_string_equal(fixture->st.reason, "FIELD_INVALID");
	assert_int_equal(fixture->st.violations_count, 1);
	assert_string_equal(fixture->st.violations[0].field, "name");
	assert_int_equal(fixture->server.calls, 1);
}

static void idempotent_call_is_repeated(void **state)
{
	struct fixture *fixture = *state;
	const struct kam_call_options options = {.idempotent = true, .timeout_ms = 10000};
	open_kam(fixture);
	fixture->server.fail_calls = LIMIT_CLIENT_ATTEMPTS - 1;
	assert_true(call(fixture, &options));
	assert_int_equal(fixture->server.calls, LIMIT_CLIENT_ATTEMPTS);
	fixture->server.calls = 0;
	fixture->server.fail_calls = LIMIT_CLIENT_ATTEMPTS;
	assert_false(call(fixture, &options));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_int_equal(fixture->server.calls, LIMIT_CLIENT_ATTEMPTS);
}

static void other_call_is_not_repeated(void **state)
{
	struct fixture *fixture = *state;
	open_kam(fixture);
	fixture->server.fail_calls = 1;
	assert_false(call(fixture, NULL));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_int_equal(fixture->server.calls, 1);
	/* The connection is lost after the request arrived: nobody knows whether it was carried out. */
	fixture->server.drop_calls = 1;
	assert_false(call(fixture, NULL));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_int_equal(fixture->server.calls, 2);
}

static void lost_connection_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	const struct kam_call_options options = {.idempotent = true, .timeout_ms = 10000};
	open_kam(fixture);
	fixture->server.drop_calls = 2;
	assert_true(call(fixture, &options));
	assert_int_equal(fixture->server.calls, 3);
	assert_int_equal(fixture->server.accepted, 3);
}

static void sent_away_finds_another_connection(void **state)
{
	struct fixture *fixture = *state;
	open_kam(fixture);
	fixture->server.go_away = true;
	for (int i = 0; i < 3; i++) {
		assert_true(call(fixture, NULL));
	}
	assert_int_equal(fixture->server.accepted, 3);
}

static void deadline_ends_call(void **state)
{
	struct fixture *fixture = *state;
	const struct kam_call_options options = {.timeout_ms = 150, .idempotent = true};
	open_kam(fixture);
	assert_true(call(fixture, NULL)); /* the connection stands */
	fixture->server.silent = true;
	int64_t start_us = clock_monotonic_us();
	assert_false(call(fixture, &options));
	int64_t took_us = clock_monotonic_us() - start_us;
	assert_int_equal(fixture->st.code, KAM_DEADLINE_EXCEEDED);
	assert_true(took_us >= 140000 && took_us < 30000000);
	fixture->server.silent = false;
	assert_true(call(fixture, NULL));
	assert_int_equal(fixture->server.accepted, 1);
}

static void nobody_listens(void **state)
{
	struct fixture *fixture = *state;
	listener_free(fixture->server.listener);
	fixture->server.listener = NULL;
	open_kam(fixture);
	int64_t start_us = clock_monotonic_us();
	assert_false(call(fixture, NULL));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_non_null(strstr(fixture->st.message, fixture->address));
	assert_true(clock_monotonic_us() - start_us < 30000000);
}

static void unknown_authority_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const struct kam_options options = {.server = fixture->address, .base = fixture->server.base};
	fixture->kam = kam_open(&options, &fixture->st);
	assert_non_null(fixture->kam);
	assert_false(call(fixture, NULL));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_int_equal(fixture->server.calls, 0);
}

static void bad_addresses_are_refused(void **state)
{
	static const char *const bad[] = {"", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "::1:80", "a:b:1", NULL};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct kam_status st;
		assert_null(kam_open(&(struct kam_options){.server = bad[i]}, &st));
		assert_int_equal(st.code, KAM_INVALID_ARGUMENT);
	}
}

/* gRPC A6: the server may say when, or that it is no use. */
static void the_server_decides_when(void **state)
{
	struct fixture *fixture = *state;
	const struct kam_call_options options = {.idempotent = true, .timeout_ms = 10000};
	open_kam(fixture);
	fixture->server.fail_calls = 1;
	fixture->server.pushback = "600";
	int64_t start_us = clock_monotonic_us();
	assert_true(call(fixture, &options));
	assert_true(clock_monotonic_us() - start_us >= 600000);
	assert_string_equal(fixture->server.previous_attempts, "1");
	assert_int_equal(fixture->server.calls, 2);
	fixture->server.fail_calls = 1;
	fixture->server.pushback = "-1";
	assert_false(call(fixture, &options));
	assert_int_equal(fixture->st.code, KAM_UNAVAILABLE);
	assert_int_equal(fixture->server.calls, 3);
}

static void on_listen(evutil_socket_t unused, short what, void *context)
{
	(void)unused;
	(void)what;
	start_listening(context);
}

/* Longer than four attempts would take. */
static void a_server_is_waited_for(void **state)
{
	struct fixture *fixture = *state;
	const struct timeval later = {2, 0};
	const struct kam_call_options options = {.wait_for_ready = true, .timeout_ms = 30000}, short_options = {.wait_for_ready = true, .timeout_ms = 300};
	listener_free(fixture->server.listener);
	open_kam(fixture);
	assert_false(call(fixture, &short_options));
	assert_int_equal(fixture->st.code, KAM_DEADLINE_EXCEEDED);
	assert_non_null(strstr(fixture->st.message, "cannot connect"));
	struct event *timer = evtimer_new(fixture->server.base, on_listen, fixture);
	event_add(timer, &later);
	assert_true(call(fixture, &options));
	assert_int_equal(fixture->server.calls, 1);
	event_free(timer);
}

static void codes_have_names(void **state)
{
	(void)state;
	assert_string_equal(kam_code_name(KAM_UNAVAILABLE), "UNAVAILABLE");
	assert_string_equal(kam_code_name((enum kam_code)99), "UNKNOWN");
	assert_string_equal(kam_version(), KAM_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unary_reuses_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failure_keeps_its_details, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idempotent_call_is_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_call_is_not_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lost_connection_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sent_away_finds_another_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deadline_ends_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_listens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unknown_authority_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_server_decides_when, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_server_is_waited_for, set_up, tear_down),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(codes_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
