/* SPDX-License-Identifier: Apache-2.0
 *
 * Amendments: what an erasure puts in place of texts and bytes of the past.
 *
 * Each record that is amended is written anew with its hash as it was; each row that has another name or other bytes is written anew, in history and, where
 * it is the newest of its name, in current, with its index entries. The digests of what stands there now go into txn->amendments, in order, for the record of
 * the erasure to list.
 */
#include "common/store/store_private.h"

#include <errno.h>
#include <sodium.h>

struct amending {
	struct store_txn *txn;
	const struct store_entry *to; /* how the record reads from now on */
	uint64_t revision;            /* of the erasure */
};

static bool list_amendment(struct amending *amending, uint32_t item, const uint8_t *digest)
{
	uint8_t *room = scratch_extend(&amending->txn->amendments, ENTRY_AMENDMENT_BYTES);
	if (!room) {
		return txn_fail(amending->txn, ENOMEM, "list what is erased");
	}
	entry_amendment_write(amending->to->revision, item, digest, room);
	return true;
}

static bool same_text(struct bytes had, const char *text)
{
	size_t size = text ? strlen(text) : 0;
	return had.size == size && (size == 0 || memcmp(had.data, text, size) == 0);
}

/* The row in current, where this is its newest: under its new name with its new bytes, and indexed so. */
static bool amend_current(struct amending *amending, const char *old_name, const struct row *old, const struct store_change *to, const struct row *row)
{
	struct store_txn *txn = amending->txn;
	struct key old_key, key;
	struct bytes record;
	struct row current;
	key_of_name(old_name, &old_key);
	key_of_name(to->name, &key);
	if (!view_find(&txn->view, DB_CURRENT, key_bytes(&old_key), &record, &txn->status)) {
		return status_ok(&txn->status);
	}
	if (!row_read(record, key_bytes(&old_key), &current)) {
		return view_damaged(&txn->status, "current", key_bytes(&old_key));
	}
	if (current.revision != old->revision) {
		return true;
	}
	if (!index_collect(txn->view.store, old_name, &old->value, &txn->old_index) || !index_collect(txn->view.store, to->name, &row->value, &txn->new_index)) {
		return txn_fail(txn, ENOMEM, "index what is erased");
	}
	return index_replace(txn, &txn->old_index, &txn->new_index) && txn_delete(txn, DB_CURRENT, key_bytes(&old_key)) &&
	       txn_put_row(txn, DB_CURRENT, &key, row);
}

/* Copies of what lies in the map, which the first put may move. */
struct row_copy {
	uint8_t nonce[ROW_NONCE_BYTES];
	struct row row;
};

static bool copy_row(struct store_txn *txn, struct bytes record, struct bytes key, struct row_copy *ret_copy)
{
	struct row row;
	if (!row_read(record, key, &row)) {
		return view_damaged(&txn->status, "history", key);
	}
	scratch_clear(&txn->old_bytes);
	uint8_t *bytes = scratch_extend(&txn->old_bytes, row.value.size + 1);
	if (!bytes) {
		return txn_fail(txn, ENOMEM, "erase");
	}
	if (row.value.size > 0) {
		memcpy(bytes, row.value.data, row.value.size);
	}
	memcpy(ret_copy->nonce, row.nonce, sizeof ret_copy->nonce);
	ret_copy->row = row;
	ret_copy->row.value.data = bytes;
	ret_copy->row.nonce = ret_copy->nonce;
	return true;
}

static bool amend_row(struct amending *amending, uint32_t item, const char *old_name, const struct store_change *to)
{
	struct store_txn *txn = amending->txn;
	bool renamed = strcmp(old_name, to->name) != 0;
	uint8_t nonce[ROW_NONCE_BYTES], digest[ROW_DIGEST_BYTES];
	struct key old_key, key;
	struct bytes record;
	struct row_copy old;
	if (!renamed && !to->value.data) {
		return true;
	}
	if (!key_of_name(old_name, &old_key) || !key_of_name(to->name, &key)) {
		return status_fail(&txn->status, STATUS_INVALID_ARGUMENT, "NAME_INVALID", "\"%.*s\" is not a resource name.", (int)LIMIT_NAME_BYTES, to->name);
	}
	key_add_revision(&old_key, amending->to->revision);
	key_add_revision(&key, amending->to->revision);
	if (!view_find(&txn->view, DB_HISTORY, key_bytes(&old_key), &record, &txn->status)) {
		return status_ok(&txn->status); /* purged since */
	}
	if (!copy_row(txn, record, key_bytes(&old_key), &old)) {
		return false;
	}
	struct row row = old.row;
	if (to->value.data && row.operation != STORE_PURGE) {
		randombytes_buf(nonce, sizeof nonce);
		row.nonce = nonce;
		row.value = to->value;
		row.amended = amending->revision;
		row_digest(&row, digest);
		if (!list_amendment(amending, item, digest)) {
			return false;
		}
	}
	return (!renamed || txn_delete(txn, DB_HISTORY, key_bytes(&old_key))) && txn_put_row(txn, DB_HISTORY, &key, &row) &&
	       amend_current(amending, old_name, &old.row, to, &row);
}

/* The names that the record has so far, each ended by a zero byte, into txn->old_names. */
static bool copy_names(struct store_txn *txn, struct entry *entry, bool *ret_same, const struct store_entry *to)
{
	struct entry_change change;
	scratch_clear(&txn->old_names);
	for (size_t i = 0; entry_next(entry, &change); i++) {
		scratch_add(&txn->old_names, change.name.data, change.name.size);
		scratch_add(&txn->old_names, "", 1);
		*ret_same = *ret_same && same_text(change.name, to->changes[i].name);
	}
	return entry_complete(entry) ? !txn->old_names.failed || txn_fail(txn, ENOMEM, "erase") : view_damaged_revision(&txn->status, entry->revision);
}

static bool amend_texts(struct amending *amending, const struct entry *old, const struct key *key)
{
	struct store_txn *txn = amending->txn;
	uint8_t nonce[ROW_NONCE_BYTES], digest[STORE_HASH_BYTES];
	randombytes_buf(nonce, sizeof nonce);
	entry_amend(&txn->entry, old, amending->to, amending->revision, nonce, key_bytes(key), digest);
	return (!txn->entry.record.failed || txn_fail(txn, ENOMEM, "erase")) && list_amendment(amending, 0, digest) &&
	       txn_put(txn, DB_LOG, key_bytes(key), (struct bytes){txn->entry.record.data, txn->entry.record.size}, 0);
}

/* The reply that a record's caller may ask for again tells what the record told. */
static bool forget_reply(struct store_txn *txn, const struct entry *old)
{
	char caller[LIMIT_KEY_BYTES + 1], request_id[LIMIT_KEY_BYTES + 1];
	if (old->request_id.size == 0 || old->request_id.size > LIMIT_KEY_BYTES || old->actor.size > LIMIT_KEY_BYTES) {
		return true;
	}
	memcpy(caller, old->actor.data, old->actor.size);
	memcpy(request_id, old->request_id.data, old->request_id.size);
	caller[old->actor.size] = request_id[old->request_id.size] = '\0';
	return txn_forget(txn, caller, request_id);
}

static bool amend_record(struct amending *amending)
{
	struct store_txn *txn = amending->txn;
	const struct store_entry *to = amending->to;
	struct key key;
	struct bytes record;
	struct entry old;
	key_of_revision(to->revision, &key);
	if (!view_find(&txn->view, DB_LOG, key_bytes(&key), &record, &txn->status) || !entry_read(record, key_bytes(&key), &old) ||
	    old.changes_count != to->changes_count) {
		return status_ok(&txn->status) && view_damaged_revision(&txn->status, to->revision);
	}
	struct entry left = old;
	bool same = same_text(old.actor, to->actor) && same_text(old.request_id, to->request_id) && same_text(old.peer, to->peer) &&
	            same_text(old.client, to->client) && same_text(old.note, to->note);
	if (!copy_names(txn, &left, &same, to)) {
		return false;
	}
	/* Texts first: the old record is read where it lies, in a page that the next put may move. */
	if (!forget_reply(txn, &old)) {
		return false;
	}
	if (!same && (!view_find(&txn->view, DB_LOG, key_bytes(&key), &record, &txn->status) || !entry_read(record, key_bytes(&key), &old) ||
	              !amend_texts(amending, &old, &key))) {
		return false;
	}
	const char *name = (const char *)txn->old_names.data;
	for (size_t i = 0; i < to->changes_count; i++, name += strlen(name) + 1) {
		if (!amend_row(amending, (uint32_t)i + 1, name, &to->changes[i])) {
			return false;
		}
	}
	return true;
}

bool txn_amend(struct store_txn *txn, const struct store_entry *entry, uint64_t revision)
{
	uint64_t last = 0;
	scratch_clear(&txn->amendments);
	for (size_t i = 0; i < entry->amendments_count; i++) {
		struct amending amending = {txn, &entry->amendments[i], revision};
		assert(amending.to->revision > last && amending.to->revision < revision);
		last = amending.to->revision;
		if (!amend_record(&amending)) {
			return false;
		}
	}
	return true;
}
