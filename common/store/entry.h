/* SPDX-License-Identifier: Apache-2.0
 *
 * entry.h - a commit record as the log keeps it: bytes, hash, and back.
 *
 *     0  seal              u32 (record.h)
 *     4  hash              32 bytes: BLAKE2b-256 of the key (revision u64) and of everything from offset 36
 *    36  previous hash     32 bytes: of the record before; zeros in the first
 *    68  time              u64, microseconds
 *    76  code              u32
 *    80  actor, request id, method, peer, client, note: each a varint length and its bytes
 *        number of events that it stands for, varint
 *        number of changes, varint; of each change:
 *            name          varint length and bytes
 *            operation     u8
 *            previous      varint, previous revision
 *            digest        32 bytes: BLAKE2b-256 of the new message bytes, keyed with the nonce of their row (record.h); zeros for PURGE
 * Varints are protobuf's: 7 bits a byte, lowest first, the top bit says that more follow. The message bytes are in history, under the
 * change's name and the record's revision. Example, revision 7, time 1, code 0, users/jane without a request id, method "M", no peer,
 * client or note, one event, one change (UPDATE of accounts/a after revision 3), from offset 68:
 *     00 00 00 00 00 00 00 01  00 00 00 00  0A "users/jane"  00  01 "M"  00  00  00  01  01  0A "accounts/a"  02  03  digest
 */
#pragma once

#include "common/store/scratch.h"
#include "common/store/store.h"

/* Reading: an entry lies where it was found; texts are not terminated. Changes are taken one by one. */
struct entry {
	uint64_t revision;
	int64_t time_us;
	uint32_t code;
	const uint8_t *hash, *previous_hash;
	struct bytes actor, request_id, method, peer, client, note;
	uint64_t events;
	uint64_t changes_left; /* not yet taken by entry_next */
	struct bytes rest;
};

struct entry_change {
	struct bytes name;
	enum store_operation operation;
	uint64_t previous_revision;
	const uint8_t *digest;
};

/* Checks the seal and takes apart all but the changes. */
bool entry_read(struct bytes record, struct bytes key, struct entry *ret_entry);
/* The next change. False where there is none or it is malformed: entry_complete tells which. */
bool entry_next(struct entry *entry, struct entry_change *ret_change);
/* All changes were taken and nothing is left over. */
bool entry_complete(const struct entry *entry);

/* Writing: begin, add each change, end. The scratch holds the record then. */
void entry_begin(struct scratch *record, const struct store_entry *entry, int64_t time_us, const uint8_t *previous_hash);
void entry_add(struct scratch *record, const struct store_change *change, const uint8_t *digest);
void entry_end(struct scratch *record, struct bytes key, uint8_t *ret_hash);

/* The hash that an entry ought to have. */
void entry_hash(struct bytes record, struct bytes key, uint8_t *ret_hash);
