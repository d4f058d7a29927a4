/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32c.h - the checksum on every stored record (Castagnoli polynomial, RFC 3720 §B.4).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc` (0 at first). "123456789" gives 0xE3069283. Uses the CPU's instruction where it has one. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
