/* SPDX-License-Identifier: Apache-2.0
 *
 * Create and Update: names, ids, references, circles, etags, masks, the nouns' own rules, and that what is refused or only checked changes nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/resource/changes.h"
#include "tests/unit/access/world.h"

#include <stdio.h>

#define CREATE "AccountService/CreateAccount"
#define UPDATE "AccountService/UpdateAccount"
#define GET "AccountService/GetAccount"

/* Each request is refused with the same beginning, and nothing is written. */
static void assert_refused(struct world *world, const char *user, const char *method, const char *request, const char *wanted)
{
	uint64_t before = world_revision(world);
	const char *refusal = world_refusal(world, user, method, request);
	if (strncmp(refusal, wanted, strlen(wanted)) != 0) {
		fail_msg("%s\n  gives  %s\n  not    %s", request, refusal, wanted);
	}
	assert_int_equal(world_revision(world), before);
}

static const char *etag_of(struct world *world, const char *user, const char *name)
{
	struct answer answer = world_callf(world, user, GET, "{\"name\":\"%s\"}", name);
	return world_text(world, &answer, GET, "etag");
}

/* ---- create ---- */

static void test_create(void **state)
{
	struct world *world = *state;
	uint64_t before = world_revision(world);
	struct answer answer = world_call(world, NULL, CREATE,
	                                  "{\"accountId\":\"acme\",\"account\":{\"displayName\":\"Acme\",\"uid\":\"mine\",\"creator\":\"users/x\",\"etag\":\"e\","
	                                  "\"createTime\":\"2001-01-01T00:00:00Z\",\"deleteTime\":\"2001-01-01T00:00:00Z\"}}");
	assert_true(answer.ok);
	assert_string_equal(world_text(world, &answer, CREATE, "name"), "accounts/acme");
	assert_string_equal(world_text(world, &answer, CREATE, "creator"), "users/admin");
	assert_int_equal(strlen(world_text(world, &answer, CREATE, "uid")), 32);
	assert_int_equal(strlen(world_text(world, &answer, CREATE, "etag")), 16);
	assert_null(strstr(answer.json, "2001"));
	assert_null(strstr(answer.json, "deleteTime"));
	assert_int_equal(answer.revision, before + 1);
	assert_int_equal(world_revision(world), before + 1);
	assert_string_equal(world_ok(world, NULL, GET, "{\"name\":\"accounts/acme\"}"), answer.json);
	assert_null(strstr(world_state(world, "accounts/acme"), "etag"));
	answer = world_call(world, NULL, CREATE, "{\"account\":{\"displayName\":\"Chosen\"}}");
	assert_int_equal(strlen(world_text(world, &answer, CREATE, "name")), strlen("accounts/") + 16);
}

static void test_create_refused(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *request, *wanted;
	} rows[] = {
		{"{\"accountId\":\"acme\",\"account\":{\"displayName\":\"Again\"}}", "ALREADY_EXISTS RESOURCE_EXISTS: accounts/acme exists already; choose"},
		{"{\"accountId\":\"gone\",\"account\":{\"displayName\":\"Again\"}}", "ALREADY_EXISTS RESOURCE_EXISTS: accounts/gone exists already, deleted"},
		{"{\"accountId\":\"new\"}", "INVALID_ARGUMENT FIELD_INVALID: account: is missing"},
		{"{\"accountId\":\"new\",\"account\":{}}", "INVALID_ARGUMENT FIELD_INVALID: account.display_name"},
		{"{\"accountId\":\"-\",\"account\":{\"displayName\":\"N\"}}", "INVALID_ARGUMENT FIELD_INVALID: account_id"},
		{"{\"accountId\":\"a/b\",\"account\":{\"displayName\":\"N\"}}", "INVALID_ARGUMENT FIELD_INVALID: account_id"},
		{"{\"accountId\":\"\xC3\xA9\",\"account\":{\"displayName\":\"N\"}}", "INVALID_ARGUMENT FIELD_INVALID: account_id"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"country\":\"Germany\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.country"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"owner\":\"users/never\"}}",
	     "INVALID_ARGUMENT FIELD_INVALID: account.owner: users/never not found; it must exist"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"owner\":\"accounts/acme\"}}",
	     "INVALID_ARGUMENT FIELD_INVALID: account.owner: \"accounts/acme\" is not the name of user; write it as users/{user}"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"owner\":\"users/-\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.owner"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"owner\":\"Jane Doe\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.owner"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"parentAccount\":\"accounts/gone\"}}",
	     "INVALID_ARGUMENT FIELD_INVALID: account.parent_account: accounts/gone not found"},
		{"{\"accountId\":\"n\",\"account\":{\"displayName\":\"N\",\"parentAccount\":\"accounts/n\"}}",
	     "INVALID_ARGUMENT FIELD_INVALID: account.parent_account: refers to the resource itself"},
	};
	world_put(world, "accounts/acme", "{\"displayName\":\"Acme\"}");
	world_put(world, "accounts/gone", "{\"displayName\":\"Gone\"}");
	world_delete(world, "accounts/gone");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_refused(world, NULL, CREATE, rows[i].request, rows[i].wanted);
	}
}

static void test_all_faults_are_told(void **state)
{
	struct world *world = *state;
	struct answer answer = world_call(world, NULL, CREATE, "{\"account\":{\"country\":\"x\",\"owner\":\"users/no\",\"parentAccount\":\"accounts/no\"}}");
	assert_int_equal(answer.status.violations_count, 4);
}

static void test_create_below(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/acme", "{\"displayName\":\"Acme\"}");
	world_put(world, "accounts/gone", "{\"displayName\":\"Gone\"}");
	world_delete(world, "accounts/gone");
	static const struct {
		const char *parent, *wanted;
	} rows[] = {
		{"", "INVALID_ARGUMENT FIELD_INVALID: parent"},
		{"accounts/-", "INVALID_ARGUMENT FIELD_INVALID: parent"},
		{"accounts", "INVALID_ARGUMENT FIELD_INVALID: parent"},
		{"users/admin", "INVALID_ARGUMENT FIELD_INVALID: parent"},
		{"accounts/acme/stakeholders/s", "INVALID_ARGUMENT FIELD_INVALID: parent"},
		{"accounts/never", "NOT_FOUND RESOURCE_NOT_FOUND: accounts/never not found"},
		{"accounts/gone", "FAILED_PRECONDITION PARENT_DELETED: accounts/gone is deleted: undelete it first"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_refused(world, NULL, "StakeholderService/CreateStakeholder",
		               arena_printf(&world->arena, "{\"parent\":\"%s\",\"stakeholder\":{\"title\":\"T\"}}", rows[i].parent), rows[i].wanted);
	}
	world_ok(world, NULL, "StakeholderService/CreateStakeholder", "{\"parent\":\"accounts/acme\",\"stakeholderId\":\"s\",\"stakeholder\":{\"title\":\"T\"}}");
	assert_non_null(strstr(world_state(world, "accounts/acme/stakeholders/s"), "\"T\""));
}

static void test_longest_names(void **state)
{
	struct world *world = *state;
	char id[LIMIT_ID_BYTES + 2];
	memset(id, 'i', sizeof id);
	id[LIMIT_ID_BYTES + 1] = '\0';
	assert_int_equal(world_callf(world, NULL, CREATE, "{\"accountId\":\"%s\",\"account\":{\"displayName\":\"N\"}}", id).status.code, STATUS_INVALID_ARGUMENT);
	id[LIMIT_ID_BYTES] = '\0';
	assert_true(world_callf(world, NULL, CREATE, "{\"accountId\":\"%s\",\"account\":{\"displayName\":\"N\"}}", id).ok);
	assert_true(world_callf(world, NULL, "ScorecardService/CreateScorecard",
	                        "{\"parent\":\"accounts/%s\",\"scorecardId\":\"%s\",\"scorecard\":{\"title\":\"T\",\"startsOn\":\"2026-01-01\",\"endsOn\":\"2026-12-31\"}}", id, id).ok);
	struct answer answer = world_callf(world, NULL, "EntryService/CreateEntry",
	                                   "{\"parent\":\"accounts/%s/scorecards/%s\",\"entryId\":\"%s\",\"entry\":{\"period\":\"2026-Q1\",\"metric\":\"m\"}}", id, id, id);
	assert_true(answer.ok || answer.status.code == STATUS_INVALID_ARGUMENT);
}

/* ---- circles ---- */

static void test_circles(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/b", "{\"displayName\":\"B\",\"parentAccount\":\"accounts/a\"}");
	world_put(world, "accounts/c", "{\"displayName\":\"C\",\"parentAccount\":\"accounts/b\"}");
	assert_refused(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"parentAccount\":\"accounts/c\"}}",
	               "INVALID_ARGUMENT FIELD_INVALID: account.parent_account: accounts/c is itself below accounts/a: that would be a circle");
	assert_refused(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"parentAccount\":\"accounts/a\"}}",
	               "INVALID_ARGUMENT FIELD_INVALID: account.parent_account: refers to the resource itself");
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/c\",\"parentAccount\":\"accounts/a\"}}");
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/b\",\"parentAccount\":\"accounts/c\"}}");
	/* A circle in old data: writing something else in it ends, and is refused until it is mended. */
	world_put(world, "accounts/x", "{\"displayName\":\"X\",\"parentAccount\":\"accounts/y\"}");
	world_put(world, "accounts/y", "{\"displayName\":\"Y\",\"parentAccount\":\"accounts/x\"}");
	assert_refused(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/x\",\"region\":\"R\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.parent_account");
	assert_refused(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/b\",\"parentAccount\":\"accounts/x\"}}", "INVALID_ARGUMENT");
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/x\"},\"updateMask\":\"parentAccount\"}");
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/y\",\"region\":\"R\"}}");
}

/* What a resource referred to before may have gone since: that alone stops no other change. */
static void test_dangling_reference_of_before(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"owner\":\"users/never\"}");
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"R\"}}");
	assert_refused(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"owner\":\"users/none\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.owner");
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\"},\"updateMask\":\"owner\"}");
	assert_null(strstr(world_state(world, "accounts/a"), "never"));
}

/* ---- update ---- */

static void test_update(void **state)
{
	struct world *world = *state;
	const char *created = world_ok(world, NULL, CREATE, "{\"accountId\":\"a\",\"account\":{\"displayName\":\"A\",\"region\":\"R\",\"industry\":\"I\"}}");
	struct answer answer = world_call(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"S\"}}");
	assert_non_null(strstr(answer.json, "\"region\":\"S\""));
	assert_non_null(strstr(answer.json, "\"industry\":\"I\""));
	assert_string_not_equal(answer.json, created);
	answer = world_call(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"T\",\"industry\":\"J\"},\"updateMask\":\"region\"}");
	assert_non_null(strstr(answer.json, "\"industry\":\"I\""));
	answer = world_call(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"displayName\":\"B\"},\"updateMask\":\"*\"}");
	assert_null(strstr(answer.json, "industry"));
	assert_non_null(strstr(answer.json, "\"creator\":\"users/admin\""));
	assert_string_equal(world_ok(world, NULL, GET, "{\"name\":\"accounts/a\"}"), answer.json);
}

static void test_update_refused(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *request, *wanted;
	} rows[] = {
		{"{}", "INVALID_ARGUMENT FIELD_INVALID: account: is missing"},
		{"{\"account\":{}}", "INVALID_ARGUMENT FIELD_INVALID: account.name"},
		{"{\"account\":{\"name\":\"accounts/-\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.name"},
		{"{\"account\":{\"name\":\"users/admin\"}}", "INVALID_ARGUMENT FIELD_INVALID: account.name"},
		{"{\"account\":{\"name\":\"accounts/never\",\"region\":\"R\"}}", "NOT_FOUND RESOURCE_NOT_FOUND: accounts/never not found"},
		{"{\"account\":{\"name\":\"accounts/gone\",\"region\":\"R\"}}", "FAILED_PRECONDITION RESOURCE_DELETED: accounts/gone is deleted"},
		{"{\"account\":{\"name\":\"accounts/a\"},\"updateMask\":\"displayName\"}", "INVALID_ARGUMENT FIELD_INVALID: account.display_name"},
		{"{\"account\":{\"name\":\"accounts/a\"},\"updateMask\":\"dragon\"}", "INVALID_ARGUMENT FIELD_INVALID: update_mask"},
		{"{\"account\":{\"name\":\"accounts/a\"},\"updateMask\":\"uid\"}", "INVALID_ARGUMENT FIELD_INVALID: update_mask"},
		{"{\"account\":{\"name\":\"accounts/a\",\"etag\":\"0123456789abcdef\",\"region\":\"R\"}}", "ABORTED ETAG_STALE"},
		{"{\"account\":{\"name\":\"accounts/a\",\"etag\":\"x\",\"region\":\"R\"}}", "ABORTED ETAG_STALE"},
	};
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/gone", "{\"displayName\":\"Gone\"}");
	world_delete(world, "accounts/gone");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_refused(world, NULL, UPDATE, rows[i].request, rows[i].wanted);
	}
}

static void test_etag(void **state)
{
	struct world *world = *state;
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	const char *first = etag_of(world, NULL, "accounts/a");
	assert_string_equal(etag_of(world, NULL, "accounts/a"), first);
	world_ok(world, NULL, UPDATE, arena_printf(&world->arena, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"R\",\"etag\":\"%s\"}}", first));
	assert_string_not_equal(etag_of(world, NULL, "accounts/a"), first);
	assert_refused(world, NULL, UPDATE, arena_printf(&world->arena, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"S\",\"etag\":\"%s\"}}", first),
	               "ABORTED ETAG_STALE");
	assert_refused(world, NULL, "AccountService/DeleteAccount", arena_printf(&world->arena, "{\"name\":\"accounts/a\",\"etag\":\"%s\"}", first), "ABORTED ETAG_STALE");
	world_ok(world, NULL, "AccountService/DeleteAccount",
	         arena_printf(&world->arena, "{\"name\":\"accounts/a\",\"etag\":\"%s\"}", etag_of(world, NULL, "accounts/a")));
	assert_refused(world, NULL, "AccountService/UndeleteAccount", arena_printf(&world->arena, "{\"name\":\"accounts/a\",\"etag\":\"%s\"}", first), "ABORTED ETAG_STALE");
}

static void test_update_without_a_change(void **state)
{
	struct world *world = *state;
	world_ok(world, NULL, CREATE, "{\"accountId\":\"a\",\"account\":{\"displayName\":\"A\",\"labels\":{\"k\":\"v\"}}}");
	const char *before = world_state(world, "accounts/a"), *etag = etag_of(world, NULL, "accounts/a");
	uint64_t revision = world_revision(world);
	struct answer answer = world_call(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"displayName\":\"A\",\"labels\":{\"k\":\"v\"}}}");
	assert_true(answer.ok);
	assert_string_equal(world_text(world, &answer, UPDATE, "etag"), etag);
	assert_string_equal(world_state(world, "accounts/a"), before);
	assert_int_equal(world_revision(world), revision);
}

static void test_allow_missing(void **state)
{
	struct world *world = *state;
	struct answer answer = world_call(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/new\",\"displayName\":\"N\",\"uid\":\"x\"},\"allowMissing\":true}");
	assert_true(answer.ok);
	assert_int_equal(strlen(world_text(world, &answer, UPDATE, "uid")), 32);
	world_ok(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/new\",\"displayName\":\"M\"},\"allowMissing\":true}");
	assert_non_null(strstr(world_state(world, "accounts/new"), "\"M\""));
	assert_refused(world, NULL, "StakeholderService/UpdateStakeholder",
	               "{\"stakeholder\":{\"name\":\"accounts/never/stakeholders/s\",\"title\":\"T\"},\"allowMissing\":true}",
	               "NOT_FOUND RESOURCE_NOT_FOUND: accounts/never not found");
	assert_refused(world, NULL, UPDATE, "{\"account\":{\"name\":\"accounts/other\"},\"allowMissing\":true}", "INVALID_ARGUMENT FIELD_INVALID: account.display_name");
}

/* ---- only checked ---- */

static void test_validate_only_changes_nothing(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *method, *request;
	} rows[] = {
		{CREATE, "{\"accountId\":\"new\",\"account\":{\"displayName\":\"N\"},\"validateOnly\":true}"},
		{UPDATE, "{\"account\":{\"name\":\"accounts/a\",\"region\":\"R\"},\"validateOnly\":true}"},
		{UPDATE, "{\"account\":{\"name\":\"accounts/new\",\"displayName\":\"R\"},\"allowMissing\":true,\"validateOnly\":true}"},
		{"AccountService/DeleteAccount", "{\"name\":\"accounts/a\",\"validateOnly\":true}"},
		{"AccountService/UndeleteAccount", "{\"name\":\"accounts/gone\",\"validateOnly\":true}"},
	};
	world_put(world, "accounts/a", "{\"displayName\":\"A\"}");
	world_put(world, "accounts/gone", "{\"displayName\":\"G\"}");
	world_delete(world, "accounts/gone");
	uint64_t revision = world_revision(world);
	const char *before = world_state(world, "accounts/a"), *gone = world_state(world, "accounts/gone");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *json = world_ok(world, NULL, rows[i].method, rows[i].request);
		assert_non_null(strstr(json, "\"etag\""));
		assert_int_equal(world_revision(world), revision);
	}
	assert_string_equal(world_state(world, "accounts/a"), before);
	assert_string_equal(world_state(world, "accounts/gone"), gone);
	assert_string_equal(world_state(world, "accounts/new"), "-");
	assert_refused(world, NULL, CREATE, "{\"accountId\":\"a\",\"account\":{\"displayName\":\"N\"},\"validateOnly\":true}", "ALREADY_EXISTS");
}

/* ---- the nouns' own rules ---- */

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	struct bytes packed = schema_pack(new, call->arena);
	(void)old;
	return !memmem(packed.data, packed.size, "forbidden", 9) || status_field(call->status, "product.family", "is forbidden");
}

static const char *make_id(struct call *call, const ProtobufCMessage *new)
{
	struct bytes packed = schema_pack(new, call->arena);
	return memmem(packed.data, packed.size, "fixed", 5) ? "fixed" : NULL;
}

static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	(void)old;
	return strcmp(name, "products/kept") != 0 || status_fail(call->status, STATUS_FAILED_PRECONDITION, "KEPT", "kept");
}

/* Counts in a product of its own how often others were written. */
static bool follow(struct call *call, const ProtobufCMessage *old, const ProtobufCMessage *new)
{
	(void)old;
	struct bytes packed = schema_pack(new, call->arena);
	struct store_record record;
	bool known = changes_get(call->changes, call->view, "products/followed", &record, call->status);
	return memmem(packed.data, packed.size, "follow", 6) == NULL ||
	       changes_put(call->changes, call->view, "products/followed", known ? STORE_UPDATE : STORE_CREATE, packed, call->status);
}

static const struct noun nouns[] = {{.collection = "products", .check = check, .make_id = make_id, .check_delete = check_delete, .follow = follow}};

static int noun_setup(void **state)
{
	world_nouns = nouns;
	world_nouns_count = 1;
	int failed = world_setup(state);
	world_nouns_count = 0;
	return failed;
}

static void test_rules_of_a_noun(void **state)
{
	struct world *world = *state;
	assert_refused(world, NULL, "ProductService/CreateProduct", "{\"product\":{\"displayName\":\"forbidden\"}}", "INVALID_ARGUMENT FIELD_INVALID: product.family");
	struct answer answer = world_call(world, NULL, "ProductService/CreateProduct", "{\"product\":{\"displayName\":\"fixed\"}}");
	assert_string_equal(world_text(world, &answer, "ProductService/CreateProduct", "name"), "products/fixed");
	assert_refused(world, NULL, "ProductService/CreateProduct", "{\"product\":{\"displayName\":\"fixed\"}}", "ALREADY_EXISTS");
	assert_refused(world, NULL, "ProductService/CreateProduct", "{\"productId\":\"other\",\"product\":{\"displayName\":\"fixed\"}}", "INVALID_ARGUMENT ID_MISMATCH");
	world_ok(world, NULL, "ProductService/CreateProduct", "{\"productId\":\"kept\",\"product\":{\"displayName\":\"Kept\"}}");
	assert_refused(world, NULL, "ProductService/DeleteProduct", "{\"name\":\"products/kept\"}", "FAILED_PRECONDITION KEPT");
	assert_refused(world, NULL, "ProductService/UpdateProduct", "{\"product\":{\"name\":\"products/kept\",\"family\":\"forbidden\"}}", "INVALID_ARGUMENT");
	uint64_t revision = world_revision(world);
	world_ok(world, NULL, "ProductService/CreateProduct", "{\"productId\":\"f\",\"product\":{\"displayName\":\"follow\"}}");
	assert_int_equal(world_revision(world), revision + 1);
	assert_string_not_equal(world_state(world, "products/followed"), "-");
	world_ok(world, NULL, "ProductService/CreateProduct", "{\"productId\":\"g\",\"product\":{\"displayName\":\"follow\"},\"validateOnly\":true}");
	assert_int_equal(world_revision(world), revision + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_refused),
		TEST(test_all_faults_are_told),
		TEST(test_create_below),
		TEST(test_longest_names),
		TEST(test_circles),
		TEST(test_dangling_reference_of_before),
		TEST(test_update),
		TEST(test_update_refused),
		TEST(test_etag),
		TEST(test_update_without_a_change),
		TEST(test_allow_missing),
		TEST(test_validate_only_changes_nothing),
		cmocka_unit_test_setup_teardown(test_rules_of_a_noun, noun_setup, world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
