/* SPDX-License-Identifier: Apache-2.0
 *
 * index.c - values as bytes that sort as the values do, the entries of a resource, and the range of an index that answers a filter.
 *
 * Fixed widths for numbers: the sign bit is flipped so that negative ones come first, doubles that are negative are inverted whole, NaN is all
 * zeros. Texts are cut at LIMIT_INDEX_VALUE_BYTES: a range is always checked again on the whole value, so it may be wider, never narrower.
 */
#include "common/schema/filter_tree.h"

#include "common/base/limits.h"

#include <math.h>

/* ---- values ---------------------------------------------------------------------------------------------------------------- */

static void add_big_endian(struct buf *buf, uint64_t value, unsigned size)
{
	for (unsigned i = size; i-- > 0;) {
		buf_add_byte(buf, (uint8_t)(value >> (8 * i)));
	}
}

static void add_int(struct buf *buf, int64_t value)
{
	add_big_endian(buf, (uint64_t)value ^ (UINT64_C(1) << 63), 8);
}

static void add_double(struct buf *buf, double value)
{
	/* Adding zero makes -0.0, which compares equal, the same bytes as 0.0. */
	double number = value + 0.0;
	uint64_t bits;
	memcpy(&bits, &number, sizeof bits);
	bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
	add_big_endian(buf, isnan(value) ? 0 : bits, 8);
}

static void add_amount(struct buf *buf, struct amount amount)
{
	add_int(buf, amount.whole);
	add_big_endian(buf, (uint32_t)amount.nanos ^ UINT32_C(0x80000000), 4);
}

static void add_message(struct buf *buf, const struct schema_field *field, const ProtobufCMessage *message)
{
	enum known known = known_of_field(field);
	if (!known_has_amount(known)) {
		return;
	}
	add_amount(buf, known_amount(field->message, message));
	if (known == KNOWN_MONEY) {
		buf_add_text(buf, known_string(field->message, message, 1));
	}
}

static void add_value(struct buf *buf, const struct schema_field *field, struct value value, bool fold)
{
	const char *text;
	switch (value.kind) {
	case VALUE_BOOL:
		buf_add_byte(buf, value.boolean);
		break;
	case VALUE_INT:
	case VALUE_ENUM:
		add_int(buf, value.integer);
		break;
	case VALUE_UINT:
		add_big_endian(buf, value.unsigned_integer, 8);
		break;
	case VALUE_DOUBLE:
		add_double(buf, value.number);
		break;
	case VALUE_STRING:
		text = fold ? value_fold(value.string, buf->arena) : value.string;
		buf_add_text(buf, text ? text : "");
		buf->failed = buf->failed || !text;
		break;
	case VALUE_BYTES:
		buf_add(buf, value.bytes.data, value.bytes.size);
		break;
	case VALUE_MESSAGE:
		add_message(buf, field, value.message);
		break;
	case VALUE_UNSET:
		break;
	}
}

/* What is in the buffer, cut; data NULL when the arena was full. */
static struct bytes finish(struct buf *buf)
{
	if (buf->failed) {
		return (struct bytes){NULL, 0};
	}
	if (buf->size > LIMIT_INDEX_VALUE_BYTES) {
		buf->size = LIMIT_INDEX_VALUE_BYTES;
	}
	/* An empty value has an address too. */
	return (struct bytes){buf->size > 0 ? buf->data : (const uint8_t *)"", buf->size};
}

struct bytes index_encode(const struct schema_field *field, struct value value, struct arena *arena)
{
	struct buf buf;
	char text[32];
	bool fold = field->rules.index == INDEX_FOLDED;
	buf_init(&buf, arena);
	if (field->map && value.kind == VALUE_MESSAGE) {
		const struct schema_field *value_field = entry_value_field(field);
		buf_add_text(&buf, entry_key(field, value.message, text));
		buf_add_byte(&buf, 0);
		add_value(&buf, value_field, value_get(value.message, value_field, 0), fold);
	} else {
		add_value(&buf, field, value, fold);
	}
	return finish(&buf);
}

/* ---- entries --------------------------------------------------------------------------------------------------------------- */

void index_entries(const struct schema_type *type, const ProtobufCMessage *message, struct arena *arena,
                   void (*emit)(void *context, uint32_t index_id, struct bytes value), void *context)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool indexed = field->rules.index != INDEX_NONE && field->rules.index_id != 0;
		bool holder = field->message && !field->repeated && known_of_field(field) == KNOWN_NONE;
		size_t count = indexed || holder ? value_count(message, field) : 0;
		for (size_t j = 0; indexed && j < count; j++) {
			struct bytes value = index_encode(field, value_get(message, field, j), arena);
			if (value.data) {
				emit(context, field->rules.index_id, value);
			}
		}
		if (holder && count > 0) {
			index_entries(field->message, value_get(message, field, 0).message, arena, emit, context);
		}
	}
}

/* ---- ranges ---------------------------------------------------------------------------------------------------------------- */

/* Only what an index holds can be found by it: elements that are set, of fields below singular messages. */
static bool is_indexed(const struct filter_node *node)
{
	const struct schema_field *last = route_last(&node->route);
	for (size_t i = 0; i + 1 < node->route.count; i++) {
		if (node->route.fields[i]->repeated) {
			return false;
		}
	}
	return last->rules.index != INDEX_NONE && last->rules.index_id != 0;
}

/* Whether a field that is not set, and so has no entry, fits the comparison. */
static bool fits_unset(const struct filter_node *node)
{
	const struct schema_field *field = route_last(&node->route);
	struct value zero = node->operand.value;
	if (field->repeated || field->has_presence) {
		return false;
	}
	zero.unsigned_integer = 0;
	if (zero.kind == VALUE_DOUBLE) {
		zero.number = 0;
	} else if (zero.kind == VALUE_STRING) {
		zero.string = "";
	}
	return filter_order_fits(node->op, filter_compare(field, zero, &node->operand));
}

static void add_key(struct buf *buf, const char *key)
{
	if (key) {
		buf_add_text(buf, key);
		buf_add_byte(buf, 0);
	}
}

/* The bytes of a boundary: the operand itself, or what follows every value that begins with it. */
static struct bytes boundary(const struct filter_node *node, const struct amount *amount, bool behind, struct arena *arena)
{
	const struct schema_field *field = route_last(&node->route);
	struct buf buf;
	buf_init(&buf, arena);
	add_key(&buf, node->route.keys[node->route.count - 1]);
	if (node->operand.value.kind == VALUE_MESSAGE) {
		add_amount(&buf, *amount);
	} else {
		add_value(&buf, field, node->operand.value, field->rules.index == INDEX_FOLDED);
	}
	struct bytes cut = finish(&buf);
	if (cut.data && behind) {
		/* 0xff follows any text, currency or nothing at all; it may stand past the cut, for a boundary is no entry. */
		buf_add_byte(&buf, node->operand.value.kind == VALUE_MESSAGE ? 0xff : 0);
		return buf.failed ? (struct bytes){NULL, 0} : buf_bytes(&buf);
	}
	return cut;
}

/* All entries of a map under one key, or all of an index. */
static bool key_range(const char *key, struct arena *arena, struct filter_range *range)
{
	struct buf low, high;
	buf_init(&low, arena);
	buf_init(&high, arena);
	if (!key) {
		range->low = (struct bytes){(const uint8_t *)"", 0};
		range->high = (struct bytes){NULL, 0};
		return true;
	}
	if (strlen(key) >= LIMIT_INDEX_VALUE_BYTES) {
		return false;
	}
	add_key(&low, key);
	buf_add_text(&high, key);
	buf_add_byte(&high, 1);
	range->low = buf_bytes(&low);
	range->high = buf_bytes(&high);
	return !low.failed && !high.failed;
}

static bool compare_range(const struct filter_node *node, struct arena *arena, struct filter_range *range)
{
	const struct schema_field *field = route_last(&node->route);
	const struct filter_operand *operand = &node->operand;
	bool text = operand->value.kind == VALUE_STRING;
	bool upper = node->op != OP_GREATER && node->op != OP_GREATER_EQUAL;
	bool lower = node->op != OP_LESS && node->op != OP_LESS_EQUAL;
	if (fits_unset(node)) {
		return false;
	}
	/* Folded texts sort otherwise than the texts that are compared. */
	if (text && field->rules.index == INDEX_FOLDED && node->op != OP_EQUAL) {
		return false;
	}
	if (!key_range(node->route.keys[node->route.count - 1], arena, range)) {
		return false;
	}
	if (lower) {
		range->low = boundary(node, &operand->amount, false, arena);
	}
	if (upper) {
		range->high = boundary(node, &operand->end, true, arena);
	}
	range->equality = node->op == OP_EQUAL && amount_compare(operand->amount, operand->end) == 0;
	return range->low.data && (!upper || range->high.data);
}

static bool node_range(const struct filter_node *node, struct arena *arena, struct filter_range *range)
{
	if (node->kind != FILTER_COMPARE || !is_indexed(node)) {
		return false;
	}
	const struct schema_field *field = route_last(&node->route);
	const char *key = node->route.keys[node->route.count - 1];
	*range = (struct filter_range){.field = field};
	if (node->op == OP_HAS_KEY) {
		return key_range(node->operand.value.string, arena, range);
	}
	/* Without a key this would be the whole index, which saves nothing. */
	if (node->op == OP_PRESENT || node->op == OP_CONTAINS || node->operand.parts) {
		return key && key_range(key, arena, range);
	}
	return compare_range(node, arena, range);
}

/* How few resources a range may be expected to hold: one value of many, one of a few, a stretch. */
static int rank_of(const struct filter_range *range)
{
	ProtobufCType type = range->field->pb->type;
	return !range->equality ? 1 : type == PROTOBUF_C_TYPE_ENUM || type == PROTOBUF_C_TYPE_BOOL ? 2 : 3;
}

/* Both bounds of one singular field narrow the range together. Of a list, each may be met by another element. */
static void narrow(struct filter_range *range, const struct filter_range *more)
{
	if (range->field != more->field || range->field->repeated) {
		return;
	}
	if (bytes_compare(more->low, range->low) > 0) {
		range->low = more->low;
	}
	if (more->high.data && (!range->high.data || bytes_compare(more->high, range->high) < 0)) {
		range->high = more->high;
	}
}

bool filter_range(const struct filter *filter, struct arena *arena, struct filter_range *ret_range)
{
	struct filter_range range;
	bool found = false;
	const struct filter_node *node = filter->root;
	const struct filter_node *end = NULL;
	if (node && node->kind == FILTER_AND) {
		node = node->child;
	} else if (node) {
		end = node->next;
	}
	for (; node != end; node = node->next) {
		if (!node_range(node, arena, &range)) {
			continue;
		}
		if (!found || rank_of(&range) > rank_of(ret_range)) {
			*ret_range = range;
			found = true;
		} else {
			narrow(ret_range, &range);
		}
	}
	return found;
}
