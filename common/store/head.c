/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of the log, signed (Ed25519). Whoever keeps one elsewhere can tell later that the log up to it is still what it was: a hash of the chain stands for every
 * record before it.
 */
#include "common/store/store_private.h"

#include "common/store/encode.h"

#include <sodium.h>
#include <stdio.h>

static_assert((int)STORE_KEY_BYTES == (int)crypto_sign_PUBLICKEYBYTES && (int)STORE_SECRET_KEY_BYTES == (int)crypto_sign_SECRETKEYBYTES &&
              (int)STORE_SIGNATURE_BYTES == (int)crypto_sign_BYTES && (int)STORE_ID_BYTES == (int)STORE_CLUSTER_ID_BYTES, "Ed25519");

enum { TEXT_BYTES = 256, OFFSET_REVISION = STORE_ID_BYTES, OFFSET_TIME = OFFSET_REVISION + 8, OFFSET_HASH = OFFSET_TIME + 8,
       OFFSET_KEY = OFFSET_HASH + STORE_HASH_BYTES, OFFSET_SIGNATURE = OFFSET_KEY + STORE_KEY_BYTES, HEAD_BYTES = OFFSET_SIGNATURE + STORE_SIGNATURE_BYTES };

/* What is signed. Returns its length. */
static size_t head_text(const struct store_head *head, char text[TEXT_BYTES])
{
	char id[2 * STORE_ID_BYTES + 1], hash[2 * STORE_HASH_BYTES + 1];
	sodium_bin2hex(id, sizeof id, head->store, sizeof head->store);
	sodium_bin2hex(hash, sizeof hash, head->hash, sizeof head->hash);
	return (size_t)snprintf(text, TEXT_BYTES, "kam audit head 1\n%s\n%llu\n%lld\n%s\n", id, (unsigned long long)head->revision, (long long)head->time_us, hash);
}

bool store_head_sign(const struct store_view *view, const uint8_t *secret_key, struct store_head *ret_head, struct status *st)
{
	struct log_head end;
	char text[TEXT_BYTES];
	if (!view_log_head(view, &end, st)) {
		return false;
	}
	struct store_head head = {.revision = end.revision, .time_us = end.time_us};
	memcpy(head.store, view->store->cluster_id, sizeof head.store);
	memcpy(head.hash, end.hash, sizeof head.hash);
	crypto_sign_ed25519_sk_to_pk(head.public_key, secret_key);
	size_t size = head_text(&head, text);
	crypto_sign_detached(head.signature, NULL, (const uint8_t *)text, size, secret_key);
	*ret_head = head;
	return true;
}

static bool not_the_same(struct status *st, const char *reason, uint64_t revision, const char *what)
{
	return status_fail(st, STATUS_DATA_LOSS, reason, "The log is not the one that was signed at revision %llu: %s.", (unsigned long long)revision, what);
}

bool store_head_check(const struct store_view *view, const struct store_head *head, const uint8_t *public_key, struct status *st)
{
	char text[TEXT_BYTES];
	struct key key;
	struct bytes record;
	struct entry entry;
	size_t size = head_text(head, text);
	if ((public_key && memcmp(public_key, head->public_key, STORE_KEY_BYTES) != 0) ||
	    crypto_sign_verify_detached(head->signature, (const uint8_t *)text, size, head->public_key) != 0) {
		return status_fail(st, STATUS_DATA_LOSS, "HEAD_FORGED", "The head was not signed with the key of this store: either was exchanged.");
	}
	if (memcmp(head->store, view->store->cluster_id, sizeof head->store) != 0) {
		return not_the_same(st, "HEAD_OF_ANOTHER", head->revision, "the head is of another store");
	}
	key_of_revision(head->revision, &key);
	if (!view_find(view, DB_LOG, key_bytes(&key), &record, st)) {
		return status_ok(st) && not_the_same(st, "LOG_CUT", head->revision, "it ends before, so its end was cut off or an older file put back");
	}
	if (!entry_read(record, key_bytes(&key), &entry)) {
		return view_damaged_revision(st, head->revision);
	}
	return (memcmp(entry.hash, head->hash, sizeof head->hash) == 0 && entry.time_us == head->time_us) ||
	       not_the_same(st, "LOG_REPLACED", head->revision, "another record is in its place");
}

void store_head_put(struct store_txn *txn, const struct store_head *head)
{
	uint8_t bytes[HEAD_BYTES];
	memcpy(bytes, head->store, STORE_ID_BYTES);
	encode_u64(bytes + OFFSET_REVISION, head->revision);
	encode_u64(bytes + OFFSET_TIME, (uint64_t)head->time_us);
	memcpy(bytes + OFFSET_HASH, head->hash, STORE_HASH_BYTES);
	memcpy(bytes + OFFSET_KEY, head->public_key, STORE_KEY_BYTES);
	memcpy(bytes + OFFSET_SIGNATURE, head->signature, STORE_SIGNATURE_BYTES);
	if (status_ok(&txn->status)) {
		meta_put(txn, META_HEAD, (struct bytes){bytes, sizeof bytes});
	}
}

bool store_head_last(const struct store_view *view, struct store_head *ret_head, struct status *st)
{
	struct bytes bytes;
	if (!meta_get(view, META_HEAD, &bytes, st)) {
		return false;
	}
	if (bytes.size != HEAD_BYTES) {
		return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "The signed head in the store is malformed: restore a backup.");
	}
	memcpy(ret_head->store, bytes.data, STORE_ID_BYTES);
	ret_head->revision = decode_u64(bytes.data + OFFSET_REVISION);
	ret_head->time_us = (int64_t)decode_u64(bytes.data + OFFSET_TIME);
	memcpy(ret_head->hash, bytes.data + OFFSET_HASH, STORE_HASH_BYTES);
	memcpy(ret_head->public_key, bytes.data + OFFSET_KEY, STORE_KEY_BYTES);
	memcpy(ret_head->signature, bytes.data + OFFSET_SIGNATURE, STORE_SIGNATURE_BYTES);
	return true;
}
