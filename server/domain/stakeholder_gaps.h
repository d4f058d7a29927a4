/* SPDX-License-Identifier: Apache-2.0
 *
 * stakeholder_gaps.h - what a stakeholder map lacks, found from an array of people; and which of the roles that should be filled are.
 *
 * A person is active when somebody fills the role and has not left.
 *
 * Threads: any; pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { GAPS_ROLES = 10 }; /* kam.v1.BuyingRole 1 to 10 */

/* The numbers of kam.v1.StakeholderGapKind and of kam.v1.BuyingRole that are spoken of here. */
enum gap_kind {
	GAP_NONE,
	GAP_NO_ECONOMIC_BUYER,
	GAP_NO_CHAMPION,
	GAP_BLOCKER_WITHOUT_OWNER,
	GAP_PLACEHOLDER,
	GAP_LEAVER,
	GAP_SINGLE_THREAD,
	GAP_SILENT_CHAMPION,
	GAP_REQUIRED_ROLE,
	GAP_REPORTING_CYCLE,
};
enum { ROLE_ECONOMIC_BUYER = 1, ROLE_CHAMPION = 5, ROLE_BLOCKER = 10 };

struct gap_person {
	unsigned roles;    /* bits 1 << BuyingRole */
	bool placeholder;  /* a role that nobody fills */
	bool left;
	bool has_counterpart;
	bool has_reports;  /* somebody active reports to them */
	bool in_contact;   /* has an edge that counts (relationship_model.h) */
	bool cycle_cut;
	bool contact_known; /* days_silent is known, or it is known that there was no contact */
	bool contacted;
	double days_silent; /* where contacted */
};

struct gap {
	enum gap_kind kind;
	size_t person; /* GAP_ACCOUNT: the gap is the account's */
	int role;      /* the role it is about, or 0 */
};
#define GAP_ACCOUNT ((size_t)-1)

/* Roles that must be filled, as bits; 0 means economic buyer and champion. */
unsigned gaps_required(unsigned roles);
/* Somebody active fills the role. */
bool gaps_role_filled(const struct gap_person *people, size_t count, int role);
/* Appends at most `most` gaps, the account's first, then by person. A champion is silent after `contact_days`. Returns how many. */
size_t gaps_find(const struct gap_person *people, size_t count, unsigned required, double contact_days, struct gap *ret_gaps, size_t most);
/* As many gaps as `count` people can have. */
static inline size_t gaps_most(size_t count)
{
	return GAPS_ROLES + 3 + 4 * count;
}
