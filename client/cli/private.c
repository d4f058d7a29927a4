/* SPDX-License-Identifier: Apache-2.0
 *
 * Written beside the target and renamed over it: a reader sees the old file or the new one.
 */
#include "client/cli/private.h"

#include "common/base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *private_path(const char *variable, const char *fallback, const char *rest, struct arena *arena, struct status *st)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	if (base && base[0] == '/') {
		return arena_printf(arena, "%s/kam/%s", base, rest);
	}
	if (!home || home[0] != '/') {
		status_fail(st, STATUS_FAILED_PRECONDITION, "", "neither %s nor HOME is set: kam does not know where its files are", variable);
		return NULL;
	}
	return arena_printf(arena, "%s/%s/kam/%s", home, fallback, rest);
}

static bool make_folders(const char *path, struct arena *arena, struct status *st)
{
	char *folder = arena_strdup(arena, path);
	for (char *slash = folder ? strchr(folder + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
			return status_fail(st, STATUS_FAILED_PRECONDITION, "", "cannot make the folder %s: %s", folder, strerror(errno));
		}
		*slash = '/';
	}
	return true;
}

static bool write_all(int file, const char *text)
{
	size_t size = strlen(text);
	while (size > 0) {
		ssize_t wrote = write(file, text, size);
		if (wrote < 0 && errno != EINTR) {
			return false;
		}
		text += wrote > 0 ? wrote : 0;
		size -= wrote > 0 ? (size_t)wrote : 0;
	}
	return fsync(file) == 0;
}

bool private_write(const char *path, const char *text, struct arena *arena, struct status *st)
{
	const char *beside = arena_printf(arena, "%s.new.%ld", path, (long)getpid());
	if (!beside || !make_folders(path, arena, st)) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	}
	unlink(beside);
	int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool wrote = file >= 0 && write_all(file, text);
	int error = errno;
	if (file >= 0 && close(file) != 0 && wrote) {
		error = errno;
		wrote = false;
	}
	if (wrote && rename(beside, path) != 0) {
		error = errno;
		wrote = false;
	}
	if (!wrote) {
		unlink(beside);
		return status_fail(st, STATUS_FAILED_PRECONDITION, "", "cannot write %s: %s", path, strerror(error));
	}
	return true;
}

const char *private_read(const char *path, struct arena *arena, struct status *st)
{
	FILE *file = fopen(path, "re");
	if (!file) {
		if (errno != ENOENT) {
			status_fail(st, STATUS_FAILED_PRECONDITION, "", "cannot read %s: %s", path, strerror(errno));
		}
		return NULL;
	}
	char *text = NULL;
	struct stat info;
	if (fstat(fileno(file), &info) == 0 && info.st_size > (off_t)LIMIT_CONFIG_BYTES) {
		status_fail(st, STATUS_FAILED_PRECONDITION, "", "%s is larger than %u bytes: it is not a file of kam's", path, LIMIT_CONFIG_BYTES);
	} else if ((text = arena_alloc(arena, LIMIT_CONFIG_BYTES / 16 + (size_t)info.st_size + 1)) == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "out of memory");
	} else {
		size_t got = fread(text, 1, LIMIT_CONFIG_BYTES / 16 + (size_t)info.st_size, file);
		text[got] = '\0';
		if (ferror(file)) {
			status_fail(st, STATUS_FAILED_PRECONDITION, "", "cannot read %s: %s", path, strerror(errno));
			text = NULL;
		}
	}
	fclose(file);
	return text;
}
