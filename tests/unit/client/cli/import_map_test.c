/* SPDX-License-Identifier: Apache-2.0
 *
 * The maps that come with kam name resources and fields that exist; a map that does not fit its file is told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/import.h"
#include "common/schema/rules.h"
#include "common/schema/value.h"
#include "tests/unit/client/cli/fixture.h"

/* Values that a map puts in the place of others must be ones the field takes. */
static void check_values(const char *map, const struct schema_field *field, const Kam__V1__FieldMapping *mapping)
{
	for (size_t i = 0; i < mapping->n_values; i++) {
		struct status st;
		status_init(&st);
		ProtobufCMessage *message = schema_message_new(field->owner, &cli.arena);
		if (field->rules.reference || mapping->values[i]->to[0] == '\0') {
			continue;
		}
		if (!value_set_text(message, field, mapping->values[i]->to, &cli.arena, &st) || !rules_check(field->owner, message, "", false, &st)) {
			fail_msg("%s: %s = %s: %s", map, mapping->field, mapping->values[i]->to, st.message);
		}
	}
}

static void shipped_maps_fit_the_contract(void **state)
{
	(void)state;
	assert_true(embedded_maps_count >= 10);
	for (size_t i = 0; i < embedded_maps_count; i++) {
		struct status st;
		status_init(&st);
		const char *name = embedded_maps[i].name;
		const Kam__V1__ImportMap *map = import_map_load(&cli, name, &st);
		if (!map) {
			fail_msg("%s: %s", name, st.message);
			return;
		}
		const struct schema_resource *resource = schema_resource_find(cli.schema, map->resource);
		assert_non_null(resource);
		assert_true(map->n_key_columns > 0);
		assert_true(map->description[0] != '\0');
		for (size_t j = 0; j < map->n_fields; j++) {
			const Kam__V1__FieldMapping *mapping = map->fields[j];
			size_t bad;
			if (strcmp(mapping->field, "parent") == 0 || strcmp(mapping->field, "id") == 0) {
				continue;
			}
			const ProtobufCMessage *holder;
			const struct schema_field *field = value_path(resource->type, NULL, mapping->field, &holder, &bad);
			if (!field || field->rules.output_only) {
				fail_msg("%s: %s is no field that can be set", name, mapping->field);
			}
			assert_true((mapping->lookup == KAM__V1__LOOKUP__LOOKUP_UNSPECIFIED) == (field->rules.reference == NULL));
			check_values(name, field, mapping);
		}
	}
}

static void unknown_maps_are_told(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	assert_null(import_map_load(&cli, "maven-acounts", &st));
	assert_string_equal(st.reason, "USAGE");
	assert_non_null(strstr(st.message, "did you mean maven-accounts?"));
}

static bool check(const char *const *cells, size_t count, struct status *st)
{
	const struct csv_row header = {.line = 1, .cells = (const char **)(uintptr_t)cells, .count = count};
	status_init(st);
	struct status loading;
	status_init(&loading);
	return import_map_check(&cli, import_map_load(&cli, "maven-products", &loading), &header, "p.csv", st);
}

static void columns_are_checked(void **state)
{
	struct status st;
	(void)state;
	assert_true(check((const char *const[]){"product", "series", "sales_price", "more"}, 4, &st));
	assert_true(check((const char *const[]){"SALES_PRICE", "Product", "Series"}, 3, &st));
	assert_false(check((const char *const[]){"product", "serie", "sales_price"}, 3, &st));
	assert_non_null(strstr(st.message, "did you mean serie?"));
	assert_false(check((const char *const[]){"product", "series", "sales_price", "series"}, 4, &st));
	assert_non_null(strstr(st.message, "2 times"));
}

static const Kam__V1__ImportMap *map_of(const char *plural, size_t count, const char *const *cells, struct status *st)
{
	struct csv_row header = {.cells = (const char **)(uintptr_t)cells, .count = count, .line = 1};
	status_init(st);
	return import_map_of_header(&cli, schema_resource_find(cli.schema, plural), &header, "rows.csv", st);
}

static void headings_are_a_map(void **state)
{
	struct status st;
	(void)state;
	const Kam__V1__ImportMap *map = map_of("assessments", 5, (const char *const[]){"account", "criteria-set", "assessor", "scores.product-fit", "Summary"}, &st);
	assert_non_null(map);
	static const char *const fields[] = {"parent", "criteria_set", "assessor", "scores.product-fit", "summary"};
	assert_int_equal(map->n_fields, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(map->fields[i]->field, fields[i]);
	}
	assert_int_equal(map->n_key_columns, 3);
	assert_string_equal(map->key_columns[1], "criteria-set");

	map = map_of("accounts", 2, (const char *const[]){"id", "display_name"}, &st);
	assert_non_null(map);
	assert_int_equal(map->n_key_columns, 1);
	assert_string_equal(map->key_columns[0], "id");

	assert_null(map_of("accounts", 1, (const char *const[]){"display_nme"}, &st));
	assert_non_null(strstr(st.message, "did you mean display_name?"));
	assert_null(map_of("accounts", 1, (const char *const[]){"display_name"}, &st));
	assert_non_null(strstr(st.message, "--key"));
	assert_null(map_of("assessments", 2, (const char *const[]){"account", "summary"}, &st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_maps_fit_the_contract),
		cmocka_unit_test(unknown_maps_are_told),
		cmocka_unit_test(columns_are_checked),
		cmocka_unit_test(headings_are_a_map),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
