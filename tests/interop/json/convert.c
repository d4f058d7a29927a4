/* SPDX-License-Identifier: Apache-2.0
 *
 * convert.c - common/schema's JSON for json_test.py: one request a line on standard input, one answer a line on standard output.
 *
 *     read TYPE HEX    JSON text into a packed message: "ok HEX", or "no MESSAGE"
 *     write TYPE HEX   a packed message into JSON text: the same
 */
#include "common/base/limits.h"
#include "common/schema/json.h"

#include <stdio.h>
#include <stdlib.h>

const struct schema_source *schema_source_every(void);

static struct bytes from_hex(const char *text, struct arena *arena)
{
	size_t size = strlen(text) / 2;
	uint8_t *data = arena_alloc(arena, size);
	for (size_t i = 0; data && i < size; i++) {
		const char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
		data[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (struct bytes){data, data ? size : 0};
}

static bool convert(const struct schema *schema, char *line, struct arena *arena, struct bytes *ret_answer, struct status *st)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest), *name = strtok_r(NULL, " ", &rest), *hex = strtok_r(NULL, " ", &rest);
	const struct schema_type *type = name ? schema_type_find(schema, name) : NULL;
	if (!type) {
		return status_fail(st, STATUS_NOT_FOUND, "", "no such type");
	}
	struct bytes input = from_hex(hex ? hex : "", arena);
	if (strcmp(verb, "read") == 0) {
		const ProtobufCMessage *message = json_read(schema, type, input, arena, st);
		*ret_answer = message ? schema_pack(message, arena) : (struct bytes){NULL, 0};
		return message != NULL;
	}
	const ProtobufCMessage *message = schema_unpack(type, input, arena, st);
	if (!message) {
		return false;
	}
	struct buf out;
	buf_init(&out, arena);
	json_write(schema, type, message, 0, &out);
	*ret_answer = buf_bytes(&out);
	return !out.failed || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

int main(void)
{
	struct status st;
	status_init(&st);
	struct schema *schema = schema_new(schema_source_every(), &st);
	if (!schema) {
		fprintf(stderr, "%s\n", st.message);
		return 1;
	}
	struct arena arena;
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	char *line = NULL;
	size_t capacity = 0;
	for (ssize_t size; (size = getline(&line, &capacity, stdin)) > 0; arena_reset(&arena)) {
		struct bytes answer = {NULL, 0};
		line[size - 1] = '\0';
		status_init(&st);
		bool ok = convert(schema, line, &arena, &answer, &st);
		printf("%s %s", ok ? "ok" : "no", st.message);
		for (size_t i = 0; i < answer.size; i++) {
			printf("%02x", answer.data[i]);
		}
		printf("\n");
		fflush(stdout);
	}
	free(line);
	arena_done(&arena);
	schema_free(schema);
	return 0;
}
