/* SPDX-License-Identifier: Apache-2.0
 *
 * A look at the frames of an HTTP/2 client before nghttp2 has them. It knows whether a header block is unfinished, whatever nghttp2 thinks of it, and takes out one kind of frame:
 * RST_STREAM for a stream that was never opened. gRPC's own C library sends it for a call that is cancelled before its HEADERS are written (grpc/grpc issue 19655). RFC 9113 §5.1
 * has a server end the connection for it, as nghttp2 does, and with it all other calls of an honest client. Here it is a cancel like any other, counted as one.
 */
#include "common/rpc/internal.h"

#include <string.h>

enum { HEAD_BYTES = sizeof((struct skim *)NULL)->head, RESET_BYTES = 4 };

static uint32_t stream_of(const uint8_t *head)
{
	return ((uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]) & INT32_MAX;
}

static uint32_t length_of(const uint8_t *head)
{
	return (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
}

static bool resets_unopened(const struct skim *skim, const uint8_t *head)
{
	return head[3] == NGHTTP2_RST_STREAM && length_of(head) == RESET_BYTES && stream_of(head) % 2 == 1 && stream_of(head) > skim->opened;
}

static void begin(struct skim *skim, const uint8_t *head)
{
	skim->left = length_of(head);
	skim->drop = resets_unopened(skim, head);
	skim->dropped += skim->drop;
	if (!skim->drop) {
		skim->headers = head[3] == NGHTTP2_HEADERS || head[3] == NGHTTP2_CONTINUATION;
		skim->headers_end = head[4] & NGHTTP2_FLAG_END_HEADERS;
	}
	if (head[3] == NGHTTP2_HEADERS && stream_of(head) > skim->opened) {
		skim->opened = stream_of(head);
	}
}

static struct bytes take(struct bytes *bytes, size_t size)
{
	struct bytes taken = {bytes->data, size};
	*bytes = (struct bytes){bytes->data + size, bytes->size - size};
	return taken;
}

void skim_init(struct skim *skim)
{
	*skim = (struct skim){.left = NGHTTP2_CLIENT_MAGIC_LEN};
}

bool skim_in_headers(const struct skim *skim)
{
	return skim->headers && (skim->left > 0 || !skim->headers_end);
}

struct bytes skim_next(struct skim *skim, struct bytes *bytes)
{
	size_t size = 0; /* of *bytes, found fit */
	while (size < bytes->size) {
		size_t rest = bytes->size - size;
		if (skim->left > 0) {
			size_t piece = rest < skim->left ? rest : skim->left;
			skim->left -= (uint32_t)piece;
			if (skim->drop) {
				take(bytes, piece);
			} else {
				size += piece;
			}
		} else if (skim->head_size == 0 && rest >= HEAD_BYTES) {
			const uint8_t *head = bytes->data + size;
			if (resets_unopened(skim, head) && size > 0) {
				break;
			}
			begin(skim, head);
			if (skim->drop) {
				take(bytes, HEAD_BYTES);
			} else {
				size += HEAD_BYTES;
			}
		} else if (size > 0) {
			break;
		} else {
			size_t piece = rest < HEAD_BYTES - skim->head_size ? rest : HEAD_BYTES - skim->head_size;
			memcpy(skim->head + skim->head_size, take(bytes, piece).data, piece);
			skim->head_size += piece;
			if (skim->head_size == HEAD_BYTES) {
				skim->head_size = 0;
				begin(skim, skim->head);
				if (!skim->drop) {
					return (struct bytes){skim->head, HEAD_BYTES};
				}
			}
		}
	}
	return take(bytes, size);
}
