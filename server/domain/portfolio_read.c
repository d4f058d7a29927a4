/* SPDX-License-Identifier: Apache-2.0
 *
 * Three passes: accounts, deals, interactions. Deals and interactions come in the order of their accounts, so finding an account is mostly looking at the last one;
 * where few accounts match, only theirs are read.
 */
#include "server/domain/portfolio.h"

#include "common/base/clock.h"
#include "kam/v1/account.pb-c.h"
#include "kam/v1/interaction.pb-c.h"
#include "server/domain/grow.h"
#include "server/domain/names.h"

#include <stdlib.h>

enum { FEW_ACCOUNTS = 64 };

/* ---- accounts ------------------------------------------------------------------------------------------------------------------ */

static bool sees(struct call *call, const char *permission, const char *account, schema_groups groups)
{
	struct decision decision = call_decide(call, permission, account, (struct bytes){0});
	return decision.allowed && (decision.groups & groups) == groups;
}

static bool copy_texts(struct portfolio_account *to, const Kam__V1__Account *from, const char *name, struct arena *arena)
{
	to->name = arena_strdup(arena, name);
	to->display_name = arena_strdup(arena, from->display_name);
	to->tier = arena_strdup(arena, from->tier);
	to->owner = arena_strdup(arena, from->owner);
	to->executive_sponsor = arena_strdup(arena, from->executive_sponsor);
	to->region = arena_strdup(arena, from->region);
	return to->name && to->display_name && to->tier && to->owner && to->executive_sponsor && to->region;
}

static bool visit_account(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct portfolio *portfolio = context;
	(void)scratch;
	struct decision row = call_decide(call, call->method->permission, name, (struct bytes){0});
	if (!row.allowed) {
		return true;
	}
	struct portfolio_account *account = arena_calloc(call->arena, 1, sizeof *account);
	struct portfolio_account **accounts = grow_array(call->arena, portfolio->accounts, portfolio->count, sizeof(void *));
	if (!account || !accounts || !copy_texts(account, (const void *)message, name, call->arena)) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "too many accounts match: filter them");
	}
	account->phase = ((const Kam__V1__Account *)(const void *)message)->phase;
	account->groups = row.groups & groups;
	account->deals_seen = account->groups & 1u << GROUP_COMMERCIAL && sees(call, "opportunities.read", name, 1u << GROUP_COMMERCIAL);
	account->contacts_seen = sees(call, "interactions.read", name, 1u << GROUP_PUBLIC);
	portfolio->accounts = accounts;
	accounts[portfolio->count++] = account;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct portfolio_account *const *)a)->name, (*(struct portfolio_account *const *)b)->name);
}

/* The account that a name lies below, or NULL where it is not in the portfolio. */
static struct portfolio_account *find(struct portfolio *portfolio, const char *name)
{
	size_t size = name_account_size(name), low = 0, high = portfolio->count;
	if (portfolio->last && strncmp(portfolio->last->name, name, size) == 0 && portfolio->last->name[size] == '\0') {
		return portfolio->last;
	}
	while (low < high) {
		size_t middle = (low + high) / 2;
		struct portfolio_account *account = portfolio->accounts[middle];
		int order = strncmp(account->name, name, size);
		if (order == 0 && account->name[size] == '\0') {
			return portfolio->last = account;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

/* ---- deals ---------------------------------------------------------------------------------------------------------------------- */

enum deal_class portfolio_class(const struct portfolio *portfolio, const Kam__V1__Opportunity *opportunity)
{
	int64_t day;
	bool won = opportunity->stage == KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_WON;
	if (!won && opportunity->stage != KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_LOST) {
		return DEAL_OPEN;
	}
	if (portfolio->limited && (!clock_parse_date(opportunity->close_on, &day) || day < portfolio->first_day || day >= portfolio->end_day)) {
		return DEAL_NOT_COUNTED;
	}
	return won ? DEAL_WON : DEAL_LOST;
}

static const char *no_rate(const char *currency, int64_t day, struct arena *arena)
{
	int year, month, date;
	clock_day_of(day, &year, &month, &date);
	const char *text = arena_printf(arena, "no exchange rate for %.8s on %04d-%02d-%02d", currency, year, month, date);
	return text ? text : "no exchange rate";
}

bool portfolio_value(const struct portfolio *portfolio, const Kam__V1__Opportunity *opportunity, struct arena *arena, struct amount *ret_amount,
                     const char **ret_missing)
{
	const Kam__V1__Money *value = opportunity->value;
	int64_t day = portfolio->basis.today, close_day;
	const char *currency;
	double rate;
	*ret_missing = NULL;
	if (!value) {
		return false;
	}
	*ret_amount = amount_of(value);
	if (strcmp(value->currency_code, portfolio->currency) == 0) {
		return true;
	}
	if (portfolio_class(portfolio, opportunity) != DEAL_OPEN && clock_parse_date(opportunity->close_on, &close_day)) {
		day = close_day;
	}
	if (!rates_find(portfolio->rates, value->currency_code, portfolio->currency, day, &rate, &currency)) {
		*ret_missing = no_rate(currency, day, arena);
		return false;
	}
	if (!amount_scale(*ret_amount, rate, ret_amount)) {
		*ret_missing = "the amount is too large";
		return false;
	}
	return true;
}

static void add_value(struct deals *deals, struct amount amount)
{
	if (amount_add(&deals->sum, amount)) {
		deals->valued++;
	} else {
		deals->missing = "the sum is too large";
	}
}

/* Millions of deals may lack a rate: only the first reason of a sum is kept. */
static void add_deal(const struct portfolio *portfolio, struct tally *tally, const Kam__V1__Opportunity *opportunity, struct arena *scratch)
{
	enum deal_class class = portfolio_class(portfolio, opportunity);
	struct amount amount, weighted;
	const char *missing;
	if (class == DEAL_NOT_COUNTED) {
		return;
	}
	struct deals *deals = &tally->classes[class];
	deals->count++;
	tally->weighted.count += class == DEAL_OPEN;
	if (portfolio_value(portfolio, opportunity, scratch, &amount, &missing)) {
		add_value(deals, amount);
		if (class == DEAL_OPEN && opportunity->_probability_case && amount_scale(amount, opportunity->probability, &weighted)) {
			add_value(&tally->weighted, weighted);
		}
	} else if (missing && !deals->missing) {
		deals->missing = arena_strdup(portfolio->call->arena, missing);
		tally->weighted.missing = class == DEAL_OPEN ? deals->missing : tally->weighted.missing;
	}
}

static bool visit_deal(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct portfolio *portfolio = context;
	struct portfolio_account *account = find(portfolio, name);
	if (account && account->deals_seen && groups & 1u << GROUP_COMMERCIAL) {
		add_deal(portfolio, &account->tally, (const void *)message, scratch);
	}
	return !call->arena->overflowed || basis_no_memory(call);
}

static bool visit_interaction(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups,
                              struct arena *scratch)
{
	struct portfolio *portfolio = context;
	struct portfolio_account *account = find(portfolio, name);
	int64_t time_us = basis_time_us(((const Kam__V1__Interaction *)(const void *)message)->time);
	(void)call, (void)groups, (void)scratch;
	if (account && account->contacts_seen && time_us <= portfolio->basis.now_us && time_us > account->last_contact_us) {
		account->last_contact_us = time_us;
	}
	return true;
}

/* ---- sums ------------------------------------------------------------------------------------------------------------------------ */

static void merge(struct deals *sum, const struct deals *more)
{
	sum->count += more->count;
	sum->valued += more->valued;
	sum->missing = sum->missing ? sum->missing : more->missing;
	if (!amount_add(&sum->sum, more->sum)) {
		sum->missing = "the sum is too large";
	}
}

static void add_up(struct portfolio *portfolio)
{
	struct portfolio_account *total = &portfolio->total;
	total->deals_seen = portfolio->count == 0;
	total->groups = portfolio->count ? 0 : decide_groups(portfolio->call->caller, portfolio->call->method->permission, portfolio->call->now_us);
	for (size_t i = 0; i < portfolio->count; i++) {
		const struct portfolio_account *account = portfolio->accounts[i];
		total->groups |= account->groups;
		total->last_contact_us = account->last_contact_us > total->last_contact_us ? account->last_contact_us : total->last_contact_us;
		if (!account->deals_seen) {
			continue;
		}
		total->deals_seen = true;
		for (int class = 0; class < DEAL_CLASSES; class++) {
			merge(&total->tally.classes[class], &account->tally.classes[class]);
		}
		merge(&total->tally.weighted, &account->tally.weighted);
	}
}

/* All of a collection, or that of each account where they are few. */
static bool visit_below(struct portfolio *portfolio, const char *collection, call_visit *visit)
{
	struct call *call = portfolio->call;
	size_t times = portfolio->count > FEW_ACCOUNTS ? 1 : portfolio->count;
	for (size_t i = 0; i < times; i++) {
		const char *parent = portfolio->count > FEW_ACCOUNTS ? "accounts/-" : portfolio->accounts[i]->name;
		const char *pattern = arena_printf(call->arena, "%s/%s", parent, collection);
		if (!pattern || !call_each(call, pattern, visit, portfolio)) {
			return status_ok(call->status) ? basis_no_memory(call) : false;
		}
	}
	return true;
}

bool portfolio_read(struct portfolio *portfolio)
{
	if (!call_each_of(portfolio->call, "accounts", portfolio->filter, visit_account, portfolio)) {
		return false;
	}
	if (portfolio->count > 0) {
		qsort(portfolio->accounts, portfolio->count, sizeof *portfolio->accounts, compare_names);
	}
	if (!visit_below(portfolio, "opportunities", visit_deal) || !visit_below(portfolio, "interactions", visit_interaction)) {
		return false;
	}
	add_up(portfolio);
	return true;
}
