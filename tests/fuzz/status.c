/* SPDX-License-Identifier: Apache-2.0
 *
 * google.rpc.Status as a server may send it, and what is made of it again: bytes for gRPC, JSON for Connect.
 */
#include "tests/fuzz/fuzz.h"

#include "common/rpc/internal.h"
#include "tests/fuzz/json_text.h"

static void check_ended(const char *text, size_t size)
{
	assert(memchr(text, '\0', size) != NULL);
}

static void check_texts(const struct status *st)
{
	assert(st->violations_count <= STATUS_VIOLATIONS);
	check_ended(st->reason, sizeof st->reason);
	for (size_t i = 0; i < st->violations_count; i++) {
		check_ended(st->violations[i].field, sizeof st->violations[i].field);
		check_ended(st->violations[i].description, sizeof st->violations[i].description);
	}
}

/* As many violations come back as fit; each as it was. */
static void check_again(const struct status *st, struct arena *arena)
{
	struct status *again = arena_alloc(arena, sizeof *again);
	status_init(again);
	struct bytes bytes = status_encode(st, arena);
	assert(bytes.size < 2 * LIMIT_STATUS_DETAILS_BYTES);
	status_decode(bytes, again);
	assert(strcmp(again->reason, st->reason) == 0 && again->violations_count <= st->violations_count);
	for (size_t i = 0; i < again->violations_count; i++) {
		assert(strcmp(again->violations[i].field, st->violations[i].field) == 0);
		assert(strcmp(again->violations[i].description, st->violations[i].description) == 0);
	}
}

static void check_json(const struct status *st, struct arena *arena)
{
	struct buf text;
	buf_init(&text, arena);
	connect_error(st, &text);
	assert(strncmp(buf_text(&text), "{\"code\":\"", 9) == 0 && json_text_sound(buf_text(&text)));
	int http_status = connect_http_status(st->code);
	assert(http_status >= 200 && http_status < 600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct status *st = arena_alloc(arena, sizeof *st);
	status_init(st);
	enum status_code code = (enum status_code)(fuzz_byte(&rest) + 1);
	status_fail(st, code, "", "%s", fuzz_line(&rest, arena));
	status_decode(fuzz_take(&rest, rest.size, arena), st);
	check_texts(st);
	check_again(st, arena);
	check_json(st, arena);
	return 0;
}
