/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.h - one peer: a byte stream of common/net below, a session of common/rpc above, and nothing between them but bytes.
 *
 * Nothing is sent or freed in a callback: callbacks only activate the connection, and connections_turn, once a turn of the loop, does the rest.
 */
#pragma once

#include "common/rpc/rpc.h"

#include <sys/queue.h>

struct connection;
struct event_base;
struct io;
struct tls;

TAILQ_HEAD(connection_list, connection);

struct server {
	struct event_base *base;
	struct schema *schema;
	struct tls *tls;               /* NULL: plain TCP, where HTTP/2 is spoken from the first byte (h2c) */
	const char *const *origins;    /* whose web pages may call */
	struct connection_list connections;
	struct arena scratch;          /* for one reply at a time */
};

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct server *server;
	struct io *io;
	struct rpc_session *session;   /* from the end of the handshake on */
	bool active;                   /* something happened since its last turn */
	bool closing;                  /* send what is left, then close */
	bool dead;                     /* the stream is gone */
};

/* Takes an accepted socket. */
void connection_open(struct server *server, int socket);
/* It may have something to send. */
void connection_activate(struct connection *connection);
/* Sends what there is to send, and frees the dead. */
void connections_turn(struct server *server);
/* Once a second: lets the sessions end what waited too long. */
void connections_tick(struct server *server);
/* Frees all of them, with their calls. */
void connections_free(struct server *server);
