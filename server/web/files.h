/* SPDX-License-Identifier: Apache-2.0
 *
 * files.h - the web page's files, read once from a directory and served from memory.
 *
 * Owns:    web_open gives what web_free frees; both may be called with nothing to serve.
 * Threads: a struct web never changes after web_open: any thread may answer from it.
 * Errors:  a directory that cannot be read, or holds more than LIMIT_WEB_BYTES, fails the start of the server.
 * Source:  RFC 9110 (conditional requests, content codings).
 */
#pragma once

#include "common/base/status.h"
#include "common/rpc/rpc.h"

struct web;

/* Reads every file below `directory` but those whose name starts with a dot. */
struct web *web_open(const char *directory, struct status *st);
void web_free(struct web *web);
/* Answers a plain request; `web` NULL: there is no page, 404. A path ending in '/' is its index.html. */
void web_answer(const struct web *web, struct rpc_call *call, const char *method, const char *path);
