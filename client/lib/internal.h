/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.h - what the files of libkam share: the client, its connections (links) and its calls (exchanges).
 *
 * Nothing is freed inside a callback of io or rpc: callbacks mark, and `turn`, an event that the marking makes active, starts, finishes, retries and
 * reaps (design.md section 4). Inside, the project's own struct status and struct bytes are used; those of kam.h only at its functions.
 */
#pragma once

#include "client/lib/kam.h"
#include "common/net/io.h"
#include "common/net/tls.h"
#include "common/rpc/rpc.h"

#include <event2/event.h>
#include <sys/queue.h>

/* One connection. The newest is used for new calls; older ones live until their calls are done. */
struct link {
	struct kam *kam;
	struct link *next;
	struct io *io;               /* NULL once it is dead and its calls were told */
	struct rpc_session *session; /* NULL until the handshake is done */
	struct event *timer;         /* connecting takes too long */
	bool retired;                /* takes no new calls */
	bool dead;                   /* the connection is over; its session stays while messages are held for calls that do not read */
	char reason[160];            /* why it died */
};

enum { PUSHBACK_NONE = -2 };

enum exchange_state {
	EXCHANGE_WAITING,  /* for a connection */
	EXCHANGE_RUNNING,
	EXCHANGE_RESTING,  /* before it is tried again */
	EXCHANGE_FINISHED, /* `status` is to be told in the next turn */
	EXCHANGE_LEFT,     /* by its owner: nothing is told any more, the next turn frees it */
};

/* A message to send, kept until it need not be sent again. */
struct outgoing {
	struct outgoing *next;
	bool last, bare; /* bare: no message, only the end of them */
	size_t size;
	uint8_t data[];
};

struct kam_exchange {
	struct kam *kam;
	TAILQ_ENTRY(kam_exchange) all;
	const struct kam_exchange_events *events;
	void *context;
	struct arena arena; /* path and metadata */
	const char *path;
	const char **metadata;
	size_t metadata_count; /* of the caller's and ours; behind them is room for what an attempt adds */
	enum exchange_state state;
	struct link *link;
	struct rpc_call *call;
	struct outgoing *outgoing, **outgoing_end;
	struct outgoing *unsent; /* next one to hand to the session */
	size_t kept_bytes, unsent_bytes; /* memory of all in `outgoing`, and of those from `unsent` on */
	struct event *deadline, *pause;
	int64_t started_us, deadline_us; /* monotonic; deadline 0: none */
	bool idempotent, wait_for_ready;
	bool reading;
	bool unreached; /* there was no connection to send it on */
	bool answered;  /* a message came: it cannot be tried again */
	bool discarded; /* what was sent is no longer kept: it cannot be tried again */
	bool retryable;
	int64_t pushback_ms; /* how long the server asks to wait before it is tried again; -1: not to try again; PUSHBACK_NONE */
	bool sending;   /* the session asked to wait for `writable` */
	unsigned attempts;
	uint64_t revision;
	struct status status;
};

struct kam {
	struct event_base *base;
	bool own_base;
	struct tls *tls;
	char *server, *token, *user_agent;
	int64_t connect_timeout_ms;
	struct link *links; /* newest first */
	unsigned failures;     /* connections that could not be made since the last one that could */
	int64_t rest_until_us; /* calls that wait for the server try none before, monotonic */
	char trouble[160];     /* why the last one could not be made; "" once one was */
	TAILQ_HEAD(, kam_exchange) exchanges;
	struct event *turn;
};

/* client.c */
void kam_mark(struct kam *kam);

/* status.c */
/* Hands a status to the caller, who may not want it. Whether it is OK. */
bool kam_status_give(const struct status *st, struct kam_status *ret_status);

/* `growth` doublings of the first pause, at most LIMIT_RETRY_MAX_MS, each between half and one and a half of that, so that many clients do not come
 * back at once. */
int64_t pause_us(unsigned growth);

/* link.c */
/* The link for new calls; NULL: there is none. */
struct link *link_current(struct kam *kam);
/* A new one. NULL: it cannot even be tried, and `st` says why. */
struct link *link_open(struct kam *kam, struct status *st);
/* Hands to the network what its session has to say; where there is no network any more, to its calls what is held for them. */
void link_pump(struct link *link);
/* Tells the calls of the dead, and frees the links whose work is done. */
void links_reap(struct kam *kam);
void links_close(struct kam *kam);

/* exchange.c */
void exchange_message(void *link, struct rpc_call *call, struct bytes message);
void exchange_writable(void *link, struct rpc_call *call);
void exchange_over(void *link, struct rpc_call *call, const struct status *status, bool retryable);
/* One turn: starts those that wait, tells those that are finished. */
void exchanges_turn(struct kam *kam);
/* Those that wait for a connection that could not be made. */
void exchanges_fail_waiting(struct kam *kam, const struct link *link);
void exchanges_close(struct kam *kam);
