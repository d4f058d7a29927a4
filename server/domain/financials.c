/* SPDX-License-Identifier: Apache-2.0
 *
 * Financials: the id is the period. What was renewed was up for renewal, and a competitor stands in a period once.
 */
#include "kam/v1/financials.pb-c.h"

#include "common/base/clock.h"
#include "common/schema/rules.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

#include <stdio.h>

static void check_renewal(struct call *call, const Kam__V1__Financials *financials)
{
	const Kam__V1__Money *renewed = financials->renewed, *up = financials->up_for_renewal;
	bool comparable = renewed && up && strcmp(renewed->currency_code, up->currency_code) == 0;
	if (comparable && (renewed->units > up->units || (renewed->units == up->units && renewed->nanos > up->nanos))) {
		status_field(call->status, "financials.renewed", "is more than up_for_renewal: it is the value before renewal of those that were renewed");
	}
	if (renewed && !up) {
		status_field(call->status, "financials.up_for_renewal", "is missing: renewed is a part of it");
	}
}

static void check_competitors(struct call *call, const Kam__V1__Financials *financials)
{
	for (size_t i = 0; i < financials->n_competitor_revenues; i++) {
		for (size_t k = 0; k < i; k++) {
			const char *competitor = financials->competitor_revenues[i]->competitor;
			if (strcmp(competitor, financials->competitor_revenues[k]->competitor) == 0) {
				char path[STATUS_FIELD_BYTES];
				snprintf(path, sizeof path, "financials.competitor_revenues[%zu].competitor", i);
				status_field(call->status, path, "%.100s is there twice; give one sum", competitor);
			}
		}
	}
}

/* What the figures cover lies within the period. */
static void check_cover(struct call *call, const Kam__V1__Financials *financials, int64_t first_day, int64_t end_day)
{
	int64_t from = first_day, until = end_day - 1;
	if (*financials->covered_from && (!clock_parse_date(financials->covered_from, &from) || from < first_day || from >= end_day)) {
		status_field(call->status, "financials.covered_from", "is no day of %s", financials->period);
	}
	if (*financials->covered_until && (!clock_parse_date(financials->covered_until, &until) || until < first_day || until >= end_day)) {
		status_field(call->status, "financials.covered_until", "is no day of %s", financials->period);
	}
	if (status_ok(call->status) && until < from) {
		status_field(call->status, "financials.covered_until", "lies before covered_from, %s", financials->covered_from);
	}
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Financials *financials = (void *)new;
	const char *why, *period = name_last(financials->name);
	int64_t first_day, end_day;
	(void)old;
	if (!rules_format(FORMAT_PERIOD, period, &why)) {
		return status_field(call->status, "financials.name", "its id \"%.40s\" must be %s", period, why);
	}
	financials->period = (char *)(uintptr_t)period;
	if (rules_period(period, &first_day, &end_day)) {
		check_cover(call, financials, first_day, end_day);
	}
	check_renewal(call, financials);
	check_competitors(call, financials);
	if (financials->our_rank > 0 && financials->supplier_count > 0 && financials->our_rank > financials->supplier_count) {
		status_field(call->status, "financials.our_rank", "is %d of only %d suppliers", financials->our_rank, financials->supplier_count);
	}
	return status_ok(call->status);
}

static const struct noun nouns[] = {{.collection = "accounts/financials", .check = check}};

const struct domain domain_financials = {nouns, 1, NULL, 0};
