/* SPDX-License-Identifier: Apache-2.0
 *
 * libkam on a loop that the program owns: many calls at once, a watch beside them, deadlines, cancels, and the program's own timer, which must not wait
 * for any of them.
 *
 *     async SERVER CA TOKEN
 */
#include "wire.h"

#include <event2/event.h>

enum { CALLS = 200 };

struct program {
	struct event_base *base;
	struct kam *kam;
	struct kam_exchange *watch;
	unsigned created, failed, watched, ticks;
	bool deadline_passed;
};

static void give_up(const char *what, const struct kam_status *status)
{
	fprintf(stderr, "%s: %s: %s\n", what, kam_code_name(status->code), status->message);
	exit(1);
}

static struct kam_exchange *start(struct program *program, const char *path, struct wire request, const struct kam_call_options *options,
                                  const struct kam_exchange_events *events)
{
	struct kam_status status;
	struct kam_exchange *exchange = kam_exchange_start(program->kam, path, options, events, program, &status);
	if (!exchange) {
		give_up(path, &status);
	}
	kam_exchange_send(exchange, wire_bytes(&request), true);
	return exchange;
}

static void end_if_done(struct program *program)
{
	if (program->created == CALLS && program->watched >= CALLS && program->deadline_passed) {
		event_base_loopbreak(program->base);
	}
}

/* ---- creating: each call starts the next, from its last callback ----------------------------------------------------------------------- */

static void create_message(void *context, struct kam_bytes message)
{
	(void)context;
	assert(wire_find(message, 1, NULL, NULL));
}

static void create_finished(void *context, const struct kam_status *status, uint64_t revision);

static const struct kam_exchange_events create_events = {create_message, NULL, create_finished};

static void create_next(struct program *program, unsigned number)
{
	char id[32];
	snprintf(id, sizeof id, "async-%u", number);
	start(program, "/kam.v1.AccountService/CreateAccount", wire_create_account(id), NULL, &create_events);
}

static void create_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	struct program *program = context;
	if (status->code != KAM_OK || revision == 0) {
		give_up("create", status);
	}
	program->created++;
	if (program->created <= CALLS / 2) {
		create_next(program, CALLS / 2 + program->created);
	}
	end_if_done(program);
}

/* ---- watching: cancelled from its own callback ------------------------------------------------------------------------------------------ */

static void watch_message(void *context, struct kam_bytes message)
{
	struct program *program = context;
	assert(program->watch);
	if (!wire_find(message, 4, NULL, NULL)) { /* the sign of life that tells the start: from here nothing is missed */
		for (unsigned i = 1; program->created + program->watched == 0 && i <= CALLS / 2; i++) {
			create_next(program, i);
		}
		return;
	}
	if (++program->watched == CALLS) {
		kam_exchange_cancel(program->watch);
		program->watch = NULL;
		end_if_done(program);
	}
}

static void watch_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	(void)context;
	(void)revision;
	give_up("watch", status);
}

static const struct kam_exchange_events watch_events = {watch_message, NULL, watch_finished};

/* ---- a deadline ------------------------------------------------------------------------------------------------------------------------- */

static void late_message(void *context, struct kam_bytes message)
{
	(void)context;
	(void)message;
}

static void late_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	struct program *program = context;
	(void)revision;
	if (status->code != KAM_DEADLINE_EXCEEDED) {
		give_up("deadline", status);
	}
	program->deadline_passed = true;
	end_if_done(program);
}

static const struct kam_exchange_events late_events = {late_message, NULL, late_finished};

static void on_tick(evutil_socket_t socket, short what, void *context)
{
	struct program *program = context;
	(void)socket;
	(void)what;
	program->ticks++;
}

int main(int argc, char **argv)
{
	const struct timeval often = {0, 10000};
	const struct kam_call_options short_time = {.timeout_ms = 500};
	struct kam_status status;
	struct program program = {.base = event_base_new()};
	assert(argc == 4);
	struct kam_options options = {.server = argv[1], .ca_file = argv[2], .token = argv[3], .base = program.base};
	program.kam = kam_open(&options, &status);
	if (!program.kam) {
		give_up("open", &status);
	}
	struct event *tick = event_new(program.base, -1, EV_PERSIST, on_tick, &program);
	event_add(tick, &often);
	program.watch = start(&program, "/kam.v1.WatchService/Watch", wire_watch(0), NULL, &watch_events);
	start(&program, "/kam.v1.WatchService/Watch", wire_watch(0), &short_time, &late_events);
	event_base_dispatch(program.base);
	assert(program.created == CALLS && program.watched == CALLS && program.ticks > 10 && !program.watch);
	kam_close(program.kam);
	event_free(tick);
	event_base_free(program.base);
	printf("done\n");
	return 0;
}
