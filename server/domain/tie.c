/* SPDX-License-Identifier: Apache-2.0
 *
 * Ties: between two people of one account's map, and not from one to themselves.
 */
#include "kam/v1/tie.pb-c.h"

#include "server/domain/domain.h"
#include "server/domain/names.h"

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Tie *tie = (const void *)new;
	(void)old;
	if (!names_same_account(tie->name, tie->from_stakeholder)) {
		status_field(call->status, "tie.from_stakeholder", "%.100s is a stakeholder of another account; choose one of this account", tie->from_stakeholder);
	}
	if (!names_same_account(tie->name, tie->to_stakeholder)) {
		status_field(call->status, "tie.to_stakeholder", "%.100s is a stakeholder of another account; choose one of this account", tie->to_stakeholder);
	}
	if (strcmp(tie->from_stakeholder, tie->to_stakeholder) == 0) {
		status_field(call->status, "tie.to_stakeholder", "is where the tie starts; a tie leads from one stakeholder to another one");
	}
	return status_ok(call->status);
}

static const struct noun nouns[] = {{.collection = "accounts/ties", .check = check}};

const struct domain domain_tie = {nouns, 1, NULL, 0};
