/* SPDX-License-Identifier: Apache-2.0
 *
 * The report on a scorecard: attainment of each metric, the weighted score, the trend, both sides' ratings and the gap between them. Every number that is sent
 * is explained by the same figures from which it was computed.
 */
#include "server/domain/scorecard.h"

#include "common/schema/wire.h"
#include "kam/v1/scorecard_report.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/explanation.h"
#include "server/domain/scorecard_readings.h"

#include <stdio.h>

enum { FORMULA_VERSION = 1 };

struct reporting {
	struct call *call;
	struct arena *arena;
	struct basis basis;
	const Kam__V1__Scorecard *scorecard;
	struct readings readings;
	struct explanations explanations;
	Kam__V1__ScorecardReport *report;
	struct weighted *latest; /* attainment of each metric in the last period that has a value */
};

static char *own(struct reporting *reporting, const char *text)
{
	char *copy = arena_strdup(reporting->arena, text);
	return copy ? copy : (char *)(uintptr_t)"";
}

/* ---- metrics ---------------------------------------------------------------------------------------------------------------- */

static struct figure floor_of(const Kam__V1__ScorecardMetric *metric)
{
	double floor;
	return scorecard_floor(metric, &floor) ? figure_of(floor) : figure_none("the metric has neither floor nor baseline");
}

static struct figure target_of(const Kam__V1__ScorecardMetric *metric)
{
	return metric->_target_case ? figure_of(metric->target) : figure_none("the metric has no target");
}

static struct figure attainment_of(const Kam__V1__ScorecardMetric *metric, struct figure value)
{
	enum figures_direction better = metric->better == KAM__V1__METRIC_DIRECTION__METRIC_DIRECTION_DOWN ? FIGURES_DOWN : FIGURES_UP;
	return figures_attainment(better, value, floor_of(metric), target_of(metric));
}

static void explain_attainment(struct reporting *reporting, const Kam__V1__ScorecardMetric *metric, const struct cell *cell, struct figure value,
                               struct figure attainment)
{
	bool down = metric->better == KAM__V1__METRIC_DIRECTION__METRIC_DIRECTION_DOWN;
	const char *figure = arena_printf(reporting->arena, "metrics.%s.latest_attainment", metric->id), *scorecard = reporting->scorecard->name;
	explain_figure(&reporting->explanations, figure, down ? "clamp((floor - value) / (floor - target), 0, 1)" : "clamp((value - floor) / (target - floor), 0, 1)",
	               FORMULA_VERSION, attainment, scorecard);
	explain_input(&reporting->explanations, "value", cell ? cell->entry : NULL, value, no_weight());
	explain_input(&reporting->explanations, metric->_floor_case ? "floor" : "baseline", scorecard, floor_of(metric), no_weight());
	explain_input(&reporting->explanations, "target", scorecard, target_of(metric), no_weight());
}

/* The metric in every period that anything was measured in. */
static void add_attainments(struct reporting *reporting, Kam__V1__MetricReport *report, const Kam__V1__ScorecardMetric *metric, size_t index)
{
	const struct readings *readings = &reporting->readings;
	report->attainments = arena_calloc(reporting->arena, readings->periods_count + 1, sizeof *report->attainments);
	for (size_t i = 0; report->attainments && i < readings->periods_count; i++) {
		Kam__V1__MetricAttainment *attainment = arena_alloc(reporting->arena, sizeof *attainment);
		if (!readings->periods[i].measured || !attainment) {
			continue;
		}
		const struct cell *cell = &readings->periods[i].cells[index];
		kam__v1__metric_attainment__init(attainment);
		attainment->period = own(reporting, readings->periods[i].text);
		attainment->value = figure_message(cell->value, reporting->arena);
		attainment->attainment = figure_message(attainment_of(metric, cell->value), reporting->arena);
		attainment->disputed = cell->disputed;
		report->attainments[report->n_attainments++] = attainment;
	}
}

static Kam__V1__MetricReport *metric_report(struct reporting *reporting, size_t index)
{
	const Kam__V1__ScorecardMetric *metric = reporting->scorecard->metrics[index];
	const struct readings *readings = &reporting->readings;
	Kam__V1__MetricReport *report = arena_alloc(reporting->arena, sizeof *report);
	const struct cell *latest = NULL;
	struct figure value = figure_none(readings->entries_hidden ? readings->entries_hidden : "not measured yet");
	if (!report) {
		return NULL;
	}
	kam__v1__metric_report__init(report);
	report->metric = metric->id;
	report->title = metric->title;
	report->unit = metric->unit;
	report->weight = metric->weight;
	add_attainments(reporting, report, metric, index);
	for (size_t i = readings->periods_count; i-- > 0 && !latest;) {
		if (figure_defined(readings->periods[i].cells[index].value)) {
			latest = &readings->periods[i].cells[index];
			value = latest->value;
			report->latest_period = own(reporting, readings->periods[i].text);
		}
	}
	struct figure attainment = attainment_of(metric, value);
	report->latest_value = figure_message(value, reporting->arena);
	report->latest_attainment = figure_message(attainment, reporting->arena);
	reporting->latest[index] = (struct weighted){attainment, metric->weight};
	explain_attainment(reporting, metric, latest, value, attainment);
	return report;
}

static struct figure explain_score(struct reporting *reporting, const char *figure, const struct weighted *items)
{
	const Kam__V1__Scorecard *scorecard = reporting->scorecard;
	const char *none = reporting->readings.entries_hidden ? reporting->readings.entries_hidden : "no metric has an attainment";
	struct figure score = figures_weighted_mean(items, scorecard->n_metrics, none);
	explain_figure(&reporting->explanations, figure, "sum(weight * attainment) / sum(weight) over the metrics that have an attainment", FORMULA_VERSION, score,
	               scorecard->name);
	for (size_t i = 0; i < scorecard->n_metrics; i++) {
		explain_input(&reporting->explanations, scorecard->metrics[i]->id, scorecard->name, items[i].value, figure_of(items[i].weight));
	}
	return score;
}

static bool add_metrics(struct reporting *reporting)
{
	Kam__V1__ScorecardReport *report = reporting->report;
	size_t count = reporting->scorecard->n_metrics;
	report->metrics = arena_calloc(reporting->arena, count + 1, sizeof *report->metrics);
	reporting->latest = arena_calloc(reporting->arena, count + 1, sizeof *reporting->latest);
	for (size_t i = 0; report->metrics && reporting->latest && i < count; i++) {
		report->metrics[i] = metric_report(reporting, i);
		if (!report->metrics[i]) {
			return false;
		}
		report->n_metrics++;
	}
	if (!report->metrics || !reporting->latest) {
		return false;
	}
	report->score = figure_message(explain_score(reporting, "score", reporting->latest), reporting->arena);
	return true;
}

/* ---- trend and gap ---------------------------------------------------------------------------------------------------------------- */

static bool add_trend(struct reporting *reporting)
{
	const struct readings *readings = &reporting->readings;
	size_t metrics = reporting->scorecard->n_metrics;
	struct weighted *items = arena_calloc(reporting->arena, metrics + 1, sizeof *items);
	reporting->report->trend = arena_calloc(reporting->arena, readings->periods_count + 1, sizeof *reporting->report->trend);
	for (size_t i = 0; items && reporting->report->trend && i < readings->periods_count; i++) {
		const struct readings_period *period = &readings->periods[i];
		Kam__V1__ScorecardTrend *trend = arena_alloc(reporting->arena, sizeof *trend);
		if (!trend) {
			return false;
		}
		for (size_t k = 0; k < metrics; k++) {
			const Kam__V1__ScorecardMetric *metric = reporting->scorecard->metrics[k];
			items[k] = (struct weighted){attainment_of(metric, period->cells[k].value), metric->weight};
		}
		const char *figure = arena_printf(reporting->arena, "trend.%s.score", period->text);
		kam__v1__scorecard_trend__init(trend);
		trend->period = own(reporting, period->text);
		trend->score = figure_message(explain_score(reporting, figure, items), reporting->arena);
		trend->our_rating = figure_message(period->ours.rating, reporting->arena);
		trend->client_rating = figure_message(period->theirs.rating, reporting->arena);
		trend->gap = figure_message(figures_gap(period->ours.rating, period->theirs.rating), reporting->arena);
		reporting->report->trend[reporting->report->n_trend++] = trend;
	}
	return items && reporting->report->trend;
}

static void add_gap(struct reporting *reporting)
{
	const struct readings *readings = &reporting->readings;
	Kam__V1__ScorecardReport *report = reporting->report;
	const struct readings_period *last = NULL;
	for (size_t i = readings->periods_count; i-- > 0 && !last;) {
		const struct readings_period *period = &readings->periods[i];
		last = figure_defined(figures_gap(period->ours.rating, period->theirs.rating)) ? period : NULL;
	}
	const char *none = readings->ratings_hidden ? readings->ratings_hidden : "there is no period that both sides rated";
	struct figure gap = last ? figures_gap(last->ours.rating, last->theirs.rating) : figure_none(none);
	double threshold = reporting->basis.complacency_gap;
	report->perception_gap = figure_message(gap, reporting->arena);
	explain_figure(&reporting->explanations, "perception_gap", "our rating - the client's, in the last period that both rated", FORMULA_VERSION, gap,
	               reporting->scorecard->name);
	if (last) {
		explain_input(&reporting->explanations, "our rating", last->ours.name, last->ours.rating, no_weight());
		explain_input(&reporting->explanations, "the client's rating", last->theirs.name, last->theirs.rating, no_weight());
		explain_input(&reporting->explanations, "alarm from", "programme", figure_of(threshold), no_weight());
		report->perception_period = own(reporting, last->text);
	}
	report->complacency = figure_defined(gap) && gap.value >= threshold;
	if (report->complacency) {
		char text[160];
		snprintf(text, sizeof text, "In %s we rate the relationship %g and the client rates it %g: we think we are better than they do", last->text,
		         last->ours.rating.value, last->theirs.rating.value);
		report->complacency_text = own(reporting, text);
	}
}

/* ---- agreements and disputes ------------------------------------------------------------------------------------------------------- */

static bool add_agreements(struct reporting *reporting)
{
	static const Kam__V1__Side sides[] = {KAM__V1__SIDE__SIDE_US, KAM__V1__SIDE__SIDE_CLIENT};
	Kam__V1__ScorecardReport *report = reporting->report;
	report->agreements = arena_calloc(reporting->arena, 2, sizeof *report->agreements);
	for (size_t i = 0; report->agreements && i < 2; i++) {
		const Kam__V1__ScorecardAgreement *last = scorecard_last_agreement(reporting->scorecard, sides[i]);
		Kam__V1__SideAgreement *agreement = arena_alloc(reporting->arena, sizeof *agreement);
		if (!agreement) {
			return false;
		}
		kam__v1__side_agreement__init(agreement);
		agreement->side = sides[i];
		if (last) {
			agreement->current = last->version == reporting->scorecard->version;
			agreement->version = last->version;
			agreement->signatory = last->signatory;
			agreement->signed_on = last->signed_on;
		}
		report->agreements[report->n_agreements++] = agreement;
	}
	return report->agreements != NULL;
}

static bool add_disputes(struct reporting *reporting)
{
	const struct readings *readings = &reporting->readings;
	Kam__V1__ScorecardReport *report = reporting->report;
	size_t metrics = reporting->scorecard->n_metrics;
	report->disputed_entries = arena_calloc(reporting->arena, readings->periods_count * metrics + 1, sizeof *report->disputed_entries);
	for (size_t i = 0; report->disputed_entries && i < readings->periods_count * metrics; i++) {
		const struct readings_period *period = &readings->periods[i / metrics];
		const struct cell *cell = &period->cells[i % metrics];
		Kam__V1__DisputedEntry *entry = cell->disputed ? arena_alloc(reporting->arena, sizeof *entry) : NULL;
		if (!cell->disputed) {
			continue;
		}
		if (!entry) {
			return false;
		}
		kam__v1__disputed_entry__init(entry);
		entry->entry = own(reporting, cell->entry);
		entry->metric = reporting->scorecard->metrics[i % metrics]->id;
		entry->period = own(reporting, period->text);
		entry->value = figure_message(cell->reported, reporting->arena);
		entry->reported_by = cell->reported_by;
		entry->disputed_by = cell->disputed_by;
		entry->reason = own(reporting, cell->reason);
		report->disputed_entries[report->n_disputed_entries++] = entry;
	}
	return report->disputed_entries != NULL;
}

/* ---- the method ---------------------------------------------------------------------------------------------------------------------- */

static bool fill(struct reporting *reporting)
{
	Kam__V1__ScorecardReport *report = reporting->report;
	if (!add_metrics(reporting) || !add_trend(reporting) || !add_agreements(reporting) || !add_disputes(reporting)) {
		return false;
	}
	add_gap(reporting);
	report->explanation = reporting->explanations.list;
	report->n_explanation = reporting->explanations.count;
	return !reporting->arena->overflowed;
}

bool scorecard_report(struct call *call)
{
	const Kam__V1__GetScorecardReportRequest *request = (const void *)call->request;
	struct reporting reporting = {.call = call, .arena = call->arena, .explanations = {.call = call}};
	Kam__V1__ScorecardReport report = KAM__V1__SCORECARD_REPORT__INIT;
	struct store_record record;
	struct decision decision;
	if (!engine_check_name(call, request->name, "name")) {
		return false;
	}
	if (!call_read(call, request->name, &record, &decision) || record.operation == STORE_DELETE) {
		return status_ok(call->status) && call_not_found(call, request->name);
	}
	Kam__V1__Scorecard *scorecard = (void *)schema_unpack(call->method->resource->type, record.value, call->arena, call->status);
	if (!scorecard) {
		return false;
	}
	message_cut(call->method->resource->type, &scorecard->base, decision.groups);
	reporting.scorecard = scorecard;
	reporting.report = &report;
	if (!basis_read(call, &reporting.basis) || !readings_read(call, request->name, scorecard, request->period, &reporting.readings)) {
		return false;
	}
	report.scorecard = scorecard->name;
	report.title = scorecard->title;
	report.version = scorecard->version;
	report.revision = call->revision;
	if (!fill(&reporting)) {
		return status_ok(call->status) ? basis_no_memory(call) : false;
	}
	message_cut(call->method->output, &report.base, decision.groups);
	return call_reply(call, &report.base);
}
