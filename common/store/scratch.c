/* SPDX-License-Identifier: Apache-2.0
 *
 * Doubles; never shrinks before scratch_done.
 */
#include "common/store/scratch.h"

#include <stdlib.h>
#include <string.h>

void scratch_clear(struct scratch *scratch)
{
	scratch->size = 0;
	scratch->failed = false;
}

void scratch_done(struct scratch *scratch)
{
	free(scratch->data);
	*scratch = (struct scratch){0};
}

uint8_t *scratch_extend(struct scratch *scratch, size_t size)
{
	if (size > scratch->capacity - scratch->size) {
		size_t capacity = scratch->capacity < 1024 ? 1024 : 2 * scratch->capacity;
		while (capacity - scratch->size < size) {
			capacity *= 2;
		}
		uint8_t *data = scratch->failed ? NULL : realloc(scratch->data, capacity);
		if (!data) {
			scratch->failed = true;
			return NULL;
		}
		scratch->data = data;
		scratch->capacity = capacity;
	}
	uint8_t *room = scratch->data + scratch->size;
	scratch->size += size;
	return room;
}

void scratch_add(struct scratch *scratch, const void *data, size_t size)
{
	uint8_t *room = scratch_extend(scratch, size);
	if (room && size > 0) {
		memcpy(room, data, size);
	}
}
