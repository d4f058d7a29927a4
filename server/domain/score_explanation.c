/* SPDX-License-Identifier: Apache-2.0
 *
 * Why an account's scores are what they are, and what moved them since a day. The effects of the criteria add up to the change of their score:
 * score_attribute says how.
 *
 * A criterion is found again by its id. One that the set had only then, or has only now, is one whose share of the weight went to 0, or came from it.
 */
#include "kam/v1/score_explanation.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/grow.h"
#include "server/domain/judging.h"
#include "server/domain/moment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FORMULA_VERSION = 1, BOTH_MAX = 128 }; /* criteria of two versions of a set */

struct side {
	struct basis basis;
	struct judging judging;
	struct account_table table;
	bool there; /* account and set */
	const char **papers;
	uint64_t *revisions;
	size_t papers_count;
};

/* A criterion as it stood then and stands now. */
struct pair {
	const Kam__V1__Criterion *then, *now;
	struct figure score_then, score_now;
	struct score_change change;
};

struct explaining {
	struct call *call;
	const Kam__V1__ExplainScoreRequest *request;
	struct side now, then;
	bool compares;
	uint64_t since;
	struct pair pairs[BOTH_MAX];
	size_t count;
	struct explanations explanations;
	Kam__V1__ScoreExplanation *report;
};

/* ---- both sides -------------------------------------------------------------------------------------------------------------------------- */

struct listing {
	struct call *call;
	struct side *side;
};

static bool list_paper(void *context, const char *assessment, uint64_t revision)
{
	struct listing *listing = context;
	struct side *side = listing->side;
	const char **papers = grow_array(listing->call->arena, side->papers, side->papers_count, sizeof *papers);
	uint64_t *revisions = grow_array(listing->call->arena, side->revisions, side->papers_count, sizeof *revisions);
	if (!papers || !revisions) {
		return call_no_memory(listing->call);
	}
	side->papers = papers;
	side->revisions = revisions;
	papers[side->papers_count] = assessment;
	revisions[side->papers_count++] = revision;
	return true;
}

static bool read_side(struct explaining *explaining, struct side *side)
{
	struct call *call = explaining->call;
	struct listing listing = {call, side};
	if (!judging_read(&side->judging, &side->table, explaining->request->perspective)) {
		return false;
	}
	side->there = true;
	return side->judging.hidden[0] || judging_each(&side->judging, 0, list_paper, &listing);
}

static bool read_then(struct explaining *explaining)
{
	struct call *call = explaining->call;
	struct side *then = &explaining->then;
	const char *set = explaining->now.judging.set->name;
	struct store_record record;
	struct moment moment;
	if (!*explaining->request->since) {
		return true;
	}
	if (!moment_enter(call, "since", explaining->request->since, &moment)) {
		return false;
	}
	explaining->compares = true;
	explaining->since = moment.revision;
	/* Who may see the account is decided by how it stands now; its figures are those of then. */
	bool there = store_get_at(call->view, explaining->request->name, call->as_of, &record, call->status) && record.operation != STORE_DELETE &&
	             store_get_at(call->view, set, call->as_of, &record, call->status) && record.operation != STORE_DELETE;
	bool ok = status_ok(call->status) &&
	          (!there || (basis_read(call, &then->basis) && account_table_one(call, "name", explaining->request->name, &then->table) &&
	                      judging_set_version(call, &then->basis, set, call->as_of, &then->judging) && read_side(explaining, then)));
	moment_leave(call, &moment);
	return ok;
}

/* ---- pairs --------------------------------------------------------------------------------------------------------------------------------- */

static size_t find(const struct judging *judging, const char *id)
{
	for (size_t i = 0; i < judging->count; i++) {
		if (strcmp(judging->set->criteria[i]->id, id) == 0) {
			return i;
		}
	}
	return judging->count;
}

static void pair_up(struct explaining *explaining)
{
	const struct judging *now = &explaining->now.judging, *then = &explaining->then.judging;
	struct figure not_there = figure_none("the set has no such criterion");
	for (size_t i = 0; i < now->count && explaining->count < BOTH_MAX; i++) {
		size_t before = explaining->then.there ? find(then, now->set->criteria[i]->id) : 0;
		bool was = explaining->then.there && before < then->count;
		explaining->pairs[explaining->count++] = (struct pair){.now = now->set->criteria[i],
		                                                       .then = was ? then->set->criteria[before] : NULL,
		                                                       .score_now = judging_score(now, 0, i),
		                                                       .score_then = was ? judging_score(then, 0, before) : not_there};
	}
	for (size_t i = 0; explaining->then.there && i < then->count && explaining->count < BOTH_MAX; i++) {
		if (find(now, then->set->criteria[i]->id) == now->count) {
			explaining->pairs[explaining->count++] = (struct pair){.then = then->set->criteria[i], .score_now = not_there,
			                                                       .score_then = judging_score(then, 0, i)};
		}
	}
}

/* A criterion is on an axis at each time for itself: it may have been moved to the other. */
static void side_items(const struct explaining *explaining, Kam__V1__CriterionAxis axis, struct weighted *then, struct weighted *now)
{
	struct figure other = figure_none("of the other axis");
	for (size_t i = 0; i < explaining->count; i++) {
		const struct pair *pair = &explaining->pairs[i];
		bool was = pair->then && pair->then->axis == axis, is = pair->now && pair->now->axis == axis;
		then[i] = (struct weighted){was ? pair->score_then : other, was ? pair->then->weight : 0};
		now[i] = (struct weighted){is ? pair->score_now : other, is ? pair->now->weight : 0};
	}
}

static bool add_axis(struct explaining *explaining, Kam__V1__CriterionAxis axis, const char *name)
{
	struct arena *arena = explaining->call->arena;
	struct weighted then[BOTH_MAX], now[BOTH_MAX];
	struct score_change changes[BOTH_MAX];
	Kam__V1__ScoreExplanation *report = explaining->report;
	Kam__V1__AxisChange *change = arena_alloc(arena, sizeof *change);
	if (!change) {
		return false;
	}
	side_items(explaining, axis, then, now);
	struct axis_score before = score_axis(then, explaining->count), after = score_axis(now, explaining->count);
	if (!explaining->then.there) {
		before.score = before.coverage = figure_none(explaining->compares ? "the account or the criteria set was not there then"
		                                             : "no earlier day was asked for");
	}
	kam__v1__axis_change__init(change);
	change->axis = axis;
	change->earlier = figure_message(before.score, arena);
	change->score = figure_message(after.score, arena);
	change->change = figure_message(figures_gap(after.score, before.score), arena);
	change->earlier_coverage = figure_message(before.coverage, arena);
	change->coverage = figure_message(after.coverage, arena);
	if (figure_defined(before.score) && score_attribute(then, now, explaining->count, changes)) {
		for (size_t i = 0; i < explaining->count; i++) {
			explaining->pairs[i].change.by_score += changes[i].by_score;
			explaining->pairs[i].change.by_weight += changes[i].by_weight;
		}
	}
	explain_figure(&explaining->explanations, name,
	               "sum(weight * score) / sum(weight) over the criteria that are scored; a score is the mean over those who judged",
	               FORMULA_VERSION, after.score, report->account);
	for (size_t i = 0; i < explaining->count; i++) {
		if (explaining->pairs[i].now && explaining->pairs[i].now->axis == axis) {
			explain_input(&explaining->explanations, explaining->pairs[i].now->id, report->criteria_set, now[i].value, figure_of(now[i].weight));
		}
	}
	report->axes[report->n_axes++] = change;
	return true;
}

/* ---- contributions --------------------------------------------------------------------------------------------------------------------------- */

static const char *number(struct figure figure, char text[32])
{
	if (figure_defined(figure)) {
		snprintf(text, 32, "%.3g", figure.value);
	} else {
		snprintf(text, 32, "unscored");
	}
	return text;
}

static char *what_moved(struct explaining *explaining, const struct pair *pair)
{
	char then[32], now[32];
	bool score = figure_defined(pair->score_then) != figure_defined(pair->score_now) || (figure_defined(pair->score_now) &&
	                                                                                     pair->score_then.value != pair->score_now.value);
	bool weight = pair->then && pair->now && pair->then->weight != pair->now->weight;
	struct arena *arena = explaining->call->arena;
	const char *title = pair->now ? pair->now->title : pair->then->title;
	if (!explaining->then.there) {
		return (char *)(uintptr_t)"";
	}
	if (!pair->then || !pair->now) {
		return arena_printf(arena, "%s %s the criteria set", title, pair->now ? "was added to" : "was taken out of");
	}
	number(pair->score_then, then);
	number(pair->score_now, now);
	if (score) {
		return weight ? arena_printf(arena, "%s went from %s to %s, its weight from %g to %g", title, then, now, pair->then->weight, pair->now->weight)
		              : arena_printf(arena, "%s went from %s to %s", title, then, now);
	}
	return weight ? arena_printf(arena, "The weight of %s went from %g to %g", title, pair->then->weight, pair->now->weight) : (char *)(uintptr_t)"";
}

static Kam__V1__ScoreContribution *contribution_of(struct explaining *explaining, const struct pair *pair)
{
	struct arena *arena = explaining->call->arena;
	const Kam__V1__Criterion *criterion = pair->now ? pair->now : pair->then;
	Kam__V1__ScoreContribution *contribution = arena_alloc(arena, sizeof *contribution);
	struct figure no_then = figure_none(explaining->compares ? "it was not there then" : "no earlier day was asked for"), no_now =
		figure_none("the set no longer has it");
	if (!contribution) {
		return NULL;
	}
	kam__v1__score_contribution__init(contribution);
	contribution->criterion = criterion->id;
	contribution->title = criterion->title;
	contribution->axis = criterion->axis;
	contribution->earlier_score = figure_message(explaining->then.there ? pair->score_then : no_then, arena);
	contribution->score = figure_message(pair->score_now, arena);
	contribution->earlier_weight = figure_message(pair->then ? figure_of(pair->then->weight) : no_then, arena);
	contribution->weight = figure_message(pair->now ? figure_of(pair->now->weight) : no_now, arena);
	contribution->score_effect = pair->change.by_score;
	contribution->weight_effect = pair->change.by_weight;
	contribution->text = what_moved(explaining, pair);
	return contribution->text ? contribution : NULL;
}

static double size_of(const Kam__V1__ScoreContribution *contribution)
{
	return fabs(contribution->score_effect + contribution->weight_effect);
}

static int compare_contributions(const void *a, const void *b)
{
	double left = size_of(*(Kam__V1__ScoreContribution *const *)a), right = size_of(*(Kam__V1__ScoreContribution *const *)b);
	return (left < right) - (left > right);
}

static bool add_contributions(struct explaining *explaining)
{
	Kam__V1__ScoreExplanation *report = explaining->report;
	report->contributions = arena_calloc(explaining->call->arena, explaining->count + 1, sizeof *report->contributions);
	for (size_t i = 0; report->contributions && i < explaining->count; i++) {
		report->contributions[i] = contribution_of(explaining, &explaining->pairs[i]);
		if (!report->contributions[i]) {
			return false;
		}
		report->n_contributions++;
	}
	if (explaining->then.there && report->n_contributions > 0) {
		qsort(report->contributions, report->n_contributions, sizeof *report->contributions, compare_contributions);
	}
	return report->contributions != NULL;
}

/* ---- inputs that changed ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t revision_in(const struct side *side, const char *paper)
{
	for (size_t i = 0; i < side->papers_count; i++) {
		if (strcmp(side->papers[i], paper) == 0) {
			return side->revisions[i];
		}
	}
	return 0;
}

static bool add_change(struct explaining *explaining, const char *resource, uint64_t earlier, uint64_t now)
{
	Kam__V1__ScoreExplanation *report = explaining->report;
	Kam__V1__InputChange *change = arena_alloc(explaining->call->arena, sizeof *change);
	if (earlier == now) {
		return true;
	}
	if (!change) {
		return false;
	}
	kam__v1__input_change__init(change);
	change->resource = (char *)(uintptr_t)resource;
	change->earlier_revision = earlier;
	change->revision = now;
	report->changed[report->n_changed++] = change;
	return true;
}

static bool add_changes(struct explaining *explaining)
{
	const struct side *now = &explaining->now, *then = &explaining->then;
	Kam__V1__ScoreExplanation *report = explaining->report;
	report->changed = arena_calloc(explaining->call->arena, now->papers_count + then->papers_count + 2, sizeof *report->changed);
	bool ok = report->changed && (!explaining->compares || add_change(explaining, now->judging.set->name, then->judging.set_revision,
	                                                                  now->judging.set_revision));
	for (size_t i = 0; ok && explaining->compares && i < now->papers_count; i++) {
		ok = add_change(explaining, now->papers[i], revision_in(then, now->papers[i]), now->revisions[i]);
	}
	for (size_t i = 0; ok && explaining->compares && i < then->papers_count; i++) {
		ok = revision_in(now, then->papers[i]) != 0 || add_change(explaining, then->papers[i], then->revisions[i], 0);
	}
	for (size_t i = 0; ok && i < now->papers_count; i++) {
		explain_input(&explaining->explanations, "assessment", now->papers[i], figure_none("it holds several scores"), no_weight());
	}
	return ok;
}

static bool explain_score(struct call *call)
{
	const Kam__V1__ExplainScoreRequest *request = (const void *)call->request;
	Kam__V1__ScoreExplanation report = KAM__V1__SCORE_EXPLANATION__INIT;
	struct explaining *explaining = arena_calloc(call->arena, 1, sizeof *explaining);
	if (!explaining) {
		return call_no_memory(call);
	}
	explaining->call = call;
	explaining->request = request;
	explaining->explanations.call = call;
	explaining->report = &report;
	struct side *now = &explaining->now;
	if (!basis_read(call, &now->basis) || !account_table_one(call, "name", request->name, &now->table) ||
	    !judging_find_set(call, &now->basis, request->criteria_set, "", &now->judging) || !read_side(explaining, now) || !read_then(explaining)) {
		return false;
	}
	pair_up(explaining);
	report.account = (char *)(uintptr_t)now->table.rows[0].name;
	report.display_name = account_text(now->table.rows[0].display_name, call->arena);
	report.criteria_set = now->judging.set->name;
	report.criteria_set_revision = now->judging.set_revision;
	report.revision = call->revision;
	report.since_revision = explaining->since;
	report.axes = arena_calloc(call->arena, 2, sizeof *report.axes);
	if (!report.axes || !add_axis(explaining, AXIS(ATTRACTIVENESS), "attractiveness") || !add_axis(explaining, AXIS(STRENGTH), "strength") ||
	    !add_contributions(explaining) || !add_changes(explaining)) {
		return status_ok(call->status) ? call_no_memory(call) : false;
	}
	report.explanation = explaining->explanations.list;
	report.n_explanation = explaining->explanations.count;
	message_cut(call->method->output, &report.base, now->table.rows[0].groups);
	return call_reply(call, &report.base);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/ExplainScore", explain_score, NULL}};

const struct domain domain_score_explanation = {NULL, 0, methods, 1};
