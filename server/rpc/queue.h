/* SPDX-License-Identifier: Apache-2.0
 *
 * queue.h - operations handed from thread to thread, in order.
 *
 * Threads: any may push; one side waits by condition (writer, pools) or by an eventfd in its event loop (workers).
 */
#pragma once

#include "server/rpc/operation.h"

#include <pthread.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct operation *first, **end;
	size_t count, count_max;
	int event_fd; /* -1: waited for by condition */
	bool closed;
};

bool queue_init(struct queue *queue, size_t count_max, bool with_event, struct status *st);
void queue_done(struct queue *queue);
/* False when the queue is full or closed: the operation stays the caller's. `count_max` 0: never full. */
bool queue_push(struct queue *queue, struct operation *op);
/* Takes all of a list, ended by NULL, whatever `count_max`; with one wake-up. */
void queue_push_list(struct queue *queue, struct operation *list);
/* Takes up to `most` operations as a list; waits for the first one. NULL once it is closed and empty. */
struct operation *queue_wait(struct queue *queue, size_t most);
/* Takes all there are at once; clears the event. */
struct operation *queue_take_all(struct queue *queue);
/* Wakes a worker's loop though nothing was pushed. */
void queue_wake(struct queue *queue);
void queue_close(struct queue *queue);
