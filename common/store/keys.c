/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys are put together in a struct key on the caller's stack; nothing is allocated. Taking apart checks every byte that it relies on, for
 * a damaged page may hold anything.
 */
#include "common/store/keys.h"

#include "common/base/name.h"
#include "common/store/encode.h"

enum { HISTORY_TAIL_BYTES = 2 + 8, EXPIRY_HEAD_BYTES = 1 + 8 };

static void key_add(struct key *key, const void *data, size_t size)
{
	assert(key->size + size <= sizeof key->data);
	memcpy(key->data + key->size, data, size);
	key->size += size;
}

static void key_add_byte(struct key *key, uint8_t byte)
{
	key_add(key, &byte, 1);
}

/* Words first, then the ids up to the first '-'. */
static void key_of_segments(const struct name *name, struct key *ret_key)
{
	ret_key->size = 0;
	for (size_t i = 0; i < name->count; i += 2) {
		if (i > 0) {
			key_add_byte(ret_key, '/');
		}
		key_add(ret_key, name->segments[i].text, name->segments[i].size);
	}
	for (size_t i = 1; i < name->count && *name->segments[i].text != '-'; i += 2) {
		key_add_byte(ret_key, 0);
		key_add(ret_key, name->segments[i].text, name->segments[i].size);
	}
}

bool key_of_name(const char *name, struct key *ret_key)
{
	struct name segments;
	if (!name_parse(name, false, &segments)) {
		return false;
	}
	key_of_segments(&segments, ret_key);
	return true;
}

bool key_of_pattern(const char *pattern, struct key *ret_prefix)
{
	struct name segments;
	if (!name_parse(pattern, true, &segments) || segments.count % 2 == 0) {
		return false;
	}
	key_of_segments(&segments, ret_prefix);
	return true;
}

bool key_in_collection(struct bytes key, const struct key *prefix)
{
	return key.size >= prefix->size && memcmp(key.data, prefix->data, prefix->size) == 0 &&
	       (key.size == prefix->size || key.data[prefix->size] == 0);
}

bool key_to_name(struct bytes key, char *ret_name)
{
	if (key.size == 0 || key.size > LIMIT_NAME_BYTES) {
		return false;
	}
	const uint8_t *words_end = memchr(key.data, 0, key.size);
	const uint8_t *end = key.data + key.size;
	const uint8_t *id = words_end ? words_end + 1 : end;
	if (!words_end) {
		words_end = end;
	}
	char *out = ret_name;
	for (const uint8_t *word = key.data;;) {
		while (word < words_end && *word != '/') {
			*out++ = (char)*word++;
		}
		if (id < end) {
			if (*id == 0) {
				return false;
			}
			*out++ = '/';
			while (id < end && *id != 0) {
				*out++ = (char)*id++;
			}
			id += id < end;
		} else if (word < words_end) {
			return false; /* a word below a missing id */
		}
		if (word == words_end) {
			break;
		}
		*out++ = '/';
		word++;
	}
	*out = '\0';
	return id == end && end[-1] != 0;
}

void key_add_revision(struct key *key, uint64_t revision)
{
	uint8_t tail[HISTORY_TAIL_BYTES] = {0, 0};
	encode_u64(tail + 2, ~revision);
	key_add(key, tail, sizeof tail);
}

bool key_split_revision(struct bytes key, struct bytes *ret_name_key, uint64_t *ret_revision)
{
	if (key.size <= HISTORY_TAIL_BYTES) {
		return false;
	}
	size_t name_size = key.size - HISTORY_TAIL_BYTES;
	const uint8_t *tail = key.data + name_size;
	*ret_name_key = (struct bytes){key.data, name_size};
	*ret_revision = ~decode_u64(tail + 2);
	return tail[0] == 0 && tail[1] == 0;
}

void key_of_revision(uint64_t revision, struct key *ret_key)
{
	ret_key->size = 8;
	encode_u64(ret_key->data, revision);
}

uint64_t key_to_revision(struct bytes key)
{
	return key.size == 8 ? decode_u64(key.data) : 0;
}

void key_of_index(uint32_t index, struct bytes value, struct key *ret_key)
{
	ret_key->size = 4;
	encode_u32(ret_key->data, index);
	size_t left = value.size < LIMIT_INDEX_VALUE_BYTES ? value.size : LIMIT_INDEX_VALUE_BYTES;
	const uint8_t *next = value.data;
	size_t group_size = KEY_GROUP_FIRST;
	do {
		uint8_t group[KEY_GROUP + 1] = {0};
		size_t size = left < group_size ? left : group_size;
		if (size > 0) {
			memcpy(group, next, size);
			next += size;
		}
		left -= size;
		group[group_size] = (uint8_t)(left > 0 ? KEY_GROUP_MORE : size);
		key_add(ret_key, group, group_size + 1);
		group_size = KEY_GROUP;
	} while (left > 0);
}

bool key_add_index_name(struct key *key, const char *name)
{
	size_t size = strlen(name);
	if (size > LIMIT_NAME_BYTES) {
		return false;
	}
	key_add(key, name, size);
	return true;
}

bool key_split_index(struct bytes key, uint32_t *ret_index, uint8_t *ret_value, size_t *ret_value_size, char *ret_name)
{
	size_t used = 4, value_size = 0, group_size = KEY_GROUP_FIRST;
	uint8_t mark;
	if (key.size < used) {
		return false;
	}
	do {
		if (key.size - used < group_size + 1) {
			return false;
		}
		const uint8_t *group = key.data + used;
		mark = group[group_size];
		size_t size = mark == KEY_GROUP_MORE ? group_size : mark;
		if (size > group_size || value_size + size > LIMIT_INDEX_VALUE_BYTES) {
			return false;
		}
		memcpy(ret_value + value_size, group, size);
		value_size += size;
		used += group_size + 1;
		group_size = KEY_GROUP;
	} while (mark == KEY_GROUP_MORE);

	size_t name_size = key.size - used;
	if (name_size == 0 || name_size > LIMIT_NAME_BYTES || memchr(key.data + used, 0, name_size)) {
		return false;
	}
	memcpy(ret_name, key.data + used, name_size);
	ret_name[name_size] = '\0';
	*ret_index = decode_u32(key.data);
	*ret_value_size = value_size;
	return true;
}

bool key_of_request(const char *caller, const char *request_id, struct key *ret_key)
{
	size_t caller_size = strlen(caller), id_size = strlen(request_id);
	if (caller_size > LIMIT_KEY_BYTES || id_size > LIMIT_KEY_BYTES || EXPIRY_HEAD_BYTES + caller_size + 1 + id_size > LIMIT_KEY_BYTES) {
		return false;
	}
	ret_key->size = 0;
	key_add_byte(ret_key, 'r');
	key_add(ret_key, caller, caller_size + 1);
	key_add(ret_key, request_id, id_size);
	return true;
}

void key_of_expiry(const struct key *request, int64_t expires_s, struct key *ret_key)
{
	ret_key->data[0] = 'e';
	encode_u64(ret_key->data + 1, expires_s < 0 ? 0 : (uint64_t)expires_s);
	ret_key->size = EXPIRY_HEAD_BYTES;
	key_add(ret_key, request->data + 1, request->size - 1);
}

bool key_split_expiry(struct bytes key, int64_t *ret_expires_s, struct key *ret_request)
{
	if (key.size <= EXPIRY_HEAD_BYTES || key.size > LIMIT_KEY_BYTES || key.data[0] != 'e') {
		return false;
	}
	*ret_expires_s = (int64_t)decode_u64(key.data + 1);
	ret_request->size = 0;
	key_add_byte(ret_request, 'r');
	key_add(ret_request, key.data + EXPIRY_HEAD_BYTES, key.size - EXPIRY_HEAD_BYTES);
	return true;
}
