/* SPDX-License-Identifier: Apache-2.0
 *
 * The perception gap of one account: the same criteria in our eyes and in the client's.
 */
#include "kam/v1/gap.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/judging.h"

enum { FORMULA_VERSION = 1 };

struct reporting {
	struct call *call;
	struct basis basis;
	struct account_table table;
	struct judging ours, clients;
	struct explanations explanations;
	Kam__V1__Gap *report;
};

/* Why there can be no view of a criterion in these eyes; NULL where there can. A figure that answers a criterion is nobody's view. */
static const char *no_view(const struct judging *judging, size_t criterion)
{
	bool fed = judging->set->criteria[criterion]->source != KAM__V1__CRITERION_SOURCE__CRITERION_SOURCE_UNSPECIFIED;
	return judging->hidden[0]                           ? HIDDEN_REASON
	       : fed && judging->sums[criterion].count == 0 ? "it is taken from a figure, which is nobody's view"
	                                                    : NULL;
}

static struct figure view_of(const struct judging *judging, size_t criterion)
{
	const char *reason = no_view(judging, criterion);
	return reason ? figure_none(reason) : score_mean(judging->sums[criterion]);
}

static struct figure spread_of(const struct judging *judging, size_t criterion)
{
	const char *reason = no_view(judging, criterion);
	return reason ? figure_none(reason) : score_spread(judging->sums[criterion]);
}

static Kam__V1__GapCriterion *make_row(struct reporting *reporting, size_t index, struct figure gap)
{
	struct arena *arena = reporting->call->arena;
	const Kam__V1__Criterion *criterion = reporting->ours.set->criteria[index];
	Kam__V1__GapCriterion *row = arena_alloc(arena, sizeof *row);
	if (!row) {
		return NULL;
	}
	kam__v1__gap_criterion__init(row);
	row->criterion = criterion->id;
	row->title = criterion->title;
	row->axis = criterion->axis;
	row->weight = criterion->weight;
	row->ours = figure_message(view_of(&reporting->ours, index), arena);
	row->our_spread = figure_message(spread_of(&reporting->ours, index), arena);
	row->our_count = reporting->ours.hidden[0] ? 0 : reporting->ours.sums[index].count;
	row->clients = figure_message(view_of(&reporting->clients, index), arena);
	row->client_count = reporting->clients.hidden[0] ? 0 : reporting->clients.sums[index].count;
	row->gap = figure_message(gap, arena);
	return row;
}

static bool list_assessment(void *context, const char *assessment, uint64_t revision)
{
	struct explanations *explanations = context;
	(void)revision;
	explain_input(explanations, "assessment", assessment, figure_none("it holds several scores"), no_weight());
	return true;
}

/* The gap of each criterion, and their mean. */
static bool add_criteria(struct reporting *reporting)
{
	struct call *call = reporting->call;
	Kam__V1__Gap *report = reporting->report;
	size_t count = reporting->ours.count;
	struct weighted *gaps = arena_calloc(call->arena, count + 1, sizeof *gaps);
	report->criteria = arena_calloc(call->arena, count + 1, sizeof *report->criteria);
	for (size_t i = 0; gaps && report->criteria && i < count; i++) {
		gaps[i] = (struct weighted){figures_gap(view_of(&reporting->ours, i), view_of(&reporting->clients, i)), 1};
		report->criteria[i] = make_row(reporting, i, gaps[i].value);
		if (!report->criteria[i]) {
			return false;
		}
		report->n_criteria++;
	}
	if (!gaps || !report->criteria) {
		return false;
	}
	struct figure mean = figures_weighted_mean(gaps, count, "no criterion is scored in both eyes");
	const Kam__V1__Thresholds *thresholds = reporting->basis.programme->thresholds;
	report->threshold = thresholds && thresholds->perception_gap > 0 ? thresholds->perception_gap : 2;
	report->mean_gap = figure_message(mean, call->arena);
	report->alarm = figure_defined(mean) && mean.value >= report->threshold;
	if (report->alarm) {
		report->alarm_text = arena_printf(call->arena, "We score ourselves %.1f points higher than the client does, on average over what both scored",
		                                  mean.value);
	}
	explain_figure(&reporting->explanations, "mean_gap", "mean of our score - the client's over the criteria that both scored", FORMULA_VERSION, mean,
	               report->account);
	for (size_t i = 0; i < count; i++) {
		explain_input(&reporting->explanations, reporting->ours.set->criteria[i]->id, reporting->ours.set->name, gaps[i].value, no_weight());
	}
	explain_input(&reporting->explanations, "alarm from", "programme", figure_of(report->threshold), no_weight());
	return report->alarm_text != NULL;
}

static bool get_gap(struct call *call)
{
	const Kam__V1__GetGapRequest *request = (const void *)call->request;
	Kam__V1__Gap report = KAM__V1__GAP__INIT;
	struct reporting reporting = {.call = call, .explanations = {.call = call}, .report = &report};
	if (!basis_read(call, &reporting.basis) || !account_table_one(call, "name", request->name, &reporting.table) ||
	    !judging_find_set(call, &reporting.basis, request->criteria_set, "", &reporting.ours)) {
		return false;
	}
	reporting.clients = reporting.ours;
	if (!judging_read(&reporting.ours, &reporting.table, PERSPECTIVE(SELF)) || !judging_read(&reporting.clients, &reporting.table, PERSPECTIVE(CLIENT))) {
		return false;
	}
	const struct account_row *account = &reporting.table.rows[0];
	report.account = (char *)(uintptr_t)account->name;
	report.display_name = account_text(account->display_name, call->arena);
	report.criteria_set = reporting.ours.set->name;
	report.criteria_set_revision = reporting.ours.set_revision;
	report.revision = call->revision;
	if (!add_criteria(&reporting) || (!reporting.ours.hidden[0] && (!judging_each(&reporting.ours, 0, list_assessment, &reporting.explanations) ||
	                                                                !judging_each(&reporting.clients, 0, list_assessment, &reporting.explanations)))) {
		return status_ok(call->status) ? call_no_memory(call) : false;
	}
	report.explanation = reporting.explanations.list;
	report.n_explanation = reporting.explanations.count;
	message_cut(call->method->output, &report.base, account->groups);
	return call_reply(call, &report.base);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetGap", get_gap, NULL}};

const struct domain domain_gap_report = {NULL, 0, methods, 1};
