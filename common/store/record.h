/* SPDX-License-Identifier: Apache-2.0
 *
 * record.h - the bytes behind a key: the seal on every value, and the rows of current and history.
 *
 * Every value but index entries (which are empty, and told from the rows) starts with a seal: the CRC-32C of the key and of what follows
 * the seal. So a value that was flipped, cut, or filed under another key is found when it is read.
 *
 * A row, the same in current and in history:
 *     0  seal             u32
 *     4  revision         u64, at which this state came to be
 *    12  operation        u8, enum store_operation
 *    13  flags            u8: 1 where an erasure put other bytes in place of the first
 *    14  nonce            16 random bytes; zero where there are no bytes
 *    30  amended          u64, only with flag 1: revision of the erasure, whose record vouches for the bytes (entry.h)
 *        message bytes    none after PURGE
 * Example, accounts/a created with "hi" at revision 7, nonce 00 01 … 0F, in current (key "accounts" 00 "a"):
 *     D5 4D 23 CA  00 00 00 00 00 00 00 07  01  00  00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F  68 69
 * In history (key "accounts" 00 "a" 00 00 FF FF FF FF FF FF FF F8) only the seal differs.
 *
 * The log holds no message bytes but their digest, keyed with the nonce, which is kept beside the bytes. When PURGE deletes a name's rows,
 * bytes and nonce go together: the chain of the log still verifies, and nothing in it lets anyone test a guess at what was erased.
 *
 * A request's reply: seal, expiry in seconds u64, reply bytes. A setting in meta: seal, bytes.
 */
#pragma once

#include "common/store/store.h"

enum { SEAL_BYTES = 4, ROW_NONCE_BYTES = 16, ROW_HEADER_BYTES = 30, ROW_AMENDED_BYTES = 8, ROW_DIGEST_BYTES = 32 };

/* Writes the seal of a record that is filled behind SEAL_BYTES. */
void record_seal(uint8_t *record, size_t size, struct bytes key);
/* False where the record is too short for a seal or does not match it. */
bool record_sealed(struct bytes record, struct bytes key);

struct row {
	uint64_t revision;
	enum store_operation operation;
	const uint8_t *nonce;
	struct bytes value;
	uint64_t amended; /* 0: the bytes are the first */
};

/* Bytes that the row takes. */
static inline size_t row_size(const struct row *row)
{
	return (row->amended ? (size_t)ROW_HEADER_BYTES + ROW_AMENDED_BYTES : (size_t)ROW_HEADER_BYTES) + row->value.size;
}
/* Writes row_size() bytes, all but the seal, which depends on the key. */
void row_write(const struct row *row, uint8_t *ret_record);
/* Checks the seal and takes apart; the row points into the record. */
bool row_read(struct bytes record, struct bytes key, struct row *ret_row);
/* What the log keeps of a row's bytes: ROW_DIGEST_BYTES; zeros after PURGE. */
void row_digest(const struct row *row, uint8_t *ret_digest);
