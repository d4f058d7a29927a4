/* SPDX-License-Identifier: Apache-2.0
 *
 * deal_sums.h - what the deals of the accounts of a table come to: value won in the ledger's periods, value that is open, and how much of our portfolio
 * they buy.
 *
 * Owns:    lives in the call's arena.
 * Threads: the call's.
 */
#pragma once

#include "server/domain/ledger.h"

struct deal_row {
	struct ledger_amount won[LEDGER_WINDOWS]; /* 0 where no deal was won; `source` is set where one was */
	struct ledger_amount open, weighted;      /* weighted: times probability, where one is given */
	size_t products;                          /* different active products in deals won, in all time */
	bool hidden;                              /* the caller sees no deals of it */
};

struct deal_sums {
	struct ledger *ledger;   /* its table, currency, rates and windows; a window that ends where it begins holds all time */
	struct deal_row *rows;
	size_t active_products;
	bool any_won;            /* some account has deals won in one of the windows */
	/* The products, and which of them each row has. */
	const char **products;
	size_t products_count;
	uint64_t *bought;
};

bool deal_sums_read(struct deal_sums *sums);
/* Products bought / active products, 0 to 1. */
struct figure deal_leverage(const struct deal_sums *sums, size_t row);
