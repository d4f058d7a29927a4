/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounds from draft to decided, their ballots, and which phase each verdict sets, through the real methods.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kam/v1/account.pb-c.h"
#include "kam/v1/ballot.pb-c.h"
#include "kam/v1/decision.pb-c.h"
#include "kam/v1/round.pb-c.h"
#include "kit.h"
#include "server/domain/domain.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS "kam.v1.RoundService/"
#define CAST "kam.v1.BallotService/CastBallot"

static const struct domain *const domains[] = {&domain_account, &domain_assessment, &domain_ballot, &domain_criteria_set, &domain_programme, &domain_round};

static int set_up(void **state)
{
	static struct kit kit;
	kit_init(&kit, domains, sizeof domains / sizeof domains[0]);
	for (const char *const *id = (const char *const[]){"acme", "bolt", "crane", NULL}; *id; id++) {
		kit_must(&kit, "kam.v1.AccountService/CreateAccount", "{\"accountId\":\"%s\",\"account\":{\"displayName\":\"%s\"}}", *id, *id);
	}
	kit_must(&kit, "kam.v1.CriteriaSetService/CreateCriteriaSet",
	         "{\"criteriaSetId\":\"s\",\"criteriaSet\":{\"title\":\"S\",\"state\":\"CRITERIA_SET_STATE_ACTIVE\",\"criteria\":["
	         "{\"id\":\"size\",\"title\":\"Size\",\"axis\":\"CRITERION_AXIS_ATTRACTIVENESS\",\"weight\":1},"
	         "{\"id\":\"fit\",\"title\":\"Fit\",\"axis\":\"CRITERION_AXIS_STRENGTH\",\"weight\":1}]}}");
	kit_must(&kit, ROUNDS "CreateRound",
	         "{\"roundId\":\"r\",\"round\":{\"title\":\"R\",\"year\":2026,\"criteriaSet\":\"criteriaSets/s\",\"participants\":[{\"user\":\"users/admin\","
	         "\"level\":\"PARTICIPANT_LEVEL_EXECUTIVE\"}]}}");
	*state = &kit;
	return 0;
}

static int tear_down(void **state)
{
	kit_done(*state);
	return 0;
}

static void step(struct kit *kit, const char *method)
{
	char path[64];
	snprintf(path, sizeof path, ROUNDS "%s", method);
	kit_must(kit, path, "{\"name\":\"rounds/r\"}");
}

static void refused_step(struct kit *kit, const char *method, const char *reason)
{
	char path[64];
	snprintf(path, sizeof path, ROUNDS "%s", method);
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, path, "{\"name\":\"rounds/r\"}");
	assert_string_equal(kit->status.reason, reason);
}

static void test_steps_go_one_way(void **state)
{
	struct kit *kit = *state;
	refused_step(kit, "CloseRound", "ROUND_STATE");
	step(kit, "OpenRound");
	refused_step(kit, "OpenRound", "ROUND_STATE");
	refused_step(kit, "DeleteRound", "ROUND_OPENED");
	step(kit, "CloseRound");
	refused_step(kit, "CloseRound", "ROUND_STATE");
	refused_step(kit, "OpenRound", "ROUND_STATE");
	kit_must(kit, ROUNDS "UpdateRound", "{\"round\":{\"name\":\"rounds/r\",\"title\":\"Another\"}}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, ROUNDS "UpdateRound", "{\"round\":{\"name\":\"rounds/r\",\"year\":2027}}");
	const Kam__V1__Round *copy = kit_must(kit, ROUNDS "CopyRound", "{\"name\":\"rounds/r\",\"roundId\":\"next\"}");
	assert_int_equal(copy->state, KAM__V1__ROUND_STATE__ROUND_STATE_DRAFT);
	assert_int_equal(copy->year, 2027);
	assert_string_equal(copy->copied_from, "rounds/r");
	assert_int_equal(copy->criteria_set_revision, 0);
}

static void test_who_is_asked(void **state)
{
	struct kit *kit = *state;
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, ROUNDS "UpdateRound",
	              "{\"round\":{\"name\":\"rounds/r\",\"participants\":[{\"user\":\"users/jane\"},{\"user\":\"users/jane\"}]}}");
	kit_must(kit, ROUNDS "UpdateRound", "{\"round\":{\"name\":\"rounds/r\",\"participants\":[{\"user\":\"users/jane\"}]}}");
	step(kit, "OpenRound");
	kit_must_fail(kit, STATUS_PERMISSION_DENIED, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/acme\"]}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, ROUNDS "UpdateRound", "{\"round\":{\"name\":\"rounds/r\",\"participants\":[{\"user\":\"users/admin\"}]}}");
	kit_must(kit, ROUNDS "UpdateRound", "{\"round\":{\"name\":\"rounds/r\",\"participants\":[{\"user\":\"users/admin\"},{\"user\":\"users/jane\"}]}}");
	kit_must(kit, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/acme\"]}");
}

static void test_ballots(void **state)
{
	struct kit *kit = *state;
	static const char one[] = "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/acme\",\"accounts/bolt\"]}";
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, CAST, "%s", one);
	step(kit, "OpenRound");
	const Kam__V1__Ballot *ballot = kit_must(kit, CAST, "%s", one);
	assert_int_equal(ballot->cast_count, 1);
	assert_string_equal(ballot->user, "users/admin");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/acme\",\"accounts/bolt\",\"accounts/acme\"]}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/nowhere\"]}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"users/jane\"]}");
	ballot = kit_must(kit, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/crane\"]}");
	assert_int_equal(ballot->cast_count, 2);
	assert_int_equal(ballot->n_accounts, 1);
	step(kit, "CloseRound");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, CAST, "%s", one);
	assert_string_equal(kit->status.reason, "ROUND_NOT_OPEN");
}

/* What a verdict makes of an account's phase: NULL where it is refused. */
static void test_verdicts_and_phases(void **state)
{
	static const struct {
		const char *before, *verdict, *asked, *after;
	} rows[] = {
		{"NONE", "SELECT", "UNSPECIFIED", "KEY"},
		{"NONE", "SELECT", "DEVELOPMENT", "DEVELOPMENT"},
		{"NONE", "SELECT", "MAINTENANCE", NULL},
		{"NONE", "KEEP", "UNSPECIFIED", NULL},
		{"KEY", "KEEP", "UNSPECIFIED", "KEY"},
		{"KEY", "KEEP", "MAINTENANCE", "MAINTENANCE"},
		{"DEVELOPMENT", "KEEP", "UNSPECIFIED", "DEVELOPMENT"},
		{"KEY", "KEEP", "CANDIDATE", NULL},
		{"KEY", "WATCH", "UNSPECIFIED", "CANDIDATE"},
		{"KEY", "WATCH", "KEY", NULL},
		{"KEY", "DESELECT", "UNSPECIFIED", "DESELECTED"},
		{"KEY", "DESELECT", "KEY", NULL},
		{"DESELECTED", "KEEP", "UNSPECIFIED", NULL},
		{"DESELECTED", "SELECT", "KEY", "KEY"},
	};
	struct kit *kit = *state;
	step(kit, "OpenRound");
	kit_must(kit, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/acme\"]}");
	kit_must_fail(kit, STATUS_FAILED_PRECONDITION, ROUNDS "DecideRound",
	              "{\"name\":\"rounds/r\",\"verdicts\":[{\"account\":\"accounts/acme\",\"verdict\":\"DECISION_VERDICT_SELECT\",\"reason\":\"r\"}]}");
	step(kit, "CloseRound");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char request[512], wanted[32], decision[32];
		kit_must(kit, "kam.v1.AccountService/CreateAccount", "{\"accountId\":\"a%zu\",\"account\":{\"displayName\":\"A\",\"phase\":\"PHASE_%s\"}}", i,
		         rows[i].before);
		snprintf(request, sizeof request,
		         "{\"name\":\"rounds/r\",\"verdicts\":[{\"account\":\"accounts/a%zu\",\"verdict\":\"DECISION_VERDICT_%s\","
		         "\"phase\":\"PHASE_%s\",\"reason\":\"r\"}]}", i,
		         rows[i].verdict, rows[i].asked);
		if (!rows[i].after) {
			kit_must_fail(kit, STATUS_INVALID_ARGUMENT, ROUNDS "DecideRound", "%s", request);
			continue;
		}
		kit_must(kit, ROUNDS "DecideRound", "%s", request);
		const Kam__V1__Account *account = kit_must(kit, "kam.v1.AccountService/GetAccount", "{\"name\":\"accounts/a%zu\"}", i);
		snprintf(wanted, sizeof wanted, "PHASE_%s", rows[i].after);
		snprintf(decision, sizeof decision, "rounds/r/decisions/a%zu", i);
		assert_string_equal(protobuf_c_enum_descriptor_get_value(&kam__v1__phase__descriptor, (int)account->phase)->name, wanted);
		assert_string_equal(account->decision, decision);
		kit_must_fail(kit, STATUS_FAILED_PRECONDITION, "kam.v1.AccountService/UpdateAccount",
		              "{\"account\":{\"name\":\"accounts/a%zu\",\"phase\":\"PHASE_NONE\"},\"updateMask\":\"phase\"}", i);
	}
	/* A decision is reversed by another one. */
	kit_must(kit, ROUNDS "DecideRound",
	         "{\"name\":\"rounds/r\",\"verdicts\":[{\"account\":\"accounts/a0\",\"verdict\":\"DECISION_VERDICT_DESELECT\",\"reason\":\"r\"}]}");
	const Kam__V1__Account *account = kit_must(kit, "kam.v1.AccountService/GetAccount", "{\"name\":\"accounts/a0\"}");
	assert_int_equal(account->phase, KAM__V1__PHASE__PHASE_DESELECTED);
}

static void test_a_decision_records_its_moment(void **state)
{
	struct kit *kit = *state;
	kit_must(kit, "kam.v1.AssessmentService/CreateAssessment",
	         "{\"parent\":\"accounts/acme\",\"assessment\":{\"criteriaSet\":\"criteriaSets/s\",\"scores\":{\"size\":8,\"fit\":3}}}");
	step(kit, "OpenRound");
	kit_must(kit, CAST, "{\"parent\":\"rounds/r\",\"accounts\":[\"accounts/acme\"]}");
	step(kit, "CloseRound");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, ROUNDS "DecideRound",
	              "{\"name\":\"rounds/r\",\"verdicts\":[{\"account\":\"accounts/acme\",\"verdict\":\"DECISION_VERDICT_SELECT\",\"reason\":\"r\"},"
	              "{\"account\":\"accounts/acme\",\"verdict\":\"DECISION_VERDICT_WATCH\",\"reason\":\"r\"}]}");
	const Kam__V1__Account *account = kit_must(kit, "kam.v1.AccountService/GetAccount", "{\"name\":\"accounts/acme\"}");
	assert_string_equal(account->decision, ""); /* a refused call decides nothing */
	kit_must(kit, ROUNDS "DecideRound",
	         "{\"name\":\"rounds/r\",\"verdicts\":[{\"account\":\"accounts/acme\",\"verdict\":\"DECISION_VERDICT_SELECT\",\"reason\":\"r\"},"
	         "{\"account\":\"accounts/bolt\",\"verdict\":\"DECISION_VERDICT_DESELECT\",\"reason\":\"r\"}]}");
	const Kam__V1__Decision *decision = kit_must(kit, "kam.v1.DecisionService/GetDecision", "{\"name\":\"rounds/r/decisions/acme\"}");
	assert_true(decision->attractiveness->value == 8 && decision->strength->value == 3 && decision->support->value == 1);
	assert_int_equal(decision->named_count, 1);
	assert_string_equal(decision->decided_by, "users/admin");
	decision = kit_must(kit, "kam.v1.DecisionService/GetDecision", "{\"name\":\"rounds/r/decisions/bolt\"}");
	assert_true(decision->attractiveness->undefined_reason[0] != '\0' && decision->support->value == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_steps_go_one_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_is_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ballots, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_verdicts_and_phases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_decision_records_its_moment, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
