/* SPDX-License-Identifier: Apache-2.0
 *
 * The file is read whole and written whole: comments that a user put into it are not kept, and its first line says so.
 */
#include "client/cli/cli.h"

#include "client/cli/private.h"

#include <ctype.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTEXTS_MAX = 256 };

/* ---- the file -------------------------------------------------------------------------------------------------------------------------- */

static const char *config_path(struct arena *arena, struct status *st)
{
	return private_path("XDG_CONFIG_HOME", ".config", "config", arena, st);
}

bool context_name_valid(const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.:[]", name[i])) {
			return false;
		}
	}
	return size > 0 && size <= 63 && name[0] != '.';
}

struct reading {
	struct arena *arena;
	struct contexts *contexts;
};

static int read_entry(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	struct contexts *contexts = reading->contexts;
	const char *copy = arena_strdup(reading->arena, value);
	if (section[0] == '\0' && strcmp(name, "current") == 0) {
		contexts->current = copy;
		return 1;
	}
	if (strncmp(section, "context ", 8) != 0 || !context_name_valid(section + 8)) {
		return 0;
	}
	struct context *context = contexts_find(contexts, section + 8);
	if (!context) {
		if (contexts->count == CONTEXTS_MAX) {
			return 0;
		}
		context = &contexts->items[contexts->count++];
		*context = (struct context){.name = arena_strdup(reading->arena, section + 8)};
	}
	if (strcmp(name, "server") == 0) {
		context->server = copy;
	} else if (strcmp(name, "ca") == 0) {
		context->ca_file = copy;
	} else if (strcmp(name, "user") == 0) {
		context->user = copy;
	} else if (strcmp(name, "cert") == 0) {
		context->cert_file = copy;
	} else if (strcmp(name, "key") == 0) {
		context->key_file = copy;
	} else {
		return 0;
	}
	return 1;
}

bool contexts_read(struct arena *arena, struct contexts *ret_contexts, struct status *st)
{
	*ret_contexts = (struct contexts){.items = arena_calloc(arena, CONTEXTS_MAX + 1, sizeof *ret_contexts->items)};
	const char *path = config_path(arena, st);
	const char *text = path ? private_read(path, arena, st) : NULL;
	if (!text || !ret_contexts->items) {
		return status_ok(st);
	}
	struct reading reading = {arena, ret_contexts};
	int line = ini_parse_string(text, read_entry, &reading);
	if (line != 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "",
		                   "%s, line %d: expected `current = NAME` or, below [context NAME], `server`, `ca`, `user`, `cert` or `key`", path, line);
	}
	return true;
}

bool contexts_write(const struct contexts *contexts, struct arena *arena, struct status *st)
{
	struct buf out;
	buf_init(&out, arena);
	buf_add_text(&out, "; Written by kam login and kam context; comments are not kept.\n");
	if (contexts->current) {
		buf_printf(&out, "current = %s\n", contexts->current);
	}
	for (size_t i = 0; i < contexts->count; i++) {
		const struct context *context = &contexts->items[i];
		buf_printf(&out, "\n[context %s]\nserver = %s\n", context->name, context->server ? context->server : "");
		if (context->ca_file) {
			buf_printf(&out, "ca = %s\n", context->ca_file);
		}
		if (context->user) {
			buf_printf(&out, "user = %s\n", context->user);
		}
		if (context->cert_file) {
			buf_printf(&out, "cert = %s\n", context->cert_file);
		}
		if (context->key_file) {
			buf_printf(&out, "key = %s\n", context->key_file);
		}
	}
	const char *path = config_path(arena, st);
	return path && private_write(path, buf_text(&out), arena, st);
}

struct context *contexts_find(const struct contexts *contexts, const char *name)
{
	for (size_t i = 0; i < contexts->count; i++) {
		if (strcmp(contexts->items[i].name, name) == 0) {
			return &contexts->items[i];
		}
	}
	return NULL;
}

bool contexts_put(struct contexts *contexts, const struct context *context, struct arena *arena)
{
	struct context *place = contexts_find(contexts, context->name);
	if (!place && contexts->count < CONTEXTS_MAX) {
		place = &contexts->items[contexts->count++];
	}
	if (!place) {
		return false;
	}
	*place = *context;
	place->name = arena_strdup(arena, context->name);
	contexts->current = place->name;
	return true;
}

/* ---- the one in use ----------------------------------------------------------------------------------------------------------------------- */

static const char *first(const char *flag, const char *environment)
{
	const char *value = getenv(environment);
	return flag ? flag : value && value[0] != '\0' ? value : NULL;
}

static const char *token_path(const char *name, struct arena *arena, struct status *st)
{
	const char *rest = arena_printf(arena, "tokens/%s", name);
	return rest ? private_path("XDG_STATE_HOME", ".local/state", rest, arena, st) : NULL;
}

bool context_resolve(const struct args *args, struct arena *arena, struct context *ret_context, struct status *st)
{
	struct contexts contexts;
	if (!contexts_read(arena, &contexts, st)) {
		return false;
	}
	const char *asked = first(args_text(args, "context"), "KAM_CONTEXT");
	const char *name = asked ? asked : contexts.current ? contexts.current : "default";
	if (!context_name_valid(name)) {
		return usage_fail(st, "--context: \"%s\" is not a name for a context: letters, digits, '-', '_', '.', up to 63", name);
	}
	const struct context *stored = contexts_find(&contexts, name);
	*ret_context = stored ? *stored : (struct context){0};
	ret_context->name = name;
	const char *server = first(args_text(args, "server"), "KAM_SERVER");
	const char *token = args_text(args, "token-file") ? NULL : first(NULL, "KAM_TOKEN");
	const char *token_file = token ? NULL : first(args_text(args, "token-file"), "KAM_TOKEN_FILE");
	const char *ca_file = first(args_text(args, "ca"), "KAM_CA");
	const char *cert_file = first(args_text(args, "cert"), "KAM_CERT"), *key_file = first(args_text(args, "key"), "KAM_KEY");
	bool elsewhere = server && (!ret_context->server || strcmp(server, ret_context->server) != 0);
	ret_context->server = server ? server : ret_context->server;
	if (elsewhere) {
		ret_context->ca_file = ret_context->user = NULL;
	}
	if (elsewhere || cert_file) { /* a pair: the key of one context does not fit the certificate of another */
		ret_context->cert_file = cert_file;
		ret_context->key_file = NULL;
	}
	ret_context->key_file = key_file ? key_file : ret_context->key_file;
	ret_context->ca_file = ca_file ? ca_file : ret_context->ca_file;
	ret_context->token = token;
	ret_context->token_given = token || token_file;
	/* Whoever names a certificate wants it to count, and beside a token it would not. */
	ret_context->token_file = token_file ? token_file : elsewhere || token || cert_file ? NULL : token_path(name, arena, st);
	return status_ok(st);
}

/* ---- tokens --------------------------------------------------------------------------------------------------------------------------------- */

/* The first word of a text as a token; what cannot stand in a header is refused here. */
static bool read_token(const char *text, const char *where, struct arena *arena, const char **ret_token, struct status *st)
{
	size_t size = strcspn(text, " \t\r\n");
	for (size_t i = 0; i < size; i++) {
		if (text[i] < 0x21 || text[i] > 0x7E) {
			return status_fail(st, STATUS_FAILED_PRECONDITION, "", "%s holds no token; sign in with kam login", where);
		}
	}
	*ret_token = size > 0 ? arena_strndup(arena, text, size) : NULL;
	return true;
}

bool context_token(const struct context *context, struct arena *arena, const char **ret_token, struct status *st)
{
	*ret_token = NULL;
	if (context->token) {
		return read_token(context->token, "KAM_TOKEN", arena, ret_token, st);
	}
	if (!context->token_file) {
		return true;
	}
	struct stat info;
	if (!context->token_given && stat(context->token_file, &info) == 0 && (info.st_mode & 077) != 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "", "others may read your token: run `chmod 600 %s`, then sign in again",
		                   context->token_file);
	}
	const char *text = private_read(context->token_file, arena, st);
	if (!text) {
		if (status_ok(st) && context->token_given) {
			status_fail(st, STATUS_FAILED_PRECONDITION, "", "there is no token file %s (--token-file, KAM_TOKEN_FILE)", context->token_file);
		}
		return status_ok(st);
	}
	return read_token(text, context->token_file, arena, ret_token, st);
}

bool context_token_write(const struct context *context, const char *token, struct arena *arena, struct status *st)
{
	const char *path = token_path(context->name, arena, st);
	const char *line = arena_printf(arena, "%s\n", token);
	return path && line && private_write(path, line, arena, st);
}

bool context_token_remove(const struct context *context, struct arena *arena, struct status *st)
{
	const char *path = context->token_given ? NULL : token_path(context->name, arena, st);
	if (path) {
		unlink(path);
	}
	return path || context->token_given;
}
