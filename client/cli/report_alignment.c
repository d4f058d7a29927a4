/* SPDX-License-Identifier: Apache-2.0
 *
 * kam alignment: how far a round agrees which accounts are key.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "kam/v1/alignment.pb-c.h"

#include <math.h>

enum { SUPPORT_SHOWN = 40, VOTERS_SHOWN = 40 };

static void note_turnout(struct cli *cli, const Kam__V1__Alignment *alignment, struct picture *picture)
{
	struct buf text;
	buf_init(&text, &cli->arena);
	buf_printf(&text, "%d of %d cast a ballot", alignment->ballot_count, alignment->participant_count);
	for (size_t i = 0; i < alignment->n_missing; i++) {
		buf_printf(&text, "%s%s", i == 0 ? "; not: " : ", ", output_last_segment(alignment->missing[i]));
	}
	picture_note(picture, buf_text(&text));
	if (alignment->misaligned) {
		picture_alarm(picture, alignment->misaligned_text);
	} else {
		picture_note(picture, alignment->misaligned_text);
	}
	picture_note(picture, alignment->furthest_text);
}

static const char *level_label(struct cli *cli, const Kam__V1__LevelAlignment *level)
{
	const char *one = output_words(cli, &level->base, "level", &cli->arena), *other = output_words(cli, &level->base, "other_level", &cli->arena);
	return strcmp(one, other) == 0 ? report_text(cli, "within %s", one[0] ? one : "other")
	                               : report_text(cli, "%s and %s", one[0] ? one : "other", other[0] ? other : "other");
}

static void draw_agreement(struct cli *cli, const Kam__V1__Alignment *alignment, struct picture *picture)
{
	struct picture_row *rows = arena_calloc(&cli->arena, alignment->n_levels + 2, sizeof *rows);
	size_t count = 0;
	if (!rows) {
		return;
	}
	rows[count++] = report_row("all", alignment->overlap, report_percent(cli, alignment->overlap), PICTURE_PLAIN);
	for (size_t i = 0; i < alignment->n_levels; i++) {
		const Kam__V1__LevelAlignment *level = alignment->levels[i];
		bool main_pair = level->level == KAM__V1__PARTICIPANT_LEVEL__PARTICIPANT_LEVEL_EXECUTIVE &&
		                 level->other_level == KAM__V1__PARTICIPANT_LEVEL__PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT;
		if (!figure_defined(level->overlap) && !main_pair) {
			continue; /* levels at which hardly anybody cast a ballot say nothing; -o json has them with the reason */
		}
		bool low = level->level != level->other_level && figure_defined(level->overlap) && level->overlap->value < alignment->threshold;
		rows[count++] = report_row(level_label(cli, level), level->overlap, report_percent(cli, level->overlap), low ? PICTURE_BAD : PICTURE_PLAIN);
	}
	rows[count++] = report_row("ranking (Kendall's W)", alignment->concordance, report_number(cli, alignment->concordance, 3), PICTURE_PLAIN);
	picture_bars(picture, &(struct picture_bars){.heading = "Overlap of ballots", .low = 0, .high = 1, .rows = rows, .count = count});
}

static void draw_support(struct cli *cli, const Kam__V1__Alignment *alignment, struct picture *picture)
{
	size_t shown = alignment->n_accounts > SUPPORT_SHOWN ? SUPPORT_SHOWN : alignment->n_accounts;
	struct picture_row *rows = arena_calloc(&cli->arena, shown + 1, sizeof *rows);
	for (size_t i = 0; rows && i < shown; i++) {
		const Kam__V1__AccountSupport *account = alignment->accounts[i];
		const char *text = report_text(cli, "%s  %d of %d%s", report_percent(cli, account->support), account->named_count, alignment->ballot_count,
		                               account->splits ? ", splits the room" : "");
		rows[i] = report_row(report_label(account->display_name, account->account), account->support, text, account->splits ? PICTURE_THEIRS : PICTURE_OURS);
	}
	picture_bars(picture, &(struct picture_bars){.heading = "Support", .low = 0, .high = 1, .rows = rows, .count = rows ? shown : 0});
	if (shown < alignment->n_accounts) {
		picture_note(picture, report_text(cli, "%zu more accounts were named; -o csv lists all", alignment->n_accounts - shown));
	}
}

/* Everybody's ballot against everybody's; past a number of people only the mean of each can be read. */
static void draw_voters(struct cli *cli, const Kam__V1__Alignment *alignment, struct picture *picture)
{
	size_t count = alignment->n_voters;
	const char **names = arena_calloc(&cli->arena, count + 1, sizeof *names);
	struct picture_row *rows = arena_calloc(&cli->arena, count + 1, sizeof *rows);
	struct picture_cell *cells = count <= VOTERS_SHOWN ? arena_calloc(&cli->arena, count * count + 1, sizeof *cells) : NULL;
	for (size_t i = 0; names && rows && i < count; i++) {
		const Kam__V1__AlignmentVoter *voter = alignment->voters[i];
		names[i] = output_last_segment(voter->user);
		rows[i] = report_row(names[i], voter->mean_overlap, report_percent(cli, voter->mean_overlap),
		                     strcmp(voter->user, alignment->furthest) == 0 ? PICTURE_BAD : PICTURE_PLAIN);
		for (size_t j = 0; cells && j < count; j++) {
			double share = j < voter->n_overlaps ? voter->overlaps[j] : -1;
			cells[i * count + j] = (struct picture_cell){.text = share >= 0 ? report_text(cli, "%.0f", share * 100) : "", .share = share, .tone = PICTURE_OURS};
		}
	}
	if (!names || !rows || count < 2) {
		return;
	}
	if (cells) {
		picture_grid(picture,
		             &(struct picture_grid){
						 .heading = "Overlap of each two, %", .rows = names, .rows_count = count, .columns = names, .columns_count = count, .cells = cells});
	} else {
		picture_bars(picture, &(struct picture_bars){.heading = "Mean overlap with the others", .low = 0, .high = 1, .rows = rows, .count = count});
	}
}

static void draw_trend(struct cli *cli, const Kam__V1__Alignment *alignment, struct picture *picture)
{
	struct picture_row *rows = arena_calloc(&cli->arena, alignment->n_trend + 1, sizeof *rows);
	for (size_t i = 0; rows && i < alignment->n_trend; i++) {
		const Kam__V1__RoundAlignment *round = alignment->trend[i];
		const char *name = output_last_segment(round->round), *cross = draw_percent(round->cross_overlap, &cli->arena);
		rows[i] =
			report_row(name, round->overlap,
		               report_text(cli, "%s, across levels %s, %d ballots", report_percent(cli, round->overlap), cross, round->ballot_count), PICTURE_PLAIN);
	}
	if (rows && alignment->n_trend > 1) {
		picture_bars(picture, &(struct picture_bars){.heading = "Round by round", .low = 0, .high = 1, .rows = rows, .count = alignment->n_trend});
	}
}

static void draw_alignment(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture)
{
	const Kam__V1__Alignment *alignment = (const Kam__V1__Alignment *)reply;
	picture->title = report_text(cli, "%s (%s): which accounts are key", alignment->title, alignment->round);
	note_turnout(cli, alignment, picture);
	draw_agreement(cli, alignment, picture);
	draw_support(cli, alignment, picture);
	draw_voters(cli, alignment, picture);
	draw_trend(cli, alignment, picture);
}

const struct report alignment_report = {
	.method = "/kam.v1.ChoiceService/GetAlignment", .places = "name", .rows = "accounts", .name = "account", .draw = draw_alignment};
