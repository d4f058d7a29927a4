/* SPDX-License-Identifier: Apache-2.0
 *
 * loop.h - for the tests of net: a base, a listener with an echo server behind it, and a client that notes what happens to it.
 */
#pragma once

#include "common/net/io.h"
#include "common/net/tls.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PEERS_MAX = 32, RECEIVED_MAX = 1 << 22, WAIT_SECONDS = 10 };

/* One end of a connection and all that it was told. */
struct end {
	struct io *io;
	struct loop *loop;
	bool opened, closed, echo, free_in_data, free_in_open;
	unsigned drained;
	size_t drained_bytes; /* output that was left when `drained` was called last */
	size_t take_max; /* bytes taken per `data`; 0: all */
	unsigned take_us; /* how long each takes */
	char alpn[16], reason[200];
	uint8_t *received;
	size_t received_size;
};

struct loop {
	struct event_base *base;
	struct listener *listener;
	struct tls *server_tls;
	struct end ends[PEERS_MAX];
	size_t ends_count;
	bool echo, server_free_in_open;
	char address[64];
	unsigned rests; /* times the listener had no descriptor left */
};

static inline void end_open(void *context, struct io *io, const char *alpn)
{
	struct end *end = context;
	end->opened = true;
	snprintf(end->alpn, sizeof end->alpn, "%s", alpn);
	if (end->free_in_open) {
		end->io = NULL;
		io_free(io);
	}
}

static inline size_t end_data(void *context, struct io *io, struct bytes bytes)
{
	struct end *end = context;
	size_t size = end->take_max != 0 && bytes.size > end->take_max ? end->take_max : bytes.size;
	if (end->take_us > 0) {
		usleep(end->take_us);
	}
	if (end->free_in_data) {
		end->io = NULL;
		io_free(io);
		return bytes.size;
	}
	if (end->echo) {
		io_write(io, (struct bytes){bytes.data, size});
	} else if (end->received_size + size <= RECEIVED_MAX) {
		memcpy(end->received + end->received_size, bytes.data, size);
		end->received_size += size;
	}
	return size;
}

static inline void end_drained(void *context, struct io *io)
{
	struct end *end = context;
	end->drained++;
	end->drained_bytes = io_output_size(io);
}

static inline void end_closed(void *context, struct io *io, const char *reason)
{
	struct end *end = context;
	snprintf(end->reason, sizeof end->reason, "%s", reason);
	end->closed = true;
	end->io = NULL;
	io_free(io);
}

static const struct io_events end_events = {end_open, end_data, end_drained, end_closed};

static inline struct end *end_new(struct loop *loop)
{
	struct end *end = &loop->ends[loop->ends_count++];
	*end = (struct end){.loop = loop, .received = malloc(RECEIVED_MAX)};
	return end;
}

static inline void loop_accept(void *context, int socket, const char *peer)
{
	struct loop *loop = context;
	if (socket < 0) {
		loop->rests++;
		return;
	}
	struct end *end = end_new(loop);
	struct status st;
	(void)peer;
	status_init(&st);
	end->echo = loop->echo;
	end->free_in_open = loop->server_free_in_open;
	end->io = io_accept(loop->base, socket, loop->server_tls, &end_events, end, &st);
}

static inline bool loop_start(struct loop *loop, struct tls *server_tls, struct status *st)
{
	*loop = (struct loop){.base = event_base_new(), .server_tls = server_tls, .echo = true};
	loop->listener = listener_new(loop->base, "127.0.0.1:0", loop_accept, loop, st);
	if (loop->listener == NULL) {
		return false;
	}
	snprintf(loop->address, sizeof loop->address, "127.0.0.1:%d", listener_port(loop->listener));
	return true;
}

static inline struct end *loop_connect(struct loop *loop, const char *address, struct tls *tls)
{
	struct status st;
	struct end *end = end_new(loop);
	status_init(&st);
	end->io = io_connect(loop->base, address, tls, &end_events, end, &st);
	return end;
}

static inline void loop_stop(struct loop *loop)
{
	for (size_t i = 0; i < loop->ends_count; i++) {
		io_free(loop->ends[i].io);
		free(loop->ends[i].received);
	}
	listener_free(loop->listener);
	event_base_free(loop->base);
}

/* Turns the loop until the condition holds; false after WAIT_SECONDS. */
#define LOOP_UNTIL(loop, condition)                                                                          \
	__extension__({                                                                                          \
		struct timeval loop_tick = {0, 10000};                                                               \
		int loop_left = WAIT_SECONDS * 100;                                                                  \
		while (!(condition) && loop_left-- > 0) {                                                            \
			event_base_loopexit((loop)->base, &loop_tick);                                                   \
			event_base_dispatch((loop)->base);                                                               \
		}                                                                                                    \
		(condition);                                                                                         \
	})
