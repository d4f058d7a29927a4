/* SPDX-License-Identifier: Apache-2.0
 *
 * First upwards from everybody with a mark for each start: who meets their own mark stands on a circle. Then down, child before sibling, and up again by the
 * boss; a chain of any length costs no recursion.
 */
#include "server/domain/org_tree.h"

/* Cuts the circle that `member` lies on at the one that stands first. */
static void cut_circle(struct org_person *people, size_t member)
{
	size_t first = member;
	for (size_t i = people[member].boss; i != member; i = people[i].boss) {
		first = i < first ? i : first;
	}
	people[first].boss = ORG_NOBODY;
	people[first].cut = true;
}

static void cut_circles(struct org_person *people, size_t count, size_t *marks)
{
	for (size_t i = 0; i < count; i++) {
		marks[i] = ORG_NOBODY;
		people[i].cut = false;
	}
	for (size_t start = 0; start < count; start++) {
		size_t i = start;
		while (i != ORG_NOBODY && marks[i] == ORG_NOBODY) {
			marks[i] = start;
			i = people[i].boss;
		}
		if (i != ORG_NOBODY && marks[i] == start) {
			cut_circle(people, i);
		}
	}
}

/* From the last to the first, so that each list begins with its first. */
static void link_children(struct org_person *people, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		people[i].child = people[i].sibling = ORG_NOBODY;
	}
	for (size_t i = count; i-- > 0;) {
		size_t boss = people[i].boss;
		if (boss != ORG_NOBODY) {
			people[i].sibling = people[boss].child;
			people[boss].child = i;
		}
	}
}

void org_tree(struct org_person *people, size_t count, size_t *ret_order)
{
	size_t shown = 0;
	cut_circles(people, count, ret_order); /* the order is not needed yet: room for the marks */
	link_children(people, count);
	for (size_t top = 0; top < count; top++) {
		size_t i = people[top].boss == ORG_NOBODY ? top : ORG_NOBODY;
		int depth = 0;
		while (i != ORG_NOBODY) {
			people[i].depth = depth;
			ret_order[shown++] = i;
			if (people[i].child != ORG_NOBODY) {
				i = people[i].child;
				depth++;
				continue;
			}
			while (i != ORG_NOBODY && people[i].sibling == ORG_NOBODY) {
				i = people[i].boss;
				depth--;
			}
			i = i != ORG_NOBODY ? people[i].sibling : ORG_NOBODY;
		}
	}
}
