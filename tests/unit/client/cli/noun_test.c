/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands made from the contract, names made whole, requests made from flags.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/noun.h"
#include "common/schema/value.h"
#include "kam/v1/account.pb-c.h"
#include "kam/v1/scorecard.pb-c.h"

#include <stdlib.h>

static struct schema *schema;

struct fixture {
	struct cli cli;
	struct status st;
};

static int set_up_group(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	schema = schema_new(schema_source_kam(), &st);
	return schema ? 0 : -1;
}

static int tear_down_group(void **state)
{
	(void)state;
	schema_free(schema);
	return 0;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){.cli = {.schema = schema}};
	arena_init(&fixture.cli.arena, 64u << 20);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	arena_done(&fixture->cli.arena);
	return 0;
}

/* Finds the command and reads its options, as main does. */
static bool command(struct fixture *fixture, const char *const *argv)
{
	size_t argc = 0, taken;
	struct cli *cli = &fixture->cli;
	while (argv[argc]) {
		argc++;
	}
	status_init(&fixture->st);
	cli->command = command_find(cli, argv, argc, &taken, &fixture->st);
	return cli->command && args_parse(cli->command->options, cli->command->options_count, argv + taken, argc - taken, &cli->arena, &cli->args,
	                                  &fixture->st);
}

static const char *name(struct fixture *fixture, const char *const *argv)
{
	assert_true(command(fixture, argv));
	return name_resolve(&fixture->cli, fixture->cli.command->resource, args_place(&fixture->cli.args, 0), &fixture->st);
}

/* Every resource has a word, every verb of it a row with help, every option of a row a help text. */
static void every_command_has_help(void **state)
{
	struct fixture *fixture = *state;
	size_t seen = 0;
	for (const struct schema_resource *const *at = noun_all(&fixture->cli); *at; at++) {
		const char *words[64];
		size_t count = noun_verbs(&fixture->cli, *at, words, 64);
		assert_true(count > 0);
		assert_ptr_equal(noun_find(&fixture->cli, noun_word(*at, &fixture->cli.arena)), *at);
		for (size_t i = 0; i < count; i++) {
			const struct command *row = noun_command(&fixture->cli, *at, words[i]);
			assert_non_null(row);
			assert_non_null(row->run);
			assert_true(row->summary[0] != '\0');
			for (size_t j = 0; j < row->options_count; j++) {
				assert_true(row->options[j].help && row->options[j].help[0] != '\0');
				assert_true(row->options[j].kind == OPTION_FLAG || row->options[j].value);
			}
			seen++;
		}
	}
	assert_true(seen > 100);
}

static void names_are_made_whole(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(name(fixture, (const char *const[]){"accounts", "get", "acme", NULL}), "accounts/acme");
	assert_string_equal(name(fixture, (const char *const[]){"account", "get", "accounts/acme", NULL}), "accounts/acme");
	assert_string_equal(name(fixture, (const char *const[]){"stakeholders", "get", "jane", "--parent", "accounts/acme", NULL}),
	                    "accounts/acme/stakeholders/jane");
	assert_string_equal(name(fixture, (const char *const[]){"stakeholders", "get", "jane", "--account", "acme", NULL}),
	                    "accounts/acme/stakeholders/jane");
	assert_string_equal(name(fixture, (const char *const[]){"stakeholders", "get", "acme/jane", NULL}), "accounts/acme/stakeholders/jane");
	assert_string_equal(name(fixture, (const char *const[]){"entries", "get", "acme/2026/2026-Q3-uptime", NULL}),
	                    "accounts/acme/scorecards/2026/entries/2026-Q3-uptime");
	assert_string_equal(name(fixture, (const char *const[]){"entries", "get", "2026-Q3-uptime", "--parent", "acme/2026", NULL}),
	                    "accounts/acme/scorecards/2026/entries/2026-Q3-uptime");
	assert_string_equal(name(fixture, (const char *const[]){"programme", "get", NULL}), "programme");
	assert_string_equal(name(fixture, (const char *const[]){"audit-entries", "get", "7", NULL}), "auditEntries/7");
}

static void bad_names_are_told(void **state)
{
	struct fixture *fixture = *state;
	static const char *const cases[][6] = {
		{"accounts", "get", "users/jane", NULL},      {"accounts", "get", "a b", NULL},           {"accounts", "get", "", NULL},
		{"accounts", "get", "-", NULL},               {"stakeholders", "get", "jane", NULL},      {"stakeholders", "get", "a/b/c", NULL},
		{"stakeholders", "get", "j", "--parent", "users/x", NULL}, {"entries", "get", "e", "--account", "acme", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_null(name(fixture, cases[i]));
		assert_string_equal(fixture->st.reason, "USAGE");
	}
}

static void parents(void **state)
{
	struct fixture *fixture = *state;
	struct cli *cli = &fixture->cli;
	assert_true(command(fixture, (const char *const[]){"entries", "list", "--account", "acme", NULL}));
	assert_string_equal(parent_resolve(cli, cli->command->resource, true, &fixture->st), "accounts/acme/scorecards/-");
	assert_true(command(fixture, (const char *const[]){"stakeholders", "list", "--parent", "accounts/-", NULL}));
	assert_string_equal(parent_resolve(cli, cli->command->resource, true, &fixture->st), "accounts/-");
	assert_true(command(fixture, (const char *const[]){"stakeholders", "list", "--parent", "acme", "--account", "acme", NULL}));
	assert_null(parent_resolve(cli, cli->command->resource, true, &fixture->st));
	assert_true(command(fixture, (const char *const[]){"stakeholders", "list", NULL}));
	assert_string_equal(parent_resolve(cli, cli->command->resource, true, &fixture->st), "");
}

static void typos_are_answered(void **state)
{
	struct fixture *fixture = *state;
	assert_false(command(fixture, (const char *const[]){"acounts", "list", NULL}));
	assert_non_null(strstr(fixture->st.message, "did you mean accounts?"));
	assert_false(command(fixture, (const char *const[]){"accounts", "udpate", NULL}));
	assert_non_null(strstr(fixture->st.message, "did you mean update?"));
	assert_false(command(fixture, (const char *const[]){"access", NULL}));
	assert_non_null(strstr(fixture->st.message, "kam access check"));
}

static void custom_methods_are_commands(void **state)
{
	struct fixture *fixture = *state;
	assert_true(command(fixture, (const char *const[]){"scorecards", "agree", "acme/2026", "--side", "client", "--signatory", "Jo", "--version", "2", NULL}));
	const struct schema_method *method = fixture->cli.command->method;
	assert_string_equal(method->name, "AgreeScorecard");
	ProtobufCMessage *request = request_new(&fixture->cli, method, &fixture->st);
	assert_non_null(request);
	const Kam__V1__AgreeScorecardRequest *agree = (const Kam__V1__AgreeScorecardRequest *)request;
	assert_int_equal(agree->side, KAM__V1__SIDE__SIDE_CLIENT);
	assert_string_equal(agree->signatory, "Jo");
	assert_int_equal(agree->version, 2);
	assert_int_equal(strlen(agree->request_id), 32);
}

/* No password is ever an option's value. */
static void passwords_come_by_file(void **state)
{
	struct fixture *fixture = *state;
	assert_true(command(fixture, (const char *const[]){"users", "create", "jane", NULL}));
	for (size_t i = 0; i < fixture->cli.command->options_count; i++) {
		const char *option = fixture->cli.command->options[i].name;
		assert_true(!strstr(option, "password") || strcmp(option, "password-file") == 0);
	}
	assert_false(command(fixture, (const char *const[]){"users", "create", "jane", "--password", "x", NULL}));
}

static const Kam__V1__Account *set_account(struct fixture *fixture, const char *const *argv, struct set_result *ret_result)
{
	assert_true(command(fixture, argv));
	const struct schema_type *type = schema_type_find(schema, "kam.v1.Account");
	return set_from_options(&fixture->cli, type, "", NULL, ret_result, &fixture->st) ? (const Kam__V1__Account *)ret_result->message : NULL;
}

static void fields_are_set(void **state)
{
	struct fixture *fixture = *state;
	struct set_result result;
	const Kam__V1__Account *account = set_account(
		fixture,
		(const char *const[]){"accounts", "update", "acme", "--set", "display-name=A=B", "--set", "phase=key", "--set", "owner=jane", "--set",
	                              "opt_in.signed_on=2026-01-02", "--set", "labels.size=big", "--set", "annual_revenue=12.50 EUR", "--set", "region=", NULL},
		&result);
	assert_non_null(account);
	assert_string_equal(account->display_name, "A=B");
	assert_int_equal(account->phase, KAM__V1__PHASE__PHASE_KEY);
	assert_string_equal(account->owner, "users/jane");
	assert_string_equal(account->opt_in->signed_on, "2026-01-02");
	assert_int_equal(account->n_labels, 1);
	assert_string_equal(account->labels[0]->key, "size");
	assert_int_equal(account->annual_revenue->units, 12);
	assert_int_equal(account->annual_revenue->nanos, 500000000);
	static const char *const paths[] = {"display_name", "phase", "owner", "opt_in.signed_on", "labels.size", "annual_revenue", "region"};
	assert_int_equal(result.paths_count, sizeof paths / sizeof paths[0]);
	for (size_t i = 0; i < result.paths_count; i++) {
		assert_string_equal(result.paths[i], paths[i]);
	}
}

static void lists_and_json(void **state)
{
	struct fixture *fixture = *state;
	struct set_result result;
	assert_true(command(fixture, (const char *const[]){"contacts", "create", "--set", "emails=a@b.c", "--set", "emails=d@e.f", NULL}));
	assert_true(set_from_options(&fixture->cli, schema_type_find(schema, "kam.v1.Contact"), "", NULL, &result, &fixture->st));
	const struct schema_type *type = schema_type_find(schema, "kam.v1.Contact");
	assert_int_equal(value_count(result.message, schema_field_find(type, "emails")), 2);
	assert_int_equal(result.paths_count, 1);
	assert_true(command(fixture, (const char *const[]){"scorecards", "create", "--set", "metrics=[{\"id\":\"uptime\",\"weight\":3}]", NULL}));
	type = schema_type_find(schema, "kam.v1.Scorecard");
	assert_true(set_from_options(&fixture->cli, type, "", NULL, &result, &fixture->st));
	assert_int_equal(value_count(result.message, schema_field_find(type, "metrics")), 1);
}

static const Kam__V1__Scorecard *set_scorecard(struct fixture *fixture, const char *const *argv, const Kam__V1__Scorecard *base, struct set_result *ret_result)
{
	const struct schema_type *type = schema_type_find(schema, "kam.v1.Scorecard");
	assert_true(command(fixture, argv));
	assert_true(set_reads_list(&fixture->cli, type));
	return set_from_options(&fixture->cli, type, "", base ? &base->base : NULL, ret_result, &fixture->st) ? (const Kam__V1__Scorecard *)ret_result->message : NULL;
}

static void one_of_a_list_is_named_by_its_id(void **state)
{
	struct fixture *fixture = *state;
	struct set_result result;
	const Kam__V1__Scorecard *made = set_scorecard(
		fixture,
		(const char *const[]){"scorecards", "create", "--set", "metrics.up.time.weight=3", "--set", "metrics.up.time.title=Up time", "--set", "metrics.cost.weight=1", NULL},
		NULL, &result);
	assert_non_null(made);
	assert_int_equal(made->n_metrics, 2);
	assert_string_equal(made->metrics[0]->id, "up.time");
	assert_string_equal(made->metrics[0]->title, "Up time");
	assert_int_equal(result.paths_count, 1);
	assert_string_equal(result.paths[0], "metrics");

	/* What is not named stays as it is there. */
	const Kam__V1__Scorecard *changed = set_scorecard(fixture, (const char *const[]){"scorecards", "update", "x", "--set", "metrics.cost.weight=7", NULL}, made, &result);
	assert_non_null(changed);
	assert_int_equal(changed->n_metrics, 2);
	assert_string_equal(changed->metrics[0]->title, "Up time");
	assert_true(changed->metrics[1]->weight == 7);

	changed = set_scorecard(fixture, (const char *const[]){"scorecards", "update", "x", "--set", "metrics.up.time=", "--set", "metrics.cost.weight=2", NULL}, made, &result);
	assert_non_null(changed);
	assert_int_equal(changed->n_metrics, 1);
	assert_string_equal(changed->metrics[0]->id, "cost");

	assert_null(set_scorecard(fixture, (const char *const[]){"scorecards", "update", "x", "--set", "metrics.none=", NULL}, made, &result));
	assert_non_null(strstr(fixture->st.message, "there is none such to take out"));
	assert_null(set_scorecard(fixture, (const char *const[]){"scorecards", "update", "x", "--set", "metrics.cost=5", NULL}, made, &result));
	assert_non_null(strstr(fixture->st.message, "say which part of it"));
}

static void bad_settings_are_told(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *set, *says;
	} cases[] = {
		{"dislay_name=x", "did you mean display_name?"}, {"x", "FIELD=VALUE"},          {"=x", "FIELD=VALUE"},        {"phase=keyy", "phase"},
		{"employees=many", "employees"},                 {"owner.x=1", "has no parts"}, {"opt_in.signd=1", "signd"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct set_result result;
		assert_null(set_account(fixture, (const char *const[]){"accounts", "update", "acme", "--set", cases[i].set, NULL}, &result));
		assert_string_equal(fixture->st.reason, "USAGE");
		if (!strstr(fixture->st.message, cases[i].says)) {
			fail_msg("\"%s\" does not say \"%s\"", fixture->st.message, cases[i].says);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_command_has_help, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_made_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_names_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(typos_are_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(custom_methods_are_commands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(passwords_come_by_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fields_are_set, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_and_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_of_a_list_is_named_by_its_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_settings_are_told, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
