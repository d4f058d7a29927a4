/* SPDX-License-Identifier: Apache-2.0
 *
 * Field masks: what an update carries over, what it must leave alone, what it refuses; and what differs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/schema/mask.h"
#include "tests/unit/schema/fixture.h"

static const char before[] = "{'name':'books/a','uid':'u1','etag':'e1','createTime':'2020-01-01T00:00:00Z','displayName':'Old','year':1900,"
                             "'preface':{'title':'P','pages':7,'isbn':'i1','weight':1},'chapters':[{'title':'one','pages':3}],'authors':['A','B'],"
                             "'labels':{'a':'1','c':'3'},'shelf':'S','text':'t'}";

static ProtobufCMessage *book(const char *json)
{
	return message_of(book_type(), json);
}

static bool apply(ProtobufCMessage *target, const char *source, const char *mask)
{
	char *paths[16], *copy = arena_strdup(&arena, mask), *save = NULL;
	size_t count = 0;
	status_init(&st);
	for (char *path = strtok_r(copy, ",", &save); path; path = strtok_r(NULL, ",", &save)) {
		paths[count++] = path;
	}
	return mask_apply(book_type(), target, book(source), paths, count, &arena, &st);
}

/* Applies to `target` and expects the result, which is given as JSON and compared as such. */
static void check_on(const char *target, const char *source, const char *mask, const char *expected)
{
	ProtobufCMessage *message = book(target);
	if (!apply(message, source, mask)) {
		fail_msg("%s: %s", mask, st.message);
	}
	assert_string_equal(json_of(book_type(), message, 0), json_of(book_type(), book(expected), 0));
}

static void check(const char *source, const char *mask, const char *expected)
{
	check_on(before, source, mask, expected);
}

static void refused(const char *source, const char *mask, const char *field, const char *text)
{
	if (apply(book(before), source, mask)) {
		fail_msg("not refused: %s with %s", source, mask);
	}
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(st.violations[0].field, field);
	assert_string_equal(st.violations[0].description, text);
}

/* The state before, with some fields replaced: what stands first and last in it varies least. */
#define BOOK(name, year, preface, chapters, authors, labels, rest)                                                                                   \
	"{'name':'books/a','uid':'u1','etag':'e1','createTime':'2020-01-01T00:00:00Z'," name year preface chapters authors labels "'shelf':'S'" rest "}"
#define NAME "'displayName':'Old',"
#define YEAR "'year':1900,"
#define PREFACE "'preface':{'title':'P','pages':7,'isbn':'i1','weight':1},"
#define CHAPTERS "'chapters':[{'title':'one','pages':3}],"
#define AUTHORS "'authors':['A','B'],"
#define LABELS "'labels':{'a':'1','c':'3'},"
#define TEXT ",'text':'t'"

static void one_path(void **state)
{
	(void)state;
	check("{'displayName':'New','year':2000}", "display_name", BOOK("'displayName':'New',", YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{'displayName':'New'}", "displayName", BOOK("'displayName':'New',", YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{}", "year", BOOK(NAME, "", PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{'authors':['C']}", "authors", BOOK(NAME, YEAR, PREFACE, CHAPTERS, "'authors':['C'],", LABELS, TEXT));
	check("{}", "authors,labels", BOOK(NAME, YEAR, PREFACE, CHAPTERS, "", "", TEXT));
	check("{'labels':{'b':'2'}}", "labels", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "'labels':{'b':'2'},", TEXT));
	check("{'number':5}", "number", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, ",'number':5"));
	check("{'number':5}", "text", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, ""));
	check("{}", "number", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{'price':0}", "price", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT ",'price':0"));
	check("{'worth':{'units':5}}", "worth.units", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT ",'worth':{'units':5}"));
}

static void map_keys(void **state)
{
	(void)state;
	check("{'labels':{'b':'2','z':'9'}}", "labels.b", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "'labels':{'a':'1','b':'2','c':'3'},", TEXT));
	check("{'labels':{'a':'x'}}", "labels.a", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "'labels':{'a':'x','c':'3'},", TEXT));
	check("{}", "labels.a", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "'labels':{'c':'3'},", TEXT));
	check("{}", "labels.a,labels.c", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "", TEXT));
	check("{}", "labels.none", before);
	/* What JSON makes of labels.costCenter. */
	check("{'labels':{'costCenter':'x'}}", "labels.cost_center",
	      BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "'labels':{'a':'1','c':'3','costCenter':'x'},", TEXT));
	check("{'labels':{'a b.c':'x'}}", "labels.a b.c", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, "'labels':{'a':'1','a b.c':'x','c':'3'},", TEXT));
	refused("{'extras':{'k':{'title':'t'}}}", "extras.k.title", "update_mask", "extras.k.title lies inside of extras, which can only be changed whole");
}

static void inside_messages(void **state)
{
	(void)state;
	check("{'preface':{'title':'Q','weight':2}}", "preface.title",
	      BOOK(NAME, YEAR, "'preface':{'title':'Q','pages':7,'isbn':'i1','weight':1},", CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{}", "preface.weight", BOOK(NAME, YEAR, "'preface':{'title':'P','pages':7,'isbn':'i1'},", CHAPTERS, AUTHORS, LABELS, TEXT));
	/* Whole, but for what the server keeps in it. */
	check("{'preface':{'title':'Q','pages':99,'isbn':'i1'}}", "preface",
	      BOOK(NAME, YEAR, "'preface':{'title':'Q','pages':7,'isbn':'i1'},", CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{}", "preface", BOOK(NAME, YEAR, "", CHAPTERS, AUTHORS, LABELS, TEXT));
	check("{'chapters':[{'title':'x','pages':5,'isbn':'n'}]}", "chapters",
	      BOOK(NAME, YEAR, PREFACE, "'chapters':[{'title':'x','isbn':'n'}],", AUTHORS, LABELS, TEXT));
	check("{'extras':{'k':{'title':'x','pages':5}}}", "extras", BOOK(NAME, YEAR, PREFACE, CHAPTERS, AUTHORS, LABELS, TEXT ",'extras':{'k':{'title':'x'}}"));
	/* A path through a message that is not there makes it, unless there is nothing to put. */
	check_on("{}", "{'preface':{'title':'x','isbn':'n','pages':4}}", "preface.title", "{'preface':{'title':'x'}}");
	check_on("{}", "{'preface':{'title':'x','isbn':'n','pages':4}}", "preface.isbn", "{'preface':{'isbn':'n'}}");
	check_on("{}", "{'preface':{'title':'x','isbn':'n','pages':4}}", "preface", "{'preface':{'title':'x','isbn':'n'}}");
	check_on("{}", "{}", "preface.title", "{}");
	check_on("{}", "{'preface':{}}", "preface.title", "{'preface':{}}");
	check("{'preface':{'title':'Q','isbn':'i1'}}", "preface,preface.title",
	      BOOK(NAME, YEAR, "'preface':{'title':'Q','pages':7,'isbn':'i1'},", CHAPTERS, AUTHORS, LABELS, TEXT));
	refused("{}", "chapters.title", "update_mask", "chapters.title lies inside of chapters, which can only be changed whole");
}

static void no_mask(void **state)
{
	(void)state;
	check("{}", "", before);
	check("{'name':'books/b','uid':'x','etag':'y','createTime':'2021-01-01T00:00:00Z','year':5,'authors':[],'labels':{'k':'v'}}", "",
	      BOOK(NAME, "'year':5,", PREFACE, CHAPTERS, AUTHORS, "'labels':{'k':'v'},", TEXT));
	check("{'preface':{'title':'Q','isbn':'i1'}}", "", BOOK(NAME, YEAR, "'preface':{'title':'Q','pages':7,'isbn':'i1'},", CHAPTERS, AUTHORS, LABELS, TEXT));
}

static void every_field(void **state)
{
	(void)state;
	check("{'name':'other','displayName':'New','shelf':'S'}", "*", BOOK("'displayName':'New',", "", "", "", "", "", ""));
	refused("{'displayName':'New'}", "*", "shelf", "is immutable: it can be given on create only");
	refused("{}", "*,year", "update_mask", "* stands for every field and must be the only path");
}

static void kept_fields(void **state)
{
	(void)state;
	refused("{'name':'books/b'}", "name", "update_mask", "name cannot be changed; leave it out of the mask");
	refused("{}", "year,etag", "update_mask", "etag cannot be changed; leave it out of the mask");
	refused("{}", "create_time.seconds", "update_mask", "create_time.seconds cannot be changed; leave it out of the mask");
	refused("{}", "preface.pages", "update_mask", "preface.pages is set by the server; leave it out of the mask");
	refused("{'shelf':'T'}", "shelf", "shelf", "is immutable: it can be given on create only");
	refused("{}", "shelf", "shelf", "is immutable: it can be given on create only");
	refused("{'shelf':'T'}", "", "shelf", "is immutable: it can be given on create only");
	refused("{'preface':{'isbn':'i2'}}", "preface.isbn", "preface.isbn", "is immutable: it can be given on create only");
	refused("{'preface':{'title':'P'}}", "preface", "preface.isbn", "is immutable: it can be given on create only");
	refused("{'fixed':{'title':'x'}}", "fixed.title", "fixed.title", "is immutable: it can be given on create only");
	check("{'shelf':'S','preface':{'isbn':'i1'}}", "shelf,preface.isbn", before);
}

static void unknown_paths(void **state)
{
	(void)state;
	refused("{}", "display_nam", "update_mask", "no such field: display_nam; did you mean display_name?");
	refused("{}", "preface.titel", "update_mask", "no such field of preface: titel; did you mean title?");
	refused("{}", "year.x", "update_mask", "year has no fields below it");
	refused("{}", "preface.*", "update_mask", "no such field of preface: *");
	refused("{}", "lock", "update_mask", "no such field: lock");
	refused("{}", "preface.", "update_mask", "a field name is missing behind the dot");
	/* All faults are told. */
	assert_false(apply(book(before), "{'shelf':'T'}", "nothing,shelf,name,year"));
	assert_int_equal(st.violations_count, 3);
	char *paths[] = {(char[]){""}};
	status_init(&st);
	assert_false(mask_apply(book_type(), book(before), book("{}"), paths, 1, &arena, &st));
	assert_string_equal(st.violations[0].description, "a field name is missing");
}

/* Whatever is named one by one gives what "*" gives. */
static void paths_add_up(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		char *every[] = {(char[]){"*"}}, *names[64];
		size_t count = 0;
		arena_reset(&arena);
		struct bytes target = schema_pack(chance_message(thing_type(), 0), &arena), source = schema_pack(chance_message(thing_type(), 0), &arena);
		status_init(&st);
		ProtobufCMessage *a = schema_unpack(thing_type(), target, &arena, &st), *b = schema_unpack(thing_type(), target, &arena, &st);
		const ProtobufCMessage *from = schema_unpack(thing_type(), source, &arena, &st);
		for (size_t j = 0; j < thing_type()->fields_count; j++) {
			const struct schema_resource *resource = thing_type()->resource;
			const struct schema_field *field = &thing_type()->fields[j];
			if (field != resource->name && field != resource->uid && field != resource->etag && field != resource->create_time) {
				names[count++] = arena_strdup(&arena, field->name);
			}
		}
		assert_true(mask_apply(thing_type(), a, from, every, 1, &arena, &st));
		assert_true(mask_apply(thing_type(), b, from, names, count, &arena, &st));
		assert_true(bytes_equal(schema_pack(a, &arena), schema_pack(b, &arena)));
		char *left = arena_strdup(&arena, mask_differences(thing_type(), a, from, GROUPS_ALL, &arena)), *save = NULL;
		for (char *name = strtok_r(left, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
			assert_true(strcmp(name, "name") == 0 || strcmp(name, "uid") == 0 || strcmp(name, "create_time") == 0);
		}
	}
}

/* Paths that nobody would be told of cost nothing: a mask of 4 MiB would keep the writer for seconds. */
static void ends_where_no_fault_is_told_any_more(void **state)
{
	static char *paths[10000];
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		paths[i] = (char *)(uintptr_t)"nothing_of_that_name";
	}
	ProtobufCMessage *target = book(before);
	size_t used_bytes = arena.used_bytes;
	assert_false(mask_apply(book_type(), target, book("{'year':5}"), paths, sizeof paths / sizeof paths[0], &arena, &st));
	assert_int_equal(st.violations_count, STATUS_VIOLATIONS);
	assert_true(arena.used_bytes - used_bytes < 100000);
}

static void differences(void **state)
{
	(void)state;
	const struct schema_type *type = book_type();
	assert_string_equal(mask_differences(type, book(before), book(before), GROUPS_ALL, &arena), "");
	assert_string_equal(mask_differences(type, NULL, book("{'year':5,'etag':'x','name':'n'}"), GROUPS_ALL, &arena), "name,year");
	assert_string_equal(mask_differences(type, book("{'year':5,'updateTime':'2020-01-01T00:00:00Z'}"), NULL, GROUPS_ALL, &arena), "year");
	assert_string_equal(mask_differences(type, NULL, NULL, GROUPS_ALL, &arena), "");
	assert_string_equal(mask_differences(type, book("{'price':0,'lock':'AA=='}"), book("{}"), GROUPS_ALL, &arena), "price");
	assert_string_equal(mask_differences(type, book("{'price':0,'year':3}"), book("{}"), 1u << GROUP_PUBLIC, &arena), "year");
	assert_string_equal(mask_differences(type, book("{'labels':{'a':'1','b':'2'}}"), book("{'labels':{'b':'2','a':'1'}}"), GROUPS_ALL, &arena), "");
	assert_string_equal(mask_differences(type, book("{'labels':{'a':'1'},'chapters':[{}],'preface':{}}"),
	                                     book("{'labels':{'a':'2'},'chapters':[{},{}],'preface':{'title':'x'}}"), GROUPS_ALL, &arena),
	                    "preface,chapters,labels");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {
		TEST(one_path), TEST(map_keys), TEST(inside_messages), TEST(no_mask), TEST(every_field), TEST(kept_fields), TEST(unknown_paths),
		TEST(paths_add_up), TEST(ends_where_no_fault_is_told_any_more), TEST(differences),
	};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
