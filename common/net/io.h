/* SPDX-License-Identifier: Apache-2.0
 *
 * io.h - a byte stream over TLS or plain TCP on a libevent base, without showing libevent to its user's protocol.
 *
 * Owns:    an io owns its socket and TLS state; its owner frees it with io_free, in any of its callbacks too. `events`, `context` and the base must outlive
 *          it. Bytes and texts handed to callbacks live until they return.
 * Bounds:  reading stops by io_set_reading(false); writing is bounded by the owner, who asks io_output_size before adding.
 * Errors:  `closed` comes once, last of all events, unless the owner freed the io before: `reason` is a short phrase for the log.
 * Threads: all calls on the base's thread. Callbacks come from the loop, never from within a function of this header.
 * Source:  OpenSMTPD ioev.h (idea); libevent bufferevent, listener.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/status.h"

struct event_base;
struct evbuffer;
struct io;
struct tls;
struct sockaddr;

struct io_events {
	/* The peer is connected and, with TLS, its handshake is done; `alpn` is "h2", "http/1.1" or "" . */
	void (*open)(void *context, struct io *io, const char *alpn);
	/* Bytes came in. Returns how many were taken; the rest is kept and offered again with the next. */
	size_t (*data)(void *context, struct io *io, struct bytes bytes);
	/* Output was sent, and what is left is at most the low mark set by io_set_low_mark; without one, nothing is left. */
	void (*drained)(void *context, struct io *io);
	/* The stream is over: the peer closed, an error, or io_finish is done. The owner frees the io, here or later. */
	void (*closed)(void *context, struct io *io, const char *reason);
};

/* Adopts a connected or accepted socket. `tls` NULL: plain; otherwise it must outlive the io. Closes the socket when it fails: NULL without memory. */
struct io *io_accept(struct event_base *base, int socket, struct tls *tls, const struct io_events *events, void *context, struct status *st);
/* Connects to host:port ("localhost:8443", "[::1]:8443"), verifying the server's name by `tls`; the outcome comes as open or closed. Looking the name up
 * blocks. NULL where the address is none or the name is not known, or without memory. */
struct io *io_connect(struct event_base *base, const char *address, struct tls *tls, const struct io_events *events, void *context, struct status *st);
/* Closes at once, and drops what is queued; nothing is called back any more. NULL is fine. */
void io_free(struct io *io);
/* Sends what is queued, for LIMIT_DRAIN_MS at most, then closes: `closed` follows, and nothing before it. What still comes in is dropped. Before
 * `open` it closes without sending. */
void io_finish(struct io *io);

/* Queues a copy of the bytes; during a TLS handshake they wait for its end. False, and nothing was queued: not connected yet, finishing or closed (`closed`
 * follows, or was called), or out of memory. */
bool io_write(struct io *io, struct bytes bytes);
/* The same with a whole evbuffer's content, which is moved without copying. */
bool io_write_buffer(struct io *io, struct evbuffer *buffer);
/* Bytes that are queued. */
size_t io_output_size(const struct io *io);
/* Where `drained` comes, in bytes; 0 at first. */
void io_set_low_mark(struct io *io, size_t bytes);
/* Stop or go on handing over what comes in, from `open` on. What has come in meanwhile follows from the loop. */
void io_set_reading(struct io *io, bool reading);
/* The certificate that the peer has shown and that was verified, where it was asked for one (tls_server_ask). */
enum { IO_CERTIFICATE_NAME_BYTES = 228, IO_CERTIFICATE_SERIAL_BYTES = 41 };
struct io_certificate {
	char name[IO_CERTIFICATE_NAME_BYTES]; /* its one URI, or where it has none its one e-mail address (subjectAltName); "": none, several, not plain */
	char serial[IO_CERTIFICATE_SERIAL_BYTES]; /* in hexadecimal */
	int64_t end_us;                       /* wall clock at which it expires */
};
/* NULL: none. Lives as long as the io. */
const struct io_certificate *io_certificate(const struct io *io);
/* The handshake failed, or failed at first, because the peer's certificate was not accepted. */
bool io_certificate_refused(const struct io *io);
/* The peer's numeric address without port, "" if unknown; while connecting the one that is tried. Lives as long as the io. */
const char *io_peer(const struct io *io);

/* ---- listening ---------------------------------------------------------------------------------------------------------- */

struct listener;
/* A connection came; whoever is called owns its socket. `peer` is its numeric address without port and lives until this returns. */
typedef void listener_accept(void *context, int socket, const char *peer);
/* Listens on host:port (port 0: any free one). Out of file descriptors it rests for LIMIT_ACCEPT_REST_MS instead of spinning; `accept` is told so with socket -1. */
struct listener *listener_new(struct event_base *base, const char *address, listener_accept *accept, void *context, struct status *st);
/* Takes over a TCP socket that listens already, and closes it in the end, at once when this fails. */
struct listener *listener_adopt(struct event_base *base, int socket, listener_accept *accept, void *context, struct status *st);
/* 0 if unknown. */
int listener_port(const struct listener *listener);
/* Listens no more; accepted sockets are not its own. NULL is fine. */
void listener_free(struct listener *listener);
