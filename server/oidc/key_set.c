/* SPDX-License-Identifier: Apache-2.0
 *
 * A key is bound to one algorithm when it is read, so that no token can choose how a key is used.
 */
#include "server/oidc/key_set.h"

#include "common/base/base64.h"
#include "common/base/limits.h"
#include "common/schema/json_object.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>

enum { READ_BYTES = 32 << 20, COORDINATE_BYTES = 32, POINT_BYTES = 1 + 2 * COORDINATE_BYTES, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, EXPONENT_BYTES_MAX = 8 };

struct key {
	enum id_token_algorithm algorithm;
	char *id; /* NULL: it has none */
	EVP_PKEY *key;
};

struct key_set {
	size_t count;
	struct key keys[LIMIT_ISSUER_KEYS];
};

/* ---- reading ----------------------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *make_key(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!context || EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		key = NULL;
	}
	EVP_PKEY_CTX_free(context);
	return key;
}

static bool member_bytes(const struct json_members *jwk, const char *name, struct arena *arena, struct bytes *ret_bytes)
{
	const char *text = json_member_text(jwk, name);
	return text && base64_decode(text, strlen(text), arena, ret_bytes) && ret_bytes->size > 0;
}

static EVP_PKEY *read_rsa(const struct json_members *jwk, struct arena *arena)
{
	struct bytes n, e;
	EVP_PKEY *key = NULL;
	if (!member_bytes(jwk, "n", arena, &n) || !member_bytes(jwk, "e", arena, &e) || n.size > RSA_BITS_MAX / 8 + 1 || e.size > EXPONENT_BYTES_MAX) {
		return NULL;
	}
	BIGNUM *modulus = BN_bin2bn(n.data, (int)n.size, NULL), *exponent = BN_bin2bn(e.data, (int)e.size, NULL);
	bool sound = modulus && exponent && BN_num_bits(modulus) >= RSA_BITS_MIN && BN_num_bits(modulus) <= RSA_BITS_MAX && BN_is_odd(modulus) &&
	             BN_is_odd(exponent) &&
	             !BN_is_one(exponent);
	OSSL_PARAM_BLD *build = sound ? OSSL_PARAM_BLD_new() : NULL;
	OSSL_PARAM *params = NULL;
	if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
		params = OSSL_PARAM_BLD_to_param(build);
	}
	if (params) {
		key = make_key("RSA", params);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(modulus);
	BN_free(exponent);
	return key;
}

/* OpenSSL refuses a point that is not on the curve. */
static EVP_PKEY *read_ec(const struct json_members *jwk, struct arena *arena)
{
	static char group[] = "P-256";
	uint8_t point[POINT_BYTES] = {4};
	struct bytes x, y;
	const char *curve = json_member_text(jwk, "crv");
	if (!curve || strcmp(curve, "P-256") != 0 || !member_bytes(jwk, "x", arena, &x) || !member_bytes(jwk, "y", arena, &y) || x.size != COORDINATE_BYTES ||
	    y.size != COORDINATE_BYTES) {
		return NULL;
	}
	memcpy(point + 1, x.data, COORDINATE_BYTES);
	memcpy(point + 1 + COORDINATE_BYTES, y.data, COORDINATE_BYTES);
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	                       OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point), OSSL_PARAM_construct_end()};
	return make_key("EC", params);
}

/* Whether a key is for verifying, by this algorithm; it need not say so. */
static bool is_for(const struct json_members *jwk, const char *algorithm, struct arena *arena, struct status *st)
{
	const struct json_member *use = json_member_find(jwk, "use"), *alg = json_member_find(jwk, "alg"), *operations = json_member_find(jwk, "key_ops");
	if ((use && (use->kind != JSON_STRING || strcmp(use->text, "sig") != 0)) || (alg && (alg->kind != JSON_STRING || strcmp(alg->text, algorithm) != 0))) {
		return false;
	}
	struct json_members list = {0};
	if (operations && (operations->kind != JSON_LIST || !json_read_elements(operations->raw, arena, &list, st))) {
		return false;
	}
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].kind == JSON_STRING && strcmp(list.items[i].text, "verify") == 0) {
			return true;
		}
	}
	return !operations;
}

static void add_key(struct key_set *keys, const struct json_members *jwk, struct arena *arena, struct status *st)
{
	const char *type = json_member_text(jwk, "kty"), *id = json_member_text(jwk, "kid");
	bool rsa = type && strcmp(type, "RSA") == 0, ec = type && strcmp(type, "EC") == 0;
	struct key key = {.algorithm = rsa ? ID_TOKEN_RS256 : ID_TOKEN_ES256};
	if ((!rsa && !ec) || keys->count == LIMIT_ISSUER_KEYS || !is_for(jwk, rsa ? "RS256" : "ES256", arena, st)) {
		return;
	}
	key.key = rsa ? read_rsa(jwk, arena) : read_ec(jwk, arena);
	key.id = id && key.key ? strdup(id) : NULL;
	if (key.key && (!id || key.id)) {
		keys->keys[keys->count++] = key;
	} else {
		EVP_PKEY_free(key.key);
	}
	ERR_clear_error();
}

static bool read_keys(struct key_set *keys, struct bytes text, struct arena *arena, struct status *st)
{
	struct json_members set, list, jwk;
	if (!json_read_members(text, arena, &set, st)) {
		return false;
	}
	const struct json_member *member = json_member_find(&set, "keys");
	if (!member || member->kind != JSON_LIST) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "ISSUER_KEYS", "it is no key set: it has no list of keys");
	}
	if (!json_read_elements(member->raw, arena, &list, st)) {
		return false;
	}
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].kind != JSON_OBJECT) {
			return status_fail(st, STATUS_FAILED_PRECONDITION, "ISSUER_KEYS", "it is no key set: a key is no object");
		}
		if (!json_read_members(list.items[i].raw, arena, &jwk, st)) {
			return false;
		}
		add_key(keys, &jwk, arena, st);
	}
	return keys->count > 0 || status_fail(st, STATUS_FAILED_PRECONDITION, "ISSUER_KEYS",
		"it has no key that can be used: RSA of 2048 bits or more, or EC P-256, to verify");
}

struct key_set *key_set_read(struct bytes text, struct status *st)
{
	struct key_set *keys = calloc(1, sizeof *keys);
	struct arena arena;
	arena_init(&arena, READ_BYTES);
	if (!keys) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	} else if (!read_keys(keys, text, &arena, st) || !status_ok(st)) {
		key_set_free(keys);
		keys = NULL;
	}
	arena_done(&arena);
	return keys;
}

void key_set_free(struct key_set *keys)
{
	for (size_t i = 0; keys && i < keys->count; i++) {
		free(keys->keys[i].id);
		EVP_PKEY_free(keys->keys[i].key);
	}
	free(keys);
}

size_t key_set_count(const struct key_set *keys)
{
	return keys->count;
}

/* ---- verifying --------------------------------------------------------------------------------------------------------------------- */

static const struct key *find(const struct key_set *keys, const struct id_token *token)
{
	const struct key *found = NULL;
	for (size_t i = 0; i < keys->count; i++) {
		const struct key *key = &keys->keys[i];
		if (key->algorithm != token->algorithm || (token->key_id && (!key->id || strcmp(key->id, token->key_id) != 0))) {
			continue;
		}
		if (token->key_id) {
			return key;
		}
		if (found) {
			return NULL; /* Core 10.1: where there are several, a token names its own */
		}
		found = key;
	}
	return found;
}

bool key_set_has(const struct key_set *keys, const struct id_token *token)
{
	return find(keys, token) != NULL;
}

/* r and s as they stand in the token, in the form that OpenSSL reads. */
static int to_der(struct bytes signature, uint8_t **ret_der)
{
	int size = -1;
	ECDSA_SIG *pair = signature.size == 2 * COORDINATE_BYTES ? ECDSA_SIG_new() : NULL;
	BIGNUM *r = pair ? BN_bin2bn(signature.data, COORDINATE_BYTES, NULL) : NULL;
	BIGNUM *s = pair ? BN_bin2bn(signature.data + COORDINATE_BYTES, COORDINATE_BYTES, NULL) : NULL;
	if (r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
		size = i2d_ECDSA_SIG(pair, ret_der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return size;
}

static bool holds(const struct key *key, const struct id_token *token)
{
	struct bytes signature = token->signature;
	uint8_t *der = NULL;
	if (key->algorithm == ID_TOKEN_ES256) {
		int size = to_der(signature, &der);
		signature = (struct bytes){der, size > 0 ? (size_t)size : 0};
	} else if (signature.size != (size_t)EVP_PKEY_get_size(key->key)) {
		signature.size = 0;
	}
	EVP_MD_CTX *context = signature.size > 0 ? EVP_MD_CTX_new() : NULL;
	bool ok = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
	          EVP_DigestVerify(context, signature.data, signature.size, token->signed_text.data, token->signed_text.size) == 1;
	EVP_MD_CTX_free(context);
	OPENSSL_free(der);
	ERR_clear_error();
	return ok;
}

bool key_set_verify(const struct key_set *keys, const struct id_token *token, struct status *st)
{
	const struct key *key = find(keys, token);
	if (!key) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "ID_TOKEN", "its issuer has no such key (kid)");
	}
	return holds(key, token) || status_fail(st, STATUS_UNAUTHENTICATED, "ID_TOKEN", "its signature is not by its issuer's key");
}
