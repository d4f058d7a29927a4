/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/queue.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool queue_init(struct queue *queue, size_t count_max, bool with_event, struct status *st)
{
	*queue = (struct queue){.count_max = count_max, .event_fd = -1};
	queue->end = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->filled, NULL);
	if (with_event) {
		queue->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	return !with_event || queue->event_fd >= 0 || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "EVENTFD", "no eventfd: %s", strerror(errno));
}

void queue_done(struct queue *queue)
{
	if (queue->event_fd >= 0) {
		close(queue->event_fd);
	}
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->filled);
}

void queue_wake(struct queue *queue)
{
	uint64_t one = 1;
	ssize_t written = write(queue->event_fd, &one, sizeof one);
	(void)written; /* EAGAIN: it is awake already */
}

bool queue_push(struct queue *queue, struct operation *op)
{
	pthread_mutex_lock(&queue->lock);
	bool room = !queue->closed && (queue->count_max == 0 || queue->count < queue->count_max);
	bool was_empty = queue->first == NULL;
	if (room) {
		op->next = NULL;
		*queue->end = op;
		queue->end = &op->next;
		queue->count++;
	}
	pthread_mutex_unlock(&queue->lock);
	if (room && queue->event_fd < 0) {
		pthread_cond_signal(&queue->filled);
	} else if (room && was_empty) {
		queue_wake(queue);
	}
	return room;
}

void queue_push_list(struct queue *queue, struct operation *list)
{
	pthread_mutex_lock(&queue->lock);
	bool was_empty = queue->first == NULL;
	*queue->end = list;
	for (; list; list = list->next) {
		queue->end = &list->next;
		queue->count++;
	}
	pthread_mutex_unlock(&queue->lock);
	if (queue->event_fd < 0) {
		pthread_cond_signal(&queue->filled);
	} else if (was_empty) {
		queue_wake(queue);
	}
}

struct operation *queue_wait(struct queue *queue, size_t most)
{
	pthread_mutex_lock(&queue->lock);
	while (!queue->first && !queue->closed) {
		pthread_cond_wait(&queue->filled, &queue->lock);
	}
	struct operation *first = queue->first, **end = &queue->first;
	for (size_t i = 0; i < most && *end; i++) {
		end = &(*end)->next;
		queue->count--;
	}
	struct operation *rest = *end;
	*end = NULL;
	queue->first = rest;
	if (!rest) {
		queue->end = &queue->first;
	}
	pthread_mutex_unlock(&queue->lock);
	return first;
}

struct operation *queue_take_all(struct queue *queue)
{
	uint64_t count;
	ssize_t taken = read(queue->event_fd, &count, sizeof count);
	(void)taken; /* EAGAIN: nothing was signalled */
	pthread_mutex_lock(&queue->lock);
	struct operation *first = queue->first;
	queue->first = NULL;
	queue->end = &queue->first;
	queue->count = 0;
	pthread_mutex_unlock(&queue->lock);
	return first;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_mutex_unlock(&queue->lock);
	pthread_cond_broadcast(&queue->filled);
}
