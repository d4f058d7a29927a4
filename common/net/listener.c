/* SPDX-License-Identifier: Apache-2.0
 *
 * listener.c - libevent's connection listener that rests when the process is out of file descriptors.
 *
 * Without the rest a level-triggered loop would spin: the connection stays in the backlog and accept fails at once, for ever.
 */
#include "common/base/limits.h"
#include "common/net/internal.h"
#include "common/net/io.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { BACKLOG = 1024 };

static const unsigned listener_flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

struct listener {
	struct evconnlistener *connections;
	struct event *rest;
	listener_accept *accept;
	void *context;
};

static void on_accept(struct evconnlistener *connections, evutil_socket_t socket, struct sockaddr *address, int size, void *context)
{
	struct listener *listener = context;
	char peer[ADDRESS_TEXT_BYTES];
	(void)connections;
	address_text(address, (socklen_t)size, peer);
	listener->accept(listener->context, socket, peer);
}

static void on_error(struct evconnlistener *connections, void *context)
{
	struct listener *listener = context;
	const struct timeval delay = {LIMIT_ACCEPT_REST_MS / 1000, LIMIT_ACCEPT_REST_MS % 1000 * 1000};
	int error = EVUTIL_SOCKET_ERROR();
	if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
		evconnlistener_disable(connections);
		event_add(listener->rest, &delay);
		listener->accept(listener->context, -1, "");
	}
}

static void on_rested(evutil_socket_t socket, short what, void *context)
{
	struct listener *listener = context;
	(void)socket;
	(void)what;
	evconnlistener_enable(listener->connections);
}

static struct evconnlistener *bind_first(struct event_base *base, const struct addrinfo *list, struct listener *listener)
{
	struct evconnlistener *connections = NULL;
	for (const struct addrinfo *at = list; at != NULL && connections == NULL; at = at->ai_next) {
		connections = evconnlistener_new_bind(base, on_accept, listener, listener_flags | LEV_OPT_REUSEABLE, BACKLOG, at->ai_addr, (int)at->ai_addrlen);
	}
	return connections;
}

static struct listener *without_socket(struct event_base *base, listener_accept *accept, void *context, struct status *st)
{
	struct listener *listener = calloc(1, sizeof *listener);
	if (listener == NULL || (listener->rest = evtimer_new(base, on_rested, listener)) == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
		listener_free(listener);
		return NULL;
	}
	listener->accept = accept;
	listener->context = context;
	return listener;
}

struct listener *listener_new(struct event_base *base, const char *address, listener_accept *accept, void *context, struct status *st)
{
	struct addrinfo *list;
	char host[ADDRESS_HOST_BYTES];
	struct listener *listener = without_socket(base, accept, context, st);
	if (listener == NULL || !address_resolve(address, true, &list, host, st)) {
		listener_free(listener);
		return NULL;
	}
	listener->connections = bind_first(base, list, listener);
	int error = errno;
	freeaddrinfo(list);
	if (listener->connections == NULL) {
		status_fail(st, STATUS_FAILED_PRECONDITION, "ADDRESS_UNUSABLE", "Cannot listen on %s: %s.", address, strerror(error));
		listener_free(listener);
		return NULL;
	}
	evconnlistener_set_error_cb(listener->connections, on_error);
	return listener;
}

struct listener *listener_adopt(struct event_base *base, int socket, listener_accept *accept, void *context, struct status *st)
{
	struct listener *listener = without_socket(base, accept, context, st);
	if (listener == NULL || evutil_make_socket_nonblocking(socket) != 0 ||
	    (listener->connections = evconnlistener_new(base, on_accept, listener, listener_flags, 0, socket)) == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory."); /* the first failure counts */
		evutil_closesocket(socket);
		listener_free(listener);
		return NULL;
	}
	evconnlistener_set_error_cb(listener->connections, on_error);
	return listener;
}

int listener_port(const struct listener *listener)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	if (getsockname(evconnlistener_get_fd(listener->connections), (struct sockaddr *)&address, &size) != 0) {
		return 0;
	}
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port : ((struct sockaddr_in *)&address)->sin_port);
}

void listener_free(struct listener *listener)
{
	if (listener == NULL) {
		return;
	}
	if (listener->rest != NULL) {
		event_free(listener->rest);
	}
	if (listener->connections != NULL) {
		evconnlistener_free(listener->connections);
	}
	free(listener);
}
