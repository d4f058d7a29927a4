/* SPDX-License-Identifier: Apache-2.0
 *
 * filter_match.c - holds a message against a filter.
 *
 * What is absent (a message that is not set, an optional scalar that is not given, a key that a map has not) compares with nothing: every
 * comparison of it is false, and so != is true. A scalar that cannot be absent reads as its default. Through lists, one element that fits is enough.
 * Text is folded in a scratch arena that only texts beyond ASCII ever fill.
 */
#include "common/schema/filter_tree.h"

#include "common/base/limits.h"

#include <ctype.h>

struct match {
	const struct filter *filter;
	struct arena scratch;
};

/* ---- text ------------------------------------------------------------------------------------------------------------------ */

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80) {
			return false;
		}
	}
	return true;
}

/* strstr with the case of the haystack ignored; the needle is lower case already. */
static const char *find_lower(const char *text, const char *needle)
{
	for (;; text++) {
		size_t i = 0;
		while (needle[i] && tolower((unsigned char)text[i]) == (unsigned char)needle[i]) {
			i++;
		}
		if (!needle[i]) {
			return text;
		}
		if (!*text) {
			return NULL;
		}
	}
}

/* All pieces one behind the other, anywhere in the text. */
static bool contains(struct match *m, const char *text, const struct filter_operand *operand)
{
	bool ascii = is_ascii(text);
	const char *at = text;
	if (!ascii) {
		arena_reset(&m->scratch);
		at = value_fold(text, &m->scratch);
	}
	for (size_t i = 0; at && i < operand->parts_count; i++) {
		at = ascii ? find_lower(at, operand->parts[i]) : strstr(at, operand->parts[i]);
		at = at ? at + strlen(operand->parts[i]) : NULL;
	}
	return at != NULL;
}

/* The pattern of the pieces from end to end, with anything between them. */
static bool fits_pattern(const char *text, const struct filter_operand *operand)
{
	const char *first = operand->parts[0], *last = operand->parts[operand->parts_count - 1];
	size_t size = strlen(text), first_size = strlen(first), last_size = strlen(last);
	if (size < first_size + last_size || memcmp(text, first, first_size) != 0 || memcmp(text + size - last_size, last, last_size) != 0) {
		return false;
	}
	const char *at = text + first_size, *end = text + size - last_size;
	for (size_t i = 1; i + 1 < operand->parts_count; i++) {
		size_t part_size = strlen(operand->parts[i]);
		at = memmem(at, (size_t)(end - at), operand->parts[i], part_size);
		if (!at) {
			return false;
		}
		at += part_size;
	}
	return true;
}

/* ---- one value ------------------------------------------------------------------------------------------------------------- */

static int compare_amount(const struct schema_field *field, const ProtobufCMessage *message, const struct filter_operand *operand)
{
	if (operand->currency && strcmp(known_string(field->message, message, 1), operand->currency) != 0) {
		return FILTER_UNORDERED;
	}
	struct amount amount = known_amount(field->message, message);
	if (amount_compare(amount, operand->amount) < 0) {
		return -1;
	}
	bool whole_day = amount_compare(operand->amount, operand->end) < 0;
	int order = amount_compare(amount, operand->end);
	return whole_day ? order >= 0 : order;
}

int filter_compare(const struct schema_field *field, struct value value, const struct filter_operand *operand)
{
	double a = value.number, b = operand->value.number;
	switch (value.kind) {
	case VALUE_UNSET:
		return FILTER_UNORDERED;
	case VALUE_MESSAGE:
		return compare_amount(field, value.message, operand);
	case VALUE_DOUBLE:
		return a < b ? -1 : a > b ? 1 : a == b ? 0 : FILTER_UNORDERED;
	default: {
		int order = value_compare(value, operand->value);
		return (order > 0) - (order < 0);
	}
	}
}

bool filter_order_fits(enum filter_op op, int order)
{
	switch (op) {
	case OP_EQUAL:
		return order == 0;
	case OP_LESS:
		return order == -1;
	case OP_LESS_EQUAL:
		return order == -1 || order == 0;
	case OP_GREATER:
		return order == 1;
	case OP_GREATER_EQUAL:
		return order == 0 || order == 1;
	default:
		return false;
	}
}

static bool value_fits(struct match *m, const struct filter_node *node, const struct schema_field *field, struct value value)
{
	if (node->op == OP_PRESENT) {
		return true;
	}
	if (node->op == OP_CONTAINS) {
		return value.kind == VALUE_STRING && contains(m, value.string, &node->operand);
	}
	if (node->operand.parts) {
		return value.kind == VALUE_STRING && fits_pattern(value.string, &node->operand);
	}
	return filter_order_fits(node->op, filter_compare(field, value, &node->operand));
}

/* ---- the way to it --------------------------------------------------------------------------------------------------------- */

static bool step_fits(struct match *m, const struct filter_node *node, size_t step, const ProtobufCMessage *message);

/* A value at the end of its step: the operand's, or the holder of the next step. */
static bool element_fits(struct match *m, const struct filter_node *node, size_t step, const struct schema_field *field, struct value value)
{
	if (step + 1 == node->route.count) {
		return value_fits(m, node, field, value);
	}
	return value.kind == VALUE_MESSAGE && step_fits(m, node, step + 1, value.message);
}

static bool map_fits(struct match *m, const struct filter_node *node, size_t step, const ProtobufCMessage *message)
{
	const struct schema_field *map = node->route.fields[step];
	const struct schema_field *value_field = entry_value_field(map);
	const char *key = node->op == OP_HAS_KEY ? node->operand.value.string : NULL;
	if (node->route.keys[step]) {
		key = node->route.keys[step];
	}
	char text[32];
	for (size_t i = 0, count = value_count(message, map); i < count; i++) {
		const ProtobufCMessage *entry = value_get(message, map, i).message;
		if (key && strcmp(entry_key(map, entry, text), key) != 0) {
			continue;
		}
		if (!node->route.keys[step] && step + 1 == node->route.count) {
			return true;
		}
		if (element_fits(m, node, step, value_field, value_get(entry, value_field, 0))) {
			return true;
		}
		if (key) {
			return false;
		}
	}
	return false;
}

static bool step_fits(struct match *m, const struct filter_node *node, size_t step, const ProtobufCMessage *message)
{
	const struct schema_field *field = node->route.fields[step];
	size_t count = value_count(message, field);
	if (field->map) {
		return map_fits(m, node, step, message);
	}
	if (field->repeated) {
		for (size_t i = 0; i < count; i++) {
			if (element_fits(m, node, step, field, value_get(message, field, i))) {
				return true;
			}
		}
		return false;
	}
	if (count == 0 && (field->has_presence || node->op == OP_PRESENT)) {
		return false;
	}
	return element_fits(m, node, step, field, value_get(message, field, 0));
}

/* ---- search ---------------------------------------------------------------------------------------------------------------- */

/* What the server made up means nothing to who searches: a few letters are in every uid. */
static bool is_searched(const struct match *m, const struct schema_type *type, const struct schema_field *field)
{
	const struct schema_resource *resource = type->resource;
	if (resource && (field == resource->uid || field == resource->etag)) {
		return false;
	}
	return field_visible(field, m->filter->groups) && known_of_field(field) != KNOWN_ANY;
}

static bool search_message(struct match *m, const struct filter_node *node, const struct schema_type *type, const ProtobufCMessage *message)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if ((field->pb->type != PROTOBUF_C_TYPE_STRING && !field->message) || !is_searched(m, type, field)) {
			continue;
		}
		size_t count = value_count(message, field);
		for (size_t j = 0; j < count; j++) {
			struct value value = value_get(message, field, j);
			if (value.kind == VALUE_STRING && contains(m, value.string, &node->operand)) {
				return true;
			}
			if (value.kind == VALUE_MESSAGE && search_message(m, node, field->message, value.message)) {
				return true;
			}
		}
	}
	return false;
}

/* ---- the tree -------------------------------------------------------------------------------------------------------------- */

/* As deep as the parentheses: LIMIT_FILTER_DEPTH. */
static bool node_fits(struct match *m, const struct filter_node *node, const ProtobufCMessage *message)
{
	switch (node->kind) {
	case FILTER_NOT:
		return !node_fits(m, node->child, message);
	case FILTER_COMPARE:
		return step_fits(m, node, 0, message);
	case FILTER_SEARCH:
		return search_message(m, node, m->filter->type, message);
	case FILTER_AND:
	case FILTER_OR:
		break;
	}
	bool one_is_enough = node->kind == FILTER_OR;
	for (const struct filter_node *child = node->child; child; child = child->next) {
		if (node_fits(m, child, message) == one_is_enough) {
			return one_is_enough;
		}
	}
	return !one_is_enough;
}

bool filter_matches(const struct filter *filter, const ProtobufCMessage *message)
{
	if (!filter->root) {
		return true;
	}
	struct match m = {.filter = filter};
	arena_init(&m.scratch, LIMIT_CALL_ARENA_BYTES);
	bool fits = node_fits(&m, filter->root, message);
	arena_done(&m.scratch);
	return fits;
}

bool filter_is_empty(const struct filter *filter)
{
	return filter->root == NULL;
}

static bool node_names(const struct filter_node *node, const struct schema_field *field)
{
	bool found = node->kind == FILTER_COMPARE && route_names(&node->route, field);
	for (const struct filter_node *child = node->child; child && !found; child = child->next) {
		found = node_names(child, field);
	}
	return found;
}

bool filter_names(const struct filter *filter, const struct schema_field *field)
{
	return filter->root && node_names(filter->root, field);
}
