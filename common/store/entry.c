/* SPDX-License-Identifier: Apache-2.0
 *
 * The stored bytes are the canonical form: what is hashed is what lies there, so verifying never depends on encoding anew.
 */
#include "common/store/entry.h"

#include "common/base/limits.h"
#include "common/store/encode.h"
#include "common/store/keys.h"
#include "common/store/record.h"

#include <sodium.h>

enum { OFFSET_HASH = 4, OFFSET_PREVIOUS = 36, OFFSET_TIME = 68, OFFSET_CODE = 76, OFFSET_TEXTS = 80, VARINT_BYTES_MAX = 10 };

static_assert(STORE_HASH_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");

/* ---- reading ---- */

static bool take(struct bytes *rest, size_t size, struct bytes *ret_bytes)
{
	if (size > rest->size) {
		return false;
	}
	*ret_bytes = (struct bytes){rest->data, size};
	*rest = (struct bytes){rest->data + size, rest->size - size};
	return true;
}

static bool take_varint(struct bytes *rest, uint64_t *ret_number)
{
	uint64_t number = 0;
	for (size_t i = 0; i < rest->size && i < VARINT_BYTES_MAX; i++) {
		uint8_t byte = rest->data[i];
		if (i == VARINT_BYTES_MAX - 1 && byte > 1) {
			return false;
		}
		number |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			*rest = (struct bytes){rest->data + i + 1, rest->size - i - 1};
			*ret_number = number;
			return true;
		}
	}
	return false;
}

static bool take_text(struct bytes *rest, struct bytes *ret_text)
{
	uint64_t size;
	return take_varint(rest, &size) && size <= rest->size && take(rest, (size_t)size, ret_text);
}

bool entry_read(struct bytes record, struct bytes key, struct entry *ret_entry)
{
	if (key_to_revision(key) == 0 || record.size < OFFSET_TEXTS || !record_sealed(record, key)) {
		return false;
	}
	struct entry entry = {
		.revision = key_to_revision(key),
		.time_us = (int64_t)decode_u64(record.data + OFFSET_TIME),
		.code = decode_u32(record.data + OFFSET_CODE),
		.hash = record.data + OFFSET_HASH,
		.previous_hash = record.data + OFFSET_PREVIOUS,
		.rest = {record.data + OFFSET_TEXTS, record.size - OFFSET_TEXTS},
	};
	if (!take_text(&entry.rest, &entry.actor) || !take_text(&entry.rest, &entry.request_id) || !take_text(&entry.rest, &entry.method) ||
	    !take_text(&entry.rest, &entry.peer) || !take_text(&entry.rest, &entry.client) || !take_text(&entry.rest, &entry.note) ||
	    !take_varint(&entry.rest, &entry.events) || !take_varint(&entry.rest, &entry.changes_left) ||
	    entry.changes_left > LIMIT_CHANGES) {
		return false;
	}
	*ret_entry = entry;
	return true;
}

bool entry_next(struct entry *entry, struct entry_change *ret_change)
{
	struct bytes name, operation, digest, rest = entry->rest;
	uint64_t previous;
	if (entry->changes_left == 0 || !take_text(&rest, &name) || !take(&rest, 1, &operation) || !take_varint(&rest, &previous) ||
	    !take(&rest, ROW_DIGEST_BYTES, &digest) || *operation.data < STORE_CREATE || *operation.data > STORE_PURGE) {
		return false;
	}
	*ret_change = (struct entry_change){name, (enum store_operation)*operation.data, previous, digest.data};
	entry->rest = rest;
	entry->changes_left--;
	return true;
}

bool entry_complete(const struct entry *entry)
{
	return entry->changes_left == 0 && entry->rest.size == 0;
}

/* ---- writing ---- */

static void add_varint(struct scratch *record, uint64_t number)
{
	uint8_t bytes[VARINT_BYTES_MAX];
	size_t size = 0;
	for (; number >= 0x80; number >>= 7) {
		bytes[size++] = (uint8_t)(number | 0x80);
	}
	bytes[size++] = (uint8_t)number;
	scratch_add(record, bytes, size);
}

static void add_text(struct scratch *record, const char *text)
{
	size_t size = text ? strlen(text) : 0;
	add_varint(record, size);
	scratch_add(record, text, size);
}

void entry_begin(struct scratch *record, const struct store_entry *entry, int64_t time_us, const uint8_t *previous_hash)
{
	scratch_clear(record);
	uint8_t *head = scratch_extend(record, OFFSET_TEXTS);
	if (!head) {
		return;
	}
	memcpy(head + OFFSET_PREVIOUS, previous_hash, STORE_HASH_BYTES);
	encode_u64(head + OFFSET_TIME, (uint64_t)time_us);
	encode_u32(head + OFFSET_CODE, entry->code);
	add_text(record, entry->actor);
	add_text(record, entry->request_id);
	add_text(record, entry->method);
	add_text(record, entry->peer);
	add_text(record, entry->client);
	add_text(record, entry->note);
	add_varint(record, entry->events ? entry->events : 1);
	add_varint(record, entry->changes_count);
}

void entry_add(struct scratch *record, const struct store_change *change, const uint8_t *digest)
{
	uint8_t operation = (uint8_t)change->operation;
	add_text(record, change->name);
	scratch_add(record, &operation, 1);
	add_varint(record, change->previous_revision);
	scratch_add(record, digest, ROW_DIGEST_BYTES);
}

void entry_end(struct scratch *record, struct bytes key, uint8_t *ret_hash)
{
	if (record->failed) {
		return;
	}
	entry_hash((struct bytes){record->data, record->size}, key, ret_hash);
	memcpy(record->data + OFFSET_HASH, ret_hash, STORE_HASH_BYTES);
	record_seal(record->data, record->size, key);
}

void entry_hash(struct bytes record, struct bytes key, uint8_t *ret_hash)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, STORE_HASH_BYTES);
	crypto_generichash_update(&state, key.data, key.size);
	crypto_generichash_update(&state, record.data + OFFSET_PREVIOUS, record.size - OFFSET_PREVIOUS);
	crypto_generichash_final(&state, ret_hash, STORE_HASH_BYTES);
}
