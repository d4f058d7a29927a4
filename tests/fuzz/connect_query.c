/* SPDX-License-Identifier: Apache-2.0
 *
 * The query of a Connect GET: any text, and one that is made of a message.
 */
#include "tests/fuzz/fuzz.h"

#include "common/rpc/internal.h"

/* Base64 with the alphabet of URLs. */
static char *encode_for_url(struct bytes message, struct arena *arena)
{
	char *text = arena_strdup(arena, base64_encode(message, false, arena));
	for (char *c = text; *c != '\0'; c++) {
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	}
	return text;
}

static void check_made(struct bytes message, struct arena *arena)
{
	struct connect_query q;
	const char *query = arena_printf(arena, "message=%s&connect=v1&compression=gzip&base64=1&encoding=proto", encode_for_url(message, arena));
	assert(connect_query_parse(query, arena, &q));
	assert(strcmp(q.version, "v1") == 0 && q.has_message && bytes_equal(q.message, message));
	assert(strcmp(q.encoding, "proto") == 0 && strcmp(q.compression, "gzip") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct connect_query q;
	char *query = fuzz_text((struct bytes){data, size}, arena);
	if (connect_query_parse(query, arena, &q)) {
		assert(q.message.size <= strlen(query));
		assert(q.has_message || q.message.size == 0);
	}
	assert(q.version == NULL || strlen(q.version) < strlen(query));
	assert(q.encoding == NULL || strlen(q.encoding) < strlen(query));
	assert(q.compression == NULL || strlen(q.compression) < strlen(query));
	check_made(arena_bytes(arena, (struct bytes){data, size}), arena);
	return 0;
}
