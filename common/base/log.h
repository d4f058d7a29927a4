/* SPDX-License-Identifier: Apache-2.0
 *
 * log.h - one structured line per event, to stderr.
 *
 * A line is `time=… level=info event=… key=value …` (logfmt): values with blanks or quotes are quoted, control characters escaped, so
 * that what a client sends cannot forge a line. Levels below the set one cost a compare. Threads: any; a line is one write(2).
 * Library folders (common/) log nothing above debug: who calls them knows what it means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
/* "debug", "info", "warn", "error". */
bool log_level_of_name(const char *name, enum log_level *ret_level);

/* `event` is a fixed word (call, start, commit_failed); then pairs: key, format, value… ended by NULL; each format is one of "%s" "%d" "%u"
 * "%lld" "%llu" "%zu" "%.3f". Example: log_event(LOG_INFO, "listen", "address", "%s", address, "port", "%d", port, NULL). */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
