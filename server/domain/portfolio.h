/* SPDX-License-Identifier: Apache-2.0
 *
 * portfolio.h - the accounts of a portfolio with the sums of their deals. Of this noun's files alone.
 *
 * A hundred thousand accounts must fit a call's arena: a row keeps what it is sorted and shown by, and sums, but no deal.
 *
 * Owns:    all lives in the call's arena.
 */
#pragma once

#include "common/schema/filter.h"
#include "kam/v1/opportunity.pb-c.h"
#include "kam/v1/portfolio.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/money.h"

enum deal_class { DEAL_WON, DEAL_LOST, DEAL_OPEN, DEAL_CLASSES, DEAL_NOT_COUNTED };

/* A sum over deals: those without a value, or whose value cannot be converted, are counted but not in it. */
struct deals {
	struct amount sum;
	int32_t count;
	int32_t valued;      /* how many are in the sum */
	const char *missing; /* why one with a value is not in it, or NULL */
};

struct tally {
	struct deals classes[DEAL_CLASSES];
	struct deals weighted; /* of the open ones: value times probability */
};

struct portfolio_account {
	const char *name, *display_name, *tier, *owner, *executive_sponsor, *region;
	Kam__V1__Phase phase;
	schema_groups groups;    /* that the caller sees of the row */
	bool deals_seen;         /* the caller sees its deals and their values */
	bool contacts_seen;
	int64_t last_contact_us; /* 0: none */
	struct tally tally;
};

struct portfolio {
	struct call *call;
	const Kam__V1__GetPortfolioRequest *request;
	struct basis basis;
	const struct rates *rates;
	const char *currency;
	bool limited;               /* to a period */
	int64_t first_day, end_day; /* of it */
	const struct filter *filter;
	const struct order *order;
	struct portfolio_account **accounts; /* by name */
	size_t count;
	struct portfolio_account *last; /* found last */
	struct portfolio_account total; /* its tally over those whose deals are seen */
};

/* Reads the accounts that match and the caller may see, and adds up their deals and contacts (portfolio_read.c). */
bool portfolio_read(struct portfolio *portfolio);
/* How a deal counts. */
enum deal_class portfolio_class(const struct portfolio *portfolio, const Kam__V1__Opportunity *opportunity);
/* What a deal is worth in the portfolio's currency: on the day it was decided, or today. Undefined where it has no value (`ret_missing` NULL) or it cannot
 * be converted (why, in the arena). */
bool portfolio_value(const struct portfolio *portfolio, const Kam__V1__Opportunity *opportunity, struct arena *arena, struct amount *ret_amount,
                     const char **ret_missing);
/* The row of an account, or of the total, cut to what the caller sees; `explain` adds how each figure came about (portfolio_row.c). NULL when the arena is full. */
Kam__V1__PortfolioRow *portfolio_row(struct portfolio *portfolio, const struct portfolio_account *account, struct arena *arena, bool explain);
