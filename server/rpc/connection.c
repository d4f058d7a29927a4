/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/connection.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	LOW_MARK_BYTES = 32768,
	SPARE_BYTES = 64 << 10, /* most that is granted beside what is kept, so that not every call asks */
};

void connection_activate(struct connection *connection)
{
	if (!connection->active) {
		connection->active = true;
		TAILQ_INSERT_TAIL(&connection->worker->active, connection, active_entry);
	}
}

/* Cuts a peer off at the end of the turn. */
static void cut(struct connection *connection, const char *offence)
{
	server_notice(connection->worker->server, SERVER_PEER_CUT, io_peer(connection->io), offence);
	connection->dead = true;
	connection_activate(connection);
}

/* ---- memory --------------------------------------------------------------------------------------------------------------------------- */

/* What its peer makes us keep beside what the session counts. */
static size_t kept_outside(const struct connection *connection)
{
	return connection->output_bytes + connection->waiting_bytes;
}

static bool grant(struct connection *connection, size_t bytes, bool spent)
{
	bool granted = admission_keep(server_admission(connection->worker->server), &connection->address, connection->known, bytes, spent);
	connection->granted_bytes += granted ? bytes : 0;
	return granted;
}

static void give_back(struct connection *connection, size_t bytes)
{
	if (bytes > 0) {
		admission_let_go(server_admission(connection->worker->server), &connection->address, connection->known, bytes);
		connection->granted_bytes -= bytes;
	}
}

/* All that its peer makes us keep, beyond what each connection may. */
static size_t kept_bytes(const struct connection *connection)
{
	size_t kept = rpc_session_kept_bytes(connection->session) + kept_outside(connection);
	return kept > LIMIT_CONNECTION_OWN_BYTES ? kept - LIMIT_CONNECTION_OWN_BYTES : 0;
}

/* Who keeps much soon keeps more. */
static size_t spare_of(size_t kept)
{
	return kept < SPARE_BYTES ? kept : SPARE_BYTES;
}

static void allow(struct connection *connection)
{
	size_t outside = kept_outside(connection), granted = connection->granted_bytes + LIMIT_CONNECTION_OWN_BYTES;
	rpc_session_allow(connection->session, granted > outside ? granted - outside : 0);
}

/* So much more may be kept. */
static bool on_memory(void *context, size_t more)
{
	struct connection *connection = context;
	bool granted = grant(connection, more + spare_of(connection->granted_bytes), false) || grant(connection, more, false);
	allow(connection);
	return granted;
}

/* Counts what is kept now; `most` may be granted beside it. */
static void settle(struct connection *connection, size_t most)
{
	connection->output_bytes = io_output_size(connection->io);
	size_t kept = kept_bytes(connection), granted = connection->granted_bytes;
	if (granted < kept) {
		grant(connection, kept - granted, true);
	} else if (granted - kept > most) {
		give_back(connection, granted - kept);
	}
	allow(connection);
}

void connection_settle(struct connection *connection)
{
	if (connection->session) {
		settle(connection, rpc_session_calls(connection->session) > 0 ? 2 * SPARE_BYTES : 0);
	}
}

/* Its peer has shown a token: from here on it counts as those do, and may send what they may. False where they keep too much already. */
static bool now_known(struct connection *connection)
{
	size_t kept = kept_bytes(connection);
	give_back(connection, connection->granted_bytes);
	connection->known = true;
	if (kept > 0 && !grant(connection, kept, false)) {
		connection->known = false;
		grant(connection, kept, true);
		return false;
	}
	allow(connection);
	rpc_session_set_message_bytes(connection->session, server_options(connection->worker->server)->limits.session.message_bytes);
	return true;
}

static int pressed(const struct connection *connection)
{
	return admission_pressed(server_admission(connection->worker->server), &connection->address, connection->known);
}

/* Its address keeps too much: nothing more is begun here that makes for replies; where none wait here, not before it is much too much. */
static bool held_back(const struct connection *connection)
{
	return pressed(connection) > (rpc_session_queued_bytes(connection->session) + connection->output_bytes == 0);
}

/* ---- calls --------------------------------------------------------------------------------------------------------------------------- */

static const char *metadata(struct rpc_call *call, const char *name)
{
	const char *value = rpc_call_metadata(call, name);
	return value ? value : "";
}

static const char *bearer(struct rpc_call *call)
{
	const char *value = rpc_call_metadata(call, "authorization");
	return value && strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 + strspn(value + 7, " ") : "";
}

static void refuse(struct connection *connection, struct rpc_call *call, const char *reason, const char *message)
{
	struct status st;
	status_init(&st);
	status_fail(&st, STATUS_RESOURCE_EXHAUSTED, reason, "%s; try again", message);
	connection_activate(connection);
	rpc_call_finish(call, &st);
}

/* What kamd keeps of a call, made when there is something to do for it: a stream that was opened and no more costs little. */
static struct operation *operation_of(struct connection *connection, struct rpc_call *call)
{
	struct operation *op = rpc_call_user(call);
	if (op) {
		return op;
	}
	op = worker_operation(connection->worker);
	if (!op) {
		refuse(connection, call, "MEMORY", "the server is out of memory");
		return NULL;
	}
	op->connection = connection;
	op->call_id = rpc_call_id(call);
	op->method = rpc_call_method(call);
	op->deadline_us = rpc_call_deadline_us(call);
	op->token = bearer(call);
	op->certificate = io_certificate(connection->io);
	if (op->certificate && rpc_call_metadata(call, "authorization")) {
		op->certificate = NULL; /* what is sent with a call decides */
	}
	op->client = metadata(call, "user-agent");
	op->as_of = metadata(call, "kam-as-of");
	op->min_revision = metadata(call, "kam-min-revision");
	op->peer = io_peer(connection->io);
	rpc_call_set_user(call, op);
	if (op->method->client_streaming) {
		worker_keep(op);
	}
	return op;
}

/* The token is looked at before anything of a message is kept. On a connection that has shown one, that of each further call is looked up once, when it runs. */
static void on_begin(void *context, struct rpc_call *call)
{
	struct connection *connection = context;
	connection->called = true;
	if (connection->known && rpc_call_metadata(call, "authorization") && !rpc_call_method(call)->client_streaming) {
		return;
	}
	struct operation *op = operation_of(connection, call);
	bool looked_at = connection->known && op && *op->token;
	bool admitted = op && (looked_at || worker_admit(op));
	if (admitted && *op->user && !connection->known) {
		if (!now_known(connection)) {
			op->finished = true;
			refuse(connection, call, "CONNECTION_BUSY", "too many calls at once from this address");
		} else if (op->certificate) {
			server_record_certificate(connection->worker->server, op);
		}
	} else if (admitted && !connection->known && rpc_session_calls(connection->session) > LIMIT_STRANGER_CALLS) {
		op->finished = true;
		refuse(connection, call, "CONNECTION_BUSY", "too many calls on a connection that has shown no token");
	}
}

/* Messages are copied out of the session's callback and handled in the turn. A stream that sends faster than it is served is held back. */
static void on_message(void *context, struct rpc_call *call, struct bytes message)
{
	struct connection *connection = context;
	struct operation *op = operation_of(connection, call);
	if (!op || op->finished) {
		return;
	}
	size_t held = rpc_call_held_bytes(call), more = message.size > held ? message.size - held : 0; /* what was held of it is let go of next */
	size_t kept = kept_bytes(connection) + more;
	bool room = connection->waiting_bytes + message.size <= LIMIT_CONNECTION_WAITING_BYTES &&
	            (kept <= connection->granted_bytes || on_memory(connection, kept - connection->granted_bytes));
	size_t size = sizeof(struct waiting_message) + message.size;
	struct waiting_message *copy = !room ? NULL : op->method->client_streaming ? malloc(size) : arena_alloc(&op->stream.arena, size);
	if (!copy) {
		op->finished = true;
		refuse(connection, call, "CONNECTION_BUSY", "too many requests are waiting on this connection");
		return;
	}
	connection->waiting_bytes += message.size;
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
	struct operation *op = operation_of(context, call);
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

void connection_forget(struct operation *op)
{
	struct connection *connection = op->connection;
	if (op->ready) {
		TAILQ_REMOVE(&connection->ready, op, ready_entry);
		op->ready = false;
	}
	connection->waiting_bytes -= op->current ? op->current->size : 0;
	for (const struct waiting_message *message = op->waiting; message; message = message->next) {
		connection->waiting_bytes -= message->size;
	}
	connection->readers -= op->reading;
	op->reading = false;
	op->connection = NULL;
}

/* A stranger's call that cost us more than its peer. Wrong passwords are held off by other means, and many people's may come over one connection of a proxy's. */
static bool wasted(const struct rpc_call *call)
{
	const struct schema_method *method = rpc_call_method(call);
	switch (rpc_call_outcome(call)) {
	case STATUS_INVALID_ARGUMENT:
	case STATUS_RESOURCE_EXHAUSTED:
		return true;
	case STATUS_UNAUTHENTICATED:
		return method && method->audience != AUDIENCE_ANONYMOUS;
	default:
		return false;
	}
}

static void on_ended(void *context, struct rpc_call *call, bool cancelled)
{
	struct operation *op = rpc_call_user(call);
	struct connection *connection = context;
	(void)cancelled;
	if (!connection->known && wasted(call) && ++connection->refusals == LIMIT_STRANGER_REFUSALS) {
		cut(connection, "too_many_refused");
	}
	if (!op) {
		return;
	}
	rpc_call_set_user(call, NULL);
	atomic_store(&op->cancelled, true);
	connection_forget(op);
	if (!op->running) {
		worker_recycle(op);
	}
}

/* A file is not worth the memory of a peer that takes none of what it asked for before. */
static void on_http(void *context, struct rpc_call *call, const char *method, const char *path)
{
	struct connection *connection = context;
	connection->called = true;
	if (rpc_session_queued_bytes(connection->session) > LIMIT_STREAM_QUEUE_BYTES || held_back(connection)) {
		static const char *const headers[] = {"retry-after", "1", NULL};
		rpc_call_respond(call, 503, headers, (struct bytes){NULL, 0});
		return;
	}
	web_answer(server_options(connection->worker->server)->web, call, method, path);
	connection_settle(connection);
}

static const struct rpc_server_events rpc_events = {
	.begin = on_begin,
	.message = on_message,
	.half_close = on_half_close,
	.writable = on_writable,
	.ended = on_ended,
	.http = on_http,
	.memory = on_memory,
};

/* ---- bytes ----------------------------------------------------------------------------------------------------------------------------- */

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct connection *connection = context;
	struct server *server = connection->worker->server;
	const struct server_options *from = server_options(server);
	struct rpc_limits limits = from->limits.session;
	struct rpc_server_options options = {.schema = from->engine->schema, .limits = &limits, .origins = from->origins, .http1 = strcmp(alpn, "h2") != 0};
	(void)io;
	limits.message_bytes = LIMIT_STRANGER_MESSAGE_BYTES;
	connection->session = rpc_server_new(&options, &rpc_events, connection);
	connection_settle(connection);
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
	if (io_certificate_refused(io)) {
		server_notice(connection->worker->server, SERVER_CERTIFICATE_REFUSED, io_peer(io), reason);
	}
	log_event(LOG_DEBUG, "closed", "peer", "%s", io_peer(io), "reason", "%s", reason, NULL);
	connection->dead = true;
	connection_activate(connection);
}

static const struct io_events io_events = {on_open, on_data, on_drained, on_closed};

void connection_open(struct worker *worker, const struct waiting_socket *from)
{
	struct connection *connection = calloc(1, sizeof *connection);
	struct status st;
	status_init(&st);
	if (!connection) {
		close(from->socket);
		admission_leave(server_admission(worker->server), &from->address);
		return;
	}
	connection->worker = worker;
	connection->address = from->address;
	TAILQ_INIT(&connection->ready);
	connection->opened_us = connection->used_us = clock_monotonic_us();
	connection->io = io_accept(worker->base, from->socket, server_tls(worker->server), &io_events, connection, &st);
	if (!connection->io) {
		log_event(LOG_WARN, "accept_failed", "message", "%s", st.message, NULL);
		free(connection);
		admission_leave(server_admission(worker->server), &from->address);
		return;
	}
	io_set_low_mark(connection->io, LOW_MARK_BYTES);
	TAILQ_INSERT_TAIL(&worker->connections, connection, all);
}

bool connection_full(const struct connection *connection)
{
	return rpc_session_queued_bytes(connection->session) > LIMIT_CONNECTION_QUEUE_BYTES || connection->readers >= LIMIT_CONNECTION_READERS || held_back(connection);
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
	const char *offence = connection->session ? rpc_session_offence(connection->session) : NULL;
	bool more = !done && !offence && io_output_size(connection->io) >= LIMIT_OUTPUT_BYTES; /* an answer that goes out before the end does */
	if ((connection->closing || done) && !more && !connection->finishing) {
		if (offence) {
			server_notice(connection->worker->server, SERVER_PEER_CUT, io_peer(connection->io), offence);
		}
		connection->finishing = true;
		io_finish(connection->io);
	}
	connection_settle(connection);
}

static void connection_free(struct connection *connection)
{
	struct worker *worker = connection->worker;
	TAILQ_REMOVE(&worker->connections, connection, all);
	rpc_session_free(connection->session);
	give_back(connection, connection->granted_bytes);
	if (connection->active) {
		TAILQ_REMOVE(&worker->active, connection, active_entry);
	}
	if (connection->waiting) {
		TAILQ_REMOVE(&worker->waiting, connection, turn_entry);
	}
	io_free(connection->io);
	admission_leave(server_admission(worker->server), &connection->address);
	free(connection);
}

void connections_turn(struct worker *worker)
{
	struct connection *connection;
	while ((connection = TAILQ_FIRST(&worker->active)) != NULL) {
		TAILQ_REMOVE(&worker->active, connection, active_entry);
		connection->active = false;
		if (!connection->dead) {
			flush(connection);
			worker_unpark(connection);
		}
		if (connection->dead) {
			connection_free(connection);
		}
	}
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------------- */

static bool passed(int64_t now_us, int64_t since_us, unsigned ms)
{
	return now_us - since_us > (int64_t)ms * 1000;
}

/* Whether its peer has for too long taken less of its replies than it must. */
static bool stalled(struct connection *connection, const struct server_limits *limits, int64_t now_us)
{
	bool hard = pressed(connection);
	size_t unsent = io_output_size(connection->io) + rpc_session_queued_bytes(connection->session);
	size_t least = hard && unsent > LIMIT_PRESSED_STALL_BYTES ? LIMIT_PRESSED_STALL_BYTES : LIMIT_STALL_BYTES;
	unsigned patience_ms = hard && limits->stall_ms > LIMIT_PRESSED_STALL_MS ? LIMIT_PRESSED_STALL_MS : limits->stall_ms;
	if (unsent == 0 || unsent + least <= connection->moved_unsent_bytes || connection->replies != connection->moved_replies || !connection->moved_us) {
		connection->moved_unsent_bytes = unsent;
		connection->moved_replies = connection->replies;
		connection->moved_us = now_us;
	}
	return passed(now_us, connection->moved_us, patience_ms);
}

static void sweep(struct connection *connection, const struct server_limits *limits, int64_t now_us)
{
	if (!connection->session) {
		if (passed(now_us, connection->opened_us, limits->handshake_ms)) {
			cut(connection, "slow_handshake");
		}
		return;
	}
	bool quiet = rpc_session_calls(connection->session) == 0;
	settle(connection, 0); /* what is spare now would be kept from others as long as this one is idle */
	bool late = !connection->called && passed(now_us, connection->opened_us, limits->handshake_ms);
	if (quiet && (late || passed(now_us, connection->used_us, limits->idle_ms))) {
		rpc_session_shutdown(connection->session, true);
		connection->closing = true;
	} else if (stalled(connection, limits, now_us)) {
		cut(connection, "no_reply_taken");
	} else {
		connection->closing |= !rpc_session_tick(connection->session, now_us);
	}
	if (!quiet || connection->closing || connection->parked) { /* for what the tick has to say, or because others have let go of memory */
		connection_activate(connection);
	}
}

void connections_sweep(struct worker *worker)
{
	const struct server_limits *limits = &server_options(worker->server)->limits;
	int64_t now_us = clock_monotonic_us();
	struct connection *connection;
	TAILQ_FOREACH(connection, &worker->connections, all) {
		if (!connection->dead && !connection->finishing) {
			sweep(connection, limits, now_us);
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
