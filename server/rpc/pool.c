/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads for what would make others wait: heavy reads, each from a snapshot of its own taken when it starts, and password hashes, whose memory bounds how
 * many may run at once.
 */
#include "server/rpc/server.h"


#include <stdlib.h>

struct pool_thread {
	struct pool *pool;
	pthread_t thread;
	struct store_snapshot *snapshot;
	struct executor executor;
};

struct pool {
	struct server *server;
	struct queue *queue;
	unsigned count;
	struct pool_thread threads[];
};

/* A hasher's work goes on to the writer; a reader's back to the worker. */
static void pass_on(struct pool_thread *thread, struct operation *op)
{
	server_hashed(thread->pool->server, op);
	if (thread->executor.preparing && status_ok(&op->status)) {
		op->prepared_done = true;
		op->prepared = op->prepared ? arena_strdup(&op->stream.arena, op->prepared) : NULL;
		op->witness = op->witness ? arena_strdup(&op->stream.arena, op->witness) : NULL;
		op->replied = false;
		if (queue_push(server_writer_queue(thread->pool->server), op)) {
			return;
		}
		status_fail(&op->status, STATUS_RESOURCE_EXHAUSTED, "WRITER_BUSY", "too many changes are waiting; try again");
	}
	queue_push(worker_inbox(op->worker), op);
}

static void *pool_main(void *context)
{
	struct pool_thread *thread = context;
	struct executor *executor = &thread->executor;
	struct operation *op;
	while ((op = queue_wait(thread->pool->queue, 1)) != NULL) {
		operation_clear(op);
		status_init(&op->status);
		executor->epoch = server_epoch(thread->pool->server);
		if (store_snapshot_renew(thread->snapshot, &op->status)) {
			executor->view = store_snapshot_view(thread->snapshot);
			operation_run(op, executor);
			store_snapshot_release(thread->snapshot);
		}
		pass_on(thread, op);
	}
	return NULL;
}

static bool start(struct pool *pool, struct pool_thread *thread, bool preparing, struct status *st)
{
	thread->pool = pool;
	thread->executor.preparing = preparing;
	if (!executor_init(&thread->executor, pool->server) || !store_snapshot_new(thread->executor.engine->store, &thread->snapshot, st)) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	}
	store_snapshot_release(thread->snapshot);
	return pthread_create(&thread->thread, NULL, pool_main, thread) == 0 ||
	       status_fail(st, STATUS_RESOURCE_EXHAUSTED, "THREAD", "cannot start a pool thread");
}

struct pool *pool_new(struct server *server, struct queue *queue, unsigned threads, bool preparing, struct status *st)
{
	struct pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
	if (!pool) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	pool->server = server;
	pool->queue = queue;
	for (unsigned i = 0; i < threads; i++, pool->count++) {
		if (!start(pool, &pool->threads[i], preparing, st)) {
			store_snapshot_free(pool->threads[i].snapshot);
			executor_done(&pool->threads[i].executor);
			queue_close(queue);
			pool_join(pool);
			return NULL;
		}
	}
	return pool;
}

void pool_join(struct pool *pool)
{
	if (!pool) {
		return;
	}
	for (unsigned i = 0; i < pool->count; i++) {
		pthread_join(pool->threads[i].thread, NULL);
		store_snapshot_free(pool->threads[i].snapshot);
		executor_done(&pool->threads[i].executor);
	}
	free(pool);
}
