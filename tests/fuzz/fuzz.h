/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz.h - what the fuzz targets share. Each target is one file with one LLVMFuzzerTestOneInput that asserts what must hold for any input.
 *
 * With clang's fuzzer (tools/fuzz) inputs are made up; elsewhere replay.c feeds the files of corpus/<target>/.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/limits.h"
#include "common/schema/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Always 0: every input is worth keeping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An arena that is empty again with each call: one call an input. */
static inline struct arena *fuzz_arena(void)
{
	static struct arena arena;
	if (arena.limit_bytes == 0) {
		arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	}
	arena_reset(&arena);
	return &arena;
}

/* The next byte of the input; 0 behind its end. */
static inline uint8_t fuzz_byte(struct bytes *rest)
{
	if (rest->size == 0) {
		return 0;
	}
	uint8_t byte = rest->data[0];
	*rest = (struct bytes){rest->data + 1, rest->size - 1};
	return byte;
}

/* Up to `size` bytes of the input, in memory of their own, so that reading past them is seen. */
static inline struct bytes fuzz_take(struct bytes *rest, size_t size, struct arena *arena)
{
	size = size < rest->size ? size : rest->size;
	struct bytes taken = {arena_memdup(arena, rest->data, size), size};
	*rest = (struct bytes){rest->data + size, rest->size - size};
	return taken;
}

/* A line as text: up to a line break or NUL, which is dropped. */
static inline char *fuzz_line(struct bytes *rest, struct arena *arena)
{
	size_t size = 0;
	while (size < rest->size && rest->data[size] != '\n' && rest->data[size] != '\0') {
		size++;
	}
	struct bytes line = fuzz_take(rest, size, arena);
	fuzz_byte(rest);
	return arena_strndup(arena, (const char *)line.data, line.size);
}

/* All that is left, as text up to the first NUL. */
static inline char *fuzz_text(struct bytes rest, struct arena *arena)
{
	return arena_strndup(arena, rest.size > 0 ? (const char *)rest.data : "", rest.size > 0 ? strnlen((const char *)rest.data, rest.size) : 0);
}

/* A schema, built once. */
static inline const struct schema *fuzz_schema(const struct schema_source *source)
{
	struct status st;
	status_init(&st);
	const struct schema *schema = schema_new(source, &st);
	if (schema == NULL) {
		fprintf(stderr, "%s\n", st.message);
		abort();
	}
	return schema;
}
