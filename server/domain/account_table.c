/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/account_table.h"

#include "common/schema/filter.h"
#include "common/schema/wire.h"
#include "common/schema/wire_walk.h"
#include "server/domain/grow.h"
#include "server/domain/names.h"

#include <stdlib.h>

/* Numbers of the fields in the contract, found once. */
struct numbers {
	uint32_t display_name, owner, region, country, customer_since, annual_revenue, phase, employees;
};

struct reading {
	struct call *call;
	struct account_table *table;
	const struct filter *filter;
	bool timed; /* it asks for the update time */
	struct numbers numbers;
	struct arena scratch;
};

static uint32_t number_of(const struct call *call, const char *field)
{
	return schema_field_find(call->engine->access.account, field)->pb->id;
}

static struct numbers numbers_of(const struct call *call)
{
	return (struct numbers){
		.display_name = number_of(call, "display_name"),
		.owner = number_of(call, "owner"),
		.region = number_of(call, "region"),
		.country = number_of(call, "country"),
		.customer_since = number_of(call, "customer_since"),
		.annual_revenue = number_of(call, "annual_revenue"),
		.phase = number_of(call, "phase"),
		.employees = number_of(call, "employees"),
	};
}

static void read_row(const struct numbers *numbers, struct bytes bytes, struct account_row *row)
{
	struct wire_field field;
	uint64_t number;
	while (wire_next(&bytes, &field)) {
		if (field.type == WIRE_LENGTH) {
			struct bytes *text = field.number == numbers->display_name     ? &row->display_name
			                     : field.number == numbers->owner          ? &row->owner
			                     : field.number == numbers->region         ? &row->region
			                     : field.number == numbers->country        ? &row->country
			                     : field.number == numbers->customer_since ? &row->customer_since
			                     : field.number == numbers->annual_revenue ? &row->annual_revenue
			                                                               : NULL;
			if (text) {
				*text = field.value;
			}
		} else if (field.type == WIRE_VARINT && wire_varint(field.value, &number) > 0) {
			row->phase = field.number == numbers->phase ? (int)number : row->phase;
			row->employees = field.number == numbers->employees ? (int64_t)number : row->employees;
		}
	}
	if (!(row->groups & 1u << GROUP_PUBLIC)) {
		*row = (struct account_row){.name = row->name, .annual_revenue = row->annual_revenue, .groups = row->groups};
	}
	if (!(row->groups & 1u << GROUP_FINANCIAL)) {
		row->annual_revenue = (struct bytes){0};
	}
}

static bool matches(struct reading *reading, const char *name, const struct store_record *record, schema_groups groups)
{
	struct call *call = reading->call;
	if (filter_is_empty(reading->filter)) {
		return true;
	}
	const ProtobufCMessage *message = call_seen(call, call->engine->access.account, name, record, groups, reading->timed, &reading->scratch);
	bool fits = message && filter_matches(reading->filter, message);
	arena_reset(&reading->scratch);
	return fits;
}

static bool visit(void *context, const char *name, const struct store_record *record)
{
	struct reading *reading = context;
	struct call *call = reading->call;
	struct account_table *table = reading->table;
	struct bytes now = call->as_of == 0 ? record->value : (struct bytes){0};
	if (record->operation == STORE_DELETE) {
		return true;
	}
	struct decision account = call_decide(call, "accounts.read", name, now);
	struct decision method = account.allowed ? call_decide(call, call->method->permission, name, now) : account;
	if (!method.allowed || !matches(reading, name, record, account.groups)) {
		return status_ok(call->status);
	}
	struct account_row row = {.name = arena_strdup(call->arena, name), .groups = account.groups & method.groups};
	struct account_row *rows = grow_array(call->arena, table->rows, table->count, sizeof row);
	if (!row.name || !rows) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "too many accounts match: filter them");
	}
	read_row(&reading->numbers, record->value, &row);
	table->rows = rows;
	rows[table->count++] = row;
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct account_row *)a)->name, ((const struct account_row *)b)->name);
}

void account_table_sort(struct account_table *table)
{
	if (table->count > 0) {
		qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
	}
	table->last = 0;
}

bool account_table_read(struct call *call, const char *filter, struct account_table *ret_table)
{
	struct reading reading = {.call = call, .table = ret_table, .numbers = numbers_of(call)};
	schema_groups groups = decide_groups(call->caller, "accounts.read", call->now_us);
	*ret_table = (struct account_table){0};
	if (!filter_parse(call->engine->access.account, filter, groups, call->arena, &reading.filter, call->status)) {
		return false;
	}
	reading.timed = filter_names(reading.filter, call->engine->access.account->resource->update_time);
	arena_init(&reading.scratch, LIMIT_CALL_ARENA_BYTES);
	bool ok = store_scan(call->view, "accounts", NULL, call->as_of, visit, &reading, call->status) && status_ok(call->status);
	arena_done(&reading.scratch);
	account_table_sort(ret_table);
	return ok;
}

bool account_table_one(struct call *call, const char *field, const char *name, struct account_table *ret_table)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	struct reading reading = {.call = call, .table = ret_table, .numbers = numbers_of(call)};
	struct store_record record;
	*ret_table = (struct account_table){0};
	if (!resource || resource->type != call->engine->access.account || strstr(name, "/-")) {
		return status_field(call->status, field, "\"%.80s\" is not the name of an account; write it as accounts/{account}", name);
	}
	if (!filter_parse(call->engine->access.account, "", 0, call->arena, &reading.filter, call->status)) {
		return false;
	}
	bool found = store_get_at(call->view, name, call->as_of, &record, call->status) && visit(&reading, name, &record);
	return (found && ret_table->count == 1) || (status_ok(call->status) && call_not_found(call, name));
}

static int compare_name(const char *row, const char *name, size_t size)
{
	int order = strncmp(row, name, size);
	return order ? order : row[size] != '\0';
}

size_t account_table_find(struct account_table *table, const char *name)
{
	size_t size = name_account_size(name), low = 0, high = table->count;
	if (table->last < table->count && compare_name(table->rows[table->last].name, name, size) == 0) {
		return table->last;
	}
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_name(table->rows[middle].name, name, size);
		if (order == 0) {
			return table->last = middle;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return table->count;
}

char *account_text(struct bytes text, struct arena *arena)
{
	char *copy = text.size > 0 ? arena_strndup(arena, (const char *)text.data, text.size) : NULL;
	return copy ? copy : (char *)(uintptr_t)"";
}
