/* SPDX-License-Identifier: Apache-2.0
 *
 * Impact: what some accounts bring, what of all we have that is, and how the rest would stand without them.
 */
#include "kam/v1/impact.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/market.h"
#include "server/domain/revenue.h"

#include <stdio.h>

enum { FORMULA_VERSION = 1, PERIOD = 0, ALL_TIME = 1, TOP_USUAL = 5 };

#define BASIS(name) KAM__V1__REVENUE_BASIS__REVENUE_BASIS_##name

struct reporting {
	struct call *call;
	const Kam__V1__GetImpactRequest *request;
	struct basis basis;
	struct account_table table;
	struct revenue revenue;
	size_t window;      /* of revenue: the period, or all time */
	size_t *lost;       /* rows of the accounts asked about */
	bool *is_lost;      /* of each row */
	double discount;
	struct ledger_amount portfolio;
	struct explanations explanations;
	Kam__V1__Impact *report;
};

/* What an account brings; also the totals of several. */
struct worth {
	struct ledger_amount revenue, margin, lifetime, open, weighted, expected;
	struct figure likelihood;
};

/* ---- which accounts ---------------------------------------------------------------------------------------------------------------------- */

static bool find_lost(struct reporting *reporting)
{
	struct call *call = reporting->call;
	const Kam__V1__GetImpactRequest *request = reporting->request;
	reporting->lost = arena_calloc(call->arena, request->n_accounts + 1, sizeof *reporting->lost);
	reporting->is_lost = arena_calloc(call->arena, reporting->table.count + 1, sizeof *reporting->is_lost);
	for (size_t i = 0; reporting->lost && reporting->is_lost && i < request->n_accounts; i++) {
		const char *name = request->accounts[i];
		char path[STATUS_FIELD_BYTES];
		snprintf(path, sizeof path, "accounts[%zu]", i);
		if (strncmp(name, "accounts/", 9) != 0 || strchr(name + 9, '/')) {
			return status_field(call->status, path, "\"%.80s\" is not the name of an account; write it as accounts/{account}", name);
		}
		size_t row = account_table_find(&reporting->table, name);
		if (row == reporting->table.count) {
			return call_not_found(call, name);
		}
		if (reporting->is_lost[row]) {
			return status_field(call->status, path, "%.120s is named already; it can be lost once", name);
		}
		reporting->is_lost[row] = true;
		reporting->lost[i] = row;
	}
	return (reporting->lost && reporting->is_lost) || call_no_memory(call);
}

static bool check_likelihoods(struct reporting *reporting)
{
	const Kam__V1__GetImpactRequest *request = reporting->request;
	for (size_t i = 0; i < request->n_likelihoods; i++) {
		size_t row = account_table_find(&reporting->table, request->likelihoods[i]->account);
		if (row == reporting->table.count || !reporting->is_lost[row]) {
			char path[STATUS_FIELD_BYTES];
			snprintf(path, sizeof path, "likelihoods[%zu].account", i);
			return status_field(reporting->call->status, path, "is none of the accounts asked about");
		}
	}
	return true;
}

/* ---- one account --------------------------------------------------------------------------------------------------------------------------- */

static struct figure retention_of(const struct reporting *reporting, size_t index)
{
	const struct ledger_row *row = &reporting->revenue.ledger.rows[index];
	if (reporting->request->_retention_rate_case) {
		return figure_of(reporting->request->retention_rate);
	}
	if (row->hidden || row->rates_missing) {
		return figure_none(row->hidden ? HIDDEN_REASON : row->rates_missing);
	}
	return figures_ratio(figure_of(row->renewed), figure_of(row->up_for_renewal), "nothing came up for renewal, so retention is not known");
}

static struct figure likelihood_of(const struct reporting *reporting, size_t index)
{
	const Kam__V1__GetImpactRequest *request = reporting->request;
	for (size_t i = 0; i < request->n_likelihoods; i++) {
		if (strcmp(request->likelihoods[i]->account, reporting->table.rows[index].name) == 0) {
			return figure_of(request->likelihoods[i]->likelihood);
		}
	}
	struct figure retention = retention_of(reporting, index);
	return figure_defined(retention) ? figure_of(1 - retention.value) : retention;
}

/* An amount times a figure; undefined where one of them is. */
static struct ledger_amount scaled(const struct ledger_amount *amount, struct figure factor)
{
	struct ledger_amount result = *amount;
	if (!result.reason && !figure_defined(factor)) {
		result.reason = factor.reason;
	} else if (!result.reason && !amount_scale(result.amount, factor.value, &result.amount)) {
		result.reason = "the amount is too large";
	}
	return result;
}

static struct ledger_amount margin_of(const struct ledger_row *row)
{
	struct ledger_amount margin = row->amounts[PERIOD][LEDGER_REVENUE];
	struct ledger_amount goods = scaled(&row->amounts[PERIOD][LEDGER_COST_OF_GOODS], figure_of(-1)), serve =
		scaled(&row->amounts[PERIOD][LEDGER_COST_TO_SERVE], figure_of(-1));
	goods.reason = goods.reason && !margin.reason ? "cost of goods is not entered" : goods.reason;
	serve.reason = serve.reason && !margin.reason ? "cost to serve is not entered" : serve.reason;
	ledger_add(&margin, &goods);
	ledger_add(&margin, &serve);
	return margin;
}

static struct worth worth_of(const struct reporting *reporting, size_t index)
{
	const struct ledger_row *row = &reporting->revenue.ledger.rows[index];
	const struct deal_row *deals = &reporting->revenue.deals.rows[index];
	bool year = strlen(reporting->revenue.ledger.windows[PERIOD].text) == 4;
	struct worth worth = {.revenue = *revenue_amount(&reporting->revenue, index, reporting->window), .margin = margin_of(row), .open = deals->open,
	                      .weighted = deals->weighted};
	/* Linear in the margin: the factor is that of a margin of 1. */
	struct figure factor = year ? market_lifetime_value(figure_of(1), retention_of(reporting, index), figure_of(reporting->discount))
	                            : figure_none("lifetime value needs the margin of a year, and the period is none");
	worth.lifetime = scaled(&worth.margin, factor);
	worth.likelihood = likelihood_of(reporting, index);
	worth.expected = scaled(&worth.revenue, worth.likelihood);
	return worth;
}

static void add_worth(struct worth *sum, const struct worth *more)
{
	ledger_add(&sum->revenue, &more->revenue);
	ledger_add(&sum->margin, &more->margin);
	ledger_add(&sum->lifetime, &more->lifetime);
	ledger_add(&sum->open, &more->open);
	ledger_add(&sum->weighted, &more->weighted);
	ledger_add(&sum->expected, &more->expected);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------ */

static Kam__V1__ImpactRow *make_row(struct reporting *reporting, const struct account_row *account, const struct worth *worth, schema_groups groups)
{
	struct arena *arena = reporting->call->arena;
	const struct ledger *ledger = &reporting->revenue.ledger;
	const struct ledger_amount *all[] = {&worth->revenue, &worth->margin, &worth->lifetime, &worth->open, &worth->weighted, &worth->expected};
	static const char *const names[] = {"revenue", "margin", "lifetime value", "open value", "weighted value", "expected loss"};
	Kam__V1__ImpactRow *row = arena_alloc(arena, sizeof *row);
	if (!row) {
		return NULL;
	}
	kam__v1__impact_row__init(row);
	row->account = (char *)(uintptr_t)(account ? account->name : "");
	row->display_name = account ? account_text(account->display_name, arena) : row->display_name;
	row->revenue = ledger_money(ledger, &worth->revenue);
	row->share = figure_message(figures_ratio(ledger_figure(&worth->revenue, false), ledger_figure(&reporting->portfolio, false), "no account has revenue"),
	                            arena);
	row->margin = ledger_money(ledger, &worth->margin);
	row->lifetime_value = ledger_money(ledger, &worth->lifetime);
	row->open_value = ledger_money(ledger, &worth->open);
	row->weighted_value = ledger_money(ledger, &worth->weighted);
	row->likelihood = figure_message(worth->likelihood, arena);
	row->expected_loss = ledger_money(ledger, &worth->expected);
	struct buf reasons;
	buf_init(&reasons, arena);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i]->reason) {
			buf_printf(&reasons, "%s%s: %s", reasons.size > 0 ? "; " : "", names[i], all[i]->reason);
		}
	}
	row->undefined_reason = reasons.size > 0 ? (char *)(uintptr_t)buf_text(&reasons) : row->undefined_reason;
	message_cut(schema_type_of(reporting->call->engine->schema, &kam__v1__impact_row__descriptor), &row->base, groups);
	return row;
}

static void explain_row(struct reporting *reporting, size_t index, const struct worth *worth)
{
	struct explanations *explanations = &reporting->explanations;
	const struct ledger_row *row = &reporting->revenue.ledger.rows[index];
	const char *account = reporting->table.rows[index].name;
	explain_figure(explanations, "margin", "revenue - cost of goods - cost to serve", FORMULA_VERSION, ledger_figure(&worth->margin, false), account);
	static const char *const labels[] = {"revenue", "cost of goods", "cost to serve"};
	for (int field = LEDGER_REVENUE; field <= LEDGER_COST_TO_SERVE; field++) {
		const struct ledger_amount *amount = &row->amounts[PERIOD][field];
		explain_input(explanations, labels[field], amount->source, ledger_figure(amount, false), no_weight());
	}
	explain_figure(explanations, "lifetime_value", "margin * r / (1 + d - r)", FORMULA_VERSION, ledger_figure(&worth->lifetime, false), account);
	explain_input(explanations, "retention rate (r)", NULL, retention_of(reporting, index), no_weight());
	explain_input(explanations, "discount rate (d)", reporting->request->_discount_rate_case ? NULL : "programme", figure_of(reporting->discount), no_weight());
	explain_figure(explanations, "expected_loss", "likelihood * revenue", FORMULA_VERSION, ledger_figure(&worth->expected, false), account);
	explain_input(explanations, "likelihood", NULL, worth->likelihood, no_weight());
}

static bool add_rows(struct reporting *reporting)
{
	struct call *call = reporting->call;
	Kam__V1__Impact *report = reporting->report;
	struct worth total = {.likelihood = figure_none("it is that of each account")};
	schema_groups groups = GROUPS_ALL;
	report->rows = arena_calloc(call->arena, reporting->request->n_accounts + 1, sizeof *report->rows);
	for (size_t i = 0; report->rows && i < reporting->request->n_accounts; i++) {
		size_t index = reporting->lost[i];
		struct worth worth = worth_of(reporting, index);
		report->rows[i] = make_row(reporting, &reporting->table.rows[index], &worth, reporting->table.rows[index].groups);
		if (!report->rows[i]) {
			return false;
		}
		report->n_rows++;
		groups &= reporting->table.rows[index].groups;
		add_worth(&total, &worth);
		if (reporting->request->explain) {
			explain_row(reporting, index, &worth);
		}
	}
	report->totals = make_row(reporting, NULL, &total, groups);
	return report->rows && report->totals;
}

/* ---- concentration ------------------------------------------------------------------------------------------------------------------------------ */

static bool add_portfolio(struct reporting *reporting)
{
	size_t known = 0;
	for (size_t i = 0; i < reporting->table.count; i++) {
		const struct ledger_amount *amount = revenue_amount(&reporting->revenue, i, reporting->window);
		if (!amount->reason) {
			ledger_add(&reporting->portfolio, amount);
			known++;
		}
	}
	if (known == 0) {
		reporting->portfolio.reason = "no account has revenue in the period";
	}
	reporting->report->portfolio_revenue = ledger_money(&reporting->revenue.ledger, &reporting->portfolio);
	return true;
}

static Kam__V1__Concentration *concentration_of(struct reporting *reporting, bool after, const char *figure)
{
	struct arena *arena = reporting->call->arena;
	double *values = arena_calloc(arena, reporting->table.count + 1, sizeof *values);
	Kam__V1__Concentration *message = arena_alloc(arena, sizeof *message);
	size_t count = 0, top = reporting->request->top_count > 0 ? (size_t)reporting->request->top_count : TOP_USUAL;
	if (!values || !message) {
		return NULL;
	}
	for (size_t i = 0; i < reporting->table.count; i++) {
		struct figure value = ledger_figure(revenue_amount(&reporting->revenue, i, reporting->window), false);
		if (figure_defined(value) && value.value > 0 && !(after && reporting->is_lost[i])) {
			values[count++] = value.value;
		}
	}
	kam__v1__concentration__init(message);
	struct figure index = market_concentration(values, count);
	message->index = figure_message(index, arena);
	message->top_share = figure_message(market_top_share(values, count, top), arena);
	message->account_count = (int32_t)count;
	reporting->report->top_count = (int32_t)top;
	explain_figure(&reporting->explanations, figure, "sum of (share of revenue in percent)^2 over the accounts that have revenue", FORMULA_VERSION, index,
	               NULL);
	explain_input(&reporting->explanations, "accounts with revenue", NULL, figure_of((double)count), no_weight());
	return message;
}

/* ---- the method --------------------------------------------------------------------------------------------------------------------------------- */

static bool answer(struct reporting *reporting)
{
	struct call *call = reporting->call;
	Kam__V1__Impact *report = reporting->report;
	if (!add_portfolio(reporting) || !add_rows(reporting)) {
		return status_ok(call->status) ? call_no_memory(call) : false;
	}
	report->before = concentration_of(reporting, false, "before.index");
	report->after = concentration_of(reporting, true, "after.index");
	if (!report->before || !report->after) {
		return call_no_memory(call);
	}
	report->period = (char *)(uintptr_t)reporting->revenue.ledger.windows[reporting->window].text;
	report->basis = reporting->revenue.basis;
	report->currency_code = (char *)(uintptr_t)reporting->revenue.ledger.currency;
	report->revision = call->revision;
	if (reporting->request->explain) {
		report->explanation = reporting->explanations.list;
		report->n_explanation = reporting->explanations.count;
	}
	message_cut(call->method->output, &report->base, decide_groups(call->caller, call->method->permission, call->now_us));
	return call_reply(call, &report->base);
}

static bool get_impact(struct call *call)
{
	const Kam__V1__GetImpactRequest *request = (const void *)call->request;
	Kam__V1__Impact report = KAM__V1__IMPACT__INIT;
	struct reporting reporting = {.call = call, .request = request, .report = &report, .explanations = {.call = call}};
	struct ledger *ledger = &reporting.revenue.ledger;
	if (!basis_read(call, &reporting.basis) || !ledger_open(ledger, call, &reporting.basis, &reporting.table, request->currency_code) ||
	    !ledger_window(call, &reporting.basis, "period", request->period, &ledger->windows[PERIOD]) || !account_table_read(call, "", &reporting.table) ||
	    !find_lost(&reporting) || !check_likelihoods(&reporting)) {
		return false;
	}
	ledger->windows[ALL_TIME] = (struct ledger_window){.text = ""};
	ledger->windows_count = 2;
	reporting.revenue.with_deals = true;
	if (!revenue_read(&reporting.revenue, request->basis)) {
		return false;
	}
	const Kam__V1__Thresholds *thresholds = reporting.basis.programme->thresholds;
	double usual = thresholds && thresholds->discount_rate > 0 ? thresholds->discount_rate : 0.1;
	reporting.discount = request->_discount_rate_case ? request->discount_rate : usual;
	reporting.window = reporting.revenue.basis == BASIS(WON_DEALS) && !*request->period ? ALL_TIME : PERIOD;
	return answer(&reporting);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetImpact", get_impact, NULL}};

const struct domain domain_impact_report = {NULL, 0, methods, 1};
