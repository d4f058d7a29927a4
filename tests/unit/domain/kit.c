/* SPDX-License-Identifier: Apache-2.0
 *
 * A call that writes runs inside a transaction, one that reads on a snapshot, as in the server.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kit.h"

#include "common/schema/json.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/user.pb-c.h"
#include "server/domain/programme.h"
#include "server/resource/changes.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(struct kit *kit, bool ok)
{
	if (!ok) {
		fail_msg("%s: %s", kit->status.reason, kit->status.message);
	}
}

static struct store_change change(struct kit *kit, const char *name, const ProtobufCMessage *message)
{
	return (struct store_change){name, STORE_CREATE, 0, schema_pack(message, &kit->arena)};
}

static void fill_store(struct kit *kit)
{
	static const uint8_t secret[48] = {1, 2, 3};
	struct store_txn *txn;
	Kam__V1__User admin = KAM__V1__USER__INIT, jane = KAM__V1__USER__INIT;
	Kam__V1__Programme *programme = programme_default(&kit->arena);
	assert_non_null(programme);
	admin.name = "users/admin";
	admin.display_name = "Admin";
	jane.name = "users/jane";
	jane.display_name = "Jane";
	struct store_change changes[] = {change(kit, "programme", &programme->base), change(kit, "users/admin", &admin.base), change(kit, "users/jane", &jane.base)};
	struct store_entry entry = {.time_us = kit->now_us, .actor = "", .request_id = "", .method = "test", .peer = "", .note = "", .changes = changes, .changes_count = 3};
	check(kit, store_txn_begin(kit->store, &txn, &kit->status));
	store_meta_put(txn, "secret", (struct bytes){secret, sizeof secret});
	store_append(txn, &entry);
	check(kit, store_commit(txn, &kit->status));
}

void kit_init(struct kit *kit, const struct domain *const *domains, size_t count)
{
	struct store_snapshot *snapshot;
	*kit = (struct kit){.now_us = INT64_C(1782900000) * 1000000}; /* 2026-07-01 10:00 UTC */
	snprintf(kit->directory, sizeof kit->directory, "%s", "/tmp/kam-domain-XXXXXX");
	assert_non_null(mkdtemp(kit->directory));
	assert_true(sodium_init() >= 0);
	status_init(&kit->status);
	arena_init(&kit->arena, 4ull * LIMIT_CALL_ARENA_BYTES);
	kit->schema = schema_new(schema_source_kam(), &kit->status);
	check(kit, kit->schema != NULL);
	struct store_options options = {
		.directory = kit->directory,
		.create = true,
		.map_bytes = 1u << 30,
		.indexer = engine_indexer,
		.indexer_context = kit->schema,
		.indexer_fingerprint = schema_index_fingerprint(kit->schema),
	};
	check(kit, store_open(&options, &kit->store, &kit->status));
	fill_store(kit);
	check(kit, store_snapshot_new(kit->store, &snapshot, &kit->status) && store_snapshot_renew(snapshot, &kit->status));
	check(kit, access_open(&kit->engine.access, kit->schema, store_snapshot_view(snapshot), &kit->status));
	store_snapshot_free(snapshot);
	/* Methods of domains that are not under test have no handler here: that is engine_init's complaint, and nothing to us. */
	if (!engine_init(&kit->engine, kit->schema, kit->store, domains, count, &kit->status)) {
		assert_non_null(strstr(kit->status.message, "no handler for"));
		status_init(&kit->status);
	}
	kit_become(kit, "users/admin", "*", SCOPE_ALL, GROUPS_ALL);
}

void kit_done(struct kit *kit)
{
	DIR *directory = opendir(kit->directory);
	engine_done(&kit->engine);
	store_close(kit->store);
	schema_free(kit->schema);
	arena_done(&kit->arena);
	for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
		unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	rmdir(kit->directory);
}

void kit_become(struct kit *kit, const char *user, const char *permissions, enum scope scope, schema_groups groups)
{
	struct grant *grant = arena_calloc(&kit->arena, 1, sizeof *grant);
	char *list = arena_strdup(&kit->arena, permissions);
	char **words = arena_calloc(&kit->arena, 32, sizeof *words);
	size_t count = 0;
	assert_true(grant && list && words);
	for (char *word = strtok(list, " "); word; word = strtok(NULL, " ")) {
		assert_true(count < 32);
		words[count++] = word;
	}
	*grant = (struct grant){.binding = "bindings/test", .role = "roles/test", .permissions = words, .permissions_count = count, .scope = scope, .groups = groups,
	                        .region = "", .end_us = INT64_MAX};
	kit->caller = (struct caller){.user = user, .session = "", .token = "", .end_us = INT64_MAX, .grants = grant, .grants_count = 1};
}

static bool append(struct call *call, struct store_txn *txn)
{
	size_t count;
	const struct store_change *changes = changes_list(call->changes, &count);
	struct store_entry entry = {.time_us = call->now_us, .actor = call->caller->user, .request_id = "", .method = call->method->path + 1, .peer = "",
	                            .note = call->note ? call->note : "", .changes = changes, .changes_count = count};
	uint64_t revision = count == 0 ? 0 : store_append(txn, &entry);
	for (size_t i = 0; i < count; i++) {
		engine_note_change(call->engine, changes[i].name, revision);
	}
	return count == 0 || revision != 0;
}

static bool run_write(struct call *call, struct kit *kit)
{
	struct store_txn *txn;
	check(kit, store_txn_begin(kit->store, &txn, &kit->status));
	call->view = store_txn_view(txn);
	call->changes = changes_new(call->arena, kit->schema);
	call->revision = store_view_revision(call->view);
	if (!kit->engine.handlers[call->method->index](call) || !append(call, txn)) {
		store_abort(txn);
		return false;
	}
	return store_commit(txn, &kit->status);
}

static bool run_read(struct call *call, struct kit *kit)
{
	struct store_snapshot *snapshot;
	check(kit, store_snapshot_new(kit->store, &snapshot, &kit->status) && store_snapshot_renew(snapshot, &kit->status));
	call->view = store_snapshot_view(snapshot);
	call->as_of = kit->as_of;
	call->revision = kit->as_of ? kit->as_of : store_view_revision(call->view);
	bool ok = kit->engine.handlers[call->method->index](call);
	store_snapshot_free(snapshot);
	return ok;
}

static const void *run(struct kit *kit, const char *path, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

static const void *run(struct kit *kit, const char *path, const char *format, va_list arguments)
{
	char text[8192], full[128];
	struct arena arena;
	status_init(&kit->status);
	vsnprintf(text, sizeof text, format, arguments);
	snprintf(full, sizeof full, "/%s", path);
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	struct call call = {.engine = &kit->engine, .method = schema_method_find(kit->schema, full), .caller = &kit->caller, .arena = &arena, .status = &kit->status,
	                    .peer = "", .client = "", .now_us = kit->now_us};
	assert_non_null(call.method);
	assert_non_null(kit->engine.handlers[call.method->index]);
	buf_init(&call.reply, &arena);
	call.request = json_read(kit->schema, call.method->input, bytes_of(text), &arena, &kit->status);
	check(kit, call.request != NULL);
	bool ok = call_check_request(&call) && (call.method->writes ? run_write(&call, kit) : run_read(&call, kit));
	const void *answer = NULL;
	assert_int_equal(ok, status_ok(&kit->status));
	if (ok) {
		assert_true(call.replied && !call.reply.failed);
		answer = schema_unpack(call.method->output, buf_bytes(&call.reply), &kit->arena, &kit->status);
		check(kit, answer != NULL);
	}
	kit->revision = store_revision(kit->store);
	arena_done(&arena);
	return answer;
}

const void *kit_call(struct kit *kit, const char *method, const char *json_format, ...)
{
	va_list arguments;
	va_start(arguments, json_format);
	const void *answer = run(kit, method, json_format, arguments);
	va_end(arguments);
	return answer;
}

const void *kit_must(struct kit *kit, const char *method, const char *json_format, ...)
{
	va_list arguments;
	va_start(arguments, json_format);
	const void *answer = run(kit, method, json_format, arguments);
	va_end(arguments);
	if (!answer) {
		fail_msg("%s: %s: %s", method, kit->status.reason, kit->status.message);
	}
	return answer;
}

void kit_must_fail(struct kit *kit, enum status_code code, const char *method, const char *json_format, ...)
{
	va_list arguments;
	va_start(arguments, json_format);
	const void *answer = run(kit, method, json_format, arguments);
	va_end(arguments);
	assert_null(answer);
	if (kit->status.code != code) {
		fail_msg("%s: %s instead of %s: %s", method, status_code_name(kit->status.code), status_code_name(code), kit->status.message);
	}
}
