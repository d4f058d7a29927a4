/* SPDX-License-Identifier: Apache-2.0
 *
 * private.h - files of one user: where they lie (XDG Base Directory Specification 0.8) and how they are written (whole or not at all, mode 0600).
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

/* $`variable`/kam/`rest`, or $HOME/`fallback`/kam/`rest` where the variable is unset or not absolute. NULL and `st` without a home. */
const char *private_path(const char *variable, const char *fallback, const char *rest, struct arena *arena, struct status *st);
/* Makes the folders above `path` (mode 0700) and puts `text` there. */
bool private_write(const char *path, const char *text, struct arena *arena, struct status *st);
/* The content with a NUL behind it. NULL with `st` OK where there is no such file. */
const char *private_read(const char *path, struct arena *arena, struct status *st);
