/* SPDX-License-Identifier: Apache-2.0
 *
 * Casting a ballot: one's own, in an open round that asks one, of accounts that one may see. That others learn nothing of it before its time is decided in
 * server/access.
 */
#include "kam/v1/ballot.pb-c.h"

#include "kam/v1/round.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"
#include "server/resource/changes.h"

#include <stdio.h>

#define ROUND_STATE(name) KAM__V1__ROUND_STATE__ROUND_STATE_##name

static bool asks(const Kam__V1__Round *round, const char *user)
{
	for (size_t i = 0; i < round->n_participants; i++) {
		if (strcmp(round->participants[i]->user, user) == 0) {
			return true;
		}
	}
	return false;
}

/* The round that the ballot is for; NULL with the status failed. A round that asks the caller is seen by them. */
static const Kam__V1__Round *read_round(struct call *call, const char *name)
{
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	if (!resource || strcmp(resource->collection, "rounds") != 0) {
		status_field(call->status, "parent", "\"%.80s\" is not the name of a round; write it as rounds/{round}", name);
		return NULL;
	}
	const Kam__V1__Round *round = (const void *)basis_stored(call, name);
	bool asked = round && asks(round, call->caller->user);
	if (!asked && !(round && call_decide_verb(call, resource, "read", name).allowed)) {
		return status_ok(call->status) ? (call_not_found(call, name), NULL) : NULL;
	}
	if (!asked) {
		status_fail(call->status, STATUS_PERMISSION_DENIED, "NOT_A_PARTICIPANT", "you are not among the participants of %s; ask whoever runs it to add you",
		            name);
		return NULL;
	}
	if (round->state != ROUND_STATE(OPEN)) {
		status_fail(call->status, STATUS_FAILED_PRECONDITION, "ROUND_NOT_OPEN", "%s %s", name,
		            round->state == ROUND_STATE(DRAFT) ? "is not open yet" : "is closed: a late ballot does not count");
		return NULL;
	}
	return round;
}

static const char *account_path(size_t index, char *path)
{
	snprintf(path, STATUS_FIELD_BYTES, "accounts[%zu]", index);
	return path;
}

/* There, and the author may see it. What may not be seen is answered as what is not there. */
static bool may_name(struct call *call, const struct schema_resource *accounts, const char *name)
{
	struct store_record record;
	STATUS_SCRATCH(st);
	return call_decide_verb(call, accounts, "read", name).allowed && changes_get(call->changes, call->view, name, &record, &st) &&
		record.operation != STORE_DELETE;
}

static bool check_accounts(struct call *call, const Kam__V1__CastBallotRequest *request)
{
	const struct schema_resource *accounts = schema_resource_find(call->engine->schema, "accounts");
	for (size_t i = 0; i < request->n_accounts; i++) {
		const char *name = request->accounts[i];
		char path[STATUS_FIELD_BYTES];
		size_t first = 0;
		while (first < i && strcmp(request->accounts[first], name) != 0) {
			first++;
		}
		if (schema_resource_of_name(call->engine->schema, name) != accounts || strstr(name, "/-")) {
			status_field(call->status, account_path(i, path), "\"%.80s\" is not the name of an account; write it as accounts/{account}", name);
		} else if (first < i) {
			status_field(call->status, account_path(i, path), "%.120s is named already, at place %zu; name each account once", name, first + 1);
		} else if (!may_name(call, accounts, name)) {
			status_field(call->status, account_path(i, path), "%.120s not found", name);
		}
	}
	return status_ok(call->status);
}

static bool cast(struct call *call)
{
	const Kam__V1__CastBallotRequest *request = (const void *)call->request;
	const struct schema_resource *ballots = call->method->resource;
	struct store_record record;
	if (!read_round(call, request->parent)) {
		return false;
	}
	char *name = arena_printf(call->arena, "%s/ballots/%s", request->parent, name_last(call->caller->user));
	if (!name) {
		return call_no_memory(call);
	}
	if (!call_decide(call, call->method->permission, name, (struct bytes){0}).allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "your roles do not let you cast a ballot");
	}
	if (!check_accounts(call, request)) {
		return false;
	}
	bool again = changes_get(call->changes, call->view, name, &record, call->status);
	Kam__V1__Ballot *ballot = again ? (void *)schema_unpack(ballots->type, record.value, call->arena, call->status)
		: (void *)schema_message_new(ballots->type, call->arena);
	if (!ballot) {
		return status_ok(call->status) ? call_no_memory(call) : false;
	}
	ballot->user = (char *)(uintptr_t)call->caller->user;
	ballot->accounts = request->accounts;
	ballot->n_accounts = request->n_accounts;
	ballot->cast_count++;
	if (!status_ok(call->status) || !write_resource(call, ballots, name, again ? &record : NULL, &ballot->base, "ballot", NULL)) {
		return false;
	}
	call->note = "cast"; /* which fields changed would tell whether the list is another one */
	return engine_reply_written(call, name, request->validate_only);
}

static const struct method_row methods[] = {{"/kam.v1.BallotService/CastBallot", cast, NULL}};

const struct domain domain_ballot = {NULL, 0, methods, 1};
