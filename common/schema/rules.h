/* SPDX-License-Identifier: Apache-2.0
 *
 * rules.h - what options.proto demands of a message's own fields: required, ranges, lengths, formats, known enum values, item counts.
 *
 * References, cycles and whatever needs other resources are the engine's (server/resource). Errors go to `st` as field violations, all of them, with
 * paths below `prefix` ("account" gives "account.website").
 */
#pragma once

#include "common/schema/schema.h"

/* `required` false passes over missing required fields (a partial message). Walks nested messages, repeated ones with an index: metrics[2].weight. True where nothing was found. */
bool rules_check(const struct schema_type *type, const ProtobufCMessage *message, const char *prefix, bool required, struct status *st);
/* One string against one format. `ret_why` says what it should be like ("a day such as 2026-09-30"). */
bool rules_format(enum schema_format format, const char *text, const char **ret_why);
/* Reads 2026, 2026-Q3, 2026-07 as days since 1970: first day and the day after the last. */
bool rules_period(const char *text, int64_t *ret_first_day, int64_t *ret_end_day);
/* The candidate nearest in spelling (Damerau-Levenshtein, at most 2 edits or a third of its length), for "did you mean"; NULL where none is near. */
const char *rules_nearest(const char *word, const char *const *candidates, size_t count);
