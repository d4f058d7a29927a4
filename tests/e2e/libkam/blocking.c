/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocking face of libkam as a program that knows nothing but <kam/kam.h> uses it. Answers with its exit status; says on standard output when it
 * waits for the test, which then writes a line.
 *
 *     blocking SERVER CA PASSWORD WRONG-CA
 */
#include "wire.h"

static const char get_account[] = "/kam.v1.AccountService/GetAccount", create_account[] = "/kam.v1.AccountService/CreateAccount",
                  watch_path[] = "/kam.v1.WatchService/Watch";

#define EXPECT(condition)                                                                                                       \
	do {                                                                                                                    \
		if (!(condition)) {                                                                                             \
			fprintf(stderr, "%s:%d: not so: %s (%s: %s)\n", __FILE__, __LINE__, #condition, kam_code_name(st.code), st.message); \
			exit(1);                                                                                                \
		}                                                                                                               \
	} while (0)

static struct kam_status st;

static void step(const char *what)
{
	char line[16];
	printf("%s\n", what);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin)) {
		exit(1);
	}
}

static bool call(struct kam *kam, const char *path, struct wire request, const struct kam_call_options *options)
{
	struct kam_reply reply;
	bool ok = kam_call(kam, path, wire_bytes(&request), options, &reply, &st);
	if (ok) {
		kam_reply_free(&reply);
	}
	return ok;
}

static void sign_in(struct kam *kam, const char *password)
{
	struct wire request = {{0}, 0};
	struct kam_reply reply;
	struct kam_bytes token;
	char text[256];
	EXPECT(!call(kam, get_account, wire_name("accounts/none"), NULL));
	EXPECT(st.code == KAM_UNAUTHENTICATED && strcmp(st.reason, "NOT_SIGNED_IN") == 0);
	wire_text(&request, 1, "admin");
	wire_text(&request, 2, password);
	EXPECT(kam_call(kam, "/kam.v1.SessionService/SignIn", wire_bytes(&request), NULL, &reply, &st));
	EXPECT(wire_find(reply.message, 1, &token, NULL) && token.size < sizeof text);
	snprintf(text, sizeof text, "%.*s", (int)token.size, (const char *)token.data);
	kam_reply_free(&reply);
	EXPECT(kam_set_token(kam, text));
}

/* Answers the revision that the change made. */
static uint64_t unary(struct kam *kam)
{
	struct wire create = wire_create_account("acme"), get = wire_name("accounts/acme");
	struct kam_reply reply;
	struct kam_bytes name;
	EXPECT(kam_call(kam, create_account, wire_bytes(&create), NULL, &reply, &st));
	uint64_t revision = reply.revision;
	EXPECT(revision > 0 && st.code == KAM_OK);
	kam_reply_free(&reply);
	EXPECT(kam_call(kam, get_account, wire_bytes(&get), NULL, &reply, &st));
	EXPECT(wire_find(reply.message, 1, &name, NULL) && name.size == 13 && memcmp(name.data, "accounts/acme", 13) == 0);
	kam_reply_free(&reply);
	EXPECT(!call(kam, create_account, wire_create_account("No Id"), NULL));
	EXPECT(st.code == KAM_INVALID_ARGUMENT && st.violations_count == 1 && strcmp(st.violations[0].field, "account_id") == 0);
	EXPECT(!call(kam, get_account, wire_name("accounts/none"), NULL) && st.code == KAM_NOT_FOUND);
	return revision;
}

static struct kam_stream *watch_from(struct kam *kam, uint64_t revision, int64_t timeout_ms)
{
	const struct kam_call_options options = {.timeout_ms = timeout_ms, .idempotent = true};
	struct wire request = wire_watch(revision);
	struct kam_stream *stream = kam_stream_open(kam, watch_path, &options, &st);
	EXPECT(stream && kam_stream_send(stream, wire_bytes(&request), true));
	return stream;
}

/* Reads up to the change of an account; answers its revision. */
static uint64_t read_change(struct kam_stream *stream, const char *name)
{
	struct kam_bytes message, change, changed;
	uint64_t revision = 0;
	while (kam_stream_receive(stream, &message, &st)) {
		EXPECT(wire_find(message, 1, NULL, &revision));
		if (wire_find(message, 4, &change, NULL) && wire_find(change, 1, &changed, NULL) && changed.size == strlen(name) &&
		    memcmp(changed.data, name, changed.size) == 0) {
			return revision;
		}
	}
	EXPECT(!"the change came");
	return 0;
}

static void deadline_and_cancel(struct kam *kam, uint64_t revision)
{
	struct kam_bytes message;
	struct kam_stream *stream = watch_from(kam, revision, 400);
	while (kam_stream_receive(stream, &message, &st)) {
	}
	EXPECT(st.code == KAM_DEADLINE_EXCEEDED);
	kam_stream_close(stream);
	stream = watch_from(kam, revision - 1, 0);
	read_change(stream, "accounts/acme");
	kam_stream_close(stream); /* cancels */
	EXPECT(call(kam, get_account, wire_name("accounts/acme"), NULL));
}

static void restart(struct kam *kam, uint64_t revision)
{
	const struct kam_call_options patient = {.timeout_ms = 60000, .idempotent = true, .wait_for_ready = true};
	const struct kam_call_options brief = {.timeout_ms = 500, .idempotent = true, .wait_for_ready = true};
	struct kam_bytes message;
	struct kam_stream *stream = watch_from(kam, revision, 0);
	EXPECT(call(kam, get_account, wire_name("accounts/acme"), NULL));
	step("stop it");
	while (kam_stream_receive(stream, &message, &st)) {
		EXPECT(wire_find(message, 1, NULL, &revision));
	}
	EXPECT(st.code == KAM_UNAVAILABLE);
	kam_stream_close(stream);
	EXPECT(!call(kam, get_account, wire_name("accounts/acme"), NULL) && st.code == KAM_UNAVAILABLE);
	EXPECT(!call(kam, get_account, wire_name("accounts/acme"), &brief) && st.code == KAM_DEADLINE_EXCEEDED);
	step("start it");
	EXPECT(call(kam, create_account, wire_create_account("after"), &patient));
	stream = watch_from(kam, revision, 0);
	EXPECT(read_change(stream, "accounts/after") > revision);
	kam_stream_close(stream);
}

static void untrusted(const char *server, const char *wrong_ca)
{
	const struct kam_options wrong = {.server = server, .ca_file = wrong_ca}, system = {.server = server}, none = {.server = server, .ca_file = "/nonexistent"};
	EXPECT(!kam_open(&none, &st) && st.code == KAM_FAILED_PRECONDITION);
	struct kam *kam = kam_open(&wrong, &st);
	EXPECT(kam && !call(kam, get_account, wire_name("accounts/acme"), NULL));
	EXPECT(st.code == KAM_UNAVAILABLE && strstr(st.message, "certificate"));
	kam_close(kam);
	kam = kam_open(&system, &st);
	EXPECT(kam && !call(kam, get_account, wire_name("accounts/acme"), NULL));
	EXPECT(st.code == KAM_UNAVAILABLE && strstr(st.message, "certificate"));
	kam_close(kam);
}

int main(int argc, char **argv)
{
	assert(argc == 5);
	const struct kam_options options = {.server = argv[1], .ca_file = argv[2], .user_agent = "blocking/1"};
	struct kam *kam = kam_open(&options, &st);
	EXPECT(kam);
	sign_in(kam, argv[3]);
	uint64_t revision = unary(kam);
	deadline_and_cancel(kam, revision);
	restart(kam, revision);
	untrusted(argv[1], argv[4]);
	kam_close(kam);
	printf("done\n");
	return 0;
}
