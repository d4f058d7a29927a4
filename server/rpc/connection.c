/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/connection.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <stdlib.h>
#include <unistd.h>

enum { LOW_MARK_BYTES = 32768 };

void connection_activate(struct connection *connection)
{
	if (!connection->active) {
		connection->active = true;
		TAILQ_INSERT_TAIL(&connection->worker->active, connection, active_entry);
	}
}

/* ---- calls --------------------------------------------------------------------------------------------------------------------------- */

static const char *kept_metadata(struct operation *op, struct rpc_call *call, const char *name)
{
	const char *value = rpc_call_metadata(call, name);
	const char *copy = value && *value ? arena_strdup(&op->stream.arena, value) : NULL;
	return copy ? copy : "";
}

static const char *bearer(struct operation *op, struct rpc_call *call)
{
	const char *value = rpc_call_metadata(call, "authorization");
	if (!value || strncasecmp(value, "Bearer ", 7) != 0) {
		return "";
	}
	const char *copy = arena_strdup(&op->stream.arena, value + 7 + strspn(value + 7, " "));
	return copy ? copy : "";
}

static void on_begin(void *context, struct rpc_call *call)
{
	struct connection *connection = context;
	struct operation *op = worker_operation(connection->worker);
	connection->called = true;
	if (!op) {
		struct status st;
		status_init(&st);
		status_fail(&st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "the server is out of memory; try again");
		rpc_call_finish(call, &st);
		return;
	}
	op->connection = connection;
	op->call_id = rpc_call_id(call);
	op->method = rpc_call_method(call);
	op->deadline_us = rpc_call_deadline_us(call);
	op->token = bearer(op, call);
	op->client = kept_metadata(op, call, "user-agent");
	op->as_of = kept_metadata(op, call, "kam-as-of");
	op->min_revision = kept_metadata(op, call, "kam-min-revision");
	op->peer = arena_strdup(&op->stream.arena, io_peer(connection->io));
	op->peer = op->peer ? op->peer : "";
	rpc_call_set_user(call, op);
	if (op->method->client_streaming) {
		worker_keep(op);
	}
}

/* Messages are copied out of the session's callback and handled in the turn. A stream that sends faster than it is served is held back. */
static void on_message(void *context, struct rpc_call *call, struct bytes message)
{
	struct operation *op = rpc_call_user(call);
	(void)context;
	if (!op || op->finished) {
		return;
	}
	size_t size = sizeof(struct waiting_message) + message.size;
	struct waiting_message *copy = op->method->client_streaming ? malloc(size) : arena_alloc(&op->stream.arena, size);
	if (!copy) {
		return;
	}
	copy->next = NULL;
	copy->size = message.size;
	if (message.size) {
		memcpy(copy->bytes, message.data, message.size);
	}
	*op->waiting_end = copy;
	op->waiting_end = &copy->next;
	if (op->method->client_streaming) {
		rpc_call_set_reading(call, false);
	}
	worker_ready(op);
}

static void on_half_close(void *context, struct rpc_call *call)
{
	struct operation *op = rpc_call_user(call);
	(void)context;
	if (op) {
		op->half_closed = true;
		if (op->method->client_streaming) {
			worker_ready(op);
		}
	}
}

static void on_writable(void *context, struct rpc_call *call)
{
	struct operation *op = rpc_call_user(call);
	(void)context;
	if (op && op->blocked) {
		op->blocked = false;
		worker_ready(op);
	}
}

static void on_ended(void *context, struct rpc_call *call, bool cancelled)
{
	struct operation *op = rpc_call_user(call);
	(void)context, (void)cancelled;
	if (!op) {
		return;
	}
	rpc_call_set_user(call, NULL);
	atomic_store(&op->cancelled, true);
	op->connection = NULL;
	if (!op->running && !op->ready) {
		worker_recycle(op);
	}
}

/* A file is not worth the memory of a peer that takes none of what it asked for before. */
static void on_http(void *context, struct rpc_call *call, const char *method, const char *path)
{
	struct connection *connection = context;
	connection->called = true;
	if (rpc_session_queued_bytes(connection->session) > LIMIT_STREAM_QUEUE_BYTES) {
		static const char *const headers[] = {"retry-after", "1", NULL};
		rpc_call_respond(call, 503, headers, (struct bytes){NULL, 0});
		return;
	}
	web_answer(server_options(connection->worker->server)->web, call, method, path);
}

static const struct rpc_server_events rpc_events = {
	.begin = on_begin,
	.message = on_message,
	.half_close = on_half_close,
	.writable = on_writable,
	.ended = on_ended,
	.http = on_http,
};

/* ---- bytes ----------------------------------------------------------------------------------------------------------------------------- */

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct connection *connection = context;
	const struct server_options *server = server_options(connection->worker->server);
	struct rpc_server_options options = {.schema = server->engine->schema, .origins = server->origins, .http1 = strcmp(alpn, "h2") != 0};
	(void)io;
	connection->session = rpc_server_new(&options, &rpc_events, connection);
	if (connection->session && connection->worker->draining_us) {
		rpc_session_shutdown(connection->session, connection->worker->shut);
	}
	connection->closing = !connection->session;
	connection_activate(connection);
}

static size_t on_data(void *context, struct io *io, struct bytes bytes)
{
	struct connection *connection = context;
	(void)io;
	connection->used_us = clock_monotonic_us();
	if (connection->session && !connection->closing && !rpc_session_receive(connection->session, bytes)) {
		connection->closing = true;
	}
	connection_activate(connection);
	return bytes.size;
}

static void on_drained(void *context, struct io *io)
{
	(void)io;
	connection_activate(context);
}

static void on_closed(void *context, struct io *io, const char *reason)
{
	struct connection *connection = context;
	(void)io;
	log_event(LOG_DEBUG, "closed", "peer", "%s", io_peer(io), "reason", "%s", reason, NULL);
	connection->dead = true;
	connection_activate(connection);
}

static const struct io_events io_events = {on_open, on_data, on_drained, on_closed};

void connection_open(struct worker *worker, int socket)
{
	struct connection *connection = calloc(1, sizeof *connection);
	struct status st;
	status_init(&st);
	if (!connection) {
		close(socket);
		return;
	}
	connection->worker = worker;
	connection->opened_us = connection->used_us = clock_monotonic_us();
	connection->io = io_accept(worker->base, socket, server_tls(worker->server), &io_events, connection, &st);
	if (!connection->io) {
		log_event(LOG_WARN, "accept_failed", "message", "%s", st.message, NULL);
		free(connection);
		return;
	}
	io_set_low_mark(connection->io, LOW_MARK_BYTES);
	TAILQ_INSERT_TAIL(&worker->connections, connection, all);
	atomic_fetch_add(server_connections(worker->server), 1);
}

static void flush(struct connection *connection)
{
	struct bytes bytes;
	while (connection->session && io_output_size(connection->io) < LIMIT_OUTPUT_BYTES &&
	       (bytes = rpc_session_send(connection->session)).size > 0) {
		if (!io_write(connection->io, bytes)) { /* out of memory: a stream with a hole is worse than none */
			connection->dead = true;
			return;
		}
	}
	bool done = connection->session && rpc_session_done(connection->session);
	if ((connection->closing || done) && !connection->finishing) {
		connection->finishing = true;
		io_finish(connection->io);
	}
}

static void connection_free(struct connection *connection)
{
	struct worker *worker = connection->worker;
	TAILQ_REMOVE(&worker->connections, connection, all);
	rpc_session_free(connection->session);
	if (connection->active) {
		TAILQ_REMOVE(&worker->active, connection, active_entry);
	}
	io_free(connection->io);
	free(connection);
	atomic_fetch_sub(server_connections(worker->server), 1);
}

void connections_turn(struct worker *worker)
{
	struct connection *connection;
	while ((connection = TAILQ_FIRST(&worker->active)) != NULL) {
		TAILQ_REMOVE(&worker->active, connection, active_entry);
		connection->active = false;
		if (!connection->dead) {
			flush(connection);
		}
		if (connection->dead) {
			connection_free(connection);
		}
	}
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------------- */

void connections_sweep(struct worker *worker)
{
	int64_t now = clock_monotonic_us();
	struct connection *connection, *next;
	for (connection = TAILQ_FIRST(&worker->connections); connection; connection = next) {
		next = TAILQ_NEXT(connection, all);
		bool never_called = !connection->called && (!connection->session || rpc_session_calls(connection->session) == 0) && now - connection->opened_us > (int64_t)LIMIT_HANDSHAKE_MS * 1000;
		bool idle = connection->session && rpc_session_calls(connection->session) == 0 && now - connection->used_us > (int64_t)LIMIT_IDLE_MS * 1000;
		if (never_called || idle) {
			connection->dead = true;
			connection_activate(connection);
		}
	}
}

void connections_shutdown(struct worker *worker, bool final)
{
	struct connection *connection;
	TAILQ_FOREACH(connection, &worker->connections, all) {
		if (connection->session) {
			rpc_session_shutdown(connection->session, final);
		} else if (final) {
			connection->dead = true;
		}
		connection_activate(connection);
	}
}

void connections_cut(struct worker *worker, const char *reason)
{
	struct connection *connection;
	TAILQ_FOREACH(connection, &worker->connections, all) {
		log_event(LOG_WARN, "cut", "peer", "%s", io_peer(connection->io), "reason", "%s", reason, NULL);
		connection->dead = true;
		connection_activate(connection);
	}
}
