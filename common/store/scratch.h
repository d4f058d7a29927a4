/* SPDX-License-Identifier: Apache-2.0
 *
 * scratch.h - a growing buffer that keeps its memory from one use to the next, so that a steady stream of commits allocates nothing.
 *
 * Owns:    its memory, until scratch_done.   Errors: without memory `failed` is set and stays until scratch_clear; further input is dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scratch {
	uint8_t *data;
	size_t size, capacity;
	bool failed;
};

/* Empties it; the memory stays. A zeroed struct is an empty scratch. */
void scratch_clear(struct scratch *scratch);
void scratch_done(struct scratch *scratch);
/* Room for `size` more bytes, aligned as the sum of what was asked before; NULL without memory. Moves what is there. */
uint8_t *scratch_extend(struct scratch *scratch, size_t size);
void scratch_add(struct scratch *scratch, const void *data, size_t size);
