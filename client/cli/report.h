/* SPDX-License-Identifier: Apache-2.0
 *
 * report.h - commands that show a report: one method, what stands behind the words, what is listed, what is drawn.
 *
 * Their flags are the fields of the method's request, as with commands on resources; a row here says only what the contract cannot.
 */
#pragma once

#include "client/cli/cli.h"
#include "client/cli/picture.h"
#include "kam/v1/standard.pb-c.h"

struct report {
	const char *method;           /* its path */
	const char *places;           /* field of the request that what stands behind the words fills; repeated: all of it. NULL: none */
	const char *rows;             /* field of the answer that csv, jsonl, wide and --columns list */
	const char *name;             /* field of a row that -o name prints; of the answer, where rows have none of that name */
	const struct option *options; /* beside those of the request, for `fill` and `print` */
	size_t options_count;
	/* Fills what flags of the request cannot; NULL: nothing. */
	bool (*fill)(struct cli *cli, ProtobufCMessage *request, struct status *st);
	/* Describes the answer; NULL: the report has no drawing. Texts and arrays go into cli->arena. */
	void (*draw)(struct cli *cli, const ProtobufCMessage *reply, struct picture *picture);
	/* Prints it as a table, where it has no drawing. */
	bool (*print)(struct cli *cli, const ProtobufCMessage *reply, struct status *st);
	bool prints_csv; /* csv is what `print` prints too: its lines are finer than the rows */
};

extern const struct report portfolio_report, matrix_report, alignment_report, growth_report, gap_report, impact_report, whitespace_report, candidates_report,
	backtest_report, score_report, map_report, scorecard_report, proposals_report;

bool report_run(struct cli *cli, struct status *st);
/* The row with its flags; the row itself, where it shows no report. */
const struct command *report_command(struct cli *cli, const struct command *row);
/* Whether -o svg prints anything. */
bool report_draws(const struct command *command);

/* ---- for those who draw -------------------------------------------------------------------------------------------------------------------------- */

/* In cli->arena; never NULL. */
const char *report_text(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What people call it, or the last part of its name. */
const char *report_label(const char *display_name, const char *name);
/* "undefined: why". */
const char *report_undefined(struct cli *cli, const Kam__V1__Figure *figure);
/* "63.15 %", "+12.00 %", "7.25"; where undefined, that and why. */
const char *report_percent(struct cli *cli, const Kam__V1__Figure *figure);
const char *report_signed_percent(struct cli *cli, const Kam__V1__Figure *figure);
const char *report_number(struct cli *cli, const Kam__V1__Figure *figure, int decimals);
/* Units with their fraction; 0 where NULL. */
double report_amount(const Kam__V1__Money *money);
/* A bar from 0 to the figure. */
struct picture_row report_row(const char *label, const Kam__V1__Figure *figure, const char *text, enum picture_tone tone);
/* The widest of `low` and `high` and of what the rows reach, for a scale that all fit. */
void report_scale(const struct picture_row *rows, size_t count, double *low, double *high);
