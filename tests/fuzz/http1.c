/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as HTTP/1.1 requests, fed whole and in pieces: the answers are the same. First byte: how many the session is fed at a time; second:
 * whether the owner pauses after each message.
 */
#include "tests/fuzz/serve.h"

/* All that the server answers. */
static struct bytes answers(struct bytes input, size_t step, bool pause, struct arena *arena)
{
	struct serve serve;
	struct buf out;
	buf_init(&out, arena);
	serve_new(&serve, true);
	serve.pause = pause;
	bool ok = serve_feed(serve.session, input, step, &out);
	serve_go_on(&serve, &out);
	assert(ok || rpc_session_done(serve.session));
	assert(rpc_session_calls(serve.session) <= 1);
	serve_done(&serve);
	return buf_bytes(&out);
}

/* The clock may go on between two answers. */
static void blank_dates(struct bytes text)
{
	static const char name[] = "\r\ndate: ";
	uint8_t *at = (uint8_t *)text.data, *end = at + text.size;
	while (at != NULL && (at = memmem(at, (size_t)(end - at), name, sizeof name - 1)) != NULL) {
		for (at += sizeof name - 1; at < end && *at != '\r'; at++) {
			*at = '-';
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	size_t step = fuzz_byte(&rest);
	bool pause = fuzz_byte(&rest) & 1;
	struct bytes whole = answers(rest, 0, pause, arena), pieces = answers(rest, step, pause, arena);
	blank_dates(whole);
	blank_dates(pieces);
	assert(whole.size == 0 || (whole.size > 9 && memcmp(whole.data, "HTTP/1.1 ", 9) == 0));
	assert(bytes_equal(whole, pieces));
	return 0;
}
