/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines as they come out of stderr: one write each, quoted, and not to be forged by what a client sends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "common/base/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int ends[2], saved;
static char text[8192];

static int redirect(void **state)
{
	(void)state;
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
		return -1;
	}
	saved = dup(STDERR_FILENO);
	return dup2(ends[1], STDERR_FILENO) < 0;
}

static int restore(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	log_set_level(LOG_INFO);
	return 0;
}

/* What was written since the last call, behind the time of the line. */
static const char *taken(void)
{
	ssize_t size = read(ends[0], text, sizeof text - 1);
	text[size > 0 ? size : 0] = '\0';
	const char *level = strstr(text, " level=");
	return level ? level + 1 : "";
}

static void test_line(void **state)
{
	(void)state;
	log_event(LOG_INFO, "listen", "address", "%s", "127.0.0.1", "port", "%d", -5, "n", "%u", 7u, "l", "%lld", -8ll, "u", "%llu", 9ull, "z", "%zu",
	          (size_t)10, "f", "%.3f", 1.5, NULL);
	assert_string_equal(taken(), "level=info event=listen address=127.0.0.1 port=-5 n=7 l=-8 u=9 z=10 f=1.500\n");
	assert_memory_equal(text, "time=20", 7);
	assert_non_null(strstr(text, "Z level="));
	log_event(LOG_ERROR, "bare", NULL);
	assert_string_equal(taken(), "level=error event=bare\n");
}

static void test_values_cannot_forge(void **state)
{
	(void)state;
	log_event(LOG_WARN, "e", "v", "%s", "a\nlevel=error event=x", NULL);
	assert_string_equal(taken(), "level=warn event=e v=\"a\\u000alevel=error event=x\"\n");
	log_event(LOG_WARN, "e", "v", "%s", "say \"hi\"\\", NULL);
	assert_string_equal(taken(), "level=warn event=e v=\"say \\\"hi\\\"\\\\\"\n");
	log_event(LOG_WARN, "e", "v", "%s", "\x1b[31m\x7f", NULL);
	assert_string_equal(taken(), "level=warn event=e v=\"\\u001b[31m\\u007f\"\n");
	log_event(LOG_WARN, "e", "v", "%s", "", "w", "%s", (const char *)NULL, "x", "%s", "a=b", "y", "%s", "\xC3\xA9", NULL);
	assert_string_equal(taken(), "level=warn event=e v=\"\" w=\"\" x=\"a=b\" y=\xC3\xA9\n");
}

static void test_levels(void **state)
{
	enum log_level level = LOG_ERROR;
	(void)state;
	log_event(LOG_DEBUG, "quiet", NULL);
	assert_string_equal(taken(), "");
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "loud", NULL);
	assert_string_equal(taken(), "level=debug event=loud\n");
	log_set_level(LOG_ERROR);
	log_event(LOG_WARN, "quiet", NULL);
	assert_string_equal(taken(), "");
	assert_true(log_level_of_name("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_of_name("warn", &level));
	assert_int_equal(level, LOG_WARN);
	assert_false(log_level_of_name("WARN", &level));
	assert_false(log_level_of_name("", &level));
	assert_int_equal(level, LOG_WARN);
}

/* Around the size of a line: cut, never lost, and always one line. */
static void test_long_values_are_cut(void **state)
{
	static char value[6000];
	(void)state;
	for (size_t size = 1900; size < 2200; size++) {
		memset(value, '\n', size);
		value[size] = '\0';
		log_event(LOG_INFO, "long", "v", "%s", value + size - size % 2, "w", "%s", value, "x", "%d", 1, NULL);
		taken();
		assert_int_equal(strlen(text), strchr(text, '\n') - text + 1);
		memset(value, 'a', size);
		log_event(LOG_INFO, "long", "v", "%s", value, NULL);
		taken();
		assert_true(strlen(text) <= 2048);
		assert_int_equal(strlen(text), strchr(text, '\n') - text + 1);
		assert_true(strlen(text) > 1900);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line, redirect, restore),
		cmocka_unit_test_setup_teardown(test_values_cannot_forge, redirect, restore),
		cmocka_unit_test_setup_teardown(test_levels, redirect, restore),
		cmocka_unit_test_setup_teardown(test_long_values_are_cut, redirect, restore),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
