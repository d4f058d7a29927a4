/* SPDX-License-Identifier: Apache-2.0
 *
 * known.h - the types that generic code treats as values of their own: google.protobuf's well-known ones, and Money.
 *
 * Threads: any. Private to common/schema.
 */
#pragma once

#include "common/schema/value.h"

enum known {
	KNOWN_NONE,
	KNOWN_TIMESTAMP,
	KNOWN_DURATION,
	KNOWN_MONEY,
	KNOWN_FIELD_MASK,
	KNOWN_ANY,
	KNOWN_EMPTY,
	KNOWN_WRAPPER, /* StringValue and so on: one field, "value" */
};

enum known known_kind(const struct schema_type *type);
/* KNOWN_NONE for NULL and for fields that hold no message. */
enum known known_of_field(const struct schema_field *field);

/* What Timestamp, Duration and Money have in common: an amount = whole + nanos / 10^9. */
struct amount {
	int64_t whole;
	int32_t nanos;
};

bool known_has_amount(enum known known);
struct amount known_amount(const struct schema_type *type, const ProtobufCMessage *message);
/* False when the arena is full. */
bool known_set_amount(const struct schema_type *type, ProtobufCMessage *message, struct amount amount, struct arena *arena);
int amount_compare(struct amount a, struct amount b);

/* The string of a field by number; "" where the type has no such string. */
const char *known_string(const struct schema_type *type, const ProtobufCMessage *message, uint32_t number);

/* Range of a Timestamp (years 1 to 9999) and of a Duration (10,000 years either way), in seconds. */
#define KNOWN_TIMESTAMP_SECONDS_MIN INT64_C(-62135596800)
#define KNOWN_TIMESTAMP_SECONDS_MAX INT64_C(253402300799)
#define KNOWN_DURATION_SECONDS_MAX INT64_C(315576000000)
bool known_timestamp_valid(struct amount amount);
bool known_duration_valid(struct amount amount);
/* whole and nanos lie on one side of zero, and nanos below a unit: of Duration and Money. */
bool amount_signs_agree(struct amount amount);
