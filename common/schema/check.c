/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract must never be: a field that belongs to no group, a method that nobody guards, a message inside itself, a
 * reference to nothing. Each would be a leak or a crash at run time, so each ends the program at its start.
 */
#include "common/schema/build.h"

/* Marks of the walk along fields. */
enum { NOT_SEEN, ON_THE_WAY, DONE };

/* protobuf-c unpacks recursively without a bound of its own, and every generic walk of ours would need one too. */
static bool check_recursion(struct build *build, struct type_entry *entry)
{
	entry->visit = ON_THE_WAY;
	for (size_t i = 0; i < entry->type.fields_count; i++) {
		const struct schema_field *field = &entry->type.fields[i];
		struct type_entry *below = field->message ? type_entry_own(field->message) : NULL;
		if (below && below->visit == ON_THE_WAY) {
			return build_fail(build, "message %s can contain itself, through %s.%s", below->type.name, entry->type.name, field->name);
		}
		if (below && below->visit == NOT_SEEN && !check_recursion(build, below)) {
			return false;
		}
	}
	entry->visit = DONE;
	return true;
}

static bool check_recursion_from(struct build *build, const struct schema_type *type)
{
	struct type_entry *entry = type_entry_own(type);
	return entry->visit == DONE || check_recursion(build, entry);
}

/* The file that declares the options cannot use them on itself, and its messages never travel. */
static bool declares_options(const Google__Protobuf__FileDescriptorProto *file)
{
	return file->n_extension > 0;
}

static bool check_field(struct build *build, const struct schema_field *field)
{
	const struct schema_rules *rules = &field->rules;
	const char *type = field->owner->name;
	if (rules->group == GROUP_UNSPECIFIED) {
		return build_fail(build, "field %s.%s belongs to no group: give it one, or its message a default_group", type, field->name);
	}
	if (field->owner->resource && rules->group == GROUP_INHERIT) {
		return build_fail(build, "field %s.%s of a resource must name its own group: there is nothing above it to inherit from", type, field->name);
	}
	if (rules->reference && field->pb->type != PROTOBUF_C_TYPE_STRING) {
		return build_fail(build, "field %s.%s holds a reference but is no string", type, field->name);
	}
	if (rules->reference && strcmp(rules->reference, "*") != 0 && !table_get(&build->schema->collections, rules->reference)) {
		return build_fail(build, "field %s.%s refers to \"%s\", which is no collection of the contract", type, field->name, rules->reference);
	}
	if (rules->format != FORMAT_NONE && field->pb->type != PROTOBUF_C_TYPE_STRING) {
		return build_fail(build, "field %s.%s has a format but is no string", type, field->name);
	}
	if (rules->has_minimum && rules->has_maximum && rules->minimum > rules->maximum) {
		return build_fail(build, "field %s.%s has a minimum above its maximum", type, field->name);
	}
	return true;
}

static bool check_type(struct build *build, const struct type_entry *entry)
{
	if (!build_is_kam(entry->file->package ? entry->file->package : "") || declares_options(entry->file)) {
		return true;
	}
	enum schema_group default_group = GROUP_UNSPECIFIED;
	if (entry->type.resource && options_message(build, entry->proto, &default_group) && default_group != GROUP_UNSPECIFIED) {
		return build_fail(build, "resource %s has a default_group: each field of a resource must name its own", entry->type.name);
	}
	for (size_t i = 0; i < entry->type.fields_count; i++) {
		if (!check_field(build, &entry->type.fields[i])) {
			return false;
		}
	}
	return !entry->type.resource || check_recursion_from(build, &entry->type);
}

static bool check_method(struct build *build, const struct schema_method *method)
{
	if (!build_is_kam(method->service)) {
		return true;
	}
	if (!method->permission && method->audience == AUDIENCE_PERMITTED) {
		return build_fail(build, "%s declares neither a permission nor an audience", method->path);
	}
	return check_recursion_from(build, method->input) && check_recursion_from(build, method->output);
}

bool build_check(struct build *build)
{
	const struct schema *schema = build->schema;
	bool ok = true;
	for (size_t i = 0; ok && i < schema->entries_count; i++) {
		ok = check_type(build, &schema->entries[i]);
	}
	for (size_t i = 0; ok && i < schema->methods_count; i++) {
		ok = check_method(build, &schema->methods[i]);
	}
	return ok;
}
