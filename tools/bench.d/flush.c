/* SPDX-License-Identifier: Apache-2.0
 *
 * Loaded before libc (LD_PRELOAD), makes each fdatasync(2) as long as that of a slower disk: by KAM_BENCH_FLUSH_US microseconds.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int fd)
{
	static int (*real)(int);
	const char *longer = getenv("KAM_BENCH_FLUSH_US");
	if (!real) {
		real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	}
	if (!real || !longer) {
		abort();
	}
	int result = real(fd);
	usleep((useconds_t)strtoul(longer, NULL, 10));
	return result;
}
