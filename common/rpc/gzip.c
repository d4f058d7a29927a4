/* SPDX-License-Identifier: Apache-2.0
 *
 * gzip.c - one message compressed (RFC 1952), or back to its bytes, bounded while it grows.
 *
 * Each message has a context of its own, as gRPC's compression.md asks. Inflating, the output doubles up to the limit, so a small bomb costs the limit and no
 * more.
 */
#include "common/rpc/internal.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 /* zlib: 16 more asks for a gzip header */, GZIP_STEP_BYTES = 16384, GZIP_GLANCE_BYTES = 65536 };

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

static size_t claimed_bytes(struct bytes in)
{
	const uint8_t *end = in.data + in.size;
	return in.size < 4 ? 0 : (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
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
	/* What says itself, in its last four bytes (RFC 1952 §2.3.1), that it is too large is inflated only as far as it takes to see that it is gzip. */
	if (claimed_bytes(in) > limit_bytes && limit_bytes > GZIP_GLANCE_BYTES) {
		limit_bytes = GZIP_GLANCE_BYTES;
	}
	stream.next_in = (z_const Bytef *)in.data;
	stream.avail_in = (uInt)in.size;
	enum gzip_result result = inflate_all(&stream, limit_bytes, out);
	inflateEnd(&stream);
	return result;
}

bool gzip_deflate(const struct bytes *pieces, size_t count, struct queue *out)
{
	z_stream stream = {0};
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		size += pieces[i].size;
	}
	queue_clear(out);
	/* The fastest level: the caller waits meanwhile. */
	if (size > UINT32_MAX / 2 || deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		return false;
	}
	size_t most = deflateBound(&stream, (uLong)size);
	stream.next_out = queue_reserve(out, most);
	stream.avail_out = (uInt)most;
	int result = stream.next_out == NULL ? Z_MEM_ERROR : Z_OK;
	for (size_t i = 0; i < count && result == Z_OK; i++) {
		if (pieces[i].size == 0) {
			continue;
		}
		stream.next_in = (z_const Bytef *)pieces[i].data;
		stream.avail_in = (uInt)pieces[i].size;
		result = deflate(&stream, Z_NO_FLUSH);
	}
	if (result == Z_OK) {
		result = deflate(&stream, Z_FINISH);
	}
	out->tail += stream.total_out;
	deflateEnd(&stream);
	return result == Z_STREAM_END;
}
