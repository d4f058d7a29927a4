/* SPDX-License-Identifier: Apache-2.0
 *
 * kam candidates, kam backtest, kam explain score: who should be looked at, whether the criteria are any good, why a score changed.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "kam/v1/backtest.pb-c.h"
#include "kam/v1/candidates.pb-c.h"
#include "kam/v1/score_explanation.pb-c.h"

#include <math.h>

enum { CHANGES_SHOWN = 20 };

/* ---- candidates -------------------------------------------------------------------------------------------------------------------------------- */

/* The verdict, and each gate that it does not pass. */
static const char *verdict_text(struct cli *cli, const Kam__V1__CandidateRow *row)
{
	const Kam__V1__Gate *gates[] = {row->growth, row->leverage, row->coverage};
	struct buf text;
	buf_init(&text, &cli->arena);
	buf_printf(&text, "%s: %s", report_label(row->display_name, row->account), row->text);
	for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++) {
		bool tells = gates[i] && gates[i]->text[0] &&
		             (gates[i]->state == KAM__V1__GATE_STATE__GATE_STATE_FAILED || gates[i]->state == KAM__V1__GATE_STATE__GATE_STATE_UNKNOWN);
		buf_printf(&text, "%s%s", tells ? "; " : "", tells ? gates[i]->text : "");
	}
	return buf_text(&text);
}

static void draw_verdict(struct cli *cli, const Kam__V1__GetCandidatesResponse *reply, Kam__V1__CandidateVerdict verdict, const char *heading,
                         struct picture *picture)
{
	struct picture_row *rows = arena_calloc(&cli->arena, reply->n_rows + 1, sizeof *rows);
	size_t count = 0;
	for (size_t i = 0; rows && i < reply->n_rows; i++) {
		const Kam__V1__CandidateRow *row = reply->rows[i];
		if (row->verdict == verdict) {
			const char *strength = figure_defined(row->strength) ? draw_number(row->strength, 1, &cli->arena) : "\xE2\x80\x93";
			const char *text = figure_defined(row->attractiveness)
			                       ? report_text(cli, "%.1f / %s  %s", row->attractiveness->value, strength, draw_money(row->revenue, true, &cli->arena))
			                       : report_undefined(cli, row->attractiveness);
			rows[count++] = report_row(report_label(row->display_name, row->account), row->attractiveness, text, PICTURE_OURS);
		}
	}
	picture_bars(picture, &(struct picture_bars){.heading = heading, .low = 0, .high = 10, .rows = rows, .count = count});
	for (size_t i = 0; i < reply->n_rows; i++) {
		const Kam__V1__CandidateRow *row = reply->rows[i];
		if (row->verdict == verdict && row->text[0]) {
			picture_note(picture, verdict_text(cli, row));
		}
	}
}

static void draw_segments(struct cli *cli, const Kam__V1__GetCandidatesResponse *reply, Kam__V1__SegmentKind kind, const char *heading, struct picture *picture)
{
	struct picture_row *rows = arena_calloc(&cli->arena, reply->n_segments + 1, sizeof *rows);
	size_t count = 0;
	for (size_t i = 0; rows && i < reply->n_segments; i++) {
		const Kam__V1__Segment *segment = reply->segments[i];
		if (segment->kind == kind) {
			const char *share = figure_defined(segment->share) ? draw_percent(segment->share, &cli->arena) : report_undefined(cli, segment->share);
			const char *text =
				report_text(cli, "%s  %d account%s, %d key", share, segment->account_count, segment->account_count == 1 ? "" : "s", segment->key_count);
			rows[count++] = report_row(segment->label[0] ? segment->label : "(not known)", segment->share, text, PICTURE_PLAIN);
		}
	}
	picture_bars(picture, &(struct picture_bars){.heading = heading, .low = 0, .high = 1, .rows = rows, .count = count});
}

static void draw_candidates(struct cli *cli, const ProtobufCMessage *message, struct picture *picture)
{
	const Kam__V1__GetCandidatesResponse *reply = (const Kam__V1__GetCandidatesResponse *)message;
	picture->title = report_text(cli, "Candidates among %d account%s by %s, %s", reply->account_count, reply->account_count == 1 ? "" : "s",
	                             reply->criteria_set, reply->period);
	if (reply->n_rows == 0) {
		picture_note(picture, args_given(&cli->args, "verdicts")
		                          ? "Of no account is that said."
		                          : "No account is a candidate, and none is in doubt; --verdicts UNKNOWN shows those of which data lacks to say so.");
	}
	draw_verdict(cli, reply, KAM__V1__CANDIDATE_VERDICT__CANDIDATE_VERDICT_CANDIDATE, "Pass the gates, and are no key accounts", picture);
	draw_verdict(cli, reply, KAM__V1__CANDIDATE_VERDICT__CANDIDATE_VERDICT_IN_DOUBT, "Are key accounts, and no longer pass", picture);
	draw_verdict(cli, reply, KAM__V1__CANDIDATE_VERDICT__CANDIDATE_VERDICT_CONFIRMED, "Pass the gates, and are key accounts", picture);
	draw_verdict(cli, reply, KAM__V1__CANDIDATE_VERDICT__CANDIDATE_VERDICT_NOT_A_CANDIDATE, "Do not pass", picture);
	draw_verdict(cli, reply, KAM__V1__CANDIDATE_VERDICT__CANDIDATE_VERDICT_UNKNOWN, "Data lacks to say so", picture);
	draw_segments(cli, reply, KAM__V1__SEGMENT_KIND__SEGMENT_KIND_VOLUME, "Revenue by volume (A to 80 %, B to 95 %)", picture);
	draw_segments(cli, reply, KAM__V1__SEGMENT_KIND__SEGMENT_KIND_REGION, "Revenue by region", picture);
	draw_segments(cli, reply, KAM__V1__SEGMENT_KIND__SEGMENT_KIND_COUNTRY, "Revenue by country", picture);
}

const struct report candidates_report = {.method = "/kam.v1.ChoiceService/GetCandidates", .rows = "rows", .name = "account", .draw = draw_candidates};

/* ---- backtest ---------------------------------------------------------------------------------------------------------------------------------- */

static void draw_backtest(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture)
{
	const Kam__V1__Backtest *backtest = (const Kam__V1__Backtest *)reply;
	struct picture_row *rows = arena_calloc(&cli->arena, backtest->n_criteria + 1, sizeof *rows);
	picture->title = report_text(cli, "Which criteria of %s foretold growth from %s to %s", backtest->criteria_set, backtest->from_period, backtest->period);
	picture_note(picture, "Rank correlation (Spearman) of the scores of then with growth since: 1 foretold it, 0 said nothing, -1 foretold the opposite.");
	for (size_t i = 0; rows && i < backtest->n_criteria; i++) {
		const Kam__V1__BacktestCriterion *criterion = backtest->criteria[i];
		const char *text = figure_defined(criterion->correlation) ? report_text(cli, "%+.2f  %d account%s", criterion->correlation->value,
		                                                                        criterion->account_count, criterion->account_count == 1 ? "" : "s")
		                                                          : report_undefined(cli, criterion->correlation);
		bool against = figure_defined(criterion->correlation) && criterion->correlation->value < 0;
		rows[i] = report_row(criterion->title[0] ? criterion->title : criterion->criterion, criterion->correlation, text, against ? PICTURE_BAD : PICTURE_GOOD);
	}
	picture_bars(picture, &(struct picture_bars){.heading = "", .low = -1, .high = 1, .rows = rows, .count = rows ? backtest->n_criteria : 0});
	for (size_t i = 0; i < backtest->n_criteria; i++) {
		const Kam__V1__BacktestCriterion *criterion = backtest->criteria[i];
		if (figure_defined(criterion->correlation)) {
			picture_note(picture, criterion->text);
		}
	}
}

const struct report backtest_report = {.method = "/kam.v1.ChoiceService/GetBacktest", .rows = "criteria", .name = "criterion", .draw = draw_backtest};

/* ---- explain score ----------------------------------------------------------------------------------------------------------------------------- */

static struct picture_row contribution_row(struct cli *cli, const Kam__V1__ScoreContribution *part, bool since)
{
	const char *label = part->title[0] ? part->title : part->criterion;
	if (!since) {
		const char *text = figure_defined(part->score) ? report_text(cli, "%.1f  weight %s", part->score->value, report_number(cli, part->weight, 2))
		                                               : report_undefined(cli, part->score);
		return report_row(label, part->score, text, PICTURE_OURS);
	}
	double effect = part->score_effect + part->weight_effect;
	const char *then = figure_defined(part->earlier_score) ? draw_number(part->earlier_score, 1, &cli->arena) : "\xE2\x80\x93";
	const char *now = figure_defined(part->score) ? draw_number(part->score, 1, &cli->arena) : "\xE2\x80\x93";
	const char *text = report_text(cli, "%+.2f  %s to %s", effect + 0.0, then, now);
	return (struct picture_row){.label = label, .text = text, .defined = true, .to = effect, .tone = effect < 0 ? PICTURE_BAD : PICTURE_GOOD};
}

static const char *axis_heading(struct cli *cli, const Kam__V1__AxisChange *axis, bool since)
{
	const char *name = axis->axis == KAM__V1__CRITERION_AXIS__CRITERION_AXIS_STRENGTH ? "Strength" : "Attractiveness";
	const char *score = report_number(cli, axis->score, 2), *coverage = draw_percent(axis->coverage, &cli->arena);
	if (!since) {
		return report_text(cli, "%s %s, %s of the weight scored", name, score, coverage);
	}
	const char *change = figure_defined(axis->change) ? report_text(cli, "%+.2f", axis->change->value) : report_undefined(cli, axis->change);
	return report_text(cli, "%s %s, before %s: %s", name, score, report_number(cli, axis->earlier, 2), change);
}

static void draw_axis(struct cli *cli, const Kam__V1__ScoreExplanation *explanation, const Kam__V1__AxisChange *axis, struct picture *picture)
{
	bool since = explanation->since_revision > 0;
	struct picture_row *rows = arena_calloc(&cli->arena, explanation->n_contributions + 1, sizeof *rows);
	size_t count = 0;
	double low = 0, high = since ? 0.01 : 10;
	for (size_t i = 0; rows && i < explanation->n_contributions; i++) {
		if (explanation->contributions[i]->axis == axis->axis) {
			rows[count++] = contribution_row(cli, explanation->contributions[i], since);
		}
	}
	report_scale(rows, count, &low, &high);
	picture_bars(picture, &(struct picture_bars){.heading = axis_heading(cli, axis, since), .low = low, .high = high, .rows = rows, .count = count});
	for (size_t i = 0; i < explanation->n_contributions; i++) {
		if (explanation->contributions[i]->axis == axis->axis) {
			picture_note(picture, explanation->contributions[i]->text);
		}
	}
}

static void draw_score(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture)
{
	const Kam__V1__ScoreExplanation *explanation = (const Kam__V1__ScoreExplanation *)reply;
	const char *label = report_label(explanation->display_name, explanation->account);
	picture->title = explanation->since_revision > 0 ? report_text(cli, "Why the scores of %s changed since revision %llu, by %s", label,
	                                                               (unsigned long long)explanation->since_revision, explanation->criteria_set)
	                                                 : report_text(cli, "How the scores of %s come about, by %s", label, explanation->criteria_set);
	for (size_t i = 0; i < explanation->n_axes; i++) {
		draw_axis(cli, explanation, explanation->axes[i], picture);
	}
	for (size_t i = 0; i < explanation->n_changed && i < CHANGES_SHOWN; i++) {
		const Kam__V1__InputChange *change = explanation->changed[i];
		const char *what = change->earlier_revision == 0 ? "is new" : change->revision == 0 ? "is no longer there" : "changed";
		picture_note(picture, report_text(cli, "%s %s (revision %llu)", change->resource, what,
		                                  (unsigned long long)(change->revision ? change->revision : change->earlier_revision)));
	}
	if (explanation->n_changed > CHANGES_SHOWN) {
		picture_note(picture, report_text(cli, "%zu more inputs changed; -o json lists all", explanation->n_changed - CHANGES_SHOWN));
	}
}

const struct report score_report = {
	.method = "/kam.v1.ChoiceService/ExplainScore", .places = "name", .rows = "contributions", .name = "criterion", .draw = draw_score};
