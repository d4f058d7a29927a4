/* SPDX-License-Identifier: Apache-2.0
 *
 * connect.c - what Connect alone has: errors as JSON, their HTTP status, and requests by GET.
 *
 * Source: connectrpc.com/docs/protocol (Error Codes, Unary-Get-Request, Error End-Stream).
 */
#include "common/rpc/internal.h"

#include "common/schema/json.h"

static const struct {
	const char *name;
	int http_status;
} codes[] = {
	[STATUS_OK] = {"ok", 200},
	[STATUS_CANCELLED] = {"canceled", 499},
	[STATUS_UNKNOWN] = {"unknown", 500},
	[STATUS_INVALID_ARGUMENT] = {"invalid_argument", 400},
	[STATUS_DEADLINE_EXCEEDED] = {"deadline_exceeded", 504},
	[STATUS_NOT_FOUND] = {"not_found", 404},
	[STATUS_ALREADY_EXISTS] = {"already_exists", 409},
	[STATUS_PERMISSION_DENIED] = {"permission_denied", 403},
	[STATUS_RESOURCE_EXHAUSTED] = {"resource_exhausted", 429},
	[STATUS_FAILED_PRECONDITION] = {"failed_precondition", 400},
	[STATUS_ABORTED] = {"aborted", 409},
	[STATUS_OUT_OF_RANGE] = {"out_of_range", 400},
	[STATUS_UNIMPLEMENTED] = {"unimplemented", 501},
	[STATUS_INTERNAL] = {"internal", 500},
	[STATUS_UNAVAILABLE] = {"unavailable", 503},
	[STATUS_DATA_LOSS] = {"data_loss", 500},
	[STATUS_UNAUTHENTICATED] = {"unauthenticated", 401},
};

static size_t code_row(enum status_code code)
{
	return (size_t)code < sizeof codes / sizeof codes[0] ? (size_t)code : STATUS_UNKNOWN;
}

int connect_http_status(enum status_code code)
{
	return codes[code_row(code)].http_status;
}

void connect_error(const struct status *st, struct buf *out)
{
	struct status_detail details[STATUS_DETAILS];
	size_t count = status_details(st, out->arena, details);
	buf_printf(out, "{\"code\":\"%s\",\"message\":", codes[code_row(st->code)].name);
	json_write_string(out, st->message);
	for (size_t i = 0; i < count; i++) {
		const char *value = base64_encode(details[i].bytes, false, out->arena);
		buf_printf(out, "%s{\"type\":\"%s\",\"value\":\"%s\"}", i == 0 ? ",\"details\":[" : ",", details[i].type, value != NULL ? value : "");
	}
	buf_add_text(out, count > 0 ? "]}" : "}");
}

void connect_end(const struct status *st, const struct header *metadata, size_t count, struct buf *out)
{
	buf_add_text(out, "{");
	if (!status_ok(st)) {
		buf_add_text(out, "\"error\":");
		connect_error(st, out);
	}
	if (count > 0) {
		buf_add_text(out, status_ok(st) ? "\"metadata\":{" : ",\"metadata\":{");
		for (size_t i = 0; i < count; i++) {
			buf_add_text(out, i == 0 ? "" : ",");
			json_write_string(out, metadata[i].name);
			buf_add_text(out, ":[");
			json_write_string(out, metadata[i].value);
			buf_add_text(out, "]");
		}
		buf_add_text(out, "}");
	}
	buf_add_text(out, "}");
}

bool connect_query_parse(const char *query, struct arena *arena, struct connect_query *ret_query)
{
	struct connect_query q = {NULL, NULL, NULL, false, {NULL, 0}};
	bool base64 = false;
	while (*query != '\0') {
		size_t size = strcspn(query, "&");
		size_t name = strcspn(query, "=&");
		const char *text = query + name + (name < size);
		struct bytes value = text_unpercent(text, size - (size_t)(text - query), true, arena);
		if (name == 7 && memcmp(query, "connect", 7) == 0) {
			q.version = (const char *)value.data;
		} else if (name == 8 && memcmp(query, "encoding", 8) == 0) {
			q.encoding = (const char *)value.data;
		} else if (name == 11 && memcmp(query, "compression", 11) == 0) {
			q.compression = (const char *)value.data;
		} else if (name == 6 && memcmp(query, "base64", 6) == 0) {
			base64 = bytes_equal(value, bytes_of("1"));
		} else if (name == 7 && memcmp(query, "message", 7) == 0) {
			q.has_message = value.data != NULL;
			q.message = value;
		}
		query += size + (query[size] == '&');
	}
	*ret_query = q;
	return !base64 || !q.has_message || base64_decode((const char *)q.message.data, q.message.size, arena, &ret_query->message);
}
