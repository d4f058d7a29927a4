/* SPDX-License-Identifier: Apache-2.0
 *
 * kam explain: the contract read aloud. Without an argument the resources, with one its fields and methods, with a path one field.
 */
#include "client/cli/noun.h"

#include <stdio.h>

/* ---- words for types and rules --------------------------------------------------------------------------------------------------------------- */

static const char *short_name(const char *full)
{
	const char *dot = strrchr(full, '.');
	return dot ? dot + 1 : full;
}

static const char *scalar_words(const struct schema_field *field)
{
	static const char *const formats[] = {"text", "day (2026-09-30)", "period (2026, 2026-Q3, 2026-07)", "country (DE)", "currency (EUR)", "e-mail address",
	                                      "http address", "id", "permission"};
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_STRING:
		return field->rules.reference ? "name" : formats[field->rules.format];
	case PROTOBUF_C_TYPE_BOOL:
		return "true or false";
	case PROTOBUF_C_TYPE_BYTES:
		return "bytes";
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_FLOAT:
		return "number";
	default:
		return "whole number";
	}
}

static const char *type_words(const struct schema_field *field, struct arena *arena)
{
	const char *word;
	if (field->map) {
		word = "key=value";
	} else if (field->enumeration) {
		word = short_name(field->enumeration->name);
	} else if (field->message) {
		word = short_name(field->message->name);
	} else {
		word = scalar_words(field);
	}
	const char *text = field->rules.reference && strcmp(field->rules.reference, "*") != 0
	                       ? arena_printf(arena, "%s of %s", word, field->rules.reference)
	                       : word;
	text = field->repeated && !field->map ? arena_printf(arena, "list of %s", text) : text;
	return text ? text : "";
}

static void add_word(struct buf *out, bool holds, const char *word)
{
	if (holds) {
		buf_printf(out, "%s%s", out->size > 0 ? ", " : "", word);
	}
}

static const char *rule_words(const struct schema_field *field, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	add_word(&out, field->rules.required, "required");
	add_word(&out, field->rules.immutable, "on create only");
	add_word(&out, field->rules.output_only, "set by the server");
	add_word(&out, field->rules.index != INDEX_NONE, "indexed");
	return buf_text(&out);
}

/* ---- a resource -------------------------------------------------------------------------------------------------------------------------------- */

static const struct record_column field_columns[] = {
	{.name = "field"},
	{.name = "type", .whole = true},
	{.name = "rules", .whole = true},
	{.name = "group", .whole = true},
	{.name = "meaning", .wrap = true},
};
enum { FIELD_COLUMNS = sizeof field_columns / sizeof field_columns[0] };

static bool explain_fields(struct cli *cli, const struct schema_type *type, struct status *st)
{
	struct records *records = records_new(cli, field_columns, FIELD_COLUMNS);
	for (size_t i = 0; i < type->fields_count && records; i++) {
		const struct schema_field *field = &type->fields[i];
		if (!field->rules.secret) {
			const char *group = field->rules.group == GROUP_INHERIT ? "" : schema_group_name(field->rules.group);
			records_row(records,
			            (const char *const[]){field->name, type_words(field, &cli->arena), rule_words(field, &cli->arena), group,
			                                  text_first_line(field->comment, &cli->arena)},
			            NULL);
		}
	}
	return records && records_end(records, st);
}

static bool as_table(const struct cli *cli)
{
	return cli->output.format == OUTPUT_TABLE || cli->output.format == OUTPUT_WIDE;
}

static void explain_methods(struct cli *cli, const struct schema_resource *resource)
{
	printf("\nMethods\n");
	for (size_t i = 0; i < schema_methods_count(cli->schema); i++) {
		const struct schema_method *method = schema_method_at(cli->schema, i);
		if (method->resource == resource) {
			printf("  %s/%s  %s%s\n", short_name(method->service), method->name, method->permission ? "needs " : "",
			       method->permission                       ? method->permission
			       : method->audience == AUDIENCE_ANONYMOUS ? "for everybody"
			                                                : "for whoever is signed in");
		}
	}
}

static bool explain_resource(struct cli *cli, const struct schema_resource *resource, struct status *st)
{
	if (as_table(cli)) {
		printf("%s  %s\n%s\n\n", resource->plural, resource->pattern, resource->type->comment);
	}
	if (!explain_fields(cli, resource->type, st)) {
		return false;
	}
	if (as_table(cli)) {
		explain_methods(cli, resource);
	}
	return output_check(st);
}

static bool explain_resources(struct cli *cli, struct status *st)
{
	static const struct record_column columns[] = {{.name = "resource"}, {.name = "name", .whole = true}, {.name = "meaning", .wrap = true}};
	struct records *records = records_new(cli, columns, sizeof columns / sizeof columns[0]);
	for (const struct schema_resource *const *at = noun_all(cli); *at && records; at++) {
		const struct schema_resource *resource = *at;
		records_row(records,
		            (const char *const[]){noun_word(resource, &cli->arena), resource->pattern, text_first_line(resource->type->comment, &cli->arena)}, NULL);
	}
	return records && records_end(records, st);
}

/* ---- a field ------------------------------------------------------------------------------------------------------------------------------------- */

static void explain_limits(const struct schema_field *field)
{
	if (field->rules.has_minimum) {
		printf("At least: %g\n", field->rules.minimum);
	}
	if (field->rules.has_maximum) {
		printf("At most: %g\n", field->rules.maximum);
	}
	if (field->pb->type == PROTOBUF_C_TYPE_STRING && field->rules.max_length > 0) {
		printf("Longest: %u bytes\n", field->rules.max_length);
	}
	if (field->repeated && field->rules.max_items > 0) {
		printf("Most: %u of them\n", field->rules.max_items);
	}
}

static bool explain_field(struct cli *cli, const struct schema_field *field, const char *path, struct status *st)
{
	if (!as_table(cli)) {
		struct records *records = records_new(cli, field_columns, FIELD_COLUMNS);
		if (records) {
			records_row(records,
			            (const char *const[]){path, type_words(field, &cli->arena), rule_words(field, &cli->arena), schema_group_name(field->rules.group),
			                                  field->comment},
			            NULL);
		}
		return records && records_end(records, st);
	}
	printf("%s  %s\n%s\n\n", path, type_words(field, &cli->arena), field->comment);
	const char *rules = rule_words(field, &cli->arena);
	if (rules[0]) {
		printf("Rules: %s\n", rules);
	}
	if (field->rules.group != GROUP_INHERIT) {
		printf("Seen by roles with: %s\n", schema_group_name(field->rules.group));
	}
	explain_limits(field);
	for (size_t i = 0; field->enumeration && i < field->enumeration->values_count; i++) {
		const struct schema_enum_value *value = &field->enumeration->values[i];
		printf("%s  %-44s %s\n", i == 0 ? "Values:\n" : "", value->name, text_first_line(value->comment, &cli->arena));
	}
	if (field->message && !field->map) {
		printf("\nParts of %s\n", short_name(field->message->name));
		return explain_fields(cli, field->message, st);
	}
	return output_check(st);
}

static bool unknown_field(const struct schema_type *type, const char *word, const char *resource, struct cli *cli, struct status *st)
{
	return usage_fail(st, "there is no field \"%s\" in %s%s; kam explain %s lists them", word, resource,
	                  suggestion_of_field(type, word, &cli->arena), resource);
}

bool explain_run(struct cli *cli, struct status *st)
{
	const char *text = args_place(&cli->args, 0);
	if (!text) {
		return explain_resources(cli, st);
	}
	size_t size = strcspn(text, ".");
	const char *word = arena_strndup(&cli->arena, text, size);
	const struct schema_resource *resource = word ? noun_find(cli, word) : NULL;
	if (!resource) {
		return usage_fail(st, "there is no resource \"%s\"%s; kam explain lists them", word ? word : "", word ? noun_suggestion(cli, word) : "");
	}
	if (text[size] == '\0') {
		return explain_resource(cli, resource, st);
	}
	const struct schema_type *type = resource->type;
	const struct schema_field *field = NULL;
	for (const char *rest = text + size + 1; type; rest += strcspn(rest, ".") + 1) {
		size_t part = strcspn(rest, ".");
		const char *name = arena_strndup(&cli->arena, rest, part);
		field = name ? schema_field_find(type, name) : NULL;
		field = field || !name ? field : schema_field_find(type, text_snake(name, &cli->arena));
		if (!field || field->rules.secret) {
			return unknown_field(type, name ? name : "", noun_word(resource, &cli->arena), cli, st);
		}
		if (rest[part] == '\0') {
			break;
		}
		type = field->message;
	}
	if (!type) {
		return usage_fail(st, "%s has no parts", field->name);
	}
	return explain_field(cli, field, text, st);
}
