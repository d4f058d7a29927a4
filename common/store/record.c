/* SPDX-License-Identifier: Apache-2.0
 *
 * One seal for all kinds of record; rows are read where they lie in the map.
 */
#include "common/store/record.h"

#include "common/base/crc32c.h"
#include "common/store/encode.h"

#include <assert.h>
#include <sodium.h>

enum { FLAG_AMENDED = 1 };

static_assert(ROW_NONCE_BYTES >= crypto_generichash_KEYBYTES_MIN, "the nonce is a key");
static_assert(ROW_HEADER_BYTES == SEAL_BYTES + 8 + 1 + 1 + ROW_NONCE_BYTES, "as drawn in record.h");

static uint32_t record_checksum(const uint8_t *record, size_t size, struct bytes key)
{
	return crc32c(crc32c(0, key.data, key.size), record + SEAL_BYTES, size - SEAL_BYTES);
}

void record_seal(uint8_t *record, size_t size, struct bytes key)
{
	encode_u32(record, record_checksum(record, size, key));
}

bool record_sealed(struct bytes record, struct bytes key)
{
	return record.size >= SEAL_BYTES && decode_u32(record.data) == record_checksum(record.data, record.size, key);
}

void row_write(const struct row *row, uint8_t *ret_record)
{
	encode_u64(ret_record + 4, row->revision);
	ret_record[12] = (uint8_t)row->operation;
	ret_record[13] = row->amended ? FLAG_AMENDED : 0;
	memcpy(ret_record + 14, row->nonce, ROW_NONCE_BYTES);
	if (row->amended) {
		encode_u64(ret_record + ROW_HEADER_BYTES, row->amended);
	}
	if (row->value.size > 0) {
		memcpy(ret_record + row_size(row) - row->value.size, row->value.data, row->value.size);
	}
}

bool row_read(struct bytes record, struct bytes key, struct row *ret_row)
{
	if (record.size < ROW_HEADER_BYTES || !record_sealed(record, key)) {
		return false;
	}
	uint8_t operation = record.data[12], flags = record.data[13];
	size_t header = flags == FLAG_AMENDED ? (size_t)ROW_HEADER_BYTES + ROW_AMENDED_BYTES : (size_t)ROW_HEADER_BYTES;
	if (record.size < header) {
		return false;
	}
	*ret_row = (struct row){
		.revision = decode_u64(record.data + 4),
		.operation = (enum store_operation)operation,
		.nonce = record.data + 14,
		.value = {record.data + header, record.size - header},
		.amended = flags == FLAG_AMENDED ? decode_u64(record.data + ROW_HEADER_BYTES) : 0,
	};
	return operation >= STORE_CREATE && operation <= STORE_PURGE && (flags == 0 || (flags == FLAG_AMENDED && ret_row->amended > 0));
}

void row_digest(const struct row *row, uint8_t *ret_digest)
{
	if (row->operation == STORE_PURGE) {
		memset(ret_digest, 0, ROW_DIGEST_BYTES);
	} else {
		crypto_generichash(ret_digest, ROW_DIGEST_BYTES, row->value.data, row->value.size, row->nonce, ROW_NONCE_BYTES);
	}
}
