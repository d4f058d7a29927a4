/* SPDX-License-Identifier: Apache-2.0
 *
 * criteria_proposals.h - the criteria sets that come with kam. A company adopts one as a draft and edits it.
 */
#pragma once

#include "common/base/arena.h"
#include "kam/v1/criteria_set.pb-c.h"

/* Proposal `index` with its id, in the arena; NULL past the last, or when the arena is full. */
Kam__V1__CriteriaSet *criteria_proposal(size_t index, struct arena *arena, const char **ret_id);
