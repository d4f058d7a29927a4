/* SPDX-License-Identifier: Apache-2.0
 *
 * GetPortfolio against sums made by hand: what counts, in which currency, who sees what, in which order, page by page, and as it was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kam/v1/portfolio.pb-c.h"
#include "kit.h"
#include "server/domain/domain.h"

#include <math.h>

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)
#define GET "kam.v1.PortfolioService/GetPortfolio"
#define UPDATE "kam.v1.AccountService/UpdateAccount"
#define DAY_US (INT64_C(86400) * 1000000)
#define ALL_BUT(group) (GROUPS_ALL & ~(1u << (group)))

static const struct domain *const domains[] = {&domain_account, &domain_opportunity, &domain_portfolio, &domain_programme};

static void add_account(struct kit *kit, const char *id, const char *name, const char *phase, const char *owner)
{
	kit_must(kit, "kam.v1.AccountService/CreateAccount", "{\"accountId\":\"%s\",\"account\":{\"displayName\":\"%s\",\"phase\":\"PHASE_%s\",\"owner\":\"%s\"}}", id, name, phase,
	         owner);
}

static void add_deal(struct kit *kit, const char *account, const char *stage, const char *close_on, const char *rest)
{
	kit_must(kit, "kam.v1.OpportunityService/CreateOpportunity", "{\"parent\":\"accounts/%s\",\"opportunity\":{\"title\":\"T\",\"stage\":\"OPPORTUNITY_STAGE_%s\",\"closeOn\":\"%s\"%s}}",
	         account, stage, close_on, rest);
}

#define EUROS(amount) ",\"value\":{\"currencyCode\":\"EUR\",\"units\":" #amount "}"
#define DOLLARS(amount) ",\"value\":{\"currencyCode\":\"USD\",\"units\":" #amount "}"

static int set_up(void **state)
{
	static struct kit kit;
	kit_init(&kit, domains, sizeof domains / sizeof domains[0]);
	kit_must(&kit, "kam.v1.ProgrammeService/UpdateProgramme",
	         "{\"programme\":{\"exchangeRates\":[{\"period\":\"2026\",\"currencyCode\":\"USD\",\"rate\":0.5},{\"period\":\"2025\",\"currencyCode\":\"USD\",\"rate\":0.25}]}}");
	add_account(&kit, "acme", "Acme", "KEY", "users/jane");
	add_account(&kit, "beta", "Beta", "KEY", "users/admin");
	add_account(&kit, "calm", "Calm", "NONE", "users/admin");
	/* acme: won 100 + 200 * .5 (2026) + 400 * .25 (2025) = 300; lost 100; open 1000 at 20 % and one without value. */
	add_deal(&kit, "acme", "WON", "2026-03-01", EUROS(100));
	add_deal(&kit, "acme", "WON", "2026-04-01", DOLLARS(200));
	add_deal(&kit, "acme", "WON", "2025-04-01", DOLLARS(400));
	add_deal(&kit, "acme", "LOST", "2026-05-01", EUROS(100));
	add_deal(&kit, "acme", "PROPOSAL", "2026-12-01", EUROS(1000) ",\"probability\":0.2");
	add_deal(&kit, "acme", "PROSPECTING", "", "");
	/* beta: won 900. calm: nothing. */
	add_deal(&kit, "beta", "WON", "2026-02-01", EUROS(900));
	kit_must(&kit, "kam.v1.InteractionService/CreateInteraction",
	         "{\"parent\":\"accounts/acme\",\"interaction\":{\"time\":\"2026-06-01T08:00:00Z\",\"kind\":\"INTERACTION_KIND_CALL\"}}");
	kit_must(&kit, "kam.v1.InteractionService/CreateInteraction",
	         "{\"parent\":\"accounts/acme\",\"interaction\":{\"time\":\"2026-09-01T08:00:00Z\",\"kind\":\"INTERACTION_KIND_MEETING\"}}"); /* planned */
	*state = &kit;
	return 0;
}

static int tear_down(void **state)
{
	kit_done(*state);
	return 0;
}

static void assert_money(const Kam__V1__Money *money, int64_t units)
{
	assert_non_null(money);
	assert_int_equal(money->units, units);
	assert_int_equal(money->nanos, 0);
}

static void assert_figure(const Kam__V1__Figure *figure, double value)
{
	assert_non_null(figure);
	assert_int_equal(figure->_value_case, KAM__V1__FIGURE___VALUE_VALUE);
	assert_near(figure->value, value);
}

static void assert_undefined(const Kam__V1__Figure *figure)
{
	assert_non_null(figure);
	assert_int_equal(figure->_value_case, KAM__V1__FIGURE___VALUE__NOT_SET);
	assert_true(*figure->undefined_reason);
}

static void test_sums(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{}");
	assert_int_equal(answer->account_count, 3);
	assert_int_equal(answer->n_rows, 3);
	assert_string_equal(answer->currency_code, "EUR");
	assert_string_equal(answer->rows[0]->account, "accounts/beta"); /* by won value */
	assert_string_equal(answer->rows[2]->account, "accounts/calm");
	const Kam__V1__PortfolioRow *acme = answer->rows[1];
	assert_string_equal(acme->display_name, "Acme");
	assert_string_equal(acme->owner, "users/jane");
	assert_money(acme->won_value, 300);
	assert_money(acme->lost_value, 100);
	assert_money(acme->open_value, 1000);
	assert_money(acme->weighted_value, 200);
	assert_string_equal(acme->money_undefined_reason, "");
	assert_int_equal(acme->won_count, 3);
	assert_int_equal(acme->lost_count, 1);
	assert_int_equal(acme->open_count, 2);
	assert_figure(acme->win_rate_by_count, 0.75);
	assert_figure(acme->win_rate_by_value, 0.75);
	assert_figure(acme->share_of_won, 0.25);
	assert_int_equal(acme->last_contact_time->seconds, 1780300800); /* the planned one has not been */
	assert_money(answer->totals->won_value, 1200);
	assert_int_equal(answer->totals->won_count, 4);
	assert_figure(answer->totals->win_rate_by_count, 0.8);
	assert_figure(answer->totals->share_of_won, 1);
	/* No deal at all: nothing was won, and that is known; a rate there is not. */
	assert_money(answer->rows[2]->won_value, 0);
	assert_undefined(answer->rows[2]->win_rate_by_count);
	assert_null(answer->rows[2]->last_contact_time);
}

static void test_period_and_currency(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{\"period\":\"2026-Q2\",\"filter\":\"display_name = Acme\"}");
	assert_int_equal(answer->n_rows, 1);
	assert_money(answer->rows[0]->won_value, 100);
	assert_int_equal(answer->rows[0]->won_count, 1);
	assert_int_equal(answer->rows[0]->lost_count, 1);
	assert_int_equal(answer->rows[0]->open_count, 2);
	answer = kit_must(kit, GET, "{\"period\":\"2026-03\",\"filter\":\"display_name = Acme\"}");
	assert_money(answer->rows[0]->won_value, 100); /* not that of the first of April */
	answer = kit_must(kit, GET, "{\"currencyCode\":\"USD\",\"filter\":\"display_name = Acme\"}");
	assert_money(answer->rows[0]->won_value, 200 + 200 + 400);
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"period\":\"summer\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"currencyCode\":\"euro\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"pageSize\":-1}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"filter\":\"colour = red\"}");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"orderBy\":\"colour\"}");
}

static void test_a_missing_rate_makes_the_sum_undefined_not_smaller(void **state)
{
	struct kit *kit = *state;
	add_deal(kit, "beta", "WON", "2026-02-02", ",\"value\":{\"currencyCode\":\"CHF\",\"units\":5}");
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{\"orderBy\":\"display_name\"}");
	const Kam__V1__PortfolioRow *beta = answer->rows[1];
	assert_null(beta->won_value);
	assert_non_null(strstr(beta->money_undefined_reason, "no exchange rate for CHF on 2026-02-02"));
	assert_int_equal(beta->won_count, 2);
	assert_figure(beta->win_rate_by_count, 1);
	assert_undefined(beta->win_rate_by_value);
	assert_null(answer->totals->won_value);
	assert_money(answer->totals->lost_value, 100);
	assert_undefined(answer->rows[0]->share_of_won);
	assert_money(answer->rows[0]->won_value, 300);
}

static void test_order_and_pages(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__GetPortfolioResponse *first = kit_must(kit, GET, "{\"pageSize\":1,\"orderBy\":\"display_name desc\"}");
	assert_int_equal(first->n_rows, 1);
	assert_string_equal(first->rows[0]->account, "accounts/calm");
	assert_money(first->totals->won_value, 1200);
	/* What happens in between does not shift the pages. */
	add_account(kit, "b-late", "Bz late", "KEY", "users/admin");
	add_deal(kit, "beta", "WON", "2026-02-01", EUROS(1));
	const Kam__V1__GetPortfolioResponse *second = kit_must(kit, GET, "{\"pageSize\":2,\"orderBy\":\"display_name desc\",\"pageToken\":\"%s\"}", first->next_page_token);
	assert_int_equal(second->n_rows, 2);
	assert_int_equal(second->revision, first->revision);
	assert_int_equal(second->account_count, 3);
	assert_string_equal(second->rows[0]->account, "accounts/beta");
	assert_money(second->rows[0]->won_value, 900);
	assert_string_equal(second->rows[1]->account, "accounts/acme");
	assert_string_equal(second->next_page_token, "");
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"orderBy\":\"display_name\",\"pageToken\":\"%s\"}", first->next_page_token);
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"pageToken\":\"nonsense\"}");
	assert_int_equal(((const Kam__V1__GetPortfolioResponse *)kit_must(kit, GET, "{}"))->account_count, 4);
}

static void test_as_of(void **state)
{
	struct kit *kit = *state;
	uint64_t before = kit->revision;
	add_deal(kit, "acme", "WON", "2026-06-01", EUROS(5000));
	const Kam__V1__GetPortfolioResponse *now = kit_must(kit, GET, "{}");
	assert_string_equal(now->rows[0]->account, "accounts/acme");
	assert_money(now->totals->won_value, 6200);
	kit->as_of = before;
	const Kam__V1__GetPortfolioResponse *then = kit_must(kit, GET, "{}");
	assert_string_equal(then->rows[0]->account, "accounts/beta");
	assert_money(then->totals->won_value, 1200);
	assert_int_equal(then->revision, before);
}

static void test_each_sees_their_own_accounts(void **state)
{
	struct kit *kit = *state;
	kit_become(kit, "users/jane", "portfolio.read accounts.read opportunities.read interactions.read", SCOPE_ASSIGNED, GROUPS_ALL);
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{}");
	assert_int_equal(answer->account_count, 1);
	assert_string_equal(answer->rows[0]->account, "accounts/acme");
	assert_money(answer->totals->won_value, 300);
	assert_figure(answer->rows[0]->share_of_won, 1); /* of what they see */
}

static void test_hidden_values_are_neither_shown_nor_sorted_by(void **state)
{
	struct kit *kit = *state;
	kit_become(kit, "users/jane", "portfolio.read accounts.read opportunities.read", SCOPE_ALL, ALL_BUT(GROUP_COMMERCIAL));
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{\"explain\":true}");
	assert_int_equal(answer->n_rows, 3);
	assert_string_equal(answer->rows[0]->account, "accounts/acme"); /* by name */
	for (size_t i = 0; i < 3; i++) {
		assert_null(answer->rows[i]->won_value);
		assert_null(answer->rows[i]->win_rate_by_count);
		assert_int_equal(answer->rows[i]->_won_count_case, 0);
		assert_int_equal(answer->rows[i]->n_explanation, 0);
		assert_null(answer->rows[i]->last_contact_time); /* without interactions.read */
	}
	assert_null(answer->totals->won_value);
	assert_int_equal(answer->totals->_won_count_case, 0);
	kit_must_fail(kit, STATUS_INVALID_ARGUMENT, GET, "{\"orderBy\":\"won_value desc\"}");
}

/* A change that does not show moves nothing, not even what is found by the time of the last one. */
static void test_hidden_changes_are_not_filtered_by(void **state)
{
	struct kit *kit = *state;
	const char *filter = "{\"filter\":\"update_time > 2026-07-02T00:00:00Z AND update_time < 2026-07-03T00:00:00Z\"}";
	kit->now_us += DAY_US;
	kit_must(kit, UPDATE, "{\"account\":{\"name\":\"accounts/acme\",\"region\":\"North\"}}");
	kit->now_us += DAY_US;
	kit_must(kit, UPDATE, "{\"account\":{\"name\":\"accounts/acme\",\"strategy\":{\"text\":\"grow\"}}}");
	assert_int_equal(((const Kam__V1__GetPortfolioResponse *)kit_must(kit, GET, "%s", filter))->n_rows, 0);
	kit_become(kit, "users/jane", "portfolio.read accounts.read", SCOPE_ALL, ALL_BUT(GROUP_STRATEGY));
	assert_int_equal(((const Kam__V1__GetPortfolioResponse *)kit_must(kit, GET, "%s", filter))->n_rows, 1);
}

static void test_deals_hidden_by_permission_say_so(void **state)
{
	struct kit *kit = *state;
	kit_become(kit, "users/jane", "portfolio.read accounts.read", SCOPE_ALL, GROUPS_ALL);
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{}");
	assert_null(answer->rows[0]->won_value);
	assert_string_equal(answer->rows[0]->money_undefined_reason, "hidden from your roles");
	assert_undefined(answer->rows[0]->win_rate_by_count);
	assert_string_equal(answer->totals->win_rate_by_count->undefined_reason, "hidden from your roles");
}

static const Kam__V1__Explanation *find(const Kam__V1__PortfolioRow *row, const char *figure)
{
	for (size_t i = 0; i < row->n_explanation; i++) {
		if (strcmp(row->explanation[i]->figure, figure) == 0) {
			return row->explanation[i];
		}
	}
	fail_msg("%s is not explained", figure);
	return NULL;
}

static void test_explained(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{\"explain\":true,\"filter\":\"display_name = Acme\"}");
	const Kam__V1__PortfolioRow *row = answer->rows[0];
	const Kam__V1__Explanation *won = find(row, "won_value");
	double sum = 0;
	assert_int_equal(won->n_inputs, 3);
	for (size_t i = 0; i < won->n_inputs; i++) {
		assert_true(won->inputs[i]->revision > 0);
		assert_non_null(strstr(won->inputs[i]->resource, "accounts/acme/opportunities/"));
		sum += won->inputs[i]->value->value;
	}
	assert_near(sum, won->result->value);
	assert_int_equal(find(row, "open_value")->n_inputs, 2);
	assert_near(find(row, "weighted_value")->result->value, 200);
	assert_int_equal(find(row, "win_rate_by_count")->n_inputs, 2);
	find(row, "win_rate_by_value");
	find(row, "share_of_won");
	assert_int_equal(find(answer->totals, "won_value")->n_inputs, 3);
	assert_int_equal(((const Kam__V1__GetPortfolioResponse *)kit_must(kit, GET, "{}"))->rows[0]->n_explanation, 0);
}

static void test_no_account(void **state)
{
	struct kit *kit = *state;
	const Kam__V1__GetPortfolioResponse *answer = kit_must(kit, GET, "{\"filter\":\"display_name = Nobody\"}");
	assert_int_equal(answer->n_rows + (size_t)answer->account_count, 0);
	assert_money(answer->totals->won_value, 0);
	assert_undefined(answer->totals->win_rate_by_count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sums),
		TEST(test_period_and_currency),
		TEST(test_a_missing_rate_makes_the_sum_undefined_not_smaller),
		TEST(test_order_and_pages),
		TEST(test_as_of),
		TEST(test_each_sees_their_own_accounts),
		TEST(test_hidden_values_are_neither_shown_nor_sorted_by),
		TEST(test_hidden_changes_are_not_filtered_by),
		TEST(test_deals_hidden_by_permission_say_so),
		TEST(test_explained),
		TEST(test_no_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
