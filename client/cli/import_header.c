/* SPDX-License-Identifier: Apache-2.0
 *
 * The map of a file that needs none: each column is the field that its heading names.
 */
#include "client/cli/import.h"

#include "common/schema/value.h"

enum { KEYS_MAX = 8 };

static const char system_name[] = "csv";

/* "parent" where the column is the account, or whatever else, that the resource lies below; otherwise the heading, which must be a field. */
static const char *field_of(struct cli *cli, const struct schema_resource *resource, const char *heading, const struct schema_field **ret_field)
{
	const ProtobufCMessage *holder;
	size_t bad;
	*ret_field = value_path(resource->type, NULL, heading, &holder, &bad);
	if (!*ret_field) {
		*ret_field = value_path(resource->type, NULL, text_snake(heading, &cli->arena), &holder, &bad);
		heading = *ret_field ? text_snake(heading, &cli->arena) : heading;
	}
	bool below = resource->parent && strcmp(heading, resource->parent->singular) == 0;
	return *ret_field ? heading : below || strcmp(heading, "parent") == 0 ? "parent" : strcmp(heading, "id") == 0 ? "id" : NULL;
}

/* What tells rows apart where --key does not say: the id; or what they lie below with all that is fixed once they are made, or is a reference. */
static bool is_key(const char *field, const struct schema_field *rules)
{
	return strcmp(field, "parent") == 0 || (rules && (rules->rules.immutable || rules->rules.reference) && !rules->repeated);
}

static bool add_key(struct cli *cli, Kam__V1__ImportMap *map, const char *column, struct status *st)
{
	if (map->n_key_columns == KEYS_MAX) {
		return usage_fail(st, "--key: at most %d columns", KEYS_MAX);
	}
	map->key_columns[map->n_key_columns++] = arena_strdup(&cli->arena, column);
	return true;
}

static bool choose_keys(struct cli *cli, Kam__V1__ImportMap *map, const struct schema_resource *resource, struct status *st)
{
	const char *wanted = args_text(&cli->args, "key");
	for (; wanted && *wanted; wanted += *wanted == ',') {
		size_t size = strcspn(wanted, ",");
		const char *column = arena_strndup(&cli->arena, wanted, size);
		if (size > 0 && column && !add_key(cli, map, column, st)) {
			return false;
		}
		wanted += size;
	}
	for (size_t i = 0; i < map->n_fields && map->n_key_columns == 0; i++) {
		if (strcmp(map->fields[i]->field, "id") == 0) {
			add_key(cli, map, map->fields[i]->column, st);
		}
	}
	bool given = map->n_key_columns > 0;
	for (size_t i = 0; i < map->n_fields && !given; i++) {
		const struct schema_field *rules;
		const char *field = field_of(cli, resource, map->fields[i]->column, &rules);
		if (field && is_key(field, rules) && !add_key(cli, map, map->fields[i]->column, st)) {
			return false;
		}
	}
	bool below = resource->parent && strcmp(resource->parent->collection, "accounts") == 0;
	return map->n_key_columns > (below && !given && !args_given(&cli->args, "account") && !args_given(&cli->args, "parent") ? 1 : 0) ||
	       usage_fail(st, "which columns tell one row from another? Give --key A,B, or a column id");
}

Kam__V1__ImportMap *import_map_of_header(struct cli *cli, const struct schema_resource *resource, const struct csv_row *header, const char *file,
                                         struct status *st)
{
	Kam__V1__ImportMap *map = arena_alloc(&cli->arena, sizeof *map);
	Kam__V1__FieldMapping *fields = arena_calloc(&cli->arena, header->count + 1, sizeof *fields);
	if (!map || !fields) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	*map = (Kam__V1__ImportMap)KAM__V1__IMPORT_MAP__INIT;
	map->resource = (char *)(uintptr_t)resource->plural;
	map->system = (char *)(uintptr_t)system_name;
	map->fields = arena_calloc(&cli->arena, header->count + 1, sizeof *map->fields);
	map->key_columns = arena_calloc(&cli->arena, KEYS_MAX, sizeof *map->key_columns);
	for (size_t i = 0; map->fields && map->key_columns && i < header->count; i++) {
		const struct schema_field *rules;
		const char *field = field_of(cli, resource, header->cells[i], &rules);
		if (!field) {
			usage_fail(st, "%s, line %lld: there is no field \"%s\" in %s%s; without --map each column is the field that its heading names", file,
			           (long long)header->line, header->cells[i], resource->plural, suggestion_of_field(resource->type, header->cells[i], &cli->arena));
			return NULL;
		}
		fields[i] = (Kam__V1__FieldMapping)KAM__V1__FIELD_MAPPING__INIT;
		fields[i].field = (char *)(uintptr_t)field;
		fields[i].column = (char *)(uintptr_t)header->cells[i];
		map->fields[map->n_fields++] = &fields[i];
	}
	return choose_keys(cli, map, resource, st) ? map : NULL;
}
