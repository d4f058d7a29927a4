/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass each over the account's stakeholders, ties and interactions. What lies ahead of the moment asked about (a meeting that is planned) is no contact yet.
 */
#include "server/domain/stakeholder_map.h"

#include "kam/v1/contact.pb-c.h"
#include "kam/v1/interaction.pb-c.h"
#include "kam/v1/stakeholder.pb-c.h"
#include "kam/v1/tie.pb-c.h"
#include "kam/v1/user.pb-c.h"
#include "common/base/clock.h"
#include "server/domain/grow.h"
#include "server/domain/names.h"
#include "server/domain/relationship_model.h"

#include <stdlib.h>

#define DAY_US INT64_C(86400000000)

static char *own(struct map *map, const char *text)
{
	char *copy = arena_strdup(map->call->arena, text);
	return copy ? copy : (char *)(uintptr_t)""; /* the arena remembers that it is full */
}

/* ---- people ------------------------------------------------------------------------------------------------------------------ */

static void copy_roles(struct map *map, struct map_person *person, const Kam__V1__Stakeholder *stakeholder)
{
	size_t size = stakeholder->n_buying_roles * sizeof *stakeholder->buying_roles;
	person->node->buying_roles = size ? arena_memdup(map->call->arena, stakeholder->buying_roles, size) : NULL;
	person->node->n_buying_roles = person->node->buying_roles ? stakeholder->n_buying_roles : 0;
	for (size_t i = 0; i < stakeholder->n_buying_roles; i++) {
		person->roles |= 1u << (stakeholder->buying_roles[i] & 31);
	}
}

static bool visit_stakeholder(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups,
                              struct arena *scratch)
{
	struct map *map = context;
	const Kam__V1__Stakeholder *stakeholder = (const void *)message;
	int64_t left_day;
	(void)groups, (void)scratch;
	struct map_person *people = grow_array(call->arena, map->people, map->people_count, sizeof *people);
	Kam__V1__StakeholderNode *node = arena_alloc(call->arena, sizeof *node);
	if (!people || !node) {
		return basis_no_memory(call);
	}
	kam__v1__stakeholder_node__init(node);
	map->people = people;
	people[map->people_count] = (struct map_person){.node = node, .reports_to = own(map, stakeholder->reports_to)};
	copy_roles(map, &people[map->people_count++], stakeholder);
	node->stakeholder = own(map, name);
	node->title = own(map, stakeholder->title);
	node->department = own(map, stakeholder->department);
	node->contact = own(map, stakeholder->contact);
	node->counterpart = own(map, stakeholder->counterpart);
	node->level = stakeholder->level;
	node->power = stakeholder->power;
	node->interest = stakeholder->interest;
	node->support = stakeholder->support;
	node->current_level = stakeholder->current_level;
	node->desired_level = stakeholder->desired_level;
	node->placeholder = !*stakeholder->contact;
	node->left = clock_parse_date(stakeholder->left_on, &left_day) && left_day <= map->basis.today;
	return true;
}

/* The contact's name, where the caller may see it; else the role, else the id. */
static void name_person(struct map *map, Kam__V1__StakeholderNode *node)
{
	const Kam__V1__Contact *contact = *node->contact ? (const void *)call_read_message(map->call, node->contact) : NULL;
	if (contact && *contact->display_name) {
		node->display_name = contact->display_name;
	} else {
		node->display_name = *node->title ? node->title : own(map, name_last(node->stakeholder));
	}
}

static int compare_people(const void *a, const void *b)
{
	const Kam__V1__StakeholderNode *left = ((const struct map_person *)a)->node, *right = ((const struct map_person *)b)->node;
	if (left->level != right->level) {
		return left->level > right->level ? -1 : 1;
	}
	int order = strcmp(left->display_name, right->display_name);
	return order ? order : strcmp(left->stakeholder, right->stakeholder);
}

static int compare_names(const void *a, const void *b, void *people)
{
	const struct map_person *list = people;
	return strcmp(list[*(const size_t *)a].node->stakeholder, list[*(const size_t *)b].node->stakeholder);
}

size_t map_find(const struct map *map, const char *stakeholder)
{
	size_t low = 0, high = map->people_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(map->people[map->by_name[middle]].node->stakeholder, stakeholder);
		if (order == 0) {
			return map->by_name[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return ORG_NOBODY;
}

/* Sorts the people and hangs them into the tree. */
static bool arrange(struct map *map)
{
	size_t count = map->people_count;
	struct arena *arena = map->call->arena;
	map->by_name = arena_calloc(arena, count + 1, sizeof *map->by_name);
	map->order = arena_calloc(arena, count + 1, sizeof *map->order);
	map->tree = arena_calloc(arena, count + 1, sizeof *map->tree);
	if (!map->by_name || !map->order || !map->tree) {
		return basis_no_memory(map->call);
	}
	for (size_t i = 0; i < count; i++) {
		name_person(map, map->people[i].node);
		map->by_name[i] = i;
	}
	if (count > 0) {
		qsort(map->people, count, sizeof *map->people, compare_people);
		qsort_r(map->by_name, count, sizeof *map->by_name, compare_names, map->people);
	}
	for (size_t i = 0; i < count; i++) {
		map->tree[i].boss = map_find(map, map->people[i].reports_to);
	}
	org_tree(map->tree, count, map->order);
	for (size_t i = 0; i < count; i++) {
		Kam__V1__StakeholderNode *node = map->people[i].node;
		node->depth = map->tree[i].depth;
		node->reports_to = map->tree[i].boss == ORG_NOBODY ? (char *)(uintptr_t)"" : map->people[map->tree[i].boss].node->stakeholder;
	}
	return status_ok(map->call->status);
}

/* ---- contacts ------------------------------------------------------------------------------------------------------------------ */

static size_t find_user(struct map *map, const char *name)
{
	for (size_t i = 0; i < map->users_count; i++) {
		if (strcmp(map->users[i].name, name) == 0) {
			return i;
		}
	}
	struct map_user *users = grow_array(map->call->arena, map->users, map->users_count, sizeof *users);
	if (!users) {
		basis_no_memory(map->call);
		return ORG_NOBODY;
	}
	map->users = users;
	users[map->users_count] = (struct map_user){own(map, name), ""};
	return map->users_count++;
}

static struct map_edge *find_edge(struct map *map, const char *user_name, size_t person)
{
	size_t user = find_user(map, user_name);
	for (size_t i = 0; i < map->edges_count; i++) {
		if (map->edges[i].person == person && map->edges[i].user == user) {
			return &map->edges[i];
		}
	}
	struct map_edge *edges = user == ORG_NOBODY ? NULL : grow_array(map->call->arena, map->edges, map->edges_count, sizeof *edges);
	if (!edges) {
		basis_no_memory(map->call);
		return NULL;
	}
	map->edges = edges;
	edges[map->edges_count] = (struct map_edge){.user = user, .person = person};
	return &edges[map->edges_count++];
}

static bool add_counterparts(struct map *map)
{
	for (size_t i = 0; i < map->people_count; i++) {
		const char *counterpart = map->people[i].node->counterpart;
		struct map_edge *edge = *counterpart ? find_edge(map, counterpart, i) : NULL;
		if (*counterpart && !edge) {
			return false;
		}
		if (edge) {
			edge->assigned = edge->counts = true;
		}
	}
	return true;
}

static void count_activity(struct map *map, struct map_person *person, const Kam__V1__Interaction *interaction, const char *name, int64_t time_us)
{
	int64_t age_us = map->basis.now_us - time_us;
	struct activity *activity = &person->activity;
	activity->contacts++;
	activity->recent_contacts += age_us <= STRENGTH_FREQUENCY_DAYS * DAY_US;
	if (age_us <= STRENGTH_TWO_WAY_DAYS * DAY_US) {
		activity->started_by_us += interaction->initiated_by == KAM__V1__SIDE__SIDE_US;
		activity->started_by_them += interaction->initiated_by == KAM__V1__SIDE__SIDE_CLIENT;
	}
	if (!person->last_interaction || time_us > person->last_us) {
		person->last_us = time_us;
		person->last_interaction = own(map, name);
	}
}

static bool visit_interaction(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups,
                              struct arena *scratch)
{
	struct map *map = context;
	const Kam__V1__Interaction *interaction = (const void *)message;
	int64_t time_us = basis_time_us(interaction->time);
	(void)call, (void)groups, (void)scratch;
	for (size_t i = 0; time_us <= map->basis.now_us && i < interaction->n_stakeholders; i++) {
		size_t person = map_find(map, interaction->stakeholders[i]);
		if (person == ORG_NOBODY) {
			continue;
		}
		count_activity(map, &map->people[person], interaction, name, time_us);
		for (size_t k = 0; k < interaction->n_users; k++) {
			struct map_edge *edge = find_edge(map, interaction->users[k], person);
			if (!edge) {
				return false;
			}
			edge->interactions++;
			edge->last_us = time_us > edge->last_us ? time_us : edge->last_us;
			edge->counts = edge->counts || map->basis.now_us - time_us <= RELATIONSHIP_EDGE_DAYS * DAY_US;
		}
	}
	return true;
}

/* What is left to be said once all contacts are known. */
static void finish_people(struct map *map)
{
	for (size_t i = 0; i < map->edges_count; i++) {
		struct map_person *person = &map->people[map->edges[i].person];
		person->activity.users += map->edges[i].counts;
		person->in_contact = person->in_contact || map->edges[i].counts;
	}
	for (size_t i = 0; i < map->people_count; i++) {
		struct map_person *person = &map->people[i];
		struct activity *activity = &person->activity;
		activity->level = (int)person->node->level;
		activity->days_since_last = activity->contacts ? (double)(map->basis.now_us - person->last_us) / (double)DAY_US : 0;
		activity->hidden = person->node->left ? "has left" : person->node->placeholder ? "nobody fills this role yet" : map->contacts_hidden;
	}
	for (size_t i = 0; i < map->users_count; i++) {
		const Kam__V1__User *user = (const void *)call_read_message(map->call, map->users[i].name);
		map->users[i].display_name = user ? user->display_name : "";
	}
}

/* ---- ties -------------------------------------------------------------------------------------------------------------------------- */

static bool visit_tie(void *context, struct call *call, const char *name, const ProtobufCMessage *message, schema_groups groups, struct arena *scratch)
{
	struct map *map = context;
	const Kam__V1__Tie *tie = (const void *)message;
	size_t from = map_find(map, tie->from_stakeholder), to = map_find(map, tie->to_stakeholder);
	(void)scratch;
	if (from == ORG_NOBODY || to == ORG_NOBODY || !(groups & 1u << GROUP_PERSONAL)) {
		return true;
	}
	Kam__V1__StakeholderEdge *edge = arena_alloc(call->arena, sizeof *edge);
	Kam__V1__StakeholderEdge **ties = grow_array(call->arena, map->ties, map->ties_count, sizeof *ties);
	if (!edge || !ties) {
		return basis_no_memory(call);
	}
	kam__v1__stakeholder_edge__init(edge);
	edge->tie = own(map, name);
	edge->from_stakeholder = map->people[from].node->stakeholder;
	edge->to_stakeholder = map->people[to].node->stakeholder;
	edge->kind = tie->kind;
	edge->strength = tie->strength;
	map->ties = ties;
	ties[map->ties_count++] = edge;
	return true;
}

static bool visit_all(struct map *map, const char *collection, call_visit *visit)
{
	const char *pattern = arena_printf(map->call->arena, "%s/%s", map->account->name, collection);
	return pattern ? call_each(map->call, pattern, visit, map) : basis_no_memory(map->call);
}

bool map_read(struct map *map)
{
	bool seen = call_decide(map->call, "interactions.read", map->account->name, (struct bytes){0}).allowed;
	map->contacts_hidden = seen ? NULL : HIDDEN_REASON;
	if (!visit_all(map, "stakeholders", visit_stakeholder) || !arrange(map) || !visit_all(map, "ties", visit_tie) || !add_counterparts(map) ||
	    (seen && !visit_all(map, "interactions", visit_interaction))) {
		return false;
	}
	finish_people(map);
	return status_ok(map->call->status);
}
