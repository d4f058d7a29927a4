/* SPDX-License-Identifier: Apache-2.0
 *
 * The store against a model that is too simple to be wrong: random commits, several in a transaction, some aborted; then every question at every
 * revision. The model keeps, for each revision, the whole state of every name.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* In the order of their collections' keys: a scan must give them so. */
static const char *const names[] = {
	"c/A",     "c/a",     "c/a-b",     "c/a.b",   "c/a1",    "c/a_b",   "c/aa",          /* c */
	"c/a/x/1", "c/a/x/2", "c/a-b/x/1", "c/a.b/x/0", "c/aa/x/1", "c/aa/x/1-", "c/b/x/0",  /* c/-/x */
};
enum { NAMES = sizeof names / sizeof names[0], TOPS = 7, STEPS = 250 };

struct state {
	uint64_t revision; /* 0: does not exist */
	enum store_operation operation;
	char value[24];
};

struct model {
	struct state states[STEPS + 1][NAMES]; /* by revision */
	uint64_t revision;
};

static unsigned seed = 1;

static unsigned pick(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

/* A purge takes the name out of every revision. */
static void model_apply(struct model *model, unsigned i, enum store_operation operation, const char *value)
{
	struct state *state = &model->states[model->revision][i];
	if (operation == STORE_PURGE) {
		for (uint64_t revision = 0; revision <= model->revision; revision++) {
			model->states[revision][i] = (struct state){0};
		}
		return;
	}
	state->revision = model->revision;
	state->operation = operation;
	memcpy(state->value, value, sizeof state->value);
}

/* One record of one to four names. */
static bool random_append(struct model *model, struct store_txn *txn)
{
	struct store_change changes[4];
	char values[4][24];
	size_t count = 0;
	memcpy(model->states[model->revision + 1], model->states[model->revision], sizeof model->states[0]);
	model->revision++;
	for (unsigned i = pick(NAMES), step = 1 + pick(3), left = pick(5); left > 0 && i < NAMES; i += step, left--) {
		const struct state *old = &model->states[model->revision][i];
		enum store_operation operation = STORE_CREATE;
		if (old->revision != 0) {
			operation = (enum store_operation)(STORE_UPDATE + pick(4));
		}
		snprintf(values[count], sizeof values[count], "1=%u|2=%u", pick(9), pick(1000));
		changes[count] = (struct store_change){names[i], operation, old->revision, bytes_of(values[count])};
		if (operation == STORE_PURGE) {
			changes[count].value.size = 0;
		}
		model_apply(model, i, operation, values[count]);
		count++;
	}
	struct store_entry entry = {.actor = "a", .changes = changes, .changes_count = count};
	return store_append(txn, &entry) == model->revision;
}

static void random_steps(struct fixture *f, struct model *model)
{
	static struct model before;
	while (model->revision < STEPS) {
		struct store_txn *txn;
		before = *model;
		assert_true(store_txn_begin(f->store, &txn, &f->st));
		for (unsigned left = 1 + pick(4); left > 0 && model->revision < STEPS; left--) {
			assert_true(random_append(model, txn));
			assert_int_equal(store_view_revision(store_txn_view(txn)), model->revision);
		}
		if (pick(5) == 0) {
			store_abort(txn);
			*model = before;
		} else {
			assert_true(store_commit(txn, &f->st));
		}
	}
}

static void check_gets(struct fixture *f, const struct model *model)
{
	const struct store_view *view = fixture_view(f);
	for (uint64_t revision = 1; revision <= model->revision; revision++) {
		for (unsigned i = 0; i < NAMES; i++) {
			const struct state *state = &model->states[revision][i];
			struct store_record record;
			bool found = store_get_at(view, names[i], revision, &record, &f->st);
			assert_int_equal(found, state->revision != 0);
			if (found) {
				assert_int_equal(record.revision, state->revision);
				assert_int_equal(record.operation, state->operation);
				assert_true(bytes_equal(record.value, bytes_of(state->value)));
			}
		}
	}
}

static void check_scans(struct fixture *f, const struct model *model)
{
	for (uint64_t revision = 1; revision <= model->revision; revision++) {
		char tops[400] = "", below[400] = "";
		for (unsigned i = 0; i < NAMES; i++) {
			char *text = i < TOPS ? tops : below;
			const struct state *state = &model->states[revision][i];
			if (state->revision != 0) {
				size_t used = strlen(text);
				snprintf(text + used, 400 - used, "%s%s=%s", used > 0 ? " " : "", names[i], state->value);
			}
		}
		assert_string_equal(fixture_scan(f, "c", NULL, revision, NAMES, true), tops);
		assert_string_equal(fixture_scan(f, "c/-/x", NULL, revision, NAMES, true), below);
		arena_reset(&f->arena);
	}
}

struct indexed {
	char value[24];
	unsigned name;
};

static int compare_indexed(const void *a, const void *b)
{
	const struct indexed *left = a, *right = b;
	int order = strcmp(left->value, right->value);
	return order != 0 ? order : strcmp(names[left->name], names[right->name]);
}

struct expectation {
	const struct indexed *items;
	size_t count, at;
	bool descending;
};

static bool expect_item(void *context, const char *name, const struct store_record *record)
{
	struct expectation *expectation = context;
	assert_true(expectation->at < expectation->count);
	size_t i = expectation->descending ? expectation->count - 1 - expectation->at : expectation->at;
	assert_string_equal(name, names[expectation->items[i].name]);
	assert_true(bytes_equal(record->value, bytes_of(expectation->items[i].value)));
	expectation->at++;
	return true;
}

static void check_index(struct fixture *f, const struct model *model)
{
	for (uint32_t index = 1; index <= 2; index++) {
		struct indexed items[NAMES];
		size_t count = 0;
		for (unsigned i = 0; i < NAMES; i++) {
			const struct state *state = &model->states[model->revision][i];
			unsigned one, two;
			if (state->revision != 0 && sscanf(state->value, "1=%u|2=%u", &one, &two) == 2) {
				items[count].name = i;
				snprintf(items[count++].value, sizeof items[0].value, "%u", index == 1 ? one : two);
			}
		}
		qsort(items, count, sizeof items[0], compare_indexed);
		for (int descending = 0; descending < 2; descending++) {
			struct expectation expectation = {items, count, 0, descending};
			assert_true(store_index_scan(fixture_view(f), index, bytes_of(""), (struct bytes){NULL, 0}, descending,
			                             (struct bytes){NULL, 0}, NULL, expect_item, &expectation, &f->st));
			assert_int_equal(expectation.at, count);
		}
	}
}

static void test_model(void **state)
{
	struct fixture *f = *state;
	static struct model model;
	for (seed = 1; seed <= 20; seed++) {
		unsigned first = seed;
		memset(&model, 0, sizeof model);
		random_steps(f, &model);
		check_gets(f, &model);
		check_scans(f, &model);
		check_index(f, &model);
		assert_true(fixture_sound(f));
		fixture_close(f);
		fixture_open(f);
		assert_int_equal(store_revision(f->store), model.revision);
		check_gets(f, &model);
		seed = first;
		void *next = f;
		fixture_teardown(&next);
		fixture_setup(state);
		f = *state;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_model, fixture_setup, fixture_teardown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
