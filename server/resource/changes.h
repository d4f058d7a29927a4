/* SPDX-License-Identifier: Apache-2.0
 *
 * changes.h - what a call is about to write: checked completely before anything reaches the store, then appended as one commit record.
 *
 * Reads through it see the changes so far over the call's view, so that rows of one import find each other and a dry run behaves like the real one.
 *
 * Owns:    lives in the arena it was made in.     Threads: the call's.
 */
#pragma once

#include "server/resource/call.h"

struct changes *changes_new(struct arena *arena, const struct schema *schema);
/* Present state of a name with the pending changes over it. As store_get. */
bool changes_get(const struct changes *changes, const struct store_view *view, const char *name, struct store_record *ret_record, struct status *st);
/* Adds a change (the last of a name wins). `previous_revision` as of the state it replaces. */
bool changes_put(struct changes *changes, const struct store_view *view, const char *name, enum store_operation operation, struct bytes value,
                 struct status *st);
/* The same of a name that the store does not know yet, for it is renamed in the same record: `previous_revision` is that of the old name's state. */
bool changes_put_after(struct changes *changes, const char *name, uint64_t previous_revision, enum store_operation operation, struct bytes value,
                       struct status *st);
/* Names whose entry in an index equals `value`, pending ones included; NULL-terminated, at most `most`. */
const char **changes_find(struct changes *changes, const struct store_view *view, uint32_t index, struct bytes value, size_t most,
                          struct arena *arena, struct status *st);
/* Can a change of this name be read here? What the store says of it is then not the newest. */
bool changes_touch(const struct changes *changes, const char *name);
/* Visits the names that these changes alone say have an entry equal to `value`, a name perhaps more than once. Return false to stop. */
typedef bool changes_visit(void *context, const char *name);
bool changes_each_equal(struct changes *changes, uint32_t index, struct bytes value, changes_visit *visit, void *context, struct status *st);
const struct store_change *changes_list(const struct changes *changes, size_t *ret_count);
/* What was put so far need not be appended (it has been, or never will be); it stays readable through changes_get and changes_find. */
void changes_clear(struct changes *changes);
/* The same, and nothing put since the last changes_clear can be read any more: the rest of a row that was refused. */
void changes_drop(struct changes *changes);

/* Checks and completes one resource before it is put: rules of the contract, references, cycles, the noun's own check. `old` NULL on create. `prefix` names
 * the resource in violations ("account"). Sets name, uid, times and creator. */
bool write_check(struct call *call, const struct schema_resource *resource, const char *name, const ProtobufCMessage *old, ProtobufCMessage *new,
                 const char *prefix);
/* write_check, then packs and puts it. `old_record` NULL on create. Where an update changes nothing, nothing is put and `ret_changed` (may be NULL) is false.
 * */
bool write_resource(struct call *call, const struct schema_resource *resource, const char *name, const struct store_record *old_record,
                    ProtobufCMessage *new, const char *prefix, bool *ret_changed);
/* The parent of a new resource is of the right type, there for the caller, and lives; status failed otherwise. */
bool write_check_parent(struct call *call, const struct schema_resource *resource, const char *parent);
/* The field's group is one of `groups`; PERMISSION_DENIED naming it otherwise. */
bool write_field_permitted(struct call *call, const struct schema_field *field, schema_groups groups);
/* The fields that the caller may not set, of those that differ: PERMISSION_DENIED naming the first. */
bool write_permitted(struct call *call, const struct schema_resource *resource, const ProtobufCMessage *old, const ProtobufCMessage *new, schema_groups groups);
/* How following an acyclic field upwards from `start` (a resource name) ends: at the top, at `name` again, or not within LIMIT_CHAIN. */
enum chain { CHAIN_ENDS, CHAIN_COMES_BACK, CHAIN_TOO_LONG };
enum chain write_follow_chain(struct call *call, const struct schema_field *field, const char *name, const char *start);
/* Live resources that refer to `name` (or anything below it), apart from those below it: NULL-terminated, at most `most`. */
const char **write_referrers(struct call *call, const char *name, size_t most);
/* Visits each reference in a message: path, field, and the name referred to. */
typedef bool reference_visit(void *context, const char *path, const struct schema_field *field, const char *target);
bool references_each(const struct schema_type *type, const ProtobufCMessage *message, struct arena *arena, reference_visit *visit, void *context);

/* A text as an id: lower case, words joined by '-', at most LIMIT_ID_BYTES; "x" where nothing is left. */
const char *id_of_text(const char *text, struct arena *arena);
