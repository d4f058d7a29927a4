/* SPDX-License-Identifier: Apache-2.0
 *
 * A method's request from the command line: every field that one value can fill is a flag of the same name. Exceptions, each for a reason: the name and the
 * new id are arguments, the resource itself comes by --set and --file, the mask follows from them, validate_only is --dry-run, and a password is never on
 * the command line, where other users of the machine could read it.
 */
#include "client/cli/noun.h"

#include "common/schema/value.h"

#include <assert.h>

static bool is_password(const struct schema_field *field)
{
	return strstr(field->name, "password") != NULL;
}

const struct schema_field *request_id_field(const struct schema_method *method, struct arena *arena)
{
	const char *name = method->resource ? arena_printf(arena, "%s_id", text_snake(text_kebab(method->resource->singular, arena), arena)) : NULL;
	return name ? schema_field_find(method->input, name) : NULL;
}

static bool is_argument(const struct schema_method *method, const struct schema_field *field, struct arena *arena)
{
	if (strcmp(field->name, "name") == 0 || strcmp(field->name, "update_mask") == 0) {
		return true;
	}
	/* What lies at the top has no parent to be asked for. */
	if (strcmp(field->name, "parent") == 0 && method->verb != VERB_CUSTOM && method->resource && !method->resource->parent) {
		return true;
	}
	return field == request_id_field(method, arena);
}

static bool is_flag(const struct schema_field *field)
{
	if (field->map) {
		return false;
	}
	return !field->message || strcmp(field->message->name, "google.protobuf.Timestamp") == 0 ||
	       strcmp(field->message->name, "google.protobuf.Duration") == 0 || strcmp(field->message->name, "kam.v1.Money") == 0;
}

/* Fields whose flags have names of their own: they are typed often. */
static const struct {
	const char *field, *option;
} short_names[] = {{"validate_only", "dry-run"}, {"currency_code", "currency"}, {"from_date", "from"}};

static const char *option_name(const struct schema_field *field, struct arena *arena)
{
	for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++) {
		if (strcmp(field->name, short_names[i].field) == 0) {
			return short_names[i].option;
		}
	}
	const char *word = text_kebab(field->name, arena);
	return is_password(field) ? arena_printf(arena, "%s-file", word) : word;
}

const char *request_value_word(const struct schema_field *field)
{
	if (is_password(field)) {
		return "FILE";
	}
	if (field->enumeration) {
		return "WORD";
	}
	if (field->rules.reference) {
		return "NAME";
	}
	if (field->message) {
		return strcmp(field->message->name, "kam.v1.Money") == 0 ? "AMOUNT" : "TIME";
	}
	return field->pb->type == PROTOBUF_C_TYPE_STRING ? "TEXT" : "N";
}

static const char *option_help(const struct schema_field *field)
{
	if (strcmp(field->name, "request_id") == 0) {
		return "any text that no other request has: sent again, it gets the same reply; made up without it";
	}
	return field->comment ? field->comment : "";
}

size_t request_options(const struct schema_method *method, struct arena *arena, struct option *options, size_t count, size_t size)
{
	for (size_t i = 0; i < method->input->fields_count && count < size; i++) {
		const struct schema_field *field = &method->input->fields[i];
		if (is_argument(method, field, arena) || !is_flag(field)) {
			continue;
		}
		const char *name = option_name(field, arena);
		bool known = false;
		for (size_t j = 0; j < count; j++) {
			known = known || strcmp(options[j].name, name) == 0;
		}
		if (known) {
			continue;
		}
		bool flag = field->pb->type == PROTOBUF_C_TYPE_BOOL && !field->repeated;
		options[count++] = (struct option){
			.name = name,
			.kind = flag ? OPTION_FLAG : field->repeated ? OPTION_LIST : OPTION_VALUE,
			.value = flag ? NULL : request_value_word(field),
			.help = option_help(field),
			.field = field,
		};
	}
	return count;
}

/* ---- filling --------------------------------------------------------------------------------------------------------------------------------- */

static const struct schema_field *own_field(struct cli *cli, const ProtobufCMessage *request, const char *name)
{
	const struct schema_type *type = schema_type_of(cli->schema, request->descriptor);
	const struct schema_field *field = type ? schema_field_find(type, name) : NULL;
	assert(field);
	return field;
}

void request_set_text(struct cli *cli, ProtobufCMessage *request, const char *field, const char *text)
{
	value_set(request, own_field(cli, request, field), (struct value){.kind = VALUE_STRING, .string = text}, &cli->arena);
}

void request_set_message(struct cli *cli, ProtobufCMessage *request, const char *field, const ProtobufCMessage *message)
{
	value_set(request, own_field(cli, request, field), (struct value){.kind = VALUE_MESSAGE, .message = message}, &cli->arena);
}

/* --to tom means users/tom. */
static const char *whole_name(struct cli *cli, const struct schema_field *field, const char *text)
{
	const struct schema_resource *target = field->rules.reference ? schema_resource_find(cli->schema, field->rules.reference) : NULL;
	bool short_name = target && !target->parent && !target->singleton && text[0] && !strchr(text, '/');
	const char *whole = short_name ? arena_printf(&cli->arena, "%s/%s", target->collection, text) : NULL;
	return whole ? whole : text;
}

static bool fill_option(struct cli *cli, ProtobufCMessage *request, const struct option *option, struct status *st)
{
	const struct schema_field *field = option->field;
	const char *text;
	if (option->kind == OPTION_FLAG) {
		return !args_given(&cli->args, option->name) || value_set_text(request, field, "true", &cli->arena, st);
	}
	if (is_password(field)) {
		const char *password = args_given(&cli->args, option->name) ? cli_password(cli, option->name, "", st) : NULL;
		return password ? value_set_text(request, field, password, &cli->arena, st) : status_ok(st);
	}
	for (size_t i = 0; (text = args_next(&cli->args, option->name, &i)) != NULL;) {
		struct status wrong;
		status_init(&wrong);
		if (option->kind == OPTION_VALUE) {
			value_clear(request, field);
		}
		if (!value_set_text(request, field, whole_name(cli, field, text), &cli->arena, &wrong)) {
			return usage_fail(st, "--%s: %s", option->name, fault_words(&wrong));
		}
	}
	return true;
}

ProtobufCMessage *request_new(struct cli *cli, const struct schema_method *method, struct status *st)
{
	ProtobufCMessage *request = schema_message_new(method->input, &cli->arena);
	if (!request) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < cli->command->options_count; i++) {
		const struct option *option = &cli->command->options[i];
		if (option->field && option->field->owner == method->input && !fill_option(cli, request, option, st)) {
			return NULL;
		}
	}
	const struct schema_field *id = schema_field_find(method->input, "request_id");
	if (id && value_count(request, id) == 0) {
		request_set_text(cli, request, "request_id", cli_request_id(cli));
	}
	return request;
}
