/* SPDX-License-Identifier: Apache-2.0
 *
 * The financials of an account come one after the other. They are gathered as slips, one for each period, and entered into the account's row when the next
 * account begins.
 */
#include "server/domain/ledger.h"

#include "common/base/clock.h"
#include "common/schema/rules.h"
#include "kam/v1/financials.pb-c.h"
#include "server/domain/grow.h"

#include <stdio.h>

enum { PARTS_YEAR = 4, PARTS_QUARTER = 3 };

/* One period of financials. */
struct slip {
	const char *name;
	int64_t first_day, end_day;
	const char *partial;
	bool has[LEDGER_FIELDS];
	struct amount amounts[LEDGER_FIELDS];
	const char *missing[LEDGER_FIELDS]; /* no rate */
	struct slip_competitor {
		const char *name;
		struct amount amount;
		const char *missing;
		bool estimated;
	} *competitors;
	size_t competitors_count;
	int our_rank, supplier_count;
};

struct gathering {
	struct ledger *ledger;
	size_t row; /* table->count: none yet */
	struct slip *slips;
	size_t count;
	struct arena arena; /* of the account's slips */
};

/* ---- periods --------------------------------------------------------------------------------------------------------------------------- */

bool ledger_open(struct ledger *ledger, struct call *call, const struct basis *basis, struct account_table *table, const char *asked_currency)
{
	ledger->call = call;
	ledger->basis = basis;
	ledger->table = table;
	ledger->currency = *asked_currency ? asked_currency : basis->programme->reporting_currency;
	return *ledger->currency || status_fail(call->status, STATUS_FAILED_PRECONDITION, "NO_CURRENCY",
	                                     "currency_code: the programme has no reporting currency yet; say which currency to report in");
}

bool ledger_window(struct call *call, const struct basis *basis, const char *field, const char *asked, struct ledger_window *ret_window)
{
	int year, month, date;
	const char *text = asked;
	if (!*asked) {
		clock_day_of(basis->today, &year, &month, &date);
		text = arena_printf(call->arena, "%04d", year - 1);
	}
	*ret_window = (struct ledger_window){.text = text};
	if (!text) {
		return call_no_memory(call);
	}
	return rules_period(text, &ret_window->first_day, &ret_window->end_day) ||
	       status_field(call->status, field, "\"%.20s\" is not a year, quarter or month: 2026, 2026-Q3, 2026-07", text);
}

/* The period whose first day is `years` and `months` after that of another of the same kind. */
static bool moved(struct call *call, const struct ledger_window *window, int years, int months, struct ledger_window *ret_window)
{
	int year, month, date;
	size_t size = strlen(window->text);
	clock_day_of(window->first_day, &year, &month, &date);
	int index = year * 12 + month - 1 + years * 12 + months;
	year = index / 12;
	month = index % 12 + 1;
	const char *text = size == 4 ? arena_printf(call->arena, "%04d", year)
	                   : strchr(window->text, 'Q') ? arena_printf(call->arena, "%04d-Q%d", year, (month - 1) / 3 + 1)
	                                               : arena_printf(call->arena, "%04d-%02d", year, month);
	*ret_window = (struct ledger_window){.text = text};
	if (!text) {
		return call_no_memory(call);
	}
	return rules_period(text, &ret_window->first_day, &ret_window->end_day) ||
	       status_field(call->status, "period", "there is no such period before or after %.20s", window->text);
}

bool ledger_year_before(struct call *call, const struct ledger_window *window, struct ledger_window *ret_window)
{
	return moved(call, window, -1, 0, ret_window);
}

bool ledger_next(struct call *call, const struct ledger_window *window, struct ledger_window *ret_window)
{
	int months = strlen(window->text) == 4 ? 12 : strchr(window->text, 'Q') ? 3 : 1;
	return moved(call, window, 0, months, ret_window);
}

/* ---- amounts ------------------------------------------------------------------------------------------------------------------------------ */

bool ledger_convert(const struct ledger *ledger, const Kam__V1__Money *money, int64_t day, struct amount *ret_amount, const char **ret_missing)
{
	const char *currency;
	int year, month, date;
	double rate;
	*ret_amount = amount_of(money);
	*ret_missing = NULL;
	if (strcmp(money->currency_code, ledger->currency) == 0) {
		return true;
	}
	if (!rates_find(ledger->rates, money->currency_code, ledger->currency, day, &rate, &currency)) {
		clock_day_of(day, &year, &month, &date);
		*ret_missing = arena_printf(ledger->call->arena, "no exchange rate for %.8s on %04d-%02d-%02d", currency, year, month, date);
	} else if (!amount_scale(*ret_amount, rate, ret_amount)) {
		*ret_missing = "the amount is too large";
	} else {
		return true;
	}
	*ret_missing = *ret_missing ? *ret_missing : "no exchange rate";
	return false;
}

struct figure ledger_figure(const struct ledger_amount *amount, bool whole)
{
	if (amount->reason || (whole && amount->partial)) {
		return figure_none(amount->reason ? amount->reason : amount->partial);
	}
	return figure_of(amount_number(amount->amount));
}

Kam__V1__Money *ledger_money(const struct ledger *ledger, const struct ledger_amount *amount)
{
	return amount->reason ? NULL : amount_message(amount->amount, ledger->currency, ledger->call->arena);
}

void ledger_add(struct ledger_amount *sum, const struct ledger_amount *more)
{
	sum->reason = sum->reason ? sum->reason : more->reason;
	sum->partial = sum->partial ? sum->partial : more->partial;
	sum->source = sum->source ? sum->source : more->source;
	if (!sum->reason && !amount_add(&sum->amount, more->amount)) {
		sum->reason = "the sum is too large";
	}
}

/* ---- slips into rows -------------------------------------------------------------------------------------------------------------------------- */

static const struct slip *find_slip(const struct gathering *gathering, int64_t first_day, int64_t end_day)
{
	for (size_t i = 0; i < gathering->count; i++) {
		if (gathering->slips[i].first_day == first_day && gathering->slips[i].end_day == end_day) {
			return &gathering->slips[i];
		}
	}
	return NULL;
}

/* What a slip says of a field, or of a competitor. */
static struct ledger_amount take(const struct slip *slip, int field, const char *competitor)
{
	struct ledger_amount amount = {.partial = slip->partial, .source = slip->name};
	for (size_t i = 0; competitor && i < slip->competitors_count; i++) {
		if (strcmp(slip->competitors[i].name, competitor) == 0) {
			amount.amount = slip->competitors[i].amount;
			amount.reason = slip->competitors[i].missing;
			return amount;
		}
	}
	if (competitor || !slip->has[field]) {
		amount.reason = "it is not entered in the financials";
		return amount;
	}
	amount.amount = slip->amounts[field];
	amount.reason = slip->missing[field];
	return amount;
}

/* A period from its slip and the slips of its parts. `parts`: 4 quarters of a year, 3 months of a quarter, 0. */
static struct ledger_amount sum_period(const struct gathering *gathering, struct ledger_window window, int parts, int field, const char *competitor)
{
	const struct slip *slip = find_slip(gathering, window.first_day, window.end_day);
	struct ledger_amount own = slip ? take(slip, field, competitor) : (struct ledger_amount){.reason = "there are no financials of the period"};
	struct ledger_amount sum = {.reason = NULL};
	const char *unknown = NULL;
	char text[32], lacking[32] = "";
	int found = 0, year, month, date;
	clock_day_of(window.first_day, &year, &month, &date);
	for (int i = 0; i < parts; i++) {
		struct ledger_window part = {.text = text};
		if (parts == PARTS_YEAR) {
			snprintf(text, sizeof text, "%04d-Q%d", year, i + 1);
		} else {
			snprintf(text, sizeof text, "%04d-%02d", year, month + i);
		}
		rules_period(text, &part.first_day, &part.end_day);
		struct ledger_amount amount = sum_period(gathering, part, parts == PARTS_YEAR ? PARTS_QUARTER : 0, field, competitor);
		if (amount.source) {
			found++;
			ledger_add(&sum, &amount);
		} else if (!*lacking) {
			memcpy(lacking, text, sizeof lacking);
		}
	}
	if (found == 0 || ((sum.reason || *lacking) && !own.reason)) {
		return own;
	}
	if (*lacking && !sum.reason) {
		unknown = arena_printf(gathering->ledger->call->arena, "there are no financials of %s", lacking);
		sum.reason = unknown ? unknown : "a part of the period is missing";
	}
	return sum;
}

static int parts_of(const struct ledger_window *window)
{
	return strlen(window->text) == 4 ? PARTS_YEAR : strchr(window->text, 'Q') ? PARTS_QUARTER : 0;
}

static bool add_competitor(struct gathering *gathering, struct ledger_row *row, const struct slip_competitor *from)
{
	struct ledger *ledger = gathering->ledger;
	for (struct ledger_competitor *known = row->competitors; known; known = known->next) {
		if (strcmp(known->name, from->name) == 0) {
			known->estimated = known->estimated || from->estimated;
			return true;
		}
	}
	struct ledger_competitor *competitor = arena_calloc(ledger->call->arena, 1, sizeof *competitor);
	if (!competitor || !(competitor->name = arena_strdup(ledger->call->arena, from->name))) {
		return call_no_memory(ledger->call);
	}
	competitor->estimated = from->estimated;
	for (size_t w = 0; w < ledger->windows_count; w++) {
		competitor->amounts[w] = sum_period(gathering, ledger->windows[w], parts_of(&ledger->windows[w]), 0, from->name);
	}
	competitor->next = row->competitors;
	row->competitors = competitor;
	return true;
}

/* The slips of one account are all there. */
static bool enter(struct gathering *gathering)
{
	struct ledger *ledger = gathering->ledger;
	if (gathering->row == ledger->table->count) {
		return true;
	}
	struct ledger_row *row = &ledger->rows[gathering->row];
	for (size_t w = 0; w < ledger->windows_count; w++) {
		for (int field = 0; field < LEDGER_FIELDS; field++) {
			row->amounts[w][field] = sum_period(gathering, ledger->windows[w], parts_of(&ledger->windows[w]), field, NULL);
		}
	}
	ledger->any_revenue = ledger->any_revenue || !row->amounts[0][LEDGER_REVENUE].reason;
	for (size_t i = 0; i < gathering->count; i++) {
		const struct slip *slip = &gathering->slips[i];
		bool within = slip->first_day >= ledger->windows[0].first_day && slip->end_day <= ledger->windows[0].end_day;
		if (within && slip->our_rank > 0 && slip->supplier_count > 0) {
			row->our_rank = slip->our_rank;
			row->supplier_count = slip->supplier_count;
		}
		for (size_t k = 0; k < slip->competitors_count; k++) {
			if (!add_competitor(gathering, row, &slip->competitors[k])) {
				return false;
			}
		}
	}
	gathering->count = 0;
	gathering->slips = NULL;
	arena_reset(&gathering->arena);
	return true;
}

/* ---- financials into slips ----------------------------------------------------------------------------------------------------------------------- */

/* What a slip leaves out of its period: as entered, or because the period is not over. */
static const char *partial_of(struct gathering *gathering, const Kam__V1__Financials *financials, int64_t end_day)
{
	struct arena *arena = gathering->ledger->call->arena;
	const char *text = NULL;
	if (*financials->covered_from) {
		text = arena_printf(arena, "the figures of %s begin on %s", financials->period, financials->covered_from);
	} else if (*financials->covered_until) {
		text = arena_printf(arena, "the figures of %s end on %s", financials->period, financials->covered_until);
	} else if (end_day > gathering->ledger->basis->today + 1) {
		text = arena_printf(arena, "%s is not over", financials->period);
	}
	return text;
}

static void fill_amount(struct gathering *gathering, struct slip *slip, int field, const Kam__V1__Money *money)
{
	if (money) {
		slip->has[field] = true;
		ledger_convert(gathering->ledger, money, slip->end_day - 1, &slip->amounts[field], &slip->missing[field]);
	}
}

static void add_renewal(struct ledger *ledger, struct ledger_row *row, const Kam__V1__Financials *financials, int64_t day)
{
	struct amount renewed = {0}, up;
	const char *missing = NULL;
	if (!financials->up_for_renewal) {
		return;
	}
	bool known = ledger_convert(ledger, financials->up_for_renewal, day, &up, &missing) &&
	             (!financials->renewed || ledger_convert(ledger, financials->renewed, day, &renewed, &missing));
	if (known) {
		row->renewed += amount_number(renewed);
		row->up_for_renewal += amount_number(up);
	} else {
		row->rates_missing = missing;
	}
}

static bool fill_slip(struct gathering *gathering, struct slip *slip, const Kam__V1__Financials *financials)
{
	struct arena *arena = &gathering->arena;
	slip->name = arena_strdup(gathering->ledger->call->arena, financials->name);
	slip->partial = partial_of(gathering, financials, slip->end_day);
	fill_amount(gathering, slip, LEDGER_REVENUE, financials->revenue);
	fill_amount(gathering, slip, LEDGER_COST_OF_GOODS, financials->cost_of_goods);
	fill_amount(gathering, slip, LEDGER_COST_TO_SERVE, financials->cost_to_serve);
	fill_amount(gathering, slip, LEDGER_CLIENT_REVENUE, financials->client_revenue);
	fill_amount(gathering, slip, LEDGER_CATEGORY_SPEND, financials->category_spend);
	fill_amount(gathering, slip, LEDGER_PLANNED, financials->planned_revenue);
	slip->our_rank = financials->our_rank;
	slip->supplier_count = financials->supplier_count;
	slip->competitors = arena_calloc(arena, financials->n_competitor_revenues + 1, sizeof *slip->competitors);
	for (size_t i = 0; slip->competitors && i < financials->n_competitor_revenues; i++) {
		const Kam__V1__CompetitorRevenue *from = financials->competitor_revenues[i];
		struct slip_competitor *to = &slip->competitors[slip->competitors_count++];
		to->name = arena_strdup(arena, from->competitor);
		to->estimated = from->estimated;
		if (!to->name || (from->revenue && !ledger_convert(gathering->ledger, from->revenue, slip->end_day - 1, &to->amount, &to->missing) && !to->missing)) {
			return false;
		}
	}
	return slip->competitors && slip->name;
}

static bool visit(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct gathering *gathering = context;
	struct ledger *ledger = gathering->ledger;
	const Kam__V1__Financials *financials = (const void *)message;
	size_t row = account_table_find(ledger->table, name);
	struct slip slip = {0};
	(void)scratch;
	if (row == ledger->table->count || !(groups & 1u << GROUP_FINANCIAL) || ledger->rows[row].hidden ||
	    !rules_period(financials->period, &slip.first_day, &slip.end_day)) {
		return true;
	}
	if (row != gathering->row && !enter(gathering)) {
		return false;
	}
	gathering->row = row;
	add_renewal(ledger, &ledger->rows[row], financials, slip.end_day - 1);
	struct slip *slips = grow_array(&gathering->arena, gathering->slips, gathering->count, sizeof slip);
	if (!slips || !fill_slip(gathering, &slip, financials)) {
		return call_no_memory(call);
	}
	gathering->slips = slips;
	slips[gathering->count++] = slip;
	return true;
}

bool ledger_read(struct ledger *ledger)
{
	struct call *call = ledger->call;
	struct account_table *table = ledger->table;
	struct gathering gathering = {.ledger = ledger, .row = table->count};
	ledger->rows = arena_calloc(call->arena, table->count + 1, sizeof *ledger->rows);
	if (!ledger->rows || !rates_read(ledger->basis->programme, call->arena, &ledger->rates)) {
		return call_no_memory(call);
	}
	for (size_t i = 0; i < table->count; i++) {
		struct ledger_row *row = &ledger->rows[i];
		struct decision financials = call_decide(call, "financials.read", table->rows[i].name, (struct bytes){0});
		row->hidden = !financials.allowed || !(financials.groups & table->rows[i].groups & 1u << GROUP_FINANCIAL);
		for (size_t w = 0; w < LEDGER_WINDOWS; w++) {
			for (int field = 0; field < LEDGER_FIELDS; field++) {
				row->amounts[w][field].reason = row->hidden ? HIDDEN_REASON : "there are no financials of the period";
			}
		}
	}
	const char *pattern = table->count == 1 ? arena_printf(call->arena, "%s/financials", table->rows[0].name) : "accounts/-/financials";
	arena_init(&gathering.arena, LIMIT_CALL_ARENA_BYTES);
	bool ok = (pattern || call_no_memory(call)) && call_each(call, pattern, visit, &gathering) && enter(&gathering);
	arena_done(&gathering.arena);
	return ok;
}
