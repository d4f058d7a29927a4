/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources: name patterns, parents, and the fields that every resource may have. A resource is known by its collection, the words of
 * its pattern: two resources with the same words would be told apart by nothing.
 */
#include "common/base/name.h"
#include "common/schema/build.h"
#include "common/schema/enums.h"
#include "common/schema/value.h"

#include <ctype.h>

/* "{audit_entry}" */
static bool is_variable(const char *text, size_t size)
{
	if (size < 3 || text[0] != '{' || text[size - 1] != '}' || !islower((unsigned char)text[1])) {
		return false;
	}
	for (size_t i = 2; i < size - 1; i++) {
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && text[i] != '_') {
			return false;
		}
	}
	return true;
}

static bool variables_alternate(const char *pattern)
{
	size_t count = 0;
	for (const char *next = pattern; next; count++) {
		if ((*next == '{') != (count % 2 == 1)) {
			return false;
		}
		next = strchr(next, '/');
		next = next ? next + 1 : NULL;
	}
	return true;
}

/* Reads a pattern as the name that it would be with "x" for every variable; `ret_collection` holds LIMIT_NAME_BYTES. */
static bool read_pattern(const char *pattern, char *ret_collection, bool *ret_singleton)
{
	char sample[LIMIT_NAME_BYTES + 1];
	size_t used = 0;
	for (const char *next = pattern;;) {
		size_t size = strcspn(next, "/");
		bool variable = *next == '{';
		if (size + 2 > sizeof sample - used || (variable && !is_variable(next, size))) {
			return false;
		}
		memcpy(sample + used, variable ? "x" : next, variable ? 1 : size);
		used += variable ? 1 : size;
		*ret_singleton = !variable;
		if (next[size] == '\0') {
			break;
		}
		sample[used++] = '/';
		next += size + 1;
	}
	sample[used] = '\0';
	struct name name;
	return variables_alternate(pattern) && name_parse(sample, false, &name) && name_collection(&name, ret_collection, LIMIT_NAME_BYTES);
}

static void find_common_fields(struct schema_resource *resource)
{
	const struct {
		const char *name;
		const struct schema_field **ret_field;
	} common[] = {
		{"name", &resource->name},
		{"uid", &resource->uid},
		{"etag", &resource->etag},
		{"create_time", &resource->create_time},
		{"update_time", &resource->update_time},
		{"delete_time", &resource->delete_time},
		{"creator", &resource->creator},
		{"external_ids", &resource->external_ids},
		{"display_name", &resource->display_name},
	};
	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
		*common[i].ret_field = schema_field_find(resource->type, common[i].name);
	}
}

/* Collection, plural and singular all lead to the resource, and to no other. */
static bool add_words(struct build *build, const struct schema_resource *resource)
{
	struct schema *schema = build->schema;
	const char *const words[] = {resource->collection, resource->plural, resource->singular};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		const struct schema_resource *other = table_get(&schema->words, words[i]);
		if (other && other != resource) {
			return build_fail(build, "resources %s and %s are both called \"%s\"", other->type->name, resource->type->name, words[i]);
		}
		table_put(&schema->words, words[i], resource);
	}
	table_put(&schema->collections, resource->collection, resource);
	return true;
}

static bool set_columns(struct build *build, struct schema_resource *resource, const Kam__V1__ResourceRules *rules)
{
	const char **columns = arena_calloc(&build->schema->arena, rules->n_columns, sizeof *columns);
	for (size_t i = 0; columns && i < rules->n_columns; i++) {
		size_t bad;
		columns[i] = arena_strdup(&build->schema->arena, rules->columns[i]);
		if (!value_path(resource->type, NULL, rules->columns[i], NULL, &bad)) {
			return build_fail(build, "column %s of %s is no field of it", rules->columns[i], resource->type->name);
		}
	}
	resource->columns = columns;
	resource->columns_count = columns ? rules->n_columns : 0;
	return columns;
}

static bool add_resource(struct build *build, struct type_entry *entry, const Kam__V1__ResourceRules *rules)
{
	struct schema *schema = build->schema;
	struct schema_resource *resource = &schema->resources[schema->resources_count++];
	char collection[LIMIT_NAME_BYTES];
	if (!read_pattern(rules->pattern, collection, &resource->singleton)) {
		return build_fail(build, "the name pattern \"%s\" of %s is not of the form words/{id}/words/{id} with at most %u parts", rules->pattern,
		                  entry->type.name, LIMIT_NAME_SEGMENTS);
	}
	if (!rules->singular[0] || !rules->plural[0]) {
		return build_fail(build, "resource %s does not say its singular and plural", entry->type.name);
	}
	resource->type = &entry->type;
	resource->pattern = arena_strdup(&schema->arena, rules->pattern);
	resource->collection = arena_strdup(&schema->arena, collection);
	resource->singular = arena_strdup(&schema->arena, rules->singular);
	resource->plural = arena_strdup(&schema->arena, rules->plural);
	resource->scoping = (enum schema_scoping)rules->scoping;
	resource->system = rules->system;
	entry->own_resource = resource;
	entry->type.resource = resource;
	find_common_fields(resource);
	if (!resource->pattern || !resource->singular || !resource->plural || schema->arena.overflowed) {
		return false;
	}
	if (!resource->name || resource->name->pb->type != PROTOBUF_C_TYPE_STRING || resource->name->repeated) {
		return build_fail(build, "resource %s has no string field \"name\"", entry->type.name);
	}
	return add_words(build, resource) && set_columns(build, resource, rules);
}

static bool set_parent(struct build *build, struct schema_resource *resource)
{
	const char *slash = strrchr(resource->collection, '/');
	if (!slash) {
		return true;
	}
	const char *above = arena_strndup(build->scratch, resource->collection, (size_t)(slash - resource->collection));
	resource->parent = above ? table_get(&build->schema->collections, above) : NULL;
	if (!resource->parent || resource->parent->singleton) {
		return build_fail(build, "the pattern \"%s\" of %s lies below no resource: nothing is called %s", resource->pattern,
		                  resource->type->name, above);
	}
	return true;
}

/* The field of the resource above, and its value, that end the blindness. */
static bool set_blindness(struct build *build, struct schema_resource *resource, const Kam__V1__ResourceRules *rules)
{
	const Kam__V1__BlindRules *blind = rules->blind_until;
	if (!blind) {
		return true;
	}
	const struct schema_field *field = resource->parent ? schema_field_find(resource->parent->type, blind->field) : NULL;
	const struct schema_enum_value *end = field && field->enumeration && !field->repeated ? enum_by_name(field->enumeration, blind->value) : NULL;
	if (!end) {
		return build_fail(build, "%s is blind until %s is %s, which is no enum field and value of the resource above it", resource->type->name, blind->field,
		                  blind->value);
	}
	resource->blind_field = field;
	resource->blind_end = end->number;
	return true;
}

bool build_resources(struct build *build)
{
	struct schema *schema = build->schema;
	Kam__V1__ResourceRules **rules = arena_calloc(build->scratch, schema->entries_count, sizeof *rules);
	size_t count = 0;
	for (size_t i = 0; rules && i < schema->entries_count; i++) {
		if (!options_resource(build, schema->entries[i].proto, &rules[i])) {
			return build_fail(build, "the options of message %s are damaged, or newer than this program", schema->entries[i].type.name);
		}
		count += rules[i] != NULL;
	}
	schema->resources = arena_calloc(&schema->arena, count, sizeof *schema->resources);
	bool ok = rules && schema->resources;
	for (size_t i = 0; ok && i < schema->entries_count; i++) {
		ok = !rules[i] || add_resource(build, &schema->entries[i], rules[i]);
	}
	for (size_t i = 0; ok && i < schema->resources_count; i++) {
		ok = set_parent(build, &schema->resources[i]);
	}
	for (size_t i = 0, k = 0; ok && i < schema->entries_count; i++) {
		ok = !rules[i] || set_blindness(build, &schema->resources[k++], rules[i]);
	}
	return ok;
}
