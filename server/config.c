/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/config.h"

#include "common/base/limits.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, FLAG, NUMBER, SIZE };

static const struct setting {
	const char *section, *key;
	enum kind kind;
	size_t offset;
	uint64_t minimum, maximum; /* of numbers */
	const char *standard;      /* the default, as written in the file; NULL: `number` */
	const char *help;
	unsigned number;
} settings[] = {
	{"server", "listen", TEXT, offsetof(struct config, listen), 0, 0, "127.0.0.1:7443", "Address and port to listen on; port 0 takes any free one.", 0},
	{"server", "workers", NUMBER, offsetof(struct config, workers), 0, 64, "0", "Threads that serve connections; 0: one per core.", 0},
	{"server", "readers", NUMBER, offsetof(struct config, readers), 0, 64, "2", "Threads for reports and long lists.", 0},
	{"server", "compress_bytes", NUMBER, offsetof(struct config, compress_bytes), 0, 1u << 30, "16384",
	 "Replies of this size and more are sent compressed to clients that read gzip; 0: never.", 0},
	{"server", "sandbox", TEXT, offsetof(struct config, sandbox), 0, 0, "on",
	 "Give up files and system calls that kamd needs no more once it listens. on: as far as the kernel can; require: end where it cannot; off.", 0},
	{"server", "core_dumps", FLAG, offsetof(struct config, core_dumps), 0, 0, "no", "Allow core dumps and debuggers, for developers: they show keys and passwords. yes or no.", 0},
	{"tls", "certificate", TEXT, offsetof(struct config, certificate), 0, 0, "",
	 "PEM file with the server's certificate and chain; empty: tls/server.pem in the data directory. Read again on SIGHUP.", 0},
	{"tls", "key", TEXT, offsetof(struct config, key), 0, 0, "", "PEM file with its key; empty: tls/server.key in the data directory.", 0},
	{"tls", "intermediate", FLAG, offsetof(struct config, tls_intermediate), 0, 0, "no", "Also accept TLS 1.2, for old clients: yes or no.", 0},
	{"tls", "client_ca", TEXT, offsetof(struct config, client_ca), 0, 0, "",
	 "PEM file of the authorities whose client certificates sign users in (User.sign_in_names); empty: none. They stay optional. Read again on SIGHUP.", 0},
	{"oidc", "issuer", TEXT, offsetof(struct config, oidc_issuer), 0, 0, "",
	 "Whose ID tokens sign users in, as their iss has it, such as https://login.example.com; empty: nobody's.", 0},
	{"oidc", "client_id", TEXT, offsetof(struct config, oidc_client_id), 0, 0, "",
	 "The name under which kam is registered there; tokens must be for it (aud).", 0},
	{"oidc", "keys", TEXT, offsetof(struct config, oidc_keys), 0, 0, "",
	 "The issuer's keys (JWKS): a file, read again on SIGHUP, or an https address; empty: where the issuer says, at .well-known/openid-configuration.", 0},
	{"oidc", "ca", TEXT, offsetof(struct config, oidc_ca), 0, 0, "/etc/ssl/certs/ca-certificates.crt",
	 "PEM file of the authorities to believe when fetching the keys.", 0},
	{"oidc", "claim", TEXT, offsetof(struct config, oidc_claim), 0, 0, "email",
	 "Whose a token is: email (which the issuer must have verified) or sub. A user signs in who has oidc:VALUE among their sign_in_names.", 0},
	{"oidc", "refresh_seconds", NUMBER, offsetof(struct config, oidc_refresh_seconds), 1, 604800, NULL, "Fetched keys as old as this are fetched again.", 3600},
	{"oidc", "retry_seconds", NUMBER, offsetof(struct config, oidc_retry_seconds), 1, 86400, NULL,
	 "Between two fetches, at least: after one that failed, and for tokens by keys that are not known.", 60},
	{"web", "directory", TEXT, offsetof(struct config, web_directory), 0, 0, "", "Folder with the web page's files; empty: there is none. Read at the start.", 0},
	{"web", "origins", TEXT, offsetof(struct config, web_origins), 0, 0, "",
	 "Other web sites whose pages may call, such as https://kam.example, with blanks between them (CORS).", 0},
	{"store", "size_mib", SIZE, offsetof(struct config, store_mib), 1, 1u << 24, "65536",
	 "The store may grow to this many MiB; past it changes are refused and reads go on.", 0},
	{"limits", "connections", NUMBER, offsetof(struct config, limits.connections), 1, 1000000, NULL, "Connections in all; more are refused.", LIMIT_CONNECTIONS},
	{"limits", "connections_per_address", NUMBER, offsetof(struct config, limits.connections_per_address), 1, 1000000, NULL,
	 "Connections from one IPv4 address or IPv6 /64. Raise it where many users come through one proxy.", LIMIT_CONNECTIONS_PER_ADDRESS},
	{"limits", "handshake_ms", NUMBER, offsetof(struct config, limits.handshake_ms), 100, 3600000, NULL, "From accepting a connection to its first call.",
	 LIMIT_HANDSHAKE_MS},
	{"limits", "idle_ms", NUMBER, offsetof(struct config, limits.idle_ms), 100, 86400000, NULL, "A connection without an open call is closed after this.",
	 LIMIT_IDLE_MS},
	{"limits", "stall_ms", NUMBER, offsetof(struct config, limits.stall_ms), 100, 3600000, NULL, "A connection that takes nothing of its replies is closed after this.",
	 LIMIT_STALL_MS},
	{"limits", "settings_ms", NUMBER, offsetof(struct config, limits.session.settings_ms), 100, 3600000, NULL, "HTTP/2: until a client's first SETTINGS.",
	 LIMIT_SETTINGS_MS},
	{"limits", "headers_ms", NUMBER, offsetof(struct config, limits.session.headers_ms), 100, 3600000, NULL, "First to last byte of a call's headers.",
	 LIMIT_HEADERS_MS},
	{"limits", "body_ms", NUMBER, offsetof(struct config, limits.session.body_ms), 100, 3600000, NULL, "First to last byte of a request message.", LIMIT_BODY_MS},
	{"limits", "stranger_mib", NUMBER, offsetof(struct config, limits.stranger_mib), 1, 65536, NULL,
	 "MiB that connections which have shown no token yet may make kamd keep together: calls, requests that are not whole, replies that are not taken. One address may take half.",
	 LIMIT_STRANGER_MIB},
	{"limits", "request_mib", NUMBER, offsetof(struct config, limits.request_mib), 1, 65536, NULL,
	 "The same for all other connections. Raise it where many import at once, or all come through one proxy.", LIMIT_REQUEST_MIB},
	{"limits", "sign_in_failures", NUMBER, offsetof(struct config, access.throttle.failures), 1, 1000000, NULL,
	 "Wrong passwords for one user from one address (IPv6: /64), until even the right one is refused there for a while. Who is signed in is never affected.",
	 LIMIT_SIGN_IN_FAILURES},
	{"limits", "sign_in_failures_per_user", NUMBER, offsetof(struct config, access.throttle.failures_per_user), 1, 1000000, NULL,
	 "The same from all addresses together, and from an address where the user has signed in lately, to which the other allowances do not apply.",
	 LIMIT_SIGN_IN_FAILURES_PER_USER},
	{"limits", "sign_in_failures_per_address", NUMBER, offsetof(struct config, access.throttle.failures_per_address), 1, 1000000, NULL,
	 "The same from one address for all users. Raise it where many users come through one proxy.", LIMIT_SIGN_IN_FAILURES_PER_ADDRESS},
	{"limits", "sign_in_failures_seconds", NUMBER, offsetof(struct config, access.throttle.failures_s), 1, 86400, NULL,
	 "An empty allowance is full again after this, little by little.", LIMIT_SIGN_IN_FAILURES_SECONDS},
	{"password", "memory_mib", NUMBER, offsetof(struct config, access.password.memory_mib), 1, 1024, NULL,
	 "MiB that hashing a password takes (argon2id); two are hashed at a time. A hash made at another cost is made anew at the user's next sign-in.",
	 LIMIT_PASSWORD_MEMORY_MIB},
	{"password", "passes", NUMBER, offsetof(struct config, access.password.passes), 1, 64, NULL,
	 "Passes over that memory. Memory times passes must be 35 at least: 7 MiB 5 times.", LIMIT_PASSWORD_PASSES},
	{"sessions", "idle_seconds", NUMBER, offsetof(struct config, access.session_idle_s), 2, 31536000, NULL,
	 "A session ends after so long without a call.", LIMIT_SESSION_IDLE_SECONDS},
	{"sessions", "lifetime_seconds", NUMBER, offsetof(struct config, access.session_s), 1, 31536000, NULL,
	 "A session ends so long after signing in, whatever happens. Applies to sessions that begin from now on.", LIMIT_SESSION_SECONDS},
	{"log", "level", TEXT, offsetof(struct config, log_level), 0, 0, "info", "Least level that is logged: debug, info, warn or error.", 0},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static bool set(struct config *config, const struct setting *setting, const char *value)
{
	char *field = (char *)config + setting->offset, *end;
	bool yes = strcmp(value, "yes") == 0;
	uint64_t number;
	switch (setting->kind) {
	case TEXT:
		return snprintf(field, CONFIG_TEXT_BYTES, "%s", value) < CONFIG_TEXT_BYTES;
	case FLAG:
		memcpy(field, &yes, sizeof yes);
		return yes || strcmp(value, "no") == 0;
	case NUMBER:
	case SIZE:
		errno = 0;
		number = strtoull(value, &end, 10);
		if (!*value || *end || errno || *value == '-' || number < setting->minimum || number > setting->maximum) {
			return false;
		}
		if (setting->kind == SIZE) {
			memcpy(field, &number, sizeof number);
		} else {
			unsigned small = (unsigned)number;
			memcpy(field, &small, sizeof small);
		}
		return true;
	}
	return false;
}

void config_init(struct config *config)
{
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (settings[i].standard) {
			set(config, &settings[i], settings[i].standard);
		} else {
			memcpy((char *)config + settings[i].offset, &settings[i].number, sizeof settings[i].number);
		}
	}
}

struct reading {
	struct config *config;
	const char *file;
	struct status *st;
};

static int on_line(void *context, const char *section, const char *key, const char *value)
{
	struct reading *reading = context;
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		if (strcmp(setting->section, section) != 0 || strcmp(setting->key, key) != 0) {
			continue;
		}
		if (set(reading->config, setting, value)) {
			return 1;
		}
		if (setting->kind == NUMBER || setting->kind == SIZE) {
			status_fail(reading->st, STATUS_INVALID_ARGUMENT, "CONFIG", "%s: %s.%s is \"%.60s\"; it is a number from %llu to %llu", reading->file, section, key,
			            value, (unsigned long long)setting->minimum, (unsigned long long)setting->maximum);
		} else {
			status_fail(reading->st, STATUS_INVALID_ARGUMENT, "CONFIG", "%s: %s.%s is \"%.60s\"; %s", reading->file, section, key, value,
			            setting->kind == FLAG ? "it is yes or no" : "it is too long");
		}
		return 0;
	}
	status_fail(reading->st, STATUS_INVALID_ARGUMENT, "CONFIG", "%s: there is no setting %s.%s; kamd --help lists them all", reading->file, section, key);
	return 0;
}

bool config_read(struct config *config, const char *file, struct status *st)
{
	struct reading reading = {config, file, st};
	int line = ini_parse(file, on_line, &reading);
	if (line == -1) {
		return status_fail(st, STATUS_NOT_FOUND, "CONFIG", "%s: %s", file, strerror(errno));
	}
	if (line != 0 && status_ok(st)) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "CONFIG", "%s: line %d is neither a [section] nor key = value", file, line);
	}
	return status_ok(st);
}

void config_print_sample(void)
{
	const char *section = "";
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		if (strcmp(section, setting->section) != 0) {
			section = setting->section;
			printf("%s[%s]\n", i ? "\n" : "", section);
		}
		printf("; %s\n", setting->help);
		if (setting->kind == NUMBER || setting->kind == SIZE) {
			printf("; %llu to %llu.\n", (unsigned long long)setting->minimum, (unsigned long long)setting->maximum);
		}
		if (setting->standard) {
			printf("%s = %s\n", setting->key, setting->standard);
		} else {
			printf("%s = %u\n", setting->key, setting->number);
		}
	}
}
