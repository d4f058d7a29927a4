/* SPDX-License-Identifier: Apache-2.0
 *
 * enums.h - values of enums by number, by name and by the short word that people type. Threads: any.
 */
#pragma once

#include "common/schema/schema.h"

const struct schema_enum_value *enum_by_number(const struct schema_enum *enumeration, int64_t number);
/* Exactly as declared: PHASE_KEY. */
const struct schema_enum_value *enum_by_name(const struct schema_enum *enumeration, const char *name);
/* google.protobuf.NullValue, whose one value JSON writes as null. */
bool enum_is_null(const struct schema_enum *enumeration);
/* In any case, with the prefix or without: phase_key, KEY, key. */
const struct schema_enum_value *enum_by_word(const struct schema_enum *enumeration, const char *word);
/* The name without the enum's prefix: KEY. Points into the name. */
const char *enum_word(const struct schema_enum *enumeration, const struct schema_enum_value *value);
/* The word nearest in spelling, for "did you mean"; with `full` the whole name. NULL where none is near. */
const char *enum_nearest(const struct schema_enum *enumeration, const char *word, bool full, struct arena *arena);
/* "NONE, CANDIDATE, KEY" without the zero value that says nothing, cut with an ellipsis at `size` bytes. */
void enum_words(const struct schema_enum *enumeration, char *text, size_t size);
