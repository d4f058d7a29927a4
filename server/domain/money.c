/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates are sorted by currency once, so that a report over many deals looks only at those of one currency.
 */
#include "server/domain/money.h"

#include "common/schema/rules.h"

#include <math.h>
#include <stdlib.h>

enum { BILLION = 1000000000 };

bool amount_add(struct amount *sum, struct amount more)
{
	int64_t units, nanos = (int64_t)sum->nanos + more.nanos;
	if (__builtin_add_overflow(sum->units, more.units, &units) || __builtin_add_overflow(units, nanos / BILLION, &units)) {
		return false;
	}
	nanos %= BILLION;
	/* Both of one sign again. */
	if (units > 0 && nanos < 0) {
		units--;
		nanos += BILLION;
	} else if (units < 0 && nanos > 0) {
		units++;
		nanos -= BILLION;
	}
	*sum = (struct amount){units, (int32_t)nanos};
	return true;
}

bool amount_scale(struct amount amount, double factor, struct amount *ret_amount)
{
	long double scaled = ((long double)amount.units + (long double)amount.nanos / BILLION) * (long double)factor;
	if (!(fabsl(scaled) < 9.0e18L)) {
		return false;
	}
	long double whole = truncl(scaled);
	struct amount sum = {(int64_t)whole, 0};
	int64_t nanos = llroundl((scaled - whole) * BILLION);
	if (nanos == BILLION || nanos == -BILLION) {
		sum.units += nanos / BILLION;
		nanos = 0;
	}
	sum.nanos = (int32_t)nanos;
	*ret_amount = sum;
	return true;
}

double amount_number(struct amount amount)
{
	return (double)amount.units + (double)amount.nanos / BILLION;
}

Kam__V1__Money *amount_message(struct amount amount, const char *currency_code, struct arena *arena)
{
	Kam__V1__Money *money = arena_alloc(arena, sizeof *money);
	if (money) {
		kam__v1__money__init(money);
		money->currency_code = arena_strdup(arena, currency_code);
		money->units = amount.units;
		money->nanos = amount.nanos;
	}
	return money && money->currency_code ? money : NULL;
}

/* ---- rates ---------------------------------------------------------------------------------------------------------------- */

struct rate {
	const char *currency;
	int64_t first_day, end_day;
	double rate;
};

struct rates {
	const char *reporting_currency;
	struct rate *list; /* by currency */
	size_t count;
};

static int compare_rates(const void *a, const void *b)
{
	return strcmp(((const struct rate *)a)->currency, ((const struct rate *)b)->currency);
}

bool rates_read(const Kam__V1__Programme *programme, struct arena *arena, const struct rates **ret_rates)
{
	struct rates *rates = arena_calloc(arena, 1, sizeof *rates);
	struct rate *list = arena_calloc(arena, programme->n_exchange_rates + 1, sizeof *list);
	if (!rates || !list) {
		return false;
	}
	*rates = (struct rates){programme->reporting_currency, list, 0};
	for (size_t i = 0; i < programme->n_exchange_rates; i++) {
		const Kam__V1__ExchangeRate *from = programme->exchange_rates[i];
		struct rate rate = {.currency = from->currency_code, .rate = from->rate};
		if (from->rate > 0 && rules_period(from->period, &rate.first_day, &rate.end_day)) {
			list[rates->count++] = rate;
		}
	}
	qsort(list, rates->count, sizeof *list, compare_rates);
	*ret_rates = rates;
	return true;
}

/* `rate` is the better one for the day. */
static bool is_better(const struct rate *rate, const struct rate *best, int64_t day)
{
	if (rate->first_day > day) {
		return false; /* not known then */
	}
	if (!best) {
		return true;
	}
	bool holds = day < rate->end_day, best_holds = day < best->end_day;
	int64_t length = rate->end_day - rate->first_day, best_length = best->end_day - best->first_day;
	if (holds != best_holds) {
		return holds;
	}
	if (holds || rate->end_day == best->end_day) {
		return length < best_length;
	}
	return rate->end_day > best->end_day;
}

/* Units of the reporting currency for one of `currency`; 0 where there is none. */
static double rate_of(const struct rates *rates, const char *currency, int64_t day)
{
	size_t low = 0, high = rates->count;
	const struct rate *best = NULL;
	if (strcmp(currency, rates->reporting_currency) == 0) {
		return 1;
	}
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(rates->list[middle].currency, currency) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (size_t i = low; i < rates->count && strcmp(rates->list[i].currency, currency) == 0; i++) {
		best = is_better(&rates->list[i], best, day) ? &rates->list[i] : best;
	}
	return best ? best->rate : 0;
}

bool rates_find(const struct rates *rates, const char *from, const char *to, int64_t day, double *ret_rate, const char **ret_missing)
{
	if (strcmp(from, to) == 0) {
		*ret_rate = 1;
		return true;
	}
	double from_rate = rate_of(rates, from, day), to_rate = rate_of(rates, to, day);
	if (!(from_rate > 0) || !(to_rate > 0)) {
		*ret_missing = from_rate > 0 ? to : from;
		return false;
	}
	*ret_rate = from_rate / to_rate;
	return true;
}
