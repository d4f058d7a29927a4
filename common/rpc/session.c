/* SPDX-License-Identifier: Apache-2.0
 *
 * session.c - what every connection has, whichever wire it speaks: its calls, its clock, its end.
 */
#include "common/rpc/internal.h"

#include "common/base/clock.h"

#include <assert.h>
#include <stdlib.h>

/* ---- new and free -------------------------------------------------------------------------------------------------------------- */

static void standard(uint32_t *limit, uint32_t value)
{
	*limit = *limit == 0 ? value : *limit;
}

static struct rpc_session *session_new(bool server, const struct rpc_limits *limits, void *context)
{
	struct rpc_session *session = calloc(1, sizeof *session);
	if (session == NULL) {
		return NULL;
	}
	session->server = server;
	session->context = context;
	if (limits != NULL) {
		session->limits = *limits;
	}
	standard(&session->limits.message_bytes, server ? LIMIT_MESSAGE_BYTES : LIMIT_REPLY_BYTES);
	standard(&session->limits.streams, LIMIT_STREAMS);
	standard(&session->limits.header_bytes, LIMIT_HEADER_BYTES);
	standard(&session->limits.settings_ms, LIMIT_SETTINGS_MS);
	standard(&session->limits.headers_ms, LIMIT_HEADERS_MS);
	standard(&session->limits.body_ms, LIMIT_BODY_MS);
	session->allowed_bytes = server ? LIMIT_CONNECTION_HELD_BYTES : SIZE_MAX;
	session->opened_us = session->now_us = clock_monotonic_us();
	session->nuisance = (struct bucket){LIMIT_NUISANCE_BURST, session->now_us};
	session->resets = (struct bucket){LIMIT_PROVOKED_RESET_BURST, session->now_us};
	session->cancels = (struct bucket){LIMIT_RESET_BURST, session->now_us};
	TAILQ_INIT(&session->calls);
	TAILQ_INIT(&session->ready);
	TAILQ_INIT(&session->kept);
	return session;
}

struct rpc_session *rpc_server_new(const struct rpc_server_options *options, const struct rpc_server_events *events, void *context)
{
	struct rpc_session *session = session_new(true, options->limits, context);
	if (session == NULL) {
		return NULL;
	}
	session->schema = options->schema;
	session->origins = options->origins;
	session->server_events = events;
	if (!(options->http1 ? h1_open : h2_open)(session)) {
		rpc_session_free(session);
		return NULL;
	}
	return session;
}

struct rpc_session *rpc_client_new(const char *authority, const struct rpc_limits *limits, const struct rpc_client_events *events, void *context)
{
	struct rpc_session *session = session_new(false, limits, context);
	if (session == NULL) {
		return NULL;
	}
	session->client_events = events;
	session->authority = strdup(authority);
	if (session->authority == NULL || !h2_open(session)) {
		rpc_session_free(session);
		return NULL;
	}
	return session;
}

void session_call_ended(struct rpc_call *call)
{
	struct rpc_session *session = call->session;
	if (call->announced) {
		session->server_events->ended(session->context, call, !(call->owner_finished && call->end_sent));
	}
	call_free(call);
}

static void end_all(struct rpc_session *session)
{
	struct rpc_call *call;
	session->failed = true;
	if (!session->server) {
		client_end_all(session);
	}
	while ((call = TAILQ_FIRST(&session->calls)) != NULL) {
		session_call_ended(call);
	}
}

/* Memory that is kept for the next calls, or for the next bytes. */
static void free_kept(struct rpc_session *session)
{
	struct rpc_call *call;
	while ((call = TAILQ_FIRST(&session->kept)) != NULL) {
		TAILQ_REMOVE(&session->kept, call, link);
		arena_done(&call->arena);
		queue_free(&call->in);
		queue_free(&call->out);
		free(call);
	}
	session->kept_count = 0;
	memory_drop(&session->memory);
	queue_free(&session->inflated);
	queue_free(&session->deflated);
}

void rpc_session_free(struct rpc_session *session)
{
	if (session == NULL) {
		return;
	}
	end_all(session);
	if (session->wire != NULL) {
		session->wire->free(session);
	}
	assert(session->kept_bytes == 0);
	free_kept(session);
	queue_free(&session->out);
	free(session->authority);
	free(session);
}

/* ---- bytes in, bytes out ------------------------------------------------------------------------------------------------------ */

bool session_notices(struct rpc_session *session)
{
	bool any = false;
	struct rpc_call *call;
	while ((call = TAILQ_FIRST(&session->ready)) != NULL) {
		any = true;
		TAILQ_REMOVE(&session->ready, call, ready);
		call->noticed = false;
		if (call->notice_reading) {
			call->notice_reading = false;
			inbound_pump(call);
		}
		if (call->notice_writable) {
			call->notice_writable = false;
			if (session->server ? !call->closing : !call->aborted && !call->reported) {
				(session->server ? session->server_events->writable : session->client_events->writable)(session->context, call);
			}
		}
		if (!session->server && (call->closed || call->aborted)) {
			client_report(call);
		}
	}
	return any;
}

bool rpc_session_receive(struct rpc_session *session, struct bytes bytes)
{
	if (session->failed) {
		return false;
	}
	int64_t now_us = clock_monotonic_us();
	session->now_us = now_us > session->now_us ? now_us : session->now_us;
	bool ok = session->wire->receive(session, bytes);
	session_notices(session);
	return ok && !session->failed;
}

struct bytes rpc_session_send(struct rpc_session *session)
{
	if (session->lost) {
		session_notices(session);
		return (struct bytes){NULL, 0};
	}
	return session->wire->send(session);
}

bool rpc_session_done(const struct rpc_session *session)
{
	return session->broken || session->wire->done(session);
}

/* ---- memory ------------------------------------------------------------------------------------------------------------------------ */

size_t rpc_session_kept_bytes(const struct rpc_session *session)
{
	return session->kept_bytes + session->queued_bytes;
}

void rpc_session_allow(struct rpc_session *session, size_t bytes)
{
	session->allowed_bytes = bytes;
}

void rpc_session_set_message_bytes(struct rpc_session *session, uint32_t bytes)
{
	session->limits.message_bytes = bytes;
	standard(&session->limits.message_bytes, LIMIT_MESSAGE_BYTES);
}

void session_kept(struct rpc_session *session, size_t size)
{
	session->kept_bytes += size;
}

bool session_keep(struct rpc_session *session, size_t size)
{
	size_t kept = rpc_session_kept_bytes(session) + size;
	const struct rpc_server_events *events = session->server_events;
	if (kept > session->allowed_bytes && (events == NULL || events->memory == NULL || !events->memory(session->context, kept - session->allowed_bytes))) {
		return false;
	}
	session_kept(session, size);
	return true;
}

void session_let_go(struct rpc_session *session, size_t size)
{
	assert(size <= session->kept_bytes);
	session->kept_bytes -= size;
}

/* ---- the whole connection -------------------------------------------------------------------------------------------------------- */

size_t rpc_session_calls(const struct rpc_session *session)
{
	return session->calls_count;
}

size_t rpc_session_queued_bytes(const struct rpc_session *session)
{
	return session->queued_bytes;
}

const char *rpc_session_offence(const struct rpc_session *session)
{
	return session->offence;
}

void rpc_session_shutdown(struct rpc_session *session, bool final)
{
	session->wire->shutdown(session, final);
}

struct rpc_call *rpc_session_call(struct rpc_session *session, uint32_t id)
{
	struct rpc_call *call = NULL;
	if (session->h2 != NULL && id <= INT32_MAX) {
		call = nghttp2_session_get_stream_user_data(session->h2, (int32_t)id);
	}
	if (call == NULL && (session->h2 == NULL || !session->server)) {
		/* A client's request that waits for its turn has no stream yet; HTTP/1.1 has none at all. */
		TAILQ_FOREACH(call, &session->calls, link) {
			if (rpc_call_id(call) == id) {
				break;
			}
		}
	}
	return call != NULL && !call->reported ? call : NULL;
}

/* ---- time ------------------------------------------------------------------------------------------------------------------------------ */

bool bucket_take(struct bucket *bucket, double burst, double per_second, double tokens)
{
	int64_t now = clock_monotonic_us();
	bucket->tokens += (double)(now - bucket->filled_us) * per_second / 1e6;
	bucket->filled_us = now;
	if (bucket->tokens > burst) {
		bucket->tokens = burst;
	}
	bucket->tokens -= tokens;
	return bucket->tokens >= 0;
}

static bool older(const struct rpc_session *session, int64_t since_us, uint32_t ms)
{
	return session->now_us - since_us > (int64_t)ms * 1000;
}

static void call_tick(struct rpc_call *call)
{
	struct rpc_session *session = call->session;
	if (call->lingering) {
		if (older(session, call->waiting_us, LIMIT_LINGERING_MS)) {
			session->wire->reset(call, NGHTTP2_NO_ERROR);
		}
		return;
	}
	if (call_over(call) || call->remote_closed || call->method == NULL) {
		return;
	}
	/* As late as the ticks are apart. Once the request is whole the deadline is the owner's, who knows what the call is doing. */
	if (call->deadline_us != 0 && session->now_us > call->deadline_us) {
		call_fail(call, STATUS_DEADLINE_EXCEEDED, "The call's deadline has passed before its request came in whole.");
		return;
	}
	bool unfinished = !call->method->client_streaming || (call->reading && queue_size(&call->in) > 0);
	int64_t since_us = call->method->client_streaming ? call->waiting_us : call->started_us;
	if (!unfinished) {
		call->waiting_us = 0;
	} else if (since_us == 0) {
		call->waiting_us = session->now_us;
	} else if (older(session, since_us, session->limits.body_ms)) {
		call_fail(call, STATUS_DEADLINE_EXCEEDED, "The request did not come in whole within %u ms.", session->limits.body_ms);
	}
}

bool rpc_session_tick(struct rpc_session *session, int64_t now_us)
{
	struct rpc_call *call, *next;
	session->now_us = now_us;
	if (!session->server || session->failed) {
		return !session->failed;
	}
	if (session->calls_count == 0) {
		free_kept(session);
		if (queue_size(&session->out) == 0) {
			queue_free(&session->out);
		}
	}
	for (call = TAILQ_FIRST(&session->calls); call != NULL; call = next) {
		next = TAILQ_NEXT(call, link);
		call_tick(call);
	}
	if (session->headers_us != 0 && older(session, session->headers_us, session->limits.headers_ms)) {
		session->offence = "slow_headers";
		session->failed = true;
	}
	session->wire->tick(session);
	return !session->failed;
}
