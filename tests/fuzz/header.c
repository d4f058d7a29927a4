/* SPDX-License-Identifier: Apache-2.0
 *
 * What headers hold: percent encoding, time-outs, base64.
 */
#include "tests/fuzz/fuzz.h"

#include "common/rpc/internal.h"

static void check_percent(const char *text, struct arena *arena)
{
	const char *encoded = text_percent(text, arena);
	assert(strlen(encoded) <= 3 * strlen(text));
	for (const char *c = encoded; *c != '\0'; c++) {
		assert(*c >= 0x20 && *c <= 0x7e);
	}
	assert(bytes_equal(text_unpercent(encoded, strlen(encoded), false, arena), bytes_of(text)));
	struct bytes plain = text_unpercent(text, strlen(text), true, arena);
	assert(plain.size <= strlen(text) && plain.data[plain.size] == '\0');
}

static void check_timeouts(const char *text, struct bytes rest)
{
	char made[TEXT_TIMEOUT_BYTES];
	int64_t us = 0, back;
	if (text_grpc_timeout(text, &us)) {
		assert(us >= 0 && us <= INT64_C(99999999) * 3600 * 1000000);
		text_make_grpc_timeout(us, made);
		assert(text_grpc_timeout(made, &back) && back >= us);
	}
	if (text_connect_timeout(text, &us)) {
		assert(us >= 0 && us <= INT64_C(9999999999) * 1000);
	}
	if (rest.size >= sizeof us) {
		memcpy(&us, rest.data, sizeof us);
		us &= INT64_MAX;
		text_make_grpc_timeout(us, made);
		assert(text_grpc_timeout(made, &back) && (back >= us || back == INT64_C(99999999) * 3600 * 1000000));
	}
}

static void check_base64(struct bytes input, struct arena *arena)
{
	struct bytes bytes, again;
	for (int padded = 0; padded < 2; padded++) {
		const char *text = base64_encode(input, padded, arena);
		assert(base64_decode(text, strlen(text), arena, &bytes) && bytes_equal(bytes, input));
	}
	if (base64_decode((const char *)input.data, input.size, arena, &bytes)) {
		assert(bytes.size <= input.size / 4 * 3 + 2);
		const char *text = base64_encode(bytes, true, arena);
		assert(base64_decode(text, strlen(text), arena, &again) && bytes_equal(again, bytes));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct bytes whole = arena_bytes(arena, rest);
	char *text = fuzz_text(rest, arena);
	check_percent(text, arena);
	check_timeouts(text, rest);
	check_base64(whole, arena);
	return 0;
}
