/* SPDX-License-Identifier: Apache-2.0
 *
 * The methods. Unary ones answer as soon as their message is there. Streaming ones keep the requests that are still to be answered in their job, and
 * `pump` answers them one response after the other until it must wait: for a pause that the client asked for, or for room in the stream. While it
 * waits, no further message is taken, so a client that sends faster than it reads is held back by flow control.
 */
#include "tests/interop/server/service.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "grpc/testing/test.pb-c.h"
#include "tests/interop/server/connection.h"

#include <event2/event.h>
#include <stdlib.h>

enum { PAYLOAD_BYTES_MAX = 16 << 20 };

/* What every payload is made of. */
static uint8_t zeros[PAYLOAD_BYTES_MAX];

struct request {
	STAILQ_ENTRY(request) entry;
	const Grpc__Testing__StreamingOutputCallRequest *message;
};

/* One call; lives from `begin` to `ended`. */
struct job {
	struct connection *connection;
	struct rpc_call *call;
	const struct method *method;
	struct arena arena;                      /* the requests */
	STAILQ_HEAD(, request) requests;         /* still to be answered */
	size_t next_response;                    /* of the first of them */
	int64_t due_us;                          /* when that may be sent; 0: not yet known */
	struct event *timer;                     /* at the next of `due_us` and the call's deadline */
	bool half_closed;
	int64_t received_bytes;                  /* StreamingInputCall */
};

struct method {
	const char *path;
	void (*message)(struct job *job, ProtobufCMessage *message);
	void (*half_close)(struct job *job); /* NULL: it has answered by then */
};

/* ---- answering ------------------------------------------------------------------------------------------------------------------- */

static void finish(struct job *job, const struct status *st)
{
	evtimer_del(job->timer);
	STAILQ_INIT(&job->requests);
	rpc_call_finish(job->call, st);
}

static void finish_ok(struct job *job)
{
	struct status st;
	status_init(&st);
	finish(job, &st);
}

static void fail(struct job *job, enum status_code code, const char *message)
{
	struct status st;
	status_init(&st);
	status_fail(&st, code, "", "%s", message);
	finish(job, &st);
}

/* False: the stream is full, wait for `writable`. */
static bool send_message(struct job *job, const ProtobufCMessage *message)
{
	struct arena *scratch = &job->connection->server->scratch;
	bool room = rpc_call_send(job->call, schema_pack(message, scratch));
	arena_reset(scratch);
	return room;
}

static void reply(struct job *job, const ProtobufCMessage *message)
{
	send_message(job, message);
	finish_ok(job);
}

/* ---- what requests ask for -------------------------------------------------------------------------------------------------------- */

static bool compressed_as_said(struct job *job, const Grpc__Testing__BoolValue *expected)
{
	if (expected && (expected->value != 0) != rpc_call_compressed(job->call)) {
		fail(job, STATUS_INVALID_ARGUMENT, expected->value ? "the message was to come compressed, but did not" : "the message came compressed");
		return false;
	}
	return true;
}

static void compress(struct job *job, const Grpc__Testing__BoolValue *wanted)
{
	rpc_call_set_compression(job->call, wanted && wanted->value);
}

static bool size_acceptable(struct job *job, const char *field, int32_t size)
{
	struct status st;
	status_init(&st);
	if (size < 0 || size > PAYLOAD_BYTES_MAX) {
		status_field(&st, field, "must be 0 to %d", PAYLOAD_BYTES_MAX);
		finish(job, &st);
	}
	return status_ok(&st);
}

static Grpc__Testing__Payload payload_of(int32_t size)
{
	Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
	payload.body = (ProtobufCBinaryData){(size_t)size, zeros};
	return payload;
}

/* True where the client asked for a failure, and got it. */
static bool status_asked_for(struct job *job, const Grpc__Testing__EchoStatus *status)
{
	if (!status || status->code == STATUS_OK) {
		return false;
	}
	fail(job, status->code > 0 && status->code <= STATUS_UNAUTHENTICATED ? (enum status_code)status->code : STATUS_UNKNOWN, status->message);
	return true;
}

/* ---- unary methods ------------------------------------------------------------------------------------------------------------------ */

static void empty_call(struct job *job, ProtobufCMessage *message)
{
	Grpc__Testing__Empty empty = GRPC__TESTING__EMPTY__INIT;
	(void)message;
	reply(job, &empty.base);
}

static void unary_call(struct job *job, ProtobufCMessage *message)
{
	const Grpc__Testing__SimpleRequest *request = (const void *)message;
	Grpc__Testing__SimpleResponse response = GRPC__TESTING__SIMPLE_RESPONSE__INIT;
	if (!compressed_as_said(job, request->expect_compressed) || status_asked_for(job, request->response_status) ||
	    !size_acceptable(job, "response_size", request->response_size)) {
		return;
	}
	Grpc__Testing__Payload payload = payload_of(request->response_size);
	response.payload = &payload;
	compress(job, request->response_compressed);
	reply(job, &response.base);
}

/* The time in the payload tells a cached reply from a new one. */
static void cacheable_unary_call(struct job *job, ProtobufCMessage *message)
{
	Grpc__Testing__SimpleResponse response = GRPC__TESTING__SIMPLE_RESPONSE__INIT;
	Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
	char text[CLOCK_TEXT_BYTES];
	int64_t now_us = clock_wall_us();
	(void)message;
	clock_format(now_us / 1000000, (int32_t)(now_us % 1000000) * 1000, text);
	payload.body = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
	response.payload = &payload;
	rpc_call_add_metadata(job->call, "cache-control", "public, max-age=60");
	reply(job, &response.base);
}

/* ---- streams from the client ---------------------------------------------------------------------------------------------------------- */

static void streaming_input_message(struct job *job, ProtobufCMessage *message)
{
	const Grpc__Testing__StreamingInputCallRequest *request = (const void *)message;
	if (compressed_as_said(job, request->expect_compressed) && request->payload) {
		job->received_bytes += (int64_t)request->payload->body.len;
	}
	arena_reset(&job->arena);
}

static void streaming_input_end(struct job *job)
{
	Grpc__Testing__StreamingInputCallResponse response = GRPC__TESTING__STREAMING_INPUT_CALL_RESPONSE__INIT;
	if (job->received_bytes > INT32_MAX) {
		fail(job, STATUS_OUT_OF_RANGE, "the payloads are larger together than the reply can say");
		return;
	}
	response.aggregated_payload_size = (int32_t)job->received_bytes;
	reply(job, &response.base);
}

/* ---- streams to the client ------------------------------------------------------------------------------------------------------------ */

/* Sets the timer for the earlier of a response that is due and the call's deadline; 0 is never. */
static void arm(struct job *job, int64_t due_us)
{
	int64_t deadline_us = rpc_call_deadline_us(job->call);
	int64_t wake_us = due_us == 0 || (deadline_us > 0 && deadline_us < due_us) ? deadline_us : due_us;
	if (wake_us > 0) {
		int64_t left_us = wake_us - clock_monotonic_us();
		struct timeval left = {left_us > 0 ? left_us / 1000000 : 0, left_us > 0 ? left_us % 1000000 : 0};
		evtimer_add(job->timer, &left);
	}
}

/* Whether the pause before a response is over; else the timer is set. */
static bool due(struct job *job, const Grpc__Testing__ResponseParameters *wanted)
{
	if (wanted->interval_us <= 0) {
		return true;
	}
	if (job->due_us == 0) {
		job->due_us = clock_monotonic_us() + wanted->interval_us;
	}
	if (clock_monotonic_us() < job->due_us) {
		arm(job, job->due_us);
		return false;
	}
	job->due_us = 0;
	arm(job, 0);
	return true;
}

static bool send_response(struct job *job, const Grpc__Testing__ResponseParameters *wanted)
{
	Grpc__Testing__StreamingOutputCallResponse response = GRPC__TESTING__STREAMING_OUTPUT_CALL_RESPONSE__INIT;
	Grpc__Testing__Payload payload = payload_of(wanted->size);
	response.payload = &payload;
	compress(job, wanted->compressed);
	return send_message(job, &response.base);
}

static void pump(struct job *job)
{
	struct request *request;
	bool ready = true; /* for the next response */
	while (ready && (request = STAILQ_FIRST(&job->requests)) != NULL) {
		if (job->next_response == request->message->n_response_parameters) {
			STAILQ_REMOVE_HEAD(&job->requests, entry);
			job->next_response = 0;
			continue;
		}
		const Grpc__Testing__ResponseParameters *wanted = request->message->response_parameters[job->next_response];
		ready = due(job, wanted);
		if (ready) {
			job->next_response++;
			ready = send_response(job, wanted);
		}
	}
	rpc_call_set_reading(job->call, ready);
	if (ready) {
		arena_reset(&job->arena);
	}
	if (ready && job->half_closed) {
		finish_ok(job);
	}
}

/* Keeps a request until its turn. False where it is refused. */
static bool take_request(struct job *job, ProtobufCMessage *message)
{
	const Grpc__Testing__StreamingOutputCallRequest *streaming = (const void *)message;
	struct request *request = arena_alloc(&job->arena, sizeof *request);
	if (!request) {
		fail(job, STATUS_RESOURCE_EXHAUSTED, "the requests are larger together than one call may keep");
		return false;
	}
	if (status_asked_for(job, streaming->response_status)) {
		return false;
	}
	for (size_t i = 0; i < streaming->n_response_parameters; i++) {
		if (!size_acceptable(job, "response_parameters.size", streaming->response_parameters[i]->size)) {
			return false;
		}
	}
	request->message = streaming;
	STAILQ_INSERT_TAIL(&job->requests, request, entry);
	return true;
}

static void answer_at_once(struct job *job, ProtobufCMessage *message)
{
	if (take_request(job, message)) {
		pump(job);
	}
}

static void answer_at_the_end(struct job *job, ProtobufCMessage *message)
{
	take_request(job, message);
}

static void streaming_output_end(struct job *job)
{
	job->half_closed = true;
	pump(job);
}

/* ---- calls ------------------------------------------------------------------------------------------------------------------------------ */

/* Every other method of the schema is unimplemented, as UnimplementedCall and all of UnimplementedService must be. */
static const struct method methods[] = {
	{"/grpc.testing.TestService/EmptyCall", empty_call, NULL},
	{"/grpc.testing.TestService/UnaryCall", unary_call, NULL},
	{"/grpc.testing.TestService/CacheableUnaryCall", cacheable_unary_call, NULL},
	{"/grpc.testing.TestService/StreamingOutputCall", answer_at_once, streaming_output_end},
	{"/grpc.testing.TestService/StreamingInputCall", streaming_input_message, streaming_input_end},
	{"/grpc.testing.TestService/FullDuplexCall", answer_at_once, streaming_output_end},
	{"/grpc.testing.TestService/HalfDuplexCall", answer_at_the_end, streaming_output_end},
};

static const struct method *find_method(const char *path)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		if (strcmp(methods[i].path, path) == 0) {
			return &methods[i];
		}
	}
	return NULL;
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	struct job *job = context;
	int64_t deadline_us = rpc_call_deadline_us(job->call);
	(void)unused, (void)what;
	if (deadline_us > 0 && clock_monotonic_us() >= deadline_us) {
		fail(job, STATUS_DEADLINE_EXCEEDED, "the call's deadline has passed");
	} else {
		arm(job, 0); /* libevent's clock is a coarse one: it may have been early */
		pump(job);
	}
	connection_activate(job->connection);
}

static void refuse(struct rpc_call *call, enum status_code code, const char *message)
{
	struct status st;
	status_init(&st);
	status_fail(&st, code, "", "%s", message);
	rpc_call_finish(call, &st);
}

/* What the client sends under these names it gets back, as headers and as trailers. */
static void echo_metadata(struct rpc_call *call)
{
	static const char initial[] = "x-grpc-test-echo-initial", trailing[] = "x-grpc-test-echo-trailing-bin";
	const char *value;
	if ((value = rpc_call_metadata(call, initial)) != NULL) {
		rpc_call_add_metadata(call, initial, value);
	}
	if ((value = rpc_call_metadata(call, trailing)) != NULL) {
		rpc_call_add_trailer(call, trailing, value);
	}
}

static void on_begin(void *context, struct rpc_call *call)
{
	struct connection *connection = context;
	const struct method *method = find_method(rpc_call_method(call)->path);
	if (!method) {
		refuse(call, STATUS_UNIMPLEMENTED, "the method is not implemented here");
		return;
	}
	struct job *job = calloc(1, sizeof *job);
	struct event *timer = job ? evtimer_new(connection->server->base, on_timer, job) : NULL;
	if (!timer) {
		free(job);
		refuse(call, STATUS_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	*job = (struct job){.connection = connection, .call = call, .method = method, .timer = timer};
	STAILQ_INIT(&job->requests);
	arena_init(&job->arena, LIMIT_CALL_ARENA_BYTES);
	rpc_call_set_user(call, job);
	echo_metadata(call);
	arm(job, 0);
}

static void on_message(void *context, struct rpc_call *call, struct bytes bytes)
{
	struct job *job = rpc_call_user(call);
	struct status st;
	(void)context;
	status_init(&st);
	ProtobufCMessage *message = schema_unpack(rpc_call_method(call)->input, bytes, &job->arena, &st);
	if (message) {
		job->method->message(job, message);
	} else {
		finish(job, &st);
	}
}

static void on_half_close(void *context, struct rpc_call *call)
{
	struct job *job = rpc_call_user(call);
	(void)context;
	if (job->method->half_close) {
		job->method->half_close(job);
	}
}

static void on_writable(void *context, struct rpc_call *call)
{
	(void)context;
	pump(rpc_call_user(call));
}

static void on_ended(void *context, struct rpc_call *call, bool cancelled)
{
	struct job *job = rpc_call_user(call);
	(void)context, (void)cancelled;
	if (job) {
		event_free(job->timer);
		arena_done(&job->arena);
		free(job);
	}
}

const struct rpc_server_events service_events = {
	.begin = on_begin,
	.message = on_message,
	.half_close = on_half_close,
	.writable = on_writable,
	.ended = on_ended,
};
