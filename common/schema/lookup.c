/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding things in a schema that is built: hash tables by name, arrays by number.
 */
#include "common/base/name.h"
#include "common/schema/build.h"

const struct schema_type *schema_type_find(const struct schema *schema, const char *full_name)
{
	return table_get(&schema->types, full_name);
}

const struct schema_type *schema_type_of(const struct schema *schema, const ProtobufCMessageDescriptor *pb)
{
	const struct schema_type *type = table_get(&schema->types, pb->name);
	return type && type->pb == pb ? type : NULL;
}

const struct schema_method *schema_method_find(const struct schema *schema, const char *path)
{
	return table_get(&schema->method_paths, path);
}

size_t schema_methods_count(const struct schema *schema)
{
	return schema->methods_count;
}

const struct schema_method *schema_method_at(const struct schema *schema, size_t index)
{
	return index < schema->methods_count ? &schema->methods[index] : NULL;
}

size_t schema_resources_count(const struct schema *schema)
{
	return schema->resources_count;
}

const struct schema_resource *schema_resource_at(const struct schema *schema, size_t index)
{
	return index < schema->resources_count ? &schema->resources[index] : NULL;
}

const struct schema_resource *schema_resource_find(const struct schema *schema, const char *word)
{
	return table_get(&schema->words, word);
}

const struct schema_resource *schema_resource_of_name(const struct schema *schema, const char *name)
{
	struct name parsed;
	char collection[LIMIT_NAME_BYTES + 1];
	if (!name_parse(name, true, &parsed) || !name_collection(&parsed, collection, sizeof collection)) {
		return NULL;
	}
	const struct schema_resource *resource = table_get(&schema->collections, collection);
	bool ends_in_word = parsed.count % 2 == 1;
	return resource && resource->singleton == ends_in_word ? resource : NULL;
}

const struct schema_field *schema_field_find(const struct schema_type *type, const char *name)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (strcmp(field->name, name) == 0 || strcmp(field->json_name, name) == 0) {
			return field;
		}
	}
	return NULL;
}

const struct schema_field *schema_field_by_number(const struct schema_type *type, uint32_t number)
{
	const struct type_entry *entry = type_entry_of(type);
	if (number < entry->by_number_size) {
		return entry->by_number[number];
	}
	for (size_t i = 0; i < type->fields_count; i++) {
		if (type->fields[i].pb->id == number) {
			return &type->fields[i];
		}
	}
	return NULL;
}

const char *schema_service_comment(const struct schema *schema, const char *service)
{
	const struct schema_service *found = table_get(&schema->service_names, service);
	return found ? found->comment : "";
}

size_t schema_services_count(const struct schema *schema)
{
	return schema->services_count;
}

const char *schema_service_at(const struct schema *schema, size_t index)
{
	return index < schema->services_count ? schema->services[index].name : NULL;
}

uint64_t schema_index_fingerprint(const struct schema *schema)
{
	return schema->index_fingerprint;
}

const char *schema_group_name(enum schema_group group)
{
	static const char *const names[GROUP_COUNT] = {"unspecified", "public", "commercial", "financial", "personal", "strategy", "inherit"};
	return (unsigned)group < GROUP_COUNT ? names[group] : names[GROUP_UNSPECIFIED];
}
