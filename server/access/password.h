/* SPDX-License-Identifier: Apache-2.0
 *
 * password.h - argon2id by libsodium, and which passwords are refused. Hashing is slow on purpose (~40 ms): call it on a hasher thread, never on a worker or
 * the writer.
 *
 * Parameters: 3 passes over 64 MiB, one lane, where the configuration says nothing else (RFC 9106 second recommendation, within OWASP ASVS 5.0 appendix C).
 */
#pragma once

#include "common/base/status.h"
#include "server/access/settings.h"

#include <sodium.h>

enum { PASSWORD_HASH_BYTES = crypto_pwhash_STRBYTES };

/* Memory times passes is at least LIMIT_PASSWORD_WORK_MIB; INVALID_ARGUMENT otherwise. */
bool password_cost_check(const struct password_cost *cost, struct status *st);

/* Says on `field` what is wrong with a new password: its length in characters, or that it is among the first that everybody tries. `own` are texts of its
 * user that are no secret (id, name, address), ended by NULL; NULL: none are known. */
bool password_check(const char *password, const char *const *own, const char *field, struct status *st);
/* It is on the list of the commonest, follows from such a one or from `own` by a few digits, or is a row or sequence of keys. Letters count the same in
 * either case. */
bool password_common(const char *password, const char *const *own);

bool password_hash(const struct password_cost *cost, const char *password, char ret_hash[PASSWORD_HASH_BYTES], struct status *st);
/* Takes as long as a hash of this cost, whatever `hash` is: one of less cost, one that fits nothing, NULL, or "". Only one of more cost takes longer. */
bool password_verify(const struct password_cost *cost, const char *hash, const char *password);
/* The hash was made at another cost, or is none: whoever has the password at hand should hash it anew. */
bool password_outdated(const struct password_cost *cost, const char *hash);
