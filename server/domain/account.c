/* SPDX-License-Identifier: Apache-2.0
 *
 * Accounts: the tier is one of the programme's, and a phase that was decided changes by a decision alone.
 */
#include "kam/v1/account.pb-c.h"
#include "kam/v1/round.pb-c.h"

#include "server/domain/basis.h"
#include "server/domain/domain.h"

static bool check_phase(struct call *call, const Kam__V1__Account *old, const Kam__V1__Account *new)
{
	bool decides = call->request && call->request->descriptor == &kam__v1__decide_round_request__descriptor;
	return !old || !*old->decision || old->phase == new->phase || decides ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "PHASE_DECIDED", "account.phase: %s set the phase of %s; it changes by another decision only",
	                   old->decision, old->name);
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Account *account = (const void *)new, *before = (const void *)old;
	if (!check_phase(call, before, account)) {
		return false;
	}
	if (!*account->tier || (before && strcmp(before->tier, account->tier) == 0)) {
		return true;
	}
	const Kam__V1__Programme *programme = (const void *)basis_stored(call, "programme");
	struct buf known;
	buf_init(&known, call->arena);
	for (size_t i = 0; programme && i < programme->n_tiers; i++) {
		if (strcmp(programme->tiers[i]->id, account->tier) == 0) {
			return true;
		}
		buf_printf(&known, "%s%s", i ? ", " : "", programme->tiers[i]->id);
	}
	return status_ok(call->status) &&
	       status_field(call->status, "account.tier", "\"%.40s\" is no tier of the programme; it has %.100s", account->tier, known.size ? buf_text(&known) : "none");
}

static const struct noun nouns[] = {{.collection = "accounts", .check = check}};

const struct domain domain_account = {nouns, 1, NULL, 0};
