/* SPDX-License-Identifier: Apache-2.0
 *
 * revenue.h - our revenue in the accounts of a table, from their financials or from deals won, whichever a report is asked to count.
 *
 * Owns:    lives in the call's arena.
 * Threads: the call's.
 */
#pragma once

#include "kam/v1/revenue_basis.pb-c.h"
#include "server/domain/deal_sums.h"

struct revenue {
	struct ledger ledger;    /* call, basis, table, currency and windows are set before reading */
	struct deal_sums deals;  /* read where deals count, or `with_deals` is set before */
	bool with_deals, has_deals;
	Kam__V1__RevenueBasis basis;
	struct ledger_amount (*won)[LEDGER_WINDOWS]; /* of each row, where deals count */
};

/* `asked` UNSPECIFIED: financials, or deals won where no account has financials in the first period. */
bool revenue_read(struct revenue *revenue, Kam__V1__RevenueBasis asked);
const struct ledger_amount *revenue_amount(const struct revenue *revenue, size_t row, size_t window);
