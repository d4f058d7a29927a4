/* SPDX-License-Identifier: Apache-2.0
 *
 * Stakeholders: a person, or a role that waits for one, on the map of one account. That nobody reports to themselves round a circle is the engine's check.
 */
#include "server/domain/stakeholder.h"

#include "kam/v1/stakeholder.pb-c.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

#include <stdio.h>

static void check_roles(struct call *call, const Kam__V1__Stakeholder *stakeholder)
{
	unsigned seen = 0;
	for (size_t i = 0; i < stakeholder->n_buying_roles; i++) {
		unsigned bit = 1u << (stakeholder->buying_roles[i] & 31);
		char path[STATUS_FIELD_BYTES];
		snprintf(path, sizeof path, "stakeholder.buying_roles[%zu]", i);
		if (stakeholder->buying_roles[i] == KAM__V1__BUYING_ROLE__BUYING_ROLE_UNSPECIFIED) {
			status_field(call->status, path, "says no role; leave it out or name one");
		} else if (seen & bit) {
			status_field(call->status, path, "is there twice");
		}
		seen |= bit;
	}
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Stakeholder *stakeholder = (const void *)new;
	(void)old;
	if (!*stakeholder->contact && !*stakeholder->title) {
		status_field(call->status, "stakeholder.title", "is required where there is no contact: a placeholder needs to say which role it keeps open");
	}
	if (*stakeholder->reports_to && !names_same_account(stakeholder->name, stakeholder->reports_to)) {
		status_field(call->status, "stakeholder.reports_to", "%.100s is a stakeholder of another account; choose one of this account",
		             stakeholder->reports_to);
	}
	check_roles(call, stakeholder);
	return status_ok(call->status);
}

static const struct noun nouns[] = {{.collection = "accounts/stakeholders", .check = check}};
static const struct method_row methods[] = {{"/kam.v1.StakeholderService/GetStakeholderMap", stakeholder_map, NULL}};

const struct domain domain_stakeholder = {nouns, 1, methods, 1};
