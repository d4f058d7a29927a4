/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.h - the one engine behind every resource type: Get List Create Update Delete Undelete ListVersions, and the table of methods.
 *
 * A noun adds nothing but its own rules and methods (struct noun); the standard methods are found by the verb that the contract gives them.
 */
#pragma once

#include "server/resource/call.h"

/* The rules of one noun beyond what its .proto says. Every member may be NULL. */
struct noun {
	const char *collection; /* "accounts/members" */
	/* Before a write: `old` NULL on create, `new` may be altered (derived fields). Fails `call->status`. */
	bool (*check)(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new);
	/* The last segment of a new resource's name, where its fields say it; NULL falls back to what the client gave or a random one. */
	const char *(*make_id)(struct call *call, const ProtobufCMessage *new);
	/* A readable last segment, where the client gave none and it is free. */
	const char *(*suggest_id)(struct call *call, const ProtobufCMessage *new);
	/* Before a delete, soft or forced. */
	bool (*check_delete)(struct call *call, const char *name, const ProtobufCMessage *old);
	/* After a create or update was accepted, in the same commit: further changes by changes_put. */
	bool (*follow)(struct call *call, const ProtobufCMessage *old, const ProtobufCMessage *new);
};

/* A method that is not standard, or a standard one done otherwise (the audit log). */
struct method_row {
	const char *path; /* "/kam.v1.PortfolioService/GetPortfolio" */
	call_handler *handler;
	/* For methods with `hashes`: runs on a hasher thread before the handler; may set prepared and verified. */
	call_handler *prepare;
};

/* What a file of server/domain offers; main.c lists them. */
struct domain {
	const struct noun *nouns;
	size_t nouns_count;
	const struct method_row *methods;
	size_t methods_count;
};

struct oidc;

struct engine {
	const struct schema *schema;
	struct access access;
	const struct noun **nouns;         /* by resource, in the order of schema_resource_at; NULL where it has no rules of its own */
	const struct method_row **methods; /* by schema_method.index; NULL where standard */
	call_handler **handlers;           /* by schema_method.index; NULL: UNIMPLEMENTED */
	struct store *store;
	struct oidc *oidc;                 /* sign-in by ID tokens; NULL: there is none */
	const uint8_t *audit_key;          /* STORE_SECRET_KEY_BYTES that sign the log's heads; NULL: none are signed */
	/* By resource: a revision at or after its newest change. Lets a later page of a list use an index although others write elsewhere. */
	_Atomic uint64_t *changed;
};

/* Builds the tables. INTERNAL where a domain names a method or collection that the contract does not have, or a method has no handler. */
bool engine_init(struct engine *engine, const struct schema *schema, struct store *store, const struct domain *const *domains, size_t domains_count,
                 struct status *st);
void engine_done(struct engine *engine);
/* Whoever appends a record says so for each of its names before the commit. Any thread. */
void engine_note_change(const struct engine *engine, const char *name, uint64_t revision);
/* No resource of the type has changed after `revision`. */
bool engine_unchanged_since(const struct engine *engine, const struct schema_resource *resource, uint64_t revision);
const struct noun *engine_noun(const struct engine *engine, const struct schema_resource *resource);

/* The standard methods. */
call_handler engine_get, engine_list, engine_create, engine_update, engine_delete, engine_undelete, engine_list_versions;
/* EraseContact, EraseUser: of an EraseRequest. */
call_handler engine_erase;

/* Steps of the standard methods, for methods of nouns that change one resource too. */
/* The name is one of the method's resource; INVALID_ARGUMENT on `field` where not. */
bool engine_check_name(struct call *call, const char *name, const char *field);
/* Reads what is to be changed, the request's `name`, or says why not: hidden is missing (NOT_FOUND), seen but not changeable is PERMISSION_DENIED, an old etag
 * ABORTED. A deleted one is returned. */
bool engine_open_for_change(struct call *call, const char *name, const char *etag, struct store_record *ret_record);
/* The same of one that lives, unpacked, and free to be altered; NULL with the status failed, FAILED_PRECONDITION where it is deleted. */
ProtobufCMessage *engine_open_living(struct call *call, const char *name, const char *etag, struct store_record *ret_record);
/* Writes what was opened as an update does, and answers with it; the request's `validate_only` holds. Violations name the resource by its singular. */
bool engine_save(struct call *call, const char *name, const struct store_record *record, ProtobufCMessage *new);
/* A copy of what the caller sees of the resource `name`, without the ids that other programs know it by; NULL with the status failed. */
ProtobufCMessage *engine_open_copy(struct call *call, const char *name, schema_groups *ret_groups);
/* Creates `new`, at the top, with the differences that the request's own resource and update_mask say, and answers with it. A difference in a field of a group
 * outside `groups` is refused. */
bool engine_create_different(struct call *call, ProtobufCMessage *new, schema_groups groups);
/* Puts a resource's bytes with its delete time set or cleared: a soft delete, or its undoing. */
bool engine_mark(struct call *call, const char *name, struct bytes value, bool deleted);
/* Answers a write with the resource as it will be; where it was only to be checked, its changes are dropped. */
bool engine_reply_written(struct call *call, const char *name, bool validate_only);

/* Answers with a reply that was given before. Of a resource, only what the caller may see now. */
bool engine_reply_again(struct call *call, struct bytes reply);

/* Text of the etag of a resource as the caller sees it (its bytes after the cut, without etag). */
enum { ETAG_BYTES = 17 };
void engine_etag(const struct engine *engine, struct bytes visible, char ret_etag[ETAG_BYTES]);

/* Opaque page tokens: bound to method, caller and query, and not to be forged. `position` is the engine's own. */
const char *page_token_make(struct call *call, struct bytes query, struct bytes position);
/* INVALID_ARGUMENT on page_token where it is malformed, of another query or another caller. */
bool page_token_read(struct call *call, struct bytes query, const char *token, struct bytes *ret_position);

/* The store's indexer over a schema: every indexed field, and every reference under ACCESS_REFERENCES_INDEX. Context: const struct schema *. */
void engine_indexer(void *schema, const char *name, struct bytes value, store_index_emit *emit, void *emit_context);
