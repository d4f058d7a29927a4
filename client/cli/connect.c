/* SPDX-License-Identifier: Apache-2.0
 *
 * From a command to the server and back.
 */
#include "client/cli/cli.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/schema/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* What libkam says becomes the failure of the command, unless there is one already. */
static bool take_status(const struct kam_status *said, struct status *st)
{
	if (said->code == KAM_OK || !status_ok(st)) {
		return status_ok(st);
	}
	status_fail(st, (enum status_code)said->code, said->reason, "%s", said->message);
	st->violations_count = said->violations_count;
	for (size_t i = 0; i < said->violations_count; i++) {
		snprintf(st->violations[i].field, sizeof st->violations[i].field, "%s", said->violations[i].field);
		snprintf(st->violations[i].description, sizeof st->violations[i].description, "%s", said->violations[i].description);
	}
	return false;
}

bool cli_connect(struct cli *cli, bool signed_in, struct status *st)
{
	if (cli->kam) {
		return true;
	}
	if (!cli->context.server && args_given(&cli->args, "context")) {
		return usage_fail(st, "there is no context %s; kam context list shows those there are", cli->context.name);
	}
	if (!cli->context.server) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "NOT_SIGNED_IN", "no server is known: sign in first, or give --server or KAM_SERVER");
	}
	const char *token;
	if (!context_token(&cli->context, &cli->arena, &token, st)) {
		return false;
	}
	if (signed_in && !token && !cli->context.cert_file) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "NOT_SIGNED_IN", "not signed in to %s", cli->context.server);
	}
	const struct kam_options options = {
		.server = cli->context.server,
		.ca_file = cli->context.ca_file,
		.token = token,
		.user_agent = "kam/" KAM_VERSION,
		.cert_file = cli->context.cert_file,
		.key_file = cli->context.key_file,
	};
	struct kam_status said;
	cli->kam = kam_open(&options, &said);
	return take_status(&said, st);
}

/* A revision, a day or a time; anything else is refused here, for it becomes a header. */
static bool check_as_of(const char *as_of, struct status *st)
{
	int64_t seconds, days;
	int32_t nanos;
	bool revision = as_of[0] != '\0' && strspn(as_of, "0123456789") == strlen(as_of) && strlen(as_of) <= 20;
	return revision || clock_parse_date(as_of, &days) || clock_parse(as_of, &seconds, &nanos) ||
	       usage_fail(st, "--as-of: \"%s\" is neither a revision (1234), a day (2026-09-30) nor a time (2026-09-30T17:00:00Z)", as_of);
}

struct kam_call_options cli_call_options(struct cli *cli, const struct schema_method *method)
{
	const char **metadata = arena_calloc(&cli->arena, 3, sizeof *metadata);
	const char *as_of = args_text(&cli->args, "as-of");
	if (metadata && as_of) {
		metadata[0] = "kam-as-of";
		metadata[1] = as_of;
	}
	/* Writes carry a request id wherever their request has one, so that sending twice does what once does. */
	bool idempotent = method->no_side_effects || schema_field_find(method->input, "request_id");
	struct kam_call_options options = {.metadata = metadata, .timeout_ms = LIMIT_CLIENT_CALL_MS, .idempotent = idempotent};
	const char *timeout = args_text(&cli->args, "timeout");
	if (timeout) {
		options.timeout_ms = (int64_t)(strtod(timeout, NULL) * 1000);
	}
	if (method->server_streaming && !timeout) {
		options.timeout_ms = 0;
	}
	return options;
}

static bool check_options(struct cli *cli, struct status *st)
{
	const char *timeout = args_text(&cli->args, "timeout"), *as_of = args_text(&cli->args, "as-of");
	char *end = NULL;
	double seconds = timeout ? strtod(timeout, &end) : 1;
	if (timeout && (end == timeout || *end != '\0' || !(seconds >= 0.001 && seconds <= 86400))) {
		return usage_fail(st, "--timeout: \"%s\" is not a number of seconds from 0.001 to 86400", timeout);
	}
	return !as_of || check_as_of(as_of, st);
}

bool cli_call(struct cli *cli, const struct schema_method *method, const ProtobufCMessage *request, struct arena *arena,
              ProtobufCMessage **ret_reply, uint64_t *ret_revision, struct status *st)
{
	if (!check_options(cli, st) || !cli_connect(cli, method->audience != AUDIENCE_ANONYMOUS, st)) {
		return false;
	}
	struct bytes bytes = schema_pack(request, arena);
	if (!bytes.data) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "the request is too large");
	}
	struct kam_reply reply;
	struct kam_status said;
	const struct kam_call_options options = cli_call_options(cli, method);
	if (!kam_call(cli->kam, method->path, (struct kam_bytes){bytes.data, bytes.size}, &options, &reply, &said)) {
		return take_status(&said, st);
	}
	*ret_reply = schema_unpack_reply(method->output, (struct bytes){reply.message.data, reply.message.size}, arena, st);
	if (ret_revision) {
		*ret_revision = reply.revision;
	}
	kam_reply_free(&reply);
	return *ret_reply != NULL;
}

struct kam_stream *cli_stream_open(struct cli *cli, const struct schema_method *method, const struct kam_call_options *options, struct status *st)
{
	struct kam_status said;
	struct kam_stream *stream = kam_stream_open(cli->kam, method->path, options, &said);
	take_status(&said, st);
	return stream;
}

bool cli_stream_send(struct kam_stream *stream, struct bytes message, bool last)
{
	return kam_stream_send(stream, (struct kam_bytes){message.data, message.size}, last);
}

bool cli_stream_receive(struct kam_stream *stream, struct bytes *ret_message, struct status *st)
{
	struct kam_status said;
	struct kam_bytes message;
	if (!kam_stream_receive(stream, &message, &said)) {
		take_status(&said, st);
		return false;
	}
	*ret_message = (struct bytes){message.data, message.size};
	return true;
}

const struct schema_method *cli_own_method(struct cli *cli, const char *path)
{
	const struct schema_method *method = schema_method_find(cli->schema, path);
	if (!method) {
		notice("the contract has no method %s", path);
		abort();
	}
	return method;
}

const struct schema_method *cli_method(struct cli *cli, const char *name, struct status *st)
{
	size_t count = schema_methods_count(cli->schema);
	const char **short_names = arena_calloc(&cli->arena, count + 1, sizeof *short_names);
	const char *wanted = name[0] == '/' ? name + 1 : name;
	for (size_t i = 0; i < count; i++) {
		const struct schema_method *method = schema_method_at(cli->schema, i);
		const char *slash = strrchr(method->service, '.');
		if (strcmp(method->path + 1, wanted) == 0 || (slash && strcmp(method->path + 1 + (slash + 1 - method->service), wanted) == 0)) {
			return method;
		}
		short_names[i] = slash ? method->path + 1 + (slash + 1 - method->service) : method->path + 1;
	}
	usage_fail(st, "there is no method %s%s; kam explain RESOURCE lists those of a resource", name,
	           suggestion(wanted, short_names, count, &cli->arena));
	return NULL;
}

const char *cli_request_id(struct cli *cli)
{
	uint8_t random[16] = {0};
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		return "";
	}
	struct buf out;
	buf_init(&out, &cli->arena);
	for (size_t i = 0; i < sizeof random; i++) {
		buf_printf(&out, "%02x", random[i]);
	}
	return buf_text(&out);
}

bool cli_read_file(struct cli *cli, const char *path, struct bytes *ret_bytes, struct status *st)
{
	bool own = strcmp(path, "-") != 0;
	FILE *file = own ? fopen(path, "re") : stdin;
	if (!file) {
		return status_fail(st, STATUS_UNKNOWN, "", "cannot read %s: %s", path, strerror(errno));
	}
	struct buf out;
	buf_init(&out, &cli->arena);
	uint8_t chunk[8192];
	size_t got;
	errno = 0;
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0 && out.size <= LIMIT_CONFIG_BYTES) {
		buf_add(&out, chunk, got);
	}
	if (ferror(file)) {
		status_fail(st, STATUS_UNKNOWN, "", "cannot read %s: %s", path, strerror(errno));
	} else if (out.size > LIMIT_CONFIG_BYTES) {
		status_fail(st, STATUS_UNKNOWN, "", "%s is larger than the %u bytes allowed here", path, LIMIT_CONFIG_BYTES);
	}
	if (own) {
		fclose(file);
	}
	buf_text(&out);
	*ret_bytes = buf_bytes(&out);
	return status_ok(st);
}
