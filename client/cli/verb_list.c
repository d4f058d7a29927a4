/* SPDX-License-Identifier: Apache-2.0
 *
 * kam RESOURCE list, get, history: reading. With --all a list goes page after page, each in an arena that the next one reuses.
 */
#include "client/cli/noun.h"

#include "common/base/limits.h"
#include "common/schema/value.h"

/* The repeated field of a List reply. */
static const struct schema_field *list_field(const struct schema_type *reply)
{
	for (size_t i = 0; i < reply->fields_count; i++) {
		if (reply->fields[i].repeated && reply->fields[i].message) {
			return &reply->fields[i];
		}
	}
	return NULL;
}

static const char *text_field(const struct schema_type *type, const ProtobufCMessage *message, const char *name)
{
	const struct schema_field *field = schema_field_find(type, name);
	return field ? value_get(message, field, 0).string : "";
}

static int64_t total_of(const struct schema_type *type, const ProtobufCMessage *message)
{
	const struct schema_field *field = schema_field_find(type, "total_size");
	return field ? value_get(message, field, 0).integer : -1;
}

/* Pages of `request` into a listing: one, or with --all to the last. It begins with the first answer, so that a refusal prints nothing but itself. */
static bool list_pages(struct cli *cli, ProtobufCMessage *request, const struct schema_field *items, const struct listing_options *options, struct status *st)
{
	struct listing *listing = NULL;
	const struct schema_method *method = cli->command->method;
	bool all = args_given(&cli->args, "all"), counted = args_given(&cli->args, "count");
	int64_t total = -1;
	char token[2100] = "";
	struct arena page;
	arena_init(&page, LIMIT_CLIENT_ARENA_BYTES);
	do {
		ProtobufCMessage *reply;
		arena_reset(&page);
		if (!cli_call(cli, method, request, &page, &reply, NULL, st) || (!listing && !(listing = listing_new(cli, options, st)))) {
			break;
		}
		size_t count = value_count(reply, items);
		for (size_t i = 0; i < count; i++) {
			listing_add(listing, value_get(reply, items, i).message);
		}
		total = counted ? total_of(method->output, reply) : -1;
		const char *next = text_field(method->output, reply, "next_page_token");
		if (strlen(next) >= sizeof token) {
			status_fail(st, STATUS_INTERNAL, "", "the server sent a page token of %zu bytes", strlen(next));
			break;
		}
		strcpy(token, next);
		request_set_text(cli, request, "page_token", arena_strdup(&cli->arena, token));
	} while (all && token[0] != '\0' && output_check(st));
	arena_done(&page);
	struct status ended;
	status_init(&ended);
	return listing && listing_end(listing, token, total, status_ok(st) ? st : &ended) && status_ok(st);
}

static bool run_pages(struct cli *cli, ProtobufCMessage *request, const struct listing_options *options, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	const struct schema_field *items = list_field(method->output);
	const struct schema_field *size = schema_field_find(method->input, "page_size");
	if (args_given(&cli->args, "all") && size && value_count(request, size) == 0) {
		value_set(request, size, (struct value){.kind = VALUE_INT, .integer = LIMIT_PAGE_SIZE_MAX}, &cli->arena);
	}
	struct listing_options with = *options;
	with.type = items->message;
	with.key = items->json_name;
	return list_pages(cli, request, items, &with, st);
}

bool list_run(struct cli *cli, struct status *st)
{
	ProtobufCMessage *request = request_new(cli, cli->command->method, st);
	const char *parent = request ? parent_resolve(cli, cli->command->resource, true, st) : NULL;
	if (!parent) {
		return false;
	}
	if (parent[0] != '\0') {
		request_set_text(cli, request, "parent", parent);
	}
	return run_pages(cli, request, &(struct listing_options){0}, st);
}

bool history_run(struct cli *cli, struct status *st)
{
	static const char *const columns[] = {"revision", "time", "actor", "operation", "changed_fields"};
	ProtobufCMessage *request = request_new(cli, cli->command->method, st);
	const char *name = request ? name_resolve(cli, cli->command->resource, args_place(&cli->args, 0), st) : NULL;
	if (!name) {
		return false;
	}
	request_set_text(cli, request, "name", name);
	return run_pages(cli, request, &(struct listing_options){.columns = columns, .columns_count = sizeof columns / sizeof columns[0]}, st);
}

bool get_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	ProtobufCMessage *request = request_new(cli, method, st), *reply;
	const char *name = request ? name_resolve(cli, cli->command->resource, args_place(&cli->args, 0), st) : NULL;
	if (!name) {
		return false;
	}
	request_set_text(cli, request, "name", name);
	return cli_call(cli, method, request, &cli->arena, &reply, NULL, st) && output_message(cli, method->output, reply, st);
}
