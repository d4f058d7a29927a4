/* SPDX-License-Identifier: Apache-2.0
 *
 * Every row waits for one other at most, so following the references from each row once gives an order in which one pass settles them all, however deep they lie, and
 * finds every circle: a walk that meets a row of its own has gone round one. Half the world's organisation charts have somebody who reports to themselves in the end.
 */
#include "server/domain/import_order.h"

#include <stdlib.h>
#include <strings.h>

/* One of the texts by which a row is referred to. */
struct called {
	const char *text;
	struct waiting *waiting;
};

static int compare(const void *a, const void *b)
{
	return strcasecmp(((const struct called *)a)->text, ((const struct called *)b)->text);
}

static void fill(struct call *call, const struct import_plan *plan, struct waiting *first, struct called *list)
{
	const struct schema_field *title = import_title_field(plan->resource);
	for (struct waiting *at = first; at; at = at->next) {
		struct row_fault fault = {0};
		const char *key = import_key(call, plan, at->row, &fault);
		*list++ = (struct called){key ? key : "", at};
		*list++ = (struct called){import_cell(call, plan, at->row, "id"), at};
		*list++ = (struct called){title ? import_cell(call, plan, at->row, title->name) : "", at};
		at->leads_to = NULL;
		at->walk = 0;
		at->placed = false;
	}
}

static struct waiting *find(const struct called *list, size_t count, const char *text)
{
	const char *slash = strrchr(text, '/');
	struct called wanted = {text, NULL};
	const struct called *found = *text ? bsearch(&wanted, list, count, sizeof *list, compare) : NULL;
	if (!found && slash && slash[1]) {
		wanted.text = slash + 1;
		found = bsearch(&wanted, list, count, sizeof *list, compare);
	}
	return found ? found->waiting : NULL;
}

/* The field may lead upwards only, so it is one that a circle is cut at. */
static bool leads_upwards(const struct import_plan *plan, const struct waiting *waiting)
{
	const struct schema_field *field = waiting->by ? schema_field_find(plan->resource->type, waiting->by->field) : NULL;
	return field && field->rules.acyclic;
}

/* Marks the row at which each circle is cut. */
static void cut_circles(struct waiting **rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct waiting *at = rows[i];
		for (; at && at->walk == 0; at = at->leads_to) {
			at->walk = i + 1;
		}
		if (at && at->walk == i + 1) {
			at->cut = true;
		}
	}
}

struct waiting *import_order(struct call *call, const struct import_plan *plan, struct waiting *first, size_t count)
{
	struct called *list = arena_calloc(call->arena, count * 3 + 1, sizeof *list);
	struct waiting **rows = arena_calloc(call->arena, count + 1, sizeof *rows), **stack = arena_calloc(call->arena, count + 1, sizeof *stack);
	struct waiting *ordered = NULL, **end = &ordered;
	size_t filled = 0;
	if (!list || !rows || !stack) {
		return first;
	}
	fill(call, plan, first, list);
	qsort(list, count * 3, sizeof *list, compare);
	for (struct waiting *at = first; at; at = at->next) {
		at->leads_to = leads_upwards(plan, at) ? find(list, count * 3, at->wants) : NULL;
		rows[filled++] = at;
	}
	cut_circles(rows, count);
	for (size_t i = 0; i < count; i++) {
		size_t depth = 0;
		for (struct waiting *at = rows[i]; at && !at->placed; at = at->cut ? NULL : at->leads_to) {
			at->placed = true;
			stack[depth++] = at;
		}
		while (depth > 0) {
			*end = stack[--depth];
			end = &(*end)->next;
		}
	}
	*end = NULL;
	return ordered;
}
