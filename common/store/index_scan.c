/* SPDX-License-Identifier: Apache-2.0
 *
 * One page of an index range, either way.
 *
 * The range is turned into two keys: entries lie at or above `low` and below `high`. Encoded values are free of prefixes (keys.h), so comparing
 * whole keys with an encoded bound is comparing values. A resume position is just a tighter bound.
 */
#include "common/store/store_private.h"

struct range {
	struct key low;  /* first key that may belong */
	struct key high; /* first key that does not; size 0: the end of the database */
	struct key skip; /* the position to start behind, ascending; size 0: none */
};

/* Where the bound was cut, an entry cut to the same bytes may lie on either side of it: those stay in, as the caller judges by the
 * whole value. 0xFF is above every name. */
static void range_bound_high(uint32_t index, struct bytes high, struct key *ret_key)
{
	if (high.data) {
		key_of_index(index, high, ret_key);
		if (high.size > LIMIT_INDEX_VALUE_BYTES) {
			key_add_index_name(ret_key, "\xFF");
		}
		return;
	}
	ret_key->size = 0;
	if (index < UINT32_MAX) {
		key_of_index(index + 1, (struct bytes){NULL, 0}, ret_key);
		ret_key->size = 4;
	}
}

static bool range_init(struct range *range, uint32_t index, struct bytes low, struct bytes high, bool descending, struct bytes after_value,
                       const char *after_name)
{
	key_of_index(index, low, &range->low);
	range_bound_high(index, high, &range->high);
	range->skip.size = 0;
	if (!after_name) {
		return true;
	}
	struct key after;
	key_of_index(index, after_value, &after);
	if (!key_add_index_name(&after, after_name)) {
		return false;
	}
	if (descending) {
		if (range->high.size == 0 || bytes_compare(key_bytes(&after), key_bytes(&range->high)) < 0) {
			range->high = after;
		}
	} else if (bytes_compare(key_bytes(&after), key_bytes(&range->low)) >= 0) {
		range->low = range->skip = after;
	}
	return true;
}

static int range_first(const struct range *range, MDB_cursor *cursor, bool descending, MDB_val *ret_key)
{
	if (descending) {
		if (range->high.size == 0) {
			return mdb_cursor_get(cursor, ret_key, NULL, MDB_LAST);
		}
		*ret_key = val_of_key(&range->high);
		int rc = mdb_cursor_get(cursor, ret_key, NULL, MDB_SET_RANGE);
		if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
			return rc;
		}
		return mdb_cursor_get(cursor, ret_key, NULL, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
	}
	*ret_key = val_of_key(&range->low);
	int rc = mdb_cursor_get(cursor, ret_key, NULL, MDB_SET_RANGE);
	if (rc == MDB_SUCCESS && bytes_equal(bytes_of_val(*ret_key), key_bytes(&range->skip))) {
		rc = mdb_cursor_get(cursor, ret_key, NULL, MDB_NEXT);
	}
	return rc;
}

static bool range_holds(const struct range *range, struct bytes key)
{
	return bytes_compare(key, key_bytes(&range->low)) >= 0 && (range->high.size == 0 || bytes_compare(key, key_bytes(&range->high)) < 0);
}

static bool index_visit(struct bytes key, store_visit *visit, void *context, struct status *st)
{
	char name[KEY_NAME_BYTES];
	uint8_t value[LIMIT_INDEX_VALUE_BYTES];
	struct store_record record = {.value = {value, 0}};
	uint32_t index;
	if (!key_split_index(key, &index, value, &record.value.size, name)) {
		return status_fail(st, STATUS_DATA_LOSS, "RECORD_DAMAGED", "An entry of the index is damaged: restore a backup.");
	}
	return visit(context, name, &record);
}

bool store_index_scan(const struct store_view *view, uint32_t index, struct bytes low, struct bytes high, bool descending,
                      struct bytes after_value, const char *after_name, store_visit *visit, void *context, struct status *st)
{
	struct range range;
	MDB_cursor *cursor;
	if (view->store->index_stale) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "INDEX_STALE",
		                   "The index of the store is of another version: open the store for writing once.");
	}
	if (!range_init(&range, index, low, high, descending, after_value, after_name)) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "NAME_INVALID", "The name to go on from is longer than %u bytes.", LIMIT_NAME_BYTES);
	}
	if (!view_take(view, DB_INDEX, &cursor, st)) {
		return false;
	}
	MDB_val key;
	int rc = range_first(&range, cursor, descending, &key);
	while (rc == MDB_SUCCESS && range_holds(&range, bytes_of_val(key)) && index_visit(bytes_of_val(key), visit, context, st)) {
		rc = mdb_cursor_get(cursor, &key, NULL, descending ? MDB_PREV : MDB_NEXT);
	}
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
		view_fail(view, st, rc, "read the index");
	}
	view_give(view, DB_INDEX, cursor);
	return status_ok(st);
}

bool store_index_equal(const struct store_view *view, uint32_t index, struct bytes value, store_visit *visit, void *context, struct status *st)
{
	uint8_t high[LIMIT_INDEX_VALUE_BYTES + 1];
	struct bytes low = {value.data, value.size > LIMIT_INDEX_VALUE_BYTES ? LIMIT_INDEX_VALUE_BYTES : value.size};
	if (low.size > 0) {
		memcpy(high, low.data, low.size);
	}
	high[low.size] = 0; /* the least value above */
	return store_index_scan(view, index, low, (struct bytes){high, low.size + 1}, false, (struct bytes){0}, NULL, visit, context, st);
}
