/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/audit_head.h"

#include "common/base/limits.h"
#include "common/schema/json.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

enum { FILE_BYTES = 16384 };

static char *hex(const uint8_t *bytes, size_t size, struct arena *arena)
{
	char *text = arena_alloc(arena, 2 * size + 1);
	return text ? sodium_bin2hex(text, 2 * size + 1, bytes, size) : NULL;
}

Kam__V1__AuditHead *audit_head_write(const struct store_head *head, struct arena *arena)
{
	Kam__V1__AuditHead *message = arena_alloc(arena, sizeof *message);
	Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof *time);
	if (!message || !time) {
		return NULL;
	}
	kam__v1__audit_head__init(message);
	google__protobuf__timestamp__init(time);
	time->seconds = head->time_us / 1000000;
	time->nanos = (int32_t)(head->time_us % 1000000 * 1000);
	message->store = hex(head->store, sizeof head->store, arena);
	message->revision = head->revision;
	message->time = time;
	message->hash = hex(head->hash, sizeof head->hash, arena);
	message->public_key = hex(head->public_key, sizeof head->public_key, arena);
	message->signature = hex(head->signature, sizeof head->signature, arena);
	return message->store && message->hash && message->public_key && message->signature ? message : NULL;
}

static bool unhex(const char *text, uint8_t *ret_bytes, size_t size)
{
	size_t got = 0;
	return strlen(text) == 2 * size && sodium_hex2bin(ret_bytes, size, text, 2 * size, NULL, &got, NULL) == 0 && got == size;
}

bool audit_head_read(const Kam__V1__AuditHead *message, struct store_head *ret_head, struct status *st)
{
	*ret_head = (struct store_head){.revision = message->revision};
	if (message->time && message->time->seconds >= 0 && message->time->seconds < INT64_MAX / 1000000) {
		ret_head->time_us = message->time->seconds * 1000000 + message->time->nanos / 1000;
	}
	return (message->revision > 0 && unhex(message->store, ret_head->store, sizeof ret_head->store) && unhex(message->hash, ret_head->hash, sizeof ret_head->hash) &&
	        unhex(message->public_key, ret_head->public_key, sizeof ret_head->public_key) &&
	        unhex(message->signature, ret_head->signature, sizeof ret_head->signature)) ||
	       status_field(st, "head", "is not whole: give it as kam audit head -o json wrote it");
}

bool audit_head_load(const struct schema *schema, const char *path, struct store_head *ret_head, struct status *st)
{
	char text[FILE_BYTES];
	struct arena arena;
	FILE *file = fopen(path, "re");
	if (!file) {
		return status_fail(st, STATUS_NOT_FOUND, "HEAD_FILE", "--head %.300s: %s", path, strerror(errno));
	}
	size_t size = fread(text, 1, sizeof text, file);
	fclose(file);
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	const Kam__V1__AuditHead *message = (const void *)json_read(schema, schema_type_of(schema, &kam__v1__audit_head__descriptor),
	                                                            (struct bytes){(const uint8_t *)text, size}, &arena, st);
	bool ok = message && audit_head_read(message, ret_head, st);
	arena_done(&arena);
	return ok;
}
