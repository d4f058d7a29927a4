/* SPDX-License-Identifier: Apache-2.0
 *
 * kam rounds vote, kam rounds decide: what the contract asks for as lists, typed as one types it.
 */
#include "client/cli/noun.h"

#include "common/schema/json.h"
#include "common/schema/value.h"
#include "kam/v1/ballot.pb-c.h"
#include "kam/v1/round.pb-c.h"

#include <stdio.h>

static const char *round_name(struct cli *cli, struct status *st)
{
	return name_resolve(cli, schema_resource_find(cli->schema, "rounds"), args_place(&cli->args, 0), st);
}

static const char *account_name(struct cli *cli, const char *text, struct status *st)
{
	return name_resolve(cli, schema_resource_find(cli->schema, "accounts"), text, st);
}

/* ---- vote -------------------------------------------------------------------------------------------------------------------------------------- */

bool vote_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.BallotService/CastBallot");
	Kam__V1__CastBallotRequest request = KAM__V1__CAST_BALLOT_REQUEST__INIT;
	size_t count = args_places(&cli->args) - 1;
	ProtobufCMessage *message;
	uint64_t revision;
	request.parent = (char *)(uintptr_t)round_name(cli, st);
	request.accounts = arena_calloc(&cli->arena, count + 1, sizeof *request.accounts);
	for (; request.parent && request.accounts && request.n_accounts < count; request.n_accounts++) {
		const char *account = account_name(cli, args_place(&cli->args, request.n_accounts + 1), st);
		if (!account) {
			return false;
		}
		request.accounts[request.n_accounts] = (char *)(uintptr_t)account;
	}
	request.validate_only = args_given(&cli->args, "dry-run");
	request.request_id = (char *)(uintptr_t)cli_request_id(cli);
	if (!request.parent || !cli_call(cli, method, &request.base, &cli->arena, &message, &revision, st)) {
		return false;
	}
	const Kam__V1__Ballot *ballot = (const Kam__V1__Ballot *)message;
	if (cli->output_asked) {
		return output_message(cli, method->output, message, st);
	}
	const char *name = text_clean(ballot->name, &cli->arena);
	if (request.validate_only) {
		printf("Would have cast %s with %zu account%s.\n", name, ballot->n_accounts, ballot->n_accounts == 1 ? "" : "s");
	} else {
		printf("Cast %s with %zu account%s (revision %llu). Until the round closes nobody else can read it, and you can cast it again.\n", name,
		       ballot->n_accounts, ballot->n_accounts == 1 ? "" : "s", (unsigned long long)revision);
	}
	return output_check(st);
}

/* ---- decide ------------------------------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *option;
	Kam__V1__DecisionVerdict verdict;
} verdicts[] = {
	{"select", KAM__V1__DECISION_VERDICT__DECISION_VERDICT_SELECT},
	{"keep", KAM__V1__DECISION_VERDICT__DECISION_VERDICT_KEEP},
	{"watch", KAM__V1__DECISION_VERDICT__DECISION_VERDICT_WATCH},
	{"deselect", KAM__V1__DECISION_VERDICT__DECISION_VERDICT_DESELECT},
};

/* The phase of --phase, for all that this command names. */
static bool read_phase(struct cli *cli, Kam__V1__Phase *ret_phase, struct status *st)
{
	const char *text = args_text(&cli->args, "phase");
	Kam__V1__RoundVerdict parsed = KAM__V1__ROUND_VERDICT__INIT;
	struct status wrong;
	status_init(&wrong);
	const struct schema_field *field = schema_field_find(schema_type_of(cli->schema, &kam__v1__round_verdict__descriptor), "phase");
	if (text && !value_set_text(&parsed.base, field, text, &cli->arena, &wrong)) {
		return usage_fail(st, "--phase: %s", fault_words(&wrong));
	}
	*ret_phase = parsed.phase;
	return true;
}

static bool add_verdict(struct cli *cli, Kam__V1__DecideRoundRequest *request, const char *account, Kam__V1__DecisionVerdict verdict, Kam__V1__Phase phase,
                        struct status *st)
{
	const struct schema_field *field = schema_field_find(schema_type_of(cli->schema, &kam__v1__decide_round_request__descriptor), "verdicts");
	const char *reason = args_text(&cli->args, "reason"), *name = account_name(cli, account, st);
	Kam__V1__RoundVerdict *added = name ? arena_alloc(&cli->arena, sizeof *added) : NULL;
	if (!added) {
		return status_ok(st) ? status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory") : false;
	}
	*added = (Kam__V1__RoundVerdict)KAM__V1__ROUND_VERDICT__INIT;
	added->account = (char *)(uintptr_t)name;
	added->verdict = verdict;
	added->phase = phase;
	added->reason = (char *)(uintptr_t)(reason ? reason : "");
	return value_set(&request->base, field, (struct value){.kind = VALUE_MESSAGE, .message = &added->base}, &cli->arena);
}

/* Of --file the whole request, then what the flags name. */
static Kam__V1__DecideRoundRequest *read_verdicts(struct cli *cli, struct status *st)
{
	const struct schema_type *type = schema_type_of(cli->schema, &kam__v1__decide_round_request__descriptor);
	const char *path = args_text(&cli->args, "file"), *account;
	ProtobufCMessage *message = schema_message_new(type, &cli->arena);
	Kam__V1__Phase phase = KAM__V1__PHASE__PHASE_UNSPECIFIED;
	if (path) {
		struct bytes text;
		struct status wrong;
		status_init(&wrong);
		if (!cli_read_file(cli, path, &text, st)) {
			return NULL;
		}
		message = json_read(cli->schema, type, text, &cli->arena, &wrong);
		if (!message) {
			usage_fail(st, "%s: %s", strcmp(path, "-") == 0 ? "stdin" : path, wrong.message);
			return NULL;
		}
	}
	Kam__V1__DecideRoundRequest *request = (Kam__V1__DecideRoundRequest *)message;
	if (!request || !read_phase(cli, &phase, st)) {
		return NULL;
	}
	for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
		for (size_t k = 0; (account = args_next(&cli->args, verdicts[i].option, &k)) != NULL;) {
			if (!args_given(&cli->args, "reason")) {
				usage_fail(st, "why? Give --reason TEXT: it is what people will read in a year");
				return NULL;
			}
			if (!add_verdict(cli, request, account, verdicts[i].verdict, phase, st)) {
				return NULL;
			}
		}
	}
	if (request->n_verdicts == 0) {
		usage_fail(st, "nothing is decided: give --select, --keep, --watch or --deselect ACCOUNT with --reason TEXT, or --file FILE");
		return NULL;
	}
	return request;
}

bool decide_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.RoundService/DecideRound");
	const char *name = round_name(cli, st), *etag = args_text(&cli->args, "etag");
	Kam__V1__DecideRoundRequest *request = name ? read_verdicts(cli, st) : NULL;
	ProtobufCMessage *message;
	uint64_t revision;
	if (!request) {
		return status_ok(st) ? status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory") : false;
	}
	request->name = (char *)(uintptr_t)name;
	if (etag) {
		request->etag = (char *)(uintptr_t)etag;
	}
	request->request_id = (char *)(uintptr_t)cli_request_id(cli);
	request->validate_only = args_given(&cli->args, "dry-run");
	if (!cli_call(cli, method, &request->base, &cli->arena, &message, &revision, st)) {
		return false;
	}
	if (cli->output_asked) {
		return output_message(cli, method->output, message, st);
	}
	const char *accounts = request->n_verdicts == 1 ? "account" : "accounts";
	if (request->validate_only) {
		printf("Would have decided about %zu %s in %s.\n", request->n_verdicts, accounts, text_clean(name, &cli->arena));
	} else {
		printf("Decided about %zu %s in %s (revision %llu). kam decisions list --parent %s shows what is on record.\n", request->n_verdicts, accounts,
		       text_clean(name, &cli->arena), (unsigned long long)revision, text_clean(name, &cli->arena));
	}
	return output_check(st);
}
