/* SPDX-License-Identifier: Apache-2.0
 *
 * Opportunities. Other systems' deals come as they are: an early one may have no dates and no value, a lost one the value 0. What a period's figures are counted by,
 * the day a deal was won or lost, must be there once it is.
 */
#include "kam/v1/opportunity.pb-c.h"

#include "server/domain/basis.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

#include <stdio.h>

static void check_dates(struct call *call, const Kam__V1__Opportunity *opportunity)
{
	bool decided = opportunity->stage == KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_WON ||
	               opportunity->stage == KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_LOST;
	if (decided && !*opportunity->close_on) {
		status_field(call->status, "opportunity.close_on", "is missing: give the day on which the deal was won or lost");
	}
	if (*opportunity->opened_on && *opportunity->close_on && strcmp(opportunity->close_on, opportunity->opened_on) < 0) {
		status_field(call->status, "opportunity.close_on", "lies before opened_on, %s", opportunity->opened_on);
	}
}

static void check_roles(struct call *call, const Kam__V1__Opportunity *opportunity)
{
	for (size_t i = 0; i < opportunity->n_buying_roles; i++) {
		const Kam__V1__OpportunityBuyingRole *role = opportunity->buying_roles[i];
		char path[STATUS_FIELD_BYTES];
		snprintf(path, sizeof path, "opportunity.buying_roles[%zu].stakeholder", i);
		if (!names_same_account(opportunity->name, role->stakeholder)) {
			status_field(call->status, path, "%.100s is a stakeholder of another account; choose one of this account", role->stakeholder);
		}
		for (size_t k = 0; k < i; k++) {
			const Kam__V1__OpportunityBuyingRole *other = opportunity->buying_roles[k];
			if (role->role == other->role && strcmp(role->stakeholder, other->stakeholder) == 0) {
				status_field(call->status, path, "has this role in the deal twice");
			}
		}
	}
}

static bool has_answer(const Kam__V1__Opportunity *opportunity, const char *question)
{
	for (size_t i = 0; opportunity && i < opportunity->n_qualification; i++) {
		if (strcmp(opportunity->qualification[i]->question, question) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_question(const Kam__V1__Programme *programme, const char *question)
{
	for (size_t i = 0; programme && i < programme->n_qualification_questions; i++) {
		if (strcmp(programme->qualification_questions[i]->id, question) == 0) {
			return true;
		}
	}
	return false;
}

/* An answer to a question that the programme no longer asks may stay; a new one may not be given. */
static void check_answers(struct call *call, const Kam__V1__Opportunity *old, const Kam__V1__Opportunity *opportunity)
{
	const Kam__V1__Programme *programme = opportunity->n_qualification ? (const void *)basis_stored(call, "programme") : NULL;
	for (size_t i = 0; i < opportunity->n_qualification; i++) {
		const char *question = opportunity->qualification[i]->question;
		char path[STATUS_FIELD_BYTES];
		snprintf(path, sizeof path, "opportunity.qualification[%zu].question", i);
		if (!has_question(programme, question) && !has_answer(old, question)) {
			status_field(call->status, path, "\"%.60s\" is no question of the programme; see its qualification_questions", question);
		}
		for (size_t k = 0; k < i; k++) {
			if (strcmp(opportunity->qualification[k]->question, question) == 0) {
				status_field(call->status, path, "\"%.60s\" is answered twice", question);
			}
		}
	}
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Opportunity *opportunity = (void *)new;
	if (opportunity->stage == KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_UNSPECIFIED) {
		opportunity->stage = KAM__V1__OPPORTUNITY_STAGE__OPPORTUNITY_STAGE_PROSPECTING;
	}
	if (opportunity->value && (opportunity->value->units < 0 || opportunity->value->nanos < 0)) {
		status_field(call->status, "opportunity.value", "must not be negative");
	}
	if (opportunity->loss_reason == KAM__V1__LOSS_REASON__LOSS_REASON_OTHER && !*opportunity->loss_note) {
		status_field(call->status, "opportunity.loss_note", "is missing: loss_reason OTHER needs a few words");
	}
	check_dates(call, opportunity);
	check_roles(call, opportunity);
	check_answers(call, (const void *)old, opportunity);
	return status_ok(call->status);
}

static const struct noun nouns[] = {{.collection = "accounts/opportunities", .check = check}};

const struct domain domain_opportunity = {nouns, 1, NULL, 0};
