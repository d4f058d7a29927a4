/* SPDX-License-Identifier: Apache-2.0
 *
 * List, by the cheapest of four plans:
 *
 *   SCAN    no order: the collection in key order from where the last page ended; the filter is applied on the way.
 *   EQUAL   no order, and the filter demands `field = value` of an indexed field: the index gives the candidates, ordered by name.
 *   ORDERED one indexed, required field decides the order: the index is walked in that order.
 *   SORT    everything else: all candidates are examined, the first page of them is kept.
 *
 * Every candidate goes the same way whatever the plan: deleted? permitted? cut to the caller's groups; only then compared with the filter and the order, so
 * what a caller may not see has no part in what they get. All pages of one list are of one revision: a later page reads as of the first one's; where an index
 * can no longer serve that (resources of the type have changed), EQUAL and ORDERED go over to SORT, whose order is the same.
 */
#include "common/base/name.h"
#include "common/schema/filter.h"
#include "common/schema/value.h"
#include "common/schema/wire.h"
#include "kam/v1/standard.pb-c.h"
#include "server/resource/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum plan { PLAN_SCAN, PLAN_EQUAL, PLAN_ORDERED, PLAN_SORT };

struct candidate {
	struct bytes key;
	const char *name;
};

struct list {
	struct call *call;
	const struct schema_resource *resource;
	const Kam__V1__ListRequest *request;
	const char *pattern;    /* of the names asked for */
	struct name parts;      /* of the pattern */
	const struct filter *filter;
	const struct order *order;
	const struct schema_field *item; /* of the answer: the repeated resource */
	enum plan plan, first_plan; /* of this page; of the first */
	bool names_descend;     /* of equal keys: as an index does that is walked from its end */
	bool timed;             /* filter or order ask for the update time */
	uint64_t at;            /* revision to read as of; 0: the present */
	size_t size;            /* of the page */
	struct bytes after_key, after_value; /* where the last page ended */
	const char *after_name;
	struct arena scratch;   /* emptied after each candidate */
	struct candidate *candidates;
	size_t candidates_count;
	size_t shown;
	int64_t total;
	bool counting, more;
	struct bytes last_key, last_value;
	const char *last_name;
};

static bool fail_memory(struct list *list)
{
	return status_fail(list->call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
}

/* ---- one candidate ------------------------------------------------------------------------------------------------------------ */

/* Deleted, permitted, cut, filtered: what is left is shown to readers of `ret_groups`, and unpacked in `ret_message` where filter or order need it. */
static bool examine(struct list *list, const char *name, const struct store_record *record, schema_groups *ret_groups, ProtobufCMessage **ret_message)
{
	struct call *call = list->call;
	if (!call_spend(call) || (record->operation == STORE_DELETE && !list->request->show_deleted)) {
		return false;
	}
	bool is_account = list->at == 0 && list->resource->type == call->engine->access.account;
	struct decision decision = call_decide(call, call->method->permission, name, is_account ? record->value : (struct bytes){0});
	if (!decision.allowed) {
		return false;
	}
	ProtobufCMessage *message = NULL;
	if (!filter_is_empty(list->filter) || !order_is_empty(list->order)) {
		message = call_seen(call, list->resource->type, name, record, decision.groups, list->timed, &list->scratch);
		if (!message || !filter_matches(list->filter, message)) {
			return false;
		}
	}
	*ret_groups = decision.groups;
	*ret_message = message;
	return true;
}

/* Where the next page starts. It says the same whatever plan this page was made by: that depends on whether others wrote, perhaps what the caller may not see. */
static void remember(struct list *list, const char *name, const ProtobufCMessage *message, struct bytes key)
{
	struct arena *arena = list->call->arena;
	struct filter_range range;
	bool descending;
	const struct schema_field *field = order_index(list->order, &descending);
	struct bytes value = {0};
	if (list->first_plan == PLAN_EQUAL && filter_range(list->filter, arena, &range)) {
		value = range.low;
	} else if (list->first_plan == PLAN_ORDERED) {
		value = index_encode(field, value_get(message, field, 0), arena);
	}
	value.size = value.size > LIMIT_INDEX_VALUE_BYTES ? LIMIT_INDEX_VALUE_BYTES : value.size; /* as the index has it */
	list->last_name = arena_strdup(arena, name);
	list->last_key = arena_bytes(arena, key);
	list->last_value = arena_bytes(arena, value);
}

/* Appends what readers of `groups` see of it, with its etag, as one element of the answer. */
static void show(struct list *list, const char *name, const struct store_record *record, schema_groups groups, const ProtobufCMessage *message,
                 struct bytes key)
{
	struct buf *out = &list->call->reply;
	struct bytes visible = call_visible(list->call, list->resource->type, name, record, groups, &list->scratch);
	const struct schema_field *etag_field = list->resource->etag;
	char etag[ETAG_BYTES];
	if (!visible.data && record->value.size > 0) {
		fail_memory(list);
		return;
	}
	engine_etag(list->call->engine, visible, etag);
	size_t etag_size = etag_field ? 2 + strlen(etag) : 0; /* its field number is below 16 */
	wire_add_raw_varint(out, (uint64_t)list->item->pb->id << 3 | 2);
	wire_add_raw_varint(out, visible.size + etag_size);
	buf_add(out, visible.data, visible.size);
	if (etag_field) {
		wire_add_bytes(out, etag_field->pb->id, bytes_of(etag));
	}
	list->shown++;
	if (list->shown == list->size) {
		remember(list, name, message, key);
	}
	if (list->call->arena->overflowed) {
		fail_memory(list);
	}
}

static bool go_on(const struct list *list)
{
	return status_ok(list->call->status) && !list->call->deferred && !list->more;
}

/* ---- SCAN, EQUAL, ORDERED: in order as they come ------------------------------------------------------------------------------------ */

/* The name lies in the collection asked for: an index holds all of a type, and a scan leaves ids behind the first '-' open. */
static bool is_asked_for(const struct list *list, const char *name)
{
	struct name parts;
	if (!name_parse(name, false, &parts) || parts.count != list->parts.count + 1) {
		return false;
	}
	for (size_t i = 1; i < list->parts.count; i += 2) {
		const struct name_segment *wanted = &list->parts.segments[i], *given = &parts.segments[i];
		if (!(wanted->size == 1 && *wanted->text == '-') && (wanted->size != given->size || memcmp(wanted->text, given->text, given->size) != 0)) {
			return false;
		}
	}
	return true;
}

static bool take(struct list *list, const char *name, const struct store_record *record)
{
	schema_groups groups;
	ProtobufCMessage *message;
	if (examine(list, name, record, &groups, &message)) {
		if (list->counting) {
			list->total++;
		} else if (list->shown == list->size) {
			list->more = true;
		} else {
			struct bytes key = message ? order_key(list->order, message, &list->scratch) : (struct bytes){0};
			show(list, name, record, groups, message, key);
		}
	}
	arena_reset(&list->scratch);
	return go_on(list);
}

static bool visit_scan(void *context, const char *name, const struct store_record *record)
{
	return is_asked_for(context, name) ? take(context, name, record) : call_spend(((struct list *)context)->call);
}

static bool visit_index(void *context, const char *name, const struct store_record *entry)
{
	struct list *list = context;
	struct store_record record;
	(void)entry;
	if (!is_asked_for(list, name)) {
		return call_spend(list->call);
	}
	return !store_get(list->call->view, name, &record, list->call->status) ? status_ok(list->call->status) : take(list, name, &record);
}

/* ---- SORT ------------------------------------------------------------------------------------------------------------------------------ */

static int compare_candidates(const void *a, const void *b, void *context)
{
	const struct candidate *left = a, *right = b;
	const struct list *list = context;
	int order = bytes_compare(left->key, right->key);
	if (order == 0) {
		order = list->names_descend ? strcmp(right->name, left->name) : strcmp(left->name, right->name);
	}
	return order;
}

enum { SORT_SLACK = 1024 };

static bool visit_sort(void *context, const char *name, const struct store_record *record)
{
	struct list *list = context;
	schema_groups groups;
	ProtobufCMessage *message;
	if (!is_asked_for(list, name)) {
		return call_spend(list->call);
	}
	if (examine(list, name, record, &groups, &message)) {
		struct bytes key = message ? order_key(list->order, message, &list->scratch) : (struct bytes){0};
		struct candidate candidate = {key, name}, after = {list->after_key, list->after_name};
		list->total++;
		if (!list->after_name || compare_candidates(&candidate, &after, list) > 0) {
			candidate = (struct candidate){arena_bytes(list->call->arena, key), arena_strdup(list->call->arena, name)};
			if (!candidate.name) {
				return status_fail(list->call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the list is too long to be sorted: filter it");
			}
			list->candidates[list->candidates_count++] = candidate;
		}
		if (list->candidates_count == list->size + 1 + SORT_SLACK) {
			qsort_r(list->candidates, list->candidates_count, sizeof *list->candidates, compare_candidates, list);
			list->candidates_count = list->size + 1;
		}
	}
	arena_reset(&list->scratch);
	return go_on(list);
}

static bool run_sort(struct list *list)
{
	struct call *call = list->call;
	list->candidates = arena_alloc(call->arena, (list->size + 1 + SORT_SLACK) * sizeof *list->candidates);
	if (!list->candidates) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the list needs more memory than a call may use: ask for a smaller page_size");
	}
	if (!store_scan(call->view, list->pattern, NULL, list->at, visit_sort, list, call->status) || !go_on(list)) {
		return false;
	}
	qsort_r(list->candidates, list->candidates_count, sizeof *list->candidates, compare_candidates, list);
	list->more = list->candidates_count > list->size;
	for (size_t i = 0; i < list->candidates_count && i < list->size; i++) {
		const struct candidate *candidate = &list->candidates[i];
		struct store_record record;
		schema_groups groups;
		ProtobufCMessage *message;
		call->budget = 0;
		if (store_get_at(call->view, candidate->name, list->at, &record, call->status) && examine(list, candidate->name, &record, &groups, &message)) {
			show(list, candidate->name, &record, groups, message, candidate->key);
		}
		arena_reset(&list->scratch);
	}
	return status_ok(call->status);
}

/* ---- planning ---------------------------------------------------------------------------------------------------------------------------- */

static bool run_index(struct list *list, uint32_t index, struct bytes low, struct bytes high, bool descending)
{
	return store_index_scan(list->call->view, index, low, high, descending, list->after_value, list->after_name, visit_index, list, list->call->status);
}

static bool run(struct list *list)
{
	struct call *call = list->call;
	struct filter_range range;
	bool descending = false;
	const struct schema_field *field = order_index(list->order, &descending);
	switch (list->plan) {
	case PLAN_SCAN:
		return store_scan(call->view, list->pattern, list->after_name, list->at, visit_scan, list, call->status);
	case PLAN_EQUAL:
		return filter_range(list->filter, call->arena, &range) && run_index(list, range.field->rules.index_id, range.low, range.high, false);
	case PLAN_ORDERED:
		return run_index(list, field->rules.index_id, (struct bytes){0}, (struct bytes){0}, descending);
	case PLAN_SORT:
		return run_sort(list);
	}
	return false;
}

static enum plan choose(const struct list *list)
{
	struct filter_range range;
	bool descending;
	const struct schema_field *field = order_index(list->order, &descending);
	if (list->at != 0) {
		return order_is_empty(list->order) ? PLAN_SCAN : PLAN_SORT;
	}
	if (order_is_empty(list->order)) {
		return filter_range(list->filter, list->call->arena, &range) && range.equality ? PLAN_EQUAL : PLAN_SCAN;
	}
	/* Only a field that everybody sees: a hidden one must not order the answer. */
	bool ordered = field && field->rules.required && !field->repeated && field->rules.group == GROUP_PUBLIC;
	return ordered ? PLAN_ORDERED : PLAN_SORT;
}

/* ---- page tokens ---------------------------------------------------------------------------------------------------------------------------- */

static struct bytes query_of(const struct list *list)
{
	const Kam__V1__ListRequest *request = list->request;
	const char *text = arena_printf(list->call->arena, "%s\n%s\n%s\n%d\n%llu", request->parent, request->filter, request->order_by, request->show_deleted,
	                                (unsigned long long)list->call->as_of);
	return text ? bytes_of(text) : (struct bytes){0};
}

static const char *make_token(struct list *list)
{
	struct buf position;
	uint64_t at = list->at ? list->at : list->call->revision;
	buf_init(&position, list->call->arena);
	buf_add_byte(&position, (uint8_t)list->first_plan);
	buf_add(&position, &at, sizeof at);
	wire_add_raw_varint(&position, list->last_key.size);
	buf_add(&position, list->last_key.data, list->last_key.size);
	wire_add_raw_varint(&position, list->last_value.size);
	buf_add(&position, list->last_value.data, list->last_value.size);
	buf_add_text(&position, list->last_name);
	return position.failed ? "" : page_token_make(list->call, query_of(list), buf_bytes(&position));
}

static bool cut_piece(struct bytes *rest, struct bytes *ret_piece)
{
	uint64_t size;
	size_t used = wire_varint(*rest, &size);
	if (used == 0 || size > rest->size - used) {
		return false;
	}
	*ret_piece = (struct bytes){rest->data + used, (size_t)size};
	*rest = (struct bytes){rest->data + used + size, rest->size - used - (size_t)size};
	return true;
}

static bool read_token(struct list *list)
{
	struct call *call = list->call;
	struct bytes rest;
	uint64_t at;
	if (!page_token_read(call, query_of(list), list->request->page_token, &rest)) {
		return false;
	}
	if (rest.size < 1 + sizeof at || rest.data[0] > PLAN_SORT) {
		return status_field(call->status, "page_token", "is not one that kam gave; start again without it");
	}
	list->plan = list->first_plan = (enum plan)rest.data[0];
	memcpy(&at, rest.data + 1, sizeof at);
	rest = (struct bytes){rest.data + 1 + sizeof at, rest.size - 1 - sizeof at};
	if (!cut_piece(&rest, &list->after_key) || !cut_piece(&rest, &list->after_value)) {
		return status_field(call->status, "page_token", "is not one that kam gave; start again without it");
	}
	list->after_name = arena_strndup(call->arena, (const char *)rest.data, rest.size);
	if (at != store_view_revision(call->view) && !engine_unchanged_since(call->engine, list->resource, at)) {
		list->at = at;
		list->plan = list->plan == PLAN_SCAN ? PLAN_SCAN : PLAN_SORT;
	}
	call->revision = at;
	return list->after_name != NULL;
}

/* ---- List -------------------------------------------------------------------------------------------------------------------------------------- */

static bool set_pattern(struct list *list)
{
	const struct schema_resource *resource = list->resource;
	const char *parent = list->request->parent, *word = strrchr(resource->collection, '/');
	struct call *call = list->call;
	if (!resource->parent) {
		if (*parent) {
			return status_field(call->status, "parent", "must be empty: %s lie below nothing", resource->plural);
		}
		list->pattern = resource->collection;
	} else if (!*parent) {
		/* All of them anywhere: accounts/-/scorecards/-/entries. */
		struct buf open;
		buf_init(&open, call->arena);
		for (const char *c = resource->collection; *c; c++) {
			buf_add_text(&open, *c == '/' ? "/-/" : (char[]){*c, 0});
		}
		list->pattern = buf_text(&open);
	} else if (schema_resource_of_name(call->engine->schema, parent) != resource->parent) {
		return status_field(call->status, "parent", "\"%.100s\" is not the name of one %s; write it as %s, with '-' for any id", parent, resource->parent->singular,
		                    resource->parent->pattern);
	} else {
		list->pattern = arena_printf(call->arena, "%s%s", parent, word);
	}
	return list->pattern && name_parse(list->pattern, true, &list->parts);
}

/* A parent that is named must be there for the caller, or its list would tell that it is. */
static bool check_list_parent(struct list *list)
{
	const char *parent = list->request->parent;
	struct store_record record;
	struct decision decision;
	if (!*parent || strstr(parent, "/-")) {
		return true;
	}
	return call_read(list->call, parent, &record, &decision) || (status_ok(list->call->status) && call_not_found(list->call, parent));
}

static bool finish(struct list *list)
{
	struct call *call = list->call;
	const struct schema_type *output = call->method->output;
	if (list->more) {
		wire_add_bytes(&call->reply, schema_field_find(output, "next_page_token")->pb->id, bytes_of(make_token(list)));
	}
	if (list->request->count && list->total > 0) {
		wire_add_varint(&call->reply, schema_field_find(output, "total_size")->pb->id, (uint64_t)list->total);
	}
	call->replied = true;
	return (!call->reply.failed && call->reply.size <= LIMIT_REPLY_BYTES) ||
	       status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "REPLY_TOO_LARGE", "the page is too large: ask for a smaller page_size");
}

static bool run_all(struct list *list)
{
	if (!run(list) || !go_on(list)) {
		if (!list->more) {
			return false;
		}
	}
	if (list->request->count && list->plan != PLAN_SORT) {
		struct list whole = *list;
		whole.counting = true;
		whole.more = false;
		whole.after_name = NULL;
		whole.after_value = (struct bytes){0};
		whole.total = 0;
		bool ok = run(&whole) && go_on(&whole);
		list->scratch = whole.scratch;
		list->total = whole.total;
		return ok;
	}
	return true;
}

static bool list_resources(struct call *call)
{
	const Kam__V1__ListRequest *request = (const void *)call->request;
	struct list list = {.call = call, .resource = call->method->resource, .request = request, .at = call->as_of};
	schema_groups groups = decide_groups(call->caller, call->method->permission, call->now_us);
	if (request->page_size < 0) {
		return status_field(call->status, "page_size", "is %d; it is 1 to %u, or 0 for %u", request->page_size, LIMIT_PAGE_SIZE_MAX, LIMIT_PAGE_SIZE_DEFAULT);
	}
	list.size = request->page_size == 0 ? LIMIT_PAGE_SIZE_DEFAULT : (size_t)request->page_size;
	list.size = list.size > LIMIT_PAGE_SIZE_MAX ? LIMIT_PAGE_SIZE_MAX : list.size;
	for (size_t i = 0; i < call->method->output->fields_count; i++) {
		list.item = call->method->output->fields[i].message == list.resource->type ? &call->method->output->fields[i] : list.item;
	}
	assert(list.item);
	if (!set_pattern(&list) || !filter_parse(list.resource->type, request->filter, groups, call->arena, &list.filter, call->status) ||
	    !order_parse(list.resource->type, request->order_by, groups, call->arena, &list.order, call->status) || !check_list_parent(&list)) {
		return false;
	}
	order_index(list.order, &list.names_descend);
	list.timed = filter_names(list.filter, list.resource->update_time) || order_names(list.order, list.resource->update_time);
	list.plan = list.first_plan = choose(&list);
	if (*request->page_token && !read_token(&list)) {
		return false;
	}
	arena_init(&list.scratch, LIMIT_CALL_ARENA_BYTES);
	bool ok = run_all(&list);
	arena_done(&list.scratch);
	return ok && status_ok(call->status) && !call->deferred && finish(&list);
}

bool engine_list(struct call *call)
{
	return call_whole(call, list_resources(call));
}
