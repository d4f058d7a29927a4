/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/server.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "server/access/throttle.h"
#include "server/oidc/oidc.h"
#include "server/rpc/service.h"
#include "server/rpc/tally.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, READERS_DEFAULT = 2, HASHERS = 2, NOTICES_PER_SECOND = 10 };

static const char *const notice_events[SERVER_NOTICES] = {[SERVER_PEER_CUT] = "peer_cut", [SERVER_CONNECTION_REFUSED] = "connection_refused",
                                                           [SERVER_CERTIFICATE_REFUSED] = "certificate_refused"};

struct notice_count {
	unsigned long long total;
	int64_t second;        /* monotonic */
	unsigned lines;        /* written in that second */
	unsigned left_out;     /* not written since the last line */
};

struct server {
	struct server_options options;
	struct event_base *base;
	struct listener *listener;
	struct event *signals[3], *trim, *clock;
	int service; /* of service.h */
	struct event *watchdog;
	unsigned worker_sweeps[WORKERS_MAX], writer_batches; /* when it was last looked at */
	bool writer_asked;
	bool handed_over; /* the listening socket, by the service manager */
	struct worker *workers[WORKERS_MAX];
	unsigned workers_wanted, workers_count, next_worker;
	struct queue writer_queue, reader_queue, hasher_queue;
	struct writer *writer;
	struct pool *readers, *hashers;
	struct admission *admission;
	struct admission *hashing[2]; /* calls with the hashers: of strangers, and of those who are known */
	pthread_mutex_t notices_lock;
	struct notice_count notices[SERVER_NOTICES];
	struct tally *tally;
	int64_t swept_us; /* sessions that are over were last removed; monotonic */
	atomic_bool tally_waits; /* for the writer, in its queue */
	atomic_bool stopping;
	_Atomic uint64_t epoch;
};

const struct server_options *server_options(const struct server *server)
{
	return &server->options;
}

const struct engine *server_engine(const struct server *server)
{
	return server->options.engine;
}

struct tls *server_tls(const struct server *server)
{
	return server->options.tls;
}

uint64_t server_epoch(const struct server *server)
{
	return atomic_load(&server->epoch);
}

void server_epoch_advance(struct server *server)
{
	atomic_fetch_add(&server->epoch, 1);
}

bool server_stopping(const struct server *server)
{
	return atomic_load(&server->stopping);
}

struct queue *server_writer_queue(struct server *server)
{
	return &server->writer_queue;
}

struct queue *server_reader_queue(struct server *server)
{
	return &server->reader_queue;
}

struct queue *server_hasher_queue(struct server *server)
{
	return &server->hasher_queue;
}

struct admission *server_admission(struct server *server)
{
	return server->admission;
}

void server_notice(struct server *server, enum server_notice kind, const char *peer, const char *reason)
{
	struct notice_count *count = &server->notices[kind];
	int64_t second = clock_monotonic_us() / 1000000;
	pthread_mutex_lock(&server->notices_lock);
	count->total++;
	if (count->second != second) {
		count->second = second;
		count->lines = 0;
	}
	if (count->lines < NOTICES_PER_SECOND) {
		log_event(LOG_WARN, notice_events[kind], "peer", "%s", peer, "reason", "%s", reason, "total", "%llu", count->total, "left_out", "%u", count->left_out, NULL);
		count->lines++;
		count->left_out = 0;
	} else {
		count->left_out++;
	}
	pthread_mutex_unlock(&server->notices_lock);
}

void server_publish(struct server *server)
{
	for (unsigned i = 0; i < server->workers_count; i++) {
		if (worker_watches(server->workers[i])) {
			queue_wake(worker_inbox(server->workers[i]));
		}
	}
}

/* So that they see that the server is stopping. */
static void wake_workers(struct server *server)
{
	for (unsigned i = 0; i < server->workers_count; i++) {
		queue_wake(worker_inbox(server->workers[i]));
	}
}

/* Asks the writer for something that is nobody's call; false where its queue is full. */
static bool ask_writer(struct server *server, enum operation_kind kind, const char *user)
{
	struct operation *op = operation_new();
	if (!op) {
		return false;
	}
	op->kind = kind;
	snprintf(op->user, sizeof op->user, "%s", user);
	if (!queue_push(&server->writer_queue, op)) {
		operation_free(op);
		return false;
	}
	return true;
}

void server_touch(struct server *server, const char *credential)
{
	ask_writer(server, OPERATION_TOUCH, credential);
}

/* One address must not make all others wait, and strangers not those who are known: each has only so many places, and the strangers together
 * leave some free. */
bool server_may_hash(struct server *server, struct operation *op)
{
	bool known = *op->user || throttle_knows_address(server->options.engine->access.throttle, op->peer);
	if (admission_enter(server->hashing[known], op->peer, &op->hashing_address) != NULL) {
		return status_fail(&op->status, STATUS_RESOURCE_EXHAUSTED, "SERVER_BUSY", "too many passwords are waiting to be checked; try again in a few seconds");
	}
	op->hashing = true;
	op->hashing_known = known;
	return true;
}

void server_hashed(struct server *server, struct operation *op)
{
	if (op->hashing) {
		op->hashing = false;
		admission_leave(server->hashing[op->hashing_known], &op->hashing_address);
	}
}

static void record_soon(struct server *server)
{
	if (!atomic_exchange(&server->tally_waits, true) && !ask_writer(server, OPERATION_TALLY, "")) {
		atomic_store(&server->tally_waits, false); /* the clock tries again */
	}
}

void server_record(struct server *server, const struct operation *op)
{
	bool refused = operation_refusal(&op->status);
	bool exported = op->exported > 0 && status_ok(&op->status);
	if ((refused || exported) && tally_add(server->tally, op, clock_wall_us())) {
		record_soon(server);
	}
}

void server_record_certificate(struct server *server, const struct operation *op)
{
	static const struct schema_method method = {.path = "/kam/SignInByCertificate", .name = "SignInByCertificate"};
	struct operation *sign_in = operation_new();
	if (!sign_in) {
		return;
	}
	sign_in->method = &method;
	sign_in->peer = op->peer;
	sign_in->client = op->client;
	sign_in->note = arena_printf(&sign_in->arena, "as certificate:%s, serial %s", op->certificate->name, op->certificate->serial);
	memcpy(sign_in->user, op->user, sizeof sign_in->user);
	if (tally_add(server->tally, sign_in, clock_wall_us())) {
		record_soon(server);
	}
	operation_free(sign_in);
}

struct tally *server_tally(struct server *server)
{
	return server->tally;
}

void server_tally_taken(struct server *server)
{
	atomic_store(&server->tally_waits, false);
}

static void on_clock(evutil_socket_t unused, short what, void *context)
{
	struct server *server = context;
	int64_t now_us = clock_monotonic_us();
	(void)unused, (void)what;
	if (now_us - server->swept_us >= access_touch_us(&server->options.engine->access) && ask_writer(server, OPERATION_SWEEP, "")) {
		server->swept_us = now_us;
	}
	if (tally_is_due(server->tally, clock_wall_us()) || writer_wants_to_sign(server->writer)) {
		record_soon(server);
	}
}

/* ---- main thread -------------------------------------------------------------------------------------------------------------------- */

static void on_accept(void *context, int socket, const char *peer)
{
	struct server *server = context;
	struct network address;
	const char *refusal = socket < 0 ? "out of file descriptors" : admission_enter(server->admission, peer, &address);
	if (!refusal && !worker_accept(server->workers[server->next_worker++ % server->workers_count], socket, &address)) {
		admission_leave(server->admission, &address);
		refusal = "the worker is too far behind";
	}
	if (refusal) {
		server_notice(server, SERVER_CONNECTION_REFUSED, peer, refusal);
		if (socket >= 0) {
			close(socket);
		}
	}
}

static void reload(struct server *server)
{
	struct status st;
	char reloading[64];
	status_init(&st);
	snprintf(reloading, sizeof reloading, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
	service_tell(server->service, reloading);
	if (tls_reload(server->options.tls, &st)) {
		log_event(LOG_INFO, "certificates_read", NULL);
	} else {
		log_event(LOG_ERROR, "certificates_refused", "message", "%s", st.message, "action", "%s", "the old pair stays in use", NULL);
	}
	if (server->options.engine->oidc) {
		oidc_reload(server->options.engine->oidc);
	}
	service_tell(server->service, "READY=1");
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct server *server = context;
	(void)what;
	if (number == SIGHUP) {
		reload(server);
		return;
	}
	service_tell(server->service, "STOPPING=1");
	log_event(LOG_INFO, "stopping", "signal", "%d", (int)number, "connections", "%u", admission_count(server->admission), NULL);
	health_set_serving(false);
	listener_free(server->listener);
	server->listener = NULL;
	atomic_store(&server->stopping, true);
	/* The next one ends the process at once, as it would any other. */
	event_del(server->signals[0]);
	event_del(server->signals[1]);
	event_base_loopbreak(server->base);
}

/* What a burst of calls has freed lies scattered between what lives on; the C library keeps it unless asked. */
static void on_trim(evutil_socket_t unused, short what, void *context)
{
	(void)unused, (void)what, (void)context;
	malloc_trim(0);
}

static bool listen_and_catch(struct server *server, struct status *st)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP}; /* on_signal knows the order */
	int socket;
	if (!service_socket(&socket, st)) {
		return false;
	}
	server->handed_over = socket >= 0;
	server->listener = socket >= 0 ? listener_adopt(server->base, socket, on_accept, server, st)
	                               : listener_new(server->base, server->options.listen, on_accept, server, st);
	for (size_t i = 0; i < 3; i++) {
		server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server);
		if (!server->signals[i] || event_add(server->signals[i], NULL) != 0) {
			return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "SIGNALS", "cannot catch signals: %s", strerror(errno));
		}
	}
	server->trim = event_new(server->base, -1, EV_PERSIST, on_trim, NULL);
	server->clock = event_new(server->base, -1, EV_PERSIST, on_clock, server);
	if (!server->clock || event_add(server->clock, &(struct timeval){1, 0}) != 0 || !server->trim || event_add(server->trim, &(struct timeval){LIMIT_TRIM_MS / 1000, 0}) != 0) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	}
	return server->listener != NULL;
}

/* Everybody has moved since last time: the workers' loops turn, and the writer has taken its probe or something else from its queue, which may be full. */
static bool all_answer(struct server *server)
{
	bool all = true;
	for (unsigned i = 0; i < server->workers_count; i++) {
		unsigned sweeps = worker_sweeps(server->workers[i]);
		all = all && sweeps != server->worker_sweeps[i];
		server->worker_sweeps[i] = sweeps;
	}
	unsigned batches = writer_batches(server->writer);
	bool writer = batches != server->writer_batches;
	server->writer_batches = batches;
	if (writer || !server->writer_asked) {
		server->writer_asked = ask_writer(server, OPERATION_PROBE, "");
	}
	return all && writer;
}

static void on_watchdog(evutil_socket_t unused, short what, void *context)
{
	struct server *server = context;
	(void)unused, (void)what;
	if (all_answer(server)) {
		service_tell(server->service, "WATCHDOG=1");
	} else {
		log_event(LOG_WARN, "watchdog_not_told", "reason", "%s", "a worker or the writer is busy", NULL);
	}
}

/* Four looks in the time that the service manager grants, so that one that comes amiss is no death. */
static bool start_watchdog(struct server *server, struct status *st)
{
	int64_t every_us = service_watchdog_us() / 4;
	if (every_us == 0 || server->service < 0) {
		return true;
	}
	all_answer(server); /* asks for the first time */
	struct timeval every = {every_us / 1000000, every_us % 1000000};
	server->watchdog = event_new(server->base, -1, EV_PERSIST, on_watchdog, server);
	return (server->watchdog && event_add(server->watchdog, &every) == 0) || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
}

static bool start_threads(struct server *server, struct status *st)
{
	unsigned readers = server->options.readers ? server->options.readers : READERS_DEFAULT;
	server->writer = writer_new(server, st);
	server->readers = server->writer ? pool_new(server, &server->reader_queue, readers, false, st) : NULL;
	server->hashers = server->readers ? pool_new(server, &server->hasher_queue, HASHERS, true, st) : NULL;
	for (; server->hashers && server->workers_count < server->workers_wanted; server->workers_count++) {
		server->workers[server->workers_count] = worker_new(server, st);
		if (!server->workers[server->workers_count]) {
			return false;
		}
	}
	return server->hashers != NULL;
}

bool server_run(struct server *server, struct status *st)
{
	struct oidc *oidc = server->options.engine->oidc;
	if ((oidc && !oidc_start(oidc, st)) || !start_threads(server, st) || !start_watchdog(server, st)) {
		return false;
	}
	health_set_serving(true);
	log_event(LOG_INFO, "listen", "address", "%s", server->handed_over ? "handed over" : server->options.listen, "port", "%d", listener_port(server->listener), "workers", "%u",
	          server->workers_count, "revision", "%llu", (unsigned long long)store_revision(server->options.engine->store), NULL);
	service_tell(server->service, "READY=1");
	event_base_dispatch(server->base);
	wake_workers(server); /* they drain */
	return true;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------ */

static unsigned cores(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online < 1 ? 1 : online > WORKERS_MAX ? WORKERS_MAX : (unsigned)online;
}

struct server *server_new(const struct server_options *options, struct status *st)
{
	struct server *server = calloc(1, sizeof *server);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_MMAP_THRESHOLD, LIMIT_HEAP_BLOCK_BYTES); /* set, it does not grow by itself to 32 MiB */
	evthread_use_pthreads();
	if (!server || !(server->base = event_base_new()) || !(server->tally = tally_new())) {
		if (server && server->base) {
			event_base_free(server->base);
		}
		free(server);
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	server->options = *options;
	server->service = service_open();
	atomic_store(&server->epoch, 1);
	pthread_mutex_init(&server->notices_lock, NULL);
	server->admission = admission_new(options->limits.connections, options->limits.connections_per_address);
	server->hashing[false] = admission_new(LIMIT_HASHER_STRANGERS, LIMIT_HASHER_PER_ADDRESS);
	server->hashing[true] = admission_new(LIMIT_HASHER_KNOWN, LIMIT_HASHER_PER_ADDRESS);
	if (!server->admission || !server->hashing[false] || !server->hashing[true]) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	} else {
		admission_set_memory(server->admission, (size_t)options->limits.stranger_mib << 20, (size_t)options->limits.request_mib << 20);
	}
	server->workers_wanted = options->workers ? options->workers : cores();
	server->workers_wanted = server->workers_wanted < WORKERS_MAX ? server->workers_wanted : WORKERS_MAX;
	if (!queue_init(&server->writer_queue, LIMIT_WRITER_QUEUE, false, st) || !queue_init(&server->reader_queue, LIMIT_POOL_QUEUE, false, st) ||
	    !queue_init(&server->hasher_queue, LIMIT_HASHER_QUEUE, false, st) || !status_ok(st) || !listen_and_catch(server, st)) {
		server_free(server);
		return NULL;
	}
	return server;
}

void server_free(struct server *server)
{
	if (!server) {
		return;
	}
	/* Also where it never ran. */
	atomic_store(&server->stopping, true);
	wake_workers(server);
	/* Workers first, while the others still answer what they wait for; then those, once their queues are empty. */
	for (unsigned i = 0; i < server->workers_count; i++) {
		worker_join(server->workers[i]);
	}
	queue_close(&server->hasher_queue);
	queue_close(&server->reader_queue);
	pool_join(server->hashers);
	pool_join(server->readers);
	queue_close(&server->writer_queue);
	writer_join(server->writer);
	for (unsigned i = 0; i < server->workers_count; i++) {
		worker_free(server->workers[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		if (server->signals[i]) {
			event_free(server->signals[i]);
		}
	}
	if (server->trim) {
		event_free(server->trim);
	}
	if (server->clock) {
		event_free(server->clock);
	}
	if (server->watchdog) {
		event_free(server->watchdog);
	}
	listener_free(server->listener);
	if (server->service >= 0) {
		close(server->service);
	}
	event_base_free(server->base);
	tally_free(server->tally);
	queue_done(&server->writer_queue);
	queue_done(&server->reader_queue);
	queue_done(&server->hasher_queue);
	admission_free(server->admission);
	admission_free(server->hashing[false]);
	admission_free(server->hashing[true]);
	pthread_mutex_destroy(&server->notices_lock);
	free(server);
}
