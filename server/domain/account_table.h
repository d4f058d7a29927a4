/* SPDX-License-Identifier: Apache-2.0
 *
 * account_table.h - the accounts that a report is about, as a table: those that the caller may see and that match. Texts stay where the store has them;
 * nothing is unpacked unless a filter asks for it, because a report over all accounts must not cost a message for each.
 *
 * Owns:    names and rows live in the call's arena, texts in its snapshot.
 * Threads: the call's.
 */
#pragma once

#include "server/resource/engine.h"

struct account_row {
	const char *name;
	/* Empty where unset or hidden. */
	struct bytes display_name, owner, region, country, customer_since;
	struct bytes annual_revenue; /* a packed Money */
	int phase;
	int64_t employees;
	schema_groups groups; /* seen by accounts.read and by the method's own permission */
};

struct account_table {
	struct account_row *rows; /* by name */
	size_t count, last;
};

/* All accounts as of the call's revision that the caller may read, for which they hold the method's permission, and that match the filter ("" for all). */
bool account_table_read(struct call *call, const char *filter, struct account_table *ret_table);
/* The same of one account, that the request names in `field`. NOT_FOUND where it cannot be seen. */
bool account_table_one(struct call *call, const char *field, const char *name, struct account_table *ret_table);
/* The row of an account, or of the account that a name lies below; `count` where it is not in the table. Quick where names come in order. */
size_t account_table_find(struct account_table *table, const char *name);
/* By name again, after rows were put in another order. */
void account_table_sort(struct account_table *table);
/* A text of the snapshot, in the arena; "" where it is empty. */
char *account_text(struct bytes text, struct arena *arena);
