/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is counted together: one IPv4 address however it is written, one IPv6 /64.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/rpc/admission.h"

static struct network address;

static void addresses_are_bounded_each(void **state)
{
	struct admission *admission = admission_new(10, 2);
	(void)state;
	assert_null(admission_enter(admission, "192.0.2.1", &address));
	assert_null(admission_enter(admission, "::ffff:192.0.2.1", &address));
	assert_string_equal(admission_enter(admission, "192.0.2.1", &address), "too many connections from this address");
	assert_null(admission_enter(admission, "192.0.2.2", &address));
	assert_null(admission_enter(admission, "::ffff:192.0.2.2", &address));
	assert_int_equal(admission_count(admission), 4);
	admission_leave(admission, &address);
	assert_null(admission_enter(admission, "192.0.2.2", &address));
	admission_free(admission);
}

static void ipv6_counts_by_network(void **state)
{
	struct admission *admission = admission_new(10, 2);
	(void)state;
	assert_null(admission_enter(admission, "2001:db8:1:2::1", &address));
	assert_null(admission_enter(admission, "2001:db8:1:2:ffff::1", &address));
	assert_non_null(admission_enter(admission, "2001:db8:1:2::2", &address));
	assert_null(admission_enter(admission, "2001:db8:1:3::1", &address));
	admission_free(admission);
}

static void the_whole_is_bounded(void **state)
{
	struct admission *admission = admission_new(3, 2);
	struct network first;
	(void)state;
	assert_null(admission_enter(admission, "192.0.2.1", &first));
	assert_null(admission_enter(admission, "192.0.2.2", &address));
	assert_null(admission_enter(admission, "not an address", &address));
	assert_string_equal(admission_enter(admission, "192.0.2.3", &address), "too many connections");
	admission_leave(admission, &first);
	assert_int_equal(admission_count(admission), 2);
	assert_null(admission_enter(admission, "192.0.2.3", &address));
	admission_free(admission);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_bounded_each),
		cmocka_unit_test(ipv6_counts_by_network),
		cmocka_unit_test(the_whole_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
