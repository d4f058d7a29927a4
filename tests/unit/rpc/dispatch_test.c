/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the calls that stay open a worker comes back to, and when: after a commit, and when the server stops.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/json.h"
#include "server/rpc/connection.h"
#include "tests/unit/domain/kit.h"

#include <stdlib.h>

struct stage {
	struct kit kit;
	struct worker worker;
	struct connection connection;
	struct operation *watch, *follower;
	unsigned sent;
};

static bool follow(struct call *call)
{
	return call != NULL;
}

static bool count_sent(struct call *call)
{
	struct stage *stage = call->transport;
	stage->sent++;
	return true;
}

static void commit(struct kit *kit)
{
	struct store_txn *txn;
	struct store_change change = {"accounts/acme", STORE_CREATE, 0, {(const uint8_t *)"", 0}};
	struct store_entry entry = {.actor = "", .request_id = "", .method = "test", .peer = "", .note = "", .changes = &change, .changes_count = 1};
	assert_true(store_txn_begin(kit->store, &txn, &kit->status));
	store_append(txn, &entry);
	assert_true(store_commit(txn, &kit->status));
}

static struct operation *open_operation(struct stage *stage, const char *method)
{
	struct operation *op = operation_new();
	assert_non_null(op);
	op->worker = &stage->worker;
	op->connection = &stage->connection;
	op->method = schema_method_find(stage->kit.schema, method);
	assert_non_null(op->method);
	return op;
}

/* The first run of Health/Watch, as its handler is called. */
static void begin_watch(struct stage *stage, struct operation *op)
{
	struct kit *kit = &stage->kit;
	struct call call = {.engine = &kit->engine, .method = op->method, .arena = &kit->arena, .status = &kit->status, .stream = &op->stream, .send = count_sent,
	                    .transport = stage};
	call.request = json_read(kit->schema, op->method->input, bytes_of("{}"), &kit->arena, &kit->status);
	buf_init(&call.reply, &kit->arena);
	assert_true(kit->engine.handlers[op->method->index](&call));
	assert_int_equal(stage->sent, 1);
}

static int set_up(void **state)
{
	static const struct domain *const domains[] = {&domain_health};
	struct stage *stage = calloc(1, sizeof *stage);
	kit_init(&stage->kit, domains, 1);
	struct worker *worker = &stage->worker;
	TAILQ_INIT(&worker->streams);
	TAILQ_INIT(&worker->followers);
	TAILQ_INIT(&worker->waiting);
	TAILQ_INIT(&worker->connections);
	TAILQ_INIT(&worker->active);
	TAILQ_INIT(&stage->connection.ready);
	worker->executor.engine = &stage->kit.engine;
	stage->connection.worker = worker;
	health_set_serving(true);
	stage->watch = open_operation(stage, "/grpc.health.v1.Health/Watch");
	begin_watch(stage, stage->watch);
	worker_keep(stage->watch);
	*state = stage;
	return 0;
}

static void close_operation(struct operation *op)
{
	if (op != NULL) {
		connection_forget(op);
		worker_recycle(op);
	}
}

static int tear_down(void **state)
{
	struct stage *stage = *state;
	close_operation(stage->watch);
	close_operation(stage->follower);
	assert_true(TAILQ_EMPTY(&stage->worker.streams) && TAILQ_EMPTY(&stage->worker.followers));
	assert_false(worker_watches(&stage->worker));
	while (stage->worker.free_operations != NULL) {
		struct operation *next = stage->worker.free_operations->next;
		operation_free(stage->worker.free_operations);
		stage->worker.free_operations = next;
	}
	kit_done(&stage->kit);
	free(stage);
	return 0;
}

/* The server's health is the same after every commit: many open watches cost the writers nothing. */
static void commits_do_not_run_health_watches(void **state)
{
	struct stage *stage = *state;
	assert_false(worker_watches(&stage->worker));
	stage->follower = open_operation(stage, "/kam.v1.WatchService/Watch");
	stage->follower->stream.pump = follow;
	worker_keep(stage->follower);
	assert_true(worker_watches(&stage->worker));
	commit(&stage->kit);
	worker_run_streams(&stage->worker);
	assert_true(stage->follower->ready);
	assert_false(stage->watch->ready);
}

static void the_stop_runs_them(void **state)
{
	struct stage *stage = *state;
	health_set_serving(false);
	worker_drain(&stage->worker);
	assert_true(stage->watch->ready);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(commits_do_not_run_health_watches),
		TEST(the_stop_runs_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
