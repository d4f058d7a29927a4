/* SPDX-License-Identifier: Apache-2.0
 *
 * org_tree.h - who reports to whom, as a tree: the order in which to show people, how deep each stands, and circles cut.
 *
 * A circle is refused when it is written, but a state made otherwise may hold one, and a map must be drawn all the same.
 *
 * Threads: any; pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ORG_NOBODY ((size_t)-1)

struct org_person {
	size_t boss;           /* index of the one they report to, or ORG_NOBODY; set to ORG_NOBODY where a circle was cut */
	bool cut;              /* set: a circle was cut here */
	int depth;             /* set: how many are above */
	size_t child, sibling; /* set: first of those who report to them, next of those who report to the same */
};

/* Fills in `people` and the order: each after their boss, siblings as they stand in `people`. A circle is cut at the one of it that stands first.
 * `ret_order` holds `count` indexes. */
void org_tree(struct org_person *people, size_t count, size_t *ret_order);
