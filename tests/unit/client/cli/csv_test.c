/* SPDX-License-Identifier: Apache-2.0
 *
 * The CSV reader: what other programs write, what is wrong with it, and on which line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/csv.h"
#include "client/cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
	struct arena arena;
	struct status st;
	char path[64];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	arena_init(&fixture.arena, 64u << 20);
	status_init(&fixture.st);
	snprintf(fixture.path, sizeof fixture.path, "csv_test.%ld", (long)getpid());
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	unlink(fixture->path);
	arena_done(&fixture->arena);
	return 0;
}

static struct csv *open_text(struct fixture *fixture, const char *text, size_t size, const struct csv_options *options)
{
	static const struct csv_options none;
	FILE *file = fopen(fixture->path, "w");
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
	status_init(&fixture->st);
	return csv_open(fixture->path, options ? options : &none, &fixture->st);
}

/* All rows as one text: "line:cell|cell" or "line!fault", a row a line. */
static const char *read_all(struct fixture *fixture, const char *text, size_t size, const struct csv_options *options)
{
	struct csv *csv = open_text(fixture, text, size, options);
	struct csv_row row;
	struct buf out;
	buf_init(&out, &fixture->arena);
	assert_non_null(csv);
	while (csv_read(csv, &fixture->arena, &row, &fixture->st)) {
		buf_printf(&out, "%lld%c", (long long)row.line, row.fault ? '!' : ':');
		if (row.fault) {
			buf_printf(&out, "column %zu %s", row.fault_column, row.fault);
		}
		for (size_t i = 0; i < row.count && !row.fault; i++) {
			buf_printf(&out, "%s%s", i == 0 ? "" : "|", row.cells[i]);
		}
		buf_add_byte(&out, '\n');
	}
	assert_true(status_ok(&fixture->st));
	csv_close(csv);
	return buf_text(&out);
}

static void reads(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *text, *rows;
	} cases[] = {
		{"a,b\n1,2\n", "1:a|b\n2:1|2\n"},
		{"a,b\n1,2", "1:a|b\n2:1|2\n"},
		{"a,b\r\n1,2\r\n", "1:a|b\n2:1|2\n"},
		{"a,b\r1,2\r", "1:a|b\n2:1|2\n"},
		{"\xEF\xBB\xBF" "a,b\n1,2\n", "1:a|b\n2:1|2\n"},
		{"a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", "1:a|b\n2:x, y|say \"hi\"\n"},
		{"a,b\n\"1\n2\",3\n4,5\n", "1:a|b\n2:1\n2|3\n4:4|5\n"},
		{"a,b\r\n\"1\r\n2\",3\r\n4,5\r\n", "1:a|b\n2:1\r\n2|3\n4:4|5\n"},
		{"a,b\n,\n", "1:a|b\n2:|\n"},
		{"a,b\n\n\n1,2\n", "1:a|b\n4:1|2\n"},
		{"a;b\n1,5;2\n", "1:a|b\n2:1,5|2\n"},
		{"a\tb\n1\t2\n", "1:a|b\n2:1|2\n"},
		{"a,b;c\n1,2\n", "1:a|b;c\n2:1|2\n"},
		{"a\n5\" pipe\n", "1:a\n2:5\" pipe\n"},
		{"a,b\n1\n1,2,3\n", "1:a|b\n2:1\n3:1|2|3\n"},
		{"", ""},
		{"\n", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(read_all(fixture, cases[i].text, strlen(cases[i].text), NULL), cases[i].rows);
	}
}

static void tells_faults_and_goes_on(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "a,b\n\"x\"y,1\n2,\xFF\n3,4\n5,\0\n6,7\n8,\"9\n10,11\n";
	assert_string_equal(read_all(fixture, text, sizeof text - 1, NULL),
	                    "1:a|b\n"
	                    "2!column 1 has text behind its closing quote\n"
	                    "3!column 2 is not UTF-8; give the file's --encoding, such as CP1252\n"
	                    "4:3|4\n"
	                    "5!column 2 holds a NUL byte\n"
	                    "6:6|7\n"
	                    "7!column 2 begins with a quote that is never closed; every line below is in it\n");
}

static void other_encodings(void **state)
{
	struct fixture *fixture = *state;
	static const char cp1252[] = "name,city\nM\xFCller,\x80uro\n";
	static const char utf16[] = "\xFF\xFEn\0,\0c\0\n\0\xE9\0,\0\x42\x30\n\0";
	assert_string_equal(read_all(fixture, cp1252, sizeof cp1252 - 1, &(struct csv_options){.encoding = "CP1252"}), "1:name|city\n2:Müller|€uro\n");
	assert_string_equal(read_all(fixture, utf16, sizeof utf16 - 1, NULL), "1:n|c\n2:é|あ\n");
	assert_null(open_text(fixture, "a", 1, &(struct csv_options){.encoding = "nonsense"}));
	assert_string_equal(fixture->st.reason, "USAGE");
}

/* What a chunk of the file ends in makes no difference: every length up to past two chunks' ends gives the same rows. */
static void long_rows_over_chunks(void **state)
{
	struct fixture *fixture = *state;
	enum { SIZE = 200000 };
	char *text = malloc(SIZE + 64);
	for (size_t pad = 65530; pad < 65542; pad++) {
		size_t size = 0;
		size += (size_t)sprintf(text, "a,b\n");
		memset(text + size, 'x', pad - 10);
		size += pad - 10;
		size += (size_t)sprintf(text + size, ",\"q\"\"\r\né\"\r\n1,2\r\n");
		struct csv *csv = open_text(fixture, text, size, NULL);
		struct csv_row row;
		assert_true(csv_read(csv, &fixture->arena, &row, &fixture->st));
		assert_true(csv_read(csv, &fixture->arena, &row, &fixture->st));
		if (pad - 10 <= 65536) {
			assert_null(row.fault);
			assert_int_equal(strlen(row.cells[0]), pad - 10);
			assert_string_equal(row.cells[1], "q\"\r\né");
		}
		assert_true(csv_read(csv, &fixture->arena, &row, &fixture->st));
		assert_int_equal(row.line, 4);
		assert_string_equal(row.cells[1], "2");
		assert_false(csv_read(csv, &fixture->arena, &row, &fixture->st));
		csv_close(csv);
	}
	free(text);
}

static void bounds(void **state)
{
	struct fixture *fixture = *state;
	enum { CELL = 70000, COLUMNS = 1030 };
	char *text = malloc(CELL + 100);
	memset(text, 'x', CELL);
	memcpy(text + CELL, ",b\n1,2\n", 8);
	assert_string_equal(read_all(fixture, text, CELL + 7, NULL), "1!column 1 is longer than 65536 bytes\n2:1|2\n");
	memset(text, ',', COLUMNS);
	memcpy(text + COLUMNS, "\n1,2\n", 6);
	assert_string_equal(read_all(fixture, text, COLUMNS + 5, NULL), "1!column 1025 is one of more than 1024\n2:1|2\n");
	free(text);
}

/* Cut anywhere, a file is read without a fault of the reader's own. */
static void every_truncation(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "a,\"b\"\"c\"\r\n\"d\ne\",f\r\n\xC3\xA9,g\n";
	for (size_t size = 0; size < sizeof text; size++) {
		read_all(fixture, text, size, NULL);
	}
}

static void no_such_file(void **state)
{
	struct fixture *fixture = *state;
	assert_null(csv_open("does/not/exist", &(struct csv_options){0}, &fixture->st));
	assert_non_null(strstr(fixture->st.message, "does/not/exist"));
	status_init(&fixture->st);
	assert_null(csv_open(".", &(struct csv_options){0}, &fixture->st));
	assert_false(status_ok(&fixture->st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_faults_and_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_encodings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_rows_over_chunks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_truncation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_such_file, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
