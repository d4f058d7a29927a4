/* SPDX-License-Identifier: Apache-2.0
 *
 * The matrix. All accounts are judged, for the counts of quadrants and the order; messages are made of those on the page alone.
 */
#include "kam/v1/matrix.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/judging.h"
#include "server/domain/moment.h"
#include "server/domain/report_page.h"
#include "server/domain/revenue.h"

#include <math.h>
#include <stdlib.h>

enum { FORMULA_VERSION = 1, PAGE_MAX = 1000, QUADRANTS = 5, CRITERIA_MAX = 64 };

struct matrix {
	struct call *call;
	const Kam__V1__GetMatrixRequest *request;
	struct basis basis, earlier_basis;
	struct account_table table;
	struct judging judging, earlier;
	bool moves, was_there; /* an earlier day is asked for; the set was there then */
	uint64_t since;
	struct judged *judged;
	size_t *order;  /* rows, the first of the matrix first */
	struct revenue revenue;
};

/* ---- order ------------------------------------------------------------------------------------------------------------------------------ */

static int compare_figures(struct figure left, struct figure right)
{
	if (figure_defined(left) != figure_defined(right)) {
		return figure_defined(left) ? -1 : 1;
	}
	return (left.value < right.value) - (left.value > right.value);
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct matrix *matrix = context;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct judged *left = &matrix->judged[i], *right = &matrix->judged[k];
	if (!left->unranked != !right->unranked) {
		return left->unranked ? 1 : -1;
	}
	int order = compare_figures(left->attractiveness.score, right->attractiveness.score);
	order = order ? order : compare_figures(left->strength.score, right->strength.score);
	return order ? order : (i > k) - (i < k);
}

static bool judge(struct matrix *matrix)
{
	struct call *call = matrix->call;
	size_t count = matrix->table.count;
	matrix->judged = arena_calloc(call->arena, count + 1, sizeof *matrix->judged);
	matrix->order = arena_calloc(call->arena, count + 1, sizeof *matrix->order);
	if (!matrix->judged || !matrix->order) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < count; i++) {
		matrix->judged[i] = judging_of(&matrix->judging, i);
		matrix->order[i] = i;
	}
	qsort_r(matrix->order, count, sizeof *matrix->order, compare_rows, matrix);
	return true;
}

/* The same accounts by the same set as both stood at the end of an earlier day. */
static bool read_earlier(struct matrix *matrix)
{
	struct call *call = matrix->call;
	const char *name = matrix->judging.set->name;
	struct store_record record;
	struct moment moment;
	if (!*matrix->request->since) {
		return true;
	}
	if (!moment_enter(call, "since", matrix->request->since, &moment)) {
		return false;
	}
	matrix->moves = true;
	matrix->since = moment.revision;
	matrix->was_there = store_get_at(call->view, name, call->as_of, &record, call->status) && record.operation != STORE_DELETE;
	bool ok = status_ok(call->status) &&
	          (!matrix->was_there || (basis_read(call, &matrix->earlier_basis) && judging_set_version(call, &matrix->earlier_basis, name, call->as_of,
	                                                                                                  &matrix->earlier) &&
	                                  judging_read(&matrix->earlier, &matrix->table, matrix->request->perspective)));
	moment_leave(call, &moment);
	return ok;
}

/* ---- points ------------------------------------------------------------------------------------------------------------------------------- */

static Kam__V1__CriterionScore *criterion_score(struct matrix *matrix, size_t row, size_t index)
{
	struct arena *arena = matrix->call->arena;
	const struct judging *judging = &matrix->judging;
	const Kam__V1__Criterion *criterion = judging->set->criteria[index];
	struct score_sum sum = judging->sums[row * judging->count + index];
	Kam__V1__CriterionScore *score = arena_alloc(arena, sizeof *score);
	if (!score) {
		return NULL;
	}
	kam__v1__criterion_score__init(score);
	score->criterion = criterion->id;
	score->title = criterion->title;
	score->axis = criterion->axis;
	score->weight = criterion->weight;
	score->score = figure_message(judging_score(judging, row, index), arena);
	score->spread = figure_message(judging->hidden[row] ? figure_none(HIDDEN_REASON) : score_spread(sum), arena);
	score->score_count = judging->hidden[row] ? 0 : sum.count;
	score->source_value = figure_message(criterion->source && judging->sources ? judging->sources[row * judging->count + index]
	                                     : figure_none("people judge it"), arena);
	return score;
}

static bool add_criteria(struct matrix *matrix, Kam__V1__MatrixPoint *point, size_t row)
{
	point->criteria = arena_calloc(matrix->call->arena, matrix->judging.count + 1, sizeof *point->criteria);
	for (size_t i = 0; point->criteria && i < matrix->judging.count; i++) {
		point->criteria[i] = criterion_score(matrix, row, i);
		if (!point->criteria[i]) {
			return false;
		}
		point->n_criteria++;
	}
	return point->criteria != NULL;
}

static void explain_axis(struct matrix *matrix, struct explanations *explanations, size_t row, Kam__V1__CriterionAxis axis, const char *figure,
                         struct figure score)
{
	const struct judging *judging = &matrix->judging;
	const char *account = matrix->table.rows[row].name;
	explain_figure(explanations, figure, "sum(weight * score) / sum(weight) over the criteria that are scored; a score is the mean over those who judged",
	               FORMULA_VERSION, score,
	               account);
	for (size_t i = 0; i < judging->count; i++) {
		const Kam__V1__Criterion *criterion = judging->set->criteria[i];
		if (criterion->axis == axis) {
			explain_input(explanations, criterion->id, judging->set->name, judging_score(judging, row, i), figure_of(criterion->weight));
		}
	}
}

struct listing {
	struct explanations *explanations;
};

static bool list_assessment(void *context, const char *assessment, uint64_t revision)
{
	struct listing *listing = context;
	(void)revision;
	explain_input(listing->explanations, "assessment", assessment, figure_none("it holds several scores"), no_weight());
	return true;
}

static bool explain(struct matrix *matrix, Kam__V1__MatrixPoint *point, size_t row)
{
	struct explanations explanations = {.call = matrix->call};
	struct listing listing = {&explanations};
	const struct judged *judged = &matrix->judged[row];
	explain_axis(matrix, &explanations, row, AXIS(ATTRACTIVENESS), "attractiveness", judged->attractiveness.score);
	explain_axis(matrix, &explanations, row, AXIS(STRENGTH), "strength", judged->strength.score);
	explain_figure(&explanations, "assessments", "of each person the assessment that was assessed last", FORMULA_VERSION,
	               figure_of(matrix->judging.assessors[row]), point->account);
	if (!matrix->judging.hidden[row] && !judging_each(&matrix->judging, row, list_assessment, &listing)) {
		return false;
	}
	point->explanation = explanations.list;
	point->n_explanation = explanations.count;
	return true;
}

static void add_movement(struct matrix *matrix, Kam__V1__MatrixPoint *point, size_t row)
{
	struct figure none = figure_none("the criteria set was not there then");
	struct judged then = {.attractiveness = {none, none}, .strength = {none, none}};
	if (matrix->was_there) {
		then = judging_of(&matrix->earlier, row);
		point->earlier_quadrant = (Kam__V1__MatrixQuadrant)then.quadrant;
	}
	point->earlier_attractiveness = figure_message(then.attractiveness.score, matrix->call->arena);
	point->earlier_strength = figure_message(then.strength.score, matrix->call->arena);
}

static Kam__V1__MatrixPoint *make_point(struct matrix *matrix, size_t row)
{
	struct arena *arena = matrix->call->arena;
	const struct account_row *account = &matrix->table.rows[row];
	const struct judged *judged = &matrix->judged[row];
	const struct ledger_amount *revenue = revenue_amount(&matrix->revenue, row, 0);
	Kam__V1__MatrixPoint *point = arena_alloc(arena, sizeof *point);
	if (!point) {
		return NULL;
	}
	kam__v1__matrix_point__init(point);
	point->account = (char *)(uintptr_t)account->name;
	point->display_name = account_text(account->display_name, arena);
	point->phase = (Kam__V1__Phase)account->phase;
	point->owner = account_text(account->owner, arena);
	point->region = account_text(account->region, arena);
	point->attractiveness = figure_message(judged->attractiveness.score, arena);
	point->strength = figure_message(judged->strength.score, arena);
	point->attractiveness_coverage = figure_message(judged->attractiveness.coverage, arena);
	point->strength_coverage = figure_message(judged->strength.coverage, arena);
	point->quadrant = (Kam__V1__MatrixQuadrant)judged->quadrant;
	point->unranked_reason = (char *)(uintptr_t)(judged->unranked ? judged->unranked : "");
	point->assessor_count = matrix->judging.hidden[row] ? 0 : matrix->judging.assessors[row];
	point->revenue = ledger_money(&matrix->revenue.ledger, revenue);
	point->revenue_undefined_reason = (char *)(uintptr_t)(revenue->reason ? revenue->reason : "");
	if (matrix->moves) {
		add_movement(matrix, point, row);
	}
	if ((matrix->request->details && !add_criteria(matrix, point, row)) || (matrix->request->explain && !explain(matrix, point, row))) {
		return NULL;
	}
	message_cut(schema_type_of(matrix->call->engine->schema, &kam__v1__matrix_point__descriptor), &point->base, account->groups);
	return point;
}

/* ---- the answer ----------------------------------------------------------------------------------------------------------------------------- */

static bool add_quadrants(struct matrix *matrix, Kam__V1__Matrix *answer)
{
	Kam__V1__QuadrantTotal *totals = arena_calloc(matrix->call->arena, QUADRANTS, sizeof *totals);
	answer->quadrants = arena_calloc(matrix->call->arena, QUADRANTS, sizeof *answer->quadrants);
	if (!totals || !answer->quadrants) {
		return call_no_memory(matrix->call);
	}
	for (int i = 0; i < QUADRANTS; i++) {
		kam__v1__quadrant_total__init(&totals[i]);
		totals[i].quadrant = (Kam__V1__MatrixQuadrant)((i + 1) % QUADRANTS); /* those that are not ranked come last */
		answer->quadrants[answer->n_quadrants++] = &totals[i];
	}
	for (size_t i = 0; i < matrix->table.count; i++) {
		totals[(matrix->judged[i].quadrant + QUADRANTS - 1) % QUADRANTS].account_count++;
		answer->ranked_count += !matrix->judged[i].unranked;
	}
	return true;
}

static bool answer(struct matrix *matrix, const struct report_page *page)
{
	struct call *call = matrix->call;
	Kam__V1__Matrix message = KAM__V1__MATRIX__INIT;
	size_t first = page->first < matrix->table.count ? page->first : matrix->table.count;
	size_t count = matrix->table.count - first < page->size ? matrix->table.count - first : page->size;
	message.points = arena_calloc(call->arena, count + 1, sizeof *message.points);
	if (!message.points) {
		return call_no_memory(call);
	}
	if (!add_quadrants(matrix, &message)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		message.points[i] = make_point(matrix, matrix->order[first + i]);
		if (!message.points[i]) {
			return status_ok(call->status) ? call_no_memory(call) : false;
		}
		message.n_points++;
	}
	message.account_count = (int32_t)matrix->table.count;
	message.criteria_set = matrix->judging.set->name;
	message.criteria_set_revision = matrix->judging.set_revision;
	message.attractiveness_cut = matrix->judging.cuts.attractiveness;
	message.strength_cut = matrix->judging.cuts.strength;
	message.minimum_coverage = matrix->judging.cuts.coverage;
	message.period = (char *)(uintptr_t)matrix->revenue.ledger.windows[0].text;
	message.currency_code = (char *)(uintptr_t)matrix->revenue.ledger.currency;
	message.basis = matrix->revenue.basis;
	message.revision = call->revision;
	message.since_revision = matrix->since;
	message.next_page_token = report_page_token(call, page, first + count, matrix->table.count);
	report_page_cut(call, &message.base);
	return call_reply(call, &message.base);
}

static bool get_matrix(struct call *call)
{
	const Kam__V1__GetMatrixRequest *request = (const void *)call->request;
	struct matrix matrix = {.call = call, .request = request};
	struct ledger *ledger = &matrix.revenue.ledger;
	struct report_page page;
	ledger->windows_count = 1;
	return report_page_read(call, request->page_size, PAGE_MAX, request->page_token, &page) && basis_read(call, &matrix.basis) &&
	       judging_find_set(call, &matrix.basis, request->criteria_set, request->round, &matrix.judging) &&
	       ledger_open(ledger, call, &matrix.basis, &matrix.table, request->currency_code) &&
	       ledger_window(call, &matrix.basis, "period", request->period, &ledger->windows[0]) &&
	       account_table_read(call, request->filter, &matrix.table) && revenue_read(&matrix.revenue, request->basis) &&
	       judging_read(&matrix.judging, &matrix.table, request->perspective) && judge(&matrix) && read_earlier(&matrix) && answer(&matrix, &page);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetMatrix", get_matrix, NULL}};

const struct domain domain_matrix_report = {NULL, 0, methods, 1};
