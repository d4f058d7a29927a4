/* SPDX-License-Identifier: Apache-2.0
 *
 * Import: each row is found again by its external id and created, updated or left alone, with the checks and permissions of Create and Update. Rows that refer to
 * rows not seen yet wait until the end. Every row is a commit record of its own within the message's transaction; a dry run keeps all changes in memory
 * and appends none, so it sees exactly what the real run would.
 */
#include "server/domain/import_lookup.h"
#include "server/domain/import_order.h"

#include "common/base/crc32c.h"
#include "common/base/name.h"
#include "common/base/utf8.h"
#include "common/schema/value.h"
#include "kam/v1/programme.pb-c.h"
#include "server/access/token.h"
#include "server/domain/domain.h"

#include <stdio.h>

enum { SLICE_ROWS = 1000 }; /* then the writer takes others' calls */

struct run {
	struct import_plan plan;
	const char *file_name;
	bool validate_only;
	struct changes *changes; /* of a dry run: all of it */
	struct waiting *waiting, **waiting_end;
	struct waiting *turn;    /* of those, the ones still to be tried in this pass */
	int64_t settled;         /* in this pass */
	bool last_chance;
	int64_t rows, created, updated, unchanged, failed, waiting_count;
	struct arena row_arena; /* emptied after each row */
	struct arena lookup_arena; /* and this one after each message, for others write in between */
};

/* What one message is answered with, collected in the call's arena. */
struct answer {
	struct call *call;
	struct arena *arena;
	Kam__V1__ImportRowResult **results;
	size_t count, capacity;
};

/* ---- the start -------------------------------------------------------------------------------------------------------------------- */

/* Streams outlive their messages: the start is kept by packing it and unpacking it into the stream's arena. */
static const Kam__V1__ImportStart *keep_start(struct call *call, const Kam__V1__ImportStart *start)
{
	struct bytes packed = schema_pack(&start->base, call->arena);
	const struct schema_type *type = schema_type_find(call->engine->schema, "kam.v1.ImportStart");
	return packed.data ? (const void *)schema_unpack(type, packed, &call->stream->arena, call->status) : NULL;
}

static const char *reporting_currency(struct call *call)
{
	const Kam__V1__Programme *programme = (const void *)call_read_message(call, "programme");
	return programme && *programme->reporting_currency ? programme->reporting_currency : "EUR";
}

static bool begin(struct call *call, const Kam__V1__ImportStart *given)
{
	struct arena *arena = &call->stream->arena;
	const Kam__V1__ImportStart *start = keep_start(call, given);
	struct run *run = arena_calloc(arena, 1, sizeof *run);
	if (!start || !run || !import_plan_make(call, start, arena, &run->plan)) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the import's map needs more memory than a call may use");
	}
	run->plan.currency = arena_strdup(arena, reporting_currency(call));
	run->file_name = start->file_name;
	run->validate_only = start->validate_only;
	run->changes = start->validate_only ? changes_new(arena, call->engine->schema) : NULL;
	run->waiting_end = &run->waiting;
	arena_init(&run->row_arena, LIMIT_CALL_ARENA_BYTES);
	arena_init(&run->lookup_arena, LIMIT_CALL_ARENA_BYTES);
	if (!status_ok(call->status) || !run->plan.currency) {
		return false;
	}
	call->stream->state = run;
	return true;
}

/* ---- one row ------------------------------------------------------------------------------------------------------------------------ */

struct row {
	struct call *call;
	struct run *run;
	const Kam__V1__ImportRow *from;
	struct row_fault fault;
	const char *name;
	const char *remark; /* of a row that went in, but not whole */
	Kam__V1__ImportOutcome outcome;
};

/* A fault in the words of a failed check, with the column that the field came from. */
static void fault_of_status(struct row *row)
{
	struct status *st = row->call->status;
	const struct status_violation *violation = st->violations_count ? &st->violations[0] : NULL;
	row->fault.reason = arena_strdup(row->call->arena, violation ? violation->description : st->message);
	if (violation) {
		row->fault.column = import_column_of(&row->run->plan, violation->field, row->from, &row->fault.value);
		if (!*row->fault.column) {
			row->fault.reason = arena_printf(row->call->arena, "%s: %s", violation->field, violation->description);
		}
	}
	status_init(st);
}

static bool is_taken(struct call *call, const char *name)
{
	struct store_record record;
	return changes_get(call->changes, call->view, name, &record, call->status);
}

static const char *name_below(struct row *row, const char *parent, const char *id)
{
	const char *collection = row->run->plan.resource->collection, *slash = strrchr(collection, '/'), *word = slash ? slash + 1 : collection;
	struct arena *arena = row->call->arena;
	return *parent ? arena_printf(arena, "%s/%s/%s", parent, word, id) : arena_printf(arena, "%s/%s", word, id);
}

/* An id where neither the map nor the fields say one: what the noun suggests, or the title in letters. */
static const char *suggest_id(struct row *row, const ProtobufCMessage *message, const char *key)
{
	struct call *call = row->call;
	const struct schema_resource *resource = row->run->plan.resource;
	const struct noun *noun = engine_noun(call->engine, resource);
	const struct schema_field *title = import_title_field(resource);
	const char *id = noun && noun->suggest_id ? noun->suggest_id(call, message) : NULL;
	const char *text = title && value_count(message, title) ? value_get(message, title, 0).string : key;
	return id && name_id_valid(id, strlen(id)) ? id : id_of_text(text, call->arena);
}

/* The name of a new resource: as mapped, as the noun makes it, or as suggested; where that is taken, with a mark of the key, always the same. Whoever may not see all that might
 * have it must not learn from its name whether it is taken: as with Create they cannot choose one, and get a random one. */
static const char *choose_name(struct row *row, const ProtobufCMessage *message, const char *parent, const char *id, const char *key)
{
	struct call *call = row->call;
	const struct schema_resource *resource = row->run->plan.resource;
	const struct noun *noun = engine_noun(call->engine, resource);
	if (resource->parent && !*parent) {
		row->fault.reason = "the map says nothing of the resource it lies below: map \"parent\" or give one";
		return NULL;
	}
	const char *made = noun && noun->make_id ? noun->make_id(call, message) : NULL;
	const char *chosen = made && !*id ? made : id;
	id = *chosen ? chosen : suggest_id(row, message, key);
	const char *name = name_below(row, parent, id);
	if (name && !call_sees_whatever(call, resource, name)) {
		char random[TOKEN_SESSION_ID_BYTES];
		if (*chosen) {
			row->fault.reason = "you may not choose the id, because you do not see all that might have it: leave it out of the map";
			return NULL;
		}
		token_random_id(random);
		return name_below(row, parent, random);
	}
	if (name && !made && is_taken(call, name)) {
		size_t room = LIMIT_ID_BYTES - 9;
		name = arena_printf(call->arena, "%.*s%.*s-%08x", (int)(strlen(name) - strlen(id)), name, (int)(strlen(id) < room ? strlen(id) : room), id,
		                    crc32c(0, key, strlen(key)));
	}
	return name;
}

/* The caller may create or update it, as Create and Update would ask. */
static struct decision decide_row(struct row *row, const char *name, const char *verb, const ProtobufCMessage *message)
{
	struct call *call = row->call;
	struct bytes account = {0};
	if (row->run->plan.resource->type == call->engine->access.account && strcmp(verb, "create") == 0) {
		account = schema_pack(message, call->arena);
	}
	const char *permission = arena_printf(call->arena, "%s.%s", row->run->plan.resource->plural, verb);
	return permission ? decide(&call->engine->access, call->view, call->caller, permission, name, account, call->now_us, NULL) : (struct decision){0};
}

/* References upwards that would close a circle are left out and remarked on: half the world's organisation charts have one. */
static void cut_circles(struct row *row, const char *name, ProtobufCMessage *message)
{
	const struct schema_type *type = row->run->plan.resource->type;
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (!field->rules.acyclic || value_count(message, field) == 0) {
			continue;
		}
		const char *target = value_get(message, field, 0).string;
		enum chain chain = strcmp(target, name) == 0 ? CHAIN_COMES_BACK : write_follow_chain(row->call, field, name, target);
		if (chain != CHAIN_ENDS) {
			row->remark = chain == CHAIN_COMES_BACK
			                      ? arena_printf(row->call->arena, "%s left out: %s would be above itself", field->name, target)
			                      : arena_printf(row->call->arena, "%s left out: %s lies below %u others already", field->name, target, LIMIT_CHAIN);
			value_clear(message, field);
		}
	}
}

static bool set_external_id(struct row *row, ProtobufCMessage *message, const char *key)
{
	const struct schema_field *field = row->run->plan.resource->external_ids;
	const char *system = row->run->plan.map->system;
	struct arena *arena = row->call->arena;
	/* One id per system: a map is a list of entries here, so an old one would stay beside the new. */
	size_t count = value_count(message, field);
	for (size_t i = 0; i < count; i++) {
		const ProtobufCMessage *entry = value_get(message, field, i).message;
		const struct schema_field *key_field = schema_field_by_number(field->message, 1);
		if (strcmp(value_get(entry, key_field, 0).string, system) == 0) {
			return true; /* it was found by this very id */
		}
	}
	const char *text = arena_printf(arena, "%s=%s", system, key);
	return text && value_set_text(message, field, text, arena, row->call->status);
}

/* Every field that the map sets, whether this row changes it or not: a guess at a hidden value must tell nothing. */
static bool may_set_all(struct row *row, schema_groups groups)
{
	const struct import_plan *plan = &row->run->plan;
	for (size_t i = 0; i < plan->map->n_fields; i++) {
		const char *path = plan->map->fields[i]->field;
		const char *top = arena_strndup(row->call->arena, path, strcspn(path, "."));
		const struct schema_field *field = top ? schema_field_find(plan->resource->type, top) : NULL;
		if (field && !write_field_permitted(row->call, field, groups)) {
			return false;
		}
	}
	return true;
}

static bool take_row(struct row *row)
{
	struct call *call = row->call;
	const struct import_plan *plan = &row->run->plan;
	struct store_record record;
	const char *parent = "", *id = "", *key = import_key(call, plan, row->from, &row->fault);
	if (!key) {
		return false;
	}
	const char *known = import_find_id(plan->lookups, call, plan->resource, plan->map->system, key);
	bool found = known && changes_get(call->changes, call->view, known, &record, call->status);
	ProtobufCMessage *message = found ? schema_unpack(plan->resource->type, record.value, call->arena, call->status)
	                                  : schema_message_new(plan->resource->type, call->arena);
	if (!message || !import_fill(call, plan, row->from, message, &parent, &id, &row->fault) || !set_external_id(row, message, key)) {
		return false;
	}
	if (found && record.operation == STORE_DELETE) {
		row->fault.reason = arena_printf(call->arena, "%s was deleted: undelete it first", known);
		return false;
	}
	const char *name = found ? known : choose_name(row, message, parent, id, key);
	if (!name || strlen(name) > LIMIT_NAME_BYTES) {
		row->fault.reason = name ? "its name would be too long: use a shorter id" : row->fault.reason;
		return false;
	}
	if (!found && !write_check_parent(call, plan->resource, parent)) {
		return false;
	}
	struct decision decision = decide_row(row, name, found ? "update" : "create", message);
	if (!decision.allowed) {
		row->fault.reason = found ? arena_printf(call->arena, "you may not change %s", name) : "you may not create it here";
		return false;
	}
	cut_circles(row, name, message);
	bool changed;
	if (!(found ? may_set_all(row, decision.groups) : write_permitted(call, plan->resource, NULL, message, decision.groups)) ||
	    !write_resource(call, plan->resource, name, found ? &record : NULL, message, plan->resource->singular, &changed)) {
		return false;
	}
	row->name = name;
	row->outcome = !found  ? KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_CREATED
	               : changed ? KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_UPDATED
	                         : KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_UNCHANGED;
	return true;
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------------------ */

static char *kept(struct arena *arena, const char *text)
{
	char *copy = arena_printf(arena, "%.300s", text ? text : "");
	if (copy) {
		utf8_repair(copy);
	}
	return copy ? copy : (char *)(uintptr_t)"";
}

static void add_result(struct answer *answer, const struct row *row)
{
	if (answer->count == answer->capacity) {
		size_t capacity = answer->capacity ? answer->capacity * 2 : 64;
		Kam__V1__ImportRowResult **grown = arena_calloc(answer->arena, capacity, sizeof *grown);
		if (!grown) {
			return;
		}
		if (answer->count) {
			memcpy(grown, answer->results, answer->count * sizeof *grown);
		}
		answer->results = grown;
		answer->capacity = capacity;
	}
	Kam__V1__ImportRowResult *result = arena_alloc(answer->arena, sizeof *result);
	if (result) {
		kam__v1__import_row_result__init(result);
		result->line = row->from->line;
		result->outcome = row->outcome;
		result->name = kept(answer->arena, row->name);
		result->column = kept(answer->arena, row->fault.column);
		result->value = kept(answer->arena, row->fault.value);
		result->reason = kept(answer->arena, row->fault.reason ? row->fault.reason : row->remark);
		answer->results[answer->count++] = result;
	}
}

/* What a row waits for: it is taken behind that one. */
static void note_wanted(struct waiting *waiting, const struct row_fault *fault, struct arena *arena)
{
	if (waiting->by != fault->by || strcmp(waiting->wants, fault->value) != 0) {
		const char *wants = arena_strdup(arena, fault->value);
		waiting->by = wants ? fault->by : NULL;
		waiting->wants = wants ? wants : "";
	}
}

static void queue_waiting(struct run *run, struct waiting *waiting)
{
	waiting->next = NULL;
	*run->waiting_end = waiting;
	run->waiting_end = &waiting->next;
}

/* Copies a row into the stream, to be tried again at the end. */
static struct waiting *put_back(struct run *run, struct call *call, const Kam__V1__ImportRow *row)
{
	struct arena *arena = &call->stream->arena;
	struct waiting *waiting = arena_calloc(arena, 1, sizeof *waiting);
	struct bytes packed = schema_pack(&row->base, call->arena);
	const struct schema_type *type = schema_type_find(call->engine->schema, "kam.v1.ImportRow");
	const Kam__V1__ImportRow *copy = waiting && packed.data ? (const void *)schema_unpack(type, packed, arena, call->status) : NULL;
	if (!copy) {
		status_init(call->status);
		status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "too many rows wait for others: sort the file so that parents come first");
		return NULL;
	}
	waiting->wants = "";
	waiting->row = copy;
	run->waiting_count++;
	return waiting;
}

/* What earlier lookups found is forgotten. */
static bool forget_lookups(struct run *run, struct call *call)
{
	arena_reset(&run->lookup_arena);
	run->plan.lookups = import_lookups_new(&run->lookup_arena, call->engine->schema, run->changes);
	return run->plan.lookups || call_no_memory(call);
}

/* Appends what a row wrote, and keeps it where lookups find it. */
static bool append_row(struct run *run, struct call *call)
{
	return (import_lookups_note(run->plan.lookups, call->changes) || forget_lookups(run, call)) && call->append(call);
}

/* Takes one row whole: its own arena, its own record, its own result. `waiting` is its place among those that were put back, NULL for a row that came just now. */
static void process(struct answer *answer, struct run *run, const Kam__V1__ImportRow *from, struct waiting *waiting)
{
	struct call *call = answer->call;
	struct changes *own = call->changes; /* a row's own end with it */
	struct row row = {.call = call, .run = run, .from = from, .outcome = KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_FAILED};
	call->arena = &run->row_arena;
	call->changes = run->validate_only ? run->changes : changes_new(&run->row_arena, call->engine->schema);
	run->plan.left_out = waiting && waiting->cut ? waiting->by : NULL;
	bool ok = call->changes && take_row(&row) && status_ok(call->status);
	if (ok && run->plan.left_out) {
		row.remark = arena_printf(call->arena, "%s left out: %.80s would be above itself", run->plan.left_out->field, waiting->wants);
	}
	if (!ok) {
		if (!row.fault.reason) {
			fault_of_status(&row);
		}
		status_init(call->status);
		if (call->changes) {
			changes_drop(call->changes);
		}
		row.outcome = KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_FAILED;
	} else if (run->validate_only) {
		changes_clear(call->changes);
	} else if (!append_row(run, call)) {
		call->arena = answer->arena;
		call->changes = own;
		return; /* the transaction has failed as a whole: the writer says so */
	}
	bool wait = !ok && row.fault.unresolved && !run->last_chance;
	struct waiting *place = wait && !waiting ? put_back(run, call, from) : waiting;
	if (wait && place) {
		note_wanted(place, &row.fault, &call->stream->arena);
		queue_waiting(run, place);
	} else if (waiting) {
		run->waiting_count--;
		run->settled++;
	}
	if (!wait && (!ok || run->validate_only || row.remark)) {
		add_result(answer, &row);
	}
	run->rows += !wait;
	run->created += row.outcome == KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_CREATED;
	run->updated += row.outcome == KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_UPDATED;
	run->unchanged += row.outcome == KAM__V1__IMPORT_OUTCOME__IMPORT_OUTCOME_UNCHANGED;
	run->failed += !ok && !wait;
	call->arena = answer->arena;
	call->changes = own;
	arena_reset(&run->row_arena);
}

static bool reply(struct answer *answer, const struct run *run, bool done, const char *record)
{
	Kam__V1__ImportResponse response = KAM__V1__IMPORT_RESPONSE__INIT;
	response.results = answer->results;
	response.n_results = answer->count;
	response.rows = run->rows;
	response.created = run->created;
	response.updated = run->updated;
	response.unchanged = run->unchanged;
	response.failed = run->failed;
	response.waiting = run->waiting_count;
	response.done = done;
	response.import = (char *)(uintptr_t)record;
	return call_reply(answer->call, &response.base);
}

/* ---- the end ------------------------------------------------------------------------------------------------------------------------------ */

/* Tries waiting rows again, each behind the one that it waits for, until a pass settles none; what is left then has failed. False when there is more to do:
 * a slice at a time, for the writer has other calls. */
static bool settle_waiting(struct answer *answer, struct run *run)
{
	size_t left = SLICE_ROWS;
	while ((run->waiting || run->turn) && status_ok(answer->call->status)) {
		if (!run->turn) {
			run->turn = import_order(answer->call, &run->plan, run->waiting, (size_t)run->waiting_count);
			run->waiting = NULL;
			run->waiting_end = &run->waiting;
			run->settled = 0;
		}
		for (; run->turn && left > 0 && status_ok(answer->call->status); left--) {
			struct waiting *waiting = run->turn;
			run->turn = waiting->next;
			process(answer, run, waiting->row, waiting);
		}
		if (run->turn) {
			return false;
		}
		run->last_chance = run->settled == 0;
	}
	return true;
}

static const char *record_run(struct call *call, const struct run *run)
{
	const struct schema_resource *resource = schema_resource_find(call->engine->schema, "imports");
	Kam__V1__Import *record = (void *)schema_message_new(resource->type, call->arena);
	char id[TOKEN_SESSION_ID_BYTES];
	token_random_id(id);
	char *name = arena_printf(call->arena, "imports/%s", id);
	call->changes = changes_new(call->arena, call->engine->schema);
	if (!record || !name || !call->changes) {
		status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the import's record needs more memory than a call may use");
		return NULL;
	}
	record->resource = (char *)(uintptr_t)run->plan.resource->plural;
	record->file_name = (char *)(uintptr_t)run->file_name;
	record->system = run->plan.map->system;
	record->created = run->created;
	record->updated = run->updated;
	record->unchanged = run->unchanged;
	record->failed = run->failed;
	return write_resource(call, resource, name, NULL, &record->base, "import", NULL) && call->append(call) ? name : NULL;
}

static bool end(struct answer *answer, struct run *run)
{
	if (!settle_waiting(answer, run)) {
		answer->call->more = true;
		return status_ok(answer->call->status) && reply(answer, run, false, "");
	}
	const char *record = run->validate_only ? "" : record_run(answer->call, run);
	return record && status_ok(answer->call->status) && reply(answer, run, true, record);
}

static void release(void *state)
{
	struct run *run = state;
	arena_done(&run->row_arena);
	arena_done(&run->lookup_arena);
}

static bool import(struct call *call)
{
	const Kam__V1__ImportRequest *request = (const void *)call->request;
	struct run *run = call->stream->state;
	struct answer answer = {.call = call, .arena = call->arena};
	if (!run && (!request || !request->start || !request->start->map)) {
		return status_field(call->status, "start", "is missing: the first message says which map and columns the rows have");
	}
	if (run && request && request->start) {
		return status_field(call->status, "start", "was sent twice: only the first message has it");
	}
	if (!run) {
		if (!begin(call, request->start)) {
			return false;
		}
		run = call->stream->state;
		call->stream->release = release;
	}
	if (!forget_lookups(run, call)) {
		return false;
	}
	if (call->stream->ended) {
		return end(&answer, run);
	}
	for (size_t i = 0; i < request->n_rows && status_ok(call->status); i++) {
		process(&answer, run, request->rows[i], NULL);
	}
	return status_ok(call->status) && reply(&answer, run, false, "");
}

static const struct method_row methods[] = {{"/kam.v1.ImportService/Import", import, NULL}};

const struct domain domain_import = {.methods = methods, .methods_count = 1};
