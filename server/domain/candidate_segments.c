/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/candidate_segments.h"

#include "kam/v1/account.pb-c.h"
#include "server/domain/explanation.h"

#include <stdlib.h>

#define KIND(name) KAM__V1__SEGMENT_KIND__SEGMENT_KIND_##name
#define PHASE(name) ((int)KAM__V1__PHASE__PHASE_##name)

bool candidate_is_key(int phase)
{
	return phase == PHASE(DEVELOPMENT) || phase == PHASE(KEY) || phase == PHASE(MAINTENANCE);
}

/* An account and the label that it falls under. */
struct labelled {
	struct bytes label;
	size_t row;
	double revenue;
};

struct grouping {
	const struct revenue *revenue;
	struct labelled *list;
	struct ledger_amount all;
	Kam__V1__Segment **segments;
	size_t count;
};

static int compare_labels(const void *a, const void *b)
{
	const struct labelled *left = a, *right = b;
	int order = bytes_compare(left->label, right->label);
	return order ? order : (left->row > right->row) - (left->row < right->row);
}

static int compare_revenue(const void *a, const void *b)
{
	const struct labelled *left = a, *right = b;
	int order = (left->revenue < right->revenue) - (left->revenue > right->revenue);
	return order ? order : (left->row > right->row) - (left->row < right->row);
}

/* The segment of list[first..end): all of one label. */
static bool add_segment(struct grouping *grouping, Kam__V1__SegmentKind kind, size_t first, size_t end)
{
	const struct ledger *ledger = &grouping->revenue->ledger;
	Kam__V1__Segment *segment = arena_alloc(ledger->call->arena, sizeof *segment);
	struct ledger_amount sum = {.reason = NULL};
	bool known = false;
	if (!segment) {
		return false;
	}
	kam__v1__segment__init(segment);
	for (size_t i = first; i < end; i++) {
		const struct ledger_amount *amount = revenue_amount(grouping->revenue, grouping->list[i].row, 0);
		segment->account_count++;
		segment->key_count += candidate_is_key(ledger->table->rows[grouping->list[i].row].phase);
		if (!amount->reason) {
			ledger_add(&sum, amount);
			known = true;
		}
	}
	sum.reason = known ? sum.reason : "no account of the group has revenue in the period";
	segment->kind = kind;
	segment->label = account_text(grouping->list[first].label, ledger->call->arena);
	segment->revenue = ledger_money(ledger, &sum);
	segment->share = figure_message(figures_ratio(ledger_figure(&sum, false), ledger_figure(&grouping->all, false), "no account has revenue"),
	                                ledger->call->arena);
	grouping->segments[grouping->count++] = segment;
	return segment->share != NULL;
}

static bool add_groups(struct grouping *grouping, Kam__V1__SegmentKind kind)
{
	size_t rows = grouping->revenue->ledger.table->count;
	if (rows > 0) {
		qsort(grouping->list, rows, sizeof *grouping->list, compare_labels);
	}
	for (size_t i = 0, end; i < rows; i = end) {
		for (end = i + 1; end < rows && bytes_equal(grouping->list[end].label, grouping->list[i].label); end++) {
		}
		if (!add_segment(grouping, kind, i, end)) {
			return false;
		}
	}
	return true;
}

/* A: the largest, until they make up 80 %; B: until 95 %; C: the rest. Without revenue: no label. */
static void label_volume(struct grouping *grouping)
{
	size_t rows = grouping->revenue->ledger.table->count;
	double whole = 0, sum = 0;
	for (size_t i = 0; i < rows; i++) {
		struct figure figure = ledger_figure(revenue_amount(grouping->revenue, i, 0), false);
		grouping->list[i] = (struct labelled){.row = i, .revenue = figure_defined(figure) && figure.value > 0 ? figure.value : 0};
		whole += grouping->list[i].revenue;
	}
	if (rows > 0) {
		qsort(grouping->list, rows, sizeof *grouping->list, compare_revenue);
	}
	for (size_t i = 0; i < rows && grouping->list[i].revenue > 0; i++) {
		grouping->list[i].label = bytes_of(sum < 0.8 * whole ? "A" : sum < 0.95 * whole ? "B" : "C");
		sum += grouping->list[i].revenue;
	}
}

bool candidate_segments(const struct revenue *revenue, Kam__V1__Segment ***ret_segments, size_t *ret_count)
{
	const struct account_table *table = revenue->ledger.table;
	struct arena *arena = revenue->ledger.call->arena;
	struct grouping grouping = {.revenue = revenue, .list = arena_calloc(arena, table->count + 1, sizeof *grouping.list)};
	grouping.segments = arena_calloc(arena, 2 * table->count + 5, sizeof *grouping.segments);
	if (!grouping.list || !grouping.segments) {
		return false;
	}
	for (size_t i = 0; i < table->count; i++) {
		const struct ledger_amount *amount = revenue_amount(revenue, i, 0);
		if (!amount->reason) {
			ledger_add(&grouping.all, amount);
		}
	}
	label_volume(&grouping);
	bool ok = add_groups(&grouping, KIND(VOLUME));
	for (size_t i = 0; i < table->count; i++) {
		grouping.list[i] = (struct labelled){.row = i, .label = table->rows[i].region};
	}
	ok = ok && add_groups(&grouping, KIND(REGION));
	for (size_t i = 0; i < table->count; i++) {
		grouping.list[i] = (struct labelled){.row = i, .label = table->rows[i].country};
	}
	ok = ok && add_groups(&grouping, KIND(COUNTRY));
	*ret_segments = grouping.segments;
	*ret_count = grouping.count;
	return ok;
}
