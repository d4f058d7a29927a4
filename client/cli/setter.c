/* SPDX-License-Identifier: Apache-2.0
 *
 * --set FIELD=VALUE and --file: a message written on the command line.
 *
 * A value is read as its field's type would be typed; a field that holds messages takes JSON. An empty value clears: the field goes into the mask and stays
 * unset. A field that holds several takes one per --set. One of a list of messages is named by its id: criteria.product-fit.weight=20 changes it, or adds
 * it, and criteria.product-fit= takes it out; the rest of the list stays as it is on the server.
 */
#include "client/cli/noun.h"

#include "common/schema/json.h"
#include "common/schema/value.h"

struct setter {
	struct cli *cli;
	const char *parent;
	const char *path; /* as given, for errors */
	const char *value;
	struct buf mask;  /* the path as the API spells it */
	bool again;       /* the path was set before: several values */
	const struct set_result *result;
};

static bool has_path(const struct set_result *result, const char *path)
{
	for (size_t i = 0; i < result->paths_count; i++) {
		if (strcmp(result->paths[i], path) == 0) {
			return true;
		}
	}
	return false;
}

static bool unknown_field(struct setter *setter, const struct schema_type *type, const char *word, struct status *st)
{
	const char *dot = strrchr(type->name, '.');
	const char *noun = type->resource ? type->resource->plural : dot ? dot + 1 : type->name;
	return usage_fail(st, "--set %s: there is no field \"%s\" in %s%s; kam explain %s lists them", setter->path, word, noun,
	                  suggestion_of_field(type, word, &setter->cli->arena), type->resource ? type->resource->plural : "RESOURCE");
}

/* owner=jane means users/jane; reports_to=ceo means the ceo of the same account. */
static const char *whole_reference(struct setter *setter, const struct schema_field *field, const char *text)
{
	const char *reference = field->rules.reference;
	if (!reference || strcmp(reference, "*") == 0 || strchr(text, '/')) {
		return text;
	}
	const struct schema_resource *resource = schema_resource_find(setter->cli->schema, reference);
	if (!resource || resource->singleton) {
		return text;
	}
	const char *slash = strrchr(reference, '/');
	if (!resource->parent) {
		return arena_printf(&setter->cli->arena, "%s/%s", reference, text);
	}
	bool below = setter->parent[0] != '\0' && schema_resource_of_name(setter->cli->schema, setter->parent) == resource->parent;
	return below && slash ? arena_printf(&setter->cli->arena, "%s/%s/%s", setter->parent, slash + 1, text) : text;
}

static bool takes_json(const struct schema_field *field, const char *text)
{
	if (field->repeated && !field->map && text[0] == '[') {
		return true;
	}
	return field->message && (text[0] == '{' || (text[0] == '[' && field->repeated));
}

/* Reads the value as JSON by way of an object that has only this field. */
static bool set_json(struct setter *setter, ProtobufCMessage *message, const struct schema_field *field, struct status *st)
{
	struct cli *cli = setter->cli;
	struct buf text;
	buf_init(&text, &cli->arena);
	buf_add_byte(&text, '{');
	json_write_string(&text, field->name);
	buf_printf(&text, ": %s}", setter->value);
	ProtobufCMessage *holder = json_read(cli->schema, field->owner, buf_bytes(&text), &cli->arena, st);
	if (!holder) {
		return false;
	}
	size_t count = value_count(holder, field);
	for (size_t i = 0; i < count; i++) {
		value_set(message, field, value_get(holder, field, i), &cli->arena);
	}
	return true;
}

static bool set_leaf(struct setter *setter, ProtobufCMessage *message, const struct schema_field *field, struct status *st)
{
	struct status wrong;
	status_init(&wrong);
	if (!setter->again) {
		value_clear(message, field);
	}
	if (setter->value[0] == '\0') {
		return true;
	}
	bool done = takes_json(field, setter->value)
	                ? set_json(setter, message, field, &wrong)
	                : value_set_text(message, field, whole_reference(setter, field, setter->value), &setter->cli->arena, &wrong);
	return done || usage_fail(st, "--set %s: %s", setter->path, fault_words(&wrong));
}

static bool set_map_entry(struct setter *setter, ProtobufCMessage *message, const struct schema_field *field, const char *key, struct status *st)
{
	buf_printf(&setter->mask, ".%s", key);
	if (setter->value[0] == '\0') {
		return true;
	}
	struct status wrong;
	status_init(&wrong);
	const char *entry = arena_printf(&setter->cli->arena, "%s=%s", key, setter->value);
	return (entry && value_set_text(message, field, entry, &setter->cli->arena, &wrong)) || usage_fail(st, "--set %s: %s", setter->path, fault_words(&wrong));
}

/* ---- one of a list ------------------------------------------------------------------------------------------------------------------------------ */

const struct schema_field *set_list_key(const struct schema_field *list)
{
	const struct schema_type *type = list->repeated && !list->map ? list->message : NULL;
	const struct schema_field *id = type ? schema_field_find(type, "id") : NULL;
	for (size_t i = 0; type && !id && i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		id = field->rules.required && field->rules.reference && !field->repeated ? field : NULL;
	}
	return id;
}

/* Where the parts of what is named end: the id may have dots, the names of fields have none. NULL: the whole is the id. */
static const char *last_part(const struct schema_field *list, const char *rest)
{
	const char *dot = strrchr(rest, '.');
	return dot && schema_field_find(list->message, dot + 1) ? dot : NULL;
}

bool set_reads_list(const struct cli *cli, const struct schema_type *type)
{
	const char *item;
	for (size_t i = 0; (item = args_next(&cli->args, "set", &i)) != NULL;) {
		char word[64];
		size_t size = strcspn(item, ".=");
		if (item[size] != '.' || size >= sizeof word) {
			continue;
		}
		memcpy(word, item, size);
		word[size] = '\0';
		const struct schema_field *field = schema_field_find(type, word);
		if (field && set_list_key(field)) {
			return true;
		}
	}
	return false;
}

/* The list with the first change begins as it is on the server. */
static void begin_list(const struct setter *setter, ProtobufCMessage *message, const struct schema_field *list)
{
	const ProtobufCMessage *base = setter->result->base;
	if (base && base->descriptor == message->descriptor && value_count(message, list) == 0) {
		for (size_t i = 0; i < value_count(base, list); i++) {
			value_set(message, list, value_get(base, list, i), &setter->cli->arena);
		}
	}
}

static bool takes_out(struct setter *setter, ProtobufCMessage *message, const struct schema_field *list, size_t found, struct status *st)
{
	size_t count = value_count(message, list);
	struct value *kept = arena_calloc(&setter->cli->arena, count + 1, sizeof *kept);
	size_t kept_count = 0;
	if (found == count) {
		return usage_fail(st, "--set %s: there is none such to take out", setter->path);
	}
	for (size_t i = 0; kept && i < count; i++) {
		if (i != found) {
			kept[kept_count++] = value_get(message, list, i);
		}
	}
	value_clear(message, list);
	return kept && value_append(message, list, kept, kept_count, &setter->cli->arena);
}

/* `rest`: the id, and behind a dot the field. */
static bool set_in_list(struct setter *setter, ProtobufCMessage *message, const struct schema_field *list, const char *rest, struct status *st)
{
	struct arena *arena = &setter->cli->arena;
	const struct schema_field *key = set_list_key(list);
	const char *dot = last_part(list, rest);
	const char *id = arena_strndup(arena, rest, dot ? (size_t)(dot - rest) : strlen(rest));
	const char *whole = id ? whole_reference(setter, key, id) : NULL;
	size_t found = 0;
	if (!has_path(setter->result, buf_text(&setter->mask))) {
		begin_list(setter, message, list);
	}
	while (whole && found < value_count(message, list) && strcmp(value_get(value_get(message, list, found).message, key, 0).string, whole) != 0) {
		found++;
	}
	if (!dot && setter->value[0] == '\0') {
		return takes_out(setter, message, list, found, st);
	}
	if (!dot && strrchr(rest, '.')) {
		return unknown_field(setter, list->message, strrchr(rest, '.') + 1, st);
	}
	if (!dot || !whole) {
		return usage_fail(st, "--set %s: say which part of it, %s.%s.FIELD=VALUE, or leave the value empty to take it out; kam explain lists the fields",
		                  setter->path, list->name, id ? id : "ID");
	}
	ProtobufCMessage *part = (ProtobufCMessage *)(uintptr_t)value_get(message, list, found).message;
	if (found == value_count(message, list)) {
		part = schema_message_new(list->message, arena);
		if (!part || !value_set(part, key, (struct value){.kind = VALUE_STRING, .string = whole}, arena) ||
		    !value_set(message, list, (struct value){.kind = VALUE_MESSAGE, .message = part}, arena)) {
			return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		}
	}
	return set_leaf(setter, part, schema_field_find(list->message, dot + 1), st);
}

/* Walks the path, making the messages on the way. */
static bool set_path(struct setter *setter, const struct schema_type *type, ProtobufCMessage *message, const char *rest, struct status *st)
{
	for (;;) {
		size_t size = strcspn(rest, ".");
		const char *word = arena_strndup(&setter->cli->arena, rest, size);
		const struct schema_field *field = word ? schema_field_find(type, word) : NULL;
		if (!field && word) {
			field = schema_field_find(type, text_snake(word, &setter->cli->arena));
		}
		if (!field || field->rules.secret) {
			return unknown_field(setter, type, word ? word : "", st);
		}
		buf_printf(&setter->mask, "%s%s", setter->mask.size > 0 ? "." : "", field->name);
		rest += size;
		if (*rest == '\0') {
			return set_leaf(setter, message, field, st);
		}
		rest++;
		if (field->map) {
			return set_map_entry(setter, message, field, rest, st);
		}
		if (set_list_key(field)) {
			return set_in_list(setter, message, field, rest, st);
		}
		if (!field->message || field->repeated) {
			return usage_fail(st, "--set %s: %s has no parts%s", setter->path, field->name, field->message ? "; give the whole list as JSON" : "");
		}
		ProtobufCMessage *part = (ProtobufCMessage *)(uintptr_t)value_get(message, field, 0).message;
		if (value_count(message, field) == 0) {
			part = schema_message_new(field->message, &setter->cli->arena);
			value_set(message, field, (struct value){.kind = VALUE_MESSAGE, .message = part}, &setter->cli->arena);
		}
		if (!part) {
			return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		}
		type = field->message;
		message = part;
	}
}

static void add_path(struct set_result *result, const char *path)
{
	if (!has_path(result, path)) {
		result->paths[result->paths_count++] = path;
	}
}

static bool apply_set(struct cli *cli, const struct schema_type *type, const char *parent, const char *item, struct set_result *result,
                      struct status *st)
{
	const char *equals = strchr(item, '=');
	if (!equals || equals == item) {
		return usage_fail(st, "--set %s: write FIELD=VALUE", item);
	}
	struct setter setter = {.cli = cli, .parent = parent, .value = equals + 1, .result = result};
	setter.path = arena_strndup(&cli->arena, item, (size_t)(equals - item));
	buf_init(&setter.mask, &cli->arena);
	for (size_t i = 0; i < result->paths_count && setter.path; i++) {
		setter.again = setter.again || strcmp(result->paths[i], text_snake(setter.path, &cli->arena)) == 0;
	}
	if (!setter.path || !set_path(&setter, type, result->message, setter.path, st)) {
		return false;
	}
	add_path(result, buf_text(&setter.mask));
	return true;
}

bool set_from_options(struct cli *cli, const struct schema_type *type, const char *parent, const ProtobufCMessage *base, struct set_result *ret_result,
                      struct status *st)
{
	const char *file = args_text(&cli->args, "file"), *item;
	*ret_result = (struct set_result){
		.message = schema_message_new(type, &cli->arena),
		.paths = arena_calloc(&cli->arena, cli->args.items_count + 1, sizeof(char *)),
		.file = file != NULL,
		.base = file ? NULL : base,
	};
	if (!ret_result->message || !ret_result->paths) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	if (file) {
		struct bytes text;
		struct status wrong;
		status_init(&wrong);
		if (!cli_read_file(cli, file, &text, st)) {
			return false;
		}
		ret_result->message = json_read(cli->schema, type, text, &cli->arena, &wrong);
		if (!ret_result->message) {
			return usage_fail(st, "%s: %s", strcmp(file, "-") == 0 ? "stdin" : file, wrong.message);
		}
	}
	for (size_t i = 0; (item = args_next(&cli->args, "set", &i)) != NULL;) {
		if (!apply_set(cli, type, parent, item, ret_result, st)) {
			return false;
		}
	}
	for (size_t i = 0; type->resource && i < cli->command->options_count; i++) {
		const struct option *option = &cli->command->options[i];
		for (size_t k = 0; option->field && option->field->owner == type && (item = args_next(&cli->args, option->name, &k)) != NULL;) {
			const char *set = arena_printf(&cli->arena, "%s=%s", option->field->name, item);
			if (!set || !apply_set(cli, type, parent, set, ret_result, st)) {
				return false;
			}
		}
	}
	return true;
}
