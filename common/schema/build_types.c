/* SPDX-License-Identifier: Apache-2.0
 *
 * Types, fields and enums. Two passes over the set: the first makes an entry for every message and enum so that the second can point fields at
 * them, in whatever order files come.
 */
#include "common/base/limits.h"
#include "common/schema/build.h"

/* Field numbers up to this are found by direct index; descriptor.proto's 999 is the highest in the contract. */
enum { NUMBERS_DIRECT_MAX = 1023 };

/* What the walk over one file carries. */
struct walk {
	struct build *build;
	const Google__Protobuf__FileDescriptorProto *file;
	const struct table *comments;
};

static void count_message(struct schema *schema, const Google__Protobuf__DescriptorProto *proto)
{
	schema->entries_count++;
	schema->enums_count += proto->n_enum_type;
	for (size_t i = 0; i < proto->n_nested_type; i++) {
		count_message(schema, proto->nested_type[i]);
	}
}

static bool add_enum(struct walk *walk, const Google__Protobuf__EnumDescriptorProto *proto, const char *scope, const char *path)
{
	struct build *build = walk->build;
	struct schema *schema = build->schema;
	struct schema_enum *enumeration = &schema->enums[schema->enums_count++];
	struct schema_enum_value *values = arena_calloc(&schema->arena, proto->n_value, sizeof *values);
	enumeration->name = build_join(build, scope, proto->name);
	enumeration->comment = comment_at(build, walk->comments, path);
	enumeration->values = values;
	if (!values || !enumeration->name) {
		return false;
	}
	enumeration->values_count = proto->n_value;
	for (size_t i = 0; i < proto->n_value; i++) {
		values[i].name = arena_strdup(&schema->arena, proto->value[i]->name);
		values[i].number = proto->value[i]->number;
		values[i].comment = comment_at(build, walk->comments, arena_printf(build->scratch, "%s.2.%zu", path, i));
		/* A value's full name is a sibling of its enum's, as in C++. */
		build_symbol(build, build_join(build, scope, proto->value[i]->name), walk->file);
	}
	table_put(&schema->enum_names, enumeration->name, enumeration);
	build_symbol(build, enumeration->name, walk->file);
	return true;
}

static bool add_message(struct walk *walk, const Google__Protobuf__DescriptorProto *proto, const char *scope, const char *path)
{
	struct build *build = walk->build;
	struct schema *schema = build->schema;
	struct type_entry *entry = &schema->entries[schema->entries_count++];
	entry->type.name = build_join(build, scope, proto->name);
	entry->type.comment = comment_at(build, walk->comments, path);
	entry->type.map_entry = proto->options && proto->options->map_entry;
	entry->proto = proto;
	entry->file = walk->file;
	entry->comments = walk->comments;
	entry->path = path;
	if (!entry->type.name || !path) {
		return false;
	}
	entry->type.pb = table_get(&build->generated, entry->type.name);
	if (!entry->type.pb) {
		return build_fail(build, "no code was generated for message %s: add %s to the library's FILES", entry->type.name, walk->file->name);
	}
	if (!table_put(&schema->types, entry->type.name, entry) && !schema->arena.overflowed) {
		return build_fail(build, "message %s is declared twice", entry->type.name);
	}
	build_symbol(build, entry->type.name, walk->file);
	bool ok = true;
	for (size_t i = 0; ok && i < proto->n_enum_type; i++) {
		ok = add_enum(walk, proto->enum_type[i], entry->type.name, arena_printf(build->scratch, "%s.4.%zu", path, i));
	}
	for (size_t i = 0; ok && i < proto->n_nested_type; i++) {
		ok = add_message(walk, proto->nested_type[i], entry->type.name, arena_printf(build->scratch, "%s.3.%zu", path, i));
	}
	return ok;
}

static bool add_file(struct build *build, const Google__Protobuf__FileDescriptorProto *file)
{
	struct walk walk = {build, file, comments_of(build, file)};
	const char *package = file->package ? file->package : "";
	bool ok = true;
	for (size_t i = 0; ok && i < file->n_enum_type; i++) {
		ok = add_enum(&walk, file->enum_type[i], package, arena_printf(build->scratch, "5.%zu", i));
	}
	for (size_t i = 0; ok && i < file->n_message_type; i++) {
		ok = add_message(&walk, file->message_type[i], package, arena_printf(build->scratch, "4.%zu", i));
	}
	for (size_t i = 0; ok && i < file->n_extension; i++) {
		build_symbol(build, build_join(build, package, file->extension[i]->name), file);
	}
	return ok;
}

/* The field's own rules, with the house defaults filled in. Types from elsewhere (google.protobuf, a test server's) are bounded by the message
 * limits alone. */
static bool set_rules(struct build *build, const struct type_entry *entry, const Google__Protobuf__FieldDescriptorProto *proto,
                      enum schema_group default_group, struct schema_field *field)
{
	struct schema_rules *rules = &field->rules;
	if (!options_field(build, proto, rules)) {
		return build_fail(build, "the options of %s.%s are damaged, or newer than this program", entry->type.name, field->name);
	}
	bool kam = build_is_kam(entry->file->package ? entry->file->package : "");
	if (rules->group == GROUP_UNSPECIFIED) {
		/* A map's entry, a Timestamp: parts of a value. */
		rules->group = !kam || entry->type.map_entry ? GROUP_INHERIT : default_group;
	}
	rules->max_length = rules->max_length ? rules->max_length : kam ? LIMIT_STRING_BYTES : UINT32_MAX;
	rules->max_items = rules->max_items ? rules->max_items : kam ? LIMIT_ITEMS : UINT32_MAX;
	return true;
}

static bool set_field(struct build *build, const struct type_entry *entry, size_t index, enum schema_group default_group)
{
	struct schema *schema = build->schema;
	const Google__Protobuf__FieldDescriptorProto *proto = entry->proto->field[index];
	struct schema_field *field = &entry->own_fields[index];
	field->name = arena_strdup(&schema->arena, proto->name);
	field->json_name = arena_strdup(&schema->arena, proto->json_name ? proto->json_name : proto->name);
	field->comment = comment_at(build, entry->comments, arena_printf(build->scratch, "%s.2.%zu", entry->path, index));
	field->owner = &entry->type;
	field->pb = protobuf_c_message_descriptor_get_field(entry->type.pb, (unsigned)proto->number);
	if (!field->name || !field->json_name) {
		return false;
	}
	if (!field->pb || strcmp(field->pb->name, proto->name) != 0) {
		return build_fail(build, "the code generated for %s lacks field %s: build again", entry->type.name, proto->name);
	}
	if (field->pb->type == PROTOBUF_C_TYPE_MESSAGE || field->pb->type == PROTOBUF_C_TYPE_ENUM) {
		/* protoc writes full names with a leading dot. */
		const char *type_name = proto->type_name && proto->type_name[0] == '.' ? proto->type_name + 1 : "";
		field->message = table_get(&schema->types, type_name);
		field->enumeration = table_get(&schema->enum_names, type_name);
		bool fits = field->pb->type == PROTOBUF_C_TYPE_MESSAGE ? field->message && field->message->pb == field->pb->descriptor
		                                                       : field->enumeration != NULL;
		if (!fits) {
			return build_fail(build, "the type of %s.%s, %s, is not in the descriptor set", entry->type.name, proto->name, type_name);
		}
	}
	bool proto3 = entry->file->syntax && strcmp(entry->file->syntax, "proto3") == 0;
	field->repeated = field->pb->label == PROTOBUF_C_LABEL_REPEATED;
	field->map = field->repeated && field->message && field->message->map_entry;
	field->has_presence = !field->repeated && (field->message || proto->has_oneof_index || !proto3);
	build_symbol(build, build_join(build, entry->type.name, proto->name), entry->file);
	return set_rules(build, entry, proto, default_group, field);
}

static bool set_fields(struct build *build, struct type_entry *entry)
{
	struct schema *schema = build->schema;
	size_t count = entry->proto->n_field;
	enum schema_group default_group;
	if (count > SCHEMA_FIELDS_MAX || count != entry->type.pb->n_fields) {
		return build_fail(build, "message %s has %zu fields: more than %d, or others than its generated code", entry->type.name, count,
		                  SCHEMA_FIELDS_MAX);
	}
	if (!options_message(build, entry->proto, &default_group)) {
		return build_fail(build, "the options of message %s are damaged, or newer than this program", entry->type.name);
	}
	uint32_t highest = count ? entry->type.pb->fields[count - 1].id : 0;
	entry->by_number_size = (highest < NUMBERS_DIRECT_MAX ? highest : NUMBERS_DIRECT_MAX) + 1;
	entry->by_number = arena_calloc(&schema->arena, entry->by_number_size, sizeof *entry->by_number);
	entry->own_fields = arena_calloc(&schema->arena, count, sizeof *entry->own_fields);
	entry->type.fields = entry->own_fields;
	if (!entry->by_number || !entry->own_fields) {
		return false;
	}
	entry->type.fields_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!set_field(build, entry, i, default_group)) {
			return false;
		}
		const struct schema_field *field = &entry->own_fields[i];
		if (field->pb->id < entry->by_number_size) {
			entry->by_number[field->pb->id] = field;
		}
	}
	return true;
}

bool build_types(struct build *build)
{
	struct schema *schema = build->schema;
	for (size_t i = 0; i < build->set->n_file; i++) {
		schema->enums_count += build->set->file[i]->n_enum_type;
		for (size_t j = 0; j < build->set->file[i]->n_message_type; j++) {
			count_message(schema, build->set->file[i]->message_type[j]);
		}
	}
	schema->entries = arena_calloc(&schema->arena, schema->entries_count, sizeof *schema->entries);
	schema->enums = arena_calloc(&schema->arena, schema->enums_count, sizeof *schema->enums);
	schema->entries_count = schema->enums_count = 0; /* counted up again as they are filled */
	bool ok = schema->entries && schema->enums;
	for (size_t i = 0; ok && i < build->set->n_file; i++) {
		ok = add_file(build, build->set->file[i]);
	}
	for (size_t i = 0; ok && i < schema->entries_count; i++) {
		ok = set_fields(build, &schema->entries[i]);
	}
	return ok;
}
