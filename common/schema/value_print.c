/* SPDX-License-Identifier: Apache-2.0
 *
 * Values as one line of text. `pretty` is for people at a terminal, the other form for files that are read again.
 */
#include "common/base/clock.h"
#include "common/schema/enums.h"
#include "common/schema/known.h"
#include "common/schema/number.h"
#include "common/schema/path.h"

#include <inttypes.h>
#include <kam/v1/standard.pb-c.h>
#include <math.h>
#include <stdio.h>

/* What one printing carries. */
struct printer {
	struct buf *out;
	bool pretty;
	const char *separator;
};

static void print_field(const struct printer *printer, const ProtobufCMessage *message, const struct schema_field *field);

static void print_string(const struct printer *printer, const char *text)
{
	if (!printer->pretty) {
		buf_add_text(printer->out, text);
		return;
	}
	/* One line: what breaks it, or moves the cursor, becomes a blank. */
	for (; *text; text++) {
		buf_add_byte(printer->out, (uint8_t)*text < 0x20 || *text == 0x7f ? ' ' : (uint8_t)*text);
	}
}

static void print_double(const struct printer *printer, double value, bool single)
{
	char text[NUMBER_TEXT_BYTES];
	double rounded = round(value * 1e4) / 1e4;
	/* Very small and very large numbers keep their digits. */
	bool round_it = printer->pretty && fabs(value) < 1e11 && fabs(rounded) > 0;
	number_format(round_it ? rounded : value, single && !round_it, text);
	buf_add_text(printer->out, text);
}

/* Digits of the whole part, with commas between groups of three if pretty. */
static void print_whole(const struct printer *printer, uint64_t whole)
{
	char digits[24];
	int size = snprintf(digits, sizeof digits, "%" PRIu64, whole);
	for (int i = 0; i < size; i++) {
		if (printer->pretty && i > 0 && (size - i) % 3 == 0) {
			buf_add_byte(printer->out, ',');
		}
		buf_add_byte(printer->out, (uint8_t)digits[i]);
	}
}

/* The decimals, without zeros at the end past the `least` first. */
static void print_fraction(const struct printer *printer, uint32_t nanos, size_t least)
{
	char digits[16];
	size_t size = (size_t)snprintf(digits, sizeof digits, "%09" PRIu32, nanos);
	while (size > least && digits[size - 1] == '0') {
		size--;
	}
	if (size > 0) {
		buf_add_byte(printer->out, '.');
		buf_add(printer->out, digits, size);
	}
}

static void print_amount(const struct printer *printer, struct amount amount, size_t least_decimals)
{
	if (amount.whole < 0 || amount.nanos < 0) {
		buf_add_byte(printer->out, '-');
	}
	print_whole(printer, amount.whole < 0 ? 0 - (uint64_t)amount.whole : (uint64_t)amount.whole);
	print_fraction(printer, amount.nanos < 0 ? 0 - (uint32_t)amount.nanos : (uint32_t)amount.nanos, least_decimals);
}

/* Currencies without a minor unit in ISO 4217; the others are shown with two decimals at least. */
static size_t least_decimals_of(const char *currency)
{
	static const char without[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
	return strlen(currency) == 3 && strstr(without, currency) ? 0 : 2;
}

static void print_money(const struct printer *printer, const Kam__V1__Money *money)
{
	print_amount(printer, (struct amount){money->units, money->nanos}, least_decimals_of(money->currency_code));
	if (money->currency_code[0]) {
		buf_printf(printer->out, " %s", money->currency_code);
	}
}

static void print_figure(const struct printer *printer, const Kam__V1__Figure *figure)
{
	if (figure->_value_case == KAM__V1__FIGURE___VALUE_VALUE) {
		print_double(printer, figure->value, false);
	} else if (printer->pretty) {
		buf_add_text(printer->out, "undefined");
		if (figure->undefined_reason[0]) {
			buf_printf(printer->out, " (%s)", figure->undefined_reason);
		}
	}
}

static void print_timestamp(const struct printer *printer, struct amount amount)
{
	char text[CLOCK_TEXT_BYTES];
	if (!known_timestamp_valid(amount)) {
		buf_printf(printer->out, "%" PRId64, amount.whole);
		return;
	}
	clock_format(amount.whole, amount.nanos, text);
	buf_add_text(printer->out, text);
}

/* {kind: KEY, text: …}: the fields that are set. */
static void print_fields(const struct printer *printer, const struct schema_type *type, const ProtobufCMessage *message)
{
	const char *before = "{";
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if (value_count(message, field) > 0) {
			buf_printf(printer->out, "%s%s: ", before, field->name);
			print_field(printer, message, field);
			before = ", ";
		}
	}
	buf_add_text(printer->out, before[0] == '{' ? "{}" : "}");
}

static void print_message(const struct printer *printer, const struct schema_type *type, const ProtobufCMessage *message)
{
	const struct printer plain = {printer->out, false, ","};
	enum known known = known_kind(type);
	if (known == KNOWN_TIMESTAMP) {
		print_timestamp(printer, known_amount(type, message));
	} else if (known == KNOWN_DURATION) {
		print_amount(&plain, known_amount(type, message), 0);
		buf_add_byte(printer->out, 's');
	} else if (type->pb == &kam__v1__money__descriptor) {
		print_money(printer, (const Kam__V1__Money *)message);
	} else if (type->pb == &kam__v1__figure__descriptor) {
		print_figure(printer, (const Kam__V1__Figure *)message);
	} else if (known == KNOWN_FIELD_MASK) {
		print_field(&plain, message, &type->fields[0]);
	} else if (known == KNOWN_WRAPPER) {
		print_field(printer, message, &type->fields[0]);
	} else if (known == KNOWN_ANY) {
		print_string(printer, known_string(type, message, 1));
	} else {
		print_fields(printer, type, message);
	}
}

static void print_enum(const struct printer *printer, const struct schema_enum *enumeration, int64_t number)
{
	const struct schema_enum_value *value = enum_by_number(enumeration, number);
	const char *word = value ? enum_word(enumeration, value) : NULL;
	if (!word) {
		buf_printf(printer->out, "%" PRId64, number);
	} else if (number != 0 || strcmp(word, "UNSPECIFIED") != 0) {
		buf_add_text(printer->out, word);
	}
}

static void print_value(const struct printer *printer, const struct schema_field *field, struct value value)
{
	switch (value.kind) {
	case VALUE_BOOL:
		buf_add_text(printer->out, value.boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buf_printf(printer->out, "%" PRId64, value.integer);
		break;
	case VALUE_UINT:
		buf_printf(printer->out, "%" PRIu64, value.unsigned_integer);
		break;
	case VALUE_DOUBLE:
		print_double(printer, value.number, field->pb->type == PROTOBUF_C_TYPE_FLOAT);
		break;
	case VALUE_ENUM:
		print_enum(printer, field->enumeration, value.integer);
		break;
	case VALUE_STRING:
		print_string(printer, value.string);
		break;
	case VALUE_BYTES:
		for (size_t i = 0; i < value.bytes.size; i++) {
			buf_printf(printer->out, "%02x", value.bytes.data[i]);
		}
		break;
	case VALUE_MESSAGE:
		print_message(printer, field->message, value.message);
		break;
	case VALUE_UNSET:
		break;
	}
}

static void print_entry(const struct printer *printer, const struct schema_field *map, const ProtobufCMessage *entry)
{
	char digits[32];
	print_string(printer, entry_key(map, entry, digits));
	buf_add_byte(printer->out, '=');
	print_value(printer, entry_value_field(map), value_get(entry, entry_value_field(map), 0));
}

static void print_field(const struct printer *printer, const ProtobufCMessage *message, const struct schema_field *field)
{
	size_t count = field->repeated ? value_count(message, field) : 1;
	for (size_t i = 0; i < count; i++) {
		struct value value = value_get(message, field, i);
		if (i > 0) {
			buf_add_text(printer->out, printer->separator);
		}
		if (field->map && value.kind == VALUE_MESSAGE) {
			print_entry(printer, field, value.message);
		} else {
			print_value(printer, field, value);
		}
	}
}

const char *value_text(const ProtobufCMessage *message, const struct schema_field *field, bool pretty, const char *separator, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	const struct printer printer = {&out, pretty, separator};
	print_field(&printer, message, field);
	return buf_text(&out);
}
