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

enum { OFFSET_HASH = 4, OFFSET_PREVIOUS = 36, OFFSET_DIGEST = 68, OFFSET_TIME = 100, OFFSET_CODE = 108, OFFSET_FRAME_SIZE = 112, OFFSET_FRAME = 116,
       TAIL_BYTES = 8 + ROW_NONCE_BYTES /* before the texts */, VARINT_BYTES_MAX = 10 };

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

/* Everything behind the fixed part, up to the first change. */
static bool read_frame(struct entry *entry)
{
	struct bytes *rest = &entry->frame_rest;
	uint64_t amendments;
	return take_text(rest, &entry->method) && take_varint(rest, &entry->events) && take_varint(rest, &amendments) &&
	       amendments <= rest->size / ENTRY_AMENDMENT_BYTES && take(rest, (size_t)amendments * ENTRY_AMENDMENT_BYTES, &entry->amendments) &&
	       take_varint(rest, &entry->changes_count) && entry->changes_count <= LIMIT_CHANGES;
}

bool entry_read(struct bytes record, struct bytes key, struct entry *ret_entry)
{
	if (key_to_revision(key) == 0 || record.size < OFFSET_FRAME + TAIL_BYTES || !record_sealed(record, key)) {
		return false;
	}
	size_t frame_size = decode_u32(record.data + OFFSET_FRAME_SIZE);
	if (frame_size > record.size - OFFSET_FRAME - TAIL_BYTES) {
		return false;
	}
	const uint8_t *tail = record.data + OFFSET_FRAME + frame_size;
	struct entry entry = {
		.revision = key_to_revision(key),
		.time_us = (int64_t)decode_u64(record.data + OFFSET_TIME),
		.code = decode_u32(record.data + OFFSET_CODE),
		.hash = record.data + OFFSET_HASH,
		.previous_hash = record.data + OFFSET_PREVIOUS,
		.digest = record.data + OFFSET_DIGEST,
		.amended = decode_u64(tail),
		.nonce = tail + 8,
		.hashed = {record.data + OFFSET_PREVIOUS, OFFSET_FRAME - OFFSET_PREVIOUS + frame_size},
		.frame_rest = {record.data + OFFSET_FRAME, frame_size},
		.texts = {tail + TAIL_BYTES, record.size - OFFSET_FRAME - frame_size - TAIL_BYTES},
	};
	struct bytes *rest = &entry.names_rest;
	*rest = entry.texts;
	if (!read_frame(&entry) || !take_text(rest, &entry.actor) || !take_text(rest, &entry.request_id) || !take_text(rest, &entry.peer) ||
	    !take_text(rest, &entry.client) || !take_text(rest, &entry.note)) {
		return false;
	}
	entry.changes_left = entry.changes_count;
	*ret_entry = entry;
	return true;
}

bool entry_next(struct entry *entry, struct entry_change *ret_change)
{
	struct bytes name, operation, digest, frame = entry->frame_rest, names = entry->names_rest;
	uint64_t previous;
	if (entry->changes_left == 0 || !take_text(&names, &name) || !take(&frame, 1, &operation) || !take_varint(&frame, &previous) ||
	    !take(&frame, ROW_DIGEST_BYTES, &digest) || *operation.data < STORE_CREATE || *operation.data > STORE_PURGE) {
		return false;
	}
	*ret_change = (struct entry_change){name, (enum store_operation)*operation.data, previous, digest.data};
	entry->frame_rest = frame;
	entry->names_rest = names;
	entry->changes_left--;
	return true;
}

bool entry_complete(const struct entry *entry)
{
	return entry->changes_left == 0 && entry->frame_rest.size == 0 && entry->names_rest.size == 0;
}

void entry_hash(const struct entry *entry, struct bytes key, uint8_t *ret_hash)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, STORE_HASH_BYTES);
	crypto_generichash_update(&state, key.data, key.size);
	crypto_generichash_update(&state, entry->hashed.data, entry->hashed.size);
	crypto_generichash_final(&state, ret_hash, STORE_HASH_BYTES);
}

static void texts_digest(struct bytes texts, const uint8_t *nonce, uint8_t *ret_digest)
{
	crypto_generichash(ret_digest, STORE_HASH_BYTES, texts.data, texts.size, nonce, ROW_NONCE_BYTES);
}

void entry_digest(const struct entry *entry, uint8_t *ret_digest)
{
	texts_digest(entry->texts, entry->nonce, ret_digest);
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

static void add_texts(struct scratch *texts, const struct store_entry *entry)
{
	scratch_clear(texts);
	add_text(texts, entry->actor);
	add_text(texts, entry->request_id);
	add_text(texts, entry->peer);
	add_text(texts, entry->client);
	add_text(texts, entry->note);
}

/* What follows the frame. False without memory. */
static bool add_tail(struct entry_writer *writer, uint64_t amended, const uint8_t *nonce)
{
	uint8_t revision[8];
	encode_u64(revision, amended);
	scratch_add(&writer->record, revision, sizeof revision);
	scratch_add(&writer->record, nonce, ROW_NONCE_BYTES);
	scratch_add(&writer->record, writer->texts.data, writer->texts.size);
	writer->record.failed = writer->record.failed || writer->texts.failed;
	return !writer->record.failed;
}

void entry_writer_done(struct entry_writer *writer)
{
	scratch_done(&writer->record);
	scratch_done(&writer->texts);
}

void entry_begin(struct entry_writer *writer, const struct store_entry *entry, int64_t time_us, const uint8_t *previous_hash, struct bytes amendments)
{
	scratch_clear(&writer->record);
	add_texts(&writer->texts, entry);
	uint8_t *head = scratch_extend(&writer->record, OFFSET_FRAME);
	if (!head) {
		return;
	}
	memcpy(head + OFFSET_PREVIOUS, previous_hash, STORE_HASH_BYTES);
	encode_u64(head + OFFSET_TIME, (uint64_t)time_us);
	encode_u32(head + OFFSET_CODE, entry->code);
	add_text(&writer->record, entry->method);
	add_varint(&writer->record, entry->events ? entry->events : 1);
	add_varint(&writer->record, amendments.size / ENTRY_AMENDMENT_BYTES);
	scratch_add(&writer->record, amendments.data, amendments.size);
	add_varint(&writer->record, entry->changes_count);
}

void entry_add(struct entry_writer *writer, const struct store_change *change, const uint8_t *digest)
{
	uint8_t operation = (uint8_t)change->operation;
	add_text(&writer->texts, change->name);
	scratch_add(&writer->record, &operation, 1);
	add_varint(&writer->record, change->previous_revision);
	scratch_add(&writer->record, digest, ROW_DIGEST_BYTES);
}

void entry_end(struct entry_writer *writer, const uint8_t *nonce, struct bytes key, uint8_t *ret_hash)
{
	struct scratch *record = &writer->record;
	size_t hashed_size = record->size - OFFSET_PREVIOUS;
	if (record->failed || !add_tail(writer, 0, nonce)) {
		return;
	}
	encode_u32(record->data + OFFSET_FRAME_SIZE, (uint32_t)(hashed_size + OFFSET_PREVIOUS - OFFSET_FRAME));
	texts_digest((struct bytes){writer->texts.data, writer->texts.size}, nonce, record->data + OFFSET_DIGEST);
	struct entry hashed = {.hashed = {record->data + OFFSET_PREVIOUS, hashed_size}};
	entry_hash(&hashed, key, ret_hash);
	memcpy(record->data + OFFSET_HASH, ret_hash, STORE_HASH_BYTES);
	record_seal(record->data, record->size, key);
}

void entry_amend(struct entry_writer *writer, const struct entry *old, const struct store_entry *entry, uint64_t amended, const uint8_t *nonce,
                 struct bytes key, uint8_t *ret_digest)
{
	scratch_clear(&writer->record);
	add_texts(&writer->texts, entry);
	for (size_t i = 0; i < entry->changes_count; i++) {
		add_text(&writer->texts, entry->changes[i].name);
	}
	scratch_extend(&writer->record, SEAL_BYTES);
	scratch_add(&writer->record, old->hash, STORE_HASH_BYTES);
	scratch_add(&writer->record, old->hashed.data, old->hashed.size);
	if (add_tail(writer, amended, nonce)) {
		texts_digest((struct bytes){writer->texts.data, writer->texts.size}, nonce, ret_digest);
		record_seal(writer->record.data, writer->record.size, key);
	}
}

/* ---- amendments ---- */

void entry_amendment_write(uint64_t revision, uint32_t item, const uint8_t *digest, uint8_t ret_bytes[ENTRY_AMENDMENT_BYTES])
{
	encode_u64(ret_bytes, revision);
	encode_u32(ret_bytes + 8, item);
	memcpy(ret_bytes + 12, digest, STORE_HASH_BYTES);
}

const uint8_t *entry_amendment_find(const struct entry *entry, uint64_t revision, uint32_t item)
{
	uint8_t sought[12];
	size_t low = 0, high = entry->amendments.size / ENTRY_AMENDMENT_BYTES;
	encode_u64(sought, revision);
	encode_u32(sought + 8, item);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const uint8_t *found = entry->amendments.data + middle * ENTRY_AMENDMENT_BYTES;
		int order = memcmp(sought, found, sizeof sought);
		if (order == 0) {
			return found + sizeof sought;
		}
		if (order > 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}
