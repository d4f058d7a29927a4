/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/access/expired.h"

#include "common/base/clock.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "kam/v1/session.pb-c.h"
#include "kam/v1/token.pb-c.h"

enum { SCRATCH_BYTES = 1 << 20 };

struct search {
	const struct access *access;
	int64_t now_us;
	struct arena *arena;
	struct arena scratch; /* of one resource */
	struct store_change *changes;
	size_t count, most;
	struct status *st;
};

static int64_t seconds_of(const Google__Protobuf__Timestamp *time)
{
	return time ? time->seconds : 0;
}

static bool session_over(const struct search *search, const Kam__V1__Session *session)
{
	int64_t now = search->now_us / 1000000;
	return now >= seconds_of(session->expire_time) || now > seconds_of(session->last_used_time) + (int64_t)search->access->settings.session_idle_s;
}

static bool token_over(const struct search *search, const Kam__V1__Token *token)
{
	int64_t days;
	return !clock_parse_date(token->expire, &days) || search->now_us / 1000000 >= (days + 1) * 86400 + (int64_t)LIMIT_TOKEN_KEPT_SECONDS;
}

static bool visit(struct search *search, const char *name, const struct store_record *record, bool is_token)
{
	const struct access *access = search->access;
	arena_reset(&search->scratch);
	const void *message = schema_unpack_stored(is_token ? access->token : access->session, record->value, &search->scratch, search->st);
	if (!message) {
		return false;
	}
	if (is_token ? token_over(search, message) : session_over(search, message)) {
		search->changes[search->count++] = (struct store_change){arena_strdup(search->arena, name), STORE_PURGE, record->revision, {0}};
	}
	return search->count < search->most && !search->arena->overflowed;
}

static bool visit_session(void *context, const char *name, const struct store_record *record)
{
	return visit(context, name, record, false);
}

static bool visit_token(void *context, const char *name, const struct store_record *record)
{
	return visit(context, name, record, true);
}

struct store_change *expired_find(const struct access *access, const struct store_view *view, int64_t now_us, size_t most, struct arena *arena,
                                  size_t *ret_count, struct status *st)
{
	struct search search = {.access = access, .now_us = now_us, .arena = arena, .changes = arena_calloc(arena, most, sizeof *search.changes)};
	search.most = most;
	search.st = st;
	*ret_count = 0;
	if (!search.changes) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	arena_init(&search.scratch, SCRATCH_BYTES);
	bool ok = store_scan(view, "users/-/sessions", NULL, 0, visit_session, &search, st) && status_ok(st) &&
	          (search.count == most || store_scan(view, "users/-/tokens", NULL, 0, visit_token, &search, st)) && status_ok(st);
	arena_done(&search.scratch);
	if (!ok || arena->overflowed) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	*ret_count = search.count;
	return search.changes;
}
