/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a request, cut into messages, against a plain reading of the same bytes.
 *
 * First byte: protocol, encoding, method, whether the owner pauses after each message; second: how many bytes a DATA frame has; third: how many the
 * session is fed at a time. The rest is the body.
 */
#include "tests/fuzz/frames.h"
#include "tests/fuzz/serve.h"

#include "common/rpc/internal.h"

struct expected {
	struct buf messages; /* as struct serve's `heard` */
	bool clean;          /* the stream ended behind a message, nothing was refused */
};

/* Where the payload is flagged as compressed it is put through zlib; false where the message is refused. */
static bool expect_message(struct expected *expected, bool compressed, bool gzip, struct bytes payload)
{
	struct queue inflated = {NULL, 0, 0, 0};
	bool ok = !compressed || (gzip && gzip_inflate(payload, SERVE_MESSAGE_BYTES, &inflated) == GZIP_OK);
	if (ok) {
		payload = compressed ? queue_bytes(&inflated) : payload;
		uint32_t size = (uint32_t)payload.size;
		buf_add(&expected->messages, &size, sizeof size);
		buf_add(&expected->messages, payload.data, payload.size);
	}
	queue_free(&inflated);
	return ok;
}

static void expect_frames(struct expected *expected, struct bytes body, bool gzip, bool streaming)
{
	size_t count = 0;
	while (body.size >= 5) {
		size_t size = (size_t)body.data[1] << 24 | (size_t)body.data[2] << 16 | (size_t)body.data[3] << 8 | body.data[4];
		if (body.data[0] > 1 || size > SERVE_MESSAGE_BYTES || size > body.size - 5 || (!streaming && size < body.size - 5)) {
			return;
		}
		if (!expect_message(expected, body.data[0] == 1, gzip, (struct bytes){body.data + 5, size})) {
			return;
		}
		count++;
		body = (struct bytes){body.data + 5 + size, body.size - 5 - size};
	}
	expected->clean = body.size == 0 && (streaming || count == 1);
}

static struct expected expect(struct bytes body, bool bare, bool gzip, bool streaming, struct arena *arena)
{
	struct expected expected = {.clean = false};
	buf_init(&expected.messages, arena);
	if (!bare) {
		expect_frames(&expected, body, gzip, streaming);
	} else if (body.size <= SERVE_MESSAGE_BYTES) {
		expected.clean = expect_message(&expected, gzip && body.size > 0, gzip, body);
	}
	return expected;
}

static struct bytes request(struct bytes body, const char *const *headers, size_t frame_bytes, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	frame_add_preface(&out);
	frame_add_headers(&out, headers, body.size == 0 ? FRAME_END_STREAM : 0, 1);
	while (body.size > 0) {
		size_t size = body.size < frame_bytes ? body.size : frame_bytes;
		frame_add(&out, FRAME_DATA, size == body.size ? FRAME_END_STREAM : 0, 1, (struct bytes){body.data, size});
		body = (struct bytes){body.data + size, body.size - size};
	}
	return buf_bytes(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"application/grpc", "application/grpc-web+proto", "application/connect+proto", "application/proto"};
	static const char *const encodings[] = {"grpc-encoding", "grpc-encoding", "connect-content-encoding", "content-encoding"};
	struct arena *arena = fuzz_arena();
	struct bytes rest = {data, size};
	uint8_t pick = fuzz_byte(&rest);
	size_t frame_bytes = fuzz_byte(&rest) + 1u, step = fuzz_byte(&rest), protocol = pick & 3;
	bool gzip = pick & 4, bare = protocol == 3, streaming = protocol == 2 || (protocol < 2 && pick & 8);
	const char *const headers[] = {":method", "POST", ":scheme", "https", ":authority", "test", ":path",
	                               streaming ? "/test.rpc.v1.Echo/Chat" : "/test.rpc.v1.Echo/Say", "content-type", types[protocol], encodings[protocol], gzip ? "gzip" : "identity", NULL};
	struct serve serve;
	struct expected expected = expect(rest, bare, gzip, streaming, arena);
	serve_new(&serve, false);
	serve.pause = pick & 16;
	/* A body that waits is held whole here: what may be kept is no part of the model. */
	rpc_session_allow(serve.session, SIZE_MAX);
	buf_init(&serve.heard, arena);
	bool ok = serve_feed(serve.session, request(rest, headers, frame_bytes, arena), step, NULL);
	assert(ok && serve.begun == 1);
	serve_go_on(&serve, NULL);
	assert(bytes_equal(buf_bytes(&serve.heard), buf_bytes(&expected.messages)));
	assert(serve.half_closed == expected.clean || !streaming);
	serve_done(&serve);
	return 0;
}
