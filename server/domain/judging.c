/* SPDX-License-Identifier: Apache-2.0
 *
 * Assessments are read straight from their bytes: over ten thousand accounts unpacking each would take longer than all the rest.
 */
#include "server/domain/judging.h"

#include "common/base/clock.h"
#include "common/schema/wire.h"
#include "common/schema/wire_walk.h"
#include "kam/v1/round.pb-c.h"
#include "server/domain/deal_sums.h"
#include "server/domain/grow.h"

#include <stdlib.h>

#define SOURCE(name) KAM__V1__CRITERION_SOURCE__CRITERION_SOURCE_##name
#define DAYS_PER_YEAR 365.2425

enum { FEW_ACCOUNTS = 64 }; /* up to here each account's assessments are looked up by themselves */

/* ---- the set --------------------------------------------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b, void *context)
{
	const Kam__V1__CriteriaSet *set = context;
	return strcmp(set->criteria[*(const size_t *)a]->id, set->criteria[*(const size_t *)b]->id);
}

static bool use_set(struct judging *judging, const Kam__V1__CriteriaSet *set, uint64_t revision)
{
	const Kam__V1__Thresholds *thresholds = judging->basis->programme->thresholds;
	double coverage = thresholds && thresholds->minimum_coverage > 0 ? thresholds->minimum_coverage : 0.7;
	judging->set = set;
	judging->set_revision = revision;
	judging->count = set->n_criteria;
	judging->cuts = (struct cuts){set->_attractiveness_cut_case ? set->attractiveness_cut : 5.5, set->_strength_cut_case ? set->strength_cut : 5.5,
	                              set->_minimum_coverage_case ? set->minimum_coverage : coverage};
	judging->by_id = arena_calloc(judging->call->arena, judging->count + 1, sizeof *judging->by_id);
	if (!judging->by_id) {
		return call_no_memory(judging->call);
	}
	for (size_t i = 0; i < judging->count; i++) {
		judging->by_id[i] = i;
	}
	qsort_r(judging->by_id, judging->count, sizeof *judging->by_id, compare_ids, (void *)(uintptr_t)set);
	return true;
}

static const struct schema_resource *sets_of(struct call *call)
{
	return schema_resource_find(call->engine->schema, "criteriaSets");
}

bool judging_set_version(struct call *call, const struct basis *basis, const char *name, uint64_t revision, struct judging *ret_judging)
{
	struct store_record record;
	*ret_judging = (struct judging){.call = call, .basis = basis};
	if (!store_get_at(call->view, name, revision, &record, call->status)) {
		return status_ok(call->status) && call_not_found(call, name);
	}
	const Kam__V1__CriteriaSet *set = (const void *)schema_unpack_stored(sets_of(call)->type, record.value, call->arena, call->status);
	return set && use_set(ret_judging, set, record.revision);
}

struct active {
	const char *name;
	int year;
};

static bool visit_set(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct active *active = context;
	const Kam__V1__CriteriaSet *set = (const void *)message;
	(void)groups, (void)scratch;
	if (set->state == KAM__V1__CRITERIA_SET_STATE__CRITERIA_SET_STATE_ACTIVE && (!active->name || set->year >= active->year)) {
		active->name = arena_strdup(call->arena, name);
		active->year = set->year;
	}
	return true;
}

/* The set of a round that the caller may read, and the revision that it kept; 0 while it is not closed. */
static bool set_of_round(struct call *call, const char *round_name, const char **ret_name, uint64_t *ret_revision)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, round_name);
	if (!resource || strcmp(resource->collection, "rounds") != 0) {
		return status_field(call->status, "round", "\"%.80s\" is not the name of a round; write it as rounds/{round}", round_name);
	}
	const Kam__V1__Round *round = (const void *)call_read_message(call, round_name);
	if (!round || round->delete_time) {
		return status_ok(call->status) && call_not_found(call, round_name);
	}
	*ret_name = round->criteria_set;
	*ret_revision = round->criteria_set_revision;
	return true;
}

bool judging_find_set(struct call *call, const struct basis *basis, const char *name, const char *round, struct judging *ret_judging)
{
	const struct schema_resource *resource = *name ? schema_resource_of_name(call->engine->schema, name) : sets_of(call);
	uint64_t revision = call->as_of;
	struct active active = {.name = *name ? name : NULL};
	*ret_judging = (struct judging){.call = call, .basis = basis};
	if (*name && *round) {
		return status_field(call->status, "criteria_set", "is given beside round, which has one of its own; leave one of them out");
	}
	if (resource != sets_of(call) || strstr(name, "/-")) {
		return status_field(call->status, "criteria_set", "\"%.80s\" is not the name of a criteria set; write it as criteriaSets/{criteria_set}", name);
	}
	if (*round ? !set_of_round(call, round, &active.name, &revision) : !*name && !call_each(call, "criteriaSets", visit_set, &active)) {
		return false;
	}
	if (!active.name) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "NO_CRITERIA_SET",
		                   "criteria_set: there is no active criteria set that you may see; adopt a proposal and set its state to ACTIVE, or name one");
	}
	struct decision decision = call_decide_verb(call, sets_of(call), "read", active.name);
	struct store_record record;
	bool found = store_get_at(call->view, active.name, revision ? revision : call->as_of, &record, call->status);
	if (!decision.allowed || !found || record.operation == STORE_DELETE) {
		return status_ok(call->status) && call_not_found(call, active.name);
	}
	Kam__V1__CriteriaSet *set = (void *)schema_unpack_stored(sets_of(call)->type, record.value, call->arena, call->status);
	if (!set) {
		return false;
	}
	message_cut(sets_of(call)->type, &set->base, decision.groups);
	return use_set(ret_judging, set, record.revision);
}

/* ---- assessments -------------------------------------------------------------------------------------------------------------------------- */

/* One assessment that may count. */
struct paper {
	struct bytes assessor, assessed_on, value;
	const char *name;
	uint64_t revision;
};

struct marking {
	struct judging *judging;
	size_t row; /* that the papers are of; table->count: none */
	struct paper *papers;
	size_t count, capacity;
	uint32_t number_set, number_perspective, number_assessor, number_day, number_scores;
	bool names; /* keep the papers' names */
};

static size_t find_criterion(const struct judging *judging, struct bytes id)
{
	size_t low = 0, high = judging->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = bytes_compare(bytes_of(judging->set->criteria[judging->by_id[middle]]->id), id);
		if (order == 0) {
			return judging->by_id[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return judging->count;
}

/* An entry of the map of scores: 1 = key, 2 = value. */
static void mark_score(struct judging *judging, size_t row, struct bytes entry)
{
	struct wire_field field;
	struct bytes id = {0};
	double score = 0;
	while (wire_next(&entry, &field)) {
		if (field.number == 1 && field.type == WIRE_LENGTH) {
			id = field.value;
		} else if (field.number == 2 && field.type == WIRE_64BIT) {
			memcpy(&score, field.value.data, sizeof score);
		}
	}
	size_t criterion = find_criterion(judging, id);
	if (criterion < judging->count && score >= 1 && score <= 10) {
		score_add(&judging->sums[row * judging->count + criterion], score);
	}
}

/* The papers of one account are all there. */
static void mark(struct marking *marking)
{
	struct judging *judging = marking->judging;
	for (size_t i = 0; i < marking->count && judging->sums; i++) {
		struct bytes rest = marking->papers[i].value;
		struct wire_field field;
		while (wire_next(&rest, &field)) {
			if (field.number == marking->number_scores && field.type == WIRE_LENGTH) {
				mark_score(judging, marking->row, field.value);
			}
		}
		judging->assessors[marking->row]++;
	}
	marking->count = 0;
}

/* Of the set and perspective asked for; what else is needed of it goes into `paper`. */
static bool read_paper(const struct marking *marking, struct bytes bytes, struct paper *paper)
{
	const struct judging *judging = marking->judging;
	struct bytes set = {0};
	struct wire_field field;
	uint64_t perspective = 0;
	paper->value = bytes;
	while (wire_next(&bytes, &field)) {
		if (field.number == marking->number_set) {
			set = field.value;
		} else if (field.number == marking->number_perspective && field.type == WIRE_VARINT) {
			wire_varint(field.value, &perspective);
		} else if (field.number == marking->number_assessor) {
			paper->assessor = field.value;
		} else if (field.number == marking->number_day) {
			paper->assessed_on = field.value;
		}
	}
	return perspective == (uint64_t)judging->perspective && bytes_equal(set, bytes_of(judging->set->name));
}

static bool keep_paper(struct marking *marking, const struct paper *paper)
{
	for (size_t i = 0; i < marking->count; i++) {
		if (bytes_equal(marking->papers[i].assessor, paper->assessor)) {
			if (bytes_compare(marking->papers[i].assessed_on, paper->assessed_on) <= 0) {
				marking->papers[i] = *paper;
			}
			return true;
		}
	}
	if (marking->count == marking->capacity) {
		size_t capacity = marking->capacity ? 2 * marking->capacity : 16;
		struct paper *grown = arena_alloc(marking->judging->call->arena, capacity * sizeof *grown);
		if (!grown) {
			return call_no_memory(marking->judging->call);
		}
		if (marking->count > 0) {
			memcpy(grown, marking->papers, marking->count * sizeof *grown);
		}
		marking->papers = grown;
		marking->capacity = capacity;
	}
	marking->papers[marking->count++] = *paper;
	return true;
}

static bool visit_assessment(void *context, const char *name, const struct store_record *record)
{
	struct marking *marking = context;
	struct judging *judging = marking->judging;
	struct call *call = judging->call;
	struct paper paper = {.revision = record->revision};
	if (record->operation == STORE_DELETE || !read_paper(marking, record->value, &paper)) {
		return true;
	}
	size_t row = account_table_find(judging->table, name);
	if (row == judging->table->count) {
		return true;
	}
	if (row != marking->row) {
		mark(marking);
		marking->row = row;
	}
	if (marking->names && !(paper.name = arena_strdup(call->arena, name))) {
		return call_no_memory(call);
	}
	return judging->hidden[row] || keep_paper(marking, &paper);
}

static struct marking marking_of(struct judging *judging)
{
	const struct schema_type *type = schema_resource_find(judging->call->engine->schema, "accounts/assessments")->type;
	return (struct marking){
		.judging = judging,
		.row = judging->table->count,
		.number_set = schema_field_find(type, "criteria_set")->pb->id,
		.number_perspective = schema_field_find(type, "perspective")->pb->id,
		.number_assessor = schema_field_find(type, "assessor")->pb->id,
		.number_day = schema_field_find(type, "assessed_on")->pb->id,
		.number_scores = schema_field_find(type, "scores")->pb->id,
	};
}

static bool scan(struct marking *marking, const char *account)
{
	struct call *call = marking->judging->call;
	const char *pattern = arena_printf(call->arena, "%s/assessments", account);
	return pattern ? store_scan(call->view, pattern, NULL, call->as_of, visit_assessment, marking, call->status) && status_ok(call->status)
		: call_no_memory(call);
}

bool judging_each(struct judging *judging, size_t row, judging_visit *visit, void *context)
{
	struct judging listing = *judging;
	listing.sums = NULL; /* they are only listed */
	struct marking marking = marking_of(&listing);
	marking.names = true;
	if (!scan(&marking, judging->table->rows[row].name)) {
		return false;
	}
	for (size_t i = 0; i < marking.count; i++) {
		if (!visit(context, marking.papers[i].name, marking.papers[i].revision)) {
			return false;
		}
	}
	return true;
}

/* ---- figures that answer criteria ---------------------------------------------------------------------------------------------------------- */

static struct figure tenure(const struct judging *judging, const struct account_row *row)
{
	int64_t since;
	const char *text = account_text(row->customer_since, judging->call->arena);
	if (!clock_parse_date(text, &since)) {
		return figure_none("it is not known since when it is a client");
	}
	return figure_of((double)(judging->basis->today - since) / DAYS_PER_YEAR);
}

static struct figure client_revenue(struct ledger *ledger, size_t row)
{
	struct call *call = ledger->call;
	struct figure entered = ledger_figure(&ledger->rows[row].amounts[0][LEDGER_CLIENT_REVENUE], true);
	const struct schema_type *type = schema_type_of(call->engine->schema, &kam__v1__money__descriptor);
	struct bytes bytes = ledger->table->rows[row].annual_revenue;
	struct ledger_amount amount = {.reason = NULL};
	if (figure_defined(entered) || bytes.size == 0) {
		return entered;
	}
	const Kam__V1__Money *money = (const void *)schema_unpack_stored(type, bytes, call->arena, call->status);
	if (!money || !ledger_convert(ledger, money, ledger->basis->today, &amount.amount, &amount.reason)) {
		return figure_none(amount.reason ? amount.reason : "the client's revenue cannot be read");
	}
	return ledger_figure(&amount, true);
}

/* Reads only what some criterion asks for: most sets need no money. */
static bool read_sources(struct judging *judging)
{
	struct call *call = judging->call;
	struct ledger ledger = {.call = call, .basis = judging->basis, .table = judging->table, .windows_count = 1};
	struct deal_sums deals = {.ledger = &ledger};
	bool any = false, money = false, bought = false;
	for (size_t c = 0; c < judging->count; c++) {
		Kam__V1__CriterionSource source = judging->set->criteria[c]->source;
		any = any || source != SOURCE(UNSPECIFIED);
		money = money || source == SOURCE(REVENUE) || source == SOURCE(CLIENT_REVENUE);
		bought = bought || source == SOURCE(PORTFOLIO_LEVERAGE);
	}
	if (!any || judging->perspective != PERSPECTIVE(SELF)) {
		return true;
	}
	ledger.currency = judging->basis->programme->reporting_currency;
	judging->sources = arena_calloc(call->arena, judging->table->count * judging->count + 1, sizeof *judging->sources);
	if (!judging->sources) {
		return call_no_memory(call);
	}
	if (!ledger_window(call, judging->basis, "period", "", &ledger.windows[0]) || (money && !ledger_read(&ledger)) || (bought && !deal_sums_read(&deals))) {
		return false;
	}
	for (size_t i = 0; i < judging->table->count * judging->count; i++) {
		size_t row = i / judging->count;
		const struct account_row *account = &judging->table->rows[row];
		switch (judging->set->criteria[i % judging->count]->source) {
		case SOURCE(TENURE):
			judging->sources[i] = tenure(judging, account);
			break;
		case SOURCE(REVENUE):
			judging->sources[i] = ledger_figure(&ledger.rows[row].amounts[0][LEDGER_REVENUE], true);
			break;
		case SOURCE(CLIENT_REVENUE):
			judging->sources[i] = client_revenue(&ledger, row);
			break;
		case SOURCE(PORTFOLIO_LEVERAGE):
			judging->sources[i] = deal_leverage(&deals, row);
			break;
		case SOURCE(EMPLOYEES):
			judging->sources[i] = account->employees > 0 ? figure_of((double)account->employees) : figure_none("it is not known how many people work there");
			break;
		default:
			judging->sources[i] = figure_none("people judge it");
		}
	}
	return true;
}

/* ---- reading and asking ------------------------------------------------------------------------------------------------------------------- */

bool judging_read(struct judging *judging, struct account_table *table, Kam__V1__Perspective perspective)
{
	struct call *call = judging->call;
	judging->table = table;
	judging->perspective = perspective == PERSPECTIVE(CLIENT) ? perspective : PERSPECTIVE(SELF);
	judging->sums = arena_calloc(call->arena, table->count * judging->count + 1, sizeof *judging->sums);
	judging->assessors = arena_calloc(call->arena, table->count + 1, sizeof *judging->assessors);
	judging->hidden = arena_calloc(call->arena, table->count + 1, sizeof *judging->hidden);
	if (!judging->sums || !judging->assessors || !judging->hidden) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "too many accounts match: filter them");
	}
	for (size_t i = 0; i < table->count && !judging->for_rules; i++) {
		struct decision decision = call_decide(call, "assessments.read", table->rows[i].name, (struct bytes){0});
		judging->hidden[i] = !decision.allowed || !(decision.groups & table->rows[i].groups & 1u << GROUP_STRATEGY);
	}
	struct marking marking = marking_of(judging);
	size_t times = table->count > FEW_ACCOUNTS ? 1 : table->count;
	for (size_t i = 0; i < times; i++) {
		if (!scan(&marking, times < table->count ? "accounts/-" : table->rows[i].name)) {
			return false;
		}
	}
	mark(&marking);
	return read_sources(judging);
}

struct figure judging_score(const struct judging *judging, size_t row, size_t criterion)
{
	size_t at = row * judging->count + criterion;
	const Kam__V1__Criterion *of = judging->set->criteria[criterion];
	struct score_band bands[16];
	if (judging->hidden[row]) {
		return figure_none(HIDDEN_REASON);
	}
	if (judging->sums[at].count > 0 || of->source == SOURCE(UNSPECIFIED) || !judging->sources) {
		return score_mean(judging->sums[at]);
	}
	size_t count = of->n_bands < 16 ? of->n_bands : 16;
	for (size_t i = 0; i < count; i++) {
		bands[i] = (struct score_band){of->bands[i]->at_least, of->bands[i]->score};
	}
	return score_of_bands(bands, count, judging->sources[at]);
}

size_t judging_axis(const struct judging *judging, size_t row, Kam__V1__CriterionAxis axis, struct weighted *items)
{
	size_t count = 0;
	for (size_t i = 0; i < judging->count; i++) {
		if (judging->set->criteria[i]->axis == axis) {
			items[count++] = (struct weighted){judging_score(judging, row, i), judging->set->criteria[i]->weight};
		}
	}
	return count;
}

struct judged judging_of(const struct judging *judging, size_t row)
{
	enum { CRITERIA_MAX = 64 }; /* CriteriaSet.criteria.max_items */
	struct weighted items[CRITERIA_MAX];
	struct judged judged;
	judged.attractiveness = score_axis(items, judging_axis(judging, row, AXIS(ATTRACTIVENESS), items));
	judged.strength = score_axis(items, judging_axis(judging, row, AXIS(STRENGTH), items));
	if (judging->hidden[row]) {
		judged.attractiveness = judged.strength = (struct axis_score){figure_none(HIDDEN_REASON), figure_none(HIDDEN_REASON)};
	}
	judged.unranked = score_unranked(judged.attractiveness, judged.strength, judging->cuts.coverage);
	judged.quadrant = score_quadrant(judged.attractiveness, judged.strength, judging->cuts);
	return judged;
}
