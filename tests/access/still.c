/* SPDX-License-Identifier: Apache-2.0
 *
 * Loaded before kamd's libraries (LD_PRELOAD): the wall clock stands still at KAM_STILL_US, and libsodium's random bytes are a counted sequence from KAM_STILL_SEED. Two kamds that do
 * the same then say the same, byte for byte, uids and times included. The monotonic clock and TLS are as ever.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t still_us;
static uint64_t state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void read_settings(void)
{
	const char *us = getenv("KAM_STILL_US"), *seed = getenv("KAM_STILL_SEED");
	still_us = us ? strtoll(us, NULL, 10) : 0;
	state = seed ? strtoull(seed, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	if ((id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && still_us) {
		now->tv_sec = still_us / 1000000;
		now->tv_nsec = still_us % 1000000 * 1000;
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, id, now);
}

time_t time(time_t *ret_now)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (ret_now) {
		*ret_now = now.tv_sec;
	}
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec fine;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &fine);
	*now = (struct timeval){fine.tv_sec, fine.tv_nsec / 1000};
	return 0;
}

/* libsodium's: splitmix64, which is random enough for names. */
void randombytes_buf(void *buffer, size_t size);
void randombytes_buf(void *buffer, size_t size)
{
	uint8_t *bytes = buffer;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < size; i++) {
		state += 0x9E3779B97F4A7C15u;
		uint64_t z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9u;
		z = (z ^ z >> 27) * 0x94D049BB133111EBu;
		bytes[i] = (uint8_t)(z ^ z >> 31);
	}
	pthread_mutex_unlock(&lock);
}
