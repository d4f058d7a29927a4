/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a call on its worker: where its next message is run, how it is answered, and what it comes back to from other threads. Calls run connection by connection, in the turn of
 * worker.c; inside a callback of the session a call's token is looked at (worker_admit), and nothing else.
 */
#include "server/rpc/connection.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <event2/event.h>
#include <stdio.h>

enum { FREE_OPERATIONS_MAX = 256, INLINE_BUDGET = 4096, TURN_US = 2000, SETTLED_BYTES = 16 << 10 /* a reply that is counted at once */ };

/* ---- operations ------------------------------------------------------------------------------------------------------------------ */

struct operation *worker_operation(struct worker *worker)
{
	struct operation *op = worker->free_operations;
	if (op) {
		worker->free_operations = op->next;
		worker->free_count--;
		op->next = NULL;
	} else {
		op = operation_new();
	}
	if (op) {
		op->worker = worker;
	}
	return op;
}

/* Gives the worker's arena to an operation, or takes it back. */
static void swap_arena(struct operation *op)
{
	struct worker *worker = op->worker;
	struct arena arena = op->arena;
	op->arena = worker->arena;
	worker->arena = arena;
	worker->borrower = worker->borrower == op ? NULL : op;
}

void worker_recycle(struct operation *op)
{
	struct worker *worker = op->worker;
	if (worker->borrower == op) {
		swap_arena(op);
	}
	if (op->streaming) {
		TAILQ_REMOVE(&worker->streams, op, streams);
		op->streaming = false;
	}
	if (op->following) {
		TAILQ_REMOVE(&worker->followers, op, followers);
		atomic_fetch_sub(&worker->followers_count, 1);
		op->following = false;
	}
	if (op->timer) {
		event_free(op->timer);
		op->timer = NULL;
	}
	if (worker->free_count >= FREE_OPERATIONS_MAX) {
		operation_free(op);
		return;
	}
	operation_reset(op);
	op->next = worker->free_operations;
	worker->free_operations = op;
	worker->free_count++;
}

/* Its calls get their turn after those of the connections that wait already. */
static void give_turn(struct connection *connection)
{
	if (!connection->waiting && !connection->parked && !TAILQ_EMPTY(&connection->ready)) {
		connection->waiting = true;
		TAILQ_INSERT_TAIL(&connection->worker->waiting, connection, turn_entry);
	}
}

void worker_ready(struct operation *op)
{
	if (!op->ready && !op->running && op->connection) {
		op->ready = true;
		TAILQ_INSERT_TAIL(&op->connection->ready, op, ready_entry);
		give_turn(op->connection);
	}
}

void worker_unpark(struct connection *connection)
{
	if (connection->parked && !connection_full(connection)) {
		connection->parked = false;
		give_turn(connection);
	}
}

static struct rpc_call *call_of(const struct operation *op)
{
	return op->connection ? rpc_session_call(op->connection->session, op->call_id) : NULL;
}

/* The session has the whole answer, however long the peer takes to take it: nothing else of a call is kept for that. */
static void let_go(struct operation *op)
{
	struct rpc_call *call = call_of(op);
	if (call && !op->running) {
		rpc_call_set_user(call, NULL);
		connection_forget(op);
		worker_recycle(op);
	}
}

void worker_finish(struct operation *op, const struct status *st)
{
	struct rpc_call *call = call_of(op);
	enum log_level level = st->code == STATUS_INTERNAL || st->code == STATUS_DATA_LOSS ? LOG_ERROR : operation_refusal(st) ? LOG_INFO : LOG_DEBUG;
	log_event(level, "call", "method", "%s", op->method->path, "code", "%s", status_code_name(st->code), "user", "%s", op->running ? "" : op->user, "peer", "%s", op->peer,
	          "message", "%s", st->message, NULL);
	op->finished = true;
	if (call) {
		connection_activate(op->connection);
		rpc_call_finish(call, st);
		let_go(op);
	}
}

static void answer_revision(struct operation *op, struct rpc_call *call)
{
	struct worker *worker = op->worker;
	if (!op->answered && op->revision > 0) {
		if (worker->revision != op->revision) { /* most answers tell of the same */
			snprintf(worker->revision_text, sizeof worker->revision_text, "%llu", (unsigned long long)op->revision);
			worker->revision = op->revision;
		}
		rpc_call_add_metadata(call, "kam-revision", worker->revision_text);
	}
	op->answered = true;
}

bool worker_send(struct operation *op, struct bytes message)
{
	struct rpc_call *call = call_of(op);
	if (!call) {
		return false;
	}
	connection_activate(op->connection);
	answer_revision(op, call);
	size_t least = server_options(op->worker->server)->compress_bytes;
	rpc_call_set_compression(call, least > 0 && message.size >= least && message.size <= LIMIT_COMPRESS_BYTES);
	op->connection->replies++;
	op->blocked = !rpc_call_send(call, message);
	if (message.size > SETTLED_BYTES) {
		connection_settle(op->connection);
	}
	return !op->blocked;
}

static void on_deadline(evutil_socket_t unused, short what, void *context)
{
	struct operation *op = context;
	struct status st;
	(void)unused, (void)what;
	if (!op->finished) {
		status_init(&st);
		status_fail(&st, STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the call's deadline has passed");
		atomic_store(&op->cancelled, true);
		worker_finish(op, &st);
	}
}

/* A call that outlives its turn ends by itself at its deadline. */
static void arm_deadline(struct operation *op)
{
	if (op->timer || op->deadline_us == 0) {
		return;
	}
	int64_t left = op->deadline_us - clock_monotonic_us();
	left = left < 0 ? 0 : left;
	op->timer = evtimer_new(op->worker->base, on_deadline, op);
	if (op->timer) {
		struct timeval after = {left / 1000000, left % 1000000};
		evtimer_add(op->timer, &after);
	}
}

bool worker_keep(struct operation *op)
{
	bool stays = !op->streaming, follows = op->stream.pump && !op->stream.pump_at_stop && !op->following;
	if (stays) {
		TAILQ_INSERT_TAIL(&op->worker->streams, op, streams);
		op->streaming = true;
		arm_deadline(op);
	}
	if (follows) {
		TAILQ_INSERT_TAIL(&op->worker->followers, op, followers);
		atomic_fetch_add(&op->worker->followers_count, 1);
		op->following = true;
	}
	return stays || follows;
}

/* ---- running ------------------------------------------------------------------------------------------------------------------------ */

static bool hand_over(struct operation *op, struct queue *queue)
{
	if (op->worker->borrower == op) {
		swap_arena(op);
	}
	operation_keep(op);
	arm_deadline(op);
	op->running = true; /* from here on it is not ours: nothing of it is touched until it comes back */
	struct worker *worker = op->worker;
	worker->operations_away++;
	if (queue_push(queue, op)) {
		return true;
	}
	worker->operations_away--;
	op->running = false;
	status_init(&op->status);
	return status_fail(&op->status, STATUS_RESOURCE_EXHAUSTED, "SERVER_BUSY", "too many calls are waiting; try again");
}

/* Readers have only so many calls of a connection at a time, for what they answer is not bounded by what the peer has taken. */
static bool hand_to_readers(struct operation *op)
{
	struct connection *connection = op->connection;
	op->reading = true;
	connection->readers++;
	if (hand_over(op, server_reader_queue(op->worker->server))) {
		return true;
	}
	op->reading = false;
	connection->readers--;
	return false;
}

/* How many calls are there is bounded by whose they are. */
static bool hand_to_hashers(struct operation *op)
{
	struct server *server = op->worker->server;
	if (!server_may_hash(server, op)) {
		return false;
	}
	if (hand_over(op, server_hasher_queue(server))) {
		return true;
	}
	server_hashed(server, op);
	return false;
}

/* The newest state. The snapshot of the call before serves where nothing was committed since; release_snapshot lets it go at the end of the turn. */
static bool take_snapshot(struct operation *op)
{
	struct worker *worker = op->worker;
	operation_clear(op);
	status_init(&op->status);
	worker->executor.epoch = server_epoch(worker->server); /* before the revision: whoever sees the epoch sees its commit */
	const struct store_view *view = store_snapshot_view(worker->snapshot);
	if (!worker->snapshot_live || store_view_revision(view) != store_revision(worker->executor.engine->store)) {
		worker->snapshot_live = store_snapshot_renew(worker->snapshot, &op->status);
	}
	worker->executor.view = view;
	return worker->snapshot_live;
}

static void release_snapshot(struct worker *worker)
{
	store_snapshot_release(worker->snapshot);
	worker->snapshot_live = false;
}

static bool run_here(struct operation *op, uint32_t budget)
{
	struct worker *worker = op->worker;
	if (!take_snapshot(op)) {
		return true;
	}
	worker->executor.budget = budget;
	return operation_run(op, &worker->executor);
}

/* Whoever may not call it at all gets no place in a queue. The thread that runs it asks again, for by then things may have changed. */
static bool admit(struct operation *op)
{
	op->note = NULL;
	op->exported = 0;
	if (!take_snapshot(op)) {
		return false;
	}
	return operation_admit(op, &op->worker->executor);
}

/* Where the message at hand is to be run. True when it was run here and is done, or was refused; false when it went elsewhere. */
static bool dispatch(struct operation *op)
{
	struct server *server = op->worker->server;
	const struct method_row *row = server_engine(server)->methods[op->method->index];
	if (op->pump) {
		return run_here(op, 0);
	}
	if ((op->method->hashes || op->method->writes || op->method->heavy) && !admit(op)) {
		return true;
	}
	if (op->method->hashes && row && row->prepare && !op->prepared_done) {
		return !hand_to_hashers(op);
	}
	if (op->method->writes) {
		return !hand_over(op, server_writer_queue(server));
	}
	if (op->method->heavy || !run_here(op, INLINE_BUDGET)) {
		return !hand_to_readers(op);
	}
	return true;
}

/* Takes the next thing to do of a call: a message, the end of the client's stream, a pump. False when there is none now. */
static bool take_next(struct operation *op)
{
	op->has_message = op->pump = false;
	op->connection->waiting_bytes -= op->current ? op->current->size : 0;
	operation_drop_current(op);
	if (op->waiting) {
		op->current = op->waiting;
		op->waiting = op->current->next;
		if (!op->waiting) {
			op->waiting_end = &op->waiting;
		}
		op->message = (struct bytes){op->current->bytes, op->current->size};
		op->has_message = true;
		return true;
	}
	if (op->method->client_streaming && op->half_closed && !op->end_delivered) {
		op->end_delivered = op->stream.ended = true;
		return true;
	}
	op->pump = op->stream.pump != NULL;
	return op->pump;
}

/* The run is over, here or elsewhere: answer, and see what comes next. */
static void complete(struct operation *op)
{
	struct worker *worker = op->worker;
	struct rpc_call *call = call_of(op);
	bool streaming = op->method->client_streaming || op->method->server_streaming;
	if (!call || op->finished) {
		return;
	}
	connection_activate(op->connection);
	if (!status_ok(&op->status)) {
		answer_revision(op, call);
		worker_finish(op, &op->status);
		return;
	}
	if (op->replied) {
		worker_send(op, op->reply);
	}
	if (op->more && op->end_delivered) { /* the end of a stream in slices, for the others' sake */
		op->end_delivered = false;
		worker_ready(op);
		return;
	}
	if (!streaming || op->end_delivered || (!op->method->client_streaming && !op->stream.pump)) {
		worker_finish(op, &op->status);
		return;
	}
	if (op->stream.pump && worker->draining_us) {
		worker_finish(op, &worker->stopping);
		return;
	}
	if (op->stream.pump && worker_keep(op)) {
		worker_ready(op); /* what was committed before the writer saw that there is a stream */
	}
	if (!op->waiting && !op->half_closed) {
		rpc_call_set_reading(call, true);
	}
	if (op->waiting || op->more || (op->method->client_streaming && op->half_closed && !op->end_delivered)) {
		worker_ready(op);
	}
}

bool worker_admit(struct operation *op)
{
	if (admit(op)) {
		return true;
	}
	server_record(op->worker->server, op);
	complete(op);
	return false;
}

/* An operation that is answered may be gone: then its arena was taken back before. */
static void run(struct operation *op)
{
	struct worker *worker = op->worker;
	if (!op->method->hashes) { /* what holds a password stays in an arena that is wiped */
		swap_arena(op);
	}
	if (!dispatch(op)) {
		return; /* elsewhere */
	}
	server_record(worker->server, op);
	complete(op);
	if (worker->borrower == op) {
		swap_arena(op);
	}
}

/* Some calls of one connection. */
static void run_connection(struct connection *connection)
{
	struct operation *op;
	for (unsigned i = 0; i < LIMIT_CONNECTION_TURN_CALLS && (op = TAILQ_FIRST(&connection->ready)) != NULL; i++) {
		if (connection_full(connection)) {
			connection->parked = true;
			connection_activate(connection);
			return;
		}
		TAILQ_REMOVE(&connection->ready, op, ready_entry);
		op->ready = false;
		if (!op->finished && !op->blocked && take_next(op)) {
			run(op);
		}
	}
}

/* Connection by connection, so that none waits for all the calls of another; and not for long, so that bytes are moved in between. */
void worker_run_ready(struct worker *worker)
{
	struct connection *connection, *last = TAILQ_LAST(&worker->waiting, connection_list);
	int64_t until_us = clock_monotonic_us() + TURN_US;
	while ((connection = TAILQ_FIRST(&worker->waiting)) != NULL) {
		TAILQ_REMOVE(&worker->waiting, connection, turn_entry);
		connection->waiting = false;
		run_connection(connection);
		give_turn(connection);
		if (connection == last || clock_monotonic_us() > until_us) {
			break;
		}
	}
	release_snapshot(worker);
}

/* What came back from other threads. */
void worker_take_back(struct worker *worker)
{
	struct operation *list = queue_take_all(&worker->inbox), *next;
	for (struct operation *op = list; op; op = next) {
		next = op->next;
		op->next = NULL;
		op->running = false;
		worker->operations_away--;
		if (op->reading) {
			op->reading = false;
			op->connection->readers--;
			connection_activate(op->connection);
		}
		server_record(worker->server, op);
		if (!op->connection) {
			worker_recycle(op);
		} else if (op->finished) {
			let_go(op);
		} else {
			complete(op);
		}
	}
}

void worker_run_streams(struct worker *worker)
{
	struct operation *op;
	uint64_t revision = store_revision(worker->executor.engine->store);
	if (worker->pumped == revision) { /* woken for something else */
		return;
	}
	worker->pumped = revision;
	TAILQ_FOREACH(op, &worker->followers, followers) {
		if (!op->blocked) {
			worker_ready(op);
		}
	}
}
