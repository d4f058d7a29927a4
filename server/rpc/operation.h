/* SPDX-License-Identifier: Apache-2.0
 *
 * operation.h - one RPC inside kamd, from its headers to its last byte, and the one pipeline that all of them go through.
 *
 * An operation is made by the worker that owns the connection. While it is RUNNING elsewhere (writer, reader, hasher) the worker does not touch it but for `cancelled`; it comes
 * back through the worker's inbox, and is freed by the worker alone, even if its connection is long gone.
 *
 * The pipeline, the same for every method: deadline, caller from the token, permission, bytes checked and unpacked, handler. Nothing reaches a handler that has not passed it.
 */
#pragma once

#include "common/base/network.h"
#include "common/net/io.h"
#include "common/rpc/rpc.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"

#include <stdatomic.h>
#include <sys/queue.h>

struct connection;
struct server;
struct worker;

/* A message that waits for the one before it. */
struct waiting_message {
	struct waiting_message *next;
	size_t size;
	uint8_t bytes[];
};

enum operation_kind {
	OPERATION_CALL,    /* somebody's RPC */
	OPERATION_TALLY,   /* put on record what the tally has */
	OPERATION_TOUCH,   /* note that a session or API token is in use */
	OPERATION_SWEEP,   /* remove those that are over */
	OPERATION_PROBE,   /* does the writer answer? */
};

struct operation {
	struct operation *next; /* of a queue or free list */
	enum operation_kind kind;
	struct worker *worker;
	struct connection *connection; /* NULL once it or the stream is gone */
	uint32_t call_id;
	const struct schema_method *method;
	const char *token, *peer, *client, *as_of, *min_revision; /* the rpc call's until operation_keep, then in stream.arena; "" where absent */
	const struct io_certificate *certificate; /* the connection's, where the call has no authorization and it counts; NULL otherwise. Copied with the texts */
	int64_t deadline_us;      /* monotonic; 0: none */
	atomic_bool cancelled;
	bool running;             /* elsewhere */
	bool reading;             /* … with the readers, which is counted in its connection */
	bool ready;               /* in its connection's ready list */
	bool blocked;             /* its stream is full: wait for writable */
	bool half_closed, end_delivered, finished, prepared_done;
	bool kept;                /* its texts are its own */
	bool hashing, hashing_known; /* it has a place with the hashers, and of which kind */
	struct network hashing_address; /* whose place it is */
	struct waiting_message *current; /* the message at hand */
	struct waiting_message *waiting, **waiting_end;
	TAILQ_ENTRY(operation) ready_entry;
	TAILQ_ENTRY(operation) streams;   /* of the worker's list, while `streaming` */
	TAILQ_ENTRY(operation) followers; /* … while `following` */
	bool streaming, following;
	bool answered;            /* the first bytes have gone out */
	struct event *timer;      /* of the deadline, once it outlives its turn */

	struct stream stream;
	/* Of the message at hand: */
	struct arena arena;
	struct bytes message;
	bool has_message;
	struct status status;
	struct bytes reply;
	bool replied;
	uint64_t revision;        /* that the answer tells of */
	const char *prepared, *witness; /* by a hasher */
	bool verified;
	uint32_t exported;        /* resources that the answer takes away, where that goes on record */
	char user[LIMIT_NAME_BYTES + 1]; /* who it was, for the log and the record */
	char api_token[LIMIT_ID_BYTES + 1]; /* the id of the API token that spoke for them; "" where none did */
	const char *note, *request_id;
	bool pump;                /* this run is a pump's, not a message's */
	bool more;
};

/* Where a run takes place. */
struct executor {
	struct server *server;
	const struct engine *engine;
	struct caller_cache *cache;
	struct certificate_cache *certificates;
	struct shared shared;
	uint64_t epoch;                  /* read before the view was taken */
	const struct store_view *view;
	uint32_t budget;                 /* of struct call */
	bool preparing;                  /* a hasher: run the method's prepare instead of its handler */
	struct store_txn *txn;           /* the writer's */
	/* Inline runs only: sends op->reply now. False: the stream is full. */
	bool (*send)(struct operation *op, struct bytes message);
	uint64_t (*append)(struct executor *executor, struct call *call, struct operation *op); /* the writer's */
};

/* Runs the pipeline for the message at hand (or the end of a client's stream, or a pump). True when done: op->status and op->reply say how. False when it must be run again
 * on a reader. */
bool operation_run(struct operation *op, struct executor *executor);

/* Makes what an executor keeps from run to run; false without memory. The rest is its thread's to set. */
bool executor_init(struct executor *executor, struct server *server);
void executor_done(struct executor *executor);

struct operation *operation_new(void);
/* Empties it for the next use. */
void operation_reset(struct operation *op);
void operation_free(struct operation *op);
/* Copies the texts that belong to the rpc call: before another thread sees the operation, for the call may end meanwhile. */
void operation_keep(struct operation *op);
/* Empties what the message at hand was unpacked into, before it is run again elsewhere; wipes it first where it held a password. */
void operation_clear(struct operation *op);
/* Frees the message at hand; wipes it first where it held a password. */
void operation_drop_current(struct operation *op);
/* Whether a call ended because of who asked. */
static inline bool operation_refusal(const struct status *st)
{
	return st->code == STATUS_PERMISSION_DENIED || st->code == STATUS_UNAUTHENTICATED;
}
/* The first steps alone: deadline, caller, permission. What a worker asks before it lets a call into a queue. */
bool operation_admit(struct operation *op, struct executor *executor);
