/* SPDX-License-Identifier: Apache-2.0
 *
 * kamd: parses the command line, builds the parts, runs them. The only file that names every part.
 */
#include "common/base/log.h"
#include "common/net/tls.h"
#include "common/store/store.h"
#include "server/access/audit_key.h"
#include "server/access/password.h"
#include "server/access/throttle.h"
#include "server/config.h"
#include "server/domain/audit_head.h"
#include "server/domain/domain.h"
#include "server/init.h"
#include "server/oidc/oidc.h"
#include "server/rpc/server.h"
#include "server/sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_OTHER = 1, EXIT_USAGE = 2, NAMES_MAX = 15, FILES_MAX = 4 };

struct arguments {
	const char *data, *listen, *config, *password_file, *head;
	const char *names[NAMES_MAX];
	size_t names_count;
};

static void print_help(void)
{
	printf("kamd - the key account management server\n\n"
	       "  kamd init --data DIR                          make a new data directory, its certificates and the first admin\n"
	       "  kamd serve --data DIR --listen 0.0.0.0:7443   serve it until SIGTERM\n"
	       "  kamd check --data DIR                         read every record and the chain of the log, and say what is damaged\n"
	       "  kamd compact --data DIR                       write the store anew: what was deleted or erased is then gone from its file\n\n"
	       "init\n"
	       "  --data DIR                  a directory that does not exist, or is empty\n"
	       "  --admin-password-file FILE  first line is the password of users/admin; without it one is made and printed once\n"
	       "  --name NAME                 a further DNS name or address for the server's certificate; may be repeated\n\n"
	       "serve\n"
	       "  --data DIR                  what init made\n"
	       "  --listen HOST:PORT          over the configuration's server.listen\n"
	       "  --config FILE               settings as below\n\n"
	       "check\n"
	       "  --data DIR                  what init made\n"
	       "  --head FILE                 a head that kam audit head -o json gave: the log must still hold it\n\n"
	       "compact (while kamd is stopped)\n"
	       "  --data DIR                  what init made\n\n"
	       "SIGTERM stops after the open calls, a second one at once; SIGHUP reads the certificates again. Every key of the configuration, with its default:\n\n");
	config_print_sample();
}

static int usage(const char *message, const char *what)
{
	fprintf(stderr, "kamd: %s%s; see kamd --help\n", message, what);
	return EXIT_USAGE;
}

static int fail(const struct status *st)
{
	fprintf(stderr, "kamd: %s\n", st->message);
	return EXIT_OTHER;
}

static struct schema *open_schema(struct status *st)
{
	return schema_new(schema_source_kam(), st);
}

/* ---- init -------------------------------------------------------------------------------------------------------------------------------- */

static int run_init(const struct arguments *arguments)
{
	struct status st;
	char password[64];
	status_init(&st);
	sandbox_forbid_dumps();
	struct schema *schema = open_schema(&st);
	struct init_options options = {arguments->data, arguments->password_file, arguments->names, arguments->names_count};
	bool ok = schema && init_directory(&options, schema, password, &st);
	schema_free(schema);
	if (!ok) {
		return fail(&st);
	}
	printf("%s is ready.\n", arguments->data);
	if (*password) {
		printf("Password of users/admin, shown only now: %s\n", password);
		sodium_memzero(password, sizeof password);
	}
	printf("Start it:  kamd serve --data %s\n"
	       "Sign in:   kam login --server localhost:7443 --ca %s/tls/ca.pem admin\n",
	       arguments->data, arguments->data);
	return EXIT_OK;
}

/* ---- serve --------------------------------------------------------------------------------------------------------------------------------- */

static struct store *open_store(const char *data, uint64_t mib, bool read_only, const struct schema *schema, struct status *st)
{
	char directory[PATH_MAX];
	struct store *store;
	struct store_options options = {
		.directory = directory,
		.read_only = read_only,
		.map_bytes = mib << 20,
		.indexer = engine_indexer,
		.indexer_context = (void *)(uintptr_t)schema,
		.indexer_fingerprint = schema_index_fingerprint(schema),
	};
	snprintf(directory, sizeof directory, "%s/store", data);
	if (access(directory, F_OK) != 0) {
		status_fail(st, STATUS_NOT_FOUND, "DATA_DIRECTORY", "--data %s holds no store: make one with kamd init --data %s", data, data);
		return NULL;
	}
	return store_open(&options, &store, st) ? store : NULL;
}

static bool open_engine(struct engine *engine, const struct schema *schema, struct store *store, struct status *st)
{
#define DOMAIN_ADDRESS(name) &domain_##name,
	static const struct domain *const domains[] = {DOMAINS(DOMAIN_ADDRESS) & domain_health, &domain_reflection};
	struct store_snapshot *snapshot;
	if (!store_snapshot_new(store, &snapshot, st)) {
		return false;
	}
	bool ok = engine_init(engine, schema, store, domains, sizeof domains / sizeof domains[0], st) &&
	          access_open(&engine->access, schema, store_snapshot_view(snapshot), st);
	store_snapshot_free(snapshot);
	return ok;
}

/* NULL with the status OK where none is set. */
static struct oidc *open_oidc(const struct config *config, struct status *st)
{
	const struct oidc_settings settings = {
		.issuer = config->oidc_issuer, .client_id = config->oidc_client_id, .keys = config->oidc_keys, .ca_file = config->oidc_ca,
		.by_email = strcmp(config->oidc_claim, "email") == 0, .refresh_s = config->oidc_refresh_seconds, .retry_s = config->oidc_retry_seconds};
	if (!*config->oidc_issuer && !*config->oidc_client_id && !*config->oidc_keys) {
		return NULL;
	}
	if (!settings.by_email && strcmp(config->oidc_claim, "sub") != 0) {
		status_fail(st, STATUS_INVALID_ARGUMENT, "CONFIG", "oidc.claim is email or sub, not %s", config->oidc_claim);
		return NULL;
	}
	return oidc_new(&settings, st);
}

static void tls_files(const struct config *config, const char *data, char ret_certificate[PATH_MAX], char ret_key[PATH_MAX])
{
	snprintf(ret_certificate, PATH_MAX, "%s%s", *config->certificate ? config->certificate : data, *config->certificate ? "" : "/tls/server.pem");
	snprintf(ret_key, PATH_MAX, "%s%s", *config->key ? config->key : data, *config->key ? "" : "/tls/server.key");
}

static struct tls *open_tls(const struct config *config, const char *data, struct status *st)
{
	char certificate[PATH_MAX], key[PATH_MAX];
	tls_files(config, data, certificate, key);
	struct tls *tls = tls_server_new(certificate, key, config->tls_intermediate, st);
	if (tls && *config->client_ca && !tls_server_ask(tls, config->client_ca, st)) {
		tls_free(tls);
		tls = NULL;
	}
	return tls;
}

/* Cuts "a b c" into a list that ends with NULL. */
static bool list_origins(char *text, const char *origins[LIMIT_ORIGINS + 1], struct status *st)
{
	size_t count = 0;
	char *rest;
	for (char *one = strtok_r(text, " \t", &rest); one; one = strtok_r(NULL, " \t", &rest)) {
		if (count == LIMIT_ORIGINS) {
			return status_fail(st, STATUS_INVALID_ARGUMENT, "CONFIG", "web.origins: more than %u", LIMIT_ORIGINS);
		}
		if (strncmp(one, "https://", 8) != 0 && strncmp(one, "http://", 7) != 0) {
			return status_fail(st, STATUS_INVALID_ARGUMENT, "CONFIG", "web.origins: \"%.60s\" is no origin; write scheme and host such as https://kam.example", one);
		}
		origins[count++] = one;
	}
	origins[count] = NULL;
	return true;
}

/* The directory of `file` itself, and of what it links to: certificates are renewed by a new file or by a new link. */
static bool directories_of(const char *file, char ret_own[PATH_MAX], char ret_real[PATH_MAX], struct status *st)
{
	char path[PATH_MAX];
	if (!realpath(file, path)) {
		return status_fail(st, STATUS_NOT_FOUND, "TLS_FILE_UNUSABLE", "%s: %s", file, strerror(errno));
	}
	snprintf(ret_real, PATH_MAX, "%s", dirname(path));
	snprintf(path, sizeof path, "%s", file);
	snprintf(ret_own, PATH_MAX, "%s", dirname(path));
	return true;
}

/* The files that are read again on SIGHUP, and the authorities of an issuer. */
static size_t files_read_later(const struct config *config, const struct oidc *oidc, const char *certificate, const char *key, const char *files[FILES_MAX])
{
	const char *keys = config->oidc_keys;
	size_t count = 0;
	files[count++] = certificate;
	files[count++] = key;
	if (*config->client_ca) {
		files[count++] = config->client_ca;
	}
	if (oidc && oidc_port(oidc)) {
		files[count++] = config->oidc_ca;
	} else if (oidc) {
		files[count++] = keys;
	}
	return count;
}

/* After the start kamd opens nothing but certificates and keys, on SIGHUP, and the store's own files; the web page is in memory. It connects to an issuer of ID
 * tokens alone. */
static bool enter_sandbox(const struct config *config, const char *data, const struct oidc *oidc, struct status *st)
{
	char store[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX], directories[2 * FILES_MAX][PATH_MAX];
	const char *files[FILES_MAX], *readable[2 * FILES_MAX + 1] = {NULL};
	struct sandbox_report report;
	if (strcmp(config->sandbox, "off") == 0) {
		log_event(LOG_WARN, "sandbox", "state", "%s", "off", "reason", "%s", "server.sandbox is off", NULL);
		return true;
	}
	snprintf(store, sizeof store, "%s/store", data);
	tls_files(config, data, certificate, key);
	size_t count = files_read_later(config, oidc, certificate, key, files);
	for (size_t i = 0; i < count; i++) {
		if (!directories_of(files[i], directories[2 * i], directories[2 * i + 1], st)) {
			return false;
		}
		readable[2 * i] = directories[2 * i];
		readable[2 * i + 1] = directories[2 * i + 1];
	}
	const char *writable[] = {store, NULL};
	struct sandbox_options options = {strcmp(config->sandbox, "require") == 0, writable, readable, oidc ? oidc_port(oidc) : 0};
	if (!sandbox_enter(&options, &report, st)) {
		return false;
	}
	log_event(*report.missing ? LOG_WARN : LOG_INFO, "sandbox", "state", "%s", *report.missing ? "partly" : "on", "seccomp", "%s", report.seccomp ? "on" : "off",
	          "landlock_abi", "%d", report.landlock_abi, "missing", "%s", report.missing, NULL);
	return true;
}

static bool serve(struct config *config, const char *data, struct status *st)
{
	const char *origins[LIMIT_ORIGINS + 1];
	struct web *web = NULL;
	struct engine engine = {0};
	struct server *server = NULL;
	struct tls *tls = NULL;
	struct throttle *throttle = NULL;
	struct schema *schema = open_schema(st);
	struct store *store = schema ? open_store(data, config->store_mib, false, schema, st) : NULL;
	uint8_t audit_key[STORE_SECRET_KEY_BYTES];
	bool ok = store && open_engine(&engine, schema, store, st) && audit_key_read(data, audit_key, st) && (tls = open_tls(config, data, st)) != NULL && list_origins(config->web_origins, origins, st) &&
	          (!*config->web_directory || (web = web_open(config->web_directory, st)) != NULL) &&
	          ((engine.oidc = open_oidc(config, st)) != NULL || status_ok(st));
	if (ok) {
		engine.audit_key = audit_key;
		engine.access.settings = config->access;
		engine.access.throttle = throttle = throttle_new(&config->access.throttle);
		ok = throttle || status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	}
	if (ok) {
		struct server_options options = {
			.listen = config->listen, .workers = config->workers, .readers = config->readers, .compress_bytes = config->compress_bytes,
			.limits = config->limits, .origins = *origins ? origins : NULL, .tls = tls, .engine = &engine, .web = web};
		server = server_new(&options, st);
		ok = server && enter_sandbox(config, data, engine.oidc, st) && server_run(server, st);
		server_free(server);
	}
	sodium_memzero(audit_key, sizeof audit_key);
	oidc_free(engine.oidc);
	web_free(web);
	tls_free(tls);
	throttle_free(throttle);
	engine_done(&engine);
	store_close(store);
	schema_free(schema);
	if (ok) {
		log_event(LOG_INFO, "stopped", NULL);
	}
	return ok;
}

static int run_serve(const struct arguments *arguments)
{
	struct config config;
	struct status st;
	enum log_level level;
	status_init(&st);
	config_init(&config);
	if ((arguments->config && !config_read(&config, arguments->config, &st)) || !password_cost_check(&config.access.password, &st)) {
		return fail(&st);
	}
	if (arguments->listen && snprintf(config.listen, sizeof config.listen, "%s", arguments->listen) >= (int)sizeof config.listen) {
		return usage("--listen is too long", "");
	}
	if (!log_level_of_name(config.log_level, &level)) {
		return usage("log.level is debug, info, warn or error, not ", config.log_level);
	}
	if (strcmp(config.sandbox, "on") != 0 && strcmp(config.sandbox, "require") != 0 && strcmp(config.sandbox, "off") != 0) {
		return usage("server.sandbox is on, require or off, not ", config.sandbox);
	}
	log_set_level(level);
	if (!config.core_dumps) {
		sandbox_forbid_dumps();
	}
	return serve(&config, arguments->data, &st) ? EXIT_OK : fail(&st);
}

/* ---- check ----------------------------------------------------------------------------------------------------------------------------------- */

/* The heads that this store must hold: the one that it signed last, and the one in the file. */
static bool check_heads(const struct arguments *arguments, const struct schema *schema, const struct store_view *view, struct status *st)
{
	uint8_t secret[STORE_SECRET_KEY_BYTES], key[STORE_KEY_BYTES];
	struct status no_key;
	struct store_head head;
	status_init(&no_key);
	bool has_key = audit_key_read(arguments->data, secret, &no_key); /* a copy of the store alone has none */
	if (has_key) {
		crypto_sign_ed25519_sk_to_pk(key, secret);
		sodium_memzero(secret, sizeof secret);
	} else if (no_key.code != STATUS_NOT_FOUND) {
		return status_fail(st, no_key.code, no_key.reason, "%s", no_key.message);
	}
	if (store_head_last(view, &head, st) && !store_head_check(view, &head, has_key ? key : NULL, st)) {
		return false;
	}
	return status_ok(st) && (!arguments->head || (audit_head_load(schema, arguments->head, &head, st) && store_head_check(view, &head, has_key ? key : NULL, st)));
}

static int run_check(const struct arguments *arguments)
{
	struct status st;
	struct store_snapshot *snapshot = NULL;
	uint64_t records = 0;
	status_init(&st);
	struct schema *schema = open_schema(&st);
	struct store *store = schema ? open_store(arguments->data, 0, true, schema, &st) : NULL;
	bool ok = store && store_snapshot_new(store, &snapshot, &st) && store_check(store_snapshot_view(snapshot), &st) &&
	          store_log_verify(store_snapshot_view(snapshot), &records, &st) && check_heads(arguments, schema, store_snapshot_view(snapshot), &st);
	store_snapshot_free(snapshot);
	store_close(store);
	schema_free(schema);
	if (!ok) {
		return fail(&st);
	}
	printf("%s is whole: %llu records of the log verified.\n", arguments->data, (unsigned long long)records);
	return EXIT_OK;
}

/* ---- compact --------------------------------------------------------------------------------------------------------------------------------- */

static int run_compact(const struct arguments *arguments)
{
	char directory[PATH_MAX];
	struct status st;
	uint64_t before = 0, after = 0;
	status_init(&st);
	snprintf(directory, sizeof directory, "%s/store", arguments->data);
	if (!store_compact(directory, &before, &after, &st)) {
		return fail(&st);
	}
	printf("%s: the store had %llu bytes and has %llu now.\n", arguments->data, (unsigned long long)before, (unsigned long long)after);
	return EXIT_OK;
}

/* ---- the command line ---------------------------------------------------------------------------------------------------------------------------- */

static const struct command {
	const char *name;
	int (*run)(const struct arguments *arguments);
	const char *options; /* letters of those it takes */
} commands[] = {
	{"init", run_init, "dpn"},
	{"serve", run_serve, "dlc"},
	{"check", run_check, "dH"},
	{"compact", run_compact, "d"},
};

static const struct option options[] = {
	{"data", required_argument, NULL, 'd'},   {"listen", required_argument, NULL, 'l'}, {"config", required_argument, NULL, 'c'},
	{"admin-password-file", required_argument, NULL, 'p'}, {"name", required_argument, NULL, 'n'},   {"help", no_argument, NULL, 'h'},
	{"head", required_argument, NULL, 'H'}, {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
};

static int run_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	int letter;
	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == 'h') {
			print_help();
			return EXIT_OK;
		}
		if (letter == '?') {
			return usage("cannot read the options of ", command->name);
		}
		if (!strchr(command->options, letter)) {
			return usage("an option that does not belong to ", command->name);
		}
		switch (letter) {
		case 'd':
			arguments.data = optarg;
			break;
		case 'l':
			arguments.listen = optarg;
			break;
		case 'c':
			arguments.config = optarg;
			break;
		case 'H':
			arguments.head = optarg;
			break;
		case 'p':
			arguments.password_file = optarg;
			break;
		default:
			if (arguments.names_count == NAMES_MAX) {
				return usage("--name was given too often", "");
			}
			arguments.names[arguments.names_count++] = optarg;
		}
	}
	if (optind < argc) {
		return usage("do not know what to do with ", argv[optind]);
	}
	return arguments.data ? command->run(&arguments) : usage("--data DIR is missing for ", command->name);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0) {
		fprintf(stderr, "kamd: the system gives no random numbers\n");
		return EXIT_OTHER;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return argc < 2 ? EXIT_USAGE : EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("kamd %s\n", KAM_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			return run_command(&commands[i], argc - 1, argv + 1);
		}
	}
	return usage("no command ", argv[1]);
}
