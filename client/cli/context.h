/* SPDX-License-Identifier: Apache-2.0
 *
 * context.h - which server, whom it believes, and who is signed in there.
 *
 * A context is a section `[context NAME]` of $XDG_CONFIG_HOME/kam/config; its token lies in $XDG_STATE_HOME/kam/tokens/NAME, both mode 0600. A flag goes
 * before the environment, the environment before the file. A context's token is sent to that context's server only.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

struct args;

struct context {
	const char *name;       /* of the context in use or, at sign-in, to be made */
	const char *server;     /* NULL: none known */
	const char *ca_file;    /* NULL: the system's */
	const char *user;       /* NULL: none known */
	const char *cert_file;  /* client certificate; NULL: none */
	const char *key_file;   /* its key; NULL: in the same file */
	const char *token_file; /* NULL: none; may not exist */
	const char *token;      /* the token itself, from the environment; NULL: in token_file */
	bool token_given;       /* token or token file came by flag or environment: the file's mode is the user's business, and whose it is we do not know */
};

/* All contexts of the file, in its order. */
struct contexts {
	struct context *items;
	size_t count;
	const char *current; /* NULL: none */
};

bool contexts_read(struct arena *arena, struct contexts *ret_contexts, struct status *st);
/* Replaces the file; whole or not at all. */
bool contexts_write(const struct contexts *contexts, struct arena *arena, struct status *st);
struct context *contexts_find(const struct contexts *contexts, const char *name);
/* Adds or replaces a context of the same name and makes it the current one. */
bool contexts_put(struct contexts *contexts, const struct context *context, struct arena *arena);
/* Letters, digits, '-', '_', '.', ':' and brackets, up to 63. */
bool context_name_valid(const char *name);

/* The context that flags, environment and file give together. */
bool context_resolve(const struct args *args, struct arena *arena, struct context *ret_context, struct status *st);
/* The token, NULL if there is none. Refuses a context's own token file that others may read. */
bool context_token(const struct context *context, struct arena *arena, const char **ret_token, struct status *st);
bool context_token_write(const struct context *context, const char *token, struct arena *arena, struct status *st);
/* Forgets the context's own token; one that was given by flag or environment stays. */
bool context_token_remove(const struct context *context, struct arena *arena, struct status *st);
