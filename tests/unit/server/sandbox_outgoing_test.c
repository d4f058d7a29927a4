/* SPDX-License-Identifier: Apache-2.0
 *
 * The sandbox of a kamd that fetches an issuer's keys, tried from inside: one port and names are open to it, and nothing more than that.
 */
#include "server/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static struct sockaddr_in open_port, closed_port; /* somebody listens on both */

static int outcome(long result)
{
	return result >= 0 ? 0 : errno;
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? errno : outcome(connect(fd, (const struct sockaddr *)address, sizeof *address));
}

static int connect_to_it(void) { return connect_to(&open_port); }
static int connect_elsewhere(void) { return connect_to(&closed_port); }
static int listen_oneself(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return outcome(bind(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&any, sizeof any));
}
static int find_a_name(void)
{
	struct addrinfo *list = NULL;
	int result = getaddrinfo("localhost", "443", &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
	if (list) {
		freeaddrinfo(list);
	}
	return result;
}
static int read_hosts(void) { return outcome(open("/etc/hosts", O_RDONLY)); }
static int write_hosts(void) { return outcome(open("/etc/hosts", O_WRONLY)); }
static int read_passwd(void) { return outcome(open("/etc/passwd", O_RDONLY)); }
static int socket_unix(void) { return outcome(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int socket_packet(void) { return outcome(socket(AF_PACKET, SOCK_RAW, 0)); }
static int run_program(void) { return outcome(execl("/bin/true", "true", NULL)); }

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The exit status of a child that tries it inside; 128 and the signal where it was killed. */
static int try(int (*attempt)(void), uint16_t port)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		const char *const none[] = {NULL};
		struct sandbox_options options = {false, none, none, port};
		struct sandbox_report report;
		struct status st;
		status_init(&st);
		_exit(sandbox_enter(&options, &report, &st) ? attempt() : 255);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void what_fetching_needs_works(void **state)
{
	uint16_t port = ntohs(open_port.sin_port);
	(void)state;
	assert_int_equal(try(connect_to_it, port), 0);
	assert_int_equal(try(find_a_name, port), 0);
	assert_int_equal(try(read_hosts, port), 0);
}

static void nothing_else_does(void **state)
{
	uint16_t port = ntohs(open_port.sin_port);
	(void)state;
	if (landlock_abi() >= 4) {
		assert_int_equal(try(connect_elsewhere, port), EACCES);
		assert_int_equal(try(listen_oneself, port), EACCES);
	}
	if (landlock_abi() >= 1) {
		assert_int_not_equal(try(write_hosts, port), 0);
	}
#ifndef SANDBOX_SANITIZED
	if (landlock_abi() >= 1) {
		assert_int_equal(try(read_passwd, port), EACCES);
	}
	assert_int_equal(try(socket_unix, port), ENOSYS);
	assert_int_equal(try(socket_packet, port), ENOSYS);
	assert_int_equal(try(run_program, port), 128 + SIGSYS);
	assert_int_equal(try(connect_to_it, 0), ENOSYS); /* where nothing is to be fetched */
#else
	(void)read_passwd, (void)socket_unix, (void)socket_packet, (void)run_program;
#endif
}

static void listen_on(struct sockaddr_in *address)
{
	socklen_t size = sizeof *address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
}

static int set_up(void **state)
{
	(void)state;
	listen_on(&open_port);
	listen_on(&closed_port);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_fetching_needs_works), cmocka_unit_test(nothing_else_does)};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
