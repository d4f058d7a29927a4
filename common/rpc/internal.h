/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.h - what the files of this folder share; nobody else includes it.
 *
 * Who does what: session.c is what every connection has; h2.c and h1.c are the two wires, HTTP/2 by nghttp2 and HTTP/1.1 by http_parser; call.c keeps
 * a call's memory and its send queue; inbound.c cuts what arrives into messages; server.c decides what a request is, cors.c whose page may send it;
 * reply.c says how each protocol answers; client.c starts calls and judges their outcome; the rest are small codecs without state (queue, text, gzip, grpc_status, connect).
 *
 * nghttp2 calls back from within its own functions, where it must be neither fed nor emptied. So callbacks only submit frames and put calls on
 * the session's `ready` list; session_notices works that list off when nghttp2 is not on the stack. http_parser is treated alike.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/limits.h"
#include "common/base/base64.h"
#include "common/rpc/rpc.h"

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

/* ---- queue.c: bytes in at the tail, out at the head ---------------------------------------------------------------------- */

struct queue {
	uint8_t *data;
	size_t head, tail, capacity;
};

static inline size_t queue_size(const struct queue *queue)
{
	return queue->tail - queue->head;
}

static inline struct bytes queue_bytes(const struct queue *queue)
{
	return (struct bytes){queue->data + queue->head, queue->tail - queue->head};
}

/* Room for `size` bytes behind the tail, not yet counted; NULL without memory. */
uint8_t *queue_reserve(struct queue *queue, size_t size);
bool queue_add(struct queue *queue, const void *data, size_t size);
void queue_drop(struct queue *queue, size_t size);
/* Empties it; keeps the memory unless it is large. */
void queue_clear(struct queue *queue);
void queue_free(struct queue *queue);

/* ---- memory.c: nghttp2's, of one session ------------------------------------------------------------------------------------- */

enum {
	MEMORY_LISTS = 8, /* pieces of up to 64, 128 … 512 bytes */
	MEMORY_KEPT = 64, /* of each list: 144 KiB of a session that is busy with as many streams */
};

struct memory {
	struct piece *lists[MEMORY_LISTS];
	unsigned kept[MEMORY_LISTS];
};

nghttp2_mem memory_functions(struct memory *memory);
/* Gives back what is kept. */
void memory_drop(struct memory *memory);

/* ---- text.c ---------------------------------------------------------------------------------------------------------------- */

/* gRPC's percent encoding of grpc-message; NULL when the arena is full. */
const char *text_percent(const char *text, struct arena *arena);
/* The other way; a '%' that starts no escape stays as it is. `plus`: '+' is a blank, as in queries. */
struct bytes text_unpercent(const char *text, size_t size, bool plus, struct arena *arena);
/* grpc-timeout ("100m"), at most 8 digits, and connect-timeout-ms, at most 10. */
bool text_grpc_timeout(const char *text, int64_t *ret_us);
bool text_connect_timeout(const char *text, int64_t *ret_us);
enum { TEXT_TIMEOUT_BYTES = 24 };
void text_make_grpc_timeout(int64_t us, char *text);

/* ---- gzip.c ---------------------------------------------------------------------------------------------------------------- */

enum gzip_result { GZIP_OK, GZIP_BAD, GZIP_TOO_LARGE, GZIP_NO_MEMORY };
/* Inflates one gzip member into `out`, never past `limit_bytes`. */
enum gzip_result gzip_inflate(struct bytes in, size_t limit_bytes, struct queue *out);
/* The other way; false without memory. */
bool gzip_deflate(const struct bytes *pieces, size_t count, struct queue *out);

/* ---- calls ------------------------------------------------------------------------------------------------------------------ */

enum codec { CODEC_PROTO, CODEC_JSON };
enum encoding { ENCODING_IDENTITY, ENCODING_GZIP };

enum {
	GATHER_BYTES = 16384,     /* of output put together before it goes out: one TLS record */
	PREFIX_BYTES = 5,         /* flags, then the length in network order: gRPC, gRPC-Web, Connect streams */
	FLAG_COMPRESSED = 0x01,
	FLAG_CONNECT_END = 0x02,
	FLAG_WEB_TRAILER = 0x80,
	HEADERS_MAX = 48,         /* of one reply */
	HEADER_SLOTS = 64,
	LINGERING_CALLS = 16,     /* answered calls of a session whose request is still coming in */
	LINGERED_BYTES = 8 << 20, /* of such a request; then the peer is told to stop */
	CALL_BYTES = 3072,        /* what an open call takes, ours and nghttp2's, without its headers */
	KEPT_CALLS = 64,          /* finished calls whose memory a session keeps for the next ones */
};

struct header {
	const char *name, *value;
	uint32_t name_size, value_size;
};

static inline struct header header_of(const char *name, const char *value)
{
	return (struct header){name, value, (uint32_t)strlen(name), (uint32_t)strlen(value)};
}

struct headers {
	struct header *list;
	nghttp2_rcbuf **held;     /* two for each: where its texts are nghttp2's */
	size_t count, capacity;
	uint16_t first[HEADER_SLOTS]; /* by a hash of the name, 1 + the first header that has it; 0: none, as for most names asked for */
	uint64_t crowded;         /* a bit for each slot: others have it too */
	size_t bytes;             /* as HTTP/2 counts: name + value + 32 each */
	bool too_large;
};

struct rpc_call {
	struct rpc_session *session;
	TAILQ_ENTRY(rpc_call) link;  /* session->calls or session->kept */
	TAILQ_ENTRY(rpc_call) ready; /* session->ready while `noticed` */
	int32_t stream_id;
	void *user;
	const struct schema_method *method;
	enum rpc_protocol protocol;
	enum codec codec;
	enum encoding encoding;      /* of what arrives */
	int64_t deadline_us;
	int64_t started_us;          /* by the session's coarse clock */
	int64_t waiting_us;          /* a stream's message is unfinished since; 0: none is */
	struct arena arena;          /* headers and trailers; reset for the next call */
	struct headers received;     /* request headers, or a reply's headers and trailers */
	struct headers added;        /* reply metadata */
	struct headers added_last;   /* trailing metadata */
	struct queue in, out;
	size_t kept_bytes;           /* counted for the call beside its queues */
	enum status_code outcome;    /* server: what it was answered with */
	size_t unconsumed_bytes;     /* held bytes that flow control has not been told of */
	unsigned messages_in, messages_out;
	const struct header *trailers; /* once it is `closing`, in the arena */
	size_t trailers_count;

	bool plain;                  /* no RPC: answered by rpc_call_respond */
	bool cross_origin;           /* a page of another site reads the answer */
	bool head;                   /* HEAD: the answer has no body */
	bool announced;              /* the owner knows it */
	bool reading;
	bool remote_closed;          /* the peer's END_STREAM came */
	bool half_close_told;
	bool submitted;              /* our HEADERS are with nghttp2 */
	bool deferred;               /* the wire waits for call_resume */
	bool closing;                /* nothing more will be queued */
	bool owner_finished;
	bool end_sent;               /* our END_STREAM went out */
	bool lingering;              /* … before the peer's; what still comes is dropped */
	size_t lingered_bytes;
	bool compressed;             /* the message at hand was */
	bool compress, announce_compression, gzip_taken; /* of replies: now; at any time; and the client can read it */
	bool body_compressed;        /* Connect unary: the body that is queued is */
	bool full;                   /* the owner waits for `writable` */
	bool noticed, notice_writable, notice_reading;

	/* client only */
	bool sent;                   /* the request's HEADERS went out */
	bool closed;                 /* nghttp2 has closed the stream */
	bool aborted;                /* by us, with abort_code and abort_message */
	bool reported;               /* `finished` was called */
	bool cut;                    /* the connection ended before the answer did, or before its messages were taken */
	bool response_seen;
	uint32_t close_error;        /* of the RST_STREAM, or 0 */
	enum status_code abort_code;
	const char *abort_message;
};

TAILQ_HEAD(call_list, rpc_call);

struct bucket {
	double tokens;
	int64_t filled_us;
};

/* How calls become bytes on the connection and back. */
struct wire {
	void (*free)(struct rpc_session *session);
	/* Takes all of them; false where they are none of this protocol. */
	bool (*receive)(struct rpc_session *session, struct bytes bytes);
	/* What is to be sent next; empty when nothing is. */
	struct bytes (*send)(struct rpc_session *session);
	bool (*done)(const struct rpc_session *session);
	void (*shutdown)(struct rpc_session *session, bool final);
	void (*tick)(struct rpc_session *session);
	/* A response's head, to be followed by the call's queue where there is a `body`. headers[0] is :status. The texts live as long as the call. */
	bool (*respond)(struct rpc_call *call, const struct header *headers, size_t count, bool body);
	/* Something was queued for a call that was `deferred`, or it is `closing`. */
	void (*resume)(struct rpc_call *call);
	/* Bytes of the request are done with: the peer may send as many more. `gone`: the stream is closing, only the connection counts. */
	void (*consume)(struct rpc_call *call, size_t size, bool gone);
	/* Breaks the stream off, with one of HTTP/2's error codes. */
	void (*reset)(struct rpc_call *call, uint32_t error_code);
};

/* skim.c: where in the frames of a client its bytes have come to. */
struct skim {
	uint32_t left;               /* bytes of the frame at hand still to come */
	bool drop;                   /* nghttp2 does not see it */
	bool headers, headers_end;   /* it is part of a header block, and the last one */
	uint8_t head[9];             /* of a frame whose head comes in pieces */
	size_t head_size;
	uint32_t opened;             /* the last stream that was */
	unsigned dropped;            /* frames, until the reader of this sets it back */
};

struct rpc_session {
	const struct wire *wire;
	nghttp2_session *h2;
	struct memory memory;        /* of h2 */
	struct h1 *h1;
	bool server;
	bool failed;                 /* nothing that arrives matters any more */
	bool broken;                 /* nor can anything be sent */
	bool lost;                   /* client: the connection is gone; only what is held is still handed over */
	const struct schema *schema;
	const struct schema_method *method; /* server: of the last call */
	const char *const *origins;
	struct rpc_limits limits;
	const struct rpc_server_events *server_events;
	const struct rpc_client_events *client_events;
	void *context;
	char *authority;
	struct call_list calls, ready, kept;
	size_t calls_count, kept_count;
	uint32_t calls_total;        /* ever */
	size_t kept_bytes;           /* that the peer makes us keep beside queued_bytes: of calls, in their `in` queues, and of pipelined requests */
	size_t allowed_bytes;        /* of both together */
	size_t queued_bytes;         /* in the `out` queues of all calls */
	int64_t opened_us, now_us;   /* now: as of the last tick or bytes received */
	int64_t headers_us;          /* a header block is unfinished since; 0: none is */
	const char *offence;
	struct rpc_call *arriving;   /* whose header block is; NULL: nobody's who is known, or a request's trailers, which nobody reads (RFC 9110 §6.5.1) */
	size_t unwanted_bytes;       /* of a header block that is nobody's, as HTTP/2 counts */
	size_t frame_bytes;          /* length of the DATA frame that is arriving; SIZE_MAX where it is padded */
	struct queue out;            /* frames gathered by rpc_session_send */
	struct queue inflated;       /* the message being delivered, if it came compressed */
	struct queue deflated;       /* the one being sent, if it goes compressed */
	struct bucket nuisance, resets, cancels;
	int64_t ping_us;             /* the last one of the peer; 0: none since we sent something */
	unsigned ping_strikes;
	int64_t replied_us;          /* HEADERS or DATA were last sent, by the coarse clock; 0: never */
	bool settled;                /* the peer's first SETTINGS came */
	struct skim skim;            /* server */
	unsigned lingering;          /* calls that are */
	bool warned;                 /* the first GOAWAY is out, and a PING behind it */
	bool leaving;                /* the last GOAWAY is out: nobody is waited for */
};

/* session.c */
/* Tells owners what a wire's callbacks found out. True if there was anything. */
bool session_notices(struct rpc_session *session);
bool bucket_take(struct bucket *bucket, double burst, double per_second, double tokens);
/* Counts bytes that the peer makes the session keep; false where it may not. */
bool session_keep(struct rpc_session *session, size_t size);
/* The same where they are kept already. */
void session_kept(struct rpc_session *session, size_t size);
void session_let_go(struct rpc_session *session, size_t size);
/* A server's call is gone from the wire. */
void session_call_ended(struct rpc_call *call);

/* skim.c. The next bytes of a client for nghttp2, taken off `bytes`, which they or `skim` hold; size 0: there are none left. */
void skim_init(struct skim *skim);
struct bytes skim_next(struct skim *skim, struct bytes *bytes);
/* Whether a header block has begun and not ended. */
bool skim_in_headers(const struct skim *skim);

/* h2.c, h1.c: makes the session's side of it; false without memory. */
bool h2_open(struct rpc_session *session);
bool h1_open(struct rpc_session *session);

/* call.c */
struct rpc_call *call_new(struct rpc_session *session, int32_t stream_id);
/* Takes it off every list and recycles it. */
void call_free(struct rpc_call *call);
bool headers_add(struct headers *headers, struct arena *arena, struct bytes name, struct bytes value);
/* Counts it, and where all have at most so many bytes adds it without a copy: the texts are held until headers_drop. Otherwise, or without memory, sets `too_large`. */
void headers_hold(struct headers *headers, struct arena *arena, nghttp2_rcbuf *name, nghttp2_rcbuf *value, size_t most_bytes);
/* Empties it. */
void headers_drop(struct headers *headers);
/* Puts the call on the ready list. */
void call_notice(struct rpc_call *call);
/* Appends prefix and pieces to the send queue; without memory the stream is reset. */
bool call_queue(struct rpc_call *call, bool prefix, uint8_t flags, const struct bytes *pieces, size_t count);
/* Something was queued or `closing` set: the wire shall ask again. */
void call_resume(struct rpc_call *call);
/* The wire has taken bytes off the head of the send queue. */
void call_sent(struct rpc_call *call, size_t size);
/* Throws away what is queued. */
void call_unqueue(struct rpc_call *call);
/* A server's call: sends the status. A client's: resets the stream and reports it. */
void call_fail(struct rpc_call *call, enum status_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Nothing of this call is of interest any more. */
static inline bool call_over(const struct rpc_call *call)
{
	return call->closing && call->session->server ? true : call->aborted || call->plain;
}

/* inbound.c */
void inbound_data(struct rpc_call *call, struct bytes chunk, bool last);
void inbound_end(struct rpc_call *call);
/* Goes on with what was held while the owner did not read. */
void inbound_pump(struct rpc_call *call);
/* Hands over one message (server: converted to protobuf bytes). */
void inbound_deliver(struct rpc_call *call, bool compressed, struct bytes payload);
void inbound_drop(struct rpc_call *call);

/* server.c */
void server_headers(struct rpc_call *call, bool end);

/* cors.c */
/* Notes whether a page of the request's origin may read the answer. True where the request is a browser's question beforehand (preflight), which is answered then. */
bool cors_preflight(struct rpc_call *call);
/* The header that lets the page read the other ones. */
struct header cors_expose(struct rpc_call *call);

/* reply.c */
/* Puts headers (and metadata added by the owner) on the wire, followed by the queue's content if `body`. */
void reply_submit(struct rpc_call *call, int http_status, const struct header *headers, size_t count, bool body);
void reply_finish(struct rpc_call *call, const struct status *st);
/* An answer without content: 405, 415 and so on. */
void reply_http(struct rpc_call *call, int http_status, const char *name, const char *value);

/* client.c */
nghttp2_data_provider h2_provider(struct rpc_call *call); /* h2.c */
void client_response(struct rpc_call *call);
void client_closed(struct rpc_call *call, uint32_t error_code);
void client_abort(struct rpc_call *call, enum status_code code, const char *message);
/* Ends every call, those too whose messages are held. */
void client_end_all(struct rpc_session *session);
/* Calls `finished` once all that arrived was handed over. */
void client_report(struct rpc_call *call);

/* grpc_status.c */
struct status_detail {
	const char *type; /* google.rpc.ErrorInfo */
	struct bytes bytes;
};
enum { STATUS_DETAILS = 2 };
/* What a status says beside code and message, as protobuf messages; returns how many. */
size_t status_details(const struct status *st, struct arena *arena, struct status_detail details[STATUS_DETAILS]);
/* A whole google.rpc.Status; empty where the code and message say all. */
struct bytes status_encode(const struct status *st, struct arena *arena);
/* Takes reason and violations out of a google.rpc.Status; leaves `st` as it is where the bytes are none. */
void status_decode(struct bytes bytes, struct status *st);

/* connect.c */
int connect_http_status(enum status_code code);
/* {"code":…,"message":…,"details":[…]}. */
void connect_error(const struct status *st, struct buf *out);
/* The last message of a stream: {"error":…,"metadata":{…}}, with what applies. */
void connect_end(const struct status *st, const struct header *metadata, size_t count, struct buf *out);
struct connect_query {
	const char *version, *encoding, *compression; /* connect=v1 and so on; NULL where the query does not say */
	bool has_message;
	struct bytes message;
};
/* Reads the query behind '?'. False where the message is not the base64 that it says. */
bool connect_query_parse(const char *query, struct arena *arena, struct connect_query *ret_query);
