/* SPDX-License-Identifier: Apache-2.0
 *
 * How a call ended, as the project says it and as kam.h does: the same layout under two names, so that kam.h stands alone.
 */
#include "client/lib/internal.h"

#include <assert.h>

static_assert((int)KAM_UNAUTHENTICATED == (int)STATUS_UNAUTHENTICATED, "the codes are google.rpc's");
static_assert(sizeof(struct kam_status) == sizeof(struct status) && sizeof(struct kam_violation) == sizeof(struct status_violation) &&
                      offsetof(struct kam_status, reason) == offsetof(struct status, reason) &&
                      offsetof(struct kam_status, message) == offsetof(struct status, message) &&
                      offsetof(struct kam_status, violations_count) == offsetof(struct status, violations_count) &&
                      offsetof(struct kam_status, violations) == offsetof(struct status, violations),
              "struct kam_status is struct status");

bool kam_status_give(const struct status *st, struct kam_status *ret_status)
{
	if (ret_status) {
		memcpy(ret_status, st, offsetof(struct status, violations) + st->violations_count * sizeof st->violations[0]);
	}
	return status_ok(st);
}

const char *kam_code_name(enum kam_code code)
{
	return status_code_name((enum status_code)code);
}
