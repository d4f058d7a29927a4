/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/moment.h"

#include "common/base/clock.h"

#define DAY_US INT64_C(86400000000)

bool moment_enter(struct call *call, const char *field, const char *day, struct moment *ret_moment)
{
	int64_t number;
	if (!clock_parse_date(day, &number)) {
		return status_field(call->status, field, "\"%.20s\" is not a day; write it as 2026-09-30", day);
	}
	uint64_t revision = store_revision_at(call->view, (number + 1) * DAY_US - 1, call->status);
	if (!status_ok(call->status)) {
		return false;
	}
	if (revision == 0) {
		return status_field(call->status, field, "nothing was recorded yet by the end of %.20s", day);
	}
	if (revision > call->revision) {
		revision = call->revision; /* the day is not over, or lies after what is asked about */
	}
	*ret_moment = (struct moment){revision, call->as_of};
	call->as_of = revision;
	return true;
}

void moment_leave(struct call *call, const struct moment *moment)
{
	call->as_of = moment->as_of;
}
