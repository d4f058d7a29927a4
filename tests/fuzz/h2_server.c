/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes behind a client's preface. First byte: how many the session is fed at a time; second: whether the owner pauses after each message.
 */
#include "tests/fuzz/frames.h"
#include "tests/fuzz/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	struct buf preface;
	struct serve serve;
	size_t step = fuzz_byte(&rest);
	serve_new(&serve, false);
	serve.pause = fuzz_byte(&rest) & 1;
	buf_init(&preface, arena);
	frame_add_preface(&preface);
	assert(serve_feed(serve.session, buf_bytes(&preface), 0, NULL));
	bool ok = serve_feed(serve.session, rest, step, NULL);
	serve_go_on(&serve, NULL);
	assert(rpc_session_calls(serve.session) >= serve.begun - serve.ended);
	assert(ok || rpc_session_done(serve.session) || rpc_session_send(serve.session).size == 0);
	serve_done(&serve);
	return 0;
}
