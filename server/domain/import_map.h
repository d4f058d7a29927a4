/* SPDX-License-Identifier: Apache-2.0
 *
 * import_map.h - one row of text turned into fields of a message, as an import map says.
 *
 * Owns:    nothing; results live in call->arena.     Errors:  a row's fault is in struct row_fault, never in the call's status.
 */
#pragma once

#include "kam/v1/import.pb-c.h"
#include "server/resource/changes.h"

/* What is wrong with a row. */
struct row_fault {
	const char *column; /* header, or "" */
	const char *value;  /* the text at fault */
	const char *reason; /* NULL: nothing is wrong */
	bool unresolved;    /* it refers to a resource of the type being imported that is not there (yet) */
	const Kam__V1__FieldMapping *by; /* the mapping of that reference */
};

struct import_plan {
	const Kam__V1__ImportMap *map;
	const struct schema_resource *resource;
	char *const *columns;
	size_t columns_count;
	const char *parent;   /* for all rows, or "" */
	const char *currency; /* of amounts whose mapping names none */
	size_t *column_of;    /* mapping -> column + 1; 0: none */
	size_t key_columns[8];
	const Kam__V1__FieldMapping *left_out; /* not filled for now; NULL: none */
	struct import_lookups *lookups; /* of the message that the row came in */
};

/* Checks the map against the contract and the file's columns; INVALID_ARGUMENT on start.map.… otherwise. Memory in `arena`. */
bool import_plan_make(struct call *call, const Kam__V1__ImportStart *start, struct arena *arena, struct import_plan *ret_plan);
/* The row's id in the external system; NULL with a fault where it has none. */
const char *import_key(struct call *call, const struct import_plan *plan, const Kam__V1__ImportRow *row, struct row_fault *fault);
/* Sets the fields of `message`; `ret_parent` and `ret_id` get what the mappings of "parent" and "id" say, or "". */
bool import_fill(struct call *call, const struct import_plan *plan, const Kam__V1__ImportRow *row, ProtobufCMessage *message, const char **ret_parent,
                 const char **ret_id, struct row_fault *fault);
/* The text of a row that is mapped to `field`, by its path, or "". */
const char *import_cell(struct call *call, const struct import_plan *plan, const Kam__V1__ImportRow *row, const char *field);
/* The field by which people know a resource; NULL where it has none. */
const struct schema_field *import_title_field(const struct schema_resource *resource);
/* The column from which a field (as in a violation: "account.website") came, or "". */
const char *import_column_of(const struct import_plan *plan, const char *violation_field, const Kam__V1__ImportRow *row, const char **ret_value);
