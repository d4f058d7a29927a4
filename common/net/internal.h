/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.h - what the files of this folder share; nobody else includes it.
 */
#pragma once

#include "common/base/status.h"
#include "common/net/io.h"

#include <event2/util.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <sys/socket.h>

struct tls;
struct bufferevent;
struct event;

/* ---- address.c ---------------------------------------------------------------------------------------------------------- */

enum { ADDRESS_TEXT_BYTES = 64, ADDRESS_HOST_BYTES = 256 };

/* Resolves host:port, [host]:port or :port (`passive`: to listen on; without host every address). The list goes to freeaddrinfo. `ret_host` holds
 * ADDRESS_HOST_BYTES and gets the host without brackets. */
bool address_resolve(const char *address, bool passive, struct addrinfo **ret_list, char *ret_host, struct status *st);
/* The numeric address without port: "192.0.2.1", "::1"; "" where the family has none. */
void address_text(const struct sockaddr *address, socklen_t size, char text[ADDRESS_TEXT_BYTES]);

/* ---- tls.c ------------------------------------------------------------------------------------------------------------------ */

/* A connection's state from the context of this moment; `host` is the server's name or address to check (client). NULL without memory. */
SSL *tls_connection_new(struct tls *tls, const char *host);
/* What a server knows of the certificate that its client has shown; NULL where there was none, or without memory (`ret_ok` false). Freed by free(3). */
struct io_certificate *tls_peer_certificate(SSL *ssl, bool *ret_ok);
/* The oldest error in OpenSSL's queue as a phrase; empties the queue. */
void tls_error_text(char *text, size_t size);

/* ---- io.c, connect.c ---------------------------------------------------------------------------------------------------------- */

enum io_state {
	IO_CONNECTING, /* no bufferevent yet: connect.c tries the addresses in turn */
	IO_HANDSHAKE,  /* until `open` is called; plain sockets pass it within a turn */
	IO_OPEN,
	IO_FINISHING,  /* io_finish: until the output is empty */
	IO_LINGERING,  /* our side is shut; until the peer shuts its own */
	IO_CLOSED,     /* `closed` was called */
};

struct io {
	struct event_base *base;
	struct bufferevent *bufferevent;
	struct tls *tls;
	const struct io_events *events;
	void *context;
	enum io_state state;
	struct event *timer;      /* what it means depends on the state */
	bool stopped;             /* by io_set_reading */
	bool resting;             /* what came in waits for other connections' turns; nothing is read, and the timer runs */
	unsigned piece_bytes;     /* given to the owner at a time */
	bool partial;             /* the owner left bytes: show them in one piece with the next */
	bool freed;               /* by its owner, while `busy` callbacks are on the stack */
	unsigned busy;
	size_t low_mark_bytes;    /* by io_set_low_mark */
	size_t lingered_bytes;    /* taken since our side is done */
	bool certificate_refused;
	struct io_certificate *certificate; /* a client's, of a server's io; NULL: none was shown */
	char peer[ADDRESS_TEXT_BYTES];

	/* connecting only */
	struct addrinfo *addresses, *next_address;
	struct event *connected;
	evutil_socket_t socket;
	struct io_names *names;
};

/* What only a client's io needs, as long as it lives. */
struct io_names {
	char host[ADDRESS_HOST_BYTES];
	char reason[192]; /* why the last address failed */
};

struct io *io_new(struct event_base *base, struct tls *tls, const struct io_events *events, void *context, struct status *st);
/* Puts a connected socket under the io, which owns it from here on even when this fails. */
bool io_attach(struct io *io, evutil_socket_t socket, bool client);
/* The one way to the `closed` event, from a callback of the loop. */
void io_close(struct io *io, const char *reason);
/* Tries the next address; closes the io where there is none. */
void connect_next(struct io *io);
/* Frees what only a connecting io has. */
void connect_done(struct io *io);
