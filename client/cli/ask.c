/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to the person at the terminal. No command needs one: each names the flag that answers it.
 */
#include "client/cli/cli.h"

#include "common/base/limits.h"

#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* Written by the program, read by the handler of a signal that may come at any moment: the size is set last. */
static char interrupt_text[256];
static volatile sig_atomic_t interrupt_size;

static struct termios terminal_before;
static volatile sig_atomic_t echo_is_off;

void cli_on_interrupt(const char *format, ...)
{
	interrupt_size = 0;
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(interrupt_text, sizeof interrupt_text, format, arguments);
	va_end(arguments);
	interrupt_size = size > 0 && size < (int)sizeof interrupt_text ? size : 0;
}

/* Ends at once: the server sees the connection close and drops what it had not begun. */
void cli_interrupted(int number)
{
	(void)number;
	if (echo_is_off) {
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
	}
	ssize_t ignored = write(STDERR_FILENO, "\n", 1);
	if (interrupt_size > 0) {
		ignored = write(STDERR_FILENO, interrupt_text, (size_t)interrupt_size);
	}
	(void)ignored;
	_exit(EXIT_INTERRUPTED);
}

bool cli_can_ask(const struct cli *cli)
{
	return cli->terminal.in && cli->terminal.error && !args_given(&cli->args, "no-input");
}

bool cli_confirm(struct cli *cli, const char *flag, struct status *st, const char *format, ...)
{
	char question[STATUS_MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(question, sizeof question, format, arguments);
	va_end(arguments);
	if (!cli_can_ask(cli)) {
		return usage_fail(st, "%s There is no terminal to ask on: give --%s to go on", question, flag);
	}
	fprintf(stderr, "%s [y/N] ", text_clean(question, &cli->arena));
	char answer[16] = "";
	if (!fgets(answer, sizeof answer, stdin)) {
		fputc('\n', stderr);
	}
	return answer[0] == 'y' || answer[0] == 'Y' || declined_fail(st, "nothing was changed");
}

static const char *ask_without_echo(struct cli *cli, const char *question, struct status *st)
{
	char line[LIMIT_PASSWORD_CHARACTERS_MAX * 4 + 2] = "";
	if (tcgetattr(STDIN_FILENO, &terminal_before) != 0) {
		status_fail(st, STATUS_UNKNOWN, "", "cannot ask for a password on this terminal; give it in a file with --password-file");
		return NULL;
	}
	struct termios silent = terminal_before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(stderr, "%s ", question);
	echo_is_off = 1;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	bool got = fgets(line, sizeof line, stdin) != NULL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
	echo_is_off = 0;
	fputc('\n', stderr);
	line[strcspn(line, "\r\n")] = '\0';
	if (!got || line[0] == '\0') {
		declined_fail(st, "no password was given");
		return NULL;
	}
	return arena_strdup(&cli->arena, line);
}

const char *cli_password(struct cli *cli, const char *flag, const char *question, struct status *st)
{
	const char *path = args_text(&cli->args, flag);
	if (!path) {
		if (cli_can_ask(cli)) {
			return ask_without_echo(cli, question, st);
		}
		usage_fail(st, "there is no terminal to ask for a password on: give it in a file with --%s FILE (- for stdin)", flag);
		return NULL;
	}
	struct bytes bytes;
	if (!cli_read_file(cli, path, &bytes, st)) {
		return NULL;
	}
	const char *text = bytes.data ? (const char *)bytes.data : "";
	size_t size = strcspn(text, "\r\n");
	if (size == 0) {
		usage_fail(st, "--%s: %s holds no password in its first line", flag, path);
		return NULL;
	}
	return arena_strndup(&cli->arena, text, size);
}
