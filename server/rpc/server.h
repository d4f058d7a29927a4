/* SPDX-License-Identifier: Apache-2.0
 *
 * server.h - the threads of kamd and how a connection finds its worker (design.md section 4).
 *
 *   main      listening socket, signals            server_run
 *   workers   connections, light reads             worker.c
 *   writer    every change, one transaction a batch writer.c
 *   readers   heavy reads                          pool.c
 *   hashers   passwords                            pool.c
 */
#pragma once

#include "common/net/io.h"
#include "common/net/tls.h"
#include "server/resource/engine.h"
#include "server/rpc/admission.h"
#include "server/rpc/queue.h"
#include "server/web/files.h"

/* What peers may take, from limits.h where the configuration says nothing else. */
struct server_limits {
	unsigned connections, connections_per_address;
	unsigned handshake_ms; /* accept to first call */
	unsigned idle_ms;      /* no call open */
	unsigned stall_ms;     /* replies of which the peer takes nothing */
	unsigned stranger_mib, request_mib; /* kept for connections without a token, and with one (admission.h) */
	struct rpc_limits session;
};

struct server_options {
	const char *listen; /* host:port; not asked where the service manager hands a socket over (service.h) */
	unsigned workers;   /* 0: one per core */
	unsigned readers;   /* 0: 2 */
	unsigned compress_bytes;     /* replies of this size and more are compressed; 0: never */
	const char *const *origins;  /* other sites whose pages may call, ended by NULL; NULL: none */
	struct server_limits limits;
	struct tls *tls;
	const struct engine *engine; /* its oidc is started and reloaded with the server */
	const struct web *web;       /* NULL: there is no page */
};

struct server;

/* Listens and catches signals, and starts no thread: that is left to server_run, so that the caller can put all of them into a sandbox first. */
struct server *server_new(const struct server_options *options, struct status *st);
/* Starts the threads and serves until SIGTERM or SIGINT, then drains (drain.c); a second one ends the process at once. SIGHUP reads the certificates again. True when it ended
 * as asked. */
bool server_run(struct server *server, struct status *st);
/* After server_run: joins the threads. */
void server_free(struct server *server);

/* ---- for the folder's own files -------------------------------------------------------------------------------------------------- */

const struct server_options *server_options(const struct server *server);
const struct engine *server_engine(const struct server *server);
struct tls *server_tls(const struct server *server);
/* Grows with every change of users, roles, bindings or sessions; read it before taking a snapshot. */
uint64_t server_epoch(const struct server *server);
void server_epoch_advance(struct server *server);
bool server_stopping(const struct server *server);
struct queue *server_writer_queue(struct server *server);
struct queue *server_reader_queue(struct server *server);
struct queue *server_hasher_queue(struct server *server);
/* After a commit: wakes the workers that have watches. */
void server_publish(struct server *server);
/* Notes that a session or API token is in use. Any thread. */
void server_touch(struct server *server, const char *credential);
/* Gives an operation a place with the hashers, or says why there is none. The place is held until server_hashed. Any thread. */
bool server_may_hash(struct server *server, struct operation *op);
void server_hashed(struct server *server, struct operation *op);
/* A message of a call has been dealt with: where it was refused, or was an export, it goes on record. Any thread. */
void server_record(struct server *server, const struct operation *op);
/* A connection's certificate was accepted as a user's for the first time: on record as a sign-in is. Any thread. */
void server_record_certificate(struct server *server, const struct operation *op);
struct tally;
/* For the writer, which puts on record what it holds. `server_tally_taken` says that it is about to. */
struct tally *server_tally(struct server *server);
void server_tally_taken(struct server *server);
/* Connections open now. A worker that closes one takes it off. */
struct admission *server_admission(struct server *server);
/* Lines that a peer can cause at will; each kind is counted, and written a few times a second at most. */
enum server_notice { SERVER_PEER_CUT, SERVER_CONNECTION_REFUSED, SERVER_CERTIFICATE_REFUSED, SERVER_NOTICES };
/* One line of the log with the running total. Any thread. */
void server_notice(struct server *server, enum server_notice kind, const char *peer, const char *reason);

struct worker;
struct worker *worker_new(struct server *server, struct status *st);
/* Hands over an accepted socket that was counted in under `address`. False: the worker is too far behind, and both stay the caller's. Any thread. */
bool worker_accept(struct worker *worker, int socket, const struct network *address);
struct queue *worker_inbox(struct worker *worker);
/* Some stream of it may have to answer after a commit. Any thread. */
bool worker_watches(const struct worker *worker);
/* How often its loop has turned for its own sweep, some ten times a second while all is well. Any thread. */
unsigned worker_sweeps(const struct worker *worker);
/* The thread ends once the server is stopping and its connections are gone or cut. */
void worker_join(struct worker *worker);
void worker_free(struct worker *worker);

struct writer;
struct writer *writer_new(struct server *server, struct status *st);
/* So much is unsigned, or for so long, that the end of the log should be signed now. Any thread. */
bool writer_wants_to_sign(const struct writer *writer);
/* How many batches it has dealt with. Any thread. */
unsigned writer_batches(const struct writer *writer);
void writer_join(struct writer *writer);

struct pool;
/* `preparing`: the threads hash; otherwise they read. */
struct pool *pool_new(struct server *server, struct queue *queue, unsigned threads, bool preparing, struct status *st);
void pool_join(struct pool *pool);

/* Methods that are the transport's own. */
extern const struct domain domain_health, domain_reflection;
void health_set_serving(bool serving);
