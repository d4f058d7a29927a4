/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies beside the resources: settings in meta, and remembered replies.
 *
 * A reply is found by its caller and request id; a second key in order of expiry lets the sweep take the oldest without reading the rest.
 */
#include "common/store/store_private.h"

#include "common/store/encode.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum { REQUEST_HEADER_BYTES = SEAL_BYTES + 8 };

/* Puts a sealed record of some header bytes and a value. */
static bool put_sealed(struct store_txn *txn, enum store_db db, struct bytes key, struct bytes header, struct bytes value)
{
	scratch_clear(&txn->rows);
	scratch_extend(&txn->rows, SEAL_BYTES);
	scratch_add(&txn->rows, header.data, header.size);
	scratch_add(&txn->rows, value.data, value.size);
	if (txn->rows.failed) {
		return store_lmdb_fail(&txn->status, ENOMEM, "write a record");
	}
	record_seal(txn->rows.data, txn->rows.size, key);
	return txn_put(txn, db, key, (struct bytes){txn->rows.data, txn->rows.size}, 0);
}

/* ---- meta ---- */

bool meta_put(struct store_txn *txn, const char *key, struct bytes value)
{
	return put_sealed(txn, DB_META, bytes_of(key), (struct bytes){NULL, 0}, value);
}

bool meta_get(const struct store_view *view, const char *key, struct bytes *ret_value, struct status *st)
{
	struct bytes record;
	if (!view_find(view, DB_META, bytes_of(key), &record, st)) {
		return false;
	}
	if (!record_sealed(record, bytes_of(key))) {
		return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "The setting %s of the store is damaged: restore a backup.", key);
	}
	*ret_value = (struct bytes){record.data + SEAL_BYTES, record.size - SEAL_BYTES};
	return true;
}

static void application_key(const char *key, char *ret_key)
{
	int size = snprintf(ret_key, LIMIT_KEY_BYTES, META_APPLICATION "%s", key);
	assert(size > 0 && size < (int)LIMIT_KEY_BYTES);
}

void store_meta_put(struct store_txn *txn, const char *key, struct bytes value)
{
	char whole[LIMIT_KEY_BYTES];
	application_key(key, whole);
	if (status_ok(&txn->status)) {
		meta_put(txn, whole, value);
	}
}

bool store_meta_get(const struct store_view *view, const char *key, struct bytes *ret_value, struct status *st)
{
	char whole[LIMIT_KEY_BYTES];
	application_key(key, whole);
	return meta_get(view, whole, ret_value, st);
}

/* ---- requests ---- */

static bool request_find(const struct store_view *view, const struct key *key, int64_t *ret_expires_s, struct bytes *ret_reply,
                         struct status *st)
{
	struct bytes record;
	if (!view_find(view, DB_REQUESTS, key_bytes(key), &record, st)) {
		return false;
	}
	if (record.size < REQUEST_HEADER_BYTES || !record_sealed(record, key_bytes(key))) {
		return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "A remembered reply of %s is damaged: restore a backup.",
		                   (const char *)key->data + 1);
	}
	*ret_expires_s = (int64_t)decode_u64(record.data + SEAL_BYTES);
	*ret_reply = (struct bytes){record.data + REQUEST_HEADER_BYTES, record.size - REQUEST_HEADER_BYTES};
	return true;
}

void store_request_put(struct store_txn *txn, const char *caller, const char *request_id, struct bytes reply, int64_t expires_s)
{
	struct key key, expiry;
	int64_t old_expires_s;
	struct bytes old_reply;
	if (!status_ok(&txn->status)) {
		return;
	}
	if (!key_of_request(caller, request_id, &key)) {
		status_fail(&txn->status, STATUS_INVALID_ARGUMENT, "REQUEST_ID_INVALID", "The request id is too long: use a UUID.");
		return;
	}
	bool had = request_find(&txn->view, &key, &old_expires_s, &old_reply, &txn->status);
	if (!status_ok(&txn->status)) {
		return;
	}
	uint8_t header[8];
	encode_u64(header, expires_s < 0 ? 0 : (uint64_t)expires_s);
	put_sealed(txn, DB_REQUESTS, key_bytes(&key), (struct bytes){header, sizeof header}, reply);
	if (had) {
		key_of_expiry(&key, old_expires_s, &expiry);
		txn_delete(txn, DB_REQUESTS, key_bytes(&expiry));
	}
	key_of_expiry(&key, expires_s, &expiry);
	txn_put(txn, DB_REQUESTS, key_bytes(&expiry), (struct bytes){(const uint8_t *)"", 0}, 0);
}

bool txn_forget(struct store_txn *txn, const char *caller, const char *request_id)
{
	struct key key, expiry;
	int64_t expires_s;
	struct bytes reply;
	if (!key_of_request(caller, request_id, &key) || !request_find(&txn->view, &key, &expires_s, &reply, &txn->status)) {
		return status_ok(&txn->status);
	}
	key_of_expiry(&key, expires_s, &expiry);
	return txn_delete(txn, DB_REQUESTS, key_bytes(&key)) && txn_delete(txn, DB_REQUESTS, key_bytes(&expiry));
}

bool store_request_get(const struct store_view *view, const char *caller, const char *request_id, int64_t now_s, struct bytes *ret_reply,
                       struct status *st)
{
	struct key key;
	int64_t expires_s;
	struct bytes reply;
	if (!key_of_request(caller, request_id, &key) || !request_find(view, &key, &expires_s, &reply, st) || expires_s <= now_s) {
		return false;
	}
	*ret_reply = reply;
	return true;
}

size_t store_request_sweep(struct store_txn *txn, int64_t now_s, size_t most)
{
	size_t swept = 0;
	MDB_cursor *cursor;
	if (!status_ok(&txn->status) || !view_take(&txn->view, DB_REQUESTS, &cursor, &txn->status)) {
		return 0;
	}
	for (; swept < most && status_ok(&txn->status); swept++) {
		MDB_val found;
		struct key expiry, request;
		int64_t expires_s;
		int rc = mdb_cursor_get(cursor, &found, NULL, MDB_FIRST);
		if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
			store_lmdb_fail(&txn->status, rc, "read remembered replies");
		}
		if (rc != MDB_SUCCESS || !key_split_expiry(bytes_of_val(found), &expires_s, &request) || expires_s > now_s) {
			break;
		}
		key_of_expiry(&request, expires_s, &expiry);
		txn_delete(txn, DB_REQUESTS, key_bytes(&request));
		txn_delete(txn, DB_REQUESTS, key_bytes(&expiry));
	}
	view_give(&txn->view, DB_REQUESTS, cursor);
	return swept;
}
