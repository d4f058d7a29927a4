/* SPDX-License-Identifier: Apache-2.0
 *
 * kam portfolio: one line an account with the figures of its deals, the totals below.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "kam/v1/portfolio.pb-c.h"

#include <stdio.h>

enum { COLUMNS = 12 };

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

static bool print_table(struct cli *cli, const ProtobufCMessage *message, struct status *st)
{
	const Kam__V1__GetPortfolioResponse *reply = (const Kam__V1__GetPortfolioResponse *)message;
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
	return output_check(st);
}

const struct report portfolio_report = {.method = "/kam.v1.PortfolioService/GetPortfolio", .rows = "rows", .name = "account", .print = print_table};
