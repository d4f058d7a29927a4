/* SPDX-License-Identifier: Apache-2.0
 *
 * Names as people type them, made whole by the resource's pattern: "acme", "acme/jane", "accounts/acme/stakeholders/jane".
 */
#include "client/cli/noun.h"

#include "common/base/name.h"

enum { SEGMENTS_MAX = LIMIT_NAME_SEGMENTS + 1 };

static size_t count_of(const char *text, char byte)
{
	size_t count = 0;
	for (; *text; text++) {
		count += *text == byte;
	}
	return count;
}

/* Puts the ids of `text` ("acme/jane") into the variables of the pattern. */
static const char *fill_pattern(const char *pattern, const char *text, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	while (*pattern) {
		if (*pattern != '{') {
			buf_add_byte(&out, (uint8_t)*pattern++);
			continue;
		}
		size_t size = strcspn(text, "/");
		buf_add(&out, text, size);
		text += size;
		text += *text == '/';
		pattern += strcspn(pattern, "}");
		pattern += *pattern == '}';
	}
	return buf_text(&out);
}

/* "stakeholders" of "accounts/{account}/stakeholders/{stakeholder}". */
static const char *last_word(const struct schema_resource *resource)
{
	const char *slash = strrchr(resource->collection, '/');
	return slash ? slash + 1 : resource->collection;
}

static bool bad_name(struct cli *cli, const struct schema_resource *resource, const char *text, struct status *st)
{
	return usage_fail(st, "\"%s\" is not the name of one of the %s: write %s%s", text, resource->plural, noun_example_name(resource, &cli->arena),
	                  resource->parent ? ", or the id alone with --parent" : ", or the id alone");
}

/* --account acme for a parent two levels up leaves one open: "-" where any will do. */
static const char *parent_of_account(struct cli *cli, const struct schema_resource *parent, const char *account, bool wildcard, struct status *st)
{
	const char *ids = strncmp(account, "accounts/", 9) == 0 ? account + 9 : account;
	size_t missing = count_of(parent->pattern, '{') - count_of(ids, '/') - 1;
	if (missing > 0 && !wildcard) {
		usage_fail(st, "--account leaves open which of the %s: give --parent %s", parent->plural, noun_example_name(parent, &cli->arena));
		return NULL;
	}
	for (; missing > 0 && missing < SEGMENTS_MAX; missing--) {
		ids = arena_printf(&cli->arena, "%s/-", ids);
	}
	return fill_pattern(parent->pattern, ids, &cli->arena);
}

/* Of what users have (sessions, API tokens) one means one's own. */
static const char *own_parent(struct cli *cli, const struct schema_resource *parent)
{
	bool of_user = parent && strcmp(parent->collection, "users") == 0 && cli->context.user && !cli->context.token_given;
	return of_user ? arena_printf(&cli->arena, "users/%s", cli->context.user) : "";
}

const char *parent_resolve(struct cli *cli, const struct schema_resource *resource, bool wildcard, struct status *st)
{
	const char *text = args_text(&cli->args, "parent"), *account = args_text(&cli->args, "account");
	const struct schema_resource *parent = resource->parent;
	const struct option *option = args_option(cli->command->options, cli->command->options_count, "--account");
	if (option && option->field) {
		account = NULL; /* a field of the resource itself: the accounts of a binding */
	}
	if (!text && !account) {
		return wildcard ? "" : own_parent(cli, parent);
	}
	if (text && account) {
		usage_fail(st, "--account is short for --parent: give one of them");
		return NULL;
	}
	if (!parent) {
		usage_fail(st, "%s lie below nothing: leave out --parent", resource->plural);
		return NULL;
	}
	const char *name = NULL;
	if (account) {
		name = parent_of_account(cli, parent, account, wildcard, st);
	} else if (count_of(text, '/') + 1 == count_of(parent->pattern, '{')) {
		name = fill_pattern(parent->pattern, text, &cli->arena);
	} else {
		name = text;
	}
	struct name parsed;
	if (name && (schema_resource_of_name(cli->schema, name) != parent || !name_parse(name, wildcard, &parsed))) {
		bad_name(cli, parent, name, st);
		return NULL;
	}
	return name;
}

const char *name_resolve(struct cli *cli, const struct schema_resource *resource, const char *text, struct status *st)
{
	struct name parsed;
	if (resource->singleton && !resource->parent) {
		return resource->pattern;
	}
	const char *name = text;
	if (!strchr(text, '/') && resource->parent) {
		const char *parent = parent_resolve(cli, resource, false, st);
		if (!parent) {
			return NULL;
		}
		if (parent[0] == '\0') {
			usage_fail(st, "which %s? Write %s, or give --parent %s", text, noun_example_name(resource, &cli->arena),
			           noun_example_name(resource->parent, &cli->arena));
			return NULL;
		}
		name = arena_printf(&cli->arena, "%s/%s/%s", parent, last_word(resource), text);
	} else if (schema_resource_of_name(cli->schema, text) != resource && count_of(text, '/') + 1 == count_of(resource->pattern, '{')) {
		name = fill_pattern(resource->pattern, text, &cli->arena);
	}
	if (!name || schema_resource_of_name(cli->schema, name) != resource || !name_parse(name, false, &parsed)) {
		bad_name(cli, resource, text, st);
		return NULL;
	}
	return name;
}
