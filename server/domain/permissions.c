/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/permissions.h"

#include "common/schema/rules.h"

#include <stdlib.h>
#include <string.h>

enum { NEAREST_MAX = 3 };

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **permissions_all(const struct schema *schema, struct arena *arena)
{
	size_t methods = schema_methods_count(schema), count = 0, kept = 0;
	const char **all = arena_calloc(arena, methods + 1, sizeof *all);
	for (size_t i = 0; all && i < methods; i++) {
		const char *permission = schema_method_at(schema, i)->permission;
		if (permission) {
			all[count++] = permission;
		}
	}
	if (!all) {
		return NULL;
	}
	qsort(all, count, sizeof *all, compare);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || strcmp(all[kept - 1], all[i]) != 0) {
			all[kept++] = all[i];
		}
	}
	all[kept] = NULL;
	return all;
}

bool permission_known(const struct schema *schema, const char *pattern)
{
	for (size_t i = 0; i < schema_methods_count(schema); i++) {
		const char *permission = schema_method_at(schema, i)->permission;
		if (permission && permission_matches(pattern, permission)) {
			return true;
		}
	}
	return false;
}

bool permission_check(struct call *call, const char *permission, const char *field)
{
	const char **all = permissions_all(call->engine->schema, call->arena), *near;
	size_t count = 0;
	struct buf list;
	if (!all) {
		return call_no_memory(call);
	}
	while (all[count]) {
		if (strcmp(all[count++], permission) == 0) {
			return true;
		}
	}
	buf_init(&list, call->arena);
	for (int i = 0; i < NEAREST_MAX && (near = rules_nearest(permission, all, count)) != NULL; i++) {
		buf_printf(&list, "%s%s", i == 0 ? "; did you mean " : ", ", near);
		size_t at = 0;
		while (all[at] != near) {
			at++;
		}
		all[at] = all[--count];
	}
	return status_field(call->status, field, "\"%.80s\" is no permission: no method asks for it%s", permission, list.size > 0 ? buf_text(&list) : "");
}
