/* SPDX-License-Identifier: Apache-2.0
 *
 * money.h - amounts that are summed exactly, and the programme's exchange rates.
 *
 * Sums of one currency are whole numbers of billionths, never doubles. A rate is a double; what it gives is rounded to a billionth.
 *
 * Owns:    rates live in the arena they were read into, and borrow the programme's strings.
 * Threads: any.
 */
#pragma once

#include "common/base/arena.h"
#include "kam/v1/programme.pb-c.h"
#include "kam/v1/standard.pb-c.h"

/* units + nanos / 10^9, both of one sign, nanos below a unit. */
struct amount {
	int64_t units;
	int32_t nanos;
};

static inline struct amount amount_of(const Kam__V1__Money *money)
{
	return (struct amount){money->units, money->nanos};
}

/* False where the sum does not fit; it is then unchanged. */
bool amount_add(struct amount *sum, struct amount more);
/* amount * factor, rounded to a billionth. False where it does not fit. */
bool amount_scale(struct amount amount, double factor, struct amount *ret_amount);
double amount_number(struct amount amount);
/* As a message in the arena; NULL when it is full. */
Kam__V1__Money *amount_message(struct amount amount, const char *currency_code, struct arena *arena);

struct rates;
/* False when the arena is full. Rates whose period or currency cannot be read are passed over. */
bool rates_read(const Kam__V1__Programme *programme, struct arena *arena, const struct rates **ret_rates);
/* Units of `to` for one unit of `from` on a day (days since 1970): of the shortest period that holds the day, otherwise of the last one before it. False where
 * there is none; `ret_missing` then is the currency that has no rate. */
bool rates_find(const struct rates *rates, const char *from, const char *to, int64_t day, double *ret_rate, const char **ret_missing);
