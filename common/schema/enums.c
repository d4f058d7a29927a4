/* SPDX-License-Identifier: Apache-2.0
 *
 * enums.c - the prefix of an enum is what stands before UNSPECIFIED in its zero value (AIP-126).
 */
#include "common/schema/enums.h"

#include "common/schema/rules.h"

#include <stdio.h>
#include <strings.h>

static const char unspecified[] = "UNSPECIFIED";

static size_t prefix_size(const struct schema_enum *enumeration)
{
	const struct schema_enum_value *zero = enum_by_number(enumeration, 0);
	size_t size = zero ? strlen(zero->name) : 0;
	size_t tail = sizeof unspecified - 1;
	return size > tail && strcmp(zero->name + size - tail, unspecified) == 0 ? size - tail : 0;
}

const struct schema_enum_value *enum_by_number(const struct schema_enum *enumeration, int64_t number)
{
	for (size_t i = 0; i < enumeration->values_count; i++) {
		if (enumeration->values[i].number == number) {
			return &enumeration->values[i];
		}
	}
	return NULL;
}

const struct schema_enum_value *enum_by_name(const struct schema_enum *enumeration, const char *name)
{
	for (size_t i = 0; i < enumeration->values_count; i++) {
		if (strcmp(enumeration->values[i].name, name) == 0) {
			return &enumeration->values[i];
		}
	}
	return NULL;
}

bool enum_is_null(const struct schema_enum *enumeration)
{
	return strcmp(enumeration->name, "google.protobuf.NullValue") == 0;
}

const char *enum_word(const struct schema_enum *enumeration, const struct schema_enum_value *value)
{
	const struct schema_enum_value *zero = enum_by_number(enumeration, 0);
	size_t size = prefix_size(enumeration);
	bool has_prefix = size > 0 && strncmp(value->name, zero->name, size) == 0 && value->name[size] != '\0';
	return has_prefix ? value->name + size : value->name;
}

const struct schema_enum_value *enum_by_word(const struct schema_enum *enumeration, const char *word)
{
	for (size_t i = 0; i < enumeration->values_count; i++) {
		const struct schema_enum_value *value = &enumeration->values[i];
		if (strcasecmp(value->name, word) == 0 || strcasecmp(enum_word(enumeration, value), word) == 0) {
			return value;
		}
	}
	return NULL;
}

const char *enum_nearest(const struct schema_enum *enumeration, const char *word, bool full, struct arena *arena)
{
	const char **names = arena_calloc(arena, enumeration->values_count, sizeof *names);
	if (!names) {
		return NULL;
	}
	for (size_t i = 0; i < enumeration->values_count; i++) {
		names[i] = full ? enumeration->values[i].name : enum_word(enumeration, &enumeration->values[i]);
	}
	return rules_nearest(word, names, enumeration->values_count);
}

void enum_words(const struct schema_enum *enumeration, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < enumeration->values_count; i++) {
		const char *word = enum_word(enumeration, &enumeration->values[i]);
		if (enumeration->values[i].number == 0 && strcmp(word, unspecified) == 0) {
			continue;
		}
		const char *separator = used > 0 ? ", " : "";
		if (used + strlen(separator) + strlen(word) + sizeof ", \xE2\x80\xA6" > size) {
			snprintf(text + used, size - used, "%s\xE2\x80\xA6", separator);
			return;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%s", separator, word);
	}
}
