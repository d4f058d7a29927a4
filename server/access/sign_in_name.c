/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/access/sign_in_name.h"

#include <stdio.h>

struct search {
	const struct store_view *view;
	struct status *st;
	char *user;
	unsigned found;
};

/* An index has the deleted too. */
static bool visit(void *context, const char *name, const struct store_record *unused)
{
	struct search *search = context;
	struct store_record record;
	(void)unused;
	if (store_get(search->view, name, &record, search->st) && record.operation != STORE_DELETE) {
		snprintf(search->user, LIMIT_NAME_BYTES + 1, "%s", name);
		search->found++;
	}
	return status_ok(search->st);
}

bool sign_in_name_find(const struct access *access, const struct store_view *view, const char *sign_in_name, char ret_user[LIMIT_NAME_BYTES + 1],
                       struct status *st)
{
	struct search search = {.view = view, .st = st, .user = ret_user};
	*ret_user = '\0';
	if (strlen(sign_in_name) > LIMIT_INDEX_VALUE_BYTES) { /* what is found by a longer one may be another's */
		return false;
	}
	return store_index_equal(view, access->index_user_sign_in_name, bytes_of(sign_in_name), visit, &search, st) && search.found == 1;
}
