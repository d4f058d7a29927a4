/* SPDX-License-Identifier: Apache-2.0
 *
 * Interactions: the stakeholders who took part, and the deal it was about, are of the same account.
 */
#include "kam/v1/interaction.pb-c.h"

#include "server/domain/domain.h"
#include "server/domain/names.h"

#include <stdio.h>

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Interaction *interaction = (const void *)new;
	(void)old;
	for (size_t i = 0; i < interaction->n_stakeholders; i++) {
		if (!names_same_account(interaction->name, interaction->stakeholders[i])) {
			char path[STATUS_FIELD_BYTES];
			snprintf(path, sizeof path, "interaction.stakeholders[%zu]", i);
			status_field(call->status, path, "%.100s is a stakeholder of another account; choose one of this account", interaction->stakeholders[i]);
		}
	}
	if (*interaction->opportunity && !names_same_account(interaction->name, interaction->opportunity)) {
		status_field(call->status, "interaction.opportunity", "%.100s belongs to another account; choose one of this account", interaction->opportunity);
	}
	return status_ok(call->status);
}

static const struct noun nouns[] = {{.collection = "accounts/interactions", .check = check}};

const struct domain domain_interaction = {nouns, 1, NULL, 0};
