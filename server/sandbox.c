/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SANDBOX_SANITIZED
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

void sandbox_forbid_dumps(void)
{
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	if (!SANITIZED) { /* the leak checker attaches to its own process */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
}

__attribute__((format(printf, 2, 3))) static void lacks(struct sandbox_report *report, const char *format, ...)
{
	size_t used = strlen(report->missing);
	if (used > 0) {
		used += (size_t)snprintf(report->missing + used, sizeof report->missing - used, "; ");
	}
	if (used < sizeof report->missing) {
		va_list values;
		va_start(values, format);
		vsnprintf(report->missing + used, sizeof report->missing - used, format, values);
		va_end(values);
	}
}

/* ---- Landlock ------------------------------------------------------------------------------------------------------------------------------ */

/* Of the kernel's header only what its first version had is used by name: headers are often older than kernels. */
struct ruleset {
	uint64_t files;   /* ABI 1 */
	uint64_t network; /* ABI 4 */
	uint64_t scoped;  /* ABI 6 */
};

static const uint64_t files_first = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, files_refer = 1 << 13 /* ABI 2 */, files_truncate = 1 << 14 /* ABI 3 */,
                      files_ioctl = 1 << 15 /* ABI 5 */, network_bind_connect = 1 << 0 | 1 << 1, scoped_abstract_signal = 1 << 0 | 1 << 1;
static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

static struct ruleset handled(int abi)
{
	struct ruleset ruleset = {.files = files_first};
	ruleset.files |= abi >= 2 ? files_refer : 0;
	ruleset.files |= abi >= 3 ? files_truncate : 0;
	ruleset.files |= abi >= 5 ? files_ioctl : 0;
	if (SANITIZED) {
		ruleset.files &= ~(reading | LANDLOCK_ACCESS_FS_EXECUTE | files_ioctl);
	}
	ruleset.network = abi >= 4 ? network_bind_connect : 0;
	ruleset.scoped = abi >= 6 ? scoped_abstract_signal : 0;
	return ruleset;
}

static bool allow_below(int ruleset, const char *const *directories, uint64_t access, struct status *st)
{
	for (; *directories; directories++) {
		struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = open(*directories, O_PATH | O_DIRECTORY | O_CLOEXEC)};
		bool ok = rule.parent_fd >= 0 && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
		int error = errno;
		if (rule.parent_fd >= 0) {
			close(rule.parent_fd);
		}
		if (!ok) {
			return status_fail(st, STATUS_FAILED_PRECONDITION, "SANDBOX", "the sandbox cannot let %s in: %s", *directories, strerror(error));
		}
	}
	return true;
}

/* What the C library reads to look up a name. Those that are not there are not needed. One that is a link into a directory of its own, as a resolver's service
 * makes it, may be replaced there. */
static const char *const resolver_files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"};

/* struct landlock_net_port_attr, LANDLOCK_RULE_NET_PORT and LANDLOCK_ACCESS_NET_CONNECT_TCP: newer than some headers. */
struct port_rule {
	uint64_t allowed_access, port;
};
enum { RULE_NET_PORT = 2, NETWORK_CONNECT = 1 << 1, HTTPS_PORT = 443, DNS_PORT = 53 /* for answers that are too long for a datagram */ };

static bool allow_port(int ruleset, uint16_t port)
{
	const struct port_rule rule = {NETWORK_CONNECT, port};
	return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) == 0;
}

/* Lets it look up names and connect; kernels before ABI 4 do not bound where to. */
static bool allow_outgoing(int ruleset, uint16_t port, int abi, struct status *st)
{
	for (size_t i = 0; i < sizeof resolver_files / sizeof *resolver_files && !SANITIZED; i++) {
		char real[PATH_MAX], directory[PATH_MAX];
		if (!realpath(resolver_files[i], real)) {
			continue;
		}
		snprintf(directory, sizeof directory, "%s", real);
		bool own = strcmp(dirname(directory), "/etc") != 0;
		struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE, .parent_fd = open(own ? directory : real,
			O_PATH | O_CLOEXEC)};
		if (rule.parent_fd >= 0) {
			syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
			close(rule.parent_fd);
		}
	}
	return abi < 4 || (allow_port(ruleset, port) && allow_port(ruleset, HTTPS_PORT) && allow_port(ruleset, DNS_PORT)) ||
	       status_fail(st, STATUS_FAILED_PRECONDITION, "SANDBOX", "the sandbox cannot let port %u out: %s", port, strerror(errno));
}

static bool confine_files(const struct sandbox_options *options, struct sandbox_report *report, struct status *st)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1) {
		lacks(report, "landlock: %s", errno == EOPNOTSUPP ? "the kernel was started without it" : "the kernel has none");
		return true;
	}
	struct ruleset ruleset = handled((int)abi);
	uint64_t writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | files_truncate;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
	bool ok = fd >= 0 && allow_below(fd, options->writable, writing & ruleset.files, st) &&
	          (SANITIZED || allow_below(fd, options->readable, reading, st)) &&
	          (options->connect_port == 0 || allow_outgoing(fd, options->connect_port, (int)abi, st));
	if (ok) {
		ok = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	}
	if (ok) {
		report->landlock_abi = (int)abi;
	} else if (status_ok(st)) {
		lacks(report, "landlock: %s", strerror(errno));
		ok = true;
	}
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

/* ---- capabilities ---------------------------------------------------------------------------------------------------------------------------- */

/* Whoever starts kamd as root keeps root's files, and nothing else of root. */
static void drop_capabilities(struct sandbox_report *report)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {0}, none[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capget, &header, has) == 0 && memcmp(has, none, sizeof has) == 0) {
		return; /* a service manager may have dropped them, and forbidden to ask again */
	}
	if (syscall(SYS_capset, &header, none) != 0) {
		lacks(report, "capabilities: %s", strerror(errno));
	}
}

/* ---- seccomp --------------------------------------------------------------------------------------------------------------------------------- */

/* What kamd was seen to use after the start by all the tests, and what the libraries under it use where tests do not lead: a large block that grows, a write
 * that was cut short, a machine without vDSO. */
static const char *const allowed[] = {
	/* memory; mmap and mprotect are below */
	"brk", "madvise", "mremap", "munmap",
	/* files that are open, and openat, which Landlock bounds */
	"close", "fcntl", "fdatasync", "fstat", "fsync", "ftruncate", "lseek", "newfstatat", "openat", "pread64", "pwrite64", "pwritev", "read", "readv", "write", "writev",
	/* connections that come in, and datagrams to the service manager; nothing new goes out */
	"accept4", "getpeername", "getsockname", "sendto", "setsockopt", "shutdown",
	/* the event loops */
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "pipe2",
	/* threads and signals */
	"exit", "exit_group", "futex", "getegid", "geteuid", "getgid", "getpid", "gettid", "getuid", "restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield",
	"set_robust_list", "sigaltstack",
	/* time and chance */
	"clock_getres", "clock_gettime", "clock_nanosleep", "getrandom", "gettimeofday",
};

/* Where something goes out: the event loop's connecting, and what looking up a name takes. */
static const char *const allowed_outgoing[] = {"bind", "connect", "getsockopt", "poll", "ppoll", "recvfrom", "recvmsg", "sendmmsg", "sendmsg", "uname"};

/* What a correct kamd never calls, whatever library it runs with. */
static const char *const deadly[] = {
	/* other programs and processes */
	"execve", "execveat", "fork", "vfork", "kill", "pidfd_getfd", "pidfd_open", "pidfd_send_signal", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
	/* other users, roots and namespaces */
	"capset", "chroot", "pivot_root", "setfsgid", "setfsuid", "setgid", "setgroups", "setns", "setregid", "setresgid", "setresuid", "setreuid", "setuid", "unshare",
	/* the file system's shape */
	"fsconfig", "fsmount", "fsopen", "mknod", "mknodat", "mount", "mount_setattr", "move_mount", "name_to_handle_at", "open_by_handle_at", "open_tree", "umount2",
	/* the kernel */
	"add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kexec_file_load",
	"kexec_load", "keyctl", "modify_ldt", "perf_event_open", "personality", "reboot", "request_key", "swapoff", "swapon", "userfaultfd",
	/* everybody's clock */
	"adjtimex", "clock_adjtime", "clock_settime", "settimeofday",
};

static int add_names(scmp_filter_ctx filter, const char *const *names, size_t count, uint32_t action)
{
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		if (number != __NR_SCMP_ERROR) { /* newer than the library: it is refused like all others */
			result = seccomp_rule_add(filter, action, number, 0);
		}
	}
	return result;
}

/* Those whose arguments decide. clone3 keeps its flags in memory, where a filter cannot look: the C library then falls back to clone. */
static int add_arguments(scmp_filter_ctx filter)
{
	const uint64_t thread = CLONE_THREAD | CLONE_VM;
	int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	result = result ? result : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	result = result ? result : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
	result = result ? result : seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	result = result ? result : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0));
	/* abort(3) */
	return result ? result : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

/* Sockets of the internet, and of netlink, by which the C library learns which kinds of addresses the machine has. */
static int add_outgoing(scmp_filter_ctx filter)
{
	static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};
	int result = add_names(filter, allowed_outgoing, sizeof allowed_outgoing / sizeof *allowed_outgoing, SCMP_ACT_ALLOW);
	for (size_t i = 0; i < sizeof families / sizeof *families && result == 0; i++) {
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	}
	return result;
}

static void filter_calls(bool outgoing, struct sandbox_report *report)
{
	if (SANITIZED) {
		lacks(report, "seccomp: a build with sanitizers needs more calls");
		return;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int result = filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;
	result = result ? result : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* a thread of some library's would otherwise go free */
	result = result ? result : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: the cost is a few comparisons per call */
	result = result ? result : add_names(filter, allowed, sizeof allowed / sizeof *allowed, SCMP_ACT_ALLOW);
	result = result ? result : add_names(filter, deadly, sizeof deadly / sizeof *deadly, SCMP_ACT_KILL_PROCESS);
	result = result ? result : add_arguments(filter);
	result = result || !outgoing ? result : add_outgoing(filter);
	result = result ? result : seccomp_load(filter);
	if (result != 0) {
		lacks(report, "seccomp: %s", strerror(-result));
	}
	report->seccomp = result == 0;
	seccomp_release(filter);
}

bool sandbox_enter(const struct sandbox_options *options, struct sandbox_report *ret_report, struct status *st)
{
	*ret_report = (struct sandbox_report){0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		lacks(ret_report, "no_new_privs: %s", strerror(errno));
	}
	if (!confine_files(options, ret_report, st)) {
		return false;
	}
	drop_capabilities(ret_report);
	filter_calls(options->connect_port != 0, ret_report);
	return !options->required || !*ret_report->missing ||
	       status_fail(st, STATUS_FAILED_PRECONDITION, "SANDBOX", "the sandbox is required and not complete: %s", ret_report->missing);
}
