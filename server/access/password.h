/* SPDX-License-Identifier: Apache-2.0
 *
 * password.h - argon2id by libsodium. Slow on purpose (~40 ms): call it on a hasher thread, never on a worker or the writer.
 *
 * Parameters: 3 passes over 64 MiB, one lane (RFC 9106 second recommendation, within OWASP ASVS 5.0 appendix C).
 */
#pragma once

#include "common/base/status.h"

#include <sodium.h>

enum { PASSWORD_HASH_BYTES = crypto_pwhash_STRBYTES };

/* Says on `field` what is wrong with a new password: its length in characters, or that everybody tries it first. */
bool password_check(const char *password, const char *field, struct status *st);
bool password_hash(const char *password, char ret_hash[PASSWORD_HASH_BYTES], struct status *st);
/* `hash` NULL or "": takes as long as a real one and is false. */
bool password_verify(const char *hash, const char *password);
