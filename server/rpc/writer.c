/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread writes. It takes whatever waits, runs each call against one transaction, commits once, and only then are the replies let go (group commit without a
 * timer: while one batch syncs, the next gathers). A failed sync ends the process: what the disk holds is then unknown, and a retry may "succeed" without the data
 * (PostgreSQL's fsync lesson; LMDB does not latch either).
 *
 * A store that is full aborts the batch; its calls are then run again one by one, so that only those that do not fit are refused. A stream's messages (import) keep state of their
 * own and so have a transaction to themselves: they are refused, not repeated.
 */
#include "server/rpc/server.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/schema/value.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/session.pb-c.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REFUSALS_BURST = 200, REFUSALS_PER_SECOND = 20, SWEEP_EVERY_US = 1000000, SWEEP_MOST = 512 };

struct writer {
	struct server *server;
	pthread_t thread;
	struct executor executor;
	bool dirty;          /* the transaction has something to commit */
	bool access_changed; /* … that decides what callers may do */
	int64_t refusals_us; /* token bucket, in microseconds of credit */
	int64_t refusals_seen_us;
	unsigned refusals_dropped;
	int64_t swept_us;
	atomic_uint batches; /* done; for the watchdog */
};

/* A session that is new, or is in use, changes nothing for whoever is known already. */
static bool decides_access(const struct store_change *change)
{
	const char *name = change->name;
	bool begins = change->operation == STORE_CREATE && strstr(name, "/sessions/") != NULL;
	return !begins && (strncmp(name, "users/", 6) == 0 || strncmp(name, "roles/", 6) == 0 || strncmp(name, "bindings/", 9) == 0);
}

static uint64_t append(struct executor *executor, struct call *call, struct operation *op)
{
	struct writer *writer = (struct writer *)((char *)executor - offsetof(struct writer, executor));
	size_t count;
	const struct store_change *changes = changes_list(call->changes, &count);
	char *note = arena_strdup(call->arena, call->note ? call->note : "");
	if (note) {
		utf8_repair(note); /* notes quote what clients sent, sometimes cut */
	}
	struct store_entry entry = {
		.time_us = call->now_us,
		.actor = call->actor ? call->actor : call->caller->user,
		.request_id = op->request_id ? op->request_id : "",
		.method = op->method->path + 1,
		.peer = op->peer,
		.note = note ? note : "",
		.changes = changes,
		.changes_count = count,
	};
	for (size_t i = 0; i < count; i++) {
		if (decides_access(&changes[i])) {
			writer->access_changed = true;
			executor->epoch++; /* the batch's later calls see it already */
		}
	}
	writer->dirty = true;
	uint64_t revision = store_append(executor->txn, &entry);
	for (size_t i = 0; revision && i < count; i++) {
		engine_note_change(executor->engine, changes[i].name, revision);
	}
	return revision;
}

/* ---- what the writer does by itself ------------------------------------------------------------------------------------------------ */

/* At most so many refusals a second go on record; the rest are counted, and the count goes with the next one. */
static bool refusal_allowed(struct writer *writer)
{
	const int64_t price_us = 1000000 / REFUSALS_PER_SECOND;
	int64_t now = clock_monotonic_us();
	writer->refusals_us += now - writer->refusals_seen_us;
	writer->refusals_seen_us = now;
	if (writer->refusals_us > REFUSALS_BURST * price_us) {
		writer->refusals_us = REFUSALS_BURST * price_us;
	}
	if (writer->refusals_us < price_us) {
		writer->refusals_dropped++;
		return false;
	}
	writer->refusals_us -= price_us;
	return true;
}

static void record_refusal(struct writer *writer, const struct operation *op)
{
	char note[STATUS_MESSAGE_BYTES + 64];
	if (!refusal_allowed(writer)) {
		return;
	}
	size_t used = (size_t)snprintf(note, sizeof note, "%s%s%s", op->note ? op->note : "", op->note ? ": " : "", op->status.message);
	if (writer->refusals_dropped > 0 && used < sizeof note) {
		snprintf(note + used, sizeof note - used, " (and %u further refusals before it)", writer->refusals_dropped);
	}
	writer->refusals_dropped = 0;
	utf8_repair(note);
	struct store_entry entry = {
		.time_us = clock_wall_us(),
		.actor = op->user,
		.request_id = "",
		.method = op->method->path + 1,
		.peer = op->peer,
		.code = (uint32_t)op->status.code,
		.note = note,
	};
	store_append(writer->executor.txn, &entry);
	writer->dirty = true;
}

static void touch_session(struct writer *writer, struct operation *op)
{
	const struct access *access = &writer->executor.engine->access;
	struct store_record record;
	if (!store_get(writer->executor.view, op->user, &record, &op->status)) {
		return;
	}
	Kam__V1__Session *session = (void *)schema_unpack(access->session, record.value, &op->arena, &op->status);
	Google__Protobuf__Timestamp now = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	now.seconds = clock_wall_us() / 1000000;
	if (!session || !session->last_used_time || now.seconds - session->last_used_time->seconds < (int64_t)LIMIT_TOUCH_SECONDS / 2) {
		return; /* another thread's touch came first */
	}
	session->last_used_time = &now;
	struct store_change change = {op->user, STORE_UPDATE, record.revision, schema_pack(&session->base, &op->arena)};
	struct store_entry entry = {
		.time_us = clock_wall_us(), .actor = "", .request_id = "", .method = "kam/TouchSession", .peer = "", .note = "", .changes = &change, .changes_count = 1};
	if (change.value.data) {
		engine_note_change(writer->executor.engine, op->user, store_append(writer->executor.txn, &entry));
		writer->dirty = true;
	}
}

/* ---- a batch ---------------------------------------------------------------------------------------------------------------------------- */

static void run_one(struct writer *writer, struct operation *op)
{
	operation_clear(op);
	if (op->kind != OPERATION_REFUSAL) {
		status_init(&op->status);
	}
	switch (op->kind) {
	case OPERATION_CALL:
		operation_run(op, &writer->executor);
		if (op->status.code == STATUS_PERMISSION_DENIED || op->status.code == STATUS_UNAUTHENTICATED) {
			record_refusal(writer, op);
			op->recorded = true;
		}
		break;
	case OPERATION_REFUSAL:
		record_refusal(writer, op);
		break;
	case OPERATION_TOUCH:
		touch_session(writer, op);
		break;
	case OPERATION_PROBE:
		break;
	}
}

static void die(const struct status *st)
{
	log_event(LOG_ERROR, "commit_failed", "reason", "%s", st->reason, "message", "%s", st->message, "action", "%s",
	          "the process ends: what the disk holds is unknown", NULL);
	_exit(70); /* EX_SOFTWARE: restart and read what is there */
}

static bool begin(struct writer *writer)
{
	struct status st;
	status_init(&st);
	writer->dirty = writer->access_changed = false;
	if (!store_txn_begin(writer->executor.engine->store, &writer->executor.txn, &st)) {
		die(&st);
	}
	writer->executor.view = store_txn_view(writer->executor.txn);
	return true;
}

/* Commits what was run, or says why not and undoes it. Only a commit that fails otherwise than for want of room ends the process: before it, nothing has reached the disk. */
static bool end(struct writer *writer, struct status *st)
{
	struct store_txn *txn = writer->executor.txn;
	int64_t now = clock_monotonic_us();
	bool ran = status_ok(store_txn_status(txn));
	if (ran && writer->dirty && now - writer->swept_us > SWEEP_EVERY_US) {
		store_request_sweep(txn, clock_wall_us() / 1000000, SWEEP_MOST);
		writer->swept_us = now;
	}
	if (!status_ok(store_txn_status(txn))) {
		*st = *store_txn_status(txn);
		store_abort(txn);
	} else if (!writer->dirty) {
		store_abort(txn);
		return true;
	} else if (store_commit(txn, st)) {
		if (writer->access_changed) {
			server_epoch_advance(writer->server);
		}
		return true;
	} else if (st->code != STATUS_RESOURCE_EXHAUSTED) {
		die(st);
	}
	writer->executor.epoch++; /* whatever was loaded from what is undone */
	log_event(LOG_ERROR, "transaction_undone", "reason", "%s", st->reason, "message", "%s", st->message, NULL);
	return false;
}

/* Replies go back to their workers, each worker's in one piece; then the watches learn of it. */
static void give_back(struct writer *writer, struct operation *list)
{
	while (list) {
		struct operation *own = NULL, **own_end = &own, *rest = NULL, **rest_end = &rest, *next;
		for (struct operation *op = list; op; op = next) {
			next = op->next;
			op->next = NULL;
			if (op->kind == OPERATION_REFUSAL) {
				server_refusal_recorded(writer->server);
			}
			if (op->kind != OPERATION_CALL) {
				operation_free(op);
			} else if (!own || op->worker == own->worker) {
				*own_end = op;
				own_end = &op->next;
			} else {
				*rest_end = op;
				rest_end = &op->next;
			}
		}
		list = rest;
		if (own) {
			queue_push_list(worker_inbox(own->worker), own);
		}
	}
	if (writer->dirty) {
		server_publish(writer->server);
	}
}

/* The transaction failed: nothing of this call has happened. */
static void refuse(struct operation *op, const struct status *st)
{
	status_init(&op->status);
	status_fail(&op->status, st->code, st->reason, "%s", st->message);
	op->replied = false;
}

static void run_alone(struct writer *writer, struct operation *op)
{
	struct status st;
	status_init(&st);
	begin(writer);
	run_one(writer, op);
	if (!end(writer, &st)) {
		refuse(op, &st);
	}
	give_back(writer, op);
}

/* Runs a list of calls that keep no state between messages, in one transaction. */
static void run_together(struct writer *writer, struct operation *list)
{
	struct status st;
	struct operation *next;
	status_init(&st);
	begin(writer);
	for (struct operation *op = list; op; op = op->next) {
		run_one(writer, op);
	}
	if (end(writer, &st)) {
		give_back(writer, list);
		return;
	}
	for (struct operation *op = list; op; op = next) {
		next = op->next;
		op->next = NULL;
		run_alone(writer, op);
	}
}

static bool is_stateful(const struct operation *op)
{
	return op->kind == OPERATION_CALL && op->method->client_streaming;
}

static void *writer_main(void *context)
{
	struct writer *writer = context;
	struct operation *list;
	while ((list = queue_wait(server_writer_queue(writer->server), LIMIT_WRITER_BATCH)) != NULL) {
		while (list) {
			struct operation *first = list, **end = &list;
			if (is_stateful(first)) {
				list = first->next;
				first->next = NULL;
				run_alone(writer, first);
				continue;
			}
			while (*end && !is_stateful(*end)) {
				end = &(*end)->next;
			}
			struct operation *rest = *end;
			*end = NULL;
			run_together(writer, first);
			list = rest;
		}
		atomic_fetch_add(&writer->batches, 1);
	}
	return NULL;
}

struct writer *writer_new(struct server *server, struct status *st)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (!writer || !executor_init(&writer->executor, server)) {
		free(writer);
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	writer->server = server;
	writer->executor.epoch = 1; /* its own count: every change of access goes through this thread */
	writer->executor.append = append;
	writer->refusals_us = REFUSALS_BURST * (1000000 / REFUSALS_PER_SECOND);
	writer->refusals_seen_us = clock_monotonic_us();
	if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
		executor_done(&writer->executor);
		free(writer);
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "THREAD", "cannot start the writer thread");
		return NULL;
	}
	return writer;
}

unsigned writer_batches(const struct writer *writer)
{
	return atomic_load(&writer->batches);
}

void writer_join(struct writer *writer)
{
	if (writer) {
		pthread_join(writer->thread, NULL);
		executor_done(&writer->executor);
		free(writer);
	}
}
