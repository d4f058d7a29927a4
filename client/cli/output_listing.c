/* SPDX-License-Identifier: Apache-2.0
 *
 * A listing: each message is written as it comes and forgotten, but in tables, whose widths depend on all of them.
 *
 * JSON and YAML have the shape of the List reply ({"accounts": […], "nextPageToken": …}), over however many pages it went; JSON Lines, CSV and names have
 * one resource a line. Which columns: --columns; otherwise what the resource declares for tables, more for wide, every field for CSV.
 */
#include "client/cli/output.h"

#include "client/cli/cli.h"
#include "common/base/limits.h"
#include "common/schema/json.h"
#include "common/schema/value.h"

enum { COLUMNS_MAX = 256 };

struct column {
	const char *path;
	const struct schema_field *field;
	bool nested; /* the path goes through messages or into a map */
};

struct listing {
	struct cli *cli;
	struct listing_options options;
	struct column columns[COLUMNS_MAX];
	size_t columns_count;
	struct record_column headings[COLUMNS_MAX];
	struct records *records;
	struct arena scratch;
	size_t rows;
};

/* ---- which columns ------------------------------------------------------------------------------------------------------------------------- */

static bool unknown_column(struct listing *listing, const char *path, size_t bad, struct status *st)
{
	const struct schema_type *type = listing->options.type;
	const char *noun = type->resource ? type->resource->plural : type->name;
	return usage_fail(st, "--columns: there is no field \"%s\" in %s%s; kam explain %s lists them", path, noun,
	                  bad == 0 ? suggestion_of_field(type, path, &listing->cli->arena) : "", type->resource ? type->resource->plural : "RESOURCE");
}

static bool add_column(struct listing *listing, const char *path, struct status *st)
{
	const ProtobufCMessage *holder;
	size_t bad = 0;
	const struct schema_field *field = value_path(listing->options.type, NULL, path, &holder, &bad);
	if (!field) {
		return unknown_column(listing, path, bad, st);
	}
	if (listing->columns_count < COLUMNS_MAX) {
		listing->columns[listing->columns_count++] = (struct column){path, field, field->owner != listing->options.type};
	}
	return true;
}

static bool has_column(const struct listing *listing, const char *path)
{
	for (size_t i = 0; i < listing->columns_count; i++) {
		if (strcmp(listing->columns[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

/* Every field; the parts of a message in its place. */
static void add_every(struct listing *listing, const struct schema_type *type, const char *prefix, unsigned depth, struct status *st)
{
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		const char *path = arena_printf(&listing->cli->arena, "%s%s%s", prefix, prefix[0] ? "." : "", field->name);
		if (!path || field->rules.secret) {
			continue;
		}
		if (output_is_text(field) || field->repeated || depth == 0) {
			add_column(listing, path, st);
		} else {
			add_every(listing, field->message, path, depth - 1, st);
		}
	}
}

/* What fits on a screen: short texts, without the bookkeeping that get shows. */
static void add_wide(struct listing *listing, struct status *st)
{
	const struct schema_type *type = listing->options.type;
	for (size_t i = 0; i < type->fields_count; i++) {
		const struct schema_field *field = &type->fields[i];
		bool bookkeeping = type->resource && field->pb->id >= 2 && field->pb->id <= 9 && field != type->resource->update_time;
		if (output_is_text(field) && !field->map && !bookkeeping && !field->rules.secret && field->rules.max_length <= LIMIT_STRING_BYTES &&
		    !has_column(listing, field->name)) {
			add_column(listing, field->name, st);
		}
	}
}

static bool add_defaults(struct listing *listing, struct status *st)
{
	const struct listing_options *options = &listing->options;
	const struct schema_resource *resource = options->type->resource;
	const char *const *names = options->columns ? options->columns : resource ? resource->columns : NULL;
	size_t count = options->columns ? options->columns_count : resource ? resource->columns_count : 0;
	enum output_format format = listing->cli->output.format;
	if (count == 0 || format == OUTPUT_CSV) {
		add_every(listing, options->type, "", 3, st);
		return status_ok(st);
	}
	for (size_t i = 0; i < count; i++) {
		add_column(listing, names[i], st);
	}
	if (format == OUTPUT_WIDE) {
		add_wide(listing, st);
	}
	return status_ok(st);
}

/* --columns a,b or +c; in JSON only what the message itself has counts. */
static bool choose_columns(struct listing *listing, struct status *st)
{
	const char *wanted = listing->cli->output.columns;
	if ((!wanted || wanted[0] == '+') && !add_defaults(listing, st)) {
		return false;
	}
	if (!wanted) {
		return true;
	}
	wanted += wanted[0] == '+';
	while (*wanted) {
		size_t size = strcspn(wanted, ",");
		const char *path = arena_strndup(&listing->cli->arena, wanted, size);
		if (size > 0 && path && !add_column(listing, strpbrk(path, ".") ? path : text_snake(path, &listing->cli->arena), st)) {
			status_init(st);
			if (!add_column(listing, path, st)) {
				return false;
			}
		}
		wanted += size;
		wanted += *wanted == ',';
	}
	return listing->columns_count > 0 || usage_fail(st, "--columns needs the names of fields, separated by commas");
}

static bool is_number(const struct schema_field *field)
{
	if (field->repeated) {
		return false;
	}
	if (field->message) {
		return strcmp(field->message->name, "kam.v1.Money") == 0 || strcmp(field->message->name, "kam.v1.Figure") == 0;
	}
	switch (field->pb->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		return false;
	default:
		return true;
	}
}

/* Times, enums and truth values: short, and worth nothing when cut. */
static bool is_short(const struct schema_field *field)
{
	return !field->repeated && (field->message || field->pb->type != PROTOBUF_C_TYPE_STRING);
}

struct listing *listing_new(struct cli *cli, const struct listing_options *options, struct status *st)
{
	struct listing *listing = arena_calloc(&cli->arena, 1, sizeof *listing);
	if (!listing) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
		return NULL;
	}
	listing->cli = cli;
	listing->options = *options;
	if (!choose_columns(listing, st)) {
		return NULL;
	}
	enum output_format format = cli->output.format;
	if (format == OUTPUT_NAME && !schema_field_find(options->type, "name")) {
		usage_fail(st, "-o name: these have no names; use -o json");
		return NULL;
	}
	arena_init(&listing->scratch, LIMIT_CLIENT_ARENA_BYTES);
	for (size_t i = 0; i < listing->columns_count; i++) {
		const struct column *column = &listing->columns[i];
		listing->headings[i] = (struct record_column){.name = column->path, .right = is_number(column->field), .whole = is_short(column->field)};
	}
	if (format == OUTPUT_TABLE || format == OUTPUT_WIDE || format == OUTPUT_CSV) {
		listing->records = records_new(cli, listing->headings, listing->columns_count);
	}
	return listing;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------ */

static const char *cell_text(struct listing *listing, const struct column *column, const ProtobufCMessage *message)
{
	bool pretty = listing->cli->output.format != OUTPUT_CSV;
	if (!column->nested) {
		if (!column->field->repeated && column->field->pb->type == PROTOBUF_C_TYPE_STRING) {
			return value_get(message, column->field, 0).string;
		}
		return value_count(message, column->field) == 0
		               ? ""
		               : value_text(message, column->field, pretty, pretty ? ", " : ";", &listing->scratch);
	}
	const ProtobufCMessage *holder = NULL;
	size_t bad;
	const struct schema_field *field = value_path(listing->options.type, message, column->path, &holder, &bad);
	return field && holder && value_count(holder, field) > 0 ? value_text(holder, field, pretty, pretty ? ", " : ";", &listing->scratch) : "";
}

/* Leaves the top-level fields that --columns names. */
static void keep_columns(const struct listing *listing, ProtobufCMessage *message)
{
	const struct schema_type *type = listing->options.type;
	for (size_t i = 0; i < type->fields_count; i++) {
		size_t size = strlen(type->fields[i].name);
		bool kept = false;
		for (size_t j = 0; j < listing->columns_count && !kept; j++) {
			const struct schema_field *top = listing->columns[j].nested ? NULL : listing->columns[j].field;
			const char *path = listing->columns[j].path;
			kept = top == &type->fields[i] || (strncmp(path, type->fields[i].name, size) == 0 && path[size] == '.');
		}
		if (!kept) {
			value_clear(message, &type->fields[i]);
		}
	}
}

/* The message's own JSON, moved to where it stands in the list. */
static void add_indented(struct buf *out, const char *json, const char *indent)
{
	while (*json) {
		size_t size = strcspn(json, "\n");
		buf_add(out, json, size);
		json += size;
		if (*json == '\n') {
			buf_printf(out, "\n%s", indent);
			json++;
		}
	}
}

static void add_as_json(struct listing *listing, const ProtobufCMessage *message, struct buf *out)
{
	enum output_format format = listing->cli->output.format;
	struct buf yaml;
	buf_init(&yaml, &listing->scratch);
	const char *json = output_json(listing->cli->schema, listing->options.type, message, format == OUTPUT_JSON ? JSON_PRETTY : 0, &listing->scratch);
	if (format == OUTPUT_JSONL) {
		buf_add_text(out, json);
		buf_add_byte(out, '\n');
	} else if (format == OUTPUT_JSON) {
		if (listing->rows == 0) {
			buf_printf(out, "{\n  \"%s\": [", listing->options.key);
		}
		buf_add_text(out, listing->rows == 0 ? "\n    " : ",\n    ");
		add_indented(out, json, "    ");
	} else {
		if (listing->rows == 0) {
			buf_printf(out, "%s:\n", listing->options.key);
		}
		yaml_write(&yaml, json);
		yaml.size -= yaml.size > 0;
		buf_add_text(out, "- ");
		add_indented(out, buf_text(&yaml), "  ");
		buf_add_byte(out, '\n');
	}
}

void listing_add(struct listing *listing, const ProtobufCMessage *message)
{
	struct buf out;
	buf_init(&out, &listing->scratch);
	if (listing->records) {
		const char *cells[COLUMNS_MAX];
		for (size_t i = 0; i < listing->columns_count; i++) {
			cells[i] = cell_text(listing, &listing->columns[i], message);
		}
		records_row(listing->records, cells, NULL);
	} else if (listing->cli->output.format == OUTPUT_NAME) {
		const char *name = value_get(message, schema_field_find(listing->options.type, "name"), 0).string;
		buf_printf(&out, "%s\n", text_clean(name, &listing->scratch));
	} else {
		if (listing->cli->output.columns) {
			keep_columns(listing, (ProtobufCMessage *)(uintptr_t)message);
		}
		add_as_json(listing, message, &out);
	}
	listing->rows++;
	output_flush(&out);
	arena_reset(&listing->scratch);
}

static void end_json(struct listing *listing, const char *token, int64_t total)
{
	struct buf out;
	buf_init(&out, &listing->scratch);
	if (listing->cli->output.format == OUTPUT_JSON) {
		if (listing->rows == 0) {
			buf_printf(&out, "{\n  \"%s\": []", listing->options.key);
		} else {
			buf_add_text(&out, "\n  ]");
		}
		if (token[0] != '\0') {
			buf_add_text(&out, ",\n  \"nextPageToken\": ");
			json_write_string(&out, token);
		}
		if (total >= 0) {
			buf_printf(&out, ",\n  \"totalSize\": \"%lld\"", (long long)total);
		}
		buf_add_text(&out, "\n}\n");
	} else {
		if (listing->rows == 0) {
			buf_printf(&out, "%s: []\n", listing->options.key);
		}
		if (token[0] != '\0') {
			buf_add_text(&out, "nextPageToken: ");
			json_write_string(&out, token);
			buf_add_byte(&out, '\n');
		}
		if (total >= 0) {
			buf_printf(&out, "totalSize: \"%lld\"\n", (long long)total);
		}
	}
	output_flush(&out);
}

bool listing_end(struct listing *listing, const char *token, int64_t total, struct status *st)
{
	enum output_format format = listing->cli->output.format;
	bool ok = true;
	if (listing->records) {
		ok = records_end(listing->records, st);
	} else if (format == OUTPUT_JSON || format == OUTPUT_YAML) {
		end_json(listing, token, total);
		ok = output_check(st);
	} else {
		ok = output_check(st);
	}
	const struct schema_resource *resource = listing->options.type->resource;
	if (ok && listing->rows == 0 && resource && (format == OUTPUT_TABLE || format == OUTPUT_WIDE)) {
		notice("no %s", resource->plural);
	}
	if (ok && format != OUTPUT_JSON && format != OUTPUT_YAML) {
		if (total >= 0) {
			notice("%lld in all", (long long)total);
		}
		if (token[0] != '\0') {
			notice("more: --all for everything, or --page-token %s", token);
		}
	}
	arena_done(&listing->scratch);
	return ok;
}

bool listing_of(struct cli *cli, const ProtobufCMessageDescriptor *type, const char *key, ProtobufCMessage *const *rows, size_t count, const char *token,
                struct status *st)
{
	struct listing *listing = listing_new(cli, &(struct listing_options){.type = schema_type_of(cli->schema, type), .key = key}, st);
	for (size_t i = 0; i < count && listing; i++) {
		listing_add(listing, rows[i]);
	}
	return listing && listing_end(listing, token, -1, st);
}
