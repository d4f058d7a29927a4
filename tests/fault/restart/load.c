/* SPDX-License-Identifier: Apache-2.0
 *
 * Steady calls by libkam, on a loop of its own: accounts created and read, and a watch beside them that goes on where it broke off.
 *
 *     load SERVER CA TOKEN PREFIX CALLS-PER-SECOND SECONDS-PER-CALL
 *
 * Says `ready` once the watch stands and starts. When its input ends it starts no more, waits for what is open, creates PREFIX-end, waits until the watch
 * has seen that, and says: `calls N`, and a line for each `failed WHY`, `acknowledged NAME` and `saw NAME`.
 *
 * No call is marked idempotent: what is sent again here is only what the server has surely not acted on. A stopping server leaves nothing else. Every few
 * calls go over a connection of their own, so that each certificate is met.
 */
#include "tests/e2e/libkam/wire.h"

#include <event2/event.h>
#include <unistd.h>

enum { NAMES = 100000, NAME_BYTES = 48, CALLS_PER_CONNECTION = 10 };

/* A client that takes CALLS_PER_CONNECTION calls and is closed after the last. */
struct client {
	struct kam *kam;
	unsigned calls, open;
};

struct load {
	struct event_base *base;
	struct kam_options options;
	struct kam_call_options call_options;
	const char *prefix;
	double per_second;
	struct timeval begun;
	struct kam *watching;
	struct client *client;
	struct event *tick, *again, *input;
	uint64_t revision;
	unsigned started, outstanding, acknowledged_count;
	char acknowledged[NAMES][NAME_BYTES];
	bool ready, stopping, ending, seen_end;
};

struct account_call {
	struct load *load;
	struct client *client;
	char name[NAME_BYTES]; /* "" for a read */
};

static void note_failure(const char *what, const struct kam_status *status)
{
	printf("failed %s: %s: %s\n", what, kam_code_name(status->code), status->message);
}

static struct kam *open_kam(struct load *load)
{
	struct kam_status status;
	struct kam *kam = kam_open(&load->options, &status);
	if (!kam) {
		note_failure("open", &status);
		exit(1);
	}
	return kam;
}

static void client_close(evutil_socket_t unused, short what, void *context)
{
	struct client *client = context;
	(void)unused;
	(void)what;
	kam_close(client->kam);
	free(client);
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------------------- */

static void on_message(void *context, struct kam_bytes message)
{
	(void)context;
	assert(message.size > 0);
}

static void on_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	struct account_call *call = context;
	struct load *load = call->load;
	struct client *client = call->client;
	(void)revision;
	load->outstanding--;
	if (status->code != KAM_OK) {
		note_failure(*call->name ? call->name : "read", status);
	} else if (*call->name && load->acknowledged_count < NAMES) {
		snprintf(load->acknowledged[load->acknowledged_count++], NAME_BYTES, "accounts/%.30s", call->name);
	}
	free(call);
	if (--client->open == 0 && client->calls == CALLS_PER_CONNECTION) {
		const struct timeval now = {0, 0};
		event_base_once(load->base, -1, EV_TIMEOUT, client_close, client, &now); /* not from within its own callback */
	}
}

static void start(struct load *load, const char *name)
{
	static const struct kam_exchange_events events = {on_message, NULL, on_finished};
	if (!load->client) {
		load->client = calloc(1, sizeof *load->client);
		assert(load->client);
		load->client->kam = open_kam(load);
	}
	struct account_call *call = calloc(1, sizeof *call);
	assert(call);
	call->load = load;
	call->client = load->client;
	call->client->open++;
	if (++call->client->calls == CALLS_PER_CONNECTION) {
		load->client = NULL; /* on_finished sees to it */
	}
	load->outstanding++;
	snprintf(call->name, sizeof call->name, "%s", name);
	const char *known = *name ? "" : load->acknowledged[load->started % load->acknowledged_count];
	struct wire request = *name ? wire_create_account(name) : wire_name(known);
	struct kam_exchange *exchange = kam_exchange_start(call->client->kam, *name ? "/kam.v1.AccountService/CreateAccount" : "/kam.v1.AccountService/GetAccount",
	                                                   &load->call_options, &events, call, NULL);
	assert(exchange);
	kam_exchange_send(exchange, wire_bytes(&request), true);
}

static void start_next(struct load *load)
{
	char name[NAME_BYTES] = "";
	if (load->started % 3 == 0 || load->acknowledged_count == 0) {
		snprintf(name, sizeof name, "%s-%u", load->prefix, load->started);
	}
	start(load, name);
	load->started++;
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
	struct load *load = context;
	struct timeval now, passed;
	(void)unused;
	(void)what;
	event_base_gettimeofday_cached(load->base, &now);
	evutil_timersub(&now, &load->begun, &passed);
	double due = ((double)passed.tv_sec + (double)passed.tv_usec / 1e6) * load->per_second;
	while (!load->stopping && load->started < due) {
		start_next(load);
	}
	if (load->stopping && !load->ending && load->outstanding == 0) {
		char name[NAME_BYTES];
		load->ending = true;
		snprintf(name, sizeof name, "%s-end", load->prefix);
		start(load, name);
	}
	if (load->ending && load->outstanding == 0 && load->seen_end) {
		event_base_loopbreak(load->base);
	}
}

static void on_input(evutil_socket_t socket, short what, void *context)
{
	struct load *load = context;
	char bytes[16];
	(void)what;
	if (read(socket, bytes, sizeof bytes) <= 0) {
		load->stopping = true;
		event_del(load->input);
	}
}

/* ---- the watch ------------------------------------------------------------------------------------------------------------------------- */

static void watch_message(void *context, struct kam_bytes message)
{
	const struct timeval often = {0, 5000};
	struct load *load = context;
	struct kam_bytes change, name;
	size_t size = strlen(load->prefix);
	assert(wire_find(message, 1, NULL, &load->revision));
	if (!load->ready) {
		load->ready = true;
		event_base_gettimeofday_cached(load->base, &load->begun);
		event_add(load->tick, &often);
		printf("ready\n");
		fflush(stdout);
	}
	/* Each change here is of one account, a revision of its own. */
	if (wire_find(message, 4, &change, NULL) && wire_find(change, 1, &name, NULL) && name.size > 9 + size + 1 &&
	    memcmp(name.data + 9, load->prefix, size) == 0 && name.data[9 + size] == '-') {
		printf("saw %.*s\n", (int)name.size, (const char *)name.data);
		load->seen_end |= memcmp(name.data + name.size - 4, "-end", 4) == 0;
	}
}

static void watch_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	const struct timeval soon = {0, 50000};
	struct load *load = context;
	(void)revision;
	if (status->code != KAM_UNAVAILABLE) {
		note_failure("watch", status);
	}
	event_add(load->again, &soon);
}

static void on_again(evutil_socket_t unused, short what, void *context)
{
	static const struct kam_exchange_events events = {watch_message, NULL, watch_finished};
	static const struct kam_call_options options = {.wait_for_ready = true};
	struct load *load = context;
	struct wire request = wire_watch(load->revision);
	(void)unused;
	(void)what;
	struct kam_exchange *exchange = kam_exchange_start(load->watching, "/kam.v1.WatchService/Watch", &options, &events, load, NULL);
	assert(exchange);
	kam_exchange_send(exchange, wire_bytes(&request), true);
}

int main(int argc, char **argv)
{
	static struct load load;
	assert(argc == 7);
	load.base = event_base_new();
	load.options = (struct kam_options){.server = argv[1], .ca_file = argv[2], .token = argv[3], .base = load.base};
	load.call_options = (struct kam_call_options){.timeout_ms = (int64_t)(atof(argv[6]) * 1000), .wait_for_ready = true};
	load.prefix = argv[4];
	load.per_second = atof(argv[5]);
	load.watching = open_kam(&load);
	load.tick = event_new(load.base, -1, EV_PERSIST, on_tick, &load);
	load.again = evtimer_new(load.base, on_again, &load);
	load.input = event_new(load.base, 0, EV_READ | EV_PERSIST, on_input, &load);
	event_add(load.input, NULL);
	event_active(load.again, EV_TIMEOUT, 0);
	event_base_dispatch(load.base);
	printf("calls %u\n", load.started);
	for (unsigned i = 0; i < load.acknowledged_count; i++) {
		printf("acknowledged %s\n", load.acknowledged[i]);
	}
	fflush(stdout);
	_exit(0);
}
