/* SPDX-License-Identifier: Apache-2.0
 *
 * What an erasure takes for the name of a resource, and for a text that means a person; where in a message it may put a mark; what it leaves of a resource.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/schema/json.h"
#include "server/resource/erase_text.h"
#include "tests/unit/access/world.h"

static void make_words(struct world *world, struct erase_words *words)
{
	*words = (struct erase_words){.arena = &world->arena};
	assert_true(erase_words_add_name(words, "contacts/jane", "contacts/erased-1"));
	assert_true(erase_words_add_name(words, "accounts/a/stakeholders/s", "accounts/a/stakeholders/erased-2"));
	assert_true(erase_words_add_text(words, "Jane"));
	assert_true(erase_words_add_text(words, "Jane Doeling"));
	assert_true(erase_words_add_text(words, "jane doeling"));
	assert_true(erase_words_add_text(words, "+1 555 0199"));
	assert_true(erase_words_add_text(words, "JD")); /* too short */
	assert_int_equal(words->texts_count, 3);
}

static void test_words(void **state)
{
	static const struct {
		const char *text, *named, *marked;
	} rows[] = {
		{"", "", ""},
		{"contacts/jane", "contacts/erased-1", "contacts/erased-1"},
		{"contacts/jane/x of contacts/jane.", "contacts/erased-1/x of contacts/erased-1.", "contacts/erased-1/x of contacts/erased-1."},
		{"contacts/jane-b contacts/jane2 contacts/jane.b mycontacts/jane", "contacts/jane-b contacts/jane2 contacts/jane.b mycontacts/jane",
		 "contacts/[erased]-b contacts/jane2 contacts/[erased].b mycontacts/[erased]"},
		{"(contacts/jane)", "(contacts/erased-1)", "(contacts/erased-1)"},
		{"accounts/a/stakeholders/s,accounts/a/stakeholders/sb", "accounts/a/stakeholders/erased-2,accounts/a/stakeholders/sb",
		 "accounts/a/stakeholders/erased-2,accounts/a/stakeholders/sb"},
		{"JANE DOELING, jane; Janet and Sojane", "JANE DOELING, jane; Janet and Sojane", "[erased], [erased]; Janet and Sojane"},
		{"ring +1 555 0199 or +1 555 01991", "ring +1 555 0199 or +1 555 01991", "ring [erased] or +1 555 01991"},
		{"Jane\xC3\xA9 and \xC3\xA9Jane", "Jane\xC3\xA9 and \xC3\xA9Jane", "Jane\xC3\xA9 and \xC3\xA9Jane"},
		{"JD", "JD", "JD"},
	};
	struct world *world = *state;
	struct erase_words words;
	make_words(world, &words);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *named = erase_words_replace(&words, rows[i].text, false), *marked = erase_words_replace(&words, rows[i].text, true);
		assert_string_equal(named, rows[i].named);
		assert_string_equal(marked, rows[i].marked);
		assert_int_equal(named == rows[i].text, strcmp(named, rows[i].text) == 0);
		/* The first look misses nothing that is replaced. */
		assert_true(named == rows[i].text || erase_words_occur(&words, bytes_of(rows[i].text), false));
		assert_true(marked == rows[i].text || erase_words_occur(&words, bytes_of(rows[i].text), true));
	}
	assert_string_equal(erase_words_new_name(&words, "contacts/jane"), "contacts/erased-1");
	assert_null(erase_words_new_name(&words, "contacts/jane/x"));
}

static void note(void *context, const char *path, bool replaced)
{
	struct buf *out = context;
	buf_printf(out, "%s%s ", path, replaced ? "!" : "");
}

static void test_messages(void **state)
{
	struct world *world = *state;
	struct erase_words words;
	struct buf mentions;
	make_words(world, &words);
	struct bytes value = world_pack(world, "kam.v1.Contact",
	                                "{\"name\":\"contacts/other\",\"displayName\":\"Not Jane\",\"emails\":[\"a@b.example\",\"jane@b.example\"],\"labels\":{\"jane\":\"x\",\"k\":\"of Jane\"},"
	                                "\"phones\":[\"+1 555 0199\",\"+1 555 0100\"],\"notes\":\"see contacts/jane\",\"creator\":\"users/jane\"}");
	const struct schema_type *type = schema_type_find(world->schema, "kam.v1.Contact");
	for (int replaces = 0; replaces < 2; replaces++) {
		ProtobufCMessage *message = schema_unpack_stored(type, value, &world->arena, &world->st);
		buf_init(&mentions, &world->arena);
		struct erase_rewrite rewrite = {&words, &world->arena, replaces, note, &mentions, 0, 0};
		assert_true(erase_rewrite_message(&rewrite, type, message));
		struct buf json;
		buf_init(&json, &world->arena);
		json_write(world->schema, type, message, 0, &json);
		const char *text = buf_text(&json);
		assert_int_equal(rewrite.names, 1);
		assert_non_null(strstr(text, "\"see contacts/erased-1\""));
		assert_non_null(strstr(text, "\"jane@b.example\""));
		assert_non_null(strstr(text, "\"users/jane\""));
		assert_non_null(strstr(text, "\"jane\":"));
		assert_int_equal(strstr(text, "\"Not [erased]\"") != NULL, replaces);
		assert_int_equal(strstr(text, "\"of [erased]\"") != NULL, replaces);
		assert_int_equal(strstr(text, "[\"[erased]\",\"+1 555 0100\"]") != NULL, replaces);
		const char *told = buf_text(&mentions);
		assert_non_null(strstr(told, replaces ? "display_name! " : "display_name "));
		assert_non_null(strstr(told, "emails "));
		assert_non_null(strstr(told, replaces ? "labels! " : "labels "));
		assert_null(strstr(told, "emails!"));
		assert_null(strstr(told, "creator"));
	}
}

static void test_what_is_left(void **state)
{
	struct world *world = *state;
	const struct schema_resource *contacts = schema_resource_find(world->schema, "contacts"), *stakeholders = schema_resource_find(world->schema, "accounts/stakeholders");
	ProtobufCMessage *message = schema_unpack_stored(contacts->type,
	                                                 world_pack(world, "kam.v1.Contact",
	                                                            "{\"name\":\"contacts/jane\",\"uid\":\"u\",\"createTime\":\"2026-01-01T00:00:00Z\",\"creator\":\"users/tom\",\"displayName\":\"Jane\","
	                                                            "\"emails\":[\"j@x.example\"],\"externalIds\":{\"crm\":\"1\"},\"doNotContact\":true,\"labels\":{\"a\":\"b\"}}"),
	                                                 &world->arena, &world->st);
	struct buf json;
	buf_init(&json, &world->arena);
	assert_true(erase_empty(contacts, message, &world->arena));
	json_write(world->schema, contacts->type, message, 0, &json);
	assert_string_equal(buf_text(&json), "{\"name\":\"contacts/jane\",\"uid\":\"u\",\"createTime\":\"2026-01-01T00:00:00Z\",\"creator\":\"users/tom\",\"displayName\":\"[erased]\"}");
	message = schema_unpack_stored(stakeholders->type,
	                               world_pack(world, "kam.v1.Stakeholder",
	                                          "{\"name\":\"accounts/a/stakeholders/s\",\"contact\":\"contacts/jane\",\"title\":\"Chief\",\"power\":3,\"reportsTo\":\"accounts/a/stakeholders/t\"}"),
	                               &world->arena, &world->st);
	buf_init(&json, &world->arena);
	assert_true(erase_empty(stakeholders, message, &world->arena));
	json_write(world->schema, stakeholders->type, message, 0, &json);
	assert_string_equal(buf_text(&json), "{\"name\":\"accounts/a/stakeholders/s\",\"contact\":\"contacts/jane\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {TEST(test_words), TEST(test_messages), TEST(test_what_is_left)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
