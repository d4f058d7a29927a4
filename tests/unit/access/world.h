/* SPDX-License-Identifier: Apache-2.0
 *
 * world.h - a kamd without network: the contract, a store in a directory of its own, the engine, and calls made by hand.
 *
 * What a test needs is put into the store as JSON, unchecked; calls go the way that server/rpc/operation.c and writer.c take them: a method that reads
 * gets a fresh snapshot, one that writes a transaction of its own, whose commit is what a success leaves behind.
 *
 * Everything here asserts: a world that fails is a failed test.
 */
#pragma once

#include "common/base/arena.h"
#include "server/resource/engine.h"

struct world {
	char directory[256];
	struct schema *schema;
	struct store *store;
	struct engine engine;
	struct store_snapshot *snapshot;
	struct arena arena; /* of the test: callers, answers, texts */
	struct status st;
	int64_t now_us; /* of the next call; each write moves it on by a second */
	/* Of the next calls, until changed. */
	uint64_t as_of;
	size_t call_bytes;
	uint32_t budget;
};

/* Rules of nouns that the next world's engine has, of a test's own. */
extern const struct noun *world_nouns;
extern size_t world_nouns_count;

/* cmocka setup and teardown. There are users/admin with roles/admin, who may do everything, and nothing else. */
int world_setup(void **state);
int world_teardown(void **state);

/* ---- what is there ---- */

/* Puts a resource as it stands: no check, no identity but its name. Returns the revision. */
uint64_t world_put(struct world *world, const char *name, const char *json);
/* The same by a format. */
uint64_t world_putf(struct world *world, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with an operation, of bytes. */
uint64_t world_put_bytes(struct world *world, const char *name, enum store_operation operation, struct bytes value);
/* Marks a resource as deleted. */
void world_delete(struct world *world, const char *name);
/* A role: permissions and groups separated by commas. */
void world_role(struct world *world, const char *name, const char *scope, const char *permissions, const char *groups);
/* A user with one binding to a role; `narrowed` are further fields of the binding as JSON: "\"region\":\"EMEA\"", or "". */
void world_bind(struct world *world, const char *user, const char *role, const char *narrowed);
/* {"a":"x"} as bytes of a type, in the world's arena. */
struct bytes world_pack(struct world *world, const char *type, const char *json);

/* ---- reading ---- */

/* A view of now; the one before is gone. */
const struct store_view *world_view(struct world *world);
/* A caller as of now, in the world's arena. */
const struct caller *world_caller(struct world *world, const char *user);
/* May this user do that, as of now? */
struct decision world_decide(struct world *world, const char *user, const char *permission, const char *name);
/* The state of a resource: "-" where there is none, else what it says as JSON, with (DELETED) behind where it is. */
const char *world_state(struct world *world, const char *name);
uint64_t world_revision(struct world *world);

/* ---- calling ---- */

struct answer {
	struct status status;
	bool ok, deferred;
	uint64_t revision;  /* of the answer, or of what was written */
	struct bytes bytes;
	const ProtobufCMessage *message;
	const char *json;   /* of the reply; "" where it failed */
};

/* Calls "AccountService/GetAccount" with a request as JSON, as a user (NULL: users/admin). */
struct answer world_call(struct world *world, const char *user, const char *method, const char *request);
struct answer world_callf(struct world *world, const char *user, const char *method, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* world_call that must succeed, and gives the reply as JSON. */
const char *world_ok(struct world *world, const char *user, const char *method, const char *request);
/* "CODE REASON: message" of a call that must fail. */
const char *world_refusal(struct world *world, const char *user, const char *method, const char *request);

/* A text of the reply's top level. */
const char *world_text(struct world *world, const struct answer *answer, const char *method, const char *field);
/* The names listed in a reply, joined by blanks, each without its first word and slash. */
const char *world_names(struct world *world, const struct answer *answer, const char *method);
const char *world_status(struct world *world, const struct status *st);
