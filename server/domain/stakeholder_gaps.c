/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule, one line or two; the order in which they are found is the order in which they are shown.
 */
#include "server/domain/stakeholder_gaps.h"

struct gaps {
	struct gap *list;
	size_t count, most;
};

static void add(struct gaps *gaps, enum gap_kind kind, size_t person, int role)
{
	if (gaps->count < gaps->most) {
		gaps->list[gaps->count++] = (struct gap){kind, person, role};
	}
}

static bool has_role(const struct gap_person *person, int role)
{
	return person->roles & 1u << role;
}

static bool is_active(const struct gap_person *person)
{
	return !person->placeholder && !person->left;
}

unsigned gaps_required(unsigned roles)
{
	return roles ? roles : 1u << ROLE_ECONOMIC_BUYER | 1u << ROLE_CHAMPION;
}

bool gaps_role_filled(const struct gap_person *people, size_t count, int role)
{
	for (size_t i = 0; i < count; i++) {
		if (is_active(&people[i]) && has_role(&people[i], role)) {
			return true;
		}
	}
	return false;
}

static void find_of_account(struct gaps *gaps, const struct gap_person *people, size_t count, unsigned required)
{
	size_t in_contact = 0, thread = 0;
	for (int role = 1; role <= GAPS_ROLES; role++) {
		bool always = role == ROLE_ECONOMIC_BUYER || role == ROLE_CHAMPION;
		if ((always || required & 1u << role) && !gaps_role_filled(people, count, role)) {
			enum gap_kind kind = role == ROLE_ECONOMIC_BUYER ? GAP_NO_ECONOMIC_BUYER : role == ROLE_CHAMPION ? GAP_NO_CHAMPION : GAP_REQUIRED_ROLE;
			add(gaps, kind, GAP_ACCOUNT, role);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (is_active(&people[i]) && people[i].in_contact) {
			in_contact++;
			thread = i;
		}
	}
	if (in_contact == 1) {
		add(gaps, GAP_SINGLE_THREAD, thread, 0);
	}
}

static void find_of_person(struct gaps *gaps, const struct gap_person *person, size_t i, double contact_days)
{
	bool active = is_active(person);
	if (person->placeholder && !person->left) {
		add(gaps, GAP_PLACEHOLDER, i, 0);
	}
	if (person->left && (person->roles || person->has_counterpart || person->has_reports)) {
		add(gaps, GAP_LEAVER, i, 0);
	}
	if (active && has_role(person, ROLE_BLOCKER) && !person->has_counterpart) {
		add(gaps, GAP_BLOCKER_WITHOUT_OWNER, i, ROLE_BLOCKER);
	}
	if (active && has_role(person, ROLE_CHAMPION) && person->contact_known && (!person->contacted || person->days_silent > contact_days)) {
		add(gaps, GAP_SILENT_CHAMPION, i, ROLE_CHAMPION);
	}
	if (person->cycle_cut) {
		add(gaps, GAP_REPORTING_CYCLE, i, 0);
	}
}

size_t gaps_find(const struct gap_person *people, size_t count, unsigned required, double contact_days, struct gap *ret_gaps, size_t most)
{
	struct gaps gaps = {ret_gaps, 0, most};
	find_of_account(&gaps, people, count, gaps_required(required));
	for (size_t i = 0; i < count; i++) {
		find_of_person(&gaps, &people[i], i, contact_days);
	}
	return gaps.count;
}
