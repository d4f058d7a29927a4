/* SPDX-License-Identifier: Apache-2.0
 *
 * Erase: what is renamed, what is emptied, what is only listed; who may; with too little memory nothing happens; and whatever is done, the store and its log
 * are whole.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "kam/v1/standard.pb-c.h"
#include "tests/unit/access/world.h"

#define ERASE "ContactService/EraseContact"

/* Jane was called otherwise once. She is one stakeholder, and was another, of whom ties speak; of hers one has her id in its name. */
static void put_all(struct world *world)
{
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"description\":\"Jane Maiden likes it\"}");
	world_put(world, "contacts/jane", "{\"displayName\":\"Jane Maiden\",\"phones\":[\"555 0199\"]}");
	world_put(world, "contacts/jane", "{\"displayName\":\"Jane Doeling\",\"emails\":[\"jane@a.example\"]}");
	world_put(world, "contacts/bob", "{\"displayName\":\"Bob\",\"notes\":\"knows jane doeling\"}");
	world_put(world, "accounts/a/stakeholders/cfo", "{\"contact\":\"contacts/jane\",\"title\":\"CFO\"}");
	world_put(world, "accounts/a/stakeholders/buyer", "{\"contact\":\"contacts/jane\",\"title\":\"Buyer\"}");
	world_put(world, "accounts/a/stakeholders/buyer", "{\"contact\":\"contacts/bob\",\"title\":\"Buyer\"}");
	world_put(world, "accounts/a/stakeholders/after-jane", "{\"title\":\"None yet\"}");
	world_put(world, "accounts/a/ties/cfo-buyer", "{\"fromStakeholder\":\"accounts/a/stakeholders/cfo\",\"toStakeholder\":\"accounts/a/stakeholders/buyer\",\"kind\":\"TIE_KIND_ALLIED\"}");
	world_put(world, "accounts/a/ties/x", "{\"fromStakeholder\":\"accounts/a/stakeholders/cfo\",\"toStakeholder\":\"accounts/a/stakeholders/buyer\",\"kind\":\"TIE_KIND_ALLIED\"}");
}

static const Kam__V1__EraseResponse *erase(struct world *world, const char *request)
{
	struct answer answer = world_call(world, NULL, ERASE, request);
	if (!answer.ok) {
		fail_msg("%s", world_status(world, &answer.status));
	}
	return (const void *)answer.message;
}

static void assert_sound(struct world *world)
{
	uint64_t records;
	bool sound = store_check(world_view(world), &world->st) && store_log_verify(world_view(world), &records, &world->st);
	if (!sound) {
		fail_msg("%s", world_status(world, &world->st));
	}
}

static bool find_text(void *context, uint64_t revision, struct bytes text)
{
	const char **wanted = context;
	(void)revision;
	*wanted = *wanted && memmem(text.data, text.size, *wanted, strlen(*wanted)) ? NULL : *wanted;
	return true;
}

static bool somewhere(struct world *world, const char *text)
{
	assert_true(store_search(world_view(world), find_text, &text, &world->st));
	return !text;
}

static const char *mentions(struct world *world, const Kam__V1__EraseResponse *response)
{
	struct buf out;
	buf_init(&out, &world->arena);
	for (size_t i = 0; i < response->n_mentions; i++) {
		const Kam__V1__ErasedMention *mention = response->mentions[i];
		buf_printf(&out, "%s.%s*%d%s%s ", mention->resource, mention->field, mention->versions, mention->current ? "c" : "", mention->replaced ? "!" : "");
	}
	return buf_text(&out);
}

static void test_names_and_states(void **state)
{
	struct world *world = *state;
	put_all(world);
	const Kam__V1__EraseResponse *response = erase(world, "{\"name\":\"contacts/jane\"}");
	assert_sound(world);
	assert_int_equal(response->versions, 4); /* of the contact, of the CFO, and of the buyer while it was her */
	assert_int_equal(response->n_resources, 2);
	assert_int_equal(strncmp(response->resources[0], "accounts/a/stakeholders/erased-", 31), 0);
	assert_int_equal(strncmp(response->resources[1], "accounts/a/ties/erased-", 23), 0); /* it had the CFO's id in its own */
	assert_int_equal(response->references, 2);
	assert_string_equal(mentions(world, response), "accounts/a.description*1c contacts/bob.notes*1c ");
	assert_string_equal(world_state(world, "contacts/jane"), "-");
	const char *contact = world_state(world, response->name), *cfo = world_state(world, response->resources[0]);
	assert_non_null(strstr(contact, "\"displayName\":\"[erased]\""));
	assert_non_null(strstr(contact, "(DELETED)"));
	assert_non_null(strstr(cfo, "(DELETED)"));
	assert_null(strstr(cfo, "CFO"));
	assert_non_null(strstr(cfo, response->name));
	assert_non_null(strstr(world_state(world, "accounts/a/stakeholders/buyer"), "contacts/bob"));
	assert_non_null(strstr(world_state(world, "accounts/a/stakeholders/after-jane"), "None yet"));
	assert_non_null(strstr(world_state(world, "accounts/a/ties/x"), response->resources[0]));
	assert_non_null(strstr(world_state(world, "contacts/bob"), "knows jane doeling"));
	assert_false(somewhere(world, "contacts/jane"));
	assert_false(somewhere(world, "stakeholders/cfo"));
	assert_false(somewhere(world, "jane@a.example"));
	assert_false(somewhere(world, "555 0199"));
	assert_true(somewhere(world, "Jane Maiden")); /* in the account's description, as listed */
}

static void test_texts(void **state)
{
	struct world *world = *state;
	put_all(world);
	uint64_t before = world_revision(world);
	const char *request = "{\"name\":\"contacts/jane\",\"replaceTexts\":true,\"texts\":[\"likes it\"],\"validateOnly\":true}";
	const Kam__V1__EraseResponse *response = erase(world, request);
	assert_string_equal(mentions(world, response), "accounts/a.description*1c! contacts/bob.notes*1c! ");
	assert_string_equal(response->name, "contacts/jane");
	assert_string_equal(response->resources[0], "accounts/a/stakeholders/cfo");
	assert_int_equal(world_revision(world), before);
	erase(world, "{\"name\":\"contacts/jane\",\"replaceTexts\":true,\"texts\":[\"likes it\"]}");
	assert_int_equal(world_revision(world), before + 1);
	assert_sound(world);
	assert_non_null(strstr(world_state(world, "accounts/a"), "\"[erased] [erased]\""));
	assert_non_null(strstr(world_state(world, "contacts/bob"), "\"knows [erased]\""));
	assert_false(somewhere(world, "Maiden"));
	assert_false(somewhere(world, "doeling"));
	world->as_of = before;
	assert_null(strstr(world_ok(world, NULL, "AccountService/ListAccounts", "{}"), "Maiden"));
	world->as_of = 0;
}

static void test_a_deleted_one(void **state)
{
	struct world *world = *state;
	put_all(world);
	world_delete(world, "contacts/jane");
	const Kam__V1__EraseResponse *response = erase(world, "{\"name\":\"contacts/jane\"}");
	assert_int_equal(response->versions, 5);
	assert_sound(world);
	assert_non_null(strstr(world_state(world, response->name), "(DELETED)"));
}

static void test_who_may(void **state)
{
	struct world *world = *state;
	put_all(world);
	uint64_t before = world_revision(world);
	world_put(world, "accounts/a", "{\"displayName\":\"A\",\"owner\":\"users/own\"}");
	world_role(world, "roles/own", "ASSIGNED", "contacts.*,accounts.read,stakeholders.read", "PUBLIC,PERSONAL");
	world_role(world, "roles/reads", "ALL", "*.read", "PUBLIC,PERSONAL");
	world_bind(world, "users/own", "roles/own", "");
	world_bind(world, "users/reads", "roles/reads", "");
	before = world_revision(world);
	assert_non_null(strstr(world_refusal(world, "users/own", ERASE, "{\"name\":\"contacts/jane\"}"), "PERMISSION_DENIED"));
	assert_non_null(strstr(world_refusal(world, "users/own", ERASE, "{\"name\":\"contacts/jane\",\"validateOnly\":true}"), "PERMISSION_DENIED"));
	assert_non_null(strstr(world_refusal(world, "users/reads", ERASE, "{\"name\":\"contacts/jane\"}"), "PERMISSION_DENIED"));
	assert_non_null(strstr(world_refusal(world, NULL, ERASE, "{\"name\":\"contacts/jane\",\"etag\":\"no\"}"), "ABORTED"));
	assert_non_null(strstr(world_refusal(world, NULL, ERASE, "{\"name\":\"contacts/jane\",\"texts\":[\"ab\"]}"), "too short"));
	assert_non_null(strstr(world_refusal(world, NULL, ERASE, "{\"name\":\"accounts/a\"}"), "INVALID_ARGUMENT"));
	assert_non_null(strstr(world_refusal(world, NULL, ERASE, "{\"name\":\"contacts/never\"}"), "NOT_FOUND"));
	assert_int_equal(world_revision(world), before);
}

/* With less memory than it needs it fails and leaves all as it was, until it succeeds whole. */
static void test_memory(void **state)
{
	struct world *world = *state;
	struct answer answer = {.ok = false};
	put_all(world);
	for (size_t bytes = 0; !answer.ok; bytes += 64 + bytes / 24) {
		uint64_t before = world_revision(world);
		assert_true(bytes < (64u << 20));
		world->call_bytes = bytes;
		answer = world_call(world, NULL, ERASE, "{\"name\":\"contacts/jane\",\"replaceTexts\":true}");
		if (!answer.ok) {
			assert_int_equal(answer.status.code, STATUS_RESOURCE_EXHAUSTED);
			assert_int_equal(world_revision(world), before);
			assert_true(somewhere(world, "Maiden"));
		}
	}
	assert_sound(world);
	assert_false(somewhere(world, "Maiden"));
	assert_false(somewhere(world, "contacts/jane"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {TEST(test_names_and_states), TEST(test_texts), TEST(test_a_deleted_one), TEST(test_who_may), TEST(test_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
