/* SPDX-License-Identifier: Apache-2.0
 *
 * The questions of kam assess. They go to standard error, as all questions do; standard output has only what was written.
 */
#include "client/cli/assess.h"

#include "client/cli/draw.h"

#include <stdio.h>

enum { WIDTH_USUAL = 80, WIDTH_MAX = 100, LINE_BYTES = 1024 };

static void print_wrapped(const struct assessing *assessing, const char *lead, const char *text)
{
	struct cli *cli = assessing->cli;
	size_t width = cli->terminal.width > 0 && cli->terminal.width < WIDTH_MAX ? (size_t)cli->terminal.width : WIDTH_USUAL, indent = text_width(lead);
	struct buf out;
	if (text[0]) {
		buf_init(&out, &cli->arena);
		text_wrap(&out, text_clean(text, &cli->arena), indent, indent, width);
		fprintf(stderr, "%s%s\n", lead, buf_text(&out));
	}
}

static const char *source_words(struct cli *cli, const Kam__V1__Criterion *criterion)
{
	return output_words(cli, &criterion->base, "source", &cli->arena);
}

static void print_means(const struct assessing *assessing, const struct answer *answer)
{
	const Kam__V1__GapCriterion *means = answer->means;
	struct arena *arena = &assessing->cli->arena;
	if (means && figure_defined(means->ours)) {
		const char *spread = figure_defined(means->our_spread) ? arena_printf(arena, ", spread %s", draw_number(means->our_spread, 2, arena)) : "";
		fprintf(stderr, "  We score %s so far: mean of %d%s.\n", draw_number(means->ours, 2, arena), means->our_count, spread ? spread : "");
	}
	if (means && figure_defined(means->clients)) {
		fprintf(stderr, "  The client scores %s: mean of %d.\n", draw_number(means->clients, 2, arena), means->client_count);
	}
}

static void print_guide(const struct assessing *assessing, const struct answer *answer, size_t number)
{
	const Kam__V1__Criterion *criterion = answer->criterion;
	const char *bold = assessing->cli->terminal.error_colour ? "\033[1m" : "", *plain = bold[0] ? "\033[0m" : "";
	const char *axis = output_words(assessing->cli, &criterion->base, "axis", &assessing->cli->arena), *source = source_words(assessing->cli, criterion);
	fprintf(stderr, "\n%s%zu of %zu  %s%s (%s, weight %g)\n", bold, number, (size_t)assessing->set->n_criteria,
	        text_clean(criterion->title, &assessing->cli->arena), plain, axis, criterion->weight);
	print_wrapped(assessing, "  ", criterion->description);
	print_wrapped(assessing, "   1  ", criterion->low_guide);
	print_wrapped(assessing, "   5  ", criterion->middle_guide);
	print_wrapped(assessing, "  10  ", criterion->high_guide);
	if (source[0]) {
		fprintf(stderr, "  Its score comes from a figure (%s); leave it empty for that.\n", source);
	}
	print_means(assessing, answer);
}

/* Reads one line without its end; false at the end of input. */
static bool read_line(char *line, size_t size)
{
	if (!fgets(line, (int)size, stdin)) {
		fputc('\n', stderr);
		return false;
	}
	size_t end = strcspn(line, "\r\n");
	if (line[end] == '\0' && end + 1 == size) {
		for (int byte = getchar(); byte != '\n' && byte != EOF;) {
			byte = getchar();
		}
	}
	while (end > 0 && line[end - 1] == ' ') {
		end--;
	}
	line[end] = '\0';
	memmove(line, line + strspn(line, " "), strlen(line + strspn(line, " ")) + 1);
	return true;
}

enum step { STEP_ON, STEP_BACK, STEP_GUIDE, STEP_AGAIN };

static enum step take(struct answer *answer, const char *line)
{
	double score;
	if (line[0] == '\0') {
		return STEP_ON;
	}
	if (strcmp(line, "-") == 0) {
		return STEP_BACK;
	}
	if (strcmp(line, "?") == 0) {
		return STEP_GUIDE;
	}
	if (strcmp(line, "x") == 0) {
		answer->scored = false;
		return STEP_ON;
	}
	if (!assess_read_score(line, &score)) {
		fprintf(stderr, "  A score is a number from 1 to 10; empty goes on, x leaves it unscored, ? shows the guide, - goes back.\n");
		return STEP_AGAIN;
	}
	answer->scored = true;
	answer->score = score;
	return STEP_ON;
}

static bool stopped(struct status *st)
{
	return declined_fail(st, "the input ended before the last question; nothing was written");
}

static bool ask_all(struct assessing *assessing, struct status *st)
{
	char line[LINE_BYTES];
	bool guide = true;
	for (size_t i = 0; i < assessing->set->n_criteria;) {
		struct answer *answer = &assessing->answers[i];
		if (guide) {
			print_guide(assessing, answer, i + 1);
		}
		if (answer->scored) {
			fprintf(stderr, "Score [%g]: ", answer->score);
		} else {
			fputs("Score [none]: ", stderr);
		}
		if (!read_line(line, sizeof line)) {
			return stopped(st);
		}
		enum step step = take(answer, line);
		guide = step != STEP_AGAIN;
		i = step == STEP_ON ? i + 1 : step == STEP_BACK && i > 0 ? i - 1 : i;
	}
	return true;
}

static void print_summary(const struct assessing *assessing)
{
	const char *eyes = assessing->perspective == KAM__V1__PERSPECTIVE__PERSPECTIVE_CLIENT ? "in the client's eyes" : "in our eyes";
	struct arena *arena = &assessing->cli->arena;
	size_t widest = 0;
	fprintf(stderr, "\n%s by %s, %s:\n", text_clean(assessing->account, arena), text_clean(assessing->set->name, arena), eyes);
	for (size_t i = 0; i < assessing->set->n_criteria; i++) {
		size_t width = text_width(text_clean(assessing->answers[i].criterion->title, arena));
		widest = width > widest ? width : widest;
	}
	for (size_t i = 0; i < assessing->set->n_criteria; i++) {
		const struct answer *answer = &assessing->answers[i];
		const char *title = text_clean(answer->criterion->title, arena);
		const char *score = answer->scored                                       ? arena_printf(arena, "%g", answer->score)
		                    : source_words(assessing->cli, answer->criterion)[0] ? "from the figure"
		                                                                         : "unscored";
		fprintf(stderr, "  %s%*s  %s", title, (int)(widest - text_width(title)), "", score ? score : "");
		if (answer->was_scored && (!answer->scored || answer->was != answer->score)) {
			fprintf(stderr, ", before %g", answer->was);
		}
		fputc('\n', stderr);
	}
}

bool assess_ask(struct assessing *assessing, struct status *st)
{
	struct cli *cli = assessing->cli;
	fprintf(stderr, "%s by %s (%s). 1 to 10; empty goes on, x leaves it unscored, ? shows the guide again, - goes back. Nothing is written before the end.\n",
	        text_clean(assessing->account, &cli->arena), text_clean(assessing->set->title, &cli->arena), text_clean(assessing->set->name, &cli->arena));
	cli_on_interrupt("kam: nothing was written\n");
	if (!ask_all(assessing, st)) {
		return false;
	}
	print_summary(assessing);
	if (assess_changes(assessing) == 0) {
		return declined_fail(st, "no score was given or changed; nothing was written");
	}
	bool yes = args_given(&cli->args, "yes") ||
	           cli_confirm(cli, "yes", st, "Write %zu score%s?", assess_changes(assessing), assess_changes(assessing) == 1 ? "" : "s");
	cli_on_interrupt("%s", "");
	return yes;
}
