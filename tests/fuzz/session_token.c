/* SPDX-License-Identifier: Apache-2.0
 *
 * The token of a sign-in, or an API token, as it comes in the authorization header.
 */
#include "tests/fuzz/fuzz.h"

#include "common/base/name.h"
#include "server/access/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	const char *text = fuzz_text((struct bytes){data, size}, arena);
	char *session = arena_alloc(arena, LIMIT_NAME_BYTES + 1);
	uint8_t hash[TOKEN_HASH_BYTES];
	struct name name;
	if (token_parse(text, session, hash)) {
		assert(name_parse(session, false, &name) && name.count == 4);
		assert(strlen(text) < TOKEN_TEXT_BYTES && (strncmp(text, "kam~", 4) == 0 || strncmp(text, "kamapi~", 7) == 0));
	}
	return 0;
}
