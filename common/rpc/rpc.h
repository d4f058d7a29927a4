/* SPDX-License-Identifier: Apache-2.0
 *
 * rpc.h - gRPC, gRPC-Web and Connect over HTTP/2 and HTTP/1.1, without I/O: bytes in, calls out; messages in, bytes out.
 *
 * A session is one connection in one role. Its owner feeds it what the peer sent and takes what is to be sent; in between the session calls
 * back with calls and whole messages. The protocols differ only inside this folder: a server's method gets the same protobuf bytes
 * whether the client spoke gRPC, gRPC-Web (binary) or Connect (proto or JSON, which is converted by the schema of the method).
 *
 * HTTP/1.1 carries what its one call at a time can: Connect and gRPC-Web, with one request message, and plain HTTP. gRPC and methods that take a
 * stream need HTTP/2 and are answered with 505 there.
 *
 * Owns:    a session owns its calls. A server call lives until its stream is closed and `ended` was called; the owner of the session never frees
 *          calls, and must not use one after `ended`. A client's call lives likewise until `finished`. Message bytes passed to callbacks live until the
 *          callback returns.
 * Callbacks run inside rpc_session_receive and rpc_session_send; `ended` and, of a client, `message` and `finished` run inside rpc_session_free too, and the
 *          latter two inside rpc_client_lost. They may call rpc_call_*, and a client's rpc_client_start, _send, _half_close and _cancel, but must neither feed,
 *          empty nor free the session.
 * Errors:  rpc_session_receive returns false when the connection is beyond use: send what is pending, then close.
 * Threads: one session, one thread; replies computed elsewhere come back to that thread first.
 * Source:  RFC 9113, RFC 9112; gRPC PROTOCOL-HTTP2.md, PROTOCOL-WEB.md; connectrpc.com/docs/protocol.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"
#include "common/schema/schema.h"

struct rpc_session;
struct rpc_call;

enum rpc_protocol { RPC_GRPC, RPC_GRPC_WEB, RPC_CONNECT_UNARY, RPC_CONNECT_STREAM };

/* A bound of 0 stands for its row in limits.h. */
struct rpc_limits {
	uint32_t message_bytes; /* LIMIT_MESSAGE_BYTES; of a client's replies: LIMIT_REPLY_BYTES */
	uint32_t streams;       /* LIMIT_STREAMS */
	uint32_t header_bytes;  /* LIMIT_HEADER_BYTES */
	uint32_t settings_ms;   /* LIMIT_SETTINGS_MS; this and the next two: a server's patience */
	uint32_t headers_ms;    /* LIMIT_HEADERS_MS */
	uint32_t body_ms;       /* LIMIT_BODY_MS */
};

/* ---- server ------------------------------------------------------------------------------------------------------------- */

struct rpc_server_events {
	/* Headers are complete and the path is a method of the schema. The call's deadline, metadata and method can be read. Refuse it right here with
	 * rpc_call_finish if need be. */
	void (*begin)(void *context, struct rpc_call *call);
	/* One whole request message as protobuf bytes, unchecked. For a unary method exactly one arrives (the session sees to it). */
	void (*message)(void *context, struct rpc_call *call, struct bytes message);
	/* The client has sent all. For a unary method it follows the message. Not called once the call is finished. */
	void (*half_close)(void *context, struct rpc_call *call);
	/* Room again after rpc_call_send returned false. */
	void (*writable)(void *context, struct rpc_call *call);
	/* The stream is gone: finished, reset by the peer, or the connection died. `cancelled`: its owner had not finished it, or the end of the answer did not go
	 * out. Last callback of a call. */
	void (*ended)(void *context, struct rpc_call *call, bool cancelled);
	/* A plain HTTP request that is no RPC (GET of a file); `path` with its query. Answer with rpc_call_respond, at once or later; `ended` follows.
	 * NULL: 404. */
	void (*http)(void *context, struct rpc_call *call, const char *method, const char *path);
	/* The peer would have the session keep so many bytes more than it may (rpc_session_allow). Allow them and answer true, or what asked for them is refused with
	 * RESOURCE_EXHAUSTED. NULL: LIMIT_CONNECTION_HELD_BYTES, and no more. */
	bool (*memory)(void *context, size_t more);
};

struct rpc_server_options {
	const struct schema *schema;     /* where methods are looked up; must outlive the session */
	const struct rpc_limits *limits; /* NULL: the defaults; copied */
	const char *const *origins;      /* web sites whose pages may call (CORS), "https://kam.example", ended by NULL; NULL: none; must outlive the session */
	bool http1;                      /* HTTP/1.1 instead of HTTP/2: as ALPN chose */
};

/* `events` and `context` must outlive the session. NULL without memory. */
struct rpc_session *rpc_server_new(const struct rpc_server_options *options, const struct rpc_server_events *events, void *context);

/* ---- client ------------------------------------------------------------------------------------------------------------- */

struct rpc_client_events {
	/* Initial metadata of a gRPC answer came. May be NULL, the others may not. */
	void (*headers)(void *context, struct rpc_call *call);
	/* One whole reply message as protobuf bytes, unchecked. */
	void (*message)(void *context, struct rpc_call *call, struct bytes message);
	/* Room again after rpc_client_send returned false. */
	void (*writable)(void *context, struct rpc_call *call);
	/* The call is over, with what the server said, or else what became of it: UNAVAILABLE where the connection ended first. `retryable`: the server has surely
	 * not acted on it. Last callback. */
	void (*finished)(void *context, struct rpc_call *call, const struct status *status, bool retryable);
};

/* gRPC over HTTP/2. `authority` is the :authority to send; it and `limits` (NULL: the defaults) are copied, `events` and `context` must outlive the session.
 * NULL without memory. */
struct rpc_session *rpc_client_new(const char *authority, const struct rpc_limits *limits, const struct rpc_client_events *events, void *context);
/* Starts a call; messages follow by rpc_client_send. `metadata` are name, value pairs ended by NULL, names in lower case, or NULL; "user-agent" replaces the
 * library's own. `timeout_us` is for the server, which is told it; the call does not end here by itself; 0: none. `path` and `metadata` are copied; `user`: see
 * rpc_call_set_user. NULL when the session is going away or the connection is beyond use, and without memory. */
struct rpc_call *rpc_client_start(struct rpc_session *session, const char *path, const char *const *metadata, int64_t timeout_us, void *user);
/* Sends a request message (copied); `last` half-closes, and what is sent later is dropped. False: the stream's queue is past its bound; the message was taken
 * all the same, wait for `writable`. */
bool rpc_client_send(struct rpc_call *call, struct bytes message, bool last);
/* Half-closes without a further message. */
void rpc_client_half_close(struct rpc_call *call);
/* Gives up: the server is told, unless the call is over for it; `finished` follows with `code`, which is CANCELLED, DEADLINE_EXCEEDED or another failure, from
 * the next rpc_session_send or rpc_session_receive. No message comes before it. */
void rpc_client_cancel(struct rpc_call *call, enum status_code code);
/* The connection is gone: nothing more can be received or sent. A call whose answer had not come whole ends UNAVAILABLE, and what is held of it is dropped.
 * One whose answer had come whole, but whose messages are held (rpc_call_set_reading), stays, and rpc_session_calls counts it: the messages come when its
 * owner reads on, then `finished` with what the server said, from within the next rpc_session_send, which has no bytes to send any more. */
void rpc_client_lost(struct rpc_session *session);

/* ---- both: sessions ------------------------------------------------------------------------------------------------------- */

/* Calls `ended`/`finished` for every open call; of a client's with messages held, as of a lost connection, but these are lost too. NULL is fine. */
void rpc_session_free(struct rpc_session *session);
/* Feeds received bytes; takes all of them. False: the session is finished, send the rest and close. */
bool rpc_session_receive(struct rpc_session *session, struct bytes bytes);
/* Next bytes to send, at most a few frames; empty when there is nothing now. They live until the next call on the session. */
struct bytes rpc_session_send(struct rpc_session *session);
/* Neither side has anything left to say: close the connection. */
bool rpc_session_done(const struct rpc_session *session);
/* Calls open now. */
size_t rpc_session_calls(const struct rpc_session *session);
/* Tells the peer to open no more calls (GOAWAY); open ones go on. `final` false warns and asks for a sign of life, and turns final by itself once that came (RFC 9113 §6.8);
 * true does not wait for it. */
void rpc_session_shutdown(struct rpc_session *session, bool final);
/* Time has passed (monotonic): a server ends what waited too long - the first SETTINGS, unfinished headers and messages, requests that are not whole at their
 * deadline, answered calls whose request still comes - and an idle session gives memory back. To be called every second or so. False: the session is
 * finished, send the rest and close. */
bool rpc_session_tick(struct rpc_session *session, int64_t now_us);
/* Bytes that its peer makes a session keep: a server's open calls with their headers, messages that are not whole or whose call is not read, and messages that
 * the peer has not taken. The last alone. */
size_t rpc_session_kept_bytes(const struct rpc_session *session);
size_t rpc_session_queued_bytes(const struct rpc_session *session);
/* Server: how many it may keep without asking (rpc_server_events.memory). Replies count and are never refused: the owner, who makes them, looks at how much there is before. */
void rpc_session_allow(struct rpc_session *session, size_t bytes);
/* Server: the longest request message from now on, 0 for its row in limits.h. */
void rpc_session_set_message_bytes(struct rpc_session *session, uint32_t bytes);
/* Server: why the peer was cut off, a word for the log such as "too_many_pings"; NULL: it was not. */
const char *rpc_session_offence(const struct rpc_session *session);

/* ---- both: calls ---------------------------------------------------------------------------------------------------------- */

/* A number that no other call of the session ever has: to find a call again after work elsewhere. NULL when it is gone. */
uint32_t rpc_call_id(const struct rpc_call *call);
struct rpc_call *rpc_session_call(struct rpc_session *session, uint32_t id);
void rpc_call_set_user(struct rpc_call *call, void *user);
void *rpc_call_user(const struct rpc_call *call);
/* Server: bytes of a call's request that are kept, not yet handed over or being so: in `message` those of the message count too. */
size_t rpc_call_held_bytes(const struct rpc_call *call);
/* Server: what the call was answered with; STATUS_OK while it is not. */
enum status_code rpc_call_outcome(const struct rpc_call *call);
/* Server: the method's row. */
const struct schema_method *rpc_call_method(const struct rpc_call *call);
enum rpc_protocol rpc_call_protocol(const struct rpc_call *call);
/* Server: monotonic time (clock.h) at which the client gives up; 0: never. */
int64_t rpc_call_deadline_us(const struct rpc_call *call);
/* Received metadata: a request header (server), initial or trailing metadata (client). NULL if absent; the values of a repeated name joined by
 * commas; that of a `-bin` name as it came, in base64. Lives as long as the call. */
const char *rpc_call_metadata(const struct rpc_call *call, const char *name);
/* Server: adds initial metadata to send with the first message (or the status); copied. The name is the program's own: one that no header can have, as with a
 * capital, ends the process (assert). Past LIMIT_REPLY_METADATA, with a value that no header can have, or once the first message was sent, it is left
 * out. */
void rpc_call_add_metadata(struct rpc_call *call, const char *name, const char *value);

/* Server: the same for trailing metadata, sent with the status; left out once the call is finished. */
void rpc_call_add_trailer(struct rpc_call *call, const char *name, const char *value);
/* Server: whether the message that `message` is handed had come compressed. */
bool rpc_call_compressed(const struct rpc_call *call);
/* Server: whether the client reads gzip. */
bool rpc_call_takes_gzip(const struct rpc_call *call);
/* Server: whether the messages sent from here on are compressed, where the client takes gzip; they are not at first. What is to be compressed at any time of a call must be announced, so
 * ask once, with either value, before the first message. */
void rpc_call_set_compression(struct rpc_call *call, bool on);

/* Server: sends one reply message (protobuf bytes, copied), the only one where the method does not stream. False: the stream's queue is past its bound; the
 * message was taken all the same, wait for `writable`. Once the call is over it is dropped. */
bool rpc_call_send(struct rpc_call *call, struct bytes message);
/* Server: sends a reply message made of pieces, copied once. */
bool rpc_call_send_pieces(struct rpc_call *call, const struct bytes *pieces, size_t count);
/* Server: ends the call with a status: trailers, Trailers-Only, a gRPC-Web trailer frame, or Connect's error JSON. After it nothing can be sent. */
void rpc_call_finish(struct rpc_call *call, const struct status *status);
/* Server: answers a plain HTTP request. `headers` are name, value pairs ended by NULL. */
void rpc_call_respond(struct rpc_call *call, int http_status, const char *const *headers, struct bytes body);
/* Stop or go on taking messages of this call (flow control holds the peer back). None comes before reading goes on, but for that of a Connect GET, which
 * comes with its request; those held then come from within the next rpc_session_send, or rpc_session_receive while the connection lasts. A client's `finished`
 * waits for them, unless the call is cancelled or the connection ends before its answer is whole (rpc_client_lost). */
void rpc_call_set_reading(struct rpc_call *call, bool reading);
