/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting distinct ends is quadratic in the edges of one account: at most some hundred.
 */
#include "server/domain/relationship_model.h"

#include <stdbool.h>

struct contact_shape relationship_shape(const struct contact_edge *edges, size_t count)
{
	struct contact_shape shape = {0};
	bool levels[RELATIONSHIP_LEVELS + 1] = {false};
	for (size_t i = 0; i < count; i++) {
		bool user_known = false, person_known = false;
		for (size_t k = 0; k < i; k++) {
			user_known = user_known || edges[k].user == edges[i].user;
			person_known = person_known || edges[k].person == edges[i].person;
		}
		shape.users += !user_known;
		shape.people += !person_known;
		if (edges[i].level >= 1 && edges[i].level <= RELATIONSHIP_LEVELS && !levels[edges[i].level]) {
			levels[edges[i].level] = true;
			shape.levels++;
		}
	}
	if (shape.people == 0) {
		shape.model = MODEL_NONE;
	} else if (shape.people == 1) {
		shape.model = MODEL_BOW_TIE;
	} else if (shape.users > 1 && shape.levels > 1) {
		shape.model = MODEL_DIAMOND;
	} else {
		shape.model = MODEL_ONE_TO_MANY;
	}
	return shape;
}

const char *relationship_model_name(enum relationship_model model)
{
	static const char *const names[] = {"no model", "bow-tie", "one-to-many", "diamond"};
	return model >= MODEL_NONE && model <= MODEL_DIAMOND ? names[model] : names[MODEL_NONE];
}
