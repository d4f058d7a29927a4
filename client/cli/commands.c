/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of commands that are not made from the contract, and the options that every command has. Sorted as help shows them.
 */
#include "client/cli/noun.h"
#include "client/cli/report.h"

const struct option global_options[] = {
	{"output", 'o', OPTION_VALUE, "FORMAT", "table, wide, json, jsonl, csv, yaml or name; svg where there is a drawing", NULL},
	{"columns", 0, OPTION_VALUE, "A,B", "columns by field name, in this order; +A,B adds to the usual ones", NULL},
	{"no-headers", 0, OPTION_FLAG, NULL, "no line of headings in tables and CSV", NULL},
	{"no-color", 0, OPTION_FLAG, NULL, "no colour, as NO_COLOR in the environment", NULL},
	{"as-of", 0, OPTION_VALUE, "REV|TIME", "read what was there at a revision or time", NULL},
	{"timeout", 0, OPTION_VALUE, "SECONDS", "give up after this long; 60 for a single call", NULL},
	{"context", 0, OPTION_VALUE, "NAME", "which sign-in to use; also KAM_CONTEXT", NULL},
	{"server", 0, OPTION_VALUE, "HOST:PORT", "the server; also KAM_SERVER", NULL},
	{"ca", 0, OPTION_VALUE, "FILE", "PEM file of the authority to believe; also KAM_CA", NULL},
	{"token-file", 0, OPTION_VALUE, "FILE", "file with the token to sign calls with; also KAM_TOKEN_FILE, or the token itself in KAM_TOKEN", NULL},
	{"cert", 0, OPTION_VALUE, "FILE", "PEM file with a client certificate that signs you in; also KAM_CERT", NULL},
	{"key", 0, OPTION_VALUE, "FILE", "PEM file with its key, where that is another file; also KAM_KEY", NULL},
	{"yes", 'y', OPTION_FLAG, NULL, "answer questions with yes", NULL},
	{"no-input", 0, OPTION_FLAG, NULL, "never ask, fail instead", NULL},
	{"help", 'h', OPTION_FLAG, NULL, "help on the command", NULL},
	{"version", 0, OPTION_FLAG, NULL, "the version of kam (without a command)", NULL},
};
const size_t global_options_count = sizeof global_options / sizeof global_options[0];

static const struct option login_options[] = {
	{"password-file", 0, OPTION_VALUE, "FILE", "file whose first line is the password, - for stdin; without it you are asked", NULL},
	{"id-token-file", 0, OPTION_VALUE, "FILE", "file whose first line is an ID token of the server's issuer, - for stdin; it says who you are", NULL},
	{"oidc", 0, OPTION_FLAG, NULL, "sign in at the server's issuer, in a browser on this machine; needs --issuer and --client-id", NULL},
	{"issuer", 0, OPTION_VALUE, "URL", "the issuer, as in oidc.issuer of the server's configuration", NULL},
	{"client-id", 0, OPTION_VALUE, "ID", "the name under which kam is registered there, as in oidc.client_id", NULL},
	{"issuer-ca", 0, OPTION_VALUE, "FILE", "PEM file of the authority to believe there; the system's without it", NULL},
	{"callback-port", 0, OPTION_VALUE, "PORT", "where the browser's answer is awaited, if the issuer wants to know that before: http://127.0.0.1:PORT/callback", NULL},
};

static const struct option passwd_options[] = {
	{"password-file", 0, OPTION_VALUE, "FILE", "file whose first line is the new password, - for stdin; without it you are asked", NULL},
	{"reset-file", 0, OPTION_VALUE, "FILE", "file whose first line is a one-time token; then no password until now is needed", NULL},
	{"old-password-file", 0, OPTION_VALUE, "FILE", "file whose first line is your password until now; without it you are asked", NULL},
};

static const struct option assess_options[] = {
	{"set", 0, OPTION_LIST, "CRITERION=SCORE", "a score from 1 to 10, by the criterion's id; again for more; empty leaves it unscored", NULL},
	{"note", 0, OPTION_LIST, "CRITERION=TEXT", "why that score; again for more", NULL},
	{"file", 0, OPTION_VALUE, "FILE", "the assessment as JSON, - for stdin; --set and --note go over it", NULL},
	{"criteria-set", 0, OPTION_VALUE, "NAME", "by which criteria; without it the active set of the latest year", NULL},
	{"perspective", 0, OPTION_VALUE, "WORD", "SELF (in our eyes) or CLIENT (in the client's); SELF without it", NULL},
	{"assessor", 0, OPTION_VALUE, "USER", "who judged, where that is not you", NULL},
	{"assessed-on", 0, OPTION_VALUE, "DAY", "when, where that is not today", NULL},
	{"respondent", 0, OPTION_VALUE, "TEXT", "who at the client was asked", NULL},
	{"summary", 0, OPTION_VALUE, "TEXT", "what it comes to, in a few sentences", NULL},
	{"dry-run", 0, OPTION_FLAG, NULL, "check everything, change nothing", NULL},
};

static const struct option vote_options[] = {
	{"dry-run", 0, OPTION_FLAG, NULL, "check everything, change nothing", NULL},
};

static const struct option decide_options[] = {
	{"select", 0, OPTION_LIST, "ACCOUNT", "is a key account from now on; again for more", NULL},
	{"keep", 0, OPTION_LIST, "ACCOUNT", "is one and stays one", NULL},
	{"watch", 0, OPTION_LIST, "ACCOUNT", "is a candidate, to be looked at again", NULL},
	{"deselect", 0, OPTION_LIST, "ACCOUNT", "is no key account, or no longer", NULL},
	{"reason", 0, OPTION_VALUE, "TEXT", "why; it is what people will read in a year", NULL},
	{"phase", 0, OPTION_VALUE, "WORD", "the phase that all of these have from now on, where it is not the usual one", NULL},
	{"file", 0, OPTION_VALUE, "FILE", "verdicts as JSON, each with its own reason: kam.v1.DecideRoundRequest; - for stdin", NULL},
	{"etag", 0, OPTION_VALUE, "ETAG", "refuse if the round has changed since: the etag that get showed", NULL},
	{"dry-run", 0, OPTION_FLAG, NULL, "check everything, change nothing", NULL},
};

static const struct option import_options[] = {
	{"map", 0, OPTION_VALUE, "MAP", "a map that comes with kam, or a file: which column is which field; without it headings are fields", NULL},
	{"key", 0, OPTION_VALUE, "A,B", "without a map: the columns that together tell one row from another", NULL},
	{"parent", 0, OPTION_VALUE, "NAME", "the resource that all rows lie below: accounts/acme", NULL},
	{"account", 0, OPTION_VALUE, "ID", "short for --parent accounts/ID", NULL},
	{"dry-run", 0, OPTION_FLAG, NULL, "check every row and say what would become of it; change nothing", NULL},
	{"separator", 0, OPTION_VALUE, "CHAR", "what stands between cells; found out from the first line without it", NULL},
	{"encoding", 0, OPTION_VALUE, "NAME", "of the file, as iconv names it: CP1252; UTF-8 without it", NULL},
};

static const struct option access_check_options[] = {
	{"user", 0, OPTION_VALUE, "USER", "who: users/jane or jane; yourself without it", NULL},
	{"permission", 0, OPTION_VALUE, "PERMISSION", "what: accounts.update", NULL},
};

static const struct option audit_verify_options[] = {
	{"head", 0, OPTION_VALUE, "FILE", "a head that was kept elsewhere, as kam audit head -o json wrote it; - for stdin", NULL},
};

static const struct option access_who_options[] = {
	{"permission", 0, OPTION_VALUE, "PERMISSION", "what: accounts.update", NULL},
};

#define OPTIONS(table) .options = table, .options_count = sizeof table / sizeof table[0]

const struct command commands[] = {
	{
		.words = "login",
		.usage = "--server HOST:PORT --ca FILE [USER]",
		.summary = "sign in: by password, by an ID token, or by a client certificate",
		.text = "Keeps the server in a context and the token in a file that only you can read. With --cert and without USER the certificate is what signs you in, at each call; no token "
		        "is kept.",
		.examples = "kam login --server kam.example.com:8443 --ca ca.pem jane\n"
		            "kam login --context test --server localhost:8443 --ca ca.pem --password-file pw jane\n"
		            "kam login --server kam.example.com:8443 --id-token-file token\n"
		            "kam login --server kam.example.com:8443 --oidc --issuer https://login.example.com --client-id kam\n"
		            "kam login --context sync --server kam.example.com:8443 --cert sync.pem --key sync.key",
		OPTIONS(login_options), .arguments_max = 1, .run = login_run,
	},
	{
		.words = "logout",
		.usage = "",
		.summary = "sign out and forget the token",
		.examples = "kam logout",
		.run = logout_run,
	},
	{
		.words = "passwd",
		.usage = "",
		.summary = "change your password",
		.text = "Whoever has lost theirs asks an administrator for a one-time token (kam users reset-password) and gives it with --reset-file.",
		.examples = "kam passwd\nkam passwd --reset-file token --password-file new",
		OPTIONS(passwd_options), .run = passwd_run,
	},
	{
		.words = "whoami",
		.usage = "",
		.summary = "who you are and what you may do",
		.examples = "kam whoami\nkam whoami -o json",
		.run = whoami_run,
	},
	{
		.words = "context list",
		.usage = "",
		.summary = "the sign-ins that you have",
		.examples = "kam context list",
		.run = context_list_run,
	},
	{
		.words = "context use",
		.usage = "NAME",
		.summary = "make a sign-in the usual one",
		.examples = "kam context use test",
		.arguments_min = 1, .arguments_max = 1, .run = context_use_run,
	},
	{
		.words = "portfolio",
		.usage = "",
		.summary = "the accounts you may see, with the figures of their deals",
		.examples = "kam portfolio --order-by \"won_value desc\"\n"
		            "kam portfolio --filter 'phase = KEY' --period 2026-Q3\n"
		            "kam portfolio --all -o csv",
		.run = report_run, .report = &portfolio_report,
	},
	{
		.words = "matrix",
		.usage = "",
		.summary = "accounts by attractiveness and strength, with quadrants and revenue",
		.examples = "kam matrix\n"
		            "kam matrix --since 2025-12-31 --filter 'region = \"EMEA\"'\n"
		            "kam matrix -o svg > matrix.svg",
		.run = report_run, .report = &matrix_report,
	},
	{
		.words = "gap",
		.usage = "ACCOUNT",
		.summary = "our scores of an account against the client's",
		.examples = "kam gap acme\nkam gap acme -o svg > gap.svg",
		.arguments_min = 1, .arguments_max = 1, .run = report_run, .report = &gap_report,
	},
	{
		.words = "alignment",
		.usage = "ROUND",
		.summary = "how far a round agrees on which accounts are key, and who is furthest from the rest",
		.examples = "kam alignment 2026\nkam alignment 2026 --explain\nkam alignment 2026 -o svg > alignment.svg",
		.arguments_min = 1, .arguments_max = 1, .run = report_run, .report = &alignment_report,
	},
	{
		.words = "growth",
		.usage = "[ACCOUNT]",
		.summary = "growth of the client, of us and of the competitors there, and what it warns of",
		.examples = "kam growth\nkam growth acme --period 2025-Q4\nkam growth acme --explain",
		.arguments_max = 1, .run = report_run, .report = &growth_report,
	},
	{
		.words = "impact",
		.usage = "ACCOUNT...",
		.summary = "what losing these accounts would cost",
		.examples = "kam impact acme\nkam impact acme bolt --likelihood acme=0.2 --likelihood bolt=0.05",
		.arguments_min = 1, .arguments_max = 1000, .run = report_run, .report = &impact_report,
	},
	{
		.words = "whitespace",
		.usage = "[ACCOUNT]",
		.summary = "who has which business: unit by product, with what could still be sold",
		.text = "The cells themselves are a resource: kam whitespace list, get, create, update and the other verbs; kam explain whitespace lists their fields.",
		.examples = "kam whitespace acme\nkam whitespace --include-deals\nkam whitespace list --account acme",
		.arguments_max = 1, .run = report_run, .report = &whitespace_report,
	},
	{
		.words = "candidates",
		.usage = "",
		.summary = "who should be a key account and is none, and who is one and should not be",
		.examples = "kam candidates\nkam candidates --verdicts UNKNOWN --all -o csv",
		.run = report_run, .report = &candidates_report,
	},
	{
		.words = "backtest",
		.usage = "--from DAY",
		.summary = "which criteria foretold growth",
		.examples = "kam backtest --from 2024-12-31\nkam backtest --from 2024-12-31 --period 2025 -o svg > backtest.svg",
		.run = report_run, .report = &backtest_report,
	},
	{
		.words = "criteria-sets list-proposals",
		.usage = "",
		.summary = "the criteria that come with kam, to start from",
		.text = "Adopt one and change it: kam criteria-sets adopt 2026 --proposal balanced, then kam criteria-sets update 2026 --set criteria.product-fit.weight=20, and --set "
		        "state=ACTIVE once accounts are to be judged by it.",
		.examples = "kam criteria-sets list-proposals\nkam criteria-sets list-proposals -o json",
		.run = report_run, .report = &proposals_report,
	},
	{
		.words = "assess",
		.usage = "ACCOUNT [--set CRITERION=SCORE ...]",
		.summary = "score an account by the criteria in use, one after the other",
		.text = "At a terminal it shows what 1, 5 and 10 mean and what was scored before, and asks; nothing is written before the last question. Your scores by the same criteria are "
		        "changed where you gave some before; their history keeps what they were.",
		.examples = "kam assess acme\n"
		            "kam assess acme --perspective CLIENT --respondent \"Head of purchasing\"\n"
		            "kam assess acme --set product-fit=8 --set solvency=6 --note solvency=\"two late payments\"",
		OPTIONS(assess_options), .arguments_min = 1, .arguments_max = 1, .run = assess_run,
	},
	{
		.words = "rounds vote",
		.usage = "ROUND ACCOUNT...",
		.summary = "cast your ballot: the accounts you hold to be key, most important first",
		.text = "Only you can read it until the round closes, and you can cast it again until then; the last one counts.",
		.examples = "kam rounds vote 2026 acme bolt crane",
		OPTIONS(vote_options), .arguments_min = 2, .arguments_max = 1001, .run = vote_run,
	},
	{
		.words = "rounds decide",
		.usage = "ROUND --select|--keep|--watch|--deselect ACCOUNT ... --reason TEXT",
		.summary = "record what a closed round decides; it sets the phase of the accounts",
		.text = "All of it is recorded, with the scores and the support of this moment, or nothing. It is reversed by another decision only.",
		.examples = "kam rounds decide 2026 --select acme --select bolt --reason \"Support of 90 % and more, and both grow\"\n"
		            "kam rounds decide 2026 --deselect crane --reason \"No longer passes the gates\" --dry-run",
		OPTIONS(decide_options), .arguments_min = 1, .arguments_max = 1, .run = decide_run,
	},
	{
		.words = "map",
		.usage = "ACCOUNT",
		.summary = "the stakeholder map of an account: who matters, who knows whom, what is missing",
		.text = "Each person stands below the one they report to. Then come the shape of the relationship, what is missing and what should worry us.",
		.examples = "kam map acme\nkam map acme --gaps\nkam map acme -o json",
		.arguments_min = 1, .arguments_max = 1, .run = report_run, .report = &map_report,
	},
	{
		.words = "scorecard",
		.usage = "ACCOUNT|SCORECARD",
		.summary = "how a joint scorecard is going, in both sides' eyes",
		.examples = "kam scorecard acme\nkam scorecard accounts/acme/scorecards/2026 --period 2026-Q2",
		.arguments_min = 1, .arguments_max = 1, .run = report_run, .report = &scorecard_report,
	},
	{
		.words = "import",
		.usage = "RESOURCE FILE.csv [--map MAP]",
		.summary = "bring rows in from another system",
		.text = "Rows are found again by their id there: importing a file twice is the same as once. A bad row is reported and the rest goes in. Without a map each column is the field "
		        "that its heading names: account, criteria_set, scores.product-fit.",
		.examples = "kam import accounts accounts.csv --map maven-accounts --dry-run\n"
		            "kam import assessments scores.csv --dry-run\n"
		            "kam import stakeholders posts.csv --map ./my-map.json --account acme",
		OPTIONS(import_options), .arguments_min = 2, .arguments_max = 2, .run = import_run,
	},
	{
		.words = "access check",
		.usage = "--permission PERMISSION [RESOURCE]",
		.summary = "whether a user may do something, and why",
		.text = "Says yes or no and each binding with its role, scope and hidden field groups. Exit status: 0 yes, 5 no (or you may not ask), 3 the user or the resource is not "
		        "there for you.",
		.examples = "kam access check --permission accounts.update accounts/acme\n"
		            "kam access check --user jane --permission scorecards.agree accounts/acme/scorecards/2026",
		OPTIONS(access_check_options), .arguments_max = 1, .run = access_check_run,
	},
	{
		.words = "audit head",
		.usage = "",
		.summary = "the end of the record, signed, to be kept elsewhere",
		.text = "Whoever has it can tell later whether the record up to it is still the same: kam audit verify --head FILE, or kamd check --head FILE on the server.",
		.examples = "kam audit head -o json > head-2026-11.json",
		.run = audit_head_run,
	},
	{
		.words = "audit key",
		.usage = "",
		.summary = "the public key that verifies signed heads, in hexadecimal",
		.examples = "kam audit key",
		.run = audit_key_run,
	},
	{
		.words = "audit verify",
		.usage = "[--head FILE]",
		.summary = "whether the record is whole, and still holds a head that was kept elsewhere",
		.text = "Every entry's hash and its link to the one before, every stored state against its entry, and the head that the server signed last. kam audit list shows the entries.",
		.examples = "kam audit verify\nkam audit verify --head head-2026-11.json",
		OPTIONS(audit_verify_options), .run = audit_verify_run,
	},
	{
		.words = "access who",
		.usage = "[RESOURCE] --permission PERMISSION",
		.summary = "everybody who may do something, and through which binding, role and scope",
		.examples = "kam access who accounts/acme --permission accounts.update\n"
		            "kam access who --permission roles.update -o csv",
		OPTIONS(access_who_options), .arguments_max = 1, .run = access_who_run,
	},
	{
		.words = "access matrix",
		.usage = "",
		.summary = "which role may call which method, from the table that the server goes by",
		.text = "\"own\" stands where everybody who is signed in may call the method about themselves, and the role gives no more.",
		.examples = "kam access matrix\nkam access matrix -o csv > matrix.csv",
		.run = access_matrix_run,
	},
	{
		.words = "access diff",
		.usage = "ROLE ROLE",
		.summary = "in which permissions, scope and field groups two roles differ",
		.examples = "kam access diff sponsor sponsor-lite",
		.arguments_min = 2, .arguments_max = 2, .run = access_diff_run,
	},
	{
		.words = "call",
		.usage = "SERVICE/METHOD [JSON|-]",
		.summary = "call any method with a request as JSON",
		.examples = "kam call AccountService/GetAccount '{\"name\": \"accounts/acme\"}'\n"
		            "echo '{}' | kam call SessionService/WhoAmI -",
		.arguments_min = 1, .arguments_max = 2, .run = call_run,
	},
	{
		.words = "explain score",
		.usage = "ACCOUNT [--since DAY]",
		.summary = "how the scores of an account come about, and which inputs changed them",
		.examples = "kam explain score acme\nkam explain score acme --since 2026-01-01",
		.arguments_min = 1, .arguments_max = 1, .run = report_run, .report = &score_report,
	},
	{
		.words = "explain",
		.usage = "[RESOURCE[.FIELD]]",
		.summary = "what a resource or a field is",
		.examples = "kam explain accounts\nkam explain accounts.phase",
		.arguments_max = 1, .run = explain_run,
	},
	{
		.words = "completion bash",
		.usage = "",
		.summary = "a script that completes kam's words in bash",
		.examples = "source <(kam completion bash)",
		.run = completion_run,
	},
	{
		.words = "help",
		.usage = "[COMMAND]",
		.summary = "help on a command",
		.examples = "kam help accounts list",
		.arguments_max = 3, .run = help_run,
	},
};
const size_t commands_count = sizeof commands / sizeof commands[0];

/* ---- finding ---------------------------------------------------------------------------------------------------------------------------- */

static bool words_match(const char *row, const char *const *words, size_t count, size_t *ret_taken)
{
	size_t taken = 0;
	while (*row) {
		size_t size = strcspn(row, " ");
		if (taken == count || strlen(words[taken]) != size || memcmp(words[taken], row, size) != 0) {
			return false;
		}
		taken++;
		row += size;
		row += *row == ' ';
	}
	*ret_taken = taken;
	return true;
}

enum { CANDIDATES_MAX = 128 };

static bool unknown_command(struct cli *cli, const char *word, struct status *st)
{
	const char *names[CANDIDATES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < commands_count && count < CANDIDATES_MAX; i++) {
		names[count++] = arena_strndup(&cli->arena, commands[i].words, strcspn(commands[i].words, " "));
	}
	for (size_t i = 0; i < schema_resources_count(cli->schema) && count < CANDIDATES_MAX; i++) {
		names[count++] = noun_word(schema_resource_at(cli->schema, i), &cli->arena);
	}
	return usage_fail(st, "there is no command \"%s\"%s; kam --help lists them", word, suggestion(word, names, count, &cli->arena));
}

static bool unknown_verb(struct cli *cli, const struct schema_resource *resource, const char *word, struct status *st)
{
	const char *names[CANDIDATES_MAX];
	size_t count = noun_verbs(cli, resource, names, CANDIDATES_MAX);
	const char *noun = noun_word(resource, &cli->arena);
	struct buf list;
	buf_init(&list, &cli->arena);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", names[i]);
	}
	return usage_fail(st, "%s have no command \"%s\"%s; they have %s", noun, word, suggestion(word, names, count, &cli->arena),
	                  buf_text(&list));
}

/* "kam access": the first word of commands that have two. */
static bool half_command(const char *word, struct status *st)
{
	size_t size = strlen(word);
	for (size_t i = 0; i < commands_count; i++) {
		if (strncmp(commands[i].words, word, size) == 0 && commands[i].words[size] == ' ') {
			return !usage_fail(st, "kam %s needs another word: kam %s %s", word, commands[i].words, commands[i].usage);
		}
	}
	return false;
}

/* A resource and a report may have the same word: with a verb behind it the resource is meant. */
static const struct command *verb_of_noun(struct cli *cli, const char *const *words, size_t count)
{
	const struct schema_resource *resource = count > 1 ? noun_find(cli, words[0]) : NULL;
	return resource ? noun_command(cli, resource, words[1]) : NULL;
}

const struct command *command_find(struct cli *cli, const char *const *words, size_t count, size_t *ret_taken, struct status *st)
{
	const struct command *verb = verb_of_noun(cli, words, count);
	if (verb) {
		*ret_taken = 2;
		return verb;
	}
	for (size_t i = 0; i < commands_count; i++) {
		if (words_match(commands[i].words, words, count, ret_taken)) {
			return report_command(cli, &commands[i]);
		}
	}
	const struct schema_resource *resource = noun_find(cli, words[0]);
	if (!resource) {
		if (!half_command(words[0], st)) {
			unknown_command(cli, words[0], st);
		}
		return NULL;
	}
	if (count > 1) {
		unknown_verb(cli, resource, words[1], st);
		return NULL;
	}
	*ret_taken = 1;
	return noun_command(cli, resource, NULL);
}
