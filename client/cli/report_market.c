/* SPDX-License-Identifier: Apache-2.0
 *
 * kam growth, kam impact: what happens in the market, what a loss would cost.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "client/cli/noun.h"
#include "common/schema/value.h"
#include "kam/v1/growth.pb-c.h"
#include "kam/v1/impact.pb-c.h"

#include <math.h>
#include <stdlib.h>

/* ---- growth ------------------------------------------------------------------------------------------------------------------------------------ */

/* `label`: whose flag it is, where that is not clear; "" otherwise. */
static void note_flag(struct cli *cli, struct picture *picture, const char *label, const Kam__V1__GrowthFlag *flag)
{
	if (flag && flag->state == KAM__V1__FLAG_STATE__FLAG_STATE_UP) {
		picture_alarm(picture, report_text(cli, "%s%s%s", label, label[0] ? ": " : "", flag->text));
	}
}

/* Why a flag that is not up is not: of one account only, where there is room to say so. */
static void note_other_flag(struct cli *cli, struct picture *picture, const Kam__V1__GrowthFlag *flag)
{
	if (flag && flag->state != KAM__V1__FLAG_STATE__FLAG_STATE_UP) {
		picture_note(picture, report_text(cli, "%s: %s", output_words(cli, &flag->base, "kind", &cli->arena), flag->text));
	}
}

static void draw_account_growth(struct cli *cli, const Kam__V1__GetGrowthResponse *reply, const Kam__V1__GrowthRow *row, struct picture *picture)
{
	struct picture_row *rows = arena_calloc(&cli->arena, row->n_competitors + 4, sizeof *rows);
	size_t count = 0;
	double low = 0, high = 0.1;
	if (!rows) {
		return;
	}
	rows[count++] = report_row("the client", row->client_growth, report_signed_percent(cli, row->client_growth), PICTURE_PLAIN);
	rows[count++] = report_row("we there", row->our_growth, report_signed_percent(cli, row->our_growth), PICTURE_OURS);
	rows[count++] = report_row("we in our plan", row->planned_growth, report_signed_percent(cli, row->planned_growth), PICTURE_OURS);
	rows[count++] = report_row("we in total", reply->company_growth, report_signed_percent(cli, reply->company_growth), PICTURE_OURS);
	for (size_t i = 0; i < row->n_competitors; i++) {
		const Kam__V1__CompetitorGrowth *competitor = row->competitors[i];
		const char *text = report_text(cli, "%s%s", report_signed_percent(cli, competitor->growth), competitor->estimated ? " (estimated)" : "");
		rows[count++] = report_row(output_last_segment(competitor->competitor), competitor->growth, text, PICTURE_THEIRS);
	}
	report_scale(rows, count, &low, &high);
	picture_bars(picture, &(struct picture_bars){.heading = "", .low = low, .high = high, .rows = rows, .count = count});
	struct picture_row *shares = arena_calloc(&cli->arena, row->n_competitors + 1, sizeof *shares);
	if (!shares) {
		return;
	}
	const char *ours = report_text(cli, "%s%s", report_percent(cli, row->share_of_wallet), row->share_estimated ? " (estimated)" : "");
	shares[0] = report_row("we", row->share_of_wallet, ours, PICTURE_OURS);
	for (size_t i = 0; i < row->n_competitors; i++) {
		const Kam__V1__CompetitorGrowth *competitor = row->competitors[i];
		const char *text = report_text(cli, "%s%s", report_percent(cli, competitor->share_of_wallet), competitor->estimated ? " (estimated)" : "");
		shares[i + 1] = report_row(output_last_segment(competitor->competitor), competitor->share_of_wallet, text, PICTURE_THEIRS);
	}
	picture_bars(picture, &(struct picture_bars){.heading = "Share of wallet", .low = 0, .high = 1, .rows = shares, .count = row->n_competitors + 1});
}

/* One line an account. */
static void draw_growth_list(struct cli *cli, const Kam__V1__GetGrowthResponse *reply, struct picture *picture)
{
	struct picture_row *rows = arena_calloc(&cli->arena, reply->n_rows + 2, sizeof *rows);
	double low = 0, high = 0.1;
	for (size_t i = 0; rows && i < reply->n_rows; i++) {
		const Kam__V1__GrowthRow *row = reply->rows[i];
		size_t up = 0;
		for (size_t j = 0; j < row->n_flags; j++) {
			up += row->flags[j]->state == KAM__V1__FLAG_STATE__FLAG_STATE_UP;
		}
		const char *flags = up == 0 ? "" : report_text(cli, "  %zu flag%s", up, up == 1 ? "" : "s");
		const char *text = figure_defined(row->our_growth)
		                       ? report_text(cli, "%s  client %s%s", report_signed_percent(cli, row->our_growth),
		                                     figure_defined(row->client_growth) ? report_signed_percent(cli, row->client_growth) : "\xE2\x80\x93", flags)
		                       : report_text(cli, "%s%s", report_undefined(cli, row->our_growth), flags);
		rows[i] = report_row(report_label(row->display_name, row->account), row->our_growth, text, up > 0 ? PICTURE_BAD : PICTURE_OURS);
	}
	if (rows) {
		rows[reply->n_rows] = report_row("all accounts", reply->our_growth, report_signed_percent(cli, reply->our_growth), PICTURE_PLAIN);
		report_scale(rows, reply->n_rows + 1, &low, &high);
		picture_bars(picture, &(struct picture_bars){.heading = "", .low = low, .high = high, .rows = rows, .count = reply->n_rows + 1});
	}
}

static void draw_growth(struct cli *cli, const ProtobufCMessage *message, struct picture *picture)
{
	const Kam__V1__GetGrowthResponse *reply = (const Kam__V1__GetGrowthResponse *)message;
	bool one = args_places(&cli->args) == 1 && reply->n_rows == 1;
	const char *basis = output_words(cli, message, "basis", &cli->arena);
	picture->title = one ? report_text(cli, "Growth at %s from %s to %s", report_label(reply->rows[0]->display_name, reply->rows[0]->account),
	                                   reply->from_period, reply->period)
	                     : report_text(cli, "Growth from %s to %s in %d account%s", reply->from_period, reply->period, reply->account_count,
	                                   reply->account_count == 1 ? "" : "s");
	const char *revenue = one ? draw_money(reply->rows[0]->revenue, true, &cli->arena) : draw_money(reply->revenue, true, &cli->arena);
	const char *earlier = one ? draw_money(reply->rows[0]->earlier_revenue, true, &cli->arena) : draw_money(reply->earlier_revenue, true, &cli->arena);
	picture_note(picture, report_text(cli, "Our revenue, by %s: %s, before %s", basis[0] ? basis : "financials", revenue, earlier));
	picture_note(picture, reply->undefined_reason);
	note_flag(cli, picture, "", reply->alignment);
	for (size_t i = 0; i < reply->n_rows; i++) {
		for (size_t j = 0; j < reply->rows[i]->n_flags; j++) {
			note_flag(cli, picture, one ? "" : report_label(reply->rows[i]->display_name, reply->rows[i]->account), reply->rows[i]->flags[j]);
		}
	}
	if (!one) {
		draw_growth_list(cli, reply, picture);
		return;
	}
	draw_account_growth(cli, reply, reply->rows[0], picture);
	for (size_t j = 0; j < reply->rows[0]->n_flags; j++) {
		note_other_flag(cli, picture, reply->rows[0]->flags[j]);
	}
	note_other_flag(cli, picture, reply->alignment);
}

const struct report growth_report = {.method = "/kam.v1.ChoiceService/GetGrowth", .places = "account", .rows = "rows", .name = "account", .draw = draw_growth};

/* ---- impact ------------------------------------------------------------------------------------------------------------------------------------ */

static const struct option impact_options[] = {
	{"likelihood", 0, OPTION_LIST, "ACCOUNT=SHARE", "how likely the loss of one of them is within a year, 0 to 1; again for more", NULL},
};

static bool fill_likelihoods(struct cli *cli, ProtobufCMessage *request, struct status *st)
{
	const struct schema_field *field = schema_field_find(cli->command->method->input, "likelihoods");
	const char *text;
	for (size_t i = 0; (text = args_next(&cli->args, "likelihood", &i)) != NULL;) {
		const char *equals = strchr(text, '=');
		char *end = NULL;
		double likelihood = equals ? strtod(equals + 1, &end) : 0;
		if (!equals || equals == text || end == equals + 1 || *end != '\0' || !(likelihood >= 0 && likelihood <= 1)) {
			return usage_fail(st, "--likelihood %s: write ACCOUNT=SHARE with a share from 0 to 1, such as acme=0.2", text);
		}
		const char *id = arena_strndup(&cli->arena, text, (size_t)(equals - text));
		const char *account = id ? name_resolve(cli, schema_resource_find(cli->schema, "accounts"), id, st) : NULL;
		Kam__V1__LossLikelihood *loss = account ? arena_alloc(&cli->arena, sizeof *loss) : NULL;
		if (!loss) {
			return status_ok(st) ? status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory") : false;
		}
		*loss = (Kam__V1__LossLikelihood)KAM__V1__LOSS_LIKELIHOOD__INIT;
		loss->account = (char *)(uintptr_t)account;
		loss->likelihood = likelihood;
		value_set(request, field, (struct value){.kind = VALUE_MESSAGE, .message = &loss->base}, &cli->arena);
	}
	return true;
}

static void note_totals(struct cli *cli, const Kam__V1__Impact *impact, struct picture *picture)
{
	const Kam__V1__ImpactRow *totals = impact->totals;
	if (!totals) {
		return;
	}
	const struct {
		const char *what;
		const Kam__V1__Money *amount;
	} amounts[] = {{"Revenue", totals->revenue},
	               {"Margin", totals->margin},
	               {"Lifetime value", totals->lifetime_value},
	               {"Open deals", totals->open_value},
	               {"Open deals, weighted", totals->weighted_value},
	               {"Expected loss of revenue", totals->expected_loss}};
	picture_note(picture, report_text(cli, "Lost: %s of our revenue of %s", report_percent(cli, totals->share),
	                                  draw_money(impact->portfolio_revenue, true, &cli->arena)));
	for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
		picture_note(picture, report_text(cli, "%s: %s", amounts[i].what, draw_money(amounts[i].amount, true, &cli->arena)));
	}
	picture_note(picture, totals->undefined_reason[0] ? report_text(cli, "Undefined: %s", totals->undefined_reason) : "");
}

static void draw_concentration(struct cli *cli, const Kam__V1__Impact *impact, struct picture *picture)
{
	const Kam__V1__Concentration *before = impact->before, *after = impact->after;
	if (!before || !after) {
		return;
	}
	struct picture_row *index = arena_calloc(&cli->arena, 2, sizeof *index), *top = arena_calloc(&cli->arena, 2, sizeof *top);
	if (!index || !top) {
		return;
	}
	const struct {
		const char *label;
		const Kam__V1__Concentration *state;
	} states[] = {{"now", before}, {"after the loss", after}};
	for (size_t i = 0; i < 2; i++) {
		const Kam__V1__Concentration *state = states[i].state;
		bool concentrated = figure_defined(state->index) && state->index->value > 2500;
		const char *text = figure_defined(state->index)
		                       ? report_text(cli, "%s of 10000, %d accounts", draw_number(state->index, 0, &cli->arena), state->account_count)
		                       : report_undefined(cli, state->index);
		index[i] = report_row(states[i].label, state->index, text, concentrated ? PICTURE_BAD : PICTURE_PLAIN);
		top[i] = report_row(states[i].label, state->top_share, report_percent(cli, state->top_share), PICTURE_PLAIN);
	}
	picture_bars(
		picture,
		&(struct picture_bars){
			.heading = "Concentration (Herfindahl-Hirschman; above 2500 revenue is concentrated)", .low = 0, .high = 10000, .rows = index, .count = 2});
	picture_bars(picture, &(struct picture_bars){
							  .heading = report_text(cli, "Share of the %d largest", impact->top_count), .low = 0, .high = 1, .rows = top, .count = 2});
}

static void draw_impact(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture)
{
	const Kam__V1__Impact *impact = (const Kam__V1__Impact *)reply;
	struct picture_row *rows = arena_calloc(&cli->arena, impact->n_rows + 1, sizeof *rows);
	double low = 0, high = 0;
	picture->title = report_text(cli, "What losing %zu account%s would cost, %s", impact->n_rows, impact->n_rows == 1 ? "" : "s",
	                             impact->period[0] ? impact->period : "all time");
	note_totals(cli, impact, picture);
	for (size_t i = 0; rows && i < impact->n_rows; i++) {
		const Kam__V1__ImpactRow *row = impact->rows[i];
		const char *text = figure_defined(row->share)
		                       ? report_text(cli, "%s  %s", draw_percent(row->share, &cli->arena), draw_money(row->revenue, true, &cli->arena))
		                       : report_undefined(cli, row->share);
		rows[i] = report_row(report_label(row->display_name, row->account), row->share, text, PICTURE_OURS);
	}
	report_scale(rows, rows ? impact->n_rows : 0, &low, &high);
	picture_bars(picture,
	             &(struct picture_bars){.heading = "Share of our revenue", .low = low, .high = high, .rows = rows, .count = rows ? impact->n_rows : 0});
	draw_concentration(cli, impact, picture);
}

const struct report impact_report = {.method = "/kam.v1.ChoiceService/GetImpact",
                                     .places = "accounts",
                                     .rows = "rows",
                                     .name = "account",
                                     .options = impact_options,
                                     .options_count = 1,
                                     .fill = fill_likelihoods,
                                     .draw = draw_impact};
