/* SPDX-License-Identifier: Apache-2.0
 *
 * kam scorecard: how far each metric is attained, how that went from period to period, and whether both sides see the relationship alike.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "client/cli/noun.h"
#include "common/base/limits.h"
#include "kam/v1/scorecard.pb-c.h"

#include <stdio.h>

/* ---- which one --------------------------------------------------------------------------------------------------------------------------------- */

/* The one in force goes first: agreed, proposed, draft, superseded; then the latest. */
static int rank(const Kam__V1__Scorecard *scorecard)
{
	switch (scorecard->state) {
	case KAM__V1__SCORECARD_STATE__SCORECARD_STATE_AGREED:
		return 4;
	case KAM__V1__SCORECARD_STATE__SCORECARD_STATE_PROPOSED:
		return 3;
	case KAM__V1__SCORECARD_STATE__SCORECARD_STATE_DRAFT:
		return 2;
	default:
		return 1;
	}
}

static bool goes_before(const Kam__V1__Scorecard *one, const Kam__V1__Scorecard *other)
{
	if (rank(one) != rank(other)) {
		return rank(one) > rank(other);
	}
	int order = strcmp(one->starts_on, other->starts_on);
	return order != 0 ? order > 0 : strcmp(one->name, other->name) > 0;
}

static const char *choose_scorecard(struct cli *cli, const char *account, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.ScorecardService/ListScorecards");
	Kam__V1__ListRequest request = KAM__V1__LIST_REQUEST__INIT;
	request.parent = (char *)(uintptr_t)account;
	request.page_size = (int32_t)LIMIT_PAGE_SIZE_MAX;
	ProtobufCMessage *message;
	if (!cli_call(cli, method, &request.base, &cli->arena, &message, NULL, st)) {
		return NULL;
	}
	const Kam__V1__ListScorecardsResponse *reply = (const Kam__V1__ListScorecardsResponse *)message;
	const Kam__V1__Scorecard *chosen = NULL;
	for (size_t i = 0; i < reply->n_scorecards; i++) {
		if (!chosen || goes_before(reply->scorecards[i], chosen)) {
			chosen = reply->scorecards[i];
		}
	}
	if (!chosen) {
		status_fail(st, STATUS_NOT_FOUND, "", "%s has no scorecard that you may see; kam scorecards create makes one", account);
		return NULL;
	}
	if (reply->n_scorecards > 1) {
		notice("%zu scorecards; this is %s, --scorecard ID shows another", reply->n_scorecards, chosen->name);
	}
	return chosen->name;
}

static const char *find_scorecard(struct cli *cli, struct status *st)
{
	const char *text = args_place(&cli->args, 0), *id = args_text(&cli->args, "scorecard");
	const struct schema_resource *scorecards = schema_resource_find(cli->schema, "scorecards");
	if (schema_resource_of_name(cli->schema, text) == scorecards) {
		return text;
	}
	const char *account = name_resolve(cli, schema_resource_find(cli->schema, "accounts"), text, st);
	if (!account) {
		return NULL;
	}
	return id ? arena_printf(&cli->arena, "%s/scorecards/%s", account, id) : choose_scorecard(cli, account, st);
}

static bool fill_name(struct cli *cli, ProtobufCMessage *request, struct status *st)
{
	const char *name = find_scorecard(cli, st);
	if (name) {
		request_set_text(cli, request, "name", name);
	}
	return name != NULL;
}

/* ---- drawing ------------------------------------------------------------------------------------------------------------------------------------- */

static const char *spark(struct cli *cli, const Kam__V1__MetricReport *metric)
{
	struct buf out;
	buf_init(&out, &cli->arena);
	for (size_t i = 0; i < metric->n_attainments; i++) {
		draw_spark(&out, metric->attainments[i]->attainment);
	}
	return buf_text(&out);
}

static const char *latest(struct cli *cli, const Kam__V1__MetricReport *metric)
{
	const char *value = draw_number(metric->latest_value, 2, &cli->arena);
	const char *text = metric->latest_period[0] ? arena_printf(&cli->arena, "%s %s (%s)", value, metric->unit, metric->latest_period) : value;
	return text ? text : "";
}

static bool print_metrics(struct cli *cli, const Kam__V1__ScorecardReport *report, struct status *st)
{
	static const struct record_column columns[] = {{.name = "metric"}, {.name = "weight", .right = true}, {.name = "latest"},
	                                               {.name = "attainment", .whole = true}, {.name = "", .right = true}, {.name = "trend", .whole = true}};
	struct records *records = records_new(cli, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < report->n_metrics && records; i++) {
		const Kam__V1__MetricReport *metric = report->metrics[i];
		const char *cells[] = {
			metric->title[0] ? metric->title : metric->metric,
			arena_printf(&cli->arena, "%g", metric->weight),
			latest(cli, metric),
			draw_bar(metric->latest_attainment, 10, &cli->arena),
			draw_percent(metric->latest_attainment, &cli->arena),
			spark(cli, metric),
		};
		records_row(records, cells, NULL);
	}
	return records && records_end(records, st);
}

static bool print_trend(struct cli *cli, const Kam__V1__ScorecardReport *report, struct status *st)
{
	static const struct record_column columns[] = {{.name = "period"}, {.name = "score", .whole = true}, {.name = "", .right = true},
	                                               {.name = "we say", .right = true}, {.name = "they say", .right = true}, {.name = "gap", .right = true}};
	if (report->n_trend == 0) {
		return true;
	}
	putchar('\n');
	struct records *records = records_new(cli, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < report->n_trend && records; i++) {
		const Kam__V1__ScorecardTrend *period = report->trend[i];
		const char *cells[] = {
			period->period,
			draw_bar(period->score, 10, &cli->arena),
			draw_percent(period->score, &cli->arena),
			draw_number(period->our_rating, 1, &cli->arena),
			draw_number(period->client_rating, 1, &cli->arena),
			draw_number(period->gap, 1, &cli->arena),
		};
		records_row(records, cells, NULL);
	}
	return records && records_end(records, st);
}

static void print_agreements(struct cli *cli, const Kam__V1__ScorecardReport *report)
{
	for (size_t i = 0; i < report->n_agreements; i++) {
		const Kam__V1__SideAgreement *side = report->agreements[i];
		const char *who = side->side == KAM__V1__SIDE__SIDE_CLIENT ? "The client" : "We";
		printf("%s%s ", i == 0 ? "\n" : "", who);
		if (side->version == 0) {
			printf("signed nothing yet\n");
		} else {
			printf("signed version %d (%s, %s)%s\n", side->version, text_clean(side->signatory, &cli->arena), text_clean(side->signed_on, &cli->arena),
			       side->current ? "" : ", which is not the current one");
		}
	}
}

static void print_alarms(struct cli *cli, const Kam__V1__ScorecardReport *report)
{
	const char *red = cli->terminal.colour ? "\033[31m" : "", *plain = cli->terminal.colour ? "\033[0m" : "";
	for (size_t i = 0; i < report->n_disputed_entries; i++) {
		const Kam__V1__DisputedEntry *entry = report->disputed_entries[i];
		printf("In dispute: %s of %s, %s: %s\n", text_clean(entry->metric, &cli->arena), text_clean(entry->period, &cli->arena),
		       draw_number(entry->value, 2, &cli->arena), text_clean(entry->reason, &cli->arena));
	}
	if (report->complacency) {
		printf("%sAlarm: %s%s\n", red,
		       report->complacency_text[0] ? text_clean(report->complacency_text, &cli->arena) : "we rate the relationship well above the client", plain);
	}
}

static bool print_scorecard(struct cli *cli, const ProtobufCMessage *reply, struct status *st)
{
	const Kam__V1__ScorecardReport *report = (const Kam__V1__ScorecardReport *)reply;
	printf("%s (%s, version %d)\n", text_clean(report->title, &cli->arena), text_clean(report->scorecard, &cli->arena), report->version);
	printf("Score %s %s", draw_bar(report->score, 20, &cli->arena), draw_percent(report->score, &cli->arena));
	if (report->score && !figure_defined(report->score) && report->score->undefined_reason[0]) {
		printf(" (%s)", text_clean(report->score->undefined_reason, &cli->arena));
	}
	printf("\n\n");
	if (!print_metrics(cli, report, st) || !print_trend(cli, report, st)) {
		return false;
	}
	print_agreements(cli, report);
	print_alarms(cli, report);
	return output_check(st);
}

static const struct option scorecard_options[] = {{"scorecard", 0, OPTION_VALUE, "ID", "which scorecard, where the account has several", NULL}};

const struct report scorecard_report = {.method = "/kam.v1.ScorecardService/GetScorecardReport",
                                        .rows = "metrics",
                                        .name = "scorecard",
                                        .options = scorecard_options,
                                        .options_count = 1,
                                        .fill = fill_name,
                                        .print = print_scorecard};
