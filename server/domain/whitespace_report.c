/* SPDX-License-Identifier: Apache-2.0
 *
 * The whitespace report: the cells of each account, and what they come to.
 */
#include "kam/v1/whitespace_report.pb-c.h"

#include "common/base/clock.h"
#include "common/schema/wire.h"
#include "kam/v1/opportunity.pb-c.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/grow.h"
#include "server/domain/market.h"
#include "server/domain/report_page.h"
#include "server/domain/ledger.h"

#include <stdlib.h>

enum { FORMULA_VERSION = 1, PERIOD = 0 };

#define HOLDER(name) KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_##name

/* One cell, of the store or made from deals. */
struct cell {
	Kam__V1__WhitespaceCellReport *report;
	struct ledger_amount spend, potential, whitespace;
	bool sold, addressable;
};

struct account_cells {
	struct cell *cells;
	size_t count;
	struct ledger_amount spend, potential, whitespace; /* of the cells where they are known */
	size_t sold, addressable, left_out;
	const char *left_out_reason;
};

struct reporting {
	struct call *call;
	const Kam__V1__GetWhitespaceRequest *request;
	struct basis basis;
	struct account_table table;
	struct ledger ledger;
	struct account_cells *accounts; /* of each row */
	size_t *order, count;           /* rows that have cells */
	Kam__V1__GetWhitespaceResponse *report;
};

/* ---- cells ------------------------------------------------------------------------------------------------------------------------------- */

static struct ledger_amount amount_from(struct reporting *reporting, const Kam__V1__Money *money, const char *unknown)
{
	struct ledger_amount amount = {.reason = money ? NULL : unknown};
	if (money) {
		ledger_convert(&reporting->ledger, money, reporting->basis.today, &amount.amount, &amount.reason);
	}
	return amount;
}

/* max(0, potential - spend), exactly. */
static struct ledger_amount whitespace_of(const struct cell *cell)
{
	struct ledger_amount left = cell->potential, spend = cell->spend;
	if (!spend.reason) {
		spend.amount = (struct amount){-spend.amount.units, -spend.amount.nanos};
	}
	ledger_add(&left, &spend);
	if (!left.reason && amount_number(left.amount) < 0) {
		left.amount = (struct amount){0, 0};
	}
	return left;
}

static void fill_share(struct reporting *reporting, struct cell *cell, const struct ledger_amount *total, int rank, int suppliers)
{
	struct figure share = market_share_of_wallet(ledger_figure(&cell->spend, false), ledger_figure(total, false));
	if (!figure_defined(share) && rank > 0) {
		share = market_share_of_rank(rank, suppliers);
		cell->report->share_estimated = figure_defined(share);
	}
	cell->report->share_of_wallet = figure_message(share, reporting->call->arena);
}

static void finish_cell(struct reporting *reporting, struct cell *cell)
{
	Kam__V1__WhitespaceCellReport *report = cell->report;
	cell->whitespace = whitespace_of(cell);
	cell->addressable = report->holder != HOLDER(NOT_APPLICABLE);
	cell->sold = report->holder == HOLDER(US) || (!cell->spend.reason && amount_number(cell->spend.amount) > 0);
	report->spend = ledger_money(&reporting->ledger, &cell->spend);
	report->potential = ledger_money(&reporting->ledger, &cell->potential);
	report->whitespace = ledger_money(&reporting->ledger, &cell->whitespace);
	const char *reason = cell->spend.reason ? cell->spend.reason : cell->potential.reason;
	report->undefined_reason = (char *)(uintptr_t)(reason && cell->addressable ? reason : "");
}

static struct cell *add_cell(struct reporting *reporting, size_t row)
{
	struct account_cells *account = &reporting->accounts[row];
	struct cell *cells = grow_array(reporting->call->arena, account->cells, account->count, sizeof *cells);
	Kam__V1__WhitespaceCellReport *report = arena_alloc(reporting->call->arena, sizeof *report);
	if (!cells || !report) {
		call_no_memory(reporting->call);
		return NULL;
	}
	kam__v1__whitespace_cell_report__init(report);
	account->cells = cells;
	cells[account->count] = (struct cell){.report = report};
	return &cells[account->count++];
}

static char *own(struct reporting *reporting, const char *text)
{
	char *copy = *text ? arena_strdup(reporting->call->arena, text) : NULL;
	return copy ? copy : (char *)(uintptr_t)"";
}

static bool visit_cell(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct reporting *reporting = context;
	const Kam__V1__WhitespaceCell *from = (const void *)message;
	size_t row = account_table_find(&reporting->table, name);
	(void)scratch;
	if (row == reporting->table.count || !(groups & reporting->table.rows[row].groups & 1u << GROUP_COMMERCIAL)) {
		return true;
	}
	struct cell *cell = add_cell(reporting, row);
	if (!cell) {
		return false;
	}
	/* Where another has the business, or nobody, no spend with us is entered because there is none. */
	bool none = from->holder == HOLDER(COMPETITOR) || from->holder == HOLDER(INTERNAL) || from->holder == HOLDER(NONE);
	struct ledger_amount total = amount_from(reporting, from->total_spend, "what it spends with everybody is not entered");
	cell->spend = amount_from(reporting, from->spend, none ? NULL : "its spend is not entered");
	cell->potential = amount_from(reporting, from->potential, "its potential is not entered");
	cell->report->cell = own(reporting, name);
	cell->report->unit = own(reporting, from->unit);
	cell->report->product = own(reporting, from->product);
	cell->report->holder = from->holder;
	cell->report->competitor = own(reporting, from->competitor);
	cell->report->contract_ends_on = own(reporting, from->contract_ends_on);
	cell->report->opportunity = own(reporting, from->opportunity);
	fill_share(reporting, cell, &total, from->our_rank, from->supplier_count);
	finish_cell(reporting, cell);
	return !call->arena->overflowed || call_no_memory(call);
}

/* ---- deals as cells ----------------------------------------------------------------------------------------------------------------------- */

/* The cell of an account that was made from deals of a product; NULL with `ret_entered` where somebody entered one. */
static struct cell *cell_of_product(struct reporting *reporting, size_t row, const char *product, bool *ret_entered)
{
	struct account_cells *account = &reporting->accounts[row];
	*ret_entered = false;
	for (size_t i = 0; i < account->count; i++) {
		if (strcmp(account->cells[i].report->product, product) == 0) {
			if (!*account->cells[i].report->cell) {
				return &account->cells[i];
			}
			*ret_entered = true;
		}
	}
	return NULL;
}

static bool visit_deal(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct reporting *reporting = context;
	const Kam__V1__Opportunity *deal = (const void *)message;
	const struct ledger_window *window = &reporting->ledger.windows[PERIOD];
	size_t row = account_table_find(&reporting->table, name);
	int64_t day = reporting->basis.today;
	bool entered;
	(void)scratch;
	bool dated = clock_parse_date(deal->close_on, &day);
	bool within = !*reporting->request->period || (dated && day >= window->first_day && day < window->end_day);
	if (row == reporting->table.count || !(groups & reporting->table.rows[row].groups & 1u << GROUP_COMMERCIAL) || !within || deal->n_products != 1 ||
	    !deal->value ||
	    deal->stage != KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_WON) {
		return true;
	}
	struct cell *cell = cell_of_product(reporting, row, deal->products[0], &entered);
	if (entered) {
		return true;
	}
	if (!cell) {
		cell = add_cell(reporting, row);
		if (!cell) {
			return false;
		}
		cell->report->product = own(reporting, deal->products[0]);
		cell->report->holder = HOLDER(US);
		cell->potential.reason = "its potential is not entered";
		cell->report->share_of_wallet = figure_message(figure_none("what it spends with everybody is not entered"), call->arena);
	}
	struct ledger_amount value = {.reason = NULL};
	ledger_convert(&reporting->ledger, deal->value, day, &value.amount, &value.reason);
	ledger_add(&cell->spend, &value);
	finish_cell(reporting, cell);
	return !call->arena->overflowed || call_no_memory(call);
}

/* ---- sums --------------------------------------------------------------------------------------------------------------------------------- */

static int compare_cells(const void *a, const void *b)
{
	const Kam__V1__WhitespaceCellReport *left = ((const struct cell *)a)->report, *right = ((const struct cell *)b)->report;
	int order = strcmp(left->unit, right->unit);
	order = order ? order : strcmp(left->product, right->product);
	return order ? order : strcmp(left->cell, right->cell);
}

/* What is not known is left out and counted, so that a sum is never silently short. */
static void sum_known(struct account_cells *account, struct ledger_amount *sum, const struct ledger_amount *amount)
{
	if (!amount->reason) {
		ledger_add(sum, amount);
	} else {
		account->left_out++;
		account->left_out_reason = account->left_out_reason ? account->left_out_reason : amount->reason;
	}
}

static void sum_account(struct account_cells *account)
{
	if (account->count > 0) {
		qsort(account->cells, account->count, sizeof *account->cells, compare_cells);
	}
	for (size_t i = 0; i < account->count; i++) {
		const struct cell *cell = &account->cells[i];
		if (!cell->addressable) {
			continue;
		}
		account->addressable++;
		account->sold += cell->sold;
		sum_known(account, &account->spend, &cell->spend);
		sum_known(account, &account->potential, &cell->potential);
		if (!cell->whitespace.reason) {
			ledger_add(&account->whitespace, &cell->whitespace);
		}
	}
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct reporting *reporting = context;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	double left = amount_number(reporting->accounts[i].whitespace.amount), right = amount_number(reporting->accounts[k].whitespace.amount);
	int order = (left < right) - (left > right);
	return order ? order : (i > k) - (i < k);
}

static void merge(struct account_cells *total, const struct account_cells *more)
{
	ledger_add(&total->spend, &more->spend);
	ledger_add(&total->potential, &more->potential);
	ledger_add(&total->whitespace, &more->whitespace);
	total->sold += more->sold;
	total->addressable += more->addressable;
	total->left_out += more->left_out;
	total->left_out_reason = total->left_out_reason ? total->left_out_reason : more->left_out_reason;
}

/* ---- rows --------------------------------------------------------------------------------------------------------------------------------- */

/* Our share of what the whole account spends, from its financials. */
static void fill_wallet(struct reporting *reporting, Kam__V1__WhitespaceRow *to, size_t row, struct explanations *explanations)
{
	const struct ledger_row *ledger = &reporting->ledger.rows[row];
	const struct ledger_amount *revenue = &ledger->amounts[PERIOD][LEDGER_REVENUE], *spend = &ledger->amounts[PERIOD][LEDGER_CATEGORY_SPEND];
	struct figure share = market_share_of_wallet(ledger_figure(revenue, false), ledger_figure(spend, false));
	if (!figure_defined(share) && ledger->our_rank > 0) {
		share = market_share_of_rank(ledger->our_rank, ledger->supplier_count);
		to->share_estimated = figure_defined(share);
	}
	to->share_of_wallet = figure_message(share, reporting->call->arena);
	explain_figure(explanations, "share_of_wallet", to->share_estimated ? "(1 - rank / (n + 1)) * 2 / n" : "our revenue / category spend", FORMULA_VERSION,
	               share, to->account);
	explain_input(explanations, "our revenue", revenue->source, ledger_figure(revenue, false), no_weight());
	explain_input(explanations, "category spend", spend->source, ledger_figure(spend, false), no_weight());
}

static Kam__V1__WhitespaceRow *make_sums(struct reporting *reporting, const struct account_cells *account, struct figure *ret_penetration)
{
	struct arena *arena = reporting->call->arena;
	Kam__V1__WhitespaceRow *to = arena_alloc(arena, sizeof *to);
	if (!to) {
		return NULL;
	}
	kam__v1__whitespace_row__init(to);
	*ret_penetration = figures_ratio(figure_of((double)account->sold), figure_of((double)account->addressable), "there is no cell that we could sell to");
	to->spend = ledger_money(&reporting->ledger, &account->spend);
	to->potential = ledger_money(&reporting->ledger, &account->potential);
	to->whitespace = ledger_money(&reporting->ledger, &account->whitespace);
	to->penetration = figure_message(*ret_penetration, arena);
	to->sold_count = (int32_t)account->sold;
	to->addressable_count = (int32_t)account->addressable;
	if (account->left_out > 0) {
		to->undefined_reason = arena_printf(arena, "%zu amount%s left out, the first because %s", account->left_out, account->left_out == 1 ? " is" : "s are",
		                                    account->left_out_reason);
	}
	return to->undefined_reason ? to : NULL;
}

static Kam__V1__WhitespaceRow *make_row(struct reporting *reporting, size_t row)
{
	struct arena *arena = reporting->call->arena;
	const struct account_row *of = &reporting->table.rows[row];
	const struct account_cells *account = &reporting->accounts[row];
	struct explanations explanations = {.call = reporting->call};
	struct figure penetration;
	Kam__V1__WhitespaceRow *to = make_sums(reporting, account, &penetration);
	if (!to || !(to->cells = arena_calloc(arena, account->count + 1, sizeof *to->cells))) {
		return NULL;
	}
	to->account = (char *)(uintptr_t)of->name;
	to->display_name = account_text(of->display_name, arena);
	for (size_t i = 0; i < account->count; i++) {
		to->cells[to->n_cells++] = account->cells[i].report;
	}
	fill_wallet(reporting, to, row, &explanations);
	if (reporting->request->explain) {
		explain_figure(&explanations, "whitespace", "sum of max(0, potential - spend) over the cells where both are known", FORMULA_VERSION,
		               ledger_figure(&account->whitespace, false),
		               to->account);
		for (size_t i = 0; i < account->count; i++) {
			explain_input(&explanations, account->cells[i].report->product, account->cells[i].report->cell,
			              ledger_figure(&account->cells[i].whitespace, false), no_weight());
		}
		explain_figure(&explanations, "penetration", "cells where we sell / cells that are not NOT_APPLICABLE", FORMULA_VERSION, penetration, to->account);
		to->explanation = explanations.list;
		to->n_explanation = explanations.count;
	}
	message_cut(schema_type_of(reporting->call->engine->schema, &kam__v1__whitespace_row__descriptor), &to->base, of->groups);
	return to;
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------------------------ */

static bool read_cells(struct reporting *reporting)
{
	struct call *call = reporting->call;
	const char *parent = reporting->table.count == 1 ? reporting->table.rows[0].name : "accounts/-";
	const char *cells = arena_printf(call->arena, "%s/whitespace", parent), *deals = arena_printf(call->arena, "%s/opportunities", parent);
	reporting->accounts = arena_calloc(call->arena, reporting->table.count + 1, sizeof *reporting->accounts);
	reporting->order = arena_calloc(call->arena, reporting->table.count + 1, sizeof *reporting->order);
	if (!cells || !deals || !reporting->accounts || !reporting->order) {
		return call_no_memory(call);
	}
	if (!call_each(call, cells, visit_cell, reporting) || (reporting->request->include_deals && !call_each(call, deals, visit_deal, reporting))) {
		return false;
	}
	for (size_t i = 0; i < reporting->table.count; i++) {
		sum_account(&reporting->accounts[i]);
		if (reporting->accounts[i].count > 0) {
			reporting->order[reporting->count++] = i;
		}
	}
	qsort_r(reporting->order, reporting->count, sizeof *reporting->order, compare_rows, reporting);
	return true;
}

static bool answer(struct reporting *reporting, const struct report_page *page)
{
	struct call *call = reporting->call;
	Kam__V1__GetWhitespaceResponse *report = reporting->report;
	struct account_cells total = {.cells = NULL};
	struct figure penetration;
	size_t first = page->first < reporting->count ? page->first : reporting->count;
	report->rows = arena_calloc(call->arena, page->size + 1, sizeof *report->rows);
	for (size_t i = first; report->rows && i < reporting->count && report->n_rows < page->size; i++) {
		Kam__V1__WhitespaceRow *row = make_row(reporting, reporting->order[i]);
		if (!row) {
			return call_no_memory(call);
		}
		report->rows[report->n_rows++] = row;
	}
	for (size_t i = 0; i < reporting->count; i++) {
		merge(&total, &reporting->accounts[reporting->order[i]]);
	}
	report->totals = make_sums(reporting, &total, &penetration);
	if (!report->rows || !report->totals) {
		return call_no_memory(call);
	}
	message_cut(schema_type_of(call->engine->schema, &kam__v1__whitespace_row__descriptor), &report->totals->base,
	            decide_groups(call->caller, call->method->permission, call->now_us));
	report->account_count = (int32_t)reporting->count;
	report->currency_code = (char *)(uintptr_t)reporting->ledger.currency;
	report->revision = call->revision;
	report->next_page_token = report_page_token(call, page, first + report->n_rows, reporting->count);
	report_page_cut(call, &report->base);
	return call_reply(call, &report->base);
}

static bool get_whitespace(struct call *call)
{
	const Kam__V1__GetWhitespaceRequest *request = (const void *)call->request;
	Kam__V1__GetWhitespaceResponse report = KAM__V1__GET_WHITESPACE_RESPONSE__INIT;
	struct reporting reporting = {.call = call, .request = request, .report = &report};
	struct ledger *ledger = &reporting.ledger;
	struct report_page page;
	if (!report_page_read(call, request->page_size, LIMIT_PAGE_SIZE_DEFAULT, request->page_token, &page) || !basis_read(call, &reporting.basis) ||
	    !ledger_open(ledger, call, &reporting.basis, &reporting.table, request->currency_code) ||
	    !ledger_window(call, &reporting.basis, "period", request->period, &ledger->windows[PERIOD]) ||
	    !(*request->account ? account_table_one(call, "account", request->account, &reporting.table)
	      : account_table_read(call, request->filter, &reporting.table))) {
		return false;
	}
	ledger->windows_count = 1;
	return ledger_read(ledger) && read_cells(&reporting) && answer(&reporting, &page);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetWhitespace", get_whitespace, NULL}};

const struct domain domain_whitespace_report = {NULL, 0, methods, 1};
