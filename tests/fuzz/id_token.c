/* SPDX-License-Identifier: Apache-2.0
 *
 * ID tokens and key sets of an issuer. The first byte says what the rest is: a token, the claims of one whose signature holds, a key set, an address.
 */
#include "tests/fuzz/fuzz.h"

#include "common/net/url.h"
#include "server/oidc/key_set.h"

enum { NOW = 1800000000 };

static void fuzz_token(const char *text, struct arena *arena)
{
	struct id_token token;
	STATUS_SCRATCH(st);
	if (!id_token_read(text, arena, &token, &st)) {
		assert(st.code == STATUS_UNAUTHENTICATED);
		return;
	}
	assert((token.algorithm == ID_TOKEN_RS256 || token.algorithm == ID_TOKEN_ES256) && token.payload.size > 0);
	assert(token.signed_text.data == (const uint8_t *)text && text[token.signed_text.size] == '.');
	assert(strchr(text + token.signed_text.size + 1, '.') == NULL && strlen(text) <= LIMIT_ID_TOKEN_BYTES);
}

static void fuzz_claims(struct bytes payload, bool by_email, struct arena *arena)
{
	const struct id_token token = {.payload = payload};
	const struct id_token_rules rules = {"https://i.example", "kam", by_email, NOW};
	struct id_token_claims claims;
	STATUS_SCRATCH(st);
	if (!id_token_judge(&token, &rules, arena, &claims, &st)) {
		assert(st.code == STATUS_UNAUTHENTICATED);
		return;
	}
	assert(claims.whose[0] != '\0' && claims.until_s > NOW && claims.until_s <= NOW + LIMIT_ID_TOKEN_SKEW_SECONDS + LIMIT_ID_TOKEN_SECONDS);
}

static void fuzz_keys(struct bytes text)
{
	STATUS_SCRATCH(st);
	struct key_set *keys = key_set_read(text, &st);
	assert((keys != NULL) == status_ok(&st));
	assert(!keys || (key_set_count(keys) > 0 && key_set_count(keys) <= LIMIT_ISSUER_KEYS));
	key_set_free(keys);
}

static void fuzz_url(const char *text)
{
	struct url url;
	STATUS_SCRATCH(st);
	if (url_read(text, &url, &st)) {
		assert(url.path[0] == '/' && url.port > 0 && !strpbrk(url.path, "\r\n #") && !strpbrk(url.host, "\r\n /?#@"));
		assert(strlen(url.host) <= strlen(url.address));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	uint8_t what = fuzz_byte(&rest);
	if (what % 4 == 0) {
		fuzz_token(fuzz_text(rest, arena), arena);
	} else if (what % 4 == 1) {
		fuzz_claims(fuzz_take(&rest, rest.size, arena), what & 4, arena);
	} else if (what % 4 == 2) {
		fuzz_keys(fuzz_take(&rest, rest.size, arena));
	} else {
		fuzz_url(fuzz_text(rest, arena));
	}
	return 0;
}
