/* SPDX-License-Identifier: Apache-2.0
 *
 * scripted_server.h - a server in the loop of the test: real TLS, real HTTP/2, answers as each test scripts them; and the fixture around it.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/lib/kam.h"
#include "common/base/limits.h"
#include "common/net/io.h"
#include "common/net/tls.h"
#include "common/rpc/rpc.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char get[] = "/kam.v1.AccountService/GetAccount";
static const char watch[] = "/kam.v1.WatchService/Watch";
static const char import[] = "/kam.v1.ImportService/Import";
static const struct kam_bytes request = {(const uint8_t *)"\x0a\x03one", 5};

enum { CONNECTIONS = 16 };

struct connection {
	struct server *server;
	struct io *io;
	struct rpc_session *session;
	bool closed;
};

/* What the server does, and what it saw. */
struct server {
	struct event_base *base;
	struct schema *schema;
	struct tls *tls;
	struct listener *listener;
	struct event *pump;
	struct connection connections[CONNECTIONS];
	size_t accepted, calls;
	unsigned fail_calls;   /* so many calls end UNAVAILABLE */
	unsigned drop_calls;   /* at so many calls the connection is closed */
	bool silent;           /* never answers, nor sends what was sent back */
	bool plain_failure;    /* NOT_FOUND with a violation */
	bool go_away;          /* after each call: no more on this connection */
	unsigned stream_count; /* messages that a watch sends */
	size_t received_bytes, received_messages;
	const char *pushback;  /* grpc-retry-pushback-ms of failed calls */
	char authorization[64], header[64], user_agent[64], previous_attempts[8];
};

struct fixture {
	char directory[64];
	char address[32];
	char ca[96];
	struct server server;
	struct kam *kam;
	struct kam_status st;
};

/* ---- the server --------------------------------------------------------------------------------------------------------- */

static void connection_pump(struct connection *connection)
{
	while (connection->session && connection->io && !connection->closed) {
		struct bytes bytes = rpc_session_send(connection->session);
		if (bytes.size == 0) {
			break;
		}
		io_write(connection->io, bytes);
	}
}

static void connection_end(struct connection *connection)
{
	rpc_session_free(connection->session);
	io_free(connection->io);
	connection->session = NULL;
	connection->io = NULL;
}

static void on_pump(evutil_socket_t socket, short what, void *context)
{
	(void)socket;
	(void)what;
	struct server *server = context;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		connection_pump(&server->connections[i]);
		if (server->connections[i].closed && server->connections[i].io) {
			connection_end(&server->connections[i]);
		}
	}
}

static void on_message(void *context, struct rpc_call *call, struct bytes message)
{
	struct connection *connection = context;
	struct server *server = connection->server;
	server->received_bytes += message.size;
	server->received_messages++;
	const char *path = rpc_call_method(call)->path;
	if (strcmp(path, import) == 0 && !server->silent) {
		rpc_call_send(call, message);
	}
}

/* Whether the script wants the call to fail. */
static bool fails(struct server *server, struct rpc_call *call, struct status *st)
{
	if (server->fail_calls == 0) {
		return false;
	}
	server->fail_calls--;
	if (server->pushback) {
		rpc_call_add_metadata(call, "grpc-retry-pushback-ms", server->pushback);
	}
	status_fail(st, STATUS_UNAVAILABLE, "", "busy");
	return true;
}

static void finish_stream(struct server *server, struct rpc_call *call)
{
	struct status st;
	status_init(&st);
	for (unsigned i = 0; i < server->stream_count; i++) {
		char data[1000];
		memset(data, 'a' + (int)(i % 26), sizeof data);
		rpc_call_send(call, (struct bytes){(const uint8_t *)data, sizeof data});
	}
	fails(server, call, &st);
	rpc_call_finish(call, &st);
}

static void finish_unary(struct server *server, struct rpc_call *call)
{
	struct status st;
	status_init(&st);
	if (server->plain_failure) {
		status_field(&st, "name", "there is none");
	} else if (!fails(server, call, &st)) {
		rpc_call_add_metadata(call, "kam-revision", "42");
		rpc_call_send(call, (struct bytes){(const uint8_t *)"\x0a\x03one", 5});
	}
	rpc_call_finish(call, &st);
}

static void note_header(struct rpc_call *call, const char *name, char *text, size_t size)
{
	const char *value = rpc_call_metadata(call, name);
	snprintf(text, size, "%s", value ? value : "");
}

static void on_half_close(void *context, struct rpc_call *call)
{
	struct connection *connection = context;
	struct server *server = connection->server;
	note_header(call, "authorization", server->authorization, sizeof server->authorization);
	note_header(call, "kam-as-of", server->header, sizeof server->header);
	note_header(call, "user-agent", server->user_agent, sizeof server->user_agent);
	note_header(call, "grpc-previous-rpc-attempts", server->previous_attempts, sizeof server->previous_attempts);
	server->calls++;
	if (server->drop_calls > 0) {
		server->drop_calls--;
		connection->closed = true;
		return;
	}
	if (server->silent) {
		return;
	}
	(rpc_call_method(call)->server_streaming ? finish_stream : finish_unary)(server, call);
	if (server->go_away) {
		rpc_session_shutdown(connection->session, true);
	}
}

static void on_ended(void *context, struct rpc_call *call, bool cancelled)
{
	(void)context;
	(void)call;
	(void)cancelled;
}

static void on_begin(void *context, struct rpc_call *call)
{
	(void)context;
	(void)call;
}

static const struct rpc_server_events server_events = {
	.begin = on_begin,
	.message = on_message,
	.half_close = on_half_close,
	.writable = on_begin,
	.ended = on_ended,
};

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct connection *connection = context;
	(void)io;
	assert_string_equal(alpn, "h2");
	connection->session = rpc_server_new(&(struct rpc_server_options){.schema = connection->server->schema}, &server_events, connection);
	event_active(connection->server->pump, EV_TIMEOUT, 0);
}

static size_t on_data(void *context, struct io *io, struct bytes bytes)
{
	struct connection *connection = context;
	(void)io;
	if (!connection->closed && connection->session && !rpc_session_receive(connection->session, bytes)) {
		connection->closed = true;
	}
	event_active(connection->server->pump, EV_TIMEOUT, 0);
	return bytes.size;
}

static void on_drained(void *context, struct io *io)
{
	struct connection *connection = context;
	(void)io;
	event_active(connection->server->pump, EV_TIMEOUT, 0);
}

static void on_closed(void *context, struct io *io, const char *reason)
{
	struct connection *connection = context;
	(void)io;
	(void)reason;
	connection->closed = true;
	event_active(connection->server->pump, EV_TIMEOUT, 0);
}

static const struct io_events connection_events = {on_open, on_data, on_drained, on_closed};

static void on_accept(void *context, int socket, const char *peer)
{
	struct server *server = context;
	struct status st;
	(void)peer;
	status_init(&st);
	struct connection *connection = &server->connections[server->accepted++ % CONNECTIONS];
	assert_null(connection->io);
	*connection = (struct connection){.server = server};
	connection->io = io_accept(server->base, socket, server->tls, &connection_events, connection, &st);
	assert_non_null(connection->io);
}

/* ---- the fixture ---------------------------------------------------------------------------------------------------------- */

/* On the port it had before, if it listened before. */
static inline void start_listening(struct fixture *fixture)
{
	struct server *server = &fixture->server;
	struct status st;
	status_init(&st);
	server->listener = listener_new(server->base, fixture->address, on_accept, server, &st);
	assert_non_null(server->listener);
	snprintf(fixture->address, sizeof fixture->address, "127.0.0.1:%d", listener_port(server->listener));
}

static inline int set_up(void **state)
{
	static const char *const names[] = {"localhost", "127.0.0.1"};
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct server *server = &fixture->server;
	char certificate[128], key[128];
	struct status st;
	status_init(&st);
	snprintf(fixture->directory, sizeof fixture->directory, "scripted_server.%ld", (long)getpid());
	assert_int_equal(mkdir(fixture->directory, 0700), 0);
	assert_true(tls_make_ca(fixture->directory, "test", &st));
	assert_true(tls_make_server(fixture->directory, names, 2, 30, &st));
	snprintf(certificate, sizeof certificate, "%s/server.pem", fixture->directory);
	snprintf(key, sizeof key, "%s/server.key", fixture->directory);
	snprintf(fixture->ca, sizeof fixture->ca, "%s/ca.pem", fixture->directory);
	server->base = event_base_new();
	server->schema = schema_new(schema_source_kam(), &st);
	assert_non_null(server->schema);
	server->tls = tls_server_new(certificate, key, false, &st);
	assert_non_null(server->tls);
	server->pump = event_new(server->base, -1, 0, on_pump, server);
	snprintf(fixture->address, sizeof fixture->address, "127.0.0.1:0");
	start_listening(fixture);
	*state = fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;
	struct server *server = &fixture->server;
	static const char *const files[] = {"ca.pem", "ca.key", "server.pem", "server.key"};
	kam_close(fixture->kam);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		connection_end(&server->connections[i]);
	}
	listener_free(server->listener);
	event_free(server->pump);
	tls_free(server->tls);
	schema_free(server->schema);
	event_base_free(server->base);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", fixture->directory, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

static inline void open_kam(struct fixture *fixture)
{
	const struct kam_options options = {
		.server = fixture->address,
		.ca_file = fixture->ca,
		.token = "secret",
		.user_agent = "test/1",
		.base = fixture->server.base,
		.connect_timeout_ms = 30000,
	};
	fixture->kam = kam_open(&options, &fixture->st);
	assert_non_null(fixture->kam);
}

/* An answered call whose reply is not looked at. */
static inline bool call(struct fixture *fixture, const struct kam_call_options *options)
{
	struct kam_reply reply;
	bool answered = kam_call(fixture->kam, get, request, options, &reply, &fixture->st);
	if (answered) {
		kam_reply_free(&reply);
	}
	return answered;
}
