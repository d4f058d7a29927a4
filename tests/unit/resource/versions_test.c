/* SPDX-License-Identifier: Apache-2.0
 *
 * The history of one resource: newest first, what changed between, cut to what the caller sees, by pages, and as of a revision.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "kam/v1/standard.pb-c.h"
#include "tests/unit/access/world.h"

#define VERSIONS "AccountService/ListAccountVersions"

static const Kam__V1__ListVersionsResponse *versions(struct world *world, const char *user, const char *request)
{
	struct answer answer = world_call(world, user, VERSIONS, request);
	if (!answer.ok) {
		fail_msg("%s", world_status(world, &answer.status));
	}
	return (const void *)answer.message;
}

/* "UPDATE region,labels|CREATE" */
static const char *told(struct world *world, const Kam__V1__ListVersionsResponse *response)
{
	static const char *const operations[] = {"", "CREATE", "UPDATE", "DELETE", "UNDELETE", "PURGE"};
	struct buf text;
	buf_init(&text, &world->arena);
	for (size_t i = 0; i < response->n_versions; i++) {
		const Kam__V1__Version *version = response->versions[i];
		buf_printf(&text, "%s%s", i ? "|" : "", operations[version->operation]);
		for (size_t k = 0; k < version->n_changed_fields; k++) {
			buf_printf(&text, "%c%s", k ? ',' : ' ', version->changed_fields[k]);
		}
	}
	return buf_text(&text);
}

static void put_history(struct world *world)
{
	world_ok(world, NULL, "AccountService/CreateAccount", "{\"accountId\":\"a\",\"account\":{\"displayName\":\"A\"}}");
	world_ok(world, NULL, "AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/a\",\"region\":\"R\",\"labels\":{\"k\":\"v\"}}}");
	world_ok(world, NULL, "AccountService/UpdateAccount", "{\"account\":{\"name\":\"accounts/a\",\"strategy\":{\"text\":\"grow\"}}}");
	world_ok(world, NULL, "AccountService/DeleteAccount", "{\"name\":\"accounts/a\"}");
	world_ok(world, NULL, "AccountService/UndeleteAccount", "{\"name\":\"accounts/a\"}");
}

static void test_history(void **state)
{
	struct world *world = *state;
	put_history(world);
	const Kam__V1__ListVersionsResponse *response = versions(world, NULL, "{\"name\":\"accounts/a\"}");
	assert_string_equal(told(world, response), "UNDELETE delete_time|DELETE delete_time|UPDATE strategy|UPDATE labels,region|CREATE");
	assert_string_equal(response->next_page_token, "");
	for (size_t i = 0; i < response->n_versions; i++) {
		const Kam__V1__Version *version = response->versions[i];
		assert_int_equal(version->revision, world_revision(world) - i);
		assert_string_equal(version->actor, "users/admin");
		assert_string_equal(version->resource->type_url, "type.googleapis.com/kam.v1.Account");
		assert_true(version->time->seconds <= clock_wall_us() / 1000000 && version->time->seconds > clock_wall_us() / 1000000 - 600);
	}
}

static void test_hidden_fields(void **state)
{
	struct world *world = *state;
	put_history(world);
	world_role(world, "roles/wide", "ALL", "accounts.read", "PUBLIC");
	world_bind(world, "users/pat", "roles/wide", "");
	const Kam__V1__ListVersionsResponse *response = versions(world, "users/pat", "{\"name\":\"accounts/a\"}");
	assert_string_equal(told(world, response), "UNDELETE delete_time|DELETE delete_time|UPDATE labels,region|CREATE"); /* one of hidden fields alone is none */
	for (size_t i = 0; i < response->n_versions; i++) {
		const ProtobufCBinaryData *value = &response->versions[i]->resource->value;
		assert_null(memmem(value->data, value->len, "grow", 4));
	}
}

static void test_pages(void **state)
{
	struct world *world = *state;
	put_history(world);
	const char *whole = told(world, versions(world, NULL, "{\"name\":\"accounts/a\"}"));
	for (int size = 1; size < 7; size++) {
		struct buf text;
		const char *token = "";
		buf_init(&text, &world->arena);
		do {
			const Kam__V1__ListVersionsResponse *response =
				versions(world, NULL, arena_printf(&world->arena, "{\"name\":\"accounts/a\",\"pageSize\":%d,\"pageToken\":\"%s\"}", size, token));
			assert_true(response->n_versions > 0 && response->n_versions <= (size_t)size);
			buf_printf(&text, "%s%s", text.size ? "|" : "", told(world, response));
			token = response->next_page_token;
		} while (*token);
		assert_string_equal(buf_text(&text), whole);
	}
}

static void test_bad_requests(void **state)
{
	struct world *world = *state;
	put_history(world);
	world_put(world, "accounts/b", "{\"displayName\":\"B\"}");
	const char *token = versions(world, NULL, "{\"name\":\"accounts/a\",\"pageSize\":1}")->next_page_token;
	assert_string_not_equal(token, "");
	const char *other = arena_printf(&world->arena, "{\"name\":\"accounts/b\",\"pageToken\":\"%s\"}", token);
	assert_non_null(strstr(world_refusal(world, NULL, VERSIONS, other), "INVALID_ARGUMENT FIELD_INVALID: page_token"));
	assert_non_null(strstr(world_refusal(world, NULL, VERSIONS, "{\"name\":\"accounts/a\",\"pageToken\":\"x\"}"), "INVALID_ARGUMENT FIELD_INVALID: page_token"));
	assert_non_null(strstr(world_refusal(world, NULL, VERSIONS, "{\"name\":\"accounts/a\",\"pageSize\":-1}"), "INVALID_ARGUMENT FIELD_INVALID: page_size"));
	assert_non_null(strstr(world_refusal(world, NULL, VERSIONS, "{\"name\":\"accounts/-\"}"), "INVALID_ARGUMENT"));
	assert_non_null(strstr(world_refusal(world, NULL, VERSIONS, "{\"name\":\"accounts/never\"}"), "NOT_FOUND"));
	struct answer list = world_call(world, NULL, "AccountService/ListAccounts", "{\"pageSize\":1}");
	const char *foreign = world_text(world, &list, "AccountService/ListAccounts", "next_page_token");
	assert_non_null(strstr(world_refusal(world, NULL, VERSIONS, arena_printf(&world->arena, "{\"name\":\"accounts/a\",\"pageToken\":\"%s\"}", foreign)),
	                       "INVALID_ARGUMENT FIELD_INVALID: page_token"));
}

static void test_as_of(void **state)
{
	struct world *world = *state;
	uint64_t before = world_revision(world);
	put_history(world);
	world->as_of = before + 2;
	assert_string_equal(told(world, versions(world, NULL, "{\"name\":\"accounts/a\"}")), "UPDATE labels,region|CREATE");
	world->as_of = before + 1;
	assert_string_equal(told(world, versions(world, NULL, "{\"name\":\"accounts/a\"}")), "CREATE");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {TEST(test_history), TEST(test_hidden_fields), TEST(test_pages), TEST(test_bad_requests), TEST(test_as_of)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
