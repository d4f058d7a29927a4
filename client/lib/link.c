/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection: io below, an rpc session above, and the pump between them.
 */
#include "client/lib/internal.h"

#include "common/base/clock.h"
#include "common/base/limits.h"

#include <stdio.h>
#include <stdlib.h>

static void link_die(struct link *link, const char *reason)
{
	if (!link->dead) {
		link->dead = true;
		snprintf(link->reason, sizeof link->reason, "%s", reason);
		kam_mark(link->kam);
	}
}

/* A server that cannot be reached is left alone for a while by the calls that wait for it, however many they are. */
static void link_fail(struct link *link, const char *reason)
{
	struct kam *kam = link->kam;
	if (!link->dead) {
		snprintf(kam->trouble, sizeof kam->trouble, "%s", reason);
		kam->rest_until_us = clock_monotonic_us() + pause_us(kam->failures++);
	}
	link_die(link, reason);
}

static const struct rpc_client_events session_events = {
	.message = exchange_message,
	.writable = exchange_writable,
	.finished = exchange_over,
};

static void on_open(void *context, struct io *io, const char *alpn)
{
	struct link *link = context;
	(void)io;
	event_del(link->timer);
	if (strcmp(alpn, "h2") != 0) {
		link_fail(link, "the server does not speak HTTP/2");
		return;
	}
	link->session = rpc_client_new(link->kam->server, NULL, &session_events, link);
	if (!link->session) {
		link_fail(link, "out of memory");
		return;
	}
	link->kam->failures = 0;
	link->kam->trouble[0] = '\0';
	kam_mark(link->kam);
}

static size_t on_data(void *context, struct io *io, struct bytes bytes)
{
	struct link *link = context;
	(void)io;
	if (!link->session || link->dead) {
		return bytes.size;
	}
	if (!rpc_session_receive(link->session, bytes)) {
		link_die(link, "the server ended the connection");
	}
	kam_mark(link->kam);
	return bytes.size;
}

static void on_drained(void *context, struct io *io)
{
	struct link *link = context;
	(void)io;
	kam_mark(link->kam);
}

static void on_closed(void *context, struct io *io, const char *reason)
{
	struct link *link = context;
	(void)io;
	if (link->session) {
		link_die(link, reason);
	} else {
		link_fail(link, reason);
	}
}

static const struct io_events link_events = {
	.open = on_open,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

static void on_connect_timeout(evutil_socket_t socket, short what, void *context)
{
	(void)socket;
	(void)what;
	struct link *link = context;
	char reason[80];
	snprintf(reason, sizeof reason, "no answer within %.3g s", (double)link->kam->connect_timeout_ms / 1000);
	link_fail(link, reason);
}

/* The connection of a dead link goes at once. Calls whose answer had come whole and whose owners do not read keep the session. */
static void link_bury(struct link *link)
{
	exchanges_fail_waiting(link->kam, link);
	if (link->session) {
		rpc_client_lost(link->session);
	}
	io_free(link->io);
	link->io = NULL;
}

static void link_free(struct link *link)
{
	rpc_session_free(link->session);
	io_free(link->io);
	if (link->timer) {
		event_free(link->timer);
	}
	free(link);
}

struct link *link_current(struct kam *kam)
{
	struct link *link = kam->links;
	while (link && (link->retired || link->dead)) {
		link = link->next;
	}
	return link;
}

struct link *link_open(struct kam *kam, struct status *st)
{
	struct link *link = calloc(1, sizeof *link);
	if (!link || !(link->timer = evtimer_new(kam->base, on_connect_timeout, link))) {
		free(link);
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	link->kam = kam;
	link->io = io_connect(kam->base, kam->server, kam->tls, &link_events, link, st);
	if (!link->io) {
		link_free(link);
		return NULL;
	}
	io_set_low_mark(link->io, LIMIT_OUTPUT_BYTES / 2);
	struct timeval timeout = {kam->connect_timeout_ms / 1000, (kam->connect_timeout_ms % 1000) * 1000};
	event_add(link->timer, &timeout);
	link->next = kam->links;
	kam->links = link;
	return link;
}

void link_pump(struct link *link)
{
	if (link->session && !link->io) {
		rpc_session_send(link->session); /* hands over what is held for those who read again */
		if (rpc_session_calls(link->session) == 0) {
			kam_mark(link->kam);
		}
	}
	while (link->session && !link->dead && io_output_size(link->io) < LIMIT_OUTPUT_BYTES) {
		struct bytes bytes = rpc_session_send(link->session);
		if (bytes.size == 0) {
			break;
		}
		if (!io_write(link->io, bytes)) {
			link_die(link, "out of memory");
		}
	}
	if (link->session && !link->dead && rpc_session_done(link->session)) {
		link->retired = true;
		if (rpc_session_calls(link->session) == 0) {
			link_die(link, "done");
		}
	}
}

/* Calls are told here that their connection is gone, and why by the link. */
void links_reap(struct kam *kam)
{
	struct link **at = &kam->links;
	while (*at) {
		struct link *link = *at;
		if (link->dead && link->io) {
			link_bury(link);
		}
		bool used = link->session && rpc_session_calls(link->session) > 0;
		if (used || !(link->dead || (link->retired && link->session))) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		exchanges_fail_waiting(kam, link);
		link_free(link);
	}
}

void links_close(struct kam *kam)
{
	while (kam->links) {
		struct link *link = kam->links;
		kam->links = link->next;
		link->dead = true;
		link_free(link);
	}
}
