/* SPDX-License-Identifier: Apache-2.0
 *
 * call.h - one call as a method sees it: who calls, what they ask, the state they read, and where the answer goes.
 *
 * A handler never sees a connection, a thread or a transaction. It gets a checked and unpacked request from a caller who holds the method's permission on
 * something; whether they hold it on this resource, and which fields they see of it, it asks call_decide. It answers with call_reply, or fails `status`.
 *
 * Owns:    all belongs to the call and lives in its arena; stored bytes live until the handler returns.
 * Threads: a handler runs on one thread: a worker (light reads), a reader (heavy ones) or the writer (methods that write).
 */
#pragma once

#include "common/base/arena.h"
#include "common/schema/schema.h"
#include "common/store/store.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "server/access/decide.h"

struct filter;
struct call;
struct engine;
struct changes;

/* One method's work. False with `call->status` failed. */
typedef bool call_handler(struct call *call);

/* What a streaming method keeps between its messages. */
struct stream {
	struct arena arena;      /* lives as long as the stream */
	void *state;             /* the handler's own */
	void (*release)(void *state); /* called when the stream is gone, if state has more than the arena; may be NULL */
	bool ended;              /* the client has sent all: this run of the handler has no request */
	void *executor;          /* the transport's own */
	/* Set by a handler that goes on answering after every commit (watch): called with a fresh snapshot until it returns false. */
	call_handler *pump;
	bool pump_at_stop;       /* … but no commit alters what it answers: it is called once after the handler's own run, and when the server stops */
};

/* What the streams of a thread need not each find out anew. Kept from call to call; a method that uses it knows by `owner` whether what is there is its own. */
struct shared {
	struct arena arena;
	const void *owner;
	void *state; /* in the arena */
};

struct call {
	const struct engine *engine;
	const struct schema_method *method;
	const struct caller *caller;
	struct arena *arena;
	struct status *status;
	const char *peer;                 /* the client's address, for the record */
	const char *client;               /* its user-agent */
	int64_t now_us;                   /* wall clock at the start */
	const struct store_view *view;    /* present state; on the writer the transaction's */
	uint64_t as_of;                   /* revision that is asked about; 0: the present */
	uint64_t revision;                /* revision that the answer tells of */
	const ProtobufCMessage *request;  /* of method->input; NULL when stream->ended */
	struct changes *changes;          /* what this call is about to write; NULL in methods that read */
	const struct store_entry *amendments; /* what it takes out of the past, with `changes`; NULL in all but an erasure */
	size_t amendments_count;
	const char *actor;                /* who is on record for a write, where that is not the caller (sign-in); or NULL */
	const char *once;                 /* set by a handler: a text, up to 64 bytes, that call_used knows from this call's commit on; or NULL */
	int64_t once_until_s;             /* wall clock; forgotten then */
	const char *note;                 /* one line for the record of a write: which fields, why; or NULL */
	bool (*append)(struct call *call); /* writer: appends `changes` as one commit record now and empties them (a row of an import); the rest is appended at the end */
	struct stream *stream;            /* NULL in unary methods */
	struct shared *shared;            /* of the thread */
	const char *prepared;             /* what a hasher made for this call (a password's hash); NULL otherwise */
	bool verified;                    /* what a hasher found: the password is right */
	const char *witness;              /* the stored hash that it was right for; void once that has changed */
	uint32_t budget;                  /* resources that may be examined before the call must go to a reader; 0: any number */
	bool deferred;                    /* the budget ran out: run it again on a reader */
	struct decide_memo memo;
	/* The answer: pieces of one message, collected by call_reply… (for a stream, sent each time by `send`). */
	struct buf reply;
	bool replied;
	bool (*send)(struct call *call);  /* streams: sends `reply` and empties it; false: enough for now */
	bool more;                        /* set by a pump that stopped for the others' sake: call it again soon */
	void *transport;
};

/* The call's permission on a resource, with the groups seen of it. */
struct decision call_decide(struct call *call, const char *permission, const char *name, struct bytes account);
/* The same for a verb on a resource's type: "read" on accounts/acme/ties/x asks for ties.read. */
struct decision call_decide_verb(struct call *call, const struct schema_resource *resource, const char *verb, const char *name);

/* Nothing that might stand under this name is hidden from the caller: it may be told whether the name is taken. */
bool call_sees_whatever(struct call *call, const struct schema_resource *resource, const char *name);

/* Reads a resource as of the call's revision. False with `status` OK where there is none, or the caller may not read it; deleted ones are returned. */
bool call_read(struct call *call, const char *name, struct store_record *ret_record, struct decision *ret_decision);
/* The same, unpacked and cut to what the caller sees; NULL where there is none. */
ProtobufCMessage *call_read_message(struct call *call, const char *name);
/* NOT_FOUND in the words that are the same for missing and hidden. Always false. */
bool call_not_found(struct call *call, const char *name);

/* Called for each resource that is not deleted and that the caller may read, in name order, cut to what they see, in an arena that is emptied after
 * each. Return false to stop. */
typedef bool call_visit(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch);
/* Visits all resources of a collection pattern ("accounts", "accounts/acme/stakeholders", "accounts/-/opportunities") as of the call's revision. */
bool call_each(struct call *call, const char *pattern, call_visit *visit, void *context);
/* Those that match the filter, by what the caller sees. */
bool call_each_of(struct call *call, const char *pattern, const struct filter *filter, call_visit *visit, void *context);

/* The request against its own rules in the contract: required, lengths, formats, enums. A resource in it (of a Create, Update or Copy) is passed over: the engine
 * completes it before it checks it. */
bool call_check_request(struct call *call);

/* Whether a call that was committed before has used this text up (`once`). */
bool call_used(struct call *call, const char *once);
#define CALL_ONCE "once" /* whose request ids such texts are, in the store: nobody's name */

/* Answers with a message of the method's output type. */
bool call_reply(struct call *call, const ProtobufCMessage *message);
/* RESOURCE_EXHAUSTED: the call's memory is used up. Always false. */
bool call_no_memory(struct call *call);
/* A time in the arena; NULL when it is full. */
Google__Protobuf__Timestamp *call_time(int64_t us, struct arena *arena);
/* The end of a handler that came to `ok`. Where the call's memory ran out on the way, it fails whatever the handler says: a part of an answer is none, and a text
 * that did not fit is not the request's fault. */
bool call_whole(struct call *call, bool ok);
/* A state of a resource as a reader of `groups` sees it, in `arena` or where it lies: without what they do not see, and with the update time of the newest change that they do
 * see. data NULL where memory ran out. */
struct bytes call_visible(struct call *call, const struct schema_type *type, const char *name, const struct store_record *record, schema_groups groups,
                          struct arena *arena);
/* The same unpacked, for a filter or an order. `timed`: they ask for the update time (filter_names); finding that of a change they see takes time, so else it is the stored one. NULL
 * with the call's status failed where memory ran out. */
ProtobufCMessage *call_seen(struct call *call, const struct schema_type *type, const char *name, const struct store_record *record, schema_groups groups, bool timed,
                            struct arena *arena);
/* The revision of that change. */
uint64_t call_seen_revision(struct call *call, const struct schema_type *type, const char *name, const struct store_record *record,
                            schema_groups groups);
/* A reader of `groups` can tell two states of a resource apart (by more than the update time). True where memory ran out. */
bool call_differs(const struct schema_type *type, struct bytes one, struct bytes other, schema_groups groups, struct arena *scratch);
/* Appends a state of a resource, as a reader of `groups` sees it, with its etag. */
void call_put_resource(struct call *call, struct buf *out, const struct schema_type *type, const char *name, const struct store_record *record,
                       schema_groups groups);
/* Counts a resource towards the budget; false (and `deferred`) when it has run out. */
bool call_spend(struct call *call);
