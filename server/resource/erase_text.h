/* SPDX-License-Identifier: Apache-2.0
 *
 * erase_text.h - what an erasure looks for and puts in its place: names of resources, and texts that mean a person.
 *
 * A name is found where it stands whole, or with more below it: contacts/jane in "contacts/jane" and "contacts/jane/x", not in "contacts/jane-b". A text is
 * found in any case of its ASCII letters, and not inside a longer word. All live in the arena that the words were made in.
 */
#pragma once

#include "common/base/arena.h"
#include "common/schema/schema.h"

enum { ERASE_TEXT_BYTES_MIN = 3 };
#define ERASE_MARK "[erased]"

struct erase_name {
	const char *from, *to;
};
struct erase_words {
	struct arena *arena;
	struct erase_name *names;
	size_t names_count, names_size;
	struct bytes *texts; /* folded */
	size_t texts_count, texts_size;
	struct bytes folded; /* room for a text that is looked through */
};

/* The new name of a resource that is renamed itself; NULL where it is not. */
const char *erase_words_new_name(const struct erase_words *words, const char *from);
bool erase_words_add_name(struct erase_words *words, const char *from, const char *to);
/* Texts that are too short are passed over. */
bool erase_words_add_text(struct erase_words *words, const char *text);
/* Some of them may stand in the bytes: no more than a first look. False without memory, too: see the arena. */
bool erase_words_occur(struct erase_words *words, struct bytes bytes, bool with_texts);
/* The text with new names in it, and, `with_texts`, marks; the text itself where nothing is found. NULL without memory. */
const char *erase_words_replace(const struct erase_words *words, const char *text, bool with_texts);

/* ---- messages ---- */

/* Told of each field where a text stands. */
typedef void erase_mention(void *context, const char *path, bool replaced);
struct erase_rewrite {
	struct erase_words *words;
	struct arena *arena;
	bool replaces_texts;
	erase_mention *mention; /* may be NULL: texts are not looked for */
	void *context;
	size_t names, texts; /* replaced so far */
};
/* New names, and marks where they may be, in every text of a message. False without memory. */
bool erase_rewrite_message(struct erase_rewrite *rewrite, const struct schema_type *type, ProtobufCMessage *message);
/* Takes from a resource all but what tells that it was there: name, uid, times, creator, whom it is about, and what must be set. False without memory. */
bool erase_empty(const struct schema_resource *resource, ProtobufCMessage *message, struct arena *arena);
