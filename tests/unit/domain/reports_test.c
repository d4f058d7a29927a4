/* SPDX-License-Identifier: Apache-2.0
 *
 * The stakeholder map and the scorecard report, through the real methods.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kam/v1/scorecard_report.pb-c.h"
#include "kam/v1/stakeholder_map.pb-c.h"
#include "kit.h"
#include "server/domain/domain.h"

#include <math.h>
#include <stdio.h>

#define assert_near(a, b, within) assert_true(fabs((a) - (b)) < (within))
#define GET_MAP "kam.v1.StakeholderService/GetStakeholderMap"
#define GET_REPORT "kam.v1.ScorecardService/GetScorecardReport"
#define MODEL(name) KAM__V1__RELATIONSHIP_MODEL__RELATIONSHIP_MODEL_##name
#define GAP(name) KAM__V1__STAKEHOLDER_GAP_KIND__STAKEHOLDER_GAP_KIND_##name
#define ALL_BUT(group) (GROUPS_ALL & ~(1u << (group)))

static const struct domain *const domains[] = {
	&domain_account, &domain_entry, &domain_interaction, &domain_programme, &domain_rating, &domain_scorecard, &domain_stakeholder, &domain_tie,
};

static void add_stakeholder(struct kit *kit, const char *id, const char *contact, const char *rest)
{
	char reference[80] = "";
	if (*contact) {
		kit_must(kit, "kam.v1.ContactService/CreateContact", "{\"contactId\":\"%s\",\"contact\":{\"displayName\":\"%s\"}}", id, contact);
		snprintf(reference, sizeof reference, ",\"contact\":\"contacts/%s\"", id);
	}
	kit_must(kit, "kam.v1.StakeholderService/CreateStakeholder", "{\"parent\":\"accounts/acme\",\"stakeholderId\":\"%s\",\"stakeholder\":{\"title\":\"Role of %s\"%s%s}}", id, id,
	         reference, rest);
}

static void add_meeting(struct kit *kit, const char *time, const char *side, const char *user, const char *stakeholder)
{
	kit_must(kit, "kam.v1.InteractionService/CreateInteraction",
	         "{\"parent\":\"accounts/acme\",\"interaction\":{\"time\":\"%s\",\"kind\":\"INTERACTION_KIND_MEETING\",\"initiatedBy\":\"SIDE_%s\",\"users\":[\"users/%s\"],"
	         "\"stakeholders\":[\"accounts/acme/stakeholders/%s\"]}}",
	         time, side, user, stakeholder);
}

/* Chief (board, buyer) above head (senior, champion) above clerk (a blocker whom nobody looks after); a placeholder; one who left as coach. */
static int set_up(void **state)
{
	static struct kit kit;
	kit_init(&kit, domains, sizeof domains / sizeof domains[0]);
	kit_must(&kit, "kam.v1.AccountService/CreateAccount", "{\"accountId\":\"acme\",\"account\":{\"displayName\":\"Acme\",\"tier\":\"key-account-manager\"}}");
	add_stakeholder(&kit, "chief", "Cora Chief",
	                ",\"level\":\"STAKEHOLDER_LEVEL_C_LEVEL\",\"buyingRoles\":[\"BUYING_ROLE_ECONOMIC_BUYER\"],\"power\":5,\"interest\":2,\"counterpart\":\"users/jane\"");
	add_stakeholder(&kit, "head", "Hugo Head",
	                ",\"level\":\"STAKEHOLDER_LEVEL_SENIOR\",\"buyingRoles\":[\"BUYING_ROLE_CHAMPION\"],\"power\":4,\"interest\":4,\"reportsTo\":\"accounts/acme/stakeholders/chief\"");
	add_stakeholder(&kit, "clerk", "Clara Clerk", ",\"buyingRoles\":[\"BUYING_ROLE_BLOCKER\"],\"reportsTo\":\"accounts/acme/stakeholders/head\"");
	add_stakeholder(&kit, "open", "", ",\"reportsTo\":\"accounts/acme/stakeholders/chief\"");
	add_stakeholder(&kit, "gone", "Gus Gone", ",\"buyingRoles\":[\"BUYING_ROLE_CHAMPION\"],\"leftOn\":\"2026-05-01\"");
	*state = &kit;
	return 0;
}

static int tear_down(void **state)
{
	kit_done(*state);
	return 0;
}

static const Kam__V1__StakeholderNode *node_of(const Kam__V1__StakeholderMap *map, const char *id)
{
	for (size_t i = 0; i < map->n_nodes; i++) {
		if (strcmp(strrchr(map->nodes[i]->stakeholder, '/') + 1, id) == 0) {
			return map->nodes[i];
		}
	}
	fail_msg("%s is not on the map", id);
	return NULL;
}

static size_t gaps_of(const Kam__V1__StakeholderMap *map, Kam__V1__StakeholderGapKind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < map->n_gaps; i++) {
		count += map->gaps[i]->kind == kind;
		assert_true(*map->gaps[i]->text);
	}
	return count;
}

static void test_map_without_contact(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__StakeholderMap *map = kit_must(kit, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	assert_int_equal(map->n_nodes, 5);
	assert_string_equal(map->nodes[0]->display_name, "Cora Chief");
	assert_string_equal(map->nodes[1]->display_name, "Hugo Head");
	assert_string_equal(map->nodes[2]->display_name, "Clara Clerk");
	assert_int_equal(map->nodes[2]->depth, 2);
	assert_string_equal(map->nodes[3]->display_name, "Role of open");
	assert_true(map->nodes[3]->placeholder);
	assert_true(node_of(map, "gone")->left);
	assert_string_equal(map->nodes[0]->counterpart_display_name, "Jane");
	assert_int_equal(map->nodes[0]->quadrant, KAM__V1__STAKEHOLDER_QUADRANT__STAKEHOLDER_QUADRANT_KEEP_SATISFIED);
	assert_int_equal(map->nodes[1]->quadrant, KAM__V1__STAKEHOLDER_QUADRANT__STAKEHOLDER_QUADRANT_MANAGE_CLOSELY);
	assert_int_equal(map->nodes[2]->quadrant, KAM__V1__STAKEHOLDER_QUADRANT__STAKEHOLDER_QUADRANT_UNSPECIFIED);
	assert_int_equal(map->nodes[0]->strength->score->_value_case, 0); /* undefined, not 0 */
	assert_int_equal(map->derived_model, MODEL(BOW_TIE));
	assert_int_equal(map->expected_model, MODEL(DIAMOND));
	assert_true(map->model_alarm);
	assert_int_equal(map->level_count, 1);
	assert_near(map->coverage->value, 2.0 / 3, 1e-9); /* a decision maker is missing */
	assert_int_equal(gaps_of(map, GAP(REQUIRED_ROLE)), 1);
	assert_int_equal(gaps_of(map, GAP(NO_CHAMPION)), 0);
	assert_int_equal(gaps_of(map, GAP(BLOCKER_WITHOUT_OWNER)), 1);
	assert_int_equal(gaps_of(map, GAP(PLACEHOLDER)), 1);
	assert_int_equal(gaps_of(map, GAP(LEAVER)), 1);
	assert_int_equal(gaps_of(map, GAP(SINGLE_THREAD)), 1);
	assert_int_equal(gaps_of(map, GAP(SILENT_CHAMPION)), 1);
	assert_true(map->n_alarms >= 4);
	assert_true(map->n_strength_explanation >= 5 && map->n_explanation >= 3);
}

static void test_map_with_contacts(void **state)
{
	struct kit *kit = *state;
	add_meeting(kit, "2026-06-01T10:00:00Z", "US", "jane", "head"); /* 30 days before */
	add_meeting(kit, "2026-05-20T10:00:00Z", "CLIENT", "admin", "head");
	add_meeting(kit, "2026-12-01T10:00:00Z", "CLIENT", "admin", "clerk"); /* planned */
	add_meeting(kit, "2024-01-01T10:00:00Z", "US", "admin", "clerk");     /* too long ago to hold a relationship */
	const Kam__V1__StakeholderMap *map = kit_must(kit, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	const Kam__V1__StakeholderNode *head = node_of(map, "head");
	assert_near(head->silent_days->value, 30, 1e-9);
	assert_near(head->strength->recency->value, 0.5, 1e-9);
	assert_near(head->strength->frequency->value, 2.0 / 6, 1e-9);
	assert_near(head->strength->two_way->value, 1, 1e-9);
	assert_near(head->strength->depth->value, 2.0 / 3, 1e-9);
	assert_near(head->strength->seniority->value, 0.75, 1e-9);
	assert_near(head->strength->score->value, 30 * .5 + 25 * 2.0 / 6 + 15 + 15 * 2.0 / 3 + 15 * .75, 1e-9);
	assert_int_equal(map->derived_model, MODEL(DIAMOND)); /* jane with chief and head, admin with head: board and senior */
	assert_false(map->model_alarm);
	assert_int_equal(map->level_count, 2);
	assert_int_equal(gaps_of(map, GAP(SINGLE_THREAD)), 0);
	assert_int_equal(gaps_of(map, GAP(SILENT_CHAMPION)), 0);
	assert_int_equal(map->n_counterparts, 4); /* jane with chief and head, admin with head and, long ago, clerk */
	const Kam__V1__StakeholderNode *clerk = node_of(map, "clerk");
	assert_int_equal(clerk->last_contact_time->seconds, 1704103200);
	assert_near(clerk->strength->depth->value, 0, 1e-9);
	assert_near(clerk->strength->frequency->value, 0, 1e-9);
	/* The same question as of before the meetings. */
	kit->as_of = kit->revision - 4;
	map = kit_must(kit, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	assert_int_equal(map->derived_model, MODEL(BOW_TIE));
	assert_int_equal(map->revision, kit->as_of);
}

static void test_map_cut_to_the_caller(void **state)
{
	struct kit *kit = *state;
	add_meeting(kit, "2026-06-01T10:00:00Z", "US", "jane", "head");
	kit_must(kit, "kam.v1.TieService/CreateTie",
	         "{\"parent\":\"accounts/acme\",\"tie\":{\"fromStakeholder\":\"accounts/acme/stakeholders/head\",\"toStakeholder\":\"accounts/acme/stakeholders/chief\",\"kind\":\"TIE_KIND_ALLIED\"}}");
	const Kam__V1__StakeholderMap *map = kit_must(kit, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	assert_int_equal(map->n_edges, 1);
	kit_become(kit, "users/jane", "accounts.read stakeholders.read", SCOPE_ALL, ALL_BUT(GROUP_PERSONAL));
	map = kit_must(kit, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	assert_int_equal(map->n_edges, 0);
	assert_int_equal(node_of(map, "head")->power, 0);
	assert_string_equal(node_of(map, "head")->display_name, "Role of head"); /* without contacts.read */
	assert_int_equal(map->derived_model, MODEL(UNSPECIFIED));
	assert_false(map->model_alarm);
	assert_string_equal(node_of(map, "head")->strength->score->undefined_reason, "hidden from your roles");
	assert_int_equal(gaps_of(map, GAP(SINGLE_THREAD)) + gaps_of(map, GAP(SILENT_CHAMPION)), 0);
	kit_become(kit, "users/jane", "accounts.read stakeholders.read interactions.read", SCOPE_ALL, 1u << GROUP_PUBLIC);
	map = kit_must(kit, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	assert_int_equal(map->n_gaps + map->n_alarms + map->n_required_roles + map->n_explanation, 0);
	assert_null(map->coverage);
	kit_become(kit, "users/jane", "accounts.read stakeholders.read", SCOPE_ASSIGNED, GROUPS_ALL);
	kit_must_fail(kit, STATUS_NOT_FOUND, GET_MAP, "{\"parent\":\"accounts/acme\"}");
	kit_must_fail(kit, STATUS_NOT_FOUND, GET_MAP, "{\"parent\":\"accounts/missing\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET_MAP, "{\"parent\":\"accounts/-\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET_MAP, "{\"parent\":\"users/jane\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET_MAP, "{}");
}

/* ---- the scorecard report ------------------------------------------------------------------------------------------------------------ */

#define SCORECARD "accounts/acme/scorecards/s"

static void add_metric_text(char *text, size_t size, const char *id, int weight)
{
	size_t used = strlen(text);
	snprintf(text + used, size - used, "%s{\"id\":\"%s\",\"title\":\"T\",\"better\":\"METRIC_DIRECTION_UP\",\"floor\":0,\"target\":100,\"weight\":%d}", used ? "," : "", id, weight);
}

static void add_entry(struct kit *kit, const char *period, const char *metric, double value)
{
	kit_must(kit, "kam.v1.EntryService/CreateEntry", "{\"parent\":\"" SCORECARD "\",\"entry\":{\"period\":\"%s\",\"metric\":\"%s\",\"value\":%g}}", period, metric, value);
}

static void add_rating(struct kit *kit, const char *period, const char *side, int rating)
{
	kit_must(kit, "kam.v1.RatingService/CreateRating", "{\"parent\":\"" SCORECARD "\",\"rating\":{\"period\":\"%s\",\"side\":\"SIDE_%s\",\"rating\":%d}}", period, side, rating);
}

static void add_scorecard(struct kit *kit)
{
	char metrics[1024] = "";
	add_metric_text(metrics, sizeof metrics, "one", 20);
	add_metric_text(metrics, sizeof metrics, "two", 15);
	add_metric_text(metrics, sizeof metrics, "three", 22);
	add_metric_text(metrics, sizeof metrics, "never", 50);
	kit_must(kit, "kam.v1.ScorecardService/CreateScorecard", "{\"parent\":\"accounts/acme\",\"scorecardId\":\"s\",\"scorecard\":{\"title\":\"S\",\"metrics\":[%s]}}", metrics);
	add_entry(kit, "2026-Q1", "one", 10);
	add_entry(kit, "2026-Q2", "one", 47);
	add_entry(kit, "2026-Q2", "two", 59);
	add_entry(kit, "2026-Q2", "three", 21);
	add_rating(kit, "2026-Q1", "US", 9);
	add_rating(kit, "2026-Q1", "CLIENT", 6);
	add_rating(kit, "2026-Q2", "US", 9);
}

static void test_report(void **state)
{
	struct kit *kit = *state;
	add_scorecard(kit);
	const Kam__V1__ScorecardReport *report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_near(report->score->value, 0.4012, 0.00005); /* the metric without a value leaves both sums */
	assert_int_equal(report->n_metrics, 4);
	assert_near(report->metrics[0]->latest_attainment->value, 0.47, 1e-9);
	assert_string_equal(report->metrics[0]->latest_period, "2026-Q2");
	assert_int_equal(report->metrics[0]->n_attainments, 2);
	assert_int_equal(report->metrics[1]->attainments[0]->value->_value_case, 0);
	assert_int_equal(report->metrics[3]->latest_value->_value_case, 0);
	assert_int_equal(report->n_trend, 2);
	assert_string_equal(report->trend[0]->period, "2026-Q1");
	assert_near(report->trend[0]->score->value, 0.1, 1e-9);
	assert_near(report->trend[0]->gap->value, 3, 1e-9);
	assert_int_equal(report->trend[1]->gap->_value_case, 0); /* the client has not rated yet */
	assert_near(report->perception_gap->value, 3, 1e-9);
	assert_string_equal(report->perception_period, "2026-Q1");
	assert_true(report->complacency && *report->complacency_text);
	assert_int_equal(report->n_agreements, 2);
	assert_false(report->agreements[0]->current || report->agreements[1]->current);
	assert_true(report->n_explanation >= 8);
	add_rating(kit, "2026-Q2", "CLIENT", 8);
	report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_near(report->perception_gap->value, 1, 1e-9);
	assert_false(report->complacency);
	assert_string_equal(report->complacency_text, "");
}

static void test_report_up_to_a_period_and_as_of(void **state)
{
	struct kit *kit = *state;
	add_scorecard(kit);
	uint64_t before = kit->revision;
	add_entry(kit, "2026-Q3", "one", 100);
	const Kam__V1__ScorecardReport *report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\",\"period\":\"2026-Q1\"}");
	assert_int_equal(report->n_trend, 1);
	assert_near(report->score->value, 0.1, 1e-9);
	report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\",\"period\":\"2026-06\"}");
	assert_int_equal(report->n_trend, 2);
	report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(report->n_trend, 3);
	kit->as_of = before;
	report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(report->n_trend, 2);
	kit->as_of = 0;
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET_REPORT, "{\"name\":\"" SCORECARD "\",\"period\":\"spring\"}");
	kit_must_fail(kit, STATUS_NOT_FOUND, GET_REPORT, "{\"name\":\"accounts/acme/scorecards/none\"}");
}

static void test_report_on_disputes(void **state)
{
	struct kit *kit = *state;
	add_scorecard(kit);
	kit_must(kit, "kam.v1.EntryService/UpdateEntry",
	         "{\"entry\":{\"name\":\"" SCORECARD "/entries/2026-Q2-one\",\"disputed\":true,\"disputedBy\":\"SIDE_CLIENT\",\"disputeReason\":\"no\"}}");
	const Kam__V1__ScorecardReport *report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(report->n_disputed_entries, 1);
	assert_string_equal(report->disputed_entries[0]->metric, "one");
	assert_true(report->metrics[0]->attainments[1]->disputed);
	assert_near(report->metrics[0]->latest_value->value, 47, 1e-9);
	kit_must(kit, "kam.v1.EntryService/UpdateEntry", "{\"entry\":{\"name\":\"" SCORECARD "/entries/2026-Q2-one\",\"settledValue\":40}}");
	report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(report->n_disputed_entries, 0);
	assert_near(report->metrics[0]->latest_value->value, 40, 1e-9);
}

static void test_report_cut_to_the_caller(void **state)
{
	struct kit *kit = *state;
	add_scorecard(kit);
	kit_become(kit, "users/jane", "scorecards.read", SCOPE_ALL, GROUPS_ALL);
	const Kam__V1__ScorecardReport *report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(report->n_metrics, 4);
	assert_string_equal(report->score->undefined_reason, "hidden from your roles");
	assert_string_equal(report->perception_gap->undefined_reason, "hidden from your roles");
	kit_become(kit, "users/jane", "scorecards.read entries.read ratings.read", SCOPE_ALL, ALL_BUT(GROUP_STRATEGY));
	report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_string_equal(report->title, "S");
	assert_int_equal(report->n_metrics + report->n_trend + report->n_explanation + report->n_agreements, 0);
	assert_null(report->score);
}

static void test_empty_report(void **state)
{
	struct kit *kit = *state;
	kit_must(kit, "kam.v1.ScorecardService/CreateScorecard", "{\"parent\":\"accounts/acme\",\"scorecardId\":\"s\",\"scorecard\":{\"title\":\"S\"}}");
	const Kam__V1__ScorecardReport *report = kit_must(kit, GET_REPORT, "{\"name\":\"" SCORECARD "\"}");
	assert_int_equal(report->n_metrics + report->n_trend, 0);
	assert_int_equal(report->score->_value_case, 0);
	assert_true(*report->score->undefined_reason && *report->perception_gap->undefined_reason);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_map_without_contact),
		TEST(test_map_with_contacts),
		TEST(test_map_cut_to_the_caller),
		TEST(test_report),
		TEST(test_report_up_to_a_period_and_as_of),
		TEST(test_report_on_disputes),
		TEST(test_report_cut_to_the_caller),
		TEST(test_empty_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
