/* SPDX-License-Identifier: Apache-2.0
 *
 * relationship_model.h - the shape that contacts between our people and theirs make, derived and not declared.
 *
 *   bow-tie      all contact hangs on one of them, however many of us take part
 *   one-to-many  several of them; but one of us alone, or no two levels of theirs
 *   diamond      several of us with several of them, at two or more levels
 *
 * An edge is one of us with one active person of theirs: the counterpart who looks after them, or who met them in the last RELATIONSHIP_EDGE_DAYS.
 *
 * Threads: any; pure functions.
 */
#pragma once

#include <stddef.h>

enum { RELATIONSHIP_EDGE_DAYS = 365, RELATIONSHIP_LEVELS = 4, RELATIONSHIP_FORMULA_VERSION = 1 };

/* The numbers of kam.v1.RelationshipModel. */
enum relationship_model { MODEL_NONE, MODEL_BOW_TIE, MODEL_ONE_TO_MANY, MODEL_DIAMOND };

struct contact_edge {
	size_t user, person; /* any numbers, equal where they are the same */
	int level;           /* of the person, 1 to RELATIONSHIP_LEVELS; 0: not said */
};

struct contact_shape {
	enum relationship_model model;
	size_t users, people, levels; /* distinct */
};

struct contact_shape relationship_shape(const struct contact_edge *edges, size_t count);
/* "bow-tie"; "no model" for NONE. */
const char *relationship_model_name(enum relationship_model model);
