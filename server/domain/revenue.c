/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/revenue.h"

#define BASIS(name) KAM__V1__REVENUE_BASIS__REVENUE_BASIS_##name

/* Deals won in each period; one that is not over says so. */
static bool take_deals(struct revenue *revenue)
{
	struct ledger *ledger = &revenue->ledger;
	const char *partial[LEDGER_WINDOWS] = {NULL};
	revenue->won = arena_calloc(ledger->call->arena, ledger->table->count + 1, sizeof *revenue->won);
	for (size_t w = 0; w < ledger->windows_count; w++) {
		if (ledger->windows[w].end_day > ledger->basis->today + 1) {
			partial[w] = arena_printf(ledger->call->arena, "%s is not over", ledger->windows[w].text);
		}
	}
	for (size_t i = 0; revenue->won && i < ledger->table->count; i++) {
		for (size_t w = 0; w < ledger->windows_count; w++) {
			revenue->won[i][w] = revenue->deals.rows[i].won[w];
			revenue->won[i][w].partial = partial[w];
		}
	}
	return revenue->won || call_no_memory(ledger->call);
}

bool revenue_read(struct revenue *revenue, Kam__V1__RevenueBasis asked)
{
	if (!ledger_read(&revenue->ledger)) {
		return false;
	}
	revenue->deals.ledger = &revenue->ledger;
	revenue->has_deals = revenue->with_deals || asked == BASIS(WON_DEALS) || (asked == BASIS(UNSPECIFIED) && !revenue->ledger.any_revenue);
	if (revenue->has_deals && !deal_sums_read(&revenue->deals)) {
		return false;
	}
	bool deals = asked == BASIS(WON_DEALS) || (asked == BASIS(UNSPECIFIED) && !revenue->ledger.any_revenue && revenue->deals.any_won);
	revenue->basis = deals ? BASIS(WON_DEALS) : BASIS(FINANCIALS);
	return !deals || take_deals(revenue);
}

const struct ledger_amount *revenue_amount(const struct revenue *revenue, size_t row, size_t window)
{
	return revenue->won ? &revenue->won[row][window] : &revenue->ledger.rows[row].amounts[window][LEDGER_REVENUE];
}
