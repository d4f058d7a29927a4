/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a sign-in takes must not tell whether there is such a user. No user, or one without a password, costs a hash that fits nothing; one whose hash is
 * of less cost than the configured one, because the cost has grown since, costs the difference on top. That is exact to some percent; the next sign-in makes
 * the hash anew, and the difference goes.
 */
#include "server/access/password.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { KIB_PER_MIB = 1024, LEAST_KIB = crypto_pwhash_MEMLIMIT_MIN / 1024 };

static size_t memory_bytes(const struct password_cost *cost)
{
	return (size_t)cost->memory_mib << 20;
}

bool password_cost_check(const struct password_cost *cost, struct status *st)
{
	uint64_t work_mib = (uint64_t)cost->memory_mib * cost->passes;
	return work_mib >= LIMIT_PASSWORD_WORK_MIB ||
	       status_fail(st, STATUS_INVALID_ARGUMENT, "CONFIG",
	                   "password.memory_mib times password.passes is %llu; less than %u makes stolen hashes too cheap to guess: raise one of them",
	                   (unsigned long long)work_mib, LIMIT_PASSWORD_WORK_MIB);
}

static size_t characters(const char *text)
{
	size_t count = 0;
	for (; *text; text++) {
		count += ((unsigned char)*text & 0xC0) != 0x80;
	}
	return count;
}

bool password_check(const char *password, const char *const *own, const char *field, struct status *st)
{
	size_t count = characters(password);
	if (count < LIMIT_PASSWORD_CHARACTERS_MIN || count > LIMIT_PASSWORD_CHARACTERS_MAX) {
		return status_field(st, field, "has %zu characters; a password has %u to %u", count, LIMIT_PASSWORD_CHARACTERS_MIN, LIMIT_PASSWORD_CHARACTERS_MAX);
	}
	return !password_common(password, own) ||
	       status_field(st, field, "is one of the passwords that everybody tries first, or your own name with little added; choose another, such as three "
	                                "words that do not belong together");
}

bool password_hash(const struct password_cost *cost, const char *password, char ret_hash[PASSWORD_HASH_BYTES], struct status *st)
{
	if (crypto_pwhash_str_alg(ret_hash, password, strlen(password), cost->passes, memory_bytes(cost), crypto_pwhash_ALG_ARGON2ID13) != 0) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "HASH_MEMORY", "the server has no memory to hash a password now; try again");
	}
	return true;
}

/* A hash of the cost that fits nothing but by a chance of 1 in 2^256, and is not believed even then. */
static void hash_of_nobody(const struct password_cost *cost, char ret_hash[PASSWORD_HASH_BYTES])
{
	static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"; /* base64 */
	snprintf(ret_hash, PASSWORD_HASH_BYTES, "$argon2id$v=19$m=%u,t=%u,p=1$%.22s$%.43s", cost->memory_mib * KIB_PER_MIB, cost->passes, zeros, zeros);
	assert(!password_outdated(cost, ret_hash)); /* one that is malformed would be told from others by its time */
}

/* Memory in KiB times passes, as the hash's own text says; 0 where it says nothing of the kind. */
static uint64_t work_of(const char *hash)
{
	unsigned memory, passes;
	return sscanf(hash, "$argon2id$v=19$m=%9u,t=%9u,", &memory, &passes) == 2 ? (uint64_t)memory * passes : 0;
}

/* Hashes for nothing: so much work, in memory up to the cost's. */
static void work(const struct password_cost *cost, uint64_t work_kib, const char *password)
{
	static const uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t thrown_away[32];
	uint64_t memory_kib = (uint64_t)cost->memory_mib * KIB_PER_MIB;
	memory_kib = work_kib < memory_kib ? work_kib : memory_kib;
	if (memory_kib >= LEAST_KIB) {
		int ignored = crypto_pwhash(thrown_away, sizeof thrown_away, password, strlen(password), salt, work_kib / memory_kib, (size_t)memory_kib * 1024,
		                            crypto_pwhash_ALG_ARGON2ID13);
		(void)ignored; /* without memory the time differs, as it does for everybody then */
	}
}

bool password_verify(const struct password_cost *cost, const char *hash, const char *password)
{
	char nobody[PASSWORD_HASH_BYTES];
	uint64_t wanted = (uint64_t)cost->memory_mib * KIB_PER_MIB * cost->passes, done = hash ? work_of(hash) : 0;
	hash_of_nobody(cost, nobody);
	bool fits = crypto_pwhash_str_verify(done > 0 ? hash : nobody, password, strlen(password)) == 0;
	if (done > 0 && done < wanted) {
		work(cost, wanted - done, password);
	}
	return done > 0 && fits;
}

bool password_outdated(const struct password_cost *cost, const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash, cost->passes, memory_bytes(cost)) != 0;
}
