/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h - what kamd and the service manager that started it tell each other; all of it does nothing where there is none.
 *
 * The protocol is a datagram of lines to a socket and three variables, so it is written out here: libsystemd would bring its own dependencies (and those
 * of other systems, which speak the same protocol, are none).
 * Threads: main. Source: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).
 */
#pragma once

#include "common/base/status.h"

#include <stdint.h>

/* Opens the way to the manager, for good: a sandbox may forbid it later. -1 where there is none, and where it cannot be reached, which is logged. */
int service_open(void);
/* Tells it something: "READY=1", …. `service` -1: nobody. */
void service_tell(int service, const char *text);
/* How often at least it wants to hear WATCHDOG=1, in microseconds; 0: never. */
int64_t service_watchdog_us(void);
/* The listening socket that the manager opened for kamd: its descriptor in `ret_socket`, or -1 where there is none. Fails where it is more than one, or
 * something else. */
bool service_socket(int *ret_socket, struct status *st);
