/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox.h - kamd gives up what it does not need once it listens: privileges, files, system calls.
 *
 * What is given up is gone for the process and all threads started later, for good. So it is entered by the main thread after the store, the certificates
 * and the listening socket are open, and before any other thread is started: Landlock and capabilities hold for the calling thread and those it starts.
 *
 * Landlock  files: only below the given directories. Where the kernel knows it also: no TCP bind and connect but to the given port, no abstract sockets, no
 * signals to others. Looking up names needs the resolver's few files in /etc, which are then readable.
 * seccomp   system calls: what kamd was seen to use, and no more. What no correct kamd ever calls (execve, fork, ptrace, mount, …) kills the process, loudly,
 *           for then somebody else is running in it. Everything else answers ENOSYS, as an older kernel would: a C library that tries something new then does
 *           what it did before, and an update of it does not bring kamd down.
 *
 * Builds with sanitizers have no seccomp filter, and may read and run any file, for a sanitizer reads /proc and starts a symbolizer.
 *
 * Source: Linux Documentation/userspace-api/{landlock,seccomp_filter,no_new_privs}.rst; seccomp_rule_add(3).
 */
#pragma once

#include "common/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct sandbox_options {
	bool required;                /* FAILED_PRECONDITION where the kernel lacks Landlock or seccomp; otherwise that is only reported */
	const char *const *writable;  /* directories whose files may be read and changed, but no new ones made; ended by NULL */
	const char *const *readable;  /* directories whose files may be read; ended by NULL. A directory, for a file's successor counts as well */
	uint16_t connect_port;        /* TCP connections to this port and to 443 may be made, and names looked up; 0: nothing goes out */
};

struct sandbox_report {
	int landlock_abi; /* 0: the kernel has none */
	bool seccomp;
	char missing[160]; /* what is not on, and why; "" where all is */
};

/* No core dump of this process, and no ptrace by others of the same user: its memory holds keys, tokens and passwords. */
void sandbox_forbid_dumps(void);
bool sandbox_enter(const struct sandbox_options *options, struct sandbox_report *ret_report, struct status *st);
