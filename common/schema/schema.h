/* SPDX-License-Identifier: Apache-2.0
 *
 * schema.h - the contract as tables: types, fields with their rules, resources, methods, comments.
 *
 * Built once from the embedded descriptor set (protoc, with comments) and the protobuf-c descriptors that the build generated from the same
 * files, then never changed: any thread reads it without locks. Everything a program knows about the contract at run time comes from here.
 *
 * Owns:    a schema owns all it points to; strings live as long as it. The source (static data of the build) must outlive it.
 * Source:  google/protobuf/descriptor.proto; kam/v1/options.proto.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

#include <protobuf-c/protobuf-c.h>

struct schema;
struct schema_type;
struct schema_resource;

/* ---- rules (options.proto, unpacked; the numbers are the proto's) -------------------------------------------------------------- */

enum schema_group { GROUP_UNSPECIFIED, GROUP_PUBLIC, GROUP_COMMERCIAL, GROUP_FINANCIAL, GROUP_PERSONAL, GROUP_STRATEGY, GROUP_INHERIT, GROUP_COUNT };
enum schema_format { FORMAT_NONE, FORMAT_DATE, FORMAT_PERIOD, FORMAT_COUNTRY, FORMAT_CURRENCY, FORMAT_EMAIL, FORMAT_URI, FORMAT_ID, FORMAT_PERMISSION };
enum schema_index { INDEX_NONE, INDEX_EXACT, INDEX_FOLDED };
enum schema_scoping { SCOPING_BY_NAME, SCOPING_BY_STAKEHOLDER, SCOPING_ALL_ONLY, SCOPING_BY_ACCOUNT_ID };
enum schema_verb { VERB_CUSTOM, VERB_GET, VERB_LIST, VERB_CREATE, VERB_UPDATE, VERB_DELETE, VERB_UNDELETE, VERB_LIST_VERSIONS, VERB_COUNT };
enum schema_audience { AUDIENCE_PERMITTED, AUDIENCE_ANONYMOUS, AUDIENCE_SIGNED_IN };

/* A set of groups, as bits 1 << enum schema_group. */
typedef uint32_t schema_groups;
#define GROUPS_ALL ((schema_groups)0xffffffffu)

struct schema_rules {
	enum schema_group group; /* resolved: the field's own, or its message's default; INHERIT in map entries and in types that are not kam's */
	bool required, immutable, output_only, acyclic, secret, responsibility, person, shown_once;
	const char *reference;   /* "users", "accounts/stakeholders", "*", or NULL */
	uint32_t max_length;     /* resolved bytes; UINT32_MAX in types that are not kam's */
	uint32_t max_items;      /* resolved, likewise */
	bool has_minimum, has_maximum;
	double minimum, maximum;
	enum schema_format format;
	enum schema_index index;
	uint32_t index_id;       /* for store_index_emit: CRC-32C of "collection:field.path"; 0 where not indexed */
};

struct schema_enum_value {
	const char *name; /* PHASE_KEY */
	const char *comment;
	int32_t number;
};

struct schema_enum {
	const char *name; /* kam.v1.Phase */
	const char *comment;
	const struct schema_enum_value *values;
	size_t values_count;
};

struct schema_field {
	const char *name;      /* display_name */
	const char *json_name; /* displayName */
	const char *comment;   /* paragraphs, one a line; "" where there is none. So are all comments. */
	const struct schema_type *owner;
	const ProtobufCFieldDescriptor *pb;
	const struct schema_type *message;     /* of message fields; for a map: the entry type */
	const struct schema_enum *enumeration; /* of enum fields */
	bool repeated, map, has_presence;      /* `map` implies `repeated`; presence: message, proto3 optional, member of a oneof, proto2 */
	struct schema_rules rules;
};

struct schema_type {
	const char *name; /* kam.v1.Account */
	const char *comment;
	const ProtobufCMessageDescriptor *pb;
	const struct schema_field *fields; /* in the order of the .proto */
	size_t fields_count;
	const struct schema_resource *resource; /* NULL for other messages */
	bool map_entry;
	/* Some field, here or below, has a group of its own beside PUBLIC: cutting it for a reader may change it. */
	bool has_groups;
};

struct schema_method {
	const char *path;    /* /kam.v1.AccountService/GetAccount */
	const char *name;    /* GetAccount */
	const char *service; /* kam.v1.AccountService */
	const char *comment;
	const struct schema_type *input, *output;
	bool client_streaming, server_streaming, no_side_effects;
	const char *permission; /* NULL: none declared (a method of kam must then have another audience) */
	enum schema_verb verb;
	enum schema_audience audience;
	bool writes, heavy, hashes, exports, irreversible, no_token;
	const struct schema_resource *resource; /* of a standard method: what it acts on; of a custom one: its service's resource, or NULL */
	size_t index;           /* 0 … schema_methods_count - 1: for tables beside this one */
};

struct schema_resource {
	const struct schema_type *type;
	const char *pattern;    /* accounts/{account}/stakeholders/{stakeholder} */
	const char *collection; /* accounts/stakeholders: the words of the pattern; key of references and permissions' nouns */
	const char *singular, *plural;
	const struct schema_resource *parent; /* resource that the pattern lies below, or NULL */
	bool singleton, system;
	enum schema_scoping scoping;
	const struct schema_field *blind_field; /* of the parent: below `blind_end` only the author may learn of the resource; NULL: never blind */
	int64_t blind_end;
	const char *const *columns; /* for tables */
	size_t columns_count;
	const struct schema_method *methods[VERB_COUNT]; /* by verb; NULL where it has none */
	/* The common fields, found by name; NULL where the type has none. */
	const struct schema_field *name, *uid, *etag, *create_time, *update_time, *delete_time, *creator, *external_ids, *display_name;
};

/* ---- the table ------------------------------------------------------------------------------------------------------------ */

struct schema_source {
	struct bytes descriptor_set;                         /* serialized google.protobuf.FileDescriptorSet, with source info */
	const ProtobufCMessageDescriptor *const *messages;   /* every message that the build generated; those inside others may be left out */
	size_t messages_count;
};

/* The contract of kam, as the build embedded it (library `proto`). */
const struct schema_source *schema_source_kam(void);

/* INTERNAL (reason SCHEMA_INVALID) with the first thing that is wrong with the contract: a field that can leave the server without a group, a kam method
 * without permission or audience, a recursive message, an unknown reference, a malformed or doubled resource, a verb whose request or answer does not fit
 * it, an index on what is no field of a resource. Services that are not kam's have the audience SIGNED_IN (reflection) or ANONYMOUS. */
struct schema *schema_new(const struct schema_source *source, struct status *st);
void schema_free(struct schema *schema);

const struct schema_type *schema_type_find(const struct schema *schema, const char *full_name);
const struct schema_type *schema_type_of(const struct schema *schema, const ProtobufCMessageDescriptor *pb);
/* By the request path with its leading slash. */
const struct schema_method *schema_method_find(const struct schema *schema, const char *path);
size_t schema_methods_count(const struct schema *schema);
const struct schema_method *schema_method_at(const struct schema *schema, size_t index);
size_t schema_resources_count(const struct schema *schema);
const struct schema_resource *schema_resource_at(const struct schema *schema, size_t index);
/* By plural ("stakeholders"), singular, or collection ("accounts/stakeholders"). */
const struct schema_resource *schema_resource_find(const struct schema *schema, const char *word);
/* The resource type that a name is one of; NULL where it fits no pattern. Ids may be '-'. */
const struct schema_resource *schema_resource_of_name(const struct schema *schema, const char *name);
const struct schema_field *schema_field_find(const struct schema_type *type, const char *name); /* either name form */
const struct schema_field *schema_field_by_number(const struct schema_type *type, uint32_t number);
const char *schema_service_comment(const struct schema *schema, const char *service);
/* The set's files, for reflection: serialized FileDescriptorProto, with names and dependencies. */
struct schema_file {
	const char *name;
	struct bytes bytes;
	const char *const *dependencies;
	size_t dependencies_count;
};
size_t schema_files_count(const struct schema *schema);
const struct schema_file *schema_file_at(const struct schema *schema, size_t index);
const struct schema_file *schema_file_find(const struct schema *schema, const char *name);
/* The file that declares a service, method, message, field or enum by full name. */
const struct schema_file *schema_file_of_symbol(const struct schema *schema, const char *symbol);
/* Full names of the services, and which file each lies in. */
size_t schema_services_count(const struct schema *schema);
const char *schema_service_at(const struct schema *schema, size_t index);
/* Hash of all index definitions, for store_options.indexer_fingerprint. */
uint64_t schema_index_fingerprint(const struct schema *schema);
/* "financial" <-> GROUP_FINANCIAL. */
const char *schema_group_name(enum schema_group group);

/* ---- messages -------------------------------------------------------------------------------------------------------------- */

/* An allocator for protobuf-c whose memory is the arena's and whose free does nothing. Lives in the arena. */
ProtobufCAllocator *schema_allocator(struct arena *arena);
/* Checks the bytes (wire.h), then unpacks into the arena. INVALID_ARGUMENT names the field; RESOURCE_EXHAUSTED when the arena is full. Unknown fields
 * are kept and packed again. Maps come sorted by key, one entry a key (the last one sent), no message value NULL. */
ProtobufCMessage *schema_unpack(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st);
/* The same for a reply, which holds many resources: LIMIT_REPLY_ELEMENTS instead of LIMIT_MESSAGE_ELEMENTS. */
ProtobufCMessage *schema_unpack_reply(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st);
/* The same for what the store holds, unchecked: it was packed by schema_pack from what was checked, and its seal says that it still is what was packed. */
ProtobufCMessage *schema_unpack_stored(const struct schema_type *type, struct bytes bytes, struct arena *arena, struct status *st);
/* Packs into the arena; a message with data NULL when it is full. */
struct bytes schema_pack(const ProtobufCMessage *message, struct arena *arena);
/* A message of a type with every field unset, in the arena; NULL when it is full. */
ProtobufCMessage *schema_message_new(const struct schema_type *type, struct arena *arena);
