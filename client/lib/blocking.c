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
	bool room;
	bool failed;            /* a message did not fit into memory */
	uint64_t revision;
	struct status status;
};

static void stream_message(void *context, struct bytes bytes)
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
}

static void stream_writable(void *context)
{
	struct kam_stream *stream = context;
	stream->room = true;
}

static void stream_finished(void *context, const struct status *status, uint64_t revision)
{
	struct kam_stream *stream = context;
	stream->status = *status;
	stream->revision = revision;
	stream->exchange = NULL;
}

static const struct kam_exchange_events stream_events = {stream_message, stream_writable, stream_finished};

struct kam_stream *kam_stream_open(struct kam *kam, const char *path, const struct kam_call_options *options, struct status *st)
{
	struct kam_stream *stream = calloc(1, sizeof *stream);
	if (!stream) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	stream->kam = kam;
	stream->incoming_end = &stream->incoming;
	stream->room = true;
	status_init(&stream->status);
	stream->exchange = kam_exchange_start(kam, path, options, &stream_events, stream, st);
	if (!stream->exchange) {
		free(stream);
		return NULL;
	}
	return stream;
}

bool kam_stream_send(struct kam_stream *stream, struct bytes message, bool last)
{
	while (stream->exchange && !stream->room) {
		event_base_loop(stream->kam->base, EVLOOP_ONCE);
	}
	if (!stream->exchange) {
		return false;
	}
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

bool kam_stream_receive(struct kam_stream *stream, struct bytes *ret_message, struct status *st)
{
	while (!stream->incoming && stream->exchange) {
		event_base_loop(stream->kam->base, EVLOOP_ONCE);
	}
	free(stream->given);
	stream->given = stream->incoming;
	if (stream->given) {
		stream->incoming = stream->given->next;
		if (!stream->incoming) {
			stream->incoming_end = &stream->incoming;
		}
		*ret_message = (struct bytes){stream->given->data, stream->given->size};
		return true;
	}
	if (stream->failed) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	if (!status_ok(&stream->status) && status_ok(st)) {
		*st = stream->status;
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

bool kam_call(struct kam *kam, const char *path, struct bytes request, const struct kam_call_options *options, struct arena *arena,
              struct kam_reply *ret_reply, struct status *st)
{
	struct kam_stream *stream = kam_stream_open(kam, path, options, st);
	if (!stream) {
		return false;
	}
	kam_stream_send(stream, request, true);
	struct bytes reply, more;
	bool got = kam_stream_receive(stream, &reply, st);
	if (got) {
		*ret_reply = (struct kam_reply){.message = arena_bytes(arena, reply)};
		if (arena->overflowed) {
			status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "the reply of %zu bytes is larger than the memory set aside for it", reply.size);
		}
		while (kam_stream_receive(stream, &more, st)) {
			status_fail(st, STATUS_INTERNAL, "", "the server sent more than one reply to %s", path);
		}
		ret_reply->revision = stream->revision;
	} else if (status_ok(st)) {
		status_fail(st, STATUS_INTERNAL, "", "the server sent no reply to %s", path);
	}
	kam_stream_close(stream);
	return status_ok(st);
}
