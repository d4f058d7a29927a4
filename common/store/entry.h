/* SPDX-License-Identifier: Apache-2.0
 *
 * entry.h - a commit record as the log keeps it: bytes, hash, and back.
 *
 *     0  seal              u32 (record.h)
 *     4  hash              32 bytes: BLAKE2b-256 of the key (revision u64) and of everything from offset 36 to the end of the frame
 *    36  previous hash     32 bytes: of the record before; zeros in the first
 *    68  digest            32 bytes: BLAKE2b-256 of the texts as they were written first, keyed with the nonce they had then
 *   100  time              u64, microseconds
 *   108  code              u32
 *   112  frame size        u32; then the frame:
 *   116  method            a varint length and its bytes
 *        number of events that it stands for, varint
 *        number of amendments, varint; of each, in order: revision u64, item u32, digest 32 bytes
 *        number of changes, varint; of each:
 *            operation     u8
 *            previous      varint, previous revision
 *            digest        32 bytes: BLAKE2b-256 of the new message bytes, keyed with the nonce of their row (record.h); zeros for PURGE
 *        amended           u64: revision of the record that put other texts in place of the first; 0 where none did
 *        nonce             16 random bytes
 *        texts             actor, request id, peer, client, note, and the name of each change: each a varint length and its bytes
 * Varints are protobuf's: 7 bits a byte, lowest first, the top bit says that more follow. The message bytes are in history, under the
 * change's name and the record's revision. Example, revision 7, time 1, code 0, users/jane without a request id, method "M", no peer,
 * client or note, one event, one change (UPDATE of accounts/a after revision 3), from offset 100:
 *     00 00 00 00 00 00 00 01  00 00 00 00  00 00 00 27  01 "M"  01  00  01  02 03 digest  00 00 00 00 00 00 00 00  nonce
 *     0A "users/jane"  00  00  00  00  0A "accounts/a"
 *
 * The chain holds texts and message bytes by digests alone, each keyed with a nonce that is kept beside what it is of. An erasure puts others in their place,
 * with a new nonce, and the record of the erasure lists them as amendments: item 0 is the texts of the record of that revision, item n the bytes of its nth
 * change. So the chain still verifies, what stands there now is vouched for by the chain as well, and nothing in it lets anyone test a guess at what was
 * erased.
 */
#pragma once

#include "common/store/scratch.h"
#include "common/store/store.h"

/* Reading: an entry lies where it was found; texts are not terminated. Changes are taken one by one. */
struct entry {
	uint64_t revision;
	int64_t time_us;
	uint32_t code;
	const uint8_t *hash, *previous_hash, *digest, *nonce;
	struct bytes method, actor, request_id, peer, client, note;
	uint64_t events;
	uint64_t amended; /* revision of the record that vouches for the texts; 0: this one */
	struct bytes hashed, texts;
	struct bytes amendments; /* each ENTRY_AMENDMENT_BYTES */
	uint64_t changes_count;
	uint64_t changes_left;   /* not yet taken by entry_next */
	struct bytes frame_rest, names_rest;
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

/* Writing: begin, add each change, end. The record holds it then; `texts` is for the way. */
struct entry_writer {
	struct scratch record, texts;
};
void entry_writer_done(struct entry_writer *writer);
/* `amendments` as entry_amendment_write wrote them, in order. */
void entry_begin(struct entry_writer *writer, const struct store_entry *entry, int64_t time_us, const uint8_t *previous_hash, struct bytes amendments);
void entry_add(struct entry_writer *writer, const struct store_change *change, const uint8_t *digest);
void entry_end(struct entry_writer *writer, const uint8_t *nonce, struct bytes key, uint8_t *ret_hash);
/* Writes a record anew with the texts and names of `entry` in place of its own; `amended` is the revision of the record that vouches for them. */
void entry_amend(struct entry_writer *writer, const struct entry *old, const struct store_entry *entry, uint64_t amended, const uint8_t *nonce,
                 struct bytes key, uint8_t *ret_digest);

/* The hash that an entry ought to have, and the digest that its texts have. */
void entry_hash(const struct entry *entry, struct bytes key, uint8_t *ret_hash);
void entry_digest(const struct entry *entry, uint8_t *ret_digest);

/* ---- amendments ---- */

enum { ENTRY_AMENDMENT_BYTES = 8 + 4 + STORE_HASH_BYTES };
void entry_amendment_write(uint64_t revision, uint32_t item, const uint8_t *digest, uint8_t ret_bytes[ENTRY_AMENDMENT_BYTES]);
/* The digest that an entry gives for an item of a revision; NULL where it amends no such thing. */
const uint8_t *entry_amendment_find(const struct entry *entry, uint64_t revision, uint32_t item);
