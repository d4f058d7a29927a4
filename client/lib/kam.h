/* SPDX-License-Identifier: Apache-2.0
 *
 * kam.h - libkam: talk to kamd from any C or C++ program. Bytes in, bytes out: it knows HTTP/2, TLS and when to try again, and no resource; messages
 * are packed and unpacked by whatever protobuf library the program uses (the contract is installed too: pkg-config --variable=protodir kam).
 *
 *     struct kam_status st;
 *     struct kam_reply reply;
 *     struct kam *kam = kam_open(&(struct kam_options){.server = "kam.example.com:7443", .token = token}, &st);
 *     if (kam && kam_call(kam, "/kam.v1.AccountService/GetAccount", request, NULL, &reply, &st)) {
 *             … reply.message …
 *             kam_reply_free(&reply);
 *     }
 *     kam_close(kam);
 *
 * One `struct kam` is one server and one caller. It connects when the first call needs it, keeps the connection for the next ones, and opens
 * another when the server sends it away or the connection breaks. TLS is always on and the server's certificate and name are always checked.
 *
 * There are two faces. The blocking one (kam_call, kam_stream_*) turns the event loop itself until it has an answer. The one underneath
 * (kam_exchange_*) calls back from the caller's own event_base (libevent 2.1). Both may be used on one `struct kam`, but no blocking function may be
 * called from a callback.
 *
 * Owns:    kam_open, kam_stream_open and kam_call give what kam_close, kam_stream_close and kam_reply_free take back. Everything handed in is copied
 *          (options, strings, messages, metadata) but for the event_base and `struct kam_exchange_events`, which must outlive what uses them. Bytes
 *          handed out say how long they live.
 * Errors:  a function that can fail is false or NULL then, and `*ret_status` says how, in gRPC's codes; it is set in every case and may be NULL. No
 *          answer from the network is UNAVAILABLE, no answer in time DEADLINE_EXCEEDED, an answer that is none in gRPC INTERNAL or UNKNOWN or what its
 *          HTTP status stands for, no memory or an answer past the bounds RESOURCE_EXHAUSTED, a call that kam_close ends CANCELLED; else the server
 *          chose the code.
 * Retries: a call that the server surely has not acted on, and an `idempotent` one, is sent again when it ended UNAVAILABLE: up to four times in all,
 *          with pauses of about 0.1, 0.2 and 0.4 s, within its own time-out, and as the server asks by grpc-retry-pushback-ms (gRPC A6; AIP-194:
 *          nothing but UNAVAILABLE). Nothing is sent again once a message of the answer came, or when what was sent takes more than
 *          256 KiB of memory, in which an empty message counts too.
 * Units:   milliseconds, bytes; text is UTF-8.
 * Threads: one `struct kam`, one thread at a time. Different ones share nothing.
 * Process: SIGPIPE is ignored from the first connection on, unless the program has a handler of its own. Only the look-up of the server's name blocks
 *          the loop; an address in digits needs none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base; /* libevent's */
struct kam;
struct kam_stream;
struct kam_exchange;

/* Borrowed bytes. */
struct kam_bytes {
	const uint8_t *data; /* may be NULL where size is 0 */
	size_t size;
};

/* ---- how a call ended ---------------------------------------------------------------------------------------------------- */

/* google.rpc.Code */
enum kam_code {
	KAM_OK = 0,
	KAM_CANCELLED = 1,
	KAM_UNKNOWN = 2,
	KAM_INVALID_ARGUMENT = 3,
	KAM_DEADLINE_EXCEEDED = 4,
	KAM_NOT_FOUND = 5,
	KAM_ALREADY_EXISTS = 6,
	KAM_PERMISSION_DENIED = 7,
	KAM_RESOURCE_EXHAUSTED = 8,
	KAM_FAILED_PRECONDITION = 9,
	KAM_ABORTED = 10,
	KAM_OUT_OF_RANGE = 11,
	KAM_UNIMPLEMENTED = 12,
	KAM_INTERNAL = 13,
	KAM_UNAVAILABLE = 14,
	KAM_DATA_LOSS = 15,
	KAM_UNAUTHENTICATED = 16
};

enum { KAM_REASON_BYTES = 48, KAM_MESSAGE_BYTES = 512, KAM_FIELD_BYTES = 96, KAM_DESCRIPTION_BYTES = 192, KAM_VIOLATIONS = 16 };

/* A field of the request that the server refused (google.rpc.BadRequest). */
struct kam_violation {
	char field[KAM_FIELD_BYTES]; /* path from the request's root */
	char description[KAM_DESCRIPTION_BYTES];
};

/* A value: copy it as you like. Texts that are too long are cut. */
struct kam_status {
	enum kam_code code;
	char reason[KAM_REASON_BYTES];   /* google.rpc.ErrorInfo.reason, such as "FIELD_INVALID"; "" where the server gave none */
	char message[KAM_MESSAGE_BYTES]; /* one sentence for the user */
	uint16_t violations_count;       /* filled in violations[] */
	struct kam_violation violations[KAM_VIOLATIONS];
};

/* "NOT_FOUND" and so on; "UNKNOWN" for a number that is none. */
const char *kam_code_name(enum kam_code code);

/* ---- a server ------------------------------------------------------------------------------------------------------------ */

struct kam_options {
	const char *server;         /* host:port, [address]:port */
	const char *ca_file;        /* PEM file of the authorities to believe; NULL: the system's */
	const char *token;          /* sent as `authorization: Bearer …`; NULL: nobody is signed in */
	const char *user_agent;     /* the program, "name/version": stands before libkam's own; NULL: that one alone */
	struct event_base *base;    /* the caller's loop; NULL: a loop of its own, turned by the blocking face */
	int64_t connect_timeout_ms; /* from name look-up to the end of the handshake; 0: 5000 */
	const char *cert_file;      /* PEM file with a client certificate and its chain, by which the server knows the caller where there is no token; NULL: none */
	const char *key_file;       /* PEM file with its key; NULL: it is in cert_file */
};

/* Checks the address, reads the CA file, certificate and key. Does not connect yet. */
struct kam *kam_open(const struct kam_options *options, struct kam_status *ret_status);
/* Ends whatever is in flight with CANCELLED and closes. Streams must be closed before; not from a callback. NULL is fine. */
void kam_close(struct kam *kam);
/* The token of the calls that start from now on; NULL: none. False: out of memory, and the old one stays. */
bool kam_set_token(struct kam *kam, const char *token);
/* The library's version, "0.1.0". */
const char *kam_version(void);

struct kam_call_options {
	const char *const *metadata; /* name, value pairs, ended by NULL; names in lower case; NULL: none */
	int64_t timeout_ms;          /* for the whole call with its retries; 0: none */
	bool idempotent;             /* carrying it out twice does what once does: a read, or a write with a request_id */
	bool wait_for_ready;         /* a server that cannot be reached is tried until timeout_ms, rather than four times */
};

/* ---- blocking ------------------------------------------------------------------------------------------------------------ */

struct kam_reply {
	struct kam_bytes message; /* until kam_reply_free */
	uint64_t revision;        /* of the store, as the server said (kam-revision); 0 where it did not */
	void *memory;             /* for kam_reply_free */
};

/* One request, one reply. `path` is "/kam.v1.AccountService/GetAccount"; `options` NULL: none. On false there is nothing to free. */
bool kam_call(struct kam *kam, const char *path, struct kam_bytes request, const struct kam_call_options *options, struct kam_reply *ret_reply,
              struct kam_status *ret_status);
void kam_reply_free(struct kam_reply *reply);

/* A call with any number of messages either way. */
struct kam_stream *kam_stream_open(struct kam *kam, const char *path, const struct kam_call_options *options, struct kam_status *ret_status);
/* Waits while too much is on its way already, then queues the message; `last` says that none follows. False: the call is over, see receive. */
bool kam_stream_send(struct kam_stream *stream, struct kam_bytes message, bool last);
/* Whether kam_stream_receive would answer at once. Takes in what has arrived, does not wait. */
bool kam_stream_ready(struct kam_stream *stream);
/* Waits for the next message; it lives until the next call on the stream. False: the call is over, and the status says how (OK: the server had no
 * more, and all were received). */
bool kam_stream_receive(struct kam_stream *stream, struct kam_bytes *ret_message, struct kam_status *ret_status);
/* Cancels what is left. NULL is fine. */
void kam_stream_close(struct kam_stream *stream);

/* ---- underneath: on the caller's loop ------------------------------------------------------------------------------------- */

/* They come from the loop, never from within a function of this header but kam_close and the blocking ones, which turn the loop. In any of them exchanges
 * may be started, sent on and cancelled, but none may be started where kam_close calls. */
struct kam_exchange_events {
	/* A message came; the bytes live until this returns. */
	void (*message)(void *context, struct kam_bytes message);
	/* Room after kam_exchange_send returned false; also when an attempt begins. May be NULL. */
	void (*writable)(void *context);
	/* The call is over, after all retries. Last callback; the exchange is gone when it returns. */
	void (*finished)(void *context, const struct kam_status *status, uint64_t revision);
};

/* Starts a call. NULL: out of memory. */
struct kam_exchange *kam_exchange_start(struct kam *kam, const char *path, const struct kam_call_options *options,
                                        const struct kam_exchange_events *events, void *context, struct kam_status *ret_status);
/* Sends a message; `last` says that none follows. False: it was taken, but wait for `writable` before the next, or there was no memory and `finished`
 * follows. */
bool kam_exchange_send(struct kam_exchange *exchange, struct kam_bytes message, bool last);
/* No message follows. */
void kam_exchange_half_close(struct kam_exchange *exchange);
/* Stop or go on taking messages: the server is held back once its window (1 MiB) is full. None comes before reading goes on, and `finished`
 * waits for those that are held. They outlive the connection where the server's answer had come whole; where it had not, they are lost and the attempt ends
 * UNAVAILABLE (see Retries above). */
void kam_exchange_set_reading(struct kam_exchange *exchange, bool reading);
/* Gives up: the server is told; no event follows, and the exchange is gone. */
void kam_exchange_cancel(struct kam_exchange *exchange);

#ifdef __cplusplus
}
#endif
