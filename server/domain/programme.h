/* SPDX-License-Identifier: Apache-2.0
 *
 * programme.h - the programme that a new store begins with.
 */
#pragma once

#include "common/base/arena.h"
#include "kam/v1/programme.pb-c.h"

/* Name, title, reporting currency EUR, the four tiers, thresholds, weights and qualification questions; without uid, times and creator, which whoever stores it sets. In
 * the arena; NULL when it is full. */
Kam__V1__Programme *programme_default(struct arena *arena);
