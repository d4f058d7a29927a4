/* SPDX-License-Identifier: Apache-2.0
 *
 * noun.h - the commands that the contract makes: for each resource its standard methods, watch, and its custom methods by name.
 */
#pragma once

#include "client/cli/cli.h"

/* Words of the command line for a resource ("audit-entries") and for a method ("propose", "get-report"). */
const char *noun_word(const struct schema_resource *resource, struct arena *arena);
const char *noun_verb_word(const struct schema_resource *resource, const struct schema_method *method, struct arena *arena);
/* By the word as above, or as the API spells it: plural, singular, collection. NULL if none. */
const struct schema_resource *noun_find(struct cli *cli, const char *word);
/* All resources in the order of their words; the list is in cli->arena, ended by NULL. */
const struct schema_resource *const *noun_all(struct cli *cli);
/* "; did you mean accounts?", or "". */
const char *noun_suggestion(struct cli *cli, const char *word);
/* The verbs of a resource in the order of help; at most `size`. Returns how many. */
size_t noun_verbs(struct cli *cli, const struct schema_resource *resource, const char **ret_words, size_t size);
/* The row of a command on a resource; NULL where the resource has no such verb. With `verb` NULL: a row without run, for help. */
const struct command *noun_command(struct cli *cli, const struct schema_resource *resource, const char *verb);
/* A name such as help shows it: accounts/acme/stakeholders/jane. */
const char *noun_example_name(const struct schema_resource *resource, struct arena *arena);

/* ---- names and parents (names.c) ----------------------------------------------------------------------------------------------- */

/* The full name that `text` means: as it is, an id below --parent (or --account), or ids alone: acme/jane. */
const char *name_resolve(struct cli *cli, const struct schema_resource *resource, const char *text, struct status *st);
/* --parent or --account as the full name of a parent of `resource`; where neither is given, "", or of what users have who is signed in. With `wildcard` a
 * level in between may be left out: it becomes "-", and nothing stands for oneself. NULL and a usage error where it is none. */
const char *parent_resolve(struct cli *cli, const struct schema_resource *resource, bool wildcard, struct status *st);

/* ---- requests (request.c, setter.c) ---------------------------------------------------------------------------------------------- */

/* The options that a method's request gives; appended to `options`, which has room for `size`. Returns the new count. */
size_t request_options(const struct schema_method *method, struct arena *arena, struct option *options, size_t count, size_t size);
/* What help calls the value of a field's flag: NAME, WORD, AMOUNT. */
const char *request_value_word(const struct schema_field *field);
/* The field for the id of what the method makes: role_id. NULL where it makes nothing. */
const struct schema_field *request_id_field(const struct schema_method *method, struct arena *arena);
/* A request of the method with all that options set: flags, --dry-run, a request id. */
ProtobufCMessage *request_new(struct cli *cli, const struct schema_method *method, struct status *st);
/* Sets a field of the request by name; a field that the request does not have is a fault of the program. */
void request_set_text(struct cli *cli, ProtobufCMessage *request, const char *field, const char *text);
void request_set_message(struct cli *cli, ProtobufCMessage *request, const char *field, const ProtobufCMessage *message);
/* A message of --file, --set, and the flags of the type's own fields: what these named, in order and each once, goes to `ret_paths`. References may be
 * ids alone: those of a collection at the top, and those below `parent` ("accounts/acme", "" for none). `base`: the resource as it is, for --set that
 * changes one of a list (set_reads_list); NULL where there is none yet. */
struct set_result {
	ProtobufCMessage *message;
	const char **paths;
	size_t paths_count;
	bool file; /* --file was given */
	const ProtobufCMessage *base;
};
bool set_from_options(struct cli *cli, const struct schema_type *type, const char *parent, const ProtobufCMessage *base, struct set_result *ret_result,
                      struct status *st);
/* Whether a --set names one of a list: criteria.product-fit.weight=20. */
bool set_reads_list(const struct cli *cli, const struct schema_type *type);
/* The field by which one of a list of messages is named: its id, or the one reference it must have. NULL: none. */
const struct schema_field *set_list_key(const struct schema_field *list);
