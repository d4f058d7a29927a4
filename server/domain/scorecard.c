/* SPDX-License-Identifier: Apache-2.0
 *
 * Scorecards: what both sides signed stays as it was signed. Terms are the metrics (but for who of us sees to them) and the days between which the scorecard holds.
 *
 *   DRAFT       terms may change.
 *   PROPOSED    they may too: that makes the next version, back in DRAFT, and what was signed is of an old version.
 *   AGREED      they may not: supersede the scorecard by another one.
 *   SUPERSEDED  nothing may.
 */
#include "server/domain/scorecard.h"

#include "common/schema/mask.h"
#include "server/domain/domain.h"

#include <stdio.h>

#define STATE(name) KAM__V1__SCORECARD_STATE__SCORECARD_STATE_##name

bool scorecard_floor(const Kam__V1__ScorecardMetric *metric, double *ret_floor)
{
	*ret_floor = metric->_floor_case ? metric->floor : metric->baseline;
	return metric->_floor_case || metric->_baseline_case;
}

const Kam__V1__ScorecardAgreement *scorecard_last_agreement(const Kam__V1__Scorecard *scorecard, Kam__V1__Side side)
{
	const Kam__V1__ScorecardAgreement *last = NULL;
	for (size_t i = 0; i < scorecard->n_agreements; i++) {
		const Kam__V1__ScorecardAgreement *agreement = scorecard->agreements[i];
		if (agreement->side == side && (!last || agreement->version >= last->version)) {
			last = agreement;
		}
	}
	return last;
}

/* ---- terms ---------------------------------------------------------------------------------------------------------------- */

static bool same_number(bool has_a, double a, bool has_b, double b)
{
	return has_a == has_b && (!has_a || a == b);
}

static bool same_metric(const Kam__V1__ScorecardMetric *a, const Kam__V1__ScorecardMetric *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->title, b->title) == 0 && strcmp(a->unit, b->unit) == 0 && strcmp(a->method, b->method) == 0 &&
	       a->better == b->better && a->duty == b->duty && a->measured_by == b->measured_by && a->weight == b->weight &&
	       same_number(a->_baseline_case, a->baseline, b->_baseline_case, b->baseline) && same_number(a->_target_case, a->target, b->_target_case, b->target) &&
	       same_number(a->_floor_case, a->floor, b->_floor_case, b->floor);
}

/* The field whose terms differ, or NULL. */
static const char *changed_terms(const Kam__V1__Scorecard *old, const Kam__V1__Scorecard *new)
{
	bool same = old->n_metrics == new->n_metrics;
	for (size_t i = 0; same && i < old->n_metrics; i++) {
		same = same_metric(old->metrics[i], new->metrics[i]);
	}
	if (!same) {
		return "metrics";
	}
	if (strcmp(old->starts_on, new->starts_on) != 0) {
		return "starts_on";
	}
	return strcmp(old->ends_on, new->ends_on) != 0 ? "ends_on" : NULL;
}

static void fail_metric(struct call *call, size_t index, const char *field, const char *what)
{
	char path[STATUS_FIELD_BYTES];
	snprintf(path, sizeof path, "scorecard.metrics[%zu].%s", index, field);
	status_field(call->status, path, "%s", what);
}

static void check_metrics(struct call *call, const Kam__V1__Scorecard *scorecard)
{
	for (size_t i = 0; i < scorecard->n_metrics; i++) {
		const Kam__V1__ScorecardMetric *metric = scorecard->metrics[i];
		bool down = metric->better == KAM__V1__METRIC_DIRECTION__METRIC_DIRECTION_DOWN;
		double floor;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(scorecard->metrics[k]->id, metric->id) == 0) {
				fail_metric(call, i, "id", "is the id of another metric of this scorecard");
			}
		}
		if (metric->_target_case && scorecard_floor(metric, &floor) && (down ? metric->target >= floor : metric->target <= floor)) {
			fail_metric(call, i, "target", down ? "must lie below the floor (or baseline), for less is better" : "must lie above the floor (or baseline), for more is better");
		}
	}
	if (*scorecard->starts_on && *scorecard->ends_on && strcmp(scorecard->ends_on, scorecard->starts_on) < 0) {
		status_field(call->status, "scorecard.ends_on", "lies before starts_on, %s", scorecard->starts_on);
	}
}

/* ---- the noun -------------------------------------------------------------------------------------------------------------- */

static bool check_change(struct call *call, const Kam__V1__Scorecard *old, Kam__V1__Scorecard *new)
{
	const struct schema_type *type = schema_type_of(call->engine->schema, new->base.descriptor);
	const char *terms = changed_terms(old, new);
	if (old->state == STATE(SUPERSEDED)) {
		const char *changed = mask_differences(type, &old->base, &new->base, GROUPS_ALL, call->arena);
		return (changed && !*changed) || status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_SUPERSEDED",
		                                             "%s is superseded and can no longer be changed%s%s", old->name,
		                                             *old->successor ? "; change " : "", old->successor);
	}
	if (terms && old->state == STATE(AGREED)) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_AGREED",
		                   "%s: both sides signed version %d of %s, so it stays as it is; create another scorecard and supersede this one by it", terms,
		                   old->version, old->name);
	}
	if (terms && old->state == STATE(PROPOSED)) {
		new->version = old->version + 1;
		new->state = STATE(DRAFT);
	}
	return true;
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Scorecard *scorecard = (void *)new;
	if (!old) {
		scorecard->version = 1;
		scorecard->state = STATE(DRAFT);
		scorecard->n_agreements = 0;
		scorecard->successor = (char *)(uintptr_t)"";
	}
	check_metrics(call, scorecard);
	return status_ok(call->status) && (!old || check_change(call, (const void *)old, scorecard));
}

static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	const Kam__V1__Scorecard *scorecard = (const void *)old;
	return scorecard->state != STATE(AGREED) ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_AGREED", "%s was signed by both sides: supersede it instead of deleting it", name);
}

static const struct noun nouns[] = {{.collection = "accounts/scorecards", .check = check, .check_delete = check_delete}};

static const struct method_row methods[] = {
	{"/kam.v1.ScorecardService/ProposeScorecard", scorecard_propose, NULL},
	{"/kam.v1.ScorecardService/AgreeScorecard", scorecard_agree, NULL},
	{"/kam.v1.ScorecardService/SupersedeScorecard", scorecard_supersede, NULL},
	{"/kam.v1.ScorecardService/GetScorecardReport", scorecard_report, NULL},
};

const struct domain domain_scorecard = {nouns, 1, methods, 4};
