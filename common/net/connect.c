/* SPDX-License-Identifier: Apache-2.0
 *
 * connect.c - reaching a server that may have several addresses: one after the other, each with its own time, until one answers.
 *
 * Connecting is done on the bare socket, so that a refused connection (try the next) and a refused certificate (stop) cannot be confused.
 */
#include "common/base/limits.h"
#include "common/net/internal.h"
#include "common/net/io.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void drop_socket(struct io *io)
{
	if (io->connected != NULL) {
		event_free(io->connected);
		io->connected = NULL;
	}
	if (io->socket >= 0) {
		evutil_closesocket(io->socket);
		io->socket = -1;
	}
}

void connect_done(struct io *io)
{
	drop_socket(io);
	if (io->addresses != NULL) {
		freeaddrinfo(io->addresses);
		io->addresses = io->next_address = NULL;
	}
}

static void note_failure(struct io *io, int error)
{
	snprintf(io->names->reason, sizeof io->names->reason, "cannot connect to %s: %s", io->peer, strerror(error));
}

static void on_connected(evutil_socket_t socket, short what, void *context)
{
	struct io *io = context;
	int error = 0;
	socklen_t size = sizeof error;
	if (what & EV_TIMEOUT) {
		error = ETIMEDOUT;
	} else if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
		error = errno;
	}
	if (error != 0) {
		note_failure(io, error);
		connect_next(io);
		return;
	}
	io->socket = -1; /* io_attach owns it */
	connect_done(io);
	if (!io_attach(io, socket, true)) {
		io_close(io, "out of memory");
	}
}

/* A server that has vanished says nothing, and a watch has nothing to send that would find out. */
static void notice_silence(int socket)
{
	const int on = 1, seconds = LIMIT_SILENCE_MS / 1000, interval = 10, milliseconds = LIMIT_SILENCE_MS;
	setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds); /* of probes and of data (RFC 5482) */
}

/* Starts on one address; what becomes of it comes to on_connected. */
static bool start(struct io *io, const struct addrinfo *address)
{
	const struct timeval patience = {LIMIT_CONNECT_ADDRESS_MS / 1000, LIMIT_CONNECT_ADDRESS_MS % 1000 * 1000};
	address_text(address->ai_addr, address->ai_addrlen, io->peer);
	io->socket = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
	if (io->socket < 0 || (connect(io->socket, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)) {
		note_failure(io, errno);
		return false;
	}
	notice_silence(io->socket);
	io->connected = event_new(io->base, io->socket, EV_WRITE, on_connected, io);
	if (io->connected == NULL || event_add(io->connected, &patience) != 0) {
		note_failure(io, ENOMEM);
		return false;
	}
	return true;
}

void connect_next(struct io *io)
{
	bool started = false;
	drop_socket(io);
	while (io->next_address != NULL && !started) {
		const struct addrinfo *address = io->next_address;
		io->next_address = address->ai_next;
		started = start(io, address);
		if (!started) {
			drop_socket(io);
		}
	}
	if (!started) {
		io_close(io, io->names->reason);
	}
}

struct io *io_connect(struct event_base *base, const char *address, struct tls *tls, const struct io_events *events, void *context, struct status *st)
{
	const struct timeval now = {0, 0};
	struct io *io = io_new(base, tls, events, context, st);
	if (io == NULL) {
		return NULL;
	}
	io->names = calloc(1, sizeof *io->names);
	if (io->names == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
	}
	if (io->names == NULL || !address_resolve(address, false, &io->addresses, io->names->host, st)) {
		io_free(io);
		return NULL;
	}
	io->next_address = io->addresses;
	/* From the loop, so that even an immediate failure comes as an event. */
	event_add(io->timer, &now);
	return io;
}
