/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources now and then, collections, the log, remembered replies and settings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include "common/base/limits.h"

#include <stdio.h>
#include <stdlib.h>

static void assert_status(struct status *st, enum status_code code, const char *reason)
{
	assert_int_equal(st->code, code);
	assert_string_equal(st->reason, reason);
	status_init(st);
}

/* ---- resources ---- */

static void test_states_over_time(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(fixture_get_at(f, "accounts/a", 0), "-");
	assert_int_equal(fixture_put(f, STORE_CREATE, "accounts/a", "one"), 1);
	assert_int_equal(fixture_put(f, STORE_CREATE, "accounts/b", ""), 2);
	assert_int_equal(fixture_put(f, STORE_UPDATE, "accounts/a", "two"), 3);
	assert_int_equal(fixture_put(f, STORE_DELETE, "accounts/a", "gone"), 4);
	assert_int_equal(fixture_put(f, STORE_UNDELETE, "accounts/a", "back"), 5);
	assert_int_equal(store_revision(f->store), 5);
	assert_string_equal(fixture_get_at(f, "accounts/a", 0), "back@5");
	static const char *const then[] = {"one@1", "one@1", "two@3", "gone@4", "back@5", "back@5"};
	for (uint64_t revision = 1; revision <= 6; revision++) {
		assert_string_equal(fixture_get_at(f, "accounts/a", revision), then[revision - 1]);
	}
	assert_string_equal(fixture_get_at(f, "accounts/b", 1), "-");
	assert_string_equal(fixture_get_at(f, "accounts/b", 2), "@2");
	assert_string_equal(fixture_get_at(f, "not a name", 0), "-");
	assert_string_equal(fixture_scan(f, "accounts", NULL, 1, 9, true), "accounts/a=one");
	assert_string_equal(fixture_scan(f, "accounts", NULL, 3, 9, true), "accounts/a=two accounts/b=");
	assert_true(fixture_sound(f));
}

static bool collect_history(void *context, const char *name, const struct store_record *record)
{
	char *text = context;
	assert_string_equal(name, "accounts/a");
	size_t used = strlen(text);
	snprintf(text + used, 200 - used, "%llu:%d:%.*s ", (unsigned long long)record->revision, record->operation, (int)record->value.size,
	         (const char *)record->value.data);
	return strlen(text) < 15;
}

static void test_history(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";
	fixture_put(f, STORE_CREATE, "accounts/a", "1");
	fixture_put(f, STORE_CREATE, "accounts/a/programme", "no");
	fixture_put(f, STORE_CREATE, "accounts/a-b", "no");
	fixture_put(f, STORE_UPDATE, "accounts/a", "2");
	fixture_put(f, STORE_DELETE, "accounts/a", "3");
	assert_true(store_history(fixture_view(f), "accounts/a", 0, collect_history, text, &f->st));
	assert_string_equal(text, "5:3:3 4:2:2 1:1:1 ");
	text[0] = '\0';
	assert_true(store_history(fixture_view(f), "accounts/a", 4, collect_history, text, &f->st));
	assert_string_equal(text, "1:1:1 ");
	text[0] = '\0';
	assert_true(store_history(fixture_view(f), "accounts/a", 1, collect_history, text, &f->st));
	assert_true(store_history(fixture_view(f), "accounts/none", 0, collect_history, text, &f->st));
	assert_string_equal(text, "");
}

static void test_purge(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";
	fixture_put(f, STORE_CREATE, "accounts/a", "1=one");
	fixture_put(f, STORE_UPDATE, "accounts/a", "1=two");
	fixture_put(f, STORE_CREATE, "accounts/a-b", "1=stays");
	fixture_put(f, STORE_PURGE, "accounts/a", "");
	for (uint64_t revision = 0; revision <= 4; revision++) {
		assert_string_equal(fixture_get_at(f, "accounts/a", revision), "-");
		assert_null(strstr(fixture_scan(f, "accounts", NULL, revision, 9, false), "accounts/a "));
	}
	assert_true(store_history(fixture_view(f), "accounts/a", 0, collect_history, text, &f->st));
	assert_string_equal(text, "4:5: ");
	assert_true(fixture_sound(f));
	/* the log still tells what happened, without the bytes */
	struct store_entry entry;
	assert_true(store_log_get(fixture_view(f), 2, &f->arena, &entry, &f->st));
	assert_string_equal(entry.changes[0].name, "accounts/a");
	assert_int_equal(entry.changes[0].value.size, 0);
	/* a name may be used again, and be purged again */
	fixture_put(f, STORE_CREATE, "accounts/a", "1=new");
	assert_string_equal(fixture_get_at(f, "accounts/a", 0), "1=new@5");
	assert_string_equal(fixture_get_at(f, "accounts/a", 4), "-");
	assert_true(fixture_sound(f));
	fixture_put(f, STORE_PURGE, "accounts/a", "");
	assert_true(fixture_sound(f));
}

static void test_append_refuses(void **state)
{
	struct fixture *f = *state;
	static uint8_t large[LIMIT_RESOURCE_BYTES + 1];
	const struct {
		struct store_change change;
		size_t count;
		enum status_code code;
		const char *reason;
	} rows[] = {
		{{"accounts/a", STORE_UPDATE, 0, {NULL, 0}}, 1, STATUS_ABORTED, "REVISION_MISMATCH"},
		{{"accounts/a", STORE_UPDATE, 2, {NULL, 0}}, 1, STATUS_ABORTED, "REVISION_MISMATCH"},
		{{"accounts/b", STORE_CREATE, 1, {NULL, 0}}, 1, STATUS_ABORTED, "REVISION_MISMATCH"},
		{{"accounts/-", STORE_CREATE, 0, {NULL, 0}}, 1, STATUS_INVALID_ARGUMENT, "NAME_INVALID"},
		{{"accounts/c", STORE_CREATE, 0, {large, sizeof large}}, 1, STATUS_INVALID_ARGUMENT, "RESOURCE_TOO_LARGE"},
		{{"accounts/c", STORE_CREATE, 0, {NULL, 0}}, LIMIT_CHANGES + 1, STATUS_INVALID_ARGUMENT, "TOO_MANY_CHANGES"},
	};
	fixture_put(f, STORE_CREATE, "accounts/a", "x");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct store_txn *txn;
		struct store_entry entry = {.changes = &rows[i].change, .changes_count = rows[i].count};
		assert_true(store_txn_begin(f->store, &txn, &f->st));
		assert_int_equal(fixture_append(txn, STORE_CREATE, "accounts/z", bytes_of("z")), 2);
		assert_int_equal(store_append(txn, &entry), 0);
		assert_int_equal(store_txn_status(txn)->code, rows[i].code);
		assert_int_equal(fixture_append(txn, STORE_CREATE, "accounts/y", bytes_of("y")), 0);
		assert_false(store_commit(txn, &f->st));
		assert_status(&f->st, rows[i].code, rows[i].reason);
	}
	struct store_change twice[] = {{"accounts/d", STORE_CREATE, 0, {NULL, 0}}, {"accounts/d", STORE_UPDATE, 0, {NULL, 0}}};
	struct store_entry entry = {.changes = twice, .changes_count = 2};
	struct store_txn *txn;
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_append(txn, &entry), 0);
	store_abort(txn);
	assert_int_equal(store_revision(f->store), 1);
	assert_string_equal(fixture_scan(f, "accounts", NULL, 0, 9, false), "accounts/a");
	assert_true(fixture_sound(f));
}

/* A value that was just read in the transaction is written back, beside others that move its page. */
static void test_append_own_values(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	struct store_record a, b;
	static char text[2][600];
	memset(text[0], 'a', sizeof text[0] - 1);
	memset(text[1], 'b', sizeof text[1] - 1);
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	fixture_append(txn, STORE_CREATE, "accounts/a", bytes_of(text[0]));
	fixture_append(txn, STORE_CREATE, "accounts/b", bytes_of(text[1]));
	assert_int_equal(store_view_revision(store_txn_view(txn)), 2);
	assert_true(store_get(store_txn_view(txn), "accounts/a", &a, &f->st));
	assert_true(store_get(store_txn_view(txn), "accounts/b", &b, &f->st));
	b.value.size = 300;
	struct store_change changes[] = {
		{"accounts/b", STORE_UPDATE, 2, a.value}, {"accounts/a", STORE_DELETE, 1, b.value}, {"accounts/0", STORE_CREATE, 0, a.value}};
	struct store_entry entry = {.changes = changes, .changes_count = 3};
	assert_int_equal(store_append(txn, &entry), 3);
	assert_true(store_commit(txn, &f->st));
	assert_int_equal(strncmp(fixture_get_at(f, "accounts/b", 0), text[0], sizeof text[0] - 1), 0);
	assert_int_equal(strncmp(fixture_get_at(f, "accounts/0", 0), text[0], sizeof text[0] - 1), 0);
	assert_string_equal(fixture_get_at(f, "accounts/a", 0) + 299, "b@3");
	assert_true(fixture_sound(f));
}

/* ---- collections ---- */

static const char *const collection[] = {
	"accounts/a",     "accounts/a-b",   "accounts/a.b",   "accounts/a_b",     "accounts/aa",      "accounts/A",
	"accounts/a/x/1", "accounts/a/x/2", "accounts/a-b/x/1", "accounts/a.b/x/0", "accounts/aa/x/1", "accounts/a/programme",
	"accounts/b/programme", "settings", "accountsx/a", "accounts/a/x/1/y/2", "users/a",
};

static void put_collection(struct fixture *f)
{
	for (size_t i = 0; i < sizeof collection / sizeof collection[0]; i++) {
		fixture_put(f, STORE_CREATE, collection[i], "v");
	}
}

static void test_scan_order(void **state)
{
	struct fixture *f = *state;
	put_collection(f);
	assert_string_equal(fixture_scan(f, "accounts", NULL, 0, 99, false),
	                    "accounts/A accounts/a accounts/a-b accounts/a.b accounts/a_b accounts/aa");
	assert_string_equal(fixture_scan(f, "accounts/a/x", NULL, 0, 99, false), "accounts/a/x/1 accounts/a/x/2");
	assert_string_equal(fixture_scan(f, "accounts/-/x", NULL, 0, 99, false),
	                    "accounts/a/x/1 accounts/a/x/2 accounts/a-b/x/1 accounts/a.b/x/0 accounts/aa/x/1");
	assert_string_equal(fixture_scan(f, "accounts/-/x/-/y", NULL, 0, 99, false), "accounts/a/x/1/y/2");
	assert_string_equal(fixture_scan(f, "accounts/a/x/-/y", NULL, 0, 99, false), "accounts/a/x/1/y/2");
	assert_string_equal(fixture_scan(f, "accounts/-/programme", NULL, 0, 99, false), "accounts/a/programme accounts/b/programme");
	assert_string_equal(fixture_scan(f, "accounts/a/programme", NULL, 0, 99, false), "accounts/a/programme");
	assert_string_equal(fixture_scan(f, "settings", NULL, 0, 99, false), "settings");
	assert_string_equal(fixture_scan(f, "account", NULL, 0, 99, false), "");
	assert_string_equal(fixture_scan(f, "accounts/zz/x", NULL, 0, 99, false), "");
}

static void test_scan_resume(void **state)
{
	struct fixture *f = *state;
	put_collection(f);
	for (size_t page = 1; page <= 6; page++) {
		char all[400] = "", after[LIMIT_NAME_BYTES + 1] = "";
		for (;;) {
			const char *names = fixture_scan(f, "accounts/-/x", after[0] ? after : NULL, 0, page, false);
			if (names[0] == '\0') {
				break;
			}
			strcat(strcat(all, names), " ");
			const char *last = strrchr(names, ' ');
			snprintf(after, sizeof after, "%s", last ? last + 1 : names);
		}
		assert_string_equal(all, "accounts/a/x/1 accounts/a/x/2 accounts/a-b/x/1 accounts/a.b/x/0 accounts/aa/x/1 ");
	}
	/* behind a name that is gone, before and behind the collection */
	assert_string_equal(fixture_scan(f, "accounts", "accounts/a.a", 0, 1, false), "accounts/a.b");
	assert_string_equal(fixture_scan(f, "accounts/a-b/x", "accounts/a/x/2", 0, 9, false), "accounts/a-b/x/1");
	assert_string_equal(fixture_scan(f, "accounts/a/x", "accounts/a-b/x/1", 0, 9, false), "");
}

static bool visit_never(void *context, const char *name, const struct store_record *record)
{
	(void)context;
	(void)name;
	(void)record;
	fail();
	return false;
}

static void test_scan_refuses(void **state)
{
	struct fixture *f = *state;
	fixture_put(f, STORE_CREATE, "accounts/a", "v");
	assert_false(store_scan(fixture_view(f), "accounts/a", NULL, 0, visit_never, NULL, &f->st));
	assert_status(&f->st, STATUS_INVALID_ARGUMENT, "NAME_INVALID");
	assert_false(store_scan(fixture_view(f), "accounts", "accounts/-", 0, visit_never, NULL, &f->st));
	assert_status(&f->st, STATUS_INVALID_ARGUMENT, "NAME_INVALID");
}

struct nested {
	const struct store_view *view;
	struct status *st;
	int depth;
	int visits;
};

/* Scans inside scans, of the same databases, now and as of a revision. */
static bool visit_nested(void *context, const char *name, const struct store_record *record)
{
	struct nested *outer = context;
	struct nested inner = {outer->view, outer->st, outer->depth - 1, 0};
	struct store_record again;
	assert_true(store_get_at(outer->view, name, 6, &again, outer->st));
	assert_int_equal(again.revision, record->revision);
	outer->visits++;
	if (outer->depth > 0) {
		assert_true(store_scan(outer->view, "accounts", NULL, 6, visit_nested, &inner, outer->st));
		assert_int_equal(inner.visits, 6);
	}
	return true;
}

static void test_scan_in_scan(void **state)
{
	struct fixture *f = *state;
	put_collection(f);
	fixture_put(f, STORE_UPDATE, "accounts/a", "w");
	struct nested nested = {fixture_view(f), &f->st, 2, 0};
	assert_true(store_scan(nested.view, "accounts", NULL, 6, visit_nested, &nested, &f->st));
	assert_int_equal(nested.visits, 6);
}

/* ---- the log ---- */

static void test_log_get(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	struct store_entry entry, first;
	struct store_change changes[] = {{"accounts/b", STORE_CREATE, 0, bytes_of("bee")}, {"accounts/a", STORE_UPDATE, 1, bytes_of("two")}};
	struct store_entry written = {.actor = "users/joe", .request_id = "id-1", .method = "S/M", .peer = "10.1.2.3", .client = "kam/1", .events = 12, .code = 9, .note = "why",
	                              .changes = changes, .changes_count = 2};
	fixture_put(f, STORE_CREATE, "accounts/a", "one");
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_append(txn, &written), 2);
	written.changes_count = 0;
	assert_int_equal(store_append(txn, &written), 3);
	assert_true(store_commit(txn, &f->st));

	assert_true(store_log_get(fixture_view(f), 1, &f->arena, &first, &f->st));
	assert_true(store_log_get(fixture_view(f), 2, &f->arena, &entry, &f->st));
	assert_int_equal(entry.revision, 2);
	assert_string_equal(entry.actor, "users/joe");
	assert_string_equal(entry.request_id, "id-1");
	assert_string_equal(entry.method, "S/M");
	assert_string_equal(entry.peer, "10.1.2.3");
	assert_string_equal(entry.client, "kam/1");
	assert_int_equal(entry.events, 12);
	assert_string_equal(entry.note, "why");
	assert_int_equal(entry.code, 9);
	assert_int_equal(entry.changes_count, 2);
	assert_string_equal(entry.changes[0].name, "accounts/b");
	assert_true(bytes_equal(entry.changes[0].value, bytes_of("bee")));
	assert_string_equal(entry.changes[1].name, "accounts/a");
	assert_int_equal(entry.changes[1].operation, STORE_UPDATE);
	assert_int_equal(entry.changes[1].previous_revision, 1);
	assert_true(bytes_equal(entry.changes[1].value, bytes_of("two")));
	assert_memory_equal(entry.previous_hash, first.hash, STORE_HASH_BYTES);
	assert_true(entry.time_us > first.time_us);

	assert_true(store_log_get(fixture_view(f), 3, &f->arena, &entry, &f->st));
	assert_int_equal(entry.changes_count, 0);
	assert_false(store_log_get(fixture_view(f), 4, &f->arena, &entry, &f->st));
	assert_false(store_log_get(fixture_view(f), 0, &f->arena, &entry, &f->st));
	assert_true(status_ok(&f->st));
	assert_true(fixture_sound(f));
}

/* Whatever the arena's limit, the answer is whole or a clean refusal. */
static void test_log_get_small_arena(void **state)
{
	struct fixture *f = *state;
	fixture_put(f, STORE_CREATE, "accounts/a", "some bytes to copy");
	bool fitted = false;
	for (size_t limit = 0; limit < 4000; limit += 16) {
		struct arena arena;
		struct store_entry entry;
		arena_init(&arena, limit);
		if (store_log_get(fixture_view(f), 1, &arena, &entry, &f->st)) {
			fitted = true;
			assert_string_equal(entry.actor, "users/jane");
			assert_int_equal(entry.changes[0].value.size, strlen("some bytes to copy"));
		} else {
			assert_false(fitted);
			assert_status(&f->st, STATUS_RESOURCE_EXHAUSTED, "REPLY_TOO_LARGE");
		}
		arena_done(&arena);
	}
	assert_true(fitted);
}

static void test_revision_at(void **state)
{
	struct fixture *f = *state;
	enum { REVISIONS = 37 };
	assert_int_equal(store_revision_at(fixture_view(f), INT64_MAX, &f->st), 0);
	for (int i = 0; i < REVISIONS; i++) {
		fixture_put(f, i == 0 ? STORE_CREATE : STORE_UPDATE, "accounts/a", "x");
	}
	const struct store_view *view = fixture_view(f);
	for (uint64_t revision = 1; revision <= REVISIONS; revision++) {
		struct store_entry entry;
		assert_true(store_log_get(view, revision, &f->arena, &entry, &f->st));
		assert_int_equal(store_revision_at(view, entry.time_us, &f->st), revision);
		assert_int_equal(store_revision_at(view, entry.time_us - 1, &f->st), revision - 1);
	}
	assert_int_equal(store_revision_at(view, INT64_MAX, &f->st), REVISIONS);
	assert_int_equal(store_revision_at(view, INT64_MIN, &f->st), 0);
}

/* ---- beside the resources ---- */

static void put_reply(struct fixture *f, const char *caller, const char *id, const char *reply, int64_t expires_s)
{
	struct store_txn *txn;
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	store_request_put(txn, caller, id, bytes_of(reply), expires_s);
	assert_true(store_commit(txn, &f->st));
}

static bool has_reply(struct fixture *f, const char *caller, const char *id, int64_t now_s, const char *expected)
{
	struct bytes reply;
	bool found = store_request_get(fixture_view(f), caller, id, now_s, &reply, &f->st);
	assert_true(status_ok(&f->st));
	return found && bytes_equal(reply, bytes_of(expected));
}

static void test_requests(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	struct bytes reply;
	put_reply(f, "users/a", "1", "first", 100);
	put_reply(f, "users/a", "2", "", 200);
	put_reply(f, "users/b", "1", "other", 300);
	assert_true(has_reply(f, "users/a", "1", 99, "first"));
	assert_false(has_reply(f, "users/a", "1", 100, "first"));
	assert_true(has_reply(f, "users/a", "2", 0, ""));
	assert_true(has_reply(f, "users/b", "1", 0, "other"));
	assert_false(has_reply(f, "users/b", "2", 0, ""));
	assert_false(has_reply(f, "users/", "a1", 0, ""));
	put_reply(f, "users/a", "1", "again", 250); /* replaces, with its expiry */
	put_reply(f, "users/b", "1", "same", 300);
	assert_true(fixture_sound(f));

	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(store_request_sweep(txn, 100, 99), 0);
	assert_int_equal(store_request_sweep(txn, 1000, 1), 1);
	assert_int_equal(store_request_sweep(txn, 250, 99), 1);
	assert_true(store_commit(txn, &f->st));
	assert_false(has_reply(f, "users/a", "2", 0, ""));
	assert_false(has_reply(f, "users/a", "1", 0, "again"));
	assert_true(has_reply(f, "users/b", "1", 0, "same"));
	assert_true(fixture_sound(f));

	char longest[1000];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_false(store_request_get(fixture_view(f), "users/a", longest, 0, &reply, &f->st));
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	store_request_put(txn, "users/a", longest, bytes_of("x"), 1);
	assert_false(store_commit(txn, &f->st));
	assert_status(&f->st, STATUS_INVALID_ARGUMENT, "REQUEST_ID_INVALID");
}

static void test_meta(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	struct bytes value;
	assert_false(store_meta_get(fixture_view(f), "secret", &value, &f->st));
	assert_false(store_meta_get(fixture_view(f), "format", &value, &f->st));
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	store_meta_put(txn, "secret", bytes_of("one"));
	store_meta_put(txn, "secret", bytes_of("two"));
	assert_true(store_meta_get(store_txn_view(txn), "secret", &value, &f->st));
	assert_true(store_commit(txn, &f->st));
	fixture_close(f);
	fixture_open(f);
	assert_true(store_meta_get(fixture_view(f), "secret", &value, &f->st));
	assert_true(bytes_equal(value, bytes_of("two")));
	assert_int_equal(store_revision(f->store), 0);
}

static void test_abort_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn;
	assert_true(store_txn_begin(f->store, &txn, &f->st));
	assert_int_equal(fixture_append(txn, STORE_CREATE, "accounts/a", bytes_of("1=x")), 1);
	store_request_put(txn, "u", "1", bytes_of("r"), 9);
	store_abort(txn);
	assert_int_equal(store_revision(f->store), 0);
	assert_string_equal(fixture_get_at(f, "accounts/a", 0), "-");
	assert_false(has_reply(f, "u", "1", 0, "r"));
	assert_int_equal(fixture_put(f, STORE_CREATE, "accounts/a", "y"), 1);
	assert_true(fixture_sound(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_states_over_time),
		TEST(test_history),
		TEST(test_purge),
		TEST(test_append_refuses),
		TEST(test_append_own_values),
		TEST(test_scan_order),
		TEST(test_scan_resume),
		TEST(test_scan_refuses),
		TEST(test_scan_in_scan),
		TEST(test_log_get),
		TEST(test_log_get_small_arena),
		TEST(test_revision_at),
		TEST(test_requests),
		TEST(test_meta),
		TEST(test_abort_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
