/* SPDX-License-Identifier: Apache-2.0
 *
 * The browser's answer is a code that only who began can use: it is worth nothing without the verifier, which stays in this process (PKCE). `state` ties the
 * answer to our question, `nonce` the token to our answer.
 */
#include "client/cli/login_oidc.h"

#include "client/cli/cli.h"

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/net/https.h"
#include "common/net/tls.h"
#include "common/schema/json_object.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECRET_BYTES = 32, HASH_BYTES = 32, REQUEST_BYTES_MAX = 8192, READ_MS = 5000 };

struct oidc_login {
	struct cli *cli;
	struct arena *arena;
	struct status *st;
	const char *issuer, *client_id;
	struct tls *tls;
	const char *authorization_endpoint, *token_endpoint;
	int socket;
	const char *redirect_uri, *verifier, *state, *nonce;
	const char *code;
};

static bool no_memory(struct oidc_login *login)
{
	return status_fail(login->st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
}

/* ---- texts ------------------------------------------------------------------------------------------------------------------------- */

static const char *base64url(const uint8_t *data, size_t size, struct arena *arena)
{
	char *text = (char *)(uintptr_t)base64_encode((struct bytes){data, size}, false, arena);
	for (char *at = text; at && *at; at++) {
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	}
	return text;
}

static const char *secret(struct oidc_login *login)
{
	uint8_t random[SECRET_BYTES];
	return getrandom(random, sizeof random, 0) == (ssize_t)sizeof random ? base64url(random, sizeof random, login->arena) : NULL;
}

static void add_parameter(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s%s=", out->size && out->data[out->size - 1] != '?' ? "&" : "", name);
	for (; *value; value++) {
		if (isalnum((unsigned char)*value) || strchr("-._~", *value)) {
			buf_add_byte(out, (uint8_t)*value);
		} else {
			buf_printf(out, "%%%02X", (unsigned char)*value);
		}
	}
}

/* The value of a parameter of a query, decoded; NULL where there is none. */
static char *parameter(const char *query, const char *name, struct arena *arena)
{
	size_t size = strlen(name);
	while (*query) {
		size_t part = strcspn(query, "&");
		if (part > size && strncmp(query, name, size) == 0 && query[size] == '=') {
			char *value = arena_strndup(arena, query + size + 1, part - size - 1), *out = value;
			for (const char *at = value; value && *at; at++) {
				char digits[3] = {at[0] == '%' ? at[1] : '\0', at[0] == '%' && at[1] ? at[2] : '\0', '\0'};
				bool escaped = isxdigit((unsigned char)digits[0]) && isxdigit((unsigned char)digits[1]);
				*out++ = escaped ? (char)strtol(digits, NULL, 16) : *at == '+' ? ' ' : *at;
				at += escaped ? 2 : 0;
			}
			if (value) {
				*out = '\0';
			}
			return value;
		}
		query += part + (query[part] == '&');
	}
	return NULL;
}

/* ---- the issuer -------------------------------------------------------------------------------------------------------------------- */

static bool fail_issuer(struct oidc_login *login, const struct status *why)
{
	return status_fail(login->st, STATUS_UNAVAILABLE, "", "the issuer %s: %s", login->issuer, why->message);
}

static bool discover(struct oidc_login *login)
{
	struct json_members description;
	struct bytes body;
	STATUS_SCRATCH(st);
	size_t size = strlen(login->issuer);
	const char *url = arena_printf(login->arena, "%.*s/.well-known/openid-configuration", (int)(size - (size > 0 && login->issuer[size - 1] == '/')),
	                               login->issuer);
	if (!url) {
		return no_memory(login);
	}
	if (!https_get(url, login->tls, NULL, login->arena, &body, &st) || !json_read_members(body, login->arena, &description, &st)) {
		return fail_issuer(login, &st);
	}
	const char *issuer = json_member_text(&description, "issuer");
	login->authorization_endpoint = json_member_text(&description, "authorization_endpoint");
	login->token_endpoint = json_member_text(&description, "token_endpoint");
	if (!issuer || strcmp(issuer, login->issuer) != 0) {
		return status_fail(login->st, STATUS_FAILED_PRECONDITION, "", "--issuer: %s describes itself as the issuer \"%.200s\"", login->issuer,
		                   issuer ? issuer : "");
	}
	bool usable = login->authorization_endpoint && strncmp(login->authorization_endpoint, "https://", 8) == 0 && login->token_endpoint;
	return usable || status_fail(login->st, STATUS_FAILED_PRECONDITION, "", "--issuer: %s does not say where one signs in", login->issuer);
}

static bool check_nonce(struct oidc_login *login, const char *token)
{
	struct json_members claims;
	struct bytes payload;
	STATUS_SCRATCH(st);
	const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	bool readable = second && base64_decode(first + 1, (size_t)(second - first - 1), login->arena, &payload) &&
	                json_read_members(payload, login->arena, &claims, &st);
	const char *nonce = readable ? json_member_text(&claims, "nonce") : NULL;
	return (nonce && strcmp(nonce, login->nonce) == 0) ||
	       status_fail(login->st, STATUS_UNAUTHENTICATED, "SIGN_IN_FAILED", "the issuer's token does not belong to this sign-in (nonce); begin anew");
}

/* The code for a token. */
static const char *exchange(struct oidc_login *login)
{
	struct buf form;
	struct json_members answer;
	struct https_reply reply;
	STATUS_SCRATCH(st);
	buf_init(&form, login->arena);
	add_parameter(&form, "grant_type", "authorization_code");
	add_parameter(&form, "code", login->code);
	add_parameter(&form, "redirect_uri", login->redirect_uri);
	add_parameter(&form, "client_id", login->client_id);
	add_parameter(&form, "code_verifier", login->verifier);
	const struct https_request request = {.url = login->token_endpoint, .tls = login->tls, .form = buf_text(&form)};
	if (form.failed) {
		no_memory(login);
		return NULL;
	}
	if (!https_exchange(&request, login->arena, &reply, &st) || !json_read_members(reply.body, login->arena, &answer, &st)) {
		fail_issuer(login, &st);
		return NULL;
	}
	const char *error = json_member_text(&answer, "error"), *why = json_member_text(&answer, "error_description");
	const char *token = json_member_text(&answer, "id_token");
	if (reply.status != 200 || !token) {
		status_fail(login->st, STATUS_UNAUTHENTICATED, "SIGN_IN_FAILED", "the issuer gives no ID token: %.100s%s%.200s", error ? error : "it says no more",
		            why ? ": " : "", why ? why : "");
		return NULL;
	}
	return check_nonce(login, token) ? token : NULL;
}

/* ---- the browser ------------------------------------------------------------------------------------------------------------------- */

static bool listen_here(struct oidc_login *login)
{
	int64_t port = 0;
	const int on = 1;
	if (!args_number(&login->cli->args, "callback-port", 1, UINT16_MAX, &port, login->st)) {
		return false;
	}
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	login->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(login->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (login->socket < 0 || bind(login->socket, (struct sockaddr *)&address, size) != 0 || listen(login->socket, 8) != 0 ||
	    getsockname(login->socket, (struct sockaddr *)&address, &size) != 0) {
		return status_fail(login->st, STATUS_UNAVAILABLE, "", "cannot wait for the browser on 127.0.0.1: %s", strerror(errno));
	}
	login->redirect_uri = arena_printf(login->arena, "http://127.0.0.1:%d/callback", ntohs(address.sin_port));
	return login->redirect_uri || no_memory(login);
}

static bool show_address(struct oidc_login *login)
{
	uint8_t hash[HASH_BYTES];
	struct buf url;
	login->verifier = secret(login);
	login->state = secret(login);
	login->nonce = secret(login);
	if (!login->verifier || !login->state || !login->nonce || EVP_Digest(login->verifier, strlen(login->verifier), hash, NULL, EVP_sha256(), NULL) != 1) {
		return no_memory(login);
	}
	const char *challenge = base64url(hash, sizeof hash, login->arena);
	buf_init(&url, login->arena);
	buf_printf(&url, "%s%s", login->authorization_endpoint, strchr(login->authorization_endpoint, '?') ? "" : "?");
	add_parameter(&url, "response_type", "code");
	add_parameter(&url, "client_id", login->client_id);
	add_parameter(&url, "redirect_uri", login->redirect_uri);
	add_parameter(&url, "scope", "openid email");
	add_parameter(&url, "state", login->state);
	add_parameter(&url, "nonce", login->nonce);
	add_parameter(&url, "code_challenge", challenge ? challenge : "");
	add_parameter(&url, "code_challenge_method", "S256");
	if (url.failed || !challenge) {
		return no_memory(login);
	}
	notice("open this address in a browser on this machine, and sign in there:");
	fprintf(stderr, "%s\n", text_clean(buf_text(&url), login->arena)); /* alone in its line, to be copied */
	fflush(stderr);
	return true;
}

/* A request's head, or as much of it as comes in time. */
static void read_request(int socket, char text[REQUEST_BYTES_MAX + 1])
{
	size_t size = 0;
	int64_t until_us = clock_monotonic_us() + (int64_t)READ_MS * 1000;
	struct pollfd ready = {.fd = socket, .events = POLLIN};
	text[0] = '\0';
	while (size < REQUEST_BYTES_MAX && !strstr(text, "\r\n\r\n")) {
		int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
		ssize_t got = left_ms > 0 && poll(&ready, 1, (int)left_ms) == 1 ? read(socket, text + size, REQUEST_BYTES_MAX - size) : 0;
		if (got <= 0) {
			return;
		}
		size += (size_t)got;
		text[size] = '\0';
	}
}

static void respond(int socket, const char *status, const char *text)
{
	char page[1024];
	int size = snprintf(page, sizeof page,
	                    "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
	                    "Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n%s",
	                    status, strlen(text), text);
	for (int sent = 0; sent < size;) {
		ssize_t wrote = send(socket, page + sent, (size_t)(size - sent), MSG_NOSIGNAL);
		if (wrote <= 0) {
			break;
		}
		sent += (int)wrote;
	}
	shutdown(socket, SHUT_WR);
}

/* Whether this request is the answer that we wait for. Others, such as for an icon or by another page, are turned away. */
static bool take_answer(struct oidc_login *login, int socket, char *request)
{
	static const char begin[] = "GET /callback?";
	if (strncmp(request, begin, sizeof begin - 1) != 0) {
		respond(socket, "404 Not Found", "There is nothing here.");
		return false;
	}
	char *query = request + sizeof begin - 1;
	query[strcspn(query, " \r\n")] = '\0';
	const char *state = parameter(query, "state", login->arena), *issuer = parameter(query, "iss", login->arena);
	const char *error = parameter(query, "error", login->arena), *why = parameter(query, "error_description", login->arena);
	if (!state || strcmp(state, login->state) != 0 || (issuer && strcmp(issuer, login->issuer) != 0)) {
		respond(socket, "400 Bad Request", "This does not belong to the sign-in that kam waits for.");
		return false;
	}
	login->code = parameter(query, "code", login->arena);
	if (error || !login->code) {
		status_fail(login->st, STATUS_UNAUTHENTICATED, "SIGN_IN_FAILED", "the issuer says no: %.100s%s%.200s", error ? error : "it gives no code",
		            why ? ": " : "", why ? why : "");
		respond(socket, "200 OK", "The sign-in has failed; see the terminal. You may close this page.");
		return true;
	}
	respond(socket, "200 OK", "Signed in there; kam goes on in the terminal. You may close this page.");
	return true;
}

static bool await_code(struct oidc_login *login)
{
	char request[REQUEST_BYTES_MAX + 1];
	int64_t until_us = clock_monotonic_us() + (int64_t)LIMIT_BROWSER_SECONDS * 1000000;
	struct pollfd ready = {.fd = login->socket, .events = POLLIN};
	for (bool answered = false; !answered;) {
		int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
		if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) != 1) {
			return status_fail(login->st, STATUS_DEADLINE_EXCEEDED, "", "nobody signed in within %d s", LIMIT_BROWSER_SECONDS);
		}
		int socket = accept4(login->socket, NULL, NULL, SOCK_CLOEXEC);
		if (socket >= 0) {
			read_request(socket, request);
			answered = take_answer(login, socket, request);
			close(socket);
		}
	}
	return status_ok(login->st);
}

const char *login_oidc_token(struct cli *cli, struct status *st)
{
	struct oidc_login login = {.cli = cli, .arena = &cli->arena, .st = st, .socket = -1};
	login.issuer = args_text(&cli->args, "issuer");
	login.client_id = args_text(&cli->args, "client-id");
	if (!login.issuer || !login.client_id) {
		usage_fail(st, "--oidc needs --issuer URL and --client-id ID");
		return NULL;
	}
	login.tls = tls_https_new(args_text(&cli->args, "issuer-ca"), st);
	bool ok = login.tls && discover(&login) && listen_here(&login) && show_address(&login) && await_code(&login);
	const char *token = ok ? exchange(&login) : NULL;
	if (login.socket >= 0) {
		close(login.socket);
	}
	tls_free(login.tls);
	return token;
}
