/* SPDX-License-Identifier: Apache-2.0
 *
 * filter_operand.c - the value of a comparison, read as the type of its field says.
 *
 * A day stands for all of itself: `create_time = 2026-09-30` is any moment of it, `>` is the next day or later, `<=` ends with it. So days
 * compare with times as they compare with days.
 */
#include "common/schema/filter_tree.h"

#include "common/base/clock.h"
#include "common/schema/enums.h"
#include "common/schema/number.h"
#include "common/schema/rules.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { EXCERPT_BYTES = 48, NUMBER_BYTES_MAX = 64 };

struct reader {
	struct filter_node *node;
	const char *name;                 /* as the user knows the field */
	const struct schema_field *field; /* whose type it is: of a map with a key, the entry's value */
	struct arena *arena;
	char *ret_why; /* STATUS_DESCRIPTION_BYTES */
};

static bool fail(const struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Always false. */
static bool fail(const struct reader *r, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(r->ret_why, STATUS_DESCRIPTION_BYTES, format, arguments);
	va_end(arguments);
	return false;
}

static bool fail_expected(const struct reader *r, const char *expected, const char *text)
{
	char excerpt[EXCERPT_BYTES];
	text_excerpt(text, strlen(text), excerpt, sizeof excerpt);
	return fail(r, "%s expects %s, not \"%s\"", r->name, expected, excerpt);
}

static bool fail_memory(const struct reader *r)
{
	return fail(r, "there is no memory left to read it");
}

/* ---- scalars --------------------------------------------------------------------------------------------------------------- */

static bool read_number(const struct reader *r, const char *text)
{
	struct value *value = &r->node->operand.value;
	enum number_fit fit;
	const char *expected = "a whole number";
	switch (value->kind) {
	case VALUE_INT:
		fit = number_int(text, INT64_MIN, INT64_MAX, &value->integer);
		break;
	case VALUE_UINT:
		fit = number_uint(text, UINT64_MAX, &value->unsigned_integer);
		expected = "a whole number from 0";
		break;
	default:
		/* A float field holds 0.1f, which is not the double 0.1. */
		fit = number_double(text, r->field->pb->type == PROTOBUF_C_TYPE_FLOAT, &value->number);
		expected = "a number";
		break;
	}
	return fit == NUMBER_FITS || fail_expected(r, expected, text);
}

static bool read_bool(const struct reader *r, const char *text)
{
	if (r->node->op != OP_EQUAL) {
		return fail(r, "%s is true or false; compare it with = or !=", r->name);
	}
	bool yes = strcasecmp(text, "true") == 0;
	r->node->operand.value.boolean = yes;
	return yes || strcasecmp(text, "false") == 0 || fail_expected(r, "true or false", text);
}

static bool read_enum(const struct reader *r, const char *text)
{
	struct value *value = &r->node->operand.value;
	const struct schema_enum *enumeration = r->field->enumeration;
	const struct schema_enum_value *known = enum_by_word(enumeration, text);
	if (known) {
		value->integer = known->number;
		return true;
	}
	if (number_int(text, INT32_MIN, INT32_MAX, &value->integer) == NUMBER_FITS) {
		return true;
	}
	char excerpt[EXCERPT_BYTES], words[96];
	text_excerpt(text, strlen(text), excerpt, sizeof excerpt);
	const char *nearest = enum_nearest(enumeration, text, false, r->arena);
	if (!nearest) {
		nearest = enum_nearest(enumeration, text, true, r->arena);
	}
	if (nearest) {
		return fail(r, "%s has no value %s; did you mean %s?", r->name, excerpt, nearest);
	}
	enum_words(enumeration, words, sizeof words);
	return fail(r, "%s has no value %s; use one of %s", r->name, excerpt, words);
}

/* Cuts a text at its stars into the pieces between them, folded if asked. An empty piece at an end leaves that end open. */
static bool cut_parts(struct filter_operand *operand, const char *text, bool fold, struct arena *arena)
{
	size_t count = 1;
	for (const char *p = text; *p; p++) {
		count += *p == '*';
	}
	const char **parts = arena_calloc(arena, count, sizeof *parts);
	for (size_t i = 0; parts && i < count; i++) {
		size_t size = strcspn(text, "*");
		char *part = arena_strndup(arena, text, size);
		parts[i] = part && fold ? value_fold(part, arena) : part;
		if (!parts[i]) {
			return false;
		}
		text += size + 1;
	}
	operand->parts = parts;
	operand->parts_count = count;
	return parts != NULL;
}

bool filter_operand_search(struct filter_operand *operand, const char *text, struct arena *arena)
{
	return cut_parts(operand, text, true, arena);
}

/* An element of a list is contained when it is equal; a string contains what stands anywhere in it. */
static bool read_string(const struct reader *r, const char *text)
{
	struct filter_operand *operand = &r->node->operand;
	if (r->node->op == OP_CONTAINS && !r->field->repeated) {
		return cut_parts(operand, text, true, r->arena) || fail_memory(r);
	}
	if (r->node->op == OP_CONTAINS) {
		r->node->op = OP_EQUAL;
	}
	const struct schema_rules *rules = &r->field->rules;
	const char *why;
	bool written = rules->format == FORMAT_DATE || rules->format == FORMAT_PERIOD; /* whose order is that of their text only when they are well formed */
	if (written && *text && !strchr(text, '*') && !rules_format(rules->format, text, &why)) {
		return fail_expected(r, why, text);
	}
	/* An id alone stands for the name: owner = jane. */
	bool id_alone = rules->reference && *text && !strpbrk(text, "/*") && strcmp(rules->reference, "*") != 0 && !strchr(rules->reference, '/');
	operand->value.string = id_alone ? arena_printf(r->arena, "%s/%s", rules->reference, text) : arena_strdup(r->arena, text);
	if (!operand->value.string) {
		return fail_memory(r);
	}
	if (r->node->op == OP_EQUAL && strchr(text, '*')) {
		return cut_parts(operand, text, false, r->arena) || fail_memory(r);
	}
	return true;
}

/* ---- amounts --------------------------------------------------------------------------------------------------------------- */

static bool read_time(const struct reader *r, const char *text)
{
	struct filter_operand *operand = &r->node->operand;
	int64_t days;
	if (clock_parse_date(text, &days)) {
		operand->amount = (struct amount){days * 86400, 0};
		operand->end = (struct amount){(days + 1) * 86400, 0};
		return true;
	}
	if (clock_parse(text, &operand->amount.whole, &operand->amount.nanos)) {
		operand->end = operand->amount;
		return true;
	}
	return fail_expected(r, "a time such as 2026-09-30T12:00:00Z or a day such as 2026-09-30", text);
}

/* The decimal at the start of a text; `ret_rest` is what stands behind it and blanks. */
static bool read_decimal(const char *text, struct amount *ret, const char **ret_rest)
{
	char number[NUMBER_BYTES_MAX];
	size_t size = strspn(text, "-0123456789.");
	if (size >= sizeof number) {
		return false;
	}
	memcpy(number, text, size);
	number[size] = '\0';
	*ret_rest = text + size + strspn(text + size, " ");
	return number_decimal(number, &ret->whole, &ret->nanos) == NUMBER_FITS;
}

static bool read_money(const struct reader *r, const char *text)
{
	struct filter_operand *operand = &r->node->operand;
	const char *rest;
	bool good = read_decimal(text, &operand->amount, &rest);
	operand->end = operand->amount;
	if (good && *rest == '\0') {
		return true;
	}
	if (!good || strlen(rest) != 3 || !isalpha((unsigned char)rest[0]) || !isalpha((unsigned char)rest[1]) || !isalpha((unsigned char)rest[2])) {
		return fail_expected(r, "an amount such as 1250.50 or \"1250.50 EUR\"", text);
	}
	char *currency = arena_strdup(r->arena, rest);
	if (!currency) {
		return fail_memory(r);
	}
	for (char *p = currency; *p; p++) {
		*p = (char)toupper((unsigned char)*p);
	}
	operand->currency = currency;
	return true;
}

static bool read_duration(const struct reader *r, const char *text)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	struct filter_operand *operand = &r->node->operand;
	const char *rest;
	struct amount read;
	bool good = read_decimal(text, &read, &rest) && strlen(rest) == 1 && llabs(read.whole) <= KNOWN_DURATION_SECONDS_MAX;
	for (size_t i = 0; good && i < sizeof units / sizeof units[0]; i++) {
		if (*rest == units[i].unit) {
			int64_t nanos = read.nanos * units[i].seconds;
			operand->amount = (struct amount){read.whole * units[i].seconds + nanos / 1000000000, (int32_t)(nanos % 1000000000)};
			operand->end = operand->amount;
			return true;
		}
	}
	return fail_expected(r, "a duration such as 90s, 15m, 12h or 7d", text);
}

static bool read_message(const struct reader *r, const char *text)
{
	const struct schema_type *type = r->field->message;
	switch (known_kind(type)) {
	case KNOWN_TIMESTAMP:
		return read_time(r, text);
	case KNOWN_DURATION:
		return read_duration(r, text);
	case KNOWN_MONEY:
		return read_money(r, text);
	default:
		return fail(r, "%s holds fields of its own; name one of them, as in %s.%s, or ask whether it is set with %s:*", r->name, r->name,
		            type->fields_count > 0 ? type->fields[0].name : "field", r->name);
	}
}

/* ---- by type --------------------------------------------------------------------------------------------------------------- */

/* A value of the kind that value_get gives for a field. */
static struct value blank_of(const struct schema_field *field)
{
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return (struct value){.kind = VALUE_BOOL};
	case PROTOBUF_C_TYPE_ENUM:
		return (struct value){.kind = VALUE_ENUM};
	case PROTOBUF_C_TYPE_STRING:
		return (struct value){.kind = VALUE_STRING};
	case PROTOBUF_C_TYPE_BYTES:
		return (struct value){.kind = VALUE_BYTES};
	case PROTOBUF_C_TYPE_MESSAGE:
		return (struct value){.kind = VALUE_MESSAGE};
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return (struct value){.kind = VALUE_DOUBLE};
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return (struct value){.kind = VALUE_UINT};
	default:
		return (struct value){.kind = VALUE_INT};
	}
}

static bool read_value(const struct reader *r, const char *text)
{
	struct value *value = &r->node->operand.value;
	*value = blank_of(r->field);
	if (value->kind != VALUE_STRING && r->node->op == OP_CONTAINS) {
		r->node->op = OP_EQUAL;
	}
	switch (value->kind) {
	case VALUE_STRING:
		return read_string(r, text);
	case VALUE_BOOL:
		return read_bool(r, text);
	case VALUE_ENUM:
		return read_enum(r, text);
	case VALUE_BYTES:
		return fail(r, "%s holds bytes, which cannot be compared; ask whether it is set with %s:*", r->name, r->name);
	case VALUE_MESSAGE:
		return read_message(r, text);
	default:
		return read_number(r, text);
	}
}

bool filter_operand_read(struct filter_node *node, const char *text, bool quoted, struct arena *arena, char *ret_why)
{
	const struct schema_field *field = route_last(&node->route);
	bool has_key = node->route.keys[node->route.count - 1] != NULL;
	struct reader r = {node, field->name, has_key ? entry_value_field(field) : field, arena, ret_why};
	if (node->op == OP_CONTAINS && !quoted && strcmp(text, "*") == 0) {
		node->op = OP_PRESENT;
		return true;
	}
	if (!field->map || has_key) {
		return read_value(&r, text);
	}
	if (node->op != OP_CONTAINS) {
		return fail(&r, "%s is a map; compare one of its values, as in %s.key = value, or ask for a key with %s:key", field->name, field->name,
		            field->name);
	}
	node->op = OP_HAS_KEY;
	node->operand.value.string = arena_strdup(arena, text);
	return node->operand.value.string || fail_memory(&r);
}
