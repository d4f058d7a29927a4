/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.h - one client's connection inside a worker: bytes to calls, calls to operations. Shared by worker.c, dispatch.c, connection.c and drain.c alone.
 *
 * Threads: all of it on the worker's, but for the inbox and the waiting sockets.
 */
#pragma once

#include "server/rpc/server.h"

#include <sys/queue.h>

struct event;
struct event_base;

struct connection {
	TAILQ_ENTRY(connection) all, active_entry, turn_entry;
	struct worker *worker;
	struct network address; /* whom it counts against */
	struct io *io;
	struct rpc_session *session; /* NULL until the handshake is done */
	int64_t opened_us, used_us;
	bool active;   /* in the worker's active list: something to send or to reap */
	bool closing;  /* send what is left, then close */
	bool finishing; /* io_finish was called */
	bool dead;     /* to be freed at the end of the turn */
	bool called;   /* some call was made */
	unsigned refusals; /* calls of a stranger that were worth nothing */
	bool known;    /* a token was accepted on it: it is no stranger */
	TAILQ_HEAD(, operation) ready; /* calls that can go on */
	bool waiting;  /* in the worker's list of connections that have some */
	bool parked;   /* it has some, but its peer must take replies first */
	unsigned readers; /* calls that the readers have */
	size_t waiting_bytes; /* whole requests that wait for their turn, or are being dealt with */
	size_t output_bytes;  /* replies that wait in the socket's queue, as of the last connection_settle */
	size_t granted_bytes; /* that its peer may make us keep: counted in admission.h */
	unsigned long long replies; /* messages sent so far */
	/* Of the last sweep that saw the peer take something: */
	unsigned long long moved_replies;
	size_t moved_unsent_bytes;
	int64_t moved_us;
};

TAILQ_HEAD(connection_list, connection);

enum { SOCKETS_WAITING_MAX = 1024 };

struct worker {
	struct server *server;
	pthread_t thread;
	struct event_base *base;
	struct event *wake, *sweep;
	atomic_uint sweeps;              /* ticks, also for the watchdog */
	struct queue inbox;
	pthread_mutex_t sockets_lock;
	struct waiting_socket {
		int socket;
		struct network address;
	} sockets[SOCKETS_WAITING_MAX];
	size_t sockets_count;
	bool woken;
	bool sockets_left; /* more of them wait than one turn takes */
	struct store_snapshot *snapshot; /* of a turn: as long as nothing was committed, one serves all its calls */
	bool snapshot_live;
	uint64_t revision;               /* that revision_text tells of */
	char revision_text[24];
	struct executor executor;
	struct connection_list connections, active;
	TAILQ_HEAD(, operation) streams; /* calls that stay open: those with a pump, and those that take their client's messages one by one */
	TAILQ_HEAD(, operation) followers; /* of them those that answer after every commit */
	atomic_size_t followers_count;
	uint64_t pumped;                 /* the revision that they were last run for */
	struct connection_list waiting; /* those that have calls which can go on, in turn */
	struct operation *free_operations;
	struct arena arena; /* lent to whatever runs here: one that stays in the processor's cache */
	struct operation *borrower; /* who has it; NULL: nobody */
	size_t free_count;
	size_t operations_away; /* running on other threads */
	int64_t draining_us;
	struct status stopping; /* what streams end with while draining */
	bool shut;              /* the second GOAWAY went out */
};

/* dispatch.c: calls on their worker. */
struct operation *worker_operation(struct worker *worker);
/* Empties an operation that nobody holds any more and keeps it for the next call. */
void worker_recycle(struct operation *op);
/* Something is to be done for it when its connection's turn comes. */
void worker_ready(struct operation *op);
/* At a call's headers, before anything of its message is kept: whether its caller may call it at all. False: it is answered. */
bool worker_admit(struct operation *op);
/* It stays open, and is to be told of the end, and of commits where its pump answers them. True where any of that is new. */
bool worker_keep(struct operation *op);
/* The end of a call, with its line in the log. */
void worker_finish(struct operation *op, const struct status *st);

/* Sends a message of an answer. False: the stream is full, or gone. */
bool worker_send(struct operation *op, struct bytes message);
/* In a turn: what came back from other threads; the streams, where something was committed; the calls that can go on. */
void worker_take_back(struct worker *worker);
void worker_run_streams(struct worker *worker);
void worker_run_ready(struct worker *worker);

/* drain.c: one turn of the end. True once nothing is left. */
bool worker_drain(struct worker *worker);

/* Adopts a socket that was counted in under `address`. */
void connection_open(struct worker *worker, const struct waiting_socket *from);
void connection_activate(struct connection *connection);
/* After something was sent: its calls go on if they waited for that. */
void worker_unpark(struct connection *connection);
/* Parts an operation from its connection: its stream is gone, or answered. What runs elsewhere comes back to nobody. */
void connection_forget(struct operation *op);
/* Its peer takes too little: no call of it goes on until some is taken. */
bool connection_full(const struct connection *connection);
/* Counts what its peer makes us keep now: at the end of a turn, and after what made much of it. */
void connection_settle(struct connection *connection);
/* The end of a turn: sends, closes, frees. */
void connections_turn(struct worker *worker);
/* Closes what idles too long. */
void connections_sweep(struct worker *worker);
/* Tells every peer. Handshakes go on until the final time, for behind its last word of one a client may have sent a call already. */
void connections_shutdown(struct worker *worker, bool final);
void connections_cut(struct worker *worker, const char *reason);
