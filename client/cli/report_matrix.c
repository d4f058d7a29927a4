/* SPDX-License-Identifier: Apache-2.0
 *
 * kam matrix, kam gap: how accounts are judged, by us and by themselves.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "kam/v1/gap.pb-c.h"
#include "kam/v1/matrix.pb-c.h"

#include <math.h>

enum { UNRANKED_SHOWN = 5 };

/* ---- matrix ------------------------------------------------------------------------------------------------------------------------------------ */

static bool is_ranked(const Kam__V1__MatrixPoint *point)
{
	return point->quadrant != KAM__V1__MATRIX_QUADRANT__MATRIX_QUADRANT_UNSPECIFIED && figure_defined(point->attractiveness) && figure_defined(point->strength);
}

static enum picture_tone tone_of_phase(Kam__V1__Phase phase)
{
	switch (phase) {
	case KAM__V1__PHASE__PHASE_DEVELOPMENT:
	case KAM__V1__PHASE__PHASE_KEY:
	case KAM__V1__PHASE__PHASE_MAINTENANCE:
		return PICTURE_GOOD;
	case KAM__V1__PHASE__PHASE_CANDIDATE:
		return PICTURE_OURS;
	case KAM__V1__PHASE__PHASE_DESELECTED:
		return PICTURE_FAINT;
	default:
		return PICTURE_PLAIN;
	}
}

static const char *point_text(struct cli *cli, const Kam__V1__MatrixPoint *point, bool moved)
{
	const char *phase = output_words(cli, &point->base, "phase", &cli->arena), *revenue = draw_money(point->revenue, true, &cli->arena);
	const char *text = report_text(cli, "%.1f / %.1f  %s%s%s", point->attractiveness->value, point->strength->value, revenue, phase[0] ? "  " : "", phase);
	return moved ? report_text(cli, "%s  was %.1f / %.1f", text, point->earlier_attractiveness->value, point->earlier_strength->value) : text;
}

static size_t fill_points(struct cli *cli, const Kam__V1__Matrix *matrix, struct picture_point *points)
{
	size_t count = 0;
	double largest = 0;
	for (size_t i = 0; i < matrix->n_points; i++) {
		largest = is_ranked(matrix->points[i]) ? fmax(largest, report_amount(matrix->points[i]->revenue)) : largest;
	}
	for (size_t i = 0; i < matrix->n_points; i++) {
		const Kam__V1__MatrixPoint *point = matrix->points[i];
		if (!is_ranked(point)) {
			continue;
		}
		bool earlier = figure_defined(point->earlier_attractiveness) && figure_defined(point->earlier_strength);
		bool moved =
			earlier && (point->earlier_attractiveness->value != point->attractiveness->value || point->earlier_strength->value != point->strength->value);
		points[count++] = (struct picture_point){
			.label = report_label(point->display_name, point->account),
			.text = point_text(cli, point, moved),
			.x = point->strength->value,
			.y = point->attractiveness->value,
			.size = largest > 0 ? fmax(report_amount(point->revenue), 0) / largest : 0,
			.moved = moved,
			.from_x = moved ? point->earlier_strength->value : 0,
			.from_y = moved ? point->earlier_attractiveness->value : 0,
			.tone = tone_of_phase(point->phase),
		};
	}
	return count;
}

static void note_quadrants(struct cli *cli, const Kam__V1__Matrix *matrix, struct picture *picture)
{
	struct buf text;
	buf_init(&text, &cli->arena);
	for (size_t i = 0; i < matrix->n_quadrants; i++) {
		const Kam__V1__QuadrantTotal *total = matrix->quadrants[i];
		const char *name = output_words(cli, &total->base, "quadrant", &cli->arena);
		buf_printf(&text, "%s%s %d", i == 0 ? "" : ", ", name[0] ? name : "not ranked", total->account_count);
	}
	picture_note(picture, buf_text(&text));
}

static void note_unranked(struct cli *cli, const Kam__V1__Matrix *matrix, struct picture *picture)
{
	size_t unranked = 0;
	for (size_t i = 0; i < matrix->n_points; i++) {
		const Kam__V1__MatrixPoint *point = matrix->points[i];
		if (!is_ranked(point) && unranked++ < UNRANKED_SHOWN) {
			const char *reason = point->unranked_reason[0] ? point->unranked_reason : "its scores are hidden from you";
			picture_note(picture, report_text(cli, "%s is not ranked: %s", report_label(point->display_name, point->account), reason));
		}
	}
	if (unranked > UNRANKED_SHOWN) {
		picture_note(picture, report_text(cli, "%zu more are not ranked; -o csv says why of each", unranked - UNRANKED_SHOWN));
	}
}

static void draw_matrix(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture)
{
	const Kam__V1__Matrix *matrix = (const Kam__V1__Matrix *)reply;
	struct picture_point *points = arena_calloc(&cli->arena, matrix->n_points + 1, sizeof *points);
	const char *basis = output_words(cli, reply, "basis", &cli->arena);
	picture->title = report_text(cli, "Attractiveness and strength of %d account%s by %s, revenue of %s", matrix->account_count,
	                             matrix->account_count == 1 ? "" : "s", matrix->criteria_set, matrix->period);
	if (!points) {
		return;
	}
	note_quadrants(cli, matrix, picture);
	picture_scatter(picture, &(struct picture_scatter){
								 .heading = "",
								 .x_title = "strength",
								 .y_title = "attractiveness",
								 .size_title = report_text(cli, "revenue of %s in %s%s%s", matrix->period, matrix->currency_code, basis[0] ? ", by " : "", basis),
								 .low = 1,
								 .high = 10,
								 .x_cut = matrix->strength_cut,
								 .y_cut = matrix->attractiveness_cut,
								 .quadrants = {"develop", "invest", "keep lean", "maintain"},
								 .points = points,
								 .count = fill_points(cli, matrix, points),
							 });
	note_unranked(cli, matrix, picture);
}

const struct report matrix_report = {.method = "/kam.v1.ChoiceService/GetMatrix", .rows = "points", .name = "account", .draw = draw_matrix};

/* ---- gap --------------------------------------------------------------------------------------------------------------------------------------- */

static struct picture_row gap_row(struct cli *cli, const Kam__V1__Gap *gap, const Kam__V1__GapCriterion *criterion)
{
	struct picture_row row = {.label = criterion->title[0] ? criterion->title : criterion->criterion};
	row.defined = figure_defined(criterion->ours) && figure_defined(criterion->clients) && figure_defined(criterion->gap);
	if (!row.defined) {
		row.text = report_undefined(cli, criterion->gap);
		return row;
	}
	row.from = criterion->clients->value;
	row.to = criterion->ours->value;
	row.tone = criterion->gap->value >= gap->threshold ? PICTURE_BAD : PICTURE_PLAIN;
	row.text = report_text(cli, "%+.1f  we %.1f, they %.1f", criterion->gap->value, row.to, row.from);
	return row;
}

static void draw_gap(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture)
{
	static const struct {
		Kam__V1__CriterionAxis axis;
		const char *heading;
	} axes[] = {{KAM__V1__CRITERION_AXIS__CRITERION_AXIS_ATTRACTIVENESS, "Attractiveness"}, {KAM__V1__CRITERION_AXIS__CRITERION_AXIS_STRENGTH, "Strength"}};
	const Kam__V1__Gap *gap = (const Kam__V1__Gap *)reply;
	picture->title = report_text(cli, "%s in our eyes and in theirs, by %s", report_label(gap->display_name, gap->account), gap->criteria_set);
	picture_note(picture, report_text(cli, "Mean gap: %s; alarm from %.1f on", report_number(cli, gap->mean_gap, 2), gap->threshold));
	if (gap->alarm) {
		picture_alarm(picture, gap->alarm_text[0] ? gap->alarm_text : "We think better of how we stand than they do.");
	}
	for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
		struct picture_row *rows = arena_calloc(&cli->arena, gap->n_criteria + 1, sizeof *rows);
		size_t count = 0;
		for (size_t j = 0; rows && j < gap->n_criteria; j++) {
			if (gap->criteria[j]->axis == axes[i].axis) {
				rows[count++] = gap_row(cli, gap, gap->criteria[j]);
			}
		}
		picture_bars(picture, &(struct picture_bars){
								  .heading = axes[i].heading, .low = 1, .high = 10, .from_name = "the client", .to_name = "we", .rows = rows, .count = count});
	}
}

const struct report gap_report = {.method = "/kam.v1.ChoiceService/GetGap", .places = "name", .rows = "criteria", .name = "criterion", .draw = draw_gap};
