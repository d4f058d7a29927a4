/* SPDX-License-Identifier: Apache-2.0
 *
 * The back-test: the scores of an earlier day, by the set as it stood then, against growth since.
 */
#include "kam/v1/backtest.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/judging.h"
#include "server/domain/market.h"
#include "server/domain/moment.h"
#include "server/domain/report_page.h"
#include "server/domain/revenue.h"

#include <math.h>

enum { FORMULA_VERSION = 1, NOW = 0, THEN = 1 };

struct reporting {
	struct call *call;
	const Kam__V1__GetBacktestRequest *request;
	struct basis basis, earlier_basis;
	struct account_table table;
	struct judging judging;
	struct revenue revenue;
	struct moment moment;
	struct figure *growths; /* of each row */
	double *scores, *grown; /* pairs of one criterion */
	struct explanations explanations;
	Kam__V1__Backtest *report;
};

/* ---- then ------------------------------------------------------------------------------------------------------------------------------- */

static bool read_then(struct reporting *reporting)
{
	struct call *call = reporting->call;
	const Kam__V1__GetBacktestRequest *request = reporting->request;
	if (!moment_enter(call, "from_date", request->from_date, &reporting->moment)) {
		return false;
	}
	bool ok = basis_read(call, &reporting->earlier_basis) && judging_find_set(call, &reporting->earlier_basis, request->criteria_set, "",
	                                                                          &reporting->judging) &&
	          judging_read(&reporting->judging, &reporting->table, PERSPECTIVE(SELF)) &&
	          ledger_window(call, &reporting->earlier_basis, "from_period", request->from_period, &reporting->revenue.ledger.windows[THEN]);
	moment_leave(call, &reporting->moment);
	return ok;
}

static bool check_windows(struct reporting *reporting)
{
	const struct ledger_window *windows = reporting->revenue.ledger.windows;
	if (strlen(windows[THEN].text) != strlen(windows[NOW].text)) {
		return status_field(reporting->call->status, "from_period", "%s and %s are not of the same length; growth compares like with like",
		                    windows[THEN].text, windows[NOW].text);
	}
	return windows[THEN].end_day <= windows[NOW].first_day ||
	       status_field(reporting->call->status, "period",
	                    "%s does not lie after %s, so nothing can have grown since; name a later period, or an earlier from_date", windows[NOW].text,
	                    windows[THEN].text);
}

/* ---- correlations ------------------------------------------------------------------------------------------------------------------------- */

static struct figure score_at(const struct reporting *reporting, size_t row, size_t criterion)
{
	const struct judging *judging = &reporting->judging;
	if (criterion < judging->count) {
		return judging_score(judging, row, criterion);
	}
	struct judged judged = judging_of(judging, row);
	return criterion == judging->count ? judged.attractiveness.score : judged.strength.score;
}

static char *in_words(struct reporting *reporting, struct figure correlation)
{
	if (!figure_defined(correlation)) {
		return arena_printf(reporting->call->arena, "Nothing can be said: %s", correlation.reason);
	}
	double size = fabs(correlation.value);
	const char *how = size < 0.1 ? "It foretold nothing" : size < 0.3 ? "It foretold growth weakly" : size < 0.5 ? "It foretold growth"
		: "It foretold growth strongly";
	return arena_printf(reporting->call->arena, "%s%s", how, correlation.value < 0 && size >= 0.1
	                    ? ", but the wrong way round: accounts that scored higher grew less" : "");
}

static Kam__V1__BacktestCriterion *make_row(struct reporting *reporting, size_t criterion)
{
	struct call *call = reporting->call;
	const struct judging *judging = &reporting->judging;
	Kam__V1__BacktestCriterion *row = arena_alloc(call->arena, sizeof *row);
	size_t count = 0;
	if (!row) {
		return NULL;
	}
	for (size_t i = 0; i < reporting->table.count; i++) {
		struct figure score = score_at(reporting, i, criterion);
		if (figure_defined(score) && figure_defined(reporting->growths[i])) {
			reporting->scores[count] = score.value;
			reporting->grown[count++] = reporting->growths[i].value;
		}
	}
	struct figure correlation = market_rank_correlation(reporting->scores, reporting->grown, count, call->arena);
	bool whole = criterion >= judging->count;
	kam__v1__backtest_criterion__init(row);
	row->axis = whole ? (criterion == judging->count ? AXIS(ATTRACTIVENESS) : AXIS(STRENGTH)) : judging->set->criteria[criterion]->axis;
	row->criterion = whole ? (char *)(uintptr_t)(criterion == judging->count ? "attractiveness" : "strength") : judging->set->criteria[criterion]->id;
	row->title = whole ? (char *)(uintptr_t)(criterion == judging->count ? "Attractiveness as a whole" : "Strength as a whole")
		: judging->set->criteria[criterion]->title;
	row->weight = whole ? 0 : judging->set->criteria[criterion]->weight;
	row->correlation = figure_message(correlation, call->arena);
	row->account_count = (int32_t)count;
	row->text = in_words(reporting, correlation);
	explain_figure(&reporting->explanations, row->criterion, "Spearman's rank correlation of score then and growth since; equal values share their mean rank",
	               FORMULA_VERSION,
	               correlation, judging->set->name);
	explain_input(&reporting->explanations, "accounts with both", NULL, figure_of((double)count), no_weight());
	return row->text ? row : NULL;
}

static bool add_pairs(struct reporting *reporting)
{
	struct call *call = reporting->call;
	Kam__V1__Backtest *report = reporting->report;
	report->pairs = arena_calloc(call->arena, reporting->table.count + 1, sizeof *report->pairs);
	for (size_t i = 0; report->pairs && i < reporting->table.count; i++) {
		Kam__V1__BacktestPair *pair = arena_alloc(call->arena, sizeof *pair);
		if (!pair) {
			return false;
		}
		struct judged judged = judging_of(&reporting->judging, i);
		kam__v1__backtest_pair__init(pair);
		pair->account = (char *)(uintptr_t)reporting->table.rows[i].name;
		pair->attractiveness = figure_message(judged.attractiveness.score, call->arena);
		pair->strength = figure_message(judged.strength.score, call->arena);
		pair->growth = figure_message(reporting->growths[i], call->arena);
		message_cut(schema_type_of(call->engine->schema, &kam__v1__backtest_pair__descriptor), &pair->base, reporting->table.rows[i].groups);
		report->pairs[report->n_pairs++] = pair;
	}
	return report->pairs != NULL;
}

/* ---- the method ------------------------------------------------------------------------------------------------------------------------------ */

static bool answer(struct reporting *reporting)
{
	struct call *call = reporting->call;
	Kam__V1__Backtest *report = reporting->report;
	size_t count = reporting->judging.count + 2, rows = reporting->table.count;
	reporting->growths = arena_calloc(call->arena, rows + 1, sizeof *reporting->growths);
	reporting->scores = arena_calloc(call->arena, rows + 1, sizeof *reporting->scores);
	reporting->grown = arena_calloc(call->arena, rows + 1, sizeof *reporting->grown);
	report->criteria = arena_calloc(call->arena, count, sizeof *report->criteria);
	if (!reporting->growths || !reporting->scores || !reporting->grown || !report->criteria) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < rows; i++) {
		reporting->growths[i] = market_growth(ledger_figure(revenue_amount(&reporting->revenue, i, THEN), true),
		                                      ledger_figure(revenue_amount(&reporting->revenue, i, NOW), true));
	}
	for (size_t i = 0; i < count; i++) {
		report->criteria[i] = make_row(reporting, i);
		if (!report->criteria[i]) {
			return call_no_memory(call);
		}
		report->n_criteria++;
	}
	if (reporting->request->details && !add_pairs(reporting)) {
		return call_no_memory(call);
	}
	report->criteria_set = reporting->judging.set->name;
	report->criteria_set_revision = reporting->judging.set_revision;
	report->from_revision = reporting->moment.revision;
	report->from_period = (char *)(uintptr_t)reporting->revenue.ledger.windows[THEN].text;
	report->period = (char *)(uintptr_t)reporting->revenue.ledger.windows[NOW].text;
	report->basis = reporting->revenue.basis;
	report->revision = call->revision;
	report->explanation = reporting->explanations.list;
	report->n_explanation = reporting->explanations.count;
	report_page_cut(call, &report->base);
	return call_reply(call, &report->base);
}

static bool get_backtest(struct call *call)
{
	const Kam__V1__GetBacktestRequest *request = (const void *)call->request;
	Kam__V1__Backtest report = KAM__V1__BACKTEST__INIT;
	struct reporting reporting = {.call = call, .request = request, .report = &report, .explanations = {.call = call}};
	struct ledger *ledger = &reporting.revenue.ledger;
	if (!basis_read(call, &reporting.basis) || !ledger_open(ledger, call, &reporting.basis, &reporting.table, request->currency_code) ||
	    !ledger_window(call, &reporting.basis, "period", request->period, &ledger->windows[NOW]) ||
		!account_table_read(call, request->filter, &reporting.table) ||
	    !read_then(&reporting) || !check_windows(&reporting)) {
		return false;
	}
	ledger->windows_count = 2;
	return revenue_read(&reporting.revenue, request->basis) && answer(&reporting);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetBacktest", get_backtest, NULL}};

const struct domain domain_backtest_report = {NULL, 0, methods, 1};
