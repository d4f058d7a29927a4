/* SPDX-License-Identifier: Apache-2.0
 *
 * Alignment of a round that is closed: support of each account, overlap of the ballots, over all and by level, and the rounds before it.
 */
#include "kam/v1/alignment.pb-c.h"

#include "common/schema/wire.h"
#include "kam/v1/account.pb-c.h"
#include "server/domain/domain.h"
#include "server/domain/explanation.h"
#include "server/domain/grow.h"
#include "server/domain/market.h"
#include "server/domain/round_alignment.h"

#include <stdio.h>
#include <stdlib.h>

enum { FORMULA_VERSION = 1, LEVELS = 3 };

#define LEVEL(name) KAM__V1__PARTICIPANT_LEVEL__PARTICIPANT_LEVEL_##name

struct reporting {
	struct call *call;
	struct arena *arena;
	const Kam__V1__Round *round;
	struct basis basis;
	struct round_alignment alignment;
	struct explanations explanations;
	Kam__V1__Alignment *report;
	bool explain;
};

/* ---- accounts ------------------------------------------------------------------------------------------------------------------------- */

/* What one account got: named and ranks over all, and named by level. */
struct tally {
	size_t named, ranks, by_level[LEVELS + 1];
};

static const struct tally *count_votes(struct reporting *reporting, size_t ret_voters[LEVELS + 1])
{
	const struct round_ballots *ballots = &reporting->alignment.ballots;
	struct tally *tallies = arena_calloc(reporting->arena, ballots->accounts_count + 1, sizeof *tallies);
	for (size_t i = 0; tallies && i < ballots->count; i++) {
		const struct agreement_ballot *ballot = &ballots->ballots[i];
		ret_voters[ballot->level]++;
		for (size_t k = 0; k < ballot->count; k++) {
			struct tally *tally = &tallies[ballot->items[k]];
			tally->named++;
			tally->ranks += k + 1;
			tally->by_level[ballot->level]++;
		}
	}
	return tallies;
}

static struct figure share(size_t part, size_t whole, const char *reason)
{
	return figures_ratio(figure_of((double)part), figure_of((double)whole), reason);
}

static char *display_name(struct reporting *reporting, const char *account)
{
	const Kam__V1__Account *message = (const void *)call_read_message(reporting->call, account);
	return message ? message->display_name : (char *)(uintptr_t)"";
}

static int compare_support(const void *a, const void *b)
{
	const Kam__V1__AccountSupport *left = *(Kam__V1__AccountSupport *const *)a, *right = *(Kam__V1__AccountSupport *const *)b;
	if (left->named_count != right->named_count) {
		return left->named_count < right->named_count ? 1 : -1;
	}
	int order = (left->mean_rank->value > right->mean_rank->value) - (left->mean_rank->value < right->mean_rank->value);
	return order ? order : strcmp(left->account, right->account);
}

static bool add_accounts(struct reporting *reporting)
{
	const struct round_ballots *ballots = &reporting->alignment.ballots;
	Kam__V1__Alignment *report = reporting->report;
	size_t voters[LEVELS + 1] = {0};
	const struct tally *tallies = count_votes(reporting, voters);
	report->accounts = arena_calloc(reporting->arena, ballots->accounts_count + 1, sizeof *report->accounts);
	for (size_t i = 0; tallies && report->accounts && i < ballots->accounts_count; i++) {
		const struct tally *tally = &tallies[i];
		Kam__V1__AccountSupport *support = arena_alloc(reporting->arena, sizeof *support);
		if (!support) {
			return false;
		}
		kam__v1__account_support__init(support);
		support->account = (char *)(uintptr_t)ballots->accounts[i];
		support->display_name = display_name(reporting, ballots->accounts[i]);
		support->named_count = (int32_t)tally->named;
		support->support = figure_message(share(tally->named, ballots->count, "no ballot was cast"), reporting->arena);
		support->mean_rank = figure_message(share(tally->ranks, tally->named, "no ballot names it"), reporting->arena);
		support->executive_support =
			figure_message(share(tally->by_level[LEVEL(EXECUTIVE)], voters[LEVEL(EXECUTIVE)], "no executive cast a ballot"), reporting->arena);
		support->middle_management_support = figure_message(
			share(tally->by_level[LEVEL(MIDDLE_MANAGEMENT)], voters[LEVEL(MIDDLE_MANAGEMENT)], "nobody of middle management cast a ballot"), reporting->arena);
		support->splits = agreement_splits(tally->named, ballots->count);
		if (!support->mean_rank) {
			return false;
		}
		report->accounts[report->n_accounts++] = support;
	}
	if (report->n_accounts > 0) {
		qsort(report->accounts, report->n_accounts, sizeof *report->accounts, compare_support);
	}
	return report->accounts != NULL;
}

/* ---- voters ----------------------------------------------------------------------------------------------------------------------------- */

static bool add_voters(struct reporting *reporting)
{
	const struct round_alignment *alignment = &reporting->alignment;
	Kam__V1__Alignment *report = reporting->report;
	size_t count = alignment->ballots.count;
	report->voters = arena_calloc(reporting->arena, count + 1, sizeof *report->voters);
	for (size_t i = 0; report->voters && i < count; i++) {
		Kam__V1__AlignmentVoter *voter = arena_alloc(reporting->arena, sizeof *voter);
		if (!voter) {
			return false;
		}
		kam__v1__alignment_voter__init(voter);
		voter->user = (char *)(uintptr_t)alignment->ballots.users[i];
		voter->level = (Kam__V1__ParticipantLevel)alignment->ballots.ballots[i].level;
		voter->named_count = (int32_t)alignment->ballots.ballots[i].count;
		voter->mean_overlap = figure_message(agreement_of_one(alignment->overlaps, count, i), reporting->arena);
		voter->overlaps = alignment->overlaps + i * count;
		voter->n_overlaps = count;
		report->voters[report->n_voters++] = voter;
	}
	size_t furthest = agreement_furthest(alignment->overlaps, count);
	if (furthest < count) {
		report->furthest = (char *)(uintptr_t)alignment->ballots.users[furthest];
		report->furthest_text = arena_printf(reporting->arena, "%s overlaps with the others by %.0f %% on average, all ballots among each other by %.0f %%",
		                                     report->furthest,
		                                     100 * agreement_of_one(alignment->overlaps, count, furthest).value,
			100 * agreement_mean(alignment->overlaps, count).value);
	}
	return report->voters && report->furthest_text;
}

static bool add_missing(struct reporting *reporting)
{
	const struct round_ballots *ballots = &reporting->alignment.ballots;
	Kam__V1__Alignment *report = reporting->report;
	report->missing = arena_calloc(reporting->arena, reporting->round->n_participants + 1, sizeof *report->missing);
	for (size_t i = 0; report->missing && i < reporting->round->n_participants; i++) {
		char *user = reporting->round->participants[i]->user;
		bool cast = false;
		for (size_t k = 0; k < ballots->count && !cast; k++) {
			cast = strcmp(ballots->users[k], user) == 0;
		}
		if (!cast) {
			report->missing[report->n_missing++] = user;
		}
	}
	report->participant_count = (int32_t)reporting->round->n_participants;
	report->ballot_count = (int32_t)ballots->count;
	return report->missing != NULL;
}

/* ---- levels ----------------------------------------------------------------------------------------------------------------------------- */

static bool add_levels(struct reporting *reporting)
{
	const struct round_alignment *alignment = &reporting->alignment;
	Kam__V1__Alignment *report = reporting->report;
	report->levels = arena_calloc(reporting->arena, LEVELS * LEVELS, sizeof *report->levels);
	for (int level = 1; report->levels && level <= LEVELS; level++) {
		for (int other = level; other <= LEVELS; other++) {
			Kam__V1__LevelAlignment *row = arena_alloc(reporting->arena, sizeof *row);
			int pairs;
			if (!row) {
				return false;
			}
			kam__v1__level_alignment__init(row);
			struct figure overlap = agreement_levels(alignment->overlaps, alignment->ballots.ballots, alignment->ballots.count, level, other, &pairs);
			row->level = (Kam__V1__ParticipantLevel)level;
			row->other_level = (Kam__V1__ParticipantLevel)other;
			row->pair_count = pairs;
			row->overlap = figure_message(overlap, reporting->arena);
			report->levels[report->n_levels++] = row;
		}
	}
	return report->levels != NULL;
}

static void add_cross(struct reporting *reporting)
{
	const struct round_alignment *alignment = &reporting->alignment;
	Kam__V1__Alignment *report = reporting->report;
	report->cross_overlap = figure_message(alignment->cross, reporting->arena);
	report->threshold = round_alignment_threshold(&reporting->basis);
	report->misaligned = market_misaligned(alignment->cross, report->threshold) == FLAG_UP;
	if (report->misaligned) {
		char *text = arena_printf(reporting->arena,
		                          "The lists of executives and middle management overlap by %.0f %%, less than %.0f %%: they do not mean the same key accounts",
		                          100 * alignment->cross.value, 100 * report->threshold);
		report->misaligned_text = text ? text : report->misaligned_text;
	}
}

/* ---- the trend ---------------------------------------------------------------------------------------------------------------------------- */

struct rounds {
	struct reporting *reporting;
	const Kam__V1__Round **list;
	size_t count;
};

static bool visit_round(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct rounds *rounds = context;
	const Kam__V1__Round *round = (const void *)message, *of = rounds->reporting->round;
	(void)groups, (void)scratch;
	bool before = round->year < of->year || (round->year == of->year && basis_time_us(round->open_time) <= basis_time_us(of->open_time));
	if (strcmp(name, of->name) != 0 && (round->state < KAM__V1__ROUND_STATE__ROUND_STATE_CLOSED || !before)) {
		return true;
	}
	const Kam__V1__Round **list = grow_array(call->arena, rounds->list, rounds->count, sizeof *list);
	const Kam__V1__Round *copy = (const void *)call_read_message(call, name);
	if (!list || !copy) {
		return status_ok(call->status) && call_no_memory(call);
	}
	rounds->list = list;
	list[rounds->count++] = copy;
	return true;
}

static int compare_rounds(const void *a, const void *b)
{
	const Kam__V1__Round *left = *(const Kam__V1__Round *const *)a, *right = *(const Kam__V1__Round *const *)b;
	if (left->year != right->year) {
		return left->year < right->year ? -1 : 1;
	}
	int64_t left_us = basis_time_us(left->open_time), right_us = basis_time_us(right->open_time);
	return left_us != right_us ? (left_us < right_us ? -1 : 1) : strcmp(left->name, right->name);
}

static bool add_trend(struct reporting *reporting)
{
	struct rounds rounds = {.reporting = reporting};
	Kam__V1__Alignment *report = reporting->report;
	if (!call_each(reporting->call, "rounds", visit_round, &rounds)) {
		return false;
	}
	qsort(rounds.list, rounds.count, sizeof *rounds.list, compare_rounds);
	report->trend = arena_calloc(reporting->arena, rounds.count + 1, sizeof *report->trend);
	for (size_t i = 0; report->trend && i < rounds.count; i++) {
		Kam__V1__RoundAlignment *point = arena_alloc(reporting->arena, sizeof *point);
		struct round_alignment alignment;
		if (!point || !round_alignment_read(reporting->call, rounds.list[i], &alignment)) {
			return false;
		}
		kam__v1__round_alignment__init(point);
		point->round = rounds.list[i]->name;
		point->year = rounds.list[i]->year;
		point->ballot_count = (int32_t)alignment.ballots.count;
		point->overlap = figure_message(alignment.overlap, reporting->arena);
		point->cross_overlap = figure_message(alignment.cross, reporting->arena);
		report->trend[report->n_trend++] = point;
	}
	return report->trend != NULL;
}

/* ---- the method ----------------------------------------------------------------------------------------------------------------------------- */

static void explain(struct reporting *reporting, struct figure concordance)
{
	const struct round_alignment *alignment = &reporting->alignment;
	size_t count = alignment->ballots.count;
	struct explanations *explanations = &reporting->explanations;
	explain_figure(explanations, "overlap", "mean over all pairs of ballots of accounts on both / accounts on either", FORMULA_VERSION, alignment->overlap,
	               reporting->round->name);
	for (size_t i = 0; i < count; i++) {
		explain_input(explanations, alignment->ballots.users[i], alignment->ballots.names[i], agreement_of_one(alignment->overlaps, count, i), no_weight());
	}
	explain_figure(explanations, "concordance", "12 S / (m^2 (n^3 - n) - m sum(t^3 - t)), S the squares by which rank sums are off their mean",
	               FORMULA_VERSION, concordance,
	               reporting->round->name);
	explain_input(explanations, "ballots (m)", NULL, figure_of((double)count), no_weight());
	explain_input(explanations, "accounts named (n)", NULL, figure_of((double)alignment->ballots.accounts_count), no_weight());
	explain_figure(explanations, "cross_overlap", "the same mean over pairs of an executive's and a middle manager's ballot", FORMULA_VERSION,
	               alignment->cross, reporting->round->name);
	explain_input(explanations, "misaligned below", "programme", figure_of(reporting->report->threshold), no_weight());
	reporting->report->explanation = explanations->list;
	reporting->report->n_explanation = explanations->count;
}

static bool get_alignment(struct call *call)
{
	const Kam__V1__GetAlignmentRequest *request = (const void *)call->request;
	Kam__V1__Alignment report = KAM__V1__ALIGNMENT__INIT;
	struct reporting reporting = {.call = call, .arena = call->arena, .explanations = {.call = call}, .report = &report};
	struct decision decision;
	if (!round_alignment_allowed(call, request->name, &decision)) {
		return false;
	}
	reporting.round = (const void *)call_read_message(call, request->name);
	if (!reporting.round || reporting.round->delete_time) {
		return status_ok(call->status) && call_not_found(call, request->name);
	}
	if (!basis_read(call, &reporting.basis) || !round_alignment_read(call, reporting.round, &reporting.alignment)) {
		return false;
	}
	const struct round_ballots *ballots = &reporting.alignment.ballots;
	struct figure concordance = agreement_concordance(ballots->ballots, ballots->count, ballots->accounts_count, call->arena);
	report.round = reporting.round->name;
	report.title = reporting.round->title;
	report.state = reporting.round->state;
	report.revision = call->revision;
	report.overlap = figure_message(reporting.alignment.overlap, call->arena);
	report.concordance = figure_message(concordance, call->arena);
	if (!add_missing(&reporting) || !add_accounts(&reporting) || !add_voters(&reporting) || !add_levels(&reporting) || !add_trend(&reporting)) {
		return status_ok(call->status) ? call_no_memory(call) : false;
	}
	add_cross(&reporting);
	if (request->explain) {
		explain(&reporting, concordance);
	}
	message_cut(call->method->output, &report.base, decision.groups);
	return call_reply(call, &report.base);
}

static const struct method_row methods[] = {{"/kam.v1.ChoiceService/GetAlignment", get_alignment, NULL}};

const struct domain domain_alignment_report = {NULL, 0, methods, 1};
