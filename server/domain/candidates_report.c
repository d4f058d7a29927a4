/* SPDX-License-Identifier: Apache-2.0
 *
 * Candidates: the gates of the criteria set against each account's phase, and segments of all accounts by volume and place.
 */
#include "kam/v1/candidates.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/candidate_segments.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/judging.h"
#include "server/domain/market.h"
#include "server/domain/report_page.h"

#include <math.h>
#include <stdlib.h>

enum { FORMULA_VERSION = 1, NOW = 0, THEN = 1, NEXT = 2 };

#define VERDICT(name) KAM__V1__CANDIDATE_VERDICT__CANDIDATE_VERDICT_##name
#define GATE_STATE(name) KAM__V1__GATE_STATE__GATE_STATE_##name

/* One account at the gates. */
struct applicant {
	struct figure growth, leverage, coverage;
	bool planned; /* growth is the planned one */
	enum gate growth_gate, leverage_gate, coverage_gate;
	struct judged judged;
	Kam__V1__CandidateVerdict verdict;
};

struct reporting {
	struct call *call;
	const Kam__V1__GetCandidatesRequest *request;
	struct basis basis;
	struct account_table table;
	struct judging judging;
	struct revenue revenue;
	struct applicant *applicants; /* of each row */
	size_t *order, count;         /* rows that are answered */
	Kam__V1__GetCandidatesResponse *report;
};

/* ---- gates -------------------------------------------------------------------------------------------------------------------------------- */

static Kam__V1__CandidateVerdict verdict_of(const struct applicant *applicant, int phase)
{
	bool key = candidate_is_key(phase);
	bool failed = applicant->growth_gate == GATE_FAILED || applicant->leverage_gate == GATE_FAILED;
	/* An account too little of which is scored is not ranked: nothing is said of it by its scores. */
	bool unknown = applicant->growth_gate == GATE_UNKNOWN || applicant->leverage_gate == GATE_UNKNOWN || applicant->coverage_gate != GATE_PASSED;
	if (failed) {
		return key ? VERDICT(IN_DOUBT) : VERDICT(NOT_A_CANDIDATE);
	}
	return unknown ? VERDICT(UNKNOWN) : key ? VERDICT(CONFIRMED) : VERDICT(CANDIDATE);
}

static struct applicant apply(const struct reporting *reporting, size_t row)
{
	const struct ledger_row *ledger = &reporting->revenue.ledger.rows[row];
	const Kam__V1__CriteriaSet *set = reporting->judging.set;
	struct figure now = ledger_figure(revenue_amount(&reporting->revenue, row, NOW), true), then =
		ledger_figure(revenue_amount(&reporting->revenue, row, THEN), true);
	struct figure next = ledger_figure(&ledger->amounts[NEXT][LEDGER_PLANNED], false);
	struct applicant applicant = {.leverage = deal_leverage(&reporting->revenue.deals, row), .judged = judging_of(&reporting->judging, row)};
	struct figure planned = market_growth(now, next);
	applicant.planned = figure_defined(planned);
	applicant.growth = applicant.planned ? planned : market_growth(then, now);
	struct figure left = applicant.judged.attractiveness.coverage, right = applicant.judged.strength.coverage;
	applicant.coverage = !figure_defined(left) ? left : !figure_defined(right) ? right : figure_of(fmin(left.value, right.value));
	applicant.growth_gate = market_gate(applicant.growth, set->_minimum_growth_case, set->minimum_growth);
	applicant.leverage_gate = market_gate(applicant.leverage, set->_minimum_leverage_case, set->minimum_leverage);
	applicant.coverage_gate = !applicant.judged.unranked ? GATE_PASSED : figure_defined(applicant.coverage) ? GATE_FAILED : GATE_UNKNOWN;
	applicant.verdict = verdict_of(&applicant, reporting->table.rows[row].phase);
	return applicant;
}

static bool is_wanted(const struct reporting *reporting, Kam__V1__CandidateVerdict verdict)
{
	const Kam__V1__GetCandidatesRequest *request = reporting->request;
	if (request->n_verdicts == 0) {
		return verdict == VERDICT(CANDIDATE) || verdict == VERDICT(IN_DOUBT);
	}
	for (size_t i = 0; i < request->n_verdicts; i++) {
		if (request->verdicts[i] == verdict) {
			return true;
		}
	}
	return false;
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct reporting *reporting = context;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	struct figure left = reporting->applicants[i].judged.attractiveness.score, right = reporting->applicants[k].judged.attractiveness.score;
	if (figure_defined(left) != figure_defined(right)) {
		return figure_defined(left) ? -1 : 1;
	}
	int order = (left.value < right.value) - (left.value > right.value);
	return order ? order : (i > k) - (i < k);
}

static bool apply_all(struct reporting *reporting)
{
	struct call *call = reporting->call;
	size_t count = reporting->table.count;
	reporting->applicants = arena_calloc(call->arena, count + 1, sizeof *reporting->applicants);
	reporting->order = arena_calloc(call->arena, count + 1, sizeof *reporting->order);
	if (!reporting->applicants || !reporting->order) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < count; i++) {
		reporting->applicants[i] = apply(reporting, i);
		if (is_wanted(reporting, reporting->applicants[i].verdict)) {
			reporting->order[reporting->count++] = i;
		}
	}
	qsort_r(reporting->order, reporting->count, sizeof *reporting->order, compare_rows, reporting);
	return true;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------------------------- */

static Kam__V1__Gate *make_gate(struct reporting *reporting, const char *what, struct figure value, enum gate gate, double minimum)
{
	static const Kam__V1__GateState states[] = {GATE_STATE(UNSPECIFIED), GATE_STATE(PASSED), GATE_STATE(FAILED), GATE_STATE(UNKNOWN)};
	struct arena *arena = reporting->call->arena;
	Kam__V1__Gate *message = arena_alloc(arena, sizeof *message);
	if (!message) {
		return NULL;
	}
	kam__v1__gate__init(message);
	message->value = figure_message(value, arena);
	message->minimum = figure_message(gate == GATE_NONE ? figure_none("the criteria set asks for none") : figure_of(minimum), arena);
	message->state = states[gate];
	message->text = gate == GATE_NONE      ? arena_printf(arena, "No %s is asked for", what)
	                : gate == GATE_UNKNOWN ? arena_printf(arena, "The %s is not known: %s", what, value.reason)
	                                       : arena_printf(arena, "The %s is %.1f %%, and %.1f %% are asked for", what, 100 * value.value, 100 * minimum);
	return message->text ? message : NULL;
}

static const char *text_of(const struct applicant *applicant)
{
	switch (applicant->verdict) {
	case VERDICT(CANDIDATE):
		return "It passes the gates and is no key account";
	case VERDICT(CONFIRMED):
		return "It is a key account and passes the gates";
	case VERDICT(IN_DOUBT):
		return applicant->growth_gate == GATE_FAILED ? "It is a key account, but its growth no longer passes"
			: "It is a key account, but it buys too little of what we have";
	case VERDICT(NOT_A_CANDIDATE):
		return applicant->growth_gate == GATE_FAILED ? "Its growth does not pass" : "It buys too little of what we have";
	default:
		return applicant->coverage_gate == GATE_PASSED ? "Data lacks to say whether it passes" : "It is not ranked: too little of it is scored";
	}
}

static void explain(struct reporting *reporting, Kam__V1__CandidateRow *row, size_t index)
{
	struct explanations explanations = {.call = reporting->call};
	const struct applicant *applicant = &reporting->applicants[index];
	const struct ledger_row *ledger = &reporting->revenue.ledger.rows[index];
	const struct ledger_amount *now = revenue_amount(&reporting->revenue, index, NOW), *then = revenue_amount(&reporting->revenue, index, THEN);
	const struct ledger_amount *next = &ledger->amounts[NEXT][LEDGER_PLANNED];
	explain_figure(&explanations, "growth", applicant->planned ? "(planned revenue of the next period - revenue) / revenue"
	               : "(revenue - revenue before) / revenue before", FORMULA_VERSION,
	               applicant->growth, row->account);
	explain_input(&explanations, applicant->planned ? "revenue" : "revenue before", applicant->planned ? now->source : then->source,
	              ledger_figure(applicant->planned ? now : then, true),
	              no_weight());
	explain_input(&explanations, applicant->planned ? "planned revenue" : "revenue", applicant->planned ? next->source : now->source,
	              ledger_figure(applicant->planned ? next : now, true),
	              no_weight());
	explain_figure(&explanations, "leverage", "products in deals won / active products", FORMULA_VERSION, applicant->leverage, row->account);
	explain_input(&explanations, "products bought", NULL, figure_of((double)reporting->revenue.deals.rows[index].products), no_weight());
	explain_input(&explanations, "active products", NULL, figure_of((double)reporting->revenue.deals.active_products), no_weight());
	row->explanation = explanations.list;
	row->n_explanation = explanations.count;
}

static Kam__V1__CandidateRow *make_row(struct reporting *reporting, size_t index)
{
	struct arena *arena = reporting->call->arena;
	const struct account_row *account = &reporting->table.rows[index];
	const struct applicant *applicant = &reporting->applicants[index];
	const Kam__V1__CriteriaSet *set = reporting->judging.set;
	Kam__V1__CandidateRow *row = arena_alloc(arena, sizeof *row);
	if (!row) {
		return NULL;
	}
	kam__v1__candidate_row__init(row);
	row->account = (char *)(uintptr_t)account->name;
	row->display_name = account_text(account->display_name, arena);
	row->phase = (Kam__V1__Phase)account->phase;
	row->verdict = applicant->verdict;
	row->text = (char *)(uintptr_t)text_of(applicant);
	row->growth = make_gate(reporting, applicant->planned ? "planned growth" : "growth of the last period", applicant->growth, applicant->growth_gate,
	                        set->minimum_growth);
	row->leverage = make_gate(reporting, "portfolio leverage", applicant->leverage, applicant->leverage_gate, set->minimum_leverage);
	row->coverage = make_gate(reporting, "coverage", applicant->coverage, applicant->coverage_gate, reporting->judging.cuts.coverage);
	row->attractiveness = figure_message(applicant->judged.attractiveness.score, arena);
	row->strength = figure_message(applicant->judged.strength.score, arena);
	row->quadrant = (Kam__V1__MatrixQuadrant)applicant->judged.quadrant;
	row->revenue = ledger_money(&reporting->revenue.ledger, revenue_amount(&reporting->revenue, index, NOW));
	if (!row->growth || !row->leverage || !row->coverage) {
		return NULL;
	}
	if (reporting->request->explain) {
		explain(reporting, row, index);
	}
	message_cut(schema_type_of(reporting->call->engine->schema, &kam__v1__candidate_row__descriptor), &row->base, account->groups);
	return row;
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------------------------ */

static bool answer(struct reporting *reporting, const struct report_page *page)
{
	struct call *call = reporting->call;
	Kam__V1__GetCandidatesResponse *report = reporting->report;
	size_t first = page->first < reporting->count ? page->first : reporting->count;
	report->rows = arena_calloc(call->arena, page->size + 1, sizeof *report->rows);
	for (size_t i = first; report->rows && i < reporting->count && report->n_rows < page->size; i++) {
		Kam__V1__CandidateRow *row = make_row(reporting, reporting->order[i]);
		if (!row) {
			return call_no_memory(call);
		}
		report->rows[report->n_rows++] = row;
	}
	if (!report->rows || !candidate_segments(&reporting->revenue, &report->segments, &report->n_segments)) {
		return call_no_memory(call);
	}
	report->account_count = (int32_t)reporting->table.count;
	report->row_count = (int32_t)reporting->count;
	report->criteria_set = reporting->judging.set->name;
	report->criteria_set_revision = reporting->judging.set_revision;
	report->period = (char *)(uintptr_t)reporting->revenue.ledger.windows[NOW].text;
	report->basis = reporting->revenue.basis;
	report->currency_code = (char *)(uintptr_t)reporting->revenue.ledger.currency;
	report->revision = call->revision;
	report->next_page_token = report_page_token(call, page, first + report->n_rows, reporting->count);
	report_page_cut(call, &report->base);
	return call_reply(call, &report->base);
}

static bool get_candidates(struct call *call)
{
	const Kam__V1__GetCandidatesRequest *request = (const void *)call->request;
	Kam__V1__GetCandidatesResponse report = KAM__V1__GET_CANDIDATES_RESPONSE__INIT;
	struct reporting reporting = {.call = call, .request = request, .report = &report};
	struct ledger *ledger = &reporting.revenue.ledger;
	struct ledger_window *windows = ledger->windows;
	struct report_page page;
	if (!report_page_read(call, request->page_size, LIMIT_PAGE_SIZE_DEFAULT, request->page_token, &page) || !basis_read(call, &reporting.basis) ||
	    !judging_find_set(call, &reporting.basis, request->criteria_set, "", &reporting.judging) ||
	    !ledger_open(ledger, call, &reporting.basis, &reporting.table, request->currency_code) ||
	    !ledger_window(call, &reporting.basis, "period", request->period, &windows[NOW]) || !ledger_year_before(call, &windows[NOW], &windows[THEN]) ||
	    !ledger_next(call, &windows[NOW], &windows[NEXT]) || !account_table_read(call, request->filter, &reporting.table) ||
	    !judging_read(&reporting.judging, &reporting.table, PERSPECTIVE(SELF))) {
		return false;
	}
	ledger->windows_count = LEDGER_WINDOWS;
	reporting.revenue.with_deals = true;
	return revenue_read(&reporting.revenue, request->basis) && apply_all(&reporting) && answer(&reporting, &page);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetCandidates", get_candidates, NULL}};

const struct domain domain_candidates_report = {NULL, 0, methods, 1};
