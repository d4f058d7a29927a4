/* SPDX-License-Identifier: Apache-2.0
 *
 * gzip.c - one compressed message back to its bytes (RFC 1952), bounded while it grows.
 *
 * Each message has a context of its own, as gRPC's compression.md asks. The output doubles up to the limit, so a small bomb costs the limit and no
 * more.
 */
#include "common/rpc/internal.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 /* zlib: 16 more asks for a gzip header */, GZIP_STEP_BYTES = 16384 };

static enum gzip_result inflate_all(z_stream *stream, size_t limit_bytes, struct queue *out)
{
	for (;;) {
		size_t used = queue_size(out);
		/* One byte past the limit tells "exactly at it" from "over". */
		size_t step = used < GZIP_STEP_BYTES ? GZIP_STEP_BYTES : used;
		if (step > limit_bytes + 1 - used) {
			step = limit_bytes + 1 - used;
		}
		uint8_t *room = queue_reserve(out, step);
		if (room == NULL) {
			return GZIP_NO_MEMORY;
		}
		stream->next_out = room;
		stream->avail_out = (uInt)step;
		int result = inflate(stream, Z_NO_FLUSH);
		out->tail += step - stream->avail_out;
		if (queue_size(out) > limit_bytes) {
			return GZIP_TOO_LARGE;
		}
		if (result == Z_STREAM_END) {
			return stream->avail_in == 0 ? GZIP_OK : GZIP_BAD;
		}
		if (result == Z_MEM_ERROR) {
			return GZIP_NO_MEMORY;
		}
		if (result != Z_OK || (stream->avail_in == 0 && stream->avail_out > 0)) {
			return GZIP_BAD;
		}
	}
}

enum gzip_result gzip_inflate(struct bytes in, size_t limit_bytes, struct queue *out)
{
	z_stream stream = {0};
	queue_clear(out);
	if (in.size > UINT32_MAX) {
		return GZIP_TOO_LARGE;
	}
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK) {
		return GZIP_NO_MEMORY;
	}
	stream.next_in = (z_const Bytef *)in.data;
	stream.avail_in = (uInt)in.size;
	enum gzip_result result = inflate_all(&stream, limit_bytes, out);
	inflateEnd(&stream);
	return result;
}
