/* SPDX-License-Identifier: Apache-2.0
 *
 * Values read from what people type: one switch over the field's type; the well-known types and Money have a form of their own.
 * value_print.c is the other way.
 */
#include "common/base/clock.h"
#include "common/schema/enums.h"
#include "common/schema/known.h"
#include "common/schema/number.h"
#include "common/schema/path.h"
#include "common/schema/wire.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

enum { EXCERPT_BYTES = 48 };

/* What one reading carries. */
struct reader {
	const struct schema_field *field;
	const char *name; /* that faults are told by: of a map or a wrapper, not of the "value" inside */
	struct arena *arena;
	struct status *st;
};

/* "'12x' is no whole number: write …" */
static bool refuse(const struct reader *reader, const char *text, const char *why)
{
	char excerpt[EXCERPT_BYTES];
	return status_field(reader->st, reader->name, "'%s' %s", text_excerpt(text, strlen(text), excerpt, sizeof excerpt), why);
}

static bool refuse_memory(const struct reader *reader)
{
	return status_fail(reader->st, STATUS_RESOURCE_EXHAUSTED, "", "there is no memory left for field %s", reader->name);
}

static bool read_number(const struct reader *reader, const char *text, struct value *ret_value)
{
	enum number_fit fit;
	switch (reader->field->pb->type) {
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		ret_value->kind = VALUE_DOUBLE;
		fit = number_double(text, reader->field->pb->type == PROTOBUF_C_TYPE_FLOAT, &ret_value->number);
		return fit == NUMBER_FITS || refuse(reader, text, fit == NUMBER_RANGE ? "is too large a number" : "is no number: write one such as 0.25");
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		ret_value->kind = VALUE_UINT;
		fit = number_uint(text, UINT32_MAX, &ret_value->unsigned_integer);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		ret_value->kind = VALUE_UINT;
		fit = number_uint(text, UINT64_MAX, &ret_value->unsigned_integer);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		ret_value->kind = VALUE_INT;
		fit = number_int(text, INT64_MIN, INT64_MAX, &ret_value->integer);
		break;
	default:
		ret_value->kind = VALUE_INT;
		fit = number_int(text, INT32_MIN, INT32_MAX, &ret_value->integer);
	}
	return fit == NUMBER_FITS || refuse(reader, text, fit == NUMBER_RANGE ? "is out of range" : "is no whole number: write one such as 42");
}

static bool read_enum(const struct reader *reader, const char *text, struct value *ret_value)
{
	const struct schema_enum_value *found = enum_by_word(reader->field->enumeration, text);
	if (!found) {
		char words[STATUS_DESCRIPTION_BYTES / 2], why[STATUS_DESCRIPTION_BYTES];
		enum_words(reader->field->enumeration, words, sizeof words);
		snprintf(why, sizeof why, "is none of %s", words);
		return refuse(reader, text, why);
	}
	*ret_value = (struct value){.kind = VALUE_ENUM, .integer = found->number};
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_bytes(const struct reader *reader, const char *text, struct value *ret_value)
{
	size_t size = strlen(text);
	uint8_t *bytes = arena_alloc(reader->arena, size / 2);
	if (!bytes) {
		return refuse_memory(reader);
	}
	for (size_t i = 0; i < size; i++) {
		int digit = hex_digit(text[i]);
		if (digit < 0 || size % 2 != 0) {
			return refuse(reader, text, "is no hexadecimal text: write two digits a byte");
		}
		bytes[i / 2] = (uint8_t)(i % 2 ? bytes[i / 2] << 4 | digit : digit);
	}
	*ret_value = (struct value){.kind = VALUE_BYTES, .bytes = {bytes, size / 2}};
	return true;
}

/* ---- reading messages ------------------------------------------------------------------------------------------------------ */

static bool read_timestamp(const char *text, struct amount *ret_amount)
{
	int64_t days;
	if (clock_parse_date(text, &days)) {
		*ret_amount = (struct amount){days * 86400, 0};
		return true;
	}
	return clock_parse(text, &ret_amount->whole, &ret_amount->nanos);
}

/* One "1.5h" off the front of `text`, added to `amount`. */
static bool read_span(const char **text, struct amount *amount)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char number[32];
	size_t size = strspn(*text, "0123456789.");
	int64_t whole;
	int32_t nanos;
	if (size == 0 || size >= sizeof number) {
		return false;
	}
	memcpy(number, *text, size);
	number[size] = '\0';
	if (number_decimal(number, &whole, &nanos) != NUMBER_FITS || whole > KNOWN_DURATION_SECONDS_MAX) {
		return false;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if ((*text)[size] == units[i].unit) {
			int64_t fraction = nanos * units[i].seconds + amount->nanos;
			amount->whole += whole * units[i].seconds + fraction / 1000000000;
			amount->nanos = (int32_t)(fraction % 1000000000);
			*text += size + 1;
			return amount->whole <= KNOWN_DURATION_SECONDS_MAX;
		}
	}
	return false;
}

static bool read_duration(const char *text, struct amount *ret_amount)
{
	bool negative = *text == '-';
	struct amount amount = {0, 0};
	text += negative;
	do {
		if (!read_span(&text, &amount)) {
			return false;
		}
	} while (*text);
	*ret_amount = negative ? (struct amount){-amount.whole, -amount.nanos} : amount;
	return known_duration_valid(*ret_amount);
}

/* Copies a number without its commas, which must stand before groups of three digits. */
static bool strip_commas(const char *text, size_t size, char *ret_text)
{
	size_t used = 0, group = 0;
	bool grouped = false, whole = true;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (c == ',') {
			if (!whole || (grouped ? group != 3 : group < 1 || group > 3)) {
				return false;
			}
			grouped = true;
			group = 0;
			continue;
		}
		if (c == '.' && grouped && group != 3) {
			return false;
		}
		whole = whole && c != '.';
		group += whole && isdigit((unsigned char)c);
		ret_text[used++] = c;
	}
	ret_text[used] = '\0';
	return !grouped || !whole || group == 3;
}

/* "1,234.50 EUR" or "EUR 1,234.50". */
static bool read_money(const char *text, struct amount *ret_amount, char *ret_currency)
{
	enum { AMOUNT_BYTES = 48, CURRENCY_BYTES = 3 };
	size_t first_size = strcspn(text, " ");
	const char *second = text + first_size + strspn(text + first_size, " ");
	bool currency_first = isalpha((unsigned char)text[0]);
	const char *currency = currency_first ? text : second;
	const char *amount = currency_first ? second : text;
	size_t amount_size = currency_first ? strlen(second) : first_size;
	size_t currency_size = currency_first ? first_size : strlen(second);
	char digits[AMOUNT_BYTES];
	if (currency_size != CURRENCY_BYTES || amount_size >= sizeof digits || !strip_commas(amount, amount_size, digits)) {
		return false;
	}
	for (size_t i = 0; i < CURRENCY_BYTES; i++) {
		if (!isalpha((unsigned char)currency[i])) {
			return false;
		}
		ret_currency[i] = (char)toupper((unsigned char)currency[i]);
	}
	ret_currency[CURRENCY_BYTES] = '\0';
	return number_decimal(digits, &ret_amount->whole, &ret_amount->nanos) == NUMBER_FITS;
}

static bool read_mask(const struct reader *reader, const char *text, ProtobufCMessage *message)
{
	const struct schema_field *paths = schema_field_by_number(reader->field->message, 1);
	while (*text) {
		size_t size = strcspn(text, ",");
		const char *path = arena_strndup(reader->arena, text, size);
		if (!path || (size > 0 && !value_set(message, paths, (struct value){.kind = VALUE_STRING, .string = path}, reader->arena))) {
			return refuse_memory(reader);
		}
		text += size + (text[size] == ',');
	}
	return true;
}

static bool read_amount(const struct reader *reader, enum known known, const char *text, ProtobufCMessage *message)
{
	const struct schema_type *type = reader->field->message;
	struct amount amount;
	char currency[4];
	if (known == KNOWN_TIMESTAMP && !read_timestamp(text, &amount)) {
		return refuse(reader, text, "is no time: write one such as 2026-09-30T14:00:00Z, or a day such as 2026-09-30");
	}
	if (known == KNOWN_DURATION && !read_duration(text, &amount)) {
		return refuse(reader, text, "is no duration: write one such as 90s, 1h30m or 2d");
	}
	if (known == KNOWN_MONEY && !read_money(text, &amount, currency)) {
		return refuse(reader, text, "is no amount of money: write one such as 12.50 EUR");
	}
	if (known == KNOWN_MONEY &&
	    !value_set(message, schema_field_by_number(type, 1), (struct value){.kind = VALUE_STRING, .string = currency}, reader->arena)) {
		return refuse_memory(reader);
	}
	return known_set_amount(type, message, amount, reader->arena) || refuse_memory(reader);
}

static bool read_into(const struct reader *reader, const char *text, ProtobufCMessage *message);

static bool read_message(const struct reader *reader, const char *text, struct value *ret_value)
{
	const struct schema_type *type = reader->field->message;
	enum known known = known_kind(type);
	ProtobufCMessage *message = schema_message_new(type, reader->arena);
	if (!message) {
		return refuse_memory(reader);
	}
	*ret_value = (struct value){.kind = VALUE_MESSAGE, .message = message};
	if (known_has_amount(known)) {
		return read_amount(reader, known, text, message);
	}
	if (known == KNOWN_FIELD_MASK) {
		return read_mask(reader, text, message);
	}
	if (known == KNOWN_WRAPPER) {
		const struct reader inside = {&type->fields[0], reader->name, reader->arena, reader->st};
		return read_into(&inside, text, message);
	}
	return refuse(reader, text, "cannot be read: the field has fields of its own, set those");
}

static bool read_value(const struct reader *reader, const char *text, struct value *ret_value)
{
	switch (reader->field->pb->type) {
	case PROTOBUF_C_TYPE_STRING:
		*ret_value = (struct value){.kind = VALUE_STRING, .string = text};
		return wire_text_valid(bytes_of(text)) || refuse(reader, text, "is no UTF-8 text");
	case PROTOBUF_C_TYPE_BOOL:
		*ret_value = (struct value){.kind = VALUE_BOOL, .boolean = strcasecmp(text, "true") == 0};
		return ret_value->boolean || strcasecmp(text, "false") == 0 || refuse(reader, text, "is neither true nor false");
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(reader, text, ret_value);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(reader, text, ret_value);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(reader, text, ret_value);
	default:
		return read_number(reader, text, ret_value);
	}
}

static bool read_into(const struct reader *reader, const char *text, ProtobufCMessage *message)
{
	struct value value = {.kind = VALUE_UNSET};
	return read_value(reader, text, &value) && (value_set(message, reader->field, value, reader->arena) || refuse_memory(reader));
}

static ProtobufCMessage *entry_of_key(const ProtobufCMessage *message, const struct schema_field *map, struct value key)
{
	const struct schema_field *key_field = schema_field_by_number(map->message, 1);
	for (size_t i = 0; i < value_count(message, map); i++) {
		const ProtobufCMessage *entry = value_get(message, map, i).message;
		if (value_compare(value_get(entry, key_field, 0), key) == 0) {
			return (ProtobufCMessage *)(uintptr_t)entry;
		}
	}
	return NULL;
}

/* "key=value": sets the entry of that key, or adds one. */
static bool read_entry(const struct reader *reader, const char *text, ProtobufCMessage *message)
{
	const struct schema_field *map = reader->field;
	const char *equals = strchr(text, '=');
	if (!equals) {
		return refuse(reader, text, "is no entry: write key=value");
	}
	const char *key_text = arena_strndup(reader->arena, text, (size_t)(equals - text));
	const struct reader key_reader = {schema_field_by_number(map->message, 1), reader->name, reader->arena, reader->st};
	const struct reader value_reader = {entry_value_field(map), reader->name, reader->arena, reader->st};
	struct value key;
	if (!key_text) {
		return refuse_memory(reader);
	}
	if (!read_value(&key_reader, key_text, &key)) {
		return false;
	}
	ProtobufCMessage *entry = entry_of_key(message, map, key);
	if (entry) {
		return read_into(&value_reader, equals + 1, entry);
	}
	entry = schema_message_new(map->message, reader->arena);
	if (!entry || !value_set(entry, key_reader.field, key, reader->arena)) {
		return refuse_memory(reader);
	}
	return read_into(&value_reader, equals + 1, entry) &&
	       (value_set(message, map, (struct value){.kind = VALUE_MESSAGE, .message = entry}, reader->arena) || refuse_memory(reader));
}

bool value_set_text(ProtobufCMessage *message, const struct schema_field *field, const char *text, struct arena *arena, struct status *st)
{
	const struct reader reader = {field, field->name, arena, st};
	return field->map ? read_entry(&reader, text, message) : read_into(&reader, text, message);
}
