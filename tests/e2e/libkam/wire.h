/* SPDX-License-Identifier: Apache-2.0
 *
 * wire.h - just enough protobuf to speak to kamd by hand: strings, numbers and messages in, the first string or message of a field out. A real program
 * generates its messages from the contract that is installed beside libkam.
 */
#ifndef WIRE_H
#define WIRE_H

#include <kam/kam.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wire {
	uint8_t data[1024];
	size_t size;
};

static inline void wire_number(struct wire *wire, uint64_t number)
{
	for (; number > 127; number >>= 7) {
		wire->data[wire->size++] = (uint8_t)(number | 128);
	}
	wire->data[wire->size++] = (uint8_t)number;
}

static inline void wire_put(struct wire *wire, unsigned field, const void *data, size_t size)
{
	assert(wire->size + size + 16 < sizeof wire->data);
	wire_number(wire, field << 3 | 2);
	wire_number(wire, size);
	memcpy(wire->data + wire->size, data, size);
	wire->size += size;
}

static inline void wire_text(struct wire *wire, unsigned field, const char *text)
{
	wire_put(wire, field, text, strlen(text));
}

static inline struct kam_bytes wire_bytes(const struct wire *wire)
{
	struct kam_bytes bytes = {wire->data, wire->size};
	return bytes;
}

static inline uint64_t wire_read(struct kam_bytes bytes, size_t *at)
{
	uint64_t number = 0;
	unsigned shift = 0;
	do {
		assert(*at < bytes.size && shift < 64);
		number |= (uint64_t)(bytes.data[*at] & 127) << shift;
		shift += 7;
	} while (bytes.data[(*at)++] & 128);
	return number;
}

/* The first occurrence of a field: its bytes, or its number; false where it is absent. */
static inline bool wire_find(struct kam_bytes bytes, unsigned wanted, struct kam_bytes *ret_bytes, uint64_t *ret_number)
{
	for (size_t at = 0; at < bytes.size;) {
		uint64_t tag = wire_read(bytes, &at), value = 0;
		switch (tag & 7) {
		case 0:
			value = wire_read(bytes, &at);
			break;
		case 1:
			at += 8;
			break;
		case 5:
			at += 4;
			break;
		default:
			value = wire_read(bytes, &at);
			at += value;
		}
		assert(at <= bytes.size);
		if (tag >> 3 == wanted) {
			if (ret_bytes) {
				ret_bytes->data = bytes.data + at - value;
				ret_bytes->size = (size_t)value;
			}
			if (ret_number) {
				*ret_number = value;
			}
			return true;
		}
	}
	return false;
}

/* CreateAccountRequest{account_id, account{display_name}, request_id} */
static inline struct wire wire_create_account(const char *id)
{
	struct wire account = {{0}, 0}, request = {{0}, 0};
	wire_text(&account, 16, id);
	wire_text(&request, 1, id);
	wire_put(&request, 2, account.data, account.size);
	wire_text(&request, 3, id);
	return request;
}

/* GetAccountRequest{name} and others whose first field is a name */
static inline struct wire wire_name(const char *name)
{
	struct wire request = {{0}, 0};
	wire_text(&request, 1, name);
	return request;
}

/* WatchRequest{from_revision, collections} */
static inline struct wire wire_watch(uint64_t from_revision)
{
	struct wire request = {{0}, 0};
	wire_number(&request, 1 << 3);
	wire_number(&request, from_revision);
	wire_text(&request, 3, "accounts");
	return request;
}

#endif
