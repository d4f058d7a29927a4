/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of issuers: what is connected to, and what the request says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/net/url.h"

#include <string.h>

static void cuts_addresses_up(void **state)
{
	static const struct {
		const char *text, *address, *host, *path;
	} good[] = {
		{"https://i.example", "i.example:443", "i.example", "/"},
		{"https://i.example/", "i.example:443", "i.example", "/"},
		{"https://i.example:443/a/b?c=d", "i.example:443", "i.example", "/a/b?c=d"},
		{"https://i.example:8443", "i.example:8443", "i.example:8443", "/"},
		{"https://i.example:008443", "i.example:8443", "i.example:8443", "/"},
		{"https://i.example?x=/y", "i.example:443", "i.example", "/?x=/y"},
		{"https://[::1]:8443/k", "[::1]:8443", "[::1]:8443", "/k"},
		{"https://[::1]/k", "[::1]:443", "[::1]", "/k"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct status st;
		struct url url;
		status_init(&st);
		assert_true(url_read(good[i].text, &url, &st));
		assert_string_equal(url.address, good[i].address);
		assert_string_equal(url.host, good[i].host);
		assert_string_equal(url.path, good[i].path);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"", "i.example", "http://i.example", "https://", "https:///x", "https://i\"x", "https://[]", "https://[x]", "https://i,x:1",
		"https://:443", "https://i.example:", "https://i.example:0", "https://i.example:65536", "https://i.example:4 3",
		"https://i.example:443x/", "https://user@i.example/", "https://i.example/#x", "https://i.example/\r\nx: y",
		"https://i.example/a b", "https://[::1", "https://[::1]x/", "https://i.example/\xc3\xa9", "HTTPS://i.example",
	};
	char longest[URL_BYTES + 1];
	struct status st;
	struct url url;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		status_init(&st);
		if (url_read(bad[i], &url, &st)) {
			fail_msg("%s was taken as %s %s", bad[i], url.address, url.path);
		}
	}
	memset(longest, 'a', sizeof longest);
	memcpy(longest, "https://i.example/", 18);
	longest[URL_BYTES] = '\0';
	status_init(&st);
	assert_false(url_read(longest, &url, &st));
	longest[URL_BYTES - 1] = '\0';
	status_init(&st);
	assert_true(url_read(longest, &url, &st));
	memcpy(longest, "https://", 8);
	memset(longest + 8, 'a', 300);
	status_init(&st);
	assert_false(url_read(longest, &url, &st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(cuts_addresses_up), cmocka_unit_test(refuses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
