/* SPDX-License-Identifier: Apache-2.0
 *
 * The stakeholder map of an account: what was read (stakeholder_map_read.c) put through the pure functions that know the rules, and said in words.
 */
#include "server/domain/stakeholder_map.h"

#include "common/schema/enums.h"
#include "common/schema/wire.h"
#include "kam/v1/stakeholder.pb-c.h"
#include "server/domain/explanation.h"
#include "server/domain/relationship_model.h"
#include "server/domain/stakeholder.h"
#include "server/domain/stakeholder_gaps.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

enum { FORMULA_VERSION = 1 };

struct drawing {
	struct call *call;
	struct arena *arena;
	struct map map;
	const Kam__V1__Tier *tier; /* or NULL */
	struct gap_person *gap_people;
	struct contact_shape shape;
	Kam__V1__StakeholderMap *answer;
	struct explanations strengths, others;
};

static char *own(struct drawing *drawing, const char *text)
{
	char *copy = arena_strdup(drawing->arena, text);
	return copy ? copy : (char *)(uintptr_t)"";
}

static Google__Protobuf__Timestamp *time_message(struct drawing *drawing, int64_t us)
{
	return us > 0 ? call_time(us, drawing->arena) : NULL;
}

/* "economic buyer" */
static const char *role_words(struct drawing *drawing, int role)
{
	const struct schema_type *type = schema_type_of(drawing->call->engine->schema, &kam__v1__stakeholder__descriptor);
	const struct schema_enum *roles = schema_field_find(type, "buying_roles")->enumeration;
	const struct schema_enum_value *value = enum_by_number(roles, role);
	char *words = own(drawing, value ? enum_word(roles, value) : "role");
	for (char *c = words; *c; c++) {
		*c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
	}
	return words;
}

/* ---- people -------------------------------------------------------------------------------------------------------------------- */

static void explain_strength(struct drawing *drawing, const struct map_person *person, const struct strength *strength)
{
	const double *weights = drawing->map.basis.strength_weights;
	const char *name = person->node->stakeholder;
	explain_figure(&drawing->strengths, "strength", strength_formula(), STRENGTH_FORMULA_VERSION, strength->score, name);
	for (int i = 0; i < STRENGTH_PARTS; i++) {
		const char *resource = i == STRENGTH_RECENCY ? person->last_interaction : i == STRENGTH_SENIORITY ? name : NULL;
		explain_input(&drawing->strengths, strength_part_name((enum strength_part)i), resource, strength->parts[i], figure_of(weights[i]));
	}
}

static Kam__V1__RelationshipStrength *strength_message(struct drawing *drawing, const struct strength *strength)
{
	Kam__V1__RelationshipStrength *message = arena_alloc(drawing->arena, sizeof *message);
	if (message) {
		kam__v1__relationship_strength__init(message);
		message->score = figure_message(strength->score, drawing->arena);
		message->recency = figure_message(strength->parts[STRENGTH_RECENCY], drawing->arena);
		message->frequency = figure_message(strength->parts[STRENGTH_FREQUENCY], drawing->arena);
		message->two_way = figure_message(strength->parts[STRENGTH_TWO_WAY], drawing->arena);
		message->depth = figure_message(strength->parts[STRENGTH_DEPTH], drawing->arena);
		message->seniority = figure_message(strength->parts[STRENGTH_SENIORITY], drawing->arena);
	}
	return message;
}

static struct figure silent_days(const struct drawing *drawing, const struct map_person *person)
{
	if (drawing->map.contacts_hidden) {
		return figure_none(drawing->map.contacts_hidden);
	}
	return person->activity.contacts ? figure_of(floor(person->activity.days_since_last)) : figure_none("no contact with them is recorded");
}

static void draw_person(struct drawing *drawing, const struct map_person *person)
{
	Kam__V1__StakeholderNode *node = person->node;
	struct strength strength = relationship_strength(&person->activity, drawing->map.basis.strength_weights);
	struct figure silent = silent_days(drawing, person);
	node->quadrant = (Kam__V1__StakeholderQuadrant)figures_power_interest(node->power, node->interest, drawing->map.basis.stakeholder_cut);
	node->last_contact_time = time_message(drawing, person->last_us);
	node->silent_days = figure_message(silent, drawing->arena);
	node->strength = strength_message(drawing, &strength);
	explain_strength(drawing, person, &strength);
	explain_figure(&drawing->strengths, "silent_days", "whole days from the last contact to the moment that is asked about", FORMULA_VERSION, silent, node->stakeholder);
	if (person->last_interaction) {
		explain_input(&drawing->strengths, "last contact", person->last_interaction, silent, no_weight());
	}
}

static bool draw_people(struct drawing *drawing)
{
	const struct map *map = &drawing->map;
	drawing->answer->nodes = arena_calloc(drawing->arena, map->people_count + 1, sizeof *drawing->answer->nodes);
	for (size_t i = 0; drawing->answer->nodes && i < map->people_count; i++) {
		const struct map_person *person = &map->people[map->order[i]];
		draw_person(drawing, person);
		drawing->answer->nodes[drawing->answer->n_nodes++] = person->node;
	}
	for (size_t i = 0; i < map->edges_count; i++) {
		Kam__V1__StakeholderNode *node = map->people[map->edges[i].person].node;
		if (map->edges[i].assigned) {
			node->counterpart_display_name = own(drawing, map->users[map->edges[i].user].display_name);
		}
	}
	return drawing->answer->nodes != NULL;
}

/* ---- contacts and their shape ---------------------------------------------------------------------------------------------------- */

static bool draw_contacts(struct drawing *drawing)
{
	const struct map *map = &drawing->map;
	Kam__V1__StakeholderMap *answer = drawing->answer;
	answer->counterparts = arena_calloc(drawing->arena, map->edges_count + 1, sizeof *answer->counterparts);
	for (size_t i = 0; answer->counterparts && i < map->edges_count; i++) {
		const struct map_edge *edge = &map->edges[i];
		Kam__V1__CounterpartEdge *message = arena_alloc(drawing->arena, sizeof *message);
		if (!message) {
			return false;
		}
		kam__v1__counterpart_edge__init(message);
		message->user = own(drawing, map->users[edge->user].name);
		message->user_display_name = own(drawing, map->users[edge->user].display_name);
		message->stakeholder = map->people[edge->person].node->stakeholder;
		message->interaction_count = edge->interactions;
		message->last_contact_time = time_message(drawing, edge->last_us);
		message->assigned = edge->assigned;
		answer->counterparts[answer->n_counterparts++] = message;
	}
	return answer->counterparts != NULL;
}

static bool is_active(const struct map_person *person)
{
	return !person->node->left && !person->node->placeholder;
}

static void explain_shape(struct drawing *drawing, const struct contact_edge *edges, size_t count)
{
	const struct map *map = &drawing->map;
	const struct contact_shape *shape = &drawing->shape;
	const char *hidden = map->contacts_hidden, *account = map->account->name;
	struct figure model = hidden ? figure_none(hidden) : shape->model ? figure_of(shape->model) : figure_none("there is no contact to derive it from");
	explain_figure(&drawing->others, "derived_model",
	               "1 bow-tie: one of them; 2 one-to-many: several of them, but one of us or no two levels; 3 diamond: several of us with several of them at two or "
	               "more levels; over counterparts, and whoever met in the last 365 days",
	               RELATIONSHIP_FORMULA_VERSION, model, account);
	explain_input(&drawing->others, "our people", NULL, hidden ? figure_none(hidden) : figure_of((double)shape->users), no_weight());
	explain_input(&drawing->others, "their people", NULL, hidden ? figure_none(hidden) : figure_of((double)shape->people), no_weight());
	explain_input(&drawing->others, "their levels", NULL, hidden ? figure_none(hidden) : figure_of((double)shape->levels), no_weight());
	for (size_t i = 0; i < count; i++) {
		explain_input(&drawing->others, map->users[edges[i].user].name, map->people[edges[i].person].node->stakeholder, figure_of(1), no_weight());
	}
	explain_figure(&drawing->others, "level_count", "levels of the client at which one of us has an active contact", RELATIONSHIP_FORMULA_VERSION,
	               hidden ? figure_none(hidden) : figure_of((double)shape->levels), account);
	for (size_t i = 0; i < count; i++) {
		explain_input(&drawing->others, "level of a contact", map->people[edges[i].person].node->stakeholder,
		              edges[i].level ? figure_of(edges[i].level) : figure_none("their level is not said"), no_weight());
	}
}

static bool derive_model(struct drawing *drawing)
{
	const struct map *map = &drawing->map;
	struct contact_edge *edges = arena_calloc(drawing->arena, map->edges_count + 1, sizeof *edges);
	size_t count = 0;
	for (size_t i = 0; edges && !map->contacts_hidden && i < map->edges_count; i++) {
		const struct map_edge *edge = &map->edges[i];
		if (edge->counts && is_active(&map->people[edge->person])) {
			edges[count++] = (struct contact_edge){edge->user, edge->person, (int)map->people[edge->person].node->level};
		}
	}
	if (!edges) {
		return false;
	}
	drawing->shape = relationship_shape(edges, count);
	drawing->answer->derived_model = (Kam__V1__RelationshipModel)drawing->shape.model;
	drawing->answer->level_count = (int32_t)drawing->shape.levels;
	drawing->answer->expected_model = drawing->tier ? drawing->tier->relationship_model : KAM__V1__RELATIONSHIP_MODEL__RELATIONSHIP_MODEL_UNSPECIFIED;
	drawing->answer->model_alarm =
		drawing->answer->expected_model && !map->contacts_hidden && drawing->answer->derived_model != drawing->answer->expected_model;
	explain_shape(drawing, edges, count);
	return true;
}

/* ---- roles ------------------------------------------------------------------------------------------------------------------------ */

static bool describe_people(struct drawing *drawing)
{
	const struct map *map = &drawing->map;
	drawing->gap_people = arena_calloc(drawing->arena, map->people_count + 1, sizeof *drawing->gap_people);
	for (size_t i = 0; drawing->gap_people && i < map->people_count; i++) {
		const struct map_person *person = &map->people[i];
		size_t boss = map->tree[i].boss;
		struct gap_person *gap = &drawing->gap_people[i];
		gap->roles = person->roles;
		gap->placeholder = person->node->placeholder;
		gap->left = person->node->left;
		gap->has_counterpart = *person->node->counterpart;
		gap->in_contact = person->in_contact && !map->contacts_hidden;
		gap->cycle_cut = map->tree[i].cut;
		gap->contact_known = !map->contacts_hidden;
		gap->contacted = person->activity.contacts > 0;
		gap->days_silent = person->activity.days_since_last;
		if (boss != ORG_NOBODY && !person->node->left) {
			drawing->gap_people[boss].has_reports = true;
		}
	}
	return drawing->gap_people != NULL;
}

static Kam__V1__RequiredRole *required_role(struct drawing *drawing, int role)
{
	const struct map *map = &drawing->map;
	Kam__V1__RequiredRole *message = arena_alloc(drawing->arena, sizeof *message);
	char **names = arena_calloc(drawing->arena, map->people_count + 1, sizeof *names);
	if (!message || !names) {
		return NULL;
	}
	kam__v1__required_role__init(message);
	message->role = (Kam__V1__BuyingRole)role;
	message->stakeholders = names;
	for (size_t i = 0; i < map->people_count; i++) {
		if (is_active(&map->people[i]) && map->people[i].roles & 1u << role) {
			names[message->n_stakeholders++] = map->people[i].node->stakeholder;
		}
	}
	message->filled = gaps_role_filled(drawing->gap_people, map->people_count, role);
	return message;
}

/* The roles that the tier asks for, as bits; 0 where it names none. */
static unsigned tier_roles(const Kam__V1__Tier *tier)
{
	unsigned roles = 0;
	for (size_t i = 0; tier && i < tier->n_required_roles; i++) {
		roles |= 1u << (tier->required_roles[i] & 31);
	}
	return roles;
}

static bool draw_roles(struct drawing *drawing)
{
	Kam__V1__StakeholderMap *answer = drawing->answer;
	unsigned required = gaps_required(tier_roles(drawing->tier));
	double filled = 0;
	answer->required_roles = arena_calloc(drawing->arena, GAPS_ROLES, sizeof *answer->required_roles);
	for (int role = 1; answer->required_roles && role <= GAPS_ROLES; role++) {
		Kam__V1__RequiredRole *message = required & 1u << role ? required_role(drawing, role) : NULL;
		if (message) {
			answer->required_roles[answer->n_required_roles++] = message;
			filled += message->filled;
		}
	}
	struct figure coverage = figures_ratio(figure_of(filled), figure_of((double)answer->n_required_roles), "no role is required");
	answer->coverage = figure_message(coverage, drawing->arena);
	explain_figure(&drawing->others, "coverage", "required roles that somebody active fills / required roles", FORMULA_VERSION, coverage, drawing->map.account->name);
	for (size_t i = 0; i < answer->n_required_roles; i++) {
		const Kam__V1__RequiredRole *role = answer->required_roles[i];
		explain_input(&drawing->others, role_words(drawing, (int)role->role), role->n_stakeholders ? role->stakeholders[0] : NULL, figure_of(role->filled), no_weight());
	}
	return answer->required_roles != NULL;
}

/* ---- gaps and alarms ---------------------------------------------------------------------------------------------------------------- */

static double contact_days(const struct drawing *drawing)
{
	return drawing->tier && drawing->tier->contact_days > 0 ? drawing->tier->contact_days : drawing->map.basis.silence_days;
}

static const char *leaver_holds(const struct gap_person *person)
{
	return person->roles ? "counts for a buying role" : person->has_counterpart ? "has a counterpart" : "has people who report to them";
}

static const char *gap_text(struct drawing *drawing, const struct gap *gap)
{
	const struct gap_person *person = gap->person == GAP_ACCOUNT ? NULL : &drawing->gap_people[gap->person];
	const char *name = person ? drawing->map.people[gap->person].node->display_name : "";
	switch (gap->kind) {
	case GAP_NO_ECONOMIC_BUYER:
		return "Nobody active is known to release the money";
	case GAP_NO_CHAMPION:
		return "Nobody active fights for us";
	case GAP_REQUIRED_ROLE:
		return arena_printf(drawing->arena, "The tier asks for this role, and nobody active fills it: %s", role_words(drawing, gap->role));
	case GAP_BLOCKER_WITHOUT_OWNER:
		return arena_printf(drawing->arena, "%s works against us, and none of us looks after them", name);
	case GAP_PLACEHOLDER:
		return arena_printf(drawing->arena, "Nobody fills the role %s yet", name);
	case GAP_LEAVER:
		return arena_printf(drawing->arena, "%s has left and still %s", name, leaver_holds(person));
	case GAP_SINGLE_THREAD:
		return arena_printf(drawing->arena, "All contact runs through %s alone", name);
	case GAP_SILENT_CHAMPION:
		return person->contacted ? arena_printf(drawing->arena, "Nobody has spoken to %s, who fights for us, for %.0f days; at most %.0f are meant", name,
		                                        floor(person->days_silent), contact_days(drawing))
		                         : arena_printf(drawing->arena, "No contact is recorded with %s, who fights for us", name);
	case GAP_REPORTING_CYCLE:
		return arena_printf(drawing->arena, "%s reports to somebody who reports to them; the circle is cut here", name);
	case GAP_NONE:
		break;
	}
	return "";
}

/* A gap that should worry us, and is not only work to be done. */
static bool is_alarming(const struct drawing *drawing, const struct gap *gap)
{
	const unsigned vital = 1u << ROLE_CHAMPION | 1u << ROLE_ECONOMIC_BUYER;
	if (gap->kind == GAP_LEAVER) {
		return drawing->gap_people[gap->person].roles & vital;
	}
	return gap->kind != GAP_PLACEHOLDER && gap->kind != GAP_REQUIRED_ROLE && gap->kind != GAP_REPORTING_CYCLE;
}

static void add_alarm(struct drawing *drawing, const char *text)
{
	drawing->answer->alarms[drawing->answer->n_alarms++] = own(drawing, text ? text : "");
}

static void add_model_alarm(struct drawing *drawing)
{
	const char *tier = drawing->tier ? drawing->tier->display_name : "", *asked = relationship_model_name((enum relationship_model)drawing->answer->expected_model);
	if (drawing->answer->model_alarm && drawing->shape.model == MODEL_NONE) {
		add_alarm(drawing, arena_printf(drawing->arena, "We have no active contact; the tier %s asks for a %s", tier, asked));
	} else if (drawing->answer->model_alarm) {
		add_alarm(drawing, arena_printf(drawing->arena, "Our contacts make a %s (%zu of us, %zu of them, %zu level%s); the tier %s asks for a %s",
		                                relationship_model_name(drawing->shape.model), drawing->shape.users, drawing->shape.people, drawing->shape.levels, drawing->shape.levels == 1 ? "" : "s", tier,
		                                asked));
	}
}

static bool draw_gaps(struct drawing *drawing)
{
	const struct map *map = &drawing->map;
	Kam__V1__StakeholderMap *answer = drawing->answer;
	size_t most = gaps_most(map->people_count);
	struct gap *gaps = arena_calloc(drawing->arena, most, sizeof *gaps);
	answer->gaps = arena_calloc(drawing->arena, most, sizeof *answer->gaps);
	answer->alarms = arena_calloc(drawing->arena, most + 1, sizeof *answer->alarms);
	if (!gaps || !answer->gaps || !answer->alarms) {
		return false;
	}
	size_t count = gaps_find(drawing->gap_people, map->people_count, tier_roles(drawing->tier), contact_days(drawing), gaps, most);
	add_model_alarm(drawing);
	for (size_t i = 0; i < count; i++) {
		Kam__V1__StakeholderGap *message = arena_alloc(drawing->arena, sizeof *message);
		const char *text = gap_text(drawing, &gaps[i]);
		if (!message || !text) {
			return false;
		}
		kam__v1__stakeholder_gap__init(message);
		message->kind = (Kam__V1__StakeholderGapKind)gaps[i].kind;
		message->stakeholder = gaps[i].person == GAP_ACCOUNT ? (char *)(uintptr_t)"" : map->people[gaps[i].person].node->stakeholder;
		message->role = (Kam__V1__BuyingRole)gaps[i].role;
		message->text = own(drawing, text);
		answer->gaps[answer->n_gaps++] = message;
		if (is_alarming(drawing, &gaps[i])) {
			add_alarm(drawing, text);
		}
	}
	return true;
}

/* ---- the method ------------------------------------------------------------------------------------------------------------------------ */

static bool draw(struct drawing *drawing)
{
	Kam__V1__StakeholderMap *answer = drawing->answer;
	if (!draw_people(drawing) || !draw_contacts(drawing) || !derive_model(drawing) || !describe_people(drawing) || !draw_roles(drawing) || !draw_gaps(drawing)) {
		return false;
	}
	answer->edges = drawing->map.ties;
	answer->n_edges = drawing->map.ties_count;
	answer->strength_explanation = drawing->strengths.list;
	answer->n_strength_explanation = drawing->strengths.count;
	answer->explanation = drawing->others.list;
	answer->n_explanation = drawing->others.count;
	return !drawing->arena->overflowed;
}

bool stakeholder_map(struct call *call)
{
	const Kam__V1__GetStakeholderMapRequest *request = (const void *)call->request;
	struct drawing drawing = {.call = call, .arena = call->arena, .map = {.call = call}, .strengths = {.call = call}, .others = {.call = call}};
	Kam__V1__StakeholderMap answer = KAM__V1__STAKEHOLDER_MAP__INIT;
	struct store_record record;
	struct decision account, people;
	const struct schema_type *type = call->engine->access.account;
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, request->parent);
	if (strstr(request->parent, "/-") || !resource || resource->type != type) {
		return status_field(call->status, "parent", "\"%.100s\" is not the name of one account; write it as accounts/{account}", request->parent);
	}
	if (!call_read(call, request->parent, &record, &account) || record.operation == STORE_DELETE) {
		return status_ok(call->status) && call_not_found(call, request->parent);
	}
	people = call_decide(call, call->method->permission, request->parent, (struct bytes){0});
	if (!people.allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "you may see %s but not its stakeholders: your roles with %s do not reach it",
		                   request->parent, call->method->permission);
	}
	drawing.map.account = (const void *)schema_unpack(type, record.value, call->arena, call->status);
	drawing.map.groups = people.groups;
	drawing.answer = &answer;
	if (!drawing.map.account || !basis_read(call, &drawing.map.basis) || !map_read(&drawing.map)) {
		return false;
	}
	drawing.tier = basis_tier(&drawing.map.basis, drawing.map.account->tier);
	answer.account = drawing.map.account->name;
	answer.revision = call->revision;
	if (!draw(&drawing)) {
		return status_ok(call->status) ? basis_no_memory(call) : false;
	}
	message_cut(call->method->output, &answer.base, people.groups);
	return call_reply(call, &answer.base);
}
