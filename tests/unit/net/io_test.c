/* SPDX-License-Identifier: Apache-2.0
 *
 * io over plain TCP on the loopback: bytes, partial taking, stopping, the two ways to end, refused connections, a listener without descriptors.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>


#include "tests/unit/net/loop.h"

#include "common/base/clock.h"
#include "common/base/limits.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int set_up(void **state)
{
	struct status st;
	struct loop *loop = malloc(sizeof *loop);
	status_init(&st);
	*state = loop;
	return loop_start(loop, NULL, &st) ? 0 : -1;
}

static int tear_down(void **state)
{
	loop_stop(*state);
	free(*state);
	return 0;
}

static struct bytes pattern(uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		data[i] = (uint8_t)(i * 31 + (i >> 8));
	}
	return (struct bytes){data, size};
}

static void echoes(void **state)
{
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	assert_false(io_write(client->io, bytes_of("too early")));
	assert_true(LOOP_UNTIL(loop, client->opened));
	assert_string_equal(client->alpn, "");
	assert_string_equal(io_peer(client->io), "127.0.0.1");
	assert_true(io_write(client->io, bytes_of("hello")));
	assert_true(LOOP_UNTIL(loop, client->received_size == 5));
	assert_memory_equal(client->received, "hello", 5);
	assert_true(client->drained > 0);
}

static void echoes_much(void **state)
{
	static uint8_t data[3 << 20];
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	struct bytes bytes = pattern(data, sizeof data);
	assert_true(LOOP_UNTIL(loop, client->opened));
	assert_true(io_write(client->io, bytes));
	assert_int_equal(io_output_size(client->io), sizeof data);
	assert_true(LOOP_UNTIL(loop, client->received_size == sizeof data));
	assert_memory_equal(client->received, data, sizeof data);
	assert_int_equal(io_output_size(client->io), 0);
}

static void a_low_mark_may_be_set_while_connecting(void **state)
{
	static uint8_t data[3 << 20];
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	io_set_low_mark(client->io, sizeof data / 2);
	assert_true(LOOP_UNTIL(loop, client->opened));
	client->drained = 0;
	assert_true(io_write(client->io, pattern(data, sizeof data)));
	while (client->drained == 0) {
		event_base_loop(loop->base, EVLOOP_ONCE);
	}
	assert_in_range(client->drained_bytes, 1, sizeof data / 2);
}

static void moves_a_buffer(void **state)
{
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	struct evbuffer *buffer = evbuffer_new();
	assert_true(LOOP_UNTIL(loop, client->opened));
	evbuffer_add(buffer, "moved", 5);
	assert_true(io_write_buffer(client->io, buffer));
	assert_int_equal(evbuffer_get_length(buffer), 0);
	evbuffer_free(buffer);
	assert_true(LOOP_UNTIL(loop, client->received_size == 5));
}

static void offers_again_what_was_not_taken(void **state)
{
	static uint8_t data[200000];
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	struct bytes bytes = pattern(data, sizeof data);
	client->take_max = 100;
	assert_true(LOOP_UNTIL(loop, client->opened));
	/* Each piece offers again what the last one left, in one run. */
	for (size_t i = 0; i < 20; i++) {
		io_write(client->io, (struct bytes){bytes.data + i * 10, 10});
		size_t wanted = (i + 1) * 10;
		assert_true(LOOP_UNTIL(loop, client->received_size == wanted));
	}
	assert_memory_equal(client->received, data, 200);
	client->take_max = 0;
	io_write(client->io, (struct bytes){data + 200, sizeof data - 200});
	assert_true(LOOP_UNTIL(loop, client->received_size == sizeof data));
	assert_memory_equal(client->received, data, sizeof data);
}

static void stops_and_goes_on_reading(void **state)
{
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	assert_true(LOOP_UNTIL(loop, client->opened && loop->ends_count == 2 && loop->ends[1].opened));
	io_set_reading(client->io, false);
	io_write(client->io, bytes_of("held"));
	for (int i = 0; i < 5; i++) {
		struct timeval tick = {0, 10000};
		event_base_loopexit(loop->base, &tick);
		event_base_dispatch(loop->base);
	}
	assert_int_equal(client->received_size, 0);
	io_set_reading(client->io, true);
	assert_true(LOOP_UNTIL(loop, client->received_size == 4));
}

static void finish_sends_everything_first(void **state)
{
	static uint8_t data[1 << 20];
	struct loop *loop = *state;
	loop->echo = false;
	struct end *client = loop_connect(loop, loop->address, NULL);
	assert_true(LOOP_UNTIL(loop, client->opened && loop->ends_count == 2));
	struct end *server = &loop->ends[1];
	io_write(client->io, pattern(data, sizeof data));
	io_finish(client->io);
	assert_false(io_write(client->io, bytes_of("late")));
	assert_true(LOOP_UNTIL(loop, client->closed && server->closed));
	assert_int_equal(server->received_size, sizeof data);
	assert_string_equal(server->reason, "closed by the peer");
	assert_string_equal(client->reason, "finished");
}

static void finish_without_output_closes(void **state)
{
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL), *early = loop_connect(loop, loop->address, NULL);
	io_finish(early->io);
	assert_true(LOOP_UNTIL(loop, client->opened && early->closed));
	io_finish(client->io);
	assert_true(LOOP_UNTIL(loop, client->closed));
	assert_string_equal(client->reason, "finished");
	assert_false(early->opened);
}

static void may_be_freed_in_a_callback(void **state)
{
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL), *other;
	client->free_in_data = true;
	assert_true(LOOP_UNTIL(loop, client->opened));
	io_write(client->io, bytes_of("answer and I go"));
	assert_true(LOOP_UNTIL(loop, client->io == NULL));
	assert_false(client->closed);
	loop->server_free_in_open = true;
	other = loop_connect(loop, loop->address, NULL);
	assert_true(LOOP_UNTIL(loop, other->closed));
	assert_string_equal(other->reason, "closed by the peer");
}

static void a_peer_that_is_gone_raises_no_signal(void **state)
{
	struct loop *loop = *state;
	struct end *client = loop_connect(loop, loop->address, NULL);
	assert_true(LOOP_UNTIL(loop, client->opened && loop->ends_count == 2 && loop->ends[1].opened));
	io_free(loop->ends[1].io);
	loop->ends[1].io = NULL;
	for (int i = 0; i < 100 && !client->closed; i++) {
		struct timeval tick = {0, 1000};
		io_write(client->io, bytes_of("into the void"));
		event_base_loopexit(loop->base, &tick);
		event_base_dispatch(loop->base);
	}
	assert_true(client->closed);
}

static void refused_connections_close_with_the_reason(void **state)
{
	struct loop *loop = *state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	char text[32];
	/* A port that is bound but not listened on refuses for sure. */
	int bound = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(bound, (struct sockaddr *)&address, size), 0);
	getsockname(bound, (struct sockaddr *)&address, &size);
	snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(address.sin_port));
	struct end *client = loop_connect(loop, text, NULL);
	assert_non_null(client->io);
	assert_true(LOOP_UNTIL(loop, client->closed));
	assert_non_null(strstr(client->reason, "cannot connect to 127.0.0.1: Connection refused"));
	close(bound);
}

static void tries_every_address_of_a_name(void **state)
{
	struct loop *loop = *state;
	char text[32];
	/* "localhost" may be ::1 first, where nobody listens. */
	snprintf(text, sizeof text, "localhost:%d", listener_port(loop->listener));
	struct end *client = loop_connect(loop, text, NULL);
	assert_true(LOOP_UNTIL(loop, client->opened));
	assert_string_equal(io_peer(client->io), "127.0.0.1");
}

static void bad_addresses_are_refused(void **state)
{
	static const char *const bad[] = {"", "host", "host:", ":1", "::1:80", "[::1:80", "[::1]80", "[]:80", "127.0.0.1:notaport"};
	struct loop *loop = *state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct status st;
		status_init(&st);
		assert_null(io_connect(loop->base, bad[i], NULL, &end_events, NULL, &st));
		assert_false(status_ok(&st));
	}
	struct status st;
	status_init(&st);
	assert_null(listener_new(loop->base, loop->address, loop_accept, loop, &st));
	assert_int_equal(st.code, STATUS_FAILED_PRECONDITION);
	assert_non_null(strstr(st.message, "in use"));
}

static void listens_on_every_address(void **state)
{
	struct loop *loop = *state;
	struct status st;
	status_init(&st);
	struct listener *listener = listener_new(loop->base, ":0", loop_accept, loop, &st);
	assert_non_null(listener);
	char text[32];
	snprintf(text, sizeof text, "127.0.0.1:%d", listener_port(listener));
	struct end *client = loop_connect(loop, text, NULL);
	assert_true(LOOP_UNTIL(loop, client->opened));
	listener_free(listener);
}

/* Out of descriptors, accept fails at once; the listener rests, and takes the waiting connection when there is one again. */
static void rests_without_descriptors(void **state)
{
	struct loop *loop = *state;
	struct rlimit limit;
	int fillers[256], count = 0, client = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)listener_port(loop->listener)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	getrlimit(RLIMIT_NOFILE, &limit);
	struct rlimit few = {64, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 256 && (fillers[count] = dup(client)) >= 0) {
		count++;
	}
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
	int64_t cpu_before = (int64_t)clock(), start_us = clock_monotonic_us();
	for (int i = 0; i < 30; i++) {
		struct timeval tick = {0, 10000};
		event_base_loopexit(loop->base, &tick);
		event_base_dispatch(loop->base);
	}
	assert_true(((int64_t)clock() - cpu_before) * 1000 / CLOCKS_PER_SEC < 150);
	assert_int_equal(loop->ends_count, 0);
	assert_in_range(loop->rests, 1, (clock_monotonic_us() - start_us) / 1000 / LIMIT_ACCEPT_REST_MS + 2);
	while (count > 0) {
		close(fillers[--count]);
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_true(LOOP_UNTIL(loop, loop->ends_count == 1));
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(echoes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(echoes_much, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_low_mark_may_be_set_while_connecting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(moves_a_buffer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(offers_again_what_was_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stops_and_goes_on_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finish_sends_everything_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finish_without_output_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(may_be_freed_in_a_callback, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_peer_that_is_gone_raises_no_signal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_connections_close_with_the_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tries_every_address_of_a_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_addresses_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(listens_on_every_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rests_without_descriptors, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
