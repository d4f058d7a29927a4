/* SPDX-License-Identifier: Apache-2.0
 *
 * The programme: its lists name each thing once, and a tier that accounts are in does not vanish.
 */
#include "server/domain/programme.h"

#include "common/schema/filter.h"
#include "server/domain/domain.h"
#include "server/resource/changes.h"

#include <stdio.h>
#include <stdlib.h>

enum { LISTED_MAX = 3, CANDIDATES_MAX = 64 };

static void fail_item(struct call *call, const char *list, size_t index, const char *field, const char *what)
{
	char path[STATUS_FIELD_BYTES];
	snprintf(path, sizeof path, "programme.%s[%zu].%s", list, index, field);
	status_field(call->status, path, "%s", what);
}

static void check_tier(struct call *call, const Kam__V1__Tier *tier, size_t index)
{
	unsigned roles = 0, kinds = 0;
	for (size_t i = 0; i < tier->n_required_roles; i++) {
		unsigned bit = 1u << (tier->required_roles[i] & 31);
		if (tier->required_roles[i] == KAM__V1__BUYING_ROLE__BUYING_ROLE_UNSPECIFIED || roles & bit) {
			fail_item(call, "tiers", index, "required_roles", "names a role twice, or none");
		}
		roles |= bit;
	}
	for (size_t i = 0; i < tier->n_review_cadences; i++) {
		unsigned bit = 1u << (tier->review_cadences[i]->kind & 31);
		if (kinds & bit) {
			fail_item(call, "tiers", index, "review_cadences", "has two cadences for one kind of review");
		}
		kinds |= bit;
	}
}

static void check_tiers(struct call *call, const Kam__V1__Programme *programme)
{
	for (size_t i = 0; i < programme->n_tiers; i++) {
		check_tier(call, programme->tiers[i], i);
		for (size_t k = 0; k < i; k++) {
			if (strcmp(programme->tiers[i]->id, programme->tiers[k]->id) == 0) {
				fail_item(call, "tiers", i, "id", "is the id of another tier");
			}
		}
	}
	for (size_t i = 0; i < programme->n_qualification_questions; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(programme->qualification_questions[i]->id, programme->qualification_questions[k]->id) == 0) {
				fail_item(call, "qualification_questions", i, "id", "is the id of another question");
			}
		}
	}
}

struct numbered_rate {
	const Kam__V1__ExchangeRate *rate;
	size_t index;
};

static int compare_rates(const void *a, const void *b)
{
	const struct numbered_rate *left = a, *right = b;
	int order = strcmp(left->rate->currency_code, right->rate->currency_code);
	order = order ? order : strcmp(left->rate->period, right->rate->period);
	return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* Thousands of rates are allowed: sorted, those of one currency and period lie side by side. */
static void check_rates(struct call *call, const Kam__V1__Programme *programme)
{
	struct numbered_rate *sorted = arena_alloc(call->arena, programme->n_exchange_rates * sizeof *sorted);
	if (!sorted) {
		call_no_memory(call);
		return;
	}
	for (size_t i = 0; i < programme->n_exchange_rates; i++) {
		sorted[i] = (struct numbered_rate){programme->exchange_rates[i], i};
		if (strcmp(programme->exchange_rates[i]->currency_code, programme->reporting_currency) == 0) {
			fail_item(call, "exchange_rates", i, "currency_code", "is the reporting currency itself, whose rate is 1");
		}
	}
	qsort(sorted, programme->n_exchange_rates, sizeof *sorted, compare_rates);
	for (size_t i = 1; i < programme->n_exchange_rates; i++) {
		const Kam__V1__ExchangeRate *rate = sorted[i].rate, *before = sorted[i - 1].rate;
		if (strcmp(rate->currency_code, before->currency_code) == 0 && strcmp(rate->period, before->period) == 0) {
			fail_item(call, "exchange_rates", sorted[i].index, "period", "has a rate for this currency already");
		}
	}
}

static bool has_tier(const Kam__V1__Programme *programme, const char *id)
{
	for (size_t i = 0; i < programme->n_tiers; i++) {
		if (strcmp(programme->tiers[i]->id, id) == 0) {
			return true;
		}
	}
	return false;
}

/* Accounts of a tier that would vanish. */
static bool check_unused(struct call *call, const char *tier)
{
	const struct schema_field *field = schema_field_find(call->engine->access.account, "tier");
	struct bytes value = index_encode(field, (struct value){.kind = VALUE_STRING, .string = tier}, call->arena);
	const char **names = changes_find(call->changes, call->view, field->rules.index_id, value, CANDIDATES_MAX, call->arena, call->status);
	char list[LISTED_MAX * 80] = "";
	size_t used = 0, count = 0;
	for (; names && *names; names++) {
		struct store_record record;
		if (changes_get(call->changes, call->view, *names, &record, call->status) && record.operation != STORE_DELETE && count++ < LISTED_MAX) {
			used += (size_t)snprintf(list + used, sizeof list - used, "%s%.70s", used ? ", " : "", *names);
		}
	}
	return status_ok(call->status) &&
	       (count == 0 || status_fail(call->status, STATUS_FAILED_PRECONDITION, "TIER_IN_USE", "tiers: %.63s is the tier of %s%s; give them another tier first", tier,
	                                  list, count > LISTED_MAX ? " and others" : ""));
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Programme *programme = (const void *)new, *before = (const void *)old;
	check_tiers(call, programme);
	check_rates(call, programme);
	if (*programme->launched_on && *programme->rollout_due_on && strcmp(programme->rollout_due_on, programme->launched_on) < 0) {
		status_field(call->status, "programme.rollout_due_on", "lies before launched_on, %s", programme->launched_on);
	}
	for (size_t i = 0; before && status_ok(call->status) && i < before->n_tiers; i++) {
		if (!has_tier(programme, before->tiers[i]->id) && !check_unused(call, before->tiers[i]->id)) {
			return false;
		}
	}
	return status_ok(call->status);
}

static const struct noun nouns[] = {{.collection = "programme", .check = check}};

const struct domain domain_programme = {nouns, 1, NULL, 0};
