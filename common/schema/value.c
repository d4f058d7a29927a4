/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields by their protobuf-c descriptors. What tells whether a field is set differs: a oneof (and every proto3 `optional`, which protobuf-c
 * makes a oneof of one) has its case number, a proto2 optional scalar its has_ flag, a repeated field its count, strings and messages
 * their pointer; a plain proto3 scalar is set where it is not zero. This must agree with what protobuf_c_message_pack writes.
 */
#include "common/schema/value.h"

#include "common/schema/path.h"

#include <assert.h>
#include <kam/v1/standard.pb-c.h>
#include <math.h>
#include <stdlib.h>
#include <utf8proc.h>

static const void *member_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *pb)
{
	return (const uint8_t *)message + pb->offset;
}

static const void *quantifier_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *pb)
{
	return (const uint8_t *)message + pb->quantifier_offset;
}

static size_t element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

static struct value load(const void *member, ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return (struct value){.kind = VALUE_INT, .integer = *(const int32_t *)member};
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return (struct value){.kind = VALUE_INT, .integer = *(const int64_t *)member};
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return (struct value){.kind = VALUE_UINT, .unsigned_integer = *(const uint32_t *)member};
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return (struct value){.kind = VALUE_UINT, .unsigned_integer = *(const uint64_t *)member};
	case PROTOBUF_C_TYPE_FLOAT:
		return (struct value){.kind = VALUE_DOUBLE, .number = (double)*(const float *)member};
	case PROTOBUF_C_TYPE_DOUBLE:
		return (struct value){.kind = VALUE_DOUBLE, .number = *(const double *)member};
	case PROTOBUF_C_TYPE_BOOL:
		return (struct value){.kind = VALUE_BOOL, .boolean = *(const protobuf_c_boolean *)member != 0};
	case PROTOBUF_C_TYPE_ENUM:
		return (struct value){.kind = VALUE_ENUM, .integer = *(const int32_t *)member};
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(char *const *)member;
		return (struct value){.kind = VALUE_STRING, .string = text ? text : ""};
	}
	case PROTOBUF_C_TYPE_BYTES: {
		const ProtobufCBinaryData *data = member;
		return (struct value){.kind = VALUE_BYTES, .bytes = {data->data, data->len}};
	}
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessage *message = *(ProtobufCMessage *const *)member;
		return (struct value){.kind = message ? VALUE_MESSAGE : VALUE_UNSET, .message = message};
	}
	}
	return (struct value){.kind = VALUE_UNSET};
}

static bool is_zero(struct value value)
{
	switch (value.kind) {
	case VALUE_BOOL:
		return !value.boolean;
	case VALUE_INT:
	case VALUE_ENUM:
		return value.integer == 0;
	case VALUE_UINT:
		return value.unsigned_integer == 0;
	case VALUE_DOUBLE:
		/* -0.0 too: so does protobuf-c's packing. */
		return fpclassify(value.number) == FP_ZERO;
	case VALUE_STRING:
		return value.string[0] == '\0';
	case VALUE_BYTES:
		return value.bytes.size == 0;
	default:
		return value.kind == VALUE_UNSET;
	}
}

static bool has_pointer(const ProtobufCFieldDescriptor *pb)
{
	return pb->type == PROTOBUF_C_TYPE_STRING || pb->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* Strings and messages whose presence counts: a shared default is no value, however it got there (protobuf-c compares pointers). */
static bool pointer_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *pb)
{
	const void *pointer = *(void *const *)member_of(message, pb);
	return pointer && pointer != pb->default_value;
}

static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *pb)
{
	if (pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		return *(const uint32_t *)quantifier_of(message, pb) == pb->id && (!has_pointer(pb) || pointer_is_set(message, pb));
	}
	switch (pb->label) {
	case PROTOBUF_C_LABEL_REQUIRED:
		return true;
	case PROTOBUF_C_LABEL_OPTIONAL:
		return has_pointer(pb) ? pointer_is_set(message, pb) : *(const protobuf_c_boolean *)quantifier_of(message, pb) != 0;
	default:
		return !is_zero(load(member_of(message, pb), pb->type));
	}
}

static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *pb)
{
	return pb->label == PROTOBUF_C_LABEL_REPEATED ? *(const size_t *)quantifier_of(message, pb) : is_set(message, pb);
}

static struct value element_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *pb, size_t index)
{
	if (pb->label == PROTOBUF_C_LABEL_REPEATED) {
		const uint8_t *elements = *(uint8_t *const *)member_of(message, pb);
		return index < count_of(message, pb) ? load(elements + index * element_size(pb->type), pb->type)
		                                     : (struct value){.kind = VALUE_UNSET};
	}
	bool plain = pb->label == PROTOBUF_C_LABEL_NONE && !(pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
	if (index > 0 || (!plain && !is_set(message, pb))) {
		return (struct value){.kind = VALUE_UNSET};
	}
	return load(member_of(message, pb), pb->type);
}

size_t value_count(const ProtobufCMessage *message, const struct schema_field *field)
{
	return count_of(message, field->pb);
}

struct value value_get(const ProtobufCMessage *message, const struct schema_field *field, size_t index)
{
	return element_of(message, field->pb, index);
}

/* ---- setting --------------------------------------------------------------------------------------------------------------- */

/* Narrowing was the reader's to check; a number that does not fit here is a fault of ours. */
static void store_number(void *member, ProtobufCType type, struct value value)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_ENUM:
		assert((value.kind == VALUE_INT || value.kind == VALUE_ENUM) && value.integer >= INT32_MIN && value.integer <= INT32_MAX);
		*(int32_t *)member = (int32_t)value.integer;
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		assert(value.kind == VALUE_INT);
		*(int64_t *)member = value.integer;
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		assert(value.kind == VALUE_UINT && value.unsigned_integer <= UINT32_MAX);
		*(uint32_t *)member = (uint32_t)value.unsigned_integer;
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		assert(value.kind == VALUE_UINT);
		*(uint64_t *)member = value.unsigned_integer;
		return;
	case PROTOBUF_C_TYPE_FLOAT:
		assert(value.kind == VALUE_DOUBLE);
		*(float *)member = (float)value.number;
		return;
	case PROTOBUF_C_TYPE_DOUBLE:
		assert(value.kind == VALUE_DOUBLE);
		*(double *)member = value.number;
		return;
	default:
		assert(type == PROTOBUF_C_TYPE_BOOL && value.kind == VALUE_BOOL);
		*(protobuf_c_boolean *)member = value.boolean;
	}
}

static bool store(void *member, ProtobufCType type, struct value value, struct arena *arena)
{
	if (type == PROTOBUF_C_TYPE_STRING) {
		assert(value.kind == VALUE_STRING);
		/* Copied even where it is empty: the shared empty string means "unset" to protobuf-c. */
		char *copy = arena_strdup(arena, value.string);
		*(char **)member = copy ? copy : *(char **)member;
		return copy;
	}
	if (type == PROTOBUF_C_TYPE_BYTES) {
		assert(value.kind == VALUE_BYTES);
		uint8_t *copy = arena_memdup(arena, value.bytes.data, value.bytes.size);
		if (copy) {
			*(ProtobufCBinaryData *)member = (ProtobufCBinaryData){value.bytes.size, copy};
		}
		return copy;
	}
	if (type == PROTOBUF_C_TYPE_MESSAGE) {
		assert(value.kind == VALUE_MESSAGE);
		*(ProtobufCMessage **)member = (ProtobufCMessage *)(uintptr_t)value.message;
		return true;
	}
	store_number(member, type, value);
	return true;
}

bool value_append(ProtobufCMessage *message, const struct schema_field *field, const struct value *values, size_t count, struct arena *arena)
{
	const ProtobufCFieldDescriptor *pb = field->pb;
	size_t *quantifier = (size_t *)(uintptr_t)quantifier_of(message, pb);
	uint8_t **member = (uint8_t **)(uintptr_t)member_of(message, pb);
	size_t size = element_size(pb->type), before = *quantifier;
	uint8_t *elements = arena_calloc(arena, before + count, size);
	if (!elements) {
		return false;
	}
	if (before > 0) {
		memcpy(elements, *member, before * size);
	}
	for (size_t i = 0; i < count; i++) {
		if (!store(elements + (before + i) * size, pb->type, values[i], arena)) {
			return false;
		}
	}
	*member = elements;
	*quantifier = before + count;
	return true;
}

bool value_set(ProtobufCMessage *message, const struct schema_field *field, struct value value, struct arena *arena)
{
	const ProtobufCFieldDescriptor *pb = field->pb;
	if (field->repeated) {
		return value_append(message, field, &value, 1, arena);
	}
	if ((pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *(const uint32_t *)quantifier_of(message, pb) != pb->id) {
		/* The union holds another member's value, which must not be read as this one's. */
		memset((uint8_t *)message + pb->offset, 0, element_size(pb->type));
	}
	if (!store((uint8_t *)message + pb->offset, pb->type, value, arena)) {
		return false;
	}
	if (pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		*(uint32_t *)(uintptr_t)quantifier_of(message, pb) = pb->id;
	} else if (pb->label == PROTOBUF_C_LABEL_OPTIONAL && !has_pointer(pb)) {
		*(protobuf_c_boolean *)(uintptr_t)quantifier_of(message, pb) = 1;
	}
	return true;
}

void value_clear(ProtobufCMessage *message, const struct schema_field *field)
{
	const ProtobufCFieldDescriptor *pb = field->pb;
	void *member = (uint8_t *)message + pb->offset;
	if (pb->label == PROTOBUF_C_LABEL_REPEATED) {
		*(size_t *)(uintptr_t)quantifier_of(message, pb) = 0;
		*(void **)member = NULL;
		return;
	}
	if (pb->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		uint32_t *which = (uint32_t *)(uintptr_t)quantifier_of(message, pb);
		if (*which == pb->id) {
			*which = 0;
			memset(member, 0, element_size(pb->type));
		}
		return;
	}
	if (pb->label == PROTOBUF_C_LABEL_OPTIONAL && !has_pointer(pb)) {
		*(protobuf_c_boolean *)(uintptr_t)quantifier_of(message, pb) = 0;
	}
	memset(member, 0, element_size(pb->type));
	if (has_pointer(pb) && pb->default_value) {
		*(const void **)member = pb->default_value;
	}
}

/* ---- order ----------------------------------------------------------------------------------------------------------------- */

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static int compare_doubles(double a, double b)
{
	/* NaN before all numbers: an order must be total. */
	if (isnan(a) || isnan(b)) {
		return (isnan(b) != 0) < (isnan(a) != 0) ? -1 : (isnan(b) != 0) > (isnan(a) != 0);
	}
	return (a > b) - (a < b);
}

static int compare_money(const Kam__V1__Money *a, const Kam__V1__Money *b)
{
	if (a->units != b->units) {
		return a->units < b->units ? -1 : 1;
	}
	if (a->nanos != b->nanos) {
		return a->nanos < b->nanos ? -1 : 1;
	}
	return sign(strcmp(a->currency_code, b->currency_code));
}

/* Field by field in the order of their numbers, which is by amount for Timestamp and Duration. */
static int compare_messages(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	const ProtobufCMessageDescriptor *pb = a->descriptor;
	if (pb != b->descriptor) {
		return sign(strcmp(pb->name, b->descriptor->name));
	}
	if (pb == &kam__v1__money__descriptor) {
		return compare_money((const Kam__V1__Money *)a, (const Kam__V1__Money *)b);
	}
	for (unsigned i = 0; i < pb->n_fields; i++) {
		size_t count_a = count_of(a, &pb->fields[i]), count_b = count_of(b, &pb->fields[i]);
		size_t most = count_a > count_b ? count_a : count_b;
		/* Index 0 of a plain scalar reads as its zero where it is unset. */
		for (size_t j = 0; j == 0 || j < most; j++) {
			int order = value_compare(element_of(a, &pb->fields[i], j), element_of(b, &pb->fields[i], j));
			if (order != 0) {
				return order;
			}
		}
	}
	return 0;
}

int value_compare(struct value a, struct value b)
{
	if (a.kind != b.kind) {
		return a.kind < b.kind ? -1 : 1;
	}
	switch (a.kind) {
	case VALUE_BOOL:
		return a.boolean - b.boolean;
	case VALUE_INT:
	case VALUE_ENUM:
		return (a.integer > b.integer) - (a.integer < b.integer);
	case VALUE_UINT:
		return (a.unsigned_integer > b.unsigned_integer) - (a.unsigned_integer < b.unsigned_integer);
	case VALUE_DOUBLE:
		return compare_doubles(a.number, b.number);
	case VALUE_STRING:
		return sign(strcmp(a.string, b.string));
	case VALUE_BYTES:
		return sign(bytes_compare(a.bytes, b.bytes));
	case VALUE_MESSAGE:
		return compare_messages(a.message, b.message);
	default:
		return 0;
	}
}

/* ---- paths ----------------------------------------------------------------------------------------------------------------- */

static const struct schema_field *find_part(const struct schema_type *type, const char *part, size_t size)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		if ((strncmp(field->name, part, size) == 0 && field->name[size] == '\0') ||
		    (strncmp(field->json_name, part, size) == 0 && field->json_name[size] == '\0')) {
			return field;
		}
	}
	return NULL;
}

static const ProtobufCMessage *find_entry(const struct schema_field *map, const ProtobufCMessage *message, const char *key, size_t size)
{
	char digits[32];
	for (size_t i = 0, count = message ? value_count(message, map) : 0; i < count; i++) {
		const ProtobufCMessage *entry = value_get(message, map, i).message;
		const char *text = entry_key(map, entry, digits);
		if (strncmp(text, key, size) == 0 && text[size] == '\0') {
			return entry;
		}
	}
	return NULL;
}

const struct schema_field *value_path(const struct schema_type *type, const ProtobufCMessage *message, const char *path,
                                      const ProtobufCMessage **ret_message, size_t *ret_bad)
{
	const struct schema_field *field = NULL;
	for (const char *part = path;;) {
		size_t size = strcspn(part, ".");
		field = type ? find_part(type, part, size) : NULL;
		if (!field) {
			*ret_bad = (size_t)(part - path);
			return NULL;
		}
		part += size;
		if (field->map && *part) {
			const struct schema_field *value = entry_value_field(field);
			/* Keys may hold dots where nothing can lie below the value. */
			size_t key_size = value->message ? strcspn(part + 1, ".") : strlen(part + 1);
			message = find_entry(field, message, part + 1, key_size);
			field = value;
			part += 1 + key_size;
		}
		if (*part == '\0') {
			break;
		}
		type = field->message;
		message = message && type && !field->repeated ? value_get(message, field, 0).message : NULL;
		part++;
	}
	if (ret_message) {
		*ret_message = message;
	}
	return field;
}

/* ---- folding --------------------------------------------------------------------------------------------------------------- */

const char *value_fold(const char *text, struct arena *arena)
{
	size_t size = strlen(text), ascii = 0;
	while (ascii < size && (uint8_t)text[ascii] < 0x80) {
		ascii++;
	}
	utf8proc_uint8_t *folded = ascii == size ? NULL : utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)text);
	if (folded) {
		char *copy = arena_strdup(arena, (const char *)folded);
		free(folded);
		return copy;
	}
	/* ASCII, which NFKC leaves alone; or bytes that are no UTF-8, of which the ASCII part is folded. */
	char *copy = arena_strdup(arena, text);
	for (char *c = copy; c && *c; c++) {
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	}
	return copy;
}
