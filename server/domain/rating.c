/* SPDX-License-Identifier: Apache-2.0
 *
 * Ratings: one of each side in one period, and the id says which: 2026-Q3-us, 2026-Q3-client.
 */
#include "kam/v1/rating.pb-c.h"

#include "server/domain/basis.h"
#include "server/domain/domain.h"
#include "server/domain/names.h"

static const char *make_id(struct call *call, const ProtobufCMessage *new)
{
	const Kam__V1__Rating *rating = (const void *)new;
	if (!*rating->period || (rating->side != KAM__V1__SIDE__SIDE_US && rating->side != KAM__V1__SIDE__SIDE_CLIENT)) {
		return NULL; /* required: the fields' own rules say so */
	}
	return arena_printf(call->arena, "%s-%s", rating->period, rating->side == KAM__V1__SIDE__SIDE_US ? "us" : "client");
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__Rating *rating = (const void *)new;
	const char *id = make_id(call, new);
	(void)old;
	if (!id) {
		return basis_no_memory(call);
	}
	return strcmp(name_last(rating->name), id) == 0 || status_field(call->status, "rating.name", "must end in %s, as period and side say", id);
}

static const struct noun nouns[] = {{.collection = "accounts/scorecards/ratings", .check = check, .make_id = make_id}};

const struct domain domain_rating = {nouns, 1, NULL, 0};
