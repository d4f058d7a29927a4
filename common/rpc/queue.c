/* SPDX-License-Identifier: Apache-2.0
 *
 * queue.c - one run of bytes with a head and a tail, moved to the front when the end is reached.
 *
 * A ring would save the move but split messages; here a message is always in one piece. Memory that a short burst made large is given back.
 */
#include "common/rpc/internal.h"

#include <assert.h>
#include <stdlib.h>

enum { QUEUE_FIRST_BYTES = 256, QUEUE_KEPT_BYTES = 16384 };

uint8_t *queue_reserve(struct queue *queue, size_t size)
{
	size_t used = queue_size(queue);
	if (queue->capacity - queue->tail >= size) {
		return queue->data + queue->tail;
	}
	if (size > SIZE_MAX / 4 - used) {
		return NULL;
	}
	if (queue->capacity < used + size || queue->head < used) {
		size_t capacity = queue->capacity == 0 ? QUEUE_FIRST_BYTES : 2 * queue->capacity;
		if (capacity < used + size) {
			capacity = used + size;
		}
		bool moves = queue->head > 0; /* otherwise a large queue can grow where it lies, or by its pages */
		uint8_t *data = moves ? malloc(capacity) : realloc(queue->data, capacity);
		if (data == NULL) {
			return NULL;
		}
		if (moves) {
			memcpy(data, queue->data + queue->head, used);
			free(queue->data);
		}
		queue->data = data;
		queue->capacity = capacity;
	} else if (used > 0) {
		memmove(queue->data, queue->data + queue->head, used);
	}
	queue->head = 0;
	queue->tail = used;
	return queue->data + used;
}

bool queue_add(struct queue *queue, const void *data, size_t size)
{
	uint8_t *room = queue_reserve(queue, size);
	if (room == NULL) {
		return size == 0;
	}
	if (size > 0) {
		memcpy(room, data, size);
	}
	queue->tail += size;
	return true;
}

void queue_drop(struct queue *queue, size_t size)
{
	assert(size <= queue_size(queue));
	queue->head += size;
	if (queue->head == queue->tail) {
		queue->head = queue->tail = 0;
	}
}

void queue_clear(struct queue *queue)
{
	queue->head = queue->tail = 0;
	if (queue->capacity > QUEUE_KEPT_BYTES) {
		queue_free(queue);
	}
}

void queue_free(struct queue *queue)
{
	free(queue->data);
	*queue = (struct queue){NULL, 0, 0, 0};
}
