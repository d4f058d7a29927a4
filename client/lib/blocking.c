/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocking face: it starts an exchange and turns the loop until what it waits for is there.
 */
#include "client/lib/internal.h"

#include "common/base/limits.h"

#include <stdlib.h>

/* A message that came before it was asked for. */
struct incoming {
	struct incoming *next;
	size_t size;
	uint8_t data[];
};

struct kam_stream {
	struct kam *kam;
	struct kam_exchange *exchange; /* NULL once it is over */
	struct incoming *incoming, **incoming_end;
	struct incoming *given; /* the one the caller reads now */
	size_t incoming_bytes;
	bool room;
	bool last_sent;
	bool failed;            /* a message did not fit into memory */
	uint64_t revision;
	struct kam_status status;
};

/* What has come and was not asked for is bounded where the caller has nothing more to send; before that it might be waiting to send, and the server for
 * us to read. */
static void stream_bound(struct kam_stream *stream)
{
	if (stream->exchange) {
		kam_exchange_set_reading(stream->exchange, !stream->last_sent || stream->incoming_bytes < LIMIT_STREAM_QUEUE_BYTES);
	}
}

static void stream_message(void *context, struct kam_bytes bytes)
{
	struct kam_stream *stream = context;
	struct incoming *message = malloc(sizeof *message + bytes.size);
	if (!message) {
		stream->failed = true;
		return;
	}
	message->next = NULL;
	message->size = bytes.size;
	if (bytes.size > 0) {
		memcpy(message->data, bytes.data, bytes.size);
	}
	*stream->incoming_end = message;
	stream->incoming_end = &message->next;
	stream->incoming_bytes += sizeof *message + bytes.size;
	stream_bound(stream);
}

static void stream_writable(void *context)
{
	struct kam_stream *stream = context;
	stream->room = true;
}

static void stream_finished(void *context, const struct kam_status *status, uint64_t revision)
{
	struct kam_stream *stream = context;
	stream->status = *status;
	stream->revision = revision;
	stream->exchange = NULL;
}

static const struct kam_exchange_events stream_events = {stream_message, stream_writable, stream_finished};

struct kam_stream *kam_stream_open(struct kam *kam, const char *path, const struct kam_call_options *options, struct kam_status *ret_status)
{
	struct kam_stream *stream = calloc(1, sizeof *stream);
	if (!stream) {
		struct status st;
		status_init(&st);
		status_fail(&st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		kam_status_give(&st, ret_status);
		return NULL;
	}
	stream->kam = kam;
	stream->incoming_end = &stream->incoming;
	stream->room = true;
	stream->exchange = kam_exchange_start(kam, path, options, &stream_events, stream, ret_status);
	if (!stream->exchange) {
		free(stream);
		return NULL;
	}
	return stream;
}

bool kam_stream_send(struct kam_stream *stream, struct kam_bytes message, bool last)
{
	while (stream->exchange && !stream->room) {
		event_base_loop(stream->kam->base, EVLOOP_ONCE);
	}
	if (!stream->exchange) {
		return false;
	}
	stream->last_sent = last;
	stream->room = kam_exchange_send(stream->exchange, message, last);
	return true;
}

bool kam_stream_ready(struct kam_stream *stream)
{
	if (!stream->incoming && stream->exchange) {
		event_base_loop(stream->kam->base, EVLOOP_NONBLOCK);
	}
	return stream->incoming || !stream->exchange;
}

/* The next message, which the caller reads until it asks for another; NULL: there is none. */
static struct incoming *stream_take(struct kam_stream *stream)
{
	free(stream->given);
	struct incoming *message = stream->given = stream->incoming;
	if (message) {
		stream->incoming = message->next;
		stream->incoming_bytes -= sizeof *message + message->size;
		if (!stream->incoming) {
			stream->incoming_end = &stream->incoming;
		}
		stream_bound(stream);
	}
	return message;
}

bool kam_stream_receive(struct kam_stream *stream, struct kam_bytes *ret_message, struct kam_status *ret_status)
{
	while (!stream->incoming && stream->exchange) {
		event_base_loop(stream->kam->base, EVLOOP_ONCE);
	}
	struct incoming *message = stream_take(stream);
	struct status st;
	status_init(&st);
	if (message) {
		*ret_message = (struct kam_bytes){message->data, message->size};
		kam_status_give(&st, ret_status);
		return true;
	}
	if (stream->failed) {
		status_fail(&st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		kam_status_give(&st, ret_status);
	} else if (ret_status) {
		*ret_status = stream->status;
	}
	return false;
}

void kam_stream_close(struct kam_stream *stream)
{
	if (!stream) {
		return;
	}
	if (stream->exchange) {
		kam_exchange_cancel(stream->exchange);
		event_base_loop(stream->kam->base, EVLOOP_NONBLOCK);
	}
	while (stream->incoming) {
		struct incoming *message = stream->incoming;
		stream->incoming = message->next;
		free(message);
	}
	free(stream->given);
	free(stream);
}

/* The one reply of a unary call; NULL and `st` where there is none, or another one. */
static struct incoming *receive_only(struct kam_stream *stream, const char *path, struct kam_status *ret_status)
{
	struct kam_bytes bytes;
	struct incoming *reply = NULL;
	struct status st;
	status_init(&st);
	if (kam_stream_receive(stream, &bytes, ret_status)) {
		reply = stream->given;
		stream->given = NULL;
		while (kam_stream_receive(stream, &bytes, ret_status)) {
			status_fail(&st, STATUS_INTERNAL, "", "the server sent more than one reply to %s", path);
		}
	}
	if (!reply && stream->status.code == KAM_OK && !stream->failed) {
		status_fail(&st, STATUS_INTERNAL, "", "the server sent no reply to %s", path);
	}
	if (!status_ok(&st)) {
		kam_status_give(&st, ret_status);
	}
	if (reply && (!status_ok(&st) || stream->failed || stream->status.code != KAM_OK)) {
		free(reply);
		reply = NULL;
	}
	return reply;
}

bool kam_call(struct kam *kam, const char *path, struct kam_bytes request, const struct kam_call_options *options, struct kam_reply *ret_reply,
              struct kam_status *ret_status)
{
	struct kam_stream *stream = kam_stream_open(kam, path, options, ret_status);
	if (!stream) {
		return false;
	}
	kam_stream_send(stream, request, true);
	struct incoming *reply = receive_only(stream, path, ret_status);
	if (reply) {
		*ret_reply = (struct kam_reply){{reply->data, reply->size}, stream->revision, reply};
	}
	kam_stream_close(stream);
	return reply;
}

void kam_reply_free(struct kam_reply *reply)
{
	free(reply->memory);
	*reply = (struct kam_reply){0};
}
