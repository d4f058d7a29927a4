/* SPDX-License-Identifier: Apache-2.0
 *
 * audit_key.h - the Ed25519 key that signs the heads of the log: `audit.key` in the data directory, its seed in hexadecimal, readable by kamd's user alone.
 *
 * It proves where a head comes from, no more: whoever can write the data directory can sign as well. What they cannot do is change a head that is kept elsewhere.
 */
#pragma once

#include "common/store/store.h"

/* Makes the file; fails where there is one. */
bool audit_key_make(const char *directory, struct status *st);
/* Reads it. NOT_FOUND where there is none. */
bool audit_key_read(const char *directory, uint8_t ret_secret_key[STORE_SECRET_KEY_BYTES], struct status *st);
