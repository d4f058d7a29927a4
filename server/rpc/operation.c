/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/operation.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"
#include "server/access/certificate.h"
#include "server/rpc/server.h"

#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAITING_BYTES = 1000 /* what a call keeps while it waits: its message, who calls */ };

bool executor_init(struct executor *executor, struct server *server)
{
	executor->server = server;
	executor->engine = server_engine(server);
	executor->cache = caller_cache_new();
	arena_init(&executor->shared.arena, LIMIT_CALL_ARENA_BYTES);
	return executor->cache != NULL;
}

void executor_done(struct executor *executor)
{
	caller_cache_free(executor->cache);
	certificate_cache_free(executor->certificates);
	arena_done(&executor->shared.arena);
}

struct operation *operation_new(void)
{
	struct operation *op = calloc(1, sizeof *op);
	if (op) {
		arena_init(&op->arena, LIMIT_CALL_ARENA_BYTES);
		arena_init(&op->stream.arena, LIMIT_STREAM_ARENA_BYTES);
		arena_reserve(&op->stream.arena, WAITING_BYTES);
		status_init(&op->status);
		op->waiting_end = &op->waiting;
	}
	return op;
}

void operation_drop_current(struct operation *op)
{
	if (op->current && op->method->hashes) {
		sodium_memzero(op->current->bytes, op->current->size);
	}
	if (op->method && op->method->client_streaming) { /* otherwise the one message lies in the stream's arena */
		free(op->current);
	}
	op->current = NULL;
}

static void drop_waiting(struct operation *op)
{
	operation_drop_current(op);
	while ((op->current = op->waiting) != NULL) {
		op->waiting = op->waiting->next;
		operation_drop_current(op);
	}
	op->waiting_end = &op->waiting;
}

void operation_clear(struct operation *op)
{
	if (op->method && op->method->hashes) {
		arena_wipe(&op->arena);
	}
	arena_reset(&op->arena);
}

/* What lets others sign in: a password, unpacked, and the caller's token. */
static void wipe_secrets(struct operation *op)
{
	operation_clear(op);
	if (op->kept && op->token) { /* otherwise it is the session's */
		sodium_memzero((char *)(uintptr_t)op->token, strlen(op->token));
	}
}

void operation_reset(struct operation *op)
{
	if (op->stream.release) {
		op->stream.release(op->stream.state);
	}
	drop_waiting(op);
	wipe_secrets(op);
	struct arena arena = op->arena, stream_arena = op->stream.arena;
	size_t violations = offsetof(struct status, violations);
	memset(op, 0, offsetof(struct operation, status) + violations);
	memset((char *)op + offsetof(struct operation, reply), 0, sizeof *op - offsetof(struct operation, reply));
	op->arena = arena;
	op->stream.arena = stream_arena;
	arena_reset(&op->stream.arena);
	status_init(&op->status);
	op->waiting_end = &op->waiting;
}

void operation_keep(struct operation *op)
{
	const char **texts[] = {&op->token, &op->peer, &op->client, &op->as_of, &op->min_revision};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !op->kept; i++) {
		const char *copy = **texts[i] ? arena_strdup(&op->stream.arena, *texts[i]) : "";
		*texts[i] = copy ? copy : "";
	}
	if (op->certificate && !op->kept) {
		op->certificate = arena_memdup(&op->stream.arena, op->certificate, sizeof *op->certificate); /* NULL: nobody is signed in */
	}
	op->kept = true;
}

void operation_free(struct operation *op)
{
	if (!op) {
		return;
	}
	if (op->stream.release) {
		op->stream.release(op->stream.state);
	}
	drop_waiting(op);
	wipe_secrets(op);
	arena_done(&op->arena);
	arena_done(&op->stream.arena);
	free(op);
}

/* ---- the pipeline, step by step ----------------------------------------------------------------------------------------------- */

static bool check_time(struct operation *op)
{
	if (atomic_load(&op->cancelled)) {
		return status_fail(&op->status, STATUS_CANCELLED, "CANCELLED", "the call was cancelled");
	}
	return op->deadline_us == 0 || clock_monotonic_us() < op->deadline_us ||
	       status_fail(&op->status, STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the call's deadline has passed%s", op->method->client_streaming ? "" : "; nothing was changed");
}

/* Whom the connection's certificate says, as long as that has not expired. */
static const struct caller *find_certified(struct operation *op, struct executor *executor, int64_t now_us)
{
	const struct caller *caller = NULL;
	if (now_us >= op->certificate->end_us) {
		status_fail(&op->status, STATUS_UNAUTHENTICATED, "CERTIFICATE_EXPIRED", "your client certificate has expired: connect with a new one");
	} else {
		caller = certificate_cache_get(&executor->certificates, &executor->engine->access, executor->view, op->certificate->name, executor->epoch, &op->status);
	}
	if (!caller && op->method->audience == AUDIENCE_ANONYMOUS) {
		status_init(&op->status);
		return &caller_anonymous;
	}
	if (caller) {
		memcpy(op->user, caller->user, strlen(caller->user) + 1);
	}
	return caller;
}

/* Who calls: nobody, or whom the token says, or without one the certificate. */
static const struct caller *find_caller(struct operation *op, struct executor *executor, int64_t now_us)
{
	if (op->certificate) {
		return find_certified(op, executor, now_us);
	}
	if (!*op->token) {
		if (op->method->audience == AUDIENCE_ANONYMOUS) {
			return &caller_anonymous;
		}
		status_fail(&op->status, STATUS_UNAUTHENTICATED, "NOT_SIGNED_IN", "not signed in: send the header authorization: Bearer TOKEN of SignIn");
		return NULL;
	}
	const struct caller *caller =
		caller_cache_get(executor->cache, &executor->engine->access, executor->view, op->token, now_us, executor->epoch, &op->status);
	if (!caller && op->method->audience == AUDIENCE_ANONYMOUS) {
		status_init(&op->status);
		return &caller_anonymous;
	}
	if (caller) {
		size_t size = strlen(caller->user); /* a resource's name: it fits */
		memcpy(op->user, caller->user, size + 1);
		if (*caller->token) {
			snprintf(op->api_token, sizeof op->api_token, "%s", strrchr(caller->token, '/') + 1);
		}
		if (now_us - caller->last_used_us > caller->touch_us) {
			caller_cache_touch(executor->cache, caller, now_us);
			server_touch(executor->server, *caller->token ? caller->token : caller->session);
		}
	}
	return caller;
}

/* What an API token may not, though its user may. */
static bool check_token(struct operation *op, const struct caller *caller)
{
	const char *permission = op->method->permission;
	if (op->method->no_token) {
		return status_fail(&op->status, STATUS_PERMISSION_DENIED, "TOKEN_REFUSED", "an API token may not call %s: sign in for it", op->method->name);
	}
	return !permission || op->method->audience != AUDIENCE_SIGNED_IN || decide_token(caller, permission) ||
	       status_fail(&op->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "the API token does not have the permission %s", permission);
}

static bool check_permission(struct operation *op, const struct caller *caller, int64_t now_us)
{
	const char *permission = op->method->permission;
	if (*caller->token && !check_token(op, caller)) {
		return false;
	}
	return !permission || op->method->audience != AUDIENCE_PERMITTED || decide_any(caller, permission, now_us) ||
	       status_fail(&op->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "none of your roles has the permission %s%s", permission,
	                   *caller->token ? ", or the API token does not have it" : "");
}

/* kam-as-of: a revision or an RFC 3339 time. */
static bool read_as_of(struct operation *op, struct call *call)
{
	uint64_t newest = store_view_revision(call->view);
	int64_t seconds;
	int32_t nanos;
	char *end;
	call->revision = newest;
	if (*op->min_revision && strtoull(op->min_revision, &end, 10) > newest) {
		return status_fail(&op->status, STATUS_UNAVAILABLE, "REVISION_AHEAD", "kam-min-revision: the store is at revision %llu; try again",
		                   (unsigned long long)newest);
	}
	if (!*op->as_of) {
		return true;
	}
	if (op->method->writes) {
		return status_field(&op->status, "kam-as-of", "cannot be used with %s: a change is always made now", op->method->name);
	}
	uint64_t revision = strtoull(op->as_of, &end, 10);
	if (*end != '\0' || revision == 0) {
		int64_t days;
		if (clock_parse_date(op->as_of, &days)) { /* as it stood at the end of the day */
			seconds = days * 86400 + 86399;
			nanos = 999999999;
			seconds = seconds > call->now_us / 1000000 && days <= call->now_us / 1000000 / 86400 ? call->now_us / 1000000 : seconds;
		} else if (!clock_parse(op->as_of, &seconds, &nanos)) {
			return status_field(&op->status, "kam-as-of", "\"%.60s\" is neither a revision, a day such as 2026-03-31, nor a time such as 2026-03-31T12:00:00Z",
			                    op->as_of);
		}
		if (seconds > call->now_us / 1000000) {
			return status_fail(&op->status, STATUS_OUT_OF_RANGE, "AHEAD_OF_TIME", "kam-as-of: %s has not come yet", op->as_of);
		}
		revision = store_revision_at(call->view, seconds * 1000000 + nanos / 1000, &op->status);
		if (revision == 0) {
			return status_fail(&op->status, STATUS_OUT_OF_RANGE, "BEFORE_HISTORY", "kam-as-of: there was nothing yet at %s", op->as_of);
		}
	}
	if (revision > newest) {
		return status_fail(&op->status, STATUS_OUT_OF_RANGE, "REVISION_AHEAD", "kam-as-of: revision %llu is ahead of the store, which is at %llu",
		                   (unsigned long long)revision, (unsigned long long)newest);
	}
	call->as_of = revision == newest ? 0 : revision;
	call->revision = revision;
	return true;
}

static bool send_now(struct call *call)
{
	struct operation *op = call->transport;
	struct executor *executor = op->stream.executor;
	bool room = executor->send(op, buf_bytes(&call->reply));
	call->reply.size = 0;
	call->replied = false;
	return room;
}

static bool append_now(struct call *call)
{
	struct operation *op = call->transport;
	struct executor *executor = op->stream.executor;
	const struct status *txn = store_txn_status(executor->txn);
	op->revision = executor->append(executor, call, op);
	changes_clear(call->changes);
	call->note = NULL;
	return op->revision != 0 || status_fail(call->status, txn->code, txn->reason, "%s", txn->message);
}

/* ---- request ids: the same request again gets the same reply ------------------------------------------------------------------------ */

enum { FINGERPRINT_BYTES = 16 };

static const char *request_id_of(const struct call *call)
{
	const struct schema_field *field = call->request ? schema_field_find(call->method->input, "request_id") : NULL;
	const struct schema_field *dry = call->request ? schema_field_find(call->method->input, "validate_only") : NULL;
	return field && !(dry && value_get(call->request, dry, 0).boolean) ? value_get(call->request, field, 0).string : "";
}

static void fingerprint(const struct operation *op, uint8_t ret_hash[FINGERPRINT_BYTES])
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, FINGERPRINT_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)op->method->path, strlen(op->method->path) + 1);
	if (!op->method->hashes) { /* a fast hash of a password must not lie on the disk */
		crypto_generichash_update(&state, op->message.data, op->message.size);
	}
	crypto_generichash_final(&state, ret_hash, FINGERPRINT_BYTES);
}

/* True when the reply of the first time was found, or the id was used for something else. */
static bool replay(struct operation *op, struct call *call, const char *request_id)
{
	struct bytes known;
	uint8_t hash[FINGERPRINT_BYTES];
	if (!store_request_get(call->view, call->caller->user, request_id, call->now_us / 1000000, &known, &op->status)) {
		return false;
	}
	fingerprint(op, hash);
	if (known.size < FINGERPRINT_BYTES || memcmp(known.data, hash, FINGERPRINT_BYTES) != 0) {
		status_field(&op->status, "request_id", "was used for another request of yours today: choose a new one");
		return true;
	}
	engine_reply_again(call, (struct bytes){known.data + FINGERPRINT_BYTES, known.size - FINGERPRINT_BYTES});
	return true;
}

static void remember(struct operation *op, struct call *call, struct executor *executor, const char *request_id)
{
	struct buf bytes;
	uint8_t hash[FINGERPRINT_BYTES];
	buf_init(&bytes, &op->arena);
	fingerprint(op, hash);
	buf_add(&bytes, hash, sizeof hash);
	buf_add(&bytes, call->reply.data, call->reply.size);
	if (!bytes.failed) {
		store_request_put(executor->txn, call->caller->user, request_id, buf_bytes(&bytes), call->now_us / 1000000 + LIMIT_REQUEST_ID_SECONDS);
	}
}

/* ---- exports: what goes on record though it changes nothing ---------------------------------------------------------------------------- */

static const char *text_field(const struct call *call, const char *name)
{
	const struct schema_field *field = schema_field_find(call->method->input, name);
	return field && field->pb->type == PROTOBUF_C_TYPE_STRING && !field->repeated ? value_get(call->request, field, 0).string : "";
}

/* Resources in an answer, packed: the elements of its repeated messages. */
static uint32_t count_resources(const struct schema_type *output, struct bytes reply)
{
	uint32_t count = 0;
	uint64_t key, size;
	while (reply.size > 0) {
		size_t used = wire_varint(reply, &key);
		size_t more = used ? wire_varint((struct bytes){reply.data + used, reply.size - used}, &size) : 0;
		if (more == 0) {
			break;
		}
		used += more;
		if ((key & 7) == 2) {
			const struct schema_field *field = schema_field_by_number(output, (uint32_t)(key >> 3));
			count += field && field->repeated && field->message ? 1 : 0;
			used += size < reply.size - used ? (size_t)size : reply.size - used;
		}
		reply = (struct bytes){reply.data + used, reply.size - used};
	}
	return count;
}

static void note_export(struct operation *op, const struct call *call)
{
	if (op->method->server_streaming) {
		op->exported = call->request ? 1 : 0;
		return;
	}
	uint32_t count = count_resources(op->method->output, buf_bytes(&call->reply));
	if (count == 0 || (count <= LIMIT_PAGE_SIZE_DEFAULT && !*text_field(call, "page_token"))) {
		return;
	}
	const char *parent = text_field(call, "parent"), *filter = text_field(call, "filter");
	op->exported = count;
	op->note = arena_printf(call->arena, "%.200s%s%.200s%s%.60s", *parent ? parent : "all", *filter ? " where " : "", filter, *op->as_of ? " as of " : "", op->as_of);
}

/* ---- running --------------------------------------------------------------------------------------------------------------------------- */

static bool unpack_request(struct operation *op, struct call *call)
{
	if (op->pump || !op->has_message) {
		return true;
	}
	call->request = schema_unpack(op->method->input, op->message, &op->arena, &op->status);
	return call->request && call_check_request(call);
}

static call_handler *handler_of(const struct operation *op, const struct executor *executor)
{
	const struct engine *engine = executor->engine;
	if (op->pump) {
		return op->stream.pump;
	}
	return executor->preparing ? engine->methods[op->method->index]->prepare : engine->handlers[op->method->index];
}

static bool run_handler(struct operation *op, struct executor *executor, struct call *call)
{
	size_t pending;
	bool fresh = call->changes && !op->method->client_streaming;
	const char *request_id = fresh ? request_id_of(call) : "";
	op->request_id = request_id;
	if (*request_id && replay(op, call, request_id)) {
		return status_ok(&op->status);
	}
	bool ok = call_whole(call, handler_of(op, executor)(call));
	op->note = call->note;
	if (op->method->exports && ok && !op->pump && !call->deferred && status_ok(&op->status)) {
		note_export(op, call);
	}
	if (!ok || call->deferred || executor->preparing || !call->changes || !status_ok(&op->status)) {
		return ok;
	}
	changes_list(call->changes, &pending);
	if (pending > 0 && !append_now(call)) {
		return false;
	}
	if (*request_id && call->replied && pending > 0) {
		remember(op, call, executor, request_id);
	}
	if (call->once) {
		store_request_put(executor->txn, CALL_ONCE, call->once, (struct bytes){NULL, 0}, call->once_until_s);
	}
	return true;
}

bool operation_admit(struct operation *op, struct executor *executor)
{
	int64_t now_us = clock_wall_us();
	const struct caller *caller = check_time(op) ? find_caller(op, executor, now_us) : NULL;
	return caller && check_permission(op, caller, now_us);
}

bool operation_run(struct operation *op, struct executor *executor)
{
	struct call call = {
		.engine = executor->engine,
		.method = op->method,
		.arena = &op->arena,
		.status = &op->status,
		.peer = op->peer,
		.client = op->client,
		.now_us = clock_wall_us(),
		.view = executor->view,
		.stream = op->method->client_streaming || op->method->server_streaming ? &op->stream : NULL,
		.shared = &executor->shared,
		.prepared = op->prepared,
		.verified = op->verified,
		.witness = op->witness,
		.budget = executor->budget,
		.send = send_now,
		.append = append_now,
		.transport = op,
	};
	op->stream.executor = executor;
	op->note = op->request_id = NULL;
	op->replied = false;
	op->exported = 0;
	op->revision = 0;
	buf_init(&call.reply, &op->arena);
	call.changes = op->method->writes && !executor->preparing ? changes_new(&op->arena, executor->engine->schema) : NULL;
	if (op->method->writes && !executor->preparing && !call.changes) {
		status_fail(&op->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "out of memory");
	}
	bool ok = status_ok(&op->status) && check_time(op) && (call.caller = find_caller(op, executor, call.now_us)) != NULL && check_permission(op, call.caller, call.now_us) &&
	          read_as_of(op, &call) && unpack_request(op, &call) && run_handler(op, executor, &call);
	if (call.deferred) {
		return false;
	}
	if (!ok && status_ok(&op->status)) {
		status_fail(&op->status, STATUS_INTERNAL, "INTERNAL", "%s failed without a reason; this is a defect of kamd", op->method->name);
	}
	op->prepared = call.prepared;
	op->verified = call.verified;
	op->witness = call.witness;
	op->replied = ok && call.replied;
	op->reply = buf_bytes(&call.reply);
	op->more = call.more;
	op->revision = op->revision ? op->revision : call.revision;
	return true;
}
