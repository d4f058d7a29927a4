/* SPDX-License-Identifier: Apache-2.0
 *
 * rules.c - walks a message and holds each field against its rules.
 *
 * A field that is not set breaks only `required`: bounds and formats speak of values that someone gave. Lists longer than allowed are not
 * walked, so the work is bounded by the rules themselves.
 */
#include "common/schema/rules.h"

#include "common/base/limits.h"
#include "common/schema/enums.h"
#include "common/schema/known.h"
#include "common/schema/number.h"
#include "common/schema/path.h"

#include <math.h>
#include <stdio.h>

enum { MAP_KEY_BYTES_MAX = LIMIT_ID_BYTES };

struct check {
	bool required;
	struct status *st;
	bool failed;
};

static void check_message(struct check *c, const struct schema_type *type, const ProtobufCMessage *message, const struct trail *trail);

#define FAULT(c, trail, ...) ((void)trail_fail(trail, (c)->st, __VA_ARGS__), (c)->failed = true)

static void check_range(struct check *c, const struct schema_field *field, double number, const struct trail *trail)
{
	const struct schema_rules *rules = &field->rules;
	char low[NUMBER_TEXT_BYTES], high[NUMBER_TEXT_BYTES];
	if (!isfinite(number)) {
		FAULT(c, trail, "must be a finite number");
		return;
	}
	bool fits = (!rules->has_minimum || number >= rules->minimum) && (!rules->has_maximum || number <= rules->maximum);
	if (fits) {
		return;
	}
	number_format(rules->minimum, false, low);
	number_format(rules->maximum, false, high);
	if (rules->has_minimum && rules->has_maximum) {
		FAULT(c, trail, "must be from %s to %s", low, high);
	} else if (rules->has_minimum) {
		FAULT(c, trail, "must be at least %s", low);
	} else {
		FAULT(c, trail, "must be at most %s", high);
	}
}

static void check_size(struct check *c, const struct schema_field *field, size_t size, const struct trail *trail)
{
	if (field->rules.max_length > 0 && size > field->rules.max_length) {
		FAULT(c, trail, "is %zu bytes long; at most %u are allowed", size, field->rules.max_length);
	}
}

static void check_string(struct check *c, const struct schema_field *field, const char *text, const struct trail *trail)
{
	size_t size = strlen(text);
	const char *why;
	if (field->rules.max_length > 0 && size > field->rules.max_length) {
		check_size(c, field, size, trail);
	} else if (size > 0 && !rules_format(field->rules.format, text, &why)) {
		char excerpt[48];
		FAULT(c, trail, "must be %s, not \"%s\"", why, text_excerpt(text, size, excerpt, sizeof excerpt));
	}
}

static void check_enum(struct check *c, const struct schema_field *field, int64_t number, const struct trail *trail)
{
	char words[128];
	if (!enum_by_number(field->enumeration, number)) {
		enum_words(field->enumeration, words, sizeof words);
		FAULT(c, trail, "has no value %lld; use one of %s", (long long)number, words);
	}
}

/* `field` has the rules: for the values of a map it is the map, not the entry's value. */
static void check_value(struct check *c, const struct schema_field *field, const struct schema_field *value_field, struct value value,
                        const struct trail *trail)
{
	switch (value.kind) {
	case VALUE_INT:
		check_range(c, field, (double)value.integer, trail);
		break;
	case VALUE_UINT:
		check_range(c, field, (double)value.unsigned_integer, trail);
		break;
	case VALUE_DOUBLE:
		check_range(c, field, value.number, trail);
		break;
	case VALUE_ENUM:
		check_enum(c, value_field, value.integer, trail);
		break;
	case VALUE_STRING:
		check_string(c, field, value.string, trail);
		break;
	case VALUE_BYTES:
		check_size(c, field, value.bytes.size, trail);
		break;
	case VALUE_MESSAGE:
		check_message(c, value_field->message, value.message, trail);
		break;
	case VALUE_BOOL:
	case VALUE_UNSET:
		break;
	}
}

static void check_entry(struct check *c, const struct schema_field *map, const ProtobufCMessage *message, size_t index, const struct trail *trail)
{
	char text[32], excerpt[48];
	const ProtobufCMessage *entry = value_get(message, map, index).message;
	const char *key = entry_key(map, entry, text);
	size_t size = strlen(key);
	struct trail below = {trail, key, 0};
	if (size == 0) {
		FAULT(c, trail, "has an empty key");
	} else if (size > MAP_KEY_BYTES_MAX) {
		text_excerpt(key, size, excerpt, sizeof excerpt);
		FAULT(c, trail, "the key \"%s\" is %zu bytes long; at most %d are allowed", excerpt, size, MAP_KEY_BYTES_MAX);
	}
	const struct schema_field *value_field = entry_value_field(map);
	check_value(c, map, value_field, value_get(entry, value_field, 0), &below);
}

static void check_list(struct check *c, const struct schema_field *field, const ProtobufCMessage *message, size_t count, const struct trail *trail)
{
	if (field->rules.max_items > 0 && count > field->rules.max_items) {
		FAULT(c, trail, "has %zu items; at most %u are allowed", count, field->rules.max_items);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (field->map) {
			check_entry(c, field, message, i, trail);
		} else {
			struct trail item = {trail, NULL, i};
			check_value(c, field, field, value_get(message, field, i), &item);
		}
	}
}

static void check_field(struct check *c, const struct schema_field *field, const ProtobufCMessage *message, const struct trail *up)
{
	if (field->rules.output_only) {
		return;
	}
	struct trail trail = {up, field->name, 0};
	size_t count = value_count(message, field);
	struct value value = value_get(message, field, 0);
	if (count == 0 || (field->rules.required && value.kind == VALUE_STRING && value.string[0] == '\0' && !field->repeated)) {
		if (field->rules.required && c->required) {
			FAULT(c, &trail, "is required");
		}
	} else if (field->repeated) {
		check_list(c, field, message, count, &trail);
	} else {
		check_value(c, field, field, value, &trail);
	}
}

static void check_known(struct check *c, enum known known, const struct schema_type *type, const ProtobufCMessage *message, const struct trail *trail)
{
	struct amount amount = known_amount(type, message);
	if (known == KNOWN_TIMESTAMP && !known_timestamp_valid(amount)) {
		FAULT(c, trail, "must be a time in the years 1 to 9999");
	} else if (known == KNOWN_DURATION && !known_duration_valid(amount)) {
		FAULT(c, trail, "must be a duration of at most 10,000 years whose seconds and nanos have one sign");
	} else if (known == KNOWN_MONEY && !amount_signs_agree(amount)) {
		FAULT(c, trail, "units and nanos must have the same sign, and nanos be less than a unit");
	}
}

static void check_message(struct check *c, const struct schema_type *type, const ProtobufCMessage *message, const struct trail *trail)
{
	enum known known = known_kind(type);
	if (known_has_amount(known)) {
		check_known(c, known, type, message, trail);
	}
	/* The well-known types have no rules of kam; an Any's bytes are another type's business. */
	if (known != KNOWN_NONE && known != KNOWN_MONEY) {
		return;
	}
	for (size_t i = 0; i < type->fields_count; i++) {
		check_field(c, &type->fields[i], message, trail);
	}
}

bool rules_check(const struct schema_type *type, const ProtobufCMessage *message, const char *prefix, bool required, struct status *st)
{
	struct check c = {.required = required, .st = st};
	struct trail root = {NULL, prefix, 0};
	check_message(&c, type, message, prefix && *prefix ? &root : NULL);
	return !c.failed;
}
