/* SPDX-License-Identifier: Apache-2.0
 *
 * Page tokens: what is made reads back for the same query and no other, and no other text reads at all.
 * First line: the query; second: the position; the rest is tried as a token.
 */
#include "tests/fuzz/fuzz.h"

#include "server/resource/engine.h"

static bool reads(struct call *call, struct bytes query, const char *token, struct bytes *ret_position)
{
	status_init(call->status);
	bool ok = page_token_read(call, query, token, ret_position);
	assert(ok == status_ok(call->status));
	assert(ok || (call->status->code == STATUS_INVALID_ARGUMENT && strcmp(call->status->violations[0].field, "page_token") == 0));
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct engine engine = {.access = {.token_key = "an invented key for the tests"}};
	static const struct schema_method method = {.path = "/kam.v1.AccountService/ListAccounts"}, other = {.path = "/kam.v1.UserService/ListUsers"};
	static const struct caller caller = {.user = "users/jane"};
	static struct status st;
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size}, position, back;
	struct call call = {.engine = &engine, .method = &method, .caller = &caller, .arena = arena, .status = &st};
	struct bytes query = bytes_of(fuzz_line(&rest, arena));
	position = bytes_of(fuzz_line(&rest, arena));
	char *token = arena_strdup(arena, page_token_make(&call, query, position)), *text = fuzz_text(rest, arena);
	assert(reads(&call, query, token, &back) && bytes_equal(back, position));
	assert(!reads(&call, position, token, &back) || bytes_equal(position, query));
	call.method = &other;
	assert(!reads(&call, query, token, &back));
	call.method = &method;
	/* A text that reads is the token of some position: its MAC cannot be guessed, so it is this one. */
	assert(!reads(&call, query, text, &back) || strcmp(text, token) == 0);
	/* One character changed, at a place and to a character that the input names. */
	size_t at = rest.size > 0 ? rest.data[0] % strlen(token) : 0;
	char wanted = rest.size > 1 && rest.data[1] != 0 ? (char)rest.data[1] : 'A', kept = token[at];
	token[at] = wanted;
	assert(reads(&call, query, token, &back) == (wanted == kept));
	return 0;
}
