/* SPDX-License-Identifier: Apache-2.0
 *
 * keys.h - how names, revisions and index values become LMDB keys, and back. Pure functions; no LMDB.
 *
 * current   the name key: collection words joined by '/', then for each id a zero byte and the id. Ids hold no byte below '-', so the
 *           zero byte sorts "acme" and all below it before "acme-b". A name key is as long as its name.
 *               accounts/acme/opportunities/o1 = "accounts/opportunities" 00 "acme" 00 "o1"
 * history   name key, 00 00, the revision's complement as u64. Ids are never empty, so 00 00 ends the name key without doubt; the
 *           complement puts the newest first, so that "newest at or before R" is one seek forwards.
 *               accounts/a at revision 7 = "accounts" 00 "a" 00 00 FF FF FF FF FF FF FF F8
 * log       revision as u64.
 * index     index id as u32, the value in groups, the name as text. A group is 16 bytes of the value (the first one 8, as most are numbers
 *           and enums), padded with zeros, and one byte: how many of them count, or FF where another group follows. No encoded
 *           value is the start of another, all keep their order under memcmp, and 240 bytes cost 264 whatever is in them, where escaping
 *           zero bytes could double them past LMDB's 511. (The idea is MyRocks' memcomparable format for varchar.)
 *               index 258, value "EUR", accounts/a = 00 00 01 02 "EUR" 00 00 00 00 00 03 "accounts/a"
 * requests  'r', caller, 00, request id: the reply.  'e', expiry in seconds as u64, caller, 00, request id: nothing; in order of expiry.
 * meta      "store/…" for the store's own, "app/…" for store_meta_put.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/limits.h"

enum {
	KEY_NAME_BYTES = LIMIT_NAME_BYTES + 1, /* a name as text, with its NUL */
	KEY_GROUP_FIRST = 8,
	KEY_GROUP = 16,
	KEY_GROUP_MORE = 0xFF,
	KEY_INDEX_VALUE_BYTES =
		KEY_GROUP_FIRST + 1 + (LIMIT_INDEX_VALUE_BYTES - KEY_GROUP_FIRST + KEY_GROUP - 1) / KEY_GROUP * (KEY_GROUP + 1),
};
static_assert(4 + KEY_INDEX_VALUE_BYTES + LIMIT_NAME_BYTES <= LIMIT_KEY_BYTES, "the longest index entry is a key");
static_assert(LIMIT_NAME_BYTES + 2 + 8 <= LIMIT_KEY_BYTES, "the longest history key is a key");

struct key {
	size_t size;
	uint8_t data[LIMIT_KEY_BYTES];
};

static inline struct bytes key_bytes(const struct key *key)
{
	return (struct bytes){key->data, key->size};
}

/* False unless it is a well formed name without wildcard. */
bool key_of_name(const char *name, struct key *ret_key);
/* The start of a collection's keys, from a parent with the collection ("accounts/-/opportunities"). A key belongs to the collection if it is this, or
 * this and a zero byte and more: key_in_collection. False unless the pattern ends in a collection word. */
bool key_of_pattern(const char *pattern, struct key *ret_prefix);
bool key_in_collection(struct bytes key, const struct key *prefix);
/* The name of a name key, into KEY_NAME_BYTES. False where the key is none. */
bool key_to_name(struct bytes key, char *ret_name);

/* Makes a history key of a name key. */
void key_add_revision(struct key *key, uint64_t revision);
/* Cuts a history key into name key and revision. False where it is none. */
bool key_split_revision(struct bytes key, struct bytes *ret_name_key, uint64_t *ret_revision);

void key_of_revision(uint64_t revision, struct key *ret_key);
/* 0, which is no revision, where the key is none. */
uint64_t key_to_revision(struct bytes key);

/* Index id and encoded value: what all entries of this value start with. Longer values are cut at LIMIT_INDEX_VALUE_BYTES. */
void key_of_index(uint32_t index, struct bytes value, struct key *ret_key);
/* False where the name is too long for a name. */
bool key_add_index_name(struct key *key, const char *name);
/* Cuts an index key into id, value (into LIMIT_INDEX_VALUE_BYTES) and name (into KEY_NAME_BYTES). False where it is none. */
bool key_split_index(struct bytes key, uint32_t *ret_index, uint8_t *ret_value, size_t *ret_value_size, char *ret_name);

/* False where caller and request id together are too long. */
bool key_of_request(const char *caller, const char *request_id, struct key *ret_key);
/* The key in order of expiry, of a request's key. */
void key_of_expiry(const struct key *request, int64_t expires_s, struct key *ret_key);
/* A request's key and expiry, of a key in order of expiry. False where it is none. */
bool key_split_expiry(struct bytes key, int64_t *ret_expires_s, struct key *ret_request);
