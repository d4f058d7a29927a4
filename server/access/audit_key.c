/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/access/audit_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { SEED_BYTES = crypto_sign_SEEDBYTES, TEXT_BYTES = 2 * SEED_BYTES + 1 };

static bool key_path(const char *directory, char path[PATH_MAX], struct status *st)
{
	return snprintf(path, PATH_MAX, "%s/audit.key", directory) < PATH_MAX ||
	       status_fail(st, STATUS_INVALID_ARGUMENT, "DATA_DIRECTORY", "--data is too long");
}

bool audit_key_make(const char *directory, struct status *st)
{
	char path[PATH_MAX], text[TEXT_BYTES];
	uint8_t seed[SEED_BYTES];
	if (!key_path(directory, path, st)) {
		return false;
	}
	randombytes_buf(seed, sizeof seed);
	sodium_bin2hex(text, sizeof text, seed, sizeof seed);
	text[sizeof text - 1] = '\n';
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && write(fd, text, sizeof text) == (ssize_t)sizeof text && fsync(fd) == 0;
	if (!ok) {
		status_fail(st, STATUS_FAILED_PRECONDITION, "AUDIT_KEY", "%.300s: %s", path, strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(text, sizeof text);
	return ok;
}

bool audit_key_read(const char *directory, uint8_t ret_secret_key[STORE_SECRET_KEY_BYTES], struct status *st)
{
	char path[PATH_MAX], text[TEXT_BYTES] = "";
	uint8_t seed[SEED_BYTES], public_key[STORE_KEY_BYTES];
	size_t size = 0;
	if (!key_path(directory, path, st)) {
		return false;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return status_fail(st, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_FAILED_PRECONDITION, "AUDIT_KEY",
		                   "%.300s: %s; kamd init makes it, and a backup of the directory has it", path, strerror(errno));
	}
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	bool ok = got == (ssize_t)sizeof text - 1 && sodium_hex2bin(seed, sizeof seed, text, sizeof text - 1, NULL, &size, NULL) == 0 && size == sizeof seed;
	if (ok) {
		crypto_sign_seed_keypair(public_key, ret_secret_key, seed);
	} else {
		status_fail(st, STATUS_FAILED_PRECONDITION, "AUDIT_KEY", "%.300s is not a key that kamd init made", path);
	}
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(text, sizeof text);
	return ok;
}
