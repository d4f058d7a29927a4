/* SPDX-License-Identifier: Apache-2.0
 *
 * The writers: CSV, YAML, and a listing in every format.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/cli.h"
#include "kam/v1/account.pb-c.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct arena arena;
static struct schema *schema;

static int set_up(void **state)
{
	struct status st;
	struct terminal terminal;
	(void)state;
	status_init(&st);
	terminal_look(&terminal);
	arena_init(&arena, 16u << 20);
	schema = schema_new(schema_source_kam(), &st);
	return schema ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	schema_free(schema);
	arena_done(&arena);
	return 0;
}

static void csv_cells(void **state)
{
	static const struct {
		const char *text, *cell;
	} cases[] = {
		{"plain", "plain"},      {"", ""},          {"a,b", "\"a,b\""},           {"say \"hi\"", "\"say \"\"hi\"\"\""}, {"a\nb", "\"a\nb\""},
		{" a", "\" a\""},        {"-5", "-5"},      {"+5.25", "+5.25"},           {"=1+1", "\"'=1+1\""},                {"+44 191", "\"'+44 191\""},
		{"@cmd", "\"'@cmd\""},   {"-", "\"'-\""},   {"\tx", "\"'\tx\""},          {"-5x", "\"'-5x\""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out;
		buf_init(&out, &arena);
		csv_write_cell(&out, cases[i].text, true);
		csv_write_cell(&out, "", false);
		csv_write_end(&out);
		char *want = arena_printf(&arena, "%s,\r\n", cases[i].cell);
		assert_string_equal(buf_text(&out), want);
	}
}

static void yaml(void **state)
{
	static const struct {
		const char *json, *yaml;
	} cases[] = {
		{"{}", "{}\n"},
		{"[]", "[]\n"},
		{"{\"a\": \"b c\", \"n\": 1, \"t\": true}", "a: b c\n\"n\": 1\nt: true\n"},
		{"{\"a\": \"yes\", \"b\": \"1\", \"c\": \"x: y\", \"d\": \"\", \"e\": \"# no\"}", "a: \"yes\"\nb: \"1\"\nc: \"x: y\"\nd: \"\"\ne: \"# no\"\n"},
		{"{\"a\": {\"b\": {\"c\": 1}}}", "a:\n  b:\n    c: 1\n"},
		{"{\"a\": [\"x\", {\"b\": 1, \"c\": 2}], \"d\": []}", "a:\n- x\n- b: 1\n  c: 2\nd: []\n"},
		{"{\"a\": \"q\\\"}\\\\\"}", "a: \"q\\\"}\\\\\"\n"},
		{"[{\"a\": 1}, {\"a\": 2}]", "- a: 1\n- a: 2\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out;
		buf_init(&out, &arena);
		yaml_write(&out, cases[i].json);
		assert_string_equal(buf_text(&out), cases[i].yaml);
	}
}

/* Prints two accounts into a file and gives its content. */
static const char *listed(enum output_format format, const char *columns, struct status *st)
{
	struct cli cli = {.schema = schema, .output = {.format = format, .columns = columns, .headers = true}};
	Kam__V1__Account accounts[2] = {KAM__V1__ACCOUNT__INIT, KAM__V1__ACCOUNT__INIT};
	char path[64];
	snprintf(path, sizeof path, "output_test.%ld", (long)getpid());
	int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600), kept = dup(1);
	assert_true(file >= 0);
	arena_init(&cli.arena, 16u << 20);
	accounts[0].name = (char *)"accounts/acme";
	accounts[0].display_name = (char *)"Acme\033[2J, Inc.";
	accounts[0].phase = KAM__V1__PHASE__PHASE_KEY;
	accounts[1].name = (char *)"accounts/zen";
	accounts[1].display_name = (char *)"株式会社禅";
	fflush(stdout);
	dup2(file, 1);
	struct listing *listing =
		listing_new(&cli, &(struct listing_options){.type = schema_type_find(schema, "kam.v1.Account"), .key = "accounts"}, st);
	if (listing) {
		listing_add(listing, &accounts[0].base);
		listing_add(listing, &accounts[1].base);
		listing_end(listing, format == OUTPUT_JSON ? "token" : "", -1, st);
	}
	fflush(stdout);
	dup2(kept, 1);
	close(kept);
	char *text = arena_calloc(&arena, 1, 65536);
	assert_true(pread(file, text, 65535, 0) >= 0);
	close(file);
	unlink(path);
	arena_done(&cli.arena);
	return text;
}

static void listing_formats(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	assert_string_equal(listed(OUTPUT_TABLE, "name,display_name,phase", &st),
	                    "NAME           DISPLAY NAME         PHASE\n"
	                    "accounts/acme  Acme\\u001b[2J, Inc.  KEY\n"
	                    "accounts/zen   株式会社禅\n");
	assert_true(status_ok(&st));
}

static void listing_machine_formats(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	assert_string_equal(listed(OUTPUT_CSV, "name,display_name,phase", &st),
	                    "name,display_name,phase\r\naccounts/acme,\"Acme\033[2J, Inc.\",KEY\r\naccounts/zen,株式会社禅,\r\n");
	assert_string_equal(listed(OUTPUT_NAME, NULL, &st), "accounts/acme\naccounts/zen\n");
	assert_string_equal(listed(OUTPUT_JSONL, "name,phase", &st),
	                    "{\"name\":\"accounts/acme\",\"phase\":\"PHASE_KEY\"}\n{\"name\":\"accounts/zen\"}\n");
	assert_string_equal(listed(OUTPUT_JSON, "name", &st), "{\n  \"accounts\": [\n    {\n      \"name\": \"accounts/acme\"\n    },\n    {\n"
	                                                      "      \"name\": \"accounts/zen\"\n    }\n  ],\n  \"nextPageToken\": \"token\"\n}\n");
	assert_string_equal(listed(OUTPUT_YAML, "name,phase", &st), "accounts:\n- name: accounts/acme\n  phase: PHASE_KEY\n- name: accounts/zen\n");
	assert_true(status_ok(&st));
}

static void columns(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	assert_string_equal(listed(OUTPUT_CSV, "display-name,opt_in.signed_on", &st),
	                    "display_name,opt_in.signed_on\r\n\"Acme\033[2J, Inc.\",\r\n株式会社禅,\r\n");
	listed(OUTPUT_CSV, "displayname", &st);
	assert_string_equal(st.reason, "USAGE");
	assert_non_null(strstr(st.message, "did you mean display_name?"));
	status_init(&st);
	const char *every = listed(OUTPUT_CSV, NULL, &st);
	assert_non_null(strstr(every, "opt_in.signed_on"));
	assert_non_null(strstr(every, "annual_revenue"));
	assert_true(status_ok(&st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_cells), cmocka_unit_test(yaml), cmocka_unit_test(listing_formats), cmocka_unit_test(listing_machine_formats),
		cmocka_unit_test(columns),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
