/* SPDX-License-Identifier: Apache-2.0
 *
 * stakeholder_map.h - the people of one account and the contacts with them, as read from the store. Of this noun's files alone.
 *
 * Owns:    all lives in the call's arena.
 */
#pragma once

#include "kam/v1/account.pb-c.h"
#include "kam/v1/stakeholder_map.pb-c.h"
#include "server/domain/basis.h"
#include "server/domain/org_tree.h"

/* The contact between one of us and one of them. */
struct map_edge {
	size_t user, person; /* indexes */
	bool assigned;       /* the user is named as counterpart */
	int interactions;
	int64_t last_us;     /* of the last one; 0: none */
	bool counts;         /* assigned, or met in the last RELATIONSHIP_EDGE_DAYS */
};

struct map_user {
	const char *name, *display_name;
};

struct map_person {
	Kam__V1__StakeholderNode *node;
	const char *reports_to; /* as stored */
	unsigned roles;         /* bits 1 << BuyingRole */
	struct activity activity;
	int64_t last_us;        /* of the last interaction; 0: none */
	const char *last_interaction;
	bool in_contact;        /* some edge counts */
};

struct map {
	struct call *call;
	struct basis basis;
	const Kam__V1__Account *account;
	schema_groups groups;   /* seen of the account's stakeholders */
	const char *contacts_hidden; /* why interactions are not known; NULL where they are */
	struct map_person *people; /* the highest first, then by what they are called */
	size_t people_count;
	size_t *by_name;        /* indexes of people, by resource name */
	struct org_person *tree; /* as people */
	size_t *order;          /* indexes of people, each after their boss */
	struct map_user *users;
	size_t users_count;
	struct map_edge *edges;
	size_t edges_count;
	Kam__V1__StakeholderEdge **ties;
	size_t ties_count;
};

/* Reads all of it, as of the call's revision and cut to what the caller may see. `map` has call, basis, account and groups set. */
bool map_read(struct map *map);
/* Index of a stakeholder by name, or ORG_NOBODY. */
size_t map_find(const struct map *map, const char *stakeholder);
