/* SPDX-License-Identifier: Apache-2.0
 *
 * kam RESOURCE watch: a line per change, as it happens, until interrupted. After a break it goes on from the last revision it saw, so nothing is missed;
 * it gives up when the server stays away.
 */
#include "client/cli/noun.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/schema/json.h"
#include "common/schema/value.h"
#include "kam/v1/watch.pb-c.h"

#include <stdio.h>
#include <unistd.h>

enum { BREAKS_MAX = 5 };

static void print_change(struct cli *cli, const Kam__V1__WatchResponse *response, const Kam__V1__Change *change, struct arena *arena)
{
	char time[CLOCK_TEXT_BYTES] = "", revision[24];
	if (response->time) {
		clock_format(response->time->seconds, 0, time);
	}
	snprintf(revision, sizeof revision, "%llu", (unsigned long long)response->revision);
	const char *operation = output_words(cli, &change->base, "operation", arena);
	struct buf out;
	buf_init(&out, arena);
	switch (cli->output.format) {
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
		buf_printf(&out, "%s  %6s  %-9s %s  by %s\n", time, revision, operation, text_clean(change->name, arena), text_clean(response->actor, arena));
		break;
	case OUTPUT_NAME:
		buf_printf(&out, "%s\n", text_clean(change->name, arena));
		break;
	default: {
		const char *const cells[] = {time, revision, operation, change->name, response->actor};
		for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
			csv_write_cell(&out, cli->terminal.out ? text_clean(cells[i], arena) : cells[i], i == 0);
		}
		csv_write_end(&out);
		break;
	}
	}
	output_flush(&out);
}

static void print_response(struct cli *cli, const Kam__V1__WatchResponse *response, struct arena *arena)
{
	enum output_format format = cli->output.format;
	if (format == OUTPUT_JSON || format == OUTPUT_JSONL || format == OUTPUT_YAML) {
		struct buf yaml;
		buf_init(&yaml, arena);
		const char *json = output_json(cli->schema, schema_type_of(cli->schema, response->base.descriptor), &response->base, 0, arena);
		if (format == OUTPUT_YAML) {
			buf_add_text(&yaml, "---\n");
			yaml_write(&yaml, json);
			output_flush(&yaml);
		} else {
			printf("%s\n", json);
		}
		return;
	}
	for (size_t i = 0; i < response->n_changes; i++) {
		print_change(cli, response, response->changes[i], arena);
	}
}

/* One stream to its end; *from_revision moves along. */
static void follow(struct cli *cli, Kam__V1__WatchRequest *request, unsigned *breaks, struct status *st)
{
	const struct schema_method *method = cli->command->method;
	struct arena arena;
	arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
	const struct kam_call_options options = cli_call_options(cli, method);
	struct kam_stream *stream = cli_stream_open(cli, method, &options, st);
	if (!stream) {
		arena_done(&arena);
		return;
	}
	struct bytes bytes = schema_pack(&request->base, &arena);
	cli_stream_send(stream, bytes, true);
	while (cli_stream_receive(stream, &bytes, st)) {
		arena_reset(&arena);
		ProtobufCMessage *message = schema_unpack_reply(method->output, bytes, &arena, st);
		if (!message) {
			break;
		}
		const Kam__V1__WatchResponse *response = (const Kam__V1__WatchResponse *)message;
		request->from_revision = response->revision;
		*breaks = 0;
		if (response->n_changes > 0) {
			print_response(cli, response, &arena);
		}
		if (!output_check(st)) {
			break;
		}
	}
	kam_stream_close(stream);
	arena_done(&arena);
}

static bool may_go_on(const struct status *st)
{
	return st->code == STATUS_UNAVAILABLE || st->code == STATUS_RESOURCE_EXHAUSTED || st->code == STATUS_OK;
}

bool watch_run(struct cli *cli, struct status *st)
{
	const struct schema_resource *resource = cli->command->resource;
	const char *place = args_place(&cli->args, 0);
	const char *name = place ? name_resolve(cli, resource, place, st) : parent_resolve(cli, resource, true, st);
	int64_t revision = 0;
	if (!name || !args_number(&cli->args, "from-revision", 0, INT64_MAX, &revision, st) || !cli_connect(cli, true, st)) {
		return false;
	}
	char *names[] = {(char *)(uintptr_t)name}, *collections[] = {(char *)(uintptr_t)resource->collection};
	Kam__V1__WatchRequest request = KAM__V1__WATCH_REQUEST__INIT;
	request.from_revision = (uint64_t)revision;
	request.n_names = name[0] != '\0' ? 1 : 0;
	request.names = names;
	request.n_collections = 1;
	request.collections = collections;
	for (unsigned breaks = 0;; breaks++) {
		if (breaks > 0) {
			notice("the watch broke; going on from revision %llu", (unsigned long long)request.from_revision);
			usleep((LIMIT_RETRY_MS << breaks) * 1000);
		}
		status_init(st);
		follow(cli, &request, &breaks, st);
		if (!may_go_on(st) || breaks >= BREAKS_MAX || args_given(&cli->args, "timeout")) {
			return status_ok(st);
		}
	}
}
