/* SPDX-License-Identifier: Apache-2.0
 *
 * order.c - an order as a list of fields, and a message's key under it.
 *
 * Each field gives a byte that says whether it is there (what is absent comes first) and its value as an index would hold it. Texts end in two
 * zeros, and a zero inside becomes 00 ff: then no key is the beginning of another, and inverting the bytes of a field reverses its order exactly.
 */
#include "common/schema/filter.h"

#include "common/base/limits.h"
#include "common/schema/known.h"
#include "common/schema/path.h"

#include <stdio.h>
#include <strings.h>

struct order_item {
	struct route route;
	const struct schema_field *value_field; /* whose value is compared: of a map with a key, the entry's */
	bool descending;
};

struct order {
	size_t count;
	struct order_item items[LIMIT_ORDER_FIELDS];
};

/* ---- reading --------------------------------------------------------------------------------------------------------------- */

static bool fail_at(const char *text, size_t offset, struct status *st, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Columns count characters, from 1. Always false. */
static bool fail_at(const char *text, size_t offset, struct status *st, const char *format, ...)
{
	char what[STATUS_DESCRIPTION_BYTES];
	size_t column = 1;
	for (size_t i = 0; i < offset; i++) {
		column += ((unsigned char)text[i] & 0xC0) != 0x80;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	return status_field(st, "order_by", "column %zu: %s", column, what);
}

/* Sets item->value_field; false where values of the field have no order, or there may be many. */
static bool can_order(struct order_item *item)
{
	const struct route *route = &item->route;
	for (size_t i = 0; i < route->count; i++) {
		if (route->fields[i]->repeated && !route->keys[i]) {
			return false;
		}
	}
	const struct schema_field *last = route_last(route);
	item->value_field = last->map ? entry_value_field(last) : last;
	return !item->value_field->message || known_has_amount(known_of_field(item->value_field));
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

/* Moves over blanks; returns the size of what follows them up to a blank or comma. */
static size_t next_word(const char *text, size_t *at)
{
	*at += strspn(text + *at, " \t\r\n");
	return strcspn(text + *at, " \t\r\n,");
}

/* One "path [asc|desc]"; `*at` ends behind it and the blanks that follow. */
static bool read_item(const struct schema_type *type, const char *text, size_t *at, schema_groups groups, struct arena *arena,
                      struct order_item *item, struct status *st)
{
	struct route_fault fault;
	char excerpt[48];
	size_t size = next_word(text, at), start = *at;
	if (size == 0) {
		return fail_at(text, start, st, "expected a field name");
	}
	if (!route_find(type, text + start, size, groups, arena, &item->route, &fault)) {
		return fail_at(text, start + fault.offset, st, "%s", fault.text);
	}
	if (!can_order(item)) {
		text_excerpt(text + start, size, excerpt, sizeof excerpt);
		return fail_at(text, start, st, "%s cannot be sorted by; use a field with one value", excerpt);
	}
	*at += size;
	size = next_word(text, at);
	item->descending = is_word(text + *at, size, "desc");
	if (item->descending || is_word(text + *at, size, "asc")) {
		*at += size;
		size = next_word(text, at);
	}
	if (size > 0) {
		text_excerpt(text + *at, size, excerpt, sizeof excerpt);
		return fail_at(text, *at, st, "expected asc, desc or a comma, not %s", excerpt);
	}
	return true;
}

bool order_parse(const struct schema_type *type, const char *text, schema_groups groups, struct arena *arena, const struct order **ret_order,
                 struct status *st)
{
	struct order *order = arena_calloc(arena, 1, sizeof *order);
	size_t at = 0;
	if (!order) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "CALL_TOO_LARGE", "there is no memory left to read the order");
	}
	bool more = next_word(text, &at) > 0 || text[at] != '\0';
	while (more) {
		if (order->count == LIMIT_ORDER_FIELDS) {
			return fail_at(text, at, st, "at most %u fields can be sorted by", LIMIT_ORDER_FIELDS);
		}
		if (!read_item(type, text, &at, groups, arena, &order->items[order->count], st)) {
			return false;
		}
		order->count++;
		more = text[at] == ',';
		at += more;
	}
	*ret_order = order;
	return true;
}

bool order_is_empty(const struct order *order)
{
	return order->count == 0;
}

bool order_names(const struct order *order, const struct schema_field *field)
{
	bool found = false;
	for (size_t i = 0; i < order->count && !found; i++) {
		found = route_names(&order->items[i].route, field);
	}
	return found;
}

/* An index knows only fields that are set, so it is complete only where a field must be. */
const struct schema_field *order_index(const struct order *order, bool *ret_descending)
{
	if (order->count != 1 || order->items[0].route.count != 1) {
		return NULL;
	}
	const struct schema_field *field = order->items[0].route.fields[0];
	if (field->repeated || !field->rules.required || field->rules.index == INDEX_NONE || field->rules.index_id == 0) {
		return NULL;
	}
	*ret_descending = order->items[0].descending;
	return field;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static struct value find_entry(const struct schema_field *map, const ProtobufCMessage *message, const char *key)
{
	char text[32];
	for (size_t i = 0, count = value_count(message, map); i < count; i++) {
		const ProtobufCMessage *entry = value_get(message, map, i).message;
		if (strcmp(entry_key(map, entry, text), key) == 0) {
			return value_get(entry, entry_value_field(map), 0);
		}
	}
	return (struct value){.kind = VALUE_UNSET};
}

/* VALUE_UNSET where something on the way is absent. */
static struct value follow(const struct route *route, const ProtobufCMessage *message)
{
	struct value value = {.kind = VALUE_MESSAGE, .message = message};
	for (size_t i = 0; i < route->count && value.kind == VALUE_MESSAGE; i++) {
		if (route->keys[i]) {
			value = find_entry(route->fields[i], value.message, route->keys[i]);
		} else {
			value = value_get(value.message, route->fields[i], 0);
		}
	}
	return value;
}

/* Whether encoded values of the field differ in size. */
static bool is_text(const struct schema_field *field)
{
	return field->pb->type == PROTOBUF_C_TYPE_STRING || field->pb->type == PROTOBUF_C_TYPE_BYTES || known_of_field(field) == KNOWN_MONEY;
}

static void add_escaped(struct buf *key, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		buf_add_byte(key, text.data[i]);
		if (text.data[i] == 0) {
			buf_add_byte(key, 0xff);
		}
	}
	buf_add(key, "\0\0", 2);
}

static void add_item(struct buf *key, const struct order_item *item, const ProtobufCMessage *message)
{
	size_t start = key->size;
	struct value value = follow(&item->route, message);
	buf_add_byte(key, value.kind != VALUE_UNSET);
	if (value.kind != VALUE_UNSET) {
		struct bytes encoded = index_encode(item->value_field, value, key->arena);
		key->failed = key->failed || !encoded.data;
		if (is_text(item->value_field)) {
			add_escaped(key, encoded);
		} else {
			buf_add(key, encoded.data, encoded.size);
		}
	}
	for (size_t i = start; item->descending && !key->failed && i < key->size; i++) {
		key->data[i] = (uint8_t)~key->data[i];
	}
}

struct bytes order_key(const struct order *order, const ProtobufCMessage *message, struct arena *arena)
{
	struct buf key;
	buf_init(&key, arena);
	for (size_t i = 0; i < order->count; i++) {
		add_item(&key, &order->items[i], message);
	}
	return key.failed ? (struct bytes){NULL, 0} : buf_bytes(&key);
}
