/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/resource/erase_text.h"

#include "common/base/limits.h"
#include "common/schema/value.h"

#include <stdio.h>

/* ---- words --------------------------------------------------------------------------------------------------------------------- */

static uint8_t fold(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static bool is_word(char byte)
{
	uint8_t folded = fold((uint8_t)byte);
	return (folded >= 'a' && folded <= 'z') || (folded >= '0' && folded <= '9') || folded >= 0x80;
}

/* Of the id of a resource. */
static bool is_id(char byte)
{
	return is_word(byte) || byte == '-' || byte == '_' || byte == '.';
}

/* Room for one more of `count` things. NULL without memory. */
static void *grow(struct arena *arena, void *list, size_t count, size_t *size, size_t each)
{
	if (count < *size) {
		return list;
	}
	size_t larger = *size ? *size * 2 : 16;
	void *grown = arena_calloc(arena, larger, each);
	if (grown && count > 0) {
		memcpy(grown, list, count * each);
	}
	*size = larger;
	return grown;
}

const char *erase_words_new_name(const struct erase_words *words, const char *from)
{
	for (size_t i = 0; i < words->names_count; i++) {
		if (strcmp(words->names[i].from, from) == 0) {
			return words->names[i].to;
		}
	}
	return NULL;
}

bool erase_words_add_name(struct erase_words *words, const char *from, const char *to)
{
	words->names = grow(words->arena, words->names, words->names_count, &words->names_size, sizeof *words->names);
	struct erase_name name = {arena_strdup(words->arena, from), arena_strdup(words->arena, to)};
	if (!words->names || !name.from || !name.to) {
		return false;
	}
	words->names[words->names_count++] = name;
	return true;
}

bool erase_words_add_text(struct erase_words *words, const char *text)
{
	size_t size = strlen(text);
	uint8_t *folded = arena_alloc(words->arena, size + 1);
	for (size_t i = 0; folded && i < size; i++) {
		folded[i] = fold((uint8_t)text[i]);
	}
	struct bytes bytes = {folded, size};
	for (size_t i = 0; folded && i < words->texts_count; i++) {
		if (bytes_equal(words->texts[i], bytes)) {
			return true;
		}
	}
	if (!folded || size < ERASE_TEXT_BYTES_MIN) {
		return folded != NULL;
	}
	words->texts = grow(words->arena, words->texts, words->texts_count, &words->texts_size, sizeof *words->texts);
	if (!words->texts) {
		return false;
	}
	/* The longest first: a full name before its part. */
	size_t at = words->texts_count++;
	for (; at > 0 && words->texts[at - 1].size < size; at--) {
		words->texts[at] = words->texts[at - 1];
	}
	words->texts[at] = bytes;
	return true;
}

static bool texts_occur(struct erase_words *words, struct bytes bytes)
{
	if (words->folded.size < bytes.size) {
		size_t size = bytes.size < LIMIT_RESOURCE_BYTES ? LIMIT_RESOURCE_BYTES : 2 * bytes.size;
		words->folded = (struct bytes){arena_alloc(words->arena, size), size};
	}
	uint8_t *folded = (uint8_t *)(uintptr_t)words->folded.data;
	if (!folded) {
		return false;
	}
	for (size_t i = 0; i < bytes.size; i++) {
		folded[i] = fold(bytes.data[i]);
	}
	for (size_t i = 0; i < words->texts_count; i++) {
		if (memmem(folded, bytes.size, words->texts[i].data, words->texts[i].size)) {
			return true;
		}
	}
	return false;
}

bool erase_words_occur(struct erase_words *words, struct bytes bytes, bool with_texts)
{
	for (size_t i = 0; i < words->names_count; i++) {
		if (memmem(bytes.data, bytes.size, words->names[i].from, strlen(words->names[i].from))) {
			return true;
		}
	}
	return with_texts && texts_occur(words, bytes);
}

/* The name that stands at `at`; NULL where none does. */
static const struct erase_name *name_at(const struct erase_words *words, const char *text, size_t at)
{
	if (at > 0 && (is_id(text[at - 1]) || text[at - 1] == '/')) {
		return NULL;
	}
	for (size_t i = 0; i < words->names_count; i++) {
		size_t size = strlen(words->names[i].from);
		const char *end = text + at + size;
		/* A full stop may end a sentence. */
		if (strncmp(text + at, words->names[i].from, size) == 0 && (!is_id(*end) || (*end == '.' && !is_id(end[1])))) {
			return &words->names[i];
		}
	}
	return NULL;
}

/* The size of the text that stands at `at`; 0 where none does. */
static size_t text_at(const struct erase_words *words, const char *text, size_t at, size_t left)
{
	for (size_t i = 0; i < words->texts_count; i++) {
		struct bytes sought = words->texts[i];
		size_t same = 0;
		while (same < sought.size && same < left && fold((uint8_t)text[at + same]) == sought.data[same]) {
			same++;
		}
		bool begins = at == 0 || !is_word(text[at - 1]) || !is_word(text[at]);
		if (same == sought.size && begins && (!is_word(text[at + same - 1]) || !is_word(text[at + same]))) {
			return same;
		}
	}
	return 0;
}

const char *erase_words_replace(const struct erase_words *words, const char *text, bool with_texts)
{
	struct buf out;
	size_t size = strlen(text), copied = 0;
	buf_init(&out, words->arena);
	for (size_t at = 0; at < size;) {
		const struct erase_name *name = name_at(words, text, at);
		size_t found = name ? strlen(name->from) : with_texts ? text_at(words, text, at, size - at) : 0;
		if (found == 0) {
			at++;
			continue;
		}
		buf_add(&out, text + copied, at - copied);
		buf_add_text(&out, name ? name->to : ERASE_MARK);
		at += found;
		copied = at;
	}
	if (copied == 0) {
		return text;
	}
	buf_add(&out, text + copied, size - copied);
	return out.failed ? NULL : buf_text(&out);
}

/* ---- messages ------------------------------------------------------------------------------------------------------------------ */

static bool is_nested(const struct schema_field *field)
{
	return field->message && (field->map || strncmp(field->message->name, "kam.v1.", 7) == 0);
}

/* The names of resources mean what they name, whatever words are in them. */
static bool may_mention(const struct schema_type *type, const struct schema_field *field)
{
	const struct schema_resource *resource = type->resource;
	bool is_name = resource && (field == resource->name || field == resource->creator || field == resource->uid);
	return !is_name && !field->rules.reference && !field->rules.secret;
}

/* What must be written in a certain way, or is a key, cannot have a mark in it. */
static bool may_mark(const struct schema_type *type, const struct schema_field *field)
{
	return !(type->map_entry && field->pb->id == 1) && field->rules.format == FORMAT_NONE;
}

/* One text of a message as it shall read; NULL without memory. */
static const char *rewrite_text(struct erase_rewrite *rewrite, const struct schema_type *type, const struct schema_field *field, const char *path,
                                const char *text)
{
	struct erase_words words = *rewrite->words; /* its names and texts, this arena */
	words.arena = rewrite->arena;
	const char *named = erase_words_replace(&words, text, false);
	rewrite->names += named && named != text;
	const char *marked = named && rewrite->mention && may_mention(type, field) ? erase_words_replace(&words, named, true) : named;
	if (!marked || marked == named) {
		return marked;
	}
	bool replaced = rewrite->replaces_texts && may_mark(type, field);
	rewrite->mention(rewrite->context, path, replaced);
	rewrite->texts += replaced;
	return replaced ? marked : named;
}

static bool rewrite_texts(struct erase_rewrite *rewrite, const struct schema_type *type, ProtobufCMessage *message, const struct schema_field *field,
                          const char *path)
{
	size_t count = value_count(message, field), altered = 0;
	struct value *values = arena_calloc(rewrite->arena, count + 1, sizeof *values);
	for (size_t i = 0; values && i < count; i++) {
		values[i] = value_get(message, field, i);
		const char *text = rewrite_text(rewrite, type, field, path, values[i].string);
		if (!text) {
			return false;
		}
		altered += text != values[i].string;
		values[i].string = text;
	}
	if (!values || altered == 0) {
		return values != NULL;
	}
	value_clear(message, field);
	return field->repeated ? value_append(message, field, values, count, rewrite->arena) : value_set(message, field, values[0], rewrite->arena);
}

static bool rewrite_fields(struct erase_rewrite *rewrite, const struct schema_type *type, ProtobufCMessage *message, const char *prefix)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		size_t count = value_count(message, field);
		if (count == 0 || (!is_nested(field) && field->pb->type != PROTOBUF_C_TYPE_STRING)) {
			continue;
		}
		const char *path = type->map_entry ? prefix : arena_printf(rewrite->arena, "%s%s%s", prefix, *prefix ? "." : "", field->name);
		if (!path || (!is_nested(field) && !rewrite_texts(rewrite, type, message, field, path))) {
			return false;
		}
		for (size_t k = 0; is_nested(field) && k < count; k++) {
			if (!rewrite_fields(rewrite, field->message, (ProtobufCMessage *)(uintptr_t)value_get(message, field, k).message, path)) {
				return false;
			}
		}
	}
	return true;
}

bool erase_rewrite_message(struct erase_rewrite *rewrite, const struct schema_type *type, ProtobufCMessage *message)
{
	return rewrite_fields(rewrite, type, message, "");
}

bool erase_empty(const struct schema_resource *resource, ProtobufCMessage *message, struct arena *arena)
{
	const struct schema_type *type = resource->type;
	message->n_unknown_fields = 0;
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool kept = field == resource->name || field == resource->uid || field == resource->create_time || field == resource->update_time ||
		            field == resource->delete_time || field == resource->creator || field->rules.person;
		bool text = field->pb->type == PROTOBUF_C_TYPE_STRING && !field->rules.reference && field->rules.format == FORMAT_NONE;
		if (kept || (field->rules.required && !text)) {
			continue;
		}
		value_clear(message, field);
		if (field->rules.required && !value_set(message, field, (struct value){.kind = VALUE_STRING, .string = ERASE_MARK}, arena)) {
			return false;
		}
	}
	return true;
}
