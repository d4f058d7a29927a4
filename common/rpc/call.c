/* SPDX-License-Identifier: Apache-2.0
 *
 * call.c - the memory of calls, their metadata, and the queue of bytes that each has to send.
 *
 * A message is copied once, behind its prefix, into the call's queue; the wire takes the next piece whenever a frame may go out. Calls are recycled
 * with their arena's first block and their queues, so a busy connection allocates nothing per call.
 */
#include "common/rpc/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CALL_ARENA_BYTES = 1500,            /* most calls need no more: what is read off their headers */
	CALL_ARENA_EXTRA_BYTES = 128 << 10, /* beside the headers: trailers, error JSON */
};

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static struct rpc_call *call_take(struct rpc_session *session)
{
	struct rpc_call *call = TAILQ_FIRST(&session->kept);
	if (call != NULL) {
		TAILQ_REMOVE(&session->kept, call, link);
		session->kept_count--;
		return call;
	}
	call = calloc(1, sizeof *call);
	if (call != NULL) {
		arena_init(&call->arena, 4 * (size_t)session->limits.header_bytes + CALL_ARENA_EXTRA_BYTES);
		arena_reserve(&call->arena, CALL_ARENA_BYTES);
	}
	return call;
}

struct rpc_call *call_new(struct rpc_session *session, int32_t stream_id)
{
	struct rpc_call *call = call_take(session);
	if (call == NULL) {
		return NULL;
	}
	struct arena arena = call->arena;
	struct queue in = call->in, out = call->out;
	*call = (struct rpc_call){.session = session, .stream_id = stream_id, .arena = arena, .in = in, .out = out, .reading = true,
	                          .started_us = session->now_us};
	TAILQ_INSERT_TAIL(&session->calls, call, link);
	session->calls_count++;
	return call;
}

void call_free(struct rpc_call *call)
{
	struct rpc_session *session = call->session;
	inbound_drop(call);
	headers_drop(&call->received);
	if (call->noticed) {
		TAILQ_REMOVE(&session->ready, call, ready);
	}
	TAILQ_REMOVE(&session->calls, call, link);
	session->calls_count--;
	call_unqueue(call);
	session_let_go(session, call->kept_bytes);
	if (session->kept_count < KEPT_CALLS) {
		arena_reset(&call->arena);
		TAILQ_INSERT_HEAD(&session->kept, call, link);
		session->kept_count++;
		return;
	}
	arena_done(&call->arena);
	queue_free(&call->in);
	queue_free(&call->out);
	free(call);
}

void call_notice(struct rpc_call *call)
{
	if (!call->noticed) {
		call->noticed = true;
		TAILQ_INSERT_TAIL(&call->session->ready, call, ready);
	}
}

void call_fail(struct rpc_call *call, enum status_code code, const char *format, ...)
{
	char message[STATUS_MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	if (!call->session->server) {
		client_abort(call, code, arena_strdup(&call->arena, message));
		return;
	}
	struct status st;
	status_init(&st);
	status_fail(&st, code, "", "%s", message);
	reply_finish(call, &st);
}

/* ---- what the owner asks ------------------------------------------------------------------------------------------------------ */

uint32_t rpc_call_id(const struct rpc_call *call)
{
	return (uint32_t)call->stream_id;
}

void rpc_call_set_user(struct rpc_call *call, void *user)
{
	call->user = user;
}

void *rpc_call_user(const struct rpc_call *call)
{
	return call->user;
}

bool rpc_call_compressed(const struct rpc_call *call)
{
	return call->compressed;
}

bool rpc_call_takes_gzip(const struct rpc_call *call)
{
	return call->gzip_taken;
}

void rpc_call_set_compression(struct rpc_call *call, bool on)
{
	call->announce_compression |= !call->submitted && call->gzip_taken;
	call->compress = on && call->announce_compression;
}

size_t rpc_call_held_bytes(const struct rpc_call *call)
{
	return queue_size(&call->in);
}

enum status_code rpc_call_outcome(const struct rpc_call *call)
{
	return call->outcome;
}

const struct schema_method *rpc_call_method(const struct rpc_call *call)
{
	return call->method;
}

enum rpc_protocol rpc_call_protocol(const struct rpc_call *call)
{
	return call->protocol;
}

int64_t rpc_call_deadline_us(const struct rpc_call *call)
{
	return call->deadline_us;
}

void rpc_call_set_reading(struct rpc_call *call, bool reading)
{
	if (call->reading == reading) {
		return;
	}
	call->reading = reading;
	if (reading) {
		call->notice_reading = true;
		call_notice(call);
	}
}

/* ---- metadata -------------------------------------------------------------------------------------------------------------- */

static bool headers_reserve(struct headers *headers, struct arena *arena)
{
	if (headers->count < headers->capacity) {
		return true;
	}
	size_t capacity = headers->capacity == 0 ? 16 : 2 * headers->capacity;
	struct header *list = arena_alloc(arena, capacity * (sizeof *list + 2 * sizeof(nghttp2_rcbuf *)));
	if (list == NULL) {
		return false;
	}
	nghttp2_rcbuf **held = (nghttp2_rcbuf **)(void *)(list + capacity);
	if (headers->count > 0) {
		memcpy(list, headers->list, headers->count * sizeof *list);
		memcpy(held, headers->held, 2 * headers->count * sizeof(nghttp2_rcbuf *));
	}
	headers->list = list;
	headers->held = held;
	headers->capacity = capacity;
	return true;
}

static size_t slot_of(const char *name, size_t size)
{
	return size == 0 ? 0 : (3 * size + (uint8_t)name[0] + 5 * (uint8_t)name[size - 1]) % HEADER_SLOTS;
}

static void headers_put(struct headers *headers, struct header header, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	size_t slot = slot_of(header.name, header.name_size), at = headers->count++;
	if (headers->first[slot] == 0) {
		headers->first[slot] = (uint16_t)(at + 1);
	} else {
		headers->crowded |= UINT64_C(1) << slot;
	}
	headers->held[2 * at] = name;
	headers->held[2 * at + 1] = value;
	headers->list[at] = header;
}

bool headers_add(struct headers *headers, struct arena *arena, struct bytes name, struct bytes value)
{
	char *text = headers_reserve(headers, arena) ? arena_alloc(arena, name.size + value.size + 2) : NULL;
	if (text == NULL) {
		return false;
	}
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	if (value.size > 0) {
		memcpy(text + name.size + 1, value.data, value.size);
	}
	text[name.size + 1 + value.size] = '\0';
	headers_put(headers, (struct header){text, text + name.size + 1, (uint32_t)name.size, (uint32_t)value.size}, NULL, NULL);
	return true;
}

void headers_hold(struct headers *headers, struct arena *arena, nghttp2_rcbuf *name, nghttp2_rcbuf *value, size_t most_bytes)
{
	nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value); /* both end with a NUL */
	headers->bytes += n.len + v.len + 32;
	headers->too_large |= headers->bytes > most_bytes || !headers_reserve(headers, arena);
	if (!headers->too_large) {
		nghttp2_rcbuf_incref(name);
		nghttp2_rcbuf_incref(value);
		headers_put(headers, (struct header){(const char *)n.base, (const char *)v.base, (uint32_t)n.len, (uint32_t)v.len}, name, value);
	}
}

void headers_drop(struct headers *headers)
{
	for (size_t i = 0; i < 2 * headers->count; i++) {
		if (headers->held[i] != NULL) {
			nghttp2_rcbuf_decref(headers->held[i]);
		}
	}
	headers->count = 0;
	headers->crowded = 0;
	memset(headers->first, 0, sizeof headers->first);
}

static bool header_named(const struct header *header, const char *name, size_t size)
{
	return header->name_size == size && memcmp(header->name, name, size) == 0;
}

/* A repeated name is one list, RFC 9110 §5.3. Joined once: the others lose their name. */
static void join_repeated(const struct rpc_call *call, struct header *first)
{
	const struct headers *received = &call->received;
	for (struct header *other = first + 1; other < received->list + received->count; other++) {
		if (header_named(other, first->name, first->name_size)) {
			char *joined = arena_printf((struct arena *)&call->arena, "%s,%s", first->value, other->value);
			other->name_size = 0;
			if (joined != NULL) {
				first->value = joined;
				first->value_size += 1 + other->value_size;
			}
		}
	}
}

const char *rpc_call_metadata(const struct rpc_call *call, const char *name)
{
	size_t size = strlen(name), slot = slot_of(name, size);
	const struct headers *received = &call->received;
	bool crowded = received->crowded >> slot & 1;
	for (size_t i = received->first[slot]; i > 0 && i <= received->count; i++) {
		struct header *first = &received->list[i - 1];
		if (header_named(first, name, size)) {
			if (crowded) {
				join_repeated(call, first);
			}
			return first->value;
		}
		if (!crowded) {
			break;
		}
	}
	return NULL;
}

static void add_metadata(struct rpc_call *call, struct headers *to, const char *name, const char *value)
{
	struct bytes n = bytes_of(name), v = bytes_of(value);
	assert(nghttp2_check_header_name(n.data, n.size));
	if (to->count < LIMIT_REPLY_METADATA && nghttp2_check_header_value(v.data, v.size)) {
		headers_add(to, &call->arena, n, v);
	}
}

void rpc_call_add_metadata(struct rpc_call *call, const char *name, const char *value)
{
	if (!call->submitted) {
		add_metadata(call, &call->added, name, value);
	}
}

void rpc_call_add_trailer(struct rpc_call *call, const char *name, const char *value)
{
	if (!call->closing) {
		add_metadata(call, &call->added_last, name, value);
	}
}

/* ---- sending ---------------------------------------------------------------------------------------------------------------- */

bool call_queue(struct rpc_call *call, bool prefix, uint8_t flags, const struct bytes *pieces, size_t count)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		size += pieces[i].size;
	}
	uint8_t *room = size > UINT32_MAX ? NULL : queue_reserve(&call->out, size + PREFIX_BYTES);
	if (room == NULL) {
		call->closing = true;
		call->session->wire->reset(call, NGHTTP2_INTERNAL_ERROR);
		return false;
	}
	if (prefix) {
		uint8_t head[PREFIX_BYTES] = {flags, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
		memcpy(room, head, sizeof head);
		room += sizeof head;
		call->out.tail += sizeof head;
	}
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].size > 0) {
			memcpy(room, pieces[i].data, pieces[i].size);
			room += pieces[i].size;
		}
	}
	call->out.tail += size;
	call->session->queued_bytes += size + (prefix ? PREFIX_BYTES : 0);
	return true;
}

void call_resume(struct rpc_call *call)
{
	if (call->deferred) {
		call->deferred = false;
		call->session->wire->resume(call);
	}
}

void call_sent(struct rpc_call *call, size_t size)
{
	queue_drop(&call->out, size);
	call->session->queued_bytes -= size;
	if (call->full && queue_size(&call->out) <= LIMIT_STREAM_QUEUE_BYTES / 2) {
		call->full = false;
		call->notice_writable = true;
		call_notice(call);
	}
}

void call_unqueue(struct rpc_call *call)
{
	call->session->queued_bytes -= queue_size(&call->out);
	queue_clear(&call->out);
}
