/* SPDX-License-Identifier: Apache-2.0
 *
 * A call from its start to its end, over as many attempts as it takes.
 *
 * What is to be sent is kept until an answer came or it takes more than LIMIT_OUTPUT_BYTES of memory; while it is kept the call can be tried again from
 * its beginning. The end of an attempt is only marked here; the turn decides whether to rest and try again or to tell the caller.
 */
#include "client/lib/internal.h"

#include "common/base/clock.h"
#include "common/base/limits.h"

#include <stdio.h>
#include <stdlib.h>

/* Leaves the session: nothing that it says about the call arrives any more. */
static void exchange_detach(struct kam_exchange *exchange, enum status_code code)
{
	if (exchange->call) {
		struct rpc_call *call = exchange->call;
		exchange->call = NULL;
		rpc_call_set_user(call, NULL);
		rpc_client_cancel(call, code);
	}
	exchange->link = NULL;
}

/* ---- sending --------------------------------------------------------------------------------------------------------------- */

/* The memory that a message takes, however small it is. */
static size_t outgoing_cost(const struct outgoing *message)
{
	return sizeof *message + message->size;
}

static void outgoing_drop(struct kam_exchange *exchange, const struct outgoing *until)
{
	while (exchange->outgoing != until) {
		struct outgoing *message = exchange->outgoing;
		exchange->outgoing = message->next;
		exchange->kept_bytes -= outgoing_cost(message);
		free(message);
	}
	if (!exchange->outgoing) {
		exchange->outgoing_end = &exchange->outgoing;
	}
}

static void exchange_flush(struct kam_exchange *exchange)
{
	while (exchange->unsent && exchange->call && !exchange->sending) {
		struct outgoing *message = exchange->unsent;
		exchange->unsent = message->next;
		exchange->unsent_bytes -= outgoing_cost(message);
		if (message->bare) {
			rpc_client_half_close(exchange->call);
		} else {
			exchange->sending = !rpc_client_send(exchange->call, (struct bytes){message->data, message->size}, message->last);
		}
	}
	if (exchange->answered || exchange->kept_bytes > LIMIT_OUTPUT_BYTES) {
		exchange->discarded = exchange->discarded || exchange->outgoing != exchange->unsent;
		outgoing_drop(exchange, exchange->unsent);
	}
	kam_mark(exchange->kam);
}

static bool exchange_add(struct kam_exchange *exchange, struct bytes bytes, bool last, bool bare)
{
	struct outgoing *message = malloc(sizeof *message + bytes.size);
	if (!message) {
		exchange_detach(exchange, STATUS_CANCELLED);
		status_fail(&exchange->status, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		exchange->state = EXCHANGE_FINISHED;
		kam_mark(exchange->kam);
		return false;
	}
	*message = (struct outgoing){.last = last, .bare = bare, .size = bytes.size};
	if (bytes.size > 0) {
		memcpy(message->data, bytes.data, bytes.size);
	}
	*exchange->outgoing_end = message;
	exchange->outgoing_end = &message->next;
	exchange->kept_bytes += outgoing_cost(message);
	exchange->unsent_bytes += outgoing_cost(message);
	if (!exchange->unsent) {
		exchange->unsent = message;
	}
	if (exchange->state == EXCHANGE_RUNNING) {
		exchange_flush(exchange);
	}
	return !exchange->sending && exchange->unsent_bytes < LIMIT_OUTPUT_BYTES;
}

bool kam_exchange_send(struct kam_exchange *exchange, struct kam_bytes message, bool last)
{
	return exchange_add(exchange, (struct bytes){message.data, message.size}, last, false);
}

void kam_exchange_half_close(struct kam_exchange *exchange)
{
	exchange_add(exchange, (struct bytes){0}, true, true);
}

void kam_exchange_set_reading(struct kam_exchange *exchange, bool reading)
{
	exchange->reading = reading;
	if (exchange->call) {
		rpc_call_set_reading(exchange->call, reading);
		kam_mark(exchange->kam);
	}
}

/* ---- what the session says --------------------------------------------------------------------------------------------------- */

void exchange_message(void *context, struct rpc_call *call, struct bytes message)
{
	(void)context;
	struct kam_exchange *exchange = rpc_call_user(call);
	if (exchange) {
		exchange->answered = true;
		exchange->events->message(exchange->context, (struct kam_bytes){message.data, message.size});
	}
}

void exchange_writable(void *context, struct rpc_call *call)
{
	(void)context;
	struct kam_exchange *exchange = rpc_call_user(call);
	if (!exchange) {
		return;
	}
	exchange->sending = false;
	exchange_flush(exchange);
	if (!exchange->sending && exchange->events->writable) {
		exchange->events->writable(exchange->context);
	}
}

/* grpc-retry-pushback-ms (gRPC A6): a number of milliseconds; anything else says not to try again. */
static int64_t pushback_ms(struct rpc_call *call)
{
	const char *text = rpc_call_metadata(call, "grpc-retry-pushback-ms");
	char *end;
	long long value = text ? strtoll(text, &end, 10) : PUSHBACK_NONE;
	return !text ? PUSHBACK_NONE : *text >= '0' && *text <= '9' && *end == '\0' && value <= INT32_MAX ? value : -1;
}

void exchange_over(void *context, struct rpc_call *call, const struct status *status, bool retryable)
{
	const struct link *link = context;
	struct kam_exchange *exchange = rpc_call_user(call);
	if (!exchange) {
		return;
	}
	const char *revision = rpc_call_metadata(call, "kam-revision");
	exchange->revision = revision ? strtoull(revision, NULL, 10) : 0;
	exchange->status = *status;
	if (link->dead && status->code == STATUS_UNAVAILABLE && !rpc_call_metadata(call, "grpc-status")) {
		status_init(&exchange->status);
		status_fail(&exchange->status, STATUS_UNAVAILABLE, "", "the connection to %s broke: %s", exchange->kam->server, link->reason);
	}
	exchange->retryable = retryable;
	exchange->pushback_ms = pushback_ms(call);
	exchange->state = EXCHANGE_FINISHED;
	exchange->call = NULL;
	exchange->link = NULL;
	kam_mark(exchange->kam);
}

void exchanges_fail_waiting(struct kam *kam, const struct link *link)
{
	struct kam_exchange *exchange;
	TAILQ_FOREACH(exchange, &kam->exchanges, all) {
		if (exchange->link == link && exchange->state == EXCHANGE_WAITING) {
			exchange->link = NULL;
			if (!link->dead) {
				continue;
			}
			exchange->unreached = true;
			status_fail(&exchange->status, STATUS_UNAVAILABLE, "", "cannot reach %s: %s", kam->server, link->reason);
			exchange->retryable = true;
			exchange->state = EXCHANGE_FINISHED;
		}
	}
}

/* ---- time ------------------------------------------------------------------------------------------------------------------ */

static void on_deadline(evutil_socket_t socket, short what, void *context)
{
	(void)socket;
	(void)what;
	struct kam_exchange *exchange = context;
	if (exchange->state == EXCHANGE_LEFT) {
		return;
	}
	if (exchange->state != EXCHANGE_FINISHED || exchange->status.code == STATUS_UNAVAILABLE) {
		const struct kam *kam = exchange->kam;
		double waited_s = (double)(exchange->deadline_us - exchange->started_us) / 1e6;
		exchange_detach(exchange, STATUS_DEADLINE_EXCEEDED);
		status_init(&exchange->status);
		status_fail(&exchange->status, STATUS_DEADLINE_EXCEEDED, "", "no answer from %s within %.3g s%s%s", kam->server, waited_s,
		            kam->trouble[0] ? ": " : "", kam->trouble);
		exchange->retryable = false;
		exchange->state = EXCHANGE_FINISHED;
	}
	kam_mark(exchange->kam);
}

static void on_pause(evutil_socket_t socket, short what, void *context)
{
	(void)socket;
	(void)what;
	struct kam_exchange *exchange = context;
	if (exchange->state == EXCHANGE_RESTING) {
		exchange->state = EXCHANGE_WAITING;
	}
	kam_mark(exchange->kam);
}

static void timer_set(struct event *event, int64_t us)
{
	struct timeval time = {us / 1000000, us % 1000000};
	event_add(event, &time);
}

/* ---- the turn ---------------------------------------------------------------------------------------------------------------- */

static void exchange_free(struct kam_exchange *exchange)
{
	outgoing_drop(exchange, NULL);
	if (exchange->deadline) {
		event_free(exchange->deadline);
	}
	if (exchange->pause) {
		event_free(exchange->pause);
	}
	arena_done(&exchange->arena);
	free(exchange);
}

int64_t pause_us(unsigned growth)
{
	int64_t base_us = (int64_t)LIMIT_RETRY_MS * 1000, max_us = (int64_t)LIMIT_RETRY_MAX_MS * 1000;
	while (growth-- > 0 && base_us < max_us) {
		base_us *= 2;
	}
	base_us = base_us < max_us ? base_us : max_us;
	uint32_t random;
	evutil_secure_rng_get_bytes(&random, sizeof random);
	return base_us / 2 + random % base_us;
}

static void exchange_rest(struct kam_exchange *exchange, int64_t us)
{
	exchange->state = EXCHANGE_RESTING;
	timer_set(exchange->pause, us);
}

static bool exchange_retry(struct kam_exchange *exchange)
{
	bool patient = exchange->unreached && exchange->wait_for_ready;
	bool again = exchange->status.code == STATUS_UNAVAILABLE && (exchange->retryable || exchange->idempotent) && !exchange->answered &&
	             !exchange->discarded && exchange->pushback_ms != -1 && (patient || exchange->attempts < LIMIT_CLIENT_ATTEMPTS);
	int64_t now_us = clock_monotonic_us();
	int64_t connect_us = exchange->kam->connect_timeout_ms * 1000;
	bool tried_long = !patient && exchange->attempts <= 1 && now_us - exchange->started_us >= connect_us;
	int64_t rest_us = exchange->pushback_ms >= 0 ? exchange->pushback_ms * 1000 : pause_us(exchange->attempts - 1);
	if (!again || tried_long || (!patient && exchange->deadline_us && now_us + rest_us >= exchange->deadline_us)) {
		return false;
	}
	exchange->attempts -= patient;
	status_init(&exchange->status);
	exchange->unsent = exchange->outgoing;
	exchange->unsent_bytes = exchange->kept_bytes;
	exchange->sending = exchange->unreached = false;
	exchange->pushback_ms = PUSHBACK_NONE;
	exchange_rest(exchange, rest_us);
	return true;
}

/* Finds it a connection. False: it rests, or is finished. */
static bool exchange_find_link(struct kam_exchange *exchange)
{
	struct kam *kam = exchange->kam;
	if (exchange->link) {
		return true;
	}
	exchange->link = link_current(kam);
	/* Calls that try for ever keep to one pace together; the others have their few attempts, at their own. */
	int64_t wait_us = kam->rest_until_us - clock_monotonic_us();
	if (!exchange->link && exchange->wait_for_ready && wait_us > 0) {
		exchange_rest(exchange, wait_us);
		return false;
	}
	exchange->attempts++;
	exchange->link = exchange->link ? exchange->link : link_open(kam, &exchange->status);
	if (!exchange->link) {
		exchange->unreached = exchange->retryable = true;
		exchange->state = EXCHANGE_FINISHED;
		kam_mark(kam);
	}
	return exchange->link;
}

/* How often it was tried before, for the server's eyes (gRPC A6). */
static void exchange_count_attempt(struct kam_exchange *exchange)
{
	const char **last = exchange->metadata + exchange->metadata_count;
	const char *count = exchange->attempts > 1 ? arena_printf(&exchange->arena, "%u", exchange->attempts - 1) : NULL;
	last[0] = count ? "grpc-previous-rpc-attempts" : NULL;
	last[1] = count;
}

static void exchange_begin(struct kam_exchange *exchange)
{
	if (!exchange_find_link(exchange)) {
		return;
	}
	struct link *link = exchange->link;
	int64_t timeout_us = exchange->deadline_us ? exchange->deadline_us - clock_monotonic_us() : 0;
	if (!link->session || link->dead || (exchange->deadline_us && timeout_us <= 0)) {
		return;
	}
	exchange_count_attempt(exchange);
	exchange->call = rpc_client_start(link->session, exchange->path, exchange->metadata, timeout_us, exchange);
	if (!exchange->call) {
		/* The server is sending us away: the next turn finds another connection, and this did not count as an attempt. */
		link->retired = true;
		exchange->link = NULL;
		exchange->attempts--;
		kam_mark(exchange->kam);
		return;
	}
	exchange->state = EXCHANGE_RUNNING;
	if (!exchange->reading) {
		rpc_call_set_reading(exchange->call, false);
	}
	exchange_flush(exchange);
	if (!exchange->sending && exchange->events->writable) {
		exchange->events->writable(exchange->context);
	}
}

static void exchange_tell(struct kam_exchange *exchange)
{
	struct kam_status told;
	kam_status_give(&exchange->status, &told);
	exchange->events->finished(exchange->context, &told, exchange->revision);
	exchange->state = EXCHANGE_LEFT;
}

/* Callbacks may start exchanges, which come last, and leave them, which does not free: the list holds while it is walked. */
void exchanges_turn(struct kam *kam)
{
	struct kam_exchange *exchange, *next;
	TAILQ_FOREACH(exchange, &kam->exchanges, all) {
		if (exchange->state == EXCHANGE_WAITING) {
			exchange_begin(exchange);
		}
	}
	for (exchange = TAILQ_FIRST(&kam->exchanges); exchange; exchange = next) {
		if (exchange->state == EXCHANGE_FINISHED && !exchange_retry(exchange)) {
			exchange_detach(exchange, STATUS_CANCELLED);
			exchange_tell(exchange);
		}
		next = TAILQ_NEXT(exchange, all);
		if (exchange->state == EXCHANGE_LEFT) {
			TAILQ_REMOVE(&kam->exchanges, exchange, all);
			exchange_free(exchange);
		}
	}
}

void kam_exchange_cancel(struct kam_exchange *exchange)
{
	exchange_detach(exchange, STATUS_CANCELLED);
	exchange->state = EXCHANGE_LEFT;
	kam_mark(exchange->kam);
}

void exchanges_close(struct kam *kam)
{
	struct kam_exchange *exchange;
	while ((exchange = TAILQ_FIRST(&kam->exchanges)) != NULL) {
		exchange_detach(exchange, STATUS_CANCELLED);
		if (exchange->state != EXCHANGE_LEFT) {
			status_init(&exchange->status);
			status_fail(&exchange->status, STATUS_CANCELLED, "", "the client was closed");
			exchange_tell(exchange);
		}
		TAILQ_REMOVE(&kam->exchanges, exchange, all);
		exchange_free(exchange);
	}
}

/* ---- starting ---------------------------------------------------------------------------------------------------------------- */

/* Path and metadata outlive the caller's: an attempt may start much later. */
static bool exchange_describe(struct kam_exchange *exchange, const char *path, const char *const *metadata)
{
	const struct kam *kam = exchange->kam;
	size_t count = 0;
	while (metadata && metadata[count]) {
		count++;
	}
	struct arena *arena = &exchange->arena;
	exchange->path = arena_strdup(arena, path);
	exchange->metadata = arena_calloc(arena, count + 7, sizeof *exchange->metadata);
	if (!exchange->metadata) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		exchange->metadata[i] = arena_strdup(arena, metadata[i]);
	}
	exchange->metadata[count++] = "user-agent";
	exchange->metadata[count++] = arena_strdup(arena, kam->user_agent);
	if (kam->token) {
		exchange->metadata[count++] = "authorization";
		exchange->metadata[count++] = arena_printf(arena, "Bearer %s", kam->token);
	}
	exchange->metadata_count = count;
	return !arena->overflowed;
}

struct kam_exchange *kam_exchange_start(struct kam *kam, const char *path, const struct kam_call_options *options,
                                        const struct kam_exchange_events *events, void *context, struct kam_status *ret_status)
{
	static const struct kam_call_options none;
	struct status st;
	status_init(&st);
	options = options ? options : &none;
	struct kam_exchange *exchange = calloc(1, sizeof *exchange);
	if (!exchange) {
		goto fail;
	}
	exchange->kam = kam;
	exchange->events = events;
	exchange->context = context;
	exchange->idempotent = options->idempotent;
	exchange->wait_for_ready = options->wait_for_ready;
	exchange->reading = true;
	exchange->pushback_ms = PUSHBACK_NONE;
	exchange->outgoing_end = &exchange->outgoing;
	exchange->started_us = clock_monotonic_us();
	exchange->deadline = evtimer_new(kam->base, on_deadline, exchange);
	exchange->pause = evtimer_new(kam->base, on_pause, exchange);
	arena_init(&exchange->arena, LIMIT_HEADER_BYTES * 4);
	status_init(&exchange->status);
	if (!exchange->deadline || !exchange->pause || !exchange_describe(exchange, path, options->metadata)) {
		exchange_free(exchange);
		goto fail;
	}
	if (options->timeout_ms > 0) {
		exchange->deadline_us = exchange->started_us + options->timeout_ms * 1000;
		timer_set(exchange->deadline, options->timeout_ms * 1000);
	}
	TAILQ_INSERT_TAIL(&kam->exchanges, exchange, all);
	kam_mark(kam);
	kam_status_give(&st, ret_status);
	return exchange;
fail:
	status_fail(&st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	kam_status_give(&st, ret_status);
	return NULL;
}
