/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is counted together: one IPv4 address however it is written, one IPv6 /64; and how much memory each may make kamd keep.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/limits.h"
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

/* An address may take half of what all share, and those who are known and strangers do not take from each other. */
static void memory_is_shared(void **state)
{
	const size_t pool = 1 << 20;
	struct admission *admission = admission_new(10, 2);
	struct network one, two, three;
	(void)state;
	admission_set_memory(admission, pool, pool);
	assert_null(admission_enter(admission, "192.0.2.1", &one));
	assert_null(admission_enter(admission, "192.0.2.2", &two));
	assert_null(admission_enter(admission, "192.0.2.3", &three));
	assert_true(admission_keep(admission, &one, true, pool / 2, false));
	assert_false(admission_keep(admission, &one, true, 1, false));
	assert_int_equal(admission_pressed(admission, &one, true), 0);
	assert_true(admission_keep(admission, &two, true, pool / 2, false));
	assert_false(admission_keep(admission, &three, true, 1, false));
	assert_true(admission_keep(admission, &three, false, 1, false));
	/* What is spent counts, and presses. */
	assert_true(admission_keep(admission, &one, true, LIMIT_ADDRESS_REPLY_BYTES, true));
	assert_int_equal(admission_pressed(admission, &one, true), 1);
	assert_true(admission_keep(admission, &one, true, 1, true));
	assert_int_equal(admission_pressed(admission, &one, true), 2);
	assert_int_equal(admission_pressed(admission, &two, true), 0);
	assert_int_equal(admission_pressed(admission, &one, false), 0);
	admission_let_go(admission, &one, true, pool / 2 + LIMIT_ADDRESS_REPLY_BYTES + 1);
	assert_int_equal(admission_pressed(admission, &one, true), 0);
	assert_true(admission_keep(admission, &three, true, pool / 2, false));
	admission_free(admission);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_bounded_each),
		cmocka_unit_test(ipv6_counts_by_network),
		cmocka_unit_test(the_whole_is_bounded),
		cmocka_unit_test(memory_is_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
