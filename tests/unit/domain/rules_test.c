/* SPDX-License-Identifier: Apache-2.0
 *
 * What the nouns refuse and what they fill in, through the real methods.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kam/v1/entry.pb-c.h"
#include "kam/v1/financials.pb-c.h"
#include "kam/v1/member.pb-c.h"
#include "kam/v1/opportunity.pb-c.h"
#include "kam/v1/rating.pb-c.h"
#include "kam/v1/scorecard.pb-c.h"
#include "kit.h"
#include "server/domain/domain.h"

#define STATE(name) KAM__V1__SCORECARD_STATE__SCORECARD_STATE_##name

static const struct domain *const domains[] = {
	&domain_account, &domain_entry, &domain_financials, &domain_interaction, &domain_member, &domain_opportunity,
	&domain_programme, &domain_rating, &domain_scorecard, &domain_stakeholder, &domain_tie,
};

static void create_accounts(struct kit *kit)
{
	kit_must(kit, "kam.v1.AccountService/CreateAccount", "{\"accountId\":\"acme\",\"account\":{\"displayName\":\"Acme\",\"tier\":\"key-account-manager\"}}");
	kit_must(kit, "kam.v1.AccountService/CreateAccount", "{\"accountId\":\"other\",\"account\":{\"displayName\":\"Other\"}}");
	kit_must(kit, "kam.v1.StakeholderService/CreateStakeholder", "{\"parent\":\"accounts/acme\",\"stakeholderId\":\"ann\",\"stakeholder\":{\"title\":\"CFO\"}}");
	kit_must(kit, "kam.v1.StakeholderService/CreateStakeholder", "{\"parent\":\"accounts/acme\",\"stakeholderId\":\"bob\",\"stakeholder\":{\"title\":\"CTO\"}}");
	kit_must(kit, "kam.v1.StakeholderService/CreateStakeholder", "{\"parent\":\"accounts/other\",\"stakeholderId\":\"cy\",\"stakeholder\":{\"title\":\"CEO\"}}");
}

static int set_up(void **state)
{
	static struct kit kit;
	kit_init(&kit, domains, sizeof domains / sizeof domains[0]);
	create_accounts(&kit);
	*state = &kit;
	return 0;
}

static int tear_down(void **state)
{
	kit_done(*state);
	return 0;
}

static void test_members_are_users(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__Member *member = kit_must(kit, "kam.v1.MemberService/CreateMember",
	                                         "{\"parent\":\"accounts/acme\",\"memberId\":\"jane\",\"member\":{\"user\":\"users/admin\",\"hoursPerMonth\":10}}");
	assert_string_equal(member->user, "users/jane");
	member = kit_must(kit, "kam.v1.MemberService/UpdateMember", "{\"member\":{\"name\":\"accounts/acme/members/jane\",\"hoursPerMonth\":20}}");
	assert_string_equal(member->user, "users/jane");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.MemberService/CreateMember", "{\"parent\":\"accounts/acme\",\"memberId\":\"nobody\",\"member\":{}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.MemberService/UpdateMember",
	              "{\"member\":{\"name\":\"accounts/acme/members/jane\",\"startsOn\":\"2026-02-01\",\"endsOn\":\"2026-01-31\"}}");
}

static void test_ties_and_bosses_stay_within_the_account(void **state)
{
	struct kit *kit = *state;
	kit_must(kit, "kam.v1.TieService/CreateTie",
	         "{\"parent\":\"accounts/acme\",\"tie\":{\"fromStakeholder\":\"accounts/acme/stakeholders/ann\",\"toStakeholder\":\"accounts/acme/stakeholders/bob\",\"kind\":\"TIE_KIND_ALLIED\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.TieService/CreateTie",
	              "{\"parent\":\"accounts/acme\",\"tie\":{\"fromStakeholder\":\"accounts/acme/stakeholders/ann\",\"toStakeholder\":\"accounts/acme/stakeholders/ann\",\"kind\":\"TIE_KIND_ALLIED\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.TieService/CreateTie",
	              "{\"parent\":\"accounts/acme\",\"tie\":{\"fromStakeholder\":\"accounts/acme/stakeholders/ann\",\"toStakeholder\":\"accounts/other/stakeholders/cy\",\"kind\":\"TIE_KIND_ALLIED\"}}");
	assert_string_equal(kit->status.violations[0].field, "tie.to_stakeholder");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.StakeholderService/UpdateStakeholder",
	              "{\"stakeholder\":{\"name\":\"accounts/acme/stakeholders/ann\",\"reportsTo\":\"accounts/other/stakeholders/cy\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.StakeholderService/CreateStakeholder", "{\"parent\":\"accounts/acme\",\"stakeholder\":{\"department\":\"IT\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.InteractionService/CreateInteraction",
	              "{\"parent\":\"accounts/acme\",\"interaction\":{\"time\":\"2026-06-01T10:00:00Z\",\"kind\":\"INTERACTION_KIND_CALL\",\"stakeholders\":[\"accounts/other/stakeholders/cy\"]}}");
}

static void test_nobody_reports_to_themselves_in_a_circle(void **state)
{
	struct kit *kit = *state;
	kit_must(kit, "kam.v1.StakeholderService/UpdateStakeholder",
	         "{\"stakeholder\":{\"name\":\"accounts/acme/stakeholders/bob\",\"reportsTo\":\"accounts/acme/stakeholders/ann\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.StakeholderService/UpdateStakeholder",
	              "{\"stakeholder\":{\"name\":\"accounts/acme/stakeholders/ann\",\"reportsTo\":\"accounts/acme/stakeholders/bob\"}}");
}

static void test_financials_take_their_period_from_the_name(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__Financials *financials = kit_must(kit, "kam.v1.FinancialsService/CreateFinancials",
	                                                 "{\"parent\":\"accounts/acme\",\"financialsId\":\"2026-Q2\",\"financials\":{\"revenue\":{\"currencyCode\":\"EUR\",\"units\":5}}}");
	assert_string_equal(financials->period, "2026-Q2");
	assert_string_equal(financials->name, "accounts/acme/financials/2026-Q2");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.FinancialsService/CreateFinancials", "{\"parent\":\"accounts/acme\",\"financialsId\":\"summer\",\"financials\":{}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.FinancialsService/UpdateFinancials",
	              "{\"financials\":{\"name\":\"accounts/acme/financials/2026-Q2\",\"renewed\":{\"currencyCode\":\"EUR\",\"units\":9},\"upForRenewal\":{\"currencyCode\":\"EUR\",\"units\":8}}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.FinancialsService/UpdateFinancials",
	              "{\"financials\":{\"name\":\"accounts/acme/financials/2026-Q2\",\"ourRank\":4,\"supplierCount\":3}}");
}

static void test_opportunities_as_other_systems_have_them(void **state)
{
	struct kit *kit = *state;
	/* A lead has neither dates nor value; a deal being worked on no day of closing; a lost one the value 0. */
	const Kam__V1__Opportunity *lead = kit_must(kit, "kam.v1.OpportunityService/CreateOpportunity", "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Lead\"}}");
	assert_int_equal(lead->stage, KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_PROSPECTING);
	kit_must(kit, "kam.v1.OpportunityService/CreateOpportunity",
	         "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Work\",\"stage\":\"OPPORTUNITY_STAGE_ENGAGING\",\"openedOn\":\"2017-01-02\"}}");
	kit_must(kit, "kam.v1.OpportunityService/CreateOpportunity",
	         "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Lost\",\"stage\":\"OPPORTUNITY_STAGE_LOST\",\"openedOn\":\"2017-01-02\",\"closeOn\":\"2017-01-02\",\"value\":{\"currencyCode\":\"USD\"}}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.OpportunityService/CreateOpportunity",
	              "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Won\",\"stage\":\"OPPORTUNITY_STAGE_WON\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.OpportunityService/CreateOpportunity",
	              "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Won\",\"openedOn\":\"2017-01-02\",\"closeOn\":\"2017-01-01\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.OpportunityService/CreateOpportunity",
	              "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Sure\",\"probability\":1.5}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.OpportunityService/CreateOpportunity",
	              "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Debt\",\"value\":{\"currencyCode\":\"USD\",\"units\":-1}}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.OpportunityService/CreateOpportunity",
	              "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Else\",\"buyingRoles\":[{\"stakeholder\":\"accounts/other/stakeholders/cy\",\"role\":\"BUYING_ROLE_USER\"}]}}");
	assert_string_equal(kit->status.violations[0].field, "opportunity.buying_roles[0].stakeholder");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.OpportunityService/CreateOpportunity",
	              "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Q\",\"qualification\":[{\"question\":\"weather\"}]}}");
	kit_must(kit, "kam.v1.OpportunityService/CreateOpportunity",
	         "{\"parent\":\"accounts/acme\",\"opportunity\":{\"title\":\"Q\",\"qualification\":[{\"question\":\"budget\",\"verdict\":\"QUALIFICATION_VERDICT_YES\"}]}}");
}

static void test_programme(void **state)
{
	struct kit *kit = *state;
	kit_must(kit, "kam.v1.ProgrammeService/UpdateProgramme",
	         "{\"programme\":{\"exchangeRates\":[{\"period\":\"2026\",\"currencyCode\":\"USD\",\"rate\":0.9}]}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ProgrammeService/UpdateProgramme",
	              "{\"programme\":{\"exchangeRates\":[{\"period\":\"2026\",\"currencyCode\":\"USD\",\"rate\":0.9},{\"period\":\"2026\",\"currencyCode\":\"USD\",\"rate\":0.8}]}}");
	assert_string_equal(kit->status.violations[0].field, "programme.exchange_rates[1].period");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ProgrammeService/UpdateProgramme",
	              "{\"programme\":{\"exchangeRates\":[{\"period\":\"2026\",\"currencyCode\":\"EUR\",\"rate\":0.9}]}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ProgrammeService/UpdateProgramme",
	              "{\"programme\":{\"tiers\":[{\"id\":\"a\",\"displayName\":\"A\"},{\"id\":\"a\",\"displayName\":\"B\"}]}}");
	/* acme is of the tier key-account-manager. */
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ProgrammeService/UpdateProgramme", "{\"programme\":{\"tiers\":[{\"id\":\"a\",\"displayName\":\"A\"}]}}");
	assert_non_null(strstr(kit->status.message, "accounts/acme"));
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/acme\",\"tier\":\"platinum\"}}");
}

/* ---- scorecards ------------------------------------------------------------------------------------------------------------------ */

#define SCORECARD "accounts/acme/scorecards/2026"
#define METRIC "{\"id\":\"uptime\",\"title\":\"Uptime\",\"better\":\"METRIC_DIRECTION_UP\",\"floor\":90,\"target\":%s,\"weight\":20}"

static const Kam__V1__Scorecard *create_scorecard(struct kit *kit)
{
	return kit_must(kit, "kam.v1.ScorecardService/CreateScorecard",
	                "{\"parent\":\"accounts/acme\",\"scorecardId\":\"2026\",\"scorecard\":{\"title\":\"Service\",\"state\":\"SCORECARD_STATE_AGREED\",\"version\":9,\"metrics\":[" METRIC "]}}",
	                "99");
}

static const Kam__V1__Scorecard *agree(struct kit *kit, const char *side)
{
	return kit_must(kit, "kam.v1.ScorecardService/AgreeScorecard", "{\"name\":\"" SCORECARD "\",\"side\":\"SIDE_%s\",\"signatory\":\"Somebody\"}", side);
}

static void test_scorecard_from_draft_to_superseded(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__Scorecard *scorecard = create_scorecard(kit);
	assert_int_equal(scorecard->state, STATE(DRAFT));
	assert_int_equal(scorecard->version, 1);
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/AgreeScorecard", "{\"name\":\"" SCORECARD "\",\"side\":\"SIDE_US\",\"signatory\":\"A\"}");
	scorecard = kit_must(kit, "kam.v1.ScorecardService/ProposeScorecard", "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(scorecard->state, STATE(PROPOSED));
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/ProposeScorecard", "{\"name\":\"" SCORECARD "\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ScorecardService/AgreeScorecard", "{\"name\":\"" SCORECARD "\",\"signatory\":\"A\"}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/AgreeScorecard",
	              "{\"name\":\"" SCORECARD "\",\"side\":\"SIDE_US\",\"signatory\":\"A\",\"version\":2}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ScorecardService/AgreeScorecard",
	              "{\"name\":\"" SCORECARD "\",\"side\":\"SIDE_US\",\"signatory\":\"A\",\"signedOn\":\"2030-01-01\"}");
	scorecard = agree(kit, "US");
	assert_int_equal(scorecard->state, STATE(PROPOSED));
	assert_string_equal(scorecard->agreements[0]->signed_on, "2026-07-01");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/AgreeScorecard", "{\"name\":\"" SCORECARD "\",\"side\":\"SIDE_US\",\"signatory\":\"A\"}");

	/* A changed metric is a new version, which both sides sign again. */
	scorecard = kit_must(kit, "kam.v1.ScorecardService/UpdateScorecard", "{\"scorecard\":{\"name\":\"" SCORECARD "\",\"metrics\":[" METRIC "]}}", "98");
	assert_int_equal(scorecard->state, STATE(DRAFT));
	assert_int_equal(scorecard->version, 2);
	kit_must(kit, "kam.v1.ScorecardService/ProposeScorecard", "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(agree(kit, "CLIENT")->state, STATE(PROPOSED));
	scorecard = agree(kit, "US");
	assert_int_equal(scorecard->state, STATE(AGREED));
	assert_int_equal(scorecard->n_agreements, 3);

	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/UpdateScorecard", "{\"scorecard\":{\"name\":\"" SCORECARD "\",\"metrics\":[" METRIC "]}}", "97");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/DeleteScorecard", "{\"name\":\"" SCORECARD "\",\"force\":true}");
	kit_must(kit, "kam.v1.ScorecardService/UpdateScorecard", "{\"scorecard\":{\"name\":\"" SCORECARD "\",\"description\":\"Notes may change\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ScorecardService/SupersedeScorecard", "{\"name\":\"" SCORECARD "\",\"successor\":\"" SCORECARD "\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ScorecardService/SupersedeScorecard", "{\"name\":\"" SCORECARD "\",\"successor\":\"accounts/other/scorecards/x\"}");
	scorecard = kit_must(kit, "kam.v1.ScorecardService/SupersedeScorecard", "{\"name\":\"" SCORECARD "\",\"validateOnly\":true}");
	assert_int_equal(scorecard->state, STATE(SUPERSEDED));
	scorecard = kit_must(kit, "kam.v1.ScorecardService/GetScorecard", "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(scorecard->state, STATE(AGREED)); /* it was only to be checked */
	kit_must_fail(kit, STATUS_ABORTED, "kam.v1.ScorecardService/SupersedeScorecard", "{\"name\":\"" SCORECARD "\",\"etag\":\"0123456789abcdef\"}");
	kit_must(kit, "kam.v1.ScorecardService/SupersedeScorecard", "{\"name\":\"" SCORECARD "\",\"etag\":\"%s\"}", scorecard->etag);
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/SupersedeScorecard", "{\"name\":\"" SCORECARD "\"}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/UpdateScorecard", "{\"scorecard\":{\"name\":\"" SCORECARD "\",\"title\":\"Other\"}}");
}

static void test_scorecard_metrics_make_sense(void **state)
{
	struct kit *kit = *state;
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ScorecardService/CreateScorecard", "{\"parent\":\"accounts/acme\",\"scorecard\":{\"title\":\"S\",\"metrics\":[" METRIC "]}}", "80");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.ScorecardService/CreateScorecard",
	              "{\"parent\":\"accounts/acme\",\"scorecard\":{\"title\":\"S\",\"metrics\":[" METRIC "," METRIC "]}}", "99", "99");
	kit_must(kit, "kam.v1.ScorecardService/CreateScorecard",
	         "{\"parent\":\"accounts/acme\",\"scorecardId\":\"open\",\"scorecard\":{\"title\":\"S\",\"metrics\":[{\"id\":\"m\",\"title\":\"M\",\"better\":\"METRIC_DIRECTION_DOWN\"}]}}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.ScorecardService/ProposeScorecard", "{\"name\":\"accounts/acme/scorecards/open\"}");
	assert_string_equal(kit->status.reason, "SCORECARD_INCOMPLETE");
}

static void sign_scorecard(struct kit *kit)
{
	create_scorecard(kit);
	kit_must(kit, "kam.v1.ScorecardService/ProposeScorecard", "{\"name\":\"" SCORECARD "\"}");
	agree(kit, "US");
	agree(kit, "CLIENT");
}

#define ENTRY SCORECARD "/entries/2026-Q2-uptime"

static void test_entries_of_a_signed_scorecard(void **state)
{
	struct kit *kit = *state;
	sign_scorecard(kit);
	const Kam__V1__Entry *entry = kit_must(kit, "kam.v1.EntryService/CreateEntry",
	                                       "{\"parent\":\"" SCORECARD "\",\"entry\":{\"period\":\"2026-Q2\",\"metric\":\"uptime\",\"value\":95,\"reportedBy\":\"SIDE_US\"}}");
	assert_string_equal(entry->name, ENTRY);
	kit_must_fail(kit, STATUS_ALREADY_EXISTS, "kam.v1.EntryService/CreateEntry", "{\"parent\":\"" SCORECARD "\",\"entry\":{\"period\":\"2026-Q2\",\"metric\":\"uptime\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.EntryService/CreateEntry", "{\"parent\":\"" SCORECARD "\",\"entry\":{\"period\":\"2026-Q2\",\"metric\":\"speed\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.EntryService/CreateEntry",
	              "{\"parent\":\"" SCORECARD "\",\"entryId\":\"mine\",\"entry\":{\"period\":\"2026-Q1\",\"metric\":\"uptime\"}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.EntryService/UpdateEntry",
	              "{\"allowMissing\":true,\"entry\":{\"name\":\"" SCORECARD "/entries/mine\",\"period\":\"2026-Q1\",\"metric\":\"uptime\"}}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"value\":99}}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\"},\"updateMask\":\"value\"}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"settledValue\":94}}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.EntryService/DeleteEntry", "{\"name\":\"" ENTRY "\"}");
	kit_must(kit, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"comment\":\"as measured\"}}");

	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"disputed\":true}}");
	kit_must(kit, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"disputed\":true,\"disputedBy\":\"SIDE_CLIENT\",\"disputeReason\":\"two outages\"}}");
	entry = kit_must(kit, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"settledValue\":94}}");
	assert_false(entry->disputed);
	assert_true(entry->value == 95 && entry->settled_value == 94);
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"settledValue\":93}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"disputed\":true}}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\"},\"updateMask\":\"settled_value\"}");
	entry = kit_must(kit, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"disputed\":true},\"updateMask\":\"settledValue,disputed\"}");
	assert_true(entry->disputed);
}

static void test_entries_of_a_draft_may_change(void **state)
{
	struct kit *kit = *state;
	create_scorecard(kit);
	kit_must(kit, "kam.v1.EntryService/CreateEntry", "{\"parent\":\"" SCORECARD "\",\"entry\":{\"period\":\"2026-Q2\",\"metric\":\"uptime\",\"value\":95}}");
	const Kam__V1__Entry *entry = kit_must(kit, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" ENTRY "\",\"value\":96}}");
	assert_true(entry->value == 96);
	kit_must(kit, "kam.v1.EntryService/DeleteEntry", "{\"name\":\"" ENTRY "\"}");
}

static void test_ratings(void **state)
{
	struct kit *kit = *state;
	create_scorecard(kit);
	const Kam__V1__Rating *rating = kit_must(kit, "kam.v1.RatingService/CreateRating",
	                                         "{\"parent\":\"" SCORECARD "\",\"rating\":{\"period\":\"2026-Q2\",\"side\":\"SIDE_CLIENT\",\"rating\":6}}");
	assert_string_equal(rating->name, SCORECARD "/ratings/2026-Q2-client");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.RatingService/CreateRating",
	              "{\"parent\":\"" SCORECARD "\",\"ratingId\":\"2026-Q2-client\",\"rating\":{\"period\":\"2026-Q2\",\"side\":\"SIDE_US\",\"rating\":6}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.RatingService/CreateRating", "{\"parent\":\"" SCORECARD "\",\"rating\":{\"period\":\"2026-Q2\",\"side\":\"SIDE_US\",\"rating\":11}}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, "kam.v1.RatingService/CreateRating", "{\"parent\":\"" SCORECARD "\",\"rating\":{\"rating\":5}}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_members_are_users),
		TEST(test_ties_and_bosses_stay_within_the_account),
		TEST(test_nobody_reports_to_themselves_in_a_circle),
		TEST(test_financials_take_their_period_from_the_name),
		TEST(test_opportunities_as_other_systems_have_them),
		TEST(test_programme),
		TEST(test_scorecard_from_draft_to_superseded),
		TEST(test_scorecard_metrics_make_sense),
		TEST(test_entries_of_a_signed_scorecard),
		TEST(test_entries_of_a_draft_may_change),
		TEST(test_ratings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
