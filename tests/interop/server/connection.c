/* SPDX-License-Identifier: Apache-2.0
 */
#include "tests/interop/server/connection.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/net/io.h"
#include "tests/interop/server/service.h"

#include <stdlib.h>
#include <unistd.h>

enum { LOW_MARK_BYTES = 32768 /* of output: time for more */ };

void connection_activate(struct connection *connection)
{
	connection->active = true;
}

/* ---- the byte stream calls back --------------------------------------------------------------------------------------------- */

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct connection *connection = context;
	const struct rpc_server_options options = {
		.schema = connection->server->schema,
		.origins = connection->server->origins,
		.http1 = connection->server->tls && strcmp(alpn, "h2") != 0,
	};
	(void)io;
	connection->session = rpc_server_new(&options, &service_events, connection);
	connection->closing = !connection->session;
	connection_activate(connection);
}

static size_t on_data(void *context, struct io *io, struct bytes bytes)
{
	struct connection *connection = context;
	(void)io;
	if (connection->session && !connection->closing) {
		connection->closing = !rpc_session_receive(connection->session, bytes);
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
	(void)io, (void)reason;
	connection->dead = true;
	connection_activate(connection);
}

static const struct io_events io_events = {on_open, on_data, on_drained, on_closed};

/* ---- its life ------------------------------------------------------------------------------------------------------------------ */

void connection_open(struct server *server, int socket)
{
	struct connection *connection = calloc(1, sizeof *connection);
	struct status st;
	status_init(&st);
	if (!connection) {
		close(socket);
		return;
	}
	connection->server = server;
	connection->io = io_accept(server->base, socket, server->tls, &io_events, connection, &st);
	if (!connection->io) {
		free(connection);
		return;
	}
	io_set_low_mark(connection->io, LOW_MARK_BYTES);
	TAILQ_INSERT_TAIL(&server->connections, connection, entry);
}

static void connection_free(struct connection *connection)
{
	TAILQ_REMOVE(&connection->server->connections, connection, entry);
	rpc_session_free(connection->session);
	io_free(connection->io);
	free(connection);
}

/* A peer that does not read stops its own replies here; what waits for them waits in the calls, by rpc_call_send. */
static void flush(struct connection *connection)
{
	struct bytes bytes;
	while (connection->session && io_output_size(connection->io) < LIMIT_OUTPUT_BYTES && (bytes = rpc_session_send(connection->session)).size > 0) {
		if (!io_write(connection->io, bytes)) {
			connection->dead = true;
			return;
		}
	}
	if (connection->closing || (connection->session && rpc_session_done(connection->session))) {
		io_finish(connection->io);
	}
}

void connections_turn(struct server *server)
{
	struct connection *connection, *next;
	for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
		next = TAILQ_NEXT(connection, entry);
		if (connection->active && !connection->dead) {
			connection->active = false;
			flush(connection);
		}
		if (connection->dead) {
			connection_free(connection);
		}
	}
}

void connections_tick(struct server *server)
{
	struct connection *connection;
	TAILQ_FOREACH(connection, &server->connections, entry) {
		if (connection->session && !rpc_session_tick(connection->session, clock_monotonic_us())) {
			connection->closing = true;
		}
		connection_activate(connection);
	}
}

void connections_free(struct server *server)
{
	struct connection *connection;
	while ((connection = TAILQ_FIRST(&server->connections)) != NULL) {
		connection_free(connection);
	}
}
