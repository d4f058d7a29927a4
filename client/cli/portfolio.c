/* SPDX-License-Identifier: Apache-2.0
 *
 * kam portfolio: one line an account with the figures of its deals, the totals below.
 */
#include "client/cli/cli.h"

#include "client/cli/draw.h"
#include "common/base/limits.h"
#include "common/schema/value.h"
#include "kam/v1/portfolio.pb-c.h"

#include <stdio.h>

enum { COLUMNS = 12 };

/* Reads pages: one, or with --all every one, the rows of all of them in the first. */
static Kam__V1__GetPortfolioResponse *read_portfolio(struct cli *cli, const struct schema_method *method, struct status *st)
{
	Kam__V1__GetPortfolioRequest request = KAM__V1__GET_PORTFOLIO_REQUEST__INIT;
	struct {
		const char *option;
		char **field;
	} texts[] = {{"filter", &request.filter}, {"order-by", &request.order_by}, {"page-token", &request.page_token},
	             {"period", &request.period}, {"currency", &request.currency_code}};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *text = args_text(&cli->args, texts[i].option);
		if (text) {
			*texts[i].field = (char *)(uintptr_t)text;
		}
	}
	bool all = args_given(&cli->args, "all");
	int64_t size = all ? LIMIT_PAGE_SIZE_MAX : 0;
	if (!args_number(&cli->args, "page-size", 1, INT32_MAX, &size, st)) {
		return NULL;
	}
	request.page_size = (int32_t)size;
	request.explain = args_given(&cli->args, "explain");
	Kam__V1__GetPortfolioResponse *whole = NULL;
	const struct schema_field *rows = schema_field_find(method->output, "rows");
	for (;;) {
		ProtobufCMessage *message;
		if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
			return NULL;
		}
		Kam__V1__GetPortfolioResponse *page = (Kam__V1__GetPortfolioResponse *)message;
		request.page_token = page->next_page_token;
		if (!whole) {
			whole = page;
		} else {
			for (size_t i = 0; i < page->n_rows; i++) {
				value_set(&whole->base, rows, (struct value){.kind = VALUE_MESSAGE, .message = &page->rows[i]->base}, &cli->arena);
			}
			whole->next_page_token = page->next_page_token;
		}
		if (!all || page->next_page_token[0] == '\0') {
			return whole;
		}
	}
}

static void print_row(struct cli *cli, struct records *records, const Kam__V1__PortfolioRow *row, const char *name, bool total)
{
	struct arena *arena = &cli->arena;
	const char *cells[COLUMNS] = {
		name,
		output_words(cli, &row->base, "phase", &cli->arena),
		row->tier,
		output_last_segment(row->owner),
		output_last_segment(row->executive_sponsor),
		draw_money(row->won_value, false, arena),
		draw_money(row->open_value, false, arena),
		row->_won_count_case ? arena_printf(arena, "%d/%d/%d", row->won_count, row->lost_count, row->open_count) : "–",
		draw_percent(row->win_rate_by_count, arena),
		draw_percent(row->win_rate_by_value, arena),
		draw_percent(row->share_of_won, arena),
		total && !row->last_contact_time ? "" : draw_day(row->last_contact_time, arena),
	};
	records_row(records, cells, total ? "bold" : NULL);
}

/* Amounts have their currency in the heading, once. */
static const char *heading(struct cli *cli, const char *name, const char *currency)
{
	const char *text = arena_printf(&cli->arena, "%s %s", name, currency);
	return text ? text : name;
}

static bool print_table(struct cli *cli, const Kam__V1__GetPortfolioResponse *reply, struct status *st)
{
	const struct record_column columns[COLUMNS] = {
		{.name = "account"},
		{.name = "phase", .whole = true},
		{.name = "tier"},
		{.name = "owner"},
		{.name = "sponsor"},
		{.name = heading(cli, "won", reply->currency_code), .right = true},
		{.name = heading(cli, "open", reply->currency_code), .right = true},
		{.name = "won/lost/open", .right = true},
		{.name = "win rate", .right = true},
		{.name = "by value", .right = true},
		{.name = "share", .right = true},
		{.name = "last contact", .whole = true},
	};
	struct records *records = records_new(cli, columns, COLUMNS);
	if (!records) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	for (size_t i = 0; i < reply->n_rows; i++) {
		const Kam__V1__PortfolioRow *row = reply->rows[i];
		print_row(cli, records, row, row->display_name[0] ? row->display_name : row->account, false);
	}
	if (reply->totals) {
		const char *name = arena_printf(&cli->arena, "Total of %d account%s", reply->account_count, reply->account_count == 1 ? "" : "s");
		print_row(cli, records, reply->totals, name, true);
	}
	if (!records_end(records, st)) {
		return false;
	}
	if (reply->totals && reply->totals->money_undefined_reason[0]) {
		printf("Undefined: %s\n", text_clean(reply->totals->money_undefined_reason, &cli->arena));
	}
	if (reply->next_page_token[0]) {
		notice("more: --all for everything, or --page-token %s", reply->next_page_token);
	}
	return output_check(st);
}

static bool print_rows(struct cli *cli, const Kam__V1__GetPortfolioResponse *reply, struct status *st)
{
	return listing_of(cli, &kam__v1__portfolio_row__descriptor, "rows", (ProtobufCMessage *const *)reply->rows, reply->n_rows, reply->next_page_token, st);
}

bool portfolio_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.PortfolioService/GetPortfolio");
	const Kam__V1__GetPortfolioResponse *reply = read_portfolio(cli, method, st);
	if (!reply) {
		return false;
	}
	switch (cli->output.format) {
	case OUTPUT_JSON:
	case OUTPUT_YAML:
		return output_message(cli, method->output, &reply->base, st);
	case OUTPUT_NAME:
		for (size_t i = 0; i < reply->n_rows; i++) {
			printf("%s\n", text_clean(reply->rows[i]->account, &cli->arena));
		}
		return output_check(st);
	case OUTPUT_JSONL:
	case OUTPUT_CSV:
		return print_rows(cli, reply, st);
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
		break;
	}
	return cli->output.columns ? print_rows(cli, reply, st) : print_table(cli, reply, st);
}
