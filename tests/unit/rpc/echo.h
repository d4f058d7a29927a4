/* SPDX-License-Identifier: Apache-2.0
 *
 * echo.h - the server that the tests of rpc talk to, in memory. It writes down what it was told; what it answers depends on the message:
 *
 *   Say, Peek   "fail": NOT_FOUND with reason and violations; "wait": no answer (finish it through `waiting`); "zip": the message back, compressed, with trailing
 *               metadata; "metadata": the request's echo-metadata as text; "give bytes": `count` of them; "give many": `count` empty messages;
 *               else the message back
 *   Count       `count` replies, as fast as the stream takes them
 *   Gather      how many messages came; "stop" ends the call before the client has
 *   Chat        every message back
 */
#pragma once

#include "common/base/limits.h"
#include "common/rpc/rpc.h"
#include "echo.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct schema_source *schema_source_echo(void);

struct echo {
	struct rpc_session *session;
	struct arena arena;
	char log[65536];
	size_t log_size;
	struct rpc_call *waiting;
	unsigned begun, ended, cancelled, gathered, http;
	unsigned refuse_code; /* status code to answer with from `begin` */
	bool pause_after_each;
	size_t unread_bytes;
	size_t *memory; /* that it may still keep, once it may keep no more of its own; NULL: none */
	size_t allowed_bytes;
};

struct counter {
	int left;
};

static inline void echo_note(struct echo *echo, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void echo_note(struct echo *echo, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(echo->log + echo->log_size, sizeof echo->log - echo->log_size, format, arguments);
	va_end(arguments);
	if (echo->log_size + (size_t)size < sizeof echo->log) {
		echo->log_size += (size_t)size;
	}
}

static inline struct bytes echo_pack(const char *text, struct bytes blob, int count, struct arena *arena)
{
	Test__Rpc__V1__Text message = TEST__RPC__V1__TEXT__INIT;
	message.text = (char *)text;
	message.blob = (ProtobufCBinaryData){blob.size, (uint8_t *)blob.data};
	message.count = count;
	return schema_pack(&message.base, arena);
}

static inline void echo_begin(void *context, struct rpc_call *call)
{
	struct echo *echo = context;
	echo->begun++;
	echo_note(echo, "begin %s;", rpc_call_method(call)->name);
	if (echo->refuse_code != 0) {
		struct status st;
		status_init(&st);
		status_fail(&st, (enum status_code)echo->refuse_code, "", "refused");
		rpc_call_finish(call, &st);
	}
}

static inline void echo_fail(struct rpc_call *call)
{
	struct status st;
	status_init(&st);
	status_field(&st, "text", "is %d%% \"wrong\" – naïve", 100);
	status_field(&st, "blob", "is too short");
	st.code = STATUS_NOT_FOUND;
	rpc_call_finish(call, &st);
}

static inline void echo_count(struct echo *echo, struct rpc_call *call)
{
	struct counter *counter = rpc_call_user(call);
	bool room = true;
	while (counter->left > 0 && room) {
		char text[16];
		snprintf(text, sizeof text, "n%d", counter->left--);
		room = rpc_call_send(call, echo_pack(text, (struct bytes){(const uint8_t *)echo->log, 10000}, 0, &echo->arena));
		arena_reset(&echo->arena);
	}
	if (counter->left == 0 && room) {
		struct status st;
		status_init(&st);
		rpc_call_finish(call, &st);
	}
}

/* A reply of more than what an arena takes, put together by hand. */
static inline void echo_large(struct rpc_call *call, bool many, size_t count)
{
	struct status st;
	uint8_t head[] = {2 << 3 | 2, (uint8_t)(count | 0x80), (uint8_t)(count >> 7 | 0x80), (uint8_t)(count >> 14 | 0x80), (uint8_t)(count >> 21)}; /* of blob */
	size_t size = many ? 2 * count : sizeof head + count;
	uint8_t *bytes = calloc(1, size);
	if (many) {
		for (size_t i = 0; i < count; i++) {
			bytes[2 * i] = 4 << 3 | 2;
		}
	} else {
		memcpy(bytes, head, sizeof head);
	}
	rpc_call_send(call, (struct bytes){bytes, size});
	free(bytes);
	status_init(&st);
	rpc_call_finish(call, &st);
}

static inline void echo_message(void *context, struct rpc_call *call, struct bytes bytes)
{
	struct echo *echo = context;
	const char *method = rpc_call_method(call)->name;
	Test__Rpc__V1__Text *message = test__rpc__v1__text__unpack(schema_allocator(&echo->arena), bytes.size, bytes.data);
	struct status st;
	status_init(&st);
	if (message == NULL) {
		echo_note(echo, "bad;");
		status_fail(&st, STATUS_INVALID_ARGUMENT, "", "bad bytes");
		rpc_call_finish(call, &st);
		return;
	}
	echo_note(echo, "%s %s %zu;", method, message->text, message->blob.len);
	if (strcmp(method, "Count") == 0) {
		struct counter *counter = malloc(sizeof *counter);
		counter->left = message->count;
		rpc_call_set_user(call, counter);
	} else if (strcmp(method, "Gather") == 0) {
		echo->gathered++;
		if (strcmp(message->text, "stop") == 0) {
			rpc_call_send(call, echo_pack("stopped", (struct bytes){NULL, 0}, (int)echo->gathered, &echo->arena));
			rpc_call_finish(call, &st);
		}
	} else if (strcmp(method, "Chat") == 0) {
		rpc_call_send(call, bytes);
	} else if (strcmp(message->text, "fail") == 0) {
		echo_fail(call);
	} else if (strcmp(message->text, "wait") == 0) {
		echo->waiting = call;
	} else if (strcmp(message->text, "give bytes") == 0 || strcmp(message->text, "give many") == 0) {
		echo_large(call, strcmp(message->text, "give many") == 0, (size_t)message->count);
	} else if (strcmp(message->text, "metadata") == 0) {
		const char *value = rpc_call_metadata(call, "echo-metadata");
		rpc_call_send(call, echo_pack(value != NULL ? value : "none", (struct bytes){NULL, 0}, 0, &echo->arena));
		rpc_call_finish(call, &st);
	} else {
		if (strcmp(message->text, "zip") == 0) {
			rpc_call_set_compression(call, true);
			rpc_call_add_trailer(call, "echo-last", rpc_call_compressed(call) ? "came compressed" : "came plain");
		}
		rpc_call_add_metadata(call, "kam-revision", "42");
		rpc_call_send(call, bytes);
		rpc_call_finish(call, &st);
	}
	arena_reset(&echo->arena);
	if (echo->pause_after_each) {
		rpc_call_set_reading(call, false);
		echo->waiting = call;
	}
}

static inline void echo_half_close(void *context, struct rpc_call *call)
{
	struct echo *echo = context;
	const char *method = rpc_call_method(call)->name;
	struct status st;
	status_init(&st);
	echo_note(echo, "half;");
	if (strcmp(method, "Count") == 0) {
		echo_count(echo, call);
	} else if (strcmp(method, "Gather") == 0) {
		rpc_call_send(call, echo_pack("gathered", (struct bytes){NULL, 0}, (int)echo->gathered, &echo->arena));
		rpc_call_finish(call, &st);
	} else if (strcmp(method, "Chat") == 0) {
		rpc_call_finish(call, &st);
	}
}

static inline void echo_writable(void *context, struct rpc_call *call)
{
	struct echo *echo = context;
	echo_count(echo, call);
}

static inline void echo_ended(void *context, struct rpc_call *call, bool cancelled)
{
	struct echo *echo = context;
	echo->ended++;
	echo->cancelled += cancelled;
	echo_note(echo, "ended%s;", cancelled ? " cancelled" : "");
	if (echo->waiting == call) {
		echo->waiting = NULL;
	}
	if (rpc_call_method(call) != NULL && strcmp(rpc_call_method(call)->name, "Count") == 0) {
		free(rpc_call_user(call));
	}
}

static inline void echo_http(void *context, struct rpc_call *call, const char *method, const char *path)
{
	static const char *const headers[] = {"content-type", "text/plain", NULL};
	struct echo *echo = context;
	echo->http++;
	echo_note(echo, "http %s %s;", method, path);
	rpc_call_respond(call, strcmp(path, "/") == 0 ? 200 : 404, headers, bytes_of("a page"));
}

static inline bool echo_memory(void *context, size_t more)
{
	struct echo *echo = context;
	if (echo->memory == NULL || *echo->memory < more) {
		return false;
	}
	*echo->memory -= more;
	rpc_session_allow(echo->session, echo->allowed_bytes += more);
	return true;
}

static const struct rpc_server_events echo_events = {echo_begin, echo_message, echo_half_close, echo_writable, echo_ended, echo_http, echo_memory};

static inline struct schema *echo_schema(void)
{
	static struct schema *schema;
	struct status st;
	status_init(&st);
	if (schema == NULL) {
		schema = schema_new(schema_source_echo(), &st);
		if (schema == NULL) {
			fprintf(stderr, "%s\n", st.message);
			abort();
		}
	}
	return schema;
}

static inline struct echo *echo_open(struct rpc_server_options options)
{
	struct echo *echo = calloc(1, sizeof *echo);
	arena_init(&echo->arena, LIMIT_CALL_ARENA_BYTES);
	options.schema = echo_schema();
	echo->session = rpc_server_new(&options, &echo_events, echo);
	return echo;
}

static inline struct echo *echo_new(const struct rpc_limits *limits)
{
	return echo_open((struct rpc_server_options){.limits = limits});
}

static inline void echo_free(struct echo *echo)
{
	rpc_session_free(echo->session);
	arena_done(&echo->arena);
	free(echo);
}
