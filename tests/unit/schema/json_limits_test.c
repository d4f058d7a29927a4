/* SPDX-License-Identifier: Apache-2.0
 *
 * What JSON text may cost: nesting, elements, memory, and how often an Any may be looked through.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/schema/fixture.h"

#include <malloc.h>
#include <stdlib.h>

/* `head`, then `piece` until the text has about `size` bytes, then `tail`. In the arena of the test. */
static struct bytes repeated(const char *head, const char *piece, size_t count, const char *tail)
{
	size_t step = strlen(piece);
	uint8_t *text = malloc(strlen(head) + count * step + strlen(tail));
	size_t size = strlen(head);
	memcpy(text, head, size);
	for (size_t i = 0; i < count; i++, size += step) {
		memcpy(text + size, piece, step);
	}
	memcpy(text + size, tail, strlen(tail));
	return (struct bytes){text, size + strlen(tail)};
}

static void check_refused(const struct schema_type *type, struct bytes text, enum status_code code, const char *message)
{
	status_init(&st);
	assert_null(json_read(sample, type, text, &arena, &st));
	assert_int_equal(st.code, code);
	assert_string_equal(st.message, message);
	free((void *)(uintptr_t)text.data);
}

static void check_read(const struct schema_type *type, struct bytes text)
{
	status_init(&st);
	if (!json_read(sample, type, text, &arena, &st)) {
		fail_msg("%s", st.message);
	}
	free((void *)(uintptr_t)text.data);
}

static void nesting(void **state)
{
	(void)state;
	char tail[LIMIT_JSON_DEPTH + 2];
	memset(tail, '}', sizeof tail);
	tail[LIMIT_JSON_DEPTH] = '\0';
	check_read(type_of("kam.test.v1.Node"), repeated("{", "\"next\":{", LIMIT_JSON_DEPTH - 1, tail));
	check_refused(type_of("kam.test.v1.Node"), repeated("{", "\"next\":{", LIMIT_JSON_DEPTH, tail), STATUS_INVALID_ARGUMENT,
	              "JSON, line 1, column 513: objects and lists are nested too deep");
}

static void elements(void **state)
{
	(void)state;
	/* The object and the list are two more. */
	check_read(thing_type(), repeated("{\"numbers\":[0", ",0", LIMIT_MESSAGE_ELEMENTS - 3, "]}"));
	char expected[80];
	snprintf(expected, sizeof expected, "JSON, line 1, column %u: there are too many elements", 2 * LIMIT_MESSAGE_ELEMENTS + 9);
	check_refused(thing_type(), repeated("{\"numbers\":[0", ",0", LIMIT_MESSAGE_ELEMENTS - 2, "]}"), STATUS_INVALID_ARGUMENT, expected);
}

/* All that reading allocates is the arena's: no text of a request's size takes more than one call may have. */
static void memory(void **state)
{
	(void)state;
	static const struct {
		const char *head, *piece, *tail;
		bool node;
	} shapes[] = {
		{"{\"parts\":[{}", ",{}", "]}", false},
		{"{\"kids\":[{}", ",{\"kids\":[]}", "]}", true},
		{"{\"kids\":[{}", ",{\"kids\":[{}]}", "]}", true},
		{"{\"tags\":[\"\"", ",\"\"", "]}", false},
		{"{\"name\":\"", "a", "\"}", false},
		{"{\"name\":\"", "\\n", "\"}", false},
		{"{\"blob\":\"", "AAAA", "\"}", false},
		{"{\"any\":{\"@type\":\"x/kam.test.v1.Page\",\"things\":[{}", ",{}", "]}}", false},
		{"{\"any\":{\"@type\":\"x/google.protobuf.Any\",\"value\":{\"@type\":\"x/google.protobuf.StringValue\",\"value\":\"", "a", "\"}}}", false},
		{"{\"mask\":\"a", ",a", "\"}", false},
		{"{\"numbers\":[0", ",0", "]}", false},
	};
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		struct bytes text = repeated(shapes[i].head, shapes[i].piece, (LIMIT_MESSAGE_BYTES - 256) / strlen(shapes[i].piece), shapes[i].tail);
		struct arena call;
		arena_init(&call, LIMIT_CALL_ARENA_BYTES);
		struct mallinfo2 before = mallinfo2();
		status_init(&st);
		const ProtobufCMessage *message = json_read(sample, shapes[i].node ? type_of("kam.test.v1.Node") : thing_type(), text, &call, &st);
		struct mallinfo2 after = mallinfo2();
		size_t grown = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
		assert_true(message || st.code == STATUS_INVALID_ARGUMENT || st.code == STATUS_RESOURCE_EXHAUSTED);
		/* An arena's blocks end in a part that is not used. */
		assert_in_range(grown, 0, LIMIT_CALL_ARENA_BYTES + (4u << 20));
		arena_done(&call);
		free((void *)(uintptr_t)text.data);
	}
	struct arena small;
	arena_init(&small, 600);
	status_init(&st);
	assert_null(json_read(sample, thing_type(), bytes_of("{\"tags\":[\"a\",\"b\",\"c\",\"d\"],\"parts\":[{},{},{},{},{},{},{}]}"), &small, &st));
	assert_int_equal(st.code, STATUS_RESOURCE_EXHAUSTED);
	arena_done(&small);
}

/* The type of an Any may stand behind its value, which is then passed over first: at every level, if Any holds Any. */
static void any_type_comes_last(void **state)
{
	(void)state;
	const struct schema_type *type = type_of("google.protobuf.Any");
	struct bytes innermost = repeated("{\"@type\":\"x/google.protobuf.StringValue\",\"value\":\"", "a", 1u << 20, "\"}");
	for (int levels = 2; levels <= 40; levels += 38) {
		struct buf text;
		buf_init(&text, &arena);
		for (int i = 0; i < levels; i++) {
			buf_add_text(&text, "{\"value\":");
		}
		buf_add(&text, innermost.data, innermost.size);
		for (int i = 0; i < levels; i++) {
			buf_add_text(&text, ",\"@type\":\"x/google.protobuf.Any\"}");
		}
		status_init(&st);
		const ProtobufCMessage *message = json_read(sample, type, buf_bytes(&text), &arena, &st);
		assert_int_equal(message != NULL, levels == 2);
		if (!message) {
			assert_string_equal(st.message, "JSON, line 1, column 145: this stands in front of too many \"@type\"s: put them first");
		}
	}
	free((void *)(uintptr_t)innermost.data);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {TEST(nesting), TEST(elements), TEST(memory), TEST(any_type_comes_last)};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
