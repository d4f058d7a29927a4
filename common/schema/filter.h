/* SPDX-License-Identifier: Apache-2.0
 *
 * filter.h - AIP-160 filters and AIP-132 orders over one type.
 *
 * Grammar: comparisons `path op value` joined by AND, OR, NOT, '-', parentheses (OR binds tighter than AND, as AIP-160 says; AND may be left out); ops = != < <= > >= and ':' (has: a list
 *          contains the value, a map the key, a string the text, in any case; "path:*" is set). '*' in the text of = and ':' stands for anything.
 * Values:  bare words, quoted strings, numbers, true/false, enum names with or without prefix, RFC 3339 times, days (all of the day), amounts for Money ("12.5 EUR" asks for the currency too),
 *          90s 15m 12h 7d. A bare word or string alone searches every visible string field but uid and etag, case-folded.
 * Absent:  what is not there (message, optional scalar, map key) compares with nothing: every comparison is false, != is true. Other scalars read as their default.
 * Errors:  INVALID_ARGUMENT on field "filter" (or "order_by") with the position (1-based column) and what was expected; unknown fields with the nearest known name.
 * Owns:    a filter lives in the arena it was parsed into.
 */
#pragma once

#include "common/schema/value.h"

struct filter;
struct order;

/* Empty text gives a filter that accepts everything. `groups`: fields that the caller may ever see; naming another is refused like an unknown one. */
bool filter_parse(const struct schema_type *type, const char *text, schema_groups groups, struct arena *arena, const struct filter **ret_filter, struct status *st);
bool filter_matches(const struct filter *filter, const ProtobufCMessage *message);
bool filter_is_empty(const struct filter *filter);
/* Whether a condition is about the field, or about something in it. Words that search look at texts only and name no field. */
bool filter_names(const struct filter *filter, const struct schema_field *field);

/* A condition that every match satisfies and an index can answer: half-open range of encoded values. False where there is none. Equality is preferred over ranges. */
struct filter_range {
	const struct schema_field *field;
	struct bytes low, high; /* high.data NULL: open */
	bool equality;
};
bool filter_range(const struct filter *filter, struct arena *arena, struct filter_range *ret_range);

/* The encoded index value of a field's element, memcmp-ordered as value_compare orders: at most LIMIT_INDEX_VALUE_BYTES. Strings as bytes (folded for INDEX_FOLDED), integers and doubles
 * with the sign flipped big-endian, Timestamps as 12 bytes, map entries "key\0value". */
struct bytes index_encode(const struct schema_field *field, struct value value, struct arena *arena);
/* Every index entry of a resource's message: calls emit for each set element of each indexed field, at any depth of singular messages. */
void index_entries(const struct schema_type *type, const ProtobufCMessage *message, struct arena *arena,
                   void (*emit)(void *context, uint32_t index_id, struct bytes value), void *context);

bool order_parse(const struct schema_type *type, const char *text, schema_groups groups, struct arena *arena, const struct order **ret_order, struct status *st);
bool order_is_empty(const struct order *order);
/* Whether the field, or something in it, decides. */
bool order_names(const struct order *order, const struct schema_field *field);
/* The first field, where it alone decides the order, is indexed and required (an index lacks what is not set): the list can then be read in index order. NULL otherwise. */
const struct schema_field *order_index(const struct order *order, bool *ret_descending);
/* A memcmp-ordered key of a message under the order (descending fields inverted), in the arena: sorting and page tokens use it. Absent comes first; INDEX_FOLDED text sorts folded;
 * text counts up to LIMIT_INDEX_VALUE_BYTES, so that a key sorts as an index does. data NULL when the arena is full. */
struct bytes order_key(const struct order *order, const ProtobufCMessage *message, struct arena *arena);
