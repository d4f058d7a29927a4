/* SPDX-License-Identifier: Apache-2.0
 *
 * GetPortfolio: all matching accounts are read and summed, for the totals and shares need them; then sorted by the rows that the caller sees, so that the order betrays
 * nothing hidden; and one page of them is answered. Later pages are of the first one's revision and moment.
 */
#include "server/domain/portfolio.h"

#include "common/schema/rules.h"
#include "server/domain/domain.h"

#include <stdlib.h>

struct sorted {
	struct bytes key;
	struct portfolio_account *account;
};

/* Where a page begins: behind this row. */
struct position {
	struct bytes key;
	const char *name; /* NULL: at the beginning */
};

/* ---- order ---------------------------------------------------------------------------------------------------------------------- */

static int compare_position(const struct sorted *row, struct bytes key, const char *name)
{
	int order = bytes_compare(row->key, key);
	return order ? order : strcmp(row->account->name, name);
}

static int compare_sorted(const void *a, const void *b)
{
	const struct sorted *right = b;
	return compare_position(a, right->key, right->account->name);
}

static struct sorted *sort(struct portfolio *portfolio)
{
	struct call *call = portfolio->call;
	struct sorted *rows = arena_alloc(call->arena, (portfolio->count + 1) * sizeof *rows);
	struct arena scratch;
	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	for (size_t i = 0; rows && i < portfolio->count; i++) {
		const Kam__V1__PortfolioRow *row = portfolio_row(portfolio, portfolio->accounts[i], &scratch, false);
		struct bytes key = row ? order_key(portfolio->order, &row->base, &scratch) : (struct bytes){0};
		rows[i] = (struct sorted){arena_bytes(call->arena, key), portfolio->accounts[i]};
		if (!row || scratch.overflowed || call->arena->overflowed) {
			rows = NULL;
		}
		arena_reset(&scratch);
	}
	arena_done(&scratch);
	if (rows && portfolio->count > 0) {
		qsort(rows, portfolio->count, sizeof *rows, compare_sorted);
	}
	return rows;
}

/* ---- page tokens ------------------------------------------------------------------------------------------------------------------ */

static struct bytes query_of(const struct portfolio *portfolio, uint64_t as_of)
{
	const Kam__V1__GetPortfolioRequest *request = portfolio->request;
	const char *text = arena_printf(portfolio->call->arena, "%s\n%s\n%s\n%s\n%d\n%llu", request->filter, request->order_by, request->currency_code, request->period,
	                                request->explain, (unsigned long long)as_of);
	return text ? bytes_of(text) : (struct bytes){0};
}

struct token_head {
	uint64_t revision;
	int64_t now_us;
	uint64_t key_size;
};

static const char *make_token(const struct portfolio *portfolio, uint64_t as_of, const struct sorted *last)
{
	struct call *call = portfolio->call;
	struct token_head head = {call->revision, portfolio->basis.now_us, last->key.size};
	struct buf position;
	buf_init(&position, call->arena);
	buf_add(&position, &head, sizeof head);
	buf_add(&position, last->key.data, last->key.size);
	buf_add_text(&position, last->account->name);
	return position.failed ? "" : page_token_make(call, query_of(portfolio, as_of), buf_bytes(&position));
}

/* Goes back to the revision and moment of the first page. */
static bool read_token(struct portfolio *portfolio, uint64_t as_of, struct position *ret_position, int64_t *ret_now_us)
{
	struct call *call = portfolio->call;
	struct token_head head;
	struct bytes rest;
	if (!page_token_read(call, query_of(portfolio, as_of), portfolio->request->page_token, &rest)) {
		return false;
	}
	if (rest.size < sizeof head) {
		return status_field(call->status, "page_token", "is not one that kam gave; start again without it");
	}
	memcpy(&head, rest.data, sizeof head);
	rest = (struct bytes){rest.data + sizeof head, rest.size - sizeof head};
	if (head.key_size > rest.size) {
		return status_field(call->status, "page_token", "is not one that kam gave; start again without it");
	}
	ret_position->key = (struct bytes){rest.data, (size_t)head.key_size};
	ret_position->name = arena_strndup(call->arena, (const char *)rest.data + head.key_size, rest.size - (size_t)head.key_size);
	*ret_now_us = head.now_us;
	call->revision = head.revision;
	call->as_of = as_of || head.revision != store_view_revision(call->view) ? head.revision : 0;
	return ret_position->name || basis_no_memory(call);
}

/* ---- the method -------------------------------------------------------------------------------------------------------------------- */

static bool read_request(struct portfolio *portfolio)
{
	struct call *call = portfolio->call;
	const Kam__V1__GetPortfolioRequest *request = portfolio->request;
	const struct schema_type *row = schema_type_of(call->engine->schema, &kam__v1__portfolio_row__descriptor);
	schema_groups account_groups = decide_groups(call->caller, "accounts.read", call->now_us);
	schema_groups row_groups = decide_groups(call->caller, call->method->permission, call->now_us);
	/* The largest first, for whoever may know which these are. */
	const char *order = *request->order_by ? request->order_by : row_groups & 1u << GROUP_COMMERCIAL ? "won_value desc" : "";
	portfolio->limited = *request->period;
	if (portfolio->limited && !rules_period(request->period, &portfolio->first_day, &portfolio->end_day)) {
		return status_field(call->status, "period", "\"%.20s\" is not a year, quarter or month: 2026, 2026-Q3, 2026-07", request->period);
	}
	return filter_parse(call->engine->access.account, request->filter, account_groups, call->arena, &portfolio->filter, call->status) &&
	       order_parse(row, order, row_groups, call->arena, &portfolio->order, call->status);
}

static bool read_currency(struct portfolio *portfolio)
{
	struct call *call = portfolio->call;
	if (!rates_read(portfolio->basis.programme, call->arena, &portfolio->rates)) {
		return basis_no_memory(call);
	}
	portfolio->currency = *portfolio->request->currency_code ? portfolio->request->currency_code : portfolio->basis.programme->reporting_currency;
	return *portfolio->currency || status_fail(call->status, STATUS_FAILED_PRECONDITION, "NO_CURRENCY",
	                                           "currency_code: the programme has no reporting currency yet; say which currency to report in");
}

static bool answer(struct portfolio *portfolio, uint64_t as_of, const struct position *after)
{
	struct call *call = portfolio->call;
	Kam__V1__GetPortfolioResponse response = KAM__V1__GET_PORTFOLIO_RESPONSE__INIT;
	size_t size = portfolio->request->page_size == 0 ? LIMIT_PAGE_SIZE_DEFAULT : (size_t)portfolio->request->page_size, i = 0;
	size = size > LIMIT_PAGE_SIZE_MAX ? LIMIT_PAGE_SIZE_MAX : size;
	struct sorted *rows = sort(portfolio);
	response.rows = arena_calloc(call->arena, size, sizeof *response.rows);
	while (rows && after->name && i < portfolio->count && compare_position(&rows[i], after->key, after->name) <= 0) {
		i++;
	}
	for (; rows && response.rows && i < portfolio->count && response.n_rows < size; i++) {
		Kam__V1__PortfolioRow *row = portfolio_row(portfolio, rows[i].account, call->arena, portfolio->request->explain);
		if (!row) {
			return status_ok(call->status) ? basis_no_memory(call) : false;
		}
		response.rows[response.n_rows++] = row;
	}
	response.totals = portfolio_row(portfolio, &portfolio->total, call->arena, portfolio->request->explain);
	if (!rows || !response.rows || !response.totals) {
		return status_ok(call->status) ? basis_no_memory(call) : false;
	}
	if (i < portfolio->count) {
		response.next_page_token = (char *)(uintptr_t)make_token(portfolio, as_of, &rows[i - 1]);
	}
	response.account_count = (int32_t)portfolio->count;
	response.revision = call->revision;
	response.currency_code = (char *)(uintptr_t)portfolio->currency;
	return !call->arena->overflowed ? call_reply(call, &response.base) : basis_no_memory(call);
}

static bool get_portfolio(struct call *call)
{
	struct portfolio portfolio = {.call = call, .request = (const void *)call->request};
	struct position after = {.name = NULL};
	uint64_t as_of = call->as_of;
	int64_t now_us = 0;
	if (!read_request(&portfolio) || (*portfolio.request->page_token && !read_token(&portfolio, as_of, &after, &now_us)) ||
	    !basis_read(call, &portfolio.basis)) {
		return false;
	}
	if (now_us != 0) {
		basis_set_moment(&portfolio.basis, now_us);
	}
	return read_currency(&portfolio) && portfolio_read(&portfolio) && answer(&portfolio, as_of, &after);
}

static const struct method_row methods[] = {{"/kam.v1.PortfolioService/GetPortfolio", get_portfolio, NULL}};

const struct domain domain_portfolio = {NULL, 0, methods, 1};
