/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a map comes from, and whether it fits the file. What it says of fields is the server's to judge.
 */
#include "client/cli/import.h"

#include "common/schema/json.h"

#include <strings.h>
#include <unistd.h>

static const struct embedded_map *embedded(const char *name)
{
	for (size_t i = 0; i < embedded_maps_count; i++) {
		if (strcmp(embedded_maps[i].name, name) == 0) {
			return &embedded_maps[i];
		}
	}
	return NULL;
}

static bool unknown_map(struct cli *cli, const char *name, struct status *st)
{
	const char **names = arena_calloc(&cli->arena, embedded_maps_count + 1, sizeof *names);
	struct buf list;
	buf_init(&list, &cli->arena);
	for (size_t i = 0; i < embedded_maps_count && names; i++) {
		names[i] = embedded_maps[i].name;
		buf_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	return usage_fail(st, "--map: there is no file and no map \"%s\"%s; kam comes with %s", name,
	                  names ? suggestion(name, names, embedded_maps_count, &cli->arena) : "", buf_text(&list));
}

Kam__V1__ImportMap *import_map_load(struct cli *cli, const char *name, struct status *st)
{
	const struct embedded_map *map = strchr(name, '/') ? NULL : embedded(name);
	struct bytes text;
	if (map) {
		text = map->text;
	} else if (access(name, F_OK) != 0) {
		unknown_map(cli, name, st);
		return NULL;
	} else if (!cli_read_file(cli, name, &text, st)) {
		return NULL;
	}
	const struct schema_type *type = schema_type_of(cli->schema, &kam__v1__import_map__descriptor);
	struct status wrong;
	status_init(&wrong);
	ProtobufCMessage *message = json_read(cli->schema, type, text, &cli->arena, &wrong);
	if (!message) {
		usage_fail(st, "the map %s: %s", name, wrong.message);
	}
	return (Kam__V1__ImportMap *)message;
}

static bool check_column(struct cli *cli, const struct csv_row *header, const char *column, const char *file, struct status *st)
{
	size_t found = 0;
	for (size_t i = 0; i < header->count; i++) {
		found += strcasecmp(header->cells[i], column) == 0;
	}
	if (found == 1) {
		return true;
	}
	if (found > 1) {
		return usage_fail(st, "%s, line %lld: the column \"%s\" is there %zu times; the map needs one", file, (long long)header->line, column, found);
	}
	return usage_fail(st, "%s, line %lld: the map needs a column \"%s\", which the header does not have%s", file, (long long)header->line, column,
	                  suggestion(column, header->cells, header->count, &cli->arena));
}

bool import_map_check(struct cli *cli, const Kam__V1__ImportMap *map, const struct csv_row *header, const char *file, struct status *st)
{
	if (header->fault) {
		return usage_fail(st, "%s, line %lld: the header's column %zu %s", file, (long long)header->line, header->fault_column, header->fault);
	}
	for (size_t i = 0; i < map->n_key_columns; i++) {
		if (!check_column(cli, header, map->key_columns[i], file, st)) {
			return false;
		}
	}
	for (size_t i = 0; i < map->n_fields; i++) {
		if (map->fields[i]->column[0] && !check_column(cli, header, map->fields[i]->column, file, st)) {
			return false;
		}
	}
	return true;
}
