/* SPDX-License-Identifier: Apache-2.0
 *
 * References wherever they stand in a message, the index made of them, ids made of text, and the table of the engine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/name.h"
#include "common/schema/json.h"
#include "server/resource/changes.h"
#include "tests/unit/access/world.h"

struct seen {
	struct buf text;
	size_t left;
};

static bool visit(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct seen *seen = context;
	assert_non_null(field->rules.reference);
	buf_printf(&seen->text, "%s%s=%s", seen->text.size ? " " : "", path, target);
	return --seen->left > 0;
}

static const char *references(struct world *world, const char *type_name, const char *json, size_t most)
{
	const struct schema_type *type = schema_type_find(world->schema, type_name);
	const ProtobufCMessage *message = json_read(world->schema, type, bytes_of(json), &world->arena, &world->st);
	struct seen seen = {.left = most};
	assert_non_null(message);
	buf_init(&seen.text, &world->arena);
	references_each(type, message, &world->arena, visit, &seen);
	return buf_text(&seen.text);
}

static void test_references(void **state)
{
	struct world *world = *state;
	assert_string_equal(references(world, "kam.v1.Account", "{\"owner\":\"users/a\",\"parentAccount\":\"accounts/b\",\"displayName\":\"users/c\"}", 99),
	                    "parent_account=accounts/b owner=users/a");
	assert_string_equal(references(world, "kam.v1.Opportunity", "{\"products\":[\"products/a\",\"products/b\"],\"owner\":\"users/c\"}", 99),
	                    "owner=users/c products[0]=products/a products[1]=products/b");
	assert_string_equal(references(world, "kam.v1.Opportunity", "{\"products\":[\"products/a\",\"products/b\"]}", 1), "products[0]=products/a");
	assert_string_equal(references(world, "kam.v1.Scorecard", "{\"metrics\":[{\"id\":\"m\"},{\"owner\":\"users/x\"}]}", 99), "metrics[1].owner=users/x");
	assert_string_equal(references(world, "kam.v1.Account", "{}", 99), "");
	assert_string_equal(references(world, "kam.v1.Account", "{\"labels\":{\"k\":\"users/x\"},\"creator\":\"users/y\"}", 99), "");
}

/* ---- the indexer ---- */

struct entries {
	uint32_t index;
	struct buf text;
};

static void emit(void *context, uint32_t index, struct bytes value)
{
	struct entries *entries = context;
	if (index == entries->index) {
		buf_printf(&entries->text, "[%.*s]", (int)value.size, (const char *)value.data);
	}
}

static const char *entries_of(struct world *world, uint32_t index, const char *name, struct bytes value)
{
	struct entries entries = {.index = index};
	buf_init(&entries.text, &world->arena);
	engine_indexer(world->schema, name, value, emit, &entries);
	return buf_text(&entries.text);
}

static void test_indexer(void **state)
{
	struct world *world = *state;
	const struct access *access = &world->engine.access;
	uint32_t region = schema_field_find(access->account, "region")->rules.index_id;
	struct bytes value = world_pack(world, "kam.v1.Account", "{\"owner\":\"users/a\",\"parentAccount\":\"accounts/b\",\"region\":\"X\"}");
	assert_string_equal(entries_of(world, access->index_references, "accounts/c", value), "[accounts/b][users/a]");
	assert_string_equal(entries_of(world, region, "accounts/c", value), "[X]");
	assert_string_equal(entries_of(world, region, "unknown/c", value), "");
	assert_string_equal(entries_of(world, region, "not a name", value), "");
	for (size_t size = 0; size < value.size; size++) { /* bytes that are damaged are not indexed half */
		const char *text = entries_of(world, access->index_references, "accounts/c", (struct bytes){value.data, size});
		assert_true(strlen(text) <= strlen("[accounts/b][users/a]"));
	}
}

/* ---- ids ---- */

static void test_id_of_text(void **state)
{
	static const struct {
		const char *text, *id;
	} rows[] = {
		{"Acme", "acme"},   {"Acme Corp. (EMEA)", "acme-corp-emea"}, {"  a  b  ", "a-b"}, {"", "x"},           {"---", "x"},
		{"\xC3\x84rger", "rger"}, {"7up", "7up"},                      {"a/b\\c", "a-b-c"}, {"\xE2\x82\xAC", "x"}, {"a\nb", "a-b"},
		{"A.B_C", "a-b-c"},
	};
	struct world *world = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_string_equal(id_of_text(rows[i].text, &world->arena), rows[i].id);
	}
	char text[200];
	for (size_t size = 0; size < sizeof text - 1; size++) {
		for (size_t i = 0; i < size; i++) {
			text[i] = i % 3 == 2 ? ' ' : 'Q';
		}
		text[size] = '\0';
		const char *id = id_of_text(text, &world->arena);
		assert_true(name_id_valid(id, strlen(id)));
	}
	struct arena tiny;
	arena_init(&tiny, 16);
	assert_string_equal(id_of_text("Some text", &tiny), "x");
	arena_done(&tiny);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_references),
		TEST(test_indexer),
		TEST(test_id_of_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
