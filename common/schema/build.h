/* SPDX-License-Identifier: Apache-2.0
 *
 * build.h - what the files that build a schema share: its insides, and the steps of schema_new in their order.
 *
 * Owns:    a schema's arena owns its tables; the unpacked descriptor set lies in the build's scratch arena and is gone when schema_new returns, so
 *          whatever a step keeps of it is copied.
 * Errors:  steps return false with `st` failed (INTERNAL, reason SCHEMA_INVALID). A full arena is tested once, by schema_new.
 * Private to common/schema.
 */
#pragma once

#include "common/schema/schema.h"
#include "common/schema/table.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <kam/v1/options.pb-c.h>

/* A type may have this many fields: wire_check keeps a bit for each on its stack. */
enum { SCHEMA_FIELDS_MAX = 256 };

/* Every schema_type is the head of one of these. */
struct type_entry {
	struct schema_type type;
	const struct schema_field **by_number; /* by field number, NULL where there is none; numbers past it are searched */
	size_t by_number_size;
	schema_groups groups;                  /* groups declared by fields here and below */
	bool has_secrets, has_maps;            /* here or below */
	uint8_t visit;                         /* of the walk that looks for recursion */
	/* Valid during schema_new only. */
	const Google__Protobuf__DescriptorProto *proto;
	const Google__Protobuf__FileDescriptorProto *file;
	const struct table *comments;
	const char *path;                      /* source path of the message: "4.0.3.1" */
	struct schema_field *own_fields;       /* type.fields, writable */
	struct schema_resource *own_resource;  /* type.resource, writable */
};

struct schema_service {
	const char *name;
	const char *comment;
};

struct schema {
	struct arena arena;
	struct type_entry *entries;
	struct schema_enum *enums;
	struct schema_resource *resources;
	struct schema_method *methods;
	struct schema_service *services;
	struct schema_file *files;
	size_t entries_count, enums_count, resources_count, methods_count, services_count, files_count;
	struct table types, enum_names, method_paths, words, collections, service_names, file_names, symbols;
	uint64_t index_fingerprint;
};

struct build {
	struct schema *schema;
	const struct schema_source *source;
	struct arena *scratch;
	Google__Protobuf__FileDescriptorSet *set;
	struct table generated; /* full name -> ProtobufCMessageDescriptor */
	struct status *st;
};

static inline const struct type_entry *type_entry_of(const struct schema_type *type)
{
	return (const struct type_entry *)type;
}

/* The same for a type that is being built. */
static inline struct type_entry *type_entry_own(const struct schema_type *type)
{
	return (struct type_entry *)(uintptr_t)type;
}

/* Whether a package is bound by the rules of options.proto: kam.v1 and its like. */
bool build_is_kam(const char *package);
bool build_fail(struct build *build, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "package.name", or the name alone; in the schema's arena. */
const char *build_join(struct build *build, const char *prefix, const char *name);

/* comments.c: the leading comments of a file, by source path ("4.0.2.3"). */
const struct table *comments_of(struct build *build, const Google__Protobuf__FileDescriptorProto *file);
/* Copied into the schema's arena; "" where there is none. */
const char *comment_at(struct build *build, const struct table *comments, const char *path);

/* options.c: false where the option's bytes are damaged or hold an enum number that this program does not know. */
bool options_field(struct build *build, const Google__Protobuf__FieldDescriptorProto *field, struct schema_rules *ret_rules);
bool options_message(struct build *build, const Google__Protobuf__DescriptorProto *message, enum schema_group *ret_default_group);
/* NULL in `ret_rules` where the message is no resource; in the scratch arena. */
bool options_resource(struct build *build, const Google__Protobuf__DescriptorProto *message, Kam__V1__ResourceRules **ret_rules);
bool options_method(struct build *build, const Google__Protobuf__MethodDescriptorProto *proto, struct schema_method *method);

/* The steps, in this order. */
bool build_files(struct build *build);     /* files.c: names, bytes, dependencies */
bool build_types(struct build *build);     /* build_types.c: enums, types, fields with their own rules */
bool build_resources(struct build *build); /* build_resources.c: patterns, parents, common fields */
bool build_methods(struct build *build);   /* build_methods.c: services, methods, what a verb demands */
bool build_derive(struct build *build);    /* derive.c: groups and maps below a type, index ids */
bool build_check(struct build *build);     /* check.c: groups, permissions, references, recursion */

/* files.c: tells which file declares a full name; the name must live as long as the schema. */
void build_symbol(struct build *build, const char *name, const Google__Protobuf__FileDescriptorProto *file);
