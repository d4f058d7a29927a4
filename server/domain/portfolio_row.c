/* SPDX-License-Identifier: Apache-2.0
 *
 * From sums to a row: each amount and rate, or why there is none, and how each came about. The total is a row like the others.
 */
#include "server/domain/portfolio.h"

#include "common/schema/wire.h"
#include "server/domain/explanation.h"

enum { FORMULA_VERSION = 1 };

/* The amounts of a row; a figure says whether each is defined. */
struct amounts {
	struct figure won, lost, open, weighted;
};

static struct figure figure_of_deals(const struct portfolio_account *account, const struct deals *deals, const char *unvalued)
{
	if (!account->deals_seen) {
		return figure_none(HIDDEN_REASON);
	}
	if (deals->missing) {
		return figure_none(deals->missing);
	}
	return deals->count > 0 && deals->valued == 0 ? figure_none(unvalued) : figure_of(amount_number(deals->sum));
}

static struct amounts amounts_of(const struct portfolio_account *account)
{
	const struct tally *tally = &account->tally;
	return (struct amounts){
		.won = figure_of_deals(account, &tally->classes[DEAL_WON], "no deal that was won has a value"),
		.lost = figure_of_deals(account, &tally->classes[DEAL_LOST], "no deal that was lost has a value"),
		.open = figure_of_deals(account, &tally->classes[DEAL_OPEN], "no open deal has a value"),
		.weighted = figure_of_deals(account, &tally->weighted, "no open deal has both value and probability"),
	};
}

static struct figure count_of(const struct portfolio_account *account, enum deal_class class)
{
	return account->deals_seen ? figure_of(account->tally.classes[class].count) : figure_none(HIDDEN_REASON);
}

struct row_figures {
	struct amounts amounts;
	struct figure rate_by_count, rate_by_value, share;
};

static struct row_figures figures_of(const struct portfolio *portfolio, const struct portfolio_account *account)
{
	struct row_figures figures = {.amounts = amounts_of(account)};
	struct figure total = amounts_of(&portfolio->total).won;
	figures.rate_by_count = figures_win_rate(count_of(account, DEAL_WON), count_of(account, DEAL_LOST), "no deal was won or lost");
	figures.rate_by_value = figures_win_rate(figures.amounts.won, figures.amounts.lost, "no value was won or lost");
	figures.share = figures_ratio(figures.amounts.won, total, "nothing was won in the accounts that match");
	return figures;
}

/* ---- explaining ---------------------------------------------------------------------------------------------------------------- */

struct listing {
	const struct portfolio *portfolio;
	struct explanations *explanations;
	enum deal_class class;
	bool weighted;
};

static bool visit_listed(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	static const char *const labels[DEAL_CLASSES] = {"opportunity won", "opportunity lost", "open opportunity"};
	struct listing *listing = context;
	const Kam__V1__Opportunity *opportunity = (const void *)message;
	struct amount amount;
	const char *missing;
	(void)groups;
	if (portfolio_class(listing->portfolio, opportunity) != listing->class) {
		return true;
	}
	bool valued = portfolio_value(listing->portfolio, opportunity, scratch, &amount, &missing);
	struct figure value = valued ? figure_of(amount_number(amount)) : figure_none(missing ? missing : "has no value");
	struct figure weight = no_weight();
	if (listing->weighted) {
		weight = opportunity->_probability_case ? figure_of(opportunity->probability) : figure_none("has no probability");
	}
	explain_input(listing->explanations, labels[listing->class], name, value, weight);
	return !call->arena->overflowed || basis_no_memory(call);
}

/* The deals behind an amount; behind the total only how many there are. */
static bool list_deals(struct portfolio *portfolio, const struct portfolio_account *account, struct explanations *explanations, enum deal_class class,
                       bool weighted)
{
	struct listing listing = {portfolio, explanations, class, weighted};
	const struct deals *deals = weighted ? &account->tally.weighted : &account->tally.classes[class];
	if (account->name) {
		const char *pattern = arena_printf(portfolio->call->arena, "%s/opportunities", account->name);
		return pattern && call_each(portfolio->call, pattern, visit_listed, &listing);
	}
	explain_input(explanations, "accounts", NULL, figure_of((double)portfolio->count), no_weight());
	explain_input(explanations, "opportunities", NULL, figure_of(deals->count), no_weight());
	explain_input(explanations, "of these in the sum", NULL, figure_of(deals->valued), no_weight());
	return true;
}

static bool explain_amount(struct portfolio *portfolio, const struct portfolio_account *account, struct explanations *explanations, const char *figure,
                           struct figure result, enum deal_class class, bool weighted)
{
	const char *formula = arena_printf(portfolio->call->arena, "sum of %s%s, in %s at the rate of the day it was decided, of open ones today's",
	                                   weighted ? "value * probability over opportunities" : "value over opportunities",
	                                   portfolio->limited && class != DEAL_OPEN ? arena_printf(portfolio->call->arena, " closed in %s", portfolio->request->period) : "",
	                                   portfolio->currency);
	explain_figure(explanations, figure, formula, FORMULA_VERSION, result, account->name);
	return list_deals(portfolio, account, explanations, class, weighted);
}

static void explain_pair(struct explanations *explanations, const char *first, struct figure a, const char *second, struct figure b)
{
	explain_input(explanations, first, NULL, a, no_weight());
	explain_input(explanations, second, NULL, b, no_weight());
}

static bool explain_row(struct portfolio *portfolio, const struct portfolio_account *account, const struct row_figures *figures, Kam__V1__PortfolioRow *row)
{
	struct explanations explanations = {.call = portfolio->call};
	const struct amounts *amounts = &figures->amounts;
	if (!account->deals_seen) {
		return true;
	}
	if (!explain_amount(portfolio, account, &explanations, "won_value", amounts->won, DEAL_WON, false) ||
	    !explain_amount(portfolio, account, &explanations, "lost_value", amounts->lost, DEAL_LOST, false) ||
	    !explain_amount(portfolio, account, &explanations, "open_value", amounts->open, DEAL_OPEN, false) ||
	    !explain_amount(portfolio, account, &explanations, "weighted_value", amounts->weighted, DEAL_OPEN, true)) {
		return false;
	}
	explain_figure(&explanations, "win_rate_by_count", "won / (won + lost)", FORMULA_VERSION, figures->rate_by_count, account->name);
	explain_pair(&explanations, "won_count", count_of(account, DEAL_WON), "lost_count", count_of(account, DEAL_LOST));
	explain_figure(&explanations, "win_rate_by_value", "won / (won + lost)", FORMULA_VERSION, figures->rate_by_value, account->name);
	explain_pair(&explanations, "won_value", amounts->won, "lost_value", amounts->lost);
	explain_figure(&explanations, "share_of_won", "value won here / value won in all accounts that match", FORMULA_VERSION, figures->share, account->name);
	explain_pair(&explanations, "won_value", amounts->won, "won_value of all", amounts_of(&portfolio->total).won);
	row->explanation = explanations.list;
	row->n_explanation = explanations.count;
	return true;
}

/* ---- the row -------------------------------------------------------------------------------------------------------------------- */

static char *borrow(const char *text)
{
	return (char *)(uintptr_t)(text ? text : "");
}

static Kam__V1__Money *money(const struct portfolio *portfolio, struct figure figure, const struct deals *deals, struct arena *arena)
{
	return figure_defined(figure) ? amount_message(deals->sum, portfolio->currency, arena) : NULL;
}

/* "open_value: no open deal has a value" for each that is undefined; one sentence where nothing is seen. */
static const char *why_undefined(const struct portfolio_account *account, const struct amounts *amounts, struct arena *arena)
{
	const struct figure *figures[] = {&amounts->won, &amounts->lost, &amounts->open, &amounts->weighted};
	static const char *const names[] = {"won_value", "lost_value", "open_value", "weighted_value"};
	struct buf text;
	if (!account->deals_seen) {
		return HIDDEN_REASON;
	}
	buf_init(&text, arena);
	for (int i = 0; i < 4; i++) {
		if (!figure_defined(*figures[i])) {
			buf_printf(&text, "%s%s: %s", text.size ? "; " : "", names[i], figures[i]->reason);
		}
	}
	return text.size ? buf_text(&text) : "";
}

static void set_account(Kam__V1__PortfolioRow *row, const struct portfolio_account *account)
{
	row->account = borrow(account->name);
	row->display_name = borrow(account->display_name);
	row->tier = borrow(account->tier);
	row->owner = borrow(account->owner);
	row->executive_sponsor = borrow(account->executive_sponsor);
	row->region = borrow(account->region);
	row->phase = account->phase;
}

static void set_deals(const struct portfolio *portfolio, Kam__V1__PortfolioRow *row, const struct portfolio_account *account, const struct row_figures *figures,
                      struct arena *arena)
{
	const struct tally *tally = &account->tally;
	const struct amounts *amounts = &figures->amounts;
	row->won_value = money(portfolio, amounts->won, &tally->classes[DEAL_WON], arena);
	row->lost_value = money(portfolio, amounts->lost, &tally->classes[DEAL_LOST], arena);
	row->open_value = money(portfolio, amounts->open, &tally->classes[DEAL_OPEN], arena);
	row->weighted_value = money(portfolio, amounts->weighted, &tally->weighted, arena);
	row->money_undefined_reason = borrow(why_undefined(account, amounts, arena));
	if (account->deals_seen) {
		row->won_count = tally->classes[DEAL_WON].count;
		row->lost_count = tally->classes[DEAL_LOST].count;
		row->open_count = tally->classes[DEAL_OPEN].count;
		row->_won_count_case = KAM__V1__PORTFOLIO_ROW___WON_COUNT_WON_COUNT;
		row->_lost_count_case = KAM__V1__PORTFOLIO_ROW___LOST_COUNT_LOST_COUNT;
		row->_open_count_case = KAM__V1__PORTFOLIO_ROW___OPEN_COUNT_OPEN_COUNT;
	}
	row->win_rate_by_count = figure_message(figures->rate_by_count, arena);
	row->win_rate_by_value = figure_message(figures->rate_by_value, arena);
	row->share_of_won = figure_message(figures->share, arena);
}

Kam__V1__PortfolioRow *portfolio_row(struct portfolio *portfolio, const struct portfolio_account *account, struct arena *arena, bool explain)
{
	struct row_figures figures = figures_of(portfolio, account);
	Kam__V1__PortfolioRow *row = arena_alloc(arena, sizeof *row);
	if (!row) {
		return NULL;
	}
	kam__v1__portfolio_row__init(row);
	set_account(row, account);
	set_deals(portfolio, row, account, &figures, arena);
	if (account->last_contact_us > 0) {
		row->last_contact_time = call_time(account->last_contact_us, arena);
	}
	if (explain && !explain_row(portfolio, account, &figures, row)) {
		return NULL;
	}
	message_cut(schema_type_of(portfolio->call->engine->schema, row->base.descriptor), &row->base, account->groups);
	return arena->overflowed ? NULL : row;
}
