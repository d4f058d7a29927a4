/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON that no message describes: members, what is refused, and at which depth.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/json_object.h"
#include "tests/unit/schema/fixture.h"

static struct json_members members_of(const char *text)
{
	struct json_members members;
	if (!json_read_members(bytes_of(text), &arena, &members, &st)) {
		fail_msg("%s: %s", text, st.message);
	}
	return members;
}

static void gives_members_with_their_kinds(void **state)
{
	(void)state;
	struct json_members members = members_of(" {\"a\":\"x\\u00e9\",\"b\":1.5e3,\"c\":true,\"d\":false,\"e\":null,\"f\":[1,{\"g\":2}],\"h\":{}} ");
	static const enum json_kind kinds[] = {JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_LIST, JSON_OBJECT};
	assert_int_equal(members.count, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(members.items[i].kind, kinds[i]);
	}
	assert_string_equal(json_member_text(&members, "a"), "x\xc3\xa9");
	assert_string_equal(json_member_find(&members, "b")->text, "1.5e3");
	assert_null(json_member_text(&members, "b"));
	assert_null(json_member_find(&members, "g"));
	struct json_members list, inner;
	assert_true(json_read_elements(json_member_find(&members, "f")->raw, &arena, &list, &st));
	assert_int_equal(list.count, 2);
	assert_true(json_read_members(list.items[1].raw, &arena, &inner, &st));
	assert_string_equal(json_member_find(&inner, "g")->text, "2");
}

static void gives_many_members(void **state)
{
	(void)state;
	char text[JSON_MEMBERS_MAX * 16] = "{";
	size_t size = 1;
	for (int i = 0; i < JSON_MEMBERS_MAX; i++) {
		size += (size_t)sprintf(text + size, "%s\"%d\":%d", i ? "," : "", i, i);
	}
	strcpy(text + size, "}");
	struct json_members members = members_of(text);
	assert_int_equal(members.count, JSON_MEMBERS_MAX);
	for (int i = 0; i < JSON_MEMBERS_MAX; i++) {
		char name[16];
		sprintf(name, "%d", i);
		assert_string_equal(json_member_find(&members, name)->text, name);
	}
	strcpy(text + size, ",\"one\":1}");
	assert_false(json_read_members(bytes_of(text), &arena, &members, &st));
}

static void refuses(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "1", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{} {}", "{\"a\":1}x", "{'a':1}", "{\"a\":01}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
		"{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "{\"x\":[{\"a\":1,\"a\":2}]}", "{\"x\":{\"y\":{\"a\":1,\"a\":2}}}", "{\"a\":NaN}", "{\"a\":tru}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct json_members members;
		status_init(&st);
		if (json_read_members(bytes_of(bad[i]), &arena, &members, &st)) {
			fail_msg("%s was read", bad[i]);
		}
		assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	}
}

static void is_bounded_in_depth(void **state)
{
	(void)state;
	char text[2 * LIMIT_JSON_DEPTH + 8];
	struct json_members list;
	memset(text, '[', LIMIT_JSON_DEPTH);
	memset(text + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
	text[2 * LIMIT_JSON_DEPTH] = '\0';
	assert_true(json_read_elements(bytes_of(text), &arena, &list, &st));
	memset(text, '[', LIMIT_JSON_DEPTH + 1);
	memset(text + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
	text[2 * LIMIT_JSON_DEPTH + 2] = '\0';
	assert_false(json_read_elements(bytes_of(text), &arena, &list, &st));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {TEST(gives_members_with_their_kinds), TEST(gives_many_members), TEST(refuses), TEST(is_bounded_in_depth)};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
