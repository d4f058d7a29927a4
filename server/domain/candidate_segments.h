/* SPDX-License-Identifier: Apache-2.0
 *
 * candidate_segments.h - the accounts of a table in groups: by volume, sales region and country. Of the report on candidates alone.
 */
#pragma once

#include "kam/v1/candidates.pb-c.h"
#include "server/domain/revenue.h"

/* In DEVELOPMENT, KEY or MAINTENANCE. */
bool candidate_is_key(int phase);
/* Groups with at least one account; revenue of the first period. False when the arena is full. */
bool candidate_segments(const struct revenue *revenue, Kam__V1__Segment ***ret_segments, size_t *ret_count);
