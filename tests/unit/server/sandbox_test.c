/* SPDX-License-Identifier: Apache-2.0
 *
 * The sandbox tried from inside: every attempt is made by a child that entered it as kamd does, and the parent sees how the child ended.
 */
#include "server/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Some attempts are by number alone: the C library has no function for them. */
static char folder[] = "/tmp/kam-sandbox-XXXXXX";
static int listening, connected; /* opened before the sandbox, as kamd's own are */
static struct sockaddr_in address;

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int outcome(long result)
{
	return result >= 0 ? 0 : errno;
}

static const char *at(const char *name)
{
	static _Thread_local char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* ---- attempts: each answers 0 or an errno --------------------------------------------------------------------------------------------------- */

static int read_passwd(void) { return outcome(open("/etc/passwd", O_RDONLY)); }
static int read_memory_map(void) { return outcome(open("/proc/self/maps", O_RDONLY)); }
static int read_other(void) { return outcome(open(at("other/file"), O_RDONLY)); }
static int read_above(void) { return outcome(open(at("store/../other/file"), O_RDONLY)); }
static int read_by_link(void) { return outcome(open(at("store/link"), O_RDONLY)); }
static int list_root(void) { return outcome(open("/", O_RDONLY | O_DIRECTORY)); }
static int write_other(void) { return outcome(open(at("other/file"), O_WRONLY)); }
static int make_other(void) { return outcome(open(at("other/new"), O_WRONLY | O_CREAT, 0600)); }
static int make_beside(void) { return outcome(open(at("store/new"), O_WRONLY | O_CREAT, 0600)); }
static int make_above(void) { return outcome(open(at("new"), O_WRONLY | O_CREAT, 0600)); }
static int truncate_other(void) { return outcome(truncate(at("other/file"), 0)); }
static int remove_other(void) { return outcome(unlink(at("other/file"))); }
static int change_key(void) { return outcome(open(at("tls/server.key"), O_WRONLY)); }
static int make_folder(void) { return outcome(mkdir(at("store/folder"), 0700)); }
static int make_link(void) { return outcome(symlink("/etc/passwd", at("store/passwd"))); }
static int make_device(void) { return outcome(syscall(SYS_mknodat, AT_FDCWD, at("store/device"), S_IFCHR | 0600, 259)); }
static int make_public(void) { return outcome(chmod(at("store/data"), 0666)); }
static int take_out(void)
{
	char from[256];
	snprintf(from, sizeof from, "%s", at("store/data"));
	return outcome(rename(from, at("other/data")));
}

static int socket_tcp(void) { return outcome(socket(AF_INET, SOCK_STREAM, 0)); }
static int socket_tcp6(void) { return outcome(socket(AF_INET6, SOCK_STREAM, 0)); }
static int socket_udp(void) { return outcome(socket(AF_INET, SOCK_DGRAM, 0)); }
static int socket_unix(void) { return outcome(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int socket_netlink(void) { return outcome(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int socket_packet(void) { return outcome(socket(AF_PACKET, SOCK_RAW, 0)); }
static int connect_out(void) { return outcome(connect(connected, (struct sockaddr *)&address, sizeof address)); }
static int bind_again(void) { return outcome(bind(connected, (struct sockaddr *)&address, sizeof address)); }

static int run_program(void) { return outcome(execl("/bin/true", "true", NULL)); }
static int run_by_descriptor(void) { return outcome(syscall(SYS_execveat, connected, "", NULL, NULL, AT_EMPTY_PATH)); }
static int run_shell(void) { return system("true"); }
static int run_child(void) { return outcome(fork()); }
static int run_spawned(void)
{
	char *words[] = {(char[]){"true"}, NULL};
	pid_t pid;
	return posix_spawn(&pid, "/bin/true", NULL, NULL, words, words + 1);
}
static int trace_parent(void) { return outcome(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)); }
static int read_parent(void)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {&byte, 1};
	return outcome(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}
static int signal_parent(void) { return outcome(kill(getppid(), 0)); }
static int signal_parent_thread(void) { return outcome(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int become_root(void) { return outcome(syscall(SYS_setresuid, 0, 0, 0)); }
static int change_root(void) { return outcome(chroot(folder)); }
static int mount_something(void) { return outcome(mount("none", folder, "tmpfs", 0, NULL)); }
static int new_namespace(void) { return outcome(unshare(CLONE_NEWUSER)); }
static int load_module(void) { return outcome(syscall(SYS_finit_module, connected, "", 0)); }
static int load_bpf(void) { return outcome(syscall(SYS_bpf, 0, NULL, 0)); }
static int make_ring(void) { return outcome(syscall(SYS_io_uring_setup, 1, NULL)); }
static int catch_faults(void) { return outcome(syscall(SYS_userfaultfd, 0)); }
static int open_by_number(void) { return outcome(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY)); }
static int set_clock(void) { return outcome(syscall(SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){0})); }
static int use_keyring(void) { return outcome(syscall(SYS_keyctl, 0, 0, 0, 0, 0)); }
static int map_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : errno;
}
static int turn_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}
static int anonymous_program(void) { return outcome(syscall(SYS_memfd_create, "program", 0)); }
static int type_for_terminal(void) { return outcome(ioctl(0, TIOCSTI, "x")); }
static int raise_limits(void) { return outcome(setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY})); }
static int be_dumpable(void) { return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int loosen_filter(void) { return outcome(syscall(SYS_seccomp, 0, 0, NULL)); }
#ifdef __x86_64__
/* The other way into the kernel, where the numbers mean something else: 20 is getpid for 32-bit programs. */
static int other_entry(void)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
	return result < 0 ? -result : 0;
}
#endif

static void *in_thread(void *attempt)
{
	return (void *)(intptr_t)(*(int (**)(void))attempt)();
}

static int by_thread(int (*attempt)(void))
{
	pthread_t thread;
	void *result = NULL;
	int error = pthread_create(&thread, NULL, in_thread, &attempt);
	return error ? error : (pthread_join(thread, &result), (int)(intptr_t)result);
}

static int thread_reads_passwd(void) { return by_thread(read_passwd); }
static int thread_runs_program(void) { return by_thread(run_program); }

/* ---- what kamd needs --------------------------------------------------------------------------------------------------------------------------- */

static int use_store(void)
{
	char text[] = "record";
	int fd = open(at("store/data"), O_RDWR | O_CLOEXEC);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	bool ok = fd >= 0 && pwrite(fd, text, sizeof text, 0) == sizeof text && pread(fd, text, sizeof text, 0) == sizeof text && ftruncate(fd, 8192) == 0 &&
	          fdatasync(fd) == 0 && fcntl(fd, F_SETLK, &lock) == 0;
	char *map = ok ? mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	ok = ok && map != MAP_FAILED && strcmp(map, "record") == 0;
	return ok ? 0 : 1;
}

static int read_key(void)
{
	FILE *file = fopen(at("tls/server.key"), "re");
	return file && fgetc(file) == 'k' && fclose(file) == 0 ? 0 : 1;
}

static int serve_somebody(void)
{
	char byte = 0;
	int one = 1, socket = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	bool ok = socket >= 0 && send(connected, "x", 1, 0) == 1 && setsockopt(socket, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one) == 0 &&
	          read(socket, &byte, 1) == 1 && byte == 'x' && write(socket, "y", 1) == 1 && shutdown(socket, SHUT_WR) == 0;
	return ok ? 0 : 1;
}

static int turn_a_loop(void)
{
	int loop = epoll_create1(EPOLL_CLOEXEC), wake = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), pipes[2];
	struct epoll_event event = {.events = EPOLLIN};
	return loop >= 0 && wake >= 0 && epoll_ctl(loop, EPOLL_CTL_ADD, wake, &event) == 0 && epoll_wait(loop, &event, 1, -1) == 1 && pipe2(pipes, O_CLOEXEC) == 0 ? 0 : 1;
}

static int hash_a_password(void) /* much memory, and chance */
{
	char salt[16];
	size_t size = 64u << 20;
	char *memory = malloc(size);
	if (!memory || getrandom(salt, sizeof salt, 0) != sizeof salt) {
		return 1;
	}
	explicit_bzero(memory, size);
	free(memory);
	return 0;
}

static int run_a_thread(void) { return by_thread(hash_a_password); }

/* ---- trying -------------------------------------------------------------------------------------------------------------------------------------- */

enum { WORKS, REFUSED, KILLED };
enum needs { NOTHING, LANDLOCK, READING /* Landlock, of files that are read */, SECCOMP };

static const struct attempt {
	const char *name;
	int (*run)(void);
	int expected;
	enum needs needs;
} attempts[] = {
#define TRY(function, expected, needs) {#function, function, expected, needs}
	TRY(use_store, WORKS, NOTHING), TRY(read_key, WORKS, NOTHING), TRY(serve_somebody, WORKS, NOTHING), TRY(turn_a_loop, WORKS, NOTHING),
	TRY(hash_a_password, WORKS, NOTHING), TRY(run_a_thread, WORKS, NOTHING),
	TRY(read_passwd, REFUSED, READING), TRY(read_memory_map, REFUSED, READING), TRY(read_other, REFUSED, READING), TRY(read_above, REFUSED, READING),
	TRY(read_by_link, REFUSED, READING), TRY(list_root, REFUSED, READING), TRY(thread_reads_passwd, REFUSED, READING),
	TRY(write_other, REFUSED, LANDLOCK), TRY(make_other, REFUSED, LANDLOCK), TRY(make_beside, REFUSED, LANDLOCK), TRY(make_above, REFUSED, LANDLOCK),
	TRY(remove_other, REFUSED, LANDLOCK),
	TRY(change_key, REFUSED, LANDLOCK), TRY(make_folder, REFUSED, LANDLOCK), TRY(make_link, REFUSED, LANDLOCK), TRY(take_out, REFUSED, LANDLOCK),
	TRY(truncate_other, REFUSED, SECCOMP), TRY(make_public, REFUSED, SECCOMP),
	TRY(socket_tcp, REFUSED, SECCOMP), TRY(socket_tcp6, REFUSED, SECCOMP), TRY(socket_udp, REFUSED, SECCOMP), TRY(socket_unix, REFUSED, SECCOMP),
	TRY(socket_netlink, REFUSED, SECCOMP), TRY(socket_packet, REFUSED, SECCOMP), TRY(connect_out, REFUSED, SECCOMP), TRY(bind_again, REFUSED, SECCOMP),
	TRY(map_executable, REFUSED, SECCOMP), TRY(turn_executable, REFUSED, SECCOMP), TRY(anonymous_program, REFUSED, SECCOMP),
	TRY(type_for_terminal, REFUSED, SECCOMP), TRY(raise_limits, REFUSED, SECCOMP), TRY(be_dumpable, REFUSED, SECCOMP), TRY(loosen_filter, REFUSED, SECCOMP),
	TRY(signal_parent_thread, REFUSED, SECCOMP),
	TRY(run_program, KILLED, SECCOMP), TRY(run_by_descriptor, KILLED, SECCOMP), TRY(run_shell, KILLED, SECCOMP), TRY(run_child, KILLED, SECCOMP),
	TRY(run_spawned, KILLED, SECCOMP), TRY(thread_runs_program, KILLED, SECCOMP), TRY(trace_parent, KILLED, SECCOMP), TRY(read_parent, KILLED, SECCOMP),
	TRY(signal_parent, KILLED, SECCOMP), TRY(become_root, KILLED, SECCOMP), TRY(change_root, KILLED, SECCOMP), TRY(mount_something, KILLED, SECCOMP),
	TRY(make_device, KILLED, SECCOMP), TRY(new_namespace, KILLED, SECCOMP), TRY(load_module, KILLED, SECCOMP), TRY(load_bpf, KILLED, SECCOMP),
	TRY(make_ring, KILLED, SECCOMP), TRY(catch_faults, KILLED, SECCOMP), TRY(open_by_number, KILLED, SECCOMP), TRY(set_clock, KILLED, SECCOMP),
	TRY(use_keyring, KILLED, SECCOMP),
#ifdef __x86_64__
	TRY(other_entry, KILLED, SECCOMP),
#endif
};

static bool enter(bool required, struct sandbox_report *report, struct status *st)
{
	char store[256], tls[256];
	snprintf(store, sizeof store, "%s", at("store"));
	snprintf(tls, sizeof tls, "%s", at("tls"));
	const char *writable[] = {store, NULL}, *readable[] = {tls, NULL};
	struct sandbox_options options = {required, writable, readable, 0};
	sandbox_forbid_dumps();
	status_init(st);
	return sandbox_enter(&options, report, st);
}

static void make_file(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Everything a child may spoil is made anew before each. */
static void make_world(void)
{
	socklen_t size = sizeof address;
	make_file("store/data", "");
	make_file("tls/server.key", "key");
	make_file("other/file", "secret");
	address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listening, 5), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(connected, (struct sockaddr *)&address, sizeof address), 0);
}

static int try(const struct attempt *attempt)
{
	int status = 0;
	make_world();
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox_report report;
		struct status st;
		_exit(enter(false, &report, &st) ? attempt->run() : 255);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	close(listening);
	close(connected);
	return status;
}

static bool available(enum needs needs)
{
#ifdef SANDBOX_SANITIZED
	return needs == NOTHING || (needs == LANDLOCK && landlock_abi() > 0);
#else
	return needs == NOTHING || needs == SECCOMP || landlock_abi() > 0;
#endif
}

static bool as_expected(const struct attempt *attempt, int status)
{
	int error = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	switch (attempt->expected) {
	case KILLED:
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
	case REFUSED:
		return error == ENOSYS || (attempt->needs != SECCOMP && (error == EACCES || error == EXDEV)); /* the filter is asked before Landlock */
	default:
		return error == 0;
	}
}

static void test_every_attempt(void **state)
{
	(void)state;
	unsigned wrong = 0;
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		const struct attempt *attempt = &attempts[i];
		if (!available(attempt->needs)) {
			continue;
		}
		int status = try(attempt);
		if (!as_expected(attempt, status)) {
			print_error("%s: expected %s, status is %#x\n", attempt->name, (const char *const[]){"to work", "to be refused", "to be killed"}[attempt->expected],
			            (unsigned)status);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Without the sandbox these work, so that their refusal above says something. */
static void test_attempts_are_real(void **state)
{
	(void)state;
	make_world();
	assert_int_equal(read_passwd(), 0);
	assert_int_equal(read_above(), 0);
	assert_int_equal(read_by_link(), 0);
	assert_int_equal(write_other(), 0);
	assert_int_equal(change_key(), 0);
	assert_int_equal(socket_unix(), 0);
	assert_int_equal(turn_executable(), 0);
	assert_int_equal(signal_parent(), 0);
	close(listening);
	close(connected);
}

static void status_line(pid_t pid, const char *key, char value[64])
{
	char path[64], line[256];
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	*value = '\0';
	while (fgets(line, sizeof line, file)) {
		size_t size = strlen(key);
		if (strncmp(line, key, size) == 0 && line[size] == ':') {
			snprintf(value, 64, "%s", line + size + 1 + strspn(line + size + 1, " \t"));
			value[strcspn(value, "\n")] = '\0';
		}
	}
	fclose(file);
}

/* What the kernel says of a process in it. */
static void test_seen_from_outside(void **state)
{
	(void)state;
	int ready[2], end[2];
	char value[64], byte;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox_report report;
		struct status st;
		close(end[1]);
		bool ok = enter(false, &report, &st) && write(ready[1], report.seccomp ? "s" : "-", 1) == 1 && read(end[0], &byte, 1) == 0;
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, available(SECCOMP) ? 's' : '-');
	status_line(pid, "NoNewPrivs", value);
	assert_string_equal(value, "1");
	status_line(pid, "CapEff", value);
	assert_string_equal(value, "0000000000000000");
	status_line(pid, "Seccomp", value);
	assert_string_equal(value, available(SECCOMP) ? "2" : "0");
	struct rlimit core;
	assert_int_equal(prlimit(pid, RLIMIT_CORE, NULL, &core), 0);
	assert_int_equal(core.rlim_max, 0);
	close(end[1]);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(end[0]);
	close(ready[0]);
	close(ready[1]);
}

/* Where it is required, a part that is lacking is a failure, and its reason is told: here the kernel lets nobody add one more layer of Landlock. */
static void test_required(void **state)
{
	(void)state;
	if (landlock_abi() < 1) {
		skip();
	}
	for (int required = 0; required < 2; required++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			struct sandbox_report report;
			struct status st;
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			for (int layer = 0; layer < 16; layer++) { /* the most there may be, each allowing all but making devices */
				const uint64_t files = LANDLOCK_ACCESS_FS_MAKE_CHAR;
				int fd = (int)syscall(SYS_landlock_create_ruleset, &files, sizeof files, 0);
				if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
					_exit(2);
				}
			}
			bool ok = enter(required == 1, &report, &st);
			_exit(ok == (required == 0) && report.landlock_abi == 0 && strstr(report.missing, "landlock: ") ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

/* A directory that is not there is a mistake of the settings, not of the kernel. */
static void test_no_such_directory(void **state)
{
	(void)state;
	int status;
	if (landlock_abi() < 1) {
		skip();
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox_report report;
		struct status st;
		const char *writable[] = {at("nowhere"), NULL}, *readable[] = {NULL};
		struct sandbox_options options = {false, writable, readable, 0};
		status_init(&st);
		_exit(!sandbox_enter(&options, &report, &st) && strstr(st.message, "nowhere") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) && mkdir(at("store"), 0700) == 0 && mkdir(at("tls"), 0700) == 0 && mkdir(at("other"), 0700) == 0 &&
	       symlink("../other/file", at("store/link")) == 0 ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const files[] = {"store/data", "store/link", "tls/server.key", "other/file"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		unlink(at(files[i]));
	}
	return rmdir(at("store")) == 0 && rmdir(at("tls")) == 0 && rmdir(at("other")) == 0 && rmdir(folder) == 0 ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts_are_real), cmocka_unit_test(test_every_attempt),    cmocka_unit_test(test_seen_from_outside),
		cmocka_unit_test(test_required),          cmocka_unit_test(test_no_such_directory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
