/* SPDX-License-Identifier: Apache-2.0
 *
 * known.c - which types are special, and the amount inside those that are one.
 */
#include "common/schema/known.h"

enum { NANOS_PER_UNIT = 1000000000 };

enum known known_kind(const struct schema_type *type)
{
	static const struct {
		const char *name;
		enum known known;
	} rows[] = {
		{"Timestamp", KNOWN_TIMESTAMP}, {"Duration", KNOWN_DURATION},  {"FieldMask", KNOWN_FIELD_MASK}, {"Any", KNOWN_ANY},
		{"Empty", KNOWN_EMPTY},         {"DoubleValue", KNOWN_WRAPPER}, {"FloatValue", KNOWN_WRAPPER},   {"Int64Value", KNOWN_WRAPPER},
		{"UInt64Value", KNOWN_WRAPPER}, {"Int32Value", KNOWN_WRAPPER},  {"UInt32Value", KNOWN_WRAPPER},  {"BoolValue", KNOWN_WRAPPER},
		{"StringValue", KNOWN_WRAPPER}, {"BytesValue", KNOWN_WRAPPER},
	};
	static const char package[] = "google.protobuf.";
	if (strcmp(type->name, "kam.v1.Money") == 0) {
		return KNOWN_MONEY;
	}
	if (strncmp(type->name, package, sizeof package - 1) != 0) {
		return KNOWN_NONE;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (strcmp(type->name + sizeof package - 1, rows[i].name) == 0) {
			return rows[i].known;
		}
	}
	return KNOWN_NONE;
}

enum known known_of_field(const struct schema_field *field)
{
	return field && field->message ? known_kind(field->message) : KNOWN_NONE;
}

bool known_has_amount(enum known known)
{
	return known == KNOWN_TIMESTAMP || known == KNOWN_DURATION || known == KNOWN_MONEY;
}

/* Number of the field that holds the whole part; the nanos follow it. */
static uint32_t whole_number(const struct schema_type *type)
{
	return known_kind(type) == KNOWN_MONEY ? 2 : 1;
}

struct amount known_amount(const struct schema_type *type, const ProtobufCMessage *message)
{
	uint32_t whole = whole_number(type);
	return (struct amount){
		value_get(message, schema_field_by_number(type, whole), 0).integer,
		(int32_t)value_get(message, schema_field_by_number(type, whole + 1), 0).integer,
	};
}

bool known_set_amount(const struct schema_type *type, ProtobufCMessage *message, struct amount amount, struct arena *arena)
{
	uint32_t whole = whole_number(type);
	struct value first = {.kind = VALUE_INT, .integer = amount.whole};
	struct value second = {.kind = VALUE_INT, .integer = amount.nanos};
	return value_set(message, schema_field_by_number(type, whole), first, arena) &&
	       value_set(message, schema_field_by_number(type, whole + 1), second, arena);
}

int amount_compare(struct amount a, struct amount b)
{
	if (a.whole != b.whole) {
		return a.whole < b.whole ? -1 : 1;
	}
	return (a.nanos > b.nanos) - (a.nanos < b.nanos);
}

const char *known_string(const struct schema_type *type, const ProtobufCMessage *message, uint32_t number)
{
	struct value value = value_get(message, schema_field_by_number(type, number), 0);
	return value.kind == VALUE_STRING ? value.string : "";
}

bool amount_signs_agree(struct amount amount)
{
	if (amount.nanos <= -NANOS_PER_UNIT || amount.nanos >= NANOS_PER_UNIT) {
		return false;
	}
	return !(amount.whole > 0 && amount.nanos < 0) && !(amount.whole < 0 && amount.nanos > 0);
}

bool known_timestamp_valid(struct amount amount)
{
	return amount.whole >= KNOWN_TIMESTAMP_SECONDS_MIN && amount.whole <= KNOWN_TIMESTAMP_SECONDS_MAX && amount.nanos >= 0 &&
	       amount.nanos < NANOS_PER_UNIT;
}

bool known_duration_valid(struct amount amount)
{
	return amount.whole >= -KNOWN_DURATION_SECONDS_MAX && amount.whole <= KNOWN_DURATION_SECONDS_MAX && amount_signs_agree(amount);
}
