/* SPDX-License-Identifier: Apache-2.0
 *
 * kam assess: one person's scores of an account. At a terminal it asks criterion by criterion and writes nothing before a last question; elsewhere
 * --set and --file say the same.
 */
#include "client/cli/assess.h"

#include "client/cli/draw.h"
#include "client/cli/noun.h"
#include "common/base/limits.h"
#include "common/schema/json.h"
#include "common/schema/value.h"
#include "kam/v1/session.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what there is ------------------------------------------------------------------------------------------------------------------------------- */

static const char *me(struct cli *cli, struct status *st)
{
	Kam__V1__WhoAmIRequest request = KAM__V1__WHO_AM_IREQUEST__INIT;
	ProtobufCMessage *message;
	if (!cli_call(cli, cli_own_method(cli, "/kam.v1.SessionService/WhoAmI"), &request.base, &cli->arena, &message, NULL, st)) {
		return NULL;
	}
	const Kam__V1__WhoAmIResponse *reply = (const Kam__V1__WhoAmIResponse *)message;
	return reply->user ? reply->user->name : "";
}

/* The one that --criteria-set names, or the active one of the latest year. */
static const Kam__V1__CriteriaSet *read_set(struct cli *cli, struct status *st)
{
	const char *text = args_text(&cli->args, "criteria-set");
	ProtobufCMessage *message;
	if (text) {
		Kam__V1__GetRequest get = KAM__V1__GET_REQUEST__INIT;
		get.name = (char *)(uintptr_t)name_resolve(cli, schema_resource_find(cli->schema, "criteriaSets"), text, st);
		bool read = get.name && cli_call(cli, cli_own_method(cli, "/kam.v1.CriteriaSetService/GetCriteriaSet"), &get.base, &cli->arena, &message, NULL, st);
		return read ? (const Kam__V1__CriteriaSet *)message : NULL;
	}
	Kam__V1__ListRequest list = KAM__V1__LIST_REQUEST__INIT;
	list.filter = (char *)(uintptr_t) "state = ACTIVE";
	list.order_by = (char *)(uintptr_t) "year desc, name";
	list.page_size = 1;
	if (!cli_call(cli, cli_own_method(cli, "/kam.v1.CriteriaSetService/ListCriteriaSets"), &list.base, &cli->arena, &message, NULL, st)) {
		return NULL;
	}
	const Kam__V1__ListCriteriaSetsResponse *reply = (const Kam__V1__ListCriteriaSetsResponse *)message;
	if (reply->n_criteria_sets == 0) {
		status_fail(st, STATUS_NOT_FOUND, "",
		            "no criteria set is active: kam criteria-sets adopt makes one, and --set state=ACTIVE takes it into use; or name one with --criteria-set");
		return NULL;
	}
	return reply->criteria_sets[0];
}

static const Kam__V1__GapCriterion *means_of(const struct assessing *assessing, const char *criterion)
{
	for (size_t i = 0; assessing->means && i < assessing->means->n_criteria; i++) {
		if (strcmp(assessing->means->criteria[i]->criterion, criterion) == 0) {
			return assessing->means->criteria[i];
		}
	}
	return NULL;
}

/* What others scored; who may not see it assesses without. */
static bool read_means(struct assessing *assessing, struct status *st)
{
	struct cli *cli = assessing->cli;
	Kam__V1__GetGapRequest request = KAM__V1__GET_GAP_REQUEST__INIT;
	struct status denied;
	status_init(&denied);
	request.name = (char *)(uintptr_t)assessing->account;
	request.criteria_set = assessing->set->name;
	ProtobufCMessage *message;
	if (cli_call(cli, cli_own_method(cli, "/kam.v1.ChoiceService/GetGap"), &request.base, &cli->arena, &message, NULL, &denied)) {
		assessing->means = (const Kam__V1__Gap *)message;
		return true;
	}
	if (denied.code != STATUS_PERMISSION_DENIED) {
		*st = denied;
	}
	return status_ok(st);
}

/* What this person scored before, by the same set in the same eyes: it is changed, and its history keeps what it was. */
static bool read_own(struct assessing *assessing, struct status *st)
{
	struct cli *cli = assessing->cli;
	Kam__V1__ListRequest list = KAM__V1__LIST_REQUEST__INIT;
	list.parent = (char *)(uintptr_t)assessing->account;
	list.filter = arena_printf(&cli->arena, "criteria_set = \"%s\" AND assessor = \"%s\"", assessing->set->name, assessing->assessor);
	list.order_by = (char *)(uintptr_t) "assessed_on desc, update_time desc";
	list.page_size = LIMIT_PAGE_SIZE_MAX;
	ProtobufCMessage *message;
	if (!cli_call(cli, cli_own_method(cli, "/kam.v1.AssessmentService/ListAssessments"), &list.base, &cli->arena, &message, NULL, st)) {
		return false;
	}
	const Kam__V1__ListAssessmentsResponse *reply = (const Kam__V1__ListAssessmentsResponse *)message;
	bool client = assessing->perspective == KAM__V1__PERSPECTIVE__PERSPECTIVE_CLIENT;
	for (size_t i = 0; i < reply->n_assessments && !assessing->own; i++) {
		if ((reply->assessments[i]->perspective == KAM__V1__PERSPECTIVE__PERSPECTIVE_CLIENT) == client) {
			assessing->own = reply->assessments[i];
		}
	}
	return true;
}

static void begin(struct assessing *assessing)
{
	const struct schema_field *scores = schema_field_find(schema_type_of(assessing->cli->schema, &kam__v1__assessment__descriptor), "scores");
	for (size_t i = 0; i < assessing->set->n_criteria; i++) {
		struct answer *answer = &assessing->answers[i];
		*answer = (struct answer){.criterion = assessing->set->criteria[i], .means = means_of(assessing, assessing->set->criteria[i]->id)};
		for (size_t j = 0; assessing->own && j < value_count(&assessing->own->base, scores); j++) {
			const Kam__V1__Assessment__ScoresEntry *entry = assessing->own->scores[j];
			if (strcmp(entry->key, answer->criterion->id) == 0) {
				answer->scored = answer->was_scored = true;
				answer->score = answer->was = entry->value;
			}
		}
	}
}

/* ---- from flags -------------------------------------------------------------------------------------------------------------------------------- */

bool assess_read_score(const char *text, double *ret_score)
{
	char *end = NULL;
	*ret_score = strtod(text, &end);
	return end != text && *end == '\0' && *ret_score >= 1 && *ret_score <= 10;
}

static struct answer *answer_of(struct assessing *assessing, const char *text, size_t size, const char *option, struct status *st)
{
	struct arena *arena = &assessing->cli->arena;
	const char **ids = arena_calloc(arena, assessing->set->n_criteria + 1, sizeof *ids);
	const char *word = arena_strndup(arena, text, size);
	for (size_t i = 0; ids && word && i < assessing->set->n_criteria; i++) {
		ids[i] = assessing->set->criteria[i]->id;
		if (strcmp(ids[i], word) == 0) {
			return &assessing->answers[i];
		}
	}
	usage_fail(st, "--%s %s: %s has no criterion \"%s\"%s; kam criteria-sets get %s lists them", option, text, assessing->set->name, word ? word : "",
	           ids && word ? suggestion(word, ids, assessing->set->n_criteria, arena) : "", output_last_segment(assessing->set->name));
	return NULL;
}

/* The assessment as JSON: its scores and notes, and what it says of the whole. */
static bool take_file(struct assessing *assessing, struct status *st)
{
	struct cli *cli = assessing->cli;
	const char *path = args_text(&cli->args, "file");
	struct bytes text;
	struct status wrong;
	status_init(&wrong);
	if (!path) {
		return true;
	}
	if (!cli_read_file(cli, path, &text, st)) {
		return false;
	}
	ProtobufCMessage *message = json_read(cli->schema, schema_type_of(cli->schema, &kam__v1__assessment__descriptor), text, &cli->arena, &wrong);
	if (!message) {
		return usage_fail(st, "%s: %s", strcmp(path, "-") == 0 ? "stdin" : path, wrong.message);
	}
	assessing->file = (const Kam__V1__Assessment *)message;
	for (size_t i = 0; i < assessing->file->n_scores; i++) {
		struct answer *answer = answer_of(assessing, assessing->file->scores[i]->key, strlen(assessing->file->scores[i]->key), "file", st);
		if (!answer) {
			return false;
		}
		answer->scored = true;
		answer->score = assessing->file->scores[i]->value;
	}
	for (size_t i = 0; i < assessing->file->n_notes; i++) {
		struct answer *answer = answer_of(assessing, assessing->file->notes[i]->key, strlen(assessing->file->notes[i]->key), "file", st);
		if (!answer) {
			return false;
		}
		answer->note = assessing->file->notes[i]->value;
	}
	return true;
}

static bool take_flags(struct assessing *assessing, struct status *st)
{
	const char *text;
	if (!take_file(assessing, st)) {
		return false;
	}
	for (size_t i = 0; (text = args_next(&assessing->cli->args, "set", &i)) != NULL;) {
		size_t size = strcspn(text, "=");
		if (text[size] != '=') {
			return usage_fail(st, "--set %s: write CRITERION=SCORE, such as product-fit=7; an empty score leaves it unscored", text);
		}
		struct answer *answer = answer_of(assessing, text, size, "set", st);
		if (!answer) {
			return false;
		}
		answer->scored = text[size + 1] != '\0';
		if (answer->scored && !assess_read_score(text + size + 1, &answer->score)) {
			return usage_fail(st, "--set %s: a score is a number from 1 to 10; leave it empty for none", text);
		}
	}
	for (size_t i = 0; (text = args_next(&assessing->cli->args, "note", &i)) != NULL;) {
		size_t size = strcspn(text, "=");
		struct answer *answer = text[size] == '=' ? answer_of(assessing, text, size, "note", st) : NULL;
		if (!answer) {
			return status_ok(st) ? usage_fail(st, "--note %s: write CRITERION=TEXT", text) : false;
		}
		answer->note = text + size + 1;
	}
	return true;
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------------------------- */

static bool changes(const struct answer *answer)
{
	return answer->scored != answer->was_scored || (answer->scored && answer->score != answer->was) || answer->note;
}

size_t assess_changes(const struct assessing *assessing)
{
	size_t count = 0;
	for (size_t i = 0; i < assessing->set->n_criteria; i++) {
		count += changes(&assessing->answers[i]);
	}
	return count;
}

static void add_path(Google__Protobuf__FieldMask *mask, const char *path)
{
	if (path) {
		mask->paths[mask->n_paths++] = (char *)(uintptr_t)path;
	}
}

/* The scores and notes that changed, and what the flags say of the whole. */
static void fill(struct assessing *assessing, Kam__V1__Assessment *assessment, Google__Protobuf__FieldMask *mask)
{
	struct cli *cli = assessing->cli;
	const struct schema_type *type = schema_type_of(cli->schema, &kam__v1__assessment__descriptor);
	const struct schema_field *scores = schema_field_find(type, "scores"), *notes = schema_field_find(type, "notes");
	struct status ignored;
	status_init(&ignored);
	for (size_t i = 0; i < assessing->set->n_criteria; i++) {
		const struct answer *answer = &assessing->answers[i];
		const char *id = answer->criterion->id;
		if (answer->scored != answer->was_scored || (answer->scored && answer->score != answer->was)) {
			add_path(mask, arena_printf(&cli->arena, "scores.%s", id));
			const char *entry = arena_printf(&cli->arena, "%s=%.17g", id, answer->score);
			if (answer->scored && entry) {
				value_set_text(&assessment->base, scores, entry, &cli->arena, &ignored);
			}
		}
		if (answer->note) {
			add_path(mask, arena_printf(&cli->arena, "notes.%s", id));
			const char *entry = arena_printf(&cli->arena, "%s=%s", id, answer->note);
			if (answer->note[0] && entry) {
				value_set_text(&assessment->base, notes, entry, &cli->arena, &ignored);
			}
		}
	}
	static const char *const texts[] = {"assessed-on", "respondent", "summary"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *text = args_text(&cli->args, texts[i]), *name = text_snake(texts[i], &cli->arena);
		const struct schema_field *field = schema_field_find(type, name);
		text = text ? text : assessing->file && value_count(&assessing->file->base, field) > 0 ? value_get(&assessing->file->base, field, 0).string : NULL;
		if (text) {
			add_path(mask, name);
			value_set(&assessment->base, field, (struct value){.kind = VALUE_STRING, .string = text}, &cli->arena);
		}
	}
}

static bool write_new(struct assessing *assessing, Kam__V1__Assessment *assessment, ProtobufCMessage **ret_reply, uint64_t *ret_revision, struct status *st)
{
	struct cli *cli = assessing->cli;
	Kam__V1__CreateAssessmentRequest request = KAM__V1__CREATE_ASSESSMENT_REQUEST__INIT;
	assessment->criteria_set = assessing->set->name;
	assessment->perspective = assessing->perspective;
	assessment->assessor = (char *)(uintptr_t)assessing->assessor;
	request.parent = (char *)(uintptr_t)assessing->account;
	request.assessment = assessment;
	request.request_id = (char *)(uintptr_t)cli_request_id(cli);
	request.validate_only = args_given(&cli->args, "dry-run");
	return cli_call(cli, cli_own_method(cli, "/kam.v1.AssessmentService/CreateAssessment"), &request.base, &cli->arena, ret_reply, ret_revision, st);
}

static bool write_again(struct assessing *assessing, Kam__V1__Assessment *assessment, Google__Protobuf__FieldMask *mask, ProtobufCMessage **ret_reply,
                        uint64_t *ret_revision, struct status *st)
{
	struct cli *cli = assessing->cli;
	Kam__V1__UpdateAssessmentRequest request = KAM__V1__UPDATE_ASSESSMENT_REQUEST__INIT;
	assessment->name = assessing->own->name;
	assessment->etag = assessing->own->etag;
	request.assessment = assessment;
	request.update_mask = mask;
	request.request_id = (char *)(uintptr_t)cli_request_id(cli);
	request.validate_only = args_given(&cli->args, "dry-run");
	return cli_call(cli, cli_own_method(cli, "/kam.v1.AssessmentService/UpdateAssessment"), &request.base, &cli->arena, ret_reply, ret_revision, st);
}

static bool write_assessment(struct assessing *assessing, struct status *st)
{
	struct cli *cli = assessing->cli;
	Kam__V1__Assessment assessment = KAM__V1__ASSESSMENT__INIT;
	Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
	ProtobufCMessage *reply;
	uint64_t revision = 0;
	mask.paths = arena_calloc(&cli->arena, 2 * assessing->set->n_criteria + 8, sizeof *mask.paths);
	if (!mask.paths) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	fill(assessing, &assessment, &mask);
	if (mask.n_paths == 0) {
		return usage_fail(st, "nothing to write: %s", assessing->own ? "every score is as it was" : "no criterion was scored");
	}
	bool done = assessing->own ? write_again(assessing, &assessment, &mask, &reply, &revision, st) : write_new(assessing, &assessment, &reply, &revision, st);
	if (!done || cli->output_asked) {
		return done && output_message(cli, schema_type_of(cli->schema, &kam__v1__assessment__descriptor), reply, st);
	}
	const char *name = text_clean(((const Kam__V1__Assessment *)reply)->name, &cli->arena);
	if (args_given(&cli->args, "dry-run")) {
		printf("Would have %s %s.\n", assessing->own ? "updated" : "created", name);
	} else {
		printf("%s %s (revision %llu).\n", assessing->own ? "Updated" : "Created", name, (unsigned long long)revision);
	}
	return output_check(st);
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------------------- */

static bool read_perspective(struct assessing *assessing, struct status *st)
{
	const char *text = args_text(&assessing->cli->args, "perspective");
	Kam__V1__Assessment parsed = KAM__V1__ASSESSMENT__INIT;
	const struct schema_field *field = schema_field_find(schema_type_of(assessing->cli->schema, &kam__v1__assessment__descriptor), "perspective");
	struct status wrong;
	status_init(&wrong);
	if (text && !value_set_text(&parsed.base, field, text, &assessing->cli->arena, &wrong)) {
		return usage_fail(st, "--perspective: %s", fault_words(&wrong));
	}
	assessing->perspective = parsed.perspective == KAM__V1__PERSPECTIVE__PERSPECTIVE_CLIENT ? parsed.perspective : KAM__V1__PERSPECTIVE__PERSPECTIVE_SELF;
	return true;
}

static bool read_people(struct assessing *assessing, struct status *st)
{
	struct cli *cli = assessing->cli;
	const char *assessor = args_text(&cli->args, "assessor");
	assessing->account = name_resolve(cli, schema_resource_find(cli->schema, "accounts"), args_place(&cli->args, 0), st);
	if (!assessing->account) {
		return false;
	}
	assessing->assessor = assessor ? name_resolve(cli, schema_resource_find(cli->schema, "users"), assessor, st) : me(cli, st);
	return assessing->assessor != NULL;
}

bool assess_run(struct cli *cli, struct status *st)
{
	struct assessing assessing = {.cli = cli};
	bool flags = args_given(&cli->args, "set") || args_given(&cli->args, "note") || args_given(&cli->args, "file");
	if (!flags && !cli_can_ask(cli)) {
		return usage_fail(st, "there is no terminal to ask on: give the scores with --set CRITERION=SCORE or --file FILE, or those of many accounts with kam "
		                      "import assessments FILE.csv");
	}
	if (!read_perspective(&assessing, st) || !read_people(&assessing, st) || !(assessing.set = read_set(cli, st)) || !read_own(&assessing, st)) {
		return false;
	}
	if (assessing.set->n_criteria == 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "", "%s has no criteria that you may see", assessing.set->name);
	}
	assessing.answers = arena_calloc(&cli->arena, assessing.set->n_criteria, sizeof *assessing.answers);
	if (!assessing.answers) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	if (flags) {
		begin(&assessing);
		return take_flags(&assessing, st) && write_assessment(&assessing, st);
	}
	if (!read_means(&assessing, st)) {
		return false;
	}
	begin(&assessing);
	return assess_ask(&assessing, st) && write_assessment(&assessing, st);
}
