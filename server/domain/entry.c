/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries: one value of one metric in one period, and the id says which: 2026-Q3-uptime. Once both sides signed the scorecard a reported value stays; a side that does not
 * accept it disputes it, and both settle on another one beside it.
 */
#include "kam/v1/entry.pb-c.h"

#include "kam/v1/scorecard.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

static const char *make_id(struct call *call, const ProtobufCMessage *new)
{
	const Kam__V1__Entry *entry = (const void *)new;
	return *entry->period && *entry->metric ? arena_printf(call->arena, "%s-%s", entry->period, entry->metric) : NULL;
}

/* NULL with the status failed. */
static const Kam__V1__Scorecard *scorecard_of(struct call *call, const char *name)
{
	const char *end = strstr(name, "/entries/");
	const char *parent = end ? arena_strndup(call->arena, name, (size_t)(end - name)) : NULL;
	const Kam__V1__Scorecard *scorecard = parent ? (const void *)basis_stored(call, parent) : NULL;
	if (!scorecard) {
		status_fail(call->status, STATUS_FAILED_PRECONDITION, "PARENT_DELETED", "%s is not there: undelete it first", parent ? parent : name);
	}
	return scorecard;
}

static bool is_signed(const Kam__V1__Scorecard *scorecard)
{
	return scorecard->state == KAM__V1__SCORECARD_STATE__SCORECARD_STATE_AGREED ||
	       scorecard->state == KAM__V1__SCORECARD_STATE__SCORECARD_STATE_SUPERSEDED;
}

static void check_metric(struct call *call, const Kam__V1__Scorecard *scorecard, const Kam__V1__Entry *entry)
{
	struct buf known;
	buf_init(&known, call->arena);
	for (size_t i = 0; i < scorecard->n_metrics; i++) {
		if (strcmp(scorecard->metrics[i]->id, entry->metric) == 0) {
			return;
		}
		buf_printf(&known, "%s%s", i ? ", " : "", scorecard->metrics[i]->id);
	}
	status_field(call->status, "entry.metric", "\"%.40s\" is no metric of the scorecard; it has %.100s", entry->metric, known.size ? buf_text(&known) : "none");
}

/* What a signed scorecard lets happen to an entry. */
static bool check_signed(struct call *call, const Kam__V1__Entry *old, const Kam__V1__Entry *new)
{
	bool same_side = new->reported_by == old->reported_by || old->reported_by == KAM__V1__SIDE__SIDE_UNSPECIFIED;
	if (old->_value_case && (!new->_value_case || new->value != old->value || !same_side)) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_AGREED",
		                   "value: both sides signed the scorecard, so a reported value stays; dispute it, and set settled_value once you agree");
	}
	bool settles = new->_settled_value_case && (!old->_settled_value_case || new->settled_value != old->settled_value);
	if (settles && !(old->disputed || (new->disputed && !old->_settled_value_case))) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_AGREED",
		                   "settled_value: both sides signed the scorecard, so a value is settled only where it is disputed; dispute it first");
	}
	bool withdrawn = old->_settled_value_case && !new->_settled_value_case && !new->disputed;
	return !withdrawn || status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_AGREED",
	                                 "settled_value: both sides settled on it; to take it back, dispute the entry again");
}

static void check_dispute(struct call *call, const Kam__V1__Entry *old, Kam__V1__Entry *new)
{
	bool was_settled = old && old->_settled_value_case && new->_settled_value_case && old->settled_value == new->settled_value;
	if (new->disputed && was_settled) {
		status_field(call->status, "entry.disputed", "both sides settled on %g; clear settled_value to dispute it again", new->settled_value);
	}
	if (new->disputed && !new->_value_case) {
		status_field(call->status, "entry.disputed", "there is no value to dispute");
	}
	if (new->disputed && new->disputed_by == KAM__V1__SIDE__SIDE_UNSPECIFIED) {
		status_field(call->status, "entry.disputed_by", "is missing: say which side disputes the value, US or CLIENT");
	}
	if (new->_settled_value_case && !new->_value_case) {
		status_field(call->status, "entry.settled_value", "stands for a reported value, and there is none; set value");
	}
	if (new->_settled_value_case) {
		new->disputed = false; /* settled is no longer disputed; who disputed it, and why, is kept */
	}
}

static bool check(struct call *call, const ProtobufCMessage *old_message, ProtobufCMessage *new_message)
{
	const Kam__V1__Entry *old = (const void *)old_message;
	Kam__V1__Entry *new = (void *)new_message;
	const Kam__V1__Scorecard *scorecard = scorecard_of(call, new->name);
	const char *id = make_id(call, new_message);
	if (!scorecard || !id) {
		return status_ok(call->status) ? basis_no_memory(call) : false;
	}
	if (scorecard->state == KAM__V1__SCORECARD_STATE__SCORECARD_STATE_SUPERSEDED) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_SUPERSEDED", "%s is superseded and takes no more entries: use its successor",
		                   scorecard->name);
	}
	if (strcmp(name_last(new->name), id) != 0) {
		status_field(call->status, "entry.name", "must end in %s, as period and metric say", id);
	}
	if (!old) {
		check_metric(call, scorecard, new);
	} else if (is_signed(scorecard) && !check_signed(call, old, new)) {
		return false;
	}
	check_dispute(call, old, new);
	return status_ok(call->status);
}

static bool check_delete(struct call *call, const char *name, const ProtobufCMessage *old)
{
	const Kam__V1__Entry *entry = (const void *)old;
	const Kam__V1__Scorecard *scorecard = entry->_value_case ? scorecard_of(call, name) : NULL;
	if (!status_ok(call->status)) {
		return false;
	}
	return !scorecard || !is_signed(scorecard) ||
	       status_fail(call->status, STATUS_FAILED_PRECONDITION, "SCORECARD_AGREED", "%s has a value, and both sides signed the scorecard: dispute it instead", name);
}

static const struct noun nouns[] = {
	{.collection = "accounts/scorecards/entries", .check = check, .make_id = make_id, .check_delete = check_delete},
};

const struct domain domain_entry = {nouns, 1, NULL, 0};
