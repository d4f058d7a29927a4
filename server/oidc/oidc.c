/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys lie under one lock, which is held for the tenth of a millisecond that a signature takes, and never while anything is fetched.
 */
#include "server/oidc/oidc.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/log.h"
#include "common/net/https.h"
#include "common/net/tls.h"
#include "common/net/url.h"
#include "common/schema/json_object.h"
#include "server/oidc/key_set.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { FETCH_BYTES = 32 << 20 };

struct oidc {
	char *issuer, *client_id, *keys_place, *ca_file;
	bool by_email, fetches;
	unsigned refresh_s, retry_s;
	uint16_t port;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t asked, fetched;
	/* Under the lock: */
	struct key_set *keys; /* NULL: none could be read yet */
	int64_t read_us, tried_us; /* monotonic; 0: never */
	bool wanted, fetching;
	bool awaited;   /* by a sign-in */
	unsigned tries; /* that have ended */
};

/* ---- reading and fetching ---------------------------------------------------------------------------------------------------------- */

static void put_keys(struct oidc *oidc, struct key_set *keys)
{
	pthread_mutex_lock(&oidc->lock);
	struct key_set *old = oidc->keys;
	oidc->keys = keys;
	oidc->read_us = clock_monotonic_us();
	pthread_mutex_unlock(&oidc->lock);
	key_set_free(old);
}

static void note_outcome(const struct oidc *oidc, const struct key_set *keys, const struct status *st)
{
	const char *from = *oidc->keys_place ? oidc->keys_place : oidc->issuer;
	if (keys) {
		log_event(LOG_INFO, "issuer_keys_read", "from", "%s", from, "keys", "%zu", key_set_count(keys), NULL);
	} else {
		log_event(LOG_WARN, "issuer_keys_failed", "from", "%s", from, "message", "%s", st->message, "action", "%s", "those read before stay in use", NULL);
	}
}

static bool read_file(const char *path, struct arena *arena, struct bytes *ret_text, struct status *st)
{
	FILE *file = fopen(path, "re");
	if (!file) {
		return status_fail(st, STATUS_NOT_FOUND, "CONFIG", "oidc.keys: %s: %s", path, strerror(errno));
	}
	uint8_t *text = arena_alloc(arena, LIMIT_ISSUER_BYTES + 1);
	size_t size = text ? fread(text, 1, LIMIT_ISSUER_BYTES + 1, file) : 0;
	fclose(file);
	if (!text || size > LIMIT_ISSUER_BYTES) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "CONFIG", "oidc.keys: %s is larger than %u bytes", path, LIMIT_ISSUER_BYTES);
	}
	*ret_text = (struct bytes){text, size};
	return true;
}

/* Where the issuer says that its keys are. That it names itself as we do shows that the description is its own. */
static const char *discover(struct oidc *oidc, struct tls *tls, struct arena *arena, struct status *st)
{
	struct json_members description;
	struct bytes body;
	size_t size = strlen(oidc->issuer);
	const char *url = arena_printf(arena, "%.*s/.well-known/openid-configuration", (int)(size - (oidc->issuer[size - 1] == '/')), oidc->issuer);
	if (!url || !https_get(url, tls, &oidc->stop, arena, &body, st) || !json_read_members(body, arena, &description, st)) {
		return NULL;
	}
	const char *issuer = json_member_text(&description, "issuer"), *place = json_member_text(&description, "jwks_uri");
	if (!issuer || strcmp(issuer, oidc->issuer) != 0) {
		status_fail(st, STATUS_FAILED_PRECONDITION, "ISSUER", "it describes itself as the issuer \"%.200s\"", issuer ? issuer : "");
		return NULL;
	}
	if (!place) {
		status_fail(st, STATUS_FAILED_PRECONDITION, "ISSUER", "it does not say where its keys are (jwks_uri)");
	}
	return place;
}

static struct key_set *fetch(struct oidc *oidc, struct status *st)
{
	struct arena arena;
	struct bytes body;
	struct key_set *keys = NULL;
	arena_init(&arena, FETCH_BYTES);
	struct tls *tls = tls_https_new(oidc->ca_file, st); /* anew each time, for authorities are renewed too */
	const char *place = !tls ? NULL : *oidc->keys_place ? oidc->keys_place : discover(oidc, tls, &arena, st);
	if (place && https_get(place, tls, &oidc->stop, &arena, &body, st)) {
		keys = key_set_read(body, st);
	}
	tls_free(tls);
	arena_done(&arena);
	return keys;
}

static struct key_set *read_keys_file(const struct oidc *oidc, struct status *st)
{
	struct arena arena;
	struct bytes text;
	struct key_set *keys = NULL;
	arena_init(&arena, FETCH_BYTES);
	if (read_file(oidc->keys_place, &arena, &text, st)) {
		keys = key_set_read(text, st);
	}
	arena_done(&arena);
	return keys;
}

/* ---- the thread -------------------------------------------------------------------------------------------------------------------- */

/* Of the clock that the conditions go by. */
static struct timespec after_us(int64_t us)
{
	int64_t at_us = clock_monotonic_us() + us;
	return (struct timespec){at_us / 1000000, at_us % 1000000 * 1000};
}

/* When keys are to be fetched next, monotonic; under the lock. */
static int64_t due_us(const struct oidc *oidc)
{
	int64_t earliest = oidc->tried_us == 0 ? 0 : oidc->tried_us + (int64_t)oidc->retry_s * 1000000;
	int64_t stale = oidc->keys && !oidc->wanted ? oidc->read_us + (int64_t)oidc->refresh_s * 1000000 : 0;
	return stale > earliest ? stale : earliest;
}

static void try_once(struct oidc *oidc)
{
	struct status st;
	status_init(&st);
	struct key_set *keys = fetch(oidc, &st);
	if (!atomic_load(&oidc->stop)) {
		note_outcome(oidc, keys, &st);
	}
	if (keys) {
		put_keys(oidc, keys);
	}
}

static void *fetch_main(void *context)
{
	struct oidc *oidc = context;
	pthread_mutex_lock(&oidc->lock);
	while (!atomic_load(&oidc->stop)) {
		int64_t left_us = due_us(oidc) - clock_monotonic_us();
		if (left_us > 0) {
			struct timespec until = after_us(left_us);
			pthread_cond_timedwait(&oidc->asked, &oidc->lock, &until);
			continue;
		}
		oidc->tried_us = clock_monotonic_us();
		oidc->wanted = false;
		oidc->fetching = true;
		pthread_mutex_unlock(&oidc->lock);
		try_once(oidc);
		pthread_mutex_lock(&oidc->lock);
		oidc->fetching = false;
		oidc->tries++;
		pthread_cond_broadcast(&oidc->fetched);
	}
	pthread_mutex_unlock(&oidc->lock);
	return NULL;
}

/* A key that is not known may be a new one: one sign-in at a time waits a moment for the keys, where they are being fetched or may be now. Others are refused
 * at once, for there are few hashers, and passwords need them too. Under the lock. */
static void wait_for_key(struct oidc *oidc)
{
	unsigned tries = oidc->tries;
	bool may_fetch = oidc->tried_us == 0 || clock_monotonic_us() >= oidc->tried_us + (int64_t)oidc->retry_s * 1000000;
	if (!oidc->started || oidc->awaited || (!oidc->fetching && !may_fetch)) {
		return;
	}
	struct timespec until = after_us((int64_t)LIMIT_ISSUER_WAIT_MS * 1000);
	oidc->awaited = true;
	oidc->wanted |= !oidc->fetching;
	pthread_cond_signal(&oidc->asked);
	while (oidc->tries == tries && !atomic_load(&oidc->stop) && pthread_cond_timedwait(&oidc->fetched, &oidc->lock, &until) == 0) {
	}
	oidc->awaited = false;
}

/* ---- verifying --------------------------------------------------------------------------------------------------------------------- */

static bool check_signature(struct oidc *oidc, const struct id_token *token, struct status *st)
{
	pthread_mutex_lock(&oidc->lock);
	if (oidc->fetches && (!oidc->keys || !key_set_has(oidc->keys, token))) {
		wait_for_key(oidc);
	}
	bool ok = oidc->keys ? key_set_verify(oidc->keys, token, st)
	                     : status_fail(st, STATUS_UNAUTHENTICATED, "ID_TOKEN", "the issuer's keys could not be read yet");
	pthread_mutex_unlock(&oidc->lock);
	return ok;
}

bool oidc_verify(struct oidc *oidc, const char *text, int64_t now_s, struct arena *arena, struct oidc_identity *ret_identity, struct status *st)
{
	struct id_token token;
	struct id_token_claims claims;
	const struct id_token_rules rules = {oidc->issuer, oidc->client_id, oidc->by_email, now_s};
	if (!id_token_read(text, arena, &token, st) || !check_signature(oidc, &token, st) || !id_token_judge(&token, &rules, arena, &claims, st)) {
		return false;
	}
	if (snprintf(ret_identity->name, OIDC_NAME_BYTES, "oidc:%s", claims.whose) >= OIDC_NAME_BYTES) {
		return status_fail(st, STATUS_UNAUTHENTICATED, "ID_TOKEN", "it names somebody at too great length");
	}
	uint8_t hash[(OIDC_ONCE_BYTES - 1) / 2];
	crypto_generichash(hash, sizeof hash, token.signed_text.data, token.signed_text.size, NULL, 0);
	sodium_bin2hex(ret_identity->once, OIDC_ONCE_BYTES, hash, sizeof hash);
	ret_identity->until_s = claims.until_s;
	return true;
}

/* ---- life -------------------------------------------------------------------------------------------------------------------------- */

static bool check_settings(struct oidc *oidc, struct status *st)
{
	struct url url;
	if (!*oidc->issuer || !*oidc->client_id) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "CONFIG", "oidc.issuer and oidc.client_id: one without the other says nothing; set both");
	}
	if (!oidc->fetches) {
		return (oidc->keys = read_keys_file(oidc, st)) != NULL;
	}
	struct tls *tls = url_read(*oidc->keys_place ? oidc->keys_place : oidc->issuer, &url, st) ? tls_https_new(oidc->ca_file, st) : NULL;
	oidc->port = url.port;
	tls_free(tls);
	return status_ok(st);
}

struct oidc *oidc_new(const struct oidc_settings *settings, struct status *st)
{
	struct oidc *oidc = calloc(1, sizeof *oidc);
	if (!oidc) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
		return NULL;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&oidc->lock, NULL);
	pthread_cond_init(&oidc->asked, &monotonic);
	pthread_cond_init(&oidc->fetched, &monotonic);
	pthread_condattr_destroy(&monotonic);
	oidc->issuer = strdup(settings->issuer);
	oidc->client_id = strdup(settings->client_id);
	oidc->keys_place = strdup(settings->keys);
	oidc->ca_file = strdup(settings->ca_file);
	oidc->by_email = settings->by_email;
	oidc->refresh_s = settings->refresh_s;
	oidc->retry_s = settings->retry_s;
	oidc->fetches = !*settings->keys || strncmp(settings->keys, "https:", 6) == 0;
	if (!oidc->issuer || !oidc->client_id || !oidc->keys_place || !oidc->ca_file) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	} else if (check_settings(oidc, st)) {
		return oidc;
	}
	oidc_free(oidc);
	return NULL;
}

bool oidc_start(struct oidc *oidc, struct status *st)
{
	oidc->started = oidc->fetches && pthread_create(&oidc->thread, NULL, fetch_main, oidc) == 0;
	return oidc->started || !oidc->fetches || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "THREAD", "cannot start the thread that fetches the issuer's keys");
}

void oidc_reload(struct oidc *oidc)
{
	if (oidc->fetches) {
		pthread_mutex_lock(&oidc->lock);
		oidc->wanted = true;
		oidc->tried_us = 0;
		pthread_cond_signal(&oidc->asked);
		pthread_mutex_unlock(&oidc->lock);
		return;
	}
	struct status st;
	status_init(&st);
	struct key_set *keys = read_keys_file(oidc, &st);
	note_outcome(oidc, keys, &st);
	if (keys) {
		put_keys(oidc, keys);
	}
}

void oidc_free(struct oidc *oidc)
{
	if (!oidc) {
		return;
	}
	pthread_mutex_lock(&oidc->lock);
	atomic_store(&oidc->stop, true);
	pthread_cond_broadcast(&oidc->asked);
	pthread_cond_broadcast(&oidc->fetched);
	pthread_mutex_unlock(&oidc->lock);
	if (oidc->started) {
		pthread_join(oidc->thread, NULL);
	}
	key_set_free(oidc->keys);
	pthread_cond_destroy(&oidc->asked);
	pthread_cond_destroy(&oidc->fetched);
	pthread_mutex_destroy(&oidc->lock);
	free(oidc->issuer);
	free(oidc->client_id);
	free(oidc->keys_place);
	free(oidc->ca_file);
	free(oidc);
}

uint16_t oidc_port(const struct oidc *oidc)
{
	return oidc->port;
}
