/* SPDX-License-Identifier: Apache-2.0
 *
 * ledger.h - the money of the accounts of a table, summed over a few periods from their financials, in one currency.
 *
 * Where a period and its parts are both there the parts count, if all of them are there. An amount that cannot be summed is undefined and says why; one
 * that covers a part of its period only says so beside the amount, for growth must not be computed from it.
 *
 * Owns:    lives in the call's arena.
 * Threads: the call's.
 */
#pragma once

#include "server/domain/account_table.h"
#include "server/domain/basis.h"
#include "server/domain/money.h"

enum ledger_field { LEDGER_REVENUE, LEDGER_COST_OF_GOODS, LEDGER_COST_TO_SERVE, LEDGER_CLIENT_REVENUE, LEDGER_CATEGORY_SPEND, LEDGER_PLANNED, LEDGER_FIELDS };
enum { LEDGER_WINDOWS = 3 };

struct ledger_window {
	const char *text;
	int64_t first_day, end_day;
};

struct ledger_amount {
	struct amount amount;
	const char *reason;  /* why it is undefined; NULL where it is not */
	const char *partial; /* what of the period it leaves out; NULL where nothing */
	const char *source;  /* one of the resources that it comes from; NULL where there is none */
};

struct ledger_competitor {
	const char *name;
	struct ledger_amount amounts[LEDGER_WINDOWS];
	bool estimated;
	struct ledger_competitor *next;
};

struct ledger_row {
	struct ledger_amount amounts[LEDGER_WINDOWS][LEDGER_FIELDS];
	struct ledger_competitor *competitors;
	int our_rank, supplier_count;    /* of the last financials that end with the first window */
	double renewed, up_for_renewal;  /* over all financials, where currencies allow */
	const char *rates_missing;       /* a currency without a rate among them */
	bool hidden;                     /* the caller sees no financials of it */
};

struct ledger {
	struct call *call;
	const struct basis *basis;
	struct account_table *table;
	const struct rates *rates;
	const char *currency;
	struct ledger_window windows[LEDGER_WINDOWS];
	size_t windows_count;
	struct ledger_row *rows; /* as the table's */
	bool any_revenue;        /* some account has revenue in the first window */
};

/* Sets call, basis and table, which may be read later, and the currency to report in: as asked, or the programme's. FAILED_PRECONDITION where it has none. */
bool ledger_open(struct ledger *ledger, struct call *call, const struct basis *basis, struct account_table *table, const char *asked_currency);
/* A period as asked, checked against its field; NULL or "" gives the last year that is over on the basis' day. */
bool ledger_window(struct call *call, const struct basis *basis, const char *field, const char *asked, struct ledger_window *ret_window);
/* The same period a year before, and the one that follows. */
bool ledger_year_before(struct call *call, const struct ledger_window *window, struct ledger_window *ret_window);
bool ledger_next(struct call *call, const struct ledger_window *window, struct ledger_window *ret_window);
/* Reads all, of a ledger that was opened and has its windows. */
bool ledger_read(struct ledger *ledger);

/* As a figure: a number of the ledger's currency. `whole`: undefined where it covers a part of its period. */
struct figure ledger_figure(const struct ledger_amount *amount, bool whole);
/* A message, or NULL where it is undefined. */
Kam__V1__Money *ledger_money(const struct ledger *ledger, const struct ledger_amount *amount);
/* An amount of money in the ledger's currency on a day. False with `ret_missing`, a sentence in the arena, where there is no rate. */
bool ledger_convert(const struct ledger *ledger, const Kam__V1__Money *money, int64_t day, struct amount *ret_amount, const char **ret_missing);
/* Adds one to another; undefined where one of them is. */
void ledger_add(struct ledger_amount *sum, const struct ledger_amount *more);
