/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/deal_sums.h"

#include "common/base/clock.h"
#include "kam/v1/opportunity.pb-c.h"
#include "kam/v1/product.pb-c.h"
#include "server/domain/grow.h"

#include <stdlib.h>

#define STAGE(name) KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_##name

static bool visit_product(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct deal_sums *sums = context;
	(void)groups, (void)scratch;
	if (((const Kam__V1__Product *)(const void *)message)->discontinued) {
		return true;
	}
	const char **products = grow_array(call->arena, sums->products, sums->products_count, sizeof *products);
	const char *copy = arena_strdup(call->arena, name);
	if (!products || !copy) {
		return call_no_memory(call);
	}
	sums->products = products;
	products[sums->products_count++] = copy;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_products(struct deal_sums *sums, size_t row, const Kam__V1__Opportunity *deal)
{
	size_t words = (sums->products_count + 63) / 64;
	for (size_t i = 0; i < deal->n_products && sums->products_count > 0; i++) {
		const char *name = deal->products[i];
		const char **found = bsearch(&name, sums->products, sums->products_count, sizeof name, compare_names);
		if (!found) {
			continue;
		}
		size_t index = (size_t)(found - sums->products);
		uint64_t *word = &sums->bought[row * words + index / 64], bit = UINT64_C(1) << index % 64;
		sums->rows[row].products += !(*word & bit);
		*word |= bit;
	}
}

static void add_value(struct deal_sums *sums, struct ledger_amount *sum, const Kam__V1__Opportunity *deal, int64_t day, double factor)
{
	struct ledger_amount value = {.source = "deals"};
	if (!deal->value) {
		return;
	}
	if (!ledger_convert(sums->ledger, deal->value, day, &value.amount, &value.reason)) {
		value.source = "deals";
	} else if (factor != 1 && !amount_scale(value.amount, factor, &value.amount)) {
		value.reason = "the amount is too large";
	}
	ledger_add(sum, &value);
}

static bool visit_deal(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct deal_sums *sums = context;
	const struct ledger *ledger = sums->ledger;
	const Kam__V1__Opportunity *deal = (const void *)message;
	size_t row = account_table_find(ledger->table, name);
	int64_t day = ledger->basis->today;
	(void)scratch;
	if (row == ledger->table->count || sums->rows[row].hidden || !(groups & 1u << GROUP_COMMERCIAL)) {
		return true;
	}
	struct deal_row *to = &sums->rows[row];
	bool dated = clock_parse_date(deal->close_on, &day);
	if (deal->stage == STAGE(WON)) {
		add_products(sums, row, deal);
		for (size_t w = 0; w < ledger->windows_count; w++) {
			const struct ledger_window *window = &ledger->windows[w];
			if (window->first_day == window->end_day || (dated && day >= window->first_day && day < window->end_day)) {
				add_value(sums, &to->won[w], deal, day, 1);
				sums->any_won = true;
			}
		}
	} else if (deal->stage != STAGE(LOST)) {
		add_value(sums, &to->open, deal, ledger->basis->today, 1);
		if (deal->_probability_case) {
			add_value(sums, &to->weighted, deal, ledger->basis->today, deal->probability);
		}
	}
	return !call->arena->overflowed || call_no_memory(call);
}

bool deal_sums_read(struct deal_sums *sums)
{
	struct ledger *ledger = sums->ledger;
	struct call *call = ledger->call;
	struct account_table *table = ledger->table;
	if (!call_each(call, "products", visit_product, sums)) {
		return false;
	}
	if (sums->products_count > 0) {
		qsort(sums->products, sums->products_count, sizeof *sums->products, compare_names);
	}
	sums->active_products = sums->products_count;
	sums->rows = arena_calloc(call->arena, table->count + 1, sizeof *sums->rows);
	sums->bought = arena_calloc(call->arena, table->count * ((sums->products_count + 63) / 64) + 1, sizeof *sums->bought);
	if (!sums->rows || !sums->bought || (!ledger->rates && !rates_read(ledger->basis->programme, call->arena, &ledger->rates))) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < table->count; i++) {
		struct deal_row *row = &sums->rows[i];
		struct decision deals = call_decide(call, "opportunities.read", table->rows[i].name, (struct bytes){0});
		row->hidden = !deals.allowed || !(deals.groups & table->rows[i].groups & 1u << GROUP_COMMERCIAL);
		for (size_t w = 0; row->hidden && w < LEDGER_WINDOWS; w++) {
			row->won[w].reason = HIDDEN_REASON;
		}
		row->open.reason = row->weighted.reason = row->hidden ? HIDDEN_REASON : NULL;
	}
	const char *pattern = table->count == 1 ? arena_printf(call->arena, "%s/opportunities", table->rows[0].name) : "accounts/-/opportunities";
	return (pattern || call_no_memory(call)) && call_each(call, pattern, visit_deal, sums);
}

struct figure deal_leverage(const struct deal_sums *sums, size_t row)
{
	if (sums->rows[row].hidden) {
		return figure_none(HIDDEN_REASON);
	}
	return figures_ratio(figure_of((double)sums->rows[row].products), figure_of((double)sums->active_products), "there is no active product");
}
