/* SPDX-License-Identifier: Apache-2.0
 *
 * Amounts that add up to the billionth, and rates by the day.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "server/domain/money.h"

#include <math.h>
#include <string.h>

#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

static void assert_amount(struct amount amount, int64_t units, int32_t nanos)
{
	assert_int_equal(amount.units, units);
	assert_int_equal(amount.nanos, nanos);
}

static struct amount sum(struct amount a, struct amount b)
{
	assert_true(amount_add(&a, b));
	return a;
}

static void test_add(void **state)
{
	(void)state;
	assert_amount(sum((struct amount){1, 600000000}, (struct amount){2, 500000000}), 4, 100000000);
	assert_amount(sum((struct amount){1, 200000000}, (struct amount){-2, 0}), 0, -800000000);
	assert_amount(sum((struct amount){-1, -600000000}, (struct amount){-2, -500000000}), -4, -100000000);
	assert_amount(sum((struct amount){-1, -200000000}, (struct amount){2, 0}), 0, 800000000);
	assert_amount(sum((struct amount){5, 0}, (struct amount){-5, 0}), 0, 0);
	assert_amount(sum((struct amount){0, 999999999}, (struct amount){0, 1}), 1, 0);
}

static void test_add_of_many_is_exact(void **state)
{
	struct amount all = {0, 0};
	(void)state;
	for (int i = 0; i < 1000000; i++) {
		assert_true(amount_add(&all, (struct amount){0, 100000000})); /* a tenth, which no double holds */
	}
	assert_amount(all, 100000, 0);
}

static void test_add_out_of_range_changes_nothing(void **state)
{
	struct amount most = {INT64_MAX, 999999999};
	(void)state;
	assert_false(amount_add(&most, (struct amount){0, 1}));
	assert_false(amount_add(&most, (struct amount){1, 0}));
	assert_amount(most, INT64_MAX, 999999999);
}

static void test_scale(void **state)
{
	struct amount amount;
	(void)state;
	assert_true(amount_scale((struct amount){100, 0}, 0.25, &amount));
	assert_amount(amount, 25, 0);
	assert_true(amount_scale((struct amount){-10, -500000000}, 0.5, &amount));
	assert_amount(amount, -5, -250000000);
	assert_true(amount_scale((struct amount){1, 0}, 0.99999999999, &amount)); /* rounds up to the next unit */
	assert_amount(amount, 1, 0);
	assert_false(amount_scale((struct amount){INT64_MAX, 0}, 2, &amount));
	assert_near(amount_number((struct amount){12, 500000000}), 12.5, 1e-12);
}

struct rate {
	const char *period, *currency;
	double rate;
};

static const struct rates *read_rates(struct arena *arena, const struct rate *list, size_t count)
{
	Kam__V1__ExchangeRate messages[8], *pointers[8];
	Kam__V1__Programme programme = KAM__V1__PROGRAMME__INIT;
	const struct rates *rates;
	char euro[] = "EUR";
	for (size_t i = 0; i < count; i++) {
		kam__v1__exchange_rate__init(&messages[i]);
		messages[i].period = arena_strdup(arena, list[i].period);
		messages[i].currency_code = arena_strdup(arena, list[i].currency);
		messages[i].rate = list[i].rate;
		pointers[i] = &messages[i];
	}
	programme.reporting_currency = arena_strdup(arena, euro);
	programme.exchange_rates = pointers;
	programme.n_exchange_rates = count;
	assert_true(rates_read(&programme, arena, &rates));
	return rates;
}

static double rate_on(const struct rates *rates, const char *from, const char *to, const char *date)
{
	const char *missing;
	int64_t day;
	double rate;
	assert_true(clock_parse_date(date, &day));
	return rates_find(rates, from, to, day, &rate, &missing) ? rate : -1;
}

static void test_rates(void **state)
{
	static const struct rate list[] = {
		{"2026", "USD", 0.90}, {"2026-Q2", "USD", 0.80}, {"2026-05", "USD", 0.70}, {"2024", "USD", 0.95}, {"2026", "CHF", 1.05}, {"2026-Q1", "GBP", 0},
	};
	struct arena arena;
	(void)state;
	arena_init(&arena, 1 << 20);
	const struct rates *rates = read_rates(&arena, list, 6);
	assert_near(rate_on(rates, "USD", "EUR", "2026-05-31"), 0.70, 1e-12); /* the shortest that holds the day */
	assert_near(rate_on(rates, "USD", "EUR", "2026-06-01"), 0.80, 1e-12);
	assert_near(rate_on(rates, "USD", "EUR", "2026-12-31"), 0.90, 1e-12);
	assert_near(rate_on(rates, "USD", "EUR", "2025-06-01"), 0.95, 1e-12); /* the last one before */
	assert_near(rate_on(rates, "USD", "EUR", "2027-01-01"), 0.90, 1e-12);
	assert_near(rate_on(rates, "USD", "EUR", "2023-12-31"), -1, 1e-12);
	assert_near(rate_on(rates, "EUR", "EUR", "1990-01-01"), 1, 1e-12);
	assert_near(rate_on(rates, "JPY", "JPY", "1990-01-01"), 1, 1e-12);
	assert_near(rate_on(rates, "USD", "CHF", "2026-12-31"), 0.90 / 1.05, 1e-12);
	assert_near(rate_on(rates, "EUR", "USD", "2026-12-31"), 1 / 0.90, 1e-12);
	assert_near(rate_on(rates, "GBP", "EUR", "2026-02-01"), -1, 1e-12); /* a rate of 0 is none */
	arena_done(&arena);
}

static void test_the_missing_currency_is_named(void **state)
{
	static const struct rate list[] = {{"2026", "USD", 0.90}};
	struct arena arena;
	const char *missing = NULL;
	double rate;
	(void)state;
	arena_init(&arena, 1 << 20);
	const struct rates *rates = read_rates(&arena, list, 1);
	int64_t day = clock_days_of(2026, 3, 1);
	assert_false(rates_find(rates, "USD", "CHF", day, &rate, &missing));
	assert_string_equal(missing, "CHF");
	assert_false(rates_find(rates, "NOK", "EUR", day, &rate, &missing));
	assert_string_equal(missing, "NOK");
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_of_many_is_exact),
		cmocka_unit_test(test_add_out_of_range_changes_nothing),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_the_missing_currency_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
