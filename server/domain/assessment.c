/* SPDX-License-Identifier: Apache-2.0
 *
 * Assessments: scores are of the set's criteria and from 1 to 10. What was fine when it was written stays so, even where the set has changed since.
 */
#include "kam/v1/assessment.pb-c.h"

#include "common/base/clock.h"
#include "kam/v1/criteria_set.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"
#include "server/resource/changes.h"

#include <stdio.h>

#define DAY_US INT64_C(86400000000)

static bool has_criterion(const Kam__V1__CriteriaSet *set, const char *id)
{
	for (size_t i = 0; i < set->n_criteria; i++) {
		if (strcmp(set->criteria[i]->id, id) == 0) {
			return true;
		}
	}
	return false;
}

static void fail_criterion(struct call *call, const Kam__V1__CriteriaSet *set, const char *field, const char *id)
{
	char path[STATUS_FIELD_BYTES];
	struct buf known;
	buf_init(&known, call->arena);
	for (size_t i = 0; i < set->n_criteria; i++) {
		buf_printf(&known, "%s%s", i ? ", " : "", set->criteria[i]->id);
	}
	snprintf(path, sizeof path, "assessment.%s.%.40s", field, id);
	status_field(call->status, path, "is no criterion of %.80s; it has %.200s", set->name, known.size > 0 ? buf_text(&known) : "none");
}

static bool had_score(const Kam__V1__Assessment *old, const Kam__V1__Assessment__ScoresEntry *score)
{
	for (size_t i = 0; old && i < old->n_scores; i++) {
		if (strcmp(old->scores[i]->key, score->key) == 0) {
			return old->scores[i]->value == score->value;
		}
	}
	return false;
}

static bool had_note(const Kam__V1__Assessment *old, const char *id)
{
	for (size_t i = 0; old && i < old->n_notes; i++) {
		if (strcmp(old->notes[i]->key, id) == 0) {
			return true;
		}
	}
	return false;
}

static void check_scores(struct call *call, const Kam__V1__CriteriaSet *set, const Kam__V1__Assessment *old, const Kam__V1__Assessment *new)
{
	for (size_t i = 0; i < new->n_scores; i++) {
		const Kam__V1__Assessment__ScoresEntry *score = new->scores[i];
		if (had_score(old, score)) {
			continue;
		}
		if (!has_criterion(set, score->key)) {
			fail_criterion(call, set, "scores", score->key);
		} else if (!(score->value >= 1 && score->value <= 10)) {
			char path[STATUS_FIELD_BYTES];
			snprintf(path, sizeof path, "assessment.scores.%.40s", score->key);
			status_field(call->status, path, "is %g; a score is from 1 to 10, and what cannot be judged is left out", score->value);
		}
	}
	for (size_t i = 0; i < new->n_notes; i++) {
		if (!had_note(old, new->notes[i]->key) && !has_criterion(set, new->notes[i]->key)) {
			fail_criterion(call, set, "notes", new->notes[i]->key);
		}
	}
}

static bool fill(struct call *call, Kam__V1__Assessment *new)
{
	int64_t today = call->now_us / DAY_US, day;
	int year, month, date;
	if (new->perspective == KAM__V1__PERSPECTIVE__PERSPECTIVE_UNSPECIFIED) {
		new->perspective = KAM__V1__PERSPECTIVE__PERSPECTIVE_SELF;
	}
	if (!*new->assessor) {
		new->assessor = (char *)(uintptr_t)call->caller->user;
	}
	if (!*new->assessed_on) {
		clock_day_of(today, &year, &month, &date);
		new->assessed_on = arena_printf(call->arena, "%04d-%02d-%02d", year, month, date);
		return new->assessed_on || call_no_memory(call);
	}
	if (!clock_parse_date(new->assessed_on, &day) || day > today + 1) { /* it may be tomorrow already where it was judged */
		return status_field(call->status, "assessment.assessed_on", "\"%.20s\" is not a day up to today", new->assessed_on);
	}
	return true;
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	Kam__V1__Assessment *assessment = (void *)new;
	const Kam__V1__CriteriaSet *set = (const void *)basis_stored(call, assessment->criteria_set);
	if (!set) {
		return status_ok(call->status) ? call_no_memory(call) : false; /* that it is there was checked */
	}
	if (!old && set->state == KAM__V1__CRITERIA_SET_STATE__CRITERIA_SET_STATE_RETIRED) {
		return status_field(call->status, "assessment.criteria_set", "%.80s is retired; assess by a set that is in use", set->name);
	}
	check_scores(call, set, (const void *)old, assessment);
	return fill(call, assessment) && status_ok(call->status);
}

static const char *suggest_id(struct call *call, const ProtobufCMessage *new)
{
	const Kam__V1__Assessment *assessment = (const void *)new;
	const char *assessor = *assessment->assessor ? assessment->assessor : call->caller->user;
	bool client = assessment->perspective == KAM__V1__PERSPECTIVE__PERSPECTIVE_CLIENT;
	const char *text = arena_printf(call->arena, "%s %s %s", name_last(assessment->criteria_set), client ? "client" : "self", name_last(assessor));
	return text ? id_of_text(text, call->arena) : NULL;
}

static const struct noun nouns[] = {{.collection = "accounts/assessments", .check = check, .suggest_id = suggest_id}};

const struct domain domain_assessment = {nouns, 1, NULL, 0};
