/* SPDX-License-Identifier: Apache-2.0
 *
 * kam call: any method of the contract, its request as JSON, its replies as JSON. What nobody has made a command for can still be called.
 */
#include "client/cli/cli.h"

#include "common/base/limits.h"
#include "common/schema/json.h"
#include "common/schema/value.h"

#include <stdio.h>

static bool print_reply(struct cli *cli, const struct schema_method *method, struct bytes bytes, struct arena *arena, struct status *st)
{
	ProtobufCMessage *message = schema_unpack_reply(method->output, bytes, arena, st);
	if (!message) {
		return false;
	}
	if (cli->output_asked) {
		return output_message(cli, method->output, message, st);
	}
	printf("%s\n", output_json(cli->schema, method->output, message, method->server_streaming ? 0 : JSON_PRETTY, arena));
	return output_check(st);
}

/* Requests of a client stream come one a line. */
static bool send_requests(struct cli *cli, const struct schema_method *method, struct bytes text, struct kam_stream *stream, struct arena *arena,
                          struct status *st)
{
	bool open = true;
	while (open && text.size > 0) {
		const uint8_t *end = method->client_streaming ? memchr(text.data, '\n', text.size) : NULL;
		size_t size = end ? (size_t)(end - text.data) : text.size;
		struct bytes line = {text.data, size};
		text.data += size + (end != NULL);
		text.size -= size + (end != NULL);
		if (size == 0) {
			continue;
		}
		ProtobufCMessage *request = json_read(cli->schema, method->input, line, arena, st);
		if (!request) {
			return false;
		}
		open = cli_stream_send(stream, schema_pack(request, arena), text.size == 0);
	}
	return true;
}

/* A write can be sent twice only under a request id, and here only the user gives one. */
static bool may_repeat(const struct schema_method *method, const ProtobufCMessage *request)
{
	const struct schema_field *id = schema_field_find(method->input, "request_id");
	return method->no_side_effects || (request && id && value_count(request, id) > 0);
}

bool call_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_method(cli, args_place(&cli->args, 0), st);
	const char *json = args_place(&cli->args, 1);
	struct bytes text = bytes_of(json ? json : "{}"), bytes;
	if (!method || (json && strcmp(json, "-") == 0 && !cli_read_file(cli, "-", &text, st))) {
		return false;
	}
	if (text.size == 0) {
		return usage_fail(st, "there is no request: give it as JSON, {} for an empty one");
	}
	struct status wrong;
	status_init(&wrong);
	ProtobufCMessage *request = method->client_streaming ? NULL : json_read(cli->schema, method->input, text, &cli->arena, &wrong);
	if (!request && !method->client_streaming) {
		return usage_fail(st, "the request: %s", wrong.message);
	}
	if (!cli_connect(cli, method->audience != AUDIENCE_ANONYMOUS && strncmp(method->path, "/kam.", 5) == 0, st)) {
		return false;
	}
	struct kam_call_options options = cli_call_options(cli, method);
	options.idempotent = may_repeat(method, request);
	struct kam_stream *stream = cli_stream_open(cli, method, &options, st);
	struct arena arena;
	arena_init(&arena, LIMIT_CLIENT_ARENA_BYTES);
	if (stream && send_requests(cli, method, text, stream, &arena, st)) {
		while (cli_stream_receive(stream, &bytes, st) && print_reply(cli, method, bytes, &arena, st)) {
			arena_reset(&arena);
		}
	}
	kam_stream_close(stream);
	arena_done(&arena);
	return status_ok(st);
}
