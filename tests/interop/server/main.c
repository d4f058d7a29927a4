/* SPDX-License-Identifier: Apache-2.0
 *
 * interop-server: gRPC's interop test service over common/rpc and common/net, on one event loop. Prints the port once it listens; ends on SIGTERM.
 */
#include "common/base/limits.h"
#include "common/net/io.h"
#include "common/net/tls.h"
#include "tests/interop/server/connection.h"

#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ORIGINS_MAX = 8 };

const struct schema_source *schema_source_interop(void);

static const char help[] = "interop-server [--listen HOST:PORT] [--tls DIR] [--origin URL]…\n\n"
                           "  --listen HOST:PORT  127.0.0.1:0 without it; port 0 is any free one\n"
                           "  --tls DIR           with the certificate DIR/server.pem and its key DIR/server.key, made (with DIR/ca.pem) where\n"
                           "                      there is none; without it plain TCP\n"
                           "  --origin URL        pages from there may call (CORS)\n";

struct arguments {
	const char *listen, *tls;
	const char *origins[ORIGINS_MAX + 1];
};

static bool read_arguments(struct arguments *arguments, char **words)
{
	size_t origins = 0;
	*arguments = (struct arguments){.listen = "127.0.0.1:0"};
	for (; words[0]; words += 2) {
		if (!words[1]) {
			return false;
		} else if (strcmp(words[0], "--listen") == 0) {
			arguments->listen = words[1];
		} else if (strcmp(words[0], "--tls") == 0) {
			arguments->tls = words[1];
		} else if (strcmp(words[0], "--origin") == 0 && origins < ORIGINS_MAX) {
			arguments->origins[origins++] = words[1];
		} else {
			return false;
		}
	}
	return true;
}

static struct tls *open_tls(const char *directory, struct status *st)
{
	static const char *const names[] = {"localhost", "127.0.0.1"};
	char certificate[PATH_MAX], key[PATH_MAX];
	snprintf(certificate, sizeof certificate, "%s/server.pem", directory);
	snprintf(key, sizeof key, "%s/server.key", directory);
	if (access(certificate, F_OK) != 0 && (!tls_make_ca(directory, "interop-server", st) || !tls_make_server(directory, names, 2, 30, st))) {
		return NULL;
	}
	return tls_server_new(certificate, key, false, st);
}

static void on_accept(void *context, int socket, const char *peer)
{
	(void)peer;
	connection_open(context, socket);
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
	(void)unused, (void)what;
	connections_tick(context);
}

static void on_signal(evutil_socket_t unused, short what, void *context)
{
	bool *stopping = context;
	(void)unused, (void)what;
	*stopping = true;
}

static bool run(struct server *server, const char *address, struct status *st)
{
	bool stopping = false;
	struct event *sigterm = evsignal_new(server->base, SIGTERM, on_signal, &stopping);
	struct event *tick = event_new(server->base, -1, EV_PERSIST, on_tick, server);
	struct listener *listener = listener_new(server->base, address, on_accept, server, st);
	bool ok = listener && sigterm && tick && event_add(sigterm, NULL) == 0 && event_add(tick, &(struct timeval){1, 0}) == 0;
	if (ok) {
		printf("listening on port %d\n", listener_port(listener));
		fflush(stdout);
	}
	while (ok && !stopping) {
		ok = event_base_loop(server->base, EVLOOP_ONCE) >= 0;
		connections_turn(server);
	}
	connections_free(server);
	listener_free(listener);
	if (tick) {
		event_free(tick);
	}
	if (sigterm) {
		event_free(sigterm);
	}
	return ok;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct server server = {.connections = TAILQ_HEAD_INITIALIZER(server.connections)};
	struct status st;
	(void)argc;
	if (!read_arguments(&arguments, argv + 1)) {
		fputs(help, stderr);
		return 2;
	}
	status_init(&st);
	arena_init(&server.scratch, LIMIT_CALL_ARENA_BYTES);
	server.base = event_base_new();
	server.origins = arguments.origins;
	server.schema = schema_new(schema_source_interop(), &st);
	bool ok = server.base && server.schema && (!arguments.tls || (server.tls = open_tls(arguments.tls, &st)) != NULL) &&
	          run(&server, arguments.listen, &st);
	if (!ok) {
		fprintf(stderr, "interop-server: %s\n", status_ok(&st) ? "the event loop failed" : st.message);
	}
	if (server.base) {
		event_base_free(server.base);
	}
	tls_free(server.tls);
	schema_free(server.schema);
	arena_done(&server.scratch);
	return ok ? 0 : 1;
}
