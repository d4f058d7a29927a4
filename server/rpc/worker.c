/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker owns its connections and everything about them. Its turn: wait for bytes, let the sessions turn them into calls, run what can be run here, hand the rest over, send what
 * there is to send, and free the dead. What becomes of the calls is in dispatch.c.
 */
#include "server/rpc/connection.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARENA_BYTES = 64 << 10, TICK_MS = 100, TICKS_PER_SWEEP = 5, SOCKETS_PER_TURN = 32 };

/* ---- the turn ------------------------------------------------------------------------------------------------------------------------- */

static void on_wake(evutil_socket_t unused, short what, void *context)
{
	struct worker *worker = context;
	(void)unused, (void)what;
	worker->woken = true;
}

static void take_sockets(struct worker *worker)
{
	pthread_mutex_lock(&worker->sockets_lock);
	struct waiting_socket sockets[SOCKETS_PER_TURN];
	size_t count = worker->sockets_count < SOCKETS_PER_TURN ? worker->sockets_count : SOCKETS_PER_TURN;
	memcpy(sockets, worker->sockets, count * sizeof *sockets);
	worker->sockets_count -= count;
	memmove(worker->sockets, worker->sockets + count, worker->sockets_count * sizeof *sockets);
	worker->sockets_left = worker->sockets_count > 0;
	pthread_mutex_unlock(&worker->sockets_lock);
	for (size_t i = 0; i < count; i++) {
		connection_open(worker, &sockets[i]);
	}
}

static void on_sweep(evutil_socket_t unused, short what, void *context)
{
	struct worker *worker = context;
	(void)unused, (void)what;
	if ((atomic_fetch_add(&worker->sweeps, 1) + 1) % TICKS_PER_SWEEP == 0) {
		connections_sweep(worker);
	}
}

static void *worker_main(void *context)
{
	struct worker *worker = context;
	for (;;) {
		bool busy = !TAILQ_EMPTY(&worker->waiting) || worker->sockets_left;
		event_base_loop(worker->base, busy ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE);
		if (worker->woken) {
			worker->woken = false;
			worker_take_back(worker);
			take_sockets(worker);
			worker_run_streams(worker);
		} else if (worker->sockets_left) {
			take_sockets(worker);
		}
		worker_run_ready(worker);
		connections_turn(worker);
		if (server_stopping(worker->server) && worker_drain(worker)) {
			break;
		}
	}
	return NULL;
}

/* ---- its life ------------------------------------------------------------------------------------------------------------------------------ */

struct worker *worker_new(struct server *server, struct status *st)
{
	struct worker *worker = calloc(1, sizeof *worker);
	if (!worker) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	worker->server = server;
	arena_init(&worker->arena, LIMIT_CALL_ARENA_BYTES);
	arena_reserve(&worker->arena, ARENA_BYTES);
	TAILQ_INIT(&worker->waiting);
	TAILQ_INIT(&worker->connections);
	TAILQ_INIT(&worker->active);
	TAILQ_INIT(&worker->streams);
	TAILQ_INIT(&worker->followers);
	pthread_mutex_init(&worker->sockets_lock, NULL);
	worker->executor.send = worker_send;
	worker->base = event_base_new();
	if (!executor_init(&worker->executor, server) || !worker->base || !queue_init(&worker->inbox, 0, true, st) ||
	    !store_snapshot_new(worker->executor.engine->store, &worker->snapshot, st)) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		worker_free(worker);
		return NULL;
	}
	store_snapshot_release(worker->snapshot);
	worker->wake = event_new(worker->base, worker->inbox.event_fd, EV_READ | EV_PERSIST, on_wake, worker);
	worker->sweep = event_new(worker->base, -1, EV_PERSIST, on_sweep, worker);
	if (!worker->wake || !worker->sweep || event_add(worker->wake, NULL) != 0 ||
	    event_add(worker->sweep, &(struct timeval){0, TICK_MS * 1000}) != 0 || pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "THREAD", "cannot start a worker thread");
		worker_free(worker);
		return NULL;
	}
	return worker;
}

bool worker_accept(struct worker *worker, int socket, const struct network *address)
{
	pthread_mutex_lock(&worker->sockets_lock);
	bool room = worker->sockets_count < SOCKETS_WAITING_MAX;
	if (room) {
		worker->sockets[worker->sockets_count++] = (struct waiting_socket){socket, *address};
	}
	pthread_mutex_unlock(&worker->sockets_lock);
	if (room) {
		queue_wake(&worker->inbox);
	}
	return room;
}

struct queue *worker_inbox(struct worker *worker)
{
	return &worker->inbox;
}

bool worker_watches(const struct worker *worker)
{
	return atomic_load(&worker->followers_count) > 0;
}

unsigned worker_sweeps(const struct worker *worker)
{
	return atomic_load(&worker->sweeps);
}

void worker_join(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
}

void worker_free(struct worker *worker)
{
	if (!worker) {
		return;
	}
	while (worker->free_operations) {
		struct operation *next = worker->free_operations->next;
		operation_free(worker->free_operations);
		worker->free_operations = next;
	}
	if (worker->wake) {
		event_free(worker->wake);
	}
	if (worker->sweep) {
		event_free(worker->sweep);
	}
	if (worker->base) {
		event_base_free(worker->base);
	}
	store_snapshot_free(worker->snapshot);
	executor_done(&worker->executor);
	arena_done(&worker->arena);
	queue_done(&worker->inbox);
	pthread_mutex_destroy(&worker->sockets_lock);
	free(worker);
}
