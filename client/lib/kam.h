/* SPDX-License-Identifier: Apache-2.0
 *
 * kam.h - libkam: talk to kamd from any C program. Bytes in, bytes out: it knows HTTP/2, TLS and when to try again, and no resource.
 *
 * One `struct kam` is one server and one caller. It connects when the first call needs it, keeps the connection for the next ones, and opens
 * another when the server sends it away. TLS is always on and the server's name is always checked.
 *
 * There are two faces. The blocking one (kam_call, kam_stream_*) turns the loop itself until it has an answer. The one underneath
 * (kam_exchange_*) calls back from the caller's own event_base. Both may be used on one `struct kam`.
 *
 * Owns:    kam_open and kam_stream_open give what their closing function frees. Strings and messages handed in are copied; bytes handed out say
 *          how long they live.
 * Errors:  struct status with gRPC's codes. No answer from the network is UNAVAILABLE, no answer in time DEADLINE_EXCEEDED.
 * Retries: a call that the server surely has not acted on, and an `idempotent` one that ended UNAVAILABLE, is sent again, up to LIMIT_CLIENT_ATTEMPTS
 *          times with growing pauses and within its own time-out (gRPC retry design; AIP-194: nothing but UNAVAILABLE). Nothing is sent again once a
 *          part of an answer came.
 * Threads: one `struct kam`, one thread.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

struct event_base;
struct kam;
struct kam_stream;
struct kam_exchange;

struct kam_options {
	const char *server;         /* host:port, [address]:port */
	const char *ca_file;        /* PEM file of the authorities to believe; NULL: the system's */
	const char *token;          /* sent as `authorization: Bearer …`; NULL: nobody is signed in */
	struct event_base *base;    /* the caller's loop; NULL: a loop of its own, turned by the blocking face */
	int64_t connect_timeout_ms; /* 0: LIMIT_CONNECT_MS */
};

struct kam_call_options {
	const char *const *metadata; /* name, value pairs, ended by NULL; NULL: none */
	int64_t timeout_ms;          /* for the whole call with its retries; 0: none */
	bool idempotent;             /* carrying it out twice does what once does */
};

/* Checks the address, reads the CA file. Does not connect yet. NULL and `st` where that fails. */
struct kam *kam_open(const struct kam_options *options, struct status *st);
/* Ends whatever is in flight with CANCELLED and closes. Streams must be closed before. NULL is fine. */
void kam_close(struct kam *kam);
/* The token of the calls that follow; NULL: none. */
bool kam_set_token(struct kam *kam, const char *token);

/* ---- blocking ------------------------------------------------------------------------------------------------------------ */

struct kam_reply {
	struct bytes message; /* in the caller's arena */
	uint64_t revision;    /* of the store, as the server said (kam-revision); 0 where it did not */
};

/* One request, one reply. `path` is "/kam.v1.AccountService/GetAccount". RESOURCE_EXHAUSTED where the arena is too small for the reply. */
bool kam_call(struct kam *kam, const char *path, struct bytes request, const struct kam_call_options *options, struct arena *arena,
              struct kam_reply *ret_reply, struct status *st);

/* A call with any number of messages either way. */
struct kam_stream *kam_stream_open(struct kam *kam, const char *path, const struct kam_call_options *options, struct status *st);
/* Waits while too much is on its way already, then queues the message; `last` says that none follows. False: the call is over, see receive. */
bool kam_stream_send(struct kam_stream *stream, struct bytes message, bool last);
/* Whether kam_stream_receive would answer at once. Takes in what has arrived, does not wait. */
bool kam_stream_ready(struct kam_stream *stream);
/* Waits for the next message; it lives until the next call on the stream. False: the call is over, and `st` says how (OK: the server had no more). */
bool kam_stream_receive(struct kam_stream *stream, struct bytes *ret_message, struct status *st);
/* Cancels what is left. NULL is fine. */
void kam_stream_close(struct kam_stream *stream);

/* ---- underneath: on the caller's loop ------------------------------------------------------------------------------------- */

struct kam_exchange_events {
	/* A message came; the bytes live until this returns. Neither kam_close nor kam_exchange_cancel from here. */
	void (*message)(void *context, struct bytes message);
	/* Room again after kam_exchange_send returned false. May be NULL. */
	void (*writable)(void *context);
	/* The call is over, after all retries. Last callback; the exchange is gone when it returns. */
	void (*finished)(void *context, const struct status *status, uint64_t revision);
};

/* Starts a call; the events follow from the loop, never from within this function. */
struct kam_exchange *kam_exchange_start(struct kam *kam, const char *path, const struct kam_call_options *options,
                                        const struct kam_exchange_events *events, void *context, struct status *st);
/* Sends a message. False: it was taken, but wait for `writable` before the next. */
bool kam_exchange_send(struct kam_exchange *exchange, struct bytes message, bool last);
/* No message follows. */
void kam_exchange_half_close(struct kam_exchange *exchange);
/* Gives up: the server is told; no event follows, and the exchange is gone. */
void kam_exchange_cancel(struct kam_exchange *exchange);
