/* SPDX-License-Identifier: Apache-2.0
 *
 * cli.h - what every command of kam is made of.
 *
 * A command is a row: its words, its help, its options, its function. The commands on resources (`kam accounts list`) are rows too, made from the schema
 * when they are called for (noun.c). A command's function returns false with `st` failed; main.c alone prints errors and turns them into exit codes.
 *
 * Owns:    everything that a command makes lives in cli->arena until the program ends, but for pages of a list, which have arenas of their own.
 */
#pragma once

#include "client/cli/args.h"
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/lib/kam.h"
#include "common/schema/schema.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_SIGNED_OUT = 4,
	EXIT_DENIED = 5,
	EXIT_CONFLICT = 6,
	EXIT_UNAVAILABLE = 7,
	EXIT_PARTLY = 8,
	EXIT_DECLINED = 9,
	EXIT_INTERRUPTED = 130,
};

struct cli;
struct report;

struct command {
	const char *words;    /* "import", "access check" */
	const char *usage;    /* what follows the words: "RESOURCE FILE.csv --map MAP" */
	const char *summary;  /* one line */
	const char *text;     /* more of it; NULL: none */
	const char *examples; /* lines of commands; NULL: none */
	const struct option *options;
	size_t options_count;
	size_t arguments_min, arguments_max;
	bool (*run)(struct cli *cli, struct status *st);
	const struct report *report; /* of a command that shows one */
	/* Of commands on resources; of reports the method: */
	const struct schema_resource *resource;
	const struct schema_method *method;
};

struct cli {
	const struct schema *schema;
	struct arena arena;
	struct terminal terminal;
	const struct command *command;
	struct args args;
	struct output_options output;
	struct context context;
	struct kam *kam;          /* NULL until the first call */
	enum exit_code exit_code; /* where the command succeeded and yet has something to say */
	bool output_asked;        /* -o was given */
};

/* ---- the table (commands.c) ----------------------------------------------------------------------------------------------------- */

extern const struct command commands[];
extern const size_t commands_count;
extern const struct option global_options[];
extern const size_t global_options_count;

/* The command that the first words name, with how many of them it took; NULL and `st` with the nearest one where there is none. One word that is a
 * resource alone gives a command without `run`. */
const struct command *command_find(struct cli *cli, const char *const *words, size_t count, size_t *ret_taken, struct status *st);

/* ---- failing (fail.c) ------------------------------------------------------------------------------------------------------------ */

/* A mistake on the command line, exit code 2. Always false. */
bool usage_fail(struct status *st, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A question answered with no, exit code 9. Always false. */
bool declined_fail(struct status *st, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "; did you mean X?" with the nearest of the names, "" where none is near. In `arena`. */
const char *suggestion(const char *word, const char *const *names, size_t count, struct arena *arena);
/* The same with the fields of a type. */
const char *suggestion_of_field(const struct schema_type *type, const char *word, struct arena *arena);
/* What is wrong, without the field in front where another name for it stands there already. */
const char *fault_words(const struct status *st);
enum exit_code fail_exit_code(const struct status *st);
/* Tells the user on stderr, as -o json as google.rpc.Status. */
void fail_print(struct cli *cli, const struct status *st);
/* A message that is no error, on stderr. */
void notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- calling (connect.c) ---------------------------------------------------------------------------------------------------------- */

/* Opens cli->kam by flags, environment and context. `signed_in`: a token is needed. */
bool cli_connect(struct cli *cli, bool signed_in, struct status *st);
/* Metadata and time-out that the options ask for; in cli->arena. */
struct kam_call_options cli_call_options(struct cli *cli, const struct schema_method *method);
/* One call of a method; the reply is unpacked into `arena`. */
bool cli_call(struct cli *cli, const struct schema_method *method, const ProtobufCMessage *request, struct arena *arena,
              ProtobufCMessage **ret_reply, uint64_t *ret_revision, struct status *st);
/* libkam's streams in the project's own words; `st` keeps its first failure. */
struct kam_stream *cli_stream_open(struct cli *cli, const struct schema_method *method, const struct kam_call_options *options, struct status *st);
bool cli_stream_send(struct kam_stream *stream, struct bytes message, bool last);
bool cli_stream_receive(struct kam_stream *stream, struct bytes *ret_message, struct status *st);
/* A method of kam by "Service/Method": "AccountService/GetAccount", "kam.v1.AccountService/GetAccount". NULL and `st` with the nearest. */
const struct schema_method *cli_method(struct cli *cli, const char *name, struct status *st);
/* A method the program itself needs, by its path. */
const struct schema_method *cli_own_method(struct cli *cli, const char *path);
/* Reads a whole file, "-" for stdin, up to LIMIT_CONFIG_BYTES. */
bool cli_read_file(struct cli *cli, const char *path, struct bytes *ret_bytes, struct status *st);
/* A random identifier for request_id, in cli->arena. */
const char *cli_request_id(struct cli *cli);

/* ---- asking (ask.c) ------------------------------------------------------------------------------------------------------------------ */

/* Whether there is a terminal to ask on, and no --no-input. */
bool cli_can_ask(const struct cli *cli);
/* Asks on the terminal. True for yes. Without a terminal, or with --no-input, a usage error that names `flag`. */
bool cli_confirm(struct cli *cli, const char *flag, struct status *st, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The password in --`flag` FILE (its first line; "-" is stdin), or asked for without echo. NULL and `st` where there is neither. */
const char *cli_password(struct cli *cli, const char *flag, const char *question, struct status *st);
/* What a Ctrl-C says before the program ends, up to some hundred bytes; "": nothing. */
void cli_on_interrupt(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The handler of SIGINT. */
void cli_interrupted(int number);

/* ---- commands --------------------------------------------------------------------------------------------------------------------- */

bool help_run(struct cli *cli, struct status *st);
/* Help on a command, on a resource, or, where both are NULL, on kam. */
void help_print(struct cli *cli, const struct command *command);
bool login_run(struct cli *cli, struct status *st);
bool logout_run(struct cli *cli, struct status *st);
bool whoami_run(struct cli *cli, struct status *st);
bool passwd_run(struct cli *cli, struct status *st);
bool context_list_run(struct cli *cli, struct status *st);
bool context_use_run(struct cli *cli, struct status *st);
bool import_run(struct cli *cli, struct status *st);
bool assess_run(struct cli *cli, struct status *st);
bool vote_run(struct cli *cli, struct status *st);
bool decide_run(struct cli *cli, struct status *st);
bool access_check_run(struct cli *cli, struct status *st);
bool audit_head_run(struct cli *cli, struct status *st);
bool audit_key_run(struct cli *cli, struct status *st);
bool audit_verify_run(struct cli *cli, struct status *st);
bool access_who_run(struct cli *cli, struct status *st);
bool access_matrix_run(struct cli *cli, struct status *st);
bool access_diff_run(struct cli *cli, struct status *st);
bool call_run(struct cli *cli, struct status *st);
bool explain_run(struct cli *cli, struct status *st);
bool completion_run(struct cli *cli, struct status *st);

bool list_run(struct cli *cli, struct status *st);
bool get_run(struct cli *cli, struct status *st);
bool create_run(struct cli *cli, struct status *st);
bool update_run(struct cli *cli, struct status *st);
bool delete_run(struct cli *cli, struct status *st);
bool undelete_run(struct cli *cli, struct status *st);
bool history_run(struct cli *cli, struct status *st);
bool watch_run(struct cli *cli, struct status *st);
bool custom_run(struct cli *cli, struct status *st);
