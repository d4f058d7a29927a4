/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine demands a handler for every method of the contract: those that are not standard get one that refuses.
 */
#include "tests/unit/access/world.h"

#include "common/base/name.h"
#include "common/schema/json.h"
#include "common/schema/value.h"
#include "server/resource/changes.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CALL_BYTES = 64 << 20, WORLD_BYTES = 256 << 20, ROWS_MAX = 256 };

const struct noun *world_nouns;
size_t world_nouns_count;

static void die_on(const struct status *st, const char *what)
{
	if (!status_ok(st)) {
		fprintf(stderr, "%s: %s %s: %s\n", what, status_code_name(st->code), st->reason, st->message);
		abort();
	}
}

/* ---- making ---- */

static bool refuse(struct call *call)
{
	return status_fail(call->status, STATUS_UNIMPLEMENTED, "TEST", "not in this world");
}

static void make_engine(struct world *world)
{
	static struct method_row rows[ROWS_MAX];
	static struct domain domain;
	static const struct domain *const domains[] = {&domain};
	domain = (struct domain){world_nouns, world_nouns_count, rows, 0};
	for (size_t i = 0; i < schema_methods_count(world->schema); i++) {
		const struct schema_method *method = schema_method_at(world->schema, i);
		if (method->verb == VERB_CUSTOM) {
			assert(domain.methods_count < ROWS_MAX);
			rows[domain.methods_count++] = (struct method_row){method->path, method->irreversible ? engine_erase : refuse, NULL};
		}
	}
	bool ok = engine_init(&world->engine, world->schema, world->store, domains, 1, &world->st) &&
	          access_open(&world->engine.access, world->schema, world_view(world), &world->st);
	die_on(&world->st, "engine");
	assert(ok);
}

static void open_store(struct world *world)
{
	struct store_options options = {
		.directory = world->directory,
		.create = true,
		.map_bytes = 256u << 20,
		.indexer = engine_indexer,
		.indexer_context = world->schema,
		.indexer_fingerprint = schema_index_fingerprint(world->schema),
	};
	store_open(&options, &world->store, &world->st);
	die_on(&world->st, "store_open");
	struct store_txn *txn;
	store_txn_begin(world->store, &txn, &world->st);
	die_on(&world->st, "store_txn_begin");
	uint8_t secret[48];
	for (uint8_t i = 0; i < sizeof secret; i++) {
		secret[i] = i;
	}
	store_meta_put(txn, "secret", (struct bytes){secret, sizeof secret});
	store_commit(txn, &world->st);
	die_on(&world->st, "store_commit");
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	const char *base = getenv("TMPDIR");
	assert(world);
	snprintf(world->directory, sizeof world->directory, "%s/kam_world_test.XXXXXX", base ? base : "/tmp");
	const char *made = mkdtemp(world->directory);
	assert(made);
	status_init(&world->st);
	arena_init(&world->arena, WORLD_BYTES);
	world->now_us = 1790000000ll * 1000000;
	world->call_bytes = CALL_BYTES;
	world->schema = schema_new(schema_source_kam(), &world->st);
	die_on(&world->st, "schema_new");
	open_store(world);
	make_engine(world);
	world_role(world, "roles/admin", "ALL", "*", "PUBLIC,COMMERCIAL,FINANCIAL,PERSONAL,STRATEGY");
	world_bind(world, "users/admin", "roles/admin", "");
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;
	store_snapshot_free(world->snapshot);
	store_close(world->store);
	engine_done(&world->engine);
	schema_free(world->schema);
	arena_done(&world->arena);
	DIR *directory = opendir(world->directory);
	assert(directory);
	for (struct dirent *file; (file = readdir(directory));) {
		unlinkat(dirfd(directory), file->d_name, 0);
	}
	closedir(directory);
	rmdir(world->directory);
	free(world);
	return 0;
}

/* ---- what is there ---- */

static const char *formatted(struct world *world, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

static const char *formatted(struct world *world, const char *format, va_list arguments)
{
	static char text[1 << 16];
	int size = vsnprintf(text, sizeof text, format, arguments);
	assert(size >= 0 && (size_t)size < sizeof text);
	return arena_strdup(&world->arena, text);
}

static const struct schema_resource *resource_of(struct world *world, const char *name)
{
	const struct schema_resource *resource = schema_resource_of_name(world->schema, name);
	assert(resource);
	return resource;
}

struct bytes world_pack(struct world *world, const char *type, const char *json)
{
	const struct schema_type *found = schema_type_find(world->schema, type);
	assert(found);
	const ProtobufCMessage *message = json_read(world->schema, found, bytes_of(json), &world->arena, &world->st);
	die_on(&world->st, json);
	return schema_pack(message, &world->arena);
}

uint64_t world_put_bytes(struct world *world, const char *name, enum store_operation operation, struct bytes value)
{
	struct store_record old = {0};
	struct store_txn *txn;
	store_txn_begin(world->store, &txn, &world->st);
	store_get(store_txn_view(txn), name, &old, &world->st);
	die_on(&world->st, name);
	world->now_us += 1000000;
	struct store_change change = {name, operation, old.revision, value};
	struct store_entry entry = {.time_us = world->now_us, .actor = "users/test", .request_id = "", .method = "Test/Put", .peer = "", .note = "",
	                            .changes = &change, .changes_count = 1};
	uint64_t revision = store_append(txn, &entry);
	engine_note_change(&world->engine, name, revision);
	store_commit(txn, &world->st);
	die_on(&world->st, name);
	return revision;
}

uint64_t world_put(struct world *world, const char *name, const char *json)
{
	const struct schema_resource *resource = resource_of(world, name);
	struct store_record old;
	ProtobufCMessage *message = json_read(world->schema, resource->type, bytes_of(json), &world->arena, &world->st);
	die_on(&world->st, json);
	value_set(message, resource->name, (struct value){.kind = VALUE_STRING, .string = name}, &world->arena);
	bool known = store_get(world_view(world), name, &old, &world->st);
	return world_put_bytes(world, name, known ? STORE_UPDATE : STORE_CREATE, schema_pack(message, &world->arena));
}

uint64_t world_putf(struct world *world, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const char *json = formatted(world, format, arguments);
	va_end(arguments);
	return world_put(world, name, json);
}

void world_delete(struct world *world, const char *name)
{
	struct store_record old;
	bool known = store_get(world_view(world), name, &old, &world->st);
	assert(known);
	world_put_bytes(world, name, STORE_DELETE, arena_bytes(&world->arena, old.value));
}

/* "a,b" as "\"pa\",\"pb\"". */
static const char *quoted(struct world *world, const char *prefix, const char *list)
{
	struct buf text;
	buf_init(&text, &world->arena);
	while (*list) {
		size_t size = strcspn(list, ",");
		buf_printf(&text, "%s\"%s%.*s\"", text.size ? "," : "", prefix, (int)size, list);
		list += size + (list[size] == ',');
	}
	return buf_text(&text);
}

void world_role(struct world *world, const char *name, const char *scope, const char *permissions, const char *groups)
{
	world_putf(world, name, "{\"displayName\":\"r\",\"scope\":\"SCOPE_%s\",\"permissions\":[%s],\"fieldGroups\":[%s]}", scope,
	           quoted(world, "", permissions), quoted(world, "FIELD_GROUP_", groups));
}

void world_bind(struct world *world, const char *user, const char *role, const char *narrowed)
{
	struct store_record old;
	static unsigned count;
	if (!store_get(world_view(world), user, &old, &world->st)) {
		world_putf(world, user, "{\"displayName\":\"%s\"}", user);
	}
	const char *name = arena_printf(&world->arena, "bindings/b%u", count++);
	world_putf(world, name, "{\"user\":\"%s\",\"role\":\"%s\"%s%s}", user, role, *narrowed ? "," : "", narrowed);
}

/* ---- reading ---- */

const struct store_view *world_view(struct world *world)
{
	if (world->snapshot) {
		store_snapshot_renew(world->snapshot, &world->st);
	} else {
		store_snapshot_new(world->store, &world->snapshot, &world->st);
	}
	die_on(&world->st, "snapshot");
	return store_snapshot_view(world->snapshot);
}

const struct caller *world_caller(struct world *world, const char *user)
{
	struct caller *caller = arena_alloc(&world->arena, sizeof *caller);
	caller_load(&world->engine.access, world_view(world), user, &world->arena, caller, &world->st);
	die_on(&world->st, user);
	return caller;
}

struct decision world_decide(struct world *world, const char *user, const char *permission, const char *name)
{
	const struct caller *caller = world_caller(world, user);
	return decide(&world->engine.access, world_view(world), caller, permission, name, (struct bytes){0}, world->now_us, NULL);
}

static const char *json_of(struct world *world, const struct schema_type *type, const ProtobufCMessage *message)
{
	struct buf text;
	buf_init(&text, &world->arena);
	json_write(world->schema, type, message, 0, &text);
	return buf_text(&text);
}

const char *world_state(struct world *world, const char *name)
{
	struct store_record record;
	const struct schema_resource *resource = resource_of(world, name);
	if (!store_get(world_view(world), name, &record, &world->st)) {
		die_on(&world->st, name);
		return "-";
	}
	const ProtobufCMessage *message = schema_unpack(resource->type, record.value, &world->arena, &world->st);
	die_on(&world->st, name);
	return arena_printf(&world->arena, "%s%s", json_of(world, resource->type, message), record.operation == STORE_DELETE ? " (DELETED)" : "");
}

uint64_t world_revision(struct world *world)
{
	return store_revision(world->store);
}

/* ---- calling ---- */

static const struct schema_method *method_of(struct world *world, const char *method)
{
	const struct schema_method *found = schema_method_find(world->schema, arena_printf(&world->arena, "/kam.v1.%s", method));
	assert(found);
	return found;
}

/* As writer.c: the pending changes as one record. */
static bool append(struct call *call)
{
	struct store_txn *txn = call->transport;
	size_t count;
	const struct store_change *changes = changes_list(call->changes, &count);
	struct store_entry entry = {
		.time_us = call->now_us,
		.actor = call->actor ? call->actor : call->caller->user,
		.request_id = "",
		.method = call->method->path + 1,
		.peer = "",
		.note = call->note ? call->note : "",
		.changes = changes,
		.changes_count = count,
		.amendments = call->amendments,
		.amendments_count = call->amendments_count,
	};
	call->revision = store_append(txn, &entry);
	for (size_t i = 0; i < count; i++) {
		engine_note_change(call->engine, changes[i].name, call->revision);
	}
	changes_clear(call->changes);
	return call->revision != 0 || status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "STORE_FULL", "the store is full");
}

static bool run_write(struct world *world, struct call *call)
{
	size_t pending = 0;
	store_txn_begin(world->store, (struct store_txn **)&call->transport, &world->st);
	die_on(&world->st, "store_txn_begin");
	call->view = store_txn_view(call->transport);
	call->changes = changes_new(call->arena, world->schema);
	call->append = append;
	bool ok = call_whole(call, call->changes && world->engine.handlers[call->method->index](call));
	if (ok) {
		changes_list(call->changes, &pending);
		ok = pending == 0 || append(call);
	}
	if (!ok || pending == 0) {
		store_abort(call->transport);
		return ok;
	}
	store_commit(call->transport, &world->st);
	die_on(&world->st, call->method->path);
	return true;
}

static bool run_read(struct world *world, struct call *call)
{
	call->view = world_view(world);
	call->as_of = world->as_of;
	call->revision = world->as_of ? world->as_of : store_view_revision(call->view);
	call->budget = world->budget;
	return world->engine.handlers[call->method->index](call);
}

struct answer world_call(struct world *world, const char *user, const char *name, const char *request)
{
	const struct schema_method *method = method_of(world, name);
	const ProtobufCMessage *parsed = json_read(world->schema, method->input, bytes_of(request), &world->arena, &world->st);
	die_on(&world->st, request);
	struct bytes packed = schema_pack(parsed, &world->arena);
	struct answer answer = {.json = ""};
	struct arena arena;
	struct call call = {.engine = &world->engine, .method = method, .caller = world_caller(world, user ? user : "users/admin"), .arena = &arena,
	                    .status = &answer.status, .peer = "", .client = ""};
	if (method->writes) {
		world->now_us += 1000000;
	}
	call.now_us = world->now_us;
	status_init(&answer.status);
	arena_init(&arena, world->call_bytes);
	buf_init(&call.reply, &arena);
	call.request = schema_unpack(method->input, packed, &arena, &answer.status);
	answer.ok = call.request && call_check_request(&call) && (method->writes ? run_write(world, &call) : run_read(world, &call));
	answer.deferred = call.deferred;
	answer.revision = call.revision;
	assert(answer.deferred || answer.ok == status_ok(&answer.status)); /* no failure without a reason, no success with one */
	assert(!answer.ok || answer.deferred || (call.replied && !call.reply.failed));
	if (answer.ok && !answer.deferred) {
		answer.bytes = arena_bytes(&world->arena, buf_bytes(&call.reply));
		answer.message = schema_unpack(method->output, answer.bytes, &world->arena, &world->st);
		die_on(&world->st, name);
		answer.json = json_of(world, method->output, answer.message);
	}
	arena_done(&arena);
	return answer;
}

struct answer world_callf(struct world *world, const char *user, const char *method, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const char *request = formatted(world, format, arguments);
	va_end(arguments);
	return world_call(world, user, method, request);
}

const char *world_status(struct world *world, const struct status *st)
{
	return arena_printf(&world->arena, "%s %s: %s", status_code_name(st->code), st->reason, st->message);
}

const char *world_ok(struct world *world, const char *user, const char *method, const char *request)
{
	struct answer answer = world_call(world, user, method, request);
	die_on(&answer.status, method);
	return answer.json;
}

const char *world_refusal(struct world *world, const char *user, const char *method, const char *request)
{
	struct answer answer = world_call(world, user, method, request);
	return answer.ok ? arena_printf(&world->arena, "not refused: %s", answer.json) : world_status(world, &answer.status);
}

const char *world_text(struct world *world, const struct answer *answer, const char *method, const char *field)
{
	die_on(&answer->status, method);
	return value_get(answer->message, schema_field_find(method_of(world, method)->output, field), 0).string;
}

const char *world_names(struct world *world, const struct answer *answer, const char *method)
{
	const struct schema_type *output = method_of(world, method)->output;
	struct buf text;
	die_on(&answer->status, method);
	buf_init(&text, &world->arena);
	for (size_t i = 0; i < output->fields_count; i++) {
		const struct schema_field *field = &output->fields[i];
		size_t count = field->repeated && field->message ? value_count(answer->message, field) : 0;
		for (size_t k = 0; k < count; k++) {
			const ProtobufCMessage *item = value_get(answer->message, field, k).message;
			const char *name = value_get(item, field->message->resource->name, 0).string;
			buf_printf(&text, "%s%s", text.size ? " " : "", strchr(name, '/') + 1);
		}
	}
	return buf_text(&text);
}
