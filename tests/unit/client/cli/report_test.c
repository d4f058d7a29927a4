/* SPDX-License-Identifier: Apache-2.0
 *
 * What reports draw of an answer: figures, what is undefined with its reason, and nothing of nothing. Answers are written as JSON, as a server would send them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/report.h"
#include "common/schema/json.h"
#include "tests/unit/client/cli/fixture.h"

#include <stdio.h>
#include <stdlib.h>

static int set_up_terminal(void **state)
{
	terminal_look(&cli.terminal);
	cli.terminal = (struct terminal){.width = 78};
	return set_up(state);
}

/* The places stand for what stood behind the command. */
static void describe(const struct report *report, const char *type_name, const char *json, size_t places, struct picture *ret_picture)
{
	const struct schema_type *type = schema_type_find(cli.schema, type_name);
	struct status st;
	static const char *const words[] = {"acme", "bolt"};
	status_init(&st);
	assert_non_null(type);
	assert_true(args_parse(NULL, 0, words, places, &cli.arena, &cli.args, &st));
	ProtobufCMessage *reply = json_read(cli.schema, type, bytes_of(json), &cli.arena, &st);
	if (!reply) {
		print_error("%s\n", st.message);
	}
	assert_non_null(reply);
	picture_init(ret_picture, &cli.arena, "");
	report->draw(&cli, reply, ret_picture);
}

static const char *drawn(const struct report *report, const char *type_name, const char *json, size_t places)
{
	struct picture picture;
	struct buf text, svg;
	describe(report, type_name, json, places, &picture);
	buf_init(&text, &cli.arena);
	buf_init(&svg, &cli.arena);
	picture_print_text(&picture, &cli.terminal, &text);
	picture_print_svg(&picture, &svg);
	assert_false(svg.failed);
	assert_null(strstr(buf_text(&svg), "nan\""));
	struct buf narrow;
	buf_init(&narrow, &cli.arena);
	picture_print_text(&picture, &(struct terminal){.width = 60}, &narrow);
	for (const char *line = buf_text(&narrow); *line; line += strcspn(line, "\n") + 1) {
		const char *alone = arena_strndup(&cli.arena, line, strcspn(line, "\n"));
		if (text_width(alone) > 60) {
			print_error("%s\n", alone);
			fail();
		}
	}
	if (getenv("KAM_TEST_SHOW")) {
		printf("%s", buf_text(&text));
	}
	return buf_text(&text);
}

static void assert_has(const char *text, const char *const *parts)
{
	for (; *parts; parts++) {
		if (!strstr(text, *parts)) {
			print_error("\"%s\" is not in:\n%s", *parts, text);
			fail();
		}
	}
}

#define HAS(text, ...) assert_has((text), (const char *const[]){__VA_ARGS__, NULL})

static const struct {
	const struct report *report;
	const char *type;
} all[] = {
	{&matrix_report, "kam.v1.Matrix"},         {&alignment_report, "kam.v1.Alignment"},
	{&growth_report, "kam.v1.GetGrowthResponse"},    {&gap_report, "kam.v1.Gap"},
	{&impact_report, "kam.v1.Impact"},         {&whitespace_report, "kam.v1.GetWhitespaceResponse"},
	{&candidates_report, "kam.v1.GetCandidatesResponse"}, {&backtest_report, "kam.v1.Backtest"},
	{&score_report, "kam.v1.ScoreExplanation"},
};

static void an_empty_answer_is_drawn(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		assert_true(strlen(drawn(all[i].report, all[i].type, "{}", 0)) > 0);
		assert_true(strlen(drawn(all[i].report, all[i].type, "{}", 1)) > 0);
	}
}

static void matrix(void **state)
{
	(void)state;
	const char *text = drawn(&matrix_report, "kam.v1.Matrix",
	                         "{\"points\": ["
	                         "{\"account\": \"accounts/acme\", \"displayName\": \"Acme\", \"phase\": \"PHASE_KEY\", \"attractiveness\": {\"value\": 7.25}, \"strength\": {\"value\": 8},"
	                         " \"quadrant\": \"MATRIX_QUADRANT_INVEST\", \"revenue\": {\"currencyCode\": \"EUR\", \"units\": \"1200000\"},"
	                         " \"earlierAttractiveness\": {\"value\": 6}, \"earlierStrength\": {\"value\": 4}},"
	                         "{\"account\": \"accounts/bolt\", \"attractiveness\": {\"undefinedReason\": \"nobody scored it\"}, \"strength\": {\"value\": 2},"
	                         " \"unrankedReason\": \"60 % of the weight of attractiveness is scored, 70 % are needed\"}],"
	                         "\"quadrants\": [{\"quadrant\": \"MATRIX_QUADRANT_INVEST\", \"accountCount\": 1}, {\"accountCount\": 1}],"
	                         "\"accountCount\": 2, \"rankedCount\": 1, \"criteriaSet\": \"criteriaSets/2026\", \"attractivenessCut\": 5.5, \"strengthCut\": 5.5, \"period\": \"2025\","
	                         "\"currencyCode\": \"EUR\"}",
	                         0);
	HAS(text, "Attractiveness and strength of 2 accounts by criteriaSets/2026", "invest 1, not ranked 1", "Acme  7.2 / 8.0  1,200,000 EUR  key  was 6.0 / 4.0",
	    "bolt is not ranked: 60 % of the weight", "\xE2\x97\x8B", "revenue of 2025 in EUR");
}

static void alignment(void **state)
{
	(void)state;
	const char *text = drawn(&alignment_report, "kam.v1.Alignment",
	                         "{\"round\": \"rounds/2026\", \"title\": \"Key accounts\", \"participantCount\": 4, \"ballotCount\": 3, \"missing\": [\"users/dora\"],"
	                         "\"accounts\": [{\"account\": \"accounts/acme\", \"namedCount\": 3, \"support\": {\"value\": 1}},"
	                         "{\"account\": \"accounts/bolt\", \"namedCount\": 2, \"support\": {\"value\": 0.6667}, \"splits\": true}],"
	                         "\"overlap\": {\"value\": 0.4}, \"levels\": [{\"level\": \"PARTICIPANT_LEVEL_EXECUTIVE\", \"otherLevel\": \"PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT\","
	                         "\"pairCount\": 2, \"overlap\": {\"value\": 0.3}}], \"concordance\": {\"undefinedReason\": \"the ballots differ in length\"},"
	                         "\"voters\": [{\"user\": \"users/anna\", \"meanOverlap\": {\"value\": 0.5}, \"overlaps\": [1, 0.5, 0.25]},"
	                         "{\"user\": \"users/bert\", \"meanOverlap\": {\"value\": 0.4}, \"overlaps\": [0.5, 1, 0]},"
	                         "{\"user\": \"users/carl\", \"meanOverlap\": {\"value\": 0.1}, \"overlaps\": [0.25, 0, 1]}],"
	                         "\"furthest\": \"users/carl\", \"furthestText\": \"Carl is furthest from the rest\", \"threshold\": 0.5, \"misaligned\": true,"
	                         "\"misalignedText\": \"Executives and middle management overlap by 30 %\","
	                         "\"trend\": [{\"round\": \"rounds/2025\", \"ballotCount\": 2, \"overlap\": {\"value\": 0.2}},"
	                         "{\"round\": \"rounds/2026\", \"ballotCount\": 3, \"overlap\": {\"value\": 0.4}}]}",
	                         1);
	HAS(text, "Key accounts (rounds/2026)", "3 of 4 cast a ballot; not: dora", "! Executives and middle management overlap by 30 %", "undefined: the ballots differ in length",
	    "executive and middle management", "66.67 %  2 of 3, splits the room", " 3 carl", "2025", "across levels \xE2\x80\x93, 3 ballots");
}

static void growth(void **state)
{
	static const char reply[] = "{\"rows\": [{\"account\": \"accounts/acme\", \"displayName\": \"Acme\", \"clientGrowth\": {\"value\": -0.1}, \"ourGrowth\": {\"value\": 0.25},"
	                            "\"plannedGrowth\": {\"undefinedReason\": \"no planned revenue\"}, \"competitors\": [{\"competitor\": \"competitors/rival\", \"growth\": {\"value\": 0.5},"
	                            "\"shareOfWallet\": {\"value\": 0.3}, \"estimated\": true}], \"shareOfWallet\": {\"value\": 0.2},"
	                            "\"flags\": [{\"kind\": \"GROWTH_FLAG_KIND_COMPETITOR_GROWS_FASTER\", \"state\": \"FLAG_STATE_UP\", \"text\": \"Rival grows by 50 %, we by 25 %\"},"
	                            "{\"kind\": \"GROWTH_FLAG_KIND_CLIENT_SHRINKS\", \"state\": \"FLAG_STATE_UNKNOWN\", \"text\": \"No plan says whether it counts on growth\"}]}],"
	                            "\"ourGrowth\": {\"value\": 0.1}, \"companyGrowth\": {\"value\": 0.15}, \"period\": \"2025\", \"fromPeriod\": \"2024\", \"accountCount\": 1}";
	(void)state;
	HAS(drawn(&growth_report, "kam.v1.GetGrowthResponse", reply, 1), "we in total", "+15.00 %", "Growth at Acme from 2024 to 2025", "-10.00 %", "+25.00 %", "undefined: no planned revenue", "+50.00 % (estimated)",
	    "! Rival grows by 50 %", "No plan says");
	HAS(drawn(&growth_report, "kam.v1.GetGrowthResponse", reply, 0), "Growth from 2024 to 2025 in 1 account\n", "+25.00 %  client -10.00 %  1 flag", "all accounts", "+10.00 %");
}

static void gap(void **state)
{
	(void)state;
	const char *text = drawn(&gap_report, "kam.v1.Gap",
	                         "{\"account\": \"accounts/acme\", \"criteriaSet\": \"criteriaSets/2026\", \"meanGap\": {\"value\": 3}, \"threshold\": 2, \"alarm\": true, \"criteria\": ["
	                         "{\"criterion\": \"fit\", \"title\": \"Product fit\", \"axis\": \"CRITERION_AXIS_STRENGTH\", \"ours\": {\"value\": 8}, \"clients\": {\"value\": 5}, \"gap\": {\"value\": 3}},"
	                         "{\"criterion\": \"trust\", \"axis\": \"CRITERION_AXIS_STRENGTH\", \"ours\": {\"value\": 8}, \"gap\": {\"undefinedReason\": \"the client did not score it\"}}]}",
	                         1);
	HAS(text, "acme in our eyes and in theirs", "Mean gap: 3; alarm from 2.0 on", "! We think better", "+3.0  we 8.0, they 5.0", "trust        undefined: the client did not score it");
}

static void impact(void **state)
{
	(void)state;
	const char *text = drawn(&impact_report, "kam.v1.Impact",
	                         "{\"rows\": [{\"account\": \"accounts/acme\", \"revenue\": {\"currencyCode\": \"USD\", \"units\": \"341455\"}, \"share\": {\"value\": 0.0341}}],"
	                         "\"totals\": {\"revenue\": {\"currencyCode\": \"USD\", \"units\": \"341455\"}, \"share\": {\"value\": 0.0341}, \"undefinedReason\": \"acme has no cost to serve\"},"
	                         "\"portfolioRevenue\": {\"currencyCode\": \"USD\", \"units\": \"10005534\"}, \"before\": {\"index\": {\"value\": 3800}, \"accountCount\": 3},"
	                         "\"after\": {\"index\": {\"undefinedReason\": \"no account is left\"}, \"topShare\": {\"value\": 1}}, \"topCount\": 5}",
	                         1);
	HAS(text, "What losing 1 account would cost, all time", "Lost: 3.41 % of our revenue of 10,005,534 USD", "Margin: \xE2\x80\x93\n", "Undefined: acme has no cost to serve", "3800 of 10000, 3 accounts",
	    "undefined: no account is left", "Share of the 5 largest");
}

static void whitespace(void **state)
{
	static const char reply[] = "{\"rows\": [{\"account\": \"accounts/acme\", \"cells\": ["
	                            "{\"unit\": \"Plant A\", \"product\": \"products/pump\", \"holder\": \"WHITESPACE_HOLDER_US\", \"whitespace\": {\"currencyCode\": \"EUR\", \"units\": \"120000\"}},"
	                            "{\"unit\": \"Plant B\", \"product\": \"products/pump\", \"holder\": \"WHITESPACE_HOLDER_NOT_APPLICABLE\"},"
	                            "{\"unit\": \"Plant C\", \"product\": \"products/seal\", \"holder\": \"WHITESPACE_HOLDER_US\", \"spend\": {\"currencyCode\": \"EUR\", \"units\": \"900\"}},"
	                            "{\"unit\": \"Plant B\", \"product\": \"products/valve\", \"holder\": \"WHITESPACE_HOLDER_COMPETITOR\", \"whitespace\": {\"currencyCode\": \"EUR\", \"units\": \"1500000\"}}],"
	                            "\"penetration\": {\"value\": 0.5}, \"soldCount\": 1, \"addressableCount\": 2}], \"accountCount\": 1, \"currencyCode\": \"EUR\"}";
	(void)state;
	HAS(drawn(&whitespace_report, "kam.v1.GetWhitespaceResponse", reply, 1), "Whitespace of acme in EUR", "120 k u", "1.5 M c", "n/a", "(900) u", "Penetration 50.00 %: we sell in 1 of 2 cells");
	HAS(drawn(&whitespace_report, "kam.v1.GetWhitespaceResponse", reply, 0), "Whitespace of 1 account in EUR", "1.5 M", "120 k", "(900)");
}

static void candidates_backtest_and_score(void **state)
{
	(void)state;
	HAS(drawn(&candidates_report, "kam.v1.GetCandidatesResponse",
	          "{\"rows\": [{\"account\": \"accounts/acme\", \"verdict\": \"CANDIDATE_VERDICT_CANDIDATE\", \"text\": \"It passes both gates\", \"attractiveness\": {\"value\": 7.5}}],"
	          "\"segments\": [{\"kind\": \"SEGMENT_KIND_VOLUME\", \"label\": \"A\", \"accountCount\": 3, \"keyCount\": 1, \"share\": {\"value\": 0.8}}], \"accountCount\": 9}",
	          0),
	    "Pass the gates, and are no key accounts", "acme: It passes both gates", "80.00 %  3 accounts, 1 key");
	HAS(drawn(&backtest_report, "kam.v1.Backtest",
	          "{\"criteria\": [{\"criterion\": \"fit\", \"correlation\": {\"value\": -0.42}, \"accountCount\": 12, \"text\": \"fit foretold the opposite\"},"
	          "{\"criterion\": \"size\", \"correlation\": {\"undefinedReason\": \"fewer than 3 accounts have both\"}}]}",
	          0),
	    "-0.42  12 accounts", "size  undefined: fewer than 3 accounts have both", "fit foretold the opposite");
	HAS(drawn(&score_report, "kam.v1.ScoreExplanation",
	          "{\"account\": \"accounts/acme\", \"sinceRevision\": \"12\", \"axes\": [{\"axis\": \"CRITERION_AXIS_ATTRACTIVENESS\", \"earlier\": {\"value\": 6}, \"score\": {\"value\": 7},"
	          "\"change\": {\"value\": 1}}], \"contributions\": [{\"criterion\": \"fit\", \"axis\": \"CRITERION_AXIS_ATTRACTIVENESS\", \"earlierScore\": {\"value\": 4}, \"score\": {\"value\": 6},"
	          "\"scoreEffect\": 1, \"text\": \"The score of fit rose from 4 to 6\"}], \"changed\": [{\"resource\": \"accounts/acme/assessments/x\", \"revision\": \"20\"}]}",
	          1),
	    "Why the scores of acme changed since revision 12", "Attractiveness 7, before 6: +1.00", "+1.00  4 to 6", "accounts/acme/assessments/x is new (revision 20)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_answer_is_drawn), cmocka_unit_test(matrix), cmocka_unit_test(alignment),  cmocka_unit_test(growth),
		cmocka_unit_test(gap),                      cmocka_unit_test(impact), cmocka_unit_test(whitespace), cmocka_unit_test(candidates_backtest_and_score),
	};
	return cmocka_run_group_tests(tests, set_up_terminal, tear_down);
}
