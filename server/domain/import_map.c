/* SPDX-License-Identifier: Apache-2.0
 *
 * Text to fields. Whatever a CRM writes (amounts with signs and commas, dates of its own, names for references) becomes what the contract says, or a fault that
 * names column and text.
 */
#include "server/domain/import_map.h"

#include "common/base/clock.h"
#include "common/base/name.h"
#include "common/schema/rules.h"
#include "common/schema/value.h"
#include "server/domain/import_date.h"
#include "server/domain/import_lookup.h"
#include "server/domain/import_number.h"
#include "server/resource/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- the plan ------------------------------------------------------------------------------------------------------------------- */

static size_t find_column(const Kam__V1__ImportStart *start, const char *header)
{
	for (size_t i = 0; i < start->n_columns; i++) {
		if (strcasecmp(start->columns[i], header) == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* The field of a mapping's path, for "parent" and "id" NULL with `ret_special`. */
static const struct schema_field *mapped_field(const struct schema_resource *resource, const char *path, bool *ret_special)
{
	size_t bad;
	*ret_special = strcmp(path, "parent") == 0 || strcmp(path, "id") == 0;
	return *ret_special ? NULL : value_path(resource->type, NULL, path, NULL, &bad);
}

static bool plan_mapping(struct call *call, const Kam__V1__ImportStart *start, struct import_plan *plan, size_t index)
{
	const Kam__V1__FieldMapping *mapping = start->map->fields[index];
	char path[STATUS_FIELD_BYTES];
	bool special;
	const struct schema_field *field = mapped_field(plan->resource, mapping->field, &special);
	snprintf(path, sizeof path, "start.map.fields[%zu]", index);
	if (!field && !special) {
		return status_field(call->status, path, "%s has no field \"%.80s\"", plan->resource->singular, mapping->field);
	}
	if (field && (field->rules.output_only || field == plan->resource->name)) {
		return status_field(call->status, path, "\"%.80s\" is set by kam, not by imports", mapping->field);
	}
	plan->column_of[index] = *mapping->column ? find_column(start, mapping->column) : 0;
	if (*mapping->column && plan->column_of[index] == 0) {
		return status_field(call->status, path, "the file has no column \"%.80s\"", mapping->column);
	}
	return *mapping->column || *mapping->constant || status_field(call->status, path, "names neither a column nor a constant");
}

bool import_plan_make(struct call *call, const Kam__V1__ImportStart *start, struct arena *arena, struct import_plan *ret_plan)
{
	const Kam__V1__ImportMap *map = start->map;
	const char *plural = *start->resource ? start->resource : map->resource;
	struct import_plan plan = {.map = map, .columns = start->columns, .columns_count = start->n_columns, .parent = start->parent, .currency = ""};
	plan.resource = schema_resource_find(call->engine->schema, plural);
	if (!plan.resource || plan.resource->system || plan.resource->singleton) {
		return status_field(call->status, "start.resource", "\"%.80s\" is nothing that can be imported; \"accounts\" is", plural);
	}
	if (!plan.resource->external_ids) {
		return status_field(call->status, "start.resource", "%s have no external ids to find them again by", plan.resource->plural);
	}
	plan.column_of = arena_calloc(arena, map->n_fields + 1, sizeof *plan.column_of);
	for (size_t i = 0; i < map->n_fields && plan.column_of; i++) {
		plan_mapping(call, start, &plan, i);
	}
	for (size_t i = 0; i < map->n_key_columns && i < 8; i++) {
		plan.key_columns[i] = find_column(start, map->key_columns[i]);
		if (plan.key_columns[i] == 0) {
			status_field(call->status, "start.map.key_columns", "the file has no column \"%.80s\"", map->key_columns[i]);
		}
	}
	*ret_plan = plan;
	return status_ok(call->status);
}

/* ---- cells ------------------------------------------------------------------------------------------------------------------------- */

static const char *trimmed(const char *text, struct arena *arena)
{
	size_t size = strlen(text), first = 0;
	while (size > 0 && strchr(" \t\r\n\v\f", text[size - 1])) {
		size--;
	}
	while (first < size && strchr(" \t\r\n\v\f", text[first])) {
		first++;
	}
	const char *copy = first == 0 && text[size] == '\0' ? text : arena_strndup(arena, text + first, size - first);
	return copy ? copy : "";
}

static bool counts_as_empty(const Kam__V1__FieldMapping *mapping, const char *text)
{
	bool empty = *text == '\0';
	for (size_t i = 0; i < mapping->n_empty_values && !empty; i++) {
		empty = strcasecmp(text, mapping->empty_values[i]) == 0;
	}
	return empty;
}

static bool fail(struct row_fault *fault, const Kam__V1__FieldMapping *mapping, const char *value, const char *reason)
{
	if (!fault->reason) {
		fault->column = mapping->column;
		fault->value = value;
		fault->reason = reason ? reason : "out of memory";
	}
	return false;
}

#define UNKNOWN_VALUE "is none of the values that the map knows; add it to the map's values or mend the row"

/* What the map says stands for a text; NULL where it knows no such text and lets no other pass. */
static const char *replaced(const Kam__V1__FieldMapping *mapping, const char *text)
{
	for (size_t i = 0; i < mapping->n_values; i++) {
		if (strcasecmp(text, mapping->values[i]->from) == 0) {
			return mapping->values[i]->to;
		}
	}
	return mapping->values_only ? NULL : text;
}

/* The text that a mapping takes from a row: "" where it takes nothing. */
static bool cell_text(struct call *call, const struct import_plan *plan, size_t index, const Kam__V1__ImportRow *row, const char **ret_text,
                      struct row_fault *fault)
{
	const Kam__V1__FieldMapping *mapping = plan->map->fields[index];
	size_t column = plan->column_of[index];
	const char *text = column ? trimmed(row->cells[column - 1], call->arena) : "";
	const char *raw = text;
	if (counts_as_empty(mapping, text)) {
		text = mapping->constant;
	} else if (!*mapping->separator) { /* where there are several values in the cell, each is replaced on its own */
		text = replaced(mapping, text);
		if (!text) {
			return fail(fault, mapping, raw, UNKNOWN_VALUE);
		}
	}
	*ret_text = text;
	return *text || !mapping->required || fail(fault, mapping, raw, "is empty, but the map requires it");
}

/* ---- references ---------------------------------------------------------------------------------------------------------------------- */

const struct schema_field *import_title_field(const struct schema_resource *resource)
{
	return resource->display_name ? resource->display_name : schema_field_find(resource->type, "title");
}

static bool is_there(struct call *call, const struct schema_resource *resource, const char *name)
{
	struct store_record record;
	return changes_get(call->changes, call->view, name, &record, call->status) && import_knows(call, resource, name);
}

/* What a text refers to: a resource name, found as the mapping says. A name of the type being imported must be there: its row may come later in the file. */
static const char *find_reference(struct call *call, const struct import_plan *plan, const Kam__V1__FieldMapping *mapping,
                                  const struct schema_resource *target, const char *text, const char *parent, struct row_fault *fault)
{
	const char *within = target->parent && target->parent == plan->resource->parent ? parent : "";
	const char *name = NULL;
	size_t count = 0;
	if (mapping->lookup == KAM__V1__LOOKUP__LOOKUP_EXTERNAL_ID) {
		name = target->external_ids ? import_find_id(plan->lookups, call, target, plan->map->system, text) : NULL;
	} else if (mapping->lookup == KAM__V1__LOOKUP__LOOKUP_DISPLAY_NAME) {
		name = import_find_title(plan->lookups, call, target, text, within, &count);
	} else if (strchr(text, '/')) {
		name = schema_resource_of_name(call->engine->schema, text) == target ? text : NULL;
	} else if (!target->parent) {
		name = arena_printf(call->arena, "%s/%s", target->collection, text);
	} else if (*within) {
		name = arena_printf(call->arena, "%s/%s/%s", within, target->plural, text);
	}
	if (name && target == plan->resource && !is_there(call, target, name)) {
		name = NULL;
	}
	if (!name) {
		if (target == plan->resource && count == 0) {
			fault->unresolved = true;
			fault->by = mapping;
		}
		const char *by = mapping->lookup == KAM__V1__LOOKUP__LOOKUP_EXTERNAL_ID ? "id" : "name";
		fail(fault, mapping, text, count > 1 ? arena_printf(call->arena, "%zu %s have this name; use another lookup", count, target->plural)
		                                     : arena_printf(call->arena, "no %s has this %s; import it first or mend the row", target->singular, by));
	}
	return name;
}

/* ---- numbers and amounts ---------------------------------------------------------------------------------------------------------------- */

static ProtobufCMessage *make_money(struct call *call, const struct import_plan *plan, const Kam__V1__FieldMapping *mapping, double amount)
{
	Kam__V1__Money *money = arena_alloc(call->arena, sizeof *money);
	double cents = round(amount * 10000);
	if (!money || fabs(amount) > 9e17) {
		return NULL;
	}
	kam__v1__money__init(money);
	money->currency_code = (char *)(uintptr_t)(*mapping->currency_code ? mapping->currency_code : plan->currency);
	money->units = (int64_t)trunc(cents / 10000);
	money->nanos = (int32_t)llround(cents - (double)money->units * 10000) * 100000;
	return &money->base;
}

/* ---- setting fields ------------------------------------------------------------------------------------------------------------------------ */

struct cell {
	struct call *call;
	const struct import_plan *plan;
	const Kam__V1__FieldMapping *mapping;
	const char *parent;
	struct row_fault *fault;
	bool further; /* an earlier column of this row went into the same repeated field */
};

static bool set_text(const struct cell *cell, ProtobufCMessage *message, const struct schema_field *field, const char *text, const char *raw)
{
	struct status st;
	status_init(&st);
	if (value_set_text(message, field, text, cell->call->arena, &st)) {
		return true;
	}
	return fail(cell->fault, cell->mapping, raw,
	            arena_strdup(cell->call->arena, st.violations_count ? st.violations[0].description : st.message));
}

static bool set_number(const struct cell *cell, ProtobufCMessage *message, const struct schema_field *field, const char *text)
{
	double number;
	if (!import_number_read(text, cell->mapping->decimal_comma, cell->call->arena, &number)) {
		return fail(cell->fault, cell->mapping, text,
		            cell->mapping->decimal_comma ? "is not a number such as 1.234,50" : "is not a number such as 1,234.50; for 1.234,50 set decimal_comma in the map");
	}
	number *= cell->mapping->scale != 0 ? cell->mapping->scale : 1;
	if (field->message) {
		ProtobufCMessage *money = make_money(cell->call, cell->plan, cell->mapping, number);
		return (money && value_set(message, field, (struct value){.kind = VALUE_MESSAGE, .message = money}, cell->call->arena)) ||
		       fail(cell->fault, cell->mapping, text, "is too large an amount");
	}
	bool whole = field->pb->type != PROTOBUF_C_TYPE_DOUBLE && field->pb->type != PROTOBUF_C_TYPE_FLOAT;
	if (whole && fabs(number - round(number)) > 1e-6) {
		return fail(cell->fault, cell->mapping, text, "is not a whole number");
	}
	const char *plain = whole ? arena_printf(cell->call->arena, "%.0f", number) : arena_printf(cell->call->arena, "%.17g", number);
	return plain && set_text(cell, message, field, plain, text);
}

static bool is_date(const struct schema_field *field)
{
	return field->rules.format == FORMAT_DATE || (field->message && strcmp(field->message->name, "google.protobuf.Timestamp") == 0);
}

static bool set_date(const struct cell *cell, ProtobufCMessage *message, const struct schema_field *field, const char *text)
{
	int64_t seconds;
	char iso[CLOCK_TEXT_BYTES];
	if (!import_date_read(cell->mapping->date_format, text, &seconds)) {
		return fail(cell->fault, cell->mapping, text,
		            arena_printf(cell->call->arena, "is not a date like %s",
		                         *cell->mapping->date_format ? cell->mapping->date_format : "2026-09-30"));
	}
	clock_format(seconds, 0, iso);
	if (field->rules.format == FORMAT_DATE) {
		iso[10] = '\0';
	}
	const char *copy = arena_strdup(cell->call->arena, iso);
	return copy && set_text(cell, message, field, copy, text);
}

static bool is_number(const struct schema_field *field)
{
	if (field->message) {
		return strcmp(field->message->name, "kam.v1.Money") == 0;
	}
	return !field->enumeration && field->pb->type != PROTOBUF_C_TYPE_STRING && field->pb->type != PROTOBUF_C_TYPE_BYTES &&
	       field->pb->type != PROTOBUF_C_TYPE_BOOL;
}

static bool set_one(const struct cell *cell, ProtobufCMessage *message, const struct schema_field *field, const char *text)
{
	if (field->rules.reference) {
		const struct schema_resource *target = schema_resource_find(cell->call->engine->schema, field->rules.reference);
		const char *name = target ? find_reference(cell->call, cell->plan, cell->mapping, target, text, cell->parent, cell->fault) : text;
		return name && set_text(cell, message, field, name, text);
	}
	if (is_date(field)) {
		return set_date(cell, message, field, text);
	}
	return is_number(field) ? set_number(cell, message, field, text) : set_text(cell, message, field, text, text);
}

/* The message that holds the last field of a path, made on the way. */
static ProtobufCMessage *holder_of(struct call *call, const struct schema_type *type, ProtobufCMessage *message, const char *path,
                                   const struct schema_field **ret_field)
{
	for (;;) {
		size_t size = strcspn(path, ".");
		char *word = arena_strndup(call->arena, path, size);
		const struct schema_field *field = word ? schema_field_find(type, word) : NULL;
		if (!field || path[size] == '\0' || field->map) {
			*ret_field = field;
			return field ? message : NULL;
		}
		const ProtobufCMessage *next = value_count(message, field) ? value_get(message, field, 0).message : NULL;
		if (!next) {
			next = schema_message_new(field->message, call->arena);
			if (!next || !value_set(message, field, (struct value){.kind = VALUE_MESSAGE, .message = next}, call->arena)) {
				return NULL;
			}
		}
		message = (ProtobufCMessage *)(uintptr_t)next; /* of this call's own message */
		type = field->message;
		path += size + 1;
	}
}

static bool set_field(const struct cell *cell, ProtobufCMessage *message, const char *text)
{
	const struct schema_field *field;
	const char *path = cell->mapping->field, *separator = cell->mapping->separator;
	ProtobufCMessage *holder = holder_of(cell->call, cell->plan->resource->type, message, path, &field);
	if (!holder) {
		return fail(cell->fault, cell->mapping, text, "cannot be set: out of memory");
	}
	if (field->map) { /* labels.size: the entry's key is the rest of the path */
		const char *dot = strrchr(path, '.');
		const char *entry = dot ? arena_printf(cell->call->arena, "%s=%s", dot + 1, text) : text;
		return entry && set_text(cell, holder, field, entry, text);
	}
	if (field->repeated && !cell->further) {
		value_clear(holder, field);
	}
	while (field->repeated && *separator && *text) {
		const char *end = strstr(text, separator);
		const char *part = end ? trimmed(arena_strndup(cell->call->arena, text, (size_t)(end - text)), cell->call->arena) : trimmed(text, cell->call->arena);
		const char *value = *part ? replaced(cell->mapping, part) : part;
		if (!value) {
			return fail(cell->fault, cell->mapping, part, UNKNOWN_VALUE);
		}
		if (*value && !set_one(cell, holder, field, value)) {
			return false;
		}
		text = end ? end + strlen(separator) : "";
	}
	return !*text || set_one(cell, holder, field, text);
}

/* ---- a row ----------------------------------------------------------------------------------------------------------------------------------- */

const char *import_key(struct call *call, const struct import_plan *plan, const Kam__V1__ImportRow *row, struct row_fault *fault)
{
	struct buf key;
	bool any = false;
	buf_init(&key, call->arena);
	if (row->n_cells != plan->columns_count) {
		fault->reason = arena_printf(call->arena, "the row has %zu cells, but the header has %zu: a comma or quote is missing or too many", row->n_cells,
		                             plan->columns_count);
		return NULL;
	}
	for (size_t i = 0; i < plan->map->n_key_columns && i < 8; i++) {
		const char *text = trimmed(row->cells[plan->key_columns[i] - 1], call->arena);
		any = any || *text;
		buf_printf(&key, "%s%s", i ? "/" : "", text);
	}
	if (!any) {
		fault->column = plan->map->key_columns[0];
		fault->reason = "is empty, but the row is known by it";
		return NULL;
	}
	return buf_text(&key);
}

/* A column before this one has something for the same field: home and mobile number both go into phones. */
static bool is_further(struct call *call, const struct import_plan *plan, size_t index, const Kam__V1__ImportRow *row)
{
	for (size_t i = 0; i < index; i++) {
		const char *text = "";
		struct row_fault ignored = {0};
		if (strcmp(plan->map->fields[i]->field, plan->map->fields[index]->field) == 0 && cell_text(call, plan, i, row, &text, &ignored) && *text) {
			return true;
		}
	}
	return false;
}

bool import_fill(struct call *call, const struct import_plan *plan, const Kam__V1__ImportRow *row, ProtobufCMessage *message, const char **ret_parent,
                 const char **ret_id, struct row_fault *fault)
{
	const char *parent = plan->parent, *id = "";
	/* The parent first: references within it are looked up by it. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < plan->map->n_fields; i++) {
			const Kam__V1__FieldMapping *mapping = plan->map->fields[i];
			bool is_parent = strcmp(mapping->field, "parent") == 0;
			const char *text = "";
			if (is_parent != (pass == 0) || mapping == plan->left_out) {
				continue;
			}
			if (!cell_text(call, plan, i, row, &text, fault)) {
				return false;
			}
			if (is_parent) {
				if (*text && plan->resource->parent) {
					parent = find_reference(call, plan, mapping, plan->resource->parent, text, "", fault);
				}
			} else if (strcmp(mapping->field, "id") == 0) {
				id = !*text || name_id_valid(text, strlen(text)) ? text : id_of_text(text, call->arena);
			} else if (*text && !set_field(&(struct cell){call, plan, mapping, parent, fault, is_further(call, plan, i, row)}, message, text)) {
				return false;
			}
			if (!parent) {
				return false;
			}
		}
	}
	*ret_parent = parent;
	*ret_id = id;
	return true;
}

const char *import_cell(struct call *call, const struct import_plan *plan, const Kam__V1__ImportRow *row, const char *field)
{
	for (size_t i = 0; i < plan->map->n_fields; i++) {
		if (strcmp(plan->map->fields[i]->field, field) == 0 && plan->column_of[i] > 0) {
			return trimmed(row->cells[plan->column_of[i] - 1], call->arena);
		}
	}
	return "";
}

const char *import_column_of(const struct import_plan *plan, const char *violation_field, const Kam__V1__ImportRow *row, const char **ret_value)
{
	const char *path = strchr(violation_field, '.');
	path = path ? path + 1 : violation_field;
	for (size_t i = 0; i < plan->map->n_fields; i++) {
		const char *field = plan->map->fields[i]->field;
		size_t size = strlen(field);
		if (strncmp(path, field, size) == 0 && (path[size] == '\0' || path[size] == '.' || path[size] == '[')) {
			size_t column = plan->column_of[i];
			*ret_value = column ? row->cells[column - 1] : plan->map->fields[i]->constant;
			return plan->map->fields[i]->column;
		}
	}
	*ret_value = "";
	return "";
}
