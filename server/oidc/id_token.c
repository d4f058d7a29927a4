/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/oidc/id_token.h"

#include "common/base/base64.h"
#include "common/base/limits.h"
#include "common/schema/json_object.h"
#include "common/schema/number.h"

#include <strings.h>

static bool refuse(struct status *st, const char *why)
{
	return status_fail(st, STATUS_UNAUTHENTICATED, "ID_TOKEN", "%s", why);
}

/* What the JSON reader says of the token is said of a part of it. */
static bool refuse_json(struct status *st, const char *part)
{
	char message[STATUS_MESSAGE_BYTES];
	memcpy(message, st->message, sizeof message);
	status_init(st);
	return status_fail(st, STATUS_UNAUTHENTICATED, "ID_TOKEN", "its %s: %s", part, message);
}

/* ---- the parts --------------------------------------------------------------------------------------------------------------------- */

/* base64url without padding, and nothing else (RFC 7515 section 2). */
static bool decode(const char *text, size_t size, struct arena *arena, struct bytes *ret_bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	return size > 0 && strspn(text, digits) >= size && base64_decode(text, size, arena, ret_bytes);
}

static bool read_header(struct bytes header, struct arena *arena, struct id_token *token, struct status *st)
{
	struct json_members members;
	if (!json_read_members(header, arena, &members, st)) {
		return refuse_json(st, "header");
	}
	const char *algorithm = json_member_text(&members, "alg"), *type = json_member_text(&members, "typ");
	if (algorithm && strcmp(algorithm, "RS256") == 0) {
		token->algorithm = ID_TOKEN_RS256;
	} else if (algorithm && strcmp(algorithm, "ES256") == 0) {
		token->algorithm = ID_TOKEN_ES256;
	} else {
		return refuse(st, "its algorithm is neither RS256 nor ES256");
	}
	if (json_member_find(&members, "crit")) {
		return refuse(st, "its header demands extensions (crit), of which there are none here");
	}
	if (json_member_find(&members, "typ") && (!type || strcasecmp(type, "JWT") != 0)) { /* an access token, say: RFC 9068 */
		return refuse(st, "it is a token of another type");
	}
	token->key_id = json_member_text(&members, "kid");
	return !json_member_find(&members, "kid") || token->key_id || refuse(st, "its kid is not a text");
}

bool id_token_read(const char *text, struct arena *arena, struct id_token *ret_token, struct status *st)
{
	const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	struct bytes header;
	*ret_token = (struct id_token){0};
	if (strnlen(text, LIMIT_ID_TOKEN_BYTES + 1) > LIMIT_ID_TOKEN_BYTES) {
		return refuse(st, "it is too long");
	}
	if (!second || !decode(text, (size_t)(first - text), arena, &header) ||
	    !decode(first + 1, (size_t)(second - first - 1), arena, &ret_token->payload) ||
	    (second[1] && !decode(second + 1, strlen(second + 1), arena, &ret_token->signature))) {
		return refuse(st, "it is not three parts in base64url");
	}
	ret_token->signed_text = (struct bytes){(const uint8_t *)text, (size_t)(second - text)};
	return read_header(header, arena, ret_token, st);
}

/* ---- the claims -------------------------------------------------------------------------------------------------------------------- */

/* A time in seconds, perhaps with a fraction, which is dropped. False where there is none. */
static bool read_time(const struct json_members *claims, const char *name, int64_t *ret_s)
{
	const struct json_member *member = json_member_find(claims, name);
	double seconds;
	if (!member || member->kind != JSON_NUMBER || number_double(member->text, false, &seconds) != NUMBER_FITS || seconds < 0 || seconds > 253402300799.0) {
		return false;
	}
	*ret_s = (int64_t)seconds;
	return true;
}

/* `aud` is one text or a list of them. Where others may take the token too, it must say that it was given to us (azp). */
static bool check_audience(const struct json_members *claims, const char *client_id, struct arena *arena, struct status *st)
{
	const struct json_member *audience = json_member_find(claims, "aud"), *party = json_member_find(claims, "azp");
	struct json_member one = {0};
	struct json_members all = {&one, 1};
	if (audience && audience->kind == JSON_STRING) {
		one = *audience;
	} else if (!audience || audience->kind != JSON_LIST || !json_read_elements(audience->raw, arena, &all, st)) {
		return refuse(st, "it is for nobody (aud)");
	}
	bool ours = false;
	for (size_t i = 0; i < all.count; i++) {
		if (all.items[i].kind != JSON_STRING) {
			return refuse(st, "its aud is not a list of texts");
		}
		ours |= strcmp(all.items[i].text, client_id) == 0;
	}
	if (!ours) {
		return refuse(st, "it is for another client (aud)");
	}
	if ((party || all.count > 1) && (!party || party->kind != JSON_STRING || strcmp(party->text, client_id) != 0)) {
		return refuse(st, "it was given to another client (azp)");
	}
	return true;
}

/* No clock is quite right, and none is wrong by more than LIMIT_ID_TOKEN_SKEW_SECONDS. */
static bool check_times(const struct json_members *claims, int64_t now_s, int64_t *ret_until_s, struct status *st)
{
	const int64_t skew = LIMIT_ID_TOKEN_SKEW_SECONDS;
	int64_t expires, issued, begins = 0;
	if (!read_time(claims, "exp", &expires) || !read_time(claims, "iat", &issued) || (json_member_find(claims, "nbf") && !read_time(claims, "nbf", &begins))) {
		return refuse(st, "its times (exp, iat, nbf) are missing or no times");
	}
	if (now_s >= expires + skew) {
		return refuse(st, "it has expired (exp)");
	}
	if (now_s + skew < begins) {
		return refuse(st, "it does not hold yet (nbf)");
	}
	if (now_s + skew < issued) {
		return refuse(st, "it was issued in the future (iat)");
	}
	if (now_s >= issued + LIMIT_ID_TOKEN_SECONDS) {
		return refuse(st, "it was issued more than a day ago (iat)");
	}
	int64_t oldest = issued + LIMIT_ID_TOKEN_SECONDS;
	*ret_until_s = expires + skew < oldest ? expires + skew : oldest;
	return true;
}

static bool find_whose(const struct json_members *claims, bool by_email, const char **ret_whose, struct status *st)
{
	const char *subject = json_member_text(claims, "sub"), *email = json_member_text(claims, "email");
	const struct json_member *verified = json_member_find(claims, "email_verified");
	if (!subject || !*subject) {
		return refuse(st, "it has no subject (sub)");
	}
	if (by_email && (!email || !*email)) {
		return refuse(st, "it has no e-mail address (email)");
	}
	if (by_email && (!verified || verified->kind != JSON_TRUE)) {
		return refuse(st, "its issuer has not verified the e-mail address (email_verified)");
	}
	*ret_whose = by_email ? email : subject;
	return true;
}

bool id_token_judge(const struct id_token *token, const struct id_token_rules *rules, struct arena *arena, struct id_token_claims *ret_claims,
                    struct status *st)
{
	struct json_members claims;
	if (!json_read_members(token->payload, arena, &claims, st)) {
		return refuse_json(st, "payload");
	}
	const char *issuer = json_member_text(&claims, "iss");
	if (!issuer || strcmp(issuer, rules->issuer) != 0) {
		return refuse(st, "it is of another issuer (iss)");
	}
	return check_audience(&claims, rules->client_id, arena, st) && check_times(&claims, rules->now_s, &ret_claims->until_s, st) &&
	       find_whose(&claims, rules->by_email, &ret_claims->whose, st);
}
