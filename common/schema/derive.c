/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from the rules: which groups lie at or below a type (so that a reader who has them all gets stored bytes untouched), and the
 * ids of the indexes.
 */
#include "common/base/crc32c.h"
#include "common/schema/build.h"

#include <stdlib.h>

/* Whatever index_encode writes for one of these; raise it when an encoding changes, so that stores build their index again. */
enum { INDEX_ENCODING_VERSION = 1 };

/* Descriptor types are recursive, so this goes round until nothing changes: as often as types are nested, four or five times. */
static void spread_groups(struct schema *schema)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < schema->entries_count; i++) {
			struct type_entry *entry = &schema->entries[i];
			schema_groups groups = entry->groups;
			bool secrets = entry->has_secrets, maps = entry->has_maps;
			for (size_t j = 0; j < entry->type.fields_count; j++) {
				const struct schema_field *field = &entry->type.fields[j];
				const struct type_entry *below = field->message ? type_entry_of(field->message) : NULL;
				enum schema_group group = field->rules.group;
				groups |= group != GROUP_UNSPECIFIED && group != GROUP_INHERIT ? 1u << group : 0;
				groups |= below ? below->groups : 0;
				secrets |= field->rules.secret || (below && below->has_secrets);
				maps |= field->map || (below && below->has_maps);
			}
			changed |= groups != entry->groups || secrets != entry->has_secrets || maps != entry->has_maps;
			entry->groups = groups;
			entry->has_secrets = secrets;
			entry->has_maps = maps;
			entry->type.has_groups = secrets || (groups & ~(1u << GROUP_PUBLIC)) != 0;
		}
	}
}

static bool can_be_indexed(const struct schema_field *field)
{
	const struct schema_field *value = field->map ? schema_field_find(field->message, "value") : field;
	if (field->map) {
		return schema_field_find(field->message, "key")->pb->type == PROTOBUF_C_TYPE_STRING && value->pb->type == PROTOBUF_C_TYPE_STRING;
	}
	if (field->rules.index == INDEX_FOLDED) {
		return value->pb->type == PROTOBUF_C_TYPE_STRING;
	}
	return value->message ? strcmp(value->message->name, "google.protobuf.Timestamp") == 0 : value->pb->type != PROTOBUF_C_TYPE_BYTES;
}

struct index_row {
	const struct schema_field *field;
	uint32_t id;
};

static int compare_rows(const void *a, const void *b)
{
	uint32_t left = ((const struct index_row *)a)->id, right = ((const struct index_row *)b)->id;
	return (left > right) - (left < right);
}

/* Gives the fields of a resource their index ids; appends them to `rows`. */
static bool number_indexes(struct build *build, struct type_entry *entry, struct index_row *rows, size_t *rows_count)
{
	for (size_t i = 0; i < entry->type.fields_count; i++) {
		struct schema_field *field = &entry->own_fields[i];
		if (field->rules.index == INDEX_NONE) {
			continue;
		}
		if (!entry->type.resource) {
			return build_fail(build, "%s.%s is indexed, but %s is no resource: only a resource's own fields can be", entry->type.name, field->name,
			                  entry->type.name);
		}
		if (!can_be_indexed(field)) {
			return build_fail(build, "%s.%s cannot be indexed this way: its type has no order that an index could keep", entry->type.name, field->name);
		}
		const char *key = arena_printf(build->scratch, "%s:%s", entry->type.resource->collection, field->name);
		if (!key) {
			return false;
		}
		field->rules.index_id = crc32c(0, key, strlen(key));
		if (field->rules.index_id == 0) {
			return build_fail(build, "the index id of %s.%s is 0: rename the field", entry->type.name, field->name);
		}
		rows[(*rows_count)++] = (struct index_row){field, field->rules.index_id};
	}
	return true;
}

static uint64_t fnv64(uint64_t hash, uint32_t word)
{
	for (unsigned shift = 0; shift < 32; shift += 8) {
		hash = (hash ^ (word >> shift & 0xff)) * 1099511628211u;
	}
	return hash;
}

bool build_derive(struct build *build)
{
	struct schema *schema = build->schema;
	spread_groups(schema);
	size_t fields_count = 0, rows_count = 0;
	for (size_t i = 0; i < schema->entries_count; i++) {
		fields_count += schema->entries[i].type.fields_count;
	}
	struct index_row *rows = arena_calloc(build->scratch, fields_count, sizeof *rows);
	for (size_t i = 0; rows && i < schema->entries_count; i++) {
		if (!number_indexes(build, &schema->entries[i], rows, &rows_count)) {
			return false;
		}
	}
	if (!rows) {
		return false;
	}
	qsort(rows, rows_count, sizeof *rows, compare_rows);
	uint64_t hash = fnv64(14695981039346656037u, INDEX_ENCODING_VERSION);
	for (size_t i = 0; i < rows_count; i++) {
		const struct schema_field *field = rows[i].field;
		if (i > 0 && rows[i - 1].id == rows[i].id) {
			return build_fail(build, "the index ids of %s.%s and %s.%s are equal: rename one of the fields", rows[i - 1].field->owner->name,
			                  rows[i - 1].field->name, field->owner->name, field->name);
		}
		hash = fnv64(fnv64(fnv64(hash, rows[i].id), (uint32_t)field->rules.index), (uint32_t)field->pb->type);
	}
	schema->index_fingerprint = hash;
	return true;
}
