/* SPDX-License-Identifier: Apache-2.0
 *
 * kam whitespace: a map of who has which business. Of one account its units by products, of several the accounts by products.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "kam/v1/whitespace_report.pb-c.h"

#include <math.h>

/* The sides of the map, each name once, in the order in which they come. */
struct sides {
	const char **rows, **columns;
	size_t rows_count, columns_count;
};

static size_t place_of(const char **names, size_t *count, const char *name)
{
	size_t i = 0;
	while (i < *count && strcmp(names[i], name) != 0) {
		i++;
	}
	if (i == *count) {
		names[(*count)++] = name;
	}
	return i;
}

/* "1.2 M", "340 k", "900". */
static const char *short_amount(struct cli *cli, double amount)
{
	return fabs(amount) >= 999500  ? report_text(cli, "%.1f M", amount / 1e6)
	       : fabs(amount) >= 999.5 ? report_text(cli, "%.0f k", amount / 1e3)
	                               : report_text(cli, "%.0f", amount);
}

static char holder_letter(Kam__V1__WhitespaceHolder holder)
{
	switch (holder) {
	case KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_US:
		return 'u';
	case KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_COMPETITOR:
		return 'c';
	case KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_INTERNAL:
		return 'i';
	case KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_NONE:
		return 'n';
	default:
		return '?';
	}
}

static enum picture_tone holder_tone(Kam__V1__WhitespaceHolder holder)
{
	return holder == KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_US           ? PICTURE_OURS
	       : holder == KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_COMPETITOR ? PICTURE_THEIRS
	                                                                            : PICTURE_PLAIN;
}

/* What could still be sold there, with the letter of who has the business. */
static struct picture_cell unit_cell(struct cli *cli, const Kam__V1__WhitespaceCellReport *cell, double largest)
{
	if (cell->holder == KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_NOT_APPLICABLE) {
		return (struct picture_cell){.text = "n/a", .share = -1, .tone = PICTURE_FAINT};
	}
	double amount = report_amount(cell->whitespace);
	const char *text = cell->whitespace ? short_amount(cli, amount) : cell->spend ? report_text(cli, "(%s)", short_amount(cli, report_amount(cell->spend))) : "?";
	text = report_text(cli, "%s %c", text, holder_letter(cell->holder));
	return (struct picture_cell){.text = text, .share = !cell->whitespace ? -1 : largest > 0 ? amount / largest : 0, .tone = holder_tone(cell->holder)};
}

static void add_map(struct picture *picture, const struct sides *sides, const struct picture_cell *cells)
{
	picture_grid(picture, &(struct picture_grid){.heading = "Whitespace",
	                                             .rows = sides->rows,
	                                             .rows_count = sides->rows_count,
	                                             .columns = sides->columns,
	                                             .columns_count = sides->columns_count,
	                                             .cells = cells});
}

static const char unknown_note[] = "(…) is what we sell there already, ? nothing is known: what could be sold is not entered";

static void draw_units(struct cli *cli, const Kam__V1__WhitespaceRow *row, struct picture *picture)
{
	struct sides sides = {.rows = arena_calloc(&cli->arena, row->n_cells + 1, sizeof(char *)),
	                      .columns = arena_calloc(&cli->arena, row->n_cells + 1, sizeof(char *))};
	double largest = 0;
	for (size_t i = 0; sides.rows && sides.columns && i < row->n_cells; i++) {
		place_of(sides.rows, &sides.rows_count, row->cells[i]->unit[0] ? row->cells[i]->unit : "(from deals)");
		place_of(sides.columns, &sides.columns_count, output_last_segment(row->cells[i]->product));
		largest = fmax(largest, report_amount(row->cells[i]->whitespace));
	}
	size_t all = sides.rows_count * sides.columns_count;
	struct picture_cell *cells = arena_calloc(&cli->arena, all + 1, sizeof *cells);
	for (size_t i = 0; cells && i < all; i++) {
		cells[i] = (struct picture_cell){.text = "", .share = -1};
	}
	for (size_t i = 0; cells && i < row->n_cells; i++) {
		const Kam__V1__WhitespaceCellReport *cell = row->cells[i];
		size_t at = place_of(sides.rows, &sides.rows_count, cell->unit[0] ? cell->unit : "(from deals)");
		cells[at * sides.columns_count + place_of(sides.columns, &sides.columns_count, output_last_segment(cell->product))] = unit_cell(cli, cell, largest);
	}
	if (cells) {
		add_map(picture, &sides, cells);
		picture_note(picture, "u we have the business, c a competitor, i the client itself, n nobody; n/a the unit has no use for it");
		picture_note(picture, unknown_note);
	}
}

/* Of one product in one account. */
struct sum {
	double whitespace, spend;
	bool known, sold; /* of some cell */
};

/* Accounts by products: what could still be sold of each. */
static void draw_accounts(struct cli *cli, const Kam__V1__GetWhitespaceResponse *reply, struct picture *picture)
{
	size_t most = 0;
	for (size_t i = 0; i < reply->n_rows; i++) {
		most += reply->rows[i]->n_cells;
	}
	struct sides sides = {.rows = arena_calloc(&cli->arena, reply->n_rows + 1, sizeof(char *)), .columns = arena_calloc(&cli->arena, most + 1, sizeof(char *))};
	for (size_t i = 0; sides.rows && sides.columns && i < reply->n_rows; i++) {
		sides.rows[sides.rows_count++] = report_label(reply->rows[i]->display_name, reply->rows[i]->account);
		for (size_t j = 0; j < reply->rows[i]->n_cells; j++) {
			place_of(sides.columns, &sides.columns_count, output_last_segment(reply->rows[i]->cells[j]->product));
		}
	}
	size_t all = sides.rows_count * sides.columns_count;
	struct sum *sums = arena_calloc(&cli->arena, all + 1, sizeof *sums);
	struct picture_cell *cells = arena_calloc(&cli->arena, all + 1, sizeof *cells);
	double largest = 0;
	if (!sums || !cells) {
		return;
	}
	for (size_t i = 0; i < reply->n_rows; i++) {
		for (size_t j = 0; j < reply->rows[i]->n_cells; j++) {
			const Kam__V1__WhitespaceCellReport *cell = reply->rows[i]->cells[j];
			struct sum *sum = &sums[i * sides.columns_count + place_of(sides.columns, &sides.columns_count, output_last_segment(cell->product))];
			sum->known = sum->known || cell->whitespace;
			sum->sold = sum->sold || cell->spend;
			sum->whitespace += report_amount(cell->whitespace);
			sum->spend += report_amount(cell->spend);
			largest = fmax(largest, sum->whitespace);
		}
	}
	for (size_t i = 0; i < all; i++) {
		const struct sum *sum = &sums[i];
		const char *sold = sum->sold ? report_text(cli, "(%s)", short_amount(cli, sum->spend)) : "";
		cells[i] = (struct picture_cell){.text = sum->known ? short_amount(cli, sum->whitespace) : sold, .share = -1, .tone = PICTURE_OURS};
		if (sum->known) {
			cells[i].share = largest > 0 ? sum->whitespace / largest : 0;
		}
	}
	add_map(picture, &sides, cells);
	picture_note(picture, unknown_note);
}

static void note_row(struct cli *cli, const Kam__V1__WhitespaceRow *row, struct picture *picture)
{
	const char *spend = draw_money(row->spend, true, &cli->arena), *potential = draw_money(row->potential, false, &cli->arena);
	picture_note(picture, report_text(cli, "Whitespace %s: potential %s, spend %s", draw_money(row->whitespace, true, &cli->arena), potential, spend));
	const char *counts = figure_defined(row->penetration) ? report_text(cli, ": we sell in %d of %d cells", row->sold_count, row->addressable_count) : "";
	picture_note(picture, report_text(cli, "Penetration %s%s", report_percent(cli, row->penetration), counts));
	if (row->share_of_wallet) {
		picture_note(picture, report_text(cli, "Share of wallet %s%s", report_percent(cli, row->share_of_wallet),
		                                  row->share_estimated ? " (estimated from our rank)" : ""));
	}
	picture_note(picture, row->undefined_reason);
}

static void draw_whitespace(struct cli *cli, const ProtobufCMessage *message, struct picture *picture)
{
	const Kam__V1__GetWhitespaceResponse *reply = (const Kam__V1__GetWhitespaceResponse *)message;
	if (args_places(&cli->args) == 1 && reply->n_rows == 1) {
		picture->title = report_text(cli, "Whitespace of %s in %s", report_label(reply->rows[0]->display_name, reply->rows[0]->account), reply->currency_code);
		note_row(cli, reply->rows[0], picture);
		draw_units(cli, reply->rows[0], picture);
		return;
	}
	picture->title = report_text(cli, "Whitespace of %d account%s in %s", reply->account_count, reply->account_count == 1 ? "" : "s", reply->currency_code);
	if (reply->n_rows == 0) {
		picture_note(picture, "No cell is there: kam whitespace create makes one, and --include-deals makes cells from deals won.");
		return;
	}
	if (reply->totals) {
		note_row(cli, reply->totals, picture);
	}
	draw_accounts(cli, reply, picture);
}

const struct report whitespace_report = {
	.method = "/kam.v1.ChoiceService/GetWhitespace", .places = "account", .rows = "rows", .name = "account", .draw = draw_whitespace};
