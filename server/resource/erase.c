/* SPDX-License-Identifier: Apache-2.0
 *
 * Erase: a person is taken out of the present and of every past state, in one commit.
 *
 * First the names: the person gets a new one, and so does every resource about them, or with their id in its own name. Then every record of the log, and
 * every state in history, in which one of the names or of the texts that mean them stands. Each is read as it was, rewritten, and handed to the store as an
 * amendment; whatever of it is current becomes a change of the erasure's own record as well, so that watches see it. Nothing is written before all is known.
 */
#include "common/base/name.h"
#include "common/schema/value.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/standard.pb-c.h"
#include "server/resource/changes.h"
#include "server/resource/engine.h"
#include "server/resource/erase_text.h"

#include <sodium.h>
#include <stdio.h>

#define KEPT_BYTES_MAX (LIMIT_CALL_ARENA_BYTES / 8 * 5) /* of states that are rewritten: what else the call keeps has the rest */

enum { ID_RANDOM_BYTES = 6, ROUNDS_MAX = 8, MENTIONS_MAX = 1000, KEPT_EACH_BYTES = 512 /* of an amendment: its names, its places in lists */ };

struct erasure {
	struct call *call;
	const Kam__V1__EraseRequest *request;
	struct erase_words words;    /* of resources */
	struct erase_words note_words; /* of the record: the id alone as well, where it is one that people sign in with */
	struct arena scratch;
	char seen[LIMIT_NAME_BYTES + 1]; /* name of the row before, while searching */
	bool renamed;                /* another, in this round */
	uint8_t *hits;               /* a bit for each revision */
	uint64_t newest;
	struct store_entry *amendments;
	size_t amendments_count, amendments_size;
	size_t kept_bytes;           /* of states, in the call's arena */
	size_t items;                /* texts and states that the amendments alter */
	Kam__V1__EraseResponse response;
	/* Of the state at work: */
	const char *resource_name;
	bool current, failed;
};

static bool too_much(struct erasure *erasure)
{
	return status_fail(erasure->call->status, STATUS_RESOURCE_EXHAUSTED, "TOO_MANY_AMENDMENTS",
	                   "%s stands in more texts and states than an erasure can alter, which is %u, or %u MiB of them; nothing was erased", erasure->request->name,
	                   LIMIT_AMENDMENTS, KEPT_BYTES_MAX >> 20);
}

static const struct schema_resource *resource_of(const struct erasure *erasure, const char *name)
{
	return schema_resource_of_name(erasure->call->engine->schema, name);
}

/* ---- names ----------------------------------------------------------------------------------------------------------------------- */

static const char *last_id(const char *name)
{
	return strrchr(name, '/') + 1;
}

/* The id stands in another one, between its ends and hyphens. */
static bool has_id(const char *text, const char *id)
{
	size_t size = strlen(id);
	for (const char *found = strstr(text, id); found; found = strstr(found + 1, id)) {
		if ((found == text || found[-1] == '-') && (found[size] == '\0' || found[size] == '-')) {
			return true;
		}
	}
	return false;
}

/* A new name beside the old one: with `id`, or with one that says nothing. */
static bool rename_resource(struct erasure *erasure, const char *name, const char *id)
{
	uint8_t random[ID_RANDOM_BYTES];
	char fresh[2 * ID_RANDOM_BYTES + 8] = "erased-", to[2 * LIMIT_NAME_BYTES];
	if (!id) {
		randombytes_buf(random, sizeof random);
		sodium_bin2hex(fresh + 7, sizeof fresh - 7, random, sizeof random);
	}
	int size = snprintf(to, sizeof to, "%.*s%s", (int)(last_id(name) - name), name, id ? id : fresh);
	if (size > (int)LIMIT_NAME_BYTES) {
		return status_fail(erasure->call->status, STATUS_FAILED_PRECONDITION, "NAME_TOO_LONG", "%s: no name can be made in its place", name);
	}
	erasure->renamed = true;
	return erase_words_add_name(&erasure->words, name, to) || call_no_memory(erasure->call);
}

struct referring {
	struct erasure *erasure;
	const char *name;
	bool is_newest;
	const char *found; /* the renamed resource on whose account this one is renamed */
};

/* A resource about somebody who is renamed, as it is now; or one that refers to what is renamed, with its id in its own. */
static bool visit_reference(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct referring *referring = context;
	(void)path;
	if (erase_words_new_name(&referring->erasure->words, target) &&
	    ((field->rules.person && referring->is_newest) || has_id(last_id(referring->name), last_id(target)))) {
		referring->found = target;
	}
	return !referring->found;
}

/* What texts mean the person: how they are called, written to and rung up. */
static bool means_person(const struct schema_resource *resource, const struct schema_field *field)
{
	return field == resource->display_name || field->rules.format == FORMAT_EMAIL || field->rules.format == FORMAT_URI ||
	       (field->rules.group == GROUP_PERSONAL && field->repeated);
}

static bool collect_texts(struct erasure *erasure, const struct schema_resource *resource, const ProtobufCMessage *message)
{
	for (size_t i = 0; i < resource->type->fields_count; i++) {
		const struct schema_field *field = &resource->type->fields[i];
		size_t count = field->pb->type == PROTOBUF_C_TYPE_STRING && means_person(resource, field) ? value_count(message, field) : 0;
		for (size_t k = 0; k < count; k++) {
			if (!erase_words_add_text(&erasure->words, value_get(message, field, k).string)) {
				return call_no_memory(erasure->call);
			}
		}
	}
	return true;
}

static bool visit_state(void *context, const char *name, const struct store_record *record)
{
	struct erasure *erasure = context;
	const struct schema_resource *resource = resource_of(erasure, name);
	struct referring referring = {erasure, name, strcmp(name, erasure->seen) != 0, NULL};
	bool is_person = strcmp(name, erasure->request->name) == 0;
	snprintf(erasure->seen, sizeof erasure->seen, "%s", name);
	if (!resource || record->value.size == 0 || (!is_person && !erase_words_occur(&erasure->words, record->value, false))) {
		return status_ok(erasure->call->status);
	}
	arena_reset(&erasure->scratch);
	const ProtobufCMessage *message = schema_unpack_stored(resource->type, record->value, &erasure->scratch, erasure->call->status);
	if (!message) {
		return false;
	}
	if (is_person) {
		return collect_texts(erasure, resource, message);
	}
	if (!erase_words_new_name(&erasure->words, name) && !resource->singleton) {
		references_each(resource->type, message, &erasure->scratch, visit_reference, &referring);
	}
	if (!referring.found) {
		return true;
	}
	/* A member's id is its user's: it stays so. */
	bool same_id = strcmp(last_id(name), last_id(referring.found)) == 0;
	return rename_resource(erasure, name, same_id ? last_id(erase_words_new_name(&erasure->words, referring.found)) : NULL);
}

/* Until a round finds no more: what refers to a stakeholder may have the stakeholder's id in its name. */
static bool find_names(struct erasure *erasure)
{
	struct call *call = erasure->call;
	for (int round = 0; round < ROUNDS_MAX && (round == 0 || erasure->renamed); round++) {
		erasure->renamed = false;
		*erasure->seen = '\0';
		if (!store_history_all(call->view, visit_state, erasure, call->status) || !status_ok(call->status)) {
			return false;
		}
	}
	for (size_t i = 0; i < erasure->request->n_texts; i++) {
		if (strlen(erasure->request->texts[i]) < ERASE_TEXT_BYTES_MIN) {
			return status_field(call->status, "texts", "\"%s\" is too short: it would be found everywhere", erasure->request->texts[i]);
		}
		if (!erase_words_add_text(&erasure->words, erasure->request->texts[i])) {
			return call_no_memory(call);
		}
	}
	erasure->note_words = erasure->words;
	erasure->note_words.texts_size = erasure->words.texts_count; /* a further text goes into a list of its own */
	return strncmp(erasure->request->name, "users/", 6) != 0 ||
	       erase_words_add_text(&erasure->note_words, last_id(erasure->request->name)) || call_no_memory(call);
}

/* ---- what is hit ------------------------------------------------------------------------------------------------------------------- */

static bool visit_text(void *context, uint64_t revision, struct bytes text)
{
	struct erasure *erasure = context;
	if (revision <= erasure->newest && erase_words_occur(&erasure->note_words, text, true)) {
		erasure->hits[revision / 8] |= (uint8_t)(1u << revision % 8);
	}
	return !erasure->call->arena->overflowed;
}

static bool find_hits(struct erasure *erasure)
{
	struct call *call = erasure->call;
	erasure->newest = store_view_revision(call->view);
	erasure->hits = arena_calloc(call->arena, erasure->newest / 8 + 1, 1);
	return (erasure->hits || call_no_memory(call)) && store_search(call->view, visit_text, erasure, call->status) &&
	       (!call->arena->overflowed || call_no_memory(call));
}

/* ---- one state ----------------------------------------------------------------------------------------------------------------------- */

static void note_mention(void *context, const char *path, bool replaced)
{
	struct erasure *erasure = context;
	Kam__V1__EraseResponse *response = &erasure->response;
	for (size_t i = 0; i < response->n_mentions; i++) {
		Kam__V1__ErasedMention *known = response->mentions[i];
		if (strcmp(known->resource, erasure->resource_name) == 0 && strcmp(known->field, path) == 0) {
			known->versions++;
			known->current = known->current || erasure->current;
			return;
		}
	}
	if (response->n_mentions == MENTIONS_MAX) {
		response->more_mentions++;
		return;
	}
	Kam__V1__ErasedMention *mention = arena_alloc(erasure->call->arena, sizeof *mention);
	char *resource = arena_strdup(erasure->call->arena, erasure->resource_name), *field = arena_strdup(erasure->call->arena, path);
	if (!mention || !resource || !field) {
		erasure->failed = true;
		return;
	}
	kam__v1__erased_mention__init(mention);
	mention->resource = resource;
	mention->field = field;
	mention->versions = 1;
	mention->current = erasure->current;
	mention->replaced = replaced;
	response->mentions[response->n_mentions++] = mention;
}

static bool visit_person(void *context, const char *path, const struct schema_field *field, const char *target)
{
	struct referring *referring = context;
	(void)path;
	if (field->rules.person && strcmp(target, referring->erasure->request->name) == 0) {
		referring->found = target;
	}
	return !referring->found;
}

/* The state is the person's, or says something about them. */
static bool is_about(struct erasure *erasure, const struct schema_resource *resource, const char *name, const ProtobufCMessage *message)
{
	struct referring referring = {erasure, name, false, NULL};
	if (strcmp(name, erasure->request->name) == 0) {
		return true;
	}
	references_each(resource->type, message, &erasure->scratch, visit_person, &referring);
	return referring.found != NULL;
}

static bool set_time(struct erasure *erasure, ProtobufCMessage *message, const struct schema_field *field)
{
	Google__Protobuf__Timestamp *now = call_time(erasure->call->now_us, &erasure->scratch);
	return !field || (now && value_set(message, field, (struct value){.kind = VALUE_MESSAGE, .message = &now->base}, &erasure->scratch));
}

/* What is current is changed by the erasure too: what is about the person is deleted, the rest goes on. */
static bool change_current(struct erasure *erasure, const struct schema_resource *resource, const char *new_name, enum store_operation operation,
                           uint64_t revision, bool about, ProtobufCMessage *message, struct bytes value)
{
	struct call *call = erasure->call;
	if (about && operation != STORE_DELETE) {
		if (!set_time(erasure, message, resource->update_time) || !set_time(erasure, message, resource->delete_time)) {
			return call_no_memory(call);
		}
		value = schema_pack(message, &erasure->scratch);
		operation = STORE_DELETE;
	}
	return changes_put_after(call->changes, new_name, revision, operation == STORE_DELETE ? STORE_DELETE : STORE_UPDATE, value, call->status);
}

/* Rewrites the bytes of one change of a record; `change->value` becomes what stands there from now on, in the call's arena, and no bytes where nothing is
 * altered. */
static bool rewrite_state(struct erasure *erasure, uint64_t revision, struct store_change *change, const char *new_name)
{
	struct call *call = erasure->call;
	const struct schema_resource *resource = resource_of(erasure, change->name);
	struct erase_rewrite rewrite = {&erasure->words, &erasure->scratch, erasure->request->replace_texts, note_mention, erasure, 0, 0};
	struct store_record current;
	struct bytes value = change->value;
	change->value = (struct bytes){NULL, 0};
	if (!resource || value.size == 0) {
		return true;
	}
	ProtobufCMessage *message = schema_unpack_stored(resource->type, value, &erasure->scratch, call->status);
	if (!message) {
		return false;
	}
	bool about = is_about(erasure, resource, change->name, message);
	erasure->current = store_get(call->view, change->name, &current, call->status) && current.revision == revision;
	erasure->resource_name = erasure->request->validate_only ? change->name : new_name;
	rewrite.mention = about ? NULL : note_mention;
	if ((about && !erase_empty(resource, message, &erasure->scratch)) || !erase_rewrite_message(&rewrite, resource->type, message) || erasure->failed) {
		return call_no_memory(call);
	}
	if (!about && rewrite.names == 0 && rewrite.texts == 0) {
		return status_ok(call->status);
	}
	erasure->response.versions += about;
	erasure->response.references += !about && rewrite.names > 0;
	erasure->items++;
	struct bytes packed = schema_pack(message, &erasure->scratch);
	erasure->kept_bytes += packed.size * (erasure->current ? 2 : 1) + KEPT_EACH_BYTES;
	if (erasure->kept_bytes > KEPT_BYTES_MAX) {
		return too_much(erasure);
	}
	change->value = arena_bytes(call->arena, packed);
	if (!change->value.data) {
		return call_no_memory(call);
	}
	return !erasure->current || change_current(erasure, resource, new_name, change->operation, revision, about, message, packed);
}

/* ---- one record ----------------------------------------------------------------------------------------------------------------------- */

/* A text of the record as it shall read, in the call's arena; `altered` is set where that is another one. */
static const char *rewrite_text(struct erasure *erasure, const char *text, bool with_texts, bool *altered)
{
	const char *rewritten = erase_words_replace(&erasure->note_words, text, with_texts);
	const char *kept = rewritten ? arena_strdup(erasure->call->arena, rewritten) : NULL;
	*altered = *altered || rewritten != text;
	erasure->failed = erasure->failed || !kept;
	return kept;
}

static bool rewrite_changes(struct erasure *erasure, struct store_entry *entry, bool *ret_texts, bool *ret_states)
{
	struct call *call = erasure->call;
	struct store_change *changes = arena_calloc(call->arena, entry->changes_count + 1, sizeof *changes);
	for (size_t i = 0; changes && i < entry->changes_count; i++) {
		changes[i] = entry->changes[i];
		const char *new_name = rewrite_text(erasure, changes[i].name, false, ret_texts);
		if (erasure->failed || !rewrite_state(erasure, entry->revision, &changes[i], new_name)) {
			return status_ok(call->status) ? call_no_memory(call) : false;
		}
		changes[i].name = new_name;
		*ret_states = *ret_states || changes[i].value.data;
	}
	entry->changes = changes;
	return changes || call_no_memory(call);
}

static bool add_amendment(struct erasure *erasure, const struct store_entry *entry)
{
	if (erasure->amendments_count == erasure->amendments_size) {
		size_t size = erasure->amendments_size ? 2 * erasure->amendments_size : 64;
		struct store_entry *grown = arena_alloc(erasure->call->arena, size * sizeof *grown);
		if (!grown) {
			return call_no_memory(erasure->call);
		}
		if (erasure->amendments_count) {
			memcpy(grown, erasure->amendments, erasure->amendments_count * sizeof *grown);
		}
		erasure->amendments = grown;
		erasure->amendments_size = size;
	}
	erasure->amendments[erasure->amendments_count++] = *entry;
	return erasure->items <= LIMIT_AMENDMENTS || too_much(erasure);
}

static bool rewrite_record(struct erasure *erasure, uint64_t revision)
{
	struct call *call = erasure->call;
	struct store_entry entry;
	bool texts = false, states = false;
	arena_reset(&erasure->scratch);
	if (!store_log_get(call->view, revision, &erasure->scratch, &entry, call->status)) {
		return status_ok(call->status);
	}
	entry.actor = rewrite_text(erasure, entry.actor, false, &texts);
	entry.request_id = rewrite_text(erasure, entry.request_id, true, &texts);
	entry.peer = rewrite_text(erasure, entry.peer, false, &texts);
	entry.client = rewrite_text(erasure, entry.client, true, &texts);
	entry.note = rewrite_text(erasure, entry.note, true, &texts);
	if (!rewrite_changes(erasure, &entry, &texts, &states)) {
		return false;
	}
	entry.method = ""; /* stays as it was */
	erasure->response.entries += texts;
	erasure->items += texts;
	return (!texts && !states) || add_amendment(erasure, &entry);
}

static bool rewrite_records(struct erasure *erasure)
{
	for (uint64_t revision = 1; revision <= erasure->newest; revision++) {
		if ((erasure->hits[revision / 8] >> revision % 8 & 1) && !rewrite_record(erasure, revision)) {
			return status_ok(erasure->call->status) ? call_no_memory(erasure->call) : false;
		}
	}
	return true;
}

/* ---- the method ------------------------------------------------------------------------------------------------------------------------- */

/* The resources about the person, by the names they have when this is done. */
static bool list_resources(struct erasure *erasure)
{
	const struct erase_words *words = &erasure->words;
	char **names = arena_calloc(erasure->call->arena, words->names_count + 1, sizeof *names);
	for (size_t i = 1; names && i < words->names_count; i++) {
		names[erasure->response.n_resources++] = (char *)(uintptr_t)(erasure->request->validate_only ? words->names[i].from : words->names[i].to);
	}
	erasure->response.resources = names;
	return names || call_no_memory(erasure->call);
}

static bool erase_steps(struct erasure *erasure)
{
	struct call *call = erasure->call;
	if (!rename_resource(erasure, erasure->request->name, NULL) || !find_names(erasure) || !find_hits(erasure) || !rewrite_records(erasure) ||
	    !list_resources(erasure)) {
		return false;
	}
	bool dry = erasure->request->validate_only;
	erasure->response.name = dry ? erasure->request->name : (char *)(uintptr_t)erasure->words.names[0].to;
	if (dry) {
		changes_drop(call->changes);
	} else {
		call->amendments = erasure->amendments;
		call->amendments_count = erasure->amendments_count;
		call->note = arena_printf(call->arena, "erased: %d states, further resources: %zu; new name in %d states and %d entries; places with a text that means "
		                          "them: %zu",
		                          erasure->response.versions, erasure->response.n_resources, erasure->response.references, erasure->response.entries,
		                          erasure->response.n_mentions + (size_t)erasure->response.more_mentions);
	}
	return call_reply(call, &erasure->response.base);
}

bool engine_erase(struct call *call)
{
	const Kam__V1__EraseRequest *request = (const void *)call->request;
	struct store_record record;
	if (!engine_open_for_change(call, request->name, request->etag, &record)) {
		return false;
	}
	/* It reaches into everything, so a role for some accounts is not enough. */
	if (!call_decide(call, call->method->permission, "auditEntries/1", (struct bytes){0}).allowed) {
		return status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "to erase somebody needs a role that reaches everything");
	}
	struct erasure *erasure = arena_calloc(call->arena, 1, sizeof *erasure);
	Kam__V1__ErasedMention **mentions = arena_calloc(call->arena, MENTIONS_MAX, sizeof *mentions);
	if (!erasure || !mentions) {
		return call_no_memory(call);
	}
	erasure->call = call;
	erasure->request = request;
	erasure->words.arena = call->arena;
	kam__v1__erase_response__init(&erasure->response);
	erasure->response.mentions = mentions;
	arena_init(&erasure->scratch, LIMIT_CALL_ARENA_BYTES);
	bool ok = erase_steps(erasure);
	arena_done(&erasure->scratch);
	return call_whole(call, ok);
}
