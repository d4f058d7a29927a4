/* SPDX-License-Identifier: Apache-2.0
 *
 * grpc_status.c - struct status as google.rpc.Status with ErrorInfo and BadRequest, and back.
 *
 * Written by hand: the three messages have eight fields between them, and this folder's calls must not depend on the contract. The encoded size is
 * bounded, for clients refuse trailers past 8 KiB; violations past the bound are left out.
 *
 *   Status     { int32 code = 1; string message = 2; repeated Any details = 3 }      Any           { string type_url = 1; bytes value = 2 }
 *   ErrorInfo  { string reason = 1; string domain = 2; map metadata = 3 }            BadRequest    { repeated FieldViolation field_violations = 1 }
 *   FieldViolation { string field = 1; string description = 2 }
 *
 * Source: google/rpc/status.proto, error_details.proto; AIP-193.
 */
#include "common/rpc/internal.h"

#include "common/schema/wire.h"

#include <stdio.h>

static const char error_info[] = "google.rpc.ErrorInfo", bad_request[] = "google.rpc.BadRequest";
static const char type_prefix[] = "type.googleapis.com/";
static const char domain[] = "kam";

/* ---- encoding ---------------------------------------------------------------------------------------------------------------------- */

size_t status_details(const struct status *st, struct arena *arena, struct status_detail details[STATUS_DETAILS])
{
	size_t count = 0;
	struct buf buf;
	if (st->reason[0] != '\0') {
		buf_init(&buf, arena);
		wire_add_bytes(&buf, 1, bytes_of(st->reason));
		wire_add_bytes(&buf, 2, bytes_of(domain));
		details[count++] = (struct status_detail){error_info, buf_bytes(&buf)};
	}
	if (st->violations_count > 0) {
		struct buf violation;
		buf_init(&buf, arena);
		for (size_t i = 0; i < st->violations_count; i++) {
			buf_init(&violation, arena);
			wire_add_bytes(&violation, 1, bytes_of(st->violations[i].field));
			wire_add_bytes(&violation, 2, bytes_of(st->violations[i].description));
			if (buf.size + violation.size > LIMIT_STATUS_DETAILS_BYTES) {
				break;
			}
			wire_add_bytes(&buf, 1, buf_bytes(&violation));
		}
		details[count++] = (struct status_detail){bad_request, buf_bytes(&buf)};
	}
	return arena->overflowed ? 0 : count;
}

struct bytes status_encode(const struct status *st, struct arena *arena)
{
	struct status_detail details[STATUS_DETAILS];
	size_t count = status_details(st, arena, details);
	struct buf buf;
	buf_init(&buf, arena);
	if (count == 0) {
		return buf_bytes(&buf);
	}
	wire_add_varint(&buf, 1, (uint64_t)st->code);
	wire_add_bytes(&buf, 2, bytes_of(st->message));
	for (size_t i = 0; i < count; i++) {
		char url[64];
		struct buf any;
		snprintf(url, sizeof url, "%s%s", type_prefix, details[i].type);
		buf_init(&any, arena);
		wire_add_bytes(&any, 1, bytes_of(url));
		wire_add_bytes(&any, 2, details[i].bytes);
		wire_add_bytes(&buf, 3, buf_bytes(&any));
	}
	return buf.failed ? (struct bytes){NULL, 0} : buf_bytes(&buf);
}

/* ---- decoding: the bytes are a server's, so nothing is trusted ------------------------------------------------------------------------- */

/* Takes the next field off `rest`. Length-delimited ones come back in `ret_value`, others empty. False at the end or where the bytes are bad. */
static bool next_field(struct bytes *rest, uint32_t *ret_number, struct bytes *ret_value)
{
	uint64_t key, size = 0;
	size_t used = wire_varint(*rest, &key);
	if (used == 0) {
		return false;
	}
	*rest = (struct bytes){rest->data + used, rest->size - used};
	*ret_value = (struct bytes){NULL, 0};
	*ret_number = (uint32_t)(key >> 3);
	switch (key & 7) {
	case 0:
	case 2:
		used = wire_varint(*rest, &size);
		break;
	case 1:
		used = 8;
		break;
	case 5:
		used = 4;
		break;
	default:
		return false;
	}
	if (used == 0 || used > rest->size || ((key & 7) == 2 && size > rest->size - used)) {
		return false;
	}
	*rest = (struct bytes){rest->data + used, rest->size - used};
	if ((key & 7) == 2) {
		*ret_value = (struct bytes){rest->data, (size_t)size};
		*rest = (struct bytes){rest->data + size, rest->size - (size_t)size};
	}
	return true;
}

/* Last value of a field, as proto3 has it. */
static struct bytes field_of(struct bytes message, uint32_t wanted)
{
	struct bytes value, found = {NULL, 0};
	uint32_t number;
	while (next_field(&message, &number, &value)) {
		if (number == wanted) {
			found = value;
		}
	}
	return found;
}

/* Copies what fits, cut before a broken UTF-8 sequence. */
static void copy_text(struct bytes from, char *to, size_t size)
{
	size_t length = from.size < size ? from.size : size - 1;
	while (length > 0 && length < from.size && (from.data[length] & 0xc0) == 0x80) {
		length--;
	}
	if (length > 0) {
		memcpy(to, from.data, length);
	}
	to[length] = '\0';
}

static bool type_is(struct bytes url, const char *type)
{
	const uint8_t *slash = url.size > 0 ? memrchr(url.data, '/', url.size) : NULL;
	size_t skip = slash != NULL ? (size_t)(slash - url.data) + 1 : 0;
	return bytes_equal((struct bytes){url.data + skip, url.size - skip}, bytes_of(type));
}

static void decode_violations(struct bytes rest, struct status *st)
{
	struct bytes value;
	uint32_t number;
	while (st->violations_count < STATUS_VIOLATIONS && next_field(&rest, &number, &value)) {
		if (number == 1) {
			struct status_violation *violation = &st->violations[st->violations_count++];
			copy_text(field_of(value, 1), violation->field, sizeof violation->field);
			copy_text(field_of(value, 2), violation->description, sizeof violation->description);
		}
	}
}

void status_decode(struct bytes rest, struct status *st)
{
	struct bytes any;
	uint32_t number;
	while (next_field(&rest, &number, &any)) {
		struct bytes url = field_of(any, 1), value = field_of(any, 2);
		if (number == 3 && type_is(url, error_info)) {
			copy_text(field_of(value, 1), st->reason, sizeof st->reason);
		} else if (number == 3 && type_is(url, bad_request)) {
			decode_violations(value, st);
		}
	}
}
