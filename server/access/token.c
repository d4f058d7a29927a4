/* SPDX-License-Identifier: Apache-2.0
 *
 * '~' separates because no id can hold it.
 */
#include "server/access/token.h"

#include "common/base/name.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_BYTES = 32, SECRET_TEXT = TOKEN_SECRET_TEXT };

#define SESSION_PREFIX "kam"
#define API_PREFIX "kamapi"

static void hash_secret(const char *text, uint8_t ret_hash[TOKEN_HASH_BYTES])
{
	crypto_generichash(ret_hash, TOKEN_HASH_BYTES, (const uint8_t *)text, SECRET_TEXT, NULL, 0);
}

void token_random_id(char *ret_id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t random[TOKEN_SESSION_ID_BYTES - 1];
	randombytes_buf(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++) {
		ret_id[i] = letters[random[i] % 32];
	}
	ret_id[sizeof random] = '\0';
}

static void make(const char *prefix, const char *user_id, const char *id, char *ret_token, uint8_t ret_hash[TOKEN_HASH_BYTES])
{
	uint8_t secret[SECRET_BYTES];
	char text[SECRET_TEXT + 1];
	randombytes_buf(secret, sizeof secret);
	sodium_bin2base64(text, sizeof text, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	hash_secret(text, ret_hash);
	snprintf(ret_token, TOKEN_TEXT_BYTES, "%s~%s~%s~%s", prefix, user_id, id, text);
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(text, sizeof text);
}

void token_make(const char *user_id, char *ret_session_id, char *ret_token, uint8_t ret_hash[TOKEN_HASH_BYTES])
{
	token_random_id(ret_session_id);
	make(SESSION_PREFIX, user_id, ret_session_id, ret_token, ret_hash);
}

void token_make_api(const char *user_id, const char *id, char *ret_token, uint8_t ret_hash[TOKEN_HASH_BYTES])
{
	make(API_PREFIX, user_id, id, ret_token, ret_hash);
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && memcmp(text, word, size) == 0;
}

bool token_parse(const char *token, char *ret_name, uint8_t ret_hash[TOKEN_HASH_BYTES])
{
	const char *parts[4];
	size_t sizes[4];
	for (int i = 0; i < 4; i++) {
		parts[i] = token;
		sizes[i] = strcspn(token, "~");
		token += sizes[i];
		if (i < 3 && *token++ != '~') {
			return false;
		}
	}
	bool api = is_word(parts[0], sizes[0], API_PREFIX);
	if (*token != '\0' || !(api || is_word(parts[0], sizes[0], SESSION_PREFIX)) || !name_id_valid(parts[1], sizes[1]) || !name_id_valid(parts[2], sizes[2]) ||
	    sizes[3] != SECRET_TEXT) {
		return false;
	}
	snprintf(ret_name, LIMIT_NAME_BYTES + 1, "users/%.*s/%s/%.*s", (int)sizes[1], parts[1], api ? "tokens" : "sessions", (int)sizes[2], parts[2]);
	hash_secret(parts[3], ret_hash);
	return true;
}
