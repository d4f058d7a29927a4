/* SPDX-License-Identifier: Apache-2.0
 *
 * import_order.h - in which order rows are taken that wait for each other, and where a circle of them is cut.
 *
 * Owns:    nothing; a waiting row lives in its stream's arena, what is computed here in call->arena.
 */
#pragma once

#include "server/domain/import_map.h"

/* A row that refers to a row not seen yet. */
struct waiting {
	struct waiting *next;
	const Kam__V1__ImportRow *row;
	const Kam__V1__FieldMapping *by; /* the reference that it waits for */
	const char *wants;               /* its text */
	bool cut;                        /* to be taken without that reference */
	struct waiting *leads_to;        /* the row that it waits for; NULL: none that waits */
	size_t walk;                     /* on which walk it was met first, from 1 */
	bool placed;
};

/* The list again, each row behind the one that it waits for, and one row of each circle marked to be cut. Where memory is short, as it was. */
struct waiting *import_order(struct call *call, const struct import_plan *plan, struct waiting *first, size_t count);
