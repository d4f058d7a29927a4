/* SPDX-License-Identifier: Apache-2.0
 *
 * Growth: the client, we and the competitors there over the same two periods, and the four flags. No growth is computed from a part of a period.
 */
#include "kam/v1/growth.pb-c.h"

#include "common/schema/wire.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/market.h"
#include "server/domain/report_page.h"
#include "server/domain/revenue.h"
#include "server/domain/round_alignment.h"

#include <stdlib.h>

enum { FORMULA_VERSION = 1, NOW = 0, THEN = 1, NEXT = 2, FLAGS = 3 };

#define KIND(name) KAM__V1__GROWTH_FLAG_KIND__GROWTH_FLAG_KIND_##name

struct reporting {
	struct call *call;
	const Kam__V1__GetGrowthRequest *request;
	struct basis basis;
	struct account_table table;
	struct revenue revenue;
	size_t *order;
	Kam__V1__GetGrowthResponse *report;
};

/* What is computed of one account. */
struct row_figures {
	struct figure ours_then, ours_now, our_growth, client_growth, planned_growth, our_share;
	bool estimated;
};

/* ---- figures ---------------------------------------------------------------------------------------------------------------------------- */

static struct figure growth_of(const struct ledger_row *row, enum ledger_field field)
{
	return market_growth(ledger_figure(&row->amounts[THEN][field], true), ledger_figure(&row->amounts[NOW][field], true));
}

static struct row_figures figures_of(const struct reporting *reporting, size_t index)
{
	const struct ledger_row *row = &reporting->revenue.ledger.rows[index];
	struct row_figures figures;
	struct figure next = ledger_figure(&row->amounts[NEXT][LEDGER_PLANNED], false), planned = ledger_figure(&row->amounts[NOW][LEDGER_PLANNED], false);
	figures.ours_then = ledger_figure(revenue_amount(&reporting->revenue, index, THEN), true);
	figures.ours_now = ledger_figure(revenue_amount(&reporting->revenue, index, NOW), true);
	figures.our_growth = market_growth(figures.ours_then, figures.ours_now);
	figures.client_growth = growth_of(row, LEDGER_CLIENT_REVENUE);
	figures.planned_growth = figure_defined(next) ? market_growth(figures.ours_now, next) : market_growth(figures.ours_then, planned);
	figures.our_share = market_share_of_wallet(ledger_figure(revenue_amount(&reporting->revenue, index, NOW), false),
	                                           ledger_figure(&row->amounts[NOW][LEDGER_CATEGORY_SPEND], false));
	figures.estimated = !figure_defined(figures.our_share) && row->our_rank > 0;
	if (figures.estimated) {
		figures.our_share = market_share_of_rank(row->our_rank, row->supplier_count);
	}
	return figures;
}

/* ---- flags -------------------------------------------------------------------------------------------------------------------------------- */

static Kam__V1__GrowthFlag *make_flag(struct call *call, Kam__V1__GrowthFlagKind kind, enum flag state, const char *text)
{
	Kam__V1__GrowthFlag *flag = arena_alloc(call->arena, sizeof *flag);
	if (!flag || !text) {
		return NULL;
	}
	kam__v1__growth_flag__init(flag);
	flag->kind = kind;
	flag->state = state == FLAG_UP     ? KAM__V1__FLAG_STATE__FLAG_STATE_UP
	              : state == FLAG_DOWN ? KAM__V1__FLAG_STATE__FLAG_STATE_DOWN
	                                   : KAM__V1__FLAG_STATE__FLAG_STATE_UNKNOWN;
	flag->text = (char *)(uintptr_t)text;
	return flag;
}

static Kam__V1__GrowthFlag *client_flag(struct call *call, const struct row_figures *figures)
{
	enum flag state = market_client_shrinks(figures->client_growth, figures->planned_growth);
	struct figure lacking = figure_defined(figures->client_growth) ? figures->planned_growth : figures->client_growth;
	const char *text = "The client grows, or our plan does not count on growth";
	if (state == FLAG_UP) {
		text = arena_printf(call->arena, "The client's revenue changed by %+.1f %%, but our plan counts on %+.1f %%", 100 * figures->client_growth.value,
		                    100 * figures->planned_growth.value);
	} else if (state == FLAG_UNKNOWN) {
		text = arena_printf(call->arena, "Not known: %s of %s", lacking.reason, figure_defined(figures->client_growth) ? "our planned revenue"
		                    : "the client's revenue");
	}
	return make_flag(call, KIND(CLIENT_SHRINKS), state, text);
}

/* The competitor that speaks most for the flag, over all of them. */
static Kam__V1__GrowthFlag *faster_flag(struct call *call, const struct ledger_row *row, const struct row_figures *figures)
{
	enum flag state = FLAG_DOWN;
	const char *text = row->competitors ? "No competitor grows faster there than we do" : "No competitor's revenue there is entered";
	double fastest = 0;
	for (const struct ledger_competitor *competitor = row->competitors; competitor; competitor = competitor->next) {
		struct figure growth = market_growth(ledger_figure(&competitor->amounts[THEN], true), ledger_figure(&competitor->amounts[NOW], true));
		enum flag one = market_grows_faster(growth, figures->our_growth);
		if (one == FLAG_UP && (state != FLAG_UP || growth.value > fastest)) {
			fastest = growth.value;
			text = arena_printf(call->arena, "%s grows by %+.1f %% there, we by %+.1f %%", competitor->name, 100 * growth.value,
			                    100 * figures->our_growth.value);
		} else if (one == FLAG_UNKNOWN && state == FLAG_DOWN) {
			text = arena_printf(call->arena, "Not known: %s", figure_defined(growth) ? figures->our_growth.reason : growth.reason);
		}
		state = market_any(state, one);
	}
	return make_flag(call, KIND(COMPETITOR_GROWS_FASTER), row->competitors ? state : FLAG_UNKNOWN, text);
}

/* Shares of one wallet compare as the amounts do, so the wallet itself need not be known. */
static Kam__V1__GrowthFlag *share_flag(struct call *call, const struct ledger_row *row, const struct row_figures *figures)
{
	enum flag state = FLAG_DOWN;
	const char *text = row->competitors ? "No competitor earns more there than we do" : "No competitor's revenue there is entered";
	double most = 0;
	for (const struct ledger_competitor *competitor = row->competitors; competitor; competitor = competitor->next) {
		struct figure theirs = ledger_figure(&competitor->amounts[NOW], true);
		enum flag one = market_has_more(theirs, figures->ours_now);
		if (one == FLAG_UP && (state != FLAG_UP || theirs.value > most)) {
			most = theirs.value;
			text = figures->ours_now.value > 0 ? arena_printf(call->arena, "%s earns %.1f times there what we do", competitor->name,
			                                                  theirs.value / figures->ours_now.value)
			                                   : arena_printf(call->arena, "%s earns there, we do not", competitor->name);
		} else if (one == FLAG_UNKNOWN && state == FLAG_DOWN) {
			text = arena_printf(call->arena, "Not known: %s", figure_defined(theirs) ? figures->ours_now.reason : theirs.reason);
		}
		state = market_any(state, one);
	}
	return make_flag(call, KIND(COMPETITOR_HAS_MORE), row->competitors ? state : FLAG_UNKNOWN, text);
}

/* ---- the company ---------------------------------------------------------------------------------------------------------------------------- */

struct last_round {
	char *name;
	int year;
	int64_t close_us;
};

static bool visit_round(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct last_round *last = context;
	const Kam__V1__Round *round = (const void *)message;
	int64_t close_us = basis_time_us(round->close_time);
	(void)groups, (void)scratch;
	if (round->state >= KAM__V1__ROUND_STATE__ROUND_STATE_CLOSED && (!last->name || round->year > last->year ||
	                                                                 (round->year == last->year && close_us > last->close_us))) {
		*last = (struct last_round){arena_strdup(call->arena, name), round->year, close_us};
	}
	return true;
}

/* The flag about the company, from the last closed round; absent where the caller may not read its ballots. */
static bool add_alignment(struct reporting *reporting)
{
	struct call *call = reporting->call;
	struct last_round last = {NULL, 0, 0};
	struct round_alignment alignment;
	STATUS_SCRATCH(none);
	struct status *status = call->status;
	struct decision decision;
	if (!call_each(call, "rounds", visit_round, &last)) {
		return false;
	}
	call->status = &none;
	bool allowed = last.name && round_alignment_allowed(call, last.name, &decision);
	call->status = status;
	const Kam__V1__Round *round = allowed ? (const void *)call_read_message(call, last.name) : NULL;
	if (!round) {
		return status_ok(call->status);
	}
	if (!round_alignment_read(call, round, &alignment)) {
		return false;
	}
	double threshold = round_alignment_threshold(&reporting->basis);
	enum flag state = market_misaligned(alignment.cross, threshold);
	const char *text = state == FLAG_UNKNOWN ? arena_printf(call->arena, "Not known: %s", alignment.cross.reason)

		: arena_printf(call->arena, "In %s the lists of executives and middle management overlap by %.0f %%; %s is asked for", last.name,
	                                                        100 * alignment.cross.value, state == FLAG_UP ? "more" : "no more");
	reporting->report->alignment = make_flag(call, KIND(MISALIGNED), state, text);
	return reporting->report->alignment || call_no_memory(call);
}

/* ---- rows --------------------------------------------------------------------------------------------------------------------------------- */

static bool add_competitors(struct reporting *reporting, Kam__V1__GrowthRow *to, const struct ledger_row *row)
{
	struct arena *arena = reporting->call->arena;
	size_t count = 0;
	for (const struct ledger_competitor *competitor = row->competitors; competitor; competitor = competitor->next) {
		count++;
	}
	to->competitors = arena_calloc(arena, count + 1, sizeof *to->competitors);
	for (const struct ledger_competitor *competitor = row->competitors; to->competitors && competitor; competitor = competitor->next) {
		Kam__V1__CompetitorGrowth *growth = arena_alloc(arena, sizeof *growth);
		if (!growth) {
			return false;
		}
		kam__v1__competitor_growth__init(growth);
		struct figure now = ledger_figure(&competitor->amounts[NOW], true);
		growth->competitor = (char *)(uintptr_t)competitor->name;
		growth->growth = figure_message(market_growth(ledger_figure(&competitor->amounts[THEN], true), now), arena);
		growth->share_of_wallet = figure_message(market_share_of_wallet(now, ledger_figure(&row->amounts[NOW][LEDGER_CATEGORY_SPEND], false)), arena);
		growth->estimated = competitor->estimated;
		to->competitors[to->n_competitors++] = growth;
	}
	return to->competitors != NULL;
}

static void explain_growth(struct explanations *explanations, const char *figure, struct figure growth, const struct ledger_amount *then,
                           const struct ledger_amount *now,
                           const char *account)
{
	explain_figure(explanations, figure, "(now - then) / then", FORMULA_VERSION, growth, account);
	explain_input(explanations, "then", then->source && strchr(then->source, '/') ? then->source : NULL, ledger_figure(then, true), no_weight());
	explain_input(explanations, "now", now->source && strchr(now->source, '/') ? now->source : NULL, ledger_figure(now, true), no_weight());
}

static void explain(struct reporting *reporting, Kam__V1__GrowthRow *to, size_t index, const struct row_figures *figures)
{
	struct explanations explanations = {.call = reporting->call};
	const struct ledger_row *row = &reporting->revenue.ledger.rows[index];
	explain_growth(&explanations, "our_growth", figures->our_growth, revenue_amount(&reporting->revenue, index, THEN),
	               revenue_amount(&reporting->revenue, index, NOW), to->account);
	explain_growth(&explanations, "client_growth", figures->client_growth, &row->amounts[THEN][LEDGER_CLIENT_REVENUE],
	               &row->amounts[NOW][LEDGER_CLIENT_REVENUE], to->account);
	explain_figure(&explanations, "share_of_wallet", figures->estimated ? "(1 - rank / (n + 1)) * 2 / n" : "our revenue / category spend", FORMULA_VERSION,
	               figures->our_share,
	               to->account);
	if (figures->estimated) {
		explain_input(&explanations, "our rank", NULL, figure_of(row->our_rank), no_weight());
		explain_input(&explanations, "suppliers (n)", NULL, figure_of(row->supplier_count), no_weight());
	} else {
		explain_input(&explanations, "category spend", row->amounts[NOW][LEDGER_CATEGORY_SPEND].source,
		              ledger_figure(&row->amounts[NOW][LEDGER_CATEGORY_SPEND], false), no_weight());
	}
	to->explanation = explanations.list;
	to->n_explanation = explanations.count;
}

static Kam__V1__GrowthRow *make_row(struct reporting *reporting, size_t index)
{
	struct call *call = reporting->call;
	const struct account_row *account = &reporting->table.rows[index];
	const struct ledger_row *row = &reporting->revenue.ledger.rows[index];
	struct row_figures figures = figures_of(reporting, index);
	Kam__V1__GrowthRow *to = arena_alloc(call->arena, sizeof *to);
	Kam__V1__GrowthFlag **flags = arena_calloc(call->arena, FLAGS, sizeof *flags);
	if (!to || !flags) {
		return NULL;
	}
	kam__v1__growth_row__init(to);
	to->account = (char *)(uintptr_t)account->name;
	to->display_name = account_text(account->display_name, call->arena);
	to->client_growth = figure_message(figures.client_growth, call->arena);
	to->our_growth = figure_message(figures.our_growth, call->arena);
	to->planned_growth = figure_message(figures.planned_growth, call->arena);
	to->revenue = ledger_money(&reporting->revenue.ledger, revenue_amount(&reporting->revenue, index, NOW));
	to->earlier_revenue = ledger_money(&reporting->revenue.ledger, revenue_amount(&reporting->revenue, index, THEN));
	to->share_of_wallet = figure_message(figures.our_share, call->arena);
	to->share_estimated = figures.estimated;
	flags[0] = client_flag(call, &figures);
	flags[1] = faster_flag(call, row, &figures);
	flags[2] = share_flag(call, row, &figures);
	to->flags = flags;
	to->n_flags = FLAGS;
	if (!flags[0] || !flags[1] || !flags[2] || !add_competitors(reporting, to, row)) {
		return NULL;
	}
	if (reporting->request->explain) {
		explain(reporting, to, index, &figures);
	}
	message_cut(schema_type_of(call->engine->schema, &kam__v1__growth_row__descriptor), &to->base, account->groups);
	return to;
}

/* ---- the answer ----------------------------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct reporting *reporting = context;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	struct figure left = ledger_figure(revenue_amount(&reporting->revenue, i, NOW), false), right =
		ledger_figure(revenue_amount(&reporting->revenue, k, NOW), false);
	if (figure_defined(left) != figure_defined(right)) {
		return figure_defined(left) ? -1 : 1;
	}
	int order = (left.value < right.value) - (left.value > right.value);
	return order ? order : (i > k) - (i < k);
}

/* Over the accounts whose revenue is known for both periods. */
struct totals {
	struct ledger_amount then, now;
	size_t counted;
	const char *reason; /* of the first that is left out; NULL where none is */
};

static struct totals sum_up(const struct revenue *revenue, size_t count)
{
	struct totals totals = {.reason = NULL};
	for (size_t i = 0; i < count; i++) {
		const struct ledger_amount *then = revenue_amount(revenue, i, THEN), *now = revenue_amount(revenue, i, NOW);
		struct figure left = ledger_figure(then, true), right = ledger_figure(now, true);
		if (figure_defined(left) && figure_defined(right)) {
			ledger_add(&totals.then, then);
			ledger_add(&totals.now, now);
			totals.counted++;
		} else if (!totals.reason) {
			totals.reason = figure_defined(left) ? right.reason : left.reason;
		}
	}
	if (totals.counted == 0) {
		totals.then.reason = totals.now.reason = totals.reason ? totals.reason : "no account matches";
	}
	return totals;
}

static struct figure growth_of_totals(const struct totals *totals)
{
	return market_growth(ledger_figure(&totals->then, true), ledger_figure(&totals->now, true));
}

static void add_totals(struct reporting *reporting)
{
	struct call *call = reporting->call;
	Kam__V1__GetGrowthResponse *report = reporting->report;
	struct totals totals = sum_up(&reporting->revenue, reporting->table.count);
	report->our_growth = figure_message(growth_of_totals(&totals), call->arena);
	report->revenue = ledger_money(&reporting->revenue.ledger, &totals.now);
	report->earlier_revenue = ledger_money(&reporting->revenue.ledger, &totals.then);
	if (totals.counted < reporting->table.count) {
		char *text = arena_printf(call->arena, "%zu of %zu accounts are left out, the first because %s", reporting->table.count - totals.counted,
		                          reporting->table.count, totals.reason);
		report->undefined_reason = text ? text : report->undefined_reason;
	}
}

static bool all_seen(const struct revenue *revenue, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (revenue->won ? revenue->deals.rows[i].hidden : revenue->ledger.rows[i].hidden) {
			return false;
		}
	}
	return true;
}

/* Ours in total, whatever was asked for. A part of it would pass for all of it, so it is for those only who see the revenue of every account; whether there
 * are accounts that the caller does not see must not show, so what their roles reach decides, not what there is. */
static bool add_company(struct reporting *reporting)
{
	struct call *call = reporting->call;
	const struct access *access = &call->engine->access;
	const char *any = "accounts/a";
	struct account_table table = reporting->table;
	struct revenue revenue = reporting->revenue;
	bool seen = decide_whatever(access, call->view, call->caller, "accounts.read", any, call->now_us) &&
	            decide_whatever(access, call->view, call->caller, call->method->permission, any, call->now_us);
	if (seen && (*reporting->request->account || *reporting->request->filter)) {
		revenue = (struct revenue){.ledger = reporting->revenue.ledger};
		revenue.ledger.table = &table;
		if (!account_table_read(call, "", &table) || !revenue_read(&revenue, reporting->revenue.basis)) {
			return false;
		}
	}
	struct totals totals = sum_up(&revenue, table.count);
	reporting->report->company_growth = figure_message(seen && all_seen(&revenue, table.count)
	                                                       ? growth_of_totals(&totals)
	                                                       : figure_none("your roles do not show you our revenue in all accounts"), call->arena);
	return reporting->report->company_growth || call_no_memory(call);
}

static bool answer(struct reporting *reporting, const struct report_page *page)
{
	struct call *call = reporting->call;
	Kam__V1__GetGrowthResponse *report = reporting->report;
	size_t count = reporting->table.count, first = page->first < count ? page->first : count;
	reporting->order = arena_calloc(call->arena, count + 1, sizeof *reporting->order);
	report->rows = arena_calloc(call->arena, page->size + 1, sizeof *report->rows);
	if (!reporting->order || !report->rows) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < count; i++) {
		reporting->order[i] = i;
	}
	qsort_r(reporting->order, count, sizeof *reporting->order, compare_rows, reporting);
	for (size_t i = first; i < count && report->n_rows < page->size; i++) {
		Kam__V1__GrowthRow *row = make_row(reporting, reporting->order[i]);
		if (!row) {
			return call_no_memory(call);
		}
		report->rows[report->n_rows++] = row;
	}
	add_totals(reporting);
	if (!add_company(reporting)) {
		return false;
	}
	report->period = (char *)(uintptr_t)reporting->revenue.ledger.windows[NOW].text;
	report->from_period = (char *)(uintptr_t)reporting->revenue.ledger.windows[THEN].text;
	report->basis = reporting->revenue.basis;
	report->currency_code = (char *)(uintptr_t)reporting->revenue.ledger.currency;
	report->account_count = (int32_t)count;
	report->revision = call->revision;
	report->next_page_token = report_page_token(call, page, first + report->n_rows, count);
	report_page_cut(call, &report->base);
	return call_reply(call, &report->base);
}

static bool read_windows(struct reporting *reporting)
{
	struct call *call = reporting->call;
	const Kam__V1__GetGrowthRequest *request = reporting->request;
	struct ledger_window *windows = reporting->revenue.ledger.windows;
	reporting->revenue.ledger.windows_count = LEDGER_WINDOWS;
	if (!ledger_window(call, &reporting->basis, "period", request->period, &windows[NOW]) || !ledger_next(call, &windows[NOW], &windows[NEXT])) {
		return false;
	}
	if (!*request->from_period) {
		return ledger_year_before(call, &windows[NOW], &windows[THEN]);
	}
	if (!ledger_window(call, &reporting->basis, "from_period", request->from_period, &windows[THEN])) {
		return false;
	}
	if (strlen(windows[THEN].text) != strlen(windows[NOW].text) || !strchr(windows[THEN].text, 'Q') != !strchr(windows[NOW].text, 'Q')) {
		return status_field(call->status, "from_period", "%s and %s are not of the same length; growth compares like with like", windows[THEN].text,
		                    windows[NOW].text);
	}
	return windows[THEN].end_day <= windows[NOW].first_day || status_field(call->status, "from_period", "%s does not lie before %s", windows[THEN].text,
	                                                                       windows[NOW].text);
}

static bool get_growth(struct call *call)
{
	const Kam__V1__GetGrowthRequest *request = (const void *)call->request;
	Kam__V1__GetGrowthResponse report = KAM__V1__GET_GROWTH_RESPONSE__INIT;
	struct reporting reporting = {.call = call, .request = request, .report = &report};
	struct report_page page;
	struct ledger *ledger = &reporting.revenue.ledger;
	if (!report_page_read(call, request->page_size, LIMIT_PAGE_SIZE_DEFAULT, request->page_token, &page) || !basis_read(call, &reporting.basis) ||
	    !read_windows(&reporting) ||
	    !ledger_open(ledger, call, &reporting.basis, &reporting.table, request->currency_code) ||
	    !(*request->account ? account_table_one(call, "account", request->account, &reporting.table)
	      : account_table_read(call, request->filter, &reporting.table))) {
		return false;
	}
	return revenue_read(&reporting.revenue, request->basis) && add_alignment(&reporting) && answer(&reporting, &page);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetGrowth", get_growth, NULL}};

const struct domain domain_growth_report = {NULL, 0, methods, 1};
