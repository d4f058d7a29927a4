/* SPDX-License-Identifier: Apache-2.0
 *
 * moment.h - a report that looks back: for a while its call reads as of the end of an earlier day, with today's permissions.
 */
#pragma once

#include "server/resource/engine.h"

struct moment {
	uint64_t revision;  /* last one of that day */
	uint64_t as_of;     /* what the call was about before */
};

/* From now on the call reads as of the end of `day`, a date in the request's `field`. A day that is not
 * over ends with what the call is about. INVALID_ARGUMENT where it is no day, or nothing was there yet. */
bool moment_enter(struct call *call, const char *field, const char *day, struct moment *ret_moment);
void moment_leave(struct call *call, const struct moment *moment);
