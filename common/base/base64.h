/* SPDX-License-Identifier: Apache-2.0
 *
 * base64.h - base64 as headers, queries and JSON use it (RFC 4648 §4 and §5).
 */
#pragma once

#include "common/base/arena.h"

/* Standard alphabet, padded only if asked for: 4 characters for every 3 bytes begun, fewer where not padded. Returns how many; no NUL behind them. */
size_t base64_write(struct bytes bytes, bool padded, char *to);
/* The same as a text. NULL when the arena is full. */
const char *base64_encode(struct bytes bytes, bool padded, struct arena *arena);
/* Either alphabet, padded or not. False where the text is not base64, or the arena is full. */
bool base64_decode(const char *text, size_t size, struct arena *arena, struct bytes *ret_bytes);
