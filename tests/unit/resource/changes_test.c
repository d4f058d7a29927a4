/* SPDX-License-Identifier: Apache-2.0
 *
 * The overlay of pending changes: what is read through it, how it is found by index, and what append, clear and drop leave. Transactions are appended as
 * server/rpc/writer.c does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/resource/changes.h"
#include "tests/unit/access/world.h"

#include <stdio.h>

/* A transaction with an overlay over it. */
struct pending {
	struct world *world;
	struct store_txn *txn;
	const struct store_view *view;
	struct changes *changes;
	struct status st;
};

static void begin(struct pending *pending, struct world *world)
{
	*pending = (struct pending){.world = world};
	status_init(&pending->st);
	assert_true(store_txn_begin(world->store, &pending->txn, &pending->st));
	pending->view = store_txn_view(pending->txn);
	pending->changes = changes_new(&world->arena, world->schema);
}

static void put(struct pending *pending, const char *name, enum store_operation operation, const char *json)
{
	const char *type = schema_resource_of_name(pending->world->schema, name)->type->name;
	struct bytes value = json ? world_pack(pending->world, type, json) : (struct bytes){0};
	assert_true(changes_put(pending->changes, pending->view, name, operation, value, &pending->st));
}

static const char *get(struct pending *pending, const char *name)
{
	struct store_record record;
	const struct schema_type *type = schema_resource_of_name(pending->world->schema, name)->type;
	if (!changes_get(pending->changes, pending->view, name, &record, &pending->st)) {
		assert_true(status_ok(&pending->st));
		return "-";
	}
	const ProtobufCMessage *message = schema_unpack(type, record.value, &pending->world->arena, &pending->st);
	assert_non_null(message);
	const char *text = ((const char *const *)(const void *)((const char *)message + schema_field_find(type, "display_name")->pb->offset))[0];
	return arena_printf(&pending->world->arena, "%s%s", text, record.operation == STORE_DELETE ? " deleted" : "");
}

/* Names of accounts in a region, joined by blanks. */
static const char *find(struct pending *pending, const char *region, size_t most)
{
	const struct schema_type *type = schema_type_find(pending->world->schema, "kam.v1.Account");
	uint32_t index = schema_field_find(type, "region")->rules.index_id;
	const char **names = changes_find(pending->changes, pending->view, index, bytes_of(region), most, &pending->world->arena, &pending->st);
	struct buf text;
	assert_non_null(names);
	buf_init(&text, &pending->world->arena);
	for (size_t i = 0; names[i]; i++) {
		buf_printf(&text, "%s%s", i ? " " : "", names[i] + strlen("accounts/"));
	}
	return buf_text(&text);
}

static uint64_t append(struct pending *pending)
{
	size_t count;
	const struct store_change *list = changes_list(pending->changes, &count);
	struct store_entry entry = {.time_us = 1, .actor = "", .request_id = "", .method = "Test/Append", .peer = "", .note = "", .changes = list, .changes_count = count};
	uint64_t revision = store_append(pending->txn, &entry);
	changes_clear(pending->changes);
	return revision;
}

static size_t count_of(struct pending *pending)
{
	size_t count;
	changes_list(pending->changes, &count);
	return count;
}

static void test_overlay(void **state)
{
	struct world *world = *state;
	struct pending pending;
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"region\":\"X\"}");
	world_put(world, "accounts/b", "{\"displayName\":\"B\",\"region\":\"X\"}");
	begin(&pending, world);
	assert_string_equal(get(&pending, "accounts/a"), "A");
	assert_string_equal(get(&pending, "accounts/none"), "-");
	assert_string_equal(find(&pending, "X", 9), "a b");
	assert_int_equal(count_of(&pending), 0);

	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"A2\",\"region\":\"Y\"}");
	put(&pending, "accounts/c", STORE_CREATE, "{\"displayName\":\"C\",\"region\":\"X\"}");
	put(&pending, "accounts/b", STORE_DELETE, "{\"displayName\":\"B\",\"region\":\"X\"}");
	assert_string_equal(get(&pending, "accounts/a"), "A2");
	assert_string_equal(get(&pending, "accounts/b"), "B deleted");
	assert_string_equal(get(&pending, "accounts/c"), "C");
	assert_string_equal(find(&pending, "Y", 9), "a");
	assert_string_equal(find(&pending, "Z", 9), "");
	const char *found = find(&pending, "X", 9);
	assert_true(strcmp(found, "b c") == 0 || strcmp(found, "c b") == 0);
	assert_int_equal(strlen(find(&pending, "X", 1)), 1);
	assert_string_equal(find(&pending, "X", 0), "");

	put(&pending, "accounts/b", STORE_PURGE, NULL);
	assert_string_equal(get(&pending, "accounts/b"), "-");
	assert_string_equal(find(&pending, "X", 9), "c");
	assert_int_equal(count_of(&pending), 3);
	store_abort(pending.txn);
	assert_string_equal(world_state(world, "accounts/c"), "-");
}

/* One change a name in a record: the newest state, under the operation that brings the store there. */
static void test_many_puts_of_one_name(void **state)
{
	struct world *world = *state;
	struct pending pending;
	size_t count;
	begin(&pending, world);
	put(&pending, "accounts/a", STORE_CREATE, "{\"displayName\":\"1\",\"region\":\"X\"}");
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"2\",\"region\":\"Y\"}");
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"3\",\"region\":\"Z\"}");
	const struct store_change *list = changes_list(pending.changes, &count);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].operation, STORE_CREATE);
	assert_int_equal(list[0].previous_revision, 0);
	assert_string_equal(get(&pending, "accounts/a"), "3");
	assert_string_equal(find(&pending, "X", 9), "");
	assert_string_equal(find(&pending, "Y", 9), "");
	assert_string_equal(find(&pending, "Z", 9), "a");
	assert_int_not_equal(append(&pending), 0);
	assert_true(store_commit(pending.txn, &pending.st));
	assert_non_null(strstr(world_state(world, "accounts/a"), "\"3\""));
}

/* Rows of an import: each is a record of its own in one transaction, and may change what the row before changed. */
static void test_same_name_in_two_records(void **state)
{
	struct world *world = *state;
	struct pending pending;
	begin(&pending, world);
	put(&pending, "accounts/a", STORE_CREATE, "{\"displayName\":\"1\",\"region\":\"X\"}");
	assert_int_not_equal(append(&pending), 0);
	assert_int_equal(count_of(&pending), 0);
	assert_string_equal(get(&pending, "accounts/a"), "1");
	assert_string_equal(find(&pending, "X", 9), "a");
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"2\",\"region\":\"Y\"}");
	assert_int_equal(count_of(&pending), 1);
	assert_string_equal(find(&pending, "X", 9), "");
	assert_int_not_equal(append(&pending), 0);
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"3\",\"region\":\"Y\"}");
	assert_int_not_equal(append(&pending), 0);
	assert_string_equal(find(&pending, "Y", 9), "a");
	if (!store_commit(pending.txn, &pending.st)) {
		fail_msg("%s", pending.st.message);
	}
	assert_non_null(strstr(world_state(world, "accounts/a"), "\"3\""));
}

static void test_drop(void **state)
{
	struct world *world = *state;
	struct pending pending;
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"region\":\"X\"}");
	begin(&pending, world);
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"A2\",\"region\":\"Y\"}");
	put(&pending, "accounts/b", STORE_CREATE, "{\"displayName\":\"B\",\"region\":\"Y\"}");
	changes_drop(pending.changes);
	assert_int_equal(count_of(&pending), 0);
	assert_string_equal(get(&pending, "accounts/a"), "A");
	assert_string_equal(get(&pending, "accounts/b"), "-");
	assert_string_equal(find(&pending, "X", 9), "a");
	assert_string_equal(find(&pending, "Y", 9), "");
	put(&pending, "accounts/b", STORE_CREATE, "{\"displayName\":\"B2\",\"region\":\"Y\"}");
	assert_string_equal(get(&pending, "accounts/b"), "B2");
	assert_string_equal(find(&pending, "Y", 9), "b");
	assert_int_equal(count_of(&pending), 1);
	assert_int_not_equal(append(&pending), 0);
	assert_true(store_commit(pending.txn, &pending.st));
}

/* A dry run: a row that was refused leaves what the rows before it said. */
static void test_drop_goes_back_to_what_was_cleared(void **state)
{
	struct world *world = *state;
	struct pending pending;
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"region\":\"X\"}");
	begin(&pending, world);
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"A2\",\"region\":\"Y\"}");
	changes_clear(pending.changes);
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"A3\",\"region\":\"Z\"}");
	put(&pending, "accounts/a", STORE_UPDATE, "{\"displayName\":\"A4\",\"region\":\"W\"}");
	assert_string_equal(get(&pending, "accounts/a"), "A4");
	changes_drop(pending.changes);
	assert_string_equal(get(&pending, "accounts/a"), "A2");
	assert_string_equal(find(&pending, "Y", 9), "a");
	assert_string_equal(find(&pending, "Z", 9), "");
	assert_string_equal(find(&pending, "W", 9), "");
	assert_string_equal(find(&pending, "X", 9), "");
	changes_drop(pending.changes);
	assert_string_equal(get(&pending, "accounts/a"), "A2");
	store_abort(pending.txn);
}

enum { MANY = 10000 };

static void test_ten_thousand_names(void **state)
{
	struct world *world = *state;
	struct pending pending;
	struct bytes values[3];
	char name[64];
	begin(&pending, world);
	for (int i = 0; i < 3; i++) {
		values[i] = world_pack(world, "kam.v1.Account", arena_printf(&world->arena, "{\"displayName\":\"N\",\"region\":\"R%d\"}", i));
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "accounts/a%d", i);
		assert_true(changes_put(pending.changes, pending.view, name, STORE_CREATE, values[i % 3], &pending.st));
		if (i % 1000 == 999) {
			changes_clear(pending.changes);
		}
	}
	for (int i = 0; i < MANY; i += 7) {
		snprintf(name, sizeof name, "accounts/a%d", i);
		assert_true(changes_put(pending.changes, pending.view, name, STORE_UPDATE, values[0], &pending.st));
	}
	size_t found[3] = {0}, wanted[3] = {0};
	for (int i = 0; i < MANY; i++) {
		struct store_record record;
		snprintf(name, sizeof name, "accounts/a%d", i);
		assert_true(changes_get(pending.changes, pending.view, name, &record, &pending.st));
		assert_true(bytes_equal(record.value, values[i % 7 == 0 ? 0 : i % 3]));
		wanted[i % 7 == 0 ? 0 : i % 3]++;
	}
	assert_int_equal(count_of(&pending), (MANY + 6) / 7);
	for (int i = 0; i < 3; i++) {
		const char *names = find(&pending, i == 0 ? "R0" : i == 1 ? "R1" : "R2", MANY);
		for (const char *c = names; c; c = strchr(c + 1, ' ')) {
			found[i]++;
		}
		assert_int_equal(found[i], wanted[i]);
	}
	assert_string_equal(get(&pending, "accounts/a10000"), "-");
	store_abort(pending.txn);
}

static void test_full_arena_is_said(void **state)
{
	struct world *world = *state;
	struct store_txn *txn;
	struct status st;
	struct bytes value = world_pack(world, "kam.v1.Account", "{\"displayName\":\"N\",\"region\":\"R\"}");
	status_init(&st);
	assert_true(store_txn_begin(world->store, &txn, &st));
	for (size_t bytes = 0; bytes < 40000; bytes += 611) {
		struct arena arena;
		arena_init(&arena, bytes);
		struct changes *changes = changes_new(&arena, world->schema);
		bool ok = changes != NULL;
		for (int i = 0; ok && i < 2000; i++) {
			char name[64];
			struct store_record record;
			snprintf(name, sizeof name, "accounts/a%d", i);
			status_init(&st);
			ok = changes_put(changes, store_txn_view(txn), name, STORE_CREATE, value, &st);
			if (ok) {
				assert_true(changes_get(changes, store_txn_view(txn), name, &record, &st));
			} else {
				assert_int_equal(st.code, STATUS_RESOURCE_EXHAUSTED);
			}
		}
		assert_false(ok);
		arena_done(&arena);
	}
	store_abort(txn);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_overlay),
		TEST(test_many_puts_of_one_name),
		TEST(test_same_name_in_two_records),
		TEST(test_drop),
		TEST(test_drop_goes_back_to_what_was_cleared),
		TEST(test_ten_thousand_names),
		TEST(test_full_arena_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
