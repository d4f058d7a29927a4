/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread writes. It takes whatever waits, runs each call against one transaction, commits once, and only then are the replies let go (group commit without a
 * timer: while one batch syncs, the next gathers). A failed sync ends the process: what the disk holds is then unknown, and a retry may "succeed" without the data
 * (PostgreSQL's fsync lesson; LMDB does not latch either).
 *
 * A store that is full aborts the batch; its calls are then run again one by one, so that only those that do not fit are refused. A stream's messages (import) keep state of their
 * own and so have a transaction to themselves: they are refused, not repeated.
 */
#include "server/access/expired.h"
#include "server/rpc/server.h"
#include "server/rpc/tally.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/schema/value.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/session.pb-c.h"
#include "kam/v1/token.pb-c.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SWEEP_EVERY_US = 1000000, SWEEP_MOST = 512, TALLY_BATCH = 32 };

struct writer {
	struct server *server;
	pthread_t thread;
	struct executor executor;
	bool dirty;          /* the transaction has something to commit */
	bool access_changed; /* … that decides what callers may do */
	int64_t swept_us;
	_Atomic uint64_t signed_revision; /* of the newest signed head */
	_Atomic int64_t signed_us;        /* monotonic */
	atomic_uint batches; /* done; for the watchdog */
};

/* A session or API token that is new, or is in use, changes nothing for whoever is known already. */
static bool decides_access(const struct store_change *change)
{
	const char *name = change->name;
	bool begins = change->operation == STORE_CREATE && (strstr(name, "/sessions/") || strstr(name, "/tokens/"));
	return !begins && (strncmp(name, "users/", 6) == 0 || strncmp(name, "roles/", 6) == 0 || strncmp(name, "bindings/", 9) == 0);
}

static uint64_t append(struct executor *executor, struct call *call, struct operation *op)
{
	struct writer *writer = (struct writer *)((char *)executor - offsetof(struct writer, executor));
	size_t count;
	const struct store_change *changes = changes_list(call->changes, &count);
	const char *token = op->api_token, *said = call->note ? call->note : "", *serial = op->certificate ? op->certificate->serial : "";
	char *note = arena_printf(call->arena, "%s%s%s%s%s%s%s", *token ? "API token " : "", token, *token && *said ? ": " : "", said, *said && *serial ? "; " : "",
	                          *serial ? "by certificate " : "", serial);
	char *client = arena_printf(call->arena, "%.100s", op->client);
	if (note && client) {
		utf8_repair(note); /* notes quote what clients sent, sometimes cut */
		utf8_repair(client);
	}
	struct store_entry entry = {
		.time_us = call->now_us,
		.actor = call->actor ? call->actor : call->caller->user,
		.request_id = op->request_id ? op->request_id : "",
		.method = op->method->path + 1,
		.peer = op->peer,
		.client = client ? client : "",
		.note = note ? note : "",
		.changes = changes,
		.changes_count = count,
		.amendments = call->amendments,
		.amendments_count = call->amendments_count,
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

static bool append_row(struct writer *writer, const struct tally_row *row)
{
	char note[TALLY_NOTE_BYTES + LIMIT_ID_BYTES + 160], since[CLOCK_TEXT_BYTES];
	size_t used = 0;
	if (*row->api_token) {
		used = (size_t)snprintf(note, sizeof note, "API token %s: ", row->api_token);
	}
	if (row->continued) {
		clock_format(row->since_us / 1000000, 0, since);
		used += (size_t)snprintf(note + used, sizeof note - used, "%llu more since %s; the last: ", (unsigned long long)row->events, since);
	}
	if (row->code == STATUS_OK && row->resources > 0 && !(row->method && row->method->server_streaming)) {
		used += (size_t)snprintf(note + used, sizeof note - used, "export of %llu resources: ", (unsigned long long)row->resources);
	}
	snprintf(note + used, sizeof note - used, "%s", row->note);
	struct store_entry entry = {
		.actor = row->actor,
		.request_id = "",
		.method = row->method ? row->method->path + 1 : "kam/Various",
		.peer = row->peer,
		.client = row->client,
		.code = (uint32_t)row->code,
		.events = row->events,
		.note = note,
	};
	return store_append(writer->executor.txn, &entry) != 0;
}

/* Of the name of a session or API token; a user may be called users/tokens. */
static bool is_token_name(const char *name)
{
	const char *below = strchr(name + strlen("users/"), '/');
	return below && strncmp(below, "/tokens/", strlen("/tokens/")) == 0;
}

/* Sets the time of last use in a session or API token; NULL where another thread's touch came first. */
static const ProtobufCMessage *touched(const struct access *access, const char *name, struct bytes value, Google__Protobuf__Timestamp *now,
                                       struct operation *op)
{
	bool is_token = is_token_name(name);
	ProtobufCMessage *message = schema_unpack_stored(is_token ? access->token : access->session, value, &op->arena, &op->status);
	if (!message) {
		return NULL;
	}
	Google__Protobuf__Timestamp **used = is_token ? &((Kam__V1__Token *)message)->last_used_time : &((Kam__V1__Session *)message)->last_used_time;
	if (*used && now->seconds - (*used)->seconds < access_touch_us(access) / 2000000) {
		return NULL;
	}
	*used = now;
	return message;
}

static void touch(struct writer *writer, struct operation *op)
{
	struct store_record record;
	if (!store_get(writer->executor.view, op->user, &record, &op->status)) {
		return;
	}
	Google__Protobuf__Timestamp now = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	now.seconds = clock_wall_us() / 1000000;
	const ProtobufCMessage *message = touched(&writer->executor.engine->access, op->user, record.value, &now, op);
	if (!message) {
		return;
	}
	struct store_change change = {op->user, STORE_UPDATE, record.revision, schema_pack(message, &op->arena)};
	const char *method = is_token_name(op->user) ? "kam/TouchToken" : "kam/TouchSession";
	struct store_entry entry = {
		.time_us = clock_wall_us(), .actor = "", .request_id = "", .method = method, .peer = "", .note = "", .changes = &change, .changes_count = 1};
	if (change.value.data) {
		engine_note_change(writer->executor.engine, op->user, store_append(writer->executor.txn, &entry));
		writer->dirty = true;
	}
}

/* Removes sessions and API tokens that are over, as one record; none where there are none. */
static void sweep(struct writer *writer, struct operation *op)
{
	size_t count;
	const struct engine *engine = writer->executor.engine;
	struct store_change *changes = expired_find(&engine->access, writer->executor.view, clock_wall_us(), LIMIT_SESSION_SWEEP, &op->arena, &count, &op->status);
	if (!changes || count == 0) {
		return;
	}
	struct store_entry entry = {.time_us = clock_wall_us(), .actor = "", .request_id = "", .method = "kam/SweepSessions", .peer = "",
	                            .note = "sessions and API tokens that are over", .changes = changes, .changes_count = count};
	uint64_t revision = store_append(writer->executor.txn, &entry);
	for (size_t i = 0; revision && i < count; i++) {
		engine_note_change(engine, changes[i].name, revision);
	}
	writer->dirty = writer->access_changed = true;
	writer->executor.epoch++;
}

/* ---- a batch ---------------------------------------------------------------------------------------------------------------------------- */

static void run_one(struct writer *writer, struct operation *op)
{
	operation_clear(op);
	status_init(&op->status);
	if (op->kind == OPERATION_CALL) {
		operation_run(op, &writer->executor);
	} else if (op->kind == OPERATION_TOUCH) {
		touch(writer, op);
	} else if (op->kind == OPERATION_SWEEP) {
		sweep(writer, op);
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

/* Signs the end of the log, and keeps that in the store. */
static void sign(struct writer *writer, struct store_head *ret_head)
{
	struct status st;
	status_init(&st);
	if (store_head_sign(store_txn_view(writer->executor.txn), writer->executor.engine->audit_key, ret_head, &st)) {
		store_head_put(writer->executor.txn, ret_head);
	}
}

/* It is on disk: into the log of the process too, which is often kept on another machine. */
static void note_signed(struct writer *writer, const struct store_head *head)
{
	char hash[2 * STORE_HASH_BYTES + 1], signature[2 * STORE_SIGNATURE_BYTES + 1];
	atomic_store(&writer->signed_revision, head->revision);
	atomic_store(&writer->signed_us, clock_monotonic_us());
	sodium_bin2hex(hash, sizeof hash, head->hash, sizeof head->hash);
	sodium_bin2hex(signature, sizeof signature, head->signature, sizeof head->signature);
	log_event(LOG_INFO, "audit_head", "revision", "%llu", (unsigned long long)head->revision, "time_us", "%lld", (long long)head->time_us, "hash", "%s", hash,
	          "signature", "%s", signature, NULL);
}

bool writer_wants_to_sign(const struct writer *writer)
{
	uint64_t revision = store_revision(writer->executor.engine->store), signed_revision = atomic_load(&writer->signed_revision);
	return writer->executor.engine->audit_key && revision > signed_revision &&
	       (revision - signed_revision >= LIMIT_UNSIGNED_ENTRIES || clock_monotonic_us() - atomic_load(&writer->signed_us) >= (int64_t)LIMIT_UNSIGNED_SECONDS * 1000000);
}

/* Commits what was run, or says why not and undoes it. Only a commit that fails otherwise than for want of room ends the process: before it, nothing has reached the disk. */
static bool end(struct writer *writer, struct status *st)
{
	struct store_txn *txn = writer->executor.txn;
	int64_t now = clock_monotonic_us();
	bool ran = status_ok(store_txn_status(txn));
	struct store_head head = {0};
	if (ran && writer->dirty && writer_wants_to_sign(writer)) {
		sign(writer, &head);
	}
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
		if (head.revision > 0) {
			note_signed(writer, &head);
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

/* Puts on record what the tally has. What does not get there (the store is full) stays counted, and is tried again. */
static void record_tally(struct writer *writer, bool all)
{
	struct tally *tally = server_tally(writer->server);
	struct tally_row rows[TALLY_BATCH];
	size_t places[TALLY_BATCH], count = TALLY_BATCH, at = 0;
	int64_t now = clock_wall_us();
	while (count == TALLY_BATCH) {
		struct status st;
		status_init(&st);
		begin(writer);
		for (count = 0; count < TALLY_BATCH && tally_next(tally, &at, now, all, &rows[count]); count++) {
			places[count] = at++;
			writer->dirty = append_row(writer, &rows[count]);
		}
		if (!end(writer, &st)) {
			return;
		}
		for (size_t i = 0; i < count; i++) {
			tally_recorded(tally, places[i], &rows[i], now);
		}
		give_back(writer, NULL);
	}
}

/* Signs without a change at hand: when it is time, and at the end. */
static void sign_alone(struct writer *writer)
{
	struct status st;
	struct store_head head = {0};
	status_init(&st);
	begin(writer);
	sign(writer, &head);
	if (store_commit(writer->executor.txn, &st)) {
		note_signed(writer, &head);
	} else if (st.code != STATUS_RESOURCE_EXHAUSTED) {
		die(&st);
	}
}

/* A stream's messages keep state of their own; an erasure alters what others of its batch have read. */
static bool runs_alone(const struct operation *op)
{
	return op->kind == OPERATION_TALLY || (op->kind == OPERATION_CALL && (op->method->client_streaming || op->method->irreversible));
}

/* What is not on record yet may name somebody whom the call erases. */
static void run_irreversible(struct writer *writer, struct operation *op)
{
	record_tally(writer, true);
	run_alone(writer, op);
}

/* The tally goes on record, and the end of the log is signed where it is time. */
static void run_tally(struct writer *writer, struct operation *op)
{
	server_tally_taken(writer->server);
	record_tally(writer, false);
	if (writer_wants_to_sign(writer)) {
		sign_alone(writer);
	}
	operation_free(op);
}

static void *writer_main(void *context)
{
	struct writer *writer = context;
	struct operation *list;
	while ((list = queue_wait(server_writer_queue(writer->server), LIMIT_WRITER_BATCH)) != NULL) {
		while (list) {
			struct operation *first = list, **end = &list;
			if (runs_alone(first)) {
				list = first->next;
				first->next = NULL;
				(first->kind == OPERATION_TALLY ? run_tally : first->method->irreversible ? run_irreversible : run_alone)(writer, first);
				continue;
			}
			while (*end && !runs_alone(*end)) {
				end = &(*end)->next;
			}
			struct operation *rest = *end;
			*end = NULL;
			run_together(writer, first);
			list = rest;
		}
		atomic_fetch_add(&writer->batches, 1);
	}
	record_tally(writer, true);
	if (writer->executor.engine->audit_key && store_revision(writer->executor.engine->store) > atomic_load(&writer->signed_revision)) {
		sign_alone(writer);
	}
	return NULL;
}

/* The last process may have ended without signing its last records: they count from the start of this one. */
static void note_last_signed(struct writer *writer)
{
	struct store_snapshot *snapshot;
	struct store_head head;
	struct status st;
	status_init(&st);
	atomic_store(&writer->signed_us, clock_monotonic_us());
	if (store_snapshot_new(writer->executor.engine->store, &snapshot, &st)) {
		if (store_head_last(store_snapshot_view(snapshot), &head, &st)) {
			atomic_store(&writer->signed_revision, head.revision);
		}
		store_snapshot_free(snapshot);
	}
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
	note_last_signed(writer);
	writer->executor.epoch = 1; /* its own count: every change of access goes through this thread */
	writer->executor.append = append;
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
