/* SPDX-License-Identifier: Apache-2.0
 *
 * key_set.h - the public keys of an issuer, and whether a token is signed by one of them.
 *
 * Owns:    a set is freed by whoever made it; it does not change.     Threads: any number may verify at once.
 * Source:  RFC 7517 (key sets); RFC 7518 sections 3.3, 3.4 and 6 (RS256, ES256, their keys); RFC 8725 sections 3.1 and 3.5.
 */
#pragma once

#include "server/oidc/id_token.h"

struct key_set;

/* Reads a JSON Web Key Set. Keys of other kinds, for other uses, or too weak (RSA below 2048 bits) are passed over. FAILED_PRECONDITION where none is left. */
struct key_set *key_set_read(struct bytes text, struct status *st);
void key_set_free(struct key_set *keys);
size_t key_set_count(const struct key_set *keys);

/* Whether the set has a key of the token's algorithm and key id; a token that names none is taken to be by the only one of its algorithm. */
bool key_set_has(const struct key_set *keys, const struct id_token *token);
/* UNAUTHENTICATED where there is no such key, or the signature is not by it. */
bool key_set_verify(const struct key_set *keys, const struct id_token *token, struct status *st);
