/* SPDX-License-Identifier: Apache-2.0
 *
 * Four tiers, the least first: what we are to the client, what it gets, how high our contacts reach, how often we sit together, and how many hours a month that takes.
 * Companies change them; they are a place to start from.
 */
#include "server/domain/programme.h"

enum { CADENCES_MAX = 4, ROLES_MAX = 4 };

#define MODEL(name) KAM__V1__RELATIONSHIP_MODEL__RELATIONSHIP_MODEL_##name
#define ROLE(name) KAM__V1__BUYING_ROLE__BUYING_ROLE_##name
#define REVIEW(name) KAM__V1__REVIEW_KIND__REVIEW_KIND_##name

struct cadence {
	Kam__V1__ReviewKind kind; /* 0 ends the list */
	int32_t days;
};

struct tier {
	const char *id, *display_name, *description, *service_level;
	Kam__V1__RelationshipModel model;
	double hours;
	int32_t contact_days;
	Kam__V1__BuyingRole roles[ROLES_MAX]; /* 0 ends the list */
	struct cadence cadences[CADENCES_MAX];
};

static const struct tier tiers[] = {
	{
		.id = "account-manager",
		.display_name = "Account manager",
		.description = "Vendor: sells products. Contact at the lower levels.",
		.service_level = "Products.",
		.model = MODEL(BOW_TIE),
		.hours = 8,
		.contact_days = 90,
		.roles = {ROLE(ECONOMIC_BUYER)},
		.cadences = {{REVIEW(PLAN), 365}},
	},
	{
		.id = "account-manager-plus",
		.display_name = "Account manager plus",
		.description = "Preferred provider: products and some services around them. Contact at the low and middle levels.",
		.service_level = "Products and some added services.",
		.model = MODEL(ONE_TO_MANY),
		.hours = 20,
		.contact_days = 60,
		.roles = {ROLE(ECONOMIC_BUYER), ROLE(CHAMPION)},
		.cadences = {{REVIEW(TEAM_MONTHLY), 90}, {REVIEW(CLIENT_QUARTERLY), 182}, {REVIEW(PLAN), 365}},
	},
	{
		.id = "key-account-manager",
		.display_name = "Key account manager",
		.description = "Business consultant: helps the client to reach its goals. Contact at most levels.",
		.service_level = "Products, added services, and consulting for the client's goals.",
		.model = MODEL(DIAMOND),
		.hours = 60,
		.contact_days = 30,
		.roles = {ROLE(ECONOMIC_BUYER), ROLE(DECISION_MAKER), ROLE(CHAMPION)},
		.cadences = {{REVIEW(TEAM_MONTHLY), 30}, {REVIEW(EXECUTIVE_QUARTERLY), 91}, {REVIEW(CLIENT_QUARTERLY), 91}, {REVIEW(PLAN), 365}},
	},
	{
		.id = "strategic-account-manager",
		.display_name = "Strategic account manager",
		.description = "Partner: both sides work for goals that they share. Contact at all levels.",
		.service_level = "Products, added services, and consulting for mutual goals.",
		.model = MODEL(DIAMOND),
		.hours = 120,
		.contact_days = 30,
		.roles = {ROLE(ECONOMIC_BUYER), ROLE(DECISION_MAKER), ROLE(CHAMPION), ROLE(COACH)},
		.cadences = {{REVIEW(TEAM_MONTHLY), 30}, {REVIEW(EXECUTIVE_QUARTERLY), 91}, {REVIEW(CLIENT_QUARTERLY), 91}, {REVIEW(PLAN), 182}},
	},
};

static const struct {
	const char *id, *text;
} questions[] = {
	{"need", "Does the client itself say what problem this solves, and what it costs them today?"},
	{"budget", "Is there money for it, and do we know whose?"},
	{"decision", "Do we know who decides, by which steps and by when?"},
	{"champion", "Does somebody at the client want it enough to work for it?"},
	{"fit", "Do we meet what is asked better than whoever else is after it?"},
	{"value", "Is what the client gains put into numbers that the client accepts?"},
};

enum { TIERS = sizeof tiers / sizeof tiers[0], QUESTIONS = sizeof questions / sizeof questions[0] };

/* Text of ours in a message: never changed, never freed. */
static char *text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

static bool add_cadences(Kam__V1__Tier *to, const struct tier *from, struct arena *arena)
{
	to->review_cadences = arena_calloc(arena, CADENCES_MAX, sizeof *to->review_cadences);
	for (size_t i = 0; to->review_cadences && i < CADENCES_MAX && from->cadences[i].days > 0; i++) {
		Kam__V1__ReviewCadence *cadence = arena_alloc(arena, sizeof *cadence);
		if (!cadence) {
			return false;
		}
		kam__v1__review_cadence__init(cadence);
		cadence->kind = from->cadences[i].kind;
		cadence->days = from->cadences[i].days;
		to->review_cadences[to->n_review_cadences++] = cadence;
	}
	return to->review_cadences != NULL;
}

static Kam__V1__Tier *make_tier(const struct tier *from, struct arena *arena)
{
	Kam__V1__Tier *to = arena_alloc(arena, sizeof *to);
	if (!to) {
		return NULL;
	}
	kam__v1__tier__init(to);
	to->id = text(from->id);
	to->display_name = text(from->display_name);
	to->description = text(from->description);
	to->service_level = text(from->service_level);
	to->relationship_model = from->model;
	to->planned_hours_per_month = from->hours;
	to->contact_days = from->contact_days;
	to->required_roles = arena_memdup(arena, from->roles, sizeof from->roles);
	while (to->n_required_roles < ROLES_MAX && from->roles[to->n_required_roles]) {
		to->n_required_roles++;
	}
	return to->required_roles && add_cadences(to, from, arena) ? to : NULL;
}

static bool add_tiers(Kam__V1__Programme *programme, struct arena *arena)
{
	programme->tiers = arena_calloc(arena, TIERS, sizeof *programme->tiers);
	for (size_t i = 0; programme->tiers && i < TIERS; i++) {
		programme->tiers[i] = make_tier(&tiers[i], arena);
		if (!programme->tiers[i]) {
			return false;
		}
		programme->n_tiers++;
	}
	return programme->tiers != NULL;
}

static bool add_questions(Kam__V1__Programme *programme, struct arena *arena)
{
	programme->qualification_questions = arena_calloc(arena, QUESTIONS, sizeof *programme->qualification_questions);
	for (size_t i = 0; programme->qualification_questions && i < QUESTIONS; i++) {
		Kam__V1__QualificationQuestion *question = arena_alloc(arena, sizeof *question);
		if (!question) {
			return false;
		}
		kam__v1__qualification_question__init(question);
		question->id = text(questions[i].id);
		question->text = text(questions[i].text);
		programme->qualification_questions[programme->n_qualification_questions++] = question;
	}
	return programme->qualification_questions != NULL;
}

static bool add_settings(Kam__V1__Programme *programme, struct arena *arena)
{
	Kam__V1__Thresholds *thresholds = arena_alloc(arena, sizeof *thresholds);
	Kam__V1__StrengthWeights *weights = arena_alloc(arena, sizeof *weights);
	if (!thresholds || !weights) {
		return false;
	}
	kam__v1__thresholds__init(thresholds);
	thresholds->perception_gap = 2;
	thresholds->complacency_gap = 2;
	thresholds->silence_days = 30;
	thresholds->minimum_coverage = 0.7;
	thresholds->minimum_alignment = 0.5;
	thresholds->stakeholder_cut = 3;
	thresholds->minimum_rollout_days = 365;
	thresholds->stale_plan_days = 365;
	kam__v1__strength_weights__init(weights);
	weights->recency = 30;
	weights->frequency = 25;
	weights->two_way = 15;
	weights->depth = 15;
	weights->seniority = 15;
	programme->thresholds = thresholds;
	programme->strength_weights = weights;
	return true;
}

Kam__V1__Programme *programme_default(struct arena *arena)
{
	Kam__V1__Programme *programme = arena_alloc(arena, sizeof *programme);
	if (!programme) {
		return NULL;
	}
	kam__v1__programme__init(programme);
	programme->name = text("programme");
	programme->title = text("Key account management");
	programme->reporting_currency = text("EUR");
	return add_tiers(programme, arena) && add_questions(programme, arena) && add_settings(programme, arena) ? programme : NULL;
}
