/* SPDX-License-Identifier: Apache-2.0
 *
 * How a worker ends after SIGTERM, so that no call fails which its client cannot simply send again.
 *
 * At once: peers are told to open no more calls, and streams that wait for a change or for their client's next message end UNAVAILABLE, as soon as
 * what they have received is dealt with. A round trip later (the session sees to it by a PING) the second GOAWAY names the last call that will be
 * handled; whatever is newer was surely not acted on (RFC 9113 §6.8). All other calls are finished, however they end, and their connections closed.
 * LIMIT_DRAIN_MS after the start, what is left is cut; what runs on other threads is waited for even then.
 */
#include "server/rpc/connection.h"

#include "common/base/clock.h"

enum { ROUND_TRIP_MAX_US = 1000000 }; /* for peers that do not answer, and handshakes that do not end */

static void begin(struct worker *worker)
{
	struct operation *op;
	status_init(&worker->stopping);
	status_fail(&worker->stopping, STATUS_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping; connect again");
	worker->draining_us = clock_monotonic_us();
	TAILQ_FOREACH(op, &worker->streams, streams) {
		worker_ready(op); /* a last run: what was committed just now, and health's NOT_SERVING */
	}
	connections_shutdown(worker, false);
}

/* A stream with nothing left to deal with. Messages that the session held back have come by now: the turn that took the last one made room for them. */
static bool is_waiting(const struct operation *op)
{
	return op->connection && !op->finished && !op->running && !op->ready && !op->waiting && (!op->half_closed || op->stream.pump);
}

bool worker_drain(struct worker *worker)
{
	int64_t now = clock_monotonic_us();
	if (!worker->draining_us) {
		begin(worker);
	} else if (!worker->shut && now - worker->draining_us > ROUND_TRIP_MAX_US) {
		worker->shut = true;
		connections_shutdown(worker, true);
	}
	struct operation *op, *next;
	for (op = TAILQ_FIRST(&worker->streams); op; op = next) {
		next = TAILQ_NEXT(op, streams);
		if (is_waiting(op)) {
			worker_finish(op, &worker->stopping);
		}
	}
	if (now - worker->draining_us > (int64_t)LIMIT_DRAIN_MS * 1000) {
		connections_cut(worker, "drain time is over");
	}
	connections_turn(worker);
	return TAILQ_EMPTY(&worker->connections) && worker->operations_away == 0;
}
