/* SPDX-License-Identifier: Apache-2.0
 *
 * filter_tree.h - a filter once parsed: what filter_parse.c builds, filter_match.c follows and index.c looks through for a range.
 *
 * Owns:    nodes lie in the arena of the parse and never change; any thread may follow them.
 * Private to common/schema.
 */
#pragma once

#include "common/schema/filter.h"
#include "common/schema/known.h"
#include "common/schema/path.h"

enum filter_op {
	OP_EQUAL,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_GREATER,
	OP_GREATER_EQUAL,
	OP_CONTAINS, /* text within a string, in any case */
	OP_HAS_KEY,  /* a map has a key */
	OP_PRESENT,  /* path:* */
};

/* What a field is compared with. */
struct filter_operand {
	struct value value;       /* of scalars */
	const char *const *parts; /* of a string with '*': the folded (OP_CONTAINS) or plain (OP_EQUAL) text between the stars; NULL without a star */
	size_t parts_count;
	struct amount amount;     /* of Timestamp, Duration and Money */
	struct amount end;        /* of a day: the first moment past it; otherwise the amount itself */
	const char *currency;     /* of Money: must be the same; NULL: any */
};

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_COMPARE, FILTER_SEARCH };

struct filter_node {
	enum filter_kind kind;
	const struct filter_node *child; /* the first of AND and OR, the one of NOT */
	const struct filter_node *next;  /* sibling */
	/* Of FILTER_COMPARE. */
	struct route route;
	enum filter_op op;
	/* Of FILTER_COMPARE and FILTER_SEARCH; the parts of a search are folded. */
	struct filter_operand operand;
};

struct filter {
	const struct schema_type *type;
	schema_groups groups;
	const struct filter_node *root; /* NULL: accepts everything */
};

/* filter_operand.c: reads the text of a value for the last field of node->route and node->op, which may become another (a has on a number is
 * an equality). `ret_why` says what was expected (STATUS_DESCRIPTION_BYTES). */
bool filter_operand_read(struct filter_node *node, const char *text, bool quoted, struct arena *arena, char *ret_why);
/* The text as folded pieces to be found in this order. False when the arena is full. */
bool filter_operand_search(struct filter_operand *operand, const char *text, struct arena *arena);

/* How a set element stands to an operand that is no pattern: -1, 0, 1, or FILTER_UNORDERED (NaN, another currency). */
enum { FILTER_UNORDERED = 2 };
int filter_compare(const struct schema_field *field, struct value value, const struct filter_operand *operand);
/* Whether an order answers an operator. */
bool filter_order_fits(enum filter_op op, int order);

/* index.c: the encoding of an amount. */
struct bytes index_encode_amount(struct amount amount, struct arena *arena);
