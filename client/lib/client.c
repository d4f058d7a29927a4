/* SPDX-License-Identifier: Apache-2.0
 *
 * The client as a whole: what it is made of, and its turn.
 */
#include "client/lib/internal.h"

#include "common/base/limits.h"

#include <stdio.h>
#include <stdlib.h>

void kam_mark(struct kam *kam)
{
	event_active(kam->turn, EV_TIMEOUT, 0);
}

/* Finished calls first: they may start others, which then find the dead links gone. */
static void turn(evutil_socket_t socket, short what, void *context)
{
	(void)socket;
	(void)what;
	struct kam *kam = context;
	links_reap(kam);
	exchanges_turn(kam);
	for (struct link *link = kam->links; link; link = link->next) {
		link_pump(link);
	}
}

/* "host:port" or "[address]:port". */
static bool address_valid(const char *server)
{
	const char *colon = strrchr(server, ':');
	if (!colon || colon == server || strlen(server) > 300) {
		return false;
	}
	char *end;
	long port = strtol(colon + 1, &end, 10);
	bool bracketed = server[0] == '[' && colon[-1] == ']';
	return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port > 0 && port < 65536 &&
	       (bracketed || memchr(server, ':', (size_t)(colon - server)) == NULL);
}

bool kam_set_token(struct kam *kam, const char *token)
{
	char *copy = token ? strdup(token) : NULL;
	if (token && !copy) {
		return false;
	}
	free(kam->token);
	kam->token = copy;
	return true;
}

/* The program, if it says what it is, then us (gRPC PROTOCOL-HTTP2.md, User Agents). */
static char *make_user_agent(const char *program)
{
	char *text = NULL;
	return asprintf(&text, "%s%skam-c/" KAM_VERSION, program ? program : "", program ? " " : "") < 0 ? NULL : text;
}

static bool kam_set_up(struct kam *kam, const struct kam_options *options, struct status *st)
{
	TAILQ_INIT(&kam->exchanges);
	kam->own_base = !options->base;
	kam->base = options->base ? options->base : event_base_new();
	kam->server = strdup(options->server);
	kam->user_agent = make_user_agent(options->user_agent);
	kam->connect_timeout_ms = options->connect_timeout_ms > 0 ? options->connect_timeout_ms : LIMIT_CONNECT_MS;
	kam->turn = kam->base ? event_new(kam->base, -1, 0, turn, kam) : NULL;
	kam->tls = tls_client_new(options->ca_file, st);
	if (kam->tls && options->cert_file) {
		tls_client_show(kam->tls, options->cert_file, options->key_file ? options->key_file : options->cert_file, st);
	}
	if (!kam->server || !kam->user_agent || !kam->turn || !kam_set_token(kam, options->token)) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	return status_ok(st);
}

struct kam *kam_open(const struct kam_options *options, struct kam_status *ret_status)
{
	struct status st;
	struct kam *kam = NULL;
	status_init(&st);
	if (!options->server || !address_valid(options->server)) {
		status_field(&st, "server", "\"%s\" is not an address: write host:port, such as kam.example.com:8443",
		             options->server ? options->server : "");
	} else if (!(kam = calloc(1, sizeof *kam))) {
		status_fail(&st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	} else if (!kam_set_up(kam, options, &st)) {
		kam_close(kam);
		kam = NULL;
	}
	kam_status_give(&st, ret_status);
	return kam;
}

void kam_close(struct kam *kam)
{
	if (!kam) {
		return;
	}
	exchanges_close(kam);
	links_close(kam);
	if (kam->turn) {
		event_free(kam->turn);
	}
	tls_free(kam->tls);
	if (kam->own_base && kam->base) {
		event_base_free(kam->base);
	}
	free(kam->server);
	free(kam->user_agent);
	free(kam->token);
	free(kam);
}

const char *kam_version(void)
{
	return KAM_VERSION;
}
