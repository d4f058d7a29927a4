/* SPDX-License-Identifier: Apache-2.0
 *
 * A user without a password, or no user at all, costs the same time as a wrong password: a hash of nothing is verified instead.
 */
#include "server/access/password.h"

#include "common/base/limits.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

enum { PASSES = 3, MEMORY_BYTES = 64 << 20 };

/* The most common of those with eight characters or more; the rest of the lists is shorter. */
static const char *const commonest[] = {
	"12345678", "123456789", "1234567890", "password", "password1", "password123", "qwertyui", "qwerty123", "qwertyuiop", "1q2w3e4r", "1qaz2wsx",
	"iloveyou", "sunshine", "princess", "football", "baseball", "superman", "trustno1", "whatever", "abcd1234", "11111111", "00000000", "88888888",
	"87654321", "12341234", "administrator", "changeme", "letmein1", "welcome1", "passw0rd", "p@ssw0rd", "starwars", "computer", "corvette",
	"michelle", "jennifer", "asdfghjkl", "zxcvbnm1", "monkey123", "dragon123",
};

static size_t characters(const char *text)
{
	size_t count = 0;
	for (; *text; text++) {
		count += ((unsigned char)*text & 0xC0) != 0x80;
	}
	return count;
}

bool password_check(const char *password, const char *field, struct status *st)
{
	size_t count = characters(password);
	if (count < LIMIT_PASSWORD_CHARACTERS_MIN || count > LIMIT_PASSWORD_CHARACTERS_MAX) {
		return status_field(st, field, "has %zu characters; a password has %u to %u", count, LIMIT_PASSWORD_CHARACTERS_MIN, LIMIT_PASSWORD_CHARACTERS_MAX);
	}
	for (size_t i = 0; i < sizeof commonest / sizeof commonest[0]; i++) {
		if (strcasecmp(password, commonest[i]) == 0) {
			return status_field(st, field, "is one of the passwords that everybody tries first; choose another");
		}
	}
	return true;
}

bool password_hash(const char *password, char ret_hash[PASSWORD_HASH_BYTES], struct status *st)
{
	if (crypto_pwhash_str_alg(ret_hash, password, strlen(password), PASSES, MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "HASH_MEMORY", "the server has no memory to hash a password now; try again");
	}
	return true;
}

static char nobody[PASSWORD_HASH_BYTES];

static void make_nobody(void)
{
	uint8_t random[32];
	char text[65];
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(text, sizeof text, random, sizeof random);
	if (crypto_pwhash_str_alg(nobody, text, strlen(text), PASSES, MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		nobody[0] = '\0';
	}
}

bool password_verify(const char *hash, const char *password)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_nobody);
	bool real = hash && *hash;
	bool fits = crypto_pwhash_str_verify(real ? hash : nobody, password, strlen(password)) == 0;
	return real && fits;
}
